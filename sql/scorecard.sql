-- {"encode": "woe"}: a logistic regression on weight of evidence; cia_scorecard: its points.
CREATE TABLE loan AS
SELECT i AS id, 18 + u % 60 AS age, CASE WHEN v % 3 = 0 THEN 0 ELSE round(exp((v % 97) / 12.0), 2) END AS debt,
	   (ARRAY['rent', 'own', 'mortgage', 'other', NULL])[1 + w % 5] AS home, CASE WHEN u % 7 > 0 THEN (v % 41)::float8 END AS months,
	   ARRAY[u % 11, v % 13]::float4[] AS habits,
	   w % 97 < 2 + (u % 60) / 4 + (v % 97) / 5 + CASE w % 5 WHEN 0 THEN 15 WHEN 1 THEN -5 ELSE 0 END AS bad
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 4000) i) s;
SELECT algorithm, features, value > 0.6 AS good, notes
FROM cia_train('risk', 'loan', 'bad', 'logistic', id => '{id}', options => '{"encode": "woe", "max_bins": 4}');
SELECT model::jsonb #> '{options,encode}' AS encode, model::jsonb #> '{options,max_bins}' AS max_bins,
	   model::jsonb #> '{features,0,bins,edges}' AS edges, model::jsonb #> '{features,2,bins,bin_of}' AS bin_of
FROM (SELECT content AS model FROM cia_version) v;
SELECT feature, bin, low, high, labels, missing, round(woe::numeric, 4) AS woe, round(coefficient::numeric, 4) AS coefficient,
	   round(points::numeric, 2) AS points
FROM cia_scorecard('risk');

-- On all rows the bins are those of cia_woe; numbers become so many points as their bins have.
SELECT model FROM cia_train('all', 'loan', 'bad', 'logistic', id => '{id}', options => '{"encode": "woe", "holdout": 0, "l2": 0}');
SELECT count(*) AS bins, bool_and(w.low IS NOT DISTINCT FROM s.low AND w.high IS NOT DISTINCT FROM s.high AND w.labels IS NOT DISTINCT FROM s.labels
	AND w.woe = s.woe AND w.missing = s.missing) AS same
FROM cia_woe('loan', 'bad', '{"id": ["id"]}') w LEFT JOIN cia_scorecard('all') s USING (feature, bin)
WHERE w.feature IN (SELECT feature FROM cia_scorecard('all'));

-- The promise: the points of a row add up to offset - factor * ln(p / (1 - p)), p being its cia_score.
CREATE FUNCTION row_points(model text, r jsonb, pdo float8, base_points float8, base_odds float8) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(points) FROM cia_scorecard(model, pdo, base_points, base_odds) c,
		LATERAL (SELECT CASE WHEN feature LIKE '%]' THEN r #> ARRAY[split_part(feature, '[', 1), (rtrim(split_part(feature, '[', 2), ']')::int - 1)::text]
						ELSE r->feature END #>> '{}' AS value) v
	WHERE CASE WHEN value IS NULL THEN missing WHEN missing THEN false WHEN labels IS NOT NULL THEN value = ANY (labels)
		  ELSE value::float8 >= coalesce(low, '-infinity') AND value::float8 < coalesce(high, 'infinity') END $$;
SELECT model, pdo, max(abs(row_points(model, to_jsonb(l), pdo, base_points, base_odds) - (base_points - pdo / ln(2::float8) * ln(base_odds)
	- pdo / ln(2::float8) * ln(p / (1 - p))))) < 1e-9 AS adds_up, count(*)
FROM loan l, (VALUES ('risk', 20::float8, 600::float8, 50::float8), ('all', 40, 500, 1)) s(model, pdo, base_points, base_odds), LATERAL cia_score(model, l) p
WHERE id % 8 = 0 GROUP BY 1, 2 ORDER BY 1;
-- Odds twice as good are pdo points more.
SELECT round((600 - 20 / ln(2::float8) * (ln(50::float8) - ln(25::float8)))::numeric, 6) AS half_as_good;
-- By value, as jsonb and as text too; as numbers by position, which are the raw ones.
CREATE TABLE packed AS SELECT content AS model FROM cia_version v JOIN cia_registry r ON r.id = v.model WHERE name = 'risk';
SELECT bool_and(a.* IS NOT DISTINCT FROM b.*) AS same, count(*)
FROM cia_scorecard('risk') a FULL JOIN (SELECT s.* FROM packed, cia_scorecard(model::jsonb::cia_model) s) b USING (feature, bin);
SELECT bool_and(p = cia_score(model, l)) AS by_value, bool_and(p = cia_score(model::jsonb::cia_model, to_jsonb(l))) AS by_json,
	   bool_and(p = cia_score('risk', ARRAY[age, debt, array_position(ARRAY['mortgage', 'other', 'own', 'rent'], home), months, habits[1], habits[2]]::float8[])) AS by_position
FROM packed, loan l, LATERAL (SELECT cia_score('risk', l) AS p) s;
SELECT feature, kind, round(mean::numeric, 2) AS mean FROM cia_features('risk');

-- Contributions add up to the margin; what is unknown has its place.
SELECT max(abs(e.margin - ln(p / (1 - p)))) < 1e-9 AS adds_up
FROM loan l, LATERAL (SELECT sum(contribution) AS margin, cia_score('risk', l) AS p FROM cia_explain('risk', l)) e WHERE id < 200;
SELECT feature, value, round(contribution::numeric, 4) AS contribution FROM loan l, cia_explain('risk', l) WHERE id = 42;
SELECT cia_score('risk', jsonb_set(r, '{home}', '"castle"')) = cia_score('risk', jsonb_set(r, '{home}', 'null')) AS unseen_is_missing,
	   cia_score('risk', jsonb_set(r, '{age}', 'null')) - cia_score('risk', jsonb_set(r, '{age}', '30')) <> 0 AS missing_age,
	   cia_score('risk', jsonb_set(r, '{age}', '1e300')) = cia_score('risk', jsonb_set(r, '{age}', '76')) AS beyond
FROM (SELECT to_jsonb(l) AS r FROM loan l WHERE id = 1) s;
-- What did not occur in training tells nothing: weight of evidence 0.
SELECT feature, woe, points = (SELECT points FROM cia_scorecard('risk') c WHERE c.woe = 0 AND c.feature = 'debt') AS neutral
FROM cia_scorecard('risk') WHERE missing AND feature IN ('age', 'debt');

-- The same in a scan, through the planner, and in an evaluation; the bins are of the training rows alone.
SELECT metric, value > 0.6 AS good FROM cia_evaluate('risk', 'loan') WHERE metric = 'auc';
SELECT count(*) FROM loan l WHERE cia_score('risk', l) > 0.5;
SELECT (SELECT sum(x::float8) FROM jsonb_array_elements_text(f->'bins'->'events' || (f->'bins'->'non_events')) x) = (m->>'rows')::float8 AS training_rows
FROM packed, to_jsonb(model::jsonb) m, jsonb_array_elements(m->'features') f;

-- A model of categories alone has points without bins.
SELECT features FROM cia_train('homes', 'loan', 'bad', 'logistic', features => '{home}', options => '{"holdout": 0}');
SELECT feature, bin, low, high, labels, missing, woe, round(coefficient::numeric, 3) AS coefficient, round(points::numeric, 2) AS points
FROM cia_scorecard('homes', base_points => 660, base_odds => 72);
SELECT max(abs(row_points('homes', to_jsonb(l), 20, 600, 50) - (600 - 20 / ln(2::float8) * ln(50::float8) - 20 / ln(2::float8) * ln(p / (1 - p))))) < 1e-9 AS adds_up
FROM loan l, LATERAL cia_score('homes', l) p WHERE id < 30;

-- A model by groups: each part has bins and points of its own, NULL is the part that serves all others.
SELECT notes[3:] FROM cia_train('groups', $$SELECT i % 2 AS g, i / 2 % 4 AS x, CASE WHEN i % 2 = 0 THEN i / 8 % 2 = 0 ELSE i % 17 < i / 2 % 4 * 4 END AS y
	FROM generate_series(1, 3200) i$$, 'y', 'logistic', options => '{"encode": "woe", "by": "g", "holdout": 0}');
SELECT features FROM cia_train('parts', 'loan', 'bad', 'logistic', id => '{id}', features => '{age,debt,home}', options => '{"encode": "woe", "by": "home", "holdout": 0}');
SELECT part, count(DISTINCT feature) AS features, bool_and(points IS NOT NULL) AS points FROM cia_scorecard('parts') GROUP BY part ORDER BY part;
SELECT coalesce(home, '(missing)') AS home, max(abs(points - (600 - 20 / ln(2::float8) * ln(50::float8) - 20 / ln(2::float8) * ln(p / (1 - p))))) < 1e-9 AS adds_up
FROM (SELECT home, cia_score('parts', l) AS p, (SELECT sum(points) FROM cia_scorecard('parts') c WHERE part IS NOT DISTINCT FROM home AND
		CASE WHEN labels IS NOT NULL THEN home = ANY (labels) WHEN feature = 'home' THEN missing AND home IS NULL WHEN missing THEN false
		ELSE CASE feature WHEN 'age' THEN age ELSE debt END::float8 BETWEEN coalesce(low, '-infinity') AND coalesce(high - 1e-6, 'infinity') END) AS points
	FROM loan l WHERE id < 60) s GROUP BY 1 ORDER BY 1;

-- cia_fit with weights; features whose rows fall into one bin are left out.
SELECT max(abs(cia_score(model, l) - cia_score(twice, l))) < 1e-12 AS same
FROM loan l, (SELECT cia_fit(l, bad, 'logistic', '{"encode": "woe", "weight": "w", "holdout": 0, "exclude": ["id", "bad"]}') AS model
	FROM (SELECT *, 1 + (age % 2) AS w FROM loan) l) a, (SELECT cia_fit(l, bad, 'logistic', '{"encode": "woe", "holdout": 0, "exclude": ["id", "bad"]}') AS twice
	FROM (SELECT loan.* FROM loan, generate_series(1, 1 + (age % 2))) l) b;
SELECT features, notes FROM cia_train('some', 'SELECT age, id % 4 AS quarter, bad FROM loan', 'bad', 'logistic', options => '{"encode": "woe", "monotone": "decreasing", "min_bin": 0.3}');
SELECT features FROM cia_train('flat', 'SELECT i % 2 AS x, i % 4 < 2 AS bad FROM generate_series(1, 400) i', 'bad', 'logistic', options => '{"encode": "woe", "holdout": 0}');

-- Errors.
SELECT * FROM cia_train('x', 'loan', 'bad', 'logistic', options => '{"encode": "hot"}');
SELECT * FROM cia_train('x', 'loan', 'bad', 'logistic', options => '{"encode": "woe", "max_bins": 0}');
SELECT * FROM cia_train('x', 'loan', 'debt', 'linear', options => '{"encode": "woe"}');
SELECT features FROM cia_train('plain', 'loan', 'bad', 'logistic', id => '{id}');
SELECT * FROM cia_scorecard('plain');
SELECT features FROM cia_train('value', 'loan', 'debt', 'linear', id => '{id}');
SELECT * FROM cia_scorecard('value');
SELECT features FROM cia_train('probit', 'loan', 'bad', 'logistic', options => '{"encode": "woe", "link": "probit"}', id => '{id}');
SELECT * FROM cia_scorecard('probit');
SELECT features FROM cia_train('shifted', 'loan', 'bad', 'logistic', options => '{"encode": "woe", "offset": "age"}', id => '{id}');
SELECT * FROM cia_scorecard('shifted');
SELECT * FROM cia_train('x', 'loan', 'home', 'multinomial', features => '{age,debt}', options => '{"encode": "woe"}');
SELECT features FROM cia_train('several', 'loan', 'home', 'multinomial', features => '{age,debt}', id => '{id}');
SELECT * FROM cia_scorecard('several');
SELECT * FROM cia_scorecard('nobody');
SELECT * FROM cia_scorecard('risk', pdo => 0);
SELECT * FROM cia_scorecard('risk', base_odds => -1);
SELECT * FROM cia_scorecard('risk', base_points => 'NaN');
SELECT count(*) FROM cia_scorecard('risk', NULL);
-- Bins from outside are checked.
CREATE FUNCTION try_model(model jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM model::cia_model;
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT what, try_model(jsonb_set(model::jsonb, path::text[], new)) AS outcome FROM packed, (VALUES
	('as it is', '{features,0,missing}', '0'::jsonb),
	('no object', '{features,0,bins}', '7'),
	('edges that fall', '{features,0,bins,edges}', '[50, 40, 30]'),
	('edges that tie', '{features,0,bins,edges}', '[30, 30, 40]'),
	('too few edges', '{features,0,bins,edges}', '[30]'),
	('an edge of null', '{features,0,bins,edges}', '[30, null, 50]'),
	('no edges', '{features,0,bins,edges}', '[]'),
	('a label without a bin', '{features,2,bins,bin_of,0}', '0'),
	('a bin too far', '{features,2,bins,bin_of,0}', '5'),
	('half a bin', '{features,2,bins,bin_of,0}', '1.5'),
	('labels without bins', '{features,2,bins,bin_of}', '[1]'),
	('events below zero', '{features,0,bins,events,0}', '-1'),
	('no events', '{features,0,bins,events}', '[0, 0, 0, 0, 0]'),
	('too many events', '{features,0,bins,events}', '[1, 1, 1, 1, 1, 1]'),
	('woe of null', '{features,0,bins,woe,0}', 'null'),
	('no woe', '{features,0,bins,woe}', '[]'),
	('woe as text', '{features,0,bins,woe}', '"x"')) t(what, path, new);
SELECT try_model(jsonb_set(model::jsonb #- '{features,0,bins}', '{features,0,x}', '1')) AS some_without_bins,
	   try_model(jsonb_set(model::jsonb #- '{features,2,bins}', '{features,2,x}', '1')) AS slots_do_not_fit FROM packed;
DROP FUNCTION row_points, try_model;
DROP TABLE loan, packed;
SELECT cia_drop_model(model) FROM cia_models ORDER BY model;
