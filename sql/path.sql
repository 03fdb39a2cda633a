-- cia_path: the penalties of an elastic net.
CREATE TABLE customer AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) / 10.0 AS visits, u * v % 211 AS noise, v * 7 % 89 AS chance,
	   (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region, 1 + i % 12 AS months,
	   (u + 3 * v) % 97 > 40 + (u % 60) / 3 AS churned, 10 + (v % 300) / 5.0 - u % 60 + (i * 31 % 17) AS spend,
	   (u % 5 + v % 3) * (1 + i % 12) / 4 AS claims
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;

SELECT algorithm, features, regexp_replace(array_to_string(notes, '; '), 'lambda [0-9.e+-]+', 'lambda ?') AS notes
FROM cia_train('spend', 'customer', 'spend', 'linear', exclude => '{churned,claims}', id => '{id}', options => '{"promote": "always", "holdout": 0, "lambda": "auto"}');

-- The path begins with nothing and lets columns in; the error is the least where it is chosen.
SELECT count(*) BETWEEN 5 AND 100 AS steps, min(df) AS first, max(df) AS most, bool_and(deviance_ratio BETWEEN 0 AND 1) AS ratios, sum(chosen::int) AS chosen FROM cia_path('spend');
SELECT step, df, coefficients FROM cia_path('spend') WHERE step = 1;
SELECT (SELECT cv_mean FROM cia_path('spend') WHERE chosen) = (SELECT min(cv_mean) FROM cia_path('spend')) AS least;
SELECT bool_and(lambda < before) AS falling, bool_and(deviance_ratio >= ratio) AS rising
FROM (SELECT lambda, deviance_ratio, lag(lambda) OVER w AS before, lag(deviance_ratio) OVER w AS ratio FROM cia_path('spend') WINDOW w AS (ORDER BY step)) s;

-- What is chosen is the model.
SELECT count(*) AS terms, bool_and(abs(c.coefficient - p.value::float8) <= 1e-12 * abs(c.coefficient)) AS same, bool_and(c.standard_error IS NULL) AS no_errors
FROM cia_path('spend') s, jsonb_each_text(s.coefficients) p(term, value) JOIN cia_coefficients('spend') c USING (term) WHERE s.chosen;
SELECT count(*) AS others FROM cia_path('spend') s, cia_coefficients('spend') c WHERE s.chosen AND NOT s.coefficients ? c.term AND c.coefficient <> 0;

-- The sparser rule, more folds, a shorter path.
SELECT version FROM cia_train('spend', 'customer', 'spend', 'linear', exclude => '{churned,claims}', id => '{id}', options => '{"holdout": 0, "lambda": "auto", "alpha": 0.5, "rule": "1se", "folds": 10, "lambdas": 30}');
SELECT count(*) <= 30 AS short, (SELECT cv_mean FROM cia_path('spend') WHERE chosen) <= min(cv_mean) + (SELECT cv_error FROM cia_path('spend') ORDER BY cv_mean LIMIT 1) AS within,
	   (SELECT step FROM cia_path('spend') WHERE chosen) <= (SELECT step FROM cia_path('spend') ORDER BY cv_mean LIMIT 1) AS sparser FROM cia_path('spend');
SELECT options ->> 'lambda' AS lambda, options ->> 'alpha' AS alpha, options ->> 'folds' AS folds, options ->> 'rule' AS rule FROM cia_versions WHERE model = 'spend' AND version = 2;

-- A penalty of one's own: one step, judged by no fold.
SELECT regexp_replace(array_to_string(notes, '; '), 'lambda [0-9.e+-]+', 'lambda ?') AS notes
FROM cia_train('churn', 'customer', 'churned', 'logistic', exclude => '{spend,claims}', id => '{id}', options => '{"holdout": 0, "lambda": 0.02}');
SELECT step, lambda, cv_mean, cv_error, chosen FROM cia_path('churn');
SELECT count(*) AS steps, sum(chosen::int) AS chosen FROM cia_path((SELECT cia_fit(c, claims, 'poisson', '{"holdout": 0, "lambda": "auto", "alpha": 0.5, "exposure": "months", "exclude": ["id", "spend", "churned"]}') FROM customer c)) WHERE step <= 3;

-- Without a penalty it is maximum likelihood, errors and all.
SELECT bool_and(abs(a.coefficient - b.coefficient) < 1e-8 AND a.standard_error > 0) AS same
FROM cia_coefficients((SELECT cia_fit(c, spend, 'linear', '{"holdout": 0, "lambda": 0, "exclude": ["id", "claims", "churned"]}') FROM customer c)) a
JOIN cia_coefficients((SELECT cia_fit(c, spend, 'linear', '{"holdout": 0, "exclude": ["id", "claims", "churned"]}') FROM customer c)) b USING (term) WHERE NOT a.reference;

-- As glmnet 4.1 has it with thresh = 1e-24, for three alphas.
CREATE TABLE reference (target text, lambda float8, alpha float8, term text, value float8);
INSERT INTO reference VALUES
	('spend', 0.5, 1, '(Intercept)', 35.05447844::float8),
	('spend', 0.5, 1, 'age', -0.9701173214::float8),
	('spend', 0.5, 1, 'visits', 1.97052089::float8),
	('spend', 0.5, 0.5, '(Intercept)', 35.17787109::float8),
	('spend', 0.5, 0.5, 'age', -0.975297145::float8),
	('spend', 0.5, 0.5, 'visits', 1.979041956::float8),
	('spend', 0.5, 0.1, '(Intercept)', 34.96686051::float8),
	('spend', 0.5, 0.1, 'age', -0.9794957512::float8),
	('spend', 0.5, 0.1, 'visits', 1.986308016::float8),
	('spend', 0.5, 0.1, 'noise', 0.003104758756::float8),
	('spend', 0.5, 0.1, 'region = south', -0.006750853586::float8),
	('churned', 0.01, 1, '(Intercept)', 0.8593831501::float8),
	('churned', 0.01, 1, 'age', -0.01697638822::float8),
	('churned', 0.01, 1, 'noise', 0.0006560222513::float8),
	('churned', 0.01, 1, 'chance', -0.00265556538::float8),
	('churned', 0.01, 1, 'region = north', -0.04436674151::float8),
	('churned', 0.01, 1, 'region = south', -0.04395319311::float8),
	('churned', 0.01, 0.5, '(Intercept)', 0.9254190533::float8),
	('churned', 0.01, 0.5, 'age', -0.017620631::float8),
	('churned', 0.01, 0.5, 'visits', -0.0005184691099::float8),
	('churned', 0.01, 0.5, 'noise', 0.0009809698628::float8),
	('churned', 0.01, 0.5, 'chance', -0.003303353623::float8),
	('churned', 0.01, 0.5, 'region = north', -0.1122507605::float8),
	('churned', 0.01, 0.5, 'region = south', -0.1077822951::float8),
	('churned', 0.01, 0.1, '(Intercept)', 1.024824217::float8),
	('churned', 0.01, 0.1, 'age', -0.01799337626::float8),
	('churned', 0.01, 0.1, 'visits', -0.002136967961::float8),
	('churned', 0.01, 0.1, 'noise', 0.001224782773::float8),
	('churned', 0.01, 0.1, 'chance', -0.003821899373::float8),
	('churned', 0.01, 0.1, 'region = north', -0.2000100815::float8),
	('churned', 0.01, 0.1, 'region = south', -0.1939322973::float8),
	('churned', 0.01, 0.1, 'region = (missing)', -0.07920342371::float8),
	('churned', 0.01, 0.1, 'months', 0.0002912673818::float8),
	('claims', 0.05, 1, '(Intercept)', -0.5902274183::float8),
	('claims', 0.05, 1, 'age', 0.005035255691::float8),
	('claims', 0.05, 1, 'noise', 0.0001486290019::float8),
	('claims', 0.05, 1, 'chance', 0.0002699618457::float8),
	('claims', 0.05, 1, 'region = north', -0.06329696202::float8),
	('claims', 0.05, 1, 'region = south', -0.06349565291::float8),
	('claims', 0.05, 1, 'region = (missing)', 0.08310569172::float8),
	('claims', 0.05, 0.5, '(Intercept)', -0.6176699811::float8),
	('claims', 0.05, 0.5, 'age', 0.005356195954::float8),
	('claims', 0.05, 0.5, 'visits', 0.0001127617163::float8),
	('claims', 0.05, 0.5, 'noise', 0.0002430080139::float8),
	('claims', 0.05, 0.5, 'chance', 0.0005086209779::float8),
	('claims', 0.05, 0.5, 'region = north', -0.085298305::float8),
	('claims', 0.05, 0.5, 'region = south', -0.08592353471::float8),
	('claims', 0.05, 0.5, 'region = (missing)', 0.08073496245::float8),
	('claims', 0.05, 0.1, '(Intercept)', -0.6429861551::float8),
	('claims', 0.05, 0.1, 'age', 0.00558173091::float8),
	('claims', 0.05, 0.1, 'visits', 0.0005335737479::float8),
	('claims', 0.05, 0.1, 'noise', 0.000317947181::float8),
	('claims', 0.05, 0.1, 'chance', 0.0006965847036::float8),
	('claims', 0.05, 0.1, 'region = north', -0.1024703085::float8),
	('claims', 0.05, 0.1, 'region = south', -0.1033958611::float8),
	('claims', 0.05, 0.1, 'region = (missing)', 0.07940909625::float8);
CREATE VIEW row_of AS SELECT id, age, visits, noise, chance, region, months FROM customer;
CREATE VIEW fitted AS
SELECT 'spend' AS target, alpha, cia_fit(r, spend, 'linear', jsonb_build_object('holdout', 0, 'id', '{id}'::text[], 'lambda', 0.5, 'alpha', alpha)) AS model
FROM customer c JOIN row_of r USING (id), unnest('{1,0.5,0.1}'::float8[]) alpha GROUP BY alpha
UNION ALL
SELECT 'churned', alpha, cia_fit(r, churned, 'logistic', jsonb_build_object('holdout', 0, 'id', '{id}'::text[], 'lambda', 0.01, 'alpha', alpha))
FROM customer c JOIN row_of r USING (id), unnest('{1,0.5,0.1}'::float8[]) alpha GROUP BY alpha
UNION ALL
SELECT 'claims', alpha, cia_fit(r, claims, 'poisson', jsonb_build_object('holdout', 0, 'id', '{id}'::text[], 'lambda', 0.05, 'alpha', alpha, 'exposure', 'months'))
FROM customer c JOIN row_of r USING (id), unnest('{1,0.5,0.1}'::float8[]) alpha GROUP BY alpha;
SELECT target, alpha, count(r.term) AS terms, count(c.term) = count(r.term) AS same_terms, max(abs(c.value - r.value) / abs(r.value)) < 1e-6 AS same
FROM (SELECT f.target, f.alpha, p.term, p.value::float8 AS value FROM fitted f, cia_path(f.model) s, jsonb_each_text(s.coefficients) p(term, value)) c
FULL JOIN reference r USING (target, alpha, term) GROUP BY target, alpha ORDER BY target, alpha DESC;

-- Groups have paths of their own.
SELECT version FROM cia_train('groups', 'customer', 'spend', 'linear', features => '{age,visits,noise,region}', id => '{id}', options => '{"holdout": 0, "lambda": "auto", "lambdas": 20, "by": "region"}');
SELECT part, count(*) > 4 AS steps, sum(chosen::int) AS chosen FROM cia_path('groups') GROUP BY part ORDER BY part;

-- A model without a path.
SELECT version FROM cia_train('plain', 'customer', 'spend', 'linear', features => '{age}');
SELECT * FROM cia_path('plain');
SELECT * FROM cia_path('nobody');

-- What contradicts itself.
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": "best"}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": -1}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": 1, "l2": 2}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"alpha": 0.5}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": 1, "folds": 5}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambdas": 50}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": "auto", "rule": "best"}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": "auto", "robust": true}');
SELECT * FROM cia_train('x', 'customer', 'spend', 'linear', options => '{"lambda": "auto", "cluster": "region"}');
SELECT * FROM cia_train('x', 'customer', 'churned', 'logistic', options => '{"lambda": "auto", "marginal_effects": true}');
SELECT * FROM cia_train('x', 'customer', 'claims', 'gamma', options => '{"lambda": "auto"}');
SELECT option, type, default_value, minimum, maximum FROM cia_options('linear') WHERE option IN ('lambda', 'alpha', 'lambdas', 'folds', 'rule') ORDER BY option;

DROP VIEW fitted, row_of;
DROP TABLE reference, customer;
SELECT count(cia_drop_model(m)) AS dropped FROM unnest('{spend,churn,groups,plain}'::text[]) m;
