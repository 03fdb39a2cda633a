-- Notes: what training found out about the columns.
CREATE TABLE points AS
SELECT i AS id, u % 40 AS x, u % 40 + v % 30 > 35 AS y, 5 AS five, 'same' AS same, md5(i::text) AS hash, 'label ' || sqrt(v)::int AS town, u % 40 + v % 30 AS leak,
	   CASE WHEN u % 40 + v % 30 > 35 THEN 'gone' ELSE 'here' END AS state, NULL::date AS never
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 AS v FROM generate_series(1, 1000) i) s;

SELECT n.note FROM cia_train('notes', 'points', 'y', id => '{id}') t, unnest(notes) WITH ORDINALITY n(note, place) ORDER BY place;
SELECT notes = (SELECT notes FROM cia_versions WHERE model = 'notes') AS kept FROM cia_versions WHERE model = 'notes';

-- Rare labels are pooled as "other", and scored as such; labels of the pool's name are no trouble.
SELECT n.note FROM cia_train('pooled', 'SELECT town, x, y FROM points', 'y', options => '{"max_categories": 5}') t, unnest(notes) WITH ORDINALITY n(note, place) ORDER BY place;
SELECT f->'labels' AS labels, f->'pooled' AS pooled FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f WHERE model = 'pooled' AND f->>'name' = 'town';
SELECT count(DISTINCT cia_score('pooled', r)) AS one FROM (VALUES ('label 2', 7), ('label 3', 7), ('never seen', 7), ('other', 7)) r(town, x);
SELECT features FROM cia_train('others', $$SELECT (ARRAY['other', 'a', 'b', 'c', 'd'])[1 + sqrt(id % 25)::int % 5] AS c, x, y FROM points$$, 'y', options => '{"max_categories": 3}');
SELECT f->'labels' AS labels FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f WHERE model = 'others' AND f->>'name' = 'c';

-- Suspected leaks are kept and told: by AUC, by R2, also when they point the other way or are labels.
SELECT n.note FROM cia_train('leaks', 'SELECT x, -leak AS minus_leak, state, y FROM points', 'y', options => '{"promote": "always"}') t, unnest(notes) WITH ORDINALITY n(note, place) WHERE note ~ 'leak' ORDER BY place;
SELECT features, n.note FROM cia_train('leaks', 'SELECT x, leak * 3 + 1 AS near, leak AS y FROM points', 'y') t, unnest(notes) n(note) WHERE note ~ 'leak';
SELECT count(*) FROM cia_train('leaks', 'SELECT x, town, y FROM points', 'y') t, unnest(notes) n(note) WHERE note ~ 'leak';

-- Long lists are cut short.
SELECT n.note FROM cia_train('many', $$SELECT x, y, 1 AS c1, 1 AS c2, 1 AS c3, 1 AS c4, 1 AS c5, 1 AS c6, 1 AS c7, 1 AS c8, 1 AS c9, 1 AS c10, 1 AS c11, 1 AS c12, 1 AS c13, 1 AS c14 FROM points$$,
	'y') t, unnest(notes) WITH ORDINALITY n(note, place) WHERE note ~ 'never' ORDER BY place;

-- A holdout of one class, or none.
SELECT value IS NULL AS unknown, n.note FROM cia_train('small', 'SELECT x, y FROM points LIMIT 12', 'y') t, unnest(notes) n(note) WHERE note ~ 'holdout';
SELECT value IS NULL AS unknown, n.note FROM cia_train('none', 'SELECT x, y FROM points', 'y', options => '{"holdout": 0}') t, unnest(notes) n(note) WHERE note ~ 'holdout';

-- A rare class, for learners that can weigh it and for those that cannot, and when that has been done.
CREATE TABLE rare AS SELECT i AS id, i * i * 37 % 1009 AS x, i % 125 = 0 AS y FROM generate_series(1, 1000) i;
SELECT n.note FROM cia_train('rare', 'rare', 'y', 'logistic', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'rare class';
SELECT n.note FROM cia_train('rare', 'rare', 'y', 'decision_tree', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'rare class';
SELECT n.note FROM cia_train('rare', 'rare', 'y', 'logistic', id => '{id}', options => '{"positive": "false", "class_weight": "balanced"}') t, unnest(notes) n(note) WHERE note ~ 'rare class';
SELECT count(*) FROM cia_train('rare', 'SELECT id, x, id % 80 = 0 AS y FROM rare', 'y', 'logistic', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'rare class';
-- Columns that say what another says: numbers on a line, labels one to one; not where other rows are missing, nor within an array.
SELECT n.note FROM cia_train('twins', $$SELECT id, x, -2.0 * x + 1e9 AS "minus x", 'l' || x % 5 AS c, 'm' || (7 - x % 5) AS "d, e", 'm' || x % 6 AS other, CASE WHEN x > 9 THEN x END AS gaps, x ^ 2 AS square, id % 3 AS y FROM rare$$, 'y', 'decision_tree',
	id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'another says';
SELECT n.note FROM cia_train('twins', 'SELECT id, ARRAY[x, x, id]::float8[] AS a, x, ARRAY[x, 3 * id % 7]::float8[] AS b, id % 3 AS y FROM rare', 'y', 'decision_tree', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'another says';
SELECT count(*) FROM cia_train('twins', $$SELECT id, x, -2.0 * x AS "minus x", 'l' || x % 5 AS c, 'm' || (7 - x % 5) AS "d, e", id % 3 AS y FROM rare$$, 'y', 'decision_tree', id => '{id}', exclude => '{"minus x","d, e"}') t, unnest(notes) n(note)
WHERE note ~ 'another says';

-- Fewer than ten rows per coefficient, of classes those of the rarest; a penalty is the remedy.
SELECT n.note FROM cia_train('few', 'SELECT id, x, id % 7 AS s, y FROM rare', 'y', 'logistic', id => '{id}', options => '{"l2": 0}') t, unnest(notes) n(note) WHERE note ~ 'few rows';
SELECT n.note FROM cia_train('few', 'SELECT id, ''l'' || x % 8 AS c, x AS y FROM rare WHERE id <= 60', 'y', 'linear', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'few rows';
SELECT count(*) FROM (VALUES ('{"l2": 1}'::jsonb), ('{"lambda": 0.1}')) o(options),
	cia_train('few', 'SELECT id, ''l'' || x % 8 AS c, x AS y FROM rare WHERE id <= 60', 'y', 'linear', id => '{id}', options => options) t, unnest(notes) n(note) WHERE note ~ 'few rows';
SELECT count(*) FROM cia_train('few', 'SELECT id, x, id % 7 AS y FROM rare', 'y', 'linear', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'few rows';

-- A fit that holds on the rows it has seen alone: coin tosses, by what each learner has to hold it back.
CREATE TABLE coins AS SELECT i AS id, hashint4(i) % 1000 AS a, hashint4(i + 10000) / 200000000 AS b, 'c' || hashint4(i + 20000) % 20 AS c, hashint4(i + 30000) % 2 = 0 AS heads, hashint4(i + 40000) % 100 AS z FROM generate_series(1, 1500) i;
SELECT algorithm, split_part(n.note, ':', 1) AS what, split_part(n.note, '; ', 2) AS remedy
FROM (VALUES (1, 'boosted_trees', '{}'::jsonb), (2, 'boosted_trees', '{"early_stopping": 5}'), (3, 'random_forest', '{}'), (4, 'decision_tree', '{"leaves": 200, "min_rows": 2}')) o(place, learner, options),
	cia_train('coins', 'SELECT id, a, b, c, heads FROM coins', 'heads', learner, id => '{id}', options => options) t, unnest(notes) n(note) WHERE note ~ 'overfitting' ORDER BY place;
SELECT options, split_part(n.note, '; ', 2) AS remedy
FROM (VALUES (1, '{"l2": 0.1}'::jsonb), (2, '{"lambda": 0.01}'), (3, '{"lambda": "auto"}'), (4, '{}')) o(place, options),
	cia_train('coins', 'SELECT id, a, ''b'' || b AS b, c || a % 3 AS c, z FROM coins WHERE id <= 220', 'z', 'linear', id => '{id}', options => options) t, unnest(notes) n(note) WHERE note ~ 'overfitting' ORDER BY place;
SELECT count(*) FROM cia_train('coins', 'SELECT id, a, b, c, a > 100 AND b < 3 AS heads FROM coins', 'heads', 'boosted_trees', id => '{id}') t, unnest(notes) n(note) WHERE note ~ 'overfitting';
DROP TABLE coins, rare;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE points;
