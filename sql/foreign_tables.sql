-- Rows of a foreign table are rows as any others: the same model comes of them, and the same scores.
SET cia.progress = off;
CREATE TABLE customer AS SELECT i AS id, i * 37 % 61 AS age, i * 41 % 97 AS visits, NULLIF(i % 4, 0)::text AS region, i * 37 % 61 + i * 41 % 97 > 80 AS churned
FROM generate_series(1, 300) i;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (id int, age int, visits int, region text, churned boolean) SERVER files OPTIONS (format 'csv',
	program $$awk 'BEGIN { for (i = 1; i <= 300; i++) { a = i * 37 % 61; v = i * 41 % 97; r = i % 4; print i "," a "," v "," (r ? r : "") "," (a + v > 80 ? "t" : "f") } }'$$);
SELECT count(*) FROM (SELECT * FROM customer EXCEPT SELECT * FROM far) d;
SELECT version, rows_used FROM cia_train('near', 'customer', 'churned', id => '{id}');
SELECT version, rows_used FROM cia_train('far', 'far', 'churned', id => '{id}');
SELECT count(*), bool_and(cia_score('near', c) = cia_score('far', f)) FROM customer c JOIN far f USING (id);
SELECT verified, explanation FROM cia_verify('far');
SELECT count(*) FROM (SELECT * FROM cia_evaluate('near', 'customer', '{"rows": "all"}') EXCEPT SELECT * FROM cia_evaluate('far', 'far', '{"rows": "all"}')) d;

-- Just the columns that the model uses are asked for, and a row that an outer join made up has no score.
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM far f WHERE cia_score('far', f) > 0.5;
SELECT count(*), count(cia_score('far', f)) FROM customer c LEFT JOIN far f ON f.id = c.id AND f.id <= 100;

-- Scores of its rows, alone and as a partition; it takes none.
SELECT rows, inserted, updated FROM cia_score_into('far', 'far', 'risk', '{id}');
SELECT rows, inserted, updated FROM cia_score_into('far', 'SELECT * FROM far WHERE id <= 10', 'risk', '{id}');
SELECT count(*), bool_and(score = cia_score('near', c)) FROM risk JOIN customer c USING (id);
CREATE TABLE whole (LIKE customer) PARTITION BY RANGE (id);
CREATE TABLE here PARTITION OF whole FOR VALUES FROM (1001) TO (2000);
INSERT INTO here SELECT id + 1000, age, visits, region, churned FROM customer;
ALTER TABLE whole ATTACH PARTITION far FOR VALUES FROM (0) TO (1001);
SELECT rows, inserted, updated FROM cia_score_into('far', 'whole', 'risk', '{id}');
SELECT count(*), bool_and(score = cia_score('near', c)) FROM risk r JOIN customer c ON c.id = r.id % 1000;
SELECT version, rows_used FROM cia_train('whole', 'whole', 'churned', id => '{id}');
SELECT rows FROM cia_score_into('far', 'customer', 'far', '{id}');

-- What goes wrong far away goes wrong here.
ALTER FOREIGN TABLE far OPTIONS (SET program 'echo 1,2,three,4,t');
SELECT version FROM cia_train('far', 'far', 'churned', id => '{id}');
SELECT rows FROM cia_score_into('far', 'far', 'risk', '{id}');
SELECT to_regclass('risk') IS NOT NULL AS risk, count(*) AS versions FROM cia_versions WHERE model = 'far';

DROP TABLE whole, customer, risk;
DROP EXTENSION file_fdw CASCADE;
SELECT cia_drop_model(model) FROM cia_models ORDER BY model;
