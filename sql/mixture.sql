-- SPDX-License-Identifier: PostgreSQL
-- mixture.sql: gaussian_mixture: segments as normal distributions.

-- two kinds of customers whose balances and spendings go together, one long and one round, and the plan follows
CREATE TABLE mixture_customer AS
SELECT i AS customer_id, round((a * 1000 + CASE WHEN kind = 0 THEN 3000 ELSE 9000 END)::numeric, 2)::float8 AS balance,
	   round((CASE WHEN kind = 0 THEN a * 90 + b * 10 ELSE b * 30 END + 400)::numeric, 2)::float8 AS spent,
	   CASE WHEN kind = 0 THEN CASE WHEN i % 7 = 0 THEN 'plus' ELSE 'basic' END WHEN i % 9 = 0 THEN NULL ELSE 'plus' END AS plan
FROM (SELECT i, (i % 3 = 0)::int AS kind, sqrt(-2 * ln((i * 7919 % 10007 + 1) / 10008.0)) * cos(2 * pi() * (i * 104729 % 10009) / 10009) AS a,
			 sqrt(-2 * ln((i * 7919 % 10007 + 1) / 10008.0)) * sin(2 * pi() * (i * 104729 % 10009) / 10009) AS b
	  FROM generate_series(1, 3000) i) normal;

SELECT model, version, algorithm, rows_used, features, metric, value BETWEEN -15 AND -13 AS plausible, promoted, notes
FROM cia_train('mix', 'mixture_customer', algorithm => 'gaussian_mixture', id => '{customer_id}', options => '{"k": 2}');

-- each kind is a segment
SELECT cia_segment('mix', c) AS segment, customer_id % 3 = 0 AS kind, count(*)
FROM mixture_customer c GROUP BY 1, 2 ORDER BY 2, 3 DESC;

-- six forms, and the planner's, say the same
SELECT count(*) FILTER (WHERE NOT (
		cia_segment('mix', c) = cia_segment('mix', to_jsonb(c))
		AND cia_segment('mix', c) = cia_class('mix', c)
		AND cia_segment('mix', c) = cia_segment('mix', ARRAY[balance, spent, array_position('{basic,plus}', plan)])
		AND cia_segment_distance('mix', c) = cia_segment_distance('mix', to_jsonb(c))
		AND cia_segment_distance('mix', c) = cia_score('mix', c)
		AND cia_segment_probabilities('mix', c) = cia_segment_probabilities('mix', to_jsonb(c))
		AND cia_segment_probabilities('mix', c) = cia_probabilities('mix', c))) AS different
FROM mixture_customer c;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT cia_segment('mix', c), cia_segment_distance('mix', c), cia_segment_probabilities('mix', c) FROM mixture_customer c;
SELECT cia_segment('mix', NULL::mixture_customer) IS NULL AS none;

-- what is learned is a density: probabilities, distances and the metric are those of its formula, in plain SQL
CREATE TEMP TABLE learned AS
SELECT m, (m #>> '{learned,weights,0}')::float8 AS w1, (m #>> '{learned,weights,1}')::float8 AS w2
FROM (SELECT cia_fit(c, 'gaussian_mixture', '{"k": 2, "id": ["customer_id"], "holdout": 0}')::text::jsonb AS m
	  FROM (SELECT customer_id, balance FROM mixture_customer) c) fit;
CREATE TEMP VIEW part AS
SELECT s, (m #>> ARRAY['learned', 'weights', s::text])::float8 AS weight,
	   (m #>> '{learned,shift,0}')::float8 + (m #>> '{learned,scale,0}')::float8 * (m #>> ARRAY['learned', 'centers', s::text])::float8 AS mean,
	   (m #>> '{learned,scale,0}')::float8 / (m #>> ARRAY['learned', 'factors', s::text])::float8 AS deviation,
	   m #>> ARRAY['target', 'classes', s::text] AS label
FROM learned, generate_series(0, 1) s;
CREATE TEMP TABLE density AS
SELECT customer_id, label, weight / deviation / sqrt(2 * pi()) * exp(((balance - mean) / deviation) ^ 2 / -2) AS density, abs(balance - mean) / deviation AS away
FROM mixture_customer, part;
SELECT abs(sum(w) - 1) < 1e-12 AS weights, max(abs(mean - CASE WHEN w > 0.5 THEN 3000 ELSE 9000 END)) < 300 AS means
FROM (SELECT weight AS w, mean FROM part) p;
SELECT abs(avg(ln(total)) - (m #>> '{learned,log_likelihood,0}')::float8) < 1e-9 AS log_likelihood,
	   abs(-2 * sum(ln(total)) + 5 * ln(count(*)) - (m #>> '{learned,bic,0}')::float8) < 1e-6 AS bic
FROM (SELECT sum(density) AS total FROM density GROUP BY customer_id) d, learned GROUP BY m;
SELECT max(abs(density / total - (cia_segment_probabilities(m::text::cia_model, jsonb_build_object('balance', balance)) ->> label)::float8)) < 1e-9 AS posteriors
FROM (SELECT *, sum(density) OVER (PARTITION BY customer_id) AS total FROM density) d JOIN mixture_customer USING (customer_id), learned
WHERE customer_id % 50 = 0;
SELECT max(abs(away - cia_segment_distance(m::text::cia_model, jsonb_build_object('balance', balance)))) < 1e-9 AS mahalanobis
FROM (SELECT DISTINCT ON (customer_id) * FROM density ORDER BY customer_id, density DESC) d JOIN mixture_customer USING (customer_id), learned;

-- of a row nothing is known of, each segment is as likely as rows are of it; a known number counts by itself
SELECT abs((p ->> label)::float8 - weight) < 1e-12 AS prior FROM learned, part, LATERAL (SELECT cia_segment_probabilities(m::text::cia_model, '{"balance": null}'::jsonb) AS p) a ORDER BY s;
SELECT cia_segment('mix', '{"balance": 9000, "spent": null, "plan": null}'::jsonb) = cia_segment('mix', '{"balance": 9000, "spent": 400, "plan": "plus"}'::jsonb) AS by_balance,
	   cia_segment('mix', '{"balance": null, "spent": null, "plan": "unheard of"}'::jsonb) IS NOT NULL AS bears_all;

-- contributions and the bias add up to how much likelier the segment is than the next one
SELECT max(abs(total - known)) < 1e-9 AS add_up
FROM (SELECT customer_id, (SELECT sum(contribution) FROM cia_explain('mix', c)) AS total,
			 (SELECT ln(max(p.value::float8)) - ln(nullif(min(p.value::float8), 0)) FROM jsonb_each_text(cia_segment_probabilities('mix', c)) p) AS known
	  FROM mixture_customer c WHERE customer_id % 100 = 0) d WHERE known < 20;
SELECT feature, contribution > 0 AS speaks_for_it FROM mixture_customer c, cia_explain('mix', c) WHERE customer_id = 3 ORDER BY feature;
SELECT cia_reasons('mix', c, 1) FROM mixture_customer c WHERE customer_id = 3;

-- by group, trained again to the last bit, kept by name, moved, in a table, judged
SELECT customer_id % 2 AS side, cia_segment(cia_fit(c, 'gaussian_mixture', '{"k": 2, "covariance": "diagonal", "id": ["customer_id"]}'), '{"balance": 9100, "spent": 400, "plan": "plus"}'::jsonb)
FROM mixture_customer c GROUP BY 1 ORDER BY 1;
SELECT verified FROM cia_verify('mix');
SELECT version, metric FROM cia_train('mix', 'SELECT customer_id, balance * 1.1 + 7 AS balance, spent + customer_id % 2 AS spent, plan
	FROM mixture_customer WHERE customer_id % 20 <> 8', algorithm => 'gaussian_mixture', id => '{customer_id}', options => '{"k": 2, "covariance": "diagonal"}');
SELECT avg((cia_segment('mix@1', c) = cia_segment('mix@2', c))::int) >= 0.95 AS kept FROM mixture_customer c;
SELECT cia_import('mixed', cia_export('mix@1'));
SELECT (SELECT content::text FROM cia_versions WHERE model = 'mixed') = (SELECT content::text FROM cia_versions WHERE model = 'mix' AND version = 1) AS same,
	   (SELECT metric || ' ' || (value = (SELECT value FROM cia_versions WHERE model = 'mix' AND version = 1)) FROM cia_versions WHERE model = 'mixed') AS metric;
SELECT rows, inserted FROM cia_score_into('mix@1', 'mixture_customer', 'mixture_score', '{customer_id}');
SELECT count(DISTINCT class) AS segments, min(score) >= 0 AS distance FROM mixture_score;
SELECT metric, value IS NOT NULL AS known, low < value AND value < high AS interval FROM cia_evaluate('mix@1', 'mixture_customer');

-- how many there are, and where there are none
SELECT k, inertia, bic > 0 AS bic, silhouette > 0 AS silhouette, gap, stability IS NOT NULL AS stability, chosen
FROM cia_choose_k('mixture_customer', 'gaussian_mixture', id => '{customer_id}', exclude => '{plan}', options => '{"max_k": 4}');
SELECT note FROM cia_train('mixed', 'SELECT customer_id, balance FROM mixture_customer WHERE customer_id % 3 = 0', algorithm => 'gaussian_mixture', id => '{customer_id}',
	options => '{"max_k": 3}'), unnest(notes) note WHERE note LIKE 'no clear%';
SELECT note ~ 'option "k": auto chose 2 of 2 to 3 segments .BIC [0-9.]+, silhouette 0.[0-9]+, stability [01].[0-9]+.$' AS reason
FROM cia_train('mixed', 'mixture_customer', algorithm => 'gaussian_mixture', id => '{customer_id}', options => '{"max_k": 3}'), unnest(notes) note WHERE note LIKE 'option%';

-- options
SELECT option, type, default_value, minimum, maximum FROM cia_options('gaussian_mixture')
WHERE option NOT IN (SELECT option FROM cia_options('auto')) ORDER BY 1;
SELECT cia_train('bad', 'mixture_customer', algorithm => 'gaussian_mixture', options => '{"k": 1}');
SELECT cia_train('bad', 'mixture_customer', algorithm => 'gaussian_mixture', options => '{"covariance": "tied"}');
SELECT cia_train('bad', 'mixture_customer', algorithm => 'gaussian_mixture', options => '{"regularization": 0}');
SELECT cia_train('bad', 'mixture_customer', algorithm => 'gaussian_mixture', options => '{"category_weight": 1}');
SELECT cia_train('bad', 'mixture_customer', target => 'plan', algorithm => 'gaussian_mixture');
SELECT cia_roc_curve('mix', 'mixture_customer');

-- odd rows
SELECT cia_train('odd', 'SELECT 1 AS a FROM generate_series(1, 50)', algorithm => 'gaussian_mixture', options => '{"k": 2}');
SELECT cia_train('odd', 'SELECT NULL::int AS a FROM generate_series(1, 50)', algorithm => 'gaussian_mixture', options => '{"k": 2}');
SELECT cia_train('odd', 'SELECT i % 3 AS a, i AS id FROM generate_series(1, 50) i', algorithm => 'gaussian_mixture', id => '{id}', options => '{"k": 5}');
SELECT cia_train('odd', 'SELECT i AS a FROM generate_series(1, 3) i', algorithm => 'gaussian_mixture', options => '{"k": 4, "holdout": 0}');
SELECT cia_train('odd', 'SELECT 1e14 * i AS a, 3e14 * i AS b FROM generate_series(1, 90) i', algorithm => 'gaussian_mixture', options => '{"k": 2, "scale": "none"}');
SELECT cia_train('odd', 'SELECT i AS id, (SELECT array_agg((i * j * j + i * i * j) % 1009) FROM generate_series(1, 257) j)::float8[] AS v FROM generate_series(1, 90) i', algorithm => 'gaussian_mixture', id => '{id}', options => '{"k": 2}');
SELECT cia_fit(v, 'gaussian_mixture', '{"k": 3, "holdout": 0}') IS NULL AS none FROM (VALUES (1), (2), (1)) v(a);
SELECT cia_fit(v, 'gaussian_mixture', '{"k": 2, "holdout": 0, "scale": "none"}') IS NULL AS none FROM (SELECT 1e14 * i AS a, 3e14 * i AS b FROM generate_series(1, 90) i) v;
-- a column that never varies is left out, one that is a multiple of another is not too much for a covariance
SELECT notes FROM cia_train('odd', 'SELECT i AS id, i % 7 + i % 2 * 50 AS a, 3 AS b, i % 5 AS d, 2 * (i % 5) AS e FROM generate_series(1, 500) i', algorithm => 'gaussian_mixture', id => '{id}', options => '{"k": 2}');
-- one huge outlier is a segment of its own, and said to be too few rows for one
SELECT notes FROM cia_train('odd', 'SELECT i AS id, CASE WHEN i = 50 THEN 1e12 ELSE i % 5 + i % 2 * 20 END::float8 AS a, (i % 3)::float8 AS b FROM generate_series(1, 99) i', algorithm => 'gaussian_mixture', id => '{id}',
	options => '{"k": 3, "holdout": 0, "scale": "robust"}');
SELECT notes FROM cia_train('odd', 'mixture_customer', algorithm => 'gaussian_mixture', id => '{customer_id}', options => '{"k": 2, "max_iterations": 1}');

SELECT cia_drop_model('mix'), cia_drop_model('mixed'), cia_drop_model('odd');
DROP VIEW part;
DROP TABLE mixture_customer, mixture_score, learned, density;
