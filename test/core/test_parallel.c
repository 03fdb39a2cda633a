/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_parallel.c: the pool: every task once, the first status, stop, signals, no thread left.
 */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define TASKS 1000

typedef struct tally
{
	_Atomic int ran[TASKS];
	_Atomic int started;
	_Atomic int inside[ML_MAX_THREADS]; /* tasks under way per seat */
	_Atomic int crowded;                /* two tasks on one seat */
	_Atomic int unblocked;              /* tasks off the main thread with signals open */
	int64_t fail_from;                  /* this task and all after it fail */
	ml_status failure;
	int seats;
	bool until_stopped; /* tasks wait for the stop */
} tally;

static bool
signals_are_blocked(void)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, SIGINT) && sigismember(&now, SIGTERM) &&
	       sigismember(&now, SIGUSR1) && sigismember(&now, SIGALRM);
}

static ml_status
count_task(void *work, int64_t task, ml_worker *worker)
{
	tally *all = work;

	atomic_fetch_add(&all->started, 1);
	atomic_fetch_add(&all->ran[task], 1);
	if (worker->index < 0 || worker->index >= all->seats ||
	    atomic_fetch_add(&all->inside[worker->index], 1) != 0)
		atomic_fetch_add(&all->crowded, 1);
	if (worker->index > 0 && !signals_are_blocked())
		atomic_fetch_add(&all->unblocked, 1);
	while (all->until_stopped && !ml_worker_stop(worker))
		;
	atomic_fetch_sub(&all->inside[worker->index], 1);
	return task >= all->fail_from ? all->failure : ML_OK;
}

static void
runs_every_task_once(test_host *t)
{
	static const int threads[] = {0, 1, 2, 3, 8};

	for (int i = 0; i < 5; i++)
	{
		t->core.threads = threads[i];
		REQUIRE_OK(ml_pool_open(&t->core));
		CHECK_INT(ml_pool_threads(&t->core), threads[i] > 1 ? threads[i] : 1);
		for (int64_t tasks = 0; tasks <= TASKS; tasks = tasks * 3 + 1)
		{
			tally all = {.fail_from = TASKS, .seats = ml_pool_threads(&t->core)};

			REQUIRE_OK(ml_parallel(&t->core, tasks, count_task, &all));
			for (int64_t task = 0; task < TASKS; task++)
				CHECK_INT(all.ran[task], task < tasks ? 1 : 0);
			CHECK_INT(all.crowded, 0);
			CHECK_INT(all.unblocked, 0);
		}
		ml_pool_close(&t->core);
		CHECK_INT(test_threads, 0);
	}
}

static void
works_without_a_pool(test_host *t)
{
	tally all = {.fail_from = TASKS, .seats = 1};

	CHECK_INT(ml_pool_threads(&t->core), 1);
	REQUIRE_OK(ml_parallel(&t->core, 10, count_task, &all));
	CHECK_INT(all.started, 10);
	ml_pool_close(&t->core);
}

static void
works_with_the_threads_there_are(test_host *t)
{
	tally all = {.fail_from = TASKS, .seats = 3};

	t->core.threads = 8;
	test_thread_limit = 2;
	REQUIRE_OK(ml_pool_open(&t->core));
	CHECK_INT(ml_pool_threads(&t->core), 3);
	REQUIRE_OK(ml_parallel(&t->core, TASKS, count_task, &all));
	CHECK_INT(all.started, TASKS);
	ml_pool_close(&t->core);
	test_thread_limit = 0;
	REQUIRE_OK(ml_pool_open(&t->core));
	CHECK_INT(ml_pool_threads(&t->core), 1);
	all.seats = 1;
	REQUIRE_OK(ml_parallel(&t->core, TASKS, count_task, &all));
}

static void
takes_no_more_than_its_seats(test_host *t)
{
	t->core.threads = 10000;
	REQUIRE_OK(ml_pool_open(&t->core));
	CHECK_INT(ml_pool_threads(&t->core), ML_MAX_THREADS);
}

static void
answers_the_failure(test_host *t)
{
	for (int threads = 1; threads <= 4; threads++)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		for (int64_t fail = 0; fail < TASKS; fail = fail * 3 + 1)
		{
			tally all = {.fail_from = fail, .failure = ML_SINGULAR, .seats = threads};

			CHECK(ml_parallel(&t->core, TASKS, count_task, &all) == ML_SINGULAR);
			CHECK(all.started <= fail + threads);
			for (int64_t task = 0; task < TASKS; task++)
				CHECK(all.ran[task] <= 1);
		}
		/* a failure does not stay behind */
		tally after = {.fail_from = TASKS, .seats = threads};
		CHECK(ml_parallel(&t->core, TASKS, count_task, &after) == ML_OK);
		ml_pool_close(&t->core);
	}
}

static void
stops_from_any_question_on(test_host *t)
{
	for (int threads = 1; threads <= 4; threads += 3)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		for (int k = 1; k < 40; k++)
		{
			tally all = {.fail_from = TASKS, .seats = threads, .until_stopped = true};

			t->questions = 0;
			t->stop_at = k;
			CHECK(ml_parallel(&t->core, TASKS, count_task, &all) == ML_STOPPED);
			CHECK(all.started <= threads);
		}
		t->stop_at = 0;
		ml_pool_close(&t->core);
	}
}

/* The caller does something else between begin and end, or never comes to the end. */
static void
leaves_a_loop_to_the_threads(test_host *t)
{
	static const int64_t tasks[] = {0, 1, 7, TASKS};

	for (int threads = 0; threads <= 4; threads++)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		for (int i = 0; i < 200; i++)
		{
			int64_t count = tasks[i % 4];
			tally all = {.fail_from = TASKS, .seats = ml_pool_threads(&t->core)};

			ml_parallel_begin(&t->core, count, count_task, &all);
			for (int k = 0; k < i % 3; k++)
				sched_yield();
			REQUIRE_OK(ml_parallel_end(&t->core));
			for (int64_t task = 0; task < TASKS; task++)
				CHECK_INT(all.ran[task], task < count ? 1 : 0);
			CHECK_INT(all.crowded, 0);
			CHECK_INT(all.unblocked, 0);
		}
		ml_pool_close(&t->core);
	}
}

static void
others_do_it_meanwhile(test_host *t)
{
	tally all = {.fail_from = TASKS, .seats = 2};

	t->core.threads = 2;
	REQUIRE_OK(ml_pool_open(&t->core));
	ml_parallel_begin(&t->core, TASKS, count_task, &all);
	while (atomic_load(&all.started) < TASKS)
		sched_yield();
	REQUIRE_OK(ml_parallel_end(&t->core));
	CHECK_INT(all.started, TASKS);
}

static void
gives_up_a_loop_without_end(test_host *t)
{
	for (int threads = 1; threads <= 4; threads++)
		for (int wait = 0; wait < 2; wait++)
		{
			tally all = {.fail_from = TASKS, .seats = threads, .until_stopped = true};

			t->core.threads = threads;
			REQUIRE_OK(ml_pool_open(&t->core));
			ml_parallel_begin(&t->core, TASKS, count_task, &all);
			while (wait && threads > 1 && atomic_load(&all.started) == 0)
				sched_yield();
			ml_pool_close(&t->core);
			CHECK(all.started < threads);
			CHECK_INT(test_threads, 0);
		}
}

static void
stops_at_the_end(test_host *t)
{
	for (int threads = 1; threads <= 3; threads++)
	{
		tally all = {.fail_from = TASKS, .seats = threads, .until_stopped = true};
		tally after = {.fail_from = 3, .failure = ML_SINGULAR, .seats = threads};

		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		t->questions = 0;
		t->stop_at = 5;
		ml_parallel_begin(&t->core, TASKS, count_task, &all);
		CHECK(ml_parallel_end(&t->core) == ML_STOPPED);
		CHECK(all.started <= threads);
		t->stop_at = 0;
		ml_parallel_begin(&t->core, TASKS, count_task, &after);
		CHECK(ml_parallel_end(&t->core) == ML_SINGULAR);
		ml_pool_close(&t->core);
	}
}

/* Lasts on any but the main thread until the stop; the main one waits for such a task to begin. */
static ml_status
outlast(void *work, int64_t task, ml_worker *worker)
{
	_Atomic int *others = work;

	(void) task;
	if (worker->index > 0)
		atomic_fetch_add(others, 1);
	while (worker->index > 0 ? !ml_worker_stop(worker) : atomic_load(others) == 0)
		sched_yield();
	return ML_OK;
}

static void
asks_while_it_waits(test_host *t)
{
	_Atomic int others = 0;

	t->core.threads = 2;
	t->stop_at = 20; /* three tasks alone ask three times */
	REQUIRE_OK(ml_pool_open(&t->core));
	CHECK(ml_parallel(&t->core, 3, outlast, &others) == ML_STOPPED);
	CHECK(others > 0);
}

typedef struct relay
{
	int64_t turn; /* of tasks; one thread at a time */
	int64_t out_of_turn;
} relay;

/* Tasks take turns, whoever runs them. */
static ml_status
take_turn(void *work, int64_t task, ml_worker *worker)
{
	relay *r = work;
	ml_status status = ML_OK;

	ml_pool_lock(worker);
	while (status == ML_OK && r->turn != task)
		status = ml_pool_wait(worker);
	r->out_of_turn += r->turn++ != task;
	ml_pool_tell(worker);
	ml_pool_unlock(worker);
	return status;
}

static void
takes_turns(test_host *t)
{
	for (int threads = 2; threads <= 4; threads++)
	{
		relay r = {0};

		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(ml_parallel(&t->core, TASKS, take_turn, &r));
		CHECK_INT(r.turn, TASKS);
		CHECK_INT(r.out_of_turn, 0);
		ml_pool_close(&t->core);
	}
}

/* What the tasks wait for never comes. */
static ml_status
wait_in_vain(void *work, int64_t task, ml_worker *worker)
{
	ml_status status = ML_OK;

	(void) work;
	(void) task;
	ml_pool_lock(worker);
	while (status == ML_OK)
		status = ml_pool_wait(worker);
	ml_pool_unlock(worker);
	return status;
}

static void
asks_while_tasks_wait(test_host *t)
{
	t->core.threads = 3;
	t->stop_at = 12;
	REQUIRE_OK(ml_pool_open(&t->core));
	CHECK(ml_parallel(&t->core, 3, wait_in_vain, NULL) == ML_STOPPED);
}

static void
notices_refused_memory(test_host *t)
{
	t->refuse_at = 1;
	t->core.threads = 3;
	CHECK(ml_pool_open(&t->core) == ML_MEMORY);
	CHECK(t->core.pool == NULL);
	CHECK_INT(test_threads, 0);
}

static void
keeps_the_callers_signals(test_host *t)
{
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	t->core.threads = 4;
	REQUIRE_OK(ml_pool_open(&t->core));
	ml_pool_close(&t->core);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < 32; signal++)
		CHECK_INT(sigismember(&before, signal), sigismember(&after, signal));
}

TEST_MAIN({runs_every_task_once,
           "every task runs once, on a seat of its own, signals blocked"},
          {works_without_a_pool, "without a pool tasks run one after the other"},
          {works_with_the_threads_there_are,
           "threads the system refuses are done without"},
          {takes_no_more_than_its_seats, "no more threads than there are seats"},
          {answers_the_failure,
           "the status of a failed task is answered, and no more are begun"},
          {stops_from_any_question_on, "a stop at any question ends the loop"},
          {leaves_a_loop_to_the_threads, "a loop that was begun is whole at its end"},
          {others_do_it_meanwhile, "between begin and end others are at work"},
          {gives_up_a_loop_without_end, "a loop without an end ends with the pool"},
          {stops_at_the_end, "the end of a loop answers stop and failure"},
          {asks_while_it_waits, "stop is asked while waiting for other threads"},
          {takes_turns, "tasks wait for each other's changes"},
          {asks_while_tasks_wait, "stop is asked while tasks wait"},
          {notices_refused_memory, "a pool that gets no memory starts no thread"},
          {keeps_the_callers_signals, "the caller's signal mask is as before"})
