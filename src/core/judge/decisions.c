/* SPDX-License-Identifier: PostgreSQL */
/*
 * decisions.c: measures of two classes that are called by a cut-off.
 *
 * All follow from the weights of four kinds of rows, summed exactly: the measures are those of the
 * aggregates, to the bit.  Intervals: Wilson's for shares, with the
 * effective number of rows; for F1 and Matthews' coefficient that of the influence of a row, which
 * is the same for all rows of a kind, on the scale of the logit (F1) and of Fisher's z.
 */
#include "judge/judge.h"

#include <math.h>

#include "judge/interval.h"

/* Rows by what came out and what they were called: 2 * actual + called. */
enum
{
	TN,
	FP,
	FN,
	TP,
	KINDS
};

typedef struct kinds
{
	ml_tally *exact;
	double rows; /* not weights */
	double weight[KINDS];
	double squares[KINDS];
} kinds;

static void
add(ml_report *report, const char *name, double value, double low, double high)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name, .value = value, .low = low, .high = high};
}

/* The share of the rows of some kinds, a bit each, that are of others. */
static void
add_share(ml_report *report, const char *name, const kinds *count, int among, int hits)
{
	ml_share share = {0};
	double low, high;

	for (int k = 0; k < KINDS; k++)
	{
		share.hits += hits >> k & 1 ? count->weight[k] : 0;
		share.weight += among >> k & 1 ? count->weight[k] : 0;
		share.squares += among >> k & 1 ? count->squares[k] : 0;
	}
	ml_share_interval(&share, &low, &high);
	add(report, name, ml_share_value(&share), low, high);
}

/* The error of an estimate on which a row of each kind has that influence, times its weight. */
static double
error_of(const kinds *count, const double influence[KINDS])
{
	double variance = 0;

	for (int k = 0; k < KINDS; k++)
		variance += count->squares[k] * influence[k] * influence[k];
	return sqrt(variance * count->rows / (count->rows - 1));
}

/* F1 = N / D with N = 2 tp, D = 2 tp + fp + fn; a row's influence is (n - F1 d) / D. */
static void
add_f1(ml_report *report, const kinds *count)
{
	const double *w = count->weight;
	double d = 2 * w[TP] + w[FP] + w[FN], f1 = ml_tally_f1(count->exact), logit, half;
	const double influence[KINDS] = {
	    [FP] = -f1 / d, [FN] = -f1 / d, [TP] = (2 - 2 * f1) / d};

	logit = log(f1 / (1 - f1));
	half = ML_Z * error_of(count, influence) / (f1 * (1 - f1));
	if (f1 > 0 && f1 < 1)
		add(report, "f1", f1, 1 / (1 + exp(half - logit)), 1 / (1 + exp(-half - logit)));
	else
		add(report, "f1", f1, NAN, NAN);
}

/*
 * With shares of all rows, M = (tp tn - fp fn) / R, where R^2 is the product of the shares that
 * came out and that were called positive and negative.
 */
static void
add_mcc(ml_report *report, const kinds *count)
{
	double total =
	    count->weight[TN] + count->weight[FP] + count->weight[FN] + count->weight[TP];
	double tn = count->weight[TN] / total, fp = count->weight[FP] / total;
	double fn = count->weight[FN] / total, tp = count->weight[TP] / total;
	double r = sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
	double m = ml_tally_mcc(count->exact), mean = 0, half;
	double influence[KINDS] = {[TN] = tp / r - m / 2 * (1 / (tn + fp) + 1 / (tn + fn)),
	                           [FP] = -fn / r - m / 2 * (1 / (tp + fp) + 1 / (tn + fp)),
	                           [FN] = -fp / r - m / 2 * (1 / (tp + fn) + 1 / (tn + fn)),
	                           [TP] = tn / r - m / 2 * (1 / (tp + fp) + 1 / (tp + fn))};

	for (int k = 0; k < KINDS; k++)
		mean += influence[k] * count->weight[k] / total;
	for (int k = 0; k < KINDS; k++)
		influence[k] = (influence[k] - mean) / total;
	half = ML_Z * error_of(count, influence) / (1 - m * m);
	if (fabs(m) < 1)
		add(report, "mcc", m, tanh(atanh(m) - half), tanh(atanh(m) + half));
	else
		add(report, "mcc", m, NAN, NAN);
}

/* Weights of the kinds; without weights they are counts, which are exact anyway. */
static ml_status
count_kinds(ml_host *host, const ml_outcomes *in, double threshold, kinds *count)
{
	*count = (kinds){.rows = (double) in->rows};
	ML_TRY(ml_tally_create(host, ML_TALLY_CONFUSION, 0, &count->exact));
	for (int64_t i = 0; i < in->rows; i++)
	{
		int kind = 2 * (in->target[i] > 0) + (in->score[i] >= threshold);
		double weight = in->weight != NULL ? in->weight[i] : 1;

		ML_PAUSE(host, i);
		count->weight[kind] += weight;
		count->squares[kind] += weight * weight;
		if (in->weight != NULL)
			ML_TRY(ml_tally_put(host, &count->exact, &(ml_addend){kind, weight}, 1));
	}
	for (int k = 0; k < KINDS; k++)
	{
		if (in->weight == NULL)
			ML_TRY(
			    ml_tally_put(host, &count->exact, &(ml_addend){k, count->weight[k]}, 1));
		count->weight[k] = ml_tally_sum(count->exact, k);
	}
	return ML_OK;
}

ml_status
ml_judge_decisions(ml_host *host, const ml_outcomes *in, double threshold,
                   ml_report *report)
{
	kinds count;

	ML_TRY(count_kinds(host, in, threshold, &count));
	add_share(report, "accuracy", &count, 0xf, 1 << TN | 1 << TP);
	add_share(report, "precision", &count, 1 << FP | 1 << TP, 1 << TP);
	add_share(report, "recall", &count, 1 << FN | 1 << TP, 1 << TP);
	add_f1(report, &count);
	add_mcc(report, &count);
	add_share(report, "positive_rate", &count, 0xf, 1 << FN | 1 << TP);
	return ML_OK;
}
