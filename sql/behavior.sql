-- SPDX-License-Identifier: PostgreSQL
-- behavior.sql: cia_behavior_features: features of what customers did, as of a moment.
CREATE TABLE behavior_event AS
SELECT 1 + i % 13 AS customer, timestamp '2025-01-01 08:00' + (i * i % 311) * interval '13 hours 7 minutes' AS at, ((i * 37 % 101) - 5)::numeric / 4 AS paid,
	(ARRAY['card', 'cash', 'card', NULL, 'wire', 'fee'])[1 + i * i % 6] AS kind
FROM generate_series(1, 700) i;

CREATE FUNCTION behavior_make(statement text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; END $$;

-- the statement: a view, or a query to be read as a source
\set ECHO none
\pset format unaligned
SELECT cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01', '{30 days}', 1, 'behavior_view');
\pset format aligned
SELECT cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01', '{30 days}', 1, 'behavior_view') \gexec
\set ECHO all
SELECT * FROM behavior_view WHERE customer = 7 \gx
CREATE FUNCTION behavior_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT count(*) FILTER (WHERE line ~ 'Scan on behavior_event') AS reads, count(*) FILTER (WHERE line ~ '2025') AS cut_off FROM behavior_plan('SELECT * FROM behavior_view') line;

-- what plain SQL finds, one question at a time
CREATE FUNCTION behavior_by_hand(one int, moment timestamp, length interval)
RETURNS TABLE (count_ever bigint, sum_ever numeric, first float8, last float8, days bigint, months bigint, gap float8, deviation float8,
	n bigint, active bigint, trend float8, paid numeric, mean numeric, most numeric, cash float8, other float8) LANGUAGE sql AS $$
	WITH e AS (SELECT * FROM behavior_event WHERE customer = one AND at <= moment),
	w AS (SELECT * FROM e WHERE at > moment - length),
	g AS (SELECT extract(epoch FROM b.at - a.at)::float8 / 86400 AS gap FROM (SELECT *, row_number() OVER (ORDER BY at) AS n FROM e) a JOIN (SELECT *, row_number() OVER (ORDER BY at) AS n FROM e) b ON b.n = a.n + 1)
	SELECT (SELECT count(*) FROM e), (SELECT coalesce(sum(paid), 0) FROM e), (SELECT extract(epoch FROM moment - min(at)) / 86400 FROM e)::float8, (SELECT extract(epoch FROM moment - max(at)) / 86400 FROM e)::float8,
		(SELECT count(DISTINCT at::date) FROM e), (SELECT count(DISTINCT to_char(at, 'YYYY-MM')) FROM e), (SELECT avg(gap) FROM g), (SELECT stddev(gap) FROM g),
		(SELECT count(*) FROM w), (SELECT count(*) FROM (SELECT min(at) AS at FROM e GROUP BY at::date) d WHERE at > moment - length),
		(SELECT (count(*) FILTER (WHERE at > moment - length / 2) - count(*) FILTER (WHERE at <= moment - length / 2))::float8 / nullif(count(*), 0) FROM w),
		(SELECT coalesce(sum(paid), 0) FROM w), (SELECT avg(paid) FROM w), (SELECT max(paid) FROM w), (SELECT avg((kind IS NOT DISTINCT FROM 'cash')::int) FROM w)::float8, (SELECT avg((kind IS DISTINCT FROM 'cash')::int) FROM w)::float8 $$;
CREATE TABLE behavior_spine AS
SELECT c AS customer, m AS as_of, c % 3 = 0 AS target FROM generate_series(1, 15) c, generate_series(timestamp '2025-02-01', '2025-06-01', '1 month') m
UNION ALL SELECT 3, at, true FROM behavior_event WHERE customer = 3;
INSERT INTO behavior_spine VALUES (NULL, '2025-03-01'), (1, NULL), (1, 'infinity'), (2, '2025-03-01'), (2, '2025-03-01');
CREATE FUNCTION behavior_differences(view text, length text) RETURNS TABLE (compared bigint, different bigint) LANGUAGE plpgsql AS $$ BEGIN
	RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (WHERE (v.count_ever, v.sum_ever, v.active_days_ever, v.active_months_ever, v.count_%2$s, v.active_days_%2$s, v.sum_%2$s, v.max_%2$s)
			IS DISTINCT FROM (h.count_ever, h.sum_ever, h.days, h.months, h.n, h.active, h.paid, h.most)
		OR EXISTS (SELECT FROM unnest(ARRAY[v.days_since_first, v.days_since_last, v.gap_mean, v.gap_deviation, v.trend_%2$s, v.mean_%2$s, v.share_%2$s_cash, v.share_%2$s_other],
			ARRAY[h.first, h.last, h.gap, h.deviation, h.trend, h.mean, h.cash, h.other]) u(ours, theirs) WHERE (ours IS NULL) <> (theirs IS NULL) OR abs(ours - theirs) > 1e-5))
		FROM %1$s v, behavior_by_hand(v.customer, v.as_of::timestamp, %3$L) h', view, replace(length, ' ', '_'), length);
END $$;
SELECT behavior_make(cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', 'behavior_spine', '{30 days,3 months,36 hours}', 1, 'behavior_moments'));
SELECT length, d.* FROM unnest('{30 days,3 months,36 hours}'::text[]) length, behavior_differences('behavior_moments', length) d;
-- which categories have columns was decided by the rows of the earliest moment
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'behavior_moments'::regclass AND attname LIKE 'share%';

-- a view of one moment says what the spine says of it
SELECT behavior_make(cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01', '{30 days,3 months,36 hours}', 1, 'behavior_once'));
SELECT count(*) FROM (SELECT * FROM behavior_once EXCEPT SELECT (jsonb_populate_record(NULL::behavior_once, to_jsonb(m))).* FROM behavior_moments m WHERE as_of = '2025-05-01') d;
SELECT customer, count_ever, sum_ever, days_since_last, trend_30_days FROM behavior_moments WHERE customer > 13 AND as_of = '2025-05-01' ORDER BY 1;

-- no row of the future changes a feature, or the text; one of the past does, and so does one at the very moment
CREATE TABLE behavior_before AS SELECT *, 'spine' AS by FROM behavior_moments;
CREATE TABLE behavior_texts AS SELECT cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01') AS once, cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', 'SELECT customer, as_of FROM behavior_spine WHERE as_of <= ''2025-05-01''') AS spine;
CREATE TABLE behavior_once_before AS SELECT * FROM behavior_once;
BEGIN;
INSERT INTO behavior_event SELECT customer, moment, paid, kind FROM generate_series(1, 20) customer,
	unnest('{2025-05-01 00:00:00.000001, 2025-05-01 00:00:01, 2025-05-01 23:59, 2025-05-02, 2025-12-31, infinity}'::timestamp[]) moment,
	(VALUES (1e9, 'card'), (-1e9, 'of the future'), (NULL, NULL), ('NaN', 'cash')) v(paid, kind), generate_series(1, 5);
SELECT (SELECT count(*) FROM behavior_event WHERE at > '2025-05-01') AS planted,
	(SELECT count(*) FROM (SELECT * FROM behavior_once EXCEPT SELECT * FROM behavior_once_before) d) AS changed,
	(SELECT count(*) FROM behavior_once) = (SELECT count(*) FROM behavior_once_before) AS same_customers;
SELECT as_of <= '2025-05-01' AS past, count(*) > 0 AS changed FROM (SELECT *, 'spine' FROM behavior_moments EXCEPT SELECT * FROM behavior_before) d GROUP BY 1;
SELECT once = cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01') AS once, spine = cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', 'SELECT customer, as_of FROM behavior_spine WHERE as_of <= ''2025-05-01''') AS spine FROM behavior_texts;
ROLLBACK;
BEGIN;
INSERT INTO behavior_event VALUES (1, '2025-05-01', 4, 'card'), (2, '2025-04-01', 4, 'card'), (3, '2025-04-01 00:00:00.000001', 4, 'card');
SELECT a.customer, a.count_ever - b.count_ever AS ever, a.count_30_days - b.count_30_days AS in_window FROM behavior_once a JOIN behavior_once_before b USING (customer) WHERE a IS DISTINCT FROM b ORDER BY 1;
ROLLBACK;

-- it trains: as a view, and as the text itself
SELECT rows_used, features > 10 AS features FROM cia_train('behaviour', 'SELECT * FROM behavior_moments JOIN (SELECT DISTINCT customer, as_of, target FROM behavior_spine) s USING (customer, as_of)', 'target', 'logistic', id => '{customer}', exclude => '{as_of}', options => '{"l2": 1, "holdout": 0}');
SELECT rows_used FROM cia_train('behaviour kinds', cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind'), algorithm => 'kmeans', id => '{customer}', options => '{"k": 2, "holdout": 0}');
SELECT cia_drop_model('behaviour'), cia_drop_model('behaviour kinds');

-- types of time: dates, and time zones, whatever the session's settings are
CREATE TABLE behavior_zoned AS SELECT customer, at AT TIME ZONE 'UTC' AS at, at::date AS day, paid::float8 FROM behavior_event;
SELECT behavior_make(cia_behavior_features('behavior_zoned', 'customer', 'day', as_of => '2025-05-01', windows => '{1 year}', view => 'behavior_days'));
SELECT customer, count_ever, days_since_last, gap_mean, count_12_months, trend_12_months FROM behavior_days ORDER BY 1 LIMIT 2;
SELECT behavior_make(cia_behavior_features('behavior_zoned', 'customer', 'at', 'paid', as_of => '2025-05-01 00:00+00', windows => '{30 days}', view => 'behavior_instants'));
SELECT count(*) FROM (SELECT customer, count_ever, sum_ever, days_since_last, active_days_ever, gap_deviation, count_30_days, active_days_30_days, trend_30_days, round(mean_30_days, 9) FROM behavior_instants
	EXCEPT SELECT customer, count_ever, sum_ever, days_since_last, active_days_ever, gap_deviation, count_30_days, active_days_30_days, trend_30_days, round(mean_30_days, 9) FROM behavior_once) d;
CREATE TABLE behavior_zone AS SELECT * FROM behavior_instants;
SET TimeZone = 'America/St_Johns'; SET DateStyle = 'German, DMY'; SET IntervalStyle = 'sql_standard';
SELECT count(*) FROM (SELECT * FROM behavior_instants EXCEPT SELECT * FROM behavior_zone) d;
SELECT substring(cia_behavior_features('behavior_zoned', 'customer', 'at', as_of => '2025-05-01 00:00', windows => '{1 mon 2 days 3:04:05.000006}') FROM 'source.at <= .*timestamptz');
SELECT regexp_matches(cia_behavior_features('behavior_zoned', 'customer', 'at', as_of => '2025-05-01 00:00+00', windows => '{1 mon 2 days 3:04:05.000006}'), '- (interval .*)\).* AS (count_1[^,]*),');
RESET TimeZone; RESET DateStyle; RESET IntervalStyle;
-- the shortest window there is has an earlier half alone
SELECT behavior_make(cia_behavior_features('SELECT 1 AS c, t FROM unnest(ARRAY[timestamp ''2025-05-01'', ''2025-05-01'', ''2025-04-30 23:59:59.999999'']) t', 'c', 't', windows => '{1 microsecond}', view => 'pg_temp.behavior_shortest'));
SELECT count_1_microsecond, trend_1_microsecond FROM behavior_shortest;
SELECT behavior_make(cia_behavior_features('behavior_zoned', 'customer', 'at', as_of => 'SELECT DISTINCT customer, timestamptz ''2025-05-01 02:00+02'' AS as_of FROM behavior_zoned', windows => '{30 days}', view => 'behavior_zoned_spine'));
SELECT count(*), count(*) FILTER (WHERE s.as_of = timestamptz '2025-05-01 00:00+00' AND s.count_ever = o.count_ever AND s.count_30_days = o.count_30_days) AS same FROM behavior_zoned_spine s JOIN behavior_once o USING (customer);
SELECT behavior_make(cia_behavior_features('behavior_zoned', 'customer', 'day', as_of => 'SELECT customer, day AS as_of FROM behavior_zoned', view => 'behavior_day_spine'));
SELECT DISTINCT pg_typeof(as_of), days_since_last FROM behavior_day_spine;

-- the clock only where it is asked for; without as_of, the latest row
SELECT cia_behavior_features('behavior_event', 'customer', 'at') ~ 'CURRENT|LOCAL|now' AS clock;
SET DateStyle = ISO;
SELECT cia_behavior_features('behavior_event', 'customer', 'at') LIKE format('%%<= ''%s''%%', (SELECT max(at) FROM behavior_event)::text) AS latest;
RESET DateStyle;
SELECT behavior_make(cia_behavior_features(format('SELECT 1 AS c, now()::%s AS t', kind), 'c', 't', as_of => 'now', windows => '{1 day}', view => 'pg_temp.behavior_' || kind)) FROM unnest('{date,timestamp,timestamptz}'::text[]) kind;
SELECT d.count_1_day, t.count_1_day, z.count_1_day FROM behavior_date d, behavior_timestamp t, behavior_timestamptz z;

-- names: of columns, of categories, and of tables that the statement might mean otherwise
CREATE TABLE "behavior Log" AS
SELECT i % 3 AS "count_30_days", date '2025-01-01' + i AS "d""ay", i::float8 AS "SELECT", k AS "as_of"
FROM generate_series(1, 60) i, unnest(ARRAY['Ä Ö', 'a b', 'A-B', 'a_b', 'other', '', E'it''s \\ "quoted"', '''); DROP TABLE behavior_event; --', repeat('ü', 40), repeat('ü', 40) || '!', 'x']) k WHERE i % 2 = 0 OR k <> 'x';
SELECT behavior_make(cia_behavior_features('"behavior Log"', 'count_30_days', 'd"ay', 'SELECT', 'as_of', '2025-02-01', '{30 days}', 10, 'public."behavior ""View"""'));
SELECT attname, octet_length(attname) AS bytes FROM pg_attribute WHERE attrelid = 'public."behavior ""View"""'::regclass ORDER BY attnum;
SELECT bool_and(abs((SELECT sum(value::float8) FROM jsonb_each_text(to_jsonb(v)) WHERE key LIKE 'share%') - 1) < 1e-9) AS shares_add_up FROM "behavior ""View""" v;
CREATE TABLE event AS SELECT 1 AS customer, date '2025-01-02' AS at;
CREATE TABLE paced AS SELECT 1 AS customer, date '2025-01-03' AS as_of UNION SELECT 2, '2025-01-03';
SELECT behavior_make(cia_behavior_features('event', 'customer', 'at', as_of => 'paced', windows => '{1 day}', view => 'spine'));
SELECT behavior_make(cia_behavior_features('WITH source AS (TABLE event) SELECT * FROM source -- the end', 'customer', 'at', as_of => 'TABLE paced;', windows => '{1 day}', view => 'behavior_aliases'));
SELECT customer, count_ever, count_1_day FROM spine ORDER BY 1;
TABLE spine EXCEPT TABLE behavior_aliases;

-- categories of other types, and none
SELECT substring(cia_behavior_features('SELECT *, at > ''2025-03-01'' AS late, customer::smallint AS n FROM behavior_event', 'customer', 'at', category => column_name, categories => 2, windows => '{1 day}', as_of => '2025-05-01') FROM 'CASE.*END')
FROM (VALUES ('late'), ('n')) v(column_name);
SELECT behavior_make(cia_behavior_features('SELECT * FROM behavior_event', 'customer', 'at', category => 'kind', as_of => '2020-01-01', windows => '{1 day}', view => 'behavior_nothing'));
SELECT count(*) FROM behavior_nothing;
SELECT length(cia_behavior_features('behavior_event', 'customer', 'at', category => 'kind', as_of => 'SELECT 1 AS customer, timestamp ''2020-01-01'' AS as_of')) > 100 AS made;

-- functions and operators of others, which would fit better, are not called
CREATE FUNCTION behavior_trap(timestamp, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION behavior_trap(bigint, numeric) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR public.<= (FUNCTION = behavior_trap, LEFTARG = timestamp, RIGHTARG = text);
CREATE OPERATOR public./ (FUNCTION = behavior_trap, LEFTARG = bigint, RIGHTARG = numeric);
CREATE FUNCTION public.lag(timestamp) RETURNS timestamp LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION public.date_trunc(varchar, timestamp) RETURNS timestamp LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION public.date_part(varchar, interval) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION public.isfinite(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
SELECT behavior_make(cia_behavior_features('behavior_event', 'customer', 'at', 'paid', 'kind', '2025-05-01', '{30 days,3 months,36 hours}', 1, 'behavior_trapped'));
SELECT count(*) FROM (TABLE behavior_trapped EXCEPT TABLE behavior_once) d;
DROP OPERATOR public.<= (timestamp, text), public./ (bigint, numeric);
DROP FUNCTION behavior_trap(timestamp, text), behavior_trap(bigint, numeric), public.lag(timestamp), public.date_trunc(varchar, timestamp), public.date_part(varchar, interval), public.isfinite(text);

-- what is wrong
SELECT cia_behavior_features(NULL, 'customer', 'at');
SELECT cia_behavior_features('behavior_event', NULL, 'at');
SELECT cia_behavior_features('behavior_event', 'customer', NULL);
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => NULL);
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{NULL}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{30 days,0 days}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{1 month -3 days}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{2000 years}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => '{1 day,30 days,1 day}');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', windows => (SELECT array_agg(i * interval '1 day') FROM generate_series(1, 21) i));
SELECT cia_behavior_features('behavior_event', 'customer', 'at', categories => 0);
SELECT cia_behavior_features('behavior_event', 'customer', 'at', categories => NULL);
SELECT cia_behavior_features('SELECT i AS c, now() AS t, i % 100 AS k FROM generate_series(1, 200) i', 'c', 't', category => 'k', categories => 100, windows => (SELECT array_agg(i * interval '1 day') FROM generate_series(1, 16) i));
SELECT cia_behavior_features('behavior_event', 'who', 'at');
SELECT cia_behavior_features('behavior_event', 'customer', 'kind');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', 'kind');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', category => 'paid');
SELECT cia_behavior_features('SELECT NULL::int AS c, now() AS t', 'c', 't');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => '2025-02-30');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'Yesterday');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => '');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'behavior_event');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'SELECT 1 AS customer, 2 AS as_of');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'SELECT 1 AS customer, now() AS as_of');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'SELECT ''1'' AS customer, now()::timestamp AS as_of');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', as_of => 'SELECT 1) AS x; DROP TABLE behavior_event; --');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', view => 'a b; DROP TABLE behavior_event');
SELECT cia_behavior_features('behavior_event', 'customer', 'at', view => '');
SELECT cia_behavior_features('WITH d AS (DELETE FROM behavior_event RETURNING *) SELECT * FROM d', 'customer', 'at');

-- it reads with the caller's rights
CREATE ROLE regress_cia_behavior;
SET ROLE regress_cia_behavior;
SELECT cia_behavior_features('behavior_event', 'customer', 'at');
SELECT cia_behavior_features('SELECT 1 AS customer, now()::timestamp AS at, 2 AS kind', 'customer', 'at', category => 'kind', as_of => 'behavior_spine');
RESET ROLE;

DROP ROLE regress_cia_behavior;
DROP VIEW behavior_view, behavior_trapped, behavior_moments, behavior_once, behavior_days, behavior_instants, behavior_zoned_spine, behavior_day_spine, behavior_nothing, "behavior ""View""", spine, behavior_aliases;
DROP VIEW pg_temp.behavior_date, pg_temp.behavior_timestamp, pg_temp.behavior_timestamptz;
DROP TABLE event, paced, "behavior Log", behavior_zoned, behavior_zone, behavior_before, behavior_once_before, behavior_texts, behavior_spine, behavior_event;
DROP FUNCTION behavior_make(text), behavior_plan(text), behavior_by_hand(int, timestamp, interval), behavior_differences(text, text);
