-- SQLSTATE and message of every error that a user can cause.
BEGIN;
SELECT plan(115);
SET LOCAL client_min_messages = error;
CREATE TABLE points AS SELECT i AS id, i % 17 AS x, i * 7 % 5 AS z, i * i % 11 > 5 AS y FROM generate_series(1, 200) i;
CREATE FUNCTION train(source text, target text DEFAULT 'y', algorithm text DEFAULT 'auto', options text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$SELECT format('SELECT * FROM cia_train(%L, %L, %L, %L, options => %L)', 'm', source, target, algorithm, options)$$;
SELECT lives_ok(train('points'), 'a training goes through');

-- arguments
SELECT throws_ok($$SELECT cia_train(NULL, 'points', 'y')$$, '22004', 'argument "model" must not be null');
SELECT throws_ok($$SELECT cia_train('m', NULL, 'y')$$, '22004', 'argument "source" must not be null');
SELECT throws_ok($$SELECT cia_train('m', 'points', 'y', NULL)$$, '22004', 'argument "algorithm" must not be null');
SELECT throws_ok($$SELECT cia_train('m', 'points')$$, '22023', 'algorithm "auto" needs a target');
SELECT throws_ok($$SELECT cia_train('m@2', 'points', 'y')$$, '42602', 'invalid model name "m@2"');
SELECT throws_ok(train('points', 'y', 'forest'), '22023', 'unrecognized algorithm "forest"');
SELECT throws_ok(train('points', options => '{"holdot": 1}'), '22023', 'unrecognized option "holdot" for algorithm "auto"');
SELECT throws_ok(train('points', options => '{"holdout": 1}'), '22023', 'option "holdout" must be between 0 and 0.9');
SELECT throws_ok(train('points', options => '{"max_iterations": 0}'), '22023', 'option "max_iterations" must be between 1 and 100000');
SELECT throws_ok(train('points', options => '{"holdout": "x"}'), '22023', 'option "holdout" must be a number');
SELECT throws_ok(train('points', options => '{"max_iterations": 1.5}'), '22023', 'option "max_iterations" must be an integer');
SELECT throws_ok(train('points', options => '[]'), '22023', 'options must be a JSON object');
SELECT throws_ok(train('points', options => '{"positive": "maybe"}'), '22000', 'target "y" has no such class');

-- sources and columns
SELECT throws_ok(train('nothing'), '42P01', 'relation "nothing" does not exist');
SELECT throws_ok(train('SELECT * FORM points'), '42601', 'syntax error at or near "FORM"');
SELECT throws_ok(train('SELECT * FROM points; SELECT 1'), '42601', 'source must be one query, not 2');
SELECT throws_ok(train('DELETE FROM points RETURNING *'), '42601', 'source must be a table, a view or a query that returns rows');
SELECT throws_ok(train('SELECT 1 / (x - 5) AS x, y FROM points'), '22012', 'division by zero');
SELECT throws_ok(train('SELECT x, x, y FROM points'), '42701', 'column "x" occurs more than once in the training source');
SELECT throws_ok(train('points', 'Y'), '42703', 'column "Y" does not exist in the training source');
SELECT throws_ok($$SELECT cia_train('m', 'points', 'y', features => '{w}')$$, '42703', 'column "w" does not exist in the training source');
SELECT throws_ok($$SELECT cia_train('m', 'points', 'y', features => '{x,NULL}')$$, '22004', 'lists of columns must not contain NULL');
SELECT throws_ok(train($$SELECT x, json '{}' AS j, y FROM points$$), '42804', 'column "j" has type json, which cannot be used as a feature');
SELECT throws_ok(train($$SELECT x, 'a' || z AS y FROM points$$, 'y', 'linear'), '42804', 'target "y" has type text, but algorithm "linear" needs a number');
SELECT throws_ok(train('SELECT x, 0.5 * z AS y FROM points', 'y', 'logistic'), '42804', 'column "y" has type numeric, which cannot be used as a target');

-- rows and values
SELECT throws_ok(train('SELECT * FROM points WHERE false'), '22000', 'training source returned no rows');
SELECT throws_ok(train('SELECT x, NULL::bool AS y FROM points'), '22000', 'target "y" is missing in every row');
SELECT throws_ok($$SELECT cia_train('none', 'SELECT x, y, 0 AS w FROM points', 'y', weight => 'w')$$, '22000', 'weight "w" is 0 or missing in every row');
SELECT throws_ok(train('SELECT x, y FROM points LIMIT 1'), '22000', NULL, 'one row');
SELECT throws_ok(train('SELECT y FROM points'), '22000', 'training source has no column that can be a feature');
SELECT throws_ok(train('SELECT NULL::int AS x, y FROM points'), '22000', 'training source has no column that can be a feature');
SELECT throws_ok(train('SELECT x, true AS y FROM points'), '22000', 'target "y" has only one distinct value');
SELECT throws_ok(train('points', 'z', 'logistic'), '22000', 'target "z" has 5 classes, but algorithm "logistic" takes two');
SELECT throws_ok(train($$SELECT x, float8 'inf' AS f, y FROM points$$), '22000', 'column "f" contains a value that is not finite');
SELECT throws_ok(train('SELECT x, 10::numeric ^ 400 AS n, y FROM points'), '22000', 'column "n" contains a value that is not finite');
SELECT throws_ok(train('SELECT x, z, x * 1e300 AS f, y FROM points'), '22003', 'values of column "f" are too large or too small to compute with');
SELECT throws_ok(train('SELECT x, 2 * x AS xx, z AS y FROM points', 'y', 'linear'), '22000', 'could not fit model because its columns are linearly dependent');
SELECT throws_ok(train('SELECT CASE id WHEN 9 THEN ARRAY[1, 2] ELSE ARRAY[x] END::float8[] AS v, y FROM points'), '2202E', NULL, 'arrays of differing lengths');
SELECT throws_ok($$SELECT cia_train('m', 'SELECT x, y, -id AS w FROM points', 'y', weight => 'w')$$, '22000', 'weight "w" is negative');
SET LOCAL cia.max_memory = '1MB';
SELECT throws_ok(train('SELECT n % 101 AS a, n % 103 AS b, n % 3 = 0 AS y FROM generate_series(1, 200000) n'), '54000', NULL, 'more memory than cia.max_memory');
RESET cia.max_memory;

-- scores in a table
CREATE FUNCTION scored(source text, target_table text DEFAULT 'risk', id text DEFAULT '{id}', options text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$SELECT format('SELECT * FROM cia_score_into(%L, %L, %L, %L, %L)', 'm', source, target_table, id, options)$$;
SELECT lives_ok(scored('points'), 'a table of scores');
SELECT throws_ok($$SELECT cia_score_into('m', 'points', 'risk', NULL)$$, '22004', 'argument "id" must not be null');
SELECT throws_ok($$SELECT cia_score_into('m', 'points', NULL, '{id}')$$, '22004', 'argument "target_table" must not be null');
SELECT throws_ok(scored('points', id => '{}'), '22023', 'argument "id" must name at least one column');
SELECT throws_ok(scored('points', options => '{"batch": 1}'), '22023', 'unrecognized option "batch" for cia_score_into');
SELECT throws_ok(scored('points', id => '{w}'), '42703', 'id column "w" does not exist in the source');
SELECT throws_ok(scored('SELECT *, 1 AS score FROM points', id => '{score}'), '42701', 'id column "score" has the name of a column that is written');
SELECT throws_ok(scored('SELECT *, id FROM points'), '42701', 'id column "id" occurs more than once in the source');
SELECT throws_ok(scored('SELECT 1 AS id) s, (SELECT 2'), '42601', 'syntax error at or near ")"');
SELECT throws_ok(scored('SELECT NULL::int AS id, x, z FROM points'), '22004', 'id "id" is null');
SELECT throws_ok(scored('SELECT 7 AS id, x, z FROM points'), '21000', 'id (7) occurs more than once in the source');
SELECT throws_ok(scored('SELECT 7 AS id, x, z FROM points', 'new'), '23505', 'id (7) occurs more than once in the source');
SELECT throws_ok(scored('points', '"new'), '42602', 'invalid name of a table: ""new"');
SELECT throws_ok(scored('points', 'points'), '42703', 'table "points" lacks columns for scores');
CREATE TABLE keyless (LIKE risk);
SELECT throws_ok(scored('points', 'keyless'), '42P10', 'table "keyless" has no unique index on exactly the id columns');
CREATE TABLE strict (LIKE risk INCLUDING ALL, note text NOT NULL);
SELECT throws_ok(scored('points', 'strict'), '23502', 'table "strict" has further columns that must not be null');
CREATE TABLE dated (id date PRIMARY KEY, score float8, class text, version int, scored_at timestamptz);
SELECT throws_ok(scored('points', 'dated'), '42804', 'column "id" is of type date but expression is of type integer');

-- models
SELECT throws_ok('SELECT cia_score(''nobody'', p) FROM points p', '42704', 'model "nobody" does not exist');
SELECT throws_ok('SELECT cia_score(''m@77'', p) FROM points p', '42704', 'model "m@77" does not exist');
SELECT throws_ok('SELECT cia_drop_model(''nobody'')', '42704', 'model "nobody" does not exist');
SELECT throws_ok('SELECT cia_drop_model(''m@1'')', '55000', 'cannot drop version 1 of model "m" because it is in production');
SELECT throws_ok('SELECT cia_score(''m'', r) FROM (SELECT x FROM points) r', '42703', 'row lacks columns that model "m" was trained on');
SELECT throws_ok('SELECT cia_score(''m'', ''{}''::jsonb)', '42703', 'row lacks columns that model "m" was trained on');
SELECT throws_ok('SELECT cia_score(''m'', ''[]''::jsonb)', '22023', 'row must be a JSON object');
SELECT throws_ok('SELECT cia_score(''m'', r) FROM (SELECT id, x::text, z FROM points) r', '42804', 'column "x" has type text, but model "m" was trained on type integer');
SELECT throws_ok($$SELECT cia_score('m', r) FROM (SELECT id, float8 'inf' AS x, z FROM points) r$$, '22000', 'column "x" contains a value that is not finite');
SELECT lives_ok($$SELECT cia_train('number', 'points', 'z', 'linear')$$, 'a regression');
SELECT throws_ok('SELECT cia_class(''number'', p) FROM points p', '42809', 'model "number" predicts a number, not a class');
SELECT throws_ok('SELECT cia_probabilities(''number'', p) FROM points p', '42809', 'model "number" predicts a number, not a class');
SELECT throws_ok($$SELECT cia_evaluate('m', 'points', '{"rows": "some"}')$$, '22023', NULL, 'rows of cia_evaluate');
SELECT throws_ok($$SELECT cia_evaluate('m', 'SELECT id, x, z, ''maybe'' AS y FROM points')$$, '22000', 'target "y" has no such class');

-- judging, and looking into models
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', folds => 1)$$, '22023', 'argument "folds" must be between 2 and 100');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', by => 'x', order_by => 'z')$$, '22023', 'folds cannot be made both "by" groups and "order_by" time');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', options => '{"calibrate": "platt"}')$$, '22000', 'the holdout is too small to calibrate the model');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', options => '{"holdout": 0.1}')$$, '22023', 'option "holdout" has no meaning in cross-validation');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', options => '{"order_by": "x"}')$$, '22023', 'option "order_by" has no meaning in cross-validation');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', 'boosted_trees', options => '{"continue_from": "m"}')$$, '0A000', 'option "continue_from" is not for cia_cross_validate');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', order_by => 'planet')$$, '42703', 'column "planet" does not exist in the training source');
SELECT throws_ok($$SELECT cia_cross_validate('points', 'y', order_by => 'y')$$, '22023', 'column "y" cannot be both target and what tells the folds');
SELECT throws_ok($$SELECT cia_cross_validate('SELECT x, y, NULL::int AS day FROM points', 'y', order_by => 'day')$$, '22004', 'column "day" is null in some rows, but tells their order');
SELECT throws_ok($$SELECT cia_cross_validate('SELECT x, y FROM points LIMIT 3', 'y', folds => 50)$$, '22000', 'training source is too small for 50 folds');
SELECT throws_ok($$SELECT cia_compare('m', 'nobody', 'points')$$, '42704', 'model "nobody" does not exist');
SELECT throws_ok($$SELECT cia_compare('m', 'number', 'points')$$, '42809', 'models "m" and "number" do not predict the same');
SELECT throws_ok($$SELECT cia_fairness('m', 'points', 'planet')$$, '42703', 'column "planet" does not exist in the training source');
SELECT throws_ok($$SELECT cia_fairness('number', 'points', 'x')$$, '42809', 'model "number" does not tell two classes apart');
SELECT throws_ok($$SELECT cia_fairness('m', 'points', 'x', 0.5, '{"favourable": "none"}')$$, '22023', 'option "favourable" must be one of: "selected", "rejected"');
SELECT throws_ok($$SELECT cia_roc_curve('number', 'points')$$, '42809', 'model "number" does not tell two classes apart');
SELECT throws_ok($$SELECT cia_roc_curve('m', 'points', '{"points": -1}')$$, '22023', 'option "points" must be between 0 and 1e+09');
SELECT throws_ok($$SELECT cia_pr_curve('m', 'points', '{"bins": 3}')$$, '22023', 'unrecognized option "bins" for cia_pr_curve');
SELECT throws_ok($$SELECT cia_lift_table('m', 'points', '{"bins": 1}')$$, '22023', 'option "bins" must be between 2 and 1000');
SELECT throws_ok($$SELECT cia_calibration('m', 'points', '{"strategy": "even"}')$$, '22023', 'option "strategy" must be one of: "quantile", "uniform"');
SELECT throws_ok($$SELECT cia_confusion('number', 'points')$$, '42809', 'model "number" has no classes');
SELECT throws_ok($$SELECT cia_threshold('m', 'points', -1, 2)$$, '22023', 'cost_false_positive must be a number of zero or more');
SELECT throws_ok($$SELECT cia_threshold('m', 'points', 'NaN', 2)$$, '22023', 'cost_false_positive must be a number of zero or more');
SELECT throws_ok($$SELECT cia_residuals('m', 'points', '{"rows": "none"}')$$, '22023', 'option "rows" must be one of: "auto", "all", "holdout"');
SELECT throws_ok($$SELECT cia_importance('m', 'points', method => 'guess')$$, '22023', 'unrecognized method "guess"');
SELECT throws_ok($$SELECT cia_importance('m', 'points', options => '{"repeats": 0}')$$, '22023', 'option "repeats" must be between 1 and 1000');
SELECT throws_ok($$SELECT cia_importance('nobody')$$, '42704', 'model "nobody" does not exist');
SELECT throws_ok($$SELECT cia_partial_dependence('m', 'points', 'planet')$$, '42703', 'model "m" has no feature "planet"');
SELECT throws_ok($$SELECT cia_tree('m')$$, '42809', 'model "m" has no trees');
SELECT throws_ok($$SELECT cia_report('nobody')$$, '42704', 'model "nobody" does not exist');
SELECT throws_ok($$SELECT cia_report('m', 'SELECT 1 AS one')$$, '42703', 'row lacks columns that model "m" was trained on');
SELECT throws_ok(train('points', options => '{"order_by": "planet"}'), '42703', 'column "planet" does not exist in the training source');
SELECT throws_ok(train('points', options => '{"order_by": "y"}'), '22023', 'column "y" cannot be both target and the order of the rows');
SELECT throws_ok(train('SELECT *, ''a'' || z AS day FROM points', options => '{"order_by": "day"}'), '42804', 'column "day" has type text, which cannot be used as the order of rows');
SELECT throws_ok(train('points', options => '{"calibrate": "platt", "holdout": 0}'), '22023', 'option "calibrate" needs option "holdout"');
SELECT throws_ok(train('points', options => '{"calibrate": "platt", "by": "z"}'), '22000', 'the holdout is too small to calibrate the model');
SELECT throws_ok(train('points', options => '{"calibrate": "platt"}'), '22000', 'the holdout is too small to calibrate the model');

-- models from outside
SELECT throws_ok($$SELECT 'text'::cia_model$$, '22P02', 'invalid input syntax for type cia_model');
SELECT throws_ok($$SELECT '{"format": 2}'::cia_model$$, '0A000', 'model format 2 is not supported');
CREATE CAST (bytea AS cia_model) WITHOUT FUNCTION;
SELECT throws_ok($$SELECT cia_model_out('\x00'::bytea::cia_model)$$, '22P03', 'invalid model data');
UPDATE cia_version SET content = '\x00'::bytea::cia_model FROM cia_registry r WHERE r.id = model AND r.name = 'm';
SELECT throws_ok('SELECT cia_score(''m'', p) FROM points p', 'XX001', 'model "m" is corrupted');

-- rights
CREATE ROLE regress_cia_stranger;
GRANT SELECT ON points TO regress_cia_stranger;
SET ROLE regress_cia_stranger;
SELECT throws_ok('SELECT cia_score(''m'', p) FROM points p', '42501', 'permission denied for model "m"');
SELECT throws_ok('SELECT cia_drop_model(''m'')', '42501', 'permission denied for model "m"');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
