-- The extension itself: what it holds, what may be done with it, and where it can live.

-- All objects have a comment, and all but the registry's tables may be used by everybody.
SELECT pg_describe_object(classid, objid, 0) AS without_comment
FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND deptype = 'e'
	AND obj_description(objid, classid::regclass::name) IS NULL AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type WHERE oid = objid AND (typelem <> 0 OR typrelid <> 0)))
ORDER BY 1;
SELECT c.relname, c.relkind, has_table_privilege('pg_monitor', c.oid, 'SELECT') AS readable, has_table_privilege('pg_monitor', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS writable
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' ORDER BY 1;
SELECT conrelid::regclass AS "table", contype FROM pg_constraint WHERE conrelid IN ('cia_registry'::regclass, 'cia_version'::regclass) AND contype <> 'n' ORDER BY 1, 2;
SELECT extconfig::regclass[] AS dumped, extcondition AS filter FROM pg_extension WHERE extname = 'cia';

-- Volatility and parallel safety of every function.
SELECT p.oid::regprocedure AS function, provolatile AS volatility, proparallel AS parallel, proisstrict AS strict, prosecdef AS definer
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND d.classid = 'pg_proc'::regclass ORDER BY p.oid::regprocedure::text COLLATE "C";

-- It does not move, and is not made twice.
ALTER EXTENSION cia SET SCHEMA pg_catalog;
CREATE EXTENSION cia;

-- In a schema of its own that is on nobody's path it works by qualified names; a new database has nothing of this one's.
SELECT current_database() AS regress_database \gset
CREATE DATABASE regress_cia_second;
\c regress_cia_second
SET cia.progress = off;
CREATE SCHEMA "Own Schema";

-- A library in C is for superusers to bring in, even into a database that belongs to somebody else.
CREATE ROLE regress_cia_builder;
ALTER DATABASE regress_cia_second OWNER TO regress_cia_builder;
SET ROLE regress_cia_builder;
CREATE EXTENSION cia;
\echo :SQLSTATE
RESET ROLE;
ALTER DATABASE regress_cia_second OWNER TO CURRENT_USER;
DROP ROLE regress_cia_builder;

CREATE EXTENSION cia SCHEMA "Own Schema";
CREATE TABLE points AS SELECT i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
SELECT version, features FROM "Own Schema".cia_train('m', 'points', 'y');
SELECT version FROM "Own Schema".cia_train('m', 'points', 'y');
SELECT count("Own Schema".cia_score('m', p)) AS scored, count("Own Schema".cia_score('m@1', to_jsonb(p))) AS by_json FROM points p;
SELECT count(*) FROM points p, "Own Schema".cia_explain('m', p);
SELECT count(*) FROM "Own Schema".cia_evaluate('m', 'SELECT * FROM points');
SELECT model, versions FROM "Own Schema".cia_models;
SELECT "Own Schema".cia_fit(p, y, 'logistic', '{}')::jsonb->>'algorithm' AS fitted FROM points p;
SELECT count(*) FROM "Own Schema".cia_algorithms, "Own Schema".cia_options(algorithm);
SELECT count(*) FROM cia_models;
CREATE TABLE kept AS SELECT content FROM "Own Schema".cia_versions;
SELECT "Own Schema".cia_drop_model('m');

-- What stands in front in search_path, or is temporary, is never taken for ours.
CREATE SCHEMA trap;
CREATE TABLE trap.cia_registry (id uuid, name name, owner regrole, production int);
CREATE TABLE trap.cia_version (content text);
CREATE TEMP TABLE cia_registry (id uuid, name name);
CREATE TEMP TABLE cia_version (id uuid);
CREATE TYPE trap.cia_model AS (a int);
CREATE FUNCTION trap.sprung() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT NULL::timestamptz FROM trap.sprung()$$;
CREATE FUNCTION trap.gen_random_uuid() RETURNS uuid LANGUAGE sql AS $$SELECT NULL::uuid FROM trap.sprung()$$;
CREATE FUNCTION trap.pg_has_role(regrole, text) RETURNS boolean LANGUAGE sql AS $$SELECT trap.sprung()$$;
CREATE FUNCTION trap.cia_score(text, record) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.sprung(); END $$;
CREATE FUNCTION trap.cia_model_send(anyelement) RETURNS bytea LANGUAGE sql AS $$SELECT ''::bytea FROM trap.sprung()$$;
CREATE FUNCTION trap.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$SELECT trap.sprung()$$;
CREATE FUNCTION trap.same(name, name) RETURNS boolean LANGUAGE sql AS $$SELECT trap.sprung()$$;
CREATE FUNCTION trap.same(int, int) RETURNS boolean LANGUAGE sql AS $$SELECT trap.sprung()$$;
CREATE FUNCTION trap.plus(int, int) RETURNS int LANGUAGE sql AS $$SELECT 0 FROM trap.sprung()$$;
CREATE OPERATOR trap.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = trap.same);
CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = name, FUNCTION = trap.same);
CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.same);
CREATE OPERATOR trap.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.plus);
SET search_path = trap, pg_temp, public, pg_catalog;
SELECT version FROM "Own Schema".cia_train('m', 'points', 'y');
SELECT version FROM "Own Schema".cia_train('m', 'public.points', 'y');
SELECT count("Own Schema".cia_score('m', p)) AS scored FROM public.points p;
SELECT model, versions FROM "Own Schema".cia_models;
SELECT version, length(fingerprint) FROM "Own Schema".cia_versions ORDER BY version;
SELECT count(*) FROM "Own Schema".cia_evaluate('m@1', 'SELECT * FROM points');
SELECT "Own Schema".cia_drop_model('m');
SHOW search_path;
RESET search_path;
SELECT (SELECT count(*) FROM trap.cia_registry) + (SELECT count(*) FROM trap.cia_version) + (SELECT count(*) FROM pg_temp.cia_registry) AS caught;

-- DROP EXTENSION leaves nothing but what was asked to be kept in its way.
DROP EXTENSION cia;
\echo :SQLSTATE
DROP TABLE kept;
DROP EXTENSION cia;
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'Own Schema';
SELECT count(*) FROM pg_proc WHERE proname LIKE 'cia%' AND pronamespace <> 'trap'::regnamespace;
SELECT count(*) FROM pg_type WHERE typname LIKE '%cia%' AND typnamespace = '"Own Schema"'::regnamespace;
DROP SCHEMA "Own Schema";

-- Dropped and made anew, it begins empty.
CREATE EXTENSION cia;
SELECT version FROM cia_train('m', 'points', 'y');
DROP EXTENSION cia;
CREATE EXTENSION cia;
SELECT count(*) FROM cia_models;
SELECT version FROM cia_train('m', 'points', 'y');
SELECT count(cia_score('m', p)) FROM points p;
\c :"regress_database"
DROP DATABASE regress_cia_second;
