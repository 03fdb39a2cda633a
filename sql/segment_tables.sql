-- SPDX-License-Identifier: PostgreSQL
-- segment_tables.sql: segments that are named by hand, and what is told of them.

-- four kinds of customers, of whom the balance, the logins and the plan tell; the others churn
CREATE TABLE kind_customer AS
SELECT i AS customer_id,
	   CASE WHEN i % 4 IN (0, 1) THEN 9000 ELSE 500 END + (i * 7919 % 1000) AS balance,
	   CASE WHEN i % 13 > 0 THEN (CASE WHEN i % 4 IN (0, 2) THEN 40 ELSE 0 END + i * 104729 % 5)::int END AS logins,
	   CASE WHEN i % 4 = 3 THEN 'basic' WHEN i % 11 = 0 THEN NULL ELSE 'plus' END AS plan,
	   i % 4 = 3 AND i % 3 > 0 AS churned, date '2020-01-01' + i % 400 AS since, chr(65 + i % 26) AS branch, 'mail ' || i AS mail
FROM generate_series(1, 2000) i;
SELECT version, notes FROM cia_train('kinds', 'kind_customer', algorithm => 'kmeans', id => '{customer_id}', features => '{balance,logins,plan}', options => '{"k": 4}');

--
-- Names given by hand
--
SELECT cia_name_segment('kinds', 'plan basic, low balance', 'Basic "Größe"'), cia_name_segment('kinds@1', 'high balance, few logins', 'Savers');
SELECT cia_segment('kinds', c) AS segment, customer_id % 4 AS kind, count(*) FROM kind_customer c GROUP BY 1, 2 ORDER BY 2, 1;
SELECT cia_segment(content, '{"balance": 9500, "logins": 1, "plan": "plus"}'::jsonb) AS by_value, fingerprint = encode(sha256(cia_model_send(content)), 'hex') AS fingerprint,
	   (SELECT string_agg(format('%s: %s', n->>'segment', n->>'name'), '; ' ORDER BY o) FROM jsonb_array_elements(named) WITH ORDINALITY e(n, o)) AS named,
	   named->0->>'by' = quote_ident(current_user) AS by_whom, (named->0->>'at')::timestamptz > trained_at - interval '1 second' AS at
FROM cia_versions WHERE model = 'kinds';
-- the name that it has is no change
SELECT cia_name_segment('kinds', 'Savers', 'Savers'), jsonb_array_length(named) FROM cia_versions WHERE model = 'kinds';
-- the same model is found again, names and all
SELECT verified, explanation FROM cia_verify('kinds');

-- within a transaction at once, undone with it; a cursor keeps the names that it began with
BEGIN;
DECLARE before CURSOR FOR SELECT DISTINCT cia_segment('kinds', c) AS segment FROM kind_customer c WHERE customer_id < 4 ORDER BY 1;
FETCH 1 FROM before;
SELECT cia_name_segment('kinds', 'Savers', 'one'), cia_segment('kinds', c) FROM kind_customer c WHERE customer_id = 1;
SELECT cia_segment('kinds', c) FROM kind_customer c WHERE customer_id = 1;
DECLARE between CURSOR FOR SELECT cia_segment('kinds', c) AS segment FROM kind_customer c WHERE customer_id = 1 ORDER BY 1;
SAVEPOINT first;
SELECT cia_name_segment('kinds', 'one', 'two');
SELECT cia_segment('kinds', c) FROM kind_customer c WHERE customer_id = 1;
FETCH ALL FROM between;
FETCH ALL FROM before;
ROLLBACK TO first;
SELECT cia_segment('kinds', c) FROM kind_customer c WHERE customer_id = 1;
ROLLBACK;
SELECT cia_segment('kinds', c) FROM kind_customer c WHERE customer_id = 1;
-- trained and named in one transaction, under a call site that goes on
DO $$
DECLARE
	c kind_customer;
	old text;
	new text;
BEGIN
	SELECT * INTO c FROM kind_customer WHERE customer_id = 1;
	PERFORM cia_train('within', 'kind_customer', algorithm => 'kmeans', id => '{customer_id}', features => '{balance}', options => '{"k": 2}');
	FOR i IN 1 .. 3 LOOP
		old := cia_segment('within', c);
		PERFORM cia_name_segment('within', old, 'number ' || i);
		new := cia_segment('within', c);
		RAISE NOTICE '% is %', old, new;
	END LOOP;
	PERFORM cia_drop_model('within');
END $$;

-- whatever takes the model takes the names: copies, exports, and versions that are trained later on other rows
SELECT cia_copy_model('kinds', 'copied'), cia_import('imported', cia_export('kinds'));
SELECT model, named = (SELECT named FROM cia_versions WHERE model = 'kinds') AS lineage, fingerprint = (SELECT fingerprint FROM cia_versions WHERE model = 'kinds') AS fingerprint
FROM cia_versions WHERE model IN ('copied', 'imported') ORDER BY 1;
SELECT v.verified FROM cia_verify('imported') v;
SELECT cia_import('damaged', jsonb_set(cia_export('kinds'), '{lineage,named,0}', '{"segment": "a"}'));
SELECT cia_drop_model('copied'), cia_drop_model('imported');
SELECT version, promoted, notes[1] FROM cia_retrain('kinds', 'SELECT customer_id, balance * 1.05 + 3 AS balance, logins, plan FROM kind_customer WHERE customer_id % 20 <> 8');
SELECT avg((cia_segment('kinds@1', c) = cia_segment('kinds@2', c))::int) >= 0.95 AS kept FROM kind_customer c;
-- a version has the names that it has: the one before keeps its own
SELECT cia_name_segment('kinds', 'Savers', 'Affluent savers');
SELECT cia_segment('kinds@1', c) AS then, cia_segment('kinds', c) AS now FROM kind_customer c WHERE customer_id = 1;
SELECT version, promoted, notes[1] FROM cia_retrain('kinds', 'SELECT customer_id, balance, logins, plan FROM kind_customer');
SELECT cia_segment('kinds@3', c) FROM kind_customer c WHERE customer_id = 1;

-- what cannot be
SELECT cia_name_segment('kinds', 'nobody', 'a');
SELECT cia_name_segment('kinds', 'Savers', 'a');
SELECT cia_name_segment('kinds', 'Affluent savers', 'Basic "Größe"');
SELECT cia_name_segment('kinds', 'Affluent savers', '');
SELECT cia_name_segment('kinds', 'Affluent savers', E' \n');
SELECT cia_name_segment('kinds', 'Affluent savers', E'two\nlines');
SELECT cia_name_segment('kinds', 'Affluent savers', repeat('ß', 100) || '!');
SELECT cia_name_segment('kinds', 'Affluent savers', NULL);
SELECT cia_name_segment('kinds', NULL, 'a');
SELECT cia_name_segment(NULL, 'Affluent savers', 'a');
SELECT cia_name_segment('nothing', 'a', 'b');
SELECT cia_name_segment('kinds@9', 'a', 'b');
SELECT model FROM cia_train('kind_value', 'SELECT balance, logins FROM kind_customer', target => 'balance', algorithm => 'linear');
SELECT cia_name_segment('kind_value', 'a', 'b');
BEGIN READ ONLY;
SELECT cia_name_segment('kinds', 'Affluent savers', 'a');
ROLLBACK;

--
-- What else is told of a segmentation
--

-- no option that it refuses
SELECT option FROM cia_options('auto') EXCEPT SELECT option FROM cia_options('kmeans') ORDER BY 1;
-- which features the segments differ by: shares of the variance between centres, as plain SQL finds it
SELECT version FROM cia_train('plain', 'SELECT customer_id, balance, coalesce(logins, 20) AS logins FROM kind_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 3, "holdout": 0}');
WITH row AS (SELECT cia_segment('plain', to_jsonb(c)) AS segment, balance, logins FROM (SELECT balance, coalesce(logins, 20) AS logins FROM kind_customer) c),
	 center AS (SELECT count(*) AS rows, avg(balance) AS balance, avg(logins) AS logins FROM row GROUP BY segment),
	 between AS (SELECT 'balance' AS feature, sum(rows * (c.balance - a.balance) ^ 2) / 2000 / a.vb AS variance FROM center c, (SELECT avg(balance) AS balance, var_pop(balance) AS vb FROM row) a GROUP BY a.vb
				 UNION ALL SELECT 'logins', sum(rows * (c.logins - a.logins) ^ 2) / 2000 / a.vl FROM center c, (SELECT avg(logins) AS logins, var_pop(logins) AS vl FROM row) a GROUP BY a.vl)
SELECT i.feature, abs(i.deviation - sqrt(b.variance)) < 1e-9 AS deviation, abs(i.importance - b.variance / sum(b.variance) OVER ()) < 1e-9 AS importance, shap IS NULL AND gain IS NULL AS others
FROM cia_importance('plain') i JOIN between b USING (feature) ORDER BY 1;
SELECT feature, importance BETWEEN 0.2 AND 0.5 AS share FROM cia_importance('kinds') ORDER BY 1;
-- the card, the differences, and what is refused
SELECT regexp_replace(line, ' by \S+ \|$', ' by ... |') AS line FROM regexp_split_to_table(cia_model_card('kinds@2'), '\n') WITH ORDINALITY t(line, n)
WHERE line ~ '^#|Segment|segment|Named|silhouette|Class|fairness|Target|^\| (plan|balance|logins) \| \d' ORDER BY n;
SELECT aspect, item FROM cia_diff('kinds', 1, 2) WHERE aspect IN ('class', 'segment', 'target') ORDER BY 1, 2;
SELECT cia_report('kinds', 'kind_customer');
SELECT cia_importance('kinds', 'kind_customer');
SELECT cia_partial_dependence('kinds', 'kind_customer', 'balance');
SELECT cia_compare('kinds@1', 'kinds@2', 'kind_customer');

SELECT cia_drop_model('kinds'), cia_drop_model('plain'), cia_drop_model('kind_value');
DROP TABLE kind_customer;
