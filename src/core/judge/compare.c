/* SPDX-License-Identifier: PostgreSQL */
/*
 * compare.c: two models on the same rows.
 *
 * Each row adds something to the difference of a metric, its influence; the squares of these add
 * up to the variance of the difference, in which what both models have in common cancels out.  For
 * the AUC that is DeLong's paired test (1988), for losses the paired z test of the mean.  Accuracy
 * of rows of one weight has McNemar's mid-p test, which is nearly exact on few rows, with the
 * interval of Bonett and Price (2012), as Fagerland, Lydersen and Laake (2013) advise.
 */
#include "judge/compare.h"

#include <math.h>

#include "judge/interval.h"

#define CLIP 1e-15 /* as in the log loss */

/* The numbers of those rows; NULL stays so. */
static ml_status
pick(ml_host *host, const int64_t *place, int64_t count, const double **number)
{
	double *picked;

	if (*number == NULL)
		return ML_OK;
	ML_NEW_RAW(host, picked, count);
	for (int64_t i = 0; i < count; i++)
		picked[i] = (*number)[place[i]];
	*number = picked;
	return ML_OK;
}

ml_status
ml_judged_pick(ml_host *host, const int64_t *place, int64_t count, ml_judged *judged)
{
	ml_outcomes *in = &judged->outcomes;
	ml_class_outcomes *classes = &judged->classes;

	in->rows = classes->rows = count;
	ML_TRY(pick(host, place, count, &in->target));
	ML_TRY(pick(host, place, count, &in->score));
	ML_TRY(pick(host, place, count, &in->weight));
	ML_TRY(pick(host, place, count, &classes->target));
	ML_TRY(pick(host, place, count, &classes->predicted));
	ML_TRY(pick(host, place, count, &classes->likelihood));
	return pick(host, place, count, &classes->weight);
}

/* Rows as both models see them. */
typedef struct pair
{
	ml_host *host;
	const ml_judged *a;
	const ml_judged *b;
	int64_t rows;
	const double *weight;
	double total;
	bool equal_weights;
	double *influence; /* work space: [rows] */
	ml_comparison *out;
} pair;

/* What a row costs a model; lower is better, but of accuracy. */
typedef double (*row_loss)(const ml_judged *judged, int64_t row);

static double
weight_at(const pair *p, int64_t row)
{
	return p->weight != NULL ? p->weight[row] : 1;
}

static double
log_loss(const ml_judged *judged, int64_t row)
{
	const ml_outcomes *in = &judged->outcomes;
	double likelihood;

	if (judged->task == ML_MULTICLASS)
		likelihood = judged->classes.likelihood[row];
	else
		likelihood = in->target[row] > 0 ? in->score[row] : 1 - in->score[row];
	return -log(likelihood < CLIP ? CLIP : likelihood);
}

static double
is_right(const ml_judged *judged, int64_t row)
{
	const ml_outcomes *in = &judged->outcomes;

	if (judged->task == ML_MULTICLASS)
		return judged->classes.predicted[row] == judged->classes.target[row];
	return (in->score[row] >= 0.5) == (in->target[row] > 0);
}

static double
absolute_error(const ml_judged *judged, int64_t row)
{
	return fabs(judged->outcomes.target[row] - judged->outcomes.score[row]);
}

static double
squared_error(const ml_judged *judged, int64_t row)
{
	double error = absolute_error(judged, row);

	return error * error;
}

static double
deviance(const ml_judged *judged, int64_t row)
{
	const ml_outcomes *in = &judged->outcomes;

	return in->deviance(in->state, in->target[row], in->score[row]);
}

static ml_difference *
add(pair *p, const char *name, double a, double b)
{
	ml_difference *out = &p->out->metric[p->out->metrics++];

	*out = (ml_difference){.name = name, .a = a, .b = b, .difference = a - b};
	return out;
}

/* The normal interval and test; where nothing varies a difference is certain, and so is none. */
static void
test_normal(ml_difference *out, double error)
{
	out->low = out->difference - ML_Z * error;
	out->high = out->difference + ML_Z * error;
	if (error == 0)
		out->p = out->difference == 0 ? 1 : 0;
	else
		out->p = 2 * ml_z_tail(fabs(out->difference) / error);
}

/* The error from influences that are yet to be divided by the weight of all rows. */
static double
error_of(const pair *p)
{
	double sum = 0, n = (double) p->rows;

	for (int64_t row = 0; row < p->rows; row++)
		sum += p->influence[row] * p->influence[row];
	return p->rows > 1 ? sqrt(sum * n / (n - 1)) / p->total : NAN;
}

static ml_status
mean_of(const pair *p, const ml_judged *judged, row_loss loss, double *mean)
{
	double sum = 0;

	for (int64_t row = 0; row < p->rows; row++)
	{
		ML_PAUSE(p->host, row);
		sum += weight_at(p, row) * loss(judged, row);
	}
	*mean = sum / p->total;
	return ML_OK;
}

static ml_status
compare_means(pair *p, const char *name, row_loss loss)
{
	ml_difference *out;
	double a, b;

	ML_TRY(mean_of(p, p->a, loss, &a));
	ML_TRY(mean_of(p, p->b, loss, &b));
	out = add(p, name, a, b);
	for (int64_t row = 0; row < p->rows; row++)
	{
		ML_PAUSE(p->host, row);
		p->influence[row] =
		    weight_at(p, row) * (loss(p->a, row) - loss(p->b, row) - out->difference);
	}
	test_normal(out, error_of(p));
	return ML_OK;
}

static ml_status
compare_auc(pair *p)
{
	double a, b, *of_a, *of_b, variance = 0;
	ml_outcomes other = p->b->outcomes;
	ml_difference *out;

	other.weight = p->weight;
	ML_TRY(ml_auc_influence(p->host, &p->a->outcomes, &a, &of_a));
	ML_TRY(ml_auc_influence(p->host, &other, &b, &of_b));
	out = add(p, "auc", a, b);
	out->more_is_better = true;
	out->low = out->high = out->p = NAN;
	if (isnan(a))
		return ML_OK;
	for (int64_t row = 0; row < p->rows; row++)
		variance += (of_a[row] - of_b[row]) * (of_a[row] - of_b[row]);
	test_normal(out, sqrt(variance));
	return ML_OK;
}

/* P(X < k) and P(X <= k) of n fair coins, added up: twice the mid-p of the smaller side. */
static double
mid_p(double k, double n)
{
	double under = 0, up_to, rest;

	if (n == 0)
		return 1;
	if (k > 0)
		ml_beta_share(n - k + 1, k, 0.5, 0.5, &under, &rest);
	ml_beta_share(n - k, k + 1, 0.5, 0.5, &up_to, &rest);
	return under + up_to;
}

static ml_status
compare_accuracy(pair *p)
{
	double only[2] = {0, 0}, n = (double) p->rows, share[2], middle, half;
	ml_difference *out;

	ML_TRY(compare_means(p, "accuracy", is_right));
	out = &p->out->metric[p->out->metrics - 1];
	out->more_is_better = true;
	if (!p->equal_weights)
		return ML_OK;
	for (int64_t row = 0; row < p->rows; row++)
	{
		bool a = is_right(p->a, row) > 0, b = is_right(p->b, row) > 0;

		only[0] += a && !b;
		only[1] += b && !a;
	}
	out->p = mid_p(only[0] < only[1] ? only[0] : only[1], only[0] + only[1]);
	share[0] = (only[0] + 1) / (n + 2);
	share[1] = (only[1] + 1) / (n + 2);
	middle = share[0] - share[1];
	half = ML_Z * sqrt((share[0] + share[1] - middle * middle) / (n + 2));
	out->low = middle - half < -1 ? -1 : middle - half;
	out->high = middle + half > 1 ? 1 : middle + half;
	return ML_OK;
}

/*
 * With S = mean of w e^2 and T = mean of w d^2 (e residual, d distance to the mean), R2 = 1 - S / T,
 * so that a row's influence on the difference is w (e_b^2 - e_a^2 - (R2_a - R2_b) d^2) / T.
 */
static ml_status
compare_r2(pair *p, const double s[2])
{
	const double *target = p->a->outcomes.target;
	double mean = 0, t = 0;
	ml_difference *out;

	for (int64_t row = 0; row < p->rows; row++)
		mean += weight_at(p, row) * target[row] / p->total;
	for (int64_t row = 0; row < p->rows; row++)
		t += weight_at(p, row) * (target[row] - mean) * (target[row] - mean) / p->total;
	out = add(p, "r2", t > 0 ? 1 - s[0] / t : NAN, t > 0 ? 1 - s[1] / t : NAN);
	out->more_is_better = true;
	for (int64_t row = 0; row < p->rows; row++)
	{
		double d = target[row] - mean;

		ML_PAUSE(p->host, row);
		p->influence[row] = weight_at(p, row) *
		                    (squared_error(p->b, row) - squared_error(p->a, row) -
		                     out->difference * d * d) /
		                    t;
	}
	test_normal(out, error_of(p));
	return ML_OK;
}

/* The influence of a row on the root of S is w (e^2 - S) / (2 sqrt(S)). */
static ml_status
compare_rmse(pair *p, const double s[2])
{
	double a = sqrt(s[0]), b = sqrt(s[1]);
	ml_difference *out = add(p, "rmse", a, b);

	for (int64_t row = 0; row < p->rows; row++)
	{
		ML_PAUSE(p->host, row);
		p->influence[row] = weight_at(p, row) *
		                    ((a > 0 ? (squared_error(p->a, row) - s[0]) / (2 * a) : 0) -
		                     (b > 0 ? (squared_error(p->b, row) - s[1]) / (2 * b) : 0));
	}
	test_normal(out, error_of(p));
	return ML_OK;
}

static ml_status
compare_values(pair *p)
{
	double s[2];

	ML_TRY(mean_of(p, p->a, squared_error, &s[0]));
	ML_TRY(mean_of(p, p->b, squared_error, &s[1]));
	ML_TRY(compare_r2(p, s));
	ML_TRY(compare_rmse(p, s));
	ML_TRY(compare_means(p, "mae", absolute_error));
	if (p->a->outcomes.deviance == NULL ||
	    p->a->outcomes.deviance != p->b->outcomes.deviance)
		return ML_OK;
	return compare_means(p, "deviance", deviance);
}

static ml_status
compare_classes(pair *p)
{
	if (p->a->task == ML_BINARY)
		ML_TRY(compare_auc(p));
	else
		ML_TRY(compare_accuracy(p));
	ML_TRY(compare_means(p, "log_loss", log_loss));
	if (p->a->task == ML_MULTICLASS)
		return ML_OK;
	ML_TRY(compare_means(p, "brier", squared_error));
	return compare_accuracy(p);
}

ml_status
ml_judge_pair(ml_host *host, const ml_judged *a, const ml_judged *b, ml_comparison *out)
{
	bool several = a->task == ML_MULTICLASS;
	pair p = {.host = host,
	          .a = a,
	          .b = b,
	          .rows = several ? a->classes.rows : a->outcomes.rows,
	          .weight = several ? a->classes.weight : a->outcomes.weight,
	          .out = out};

	out->metrics = 0;
	if (p.rows == 0)
		return ML_OK;
	ML_NEW_RAW(host, p.influence, p.rows);
	p.equal_weights = true;
	for (int64_t row = 0; row < p.rows; row++)
	{
		p.total += weight_at(&p, row);
		p.equal_weights &= weight_at(&p, row) == weight_at(&p, 0);
	}
	return a->task == ML_REGRESSION ? compare_values(&p) : compare_classes(&p);
}
