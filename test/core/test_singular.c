/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_singular.c: condition numbers of triangles whose singular values are known.
 */
#include "test.h"

/* L of the QR-like factor of a matrix with given singular values: Householder's H S H', then L L'. */
static void
make_triangle(test_host *t, int n, double least, double *l)
{
	double *v = ml_alloc_array(&t->core, n, sizeof *v), square = 0;
	int dependent;

	for (int i = 0; i < n; i++)
	{
		v[i] = 1 + cos(2.0 * i);
		square += v[i] * v[i];
	}
	/* (H D H)_ij of H = I - 2 v v' / v'v and D from 1 down to least^2 */
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			long double sum = 0;

			for (int k = 0; k < n; k++)
			{
				long double d = powl(least, 2.0L * k / (n - 1));
				long double hik = (i == k) - 2.0L * v[i] * v[k] / square;
				long double hjk = (j == k) - 2.0L * v[j] * v[k] / square;

				sum += hik * d * hjk;
			}
			l[i * n + j] = (double) sum;
		}
	REQUIRE_OK(ml_cholesky(&t->core, n, l, 0, &dependent));
	CHECK_INT(dependent, -1);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			l[i * n + j] = 0;
}

static void
knows_the_condition(test_host *t)
{
	static const int size[] = {2, 5, 48, 49, 120};
	static const double least[] = {1, 0.5, 1e-2, 1e-5};

	for (size_t s = 0; s < sizeof size / sizeof *size; s++)
		for (size_t k = 0; k < sizeof least / sizeof *least; k++)
		{
			int n = size[s];
			double *l = ml_alloc_array(&t->core, (int64_t) n * n, sizeof *l), condition;

			make_triangle(t, n, least[k], l);
			REQUIRE_OK(ml_condition(&t->core, n, l, &condition));
			/* squaring has cost half of the digits that the condition leaves */
			CHECK_CLOSE(condition, 1 / least[k],
			            (n <= 48 ? 1e-13 : 1e-3) + 1e-14 / (least[k] * least[k]));
		}
}

/* Graded rows keep their small singular values: [1 0; 0 1e-100]. */
static void
bears_any_grading(test_host *t)
{
	double l[] = {1, 0, 0, 1e-100}, singular[] = {1, 0, 1, 0}, condition;

	REQUIRE_OK(ml_condition(&t->core, 2, l, &condition));
	CHECK_CLOSE(condition, 1e100, 1e-12);
	REQUIRE_OK(ml_condition(&t->core, 2, singular, &condition));
	CHECK(isinf(condition));
}

static void
stops_and_notices_refusals(test_host *t)
{
	double *l = ml_alloc_array(&t->core, 60 * 60, sizeof *l), condition;

	make_triangle(t, 60, 0.1, l);
	t->refuse_at = t->asked + 1;
	CHECK_INT(ml_condition(&t->core, 60, l, &condition), ML_MEMORY);
	t->refuse_at = 0;
	t->stop_at = t->questions + 1;
	CHECK_INT(ml_condition(&t->core, 60, l, &condition), ML_STOPPED);
	t->stop_at = 0;
	make_triangle(t, 20, 0.1, l);
	t->stop_at = t->questions + 1;
	CHECK_INT(ml_condition(&t->core, 20, l, &condition), ML_STOPPED);
}

TEST_MAIN({knows_the_condition, "condition numbers of known spectra"},
          {bears_any_grading, "so are graded and singular ones"},
          {stops_and_notices_refusals, "a stop and a refusal are noticed"})
