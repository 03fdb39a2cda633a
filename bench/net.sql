-- SPDX-License-Identifier: PostgreSQL
--
-- bench_net: 100 correlated numbers, of which 30 say something of two targets: y, a
-- number, and label, 0 or 1.  Every number is a hash of the row's id, so the same :rows
-- give the same table on every machine; there are 200,000 at most.
--
-- psql -v rows=200000 -f net.sql

\set ON_ERROR_STOP on

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_net;

-- u0 to u102 are uniform around zero; a column is one of them, half of its neighbour and what all share.
SELECT format($$CREATE TABLE bench_net AS
	SELECT id, %s, eta + 4 * (u101 + u102) AS y, (1 / (1 + exp(-eta)) > u101 + 0.5)::int AS label
	FROM (SELECT *, %s AS eta FROM (SELECT id, %s FROM generate_series(1, least(%s::bigint, 200000)) AS id) u) e$$,
	string_agg(format('3 * (u%s + 0.5 * u%s + 0.3 * u0) AS c%1$s', n, n - 1), ', ') FILTER (WHERE n BETWEEN 1 AND 100),
	string_agg(format('%s * 3 * (u%s + 0.5 * u%s + 0.3 * u0)', (n * 7 % 11 - 5) / 8.0, n, n - 1), ' + ') FILTER (WHERE n BETWEEN 1 AND 30),
	string_agg(format('(hashint8extended(id, %s) >> 11) / 9007199254740992::float8 AS u%1$s', n), ', '),
	:'rows')
FROM generate_series(0, 102) AS n
\gexec

ALTER TABLE bench_net ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) bench_net;
