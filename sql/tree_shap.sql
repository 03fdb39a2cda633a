-- Shapley values of trees: they add up to the margin, and their mean size is the importance.
CREATE TABLE visitor AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 7 > 0 THEN (v % 97) / 3.0 END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'Größe', NULL])[1 + w % 5] AS home, u % 3 = 0 AS new,
	   date '2020-01-01' + (u % 700)::int AS opened, ARRAY[u % 10, v % 10]::float8[] AS vec, 'town ' || w % 80 AS town
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 900) i) s;
CREATE VIEW visit AS
SELECT *, age > 40 AND coalesce(debt, 9) > 8 OR home IS NOT DISTINCT FROM 'own' AND id % 3 = 0 AS churned, age / 10.0 + coalesce(debt, 5) + id % 7 AS spend,
	   age / 30 + id % 3 AS calls
FROM visitor;
CREATE TABLE wanted (model, target, algorithm, options) AS VALUES
	('logistic', 'churned', 'boosted_trees', '{"objective": "logistic"}'),
	('squared', 'spend', 'boosted_trees', '{"objective": "squared"}'),
	('absolute', 'spend', 'boosted_trees', '{"objective": "absolute"}'),
	('huber', 'spend', 'boosted_trees', '{"objective": "huber"}'),
	('quantile', 'spend', 'boosted_trees', '{"objective": "quantile", "quantile": 0.8}'),
	('poisson', 'calls', 'boosted_trees', '{"objective": "poisson"}'),
	('gamma', 'spend', 'boosted_trees', '{"objective": "gamma"}'),
	('tweedie', 'calls', 'boosted_trees', '{"objective": "tweedie"}'),
	('forest', 'churned', 'random_forest', '{"trees": 30}'),
	('wood', 'spend', 'random_forest', '{"trees": 30}'),
	('tree', 'churned', 'decision_tree', '{}'),
	('stem', 'spend', 'decision_tree', '{"leaves": 200, "min_rows": 1}'),
	('leaf', 'spend', 'decision_tree', '{"min_rows": 500}');
SELECT w.model, rows_used FROM wanted w, cia_train(w.model, 'visit', w.target, w.algorithm, id => '{id}',
	exclude => array_remove('{churned,spend,calls}', w.target), options => w.options::jsonb || '{"holdout": 0}');

-- The margin is the log odds, the logarithm, or the value itself.
SELECT model, count(*) AS rows, bool_and(parts = 1 + (SELECT count(*) FROM cia_features(model))) AS complete,
	   max(abs(total - CASE WHEN model = 'logistic' THEN ln(score / (1 - score))
							WHEN model IN ('poisson', 'gamma', 'tweedie') THEN ln(score) ELSE score END)) < 1e-9 AS adds_up
FROM wanted, visit v, cia_score(model, v) score,
	 LATERAL (SELECT sum(contribution) AS total, count(contribution) AS parts FROM cia_explain(model, v)) e
WHERE id % 9 = 0 GROUP BY model ORDER BY model;

-- What is missing or was never seen is explained as well.
SELECT model, max(abs(total - score)) < 1e-9 AS adds_up
FROM unnest('{squared,wood,stem,leaf}'::text[]) model,
	 unnest('{"{}", "{\"age\": 1e300, \"home\": \"castle\"}", "{\"town\": \"town 7\", \"new\": true, \"vec\": [null, 3]}"}'::jsonb[]) given,
	 LATERAL (SELECT '{"age": null, "debt": null, "home": null, "new": null, "opened": null, "vec": [null, null], "town": null}'::jsonb || given) r (row),
	 cia_score(model, row) score, LATERAL (SELECT sum(contribution) AS total FROM cia_explain(model, row)) e
GROUP BY model ORDER BY model;

-- The mean size of the contributions to all rows, these being fewer than 1,000.
SELECT model, count(*) AS features, max(abs(shap - size)) < 1e-9 AS same, bool_or(shap > 0) AS matters
FROM wanted, LATERAL (
	SELECT e.feature, avg(abs(contribution)) AS size FROM visit v, cia_explain(model, v) e WHERE e.feature <> 'bias' GROUP BY e.feature
) e JOIN LATERAL cia_importance(model) i USING (feature) GROUP BY model ORDER BY model;

SELECT count(cia_drop_model(model)) FROM wanted;
DROP VIEW visit;
DROP TABLE visitor, wanted;
