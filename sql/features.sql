-- cia_features: what a model was trained on, in the order of its features.
SET cia.progress = off;
CREATE TABLE customer AS
SELECT i AS id, CASE WHEN i % 4 > 0 THEN 20 + u % 40 END AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + u % 4] AS region,
	   date '2020-01-01' + v % 900 AS since, ARRAY[u % 7, v % 5]::float8[] AS "taste of x", u % 2 = 0 AS active,
	   (ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[1 + floor(sqrt(v % 49))::int] AS day, u % 60 + v % 30 > 40 AS churned
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', options => '{"promote": "always", "holdout": 0, "max_categories": 4}');

-- Positions count from 1; arrays give one feature per element; the pool of rare labels is the last one.
SELECT position, feature, type, kind, labels FROM cia_features('churn');

-- The profile is that of the training rows.
SELECT f.feature, round(missing::numeric, 6) AS missing, abs(mean - s.avg) < 1e-9 * abs(s.avg) AS mean, abs(f.sd - s.sd) < 1e-9 * s.sd AS sd, minimum = s.min AS minimum, maximum = s.max AS maximum
FROM cia_features('churn') f LEFT JOIN (
	SELECT feature, avg(x), stddev_pop(x) AS sd, min(x), max(x)
	FROM customer, LATERAL (VALUES ('age', age::float8), ('visits', visits::float8), ('since', extract(epoch FROM since - timestamp '2000-01-01')::float8),
		('taste of x[1]', "taste of x"[1]), ('taste of x[2]', "taste of x"[2]), ('active', active::int::float8)) v(feature, x)
	GROUP BY feature) s USING (feature) ORDER BY position;
SELECT feature, missing = (SELECT avg((region IS NULL)::int) FROM customer)::float8 AS share, mean, sd, minimum, maximum FROM cia_features('churn') WHERE feature = 'region';

-- By name, by version and by value it is the same.
SELECT version FROM cia_train('churn', 'customer', 'churned', features => '{age}');
SELECT count(*) AS plain, (SELECT count(*) FROM cia_features('churn@1')) AS first FROM cia_features('churn');
SELECT count(*) FROM (SELECT f.* FROM cia_versions v, cia_features(content) f WHERE model = 'churn' AND version = 1 EXCEPT SELECT * FROM cia_features('churn@1')) d;
-- a category's label is at its place
SELECT bool_and(labels[array_position(labels, region)] = region) AS found, count(*) FROM customer, cia_features('churn@1') WHERE feature = 'region' AND region IS NOT NULL;

SELECT count(*) FROM cia_features(NULL::text);
SELECT * FROM cia_features('nobody');
\echo :SQLSTATE
CREATE ROLE regress_cia_other;
SET ROLE regress_cia_other;
-- Terse: the hint names the superuser.
\set VERBOSITY terse
SELECT * FROM cia_features('churn');
\set VERBOSITY default
\echo :SQLSTATE
RESET ROLE;
DROP ROLE regress_cia_other;
SELECT cia_drop_model('churn');
DROP TABLE customer;
