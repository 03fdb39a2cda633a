-- More than two classes: training, all that uses a model, and every error.
\set VERBOSITY default
\pset null '<null>'
SET client_min_messages = warning;
CREATE TABLE visitor AS
SELECT i AS id, 18 + u % 60 AS age, v % 300 / 10.0 AS spend, CASE WHEN i % 11 > 0 THEN (ARRAY['north', 'south', 'east'])[1 + i % 3] END AS region,
	   CASE WHEN i % 20 > 0 THEN CASE WHEN u % 60 + i * 31 % 97 > 110 THEN 'branch'
			WHEN v % 300 + i * 53 % 151 > 260 THEN 'web' WHEN i * 17 % 101 + i % 3 * 20 > 90 THEN 'phone' ELSE 'app' END END AS channel
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 2000) i) s;
CREATE TYPE level AS ENUM ('low', 'high', 'middle');

-- auto takes it where a target of labels has more than two; rows without a target are skipped.
SELECT algorithm, rows_used, rows_skipped, features, metric, value BETWEEN 0.4 AND 0.9 AS fair, notes
FROM cia_train('channel', 'visitor', 'channel', id => '{id}');
SELECT algorithm, task, metric FROM cia_models WHERE model = 'channel';
SELECT content::jsonb->'task' AS task, content::jsonb #> '{target,classes}' AS classes, content::jsonb #> '{target,positive}' AS positive,
	   content::jsonb #> '{training,converged}' AS converged, options
FROM cia_versions WHERE model = 'channel';
-- The parts: every class, the first with zeros and without errors.
SELECT key, jsonb_array_length(part.value) AS numbers FROM cia_versions, jsonb_each(content::jsonb->'learned') part
WHERE model = 'channel' AND jsonb_array_length(part.value) > 1 ORDER BY key;
SELECT content::jsonb #> '{learned,coefficients}' @> '[0]' AND (content::jsonb #>> '{learned,intercept,0}')::float8 = 0 AS reference
FROM cia_versions WHERE model = 'channel';
-- An algorithm that has two classes says what to do; positive leaves auto at two.
SELECT 1 FROM cia_train('e', 'visitor', 'channel', 'logistic');
\echo :SQLSTATE
SELECT algorithm, metric, notes FROM cia_train('web', 'visitor', 'channel', id => '{id}', options => '{"positive": "web"}');
-- Integers are classes when asked for, and so are enums, whatever their order; two will do.
SELECT algorithm, notes FROM cia_train('products', 'SELECT *, 1 + (age > 30)::int + (spend > 15)::int AS products FROM visitor', 'products', 'multinomial', exclude => '{channel}', id => '{id}');
SELECT content::jsonb #> '{target,classes}' AS classes FROM cia_versions WHERE model = 'products';
SELECT algorithm, notes FROM cia_train('level', $$SELECT id, age, spend, (CASE WHEN age + id % 9 > 60 THEN 'high' WHEN age < 30 + id % 7 THEN 'low' ELSE 'middle' END)::level AS level FROM visitor$$, 'level', id => '{id}');
SELECT content::jsonb #> '{target,classes}' AS classes FROM cia_versions WHERE model = 'level';
SELECT algorithm, notes FROM cia_train('two', 'SELECT id, age, spend, channel = ''web'' AS web FROM visitor', 'web', 'multinomial', id => '{id}');

-- Scores: the probability of the class predicted.
SELECT count(*), bool_and(cia_score('channel', v) = (cia_probabilities('channel', v)->>cia_class('channel', v))::float8) AS of_the_class,
	   bool_and(cia_score('channel', v) >= 0.25) AS likeliest
FROM visitor v;
SELECT bool_and(abs(total - 1) < 1e-12) AS add_up, min(labels) AS labels
FROM (SELECT sum(value::float8) AS total, string_agg(key, ', ' ORDER BY key) AS labels
	  FROM visitor v, jsonb_each_text(cia_probabilities('channel', v)) GROUP BY id) s;
-- Every form of the row, by name and by value, and the planner's form, say the same.
SELECT bool_and(cia_class(content, v) = cia_class('channel', v) AND cia_class(content, to_jsonb(v)) = cia_class('channel', v)
	   AND cia_probabilities(content, to_jsonb(v)) = cia_probabilities('channel', v) AND cia_score('channel', to_jsonb(v)) = cia_score('channel', v)) AS same
FROM visitor v, cia_versions WHERE model = 'channel';
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_class('channel', v), cia_probabilities('channel', v) FROM visitor v;
SET cia.see_through = off;
CREATE TABLE slow AS SELECT id, cia_class('channel', v) AS class, cia_probabilities('channel', v) AS p, cia_score('channel', v) AS score FROM visitor v;
RESET cia.see_through;
SELECT count(*) FROM visitor v JOIN slow USING (id)
WHERE class <> cia_class('channel', v) OR p <> cia_probabilities('channel', v) OR score <> cia_score('channel', v);
-- What is missing or was never seen is no error.
SELECT cia_class('channel', '{"age": null, "spend": null, "region": null}'::jsonb) IN ('app', 'branch', 'phone', 'web') AS of_nothing,
	   cia_probabilities('channel', '{"age": 30, "spend": 1, "region": "mars"}'::jsonb)
	   = cia_probabilities('channel', '{"age": 30, "spend": 1, "region": null}'::jsonb) AS unknown_is_missing;

-- With positive the score is the probability of that class; the class stays the likeliest.
SELECT algorithm, notes FROM cia_train('phone', 'visitor', 'channel', 'multinomial', id => '{id}', options => '{"positive": "phone"}');
SELECT bool_and(cia_score('phone', v) = (cia_probabilities('phone', v)->>'phone')::float8) AS of_phone,
	   count(DISTINCT cia_class('phone', v)) > 1 AS of_all, bool_and(cia_probabilities('phone', v) = cia_probabilities('channel', v)) AS same_model
FROM visitor v;
-- Reasons: that class, or the one predicted, against the mean of all; they add up.
SELECT bool_and(abs(sum - (ln(p) - mean)) < 1e-9) AS adds_up
FROM (SELECT (SELECT sum(contribution) FROM cia_explain('phone', v)) AS sum, cia_score('phone', v) AS p,
			 (SELECT avg(ln(value::float8)) FROM jsonb_each_text(cia_probabilities('phone', v))) AS mean FROM visitor v LIMIT 50) s;
SELECT bool_and(abs(sum - (ln(p) - mean)) < 1e-9) AS adds_up
FROM (SELECT (SELECT sum(contribution) FROM cia_explain('channel', v)) AS sum, cia_score('channel', v) AS p,
			 (SELECT avg(ln(value::float8)) FROM jsonb_each_text(cia_probabilities('channel', v))) AS mean FROM visitor v LIMIT 50) s;

-- Judged: on its own source the holdout, with the numbers of the training.
SET client_min_messages = notice;
SELECT metric, value > 0 AS has_value, low < value AND value < high AS within FROM cia_evaluate('channel', 'visitor');
SET client_min_messages = warning;
SELECT bool_and(abs(e.value - (v.metrics->>e.metric)::float8) < 1e-12) AS same
FROM cia_versions v, cia_evaluate('channel', 'visitor') e WHERE v.model = 'channel';
-- By hand, over all rows.
SELECT bool_and(abs(e.value - h.value) < 1e-9) AS same, count(*)
FROM cia_evaluate('channel', 'visitor', '{"rows": "all"}') e JOIN (
	WITH p AS (SELECT channel, cia_class('channel', v) AS class, (cia_probabilities('channel', v)->>channel)::float8 AS likelihood FROM visitor v WHERE channel IS NOT NULL),
		 c AS (SELECT k, count(*) FILTER (WHERE channel = k AND class = k) AS hits, count(*) FILTER (WHERE channel = k) AS actual,
			   count(*) FILTER (WHERE class = k) AS predicted FROM p, (SELECT DISTINCT channel AS k FROM p) s GROUP BY k)
	SELECT 'accuracy' AS metric, avg((channel = class)::int)::float8 AS value FROM p
	UNION ALL SELECT 'log_loss', avg(-ln(likelihood)) FROM p
	UNION ALL SELECT 'balanced_accuracy', avg(hits / actual::float8) FROM c
	UNION ALL SELECT 'macro_f1', avg(2 * hits / (actual + predicted)::float8) FROM c) h USING (metric);
-- A class that training did not have is a miss; if there is no other, the source is wrong.
SELECT metric, round(value::numeric, 6) AS value FROM cia_evaluate('channel', $$SELECT age, spend, region, 'fax' AS channel FROM visitor WHERE id <= 5
	UNION ALL SELECT age, spend, region, cia_class('channel', v) FROM visitor v WHERE id BETWEEN 6 AND 20$$) WHERE metric IN ('rows', 'accuracy');
SELECT * FROM cia_evaluate('channel', $$SELECT age, spend, region, 'fax' AS channel FROM visitor$$);
\echo :SQLSTATE
-- So it is in a holdout: the one row of a class falls on either side.
SELECT count(*) FROM generate_series(1, 12) i,
	cia_train('late' || i, format('SELECT id, age, spend, CASE id WHEN %s THEN ''rare'' ELSE channel END AS channel FROM visitor', i), 'channel', id => '{id}');
SELECT jsonb_array_length(content::jsonb #> '{target,classes}') AS classes, count(*), bool_and(value BETWEEN 0.4 AND 0.9) AS judged
FROM cia_versions WHERE model LIKE 'late%' GROUP BY 1 ORDER BY 1;

-- Scores in a table, with the class.
SELECT rows, inserted, updated FROM cia_score_into('channel', 'visitor', 'visitor_channel', '{id}');
SELECT rows, inserted, updated FROM cia_score_into('channel', 'SELECT * FROM visitor WHERE id < 100', 'visitor_channel', '{id}');
SELECT count(*), bool_and(class = cia_class('channel', v) AND score = cia_score('channel', v)) AS same FROM visitor_channel JOIN visitor v USING (id);

-- cia_fit, alone, by group, and on parallel workers.
SELECT cia_fit(v, channel, 'auto', '{"id": ["id"], "exclude": ["channel"]}')::jsonb->'learned'
	   = (SELECT content::jsonb->'learned' FROM cia_versions WHERE model = 'channel') AS same FROM visitor v;
SELECT region, model::jsonb->>'algorithm' AS algorithm, jsonb_array_length(model::jsonb #> '{target,classes}') AS classes
FROM (SELECT region, cia_fit(v, channel, 'auto', '{"id": ["id"], "exclude": ["channel", "region"]}') AS model FROM visitor v GROUP BY region) s ORDER BY region;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT cia_fit(v, channel, 'multinomial', '{"id": ["id"], "exclude": ["channel"]}')::jsonb->'learned'
	   = (SELECT content::jsonb->'learned' FROM cia_versions WHERE model = 'channel') AS same FROM visitor v;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

-- A model as text, and back; damaged ones are refused.
SELECT content::text::cia_model::text = content::text AS same FROM cia_versions WHERE model = 'phone' AND version = 1;
CREATE FUNCTION refused(path text[], part jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM jsonb_set(content::jsonb, path, part)::cia_model FROM cia_versions WHERE model = 'phone';
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
SELECT refused('{target,classes}', '["app", "branch", "phone"]') AS fewer, refused('{target,classes}', '["app", "branch", "phone", "web", "x"]') AS more,
	   refused('{target,classes}', '["branch", "app", "phone", "web"]') AS unsorted, refused('{target,classes}', '["app", "app", "phone", "web"]') AS twice,
	   refused('{target,positive}', '"fax"') AS positive, refused('{target,positive}', '7') AS number, refused('{target,positive}', '"web"') AS another,
	   refused('{learned,intercept}', '[0, 1, 2]') AS intercept, refused('{learned,coefficients}', '[0]') AS coefficients, refused('{task}', '"binary"') AS task;

-- Without a penalty: maximum likelihood, and what stands in its way has a name.
SET client_min_messages = warning;
SELECT 1 FROM cia_train('e', 'SELECT *, age + 2 * spend AS sum FROM visitor', 'channel', 'multinomial', id => '{id}', options => '{"promote": "always", "l2": 0}');
\echo :SQLSTATE
SELECT notes FROM cia_train('e', $$SELECT id, age, spend, CASE WHEN age < 30 THEN 'young' WHEN id % 3 = 0 THEN 'a' ELSE 'b' END AS of FROM visitor$$, 'of', 'multinomial', id => '{id}', options => '{"promote": "always", "l2": 0, "holdout": 0}');
SELECT notes FROM cia_train('e', 'visitor', 'channel', 'multinomial', id => '{id}', options => '{"l2": 0, "max_iterations": 1}');
-- Targets that do not do.
SELECT 1 FROM cia_train('e', 'visitor', 'spend', 'multinomial');
\echo :SQLSTATE
SELECT 1 FROM cia_train('e', $$SELECT age, 'one' AS y FROM visitor$$, 'y', 'multinomial');
\echo :SQLSTATE
SELECT 1 FROM cia_train('e', 'SELECT age, id::text AS y FROM visitor', 'y', 'multinomial');
\echo :SQLSTATE
SELECT 1 FROM cia_train('e', 'visitor', 'channel', 'multinomial', options => '{"positive": "fax"}');
\echo :SQLSTATE
SELECT 1 FROM cia_train('e', 'visitor', 'channel', 'multinomial', options => '{"robust": true}');
\echo :SQLSTATE
-- Many classes: the Hessian would be too large, so there are no errors, but there is a model.
SELECT value > 0.01 AS better_than_chance FROM cia_train('many', 'SELECT id, age, spend, region, (age / 2 * 20 + id % 20)::text AS y FROM visitor', 'y', id => '{id}');
SELECT jsonb_array_length(content::jsonb #> '{target,classes}') AS classes,
	   NOT jsonb_path_exists(content::jsonb, '$.learned.standard_errors[*] ? (@ != null)') AS no_errors, content::jsonb #> '{training,converged}' AS converged
FROM cia_versions WHERE model = 'many';
-- A column that tells the classes apart, and one that repeats them.
SELECT notes[array_upper(notes, 1)] FROM cia_train('e', $$SELECT *, age / 20 * 1000 + id % 7 AS told, (age / 20)::text || 'x' AS words, (ARRAY['a', 'b', 'c', 'd'])[1 + age / 20] AS y FROM visitor$$, 'y', features => '{told,words,spend}', id => '{id}');
SELECT jsonb_path_query_array(cia_fit(s, y, 'multinomial', '{}')::jsonb, '$.features.name') AS features
FROM (SELECT spend, y, y || '!' AS again, ascii(y) AS code FROM (SELECT spend, (ARRAY['a', 'b', 'c', 'd'])[1 + age / 20] AS y FROM visitor) v) s;
SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE visitor, visitor_channel, slow;
DROP TYPE level;
DROP FUNCTION refused;
