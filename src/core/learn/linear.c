/* SPDX-License-Identifier: PostgreSQL */
/*
 * linear.c: ordinary least squares and ridge regression.
 *
 * We minimize  1/2 sum_i w_i (y_i - x_i . b)^2 + l2/2 sum_j d_j b_j^2,  where d_j is the
 * variance of a number, so that the penalty is that of standardized numbers, and 1 for
 * a label of a category.  Small problems are solved by QR, large ones by the Gram
 * matrix as long as it is well conditioned; both are refined once (normal.h).
 */
#include "learn/learn.h"

typedef struct linear_options
{
	double l2;
} linear_options;

static const ml_option option[] = {
    {"l2", ML_OPTION_NUMBER, offsetof(linear_options, l2), 0, 0, 1e15,
     "ridge penalty on the coefficients of standardized numbers and of labels; 0 is "
     "ordinary least squares"},
};

static void
squared_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double residual = block->target[i] - block->eta[i];

		block->gradient[i] = block->weight[i] * residual;
		block->curvature[i] = block->weight[i];
		block->objective += 0.5 * block->weight[i] * residual * residual;
	}
}

static ml_status
fit(ml_host *host, const ml_problem *problem, const void *options, ml_fitted *fitted)
{
	const linear_options *given = options;
	ml_glm glm = {.loss = squared_loss, .quadratic = true, .l2 = given->l2};

	/* rounded, so that taking it off the target is exact for money and counts */
	glm.offset = (double) (float) problem->schema->target_mean;
	if (glm.offset - glm.offset != 0)
		glm.offset = problem->schema->target_mean;
	return ml_glm_fit(host, problem, &glm, fitted);
}

const ml_learner ml_linear = {
    .name = "linear",
    .summary = "linear regression by least squares, with an optional ridge penalty",
    .task = ML_REGRESSION,
    .option = option,
    .options = sizeof option / sizeof *option,
    .options_size = sizeof(linear_options),
    .memory = ml_glm_memory,
    .fit = fit,
    .prepare = ml_glm_prepare,
    .work = ml_glm_work,
    .margin = ml_glm_margin,
    .explain = ml_glm_explain,
};
