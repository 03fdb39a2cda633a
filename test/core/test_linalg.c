/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_linalg.c: dense operations against their definitions, and BLAS against its twin.
 *
 * Tolerances: a sum of n products in double precision is off by at most n eps times the
 * sum of their absolute values (Higham, Accuracy and Stability, 2002, section 3.1); the
 * matrices here have entries near one and at most 200 rows and 60 columns.
 */
#include "blas.h"

#define MAX_COLS 60
#define MAX_ROWS 200
#define ROUNDING (MAX_ROWS * DBL_EPSILON * 8)

static const int cols_of[] = {1, 2, 3, 7, 16, 33, MAX_COLS};
static const int rows_of[] = {1, 2, 5, 64, MAX_ROWS};

static double *
random_matrix(ml_host *host, int rows, int cols, uint64_t *state)
{
	double *matrix = ml_alloc_array(host, (int64_t) rows * cols, sizeof *matrix);

	for (int i = 0; i < rows * cols; i++)
		matrix[i] = test_normal(state);
	return matrix;
}

static double *
zeros(ml_host *host, int64_t count)
{
	return ml_alloc_array(host, count, sizeof(double));
}

static long double
gram_entry(const double *x, int rows, int cols, int i, int j)
{
	long double sum = 0;

	for (int row = 0; row < rows; row++)
		sum += (long double) x[row * cols + i] * x[row * cols + j];
	return sum;
}

/* The lower triangle of l l' against that of the Gram matrix of x. */
static void
check_factor(const double *l, const double *x, int rows, int cols)
{
	for (int i = 0; i < cols; i++)
	{
		CHECK(l[i * cols + i] >= 0);
		for (int j = 0; j <= i; j++)
		{
			long double sum = 0;

			for (int k = 0; k <= j; k++)
				sum += (long double) l[i * cols + k] * l[j * cols + k];
			CHECK_NEAR(sum, gram_entry(x, rows, cols, i, j), rows * ROUNDING);
		}
	}
}

/* Runs a check for every size, without and, where there is one, with BLAS. */
static void
for_sizes(test_host *t, const ml_blas *blas,
          void (*check)(ml_host *host, const ml_blas *blas, int rows, int cols,
                        uint64_t *state))
{
	uint64_t state = 21;

	for (size_t c = 0; c < sizeof cols_of / sizeof *cols_of; c++)
		for (size_t r = 0; r < sizeof rows_of / sizeof *rows_of; r++)
			check(&t->core, blas, rows_of[r], cols_of[c], &state);
}

static void
check_gram(ml_host *host, const ml_blas *blas, int rows, int cols, uint64_t *state)
{
	double *x = random_matrix(host, rows, cols, state);
	double *gram = zeros(host, (int64_t) cols * cols);

	gram[0] = 3;
	ml_gram_add(blas, cols, rows, x, gram);
	for (int i = 0; i < cols; i++)
		for (int j = 0; j < cols; j++)
			CHECK_NEAR(gram[i * cols + j],
			           j > i ? 0 : gram_entry(x, rows, cols, i, j) + (i + j == 0 ? 3 : 0),
			           rows * ROUNDING);
}

static void
gram_is_right(test_host *t)
{
	for_sizes(t, NULL, check_gram);
}

static void
gram_by_blas_is_the_same(test_host *t)
{
	for_sizes(t, test_blas(), check_gram);
}

/* L x = b and L' x = b, held against the products. */
static void
check_solve(ml_host *host, const ml_blas *blas, int rows, int cols, uint64_t *state)
{
	double *l = random_matrix(host, cols, cols, state);
	double *right = random_matrix(host, 1, cols, state);

	(void) blas;
	(void) rows;
	/* a strong diagonal, so that rounding is not blown up */
	for (int i = 0; i < cols; i++)
		l[i * cols + i] = cols + fabs(l[i * cols + i]);
	for (int transposed = 0; transposed < 2; transposed++)
	{
		double *x = zeros(host, cols);

		memcpy(x, right, (size_t) cols * sizeof *x);
		if (transposed)
			ml_solve_lower_transposed(cols, l, x);
		else
			ml_solve_lower(cols, l, x);
		for (int i = 0; i < cols; i++)
		{
			long double sum = 0;

			for (int j = 0; j < cols; j++)
				if (transposed ? j >= i : j <= i)
					sum +=
					    (long double) (transposed ? l[j * cols + i] : l[i * cols + j]) *
					    x[j];
			CHECK_NEAR(sum, right[i], ROUNDING);
		}
	}
}

/* Rows taken in pieces of any size give the factor of all of them. */
static void
check_qr(ml_host *host, const ml_blas *blas, int rows, int cols, uint64_t *state)
{
	double *x = random_matrix(host, rows, cols, state);
	double *block = zeros(host, (int64_t) rows * cols);
	double *l = zeros(host, (int64_t) cols * cols);
	double *work = zeros(host, ml_qr_work(cols, rows));
	double *once = zeros(host, (int64_t) cols * cols);

	for (int row = 0, next; row < rows; row = next)
	{
		next = row + 1 + (int) test_below(state, rows - row);
		memcpy(block, x + row * cols, (size_t) ((next - row) * cols) * sizeof *x);
		ml_qr_add(blas, cols, next - row, block, l, work);
	}
	check_factor(l, x, rows, cols);
	for (int i = 0; i < cols; i++)
		for (int j = i + 1; j < cols; j++)
			CHECK(l[i * cols + j] == 0);
	memcpy(block, x, (size_t) (rows * cols) * sizeof *x);
	ml_qr_add(blas, cols, rows, block, once, work);
	check_factor(once, x, rows, cols);
}

static void
qr_factors(test_host *t)
{
	for_sizes(t, NULL, check_qr);
}

static void
qr_by_blas_factors(test_host *t)
{
	for_sizes(t, test_blas(), check_qr);
}

/* With columns of nothing but zeros, and with equal columns, the triangle stays a factor. */
static void
check_deficient(ml_host *host, const ml_blas *blas, int rows, int cols, uint64_t *state)
{
	double *x = random_matrix(host, rows, cols, state);
	double *block = zeros(host, (int64_t) rows * cols);
	double *l = zeros(host, (int64_t) cols * cols);

	for (int row = 0; row < rows; row++)
	{
		x[row * cols + cols / 2] = 0;
		x[row * cols + cols - 1] = x[row * cols];
	}
	memcpy(block, x, (size_t) (rows * cols) * sizeof *x);
	ml_qr_add(blas, cols, rows, block, l, zeros(host, ml_qr_work(cols, rows)));
	check_factor(l, x, rows, cols);
}

static void
qr_bears_dependent_columns(test_host *t)
{
	for_sizes(t, NULL, check_deficient);
}

static void
qr_by_blas_bears_dependent_columns(test_host *t)
{
	for_sizes(t, test_blas(), check_deficient);
}

/* With columns 1 and 1 + 1e-7 z the Gram matrix has lost z to rounding, the triangle has it. */
static void
qr_keeps_what_gram_loses(test_host *t)
{
	double x[200], l[4] = {0}, work[1000];
	uint64_t state = 24;
	double mean = 0, squares = 0;

	(void) t;
	for (int i = 0; i < 100; i++)
	{
		x[2 * i] = 1;
		x[2 * i + 1] = 1 + 1e-7 * test_normal(&state);
		mean += (x[2 * i + 1] - 1) / 100;
	}
	for (int i = 0; i < 100; i++)
		squares += (x[2 * i + 1] - 1 - mean) * (x[2 * i + 1] - 1 - mean);
	REQUIRE(ml_qr_work(2, 100) <= 1000);
	ml_qr_add(NULL, 2, 100, x, l, work);
	/* the condition number is 1e7: seven of sixteen digits are lost, not fourteen */
	CHECK_CLOSE(l[3], sqrt(squares), 1e-7);
}

static void
solves_triangles(test_host *t)
{
	for_sizes(t, NULL, check_solve);
}

TEST_MAIN({solves_triangles, "triangles are solved both ways"},
          {gram_is_right, "Gram matrix is right"},
          {gram_by_blas_is_the_same, "Gram matrix by BLAS is right"},
          {qr_factors, "QR in pieces of any size is the factor of all rows"},
          {qr_by_blas_factors, "QR by LAPACK is the factor of all rows"},
          {qr_bears_dependent_columns, "QR bears columns of zeros and equal columns"},
          {qr_by_blas_bears_dependent_columns, "QR by LAPACK bears them too"},
          {qr_keeps_what_gram_loses, "QR keeps digits that the Gram matrix loses"})
