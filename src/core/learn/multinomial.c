/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial.c: softmax regression as a learner: two or more classes at once.
 *
 * There are standard errors where the Hessian is small enough to be made: it has a row for
 * every coefficient of every class but the first.  Larger problems are solved without it.
 */
#include "learn/learn.h"

#define LARGEST 2048      /* rows of a Hessian that is still made */
#define LARGEST_WORK 3e11 /* multiplications for it, about half a minute */

typedef struct multinomial_options
{
	double l2;
	int64_t max_iterations;
	double tolerance;
} multinomial_options;

static const ml_option multinomial_option[] = {
    {"l2", ML_OPTION_NUMBER, offsetof(multinomial_options, l2), 1, 0, 1e15,
     "penalty on the squared coefficients of standardized numbers and of labels, the "
     "same for every class; 0 is maximum likelihood"},
    {"max_iterations", ML_OPTION_INTEGER, offsetof(multinomial_options, max_iterations),
     100, 1, 100000, "steps after which training stops with a warning"},
    {"tolerance", ML_OPTION_NUMBER, offsetof(multinomial_options, tolerance), 1e-8, 1e-15,
     1, "training has converged when a step gains less than this in log-likelihood"},
};

static bool
has_hessian(const ml_design *design, int classes)
{
	double pairs = (double) classes * (classes - 1) / 2, dense = design->dense;
	double row = dense * dense / 2 + design->categories * (dense + design->categories);
	double rows = (double) (design->problem->end - design->problem->begin);

	return (double) design->cols * (classes - 1) <= LARGEST &&
	       rows * row * pairs <= LARGEST_WORK;
}

static ml_status
multinomial_fit(ml_host *host, const ml_problem *problem, const void *options,
                ml_fitted *fitted)
{
	const multinomial_options *given = options;
	ml_multinomial_fit fit = {.host = host,
	                          .problem = problem,
	                          .max_iterations = given->max_iterations,
	                          .tolerance = given->tolerance};

	ML_TRY(ml_design_create(host, problem, &fit.design));
	fit.softmax =
	    (ml_softmax){.design = &fit.design,
	                 .classes = problem->schema->classes,
	                 .l2 = given->l2,
	                 .curved = has_hessian(&fit.design, problem->schema->classes)};
	ML_TRY(ml_multinomial_create(&fit));
	ML_TRY(ml_multinomial_solve(&fit));
	return ml_multinomial_write(&fit, fitted);
}

static double
multinomial_memory(const ml_problem *problem, const void *options, int threads)
{
	const ml_schema *schema = problem->schema;
	ml_design design = ml_design_measure(problem);
	bool curved;
	double size;

	(void) options;
	curved = has_hessian(&design, schema->classes);
	size = (double) design.cols * (schema->classes - 1);
	return ml_softmax_memory(&design, schema->classes, curved) +
	       (curved ? 0 : ml_normal_memory(&design, false)) +
	       8 * size * (5 + 2 * ML_MEMORY_STEPS + 16 * threads);
}

const ml_learner ml_multinomial = {
    .name = "multinomial",
    .summary = "logistic regression of two or more classes with an L2 penalty",
    .task = ML_MULTICLASS,
    .option = multinomial_option,
    .options = sizeof multinomial_option / sizeof *multinomial_option,
    .options_size = sizeof(multinomial_options),
    .memory = multinomial_memory,
    .fit = multinomial_fit,
    .prepare = ml_multinomial_prepare,
    .work = ml_multinomial_work,
    .margins = ml_multinomial_margins,
    .explain = ml_multinomial_explain,
};
