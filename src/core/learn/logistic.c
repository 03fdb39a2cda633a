/* SPDX-License-Identifier: PostgreSQL */
/*
 * logistic.c: logistic regression of two classes with an L2 penalty.
 *
 * We minimize  sum_i w_i log(1 + exp(-s_i z_i)) + l2/2 sum_j d_j b_j^2,  z_i = x_i . b,
 * s_i = 2 y_i - 1, by Newton's method, which for this loss is iteratively reweighted
 * least squares.  With l2 = 0 it is maximum likelihood; the default keeps
 * separable and collinear data from running away, as in scikit-learn (C = 1).
 */
#include "learn/learn.h"

#include <math.h>

typedef struct logistic_options
{
	double l2;
	int64_t max_iterations;
	double tolerance;
} logistic_options;

static const ml_option option[] = {
    {"l2", ML_OPTION_NUMBER, offsetof(logistic_options, l2), 1, 0, 1e15,
     "penalty on the squared coefficients of standardized numbers and of labels; 0 is "
     "maximum likelihood"},
    {"max_iterations", ML_OPTION_INTEGER, offsetof(logistic_options, max_iterations), 100,
     1, 100000, "Newton steps after which training stops with a warning"},
    {"tolerance", ML_OPTION_NUMBER, offsetof(logistic_options, tolerance), 1e-8, 1e-15, 1,
     "training has converged when a step gains less than this in log-likelihood"},
};

/*
 * With t = exp(-|z|):  p = 1 / (1 + t) for z >= 0 and t / (1 + t) else,  p (1 - p) =
 * t / (1 + t)^2,  log(1 + exp(-s z)) = log1p(t) + max(-s z, 0);  nothing overflows.
 */
static void
logistic_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double z = block->eta[i], weight = block->weight[i], y = block->target[i];
		double t = exp(-fabs(z)), share = 1 / (1 + t);
		double p = z >= 0 ? share : t * share;
		double against = y > 0 ? -z : z;

		block->gradient[i] = weight * (y - p);
		block->curvature[i] = weight * t * share * share;
		block->objective += weight * (log1p(t) + (against > 0 ? against : 0));
	}
}

static ml_status
fit(ml_host *host, const ml_problem *problem, const void *options, ml_fitted *fitted)
{
	const logistic_options *given = options;
	const double *count = problem->schema->class_count;
	ml_glm glm = {.loss = logistic_loss,
	              .l2 = given->l2,
	              .max_iterations = given->max_iterations,
	              .tolerance = given->tolerance,
	              .start = log(count[1] / count[0])};

	return ml_glm_fit(host, problem, &glm, fitted);
}

const ml_learner ml_logistic = {
    .name = "logistic",
    .summary = "logistic regression of two classes with an L2 penalty",
    .task = ML_BINARY,
    .option = option,
    .options = sizeof option / sizeof *option,
    .options_size = sizeof(logistic_options),
    .memory = ml_glm_memory,
    .fit = fit,
    .prepare = ml_glm_prepare,
    .work = ml_glm_work,
    .margin = ml_glm_margin,
    .explain = ml_glm_explain,
};
