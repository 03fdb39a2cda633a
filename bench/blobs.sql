-- SPDX-License-Identifier: PostgreSQL
--
-- bench_blobs: rows that are of kinds, for the functions that find segments.
--
-- An id and 24 float8, x1 to x24: eight middles that lie far apart, about each of them eight
-- that lie closer, and about these 64 the rows, with a deviation of about 1.  Every number is a hash
-- of the row's id, so the same :rows give the same table on every machine.
--
-- psql -v rows=1000000 -f blobs.sql

\set ON_ERROR_STOP on

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_blobs;

-- a uniform number in [-1, 1) of an id and a place
CREATE FUNCTION pg_temp.draw(id bigint, place bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(id, place) >> 11) / 4503599627370496::float8;

SELECT format('CREATE TABLE bench_blobs AS SELECT id, %s FROM generate_series(1, %s::bigint) AS id, '
	'LATERAL (SELECT hashint8extended(id, 0) & 63) AS kind(of)',
	string_agg(format(
		'6 * pg_temp.draw(kind.of & 7, %1$s) + 2.5 * pg_temp.draw(kind.of + 64, %1$s) + '
		'pg_temp.draw(id, %1$s) + pg_temp.draw(id, %1$s + 24) + pg_temp.draw(id, %1$s + 48) AS x%1$s', n), ', '),
	:'rows')
FROM generate_series(1, 24) AS n
\gexec

ALTER TABLE bench_blobs ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) bench_blobs;
