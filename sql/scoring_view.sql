-- cia_create_scoring_view: a view of scores with plain columns, for dashboards.
SET cia.progress = off;
CREATE TYPE town AS ENUM ('north', 'south', 'east');
CREATE DOMAIN account AS int CHECK (VALUE > 0);
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   u % 60 + v % 30 > 40 AS churned, 10 + (v % 300) / 5.0 - u % 60 AS spend, (ARRAY['basic', 'plus', 'gold'])[1 + (u % 60 + v % 7) / 22] AS plan
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
ALTER TABLE customer ADD PRIMARY KEY (id);
ANALYZE customer;
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', id => '{id}', features => '{age,visits,region}');
SELECT version FROM cia_train('spend', 'customer', 'spend', 'linear', id => '{id}', features => '{age,visits}');
SELECT version FROM cia_train('plan', 'customer', 'plan', 'multinomial', id => '{id}', features => '{age,visits}', options => '{"l2": 1}');
SELECT version FROM cia_train('trees', 'customer', 'churned', 'boosted_trees', id => '{id}', features => '{age,visits}', options => '{"trees": 20}');
SELECT version FROM cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', features => '{age,visits,region}', options => '{"k": 3}');
CREATE FUNCTION shape(view regclass) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns
  WHERE table_schema = (SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = view)
	AND table_name = (SELECT relname FROM pg_class WHERE oid = view)$$;

-- Of every task; what they hold is what the functions say.
SELECT v, shape(v) FROM (VALUES (cia_create_scoring_view('churn_scores', 'churn', 'customer', '{id}')),
	(cia_create_scoring_view('spend_scores', 'spend', 'SELECT * FROM customer', '{id}', '{"reasons": 2}')),
	(cia_create_scoring_view('plan_scores', 'plan', 'customer', '{id}', '{"reasons": 0, "probabilities": true}')),
	(cia_create_scoring_view('kind_scores', 'kinds', 'customer', '{id}', '{"reasons": 1, "columns": ["region", "age"]}'))) v(v);
SELECT count(*), bool_and((v.score, v.class, v.band, v.version) = (cia_score('churn', c), cia_class('churn', c), cia_band('churn', cia_score('churn', c)), 1)) AS right,
	   bool_and(array_remove(ARRAY[reason_1, reason_2, reason_3, reason_4], NULL) = cia_reasons('churn', c)) AS reasons
FROM churn_scores v JOIN customer c USING (id);
SELECT count(*), bool_and(v.score = cia_score('spend', c)) AS score, bool_and(array_remove(ARRAY[reason_1, reason_2], NULL) = cia_reasons('spend', c, 2)) AS reasons
FROM spend_scores v JOIN customer c USING (id);
SELECT count(*), bool_and(v.class = cia_class('plan', c) AND v.score = cia_score('plan', c)) AS class,
	   bool_and(jsonb_build_object('basic', probability_basic, 'gold', probability_gold, 'plus', probability_plus) = cia_probabilities('plan', c)) AS probabilities
FROM plan_scores v JOIN customer c USING (id);
SELECT count(*), bool_and((v.segment, v.distance) = (cia_segment('kinds', c), cia_segment_distance('kinds', c))) AS segment,
	   bool_and(v.probability = (SELECT max(value::float8) FROM jsonb_each_text(cia_segment_probabilities('kinds', c)))) AS probability,
	   bool_and(v.reason_1 = (cia_reasons('kinds', c, 1))[1]) AS reason, bool_and(v.region IS NOT DISTINCT FROM c.region AND v.age = c.age) AS columns
FROM kind_scores v JOIN customer c USING (id);

-- Reasons are those of the row, whoever asked for which ones just before.
SELECT count(*) FILTER (WHERE told[1:2] <> two OR told <> again OR told <> by_value) AS wrong, count(DISTINCT told) > 10 AS many
FROM (SELECT cia_reasons('churn', c) AS told, cia_reasons('churn', c, 2) AS two, cia_reasons('churn', d), cia_reasons('churn', c) AS again, cia_reasons(content, c) AS by_value
	  FROM customer c JOIN customer d ON d.id = 401 - c.id, cia_versions WHERE model = 'churn') r;

-- Bands: 1 holds the highest tenth of the scores of the holdout.
WITH kept AS (SELECT content, ARRAY(SELECT jsonb_array_elements_text(content::jsonb #> '{training,score_quantiles}')::float8) AS q FROM cia_versions WHERE model = 'churn')
SELECT bool_and(cia_band(content, score) = cia_band('churn', score)) AS by_value,
	   bool_and(band = 10 - (SELECT count(*) FROM generate_series(3, 19, 2) i WHERE score >= q[i])) AS right,
	   bool_and(cia_band('churn', score, 4) = 4 - (SELECT count(*) FROM generate_series(6, 16, 5) i WHERE score >= q[i])) AS quarters
FROM churn_scores, kept;
SELECT cia_band('churn', 2), cia_band('churn', -2), cia_band('churn', 'NaN') AS nan, cia_band('churn', NULL) AS no_score, cia_band(NULL::text, 0.5) AS no_model;
SELECT cia_band('churn', 0.5, 3);
SELECT cia_band('nobody', 0.5);

-- A model from elsewhere may have no quantiles.
SELECT cia_band(jsonb_set(content::jsonb, '{training}', quantiles)::text::cia_model, 0.5) FROM cia_versions, (VALUES ('{}'::jsonb), ('{"score_quantiles": [1, 2]}'), ('{"score_quantiles": "none"}')) q(quantiles) WHERE model = 'churn';

-- Bands with names.
SELECT cia_create_scoring_view('named', 'churn', 'customer', '{id}', '{"reasons": 0, "bands": {"hi''gh": 0.5, "low": null, "mid, dle": 0.25}}');
SELECT band, min(score) >= CASE band WHEN 'low' THEN 0 WHEN 'mid, dle' THEN 0.25 ELSE 0.5 END AND max(score) < CASE band WHEN 'low' THEN 0.25 WHEN 'mid, dle' THEN 0.5 ELSE 1 END AS right FROM named GROUP BY band ORDER BY band;
SELECT cia_create_scoring_view('above', 'churn', 'customer', '{id}', '{"reasons": 0, "bands": {"high": 0.5}}');
SELECT coalesce(band, '-') AS band, min(score) < 0.5 AS low FROM above GROUP BY band ORDER BY 1;
SELECT shape(cia_create_scoring_view('bare', 'churn', 'customer', '{id}', '{"reasons": 0, "bands": 0, "columns": []}'));
SELECT shape(cia_create_scoring_view('odd', 'kinds', 'customer', '{id}', '{"reasons": 0, "bands": 4}'));

-- The planner sees through the row: an id reaches its index, and nothing is computed that nobody reads.
EXPLAIN (VERBOSE, COSTS OFF) SELECT score FROM churn_scores WHERE id = 42;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, band FROM spend_scores WHERE id = 42;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM kind_scores;
-- reasons of the ten best only, below the sort there are none
SELECT cia_create_scoring_view('tree_scores', 'trees', 'customer', '{id}', '{"reasons": 1}');
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, score, reason_1 FROM tree_scores ORDER BY score DESC LIMIT 10;

-- It follows the version in production, unless one is named.
SELECT cia_create_scoring_view('fixed', 'churn@1', 'customer', '{id}', '{"reasons": 0}');
PREPARE risk AS SELECT version, (SELECT sum(cia_score('churn', c)) FROM customer c) = sum(score) AS right FROM churn_scores GROUP BY version;
EXECUTE risk;
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', id => '{id}', features => '{age,visits,plan}', options => '{"promote": "always"}');
EXECUTE risk;
SELECT version, sum(score) = (SELECT sum(cia_score('churn@1', c)) FROM customer c) AS right FROM fixed GROUP BY version;
SELECT cia_rollback('churn') IS NOT NULL AS back;
EXECUTE risk;
-- a column that is added to the table is there for later versions
ALTER TABLE customer ADD income int;
UPDATE customer SET income = age * 10 + id % 7;
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', id => '{id}', features => '{age,income,visits}', options => '{"promote": "always", "l2": 1}');
EXECUTE risk;
DEALLOCATE risk;

-- Replacing; what is there already.
\set SHOW_CONTEXT never
SELECT cia_create_scoring_view('fixed', 'churn', 'customer', '{id}');
SELECT shape(cia_create_scoring_view('fixed', 'churn', 'customer', '{id}', '{"reasons": 2, "replace": true}'));
SELECT DISTINCT version FROM fixed;
SELECT cia_create_scoring_view('fixed', 'churn', 'customer', '{id}', '{"reasons": 1, "replace": true}');
SELECT cia_create_scoring_view('customer', 'churn', 'customer', '{id}', '{"replace": true}');
SELECT cia_create_scoring_view('customer', 'churn', 'customer', '{id}');

-- Types that not all tools read are shown as others; domains as what they are made of.
CREATE VIEW typed AS SELECT c.*, ('00000000-0000-0000-0000-' || lpad(id::text, 12, '0'))::uuid AS uuid, region::town AS town, id::account AS account, ARRAY[id] AS list,
	timestamptz '2026-01-01 00:00+01' + id * interval '1 h' AS at, timestamp '2026-01-01' AS local_at, date '2026-01-01' AS day, id::numeric(9,2) AS amount, 'x'::varchar(5) AS code,
	'y'::char(3) AS short, id::real AS real, id::smallint AS small, id::bigint AS big, id % 2 = 0 AS even, to_jsonb(id) AS json, c AS pair, 'n'::name AS name, interval '1 d' AS span
FROM customer c;
\x
SELECT shape(cia_create_scoring_view('typed_scores', 'churn', 'typed', '{uuid,account,at}',
	'{"reasons": 1, "columns": ["town", "list", "local_at", "day", "amount", "code", "short", "real", "small", "big", "even", "json", "pair", "name", "span", "region", "age"]}'));
SELECT uuid, account, at, town, list, json, pair, name, span FROM typed_scores WHERE account = 7;
\x
SELECT string_agg(DISTINCT data_type, ', ') AS other_types FROM information_schema.columns
WHERE table_name IN ('churn_scores', 'spend_scores', 'plan_scores', 'kind_scores', 'typed_scores', 'named') AND data_type NOT IN ('boolean', 'smallint', 'integer', 'bigint', 'real', 'double precision',
	'numeric', 'text', 'character varying', 'character', 'date', 'timestamp without time zone');

-- Names with quotes, capitals and signs; schemas; labels; temporary tables; a column that is called like the row.
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."Cust""omer" AS SELECT *, id AS "we""ird '' näme", id AS s, 'it''s "' || region AS label FROM customer;
SELECT version FROM cia_train('it''s\ ', '"My Schema"."Cust""omer"', 'label', 'multinomial', features => '{age,visits}', options => '{"l2": 1}');
SELECT shape(cia_create_scoring_view('"My Schema"."View ""x"""', 'it''s\ ', '"My Schema"."Cust""omer"', '{"we\"ird '''' näme",s}', '{"probabilities": true, "reasons": 0}'));
SELECT count(*), bool_and("we""ird '' näme" = s) AS ids, bool_and(abs("probability_it's ""north" + "probability_it's ""south" + "probability_it's ""east" - 1) < 1e-9) AS sum FROM "My Schema"."View ""x""";
-- labels that are the same to the length of a name
SELECT version FROM cia_train('long', 'SELECT age, visits, repeat(''long '', 12) || id % 3 AS label FROM customer', 'label', 'multinomial', options => '{"l2": 1}');
SELECT shape(cia_create_scoring_view('pg_temp.long_scores', 'long', 'customer', '{id}', '{"probabilities": true, "reasons": 0}'));
SELECT count(*), bool_and(abs(sum - 1) < 1e-9) AS sum FROM (SELECT id, sum(value::float8) FROM long_scores s, jsonb_each_text(to_jsonb(s)) WHERE key LIKE 'probability_long%' GROUP BY id) p;
SELECT cia_create_scoring_view('pg_temp.brief', 'churn', 'customer', '{id}');
CREATE TEMP TABLE few AS SELECT * FROM customer LIMIT 3;
SELECT cia_create_scoring_view('few_scores', 'churn', 'few', '{id}');
SELECT relname, relpersistence FROM pg_class WHERE relname IN ('brief', 'few_scores') ORDER BY relname;
SELECT count(*) FROM few_scores;

-- Sources: whatever a view can be made of, and nothing that gets out of its place.
SELECT s, cia_create_scoring_view('v' || n, 'spend', s, '{id}', '{"reasons": 0}') FROM unnest(ARRAY[' public . "customer" ', 'TABLE customer', '(SELECT * FROM customer)', 'SELECT * FROM customer -- all',
	' /* ; */ SELECT * FROM customer; -- all', 'SELECT * FROM customer ORDER BY age LIMIT 150', 'WITH c AS (SELECT * FROM customer) SELECT * FROM c', 'SELECT s.* FROM customer s',
	'SELECT 1 AS id, max(age) AS age, 5 AS visits FROM customer', 'typed', 'churn_scores JOIN customer USING (id)']) WITH ORDINALITY AS u(s, n) WHERE n <= 10;
SELECT (SELECT count(*) FROM v1), (SELECT count(*) FROM v5), (SELECT count(*) FROM v6), (SELECT score = cia_score('spend', '{"age": 59, "visits": 5}'::jsonb) FROM v9);
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT 1 AS id, 2 AS age, 3 AS visits) s, (SELECT 2', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT 1 AS id; SELECT 2', '{id}');
\set VERBOSITY sqlstate
SELECT cia_create_scoring_view('bad', 'spend', 'WITH gone AS (DELETE FROM customer RETURNING *) SELECT * FROM gone', '{id}');
\set VERBOSITY default
SELECT cia_create_scoring_view('bad', 'spend', 'nowhere', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT id, age FROM customer', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT id, age, region AS visits FROM customer', '{id}');

-- What is wrong with the other arguments.
SELECT cia_create_scoring_view('bad', 'nobody', 'customer', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{ID}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{NULL}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', NULL);
SELECT cia_create_scoring_view(NULL, 'spend', 'customer', '{id}');
SELECT cia_create_scoring_view('bad', NULL, 'customer', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', NULL, '{id}');
SELECT cia_create_scoring_view('', 'spend', 'customer', '{id}');
SELECT cia_create_scoring_view('"no schema".bad', 'spend', 'customer', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id,age}', '{"columns": ["id"]}');
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT *, 1 AS score FROM customer', '{score}');
SELECT cia_create_scoring_view('bad', 'spend', 'SELECT *, 1 AS id FROM customer', '{id}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', options) FROM unnest(ARRAY['{"bnads": 3}']::jsonb[]) options;
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"bands": 7}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"bands": "ten"}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"bands": {}}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"bands": {"low": "0.2"}}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"bands": {"low": 0.2, "high": 0.20}}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"reasons": 21}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"columns": "age"}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"columns": ["nope"]}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '{"probabilities": true}');
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}', '[]');
BEGIN READ ONLY;
SELECT cia_create_scoring_view('bad', 'spend', 'customer', '{id}');
ROLLBACK;

-- Rights: who makes it needs the source and the model; who reads it, SELECT on the view and the privilege score.
\set VERBOSITY terse
CREATE ROLE regress_cia_maker;
CREATE ROLE regress_cia_reader;
CREATE SCHEMA made AUTHORIZATION regress_cia_maker;
GRANT USAGE ON SCHEMA made TO regress_cia_reader;
SET ROLE regress_cia_maker;
SELECT cia_create_scoring_view('made.scores', 'spend', 'customer', '{id}');
RESET ROLE;
SELECT cia_grant('spend', 'regress_cia_maker', 'score');
SET ROLE regress_cia_maker;
-- the view is made, as PostgreSQL makes any, and answers when its owner may read the table
SELECT cia_create_scoring_view('public.scores', 'spend', 'customer', '{id}');
SELECT cia_create_scoring_view('made.scores', 'spend', 'customer', '{id}', '{"reasons": 1}');
SELECT count(*) FROM made.scores;
RESET ROLE;
GRANT SELECT ON customer TO regress_cia_maker;
SET ROLE regress_cia_maker;
SELECT count(score), count(version) FROM made.scores;
GRANT SELECT ON made.scores TO regress_cia_reader;
SET ROLE regress_cia_reader;
SELECT score FROM made.scores WHERE id = 1;
RESET ROLE;
SELECT cia_grant('spend', 'regress_cia_reader', 'score');
SET ROLE regress_cia_reader;
SELECT count(score), count(band), min(version), count(reason_1) > 0 AS reasons FROM made.scores;
SELECT cia_score('spend', c) FROM customer c;
-- with security_invoker the reader needs the table, too, and has its own policies
SET ROLE regress_cia_maker;
SELECT cia_create_scoring_view('made.own_scores', 'spend', 'customer', '{id}', '{"security_invoker": true, "reasons": 0}');
GRANT SELECT ON made.own_scores TO regress_cia_reader;
SET ROLE regress_cia_reader;
SELECT count(score) FROM made.own_scores;
RESET ROLE;
GRANT SELECT ON customer TO regress_cia_reader;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON customer TO regress_cia_maker USING (true);
CREATE POLICY few_rows ON customer TO regress_cia_reader USING (id <= 5);
SET ROLE regress_cia_reader;
SELECT (SELECT count(score) FROM made.own_scores) AS own, (SELECT count(score) FROM made.scores) AS of_owner;
-- the materialized form needs no right on the model
SET ROLE regress_cia_maker;
CREATE MATERIALIZED VIEW made.kept AS SELECT * FROM made.scores;
GRANT SELECT ON made.kept TO regress_cia_reader;
RESET ROLE;
SELECT cia_revoke('spend', 'regress_cia_reader', 'score');
SET ROLE regress_cia_reader;
SELECT count(score), count(version) FROM made.kept;
SELECT count(score) FROM made.scores;
SET ROLE regress_cia_maker;
REFRESH MATERIALIZED VIEW made.kept;
RESET ROLE;

-- A model that is dropped or renamed is missed when the view is read.
SELECT cia_drop_model('kinds');
SELECT count(region) FROM kind_scores;
SELECT count(segment) FROM kind_scores;

SET client_min_messages = warning;
DROP SCHEMA "My Schema", made CASCADE;
DROP TABLE customer, few CASCADE;
DROP FUNCTION shape(regclass);
DROP TYPE town;
DROP DOMAIN account;
DROP ROLE regress_cia_maker, regress_cia_reader;
SELECT cia_drop_model(m) FROM unnest(ARRAY['churn', 'spend', 'plan', 'trees', 'long', 'it''s\ ']) m;
