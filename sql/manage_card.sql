-- The model card: what is in it, and that nobody's text breaks it.
SET cia.progress = off;
CREATE TABLE points AS
SELECT i AS id, i % 17 AS x, (i * 7 % 5)::float8 AS y, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS kind, i * i % 11 > 5 AS label, CASE WHEN i % 9 > 0 THEN i % 4 END AS gaps, date '2020-01-01' + i % 50 AS since
FROM generate_series(1, 600) i;
-- what differs from run to run
CREATE FUNCTION shown(card text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(regexp_replace(regexp_replace(regexp_replace(line, '[0-9a-f]{64}', '(64 digits)'), '^\| (Trained by|Trained at|Seconds|Size|PostgreSQL|cia) \| .* \|$', '| \1 | ... |'),
		'brought by .*\|', 'brought by ... |'), E'\n' ORDER BY n) FROM regexp_split_to_table(card, E'\n') WITH ORDINALITY r(line, n) $$;
\pset format unaligned
\pset tuples_only on
SELECT version FROM cia_train('risk', 'SELECT * FROM points WHERE x < 16', 'label', 'decision_tree', id => '{id}', exclude => '{y}', options => '{"depth": 2}');
SELECT cia_comment('risk', E'For the till.\n\nNot for credit: see policy 7.');
SELECT cia_tag('risk', 'approved');
SELECT shown(cia_model_card('risk'));
CREATE TABLE card AS SELECT cia_model_card('risk') AS card;
SET datestyle = 'German'; SET timezone = 'Asia/Kathmandu'; SET extra_float_digits = -10;
SELECT card = cia_model_card('risk@1') AS same FROM card;
RESET datestyle; RESET timezone; RESET extra_float_digits;

-- The statement at the end trains the very same model.
SELECT version FROM cia_train('net', E'SELECT id, x AS "x \'y\' \\", kind, label, 1 + id % 2 AS w, gaps FROM points', 'label', 'logistic', features => ARRAY[E'x \'y\' \\', 'kind', 'gaps'], id => '{id}', weight => 'w',
	options => '{"l2": 3, "by": "kind"}');
DO $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT model FROM cia_models ORDER BY model LOOP
		EXECUTE substring(cia_model_card(name) FROM '(SELECT \* FROM cia_train.*\);)');
		RAISE NOTICE '% again: %', name, (SELECT count(DISTINCT fingerprint) = 1 FROM cia_versions WHERE model = name);
	END LOOP;
END $$;

-- Every kind of model has its card: tables whose rows have as many cells as their header.
SELECT version FROM cia_train('value', 'points', 'x', 'linear', id => '{id}');
SELECT version FROM cia_train('classes', 'points', 'kind', 'random_forest', id => '{id}', options => '{"trees": 3}');
SELECT version FROM cia_train('calibrated', 'points', 'label', 'boosted_trees', id => '{id}', options => '{"trees": 3, "calibrate": "platt", "holdout": 0.5}');
SELECT version FROM cia_train('no holdout', 'points', 'label', 'logistic', id => '{id}', options => '{"holdout": 0}');
SELECT version FROM cia_train('wide', (SELECT 'SELECT label, ' || string_agg(format('(id * %s %% 101) AS c%s', i, i), ', ') || ' FROM points' FROM generate_series(2, 120) i), 'label', 'decision_tree', options => '{"holdout": 0.3}');
SELECT cia_copy_model('classes', 'copied');
SELECT cia_import('imported', cia_export('copied'));
-- hostile names, labels, notes, tags and comments
CREATE TABLE hostile AS
SELECT id, x AS "a | b <script>alert(1)</script> `c` **d**", y AS "[link](http://example.org) ![i](x)", CASE kind WHEN 'a' THEN E'| x |\n| --- |' WHEN 'b' THEN '<!-- ' ELSE '```' END AS "#| `k",
	CASE WHEN label THEN E'~~yes~~\n# no | <b>' ELSE '$no$ &amp; \|' END AS "t`|" FROM points;
SELECT version FROM cia_train('| <i> ``` *m*', 'SELECT * FROM hostile -- ```` <b>', 't`|', 'logistic', id => '{id}', options => '{"by": "#| `k"}');
SELECT cia_tag('| <i> ``` *m*', '|<u>`'), cia_comment('| <i> ``` *m*', E'# not a heading\n- not a list\n1. nor this\n```\n<script>alert(1)</script>\n| no | table |\n    no code\n=== \n> no > quote\n');
CREATE VIEW line AS
SELECT model, n, line, sum((line ~ '^````*[a-z]*$')::int) OVER (PARTITION BY model ORDER BY n) % 2 = 1 AS in_code
FROM (SELECT model, cia_model_card(model) AS card FROM cia_models OFFSET 0) m, regexp_split_to_table(card, E'\n') WITH ORDINALITY r(line, n);
SELECT model, count(*) FILTER (WHERE line LIKE '## %') AS sections, count(*) FILTER (WHERE line LIKE '### %') AS below, count(*) FILTER (WHERE line LIKE '| --- %') AS tables
FROM line WHERE NOT in_code GROUP BY model ORDER BY model COLLATE "C";
SELECT count(*) > 300 AS rows, count(*) FILTER (WHERE cells <> first_value) AS with_other_cells FROM (
	SELECT cells, first_value(cells) OVER (PARTITION BY model, block ORDER BY n) FROM (
		SELECT model, n, regexp_count(replace(replace(line, '\\', ''), '\|', ''), '\|') AS cells, count(*) FILTER (WHERE line NOT LIKE '|%') OVER (PARTITION BY model ORDER BY n) AS block, line
		FROM (SELECT *, 1 FROM line) l) c WHERE line LIKE '|%') t;
SELECT count(*) FILTER (WHERE line ~ '<|&(?!lt;|amp;|#xFFFD;)|^> *>') AS html, count(*) FILTER (WHERE line ~ '^(#[^# ]|####|[-=]{2,}|    )') AS blocks FROM line WHERE NOT in_code;
SELECT line FROM line WHERE model LIKE '|%' AND (n BETWEEN 1 AND 12 OR line ~ 'script|link|yes|Tags') ORDER BY n;
SELECT regexp_replace(left(line, 95), 'trained by.*|of database.*', '...') FROM line WHERE model IN ('wide', 'no holdout', 'imported', 'calibrated', 'value') AND line ~ 'more|Not known|import of|corrected|A number' ORDER BY model, n;

-- Counts of a forged document are as long as numbers can be.
CREATE TABLE forged AS SELECT jsonb_set(cia_export('risk'), '{content,training,holdout_rows}', to_jsonb(count)) AS export, count
FROM unnest(ARRAY[1e300, -1e300, 12345678, -123456]::float8[]) count;
SELECT count, cia_import('forged', jsonb_set(export, '{fingerprint}', to_jsonb(encode(sha256(cia_model_send((export -> 'content')::cia_model)), 'hex')))) AS version
FROM forged ORDER BY count;
SELECT v.version, length(t.rows) AS digits, left(t.rows, 12) AS rows
FROM cia_versions v, substring(cia_model_card('forged@' || v.version) FROM '; (\S+) of those used were kept out') t(rows) WHERE v.model = 'forged' ORDER BY v.version;
DROP TABLE forged;

-- No card.
SELECT cia_model_card('nobody');
\echo :SQLSTATE
SELECT cia_model_card('risk@9');
SELECT cia_model_card(NULL) IS NULL;
CREATE ROLE regress_cia_other;
SET ROLE regress_cia_other;
\set VERBOSITY terse
SELECT cia_model_card('risk');
\echo :SQLSTATE
\set VERBOSITY default
RESET ROLE;
BEGIN READ ONLY;
SELECT length(cia_model_card('risk')) > 1000;
ROLLBACK;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP VIEW line;
DROP FUNCTION shown;
DROP TABLE points, hostile, card;
DROP ROLE regress_cia_other;
