-- cia_importance(model, source): what a metric loses if rows swap their values of a feature.
CREATE TABLE guest AS
SELECT i AS id, (20 + u % 50)::int AS age, CASE WHEN v % 11 > 0 THEN round((v % 97) * 1.37, 2) END AS debt,
	   (ARRAY['rent', 'own', 'own', 'mortgage', 'other', NULL])[1 + w % 6] AS home, ARRAY[u % 10, w % 10]::float8[] AS vec,
	   (ARRAY['north', 'south'])[1 + u % 2] AS region, 1 + w % 3 AS months, 0.5 + i % 4 AS w,
	   2.0 * (u % 50) / 10 + CASE WHEN v % 97 > 60 THEN 5 ELSE 0 END + (w % 5) + (u % 10) / 2.0 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 2000) i) s;
CREATE VIEW guests AS SELECT *, spend > 12 AS gold, (ARRAY['low', 'middle', 'high'])[1 + (spend > 10)::int + (spend > 14)::int] AS class FROM guest;

SELECT model FROM cia_train('trees', 'guests', 'gold', 'boosted_trees', id => '{id}', exclude => '{spend,class,w,months}', options => '{"trees": 20}');
SELECT model FROM cia_train('line', 'guests', 'spend', 'linear', id => '{id}', exclude => '{gold,class,months}', weight => 'w');
SELECT model FROM cia_train('rate', 'guests', 'spend', 'poisson', id => '{id}', exclude => '{gold,class,w}', options => '{"exposure": "months"}');
SELECT model FROM cia_train('classes', 'guests', 'class', 'multinomial', id => '{id}', exclude => '{gold,spend,w,months}', options => '{"l2": 1}');
SELECT model FROM cia_train('groups', 'guests', 'gold', 'decision_tree', id => '{id}', exclude => '{spend,class,w,months}', options => '{"by": "region"}');
SELECT model FROM cia_train('stump', 'guests', 'gold', 'boosted_trees', id => '{id}', features => '{age,debt,home}', options => '{"trees": 3, "leaves": 2}');

-- On the training source the holdout alone is judged; the metric is that of cia_evaluate; arrays move as a whole.
SELECT feature, importance > 0.01 AS matters, deviation > 0 AS varies, metric, value = (SELECT value FROM cia_evaluate('trees', 'guests') WHERE metric = 'auc') AS same
FROM cia_importance('trees', 'guests');
SET client_min_messages = warning;
SELECT m AS model, count(*) AS features, min(metric) AS metric, max(importance) > 0.1 AS matters, bool_and(deviation > 0 OR importance = 0) AS varies
FROM unnest('{trees,line,rate,classes,groups}'::text[]) m, cia_importance(m, 'guests') GROUP BY m ORDER BY m;
SELECT array_agg(feature) = array_agg(feature ORDER BY importance DESC) AS in_order FROM cia_importance('rate', 'guests');
SELECT feature, importance > 0.1 AS matters FROM cia_importance('rate', 'guests') WHERE feature = 'months';

-- A feature that no tree asks for loses nothing, to the last bit.
SELECT feature, p.importance, p.deviation, splits FROM cia_importance('stump', 'guests') p JOIN cia_importance('stump') USING (feature)
WHERE splits = 0 ORDER BY feature;

-- A perfect line: of two draws from the same distribution the squared difference is twice the variance, so R2 falls from 1 to -1.
SELECT model FROM cia_train('perfect', 'SELECT i % 997 AS x, i % 7 AS z, 3.0 * (i % 997) + 1 AS y FROM generate_series(1, 5000) i', 'y', 'linear', options => '{"holdout": 0}');
SELECT feature, abs(importance - CASE feature WHEN 'x' THEN 2 ELSE 0 END) < 0.05 AS as_expected, abs(value - 1) < 1e-9 AS perfect
FROM cia_importance('perfect', 'SELECT i % 997 AS x, i % 7 AS z, 3.0 * (i % 997) + 1 AS y FROM generate_series(1, 5000) i', options => '{"repeats": 10}');

-- Other metrics; of those that are better when smaller, what they gain.
SELECT metric, feature, importance > 0 AS worse FROM unnest('{auc,gini,ks,pr_auc,log_loss,brier,accuracy,precision,recall,f1}'::text[]) m,
	LATERAL cia_importance('trees', 'guests', options => jsonb_build_object('metric', m, 'repeats', 2)) WHERE feature = 'age';
SELECT metric, feature, importance > 0 AS worse FROM unnest('{r2,rmse,mae}'::text[]) m,
	LATERAL cia_importance('line', 'guests', options => jsonb_build_object('metric', m, 'repeats', 2)) WHERE feature = 'age';
SELECT metric, feature, importance > 0 AS worse FROM unnest('{accuracy,balanced_accuracy,macro_f1,log_loss}'::text[]) m,
	LATERAL cia_importance('classes', 'guests', options => jsonb_build_object('metric', m, 'repeats', 2)) WHERE feature = 'age';
SELECT count(deviation) AS deviations FROM cia_importance('trees', 'guests', options => '{"repeats": 1}');

-- The same seed gives the same, whatever the threads and the order of the rows; another one another.
CREATE TABLE first AS SELECT * FROM cia_importance('trees', 'SELECT * FROM guests ORDER BY id');
SET cia.threads = 1;
SELECT count(*) FROM first JOIN cia_importance('trees', 'SELECT *, 1 AS more FROM guests ORDER BY -id') USING (feature, importance, deviation, metric, value);
RESET cia.threads;
SELECT bool_and(a.importance <> b.importance) AS others, bool_and(abs(a.importance - b.importance) < 0.05) AS near
FROM first a JOIN cia_importance('trees', 'guests', 'permutation', '{"seed": 2, "rows": "all"}') b USING (feature) WHERE a.importance <> 0;

-- Samples and sources.
RESET client_min_messages;
SELECT count(*) FROM cia_importance('trees', 'guests', options => '{"sample": 100, "repeats": 1}');
SELECT count(*) FROM cia_importance('trees', 'SELECT * FROM guests', options => '{"sample": 100, "repeats": 1}');
SELECT count(*) FROM cia_importance('trees', 'guests', options => '{"rows": "all", "repeats": 1}');
SELECT count(*), count(importance), count(value) FROM cia_importance('trees', 'SELECT * FROM guests WHERE id = 3', options => '{"rows": "all"}');
SELECT count(*), count(importance), count(value) FROM cia_importance('trees', 'SELECT * FROM guests WHERE false', options => '{"rows": "all"}');

-- Errors.
SELECT * FROM cia_importance('nobody', 'guests');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'guests', 'shap');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'guests', options => '{"metric": "r2"}');
\echo :SQLSTATE
SELECT * FROM cia_importance('line', 'guests', options => '{"metric": "rows"}');
\echo :SQLSTATE
SELECT * FROM cia_importance('classes', 'guests', options => '{"metric": "auc"}');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'guests', options => '{"repeats": 0}');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'guests', options => '{"rows": "some"}');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'guests', options => '{"repeat": 3}');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'SELECT id, age, debt, home, vec, region FROM guest');
\echo :SQLSTATE
SELECT * FROM cia_importance('trees', 'SELECT age, gold FROM guests');
\echo :SQLSTATE

DROP VIEW guests;
DROP TABLE guest, first;
SELECT count(cia_drop_model(model)) FROM cia_models;
