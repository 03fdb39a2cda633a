-- SPDX-License-Identifier: PostgreSQL
-- Run by test/reference/run: NIST's polynomials and two of our own, against exact arithmetic (polynomials.py).
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SELECT no_plan();

-- Products of numeric are exact, so that each power is rounded to float8 once; ^ keeps 16 digits.
SELECT count(*) FROM (SELECT DISTINCT problem FROM polynomial) AS p
CROSS JOIN LATERAL cia_train(problem, format('SELECT y, x %s FROM polynomial WHERE problem = %L',
	(SELECT string_agg(format(', %s AS x%s', array_to_string(array_fill('x'::text, ARRAY[k]), '*'), k), '') FROM generate_series(2, CASE WHEN problem LIKE 'wampler%' THEN 5 ELSE 10 END) AS k),
	problem), 'y', 'linear', options => '{"holdout": 0}') AS t \g /dev/null
CREATE VIEW polynomial_part AS
SELECT model AS problem, content::jsonb -> 'learned' AS learned FROM cia_versions
WHERE production AND model IN (SELECT problem FROM polynomial);
SELECT is(count(*)::int, 8, 'every polynomial is fitted') FROM polynomial_part;

-- Correct digits: the log relative error of NIST, at most 15; of a zero the absolute error's.
CREATE FUNCTION correct(got float8, wanted float8) RETURNS numeric LANGUAGE sql AS $$
	SELECT CASE WHEN got = wanted THEN 15
		ELSE round(least(15, -log((abs(got - wanted) / CASE WHEN wanted = 0 THEN 1 ELSE abs(wanted) END)::numeric)), 1) END
$$;
CREATE VIEW polynomial_digits AS
SELECT problem, min(correct(k.coefficient, e.coefficient)) AS coefficient, min(correct(k.error, e.error)) AS error,
	min(correct(k.coefficient, e.rounded_coefficient)) AS rounded
FROM polynomial_exact e JOIN polynomial_part USING (problem)
CROSS JOIN LATERAL (SELECT (CASE power WHEN 0 THEN learned #>> '{intercept,0}'
		ELSE learned #>> ARRAY['coefficients', (power - 1)::text] END)::float8 AS coefficient,
	(learned #>> ARRAY['standard_errors', power::text])::float8 AS error) AS k
GROUP BY problem;

-- The factor loses as many digits as the condition number has, and errors with it.
-- What rounding the powers alone costs leaves filip 7.6 digits and eighths 8.0; of hundredths it leaves 5.7.
SELECT cmp_ok(coefficient, '>=', w.coefficients, format('%s: digits of all coefficients', problem)) || E'\n'
	|| cmp_ok(error, '>=', w.errors, format('%s: digits of all standard errors', problem))
FROM (VALUES ('filip', 7.5, 7.0), ('eighths', 7.5, 7.0),
		-- exact fits: errors are zeros
		('wampler1', 11.0, 9.0), ('wampler2', 11.0, 14.0),
		('wampler3', 10.0, 11.0), ('wampler4', 9.0, 11.0), ('wampler5', 8.0, 11.0)) AS w (problem, coefficients, errors)
JOIN polynomial_digits USING (problem) ORDER BY problem;
SELECT cmp_ok(rounded, '>=', 10.0, format('%s: digits of the exact solution for rounded powers', problem))
FROM polynomial_digits WHERE problem IN ('filip', 'eighths', 'hundredths') ORDER BY problem;

SELECT * FROM finish();
