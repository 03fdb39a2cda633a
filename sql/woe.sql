-- cia_woe: optimal bins, weight of evidence and information value of every column.
CREATE TABLE loan AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 3 = 0 THEN 0 ELSE round(exp((v % 97) / 12.0), 2) END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'other', NULL])[1 + w % 5] AS home, CASE WHEN u % 7 > 0 THEN (v % 41)::float8 END AS months,
	   w % 97 < 2 + (u % 60) / 4 + (v % 97) / 5 + CASE w % 5 WHEN 0 THEN 15 WHEN 1 THEN -5 ELSE 0 END AS bad, 1 + i % 3 AS w
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 4000) i) s;

SELECT feature, bin, low, high, labels, missing, "rows", events, non_events, round(event_rate::numeric, 4) AS rate,
	   round(woe::numeric, 4) AS woe, round(iv::numeric, 4) AS iv, round(feature_iv::numeric, 4) AS feature_iv
FROM cia_woe('loan', 'bad', '{"exclude": ["id", "w"], "max_bins": 4}');

-- The rows themselves say the same: bins found again by SQL alone, counted, WOE and IV by their formulas.
CREATE FUNCTION check_woe(source text, options jsonb, weight text DEFAULT '1')
RETURNS TABLE (features bigint, bins bigint, counts boolean, rates boolean, woes boolean, ivs boolean, sums boolean, shares boolean)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH told AS MATERIALIZED (SELECT * FROM cia_woe(%1$L, 'bad', %2$L)),
		row AS (SELECT to_jsonb(s) AS r, bad, (%3$s)::float8 AS w FROM (%1$s) s),
		found AS (SELECT feature, bin, sum(w) AS n, coalesce(sum(w) FILTER (WHERE bad), 0) AS e, coalesce(sum(w) FILTER (WHERE NOT bad), 0) AS g
			FROM told t JOIN row ON CASE WHEN t.missing THEN r->>feature IS NULL WHEN labels IS NOT NULL THEN r->>feature = ANY (labels)
				ELSE (r->>feature)::float8 >= coalesce(low, '-infinity') AND (r->>feature)::float8 < coalesce(high, 'infinity') END
			GROUP BY feature, bin),
		total AS (SELECT sum(w) FILTER (WHERE bad) AS e, sum(w) FILTER (WHERE NOT bad) AS g FROM row),
		again AS (SELECT t.*, f.n, f.e, f.g, f.e / total.e AS share_e, f.g / total.g AS share_g, total.e + total.g AS everything,
				ln((f.g + smooth) / total.g / ((f.e + smooth) / total.e)) AS woe_again
			FROM told t JOIN found f USING (feature, bin), total, LATERAL (SELECT CASE WHEN f.e = 0 OR f.g = 0 THEN 0.5 ELSE 0 END AS smooth) s)
		SELECT count(DISTINCT feature), count(*),
			   bool_and("rows" = n AND events = e AND non_events = g AND (SELECT count(*) FROM told) = (SELECT count(*) FROM again)),
			   bool_and(abs(event_rate - e / n) < 1e-12), bool_and(abs(woe - woe_again) < 1e-9),
			   bool_and(abs(iv - (share_g - share_e) * woe_again) < 1e-9),
			   bool_and(abs(feature_iv - (SELECT sum(a.iv) FROM again a WHERE a.feature = again.feature)) < 1e-9),
			   bool_and(missing OR bin = 1 OR n >= coalesce((%2$L::jsonb->>'min_bin')::float8, 0.05) * everything)
		FROM again$q$, source, options, weight);
END $$;
SELECT options, c.* FROM (VALUES ('{"exclude": ["id", "w"]}'::jsonb), ('{"exclude": ["w"], "monotone": "none", "max_bins": 20}'),
	('{"exclude": ["id", "w"], "max_bins": 1}'), ('{"features": ["age", "debt", "home"], "monotone": "decreasing", "min_bin": 0.2}'),
	('{"exclude": ["id", "w"], "min_bin": 0, "max_bins": 50}')) o(options), check_woe('SELECT * FROM loan', options) c;
SELECT c.* FROM check_woe('SELECT * FROM loan', '{"exclude": ["id"], "weight": "w"}', 'w') c;
-- Other types of numbers.
SELECT c.* FROM check_woe('SELECT bad, debt::float4 AS debt, -age::numeric AS age, (months = 0)::int AS fresh FROM loan', '{}') c;

-- Event rates are monotone as asked; auto takes the direction with more information, and none has no less.
CREATE FUNCTION direction(options jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(way, ' ' ORDER BY feature) FROM (
		SELECT feature, feature || CASE WHEN bool_and(rise) THEN ' rises' WHEN bool_and(NOT rise) THEN ' falls' WHEN bool_or(rise) THEN ' varies' ELSE ' is one' END AS way
		FROM (SELECT feature, event_rate > lag(event_rate) OVER (PARTITION BY feature ORDER BY bin) AS rise
			  FROM cia_woe('loan', 'bad', options || '{"features": ["age", "debt", "months"]}') WHERE NOT missing) s
		GROUP BY feature) s $$;
SELECT way, direction(jsonb_build_object('monotone', way)) FROM unnest('{auto,increasing,decreasing,none}'::text[]) way;
CREATE FUNCTION evidence(options jsonb) RETURNS TABLE (feature text, iv float8) LANGUAGE sql AS $$
	SELECT DISTINCT feature, feature_iv FROM cia_woe('loan', 'bad', options || '{"exclude": ["id", "w"]}') $$;
SELECT feature, a.iv = greatest(i.iv, d.iv) AS best, n.iv >= a.iv AS free, m.iv >= a.iv AS finer
FROM evidence('{}') a JOIN evidence('{"monotone": "increasing"}') i USING (feature) JOIN evidence('{"monotone": "decreasing"}') d USING (feature)
	JOIN evidence('{"monotone": "none"}') n USING (feature) JOIN evidence('{"max_bins": 20, "min_bin": 0.01}') m USING (feature) ORDER BY feature;

-- The order of the rows does not matter; which class is the event is told by positive.
SELECT count(*) AS different FROM (
	(SELECT * FROM cia_woe('SELECT * FROM loan ORDER BY id DESC', 'bad') EXCEPT SELECT * FROM cia_woe('loan', 'bad')) UNION ALL
	(SELECT * FROM cia_woe('loan', 'bad') EXCEPT SELECT * FROM cia_woe('SELECT * FROM loan ORDER BY months, id', 'bad'))) s;
SELECT bool_and(a.woe = -b.woe AND a.iv = b.iv AND a.events = b.non_events) AS mirrored, count(*) > 4 AS some
FROM cia_woe('loan', 'bad', '{"features": ["age", "debt"]}') a
JOIN cia_woe('loan', 'bad', '{"features": ["age", "debt"], "positive": "false"}') b USING (feature, bin);
SELECT events FROM cia_woe('SELECT home, age FROM loan', 'home', '{"positive": "rent", "max_bins": 1}');

-- Ties, few rows; a bin that lacks a class has half a row more of each. Such bins are taken where no others tell the classes apart.
SELECT bin, low, high, missing, events, non_events, round(woe::numeric, 4) AS woe
FROM cia_woe('SELECT * FROM (VALUES (1, false), (1, true), (2, false), (2, true), (2, true), (NULL, true)) v(x, bad)', 'bad');
SELECT bin, low, events, non_events, round(woe::numeric, 4) AS woe, round(iv::numeric, 4) AS iv
FROM cia_woe('SELECT i AS x, i > 50 AS bad FROM generate_series(1, 100) i', 'bad');
-- Rare labels are pooled before their rates are looked at: 100,000 labels of chance tell nothing.
SELECT count(*) AS bins, max(cardinality(labels)) AS labels, bool_or('other' = ANY (labels)) AS pool, round(max(feature_iv)::numeric, 6) AS iv
FROM cia_woe('SELECT ''l'' || i % 100000 AS label, hashint4(i) % 3 = 0 AS bad FROM generate_series(1, 200000) i', 'bad');
SELECT bin, labels, "rows" FROM cia_woe($$SELECT CASE WHEN i % 2 = 0 THEN 'big' ELSE 'l' || i % 100 END AS label,
	i % 10 < CASE WHEN i % 2 = 0 THEN 3 ELSE 6 END AS bad FROM generate_series(1, 1000) i$$, 'bad', '{"max_categories": 2}');
-- NaN is missing; arrays are so many columns.
SELECT feature, bin, missing, "rows" FROM cia_woe($$SELECT ARRAY[i % 10, i % 7]::float8[] AS v, CASE WHEN i % 5 = 0 THEN 'NaN' ELSE (i % 3)::float8 END AS x,
	i % 4 = 0 AS bad FROM generate_series(1, 400) i$$, 'bad', '{"max_bins": 2}') ORDER BY feature, bin;
-- Rows without a target are left out, and columns that tell nothing or all.
SELECT feature, bin, "rows" FROM cia_woe($$SELECT i % 2 AS x, NULL::int AS never, 7 AS same, 'k' || i AS key,
	CASE WHEN i % 3 > 0 THEN i % 5 = 0 END AS bad FROM generate_series(1, 300) i$$, 'bad');

-- Errors.
SELECT * FROM cia_woe('SELECT 1 AS x, true AS bad', 'bad');
SELECT * FROM cia_woe('SELECT * FROM loan WHERE bad', 'bad');
SELECT * FROM cia_woe('SELECT * FROM loan WHERE false', 'bad');
SELECT * FROM cia_woe('SELECT home AS h, age FROM loan', 'h');
SELECT * FROM cia_woe('SELECT bad, NULL::float8 AS x FROM loan', 'bad');
SELECT * FROM cia_woe('SELECT bad, CASE id WHEN 7 THEN ''-infinity'' ELSE age::float8 END AS x FROM loan ORDER BY id', 'bad');
SELECT * FROM cia_woe('SELECT bad, age, -1 AS w FROM loan', 'bad', '{"weight": "w"}');
SELECT * FROM cia_woe('loan', 'good');
SELECT * FROM cia_woe('loan', 'bad', '{"features": ["agee"]}');
SELECT * FROM cia_woe('loan', 'bad', '{"features": "age"}');
SELECT * FROM cia_woe('loan', 'bad', '{"weight": 3}');
SELECT * FROM cia_woe('loan', 'bad', '{"positive": "no"}');
SELECT * FROM cia_woe('loan', 'bad', '{"max_bin": 3}');
SELECT * FROM cia_woe('loan', 'bad', '{"colour": 3}');
SELECT * FROM cia_woe('loan', 'bad', '{"max_bins": 51}');
SELECT * FROM cia_woe('loan', 'bad', '{"min_bin": 0.6}');
SELECT * FROM cia_woe('loan', 'bad', '{"monotone": "up"}');
SELECT * FROM cia_woe('loan', 'bad', '[]');
SELECT count(*) FROM cia_woe('loan', NULL);
DROP FUNCTION check_woe, direction, evidence;
DROP TABLE loan;
