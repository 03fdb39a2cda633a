/* SPDX-License-Identifier: PostgreSQL */
/*
 * calibration.c: reading and using what a calibration has learned.
 */
#include "model/model.h"

#include <math.h>

/* Scores ascend by finite steps; values are probabilities that never fall. */
static bool
are_points(const ml_part *score, const ml_part *value)
{
	int64_t last = score->count - 1;

	if (score->count < 1 || value->count != score->count)
		return false;
	for (int64_t i = 0; i <= last; i++)
		if (!isfinite(score->number[i]) ||
		    !(value->number[i] >= 0 && value->number[i] <= 1) ||
		    (i > 0 && !(score->number[i] > score->number[i - 1] &&
		                value->number[i] >= value->number[i - 1])))
			return false;
	return isfinite(score->number[last] - score->number[0]);
}

ml_status
ml_calibration_read(const ml_fitted *fitted, ml_task_kind task,
                    ml_calibration *calibration)
{
	const ml_part *score = ml_fitted_part(fitted, "calibration_score");
	const ml_part *value = ml_fitted_part(fitted, "calibration_value");
	const ml_part *margin = ml_fitted_part(fitted, "calibration_margin");

	*calibration = (ml_calibration){.kind = ML_CALIBRATION_NONE};
	if (score == NULL && value == NULL && margin == NULL)
		return ML_OK;
	if (task != ML_BINARY || (score == NULL) != (value == NULL) ||
	    (score == NULL) == (margin == NULL))
		return ML_BAD_MODEL;
	if (margin != NULL)
	{
		if (margin->count != 2 || !isfinite(margin->number[0]) ||
		    !isfinite(margin->number[1]) || margin->number[1] < 0)
			return ML_BAD_MODEL;
		*calibration = (ml_calibration){.kind = ML_CALIBRATION_PLATT,
		                                .intercept = margin->number[0],
		                                .slope = margin->number[1]};
		return ML_OK;
	}
	if (!are_points(score, value))
		return ML_BAD_MODEL;
	*calibration = (ml_calibration){.kind = ML_CALIBRATION_ISOTONIC,
	                                .points = score->count,
	                                .score = score->number,
	                                .value = value->number};
	return ML_OK;
}

static double
on_the_line(const ml_calibration *calibration, double score)
{
	const double *at = calibration->score, *value = calibration->value;
	int64_t low = 0, high = calibration->points - 1;
	double share, between;

	if (score <= at[0])
		return value[0];
	if (score >= at[high])
		return value[high];
	while (high - low > 1)
	{
		int64_t middle = low + (high - low) / 2;

		if (at[middle] <= score)
			low = middle;
		else
			high = middle;
	}
	share = (score - at[low]) / (at[high] - at[low]);
	between = value[low] + share * (value[high] - value[low]);
	return between < value[high] ? between : value[high];
}

double
ml_calibrated(const ml_calibration *calibration, double score, double margin)
{
	double log_odds = calibration->intercept;

	if (calibration->kind == ML_CALIBRATION_NONE || isnan(margin))
		return score;
	if (calibration->kind == ML_CALIBRATION_ISOTONIC)
		return on_the_line(calibration, score);
	/* nothing times an infinite margin is nothing */
	if (calibration->slope > 0)
		log_odds += calibration->slope * margin;
	return 1 / (1 + exp(-log_odds));
}
