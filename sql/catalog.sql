-- cia_algorithms, cia_options and the settings: what there is, and every default.
SELECT * FROM cia_algorithms ORDER BY algorithm, task;
SELECT * FROM cia_algorithm_list() ORDER BY algorithm, task;

-- The options that all algorithms share, and those of each.
SELECT option, type, default_value, minimum, maximum FROM cia_options('auto');
SELECT option, type, default_value, minimum, maximum FROM cia_options('linear');
SELECT option, type, default_value, minimum, maximum FROM cia_options('logistic');
SELECT algorithm, option, meaning FROM (SELECT DISTINCT algorithm FROM cia_algorithms) a, cia_options(algorithm) ORDER BY algorithm, option, meaning;
SELECT * FROM cia_options('forest');
\echo :SQLSTATE
SELECT count(*) FROM cia_options(NULL);

-- A model trained without options carries just these defaults.
CREATE TABLE points AS SELECT i % 17 AS x, i * 7 % 5 AS y, i * i % 11 > 5 AS label FROM generate_series(1, 100) i;
SELECT algorithm, o.option, coalesce(v.options->>o.option, 'not given') AS in_force,
	   (v.options->>o.option)::numeric IS NOT DISTINCT FROM o.default_value::numeric AS is_default
FROM (SELECT cia_fit(p, y, 'linear', '{}')::jsonb AS m FROM points p
	  UNION ALL SELECT cia_fit(p, label, 'logistic', '{}')::jsonb FROM points p) f,
	 LATERAL (SELECT m->>'algorithm' AS algorithm, m->'options' AS options) v, cia_options(algorithm) o
ORDER BY algorithm, option;

-- Both ends of every range are taken, and what lies just outside is not.
CREATE FUNCTION takes(algorithm text, options text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT cia_fit(p, %s, %L, %L) FROM points p', CASE algorithm WHEN 'linear' THEN 'y' ELSE 'label' END,
		algorithm, options);
	RETURN 'taken';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN SQLERRM;
END $$;
SET client_min_messages = error;
SELECT algorithm, option, takes(algorithm, format('{"%s": %s}', option, minimum)) AS least,
	   takes(algorithm, format('{"%s": %s}', option, maximum)) AS most,
	   takes(algorithm, format('{"%s": %s}', option, minimum - 1)) AS less,
	   takes(algorithm, format('{"%s": %s}', option, maximum * 2)) AS more
FROM (SELECT DISTINCT algorithm FROM cia_algorithms) a, cia_options(algorithm) WHERE minimum IS NOT NULL ORDER BY algorithm, option;
RESET client_min_messages;

-- Settings.
SELECT name, setting, unit, context, vartype, min_val, max_val, enumvals, short_desc
FROM pg_settings WHERE name LIKE 'cia.%' ORDER BY name;
SET cia.progress = loud;
SET cia.threads = -1;
\set VERBOSITY sqlstate
SET cia.max_memory = 0;
\set VERBOSITY default
SET cia.unknown = 1;

DROP FUNCTION takes;
DROP TABLE points;
