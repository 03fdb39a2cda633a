/* SPDX-License-Identifier: PostgreSQL */
/*
 * class_metrics.c: measures of predicted classes, more than two of them.
 *
 * A row of a class that the model does not know is a row it gets wrong: it counts in
 * accuracy, its log loss is that of the least probability that counts, and all such rows
 * make up one class in the means over classes.  These are over the classes that occur:
 * balanced accuracy is the mean of the recalls, macro F1 that of the F1 of each class
 * that came out or was predicted.
 *
 * Intervals: Wilson for accuracy, the normal one for the mean of independent shares for balanced
 * accuracy, that of what each row adds to it for macro F1 and for Matthews' coefficient (on the scale
 * of Fisher's z), and the normal one of the mean for log loss.  Rows of different weight count as so
 * many equal ones as are worth the same (Kish).
 */
#include "judge/judge.h"

#include <math.h>

#include "judge/interval.h"

#define CLIP 1e-15 /* probabilities nearer to 0 count as this in the log loss */

/* Weights of the rows of every class; the last one is that of unknown classes. */
typedef struct class_counts
{
	int classes;
	double *actual;      /* [classes + 1] */
	double *predicted;   /* [classes + 1] */
	double *hits;        /* [classes + 1] */
	double *own_squares; /* [classes + 1] of the weights of every actual class */
	ml_share right;
	double total;
	double
	    came; /* shares of rows: sums over classes of actual^2, predicted^2, their product */
	double called;
	double both;
	double loss; /* sums of w loss, w^2, w^2 loss and w^2 loss^2 */
	double squares[3];
} class_counts;

static double
weight_at(const ml_class_outcomes *in, int64_t row)
{
	return in->weight != NULL ? in->weight[row] : 1;
}

static int
class_of(const ml_class_outcomes *in, int64_t row)
{
	return in->target[row] >= 0 ? (int) in->target[row] : in->classes;
}

static ml_status
count(ml_host *host, const ml_class_outcomes *in, class_counts *out)
{
	out->classes = in->classes;
	ML_NEW(host, out->actual, in->classes + 1);
	ML_NEW(host, out->predicted, in->classes + 1);
	ML_NEW(host, out->hits, in->classes + 1);
	ML_NEW(host, out->own_squares, in->classes + 1);
	for (int64_t row = 0; row < in->rows; row++)
	{
		double weight = weight_at(in, row);
		double p = in->likelihood[row] < CLIP ? CLIP : in->likelihood[row];
		int actual = class_of(in, row), predicted = (int) in->predicted[row];

		ML_PAUSE(host, row);
		out->total += weight;
		out->actual[actual] += weight;
		out->predicted[predicted] += weight;
		out->hits[actual] += actual == predicted ? weight : 0;
		out->own_squares[actual] += weight * weight;
		ml_share_add(&out->right, weight, actual == predicted);
		out->loss -= weight * log(p);
		out->squares[0] += weight * weight;
		out->squares[1] -= weight * weight * log(p);
		out->squares[2] += weight * weight * log(p) * log(p);
	}
	return ML_OK;
}

static void
add(ml_report *report, const char *name, double value, double low, double high)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name, .value = value, .low = low, .high = high};
}

static void
add_accuracy(ml_report *report, const class_counts *counts)
{
	double low, high;

	ml_share_interval(&counts->right, &low, &high);
	add(report, "accuracy", ml_share_value(&counts->right), low, high);
}

/* Recalls are shares of so many rows each. */
static void
add_balanced_accuracy(ml_report *report, const class_counts *counts)
{
	double sum = 0, variance = 0, classes = 0, half;

	for (int k = 0; k <= counts->classes; k++)
	{
		double actual = counts->actual[k], recall = counts->hits[k] / actual;

		if (!(actual > 0))
			continue;
		classes++;
		sum += recall;
		variance += recall * (1 - recall) * counts->own_squares[k] / (actual * actual);
	}
	half = ML_Z * sqrt(variance) / classes;
	sum /= classes;
	add(report, "balanced_accuracy", sum, sum > half ? sum - half : 0,
	    sum + half < 1 ? sum + half : 1);
}

/* What a row of those two classes adds to an estimate, when its weight is 1. */
typedef double (*influence_of)(const class_counts *counts, int actual, int predicted,
                               double estimate);

static ml_status
error_of(ml_host *host, const ml_class_outcomes *in, const class_counts *counts,
         influence_of influence, double *estimate_then_error)
{
	double estimate = *estimate_then_error, variance = 0, n = (double) in->rows;

	for (int64_t row = 0; row < in->rows; row++)
	{
		double adds = weight_at(in, row) * influence(counts, class_of(in, row),
		                                             (int) in->predicted[row], estimate);

		ML_PAUSE(host, row);
		variance += adds * adds;
	}
	*estimate_then_error = n > 1 ? sqrt(variance * n / (n - 1)) : NAN;
	return ML_OK;
}

static double
f1_of(const class_counts *counts, int class)
{
	return 2 * counts->hits[class] / (counts->actual[class] + counts->predicted[class]);
}

/* Of the sum over classes of 2 hits / (actual + predicted). */
static double
f1_influence(const class_counts *counts, int actual, int predicted, double estimate)
{
	double hit = actual == predicted ? 2 : 0;

	return (hit - f1_of(counts, actual)) /
	           (counts->actual[actual] + counts->predicted[actual]) -
	       f1_of(counts, predicted) /
	           (counts->actual[predicted] + counts->predicted[predicted]);
}

static ml_status
add_macro_f1(ml_host *host, const ml_class_outcomes *in, const class_counts *counts,
             ml_report *report)
{
	double sum = 0, classes = 0, error = 0, half;

	for (int k = 0; k <= counts->classes; k++)
	{
		if (!(counts->actual[k] + counts->predicted[k] > 0))
			continue;
		classes++;
		sum += f1_of(counts, k);
	}
	ML_TRY(error_of(host, in, counts, f1_influence, &error));
	sum /= classes;
	half = ML_Z * error / classes;
	add(report, "macro_f1", sum, sum - half < 0 ? 0 : sum - half,
	    sum + half > 1 ? 1 : sum + half);
	return ML_OK;
}

static void
find_agreement(class_counts *counts)
{
	double square = counts->total * counts->total;

	for (int k = 0; k <= counts->classes; k++)
	{
		counts->came += counts->actual[k] * counts->actual[k] / square;
		counts->called += counts->predicted[k] * counts->predicted[k] / square;
		counts->both += counts->actual[k] * counts->predicted[k] / square;
	}
}

/* With M = A / sqrt(B C), A = hits - both, B = 1 - came, C = 1 - called, all shares of rows. */
static double
mcc_influence(const class_counts *counts, int actual, int predicted, double estimate)
{
	double total = counts->total, a, b, c;

	a = (actual == predicted) - ml_share_value(&counts->right) -
	    (counts->predicted[actual] + counts->actual[predicted]) / total +
	    2 * counts->both;
	b = -2 * (counts->actual[actual] / total - counts->came);
	c = -2 * (counts->predicted[predicted] / total - counts->called);
	return (a / sqrt((1 - counts->came) * (1 - counts->called)) -
	        estimate / 2 * (b / (1 - counts->came) + c / (1 - counts->called))) /
	       total;
}

/* Matthews' coefficient of several classes (Gorodkin 2004). */
static ml_status
add_mcc(ml_host *host, const ml_class_outcomes *in, class_counts *counts,
        ml_report *report)
{
	double mcc, half;

	find_agreement(counts);
	mcc = (ml_share_value(&counts->right) - counts->both) /
	      sqrt((1 - counts->came) * (1 - counts->called));
	if (!isfinite(mcc) || !(fabs(mcc) < 1))
	{
		add(report, "mcc", isfinite(mcc) ? mcc : NAN, NAN, NAN);
		return ML_OK;
	}
	half = mcc;
	ML_TRY(error_of(host, in, counts, mcc_influence, &half));
	half *= ML_Z / (1 - mcc * mcc);
	add(report, "mcc", mcc, tanh(atanh(mcc) - half), tanh(atanh(mcc) + half));
	return ML_OK;
}

static void
add_log_loss(ml_report *report, const class_counts *counts, double n)
{
	double mean = counts->loss / counts->total, half = 0;
	double spread = counts->squares[2] - 2 * mean * counts->squares[1] +
	                mean * mean * counts->squares[0];

	if (spread > 0 && n > 1)
		half = ML_Z * sqrt(spread * n / (n - 1)) / counts->total;
	add(report, "log_loss", mean, mean > half ? mean - half : 0, mean + half);
}

ml_status
ml_judge_classes(ml_host *host, const ml_class_outcomes *in, ml_report *report)
{
	class_counts counts = {0};
	double n = (double) in->rows;

	report->metrics = 0;
	add(report, "rows", n, NAN, NAN);
	if (in->rows == 0)
		return ML_OK;
	ML_TRY(count(host, in, &counts));
	add_accuracy(report, &counts);
	add_balanced_accuracy(report, &counts);
	ML_TRY(add_macro_f1(host, in, &counts, report));
	ML_TRY(add_mcc(host, in, &counts, report));
	add_log_loss(report, &counts, n);
	return ML_OK;
}
