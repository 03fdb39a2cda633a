-- Models as documents: the round trip, and what damaged documents are answered.
SET cia.progress = off;
CREATE TABLE points AS
SELECT i AS id, i % 17 AS "x ""1""", (i * 7 % 5)::float8 / 3 AS "größe", i * i % 11 > 5 AS label, 1 + i * 7 % 5 AS amount,
	   (ARRAY['a', 'b "quoted" \ ü', 'c'])[1 + i % 3] AS kind, ARRAY[i % 8, i % 13]::float8[] AS both, CASE WHEN i % 9 > 0 THEN i % 4 END AS gaps
FROM generate_series(1, 600) i;

-- Every algorithm, and what has parts, bins, a path or a calibration, comes back byte by byte.
CREATE TABLE asked (model text, algorithm text, target text, options jsonb);
INSERT INTO asked
SELECT algorithm || ' ' || task, algorithm, CASE task WHEN 'regression' THEN 'amount' WHEN 'classification' THEN 'label' WHEN 'multiclass classification' THEN 'kind' END,
	   CASE WHEN algorithm IN ('boosted_trees', 'random_forest') THEN jsonb '{"seed": 7, "trees": 5}' ELSE '{}' END
FROM cia_algorithms
UNION ALL VALUES ('by group', 'logistic', 'label', jsonb '{"by": "kind"}'), ('net', 'linear', 'amount', '{"lambda": 0.01, "alpha": 0.5}'),
	('woe', 'logistic', 'label', '{"encode": "woe"}'), ('calibrated', 'boosted_trees', 'label', '{"trees": 3, "calibrate": "isotonic", "holdout": 0.5}');
SET client_min_messages = error;
SELECT count(*) AS trained FROM asked a, LATERAL (SELECT cia_train(a.model, 'points', a.target, a.algorithm, id => '{id}', options => a.options) OFFSET 0) t;
RESET client_min_messages;
CREATE TABLE document AS SELECT model, cia_export(model) AS export FROM cia_models;
SELECT count(cia_import('back: ' || model, export)) AS imported FROM document;
CREATE VIEW lines AS SELECT model, to_jsonb(v) - '{model,content,origin,trained_by,size,decision}'::text[] AS line FROM cia_versions v;
SELECT a.model, cia_model_send(va.content) = cia_model_send(vb.content) AS same_bytes, vb.fingerprint = encode(sha256(cia_model_send(vb.content)), 'hex') AS fingerprint,
	   a.line = b.line AS same_lineage,
	   cia_export(a.model) - 'exported_from' #- '{lineage,origin}' #- '{lineage,trained_by}' = cia_export(b.model) - 'exported_from' #- '{lineage,origin}' #- '{lineage,trained_by}' AS same_document
FROM lines a JOIN lines b ON b.model = 'back: ' || a.model JOIN cia_versions va ON va.model = a.model JOIN cia_versions vb ON vb.model = b.model
ORDER BY a.model COLLATE "C";
SELECT count(*) FILTER (WHERE r.name NOT LIKE 'back: %') AS trained, count(*) FILTER (WHERE r.name LIKE 'back: %') AS imported, inputs, v.id, weight
FROM cia_version v JOIN cia_registry r ON r.id = v.model WHERE r.name NOT LIKE '%by group' GROUP BY inputs, v.id, weight ORDER BY inputs::text;
-- what is made of it works
SELECT count(*) FILTER (WHERE cia_score('by group', p) = cia_score('back: by group', p)) AS same FROM points p;
SELECT metric, value > 0 AS known FROM cia_evaluate('back: by group', 'points') WHERE metric = 'auc';
SELECT model, version, production, origin - '{at,by,trained_by,database}'::text[] AS origin, origin->>'by' = quote_ident(current_user) AND origin->>'trained_by' = quote_ident(current_user) AS mine
FROM cia_versions WHERE model = 'back: net';
SELECT kind, reason FROM cia_promotion p JOIN cia_registry r ON r.id = p.model WHERE name = 'back: net';

-- A version has one document, whatever the settings of who asks.
SELECT cia_tag('net', 'b'), cia_tag('net', 'a "quoted"'), cia_comment('net', E'two\nlines, "größe" | <b>');
CREATE TABLE kept AS SELECT cia_export('net')::text AS export;
SET extra_float_digits = -15; SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET search_path = pg_temp, public, pg_catalog;
CREATE FUNCTION pg_temp.to_jsonb(text[]) RETURNS jsonb LANGUAGE sql AS $$SELECT '"not mine"'::jsonb$$;
SELECT export = cia_export('net')::text AS same FROM kept;
RESET extra_float_digits; RESET timezone; RESET datestyle; RESET search_path;
SELECT jsonb_pretty(export::jsonb)::jsonb = export::jsonb AS pretty_is_the_same, export::jsonb->'tags' AS tags, export::jsonb->'comment' AS comment,
	   (SELECT array_agg(k ORDER BY k COLLATE "C") FROM jsonb_object_keys(export::jsonb) k) AS members FROM kept;
SELECT cia_export('net') = cia_export('net@1') AS by_version;

-- Into a model that there is: one more version, not in production; tags that are on another version stay there.
SELECT cia_import('net', jsonb_pretty(export::jsonb)::jsonb) FROM kept;
SELECT cia_untag('net', 'b');
SELECT cia_import('net', export::jsonb) FROM kept;
SELECT version, production, tags, comment, origin->'kind' AS kind, origin->'version' AS from_version FROM cia_versions WHERE model = 'net' ORDER BY version;
SELECT cia_import('net', cia_export('net@2'));
SELECT version, origin->'version' AS from_version, origin#>'{origin,version}' AS before FROM cia_versions WHERE model = 'net' AND version = 4;
BEGIN;
SELECT cia_import('undone', export::jsonb) FROM kept;
ROLLBACK;
SELECT count(*) FROM cia_models WHERE model = 'undone';

-- Damage, and what it is called.
\set VERBOSITY terse
CREATE FUNCTION try(export jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	version int;
	fingerprint text;
	detail text;
BEGIN
	version := cia_import('tried', export);
	SELECT v.fingerprint INTO STRICT fingerprint FROM cia_versions v WHERE v.model = 'tried' AND v.seed IS DISTINCT FROM -1;
	IF fingerprint <> encode(sha256(cia_model_send(((cia_export('tried')->'content')::cia_model))), 'hex') THEN
		RETURN 'accepted, and it is not what it says';
	END IF;
	RAISE EXCEPTION 'accepted' USING ERRCODE = 'P0001';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || coalesce(': ' || nullif(detail, ''), '');
END $$;
SELECT damage, regexp_replace(try(CASE WHEN value IS NULL THEN export #- path ELSE jsonb_set(export, path, value) END), '[0-9a-f]{64}', '(64 digits)', 'g') AS answer
FROM document, (VALUES (1, 'none', '{nothing}'::text[], NULL::jsonb),
	(2, 'format', '{cia_export}', NULL), (3, 'format', '{cia_export}', '"one"'), (4, 'format', '{cia_export}', '2'), (5, 'format', '{cia_export}', '0'),
	(6, 'model format', '{content,format}', '2'),
	(7, 'fingerprint', '{fingerprint}', '"0000"'), (8, 'fingerprint', '{fingerprint}', NULL),
	(9, 'a coefficient', '{content,learned,coefficients,0}', '0.25'), (10, 'no coefficients', '{content,learned,coefficients}', NULL),
	(11, 'a name', '{content,features,0,name}', '"other"'), (12, 'a feature less', '{content,features,0}', NULL),
	(13, 'no content', '{content}', NULL), (14, 'content', '{content}', '[]'), (15, 'features', '{content,features}', '7'),
	(16, 'algorithm', '{content,algorithm}', '"magic"'), (17, 'past doubles', '{content,learned,intercept,0}', '1e400'),
	(18, 'rows', '{lineage,rows_used}', '299'), (19, 'rows', '{lineage,rows_used}', '-1'), (20, 'rows', '{lineage,rows_used}', '1e300'), (21, 'rows', '{lineage,rows_skipped}', '0.5'),
	(22, 'metrics', '{lineage,metrics,auc}', '0.99'), (23, 'metrics', '{lineage,metrics}', '{}'), (24, 'options', '{lineage,options,l2}', '5'),
	(25, 'intervals', '{lineage,intervals,auc}', '[0.9, 0.1]'), (26, 'intervals', '{lineage,intervals,magic}', '[0, 1]'),
	(27, 'columns', '{lineage,columns,1}', NULL), (28, 'columns', '{lineage,columns,1,type}', '8'), (29, 'columns', '{lineage,columns}', '["x"]'),
	(30, 'notes', '{lineage,notes}', '[1]'), (31, 'time', '{lineage,trained_at}', '"yesterday"'), (32, 'time', '{lineage,trained_at}', '"2026-13-01T00:00:00.000000Z"'),
	(33, 'time', '{lineage,trained_at}', '"2026-02-30T00:00:00.000000Z"'), (34, 'seconds', '{lineage,seconds}', '-0.1'),
	(35, 'request', '{lineage,request,options}', 'null'), (36, 'request', '{lineage,request,id}', '"id"'), (37, 'past doubles', '{lineage,request,options,l2}', '1e999'),
	(38, 'parent', '{lineage,parent}', '3000000000'), (39, 'version', '{exported_from,version}', '0'), (40, 'from', '{exported_from}', '"here"'),
	(41, 'tags', '{tags}', '["fine", ""]'), (42, 'tags', '{tags}', '"t"'), (43, 'comment', '{comment}', '5'),
	-- what may be edited
	(50, 'a tag and a comment', '{tags}', '["approved"]'), (51, 'no comment', '{comment}', NULL), (52, 'a member of tomorrow', '{more}', '1'), (53, 'a note', '{lineage,notes}', '["seen"]'))
	d(n, damage, path, value)
WHERE model = 'logistic classification' ORDER BY n;
SELECT try('5'), try('[]'), try('{}'), try('null'), try('"text"');
\set VERBOSITY default
SELECT cia_import('damaged', '{"cia_export": 1}');
\echo :SQLSTATE
SELECT cia_export(NULL) IS NULL AS no_model;
SELECT cia_import('m', cia_export(NULL));
SELECT cia_import('m@2', export::jsonb) FROM kept;
\echo :SQLSTATE
SELECT cia_export('nobody');
\echo :SQLSTATE
BEGIN READ ONLY;
SELECT cia_export('net')->'cia_export' AS format;
SELECT cia_import('m', export::jsonb) FROM kept;
\echo :SQLSTATE
ROLLBACK;
CREATE ROLE regress_cia_other;
GRANT SELECT ON kept TO regress_cia_other;
SET ROLE regress_cia_other;
\set VERBOSITY terse
SELECT cia_export('net');
\echo :SQLSTATE
SELECT cia_import('net', export::jsonb) FROM kept;
SELECT cia_import('mine', export::jsonb) FROM kept;
SELECT owner, trained_by FROM cia_models JOIN cia_versions USING (model) WHERE model = 'mine';
SELECT cia_drop_model('mine');
\set VERBOSITY default
RESET ROLE;

-- Every member of some documents is removed, and replaced by values of all kinds: clean errors, or the same model.
CREATE FUNCTION paths(node jsonb, path text[] DEFAULT '{}') RETURNS SETOF text[] LANGUAGE plpgsql AS $$
DECLARE
	part record;
BEGIN
	IF path <> '{}' THEN
		RETURN NEXT path;
	END IF;
	FOR part IN
		SELECT k AS key, node->k AS value FROM jsonb_object_keys(CASE jsonb_typeof(node) WHEN 'object' THEN node ELSE '{}' END) k
		UNION ALL SELECT (n - 1)::text, v FROM jsonb_array_elements(CASE jsonb_typeof(node) WHEN 'array' THEN node ELSE '[]' END) WITH ORDINALITY e(v, n)
	LOOP
		RETURN QUERY SELECT paths(part.value, path || part.key);
	END LOOP;
END $$;
CREATE TABLE tried AS
SELECT d.model, path, value, try(CASE WHEN value IS NULL THEN export #- path ELSE jsonb_set(export, path, value) END) AS answer
FROM document d, paths(export) path, (VALUES (NULL::jsonb), ('null'), ('true'), ('"x"'), ('-1'), ('0.5'), ('3e9'), ('1e400'), ('[]'), ('{}'), ('[1, "a", null]'), ('{"a": [[]]}')) v(value)
WHERE d.model IN ('by group', 'decision_tree classification', 'calibrated') AND (value IS NULL OR jsonb_set(export, path, value) <> export)
  AND (md5(path::text || coalesce(value::text, '')) < '4' OR array_length(path, 1) <= 2);
SELECT model, count(*) > 500 AS many, count(*) FILTER (WHERE answer ~ '^22P02 invalid model export: Member') > 400 AS mostly_told, count(*) FILTER (WHERE answer = 'P0001 accepted') < count(*) / 5 AS few_accepted
FROM tried GROUP BY model ORDER BY model;
SELECT left(answer, 5) AS sqlstate, regexp_replace(answer, ': .*', '') AS message, count(*) > 0 AS met FROM tried GROUP BY 1, 2 ORDER BY 1, 2;
-- what is accepted is what describes the training, and never the model
SELECT DISTINCT path[1] AS member, CASE path[1] WHEN 'lineage' THEN path[2] END AS of_lineage FROM tried WHERE answer = 'P0001 accepted' AND value IS NOT NULL ORDER BY 1, 2;
-- any digit of the text, too
SELECT count(*) FILTER (WHERE answer ~ '^22P02 invalid model export: Member|^P0001') = count(*) AS clean, count(*) FILTER (WHERE answer ~ '^22P02') > 50 AS refused
FROM (SELECT try(overlay(export::text PLACING ((substr(export::text, at, 1)::int + 1) % 10)::text FROM at)::jsonb) AS answer
	  FROM document, generate_series(1, length(export::text)) at WHERE model = 'decision_tree classification' AND at % 29 = 0 AND substr(export::text, at, 1) ~ '[0-9]'
		AND substr(export::text, at - 1, 1) NOT IN (' ', '[') AND substr(export::text, at + 1, 1) ~ '[0-9]') t;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP VIEW lines;
DROP FUNCTION try, paths;
DROP TABLE points, asked, document, kept, tried;
DROP ROLE regress_cia_other;
