-- cia_jobs: what a long call shows of itself while it runs.
SET cia.progress = off;
SET client_min_messages = warning;
CREATE TABLE points AS SELECT i, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 400) i;
CREATE TABLE seen (what text, model text, kind text, stage text, done float8, rows bigint, mine boolean, started boolean);
-- Notes what the job of this session shows at that moment.
CREATE FUNCTION look(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_stat_clear_snapshot();
	INSERT INTO seen SELECT what, model, kind, stage, done, rows, role = current_user::regrole, seconds BETWEEN 0 AND 60
	FROM cia_jobs WHERE pid = pg_backend_pid();
	RETURN true;
END $$;
CREATE FUNCTION jobs() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_stat_clear_snapshot();
	RETURN (SELECT count(*) FROM cia_jobs WHERE pid = pg_backend_pid());
END $$;

-- Every kind of call, as its own source sees it.
SELECT version FROM cia_train('it''s "ö"', 'SELECT x, z, y FROM points WHERE i <> 1 OR look(''train'')', 'y', 'logistic');
SELECT count(*) FROM cia_cross_validate('SELECT x, z, y FROM points WHERE i <> 1 OR look(''folds'')', 'y', 'logistic');
SELECT count(*) > 0 AS judged FROM cia_evaluate('it''s "ö"', 'SELECT x, z, y FROM points WHERE i <> 1 OR look(''evaluate'')');
SELECT rows FROM cia_score_into('it''s "ö"@1', 'SELECT * FROM points WHERE i <> 1 OR look(''score'')', 'scores', '{i}');
SELECT * FROM seen ORDER BY what;
SELECT jobs() AS afterwards;

-- Rows read, and the share of reading that they are of the rows expected; a source without an end in sight stays below 1.
CREATE TABLE many AS SELECT i AS x, i % 2 = 0 AS y FROM generate_series(1, 200000) i;
ANALYZE many;
TRUNCATE seen;
SELECT rows_used FROM cia_train('m', 'SELECT x, y FROM many WHERE x % 50000 <> 49999 OR look(''many'')', 'y', 'logistic');
SELECT rows, round(done::numeric, 1) AS done FROM seen ORDER BY rows;
TRUNCATE seen;
SELECT rows_used FROM cia_train('m', 'SELECT x, x % 2 = 0 AS y FROM (SELECT x FROM generate_series(1, 200000) x OFFSET 0) s WHERE x < 199999 OR look(''unknown'')', 'y', 'logistic');
SELECT rows, done <= 0.5 AS within FROM seen ORDER BY rows;

-- A training within the source of another is seen meanwhile, and then the outer one again.
CREATE FUNCTION train_within() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM look('outer before');
	PERFORM version FROM cia_train('inner', 'SELECT x, y FROM points WHERE i <> 7 OR look(''inner'')', 'y');
	RETURN look('outer after');
END $$;
TRUNCATE seen;
SELECT version FROM cia_train('outer', 'SELECT x, z, y FROM points WHERE i <> 9 OR train_within()', 'y');
SELECT what, model FROM seen;

-- COPY shows its own progress before and after, as it would have without us.
CREATE FUNCTION copying() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_stat_clear_snapshot();
	RETURN (SELECT concat_ws(' ', command, type, tuples_processed) FROM pg_stat_progress_copy WHERE pid = pg_backend_pid());
END $$;
COPY (SELECT copying() AS before, version, copying() AS after FROM generate_series(1, 3) i, LATERAL cia_train('copied', 'points', 'y', 'logistic', exclude => ARRAY[CASE i WHEN 1 THEN 'x' ELSE 'z' END])) TO STDOUT;
CREATE TABLE made AS SELECT version, jobs() AS afterwards FROM cia_train('copied', 'points', 'y');
SELECT * FROM made;

-- A command that shows progress of its own within the source does not hide the job for long.
CREATE FUNCTION index_within() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	CREATE INDEX ON seen (what);
	RETURN true;
END $$;
TRUNCATE seen;
SELECT rows_used FROM cia_train('m', 'SELECT x, y FROM many WHERE (x <> 2 OR index_within()) AND (x <> 199990 OR look(''after an index''))', 'y', 'logistic');
SELECT what, stage FROM seen;

-- An error, caught or not, ends it.
DO $$
BEGIN
	PERFORM cia_train('bad', 'SELECT x, y, 1 / (x - 5) AS z FROM points', 'y');
EXCEPTION WHEN division_by_zero THEN
	RAISE WARNING 'jobs after the error: %', jobs();
	PERFORM cia_train('good', 'SELECT x, y FROM points WHERE i <> 7 OR look(''good'')', 'y');
END $$;
SELECT what, model FROM seen WHERE what = 'good';
SELECT cia_train('bad', 'SELECT x, y, 1 / (x - 5) AS z FROM points', 'y');
SELECT jobs() AS afterwards;
SET statement_timeout = 1000;
SELECT cia_train('bad', 'SELECT x, y, pg_sleep(0.01) IS NULL AS z FROM points', 'y');
RESET statement_timeout;
SELECT jobs() AS afterwards;

-- Without track_activities nothing is shown, and all works.
TRUNCATE seen;
SET track_activities = off;
SELECT version FROM cia_train('quiet', 'SELECT x, z, y FROM points WHERE i <> 1 OR look(''quiet'')', 'y', 'logistic');
RESET track_activities;
SELECT * FROM seen;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP FUNCTION look, jobs, train_within, copying, index_within;
DROP TABLE points, seen, many, made, scores;
