/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_cholesky.c: the factor against its definition, at sizes around the blocks' 128.
 *
 * Tolerance: L L' is off A by at most (n + 1) eps times the diagonal (Higham, Accuracy and
 * Stability, 2002, theorem 10.3).
 */
#include "blas.h"

static const int size_of[] = {1, 2, 5, 33, 127, 128, 129, 200, 256, 257, 300};
#define SIZES ((int) (sizeof size_of / sizeof *size_of))

typedef enum kind
{
	WHOLE,
	SUM,      /* column d is the sum of the first and the one before it */
	MULTIPLE, /* a multiple of another */
	ZERO,
	KINDS
} kind;

/* The lower triangle of x'x for rows x n random numbers; rubbish above it. */
static double *
random_gram(test_host *t, int n, int d, kind how, uint64_t *state)
{
	int rows = 2 * n + 20;
	double *x = ml_alloc_array(&t->core, (int64_t) rows * n, sizeof *x);
	double *a = ml_alloc_array(&t->core, (int64_t) n * n, sizeof *a);

	for (int row = 0; row < rows; row++)
	{
		double *line = x + (int64_t) row * n;

		for (int c = 0; c < n; c++)
			line[c] = test_normal(state);
		if (how == SUM)
			line[d] = d == 0 ? 0 : line[0] + line[d - 1];
		else if (how == MULTIPLE)
			line[d] = d == 0 ? 0 : 1e6 * line[d / 2];
		else if (how == ZERO)
			line[d] = 0;
	}
	ml_gram_add(NULL, n, rows, x, a);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			a[i * n + j] = NAN;
	return a;
}

static double *
copy_of(test_host *t, const double *a, int64_t count)
{
	double *copy = ml_alloc_array(&t->core, count, sizeof *copy);

	memcpy(copy, a, (size_t) count * sizeof *copy);
	return copy;
}

static void
check_factor(const double *l, const double *a, int n)
{
	for (int i = 0; i < n; i++)
	{
		CHECK(l[i * n + i] > 0);
		for (int j = 0; j <= i; j++)
		{
			long double sum = 0;

			for (int k = 0; k <= j; k++)
				sum += (long double) l[i * n + k] * l[j * n + k];
			CHECK_NEAR(sum, a[i * n + j],
			           (n + 1) * DBL_EPSILON * sqrt(a[i * n + i] * a[j * n + j]));
		}
	}
}

static void
check_sizes(test_host *t)
{
	uint64_t state = 121;

	for (int s = 0; s < SIZES; s++)
	{
		int n = size_of[s], dependent = 0;
		double *a = random_gram(t, n, 0, WHOLE, &state);
		double *l = copy_of(t, a, (int64_t) n * n);

		REQUIRE_OK(ml_cholesky(&t->core, n, l, 1e-12, &dependent));
		CHECK_INT(dependent, -1);
		check_factor(l, a, n);
	}
}

static void
factors(test_host *t)
{
	check_sizes(t);
}

static void
factors_by_blas(test_host *t)
{
	t->core.blas = test_blas();
	check_sizes(t);
}

static void
check_dependents(test_host *t)
{
	static const int place[] = {0, 1, 2, 5, 126, 127, 128, 129, 200, 255, 256, 257, 299};
	static const int size[] = {6, 130, 300};
	uint64_t state = 122;

	for (int s = 0; s < 3; s++)
		for (int p = 0; p < 13 && place[p] < size[s]; p++)
			for (kind how = SUM; how < KINDS; how++)
			{
				int dependent = -1;
				double *a = random_gram(t, size[s], place[p], how, &state);

				REQUIRE_OK(ml_cholesky(&t->core, size[s], a, 1e-9, &dependent));
				CHECK_INT(dependent, place[p]);
			}
}

static void
names_the_dependent(test_host *t)
{
	check_dependents(t);
}

static void
names_the_dependent_by_blas(test_host *t)
{
	t->core.blas = test_blas();
	check_dependents(t);
}

/* The tolerance is the share of a column that those before it leave unexplained. */
static void
keeps_to_the_tolerance(test_host *t)
{
	for (double share = 1e-3; share > 1e-8; share /= 10)
		for (int above = 0; above < 2; above++)
		{
			double a[4] = {1, NAN, sqrt(1 - share), 1};
			int dependent = 0;

			REQUIRE_OK(ml_cholesky(&t->core, 2, a, above ? share / 1.1 : share * 1.1,
			                       &dependent));
			CHECK_INT(dependent, above ? -1 : 1);
		}
}

static void
stops_at_a_nan(test_host *t)
{
	for (int by_blas = 0; by_blas < 2; by_blas++)
		for (int d = 0; d < 260; d += 37)
		{
			double *a = ml_alloc_array(&t->core, 260 * 260, sizeof *a);
			int dependent = 0;

			t->core.blas = by_blas ? test_blas() : NULL;
			for (int i = 0; i < 260; i++)
				a[261 * i] = i == d ? NAN : 1;
			REQUIRE_OK(ml_cholesky(&t->core, 260, a, 1e-9, &dependent));
			CHECK_INT(dependent, d);
		}
}

static void
does_not_know_the_threads(test_host *t)
{
	uint64_t state = 123;
	double *a = random_gram(t, 300, 0, WHOLE, &state), *first = NULL;

	for (int threads = 1; threads <= 4; threads++)
	{
		double *l = copy_of(t, a, 300 * 300);
		int dependent;

		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(ml_cholesky(&t->core, 300, l, 1e-9, &dependent));
		ml_pool_close(&t->core);
		first = first == NULL ? l : first;
		for (int i = 0; i < 300; i++)
			for (int j = 0; j <= i; j++)
				CHECK_SAME(l[i * 300 + j], first[i * 300 + j]);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	uint64_t state = 124;
	double *a = random_gram(t, 300, 0, WHOLE, &state);
	int dependent;

	for (int64_t k = 1;; k++)
	{
		ml_status status;

		t->questions = 0;
		t->stop_at = k;
		status = ml_cholesky(&t->core, 300, copy_of(t, a, 300 * 300), 1e-9, &dependent);
		CHECK_INT(status, t->questions >= k ? ML_STOPPED : ML_OK);
		if (status == ML_OK)
			break;
	}
	t->stop_at = 0;
	t->refuse_at = t->asked + 1;
	CHECK_INT(ml_cholesky(&t->core, 300, a, 1e-9, &dependent), ML_MEMORY);
}

TEST_MAIN({factors, "the factor's product is the matrix, at every size"},
          {factors_by_blas, "so it is by BLAS"},
          {names_the_dependent, "the first dependent column is named"},
          {names_the_dependent_by_blas, "BLAS names the same one"},
          {keeps_to_the_tolerance, "a column is dependent from the tolerance on"},
          {stops_at_a_nan, "a NaN is a dependent column"},
          {does_not_know_the_threads, "any number of threads gives the same bits"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
