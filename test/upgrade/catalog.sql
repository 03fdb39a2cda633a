-- All that the catalog says of extension cia, in words without numbers that differ between databases.
SET client_min_messages = error;
SET search_path = pg_catalog;
CREATE TEMP VIEW member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'cia'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';
CREATE TEMP VIEW relation AS
SELECT c.*, object FROM member JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass;

SELECT 'extension', extversion, extrelocatable, extnamespace::regnamespace,
	ARRAY(SELECT unnest(extconfig)::regclass::text || ' ' || unnest(extcondition) ORDER BY 1)
FROM pg_extension WHERE extname = 'cia';
SELECT 'member', object FROM member ORDER BY object COLLATE "C";
SELECT 'comment', object, objsubid, description FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
ORDER BY object COLLATE "C", objsubid;
SELECT 'depends', m.object, d.deptype, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
FROM member m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid AND d.refclassid <> 'pg_extension'::regclass
WHERE d.refobjid NOT IN (SELECT reltype FROM pg_class WHERE relnamespace = 'pg_toast'::regnamespace)
ORDER BY m.object COLLATE "C", 3, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) COLLATE "C";
SELECT 'right', object, i.objsubid, i.privtype, i.initprivs FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
ORDER BY object COLLATE "C", 3;

SELECT 'function', object, p.prolang, p.procost, p.prorows, p.prosupport, p.prokind, p.prosecdef, p.proleakproof, p.proisstrict, p.provolatile,
	p.proparallel, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid), p.prosrc, p.probin, p.proconfig, p.proacl, p.proowner::regrole,
	CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END
FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass ORDER BY object COLLATE "C";
SELECT 'aggregate', object, aggtranstype::regtype, aggmtranstype::regtype, to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype}'::text[]
FROM member JOIN pg_aggregate a ON a.aggfnoid = objid AND classid = 'pg_proc'::regclass ORDER BY object COLLATE "C";
SELECT 'type', object, to_jsonb(t) - '{oid,typrelid,typelem,typarray,typowner,typnamespace,typbasetype}'::text[]
FROM member JOIN pg_type t ON t.oid = objid AND classid = 'pg_type'::regclass ORDER BY object COLLATE "C";
SELECT 'cast', object, castcontext, castmethod, castfunc::regproc
FROM member JOIN pg_cast c ON c.oid = objid AND classid = 'pg_cast'::regclass ORDER BY object COLLATE "C";

SELECT 'relation', object, relkind, relpersistence, reloptions, relacl, relowner::regrole, relrowsecurity, relforcerowsecurity, relhasrules, relhastriggers,
	relchecks, relnatts, relreplident FROM relation ORDER BY object COLLATE "C";
SELECT 'column', object, attnum, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, pg_get_expr(adbin, adrelid), attstorage, attcompression,
	attidentity, attgenerated, attisdropped, attacl, attstattarget
FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
ORDER BY object COLLATE "C", attnum;
SELECT 'constraint', object, conname, contype, convalidated, pg_get_constraintdef(c.oid)
FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid ORDER BY object COLLATE "C", conname;
SELECT 'index', object, pg_get_indexdef(indexrelid), indisvalid, indisready, indisunique, indisprimary
FROM relation r JOIN pg_index i ON i.indrelid = r.oid ORDER BY object COLLATE "C", 3;
SELECT 'view', object, pg_get_viewdef(oid) FROM relation WHERE relkind = 'v' ORDER BY object COLLATE "C";
SELECT 'trigger', object, pg_get_triggerdef(t.oid) FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT tgisinternal
ORDER BY object COLLATE "C", 3;
SELECT 'policy', object, polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
FROM relation r JOIN pg_policy p ON p.polrelid = r.oid ORDER BY object COLLATE "C", polname;
