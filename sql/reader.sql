-- Every type of column as a feature: how it is read, scored and explained.
SET timezone = 'UTC';
CREATE TYPE size AS ENUM ('small', 'medium', 'large');
CREATE DOMAIN share AS numeric(5, 4) CHECK (VALUE BETWEEN 0 AND 1);
CREATE DOMAIN word AS varchar(10);
CREATE DOMAIN embedding AS float4[];
CREATE DOMAIN deeper AS embedding;

-- A base type that casts to float4[], as vector types do; its text is that of an array.
SET client_min_messages = warning;
CREATE TYPE vector3;
CREATE FUNCTION vector3_in(cstring) RETURNS vector3 LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION vector3_out(vector3) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE vector3 (INPUT = vector3_in, OUTPUT = vector3_out, LIKE = text);
CREATE FUNCTION vector3_array(vector3, int, boolean) RETURNS float4[] LANGUAGE sql IMMUTABLE AS
$$SELECT vector3_out($1)::text::float4[]$$;
CREATE CAST (vector3 AS float4[]) WITH FUNCTION vector3_array(vector3, int, boolean);
RESET client_min_messages;
CREATE DOMAIN vector_domain AS vector3;

CREATE TABLE seeds AS SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 AS v FROM generate_series(1, 300) i;
CREATE TABLE typed AS
SELECT i AS id, u % 3 = 0 AS a_bool, (u % 100)::int2 AS a_int2, u AS an_int4, (u * 10000000000)::int8 AS an_int8, (u / 10.0)::float4 AS a_float4,
	   u / 7.0::float8 AS a_float8, (u / 7.0)::numeric AS a_numeric, (u / 1009.0)::share AS a_domain,
	   'label ' || u % 5 AS a_text, ('v' || u % 4)::varchar(20) AS a_varchar, ('c' || v % 4)::char(6) AS a_char, chr(97 + v % 3)::"char" AS "a_""char""",
	   ('n' || u % 6)::name AS a_name, ('w' || v % 5)::word AS a_word, (ARRAY['small', 'medium', 'large'])[1 + u % 3]::size AS an_enum,
	   ('00000000-0000-0000-0000-00000000000' || v % 7)::uuid AS a_uuid,
	   date '2000-01-01' + v AS a_date, timestamp '2000-01-01' + v * interval '37 minutes' AS a_timestamp,
	   timestamptz '2000-01-01 00:00Z' + u * interval '41 seconds' AS a_timestamptz,
	   ARRAY[u % 10, v % 20 / 3.0]::float4[] AS float4s, ARRAY[v % 10, u % 20 / 3.0]::float8[] AS float8s,
	   ARRAY[u % 4, v % 4]::deeper AS an_embedding, format('{%s,%s,%s}', u % 5, v % 6, u % 7)::vector3 AS a_vector, format('{%s,%s,%s}', v % 5, v % 6, v % 7)::vector3::vector_domain AS a_vector_domain,
	   u % 7 + v % 5 > 5 AS y
FROM seeds;
SELECT rows_used, features FROM cia_train('typed', 'typed', 'y', id => '{id}');
SELECT f->>'name' AS name, f->>'type' AS type, f->>'kind' AS kind, f->>'element' AS element, jsonb_array_length(f->'labels') AS labels
FROM cia_versions, jsonb_array_elements(content::jsonb->'features') WITH ORDINALITY x(f, n) WHERE model = 'typed' ORDER BY n;
SELECT count(*) AS rows, count(cia_score('typed', t)) AS scored, count(DISTINCT cia_score('typed', t)) > 290 AS varied FROM typed t;

-- What a number is read as, seen through its mean: seconds since 2000 for dates and times, 0 and 1 for bool.
CREATE FUNCTION mean_of(m text, f text) RETURNS float8 LANGUAGE sql AS
$$SELECT (jsonb_path_query_first(content::jsonb, '$.features[*] ? (@.name == $f).mean', jsonb_build_object('f', f)))::float8
  FROM cia_versions WHERE model = m AND production$$;
SELECT model FROM cia_train('all', 'typed', 'y', id => '{id}', options => '{"holdout": 0}');
SELECT f, abs(mean_of('all', f) / mean - 1) < 1e-12 AS as_cast
FROM (SELECT avg(a_bool::int), avg(a_int2), avg(an_int4), avg(an_int8::float8), avg(a_float4::float8), avg(a_float8), avg(a_numeric::float8), avg(a_domain::float8),
		avg(extract(epoch FROM a_date - timestamp '2000-01-01')), avg(extract(epoch FROM a_timestamp - timestamp '2000-01-01')),
		avg(extract(epoch FROM a_timestamptz - timestamptz '2000-01-01 00:00Z')), avg(float4s[1]::float8) FROM typed) m(a, b, c, d, e, f1, g, h, i, j, k, l),
	 LATERAL (VALUES ('a_bool', a), ('a_int2', b), ('an_int4', c), ('an_int8', d), ('a_float4', e), ('a_float8', f1), ('a_numeric', g), ('a_domain', h),
		('a_date', i), ('a_timestamp', j), ('a_timestamptz', k), ('float4s', l)) v(f, mean);

-- A row and its to_jsonb() agree to the last bit, column by column; only a composite has no JSON form that casts back.
SELECT model FROM cia_train('json', 'typed', 'y', id => '{id}', exclude => '{a_vector,a_vector_domain}');
SELECT count(*) FILTER (WHERE float8send(cia_score('json', t)) = float8send(cia_score('json', to_jsonb(t)))) AS same FROM typed t;
SELECT cia_score('typed', to_jsonb(t)) FROM typed t;

-- NULL in each column in turn is missing, in both forms alike, and scores.
CREATE TABLE holes AS SELECT * FROM typed WHERE id <= 30;
DO $$
DECLARE
	c name;
	n int := 0;
BEGIN
	FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 'holes'::regclass AND attnum > 1 AND attname <> 'y' ORDER BY attnum LOOP
		n := n + 1;
		EXECUTE format('UPDATE holes SET %I = NULL WHERE id IN (%s, 30)', c, n);
	END LOOP;
END $$;
SELECT count(cia_score('typed', h)) AS scored, count(*) FILTER (WHERE cia_score('json', h) = cia_score('json', to_jsonb(h))) AS same FROM holes h;
SELECT features, rows_used FROM cia_train('holes', 'SELECT * FROM typed WHERE id > 30 UNION ALL SELECT * FROM holes', 'y', id => '{id}');
SELECT count(*) AS features, count(*) FILTER (WHERE f->'missing' = '0') AS without_missing
FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f WHERE model = 'holes';

-- Trailing blanks of char(n) mean nothing, those of text do.
SELECT f->>'name' AS name, f->'labels' AS labels
FROM (SELECT cia_fit(r, y, 'logistic', '{"exclude": ["y"]}')::jsonb AS m
	  FROM (SELECT padded::text AS a_text, padded::varchar AS a_varchar, padded::char(5) AS a_char, y
			FROM seeds, LATERAL (SELECT (ARRAY['a', 'a ', ' a', NULL])[1 + u % 4] AS padded, v % 2 = 0 AS y) l) r) m,
	 jsonb_array_elements(m->'features') f ORDER BY 1;

-- NaN is missing in every type that has one, a NULL element of an array too.
SELECT jsonb_path_query_array(cia_fit(r, y, 'logistic', '{"exclude": ["y"], "holdout": 0}')::jsonb, '$.features[*].missing') AS missing
FROM (SELECT x::float4 AS a, x AS b, x::numeric AS c, ARRAY[x, NULL, v]::float8[] AS d, u % 2 = 0 AS y
	  FROM seeds, LATERAL (SELECT CASE i % 3 WHEN 0 THEN float8 'NaN' ELSE u END AS x) l) r;

-- What is left of any column: values of one constant, labels all different, nothing.
SELECT features, notes[3:] AS notes FROM cia_train('left', $$SELECT i AS id, u, 'x' AS same, 7 AS seven, NULL::text AS none, NULL::float8 AS nan,
	md5(i::text) AS every, gen_random_uuid() AS any_uuid, '{1,2}'::float8[] AS fixed, CASE WHEN i % 2 = 0 THEN 'only' END AS some, u % 2 = 0 AS y FROM seeds$$,
	'y', id => '{id}');

-- Infinite values, each with column and row.
CREATE FUNCTION infinite(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM cia_train('infinite', format('SELECT i, CASE WHEN i = 250 THEN %s END AS c, u %% 2 = 0 AS y FROM seeds ORDER BY i', expression), 'y');
	RETURN 'trained';
EXCEPTION WHEN data_exception THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLERRM || ' / ' || detail;
END $$;
SELECT e, infinite(e) FROM unnest(ARRAY['float4 ''inf''', 'float8 ''-inf''', 'numeric ''inf''', '10::numeric ^ 309', '-(10::numeric ^ 1000)', 'date ''infinity''', 'date ''-infinity''',
	'timestamp ''infinity''', 'timestamptz ''-infinity''', '''{1,inf}''::float4[]', '''{-inf}''::float8[]']) e;

-- Types that cannot be used, with the cast to use.
CREATE FUNCTION refused(expression text, "role" text DEFAULT 'feature') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM cia_train('refused', format('SELECT i, %s AS "C c", u %% 2 = 0 AS y FROM seeds', expression), CASE "role" WHEN 'target' THEN 'C c' ELSE 'y' END,
		id => CASE "role" WHEN 'id' THEN '{C c}'::text[] END, weight => CASE "role" WHEN 'weight' THEN 'C c' END);
	RETURN 'trained';
EXCEPTION WHEN datatype_mismatch THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLERRM || E'\n' || hint;
END $$;
SELECT refused(e) FROM unnest(ARRAY['i * interval ''1 day''', 'time ''10:00''', 'timetz ''10:00Z''', 'i::text::money', 'ARRAY[i]', 'ARRAY[i::int2]', 'ARRAY[i::int8]', 'ARRAY[i::numeric]',
	'json ''{}''', 'jsonb ''[]''', 'i::text::bytea', 'point(i, i)', 'ARRAY[''a'']', 'inet ''127.0.0.1''', 'i::bit(8)', 'int4range(0, i)', 'ROW(i, u)',
	'tsvector ''a''', 'i::oid', 'pg_lsn ''0/0''']) e;
SELECT role, refused(e, role) FROM (VALUES ('target', 'json ''{}'''), ('target', '''{1}''::float8[]'), ('weight', '''a''::text'), ('weight', '''{1}''::float8[]'),
	('id', 'json ''{}'''), ('id', '''{1}''::float8[]')) v(role, e);

-- Types that serve as id: all that can be read, a number and its text too.
SELECT DISTINCT rows_used FROM (VALUES ('i'), ('i::text'), ('i::numeric'), ('md5(i::text)::uuid'), ('date ''2000-01-01'' + i')) v(e),
	LATERAL cia_train('ids', format('SELECT %s AS id, u, u %% 3 = 0 AS y FROM seeds', e), 'y', id => '{id}');

-- Arrays of other shapes.
SELECT * FROM cia_train('a', 'SELECT CASE WHEN i = 200 THEN ARRAY[u, v, 1] ELSE ARRAY[u, v] END::float8[] AS "the array", u % 2 = 0 AS y FROM seeds ORDER BY i', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('a', 'SELECT ARRAY[[u, v], [1, 2]]::float8[] AS v, u % 2 = 0 AS y FROM seeds', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('a', 'SELECT array_fill(1::float8, ARRAY[100001]) AS v, u % 2 = 0 AS y FROM seeds', 'y');
\echo :SQLSTATE
SELECT features FROM cia_train('a', $$SELECT CASE i % 3 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[u, v] END::float8[] AS v, '[5:6]={1,2}'::float8[] AS shifted, u % 2 = 0 AS y FROM seeds$$, 'y');
SELECT features FROM cia_train('a', $$SELECT NULL::float8[] AS none, u, u % 2 = 0 AS y FROM seeds$$, 'y');
SELECT * FROM cia_train('a', $$SELECT NULL::float8[] AS none, '{}'::float4[] AS empty, u % 2 = 0 AS y FROM seeds$$, 'y');

-- A cast of a composite type could be anybody's function: it is not called, whoever trains.
CREATE TYPE bait AS (a int);
CREATE FUNCTION bait_array(bait) RETURNS float4[] LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'called'; END$$;
CREATE CAST (bait AS float4[]) WITH FUNCTION bait_array(bait);
SELECT * FROM cia_train('a', 'SELECT ROW(u)::bait AS v, u % 2 = 0 AS y FROM seeds', 'y');
DROP TYPE bait CASCADE;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE typed, holes, seeds;
DROP FUNCTION mean_of, infinite, refused;
DROP DOMAIN vector_domain, deeper, embedding, word, share;
DROP TYPE vector3 CASCADE;
DROP TYPE size;
