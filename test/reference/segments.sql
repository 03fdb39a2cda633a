-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run on segments_rows and segments_scikit_learn (segments.py): kmeans, the measures
-- of its segments and gaussian_mixture against scikit-learn.
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SELECT no_plan();

CREATE FUNCTION segment_source(text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT "row", x FROM segments_rows WHERE set = %L', $1) $$;
SELECT count(*) FROM (SELECT DISTINCT set, scale, k FROM segments_scikit_learn) s,
	cia_train(s.set || '_' || scale, segment_source(s.set), algorithm => 'kmeans', id => '{row}',
		options => jsonb_build_object('k', k::int, 'scale', scale, 'holdout', 0)) \gset ignored_

-- The sum of squared distances is the best of ten runs or less.
SELECT ok(ours <= value::float8 + 1e-9, format('%s, scale %s: inertia %s is at most %s', set, scale, ours, value))
FROM segments_scikit_learn s, LATERAL (SELECT (content::text::jsonb #>> '{learned,inertia,0}')::float8 AS ours
	FROM cia_versions WHERE model = s.set || '_' || scale) o
WHERE name = 'inertia' ORDER BY set, scale;

-- Where it is the same, so are the segments, whatever they are called, and all measures of them.
CREATE TABLE same AS
SELECT set, scale FROM segments_scikit_learn s, LATERAL (SELECT (content::text::jsonb #>> '{learned,inertia,0}')::float8 AS ours
	FROM cia_versions WHERE model = s.set || '_' || scale) o
WHERE name = 'inertia' AND abs(ours / value::float8 - 1) < 1e-12;
SELECT ok(count(*) >= 6, format('%s of 8 are the same minimum', count(*))) FROM same;
SELECT ok(count(DISTINCT (theirs, ours)) = max(k::int) AND count(DISTINCT theirs) = max(k::int) AND count(DISTINCT ours) = max(k::int),
	format('%s, scale %s: %s rows are in the same segments', set, scale, count(*)))
FROM (SELECT set, scale, s.k, (s.value::int[])[r."row"] AS theirs, cia_segment(s.set || '_' || scale, r) AS ours
	  FROM segments_scikit_learn s JOIN same USING (set, scale) JOIN segments_rows r USING (set) WHERE name = 'segments') rows
GROUP BY set, scale ORDER BY set, scale;
SELECT ok(abs(e.value / s.value::float8 - 1) <= 1e-12, format('%s, scale %s: %s is %s, not %s', set, scale, name, e.value, s.value))
FROM segments_scikit_learn s JOIN same USING (set, scale), cia_evaluate(s.set || '_' || scale, segment_source(s.set), '{"rows": "all"}') e
WHERE e.metric = s.name AND s.name <> 'inertia' ORDER BY set, scale, name;
SELECT ok(abs(e.value * rows.count / s.value::float8 - 1) <= 1e-12, format('%s, scale %s: inertia of a row is %s', set, scale, e.value))
FROM segments_scikit_learn s JOIN same USING (set, scale), cia_evaluate(s.set || '_' || scale, segment_source(s.set), '{"rows": "all"}') e,
	LATERAL (SELECT count(*) FROM segments_rows r WHERE r.set = s.set) rows
WHERE e.metric = 'inertia' AND s.name = 'inertia' ORDER BY set, scale;

-- Mixtures are as likely as the best of ten runs or more; where they are as likely, the same to all purposes.
CREATE TABLE mixture AS
SELECT set, scale, split_part(name, ' ', 2) AS kind, k::int, value::float8 AS theirs, format('%s_%s_%s', set, scale, split_part(name, ' ', 2)) AS model, NULL::float8 AS ours
FROM segments_scikit_learn WHERE name LIKE 'log_likelihood %';
SELECT count(*) FROM mixture, cia_train(mixture.model, segment_source(set), algorithm => 'gaussian_mixture', id => '{row}',
	options => jsonb_build_object('k', k, 'scale', scale, 'covariance', kind, 'tolerance', 1e-12, 'max_iterations', 100000, 'restarts', 40, 'holdout', 0)) \gset ignored_
UPDATE mixture SET ours = value FROM mixture m, cia_evaluate(m.model, segment_source(m.set), '{"rows": "all"}') e
WHERE m.model = mixture.model AND e.metric = 'log_likelihood';
SELECT ok(ours >= theirs - 1e-9, format('%s, scale %s, %s: log-likelihood %s is at least %s', set, scale, kind, ours, theirs)) FROM mixture ORDER BY set, scale, kind;
DELETE FROM mixture WHERE abs(ours - theirs) > 1e-8;
SELECT ok(count(*) >= 8, format('%s of 16 are the same maximum', count(*))) FROM mixture;
SELECT ok(count(DISTINCT (theirs, ours)) = max(k) AND count(DISTINCT theirs) = max(k) AND count(DISTINCT ours) = max(k),
	format('%s, scale %s, %s: %s rows are in the same segments', set, scale, kind, count(*)))
FROM (SELECT set, scale, kind, mixture.k, (s.value::int[])[r."row"] AS theirs, cia_segment(model, r) AS ours
	  FROM segments_scikit_learn s JOIN mixture USING (set, scale) JOIN segments_rows r USING (set) WHERE name = 'segments ' || kind) rows
GROUP BY set, scale, kind ORDER BY set, scale, kind;
SELECT ok(abs(e.value / s.value::float8 - 1) <= 1e-7, format('%s, scale %s, %s: %s is %s, not %s', set, scale, kind, e.metric, e.value, s.value))
FROM segments_scikit_learn s JOIN mixture USING (set, scale), cia_evaluate(model, segment_source(s.set), '{"rows": "all"}') e
WHERE name = e.metric || ' ' || kind AND e.metric IN ('aic', 'bic') ORDER BY set, scale, kind, e.metric;

-- Trees: the heights of all steps, and how many rows each has below it.
SELECT ok(max(abs(height / theirs - 1)) < 1e-9 AND bool_and(d.rows = s.rows[step]), format('%s, scale %s: the tree by linkage %s is scipy''s', set, scale, linkage))
FROM segments_scipy s, LATERAL (SELECT cia_fit(r, 'hierarchical', jsonb_build_object('k', 3, 'scale', scale, 'linkage', linkage, 'holdout', 0, 'id', '["row"]'::jsonb, 'features', '["x"]'::jsonb)) AS m
		FROM segments_rows r WHERE r.set = s.set) fit, cia_dendrogram(m) d, LATERAL (SELECT heights[step] AS theirs) t
GROUP BY set, scale, linkage ORDER BY set, scale, linkage;

SELECT * FROM finish();
