-- Every error that a user can cause: SQLSTATE, message, detail and hint, in the order of the house's table.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
SELECT version FROM cia_train('m', 'points', 'y');

-- unknown algorithm
SELECT * FROM cia_train('e', 'points', 'y', 'forest');
\echo :SQLSTATE
-- unknown option
SELECT * FROM cia_train('e', 'points', 'y', 'logistic', options => '{"holdot": 0.1}');
\echo :SQLSTATE
-- option out of range
SELECT * FROM cia_train('e', 'points', 'y', 'logistic', options => '{"holdout": 1}');
\echo :SQLSTATE
-- column missing in source
SELECT * FROM cia_train('e', 'points', 'y', features => '{w}');
\echo :SQLSTATE
-- column type not usable
SELECT * FROM cia_train('e', 'SELECT x, y, id * interval ''1 day'' AS since FROM points', 'y');
\echo :SQLSTATE
-- several of them, told at once
SELECT * FROM cia_train('e', 'SELECT x, y, id * interval ''1 day'' AS since, ''{}''::jsonb AS "More o''f", ARRAY[y] AS tags FROM points', 'y');
\echo :SQLSTATE
-- no rows
SELECT * FROM cia_train('e', 'SELECT * FROM points WHERE false', 'y');
\echo :SQLSTATE
-- target constant
SELECT * FROM cia_train('e', 'SELECT x, true AS y FROM points', 'y');
\echo :SQLSTATE
-- infinity
SELECT * FROM cia_train('e', 'SELECT CASE id WHEN 11 THEN float8 ''inf'' ELSE x END AS x, y FROM points ORDER BY id', 'y');
\echo :SQLSTATE
-- collinear
SELECT * FROM cia_train('e', 'SELECT x, z, x + z AS xz, id % 13 + x AS y FROM points', 'y', 'linear');
\echo :SQLSTATE
-- did not converge: a warning
SELECT version FROM cia_train('e', 'points', 'y', options => '{"max_iterations": 1}');
\echo :SQLSTATE
-- over memory limit
SET cia.threads = 1;
SET cia.max_memory = '1MB';
SELECT * FROM cia_train('e', 'SELECT n % 101 AS a, n % 103 AS b, n % 3 = 0 AS y FROM generate_series(1, 200000) n', 'y');
\echo :SQLSTATE
RESET cia.max_memory;
RESET cia.threads;
-- model missing
SELECT cia_score('nobody', p) FROM points p;
\echo :SQLSTATE
SELECT cia_drop_model('nobody');
\echo :SQLSTATE
-- no right
CREATE ROLE regress_cia_owner;
CREATE ROLE regress_cia_other;
GRANT SELECT ON points TO regress_cia_owner, regress_cia_other;
SET ROLE regress_cia_owner;
SELECT version FROM cia_train('mine', 'points', 'y');
SET ROLE regress_cia_other;
SELECT cia_score('mine', p) FROM points p;
\echo :SQLSTATE
RESET ROLE;
-- scored row lacks columns
SELECT cia_score('m', r) FROM (SELECT x FROM points) r;
\echo :SQLSTATE
-- text is no model
SELECT 'model'::cia_model;
\echo :SQLSTATE
SELECT left(content::text, 200)::cia_model FROM cia_versions WHERE model = 'm';
\echo :SQLSTATE
-- bytes are no model
CREATE CAST (bytea AS cia_model) WITHOUT FUNCTION;
SELECT cia_score(set_byte(cia_model_send(content), 20, 99)::cia_model, p) FROM cia_versions v, points p WHERE v.model = 'm';
\echo :SQLSTATE
-- stored model damaged
UPDATE cia_version SET content = set_byte(cia_model_send(content), 20, 99)::cia_model WHERE model = (SELECT id FROM cia_registry WHERE name = 'm');
SELECT cia_score('m', p) FROM points p;
\echo :SQLSTATE
-- newer format
SELECT cia_model_out(set_byte(cia_model_send(content), 4, 2)::cia_model) FROM cia_versions v WHERE v.model = 'mine';
\echo :SQLSTATE
DROP CAST (bytea AS cia_model);

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE points;
DROP ROLE regress_cia_owner, regress_cia_other;
