-- Sources: tables, views and queries, run once and with the caller's rights.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
CREATE FUNCTION source(text) RETURNS text LANGUAGE sql AS
$$SELECT format('%s rows, %s features', rows_used, features) FROM cia_train('s ' || current_user, $1, 'y')$$;
\set SHOW_CONTEXT never

-- Names, quoted and qualified, of tables, views, partitions and temporary tables.
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."My ""Table""" AS TABLE points;
CREATE VIEW "select" AS SELECT * FROM points WHERE id <= 150;
CREATE MATERIALIZED VIEW with$dollar AS SELECT * FROM points;
CREATE TABLE parted (LIKE points) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_2 (z int, y boolean, gone int, x int, id int);
ALTER TABLE parted_2 DROP gone;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (100) TO (1000);
INSERT INTO parted SELECT * FROM points;
CREATE TEMP TABLE temporary AS TABLE points LIMIT 120;
CREATE TABLE "größe" AS TABLE points;
CREATE TABLE values_2020 AS TABLE points;
SELECT s, source(s) FROM unnest(ARRAY['points', 'POINTS', ' points ', 'public.points', ' public . points', '"points"', '"My Schema"."My ""Table"""', '"select"', 'with$dollar',
	'parted', 'parted_2', 'temporary', 'pg_temp.temporary', 'größe', '"größe"', 'values_2020']) s;

-- Queries, however they begin.
SELECT s, source(s) FROM unnest(ARRAY['SELECT * FROM points', 'select*from points', 'TABLE points', 'table only points', '(SELECT * FROM points)', '((TABLE points) LIMIT 150)',
	'WITH p AS (SELECT * FROM points) SELECT * FROM p', E'\n\t-- a comment\n SELECT * FROM points', '/* one /* in another */ */SELECT * FROM points',
	'SELECT * FROM points;', 'SELECT * FROM points ; -- done', 'SELECT * FROM points UNION ALL TABLE points', 'SELECT x, z, y FROM points ORDER BY x DESC LIMIT 180',
	'SELECT p.*, q.z AS zz FROM points p JOIN points q USING (id)', 'SELECT max(x) AS x, z, id % 2 = 0 AS y FROM points GROUP BY z, id', 'SELECT * FROM points FOR SHARE',
	'WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 90) SELECT n, n % 7 > 3 AS y FROM r']) s;
SELECT rows_used, features FROM cia_train('s', format('VALUES %s', (SELECT string_agg(format('(%s, %L::bool)', x, y), ', ') FROM points)), 'column2');

-- What is no source.  The context names the model under training.
\set SHOW_CONTEXT errors
SELECT * FROM cia_train('s', 'SELECT * FORM points', 'y');
\set SHOW_CONTEXT never
SELECT source('no_such_table');
\echo :SQLSTATE
SELECT source('no_such_schema.points');
\echo :SQLSTATE
SELECT source('otherdb.public.points');
\echo :SQLSTATE
SELECT source('a.b.c.d');
SELECT source('SELECT * FROM points WHERE');
\echo :SQLSTATE
SELECT source('SELECT * FROM points WHERE nothing > 1');
\echo :SQLSTATE
SELECT source('SELECT * FROM points; SELECT * FROM points');
\echo :SQLSTATE
SELECT source('SELECT * FROM points; DROP TABLE points');
SELECT source('points; DROP TABLE points');
SELECT source('');
\echo :SQLSTATE
SELECT source(' ');
SELECT source(';');
SELECT source('-- nothing');
SELECT source('"points');
SELECT source('points p');
SELECT source('SELECT * INTO stolen FROM points');
\echo :SQLSTATE
SELECT source('CREATE TABLE stolen AS SELECT * FROM points');
SELECT source('INSERT INTO points SELECT * FROM points RETURNING *');
\echo :SQLSTATE
SELECT source('DELETE FROM points RETURNING *');
SELECT source('UPDATE points SET x = 0 RETURNING *');
SELECT source('EXPLAIN SELECT * FROM points');
SELECT source('COPY points TO STDOUT');
SELECT source('SHOW search_path');
SELECT source('CALL nothing()');
SELECT source('BEGIN');
SELECT source('SELECT * FROM points WHERE x > $1');
\echo :SQLSTATE
SELECT source('SELECT 1 / (x - 5) AS x, y FROM points');
\echo :SQLSTATE
SELECT source('SELECT x, z AS x, y FROM points');
\echo :SQLSTATE
SELECT source('SELECT x, y, y FROM points');
SELECT source('SELECT x, true, y, false FROM points');
SELECT count(*) = 200 AS untouched FROM points;

-- Columns that the user names must be there, letter by letter.
SELECT * FROM cia_train('s', 'points', 'Y');
\echo :SQLSTATE
SELECT * FROM cia_train('s', 'points', 'y', features => '{x,w}');
SELECT * FROM cia_train('s', 'points', 'y', exclude => '{w}');
SELECT * FROM cia_train('s', 'points', 'y', id => '{w}');
SELECT * FROM cia_train('s', 'points', 'y', weight => 'w');
SELECT * FROM cia_train('s', 'points', 'y', features => '{x,NULL}');
\echo :SQLSTATE

-- Names of columns with quotes, blanks, capitals, signs and letters of the world.
CREATE TABLE odd AS SELECT x AS "Größe", z AS "we""ird ' \ name", id % 13 AS "SELECT", id % 7 AS " lead", id % 3 AS "日本語", id % 4 AS "a,b{c}", id % 6 AS "@", y AS "Y y" FROM points;
SELECT features FROM cia_train('odd', 'odd', 'Y y', exclude => ARRAY[' lead']);
SELECT jsonb_path_query_array(content::jsonb, '$.features.name') AS features FROM cia_versions WHERE model = 'odd';
SELECT count(cia_score('odd', o)) AS scored, bool_and(cia_score('odd', o) = cia_score('odd', to_jsonb(o))) AS jsonb FROM odd o;
SELECT feature FROM odd o, cia_explain('odd', o) WHERE o."SELECT" = 0 GROUP BY 1 ORDER BY feature COLLATE "C";
SELECT cia_score('odd', '{}'::jsonb);
SELECT * FROM cia_train('odd', 'SELECT *, point(1, 2) AS "we""ird \ po''int" FROM odd', 'Y y');
SELECT * FROM cia_train('odd', 'SELECT "Größe", "Größe" * 2 AS "doub""l''e", y AS y FROM odd, LATERAL (SELECT "Y y"::int * 2.5 AS y) l', 'y', 'linear');

-- A source runs once, whatever becomes of the training; a data-modifying WITH takes effect once.
CREATE SEQUENCE runs;
SELECT source($$SELECT *, nextval('runs') % 5 AS n FROM points$$);
SELECT last_value FROM runs;
SELECT source($$SELECT x, y FROM points, (SELECT nextval('runs')) r$$);
SELECT last_value FROM runs;
CREATE TABLE log (x int);
SELECT source('WITH logged AS (INSERT INTO log SELECT x FROM points RETURNING x) SELECT points.* FROM points');
SELECT source('WITH moved AS (DELETE FROM log RETURNING x) SELECT x, x % 3 = 0 AS y, x % 4 AS z FROM moved');
SELECT count(*) FROM log;
SELECT source('WITH logged AS (INSERT INTO log SELECT x FROM points RETURNING x) SELECT x, x > 100 AS y FROM logged');
SELECT count(*) FROM log;
CREATE FUNCTION noisy(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO log VALUES ($1);
	RETURN $1;
END $$;
SELECT source('SELECT noisy(x) AS x, z, y FROM points');
SELECT count(*) FROM log;

-- The source sees what its own transaction did before, not what it does itself.
BEGIN;
INSERT INTO points SELECT id + 1000, x, z, y FROM points WHERE id <= 50;
SELECT source('points');
SELECT source('WITH more AS (INSERT INTO points SELECT id + 2000, x, z, y FROM points RETURNING 1) SELECT * FROM points');
SELECT count(*) FROM points;
ROLLBACK;

-- A source may use models, and a trigger may train: a WITH of the source fires it too.
SELECT rows_used, features FROM cia_train('stacked', $$SELECT x, cia_score('s ' || current_user, p) AS first, z, y FROM points p$$, 'y');
CREATE FUNCTION retrain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'version %', (SELECT version FROM cia_train('stacked', 'points', 'y'));
	RETURN NULL;
END $$;
CREATE TRIGGER retrain AFTER INSERT ON log EXECUTE FUNCTION retrain();
INSERT INTO log VALUES (1), (2);
SELECT source('WITH logged AS (INSERT INTO log VALUES (3) RETURNING x) SELECT points.* FROM points');
SELECT model, versions FROM cia_models WHERE model = 'stacked';

-- Rights: the caller's, for tables, views of others, row security and functions.
CREATE ROLE regress_cia_reader;
CREATE TABLE secret AS TABLE points;
CREATE VIEW window_to_secret AS SELECT * FROM secret WHERE id <= 100;
CREATE VIEW own_eyes WITH (security_invoker) AS SELECT * FROM secret;
GRANT SELECT ON window_to_secret, own_eyes, points TO regress_cia_reader;
ALTER TABLE points ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON points TO regress_cia_reader USING (id % 2 = 0);
SET ROLE regress_cia_reader;
SELECT source('secret');
\echo :SQLSTATE
SELECT source('SELECT * FROM secret');
SELECT source('window_to_secret');
SELECT source('own_eyes');
SELECT source('points');
SET row_security = off;
SELECT source('points');
\echo :SQLSTATE
RESET row_security;
SELECT source('WITH d AS (DELETE FROM points RETURNING *) SELECT * FROM d');
\echo :SQLSTATE
SELECT source('"My Schema"."My ""Table"""');
SELECT source('pg_authid');
CREATE TEMP TABLE mine AS SELECT x, z, y FROM points;
CREATE VIEW pg_temp.through AS SELECT * FROM secret;
SELECT source('pg_temp.through');
SELECT source('mine');
RESET ROLE;
SELECT (SELECT count(*) FROM points) AS points, (SELECT count(*) FROM secret) AS secret;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE log CASCADE;
DROP TABLE points, odd, secret, parted, "größe", values_2020, "My Schema"."My ""Table""", temporary, mine CASCADE;
DROP SCHEMA "My Schema";
DROP SEQUENCE runs;
DROP FUNCTION source, noisy, retrain;
DROP ROLE regress_cia_reader;
