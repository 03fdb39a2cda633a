/* SPDX-License-Identifier: PostgreSQL */
/*
 * schedule_run.c: what pg_cron calls: one retraining, and a record of what came of it.
 *
 * The retraining runs in a subtransaction.  If it fails, or is canceled, the transaction is rolled
 * back, the record is written and committed in another one, and then the error is thrown again, so
 * that pg_cron has it in its own list.  That takes a procedure, since a function cannot commit.
 */
#include "schedule.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

CIA_FUNCTION(cia_run_schedule);

typedef struct scheduled
{
	Oid schema; /* of the extension */
	const pg_uuid_t *model;
	char *name;
	Datum options;
	int64 job; /* 0: called by hand */
} scheduled;

/* False if the schedule is no more. */
static bool
read_schedule(scheduled *run)
{
	cia_owner_scope scope = cia_owner_begin(run->schema);
	Oid types[] = {UUIDOID, TEXTOID};
	Datum values[] = {UUIDPGetDatum(run->model),
	                  CStringGetTextDatum(cia_cron_name(run->model))};
	bool isnull, found;

	found =
	    cia_owner_execute(
	        &scope,
	        &(cia_statement){
	            .text =
	                "SELECT r.name, s.options, coalesce(j.job, 0) "
	                "FROM %1$s.cia_schedule s JOIN %1$s.cia_registry r ON r.id = s.model "
	                "CROSS JOIN LATERAL %1$s.cia_scheduled_job(s.model) j "
	                "WHERE s.model = $1",
	            .expected = SPI_OK_SELECT,
	            .args = 1,
	            .types = types,
	            .values = values}) > 0;
	if (found)
	{
		MemoryContext before = MemoryContextSwitchTo(PortalContext);
		TupleDesc columns = SPI_tuptable->tupdesc;
		HeapTuple row = SPI_tuptable->vals[0];

		run->name = SPI_getvalue(row, columns, 1);
		run->options = PointerGetDatum(
		    PG_DETOAST_DATUM_COPY(SPI_getbinval(row, columns, 2, &isnull)));
		run->job = DatumGetInt64(SPI_getbinval(row, columns, 3, &isnull));
		MemoryContextSwitchTo(before);
	}
	cia_owner_leave(&scope);
	return found;
}

/* The caller's own job for a model that is gone, or is not to be retrained any more. */
static void
remove_job(const scheduled *run)
{
	Oid types[] = {TEXTOID};
	Datum values[] = {CStringGetTextDatum(cia_cron_name(run->model))};

	ereport(NOTICE, (errmsg("the model or its schedule has been dropped"),
	                 errdetail("The job ends itself.")));
	if (cia_cron_is_here())
		SPI_execute_with_args("SELECT cron.unschedule(jobid) FROM cron.job "
		                      "WHERE jobname OPERATOR(pg_catalog.=) $1 "
		                      "AND username OPERATOR(pg_catalog.=) CURRENT_USER",
		                      1, types, values, NULL, false, 0);
}

/* Until the transaction ends no other run of the schedule gets it. */
static bool
take_turn(const scheduled *run)
{
	int64 key;

	memcpy(&key, run->model, sizeof key);
	return DatumGetBool(
	    DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(key)));
}

static void
retrain(const scheduled *run)
{
	Oid types[] = {TEXTOID, JSONBOID};
	Datum values[] = {CStringGetTextDatum(run->name), run->options};
	bool none = JB_ROOT_COUNT(DatumGetJsonbP(run->options)) == 0;
	char *query =
	    psprintf("SELECT version FROM %s.cia_retrain(model => $1, options => $2)",
	             quote_identifier(get_namespace_name(run->schema)));

	if (SPI_execute_with_args(query, lengthof(types), types, values, none ? " n" : "  ",
	                          false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
}

/* What went wrong, in memory that outlives the transaction; NULL: nothing did. */
static ErrorData *
retrain_or_catch(const scheduled *run)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	cia_run_scheduled(run->job);
	PG_TRY();
	{
		retrain(run);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(PortalContext);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	cia_run_scheduled(0);
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* Writes a run in a transaction of its own, whatever isolation the role likes. */
static void
record(const cia_run *run)
{
	SPI_rollback();
	XactIsoLevel = XACT_READ_COMMITTED;
	EnsurePortalSnapshotExists();
	cia_run_write(run);
	SPI_commit();
}

static void
run_once(scheduled *run)
{
	cia_run record_of = cia_run_open(run->schema, run->name, CIA_JOB_RETRAIN);
	ErrorData *error = NULL;

	/* locks of what was read are given back: a training may take hours */
	SPI_commit();
	EnsurePortalSnapshotExists();
	record_of.job = run->job;
	record_of.skipped = !take_turn(run);
	if (!record_of.skipped)
		error = retrain_or_catch(run);
	if (error != NULL)
		cia_run_fail(&record_of, error);
	else
		record_of.ended = GetCurrentTimestamp();
	if (error != NULL || record_of.skipped)
		record(&record_of);
	if (error != NULL)
		ThrowErrorData(error);
	if (record_of.skipped)
		ereport(NOTICE, (errmsg("skipped: another run of the schedule is under way")));
}

Datum
cia_run_schedule(PG_FUNCTION_ARGS)
{
	scheduled run = {.schema = cia_schema(fcinfo)};
	pg_uuid_t model;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"id\" must not be null")));
	PreventCommandIfReadOnly("cia_run_schedule()");
	if (castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
		        (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
		         errmsg("cia_run_schedule() cannot run inside a transaction block"),
		         errhint("SELECT * FROM cia_retrain(...) can.")));
	model = *PG_GETARG_UUID_P(0);
	run.model = &model;
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	if (read_schedule(&run))
		run_once(&run);
	else
		remove_job(&run);
	SPI_finish();
	return (Datum) 0;
}
