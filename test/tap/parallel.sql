-- Workers really work: in cia_fit, under the source of cia_train, and in scoring.
SELECT plan(14);
SET client_min_messages = error;

CREATE TABLE customer AS SELECT i AS id, u % 10007 AS a, u % 1013 AS b, (ARRAY['x', 'y', 'z'])[1 + u % 3] AS kind, u % 10007 > 3000 + 4 * (u % 1013) AS y
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u FROM generate_series(1, 50000) i) s;
ALTER TABLE customer SET (parallel_workers = 2);
ANALYZE customer;
-- Who reads a row? The function is declared safe so that workers may call it, and takes its time, so that the one that starts late
-- finds rows left.
CREATE FUNCTION process(id int) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN PERFORM pg_sleep(0.01) WHERE id % 500 = 0; RETURN pg_backend_pid()::text; END $$;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	answer text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		answer := answer || line || E'\n';
	END LOOP;
	RETURN answer;
END $$;
CREATE TABLE serial AS SELECT cia_fit(c, y, 'logistic', '{"exclude": ["y"]}') AS model FROM customer c;
CREATE TABLE serial_score AS SELECT id, cia_score(model, c) AS score FROM customer c, serial;

SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;

-- cia_fit
SELECT matches(plan_of($$SELECT cia_fit(c, y, 'logistic', '{"exclude": ["y"]}') FROM customer c$$), 'Finalize Aggregate.*Workers Launched: 2.*Partial Aggregate', 'cia_fit: Partial Aggregate in two workers');
SELECT is((SELECT cia_model_send(cia_fit(c, y, 'logistic', '{"exclude": ["y"]}')) FROM customer c), (SELECT cia_model_send(model) FROM serial), 'cia_fit: the model is that of the serial plan');
CREATE TABLE labels AS SELECT jsonb_path_query(cia_fit(r, y, 'logistic', '{"exclude": ["y"], "holdout": 0}')::jsonb, '$.features[*] ? (@.name == "process").labels[*]') #>> '{}' AS process
FROM (SELECT a, b, y, process(id) AS process FROM customer) r;
SELECT ok((SELECT count(*) = 2 AND bool_and(process <> pg_backend_pid()::text) FROM labels), 'cia_fit: two workers have read the rows');
SELECT matches(plan_of($$SELECT kind, cia_fit(x, y, 'logistic', '{"features": ["a", "b"]}') FROM customer x GROUP BY kind$$), 'Finalize .*Partial ', 'cia_fit: also by group');
SELECT is((SELECT array_agg(cia_model_send(model) ORDER BY kind) FROM (SELECT kind, cia_fit(x, y, 'logistic', '{"features": ["a", "b"]}') AS model FROM customer x GROUP BY kind) m),
	(SELECT array_agg(model ORDER BY kind) FROM (SELECT kind, (SELECT cia_model_send(cia_fit(x, y, 'logistic', '{"features": ["a", "b"]}')) FROM (SELECT * FROM customer OFFSET 0) x WHERE x.kind = g.kind) AS model
		FROM (VALUES ('x'), ('y'), ('z')) g(kind)) m), 'cia_fit: the models of groups are those of a serial plan');
SET cia.max_memory = '1MB';
SELECT throws_ok($$SELECT cia_fit(c, y, 'logistic', '{"exclude": ["y"]}') FROM customer c$$, '54000', NULL, 'cia_fit: the memory limit holds in workers too');
RESET cia.max_memory;
SELECT throws_ok($$SELECT cia_fit(c, y, 'logistic', '{"holdot": 0}') FROM customer c$$, '22023', NULL, 'cia_fit: an error in a worker comes through');

-- cia_train
SELECT cia_train('churn', 'SELECT a, b, y, process(id) AS process FROM customer', 'y', options => '{"holdout": 0}') IS NOT NULL \g /dev/null
SELECT ok((SELECT count(*) = 2 AND bool_and(process <> pg_backend_pid()::text) FROM (SELECT jsonb_path_query(content::jsonb, '$.features[*] ? (@.name == "process").labels[*]') #>> '{}' AS process
	FROM cia_versions WHERE model = 'churn') l), 'cia_train: two workers have read its source');

-- scoring
SELECT cia_train('churn', 'customer', 'y', exclude => '{id}') IS NOT NULL \g /dev/null
CREATE TABLE by_name AS SELECT id, cia_score('churn', c) AS score FROM (SELECT * FROM customer OFFSET 0) c;
SELECT matches(plan_of($$SELECT count(*) FROM customer c WHERE cia_score('churn', c) >= 0$$), 'Workers Launched: 2.*Parallel Seq Scan on customer.*Filter: \(cia_score', 'cia_score: in two workers');
SELECT is((SELECT md5(string_agg(encode(float8send(cia_score('churn', c)), 'hex'), '' ORDER BY id)) FROM customer c), (SELECT md5(string_agg(encode(float8send(score), 'hex'), '' ORDER BY id)) FROM by_name),
	'cia_score: by name, bit for bit as in a serial plan');
SELECT is((SELECT count(*) FROM customer c JOIN serial_score s USING (id) WHERE float8send(cia_score((SELECT model FROM serial), c)) <> float8send(score)), 0::bigint, 'cia_score: by value, bit for bit');
SELECT is((SELECT count(*) FROM customer c JOIN by_name s USING (id) WHERE float8send(cia_score('churn', to_jsonb(c))) <> float8send(score)), 0::bigint, 'cia_score: by jsonb, bit for bit');
BEGIN;
SELECT cia_train('churn', 'customer', 'y', features => '{a}', options => '{"promote": "always"}') IS NOT NULL \g /dev/null
SELECT is((SELECT count(*) FROM customer c WHERE cia_score('churn', c) = cia_score('churn@3', c)), 50000::bigint, 'cia_score: workers see a version that is not committed yet');
ROLLBACK;
SELECT throws_ok($$SELECT count(cia_score('churn@3', c)) FROM customer c$$, '42704', NULL, 'cia_score: and not after it was rolled back');

SELECT * FROM finish();
