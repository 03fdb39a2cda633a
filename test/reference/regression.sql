-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run on the tables of regression_data.sql: every model of
-- regression_models.csv against R's numbers (regression.R, which states R's tolerances).
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET search_path = regression, public;
SELECT no_plan();

-- Options as JSON: "robust=true alpha=0.5" with numbers and booleans as such.
CREATE FUNCTION options_of(text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(split_part(pair, '=', 1), CASE
		WHEN pair LIKE 'positive=%' OR pair !~ '=(true|[0-9.]+)$' THEN to_jsonb(split_part(pair, '=', 2))
		ELSE split_part(pair, '=', 2)::jsonb END), '{}') - 'weight'
	FROM regexp_split_to_table(nullif($1, ''), ' ') AS pair
$$;

-- Trains a model of the table; NULL, or the error's message.
CREATE FUNCTION train(m regression_model) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	given jsonb = options_of(m.options) || '{"holdout": 0}';
BEGIN
	IF m.algorithm <> 'linear' AND NOT given ? 'lambda' THEN
		given = given || '{"l2": 0}';
	END IF;
	PERFORM FROM cia_train(m.model, m.dataset, m.target, m.algorithm, weight => substring(m.options FROM '\mweight=(\w+)'), options => given,
		features => string_to_array(m.features, ' ')
			|| array_remove(ARRAY[given ->> 'offset', given ->> 'exposure'], NULL));
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlerrm;
END
$$;

CREATE TABLE trained AS
	SELECT m.*, train(m) AS error FROM regression_model m
	WHERE m.model ~ :'pattern' AND EXISTS (SELECT FROM regression_coefficient c WHERE c.model = m.model)
		AND (m.dataset IN ('synthetic', 'tiny') OR :real);
SELECT is(error, NULL, model || ': trains') FROM trained ORDER BY model;

-- cia_coefficients under R's names, column and label, behind "class:" of a class.
CREATE TABLE got AS
	SELECT model, coalesce(class || ':', '') || CASE WHEN feature IS NULL THEN term ELSE feature || coalesce(level, '') END AS name,
		coefficient, standard_error AS error, p_value AS p, (high - low) / 2 / standard_error AS quantile, vif,
		marginal_effect AS effect, marginal_effect_error AS effect_error
	FROM trained, LATERAL cia_coefficients(model) WHERE error IS NULL AND NOT reference;

-- Largest relative difference, of a zero the absolute one; NULL counts as infinite.
CREATE FUNCTION off(got float8, right_value float8) RETURNS float8 LANGUAGE sql AS $$
	SELECT CASE WHEN got IS NULL OR got = 'NaN' THEN 'Infinity' WHEN right_value = 0 THEN abs(got) ELSE abs(got - right_value) / abs(right_value) END
$$;

-- Without a penalty 1e-7, robust errors 1e-8; where R's own tolerance is looser 1e-5.
CREATE VIEW compared AS
	SELECT t.model, c.name, off(g.coefficient, c.coefficient) AS coefficient,
		off(g.error, c.error) AS error, off(ln(nullif(g.p, 0)), ln(nullif(c.p, 0))) AS p, off(g.vif, c.vif) AS vif, off(g.effect, c.effect) AS effect,
		off(g.effect_error, c.effect_error) AS effect_error, c AS wanted, g AS got,
		CASE WHEN t.algorithm IN ('multinomial', 'negative_binomial') OR t.options LIKE '%lambda=%' THEN 1e-5::float8 ELSE 1e-7 END AS tolerance,
		CASE WHEN t.options ~ 'robust|cluster' THEN 1e-8::float8 WHEN t.algorithm IN ('multinomial', 'negative_binomial') THEN 1e-5::float8 ELSE 1e-7 END AS error_tolerance
	FROM trained t JOIN regression_coefficient c USING (model)
	LEFT JOIN got g ON (g.model, g.name) = (c.model, c.name)
	WHERE t.error IS NULL;

SELECT cmp_ok(max(coefficient), '<', max(tolerance), model || ': coefficients as in R') FROM compared GROUP BY model ORDER BY model;
SELECT cmp_ok(max(error), '<', max(error_tolerance), model || ': standard errors as in R') FROM compared WHERE (wanted).error IS NOT NULL GROUP BY model ORDER BY model;
SELECT cmp_ok(max(p), '<', max(greatest(error_tolerance, tolerance) * 10), model || ': logarithms of p-values as in R') FROM compared WHERE (wanted).p > 1e-290 GROUP BY model ORDER BY model;
SELECT cmp_ok(max(off(g.quantile, s.value)), '<', 1e-9::float8, model || ': width of the intervals as in R')
FROM regression_statistic s JOIN got g USING (model) WHERE s.name = 'quantile' GROUP BY model ORDER BY model;
SELECT cmp_ok(max(vif), '<', max(greatest(1e-7, tolerance)), model || ': VIF') FROM compared WHERE (wanted).vif IS NOT NULL GROUP BY model ORDER BY model;
SELECT cmp_ok(max(effect), '<', 1e-7::float8, model || ': average marginal effects') || E'\n'
	|| cmp_ok(max(effect_error), '<', max(error_tolerance), model || ': errors of marginal effects')
FROM compared WHERE (wanted).effect IS NOT NULL GROUP BY model ORDER BY model;

SELECT cmp_ok(off(CASE WHEN s.name LIKE '%p_value' THEN ln(nullif(g.value, 0)) ELSE g.value END,
		CASE WHEN s.name LIKE '%p_value' THEN ln(s.value) ELSE s.value END), '<',
	CASE WHEN t.algorithm = 'negative_binomial' THEN 1e-5::float8 ELSE 1e-7 END, format('%s: %s as in R', model, s.name))
FROM regression_statistic s JOIN trained t USING (model)
LEFT JOIN LATERAL (SELECT statistic, value FROM cia_summary(t.model)) AS g ON g.statistic = s.name
WHERE t.error IS NULL AND s.name <> 'quantile' AND NOT (s.name LIKE '%p_value' AND s.value < 1e-290)
ORDER BY model, s.name;

-- The path of the elastic net: cia chooses the same lambdas.
CREATE FUNCTION train_path(m regression_model) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM cia_train(m.model || ' path', m.dataset, m.target, m.algorithm,
		features => string_to_array(m.features, ' ') || array_remove(ARRAY[options_of(m.options) ->> 'exposure'], NULL),
		options => options_of(m.options) || '{"holdout": 0, "lambda": "auto"}');
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlerrm;
END
$$;
CREATE TABLE trained_path AS
	SELECT t.model, train_path(m) AS error FROM trained t JOIN regression_model m USING (model)
	WHERE t.error IS NULL AND EXISTS (SELECT FROM regression_path p WHERE p.model = t.model);
SELECT is(error, NULL, model || ': trains along a path') FROM trained_path ORDER BY model;

CREATE TABLE path_got AS
WITH content AS (
	SELECT t.model, v.content::jsonb AS j FROM trained_path t JOIN cia_versions v ON v.model = t.model || ' path' AND v.production),
slot AS (
	SELECT model, 1 + row_number() OVER (PARTITION BY model ORDER BY i, l) AS place, f ->> 'name' || coalesce(label, '') AS name
	FROM content, jsonb_array_elements(j -> 'features') WITH ORDINALITY AS x (f, i)
	LEFT JOIN LATERAL jsonb_array_elements_text((f -> 'labels') || '["(missing)"]') WITH ORDINALITY AS y (label, l) ON true
	WHERE f ->> 'use' IS NULL
	UNION ALL SELECT model, 1, '(Intercept)' FROM content),
width AS (SELECT model, max(place) AS width FROM slot GROUP BY model)
SELECT model, step, name, (j #>> ARRAY['learned', 'path_coefficients', ((step - 1) * width + place - 1)::text])::float8 AS value
FROM content JOIN slot USING (model) JOIN width USING (model) CROSS JOIN (SELECT DISTINCT step FROM regression_path) AS s
UNION ALL
SELECT model, step, name, (j #>> ARRAY['learned', 'path_' || name, (step - 1)::text])::float8
FROM content CROSS JOIN (SELECT DISTINCT step, name FROM regression_path WHERE name IN ('lambda', 'df', 'deviance_ratio')) AS s;
SELECT cmp_ok(max(off(g.value, p.value)), '<', 1e-5::float8, format('%s: step %s of the path', model, step))
FROM trained_path JOIN regression_path p USING (model) LEFT JOIN path_got g USING (model, step, name)
WHERE error IS NULL GROUP BY model, step ORDER BY model, step;

SELECT * FROM finish();
