-- cia_next_run: when a schedule comes next, as pg_cron has it; and what cia_schedule says without pg_cron.

-- A search of one minute after the other, which knows no calendar.
CREATE FUNCTION values_of(field text, low int, high int, names text[] DEFAULT '{}') RETURNS int[] LANGUAGE sql AS $$
	SELECT array_agg(DISTINCT v ORDER BY v) FROM (
		SELECT regexp_match(lower(part), '^(\*|([a-z0-9]+)(-([a-z0-9]+))?)(/([0-9]+))?$') AS m FROM unnest(string_to_array(field, ',')) part
	) p, LATERAL (SELECT coalesce(array_position(names, m[2]) - 1 + low, CASE WHEN m[1] = '*' THEN low ELSE m[2]::int END) AS a) a,
	LATERAL (SELECT coalesce(array_position(names, m[4]) - 1 + low, CASE WHEN m[1] = '*' THEN high WHEN m[4] IS NULL THEN a ELSE m[4]::int END) AS b) b,
	LATERAL generate_series(a, b, coalesce(m[6]::int, 1)) v
$$;
CREATE FUNCTION naive_next(schedule text, after timestamptz, zone text) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
	f text[] := regexp_split_to_array(btrim(schedule), '[ \t]+');
	minutes int[] := values_of(f[1], 0, 59);
	hours int[] := values_of(f[2], 0, 23);
	days int[] := CASE f[3] WHEN '$' THEN '{}' ELSE values_of(f[3], 1, 31) END;
	months int[] := values_of(f[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
	weekdays int[] := values_of(f[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
BEGIN
	RETURN (SELECT t FROM (SELECT generate_series(date_trunc('minute', after) + interval '1 minute', after + interval '800 days', interval '1 minute') AS t) s,
			LATERAL (SELECT t AT TIME ZONE zone AS l) l,
			LATERAL (SELECT extract(day FROM l)::int = ANY (days) OR f[3] = '$' AND extract(day FROM (t + interval '24 hours') AT TIME ZONE zone) = 1 AS day_fits,
					extract(dow FROM l)::int = ANY (weekdays) OR extract(isodow FROM l)::int = ANY (weekdays) AS weekday_fits) d
		WHERE extract(minute FROM l)::int = ANY (minutes) AND extract(hour FROM l)::int = ANY (hours) AND extract(month FROM l)::int = ANY (months)
		  AND CASE WHEN f[3] LIKE '*%' OR f[5] LIKE '*%' THEN day_fits AND weekday_fits ELSE day_fits OR weekday_fits END
		LIMIT 1);
END $$;
SET timezone = 'GMT';
-- Lists, ranges, steps, names, both kinds of days; at the end of a year, around a leap day, and where clocks are put forward and back.
SELECT schedule, zone, start, cia_next_run(schedule, start, zone) AS next, cia_next_run(schedule, start, zone) IS NOT DISTINCT FROM naive_next(schedule, start, zone) AS as_searched
FROM (VALUES ('* * * * *'), ('*/7 * * * *'), ('5,20-25,50-59/3 */6 * * *'), ('0 0 29 2 *'), ('30 3 1 jan-MAR,12 *'), ('15 14 * * Mon-fri'), ('0 12 13 * 5'), ('0 12 */2 * 5'), ('0 0 $ * *'), ('0 2 * * 7'), ('30 2 * 3,10 sun'), ('59 23 31 12 0')) s(schedule),
	 (VALUES (timestamptz '2027-12-31 22:58:30+00', 'GMT'), ('2028-02-28 23:59:00+00', 'America/New_York'), ('2027-03-28 00:30:00+00', 'Europe/Berlin'), ('2027-10-31 00:10:00+00', 'Europe/Berlin')) t(start, zone)
WHERE (schedule, zone) NOT IN (('0 0 29 2 *', 'Europe/Berlin')) ORDER BY zone, start, schedule;
-- Every quarter of an hour through a night in which an hour is left out, and one in which an hour comes twice.
SELECT count(*) AS compared, count(*) FILTER (WHERE cia_next_run(schedule, t, zone) IS DISTINCT FROM naive_next(schedule, t, zone)) AS different
FROM (VALUES ('*/30 2 * * *'), ('10 1-3 * * *'), ('45 0 * * 0,1')) s(schedule), (VALUES ('Europe/Berlin', timestamptz '2027-03-27 22:00+00'), ('Europe/Berlin', '2027-10-30 21:00+00'), ('Australia/Lord_Howe', '2027-04-03 12:00+00'), ('America/Sao_Paulo', '2018-11-04 00:00+00')) z(zone, begins),
	 generate_series(begins, begins + interval '7 hours', interval '15 minutes') t;

-- Words, seconds, and what is not in the calendar.
SELECT word, cia_next_run(word, '2027-05-05 05:05:05+00') FROM unnest('{@hourly,@daily,@midnight,@weekly,@monthly,@yearly,@annually,@reboot,30 seconds,1 second,0 0 30 2 *,0 0 31 4-6/2 *}'::text[]) word;
SELECT cia_next_run('0 0 29 2 *', '2096-03-01') AS eight_years_later, cia_next_run('* * * * *', 'infinity'), cia_next_run('0 3 * * *') > now() AS from_now, cia_next_run('0 3 * * *', NULL) > now() AS from_null;
-- Time ends with the type.
SELECT cia_next_run('* * * * *', '294276-12-31 23:58:30+00') IS NULL AS in_time, cia_next_run('* * * * *', '294276-12-31 23:59:30+00') IS NULL AS ended, cia_next_run('30 seconds', '294276-12-31 23:59:50+00') IS NULL AS ended_too;

-- What is no schedule.
CREATE FUNCTION refused(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN cia_next_run($1); EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;
SELECT DISTINCT regexp_replace(refused(s), '".*"', '"' || '..."') AS refused, count(*) FROM unnest(ARRAY['', ' ', '* * * *', '* * * * * *', '60 * * * *', '-1 * * * *', '* 24 * * *', '* * 0 * *', '* * 32 * *', '* * * 13 *', '* * * 0 *', '* * * * 8', 'a * * * *',
	'1/5 * * * *', '*/0 * * * *', '5-1 * * * *', '1, * * * *', ',1 * * * *', '1-, * * * *', '* * * janu *', '* * * * mo', '99999999999 * * * *', '@never', '@', '60 seconds', '0 seconds', '5 minutes', '* * *,$ * *', '*-5 * * * *', '1-5/ * * * *', 'ä * * * *']) s GROUP BY 1;
SELECT cia_next_run('every day');
SELECT cia_next_run(NULL) IS NULL AS no_schedule;
SELECT cia_next_run('@daily', now(), 'Nowhere/Land');

-- A dark server: no pg_cron.
CREATE TABLE points AS SELECT i % 17 AS x, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
SELECT version FROM cia_train('m', 'points', 'y', 'logistic');
DO $$
DECLARE
	hint text;
BEGIN
	PERFORM cia_schedule('m', '0 3 * * 1');
EXCEPTION WHEN feature_not_supported THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE NOTICE '%; %', SQLERRM, regexp_replace(hint, 'postgresql-\d+', 'postgresql-NN');
END $$;
SELECT cia_schedule('m', '0 3 * * 1 *');
SELECT cia_schedule('m', '0 3 31 2 *');
SELECT cia_schedule('m', '@daily', '[1]');
SELECT cia_schedule('m', NULL);
SELECT cia_schedule(NULL, '@daily');
SELECT cia_schedule('m@1', '@daily');
SELECT cia_schedule('nothing', '@daily');
SELECT cia_unschedule('m');
SELECT cia_unschedule('nothing');
SELECT * FROM cia_schedules;
-- A schema of somebody else's is not taken for pg_cron.
CREATE SCHEMA cron;
CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap is sprung'; END $$;
\set VERBOSITY sqlstate
SELECT cia_schedule('m', '@daily');
\set VERBOSITY default
DROP SCHEMA cron CASCADE;
-- Nobody calls what pg_cron calls in a transaction, or the trigger.
BEGIN;
CALL cia_run_schedule('00000000-0000-0000-0000-000000000000');
ROLLBACK;
CALL cia_run_schedule('00000000-0000-0000-0000-000000000000');
CALL cia_run_schedule(NULL);
SELECT cia_unscheduled();
CREATE TRIGGER foreign_table AFTER DELETE ON points FOR EACH ROW EXECUTE FUNCTION cia_unscheduled();
DELETE FROM points;

SELECT cia_drop_model('m');
DROP FUNCTION values_of, naive_next, refused;
DROP TABLE points;
