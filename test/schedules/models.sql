-- SPDX-License-Identifier: PostgreSQL
-- models.sql: what test/schedules/run has retrained by the clock, by whom, and from what.

CREATE DATABASE other;
\c other
CREATE EXTENSION cia;
CREATE TABLE points AS SELECT i, i % 17 AS x, i * i % 11 > 5 AS y FROM generate_series(1, 400) i;
SELECT version FROM cia_train('m', 'points', 'y', 'logistic');
\c postgres
CREATE EXTENSION cia;
CREATE ROLE analyst LOGIN;
CREATE ROLE colleague LOGIN;
GRANT CREATE ON SCHEMA public TO analyst;
-- How long the sources of "busy" and "slow" take.
CREATE TABLE tempo (model text, seconds float8);
INSERT INTO tempo VALUES ('busy', 0), ('slow', 0);
GRANT SELECT ON tempo TO analyst;
CREATE TABLE customer AS SELECT i, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 400) i;
CREATE TABLE secret AS TABLE customer;
GRANT SELECT ON customer, secret TO analyst;
SELECT version FROM cia_train('of the superuser', 'customer', 'y', 'logistic');
SET ROLE analyst;
CREATE TABLE lost AS TABLE customer;
SELECT model FROM (VALUES ('churn'), ('dropped'), ('going'), ('old name')) m(name), cia_train(name, 'customer', 'y', 'logistic');
SELECT version FROM cia_train('unpromoted', 'customer', 'y', 'logistic', options => '{"promote": "never"}');
SELECT version FROM cia_train('broken', 'lost', 'y', 'logistic');
SELECT version FROM cia_train('revoked', 'secret', 'y', 'logistic');
SELECT m.model, version FROM tempo m, cia_train(m.model,
	format('SELECT * FROM customer WHERE i > 1 OR (SELECT pg_sleep(seconds) FROM tempo WHERE model = %L) IS NOT NULL', m.model), 'y', 'logistic');
RESET ROLE;
