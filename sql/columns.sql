-- SPDX-License-Identifier: PostgreSQL
-- What the planner puts in place of cia_score, called by hand: anybody may, with any arguments.
SET cia.progress = off;
CREATE TABLE points AS SELECT i AS id, i % 17 AS a, (i * 7 % 23)::float8 AS b, (ARRAY['x', 'y', 'z'])[1 + i % 3] AS place, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
SELECT version FROM cia_train('m', 'points', 'y', features => '{a,b}', options => '{"promote": "always", "holdout": 0}');
SELECT version FROM cia_train('m', 'points', 'y', features => '{b,place}', options => '{"holdout": 0}');
SELECT version FROM cia_train('m', 'points', 'y', features => '{a,place}', options => '{"holdout": 0}');
-- the SQLSTATE and the message of a query that fails
CREATE FUNCTION failure(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE query INTO answer;
	RETURN 'answers ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- As the planner calls them, they answer what cia_score and its sisters answer; so do columns in another order, with more beside them.
SELECT bool_and(cia_score_columns('m', 3, '{a,place}', true, a, place) = cia_score('m', p)) AS score,
	   bool_and(cia_class_columns('m', 3, '{a,place}', true, a, place) = cia_class('m', p)) AS class,
	   bool_and(cia_probabilities_columns('m', 3, '{a,place}', true, a, place) = cia_probabilities('m', p)) AS probabilities,
	   bool_and(cia_score_columns('m', 3, '{id,place,a,more}', true, p.id, place::char(3), a::numeric, now()) = cia_score('m', p)) AS shuffled,
	   bool_and(cia_score_columns('m', 3, '[5:6]={a,place}', false, a, place) = cia_score('m', p)) AS bounds
FROM points p;

-- A row that is not there has no score, whatever else is given; NULL anywhere else among what must be known is refused.
SELECT cia_score_columns('m', 3, '{a,place}', NULL, 1, 'x'::text) AS score, cia_class_columns('nobody', NULL, NULL, NULL, 1) AS class, cia_probabilities_columns(NULL, 1, '{{a},{b}}', NULL, 1) AS probabilities;
SELECT failure($$SELECT cia_score_columns(NULL, 3, '{a,place}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', NULL, '{a,place}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, NULL, true, 1, 'x'::text)$$);
-- values may be NULL
SELECT cia_score_columns('m', 3, '{a,place}', true, NULL::int, NULL::text) = cia_score('m', r) AS same FROM (SELECT NULL::int AS a, NULL::text AS place) r;

-- As many names as values.
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 1)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 1, 'x'::text, 3)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{}', true, 1)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true)$$);
SELECT failure($$SELECT cia_class_columns('m', 3, array_fill('a'::text, ARRAY[1000000]), true, 1)$$);
SELECT failure($$SELECT cia_probabilities_columns('m', 3, ARRAY[repeat('a', 1000000)], true, 1)$$) ~ '^42703 row lacks columns' AS long_name;
SELECT failure(format('SELECT cia_score_columns(''m'', 3, ''{a}'', true, %s)', string_agg(i::text, ', '))) FROM generate_series(1, 97) i;
SELECT cia_score('m', p) = cia_score_columns('m', 3, '{a,place,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94}', true,
	a, place, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94) AS most FROM points p WHERE id = 1;

-- Names: none is NULL, in one dimension; of those that repeat the first one counts.
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,NULL}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{{a,place}}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{{a},{place}}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{"",place}', true, 1, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{A,Place}', true, 1, 'x'::text)$$);
SELECT cia_score_columns('m', 3, '{a,a,place,a}', true, 1, 2, 'x'::text, 3) = cia_score_columns('m', 3, '{a,place}', true, 1, 'x'::text) AS first_counts;

-- What must be constant: neither a value of the row nor a parameter is, for the call may outlive it.
SELECT failure($$SELECT cia_score_columns(place, 3, '{a,place}', true, a, place) FROM points$$);
SELECT failure($$SELECT cia_score_columns('m', a, '{a,place}', true, a, place) FROM points$$);
SELECT failure($$SELECT cia_score_columns('m', 3, ARRAY['a', place], true, a, place) FROM points$$);
SELECT failure($$SELECT cia_score_columns((SELECT max(model) FROM cia_models), 3, '{a,place}', true, 1, 'x'::text)$$);
PREPARE by_hand(text, int, text[]) AS SELECT cia_score_columns($1, $2, $3, true, 1, 'x'::text) > 0 AS scored;
SET plan_cache_mode = force_custom_plan;
EXECUTE by_hand('m', 3, '{a,place}');
EXECUTE by_hand('m', 3, '{place,a}');
SET plan_cache_mode = force_generic_plan;
EXECUTE by_hand('m', 3, '{a,place}');
RESET plan_cache_mode;
DEALLOCATE by_hand;
DO $$
DECLARE
	model text;
	s float8;
BEGIN
	FOREACH model IN ARRAY '{m,m@1}'::text[] LOOP
		s := cia_score_columns(model, 1, '{a,b,place}', true, 1, 2, 'x'::text);
	END LOOP;
END $$;
\echo :SQLSTATE

-- Values cannot come as an array.
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, VARIADIC ARRAY[1, 2])$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, VARIADIC NULL::int[])$$);
SELECT failure($$SELECT cia_class_columns('m', 3, '{a}', true, VARIADIC 5)$$);

-- Values of any type: those that the model uses are checked, others are never looked at.
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 'text'::text, 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 1, 'a literal of no type')$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 1, NULL)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, ROW(1, 2), 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, pg_sleep(0), 'x'::text)$$);
SELECT failure($$SELECT cia_score_columns('m', 3, '{a,place}', true, 'Infinity'::float8, 'x'::text)$$);
SELECT cia_score_columns('m', 3, '{a,place,q,r,s}', true, 1, 'x'::text, 'no type', ROW(1, 2), pg_sleep(0)) = cia_score_columns('m', 3, '{a,place}', true, 1, 'x'::text) AS same;
SELECT count(*), count(DISTINCT s) FROM (SELECT cia_score_columns('m', 3, '{a,place}', true, generate_series(1, 5), 'x'::text) AS s) q;

-- Packs are pointers: they come from the planner alone.  The words are PostgreSQL's, others from minor version to minor version.
CREATE FUNCTION refused(VARIADIC statements text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. array_length(statements, 1) LOOP
		EXECUTE statements[i];
	END LOOP;
	RETURN false;
EXCEPTION WHEN OTHERS THEN
	RETURN true;
END $$;
SELECT refused($$SELECT cia_pack(NULL, 1, 2)$$);
SELECT refused($$SELECT cia_pack(NULL::internal, 1, 2)$$);
SELECT refused($$SELECT cia_pack(0, 1, 2)$$);
SELECT refused($$SELECT cia_pack('', 1, 2)$$);
SELECT refused($$SELECT cia_pack(NULL, VARIADIC ARRAY[1, 2])$$);
SELECT refused($$SELECT cia_score_columns('m', 3, '{a,place}', true, NULL::internal)$$);
SELECT refused($$SELECT cia_score_columns('m', 3, '{a,place}', true, cia_pack(NULL, 1, 'x'::text))$$);
SELECT refused($$SELECT cia_score_columns('m', 3, '{a,place}', true, cia_fit_transition(NULL, p, y, 'logistic', '{}'), 1) FROM points p$$);
SELECT refused($$PREPARE by_hand(internal) AS SELECT cia_score_columns('m', 3, '{a,place}', true, $1)$$, 'EXECUTE by_hand(NULL)');
SELECT refused($$PREPARE by_hand(internal) AS SELECT cia_pack($1, 1)$$, 'EXECUTE by_hand(NULL)');
SELECT refused($$CREATE FUNCTION null_pack() RETURNS internal LANGUAGE sql AS 'SELECT NULL'$$);
SELECT failure($$CREATE FUNCTION null_pack() RETURNS internal LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'$$);
SELECT refused($$CREATE TABLE packs AS SELECT cia_pack(NULL, 1) AS pack$$);
SELECT refused($$SELECT cia_score_support(NULL)$$);

-- Models: the caller's rights, the version in force, or the one that was planned for where columns do not suffice for that.
SELECT failure($$SELECT cia_score_columns('nobody', 1, '{a}', true, 1)$$);
SELECT failure($$SELECT cia_score_columns('', 1, '{a}', true, 1)$$);
SELECT failure($$SELECT cia_score_columns('m@9', 9, '{a}', true, 1)$$);
SELECT bool_and(cia_score_columns('m', 1, '{a,place}', true, a, place) = cia_score('m', p)) AS in_force,
	   bool_and(cia_score_columns('m', 1, '{a,b,place}', true, a, b, place) = cia_score('m', p)) AS in_force_too,
	   bool_and(cia_score_columns('m', 1, '{a,b}', true, a, b) = cia_score('m@1', p)) AS first,
	   bool_and(cia_score_columns('m', 2, '{b,place}', true, b, place) = cia_score('m@2', p)) AS second,
	   bool_and(cia_score_columns('m@2', 7, '{a,b,place}', true, a, b, place) = cia_score('m@2', p)) AS by_number,
	   bool_and(cia_score_columns('m@1', 2, '{b,place}', true, b, place) = cia_score('m@2', p)) AS other_number,
	   bool_and(cia_score_columns('m', -1, '{a,place}', true, a, place) = cia_score('m', p)) AS never_was
FROM points p;
SELECT failure($$SELECT cia_score_columns('m', 2, '{a,b}', true, 1, 2)$$);
SELECT failure(format($$SELECT cia_score_columns('m', %s, '{b}', true, 2)$$, version)) FROM unnest(ARRAY[1, 3, 4, 0, -1, -2147483648, 2147483647]) version;
-- a regression has no classes
SELECT version FROM cia_train('value', 'points', 'b', features => '{a}', options => '{"holdout": 0}');
SELECT failure($$SELECT cia_class_columns('value', 1, '{a}', true, 1)$$), failure($$SELECT cia_probabilities_columns('value', 1, '{a}', true, 1)$$);

CREATE ROLE regress_cia_owner;
CREATE ROLE regress_cia_other;
GRANT SELECT ON points TO regress_cia_owner;
SET ROLE regress_cia_owner;
SELECT version FROM cia_train('owned', 'points', 'y', features => '{a}', options => '{"holdout": 0}');
SELECT failure($$SELECT cia_score_columns('owned', 1, '{a}', true, 1) > 0$$);
SET ROLE regress_cia_other;
SELECT failure($$SELECT cia_score_columns('owned', 1, '{a}', true, 1)$$), failure($$SELECT cia_class_columns('owned@1', 1, '{a}', true, 1)$$), failure($$SELECT cia_probabilities_columns('m', 3, '{a}', true, 1)$$);
RESET ROLE;
-- who may not call one may not call the other either
REVOKE EXECUTE ON FUNCTION cia_score(text, record), cia_class_columns FROM PUBLIC;
SET ROLE regress_cia_owner;
SELECT failure($$SELECT cia_score_columns('owned', 1, '{a}', true, 1)$$), failure($$SELECT cia_class_columns('owned', 1, '{a}', true, 1)$$), failure($$SELECT cia_probabilities_columns('owned', 1, '{a}', true, 1) IS NOT NULL$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cia_score(text, record), cia_class_columns TO PUBLIC;

-- Neither an index nor a generated column may hold such a score.
CREATE INDEX ON points (cia_score_columns('m', 3, '{a,place}', true, a, place));
\echo :SQLSTATE
-- An aggregate calls it without an expression whose arguments are known.
CREATE AGGREGATE by_class(int, text[], boolean, VARIADIC "any") (sfunc = cia_class_columns, stype = text, initcond = 'm');
SELECT failure($$SELECT by_class(3, '{a,place}', true, a, place) FROM points$$), failure($$SELECT by_class(3, '{a,place}', NULL, a, place) FROM points$$);
DROP AGGREGATE by_class(int, text[], boolean, VARIADIC "any");

-- cia_if_present: its second argument, or NULL.
SELECT cia_if_present(true, 5) AS present, cia_if_present(false, 'any'::text) AS present_too, cia_if_present(NULL, 5) AS missing, cia_if_present(true, NULL::int[]) AS nothing,
	   cia_if_present(NULL::boolean, ROW(1, 2)) AS row_missing, cia_if_present(true, p) AS row_present, pg_typeof(cia_if_present(true, '{1,2}'::float4[])) AS type
FROM points p WHERE id = 1;
SELECT failure($$SELECT cia_if_present(true, 'no type')$$);

SELECT cia_drop_model('owned'), cia_drop_model('m'), cia_drop_model('value');
DROP FUNCTION failure, refused;
DROP OWNED BY regress_cia_owner;
DROP ROLE regress_cia_owner, regress_cia_other;
DROP TABLE points;
