-- cia_score_into scores rows by blocks, on other threads while it reads: what it writes is what cia_score answers.
SET cia.progress = off;
CREATE TABLE visitor AS
SELECT i AS id, 'v' || md5(i::text) AS code, u % 60 AS age, CASE WHEN v % 11 > 0 THEN (v % 300) / 10.0 END AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   u % 60 + v % 30 > 40 AS returned, 10 + (v % 300) / 5.0 - u % 60 AS spend, (ARRAY['a', 'b', 'c'])[1 + (u + v) % 3] AS kind, repeat('place ', u % 17) || v % 5 AS place
FROM (SELECT i::int AS i, (i * i * 37 % 1009)::int AS u, (i * i * 41 % 1013 + i % 5)::int AS v FROM generate_series(1::bigint, 9000) i) s;
SELECT model, algorithm FROM cia_train('returns', 'visitor', 'returned', algorithm => 'boosted_trees', features => '{age,visits,region}', id => '{id}', options => '{"trees": 20}');
SELECT model, algorithm FROM cia_train('woods', 'visitor', 'spend', algorithm => 'random_forest', features => '{age,visits,region}', id => '{id}', options => '{"trees": 20}');
SELECT model, algorithm FROM cia_train('line', 'visitor', 'spend', algorithm => 'linear', features => '{age,visits,region}', id => '{id}');
SELECT model, algorithm FROM cia_train('places', 'visitor', 'spend', algorithm => 'linear', features => '{age,region,place}', id => '{id}', options => '{"l2": 1}');
SELECT model, algorithm FROM cia_train('kinds', 'visitor', 'kind', algorithm => 'multinomial', features => '{age,visits,region}', id => '{id}');
SELECT model, algorithm FROM cia_train('groups', 'visitor', 'spend', algorithm => 'linear', features => '{age,visits}', id => '{id}', options => '{"by": "region"}');
SELECT model, algorithm FROM cia_train('parts', $$SELECT id, age, visits, region, CASE WHEN region = 'north' AND kind = 'b' THEN 'a' ELSE kind END AS kind FROM visitor$$, 'kind', algorithm => 'multinomial', id => '{id}', options => '{"by": "region"}');
SELECT model, algorithm FROM cia_train('choices', 'visitor', 'kind', algorithm => 'boosted_trees', features => '{age,visits,region}', id => '{id}', options => '{"trees": 5}');
SELECT model, algorithm FROM cia_train('mixed', 'visitor', algorithm => 'gaussian_mixture', features => '{age,visits,region}', id => '{id}', options => '{"k": 3}');
SELECT model, algorithm FROM cia_train('segments', 'visitor', algorithm => 'kmeans', features => '{age,visits}', id => '{id}', options => '{"k": 3}');
CREATE TYPE unknown_row AS (id int, age int, region text, place text);
-- rows that were written and those that are what cia_score and cia_class answer, bit for bit
CREATE FUNCTION blocks(model text, source text, id text DEFAULT 'id') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	written bigint;
	right_ones bigint;
BEGIN
	DROP TABLE IF EXISTS blocked;
	SELECT rows INTO written FROM cia_score_into(model, source, 'blocked', ARRAY[id]);
	EXECUTE format('SELECT count(*) FROM blocked b JOIN visitor v USING (%I) WHERE float8send(b.score) = float8send(cia_score(%L, v))', id, model)
		|| CASE WHEN to_jsonb((SELECT b FROM blocked b LIMIT 1)) ? 'class' THEN format(' AND b.class = cia_class(%L, v)', model) ELSE '' END INTO right_ones;
	RETURN written || ' rows, ' || right_ones || ' right';
END $$;
SET client_min_messages = warning;

-- All kinds of models, on one thread and on several, and around the row as a record.
SELECT threads, model, blocks(model, 'visitor')
FROM (SELECT set_config('cia.threads', t::text, false) AS threads, m AS model
	  FROM unnest('{1,2,3}'::int[]) WITH ORDINALITY u(t, n), unnest('{returns,woods,line,kinds,groups,parts,choices,mixed,segments}'::text[]) WITH ORDINALITY v(m, k) ORDER BY n, k OFFSET 0) s;
SET cia.see_through = off;
SELECT blocks('returns', 'visitor'), blocks('groups', 'visitor'), blocks('kinds', 'visitor'), blocks('segments', 'visitor');
RESET cia.see_through;
-- labels that take more room than there is, and unknown ones
SELECT blocks('places', 'visitor');
SELECT rows FROM cia_score_into('places', $$SELECT id, age, CASE WHEN id % 3 > 0 THEN region || id END AS region, CASE WHEN id % 2 = 0 THEN repeat(place, 40) ELSE place END AS place FROM visitor$$, 'unknown', '{id}');
SELECT count(*), bool_and(u.score = cia_score('places', ROW(v.id, v.age, CASE WHEN id % 3 > 0 THEN region || id END, CASE WHEN id % 2 = 0 THEN repeat(place, 40) ELSE place END)::unknown_row)) AS right FROM unknown u JOIN visitor v USING (id);
-- no row, one, full blocks and a row more or less
SELECT n, blocks('returns', format('SELECT * FROM visitor WHERE id <= %s', n)) FROM unnest('{0,1,2,127,128,129,4095,4096,4097,8191,8192,8193,8999}'::int[]) n;
-- ids that are no numbers outlive the rows that they come from
SELECT blocks('returns', 'visitor', 'code'), blocks('returns', 'SELECT age, visits, region, lower(upper(code)) AS code FROM visitor', 'code');

-- Wherever the plan scores the rows.
SELECT s, blocks('returns', s) FROM unnest(ARRAY['SELECT * FROM visitor ORDER BY age, id', 'SELECT * FROM visitor ORDER BY age, id LIMIT 5000', 'SELECT v.* FROM visitor v JOIN generate_series(1, 5000) g(id) USING (id)',
	'SELECT * FROM visitor WHERE id <= 4500 UNION ALL SELECT * FROM visitor WHERE id > 4500', 'SELECT DISTINCT * FROM visitor', 'SELECT * FROM visitor FOR SHARE', 'SELECT *, random() FROM visitor',
	'SELECT id, age, visits, region FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM visitor) v WHERE n <= 4500',
	'SELECT id, max(age) AS age, max(visits) AS visits, max(region) AS region FROM visitor GROUP BY id', 'WITH v AS MATERIALIZED (SELECT * FROM visitor) SELECT * FROM v']) s;
-- a score of the source's own is not that of its rows
SELECT rows FROM cia_score_into('returns', $$SELECT v.*, cia_score('returns', v) AS own, cia_score('line', v) AS other FROM visitor v WHERE cia_score('returns', v) > 0.1$$, 'owned', '{id}');
SELECT count(*) = (SELECT count(*) FROM visitor v WHERE cia_score('returns', v) > 0.1) AS all, bool_and(o.score = cia_score('returns', v)) AS right FROM owned o JOIN visitor v USING (id);
-- the table that is there is filled by way of a tuplestore
SELECT rows, inserted, updated FROM cia_score_into('returns', 'SELECT * FROM visitor', 'owned', '{id}');
SELECT count(*), bool_and(o.score = cia_score('returns', v)) AS right FROM owned o JOIN visitor v USING (id);
-- classes of the source's own, and of rows that it leaves out thereafter
SELECT rows FROM cia_score_into('kinds', $$SELECT v.*, cia_class('kinds', v) AS own, cia_class('segments', v) AS other FROM visitor v WHERE cia_class('kinds', v) <> 'b'$$, 'chosen', '{id}');
SELECT count(*) = (SELECT count(*) FROM visitor v WHERE cia_class('kinds', v) <> 'b') AS all, bool_and(c.class = cia_class('kinds', v) AND c.class <> 'b') AS right FROM chosen c JOIN visitor v USING (id);
SELECT rows, inserted, updated FROM cia_score_into('kinds', 'SELECT * FROM visitor', 'chosen', '{id}');
SELECT count(*), bool_and(c.class = cia_class('kinds', v)) AS right FROM chosen c JOIN visitor v USING (id);

-- Workers score rows themselves, which go straight to a table that is made.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET cia.threads = 1;
SELECT blocks('returns', 'visitor');
SELECT blocks('returns', 'SELECT v.* FROM visitor v JOIN visitor w USING (age) WHERE v.id = w.id'), blocks('segments', 'visitor');
SET cia.threads = 3;
SELECT blocks('returns', 'visitor');
SELECT blocks('returns', 'SELECT v.* FROM visitor v JOIN visitor w USING (age) WHERE v.id = w.id');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET cia.threads;

-- An error in the middle of the source leaves nothing, neither a table nor a call that keeps rows.
\set SHOW_CONTEXT never
DROP TABLE blocked;
SELECT cia_score_into('returns', 'SELECT id, 1 / (id - 8500) AS age, visits, region FROM visitor', 'blocked', '{id}');
SELECT cia_score_into('returns', $$SELECT id, age, CASE WHEN id = 5700 THEN 'infinity'::float8 ELSE visits END AS visits, region FROM visitor$$, 'blocked', '{id}');
SELECT cia_score_into('returns', 'SELECT nullif(id, 6800) AS id, age, visits, region FROM visitor', 'blocked', '{id}');
SELECT to_regclass('blocked');
DO $$
DECLARE
	before float8 = (SELECT cia_score('returns', v) FROM visitor v WHERE id = 1);
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			PERFORM cia_score_into('returns', 'SELECT id, 1 / (id - 8500) AS age, visits, region FROM visitor', 'blocked', '{id}');
		EXCEPTION WHEN division_by_zero THEN
			RAISE WARNING 'nothing: %, same score: %', to_regclass('blocked'), (SELECT cia_score('returns', v) = before FROM visitor v WHERE id = 1);
		END;
	END LOOP;
END $$;
SELECT blocks('returns', 'visitor');
-- duplicates are still named
SELECT cia_score_into('returns', 'SELECT v.* FROM visitor v, generate_series(1, 2) g WHERE g = 1 OR id = 7222', 'doubled', '{id}');

-- Blocks fit into the memory that is allowed.
SET cia.max_memory = '1MB';
SELECT blocks('returns', 'visitor');
RESET cia.max_memory;

-- A call within a call, by the source's own function; and the model that is replaced or dropped meanwhile.
CREATE FUNCTION within(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF $1 = 6500 THEN
		PERFORM cia_score_into('returns', 'SELECT * FROM visitor WHERE id <= 4300', 'inner_one', '{id}');
	END IF;
	RETURN $1;
END $$;
SELECT blocks('returns', 'SELECT within(id) AS id, age, visits, region FROM visitor');
SELECT count(*), bool_and(i.score = cia_score('returns', v)) AS right FROM inner_one i JOIN visitor v USING (id);
-- an error within the inner one ends both
CREATE FUNCTION failing(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF $1 = 6500 THEN
		PERFORM cia_score_into('returns', 'SELECT id, 1 / (id - 5000) AS age, visits, region FROM visitor', 'inner_two', '{id}');
	END IF;
	RETURN $1;
END $$;
SELECT cia_score_into('returns', 'SELECT failing(id) AS id, age, visits, region FROM visitor', 'outer_two', '{id}');
SELECT to_regclass('inner_two'), to_regclass('outer_two'), count(cia_score('returns', v)) FROM visitor v;
SELECT blocks('returns', 'visitor');
CREATE FUNCTION retrained(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF $1 = 6500 THEN
		PERFORM cia_train('returns', 'visitor', 'returned', algorithm => 'logistic', features => '{age,visits}', id => '{id}', options => '{"promote": "always"}');
	END IF;
	RETURN $1;
END $$;
SELECT blocks('returns@1', 'SELECT retrained(id) AS id, age, visits, region FROM visitor');
SET cia.cache_size = 0;
SELECT blocks('returns@1', 'SELECT retrained(id) AS id, age, visits, region FROM visitor');
RESET cia.cache_size;
CREATE FUNCTION dropped(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF $1 = 6500 THEN
		PERFORM cia_drop_model('returns');
	END IF;
	RETURN $1;
END $$;
CREATE TABLE before AS SELECT id, cia_score('returns@1', v) AS score FROM visitor v;
SELECT rows FROM cia_score_into('returns@1', 'SELECT dropped(id) AS id, age, visits, region FROM visitor', 'gone', '{id}');
SELECT count(*), bool_and(g.score = b.score) AS right FROM gone g JOIN before b USING (id);
SELECT cia_score_into('returns@1', 'visitor', 'gone', '{id}');

SET client_min_messages = error;
SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE unknown, visitor, blocked, owned, chosen, inner_one, before, gone;
DROP TYPE unknown_row;
DROP FUNCTION blocks, within, failing, retrained, dropped;
