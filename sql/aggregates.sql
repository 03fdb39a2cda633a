-- Measures as aggregates over two columns: those that are made of sums.
CREATE SCHEMA aggregates;
SET search_path = aggregates, public;
CREATE TABLE judged AS
SELECT i AS id, (i * 37 % 101 + 1) / 103.0::float8 AS p, i * i * 29 % 97 < i * 37 % 101 AS y,
	   100 + i * 17 % 23 AS actual, 100 + i * 17 % 23 + i * 5 % 7 - 3.0::float8 AS predicted,
	   0.25 * (1 + i % 4)::float8 AS w, 'group ' || i % 3 AS g
FROM generate_series(1, 500) i;
CREATE VIEW called AS SELECT *, CASE WHEN y THEN 1 ELSE 0 END AS n, p >= 0.5 AS c, p >= 0.3 AS c3 FROM judged;

-- Each one is what SQL finds by its definition, without weights and with them.
CREATE TABLE measure AS
SELECT cia_log_loss(p, y) AS log_loss, cia_brier(p, y) AS brier, cia_ece(p, y) AS ece, cia_accuracy(p, y) AS accuracy,
	   cia_precision(p, y) AS precision, cia_recall(p, y) AS recall, cia_f1(p, y) AS f1, cia_mcc(p, y) AS mcc,
	   cia_rmse(predicted, actual) AS rmse, cia_mae(predicted, actual) AS mae, cia_mape(predicted, actual) AS mape,
	   cia_r2(predicted, actual) AS r2, cia_deviance(predicted, actual, 'poisson') AS poisson
FROM judged;
CREATE TABLE weighted AS
SELECT cia_log_loss(p, y, w) AS log_loss, cia_brier(p, y, w) AS brier, cia_ece(p, y, 10, w) AS ece, cia_accuracy(p, y, 0.5, w) AS accuracy,
	   cia_precision(p, y, 0.5, w) AS precision, cia_recall(p, y, 0.5, w) AS recall, cia_f1(p, y, 0.5, w) AS f1, cia_mcc(p, y, 0.5, w) AS mcc,
	   cia_rmse(predicted, actual, w) AS rmse, cia_mae(predicted, actual, w) AS mae, cia_mape(predicted, actual, w) AS mape,
	   cia_r2(predicted, actual, w) AS r2, cia_deviance(predicted, actual, 'poisson', w) AS poisson
FROM judged;
CREATE FUNCTION by_definition(weights text) RETURNS TABLE (metric text, value float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE replace($q$
	WITH cell AS (SELECT sum(@) FILTER (WHERE y AND c) AS tp, sum(@) FILTER (WHERE NOT y AND c) AS fp,
		sum(@) FILTER (WHERE y AND NOT c) AS fn, sum(@) FILTER (WHERE NOT y AND NOT c) AS tn FROM called),
	bin AS (SELECT sum(@) AS w, abs(sum(@ * (n - p))) AS gap FROM called GROUP BY ceil(p * 10)),
	mean AS (SELECT sum(@ * actual) / sum(@) AS m FROM called)
	SELECT 'log_loss', (SELECT sum(@ * -ln(CASE WHEN y THEN p ELSE 1 - p END)) / sum(@) FROM called)::float8
	UNION ALL SELECT 'brier', (SELECT sum(@ * (n - p) ^ 2) / sum(@) FROM called)
	UNION ALL SELECT 'ece', (SELECT sum(gap) / sum(w) FROM bin)
	UNION ALL SELECT 'accuracy', (SELECT (tp + tn) / (tp + tn + fp + fn) FROM cell)
	UNION ALL SELECT 'precision', (SELECT tp / (tp + fp) FROM cell)
	UNION ALL SELECT 'recall', (SELECT tp / (tp + fn) FROM cell)
	UNION ALL SELECT 'f1', (SELECT 2 * tp / (2 * tp + fp + fn) FROM cell)
	UNION ALL SELECT 'mcc', (SELECT (tp * tn - fp * fn) / sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) FROM cell)
	UNION ALL SELECT 'rmse', (SELECT sqrt(sum(@ * (predicted - actual) ^ 2) / sum(@)) FROM called)
	UNION ALL SELECT 'mae', (SELECT sum(@ * abs(predicted - actual)) / sum(@) FROM called)
	UNION ALL SELECT 'mape', (SELECT sum(@ * abs(predicted - actual) / actual) / sum(@) FROM called)
	UNION ALL SELECT 'r2', (SELECT 1 - sum(@ * (predicted - actual) ^ 2) / sum(@ * (actual - m) ^ 2) FROM called, mean)
	UNION ALL SELECT 'poisson', (SELECT 2 * sum(@ * (actual * ln(actual / predicted) - actual + predicted)) / sum(@) FROM called)
	$q$, '@', weights);
END $$;
SELECT metric, abs(m.value - d.value) < 1e-13 AS unweighted, abs(w.value - v.value) < 1e-13 AS weighted
FROM measure, jsonb_each_text(to_jsonb(measure)) AS a(metric, text) CROSS JOIN LATERAL (SELECT text::float8) m(value)
JOIN by_definition('1.0') d USING (metric) JOIN by_definition('w') v USING (metric)
JOIN (SELECT key AS metric, b.value::float8 FROM weighted, jsonb_each_text(to_jsonb(weighted)) b) w USING (metric)
ORDER BY metric;

-- Labels may be numbers of any type; a weight of one is none, two is the row twice, zero is no row.
SELECT cia_log_loss(p, y) = cia_log_loss(p, n) AND cia_log_loss(p, y) = cia_log_loss(p, n::smallint) AND
	cia_brier(p, y) = cia_brier(p::numeric, n::bigint) AND cia_ece(p, y) = cia_ece(p, n::numeric) AND
	cia_mcc(p, y) = cia_mcc(p, n::float8) AND cia_recall(p, y) = cia_recall(p, n::float4) AS label_types,
	cia_log_loss(p, y) = cia_log_loss(p, n, 1) AND cia_ece(p, y) = cia_ece(p, n, 10, 1) AND cia_f1(p, y) = cia_f1(p, n, 0.5, 1) AND
	cia_r2(predicted, actual) = cia_r2(predicted, actual, 3) AS weight_one
FROM called;
SELECT twice.log_loss = w.log_loss AND twice.r2 = w.r2 AND twice.ece = w.ece AND twice.f1 = w.f1 AS twice
FROM (SELECT cia_log_loss(p, y) AS log_loss, cia_r2(predicted, actual) AS r2, cia_ece(p, y, 5) AS ece, cia_f1(p, y) AS f1
	  FROM judged, generate_series(1, 2) AS copy WHERE id % 2 = 0 OR (copy = 1 AND id % 3 > 0)) twice,
	 (SELECT cia_log_loss(p, y, k) AS log_loss, cia_r2(predicted, actual, k) AS r2, cia_ece(p, y, 5, k) AS ece, cia_f1(p, y, 0.5, k) AS f1
	  FROM (SELECT *, CASE WHEN id % 2 = 0 THEN 2 WHEN id % 3 > 0 THEN 1 ELSE 0 END AS k FROM judged) k) w;

-- A threshold is for each row to name; GROUP BY, FILTER and OVER work as with any aggregate.
SELECT cia_accuracy(p, y, 0.3) = avg((c3 = y)::int)::float8 AS threshold,
	cia_accuracy(p, y, CASE WHEN c3 THEN 0 ELSE 2 END) = cia_accuracy(p, y, 0.3) AS by_row FROM called;
SELECT g, round(cia_log_loss(p, y)::numeric, 12) AS log_loss, round((cia_r2(predicted, actual) FILTER (WHERE y))::numeric, 12) AS r2
FROM judged GROUP BY g ORDER BY g;
SELECT count(*), bool_and(running = whole) AS same FROM (
	SELECT cia_brier(p, y) OVER (ORDER BY id) AS running, (SELECT cia_brier(p, y) FROM judged b WHERE b.id <= a.id) AS whole FROM judged a) w;

-- A frame that moves forgets rows without a trace.
SELECT count(*), bool_and(log_loss IS NOT DISTINCT FROM l) AS log_loss, bool_and(brier IS NOT DISTINCT FROM b) AS brier, bool_and(ece IS NOT DISTINCT FROM e) AS ece, bool_and(mcc IS NOT DISTINCT FROM m) AS mcc,
	bool_and(recall IS NOT DISTINCT FROM c) AS recall, bool_and(rmse IS NOT DISTINCT FROM s) AS rmse, bool_and(mape IS NOT DISTINCT FROM a) AS mape, bool_and(r2 IS NOT DISTINCT FROM r) AS r2, bool_and(deviance IS NOT DISTINCT FROM d) AS deviance
FROM (SELECT id, cia_log_loss(p, y) OVER frame AS log_loss, cia_brier(p, n, w) OVER frame AS brier, cia_ece(p, y, 7) OVER frame AS ece, cia_mcc(p, n) OVER frame AS mcc, cia_recall(p, y, 0.7, w) OVER frame AS recall,
		cia_rmse(predicted, actual) OVER frame AS rmse, cia_mape(predicted, actual, w) OVER frame AS mape, cia_r2(predicted, actual * 1e9, w) OVER frame AS r2, cia_deviance(predicted, actual, 'gamma', w) OVER frame AS deviance
	  FROM (SELECT *, CASE WHEN id % 7 > 0 AND id NOT BETWEEN 100 AND 130 THEN p0 END AS p FROM (SELECT id, p AS p0, y, n, w, predicted, actual FROM called) o) o WINDOW frame AS (ORDER BY id ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)) moving,
LATERAL (SELECT cia_log_loss(p, y) AS l, cia_brier(p, n, w) AS b, cia_ece(p, y, 7) AS e, cia_mcc(p, n) AS m, cia_recall(p, y, 0.7, w) AS c
	FROM called k WHERE k.id BETWEEN moving.id - 19 AND moving.id AND k.id % 7 > 0 AND k.id NOT BETWEEN 100 AND 130) x,
LATERAL (SELECT cia_rmse(predicted, actual) AS s, cia_mape(predicted, actual, w) AS a, cia_r2(predicted, actual * 1e9, w) AS r, cia_deviance(predicted, actual, 'gamma', w) AS d FROM called k WHERE k.id BETWEEN moving.id - 19 AND moving.id) z;

-- NULL arguments skip the row; nothing is nothing.
SELECT cia_brier(p, y) = (SELECT cia_brier(p, y) FROM judged WHERE id > 30) AS skipped
FROM (SELECT CASE WHEN id > 10 THEN p END AS p, CASE WHEN id NOT BETWEEN 11 AND 30 THEN y END AS y FROM judged) s;
SELECT cia_log_loss(p, y), cia_brier(p, y, NULL), cia_ece(p, y, NULL), cia_accuracy(p, y, NULL), cia_rmse(p, p, 0), cia_mae(p, NULL),
	cia_r2(p, 7), cia_precision(-1, y), cia_recall(p, false), cia_f1(0, false), cia_mcc(1, y), cia_deviance(p, 1, NULL)
FROM judged WHERE id <= 0 OR (id > 0 AND false) OR id < 0;
SELECT cia_rmse(p, p, 0), cia_r2(p, 7), cia_precision(-1, y), cia_recall(p, false), cia_f1(0, false), cia_mcc(1, y) FROM judged;

-- The ends of the scale.
SELECT cia_log_loss(0, true) AS worst, cia_log_loss(1, true) AS best, cia_log_loss(1, false) AS worst_too, cia_brier(0, true) AS brier;
SELECT cia_deviance(0, 1, 'binomial') = 2 * cia_log_loss(0, true) AS binomial, cia_deviance(1, 0, 'poisson') AS poisson,
	cia_deviance(0.5, 2, 'gamma') AS gamma, cia_deviance(2, 4, 'inverse_gaussian') AS inverse_gaussian, cia_deviance(4, 0, 'tweedie') AS tweedie,
	cia_deviance(4, 9, 'tweedie(1.5)') AS tweedie_too, cia_deviance(4, 9, 'tweedie(1.2)') < cia_deviance(4, 9, 'poisson') AS power, cia_deviance(4, 9, 'gaussian') AS gaussian;
SELECT cia_mape(1, 0) > 1e15 AS mape_of_zero, cia_mape(2, -4) AS mape;

-- Exact: order, pieces and cancellation change no bit.
CREATE TABLE wide AS SELECT i, (i * 7919 % 10007) * 10.0::float8 ^ (i % 200 - 100) AS x FROM generate_series(1, 4000) i;
SELECT count(DISTINCT v) AS values FROM (
	SELECT float8send(cia_mae(x, 0)) AS v FROM wide UNION ALL SELECT float8send(cia_mae(x, 0)) FROM (SELECT * FROM wide ORDER BY i DESC) d
	UNION ALL SELECT float8send(cia_mae(x, 0)) FROM (SELECT * FROM wide ORDER BY x) d
	UNION ALL SELECT float8send(cia_mae(x, 0)) FROM (SELECT * FROM wide ORDER BY x DESC) d) s;
SELECT cia_r2(1e9 + i % 3, 1e9 + i % 4) = cia_r2(i % 3, i % 4) AS far_from_zero FROM generate_series(1, 1000) i;

-- The state is a value: text, bytes and merging keep it.
CREATE FUNCTION state(part int) RETURNS cia_tally LANGUAGE plpgsql AS $$
DECLARE
	state cia_tally;
	r record;
BEGIN
	FOR r IN SELECT p, y, w FROM judged WHERE part < 0 OR id % 2 = part ORDER BY id LOOP
		state := cia_tally_log_loss(state, r.p, r.y, r.w);
	END LOOP;
	RETURN state;
END $$;
CREATE TABLE kept AS SELECT state(0) AS even, state(1) AS odd, state(-1) AS whole;
SELECT cia_tally_mean(whole) = w.log_loss AS whole, cia_tally_mean(cia_tally_merge(even, odd)) = w.log_loss AS merged,
	cia_tally_merge(odd, even)::text = whole::text AS same_text, cia_tally_send(cia_tally_merge(odd, even)) = cia_tally_send(whole) AS same_bytes,
	cia_tally_mean(even::text::cia_tally) = cia_tally_mean(even) AS text, pg_column_size(whole) AS bytes
FROM kept, weighted w;
-- receive(bytes): a value by way of the binary input function, which only COPY and drivers call.
CREATE TABLE received (state cia_tally);
CREATE FUNCTION receive(bytes bytea) RETURNS cia_tally LANGUAGE plpgsql AS $$
DECLARE
	file bytea := '\x5047434f50590aff0d0a000000000000000000'::bytea || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2);
	answer cia_tally;
BEGIN
	EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)',
		format('echo %s | base64 -d', translate(encode(file, 'base64'), E'\n', '')));
	DELETE FROM received RETURNING state INTO answer;
	RETURN answer;
END $$;
SELECT cia_tally_send(receive(cia_tally_send(whole))) = cia_tally_send(whole) AS same_bytes, cia_tally_mean(receive(cia_tally_send(odd))) = cia_tally_mean(odd) AS same FROM kept;
SELECT cia_tally_mean(cia_tally_drop(even, p, y, w)) = (SELECT cia_log_loss(p, y, w) FROM judged WHERE id % 2 = 0 AND id > 2) AS dropped FROM kept, judged WHERE id = 2;
SELECT cia_tally_mean(cia_tally_log_loss(NULL, 0.25, true)) AS one, cia_tally_log_loss(NULL, NULL, true) IS NULL AS none;

-- What is no score, label, outcome, weight or option.
\set SHOW_CONTEXT never
SELECT cia_log_loss(1.5, true);
\echo :SQLSTATE
SELECT cia_brier('NaN', true);
\echo :SQLSTATE
SELECT cia_ece(-1e-9, 1);
\echo :SQLSTATE
SELECT cia_ece(0.5, true, 0);
\echo :SQLSTATE
SELECT cia_ece(0.5, true, 1001);
\echo :SQLSTATE
SELECT cia_ece(0.5, true, id) FROM judged;
\echo :SQLSTATE
SELECT cia_accuracy('NaN', true);
\echo :SQLSTATE
SELECT cia_f1(0.5, true, 'NaN');
\echo :SQLSTATE
SELECT cia_mcc(0.5, 2);
\echo :SQLSTATE
SELECT cia_recall(0.5, 'NaN'::float8);
\echo :SQLSTATE
SELECT cia_precision(0.5, true, 0.5, -1);
\echo :SQLSTATE
SELECT cia_log_loss(0.5, true, 'NaN');
\echo :SQLSTATE
SELECT cia_rmse('Infinity', 1);
\echo :SQLSTATE
SELECT cia_mae(1, '-Infinity');
\echo :SQLSTATE
SELECT cia_rmse(1e200, 0);
\echo :SQLSTATE
SELECT cia_rmse(1e154, 0) FROM generate_series(1, 3);
\echo :SQLSTATE
SELECT cia_deviance(1, 1, 'normal');
\echo :SQLSTATE
SELECT cia_deviance(1, 1, 'tweedie(2)');
\echo :SQLSTATE
SELECT cia_deviance(0, 1, 'poisson');
\echo :SQLSTATE
SELECT cia_deviance(1, 0, 'gamma');
\echo :SQLSTATE
SELECT cia_deviance(1, -1, 'tweedie');
\echo :SQLSTATE
SELECT cia_deviance(2, 1, 'binomial');
\echo :SQLSTATE
SELECT cia_brier(2, true) OVER ();
\echo :SQLSTATE
SELECT 'zz'::cia_tally;
\echo :SQLSTATE
SELECT '010203'::cia_tally;
\echo :SQLSTATE
SELECT cia_tally_merge(even, cia_tally_brier(NULL, 0.5, true)) FROM kept;
\echo :SQLSTATE
SELECT cia_tally_merge(cia_tally_calibration(NULL, 0.5, true), cia_tally_calibration(NULL, 0.5, true, 5));
\echo :SQLSTATE
SELECT cia_tally_rmse(even) FROM kept;
\echo :SQLSTATE
SELECT cia_tally_mean(cia_tally_confusion(NULL, 0.5, true));
\echo :SQLSTATE
SELECT cia_tally_brier(even, 0.5, true) FROM kept;
\echo :SQLSTATE
SELECT cia_tally_drop(cia_tally_deviance(NULL, 1, 2, 'poisson'), 1, 2::float8, 1::float8);
\echo :SQLSTATE
SELECT cia_tally_drop(even, 0.5, true, 5) FROM kept;
\echo :SQLSTATE
SELECT cia_tally_drop(even, 0.5, 1::float8, 'poisson') FROM kept;
\echo :SQLSTATE
SELECT cia_tally_drop(cia_tally_squared(NULL, 1, 2), 1, true);
\echo :SQLSTATE
SELECT receive('\x0102');
\echo :SQLSTATE
SET client_min_messages = warning;
DROP SCHEMA aggregates CASCADE;
