-- Models under other names, versions that go, tags and comments.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS y, i * i % 11 > 5 AS label FROM generate_series(1, 200) i;
CREATE FUNCTION train(name text, l2 int) RETURNS int LANGUAGE sql AS
	$$SELECT version FROM cia_train(name, 'points', 'label', 'logistic', id => '{id}', options => jsonb_build_object('l2', l2))$$;
-- which version is in production is not what is tested here
CREATE FUNCTION put(name text, version int) RETURNS void LANGUAGE sql AS
	$$UPDATE cia_registry r SET production = put.version WHERE r.name = put.name$$;
CREATE VIEW kept AS SELECT model, version, production, tags, comment FROM cia_versions ORDER BY model, version;

SELECT train('m', l2) FROM generate_series(1, 6) l2;
SELECT put('m', 2);

-- Tags: one is on one version of a model, and moves.
SELECT cia_tag('m@4', 'audited');
SELECT cia_tag('m@4', 'Prüfung "2026", Q1');
SELECT cia_tag('m', 'champion');
SELECT cia_tag('m@5', 'champion');
SELECT cia_tag('m@5', 'champion');
SELECT version, tags FROM kept WHERE tags <> '{}';
SELECT cia_untag('m', 'champion');
SELECT cia_untag('m', 'champion');
\echo :SQLSTATE
SELECT cia_untag('m@4', 'audited');
\echo :SQLSTATE
SELECT cia_tag('m', '');
\echo :SQLSTATE
SELECT cia_tag('m', repeat('ü', 32));
SELECT cia_tag('m@9', 'none');
\echo :SQLSTATE
SELECT cia_tag('nobody', 'none');
SELECT cia_tag('m', NULL);

-- Comments: one per version.
SELECT cia_comment('m@1', 'first try');
SELECT cia_comment('m', 'in use; reviewed by "the board"');
SELECT cia_comment('m', E'in use\nreviewed by ''Größe'' | <b>');
SELECT version, comment FROM kept WHERE comment IS NOT NULL;
SELECT cia_comment('m@1', NULL), cia_comment('m@3', ''), cia_comment('m@3', NULL);
SELECT version FROM kept WHERE comment IS NOT NULL;
SELECT cia_comment(NULL, 'of nothing');
\echo :SQLSTATE
SELECT cia_comment('m@9', 'of nothing');
\echo :SQLSTATE

-- One version goes, not the one in production; its number is not given out again.
SELECT cia_drop_model('m@2');
\echo :SQLSTATE
SELECT cia_drop_model('m@6');
SELECT cia_drop_model('m@6');
\echo :SQLSTATE
SELECT train('m', 7);
SELECT put('m', 2);
SELECT cia_score('m@6', p) FROM points p;
SELECT count(cia_score('m@7', p)) FROM points p;

-- Old versions go, but not the one in production, and none with a tag.
SELECT cia_drop_model('m', 100) AS none;
SELECT cia_drop_model('m', NULL);
SELECT cia_drop_model('m', 2) AS dropped;
SELECT * FROM kept;
BEGIN;
SELECT cia_drop_model('m', 0) AS dropped;
SELECT version FROM kept;
SELECT count(cia_score('m', p)) FROM points p;
ROLLBACK;
SELECT version FROM kept;
SELECT count(cia_score('m@7', p)) FROM points p;
SELECT cia_drop_model('m', -1);
\echo :SQLSTATE
SELECT cia_drop_model('m@4', 1);
SELECT cia_drop_model('nobody', 1);
-- a version takes its tags and its comment along
SELECT cia_comment('m@4', 'goes as well');
SELECT cia_drop_model('m@4');
SELECT count(*) AS tags FROM cia_tag;
SELECT count(*) AS comments FROM cia_remark;

-- Of a model without a version in production all may go; the name stays, with its rights.
SELECT train('idle', 1);
SELECT put('idle', NULL);
SELECT cia_drop_model('idle', 0);
SELECT train('idle', 2);
SELECT cia_drop_model('idle');

-- Renaming: all goes along, and the old name is free.
SELECT cia_tag('m@5', 'old');
SELECT cia_rename_model('m', 'Müller''s "best"; --');
SELECT * FROM kept;
SELECT cia_score('m', p) FROM points p;
SELECT count(cia_score('Müller''s "best"; --', p)) FROM points p;
SELECT train('m', 1);
SELECT cia_rename_model('Müller''s "best"; --', 'm');
\echo :SQLSTATE
SELECT cia_rename_model('m', 'm');
\echo :SQLSTATE
SELECT cia_rename_model('m@1', 'n');
\echo :SQLSTATE
SELECT cia_rename_model('m', 'n@1');
SELECT cia_rename_model('m', '');
SELECT cia_rename_model('m', repeat('ü', 32));
\echo :SQLSTATE
SELECT cia_rename_model('nobody', 'n');
\echo :SQLSTATE
SELECT cia_drop_model('m');
SELECT cia_rename_model('Müller''s "best"; --', 'm');
BEGIN;
SELECT cia_rename_model('m', 'n');
SELECT count(cia_score('n', p)) FROM points p;
ROLLBACK;
SELECT count(cia_score('m', p)) FROM points p;

-- Copying: one version, with its lineage but without tags and comment.
SELECT cia_copy_model('m', 'copy');
SELECT cia_copy_model('m@5', 'copy');
SELECT * FROM kept WHERE model = 'copy';
SELECT a.version, b.version AS copied_as, a.fingerprint = b.fingerprint AS same_bytes, a.trained_at = b.trained_at AND a.trained_by = b.trained_by AS same_training,
	   a.request = b.request AND a.columns = b.columns AND a.metrics = b.metrics AND a.intervals = b.intervals AND a.notes = b.notes AS same_lineage,
	   b.origin - '{by,at}'::text[] AS origin, b.origin->>'by' = quote_ident(current_user) AS mine, now() - (b.origin->>'at')::timestamptz < '1 hour' AS just_now
FROM cia_versions b JOIN cia_versions a ON a.model = b.origin->>'model' AND a.version = (b.origin->>'version')::int
WHERE b.model = 'copy' ORDER BY b.version;
SELECT version, previous, kind, reason FROM cia_promotion p JOIN cia_registry r ON r.id = p.model WHERE r.name = 'copy';
SELECT count(*) FILTER (WHERE cia_score('copy', p) = cia_score('m', p)) AS same, count(*) FILTER (WHERE cia_score('copy@2', p) = cia_score('m@5', p)) AS same_too FROM points p;
SELECT cia_copy_model('copy@2', 'copy');
SELECT version, origin->'kind' AS kind, origin->'version' AS from_version, origin#>'{origin,model}' AS from_model FROM cia_versions WHERE model = 'copy' AND version = 3;
SELECT cia_copy_model('m@9', 'copy');
\echo :SQLSTATE
SELECT cia_copy_model('m', 'copy@2');
\echo :SQLSTATE
SELECT cia_copy_model('nobody', 'copy');
SELECT cia_copy_model('m', NULL);

-- Tags and comments make nobody load a model anew; a new name does.
SELECT count(cia_score('m', p)) FROM points p;
SELECT count(*) AS loaded FROM pg_backend_memory_contexts WHERE name = 'cia model' \gset
SELECT cia_tag('m', 'quiet'), cia_untag('m', 'quiet'), cia_comment('m', 'quiet');
SELECT count(*) > 0 AS loaded, count(*) = :loaded AS the_same FROM pg_backend_memory_contexts WHERE name = 'cia model';
SELECT cia_rename_model('m', 'loud');
SELECT cia_rename_model('loud', 'm');
SELECT count(*) AS loaded FROM pg_backend_memory_contexts WHERE name = 'cia model';

-- Nothing is written where nothing may be.
BEGIN READ ONLY;
SELECT cia_drop_model('m', 1);
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_tag('m', 'late');
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_untag('m', 'old');
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_comment('m', 'late');
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_rename_model('m', 'late');
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_copy_model('m', 'late');
\echo :SQLSTATE
ROLLBACK;

-- Only who may manage a model may do any of this.
CREATE ROLE regress_cia_other;
GRANT SELECT ON points TO regress_cia_other;
SET ROLE regress_cia_other;
\set VERBOSITY terse
SELECT cia_drop_model('m', 1);
SELECT cia_drop_model('m@5');
SELECT cia_tag('m', 'mine');
SELECT cia_untag('m', 'old');
SELECT cia_comment('m', 'mine');
SELECT cia_rename_model('m', 'mine');
SELECT cia_copy_model('m', 'mine');
\echo :SQLSTATE
SELECT train('mine', 1);
SELECT cia_copy_model('mine', 'm');
SELECT cia_rename_model('mine', 'm');
\set VERBOSITY default
SELECT cia_tag('mine', 'first'), cia_comment('mine', 'my own'), cia_copy_model('mine', 'mine too');
SELECT model, version, production, tags, comment FROM cia_versions ORDER BY model;
SELECT * FROM cia_tag;
\echo :SQLSTATE
SELECT * FROM cia_remark;
RESET ROLE;

-- Lineage: what was read, in which role.
SELECT version FROM cia_train('roles', 'SELECT id, x, y AS weight, x / 10.0 AS given, x % 3 AS place, array[x, y]::float8[] AS both, label FROM points', 'label', 'logistic',
	id => '{id}', weight => 'weight', exclude => '{x}', options => '{"cluster": "place", "offset": "given"}');
SELECT c.* FROM cia_versions v, jsonb_to_recordset(v.columns) c(name text, type text, role text) WHERE model = 'roles';
SELECT request, parent IS NULL AS first, seed, origin, cia_version = (SELECT extversion FROM pg_extension WHERE extname = 'cia') AS this_version,
	   pg_version = current_setting('server_version') AS this_server, tags, comment
FROM cia_versions WHERE model = 'roles';
SELECT metric, i.low < value AND value < i.high AS within
FROM cia_versions, LATERAL (SELECT (intervals->metric->>0)::float8, (intervals->metric->>1)::float8) i(low, high) WHERE model = 'roles';
-- the intervals are those of cia_evaluate
SELECT count(*) > 5 AS some, count(*) FILTER (WHERE abs((v.intervals->e.metric->>0)::float8 - e.low) < 1e-9 AND abs((v.intervals->e.metric->>1)::float8 - e.high) < 1e-9) = count(*) AS same
FROM cia_versions v, cia_evaluate('m@5', 'points') e WHERE v.model = 'm' AND v.version = 5 AND e.low IS NOT NULL;

SELECT count(cia_drop_model(model)) FROM cia_models;
SELECT count(*) AS rows_left FROM (SELECT model FROM cia_tag UNION ALL SELECT model FROM cia_remark UNION ALL SELECT id FROM cia_registry) t;
DROP VIEW kept;
DROP FUNCTION train, put;
DROP TABLE points;
DROP ROLE regress_cia_other;
