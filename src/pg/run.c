/* SPDX-License-Identifier: PostgreSQL */
/*
 * run.c: what has become of trainings.
 *
 * A training that went well is recorded in its own transaction.  One that failed takes all that
 * its transaction wrote with it.  So while it runs, a callback of the error context notes what goes
 * wrong, which covers the end of a session as well, and one of the transaction passes it on when
 * that has ended for all others; its locks go right after.  Neither can fail in a way that would
 * hide the error.
 */
#include "cia.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Runs kept: of a name, and of all names of which there is no model. */
#define KEPT_OF_NAME 100
#define KEPT_OF_NOTHING 1000

/* A training under way.  It lives as long as its transaction or subtransaction. */
typedef struct pending
{
	struct pending *outer; /* a training within the source of which this one is */
	SubTransactionId subtransaction;
	MemoryContext context; /* of the error's copy */
	const cia_training *training;
	ErrorContextCallback callback;
	cia_run run;
} pending;

static pending *innermost = NULL;
static int64 scheduled_job = 0;

cia_run
cia_run_open(Oid schema, const char *model, cia_job_kind kind)
{
	cia_run run = {.database = MyDatabaseId,
	               .schema = schema,
	               .role = GetUserId(),
	               .kind = kind,
	               .job = scheduled_job,
	               .started = GetCurrentTimestamp()};

	namestrcpy(&run.model, model);
	return run;
}

static void
copy_text(char *into, const char *text)
{
	int length = text != NULL ? pg_mbcliplen(text, strlen(text), CIA_RUN_TEXT - 1) : 0;

	memcpy(into, text != NULL ? text : "", length);
	into[length] = '\0';
}

void
cia_run_fail(cia_run *run, const ErrorData *error)
{
	run->ended = GetCurrentTimestamp();
	run->sqlerrcode = error->sqlerrcode;
	copy_text(run->message, error->message);
	copy_text(run->detail, error->detail);
	copy_text(run->hint, error->hint);
}

/*
 * An error passes by; it may yet be caught within the source, and then be followed by others.  What
 * is copied fits into the first block of the context as a rule, which is there already.
 */
static void
note_error(void *argument)
{
	pending *now = argument;
	int class = ERRCODE_TO_CATEGORY(geterrcode());
	MemoryContext before;
	ErrorData *error;

	if (class == ERRCODE_SUCCESSFUL_COMPLETION || class == ERRCODE_WARNING)
		return;
	before = MemoryContextSwitchTo(now->context);
	error = CopyErrorData();
	if (error->elevel >= ERROR)
	{
		cia_run_fail(&now->run, error);
		if (now->training->rows != NULL)
			now->run.rows = now->training->rows->frame->rows;
	}
	MemoryContextReset(now->context);
	MemoryContextSwitchTo(before);
}

/* Trainings that are over without having come to their end. */
static void
pass_on(SubTransactionId subtransaction)
{
	while (innermost != NULL && (subtransaction == InvalidSubTransactionId ||
	                             innermost->subtransaction == subtransaction))
	{
		const pending *failed = innermost;

		innermost = failed->outer;
		/* a schedule's run catches the errors of its subtransactions, and records them */
		if (failed->run.sqlerrcode != 0 && (subtransaction == InvalidSubTransactionId ||
		                                    failed->run.job == 0 || proc_exit_inprogress))
			cia_run_send(&failed->run);
	}
}

static void
end_transaction(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT)
		pass_on(InvalidSubTransactionId);
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT)
		cia_run_send_rest();
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId subtransaction,
                   SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		pass_on(subtransaction);
}

/* The session ends, and has no transaction any more. */
static void
end_session(int code, Datum argument)
{
	cia_run_send_rest();
}

void
cia_run_scheduled(int64 job)
{
	scheduled_job = job;
}

void
cia_run_begin(const cia_training *training, const char *model)
{
	static bool registered = false;
	pending *now = MemoryContextAllocZero(CurTransactionContext, sizeof *now);

	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		before_shmem_exit(end_session, (Datum) 0);
		registered = true;
	}
	now->outer = innermost;
	now->subtransaction = GetCurrentSubTransactionId();
	now->context =
	    AllocSetContextCreate(CurTransactionContext, "cia run", ALLOCSET_DEFAULT_SIZES);
	now->training = training;
	now->run = cia_run_open(training->schema, model, training->kind);
	now->callback = (ErrorContextCallback){
	    .previous = error_context_stack, .callback = note_error, .arg = now};
	error_context_stack = &now->callback;
	innermost = now;
}

void
cia_run_succeed(int32 version, int64 rows)
{
	pending *now = innermost;

	now->run.version = version;
	now->run.rows = rows;
	/* errors that were caught within the source were not ours */
	now->run.sqlerrcode = 0;
	now->run.message[0] = now->run.detail[0] = now->run.hint[0] = '\0';
	now->run.ended = GetCurrentTimestamp();
	cia_run_write(&now->run);
	error_context_stack = now->callback.previous;
	innermost = now->outer;
	MemoryContextDelete(now->context);
	pfree(now);
}

static const char *
outcome_word(const cia_run *run)
{
	if (run->skipped)
		return "skipped";
	if (run->sqlerrcode == 0)
		return "succeeded";
	if (run->sqlerrcode == ERRCODE_QUERY_CANCELED ||
	    run->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		return "canceled";
	return "failed";
}

/* Somebody may be dropping the model: the run is then one of a name without a model. */
static void
insert_run(const cia_owner_scope *scope, const cia_run *run)
{
	Oid types[] = {NAMEOID,        INT4OID, TEXTOID, TEXTOID, TEXTOID,
	               TEXTOID,        TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID,
	               TIMESTAMPTZOID, OIDOID,  INT8OID};
	Datum values[lengthof(types)];
	char nulls[lengthof(types) + 1];
	bool failed = run->sqlerrcode != 0;

	memset(nulls, ' ', sizeof nulls);
	values[0] = NameGetDatum(&run->model);
	values[1] = Int32GetDatum(run->version);
	nulls[1] = run->version > 0 ? ' ' : 'n';
	values[2] = CStringGetTextDatum(cia_job_kind_word(run->kind));
	values[3] = CStringGetTextDatum(outcome_word(run));
	values[4] =
	    cia_text_or_null(failed ? unpack_sql_state(run->sqlerrcode) : NULL, &nulls[4]);
	values[5] =
	    cia_text_or_null(run->message[0] != '\0' ? run->message : NULL, &nulls[5]);
	values[6] = cia_text_or_null(run->detail[0] != '\0' ? run->detail : NULL, &nulls[6]);
	values[7] = cia_text_or_null(run->hint[0] != '\0' ? run->hint : NULL, &nulls[7]);
	values[8] = Int64GetDatum(run->rows);
	values[9] = TimestampTzGetDatum(run->started);
	values[10] = TimestampTzGetDatum(run->ended);
	values[11] = ObjectIdGetDatum(run->role);
	values[12] = Int64GetDatum(run->job);
	nulls[12] = run->job != 0 ? ' ' : 'n';
	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text = "INSERT INTO %1$s.cia_run (model, name, version, kind, outcome, "
	                "sqlstate, message, detail, hint, rows, started_at, ended_at, "
	                "run_by, job) VALUES ((SELECT id FROM %1$s.cia_registry "
	                "WHERE name = $1 FOR KEY SHARE), $1, $2, $3, $4, $5, $6, $7, $8, "
	                "$9, $10, $11, $12, $13)",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
}

/* Rows that another purge has in hand are left to it. */
static void
purge_runs(const cia_owner_scope *scope, const cia_run *run)
{
	Oid types[] = {NAMEOID, INT4OID, INT4OID};
	Datum values[] = {NameGetDatum(&run->model), Int32GetDatum(KEPT_OF_NAME),
	                  Int32GetDatum(KEPT_OF_NOTHING)};

	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text =
	            "DELETE FROM %1$s.cia_run WHERE number IN ("
	            "SELECT number FROM %1$s.cia_run WHERE name = $1 AND number <= ("
	            "SELECT number FROM %1$s.cia_run WHERE name = $1 "
	            "ORDER BY number DESC OFFSET $2 LIMIT 1) OR model IS NULL AND number <= ("
	            "SELECT number FROM %1$s.cia_run WHERE model IS NULL "
	            "ORDER BY number DESC OFFSET $3 LIMIT 1) FOR UPDATE SKIP LOCKED)",
	        .expected = SPI_OK_DELETE,
	        .args = lengthof(types),
	        .types = types,
	        .values = values});
}

void
cia_run_write(const cia_run *run)
{
	cia_owner_scope scope = cia_owner_begin(run->schema);

	insert_run(&scope, run);
	/* elsewhere a row that another purge has taken would be an error */
	if (!IsolationUsesXactSnapshot())
		purge_runs(&scope, run);
	cia_owner_leave(&scope);
}
