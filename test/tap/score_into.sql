-- Scores in a table are those of cia_score, all of one version, all or none of them.
BEGIN;
SELECT plan(14);
SET LOCAL client_min_messages = error;
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region, u % 60 + v % 30 > 40 AS churned
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 30000) n(n), LATERAL (SELECT n::bigint AS i) l) s;
ANALYZE customer;
SELECT lives_ok($$SELECT cia_train('churn', 'customer', 'churned', id => '{id}')$$, 'a model');

-- With workers, and with more scores than work_mem holds.
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL work_mem = '64kB';
SELECT results_eq($$SELECT model, version, rows, inserted, updated FROM cia_score_into('churn', 'customer', 'risk', '{id}')$$,
	$$VALUES ('churn', 1, 30000::bigint, 30000::bigint, 0::bigint)$$, 'a new table');
SELECT is_empty($$SELECT id FROM customer c FULL JOIN risk r USING (id)
	WHERE float8send(r.score) IS DISTINCT FROM float8send(cia_score('churn', c)) OR r.class IS DISTINCT FROM cia_class('churn', c) OR r.version <> 1 OR r.scored_at <> now()$$,
	'holds what cia_score and cia_class answer, bit for bit');
SELECT col_is_pk('risk', 'id');
SELECT results_eq($$SELECT rows, inserted, updated FROM cia_score_into('churn', 'SELECT * FROM customer UNION ALL SELECT id + 30000, age, visits, region, churned FROM customer WHERE id <= 100', 'risk', '{id}')$$,
	$$VALUES (30100::bigint, 100::bigint, 30000::bigint)$$, 'new rows and old ones are told apart');
CREATE TABLE parted (LIKE risk, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 (scored_at timestamptz NOT NULL, version int NOT NULL, class text, score float8 NOT NULL, id bigint NOT NULL);
SELECT lives_ok($$ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)$$, 'partitions of two shapes');
SELECT results_eq($$SELECT inserted, updated FROM cia_score_into('churn', 'SELECT * FROM customer WHERE id <= 20000', 'parted', '{id}')$$, $$VALUES (20000::bigint, 0::bigint)$$, 'partitions: new rows');
SELECT results_eq($$SELECT inserted, updated FROM cia_score_into('churn', 'customer', 'parted', '{id}')$$, $$VALUES (10000::bigint, 20000::bigint)$$, 'partitions: new rows and old ones');

-- A version that is trained meanwhile is not taken up halfway.
CREATE FUNCTION retrained(bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN $1 = 500 AND (SELECT promoted FROM cia_train('churn', 'SELECT age, churned FROM customer', 'churned'));
END $$;
SELECT results_eq($$SELECT version, rows FROM cia_score_into('churn', 'SELECT *, retrained(id) FROM customer WHERE id <= 1000', 'during', '{id}')$$, $$VALUES (1, 1000::bigint)$$, 'the version is found once');
SELECT is_empty($$SELECT id FROM customer c JOIN during d USING (id) WHERE d.score <> cia_score('churn@1', c) OR d.version <> 1$$, 'and serves for all rows');
SELECT results_eq($$SELECT DISTINCT version FROM cia_score_into('churn', 'customer', 'during', '{id}')$$, 'VALUES (2)', 'the next call takes the new one');

-- What fails leaves nothing.
SELECT throws_ok($$SELECT cia_score_into('churn', 'SELECT id, 1 / (29000 - id) AS age, visits, region FROM customer', 'never', '{id}')$$, '22012');
SELECT hasnt_table('never');
SELECT throws_ok($$SELECT cia_score_into('churn', 'SELECT * FROM customer UNION ALL SELECT * FROM customer WHERE id = 5', 'risk', '{id}')$$, '21000');

SELECT * FROM finish();
ROLLBACK;
