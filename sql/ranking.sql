-- Measures as aggregates over two columns: those that need all scores.
CREATE SCHEMA ranking;
SET search_path = ranking, public;
CREATE TABLE judged AS
SELECT i AS id, (i * 37 % 101) / 10.0::float8 - 5 AS s, i * i * 29 % 97 < i * 37 % 101 AS y, (i * 17 % 23 + i * 37 % 11)::float8 AS v,
	   0.25 * (1 + i % 4)::float8 AS w, 'list ' || i % 40 AS list
FROM generate_series(1, 400) i;
CREATE VIEW numbered AS SELECT *, CASE WHEN y THEN 1 ELSE 0 END AS n FROM judged;

-- Each one is what SQL finds by its definition, without weights and with them.
CREATE FUNCTION by_definition(weights text) RETURNS TABLE (metric text, value float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE replace($q$
	WITH pair AS (SELECT a.@ * b.@ AS w, (a.s > b.s)::int + (a.s = b.s)::int / 2.0 AS won, a.y AND NOT b.y AS classes, a.v > b.v AS outcomes FROM judged a, judged b),
	cut AS (SELECT c, sum(@) FILTER (WHERE y) AS p, sum(@) FILTER (WHERE NOT y) AS n, sum(@) FILTER (WHERE y AND s = c) AS gained FROM judged, (SELECT DISTINCT s AS c FROM judged) cuts WHERE s >= c GROUP BY c),
	total AS (SELECT sum(@) FILTER (WHERE y) AS p, sum(@) FILTER (WHERE NOT y) AS n FROM judged)
	SELECT 'auc', (SELECT sum(w * won) / sum(w) FROM pair WHERE classes)::float8
	UNION ALL SELECT 'concordance', (SELECT sum(w * won) / sum(w) FROM pair WHERE outcomes)
	UNION ALL SELECT 'gini', (SELECT 2 * sum(w * won) / sum(w) - 1 FROM pair WHERE classes)
	UNION ALL SELECT 'ks', (SELECT max(abs(coalesce(c.p, 0) / t.p - coalesce(c.n, 0) / t.n)) FROM cut c, total t)
	UNION ALL SELECT 'pr_auc', (SELECT sum(gained / t.p * c.p / (c.p + coalesce(c.n, 0))) FROM cut c, total t)
	$q$, '@', weights);
END $$;
ALTER TABLE judged ADD one float8 DEFAULT 1;
CREATE TABLE measure AS SELECT cia_auc(s, y) AS auc, cia_concordance(s, v) AS concordance, cia_gini(s, y) AS gini, cia_ks(s, y) AS ks, cia_pr_auc(s, y) AS pr_auc FROM judged;
CREATE TABLE weighted AS SELECT cia_auc(s, y, w) AS auc, cia_concordance(s, v, w) AS concordance, cia_gini(s, y, w) AS gini, cia_ks(s, y, w) AS ks, cia_pr_auc(s, y, w) AS pr_auc FROM judged;
SELECT metric, abs(m.value - d.value) < 1e-14 AS unweighted, abs(w.value - v.value) < 1e-14 AS weighted
FROM measure, jsonb_each_text(to_jsonb(measure)) AS a(metric, text) CROSS JOIN LATERAL (SELECT text::float8) m(value)
JOIN by_definition('one') d USING (metric) JOIN by_definition('w') v USING (metric)
JOIN (SELECT key AS metric, b.value::float8 FROM weighted, jsonb_each_text(to_jsonb(weighted)) b) w USING (metric)
ORDER BY metric;

-- Lists: scores that tie share their places.
CREATE VIEW place AS SELECT *, row_number() OVER by_score AS place, sum(n) OVER by_score AS hits, sum(n) OVER all_rows AS relevant,
	row_number() OVER (PARTITION BY list ORDER BY v DESC, id) AS best
FROM (SELECT *, s + id / 1e6 AS untied FROM numbered) t WINDOW by_score AS (PARTITION BY list ORDER BY untied DESC), all_rows AS (PARTITION BY list);
SELECT count(*), count(DISTINCT a.recall) > 1 AND count(DISTINCT a.ap) > 1 AS vary, bool_and(abs(a.recall - b.recall) < 1e-14) AS recall,
	bool_and(abs(a.ap - b.ap) < 1e-14) AS ap, bool_and(abs(a.ndcg - b.ndcg) < 1e-14) AS ndcg, bool_and(abs(a.ndcg_at - b.ndcg_at) < 1e-14) AS ndcg_at
FROM (SELECT list, cia_recall_at(s + id / 1e6, y, 4) AS recall, cia_map_at(s + id / 1e6, y, 4) AS ap, cia_ndcg(s + id / 1e6, v) AS ndcg,
		cia_ndcg(s + id / 1e6, v, 4) AS ndcg_at FROM judged GROUP BY list) a
JOIN (SELECT list, sum(n) FILTER (WHERE place <= 4) / max(relevant)::float8 AS recall,
		sum(n * hits / place::float8) FILTER (WHERE place <= 4) / least(4, max(relevant)) AS ap,
		sum(v / log(2, place + 1)::float8) / sum(v / log(2, best + 1)::float8) AS ndcg,
		sum(v / log(2, place + 1)::float8) FILTER (WHERE place <= 4) / sum(v / log(2, best + 1)::float8) FILTER (WHERE best <= 4) AS ndcg_at
	  FROM place GROUP BY list) b USING (list);
SELECT cia_recall_at(0, i <= 3, 5) AS recall, cia_map_at(0, i = 1, 1) AS chance, round(cia_ndcg(0, i)::numeric, 12) AS ndcg FROM generate_series(1, 10) i;

-- The stability index: shares of the bins that quantiles of the first sample make.
CREATE VIEW sample AS SELECT CASE WHEN id % 2 = 0 THEN v END AS expected, CASE WHEN id % 2 = 1 THEN v + (id % 3) END AS actual FROM judged;
SELECT abs(cia_psi(expected, actual, 4) - (
	WITH edge AS (SELECT percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY expected) AS e FROM sample),
	share AS (SELECT bin, count(expected) / 200.0 AS e, count(actual) / 200.0 AS a
		FROM (SELECT *, (SELECT count(*) FROM unnest(e) x WHERE coalesce(expected, actual) > x) AS bin FROM sample, edge) b GROUP BY bin)
	SELECT sum((a - e) * ln(a / e)) FROM share)) < 1e-14 AS psi, cia_psi(expected, actual) > 0.1 AS shifted, cia_psi(expected, expected) AS none FROM sample;
SELECT round(cia_psi(0, i)::numeric, 12) AS beyond, round((199 / 200.0 - 0) * ln((199 + 0.5) / 200 / (0.5 / 200)) + (1 / 200.0 - 1) * ln(1 / 200.0), 12) AS half_a_row FROM generate_series(0, 199) i;

-- Labels may be numbers of any type; a weight of one is none, two is the row twice, zero is no row.
SELECT cia_auc(s, y) = cia_auc(s, n) AND cia_gini(s, y) = cia_gini(s, n::smallint) AND cia_ks(s, y) = cia_ks(s::numeric, n::bigint) AND
	cia_pr_auc(s, y) = cia_pr_auc(s::real, n::numeric) AND cia_recall_at(s, y, 10) = cia_recall_at(s, n, 10) AND cia_map_at(s, y, 10) = cia_map_at(s, n, 10) AS label_types,
	cia_auc(s, y) = cia_auc(s, n, 3) AND cia_ks(s, y) = cia_ks(s, n, 1) AND cia_concordance(s, v) = cia_concordance(s, v, 1) AS weight_one,
	cia_concordance(s, n) = cia_auc(s, y) AND cia_gini(s, y) = 2 * cia_auc(s, y) - 1 AS kin
FROM numbered;
SELECT twice.auc = w.auc AND twice.ks = w.ks AND twice.c = w.c AS twice
FROM (SELECT cia_auc(s, y) AS auc, cia_ks(s, y) AS ks, cia_concordance(s, v) AS c
	  FROM judged, generate_series(1, 2) AS copy WHERE id % 2 = 0 OR (copy = 1 AND id % 3 > 0)) twice,
	 (SELECT cia_auc(s, y, k) AS auc, cia_ks(s, y, k) AS ks, cia_concordance(s, v, k) AS c
	  FROM (SELECT *, CASE WHEN id % 2 = 0 THEN 2 WHEN id % 3 > 0 THEN 1 ELSE 0 END AS k FROM judged) k) w;

-- GROUP BY, FILTER, OVER and DISTINCT; infinities are scores like others.
SELECT y, cia_concordance(s, v) FILTER (WHERE id > 200) = (SELECT cia_concordance(s, v) FROM judged b WHERE id > 200 AND b.y = a.y) AS filtered FROM judged a GROUP BY y ORDER BY y;
SELECT count(*), bool_and(running IS NOT DISTINCT FROM whole) AS same FROM (
	SELECT cia_auc(s, y) OVER (ORDER BY id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) AS running,
		(SELECT cia_auc(s, y) FROM judged b WHERE b.id BETWEEN a.id - 99 AND a.id) AS whole FROM judged a) w;
SELECT cia_auc(s, y), cia_auc(DISTINCT s, y) FROM (VALUES (1.0::float8, true), (2, false), (2, false), ('Infinity', true), ('-Infinity', false)) t(s, y);

-- In a window each frame is measured anew, whether it grows or moves, with what a filter leaves and where it is empty.
SELECT frame, count(*), count(DISTINCT auc) > 100 AS vary, bool_and(auc IS NOT DISTINCT FROM a) AS auc, bool_and(ks IS NOT DISTINCT FROM k) AS ks, bool_and(pr_auc IS NOT DISTINCT FROM p) AS pr_auc,
	bool_and(concordance IS NOT DISTINCT FROM c) AS concordance, bool_and(psi IS NOT DISTINCT FROM i) AS psi, bool_and(ndcg IS NOT DISTINCT FROM d) AS ndcg, bool_and(recall IS NOT DISTINCT FROM r) AS recall
FROM (SELECT id, 'grows' AS frame, 1 AS first, id AS last, cia_auc(s, y) OVER frame AS auc, cia_ks(s, y, w) OVER frame AS ks, cia_pr_auc(s, y) FILTER (WHERE id % 3 > 0) OVER frame AS pr_auc,
		cia_concordance(s, v) OVER frame AS concordance, cia_psi(s, v) OVER frame AS psi, cia_ndcg(s, v, 5) OVER frame AS ndcg, cia_recall_at(s, y, 5) OVER frame AS recall
	  FROM judged WINDOW frame AS (ORDER BY id)
	  UNION ALL
	  SELECT id, 'moves', id - 30, id - 4, cia_auc(s, y) OVER frame, cia_ks(s, y, w) OVER frame, cia_pr_auc(s, y) FILTER (WHERE id % 3 > 0) OVER frame,
		cia_concordance(s, v) OVER frame, cia_psi(s, v) OVER frame, cia_ndcg(s, v, 5) OVER frame, cia_recall_at(s, y, 5) OVER frame
	  FROM judged WINDOW frame AS (ORDER BY id ROWS BETWEEN 30 PRECEDING AND 4 PRECEDING)) o,
LATERAL (SELECT cia_auc(s, y) AS a, cia_ks(s, y, w) AS k, cia_pr_auc(s, y) FILTER (WHERE id % 3 > 0) AS p, cia_concordance(s, v) AS c, cia_psi(s, v) AS i, cia_ndcg(s, v, 5) AS d, cia_recall_at(s, y, 5) AS r
	FROM judged WHERE id BETWEEN first AND last) alone
GROUP BY frame ORDER BY frame;

-- NULL arguments skip the row; one class, or nothing, is nothing.
SELECT cia_auc(s, y) = (SELECT cia_auc(s, y) FROM judged WHERE id > 30) AS skipped
FROM (SELECT CASE WHEN id > 10 THEN s END AS s, CASE WHEN id NOT BETWEEN 11 AND 30 THEN y END AS y FROM judged) t;
SELECT cia_auc(s, y), cia_gini(s, y), cia_ks(s, y), cia_pr_auc(s, y), cia_ndcg(s, v), cia_recall_at(s, y, 1), cia_map_at(s, y, 1), cia_concordance(s, v), cia_psi(s, v) FROM judged WHERE id < 0;
SELECT cia_auc(s, true), cia_gini(s, 0), cia_ks(s, false), cia_pr_auc(s, true), cia_ndcg(s, 0), cia_recall_at(s, false, 1), cia_map_at(s, 0, 1), cia_concordance(s, 7), cia_psi(s, NULL),
	cia_auc(s, y, 0), cia_auc(NULL, y), cia_ndcg(s, v, NULL), cia_psi(s, v, NULL) FROM judged;

-- cia_evaluate answers the same, bit for bit, in whatever order the rows come.
CREATE VIEW source AS SELECT id, s, w, v, v + 3 * s + id % 7 AS amount, y FROM judged;
SELECT model, metric FROM cia_train('plain', 'source', 'y', exclude => '{w,amount}', id => '{id}') UNION ALL
SELECT model, metric FROM cia_train('weighted', 'source', 'y', exclude => '{amount}', id => '{id}', weight => 'w') UNION ALL
SELECT model, metric FROM cia_train('amount', 'source', 'amount', exclude => '{y}', id => '{id}', weight => 'w') UNION ALL
SELECT model, metric FROM cia_train('counts', 'SELECT id, s, w, v FROM source', 'v', 'poisson', id => '{id}', weight => 'w') ORDER BY model;
CREATE VIEW scored AS SELECT *, cia_score('plain', j) AS plain, cia_score('weighted', j) AS weighted, cia_score('amount', j) AS amount_predicted, cia_score('counts', j) AS counts FROM source j;
SET client_min_messages = warning;
SELECT model, metric, e.value = a.value AS same FROM (
	SELECT 'plain' AS model, jsonb_build_object('auc', cia_auc(plain, y), 'gini', cia_gini(plain, y), 'ks', cia_ks(plain, y), 'pr_auc', cia_pr_auc(plain, y), 'log_loss', cia_log_loss(plain, y), 'brier', cia_brier(plain, y),
		'accuracy', cia_accuracy(plain, y), 'precision', cia_precision(plain, y), 'recall', cia_recall(plain, y), 'f1', cia_f1(plain, y)) AS all_of_it FROM scored
	UNION ALL SELECT 'weighted', jsonb_build_object('auc', cia_auc(weighted, y, w), 'gini', cia_gini(weighted, y, w), 'ks', cia_ks(weighted, y, w), 'pr_auc', cia_pr_auc(weighted, y, w), 'log_loss', cia_log_loss(weighted, y, w),
		'brier', cia_brier(weighted, y, w), 'accuracy', cia_accuracy(weighted, y, 0.5, w), 'precision', cia_precision(weighted, y, 0.5, w), 'recall', cia_recall(weighted, y, 0.5, w), 'f1', cia_f1(weighted, y, 0.5, w)) FROM scored
	UNION ALL SELECT 'amount', jsonb_build_object('rmse', cia_rmse(amount_predicted, amount, w), 'mae', cia_mae(amount_predicted, amount, w), 'r2', cia_r2(amount_predicted, amount, w)) FROM scored
	UNION ALL SELECT 'counts', jsonb_build_object('deviance', cia_deviance(counts, v, 'poisson', w), 'rmse', cia_rmse(counts, v, w)) FROM scored) m
CROSS JOIN LATERAL (SELECT key AS metric, value::float8 FROM jsonb_each_text(all_of_it)) a
JOIN LATERAL (SELECT * FROM cia_evaluate(model, 'SELECT * FROM source ORDER BY id % 13, id DESC')) e USING (metric)
ORDER BY model, metric;
RESET client_min_messages;

-- What is no score, label, weight or option.
\set SHOW_CONTEXT never
SELECT cia_auc('NaN', true);
\echo :SQLSTATE
SELECT cia_ks(1, 2);
\echo :SQLSTATE
SELECT cia_pr_auc(1, true, -1);
\echo :SQLSTATE
SELECT cia_gini(1, true, 'Infinity');
\echo :SQLSTATE
SELECT cia_ndcg(1, -1);
\echo :SQLSTATE
SELECT cia_ndcg(1, 1, 0);
\echo :SQLSTATE
SELECT cia_recall_at(1, true, id) FROM judged;
\echo :SQLSTATE
SELECT cia_map_at(1, 0.5, 1);
\echo :SQLSTATE
SELECT cia_concordance(1, 'NaN');
\echo :SQLSTATE
SELECT cia_psi(1, 'NaN');
\echo :SQLSTATE
SELECT cia_psi(1, 1, 0);
\echo :SQLSTATE
SELECT cia_psi(1, 1, 1001);
\echo :SQLSTATE
SELECT cia_auc('NaN', true) OVER ();
\echo :SQLSTATE
SET cia.max_memory = '1MB';
SELECT cia_auc(i, i % 2) FROM generate_series(1, 200000) i;
\echo :SQLSTATE
RESET cia.max_memory;
SET client_min_messages = warning;
SELECT count(cia_drop_model(model)) FROM cia_models;
DROP SCHEMA ranking CASCADE;
