-- cia_runs: what has become of trainings, the failed ones included.
SET cia.progress = off;
SET client_min_messages = warning;
CREATE ROLE regress_cia_runner;
CREATE ROLE regress_cia_other;
CREATE TABLE points AS SELECT i, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 400) i;
GRANT SELECT ON points TO regress_cia_runner, regress_cia_other;
-- A failed run is written by a worker, some hundredths of a second later: waits until there are that many.  What
-- waits for a worker is sent when a transaction ends.
CREATE PROCEDURE wait_for(wanted bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..3000 LOOP
		EXIT WHEN (SELECT count(*) = wanted FROM cia_run WHERE outcome IN ('failed', 'canceled'));
		PERFORM pg_sleep(0.02);
		COMMIT;
	END LOOP;
	IF (SELECT count(*) <> wanted FROM cia_run WHERE outcome IN ('failed', 'canceled')) THEN
		RAISE EXCEPTION 'there are % runs', (SELECT count(*) FROM cia_run WHERE outcome IN ('failed', 'canceled'));
	END IF;
END $$;
-- What failed before may be written down only now: it is none of ours.
CREATE FUNCTION is_ours() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.started_at >= TG_ARGV[0]::timestamptz THEN NEW END; END $$;
DO $$ BEGIN EXECUTE format('CREATE TRIGGER ours BEFORE INSERT ON cia_run FOR EACH ROW EXECUTE FUNCTION is_ours(%L)', clock_timestamp()); END $$;
TRUNCATE cia_run;

-- What went well is recorded in its own transaction, and goes with it.
SELECT version FROM cia_train('m', 'points', 'y', 'logistic');
BEGIN;
SELECT version FROM cia_train('m', 'points', 'y', 'logistic');
SELECT version, outcome FROM cia_runs ORDER BY number;
ROLLBACK;
SELECT model, version, kind, outcome, sqlstate, message, detail, hint, rows, seconds BETWEEN 0 AND 60 AS seconds, ended_at >= started_at AS ended, run_by = current_user::regrole AS mine, job FROM cia_runs;

-- What failed is recorded with its error, whatever the transaction around it does.
SELECT version FROM cia_train('m', 'points', 'nope');
BEGIN;
SELECT version FROM cia_train('it''s "ö"', 'SELECT x, y, 1 / (300 - i) AS w FROM points ORDER BY i', 'y');
ROLLBACK;
SELECT version FROM cia_train('m', 'no_such_table', 'y');
SELECT version FROM cia_train('m', 'SELECT x, y FROM points WHERE false', 'y');
CALL wait_for(4);
SELECT model, version, kind, outcome, sqlstate, message, detail, hint, rows FROM cia_runs WHERE outcome <> 'succeeded' ORDER BY started_at;

-- Caught by the caller, and followed by a training that goes well.
DO $$
BEGIN
	PERFORM cia_train('m', 'SELECT x, y, 1 / (5 - x) AS w FROM points', 'y');
EXCEPTION WHEN division_by_zero THEN
	PERFORM cia_train('m', 'SELECT x, y FROM points', 'y');
END $$;
-- An error within the source that is caught there is none of the training's.
CREATE FUNCTION careful(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / (5 - x); EXCEPTION WHEN division_by_zero THEN RETURN NULL; END $$;
SELECT rows_used FROM cia_train('careful', 'SELECT careful(x), z, y FROM points', 'y');
-- A training that fails within the source of another fails both.
CREATE FUNCTION train_within() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM cia_train('inner', 'SELECT x FROM points', 'y'); RETURN true; END $$;
SELECT version FROM cia_train('outer', 'SELECT x, z, y FROM points WHERE i <> 9 OR train_within()', 'y');
CALL wait_for(7);
SELECT model, outcome, sqlstate, message FROM cia_runs WHERE model IN ('inner', 'outer', 'careful') OR sqlstate = '22012' AND model = 'm' ORDER BY model;

-- Canceled: by a timeout, by somebody, by the end of the session.
SET statement_timeout = 1000;
SELECT version FROM cia_train('late', 'SELECT x, y, pg_sleep(0.01)::text AS s FROM points', 'y');
RESET statement_timeout;
SELECT version FROM cia_train('stopped', 'SELECT x, y, pg_cancel_backend(pg_backend_pid()) AS s FROM points', 'y');
CALL wait_for(9);
SELECT model, outcome, sqlstate, message FROM cia_runs WHERE outcome = 'canceled' ORDER BY started_at;

-- What is refused before anything is read is no run.
SELECT version FROM cia_train('m@1', 'points', 'y');
SELECT version FROM cia_train('m', 'points', 'y', 'logistic', options => '{"nope": 1}');
SELECT version FROM cia_train('m', 'points', 'y', 'nope');
SET ROLE regress_cia_other;
\set VERBOSITY terse
SELECT version FROM cia_train('m', 'points', 'y');
\set VERBOSITY default
RESET ROLE;
SELECT pg_sleep(0.2) IS NULL AS recorded, count(*) FROM cia_run WHERE outcome <> 'succeeded';

-- A long message is cut where a character ends.
\set VERBOSITY sqlstate
SELECT version FROM cia_train('long', format('SELECT x, y, (SELECT %L::int) AS w FROM points', repeat('é', 2000)), 'y');
\set VERBOSITY default
CALL wait_for(10);
SELECT octet_length(message) AS bytes, left(message, 42) AS starts, right(message, 3) AS ends FROM cia_runs WHERE model = 'long';

-- Each sees his own, and those of the models that he may manage.
SET ROLE regress_cia_runner;
SELECT version FROM cia_train('theirs', 'no_such_table', 'y');
RESET ROLE;
CALL wait_for(11);
SET ROLE regress_cia_runner;
SELECT model, message, run_by FROM cia_runs;
SELECT count(*) FROM cia_run;
SET ROLE regress_cia_other;
SELECT count(*) AS before FROM cia_runs;
SELECT version FROM cia_train('theirs', 'points', 'y', 'logistic');
SELECT outcome, run_by FROM cia_runs;
RESET ROLE;
SELECT model, outcome, run_by FROM cia_runs WHERE model = 'theirs' ORDER BY number;

-- A hundred of each name are kept, and a thousand of names without a model.
INSERT INTO cia_run (name, kind, outcome, rows, started_at, ended_at, run_by) SELECT 'nobody''s ' || i, 'train', 'failed', i, now(), now(), current_user::regrole FROM generate_series(1, 1200) i;
INSERT INTO cia_run (name, kind, outcome, rows, started_at, ended_at, run_by) SELECT 'many', 'train', 'failed', i, now(), now(), current_user::regrole FROM generate_series(1, 150) i;
SELECT version FROM cia_train('many', 'no_such_table', 'y');
CALL wait_for(953);
SELECT count(*) FILTER (WHERE name = 'many') AS of_the_name, count(*) FILTER (WHERE model IS NULL) <= 1000 AS of_nothing, count(*) FILTER (WHERE name = 'm') > 4 AS others FROM cia_run;

-- They go with the model.
SELECT count(cia_drop_model(model)) FROM cia_models;
SELECT count(*) FROM cia_run WHERE model IS NOT NULL;

TRUNCATE cia_run;
DROP TRIGGER ours ON cia_run;
DROP PROCEDURE wait_for;
DROP FUNCTION is_ours;
DROP FUNCTION careful, train_within;
DROP TABLE points;
DROP ROLE regress_cia_runner, regress_cia_other;
