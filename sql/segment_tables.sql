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
-- How many there are, what they are like, and who moves
--

-- of the rows of a source, and of those that the model was trained on
SELECT segment, s.rows, s.share = s.rows / 2000.0 AS share, s.rows = p.rows AS as_counted
FROM cia_segment_sizes('kinds', 'kind_customer') s LEFT JOIN (SELECT cia_segment('kinds', c) AS segment, count(*) AS rows FROM kind_customer c GROUP BY 1) p USING (segment) ORDER BY 1;
SELECT s.segment, s.rows::text = t.rows AS trained_on, round(sum(share) OVER ()::numeric, 9) AS total
FROM cia_segment_sizes('kinds') WITH ORDINALITY s(segment, rows, share, n), cia_versions v, jsonb_array_elements_text(v.content::jsonb #> '{target,counts}') WITH ORDINALITY t(rows, n)
WHERE s.n = t.n AND v.model = 'kinds' AND production ORDER BY s.n;
SELECT * FROM cia_segment_sizes('kinds@1', 'SELECT * FROM kind_customer WHERE false');
SELECT sum(rows) FROM cia_segment_sizes('kinds', 'WITH w AS (SELECT *, 1 AS s FROM kind_customer LIMIT 30) SELECT * FROM w s');

-- means, shares, and differences in standard deviations are those of plain SQL; so for columns that the model does not use
CREATE VIEW kind_placed AS SELECT c.*, cia_segment('kinds', c) AS segment FROM kind_customer c;
CREATE TABLE kind_profile AS SELECT * FROM cia_segment_profile('kinds', 'kind_customer', '{"labels": 30}');
WITH number AS (SELECT segment, f.feature, f.statistic, f.label, avg(f.x) AS value
				FROM kind_placed c, LATERAL (VALUES ('balance', 'mean', NULL, balance::float8), ('logins', 'mean', NULL, logins), ('since', 'mean', NULL, extract(epoch FROM since - timestamp '2000-01-01')), ('churned', 'share', 'true', churned::int)) f(feature, statistic, label, x)
				GROUP BY GROUPING SETS ((1, 2, 3, 4), (2, 3, 4))),
	 deviation AS (SELECT v.* FROM (SELECT stddev_pop(balance) AS balance, stddev_pop(logins) AS logins, stddev_pop(extract(epoch FROM since - timestamp '2000-01-01')) AS since, stddev_pop(churned::int) AS churned FROM kind_customer) d,
				   LATERAL (VALUES ('balance', balance::float8), ('logins', logins::float8), ('since', since::float8), ('churned', churned::float8)) v(feature, sd))
SELECT p.feature, p.statistic, p.label, p.used, count(*) AS segments, max(abs(p.value - n.value)) <= 1e-9 * max(abs(a.value)) AS value, max(abs(p.overall / a.value - 1)) < 1e-12 AS overall, max(abs(p.difference - (n.value - a.value) / d.sd)) < 1e-9 AS difference
FROM kind_profile p JOIN (SELECT * FROM number WHERE segment IS NOT NULL) n ON (n.segment, n.feature, n.statistic) = (p.segment, p.feature, p.statistic) AND n.label IS NOT DISTINCT FROM p.label
	JOIN (SELECT * FROM number WHERE segment IS NULL) a ON (a.feature, a.statistic) = (p.feature, p.statistic) JOIN deviation d ON d.feature = p.feature
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3;
WITH share AS (SELECT s.segment, l.feature, l.label, avg((CASE l.feature WHEN 'plan' THEN c.plan WHEN 'branch' THEN c.branch ELSE c.logins::text END IS NOT DISTINCT FROM l.label)::int) FILTER (WHERE c.segment = s.segment) AS value,
					  avg((CASE l.feature WHEN 'plan' THEN c.plan WHEN 'branch' THEN c.branch ELSE c.logins::text END IS NOT DISTINCT FROM l.label)::int) AS overall
			   FROM kind_placed c, (SELECT DISTINCT segment FROM kind_placed) s, (SELECT DISTINCT 'plan' AS feature, plan AS label FROM kind_customer UNION SELECT 'branch', branch FROM kind_customer UNION SELECT 'logins', NULL) l GROUP BY 1, 2, 3)
SELECT feature, count(*) AS there, count(p.value) AS told, max(abs(p.value - s.value)) < 1e-12 AS value, max(abs(p.overall - s.overall)) < 1e-12 AS overall, max(abs(p.difference - (s.value - s.overall) / sqrt(s.overall * (1 - s.overall)))) < 1e-9 AS difference
FROM share s LEFT JOIN (SELECT segment, feature, label AS of, value, overall, difference FROM kind_profile WHERE statistic = 'share' AND feature <> 'churned') p USING (segment, feature) WHERE s.label IS NOT DISTINCT FROM p.of GROUP BY 1 ORDER BY 1;
SELECT count(*) AS told, bool_and(rank = expected) AS ranked FROM (SELECT rank, row_number() OVER (PARTITION BY segment ORDER BY abs(difference) DESC, rank) AS expected FROM kind_profile) r;
SELECT segment, feature, statistic, label, round(value::numeric, 3) AS value, round(overall::numeric, 3) AS overall, round(difference::numeric, 2) AS difference, used FROM kind_profile WHERE rank = 1 ORDER BY 1;
SELECT segment, rank, round(value::numeric, 3) AS churned, round(difference::numeric, 2) AS difference FROM kind_profile WHERE feature = 'churned' ORDER BY 1;
-- columns of all kinds; the weight and the id are left out
SELECT version FROM cia_train('kind_array', 'SELECT customer_id, ARRAY[balance, logins]::float8[] AS v, 1 + customer_id % 2 AS w FROM kind_customer', algorithm => 'kmeans', id => '{customer_id}', weight => 'w', options => '{"k": 2}');
SELECT feature, statistic, label, min(round(overall::numeric, 3)) AS overall, used FROM cia_segment_profile('kind_array',
	$$SELECT customer_id, ARRAY[balance, logins]::float8[] AS v, 1 + customer_id % 2 AS w, '{1,2}'::float8[] AS other, NULL::int AS nothing, '{}'::json AS document, interval '1 day' AS span, 7 AS seven, 'x'::"char" AS x, balance::numeric(9,2) AS "Größe, €" FROM kind_customer$$)
GROUP BY 1, 2, 3, 5 ORDER BY 1, 2, 3;
SELECT count(*), count(DISTINCT segment) AS segments FROM cia_segment_profile('kinds', 'SELECT * FROM kind_customer WHERE customer_id = 7');
SELECT count(*) FROM cia_segment_profile('kinds', 'SELECT * FROM kind_customer WHERE false');
SELECT feature, value = 'Infinity' AS infinite, difference FROM cia_segment_profile('kinds', 'SELECT balance, logins, plan, ''inf''::float8 AS far FROM kind_customer LIMIT 1') WHERE feature = 'far';
-- by the centres alone: those of a model without missing values are the means of its rows
SELECT version FROM cia_train('plain', 'SELECT customer_id, balance, coalesce(plan, ''none'') AS plan, churned FROM kind_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 3, "holdout": 0}');
SELECT count(*) AS told, max(abs(a.value - b.value) / greatest(abs(b.value), 1)) < 1e-9 AS value, max(abs(a.overall - b.overall) / greatest(abs(b.overall), 1)) < 1e-9 AS overall, max(abs(a.difference - b.difference)) < 1e-9 AS difference, bool_and(a.used AND b.used) AS used
FROM cia_segment_profile('plain') a JOIN cia_segment_profile('plain', 'SELECT customer_id, balance, coalesce(plan, ''none'') AS plan, churned FROM kind_customer') b
	ON (a.segment, a.feature, a.statistic) = (b.segment, b.feature, b.statistic) AND a.label IS NOT DISTINCT FROM b.label;
SELECT count(*) AS told, count(*) FILTER (WHERE label IS NOT NULL AND feature = 'plan') AS labels FROM cia_segment_profile('plain', options => '{"labels": 1}');
-- a share is one, whatever rounding leaves of a boolean
SELECT count(*) FROM cia_train('shares', 'SELECT i AS id, i % 10 AS a, i % 10 IN (1, 3) AS b, i % 10 > 8 AS c, i % 10 > 2 AS e FROM generate_series(1, 700) i', algorithm => 'kmeans', id => '{id}', options => '{"k": 4}');
SELECT min(value), max(value) FROM cia_segment_profile('shares') WHERE statistic = 'share';
SELECT cia_drop_model('shares');
SELECT cia_segment_profile('plain', options => '{"labels": 0}');
SELECT cia_segment_profile('plain', options => '{"label": 3}');
SELECT cia_segment_profile('plain', 'SELECT 1 AS balance');

-- from which segment to which; who is new, and who is gone
CREATE VIEW kind_then AS SELECT * FROM kind_customer WHERE customer_id > 100;
CREATE VIEW kind_now AS SELECT customer_id, branch, balance + customer_id * 5 AS balance, logins, plan FROM kind_customer WHERE customer_id <= 1900;
SELECT m.from_segment, m.to_segment, m.rows, m.rows = p.rows AND abs(m.share_of_from - p.share) < 1e-12 AS as_counted
FROM cia_segment_migration('kinds', 'kind_then', 'kind_now') m LEFT JOIN (
	SELECT f, t, count(*) AS rows, count(*) / sum(count(*)) OVER (PARTITION BY f) AS share
	FROM (SELECT customer_id, cia_segment('kinds', c) AS f FROM kind_then c) a FULL JOIN (SELECT customer_id, cia_segment('kinds', c) AS t FROM kind_now c) b USING (customer_id) GROUP BY 1, 2) p
	ON f IS NOT DISTINCT FROM from_segment AND t IS NOT DISTINCT FROM to_segment ORDER BY 1, 2;
SELECT sum(rows) FILTER (WHERE from_segment = to_segment) AS stay, sum(rows) AS customers FROM cia_segment_migration('kinds', 'kind_customer', 'kind_customer', '{branch,customer_id}');
SELECT sum(rows) AS apart FROM cia_segment_migration('kinds', 'SELECT *, ''a'' AS k, ''bc'' AS l FROM kind_customer LIMIT 1', 'SELECT *, ''ab'' AS k, ''c'' AS l FROM kind_customer LIMIT 1', '{k,l}');
SELECT * FROM cia_segment_migration('kinds', 'SELECT * FROM kind_then WHERE false', 'SELECT * FROM kind_now WHERE false');
SELECT cia_segment_migration('kinds', 'SELECT * FROM kind_then ORDER BY customer_id', 'kind_now', '{plan}');
SELECT cia_segment_migration('kinds', 'kind_then', 'SELECT * FROM kind_now UNION ALL SELECT * FROM kind_now WHERE customer_id = 5');
SELECT cia_segment_migration('kinds', 'kind_then', 'SELECT customer_id::text, balance, logins, plan FROM kind_now');
SELECT cia_segment_migration('kinds', 'kind_then', 'SELECT nullif(customer_id, 5) AS customer_id, balance, logins, plan FROM kind_now');
SELECT cia_segment_migration('kinds', 'kind_then', 'kind_now', '{nobody}');
SELECT cia_segment_migration('kinds', 'kind_then', 'kind_now', '{}');
SELECT cia_segment_migration('kinds', 'kind_then', NULL);
SET cia.max_memory = '1MB';
SELECT count(*) FROM cia_segment_migration('kinds', 'SELECT n * 10000 + customer_id AS customer_id, balance, logins, plan FROM kind_customer, generate_series(1, 30) n', 'kind_now');
RESET cia.max_memory;
SELECT version FROM cia_train('kind_array', 'SELECT balance, logins FROM kind_customer', algorithm => 'kmeans', options => '{"k": 2}');
SELECT cia_segment_migration('kind_array', 'kind_then', 'kind_now');
SELECT cia_segment_sizes('kind_value');
SELECT cia_segment_sizes('nothing');
SELECT cia_segment_profile('kind_value', 'kind_customer');
SELECT cia_segment_sizes('kinds', 'DELETE FROM kind_customer');
DROP VIEW kind_placed, kind_then, kind_now;
DROP TABLE kind_profile;
SELECT cia_drop_model('plain'), cia_drop_model('kind_array');

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

-- segments that are gone are told: of fewer, and of other columns, of which all are
SELECT version, notes[2:] FROM cia_retrain('kinds', 'SELECT customer_id, balance, logins, plan FROM kind_customer', '{"k": 2}');
SELECT version, notes[3] FROM cia_train('kinds', 'SELECT customer_id, since, balance FROM kind_customer', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 2}');
-- a segment of one row among many keeps its name, and is found again
CREATE TABLE kind_far AS SELECT i AS customer_id, CASE WHEN i = 29 THEN 1e9 ELSE i % 2 * 100 + i % 7 END AS amount FROM generate_series(1, 40000) i;
SELECT version FROM cia_train('far', 'kind_far', algorithm => 'kmeans', id => '{customer_id}', options => '{"k": 3, "scale": "robust", "holdout": 0}');
SELECT cia_name_segment('far', cia_segment('far', c), 'the one') FROM kind_far c WHERE customer_id = 29;
SELECT rows FROM cia_segment_sizes('far') WHERE segment = 'the one';
SELECT version, notes[3:] FROM cia_retrain('far', 'SELECT customer_id, amount * 1.01 AS amount FROM kind_far');
SELECT cia_segment('far@2', c) AS segment, verified FROM kind_far c, cia_verify('far@2') WHERE customer_id = 29;
SELECT cia_drop_model('far');
DROP TABLE kind_far;
-- names that are given in the very statement
SELECT segment FROM (SELECT cia_name_segment('plain', label, 'another') AS done FROM cia_segment_sizes('plain') s(label) ORDER BY label LIMIT 1 OFFSET 0) n,
	LATERAL (SELECT * FROM cia_segment_sizes('plain', 'kind_customer') WHERE done IS NOT NULL OFFSET 0) s;
\echo :SQLSTATE
SELECT cia_drop_model('kinds'), cia_drop_model('plain'), cia_drop_model('kind_value');
DROP TABLE kind_customer;
