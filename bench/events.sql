-- SPDX-License-Identifier: PostgreSQL
-- bench_events: two events of a year for each of :rows, about 33 per customer, drawn by hashes of their number.

\set ON_ERROR_STOP on

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_events CASCADE;

CREATE UNLOGGED TABLE bench_events AS
SELECT (abs(hashint8(i)::bigint) % greatest(1, 2 * :rows / 33))::int AS customer,
	date '2025-01-01' + (abs(hashint8(i + 1)::bigint) % 365)::int AS day,
	(abs(hashint8(i + 2)::bigint) % 20000 / 100.0)::numeric(12,2) AS amount,
	'kind ' || abs(hashint8(i + 3)::bigint) % 6 AS kind
FROM generate_series(1, 2 * :rows) i;
VACUUM ANALYZE bench_events;
