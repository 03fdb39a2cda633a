-- cia_importance: what each feature means to a model.
CREATE TABLE guest AS
SELECT i AS id, (20 + u % 50)::int AS age, CASE WHEN v % 11 > 0 THEN round((v % 97) * 1.37, 2) END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'other', NULL])[1 + w % 5] AS home, ARRAY[u % 10, w % 10]::float8[] AS vec, (v % 7) / 7.0 AS noise,
	   (ARRAY['north', 'south'])[1 + u % 2] AS region, 1 + w % 3 AS months,
	   2.0 * (u % 50) / 10 + CASE WHEN v % 97 > 60 THEN 5 ELSE 0 END + (w % 5) + (u % 10) / 2.0 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 3000) i) s;
CREATE VIEW guests AS SELECT *, spend > 15 AS gold, (ARRAY['low', 'middle', 'high'])[1 + (spend > 12)::int + (spend > 18)::int] AS class FROM guest;

-- Trees: sums over the splits, which are in the model for all to see.
SELECT model FROM cia_train('trees', 'guests', 'gold', 'boosted_trees', id => '{id}', exclude => '{spend,class}', options => '{"trees": 20, "holdout": 0}');
SELECT part, feature, importance > 0.01 AS matters, gain > 0 AS has_gain, splits > 0 AS has_splits, cover BETWEEN 20 AND 3000 AS has_cover, deviation
FROM cia_importance('trees') ORDER BY feature;
CREATE TABLE bare AS
SELECT (content::jsonb #- '{learned,importance_shap}')::text::cia_model AS model, content::jsonb AS content FROM cia_versions WHERE model = 'trees';
WITH split AS (
	SELECT f.v::int + 1 AS position, g.v::float8 AS gain, c.v::float8 AS cover
	FROM bare, jsonb_array_elements_text(content #> '{learned,feature}') WITH ORDINALITY f(v, i),
		 jsonb_array_elements_text(content #> '{learned,gain}') WITH ORDINALITY g(v, j),
		 jsonb_array_elements_text(content #> '{learned,cover}') WITH ORDINALITY c(v, k)
	WHERE i = j AND i = k AND f.v::int >= 0
), summed AS (
	SELECT feature, coalesce(sum(gain), 0) AS gain, count(gain) AS splits, avg(cover) AS cover
	FROM cia_features('trees') LEFT JOIN split USING (position) GROUP BY feature
)
SELECT count(*) AS features, bool_and(abs(a.gain - b.gain) <= 1e-9 * b.gain) AS gain, bool_and(a.splits = b.splits) AS splits,
	   bool_and(a.cover IS NOT DISTINCT FROM b.cover OR abs(a.cover - b.cover) < 1e-9 * b.cover) AS cover,
	   bool_and(abs(a.gain_share - b.gain / (SELECT sum(gain) FROM summed)) < 1e-12) AS share,
	   abs(sum(a.gain_share) - 1) < 1e-12 AS whole, bool_and(a.importance = a.gain_share AND a.shap IS NULL) AS by_gain
FROM bare, cia_importance(model) a JOIN summed b USING (feature);
SELECT array_agg(feature) = array_agg(feature ORDER BY gain DESC) AS in_order FROM bare, cia_importance(model);

-- By SHAP where the model has it; features without a split stay, and what is not known is NULL.
SELECT feature, importance, shap FROM bare, cia_importance((jsonb_set(content, '{learned,importance_shap}', '[1, 2, 0, 4, 0.5, 0.5, 0, 0]'))::text::cia_model);
SELECT count(*), count(shap), count(importance) FROM bare, cia_importance((jsonb_set(content, '{learned,importance_shap}', '[1, null, 0, 4, 0.5, 0.5, 0, 0]'))::text::cia_model);
SELECT count(shap) FROM bare, cia_importance((jsonb_set(content, '{learned,importance_shap}', '[1, 2]'))::text::cia_model);
SELECT model FROM cia_train('stump', 'guests', 'spend', 'decision_tree', id => '{id}', features => '{age,debt}', options => '{"min_rows": 2900, "holdout": 0}');
SELECT feature, importance, gain, gain_share, splits, cover FROM cia_importance('stump');

-- Regressions: the deviation of what a feature adds to the margin, which cia_explain tells row by row.
SELECT model FROM cia_train('line', 'guests', 'spend', 'linear', id => '{id}', exclude => '{gold,class}', options => '{"holdout": 0}');
SELECT model FROM cia_train('odds', 'guests', 'gold', 'logistic', id => '{id}', exclude => '{spend,class}', options => '{"holdout": 0, "l2": 1}');
SELECT model FROM cia_train('woe', 'guests', 'gold', 'logistic', id => '{id}', exclude => '{spend,class}', options => '{"holdout": 0, "encode": "woe"}');
SELECT model FROM cia_train('rate', 'guests', 'spend', 'poisson', id => '{id}', exclude => '{gold,class}', options => '{"holdout": 0, "exposure": "months"}');
SELECT m AS model, count(*) AS features, bool_and(abs(a.deviation - b.deviation) <= 1e-9 * (1 + b.deviation)) AS deviation,
	   abs(sum(importance) - 1) < 1e-12 AS whole, count(coalesce(shap, gain, splits, cover)) AS of_trees
FROM unnest('{line,odds,woe,rate}'::text[]) m, LATERAL cia_importance(m) a, LATERAL (
	SELECT e.feature, stddev_pop(e.contribution) AS deviation FROM guests g, cia_explain(m, g) e GROUP BY 1) b
WHERE a.feature = b.feature GROUP BY m ORDER BY m;
SELECT array_agg(feature) = array_agg(feature ORDER BY deviation DESC) AS in_order FROM cia_importance('odds');
SELECT count(*) AS without_exposure FROM cia_importance('rate') WHERE feature = 'months';
SELECT abs(a.deviation / (abs(c.coefficient) * f.sd) - 1) < 1e-12 AS standardised
FROM cia_importance('line') a JOIN cia_coefficients('line') c USING (feature) JOIN cia_features('line') f USING (feature) WHERE feature = 'age';

-- Several classes: of each class what differs from the mean of all.
SELECT model FROM cia_train('classes', 'guests', 'class', 'multinomial', id => '{id}', features => '{age,home}', options => '{"holdout": 0}');
WITH beta AS (SELECT class, feature, coalesce(level, '') AS level, coefficient FROM cia_coefficients('classes') WHERE feature IS NOT NULL
			  UNION ALL SELECT DISTINCT 'high', feature, coalesce(level, ''), 0 FROM cia_coefficients('classes') WHERE feature IS NOT NULL),
	 centred AS (SELECT class, feature, level, coefficient - avg(coefficient) OVER (PARTITION BY feature, level) AS b FROM beta),
	 added AS (SELECT id, class, feature, b * CASE feature WHEN 'age' THEN age ELSE 1 END AS value
			   FROM guest, centred WHERE feature = 'age' OR level = coalesce(home, '(missing)'))
SELECT feature, abs(a.deviation - sqrt(avg(variance))) < 1e-9 AS root_mean_square
FROM cia_importance('classes') a JOIN (SELECT class, feature, var_pop(value) AS variance FROM added GROUP BY 1, 2) v USING (feature)
GROUP BY feature, a.deviation ORDER BY feature;

-- By value, by version, and by group: part by part.
SELECT count(*) AS same FROM cia_versions v, cia_importance(v.content) a JOIN cia_importance('line@1') b USING (feature, importance, deviation) WHERE v.model = 'line';
SELECT model FROM cia_train('groups', 'guests', 'gold', 'decision_tree', id => '{id}', features => '{age,debt,home,region}', options => '{"by": "region"}');
SELECT part, count(*) AS features, abs(sum(importance) - 1) < 1e-12 AS whole FROM cia_importance('groups') GROUP BY part ORDER BY part NULLS FIRST;
SELECT DISTINCT part FROM cia_importance('groups') WHERE feature = 'region' AND splits > 0;

-- Errors.
SELECT * FROM cia_importance('nobody');
\echo :SQLSTATE
SELECT count(*) FROM cia_importance(NULL::text);

DROP VIEW guests;
DROP TABLE guest, bare;
SELECT count(cia_drop_model(model)) FROM cia_models;
