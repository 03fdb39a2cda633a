-- Jobs, runs and schedules: names, arguments and columns that others rely on.
BEGIN;
SELECT plan(10);

SELECT columns_are('cia_jobs', ARRAY['model', 'kind', 'stage', 'done', 'rows', 'loss', 'role', 'started_at', 'seconds', 'pid']);
SELECT columns_are('cia_runs', ARRAY['number', 'model', 'version', 'kind', 'outcome', 'sqlstate', 'message', 'detail', 'hint', 'rows', 'seconds', 'started_at', 'ended_at', 'run_by', 'job']);
SELECT columns_are('cia_schedules', ARRAY['model', 'schedule', 'options', 'role', 'active', 'last_run', 'outcome', 'error', 'next_run', 'job']);
SELECT is(pg_get_function_arguments('cia_schedule'::regproc), 'model text, schedule text, options jsonb DEFAULT ''{}''::jsonb', 'arguments of cia_schedule');
SELECT is(pg_get_function_result('cia_schedule'::regproc), 'bigint', 'cia_schedule answers the number of a job');
SELECT is(pg_get_function_arguments('cia_next_run'::regproc), 'schedule text, after timestamp with time zone DEFAULT now(), timezone text DEFAULT NULL::text', 'arguments of cia_next_run');
SELECT function_returns('cia_unschedule', ARRAY['text'], 'boolean', 'cia_unschedule');
SELECT ok((SELECT prokind = 'p' FROM pg_proc WHERE oid = 'cia_run_schedule'::regproc), 'what pg_cron calls is a procedure, which can commit');
SELECT ok(has_table_privilege('pg_monitor', v, 'SELECT') AND NOT has_table_privilege('pg_monitor', t, 'SELECT'), v || ' is for everybody, ' || t || ' is not')
FROM (VALUES ('cia_runs', 'cia_run'), ('cia_schedules', 'cia_schedule')) n(v, t);

SELECT * FROM finish();
ROLLBACK;
