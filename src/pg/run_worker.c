/* SPDX-License-Identifier: PostgreSQL */
/*
 * run_worker.c: records a failed training in a transaction of its own.
 *
 * That takes another process: a dynamic background worker, which needs no preloading.  What it is
 * to write travels in a segment of dynamic shared memory, which is pinned until the worker has it,
 * since the session may end first.  What cannot be handed over yet waits for the end of another
 * transaction of the session or of the session itself; what never can is told to the log.
 */
#include "cia.h"

#include "access/xact.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Workers of a session at a time: what fails in a loop must not take all the slots. */
#define MOST_WRITERS 3

/* Runs that wait for one of them to end. */
#define MOST_WAITING 32

extern PGDLLEXPORT void cia_run_worker(Datum handle);

typedef struct batch
{
	int count;
	cia_run run[MOST_WAITING];
} batch;

static batch *waiting = NULL;

/* Where the next worker is to be remembered; NULL: as many as may be are at it. */
static BackgroundWorkerHandle **
free_place(void)
{
	static BackgroundWorkerHandle *writer[MOST_WRITERS];
	pid_t pid;

	for (int i = 0; i < MOST_WRITERS; i++)
	{
		if (writer[i] != NULL && GetBackgroundWorkerPid(writer[i], &pid) == BGWH_STOPPED)
		{
			pfree(writer[i]);
			writer[i] = NULL;
		}
		if (writer[i] == NULL)
			return &writer[i];
	}
	return NULL;
}

static bool
start_worker(dsm_handle handle, BackgroundWorkerHandle **place)
{
	BackgroundWorker worker = {.bgw_name = "cia run",
	                           .bgw_type = "cia run",
	                           .bgw_flags = BGWORKER_SHMEM_ACCESS |
	                                        BGWORKER_BACKEND_DATABASE_CONNECTION,
	                           .bgw_start_time = BgWorkerStart_RecoveryFinished,
	                           .bgw_restart_time = BGW_NEVER_RESTART,
	                           .bgw_library_name = "$libdir/cia",
	                           .bgw_function_name = "cia_run_worker",
	                           .bgw_main_arg = UInt32GetDatum(handle)};

	return RegisterDynamicBackgroundWorker(&worker, place);
}

/* Hands all that waits to a worker; false if there is no room for it. */
static bool
hand_over(void)
{
	BackgroundWorkerHandle *unknown, **place = free_place();
	Size size = offsetof(batch, run) + sizeof(cia_run) * waiting->count;
	dsm_segment *segment;
	dsm_handle handle;
	bool started;

	/* a session that ends has no further chance */
	if (place == NULL && proc_exit_inprogress)
		place = &unknown;
	if (place == NULL)
		return false;
	segment = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (segment == NULL)
		return false;
	memcpy(dsm_segment_address(segment), waiting, size);
	handle = dsm_segment_handle(segment);
	dsm_pin_segment(segment);
	started = start_worker(handle, place);
	if (!started)
		dsm_unpin_segment(handle);
	dsm_detach(segment);
	return started;
}

static void
enqueue(const cia_run *run)
{
	static bool told = false;

	if (waiting == NULL)
		waiting = MemoryContextAllocZero(TopMemoryContext, sizeof *waiting);
	if (waiting->count < MOST_WAITING)
	{
		waiting->run[waiting->count++] = *run;
		told = false;
	}
	else if (!told)
	{
		told = true;
		ereport(LOG,
		        (errmsg("could not record failed trainings, first one of model \"%s\"",
		                NameStr(run->model)),
		         errdetail("%d others wait to be recorded.", MOST_WAITING),
		         errhint("There may be no free background worker: see "
		                 "max_worker_processes.")));
	}
}

/*
 * Called when a transaction has ended, as often as not by an error: one of ours must not go on,
 * and interrupts, which it would let through, stay held off.
 */
static void
enqueue_and_hand_over(const cia_run *run)
{
	MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
	uint32 held_off = InterruptHoldoffCount;

	PG_TRY();
	{
		if (run != NULL)
			enqueue(run);
		if (waiting->count > 0 && hand_over())
			waiting->count = 0;
	}
	PG_CATCH();
	{
		FlushErrorState();
		InterruptHoldoffCount = held_off;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
}

void
cia_run_send(const cia_run *run)
{
	enqueue_and_hand_over(run);
}

void
cia_run_send_rest(void)
{
	if (waiting == NULL || waiting->count == 0)
		return;
	enqueue_and_hand_over(NULL);
	if (proc_exit_inprogress && waiting->count > 0)
		ereport(LOG, (errmsg("could not record %d failed trainings", waiting->count),
		              errhint("There may be no free background worker: see "
		                      "max_worker_processes.")));
}

/* Takes the runs out of the segment, which is then nobody's; NULL if it is gone. */
static const batch *
receive(dsm_handle handle)
{
	dsm_segment *segment = dsm_attach(handle);
	batch *runs;

	if (segment == NULL)
		return NULL;
	runs = MemoryContextAllocZero(TopMemoryContext, sizeof *runs);
	memcpy(runs, dsm_segment_address(segment),
	       Min(dsm_segment_map_length(segment), sizeof *runs));
	dsm_unpin_segment(handle);
	dsm_detach(segment);
	return runs;
}

/* The extension may be gone, or elsewhere. */
static void
record(const cia_run *run)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (OidIsValid(get_relname_relid("cia_run", run->schema)))
		cia_run_write(run);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* A run that cannot be recorded is told to the log, and does not take the others along. */
static void
record_or_tell(const cia_run *run)
{
	PG_TRY();
	{
		record(run);
	}
	PG_CATCH();
	{
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
}

/*
 * Waits neither for replicas nor for long for a lock.  Each run has a transaction of its own: its
 * row holds its model's, and with two in hand a session that drops both models would be locked out
 * by us, and we by it.
 */
void
cia_run_worker(Datum handle)
{
	const batch *runs;

	/* at the next safe point; a worker's own handler would leave with a spinlock in its hands */
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	runs = receive(DatumGetUInt32(handle));
	if (runs == NULL)
		return;
	BackgroundWorkerInitializeConnectionByOid(runs->run[0].database, InvalidOid, 0);
	SetConfigOption("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("lock_timeout", "10s", PGC_USERSET, PGC_S_SESSION);
	pgstat_report_activity(STATE_RUNNING, "recording failed trainings");
	for (int i = 0; i < runs->count; i++)
		record_or_tell(&runs->run[i]);
	pgstat_report_activity(STATE_IDLE, NULL);
}
