-- Data and options that trees cannot answer for, or that look like it: each is an error that names the column and the way
-- out, a warning, or the right model; never a silent wrong number.
SET client_min_messages = warning;
CREATE TABLE trouble AS
SELECT i AS id, u % 100 / 10.0 AS x, v % 100 / 10.0 AS z, (ARRAY['a', 'b', 'c', 'd'])[1 + u % 4] AS region, w % 100 < 20 + u % 60 AS y,
	w % 5 + 1 AS n, (1 + w % 400) / 10.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i AS v, i * i * 43 % 1019 + 3 * i AS w FROM generate_series(1, 600) AS i) AS s;
CREATE FUNCTION grown(source text, target text, options jsonb = '{}', algorithm text = 'boosted_trees') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	detail text;
	hint text;
	told record;
	model jsonb;
BEGIN
	SELECT * INTO told FROM cia_train('trouble', source, target, algorithm, options => '{"promote": "always", "holdout": 0}' || options);
	SELECT content::jsonb INTO model FROM cia_versions v WHERE v.model = 'trouble' AND v.production;
	answer := concat_ws(E'\n', format('%s rows, %s features; %s trees, %s nodes, base %s', told.rows_used, told.features, model #>> '{training,iterations}',
		jsonb_array_length(model #> '{learned,feature}'), round((model #>> '{learned,base,0}')::numeric, 4)), array_to_string(told.notes, E'\n'));
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS answer = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', sqlstate || ' ' || answer, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on

-- No leaf can hold so many rows.
SELECT grown('trouble', 'y', '{"min_rows": 301}');
SELECT grown('trouble', 'y', '{"min_rows": 300, "trees": 1}');
SELECT grown('trouble', 'cost', '{"min_rows": 301}', 'decision_tree');
SELECT grown('trouble', 'y', '{"min_rows": 301}', 'random_forest');
SELECT grown('trouble', 'y', '{"row_share": 0.01, "trees": 3}');
SELECT grown('SELECT x, z, y FROM trouble LIMIT 20', 'y');
-- Other ways to ask for no split.
SELECT grown('trouble', 'y', '{"min_gain": 1e9}');
SELECT grown('trouble', 'y', '{"min_weight": 1e9}');
SELECT grown('trouble', 'y', '{"l2": 1e15, "trees": 2}');
-- Targets that are all equal, one class, one row, none.
SELECT grown('SELECT x, z, 3 AS n FROM trouble', 'n');
SELECT grown('SELECT x, z, 3 AS n FROM trouble', 'n', '{}', 'decision_tree');
SELECT grown('SELECT x, z, 3 AS n FROM trouble', 'n', '{"objective": "quantile"}');
SELECT grown('SELECT x, z, true AS y FROM trouble', 'y', '{}', 'random_forest');
SELECT grown('SELECT x, z, true AS y FROM trouble', 'y');
SELECT grown('SELECT x, z, y FROM trouble WHERE id = 1', 'y');
SELECT grown('SELECT x, z, n FROM trouble WHERE id = 1', 'n');
SELECT grown('SELECT x, z, n FROM trouble WHERE false', 'n');
SELECT grown('SELECT x, z, n FROM trouble WHERE false', 'n', '{}', 'random_forest');
SELECT grown('SELECT x, z, ''NaN''::float8 AS n FROM trouble', 'n');
SELECT grown('SELECT x, z, CASE WHEN id > 5 THEN n ELSE ''NaN''::float8 END AS n FROM trouble', 'n', '{"trees": 1}');
SELECT grown('SELECT x, z, CASE WHEN id > 5 THEN n ELSE ''-Infinity''::float8 END AS n FROM trouble ORDER BY id', 'n', '{"trees": 1}');
SELECT grown('SELECT x, z, n, ''NaN''::float8 AS nothing FROM trouble', 'n', '{"trees": 1}');
SELECT grown('SELECT x::float8 AS x, CASE WHEN id = 7 THEN ''Infinity''::float8 ELSE z END AS z, n FROM trouble ORDER BY id', 'n');
SELECT grown('SELECT x, 1e300 * n AS n FROM trouble', 'n', '{"trees": 1}');
SELECT grown('SELECT x, 1.7e308 * (n - 3) / 2 AS n FROM trouble', 'n', '{"trees": 1}');
SELECT grown('SELECT x, 1e-300 * n AS n FROM trouble', 'n', '{"trees": 1}');
-- Targets that are huge, tiny or tied; those that the objective does not take.
SELECT grown('SELECT x, 1e300 * n AS n FROM trouble', 'n', '{"objective": "quantile", "quantile": 0.999, "trees": 2}');
SELECT grown('SELECT x, 1.7e308 * (n - 3) / 2 AS n FROM trouble', 'n', '{"objective": "quantile", "quantile": 0.9, "trees": 2}');
SELECT grown('SELECT x, CASE WHEN id < 3 THEN 1e12 * id ELSE 0 END AS n FROM trouble', 'n', '{"objective": "quantile", "quantile": 0.5, "trees": 2}');
SELECT grown('SELECT x, CASE WHEN id < 3 THEN 1e12 * id ELSE 0 END AS n FROM trouble', 'n', '{"objective": "absolute", "trees": 2}');
SELECT grown('SELECT x, 1e300 * n AS n FROM trouble', 'n', '{"objective": "huber", "trees": 2}');
SELECT grown('SELECT x, 1e300 * n AS n FROM trouble', 'n', '{"objective": "poisson", "trees": 2}');
SELECT grown('SELECT x, 1e-300 * n AS n FROM trouble', 'n', '{"objective": "gamma", "trees": 2}');
SELECT grown('SELECT x, 0 AS n FROM trouble', 'n', '{"objective": "poisson", "trees": 2}');
SELECT grown('SELECT x, n - 3 AS n FROM trouble', 'n', '{"objective": "poisson"}');
SELECT grown('SELECT x, n - 3 AS n FROM trouble', 'n', '{"objective": "tweedie"}');
SELECT grown('SELECT x, n - 1 AS n FROM trouble', 'n', '{"objective": "gamma"}');
SELECT grown('SELECT x, n - 1 AS n FROM trouble', 'n', '{}', 'gamma');
-- A category of as many labels as may be.
SELECT grown('SELECT ''label '' || i % 100000 AS label, i % 7 AS x, i % 100000 % 7 * 1.5 AS n FROM generate_series(1, 150000) AS i', 'n', '{"trees": 1}');
SELECT grown('SELECT ''label '' || i % 100000 AS label, i % 7 AS x, i % 100000 % 7 * 1.5 AS n FROM generate_series(1, 150000) AS i', 'n', '{"trees": 2, "max_categories": 65535}');
-- A feature that is missing everywhere in one class tells the classes apart; one value and missing do, too.
SELECT grown('SELECT CASE WHEN y THEN x END AS x, z, y FROM trouble', 'y', '{"trees": 1}');
SELECT grown('SELECT CASE WHEN id > 1 THEN x END AS x, z, y FROM trouble', 'y', '{"trees": 1}');
SELECT grown('SELECT CASE WHEN y THEN 1 END AS x, z, y FROM trouble', 'y', '{"trees": 1}');
-- Monotone constraints and groups of columns: on text, on nobody, on the target, in no direction, none at all, twice the same.
SELECT grown('trouble', 'y', '{"monotone": {"region": 1}}');
SELECT grown('trouble', 'y', '{"monotone": {"region": 0}, "trees": 1}');
SELECT grown('trouble', 'y', '{"monotone": {"nobody": 1}}');
SELECT grown('trouble', 'y', '{"monotone": {"y": 1}}');
SELECT grown('trouble', 'y', '{"monotone": {"x": 2}}');
SELECT grown('trouble', 'y', '{"monotone": {"x": "up"}}');
SELECT grown('trouble', 'y', '{"monotone": [1, 0]}');
SELECT grown('trouble', 'y', '{"monotone": {}, "trees": 1}');
SELECT grown('trouble', 'y', '{"monotone": {"x": 1, "x": -1}, "trees": 1}');
SELECT grown('trouble', 'y', '{"interactions": []}');
SELECT grown('trouble', 'y', '{"interactions": [[]]}');
SELECT grown('trouble', 'y', '{"interactions": [["x", 1]]}');
SELECT grown('trouble', 'y', '{"interactions": [["x", "x"]], "trees": 1}');
-- Options that contradict each other, or mean nothing alone, or are for the other task.
SELECT grown('trouble', 'y', '{"leaves": 1024, "depth": 3, "trees": 1}');
SELECT grown('trouble', 'y', '{"validation_share": 0.2, "trees": 1}');
SELECT grown('trouble', 'n', '{"quantile": 0.9, "trees": 1}');
SELECT grown('trouble', 'n', '{"objective": "squared", "huber_delta": 2, "trees": 1}');
SELECT grown('trouble', 'n', '{"objective": "poisson", "tweedie_power": 1.2, "trees": 1}');
SELECT grown('trouble', 'y', '{"objective": "poisson"}');
SELECT grown('trouble', 'region', '{"trees": 1}');
SELECT grown('trouble', 'y', '{"class_weight": "balanced", "objective": "logistic", "trees": 1}');
SELECT grown('trouble', 'n', '{"class_weight": "balanced"}');
-- Early stopping, with rows to measure progress on and without.
SELECT grown('trouble', 'y', '{"early_stopping": 3, "trees": 50}');
SELECT grown('SELECT x, z, y FROM trouble LIMIT 5', 'y', '{"early_stopping": 3, "validation_share": 0.01, "min_rows": 1}');
SELECT grown('SELECT x, z, y FROM trouble LIMIT 60', 'y', '{"early_stopping": 3, "validation_share": 0.01, "trees": 5}');
SELECT grown('SELECT n, x, y FROM trouble', 'y', '{"early_stopping": 3, "validation_share": 0.5, "trees": 50, "holdout": 0.5}');
-- As many columns as a query may have; names and labels of any script, and an empty one.
SELECT grown(format('SELECT y, %s FROM trouble', (SELECT string_agg(format('(id * %s %% 101)::float4 AS c%s', k, k), ', ') FROM generate_series(1, 1599) AS k)), 'y', '{"trees": 2}');
SELECT grown('SELECT x AS "Größe 日本", region AS "名 ""x""", y AS "Ziel ü" FROM trouble', 'Ziel ü', '{"trees": 1, "monotone": {"Größe 日本": -1}, "interactions": [["名 \"x\"", "Größe 日本"]]}');
SELECT grown('SELECT x, CASE region WHEN ''a'' THEN ''ä€😀'' ELSE '''' END AS region, y FROM trouble', 'y', '{"trees": 1}');

-- What is missing in one class alone is seen: the score of a row without x is lower.
SELECT model FROM cia_train('trouble', 'SELECT CASE WHEN y THEN x END AS x, z, y FROM trouble', 'y', 'boosted_trees', options => '{"holdout": 0}');
SELECT max(cia_score('trouble', t)) FILTER (WHERE x IS NULL) < min(cia_score('trouble', t)) FILTER (WHERE x IS NOT NULL) AS told
FROM (SELECT CASE WHEN y THEN x END AS x, z FROM trouble) AS t;

SELECT model FROM cia_train('trouble', 'SELECT CASE WHEN y THEN 25 END AS fee, x, z, y FROM trouble', 'y', 'boosted_trees', options => '{"holdout": 0}');
SELECT max(cia_score('trouble', t)) FILTER (WHERE fee IS NULL) < min(cia_score('trouble', t)) FILTER (WHERE fee IS NOT NULL) AS told
FROM (SELECT CASE WHEN y THEN 25 END AS fee, x, z FROM trouble) AS t;
SELECT count(*) > 0 AS grid FROM cia_partial_dependence('trouble', 'SELECT CASE WHEN y THEN 25 END AS fee, x, z, y FROM trouble', 'fee');
SELECT bool_and(content::jsonb::text::cia_model IS NOT NULL) AS reads FROM cia_versions WHERE model = 'trouble';
SELECT features FROM cia_train('trouble', 'SELECT CASE WHEN y THEN 25 END AS fee, x, z, y FROM trouble', 'y', 'logistic', options => '{"holdout": 0}');

SELECT cia_drop_model('trouble');
DROP FUNCTION grown;
DROP TABLE trouble;
