-- NULL arguments, of every function in the catalog: what does something, or runs a source, raises 22004 and names the argument; what
-- answers for a value answers NULL, or no rows.  Options may be NULL, and so may what is NULL by default.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS town, i * i % 11 > 5 AS y, i % 13 + 2.5 * (i % 17) AS amount FROM generate_series(1, 300) i;
SELECT version FROM cia_train('m', 'SELECT x, z, town, y FROM points', 'y', 'logistic');
SELECT version FROM cia_train('m', 'SELECT x, z, town, y FROM points', 'y', 'logistic', options => '{"l2": 1, "promote": "always"}');
SELECT version FROM cia_train('parts', 'SELECT x, z, town, amount FROM points', 'amount', 'linear', options => '{"by": "town"}');
SELECT cia_tag('m', 'stable');

-- Arguments that a call might have, by name; what takes none of these is by type.
CREATE TABLE given (name text PRIMARY KEY, value text);
INSERT INTO given VALUES
	('model', '''m'''), ('model_a', '''m@1'''), ('model_b', '''m@2'''), ('source', '''points'''), ('target', '''y'''), ('algorithm', '''logistic'''), ('target_table', '''null_scores'''),
	('id', 'ARRAY[''id'']'), ('feature', '''x'''), ('attribute', '''town'''), ('method', '''permutation'''), ('new_name', '''other'''), ('tag', '''stable'''), ('comment', '''good'''),
	('role', '''pg_monitor'''), ('privilege', '''score'''), ('schedule', '''@daily'''), ('version', '1'), ('v1', '1'), ('v2', '2'), ('keep_last', '1'), ('group_value', '''a'''),
	('export', 'cia_export(''m'')'), ('folds', '2'), ('row', '(SELECT p FROM points p LIMIT 1)'), ('cost_false_positive', '1'), ('cost_false_negative', '1'),
	('view', '''null_view'''), ('bands', '4'), ('segment', '''a'''), ('name', '''b'''), ('customer', '''id'''), ('at', '''x'''), ('amount', '''amount'''), ('score', '0.5'), ('source_then', '''points'''), ('source_now', '''points''');

-- A call with one argument NULL; what it did is undone, and what came of it is told.
CREATE FUNCTION outcome(query text, OUT state text, OUT words text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT count(*), count(q::text) FILTER (WHERE q::text <> '''') FROM (SELECT ' || query || ' AS q) s' INTO words, state;
	RAISE 'done' USING ERRCODE = 'P0004', DETAIL = state;
EXCEPTION WHEN assert_failure THEN
	words := CASE state WHEN '0' THEN 'NULL' ELSE 'an answer' END;
	state := '00000';
WHEN OTHERS THEN
	state := SQLSTATE;
	words := SQLERRM;
END $$;
CREATE VIEW argument AS
SELECT p.oid, p.proname AS function, p.provolatile = 'v' AS acts, p.proisstrict AS strict, n AS place, p.proargnames[n] AS name, t AS type, n > p.pronargs - p.pronargdefaults AS has_default,
	   n > p.pronargs - p.pronargdefaults AND pg_get_function_arg_default(p.oid, n::int) LIKE 'NULL::%' AS may_be_null
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'cia',
	 unnest(p.proargtypes::regtype[]) WITH ORDINALITY a (t, n)
WHERE p.prokind = 'f' AND NOT p.proargtypes::regtype[] && '{internal,cstring,"\"any\""}'::regtype[] AND p.proname !~ '^cia_(tally|may|if_present)';
CREATE FUNCTION null_call(called oid, nulled int) RETURNS text LANGUAGE sql AS $$
	SELECT quote_ident(min(a.function)) || '(' || string_agg(coalesce(quote_ident(name) || ' => ', '') ||
		CASE WHEN place = nulled THEN 'NULL::' || a.type
		WHEN a.type = 'cia_model'::regtype THEN format('(SELECT content FROM cia_versions WHERE model = %L LIMIT 1)', CASE WHEN a.function IN ('cia_part', 'cia_groups') THEN 'parts' ELSE 'm' END)
		WHEN a.name = 'model' AND a.function IN ('cia_part', 'cia_groups') THEN '''parts'''
		WHEN a.name = 'row' THEN CASE a.type::text WHEN 'record' THEN g.value WHEN 'jsonb' THEN 'to_jsonb(' || g.value || ')' ELSE '''{1,2,3}''' END || '::' || a.type
		ELSE g.value || '::' || a.type END, ', ' ORDER BY place) || ')'
	FROM argument a LEFT JOIN given g USING (name)
	WHERE a.oid = called AND (place = nulled OR NOT has_default) $$;
SET client_min_messages = warning;
CREATE TABLE outcomes AS
SELECT a.*, null_call(oid, place::int) AS call, o.* FROM argument a, outcome(null_call(oid, place::int)) o;

RESET client_min_messages;

-- There is a call for each argument.  Of what takes NULL for a meaning of its own there are a comment that goes, the time now, and the
-- group without a label.
SELECT count(DISTINCT function) > 60 AS many_functions, count(*) > 150 AS many_arguments, count(*) FILTER (WHERE call IS NULL) AS no_call FROM outcomes;
SELECT function, name, type, state, words FROM outcomes
WHERE acts AND NOT (may_be_null OR name = 'options') AND (state <> '22004' OR words <> format('argument "%s" must not be null', name)) ORDER BY function, place, type;
SELECT function, name, type, state, words FROM outcomes
WHERE acts AND (may_be_null OR name = 'options') AND (state = '22004' OR state LIKE 'XX%') ORDER BY function, place, type;
SELECT function, name, type, state, words FROM outcomes WHERE NOT acts AND NOT may_be_null AND (state <> '00000' OR words <> 'NULL') ORDER BY function, place, type;
-- What acts is not STRICT, which would answer NULL before it could say anything.
SELECT DISTINCT function FROM argument WHERE acts AND strict;

-- Options that are NULL are none.
SELECT (SELECT count(*) FROM cia_evaluate('m', 'points', NULL)) = (SELECT count(*) FROM cia_evaluate('m', 'points')) AS same;
SELECT cia_fit(p, y, 'logistic', NULL) IS NOT NULL AS fitted FROM (SELECT x, z, y FROM points) p;
-- Over no rows aggregates are NULL.
SELECT cia_fit(p, y, 'logistic', '{}') IS NULL AS no_rows FROM (SELECT x, z, y FROM points WHERE false) p;
SELECT cia_fit(p, y, NULL, '{}') FROM (SELECT x, z, y FROM points) p;
\echo :SQLSTATE

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE outcomes, given;
DROP VIEW argument CASCADE;
DROP FUNCTION outcome, null_call;
DROP TABLE points;
