-- boosted_trees that go on from an earlier model.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE TABLE client AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 11 > 0 THEN round(exp((v % 97) / 12.0), 2) END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'other', NULL])[1 + w % 5] AS home, (v % 41)::float8 AS months, 1.0 + v % 7 AS years,
	   w % 97 < 2 + (u % 60) / 3 + CASE WHEN v % 97 > 60 AND u % 60 > 30 THEN 40 ELSE 0 END
	   + CASE w % 5 WHEN 0 THEN 15 WHEN 1 THEN -5 ELSE 0 END AS churned,
	   (ARRAY['app', 'web', 'phone'])[1 + (w % 97 < 30 + u % 60)::int + (v % 97 > 70)::int] AS channel,
	   exp((u % 60) / 30.0) + CASE WHEN v % 97 > 60 THEN 3 ELSE 0 END + (w % 7) / 7.0 AS spend, w % 4 AS calls
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 3000) i) s;
CREATE FUNCTION scores_differ(a text, b text, rows text) RETURNS float8 LANGUAGE plpgsql AS
$$DECLARE most float8; BEGIN EXECUTE format('SELECT max(abs(cia_score(%L, c) - cia_score(%L, c))) FROM %s c', a, b, rows) INTO most; RETURN most; END$$;

-- 30 trees and 30 more are 60 at once: two classes, several, values, counts, with rows drawn by lot.
SELECT target, objective, (cia_train(target || '_60', 'client', target, 'boosted_trees', id => '{id}', features => '{age,debt,home,months}',
		options => jsonb_build_object('objective', objective, 'trees', 60, 'row_share', share))).metric AS metric,
	(cia_train(target || '_30', 'client', target, 'boosted_trees', id => '{id}', features => '{age,debt,home,months}',
		options => jsonb_build_object('objective', objective, 'trees', 30, 'row_share', share))).notes,
	(cia_train(target || '_more', 'client', target, 'boosted_trees', id => '{id}', features => '{age,debt,home,months}',
		options => jsonb_build_object('objective', objective, 'trees', 30, 'row_share', share, 'continue_from', target || '_30'))).notes
FROM (VALUES ('churned', 'logistic', 1), ('channel', 'softmax', 0.7), ('spend', 'squared', 0.7), ('calls', 'poisson', 1)) v(target, objective, share);
SELECT target, scores_differ(target || '_60', target || '_more', 'client') < 1e-3 AS close, scores_differ(target || '_60', target || '_30', 'client') > 1e-3 AS moved
FROM unnest('{churned,channel,spend,calls}'::text[]) target;
SELECT model, options->>'continue_from' AS from_version, content::jsonb->'training'->'iterations' AS rounds FROM cia_versions WHERE model LIKE '%more' ORDER BY model;
-- Whole in itself: the earlier model is not needed any more.
SELECT cia_drop_model('churned_30');
SELECT count(*) > 0 AS scored FROM client c WHERE cia_score('churned_more', c) >= 0;
-- The next version of a model may go on from the one in production.
SELECT version FROM cia_train('churned_60', 'client', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt,home,months}', options => '{"trees": 5, "continue_from": "churned_60"}');
SELECT version, options->>'continue_from' AS from_version, content::jsonb->'training'->'iterations' AS rounds FROM cia_versions WHERE model = 'churned_60' ORDER BY version;
-- Early stopping counts further trees, and keeps the earlier ones.
SELECT version FROM cia_train('churned_60', 'client', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt,home,months}',
							  options => '{"trees": 1000, "early_stopping": 3, "learning_rate": 0.5, "continue_from": "churned_60@1"}');
SELECT (content::jsonb->'training'->>'iterations')::int BETWEEN 60 AND 200 AS stopped FROM cia_versions WHERE model = 'churned_60' AND version = 3;

-- Other rows: labels and columns that the earlier model does not know, a column that no longer varies.
SELECT cia_train('first', 'SELECT * FROM client WHERE id <= 1500 AND home IS DISTINCT FROM ''other''', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt,home}', options => '{"trees": 20}') IS NOT NULL AS done;
SELECT notes FROM cia_train('second', 'SELECT id, churned, age, home, months, 5.0 AS debt FROM client', 'churned', 'boosted_trees', id => '{id}', options => '{"trees": 20, "continue_from": "first"}');
SELECT string_agg(f->>'name', ', ') AS features FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f WHERE model = 'second';
SELECT bool_and(cia_score('second', c) BETWEEN 0 AND 1) FROM client c;
-- Without further trees that fit, the model is the earlier one, and unknown labels are missing to it.
SELECT cia_train('same', 'SELECT * FROM client', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt,home}', options => '{"min_rows": 100000, "continue_from": "first"}') IS NOT NULL AS done;
SELECT scores_differ('same', 'first', 'client') < 1e-12 AS same;

-- The same model for any number of threads.
CREATE TABLE one AS SELECT (SELECT content::jsonb->'learned' FROM cia_versions WHERE model = 'second') AS learned;
SET cia.threads = 3;
SELECT version FROM cia_train('second', 'SELECT id, churned, age, home, months, 5.0 AS debt FROM client ORDER BY -id', 'churned', 'boosted_trees', id => '{id}', options => '{"trees": 20, "continue_from": "first@1"}');
RESET cia.threads;
SELECT content::jsonb->'learned' = (SELECT learned FROM one) AS same FROM cia_versions WHERE model = 'second' AND version = 2;
-- A smaller holdout before is told.
SELECT version FROM cia_train('all', 'client', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt}', options => '{"trees": 5, "holdout": 0}');
SELECT notes FROM cia_train('told', 'client', 'churned', 'boosted_trees', id => '{id}', features => '{age,debt}', options => '{"trees": 5, "continue_from": "all"}');

-- Errors.
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"continue_from": "nobody"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"continue_from": 5}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'spend', 'boosted_trees', options => '{"continue_from": "first"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'spend', 'boosted_trees', features => '{age,debt,home,months}', options => '{"continue_from": "spend_30", "objective": "quantile"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', features => '{age,debt}', options => '{"continue_from": "first"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'SELECT id, age, debt, churned, length(home) AS home FROM client', 'churned', 'boosted_trees', options => '{"continue_from": "first"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'home', 'boosted_trees', features => '{age,debt,months}', options => '{"continue_from": "channel_30"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"continue_from": "first", "by": "home"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'client', 'churned', 'random_forest', options => '{"continue_from": "first"}');
\echo :SQLSTATE
SELECT cia_fit(c, churned, 'boosted_trees', '{"continue_from": "first"}') FROM client c;
\echo :SQLSTATE
CREATE ROLE stranger;
GRANT SELECT ON client TO stranger;
SET ROLE stranger;
\set VERBOSITY terse
SELECT cia_train('bad', 'client', 'churned', 'boosted_trees', options => '{"continue_from": "first"}');
\echo :SQLSTATE
\set VERBOSITY default
RESET ROLE;
DROP OWNED BY stranger;
DROP ROLE stranger;

DROP FUNCTION scores_differ;
DROP TABLE client, one;
SELECT count(cia_drop_model(model)) FROM cia_models;
