/* SPDX-License-Identifier: PostgreSQL */
/*
 * singular.c: the condition number of a triangle.
 *
 * Small ones by one-sided Jacobi rotations: rows are rotated in pairs until all are orthogonal;
 * their lengths are the singular values, small ones as accurate in proportion as large ones (Demmel
 * and Veselic, Jacobi's method is more accurate than QR, 1992).  Larger ones by the
 * power method on X'X and on its inverse, which costs a square per step and not a cube.
 */
#include "base/base.h"

#include <float.h>
#include <math.h>

#define SMALL 48
#define MOST_SWEEPS 40
#define MOST_STEPS 500
#define SAME_LENGTH                                                                      \
	1e-10 /* relative change from step to step that ends the power method */

static double
dot(int n, const double *a, const double *b)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Makes two rows orthogonal; false if they were. */
static bool
rotate(int n, double *a, double *b)
{
	double aa = dot(n, a, a), bb = dot(n, b, b), ab = dot(n, a, b);
	double zeta, tangent, cosine, sine;

	if (!(fabs(ab) > 4 * DBL_EPSILON * sqrt(aa) * sqrt(bb)))
		return false;
	zeta = (bb - aa) / (2 * ab);
	tangent = (zeta >= 0 ? 1 : -1) / (fabs(zeta) + sqrt(1 + zeta * zeta));
	cosine = 1 / sqrt(1 + tangent * tangent);
	sine = cosine * tangent;
	for (int i = 0; i < n; i++)
	{
		double x = a[i];

		a[i] = cosine * x - sine * b[i];
		b[i] = sine * x + cosine * b[i];
	}
	return true;
}

static ml_status
by_rotations(ml_host *host, int n, double *a, double *condition)
{
	double least = INFINITY, most = 0;
	bool rotated = true;

	for (int sweep = 0; rotated && sweep < MOST_SWEEPS; sweep++)
	{
		rotated = false;
		if (ml_stop(host))
			return ML_STOPPED;
		for (int i = 0; i < n; i++)
			for (int j = i + 1; j < n; j++)
				rotated |= rotate(n, a + i * n, a + j * n);
	}
	for (int i = 0; i < n; i++)
	{
		double length = sqrt(dot(n, a + i * n, a + i * n));

		least = length < least ? length : least;
		most = length > most ? length : most;
	}
	*condition = least > 0 ? most / least : INFINITY;
	return ML_OK;
}

/* x := L x, from the last row up. */
static void
multiply_lower(int n, const double *l, double *x)
{
	for (int64_t i = n - 1; i >= 0; i--)
		x[i] = dot((int) i + 1, l + i * n, x);
}

/* x := L' x, row by row: what is above i no longer needs x_i. */
static void
multiply_lower_transposed(int n, const double *l, double *x)
{
	for (int64_t i = 0; i < n; i++)
	{
		double factor = x[i];

		x[i] = 0;
		for (int64_t j = 0; j <= i; j++)
			x[j] += factor * l[i * n + j];
	}
}

/* The largest eigenvalue of L'L, or of its inverse. */
static ml_status
largest_square(ml_host *host, int n, const double *l, bool inverse, double *x,
               double *square)
{
	double last = 0;

	/* a start that no symmetry of the columns can make orthogonal to what is sought */
	for (int i = 0; i < n; i++)
		x[i] = 1 + (double) (ml_hash_mix((uint64_t) i + 1) >> 11) / 9007199254740992.0;
	for (int step = 0; step < MOST_STEPS; step++)
	{
		double length = sqrt(dot(n, x, x));

		if (ml_stop(host))
			return ML_STOPPED;
		for (int i = 0; i < n; i++)
			x[i] /= length;
		if (inverse)
		{
			ml_solve_lower_transposed(n, l, x);
			ml_solve_lower(n, l, x);
		}
		else
		{
			multiply_lower(n, l, x);
			multiply_lower_transposed(n, l, x);
		}
		*square = sqrt(dot(n, x, x));
		if (fabs(*square - last) <= SAME_LENGTH * *square)
			break;
		last = *square;
	}
	return ML_OK;
}

ml_status
ml_condition(ml_host *host, int n, double *l, double *condition)
{
	double most, most_inverse, *x;

	*condition = INFINITY;
	for (int64_t i = 0; i < n; i++)
		if (!(l[i * n + i] > 0))
			return ML_OK;
	if (n <= SMALL)
		return by_rotations(host, n, l, condition);
	ML_NEW(host, x, n);
	ML_TRY(largest_square(host, n, l, false, x, &most));
	ML_TRY(largest_square(host, n, l, true, x, &most_inverse));
	*condition = sqrt(most) * sqrt(most_inverse);
	return ML_OK;
}
