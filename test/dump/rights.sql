-- Two models: one that several roles may use, one of a role that is about to be dropped.
SET client_min_messages = error;
SET ROLE regress_cia_dump;
SELECT count(*) FROM cia_train('given', 'SELECT i AS x, i % 3 = 0 AS y FROM generate_series(1, 100) i', 'y');
SELECT cia_grant('given', 'public', 'score'), cia_grant('given', 'regress_cia_dump_gone', 'score'), cia_grant('given', 'regress_cia_dump_gone', 'manage'), cia_grant('given', 'regress_cia_dump_other', 'manage');
SET ROLE regress_cia_dump_gone;
SELECT count(*) FROM cia_train('left', 'SELECT i AS x, i % 3 = 0 AS y FROM generate_series(1, 100) i', 'y');
-- A schedule of a role that may be missing elsewhere, as it is without pg_cron.
RESET ROLE;
INSERT INTO cia_schedule (model, schedule, options, role) SELECT id, '@daily', '{}', 'regress_cia_dump_other'::regrole FROM cia_registry WHERE name = 'given';
