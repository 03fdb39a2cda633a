-- cia_score_into: scores of a source's rows in a table.
SET cia.progress = off;
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   u % 60 + v % 30 > 40 AS churned, 10 + (v % 300) / 5.0 - u % 60 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend}');
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend,region}');
SELECT model FROM cia_train('spend', 'customer', 'spend', id => '{id}', exclude => '{churned}');
-- how a call went, without the time it took
CREATE FUNCTION scored(model text, source text, target_table text, VARIADIC id text[] DEFAULT '{id}') RETURNS text LANGUAGE sql AS
$$SELECT format('%s@%s: %s rows, %s inserted, %s updated', model, version, rows, inserted, updated)
  FROM cia_score_into(model, source, target_table, id)$$;

-- A table that does not exist is made; what it holds is what cia_score and cia_class answer.
SELECT model, version, rows, inserted, updated, seconds >= 0 AS took_time FROM cia_score_into('churn', 'customer', 'risk', '{id}');
\d risk
SELECT count(*), bool_and(float8send(score) = float8send(cia_score('churn', c))) AS score, bool_and(class = cia_class('churn', c)) AS class,
	   count(DISTINCT class) AS classes, min(version) AS version, bool_and(scored_at <= now() AND scored_at > now() - interval '1 day') AS scored_at
FROM risk r JOIN customer c USING (id);
SELECT scored('spend', 'customer', 'forecast');
\d forecast
SELECT count(*), bool_and(score = cia_score('spend', c)) AS score FROM forecast f JOIN customer c USING (id);

-- One that exists takes what is new and updates what is there; a fixed version; rows that are gone stay.
BEGIN;
SELECT scored('churn@1', $$SELECT * FROM customer WHERE id <= 100 UNION ALL SELECT id + 1000, age, visits, region, churned, spend FROM customer WHERE id <= 50$$, 'risk');
SELECT version, count(*), count(DISTINCT scored_at) AS times, bool_and(scored_at = now()) AS now FROM risk GROUP BY version ORDER BY version;
ROLLBACK;
SELECT version, count(*) FROM risk GROUP BY version;
SELECT scored('churn', 'SELECT * FROM customer WHERE false', 'risk');
SELECT scored('churn', 'SELECT * FROM customer WHERE false', 'none');
SELECT count(*) FROM none;

-- Several id columns, of types with modifiers and collations of their own; further columns, defaults and types of the table's own.
SELECT scored('churn', 'SELECT c.*, (id % 7)::numeric(5,2) AS branch, left(md5(id::text), 6)::char(6) COLLATE "C" AS "Account No" FROM customer c', 'by_branch', 'branch', 'Account No', 'id');
\d by_branch
CREATE TABLE own (note text DEFAULT 'from the default', scored_at date, version text, id bigint, class varchar(10), score numeric(4,3),
	high boolean GENERATED ALWAYS AS (score >= 0.5) STORED, more int);
CREATE UNIQUE INDEX ON own (id) INCLUDE (score);
INSERT INTO own (id, note, more) VALUES (1, 'kept', 7);
SELECT scored('churn', 'SELECT * FROM customer WHERE id <= 3', 'own');
SELECT o.id, o.note, o.more, o.score = round(cia_score('churn', c)::numeric, 3) AS score, o.high = (class = 'true') AS high, o.version, o.scored_at = current_date AS today
FROM own o JOIN customer c USING (id) ORDER BY id;
-- a model without classes leaves a column of that name alone
\set SHOW_CONTEXT never
SELECT scored('spend', 'SELECT * FROM customer WHERE id <= 3', 'own');
\echo :SQLSTATE
ALTER TABLE own DROP high, ALTER score TYPE float8;
SELECT scored('spend', 'SELECT * FROM customer WHERE id <= 3', 'own');
SELECT count(class) FROM own;

-- Names with quotes, capitals and signs; schemas; temporary tables.
CREATE SCHEMA "My Schema";
SELECT scored('churn', 'SELECT *, id AS "we""ird '' name" FROM customer', '"My Schema"."Risk ""x"""', 'we"ird '' name');
SELECT scored('churn', 'SELECT *, id AS "we""ird '' name" FROM customer', '"My Schema"."Risk ""x"""', 'we"ird '' name');
SELECT count(*) FROM "My Schema"."Risk ""x""";
SELECT scored('churn', 'customer', 'pg_temp.brief'), scored('churn', 'customer', 'brief');
SELECT relpersistence FROM pg_class WHERE relname = 'brief';
SELECT scored('churn', 'customer', t) FROM unnest(ARRAY['excluded', 'cia_scores', 's', 'n', 't', '"select"']) t;
SELECT scored('churn', 'customer', t) FROM unnest(ARRAY['excluded', 'cia_scores', 's', 'n', 't', '"select"']) t;
-- ids with names that the statements use themselves, and of columns that are called like the source
SELECT scored('churn', 'SELECT *, id AS s, id AS n, id AS t, id AS excluded, id AS cia_score FROM customer', 'odd', 's', 'n', 't', 'excluded', 'cia_score');
SELECT scored('churn', 'SELECT *, id AS s, id AS n, id AS t, id AS excluded, id AS cia_score FROM customer', 'odd', 's', 'n', 't', 'excluded', 'cia_score');
SELECT bool_and(o.score = cia_score('churn', c)) AS right FROM odd o JOIN customer c ON id = o.s;

-- Sources: whatever cia_train takes, and nothing that gets out of its place.
SELECT s, scored('churn', s, 'risk') FROM unnest(ARRAY['customer', ' public . "customer" ', 'TABLE customer', '(SELECT * FROM customer)', 'SELECT * FROM customer -- all', 'SELECT * FROM customer; -- all',
	'SELECT * FROM customer ORDER BY age LIMIT 150', 'WITH c AS (SELECT * FROM customer) SELECT * FROM c', 'SELECT * FROM customer FOR SHARE',
	'SELECT max(id) AS id, max(age) AS age, 5 AS visits, region FROM customer GROUP BY region', 'SELECT s.* FROM customer s', 'WITH s AS (TABLE customer) TABLE s',
	'WITH RECURSIVE r(id, age, visits, region) AS (VALUES (1, 30, 1.5, ''north'') UNION ALL SELECT id + 1, age, visits, region FROM r WHERE id < 5) TABLE r']) s;
SELECT scored('churn', 'VALUES (1, 2)', 'risk', 'column1');
\set SHOW_CONTEXT errors
SELECT scored('churn', 'SELECT 1 AS id) s, (SELECT 2', 'risk');
\echo :SQLSTATE
\set SHOW_CONTEXT never
SELECT scored('churn', 'SELECT * FROM customer) s; DROP TABLE customer; --', 'risk');
SELECT scored('churn', 'SELECT * FROM customer; DROP TABLE customer', 'risk');
\echo :SQLSTATE
SELECT scored('churn', 'DELETE FROM customer RETURNING *', 'risk');
SELECT scored('churn', 'SELECT * INTO stolen FROM customer', 'risk');
SELECT scored('churn', 'no_such_table', 'risk');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT id, 1 / (id - 7) AS age, visits FROM customer', 'risk');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT id, visits FROM customer', 'risk');
\echo :SQLSTATE

-- A source with side effects runs once; what it has done is there when the scores are written.
CREATE SEQUENCE runs;
CREATE TABLE moved (LIKE customer);
SELECT scored('churn', $$SELECT *, nextval('runs') FROM customer$$, 'once');
SELECT last_value FROM runs;
SELECT scored('churn', 'WITH m AS (INSERT INTO moved SELECT * FROM customer WHERE id <= 10 RETURNING *) SELECT * FROM m', 'once');
SELECT count(*) FROM moved;
CREATE FUNCTION emptied(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	DELETE FROM once WHERE id = $1;
	RETURN $1;
END $$;
SELECT scored('churn', 'SELECT emptied(id) AS id, age, visits, region FROM customer WHERE id <= 20', 'once');

-- The table may be the source itself.
ALTER TABLE customer ADD score float8, ADD class text, ADD version int, ADD scored_at timestamptz, ADD PRIMARY KEY (id);
SELECT scored('churn', 'customer', 'customer');
SELECT count(*), bool_and(score = cia_score('churn', c)) AS right, count(region) FROM customer c;
CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, age int, visits numeric, region text, score float8, class text, version int, scored_at timestamptz);
INSERT INTO counted (age, visits, region) SELECT age, visits, region FROM customer WHERE id <= 5;
SELECT scored('churn', 'counted', 'counted');

-- Partitions of another shape, triggers, foreign keys, views.
CREATE TABLE parted (id int, version int, class text, score float8, scored_at timestamptz, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_2 (gone int, scored_at timestamptz, score float8, more int, id int NOT NULL, class text, version int);
ALTER TABLE parted_2 DROP gone, DROP more;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (100) TO (301);
SELECT scored('churn', 'SELECT * FROM customer WHERE id BETWEEN 50 AND 250', 'parted');
SELECT scored('churn', 'SELECT * FROM customer WHERE id <= 300', 'parted');
SELECT scored('churn', 'SELECT * FROM customer WHERE id <= 300', 'parted');
SELECT p.tableoid::regclass, count(*), bool_and(p.class IS NOT NULL AND p.version = 2 AND p.score = cia_score('churn', c)) AS score FROM parted p JOIN customer c USING (id) GROUP BY 1 ORDER BY 1;
SELECT scored('churn', 'customer', 'parted');
\echo :SQLSTATE
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND NEW.id % 2 = 0 OR TG_OP = 'INSERT' AND NEW.id > 390 THEN
		RETURN NULL;
	END IF;
	IF NEW.id = 13 THEN
		RAISE EXCEPTION 'the 13th has no luck';
	END IF;
	NEW.class = upper(NEW.class);
	RETURN NEW;
END $$;
CREATE TABLE fired (LIKE risk INCLUDING ALL);
CREATE TRIGGER fired BEFORE INSERT OR UPDATE ON fired FOR EACH ROW EXECUTE FUNCTION fired();
SELECT scored('churn', 'SELECT * FROM customer WHERE id > 200', 'fired');
SELECT scored('churn', 'SELECT * FROM customer WHERE id > 180', 'fired');
SELECT DISTINCT class FROM fired ORDER BY class;
SELECT scored('churn', 'customer', 'fired');
\echo :SQLSTATE
SELECT count(*) FROM fired;
CREATE VIEW window_on_risk AS SELECT scored_at, version, score, class, id FROM risk WHERE id > 0 WITH CHECK OPTION;
SELECT scored('churn', 'SELECT * FROM customer WHERE id <= 5', 'window_on_risk');
\set VERBOSITY sqlstate
SELECT scored('churn', 'SELECT -id AS id, age, visits, region FROM customer WHERE id <= 5', 'window_on_risk');
\set VERBOSITY default
CREATE VIEW no_window AS SELECT DISTINCT * FROM risk;
SELECT scored('churn', 'customer', 'no_window');
\echo :SQLSTATE
CREATE TABLE heap (id int, score float8, class text, version int, scored_at timestamptz);
CREATE VIEW window_on_heap AS TABLE heap;
SELECT scored('churn', 'customer', 'window_on_heap');
\echo :SQLSTATE
DROP VIEW window_on_heap;
DROP TABLE heap;
CREATE TABLE known (id int PRIMARY KEY);
INSERT INTO known SELECT id FROM customer WHERE id < 400;
CREATE TABLE referring (id int PRIMARY KEY REFERENCES known DEFERRABLE INITIALLY DEFERRED, score float8, class text, version int, scored_at timestamptz);
BEGIN;
SELECT scored('churn', 'customer', 'referring');
SELECT scored('churn', 'customer', 'referring');
COMMIT;
\echo :SQLSTATE

-- A table that is made is filled while a source is read that changes nothing: the same rows as by
-- way of one that might, none of them seen by the source, and an id that occurs twice is still named.
CREATE FUNCTION seen() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT count(*) FROM calm);
END $$;
SELECT scored('churn', 'SELECT * FROM customer WHERE seen() = 0', 'calm');
SELECT scored('churn', 'SELECT *, random() FROM customer', 'restless');
SELECT count(*), count(c.score = r.score AND c.class = r.class AND c.version = r.version OR NULL) AS same FROM calm c JOIN restless r USING (id);
SELECT scored('churn', 'SELECT c.* FROM customer c, generate_series(1, 2) WHERE id < 3', 'doubled');
SELECT to_regclass('doubled');
SELECT scored('churn', 'SELECT * FROM customer WHERE 1 / (id - 150) < 2', 'doubled');
SELECT to_regclass('doubled');

-- An id that occurs twice is named; NULL has no place in one.
SELECT scored('churn', 'SELECT c.* FROM customer c, generate_series(1, 3) WHERE id IN (7, 9)', 'risk');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT c.* FROM customer c, generate_series(1, 2) n WHERE id < 9 OR n = 1', 'twice');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT c.* FROM customer c, generate_series(1, 2) n WHERE id = 9', 'by_region', 'id', 'region');
SELECT to_regclass('twice');
SELECT scored('churn', 'SELECT * FROM customer ORDER BY id', 'by_region', 'id', 'region');
\echo :SQLSTATE
-- a unique index of another column is not the source's fault
CREATE TABLE fussy (LIKE risk INCLUDING ALL, UNIQUE (class));
SELECT scored('churn', 'customer', 'fussy');
\echo :SQLSTATE

-- What is wrong is said before a row is scored.
SELECT scored(NULL, 'customer', 'risk');
SELECT scored('churn', NULL, 'risk');
SELECT scored('churn', 'customer', NULL);
SELECT * FROM cia_score_into('churn', 'customer', 'risk', NULL);
\echo :SQLSTATE
SELECT * FROM cia_score_into('churn', 'customer', 'risk', '{}');
\echo :SQLSTATE
SELECT * FROM cia_score_into('churn', 'customer', 'risk', '{id,NULL}');
SELECT * FROM cia_score_into('churn', 'customer', 'risk', '{id}', '{"batch": 5}');
\echo :SQLSTATE
SELECT * FROM cia_score_into('churn', 'customer', 'risk', '{id}', '[]');
SELECT scored('nobody', 'customer', 'risk');
\echo :SQLSTATE
SELECT scored('churn@9', 'customer', 'risk');
SELECT scored('churn', 'customer', 'risk', 'ID');
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'risk', 'ctid');
SELECT scored('churn', 'customer', 'risk', 'id', 'id');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT *, id FROM customer', 'risk');
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'risk', name) FROM unnest(ARRAY['score']) name;
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'risk', 'version');
SELECT scored('churn', 'SELECT *, 1 AS xmin FROM customer', 'fresh', 'xmin');
SELECT scored('churn', 'SELECT *, customer AS whole FROM customer', 'wholes', 'whole');
SELECT scored('churn', 'SELECT *, ROW(1, 2) AS whole FROM customer', 'fresh', 'whole');
SELECT scored('churn', 'SELECT *, json ''{}'' AS j FROM customer', 'fresh', 'j');
\echo :SQLSTATE
SELECT scored('churn', 'customer', t) FROM unnest(ARRAY['no_schema.risk']) t;
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'other_db.public.risk');
SELECT scored('churn', 'customer', 'a.b.c.d');
SELECT scored('churn', 'customer', '');
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'risk; DROP TABLE risk');
\set VERBOSITY sqlstate
SELECT scored('churn', 'customer', 'risk_pkey');
\set VERBOSITY default
\echo :SQLSTATE
SELECT scored('churn', 'customer', 'runs');
SELECT scored('churn', 'customer', 'pg_catalog.pg_class');
CREATE MATERIALIZED VIEW still AS TABLE risk;
SELECT scored('churn', 'customer', 'still');
CREATE TABLE lacks (id bigint, score float8, "Class" text);
SELECT scored('churn', 'customer', 'lacks');
\echo :SQLSTATE
SELECT scored('churn', 'SELECT *, id AS "a b" FROM customer', 'lacks', 'a b', 'id');
CREATE TABLE keyless (id bigint, more int, score float8, class text, version int, scored_at timestamptz);
CREATE INDEX ON keyless (id);
CREATE UNIQUE INDEX ON keyless (id) WHERE id > 0;
CREATE UNIQUE INDEX ON keyless (id, more);
CREATE UNIQUE INDEX ON keyless (abs(id));
ALTER TABLE keyless ADD UNIQUE (id) DEFERRABLE;
SELECT scored('churn', 'customer', 'keyless');
\echo :SQLSTATE
CREATE TABLE wrong (id date PRIMARY KEY, score float8, class text, version int, scored_at timestamptz);
SELECT scored('churn', 'customer', 'wrong');
\echo :SQLSTATE
CREATE TABLE strict (LIKE risk INCLUDING ALL, a int NOT NULL DEFAULT 5, "b c" int NOT NULL, d int);
SELECT scored('churn', 'customer', 'strict');
\echo :SQLSTATE
BEGIN READ ONLY;
SELECT scored('churn', 'customer', 'risk');
\echo :SQLSTATE
ROLLBACK;

-- Rights are the caller's: to the model, the source and the table.
CREATE ROLE regress_cia_writer;
CREATE ROLE regress_cia_other;
GRANT SELECT ON customer TO regress_cia_writer, regress_cia_other;
CREATE SCHEMA private AUTHORIZATION regress_cia_writer;
GRANT USAGE ON SCHEMA private TO regress_cia_other;
SET ROLE regress_cia_writer;
-- Terse: the hint names the superuser.
\set VERBOSITY terse
SELECT scored('churn', 'customer', 'risk');
\set VERBOSITY default
\echo :SQLSTATE
SELECT model FROM cia_train('own', 'SELECT age, visits, churned FROM customer', 'churned');
SELECT scored('own', 'moved', 'private.mine');
\echo :SQLSTATE
SELECT scored('own', 'customer', 'risk');
\echo :SQLSTATE
SELECT scored('own', 'customer', 'private.mine');
SELECT scored('own', 'customer', 'private.mine');
SET ROLE regress_cia_other;
SELECT scored('own', 'customer', 'private.mine');
\echo :SQLSTATE
SELECT model FROM cia_train('others', 'SELECT age, visits, churned FROM customer', 'churned');
SELECT scored('others', 'customer', 'private.new');
SELECT scored('others', 'customer', 'private.mine');
RESET ROLE;
GRANT INSERT, UPDATE ON private.mine TO regress_cia_other;
SET ROLE regress_cia_other;
SELECT scored('others', 'customer', 'private.mine');
RESET ROLE;
GRANT SELECT ON private.mine TO regress_cia_other;
SET ROLE regress_cia_other;
SELECT scored('others', 'customer', 'private.mine');
RESET ROLE;
ALTER TABLE private.mine ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON private.mine TO regress_cia_other USING (id <= 100);
SET ROLE regress_cia_other;
SELECT scored('others', 'SELECT * FROM customer WHERE id <= 50', 'private.mine');
SELECT scored('others', 'customer', 'private.mine');
\echo :SQLSTATE
RESET ROLE;

-- In a function with a search_path of its own, in a loop, in a parallel plan, and what stands in front is not taken for ours.
CREATE FUNCTION nightly() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog, pg_temp AS
$$SELECT sum(rows)::bigint FROM public.cia_score_into('churn', 'public.customer', 'public.risk', '{id}')$$;
SELECT nightly(), nightly();
DO $$
BEGIN
	FOR version IN 1..2 LOOP
		RAISE NOTICE '%', (SELECT rows FROM cia_score_into('churn@' || version, 'customer', 'looped', '{id}'));
	END LOOP;
END $$;
SELECT version, count(*) FROM looped GROUP BY version;
CREATE SCHEMA trap;
CREATE FUNCTION trap.same(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.same);
CREATE TYPE trap.text AS (a int);
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
CREATE FUNCTION trap.cia_score(pg_catalog.text, record) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
CREATE TABLE trap.cia_scores (id int, score float8, class pg_catalog.text);
SET search_path = trap, public, pg_catalog;
SELECT rows FROM cia_score_into('churn', 'customer', 'trapped', '{id}');
SELECT rows FROM cia_score_into('churn', 'customer', 'trapped', '{id}');
\d trap.trapped
RESET search_path;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET work_mem = '64kB';
CREATE TABLE many AS SELECT g.n * 1000 + c.id AS id, age, visits, region FROM customer c, generate_series(1, 25) g(n);
SELECT scored('churn', 'many', 'risks'), scored('churn', 'many', 'risks');
SELECT count(*), bool_and(r.score = cia_score('churn', m)) AS score, bool_and(r.class = cia_class('churn', m)) AS class FROM risks r JOIN many m USING (id);
SELECT scored('churn', 'SELECT * FROM many UNION ALL SELECT * FROM many WHERE id = 5005', 'risks');
RESET work_mem;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;

-- What a function reads while the source is planned does not count for the source: rows wait until it has been read.
CREATE FUNCTION judged() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM FROM cia_evaluate('churn', 'SELECT * FROM customer WHERE id <= 300', '{"rows": "all"}'); RETURN 0; END $$;
CREATE FUNCTION widened(id int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF id = 300 THEN ALTER TABLE wide ADD note text DEFAULT 'late'; END IF; RETURN true; END $$;
SELECT scored('churn', 'SELECT * FROM customer WHERE id > judged() AND widened(id)', 'wide');
SELECT count(*), count(note) FROM wide;
-- What is made does not take the place of what is read.
SELECT scored('churn', 'customer', 'pg_temp.customer');
\echo :SQLSTATE
SELECT scored('churn', 'public.customer', 'pg_temp.customer');
DROP TABLE pg_temp.customer;
DROP TABLE wide;
DROP FUNCTION judged, widened;

SET client_min_messages = error;
SELECT count(cia_drop_model(model)) FROM cia_models;
DROP SCHEMA trap, "My Schema", private CASCADE;
DROP TABLE customer, risk, forecast, none, by_branch, own, brief, excluded, cia_scores, s, n, t, "select", odd, once, moved, calm, restless, counted, parted, fired, known, referring,
	fussy, lacks, keyless, wrong, strict, looped, many, risks, wholes CASCADE;
DROP SEQUENCE runs;
DROP FUNCTION scored, emptied, seen, fired, nightly;
DROP ROLE regress_cia_writer, regress_cia_other;
