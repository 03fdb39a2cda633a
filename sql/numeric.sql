-- numeric is read as numeric::float8 reads it, to the last bit.

-- identity: a linear model with coefficient 1 and intercept 0 answers what it has read.
CREATE FUNCTION identity() RETURNS cia_model LANGUAGE sql IMMUTABLE AS
$$SELECT '{"format": 1, "algorithm": "linear", "task": "regression", "target": {"name": "y", "mean": 0, "sd": 1}, "rows": 1,
  "features": [{"name": "x", "type": "numeric", "kind": "number", "missing": 0, "mean": 0, "sd": 1, "min": 0, "max": 1}],
  "options": {}, "learned": {"intercept": [0], "coefficients": [1]}, "training": {}}'::cia_model$$;
CREATE FUNCTION differs(x numeric) RETURNS boolean LANGUAGE sql AS
$$SELECT float8send(cia_score(identity(), r)) <> float8send(x::float8) FROM (SELECT x) r$$;

-- Values with a story: ties and their neighbours, powers of ten and two, ends of ranges, zeros.
CREATE TABLE special (x numeric);
INSERT INTO special VALUES (0), ('-0'), ('0.000'), (1), (-1), (0.1), (0.10), (-0.3), (12.50), (1234.5678), (9007199254740992), (9007199254740993), (9007199254740995),
	(9007199254740993.0000000001), (-9007199254740993), (900719925474099.3), (90071992547409.93), (0.9007199254740993), (18446744073709551615), (18446744073709551616),
	(9223372036854775807), (9223372036854776832), (9223372036854776833), (99999999999999999999), (0.1234567890123456789), (0.12345678901234567891), (1e19), (1e20), (1e22), (1e23), (1e25),
	(1e-19), (1e-20), (1e-22), (1e-23), (1e300), (1e308), (1.7976931348623157e308), (4.9e-324), (5e-324), (2.2250738585072011e-308), (2.2250738585072014e-308), (1e-307),
	(4503599627370496.5), (4503599627370497.5), (4503599627370496.50000000000000000001), (8.5), (0.30000000000000004), (0.299999999999999988), (1.00000000000000011102230246251565404),
	(1.00000000000000011102230246251565405), (1.00000000000000011102230246251565403), ('NaN');
INSERT INTO special SELECT 2::numeric ^ n FROM generate_series(-60, 120) n;
INSERT INTO special SELECT 10::numeric ^ n - 1 FROM generate_series(1, 40) n;
INSERT INTO special SELECT (2::numeric ^ 53 + n) / 10::numeric ^ k FROM generate_series(-3, 9, 2) n, generate_series(0, 19) k;
SELECT count(*) AS values, count(*) FILTER (WHERE differs(x) AND x <> 'NaN') AS different, count(*) FILTER (WHERE differs(-x) AND x <> 'NaN') AS negative_different FROM special;

-- Many values of many shapes: d digits, the point in, before or behind them.
SELECT d, count(*) AS values, count(*) FILTER (WHERE float8send(cia_score(identity(), r)) <> float8send(x::float8)) AS different
FROM (SELECT d, (substr(i::text || (i::bigint * 2654435761)::text || (i::bigint * i * 40503 % 1000000007)::text || '7071067811865475244', 1, d)::numeric
		* 10::numeric ^ (i % (d + 6) - d - 3))::numeric AS x
	  FROM generate_series(1, 24) d, generate_series(1001, 4000) i) r
GROUP BY d ORDER BY d;

-- Money: two digits behind the point, every cent of a range.
SELECT count(*) AS values, count(*) FILTER (WHERE float8send(cia_score(identity(), r)) <> float8send(x::float8)) AS different
FROM (SELECT n / 100.0::numeric(12, 2) AS x FROM generate_series(-20000, 40000) n) r;

-- Stored forms: short and long header, packed and aligned, compressed, out of line, with a wide display scale.
CREATE TABLE stored (pad text, x numeric, tail text);
ALTER TABLE stored ALTER x SET STORAGE main;
INSERT INTO stored SELECT repeat('p', n % 8), (n * 12345.678)::numeric(40, 30), 'tail' FROM generate_series(1, 50) n;
INSERT INTO stored SELECT 'p', (repeat('123456789', 200))::numeric / 10::numeric ^ 1700, 'tail';
ALTER TABLE stored ALTER x SET STORAGE external;
INSERT INTO stored SELECT 'p', ('-7.' || repeat('123456789', 1800))::numeric, 'tail';
SELECT pg_relation_size(reltoastrelid) > 0 AS out_of_line FROM pg_class WHERE relname = 'stored';
SELECT count(*) AS values, count(*) FILTER (WHERE float8send(cia_score(identity(), s)) <> float8send(x::float8)) AS different FROM stored s;

-- Beyond double's range it is an infinity, which is refused; below it is zero.
SELECT cia_score(identity(), r) FROM (SELECT 1e309 AS x) r;
\echo :SQLSTATE
SELECT cia_score(identity(), r) FROM (SELECT -1e309 AS x) r;
SELECT cia_score(identity(), r) FROM (SELECT numeric '-Infinity' AS x) r;
SELECT cia_score(identity(), r) = 0 AS zero FROM (SELECT 1e-400 AS x) r;
SELECT cia_score(identity(), r) = 0 AS mean FROM (SELECT numeric 'NaN' AS x) r;

DROP TABLE special, stored;
DROP FUNCTION identity CASCADE;
DROP FUNCTION differs;
