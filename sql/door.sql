-- The door to the core: memory limit, threads, progress.
CREATE TABLE points AS
SELECT i AS id, u % 1009 AS a, u % 1013 AS b, u * 7 % 1019 AS c, (ARRAY['x', 'y', 'z'])[1 + u % 3] AS d, u % 1009 + u % 1013 > 1000 AS y
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u FROM generate_series(1, 60000) i) s;

SELECT rows_used FROM cia_train('m', 'points', 'y', 'logistic', id => '{id}', options => '{"promote": "always"}');

-- Past cia.max_memory nothing is trained, nothing kept, and the session goes on.
SET cia.threads = 1;
SET cia.max_memory = '3MB';
SELECT * FROM cia_train('n', 'points', 'y');
\echo :SQLSTATE
SELECT cia_fit(p, y, 'logistic', '{}') FROM points p;
\echo :SQLSTATE
SELECT * FROM cia_evaluate('m', 'SELECT * FROM points');
\echo :SQLSTATE
SELECT model, versions FROM cia_models;
SELECT rows_used FROM cia_train('m', 'SELECT * FROM points WHERE id <= 500', 'y');
SELECT value FROM cia_evaluate('m', 'SELECT * FROM points WHERE id <= 500') WHERE metric = 'rows';
SELECT count(cia_score('m', p)) FROM points p;
RESET cia.max_memory;
SELECT value FROM cia_evaluate('m', 'SELECT * FROM points') WHERE metric = 'rows';

-- What a training needs does not depend on the limit: once there is enough, more is enough, too.
DO $$
DECLARE
	least int;
	refused int := 0;
BEGIN
	FOR kilobytes IN 1024 .. 6000 BY 64 LOOP
		PERFORM set_config('cia.max_memory', kilobytes || 'kB', true);
		BEGIN
			PERFORM cia_fit(p, y, 'linear', '{"id": ["id"], "holdout": 0}') FROM (SELECT id, a % 17 AS a, b % 5 AS b, c / 7.0 AS c, y::int AS y FROM points WHERE id <= 30000) p;
			least := coalesce(least, kilobytes);
		EXCEPTION WHEN program_limit_exceeded THEN
			refused := refused + (least IS NOT NULL)::int;
		END;
	END LOOP;
	RAISE NOTICE 'found: %, refused above: %', least IS NOT NULL, refused;
END $$;

-- The limit is told in the unit that fits, and asked for before the work begins.
SET cia.max_memory = '20MB';
SELECT * FROM cia_train('m', 'SELECT ARRAY(SELECT id * n % 101 FROM generate_series(1, 1500) n)::float4[] AS v, y FROM points LIMIT 100', 'y');
RESET cia.max_memory;

RESET cia.threads;

-- A backend gives back what a training took.
CREATE FUNCTION held() RETURNS bigint LANGUAGE sql AS $$SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts$$;
SELECT held() AS before \gset
SELECT rows_used FROM cia_train('m', 'points', 'y', 'logistic', id => '{id}');
SELECT rows_used FROM cia_train('m', $$SELECT a, b, CASE WHEN id = 59999 THEN float8 'inf' END AS c, y FROM points ORDER BY id$$, 'y');
SELECT count(*) FROM cia_evaluate('m', 'SELECT * FROM points');
SELECT held() - :before < 1000000 AS given_back, count(*) FILTER (WHERE name LIKE 'cia train%' OR name = 'cia evaluate') AS arenas FROM pg_backend_memory_contexts;

-- Threads and workers change nothing in a model.
CREATE TABLE prints (setting text, bytes bytea);
SET cia.threads = 1;
INSERT INTO prints SELECT 'one', cia_model_send(cia_fit(p, y, 'logistic', '{"exclude": ["y"]}')) FROM points p;
SET cia.threads = 2;
INSERT INTO prints SELECT 'two', cia_model_send(cia_fit(p, y, 'logistic', '{"exclude": ["y"]}')) FROM points p;
SET cia.threads = 7;
INSERT INTO prints SELECT 'seven', cia_model_send(cia_fit(p, y, 'logistic', '{"exclude": ["y"]}')) FROM points p;
RESET cia.threads;
INSERT INTO prints SELECT 'none', cia_model_send(cia_fit(p, y, 'logistic', '{"exclude": ["y"]}')) FROM points p;
SELECT count(DISTINCT bytes) AS models, count(*) AS trainings FROM prints;

-- Progress is shown when asked for, at most every two seconds; under auto, to sessions called psql alone.
CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_sleep(2.1) WHERE n = 60000;
	RETURN n % 101;
END $$;
SET cia.progress = on;
SELECT rows_used FROM cia_train('m', 'SELECT slow(n) AS x, n % 3 = 0 AS y FROM generate_series(1, 70000) n', 'y');
SELECT rows_used FROM cia_train('m', 'SELECT * FROM points WHERE id < 1000', 'y');
RESET cia.progress;
SELECT rows_used FROM cia_train('m', 'SELECT slow(n) AS x, n % 3 = 0 AS y FROM generate_series(1, 70000) n', 'y');

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP FUNCTION held, slow;
DROP TABLE points, prints;
