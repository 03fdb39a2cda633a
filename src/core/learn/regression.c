/* SPDX-License-Identifier: PostgreSQL */
/*
 * regression.c: the learners with a linear predictor and one margin.
 *
 * All minimize  sum_i w_i loss(y_i, x_i . b + offset_i) + l2/2 sum_j d_j b_j^2,  where d_j is
 * the variance of a number, so that the penalty is that of standardized numbers, and 1 for a
 * label of a category.  The loss is the family's (loss.c), the solver glm.c's.
 *
 * logistic has l2 = 1 by default, which keeps separable and collinear data from running
 * away, as in scikit-learn (C = 1); the others are maximum likelihood unless asked otherwise.
 */
#include "learn/learn.h"

#include <math.h>

typedef struct regression_options
{
	double l2;
	int64_t max_iterations;
	double tolerance;
} regression_options;

#define OPTION_L2(standard)                                                              \
	{                                                                                    \
		"l2", ML_OPTION_NUMBER, offsetof(regression_options, l2), standard, 0, 1e15,     \
		    "penalty on the squared coefficients of standardized numbers and of "        \
		    "labels; 0 is maximum likelihood"                                            \
	}
#define OPTION_MAX_ITERATIONS                                                            \
	{                                                                                    \
		"max_iterations", ML_OPTION_INTEGER,                                             \
		    offsetof(regression_options, max_iterations), 100, 1, 100000,                \
		    "Newton steps after which training stops with a warning"                     \
	}
#define OPTION_TOLERANCE                                                                 \
	{                                                                                    \
		"tolerance", ML_OPTION_NUMBER, offsetof(regression_options, tolerance), 1e-8,    \
		    1e-15, 1,                                                                    \
		    "training has converged when a step gains less than this in "                \
		    "log-likelihood"                                                             \
	}

static const ml_option linear_option[] = {
    OPTION_L2(0),
};

static const ml_option logistic_option[] = {
    OPTION_L2(1),
    OPTION_MAX_ITERATIONS,
    OPTION_TOLERANCE,
};

static ml_status
linear_fit(ml_host *host, const ml_problem *problem, const void *options,
           ml_fitted *fitted)
{
	const regression_options *given = options;
	ml_glm glm = {.family = ml_family_find("linear", (ml_text){0}), .l2 = given->l2};

	/* rounded, so that taking it off the target is exact for money and counts */
	glm.offset = (double) (float) problem->schema->target_mean;
	if (glm.offset - glm.offset != 0)
		glm.offset = problem->schema->target_mean;
	return ml_glm_fit(host, problem, &glm, fitted);
}

static ml_status
linear_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
               const ml_value *options, void **state)
{
	return ml_glm_prepare(host, schema, fitted, ml_family_find("linear", (ml_text){0}),
	                      state);
}

static ml_status
logistic_fit(ml_host *host, const ml_problem *problem, const void *options,
             ml_fitted *fitted)
{
	const regression_options *given = options;
	const double *count = problem->schema->class_count;
	ml_glm glm = {.family = ml_family_find("logistic", (ml_text){0}),
	              .l2 = given->l2,
	              .max_iterations = given->max_iterations,
	              .tolerance = given->tolerance,
	              .start = log(count[1] / count[0])};

	return ml_glm_fit(host, problem, &glm, fitted);
}

static ml_status
logistic_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                 const ml_value *options, void **state)
{
	return ml_glm_prepare(host, schema, fitted, ml_family_find("logistic", (ml_text){0}),
	                      state);
}

const ml_learner ml_linear = {
    .name = "linear",
    .summary = "linear regression by least squares, with an optional ridge penalty",
    .task = ML_REGRESSION,
    .option = linear_option,
    .options = sizeof linear_option / sizeof *linear_option,
    .options_size = sizeof(regression_options),
    .memory = ml_glm_memory,
    .fit = linear_fit,
    .prepare = linear_prepare,
    .work = ml_glm_work,
    .margin = ml_glm_margin,
    .respond = ml_glm_respond,
    .explain = ml_glm_explain,
};

const ml_learner ml_logistic = {
    .name = "logistic",
    .summary = "logistic regression of two classes with an L2 penalty",
    .task = ML_BINARY,
    .option = logistic_option,
    .options = sizeof logistic_option / sizeof *logistic_option,
    .options_size = sizeof(regression_options),
    .memory = ml_glm_memory,
    .fit = logistic_fit,
    .prepare = logistic_prepare,
    .work = ml_glm_work,
    .margin = ml_glm_margin,
    .respond = ml_glm_respond,
    .explain = ml_glm_explain,
};
