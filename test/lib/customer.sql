-- A table of :rows customers, from a formula.
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS cia;
CREATE EXTENSION IF NOT EXISTS amcheck;
CREATE TABLE customer AS
SELECT i AS id, u % 1009 / 7.0::float8 AS a, (u % 997)::numeric(10, 2) / 100 AS b, CASE WHEN v % 7 > 0 THEN v % 1013 END AS c,
	   (ARRAY['Köln', 'Malmö', 'it''s "x" \', NULL])[1 + v % 4] AS town, date '2020-01-01' + (v % 800)::int AS since,
	   u % 1009 + v % 1013 > 1000 AS y, (u % 1009) * 1e-3 - v % 1013 AS amount
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, :rows) i) s;
ALTER TABLE customer ADD PRIMARY KEY (id);
ANALYZE customer;
