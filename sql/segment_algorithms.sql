-- SPDX-License-Identifier: PostgreSQL
-- segment_algorithms.sql: what kmeans, hierarchical and gaussian_mixture do alike.

CREATE FUNCTION segment_uniform(seed text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || left(md5(seed), 8))::bit(32)::bigint + 0.5) / 4294967296.0 $$;
CREATE FUNCTION segment_normal(seed text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT sqrt(-2 * ln(segment_uniform(seed))) * cos(2 * pi() * segment_uniform(seed || ' ')) $$;
CREATE VIEW segment_algorithm AS SELECT name FROM unnest('{kmeans,hierarchical,gaussian_mixture}'::text[]) name;

--
-- How many there are
--

-- 2 to 12 kinds; those of 4 lie in groups: two of them are near each other
CREATE TABLE segment_of AS
SELECT k, i AS id, i % k * 7 % 13 * 10 + segment_normal(i || 'a') AS a, i % k * 5 % 11 * 10 + segment_normal(i || 'b') AS b, i % k * 3 % 7 * 10 + segment_normal(i || 'c') AS c
FROM generate_series(2, 12) k, generate_series(1, 40 * k) i;
SELECT name, string_agg(format('%s of %s', chosen, k), ', ' ORDER BY k) AS chosen
FROM segment_algorithm, unnest('{2,3,4,6,9,12}'::int[]) k, LATERAL (SELECT c.k AS chosen
	FROM cia_choose_k(format('SELECT id, a, b, c FROM segment_of WHERE k = %s', k), name, id => '{id}', options => jsonb_build_object('max_k', k + 1) || CASE WHEN name = 'hierarchical' THEN '{}' ELSE '{"restarts": 4}'::jsonb END) c WHERE c.chosen) table_of
GROUP BY 1 ORDER BY 1;
SELECT name, cia_fit(s, name, '{"max_k": 6, "id": ["id"], "exclude": ["k"]}')::text::jsonb #> '{target,counts}' AS counts FROM segment_algorithm, segment_of s WHERE k = 5 GROUP BY 1 ORDER BY 1;
-- rows spread evenly, and one kind alone, have no structure
SELECT name, (SELECT left(string_agg(note, '; '), 18) FROM cia_train('even', 'SELECT i AS id, segment_uniform(i || ''p'') AS a, segment_uniform(i || ''q'') AS b FROM generate_series(1, 900) i',
	algorithm => name, id => '{id}', options => '{"max_k": 5, "promote": "always"}'), unnest(notes) note WHERE note LIKE 'no clear%') AS even,
	(SELECT left(string_agg(note, '; '), 18) FROM cia_train('even', 'SELECT i AS id, segment_normal(i || ''p'') AS a, segment_normal(i || ''q'') AS b FROM generate_series(1, 900) i',
	algorithm => name, id => '{id}', options => '{"max_k": 5, "promote": "always"}'), unnest(notes) note WHERE note LIKE 'no clear%') AS one_kind
FROM segment_algorithm ORDER BY 1;
SELECT cia_drop_model('even');
DROP TABLE segment_of;

--
-- A model as any other
--

CREATE TABLE segment_client AS
SELECT i AS client, CASE WHEN i % 4 IN (0, 1) THEN 9000 ELSE 500 END + 700 * segment_normal(i || 'a') AS balance,
	   CASE WHEN i % 40 > 0 THEN greatest(0, CASE WHEN i % 4 IN (0, 2) THEN 40 ELSE 4 END + round(4 * segment_normal(i || 'b')))::int END AS logins,
	   CASE WHEN i % 4 = 3 THEN 'basic' WHEN i % 11 > 0 THEN 'plus' END AS plan,
	   CASE WHEN i % 4 IN (0, 1) THEN 300 ELSE 90 END + 20 * segment_normal(i || 'c') AS spent
FROM generate_series(1, 1600) i;
CREATE VIEW segment_later AS
SELECT client, balance * 1.08 + 20 + 100 * segment_normal(client || 'd') AS balance, logins + (client % 5 = 0)::int AS logins, plan, spent * 0.97 + 5 * segment_normal(client || 'e') AS spent
FROM segment_client WHERE client % 20 <> 8;
SELECT name, version, rows_used, metric FROM segment_algorithm, cia_train(name, 'segment_client', algorithm => name, id => '{client}', options => '{"k": 4}') ORDER BY 1;
-- trained again on changed rows, labels stay; so does a name given by hand
SELECT name, cia_name_segment(name, cia_segment(name, c), 'Savers') FROM segment_algorithm, segment_client c WHERE client = 1 ORDER BY 1;
SELECT name, version FROM segment_algorithm, cia_retrain(name, 'segment_later', '{"promote": "always"}') ORDER BY 1;
SELECT name, avg((cia_segment(name || '@1', c) = cia_segment(name || '@2', l))::int) >= 0.95 AS kept, cia_segment(name, (SELECT f FROM segment_client f WHERE client = 1)) AS named
FROM segment_algorithm, segment_client c JOIN segment_later l USING (client) GROUP BY 1 ORDER BY 1;
-- sizes, profiles, who moved; contributions and reasons; importance
SELECT name, (SELECT sum(rows) FROM cia_segment_sizes(name, 'segment_client')) AS sizes,
	   (SELECT count(DISTINCT segment) FROM cia_segment_profile(name, 'segment_client')) AS profiles, (SELECT count(DISTINCT segment) FROM cia_segment_profile(name)) AS by_centers,
	   (SELECT sum(rows) FILTER (WHERE from_segment = to_segment) > 0.95 * sum(rows) FROM cia_segment_migration(name, 'SELECT * FROM segment_client WHERE client % 20 <> 8', 'segment_later')) AS most_stay
FROM segment_algorithm ORDER BY 1;
SELECT name, count(feature) AS features, cardinality(cia_reasons(name, (SELECT c FROM segment_client c WHERE client = 3), 2)) AS reasons,
	   (SELECT round(sum(importance)::numeric, 9) FROM cia_importance(name)) AS importance
FROM segment_algorithm, segment_client c, cia_explain(name, c) WHERE client = 3 GROUP BY 1 ORDER BY 1;
-- a table and a view of segments
SELECT name, rows, inserted FROM segment_algorithm, cia_score_into(name, 'segment_client', 'segment_scores_' || name, '{client}') ORDER BY 1;
SELECT name, cia_create_scoring_view('segment_view_' || name, name, 'segment_client', '{client}') IS NOT NULL AS made FROM segment_algorithm ORDER BY 1;
SELECT name, xpath('/row/differ/text()', query_to_xml(format('SELECT count(*) FILTER (WHERE v.segment <> s.class) || '' of '' || count(*) AS differ FROM %I v JOIN %I s USING (client)', 'segment_view_' || name, 'segment_scores_' || name), false, true, '')) AS differ
FROM segment_algorithm ORDER BY 1;
-- found again, copied, told of
SELECT name, verified, cia_import(name || ' again', cia_export(name)) FROM segment_algorithm, cia_verify(name) ORDER BY 1;
SELECT name, count(*) FILTER (WHERE cia_segment(name, c) <> cia_segment(name || ' again', c)) AS differ, cia_model_card(name) ~ 'Savers' AS card,
	   (SELECT count(*) > 0 FROM cia_diff(name, 1, 2)) AS diff
FROM segment_algorithm, segment_client c GROUP BY 1 ORDER BY 1;
-- the tree is hierarchical's alone
SELECT count(*) FROM cia_dendrogram('hierarchical');
SELECT cia_dendrogram('kmeans');
SELECT cia_dendrogram('gaussian_mixture');

--
-- Trouble
--

CREATE FUNCTION segment_trouble(algorithm text, source text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	made record;
BEGIN
	PERFORM cia_train('trouble', source, algorithm => algorithm, id => '{id}', options => options || '{"holdout": 0, "promote": "always"}');
	SELECT rows_used, jsonb_array_length(content::jsonb #> '{target,classes}') AS segments INTO made FROM cia_versions WHERE model = 'trouble' AND production;
	RETURN format('%s segments of %s rows', made.segments, made.rows_used);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, hint);
END $$;
SET client_min_messages = error;
SELECT what, told, string_agg(name, ', ' ORDER BY name) AS algorithms
FROM segment_algorithm, (VALUES
	('more segments than rows', 'SELECT i AS id, i AS a FROM generate_series(1, 3) i', '{"k": 4}'::jsonb),
	('more segments than different rows', 'SELECT i AS id, i % 3 AS a FROM generate_series(1, 90) i', '{"k": 4}'),
	('one segment', 'SELECT i AS id, i AS a FROM generate_series(1, 90) i', '{"k": 1}'),
	('equal rows', 'SELECT i AS id, 7 AS a, ''x'' AS b FROM generate_series(1, 90) i', '{"k": 2}'),
	('a constant column', 'SELECT i AS id, segment_normal(i || ''a'') + i % 2 * 20 AS a, 3 AS b FROM generate_series(1, 90) i', '{"k": 2}'),
	('one huge outlier', 'SELECT i AS id, CASE WHEN i = 9 THEN 1e12 ELSE segment_normal(i || ''a'') + i % 2 * 20 END AS a FROM generate_series(1, 90) i', '{"k": 2}'),
	('no values', 'SELECT i AS id, NULL::float8 AS a, NULL::text AS b FROM generate_series(1, 90) i', '{"k": 2}'),
	('some columns without values', 'SELECT i AS id, segment_normal(i || ''a'') + i % 2 * 20 AS a, NULL::float8 AS b, NULL::text AS c FROM generate_series(1, 90) i', '{"k": 2}'),
	('rows without values', 'SELECT i AS id, CASE WHEN i > 30 THEN segment_normal(i || ''a'') + i % 2 * 20 END AS a, CASE WHEN i > 30 THEN chr(65 + i % 2) END AS b FROM generate_series(1, 90) i', '{"k": 2}'),
	('one row', 'SELECT 1 AS id, 2 AS a', '{"k": 2}'),
	('no row', 'SELECT 1 AS id, 2 AS a WHERE false', '{"k": 2}'),
	('no number of segments, equal rows', 'SELECT i AS id, 7 AS a FROM generate_series(1, 90) i', '{}'),
	('no number of segments, two different rows', 'SELECT i AS id, i % 2 AS a FROM generate_series(1, 90) i', '{}')) v(what, source, options),
	segment_trouble(name, source, options) told
GROUP BY 1, 2 ORDER BY 1, 2;
-- of robust units the others are told apart beside the outlier
SELECT name, count(DISTINCT segment) AS kinds, count(*) FILTER (WHERE rows = 1) AS outlier
FROM (SELECT name, cia_segment(model, jsonb_build_object('a', a)) AS segment, count(*) AS rows
	  FROM segment_algorithm, (SELECT CASE WHEN i = 9 THEN 1e9 ELSE segment_normal(i || 'a') + i % 2 * 20 END AS a FROM generate_series(1, 90) i) r,
		   LATERAL (SELECT cia_fit(x, name, '{"k": 3, "scale": "robust", "holdout": 0}') AS model
					FROM (SELECT CASE WHEN i = 9 THEN 1e9 ELSE segment_normal(i || 'a') + i % 2 * 20 END AS a FROM generate_series(1, 90) i) x) fit
	  WHERE name <> 'gaussian_mixture' GROUP BY 1, 2) s GROUP BY 1 ORDER BY 1;
RESET client_min_messages;

SELECT cia_drop_model(model) FROM cia_models WHERE model IN ('kmeans', 'hierarchical', 'gaussian_mixture', 'kmeans again', 'hierarchical again', 'gaussian_mixture again', 'trouble') ORDER BY model COLLATE "C";
DROP VIEW segment_view_kmeans, segment_view_hierarchical, segment_view_gaussian_mixture, segment_later, segment_algorithm;
DROP TABLE segment_client, segment_scores_kmeans, segment_scores_hierarchical, segment_scores_gaussian_mixture;
DROP FUNCTION segment_trouble, segment_normal, segment_uniform;
