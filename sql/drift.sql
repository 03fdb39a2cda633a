-- Drift: option order_by, and notes of what has shifted between the oldest and the newest rows.
CREATE TABLE visits AS
SELECT i AS id, date '2022-01-01' + d AS day, u % 50 + CASE WHEN v % 1000 < d THEN 30 ELSE 0 END AS spent, v % 70 AS steady,
	   CASE WHEN (u + v) % 1000 < d / 4 THEN NULL ELSE u % 90 END AS "gap's", (ARRAY['shop', 'web', 'app'])[1 + (u % 3 + CASE WHEN v % 1000 < d / 3 THEN 3 - u % 3 + 1 ELSE 0 END) % 3] AS "Kanal",
	   ARRAY[v % 11, u % 20 + d / 40]::float8[] AS pair, w % 1000 < 100 + d / 10 AS left_us, w % 1000 + d / 2 AS worth, (ARRAY['a', 'b', 'c'])[1 + CASE WHEN w % 1000 < d THEN 0 ELSE u % 3 END] AS product
FROM (SELECT i, i * 7919 % 1000 AS d, abs(hashint4(i) % 1000000) AS u, abs(hashint4(i + 100000) % 1000000) AS v, abs(hashint4(i + 200000) % 1000000) AS w FROM generate_series(1, 5000) i) s;
CREATE FUNCTION notes(source text, target text, algorithm text, options jsonb, features text[] DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS
$$SELECT n.note FROM cia_train('drift', source, target, algorithm, features, id => '{id}', options => options) t, unnest(notes) WITH ORDINALITY n(note, place) WHERE note ~ 'drift' AND note !~ '^not promoted' ORDER BY place$$;

-- Of two classes, of a value and of several classes; what is not asked for is not told.
SELECT * FROM notes('SELECT id, day, spent, steady, "gap''s", "Kanal", pair, left_us FROM visits', 'left_us', 'logistic', '{"order_by": "day"}');
SELECT * FROM notes('SELECT id, day, spent, worth FROM visits', 'worth', 'linear', '{"order_by": "day"}');
SELECT * FROM notes('SELECT id, day, spent, product FROM visits', 'product', 'multinomial', '{"order_by": "day"}');
SELECT count(*) FROM notes('SELECT id, spent, left_us FROM visits', 'left_us', 'logistic', '{}');
SELECT count(*) FROM notes('SELECT id, day, steady, id % 3 = 0 AS left_us FROM visits', 'left_us', 'logistic', '{"order_by": "day"}');

-- The index is that of cia_psi, where nothing is missing and all rows are trained on.
SELECT substring(n FROM 'spent \(PSI ([0-9.]+)\)')::numeric
	= (SELECT round(cia_psi(CASE WHEN day < '2022-07-20' THEN spent END, CASE WHEN day >= '2024-03-11' THEN spent END)::numeric, 2) FROM visits) AS same
FROM notes('SELECT id, day, spent, worth FROM visits', 'worth', 'linear', '{"order_by": "day", "holdout": 0}') n WHERE n ~ 'PSI.*judge by time';

-- The column is no feature unless it is listed as one, which is no drift; rows without a time are left out of the comparison.
SELECT features, cardinality(notes) AS notes FROM cia_train('drift', 'SELECT id, day, steady, left_us FROM visits', 'left_us', 'logistic', options => '{"order_by": "day"}', exclude => '{id}');
SELECT features FROM cia_train('drift', 'SELECT id, day, steady, left_us FROM visits', 'left_us', 'logistic', '{day,steady}', options => '{"order_by": "day"}');
SELECT * FROM notes('SELECT id, day, spent, worth FROM visits', 'worth', 'linear', '{"order_by": "day"}', '{day}');
SELECT left(n, 60) FROM notes('SELECT id, CASE WHEN id % 2 = 0 THEN day END AS day, spent, worth FROM visits', 'worth', 'linear', '{"order_by": "day"}') n;
SELECT count(*) FROM notes('SELECT id, NULL::date AS day, spent, worth FROM visits', 'worth', 'linear', '{"order_by": "day"}');
SELECT count(*) FROM notes('SELECT id, day, spent, worth FROM visits LIMIT 200', 'worth', 'linear', '{"order_by": "day"}');
SELECT count(*) FROM notes($$SELECT id, date '2024-01-01' AS day, spent, worth FROM visits$$, 'worth', 'linear', '{"order_by": "day"}');

-- Names with quotes, numbers and timestamps; a model by group has one comparison, of all rows.
SELECT * FROM notes($$SELECT id, extract(epoch FROM day) AS "O'Tag", spent, worth FROM visits$$, 'worth', 'linear', $${"order_by": "O'Tag"}$$);
SELECT left(n, 60) FROM notes('SELECT id, day::timestamptz AS day, spent, product, worth FROM visits', 'worth', 'linear', '{"order_by": "day", "by": "product"}') n;

-- The rows that are judged are those of the same training without it, and the option stays with the version.
SELECT count(DISTINCT value) AS values, count(DISTINCT rows_used) AS rows FROM (VALUES ('{}'::jsonb), ('{"order_by": "day"}')) o(options),
	cia_train('drift', 'visits', 'left_us', 'logistic', '{spent,steady}', id => '{id}', options => options);
SELECT options->'order_by' AS order_by FROM cia_versions WHERE model = 'drift' ORDER BY version DESC LIMIT 1;
SELECT metric, value IS NOT NULL AS known FROM cia_evaluate('drift', 'visits') WHERE metric = 'auc';
SELECT cia_fit(v, left_us, 'logistic', '{"order_by": "day", "features": ["spent"]}') IS NOT NULL AS fitted FROM visits v;

-- What is wrong.
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": "tomorrow"}');
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": "Kanal"}');
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": "pair"}');
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": "left_us"}');
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": "id"}');
SELECT * FROM notes('visits', 'left_us', 'logistic', '{"order_by": 3}');
SELECT * FROM notes($$SELECT id, spent, left_us, CASE WHEN id = 5 THEN 'infinity' ELSE day END AS day FROM visits$$, 'left_us', 'logistic', '{"order_by": "day"}');
SELECT * FROM cia_cross_validate('visits', 'left_us', 'logistic', '{"order_by": "day"}');

DROP FUNCTION notes;
DROP TABLE visits;
SELECT count(cia_drop_model(model)) FROM cia_models;
