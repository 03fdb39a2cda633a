/* SPDX-License-Identifier: PostgreSQL */
/*
 * calibrate.h: learning a calibration from scores and what came out.
 */
#ifndef ML_CALIBRATE_H
#define ML_CALIBRATE_H

#include "judge/judge.h"

#define ML_CALIBRATION_ROWS 100 /* that each half of the holdout has at least */

/*
 * The curve that never falls and is nearest to the outcomes (least squares), by pooling adjacent
 * violators: points of the first and the last score of each pool, with its mean.
 */
extern ml_status
ml_calibrate_isotonic(ml_host *host, const ml_outcomes *outcomes, ml_fitted *fitted);

/*
 * Platt's line of the log odds in the margin, which stands in the place of the score: the
 * likeliest for his targets, which are a little short of 0 and 1.  A line that falls becomes level.
 */
extern ml_status
ml_calibrate_platt(ml_host *host, const ml_outcomes *outcomes, ml_fitted *fitted);

/* Rows of the holdout, in front of a frame, that judge a calibrated model. */
extern int64_t
ml_judging_rows(const ml_frame *frame, int64_t holdout, const ml_common_options *options);

/*
 * Calibrates a model, ready to score, on that half of the holdout whose keys are the higher ones;
 * problem->judged becomes the rows of the other, which judges.  ML_NO_CALIBRATION with fault.count
 * rows if a half has too few rows or one class.
 */
extern ml_status ml_calibrate(ml_host *host, const ml_common_options *options,
                              ml_problem *problem, ml_model *model);

#endif
