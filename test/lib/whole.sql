-- What is half done in the registry, in words; no rows, if nothing is.  Scores some rows of table customer.
SET client_min_messages = error;
SELECT 'model ' || name || ' has no production version' FROM cia_registry r
WHERE NOT EXISTS (SELECT FROM cia_version v WHERE v.model = r.id AND v.version = r.production);
SELECT 'model ' || name || ' has another version in production than its history says' FROM cia_registry r
WHERE production IS DISTINCT FROM (SELECT version FROM cia_promotion p WHERE p.model = r.id ORDER BY number DESC LIMIT 1);
SELECT 'model ' || name || ' has a version above its latest' FROM cia_registry r
WHERE latest < (SELECT max(version) FROM cia_version v WHERE v.model = r.id);
SELECT 'version ' || version || ' has no model' FROM cia_version v WHERE NOT EXISTS (SELECT FROM cia_registry r WHERE r.id = v.model);
SELECT 'views and registry differ' WHERE (SELECT count(*) FROM cia_versions) <> (SELECT count(*) FROM cia_version)
	OR (SELECT count(*) FROM cia_models) <> (SELECT count(*) FROM cia_registry);
SELECT format('%s@%s: fingerprint and content differ', model, version) FROM cia_versions
WHERE fingerprint <> encode(sha256(cia_model_send(content::text::cia_model)), 'hex');
SELECT format('%s@%s: a score is missing or torn', model, version)
FROM cia_versions v JOIN (SELECT * FROM customer ORDER BY id LIMIT 20) x ON true
WHERE cia_score(format('%s@%s', model, version), x) IS NULL OR cia_score(format('%s@%s', model, version), x) <> cia_score(content, x)
	OR production AND cia_score(model, x) <> cia_score(content, x);
-- index, heap and toast agree
SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE indrelid IN ('cia_registry'::regclass, 'cia_version'::regclass) OR indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'cia_version'::regclass) \g /dev/null
SELECT t, blkno, msg FROM unnest('{cia_registry,cia_version}'::regclass[]) t, verify_heapam(t, check_toast => true);
