/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture_density.c: what a mixture says of numbers and labels.
 *
 * With W the factor of a segment and d = x - mean, the exponent is -|W d|^2 / 2.  Numbers m
 * that are not known are integrated out: they stand where |W d|^2 is least, and with G = W_m' W_m
 * their inverse covariance given the others the density is multiplied by (2 pi)^(|m| / 2) /
 * sqrt(det G).
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

ml_status
ml_mixture_create(ml_host *host, const ml_space *space, int k, bool full,
                  ml_mixture *mixture)
{
	int64_t numbers = space->numbers;

	*mixture = (ml_mixture){
	    .space = space, .k = k, .full = full, .size = full ? numbers * numbers : numbers};
	ML_NEW(host, mixture->weight, k);
	ML_NEW(host, mixture->center, k * space->slots);
	ML_NEW(host, mixture->factor, k * mixture->size);
	ML_NEW(host, mixture->constant, k);
	ML_NEW(host, mixture->log_share, k * space->labels);
	ML_NEW(host, mixture->log_unit, numbers);
	for (int j = 0; j < space->numbers; j++)
		mixture->log_unit[j] = log(space->inverse[j]);
	return ML_OK;
}

static void
settle_shares(ml_mixture *m, int segment)
{
	const ml_space *space = m->space;
	double *log_share = m->log_share + segment * space->labels;

	for (int c = 0; c < space->categories; c++)
	{
		const double *share =
		    m->center + segment * space->slots + space->category_slot[c];
		int levels = space->schema->feature[space->category[c]].levels;

		for (int level = 0; level <= levels; level++)
			log_share[space->first_label[c] + level] =
			    share[level] > 0 ? log(share[level]) : 0;
	}
}

static inline double
diagonal_of(const ml_mixture *m, int segment, int number)
{
	const double *factor = m->factor + segment * m->size;

	return factor[m->full ? (int64_t) number * m->space->numbers + number : number];
}

void
ml_mixture_settle(ml_mixture *m)
{
	for (int k = 0; k < m->k; k++)
	{
		m->constant[k] = log(m->weight[k]);
		for (int j = 0; j < m->space->numbers; j++)
			m->constant[k] +=
			    log(diagonal_of(m, k, j)) + m->log_unit[j] - ML_HALF_LOG_TWO_PI;
		settle_shares(m, k);
	}
}

double
ml_mixture_parameters(const ml_mixture *m)
{
	const ml_space *space = m->space;
	double numbers = space->numbers, each = numbers, labels = 0;

	each += m->full ? numbers * (numbers + 1) / 2 : numbers;
	for (int c = 0; c < space->categories; c++)
	{
		const ml_feature *feature = &space->schema->feature[space->category[c]];

		labels += feature->levels - 1 + (feature->missing > 0);
	}
	return m->k - 1 + m->k * (each + labels);
}

/* G, of which the lower triangle lies row by row; and slope = W_m' W d. */
static void
open_gaps(int numbers, const double *factor, const ml_gaps *gaps, const double *z,
          double *slope)
{
	double *root = gaps->root;

	for (int a = 0; a < gaps->count; a++)
	{
		const double *column = factor + gaps->place[a];

		slope[a] = 0;
		for (int i = gaps->place[a]; i < numbers; i++)
			slope[a] += column[(int64_t) i * numbers] * z[i];
		for (int b = 0; b <= a; b++)
		{
			const double *other = factor + gaps->place[b];
			double sum = 0;

			for (int i = gaps->place[a]; i < numbers; i++)
				sum += column[(int64_t) i * numbers] * other[(int64_t) i * numbers];
			*root++ = sum;
		}
	}
}

int
ml_triangle_factor(int n, double *a)
{
	for (int i = 0; i < n; i++)
	{
		double *row = a + (int64_t) i * (i + 1) / 2;

		for (int j = 0; j <= i; j++)
		{
			const double *other = a + (int64_t) j * (j + 1) / 2;
			double sum = row[j];

			for (int k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (j == i && !(sum > 0 && isfinite(sum)))
				return i;
			row[j] = j < i ? sum / other[j] : sqrt(sum);
		}
	}
	return -1;
}

void
ml_triangle_invert(int n, double *l)
{
	for (int i = 0; i < n; i++)
	{
		double *row = l + (int64_t) i * (i + 1) / 2, pivot = row[i];

		for (int j = 0; j < i; j++)
		{
			double sum = 0;

			for (int k = j; k < i; k++)
				sum += row[k] * l[(int64_t) k * (k + 1) / 2 + j];
			row[j] = -sum / pivot;
		}
		row[i] = 1 / pivot;
	}
}

/* x := (L L')^-1 x */
static void
solve_gaps(int gaps, const double *root, double *x)
{
	for (int i = 0; i < gaps; i++)
	{
		const double *row = root + (int64_t) i * (i + 1) / 2;

		for (int j = 0; j < i; j++)
			x[i] -= row[j] * x[j];
		x[i] /= row[i];
	}
	for (int i = gaps - 1; i >= 0; i--)
	{
		const double *row = root + (int64_t) i * (i + 1) / 2;

		x[i] /= row[i];
		for (int j = 0; j < i; j++)
			x[j] -= row[j] * x[i];
	}
}

/* W d; what is above the diagonal of W is not looked at. */
static void
apply_factor(int numbers, const double *factor, const double *away, double *z)
{
	for (int i = 0; i < numbers; i++)
	{
		double sum = 0;

		for (int j = 0; j <= i; j++)
			sum += factor[(int64_t) i * numbers + j] * away[j];
		z[i] = sum;
	}
}

double
ml_mixture_fill(const ml_mixture *m, int segment, const ml_gaps *gaps, double *away)
{
	const double *factor = m->factor + segment * m->size;
	double added = gaps->count * ML_HALF_LOG_TWO_PI;
	double z[ML_FULL_NUMBERS], slope[ML_FULL_NUMBERS];

	for (int a = 0; a < gaps->count; a++)
	{
		away[gaps->place[a]] = 0;
		added -= m->log_unit[gaps->place[a]];
		if (!m->full)
			added -= log(factor[gaps->place[a]]);
	}
	if (!m->full)
		return added;
	apply_factor(m->space->numbers, factor, away, z);
	open_gaps(m->space->numbers, factor, gaps, z, slope);
	/* G is W_m' W_m and no diagonal of W is zero, so only numbers out of range fail */
	if (ml_triangle_factor(gaps->count, gaps->root) >= 0)
		return added;
	solve_gaps(gaps->count, gaps->root, slope);
	for (int a = 0; a < gaps->count; a++)
	{
		away[gaps->place[a]] = -slope[a];
		added -= log(gaps->root[(int64_t) a * (a + 1) / 2 + a]);
	}
	return added;
}

double
ml_mixture_square(const ml_mixture *m, int segment, const double *away)
{
	const double *factor = m->factor + segment * m->size;
	int numbers = m->space->numbers;
	double square = 0, z[ML_FULL_NUMBERS];

	if (m->full)
		apply_factor(numbers, factor, away, z);
	for (int j = 0; j < numbers; j++)
	{
		double one = m->full ? z[j] : factor[j] * away[j];

		square += one * one;
	}
	return square;
}
