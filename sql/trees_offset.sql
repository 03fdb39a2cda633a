-- Offsets and exposures of boosted_trees.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE TABLE policy AS
SELECT i AS id, 18 + u % 60 AS age, (ARRAY['town', 'land', NULL])[1 + w % 3] AS area, (1 + v % 12) / 12.0 AS years, ln((1 + v % 12) / 12.0) AS log_years,
	   floor((1 + v % 12) / 6.0 * (CASE WHEN u % 60 < 12 THEN 3 ELSE 1 END + w % 3) + (u * v % 100) / 100.0)::int AS claims,
	   (1 + v % 12) * (10 + u % 60 + w % 7) AS cost, v % 12 / 3.0 - 2 AS earlier, w % 97 < 5 + u % 60 + 3 * (v % 12) AS left_us
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 3000) i) s;
CREATE FUNCTION train(name text, target text, options jsonb, rows text DEFAULT 'policy') RETURNS text[] LANGUAGE sql AS
$$SELECT notes FROM cia_train(name, rows, target, 'boosted_trees', id => '{id}', options => options || '{"promote": "always", "trees": 30, "leaves": 8}',
		features => CASE WHEN options ? 'offset' THEN ARRAY['age', 'area', options->>'offset'] WHEN options ? 'exposure' THEN ARRAY['age', 'area', options->>'exposure']
						 ELSE '{age,area}' END)$$;

-- An exposure is the offset of its logarithm; twice the exposure is twice the score, and a missing one is one unit.
SELECT objective, train('e_' || objective, target, jsonb_build_object('objective', objective, 'exposure', 'years')),
	   train('o_' || objective, target, jsonb_build_object('objective', objective, 'offset', 'log_years'))
FROM (VALUES ('poisson', 'claims'), ('gamma', 'cost'), ('tweedie', 'claims')) v(objective, target);
SELECT objective, max(abs(cia_score('e_' || objective, p) / cia_score('o_' || objective, p) - 1)) < 1e-3 AS same,
	   bool_and(abs(cia_score('e_' || objective, jsonb_build_object('age', age, 'area', area, 'years', 2 * years)) / cia_score('e_' || objective, p) - 2) < 1e-9) AS twice,
	   bool_and(cia_score('e_' || objective, jsonb_build_object('age', age, 'area', area, 'years', NULL))
			  = cia_score('e_' || objective, jsonb_build_object('age', age, 'area', area, 'years', 1))) AS unit
FROM policy p, unnest('{poisson,gamma,tweedie}'::text[]) objective GROUP BY objective ORDER BY objective;
-- Poisson: claims by exposure are rates by weight.
SELECT metric FROM cia_train('rates', 'SELECT id, age, area, years, claims / years AS rate FROM policy', 'rate', 'boosted_trees', id => '{id}', weight => 'years',
							 features => '{age,area}', options => '{"objective": "poisson", "trees": 30, "leaves": 8}');
SELECT max(abs(cia_score('rates', jsonb_build_object('age', age, 'area', area))
			 / cia_score('e_poisson', jsonb_build_object('age', age, 'area', area, 'years', 1)) - 1)) < 0.01 AS close FROM policy;
-- Of all rows the scores add up to the claims.
SELECT train('whole', 'claims', '{"objective": "poisson", "exposure": "years", "holdout": 0}');
SELECT abs(sum(cia_score('whole', p)) / sum(claims) - 1) < 0.02 AS balanced FROM policy p;

-- Two classes and values; contributions add up, that of the offset among them.
SELECT train('left', 'left_us', '{"offset": "earlier"}'), train('cost', 'cost', '{"offset": "earlier"}');
SELECT feature, contribution <> 0 AS counts FROM policy p, cia_explain('left', p) WHERE id = 7 ORDER BY feature;
SELECT bool_and(abs(1 / (1 + exp(-margin)) - cia_score('left', p)) < 1e-9) AS adds_up
FROM policy p, LATERAL (SELECT sum(contribution) AS margin FROM cia_explain('left', p)) s WHERE id <= 100;
SELECT bool_and(abs(margin - cia_score('cost', p)) < 1e-6) AS adds_up
FROM policy p, LATERAL (SELECT sum(contribution) AS margin FROM cia_explain('cost', p)) s WHERE id <= 100;
SELECT bool_and(abs(cia_score('cost', jsonb_build_object('age', age, 'area', area, 'earlier', earlier + 5)) - cia_score('cost', p) - 5) < 1e-9) AS added FROM policy p;
SELECT feature, use FROM cia_features('left') ORDER BY feature;
-- Many rows at once are scored as one.
SELECT rows > 0 AS done FROM cia_score_into('e_poisson', 'policy', 'policy_scores', '{id}');
SELECT count(*) FILTER (WHERE s.score = cia_score('e_poisson', p)) = count(*) AS same FROM policy_scores s JOIN policy p USING (id);

-- Going on, with the same exposure only.
SELECT train('more', 'claims', '{"objective": "poisson", "exposure": "years", "continue_from": "e_poisson"}'),
	   train('at_once', 'claims', '{"objective": "poisson", "exposure": "years"}');
SELECT iterations FROM (SELECT content::jsonb->'training'->'iterations' AS iterations FROM cia_versions WHERE model = 'more') s;
SELECT count(*) FROM cia_train('at_once', 'policy', 'claims', 'boosted_trees', id => '{id}', features => '{age,area,years}',
							   options => '{"objective": "poisson", "exposure": "years", "trees": 60, "leaves": 8}');
SELECT max(abs(cia_score('more', p) / cia_score('at_once', p) - 1)) < 0.01 AS same FROM policy p;
SELECT train('bad', 'claims', '{"objective": "poisson", "continue_from": "e_poisson"}');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "offset": "log_years", "continue_from": "e_poisson"}');
\echo :SQLSTATE

-- The same model for any number of threads and any order of rows.
SET cia.threads = 3;
SELECT train('left', 'left_us', '{"offset": "earlier"}', 'SELECT * FROM policy ORDER BY -id');
RESET cia.threads;
SELECT count(DISTINCT content::jsonb->'learned') FROM cia_versions WHERE model = 'left';

-- Errors.
SELECT train('bad', 'cost', '{"exposure": "years"}');
\echo :SQLSTATE
SELECT train('bad', 'cost', '{"objective": "absolute", "offset": "earlier"}');
\echo :SQLSTATE
SELECT train('bad', 'cost', '{"objective": "huber", "offset": "earlier"}');
\echo :SQLSTATE
SELECT train('bad', 'cost', '{"objective": "quantile", "offset": "earlier"}');
\echo :SQLSTATE
SELECT train('bad', 'kind', '{"objective": "softmax", "offset": "earlier"}', 'SELECT id, age, area, earlier, chr(97 + (age + claims) % 3) AS kind FROM policy');
\echo :SQLSTATE
SELECT train('bad', 'left_us', '{"exposure": "years"}');
\echo :SQLSTATE
SELECT count(*) FROM cia_train('bad', 'policy', 'claims', 'random_forest', options => '{"offset": "earlier"}');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "exposure": "years"}', 'SELECT id, age, area, claims, nullif(years, 1) AS years FROM policy');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "exposure": "years"}', 'SELECT id, age, area, claims, years - 1 AS years FROM policy');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "offset": "huge"}', 'SELECT id, age, area, claims, earlier * 1e6 AS huge FROM policy');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "exposure": "years", "monotone": {"years": 1}}');
\echo :SQLSTATE
SELECT train('bad', 'claims', '{"objective": "poisson", "offset": "log_years", "interactions": [["age", "log_years"]]}');
\echo :SQLSTATE

DROP FUNCTION train;
DROP TABLE policy, policy_scores;
SELECT count(cia_drop_model(model)) FROM cia_models;
