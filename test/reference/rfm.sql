-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run on cdnow_text: cia_rfm against plain SQL that knows nothing of it. Values are counted once each and
-- summed up from the worst, where cia_rfm ranks rows; segments are looked up in the matrix of docs/rfm.md.
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SELECT no_plan();

CREATE TABLE rfm_purchase AS
SELECT part[1]::int AS customer, to_date(part[3], 'YYYYMMDD') AS day, part[5]::numeric AS dollars
FROM cdnow_text, regexp_split_to_array(trim(line, E' \r'), ' +') AS part;

CREATE FUNCTION rfm_plain(until date) RETURNS TABLE (customer int, days int, purchases bigint, dollars numeric, r int, f int, m int, segment text) LANGUAGE sql AS $$
	WITH per_customer AS (
		SELECT customer, until - max(day) AS days, count(*) AS purchases, sum(dollars) AS dollars
		FROM rfm_purchase WHERE day <= until GROUP BY customer),
	size AS (SELECT count(*) AS customers FROM per_customer),
	by_days AS (SELECT days, 1 + 5 * (sum(count(*)) OVER (ORDER BY days DESC) - count(*))::int / customers AS r FROM per_customer, size GROUP BY days, customers),
	by_purchases AS (SELECT purchases, 1 + 5 * (sum(count(*)) OVER (ORDER BY purchases) - count(*))::int / customers AS f FROM per_customer, size GROUP BY purchases, customers),
	by_dollars AS (SELECT dollars, 1 + 5 * (sum(count(*)) OVER (ORDER BY dollars) - count(*))::int / customers AS m FROM per_customer, size GROUP BY dollars, customers)
	SELECT customer, days, purchases, dollars, r, f, m,
		(ARRAY[ARRAY['Lost', 'Lost', 'At Risk', 'At Risk', 'Can''t Lose Them'],
			ARRAY['Hibernating', 'Hibernating', 'At Risk', 'At Risk', 'Can''t Lose Them'],
			ARRAY['About to Sleep', 'About to Sleep', 'Need Attention', 'Loyal Customers', 'Loyal Customers'],
			ARRAY['Promising', 'Potential Loyalist', 'Potential Loyalist', 'Loyal Customers', 'Loyal Customers'],
			ARRAY['New Customers', 'Potential Loyalist', 'Potential Loyalist', 'Champions', 'Champions']])[r][ceil((f + m) / 2.0)]
	FROM per_customer JOIN by_days USING (days) JOIN by_purchases USING (purchases) JOIN by_dollars USING (dollars) $$;

SELECT is((SELECT (count(*), sum(frequency), sum(monetary))::text FROM cia_rfm('rfm_purchase', 'customer', 'day', 'dollars')), '(2357,6919,244091.94)', 'cdnow: all customers, purchases and dollars');
SELECT results_eq(format($$SELECT segment, count(*), sum(frequency)::int, sum(monetary) FROM cia_rfm('rfm_purchase', 'customer', 'day', 'dollars', %L) GROUP BY segment ORDER BY segment$$, until),
	format($$SELECT segment, count(*), sum(purchases)::int, sum(dollars) FROM rfm_plain(%L) GROUP BY segment ORDER BY segment$$, until),
	format('cdnow until %s: %s segments by count, purchases and dollars', until, (SELECT count(DISTINCT segment) FROM rfm_plain(until))))
FROM (VALUES (date '1997-02-15'), ('1997-09-30'), ('1998-06-30')) v(until);
SELECT is_empty(format($$(SELECT customer_id::int, recency, frequency, monetary, r_score, f_score, m_score, segment FROM cia_rfm('rfm_purchase', 'customer', 'day', 'dollars', %1$L)
	EXCEPT SELECT * FROM rfm_plain(%1$L)) UNION ALL (SELECT * FROM rfm_plain(%1$L)
	EXCEPT SELECT customer_id::int, recency, frequency, monetary, r_score, f_score, m_score, segment FROM cia_rfm('rfm_purchase', 'customer', 'day', 'dollars', %1$L))$$, until),
	format('cdnow until %s: every customer', until))
FROM (VALUES (date '1997-09-30'), ('1998-06-30')) v(until);
SELECT is(string_agg(format('%s %s', customers, segment), ', ' ORDER BY customers DESC, segment), '399 Champions, 378 Lost, 346 Hibernating, 328 About to Sleep, 299 Loyal Customers, 242 Potential Loyalist, 223 At Risk, 83 Need Attention, 48 Promising, 11 Can''t Lose Them', 'cdnow until 1997-09-30: the segments')
FROM (SELECT segment, count(*) AS customers FROM cia_rfm('rfm_purchase', 'customer', 'day', 'dollars', '1997-09-30') GROUP BY segment) s;

SELECT * FROM finish();
