-- numeric is read exactly as numeric::float8 reads it, on millions of values of many shapes.
SELECT plan(8);
\if :soak
	\set values 5000000
\else
	\set values 300000
\endif

-- A linear model with coefficient 1 and intercept 0 answers what it has read.
CREATE FUNCTION identity() RETURNS cia_model LANGUAGE sql IMMUTABLE AS
$$SELECT '{"format": 1, "algorithm": "linear", "task": "regression", "target": {"name": "y", "mean": 0, "sd": 1}, "rows": 1,
  "features": [{"name": "x", "type": "numeric", "kind": "number", "missing": 0, "mean": 0, "sd": 1, "min": 0, "max": 1}],
  "options": {}, "learned": {"intercept": [0], "coefficients": [1]}, "training": {}}'::cia_model$$;
-- A number of up to 18 digits that looks like chance.
CREATE FUNCTION h(i bigint, seed bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$SELECT (hashint8extended(i, seed) & 9223372036854775807) % 1000000000000000000$$;
-- The first value that is read in another way, or NULL; count_of is how many were looked at.
CREATE FUNCTION first_difference(query text, OUT differing numeric, OUT count_of bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT min(x) FILTER (WHERE float8send(cia_score(identity(), r)) <> float8send(x::float8)), count(*) FROM (%s) r', query) INTO differing, count_of;
END $$;
SELECT set_config('cia_test.values', :'values', false) \g /dev/null
CREATE FUNCTION reads_alike(query text, what text) RETURNS text LANGUAGE sql AS
$$SELECT is(differing, NULL, format('%s: %s values', what, count_of)) FROM first_difference(format(query, current_setting('cia_test.values')))$$;

SELECT reads_alike('SELECT (h(i, 1) %% 100000000000)::numeric * 0.01 * CASE i %% 3 WHEN 0 THEN -1 ELSE 1 END AS x FROM generate_series(1, %s) i', 'money');
SELECT reads_alike('SELECT (h(i, 2) %% (10 ^ (1 + i %% 18))::bigint)::numeric(38, 0) AS x FROM generate_series(1, %s) i', 'integers of 1 to 18 digits');
SELECT reads_alike('SELECT (h(i, 3) %% (10 ^ (1 + i %% 18))::bigint)::numeric * 10::numeric ^ (i / 18 %% 45 - 25) AS x FROM generate_series(1, %s) i', '1 to 18 digits with exponents from -25 to 19');
SELECT reads_alike('SELECT (h(i, 4)::text || lpad(h(i, 5)::text, 18, ''0''))::numeric / 10::numeric ^ (i %% 50) AS x FROM generate_series(1, %s) i', '36 digits');
SELECT reads_alike('SELECT substr(lpad(h(i, 6)::text, 18, ''1'') || lpad(h(i, 7)::text, 18, ''0''), 1, 18 + (i %% 5)::int)::numeric / 10::numeric ^ (i / 5 %% 24) AS x FROM generate_series(1, %s) i', '18 to 22 digits');
SELECT reads_alike('SELECT (2 * (4503599627370496 + h(i, 8) %% 4503599627370496) + 1)::numeric * 2::numeric ^ (i %% 10) + CASE i / 10 %% 3 WHEN 0 THEN 0 WHEN 1 THEN 0.0001 ELSE -1 END AS x FROM generate_series(1, %s) i',
	'halfway between two doubles, and next to it');
SELECT reads_alike('SELECT (2 * (4503599627370496 + h(i, 9) %% 4503599627370496) + 1)::numeric * 5::numeric ^ (i %% 5) / 10::numeric ^ (i %% 5) + CASE i / 5 %% 3 WHEN 0 THEN 0 WHEN 1 THEN 1e-12 ELSE -1e-4 END AS x FROM generate_series(1, %s) i',
	'halfway, with a fraction');
SELECT reads_alike('SELECT (sqrt(h(i, 10)::float8) * 10.0 ^ (i %% 30 - 15))::text::numeric AS x FROM generate_series(1, %s) i', 'doubles in their shortest form');

SELECT * FROM finish();
