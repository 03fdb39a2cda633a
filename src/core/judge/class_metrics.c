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
 * accuracy, and the normal one of the mean for log loss.
 */
#include "judge/judge.h"

#include <math.h>

#define Z 1.959963984540054 /* 0.975 quantile of the normal distribution */
#define CLIP 1e-15          /* probabilities nearer to 0 count as this in the log loss */

/* Weights of the rows of every class; the last one is that of unknown classes. */
typedef struct class_counts
{
	int classes;
	double *actual;    /* [classes + 1] */
	double *predicted; /* [classes + 1] */
	double *hits;      /* [classes + 1] */
	double all_hits;
	double total;
	double loss; /* sums of w loss, w^2, w^2 loss and w^2 loss^2 */
	double squares[3];
} class_counts;

static ml_status
count(ml_host *host, const ml_class_outcomes *in, class_counts *out)
{
	out->classes = in->classes;
	ML_NEW(host, out->actual, in->classes + 1);
	ML_NEW(host, out->predicted, in->classes + 1);
	ML_NEW(host, out->hits, in->classes + 1);
	for (int64_t row = 0; row < in->rows; row++)
	{
		double weight = in->weight != NULL ? in->weight[row] : 1;
		double p = in->likelihood[row] < CLIP ? CLIP : in->likelihood[row];
		int actual = in->target[row] >= 0 ? (int) in->target[row] : in->classes;
		int predicted = (int) in->predicted[row];

		ML_PAUSE(host, row);
		out->total += weight;
		out->actual[actual] += weight;
		out->predicted[predicted] += weight;
		out->hits[actual] += actual == predicted ? weight : 0;
		out->all_hits += actual == predicted ? weight : 0;
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
add_accuracy(ml_report *report, const class_counts *counts, double n)
{
	double p = counts->all_hits / counts->total, middle, half;

	middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
	half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
	add(report, "accuracy", p, middle - half, middle + half);
}

/* Recalls are shares of so many rows each: weights are scaled to the number of rows. */
static void
add_balanced_accuracy(ml_report *report, const class_counts *counts, double n)
{
	double sum = 0, variance = 0, classes = 0, half;

	for (int k = 0; k <= counts->classes; k++)
	{
		double recall = counts->hits[k] / counts->actual[k];

		if (!(counts->actual[k] > 0))
			continue;
		classes++;
		sum += recall;
		variance += recall * (1 - recall) / (counts->actual[k] / counts->total * n);
	}
	half = Z * sqrt(variance) / classes;
	sum /= classes;
	add(report, "balanced_accuracy", sum, sum > half ? sum - half : 0,
	    sum + half < 1 ? sum + half : 1);
}

static void
add_macro_f1(ml_report *report, const class_counts *counts)
{
	double sum = 0, classes = 0;

	for (int k = 0; k <= counts->classes; k++)
	{
		double both = counts->actual[k] + counts->predicted[k];

		if (!(both > 0))
			continue;
		classes++;
		sum += 2 * counts->hits[k] / both;
	}
	add(report, "macro_f1", sum / classes, NAN, NAN);
}

static void
add_log_loss(ml_report *report, const class_counts *counts, double n)
{
	double mean = counts->loss / counts->total, half = 0;
	double spread = counts->squares[2] - 2 * mean * counts->squares[1] +
	                mean * mean * counts->squares[0];

	if (spread > 0 && n > 1)
		half = Z * sqrt(spread * n / (n - 1)) / counts->total;
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
	add_accuracy(report, &counts, n);
	add_balanced_accuracy(report, &counts, n);
	add_macro_f1(report, &counts);
	add_log_loss(report, &counts, n);
	return ML_OK;
}
