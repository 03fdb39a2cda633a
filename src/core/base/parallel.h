/* SPDX-License-Identifier: PostgreSQL */
/*
 * parallel.h: loops over tasks on a small pool of threads.
 *
 * A task is claimed by whichever thread is free, so a result may depend on the
 * task's number but not on the thread: tasks write to places of their own, and
 * sums are added up by the caller in the order of the tasks.
 */
#ifndef ML_PARALLEL_H
#define ML_PARALLEL_H

#include "base/host.h"

#define ML_MAX_THREADS 64

/* One thread's seat in the pool, handed to every task it runs. */
typedef struct ml_worker
{
	int index; /* 0 is the thread that entered the core */
	ml_pool *pool;
	ml_host *host;
} ml_worker;

typedef ml_status (*ml_task)(void *work, int64_t task, ml_worker *worker);

/* Starts host->threads - 1 threads; fewer where the system refuses, which is no error. */
extern ml_status ml_pool_open(ml_host *host);

/* Joins the threads; harmless when no pool is open. */
extern void ml_pool_close(ml_host *host);

/* Threads that a loop may run on, the caller's included. */
extern int ml_pool_threads(const ml_host *host);

/* Runs tasks 0 .. tasks - 1; the status of the first that failed, or ML_STOPPED. */
extern ml_status ml_parallel(ml_host *host, int64_t tasks, ml_task task, void *work);

/*
 * The same for a caller that has something else to do meanwhile: between begin and end the threads
 * of the pool, which is open, are at work.  What they have left is done at the end.
 */
extern void ml_parallel_begin(ml_host *host, int64_t tasks, ml_task task, void *work);
extern ml_status ml_parallel_end(ml_host *host);

/*
 * For tasks that share what one thread at a time may change: wait gives the lock away until
 * another thread tells of a change, or for some milliseconds; ML_STOPPED if there is no more
 * to wait for.
 */
extern void ml_pool_lock(ml_worker *worker);
extern void ml_pool_unlock(ml_worker *worker);
extern void ml_pool_tell(ml_worker *worker);
extern ml_status ml_pool_wait(ml_worker *worker);

/* To be asked by a task once per block of rows: should it give up? */
extern bool ml_worker_stop(ml_worker *worker);

#endif
