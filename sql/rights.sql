-- Rights on models: who may score, who may manage, who may change that, and what nobody is shown.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS town, i * i % 11 > 5 AS y, i % 13 + 2.5 * (i % 17) AS amount FROM generate_series(1, 300) i;
CREATE ROLE regress_cia_ann;
CREATE ROLE regress_cia_bob;
CREATE ROLE regress_cia_cai;
CREATE ROLE regress_cia_team;
CREATE ROLE "regress_cia ""Odd"" Role";
GRANT regress_cia_team TO regress_cia_cai;
GRANT SELECT ON points TO PUBLIC;
CREATE SCHEMA own;
GRANT ALL ON SCHEMA own TO PUBLIC;
SET ROLE regress_cia_ann;
SELECT version FROM cia_train('m', 'SELECT x, z, town, y FROM points', 'y', 'logistic');
SELECT version FROM cia_train('amount', 'SELECT x, z, amount FROM points', 'amount', 'linear');
SELECT version FROM cia_train('net', 'SELECT x, z, amount FROM points', 'amount', 'linear', options => '{"lambda": "auto"}');
SELECT version FROM cia_train('card', 'SELECT x, z, y FROM points', 'y', 'logistic', options => '{"encode": "woe"}');
SELECT version FROM cia_train('trees', 'SELECT x, z, town, y FROM points', 'y', 'boosted_trees', options => '{"trees": 5}');
SELECT version FROM cia_train('parts', 'SELECT x, z, town, amount FROM points', 'amount', 'linear', options => '{"by": "town"}');

SELECT version FROM cia_train('kinds', 'SELECT x, z FROM points', algorithm => 'kmeans', options => '{"k": 3}');
SELECT version FROM cia_train('steps', 'SELECT x, z FROM points', algorithm => 'hierarchical', options => '{"k": 3}');

-- Which function asks for which privilege: tried by a role without any, by one that may score, and by one that may manage.
CREATE TABLE own.call (number int GENERATED ALWAYS AS IDENTITY, query text);
CREATE TABLE own.outcome (number int, role text DEFAULT current_user, outcome text);
GRANT ALL ON own.call, own.outcome TO PUBLIC;
INSERT INTO own.call (query) VALUES
	($$cia_score('m', p) FROM points p$$), ($$cia_score('m@1', to_jsonb(p)) FROM points p$$), ($$cia_score('amount', ARRAY[1, 2]::float8[])$$),
	($$cia_class('m', p) FROM points p$$), ($$cia_class('m', to_jsonb(p)) FROM points p$$), ($$cia_class('trees', '{1,2,3}'::float8[])$$),
	($$cia_probabilities('m', p) FROM points p$$), ($$cia_probabilities('m', to_jsonb(p)) FROM points p$$), ($$cia_probabilities('trees', '{1,2,3}'::float8[])$$),
	($$cia_explain('m', p) FROM points p$$), ($$cia_explain('m', to_jsonb(p)) FROM points p$$),
	($$cia_reasons('m', p) FROM points p$$), ($$cia_reasons('m', to_jsonb(p)) FROM points p$$),
	($$cia_score_columns('amount', 1, '{x,z}', true, 1, 2)$$), ($$cia_class_columns('m', 1, '{x,z,town}', true, 1, 2, 'a'::text)$$),
	($$cia_probabilities_columns('m', 1, '{x,z,town}', true, 1, 2, 'a'::text)$$), ($$cia_reasons_columns('m', 1, '{x,z,town}', true, 4, 1, 2, 'a'::text)$$),
	($$cia_score_into('m', 'points', 'own.' || quote_ident('scores of ' || current_user), '{id}')$$),
	($$cia_create_scoring_view(model => 'm', view => 'own.' || quote_ident('view of ' || current_user), source => 'points', id => '{id}')$$), ($$cia_band('m', 0.5)$$),
	($$cia_evaluate('m', 'points')$$), ($$cia_roc_curve('m', 'points')$$), ($$cia_pr_curve('m', 'points')$$), ($$cia_lift_table('m', 'points')$$),
	($$cia_calibration('m', 'points')$$), ($$cia_confusion('m', 'points')$$), ($$cia_threshold('m', 'points', 1, 1)$$), ($$cia_residuals('amount', 'points')$$),
	($$cia_fairness('m', 'points', 'town')$$), ($$cia_compare('m', 'trees', 'points')$$), ($$cia_importance('m', 'points')$$),
	($$cia_partial_dependence('m', 'points', 'x')$$),
	($$cia_coefficients('m')$$), ($$cia_summary('m')$$), ($$cia_print('m')$$), ($$cia_path('net')$$), ($$cia_scorecard('card')$$), ($$cia_importance('m')$$),
	($$cia_tree('trees')$$), ($$cia_features('m')$$), ($$cia_groups('parts')$$), ($$cia_part('parts', 'a')$$), ($$cia_report('m')$$), ($$cia_report('m', 'points')$$),
	($$cia_train('m', 'SELECT x, z, town, y FROM points', 'y', 'logistic', options => '{"promote": "always"}')$$), ($$cia_rollback('m')$$), ($$cia_promote('m@2')$$), ($$cia_retrain('m')$$), ($$cia_verify('m')$$), ($$cia_train('further ' || current_user, 'SELECT x, z, town, y FROM points', 'y', 'boosted_trees', options => '{"continue_from": "trees"}')$$),
	($$cia_grant('m', 'regress_cia_cai', 'score')$$), ($$cia_revoke('m', 'regress_cia_cai', 'score')$$), ($$cia_owner('m', current_user)$$), ($$cia_drop_model('card')$$);
INSERT INTO own.call (query) VALUES
	($$cia_copy_model('amount', 'copy for ' || current_user)$$), ($$cia_tag('amount', 'stable')$$), ($$cia_untag('amount', 'stable')$$), ($$cia_comment('amount', 'for the till')$$),
	($$cia_schedule('amount', '@daily')$$), ($$cia_unschedule('amount')$$),
	($$cia_diff('amount', 1, 1)$$), ($$cia_export('amount')$$), ($$cia_model_card('amount')$$), ($$cia_import('amount', cia_export('amount'))$$),
	($$cia_drop_model('amount', 1)$$), ($$cia_rename_model('amount', 'sum')$$),
	($$cia_name_segment('kinds', (SELECT cia_segment('kinds', p) FROM points p ORDER BY x, z LIMIT 1), 'named by ' || current_user)$$),
	($$cia_segment_sizes('kinds')$$), ($$cia_segment_sizes('kinds', 'points')$$), ($$cia_segment_profile('kinds')$$), ($$cia_segment_profile('kinds', 'points')$$),
	($$cia_segment_migration('kinds', 'SELECT row_number() OVER () AS n, x, z FROM points', 'SELECT row_number() OVER () AS n, x, z FROM points', '{n}')$$);
INSERT INTO own.call (query) VALUES
	($$cia_dendrogram('steps')$$),
	($$cia_segment('kinds', p) FROM points p$$), ($$cia_segment_distance('kinds', p) FROM points p$$), ($$cia_segment_probabilities('kinds', p) FROM points p$$),
	($$cia_segment_columns('kinds', 1, '{x,z}', true, 1, 2)$$), ($$cia_segment_distance_columns('kinds', 1, '{x,z}', true, 1, 2)$$), ($$cia_segment_probabilities_columns('kinds', 1, '{x,z}', true, 1, 2)$$);
CREATE FUNCTION own.outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT count(q::text) FROM (SELECT ' || query || ') q';
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE SQLSTATE WHEN '42501' THEN SQLERRM ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
SELECT cia_grant('m', 'regress_cia_bob', 'score'), cia_grant('amount', 'regress_cia_bob', 'score'), cia_grant('net', 'regress_cia_bob', 'score'),
	   cia_grant('card', 'regress_cia_bob', 'score'), cia_grant('trees', 'regress_cia_bob', 'score'), cia_grant('parts', 'regress_cia_bob', 'score'), cia_grant('kinds', 'regress_cia_bob', 'score');
SELECT count(*) AS models FROM (SELECT cia_grant(model, 'regress_cia_team', 'manage') FROM cia_models) g;
SET client_min_messages = warning;
SET ROLE "regress_cia ""Odd"" Role";
INSERT INTO own.outcome SELECT number, 'none', own.outcome(query) FROM own.call;
SET ROLE regress_cia_bob;
INSERT INTO own.outcome SELECT number, 'score', own.outcome(query) FROM own.call;
SET ROLE regress_cia_cai;
INSERT INTO own.outcome SELECT number, 'manage', own.outcome(query) FROM own.call ORDER BY number;
RESET ROLE;
RESET client_min_messages;
SELECT substring(query from '^\w+\([^,)]*') AS call, replace(n.outcome, 'permission denied for model', '-') AS "none", replace(s.outcome, 'permission denied for model', '-') AS score, replace(m.outcome, 'permission denied for model', '-') AS manage
FROM own.call JOIN own.outcome n USING (number) JOIN own.outcome s USING (number) JOIN own.outcome m USING (number)
WHERE n.role = 'none' AND s.role = 'score' AND m.role = 'manage' ORDER BY number;

-- No function that takes a model by name is left out of that list.
SELECT DISTINCT p.proname FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND 'text'::regtype = ANY (p.proargtypes) AND p.proargnames && '{model,model_a}'
	AND p.proname <> 'cia_has_privilege' AND NOT EXISTS (SELECT FROM own.call WHERE query LIKE p.proname || '(%');

-- What each role sees of it.
CREATE VIEW own.seen AS SELECT current_user AS role, (SELECT string_agg(model, ' ' ORDER BY model) FROM cia_models) AS models, (SELECT string_agg(model || '@' || version, ' ' ORDER BY model, version) FROM cia_versions) AS versions,
	(SELECT string_agg(format('%s %s %s', model, role, privilege), ', ' ORDER BY model, privilege, role) FROM cia_privileges WHERE model IN ('m', 'net')) AS privileges;
GRANT SELECT ON own.seen TO PUBLIC;
SET ROLE regress_cia_ann;
TABLE own.seen \gx
SET ROLE regress_cia_bob;
TABLE own.seen \gx
SET ROLE regress_cia_cai;
TABLE own.seen \gx
SET ROLE "regress_cia ""Odd"" Role";
TABLE own.seen \gx

-- Who may score and not manage learns neither weights nor text of the training: not by a plan, an error, a notice or a context either.
SET ROLE regress_cia_bob;
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_score('m', p) FROM points p;
SELECT cia_score('m', '{}'::jsonb);
SELECT * FROM cia_report('m');
SELECT metric FROM cia_evaluate('m', 'SELECT x, z, town, y FROM points') WHERE metric = 'auc';
SELECT metric FROM cia_evaluate('m', 'SELECT x, z, y FROM points');

-- What is granted and taken counts at once, and so does undoing it.
SET ROLE regress_cia_ann;
BEGIN;
SELECT cia_revoke('m', 'regress_cia_bob', 'score');
SAVEPOINT here;
SET LOCAL ROLE regress_cia_bob;
SELECT cia_score('m', p) FROM points p WHERE id = 1;
ROLLBACK TO here;
SET LOCAL ROLE regress_cia_ann;
SELECT cia_grant('m', 'public', 'score');
SET LOCAL ROLE regress_cia_bob;
SELECT count(cia_score('m', p)) FROM points p;
SELECT role, privilege FROM cia_privileges WHERE model = 'm';
SET LOCAL ROLE "regress_cia ""Odd"" Role";
SELECT count(cia_score('m', p)), cia_has_privilege('m', 'score') AS score, cia_has_privilege('m', 'manage') AS manage, cia_has_privilege('public', 'm', 'score') AS everybody FROM points p;
ROLLBACK;
SET ROLE "regress_cia ""Odd"" Role";
SELECT cia_has_privilege('m', 'score');
SET ROLE regress_cia_bob;
SELECT count(cia_score('m', p)) FROM points p;
DO $$
DECLARE
	p points;
BEGIN
	SELECT * INTO p FROM points WHERE id = 1;
	FOR i IN 1 .. 3 LOOP
		BEGIN
			PERFORM cia_score('m', p);
			RAISE NOTICE 'scored';
		EXCEPTION WHEN insufficient_privilege THEN
			RAISE NOTICE '%', SQLERRM;
		END;
		SET LOCAL ROLE regress_cia_ann;
		IF i = 1 THEN
			PERFORM cia_revoke('m', 'regress_cia_bob', 'score');
		ELSE
			PERFORM cia_grant('m', 'regress_cia_bob', 'score');
		END IF;
		SET LOCAL ROLE regress_cia_bob;
	END LOOP;
END $$;

-- Whoever takes a privilege away is told if it is still there: through everybody, a role, or more than that.
SET ROLE regress_cia_ann;
SELECT cia_grant('m', 'PUBLIC', 'score');
SELECT cia_revoke('m', 'regress_cia_bob', 'score');
SELECT cia_revoke('m', 'public', 'score');
SELECT cia_grant('m', 'regress_cia_cai', 'score');
SELECT cia_revoke('m', 'regress_cia_cai', 'score');
SELECT cia_revoke('m', 'regress_cia_team', 'score');
SELECT cia_revoke('m', 'regress_cia_ann', 'manage');
SELECT cia_revoke('m', 'regress_cia_bob', 'manage');
SELECT role, privilege FROM cia_privileges WHERE model = 'm' ORDER BY privilege, role;

-- Roles are named letter by letter, or given as regrole; a privilege is granted once.
SELECT cia_grant('m', 'regress_cia "Odd" Role', 'score'), cia_grant('m', '"regress_cia ""Odd"" Role"'::regrole, 'SCORE'), cia_grant('m', current_user, 'score');
SELECT role, privilege, cia_has_privilege(role, model, privilege) AS by_name FROM cia_privileges WHERE model = 'm' AND privilege = 'score' ORDER BY role;
SELECT cia_has_privilege('"regress_cia ""Odd"" Role"'::regrole, 'm', 'score'), cia_has_privilege('"regress_cia ""Odd"" Role"'::regrole, 'm@1', 'manage');
SELECT count(*) AS taken FROM (SELECT cia_revoke(model, role, privilege) FROM cia_privileges WHERE model = 'm' AND privilege = 'score' OFFSET 0) r;
SELECT cia_grant('m', '"regress_cia ""Odd"" Role"', 'score');
\echo :SQLSTATE
SELECT cia_grant('m', 'REGRESS_CIA_BOB', 'score');
SELECT cia_grant('m', '', 'score');
SELECT cia_grant('m', 4294967294::regrole, 'score');
\echo :SQLSTATE
SELECT cia_grant('m', 'regress_cia_bob', 'select');
\echo :SQLSTATE
SELECT cia_grant('m', 'public', 'manage');
\echo :SQLSTATE
SELECT cia_grant('m@1', 'regress_cia_bob', 'score');
\echo :SQLSTATE
SELECT cia_grant('nothing', 'regress_cia_bob', 'score');
\echo :SQLSTATE
SELECT cia_grant(NULL, 'regress_cia_bob', 'score');
\echo :SQLSTATE
SELECT cia_grant('m', NULL::text, 'score');
SELECT cia_grant('m', NULL::regrole, 'score');
SELECT cia_revoke('m', 'regress_cia_bob', NULL);
SELECT cia_owner('m', 'public');
\echo :SQLSTATE
SELECT cia_owner('m', 'nobody');
SELECT cia_owner('m', 'regress_cia_team');
SELECT cia_has_privilege('nothing', 'score');
\echo :SQLSTATE
-- Which versions there are is told to those who may manage, the one in production to those who may score.
SELECT cia_has_privilege('m@99', 'score');
SELECT cia_grant('m', 'regress_cia_bob', 'score');
SET ROLE regress_cia_bob;
SELECT cia_score('m@99', p) FROM points p;
SET ROLE regress_cia_ann;
SELECT cia_revoke('m', 'regress_cia_bob', 'score');
SET ROLE regress_cia_bob;
SELECT cia_score('m@99', p) FROM points p;
SELECT cia_has_privilege('m@99', 'score');
SET ROLE regress_cia_ann;
SELECT cia_has_privilege('nobody', 'm', 'score');
\echo :SQLSTATE
SELECT cia_has_privilege('m', 'own');
SELECT cia_has_privilege('m', 'OWNER');
SELECT cia_has_privilege(NULL, 'score') IS NULL AS null_model, cia_has_privilege(NULL::regrole, 'm', 'score') IS NULL AS null_role;
BEGIN READ ONLY;
SELECT cia_grant('m', 'regress_cia_bob', 'score');
ROLLBACK;
BEGIN READ ONLY;
SELECT cia_owner('m', 'regress_cia_bob');
ROLLBACK;

-- A model of which no version is in production has its rights all the same.
SELECT version, promoted FROM cia_train('unborn', 'SELECT x, y FROM points', 'y', 'logistic', options => '{"promote": "never"}');
SELECT cia_grant('unborn', 'regress_cia_bob', 'score');
SELECT cia_has_privilege('unborn', 'manage') AS manage, cia_has_privilege('regress_cia_bob', 'unborn', 'score') AS score, cia_has_privilege('regress_cia_bob', 'unborn', 'manage') AS not_manage;
SELECT cia_drop_model('unborn');

-- Another owner: for members of both roles; whoever manages cannot take a model.
\set VERBOSITY sqlstate
SELECT cia_owner('m', 'regress_cia_bob');
\set VERBOSITY default
SET ROLE regress_cia_cai;
SELECT cia_owner('m', 'regress_cia_team');
\echo :SQLSTATE
RESET ROLE;
GRANT regress_cia_team TO regress_cia_ann;
SET ROLE regress_cia_ann;
SELECT cia_owner('m', 'regress_cia_team');
SELECT role, privilege FROM cia_privileges WHERE model = 'm' ORDER BY privilege, role;
RESET ROLE;
REVOKE regress_cia_team FROM regress_cia_ann;
SET ROLE regress_cia_ann;
SELECT cia_has_privilege('m', 'score');
SET ROLE regress_cia_cai;
SELECT model, owner FROM cia_models WHERE model = 'm';
SELECT count(*) > 1 AS versions FROM cia_versions WHERE model = 'm';
RESET ROLE;

-- NOINHERIT: a member that does not inherit has the role's rights after SET ROLE alone.
CREATE ROLE regress_cia_dora NOINHERIT IN ROLE regress_cia_team;
SELECT cia_has_privilege('regress_cia_dora', 'm', 'score');

-- Roles that are dropped are nobody; the next one who grants sweeps them out.  Another owner for all that a role has is one query.
SELECT cia_grant('m', 'regress_cia_dora', 'score'), cia_grant('net', 'regress_cia_dora', 'manage');
DROP ROLE regress_cia_dora;
SELECT model, regexp_replace(role, '\d+', 'N') AS role, privilege FROM cia_privileges WHERE role LIKE 'unknown%' ORDER BY model;
SELECT cia_grant('m', 'regress_cia_bob', 'score'), cia_revoke('net', 'regress_cia_bob', 'manage');
SELECT model, privilege FROM cia_privileges WHERE role LIKE 'unknown%';
SELECT count(*) AS given FROM (SELECT cia_owner(model, 'regress_cia_team') FROM cia_models WHERE owner = 'regress_cia_ann'::regrole OFFSET 0) o;
SELECT count(*) AS taken FROM (SELECT cia_revoke(model, role, privilege) FROM cia_privileges WHERE role = 'regress_cia_bob' OFFSET 0) r;
DROP OWNED BY regress_cia_bob;
DROP ROLE regress_cia_bob;
SELECT model, role, privilege FROM cia_privileges ORDER BY model, privilege, role;

-- What the registry keeps of a role is its name; numbers, and names of roles that are not there, are read as nobody: never as somebody else, nor as an error.
SELECT '"regress_cia ""Odd"" Role"'::cia_role, 'REGRESS_CIA_ANN'::cia_role, '-'::cia_role AS everybody, 'regress_cia_ann'::regrole::oid::text::cia_role AS number, '16384'::cia_role::oid = 10::text::cia_role::oid AS same_nobody;
SELECT 'regress_cia_nobody'::cia_role = '1'::cia_role AS nobody;
SELECT 'a.b'::cia_role;
\echo :SQLSTATE
SELECT ''::cia_role;
SELECT oid::cia_role::text = oid::regrole::text AS as_regrole FROM pg_roles WHERE rolname LIKE 'regress_cia%' GROUP BY 1;

-- The registry's tables and their statistics are nobody's, column by column.
CREATE VIEW own.registry AS SELECT c.oid AS relation, a.attnum FROM pg_depend d JOIN pg_class c ON c.oid = d.objid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND d.classid = 'pg_class'::regclass AND c.relkind = 'r';
GRANT SELECT ON own.registry TO PUBLIC;
ANALYZE cia_registry, cia_version, cia_promotion;
SET ROLE regress_cia_team;
SELECT count(DISTINCT relation) > 2 AS tables, count(*) FILTER (WHERE has_column_privilege(relation, attnum, 'SELECT, INSERT, UPDATE, REFERENCES')) AS columns,
	   count(*) FILTER (WHERE has_table_privilege(relation, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')) AS by_table FROM own.registry;
SELECT count(*) FROM pg_stats WHERE tablename IN ('cia_registry', 'cia_version', 'cia_promotion');
SELECT count(*) FROM information_schema.columns WHERE table_name IN ('cia_registry', 'cia_version', 'cia_promotion');
SELECT id FROM cia_registry;
\echo :SQLSTATE
TABLE cia_version;
COPY cia_version (source) TO STDOUT;
SELECT r FROM cia_models, cia_registry r;
UPDATE cia_registry SET owner = owner RETURNING *;
DELETE FROM cia_version WHERE version = 1 RETURNING source;
INSERT INTO cia_registry (name, owner) VALUES ('m', 'regress_cia_team') ON CONFLICT DO NOTHING RETURNING *;
BEGIN;
LOCK TABLE cia_registry;
ROLLBACK;
CREATE TABLE own.copied (LIKE cia_version INCLUDING ALL);
CREATE TABLE own.heir () INHERITS (cia_version);
CREATE TABLE own.refers (name name REFERENCES cia_registry (name));
CREATE TRIGGER spy AFTER INSERT ON cia_version EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE RULE spy AS ON INSERT TO cia_version DO ALSO NOTIFY spied;
CREATE INDEX ON cia_version (source);
SELECT count(*) FROM pg_statistic;
SET ROLE regress_cia_ann;
SELECT count(*) FROM cia_versions WHERE source LIKE '%points%';
RESET ROLE;

-- None of our functions runs with its owner's rights or promises not to leak, and there are no roles of ours.
SELECT count(*) FILTER (WHERE p.prosecdef) AS definer, count(*) FILTER (WHERE p.proleakproof) AS leakproof
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia') AND d.classid = 'pg_proc'::regclass;
SELECT count(*) FROM pg_roles WHERE rolname LIKE 'cia%';

-- The set-up of docs/rights.md: who may train is told by EXECUTE.
BEGIN;
REVOKE EXECUTE ON FUNCTION cia_train, cia_import, cia_fit(record, "any", text, jsonb), cia_fit(record, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cia_train, cia_import, cia_fit(record, "any", text, jsonb), cia_fit(record, text, jsonb) TO regress_cia_team;
SELECT p.proname, count(*), bool_or(has_function_privilege('public', p.oid, 'EXECUTE')) AS anybody, bool_and(has_function_privilege('regress_cia_team', p.oid, 'EXECUTE')) AS team
FROM pg_proc p WHERE p.proname IN ('cia_train', 'cia_import', 'cia_fit') GROUP BY 1 ORDER BY 1;
ROLLBACK;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP SCHEMA own CASCADE;
DROP TABLE points;
DROP ROLE regress_cia_ann, regress_cia_cai, regress_cia_team, "regress_cia ""Odd"" Role";
