-- storm(): one call about one of four models, whatever comes of it; what is not among the errors that such calls may meet stays in trouble.
SET client_min_messages = error;
CREATE TABLE trouble (statement text, sqlstate text, message text, detail text);
CREATE TABLE document AS SELECT cia_export('kind0@1') AS export;
SELECT train_kind('m' || i, i - 1) FROM generate_series(1, 4) i \g /dev/null
SELECT version FROM generate_series(1, 4) i, cia_train('m' || i, 'SELECT a, b FROM customer', algorithm => 'kmeans', options => '{"k": 2, "promote": "never"}') \g /dev/null
CREATE FUNCTION storm(kind int, model text, other text, version int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	call CONSTANT text[] := ARRAY['train_kind(%1$L, 1)', 'cia_retrain(%1$L)', 'cia_verify(%1$L)', 'train_kind(%1$L, 1 / 0)',
		'cia_train(%1$L, ''SELECT 1 / 0 AS x, y FROM customer'', ''y'')', 'cia_import(%1$L, (SELECT export FROM document))',
		'cia_promote(%1$L, %3$s)', 'cia_rollback(%1$L)', 'cia_drop_model(%1$L)', 'cia_drop_model(%4$L)', 'cia_drop_model(%1$L, 2)',
		'cia_rename_model(%1$L, %2$L)', 'cia_copy_model(%1$L, %2$L)', 'cia_tag(%1$L, ''best'')', 'cia_untag(%1$L, ''best'')', 'cia_comment(%1$L, %2$L)',
		'cia_grant(%1$L, ''public'', ''score'')', 'cia_revoke(%1$L, ''public'', ''score'')', 'cia_owner(%1$L, current_user)',
		'cia_name_segment(%4$L, (SELECT min(segment) FROM cia_segment_sizes(%4$L)), %2$L || random())',
		'cia_score(%1$L, x) FROM customer x LIMIT 10', 'cia_score_into(%1$L, ''SELECT * FROM customer ORDER BY random() LIMIT 100'', %2$L || ''_scores'', ''{id}'')',
		'count(*) FROM cia_versions', 'count(*) FROM cia_promotions'];
	message text;
	detail text;
BEGIN
	EXECUTE 'SELECT ' || format(call[kind], model, other, version, model || '@' || version);
EXCEPTION
	-- no such model, version or tag; the name is taken; not in production, or no other one was; a score has no segments; as wanted
	WHEN undefined_object OR duplicate_object OR object_not_in_prerequisite_state OR wrong_object_type OR division_by_zero THEN
		NULL;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
		INSERT INTO trouble VALUES (call[kind], SQLSTATE, message, detail);
END $$;
