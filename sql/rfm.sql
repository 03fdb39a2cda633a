-- SPDX-License-Identifier: PostgreSQL
-- rfm.sql: cia_rfm: recency, frequency and monetary value as scores and segments.
CREATE TABLE rfm_order AS
SELECT 'c' || i % 41 AS customer, date '2025-01-01' + (i * i % 41) * 7 + i % 5 AS day, (((i * 7919) % 97)::numeric / 4)::numeric(8,2) AS paid
FROM generate_series(1, 600) i WHERE i % 41 % 4 < 1 + i / 150;

-- the rules: eleven names, and what becomes of them with other numbers of bins
SELECT * FROM cia_rfm_rules();
SELECT * FROM cia_rfm_rules(3);
SELECT bins, sum((r_high - r_low + 1) * (fm_high - fm_low + 1)) = bins * bins AS complete FROM generate_series(2, 10) bins, cia_rfm_rules(bins) GROUP BY bins ORDER BY bins;

SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'paid') ORDER BY customer_id LIMIT 8;

-- what plain SQL finds: a score is 1 + floor(bins * share of those who are worse), by counting them
CREATE FUNCTION rfm_by_hand(bins int, mean boolean, as_of date)
RETURNS TABLE (customer_id text, recency int, frequency bigint, monetary numeric, r_score int, f_score int, m_score int) LANGUAGE sql AS $$
	WITH c AS (SELECT customer, rfm_by_hand.as_of - max(day) AS days, count(*) AS orders, CASE WHEN mean THEN avg(paid) ELSE sum(paid) END AS paid
			   FROM rfm_order WHERE day <= rfm_by_hand.as_of GROUP BY customer)
	SELECT customer, days, orders, paid,
		   (SELECT 1 + count(*) FILTER (WHERE o.days > c.days) * bins / count(*) FROM c o)::int,
		   (SELECT 1 + count(*) FILTER (WHERE o.orders < c.orders) * bins / count(*) FROM c o)::int,
		   (SELECT 1 + count(*) FILTER (WHERE o.paid < c.paid) * bins / count(*) FROM c o)::int
	FROM c $$;
SELECT bins, mean, as_of, count(*) AS customers, count(*) FILTER (WHERE ours IS DISTINCT FROM theirs) AS different
FROM (VALUES (5, false, (SELECT max(day) FROM rfm_order)), (2, true, '2025-05-05'), (10, false, '2026-01-01')) v(bins, mean, as_of),
	LATERAL (SELECT r.customer_id, (r.recency, r.frequency, round(r.monetary, 9), r.r_score, r.f_score, r.m_score)::text AS ours
			 FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', as_of, bins, amounts => CASE WHEN mean THEN 'mean' ELSE 'sum' END) r) o
	FULL JOIN LATERAL (SELECT h.customer_id, (h.recency, h.frequency, round(h.monetary, 9), h.r_score, h.f_score, h.m_score)::text AS theirs
					   FROM rfm_by_hand(bins, mean, as_of) h) t USING (customer_id)
GROUP BY bins, mean, as_of ORDER BY bins;

-- equals have equal scores: all are the same, and all but one
SELECT r_score, f_score, m_score, segment, count(*) FROM cia_rfm('SELECT i AS c, date ''2025-01-01'' AS d, 5 AS a FROM generate_series(1, 20) i', 'c', 'd', 'a') GROUP BY 1, 2, 3, 4;
SELECT r_score, f_score, m_score, count(*) FROM cia_rfm('SELECT i / 2 AS c, date ''2025-01-01'' AS d, 5 AS a FROM generate_series(1, 20) i', 'c', 'd', 'a') GROUP BY 1, 2, 3 ORDER BY 2;

-- rows after as_of do not count, those at the very moment do; a time of day is a moment, whole days are counted
CREATE TABLE rfm_moment AS SELECT * FROM (VALUES ('a', timestamptz '2025-03-01 12:00+00', 1), ('a', '2025-03-01 12:00:00.000001+00', 100), ('b', '2025-02-27 12:00:00.5+00', 2)) v(c, at, a);
SELECT customer_id, recency, frequency, monetary FROM cia_rfm('rfm_moment', 'c', 'at', 'a', '2025-03-01 12:00+00') ORDER BY 1;
SELECT customer_id, recency, frequency, monetary FROM cia_rfm('SELECT c, at AT TIME ZONE current_setting(''TimeZone'') AS at, a FROM rfm_moment', 'c', 'at', 'a', '2025-03-01 12:00+00') ORDER BY 1;
SELECT customer_id, recency, frequency, monetary FROM cia_rfm('SELECT c, at::date AS at, a FROM rfm_moment', 'c', 'at', 'a', '2025-03-02') ORDER BY 1;
SET DateStyle = 'German, DMY';
SELECT customer_id, recency, frequency, monetary FROM cia_rfm('rfm_moment', 'c', 'at', 'a', '2025-03-01 12:00+00') ORDER BY 1;
RESET DateStyle;
SELECT count(*) FROM cia_rfm('rfm_moment', 'c', 'at', 'a', '2024-01-01');

-- refunds, missing amounts, missing customers and times
SELECT customer_id, recency, frequency, monetary
FROM cia_rfm($$SELECT * FROM (VALUES ('bought', date '2025-01-01', 10.0), ('bought', '2025-01-05', -4), ('free', '2025-01-02', 0), ('free', '2025-01-03', NULL), ('free', '2025-01-03', 'NaN'),
	('back', '2025-01-04', -1), (NULL, '2025-01-04', 3), ('bought', NULL, 3), ('gift', '2025-01-02', NULL)) v(c, d, a)$$, 'c', 'd', 'a') ORDER BY 1;
SELECT customer_id, monetary FROM cia_rfm('SELECT 1 AS c, date ''2025-01-01'' AS d, x AS a FROM unnest(ARRAY[6, NULL, ''NaN'', 12, -3]::float8[]) x', 'c', 'd', 'a', amounts => 'mean');
SELECT count(*) FROM cia_rfm('SELECT * FROM rfm_order WHERE false', 'customer', 'day', 'paid');

-- types of amounts and customers, names that need quotes, and text that looks like more
SELECT pg_typeof(a::smallint), customer_id, monetary FROM (VALUES (1)) v(a), cia_rfm('SELECT 7::smallint AS a, 3.5::float4 AS c, now()::date AS d', 'c', 'd', 'a');
SELECT customer_id, frequency, monetary FROM cia_rfm(E'SELECT ''Ünal "O''''Neil"''::varchar AS "der Kunde", date ''2025-01-01'' AS "d""ay", 1 AS "SELECT 1; --" -- the end', 'der Kunde', 'd"ay', 'SELECT 1; --');
SELECT count(*) FROM cia_rfm('SELECT * FROM rfm_order;', 'customer', 'day', 'paid');
SELECT count(*) FROM cia_rfm('WITH o AS (TABLE rfm_order) SELECT * FROM o ORDER BY day LIMIT 100', 'customer', 'day', 'paid');
CREATE VIEW "rfm View" AS SELECT * FROM rfm_order;
SELECT count(*) FROM cia_rfm('public."rfm View"', 'customer', 'day', 'paid');
CREATE DOMAIN rfm_day AS date;
SELECT count(*) FROM cia_rfm('SELECT customer, day::rfm_day AS day, paid FROM rfm_order', 'customer', 'day', 'paid', '2025-06-01');

-- rules of one's own: as rows of a table, and in short
SELECT segment, count(*) FROM cia_rfm('rfm_order', 'customer', 'day', 'paid',
	rules => (SELECT jsonb_agg(r) FROM (SELECT CASE segment WHEN 'Champions' THEN 'Stars' ELSE segment END AS segment, r_low, r_high, fm_low, fm_high FROM cia_rfm_rules()) r))
GROUP BY segment ORDER BY segment;
SELECT segment, min(r_score), max(r_score), min(m_score), max(m_score), count(*) FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', bins => 3,
	rules => '[{"segment": "big", "m_low": 3}, {"segment": "here", "r_low": 2, "m_high": 2}, {"segment": "gone", "r_high": 1, "m_high": 2, "f_low": null}]')
GROUP BY segment ORDER BY segment;

-- what is wrong is said before anything runs
SELECT * FROM cia_rfm(NULL, 'customer', 'day', 'paid');
SELECT * FROM cia_rfm('rfm_order', NULL, 'day', 'paid');
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', NULL);
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', bins => NULL);
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', bins => 11);
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', as_of => 'infinity');
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', amounts => 'median');
SELECT * FROM cia_rfm('rfm_order', 'Customer', 'day', 'paid');
SELECT * FROM cia_rfm('SELECT 1 AS c, now() AS d, 2 AS a, 3 AS a', 'c', 'd', 'a');
SELECT * FROM cia_rfm('rfm_order', 'customer', 'customer', 'paid');
SELECT * FROM cia_rfm('rfm_order', 'customer', 'day', 'customer');
SELECT * FROM cia_rfm('SELECT ''{}''::json AS c, now() AS d, 2 AS a', 'c', 'd', 'a');
SELECT * FROM cia_rfm('no_such_table', 'c', 'd', 'a');
SELECT * FROM cia_rfm('SELECT 1) AS x; DROP TABLE rfm_order; SELECT (1', 'c', 'd', 'a');
SELECT * FROM cia_rfm('SELECT 1; DROP TABLE rfm_order', 'c', 'd', 'a');
SELECT * FROM cia_rfm('DELETE FROM rfm_order', 'c', 'd', 'a');
SELECT * FROM cia_rfm('WITH d AS (DELETE FROM rfm_order RETURNING *) SELECT * FROM d', 'customer', 'day', 'paid');
SELECT * FROM cia_rfm('SELECT 7 AS c, date ''infinity'' AS d, 1 AS a', 'c', 'd', 'a');
SELECT * FROM cia_rfm('SELECT 7 AS c, date ''2025-01-01'' AS d, ''infinity''::float8 AS a', 'c', 'd', 'a');
SELECT * FROM cia_rfm('SELECT 7 AS c, date ''2025-01-01'' AS d, x AS a FROM unnest(''{infinity,-infinity}''::numeric[]) x', 'c', 'd', 'a');
SELECT * FROM cia_rfm('SELECT 7 AS c, date ''2025-01-01'' AS d, 1 / (i - 3) AS a FROM generate_series(1, 9) i', 'c', 'd', 'a');
SELECT cia_rfm_rules(1);
CREATE FUNCTION rfm_rules_fault(rules jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text; detail text;
BEGIN
	PERFORM cia_rfm('rfm_order', 'customer', 'day', 'paid', rules => rules);
	RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT rfm_rules_fault(rules::jsonb) FROM (VALUES ('{}'), ('[]'), ('[1, 2]'), ('[{"segment": "x"}, 3]'), ('"x"'), ('null'), ('[{"segment": ""}]'), ('[{"segment": 3}]'), ('[{"r_low": 1}]'),
	('[{"segment": "x", "r_lo": 1}]'), ('[{"segment": "x", "r_low": 0}]'), ('[{"segment": "x", "r_high": 6}]'), ('[{"segment": "x", "r_low": 1.5}]'), ('[{"segment": "x", "r_low": "1"}]'),
	('[{"segment": "x", "fm_low": 4, "fm_high": 3}]'), ('[{"segment": "x"}]'), ('[{"segment": "x", "r_low": 2}]'), ('[{"segment": "x"}, {"segment": "y", "f_low": 4, "m_high": 2}]')) v(rules);

-- it reads with the caller's rights, and changes of role within the source are refused
CREATE ROLE regress_cia_rfm;
SET ROLE regress_cia_rfm;
SELECT count(*) FROM cia_rfm('rfm_order', 'customer', 'day', 'paid');
SELECT count(*) FROM cia_rfm_rules();
RESET ROLE;
CREATE FUNCTION rfm_step_up() RETURNS date LANGUAGE plpgsql AS $$ BEGIN SET ROLE regress_cia_rfm; RETURN '2025-01-01'; END $$;
SELECT count(*) FROM cia_rfm('SELECT 1 AS c, rfm_step_up() AS d, 2 AS a', 'c', 'd', 'a');

-- functions and operators of others, which would fit better, are not called
CREATE FUNCTION rfm_trap(numeric, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION rfm_trap(numeric, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION rfm_trap(numeric, bigint) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR public.>= (FUNCTION = rfm_trap, LEFTARG = numeric, RIGHTARG = integer);
CREATE OPERATOR public.<> (FUNCTION = rfm_trap, LEFTARG = numeric, RIGHTARG = text);
CREATE OPERATOR public./ (FUNCTION = rfm_trap, LEFTARG = numeric, RIGHTARG = bigint);
CREATE FUNCTION public.count(date) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION public.floor(integer) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
SELECT count(*) FROM cia_rfm('rfm_order', 'customer', 'day', 'paid', '2025-06-01', amounts => 'mean');

DROP OPERATOR public.>= (numeric, integer), public.<> (numeric, text), public./ (numeric, bigint);
DROP FUNCTION rfm_trap(numeric, integer), rfm_trap(numeric, text), rfm_trap(numeric, bigint), public.count(date), public.floor(integer), rfm_step_up(), rfm_rules_fault(jsonb), rfm_by_hand(int, boolean, date);
DROP VIEW "rfm View";
DROP DOMAIN rfm_day;
DROP TABLE rfm_order, rfm_moment;
DROP ROLE regress_cia_rfm;
