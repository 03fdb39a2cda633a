-- :rows rows of 20 columns of all kinds; what they say does not matter, only what it costs to train on them.
SET client_min_messages = error;
CREATE EXTENSION cia;
CREATE UNLOGGED TABLE big AS
SELECT i AS id, u % 10007 AS n1, v % 1013 / 7.0::float8 AS n2, (u % 99991)::numeric(12, 2) / 100 AS n3, u % 997 * 1e-3::float4 AS n4, CASE WHEN v % 19 > 0 THEN v % 10009 END AS n5,
	   u * 7 % 1019 AS n6, v * 5 % 1021 AS n7, (u + v) % 1031 AS n8, (u * 3 + v) % 1033 AS n9, v % 3 = 0 AS vip, date '2020-01-01' + (u % 900)::int AS since,
	   timestamp '2020-01-01' + v % 9973 * interval '1 minute' AS seen, (ARRAY['north', 'south', 'east', 'west', NULL])[1 + v % 5] AS region, 'town ' || v % 199 AS town,
	   'street ' || u % 20011 AS street, (u % 9991)::numeric AS n10, v % 9973 / 3.0::float8 AS n11, ARRAY[u % 11, v % 13, u % 17]::float8[] AS taste,
	   u % 10007 + 20 * (v % 199) + 300 * (v % 3) > 7000 AS y, u % 10007 * 0.5 - v % 1019 AS amount
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, :rows) i) s;
-- few rows, many columns
CREATE UNLOGGED TABLE wide AS
SELECT i AS id, ARRAY(SELECT (i::bigint * n * n + i * i) % 101 FROM generate_series(1, :width) n)::float4[] AS v, i * i % 7 > 2 AS y, i * i % 1009 AS amount FROM generate_series(1, :narrow) i;
-- numbers of which some are missing in every row
CREATE UNLOGGED TABLE gaps AS
SELECT ARRAY(SELECT CASE WHEN (i * n) % 23 > 0 THEN (i::bigint * n * n + i * i) % 101 END FROM generate_series(1, 200) n)::float8[] AS v FROM generate_series(1, :narrow / 6) i;
-- rows that are all alike
CREATE UNLOGGED TABLE alike AS SELECT i % 2 AS a, 'one' AS b, i % 2 + i % 3 > 1 AS y FROM generate_series(1, :rows) i;
-- as many labels as may be
CREATE UNLOGGED TABLE labels AS SELECT i AS id, md5((i % (:rows / 2))::text) AS label, i % 97 AS n, i * 7 % 11 > 4 AS y FROM generate_series(1, :rows) i;
ALTER TABLE big SET (parallel_workers = 2);
ANALYZE;
