-- Curves, tables and decisions of a classifier over a source.
CREATE TABLE customer AS
SELECT i AS id, u % 60 AS age, v % 30 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   CASE WHEN i % 20 > 0 THEN u % 60 + v % 30 + (i * 17 % 40) > 65 END AS churned,
	   10 + 2 * (v % 30) - u % 60 + i * 17 % 40 AS spend, (ARRAY['basic', 'gold', 'plus'])[1 + (u % 60 + i * 11 % 30) / 30] AS plan, 1 + i % 3 AS w
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 800) i) s;
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', features => '{age,visits,region}');
SELECT model FROM cia_train('weighted', 'customer', 'churned', id => '{id}', features => '{age,visits,region}', weight => 'w');
SELECT model FROM cia_train('coarse', 'customer', 'churned', id => '{id}', features => '{region}');
SELECT model FROM cia_train('spend', 'customer', 'spend', id => '{id}', features => '{age,visits,region}');
SELECT model FROM cia_train('plan', 'customer', 'plan', 'multinomial', id => '{id}', features => '{age,visits,region}');
CREATE VIEW known AS SELECT * FROM customer WHERE churned IS NOT NULL;
CREATE TABLE scored AS SELECT id, churned, cia_score('churn', k) AS p FROM known k;

-- The area under the ROC curve is the AUC; all points are what SQL counts.
SELECT abs(sum((false_positive_rate - f) * (true_positive_rate + t) / 2) - (SELECT value FROM cia_evaluate('churn', 'customer') WHERE metric = 'auc')) < 1e-12 AS is_auc
FROM (SELECT *, lag(false_positive_rate) OVER w AS f, lag(true_positive_rate) OVER w AS t
	  FROM cia_roc_curve('churn', 'customer') WINDOW w AS (ORDER BY threshold DESC)) s;
SET client_min_messages = warning;
SELECT count(*) > 100 AS many, bool_and(abs(false_positive_rate - miss) < 1e-12 AND abs(true_positive_rate - hit) < 1e-12 AND rows = n) AS counted
FROM cia_roc_curve('churn', 'known', '{"points": 0}') c,
	 LATERAL (SELECT count(*) FILTER (WHERE p >= threshold) AS n,
					 count(*) FILTER (WHERE churned AND p >= threshold)::float8 / count(*) FILTER (WHERE churned) AS hit,
					 count(*) FILTER (WHERE NOT churned AND p >= threshold)::float8 / count(*) FILTER (WHERE NOT churned) AS miss FROM scored) s;
SELECT count(*) > 100 AS many, bool_and(abs("precision" - CASE WHEN n > 0 THEN hits / n ELSE 1 END) < 1e-12 AND abs(recall - hits / all_hits) < 1e-12 AND rows = n) AS counted
FROM cia_pr_curve('churn', 'known', '{"points": 0}') c,
	 LATERAL (SELECT count(*) FILTER (WHERE p >= threshold) AS n, count(*) FILTER (WHERE churned AND p >= threshold)::float8 AS hits,
					 count(*) FILTER (WHERE churned) AS all_hits FROM scored) s;
-- Fewer points on request, with both ends, and all of them on the curve.
SELECT points, count(*) <= points AS few, count(*) > points / 2 AS enough, min(rows), max(rows),
	   count(*) = count(f.threshold) AS all_on_it
FROM (VALUES (2), (10), (50)) v(points), LATERAL cia_roc_curve('churn', 'known', format('{"points": %s}', points)::jsonb) c
LEFT JOIN (SELECT threshold FROM cia_roc_curve('churn', 'known', '{"points": 0}')) f USING (threshold)
GROUP BY points ORDER BY points;

-- Deciles: the rows add up, the rates are what SQL counts between the bounds.
SELECT bin, rows, responders = hits AS same, abs(rate - hits::float8 / n) < 1e-12 AS rate, round(lift::numeric, 2) AS lift,
	   round(cumulative_gain::numeric, 2) AS gain, round(cumulative_lift::numeric, 2) AS cumulative_lift, round(ks::numeric, 2) AS ks
FROM cia_lift_table('churn', 'known') t,
	 LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE churned) AS hits FROM scored WHERE p BETWEEN low AND high) s
ORDER BY bin;
-- Rows of one score are never torn apart.
SELECT bin, rows, low = high AS one_score, cumulative_share, cumulative_gain FROM cia_lift_table('coarse', 'known') ORDER BY bin;
SELECT count(*), sum(rows) FROM cia_lift_table('churn', 'known', '{"bins": 20}');

-- Calibration: bins of the same size or of the same width.
SELECT strategy, count(*) AS bins, sum(rows) AS rows, bool_and(abs(mean_score - mean) < 1e-12 AND abs(observed_rate - rate) < 1e-12) AS counted,
	   bool_and(observed_low <= observed_rate AND observed_rate <= observed_high) AS inside, bool_and(abs(mean_score - observed_rate - difference) < 1e-15) AS differs
FROM (VALUES ('quantile'), ('uniform')) v(strategy), cia_calibration('churn', 'known', jsonb_build_object('strategy', strategy)) t,
	 LATERAL (SELECT avg(p) AS mean, avg(churned::int) AS rate FROM scored WHERE p BETWEEN low AND high) s
GROUP BY strategy ORDER BY strategy;
SELECT bin, round(low::numeric, 2) AS low, round(high::numeric, 2) AS high, rows FROM cia_calibration('churn', 'known', '{"bins": 4}') ORDER BY bin;

-- A row of weight 2 is the row twice.
SELECT (SELECT array_agg(c::text ORDER BY threshold) FROM cia_roc_curve('weighted', 'SELECT * FROM known WHERE w <= 2', '{"points": 0}') c)
	 = (SELECT array_agg(c::text ORDER BY threshold) FROM cia_roc_curve('weighted', 'SELECT age, visits, region, churned, 1 AS w FROM known, generate_series(1, w) WHERE w <= 2', '{"points": 0}') c) AS same_curve,
	   (SELECT array_agg(c::text ORDER BY bin) FROM cia_lift_table('weighted', 'SELECT * FROM known WHERE w <= 2') c)
	 = (SELECT array_agg(c::text ORDER BY bin) FROM cia_lift_table('weighted', 'SELECT age, visits, region, churned, 1 AS w FROM known, generate_series(1, w) WHERE w <= 2') c) AS same_lift;

-- The confusion matrix, of two classes and of several, is what SQL counts.
SELECT c.*, s.n = c.rows AS same FROM cia_confusion('churn', 'known', '{"threshold": 0.3}') c
JOIN (SELECT churned::text AS actual, (p >= 0.3)::text AS predicted, count(*) AS n FROM scored GROUP BY 1, 2) s USING (actual, predicted)
ORDER BY actual, predicted;
SELECT count(*) AS cells, sum(c.rows) AS rows, bool_and(coalesce(s.n, 0) = c.rows) AS same FROM cia_confusion('plan', 'customer', '{"rows": "all"}') c
LEFT JOIN (SELECT plan AS actual, cia_class('plan', r) AS predicted, count(*) AS n FROM customer r GROUP BY 1, 2) s USING (actual, predicted);
-- A class that the model does not know is always wrong.
SELECT actual, sum(rows) AS rows, round(sum(share_of_actual)::numeric, 6) AS share FROM cia_confusion('plan', $$SELECT age, visits, region, CASE WHEN id < 100 THEN 'new' ELSE plan END AS plan FROM customer$$)
GROUP BY actual ORDER BY actual;
SELECT actual, predicted, rows FROM cia_confusion('churn', 'SELECT * FROM known WHERE false');

-- The cut-off that costs least: no other costs less.
SELECT rule, threshold > 0 AND threshold < 1 AS inside, cost, round(cost_per_row::numeric, 4) AS per_row, selected, true_positives, false_positives, false_negatives, true_negatives
FROM cia_threshold('churn', 'known', 1, 4);
SELECT (SELECT min(c) FROM (SELECT count(*) FILTER (WHERE NOT a.churned AND a.p >= b.p) + 4 * count(*) FILTER (WHERE a.churned AND a.p < b.p) AS c
							FROM scored a, scored b GROUP BY b.p) s)
	 = (SELECT cost FROM cia_threshold('churn', 'known', 1, 4) WHERE rule = 'cheapest') AS least;
SELECT rule, threshold, cost FROM cia_threshold('churn', 'known', 0, 0);
SELECT rule, cost, selected FROM cia_threshold('churn', 'known', 1, 0);

-- Residuals, with what joins them back.
SELECT count(*), bool_and(abs(residual - (c.spend - cia_score('spend', c))) < 1e-9 AND residual = deviance_residual) AS same,
	   abs(avg(standardized ^ 2) - 1) < 1e-12 AS unit
FROM cia_residuals('spend', 'customer', '{"rows": "all"}') r JOIN customer c ON c.id = r.id[1]::int;
SELECT count(*), bool_and(abs(score - p) < 1e-12 AND target = churned::int) AS same, bool_and(abs(deviance_residual ^ 2 + 2 * ln(CASE WHEN churned THEN p ELSE 1 - p END)) < 1e-12) AS deviance,
	   bool_and(sign(deviance_residual) = sign(residual)) AS signs
FROM cia_residuals('churn', 'customer') r JOIN scored s ON s.id = r.id[1]::int;
SELECT row_number, id, target FROM cia_residuals('churn', 'SELECT age, visits, region, churned FROM known ORDER BY id LIMIT 3') ORDER BY 1;
SELECT r.row_number, c.id FROM cia_residuals('churn', 'SELECT * FROM customer WHERE id > 17 ORDER BY id LIMIT 6') r JOIN customer c ON c.id = r.id[1]::int ORDER BY 1;
SELECT * FROM cia_residuals('spend', 'SELECT * FROM known WHERE false');

-- Fairness by a column that is no feature; the rows without a group are one.
SELECT f.group, f.rows, f.selection_rate = s.rate AND f.true_positive_rate = s.hit AND f.false_positive_rate = s.miss AS counted,
	   abs(mean_score - mean) < 1e-12 AND abs(observed_rate - observed) < 1e-12 AS calibrated, selection_low < selection_rate AND selection_rate < selection_high AS inside,
	   round(selection_ratio::numeric, 3) AS ratio, four_fifths, round(true_positive_ratio::numeric, 3) AS tpr_ratio, round(false_positive_ratio::numeric, 3) AS fpr_ratio
FROM cia_fairness('churn', $$SELECT *, nullif(plan, 'plus') AS who FROM known$$, 'who', 0.4) f
JOIN (SELECT nullif(plan, 'plus') AS who, avg((p >= 0.4)::int)::float8 AS rate, (count(*) FILTER (WHERE churned AND p >= 0.4))::float8 / count(*) FILTER (WHERE churned) AS hit,
			 (count(*) FILTER (WHERE NOT churned AND p >= 0.4))::float8 / count(*) FILTER (WHERE NOT churned) AS miss, avg(p) AS mean, avg(churned::int) AS observed
	  FROM scored JOIN customer USING (id, churned) GROUP BY 1) s ON s.who IS NOT DISTINCT FROM f.group ORDER BY f.group;
SELECT "group", round(selection_rate::numeric, 3) AS rate, round(selection_ratio::numeric, 3) AS ratio, four_fifths
FROM cia_fairness('churn', 'known', 'region', 0.4, '{"favourable": "rejected"}') ORDER BY "group";
-- Any type has groups; a feature, the target and the id too.
SELECT "group", rows FROM cia_fairness('churn', $$SELECT *, date '2026-01-01' + id % 2 AS day FROM known$$, 'day') ORDER BY "group";
SELECT "group", true_positive_rate IS NULL AS none, false_positive_rate IS NULL AS none, observed_rate FROM cia_fairness('churn', 'known', 'churned') ORDER BY "group";
SELECT count(*) FROM cia_fairness('churn', 'customer', 'id');
SELECT "group", selection_rate, selection_ratio, four_fifths FROM cia_fairness('churn', 'known', 'plan', 1) ORDER BY "group";
SELECT * FROM cia_fairness('churn', 'SELECT * FROM known WHERE false', 'plan');

-- No rows, one row, one class.
SELECT * FROM cia_roc_curve('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_pr_curve('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_lift_table('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_calibration('churn', 'SELECT * FROM known WHERE false');
SELECT false_positive_rate, true_positive_rate, rows FROM cia_roc_curve('churn', 'SELECT * FROM known WHERE churned ORDER BY id LIMIT 1');
SELECT "precision", recall, rows FROM cia_pr_curve('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
SELECT bin, rows, responders, rate, lift, cumulative_gain, ks FROM cia_lift_table('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
SELECT bin, rows, observed_rate, round(observed_high::numeric, 3) AS high FROM cia_calibration('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
-- Which model is better, on rows that neither has seen.
RESET client_min_messages;
SELECT metric, round(difference::numeric, 3) AS difference, low <= difference AND difference <= high AS inside, p_value < 0.001 AS certain, better FROM cia_compare('churn', 'coarse', 'customer');
SELECT metric, difference, p_value, better FROM cia_compare('churn', 'churn', 'known') WHERE metric <> 'rows';
SET client_min_messages = warning;
-- Both sides are what cia_evaluate says; the other way round is the opposite.
SELECT bool_and(abs(c.a - e.value) < 1e-12 AND abs(c.b - f.value) < 1e-12 AND abs(c.a - c.b - c.difference) < 1e-15) AS same, bool_and(abs(c.difference + d.difference) < 1e-15 AND abs(c.low + d.high) < 1e-12 AND c.p_value = d.p_value AND c.better = d.better) AS opposite, count(*)
FROM cia_compare('churn', 'coarse', 'known') c JOIN cia_compare('coarse', 'churn', 'known') d USING (metric)
JOIN cia_evaluate('churn', 'known') e USING (metric) JOIN cia_evaluate('coarse', 'known') f USING (metric) WHERE metric <> 'rows';
-- McNemar's mid-p by its formula.
SELECT abs(p_value - (SELECT 2 * sum((factorial(n) / factorial(k) / factorial(n - k) / 2::numeric ^ n)::float8 * CASE WHEN k < least THEN 1 ELSE 0.5 END)
	FROM (SELECT least(count(*) FILTER (WHERE a AND NOT b), count(*) FILTER (WHERE b AND NOT a))::int AS least, count(*) FILTER (WHERE a <> b)::int AS n
		  FROM (SELECT churned = (cia_score('churn', k) >= 0.5) AS a, churned = (cia_score('weighted', k) >= 0.5) AS b FROM known k) s) s,
		 LATERAL (SELECT generate_series(0, least) AS k) k)) < 1e-9 AS same
FROM cia_compare('churn', 'weighted', 'known') WHERE metric = 'accuracy';
SELECT model FROM cia_train('thrift', 'customer', 'spend', id => '{id}', features => '{age}');
SELECT metric, round(difference::numeric, 3) AS difference, p_value < 0.001 AS certain, better FROM cia_compare('thrift', 'spend', 'customer');
SELECT model FROM cia_train('plain', 'customer', 'plan', 'multinomial', id => '{id}', features => '{region}');
SELECT metric, difference > 0 AS more, p_value < 0.05 AS certain, better FROM cia_compare('plan', 'plain', 'customer');
SELECT metric, a > b AS more, better FROM cia_compare('weighted', 'coarse', 'customer');
-- Versions; no rows; one row; one class.
SELECT model FROM cia_train('churn', 'customer', 'churned', id => '{id}', features => '{age}');
SELECT metric, better FROM cia_compare('churn@1', 'churn@2', 'customer');
SELECT * FROM cia_compare('churn', 'coarse', 'SELECT * FROM known WHERE false');
SELECT metric, difference IS NOT NULL AS difference, p_value IS NOT NULL AS p FROM cia_compare('churn', 'coarse', 'SELECT * FROM known ORDER BY id LIMIT 1');
SELECT metric, difference IS NOT NULL AS difference, p_value IS NOT NULL AS p FROM cia_compare('churn', 'coarse', 'SELECT * FROM known WHERE churned');
-- Rows by another id, and other shares: those that both have kept out.
SELECT model FROM cia_train('nameless', 'customer', 'churned', features => '{age}', options => '{"holdout": 0.5}');
SELECT a = (SELECT count(*) FROM cia_residuals('nameless', 'customer') a JOIN cia_residuals('coarse', 'SELECT * FROM customer', '{"rows": "holdout"}') b USING (row_number)) AS both, a > 0 AS some
FROM cia_compare('nameless', 'coarse', 'customer') WHERE metric = 'rows';
RESET client_min_messages;

-- What is wrong is said.
SELECT * FROM cia_roc_curve('spend', 'customer');
\echo :SQLSTATE
SELECT * FROM cia_calibration('plan', 'customer');
\echo :SQLSTATE
SELECT * FROM cia_lift_table('churn', 'customer', '{"bins": 1}');
\echo :SQLSTATE
SELECT * FROM cia_roc_curve('churn', 'customer', '{"bins": 10}');
SELECT * FROM cia_calibration('churn', 'customer', '{"strategy": "kmeans"}');
SELECT * FROM cia_confusion('spend', 'customer');
\echo :SQLSTATE
SELECT * FROM cia_confusion('churn', 'customer', '{"threshold": 1.5}');
SELECT * FROM cia_threshold('churn', 'customer', -1, 4);
\echo :SQLSTATE
SELECT * FROM cia_threshold('churn', 'customer', 1, 'infinity');
SELECT * FROM cia_threshold('spend', 'customer', 1, 1);
SELECT * FROM cia_residuals('plan', 'customer');
SELECT * FROM cia_fairness('churn', 'customer', 'sex');
\echo :SQLSTATE
SELECT * FROM cia_fairness('churn', 'customer', 'region', 2);
\echo :SQLSTATE
SELECT * FROM cia_fairness('churn', 'SELECT a.*, b AS who FROM known a, generate_series(1, 2) b', 'id', options => '{"favourable": "women"}');
SELECT * FROM cia_fairness('churn', 'SELECT id + 800 * b AS id, age, visits, region, churned FROM known a, generate_series(1, 2) b', 'id');
\echo :SQLSTATE
SELECT * FROM cia_fairness('spend', 'customer', 'region');
SELECT * FROM cia_compare('churn', 'spend', 'customer');
\echo :SQLSTATE
SELECT * FROM cia_compare('churn', 'nobody', 'customer');
\echo :SQLSTATE
SELECT model FROM cia_train('stay', 'customer', 'churned', id => '{id}', features => '{age}', options => '{"positive": "false"}');
SELECT * FROM cia_compare('churn', 'stay', 'customer');
SELECT model FROM cia_train('kept', 'SELECT * FROM customer WHERE id < 60', 'churned', features => '{age}', options => '{"holdout": 0.05}');
SELECT * FROM cia_compare('kept', 'churn', 'SELECT * FROM customer WHERE id < 60', '{"rows": "holdout"}');
\echo :SQLSTATE

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP VIEW known;
DROP TABLE customer, scored;
