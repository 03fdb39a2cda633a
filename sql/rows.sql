-- Few rows, few columns, many columns, missing values, weights and holdouts.
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 300) i;

-- No rows, one row, and rows that are all skipped.
SELECT * FROM cia_train('few', 'SELECT * FROM points WHERE false', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('few', 'SELECT * FROM points WHERE id = 1', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('few', 'SELECT * FROM points WHERE id = 1', 'y', options => '{"holdout": 0}');
\echo :SQLSTATE
SELECT * FROM cia_train('few', 'SELECT * FROM points WHERE id = 1', 'x', 'linear', options => '{"holdout": 0}');
SELECT * FROM cia_train('few', 'SELECT x, NULL::bool AS y FROM points', 'y');
SELECT * FROM cia_train('few', 'SELECT x, y, 0 AS w FROM points', 'y', weight => 'w');
SELECT * FROM cia_train('few', 'SELECT x, y, NULL::int AS w FROM points', 'y', weight => 'w');

SELECT * FROM cia_train('few', 'SELECT x, CASE WHEN id > 100 THEN y END AS y, 0 AS w FROM points', 'y', weight => 'w');
-- Two rows and three are enough without a holdout.
SELECT rows_used, features, value IS NULL AS unknown, notes[2:] AS notes FROM cia_train('few', 'VALUES (1, true), (2, false)', 'column2', options => '{"promote": "always", "holdout": 0}');
SELECT rows_used, features, value IS NULL AS unknown FROM cia_train('few', 'VALUES (1, 10.0), (2, 20), (3, 31)', 'column2', 'linear', options => '{"holdout": 0}');
SELECT round(cia_score('few', r)::numeric, 9) AS score FROM (VALUES (4, 0)) r(column1, column2);

-- One column: it is the target, or the only feature.
SELECT * FROM cia_train('one', 'SELECT y FROM points', 'y');
\echo :SQLSTATE
SELECT features FROM cia_train('one', 'SELECT x, y FROM points', 'y');
SELECT * FROM cia_train('one', 'SELECT id, y FROM points', 'y', id => '{id}');
SELECT * FROM cia_train('one', 'points', 'y', features => '{}');
SELECT * FROM cia_train('one', 'points', 'y', exclude => '{id,x,z}');

-- Every value NULL, in the features or everywhere.
SELECT * FROM cia_train('nulls', 'SELECT NULL::int AS a, NULL::text AS b, y FROM points', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('nulls', 'SELECT NULL::int AS a, NULL::text AS b, NULL::bool AS y FROM points', 'y');
\echo :SQLSTATE
SELECT rows_used, features FROM cia_train('nulls', 'SELECT CASE id WHEN 7 THEN x END AS a, CASE WHEN id > 7 THEN x END AS b, y FROM points', 'y');

-- The target: constant in all rows, or in those that are left for training.
SELECT * FROM cia_train('constant', 'SELECT x, true AS y FROM points', 'y');
\echo :SQLSTATE
SELECT * FROM cia_train('constant', 'SELECT x, 7.5 AS y FROM points', 'y', 'linear');
SELECT * FROM cia_train('constant', $$SELECT x, CASE WHEN y THEN 'a' END AS y FROM points$$, 'y');
SELECT * FROM cia_train('constant', $$SELECT x, 'NaN'::float8 AS y FROM points$$, 'y');
SELECT * FROM cia_train('constant', $$SELECT x, CASE id WHEN 9 THEN float8 'inf' ELSE id END AS y FROM points ORDER BY id$$, 'y');
\echo :SQLSTATE

-- More than two classes.
SELECT * FROM cia_train('classes', $$SELECT x, chr(97 + z) AS y FROM points$$, 'y', 'logistic');
\echo :SQLSTATE
SELECT * FROM cia_train('classes', 'points', 'z', 'logistic');
SELECT rows_used FROM cia_train('classes', 'points', 'z', 'logistic', options => '{"positive": "3"}');
SELECT * FROM cia_train('classes', 'SELECT x, 1.5 * z AS y FROM points', 'y', 'logistic');
\echo :SQLSTATE
SELECT * FROM cia_train('classes', $$SELECT x, 'a' || z AS y FROM points$$, 'y', 'linear');
\echo :SQLSTATE

-- Weights: negative, infinite, NaN.
SELECT * FROM cia_train('w', 'SELECT x, y, 5 - id AS w FROM points ORDER BY id', 'y', weight => 'w');
\echo :SQLSTATE
SELECT * FROM cia_train('w', $$SELECT x, y, CASE id WHEN 3 THEN float8 'inf' ELSE 1 END AS w FROM points ORDER BY id$$, 'y', weight => 'w');
SELECT rows_used, rows_skipped FROM cia_train('w', $$SELECT x, y, CASE id WHEN 3 THEN float8 'NaN' ELSE 1 END AS w FROM points$$, 'y', weight => 'w');

-- The holdout: its share, none at all, and the side of a row that follows from its key.
SELECT share, (content::jsonb #>> '{training,holdout_rows}')::int BETWEEN 300 * share - 40 AND 300 * share + 40 AS about
FROM (VALUES (0), (0.1), (0.5), (0.9)) s(share),
	 LATERAL (SELECT cia_fit(p, y, 'logistic', jsonb_build_object('holdout', share)) AS content FROM points p) m ORDER BY share;
SELECT value IS NULL AS unknown, metric, notes[2:2] FROM cia_train('h', 'points', 'y', options => '{"holdout": 0}');
SELECT metrics FROM cia_versions WHERE model = 'h';
SELECT count(DISTINCT content::jsonb #> '{training,holdout_rows}') AS same_side
FROM (SELECT cia_fit(p, y, 'logistic', '{"id": ["id"], "exclude": ["y"]}') AS content FROM points p
	  UNION ALL SELECT cia_fit(p, y, 'logistic', '{"id": ["id"], "features": ["z"], "l2": 9}') FROM points p
	  UNION ALL SELECT cia_fit(p, y, 'logistic', '{"id": ["id"], "exclude": ["y"]}') FROM (SELECT y, z, id::numeric, x FROM points ORDER BY x) p) m;

-- Rows of one customer stay together; without an id equal rows are told apart.
SELECT (m #>> '{training,holdout_rows}')::int % 10 AS rest FROM (SELECT cia_fit(r, y, 'logistic', '{"id": ["customer"], "exclude": ["y"]}')::jsonb AS m
	FROM (SELECT p.id AS customer, n, p.x, p.y FROM points p, generate_series(1, 10) n) r) m;
SELECT (m #>> '{training,holdout_rows}')::int BETWEEN 100 AND 500 AS spread
FROM (SELECT cia_fit(r, y, 'logistic', '{"exclude": ["y"]}')::jsonb AS m FROM (SELECT n % 2 AS x, n % 3 = 0 AS y FROM generate_series(1, 1500) n) r) m;

-- Columns that depend on others, and values too large to square.
SELECT * FROM cia_train('dependent', 'SELECT x, z, 2 * x - 3 * z + 1 AS xz, id % 13 + x AS y FROM points', 'y', 'linear');
\echo :SQLSTATE
SELECT * FROM cia_train('dependent', 'SELECT x, 2 * x AS xx, y FROM points', 'y', 'logistic', options => '{"l2": 0}');
SELECT features FROM cia_train('dependent', 'SELECT x, z, 2 * x - 3 * z + 1 AS xz, id % 13 + x AS y FROM points', 'y', 'linear', options => '{"l2": 1}');
SELECT features FROM cia_train('dependent', 'SELECT x, z, 2 * x - 3 * z + 1 AS xz, id % 13 + x AS y FROM points', 'y');
SELECT * FROM cia_train('large', 'SELECT z, x * 1e300 AS a, y FROM points', 'y');
\echo :SQLSTATE
SELECT features FROM cia_train('tiny', 'SELECT x * 1e-150 AS a, z * 1e-9 AS b, y FROM points', 'y');

-- A training that stops before it converged warns, in cia_train and in cia_fit.
SELECT notes[3:] AS notes FROM cia_train('stopped', 'points', 'y', options => '{"max_iterations": 1}');
SELECT cia_fit(p, y, 'logistic', '{"max_iterations": 1}')::jsonb #> '{training,converged}' AS converged FROM points p;
SELECT content::jsonb #> '{training,iterations}' AS iterations FROM cia_versions WHERE model = 'stopped';

-- 1,600 columns, and an array of as many elements.
DO $$
BEGIN
	EXECUTE format('CREATE TABLE wide AS SELECT %s FROM points', (SELECT string_agg(CASE n WHEN 1600 THEN 'y' ELSE format('(id * %s %% 101 > 50) AS c%s', n, n) END, ', ')
		FROM generate_series(1, 1600) n));
END $$;
SELECT rows_used, features > 1500 AS most, notes[3:] AS notes FROM cia_train('wide', 'wide', 'y');
SELECT count(cia_score('wide', w)) AS scored, bool_and(cia_score('wide', w) = cia_score('wide', to_jsonb(w))) AS jsonb FROM wide w;
SELECT count(*) > 1500 AS explained FROM (SELECT * FROM wide LIMIT 1) w, cia_explain('wide', w);
SELECT features FROM cia_train('array', 'SELECT ARRAY(SELECT id * n % 101 FROM generate_series(1, 1600) n)::float4[] AS v, y FROM points', 'y');

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE points, wide;
