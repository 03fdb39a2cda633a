-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run: tables for segments_rows.csv, segments_scikit_learn.csv and segments_scipy.csv (segments.py).
CREATE TABLE segments_rows (set text, "row" int, x float8[]);
CREATE TABLE segments_scikit_learn (set text, scale text, k text, name text, value text);
CREATE TABLE segments_scipy (set text, scale text, linkage text, heights float8[], rows int[]);
