/* SPDX-License-Identifier: PostgreSQL */
/*
 * door.c: the host that the core sees.
 *
 * No callback throws: an error that happens in one is kept, the core is told to
 * stop, and the error is thrown again once the core has put its threads away.
 */
#include "cia.h"

#include <unistd.h>

#include "miscadmin.h"
#include "optimizer/cost.h"
#include "storage/procsignal.h"
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
		case ML_STAGE_FOLD:
			ereport(NOTICE,
			        (errmsg("cross-validating: fold %.0f of %.0f", done + 1, total)));
			return;
		case ML_STAGE_JUDGE:
			ereport(NOTICE, (errmsg("judging the model on the holdout")));
			return;
		case ML_STAGE_PERMUTE:
			ereport(NOTICE, (errmsg("permuting features: %.0f of %.0f", done, total)));
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

	cia_job_progress(door, stage, done, total);
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
		/* the error has let go of all that held them */
		HOLD_INTERRUPTS();
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
	cia_door *door = open_door(arena, MaxAllocHugeSize / 2);

	/* whoever scores is not worth a thread that touches memory */
	cia_arena_crowd(&door->memory);
	return door;
}

int
cia_thread_count(void)
{
	int threads = cia_threads;

	if (threads == 0)
	{
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		threads = 1 + max_parallel_workers_per_gather;
		threads = cores > 0 ? Min(threads, (int) cores) : threads;
	}
	return Min(threads, ML_MAX_THREADS);
}

void
cia_door_equip(cia_door *door)
{
	cia_arena_crowd(&door->memory);
	door->host.threads = cia_thread_count();
	door->host.blas = cia_blas();
}
