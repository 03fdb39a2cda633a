-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run: tables for segments_rows.csv and segments_scikit_learn.csv (segments.py).
CREATE TABLE segments_rows (set text, "row" int, x float8[]);
CREATE TABLE segments_scikit_learn (set text, scale text, k text, name text, value text);
