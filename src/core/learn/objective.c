/* SPDX-License-Identifier: PostgreSQL */
/*
 * objective.c: the losses.
 */
#include "learn/learn.h"

#include <math.h>

/* What XGBoost adds to the exponent of a curvature, so that rare events make no wild steps. */
#define CAUTION 0.7
#define LEAST_CURVATURE 1e-16

typedef union bits
{
	double number;
	int64_t whole;
} bits;

typedef union short_bits
{
	float number;
	int32_t whole;
} short_bits;

/*
 * exp of -708 .. 709 by reduction to |r| <= ln 2 / 2 and a polynomial; 2 units in the last place.  Without
 * branches, so that a loop over it becomes vectors, and without libm: the same bits everywhere.
 */
static inline double
exp_within(double x)
{
	double n, r, p;
	bits scale;

	/* adding 3 * 2^51 rounds to a whole number, which is then in the low bits */
	scale.number = x * 1.4426950408889634074 + 0x1.8p52;
	n = scale.number - 0x1.8p52;
	r = x - n * 6.93147180369123816490e-01;
	r = r - n * 1.90821492927058770002e-10;
	p = 1.0 / 6227020800;
	p = p * r + 1.0 / 479001600;
	p = p * r + 1.0 / 39916800;
	p = p * r + 1.0 / 3628800;
	p = p * r + 1.0 / 362880;
	p = p * r + 1.0 / 40320;
	p = p * r + 1.0 / 5040;
	p = p * r + 1.0 / 720;
	p = p * r + 1.0 / 120;
	p = p * r + 1.0 / 24;
	p = p * r + 1.0 / 6;
	p = p * r + 0.5;
	p = p * r + 1;
	p = p * r + 1;
	scale.whole = (int64_t) ((uint64_t) (scale.whole + 1023) << 52);
	return p * scale.number;
}

static inline double
exp_of(double x)
{
	return exp_within(x < -708 ? -708 : x > 709 ? 709 : x);
}

/* The same of -87 .. 0 in single precision, to one unit in the last place but one. */
static inline float
exp_briefly(float x)
{
	float n, r, p;
	short_bits scale;

	scale.number = x * 1.44269504f + 0x1.8p23f;
	n = scale.number - 0x1.8p23f;
	r = x - n * 0.693359375f;
	r = r + n * 2.12194440e-4f;
	p = 1.0f / 720;
	p = p * r + 1.0f / 120;
	p = p * r + 1.0f / 24;
	p = p * r + 1.0f / 6;
	p = p * r + 0.5f;
	p = p * r + 1;
	p = p * r + 1;
	scale.whole = (int32_t) ((uint32_t) (scale.whole + 127) << 23);
	return p * scale.number;
}

/*
 * In single precision, since gradients will be rounded to 16 bits.  Of p and 1 - p the smaller
 * is e / (1 + e), e = exp(-|z|): a gradient near zero has all its digits, too.  Which of them it
 * is, is chosen by bits: where a comparison could raise a flag, compilers make no vectors.
 */
ML_HOT static void
take_logistic(const ml_objective_block *b)
{
	const double *restrict margin = b->margin, *restrict target = b->target;
	double *restrict gradient = b->gradient, *restrict curvature = b->curvature;
	double *restrict loss = b->loss;
	int rows = b->rows;

	for (int i = 0; i < rows; i++)
	{
		short_bits z = {.number = (float) margin[i]}, yes = {.number = (float) target[i]};
		short_bits size = {.whole = z.whole & INT32_MAX}, large, small, g;
		int32_t right;
		float e;

		/* numbers above zero are in the order of their bits; 0x42ae... is 87 */
		size.whole = size.whole > 0x42ae0000 ? 0x42ae0000 : size.whole;
		e = exp_briefly(-size.number);
		large.number = 1 / (1 + e);
		small.number = e * large.number;
		/* all bits are set where the sign of z says what the target does */
		yes.whole = yes.whole > 0 ? -1 : 0;
		right = z.whole >> 31 ^ yes.whole;
		g.whole = (small.whole & right) | (large.whole & ~right);
		g.whole ^= yes.whole & INT32_MIN;
		gradient[i] = g.number;
		curvature[i] = large.number * small.number;
		/* log1p(e) is left to the caller, who seldom asks for the loss */
		loss[i] = e;
	}
}

/* exp(-|x|). */
static inline double
exp_below(double x)
{
	bits size = {.number = fabs(x)};

	/* numbers above zero are in the order of their bits; 0x4085e... is 700 */
	size.whole = size.whole > INT64_C(0x4085e00000000000) ? INT64_C(0x4085e00000000000)
	                                                      : size.whole;
	return exp_within(-size.number);
}

ML_HOT static void
take_softmax(const ml_objective_block *b)
{
	const double *restrict margin = b->margin, *restrict target = b->target;
	const double *restrict total = b->total;
	double *restrict gradient = b->gradient, *restrict curvature = b->curvature;
	double factor = b->parameter;

	for (int i = 0; i < b->rows; i++)
	{
		double p = exp_below(total[i] - margin[i]);

		gradient[i] = p - target[i];
		curvature[i] = factor * p * (1 - p);
	}
}

/* The largest margin is taken off before exp and put back after log: nothing overflows. */
ML_HOT static void
softmax_totals(const double *margin, int64_t stride, int classes, int rows, double *total)
{
	double most[ML_BLOCK], sum[ML_BLOCK] = {0};

	for (int i = 0; i < rows; i++)
		most[i] = margin[i];
	for (int k = 1; k < classes; k++)
		for (int i = 0; i < rows; i++)
			most[i] = margin[k * stride + i] > most[i] ? margin[k * stride + i] : most[i];
	for (int k = 0; k < classes; k++)
		for (int i = 0; i < rows; i++)
			sum[i] += exp_below(most[i] - margin[k * stride + i]);
	for (int i = 0; i < rows; i++)
		total[i] = most[i] + log(sum[i]);
}

void
ml_softmax_totals(const double *margin, int64_t stride, int classes, int rows,
                  double *total)
{
	softmax_totals(margin, stride, classes, rows, total);
}

ML_HOT static void
take_squared(const ml_objective_block *b)
{
	for (int i = 0; i < b->rows; i++)
	{
		double away = b->margin[i] - b->target[i];

		b->gradient[i] = away;
		b->curvature[i] = 1;
		b->loss[i] = away * away / 2;
	}
}

static void
take_huber(const ml_objective_block *b)
{
	double delta = b->parameter;

	for (int i = 0; i < b->rows; i++)
	{
		double away = b->margin[i] - b->target[i], size = fabs(away);

		b->gradient[i] = size <= delta ? away : away > 0 ? delta : -delta;
		b->curvature[i] = 1;
		b->loss[i] = size <= delta ? away * away / 2 : delta * (size - delta / 2);
	}
}

/* Absolute loss is twice the quantile loss of one half. */
static void
take_quantile(const ml_objective_block *b)
{
	for (int i = 0; i < b->rows; i++)
	{
		double away = b->margin[i] - b->target[i];
		double slope = away > 0 ? 1 - b->parameter : away < 0 ? -b->parameter : 0;

		b->gradient[i] = slope;
		b->curvature[i] = 1;
		b->loss[i] = slope * away;
	}
}

static void
take_poisson(const ml_objective_block *b)
{
	for (int i = 0; i < b->rows; i++)
	{
		double mean = exp_of(b->margin[i]);

		b->gradient[i] = mean - b->target[i];
		b->curvature[i] = mean * exp_of(CAUTION);
		b->loss[i] = mean - b->target[i] * b->margin[i];
	}
}

static void
take_gamma(const ml_objective_block *b)
{
	for (int i = 0; i < b->rows; i++)
	{
		double ratio = b->target[i] * exp_of(-b->margin[i]);

		b->gradient[i] = 1 - ratio;
		/* the expected one where the observed one vanishes: no wild steps either way */
		b->curvature[i] = ratio > 1 ? ratio : 1;
		b->loss[i] = ratio + b->margin[i];
	}
}

static void
take_tweedie(const ml_objective_block *b)
{
	double p = b->parameter;

	for (int i = 0; i < b->rows; i++)
	{
		double first = b->target[i] * exp_of((1 - p) * b->margin[i]);
		double second = exp_of((2 - p) * b->margin[i]);

		b->gradient[i] = second - first;
		b->curvature[i] = (2 - p) * second - (1 - p) * first;
		b->loss[i] = second / (2 - p) - first / (1 - p);
	}
}

static double
respond_logistic(double margin)
{
	double e = exp(-fabs(margin));

	return margin < 0 ? e / (1 + e) : 1 / (1 + e);
}

static double
respond_itself(double margin)
{
	return margin;
}

static double
respond_exp(double margin)
{
	return exp(margin);
}

static const ml_objective objective[] = {
    {.name = "logistic",
     .task = ML_BINARY,
     .take = take_logistic,
     .respond = respond_logistic,
     .least = -INFINITY},
    {.name = "softmax", .task = ML_MULTICLASS, .take = take_softmax, .least = -INFINITY},
    {.name = "squared",
     .task = ML_REGRESSION,
     .take = take_squared,
     .respond = respond_itself,
     .scaled = true,
     .least = -INFINITY},
    {.name = "absolute",
     .task = ML_REGRESSION,
     .take = take_quantile,
     .respond = respond_itself,
     .scaled = true,
     .quantiles = true,
     .least = -INFINITY},
    {.name = "huber",
     .task = ML_REGRESSION,
     .take = take_huber,
     .respond = respond_itself,
     .scaled = true,
     .least = -INFINITY},
    {.name = "quantile",
     .task = ML_REGRESSION,
     .take = take_quantile,
     .respond = respond_itself,
     .scaled = true,
     .quantiles = true,
     .least = -INFINITY},
    {.name = "poisson",
     .task = ML_REGRESSION,
     .take = take_poisson,
     .respond = respond_exp,
     .has_log = true},
    {.name = "gamma",
     .task = ML_REGRESSION,
     .take = take_gamma,
     .respond = respond_exp,
     .has_log = true,
     .above = true},
    {.name = "tweedie",
     .task = ML_REGRESSION,
     .take = take_tweedie,
     .respond = respond_exp,
     .has_log = true},
};

const ml_objective *
ml_objective_find(ml_text name, ml_task_kind task)
{
	for (size_t i = 0; i < sizeof objective / sizeof *objective; i++)
		if (objective[i].task == task &&
		    (name.bytes == NULL || ml_text_is(name, objective[i].name)))
			return &objective[i];
	return NULL;
}
