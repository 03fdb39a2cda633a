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

static inline double
weight_at(const double *weight, int64_t row)
{
	return weight != NULL ? weight[row] : 1;
}

static void
add(ml_report *report, const char *name, double value, double low, double high)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name, .value = value, .low = low, .high = high};
}

static void
add_normal(ml_report *report, const char *name, double value, double error,
           double minimum, double maximum)
{
	double low = value - Z * error, high = value + Z * error;

	add(report, name, value, low < minimum ? minimum : low,
	    high > maximum ? maximum : high);
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
	return task == ML_BINARY ? "auc" : "r2";
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
	double *
	    placement; /* per row: weight share of the other class that is below (or above) */
} curve;

static void
total_classes(int64_t rows, const double *target, const double *weight, curve *out)
{
	for (int64_t i = 0; i < rows; i++)
	{
		double w = weight_at(weight, i);

		out->positives += target[i] > 0 ? w : 0;
		out->negatives += target[i] > 0 ? 0 : w;
		out->positive_rows += target[i] > 0;
		out->negative_rows += !(target[i] > 0);
	}
}

/*
 * Walks through groups of equal score from the lowest up.  below and within are the
 * weights of each class under and in the group.  Placements are kept as weights, so that
 * without weights they, and their sum, are exact.
 */
static void
walk(int64_t rows, const uint32_t *order, const double *score, const double *target,
     const double *weight, curve *out)
{
	double below[2] = {0, 0};

	for (int64_t first = 0, next; first < rows; first = next)
	{
		double within[2] = {0, 0}, above[2], gap;

		/* the first one counts in any case: a score that is no number equals nothing */
		next = first;
		do
			within[target[order[next]] > 0] += weight_at(weight, order[next]);
		while (++next < rows && score[order[next]] == score[order[first]]);
		for (int64_t i = first; i < next; i++)
		{
			int own = target[order[i]] > 0;

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
}

/* var(AUC) = var(placements of positives) / n1 + var(placements of negatives) / n0. */
static void
delong(int64_t rows, const double *target, const double *weight, curve *out)
{
	double spread[2] = {0, 0}, n[2] = {out->negative_rows, out->positive_rows};
	double total[2] = {out->negatives, out->positives}, mean[2], variance = 0;

	for (int64_t i = 0; i < rows; i++)
		if (target[i] > 0)
			out->auc += weight_at(weight, i) * out->placement[i];
	out->auc /= out->positives * out->negatives;
	/* a negative's placement counts the positives below it */
	mean[1] = out->auc;
	mean[0] = 1 - out->auc;
	for (int64_t i = 0; i < rows; i++)
	{
		int own = target[i] > 0;
		double away =
		    weight_at(weight, i) * (out->placement[i] / total[1 - own] - mean[own]);

		spread[own] += away * away;
	}
	for (int own = 0; own < 2; own++)
		variance += spread[own] / (total[own] * total[own]) * n[own] / (n[own] - 1);
	out->error = sqrt(variance);
}

static ml_status
trace(ml_host *host, int64_t rows, const double *score, const double *target,
      const double *weight, curve *out)
{
	uint32_t *order;

	total_classes(rows, target, weight, out);
	if (!(out->positives > 0) || !(out->negatives > 0))
	{
		out->auc = out->error = out->ks = out->average_precision = NAN;
		return ML_OK;
	}
	ML_NEW(host, order, rows);
	ML_NEW(host, out->placement, rows);
	ML_TRY(ml_sort_numbers(host, score, rows, order));
	walk(rows, order, score, target, weight, out);
	out->average_precision /= out->positives;
	delong(rows, target, weight, out);
	return ml_stop(host) ? ML_STOPPED : ML_OK;
}

ml_status
ml_auc(ml_host *host, int64_t rows, const double *score, const double *target,
       const double *weight, double *auc, double *error)
{
	curve traced = {0};

	ML_TRY(trace(host, rows, score, target, weight, &traced));
	*auc = traced.auc;
	*error = traced.error;
	return ML_OK;
}

/* A weighted mean of losses and its standard error, from sums of w, w x and w^2 x^2. */
typedef struct mean_sum
{
	double weight;
	double sum;
	double squares;
	double rows;
} mean_sum;

static void
mean_add(mean_sum *sum, double weight, double value)
{
	sum->rows++;
	sum->weight += weight;
	sum->sum += weight * value;
	sum->squares += weight * weight * value * value;
}

static void
add_mean(ml_report *report, const char *name, const mean_sum *sum)
{
	double mean = sum->sum / sum->weight;
	double share = sum->weight / sum->rows; /* mean weight */
	double variance = sum->squares / sum->rows / (share * share) - mean * mean;

	variance = variance > 0 && sum->rows > 1 ? variance / (sum->rows - 1) : 0;
	add_normal(report, name, mean, sqrt(variance), -INFINITY, INFINITY);
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
add_confusion(ml_report *report, int64_t rows, const double *score, const double *target,
              const double *weight)
{
	double hits[2][2] = {{0, 0}, {0, 0}}, total = 0, scale;

	for (int64_t i = 0; i < rows; i++)
	{
		hits[target[i] > 0][score[i] >= 0.5] += weight_at(weight, i);
		total += weight_at(weight, i);
	}
	scale = (double) rows / total;
	for (int i = 0; i < 4; i++)
		hits[i / 2][i % 2] *= scale;
	add_share(report, "accuracy", hits[0][0] + hits[1][1], (double) rows);
	add_share(report, "precision", hits[1][1], hits[1][1] + hits[0][1]);
	add_share(report, "recall", hits[1][1], hits[1][1] + hits[1][0]);
	add(report, "f1", 2 * hits[1][1] / (2 * hits[1][1] + hits[0][1] + hits[1][0]), NAN,
	    NAN);
	add_share(report, "positive_rate", hits[1][0] + hits[1][1], (double) rows);
}

ml_status
ml_judge_binary(ml_host *host, int64_t rows, const double *score, const double *target,
                const double *weight, ml_report *report)
{
	curve traced = {0};
	mean_sum log_loss = {0}, brier = {0};

	report->metrics = 0;
	add(report, "rows", (double) rows, NAN, NAN);
	if (rows == 0)
		return ML_OK;
	ML_TRY(trace(host, rows, score, target, weight, &traced));
	for (int64_t i = 0; i < rows; i++)
	{
		double p = score[i] < CLIP ? CLIP : score[i] > 1 - CLIP ? 1 - CLIP : score[i];
		double away = target[i] - score[i];

		mean_add(&log_loss, weight_at(weight, i), target[i] > 0 ? -log(p) : -log1p(-p));
		mean_add(&brier, weight_at(weight, i), away * away);
	}
	add_normal(report, "auc", traced.auc, traced.error, 0, 1);
	add_normal(report, "gini", 2 * traced.auc - 1, 2 * traced.error, -1, 1);
	add(report, "ks", traced.ks, NAN, NAN);
	add_average_precision(report, &traced);
	add_mean(report, "log_loss", &log_loss);
	add_mean(report, "brier", &brier);
	add_confusion(report, rows, score, target, weight);
	return ML_OK;
}

/*
 * With S = mean of w e^2, T = mean of w d^2 (e residual, d distance to the mean),
 * R2 = 1 - S / T; the influence of row i on it is -w (e^2 - (S / T) d^2) / T, on
 * RMSE = sqrt(S) it is w (e^2 - S) / (2 sqrt(S)).
 */
ml_status
ml_judge_regression(ml_host *host, int64_t rows, const double *score,
                    const double *target, const double *weight, ml_report *report)
{
	double total = 0, sum = 0, s = 0, t = 0, on_r2 = 0, on_rmse = 0, n = (double) rows;
	double mean, r2;
	mean_sum absolute = {0};

	(void) host;
	report->metrics = 0;
	add(report, "rows", n, NAN, NAN);
	if (rows == 0)
		return ML_OK;
	for (int64_t i = 0; i < rows; i++)
	{
		total += weight_at(weight, i);
		sum += weight_at(weight, i) * target[i];
	}
	mean = sum / total;
	for (int64_t i = 0; i < rows; i++)
	{
		double w = weight_at(weight, i), e = target[i] - score[i], d = target[i] - mean;

		s += w * e * e / total;
		t += w * d * d / total;
		mean_add(&absolute, w, fabs(e));
	}
	r2 = t > 0 ? 1 - s / t : NAN;
	for (int64_t i = 0; i < rows; i++)
	{
		double w = weight_at(weight, i) * n / total;
		double e = target[i] - score[i], d = target[i] - mean;
		double r2_i = w * (e * e - s / t * d * d) / t, s_i = w * (e * e - s);

		on_r2 += r2_i * r2_i;
		on_rmse += s_i * s_i;
	}
	add_normal(report, "r2", r2, sqrt(on_r2) / n, -INFINITY, 1);
	add_normal(report, "rmse", sqrt(s), s > 0 ? sqrt(on_rmse) / n / (2 * sqrt(s)) : 0, 0,
	           INFINITY);
	add_mean(report, "mae", &absolute);
	return ML_OK;
}
