-- The training of a version once more: as a further version, or to see whether the model can be trained again.
CREATE TABLE client AS
SELECT i AS id, (u % 1000) / 10.0 AS a, (v % 997) / 10.0 AS b, 'g' || i % 3 AS g, (u % 1000) / 10.0 + (v % 997) / 20.0 + (w % 1009) / 15.0 > 90 AS y,
	   (u % 1000) / 10.0 + (w % 1009) / 20.0 AS z, 1 + i % 4 AS w
FROM (SELECT i, i * 7919 AS u, i * 104729 AS v, i * 15485863 AS w FROM generate_series(1, 1500::bigint) i) s;
CREATE FUNCTION asked(name text, number int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('source', source, 'algorithm', algorithm, 'parent', parent) || request - 'target' FROM cia_versions WHERE model = name AND version = number $$;

-- Each argument of a training comes back in its place, and gives the same bytes.
SELECT version FROM cia_train('full', 'SELECT * FROM client WHERE id <= 1200', 'y', 'logistic', features => '{b,a,g}', exclude => '{g}', id => '{id}', weight => 'w', options => '{"l2": 3, "holdout": 0.3}');
SELECT version FROM cia_train('auto', 'client', 'y', id => '{id}');
SELECT version FROM cia_train('ridge', 'client', 'z', features => '{a,b}', id => '{id}');
SELECT version FROM cia_train('trees', 'client', 'y', 'boosted_trees', exclude => '{id,z,w}', options => '{"trees": 20, "early_stopping": 5, "seed": 7}');
SELECT version FROM cia_train('forest', 'client', 'z', 'random_forest', exclude => '{y}', id => '{id}', options => '{"trees": 10, "promote": "always"}');
SELECT version FROM cia_train('further', 'client', 'y', 'boosted_trees', exclude => '{id,z,w}', options => '{"trees": 5, "continue_from": "trees"}');
SELECT version FROM cia_train('path', 'client', 'z', 'linear', exclude => '{y}', id => '{id}', options => '{"lambda": "auto", "lambdas": 10}');
SELECT version FROM cia_train('parts', 'client', 'y', 'logistic', exclude => '{z}', id => '{id}', options => '{"by": "g"}');
SELECT version FROM cia_train('card', 'client', 'y', 'logistic', exclude => '{z}', id => '{id}', options => '{"encode": "woe", "calibrate": "platt", "positive": "false", "class_weight": "balanced"}');
SELECT v.model, v.version, verified, v.fingerprint = now_fingerprint AS same, length(v.fingerprint) AS digits, rows_then, rows_now, explanation
FROM cia_models m, cia_verify(m.model) v ORDER BY 1;
SELECT m.model, r.version, r.algorithm, r.rows_used, r.promoted, r.notes[1] FROM cia_models m, cia_retrain(m.model) r ORDER BY 1;
SELECT asked('full', 1), asked('full', 1) - 'parent' = asked('full', 2) - 'parent' AS same, asked('full', 2)->'parent' AS parent;
SELECT asked('auto', 2), asked('ridge', 2), asked('further', 2);
SELECT algorithm, notes[1] FROM cia_train('auto', 'client', 'y', id => '{id}', options => '{"l2": 2}');

-- Another source, further options, another algorithm, an older version.
SELECT version, rows_used, notes[1] ~ 'auc .* version 1' AS compared FROM cia_retrain('full', 'client', '{"l2": 30, "max_iterations": 40}');
SELECT asked('full', 3);
SELECT version, algorithm, notes[2] FROM cia_retrain('auto@1', options => '{"algorithm": "auto"}');
SELECT version, algorithm FROM cia_retrain('ridge', options => '{"algorithm": "boosted_trees", "trees": 3}');
SELECT asked('ridge', 3);
SELECT version FROM cia_retrain('ridge', options => '{"lambda": 0.1}');
SELECT asked('ridge', 4);
SELECT version, promoted FROM cia_retrain('full@1', 'SELECT a, b, w, y, id FROM client', '{"l2": null, "promote": "never"}');
SELECT version, promoted, notes[1] FROM cia_retrain('full@2', 'SELECT a, b, w, y, id, g FROM client');

-- What has changed is told.
INSERT INTO client SELECT 1501, 1, 1, 'g0', true, 1, 1;
SELECT verified, rows_then, rows_now, explanation FROM cia_verify('auto');
SELECT verified, explanation FROM cia_verify('full');
DELETE FROM client WHERE id = 1501;
SELECT verified FROM cia_verify('auto');
BEGIN;
UPDATE client SET b = b + 1 WHERE id % 100 = 1;
SELECT verified, explanation FROM cia_verify('full');
UPDATE client SET y = NOT y WHERE id % 100 = 1;
SELECT verified, explanation FROM cia_verify('full');
SELECT verified, explanation FROM cia_verify('path');
UPDATE client SET z = NULL WHERE id % 100 = 1;
SELECT verified, rows_then, rows_now, explanation FROM cia_verify('path');
UPDATE client SET g = 'g9' WHERE id = 2;
SELECT verified, explanation FROM cia_verify('parts');
ROLLBACK;
BEGIN;
ALTER TABLE client ADD COLUMN further int;
SELECT verified FROM cia_verify('auto');
UPDATE client SET further = id % 5;
SELECT verified, explanation FROM cia_verify('auto');
ROLLBACK;
-- By another build, the stored bytes themselves, with other defaults.
BEGIN;
UPDATE cia_version v SET content = o.content, fingerprint = o.fingerprint, cia_version = '0.9', pg_version = '9.6' FROM cia_version o
WHERE v.model = (SELECT id FROM cia_registry WHERE name = 'auto') AND v.version = 1 AND o.model = v.model AND o.version = 3;
SELECT verified, regexp_replace(explanation, 'this is [^;]*', 'this is ...', 'g') AS explanation FROM cia_verify('auto');
UPDATE cia_version v SET fingerprint = encode(sha256(cia_model_send(content)), 'hex'), content = (SELECT content FROM cia_version o WHERE o.model = v.model AND version = 3)
WHERE model = (SELECT id FROM cia_registry WHERE name = 'full') AND version = 1;
SELECT verified, explanation FROM cia_verify('full@1');
ROLLBACK;
BEGIN;
UPDATE cia_version SET options = options || '{"max_iterations": 7}', fingerprint = encode(sha256(cia_model_send(content)), 'hex'), request = request || '{"options": {"l2": 4, "holdout": 0.3}}'
WHERE model = (SELECT id FROM cia_registry WHERE name = 'full') AND version = 1;
SELECT verified, explanation FROM cia_verify('full@1');
ROLLBACK;
-- Nothing is stored, so that a replica can verify.
SELECT count(*) FROM cia_versions WHERE model = 'full';
BEGIN READ ONLY;
SELECT verified FROM cia_verify('full@1');
SELECT * FROM cia_retrain('full');
\echo :SQLSTATE
ROLLBACK;

-- What is wrong.
SELECT * FROM cia_retrain('nobody');
SELECT * FROM cia_verify('nobody');
\echo :SQLSTATE
SELECT * FROM cia_retrain('full@77');
SELECT * FROM cia_retrain(NULL);
\echo :SQLSTATE
SELECT * FROM cia_verify(NULL);
SELECT * FROM cia_retrain('full', options => '[1]');
\echo :SQLSTATE
SELECT * FROM cia_retrain('full', options => '{"leaves": 3}');
SELECT * FROM cia_retrain('full', options => '{"algorithm": "magic"}');
SELECT * FROM cia_retrain('full', 'SELECT a, y FROM client');
\echo :SQLSTATE
SELECT version FROM cia_train('shadow', 'client', 'y', features => '{a}', options => '{"promote": "never"}');
SELECT version, promoted FROM cia_retrain('shadow@1', options => '{"l2": 7}');
SELECT * FROM cia_verify('shadow');
\echo :SQLSTATE
-- Without a version in production the newest is trained again, and goes there as a first one would.
SELECT version, promoted, notes[1] FROM cia_retrain('shadow');
SELECT asked('shadow', 3);
SELECT version, promoted FROM cia_retrain('shadow', options => '{"promote": "better"}');
SELECT version, decision FROM cia_versions WHERE model = 'shadow' ORDER BY version;
SELECT version FROM cia_train('void', 'client', 'y', features => '{a}', options => '{"promote": "never"}');
SELECT cia_drop_model('void@1');
SELECT * FROM cia_retrain('void');
\echo :SQLSTATE
SELECT cia_score('void@1', c) FROM client c;
SELECT verified FROM cia_verify('shadow@1');

-- Null takes away an option, such as one that another algorithm does not have.
SELECT algorithm FROM cia_train('taken', 'client', 'y', features => '{a}', algorithm => 'random_forest', options => '{"trees": 3, "holdout": 0.3}');
SELECT * FROM cia_retrain('taken', options => '{"algorithm": "linear"}');
SELECT algorithm FROM cia_retrain('taken', options => '{"algorithm": "linear", "trees": null}');
SELECT verified, request->'options' AS options FROM cia_versions v, cia_verify('taken@2') WHERE v.model = 'taken' AND v.version = 2;
SELECT cia_drop_model('taken');

-- The source runs with the rights of who retrains, and its name is looked up as his.
CREATE ROLE regress_cia_vera;
SELECT cia_grant('trees', 'regress_cia_vera', 'manage');
SET ROLE regress_cia_vera;
SELECT * FROM cia_retrain('trees');
\echo :SQLSTATE
SELECT * FROM cia_verify('trees');
\set VERBOSITY terse
SELECT * FROM cia_retrain('full', 'VALUES (1)');
\echo :SQLSTATE
SELECT * FROM cia_verify('full');
\set VERBOSITY default
RESET ROLE;
GRANT SELECT ON client TO regress_cia_vera;
SET ROLE regress_cia_vera;
SELECT version FROM cia_retrain('trees');
SELECT verified FROM cia_verify('trees');
CREATE TEMP TABLE client AS SELECT * FROM public.client LIMIT 500;
SELECT rows_used FROM cia_retrain('trees');
RESET ROLE;
DROP TABLE pg_temp.client;
SELECT version, trained_by FROM cia_versions WHERE model = 'trees' AND trained_by = 'regress_cia_vera'::regrole ORDER BY version;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP FUNCTION asked;
DROP TABLE client;
DROP ROLE regress_cia_vera;
