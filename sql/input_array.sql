-- SPDX-License-Identifier: PostgreSQL
-- A row as float8[] and as jsonb: they agree with the row itself to the last bit, by name and by value.
SET cia.progress = off;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE TABLE customer AS
SELECT i AS id, u % 2 = 0 AS vip, (u % 60)::int2 AS age, CASE WHEN u % 13 > 0 THEN u % 71 END AS visits, u * 1000000007::bigint AS account, (v / 9.0)::float4 AS rate,
	   CASE WHEN i % 9 = 0 THEN 'NaN' WHEN i % 7 > 0 THEN v / 3.0::float8 END AS share, CASE WHEN v % 5 > 0 THEN v / 7.0 END AS amount,
	   CASE WHEN i % 11 > 0 THEN date '2020-01-01' + v % 900 END AS since, timestamp '1999-06-01' + v % 977 * interval '1 hour 1.000001 second' AS seen,
	   timestamptz '2021-01-01 00:00Z' + u % 977 * interval '1 day 7 minutes 0.654321 seconds' AS seen_tz,
	   (ARRAY['north', 'south', 'Ost "e"', NULL])[1 + u % 4] AS region, (ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])[1 + (floor(sqrt(v % 100)))::int]::varchar AS grade, (ARRAY['x', 'x y', ' y'])[1 + v % 3]::char(6) AS code,
	   (ARRAY['k', 'l'])[1 + u % 2]::"char" AS tag, (ARRAY['s', 't'])[1 + v % 2]::name AS label, (ARRAY['low', 'mid', 'high', NULL])[1 + v % 4]::mood AS mood, md5((u % 3)::text)::uuid AS ref,
	   CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY[u % 7 / 3.0, v % 5]::float4[] END AS taste, CASE WHEN i % 6 > 0 THEN ARRAY[v % 11 / 3.0, u % 8, NULL]::float8[] END AS hue,
	   u % 60 + v % 30 > 40 AS churned, 10 + (v % 300) / 5.0 - u % 60 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT features FROM cia_train('churn', 'customer', 'churned', 'logistic', id => '{id}', exclude => '{spend}', options => '{"l2": 1, "max_categories": 6, "holdout": 0}');
SELECT features FROM cia_train('spend', 'customer', 'spend', 'linear', id => '{id}', exclude => '{churned}', options => '{"l2": 1, "max_categories": 6, "holdout": 0}');
SELECT position, feature, type, kind, cardinality(labels) AS labels FROM cia_features('churn') ORDER BY position;

-- A customer as numbers, in the order of cia_features: what a client would do by hand.
CREATE FUNCTION numbers(customer, model text) RETURNS float8[] LANGUAGE sql AS $$
SELECT array_agg(CASE kind WHEN 'number' THEN number
		-- labels that were pooled count as the last one, "other"
		ELSE coalesce(array_position(labels, label), CASE WHEN label IS NOT NULL AND labels[cardinality(labels)] = 'other' THEN cardinality(labels) END) END ORDER BY position)
FROM cia_features(model) JOIN (VALUES
	('vip', $1.vip::int::float8, NULL), ('age', $1.age, NULL), ('visits', $1.visits, NULL), ('account', $1.account, NULL), ('rate', $1.rate, NULL), ('share', $1.share, NULL), ('amount', $1.amount::float8, NULL),
	('since', extract(epoch FROM $1.since - timestamp '2000-01-01')::float8, NULL), ('seen', extract(epoch FROM $1.seen - timestamp '2000-01-01')::float8, NULL),
	('seen_tz', extract(epoch FROM $1.seen_tz - timestamptz '2000-01-01 00:00Z')::float8, NULL),
	('region', NULL, $1.region), ('grade', NULL, $1.grade), ('code', NULL, $1.code::text), ('tag', NULL, $1.tag::text), ('label', NULL, $1.label::text), ('mood', NULL, $1.mood::text), ('ref', NULL, $1.ref::text),
	('taste[1]', $1.taste[1], NULL), ('taste[2]', $1.taste[2], NULL), ('hue[1]', $1.hue[1], NULL), ('hue[2]', $1.hue[2], NULL)) v(feature, number, label) USING (feature) $$;
CREATE TABLE given AS SELECT id, m.model, v.content, c, to_jsonb(c) AS json, numbers(c, m.model) AS numbers FROM customer c, cia_models m JOIN cia_versions v USING (model, version);
SELECT model, min(cardinality(numbers)), max(cardinality(numbers)), count(*) FILTER (WHERE array_position(numbers, NULL) IS NOT NULL) > 0 AS nulls FROM given GROUP BY model ORDER BY model;

-- The columns path, the row's own path, jsonb and float8[], by name and by value.
CREATE TABLE columns AS SELECT id, 'churn' AS model, cia_score('churn', c) AS score, cia_class('churn', c) AS class, cia_probabilities('churn', c) AS probabilities FROM customer c
UNION ALL SELECT id, 'spend', cia_score('spend', c), NULL, NULL FROM customer c;
SELECT model, count(*), count(DISTINCT score) > 300 AS varied,
	   bool_and(float8send(score) = float8send(cia_score(model, c))) AS record, bool_and(float8send(score) = float8send(cia_score(content, c))) AS record_by_value,
	   bool_and(float8send(score) = float8send(cia_score(model, json))) AS jsonb, bool_and(float8send(score) = float8send(cia_score(content, json))) AS jsonb_by_value,
	   bool_and(float8send(score) = float8send(cia_score(model, numbers))) AS float8s, bool_and(float8send(score) = float8send(cia_score(content, numbers))) AS float8s_by_value,
	   bool_and(float8send(score) = float8send(cia_score(model || '@1', numbers))) AS by_version
FROM columns JOIN given USING (id, model) GROUP BY model ORDER BY model;
SELECT count(DISTINCT class) AS classes, bool_and(class = cia_class(model, numbers)) AS class, bool_and(class = cia_class(content, numbers)) AS class_by_value,
	   bool_and(probabilities = cia_probabilities(model, numbers)) AS probabilities, bool_and(probabilities = cia_probabilities(content, numbers)) AS probabilities_by_value
FROM columns JOIN given USING (id, model) WHERE model = 'churn';
SELECT cia_class('spend', numbers) FROM given WHERE id = 1 AND model = 'spend';
\echo :SQLSTATE

-- A small model, for rows written by hand; the order is that of the columns, not that of the call.
SELECT version FROM cia_train('small', 'customer', 'churned', features => '{region,visits,share}', options => '{"holdout": 0, "l2": 1}');
SELECT feature, labels FROM cia_features('small') ORDER BY position;
-- NULL and NaN are missing, for a number and for a label.
SELECT cia_score('small', '{NULL,0.5,2}'::float8[]) = cia_score('small', '{"visits": null, "share": 0.5, "region": "north"}'::jsonb) AS label,
	   cia_score('small', '{NaN,0.5,NULL}'::float8[]) = cia_score('small', '{"visits": null, "share": 0.5, "region": null}'::jsonb) AS null_label,
	   cia_score('small', '{7,NaN,NaN}'::float8[]) = cia_score('small', '{"visits": 7, "share": "NaN", "region": "nowhere"}'::jsonb) AS nan_label,
	   cia_score('small', '{NULL,NULL,NULL}'::float8[]) = cia_score('small', r) AS nothing
FROM (SELECT NULL::int AS visits, NULL::text AS region, NULL::float8 AS share) r;
-- bounds of an array do not matter; nothing for nothing
SELECT cia_score('small', '[3:5]={7,0.5,1}'::float8[]) = cia_score('small', '{7,0.5,1}'::float8[]) AS bounds, cia_score('small', NULL::float8[]) AS no_row, cia_score(NULL::text, '{7,0.5,1}'::float8[]) AS no_model;
-- A whole number for a label, between 1 and as many as there are.
CREATE FUNCTION failure(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE query INTO answer;
	RETURN CASE WHEN answer IS NULL THEN 'answers NULL' ELSE 'answers' END;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT code, failure(format($$SELECT cia_score('small', '{7,0.5,%s}'::float8[])$$, code))
FROM unnest('{1,3,4,0,-1,-0,1.5,2.9999999999999996,0.9999999999999999,1e-320,1e10,1e300,Infinity,-Infinity,NaN,"NULL"}'::text[]) WITH ORDINALITY c(code, n) ORDER BY n;
SELECT cia_score('small', '{7,0.5,4}'::float8[]);
\echo :SQLSTATE
-- Infinity; the largest numbers there are.
SELECT failure($$SELECT cia_score('small', '{Infinity,0.5,1}'::float8[])$$), failure($$SELECT cia_class('small', '{7,-Infinity,1}'::float8[])$$);
SELECT failure($$SELECT cia_score('churn', array_fill('Infinity'::float8, ARRAY[21]))$$), failure($$SELECT cia_score('small', '{1.7e308,-1.7e308,1}'::float8[])$$);
-- As long as there are features, in one dimension.
SELECT numbers, failure(format($$SELECT cia_score('small', %L::float8[])$$, numbers)) FROM unnest(ARRAY['{}', '{7}', '{7,0.5}', '{7,0.5,1,1}', '{{7,0.5,1}}', '{{7},{0.5},{1}}', '{NULL,NULL}']) WITH ORDINALITY v(numbers, n) ORDER BY n;
SELECT failure($$SELECT cia_score('small', array_fill(1::float8, ARRAY[1000000]))$$);
SELECT cia_score('small', '{7,0.5}'::float8[]);
\echo :SQLSTATE
SELECT content AS small FROM cia_versions WHERE model = 'small' \gset
SELECT failure(format($$SELECT cia_score(%L::cia_model, '{7,0.5}'::float8[])$$, :'small')), failure(format($$SELECT cia_probabilities(%L::cia_model, '{7,0.5,9}'::float8[])$$, :'small'));
-- Other arrays are cast as SQL casts them.
SELECT cia_score('small', ARRAY[7, 0.5, 1]) = cia_score('small', '{7,0.5,1}'::float8[]) AS "numeric", cia_score('small', ARRAY[7, 2, 1]) = cia_score('small', '{7,2,1}'::float8[]) AS "int",
	   failure($$SELECT cia_score('small', ARRAY['7', '2', '1']::text[])$$);

-- By value it is IMMUTABLE: a constant in a plan, fit for an index.
CREATE FUNCTION is_folded(expression text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	calls boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) SELECT ' || expression LOOP
		calls := calls OR line LIKE '%cia\_%(%';
	END LOOP;
	RETURN NOT calls;
END $$;
SELECT is_folded(format($$cia_score(%L::cia_model, '{7,0.5,1}'::float8[])$$, :'small')) AS score, is_folded(format($$cia_class(%L::cia_model, '{7,0.5,1}'::float8[])$$, :'small')) AS class,
	   is_folded(format($$cia_probabilities(%L::cia_model, '{7,0.5,1}'::float8[])$$, :'small')) AS probabilities,
	   is_folded(format($$cia_score(%L::cia_model, '{"visits": 7, "region": "north", "share": 0.5}'::jsonb)$$, :'small')) AS jsonb,
	   is_folded($$cia_score('small', '{7,0.5,1}'::float8[])$$) AS by_name;
DO $$
BEGIN
	EXECUTE (SELECT format('CREATE INDEX risky ON customer (cia_score(%L::cia_model, ARRAY[visits, share, 1]::float8[]))', content) FROM cia_versions WHERE model = 'small');
END $$;
SELECT count(*) AS indexes FROM pg_index WHERE indrelid = 'customer'::regclass;
CREATE INDEX ON customer (cia_score('small', ARRAY[visits, share, 1]::float8[]));
\echo :SQLSTATE

-- jsonb: dates and times in the form of ISO 8601 alone, with an offset where the column had one.
SELECT version FROM cia_train('times', 'customer', 'churned', features => '{since,seen,seen_tz}', options => '{"holdout": 0, "l2": 1}');
CREATE FUNCTION times(since text, seen text, seen_tz text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$SELECT jsonb_build_object('since', since, 'seen', seen, 'seen_tz', seen_tz)$$;
CREATE FUNCTION of_times(since text DEFAULT '2026-01-31', seen text DEFAULT '2026-01-31T14:00:00', seen_tz text DEFAULT '2026-01-31T14:00:00+00:00') RETURNS text LANGUAGE sql AS
$$SELECT failure(format('SELECT cia_score(''times'', %L::jsonb)', times(since, seen, seen_tz)))$$;
SELECT since, of_times(since => since) FROM unnest(ARRAY['31.01.2026', '01/31/2026', '2026/01/31', '20260131', 'Jan 31 2026', '2026-31-01', '31-01-2026', '26-01-31', 'today', 'now', 'epoch', 'tomorrow', '', ' 2026-01-31', '2026-01-31', '12026-01-31', '2026-1-31', 'J2461072',
	'2026-01-31 BC', '2026-02-30', '2026-01-31T14:00:00', '2026-01-31; DROP', '2026-01-31x', 'infinity', '-infinity', 'Infinity']) WITH ORDINALITY s(since, n) ORDER BY n;
SELECT seen, of_times(seen => seen) FROM unnest(ARRAY['31.01.2026 14:00', '2026-01-31', '2026-01-31 14:00', '2026-01-31T14:00:00.123456', '2026-01-31T24:00:00', '2026-01-31T25:00:00', '2026-01-31T14:00:00+02:00', '2026-01-31 14:00 PM', '2026-01-31 2 PM',
	'14:00 2026-01-31', 'now', 'yesterday', 'allballs', 'infinity']) WITH ORDINALITY s(seen, n) ORDER BY n;
SELECT seen_tz, of_times(seen_tz => seen_tz) FROM unnest(ARRAY['2026-01-31T14:00:00', '2026-01-31', '2026-01-31 14:00', '2026-01-31T14:00:00Z', '2026-01-31T14:00:00+00', '2026-01-31T14:00:00-05:30', '2026-01-31 14:00:00+0530', '2026-01-31+02', '2026-01-31T14:00:00 CET',
	'2026-01-31T14:00:00 Europe/Berlin', '2026-01-31T14:00:00 America/New_York', 'now', '2026-01-31T14:00:00+99:00', 'infinity']) WITH ORDINALITY s(seen_tz, n) ORDER BY n;
SELECT cia_score('times', times('31.01.2026', '2026-01-31T14:00:00', '2026-01-31T14:00:00Z'));
\echo :SQLSTATE
SELECT cia_score('times', times('2026-01-31', '2026-01-31T14:00:00', '2026-01-31T14:00:00'));
\echo :SQLSTATE

-- Nothing depends on the session: the same bits under every DateStyle and TimeZone, as text from another session and of the row itself.
CREATE TABLE sent AS SELECT id, to_jsonb(c) AS json, float8send(cia_score('times', c)) AS bits FROM customer c WHERE id % 11 > 0;
CREATE FUNCTION depends() RETURNS TABLE (setting text, sent bool, own bool, constant bool, explained bool) LANGUAGE plpgsql AS $$
DECLARE
	style text;
	zone text;
	first text;
BEGIN
	FOREACH style IN ARRAY '{"ISO, MDY","ISO, DMY","SQL, MDY","SQL, DMY","German","Postgres, MDY","Postgres, DMY"}'::text[] LOOP
		FOREACH zone IN ARRAY '{UTC,America/New_York,Asia/Kolkata,Pacific/Apia}'::text[] LOOP
			PERFORM set_config('datestyle', style, true), set_config('timezone', zone, true);
			SELECT bool_and(float8send(cia_score('times', s.json)) = s.bits), bool_and(float8send(cia_score('times', to_jsonb(c))) = s.bits AND float8send(cia_score('times', c)) = s.bits)
			INTO sent, own FROM sent s JOIN customer c USING (id);
			setting := cia_score('times', times('2026-02-03', '2026-02-03T04:05:06', '2026-02-03T04:05:06.7+01:00'));
			first := coalesce(first, setting);
			constant := first = setting;
			explained := (SELECT count(*) = 4 FROM cia_explain('times', times('2026-02-03', '2026-02-03T04:05:06', '2026-02-03T04:05:06.7+01:00')));
			setting := style || ' ' || zone;
			RETURN NEXT;
		END LOOP;
	END LOOP;
END $$;
SELECT count(*), bool_and(sent) AS sent, bool_and(own) AS own, bool_and(constant) AS constant, bool_and(explained) AS explained FROM depends();

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE given, columns, sent;
DROP FUNCTION numbers;
DROP TABLE customer;
DROP FUNCTION failure, is_folded, times, of_times, depends;
DROP TYPE mood;
