/* SPDX-License-Identifier: PostgreSQL */
/*
 * test.h: the harness of the core's unit tests.
 *
 * A test is a function that gets a fresh host.  Every piece of memory is a malloc of its
 * own, filled with rubbish, so that the sanitizers see both its ends and nobody relies on
 * zeros; the host can refuse one allocation, say stop from some question on, and knows
 * which thread may talk to it.  TEST_MAIN runs a table of tests and prints TAP.
 *
 * A binary links with --wrap=pthread_create,--wrap=pthread_join, so that threads left
 * behind are seen, and threads can be refused.
 */
#ifndef TEST_H
#define TEST_H

#include "judge/judge.h"

#include <float.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_DIAGNOSTICS 10 /* failed checks of one test that are printed */

typedef struct test_host
{
	ml_host core; /* what the core is handed */
	void **piece;
	int64_t pieces;
	int64_t piece_room;
	int64_t asked;     /* allocations so far */
	int64_t refuse_at; /* the allocation, from 1, that is refused; 0: none */
	bool refused;
	int64_t questions; /* "stop?" so far */
	int64_t stop_at;   /* from this question on the answer is yes; 0: never */
	double bytes;      /* handed out so far */
	pthread_t thread;  /* the only one that may call */
	int strangers;     /* calls by others */
	int reports;       /* of progress */
	int odd_reports;   /* past their total, or less than nothing */
	int64_t branch[4]; /* pieces there were when the branch was opened */
	int branches;
} test_host;

static int test_failures; /* of the test that runs */
static int test_threads;  /* running, the main one not counted */
static int test_thread_limit = 1 << 20;
static sigjmp_buf test_leave;
static const char *test_skipped;

extern int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                 void *(*start)(void *), void *argument);
extern int __real_pthread_join(pthread_t thread, void **result);
extern int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                 void *(*start)(void *), void *argument);
extern int __wrap_pthread_join(pthread_t thread, void **result);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*start)(void *), void *argument)
{
	int error = test_threads < test_thread_limit ? 0 : EAGAIN;

	if (error == 0)
		error = __real_pthread_create(thread, attributes, start, argument);
	test_threads += error == 0;
	return error;
}

int
__wrap_pthread_join(pthread_t thread, void **result)
{
	test_threads--;
	return __real_pthread_join(thread, result);
}

static inline bool
test_check(bool holds, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (holds)
		return true;
	if (test_failures++ >= TEST_DIAGNOSTICS)
		return false;
	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	return false;
}

static inline bool
test_same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static inline bool
test_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
	return test_check(got == want, file, line, "%s is %lld, not %lld", what,
	                  (long long) got, (long long) want);
}

static inline bool
test_near(double got, double want, double tolerance, const char *file, int line,
          const char *what)
{
	return test_check(fabs(got - want) <= tolerance, file, line,
	                  "%s is %.17g, not %.17g to %g", what, got, want, tolerance);
}

static inline bool
test_same_number(double got, double want, const char *file, int line, const char *what)
{
	return test_check(test_same(got, want), file, line, "%s is %.17g, not %.17g", what,
	                  got, want);
}

/* Notes a claim that does not hold, and goes on. */
#define CHECK(claim) test_check((claim), __FILE__, __LINE__, "%s", #claim)

/* The same, and leaves the test. */
#define REQUIRE(claim)                                                                   \
	do                                                                                   \
	{                                                                                    \
		if (!CHECK(claim))                                                               \
			siglongjmp(test_leave, 1);                                                   \
	} while (0)

#define CHECK_INT(got, want) test_int((got), (want), __FILE__, __LINE__, #got)

#define CHECK_NEAR(got, want, tolerance)                                                 \
	test_near((double) (got), (double) (want), (double) (tolerance), __FILE__, __LINE__, \
	          #got)

/* Near in relation to the size of what is wanted. */
#define CHECK_CLOSE(got, want, tolerance)                                                \
	CHECK_NEAR(got, want, (tolerance) *fabs((double) (want)))

/* The same bits, but for the bits of a NaN. */
#define CHECK_SAME(got, want) test_same_number((got), (want), __FILE__, __LINE__, #got)

#define REQUIRE_OK(call)                                                                 \
	do                                                                                   \
	{                                                                                    \
		ml_status status_ = (call);                                                      \
		if (!test_check(status_ == ML_OK, __FILE__, __LINE__, "%s answers status %d",    \
		                #call, (int) status_))                                           \
			siglongjmp(test_leave, 1);                                                   \
	} while (0)

static inline void
test_skip(const char *reason)
{
	test_skipped = reason;
	siglongjmp(test_leave, 1);
}

static inline void
test_own_thread(test_host *t)
{
	if (!pthread_equal(t->thread, pthread_self()))
		t->strangers++;
}

static void *
test_alloc(void *context, size_t size)
{
	test_host *t = context;
	void *memory;

	test_own_thread(t);
	if (++t->asked == t->refuse_at)
	{
		t->refused = true;
		return NULL;
	}
	if (t->pieces == t->piece_room)
	{
		t->piece_room = t->piece_room > 0 ? 2 * t->piece_room : 256;
		t->piece = realloc(t->piece, (size_t) t->piece_room * sizeof *t->piece);
	}
	memory = malloc(size);
	if (memory == NULL)
		return NULL;
	memset(memory, 0xa5, size);
	t->bytes += (double) size;
	return t->piece[t->pieces++] = memory;
}

static bool
test_stop(void *context)
{
	test_host *t = context;

	test_own_thread(t);
	t->questions++;
	return t->stop_at > 0 && t->questions >= t->stop_at;
}

static void
test_progress(void *context, ml_stage stage, double done, double total)
{
	test_host *t = context;

	test_own_thread(t);
	(void) stage;
	t->reports++;
	if (!(done >= 0 && done <= total))
		t->odd_reports++;
}

static bool
test_branch(void *context)
{
	test_host *t = context;

	test_own_thread(t);
	if (++t->asked == t->refuse_at)
	{
		t->refused = true;
		return false;
	}
	t->branch[t->branches++] = t->pieces;
	return true;
}

/* Gives back what is younger than the branch, for the sanitizers to watch. */
static void *
test_prune(void *context, const void *keep, size_t size)
{
	test_host *t = context;
	int64_t first = t->branch[--t->branches], pieces = t->pieces;
	void *copy = keep != NULL ? test_alloc(context, size) : NULL;

	if (copy != NULL)
		memcpy(copy, keep, size);
	for (int64_t i = first; i < pieces; i++)
		free(t->piece[i]);
	t->pieces = first;
	if (copy != NULL)
		t->piece[t->pieces++] = copy;
	return copy;
}

static inline ml_host *
test_open(test_host *t)
{
	*t = (test_host){.thread = pthread_self()};
	t->core = (ml_host){.alloc = test_alloc,
	                    .stop = test_stop,
	                    .progress = test_progress,
	                    .branch = test_branch,
	                    .prune = test_prune,
	                    .context = t,
	                    .threads = 1,
	                    .fault = {.row = -1, .column = -1}};
	return &t->core;
}

/* Frees what the core was given; threads and callbacks must be in order. */
static inline void
test_close(test_host *t)
{
	ml_pool_close(&t->core);
	test_check(test_threads == 0, __FILE__, __LINE__, "%d threads are left behind",
	           test_threads);
	test_check(t->strangers == 0, __FILE__, __LINE__, "%d callbacks by other threads",
	           t->strangers);
	test_check(t->odd_reports == 0, __FILE__, __LINE__, "%d odd reports of progress",
	           t->odd_reports);
	test_check(t->branches == 0, __FILE__, __LINE__, "%d branches are left open",
	           t->branches);
	for (int64_t i = 0; i < t->pieces; i++)
		free(t->piece[i]);
	free(t->piece);
	t->piece = NULL;
	t->pieces = t->piece_room = 0;
}

/*
 * A way into the core that is gone again and again, while each of its allocations is refused in
 * turn, then each of its questions answered by stop, until it comes to its end:
 *
 *	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
 *	{
 *		test_try(t, &trial);
 *		status = ...;
 *		test_tried(t, &trial, status);
 *	}
 */
typedef struct test_trial
{
	bool refusals; /* still to be tried */
	bool stops;
	bool done;
	int64_t sparse; /* from that many on not each is tried; 0: all are */
	int64_t at;     /* the one that is tried, from 1 */
} test_trial;

static inline void
test_try(test_host *t, test_trial *trial)
{
	trial->at += 1 + (trial->sparse > 0 ? trial->at / trial->sparse : 0);
	t->refused = false;
	t->refuse_at = trial->refusals ? t->asked + trial->at : 0;
	t->stop_at = trial->refusals ? 0 : t->questions + trial->at;
}

#define test_tried(t, trial, status)                                                     \
	test_tried_at((t), (trial), (status), __FILE__, __LINE__)

/* Was it answered as it must be?  Nothing more is refused, then. */
static inline void
test_tried_at(test_host *t, test_trial *trial, ml_status status, const char *file,
              int line)
{
	bool met = trial->refusals ? t->refused : t->questions >= t->stop_at;
	ml_status want = !met ? ML_OK : trial->refusals ? ML_MEMORY : ML_STOPPED;

	test_check(status == want, file, line, "%s %lld: status %d, not %d",
	           trial->refusals ? "refusal" : "stop", (long long) trial->at, (int) status,
	           (int) want);
	t->refuse_at = t->stop_at = 0;
	if (met)
		return;
	trial->done = !trial->refusals || !trial->stops;
	trial->refusals = false;
	if (!trial->done)
		trial->at = 0;
}

/* SplitMix64: the same numbers on every machine. */
static inline uint64_t
test_random(uint64_t *state)
{
	return ml_hash_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static inline double
test_uniform(uint64_t *state)
{
	return (double) (test_random(state) >> 11) * 0x1p-53;
}

/* Near enough to normal: the sum of twelve uniform numbers. */
static inline double
test_normal(uint64_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += test_uniform(state);
	return sum;
}

static inline int64_t
test_below(uint64_t *state, int64_t limit)
{
	return (int64_t) (test_random(state) % (uint64_t) limit);
}

static inline ml_text
test_text(const char *word)
{
	return (ml_text){word, (int32_t) strlen(word)};
}

static inline bool
test_same_bytes(ml_bytes a, ml_bytes b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

typedef struct test_case
{
	void (*run)(test_host *t);
	const char *claim;
} test_case;

static inline bool
test_run(int number, const test_case *test)
{
	static test_host t; /* outlives the jump */

	test_failures = 0;
	test_skipped = NULL;
	test_thread_limit = 1 << 20;
	test_open(&t);
	if (sigsetjmp(test_leave, 0) == 0)
		test->run(&t);
	test_close(&t);
	printf("%sok %d - %s%s%s\n", test_failures > 0 ? "not " : "", number, test->claim,
	       test_skipped != NULL ? " # SKIP " : "",
	       test_skipped != NULL ? test_skipped : "");
	fflush(stdout);
	return test_failures == 0;
}

#define TEST_MAIN(...)                                                                   \
	int main(void)                                                                       \
	{                                                                                    \
		static const test_case test[] = {__VA_ARGS__};                                   \
		bool fine = true;                                                                \
		for (size_t i = 0; i < sizeof test / sizeof *test; i++)                          \
			fine &= test_run((int) i + 1, &test[i]);                                     \
		return fine ? 0 : 1;                                                             \
	}

#endif
