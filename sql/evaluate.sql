-- cia_evaluate: metrics with intervals, on the holdout or on all rows.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, v % 30 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   CASE WHEN i % 20 > 0 THEN u % 60 + v % 30 + (i * 17 % 40) > 65 END AS churned,
	   10 + 2 * (v % 30) - u % 60 + i * 17 % 40 AS spend, 1 + i % 3 AS w
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 800) i) s;
SELECT rows_used, rows_skipped, round(value::numeric, 2) AS auc
FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend,w}', options => '{"promote": "always"}');
SELECT round(value::numeric, 2) AS r2 FROM cia_train('spend', 'customer', 'spend', id => '{id}', exclude => '{churned,w}');

-- On its own training source a model is judged by the rows it has not seen, and says so.
CREATE TABLE held AS SELECT * FROM cia_evaluate('churn', 'customer');
SELECT metric, value IS NOT NULL AS known, low <= value AND value <= high AS inside FROM held;
SELECT bool_and(h.value = (v.metrics->>h.metric)::float8) AS as_in_training, count(*)
FROM held h, cia_versions v WHERE v.model = 'churn';
SELECT metric, value IS NOT NULL AS known, low <= value AND value <= high AS inside
FROM cia_evaluate('spend', 'customer');

-- White space around the source does not matter; another source is judged whole; options say which.
SET client_min_messages = warning;
SELECT source, options, value AS rows
FROM (VALUES ('customer', '{}'::jsonb), (E' customer\n', '{}'), ('customer', '{"rows": "auto"}'), ('customer', '{"rows": "holdout"}'),
			 ('customer', '{"rows": "all"}'), ('SELECT * FROM customer', '{}'), ('SELECT * FROM customer', '{"rows": "holdout"}')) s(source, options),
	 cia_evaluate('churn', source, options)
WHERE metric = 'rows';
RESET client_min_messages;

-- The numbers are what SQL finds from the scores.
CREATE TABLE judged AS
SELECT churned, cia_score('churn', c) AS p, spend, cia_score('spend', c) AS estimate FROM customer c;
SELECT abs(e.value - s.value) < 1e-9 AS same, metric
FROM cia_evaluate('churn', 'SELECT * FROM customer') e JOIN (
	SELECT 'auc' AS metric, (SELECT avg((a.p > b.p)::int + (a.p = b.p)::int / 2.0) FROM judged a, judged b
		WHERE a.churned AND NOT b.churned) AS value
	UNION ALL SELECT 'gini', (SELECT 2 * avg((a.p > b.p)::int + (a.p = b.p)::int / 2.0) - 1 FROM judged a, judged b
		WHERE a.churned AND NOT b.churned)
	UNION ALL SELECT 'ks', (SELECT max(abs(hit - miss)) FROM (
		SELECT sum(churned::int) OVER w / sum(churned::int) OVER ()::float8 AS hit,
			   sum((NOT churned)::int) OVER w / sum((NOT churned)::int) OVER ()::float8 AS miss
		FROM judged WHERE churned IS NOT NULL WINDOW w AS (ORDER BY p)) s)
	UNION ALL SELECT 'log_loss', (SELECT avg(-ln(CASE WHEN churned THEN p ELSE 1 - p END)) FROM judged WHERE churned IS NOT NULL)
	UNION ALL SELECT 'brier', (SELECT avg((churned::int - p) ^ 2) FROM judged)
	UNION ALL SELECT 'accuracy', (SELECT avg((churned = (p >= 0.5))::int) FROM judged)
	UNION ALL SELECT 'precision', (SELECT avg(churned::int) FROM judged WHERE p >= 0.5)
	UNION ALL SELECT 'recall', (SELECT avg((p >= 0.5)::int) FROM judged WHERE churned)
	UNION ALL SELECT 'f1', (SELECT 2.0 * count(*) FILTER (WHERE churned AND p >= 0.5) / (count(*) FILTER (WHERE churned) + count(*) FILTER (WHERE p >= 0.5))
		FROM judged WHERE churned IS NOT NULL)
	UNION ALL SELECT 'positive_rate', (SELECT avg(churned::int) FROM judged)
	UNION ALL SELECT 'rows', (SELECT count(churned) FROM judged)) s USING (metric)
ORDER BY metric;
SELECT abs(e.value - s.value) < 1e-9 AS same, metric
FROM cia_evaluate('spend', 'SELECT * FROM customer') e JOIN (
	SELECT 'rmse' AS metric, (SELECT sqrt(avg((spend - estimate) ^ 2)) FROM judged) AS value
	UNION ALL SELECT 'mae', (SELECT avg(abs(spend - estimate)) FROM judged)
	UNION ALL SELECT 'r2', (SELECT 1 - sum((spend - estimate) ^ 2) / (var_pop(spend) * count(*)) FROM judged)
	UNION ALL SELECT 'rows', (SELECT count(*) FROM judged)) s USING (metric)
ORDER BY metric;

-- A weight that the model was trained with counts here too: two is the row twice.
SELECT model FROM cia_train('weighted', 'customer', 'churned', id => '{id}', exclude => '{spend}', weight => 'w');
SELECT bool_and(abs(a.value - b.value) < 1e-9) AS same
FROM cia_evaluate('weighted', 'SELECT * FROM customer WHERE w <= 2') a
JOIN cia_evaluate('weighted', 'SELECT id, age, visits, region, churned, 1 AS w FROM customer, generate_series(1, w) WHERE w <= 2') b USING (metric)
WHERE metric NOT IN ('rows');

-- A fixed version; a source of one class, of no rows, of few rows.
SELECT version FROM cia_train('churn', 'customer', 'churned', id => '{id}', features => '{age}');
SELECT a.value > b.value AS first_is_better
FROM cia_evaluate('churn@1', 'SELECT * FROM customer') a JOIN cia_evaluate('churn', 'SELECT * FROM customer') b USING (metric)
WHERE metric = 'auc';
SELECT metric, value IS NULL AS unknown FROM cia_evaluate('churn', 'SELECT * FROM customer WHERE churned');
SELECT * FROM cia_evaluate('churn', 'SELECT * FROM customer WHERE false');
SELECT * FROM cia_evaluate('spend', 'SELECT * FROM customer WHERE churned IS NULL AND id < 0');
SELECT metric, value IS NULL AS unknown FROM cia_evaluate('churn', 'SELECT * FROM customer WHERE id = 1');
SELECT metric, value IS NULL AS unknown FROM cia_evaluate('spend', 'SELECT * FROM customer WHERE id = 1');

-- Columns may come in another order and in another numeric type.
SELECT bool_and(a.value = b.value) AS same
FROM cia_evaluate('spend', 'SELECT * FROM customer') a
JOIN cia_evaluate('spend', 'SELECT spend::numeric, region::varchar, visits::float8, age::int8, id FROM customer') b USING (metric);

-- What is wrong is said.
SELECT * FROM cia_evaluate('nobody', 'customer');
SELECT * FROM cia_evaluate('churn', 'customer', '{"rows": "some"}');
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', 'customer', '{"rows": 3}');
SELECT * FROM cia_evaluate('churn', 'customer', '{"row": "all"}');
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', 'customer', '[]');
SELECT * FROM cia_evaluate('churn@1', 'SELECT churned FROM customer');
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', 'SELECT age FROM customer');
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', 'SELECT age::text, churned FROM customer');
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', 'SELECT age::interval(0)[], churned FROM customer');
SELECT * FROM cia_evaluate('churn', $$SELECT age, 'maybe' AS churned FROM customer$$);
\echo :SQLSTATE
SELECT * FROM cia_evaluate('churn', $$SELECT 'inf'::float8 AS age, churned FROM customer$$);
\echo :SQLSTATE
SELECT * FROM cia_evaluate('spend', $$SELECT age, visits, region, spend::text FROM customer$$);
SELECT metric FROM cia_evaluate('weighted', 'SELECT age, visits, region, churned FROM customer') WHERE metric = 'rows';
SELECT * FROM cia_evaluate('weighted', 'SELECT age, visits, region, churned, -w AS w FROM customer');
SELECT * FROM cia_evaluate('churn', 'SELECT * FROM customer; SELECT 1');
SELECT * FROM cia_evaluate('churn', 'no_such_table');
SELECT * FROM cia_evaluate('churn', 'SELECT 1 / (id - 7) AS age, churned FROM customer');
SELECT count(*) FROM cia_evaluate(NULL, 'customer');
SELECT count(*) FROM cia_evaluate('churn', NULL);

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE customer, held, judged;
