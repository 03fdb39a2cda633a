-- SPDX-License-Identifier: PostgreSQL
--
-- Writes docs/reference.md from the catalog:  psql -X -q -At -f docs/reference.sql > docs/reference.md
-- in a database with the extension.  test/docs holds the page against it.

SET search_path = pg_catalog;
SET cia.progress = off;

SELECT $$# Reference

Made from the catalog by `docs/reference.sql`; what stands here is what `\df+` and `\d+` show.
$$;

SELECT schema AS schema FROM (
	SELECT quote_ident(nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
	WHERE extname = 'cia') s \gset

SELECT '## Functions' || E'\n';

WITH member AS (
	SELECT d.objid AS oid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
	  AND d.deptype = 'e' AND e.extname = 'cia')
SELECT '### ' || p.proname || E'\n\n' ||
	string_agg('    ' || replace(replace(p.proname || '(' || pg_get_function_arguments(p.oid) || ')',
			'public.', ''), ' DEFAULT ', ' = ') || E'\n    → ' ||
		replace(pg_get_function_result(p.oid), 'public.', '') || E'\n\n' ||
		obj_description(p.oid, 'pg_proc'), E'\n\n' ORDER BY pg_get_function_identity_arguments(p.oid) DESC) || E'\n'
FROM member JOIN pg_proc p USING (oid)
WHERE p.proname !~ '^cia_(model_(in|out|recv|send)|fit_|tally_|ranking_|algorithm_list)'
GROUP BY p.proname
ORDER BY p.proname;

SELECT '## Type cia_model' || E'\n\n' || obj_description(to_regtype(:'schema' || '.cia_model'), 'pg_type') || E'\n';

SELECT '## Views' || E'\n';

SELECT '### ' || c.relname || E'\n\n' || obj_description(c.oid, 'pg_class') || E'\n\n' ||
	E'| column | type |\n|---|---|\n' ||
	string_agg('| ' || a.attname || ' | ' || replace(format_type(a.atttypid, a.atttypmod), 'public.', '') || ' |',
		E'\n' ORDER BY a.attnum) || E'\n'
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'cia'
JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'v'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
GROUP BY c.oid, c.relname
ORDER BY c.relname;

SELECT '## Algorithms and options' || E'\n';

SELECT format('SELECT ''### %1$s'' || E''\n\n'' || %2$L || '' (%3$s).'' || E''\n\n'' ||
	E''| option | type | default | from | to | meaning |\n|---|---|---|---|---|---|\n'' ||
	string_agg(format(''| %%s | %%s | %%s | %%s | %%s | %%s |'', option, type, default_value, minimum, maximum,
		replace(meaning, ''|'', ''/'')), E''\n'') || E''\n'' FROM %4$s.cia_options(''%1$s'')',
	algorithm, summary, task, :'schema')
FROM (SELECT * FROM :schema.cia_algorithm_list()) a
ORDER BY algorithm \gexec

SELECT '## Settings' || E'\n';

SELECT E'| setting | default | meaning |\n|---|---|---|\n' ||
	string_agg(format('| %s | %s | %s |', name, coalesce(boot_val || coalesce(' ' || unit, ''), ''),
		concat_ws(' ', short_desc, extra_desc)), E'\n' ORDER BY name)
FROM pg_settings WHERE name LIKE 'cia.%';
