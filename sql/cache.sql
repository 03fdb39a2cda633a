-- Which model a call site uses: the one of its snapshot, whatever was decoded before.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
CREATE FUNCTION first_score(text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	p points;
	s float8;
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	s := cia_score($1, p);
	RETURN s;
END $$;
SELECT version FROM cia_train('m', 'points', 'y', features => '{x}', options => '{"promote": "always"}');

-- A loop of PL/pgSQL keeps its call site for the transaction, but not the version.
DO $$
DECLARE
	p points;
	s float8;
	last float8;
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	FOR i IN 1 .. 5 LOOP
		s := cia_score('m', p);
		RAISE NOTICE 'round %: %', i, CASE WHEN s IS DISTINCT FROM last THEN 'another score' ELSE 'the same score' END;
		last := s;
		IF i = 2 THEN
			PERFORM cia_train('m', 'points', 'y', features => '{z}');
		ELSIF i = 3 THEN
			PERFORM cia_drop_model('m');
			PERFORM cia_train('m', 'points', 'y', features => '{x,z}');
		ELSIF i = 4 THEN
			PERFORM cia_drop_model('m');
		END IF;
	END LOOP;
END $$;
SELECT version FROM cia_versions WHERE model = 'm';

-- What was undone is not used again: neither by version nor after the number is given out anew.
BEGIN;
SELECT version FROM cia_train('m', 'points', 'y', features => '{z}');
SELECT first_score('m') = first_score('m@2') AS second;
ROLLBACK;
SELECT first_score('m') = first_score('m@1') AS first;
SELECT first_score('m@2');
SELECT version FROM cia_train('m', 'points', 'y', features => '{x,z}');
SELECT first_score('m@2') = cia_score(content, p) AS second FROM points p, cia_versions v WHERE id = 1 AND v.model = 'm' AND v.version = 2;
DO $$
DECLARE
	p points;
	s float8;
	before float8 := first_score('m');
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	FOR i IN 1 .. 3 LOOP
		BEGIN
			IF i = 2 THEN
				PERFORM cia_train('m', 'points', 'y', features => '{z}');
			END IF;
			s := cia_score('m', p);
			RAISE NOTICE 'round %: %', i, s = before;
			RAISE EXCEPTION 'undo';
		EXCEPTION WHEN raise_exception THEN
			NULL;
		END;
	END LOOP;
END $$;

-- A cursor goes on with the version that it began with.
BEGIN;
DECLARE walk CURSOR FOR SELECT cia_score('m', p) = cia_score('m@2', p) AS second FROM points p ORDER BY id;
FETCH 2 FROM walk;
SELECT version FROM cia_train('m', 'points', 'y', features => '{x}');
FETCH 2 FROM walk;
SELECT cia_drop_model('m');
FETCH 2 FROM walk;
ROLLBACK;

-- More models than are kept decoded, all used by one query, then each again.
SELECT count(t.version) FROM generate_series(1, 51) n, cia_train('many ' || n, 'points', 'y', features => '{x}', options => jsonb_build_object('l2', n)) t;
SELECT count(DISTINCT cia_score('many ' || n, p)) FROM generate_series(1, 50) n, points p WHERE id = 1;
SELECT bool_and(cia_score(model, p) = cia_score(content, p)) AS right FROM cia_versions v, points p WHERE v.model LIKE 'many %' AND id < 5;
SELECT count(*) BETWEEN 50 AND 60 AS kept FROM pg_backend_memory_contexts WHERE name = 'cia model';
SET cia.cache_size = '100kB';
SELECT bool_and(cia_score(model, p) = cia_score(content, p)) AS right FROM cia_versions v, points p WHERE v.model LIKE 'many %' AND id < 5;
SELECT sum(total_bytes) BETWEEN 1 AND 100 * 1024 AS bounded FROM pg_backend_memory_contexts
WHERE name IN ('cia model', 'cia row map');
-- A model in use stays, whatever the bound.
SET cia.cache_size = 0;
SELECT count(DISTINCT cia_score('many 7', p)) > 1 AS right FROM points p;
SELECT count(*) AS kept FROM pg_backend_memory_contexts WHERE name = 'cia model';
RESET cia.cache_size;
-- When a model is dropped or replaced, nothing is kept of it.
SELECT count(cia_score('many 51', p)) FROM points p WHERE id = 1;
SELECT count(*) > 0 AS kept FROM pg_backend_memory_contexts WHERE name = 'cia model';
SELECT cia_drop_model('many 51');
SELECT count(*) AS kept FROM pg_backend_memory_contexts WHERE name = 'cia model';
DO $$
DECLARE
	p points;
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	FOR n IN 1 .. 100 LOOP
		PERFORM cia_score('many ' || 1 + n % 50, p);
	END LOOP;
END $$;

-- A call site walks from node to node for the first rows of a forest, until tables pay: the same scores, by name or by value.
SELECT version FROM cia_train('trees', 'points', 'y', 'boosted_trees', options => '{"trees": 20, "min_rows": 5}');
SELECT count(*), count(DISTINCT a.score) > 20 AS many, count(*) FILTER (WHERE a.score <> b.score OR a.score <> c.score) AS other
FROM (SELECT p.id, cia_score(v.content, p) AS score FROM cia_versions v, LATERAL (SELECT * FROM points ORDER BY id) p WHERE v.model = 'trees') a
JOIN (SELECT p.id, cia_score(v.content, p) AS score FROM cia_versions v, LATERAL (SELECT * FROM points ORDER BY id DESC) p WHERE v.model = 'trees') b USING (id)
JOIN (SELECT p.id, cia_score('trees', p) AS score FROM (SELECT * FROM points ORDER BY id DESC) p) c USING (id);
SELECT cia_drop_model('trees');

-- A model that changes from row to row, by name or by value, leaves no memory behind.
CREATE FUNCTION peak() RETURNS bigint LANGUAGE sql AS
$$SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'VmHWM:\s+(\d+)'))[1]::bigint$$;
SELECT peak() AS before \gset
SELECT count(cia_score('many ' || 1 + p.id % 2, p)) FROM points p, generate_series(1, 100);
SELECT count(cia_score(v.content, p)) FROM points p, cia_versions v, generate_series(1, 100) WHERE v.model IN ('many 1', 'many 2');
SELECT count(cia_score('many 1', CASE p.id % 2 WHEN 0 THEN q ELSE r END)) FROM points p, generate_series(1, 100), LATERAL (SELECT p.x) q, LATERAL (SELECT 1 AS other, p.x) r;
SELECT peak() - :before < 20000 AS modest;

-- A stored model that is damaged: only a superuser can do that.
CREATE CAST (bytea AS cia_model) WITHOUT FUNCTION;
UPDATE cia_version SET content = set_byte(cia_model_send(content), 40, 255)::cia_model WHERE model = (SELECT id FROM cia_registry WHERE name = 'many 7');
UPDATE cia_version SET content = set_byte(cia_model_send(content), 4, 7)::cia_model WHERE model = (SELECT id FROM cia_registry WHERE name = 'many 8');
DROP CAST (bytea AS cia_model);
SELECT cia_score('many 7', p) FROM points p;
\echo :SQLSTATE
SELECT cia_score('many 7@1', p) FROM points p;
SELECT * FROM cia_evaluate('many 7', 'points');
SELECT cia_score('many 8', p) FROM points p;
\echo :SQLSTATE
SELECT model, version FROM cia_models WHERE model = 'many 7';
SELECT version FROM cia_train('many 7', 'points', 'y', features => '{x}');
SELECT count(cia_score('many 7', p)) FROM points p;
SELECT cia_drop_model('many 8');

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP FUNCTION first_score, peak;
DROP TABLE points;
