-- Attacks: what a role tries that wants more than its rights.  Eve attacks; Vic has tables and a model that she may not use.
\set SHOW_CONTEXT never
CREATE ROLE regress_cia_eve;
CREATE ROLE regress_cia_vic;
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
CREATE TABLE secret AS SELECT i AS id, i % 13 AS x, i % 3 AS z, i % 2 = 0 AS y FROM generate_series(1, 50) i;
ALTER TABLE points OWNER TO regress_cia_vic;
ALTER TABLE secret OWNER TO regress_cia_vic;
GRANT SELECT ON points TO regress_cia_eve;
CREATE SCHEMA eve AUTHORIZATION regress_cia_eve;
GRANT USAGE ON SCHEMA eve TO PUBLIC;
CREATE SCHEMA vic AUTHORIZATION regress_cia_vic;
SET ROLE regress_cia_vic;
SELECT version FROM cia_train('vics', 'points', 'y', 'logistic', id => '{id}');

-- Operators, functions and types that stand in front of PostgreSQL's: traps for whatever statement of ours would not say which it means.
SET ROLE regress_cia_eve;
CREATE FUNCTION eve.sprung() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
DO $$
DECLARE
	known CONSTANT oid[] := '{name,text,int4,int8,uuid,oid,bool,float8,jsonb,numeric,regrole,timestamptz,_text,_int4,_oid,_regrole,interval,regclass,bytea,xid,tid}'::regtype[];
	o record;
	made int := 0;
BEGIN
	FOR o IN SELECT DISTINCT ON (oprname, l.a, r.a) oprname, l.a, r.a AS b, row_number() OVER () AS n FROM pg_operator, unnest(known) l(a), unnest(known) r(a)
		WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft = l.a AND oprright = r.a LOOP
		EXECUTE format('CREATE FUNCTION eve.operator_%s(%s, %s) RETURNS boolean LANGUAGE sql AS ''SELECT eve.sprung()''', o.n, o.a::regtype, o.b::regtype);
		EXECUTE format('CREATE OPERATOR eve.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = eve.operator_%s)', o.oprname, o.a::regtype, o.b::regtype, o.n);
		made := made + 1;
	END LOOP;
	FOR o IN SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, prorettype::regtype AS result FROM pg_proc
		WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset AND provariadic = 0 AND proargnames IS NULL AND prorettype = ANY (known) AND proargtypes::oid[] <@ known
		AND proname IN ('now', 'gen_random_uuid', 'sha256', 'encode', 'current_setting', 'round', 'pg_size_pretty', 'pg_has_role', 'pg_get_userbyid', 'jsonb_strip_nulls', 'float8', 'int4', 'int8', 'text', 'numeric', 'lower', 'upper', 'length', 'version', 'abs', 'max') LOOP
		EXECUTE format('CREATE FUNCTION eve.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN PERFORM eve.sprung(); END''', o.proname, o.arguments, o.result);
		made := made + 1;
	END LOOP;
	RAISE NOTICE '% traps', CASE WHEN made > 150 THEN 'many' ELSE 'few' END;
END $$;
CREATE DOMAIN eve.text AS pg_catalog.text CHECK (eve.sprung());
CREATE DOMAIN eve.regrole AS pg_catalog.regrole CHECK (eve.sprung());
CREATE DOMAIN eve.uuid AS pg_catalog.uuid CHECK (eve.sprung());
CREATE DOMAIN eve.jsonb AS pg_catalog.jsonb CHECK (eve.sprung());
CREATE DOMAIN eve.cia_model AS pg_catalog.bytea CHECK (eve.sprung());
CREATE TABLE eve.cia_registry (LIKE points);
CREATE TABLE eve.cia_version (LIKE points);
CREATE VIEW eve.cia_versions AS SELECT eve.sprung();
CREATE TABLE eve.cia_scores (id int);
SET ROLE regress_cia_vic;
SET search_path = eve, public, pg_catalog;
SELECT version FROM cia_train('vics', 'public.points', 'y', 'logistic', id => '{id}');
SELECT rows, inserted, updated FROM cia_score_into('vics', 'public.points', 'vic.scores', '{id}');
SELECT rows, inserted, updated FROM cia_score_into('vics', 'public.points', 'vic.scores', '{id}');
SELECT rows FROM cia_score_into('vics', 'SELECT * FROM public.points UNION ALL SELECT * FROM public.points', 'vic.scores', '{id}');
SELECT model, role, privilege FROM cia_privileges;
SELECT cia_grant('vics', 'regress_cia_eve', 'score'), cia_revoke('vics', 'regress_cia_eve', 'score'), cia_owner('vics', 'regress_cia_vic'), cia_has_privilege('vics', 'manage');
SELECT pg_catalog.count(*) FROM cia_evaluate('vics', 'public.points');
SELECT pg_catalog.length(cia_report('vics'))::pg_catalog.int8 OPERATOR(pg_catalog.>) 1000 AS reported;
SELECT model, versions FROM cia_models;
SELECT version FROM public.cia_versions ORDER BY version;
RESET search_path;

-- Temporary tables and types in the way, which are found first even where nobody asks for them.
CREATE TEMP TABLE cia_registry AS SELECT 1 AS id;
CREATE TEMP TABLE cia_version AS SELECT 1 AS id;
CREATE TEMP TABLE cia_scores AS SELECT 1 AS id, 2.0 AS score;
CREATE TEMP VIEW cia_versions AS SELECT 1 AS version;
CREATE DOMAIN pg_temp.regrole AS int CHECK (false);
CREATE DOMAIN pg_temp.cia_model AS int CHECK (false);
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (false);
SELECT version FROM cia_train('vics', 'points', 'y', 'logistic', id => '{id}');
SELECT rows, inserted, updated FROM cia_score_into('vics', 'points', 'vic.scores', '{id}');
SELECT cia_grant('vics', 'regress_cia_eve', 'score'), cia_revoke('vics', 'regress_cia_eve', 'score');
SELECT length(cia_report('vics')) > 1000 AS reported;
SELECT model, version FROM cia_models;
DROP TABLE pg_temp.cia_registry, pg_temp.cia_version, pg_temp.cia_scores;
DROP VIEW pg_temp.cia_versions;
DROP DOMAIN pg_temp.regrole, pg_temp.cia_model, pg_temp.text;

-- Functions of our names that fit better, where the extension lives in a schema in which others may create: cia_score_into calls ours.
RESET ROLE;
CREATE FUNCTION public.cia_score(text, points) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
CREATE FUNCTION public.cia_score(varchar, record) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
CREATE FUNCTION public.cia_score(name, record) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
CREATE FUNCTION public.cia_score(anyelement, record) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
CREATE FUNCTION public.cia_model_send(bytea) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
CREATE FUNCTION public.cia_may(varchar, regrole, regrole[], regrole[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN eve.sprung(); END $$;
SET ROLE regress_cia_vic;
SELECT rows, inserted, updated FROM cia_score_into('vics', 'points', 'vic.scores', '{id}');
SELECT version FROM cia_train('vics', 'points', 'y', 'logistic', id => '{id}');
SELECT cia_create_scoring_view('vic.view', 'vics', 'points', '{id}', '{"bands": 0, "reasons": 0}');
SELECT cia_create_scoring_view('vic.view', 'vics', 'SELECT * FROM points', '{id}');
SELECT count(score) FROM vic.view;
DROP VIEW vic.view;
RESET ROLE;
DROP FUNCTION public.cia_score(text, points), public.cia_score(varchar, record), public.cia_score(name, record), public.cia_score(anyelement, record), public.cia_model_send(bytea), public.cia_may(varchar, regrole, regrole[], regrole[]);

-- Names that are statements, formats and escapes.
SET ROLE regress_cia_eve;
CREATE TABLE eve."t'; DROP TABLE points; --" AS SELECT id AS "i""d'; --%s", x AS "%1$s", z AS "'\""", y AS "y"" = y; --" FROM points;
SELECT model, version FROM cia_train('%1$s"; DROP TABLE points; --''\', $$eve."t'; DROP TABLE points; --"$$, 'y" = y; --', 'logistic', id => ARRAY['i"d''; --%s'], options => '{"l2": 1}');
SELECT cia_grant('%1$s"; DROP TABLE points; --''\', 'x"; DROP TABLE points; --', 'score');
SELECT cia_grant('%1$s"; DROP TABLE points; --''\', 'public', 'score''); DROP TABLE points; --');
SELECT rows, inserted FROM cia_score_into('%1$s"; DROP TABLE points; --''\', $$eve."t'; DROP TABLE points; --"$$, $$eve."s""; DROP TABLE points; --"$$, ARRAY['i"d''; --%s']);
SELECT rows, updated FROM cia_score_into('%1$s"; DROP TABLE points; --''\@1', $$eve."t'; DROP TABLE points; --"$$, $$eve."s""; DROP TABLE points; --"$$, ARRAY['i"d''; --%s']);
SELECT count(*) FROM cia_evaluate('%1$s"; DROP TABLE points; --''\', $$eve."t'; DROP TABLE points; --"$$);
SELECT length(cia_report('%1$s"; DROP TABLE points; --''\')) > 1000 AS reported;
SELECT cia_drop_model('%1$s"; DROP TABLE points; --''\');
SELECT * FROM cia_score_into('vics', 'points', 'eve.x (id int); DROP TABLE points; --', '{id}');
SELECT * FROM cia_train('x', 'SELECT * FROM points) s; DROP TABLE points; --', 'y');
DROP TABLE eve."t'; DROP TABLE points; --", eve."s""; DROP TABLE points; --";

-- Row security of the source is the caller's, and rows that it hides are not even looked at: the one with an infinity would be an error.
SET ROLE regress_cia_vic;
CREATE TABLE vic.rows AS SELECT id, x::float8 AS x, z, y FROM points;
INSERT INTO vic.rows VALUES (1000, 'infinity', 1, true);
ALTER TABLE vic.rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON vic.rows TO regress_cia_eve USING (id % 2 = 1);
GRANT USAGE ON SCHEMA vic TO regress_cia_eve;
GRANT SELECT ON vic.rows TO regress_cia_eve;
CREATE VIEW vic.window AS SELECT * FROM vic.rows WHERE id <= 150;
CREATE VIEW vic.barrier WITH (security_barrier) AS SELECT * FROM vic.rows WHERE id <= 150;
GRANT SELECT ON vic.window, vic.barrier TO regress_cia_eve;
SELECT * FROM cia_train('x', 'vic.rows', 'y', 'logistic', id => '{id}');
SET ROLE regress_cia_eve;
SELECT rows_used FROM cia_train('eves', 'vic.rows', 'y', 'logistic', id => '{id}');
SELECT value FROM cia_evaluate('eves', 'vic.rows', '{"rows": "all"}') WHERE metric = 'rows';
SELECT rows FROM cia_score_into('eves', 'vic.rows', 'eve.scores', '{id}');
SELECT count(*) FROM cia_residuals('eves', 'vic.rows', '{"rows": "all"}');
SELECT count(*) FROM vic.rows r WHERE cia_score('eves', r) >= 0;
SELECT count(*) FROM vic.window w WHERE cia_score('eves', w) >= 0;
SELECT count(*) FROM vic.barrier b WHERE cia_score('eves', b) >= 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM vic.barrier b WHERE cia_score('eves', b) >= 0;
SELECT rows_used FROM cia_train('eves', 'SELECT * FROM vic.window', 'y', 'logistic', id => '{id}');
CREATE FUNCTION eve.told(x float8) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', x; RETURN true; END $$;
SELECT count(*) FROM vic.barrier b WHERE eve.told(x) AND cia_score('eves', b) < 0 AND id > 148;
ALTER FUNCTION eve.told LEAKPROOF;
SELECT model FROM cia_models WHERE eve.told(length(model)) ORDER BY model;
SELECT model FROM cia_privileges WHERE eve.told(length(role)) ORDER BY model;

-- The source's text: what it runs has the caller's rights, in a function of the definer the definer's, and does not get out of them.
CREATE FUNCTION eve.try(command text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'as %', CASE current_user WHEN session_user THEN 'the superuser' ELSE current_user END;
	EXECUTE command;
	RETURN 1;
EXCEPTION WHEN OTHERS THEN
	RAISE NOTICE '%', SQLERRM;
	RETURN 1;
END $$;
SELECT rows_used FROM cia_train('eves', $$SELECT p.* FROM points p, (SELECT eve.try('SELECT * FROM secret') OFFSET 0) t$$, 'y', 'logistic', id => '{id}');
SELECT count(*) FROM cia_evaluate('eves', $$SELECT p.* FROM points p, (SELECT eve.try('DELETE FROM public.cia_registry') OFFSET 0) t$$, '{"rows": "all"}');
SET ROLE regress_cia_vic;
CREATE FUNCTION vic.train(model text, source text) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$SELECT version FROM cia_train(model, source, 'y', 'logistic')$$;
SET ROLE regress_cia_eve;
SELECT vic.train('lent', $$SELECT p.* FROM points p, (SELECT eve.try('SET ROLE regress_cia_eve') OFFSET 0) t$$);
SELECT vic.train('lent', $$SELECT p.* FROM points p, (SELECT eve.try('RESET ROLE') OFFSET 0) t$$);
SELECT vic.train('lent', $$SELECT p.* FROM points p, (SELECT eve.try('SET SESSION AUTHORIZATION DEFAULT') OFFSET 0) t$$);
SELECT vic.train('eves', 'points');
SELECT vic.train('lent@1"; DROP TABLE points; --', 'points');
SELECT cia_score('lent', p) FROM points p;

-- A text that waits in the registry for others to run it does so with rights that they and its author have, or not at all.
SELECT version FROM cia_train('waiting', $$SELECT p.* FROM points p, (SELECT eve.try('SELECT * FROM secret') OFFSET 0) t$$, 'y', 'logistic');
SELECT cia_grant('waiting', 'regress_cia_vic', 'manage');
SELECT length(cia_report('waiting')) > 1000 AS reported;
SET ROLE regress_cia_vic;
SELECT cia_report('waiting');
\echo :SQLSTATE
SELECT length(cia_report('waiting', 'points')) > 1000 AS reported;
RESET ROLE;
SELECT length(cia_report('waiting')) > 1000 AS reported;
SET ROLE regress_cia_eve;
SELECT version FROM cia_train('waiting', $$SELECT p.* FROM points p, (SELECT eve.try('RESET ROLE') + eve.try('SET SESSION AUTHORIZATION DEFAULT') + eve.try('CREATE TEMP TABLE left_behind ()') OFFSET 0) t$$, 'y', 'logistic', options => '{"promote": "always"}');
RESET ROLE;
SELECT length(cia_report('waiting')) > 1000 AS reported, CASE current_user WHEN session_user THEN 'superuser' END AS still;
SELECT version FROM cia_retrain('waiting');
SELECT verified FROM cia_verify('waiting');
SELECT version, trained_by FROM cia_versions WHERE model = 'waiting' ORDER BY version;
SET ROLE regress_cia_vic;
SELECT version FROM cia_retrain('waiting');
\echo :SQLSTATE
SELECT version FROM cia_verify('waiting');
\echo :SQLSTATE
SELECT version FROM cia_retrain('waiting', source => 'points');
SET ROLE regress_cia_eve;
SELECT version FROM cia_retrain('waiting');
SELECT version FROM cia_retrain('waiting@3');
SELECT version, trained_by FROM cia_versions WHERE model = 'waiting' ORDER BY version;
RESET ROLE;
CREATE ROLE regress_cia_both IN ROLE regress_cia_eve;
SET ROLE regress_cia_both;
SELECT length(cia_report('waiting')) > 1000 AS reported;
RESET ROLE;
CREATE ROLE regress_cia_crew ROLE regress_cia_eve, regress_cia_vic;
SELECT cia_owner('waiting', 'regress_cia_crew');
GRANT SELECT ON points TO regress_cia_crew;
SET ROLE regress_cia_vic;
SELECT length(cia_report('waiting')) > 1000 AS reported;
SELECT version FROM cia_retrain('waiting');
RESET ROLE;
SELECT version, trained_by FROM cia_versions WHERE model = 'waiting' ORDER BY version DESC LIMIT 1;
REASSIGN OWNED BY regress_cia_crew TO regress_cia_vic;
DROP OWNED BY regress_cia_crew;
DROP ROLE regress_cia_both, regress_cia_crew;

-- The table of the scores: what hangs on it runs as it does for INSERT, with the caller's rights.
SET ROLE regress_cia_eve;
CREATE FUNCTION eve.always(what text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% as %', what, current_user;
	RETURN 1;
END $$;
CREATE FUNCTION eve.called(what text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% as %', what, current_user;
	RETURN 1;
END $$;
CREATE FUNCTION eve.fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM eve.always('trigger'); RETURN NEW; END $$;
CREATE TABLE eve.trap (id int PRIMARY KEY, score float8, class text, version int, scored_at timestamptz, a int DEFAULT eve.always('default'), b int GENERATED ALWAYS AS (eve.called('generated' || left(class, 0))) STORED, CHECK (eve.always('check') = 1));
CREATE INDEX ON eve.trap (eve.called('index' || left(class, 0)));
CREATE TRIGGER fired BEFORE INSERT ON eve.trap FOR EACH ROW EXECUTE FUNCTION eve.fired();
GRANT SELECT, INSERT, UPDATE ON eve.trap TO regress_cia_vic;
SET ROLE regress_cia_vic;
SELECT rows FROM cia_score_into('vics', 'SELECT * FROM points LIMIT 1', 'eve.trap', '{id}');
SELECT * FROM cia_score_into('vics', 'SELECT * FROM points LIMIT 1', 'public.cia_version', '{id}');
SET ROLE regress_cia_eve;
SELECT * FROM cia_score_into('eves', 'SELECT * FROM points LIMIT 1', 'vic.rows', '{id}');
SELECT * FROM cia_score_into('eves', 'SELECT * FROM points LIMIT 1', 'secret', '{id}');

-- A source that changes the table while it is read: other types, a partition of another table, something else in its place.
SELECT rows, inserted FROM cia_score_into('eves', $$SELECT p.* FROM points p, (SELECT eve.try('ALTER TABLE eve.fresh ALTER score TYPE text, ALTER version TYPE numeric') OFFSET 0) t$$, 'eve.fresh', '{id}');
SELECT count(*), count(DISTINCT pg_typeof(score)::text || pg_typeof(version)) AS types, bool_and(score::float8 BETWEEN 0 AND 1) AS sound FROM eve.fresh;
DROP TABLE eve.fresh;
CREATE TABLE eve.parent (id int NOT NULL, score float8 NOT NULL, class text, version int NOT NULL, scored_at timestamptz NOT NULL) PARTITION BY RANGE (id);
\set VERBOSITY terse
SELECT rows FROM cia_score_into('eves', $$SELECT p.* FROM points p, (SELECT eve.try('ALTER TABLE eve.parent ATTACH PARTITION eve.fresh FOR VALUES FROM (1) TO (10)') OFFSET 0) t$$, 'eve.fresh', '{id}');
\set VERBOSITY default
CREATE TABLE eve.base (id int PRIMARY KEY, score float8, class text, version int, scored_at timestamptz);
CREATE TABLE eve.all_parts (LIKE eve.base INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE eve.all_rows PARTITION OF eve.all_parts DEFAULT;
SELECT * FROM cia_score_into('eves', $$SELECT p.* FROM points p, (SELECT eve.try('DROP TABLE eve.all_parts') + eve.try('CREATE VIEW eve.all_parts AS SELECT *, 1 AS tableoid, bigint ''2'' AS ctid FROM eve.base') OFFSET 0) t$$, 'eve.all_parts', '{id}');
\echo :SQLSTATE
CREATE TABLE eve.parts (LIKE eve.base INCLUDING ALL) PARTITION BY RANGE (id);
SELECT * FROM cia_score_into('eves', $$SELECT p.* FROM points p, (SELECT eve.try('ALTER TABLE eve.parts RENAME TO renamed') + eve.try('CREATE VIEW eve.parts AS SELECT *, 1 AS tableoid, bigint ''2'' AS ctid FROM eve.base') OFFSET 0) t$$, 'eve.parts', '{id}');
SELECT * FROM cia_score_into('eves', $$SELECT p.* FROM points p, (SELECT eve.try('DROP TABLE eve.gone') OFFSET 0) t$$, 'eve.gone', '{id}');

-- What runs by itself runs with the rights of the table's owner: ANALYZE and REINDEX of an expression, REFRESH.
CREATE TABLE eve.bait AS SELECT id, x, z, y FROM points LIMIT 5;
CREATE FUNCTION eve.sly(bait eve.bait) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('regress.sly', true) = 'score' THEN
		RETURN public.cia_score('vics', bait);
	ELSIF current_setting('regress.sly', true) = 'grant' THEN
		PERFORM public.cia_grant('vics', 'regress_cia_eve', 'manage');
	ELSIF current_setting('regress.sly', true) = 'train' THEN
		PERFORM public.cia_train('eves', 'public.secret', 'y');
	END IF;
	RETURN 0;
END $$;
CREATE INDEX sly ON eve.bait (eve.sly(bait));
CREATE MATERIALIZED VIEW eve.stolen AS SELECT cia_score('vics', p) FROM points p WITH NO DATA;
RESET ROLE;
SET regress.sly = 'score';
ANALYZE eve.bait;
REINDEX TABLE eve.bait;
SET regress.sly = 'grant';
ANALYZE eve.bait;
SET regress.sly = 'train';
ANALYZE eve.bait;
RESET regress.sly;
REFRESH MATERIALIZED VIEW eve.stolen;
SELECT cia_has_privilege('regress_cia_eve', 'vics', 'score');

-- SET SESSION AUTHORIZATION is as good as SET ROLE; so is a view of somebody who may, which runs functions as whoever reads it.
CREATE VIEW vic.scored AS SELECT id, cia_score('vics', p) AS score FROM points p;
ALTER VIEW vic.scored OWNER TO regress_cia_vic;
GRANT SELECT ON vic.scored TO regress_cia_eve;
SET SESSION AUTHORIZATION regress_cia_eve;
SELECT cia_score('vics', p) FROM points p;
SELECT score FROM vic.scored;
SELECT cia_owner('vics', 'regress_cia_eve');
RESET SESSION AUTHORIZATION;

-- Models from outside are checked before use, whoever brings them.
SET ROLE regress_cia_eve;
SELECT '{}'::jsonb::cia_model;
SELECT jsonb_set(cia_fit(p, y, 'logistic', '{}')::jsonb, '{features}', '[]')::cia_model FROM points p;

-- What is not there: a function of ours that somebody else may replace, or give away.
CREATE OR REPLACE FUNCTION public.cia_may(text, regrole, regrole[], regrole[]) RETURNS boolean LANGUAGE sql AS 'SELECT true';
ALTER VIEW cia_versions RESET (security_barrier);
CREATE OR REPLACE VIEW cia_models AS SELECT 1;
COMMENT ON VIEW cia_models IS 'mine';
DROP EXTENSION cia;
CREATE EXTENSION cia VERSION '1.0' SCHEMA eve;
ALTER EXTENSION cia ADD FUNCTION eve.sprung();

RESET ROLE;
SELECT count(*) AS points_are_there FROM points;
SELECT count(cia_drop_model(model)) FROM cia_models;
SET client_min_messages = warning;
DROP TABLE left_behind;
DROP SCHEMA eve, vic CASCADE;
DROP TABLE points, secret;
DROP ROLE regress_cia_eve, regress_cia_vic;
