-- SPDX-License-Identifier: PostgreSQL
--
-- bench_doubles and bench_wide: the tables that rows are scored from one by one.
--
-- bench_doubles holds an id and 24 float8, c1 to c24, uniform in [0, 1) and not NULL.
-- bench_wide holds its first rows, one in 50, and a text of 20 kB beside each that is
-- stored out of line and not compressed.  Every number is a hash of the row's id, so the
-- same :rows give the same tables on every machine.
--
-- psql -v rows=1000000 -f doubles.sql

\set ON_ERROR_STOP on

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_doubles, bench_wide;

SELECT format('CREATE TABLE bench_doubles AS SELECT id, %s FROM generate_series(1, %s::bigint) AS id',
	string_agg(format(
		'(hashint8extended(id, %s) >> 11) / 9007199254740992::float8 + 0.5 AS c%1$s', n), ', '),
	:'rows')
FROM generate_series(1, 24) AS n
\gexec

ALTER TABLE bench_doubles ADD PRIMARY KEY (id);

CREATE TABLE bench_wide (LIKE bench_doubles, story text);
ALTER TABLE bench_wide ALTER story SET STORAGE EXTERNAL;

INSERT INTO bench_wide
SELECT d.*, repeat(md5(id::text), 625)
FROM bench_doubles AS d
WHERE id <= :rows / 50;

VACUUM (FREEZE, ANALYZE) bench_doubles, bench_wide;
