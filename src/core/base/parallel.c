/* SPDX-License-Identifier: PostgreSQL */
/*
 * parallel.c: the pool.
 *
 * Threads sleep on a condition variable between loops; since the next loop is often only
 * microseconds away, and waking takes longer, they look out for it a moment before.  Within
 * a loop they claim tasks by atomic counters.  The thread that entered the core takes
 * part, is the only one that asks the host to stop, and goes on asking while it
 * waits for the others.  When no task is left it waits for those that have joined, and
 * not for one that has yet to wake: on a busy machine that could take longer than the
 * loop.  Signals are blocked in the pool's threads, so that the host's handlers run where
 * they always run.
 */
#define _POSIX_C_SOURCE 200809L

#include "base/base.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define WAIT_MS 5     /* between two questions to the host while waiting */
#define LOOK_NS 50000 /* a thread looks out so long before it sleeps */
#define LOOKS 32      /* between two looks at the clock */

struct ml_pool
{
	pthread_mutex_t lock;
	pthread_cond_t wake; /* a loop begins, or the pool closes */
	pthread_cond_t done; /* a thread has finished its part */
	pthread_t thread[ML_MAX_THREADS];
	ml_worker worker[ML_MAX_THREADS];
	int threads;           /* started, the caller not counted */
	_Atomic int busy;      /* threads in the current loop */
	bool open;             /* a thread that wakes may still join the loop */
	_Atomic uint64_t loop; /* number of the current loop; closing counts as one */
	bool closing;
	pthread_mutex_t turn;     /* what tasks share */
	pthread_cond_t told;      /* it has changed */
	_Atomic uint64_t changes; /* of it */

	ml_task task;
	void *work;
	int64_t tasks;
	_Atomic int64_t claimed; /* tasks, from both ends */
	_Atomic int64_t first;   /* from the front */
	_Atomic int64_t last;    /* from the end */
	_Atomic int status;
	_Atomic bool stop;
};

static int64_t
nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Lets whatever else wants the processor have it. */
static inline void
stand_by(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Between two looks; false when a thread has looked out long enough. */
static bool
look_again(int64_t since)
{
	for (int i = 0; i < LOOKS; i++)
		stand_by();
	sched_yield();
	return nanoseconds() - since < LOOK_NS;
}

/*
 * Every other thread claims from the end: loop after loop a thread has the same rows, and two of
 * them seldom have lines of the cache to fetch from one another.
 */
static bool
claim(ml_worker *worker, int64_t *task)
{
	ml_pool *pool = worker->pool;

	if (atomic_fetch_add(&pool->claimed, 1) >= pool->tasks)
		return false;
	*task = worker->index % 2 == 0 ? atomic_fetch_add(&pool->first, 1)
	                               : pool->tasks - 1 - atomic_fetch_add(&pool->last, 1);
	return true;
}

static void
run_tasks(ml_worker *worker)
{
	ml_pool *pool = worker->pool;
	int64_t task;

	while (!ml_worker_stop(worker) && claim(worker, &task))
	{
		int status = pool->task(pool->work, task, worker);
		int ok = ML_OK;

		if (status != ML_OK)
		{
			atomic_compare_exchange_strong(&pool->status, &ok, status);
			atomic_store(&pool->stop, true);
		}
	}
}

static void *
thread_main(void *argument)
{
	ml_worker *worker = argument;
	ml_pool *pool = worker->pool;
	uint64_t seen = 0;

	for (;;)
	{
		int64_t since = nanoseconds();

		while (atomic_load(&pool->loop) == seen && look_again(since))
			;
		pthread_mutex_lock(&pool->lock);
		while (pool->loop == seen)
			pthread_cond_wait(&pool->wake, &pool->lock);
		if (pool->closing)
			break;
		seen = pool->loop;
		if (pool->open)
		{
			pool->busy++;
			pthread_mutex_unlock(&pool->lock);
			run_tasks(worker);
			pthread_mutex_lock(&pool->lock);
			pool->busy--;
			pthread_cond_signal(&pool->done);
		}
		pthread_mutex_unlock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

ml_status
ml_pool_open(ml_host *host)
{
	ml_pool *pool = ml_alloc(host, sizeof *pool);
	sigset_t all, before;

	if (pool == NULL)
		return ML_MEMORY;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pthread_cond_init(&pool->done, NULL);
	pthread_mutex_init(&pool->turn, NULL);
	pthread_cond_init(&pool->told, NULL);
	for (int i = 0; i < ML_MAX_THREADS; i++)
		pool->worker[i] = (ml_worker){.index = i, .pool = pool, .host = host};
	host->pool = pool;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->threads < host->threads - 1 && pool->threads < ML_MAX_THREADS - 1 &&
	       pthread_create(&pool->thread[pool->threads], NULL, thread_main,
	                      &pool->worker[pool->threads + 1]) == 0)
		pool->threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ML_OK;
}

void
ml_pool_close(ml_host *host)
{
	ml_pool *pool = host->pool;

	if (pool == NULL)
		return;
	/* a loop that has not been ended is given up */
	atomic_store(&pool->stop, true);
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pool->loop++;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->threads; i++)
		pthread_join(pool->thread[i], NULL);
	pthread_cond_destroy(&pool->told);
	pthread_mutex_destroy(&pool->turn);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	host->pool = NULL;
}

int
ml_pool_threads(const ml_host *host)
{
	return host->pool != NULL ? host->pool->threads + 1 : 1;
}

bool
ml_worker_stop(ml_worker *worker)
{
	if (worker->pool == NULL)
		return ml_stop(worker->host);
	if (worker->index == 0 && ml_stop(worker->host))
		atomic_store(&worker->pool->stop, true);
	return atomic_load(&worker->pool->stop);
}

static ml_status
run_alone(ml_host *host, int64_t tasks, ml_task task, void *work)
{
	ml_worker worker = {.host = host};

	for (int64_t i = 0; i < tasks; i++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(task(work, i, &worker));
	}
	return ML_OK;
}

static void
wait_a_while(pthread_cond_t *condition, pthread_mutex_t *lock)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L)
	{
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_cond_timedwait(condition, lock, &until);
}

static void
wait_for_threads(ml_pool *pool)
{
	int64_t since = nanoseconds();

	pthread_mutex_lock(&pool->lock);
	pool->open = false;
	pthread_mutex_unlock(&pool->lock);
	while (atomic_load(&pool->busy) > 0 && look_again(since))
		;
	pthread_mutex_lock(&pool->lock);
	while (pool->busy > 0)
	{
		wait_a_while(&pool->done, &pool->lock);
		pthread_mutex_unlock(&pool->lock);
		ml_worker_stop(&pool->worker[0]);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

void
ml_parallel_begin(ml_host *host, int64_t tasks, ml_task task, void *work)
{
	ml_pool *pool = host->pool;

	pthread_mutex_lock(&pool->lock);
	pool->task = task;
	pool->work = work;
	pool->tasks = tasks;
	atomic_store(&pool->claimed, 0);
	atomic_store(&pool->first, 0);
	atomic_store(&pool->last, 0);
	atomic_store(&pool->status, ML_OK);
	atomic_store(&pool->stop, false);
	pool->open = true;
	pool->loop++;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

ml_status
ml_parallel_end(ml_host *host)
{
	ml_pool *pool = host->pool;

	run_tasks(&pool->worker[0]);
	wait_for_threads(pool);
	if (atomic_load(&pool->status) != ML_OK)
		return (ml_status) atomic_load(&pool->status);
	return atomic_load(&pool->stop) ? ML_STOPPED : ML_OK;
}

ml_status
ml_parallel(ml_host *host, int64_t tasks, ml_task task, void *work)
{
	if (ml_pool_threads(host) == 1 || tasks == 1)
		return run_alone(host, tasks, task, work);
	ml_parallel_begin(host, tasks, task, work);
	return ml_parallel_end(host);
}

void
ml_pool_lock(ml_worker *worker)
{
	pthread_mutex_lock(&worker->pool->turn);
}

void
ml_pool_unlock(ml_worker *worker)
{
	pthread_mutex_unlock(&worker->pool->turn);
}

void
ml_pool_tell(ml_worker *worker)
{
	atomic_fetch_add(&worker->pool->changes, 1);
	pthread_cond_broadcast(&worker->pool->told);
}

ml_status
ml_pool_wait(ml_worker *worker)
{
	ml_pool *pool = worker->pool;
	uint64_t seen = atomic_load(&pool->changes);
	int64_t since = nanoseconds();

	ml_pool_unlock(worker);
	while (atomic_load(&pool->changes) == seen && look_again(since))
		;
	ml_pool_lock(worker);
	if (atomic_load(&pool->changes) == seen)
		wait_a_while(&pool->told, &pool->turn);
	return ml_worker_stop(worker) ? ML_STOPPED : ML_OK;
}
