-- SPDX-License-Identifier: PostgreSQL
-- Tables of judging_rows.csv and of what was found for them: see judging.py, judging.R and fairness.py.
CREATE TABLE judging_rows (rows text, z_a float8, z_b float8, y int, w float8, value float8);
CREATE TABLE judging_scikit_learn (rows text, of text, name text, a float8, b float8, c float8);
CREATE TABLE judging_r (rows text, of text, name text, a float8, b float8, c float8, d float8);
CREATE TABLE judging_fairness (rows text, threshold float8, name text, group_name text, value float8);
