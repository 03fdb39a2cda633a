/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting_option.c: the options of boosted_trees, what is wrong with them, and its learners.
 */
#include "learn/learn.h"

#include <string.h>

#define FIELD(name) offsetof(ml_boosting_options, name)

#define OPTIONS_ALL                                                                        \
	{"trees",                                                                              \
	 ML_OPTION_INTEGER,                                                                    \
	 FIELD(trees),                                                                         \
	 100,                                                                                  \
	 1,                                                                                    \
	 100000,                                                                               \
	 "trees, fewer if training stops early"},                                              \
	    {"learning_rate",                                                                  \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(learning_rate),                                                             \
	     0.1,                                                                              \
	     1e-6,                                                                             \
	     1,                                                                                \
	     "share of a tree's advice that is taken"},                                        \
	    {"leaves", ML_OPTION_INTEGER, FIELD(leaves),          31,                          \
	     2,        ML_MAX_LEAVES,     "most leaves of a tree"},                            \
	    {"depth",                                                                          \
	     ML_OPTION_INTEGER,                                                                \
	     FIELD(depth),                                                                     \
	     0,                                                                                \
	     0,                                                                                \
	     ML_MAX_DEPTH,                                                                     \
	     "most questions between root and leaf; 0: as many as it takes"},                  \
	    {"min_rows", ML_OPTION_INTEGER,     FIELD(min_rows), 20, 1,                        \
	     1e9,        "least rows of a leaf"},                                              \
	    {"min_weight",                                                                     \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(min_weight),                                                                \
	     1e-3,                                                                             \
	     0,                                                                                \
	     1e15,                                                                             \
	     "least sum of the loss's curvatures in a leaf"},                                  \
	    {"min_gain", ML_OPTION_NUMBER,       FIELD(min_gain), 0, 0,                        \
	     1e15,       "least gain of a split"},                                             \
	    {"l1",                                                                             \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(l1),                                                                        \
	     0,                                                                                \
	     0,                                                                                \
	     1e15,                                                                             \
	     "penalty on the size of leaf values"},                                            \
	    {"l2",                                                                             \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(l2),                                                                        \
	     1,                                                                                \
	     0,                                                                                \
	     1e15,                                                                             \
	     "penalty on the squares of leaf values"},                                         \
	    {"row_share",                                                                      \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(row_share),                                                                 \
	     1,                                                                                \
	     0.001,                                                                            \
	     1,                                                                                \
	     "share of the rows that each tree is grown on"},                                  \
	    {"column_share",                                                                   \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(column_share),                                                              \
	     1,                                                                                \
	     0.001,                                                                            \
	     1,                                                                                \
	     "share of the features that each tree may use"},                                  \
	    {"early_stopping",                                                                 \
	     ML_OPTION_INTEGER,                                                                \
	     FIELD(early_stopping),                                                            \
	     0,                                                                                \
	     0,                                                                                \
	     100000,                                                                           \
	     "trees without progress on rows set aside after which training stops; 0: never"}, \
	    {"validation_share",                                                               \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(validation_share),                                                          \
	     0.1,                                                                              \
	     0.01,                                                                             \
	     0.5,                                                                              \
	     "share of the training rows set aside for early stopping; the holdout is never "  \
	     "looked at"},                                                                     \
	    {"category_smoothing",                                                             \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(category_smoothing),                                                        \
	     10,                                                                               \
	     0,                                                                                \
	     1e9,                                                                              \
	     "labels are ordered as if each had so much more weight without effect; those "    \
	     "of fewer rows in a leaf are not told apart"},                                    \
	    {"category_l2",                                                                    \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(category_l2),                                                               \
	     10,                                                                               \
	     0,                                                                                \
	     1e15,                                                                             \
	     "further l2 where a category of more than four labels splits"},                   \
	    {"monotone",                                                                       \
	     ML_OPTION_OBJECT,                                                                 \
	     FIELD(monotone),                                                                  \
	     0,                                                                                \
	     0,                                                                                \
	     0,                                                                                \
	     "numbers with which the score never falls (1) or never rises (-1), as in "        \
	     "{\"income\": -1}"},                                                              \
	    {"interactions",                                                                   \
	     ML_OPTION_ARRAY,                                                                  \
	     FIELD(interactions),                                                              \
	     0,                                                                                \
	     0,                                                                                \
	     0,                                                                                \
	     "groups of columns that may act together, as in [[\"age\", \"income\"]]; "        \
	     "columns in no group act alone"},                                                 \
	    {"continue_from",                                                                  \
	     ML_OPTION_TEXT,                                                                   \
	     FIELD(continue_from),                                                             \
	     0,                                                                                \
	     0,                                                                                \
	     0,                                                                                \
	     "model, as name or name@version, whose trees are kept and to which so many "      \
	     "further trees are added"},                                                       \
	{                                                                                      \
		"seed", ML_OPTION_INTEGER, FIELD(seed), 1, 0, 2147483647,                          \
		    "which of all equally good random choices are made"                            \
	}

#define OPTION_OFFSET ML_OPTION_OFFSET(FIELD(offset), "the sum of the trees")

static const char *const class_objective[] = {"logistic", NULL};
static const char *const classes_objective[] = {"softmax", NULL};
static const char *const value_objective[] = {
    "squared", "absolute", "huber", "quantile", "poisson", "gamma", "tweedie", NULL};
static const char *const class_weight[] = {"balanced", NULL};

static const ml_option class_option[] = {
    {"objective", ML_OPTION_TEXT, FIELD(objective), 0, 0, 0,
     "what is minimized: logistic, the log loss", class_objective},
    {"class_weight", ML_OPTION_TEXT, FIELD(class_weight), 0, 0, 0,
     "balanced gives every class the same total weight", class_weight},
    OPTION_OFFSET,
    OPTIONS_ALL,
};

static const ml_option classes_option[] = {
    {"objective", ML_OPTION_TEXT, FIELD(objective), 0, 0, 0,
     "what is minimized of several classes: softmax, the log loss", classes_objective},
    {"class_weight", ML_OPTION_TEXT, FIELD(class_weight), 0, 0, 0,
     "balanced gives every class the same total weight", class_weight},
    OPTIONS_ALL,
};

static const ml_option value_option[] = {
    {"objective", ML_OPTION_TEXT, FIELD(objective), 0, 0, 0,
     "what is minimized; squared is the default, poisson, gamma and tweedie have a log link",
     value_objective},
    {"quantile", ML_OPTION_NUMBER, FIELD(quantile), 0.5, 0.001, 0.999,
     "which quantile objective quantile predicts"},
    {"huber_delta", ML_OPTION_NUMBER, FIELD(huber_delta), 1, 1e-6, 1e6,
     "standard deviations of the target from which on objective huber is linear"},
    {"tweedie_power", ML_OPTION_NUMBER, FIELD(tweedie_power), 1.5, 1.01, 1.99,
     "power of the mean that the variance is in proportion to, for objective tweedie"},
    OPTION_OFFSET,
    ML_OPTION_EXPOSURE(FIELD(exposure)),
    OPTIONS_ALL,
};

#define MOST_GROUPS 63

static const ml_option *
option_named(const char *name)
{
	for (size_t i = 0; i < sizeof value_option / sizeof *value_option; i++)
		if (strcmp(value_option[i].name, name) == 0)
			return &value_option[i];
	return NULL;
}

static bool
is_direction(const ml_value *value)
{
	return value->kind == ML_VALUE_NUMBER &&
	       (value->number == -1 || value->number == 0 || value->number == 1);
}

static bool
is_group(const ml_value *value)
{
	for (int64_t i = 0; value->kind == ML_VALUE_ARRAY && i < value->count; i++)
		if (value->items[i].kind != ML_VALUE_TEXT)
			return false;
	return value->kind == ML_VALUE_ARRAY && value->count > 0;
}

/* Options that say nothing without another: whoever gives one alone expects what does not happen. */
static bool
check_needs(const ml_value *given, const ml_boosting_options *options,
            ml_option_fault *fault)
{
	const struct
	{
		const char *name;
		bool met;
		const char *other;
	} need[] = {
	    {"quantile", ml_text_is(options->objective, "quantile"),
	     "objective\": \"quantile"},
	    {"huber_delta", ml_text_is(options->objective, "huber"), "objective\": \"huber"},
	    {"tweedie_power", ml_text_is(options->objective, "tweedie"),
	     "objective\": \"tweedie"},
	    {"exposure",
	     ml_text_is(options->objective, "poisson") ||
	         ml_text_is(options->objective, "gamma") ||
	         ml_text_is(options->objective, "tweedie"),
	     "objective\": \"poisson"},
	    {"validation_share", options->early_stopping > 0, "early_stopping"}};

	for (size_t i = 0; i < sizeof need / sizeof *need; i++)
		if (!need[i].met && ml_value_member(given, need[i].name) != NULL)
		{
			fault->error = ML_OPTION_NEEDS;
			fault->name = (ml_text){need[i].name, (int32_t) strlen(need[i].name)};
			fault->other = need[i].other;
			return false;
		}
	return true;
}

/* Offsets are for losses whose base is a mean: quantiles and what is near them have no rates. */
static bool
check_offset(const ml_boosting_options *options, ml_option_fault *fault)
{
	const struct
	{
		const char *name;
		const char *other;
	} without[] = {{"absolute", "objective\": \"absolute"},
	               {"huber", "objective\": \"huber"},
	               {"quantile", "objective\": \"quantile"}};

	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		if (options->offset.bytes != NULL &&
		    ml_text_is(options->objective, without[i].name))
		{
			*fault = (ml_option_fault){.error = ML_OPTION_EXCLUDES,
			                           .name = {"offset", 6},
			                           .other = without[i].other};
			return false;
		}
	return true;
}

static bool
settle(const ml_value *given, void *values, ml_option_fault *fault)
{
	const ml_boosting_options *options = values;
	const ml_value *monotone = options->monotone, *groups = options->interactions;

	if (!check_needs(given, options, fault) || !check_offset(options, fault))
		return false;
	if (options->continue_from.bytes != NULL && ml_value_member(given, "by") != NULL)
	{
		*fault = (ml_option_fault){
		    .error = ML_OPTION_EXCLUDES, .name = {"continue_from", 13}, .other = "by"};
		return false;
	}
	fault->error = ML_OPTION_WRONG_TYPE;
	for (int64_t i = 0; monotone != NULL && i < monotone->count; i++)
		if (!is_direction(&monotone->items[i]))
		{
			fault->name = (ml_text){"monotone", 8};
			fault->option = option_named("monotone");
			return false;
		}
	for (int64_t i = 0; groups != NULL && i < groups->count; i++)
		if (i >= MOST_GROUPS || !is_group(&groups->items[i]))
		{
			fault->name = (ml_text){"interactions", 12};
			fault->option = option_named("interactions");
			return false;
		}
	return true;
}

/* Of several classes a rising margin may be a falling probability: nothing follows the number. */
static bool
settle_classes(const ml_value *given, void *values, ml_option_fault *fault)
{
	const ml_boosting_options *options = values;

	if (!settle(given, values, fault))
		return false;
	if (options->monotone == NULL)
		return true;
	fault->error = ML_OPTION_EXCLUDES;
	fault->name = (ml_text){"monotone", 8};
	fault->other = "objective\": \"softmax";
	return false;
}

#define LEARNER(learner_task, table, settling, text)                                     \
	.name = "boosted_trees", .summary = text, .task = learner_task, .option = table,     \
	.options = sizeof table / sizeof *table,                                             \
	.options_size = sizeof(ml_boosting_options), .settle = settling,                     \
	.memory = ml_boosting_memory, .fit = ml_boosting_fit,                                \
	.prepare = ml_boosting_prepare, .missing_tells = true
#define LEARNER_OF_ONE(learner_task, table, text)                                        \
	{                                                                                    \
		LEARNER(learner_task, table, settle, text),                                      \
		    .equip = ml_forest_equip, .work = ml_forest_work,                            \
		    .margin = ml_forest_margin, .margins_of_rows = ml_forest_margins,            \
		    .respond = ml_forest_respond, .lay_out = ml_forest_lay_out,                  \
		    .explain = ml_forest_explain                                                 \
	}

const ml_learner ml_boosted_classes = LEARNER_OF_ONE(
    ML_BINARY, class_option,
    "gradient-boosted trees for two classes: the most accurate on most tables");
const ml_learner ml_boosted_several = {
    LEARNER(ML_MULTICLASS, classes_option, settle_classes,
            "gradient-boosted trees for several classes, with trees for each"),
    .equip = ml_class_forests_equip,
    .work = ml_class_forests_work,
    .margins = ml_class_forests_margins,
    .lay_out = ml_class_forests_lay_out,
    .explain = ml_class_forests_explain};
const ml_learner ml_boosted_values = LEARNER_OF_ONE(
    ML_REGRESSION, value_option,
    "gradient-boosted trees for a number: values, quantiles, counts and amounts");
