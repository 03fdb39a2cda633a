-- Segments: names last, errors have their SQLSTATE, and what is told of segments adds up.
BEGIN;
SELECT * FROM no_plan();
SET LOCAL client_min_messages = error;
SELECT setseed(0.5) \g /dev/null

-- five kinds of customers, and the same ones a month later: each number has moved by some percent, some have gone and some are new
CREATE TABLE customer AS
SELECT i AS id, i % 5 AS kind, 1000 * (1 + i % 5 % 3) + 200 * (random() + random() + random() - 1.5) AS balance, 10 * (1 + i % 5 / 2) + 4 * (random() + random() + random() - 1.5) AS logins,
	   (ARRAY['web', 'branch'])[1 + i % 2] AS channel
FROM generate_series(1, 5000) i;
CREATE TABLE month_later AS
SELECT id + CASE WHEN id % 19 = 0 THEN 5000 ELSE 0 END AS id, kind, balance * (1.02 + 0.05 * (random() - 0.5)) AS balance, logins * (0.98 + 0.05 * (random() - 0.5)) AS logins, channel FROM customer WHERE id % 23 > 0;
SELECT cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', exclude => '{kind}', options => '{"k": 5, "category_weight": 0}') \g /dev/null
SELECT cia_name_segment('kinds', s.segment, 'kind ' || s.kind)
FROM (SELECT cia_segment('kinds', c) AS segment, mode() WITHIN GROUP (ORDER BY kind) AS kind FROM customer c GROUP BY 1) s \g /dev/null
SELECT set_eq('SELECT segment FROM cia_segment_sizes(''kinds'')', 'SELECT ''kind '' || i FROM generate_series(0, 4) i', 'all segments are named by hand');
SELECT cmp_ok((SELECT avg((cia_segment('kinds', c) = 'kind ' || kind)::int) FROM customer c), '>', 0.97, 'each is one kind');
SELECT cia_retrain('kinds', 'SELECT * FROM month_later') \g /dev/null
SELECT is((SELECT version FROM cia_models), 2, 'the segments of a month later are in production');
SELECT cmp_ok((SELECT avg((cia_segment('kinds@1', m) = cia_segment('kinds@2', m))::int) FROM month_later m), '>=', 0.95, 'at least 95 % of the rows keep their segment''s name');
SELECT cia_train('kinds', 'SELECT * FROM month_later', algorithm => 'kmeans', id => '{id}', exclude => '{kind}', options => '{"k": 5, "category_weight": 0, "seed": 7, "scale": "robust", "promote": "always"}') \g /dev/null
SELECT cmp_ok((SELECT avg((cia_segment('kinds@1', m) = cia_segment('kinds@3', m))::int) FROM month_later m), '>=', 0.95, 'so they do with another seed and another scale');
SELECT ok(verified, 'versions with given names are verified') FROM unnest(ARRAY['kinds@1', 'kinds@3']) m, cia_verify(m) ORDER BY version;

-- the tables agree with each other
SELECT results_eq($$SELECT segment, rows FROM cia_segment_sizes('kinds', 'month_later') ORDER BY 1$$, $$SELECT cia_segment('kinds', m), count(*) FROM month_later m GROUP BY 1 ORDER BY 1$$, 'sizes are what counting finds');
SELECT results_eq($$SELECT from_segment, sum(rows)::bigint FROM cia_segment_migration('kinds', 'customer', 'month_later') WHERE from_segment IS NOT NULL GROUP BY 1 ORDER BY 1$$,
	$$SELECT segment, rows FROM cia_segment_sizes('kinds', 'customer') ORDER BY 1$$, 'all customers come from somewhere');
SELECT results_eq($$SELECT sum(rows) FILTER (WHERE from_segment IS NULL), sum(rows) FILTER (WHERE to_segment IS NULL) FROM cia_segment_migration('kinds', 'customer', 'month_later')$$,
	$$SELECT (SELECT count(*) FROM month_later WHERE id > 5000)::numeric, (SELECT count(*) FROM customer c WHERE NOT EXISTS (SELECT FROM month_later m WHERE m.id = c.id))::numeric$$, 'who is new and who is gone');
SELECT cmp_ok(abs(sum(p.value * s.rows) / sum(s.rows) - min(p.overall)), '<', 1e-9::float8, format('means over segments make the mean over all: %s', p.feature))
FROM cia_segment_profile('kinds', 'customer') p JOIN cia_segment_sizes('kinds', 'customer') s USING (segment) GROUP BY feature, label ORDER BY feature, label;
SELECT is(array_agg(p.feature || p.used ORDER BY p.feature), '{balancetrue,channeltrue,channeltrue,kindfalse,loginstrue}', 'all columns but the id are told of') FROM cia_segment_profile('kinds', 'customer') p WHERE segment = 'kind 0';

-- errors
SELECT cia_train('value', 'SELECT balance, logins FROM customer', 'balance', 'linear') \g /dev/null
SELECT throws_ok($$SELECT cia_name_segment('kinds', 'nobody', 'a')$$, '42704', 'segment "nobody" of model "kinds@3" does not exist');
SELECT throws_ok($$SELECT cia_name_segment('kinds', 'kind 0', 'kind 1')$$, '42710', 'segment "kind 1" of model "kinds@3" already exists');
SELECT throws_ok($$SELECT cia_name_segment('kinds', 'kind 0', '')$$, '42602', 'name of a segment must not be empty');
SELECT throws_ok($$SELECT cia_name_segment('kinds', 'kind 0', repeat('x', 201))$$, '42602');
SELECT throws_ok($$SELECT cia_name_segment('value', 'a', 'b')$$, '42809', 'model "value" has no segments');
SELECT throws_ok($$SELECT cia_segment_sizes('value')$$, '42809', 'model "value" has no segments');
SELECT throws_ok($$SELECT cia_segment_profile('nothing')$$, '42704', 'model "nothing" does not exist');
SELECT throws_ok($$SELECT cia_segment_profile('kinds', 'customer', '{"labels": 0}')$$, '22023', 'option "labels" must be between 1 and 1000');
SELECT throws_ok($$SELECT cia_segment_profile('kinds', 'SELECT id FROM customer')$$, '42703', 'row lacks columns that model "kinds@3" was trained on');
SELECT throws_ok($$SELECT cia_segment_migration('kinds', 'customer', 'TABLE month_later UNION ALL TABLE month_later')$$, '21000', 'source_now has more than one row of a customer');
SELECT throws_ok($$SELECT cia_segment_migration('kinds', 'customer', 'SELECT NULL::int AS id, balance, logins, channel FROM customer')$$, '22004', 'id "id" is null');
SELECT throws_ok($$SELECT cia_segment_migration('kinds', 'customer', 'SELECT id::text, balance, logins, channel FROM customer')$$, '42804', 'id "id" has another type in source_now than in source_then');
SELECT throws_ok($$SELECT cia_segment_migration('kinds', 'customer', 'month_later', '{x}')$$, '42703');
SELECT throws_ok($$SELECT cia_importance('kinds', 'customer')$$, '42809');

SELECT * FROM finish();
ROLLBACK;
