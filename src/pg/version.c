/* SPDX-License-Identifier: PostgreSQL */
/*
 * version.c: writing into the registry: versions of models come and go.
 *
 * Fixed, fully qualified statements run as the owner of the tables, with search_path
 * pinned, in the caller's transaction.
 */
#include "cia.h"

#include <math.h>

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

CIA_FUNCTION(cia_drop_model);

/* Writing as the owner of the tables; everything is undone by leave_owner or an abort. */
typedef struct owner_scope
{
	Oid user;
	int context;
	int guc_level;
} owner_scope;

static owner_scope
become_owner(Oid schema)
{
	owner_scope scope;
	Relation table = table_open(cia_registry_relation(schema), AccessShareLock);
	Oid owner = table->rd_rel->relowner;

	table_close(table, AccessShareLock);
	GetUserIdAndSecContext(&scope.user, &scope.context);
	scope.guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(owner, scope.context | SECURITY_LOCAL_USERID_CHANGE |
	                                  SECURITY_RESTRICTED_OPERATION);
	set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
	                  GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	return scope;
}

/*
 * Every plan that depends on the registry, and every model kept decoded, is looked at
 * anew: here at once, elsewhere when the transaction commits.
 */
static void
leave_owner(const owner_scope *scope, Oid schema)
{
	SPI_finish();
	CacheInvalidateRelcacheByRelid(cia_registry_relation(schema));
	AtEOXact_GUC(true, scope->guc_level);
	SetUserIdAndSecContext(scope->user, scope->context);
}

/* A statement of ours; %s in its text is the extension's schema. */
typedef struct statement
{
	const char *text;
	int expected; /* what SPI answers when it went well */
	int args;
	Oid *types;
	Datum *values;
	const char *nulls;
} statement;

/* Answers the number of rows. */
static uint64
execute(Oid schema, const statement *run)
{
	const char *qualifier = quote_identifier(get_namespace_name(schema));
	char *query = psprintf(run->text, qualifier);

	if (SPI_execute_with_args(query, run->args, run->types, run->values, run->nulls,
	                          false, 0) != run->expected)
		elog(ERROR, "could not execute \"%s\"", query);
	return SPI_processed;
}

static Datum
text_or_null(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
array_or_null(ArrayType *array, char *null)
{
	*null = array == NULL ? 'n' : ' ';
	return PointerGetDatum(array);
}

/* The model's row, new or locked, and the number that the next version gets. */
static void
claim_version(Oid schema, const char *name, Oid user, pg_uuid_t *id, int32 *version)
{
	Oid types[] = {NAMEOID, OIDOID};
	Datum values[2];
	bool isnull;
	NameData fixed;

	namestrcpy(&fixed, name);
	values[0] = NameGetDatum(&fixed);
	values[1] = ObjectIdGetDatum(user);
	/* the update locks the row, so that two trainings of one name take turns */
	execute(schema,
	        &(statement){
	            .text = "INSERT INTO %s.cia_registry AS r (name, owner) VALUES ($1, $2) "
	                    "ON CONFLICT (name) DO UPDATE SET latest = r.latest + 1 "
	                    "RETURNING id, latest, owner",
	            .expected = SPI_OK_INSERT_RETURNING,
	            .args = 2,
	            .types = types,
	            .values = values});
	*id = *DatumGetUUIDP(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*version = DatumGetInt32(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	/* somebody else may have taken the name since it was checked */
	if (!has_privs_of_role(
	        user, DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0],
	                                             SPI_tuptable->tupdesc, 3, &isnull))))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("permission denied for model \"%s\"", name)));
}

static Datum
metrics_datum(const ml_result *result)
{
	return JsonbPGetDatum(
	    cia_value_to_jsonb(ml_value_member(&result->model->training, "metrics")));
}

static void
insert_version(Oid schema, const pg_uuid_t *id, int32 version, Oid type, Oid user,
               const cia_record *record)
{
	const ml_result *result = record->result;
	const ml_metric *main_metric =
	    ml_report_metric(&result->holdout, ml_main_metric(result->model->schema.task));
	Oid types[] = {UUIDOID,      INT4OID,  type,         TEXTOID,   TEXTARRAYOID,
	               TEXTARRAYOID, TEXTOID,  JSONBOID,     TEXTOID,   TEXTOID,
	               TEXTOID,      INT4OID,  INT8OID,      INT8OID,   TEXTOID,
	               FLOAT8OID,    JSONBOID, TEXTARRAYOID, FLOAT8OID, OIDOID};
	Datum values[lengthof(types)];
	char nulls[lengthof(types) + 1];

	memset(nulls, ' ', sizeof nulls);
	values[0] = UUIDPGetDatum(id);
	values[1] = Int32GetDatum(version);
	values[2] = PointerGetDatum(record->content);
	values[3] = CStringGetTextDatum(record->source);
	values[4] = PointerGetDatum(record->inputs);
	values[5] = array_or_null(record->roles->id, &nulls[5]);
	values[6] = text_or_null(record->roles->weight, &nulls[6]);
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
	values[19] = ObjectIdGetDatum(user);
	execute(
	    schema,
	    &(statement){
	        .text =
	            "INSERT INTO %s.cia_version (model, version, content, source, inputs, id, weight, "
	            "options, algorithm, task, target, features, rows_used, rows_skipped, metric, "
	            "value, metrics, notes, seconds, trained_by) VALUES ($1, $2, $3, $4, $5, $6, $7, "
	            "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
}

/*
 * Writes a version, and puts it into production: a rule of promotion other than
 * "always" is not there yet.
 */
int32
cia_registry_add(Oid schema, const char *name, const cia_record *record, bool *promoted)
{
	Oid user = GetUserId();
	Oid model_type =
	    GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("cia_model"),
	                    ObjectIdGetDatum(schema));
	owner_scope scope = become_owner(schema);
	pg_uuid_t id;
	int32 version;
	Oid types[] = {UUIDOID, INT4OID};
	Datum values[2];

	claim_version(schema, name, user, &id, &version);
	insert_version(schema, &id, version, model_type, user, record);
	values[0] = UUIDPGetDatum(&id);
	values[1] = Int32GetDatum(version);
	execute(
	    schema,
	    &(statement){.text = "UPDATE %s.cia_registry SET production = $2 WHERE id = $1",
	                 .expected = SPI_OK_UPDATE,
	                 .args = 2,
	                 .types = types,
	                 .values = values});
	*promoted = true;
	leave_owner(&scope, schema);
	return version;
}

/* Drops a model with all its versions; false if there is none of that name. */
Datum
cia_drop_model(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid types[] = {UUIDOID};
	cia_entry entry;
	Datum values[1];
	owner_scope scope;

	PreventCommandIfReadOnly("cia_drop_model()");
	if (strchr(name, '@') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("cannot drop a single version of model \"%s\"", name),
		                errhint("Give the name without \"@\" to drop the model.")));
	entry = cia_registry_find(schema, name);
	values[0] = UUIDPGetDatum(&entry.id);
	scope = become_owner(schema);
	if (execute(schema, &(statement){.text = "DELETE FROM %s.cia_registry WHERE id = $1",
	                                 .expected = SPI_OK_DELETE,
	                                 .args = 1,
	                                 .types = types,
	                                 .values = values}) == 0)
		/* somebody else has dropped it while we waited */
		cia_registry_check(CIA_ABSENT, name, NULL);
	leave_owner(&scope, schema);
	PG_RETURN_BOOL(true);
}
