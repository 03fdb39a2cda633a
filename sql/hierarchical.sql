-- SPDX-License-Identifier: PostgreSQL
-- hierarchical.sql: segments of a tree, and the tree.

-- three towns of customers, one of two quarters
CREATE TABLE tree_customer AS
SELECT i AS customer_id,
	   (ARRAY[0, 1, 10, 30])[1 + i % 4] + (i * 7919 % 1000) / 5000.0 AS x, CASE WHEN i % 4 = 3 THEN 8 ELSE 0 END + (i * 104729 % 1000) / 5000.0 AS y
FROM generate_series(1, 1200) i;

SELECT model, version, algorithm, rows_used, features, metric, round(value::numeric, 2) AS value, promoted, notes
FROM cia_train('steps', 'tree_customer', algorithm => 'hierarchical', id => '{customer_id}', options => '{"k": 3, "holdout": 0}');
SELECT cia_segment('steps', c) AS segment, customer_id % 4 AS quarter, count(*) FROM tree_customer c GROUP BY 1, 2 ORDER BY 2, 1;

-- every row is a leaf; a step joins two leaves or earlier steps, and the last one is all
SELECT count(*) AS steps, max(rows) AS rows, bool_and(height >= before) AS ascending, bool_and("left" < step AND "right" < step AND "left" <> 0 AND "right" <> 0) AS earlier,
	   count(*) FILTER (WHERE cardinality(segments) = 1) AS below_the_cut
FROM (SELECT *, lag(height, 1, 0) OVER (ORDER BY step) AS before FROM cia_dendrogram('steps')) d;
SELECT count(*) AS branches, count(DISTINCT branch) AS once FROM cia_dendrogram('steps'), LATERAL (VALUES ("left"), ("right")) b(branch);
SELECT step, rows, segments FROM cia_dendrogram('steps') ORDER BY step DESC LIMIT 3;
-- by value and by name the same; text and bytes keep it
SELECT count(*) AS differ FROM ((SELECT d::text FROM cia_dendrogram('steps') d) EXCEPT (SELECT d::text FROM cia_versions v, cia_dendrogram(v.content::text::cia_model) d WHERE v.model = 'steps')) x;
SELECT verified FROM cia_verify('steps');
SELECT cia_import('steps elsewhere', cia_export('steps'));
SELECT count(*) AS steps FROM cia_dendrogram('steps elsewhere');

-- heights written down: Ward's is that of R's hclust (ward.D2), of two rows their distance
CREATE TABLE tree_few (id int, x float8, weight float8);
INSERT INTO tree_few VALUES (1, 0, 1), (2, 1, 1), (3, 5, 1), (4, 7, 1);
SELECT linkage, string_agg(format('%s rows of %s: %s', d.rows, segments, round(height::numeric, 6)), '; ' ORDER BY step) AS steps
FROM unnest('{ward,average,complete}'::text[]) linkage,
	 LATERAL (SELECT cia_fit(f, 'hierarchical', jsonb_build_object('k', 2, 'holdout', 0, 'scale', 'none', 'linkage', linkage, 'id', '["id"]'::jsonb, 'exclude', '["weight"]'::jsonb)) AS m FROM tree_few f) fit,
	 cia_dendrogram(m) d GROUP BY linkage ORDER BY linkage;
SELECT round(sqrt(2 * 2 * 2 / 4.0 * 5.5 ^ 2)::numeric, 6) AS ward, (5 + 7 + 4 + 6) / 4.0 AS average, 7 AS complete;
-- a weight of two is the same row twice
UPDATE tree_few SET weight = 2 WHERE id = 4;
SELECT (SELECT array_agg(round(height::numeric, 9) ORDER BY step) FROM cia_dendrogram((SELECT cia_fit(f, 'hierarchical', '{"k": 2, "holdout": 0, "scale": "none", "id": ["id"], "weight": "weight"}') FROM tree_few f)))
	 = (SELECT array_agg(round(height::numeric, 9) ORDER BY step) FILTER (WHERE height > 0) FROM cia_dendrogram((SELECT cia_fit(f, 'hierarchical', '{"k": 2, "holdout": 0, "scale": "none", "id": ["id"]}')
		FROM (SELECT id, x FROM tree_few UNION ALL SELECT 5, 7) f))) AS same;

-- of many rows centres are joined; k by itself, the names of those before, all that segments can do
SELECT notes FROM cia_train('steps', 'SELECT i AS customer_id, x, y FROM tree_customer, LATERAL (SELECT customer_id * 10 + g AS i FROM generate_series(1, 3) g) more', algorithm => 'hierarchical',
	id => '{customer_id}', options => '{"max_k": 5, "centers": 50, "promote": "always"}');
SELECT count(*) AS steps, max(rows) AS rows FROM cia_dendrogram('steps');
SELECT cia_segment('steps@1', c) = cia_segment('steps', c) AS kept, count(*) FROM tree_customer c GROUP BY 1 ORDER BY 1;
SELECT metric, value > 0 AS known FROM cia_evaluate('steps', 'tree_customer');
SELECT count(*) AS features FROM tree_customer c, cia_explain('steps', c) WHERE customer_id = 8;
SELECT abs(cia_segment_distance('steps', c) - cia_score('steps', c)) < 1e-12 AS same FROM tree_customer c WHERE customer_id = 8;
SELECT algorithm, task FROM cia_algorithms WHERE algorithm = 'hierarchical';
SELECT option, type, default_value, minimum, maximum FROM cia_options('hierarchical') WHERE option NOT IN (SELECT option FROM cia_options('auto')) ORDER BY 1;

-- what is no tree, and odd rows
SELECT version FROM cia_train('no steps', 'tree_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 3}');
SELECT cia_dendrogram('no steps');
SELECT cia_dendrogram('nobody');
SELECT count(*) FROM cia_dendrogram(NULL::text);
SELECT cia_train('odd', 'tree_customer', algorithm => 'hierarchical', options => '{"linkage": "single"}');
SELECT cia_train('odd', 'tree_customer', target => 'x', algorithm => 'hierarchical');
SELECT cia_train('odd', 'tree_customer', algorithm => 'hierarchical', options => '{"k": 1}');
SELECT cia_train('odd', 'SELECT i AS a FROM generate_series(1, 3) i', algorithm => 'hierarchical', options => '{"k": 4, "holdout": 0}');
SELECT cia_train('odd', 'SELECT i % 3 AS a, i AS id FROM generate_series(1, 50) i', algorithm => 'hierarchical', id => '{id}', options => '{"k": 5}');
SELECT cia_train('odd', 'SELECT i % 3 AS a, i AS id FROM generate_series(1, 5000) i', algorithm => 'hierarchical', id => '{id}', options => '{"k": 5}');
SELECT cia_train('odd', 'SELECT 1 AS a FROM generate_series(1, 50)', algorithm => 'hierarchical', options => '{"k": 2}');
SELECT jsonb_set(m::text::jsonb, '{learned,merge_left,3}', '9')::text::cia_model IS NULL AS read FROM (SELECT content AS m FROM cia_versions WHERE model = 'steps' AND version = 1) v;

SELECT cia_drop_model(model) FROM unnest('{steps,steps elsewhere,no steps}'::text[]) model;
DROP TABLE tree_customer, tree_few;
