/* SPDX-License-Identifier: PostgreSQL */
/*
 * singular.c: singular values by one-sided Jacobi rotations.
 *
 * Rows are rotated in pairs until all are orthogonal; their lengths are the singular values,
 * small ones as accurate in proportion as large ones (Demmel and Veselic, Jacobi's method is more
 * accurate than QR, 1992).
 */
#include "base/base.h"

#include <float.h>
#include <math.h>

#define MOST_SWEEPS 40

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

ml_status
ml_condition(ml_host *host, int n, double *a, double *condition)
{
	double least = INFINITY, most = 0;
	bool rotated = true;

	for (int sweep = 0; rotated && sweep < MOST_SWEEPS; sweep++)
	{
		rotated = false;
		for (int i = 0; i < n; i++)
		{
			if (ml_stop(host))
				return ML_STOPPED;
			for (int j = i + 1; j < n; j++)
				rotated |= rotate(n, a + (int64_t) i * n, a + (int64_t) j * n);
		}
	}
	for (int i = 0; i < n; i++)
	{
		double length = sqrt(dot(n, a + (int64_t) i * n, a + (int64_t) i * n));

		least = length < least ? length : least;
		most = length > most ? length : most;
	}
	*condition = least > 0 ? most / least : INFINITY;
	return ML_OK;
}
