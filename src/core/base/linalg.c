/* SPDX-License-Identifier: PostgreSQL */
/*
 * linalg.c: dense matrix operations by BLAS and LAPACK, or portably.
 *
 * A row-major matrix is its transpose to Fortran: rows x cols of ours is a
 * cols x rows matrix there, our lower triangle is its upper one.  So
 * block' block is dsyrk without transposition, and the R of our QR is the
 * transposed L of its LQ factorization.
 */
#include "base/base.h"

#include <math.h>
#include <string.h>

static void
gram_add_portable(int cols, int rows, const double *block, double *gram)
{
	for (int row = 0; row < rows; row++)
	{
		const double *x = block + (int64_t) row * cols;

		for (int i = 0; i < cols; i++)
		{
			double xi = x[i];
			double *out = gram + (int64_t) i * cols;

			for (int j = 0; j <= i; j++)
				out[j] += xi * x[j];
		}
	}
}

void
ml_gram_add(const ml_blas *blas, int cols, int rows, const double *block, double *gram)
{
	const double one = 1;

	if (blas == NULL)
		gram_add_portable(cols, rows, block, gram);
	else
		blas->dsyrk("U", "N", &cols, &rows, &one, block, &cols, &one, gram, &cols);
}

void
ml_columns_gram(const ml_blas *blas, const ml_columns *block, double *gram, int side)
{
	const double one = 1;

	if (blas != NULL)
	{
		blas->dsyrk("L", "T", &block->cols, &block->rows, &one, block->x, &block->stride,
		            &one, gram, &side);
		return;
	}
	for (int i = 0; i < block->cols; i++)
		for (int j = i; j < block->cols; j++)
		{
			const double *x = block->x + (int64_t) i * block->stride;
			const double *y = block->x + (int64_t) j * block->stride;
			double sum = 0;

			for (int row = 0; row < block->rows; row++)
				sum += x[row] * y[row];
			gram[(int64_t) i * side + j] += sum;
		}
}

void
ml_columns_predict(const ml_blas *blas, const ml_columns *block, const double *beta,
                   double *out)
{
	const double one = 1;

	if (blas != NULL)
	{
		blas->dgemm("N", "N", &block->rows, &block->vectors, &block->cols, &one, block->x,
		            &block->stride, beta, &block->apart, &one, out, &block->stride);
		return;
	}
	for (int v = 0; v < block->vectors; v++)
		for (int c = 0; c < block->cols; c++)
		{
			const double *x = block->x + (int64_t) c * block->stride;
			double factor = beta[(int64_t) v * block->apart + c];

			for (int row = 0; factor != 0 && row < block->rows; row++)
				out[(int64_t) v * block->stride + row] += factor * x[row];
		}
}

void
ml_columns_project(const ml_blas *blas, const ml_columns *block, const double *out,
                   double *beta)
{
	const double one = 1;

	if (blas != NULL)
	{
		blas->dgemm("T", "N", &block->cols, &block->vectors, &block->rows, &one, block->x,
		            &block->stride, out, &block->stride, &one, beta, &block->apart);
		return;
	}
	for (int v = 0; v < block->vectors; v++)
		for (int c = 0; c < block->cols; c++)
		{
			const double *x = block->x + (int64_t) c * block->stride;
			const double *y = out + (int64_t) v * block->stride;
			double sum = 0;

			for (int row = 0; row < block->rows; row++)
				sum += x[row] * y[row];
			beta[(int64_t) v * block->apart + c] += sum;
		}
}

void
ml_solve_lower(int n, const double *l, double *x)
{
	for (int i = 0; i < n; i++)
	{
		const double *row = l + (int64_t) i * n;
		double sum = x[i];

		for (int j = 0; j < i; j++)
			sum -= row[j] * x[j];
		x[i] = sum / row[i];
	}
}

void
ml_solve_lower_transposed(int n, const double *l, double *x)
{
	for (int i = n - 1; i >= 0; i--)
	{
		const double *row = l + (int64_t) i * n;

		x[i] /= row[i];
		for (int j = 0; j < i; j++)
			x[j] -= row[j] * x[i];
	}
}

#define QR_LWORK 64 /* doubles of LAPACK work space per column: room for its blocking */

int64_t
ml_qr_work(int cols, int rows)
{
	return (int64_t) (cols + rows) * cols + cols + (int64_t) QR_LWORK * cols;
}

#define NEGLIGIBLE 1e-280 /* a sum of squares below which its inverse would overflow */

/*
 * Householder reflections, column by column.  The triangle on top has zeros below
 * its diagonal, so a reflection touches one of its rows and all rows of the block.
 */
static void
qr_add_portable(int cols, int rows, double *block, double *l)
{
	for (int j = 0; j < cols; j++)
	{
		double top = l[(int64_t) j * cols + j], square = 0, length, u;

		for (int row = 0; row < rows; row++)
			square += block[(int64_t) row * cols + j] * block[(int64_t) row * cols + j];
		/* of a column that depends on those before it only rounding errors are left */
		if (square < NEGLIGIBLE)
			continue;
		length = sqrt(top * top + square);
		u = top > 0 ? -square / (top + length) : top - length;
		l[(int64_t) j * cols + j] = length;
		for (int k = j + 1; k < cols; k++)
		{
			double *above = &l[(int64_t) k * cols + j];
			double dot = u * *above;

			for (int row = 0; row < rows; row++)
				dot += block[(int64_t) row * cols + j] * block[(int64_t) row * cols + k];
			dot *= 2 / (u * u + square);
			*above -= dot * u;
			for (int row = 0; row < rows; row++)
				block[(int64_t) row * cols + k] -= dot * block[(int64_t) row * cols + j];
		}
	}
}

void
ml_qr_add(const ml_blas *blas, int cols, int rows, double *block, double *l, double *work)
{
	double *stack = work, *tau = work + (int64_t) (cols + rows) * cols,
	       *space = tau + cols;
	int height = cols + rows, lwork = QR_LWORK * cols, info = 0;

	if (blas == NULL)
	{
		qr_add_portable(cols, rows, block, l);
		return;
	}
	/* the triangle's transpose goes on top of the block */
	for (int i = 0; i < cols; i++)
		for (int j = 0; j < cols; j++)
			stack[(int64_t) i * cols + j] = j >= i ? l[(int64_t) j * cols + i] : 0;
	memcpy(stack + (int64_t) cols * cols, block,
	       (size_t) rows * (size_t) cols * sizeof(double));
	blas->dgelqf(&cols, &height, stack, &cols, tau, space, &lwork, &info);
	for (int i = 0; i < cols; i++)
	{
		/* a negative diagonal is turned, so that the triangle is the only one there is */
		double sign = stack[(int64_t) i * cols + i] < 0 ? -1 : 1;

		for (int j = i; j < cols; j++)
			l[(int64_t) j * cols + i] = sign * stack[(int64_t) i * cols + j];
	}
}
