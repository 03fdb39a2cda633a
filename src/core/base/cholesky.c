/* SPDX-License-Identifier: PostgreSQL */
/*
 * cholesky.c: a = L L', block by block.
 *
 * Left-looking: a block column first takes off what the columns before it explain,
 * A_ij -= L_i L_j', then its diagonal block is factored, then the blocks below are solved
 * for.  Blocks below the diagonal are tasks for the pool, small enough that the
 * host is asked to stop every few milliseconds whatever the size of the matrix.
 */
#include "base/base.h"

#include <math.h>

#define SIDE 128

typedef struct factor_work
{
	const ml_blas *blas;
	int n;
	double *a;
	int first; /* of the block column under way */
	int cols;  /* its columns */
} factor_work;

/* c[rows x cols] -= x y', x and y with so many columns in front of c; all rows are n apart. */
static void
take_off(const factor_work *work, int row, int rows, double *c)
{
	const double *x = work->a + (int64_t) row * work->n;
	const double *y = work->a + (int64_t) work->first * work->n;

	if (work->first == 0)
		return;
	if (work->blas != NULL)
	{
		const double minus = -1, one = 1;

		work->blas->dgemm("T", "N", &work->cols, &rows, &work->first, &minus, y, &work->n,
		                  x, &work->n, &one, c, &work->n);
		return;
	}
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < work->cols; j++)
			for (int k = 0; k < work->first; k++)
				c[(int64_t) i * work->n + j] -=
				    x[(int64_t) i * work->n + k] * y[(int64_t) j * work->n + k];
}

/* Factors the diagonal block; the column whose pivot is too small, or -1. */
static int
factor_diagonal(const factor_work *work, double tolerance, const double *diagonal)
{
	double *a = work->a + (int64_t) work->first * work->n + work->first;

	for (int i = 0; i < work->cols; i++)
	{
		double *row = a + (int64_t) i * work->n;

		for (int j = 0; j <= i; j++)
		{
			const double *other = a + (int64_t) j * work->n;
			double sum = row[j];

			for (int k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (j < i)
				row[j] = sum / other[j];
			else if (!(sum >
			           tolerance * diagonal[work->first + i])) /* also catches NaN */
				return work->first + i;
			else
				row[i] = sqrt(sum);
		}
	}
	return -1;
}

/* A block below the diagonal: l := (a - what is explained) L_jj'^-1. */
static ml_status
solve_block(void *argument, int64_t task, ml_worker *worker)
{
	const factor_work *work = argument;
	const double *diagonal = work->a + (int64_t) work->first * work->n + work->first;
	int row = work->first + work->cols + (int) task * SIDE;
	int rows = work->n - row < SIDE ? work->n - row : SIDE;
	double *c = work->a + (int64_t) row * work->n + work->first;

	(void) worker;
	take_off(work, row, rows, c);
	if (work->blas != NULL)
	{
		const double one = 1;

		work->blas->dtrsm("L", "U", "T", "N", &work->cols, &rows, &one, diagonal,
		                  &work->n, c, &work->n);
		return ML_OK;
	}
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < work->cols; j++)
		{
			double *x = c + (int64_t) i * work->n;

			for (int k = 0; k < j; k++)
				x[j] -= x[k] * diagonal[(int64_t) j * work->n + k];
			x[j] /= diagonal[(int64_t) j * work->n + j];
		}
	return ML_OK;
}

ml_status
ml_cholesky(ml_host *host, int n, double *a, double tolerance, int *dependent)
{
	factor_work work = {.blas = host->blas, .n = n, .a = a};
	double *diagonal;

	*dependent = -1;
	ML_NEW(host, diagonal, n);
	for (int i = 0; i < n; i++)
		diagonal[i] = a[(int64_t) i * n + i];
	for (work.first = 0; work.first < n; work.first += SIDE)
	{
		int below;

		work.cols = n - work.first < SIDE ? n - work.first : SIDE;
		take_off(&work, work.first, work.cols, a + (int64_t) work.first * n + work.first);
		*dependent = factor_diagonal(&work, tolerance, diagonal);
		if (*dependent >= 0)
			return ML_OK;
		below = n - work.first - work.cols;
		ML_TRY(ml_parallel(host, (below + SIDE - 1) / SIDE, solve_block, &work));
		if (ml_stop(host))
			return ML_STOPPED;
	}
	return ML_OK;
}
