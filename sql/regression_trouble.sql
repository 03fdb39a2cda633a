-- Data that a regression cannot answer for: separation, collinearity, no variance, no convergence.
-- Each is an error or a warning that names the column, or the right answer; never a silent wrong number.
SET client_min_messages = warning;
CREATE TABLE trouble AS
SELECT i AS id, u % 100 / 10.0 AS x, v % 100 / 10.0 AS z, (ARRAY['a', 'b', 'c', 'd'])[1 + u % 4] AS region, w % 100 < 20 + u % 60 AS y,
	(ARRAY['north', 'north', 'south', 'south'])[1 + u % 4] AS half, w % 5 + 1 AS n, (1 + w % 400) / 10.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i AS v, i * i * 43 % 1019 + 3 * i AS w FROM generate_series(1, 600) AS i) AS s;

-- The error with its detail and hint, or what the notes say, or the coefficients.
CREATE FUNCTION fitted(source text, target text, algorithm text, options jsonb = '{"l2": 0}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	learned jsonb;
	answer text;
	detail text;
	hint text;
BEGIN
	SELECT string_agg(note, E'\n' ORDER BY place) INTO answer
	FROM cia_train('trouble', source, target, algorithm, options => '{"promote": "always", "holdout": 0}' || options) AS t, unnest(t.notes) WITH ORDINALITY AS n (note, place)
	WHERE note ~ 'groups|apart by|separated|converged|Poisson|never';
	SELECT content::jsonb -> 'learned' INTO learned FROM cia_versions WHERE model = 'trouble' AND production;
	RETURN coalesce(answer, format('fitted: %s %s', round((learned #>> '{intercept,0}')::numeric, 4),
		(SELECT string_agg(coalesce(round(c::numeric, 4)::text, 'NaN'), ' ') FROM jsonb_array_elements_text(learned -> 'coefficients') AS c)));
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS answer = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', sqlstate || ' ' || answer, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on

-- Complete separation: by one number, by a label, by a linear combination of two columns.
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic');
SELECT fitted($$SELECT x, region, region = 'c' AS y FROM trouble$$, 'y', 'logistic');
SELECT fitted('SELECT x, z, region, x + 2 * z > 15 AS y FROM trouble', 'y', 'logistic');

-- Quasi-complete: one label has one class only; a number's highest rows have; with a tie at the threshold.
SELECT fitted($$SELECT x, z, region, y OR region = 'd' AS y FROM trouble$$, 'y', 'logistic');
SELECT fitted('SELECT x, z, flag, y OR flag = 1 AS y FROM (SELECT *, (x > 9)::int AS flag FROM trouble) AS s', 'y', 'logistic');
SELECT fitted('SELECT x, z, x > 5 OR (x = 5 AND y) AS y FROM trouble', 'y', 'logistic');

-- A flag that one row has.
SELECT fitted('SELECT x, z, (id = 7)::int AS seventh, y FROM trouble', 'y', 'logistic');

-- The same with the other links, and by a penalty it is no trouble.
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic', '{"l2": 0, "link": "probit"}');
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic', '{"l2": 0, "link": "cloglog"}');
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic', '{"l2": 1}') ~ '^fitted' AS penalized;
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic', '{"lambda": 0.01}');
SELECT fitted('SELECT x, z, x > 5 AS y FROM trouble', 'y', 'logistic', '{"lambda": 0}');

-- Counts that are zero throughout a label.
SELECT fitted($$SELECT x, region, CASE WHEN region = 'b' THEN 0 ELSE n END AS n FROM trouble$$, 'n', 'poisson');
SELECT fitted($$SELECT x, region, CASE WHEN region = 'b' THEN 0 ELSE n * (id % 4) END AS n FROM trouble$$, 'n', 'negative_binomial');

-- More than two classes: one that a label tells, all by a number, one by a number, and a flag of one row.
SELECT fitted($$SELECT x, region, CASE WHEN region = 'b' THEN 'p' WHEN z < 5 THEN 'q' ELSE 'r' END AS class FROM trouble$$, 'class', 'multinomial');
SELECT fitted($$SELECT x, z, CASE WHEN x < 3 THEN 'p' WHEN x < 7 THEN 'q' ELSE 'r' END AS class FROM trouble$$, 'class', 'multinomial');
SELECT fitted($$SELECT x, z, CASE WHEN x < 3 THEN 'p' WHEN y THEN 'q' ELSE 'r' END AS class FROM trouble$$, 'class', 'multinomial');
SELECT fitted($$SELECT x, z, (id = 7)::int AS seventh, CASE WHEN id = 7 THEN 'p' WHEN n = 1 THEN 'q' WHEN y THEN 'p' ELSE 'r' END AS class FROM trouble$$, 'class', 'multinomial');

-- Collinear: numbers that add up, a multiple, a label that another feature's label implies, all labels of one.
SELECT fitted('SELECT x, z, x + 2 * z AS total, n FROM trouble', 'n', 'linear');
SELECT fitted('SELECT x, 100 * x AS cents, n FROM trouble', 'n', 'linear');
-- of a near copy and what it differs by, the sum is known to rounding only
SELECT fitted('SELECT x::float8 AS x, x::float8 + 1e-6 * z AS nearly_x, z, n FROM trouble', 'n', 'linear');
-- an element is left out with its array
SELECT fitted('SELECT x, ARRAY[z, x]::float8[] AS pair, n FROM trouble', 'n', 'linear');
SELECT fitted('SELECT x, region, half, n FROM trouble', 'n', 'linear');
SELECT fitted('SELECT x, region, half, y FROM trouble', 'y', 'logistic');
SELECT fitted($$SELECT x, region, (region = 'a')::int AS is_a, n FROM trouble$$, 'n', 'poisson');
SELECT fitted($$SELECT x, region, region AS again, cost FROM trouble$$, 'cost', 'gamma', '{"l2": 0, "link": "log"}');
SELECT fitted('SELECT x, z, x + 2 * z AS total, n FROM trouble', 'n', 'negative_binomial');
SELECT fitted('SELECT x, z, x - z AS total, region AS class FROM trouble', 'class', 'multinomial');
SELECT fitted('SELECT x, z, x + 2 * z AS total, n FROM trouble', 'n', 'linear', '{"l2": 1}') ~ '^fitted' AS penalized;
SELECT fitted('SELECT x, z, x + 2 * z AS total, n FROM trouble', 'n', 'linear', '{"lambda": 0.01}') ~ '^fitted' AS penalized;
SELECT fitted('SELECT x, z, x + 2 * z AS total, n FROM trouble', 'n', 'linear', '{"lambda": 0}');

-- As many columns as rows, and a column that varies in one row only.
SELECT fitted('SELECT x, z, x * x AS xx, x * z AS xz, cost FROM trouble WHERE id <= 4', 'cost', 'linear');
SELECT fitted('SELECT x, z, (id = 7)::int AS seventh, cost FROM trouble', 'cost', 'linear');

-- Constant where the target is known, or in the training rows: where the only row with the flag is held out.
SELECT fitted('SELECT x, id % 10 = 0 AS tenth, CASE WHEN id % 10 <> 0 THEN cost END AS cost FROM trouble', 'cost', 'linear');
SELECT i, fitted(format('SELECT x, z, (id = %s)::int AS flag, cost FROM trouble', i), 'cost', 'linear', '{"holdout": 0.5}') FROM generate_series(1, 6) AS i;

-- One value, one class, nothing but zeros.
SELECT fitted('SELECT x, 3 AS n FROM trouble', 'n', 'linear');
SELECT fitted('SELECT x, true AS y FROM trouble', 'y', 'logistic');
SELECT fitted('SELECT x, 0 AS n FROM trouble', 'n', 'poisson');

-- A target out of the family's range: counts below zero, costs of zero and below, fractions of counts.
SELECT fitted('SELECT x, n - 3 AS n FROM trouble', 'n', 'poisson');
SELECT fitted('SELECT x, n - 3 AS n FROM trouble', 'n', 'negative_binomial');
SELECT fitted('SELECT x, cost - 0.1 AS cost FROM trouble', 'cost', 'gamma');
SELECT fitted('SELECT x, cost - 5 AS cost FROM trouble', 'cost', 'gamma');
SELECT fitted('SELECT x, n + 0.5 AS n FROM trouble', 'n', 'poisson') ~ '^fitted' AS quasi;
SELECT fitted('SELECT x, n + 0.5 AS n FROM trouble', 'n', 'negative_binomial');

-- Exposures of zero or below.
SELECT fitted('SELECT x, n, z - 1 AS e FROM trouble', 'n', 'poisson', '{"l2": 0, "exposure": "e"}');

-- Huge counts and huge numbers: the same fit in other units.
SELECT fitted('SELECT x, n FROM trouble', 'n', 'poisson');
SELECT fitted('SELECT x, n::float8 * 1e12 AS n FROM trouble', 'n', 'poisson');
SELECT fitted('SELECT x::float8 * 1e9 + 1e12 AS x, n FROM trouble', 'n', 'poisson');

-- No more variance than Poisson's: theta has no maximum.
SELECT fitted('SELECT x, n FROM trouble', 'n', 'negative_binomial');

-- The inverse link leaves the positive numbers where it must.
SELECT fitted('SELECT x, 1 / (1 + x) + 0.01 * z AS cost FROM trouble', 'cost', 'gamma');
SELECT fitted('SELECT x, exp(x) AS cost FROM trouble', 'cost', 'gamma');

-- Too few iterations.
SELECT fitted('SELECT x, z, y FROM trouble', 'y', 'logistic', '{"l2": 0, "max_iterations": 1}');

SELECT fitted('SELECT x, n, region AS class FROM trouble', 'class', 'multinomial', '{"l2": 0, "max_iterations": 1}');

-- By group: one is separated, one collinear.
SELECT fitted($$SELECT x, z, CASE region WHEN 'b' THEN x END AS copy, region, CASE region WHEN 'a' THEN x > 5 ELSE y END AS y FROM trouble$$, 'y', 'logistic', '{"l2": 0, "by": "region"}');

SELECT cia_drop_model('trouble');
DROP FUNCTION fitted;
DROP TABLE trouble;
