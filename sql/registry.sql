-- The registry: names, versions, views, rights, and what a transaction undoes.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS y, i * i % 11 > 5 AS label FROM generate_series(1, 200) i;

-- Versions count up; the plain name is the one in production, the newest.
SELECT version, promoted FROM cia_train('m', 'points', 'label', id => '{id}', exclude => '{y}', options => '{"promote": "always"}');
SELECT version, promoted FROM cia_train('m', 'points', 'label', id => '{id}', exclude => '{y}', options => '{"l2": 5}');
SELECT version, promoted FROM cia_train('m', 'SELECT * FROM points', 'label', id => '{id}', weight => 'y');
SELECT model, owner = current_user::regrole AS own, version, versions, algorithm, task, target, metric, value IS NOT NULL AS has_value,
	   rows_used, trained_at = now() AS just_now
FROM cia_models;
SELECT model, version, production, algorithm, task, target, source, options->'l2' AS l2, features, rows_used, rows_skipped, metric,
	   value = (metrics->>'auc')::float8 AS value_is_metric, notes, seconds > 0 AS took_time, length(fingerprint) AS hex_digits, size > 0 AS has_size,
	   trained_by = current_user::regrole AS mine
FROM cia_versions ORDER BY version;
SELECT version, fingerprint = encode(sha256(cia_model_send(content)), 'hex') AS sha256 FROM cia_versions ORDER BY version;
-- A large model is kept as it is: who scores first in a session does not wait for it to be unpacked.
SELECT version FROM cia_train('grown', 'points', 'label', algorithm => 'boosted_trees', id => '{id}');
SELECT size > 10000 AS is_large, size >= length(cia_model_send(content)) AS is_kept_as_it_is FROM cia_versions WHERE model = 'grown';
SELECT cia_drop_model('grown');
SELECT version, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(metrics) k) AS metrics FROM cia_versions WHERE version = 1;
SELECT count(*) FILTER (WHERE cia_score('m', p) = cia_score('m@3', p)) AS third, count(*) FILTER (WHERE cia_score('m@1', p) = cia_score('m@2', p)) < 100 AS differ
FROM points p;

-- Names that stand for nothing.
SELECT name, cia_score(name, p) FROM points p, (VALUES ('m@4')) n(name);
SELECT cia_score('m@0', p) FROM points p;
SELECT cia_score('m@', p) FROM points p;
SELECT cia_score('m@1x', p) FROM points p;
SELECT cia_score('m@-1', p) FROM points p;
SELECT cia_score('m@ 1', p) FROM points p;
SELECT cia_score('m@99999999999999999999', p) FROM points p;
SELECT cia_score('', p) FROM points p;
SELECT cia_score('M', p) FROM points p;
SELECT cia_score(repeat('m', 100), p) FROM points p;
\echo :SQLSTATE

-- Names that a model cannot have, and names that it can.
SELECT * FROM cia_train('m@4', 'points', 'label');
\echo :SQLSTATE
SELECT * FROM cia_train('', 'points', 'label');
SELECT * FROM cia_train(repeat('m', 64), 'points', 'label');
SELECT model, version FROM cia_train('Größe "of" the; DROP TABLE points -- ''\', 'points', 'label');
SELECT model, version FROM cia_train(repeat('ü', 31), 'points', 'label');
SELECT model, version FROM cia_train(repeat('n', 63), 'points', 'label');
SELECT model, bool_and(cia_score(model, p) BETWEEN 0 AND 1) AS scores, bool_and(cia_score(model || '@1', p) BETWEEN 0 AND 1) AS by_version
FROM cia_models, points p WHERE model <> 'm' GROUP BY model ORDER BY model;
SELECT model, cia_drop_model(model) FROM cia_models WHERE model <> 'm' ORDER BY model;

-- Drop: all versions go; what is not there cannot be dropped.
SELECT cia_drop_model('nobody');
\echo :SQLSTATE
SELECT cia_drop_model(NULL);
SELECT cia_drop_model('m');
SELECT cia_drop_model('m');
SELECT (SELECT count(*) FROM cia_models) AS models, (SELECT count(*) FROM cia_versions) AS versions,
	   (SELECT count(*) FROM cia_registry) + (SELECT count(*) FROM cia_version) AS stored;

-- A new model of an old name begins with version 1.
SELECT version FROM cia_train('m', 'points', 'label', exclude => '{id}', options => '{"promote": "always"}');

-- ROLLBACK undoes a training; inside the transaction it is in force.
BEGIN;
SELECT version FROM cia_train('m', 'points', 'label', features => '{y}');
SELECT version FROM cia_train('new', 'points', 'y', features => '{x}');
SELECT count(cia_score('m@2', p)), count(cia_score('new', p)), count(*) FILTER (WHERE cia_score('m', p) = cia_score('m@2', p)) AS in_force FROM points p;
ROLLBACK;
SELECT count(*) FILTER (WHERE cia_score('m', p) = cia_score('m@1', p)) AS first_again FROM points p;
SELECT cia_score('m@2', p) FROM points p;
SELECT cia_score('new', p) FROM points p;
SELECT version FROM cia_train('m', 'points', 'label', features => '{x}');
SELECT count(*) FILTER (WHERE cia_score('m', p) = cia_score(content, p)) AS second_anew
FROM points p, cia_versions v WHERE v.model = 'm' AND v.version = 2;

-- So does a savepoint, and an error inside a training leaves the transaction usable from there.
BEGIN;
SAVEPOINT a;
SELECT version FROM cia_train('m', 'points', 'label', features => '{y}');
ROLLBACK TO a;
SELECT version FROM cia_train('m', 'points', 'label', features => '{y,x}');
SAVEPOINT b;
SELECT * FROM cia_train('m', 'SELECT x, 1 / (id - 150) AS y, label FROM points', 'label');
ROLLBACK TO b;
SELECT * FROM cia_train('m', $$SELECT x, CASE id WHEN 150 THEN float8 'inf' END AS y, label FROM points$$, 'label');
ROLLBACK TO b;
SELECT cia_drop_model('m');
SELECT cia_score('m', p) FROM points p;
ROLLBACK TO b;
SELECT count(cia_score('m', p)) FROM points p;
COMMIT;
SELECT version, features FROM cia_versions ORDER BY version;
DO $$
BEGIN
	FOR i IN 1 .. 3 LOOP
		BEGIN
			PERFORM cia_train('m', 'points', 'label', 'forest');
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE NOTICE 'caught: %', SQLERRM;
		END;
		BEGIN
			PERFORM cia_train('m', 'points', 'label', features => '{x}');
			RAISE EXCEPTION 'no, undo that';
		EXCEPTION WHEN raise_exception THEN
			RAISE NOTICE 'undone, % versions', (SELECT count(*) FROM cia_versions);
		END;
	END LOOP;
END $$;

-- A read-only transaction trains nothing, and is told so before anything runs.
BEGIN READ ONLY;
SELECT * FROM cia_train('m', 'no_such_table', 'label');
ROLLBACK;
BEGIN READ ONLY;
SELECT count(cia_score('m', p)) FROM points p;
SELECT metric FROM cia_evaluate('m', 'SELECT * FROM points') WHERE metric = 'auc';
SELECT cia_drop_model('m');
\echo :SQLSTATE
ROLLBACK;

-- Prepared transactions carry a training.
BEGIN;
SELECT version FROM cia_train('prepared', 'points', 'label');
PREPARE TRANSACTION 'regress_cia';
SELECT count(*) FROM cia_models WHERE model = 'prepared';
COMMIT PREPARED 'regress_cia';
SELECT count(cia_score('prepared', p)) FROM points p;

-- Rights: a model belongs to who trained it; members of that role may use it.
CREATE ROLE regress_cia_ann;
CREATE ROLE regress_cia_bob;
CREATE ROLE regress_cia_team;
GRANT regress_cia_team TO regress_cia_ann, regress_cia_bob;
GRANT SELECT ON points TO regress_cia_ann, regress_cia_bob, regress_cia_team;
SET ROLE regress_cia_ann;
SELECT version FROM cia_train('anns', 'points', 'label');
SELECT model, owner, versions FROM cia_models;
SELECT model, version, trained_by FROM cia_versions;
SET ROLE regress_cia_team;
SELECT version FROM cia_train('teams', 'points', 'label');
SET ROLE regress_cia_bob;
SELECT model, owner FROM cia_models;
SELECT model, version FROM cia_versions;
SELECT count(cia_score('teams', p)) FROM points p;
SELECT version FROM cia_train('teams', 'points', 'label');
SELECT cia_score('anns', p) FROM points p;
\echo :SQLSTATE
SELECT cia_score('anns@1', p) FROM points p;
SELECT cia_class('anns', to_jsonb(p)) FROM points p;
SELECT cia_explain('anns', p) FROM points p;
SELECT * FROM cia_evaluate('anns', 'points');
SELECT * FROM cia_train('anns', 'no_such_table', 'label');
\echo :SQLSTATE
SELECT cia_drop_model('anns');
\echo :SQLSTATE
SELECT * FROM cia_registry;
\echo :SQLSTATE
SELECT * FROM cia_version;
INSERT INTO cia_registry (name, owner) VALUES ('bobs', 'regress_cia_bob');
UPDATE cia_version SET notes = NULL;
DELETE FROM cia_models;
TRUNCATE cia_version;
RESET ROLE;

-- A view cannot be tricked into showing what it hides.
CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
	RAISE NOTICE 'saw %', $1;
	RETURN true;
END $$;
SET ROLE regress_cia_bob;
SELECT model FROM cia_models WHERE peek(model) ORDER BY model;
SELECT model, version FROM cia_versions WHERE peek(source) ORDER BY version;
RESET ROLE;

-- A security definer function lends its owner's rights, for scoring and for training.
CREATE FUNCTION lend(p points) RETURNS float8 LANGUAGE sql STABLE SECURITY DEFINER AS $$SELECT cia_score('m', p)$$;
CREATE FUNCTION lend_training() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT version FROM cia_train('lent', 'points', 'label')$$;
SET ROLE regress_cia_bob;
SELECT count(lend(p)) FROM points p;
SELECT lend_training();
\set VERBOSITY terse
SELECT cia_drop_model('lent');
\set VERBOSITY default
RESET ROLE;
SELECT model, owner = session_user::regrole AS own FROM cia_models WHERE model = 'lent';

-- The right is asked for anew when the role changes inside a transaction.
BEGIN;
DO $$
DECLARE
	p points;
	s float8;
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	FOR i IN 1 .. 2 LOOP
		s := cia_score('anns', p);
		RAISE NOTICE 'scored as %', CASE i WHEN 1 THEN 'owner' ELSE 'bob' END;
		SET LOCAL ROLE regress_cia_bob;
	END LOOP;
END $$;
ROLLBACK;

-- A role that is dropped leaves its models to superusers.
CREATE ROLE regress_cia_gone;
GRANT SELECT ON points TO regress_cia_gone;
SET ROLE regress_cia_gone;
SELECT version FROM cia_train('orphan', 'points', 'label');
RESET ROLE;
DROP OWNED BY regress_cia_gone;
DROP ROLE regress_cia_gone;
SELECT count(cia_score('orphan', p)) FROM points p;
SELECT version, versions FROM cia_models WHERE model = 'orphan';
\set VERBOSITY terse
SET ROLE regress_cia_bob;
SELECT cia_score('orphan', p) FROM points p;
SELECT count(*) FROM cia_models WHERE model = 'orphan';
RESET ROLE;
\set VERBOSITY default
SELECT version FROM cia_train('orphan', 'points', 'label');

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP FUNCTION peek, lend, lend_training;
DROP TABLE points;
DROP ROLE regress_cia_ann, regress_cia_bob, regress_cia_team;
