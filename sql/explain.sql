-- cia_explain: what each feature adds to a row's margin.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   date '2020-01-01' + v % 900 AS since, timestamp '2020-01-01' + v % 900 * interval '1 hour' AS seen,
	   timestamptz '2020-01-01 00:00Z' + u % 900 * interval '1 hour' AS seen_tz, u % 3 = 0 AS vip,
	   ARRAY[u % 7, v % 5 / 10.0]::float4[] AS taste, (u % 100 / 10.0)::float4 AS rate, u % 60 + v % 30 > 40 AS churned,
	   10 + (v % 300) / 5.0 - u % 60 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
UPDATE customer SET age = NULL, vip = NULL, taste = NULL, seen = NULL WHERE id % 13 = 0;
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend}');
SELECT model FROM cia_train('spend', 'customer', 'spend', 'linear', id => '{id}', exclude => '{churned}');

-- The value of each feature in its own words; a missing one is NULL.
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT id, feature, value FROM customer c, cia_explain('churn', c) WHERE id IN (5, 13) ORDER BY id, feature;
SELECT count(*) = 0 AS none FROM customer c, cia_explain('churn', c)
WHERE feature = 'age' AND value IS DISTINCT FROM age::text;

-- One row per feature, the bias in front, then by falling size.
SELECT bool_and(n = 1 OR feature <> 'bias') AND bool_or(n = 1 AND feature = 'bias') AS bias_first,
	   bool_and(n <= 2 OR abs(contribution) <= last) AS falling, count(*) / 400 AS rows
FROM (SELECT e.*, lag(abs(contribution)) OVER (PARTITION BY id ORDER BY n) AS last
	  FROM customer c, cia_explain('churn', c) WITH ORDINALITY e(feature, value, contribution, n)) s;

-- The contributions add up to the value of a regression, to the log odds of a classification.
SELECT max(abs(total - cia_score('spend', c))) < 1e-9 AS value
FROM customer c, LATERAL (SELECT sum(contribution) AS total FROM cia_explain('spend', c)) s;
SELECT max(abs(total - ln(p / (1 - p)))) < 1e-6 AS log_odds
FROM (SELECT cia_score('churn', c) AS p, (SELECT sum(contribution) FROM cia_explain('churn', c)) AS total
	  FROM customer c) s WHERE p BETWEEN 1e-6 AND 1 - 1e-6;

-- The bias is the margin of the average row, the same for all.
SELECT count(DISTINCT contribution) AS biases, bool_and(value IS NULL) AS no_value
FROM customer c, cia_explain('spend', c) WHERE feature = 'bias';
-- Four forms, the same rows.
SELECT count(*) AS differences FROM (
	(SELECT id, e.* FROM customer c, cia_explain('churn', c) e
	 EXCEPT SELECT id, e.* FROM customer c, cia_explain('churn', to_jsonb(c)) e)
	UNION ALL
	(SELECT id, e.* FROM customer c, cia_explain('churn', c) e
	 EXCEPT SELECT id, e.* FROM customer c, cia_versions v, cia_explain(v.content, c) e WHERE v.model = 'churn')
	UNION ALL
	(SELECT id, e.* FROM customer c, cia_explain('churn', c) e
	 EXCEPT SELECT id, e.* FROM customer c, cia_versions v, cia_explain(v.content, to_jsonb(c)) e WHERE v.model = 'churn')) d;

-- In the target list, with NULLs, and what is wrong.
SELECT (cia_explain('churn', c)).feature FROM customer c WHERE id = 1 ORDER BY 1 LIMIT 2;
SELECT count(*) FROM cia_explain(NULL::text, '{}'::jsonb);
SELECT count(*) FROM cia_explain('churn', NULL::customer);
SELECT * FROM cia_explain('nobody', '{}'::jsonb);
SELECT * FROM cia_explain('churn', '{}'::jsonb);

SELECT cia_drop_model('churn'), cia_drop_model('spend');
DROP TABLE customer;
