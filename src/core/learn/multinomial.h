/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial.h: softmax regression as a learner: solver, inference, scoring.
 *
 * Learned arrays are those of glm.h, class after class: intercept [classes], coefficients
 * [classes][slots], standard_errors [classes][slots + 1].  The first class, the reference, has
 * zeros there, and errors that are NaN.  Arrays of one number: observations, df_model,
 * df_residual, log_likelihood, deviance, null_deviance, aic, bic, pseudo_r2.
 */
#ifndef ML_MULTINOMIAL_H
#define ML_MULTINOMIAL_H

#include "learn/glm.h"
#include "learn/softmax.h"

#define ML_MEMORY_STEPS 20 /* steps that quasi-Newton remembers */

/* A step of quasi-Newton and what it did to the gradient. */
typedef struct ml_remembered
{
	double *step;   /* [size] */
	double *change; /* [size] of the gradient of f */
	double product;
} ml_remembered;

/* A fit under way and, in the end, the solution. */
typedef struct ml_multinomial_fit
{
	ml_host *host;
	const ml_problem *problem;
	int64_t max_iterations;
	double tolerance; /* of Newton's decrement, in units of the log-likelihood */
	ml_design design;
	ml_softmax softmax; /* at the solution: factor, loss */
	ml_normal flat;     /* X'WX, where there is no Hessian */
	double *share;      /* [classes] weight of each class in that of all rows */
	double weight;      /* of all rows */
	double *beta;       /* [size] by column, then by free class, in the design's units */
	double *previous;   /* [size] */
	double *step;       /* [size] */
	double *before;     /* [size] gradient at previous */
	ml_remembered memory[ML_MEMORY_STEPS];
	int64_t remembered;
	bool converged;
	int64_t iterations;
	double *error; /* [size] standard errors in the data's units */
} ml_multinomial_fit;

/* multinomial_solve.c: finds beta for a fit whose softmax is set up */
extern ml_status ml_multinomial_create(ml_multinomial_fit *fit);
extern ml_status ml_multinomial_solve(ml_multinomial_fit *fit);

/* multinomial_write.c: what the solution says, written into learned arrays */
extern ml_status ml_multinomial_write(ml_multinomial_fit *fit, ml_fitted *fitted);

/* multinomial_score.c: see learner.h */
extern ml_status
ml_multinomial_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                       const ml_value *options, void **state);
extern double ml_multinomial_work(const void *state);
extern void ml_multinomial_margins(const void *state, const double *row, double *margin);
extern void ml_multinomial_explain(const void *state, const double *row,
                                   double *contribution, double *bias);

#endif
