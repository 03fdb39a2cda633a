-- cia_reasons: the features that raise a score most, in words.
CREATE TABLE customer AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   (ARRAY['shop', 'app'])[1 + i * 7 % 11 % 2] AS channel, 1 + i % 12 AS months, (u + 3 * v) % 97 > 40 + (u % 60) / 3 AS churned,
	   10 + (v % 300) / 5.0 - u % 60 + (i * 31 % 17) AS spend, (u % 5 + v % 3) * (1 + i % 12) / 4 AS claims, 1 + u % 60 + (v % 13) / 4.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
UPDATE customer SET visits = NULL WHERE id % 13 = 0;
ALTER TABLE customer ADD since date, ADD vip boolean, ADD rate real;
UPDATE customer SET since = date '2020-01-01' + id, vip = id % 3 = 0, rate = id % 10 / 10.0;
SELECT version FROM cia_train('churn', 'customer', 'churned', id => '{id}', exclude => '{spend,claims,cost}');
SELECT version FROM cia_train('claims', 'customer', 'claims', 'poisson', features => '{age,channel,months}', options => '{"exposure": "months"}');
SELECT version FROM cia_train('cost', 'customer', 'cost', 'gamma', features => '{age,channel,visits}');

-- Those of cia_explain with a positive contribution, the largest first; a missing value is said to be missing.
SELECT id, cia_reasons('churn', c) FROM customer c WHERE id IN (1, 13, 26) ORDER BY id;
CREATE VIEW explained AS
SELECT id, array_agg(feature || CASE WHEN value IS NULL THEN ' is missing' ELSE ' = ' || value END ORDER BY contribution DESC) AS reasons
FROM customer c, cia_explain('churn', c) WHERE feature <> 'bias' AND contribution > 1e-10 GROUP BY id;
SELECT count(*), count(*) FILTER (WHERE cia_reasons('churn', c, 100) IS DISTINCT FROM reasons) AS all_differ,
	   count(*) FILTER (WHERE cia_reasons('churn', c) IS DISTINCT FROM reasons[1:4]) AS four_differ,
	   count(*) FILTER (WHERE cia_reasons('churn', c, 1) IS DISTINCT FROM reasons[1:1]) AS one_differs
FROM customer c JOIN explained USING (id);

-- An exposure is no reason.  Where a link falls, what lowers the margin raises the score.
SELECT count(*) FROM customer c, unnest(cia_reasons('claims', c)) r WHERE r LIKE 'months%';
SELECT bool_and(contribution < 0) AS lower_margins, count(*) > 0 AS some
FROM customer c, unnest(cia_reasons('cost', c)) r, cia_explain('cost', c) WHERE r LIKE feature || ' %';

-- Nothing raises the score of the best row: an empty array.
SELECT min(cardinality(cia_reasons('cost', c))), max(cardinality(cia_reasons('cost', c))) FROM customer c;

-- Every form answers the same, and the planner sees through the row whatever k is.
SELECT count(*) FILTER (WHERE by_row <> cia_reasons('churn', to_jsonb(c), 1 + c.id % 5)) AS json,
	   count(*) FILTER (WHERE by_row <> cia_reasons(content, c, 1 + c.id % 5)) AS value,
	   count(*) FILTER (WHERE by_row <> cia_reasons(content, to_jsonb(c), 1 + c.id % 5)) AS value_json, max(cardinality(by_row))
FROM customer c, cia_versions, LATERAL (SELECT cia_reasons('churn', c, 1 + c.id % 5) AS by_row) r WHERE model = 'churn';
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_reasons('claims', c) FROM customer c;
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_reasons('claims', c, months) FROM customer c;
SELECT i, cia_reasons('claims', c, 2) FROM generate_series(399, 401) i LEFT JOIN customer c ON c.id = i ORDER BY i;
SELECT count(*) AS differ FROM (
	SELECT id, cia_reasons('claims', c, months) FROM customer c
	EXCEPT SELECT id, cia_reasons('claims', c, months) FROM (SELECT * FROM customer OFFSET 0) c) d;
SET cia.see_through = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT cia_reasons('claims', c) FROM customer c;
RESET cia.see_through;

-- What is wrong, in either form; NULL is NULL.
SELECT cia_reasons('churn', c, 0) FROM customer c;
SELECT cia_reasons('churn', c, 101) FROM customer c;
SELECT cia_reasons('churn', '{}'::jsonb, -1);
SELECT cia_reasons('churn', '{}'::jsonb);
SELECT cia_reasons('nobody', c) FROM customer c;
SELECT cia_reasons('churn', c, NULL) IS NULL AS no_k, cia_reasons(NULL::text, c) IS NULL AS no_model, cia_reasons('churn', NULL::customer) IS NULL AS no_row
FROM customer c LIMIT 1;

-- Who may not call cia_reasons may not call what the planner makes of it.
CREATE ROLE cia_nobody;
SELECT version AS v FROM cia_versions WHERE model = 'claims' \gset
REVOKE EXECUTE ON FUNCTION cia_reasons(text, record, int) FROM PUBLIC;
GRANT SELECT ON customer TO cia_nobody;
SET ROLE cia_nobody;
SELECT cia_reasons('claims', c) FROM customer c;
SELECT cia_reasons_columns('claims', 1, '{age}', true, 4, 1);
RESET ROLE;
GRANT EXECUTE ON FUNCTION cia_reasons(text, record, int) TO PUBLIC;
SELECT cia_reasons_columns('claims', 1, '{age,channel,months}', true, 4, 40, 'app'::text, 3) IS NOT NULL AS by_hand,
	   cia_reasons_columns('claims', 1, '{age,channel,months}', true, NULL, 40, 'app'::text, 3) IS NULL AS no_k,
	   cia_reasons_columns('claims', 1, '{age,channel,months}', NULL, 4, 40, 'app'::text, 3) IS NULL AS no_row;
SELECT cia_reasons_columns('claims', 1, '{age,channel,months}', true, 0, 40, 'app'::text, 3);

DROP VIEW explained;
SELECT cia_drop_model(m) FROM unnest('{churn,claims,cost}'::text[]) m;
DROP TABLE customer;
DROP ROLE cia_nobody;
