-- The regression family: what each takes, what it refuses, and how its scores come about.
\set VERBOSITY default
\pset null '<null>'
SET client_min_messages = warning;
CREATE TABLE claims AS
	SELECT i AS policy, 20 + i * 37 % 50 AS age, (ARRAY['city', 'land', 'coast'])[1 + i * 7 % 3] AS area,
		0.25 * (1 + i % 8) AS years, i % 40 AS branch, 1 + i % 3 AS copies,
		i * 7919 % 1000 / 1000.0 AS u
	FROM generate_series(1, 600) i;
ALTER TABLE claims ADD count int, ADD amount float8, ADD lapsed boolean;
UPDATE claims SET count = floor(-ln(1 - u) * years * (1 + age / 40.0)), amount = (0.1 - ln(1 - u)) * (50 + age),
	lapsed = u < 1 / (1 + exp(1.5 - age / 40.0));

-- An intercept alone cannot be asked for, but what a model of an indicator says can be said by hand:
-- the rate of each label is its total count by its total exposure.
SELECT algorithm, metric, notes FROM cia_train('rate', 'SELECT area, years, count FROM claims', 'count', 'poisson',
	options => '{"holdout": 0, "exposure": "years"}');
SELECT area, abs(max(cia_score('rate', jsonb_build_object('area', area, 'years', 1))) - sum(count) / sum(years)) < 1e-9 AS is_rate
FROM claims GROUP BY area ORDER BY area;
-- Twice the exposure, twice the count; without one it is the rate.
SELECT cia_score('rate', '{"area": "city", "years": 2}'::jsonb) / cia_score('rate', '{"area": "city", "years": 1}'::jsonb) AS ratio,
	cia_score('rate', '{"area": "city", "years": null}'::jsonb) = cia_score('rate', '{"area": "city", "years": 1}'::jsonb) AS rate_of_one,
	cia_score('rate', '{"area": "city", "years": 0}'::jsonb) AS of_nothing;
SELECT * FROM cia_features('rate') ORDER BY 1;
SELECT round(sum(contribution)::numeric, 9) = round(ln(cia_score('rate', '{"area": "city", "years": 2}'::jsonb))::numeric, 9) AS adds_up
FROM cia_explain('rate', '{"area": "city", "years": 2}'::jsonb);
-- An offset is an exposure whose logarithm is taken already.
SELECT 1 FROM cia_train('offset', 'SELECT area, ln(years) AS log_years, count FROM claims', 'count', 'poisson',
	options => '{"holdout": 0, "offset": "log_years"}') \g /dev/null
SELECT max(abs(a.coefficient - b.coefficient)) < 1e-12 AS same
FROM cia_coefficients('rate') a JOIN cia_coefficients('offset') b USING (term);

-- Gamma with either link, and the negative binomial: means by label are means of the rows.
SELECT 1 FROM cia_train('inverse', 'SELECT area, amount FROM claims', 'amount', 'gamma', options => '{"holdout": 0}') \g /dev/null
SELECT 1 FROM cia_train('log', 'SELECT area, amount FROM claims', 'amount', 'gamma', options => '{"holdout": 0, "link": "log"}') \g /dev/null
SELECT 1 FROM cia_train('nb', 'SELECT area, count FROM claims', 'count', 'negative_binomial', options => '{"holdout": 0}') \g /dev/null
SELECT area, abs(min(cia_score('inverse', c)) / avg(amount) - 1) < 1e-9 AS inverse,
	abs(min(cia_score('log', c)) / avg(amount) - 1) < 1e-9 AS log, abs(min(cia_score('nb', c)) / avg(count) - 1) < 1e-9 AS nb
FROM claims c GROUP BY area ORDER BY area;
SELECT statistic, value > 0 AS positive FROM cia_summary('nb') WHERE statistic IN ('theta', 'theta_error');

-- Links of two classes: shares by label are shares of the rows.
SELECT link, area, abs(min(cia_score(m, c)) - avg(lapsed::int)) < 1e-9 AS share
FROM (VALUES ('logit'), ('probit'), ('cloglog')) l (link),
	LATERAL (SELECT cia_fit(x, lapsed, 'logistic', jsonb_build_object('holdout', 0, 'l2', 0, 'link', link)) AS m
		FROM (SELECT area, lapsed FROM claims) x) f, claims c
GROUP BY link, area ORDER BY link, area;

-- Weights are counts of rows.
SELECT 1 FROM cia_train('weighted', 'SELECT age, area, copies, lapsed FROM claims', 'lapsed', 'logistic', weight => 'copies',
	options => '{"holdout": 0, "l2": 0}') \g /dev/null
SELECT 1 FROM cia_train('copied', 'SELECT age, area, lapsed FROM claims, generate_series(1, copies)', 'lapsed', 'logistic',
	options => '{"holdout": 0, "l2": 0}') \g /dev/null
SELECT max(abs(a.coefficient - b.coefficient)) < 1e-9 AS coefficients, max(abs(a.standard_error - b.standard_error)) < 1e-9 AS errors
FROM cia_coefficients('weighted') a JOIN cia_coefficients('copied') b USING (term);
-- Balanced classes weigh the same: the model is that of weights by hand.
SELECT 1 FROM cia_train('balanced', 'SELECT age, area, lapsed FROM claims', 'lapsed', 'logistic',
	options => '{"holdout": 0, "l2": 0, "class_weight": "balanced"}') \g /dev/null
SELECT 1 FROM cia_train('by hand', 'SELECT age, area, lapsed, count(*) OVER () / (2.0 * count(*) OVER (PARTITION BY lapsed)) AS w FROM claims',
	'lapsed', 'logistic', weight => 'w', options => '{"holdout": 0, "l2": 0}') \g /dev/null
SELECT max(abs(a.coefficient - b.coefficient)) < 1e-9 AS same FROM cia_coefficients('balanced') a JOIN cia_coefficients('by hand') b USING (term);

-- Every row a cluster of its own is HC1 but for the count of clusters; a cluster may be an id and is no feature.
SELECT 1 FROM cia_train('robust', 'SELECT policy, age, area, amount FROM claims', 'amount', 'linear', exclude => '{policy}',
	options => '{"holdout": 0, "robust": true}') \g /dev/null
SELECT features FROM cia_train('clustered', 'SELECT policy, age, area, amount FROM claims', 'amount', 'linear', id => '{policy}',
	options => '{"promote": "always", "holdout": 0, "cluster": "policy"}');
SELECT max(abs(a.standard_error / b.standard_error - 1)) < 1e-9 AS same FROM cia_coefficients('robust') a JOIN cia_coefficients('clustered') b USING (term);
SELECT features FROM cia_train('clustered', 'SELECT branch, age, area, amount FROM claims', 'amount', 'linear',
	options => '{"holdout": 0, "cluster": "branch"}');
SELECT value FROM cia_summary('clustered') WHERE statistic = 'clusters';
SELECT features FROM cia_train('clustered', 'claims', 'amount', 'linear', features => '{age,branch}',
	options => '{"holdout": 0, "cluster": "branch"}');

-- What is refused.
SELECT * FROM cia_train('e', 'SELECT area, count - 1 AS count FROM claims', 'count', 'poisson');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, count FROM claims', 'count', 'gamma');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, count, nullif(years, 1) AS years FROM claims', 'count', 'poisson', options => '{"exposure": "years"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, count, years - 1 AS years FROM claims', 'count', 'poisson', options => '{"exposure": "years"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, age, count FROM claims', 'count', 'poisson', options => '{"exposure": "area"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, count FROM claims', 'count', 'poisson', options => '{"exposure": "yeras"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, count FROM claims', 'count', 'poisson', options => '{"exposure": "count"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, years, count FROM claims', 'count', 'poisson', options => '{"exposure": "years", "offset": "years"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT years, count FROM claims', 'count', 'poisson', options => '{"exposure": "years"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, lapsed FROM claims', 'lapsed', 'logistic', options => '{"link": "log"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, lapsed FROM claims', 'lapsed', 'logistic', options => '{"cluster": "branch"}');
\echo :SQLSTATE
SELECT * FROM cia_train('e', 'SELECT area, amount FROM claims', 'amount', 'linear', options => '{"exposure": "area"}');
\echo :SQLSTATE

SELECT * FROM cia_train('e', 'SELECT area, lapsed FROM claims', 'lapsed', 'logistic', options => '{"marginal_effects": true, "link": "probit"}');
\echo :SQLSTATE

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE claims;
