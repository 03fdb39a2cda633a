-- cia_train: what each argument does, and the row that comes back.
SET cia.progress = off;

-- 600 customers from fixed arithmetic; spend is linear in age, visits and region.
CREATE TABLE customer AS
SELECT i AS id,
	   CASE WHEN i % 11 > 0 THEN 18 + u % 60 END AS age,
	   v % 30 AS visits,
	   (ARRAY['north', 'south', 'east', NULL])[1 + u % 4] AS region,
	   date '2020-01-01' + v % 900 AS since,
	   u % 60 + 2 * (v % 30) + 20 * (u % 4) > 80 AS churned,
	   100 + 2 * (v % 30) - 3 * (w % 50) + 10 * (w % 3) AS spend,
	   w % 50 AS calls,
	   (ARRAY['a', 'b', 'c'])[1 + w % 3] AS plan
FROM (SELECT i, i * i * 37 % 1009 + i % 7 AS u, i * i * 41 % 1013 + i % 5 AS v,
			 i * i * 43 % 1019 + i % 3 AS w
	  FROM generate_series(1, 600) i) s;

-- The least that a user says; everything comes back but the time it took.
SELECT model, version, algorithm, rows_used, rows_skipped, features, metric,
	   value BETWEEN 0.9 AND 1 AS good, seconds >= 0 AS took_time, promoted, notes
FROM cia_train('churn', 'customer', 'churned', options => '{"promote": "always"}');

-- The same by name, with the key left out: a second version.
SELECT version, features, promoted FROM cia_train(model => 'churn', source => 'customer',
	target => 'churned', id => '{id}');

-- auto follows the target's type; the choice is noted.
CREATE TYPE answer AS ENUM ('no', 'yes');
CREATE DOMAIN verdict AS text;
CREATE TABLE targets AS
SELECT visits, calls, churned AS as_bool, churned::text AS as_text, churned::text::varchar AS as_varchar,
	   churned::text::char(9) AS as_char, churned::text::name AS as_name, left(churned::text, 1)::"char" AS "as_""char""",
	   (CASE WHEN churned THEN 'yes' ELSE 'no' END)::answer AS as_enum, churned::text::verdict AS as_domain,
	   calls::int2 AS as_int2, calls::int8 AS as_int8, calls::float4 AS as_float4,
	   calls::float8 AS as_float8, calls::numeric AS as_numeric, since AS as_date
FROM customer;
SELECT t.target, algorithm, metric, notes[1]
FROM (SELECT attname AS target FROM pg_attribute
	  WHERE attrelid = 'targets'::regclass AND attnum > 2 ORDER BY attnum) t,
	 cia_train('by_type', 'targets', target, features => '{visits}', options => '{"promote": "always"}');

-- A regression that nobody chose gets a small penalty, unless the options say otherwise.
SELECT version FROM cia_train('auto_l2', 'customer', 'spend');
SELECT version FROM cia_train('auto_l2', 'customer', 'spend', options => '{"l2": 0}');
SELECT version, options->'l2' AS l2 FROM cia_versions WHERE model = 'auto_l2' ORDER BY version;

-- The law behind the data is found: 100 + 2 visits - 3 calls, and 10 and 20 for plans b and c.
SELECT algorithm, rows_used, features, metric, round(value::numeric, 9) AS r2
FROM cia_train('spend', 'customer', 'spend', 'linear', features => '{visits,calls,plan}');
SELECT round((l->'intercept'->>0)::numeric, 9) AS intercept,
	   (SELECT array_agg(round(c::numeric, 9) ORDER BY n)
		FROM jsonb_array_elements_text(l->'coefficients') WITH ORDINALITY x(c, n)) AS coefficients
FROM (SELECT content::jsonb->'learned' AS l FROM cia_versions WHERE model = 'spend') v;

-- features, exclude and id decide what is read; NULL leaves nothing out.
CREATE FUNCTION features_of(text) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(f->>'name', ' ' ORDER BY n)
  FROM cia_versions, jsonb_array_elements(content::jsonb->'features') WITH ORDINALITY x(f, n)
  WHERE model = $1$$;
SELECT features FROM cia_train('f1', 'customer', 'churned', features => '{visits,age}');
SELECT features FROM cia_train('f2', 'customer', 'churned', exclude => '{id,plan,region}');
SELECT features FROM cia_train('f3', 'customer', 'churned', features => '{visits,age}', exclude => '{age}');
SELECT features FROM cia_train('f4', 'customer', 'churned', id => '{id,region}', weight => 'calls');
SELECT features FROM cia_train('f5', 'customer', 'churned', features => NULL, exclude => NULL,
	id => NULL, weight => NULL, options => NULL);
SELECT model, features_of(model) FROM cia_models WHERE model ~ '^f\d$' ORDER BY model;

-- Rows without a target or without weight are skipped and counted.
SELECT rows_used, rows_skipped FROM cia_train('skip',
	'SELECT visits, calls, CASE WHEN id % 3 > 0 THEN churned END AS churned FROM customer', 'churned');
SELECT rows_used, rows_skipped FROM cia_train('skip',
	'SELECT visits, calls, nullif(id % 4, 3) AS w, churned FROM customer', 'churned', weight => 'w');

-- A weight of two is the row twice.
SELECT model FROM cia_train('weighted', 'SELECT visits, calls, 1 + id % 2 AS w, spend FROM customer',
	'spend', weight => 'w', options => '{"holdout": 0, "l2": 0}');
SELECT model FROM cia_train('twice', 'SELECT visits, calls, spend FROM customer, generate_series(1, 1 + id % 2)',
	'spend', options => '{"holdout": 0, "l2": 0}');
SELECT max(abs(cia_score('weighted', c) / cia_score('twice', c) - 1)) < 1e-10 AS same FROM customer c;

-- The positive class: true or 1, else the one named, else the rarer one, else the later.
CREATE TABLE classes AS
SELECT visits, calls, churned, churned::int AS flag,
	   CASE WHEN churned THEN 'stays' ELSE 'goes' END AS word,
	   CASE WHEN id % 2 = 0 THEN 'red' ELSE 'blue' END AS half,
	   (ARRAY['gold', 'silver', 'iron'])[1 + visits % 3] AS metal
FROM customer;
SELECT churned, count(*) FROM classes GROUP BY 1 ORDER BY 1;
CREATE FUNCTION classes_of(text) RETURNS jsonb LANGUAGE sql AS
$$SELECT content::jsonb->'target' FROM cia_versions WHERE model = $1 AND production$$;
SELECT model FROM cia_train('p1', 'classes', 'churned', exclude => '{flag,word,half,metal}');
SELECT model FROM cia_train('p2', 'classes', 'flag', 'logistic', exclude => '{churned,word,half,metal}');
SELECT model FROM cia_train('p3', 'classes', 'word', exclude => '{churned,flag,half,metal}');
SELECT model FROM cia_train('p4', 'classes', 'word', exclude => '{churned,flag,half,metal}', options => '{"positive": "goes"}');
SELECT model FROM cia_train('p5', 'classes', 'churned', exclude => '{flag,word,half,metal}', options => '{"positive": "false"}');
SELECT model FROM cia_train('p6', 'classes', 'half', exclude => '{churned,flag,word,metal}', options => '{"holdout": 0}');
SELECT model FROM cia_train('p7', 'classes', 'metal', features => '{visits,calls}', options => '{"positive": "iron"}');
SELECT model, classes_of(model)->'classes' AS classes, classes_of(model)->'rest' AS rest
FROM cia_models WHERE model ~ '^p\d$' ORDER BY model;

-- An integer that is 0 or 1 is a number, but the user is told.
SELECT algorithm, notes FROM cia_train('flag', 'classes', 'flag', features => '{visits,calls}');

-- What must not be NULL, and a target is needed.
SELECT * FROM cia_train(NULL, 'customer', 'churned');
SELECT * FROM cia_train('churn', NULL, 'churned');
SELECT * FROM cia_train('churn', 'customer', 'churned', NULL);
SELECT * FROM cia_train('churn', 'customer');
SELECT * FROM cia_train('churn', 'customer', algorithm => 'linear');

-- Two trainings in one statement, one per row of a query.
SELECT t.model, t.version, t.features
FROM (VALUES ('north'), ('south')) r(region),
	 cia_train('churn_' || region, format('SELECT * FROM customer WHERE region = %L', region), 'churned') t;

SELECT count(cia_drop_model(model)) > 0 AS dropped FROM cia_models;
DROP TABLE customer, targets, classes;
DROP TYPE answer;
DROP DOMAIN verdict;
DROP FUNCTION features_of, classes_of;
