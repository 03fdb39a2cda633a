-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run on judging_rows, judging_scikit_learn, judging_r and judging_fairness: the functions over
-- (model, source) against scikit-learn (judging.py), R with pROC (judging.R) and fairlearn (fairness.py), to 1e-12.
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SELECT no_plan();

-- Models whose score is known: a coefficient of 1 and nothing else, put in place of what was learned.
CREATE VIEW judged_source AS SELECT row_number() OVER () AS id, rows, z_a, z_b, y = 1 AS y, value, w FROM judging_rows;
SELECT count(*) FROM cia_train('a', 'judged_source', 'y', 'logistic', id => '{id}', features => '{z_a}', weight => 'w') AS a,
	cia_train('b', 'judged_source', 'y', 'logistic', id => '{id}', features => '{z_b}', weight => 'w') AS b,
	cia_train('v', 'judged_source', 'value', 'linear', id => '{id}', features => '{z_a}', weight => 'w') AS v \gset ignored_
UPDATE cia_version SET content = jsonb_set(jsonb_set(content::text::jsonb, '{learned,coefficients}', '[1]'), '{learned,intercept}', '[0]')::text::cia_model
WHERE model IN (SELECT id FROM cia_registry WHERE name IN ('a', 'b', 'v'));
SELECT ok(max(abs(cia_score('a', s) - 1 / (1 + exp(-z_a)))) < 1e-15 AND max(abs(cia_score('v', s) - z_a)) < 1e-15, 'the scores are those of the reference')
FROM judged_source s;

CREATE FUNCTION source_of(text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT * FROM judged_source WHERE rows = %L', $1) $$;
CREATE FUNCTION near(float8, float8) RETURNS boolean LANGUAGE sql AS $$ SELECT coalesce(abs($1 - $2) <= 1e-12 OR $1 = $2, $1 IS NULL AND $2 IS NULL) $$;

-- What scikit-learn says.
SELECT ok(near(e.value, s.a), format('%s: %s is %s, not %s', s.rows, s.name, e.value, s.a))
FROM judging_scikit_learn s, cia_evaluate(CASE s.of WHEN 'values' THEN 'v' ELSE 'a' END, source_of(s.rows)) e
WHERE s.of IN ('two classes', 'values') AND e.metric = s.name ORDER BY s.rows, s.name;
CREATE TABLE drawn AS
	SELECT r.rows, 'roc' AS of, row_number() OVER (PARTITION BY r.rows ORDER BY threshold DESC) - 1 AS place, threshold AS a, false_positive_rate AS b, true_positive_rate AS c
	FROM (SELECT DISTINCT rows FROM judging_rows) r, cia_roc_curve('a', source_of(r.rows), '{"points": 0}')
	UNION ALL
	SELECT r.rows, 'pr', row_number() OVER (PARTITION BY r.rows ORDER BY threshold DESC) - 1, threshold, "precision", recall
	FROM (SELECT DISTINCT rows FROM judging_rows) r, cia_pr_curve('a', source_of(r.rows), '{"points": 0}')
	UNION ALL
	SELECT r.rows, strategy, bin, mean_score, observed_rate, NULL
	FROM (SELECT DISTINCT rows FROM judging_rows WHERE rows <> 'weighted') r, (VALUES ('quantile'), ('uniform')) v(strategy),
		 cia_calibration('a', source_of(r.rows), jsonb_build_object('strategy', strategy))
	UNION ALL
	SELECT r.rows, 'confusion', 2 * actual::boolean::int + predicted::boolean::int, c.rows, NULL, NULL
	FROM (SELECT DISTINCT rows FROM judging_rows) r, cia_confusion('a', source_of(r.rows)) c;
SELECT ok(bool_and(near(d.a, s.a) AND near(d.b, s.b) AND near(d.c, s.c)) AND count(d.rows) = count(*) AND count(s.rows) = count(*),
		  format('%s: %s has the same %s points as scikit-learn''s', coalesce(d.rows, s.rows), coalesce(d.of, s.of), count(s.rows)))
FROM drawn d FULL JOIN (SELECT *, name::bigint AS place FROM judging_scikit_learn WHERE of NOT IN ('two classes', 'values')) s USING (rows, of, place)
GROUP BY coalesce(d.rows, s.rows), coalesce(d.of, s.of) ORDER BY 1;

-- What R and pROC say.
SELECT ok(near(e.value, r.a) AND near(e.low, r.b) AND near(e.high, r.c), format('%s: interval of %s', r.rows, r.name))
FROM judging_r r, cia_evaluate('a', source_of(r.rows)) e WHERE r.of = 'interval' AND e.metric = r.name ORDER BY r.rows, r.name;
SELECT ok(near(c.difference, r.a) AND near(c.low, r.b) AND near(c.high, r.c) AND near(c.p_value, r.d), format('%s: paired test of %s', r.rows, r.name))
FROM judging_r r, cia_compare('a', 'b', source_of(r.rows)) c WHERE r.of = 'difference' AND c.metric = r.name ORDER BY r.rows, r.name;
SELECT ok(bool_and(near(l.rows, r.a) AND near(l.responders, r.b) AND near(l.lift, r.c) AND near(l.cumulative_gain, r.d)) AND count(l.bin) = count(*) AND count(r.rows) = count(*),
		  format('%s: lift of %s deciles', coalesce(s.rows, r.rows), count(*)))
FROM (SELECT DISTINCT rows FROM judging_rows) s CROSS JOIN cia_lift_table('a', source_of(s.rows)) l FULL JOIN (SELECT * FROM judging_r WHERE of = 'lift') r ON r.rows = s.rows AND r.name = l.bin::text
GROUP BY coalesce(s.rows, r.rows) ORDER BY 1;
SELECT ok(bool_and(near(l.cumulative_share, r.a) AND near(l.cumulative_lift, r.b) AND near(l.ks, r.c)), format('%s: cumulative lift and KS', s.rows))
FROM (SELECT DISTINCT rows FROM judging_rows) s, cia_lift_table('a', source_of(s.rows)) l, judging_r r WHERE r.of = 'cumulative lift' AND r.rows = s.rows AND r.name = l.bin::text
GROUP BY s.rows ORDER BY s.rows;

-- What fairlearn says of three groups: rates of each, and the least ratio between two of them.
CREATE TABLE fares AS SELECT r.*, f.* FROM (SELECT DISTINCT rows AS set, threshold FROM judging_fairness) r,
	cia_fairness('a', format($$SELECT *, CASE WHEN value < -1 THEN 'low' WHEN value < 1 THEN 'middle' ELSE 'high' END AS fate FROM judged_source WHERE rows = %L$$, r.set), 'fate', r.threshold) f;
SELECT ok(count(c.set) = 3 AND bool_and(near(r.value, c.value)), format('%s: %s of the groups at %s', r.rows, r.name, r.threshold))
FROM judging_fairness r LEFT JOIN (SELECT set, threshold, "group", key AS name, value::float8 FROM fares f, jsonb_each_text(to_jsonb(f) - '{set,threshold,group,four_fifths}'::text[])) c
	ON c.set = r.rows AND c.threshold = r.threshold AND c."group" = r.group_name AND c.name = r.name
WHERE r.group_name <> '' GROUP BY r.rows, r.name, r.threshold ORDER BY r.rows, r.name, r.threshold;
SELECT ok(near(r.value, min(CASE r.name WHEN 'selection_rate' THEN selection_ratio WHEN 'true_positive_rate' THEN true_positive_ratio ELSE false_positive_ratio END))
		AND (r.name <> 'selection_rate' OR bool_and(four_fifths) = (r.value >= 0.8)), format('%s: ratio of %s at %s', r.rows, r.name, r.threshold))
FROM judging_fairness r JOIN fares f ON f.set = r.rows AND f.threshold = r.threshold WHERE r.group_name IS NULL OR r.group_name = '' GROUP BY r.rows, r.name, r.threshold, r.value ORDER BY r.rows, r.name, r.threshold;
SELECT * FROM finish();
