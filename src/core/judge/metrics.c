/* SPDX-License-Identifier: PostgreSQL */
/*
 * metrics.c: measures of scores against outcomes.
 *
 * Intervals: DeLong for the AUC (DeLong, DeLong and Clarke-Pearson 1988, placements
 * computed from one sort as by Sun and Xu 2014); Wilson for shares; the normal one of the
 * mean for losses; that of the influence function for R2 and RMSE; on the logit scale
 * for average precision (Boyd, Eng and Page 2013).
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#define Z 1.959963984540054 /* 0.975 quantile of the normal distribution */
#define CLIP 1e-15 /* probabilities nearer to 0 or 1 count as this in the log loss */

static const double share_range[2] = {0, 1};
static const double gini_range[2] = {-1, 1};
static const double loss_range[2] = {0, INFINITY};
static const double r2_range[2] = {-INFINITY, 1};

static inline double
weight_at(const ml_outcomes *outcomes, int64_t row)
{
	return outcomes->weight != NULL ? outcomes->weight[row] : 1;
}

static inline bool
is_positive(const ml_outcomes *outcomes, int64_t row)
{
	return outcomes->target[row] > 0;
}

static void
add(ml_report *report, const char *name, double value, double low, double high)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name, .value = value, .low = low, .high = high};
}

/* The normal interval of an estimate, kept within what it can be. */
static void
add_normal(ml_report *report, const char *name, double value, double error,
           const double range[2])
{
	double low = value - Z * error, high = value + Z * error;

	add(report, name, value, low < range[0] ? range[0] : low,
	    high > range[1] ? range[1] : high);
}

/* Wilson's interval of a share of n. */
static void
add_share(ml_report *report, const char *name, double hits, double n)
{
	double p = hits / n, middle, half;

	middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
	half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
	add(report, name, n > 0 ? p : NAN, middle - half, middle + half);
}

const ml_metric *
ml_report_metric(const ml_report *report, const char *name)
{
	for (int i = 0; i < report->metrics; i++)
		if (strcmp(report->metric[i].name, name) == 0)
			return &report->metric[i];
	return NULL;
}

const char *
ml_main_metric(ml_task_kind task)
{
	return task == ML_BINARY ? "auc" : task == ML_MULTICLASS ? "accuracy" : "r2";
}

/* What one walk through the rows by ascending score gives. */
typedef struct curve
{
	double positives; /* weight */
	double negatives;
	double positive_rows;
	double negative_rows;
	double auc;
	double error;
	double ks;
	double average_precision;
	/* per row: the weight of the other class that is below; delong makes of it what the row adds
	 * to the AUC, less the mean of its class, so that the sum of squares is the variance */
	double *placement;
} curve;

static void
total_classes(const ml_outcomes *in, curve *out)
{
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i);

		out->positives += is_positive(in, i) ? w : 0;
		out->negatives += is_positive(in, i) ? 0 : w;
		out->positive_rows += is_positive(in, i);
		out->negative_rows += !(is_positive(in, i));
	}
}

/*
 * Walks through groups of equal score from the lowest up.  below and within are the
 * weights of each class under and in the group.  Placements are kept as weights, so that
 * without weights they, and their sum, are exact.
 */
static ml_status
walk(ml_host *host, const ml_outcomes *in, const uint32_t *order, curve *out)
{
	double below[2] = {0, 0};

	for (int64_t first = 0, next; first < in->rows; first = next)
	{
		double within[2] = {0, 0}, above[2], gap;

		/* the first one counts in any case: a score that is no number equals nothing */
		next = first;
		do
			within[is_positive(in, order[next])] += weight_at(in, order[next]);
		while (++next < in->rows && in->score[order[next]] == in->score[order[first]]);
		for (int64_t i = first; i < next; i++)
		{
			int own = is_positive(in, order[i]);

			ML_PAUSE(host, i);
			out->placement[order[i]] = below[1 - own] + within[1 - own] / 2;
		}
		/* precision and recall when everything from this group up is called positive */
		above[0] = out->negatives - below[0];
		above[1] = out->positives - below[1];
		out->average_precision += within[1] * (above[1] / (above[0] + above[1]));
		below[0] += within[0];
		below[1] += within[1];
		gap = fabs(below[0] / out->negatives - below[1] / out->positives);
		out->ks = gap > out->ks ? gap : out->ks;
	}
	return ML_OK;
}

/*
 * var(AUC) = var(placements of positives) / n1 + var(placements of negatives) / n0.  A negative's
 * placement counts the positives below it, so it takes from the AUC.
 */
static ml_status
delong(ml_host *host, const ml_outcomes *in, curve *out)
{
	double n[2] = {out->negative_rows, out->positive_rows};
	double total[2] = {out->negatives, out->positives}, mean[2], scale[2], variance = 0;

	for (int64_t i = 0; i < in->rows; i++)
		if (is_positive(in, i))
			out->auc += weight_at(in, i) * out->placement[i];
	out->auc /= out->positives * out->negatives;
	mean[1] = out->auc;
	mean[0] = 1 - out->auc;
	for (int own = 0; own < 2; own++)
		scale[own] = (own ? 1 : -1) * sqrt(n[own] / (n[own] - 1)) / total[own];
	for (int64_t i = 0; i < in->rows; i++)
	{
		int own = is_positive(in, i);
		double away = weight_at(in, i) * (out->placement[i] / total[1 - own] - mean[own]);

		ML_PAUSE(host, i);
		out->placement[i] = scale[own] * away;
		variance += out->placement[i] * out->placement[i];
	}
	out->error = sqrt(variance);
	return ML_OK;
}

static ml_status
trace(ml_host *host, const ml_outcomes *in, curve *out)
{
	uint32_t *order;

	total_classes(in, out);
	if (!(out->positives > 0) || !(out->negatives > 0))
	{
		out->auc = out->error = out->ks = out->average_precision = NAN;
		return ML_OK;
	}
	ML_NEW(host, order, in->rows);
	ML_NEW(host, out->placement, in->rows);
	ML_TRY(ml_sort_numbers(host, in->score, in->rows, order));
	ML_TRY(walk(host, in, order, out));
	out->average_precision /= out->positives;
	return delong(host, in, out);
}

ml_status
ml_auc(ml_host *host, const ml_outcomes *in, double *auc, double *error)
{
	curve traced = {0};

	ML_TRY(trace(host, in, &traced));
	*auc = traced.auc;
	*error = traced.error;
	return ML_OK;
}

ml_status
ml_auc_influence(ml_host *host, const ml_outcomes *in, double *auc, double **influence)
{
	curve traced = {0};

	ML_TRY(trace(host, in, &traced));
	*auc = traced.auc;
	*influence = traced.placement;
	return ML_OK;
}

/*
 * Sums of w, w x, w^2, w^2 x and w^2 x^2.  The influence of a row on the weighted mean m is
 * w (x - m) / sum w, and the squares of these add up to the mean's variance.
 */
typedef struct mean_sum
{
	double rows;
	double weight;
	double sum;
	double square[3];
} mean_sum;

static void
mean_add(mean_sum *sum, double weight, double value)
{
	sum->rows++;
	sum->weight += weight;
	sum->sum += weight * value;
	sum->square[0] += weight * weight;
	sum->square[1] += weight * weight * value;
	sum->square[2] += weight * weight * value * value;
}

static void
add_mean(ml_report *report, const char *name, const mean_sum *sum)
{
	double mean = sum->sum / sum->weight;
	double spread =
	    sum->square[2] - 2 * mean * sum->square[1] + mean * mean * sum->square[0];
	double error = spread > 0 && sum->rows > 1
	                   ? sqrt(spread * sum->rows / (sum->rows - 1)) / sum->weight
	                   : 0;

	add_normal(report, name, mean, error, loss_range);
}

static void
add_average_precision(ml_report *report, const curve *traced)
{
	double p = traced->average_precision, logit, half;

	logit = log(p / (1 - p));
	half = Z / sqrt(traced->positive_rows * p * (1 - p));
	if (p > 0 && p < 1)
		add(report, "pr_auc", p, 1 / (1 + exp(half - logit)),
		    1 / (1 + exp(-half - logit)));
	else
		add(report, "pr_auc", p, NAN, NAN);
}

/* Shares at the threshold of one half; counts are weights scaled to the number of rows. */
static void
add_confusion(ml_report *report, const ml_outcomes *in)
{
	double hits[2][2] = {{0, 0}, {0, 0}}, total = 0, scale;

	for (int64_t i = 0; i < in->rows; i++)
	{
		hits[is_positive(in, i)][in->score[i] >= 0.5] += weight_at(in, i);
		total += weight_at(in, i);
	}
	scale = (double) in->rows / total;
	for (int i = 0; i < 4; i++)
		hits[i / 2][i % 2] *= scale;
	add_share(report, "accuracy", hits[0][0] + hits[1][1], (double) in->rows);
	add_share(report, "precision", hits[1][1], hits[1][1] + hits[0][1]);
	add_share(report, "recall", hits[1][1], hits[1][1] + hits[1][0]);
	add(report, "f1", 2 * hits[1][1] / (2 * hits[1][1] + hits[0][1] + hits[1][0]), NAN,
	    NAN);
	add_share(report, "positive_rate", hits[1][0] + hits[1][1], (double) in->rows);
}

ml_status
ml_judge_binary(ml_host *host, const ml_outcomes *in, ml_report *report)
{
	curve traced = {0};
	mean_sum log_loss = {0}, brier = {0};

	report->metrics = 0;
	add(report, "rows", (double) in->rows, NAN, NAN);
	if (in->rows == 0)
		return ML_OK;
	ML_TRY(trace(host, in, &traced));
	for (int64_t i = 0; i < in->rows; i++)
	{
		double p = in->score[i] < CLIP       ? CLIP
		           : in->score[i] > 1 - CLIP ? 1 - CLIP
		                                     : in->score[i];
		double away = in->target[i] - in->score[i];

		ML_PAUSE(host, i);
		mean_add(&log_loss, weight_at(in, i), is_positive(in, i) ? -log(p) : -log1p(-p));
		mean_add(&brier, weight_at(in, i), away * away);
	}
	add_normal(report, "auc", traced.auc, traced.error, share_range);
	add_normal(report, "gini", 2 * traced.auc - 1, 2 * traced.error, gini_range);
	add(report, "ks", traced.ks, NAN, NAN);
	add_average_precision(report, &traced);
	add_mean(report, "log_loss", &log_loss);
	add_mean(report, "brier", &brier);
	add_confusion(report, in);
	return ML_OK;
}

/* Mean deviance, and the share of that of the mean which is explained. */
static ml_status
add_deviance(ml_host *host, const ml_outcomes *in, double mean, ml_report *report)
{
	mean_sum ours = {0};
	double weight = 0, null = 0;

	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i);

		mean_add(&ours, w, in->deviance(in->state, in->target[i], in->score[i]));
		null += w * in->deviance(in->state, in->target[i], mean);
		weight += w;
		ML_PAUSE(host, i);
	}
	add_mean(report, "deviance", &ours);
	add(report, "d2", 1 - ours.sum / weight / (null / weight), NAN, NAN);
	return ML_OK;
}

/*
 * With S = mean of w e^2, T = mean of w d^2 (e residual, d distance to the mean),
 * R2 = 1 - S / T; the influence of row i on it is -w (e^2 - (S / T) d^2) / T, on
 * RMSE = sqrt(S) it is w (e^2 - S) / (2 sqrt(S)).
 */
ml_status
ml_judge_regression(ml_host *host, const ml_outcomes *in, ml_report *report)
{
	double total = 0, sum = 0, s = 0, t = 0, on_r2 = 0, on_rmse = 0,
	       n = (double) in->rows;
	double mean, r2;
	mean_sum absolute = {0};

	report->metrics = 0;
	add(report, "rows", n, NAN, NAN);
	if (in->rows == 0)
		return ML_OK;
	for (int64_t i = 0; i < in->rows; i++)
	{
		total += weight_at(in, i);
		sum += weight_at(in, i) * in->target[i];
	}
	mean = sum / total;
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i), e = in->target[i] - in->score[i],
		       d = in->target[i] - mean;

		s += w * e * e / total;
		t += w * d * d / total;
		mean_add(&absolute, w, fabs(e));
		ML_PAUSE(host, i);
	}
	r2 = t > 0 ? 1 - s / t : NAN;
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i) * n / total;
		double e = in->target[i] - in->score[i], d = in->target[i] - mean;
		double r2_i = w * (e * e - s / t * d * d) / t, s_i = w * (e * e - s);

		on_r2 += r2_i * r2_i;
		on_rmse += s_i * s_i;
		ML_PAUSE(host, i);
	}
	add_normal(report, "r2", r2, sqrt(on_r2) / n, r2_range);
	add_normal(report, "rmse", sqrt(s), s > 0 ? sqrt(on_rmse) / n / (2 * sqrt(s)) : 0,
	           loss_range);
	add_mean(report, "mae", &absolute);
	return in->deviance != NULL ? add_deviance(host, in, mean, report) : ML_OK;
}
