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

-- No rows, one row, one class.
SELECT * FROM cia_roc_curve('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_pr_curve('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_lift_table('churn', 'SELECT * FROM known WHERE false');
SELECT * FROM cia_calibration('churn', 'SELECT * FROM known WHERE false');
SELECT false_positive_rate, true_positive_rate, rows FROM cia_roc_curve('churn', 'SELECT * FROM known WHERE churned ORDER BY id LIMIT 1');
SELECT "precision", recall, rows FROM cia_pr_curve('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
SELECT bin, rows, responders, rate, lift, cumulative_gain, ks FROM cia_lift_table('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
SELECT bin, rows, observed_rate, round(observed_high::numeric, 3) AS high FROM cia_calibration('churn', 'SELECT * FROM known WHERE NOT churned ORDER BY id LIMIT 1');
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

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP VIEW known;
DROP TABLE customer, scored;
