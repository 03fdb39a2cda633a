-- Versions: which one goes into production, by the rule of the model and by hand.
CREATE TABLE client AS
SELECT i AS id, (u % 1000) / 10.0 AS a, (v % 997) / 10.0 AS b, 'g' || i % 3 AS g, (u % 1000) / 10.0 + (v % 997) / 20.0 + (w % 1009) / 15.0 > 90 AS y,
	   (u % 1000) / 10.0 + (w % 1009) / 20.0 AS z, (ARRAY['low', 'middle', 'high'])[1 + least(2, ((u % 1000) / 10.0 + (w % 1009) / 15.0)::int / 50)] AS k
FROM (SELECT i, i * 7919 AS u, i * 104729 AS v, i * 15485863 AS w FROM generate_series(1, 3000::bigint) i) s;
-- What was decided, without intervals, which are the core's to test.
CREATE FUNCTION decided(name text, query text DEFAULT 'client', target text DEFAULT 'y', features text[] DEFAULT NULL, options jsonb DEFAULT '{}', id text[] DEFAULT '{id}',
						algorithm text DEFAULT 'logistic') RETURNS text LANGUAGE sql AS $$
	SELECT version || CASE WHEN promoted THEN ' promoted' ELSE ' kept back' END ||
		   coalesce(' | ' || (SELECT regexp_replace(n, ' \(difference.*', '') FROM unnest(notes) n WHERE n ~ 'promoted: '), '')
	FROM cia_train(name, query, target, algorithm, features => features, id => id, options => options)
$$;

-- The first version goes into production, a better one too, a worse one and the same one do not.
SELECT decided('m', features => '{a}');
SELECT decided('m', features => '{a,b}');
SELECT decided('m', features => '{b}');
SELECT decided('m', features => '{a,b}');
SELECT version, production, decision ~ '^(not )?promoted: ' AS decided FROM cia_versions WHERE model = 'm' ORDER BY version;
SELECT number, version, previous, kind, left(reason, 31) AS reason, promoted_by = current_user::regrole AS by_me, promoted_at = now() AS now FROM cia_promotions WHERE model = 'm' ORDER BY number;
-- The reason is what cia_compare says of both.
SELECT notes[1] = format('not promoted: auc %s against %s of version 2 on %s rows that neither has seen (difference %s, 95 %% from %s to %s, p < 0.001)',
						 round(auc.a::numeric, 3), round(auc.b::numeric, 3), rows.a, round(auc.difference::numeric, 3), round(auc.low::numeric, 3), round(auc.high::numeric, 3)) AS same
FROM cia_versions v, (SELECT * FROM cia_compare('m@3', 'm@2', 'client')) auc, (SELECT * FROM cia_compare('m@3', 'm@2', 'client')) rows
WHERE model = 'm' AND version = 3 AND auc.metric = 'auc' AND rows.metric = 'rows';

-- Keys of rows may be made of other columns: the rows are those that cia_compare finds.
CREATE FUNCTION common(a text, b text, query text DEFAULT 'client') RETURNS text LANGUAGE sql AS $$
	SELECT a::int || ' rows' FROM cia_compare(a, b, query, '{"rows": "holdout"}') WHERE metric = 'rows' $$;
SELECT decided('keys', features => '{a,b}', id => NULL);
SELECT decided('keys', features => '{a,b,g}', id => NULL), common('keys@2', 'keys@1');
SELECT decided('keys', features => '{a,b,g}', id => '{id}', options => '{"l2": 7}'), common('keys@3', 'keys@2');
SELECT decided('keys', features => '{a}', id => '{id,g}'), common('keys@4', 'keys@2');
SELECT decided('keys', features => '{a,b}', id => NULL, options => '{"by": "g"}'), common('keys@5', 'keys@2');
SELECT decided('keys', features => '{a,b,g}', id => NULL, options => '{"holdout": 0.5}'), common('keys@6', 'keys@2');
-- Of a calibrated model one half of the holdout counts.
SELECT decided('half', features => '{a}', options => '{"calibrate": "platt"}');
SELECT decided('half', features => '{a,b}'), common('half@2', 'half@1');
SELECT decided('half', features => '{b}', options => '{"calibrate": "platt"}'), common('half@3', 'half@2');
-- Rows that were equal to the champion and had no id: it has held out a share of them, if not which ones.
SELECT decided('equal', 'SELECT round(a, -1) AS a, g, y FROM client', id => NULL, features => '{a}');
SELECT promoted, substring(notes[1] FROM 'on (\d+) rows')::int BETWEEN 90 AND 150 AS a_fifth_of_the_holdout
FROM cia_train('equal', 'SELECT round(a, -1) AS a, g, y FROM client', 'y', 'logistic');
-- Columns that only the champion has are read beside: numbers, labels, arrays, and the groups of parts.
SELECT decided('beside', 'SELECT *, ARRAY[a, b]::float8[] AS v FROM client', features => '{g,v}');
SELECT decided('beside', 'SELECT *, ARRAY[a, b]::float8[] AS v FROM client', features => '{b}'), common('beside@2', 'beside@1', 'SELECT *, ARRAY[a, b]::float8[] AS v FROM client');
SELECT decided('parts', 'SELECT *, id % 4 AS n FROM client', features => '{a}', options => '{"by": "n"}');
SELECT decided('parts', 'SELECT *, id % 4 AS n FROM client', features => '{b,n}'), common('parts@2', 'parts@1', 'SELECT *, id % 4 AS n FROM client');
SELECT decided('parts', 'SELECT *, id % 4 AS n FROM client', features => '{b}', options => '{"by": "g"}'), common('parts@3', 'parts@1', 'SELECT *, id % 4 AS n FROM client');
-- Infinity in such a column leaves no score to compare with.
SELECT decided('endless', target => 'z', features => '{a}', algorithm => 'linear');
SELECT decided('endless', $$SELECT id, CASE id % 100 WHEN 0 THEN float8 'inf' ELSE a END AS a, b, z FROM client$$, target => 'z', features => '{b}', algorithm => 'linear');

-- Values, several classes, trees, weights.
SELECT decided('value', target => 'z', features => '{b}', algorithm => 'linear');
SELECT decided('value', target => 'z', features => '{a}', algorithm => 'boosted_trees', options => '{"trees": 20}');
SELECT decided('several', target => 'k', features => '{b}', algorithm => 'multinomial');
SELECT decided('several', target => 'k', features => '{a}', algorithm => 'multinomial');
SELECT version, promoted FROM cia_train('several', 'SELECT *, 1 + id % 3 AS w FROM client', 'k', 'boosted_trees', features => '{b}', id => '{id}', weight => 'w', options => '{"trees": 5}');

-- What cannot be compared stays out, and says how to get in.
SELECT decided('m', target => 'z', features => '{a}', algorithm => 'linear');
SELECT decided('m', 'SELECT id, a, b, y::int FROM client', features => '{a}', algorithm => 'linear');
SELECT decided('m', 'SELECT id, a, b, y FROM client', features => '{a}', options => '{"holdout": 0}');
SELECT decided('m', 'SELECT id, a, b, y FROM client', features => '{a}', options => '{"positive": "false"}');
SELECT decided('m', $$SELECT id, a, b, CASE WHEN id % 50 = 0 THEN 'maybe' ELSE y::text END AS y FROM client$$, options => '{"positive": "true"}');
SELECT decided('m', 'SELECT id, a, b, y FROM client WHERE id <= 30', features => '{a}', options => '{"holdout": 0.01}');
SELECT decided('O''Neill "ü"', features => '{a}', options => '{"holdout": 0}');
SELECT decided('O''Neill "ü"', features => '{a}');
SELECT decided('keyless', 'SELECT a, b, 1 AS one, y FROM client', id => NULL);
SELECT decided('keyless', 'SELECT a, b, y FROM client', id => NULL, options => '{"l2": 5}');
-- A champion that can score no more makes room.
SELECT decided('m', 'SELECT id, a, g, y FROM client');
SELECT decided('m', $$SELECT id, a, g, y FROM client$$, features => '{a}', options => '{"holdout": 0}');
SELECT decided('m', 'SELECT id, a::text, g, y FROM client WHERE id < 500');
SELECT cia_promote('m', 2);
SELECT decided('m', 'SELECT id, jsonb_build_array(a) AS a, b, g, y FROM client', features => '{b}');
SELECT decided('arrays', 'SELECT id, ARRAY[a, b]::float8[] AS v, y FROM client');
SELECT decided('arrays', 'SELECT id, ARRAY[a, b, a]::float8[] AS v, y FROM client', options => '{"l2": 5}');

UPDATE cia_registry SET production = 77 WHERE name = 'arrays';
SELECT decided('arrays', 'SELECT id, ARRAY[a, b]::float8[] AS v, y FROM client', options => '{"l2": 9}');

-- The rule is the model's: it holds until another one is given.
SELECT decided('rule', features => '{a,b}', options => '{"promote": "always"}');
SELECT decided('rule', features => '{b}');
SELECT decided('rule', features => '{b}');
SELECT decided('rule', features => '{a,b}', options => '{"promote": "never", "l2": 3}');
SELECT decided('rule', features => '{a,b}', options => '{"l2": 4}');
SELECT decided('rule', features => '{a,b}', options => '{"promote": "better", "l2": 5}');
SELECT version, previous, reason FROM cia_promotions WHERE model = 'rule' AND number < 4 ORDER BY number;
-- It is no part of the model, nor of what a retraining would do.
SELECT count(*) FROM cia_versions WHERE model = 'rule' AND (options ? 'promote' OR content::jsonb->'options' ? 'promote');
SELECT decided('rule', options => '{"promote": "sometimes"}');
\echo :SQLSTATE
SELECT decided('rule', options => '{"promote": true}');
SELECT cia_fit(c, y, 'logistic', '{"promote": "always"}') FROM client c;
\echo :SQLSTATE
SELECT * FROM cia_cross_validate('client', 'y', 'logistic', options => '{"promote": "always"}');

-- No version in production: an error of its own, but by number all works.
SELECT decided('shadow', features => '{a}', options => '{"promote": "never"}');
SELECT cia_score('shadow', c) FROM client c;
\echo :SQLSTATE
SELECT * FROM cia_evaluate('shadow', 'client');
SELECT count(cia_score('shadow@1', c)) FROM client c;
SELECT model, version, versions, algorithm, trained_at FROM cia_models WHERE model = 'shadow';
SELECT version, production FROM cia_versions WHERE model = 'shadow';
SELECT decided('shadow', features => '{a,b}');
SELECT cia_rollback('shadow');
\echo :SQLSTATE
SELECT cia_promote('shadow', 2, 'reviewed by two');
SELECT count(*) FILTER (WHERE cia_score('shadow', c) = cia_score('shadow@2', c)) AS second FROM client c;
SELECT version, previous, kind, reason FROM cia_promotions WHERE model = 'shadow';

-- By hand: any version, by number or by name@version; there already is no promotion.
SELECT cia_promote('m', 2);
SELECT cia_promote('m@3', reason => 'to see');
SELECT cia_promote('m', 3);
SELECT cia_promote('m', 99);
\echo :SQLSTATE
SELECT cia_promote('m@99');
\echo :SQLSTATE
SELECT cia_promote('m');
\echo :SQLSTATE
SELECT cia_promote('m@2', 3);
SELECT cia_promote('nobody', 1);
SELECT cia_promote(NULL, 1);
\echo :SQLSTATE
-- Back, step by step, to the first one and no further; then forward again.
SELECT decided('way', features => '{a}', options => '{"promote": "always"}'), decided('way', features => '{b}'), decided('way', features => '{g}');
SELECT cia_rollback('way');
SELECT cia_rollback('way', 'that one, too');
SELECT cia_rollback('way');
\echo :SQLSTATE
SELECT decided('way', features => '{a,b}'), cia_promote('way', 2), cia_promote('way', 4);
SELECT cia_rollback('way'), cia_rollback('way'), cia_rollback('way');
SELECT number, version, previous, kind, reason FROM cia_promotions WHERE model = 'way' ORDER BY number;
SELECT cia_rollback('way@2');
\echo :SQLSTATE
SELECT cia_rollback('nobody');
SELECT cia_rollback(NULL);
-- In a transaction: in force at once, undone by ROLLBACK.
BEGIN;
SELECT cia_promote('way', 3);
SELECT count(*) FILTER (WHERE cia_score('way', c) = cia_score('way@3', c)) AS third FROM client c;
ROLLBACK;
SELECT count(*) FILTER (WHERE cia_score('way', c) = cia_score('way@1', c)) AS first FROM client c;
BEGIN READ ONLY;
SELECT cia_promote('way', 3);
\echo :SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_rollback('way');
ROLLBACK;

-- Others see and change nothing.
CREATE ROLE regress_cia_vera;
SET ROLE regress_cia_vera;
SELECT count(*) FROM cia_promotions;
\set VERBOSITY terse
SELECT cia_promote('way', 2);
\echo :SQLSTATE
SELECT cia_rollback('way');
\set VERBOSITY default
RESET ROLE;
DROP ROLE regress_cia_vera;

-- The champion that a training is compared with counts in cia.max_memory; without a comparison it is not read.
SELECT version FROM cia_train('large', 'SELECT * FROM generate_series(1, 6000) x, LATERAL (SELECT x * 7919 % 5003 AS y) y', 'y', 'random_forest', options => '{"trees": 60, "min_rows": 2}');
SET cia.max_memory = '1MB';
\set VERBOSITY sqlstate
SELECT promoted FROM cia_train('large', 'SELECT x, x * 7919 % 5003 AS y FROM generate_series(1, 100) x', 'y', 'linear');
\set VERBOSITY default
SELECT promoted FROM cia_train('large', 'SELECT x, x * 7919 % 5003 AS y FROM generate_series(1, 100) x', 'y', 'linear', options => '{"promote": "never"}');
RESET cia.max_memory;

SELECT count(cia_drop_model(model)) > 0 AS dropped FROM cia_models;
SELECT count(*) FROM cia_promotion;
DROP FUNCTION decided, common;
DROP TABLE client;
