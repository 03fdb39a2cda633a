-- Options: what is wrong with them is said before a row is read.
CREATE TABLE points AS SELECT i % 17 AS x, i * 7 % 5 AS y, i * i % 11 > 5 AS label FROM generate_series(1, 100) i;
CREATE SEQUENCE reads;
CREATE VIEW counted AS SELECT x, y, label FROM points WHERE nextval('reads') > 0;

SELECT * FROM cia_train('m', 'counted', 'label', 'forest');
\echo :SQLSTATE
SELECT * FROM cia_train('m', 'counted', 'label', 'Logistic');
SELECT * FROM cia_train('m', 'counted', 'label', '');
SELECT * FROM cia_train('m', 'counted', 'label', 'logistic', options => '{"holdot": 0.1}');
\echo :SQLSTATE
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"max_categorys": 3}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"iterations": 3}');
SELECT * FROM cia_train('m', 'counted', 'y', 'linear', options => '{"max_iterations": 3}');
SELECT * FROM cia_train('m', 'counted', 'y', 'linear', options => '{"L2": 3}');
SELECT * FROM cia_train('m', 'counted', 'y', 'linear', options => '{"": 3}');
SELECT * FROM cia_train('m', 'counted', 'y', 'linear', options => jsonb_build_object(repeat('x', 100), 1));
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": 0.95}');
\echo :SQLSTATE
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": -1}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": 1e400}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": "0.1"}');
\echo :SQLSTATE
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": [0.1]}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"holdout": {"share": 0.1}}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"max_categories": 2.5}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"max_iterations": true}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"positive": 1}');
SELECT * FROM cia_train('m', 'counted', 'label', options => '[]');
\echo :SQLSTATE
SELECT * FROM cia_train('m', 'counted', 'label', options => '3');
SELECT * FROM cia_train('m', 'counted', 'label', options => 'null');
SELECT * FROM cia_train('m', 'counted', 'label', options => '{"positive": "maybe"}');

-- Only the last one had to read: its label is known from the rows alone.
SELECT last_value FROM reads;
SELECT count(*) FROM cia_models;

-- The last of two equal names wins, as in jsonb.
SELECT model FROM cia_train('m', 'points', 'label', options => '{"l2": 5, "l2": 7, "max_iterations": 50, "tolerance": 0.001, "holdout": 0.5, "max_categories": 10, "positive": "false"}');
SELECT options FROM cia_versions WHERE model = 'm';

-- The options in force can be handed back; null stands for the default.
SELECT model FROM cia_train('m', 'points', 'label', options => '{"l2": 3}');
SELECT t.version, v.options FROM cia_versions v, cia_train('m', 'points', 'label', options => v.options) t
WHERE v.model = 'm' AND v.version = 2;
SELECT version FROM cia_train('m', 'points', 'label', options => '{"l2": null, "holdout": null}');
SELECT version, fingerprint = lag(fingerprint) OVER (ORDER BY version) AS same, options->'l2' AS l2 FROM cia_versions WHERE model = 'm' ORDER BY version;

SELECT cia_drop_model('m');
DROP VIEW counted;
DROP SEQUENCE reads;
DROP TABLE points;
