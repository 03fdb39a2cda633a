/* SPDX-License-Identifier: PostgreSQL */
/*
 * glm.h: what learners with a linear predictor share: Newton's method over a loss,
 * coefficients on the scale of the data, scoring and explaining.
 *
 * Learned arrays, in the order of the features: a number has one slot, a
 * category one per label and a last one for missing; an offset has none.
 *
 *	intercept		[1]
 *	coefficients	[slots]	0 for the reference label; where missing did not occur in
 *							training its slot is the mean over the labels
 *	standard_errors	[slots + 1] the intercept's first; NaN where there is none
 *	dispersion		[1]		residual variance, or 1
 *	log_likelihood	[1]		at the solution, without the penalty
 */
#ifndef ML_GLM_H
#define ML_GLM_H

#include "learn/normal.h"

typedef struct ml_glm
{
	const ml_family *family;
	double l2;
	int64_t max_iterations;
	double tolerance; /* of Newton's decrement, in units of the log-likelihood */
	double start;     /* the intercept to begin with */
	double offset;    /* taken off the target */
} ml_glm;

extern ml_status ml_glm_fit(ml_host *host, const ml_problem *problem, const ml_glm *glm,
                            ml_fitted *fitted);
extern double ml_glm_memory(const ml_problem *problem, int threads);

extern ml_status
ml_glm_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
               const ml_family *family, void **state);
extern double ml_glm_work(const void *state);
extern double ml_glm_margin(const void *state, const double *row);
extern double ml_glm_respond(const void *state, double margin);
extern void
ml_glm_explain(const void *state, const double *row, double *contribution, double *bias);

/* Slots of a feature, and of all features of a schema. */
extern int64_t ml_feature_slots(const ml_feature *feature);
extern int64_t ml_glm_slots(const ml_schema *schema);

#endif
