/* SPDX-License-Identifier: PostgreSQL */
/*
 * regression.c: the learners with a linear predictor and one margin.
 *
 * All minimize  sum_i w_i loss(y_i, x_i . b + offset_i) + l2/2 sum_j d_j b_j^2,  where d_j is
 * the variance of a number, so that the penalty is that of standardized numbers, and 1 for a
 * label of a category.  The loss is the family's (loss.c), the solver is glm.c's.
 *
 * logistic has l2 = 1 by default, which keeps separable and collinear data from running
 * away, as in scikit-learn (C = 1); the others are maximum likelihood unless asked otherwise.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct regression_options
{
	double l2;
	double lambda;   /* NaN: no elastic net; infinite: chosen */
	double alpha;    /* NaN: 1 */
	int64_t lambdas; /* 0: 100 */
	int64_t folds;   /* 0: 5 */
	ml_text rule;
	int64_t max_iterations;
	double tolerance;
	ml_text link;
	ml_text offset;
	ml_text exposure;
	ml_text class_weight;
	bool robust;
	ml_text cluster;
	bool marginal_effects;
	ml_text encode;
	ml_bin_options bins;
} regression_options;

#define FIELD(name) offsetof(regression_options, name)

#define OPTION_L2(standard)                                                              \
	{                                                                                    \
		"l2", ML_OPTION_NUMBER, FIELD(l2), standard, 0, 1e15,                            \
		    "penalty on the squared coefficients of standardized numbers and of "        \
		    "labels; 0 is maximum likelihood"                                            \
	}
#define OPTIONS_NEWTON                                                                   \
	{"max_iterations",                                                                   \
	 ML_OPTION_INTEGER,                                                                  \
	 FIELD(max_iterations),                                                              \
	 100,                                                                                \
	 1,                                                                                  \
	 100000,                                                                             \
	 "Newton steps after which training stops with a warning"},                          \
	{                                                                                    \
		"tolerance", ML_OPTION_NUMBER, FIELD(tolerance), 1e-8, 1e-15, 1,                 \
		    "training has converged when a step gains less than this in "                \
		    "log-likelihood"                                                             \
	}
#define OPTIONS_ERRORS                                                                   \
	{"robust",                                                                           \
	 ML_OPTION_BOOLEAN,                                                                  \
	 FIELD(robust),                                                                      \
	 0,                                                                                  \
	 0,                                                                                  \
	 1,                                                                                  \
	 "standard errors that hold whatever the variance is (HC1)"},                        \
	{                                                                                    \
		"cluster", ML_OPTION_TEXT, FIELD(cluster), 0, 0, 0,                              \
		    "column of clusters: standard errors that hold when the rows of a cluster "  \
		    "depend on each other"                                                       \
	}
#define OPTION_LINK(words)                                                               \
	{                                                                                    \
		"link", ML_OPTION_TEXT, FIELD(link), 0, 0, 0,                                    \
		    "function that makes the linear predictor of the mean; the first is the "    \
		    "default",                                                                   \
		    words                                                                        \
	}
#define OPTION_OFFSET ML_OPTION_OFFSET(FIELD(offset), "the linear predictor")
#define OPTION_EXPOSURE ML_OPTION_EXPOSURE(FIELD(exposure))

#define OPTIONS_NET                                                                         \
	{"lambda",                                                                              \
	 ML_OPTION_AUTO,                                                                        \
	 FIELD(lambda),                                                                         \
	 NAN,                                                                                   \
	 0,                                                                                     \
	 1e15,                                                                                  \
	 "elastic net as in glmnet, in place of l2: the penalty on coefficients of "            \
	 "standardized columns, or \"auto\" for the best of a path of penalties by folds"},     \
	    {"alpha",                                                                           \
	     ML_OPTION_NUMBER,                                                                  \
	     FIELD(alpha),                                                                      \
	     NAN,                                                                               \
	     0,                                                                                 \
	     1,                                                                                 \
	     "with lambda: share of the penalty that is on absolute values, from 0 (ridge) to " \
	     "1 (lasso); by default 1"},                                                        \
	    {"lambdas",                                                                         \
	     ML_OPTION_INTEGER,                                                                 \
	     FIELD(lambdas),                                                                    \
	     0,                                                                                 \
	     2,                                                                                 \
	     1000,                                                                              \
	     "with lambda \"auto\": steps of the path at most; by default 100"},                \
	    {"folds",                                                                           \
	     ML_OPTION_INTEGER,                                                                 \
	     FIELD(folds),                                                                      \
	     0,                                                                                 \
	     2,                                                                                 \
	     50,                                                                                \
	     "with lambda \"auto\": folds that the penalty is chosen by; a row's fold follows " \
	     "from its key; by default 5"},                                                     \
	{                                                                                       \
		"rule", ML_OPTION_TEXT, FIELD(rule), 0, 0, 0,                                       \
		    "with lambda \"auto\": the penalty with the least error, or the largest one "   \
		    "within a standard error of it; by default min",                                \
		    net_rule                                                                        \
	}

static const char *const net_rule[] = {"min", "1se", NULL};
static const char *const logistic_link[] = {"logit", "probit", "cloglog", NULL};
static const char *const gamma_link[] = {"inverse", "log", NULL};
static const char *const class_weight[] = {"balanced", NULL};

static const char *const encodings[] = {"woe", NULL};

#define OPTION_ENCODE                                                                     \
	{                                                                                     \
		"encode", ML_OPTION_TEXT, FIELD(encode), 0, 0, 0,                                 \
		    "woe puts every feature into bins and learns from their weight of evidence, " \
		    "which is that of cia_woe on the training rows",                              \
		    encodings                                                                     \
	}

static const ml_option linear_option[] = {
    OPTION_L2(0),
    OPTIONS_NET,
    OPTIONS_ERRORS,
};

static const ml_option logistic_option[] = {
    OPTION_L2(1),
    OPTIONS_NET,
    OPTION_LINK(logistic_link),
    {"class_weight", ML_OPTION_TEXT, FIELD(class_weight), 0, 0, 0,
     "balanced gives both classes the same total weight", class_weight},
    OPTION_OFFSET,
    OPTIONS_ERRORS,
    {"marginal_effects", ML_OPTION_BOOLEAN, FIELD(marginal_effects), 0, 0, 1,
     "average marginal effects: what a unit more, or a label in place of the reference, "
     "does to the probability"},
    OPTIONS_NEWTON,
    OPTION_ENCODE,
    ML_BIN_OPTIONS(regression_options, bins),
};

static const ml_option poisson_option[] = {
    OPTION_L2(0),  OPTIONS_NET,    OPTION_EXPOSURE,
    OPTION_OFFSET, OPTIONS_ERRORS, OPTIONS_NEWTON,
};

static const ml_option gamma_option[] = {
    OPTION_L2(0),  OPTION_LINK(gamma_link), OPTION_EXPOSURE,
    OPTION_OFFSET, OPTIONS_ERRORS,          OPTIONS_NEWTON,
};

static const ml_option negative_binomial_option[] = {
    OPTION_L2(0), OPTION_EXPOSURE, OPTION_OFFSET, OPTIONS_ERRORS, OPTIONS_NEWTON,
};

/*
 * Weights under which both classes weigh the same, rows / (2 rows of the class) each, times
 * those there are: the column is laid out like the target.
 */
static ml_status
balance(ml_host *host, const ml_problem *problem, ml_column *weight)
{
	const double *count = problem->schema->class_count;
	double rows = count[0] + count[1];
	int64_t chunks = (problem->end + ML_CHUNK - 1) >> ML_CHUNK_BITS;

	*weight = (ml_column){.kind = ML_NUMBER, .role = ML_WEIGHT};
	ML_NEW(host, weight->chunk, chunks);
	for (int64_t c = problem->begin >> ML_CHUNK_BITS; c < chunks; c++)
	{
		double *number;

		ML_NEW(host, number, ML_CHUNK);
		weight->chunk[c] = number;
	}
	for (int64_t row = problem->begin; row < problem->end; row++)
	{
		double given = problem->weight != NULL ? *ml_numbers_at(problem->weight, row) : 1;

		*ml_numbers_at(weight, row) =
		    given * rows / (2 * count[*ml_numbers_at(problem->target, row) > 0]);
	}
	return ML_OK;
}

static bool
contradict(ml_option_fault *fault, ml_option_error error, const char *name,
           const char *other)
{
	fault->error = error;
	fault->name = (ml_text){name, (int32_t) strlen(name)};
	fault->other = other;
	return false;
}

/*
 * Options of the elastic net have a meaning together only, and errors have none with it.
 * The default of l2 is 0 beside lambda.
 */
static bool
settle(const ml_value *given, void *options, ml_option_fault *fault)
{
	regression_options *o = options;
	const ml_value *l2 = ml_value_member(given, "l2");
	const char *needs_auto = o->lambdas > 0          ? "lambdas"
	                         : o->folds > 0          ? "folds"
	                         : o->rule.bytes != NULL ? "rule"
	                                                 : NULL;
	const char *error = o->robust                  ? "robust"
	                    : o->cluster.bytes != NULL ? "cluster"
	                    : o->marginal_effects      ? "marginal_effects"
	                                               : NULL;

	if (isnan(o->lambda) && !isnan(o->alpha))
		return contradict(fault, ML_OPTION_NEEDS, "alpha", "lambda");
	if (!isinf(o->lambda) && needs_auto != NULL)
		return contradict(fault, ML_OPTION_NEEDS, needs_auto, "lambda\": \"auto");
	if (o->marginal_effects && o->link.bytes != NULL && !ml_text_is(o->link, "logit"))
		return contradict(fault, ML_OPTION_NEEDS, "marginal_effects", "link\": \"logit");
	if (isnan(o->lambda))
		return true;
	if (l2 != NULL && l2->kind == ML_VALUE_NUMBER && l2->number > 0)
		return contradict(fault, ML_OPTION_EXCLUDES, "l2", "lambda");
	if (error != NULL)
		return contradict(fault, ML_OPTION_EXCLUDES, error, "lambda");
	o->l2 = 0;
	return true;
}

static ml_net
net_of(const ml_problem *problem, const ml_family *family,
       const regression_options *given)
{
	return (ml_net){.family = family,
	                .lambda = given->lambda,
	                .alpha = isnan(given->alpha) ? 1 : given->alpha,
	                .lambdas = given->lambdas > 0 ? (int) given->lambdas : 100,
	                .folds = given->folds > 0 ? (int) given->folds : 5,
	                .sparsest = ml_text_is(given->rule, "1se"),
	                .max_iterations = given->max_iterations,
	                .start = ml_glm_start(problem->schema, family),
	                .offset = ml_glm_offset(problem->schema, family)};
}

static ml_status
fit(ml_host *host, const ml_problem *problem, const ml_family *family,
    const regression_options *given, ml_fitted *fitted)
{
	ml_problem balanced = *problem;
	ml_column weight;
	ml_net net;
	ml_glm glm = {.family = family,
	              .l2 = given->l2,
	              .max_iterations = given->max_iterations,
	              .tolerance = given->tolerance,
	              .robust = given->robust,
	              .cluster = given->cluster.bytes != NULL ? problem->cluster : NULL,
	              .marginal_effects = given->marginal_effects};

	if (given->class_weight.bytes != NULL)
	{
		ML_TRY(balance(host, problem, &weight));
		balanced.weight = &weight;
	}
	/* without a penalty there is nothing to walk along, and errors are honest */
	if (isnan(given->lambda) || given->lambda == 0)
		return ml_glm_fit(host, &balanced, &glm, fitted);
	net = net_of(&balanced, family, given);
	return ml_net_fit(host, &balanced, &net, fitted);
}

/* Only who has option "encode" can have set it. */
static const ml_bin_options *
bins_wanted(const void *options)
{
	const regression_options *given = options;

	return given->encode.bytes != NULL ? &given->bins : NULL;
}

/* The family with the link that the options in force name. */
static const ml_family *
family_in_force(const char *name, const ml_value *options)
{
	const ml_value *link = ml_value_member(options, "link");

	return ml_family_find(
	    name, link != NULL && link->kind == ML_VALUE_TEXT ? link->text : (ml_text){0});
}

static double
memory(const ml_problem *problem, const void *options, int threads)
{
	const regression_options *given = options;
	const ml_family *linear = ml_family_find("linear", (ml_text){0});
	const ml_family *any = ml_family_find("logistic", (ml_text){0});
	ml_net net;

	if (isnan(given->lambda) || given->lambda == 0)
		return ml_glm_memory(problem, threads);
	net = net_of(problem, given->max_iterations == 0 ? linear : any, given);
	return ml_net_memory(problem, &net, threads);
}

/* The functions and the table entry of a learner whose family has its name. */
#define LEARNER(family_name, learner_task, settles, deviance_of, text)                   \
	static ml_status family_name##_fit(ml_host *host, const ml_problem *problem,         \
	                                   const void *options, ml_fitted *fitted)           \
	{                                                                                    \
		const regression_options *given = options;                                       \
                                                                                         \
		return fit(host, problem, ml_family_find(#family_name, given->link), given,      \
		           fitted);                                                              \
	}                                                                                    \
                                                                                         \
	static ml_status family_name##_prepare(ml_host *host, const ml_schema *schema,       \
	                                       const ml_fitted *fitted,                      \
	                                       const ml_value *options, void **state)        \
	{                                                                                    \
		const ml_family *family = family_in_force(#family_name, options);                \
                                                                                         \
		return family == NULL ? ML_BAD_MODEL                                             \
		                      : ml_glm_prepare(host, schema, fitted, family, state);     \
	}                                                                                    \
                                                                                         \
	const ml_learner ml_##family_name = {                                                \
	    .name = #family_name,                                                            \
	    .summary = text,                                                                 \
	    .task = learner_task,                                                            \
	    .option = family_name##_option,                                                  \
	    .options = sizeof family_name##_option / sizeof *family_name##_option,           \
	    .options_size = sizeof(regression_options),                                      \
	    .bins = bins_wanted,                                                             \
	    .settle = settles,                                                               \
	    .memory = memory,                                                                \
	    .fit = family_name##_fit,                                                        \
	    .prepare = family_name##_prepare,                                                \
	    .work = ml_glm_work,                                                             \
	    .margin = ml_glm_margin,                                                         \
	    .respond = ml_glm_respond,                                                       \
	    .deviance = deviance_of,                                                         \
	    .explain = ml_glm_explain,                                                       \
	}

LEARNER(linear, ML_REGRESSION, settle, NULL,
        "linear regression by least squares, with an optional ridge penalty");
LEARNER(logistic, ML_BINARY, settle, NULL,
        "logistic regression of two classes, with links logit, probit and cloglog");
LEARNER(poisson, ML_REGRESSION, settle, ml_glm_deviance,
        "Poisson regression of counts and, with an exposure, of rates");
LEARNER(gamma, ML_REGRESSION, NULL, ml_glm_deviance,
        "gamma regression of positive amounts whose spread grows with their mean");
LEARNER(negative_binomial, ML_REGRESSION, NULL, ml_glm_deviance,
        "negative binomial regression of counts that vary more than Poisson's");
