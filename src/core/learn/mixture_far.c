/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture_far.c: rows so far from all segments that squares are out of range, or leave no digits
 * of the means.
 *
 * With z = W x - W mean of two segments, their squares differ by
 *
 *	|z|^2 - |z'|^2 = sum_i (z_i - z'_i) (z_i + z'_i)
 *
 * where W x and W mean are taken apart, so that segments of the same W are still told from one
 * another.  All of it is computed in units of two's powers that bring every number below one.
 */
#include "learn/learn.h"

#include <limits.h>
#include <math.h>

typedef struct far_row
{
	const ml_mixture *mixture;
	const double *row;
	int exponent;             /* of the row and of means */
	int unit;                 /* of both and of factors: squares are times 2^-(2 unit) */
	int gap[ML_FULL_NUMBERS]; /* missing numbers, where covariances are full */
	int gaps;
} far_row;

/* What a factor makes of a row's numbers and of the mean, times 2^-unit. */
typedef struct far_image
{
	double row[ML_FULL_NUMBERS];
	double mean[ML_FULL_NUMBERS];
} far_image;

static inline double
value_of(const far_row *f, int number)
{
	return f->row[f->mixture->space->number[number]];
}

static inline double
mean_of(const far_row *f, int segment, int number)
{
	const ml_mixture *m = f->mixture;

	return m->center[segment * m->space->slots + m->space->number_slot[number]];
}

static far_row
open_row(const ml_mixture *m, const double *row)
{
	far_row f = {.mixture = m, .row = row, .exponent = ml_far_exponent(m->space, row)};
	int most = 0;

	for (int s = 0; s < m->k; s++)
		for (int j = 0; j < m->space->numbers; j++)
		{
			int exponent = ml_far_exponent_of(mean_of(&f, s, j));

			f.exponent = exponent > f.exponent ? exponent : f.exponent;
		}
	for (int64_t i = 0; i < m->k * m->size; i++)
	{
		int exponent = ml_far_exponent_of(m->factor[i]);

		most = i == 0 || exponent > most ? exponent : most;
	}
	f.unit = f.exponent + most;
	for (int j = 0; m->full && j < m->space->numbers; j++)
		if (isnan(value_of(&f, j)))
			f.gap[f.gaps++] = j;
	return f;
}

/* Apart, since rows without gaps have no use for the room. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static double
fill_gaps(const far_row *f, int segment, double *away)
{
	double root[ML_GAP_NUMBERS];
	ml_gaps gaps = {.place = f->gap, .count = f->gaps, .root = root};

	return ml_mixture_fill(f->mixture, segment, &gaps, away);
}

static void
apply_factor(const far_row *f, int segment, const double *x, double *image)
{
	const ml_mixture *m = f->mixture;
	const double *factor = m->factor + segment * m->size;

	for (int i = 0; i < m->space->numbers; i++)
	{
		double sum = 0;

		for (int j = 0; j <= i; j++)
			sum += factor[(int64_t) i * m->space->numbers + j] * x[j];
		image[i] = ldexp(sum, f->exponent - f->unit);
	}
}

/* Of full covariances; what is missing stands where it is expected. */
static void
take_image(const far_row *f, int segment, far_image *image)
{
	const ml_mixture *m = f->mixture;
	double row[ML_FULL_NUMBERS], mean[ML_FULL_NUMBERS];

	for (int j = 0; j < m->space->numbers; j++)
	{
		row[j] = ml_far_number(m->space, j, value_of(f, j), f->exponent);
		mean[j] = ldexp(mean_of(f, segment, j), -f->exponent);
	}
	if (f->gaps > 0)
	{
		fill_gaps(f, segment, row);
		fill_gaps(f, segment, mean);
	}
	apply_factor(f, segment, row, image->row);
	apply_factor(f, segment, mean, image->mean);
}

/* The same of one number of a diagonal; noughts if it is missing. */
static void
take_number(const far_row *f, int segment, int number, double *row, double *mean)
{
	const ml_mixture *m = f->mixture;
	double factor = ldexp(m->factor[segment * m->size + number], f->exponent - f->unit);
	double value = value_of(f, number);

	*row = factor * ml_far_number(m->space, number, value, f->exponent);
	*mean = isnan(value) ? 0 : factor * ldexp(mean_of(f, segment, number), -f->exponent);
}

/* Two segments as a row sees them. */
typedef struct far_pair
{
	int segment[2];
	far_image
	    image[2]; /* of full covariances; else of one number after the other, in front */
} far_pair;

/* z - z' and z + z' of one place, times 2^-unit. */
static void
take_place(const far_row *f, far_pair *pair, int place, double *less, double *both)
{
	far_image *a = &pair->image[0], *b = &pair->image[1];
	int at = f->mixture->full ? place : 0;

	for (int i = 0; !f->mixture->full && i < 2; i++)
		take_number(f, pair->segment[i], place, pair->image[i].row, pair->image[i].mean);
	*less = (a->row[at] - b->row[at]) - (a->mean[at] - b->mean[at]);
	*both = (a->row[at] + b->row[at]) - (a->mean[at] + b->mean[at]);
}

/*
 * The square of a segment less that of another.  Differences may be as much smaller than sums as
 * means are than the row, so they are in units of the largest of them.
 */
static double
square_between(const far_row *f, int one, int other)
{
	far_pair pair = {.segment = {one, other}};
	int most = INT_MIN;
	double sum = 0, less, both;

	for (int i = 0; f->mixture->full && i < 2; i++)
		take_image(f, pair.segment[i], &pair.image[i]);
	for (int j = 0; j < f->mixture->space->numbers; j++)
	{
		int exponent;

		take_place(f, &pair, j, &less, &both);
		exponent = ml_far_exponent_of(less);
		most = less != 0 && exponent > most ? exponent : most;
	}
	for (int j = 0; most > INT_MIN && j < f->mixture->space->numbers; j++)
	{
		take_place(f, &pair, j, &less, &both);
		sum += ldexp(less, -most) * both;
	}
	return sum != 0 ? ldexp(sum, 2 * f->unit + most) : 0;
}

/* The square of a segment, times 2^-(2 unit). */
static double
square_of(const far_row *f, int segment)
{
	far_image image;
	double sum = 0;

	if (f->mixture->full)
		take_image(f, segment, &image);
	for (int j = 0; j < f->mixture->space->numbers; j++)
	{
		int at = f->mixture->full ? j : 0;
		double z;

		if (!f->mixture->full)
			take_number(f, segment, j, &image.row[0], &image.mean[0]);
		z = image.row[at] - image.mean[at];
		sum += z * z;
	}
	return sum;
}

/* What of a margin is not the square: weight, spreads, labels and gaps. */
static double
base_of(const far_row *f, int segment)
{
	const ml_mixture *m = f->mixture;
	double base = m->constant[segment], away[ML_FULL_NUMBERS] = {0};

	for (int c = 0; c < m->space->categories; c++)
		base += m->log_share[segment * m->space->labels +
		                     ml_mixture_label(m->space, c, f->row)];
	for (int j = 0; !m->full && j < m->space->numbers; j++)
		if (isnan(value_of(f, j)))
			base += ML_HALF_LOG_TWO_PI - m->log_unit[j] -
			        log(m->factor[segment * m->size + j]);
	return f->gaps > 0 ? base + fill_gaps(f, segment, away) : base;
}

static double
margin_between(const far_row *f, int one, int other)
{
	return base_of(f, one) - base_of(f, other) - square_between(f, one, other) / 2;
}

double
ml_mixture_far_margins(const ml_mixture *m, const double *row, double *margin)
{
	far_row f = open_row(m, row);
	int likeliest = 0;

	for (int s = 1; s < m->k; s++)
		if (margin_between(&f, s, likeliest) > 0)
			likeliest = s;
	for (int s = 0; s < m->k; s++)
		margin[s] = fmin(0, margin_between(&f, s, likeliest));
	return base_of(&f, likeliest) - ldexp(square_of(&f, likeliest), 2 * f.unit - 1);
}

double
ml_mixture_far_distance(const ml_mixture *m, const double *row, int segment,
                        double label_square)
{
	far_row f = open_row(m, row);

	return ldexp(sqrt(square_of(&f, segment) + ldexp(label_square, -2 * f.unit)), f.unit);
}
