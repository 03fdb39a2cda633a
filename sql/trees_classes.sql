-- Trees for more than two classes: training, all that uses a model, and every error.
\set VERBOSITY default
\pset null '<null>'
SET client_min_messages = warning;
CREATE TABLE visitor AS
SELECT i AS id, 18 + u % 60 AS age, v % 300 / 10.0 AS spend, CASE WHEN i % 11 > 0 THEN (ARRAY['north', 'south', 'east'])[1 + i % 3] END AS region,
	   CASE WHEN i % 20 > 0 THEN CASE WHEN u % 60 + i * 31 % 37 > 70 THEN 'bränch'
			WHEN v % 300 + i * 53 % 151 > 260 THEN 'web' WHEN i * 17 % 41 + i % 3 * 20 > 50 THEN 'phone' ELSE 'app' END END AS channel
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 2000) i) s;

SELECT algorithm, task, summary FROM cia_algorithms WHERE algorithm ~ 'tree|forest' AND task ~ 'multi';
SELECT meaning FROM cia_options('boosted_trees') WHERE option IN ('objective', 'class_weight');

-- The rows say how many classes there are; rows without a target are skipped.
SELECT algorithm, rows_used, rows_skipped, features, metric, value > 0.6 AS good, notes
FROM cia_train('channel', 'visitor', 'channel', 'boosted_trees', id => '{id}');
SELECT content::jsonb->'task' AS task, content::jsonb #> '{target,classes}' AS classes, content::jsonb #> '{target,positive}' AS positive,
	   content::jsonb #> '{training,iterations}' AS rounds, jsonb_array_length(content::jsonb #> '{learned,tree_nodes}') AS trees,
	   jsonb_array_length(content::jsonb #> '{learned,base}') AS bases
FROM cia_versions WHERE model = 'channel';
-- Named, for two classes or for integers; positive without it tells one class from all others.
SELECT notes FROM cia_train('two', 'SELECT id, age, spend, channel = ''web'' AS web FROM visitor', 'web', 'boosted_trees', id => '{id}',
						   options => '{"objective": "softmax", "trees": 5}');
SELECT notes FROM cia_train('number', 'SELECT id, age, spend, length(channel) AS letters FROM visitor', 'letters', 'boosted_trees', id => '{id}',
						   options => '{"objective": "softmax", "trees": 5, "class_weight": "balanced"}');
SELECT metric, notes FROM cia_train('web', 'visitor', 'channel', 'boosted_trees', id => '{id}', options => '{"promote": "always", "positive": "web", "trees": 5}');
SELECT metric, notes FROM cia_train('web', 'visitor', 'channel', 'boosted_trees', id => '{id}', options => '{"objective": "softmax", "positive": "web", "trees": 5}');

-- Scores, probabilities and classes belong together; every form of the row says the same.
SELECT count(*), bool_and(cia_score('channel', v) = (cia_probabilities('channel', v)->>cia_class('channel', v))::float8) AS of_the_class FROM visitor v;
SELECT bool_and(cia_score('web', v) = (cia_probabilities('web', v)->>'web')::float8) AS of_web FROM visitor v;
SELECT bool_and(abs(total - 1) < 1e-12) AS add_up, min(labels) AS labels
FROM (SELECT sum(value::float8) AS total, string_agg(key, ', ' ORDER BY key COLLATE "C") AS labels
	  FROM visitor v, jsonb_each_text(cia_probabilities('channel', v)) GROUP BY id) s;
CREATE TABLE copy AS SELECT content::jsonb::text::cia_model AS content FROM cia_versions WHERE model = 'channel';
SELECT bool_and(cia_class(content, v) = cia_class('channel', v) AND cia_class(content, to_jsonb(v)) = cia_class('channel', v)
	   AND cia_probabilities(content, to_jsonb(v)) = cia_probabilities('channel', v)) AS same
FROM visitor v, copy WHERE id % 20 = 3;
SELECT cia_probabilities('channel', '{"age": 30, "spend": 1, "region": "mars"}'::jsonb)
	 = cia_probabilities('channel', '{"age": 30, "spend": 1, "region": null}'::jsonb) AS unknown_is_missing,
	   cia_class('channel', '{"age": null, "spend": null, "region": null}'::jsonb) IS NOT NULL AS of_nothing;

-- Contributions: log p of the class, less the mean of all.
SELECT bool_and(abs(ln((p->>class)::float8) - mean - total) < 1e-9) AS margin
FROM (SELECT cia_probabilities('channel', v) AS p, cia_class('channel', v) AS class,
			 (SELECT avg(ln(value::float8)) FROM jsonb_each_text(cia_probabilities('channel', v))) AS mean,
			 (SELECT sum(contribution) FROM cia_explain('channel', v)) AS total FROM visitor v WHERE id % 20 = 3) s;
SELECT feature FROM cia_explain('channel', (SELECT v FROM visitor v WHERE id = 7)) ORDER BY feature;
SELECT cia_reasons('web', v, 1) FROM visitor v WHERE spend > 29 AND age < 25 ORDER BY id LIMIT 1;

-- Judged by all that judges; in a table; by group.
SELECT metric, value IS NOT NULL AS known, low <= value AND value <= high AS within FROM cia_evaluate('channel', 'visitor', '{"rows": "all"}');
SELECT rows, inserted FROM cia_score_into('channel', 'visitor', 'scored', '{id}');
SELECT bool_and(class = cia_class('channel', v) AND score = cia_score('channel', v)) AS same FROM scored JOIN visitor v USING (id);
SELECT metric, value IS NOT NULL AS known, notes FROM cia_train('grouped', 'visitor', 'channel', 'boosted_trees', id => '{id}', options => '{"by": "region", "trees": 5}');
SELECT bool_and(cia_score('grouped', v) BETWEEN 0.25 AND 1) FROM visitor v;

-- The same rows in another order, with another number of threads, in workers or not: the same model.
SET cia.threads = 1;
CREATE TABLE one AS SELECT cia_fit(v, channel, 'boosted_trees', '{"id": ["id"], "exclude": ["channel"], "trees": 5, "row_share": 0.5}' ORDER BY id)::text AS model FROM visitor v;
SET cia.threads = 3;
SELECT cia_fit(v, channel, 'boosted_trees', '{"id": ["id"], "exclude": ["channel"], "trees": 5, "row_share": 0.5}' ORDER BY -id)::text = (SELECT model FROM one) AS same FROM visitor v;
RESET cia.threads;
-- Early stopping.
SELECT value > 0.65 AS good FROM cia_train('early', 'visitor', 'channel', 'boosted_trees', id => '{id}', options => '{"early_stopping": 5, "trees": 3000, "learning_rate": 0.3}');
SELECT (content::jsonb->'training'->>'iterations')::int < 200 AS stopped FROM cia_versions WHERE model = 'early';

-- Forests and single trees: one tree serves all classes, and contributions add up to the probability.
SELECT algorithm, metric, value > 0.55 AS good FROM cia_train('forest', 'visitor', 'channel', 'random_forest', id => '{id}');
SELECT algorithm, metric, value > 0.55 AS good, notes FROM cia_train('tree', 'visitor', 'channel', 'decision_tree', id => '{id}', options => '{"promote": "always"}');
SELECT algorithm, metric, value > 0.55 AS good FROM cia_train('letters', 'SELECT id, age, spend, length(channel) AS letters FROM visitor', 'letters', 'decision_tree', id => '{id}', options => '{"objective": "classification"}');
SELECT m, bool_and(abs(total - 1) < 1e-12) AS add_up
FROM (SELECT m, sum(value::float8) AS total FROM visitor v, unnest('{forest,tree}'::text[]) m, jsonb_each_text(cia_probabilities(m, v)) GROUP BY m, id) s GROUP BY m ORDER BY m;
SELECT m, bool_and(abs((cia_probabilities(m, v)->>cia_class(m, v))::float8 - total) < 1e-9) AS adds_up
FROM visitor v, unnest('{forest,letters}'::text[]) m, LATERAL (SELECT sum(contribution) AS total FROM cia_explain(m, v)) e WHERE id % 100 = 3 GROUP BY m ORDER BY m;
SELECT jsonb_object_keys(content::jsonb->'learned') AS learned FROM cia_versions WHERE model = 'tree' ORDER BY 1;
SELECT version FROM cia_train('tree', 'visitor', 'channel', 'decision_tree', id => '{id}', options => '{"leaves": 4}');
SELECT cia_tree('tree');
SET cia.threads = 1;
SELECT cia_fit(v, channel, 'random_forest', '{"id": ["id"], "exclude": ["channel"], "trees": 5}' ORDER BY id)::text
	 = cia_fit(v, channel, 'random_forest', '{"id": ["id"], "exclude": ["channel"], "trees": 5}' ORDER BY -id)::text AS same FROM visitor v;
RESET cia.threads;

-- Errors.
SELECT cia_train('bad', 'visitor', 'channel', 'boosted_trees', options => '{"objective": "logistic"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'visitor', 'channel', 'boosted_trees', options => '{"monotone": {"age": 1}}');
\echo :SQLSTATE
SELECT cia_train('bad', 'visitor', 'channel', 'boosted_trees', options => '{"objective": "softmax", "positive": "pigeon"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'SELECT *, ''c'' || id AS code FROM visitor', 'code', 'boosted_trees');
\echo :SQLSTATE
SELECT (jsonb_set(content::jsonb, '{learned,base}', '[1, 2]'))::text::cia_model FROM cia_versions WHERE model = 'channel';
SELECT (jsonb_set(content::jsonb, '{learned,base}', '[1]'))::text::cia_model FROM cia_versions WHERE model = 'channel';

SELECT (jsonb_set(content::jsonb, '{learned,class_share,0}', '-1'))::text::cia_model FROM cia_versions WHERE model = 'tree';
SELECT (content::jsonb #- '{learned,class_share}')::text::cia_model FROM cia_versions WHERE model = 'tree';

DROP TABLE visitor, one, scored, copy;
SELECT count(cia_drop_model(model)) FROM cia_models;
