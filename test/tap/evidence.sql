-- SPDX-License-Identifier: PostgreSQL
-- Weight of evidence and points: what docs/scorecards.md promises.
BEGIN;
SELECT plan(27);
SET LOCAL client_min_messages = error;
CREATE TABLE loans AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 6 > 0 THEN (v % 300) * 10.5 END AS balance, (ARRAY['south', 'north', 'east', NULL])[1 + i % 4] AS region,
	   date '2000-01-01' + u % 500 AS since, u % 60 + v % 300 / 4 + i % 4 * 5 + i * 31 % 97 > 120 AS defaulted, 0.5 + i % 2 AS w
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 3000) i) s;

-- cia_woe
CREATE TABLE told AS SELECT * FROM cia_woe('loans', 'defaulted', '{"exclude": ["id", "w"]}');
SELECT results_eq('SELECT DISTINCT feature FROM told ORDER BY feature', ARRAY['age', 'balance', 'region', 'since'], 'every column has bins');
SELECT ok(bool_and(n = bins AND missing_last), 'bins count from 1, missing is last')
FROM (SELECT max(bin) AS n, count(*) AS bins, coalesce(max(bin) FILTER (WHERE missing), max(bin)) = max(bin) AS missing_last FROM told GROUP BY feature) s;
SELECT ok(bool_and(same), 'bins of a number are half-open and leave no gap')
FROM (SELECT low IS NOT DISTINCT FROM lag(high) OVER (PARTITION BY feature ORDER BY bin) AS same FROM told WHERE labels IS NULL AND NOT missing) s;
SELECT is(sum("rows"), 3000::float8 * 4, 'every row is in one bin of each column') FROM told;
SELECT is(count(*), 0::bigint, 'WOE is ln(share of non-events / share of events)') FROM told t, (SELECT sum(events) AS e, sum(non_events) AS g FROM told WHERE feature = 'age') s
WHERE abs(t.woe - ln(non_events / g / (events / e))) > 1e-12 OR abs(t.iv - (non_events / g - events / e) * t.woe) > 1e-12;
SELECT is(count(*), 0::bigint, 'feature_iv is the sum') FROM (SELECT feature FROM told GROUP BY feature, feature_iv HAVING abs(sum(iv) - feature_iv) > 1e-12) s;
SELECT ok(bool_and("rows" >= 150), 'no bin has less than a twentieth of the rows') FROM told WHERE NOT missing;
SELECT ok(max(bins) <= 8, 'eight bins at most') FROM (SELECT count(*) AS bins FROM told WHERE NOT missing GROUP BY feature) s;
SELECT ok(bool_and(rises) OR bool_and(NOT rises), 'event rates are monotone')
FROM (SELECT event_rate > lag(event_rate) OVER (ORDER BY bin) AS rises FROM told WHERE feature = 'age' AND NOT missing) s;
SELECT ok(bool_and(event_rate >= before), 'labels come by event rate')
FROM (SELECT event_rate, lag(event_rate) OVER (ORDER BY bin) AS before FROM told WHERE feature = 'region' AND NOT missing) s WHERE before IS NOT NULL;
SELECT ok(bool_and(timestamp '2000-01-01' + low * interval '1 second' BETWEEN '2000-01-01' AND '2001-05-15'), 'dates are seconds since 2000')
FROM told WHERE feature = 'since' AND low IS NOT NULL;
SELECT is(sum("rows"), (SELECT sum(w)::float8 FROM loans), 'with a weight rows are its sums')
FROM cia_woe('loans', 'defaulted', '{"features": ["age"], "weight": "w"}');
SELECT ok(sum(iv) > 10, 'a perfect predictor has a large IV') FROM cia_woe('SELECT defaulted, defaulted::int AS again FROM loans', 'defaulted');

-- the model
SELECT lives_ok($$SELECT cia_train('card', 'loans', 'defaulted', 'logistic', id => '{id}', exclude => '{w}', options => '{"encode": "woe", "l2": 0}')$$, 'a model of bins');
SELECT is(count(*), 5::bigint, 'has one coefficient for each column') FROM cia_coefficients('card');
SELECT ok(bool_and(coefficient BETWEEN -2 AND -0.3), 'near -1') FROM cia_coefficients('card') WHERE feature IS NOT NULL;
SELECT matches(cia_print('card'), 'weight of evidence of their bins', 'the printout says so');
SELECT is(cia_score('card', jsonb_set(r, '{region}', '"west"')), cia_score('card', jsonb_set(r, '{region}', 'null')), 'an unknown label scores as missing')
FROM (SELECT to_jsonb(l) AS r FROM loans l WHERE id = 5) s;
SELECT is(woe, 0::float8, 'what was not missing in training has WOE 0') FROM cia_scorecard('card') WHERE feature = 'age' AND missing;

-- points
CREATE FUNCTION points_of(r jsonb, pdo float8, base_points float8, base_odds float8) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(points) FROM cia_scorecard('card', pdo, base_points, base_odds)
	WHERE CASE WHEN r->>feature IS NULL THEN missing WHEN missing THEN false WHEN labels IS NOT NULL THEN r->>feature = ANY (labels)
		  ELSE CASE feature WHEN 'since' THEN extract(epoch FROM (r->>feature)::timestamp - '2000-01-01') ELSE (r->>feature)::float8 END
			BETWEEN coalesce(low, '-infinity') AND coalesce(high - 1e-9, 'infinity') END $$;
SELECT cmp_ok(max(abs(points_of(to_jsonb(l), 20, 600, 50) - (600 - 20 / ln(2::float8) * (ln(50::float8) + ln(p / (1 - p)))))), '<', 1e-9::float8, 'points of a row add up')
FROM loans l, LATERAL cia_score('card', l) p WHERE id % 10 = 0;
SELECT cmp_ok(max(abs(points_of(to_jsonb(l), 50, 0, 1) - points_of(to_jsonb(l), 20, 600, 50) * 2.5 + 2.5 * (600 - 20 / ln(2::float8) * ln(50::float8)))), '<', 1e-9::float8, 'on any scale')
FROM loans l WHERE id % 50 = 0;
SELECT throws_ok($$SELECT cia_scorecard('card', 0)$$, '22023', 'argument "pdo" must be positive');
SELECT throws_ok($$SELECT cia_scorecard('card', base_points => 'Infinity')$$, '22023', 'argument "base_points" must be finite');
SELECT lives_ok($$SELECT cia_train('plain', 'loans', 'defaulted', 'logistic', id => '{id}', exclude => '{w}')$$, 'a model of plain numbers');
SELECT throws_ok($$SELECT cia_scorecard('plain')$$, '0A000', 'column "age" of model "plain" is a number, and points need bins');
SELECT throws_ok($$SELECT cia_woe('loans', 'region')$$, '22000', 'target "region" has 3 classes instead of two');
SELECT throws_ok($$SELECT cia_woe('loans', 'defaulted', '{"bins": 3}')$$, '22023', 'unrecognized option "bins" for cia_woe');
SELECT * FROM finish();
ROLLBACK;
