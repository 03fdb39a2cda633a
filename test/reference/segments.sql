-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run on segments_rows and segments_scikit_learn (segments.py): kmeans and the measures
-- of its segments against scikit-learn.
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

SELECT * FROM finish();
