-- SPDX-License-Identifier: PostgreSQL
-- More than two classes: what docs/multinomial.md promises.
BEGIN;
SELECT plan(26);
SET LOCAL client_min_messages = error;
SET LOCAL cia.progress = off;

-- Draws from a softmax regression that is known: classes a, b, c, d.
CREATE FUNCTION u(id bigint, stream int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$SELECT ((hashint8extended(id, stream) & 9007199254740991) + 0.5::float8) / 9007199254740992$$;
CREATE TABLE buyer AS
SELECT id, x, y, place, (SELECT label FROM (VALUES ('a', 0), ('b', 0.5 + x - 0.5 * y), ('c', -0.5 * x + y), ('d', -1 + (place = 'town')::int)) v(label, z)
						 ORDER BY z - ln(-ln(u(id, 100 + ascii(label)))) DESC LIMIT 1) AS next
FROM (SELECT id, 4 * u(id, 1) - 2 AS x, 4 * u(id, 2) - 2 AS y, CASE WHEN u(id, 3) < 0.4 THEN 'town' ELSE 'land' END AS place FROM generate_series(1, 30000) id) s;

SELECT is(algorithm, 'multinomial', 'trained on four labels') FROM cia_train('m', 'buyer', 'next', 'multinomial', id => '{id}', options => '{"l2": 0}');
SELECT is((SELECT count(DISTINCT class) FROM cia_coefficients('m')), 3::bigint, 'every class but the reference has coefficients');
SELECT cmp_ok(count(*), '<=', 2::bigint, 'intervals hold the truth, but for one in twenty')
FROM cia_coefficients('m') JOIN (VALUES ('b', '(Intercept)', 0.5), ('b', 'x', 1), ('b', 'y', -0.5), ('b', 'place = town', 0), ('c', '(Intercept)', 0), ('c', 'x', -0.5),
	('c', 'y', 1), ('c', 'place = town', 0), ('d', '(Intercept)', -1), ('d', 'x', 0), ('d', 'y', 0), ('d', 'place = town', 1)) t(class, term, truth) USING (class, term)
WHERE truth NOT BETWEEN low AND high;
SELECT cmp_ok(max(abs(coefficient - truth)), '<', 0.2::float8, 'and lie near it')
FROM cia_coefficients('m') JOIN (VALUES ('b', '(Intercept)', 0.5), ('b', 'x', 1), ('b', 'y', -0.5), ('c', 'x', -0.5), ('c', 'y', 1), ('d', 'place = town', 1)) t(class, term, truth) USING (class, term);
SELECT is(count(*), 0::bigint, 'probabilities are within [0, 1] and add up to 1')
FROM (SELECT sum(p.value::float8) AS total, min(p.value::float8) AS least FROM buyer b, jsonb_each_text(cia_probabilities('m', b)) p GROUP BY b.id) s
WHERE abs(total - 1) > 1e-12 OR least < 0;
SELECT is(count(*), 0::bigint, 'the class is the likeliest, and the score its probability')
FROM buyer b, LATERAL (SELECT max(p.value::float8) AS most FROM jsonb_each_text(cia_probabilities('m', b)) p) s
WHERE cia_score('m', b) <> most OR (cia_probabilities('m', b)->>cia_class('m', b))::float8 <> most;
SELECT cmp_ok(max(abs(said - came)), '<', 0.02::float8, 'of all rows as many fall to a class as was said')
FROM (SELECT p.key, avg(p.value::float8) AS said, avg((b.next = p.key)::int) AS came FROM buyer b, jsonb_each_text(cia_probabilities('m', b)) p GROUP BY p.key) s;
-- Maximum likelihood with an intercept: sums of probabilities are the counts, on the rows trained on.
SELECT lives_ok($$SELECT cia_train('all', 'buyer', 'next', 'multinomial', id => '{id}', options => '{"l2": 0, "holdout": 0}')$$, 'trained on all rows');
SELECT cmp_ok(max(abs(said - came)), '<', 1e-3::float8, 'the expected count of a class is its count')
FROM (SELECT p.key, sum(p.value::float8) AS said, sum((b.next = p.key)::int) AS came FROM buyer b, jsonb_each_text(cia_probabilities('all', b)) p GROUP BY p.key) s;

-- No class is special.
CREATE VIEW renamed AS SELECT id, x, y, place, CASE next WHEN 'a' THEN 'z' ELSE next END AS next FROM buyer;
SELECT lives_ok($$SELECT cia_train('r', 'renamed', 'next', 'multinomial', id => '{id}', options => '{"l2": 50}')$$, 'the reference renamed, so that another class is it');
SELECT lives_ok($$SELECT cia_train('s', 'buyer', 'next', 'multinomial', id => '{id}', options => '{"l2": 50}')$$, 'as it was');
SELECT cmp_ok(max(abs((cia_probabilities('s', b)->>'b')::float8 - (cia_probabilities('r', b)->>'b')::float8)), '<', 1e-6::float8, 'the reference makes no difference') FROM buyer b;
SELECT cmp_ok(max(abs(s.contribution - r.contribution)), '<', 1e-5::float8, 'nor to a reason')
FROM (SELECT * FROM buyer LIMIT 50) b, cia_explain('s', b) s JOIN cia_explain('r', b) r USING (feature);

-- The same model whatever the order, workers and threads.
SELECT lives_ok($$SELECT cia_train('again', 'SELECT * FROM buyer ORDER BY y', 'next', 'multinomial', id => '{id}', options => '{"l2": 50}')$$, 'in another order');
SET LOCAL cia.threads = 3;
SELECT lives_ok($$SELECT cia_train('again', 'SELECT * FROM buyer ORDER BY x', 'next', 'multinomial', id => '{id}', options => '{"l2": 50}')$$, 'and on three threads');
SELECT is(count(DISTINCT fingerprint), 1::bigint, 'the same bytes') FROM cia_versions WHERE model IN ('s', 'again');

-- One class of interest.
SELECT lives_ok($$SELECT cia_train('d', 'buyer', 'next', 'multinomial', id => '{id}', options => '{"positive": "d", "l2": 0}')$$, 'with a positive class');
SELECT is(count(*), 0::bigint, 'the score is its probability') FROM buyer b WHERE cia_score('d', b) <> (cia_probabilities('d', b)->>'d')::float8;
SELECT cmp_ok(count(DISTINCT cia_class('d', b)), '>', 1::bigint, 'the class is the likeliest all the same') FROM buyer b;
SELECT is(algorithm, 'boosted_trees', 'without the name of the algorithm it is told from all others') FROM cia_train('d', 'buyer', 'next', id => '{id}', options => '{"positive": "d"}');

-- Measures on the holdout are those of the training.
SELECT is(count(*), 6::bigint, 'six measures, the same by cia_train and cia_evaluate')
FROM cia_versions v, cia_evaluate('m', 'buyer') e WHERE v.model = 'm' AND abs(e.value - (v.metrics->>e.metric)::float8) < 1e-12;
SELECT is(value, avg((cia_class('m', b) = next)::int)::float8, 'accuracy is the share of hits') FROM buyer b, cia_evaluate('m', 'buyer', '{"rows": "all"}') e WHERE e.metric = 'accuracy' GROUP BY value;
-- Errors.
SELECT throws_ok($$SELECT cia_train('e', 'buyer', 'next', 'logistic')$$, '22000', NULL, 'an algorithm of two classes refuses four');
SELECT throws_ok($$SELECT cia_train('e', 'SELECT x, id::text AS y FROM buyer', 'y', 'multinomial')$$, '22000', NULL, 'more than 1,000 classes are refused');
SELECT throws_ok($$SELECT cia_train('e', 'SELECT x, 2 * x AS twice, next FROM buyer', 'next', 'multinomial', options => '{"l2": 0}')$$, '22000', NULL, 'so are collinear columns without a penalty');
SELECT throws_ok($$SELECT cia_train('e', 'buyer', 'x', 'multinomial')$$, '42804', NULL, 'and targets that are no labels');
SELECT finish();
ROLLBACK;
