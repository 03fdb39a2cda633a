-- One model per group: the promises of docs/groups.md.
SELECT plan(12);
SET client_min_messages = error;

CREATE TABLE customer AS
SELECT i AS id, u % 10007 AS a, (u % 1013) / 7.0 AS b, (ARRAY['north', 'south', 'east', 'west', NULL])[1 + v % 5] AS region, 'town ' || v % 199 AS town,
	   v % 300 AS cell, u % 10007 + 20 * (v % 199) * (1 + v % 5) > 9000 AS y, u % 10007 * (v % 5) * 0.5 - v % 1019 AS amount
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, 30000) i) s;
ALTER TABLE customer SET (parallel_workers = 2);
CREATE TABLE shuffled AS TABLE customer ORDER BY md5(id::text);
ANALYZE customer, shuffled;

SELECT lives_ok($$ SELECT cia_train('parts', 'customer', 'y', 'logistic', id => '{id}', exclude => '{amount,cell}', options => '{"by": "region"}') $$, 'option by');
SELECT cia_train('south', 'SELECT * FROM customer WHERE region = ''south''', 'y', 'logistic', id => '{id}', exclude => '{amount,cell}') IS NOT NULL AS trained \g /dev/null
SELECT cia_train('all', 'customer', 'y', 'logistic', id => '{id}', exclude => '{amount,cell}') IS NOT NULL AS trained \g /dev/null
SELECT is((SELECT count(*) FROM customer c WHERE region = 'south' AND cia_score('parts', c) IS DISTINCT FROM cia_score('south', c)), 0::bigint, 'the part that serves a row is the model of its group alone');
SELECT is((SELECT count(*) FROM customer c WHERE region IS NULL AND cia_score('parts', c) IS DISTINCT FROM cia_score('all', c)), 0::bigint, 'rows without a group are served by the model of all rows');
SELECT cmp_ok((SELECT p.value FROM cia_models p WHERE model = 'parts'), '>', (SELECT a.value FROM cia_models a WHERE model = 'all'), 'parts see what differs between groups');
SELECT is((SELECT count(*) FROM cia_evaluate('parts', 'customer') e, cia_versions v WHERE v.model = 'parts' AND e.value IS DISTINCT FROM (v.metrics->>e.metric)::float8), 0::bigint, 'the holdout is found again');

SET cia.threads = 3;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT cia_train('parts', 'shuffled', 'y', 'logistic', id => '{id}', exclude => '{amount,cell}', options => '{"by": "region"}') IS NOT NULL AS trained \g /dev/null
SELECT is((SELECT count(DISTINCT fingerprint) FROM cia_versions WHERE model = 'parts'), 1::bigint, 'the same bytes whatever the threads, workers and order of rows');

CREATE TABLE model AS SELECT cell, cia_fit(c, y, 'logistic', '{"id": ["id"], "exclude": ["y", "amount"]}') AS model FROM customer c GROUP BY cell;
SELECT is((SELECT count(*) FROM model WHERE model IS NOT NULL), 300::bigint, 'hundreds of groups by cia_fit');
SELECT is((SELECT count(*) FROM model m, LATERAL (SELECT cia_fit(c, y, 'logistic', '{"id": ["id"], "exclude": ["y", "amount"]}') AS model FROM shuffled c WHERE c.cell = m.cell) a
	WHERE m.cell < 20 AND cia_model_send(a.model) <> cia_model_send(m.model)), 0::bigint, 'each the model of its rows alone');
SELECT is((SELECT count(cia_score(m.model, c)) FROM customer c JOIN model m USING (cell)), 30000::bigint, 'rows joined with the models of their groups');
SELECT is(cia_fit(c, true, 'logistic', '{}')::text, NULL, 'a group that gives no model answers NULL') FROM customer c WHERE cell = 1;

SELECT throws_ok($$ SELECT cia_train('parts', 'customer', 'y', options => '{"by": "planet"}') $$, '42703', NULL, 'by names a column that is not there');
SELECT throws_ok($$ SELECT cia_train('parts', 'customer', 'y', options => '{"by": "id"}') $$, '54000', NULL, 'too many groups');

SELECT * FROM finish();
