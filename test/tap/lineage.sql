-- Lineage: the promises of docs/lineage.md.
SELECT plan(27);
SET client_min_messages = error;
SET cia.progress = off;

CREATE TABLE customer AS
SELECT i AS id, u % 10007 AS a, (u % 1013) / 7.0 AS b, (ARRAY['north', 'south', 'east', 'west', NULL])[1 + v % 5] AS region, u % 10007 + 20 * (v % 199) > 6000 AS y, date '2020-01-01' + (v % 900)::int AS since
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, 5000) i) s;
SELECT cia_train('m', 'customer', 'y', 'boosted_trees', id => '{id}', options => '{"trees": 10, "seed": 3}') IS NOT NULL AS trained \g /dev/null
SELECT cia_train('m', 'SELECT * FROM customer WHERE id < 4000', 'y', 'boosted_trees', id => '{id}', exclude => '{b}', options => '{"trees": 12, "seed": 3}') IS NOT NULL AS trained \g /dev/null

SELECT is((SELECT count(*) FROM cia_versions WHERE model = 'm' AND source <> '' AND request ?& '{target,algorithm,id,options}' AND seed = 3 AND rows_used > 3000 AND rows_skipped = 0
	AND intervals ? 'auc' AND seconds > 0 AND trained_by = current_user::regrole AND trained_at <= now() AND cia_version <> '' AND pg_version = current_setting('server_version') AND origin IS NULL),
	2::bigint, 'a version knows who, when, from what and with what');
SELECT is((SELECT jsonb_agg(c ORDER BY n) FROM cia_versions, jsonb_array_elements(columns) WITH ORDINALITY e(c, n) WHERE model = 'm' AND version = 2),
	'[{"name": "id", "type": "integer", "role": "id"}, {"name": "a", "type": "bigint", "role": "feature"}, {"name": "region", "type": "text", "role": "feature"}, {"name": "y", "type": "boolean", "role": "target"}, {"name": "since", "type": "date", "role": "feature"}]'::jsonb,
	'columns with type and role');
SELECT is((SELECT count(*) FROM cia_versions WHERE fingerprint <> encode(sha256(cia_model_send(content)), 'hex')), 0::bigint, 'the fingerprint is that of the bytes');
SELECT is((SELECT pg_get_viewdef('cia_versions'::regclass) ~ 'content::|send\('), false, 'the view decodes no model');

-- export and import
CREATE TABLE document AS SELECT cia_export('m@1') AS export;
SELECT is(cia_export('m@1')::text, (SELECT export::text FROM document), 'a version has one document');
SELECT lives_ok($$ SELECT cia_import('back', export) FROM document $$, 'an export is imported');
SELECT is((SELECT content::text FROM cia_versions WHERE model = 'back'), (SELECT content::text FROM cia_versions WHERE model = 'm' AND version = 1), 'it is the same model');
SELECT is((SELECT fingerprint FROM cia_versions WHERE model = 'back'), (SELECT fingerprint FROM cia_versions WHERE model = 'm' AND version = 1), 'by its fingerprint, too');
SELECT is((SELECT version FROM cia_models WHERE model = 'back'), 1, 'the first version of a new name is in production');
SELECT is((SELECT count(*) FROM customer c WHERE cia_score('back', c) IS DISTINCT FROM cia_score('m@1', c)), 0::bigint, 'it scores the same');
SELECT is((SELECT origin - '{at,by,trained_by}'::text[] FROM cia_versions WHERE model = 'back'), jsonb_build_object('kind', 'import', 'database', current_database(), 'model', 'm', 'version', 1), 'and knows where it comes from');
SELECT is((SELECT cia_import('back', cia_export('m@2'))), 2, 'into a model that there is: one more version');
SELECT is((SELECT version FROM cia_models WHERE model = 'back'), 1, 'which is not in production');
SELECT throws_ok($$ SELECT cia_import('bad', jsonb_set(export, '{content,learned,base,0}', '0.125')) FROM document $$, '22P02', NULL, 'another model than its fingerprint says is refused');
SELECT throws_ok($$ SELECT cia_import('bad', jsonb_set(export, '{lineage,metrics,auc}', '1')) FROM document $$, '22P02', NULL, 'and metrics that the model does not tell');

-- copies, tags, drops
SELECT is(cia_copy_model('m@1', 'copy'), 1, 'a copy is the first version of a new name');
SELECT is((SELECT fingerprint FROM cia_versions WHERE model = 'copy'), (SELECT fingerprint FROM cia_versions WHERE model = 'm' AND version = 1), 'byte by byte');
SELECT results_eq($$ SELECT cia_tag('back@1', 't') UNION ALL SELECT cia_tag('back@2', 't') $$, 'VALUES (1), (2)', 'a tag is put on a version');
SELECT is((SELECT array_agg(version) FROM cia_versions WHERE 't' = ANY (tags)), '{2}'::int[], 'and moves to another one');
SELECT throws_ok($$ SELECT cia_drop_model('back@1') $$, '55000', NULL, 'the version in production is not dropped');
SELECT is(cia_drop_model('back', 0), 0, 'nor is it by number, nor one with a tag');
SELECT throws_ok($$ SELECT cia_rename_model('copy', 'm') $$, '42710', NULL, 'a name is not taken from another model');

-- differences and cards
SELECT is((SELECT count(*) FROM cia_diff('m', 1, 1)), 0::bigint, 'nothing differs from itself');
SELECT set_eq($$ SELECT aspect, item FROM cia_diff('m', 1, 2) WHERE aspect IN ('training', 'request', 'option', 'column', 'rows', 'feature') $$,
	$$ VALUES ('training', 'source'), ('request', 'exclude'), ('option', 'trees'), ('column', 'b'), ('rows', 'used'), ('feature', 'b') $$, 'what differs is told, and nothing else');
SELECT is(cia_model_card('m@1'), cia_model_card('m@1'), 'a version has one card');
DO $$
BEGIN
	EXECUTE replace(substring(cia_model_card('m@2') FROM '(SELECT \* FROM cia_train.*\);)'), 'cia_train(''m''', 'cia_train(''again''');
END $$;
SELECT is((SELECT fingerprint FROM cia_versions WHERE model = 'again'), (SELECT fingerprint FROM cia_versions WHERE model = 'm' AND version = 2), 'its last statement trains the very same model');
SELECT ok(cia_model_card('m') ~ '\| auc \| 0\.\d+ \| 0\.\d+ to 0\.\d+ \|', 'performance has its interval');

SELECT * FROM finish();
