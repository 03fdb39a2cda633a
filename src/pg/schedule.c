/* SPDX-License-Identifier: PostgreSQL */
/*
 * schedule.c: retraining by the clock, through pg_cron.
 *
 * pg_cron belongs to whoever runs the server; we only hand it a job, under a name that tells the
 * model.  The job is the caller's and runs with his rights.  Looking jobs up and taking them out is
 * done as the tables' owner, since another manager, or the end of the model, may do so as well.
 */
#include "schedule.h"

#include "access/genam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

CIA_FUNCTION(cia_schedule);
CIA_FUNCTION(cia_unschedule);
CIA_FUNCTION(cia_unscheduled);
CIA_FUNCTION(cia_scheduled_job);

char *
cia_cron_name(const pg_uuid_t *model)
{
	return psprintf("cia_retrain %s",
	                DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(model))));
}

/* A schema that is no part of the extension could hold anybody's functions. */
bool
cia_cron_is_here(void)
{
	Oid extension = get_extension_oid("pg_cron", true);
	Oid schema = get_namespace_oid("cron", true);

	return OidIsValid(extension) && OidIsValid(schema) &&
	       getExtensionOfObject(NamespaceRelationId, schema) == extension;
}

/*
 * The job's number, or 0; what is known of it stays in SPI_tuptable.  Anybody may give a job that
 * name: the schedule's own is that of its role, under the name that the role has now, since pg_cron
 * finds it by name.
 */
static int64
find_job(const cia_owner_scope *scope, const pg_uuid_t *model, bool anybodys)
{
	Oid types[] = {TEXTOID, UUIDOID, BOOLOID};
	Datum values[] = {CStringGetTextDatum(cia_cron_name(model)), UUIDPGetDatum(model),
	                  BoolGetDatum(anybodys)};
	bool isnull;

	if (cia_owner_execute(scope,
	                      &(cia_statement){.text = "SELECT jobid, schedule, active "
	                                               "FROM cron.job "
	                                               "WHERE jobname = $1 "
	                                               "AND ($3 OR username = (SELECT "
	                                               "pg_get_userbyid(role) FROM "
	                                               "%1$s.cia_schedule "
	                                               "WHERE model = $2)) "
	                                               "ORDER BY jobid DESC",
	                                       .expected = SPI_OK_SELECT,
	                                       .args = lengthof(types),
	                                       .types = types,
	                                       .values = values}) == 0)
		return 0;
	return DatumGetInt64(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* May the tables' owner, who is the current user, deal with everybody's jobs? */
static bool
may_look_at_jobs(void)
{
	return cia_cron_is_here() && superuser();
}

void
cia_cron_unschedule(const cia_owner_scope *scope, const pg_uuid_t *model)
{
	Oid types[] = {INT8OID};
	Datum values[1];
	int64 job;

	if (!may_look_at_jobs())
		return;
	while ((job = find_job(scope, model, true)) != 0)
	{
		values[0] = Int64GetDatum(job);
		cia_owner_execute(scope, &(cia_statement){.text = "SELECT cron.unschedule($1)",
		                                          .expected = SPI_OK_SELECT,
		                                          .args = 1,
		                                          .types = types,
		                                          .values = values});
	}
}

/* The statement that somebody without cia_schedule would have run by the clock. */
static char *
retrain_statement(Oid schema, const char *model)
{
	return psprintf("SELECT * FROM %s.cia_retrain(%s)",
	                quote_identifier(get_namespace_name(schema)),
	                quote_literal_cstr(model));
}

pg_noreturn static void
raise_no_cron(Oid schema, const char *model, const char *schedule)
{
	const char *database = GetConfigOption("cron.database_name", true, false);
	const char *here = get_database_name(MyDatabaseId);

	if (database == NULL)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("pg_cron is not loaded"),
		     errhint("Install it (Debian: postgresql-%d-cron), put pg_cron into "
		             "shared_preload_libraries and this database into "
		             "cron.database_name, restart the server and run CREATE EXTENSION "
		             "pg_cron. Or have any other scheduler run: %s",
		             PG_VERSION_NUM / 10000, retrain_statement(schema, model))));
	if (strcmp(database, here) != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("pg_cron keeps its jobs in database \"%s\"", database),
		         errhint("In that database run: SELECT cron.schedule_in_database(%s, %s, "
		                 "%s, %s, %s)",
		                 quote_literal_cstr(psprintf("cia_retrain %s", model)),
		                 quote_literal_cstr(schedule),
		                 quote_literal_cstr(retrain_statement(schema, model)),
		                 quote_literal_cstr(here),
		                 quote_literal_cstr(GetUserNameFromId(GetUserId(), false)))));
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
	                errmsg("pg_cron is not an extension of this database"),
	                errhint("Have a superuser run CREATE EXTENSION pg_cron.")));
}

static void
check_cron(Oid schema, const char *model, const char *cron)
{
	if (!cia_cron_is_here())
		raise_no_cron(schema, model, cron);
	if (!cia_may_use_schema(get_namespace_oid("cron", false)))
		ereport(ERROR,
		        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		         errmsg("permission denied for schema cron"),
		         errhint("Have a superuser run: GRANT USAGE ON SCHEMA cron TO %s",
		                 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* Writes what is to be, if the model is still there and the caller's; jobs of others for it go. */
static void
write_schedule(Oid schema, const cia_entry *entry, const char *schedule, Jsonb *options)
{
	cia_owner_scope scope = cia_owner_begin(schema);
	Oid types[] = {UUIDOID, TEXTOID, JSONBOID, OIDOID};
	Datum values[] = {UUIDPGetDatum(&entry->id), CStringGetTextDatum(schedule),
	                  JsonbPGetDatum(options), ObjectIdGetDatum(scope.user)};

	cia_rights_hold(&scope, entry);
	cia_owner_execute(
	    &scope,
	    &(cia_statement){
	        .text = "INSERT INTO %1$s.cia_schedule (model, schedule, options, role) "
	                "VALUES ($1, $2, $3, $4) ON CONFLICT (model) DO UPDATE SET "
	                "schedule = $2, options = $3, role = $4, created_at = "
	                "pg_catalog.now()",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values});
	cia_cron_unschedule(&scope, &entry->id);
	cia_owner_leave(&scope);
}

/* Hands the job to pg_cron, as the caller. */
static int64
hand_to_cron(Oid schema, const pg_uuid_t *model, const char *schedule)
{
	Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
	char *command = psprintf(
	    "CALL %s.cia_run_schedule('%s')", quote_identifier(get_namespace_name(schema)),
	    DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(model))));
	Datum values[] = {CStringGetTextDatum(cia_cron_name(model)),
	                  CStringGetTextDatum(schedule), CStringGetTextDatum(command)};
	bool isnull;
	int64 job;

	SPI_connect();
	if (SPI_execute_with_args("SELECT cron.schedule($1, $2, $3)", lengthof(types), types,
	                          values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not schedule a job");
	job = DatumGetInt64(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return job;
}

/* pg_cron puts @yearly into a month that never comes. */
static const char *
as_pg_cron_reads(const char *schedule)
{
	const char *word = schedule + strspn(schedule, " \t");

	return strcmp(word, "@yearly") == 0 || strcmp(word, "@annually") == 0 ? "0 0 1 1 *"
	                                                                      : schedule;
}

Datum
cia_schedule(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *model = cia_text_arg(fcinfo, 0, "model");
	char *schedule = cia_text_arg(fcinfo, 1, "schedule");
	Jsonb *options = cia_options_arg(fcinfo, 2);
	TimestampTz next;
	cia_entry entry;
	cia_cron cron;

	PreventCommandIfReadOnly("cia_schedule()");
	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options must be a JSON object"),
		                errhint("For example '{\"trees\": 200}'.")));
	entry = cia_registry_manage_model(schema, model);
	cia_cron_check(schedule, &cron);
	if (!cron.at_start &&
	    !cia_cron_next(&cron, GetCurrentTimestamp(), cia_cron_zone(NULL), &next))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("schedule \"%s\" never comes", schedule),
		                errhint("No such day is in the calendar.")));
	check_cron(schema, model, schedule);
	write_schedule(schema, &entry, schedule, options);
	PG_RETURN_INT64(hand_to_cron(schema, &entry.id, as_pg_cron_reads(schedule)));
}

Datum
cia_unschedule(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *model = cia_text_arg(fcinfo, 0, "model");
	Oid types[] = {UUIDOID};
	Datum values[1];
	cia_owner_scope scope;
	cia_entry entry;

	PreventCommandIfReadOnly("cia_unschedule()");
	entry = cia_registry_manage_model(schema, model);
	values[0] = UUIDPGetDatum(&entry.id);
	scope = cia_owner_begin(schema);
	if (cia_owner_execute(
	        &scope,
	        &(cia_statement){.text = "DELETE FROM %1$s.cia_schedule WHERE model = $1",
	                         .expected = SPI_OK_DELETE,
	                         .args = 1,
	                         .types = types,
	                         .values = values}) == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("model \"%s\" has no schedule", model),
		                errhint("List schedules with SELECT * FROM cia_schedules.")));
	cia_owner_leave(&scope);
	PG_RETURN_BOOL(true);
}

/*
 * Trigger of the table: where a schedule goes, be it with its model, pg_cron's job goes as well.  A
 * job that cannot be taken out here takes itself out when it runs next.
 */
Datum
cia_unscheduled(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	cia_owner_scope scope;
	pg_uuid_t *model;
	bool isnull;

	/* anybody may make a trigger of it on a table of his */
	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
	    RelationGetRelid(trigger->tg_relation) !=
	        get_relname_relid("cia_schedule", cia_schema(fcinfo)))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		                errmsg("cia_unscheduled() is for the trigger of the table of "
		                       "schedules only")));
	model = DatumGetUUIDP(heap_getattr(trigger->tg_trigtuple, 1,
	                                   RelationGetDescr(trigger->tg_relation), &isnull));
	scope = cia_owner_begin(RelationGetNamespace(trigger->tg_relation));
	cia_cron_unschedule(&scope, model);
	cia_owner_leave(&scope);
	return PointerGetDatum(NULL);
}

/* When the job runs next, as pg_cron has it, which may be another schedule than was given. */
static void
put_next(const char *schedule, Datum *value, bool *isnull)
{
	TimestampTz next;
	cia_cron cron;

	*isnull = !cia_cron_read(schedule, &cron) ||
	          !cia_cron_next(&cron, GetCurrentTransactionStartTimestamp(),
	                         cia_cron_zone(NULL), &next);
	*value = *isnull ? (Datum) 0 : TimestampTzGetDatum(next);
}

/* What pg_cron knows of a model's job: number, schedule, whether it is active, next run. */
Datum
cia_scheduled_job(PG_FUNCTION_ARGS)
{
	pg_uuid_t *model = PG_GETARG_UUID_P(0);
	cia_owner_scope scope;
	TupleDesc columns;
	Datum values[4];
	bool nulls[4] = {true, true, true, true};
	MemoryContext before = CurrentMemoryContext;
	int64 job;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	scope = cia_owner_begin(cia_schema(fcinfo));
	job = may_look_at_jobs() ? find_job(&scope, model, false) : 0;
	if (job != 0)
	{
		MemoryContext within = MemoryContextSwitchTo(before);
		char *schedule = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);

		nulls[0] = nulls[1] = false;
		values[0] = Int64GetDatum(job);
		values[1] = CStringGetTextDatum(schedule);
		values[2] =
		    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &nulls[2]);
		if (DatumGetBool(values[2]))
			put_next(schedule, &values[3], &nulls[3]);
		MemoryContextSwitchTo(within);
	}
	cia_owner_leave(&scope);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}
