/* SPDX-License-Identifier: PostgreSQL */
/*
 * door.c: the host that the core sees, and its statuses as errors.
 *
 * No callback throws: an error that happens in one is kept, the core is told to
 * stop, and the error is thrown again once the core has put its threads away.
 */
#include "cia.h"

#include <math.h>
#include <unistd.h>

#include "miscadmin.h"
#include "optimizer/cost.h"
#include "storage/procsignal.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define REPORT_MS 2000

static void *
door_alloc(void *context, size_t size)
{
	return cia_arena_alloc(&((cia_door *) context)->memory, size);
}

static double
door_room(void *context)
{
	return cia_arena_room(&((cia_door *) context)->memory);
}

/* Is the statement to be cancelled, or the backend to end? */
bool
cia_stop_requested(void)
{
	return InterruptPending &&
	       (QueryCancelPending || ProcDiePending || ClientConnectionLost);
}

static void
keep_error(cia_door *door, MemoryContext context)
{
	MemoryContextSwitchTo(context);
	door->pending = CopyErrorData();
	FlushErrorState();
}

/*
 * Cancel and termination stop the core, and are acted upon when it has returned: ending
 * the backend here would take the memory away under its threads.  Barriers are served,
 * since another session's DROP DATABASE may be waiting for them.
 */
static bool
door_stop(void *context)
{
	cia_door *door = context;
	MemoryContext before = CurrentMemoryContext;

	if (door->pending != NULL || cia_stop_requested())
		return true;
	if (!InterruptPending || !ProcSignalBarrierPending)
		return false;
	PG_TRY();
	{
		ProcessProcSignalBarrier();
	}
	PG_CATCH();
	{
		keep_error(door, before);
	}
	PG_END_TRY();
	return door->pending != NULL;
}

static bool
door_branch(void *context)
{
	cia_door *door = context;
	MemoryContext before = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		cia_arena_branch(&door->memory);
		done = true;
	}
	PG_CATCH();
	{
		keep_error(door, before);
	}
	PG_END_TRY();
	return done;
}

static void *
door_prune(void *context, const void *keep, size_t size)
{
	return cia_arena_prune(&((cia_door *) context)->memory, keep, size);
}

static bool
shows_progress(void)
{
	if (cia_progress == CIA_PROGRESS_AUTO)
		return application_name != NULL && strcmp(application_name, "psql") == 0;
	return cia_progress == CIA_PROGRESS_ON;
}

static void
show_progress(ml_stage stage, double done, double total)
{
	switch (stage)
	{
		case ML_STAGE_READ:
			ereport(NOTICE, (errmsg("reading: %.0f rows", done)));
			return;
		case ML_STAGE_ORDER:
			ereport(NOTICE,
			        (errmsg("putting rows in order: step %.0f of %.0f", done, total)));
			return;
		case ML_STAGE_FIT:
			ereport(NOTICE,
			        (errmsg("fitting: iteration %.0f of at most %.0f", done, total)));
			return;
		case ML_STAGE_GROUP:
			ereport(NOTICE,
			        (errmsg("fitting models by group: %.0f of %.0f", done, total)));
			return;
		case ML_STAGE_JUDGE:
			ereport(NOTICE, (errmsg("judging the model on the holdout")));
			return;
	}
}

bool
cia_progress_due(cia_door *door)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!shows_progress() || !TimestampDifferenceExceeds(door->reported, now, REPORT_MS))
		return false;
	door->reported = now;
	return true;
}

static void
door_progress(void *context, ml_stage stage, double done, double total)
{
	cia_door *door = context;
	MemoryContext before = CurrentMemoryContext;

	if (!cia_progress_due(door))
		return;
	/* a notice asks for interrupts, which could end the backend */
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		show_progress(stage, done, total);
	}
	PG_CATCH();
	{
		keep_error(door, before);
	}
	PG_END_TRY();
	RESUME_INTERRUPTS();
}

static cia_door *
open_door(MemoryContext arena, Size limit)
{
	cia_door *door = MemoryContextAllocZero(arena, sizeof(cia_door));

	door->arena = arena;
	cia_arena_open(&door->memory, arena, limit);
	door->reported = GetCurrentTimestamp();
	door->host = (ml_host){.alloc = door_alloc,
	                       .room = door_room,
	                       .stop = door_stop,
	                       .progress = door_progress,
	                       .branch = door_branch,
	                       .prune = door_prune,
	                       .context = door,
	                       .threads = 1,
	                       .fault = {.row = -1, .column = -1}};
	return door;
}

/* What the core makes lives as long as the context. */
cia_door *
cia_door_open(MemoryContext arena)
{
	return open_door(arena, (Size) cia_max_memory_kb * 1024);
}

cia_door *
cia_door_for_model(MemoryContext arena)
{
	return open_door(arena, MaxAllocHugeSize / 2);
}

void
cia_door_equip(cia_door *door)
{
	int threads = cia_threads;

	if (threads == 0)
	{
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		threads = 1 + max_parallel_workers_per_gather;
		threads = cores > 0 ? Min(threads, (int) cores) : threads;
	}
	door->host.threads = Min(threads, ML_MAX_THREADS);
	door->host.blas = cia_blas();
}

static void
raise_memory(const cia_door *door)
{
	double needed = door->memory.denied ? (double) door->memory.needed
	                                    : (double) cia_arena_taken(&door->memory) +
	                                          (double) door->host.fault.bytes;
	char needs[32];

	if (!door->memory.denied &&
	    (double) door->host.fault.bytes <= cia_arena_room(&door->memory))
		ereport(ERROR,
		        (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		         errdetail("Failed on request of size %zu.", door->host.fault.bytes)));
	if (needed < 1e9)
		snprintf(needs, sizeof needs, "%.0f MB", ceil(needed / 1048576));
	else
		snprintf(needs, sizeof needs, "%.1f GB", needed / 1073741824);
	ereport(
	    ERROR,
	    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	     errmsg("training needs %s of memory, more than cia.max_memory allows", needs),
	     errdetail("cia.max_memory is %d MB.", cia_max_memory_kb / 1024),
	     door->memory.shared != NULL && *door->memory.shared > door->memory.used
	         ? errhint("Groups that are read side by side count together: SET "
	                   "enable_hashagg = off reads one after the other. Or raise "
	                   "cia.max_memory.")
	         : errhint(
	               "Raise cia.max_memory, train on a sample of the rows, or leave out "
	               "columns.")));
}

/* "x", or "x[3]" for an element of an array column. */
static char *
column_name(const cia_door *door)
{
	const ml_column *column;

	if (door->frame == NULL || door->host.fault.column < 0 ||
	    door->host.fault.column >= door->frame->columns)
		return NULL;
	column = &door->frame->column[door->host.fault.column];
	return cia_element_name(column->name, column->element);
}

static void
raise_not_finite(const cia_door *door)
{
	const char *column = column_name(door);

	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("column \"%s\" contains a value that is not finite", column),
	         errdetail("It is infinite in row %lld of the source.",
	                   (long long) door->host.fault.row),
	         errhint("Leave such rows out with WHERE, or make them NULL, which counts as "
	                 "missing.")));
}

static void
raise_singular(const cia_door *door)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("could not fit model because its columns are linearly dependent"),
	     column != NULL
	         ? errdetail("Column \"%s\" is determined by the columns before it.", column)
	         : 0,
	     column != NULL
	         ? errhint("Leave it out with exclude => ARRAY[%s], or set a penalty with "
	                   "options => '{\"l2\": 1}'.",
	                   quote_literal_cstr(column))
	         : errhint("Set a penalty with options => '{\"l2\": 1}'.")));
}

static void
raise_range(const cia_door *door)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
	     column != NULL
	         ? errmsg("values of column \"%s\" are too large to compute with", column)
	         : errmsg("could not fit model because its values are too large to compute "
	                  "with"),
	     errhint("Divide the column by a power of ten.")));
}

static void
raise_target(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
	                status == ML_TARGET_BELOW
	                    ? errmsg("target \"%s\" is negative, but algorithm \"%s\" needs "
	                             "counts",
	                             door->target, door->algorithm)
	                    : errmsg("target \"%s\" is not greater than zero, but algorithm "
	                             "\"%s\" needs positive amounts",
	                             door->target, door->algorithm),
	                errhint("Leave such rows out with WHERE, or use algorithm => "
	                        "'linear'.")));
}

static void
raise_offset(const cia_door *door, ml_status status)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     status == ML_NO_OFFSET
	         ? errmsg("column \"%s\" is null in some rows, but is an offset or an "
	                  "exposure",
	                  column)
	         : errmsg("exposure \"%s\" is not greater than zero in some rows", column),
	     errhint("Leave such rows out with WHERE.")));
}

static void
raise_classes(const cia_door *door)
{
	long long classes = door->host.fault.count;

	if (classes > ML_MAX_CLASSES)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION),
		         errmsg("target \"%s\" has %lld classes, more than %d", door->target,
		                classes, ML_MAX_CLASSES),
		         errhint("Put rare classes together in the source, or tell one class "
		                 "from all others with algorithm => 'logistic' and options "
		                 "=> '{\"positive\": \"...\"}'.")));
	if (door->algorithm == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("target \"%s\" has %lld classes instead of two",
		                       door->target, classes),
		                errhint("Tell one class from all others with options => "
		                        "'{\"positive\": \"...\"}'.")));
	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("target \"%s\" has %lld classes, but algorithm \"%s\" takes two",
	            door->target, classes, door->algorithm),
	     errhint("Use algorithm => 'multinomial' for all classes, or tell one of them "
	             "from all others with options => '{\"positive\": \"...\"}'.")));
}

void
cia_check(cia_door *door, ml_status status)
{
	if (door->pending != NULL)
		ReThrowError(door->pending);
	switch (status)
	{
		case ML_OK:
			return;
		case ML_MEMORY:
			raise_memory(door);
			break;
		case ML_STOPPED:
			CHECK_FOR_INTERRUPTS();
			ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
			                errmsg("canceling statement due to user request")));
			break;
		case ML_NOT_FINITE:
			raise_not_finite(door);
			break;
		case ML_NEGATIVE_WEIGHT:
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
			                errmsg("weight \"%s\" is negative", column_name(door)),
			                errdetail("It is negative in row %lld of the source.",
			                          (long long) door->host.fault.row),
			                errhint("Weights must be zero or more.")));
			break;
		case ML_TARGET_BELOW:
		case ML_TARGET_NOT_ABOVE:
			raise_target(door, status);
			break;
		case ML_NO_OFFSET:
		case ML_BAD_EXPOSURE:
			raise_offset(door, status);
			break;
		case ML_NULL_ID:
			ereport(ERROR,
			        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			         errmsg("id \"%s\" is null", column_name(door)),
			         errdetail("It is null in row %lld of the source.",
			                   (long long) door->host.fault.row),
			         errhint("Leave such rows out with WHERE, or train without id.")));
			break;
		case ML_NO_ROWS:
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
			                errmsg("training source returned no rows"),
			                door->frame != NULL && door->frame->skipped > 0
			                    ? errdetail("All %lld rows have no target or no weight.",
			                                (long long) door->frame->skipped)
			                    : 0));
			break;
		case ML_NO_TRAINING_ROWS:
			ereport(
			    ERROR,
			    (errcode(ERRCODE_DATA_EXCEPTION),
			     errmsg("training source has too few rows to keep a holdout"),
			     errdetail("Rows that fell into the holdout: %lld of %lld.",
			               (long long) door->frame->rows, (long long) door->frame->rows),
			     errhint("Train on all rows with options => '{\"holdout\": 0}'.")));
			break;
		case ML_NO_FEATURES:
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
			                errmsg("training source has no column that can be a feature"),
			                errhint("Every column is the target, an id, the weight, "
			                        "excluded, constant or an identifier.")));
			break;
		case ML_NO_EVIDENCE:
			ereport(
			    ERROR,
			    (errcode(ERRCODE_DATA_EXCEPTION),
			     errmsg("no column tells anything of target \"%s\"", door->target),
			     errdetail("The values of each column fall into one bin."),
			     errhint("Options \"max_bins\", \"min_bin\" and \"monotone\" allow more "
			             "bins; without \"encode\" there are none.")));
			break;
		case ML_ONE_VALUE:
			ereport(
			    ERROR,
			    (errcode(ERRCODE_DATA_EXCEPTION),
			     errmsg("target \"%s\" has only one distinct value", door->target),
			     errhint("Rows whose target is NULL are skipped; the training rows must "
			             "hold at least two values.")));
			break;
		case ML_TOO_MANY_CLASSES:
			raise_classes(door);
			break;
		case ML_NO_SUCH_CLASS:
			ereport(
			    ERROR,
			    (errcode(ERRCODE_DATA_EXCEPTION),
			     errmsg("target \"%s\" has no such class", door->target),
			     door->host.fault.row >= 0
			         ? errdetail("The model was not trained on a class of the source.")
			         : errdetail("No training row has the label that option \"positive\" "
			                     "names."),
			     errhint("Labels are compared letter by letter.")));
			break;
		case ML_TOO_FEW_ROWS:
			break; /* of groups alone, which are noted */
		case ML_TOO_MANY_GROUPS:
			ereport(
			    ERROR,
			    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			     errmsg("option \"by\" names column \"%s\", which has %lld values, "
			            "more than %d",
			            column_name(door), (long long) door->host.fault.count,
			            ML_MAX_GROUPS),
			     errhint("Take a column of fewer groups, or pool the rare ones in the "
			             "source.")));
			break;
		case ML_SINGULAR:
			raise_singular(door);
			break;
		case ML_NOT_NUMERIC:
			raise_range(door);
			break;
		case ML_TOO_LARGE:
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			                errmsg("model or state exceeds 1 GB"),
			                errhint("Train on fewer columns or categories; a parallel "
			                        "cia_fit may be replaced by cia_train.")));
			break;
		case ML_BAD_MODEL:
			ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			                errmsg("invalid model data")));
			break;
		case ML_NEW_FORMAT:
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			                errmsg("model format %lld is not supported",
			                       (long long) door->host.fault.count),
			                errhint("Run ALTER EXTENSION cia UPDATE.")));
			break;
	}
	elog(ERROR, "unrecognized status of the core: %d", (int) status);
}
