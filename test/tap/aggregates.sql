-- The aggregates over scores and outcomes: with 0 and with 2 workers, in any order of rows, the same bit for bit.
CREATE TABLE judged AS
SELECT i AS id, u % 10007 / 10007.0::float8 AS p, u * 31 % 10009 < u % 10007 AS y, (u % 1013)::float8 * 10.0::float8 ^ (u % 61 - 30)::float8 AS predicted,
	   (v % 997)::float8 * 10.0::float8 ^ (u % 61 - 30)::float8 AS actual, 1 + v % 89 / 8.9::float8 AS w, 'group ' || v % 5 AS g, CASE WHEN v % 3 > 0 THEN u % 211 / 3.0::float8 END AS later
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * 7919 % 100003 AS v FROM generate_series(1, 40000) i) s;
ALTER TABLE judged SET (parallel_workers = 2);
ANALYZE judged;

-- Every aggregate in every form: its call with the columns of the table.
CREATE TABLE call AS
SELECT format('%s(%s)', p.proname, string_agg(CASE
		WHEN type = 'boolean'::regtype THEN 'y' WHEN type = 'text'::regtype THEN '''gaussian''' WHEN type = 'integer'::regtype THEN '20'
		WHEN name = 'threshold' THEN '0.3' WHEN name = 'weight' THEN 'w' WHEN name IN ('label', 'relevance') THEN 'y::int'
		WHEN name = 'outcome' THEN 'actual' WHEN name = 'expected' THEN 'p' WHEN name = 'actual' AND p.proname = 'cia_psi' THEN 'later'
		WHEN name IN ('predicted', 'actual') THEN name ELSE 'p' END, ', ' ORDER BY place)) AS call
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cia'),
	unnest(proargnames, proargtypes::oid[]) WITH ORDINALITY a(name, type, place)
WHERE p.prokind = 'a' AND p.proname <> 'cia_fit' GROUP BY p.oid, p.proname;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	answer text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		answer := answer || line || E'\n';
	END LOOP;
	RETURN answer;
END $$;
-- The bits that a call answers, for all rows and by group.
CREATE FUNCTION bits_of(call text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT string_agg(g || encode(float8send(m), ''hex''), '','' ORDER BY g) FROM (SELECT g, %1$s AS m FROM %2$s GROUP BY g UNION ALL SELECT '''', %1$s FROM %2$s) s', call, source) INTO answer;
	RETURN answer;
END $$;

SELECT plan(5 + (SELECT count(*)::int FROM call));
SELECT cmp_ok((SELECT count(*) FROM call), '>=', 70::bigint, 'there are aggregates to look at');
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT call, bits_of(call, 'judged') AS bits FROM call;
SELECT is((SELECT count(*) FROM serial WHERE bits IS NULL), 0::bigint, 'every aggregate answers');
SELECT is((SELECT count(*) FROM serial WHERE bits <> bits_of(call, '(SELECT * FROM judged ORDER BY w, id DESC) turned')), 0::bigint, 'in another order the bits are the same');
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT matches(plan_of('SELECT cia_auc(p, y), cia_log_loss(p, y) FROM judged'), 'Finalize Aggregate.*Workers Launched: 2.*Partial Aggregate', 'Partial Aggregate in two workers');
SELECT matches(plan_of('SELECT g, cia_auc(p, y), cia_log_loss(p, y) FROM judged GROUP BY g'), 'Finalize .*Workers Launched: 2.*Partial ', 'also by group');
SELECT is(bits_of(call, 'judged'), bits, call || ': two workers') FROM serial ORDER BY call;
SELECT * FROM finish();
