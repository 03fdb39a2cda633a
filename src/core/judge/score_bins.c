/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_bins.c: scores of two classes in bins: the lift table and the calibration table.
 */
#include "judge/curve.h"
#include "judge/interval.h"

#include <math.h>

int
ml_lift(const ml_steps *steps, int bins, ml_lift_bin *bin)
{
	double total = steps->positives + steps->negatives, above = 0, responders = 0;
	int count = 0;

	for (int64_t i = 0; i < steps->count; i++)
	{
		const ml_step *step = &steps->step[i];
		double rows = step->positives + step->negatives;
		int number = 1 + (int) (bins * (above + rows / 2) / total);

		number = number < bins ? number : bins;
		if (count == 0 || bin[count - 1].bin != number)
			bin[count++] = (ml_lift_bin){.bin = number, .high = step->score};
		above += rows;
		responders += step->positives;
		bin[count - 1].low = step->score;
		bin[count - 1].rows += rows;
		bin[count - 1].responders += step->positives;
		bin[count - 1].cumulative_rows = above;
		bin[count - 1].cumulative_responders = responders;
	}
	return count;
}

/* Values of the ascending scores at a place from 0, where each row takes up its weight. */
typedef struct ladder
{
	const ml_steps *steps;
	double scale; /* makes all weights add up to the number of rows */
	int64_t step; /* from the end of the steps */
	double below; /* weight up to and with this step */
} ladder;

static double
weight_of(const ladder *at)
{
	const ml_step *step = &at->steps->step[at->steps->count - 1 - at->step];

	return at->scale * (step->positives + step->negatives);
}

static double
score_of(const ladder *at)
{
	return at->steps->step[at->steps->count - 1 - at->step].score;
}

static void
climb(ladder *at, double place)
{
	while (at->below <= place && at->step + 1 < at->steps->count)
	{
		at->step++;
		at->below += weight_of(at);
	}
}

/* numpy's percentile: linear between the two scores that stand around the place. */
static double
quantile(ladder *at, double share)
{
	double place = (double) (at->steps->rows - 1) * share, under = floor(place);
	double between = place - under, a, b;
	ladder next;

	climb(at, under);
	a = score_of(at);
	next = *at;
	climb(&next, under + 1);
	b = score_of(&next);
	return between >= 0.5 ? b - (b - a) * (1 - between) : a + (b - a) * between;
}

/*
 * The bounds between bins, as calibration_curve of scikit-learn finds them, to the last bit; no
 * steps: bins of equal width.
 */
static void
find_edges(const ml_steps *steps, int bins, double *edge)
{
	double width = 1.0 / bins;
	ladder at = {.steps = steps};

	if (steps != NULL)
	{
		at.scale = (double) steps->rows / (steps->positives + steps->negatives);
		at.below = weight_of(&at);
	}
	for (int i = 1; i < bins; i++)
		edge[i - 1] = steps == NULL ? i * width : quantile(&at, i * width * 100 / 100);
}

typedef struct bin_sum
{
	ml_share share;
	double score;
	double low;
	double high;
} bin_sum;

static int
bin_of(const double *edge, int bins, double score)
{
	int low = 0, high = bins - 1;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (edge[middle] < score)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static ml_status
sum_bins(ml_host *host, const ml_outcomes *in, const double *edge, int bins, bin_sum *sum)
{
	for (int64_t i = 0; i < in->rows; i++)
	{
		double weight = in->weight != NULL ? in->weight[i] : 1, score = in->score[i];
		bin_sum *to = &sum[bin_of(edge, bins, score)];

		ML_PAUSE(host, i);
		to->low = to->share.weight == 0 || score < to->low ? score : to->low;
		to->high = to->share.weight == 0 || score > to->high ? score : to->high;
		to->score += weight * score;
		ml_share_add(&to->share, weight, in->target[i] > 0);
	}
	return ML_OK;
}

ml_status
ml_calibrate_bins(ml_host *host, const ml_outcomes *in, int bins, bool uniform,
                  ml_calibration_bin *bin, int *count)
{
	bin_sum *sum;
	double *edge;
	ml_steps steps;

	*count = 0;
	if (in->rows == 0)
		return ML_OK;
	ML_NEW(host, sum, bins);
	ML_NEW(host, edge, bins);
	if (!uniform)
		ML_TRY(ml_steps_find(host, in, &steps));
	find_edges(uniform ? NULL : &steps, bins, edge);
	ML_TRY(sum_bins(host, in, edge, bins, sum));
	for (int i = 0; i < bins; i++)
	{
		ml_calibration_bin *out = &bin[*count];

		if (!(sum[i].share.weight > 0))
			continue;
		*out = (ml_calibration_bin){.low = sum[i].low,
		                            .high = sum[i].high,
		                            .rows = sum[i].share.weight,
		                            .mean_score = sum[i].score / sum[i].share.weight,
		                            .observed = ml_share_value(&sum[i].share)};
		ml_share_interval(&sum[i].share, &out->observed_low, &out->observed_high);
		(*count)++;
	}
	return ML_OK;
}
