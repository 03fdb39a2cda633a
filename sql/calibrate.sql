-- Calibrated classifiers: what is learned from one half of the holdout, judged on the other, and kept in the model.
SET client_min_messages = warning;
CREATE TABLE lenders AS
SELECT i AS id, u % 100 / 10.0 AS x, v % 100 / 10.0 AS z, (ARRAY['a', 'b', 'c', 'd'])[1 + u % 4] AS region, w % 1000 < 40 + (u % 100) * (u % 100) / 40 AS y,
	(ARRAY['low', 'mid', 'high'])[1 + (u + w) % 3] AS grade, (1 + w % 400) / 10.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i AS v, i * i * 43 % 10007 + 3 * i AS w FROM generate_series(1, 4000) AS i) AS s;
\pset format unaligned

-- Isotonic and Platt, of a regression and of trees: learned arrays, rows, notes.
SELECT model, notes FROM cia_train('iso', 'lenders', 'y', 'logistic', exclude => '{grade,cost}', id => '{id}', options => '{"calibrate": "isotonic", "class_weight": "balanced"}');
SELECT model, notes FROM cia_train('platt', 'lenders', 'y', 'boosted_trees', exclude => '{grade,cost}', id => '{id}', options => '{"calibrate": "platt", "trees": 20}');
SELECT model FROM cia_train('plain', 'lenders', 'y', 'logistic', exclude => '{grade,cost}', id => '{id}', options => '{"class_weight": "balanced"}');
SELECT v.model, content::jsonb #> '{options,calibrate}' AS calibrate, content::jsonb #> '{training,holdout_rows}' AS held,
	content::jsonb #> '{training,calibration_rows}' AS calibrating, content::jsonb #> '{training,metrics,rows}' AS judging,
	jsonb_array_length(content::jsonb #> '{learned,calibration_score}') > 3 AS points, jsonb_array_length(content::jsonb #> '{learned,calibration_margin}') AS line
FROM cia_versions AS v ORDER BY model;
-- Balanced classes make scores of 0.5 on average; calibrated they are the rate of the event again.
SELECT abs(avg(cia_score('iso', l)) - avg(y::int)) < 0.02 AS calibrated, abs(avg(cia_score('plain', l)) - avg(y::int)) > 0.2 AS balanced FROM lenders AS l;
-- Order stays.
SELECT count(*) FROM (SELECT cia_score('iso', l) AS s, max(cia_score('iso', l)) OVER (ORDER BY cia_score('plain', l)) AS most FROM lenders AS l) AS t WHERE s < most;
-- All ways to a score are one: by name, by value, jsonb, arrays, probabilities, tables.
SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b OR a IS DISTINCT FROM c OR a IS DISTINCT FROM d OR a IS DISTINCT FROM e) AS differ, count(*)
FROM (SELECT cia_score('iso', l) AS a, (SELECT cia_score(content, l) FROM cia_versions WHERE model = 'iso') AS b, cia_score('iso', to_jsonb(l)) AS c,
	(cia_probabilities('iso', l) ->> 'true')::float8 AS d,
	(SELECT cia_score(content::jsonb::cia_model, l) FROM cia_versions WHERE model = 'iso') AS e FROM lenders AS l WHERE id <= 200) AS s;
SELECT model FROM cia_train('numbers', 'SELECT id, x, z, y FROM lenders', 'y', 'random_forest', id => '{id}', options => '{"calibrate": "isotonic", "trees": 5}');
SELECT count(*) FROM lenders AS l WHERE cia_score('numbers', ARRAY[x, z]::float8[]) IS DISTINCT FROM cia_score('numbers', l);
SELECT model, rows FROM cia_score_into('platt', 'lenders', 'lenders_scored', '{id}');
SELECT count(*) FILTER (WHERE s.score IS DISTINCT FROM cia_score('platt', l)) AS differ, count(*) FROM lenders AS l JOIN lenders_scored AS s USING (id);
-- Contributions are those to the margin, before the calibration.
SELECT count(*) FROM lenders AS l WHERE id <= 50 AND abs((SELECT sum(contribution) FROM cia_explain('iso', l)) - (SELECT sum(contribution) FROM cia_explain('plain', l))) > 1e-12;
-- The source of the training is judged on the rows that have taught nothing.
SET client_min_messages = notice;
SELECT round(value::numeric, 6) = (SELECT round((content::jsonb #>> '{training,metrics,brier}')::numeric, 6) FROM cia_versions WHERE model = 'iso') AS same FROM cia_evaluate('iso', 'lenders') WHERE metric = 'brier';
SET client_min_messages = warning;
-- As a value, and once more.
SELECT content::jsonb #>> '{options,calibrate}', jsonb_array_length(content::jsonb #> '{learned,calibration_margin}')
FROM (SELECT cia_fit(l, y, 'logistic', '{"calibrate": "platt", "exclude": ["id", "grade", "cost", "y"]}') AS content FROM lenders AS l) AS m;

-- Folds are calibrated on one half, judged on the other; the first of five is what cia_train holds out.
CREATE TABLE folds AS SELECT * FROM cia_cross_validate('lenders', 'y', 'logistic', '{"class_weight": "balanced", "calibrate": "isotonic"}', exclude => '{grade,cost}', id => '{id}');
SELECT sum(value) FILTER (WHERE metric = 'rows') BETWEEN 1900 AND 2100 AS half, max(value) FILTER (WHERE metric = 'ece') < 0.1 AS calibrated FROM folds WHERE fold IS NOT NULL;
SELECT bool_and(f.value = e.value) AS same FROM folds f JOIN cia_evaluate('iso', 'lenders') e USING (metric) WHERE fold = 1 AND metric IN ('rows', 'auc', 'log_loss');
SELECT value < 0.1 AS in_order FROM cia_cross_validate('lenders', 'y', 'logistic', '{"class_weight": "balanced", "calibrate": "platt"}', exclude => '{grade,cost}', id => '{id}', order_by => 'z') WHERE metric = 'ece' AND fold IS NULL;
DROP TABLE folds;

-- A model by group: each part has a calibration of its own and is what its group alone would give; a group of few rows is served by all.
SELECT n.note FROM cia_train('parts', $$SELECT id, x, z, y, CASE WHEN id <= 3800 THEN region ELSE 'few' END AS region FROM lenders$$, 'y', 'logistic', id => '{id}',
	options => '{"by": "region", "calibrate": "platt", "class_weight": "balanced", "holdout": 0.4}') t, unnest(notes) WITH ORDINALITY n(note, place) ORDER BY place;
SELECT group_value, trained, note FROM cia_groups('parts') ORDER BY group_value;
SELECT region, abs(avg(cia_score('parts', l)) - avg(y::int)) < 0.03 AS calibrated FROM lenders l GROUP BY region ORDER BY region;
SELECT model FROM cia_train('alone', $$SELECT id, x, z, y FROM lenders WHERE id <= 3800 AND region = 'b'$$, 'y', 'logistic', id => '{id}', options => '{"calibrate": "platt", "class_weight": "balanced", "positive": "true", "holdout": 0.4}');
SELECT count(*), bool_and(cia_score('parts', l) = cia_score('alone', l) AND cia_score(cia_part('parts', 'b'), l) = cia_score('alone', l)) AS same FROM lenders l WHERE region = 'b';
SELECT e.value = v.value AS same, (SELECT value FROM cia_evaluate('parts', (SELECT source FROM cia_versions WHERE model = 'parts')) WHERE metric = 'rows') = (content::jsonb #>> '{training,holdout_rows}')::int - (content::jsonb #>> '{training,calibration_rows}')::int AS half
FROM cia_versions v, cia_evaluate('parts', v.source) e WHERE v.model = 'parts' AND e.metric = 'auc';

-- What cannot be calibrated.
SELECT cia_train('bad', 'lenders', 'cost', 'linear', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'cost', 'boosted_trees', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'cost', 'auto', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'grade', 'multinomial', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'grade', 'boosted_trees', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'grade', 'auto', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'y', 'logistic', options => '{"calibrate": "beta"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'y', 'logistic', options => '{"calibrate": true}');
\echo :SQLSTATE
SELECT cia_train('bad', 'lenders', 'y', 'logistic', options => '{"calibrate": "platt", "holdout": 0}');
\echo :SQLSTATE
SELECT cia_train('bad', 'SELECT * FROM lenders WHERE id <= 500', 'y', 'logistic', id => '{id}', options => '{"calibrate": "platt"}');
\echo :SQLSTATE
SELECT cia_train('bad', 'SELECT *, id IN (1, 2, 3, 4, 5, 6) AS rare FROM lenders', 'rare', 'logistic', features => '{x,z}', id => '{id}', options => '{"calibrate": "platt", "l2": 1}');
\echo :SQLSTATE
SELECT * FROM cia_cross_validate('lenders', 'y', 'logistic', options => '{"calibrate": "platt"}', folds => 20);
\echo :SQLSTATE
SELECT cia_fit(l, y, 'logistic', '{"calibrate": "platt", "exclude": ["id", "grade", "cost", "y"]}') FROM lenders AS l WHERE id < 300;
-- A calibration that is none.
SELECT jsonb_set(content::jsonb, '{learned,calibration_margin}', v)::cia_model IS NOT NULL FROM cia_versions, (VALUES ('[0, -1]'::jsonb)) AS t(v) WHERE model = 'platt';
\echo :SQLSTATE
SELECT jsonb_set(content::jsonb, '{learned,calibration_value,0}', '2')::cia_model IS NOT NULL FROM cia_versions WHERE model = 'iso';
\echo :SQLSTATE
\pset format aligned
DROP TABLE lenders, lenders_scored;
SELECT count(cia_drop_model(model)) FROM cia_models;
