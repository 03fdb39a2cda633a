/* SPDX-License-Identifier: PostgreSQL */
/*
 * measures.c: what a row adds to the sums of a tally, and what is made of the sums.
 *
 * Below, w is a row's weight, y its outcome, p what was predicted, and W the sum of w.
 */
#include "judge/judge.h"

#include <math.h>

#define CLIP 1e-15                  /* probabilities nearer to 0 or 1 count as this */
#define LEAST 2.220446049250313e-16 /* what |y| counts as, at least, in a percentage */

static double
clipped(double p)
{
	return p < CLIP ? CLIP : p > 1 - CLIP ? 1 - CLIP : p;
}

double
ml_log_loss(bool positive, double probability)
{
	double p = clipped(probability);

	return positive ? -log(p) : -log1p(-p);
}

static double
clipped_binomial(double y, double mu, double power)
{
	return ml_binomial_deviance(y, clipped(mu), power);
}

const ml_deviance ml_deviance_table[] = {
    {"gaussian", ml_squared_deviance, 0, -INFINITY, INFINITY, false, false},
    {"binomial", clipped_binomial, 0, 0, 1, false, false},
    {"poisson", ml_power_deviance, 1, 0, INFINITY, true, false},
    {"gamma", ml_power_deviance, 2, 0, INFINITY, true, true},
    {"inverse_gaussian", ml_power_deviance, 3, 0, INFINITY, true, true},
    {"tweedie", ml_power_deviance, 1.5, 0, INFINITY, true, false},
};
const int ml_deviance_count = sizeof ml_deviance_table / sizeof *ml_deviance_table;

/* a b, as its double and what that lacks; the latter is right unless it is below 2^-1074. */
static int
add_product(ml_addend *addend, int sum, double a, double b)
{
	double product = a * b;

	addend[0] = (ml_addend){sum, product};
	addend[1] = (ml_addend){sum, isfinite(product) ? fma(a, b, -product) : 0};
	return 2;
}

/* W, the sums of w y and w y^2 without rounding, and of w (y - p)^2. */
static int
add_variance(const ml_case *row, ml_addend *addend)
{
	double w = row->weight, y = row->outcome, e = y - row->score;
	int count = 0;

	addend[count++] = (ml_addend){0, w};
	count += add_product(addend + count, 1, w, y);
	count += add_product(addend + count, 2, addend[1].value, y);
	count += add_product(addend + count, 2, addend[2].value, y);
	addend[count++] = (ml_addend){3, w * (e * e)};
	return count;
}

/* Number of the bin ((b - 1) / bins, b / bins] that holds a probability; 0 is in the first. */
static int
bin_of(double p, int bins)
{
	int bin = (int) ceil(p * bins);

	/* the product may be rounded over an edge; the edges are doubles themselves */
	while (bin > 1 && p <= (double) (bin - 1) / bins)
		bin--;
	while (bin < bins && p > (double) bin / bins)
		bin++;
	return bin > 1 ? bin : 1;
}

static int
add_calibration(const ml_case *row, ml_addend *addend)
{
	int bin = bin_of(row->score, row->bins);

	addend[0] = (ml_addend){0, row->weight};
	addend[1] = (ml_addend){bin, row->weight * row->outcome};
	addend[2] = (ml_addend){bin, -row->weight * row->score};
	return 3;
}

static double
loss_of(ml_tally_kind kind, const ml_case *row)
{
	double y = row->outcome, p = row->score;

	switch (kind)
	{
		case ML_TALLY_LOG_LOSS:
			return ml_log_loss(y > 0, p);
		case ML_TALLY_BRIER:
		case ML_TALLY_SQUARED:
			return (y - p) * (y - p);
		case ML_TALLY_ABSOLUTE:
			return fabs(y - p);
		case ML_TALLY_PERCENTAGE:
			return fabs(y - p) / (fabs(y) > LEAST ? fabs(y) : LEAST);
		case ML_TALLY_DEVIANCE:
			return row->deviance->of(y, p, row->power);
		case ML_TALLY_CONFUSION:
		case ML_TALLY_CALIBRATION:
		case ML_TALLY_VARIANCE:
		case ML_TALLY_KINDS:
			break;
	}
	return 0;
}

int
ml_tally_addends(ml_tally_kind kind, const ml_case *row, ml_addend *addend)
{
	if (kind == ML_TALLY_VARIANCE)
		return add_variance(row, addend);
	if (kind == ML_TALLY_CALIBRATION)
		return add_calibration(row, addend);
	if (kind == ML_TALLY_CONFUSION)
	{
		int cell = 2 * (row->outcome > 0) + (row->score >= row->threshold);

		addend[0] = (ml_addend){cell, row->weight};
		return 1;
	}
	addend[0] = (ml_addend){0, row->weight};
	addend[1] = (ml_addend){1, row->weight * loss_of(kind, row)};
	return 2;
}

double
ml_tally_mean(const ml_tally *tally)
{
	return ml_tally_sum(tally, 1) / ml_tally_sum(tally, 0);
}

double
ml_tally_rmse(const ml_tally *tally)
{
	return sqrt(ml_tally_mean(tally));
}

/*
 * 1 - sum w (y - p)^2 / T, where T = sum w y^2 - (sum w y)^2 / W.  Without rounding W T is
 * right to the last bit however far the outcomes are from zero.
 */
double
ml_tally_r2(const ml_tally *tally)
{
	const int64_t *digit = tally->digit;
	const int64_t *sum[] = {digit, digit + (size_t) 2 * tally->count,
	                        digit + (size_t) tally->count};
	int exponent;
	double spread = ml_exact_determinant(sum, tally->low, tally->count, &exponent);
	double residual = ml_tally_sum(tally, 3), weight = ml_tally_sum(tally, 0);

	if (!(spread > 0))
		return NAN;
	return 1 - residual / ldexp(spread / weight, exponent);
}

double
ml_tally_fit_rmse(const ml_tally *tally)
{
	return sqrt(ml_tally_sum(tally, 3) / ml_tally_sum(tally, 0));
}

double
ml_tally_calibration_error(const ml_tally *tally)
{
	double sum = 0;

	for (int i = 1; i < tally->sums; i++)
		sum += fabs(ml_tally_sum(tally, i));
	return sum / ml_tally_sum(tally, 0);
}

/* The cells of the confusion matrix: what came out, then what was called. */
typedef struct cells
{
	double tn;
	double fp;
	double fn;
	double tp;
} cells;

static cells
cells_of(const ml_tally *tally)
{
	return (cells){ml_tally_sum(tally, 0), ml_tally_sum(tally, 1), ml_tally_sum(tally, 2),
	               ml_tally_sum(tally, 3)};
}

double
ml_tally_accuracy(const ml_tally *tally)
{
	cells c = cells_of(tally);

	return (c.tn + c.tp) / (c.tn + c.fp + c.fn + c.tp);
}

double
ml_tally_precision(const ml_tally *tally)
{
	cells c = cells_of(tally);

	return c.tp / (c.tp + c.fp);
}

double
ml_tally_recall(const ml_tally *tally)
{
	cells c = cells_of(tally);

	return c.tp / (c.tp + c.fn);
}

double
ml_tally_f1(const ml_tally *tally)
{
	cells c = cells_of(tally);

	return 2 * c.tp / (2 * c.tp + c.fp + c.fn);
}

/* Roots apart, since the product of four counts may not fit. */
double
ml_tally_mcc(const ml_tally *tally)
{
	cells c = cells_of(tally);
	double called = sqrt(c.tp + c.fp) * sqrt(c.tn + c.fn);
	double came = sqrt(c.tp + c.fn) * sqrt(c.tn + c.fp);

	return called > 0 && came > 0
	           ? c.tp / came * (c.tn / called) - c.fp / came * (c.fn / called)
	           : NAN;
}
