-- SPDX-License-Identifier: PostgreSQL
-- Penalties: what docs/penalties.md promises.
BEGIN;
SELECT plan(13);
SET LOCAL client_min_messages = error;
CREATE TABLE account AS
SELECT i AS id, i % 300 AS customer, 18 + u % 60 AS age, (v % 300) * 10.5 AS balance, (ARRAY['south', 'north', 'east', NULL])[1 + i % 4] AS region,
	   u * 7 % 53 AS a, v * 3 % 47 AS b, (u + v) % 41 AS c, u % 60 + v % 300 / 4 + i * 31 % 97 > 120 AS defaulted, (u % 60) * 2.5 + v % 300 + i % 29 AS loss
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 1200) i) s;
CREATE FUNCTION train(name text, target text, algorithm text, options jsonb) RETURNS text LANGUAGE sql AS
$$SELECT array_to_string(notes, '; ') FROM cia_train(name, 'SELECT * FROM account ORDER BY random()', target, algorithm,
	features => '{age,balance,region,a,b,c}', id => '{customer}', options => options)$$;

SELECT matches(train('pd', 'defaulted', 'logistic', '{"lambda": "auto"}'), 'lambda .* chosen by the least error over 5 folds: it keeps [0-9]+ of 8 columns', 'a note tells of the choice');
SELECT is((SELECT df FROM cia_path('pd') WHERE step = 1), 0, 'the path begins with nothing');
SELECT is(max(lambda) / min(lambda) <= 10001, true, 'and goes down to a ten-thousandth at most') FROM cia_path('pd');
SELECT is((SELECT cv_mean FROM cia_path('pd') WHERE chosen), (SELECT min(cv_mean) FROM cia_path('pd')), 'the least error is chosen');
SELECT lives_ok($$SELECT train('pd', 'defaulted', 'logistic', '{"lambda": "auto"}')$$, 'again, rows in another order');
SELECT is(count(DISTINCT fingerprint), 1::bigint, 'folds do not depend on chance') FROM cia_versions WHERE model = 'pd';
SELECT matches(train('pd', 'defaulted', 'logistic', '{"lambda": "auto", "rule": "1se"}'), 'one standard error', 'the sparser rule');
SELECT ok((SELECT df FROM cia_path('pd@3') WHERE chosen) <= (SELECT df FROM cia_path('pd@1') WHERE chosen), 'keeps no more columns');
SELECT is(count(*), 0::bigint, 'no errors, no tests') FROM cia_coefficients('pd') WHERE standard_error IS NOT NULL OR p_value IS NOT NULL;
SELECT lives_ok($$SELECT train('lgd', 'loss', 'linear', '{"lambda": "auto", "alpha": 0}')$$, 'ridge');
SELECT is(min(df), 8, 'takes nothing out') FROM cia_path('lgd');
SELECT throws_ok($$SELECT train('x', 'loss', 'linear', '{"lambda": 1, "l2": 1}')$$, '22023', 'option "l2" cannot be combined with option "lambda"');
SELECT cmp_ok(corr(cia_score('lgd', t), loss), '>', 0.9::float8, 'scores as any regression') FROM account t;
SELECT * FROM finish();
ROLLBACK;
