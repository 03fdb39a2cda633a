-- SPDX-License-Identifier: PostgreSQL
-- segments.sql: kmeans, and the segment of a row.

-- four kinds of customers, of whom the balance, the logins and the plan tell
CREATE TABLE segment_customer AS
SELECT i AS customer_id,
	   CASE WHEN i % 4 IN (0, 1) THEN 9000 ELSE 500 END + (i * 7919 % 1000) AS balance,
	   (CASE WHEN i % 4 IN (0, 2) THEN 40 ELSE 0 END + i * 104729 % 5)::int AS logins,
	   CASE WHEN i % 4 = 3 THEN 'basic' WHEN i % 11 = 0 THEN NULL ELSE 'plus' END AS plan
FROM generate_series(1, 2000) i;

SELECT model, version, algorithm, rows_used, features, metric, round(value::numeric, 2) AS value, promoted, notes
FROM cia_train('kinds', 'segment_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 4}');

-- each kind is a segment
SELECT cia_segment('kinds', c) AS segment, customer_id % 4 AS kind, count(*)
FROM segment_customer c GROUP BY 1, 2 ORDER BY 2, 1;

-- six forms, and the planner's, say the same
SELECT count(*) FILTER (WHERE NOT (
		cia_segment('kinds', c) = cia_segment('kinds', to_jsonb(c))
		AND cia_segment('kinds', c) = cia_class('kinds', c)
		AND cia_segment_distance('kinds', c) = cia_segment_distance('kinds', to_jsonb(c))
		AND cia_segment_distance('kinds', c) = cia_score('kinds', c)
		AND cia_segment_probabilities('kinds', c) = cia_segment_probabilities('kinds', to_jsonb(c))
		AND cia_segment_probabilities('kinds', c) = cia_probabilities('kinds', c))) AS different
FROM segment_customer c;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT cia_segment('kinds', c), cia_segment_distance('kinds', c), cia_segment_probabilities('kinds', c) FROM segment_customer c;
SELECT cia_segment('kinds', ARRAY[9000, 41, 2]), cia_segment('kinds', ARRAY[700, 1, NULL]::float8[]);
SELECT cia_segment('kinds', NULL::segment_customer) IS NULL AS none;

-- probabilities add up to one, the segment's is the largest
SELECT bool_and(abs(total - 1) < 1e-12) AS add_up, bool_and(most = own) AS largest
FROM (SELECT sum(p.value::float8) AS total, max(p.value::float8) AS most,
			 max(p.value::float8) FILTER (WHERE p.key = cia_segment('kinds', c)) AS own
	  FROM segment_customer c, jsonb_each_text(cia_segment_probabilities('kinds', c)) p
	  GROUP BY customer_id) per_row;

-- contributions say what brings the row nearer to its segment than to the next
SELECT feature, value, contribution > 0.1 AS matters FROM segment_customer c, cia_explain('kinds', c)
WHERE customer_id = 8 ORDER BY contribution DESC;
SELECT cia_reasons('kinds', c, 1) FROM segment_customer c WHERE customer_id = 8;

-- as a value, by group, and by hand
SELECT customer_id % 2 AS side, cia_segment(cia_fit(c, 'kmeans', '{"k": 2, "id": ["customer_id"]}'),
											'{"balance": 9500, "logins": 40, "plan": "plus"}'::jsonb)
FROM segment_customer c GROUP BY 1 ORDER BY 1;
WITH m AS (SELECT cia_fit(c, 'kmeans', '{"k": 3, "id": ["customer_id"], "scale": "none", "holdout": 0}')::text::jsonb AS m
		   FROM (SELECT customer_id, balance FROM segment_customer) c)
SELECT m ->> 'task' AS task, m -> 'target' ? 'name' AS has_target,
	   round((m #>> '{learned,inertia,0}')::numeric / (SELECT sum((balance - center) ^ 2)
		FROM segment_customer, LATERAL (
			SELECT x.value::numeric + (m #>> '{learned,shift,0}')::numeric AS center
			FROM jsonb_array_elements_text(m #> '{learned,centers}') x
			ORDER BY abs(balance - x.value::numeric - (m #>> '{learned,shift,0}')::numeric) LIMIT 1) nearest), 9) AS inertia
FROM m;

-- trained again on other customers of the same kinds, segments keep their names; so they do if one more is asked for
SELECT version, promoted, notes FROM cia_train('kinds', 'SELECT customer_id, balance * 1.1 + 7 AS balance, logins + customer_id % 2 AS logins, plan
	FROM segment_customer WHERE customer_id % 20 <> 8', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 4}');
SELECT avg((cia_segment('kinds@1', c) = cia_segment('kinds@2', c))::int) >= 0.95 AS kept FROM segment_customer c;
SELECT version, promoted FROM cia_train('kinds', 'segment_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 5, "promote": "always"}');
SELECT cia_segment('kinds', c) = cia_segment('kinds@1', c) AS kept, count(*) > 1500 AS most FROM segment_customer c GROUP BY 1 ORDER BY 2 DESC;

-- how many there are, and where there are none
SELECT k, round(silhouette::numeric, 2) AS silhouette, gap > 0 AS gap, round(stability::numeric, 1) AS stability, chosen
FROM cia_choose_k('segment_customer', id => '{customer_id}', exclude => '{plan}', options => '{"max_k": 6}');
SELECT notes FROM cia_train('auto', 'segment_customer', algorithm => 'kmeans', id => '{customer_id}', exclude => '{plan}', options => '{"max_k": 6}');
SELECT count(*) AS tried, count(*) FILTER (WHERE chosen) AS chosen
FROM cia_choose_k('SELECT i AS id, (i * 7919 % 10007) / 10007.0 AS a, (i::bigint * i % 10009) / 10009.0 AS b FROM generate_series(1, 900) i', id => '{id}');
SELECT cia_choose_k('segment_customer', 'linear');
SELECT cia_choose_k('segment_customer', options => '{"k": 3}');
SELECT cia_drop_model('auto');

-- trained again to the last bit, with names that are not those of a first version, wherever these come from
SELECT version FROM cia_train('fresh', 'segment_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 2}');
SELECT version FROM cia_train('followed', 'segment_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 4}');
SELECT version FROM cia_retrain('followed', options => '{"k": 2}');
SELECT cia_import('elsewhere', cia_export('followed@2'));
SELECT m.model, verified, explanation, now_fingerprint = f.fingerprint AS named_as_fresh
FROM unnest(ARRAY['fresh', 'followed@1', 'followed@2', 'elsewhere']) m(model), cia_verify(m.model), (SELECT fingerprint FROM cia_versions WHERE model = 'fresh') f;
SELECT cia_drop_model('fresh'), cia_drop_model('followed'), cia_drop_model('elsewhere');
CREATE VIEW segment_some AS SELECT * FROM segment_customer WHERE customer_id % 2 = 0;
SELECT version FROM cia_train('kinds_some', 'segment_some', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 2}');
CREATE OR REPLACE VIEW segment_some AS SELECT * FROM segment_customer WHERE customer_id % 2 = 1;
SELECT verified, explanation FROM cia_verify('kinds_some');
SELECT cia_drop_model('kinds_some');
DROP VIEW segment_some;

-- judged on rows that were kept out; a table of segments
SELECT metric, value > 0 AS known, low IS NOT NULL AS interval FROM cia_evaluate('kinds@1', 'segment_customer');
SELECT rows, inserted FROM cia_score_into('kinds@1', 'segment_customer', 'segment_score', '{customer_id}');
SELECT class, count(*), min(score) > 0 AS distance FROM segment_score GROUP BY 1 ORDER BY 1;
SELECT algorithm, task, target, metric FROM cia_versions WHERE model = 'kinds' ORDER BY version;
SELECT algorithm, task FROM cia_algorithms WHERE task = 'segmentation' ORDER BY 1;
SELECT option, type, default_value, minimum, maximum FROM cia_options('kmeans')
WHERE option NOT IN (SELECT option FROM cia_options('auto')) ORDER BY 1;

-- what segments are not asked
SELECT cia_train('bad', 'segment_customer', target => 'plan', algorithm => 'kmeans');
SELECT cia_train('bad', 'segment_customer', algorithm => 'linear');
SELECT cia_train('bad', 'segment_customer');
SELECT cia_fit(c, 'logistic', '{}') FROM segment_customer c;
SELECT cia_fit(c, balance, 'kmeans', '{}') FROM segment_customer c;
SELECT cia_cross_validate('segment_customer', NULL, 'kmeans');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"k": 1}');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"k": 2.5}');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"scale": "log"}');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"by": "plan"}');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"positive": "plus"}');
SELECT cia_train('bad', 'segment_customer', algorithm => 'kmeans', options => '{"calibrate": "platt"}');
SELECT cia_roc_curve('kinds', 'segment_customer');
SELECT cia_lift_table('kinds', 'segment_customer');
SELECT cia_calibration('kinds', 'segment_customer');
SELECT cia_confusion('kinds', 'segment_customer');
SELECT cia_residuals('kinds', 'segment_customer');
SELECT cia_coefficients('kinds');

-- and what no segmentation is asked
SELECT model FROM cia_train('segment_value', 'SELECT balance, logins FROM segment_customer', target => 'balance', algorithm => 'linear');
SELECT cia_segment('segment_value', c) FROM segment_customer c LIMIT 1;
SELECT cia_segment_distance('segment_value', c) FROM segment_customer c LIMIT 1;
SELECT cia_segment_probabilities('segment_value', c) FROM segment_customer c LIMIT 1;

-- odd rows
SELECT cia_train('odd', 'SELECT 1 AS a FROM generate_series(1, 50)', algorithm => 'kmeans', options => '{"k": 2}');
SELECT cia_train('odd', 'SELECT NULL::int AS a FROM generate_series(1, 50)', algorithm => 'kmeans', options => '{"k": 2}');
SELECT cia_train('odd', 'SELECT i % 3 AS a, i AS id FROM generate_series(1, 50) i', algorithm => 'kmeans', id => '{id}', options => '{"k": 5}');
SELECT cia_train('odd', 'SELECT i AS a FROM generate_series(1, 3) i', algorithm => 'kmeans', options => '{"k": 4, "holdout": 0}');
SELECT cia_train('odd', 'SELECT i AS a FROM generate_series(1, 3) i WHERE i > 5', algorithm => 'kmeans');
SELECT cia_train('odd', 'SELECT i::float8 / 0.1 AS a FROM generate_series(1, 9) i UNION ALL SELECT ''inf''', algorithm => 'kmeans');
SELECT cia_fit(v, 'kmeans', '{"k": 3, "holdout": 0}') IS NULL AS none FROM (VALUES (1), (2), (1)) v(a);
SELECT notes FROM cia_train('odd', 'SELECT i % 7 AS a, 3 AS b, i AS id FROM generate_series(1, 500) i', algorithm => 'kmeans', id => '{id}', options => '{"k": 7}');
-- segments that differ in degree alone: degrees, then values; a share; a day; trained again, each keeps its name
CREATE FUNCTION segments_called(source text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cia_train('called', source, algorithm => 'kmeans', id => '{id}', options => options || '{"holdout": 0}');
	RETURN (SELECT string_agg(segment || ' ' || rows, '; ' ORDER BY rows DESC, segment) FROM cia_segment_sizes('called'));
END $$;
SELECT segments_called('SELECT i AS id, exp(i / 50.0) AS spent_total FROM generate_series(1, 500) i', '{"k": 9}');
SELECT segments_called('SELECT i AS id, exp((i + 2) / 50.5) AS spent_total FROM generate_series(3, 510) i', '{"k": 9}');
SELECT cia_drop_model('called');
SELECT segments_called('SELECT i AS id, timestamp ''2024-12-31 18:00'' + i * i * interval ''3 minutes'' AS joined_at FROM generate_series(1, 60) i', '{"k": 8}');
SELECT cia_drop_model('called');
SELECT segments_called('SELECT i AS id, i % 4 < 1 OR i % 3 = 0 AND i % 5 < 2 AS uses_app, CASE WHEN i % 7 < 3 THEN ''north'' WHEN i % 7 < 6 THEN ''south'' ELSE ''west'' END AS region, i % 4 AS visits FROM generate_series(1, 400) i', '{"k": 12}');
SELECT cia_drop_model('called');
-- rows of a few towns, and of all others
SELECT segments_called('SELECT i AS id, CASE WHEN i % 20 = 0 THEN ''town '' || i % 60 ELSE ''town '' || 1000 + i END AS town, i % 2 AS a FROM generate_series(1, 2000) i', '{"k": 4, "max_categories": 5, "category_weight": 100}');
SELECT cia_drop_model('called');
SELECT segments_called('SELECT i AS id, CASE WHEN i % 4 = 0 THEN ''plan '' || i % 3 ELSE ''usual'' END AS plan FROM generate_series(1, 2000) i', '{"k": 2}');
SELECT cia_drop_model('called');
-- labels that nobody would see
SELECT segments_called('SELECT i AS id, (ARRAY['''', '' '', E''two\nlines'', NULL])[1 + i % 4] AS plan FROM generate_series(1, 400) i', '{"k": 4}');
SELECT cia_drop_model('called');
DROP FUNCTION segments_called(text, jsonb);

-- weights of 0, of NULL, and none; two rows that do not differ
SELECT cia_train('odd', 'SELECT i AS a, CASE WHEN i % 2 = 0 THEN 0 END AS w FROM generate_series(1, 9) i', algorithm => 'kmeans', weight => 'w');
SELECT cia_choose_k('SELECT i AS a, 0 AS w FROM generate_series(1, 9) i', weight => 'w');
SELECT cia_fit(v, 'kmeans', '{"weight": "w"}') IS NULL AS none FROM (VALUES (1, 0), (2, 0)) v(a, w);
SELECT cia_train('odd', 'SELECT i AS a, ''x'' AS w FROM generate_series(1, 9) i', algorithm => 'kmeans', weight => 'w');
SELECT cia_choose_k('SELECT i AS a FROM generate_series(1, 2) i');
SELECT cia_train('odd', 'SELECT i % 5 * 1e-300::float8 AS a FROM generate_series(1, 99) i', algorithm => 'kmeans', options => '{"k": 2}');

-- one huge outlier is a segment of its own; of robust units the rest can be told apart as well
SELECT cia_segment(cia_fit(v, 'kmeans', '{"k": 3, "holdout": 0, "scale": "robust"}'), '{"a": 1e12}'::jsonb),
	   cia_segment(cia_fit(v, 'kmeans', '{"k": 3, "holdout": 0, "scale": "robust"}'), '{"a": 2}'::jsonb),
	   cia_segment(cia_fit(v, 'kmeans', '{"k": 3, "holdout": 0, "scale": "robust"}'), '{"a": 21}'::jsonb)
FROM (SELECT (i % 5 + CASE WHEN i % 2 = 0 THEN 20 ELSE 0 END)::float8 AS a FROM generate_series(1, 99) i UNION ALL SELECT 1e12) v;
-- names of columns and labels as they come
SELECT notes[2] FROM cia_train('odd', 'SELECT i AS id, CASE WHEN i % 2 = 0 THEN ''grün "x"'' ELSE ''d''''or'' END AS "Größe, €", i % 2 * 10 + i % 3 AS "it''s_a" FROM generate_series(1, 300) i',
	algorithm => 'kmeans', id => '{id}', options => '{"k": 2}');

-- rows that happened one after the other
SELECT notes[3] FROM cia_train('odd', 'SELECT i AS id, i AS day, i / 100 AS a, i % 7 AS b FROM generate_series(1, 2000) i',
	algorithm => 'kmeans', id => '{id}', options => '{"k": 2, "order_by": "day"}');
-- a name may go over to a model with a target, and back
SELECT algorithm, promoted, notes[1] FROM cia_train('odd', 'SELECT i AS id, i / 100 AS a, i % 7 AS b FROM generate_series(1, 2000) i',
	target => 'b', algorithm => 'linear', id => '{id}');
SELECT algorithm, promoted, notes[1] FROM cia_train('odd', 'SELECT i AS id, i / 100 AS a, i % 7 AS b FROM generate_series(1, 2000) i',
	algorithm => 'kmeans', id => '{id}', options => '{"k": 2, "promote": "always"}');
SELECT algorithm, promoted, notes[1] FROM cia_train('odd', 'SELECT i AS id, i / 100 AS a, i % 7 AS b FROM generate_series(1, 2000) i',
	target => 'b', algorithm => 'linear', id => '{id}', options => '{"promote": "better"}');

SELECT cia_drop_model('kinds'), cia_drop_model('odd'), cia_drop_model('segment_value');
DROP TABLE segment_customer, segment_score;
