-- SPDX-License-Identifier: PostgreSQL
-- Inference: what docs/regression.md promises.
BEGIN;
SELECT plan(23);
SET LOCAL client_min_messages = error;
CREATE TABLE loans AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) * 10.5 AS balance, (ARRAY['south', 'north', 'east', NULL])[1 + i % 4] AS region,
	   i % 40 AS branch, u % 60 + v % 300 / 4 + i % 4 * 5 + i * 31 % 97 > 120 AS defaulted, (u % 60) * 2.5 + v % 300 + i % 29 AS loss
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 1200) i) s;
SELECT lives_ok($$SELECT cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age,balance,region}', options => '{"promote": "always", "l2": 0, "holdout": 0, "marginal_effects": true}')$$, 'a logistic regression');
SELECT lives_ok($$SELECT cia_train('lgd', 'loans', 'loss', 'linear', features => '{age,balance,region}', options => '{"holdout": 0}')$$, 'a linear one');

-- the table of coefficients
SELECT results_eq($$SELECT term FROM cia_coefficients('pd')$$,
	ARRAY['(Intercept)', 'age', 'balance', 'region = east', 'region = north', 'region = south', 'region = (missing)'],
	'the intercept, then features in order, labels in byte order, missing last');
SELECT results_eq($$SELECT term, coefficient, standard_error FROM cia_coefficients('pd') WHERE reference$$,
	$$VALUES ('region = east', 0::float8, NULL::float8)$$, 'the reference is the first label, and named');
SELECT is(count(*), 0::bigint, 'a number has odds ratios, a test and an interval around it')
FROM cia_coefficients('pd') WHERE NOT reference AND NOT (ratio_low < ratio AND ratio < ratio_high AND p_value BETWEEN 0 AND 1 AND low < coefficient AND coefficient < high);
SELECT is(count(*), 0::bigint, 'no odds ratios of least squares') FROM cia_coefficients('lgd') WHERE ratio IS NOT NULL;
SELECT cmp_ok(max(abs(vif - 1)), '<', 1::float8, 'little inflation where columns are unrelated') FROM cia_coefficients('pd');
SELECT ok(bool_and(sign(marginal_effect) = sign(coefficient)), 'effects have the signs of the coefficients')
FROM cia_coefficients('pd') WHERE NOT reference AND feature IS NOT NULL;

-- z = 37: R's 2 * pnorm(37, lower.tail = FALSE)
CREATE FUNCTION with_learned(name text, parts jsonb) RETURNS cia_model LANGUAGE sql AS
$$SELECT jsonb_set(content::jsonb, '{learned}', content::jsonb -> 'learned' || parts)::cia_model FROM cia_versions WHERE model = name AND production$$;
SELECT cmp_ok(abs(p_value / 1.1451142445049154e-299 - 1), '<', 1e-11::float8, 'a p-value of 1e-299 has its digits')
FROM cia_coefficients(with_learned('pd', '{"intercept": [-37], "standard_errors": [1, 1, 1, null, 1, 1, 1]}')) WHERE term = '(Intercept)';
SELECT ok(bool_and(standard_error IS NULL AND p_value IS NULL AND ratio IS NOT NULL), 'without errors there are no tests')
FROM cia_coefficients(with_learned('pd', '{"standard_errors": [null, null, null, null, null, null, null]}')) WHERE NOT reference;

-- other errors
SELECT lives_ok($$SELECT cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age,balance,region}', options => '{"l2": 0, "holdout": 0, "cluster": "branch"}')$$, 'errors by cluster');
SELECT is(text, 'clustered by branch', 'are told in the summary') FROM cia_summary('pd') WHERE statistic = 'standard_errors';
SELECT is(value, 40::float8, 'with the number of clusters') FROM cia_summary('pd') WHERE statistic = 'clusters';
SELECT is(count(*), 0::bigint, 'estimates stay, errors do not')
FROM cia_coefficients('pd@1') a JOIN cia_coefficients('pd@2') b USING (term) WHERE abs(a.coefficient - b.coefficient) > 1e-9 * abs(a.coefficient) OR a.standard_error = b.standard_error;
SELECT matches(cia_print('pd'), 'Standard errors: clustered by branch \(40 clusters\)', 'and in print');
SELECT lives_ok($$SELECT cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age,balance,region}')$$, 'the default has a penalty');
SELECT matches(cia_print('pd'), 'Penalty: l2 = 1\nThe penalty biases', 'which print tells');

-- reasons
SELECT is(count(*), 0::bigint, 'every reason adds to the margin')
FROM loans l, LATERAL unnest(cia_reasons('pd', l)) r, cia_explain('pd', l) e
WHERE r = feature || coalesce(' = ' || value, ' is missing') AND contribution <= 0;
SELECT is(max(cardinality(cia_reasons('pd', l))), 3, 'no more reasons than features, no more than asked for') FROM loans l;
CREATE TEMP TABLE kept AS SELECT id, cia_reasons('pd@1', l) AS reasons FROM loans l;
SELECT lives_ok($$SELECT cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{balance}')$$, 'a new version');
SELECT is(count(*), 0::bigint, 'an old one gives the same reasons for ever') FROM loans l JOIN kept USING (id) WHERE reasons <> cia_reasons('pd@1', l);
SELECT throws_ok($$SELECT cia_reasons('pd', l, 0) FROM loans l$$, '22023', 'k must be between 1 and 100');
SELECT throws_ok($$SELECT * FROM cia_coefficients('pd', 1)$$, '22023', 'confidence must be between 0 and 1');
SELECT * FROM finish();
ROLLBACK;
