/* SPDX-License-Identifier: PostgreSQL */
/*
 * version.c: versions that are trained, in the caller's transaction.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

/* Raises 42501 unless the row that was written lets the caller manage. */
static void
check_rights(const cia_owner_scope *scope, const char *name)
{
	HeapTuple row = SPI_tuptable->vals[0];
	TupleDesc columns = SPI_tuptable->tupdesc;
	bool isnull;
	const cia_rights rights = {
	    .owner = DatumGetObjectId(SPI_getbinval(row, columns, 3, &isnull)),
	    .scorers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 4, &isnull)),
	    .managers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 5, &isnull))};
	Oid through;

	if (!cia_rights_allow(&rights, scope->user, CIA_MANAGE, &through))
		cia_raise_denied(name, rights.owner, CIA_MANAGE);
}

void
cia_version_claim(const cia_owner_scope *scope, const char *name, pg_uuid_t *id,
                  int32 *version)
{
	Oid types[] = {NAMEOID, OIDOID};
	Datum values[2];
	bool isnull;
	NameData fixed;

	namestrcpy(&fixed, name);
	values[0] = NameGetDatum(&fixed);
	values[1] = ObjectIdGetDatum(scope->user);
	/* the update locks the row, so that two trainings of one name take turns */
	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text = "INSERT INTO %1$s.cia_registry AS r (name, owner) VALUES ($1, $2) "
	                "ON CONFLICT (name) DO UPDATE SET latest = r.latest + 1 "
	                "RETURNING id, latest, owner, scorers, managers",
	        .expected = SPI_OK_INSERT_RETURNING,
	        .args = 2,
	        .types = types,
	        .values = values});
	*id = *DatumGetUUIDP(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*version = DatumGetInt32(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	/* somebody else may have taken the name since it was checked */
	check_rights(scope, name);
}

static Datum
metrics_datum(const ml_result *result)
{
	return JsonbPGetDatum(
	    cia_value_to_jsonb(ml_value_member(&result->model->training, "metrics")));
}

static void
insert_version(const cia_owner_scope *scope, const pg_uuid_t *id, int32 version, Oid type,
               const cia_record *record)
{
	const ml_result *result = record->result;
	const ml_metric *main_metric =
	    ml_report_metric(&result->holdout, ml_main_metric(result->model->schema.task));
	Oid types[] = {UUIDOID,   INT4OID,  type,    TEXTOID,      TEXTARRAYOID, TEXTARRAYOID,
	               TEXTOID,   JSONBOID, TEXTOID, TEXTOID,      TEXTOID,      INT4OID,
	               INT8OID,   INT8OID,  TEXTOID, FLOAT8OID,    JSONBOID,     TEXTARRAYOID,
	               FLOAT8OID, OIDOID,   TEXTOID, TEXTARRAYOID, TEXTARRAYOID, JSONBOID,
	               JSONBOID,  JSONBOID};
	Datum values[lengthof(types)];
	char nulls[lengthof(types) + 1];

	memset(nulls, ' ', sizeof nulls);
	values[0] = UUIDPGetDatum(id);
	values[1] = Int32GetDatum(version);
	values[2] = PointerGetDatum(record->content);
	values[3] = CStringGetTextDatum(record->source);
	values[4] = PointerGetDatum(record->inputs);
	values[5] = cia_array_or_null(record->roles->id, &nulls[5]);
	values[6] = cia_text_or_null(record->roles->weight, &nulls[6]);
	values[7] = JsonbPGetDatum(cia_value_to_jsonb(&record->settings->given));
	values[8] = CStringGetTextDatum(result->model->learner->name);
	values[9] = CStringGetTextDatum(cia_task_words(result->model->schema.task));
	values[10] = CStringGetTextDatum(record->roles->target);
	values[11] = Int32GetDatum(result->model->schema.features);
	values[12] = Int64GetDatum(result->rows);
	values[13] = Int64GetDatum(result->skipped);
	values[14] = CStringGetTextDatum(ml_main_metric(result->model->schema.task));
	values[15] = Float8GetDatum(main_metric != NULL ? main_metric->value : 0);
	if (main_metric == NULL || isnan(main_metric->value))
		nulls[15] = 'n';
	values[16] = metrics_datum(result);
	values[17] = PointerGetDatum(record->notes);
	values[18] = Float8GetDatum(record->seconds);
	values[19] = ObjectIdGetDatum(scope->user);
	values[20] = CStringGetTextDatum(record->algorithm);
	values[21] = cia_array_or_null(record->roles->features, &nulls[21]);
	values[22] = cia_array_or_null(record->roles->exclude, &nulls[22]);
	values[23] = JsonbPGetDatum(cia_value_to_jsonb(record->options));
	values[24] = JsonbPGetDatum(record->columns);
	values[25] = JsonbPGetDatum(cia_intervals(&result->holdout));
	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text =
	            "INSERT INTO %1$s.cia_version (model, version, content, source, inputs, id, weight, "
	            "options, algorithm, task, target, features, rows_used, rows_skipped, metric, "
	            "value, metrics, notes, seconds, trained_by, request, parent, fingerprint, "
	            "cia_version, pg_version, columns, intervals) "
	            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
	            "$17, $18, $19, $20, "
	            "jsonb_strip_nulls(jsonb_build_object('target', $11, 'algorithm', $21, "
	            "'features', $22, 'exclude', $23, 'id', $6, 'weight', $7, 'options', $24)), "
	            "(SELECT production FROM %1$s.cia_registry WHERE id = $1), "
	            "encode(sha256(%1$s.cia_model_send($3)), 'hex'), "
	            "(SELECT extversion FROM pg_extension WHERE extname = 'cia'), "
	            "current_setting('server_version'), $25, $26)",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
}

Oid
cia_model_type(Oid schema)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("cia_model"),
	                       ObjectIdGetDatum(schema));
}

/*
 * Writes a version, and puts it into production: a rule of promotion other than
 * "always" is not there yet.
 */
int32
cia_registry_add(Oid schema, const char *name, const cia_record *record, bool *promoted)
{
	Oid model_type = cia_model_type(schema);
	cia_owner_scope scope = cia_owner_begin(schema);
	pg_uuid_t id;
	int32 version;
	Oid types[] = {UUIDOID, INT4OID};
	Datum values[2];

	cia_version_claim(&scope, name, &id, &version);
	insert_version(&scope, &id, version, model_type, record);
	values[0] = UUIDPGetDatum(&id);
	values[1] = Int32GetDatum(version);
	cia_owner_execute(
	    &scope, &(cia_statement){
	                .text = "UPDATE %1$s.cia_registry SET production = $2 WHERE id = $1",
	                .expected = SPI_OK_UPDATE,
	                .args = 2,
	                .types = types,
	                .values = values});
	*promoted = true;
	cia_owner_end(&scope);
	return version;
}
