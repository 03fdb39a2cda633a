-- cia_cross_validate: how good a training is, judged on every row once.
CREATE TABLE visit AS
SELECT i AS id, i % 300 AS customer, 18 + u % 60 AS age, CASE WHEN v % 13 > 0 THEN (v % 97)::float8 END AS debt, (ARRAY['north', 'south', 'east', 'west', NULL])[1 + w % 5] AS region,
	   date '2024-01-01' + (v * 7 % 360)::int AS day, 1 + w % 3 AS weight, w % 97 < 10 + u % 60 AS churned, (u % 60) * 2 + v % 97 + w % 7 AS spend,
	   (ARRAY['web', 'shop', 'phone'])[1 + (u / 20 + w % 2) % 3] AS channel
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 1500) i) s;
SET client_min_messages = warning;

-- Means and deviations first, then each fold; they are those of SQL.
CREATE TABLE folds AS SELECT row_number() OVER () AS place, * FROM cia_cross_validate('visit', 'churned', 'logistic', id => '{customer}', exclude => '{id,spend,day,weight,channel}');
SELECT fold, count(*), min(place), max(place), count(value) AS known, count(deviation) AS deviations FROM folds GROUP BY fold ORDER BY fold NULLS FIRST;
SELECT metric FROM folds WHERE fold IS NULL ORDER BY place;
SELECT m.metric, abs(m.value - avg(f.value)) < 1e-12 AS mean, abs(m.deviation - stddev(f.value)) < 1e-12 AS deviation
FROM folds m JOIN folds f USING (metric) WHERE m.fold IS NULL AND f.fold IS NOT NULL AND metric IN ('auc', 'log_loss') GROUP BY metric, m.value, m.deviation ORDER BY metric;
SELECT sum(value) AS rows FROM folds WHERE fold IS NOT NULL AND metric = 'rows';

-- The first fold of five is what cia_train holds out.
SELECT value = (SELECT value FROM folds WHERE fold = 1 AND metric = 'auc') AS same
FROM cia_train('visits', 'visit', 'churned', 'logistic', id => '{customer}', exclude => '{id,spend,day,weight,channel}');

-- No customer straddles two folds: what can only be known of those seen is no use with an id, and flatters without.
CREATE TABLE flip AS SELECT i AS id, i % 200 AS customer, hashint4(i % 200) % 1000 AS spot, hashint4(i % 200 + 1000) % 2 = 0 AS y FROM generate_series(1, 2000) i;
SELECT (SELECT value FROM cia_cross_validate('SELECT customer, spot, y FROM flip', 'y', 'boosted_trees', id => '{customer}') WHERE fold IS NULL AND metric = 'auc') < 0.65 AS chance,
	   (SELECT value FROM cia_cross_validate('SELECT id, spot, y FROM flip', 'y', 'boosted_trees', id => '{id}') WHERE fold IS NULL AND metric = 'auc') > 0.9 AS known;
DROP TABLE flip;

-- Folds by hand, in plain SQL: one region each, the rows without one as well; one stretch of days after the other, with weights.
CREATE FUNCTION by_hand(train text, judge text, target text, algorithm text, metric text, weight text = NULL) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cia_train('hand', train, target, algorithm, weight => weight, options => '{"promote": "always", "holdout": 0}');
	RETURN (SELECT e.value FROM cia_evaluate('hand', judge) e WHERE e.metric = by_hand.metric);
END
$$;
WITH region AS (SELECT row_number() OVER (ORDER BY count(*) DESC, region) AS fold, region FROM visit GROUP BY region),
hand AS (SELECT fold, by_hand(format('SELECT age, debt, churned FROM visit WHERE region IS DISTINCT FROM %L', region),
							  format('SELECT age, debt, churned FROM visit WHERE region IS NOT DISTINCT FROM %L', region), 'churned', 'logistic', 'auc') AS value FROM region)
SELECT fold, abs(c.value - h.value) < 1e-12 AS same
FROM hand h JOIN cia_cross_validate('SELECT id, age, debt, region, churned FROM visit', 'churned', 'logistic', folds => 5, by => 'region', id => '{id}') c USING (fold)
WHERE metric = 'auc' ORDER BY fold;
WITH block AS (SELECT day, least(4, floor((sum(count(*)) OVER (ORDER BY day) - count(*)) * 5 / 1500))::int AS block FROM visit GROUP BY day),
hand AS (SELECT fold, by_hand(format('SELECT age, debt, weight, spend FROM visit WHERE day <= %L', max(day) FILTER (WHERE block < fold)),
							  format('SELECT age, debt, weight, spend FROM visit WHERE day BETWEEN %L AND %L', min(day) FILTER (WHERE block = fold), max(day) FILTER (WHERE block = fold)),
							  'spend', 'linear', 'r2', 'weight') AS value FROM block, generate_series(1, 4) AS fold GROUP BY fold)
SELECT fold, abs(c.value - h.value) < 1e-12 AS same
FROM hand h JOIN cia_cross_validate('SELECT id, age, debt, weight, day, spend FROM visit', 'spend', 'linear', folds => 4, order_by => 'day', id => '{id}', weight => 'weight') c USING (fold)
WHERE metric = 'r2' ORDER BY fold;

-- What tells the folds is no feature, unless it is listed as one.
SELECT count(DISTINCT value) FROM (
	SELECT value FROM cia_cross_validate('SELECT age, day, spend FROM visit', 'spend', 'linear', order_by => 'day') WHERE metric = 'r2' AND fold = 2
	UNION ALL SELECT value FROM cia_cross_validate('SELECT age, day, spend FROM visit', 'spend', 'linear', order_by => 'day', features => '{age}') WHERE metric = 'r2' AND fold = 2
	UNION ALL SELECT value FROM cia_cross_validate('SELECT age, day, spend FROM visit', 'spend', 'linear', order_by => 'day', features => '{age,day}') WHERE metric = 'r2' AND fold = 2) s;

-- All kinds of targets and algorithms, also by group; auto says what it has chosen.
SET client_min_messages = notice;
SELECT metric, value > 0.3 AS good, deviation < 0.2 AS steady FROM cia_cross_validate('visit', 'channel', exclude => '{id,spend,churned}', folds => 3) WHERE fold IS NULL AND metric IN ('accuracy', 'macro_f1');
SELECT metric, value > 0.5 AS good FROM cia_cross_validate('visit', 'spend', 'boosted_trees', '{"trees": 20}', 3, id => '{id}') WHERE fold IS NULL AND metric = 'r2';
SELECT metric, value > 0.5 AS good FROM cia_cross_validate('visit', 'churned', 'logistic', '{"by": "region"}', 2, id => '{id}', exclude => '{spend,channel}') WHERE fold IS NULL AND metric = 'auc';
SELECT count(*) FROM cia_models WHERE model NOT IN ('visits', 'hand');

-- The same whatever the threads and the order of the rows.
SET client_min_messages = warning;
SET cia.threads = 3;
SELECT bool_and(a.value = b.value) AS same, count(*) FROM folds a
JOIN cia_cross_validate('SELECT * FROM visit ORDER BY -id', 'churned', 'logistic', id => '{customer}', exclude => '{id,spend,day,weight,channel}') b
ON a.metric = b.metric AND a.fold IS NOT DISTINCT FROM b.fold;
RESET cia.threads;

-- Fits with trouble are told once; metrics that a fold does not have are left out of the mean.
SELECT metric, value > 0.9 AS good FROM cia_cross_validate('SELECT id, age, age > 40 AS old FROM visit', 'old', 'logistic', '{"l2": 0}', 2, id => '{id}') WHERE fold IS NULL AND metric = 'auc';
SELECT fold, value IS NULL AS unknown FROM cia_cross_validate('SELECT id, age, CASE WHEN id < 100 THEN ''p'' WHEN id < 200 THEN ''q'' ELSE ''r'' END AS part, id % 2 = 0 AND id >= 100 AS odd FROM visit', 'odd', 'logistic', folds => 3, by => 'part', id => '{id}') WHERE metric = 'auc' ORDER BY fold NULLS FIRST;

-- Errors.
SELECT * FROM cia_cross_validate('visit', 'churned', 'forest');
SELECT * FROM cia_cross_validate('visit', 'churned', 'logistic', '{"leafs": 3}');
SELECT * FROM cia_cross_validate('visit', 'churned', 'logistic', '{"holdout": 0.3}');
SELECT * FROM cia_cross_validate('visit', 'churned', folds => 1);
SELECT * FROM cia_cross_validate('visit', 'churned', folds => 101);
SELECT * FROM cia_cross_validate('visit', 'churned', folds => NULL);
SELECT * FROM cia_cross_validate('visit', 'churned', by => 'region', order_by => 'day');
SELECT * FROM cia_cross_validate('visit', 'churned', by => 'planet');
SELECT * FROM cia_cross_validate('visit', 'churned', order_by => 'planet');
SELECT * FROM cia_cross_validate('visit', 'churned', order_by => 'region');
SELECT * FROM cia_cross_validate('SELECT *, ARRAY[1, 2]::float8[] AS pair FROM visit', 'churned', order_by => 'pair');
SELECT * FROM cia_cross_validate('visit', 'churned', by => 'churned');
SELECT * FROM cia_cross_validate('visit', 'churned', order_by => 'day', id => '{day}');
SELECT * FROM cia_cross_validate('visit', 'churned', order_by => 'weight', weight => 'weight');
SELECT * FROM cia_cross_validate('visit', 'churned', by => 'region', folds => 6);
SELECT * FROM cia_cross_validate('visit', 'churned', order_by => 'debt');
SELECT * FROM cia_cross_validate('SELECT age, churned, CASE WHEN id = 7 THEN ''infinity'' ELSE day END AS day FROM visit', 'churned', order_by => 'day');
SELECT * FROM cia_cross_validate('SELECT age, churned, 1 AS day FROM visit', 'churned', order_by => 'day');
SELECT * FROM cia_cross_validate('SELECT age, churned FROM visit LIMIT 3', 'churned', folds => 50);
SELECT * FROM cia_cross_validate('SELECT age, churned FROM visit WHERE false', 'churned');
SELECT * FROM cia_cross_validate('SELECT age, true AS churned FROM visit', 'churned');
SELECT * FROM cia_cross_validate('SELECT age, day, day > ''2024-04-01'' AS late FROM visit', 'late', 'logistic', order_by => 'day');
SELECT * FROM cia_cross_validate('visit', NULL);
SELECT * FROM cia_cross_validate('visit', 'churned', 'boosted_trees', '{"continue_from": "m"}');
SELECT * FROM cia_cross_validate(NULL, 'churned');
SELECT * FROM cia_cross_validate('visit', 'churned', exclude => '{NULL}', order_by => 'day');
SET cia.max_memory = '1MB';
SELECT * FROM cia_cross_validate('SELECT v.* FROM visit v, generate_series(1, 20)', 'churned', id => '{id}');
RESET cia.max_memory;

DROP TABLE visit, folds;
DROP FUNCTION by_hand;
SELECT count(cia_drop_model(model)) FROM cia_models;
