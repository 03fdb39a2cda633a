-- cia_score, cia_class, cia_probabilities: a model by name or value, a row as record or jsonb.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   date '2020-01-01' + v % 900 AS since, ARRAY[u % 7, v % 5]::float8[] AS taste,
	   u % 60 + v % 30 > 40 AS churned, 10 + (v % 300) / 5.0 - u % 60 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
UPDATE customer SET age = NULL WHERE id % 13 = 0;
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend}', options => '{"promote": "always"}');
SELECT model FROM cia_train('spend', 'customer', 'spend', id => '{id}', exclude => '{churned}');

-- The four forms agree to the last bit.
SELECT count(*) AS rows, count(DISTINCT score) > 300 AS varied, bool_and(score BETWEEN 0 AND 1) AS probability,
	   bool_and(float8send(score) = float8send(cia_score('churn', to_jsonb(c)))) AS jsonb,
	   bool_and(float8send(score) = float8send(cia_score(content, c))) AS by_value,
	   bool_and(float8send(score) = float8send(cia_score(content, to_jsonb(c)))) AS jsonb_by_value
FROM customer c, cia_versions v, LATERAL (SELECT cia_score('churn', c) AS score) s WHERE v.model = 'churn';
SELECT bool_and(float8send(cia_score('spend', c)) = float8send(cia_score('spend', to_jsonb(c)))) AS jsonb
FROM customer c;

-- A class is the positive one from a probability of one half on; probabilities add up to one.
SELECT bool_and(cia_class('churn', c) = (cia_score('churn', c) >= 0.5)::text) AS by_name,
	   bool_and(cia_class('churn', c) = cia_class('churn', to_jsonb(c))) AS jsonb,
	   bool_and(cia_class('churn', c) = cia_class(content, c)) AS by_value,
	   bool_and(cia_class('churn', c) = cia_class(content, to_jsonb(c))) AS jsonb_by_value
FROM customer c, cia_versions v WHERE v.model = 'churn';
SELECT bool_and((p->>'true')::float8 = cia_score('churn', c)) AS is_score,
	   bool_and((p->>'true')::float8 + (p->>'false')::float8 = 1) AS adds_up,
	   bool_and(p = cia_probabilities('churn', to_jsonb(c))) AS jsonb,
	   bool_and(p = cia_probabilities(content, c)) AS by_value,
	   bool_and(p = cia_probabilities(content, to_jsonb(c))) AS jsonb_by_value
FROM customer c, cia_versions v, LATERAL (SELECT cia_probabilities('churn', c) AS p) s WHERE v.model = 'churn';
SELECT cia_class('spend', c) FROM customer c;
\echo :SQLSTATE
SELECT cia_probabilities('spend', c) FROM customer c;

-- NULL for a NULL model or row, never an error.
SELECT cia_score(NULL::text, c), cia_score('churn', NULL::customer), cia_score('churn', NULL::jsonb),
	   cia_class(NULL::text, c), cia_probabilities(NULL::cia_model, c)
FROM customer c WHERE id = 1;

-- Columns are matched by name: order and further columns do not matter.
SELECT bool_and(cia_score('churn', c) = cia_score('churn', r)) AS same
FROM customer c JOIN (SELECT taste, 'ignored' AS more, since, region, visits, age, id FROM customer) r USING (id);
SELECT bool_and(cia_score('churn', c) = cia_score('churn', to_jsonb(c) - 'id' - 'churned' || '{"more": [1]}')) AS same
FROM customer c;

-- From a view, a join, a set operation, rows made on the spot, and a composite column.
CREATE VIEW old_customer AS SELECT * FROM customer WHERE age > 50;
CREATE TABLE boxed AS SELECT c AS box FROM customer c;
SELECT (SELECT sum(cia_score('churn', o)) FROM old_customer o) = (SELECT sum(cia_score('churn', c)) FROM customer c WHERE age > 50) AS view,
	   (SELECT sum(cia_score('churn', box)) FROM boxed) = (SELECT sum(cia_score('churn', c)) FROM customer c) AS composite,
	   (SELECT count(cia_score('churn', a)) FROM customer a JOIN customer b USING (id)) AS joined,
	   (SELECT count(cia_score('churn', u)) FROM (SELECT * FROM customer UNION ALL SELECT * FROM customer) u) AS united;
SELECT round(cia_score('churn', r)::numeric, 6) > 0 AS scored
FROM (VALUES (30, 12.5, 'north', date '2021-05-05', '{1,2}'::float8[])) r(age, visits, region, since, taste);
SELECT cia_score('churn', ROW(30, 12.5, 'north', date '2021-05-05', '{1,2}'::float8[]));
\echo :SQLSTATE

-- All columns that are missing are named at once.
SELECT cia_score('churn', r) FROM (SELECT age, taste FROM customer) r;
\echo :SQLSTATE
SELECT cia_score('churn', '{"age": 1}'::jsonb);
\echo :SQLSTATE
SELECT cia_score('churn', '[1, 2]'::jsonb);
\echo :SQLSTATE
SELECT cia_score('churn', '3'::jsonb);

-- NULL, NaN and labels never seen count as missing; a JSON null too.
SELECT cia_score('churn', r) = cia_score('churn', s) AS unseen_is_missing
FROM (VALUES (30, 12.5, 'west', date '2021-05-05', '{1,2}'::float8[])) r(age, visits, region, since, taste),
	 (VALUES (30, 12.5, NULL, date '2021-05-05', '{1,2}'::float8[])) s(age, visits, region, since, taste);
SELECT cia_score('churn', r) = cia_score('churn', s) AS nan_is_missing,
	   cia_score('churn', r) = cia_score('churn', to_jsonb(r)) AS jsonb_nan, cia_score('churn', r) = cia_score('churn', to_jsonb(s)) AS jsonb_null
FROM (VALUES ('NaN'::float8, 12.5, 'east', date '2021-05-05', '{1,NaN}'::float8[])) r(age, visits, region, since, taste),
	 (VALUES (NULL::int, 12.5, 'east', date '2021-05-05', '{1,NULL}'::float8[])) s(age, visits, region, since, taste);

-- Other types than in training: any number serves as a number, integers and bool as labels.
SELECT bool_and(cia_score('churn', c) = cia_score('churn', r)) AS same
FROM customer c JOIN (SELECT id, age::float4, visits::float8, region::name, since, taste::float4[] FROM customer) r USING (id);
SELECT cia_score('churn', r) FROM (SELECT age::text, visits, region, since, taste FROM customer) r;
\echo :SQLSTATE
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, 1.5 AS taste FROM customer) r;
SELECT cia_score('churn', r) FROM (SELECT age, visits, 1.5 AS region, since, taste FROM customer) r;
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, '{}'::json AS taste FROM customer) r;

-- Arrays of another length than in training are refused; NULL and empty ones are missing.
CREATE FUNCTION with_taste(text) RETURNS jsonb LANGUAGE sql AS
$$SELECT format('{"age": 30, "visits": 12.5, "region": "east", "since": "2021-05-05", "taste": %s}', $1)::jsonb$$;
SELECT cia_score('churn', with_taste('[]')) = cia_score('churn', with_taste('null')) AS empty,
	   cia_score('churn', with_taste('[null, null]')) = cia_score('churn', with_taste('null')) AS nulls;
SELECT cia_score('churn', with_taste('[1]'));
\echo :SQLSTATE
SELECT cia_score('churn', with_taste('[1, 2, 3]'));
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, '{1,2,3}'::float8[] AS taste FROM customer) r;
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, '{1}'::float8[] AS taste FROM customer) r;
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, '{{1,2},{3,4}}'::float8[] AS taste FROM customer) r;
SELECT cia_score('churn', with_taste('7'));
SELECT cia_score('churn', with_taste('{"a": 1}'));
SELECT cia_score('churn', with_taste('[[1], 2]'));
SELECT cia_score('churn', with_taste('[1, {"a": 2}]'));
SELECT cia_score('churn', with_taste('["x", 2]'));
SELECT cia_score('churn', with_taste('[true, 2]'));

-- Members of the wrong shape, and values that no double holds.
CREATE FUNCTION changed(text, text) RETURNS jsonb LANGUAGE sql AS
$$SELECT with_taste('[1, 2]') || format('{"%s": %s}', $1, $2)::jsonb$$;
SELECT cia_score('churn', changed('age', '[1]'));
SELECT cia_score('churn', changed('region', '{}'));
SELECT cia_score('churn', changed('age', '"old"'));
SELECT cia_score('churn', changed('since', '"yesterdays"'));
SELECT cia_score('churn', changed('since', '"infinity"'));
SELECT cia_score('churn', changed('age', '"Infinity"'));
SELECT cia_score('churn', changed('age', '1e400'));
SELECT cia_score('churn', r) FROM (SELECT '-inf'::float8 AS age, visits, region, since, taste FROM customer) r;
\echo :SQLSTATE
SELECT cia_score('churn', r) FROM (SELECT age, 10::numeric ^ 400 AS visits, region, since, taste FROM customer) r;
SELECT cia_score('churn', r) FROM (SELECT age, visits, region, since, '{1,inf}'::float8[] AS taste FROM customer) r;

-- A fixed version, and the name from a column.
SELECT version FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend}', options => '{"l2": 1000}');
SELECT count(*) FILTER (WHERE cia_score('churn', c) = cia_score('churn@2', c)) AS plain_is_second,
	   count(*) FILTER (WHERE cia_score('churn', c) = cia_score('churn@1', c)) < 10 AS first_differs
FROM customer c;
SELECT name, round(avg(cia_score(name, c))::numeric, 3) = round(avg(CASE name
		WHEN 'spend' THEN cia_score('spend', c) WHEN 'churn@1' THEN cia_score('churn@1', c) ELSE cia_score('churn', c) END)::numeric, 3) AS right
FROM customer c, (VALUES ('churn'), ('churn@1'), ('spend')) n(name) GROUP BY name ORDER BY name;

-- Prepared statements, generic plans, cursors, PL/pgSQL.
PREPARE risk(text, int) AS SELECT cia_score($1, c) > 0 FROM customer c WHERE id = $2;
SET plan_cache_mode = force_generic_plan;
EXECUTE risk('churn', 1);
EXECUTE risk('churn@1', 2);
EXECUTE risk('nobody', 2);
EXECUTE risk('churn', 3);
RESET plan_cache_mode;
BEGIN;
DECLARE walk SCROLL CURSOR FOR SELECT id, cia_score('churn', c) >= 0 FROM customer c ORDER BY id;
FETCH 2 FROM walk;
FETCH RELATIVE 3 FROM walk;
FETCH PRIOR FROM walk;
COMMIT;
DO $$
DECLARE
	c customer;
	r record;
	scored int := 0;
BEGIN
	FOR c IN SELECT * FROM customer LOOP
		scored := scored + (cia_score('churn', c) BETWEEN 0 AND 1)::int;
	END LOOP;
	FOR r IN SELECT * FROM customer LOOP
		scored := scored + (cia_score('churn', r) BETWEEN 0 AND 1)::int;
	END LOOP;
	RAISE NOTICE 'scored % rows', scored;
END $$;

-- Volatility: no index and no generated column may hold a score.
CREATE INDEX ON customer (cia_score('churn', customer));
\echo :SQLSTATE
CREATE INDEX ON customer (id) WHERE cia_score('churn', customer) > 0.5;
CREATE TABLE generated (age int, risk float8 GENERATED ALWAYS AS (cia_score('churn', '{}'::jsonb)) STORED);
\echo :SQLSTATE
CREATE MATERIALIZED VIEW risks AS SELECT id, cia_score('churn', c) AS risk FROM customer c;
SELECT count(risk) FROM risks;

-- An altered table: dropped, added and retyped columns.
DROP VIEW old_customer;
DROP TABLE boxed;
DROP MATERIALIZED VIEW risks;
ALTER TABLE customer ADD extra int DEFAULT 5, DROP spend, ALTER age TYPE numeric;
SELECT count(cia_score('churn', c)) FROM customer c;
ALTER TABLE customer DROP taste;
SELECT count(cia_score('churn', c)) FROM customer c;

-- A row type that changes between two calls from one place.
CREATE TABLE shifting AS SELECT i % 7 AS a, i % 5 AS b, i % 3 = 0 AS y FROM generate_series(1, 300) i;
SELECT model FROM cia_train('shifting', 'shifting', 'y');
CREATE FUNCTION shifted() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
DECLARE r shifting;
BEGIN
	FOR turn IN 0..2 LOOP
		SELECT * INTO r FROM shifting WHERE a = 1 AND b = 1 LIMIT 1;
		RETURN NEXT cia_score('shifting', r);
		EXECUTE CASE turn WHEN 0 THEN 'ALTER TABLE shifting ADD c text DEFAULT ''x''' WHEN 1 THEN 'ALTER TABLE shifting DROP c' ELSE 'SELECT' END;
	END LOOP;
END $$;
SELECT count(*), count(DISTINCT s) FROM shifted() s;

-- The pool of all other classes has a label of its own when "other" is the positive one.
SELECT model FROM cia_train('rest', $$SELECT a, CASE WHEN b < 2 THEN 'other' WHEN b < 4 THEN 'x' ELSE 'z' END AS t FROM shifting$$, 't', options => '{"positive": "other"}');
SELECT key FROM jsonb_each(cia_probabilities('rest', '{"a": 1}'::jsonb)) ORDER BY key;
SELECT cia_drop_model('shifting'), cia_drop_model('rest');
DROP FUNCTION shifted;
DROP TABLE shifting;

SELECT cia_drop_model('churn'), cia_drop_model('spend');
DROP FUNCTION changed, with_taste;
DEALLOCATE risk;
DROP TABLE customer;
