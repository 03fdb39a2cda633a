/* SPDX-License-Identifier: PostgreSQL */
/*
 * calibration.h: the score of a classifier as a probability that can be taken at its word.
 *
 * A calibration is learned from rows that the model was not trained on, and never
 * turns the order of two scores around.  It is part of what the model has learned:
 *
 *	isotonic	"calibration_score" and "calibration_value": points, joined by straight lines,
 *			level before the first and behind the last
 *	platt		"calibration_margin": intercept and slope of the log odds in the margin
 */
#ifndef ML_CALIBRATION_H
#define ML_CALIBRATION_H

#include "learn/learn.h"

typedef enum ml_calibration_kind
{
	ML_CALIBRATION_NONE,
	ML_CALIBRATION_ISOTONIC,
	ML_CALIBRATION_PLATT
} ml_calibration_kind;

typedef struct ml_calibration
{
	ml_calibration_kind kind;
	int64_t points;
	const double *score; /* [points] ascending */
	const double *value; /* [points] within [0, 1], never falling */
	double intercept;
	double slope; /* never below zero */
} ml_calibration;

/* The calibration among what was learned, if there is one; ML_BAD_MODEL if it cannot be one. */
extern ml_status ml_calibration_read(const ml_fitted *fitted, ml_task_kind task,
                                     ml_calibration *calibration);

/* The probability for a margin whose score by the learner is this. */
extern double
ml_calibrated(const ml_calibration *calibration, double score, double margin);

#endif
