-- The same rows, options and order of columns give the same model to the last byte, whatever runs it.
SELECT plan(56);
SET client_min_messages = error;

CREATE TABLE customer AS
SELECT i AS id, u % 10007 AS a, (u % 1013) / 7.0 AS b, CASE WHEN u % 19 > 0 THEN (u % 997)::numeric(10, 2) / 100 END AS c, v % 1019 * 1e-3::float4 AS d,
	   (ARRAY['north', 'south', 'east', 'west', NULL])[1 + v % 5] AS region, 'town ' || v % 199 AS town, v % 3 = 0 AS vip, date '2020-01-01' + (u % 900)::int AS since,
	   ARRAY[u % 11, v % 13]::float8[] AS taste, u % 10007 + 20 * (v % 199) + 300 * (v % 3) > 7000 AS y, u % 10007 * 0.5 - v % 1019 AS amount
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, 70000) i) s;
ALTER TABLE customer SET (parallel_workers = 2);
CREATE TABLE shuffled AS TABLE customer ORDER BY md5(id::text);
ALTER TABLE shuffled SET (parallel_workers = 2);
CREATE INDEX ON shuffled (a);
CLUSTER shuffled USING shuffled_a_idx;
ANALYZE customer, shuffled;

CREATE TABLE print (task text, setting text, fingerprint text);
CREATE FUNCTION keep(setting text, source text DEFAULT 'customer') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cia_train('classes', source, 'y', 'logistic', id => '{id}', exclude => '{amount}');
	PERFORM cia_train('keyless', source, 'y', 'logistic', exclude => '{id,amount}');
	PERFORM cia_train('value', source, 'amount', 'linear', id => '{id}', exclude => '{y}');
	PERFORM cia_train('trees', source, 'y', 'boosted_trees', id => '{id}', exclude => '{amount}',
					  options => '{"trees": 15, "row_share": 0.7, "column_share": 0.8, "early_stopping": 5, "monotone": {"a": 1}}');
	PERFORM cia_train('keyless trees', source, 'amount', 'boosted_trees', exclude => '{id,y}', options => '{"trees": 10}');
	PERFORM cia_train('forest', source, 'y', 'random_forest', id => '{id}', exclude => '{amount}', options => '{"trees": 5}');
	INSERT INTO print SELECT v.model, setting, v.fingerprint FROM cia_versions v WHERE v.production;
END $$;

SET cia.threads = 1;
SET max_parallel_workers_per_gather = 0;
SELECT keep('1 thread');
SELECT keep('again');
SET cia.threads = 2;
SELECT keep('2 threads');
SET cia.threads = 5;
SELECT keep('5 threads');
RESET cia.threads;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT keep('2 workers');
SELECT keep('another physical order', 'shuffled');
SELECT keep('another plan', 'SELECT * FROM shuffled ORDER BY region, id DESC');
SET enable_hashjoin = off;
SELECT keep('a join', 'SELECT c.* FROM customer c JOIN (SELECT DISTINCT id FROM shuffled) s USING (id)');
RESET enable_hashjoin;
SET extra_float_digits = 0;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SELECT keep('other settings');
RESET ALL;
SET client_min_messages = error;
VACUUM FULL customer;
SELECT keep('after VACUUM FULL');
SELECT ok(p.fingerprint = first.fingerprint, format('%s: %s', p.task, p.setting))
FROM print p JOIN print first USING (task) WHERE first.setting = '1 thread' AND p.setting <> '1 thread' ORDER BY p.setting, p.task;

-- Columns in another order: the same rows are held out, and scores agree but for rounding.
SELECT cia_train('reordered', 'SELECT taste, since, vip, town, region, d, c, b, a, id, y FROM customer', 'y', 'logistic', id => '{id}') IS NOT NULL AS trained \g /dev/null
SELECT is(r.metrics->'rows', c.metrics->'rows', 'columns in another order: as many rows are held out')
FROM cia_versions r, cia_versions c WHERE r.model = 'reordered' AND c.model = 'classes' AND c.production;
SELECT cmp_ok((SELECT max(abs(cia_score('reordered', x) - cia_score('classes', x))) FROM customer x), '<', 1e-6::float8, 'columns in another order: the same scores');

SELECT * FROM finish();
