-- cia_partial_dependence: the mean score if all rows had one value of a feature.
SET datestyle = ISO;
CREATE TABLE guest AS
SELECT i AS id, (20 + u % 50)::int AS age, CASE WHEN v % 11 > 0 THEN round((v % 97) * 1.37, 2) END AS debt,
	   (ARRAY['rent', 'own', 'own', 'mortgage', 'other', NULL])[1 + w % 6] AS home, ARRAY[u % 10, w % 10]::float8[] AS vec,
	   CASE WHEN w % 9 > 0 THEN v % 3 = 0 END AS member, date '2020-01-01' + (v % 90)::int AS opened,
	   (ARRAY['north', 'south'])[1 + u % 2] AS region, 1 + w % 3 AS months, 0.5 + i % 4 AS w,
	   2.0 * (u % 50) / 10 + CASE WHEN v % 97 > 60 THEN 5 ELSE 0 END + (w % 5) + (u % 10) / 2.0 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 800) i) s;
CREATE VIEW guests AS SELECT *, spend > 12 AS gold, (ARRAY['low', 'middle', 'high'])[1 + (spend > 10)::int + (spend > 14)::int] AS class FROM guest;

SELECT model FROM cia_train('trees', 'guests', 'gold', 'boosted_trees', id => '{id}', exclude => '{spend,class,w,months}', options => '{"trees": 20}');
SELECT model FROM cia_train('forest', 'guests', 'spend', 'random_forest', id => '{id}', exclude => '{gold,class,w,months}', options => '{"trees": 10}');
SELECT model FROM cia_train('line', 'guests', 'spend', 'linear', id => '{id}', exclude => '{gold,class,months}', weight => 'w');
SELECT model FROM cia_train('odds', 'guests', 'gold', 'logistic', id => '{id}', exclude => '{spend,class,w,months}', options => '{"l2": 1}');
SELECT model FROM cia_train('rate', 'guests', 'spend', 'poisson', id => '{id}', exclude => '{gold,class,w}', options => '{"exposure": "months"}');
SELECT model FROM cia_train('classes', 'guests', 'class', 'multinomial', id => '{id}', exclude => '{gold,spend,w,months}', options => '{"l2": 1}');
SELECT model FROM cia_train('groups', 'guests', 'gold', 'decision_tree', id => '{id}', exclude => '{spend,class,w,months}', options => '{"by": "region"}');

-- Values: all of them, or quantiles that stand for equal shares of the rows; labels by frequency; missing last.
SELECT value, number, class, score BETWEEN 0 AND 1 AS share, low <= high AS deciles FROM cia_partial_dependence('trees', 'guests', 'home');
SELECT value, number FROM cia_partial_dependence('trees', 'guests', 'home', '{"points": 2}');
SELECT value, number FROM cia_partial_dependence('trees', 'guests', 'member');
SELECT value, number FROM cia_partial_dependence('trees', 'guests', 'opened', '{"points": 3}');
SELECT value, number FROM cia_partial_dependence('trees', 'guests', 'vec[2]');
SELECT array_agg(number) = (SELECT percentile_disc(ARRAY[0.1, 0.3, 0.5, 0.7, 0.9]) WITHIN GROUP (ORDER BY age) FROM guest)::float8[] AS quantiles
FROM cia_partial_dependence('trees', 'guests', 'age', '{"points": 5}');
SELECT count(*), count(value), count(DISTINCT value), min(number), max(number) FROM cia_partial_dependence('trees', 'guests', 'age', '{"points": 1000}');
SELECT value, number FROM cia_partial_dependence('trees', 'guests', 'debt', '{"points": 1}');

-- Plain SQL says the same: of every family, with weights, of each class, of parts, of an exposure.
CREATE FUNCTION by_hand(model text, feature text, value text, class text, source text) RETURNS TABLE (mean float8, low float8, high float8) AS $$
BEGIN
	RETURN QUERY EXECUTE format($sql$
		SELECT sum(weight * score) / sum(weight), percentile_disc(0.1) WITHIN GROUP (ORDER BY score), percentile_disc(0.9) WITHIN GROUP (ORDER BY score)
		FROM (SELECT CASE WHEN $3 IS NULL THEN cia_score($1, "row") ELSE (cia_probabilities($1, "row")->>$3)::float8 END AS score, weight
			  FROM (SELECT to_jsonb(s) || CASE WHEN $4 = 'vec[2]' THEN format('{"vec": [%%s, %%s]}', vec[1], $2)::jsonb
													WHEN $4 = 'member' THEN format('{"member": %%s}', coalesce($2, 'null'))::jsonb
													ELSE jsonb_build_object($4, $2) END AS "row",
						   CASE WHEN $1 = 'line' THEN w ELSE 1 END AS weight FROM %s s) r) t$sql$, source)
		USING model, value, class, feature;
END $$ LANGUAGE plpgsql;
SELECT m AS model, f AS feature, count(*) AS "values", bool_and(abs(score - mean) < 1e-12 * greatest(1, abs(mean))) AS mean,
	   CASE WHEN m <> 'line' THEN bool_and(d.low = h.low AND d.high = h.high) END AS deciles
FROM unnest('{trees,forest,line,odds,rate,classes,groups}'::text[]) m, unnest('{age,debt,home,member,opened,vec[2],region,months}'::text[]) f,
	 LATERAL cia_partial_dependence(m, 'guests', f, '{"points": 4}') d, LATERAL by_hand(m, f, value, class, 'guests') h
WHERE (m = 'rate' OR f <> 'months') GROUP BY m, f ORDER BY m, f;
-- weighted deciles
CREATE TABLE scored AS
SELECT d.low, d.high, cia_score('line', to_jsonb(g) || jsonb_build_object('home', d.value)) AS score, w
FROM cia_partial_dependence('line', 'guests', 'home', '{"points": 1}') d, guests g WHERE d.value IS NOT NULL;
SELECT min(score) FILTER (WHERE share >= 0.1) = min(low) AS low, min(score) FILTER (WHERE share >= 0.9) = min(high) AS high
FROM (SELECT low, high, score, sum(w) OVER (ORDER BY score) / sum(w) OVER () AS share FROM scored) s;

-- Neither threads nor the order of the rows matter, nor columns that the model does not know; a sample is the same one every time.
CREATE TABLE first AS SELECT f, d.* FROM unnest('{age,home,debt}'::text[]) f, cia_partial_dependence('trees', 'guests', f, '{"sample": 300}') d;
SET cia.threads = 1;
SELECT count(*) AS rows, bool_and(a.score = b.score AND a.low = b.low AND a.high = b.high) AS same
FROM first a, LATERAL cia_partial_dependence('trees', 'SELECT *, random() AS noise FROM guest ORDER BY -id', f, '{"sample": 300}') b
WHERE a.value IS NOT DISTINCT FROM b.value;
RESET cia.threads;
SELECT bool_or(a.score <> b.score) AS sampled FROM first a, cia_partial_dependence('trees', 'guests', 'home') b WHERE f = 'home' AND a.value = b.value;

-- Sources: none of the labels is known, no value at all, one row, no rows; the target is not needed.
SELECT value, number FROM cia_partial_dependence('trees', 'SELECT age, debt, ''castle'' AS home, vec, member, opened, region FROM guest', 'home');
SELECT value, number FROM cia_partial_dependence('trees', 'SELECT age, NULL::numeric AS debt, home, vec, member, opened, region FROM guest', 'debt');
SELECT value, score = low AND score = high AS single FROM cia_partial_dependence('trees', 'SELECT * FROM guest WHERE id = 5', 'age');
SELECT count(*) FROM cia_partial_dependence('trees', 'SELECT * FROM guest WHERE false', 'age');
SELECT count(*) FROM cia_partial_dependence('trees', 'SELECT age, debt, home, NULL::float8[] AS vec, member, opened, region FROM guest', 'age');
SELECT count(*) FROM cia_partial_dependence('line', 'SELECT age, debt, home, vec, member, opened, region FROM guest', 'home');

-- Errors.
SELECT * FROM cia_partial_dependence('nobody', 'guests', 'age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'Age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'vec');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'vec[3]');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'SELECT age, home FROM guest', 'age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'SELECT age::text, debt, home, vec, member, opened, region FROM guest', 'age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'SELECT age / 0.0::float8 AS age, debt, home, vec, member, opened, region FROM guest', 'age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'SELECT ''infinity''::float8 AS age, debt, home, vec, member, opened, region FROM guest', 'age');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'age', '{"points": 0}');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'age', '{"sample": 0}');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'age', '{"point": 5}');
\echo :SQLSTATE
SELECT * FROM cia_partial_dependence('trees', 'guests', 'age', '[]');
\echo :SQLSTATE
SET cia.max_memory = '1MB';
SELECT * FROM cia_partial_dependence('trees', 'SELECT g.* FROM guest g, generate_series(1, 100)', 'age');
\echo :SQLSTATE
RESET cia.max_memory;

DROP FUNCTION by_hand;
DROP VIEW guests;
DROP TABLE guest, first, scored;
SELECT count(cia_drop_model(model)) FROM cia_models;
