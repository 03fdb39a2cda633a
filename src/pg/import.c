/* SPDX-License-Identifier: PostgreSQL */
/*
 * import.c: cia_import: a version from a document that cia_export has written.
 *
 * Nothing is believed that can be checked: what the model itself tells of its training is taken
 * from the model.  Who trained it was a role of another database, so the version belongs to who
 * imports it, and its origin tells the rest.
 */
#include "moved.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_import);

static const char insert_version[] =
    "INSERT INTO %1$s.cia_version (model, version, content, source, inputs, id, weight, "
    "options, algorithm, task, target, features, rows_used, rows_skipped, metric, value, "
    "metrics, notes, seconds, trained_by, trained_at, request, fingerprint, cia_version, "
    "pg_version, columns, intervals, named, origin) "
    "SELECT $1, $2, $3, l->>'source', "
    "ARRAY(SELECT c->>'name' FROM jsonb_array_elements(l->'columns') "
    "WITH ORDINALITY e(c, n) WHERE c->>'role' IN ('feature', 'offset', 'exposure', 'by') "
    "ORDER BY n), "
    "CASE jsonb_typeof(l->'request'->'id') WHEN 'array' "
    "THEN ARRAY(SELECT jsonb_array_elements_text(l->'request'->'id')) END, "
    "l->'request'->>'weight', l->'options', $5, $6, $7, $8, (l->'rows_used')::bigint, "
    "(l->'rows_skipped')::bigint, $9, $10, l->'metrics', "
    "ARRAY(SELECT jsonb_array_elements_text(l->'notes')), (l->'seconds')::float8, $11, "
    "(l->>'trained_at')::timestamptz, l->'request', $4->>'fingerprint', "
    "l->>'cia_version', l->>'pg_version', l->'columns', l->'intervals', "
    "nullif(l->'named', 'null'), "
    "jsonb_build_object('kind', 'import') || ($4->'exported_from') || "
    "jsonb_strip_nulls(jsonb_build_object('trained_by', l->'trained_by', "
    "'parent', l->'parent', 'by', $11::regrole::text, 'at', now(), "
    "'origin', l->'origin')) "
    "FROM (SELECT $4->'lineage') d(l)";

/* A tag that is on another version stays there. */
static const char insert_tags[] =
    "INSERT INTO %1$s.cia_tag (model, tag, version, tagged_by) "
    "SELECT $1, t, $2, $11 FROM jsonb_array_elements_text($4->'tags') t "
    "ON CONFLICT DO NOTHING";

static const char insert_remark[] =
    "INSERT INTO %1$s.cia_remark (model, version, remark, written_by) "
    "SELECT $1, $2, c, $11 FROM (SELECT $4->>'comment') d(c) WHERE c <> ''";

/* All three statements are given the same. */
static void
put_version(const cia_owner_scope *scope, const pg_uuid_t *id, int32 version,
            Jsonb *jsonb, const cia_import_document *document)
{
	static const char *const text[] = {insert_version, insert_tags, insert_remark};
	const ml_schema *schema = &document->model->schema;
	const char *metric = ml_model_metric(document->model);
	const ml_value *value =
	    ml_value_member(ml_value_member(&document->model->training, "metrics"), metric);
	bool known = value != NULL && value->kind == ML_VALUE_NUMBER;
	char nulls[] = "           ";
	Oid types[] = {UUIDOID,   INT4OID, cia_model_type(scope->schema),
	               JSONBOID,  TEXTOID, TEXTOID,
	               TEXTOID,   INT4OID, TEXTOID,
	               FLOAT8OID, OIDOID};
	Datum values[] = {UUIDPGetDatum(id),
	                  Int32GetDatum(version),
	                  PointerGetDatum(document->content),
	                  JsonbPGetDatum(jsonb),
	                  CStringGetTextDatum(document->model->learner->name),
	                  CStringGetTextDatum(cia_task_words(schema->task)),
	                  schema->target.length > 0
	                      ? CStringGetTextDatum(cia_text_cstring(schema->target))
	                      : (Datum) 0,
	                  Int32GetDatum(schema->features),
	                  CStringGetTextDatum(metric),
	                  Float8GetDatum(known ? value->number : 0),
	                  ObjectIdGetDatum(scope->user)};

	nulls[6] = schema->target.length > 0 ? ' ' : 'n';
	nulls[9] = known ? ' ' : 'n';
	for (size_t i = 0; i < lengthof(text); i++)
		cia_owner_execute(scope, &(cia_statement){.text = text[i],
		                                          .expected = SPI_OK_INSERT,
		                                          .args = lengthof(types),
		                                          .types = types,
		                                          .values = values,
		                                          .nulls = nulls});
}

Datum
cia_import(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	Jsonb *jsonb;
	cia_import_document document;
	const ml_value *from;
	cia_owner_scope scope;
	pg_uuid_t id;
	int32 version;

	cia_refuse_null(fcinfo, 1);
	jsonb = PG_GETARG_JSONB_P(1);
	PreventCommandIfReadOnly("cia_import()");
	cia_registry_check_name(schema, name);
	cia_import_read(jsonb, &document);
	scope = cia_owner_begin(schema);
	cia_version_claim(&scope, name, &id, &version);
	put_version(&scope, &id, version, jsonb, &document);
	from = ml_value_member(&document.all, "exported_from");
	cia_version_arrived(
	    &scope, &id, version,
	    &(cia_promotion){
	        .kind = "import",
	        .reason = psprintf("first version, an import of %s@%.0f",
	                           cia_text_cstring(ml_value_member(from, "model")->text),
	                           ml_value_member(from, "version")->number)});
	PG_RETURN_INT32(version);
}
