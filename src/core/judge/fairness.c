/* SPDX-License-Identifier: PostgreSQL */
/*
 * fairness.c: how a decision treats groups of rows.
 *
 * The rates are those that fairlearn's MetricFrame calls selection_rate, true_positive_rate and
 * false_positive_rate; the ratio of the selection rates is what the four-fifths rule of the US
 * Uniform Guidelines on Employee Selection Procedures (1978) looks at.
 */
#include "judge/decide.h"
#include "judge/interval.h"

#include <math.h>

/* What is counted of a group. */
typedef struct group_sum
{
	int64_t rows;
	ml_share selected;
	ml_share positive;
	ml_share true_positive;
	ml_share false_positive;
	double score;
} group_sum;

static ml_status
sum_groups(ml_host *host, const ml_outcomes *in, const int32_t *code, double threshold,
           group_sum *sum, int groups)
{
	for (int64_t row = 0; row < in->rows; row++)
	{
		group_sum *to = &sum[code[row] >= 0 ? code[row] : groups];
		double weight = in->weight != NULL ? in->weight[row] : 1;
		bool selected = in->score[row] >= threshold, positive = in->target[row] > 0;

		ML_PAUSE(host, row);
		to->rows++;
		ml_share_add(&to->selected, weight, selected);
		ml_share_add(&to->positive, weight, positive);
		ml_share_add(positive ? &to->true_positive : &to->false_positive, weight,
		             selected);
		to->score += weight * in->score[row];
	}
	return ML_OK;
}

static ml_fair_group
rates_of(const group_sum *sum)
{
	ml_fair_group group = {.rows = sum->rows,
	                       .weight = sum->selected.weight,
	                       .selected = ml_share_value(&sum->selected),
	                       .true_positive_rate = ml_share_value(&sum->true_positive),
	                       .false_positive_rate = ml_share_value(&sum->false_positive),
	                       .mean_score = sum->score / sum->selected.weight,
	                       .observed = ml_share_value(&sum->positive)};

	ml_share_interval(&sum->selected, &group.selected_low, &group.selected_high);
	return group;
}

/* Puts the ratio of one rate to the highest one of all groups. */
static void
put_ratios(ml_fair_group *group, int groups, bool complement, size_t rate, size_t ratio)
{
	double highest = -INFINITY;

	for (int turn = 0; turn < 2; turn++)
		for (int g = 0; g <= groups; g++)
		{
			double own = *(double *) ((char *) &group[g] + rate);

			own = complement ? 1 - own : own;
			if (group[g].rows == 0)
				continue;
			if (turn == 0)
				highest = own > highest ? own : highest;
			else
				*(double *) ((char *) &group[g] + ratio) = own / highest;
		}
}

ml_status
ml_fairness(ml_host *host, const ml_outcomes *in, const int32_t *code,
            const ml_fair_options *options, ml_fair_group *group, int groups)
{
	bool complement = options->favours_rejected;
	group_sum *sum;

	ML_NEW(host, sum, groups + 1);
	ML_TRY(sum_groups(host, in, code, options->threshold, sum, groups));
	for (int g = 0; g <= groups; g++)
		group[g] = rates_of(&sum[g]);
	put_ratios(group, groups, complement, offsetof(ml_fair_group, selected),
	           offsetof(ml_fair_group, selected_ratio));
	put_ratios(group, groups, complement, offsetof(ml_fair_group, true_positive_rate),
	           offsetof(ml_fair_group, true_positive_ratio));
	put_ratios(group, groups, complement, offsetof(ml_fair_group, false_positive_rate),
	           offsetof(ml_fair_group, false_positive_ratio));
	return ML_OK;
}
