-- boosted_trees, random_forest and decision_tree.
CREATE TABLE client AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 11 > 0 THEN round(exp((v % 97) / 12.0), 2) END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'other', NULL])[1 + w % 5] AS home, (v % 41)::float8 AS months,
	   date '2020-01-01' + (u % 700)::int AS opened,
	   w % 97 < 2 + (u % 60) / 3 + CASE WHEN v % 97 > 60 AND u % 60 > 30 THEN 40 ELSE 0 END
	   + CASE w % 5 WHEN 0 THEN 15 WHEN 1 THEN -5 ELSE 0 END AS churned,
	   exp((u % 60) / 30.0) + CASE WHEN v % 97 > 60 THEN 3 ELSE 0 END + (w % 7) / 7.0 AS spend, w % 4 AS calls
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 4000) i) s;

-- What there is.
SELECT algorithm, task, summary FROM cia_algorithms WHERE algorithm ~ 'tree|forest';
SELECT option, type, default_value, minimum, maximum, meaning FROM cia_options('boosted_trees');
SELECT option, type, default_value, minimum, maximum, meaning FROM cia_options('random_forest');
SELECT option, type, default_value, minimum, maximum, meaning FROM cia_options('decision_tree');

-- Classes or values: the target's type decides, or the objective.
SELECT algorithm, metric, value > 0.7 AS good, notes
FROM cia_train('churn', 'client', 'churned', 'boosted_trees', id => '{id}', exclude => '{spend,calls}');
SELECT algorithm, metric, value > 0.8 AS good, notes
FROM cia_train('spend', 'client', 'spend', 'boosted_trees', id => '{id}', exclude => '{churned,calls}');
SELECT algorithm, metric, value > 0.7 AS good, notes
FROM cia_train('flag', 'SELECT id, age, debt, home, months, opened, churned::int AS flag FROM client', 'flag', 'boosted_trees',
			   id => '{id}', options => '{"objective": "logistic", "trees": 50}');
SELECT algorithm, metric, value > 0.7 AS good FROM cia_train('forest', 'client', 'churned', 'random_forest', id => '{id}', exclude => '{spend,calls}');
SELECT algorithm, metric, value > 0.8 AS good FROM cia_train('wood', 'client', 'spend', 'random_forest', id => '{id}', exclude => '{churned,calls}');
SELECT algorithm, metric, value > 0.7 AS good FROM cia_train('tree', 'client', 'churned', 'decision_tree', id => '{id}', exclude => '{spend,calls}');
SELECT algorithm, metric, value > 0.7 AS good FROM cia_train('stem', 'client', 'spend', 'decision_tree', id => '{id}', exclude => '{churned,calls}');
SELECT algorithm, metric, value IS NOT NULL AS judged
FROM cia_train('calls', 'client', 'calls', 'boosted_trees', id => '{id}', exclude => '{churned,spend}', options => '{"objective": "poisson"}');

-- Scores of one kind, contributions that add up to the margin.
SELECT m, bool_and(cia_score(m, c) BETWEEN 0 AND 1) FROM client c, unnest('{churn,flag,forest,tree}'::text[]) m GROUP BY m ORDER BY m;
SELECT bool_and(abs(cia_score(m, c) - sum) < 1e-9)
FROM client c, unnest('{spend,wood,stem}'::text[]) m, LATERAL (SELECT sum(contribution) FROM cia_explain(m, c)) e
WHERE id % 100 = 0;
SELECT bool_and(abs(ln(cia_score('churn', c) / (1 - cia_score('churn', c))) - sum) < 1e-9)
FROM client c, LATERAL (SELECT sum(contribution) FROM cia_explain('churn', c)) e
WHERE id % 100 = 0;
SELECT feature FROM cia_explain('churn', (SELECT c FROM client c WHERE id = 7)) ORDER BY feature;
SELECT array_length(cia_reasons('churn', c, 2), 1) FROM client c WHERE id = 7;

-- Missing and unseen labels are known how to deal with; JSON does as well.
SELECT cia_score('churn', '{"age": null, "debt": null, "home": null, "months": null, "opened": null}'::jsonb) BETWEEN 0 AND 1;
SELECT cia_score('churn', '{"age": 40, "debt": 1, "home": "castle", "months": 3, "opened": "2020-05-01"}'::jsonb)
	 = cia_score('churn', '{"age": 40, "debt": 1, "home": null, "months": 3, "opened": "2020-05-01"}'::jsonb);

-- The model: plain arrays, and itself again by way of JSON.
SELECT jsonb_object_keys(content::jsonb->'learned') AS learned FROM cia_versions WHERE model = 'churn' ORDER BY 1;
SELECT bool_and(cia_score(content::jsonb::text::cia_model, c) = cia_score('churn', c))
FROM cia_versions v, client c WHERE v.model = 'churn' AND id % 50 = 0;
SELECT content::jsonb->'training'->'iterations' AS trees FROM cia_versions WHERE model = 'churn';

-- The same rows in another order, with another number of threads: the same model.
SET cia.threads = 1;
SELECT cia_fit(c, churned, 'boosted_trees', '{"id": ["id"], "exclude": ["churned"], "trees": 10, "row_share": 0.5}' ORDER BY id)::text
	 = cia_fit(c, churned, 'boosted_trees', '{"id": ["id"], "exclude": ["churned"], "trees": 10, "row_share": 0.5}' ORDER BY -id)::text AS same
FROM client c;
CREATE TABLE one AS SELECT cia_fit(c, churned, 'random_forest', '{"id": ["id"], "exclude": ["churned"], "trees": 10}')::text AS model FROM client c;
SET cia.threads = 3;
SELECT cia_fit(c, churned, 'random_forest', '{"id": ["id"], "exclude": ["churned"], "trees": 10}')::text = (SELECT model FROM one) AS same FROM client c;
RESET cia.threads;

-- Monotone: the score never falls with months, on a grid of everything else.
SELECT model FROM cia_train('tied', 'client', 'churned', 'boosted_trees', id => '{id}', exclude => '{spend,calls}',
							options => '{"monotone": {"months": 1, "debt": -1}, "interactions": [["age", "debt"], ["months"]]}');
SELECT count(*), bool_and(score >= before) AS rises
FROM (SELECT score, lag(score) OVER (PARTITION BY age, debt, home ORDER BY months) AS before
	  FROM (SELECT a AS age, d AS debt, h AS home, m::float8 AS months,
				   cia_score('tied', jsonb_build_object('age', a, 'debt', d, 'home', h, 'months', m, 'opened', '2020-03-03')) AS score
			FROM generate_series(18, 78, 10) a, generate_series(0, 3000, 500) d, unnest('{rent,own,NULL}'::text[]) h,
				 generate_series(-1, 42, 1) m) s) t
WHERE before IS NOT NULL;
SELECT bool_and(score <= before) AS falls
FROM (SELECT score, lag(score) OVER (PARTITION BY age ORDER BY debt) AS before
	  FROM (SELECT a AS age, d AS debt,
				   cia_score('tied', jsonb_build_object('age', a, 'debt', d, 'home', 'own', 'months', 7, 'opened', '2020-03-03')) AS score
			FROM generate_series(18, 78, 10) a, generate_series(0, 4000, 7) d) s) t
WHERE before IS NOT NULL;

-- Early stopping looks at rows of the training alone.
SELECT notes FROM cia_train('early', 'client', 'churned', 'boosted_trees', id => '{id}', exclude => '{spend,calls}',
							options => '{"early_stopping": 5, "trees": 5000, "learning_rate": 0.3}');
SELECT (content::jsonb->'training'->>'iterations')::int < 1000 AS stopped FROM cia_versions WHERE model = 'early';

-- Odd data.
SELECT value FROM cia_train('odd', 'SELECT i AS x, 1.0 AS y FROM generate_series(1, 10) i', 'y', 'boosted_trees');
SELECT metric, value > 0.9 AS good
FROM cia_train('odd', 'SELECT CASE WHEN i % 2 = 0 THEN i END AS x, i % 3 AS z, i % 2 = 1 AS y FROM generate_series(1, 500) i', 'y', 'boosted_trees', options => '{"promote": "always"}');
SELECT rows_used, notes FROM cia_train('odd', 'SELECT ''l'' || i % 3000 AS label, i % 7 AS x, (i % 7) * 2.5 AS y FROM generate_series(1, 6000) i', 'y', 'boosted_trees',
									   options => '{"max_categories": 65535}');
SELECT rows_used, features FROM cia_train('odd', 'SELECT i AS x, i % 2 = 1 AS y FROM generate_series(1, 8) i', 'y', 'boosted_trees', options => '{"holdout": 0, "min_rows": 1000}');
SELECT cia_train('odd', 'SELECT CASE WHEN i = 5 THEN ''Infinity''::float8 ELSE i END AS x, i % 2 = 1 AS y FROM generate_series(1, 8) i', 'y', 'boosted_trees');

-- Errors.
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"leafs": 5}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"leaves": 1}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"objective": "best"}');
SELECT cia_train('bad', 'client', 'home', 'boosted_trees', options => '{"objective": "poisson"}');
SELECT cia_train('bad', 'client', 'home', 'decision_tree', options => '{"objective": "regression"}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"monotone": "age"}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"monotone": {"age": 2}}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"monotone": {"agee": 1}}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"monotone": {"home": 1}}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"monotone": {"churned": 1}}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"interactions": ["age"]}');
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"interactions": [["age", "nobody"]]}');
SELECT cia_fit(c, churned, 'boosted_trees', '{"monotone": {"nobody": 1}}') FROM client c;
SELECT cia_train('bad', 'SELECT age, -1.0 * age AS y FROM client', 'y', 'boosted_trees', options => '{"objective": "poisson"}');
SELECT cia_train('bad', 'SELECT age, age - 18 AS y FROM client', 'y', 'boosted_trees', options => '{"objective": "gamma"}');

-- Made-up models are refused.
SELECT (jsonb_set(content::jsonb, '{learned,left,0}', '0'))::text::cia_model FROM cia_versions WHERE model = 'tree';
SELECT (jsonb_set(content::jsonb, '{learned,right,0}', '1e6'))::text::cia_model FROM cia_versions WHERE model = 'tree';
SELECT (jsonb_set(content::jsonb, '{learned,cover,0}', '-1'))::text::cia_model FROM cia_versions WHERE model = 'tree';
SELECT (content::jsonb #- '{learned,threshold}')::text::cia_model FROM cia_versions WHERE model = 'tree';
SELECT (jsonb_set(content::jsonb, '{options,objective}', '"poisson"'))::text::cia_model FROM cia_versions WHERE model = 'churn';

-- What is of regressions is not of trees.
SELECT * FROM cia_coefficients('churn');
\echo :SQLSTATE
SELECT * FROM cia_scorecard('churn');
\echo :SQLSTATE
SELECT * FROM cia_path('churn');
\echo :SQLSTATE

DROP TABLE client, one;
SELECT count(cia_drop_model(model)) FROM cia_models;
