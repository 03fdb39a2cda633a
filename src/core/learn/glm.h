/* SPDX-License-Identifier: PostgreSQL */
/*
 * glm.h: what learners with a linear predictor share: Newton's method over a loss,
 * coefficients on the scale of the data, inference, scoring and explaining.
 *
 * Learned arrays, in the order of the features: a number has one slot, a
 * category one per label and a last one for missing; an offset has none.
 *
 *	intercept		[1]
 *	coefficients	[slots]	0 for the reference label; where missing did not occur in
 *							training its slot is the mean over the labels
 *	standard_errors	[slots + 1] the intercept's first; NaN where there is none
 *	vif				[slots]	variance inflation factors
 *	marginal_effects [slots], marginal_effect_errors [slots]	if asked for
 *
 * and arrays of one number, NaN where it is not defined:
 *
 *	observations, df_model, df_residual, dispersion, log_likelihood, deviance, null_deviance,
 *	aic, bic, r2, adjusted_r2, f_statistic, pseudo_r2, condition_number, theta, theta_error,
 *	clusters
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
	bool robust;      /* standard errors hold for any variance: HC1 */
	const ml_column
	    *cluster; /* they hold for rows that depend on each other within clusters */
	bool marginal_effects; /* average ones, of the logit link */
} ml_glm;

/* A fit under way and, in the end, the solution. */
typedef struct ml_solver
{
	ml_host *host;
	const ml_problem *problem;
	const ml_glm *glm;
	const ml_family *family; /* the one that is fitted now */
	ml_design design;
	ml_normal normal; /* at the solution: factor, loss */
	double *beta;     /* [cols] in the design's units */
	double *previous;
	double *step;
	double theta; /* of the negative binomial */
	double theta_error;
	bool converged;
	int64_t iterations;
	ml_trouble trouble;
} ml_solver;

extern ml_status ml_glm_fit(ml_host *host, const ml_problem *problem, const ml_glm *glm,
                            ml_fitted *fitted);

/* Does the family take such a target? */
extern ml_status
ml_glm_check_target(ml_host *host, const ml_problem *problem, const ml_family *family);

/* About the intercept of the model that has nothing else; in the link's domain for every row. */
extern double ml_glm_start(const ml_schema *schema, const ml_family *family);

/* What is taken off the target of a quadratic loss: its mean, rounded so that this is exact. */
extern double ml_glm_offset(const ml_schema *schema, const ml_family *family);
extern double ml_glm_memory(const ml_problem *problem, int threads);

/* inference.c: what the solution says, written into learned arrays */
extern ml_status ml_glm_write(ml_solver *solver, ml_fitted *fitted);

/* goodness.c: how well it fits */
typedef struct ml_goodness
{
	double rows;
	double parameters; /* that AIC counts */
	double df_residual;
	double dispersion;
	double log_likelihood;
	double deviance;
	double null_deviance;
} ml_goodness;

/* Columns past which singular values take too long, and the condition is not known. */
#define ML_LARGEST_CONDITION 1000

extern ml_status ml_goodness_take(ml_solver *solver, ml_goodness *fit);
extern ml_status
ml_goodness_write(ml_solver *solver, const ml_goodness *fit, ml_fitted *fitted);

/* trouble.c: what went wrong, by name of a feature */
extern ml_status ml_trouble_find(ml_solver *solver, ml_fitted *fitted);

/*
 * A step that moves more than this between the ends of a column's range, where Newton's method
 * has converged, shows a coefficient without end.
 */
#define ML_ENDLESS_STEP 0.1

/* What a coefficient moves between the ends of its column's range, per unit of the design. */
extern double ml_trouble_range(const ml_design *design, int column);
extern void ml_trouble_blame(const ml_design *design, ml_trouble_kind kind, int column,
                             ml_trouble *trouble);

/* effects.c: average marginal effects of a logit, per design column, and their gradients */
typedef struct ml_effects
{
	double *
	    effect; /* [cols] of a number per unit of the design, of a label against the reference */
	double *gradient; /* [cols][cols] derivative of each by the coefficients */
} ml_effects;

extern ml_status ml_effects_take(ml_solver *solver, ml_effects *effects);

/* glm_score.c */
extern ml_status
ml_glm_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
               const ml_family *family, void **state);
extern double ml_glm_work(const void *state);
extern double ml_glm_margin(const void *state, const double *row);
extern double ml_glm_respond(const void *state, double margin);
extern double ml_glm_deviance(const void *state, double y, double mu);
extern void
ml_glm_explain(const void *state, const double *row, double *contribution, double *bias);

/* Slots of a feature, and of all features of a schema. */
extern int64_t ml_feature_slots(const ml_feature *feature);
extern int64_t ml_glm_slots(const ml_schema *schema);

#endif
