-- Option by: one model whose parts serve a group of rows each.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, v % 30 AS visits, CASE WHEN i % 17 > 0 THEN (u % 97) * 1.5 END AS income,
	   (ARRAY['north', 'south', 'east', 'west', NULL])[1 + i % 5] AS region, i % 4 AS branch, i % 2 = 0 AS vip,
	   'town ' || v % 7 AS town, 0.5 + i % 3 AS weight,
	   (u % 60) * (i % 5 - 1) + 2 * (v % 30) + (u * v % 40) > 60 AS churned,
	   10 + (1 + i % 5) * (v % 30) - (u % 60) + (u * v % 11) AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 2000) i) s;

SELECT model, version, algorithm, rows_used, features, metric, notes
FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend}', options => '{"promote": "always", "by": "region"}');
SELECT group_value, rows, trained, metric, value BETWEEN 0.5 AND 1 AS value, note FROM cia_groups('churn') ORDER BY 1;
SELECT feature, type, kind, labels, use FROM cia_features('churn') ORDER BY position;

-- The part that serves a row is the model of the group's rows alone, bit for bit.
DO $$
DECLARE
	g text;
BEGIN
	FOREACH g IN ARRAY ARRAY['north', 'south', 'east', 'west'] LOOP
		PERFORM cia_train('churn_' || g, format('SELECT * FROM customer WHERE region = %L', g), 'churned', id => '{id}', exclude => '{spend}');
	END LOOP;
	PERFORM cia_train('churn_all', 'customer', 'churned', 'logistic', id => '{id}', exclude => '{spend}');
END $$;
SELECT region, count(*), bool_and(cia_score('churn', c) = CASE region
		WHEN 'north' THEN cia_score('churn_north', c) WHEN 'south' THEN cia_score('churn_south', c)
		WHEN 'east' THEN cia_score('churn_east', c) WHEN 'west' THEN cia_score('churn_west', c)
		ELSE cia_score('churn_all', c) END) AS same
FROM customer c GROUP BY region ORDER BY region;
SELECT p.label, p.learned = v.content::jsonb->'learned' AS same
FROM cia_versions m, jsonb_to_recordset(m.content::jsonb #> '{by,groups}') p(label text, learned jsonb), cia_versions v
WHERE m.model = 'churn' AND v.model = 'churn_' || p.label ORDER BY 1;
-- So is the part taken out, and what serves a region that nobody has met.
SELECT bool_and(cia_score(cia_part('churn', 'north'), c) = cia_score('churn_north', c)) AS part,
	   bool_and(cia_score(cia_part('churn', NULL), c) = cia_score('churn_all', c)) AS overall
FROM customer c WHERE region = 'north' OR region IS NULL;
SELECT bool_and(cia_score('churn', c) = cia_score('churn_all', c)) AS same
FROM (SELECT id, age, visits, income, 'moon' AS region, branch, vip, town, weight FROM customer) c;

-- Every way to hand over a row: record, columns, object, numbers, and by value.
SELECT bool_and(cia_score('churn', to_jsonb(c)) = cia_score('churn', c)) AS object,
	   bool_and(cia_score(v.content, c) = cia_score('churn', c)) AS value,
	   bool_and((cia_probabilities('churn', c)->>'true')::float8 = cia_score('churn', c)) AS probability,
	   bool_and((cia_class('churn', c) = 'true') = (cia_score('churn', c) >= 0.5)) AS class
FROM customer c, cia_versions v WHERE v.model = 'churn';
SELECT count(*), bool_and(cia_score('churn', ARRAY[c.age, c.visits, c.income, array_position(f.labels, c.region), c.branch, c.vip::int,
		array_position((SELECT labels FROM cia_features('churn') WHERE feature = 'town'), c.town), c.weight]::float8[]) = cia_score('churn', c)) AS numbers
FROM customer c, cia_features('churn') f WHERE f.feature = 'region';
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_score('churn', c) FROM customer c;
SELECT rows, inserted FROM cia_score_into('churn', 'customer', 'churn_scores', '{id}');
SELECT bool_and(s.score = cia_score('churn', c)) AS same FROM churn_scores s JOIN customer c USING (id);

-- Contributions add up through the part; the group itself contributes nothing where it has one.
SELECT c.id, min(c.region) AS part, abs(sum(e.contribution) - ln(cia_score('churn', c) / (1 - cia_score('churn', c)))) < 1e-9 AS adds_up,
	   round(max(e.contribution) FILTER (WHERE e.feature = 'region')::numeric, 9) AS region, count(*) AS lines
FROM customer c, cia_explain('churn', c) e WHERE id IN (1, 2, 3, 4) GROUP BY c.id, c.* ORDER BY c.id;
SELECT id, cia_reasons('churn', c, 2) FROM customer c WHERE id IN (1, 4) ORDER BY id;

-- The holdout is judged by the parts, and found again.
SELECT count(*), bool_and(e.value IS NOT DISTINCT FROM (v.metrics->>e.metric)::float8) AS same
FROM cia_versions v, cia_evaluate('churn', 'customer') e WHERE v.model = 'churn';
SELECT metric, value FROM cia_evaluate('churn', 'SELECT * FROM customer WHERE region = ''south''', '{"rows": "all"}') WHERE metric = 'rows';

-- What is known of regressions is told part by part.
SELECT part, count(*), count(standard_error) FROM cia_coefficients('churn') GROUP BY part ORDER BY part;
SELECT part, max(value) FILTER (WHERE statistic = 'observations') AS observations FROM cia_summary('churn') GROUP BY part ORDER BY part;
SELECT bool_and(p.coefficient = n.coefficient AND p.standard_error IS NOT DISTINCT FROM n.standard_error) AS same, count(*)
FROM cia_coefficients('churn') p JOIN cia_coefficients('churn_north') n USING (term) WHERE p.part = 'north';
SELECT line FROM regexp_split_to_table(cia_print('churn'), '\n') line WHERE line LIKE '====%';
SELECT algorithm FROM cia_train('card', 'customer', 'churned', features => '{town,branch}', id => '{id}', options => '{"by": "region", "encode": "woe", "max_bins": 3}');
SELECT part, count(*) > 0 AS lines FROM cia_scorecard('card') GROUP BY part ORDER BY part;
SELECT bool_and(p.points = s.points) AS same FROM cia_scorecard('card') p JOIN cia_scorecard(cia_part('card', 'west')) s USING (feature, bin) WHERE p.part = 'west';

-- Any type whose values have one text each names groups; so do other tasks, weights, and numbers of groups.
SELECT g, t.notes[1:1]
FROM unnest(ARRAY['branch', 'vip', 'town', 'letter', 'region']) WITH ORDINALITY u(g, n),
	 LATERAL cia_train('spend_' || g, 'SELECT *, ''x''::"char" AS letter FROM customer', 'spend', 'linear', id => '{id}', exclude => '{churned}', weight => 'weight', options => jsonb_build_object('by', g, 'l2', 1)) t ORDER BY n;
SELECT model, group_value, rows, trained FROM cia_models, cia_groups(model) WHERE model ~ '^spend_(vip|branch|letter)' ORDER BY 1, 2;
SELECT count(*), bool_and(cia_score('spend_vip', to_jsonb(c)) = cia_score('spend_vip', c)) AS vip, bool_and(cia_score('spend_branch', to_jsonb(c)) = cia_score('spend_branch', c)) AS branch FROM customer c;
SELECT algorithm, features FROM cia_train('many', 'customer', 'town', 'multinomial', id => '{id}', exclude => '{spend,churned}', options => '{"by": "branch", "l2": 1}');
SELECT group_value, rows, trained, note FROM cia_groups('many') ORDER BY 1;
SELECT bool_and(abs((SELECT sum(value::float8) FROM jsonb_each_text(cia_probabilities('many', c))) - 1) < 1e-12) AS sums,
	   bool_and((cia_probabilities('many', c)->>cia_class('many', c))::float8 = cia_score('many', c)) AS likeliest FROM customer c;

-- A penalty chosen by folds, which follow from the keys: again what the group alone gives.
SELECT 1 AS trained FROM cia_train('net', 'customer', 'spend', 'linear', id => '{id}', exclude => '{churned}', options => '{"by": "region", "lambda": "auto", "lambdas": 20}');
SELECT 1 AS trained FROM cia_train('net_east', 'SELECT * FROM customer WHERE region = ''east''', 'spend', 'linear', id => '{id}', exclude => '{churned}', options => '{"lambda": "auto", "lambdas": 20}');
SELECT bool_and(cia_score('net', c) = cia_score('net_east', c)) AS same FROM customer c WHERE region = 'east';

-- A column that only names groups: left out of the features, or not among them.
SELECT notes[3:], features FROM cia_train('churn', 'customer', 'churned', features => '{age,visits}', id => '{id}', options => '{"by": "region"}');
SELECT (content::jsonb #> '{by,overall,features}')->0->>'name' AS first, jsonb_array_length(content::jsonb #> '{by,overall,features}') AS features FROM cia_versions WHERE model = 'churn' AND production;
SELECT features FROM cia_train('churn', 'customer', 'churned', exclude => '{region,spend}', id => '{id}', options => '{"by": "region"}');
SELECT jsonb_path_query_array(content::jsonb, '$.by.overall.features.name') FROM cia_versions WHERE model = 'churn' AND production;

-- Groups that give no model are served by that of all rows, and say why.
CREATE TABLE odd AS
SELECT c.id, c.age, c.visits, c.age + CASE WHEN g = 'dependent' THEN 0 ELSE u END AS other,
	   CASE WHEN g = 'constant' THEN 3 ELSE c.income END AS income, g,
	   CASE WHEN g = 'one class' THEN true WHEN g = 'constant' THEN c.id % 2 = 0 ELSE c.churned END AS churned
FROM (SELECT c, (ARRAY['sound', 'sound', 'dependent', 'one class', 'few'])[1 + CASE WHEN (c).id % 5 = 4 AND (c).id > 30 THEN 0 ELSE (c).id % 5 END] AS g, (c).id % 13 AS u FROM customer c) x, LATERAL (SELECT (x.c).*) c;
UPDATE odd SET g = 'constant', age = 1, visits = 1, other = 1, income = 3, churned = id % 2 = 0 WHERE id % 50 = 0;
SELECT notes FROM cia_train('odd', 'odd', 'churned', id => '{id}', options => '{"by": "g", "l2": 0}');
SELECT group_value, rows, trained, value IS NULL AS unknown, note FROM cia_groups('odd') ORDER BY 1;
SELECT bool_and(cia_score('odd', o) = cia_score(cia_part('odd', NULL), o)) AS same FROM odd o WHERE g <> 'sound';
SELECT cia_part('odd', 'few');
\echo :SQLSTATE
SELECT cia_part('churn_all', 'few');
\echo :SQLSTATE
SELECT count(*) FROM cia_groups('churn_all');

-- As an aggregate too, in parallel, with groups within groups.
SELECT vip, (SELECT array_agg(group_value ORDER BY group_value) FROM cia_groups(m) WHERE trained) AS groups
FROM (SELECT vip, cia_fit(c, churned, 'logistic', '{"by": "region", "id": ["id"], "exclude": ["spend", "churned"]}') AS m FROM customer c GROUP BY vip) x ORDER BY vip;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT jsonb_path_query_array(cia_fit(c, churned, 'logistic', '{"by": "region", "id": ["id"], "exclude": ["spend", "churned"]}')::jsonb, '$.by.**.learned') = v.learned AS same
FROM customer c, (SELECT jsonb_path_query_array(content::jsonb, '$.by.**.learned') AS learned FROM cia_versions WHERE model = 'churn' AND version = 1) v GROUP BY v.learned;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- What is wrong is said.
SELECT cia_train('churn', 'customer', 'churned', options => '{"by": "planet"}');
\echo :SQLSTATE
SELECT cia_train('churn', 'customer', 'churned', options => '{"by": "churned"}');
\echo :SQLSTATE
SELECT cia_train('churn', 'customer', 'churned', id => '{id,region}', options => '{"by": "region"}');
SELECT cia_train('churn', 'customer', 'churned', weight => 'weight', options => '{"by": "weight"}');
SELECT cia_train('churn', 'customer', 'churned', options => '{"by": "income"}');
\echo :SQLSTATE
SELECT cia_train('churn', 'SELECT *, now() AS at FROM customer', 'churned', options => '{"by": "at"}');
SELECT cia_train('churn', 'SELECT *, ARRAY[age, visits]::float8[] AS a FROM customer', 'churned', options => '{"by": "a"}');
\echo :SQLSTATE
SELECT cia_train('churn', 'customer', 'churned', options => '{"by": "id"}');
\echo :SQLSTATE
SELECT cia_train('churn', 'customer', 'churned', options => '{"by": 1}');
SELECT cia_fit(c, churned, 'logistic', '{"by": "planet"}') FROM customer c;
SET cia.max_memory = '1MB';
SELECT cia_train('churn', 'SELECT c.*, k FROM customer c, generate_series(1, 5) k', 'churned', options => '{"by": "region"}');
\echo :SQLSTATE
RESET cia.max_memory;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE customer, churn_scores, odd;
