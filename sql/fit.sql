-- cia_fit: training as an aggregate, with GROUP BY, FILTER and parallel plans.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, v % 30 AS visits, (ARRAY['north', 'south', 'east'])[1 + i % 3] AS region,
	   CASE WHEN i % 10 > 0 THEN u % 60 + 2 * (v % 30) > 55 END AS churned,
	   10 + 2 * (v % 30) - (u % 60) AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 900) i) s;

-- Row, target, algorithm, options: the answer is a model.
CREATE TABLE fitted AS SELECT cia_fit(c, churned, 'logistic', '{}') AS model FROM customer c;
SELECT pg_typeof(model), model::jsonb->>'algorithm' AS algorithm, model::jsonb->'target' AS target,
	   jsonb_path_query_array(model::jsonb, '$.features.name') AS features, model::jsonb->'rows' AS rows,
	   model::jsonb #> '{training,rows}' AS used, model::jsonb #> '{training,skipped}' AS skipped
FROM fitted;
SELECT count(*), bool_and(cia_score(model, c) BETWEEN 0 AND 1) FROM fitted, customer c;

-- All options in force, defaults included.
SELECT model::jsonb->'options' AS options FROM fitted;

-- auto follows the target's type.
SELECT cia_fit(c, churned, 'auto', '{}')::jsonb->>'algorithm' AS bool,
	   cia_fit(c, churned::text, 'auto', '{}')::jsonb->>'algorithm' AS text,
	   cia_fit(c, spend, 'auto', '{}')::jsonb->>'algorithm' AS int,
	   cia_fit(c, spend::numeric, 'auto', '{}')::jsonb->>'algorithm' AS numeric
FROM customer c;

-- What a model has learned is what cia_train learns from the same columns.
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}');
SELECT cia_fit(c, churned, 'logistic', '{"id": ["id"], "exclude": ["churned"]}')::jsonb->'learned'
	   = (SELECT content::jsonb->'learned' FROM cia_versions WHERE model = 'churn') AS same
FROM customer c;

-- A column of the row that repeats the target is left out, under any name and as text too.
SELECT jsonb_path_query_array(cia_fit(r, churned, 'logistic', '{}')::jsonb, '$.features.name') AS features
FROM (SELECT visits, churned, churned AS again, churned::text AS as_text, 1 - churned::int AS flipped
	  FROM customer) r;

-- Names of columns among the options.
SELECT o, jsonb_path_query_array(model::jsonb, '$.features.name') AS features
FROM (SELECT o, cia_fit(c, churned, 'logistic', o) AS model
	  FROM customer c, (VALUES ('{"features": ["visits", "age"]}'::jsonb), ('{"exclude": ["region", "churned"]}'),
		('{"id": ["id", "region"]}'), ('{"weight": "visits"}'), ('{"id": [], "exclude": []}')) x(o)
	  GROUP BY o) m
ORDER BY o::text;

-- One model per group, with a filter.
SELECT region, model::jsonb #> '{training,rows}' AS rows
FROM (SELECT region, cia_fit(c, churned, 'logistic', '{"exclude": ["region"]}') FILTER (WHERE id > 300) AS model
	  FROM customer c GROUP BY region) m
ORDER BY region;
SELECT region, model::jsonb #> '{training,rows}' AS rows
FROM (SELECT region, cia_fit(c, spend, 'linear', '{"features": ["age", "visits"]}') AS model
	  FROM customer c GROUP BY ROLLUP (region)) m
ORDER BY region;

-- A group's model is that of its rows alone, whatever the plan; groups that give no model answer NULL.
CREATE TABLE grouped AS SELECT region, id % 7 AS seventh, cia_fit(c, churned, 'logistic', '{}') AS model FROM customer c GROUP BY GROUPING SETS ((region), (region, id % 7), ());
SELECT count(*), bool_and(cia_model_send(g.model) = cia_model_send(a.model)) AS same
FROM grouped g, LATERAL (SELECT cia_fit(c, churned, 'logistic', '{}') AS model FROM customer c
	WHERE (g.region IS NULL OR c.region = g.region) AND (g.seventh IS NULL OR c.id % 7 = g.seventh)) a;
SET enable_hashagg = off;
SELECT bool_and(cia_model_send(g.model) = cia_model_send(s.model)) AS same
FROM grouped g JOIN (SELECT region, cia_fit(c, churned, 'logistic', '{}') AS model FROM customer c GROUP BY region) s USING (region) WHERE g.seventh IS NULL;
SELECT g, model IS NULL AS nothing
FROM (SELECT g, cia_fit(c, CASE g WHEN 1 THEN true WHEN 2 THEN NULL ELSE c.churned END, 'logistic', CASE g WHEN 4 THEN '{"holdout": 0.9, "features": ["age"]}' WHEN 5 THEN '{"positive": "true"}' ELSE '{}' END::jsonb)
			 FILTER (WHERE (g <> 3 OR c.id = 1) AND (g <> 4 OR c.id IN (1, 2)) AND (g <> 5 OR NOT c.churned)) AS model
	  FROM (SELECT generate_series(0, 5) AS g) s, LATERAL (SELECT * FROM customer) c GROUP BY g) m ORDER BY g;
RESET enable_hashagg;
SELECT cia_fit(c, spend, 'linear', '{"features": ["age", "visits", "region"], "holdout": 0}') IS NULL AS nothing FROM customer c WHERE id < 4;
SELECT cia_fit(c, spend, 'linear', '{"holdout": 0}') FROM (SELECT age, visits, age + visits AS both, spend FROM customer) c;
-- An aggregate that is scanned again answers again.
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_sort = off;
SELECT count(*), count(DISTINCT fingerprint) AS models
FROM (VALUES (1), (2), (3)) x(n) LEFT JOIN (SELECT region, sha256(cia_model_send(cia_fit(c, churned, 'logistic', '{}'))) AS fingerprint FROM customer c GROUP BY region) m ON m.region <> n::text;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_sort;
-- Models that change from row to row.
SELECT count(*), bool_and(cia_score(g.model, c) = cia_score(a.model, c)) AS same FROM customer c JOIN grouped g ON g.region = c.region AND g.seventh = c.id % 7
JOIN (SELECT region, id % 7 AS seventh, cia_fit(c, churned, 'logistic', '{}') AS model FROM customer c GROUP BY 1, 2) a ON a.region = c.region AND a.seventh = g.seventh;
SET cia.cache_size = 0;
SELECT count(*), round(sum(cia_score(g.model, c))::numeric, 6) = (SELECT round(sum(cia_score(g.model, c))::numeric, 6) FROM customer c JOIN grouped g ON g.region = c.region AND g.seventh IS NULL) AS same
FROM customer c JOIN grouped g ON g.region = c.region AND g.seventh IS NULL;
RESET cia.cache_size;
-- Groups that are read side by side share the limit of memory.
SET cia.max_memory = '1MB';
SELECT count(cia_fit) FROM (SELECT cia_fit(c, churned, 'logistic', '{}') FROM customer c GROUP BY id % 100) m;
\echo :SQLSTATE
SET enable_hashagg = off;
SELECT count(cia_fit) FROM (SELECT cia_fit(c, churned, 'logistic', '{}') FROM customer c GROUP BY id % 20) m;
RESET enable_hashagg;
RESET cia.max_memory;
DROP TABLE grouped;

-- The order of the rows changes nothing.
SELECT count(DISTINCT cia_model_send(model)) AS models
FROM (SELECT cia_fit(c, churned, 'logistic', '{}' ORDER BY visits, id DESC) AS model FROM customer c
	  UNION ALL SELECT cia_fit(c, churned, 'logistic', '{}') FROM (SELECT * FROM customer ORDER BY age) c
	  UNION ALL SELECT model FROM fitted) m;

-- No rows and NULL rows.
SELECT cia_fit(c, churned, 'logistic', '{}') IS NULL AS no_model FROM customer c WHERE false;
SELECT cia_fit(CASE WHEN id > 300 THEN c END, churned, 'logistic', '{}')::jsonb #> '{training,rows}' AS rows FROM customer c;

-- The plan is parallel.
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT cia_fit(c, churned, 'logistic', '{}') FROM customer c;
SELECT cia_model_send(cia_fit(c, churned, 'logistic', '{}'))
	   = (SELECT cia_model_send(model) FROM fitted) AS same FROM customer c;
COMMIT;

-- What is wrong is said.
SELECT cia_fit(c, NULL, 'logistic', '{}') FROM customer c;
\echo :SQLSTATE
SELECT cia_fit(c, churned, NULL, '{}') FROM customer c;
\echo :SQLSTATE
SELECT cia_fit(c, churned, 'logistic', NULL)::text = cia_fit(c, churned, 'logistic', '{}')::text AS no_options FROM customer c;
SELECT cia_fit(c, churned, 'forest', '{}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"holdot": 0.1}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '[]') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"id": "id"}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"exclude": [1]}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"features": ["none"]}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"weight": "none"}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{"weight": 1}') FROM customer c;
SELECT cia_fit(c, region, 'logistic', '{}') FROM customer c;
SELECT cia_fit(c, region, 'linear', '{}') FROM customer c;
SELECT cia_fit(c, age::float8 / 0, 'linear', '{}') FROM customer c;
SELECT cia_fit(c, 'infinity'::float8, 'linear', '{}') FROM customer c;
SELECT cia_fit(c, false, 'logistic', '{}') FROM customer c;
SELECT cia_fit(c, NULL::bool, 'logistic', '{}') FROM customer c;
SELECT cia_fit(c, interval '1 day', 'linear', '{}') FROM customer c;
SELECT cia_fit(c, churned, 'logistic', '{}') OVER () FROM customer c;
-- Minor versions of PostgreSQL word it differently.
DO $$BEGIN PERFORM cia_fit_final(NULL); EXCEPTION WHEN others THEN RAISE NOTICE 'refused'; END$$;

SELECT cia_drop_model('churn');
DROP TABLE customer, fitted;

-- A worker that sees NULL rows alone has no state to send; arrays must be of one length in all workers.
CREATE TABLE halves AS SELECT i, i % 2 = 0 AS y, CASE WHEN i <= 20000 THEN ARRAY[i % 7, i % 5] ELSE ARRAY[i % 7, i % 5, i % 3] END::float8[] AS v FROM generate_series(1, 40000) i;
ANALYZE halves;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT cia_fit(CASE WHEN i > 100000 THEN h END, y, 'logistic', '{}') IS NULL AS nothing FROM halves h;
\set VERBOSITY terse
SELECT cia_fit(h, y, 'logistic', '{}') FROM halves h;
\set VERBOSITY default
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE halves;
