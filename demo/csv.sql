-- SPDX-License-Identifier: PostgreSQL
--
-- Makes a typed table from demo.raw, which demo/csv.pl has filled with text.
--
-- Every value is given a kind, a column gets the kinds of all its values, and
-- the kinds decide the type:
--
--      1 integer        2 bigint          4 numeric     512 decimal comma
--    256 integer written 1.0
--     32 true or false  64 text         128 a word for "missing"
--      8 y-m-d       1024 d/m/y         2048 m/d/y     4096 either of the two
--     16 with a time of day          32768 and with a zone
--
-- A word for "missing" is NULL in a typed column and itself among texts.  A
-- number with leading zeros is a code, hence text.

SET client_min_messages = warning;
-- A parallel plan would not keep the order of the file.
SET max_parallel_workers_per_gather = 0;

\set year '[1-9][0-9]{3}'
\set leap_year '(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)'
\set s '[-/]'
\set d31 '(?:0?[1-9]|[12][0-9]|3[01])'
\set d30 '(?:0?[1-9]|[12][0-9]|30)'
\set d28 '(?:0?[1-9]|1[0-9]|2[0-8])'
\set m31 '(?:0?[13578]|1[02])'
\set m30 '(?:0?[469]|11)'
\set clock '(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?'
\set half_clock '(?:0?[1-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])? ?[AaPp][Mm]'
\set zone '(?:Z| ?[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)'
\set time '(?:[T ](?:' :clock '|' :half_clock ')' :zone '?)? *$'
\set ymd '^ *(?:' :year :s :m31 :s :d31 '|' :year :s :m30 :s :d30 '|' :year :s '0?2' :s :d28 '|' :leap_year :s '0?2' :s '29)' :time
\set s '[-/.]'
\set dmy '^ *(?:' :d31 :s :m31 :s :year '|' :d30 :s :m30 :s :year '|' :d28 :s '0?2' :s :year '|29' :s '0?2' :s :leap_year ')' :time
\set s '/'
\set mdy '^ *(?:' :m31 :s :d31 :s :year '|' :m30 :s :d30 :s :year '|0?2' :s :d28 :s :year '|0?2' :s '29' :s :leap_year ')' :time

-- The body is one expression over `v`, so that the planner puts it in line.
CREATE FUNCTION demo.kind(v text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
	WHEN v IS NULL THEN 0
	WHEN v ~ '^ *[+-]?[.]?[0-9]' THEN CASE
		WHEN v ~ '^ *[+-]?(?:0|[1-9][0-9]{0,8}) *$' THEN 1
		WHEN v ~ '^ *[+-]?[1-9][0-9]{9,17} *$' THEN 2
		WHEN v ~ '^ *[+-]?(?:0|[1-9][0-9]{0,8})[.]0+ *$' THEN 256
		WHEN v ~ '^ *[+-]?(?:(?:0|[1-9][0-9]*)(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})? *$' THEN 4
		WHEN v ~ '^ *[+-]?(?:0|[1-9][0-9]*),[0-9]+ *$' THEN 512
		WHEN v ~ '[-/.].*[-/.]' THEN
			CASE
				WHEN v ~ :'ymd' THEN 8
				WHEN v ~ :'dmy' THEN CASE WHEN v ~ :'mdy' THEN 4096 ELSE 1024 END
				WHEN v ~ :'mdy' THEN 2048
				ELSE 64
			END
			| CASE WHEN v ~ ':' THEN CASE WHEN v ~ '(?:Z|:[0-9.]+ ?[+-][0-9:]+) *$'
				THEN 16 | 32768 ELSE 16 END ELSE 0 END
		ELSE 64 END
	WHEN v ~* '^\s*(?:na|n/a|#n/a|null|nan|none|[?]|-*)\s*$' THEN 128
	WHEN v ~* '^ *(?:true|false|t|f) *$' THEN 32
	ELSE 64 END;

ALTER TABLE demo.columns ADD kinds integer, ADD type text, ADD value text;

SELECT format('UPDATE demo.columns AS c SET kinds = found.kinds FROM (SELECT ARRAY[%s] AS all_kinds FROM demo.raw) AS r, unnest(all_kinds) WITH ORDINALITY AS found(kinds, position) WHERE found.position = c.position',
	string_agg(format('bit_or(demo.kind(c%s))', position), ', ' ORDER BY position))
FROM demo.columns \gexec

UPDATE demo.columns SET type = CASE
	WHEN kinds & ~128 = 0 OR kinds & 64 <> 0 THEN 'text'
	WHEN kinds & ~128 = 32 THEN 'boolean'
	WHEN kinds & ~(128 | 256 | 1) = 0 THEN 'integer'
	WHEN kinds & ~(128 | 256 | 1 | 2) = 0 THEN 'bigint'
	WHEN kinds & ~(128 | 256 | 1 | 2 | 4) = 0 THEN 'numeric'
	WHEN kinds & ~(128 | 1 | 2 | 512) = 0 AND delimiter <> ',' THEN 'numeric'
	WHEN kinds & (1 | 2 | 4 | 32 | 256 | 512) = 0
		AND (kinds & (1024 | 2048 | 4096) = 0
			OR kinds & 8 = 0 AND kinds & (1024 | 2048) IN (1024, 2048))
		THEN CASE WHEN kinds & 16 = 0 THEN 'date' WHEN kinds & 32768 = 0 THEN 'timestamp'
			ELSE 'timestamptz' END
	ELSE 'text' END
FROM demo.source;

-- The value of each column as SQL.  A word for "missing" has no digit.
UPDATE demo.columns SET value = CASE
	WHEN type = 'text' THEN format('c%s', position)
	WHEN type = 'boolean' THEN
		format('CASE WHEN demo.kind(c%1$s) = 32 THEN btrim(c%1$s)::boolean END', position)
	ELSE format('CASE WHEN c%s ~ ''[0-9]'' THEN (%s)::%s END', position,
		format(CASE
			WHEN kinds & 256 <> 0 THEN 'c%s::numeric'
			WHEN kinds & 512 <> 0 THEN 'replace(c%s, '','', ''.'')'
			WHEN kinds & 1024 <> 0 THEN 'regexp_replace(c%s, ''([0-9]+).([0-9]+).([0-9]{4})'', ''\3-\2-\1'')'
			WHEN kinds & 2048 <> 0 THEN 'regexp_replace(c%s, ''([0-9]+).([0-9]+).([0-9]{4})'', ''\3-\1-\2'')'
			ELSE 'c%s' END, position),
		type) END;

SELECT format('CREATE TABLE public.%I AS SELECT %s FROM demo.raw', s.name,
	string_agg(format('%s AS %I', value, c.name), ', ' ORDER BY position))
FROM demo.columns AS c, demo.source AS s GROUP BY s.name \gexec

SELECT format('COMMENT ON COLUMN public.%I.%I IS %L', s.name, c.name, original)
FROM demo.columns AS c, demo.source AS s
WHERE original IS NOT NULL AND original <> c.name \gexec

DROP TABLE demo.raw;
SELECT format('ANALYZE public.%I', name) FROM demo.source \gexec
