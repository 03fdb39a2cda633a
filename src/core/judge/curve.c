/* SPDX-License-Identifier: PostgreSQL */
/*
 * curve.c: the ROC and the precision-recall curve, and the cut-off that costs least.
 *
 * All is read off one list of the distinct scores, the highest first, with the weights of
 * both classes: a point between two of them calls positive whatever stands before it.
 */
#include "judge/curve.h"

#include <math.h>

static void
add_row(ml_steps *out, const ml_outcomes *in, uint32_t row)
{
	double weight = in->weight != NULL ? in->weight[row] : 1;
	ml_step *step;

	if (out->count == 0 || out->step[out->count - 1].score != in->score[row])
		out->step[out->count++] = (ml_step){.score = in->score[row]};
	step = &out->step[out->count - 1];
	if (in->target[row] > 0)
		step->positives += weight;
	else
		step->negatives += weight;
}

ml_status
ml_steps_find(ml_host *host, const ml_outcomes *in, ml_steps *out)
{
	uint32_t *order;

	*out = (ml_steps){.rows = in->rows};
	ML_NEW_RAW(host, order, in->rows);
	ML_NEW_RAW(host, out->step, in->rows);
	ML_TRY(ml_sort_numbers(host, in->score, in->rows, order));
	for (int64_t i = in->rows - 1; i >= 0; i--)
	{
		ML_PAUSE(host, i);
		add_row(out, in, order[i]);
	}
	for (int64_t i = 0; i < out->count; i++)
	{
		out->positives += out->step[i].positives;
		out->negatives += out->step[i].negatives;
	}
	return ML_OK;
}

/* Between two steps alike the ROC curve goes straight on. */
static bool
bends_roc(const ml_step *step)
{
	return step[1].positives != step[0].positives ||
	       step[1].negatives != step[0].negatives;
}

/* While no positive is found or lost, precision only falls. */
static bool
bends_pr(const ml_step *step)
{
	return step[0].positives != 0 || step[1].positives != 0;
}

/* Where along the ROC curve, whose ends are 0 and 2, a point lies. */
static double
place_of(const ml_steps *steps, const ml_point *point)
{
	return (steps->positives > 0 ? point->true_positives / steps->positives : 0) +
	       (steps->negatives > 0 ? point->false_positives / steps->negatives : 0);
}

/* Of the points up to each of so many even places the last one. */
static void
thin(const ml_steps *steps, int64_t points, ml_curve *curve)
{
	double length = place_of(steps, &curve->point[curve->count - 1]);
	int64_t kept = 0, at = 0;

	if (points == 0 || curve->count <= points)
		return;
	points = points < 2 ? 2 : points;
	for (int64_t k = 0; k < points; k++)
	{
		double end = length * (double) k / (double) (points - 1);
		int64_t before = at;

		while (at + 1 < curve->count &&
		       (place_of(steps, &curve->point[at + 1]) <= end || k == points - 1))
			at++;
		if (k == 0 || at > before)
			curve->point[kept++] = curve->point[k == 0 ? 0 : at];
	}
	curve->count = kept;
}

/* The curve from nothing called positive to everything; bends says which points it needs. */
static ml_status
find_points(ml_host *host, const ml_steps *steps, int64_t points,
            bool (*bends)(const ml_step *step), ml_curve *out)
{
	ml_point point = {.threshold = INFINITY};

	ML_NEW_RAW(host, out->point, steps->count + 1);
	out->point[0] = point;
	out->count = 1;
	for (int64_t i = 0; i < steps->count; i++)
	{
		ML_PAUSE(host, i);
		point.threshold = steps->step[i].score;
		point.true_positives += steps->step[i].positives;
		point.false_positives += steps->step[i].negatives;
		if (i == 0 || i == steps->count - 1 || bends(&steps->step[i]))
			out->point[out->count++] = point;
	}
	thin(steps, points, out);
	return ML_OK;
}

ml_status
ml_roc_curve(ml_host *host, const ml_steps *steps, int64_t points, ml_curve *curve)
{
	return find_points(host, steps, points, bends_roc, curve);
}

ml_status
ml_pr_curve(ml_host *host, const ml_steps *steps, int64_t points, ml_curve *curve)
{
	return find_points(host, steps, points, bends_pr, curve);
}

ml_point
ml_cheapest_point(const ml_steps *steps, double false_positive, double false_negative)
{
	ml_point point = {.threshold = INFINITY}, best = point;
	double least = false_negative * steps->positives;

	for (int64_t i = 0; i < steps->count; i++)
	{
		double cost;

		point.threshold = steps->step[i].score;
		point.true_positives += steps->step[i].positives;
		point.false_positives += steps->step[i].negatives;
		cost = false_positive * point.false_positives +
		       false_negative * (steps->positives - point.true_positives);
		if (cost < least)
		{
			least = cost;
			best = point;
		}
	}
	return best;
}

ml_point
ml_point_at(const ml_steps *steps, double threshold)
{
	ml_point point = {.threshold = threshold};

	for (int64_t i = 0; i < steps->count && steps->step[i].score >= threshold; i++)
	{
		point.true_positives += steps->step[i].positives;
		point.false_positives += steps->step[i].negatives;
	}
	return point;
}
