-- SPDX-License-Identifier: PostgreSQL
-- segment_far.sql: rows so far from all segments that squares are out of range, and documents that would make all rows so.

CREATE VIEW far_algorithm AS SELECT name FROM unnest('{kmeans,hierarchical,gaussian_mixture}'::text[]) name;
-- three kinds: far down on the left, far up on the right, and in between
CREATE TABLE far_customer AS
SELECT i AS customer_id, (i % 3 - 1) * 10 + (i * 7919 % 1000) / 500.0 AS x, (i % 3 - 1) * 10 + (i * 104729 % 1000) / 500.0 AS y, CASE WHEN i % 3 = 0 OR i % 7 = 0 THEN 'a' ELSE 'b' END AS plan
FROM generate_series(1, 300) i;
SELECT name, version, notes FROM far_algorithm, cia_train(name, 'far_customer', algorithm => name, id => '{customer_id}', options => '{"k": 3, "holdout": 0}') ORDER BY 1;
SELECT count(cia_name_segment(name, cia_segment(name, c), CASE customer_id WHEN 3 THEN 'down' WHEN 4 THEN 'middle' ELSE 'up' END)) AS named
FROM far_algorithm, (SELECT * FROM far_customer WHERE customer_id BETWEEN 3 AND 5) c;
-- the segment, its probability and the distance, which goes on growing
CREATE VIEW far_row AS SELECT n, x, y, 'a' AS plan
FROM (VALUES (1, 1e15::float8, 1e15::float8), (2, -1e100, -2e99), (3, 1e155, 1e155), (4, -1e200, NULL), (5, 1e300, 1e290), (6, 1.7e308, 1.7e308), (7, -1.7e308, 1e300)) v(n, x, y);
SELECT name, string_agg(format('%s %s', cia_segment(name, r), cia_segment_probabilities(name, r) ->> cia_segment(name, r)), ', ' ORDER BY n) AS segments FROM far_algorithm, far_row r WHERE n < 7 GROUP BY 1 ORDER BY 1;
SELECT name, bool_and(cia_segment_distance(name, r) / 1e15 BETWEEN 0.9 * near AND 1.1 * near) AS in_proportion
FROM (SELECT name, r, cia_segment_distance(name, t) / 1e6 AS near FROM far_algorithm, far_row f, LATERAL (SELECT f.x / 1e94 AS x, f.y / 1e94 AS y, f.plan) t, LATERAL (SELECT f.x / 1e94 * 1e9 AS x, f.y / 1e94 * 1e9 AS y, f.plan) r WHERE n = 2) s GROUP BY 1 ORDER BY 1;
SELECT name, bool_and(cia_score(name, r) = cia_segment_distance(name, r) AND cia_score(name, r) > abs(r.x) / 100) AS as_large FROM far_algorithm, far_row r GROUP BY 1 ORDER BY 1;
-- by value, and from jsonb, the same
SELECT name, bool_and(cia_segment(name, r) = cia_segment(content, to_jsonb(r))) AS same FROM far_algorithm JOIN cia_versions v ON v.model = name, far_row r GROUP BY 1 ORDER BY 1;
SELECT metric, value IS NOT NULL AS known FROM cia_evaluate('gaussian_mixture', 'SELECT * FROM far_row WHERE n = 1') ORDER BY 1;

-- what makes it so
SELECT n, bool_and(contribution BETWEEN -1.7e308 AND 1.7e308) AS numbers, count(*) AS features, cia_reasons('kmeans', r) IS NOT NULL AS reasons FROM far_row r, cia_explain('kmeans', r) GROUP BY n, r ORDER BY n;
SELECT feature, contribution > 0 AS nearer FROM far_row r, cia_explain('hierarchical', r) WHERE n = 3 AND feature <> 'bias' ORDER BY 1;
SELECT * FROM far_row r, cia_explain('gaussian_mixture', r) WHERE n = 3;
SELECT cia_reasons('gaussian_mixture', r) FROM far_row r WHERE n = 5;

-- documents with numbers that leave no distances are no models
CREATE FUNCTION pg_temp.changed(name text, path text[], number text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN left(cia_segment(jsonb_set(v.content::text::jsonb, path, number::jsonb)::text::cia_model, '{"x": 1, "y": 2, "plan": "a"}'::jsonb), 0) || 'read' FROM cia_versions v WHERE v.model = name;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT model, path[2] AS part, value, pg_temp.changed(model, path, value)
FROM (VALUES ('kmeans', '{learned,centers,0}'::text[], '1e150'), ('kmeans', '{learned,centers,0}', '1e160'), ('kmeans', '{learned,category_weight,0}', '1e305'), ('hierarchical', '{learned,centers,1}', '-1e308'),
	('gaussian_mixture', '{learned,factors,0}', '1e149'), ('gaussian_mixture', '{learned,factors,0}', '1e160'), ('gaussian_mixture', '{learned,factors,0}', '1e-200')) t(model, path, value);
-- rows whose squares are out of range train nothing
SELECT cia_train('far', 'SELECT i * 1e151 AS a, i AS b FROM generate_series(1, 50) i', algorithm => name, options => '{"k": 2, "holdout": 0, "scale": "none"}') FROM far_algorithm WHERE name = 'kmeans';

SELECT count(cia_drop_model(name)) FROM far_algorithm;
DROP VIEW far_row, far_algorithm;
DROP TABLE far_customer;
