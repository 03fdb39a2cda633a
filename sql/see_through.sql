-- SPDX-License-Identifier: PostgreSQL
-- The planner hands over columns instead of whole rows: the same answers, what it saves, what it knows of costs.
SET cia.progress = off;
SET client_min_messages = warning;
CREATE EXTENSION postgres_fdw;
RESET client_min_messages;
SET extra_float_digits = 1; -- as many digits as tell any two numbers apart

-- A query's plan as one text, without whatever differs between versions.
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;
CREATE FUNCTION plan_json(query text, options text DEFAULT 'VERBOSE') RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT JSON, %s) %s', options, query) INTO plan;
	RETURN plan->0->'Plan';
END $$;
-- What comes of a query with the rewrite and without: how it is planned, its rows or its error, and whether they agree.
CREATE FUNCTION compared(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	setting text;
	plan text;
	way text := 'refused';
	answer text;
	first_answer text;
	rows bigint;
BEGIN
	query := format('SELECT count(*), string_agg(q::text, '';'' ORDER BY q::text COLLATE "C") FROM (%s) q', query);
	FOREACH setting IN ARRAY '{off,on}'::text[] LOOP
		PERFORM set_config('cia.see_through', setting, true);
		first_answer := answer;
		BEGIN
			plan := plan_of(query);
			way := CASE WHEN plan LIKE '%\_columns(%' THEN 'columns' ELSE 'row' END;
			IF setting = 'off' AND way <> 'row' THEN
				RAISE EXCEPTION 'rewritten although that is off';
			END IF;
			EXECUTE query INTO rows, answer;
		EXCEPTION WHEN OTHERS THEN
			rows := NULL;
			answer := SQLSTATE || ' ' || SQLERRM;
		END;
	END LOOP;
	RETURN way || ', ' || CASE WHEN first_answer <> answer THEN format('DIFFERENT: %s | %s', left(first_answer, 200), left(answer, 200))
		WHEN rows IS NULL THEN answer ELSE rows || ' rows, the same' END;
END $$;

-- --- More columns than a function takes arguments ------------------------------------------

-- 300 columns of several types; the models use the first so many of them.
DO $$
BEGIN
	EXECUTE (SELECT 'CREATE TABLE many AS SELECT i AS id, ' || string_agg(format(CASE k % 5
			WHEN 0 THEN 'CASE WHEN i %% 11 > 0 THEN (ARRAY[''x'', ''y'', ''z''])[1 + (i * %2$s) %% 3] END AS x%1$s'
			WHEN 1 THEN 'CASE WHEN i %% %3$s > 0 THEN (i * i * %2$s %% 61) / 7.0::float8 END AS x%1$s'
			WHEN 2 THEN '(i * %2$s %% 53)::int2 AS x%1$s'
			WHEN 3 THEN '(i * i * %2$s %% 59 / 3.0)::numeric(8, 3) AS x%1$s'
			ELSE '(i * %2$s %% 47 / 8.0)::float4 AS x%1$s' END, k, 7 + k, 2 + k % 7), ', ' ORDER BY k)
		|| ', i * 7 % 31 + i * i % 17 > 22 AS y FROM generate_series(1, 120) i' FROM generate_series(1, 300) k);
END $$;
SELECT n, version FROM unnest('{95,96,97,98,99,100,195,196,198,199,300}'::int[]) n,
	cia_train('first ' || n, 'many', 'y', features => ARRAY(SELECT 'x' || k FROM generate_series(1, n) k), options => '{"l2": 5, "holdout": 0}') ORDER BY n;
SELECT n, (SELECT count(*) FROM regexp_matches(plan_of(format('SELECT cia_score(%L, m) FROM many m', 'first ' || n)), 'cia_pack\(', 'g')) AS packs,
	   compared(format('SELECT id, cia_score(%L, m), cia_class(%1$L, m), cia_probabilities(%1$L, m) FROM many m', 'first ' || n))
FROM unnest('{95,96,97,98,99,100,195,196,198,199,300}'::int[]) n ORDER BY n;
SELECT compared($$SELECT m.id, cia_score('first 300', q) FROM many m LEFT JOIN (SELECT * FROM many WHERE id % 3 = 0) q ON q.id = m.id + 100$$);
SELECT compared($$SELECT id, cia_score('first 300', m), cia_score('first 199', m), cia_score('first 97', m) FROM many m WHERE cia_score('first 100', m) < 0.7$$);

-- As many columns as a table may have, of which a model uses few or all; some lie behind a dropped one.
DO $$
BEGIN
	EXECUTE (SELECT 'CREATE TABLE widest AS SELECT i AS id, ' || string_agg(format('CASE WHEN i %% %s > 0 THEN (i * i * %s %% 41)::int2 END AS w%s', 2 + k % 6, 5 + k, k), ', ' ORDER BY k)
		|| ', i % 7 < 3 AS y FROM generate_series(1, 40) i' FROM generate_series(1, 1598) k);
END $$;
ALTER TABLE widest DROP w1500;
SELECT count(*) FROM pg_attribute WHERE attrelid = 'widest'::regclass AND attnum > 0;
SELECT version FROM cia_train('few of widest', 'widest', 'y', features => '{w1,w800,w1598}', options => '{"holdout": 0}');
SELECT features FROM cia_train('all of widest', 'widest', 'y', 'logistic', id => '{id}', options => '{"l2": 100, "holdout": 0}');
SELECT compared($$SELECT id, cia_score('few of widest', w) FROM widest w$$), compared($$SELECT id, cia_score('all of widest', w) FROM widest w$$);
DROP TABLE widest;

-- --- Types and names --------------------------------------------------------------------

CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN rate AS float8 CHECK (VALUE < 1e6);
CREATE DOMAIN rate_of_rate AS rate;
CREATE DOMAIN label AS varchar(10);
CREATE DOMAIN pair AS float8[];
CREATE TABLE customer (
	gone text, id int PRIMARY KEY, age int2, visits numeric, "mood" mood, gone_too float8[], since date, seen timestamptz, left_at timestamp, vip bool, amount bigint,
	"Größe µ" float8, "名前" text, "it's ""x""" rate_of_rate, "a,b {NULL}" label, "NULL" float4, " " char(5), "select" name, tag "char", ref uuid, taste float4[], hue pair,
	"a_name_of_as_many_bytes_as_a_name_may_have_in_postgresql_123456" float8, wide text, churned bool);
ALTER TABLE customer DROP gone, DROP gone_too;
INSERT INTO customer
SELECT i, CASE WHEN u % 13 > 0 THEN u % 60 END, (v % 300) / 7.0, (ARRAY['low', 'mid', 'high', NULL])[1 + u % 4]::mood, date '2020-01-01' + v % 900,
	   timestamptz '2021-01-01 00:00Z' + v % 977 * interval '1 hour 1.000001 second', CASE WHEN i % 3 > 0 THEN timestamp '2019-01-01' + u % 900 * interval '1 day' END, u % 3 = 0, u * 1000000007::bigint,
	   CASE WHEN i % 9 = 0 THEN 'NaN' WHEN i % 7 > 0 THEN u / 3.0 END, (ARRAY['ä', 'ö', '名', ''])[1 + v % 4], u % 101 / 3.0, (ARRAY['a', 'b', '{NULL}'])[1 + v % 3], CASE WHEN u % 5 > 0 THEN v / 9.0 END,
	   (ARRAY['x', 'x y', ' y'])[1 + u % 3], (ARRAY['s', 't'])[1 + v % 2], (ARRAY['k', 'l'])[1 + u % 2]::"char", md5((u % 3)::text)::uuid,
	   CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY[u % 7, NULL, v % 5]::float4[] END, CASE WHEN i % 6 > 0 THEN ARRAY[v % 11 / 3.0, u % 8] END, v % 97, repeat('w', 10), u % 60 + v % 30 > 40
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT features FROM cia_train('all', 'customer', 'churned', id => '{id}', exclude => '{wide}', options => '{"l2": 1}');
\pset format unaligned
SELECT feature, type FROM cia_features('all') ORDER BY position;
\pset format aligned
SELECT compared($$SELECT id, cia_score('all', c), cia_class('all', c) FROM customer c$$);
-- each column of its own
SELECT string_agg(DISTINCT compared(format('SELECT id, cia_score(%L, c) FROM customer c', 'of ' || f.at)), ' | ')
FROM (SELECT at, (SELECT features FROM cia_train('of ' || at, 'customer', 'churned', 'logistic', features => ARRAY[name], options => '{"holdout": 0, "l2": 1}'))
	  FROM (SELECT attname::text AS name, attnum AS at FROM pg_attribute WHERE attrelid = 'customer'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'churned', 'wide')) n OFFSET 0) f;
SELECT count(cia_drop_model(model)) FROM cia_models WHERE model LIKE 'of %';
-- columns added later, of which the rows hold nothing
ALTER TABLE customer DROP visits, ADD visits numeric DEFAULT 3.5, DROP "名前", ADD "名前" text;
SELECT compared($$SELECT id, cia_score('all', c) FROM customer c$$);
UPDATE customer SET visits = NULL, "名前" = 'ö' WHERE id % 4 = 0;
SELECT compared($$SELECT id, cia_score('all', c) FROM customer c$$);

-- --- Errors are the same -------------------------------------------------------------------

CREATE TABLE plain AS SELECT i AS id, i % 17 AS a, (i * 7 % 23)::float8 AS b, (ARRAY['x', 'y', 'z'])[1 + i % 3] AS place, date '2024-01-01' + i % 50 AS d, ARRAY[i % 3, i % 5]::float8[] AS v, i * i % 11 > 5 AS y
FROM generate_series(1, 200) i;
SELECT version FROM cia_train('m', 'plain', 'y', id => '{id}', features => '{a,b,place,d,v}', options => '{"holdout": 0}');
-- a name twice
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT *, b + 1 AS a FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT *, b + 1 AS more, 7 AS more FROM plain) q$$);
SELECT compared($$SELECT cia_score('first 300', q) FROM (SELECT *, 7 AS x299 FROM many) q$$);
-- missing columns
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a FROM plain) q$$);
SELECT compared($$SELECT cia_score('m', m) FROM many m$$);
SELECT compared($$SELECT cia_score('first 300', q) FROM (SELECT id, x1 FROM many) q WHERE id < 0$$);
-- another type
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a::text, b, place, d, v FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a, b, 1.5 AS place, d, v FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a, b, place, d, 1 AS v FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a, b, place, d, v::int[] FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a, b, place, d, NULL AS v FROM plain) q$$);
SELECT compared($$SELECT id, cia_score('m', q) FROM (SELECT id, a::numeric, b::float4, place::name, d::timestamp, v::float4[] FROM plain) q$$);
-- infinity
SELECT compared(format($$SELECT id, cia_score('m', q) FROM (SELECT id, %s FROM plain) q$$, columns))
FROM (VALUES (1, $$a, '-inf'::float8 AS b, place, d, v$$), (2, 'a, 10::numeric ^ 400 AS b, place, d, v'), (3, $$a, b, place, 'infinity'::date AS d, v$$), (4, $$a, b, place, '-infinity'::timestamptz AS d, v$$),
	(5, $$a, b, place, d, ARRAY[1, 'inf']::float8[] AS v$$), (6, $$a, b, place, d, '{1,2,3}'::float8[] AS v$$), (7, $$a, b, place, d, '{{1,2}}'::float8[] AS v$$)) t(n, columns) ORDER BY n;
SELECT compared($$SELECT id, cia_score('first 97', q) FROM (SELECT m.*, 'inf'::float4 AS x97 FROM (SELECT * FROM many) m) q$$);
UPDATE many SET x96 = 'Infinity' WHERE id = 60;
SELECT compared($$SELECT id, cia_score('first 97', m) FROM many m$$), compared($$SELECT id, cia_score('first 95', m) FROM many m$$);
-- a model that is not there, unless no row comes by
SELECT compared($$SELECT cia_score('nobody', p) FROM plain p$$), compared($$SELECT cia_score('nobody', p) FROM plain p WHERE id < 0$$);

-- --- What is not needed is not read ----------------------------------------------------------

-- An index that covers the features is enough.
CREATE TABLE client (id int PRIMARY KEY, a int, b float8, place text, d date, v float8[], note text);
INSERT INTO client SELECT id + 200 * n, a + n % 5, b, place, d, v, repeat('note', 50) FROM plain, generate_series(0, 24) n;
CREATE INDEX client_ab ON client (id) INCLUDE (a, b);
SELECT version FROM cia_train('ab', 'plain', 'y', features => '{a,b}', options => '{"holdout": 0}');
VACUUM ANALYZE client;
SELECT plan_json('SELECT id, cia_score(''ab'', c) FROM client c WHERE id < 100')->>'Node Type' AS columns,
	   plan_json('SELECT id, cia_score(''m'', c) FROM client c WHERE id < 100')->>'Node Type' LIKE 'Index Only%' AS more_columns;
SET cia.see_through = off;
SELECT plan_json('SELECT id, cia_score(''ab'', c) FROM client c WHERE id < 100')->>'Node Type' LIKE 'Index Only%' AS row;
RESET cia.see_through;
SELECT compared('SELECT id, cia_score(''ab'', c) FROM client c WHERE id < 100');

-- A foreign server is asked for what is needed; host and port are this server's own.
DO $$
BEGIN
	EXECUTE format('CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
		coalesce(nullif(trim(split_part(current_setting('unix_socket_directories'), ',', 1)), ''), 'localhost'), current_setting('port'), current_database());
	EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER loopback OPTIONS (user %L)', current_user);
END $$;
CREATE FOREIGN TABLE far (id int, a int, b float8 OPTIONS (column_name 'b'), place text, d date, v float8[], note text) SERVER loopback OPTIONS (table_name 'client');
CREATE FUNCTION remote_sql(query text) RETURNS SETOF text LANGUAGE sql AS
$$SELECT m[1] FROM regexp_matches(plan_of(query), 'Remote SQL: ([^\n]*)', 'g') m$$;
SELECT remote_sql('SELECT cia_score(''ab'', f) FROM far f');
SELECT remote_sql('SELECT id FROM far f WHERE cia_score(''ab'', f) > 0.5 AND id < 5');
SET cia.see_through = off;
SELECT remote_sql('SELECT cia_score(''ab'', f) FROM far f');
RESET cia.see_through;
SELECT compared('SELECT id, cia_score(''ab'', f), cia_class(''m'', f) FROM far f WHERE id < 50');

-- A wide value that the model does not use stays in its own table.
CREATE TABLE filled (id int, a int, b float8, note text);
ALTER TABLE filled ALTER note SET STORAGE EXTERNAL;
INSERT INTO filled SELECT id, a, b, repeat('0123456789', 2000) FROM plain;
CREATE FUNCTION blocks(query text) RETURNS bigint LANGUAGE sql AS
$$SELECT (p->>'Shared Hit Blocks')::bigint + (p->>'Shared Read Blocks')::bigint FROM plan_json(query, 'ANALYZE, BUFFERS, TIMING OFF, COSTS OFF') p$$;
SELECT sum(b) > 0 AS warm FROM filled;
SELECT blocks($$SELECT cia_score('ab', f) FROM filled f$$) - blocks('SELECT a, b FROM filled') < 50 AS columns;
SET cia.see_through = off;
-- 20 kB take 3 blocks and more, in each of 200 rows
SELECT blocks($$SELECT cia_score('ab', f) FROM filled f$$) - blocks('SELECT a, b FROM filled') > 600 AS row;
RESET cia.see_through;

-- --- What the planner knows -------------------------------------------------------------------

-- A model with more features costs more, and a row more than columns.
SELECT version FROM cia_train('vector', 'SELECT a, b, (SELECT array_agg((id * k * 7 % 31)::float8 ORDER BY k) FROM generate_series(1, 300) k) AS vector, y FROM plain', 'y', options => '{"holdout": 0, "l2": 1}');
CREATE FUNCTION cost(query text) RETURNS float8 LANGUAGE sql AS $$SELECT (plan_json(query)->>'Total Cost')::float8$$;
CREATE TABLE large AS SELECT id + 200 * n AS id, a, b, place, NULL::float8[] AS vector FROM plain, generate_series(0, 99) n;
ANALYZE large;
SET max_parallel_workers_per_gather = 0;
SELECT cost($$SELECT cia_score('ab', l) FROM large l$$) > cost('SELECT id FROM large') AS scored,
	   cost($$SELECT cia_score('vector', l) FROM large l$$) > 10 * cost($$SELECT cia_score('ab', l) FROM large l$$) AS vector,
	   cost($$SELECT cia_score('first 300', m) FROM many m$$) > cost($$SELECT cia_score('first 97', m) FROM many m$$) AS packs;
SELECT cost($$SELECT cia_score('ab', l) FROM large l$$) AS columns \gset
SET cia.see_through = off;
SELECT cost($$SELECT cia_score('ab', l) FROM large l$$) > :columns AS row;
RESET cia.see_through;

-- Cheaper conditions come first, wherever they are written.
CREATE FUNCTION order_of(query text, VARIADIC word text[]) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(w, ' < ' ORDER BY strpos(filter, w)) FROM (SELECT plan_json(query)->>'Filter' AS filter OFFSET 0) f, unnest(word) w WHERE strpos(filter, w) > 0$$;
SELECT order_of($$SELECT id FROM large l WHERE cia_score('ab', l) > 0.5 AND a < 10$$, 'ab', '10');
SELECT order_of($$SELECT id FROM large l WHERE cia_score('vector', l) > 0.5 AND cia_score('ab', l) > 0.5 AND a < 10$$, 'vector', 'ab', '10');

-- Many rows and a model that takes time are worth workers.
CREATE FUNCTION workers(query text) RETURNS int LANGUAGE sql AS
$$SELECT (jsonb_path_query_first(plan_json(query), 'strict $.**."Workers Planned"'))::int$$;
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SELECT workers($$SELECT cia_score('vector', l) FROM large l$$) IS NOT NULL AS vector, workers($$SELECT cia_score('ab', l) FROM large l$$) IS NOT NULL AS ab,
	   workers($$SELECT cia_score('vector', l) FROM large l WHERE id < 50$$) IS NOT NULL AS few_rows;
SELECT compared($$SELECT id, cia_score('vector', l) FROM large l$$);
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- An explanation has a row for each feature, and the bias.
CREATE FUNCTION rows_of(query text) RETURNS numeric LANGUAGE sql AS $$SELECT (plan_json(query)->>'Plan Rows')::numeric$$;
SELECT model, rows_of(format('SELECT * FROM cia_explain(%L, ''{}''::jsonb)', model)) AS rows, (SELECT count(*) FROM cia_features(model)) AS features
FROM (VALUES ('ab'), ('m'), ('vector'), ('all'), ('ab@1')) t(model) ORDER BY model;
SELECT (jsonb_path_query_first(plan_json($$SELECT * FROM plain p, cia_explain('m', p)$$), 'strict $.** ? (@."Node Type" == "Function Scan")."Plan Rows"'))::int AS of_rows,
	   rows_of($$SELECT * FROM cia_explain('nobody', '{}'::jsonb)$$) AS nobody;

-- A condition on a score holds for a third of the rows, unless there are statistics of its form with an array.
SELECT (count(*) / 3)::int AS third, percentile_disc(0.1) WITHIN GROUP (ORDER BY cia_score('ab', c)) AS low, percentile_disc(0.9) WITHIN GROUP (ORDER BY cia_score('ab', c)) AS high FROM client c \gset
CREATE FUNCTION estimates(bound float8) RETURNS TABLE ("row" numeric, "array" numeric, true_count bigint) LANGUAGE sql AS $$
SELECT rows_of(format('SELECT * FROM client c WHERE cia_score(''ab'', c) > %s', bound)),
	   rows_of(format('SELECT * FROM client WHERE cia_score(''ab'', ARRAY[a, b]::float8[]) > %s', bound)), (SELECT count(*) FROM client c WHERE cia_score('ab', c) > bound) $$;
SELECT "row" BETWEEN :third - 1 AND :third + 1 AS "row", "array" BETWEEN :third - 1 AND :third + 1 AS "array", true_count > 4000 AS low, true_count < 1000 AS high FROM unnest(ARRAY[:low, :high]) bound, estimates(bound);
CREATE STATISTICS client_ab ON (cia_score('ab', ARRAY[a, b]::float8[])) FROM client;
ANALYZE client;
SELECT "row" BETWEEN :third - 1 AND :third + 1 AS "row", abs("array" - true_count) < 150 AS "array", true_count > 4000 AS low, true_count < 1000 AS high FROM unnest(ARRAY[:low, :high]) bound, estimates(bound);
SELECT bool_and(float8send(cia_score('ab', c)) = float8send(cia_score('ab', ARRAY[a, b]::float8[]))) AS same FROM client c;

-- The score of a row that is missing is NULL, so a condition on it makes an inner join of an outer one.
CREATE FUNCTION joins(query text) RETURNS jsonb LANGUAGE sql AS
$$SELECT jsonb_path_query_array(plan_json(query), 'strict $.**."Join Type"')$$;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT joins($$SELECT p.id FROM plain p LEFT JOIN client c ON c.id = p.id + 4900 WHERE cia_score('ab', c) > 0.5$$) AS score,
	   joins($$SELECT p.id FROM plain p LEFT JOIN client c ON c.id = p.id + 4900 WHERE cia_class('m', c) = 'true'$$) AS class,
	   joins($$SELECT p.id FROM plain p LEFT JOIN (SELECT * FROM client OFFSET 0) c ON c.id = p.id + 4900 WHERE cia_score('ab', c) IS NULL$$) AS missing,
	   joins($$SELECT p.id, cia_score('ab', c) FROM plain p LEFT JOIN client c ON c.id = p.id + 4900$$) AS none;
SELECT compared($$SELECT p.id FROM plain p LEFT JOIN client c ON c.id = p.id + 4900 WHERE cia_score('ab', c) > 0.18$$),
	   compared($$SELECT p.id FROM plain p LEFT JOIN client c ON c.id = p.id + 4900 WHERE cia_score('ab', c) IS NULL$$);
RESET enable_hashjoin;
RESET enable_mergejoin;

-- --- Rights ------------------------------------------------------------------------------------

-- A row takes SELECT on all of its columns, also when only some are handed over.
CREATE ROLE regress_cia_reader;
CREATE ROLE regress_cia_stranger;
GRANT SELECT (id, a, b) ON client TO regress_cia_reader, regress_cia_stranger;
GRANT SELECT ON plain TO regress_cia_reader, regress_cia_stranger;
SET ROLE regress_cia_reader;
SELECT version FROM cia_train('readers', 'plain', 'y', features => '{a,b}', options => '{"holdout": 0}');
SELECT compared($$SELECT id, cia_score('readers', c) FROM client c$$);
SELECT compared($$SELECT id, cia_score('readers', q) FROM (SELECT id, a, b FROM client) q$$);
SELECT compared($$SELECT id, cia_score('readers', q) FROM (SELECT id, a, b, place FROM client) q$$);
-- another's model
SELECT compared($$SELECT id, cia_score('ab', p) FROM plain p$$);
SELECT cost($$SELECT cia_score('vector', p) FROM plain p$$) = cost($$SELECT cia_score('nobody', p) FROM plain p$$) AS nothing_is_told;
RESET ROLE;
-- EXECUTE: on the function that was written, and on what it would become
REVOKE EXECUTE ON FUNCTION cia_score(text, record) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cia_score(text, record) TO regress_cia_reader;
SET ROLE regress_cia_reader;
SELECT compared($$SELECT id, cia_score('readers', p) FROM plain p$$);
SET ROLE regress_cia_stranger;
SELECT compared($$SELECT id, cia_score('readers', p) FROM plain p$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cia_score(text, record) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION cia_score_columns FROM PUBLIC;
SET ROLE regress_cia_reader;
SELECT compared($$SELECT id, cia_score('readers', p) FROM plain p$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cia_score_columns TO PUBLIC;
REVOKE EXECUTE ON FUNCTION cia_pack, cia_if_present FROM PUBLIC;
GRANT SELECT ON many TO regress_cia_reader;
SET ROLE regress_cia_reader;
SELECT version FROM cia_train('readers 97', 'many', 'y', features => ARRAY(SELECT 'x' || k FROM generate_series(1, 98) k WHERE k <> 96), options => '{"l2": 5, "holdout": 0}');
SELECT compared($$SELECT id, cia_score('readers 97', m) FROM many m$$);
SELECT compared($$SELECT p.id, cia_score('readers', q) FROM plain p LEFT JOIN plain q ON q.id = p.id + 150$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cia_pack, cia_if_present TO PUBLIC;
SET ROLE regress_cia_reader;
SELECT compared($$SELECT id, cia_score('readers 97', m) FROM many m$$);
RESET ROLE;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE many, plain, client, filled, large, customer CASCADE;
DROP OWNED BY regress_cia_reader, regress_cia_stranger;
DROP ROLE regress_cia_reader, regress_cia_stranger;
SET client_min_messages = warning;
DROP EXTENSION postgres_fdw CASCADE;
RESET client_min_messages;
DROP FUNCTION plan_of, plan_json, compared, remote_sql, blocks, cost, order_of, workers, rows_of, estimates, joins;
DROP DOMAIN rate_of_rate, rate, label, pair;
DROP TYPE mood;
