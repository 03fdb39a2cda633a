-- SPDX-License-Identifier: PostgreSQL
-- Scoring: what docs/scoring.md promises.
BEGIN;
SELECT plan(35);
SET LOCAL client_min_messages = error;
CREATE TABLE customers AS
SELECT i AS customer_id, (u % 60)::float8 AS age, v % 7 AS complaints, (v % 300) / 10.0::float8 AS activity, (ARRAY['north', 'south', 'east'])[1 + u % 3] AS region, repeat('x', 100) AS note, u % 60 + v % 30 > 40 AS churned
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 3000) n(n), LATERAL (SELECT n::bigint AS i) l) s;
ALTER TABLE customers ADD PRIMARY KEY (customer_id);
CREATE INDEX covering ON customers (customer_id) INCLUDE (age, complaints, activity);
ANALYZE customers;
SELECT lives_ok($$SELECT cia_train('lean', 'customers', 'churned', features => '{age,complaints,activity}', options => '{"promote": "always"}')$$, 'a model of three columns');
SELECT lives_ok($$SELECT cia_train('full', 'customers', 'churned', id => '{customer_id}')$$, 'and one of all');

-- A plan as text; whether a query hands over columns, and whether it answers the same without.
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
CREATE FUNCTION answer(query text, setting text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('cia.see_through', setting, true);
	EXECUTE format('SELECT string_agg(q::text, '';'' ORDER BY q::text) FROM (%s) q', query) INTO answer;
	PERFORM set_config('cia.see_through', 'on', true);
	RETURN answer;
END $$;

-- The planner sees through the row.
SELECT matches(plan_of('SELECT customer_id, cia_score(''lean'', c) FROM customers c'),
	'cia_score_columns\(''lean''::text, 1, ''{age,complaints,activity}''::text\[\], true, (c\.)?age, (c\.)?complaints, (c\.)?activity\)', 'just the columns that the model uses are handed over');
SELECT matches(plan_of(format('SELECT %s(''full'', c) FROM customers c', f)), f || '_columns', f || ' by name is seen through') FROM unnest('{cia_score,cia_class,cia_probabilities}'::text[]) f;
SELECT is(answer(query, 'on'), answer(query, 'off'), what) FROM (VALUES
	('rows of a table', $$SELECT customer_id, cia_score('full', c), cia_class('full', c), cia_probabilities('full', c) FROM customers c$$),
	('a row that may be missing', $$SELECT c.customer_id, cia_score('lean', d) FROM customers c LEFT JOIN customers d ON d.customer_id = c.customer_id + 1500$$),
	('ROW(...)', $$SELECT customer_id, cia_score('lean', r) FROM (SELECT customer_id, age + 1 AS age, complaints, activity FROM customers) r$$)) v(what, query);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT matches(plan_of('SELECT customer_id, cia_score(''lean'', c) FROM customers c WHERE customer_id < 100'), 'Index Only Scan using covering', 'an index that covers the features is enough');
SELECT doesnt_match(plan_of('SELECT customer_id, cia_score(''full'', c) FROM customers c WHERE customer_id < 100'), 'Index Only', 'one that does not is not');
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT ok(plan_of('SELECT cia_score(''lean'', c) FROM customers c') LIKE '%\_columns(%' AND plan_of('SELECT cia_score(n, c) FROM customers c, (VALUES (''lean''), (''full'')) v(n)') NOT LIKE '%\_columns(%', 'a name from a column takes the whole row');

-- Replaced while in use: a prepared statement, a cursor, a fixed version.
PREPARE risk AS SELECT bool_and(cia_score('lean', c) = cia_score('lean@1', c)) AS first, bool_and(cia_score('lean', c) = cia_score('lean@2', c)) AS second FROM customers c;
PREPARE plain AS SELECT round(avg(cia_score('lean', c))::numeric, 12) FROM customers c;
SELECT round(avg(cia_score('lean', c))::numeric, 12) AS before FROM customers c \gset
SELECT results_eq('plain', ARRAY[:before], 'a prepared statement scores');
SELECT throws_ok('risk', '42704', 'model "lean@2" does not exist', 'a version that is not there');
SELECT lives_ok($$SELECT cia_train('lean', 'customers', 'churned', features => '{region,activity}')$$, 'a version of other columns');
SELECT ok((SELECT count(*) FILTER (WHERE cia_score('lean', c) <> cia_score('lean@1', c)) > 2900 FROM customers c), 'it is in force at once');
SELECT results_eq('risk', 'VALUES (false, true)', 'in a statement that was prepared before, too');
SELECT results_ne('plain', ARRAY[:before], 'and in one that hands over columns');
SELECT results_eq($$SELECT round(avg(cia_score('lean@1', c))::numeric, 12) FROM customers c$$, ARRAY[:before], 'a version by its number stays');

-- Kept within cia.cache_size.
SELECT is(current_setting('cia.cache_size'), '64MB', 'cia.cache_size is 64 MB');
SELECT throws_ok('SET cia.cache_size = -1', '22023');
SELECT throws_ok($$SET cia.cache_size = '1 apple'$$, '22023');
SET LOCAL cia.cache_size = 0;
SELECT is((SELECT count(*) FROM customers c WHERE cia_score('full', c) = cia_score('full', to_jsonb(c))), 3000::bigint, 'nothing need be kept');
RESET cia.cache_size;
SELECT is((SELECT count(cia_score('full', c)) FROM customers c), 3000::bigint, 'a model is decoded');
SELECT ok((SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'cia model') < 64 * 1024 * 1024, 'and kept within the bound');
SELECT is((SELECT count(cia_drop_model(m)) FROM unnest('{full}'::text[]) m), 1::bigint, 'when a model is dropped');
SELECT is((SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'cia model'), 0::bigint, 'all that are not in use leave');

-- Errors.
SELECT throws_ok($$SELECT cia_score('nobody', c) FROM customers c$$, '42704', 'model "nobody" does not exist');
SELECT throws_ok($$SELECT cia_score('lean@1', q) FROM (SELECT age, activity FROM customers) q$$, '42703', 'row lacks columns that model "lean@1" was trained on');
SELECT throws_ok($$SELECT cia_score('lean@1', q) FROM (SELECT *, 1 AS age FROM customers) q$$, '42702', 'column "age" occurs more than once in the row');
SELECT throws_ok($$SELECT cia_score('lean@1', q) FROM (SELECT age::text, complaints, activity FROM customers) q$$, '42804');
SELECT throws_ok($$SELECT cia_score('lean@1', q) FROM (SELECT 'inf'::float8 AS age, complaints, activity FROM customers) q$$, '22000', 'column "age" contains a value that is not finite');
SELECT throws_ok($$SELECT cia_score('lean@1', '{1,2}'::float8[])$$, '2202E');
SELECT throws_ok($$SELECT cia_score('lean', '{1,2.5}'::float8[])$$, '22003');
SELECT throws_ok($$SELECT cia_score('lean', '{"region": "north"}'::jsonb)$$, '42703');

SELECT * FROM finish();
ROLLBACK;
