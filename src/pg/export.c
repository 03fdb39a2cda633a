/* SPDX-License-Identifier: PostgreSQL */
/*
 * export.c: cia_export: a version as a document.
 *
 *	{"cia_export": 1, "exported_from": {"database": ..., "model": ..., "version": n},
 *	 "fingerprint": ..., "content": the model, as the text of a cia_model has it,
 *	 "lineage": {"source": ..., "request": {...}, "columns": [...], ...},
 *	 "tags": [...], "comment": ...}
 *
 * Nothing in it tells when or by whom it was exported: a version has one document, whoever asks,
 * so that git sees a change where there is one.  import.c reads it.
 */
#include "moved.h"

#include "utils/builtins.h"

CIA_FUNCTION(cia_export);

static const char document[] =
    "jsonb_build_object('cia_export', " CIA_EXPORT_FORMAT ", "
    "'exported_from', jsonb_build_object('database', current_database(), "
    "'model', model, 'version', version), "
    "'fingerprint', fingerprint, 'content', content::jsonb, "
    "'lineage', jsonb_build_object('source', source, 'request', request, "
    "'columns', columns, 'options', options, 'rows_used', rows_used, "
    "'rows_skipped', rows_skipped, 'metrics', metrics, 'intervals', intervals, "
    "'notes', to_jsonb(notes), 'seconds', seconds, 'trained_by', trained_by::text, "
    "'trained_at', to_char(trained_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'parent', parent, "
    "'cia_version', cia_version, 'pg_version', pg_version, 'origin', origin, 'named', named), "
    "'tags', to_jsonb(tags), 'comment', comment)";

Datum
cia_export(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	cia_entry entry = cia_registry_manage(schema, text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_JSONB_P(cia_version_json(schema, &entry, document));
}
