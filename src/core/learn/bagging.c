/* SPDX-License-Identifier: PostgreSQL */
/*
 * bagging.c: random_forest and decision_tree: trees that do not know of each other.
 *
 * Every leaf answers the mean target of its rows; of two classes that is the share of the
 * positive one, of several the shares of all.  A split is sought that lowers the variance most, which for two classes is the
 * Gini index (Breiman et al. 1984).  A forest answers the mean of its trees, each grown on rows
 * of its own, drawn by key without putting back, and at each node on features of its own
 * (Breiman 2001).
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct bagging_options
{
	ml_text objective;
	int64_t trees;
	int64_t leaves;
	int64_t depth;
	int64_t min_rows;
	double row_share;
	double node_share; /* 0: by the number of features */
	double smoothing;
	double category_smoothing;
	int64_t seed;
} bagging_options;

#define FIELD(name) offsetof(bagging_options, name)

#define OPTION_OBJECTIVE(table)                                                          \
	{                                                                                    \
		"objective", ML_OPTION_TEXT, FIELD(objective), 0, 0, 0,                          \
		    "classification or regression; by default the target's type decides", table  \
	}
#define OPTIONS_TREE(most_leaves, least_rows, smoothed)                                  \
	{"leaves", ML_OPTION_INTEGER, FIELD(leaves),          most_leaves,                   \
	 2,        ML_MAX_LEAVES,     "most leaves of a tree"},                              \
	    {"depth",                                                                        \
	     ML_OPTION_INTEGER,                                                              \
	     FIELD(depth),                                                                   \
	     0,                                                                              \
	     0,                                                                              \
	     ML_MAX_DEPTH,                                                                   \
	     "most questions between root and leaf; 0: as many as it takes"},                \
	    {"min_rows", ML_OPTION_INTEGER,     FIELD(min_rows), least_rows, 1,              \
	     1e9,        "least rows of a leaf"},                                            \
	    {"smoothing",                                                                    \
	     ML_OPTION_NUMBER,                                                               \
	     FIELD(smoothing),                                                               \
	     smoothed,                                                                       \
	     0,                                                                              \
	     1e9,                                                                            \
	     "rows of the average kind that each leaf is thought to have besides its own"},  \
	{                                                                                    \
		"category_smoothing", ML_OPTION_NUMBER, FIELD(category_smoothing), 10, 0, 1e9,   \
		    "labels are ordered as if each had so much more weight without effect; "     \
		    "those of fewer rows in a leaf are not told apart"                           \
	}
#define OPTIONS_FOREST                                                                     \
	{"trees", ML_OPTION_INTEGER, FIELD(trees), 100, 1, 10000, "trees"},                    \
	    {"row_share",                                                                      \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(row_share),                                                                 \
	     0.632,                                                                            \
	     0.001,                                                                            \
	     1,                                                                                \
	     "share of the rows that each tree is grown on"},                                  \
	    {"node_share",                                                                     \
	     ML_OPTION_NUMBER,                                                                 \
	     FIELD(node_share),                                                                \
	     0,                                                                                \
	     0,                                                                                \
	     1,                                                                                \
	     "share of the features that each node may use; 0: of n features the square root " \
	     "of n for classes, n / 3 for values"},                                            \
	{                                                                                      \
		"seed", ML_OPTION_INTEGER, FIELD(seed), 1, 0, 2147483647,                          \
		    "which of all equally good random choices are made"                            \
	}

static const char *const class_objective[] = {"classification", NULL};
static const char *const value_objective[] = {"regression", NULL};

static const ml_option forest_class_option[] = {OPTION_OBJECTIVE(class_objective),
                                                OPTIONS_FOREST, OPTIONS_TREE(512, 5, 1)};
static const ml_option forest_value_option[] = {OPTION_OBJECTIVE(value_objective),
                                                OPTIONS_FOREST, OPTIONS_TREE(512, 5, 0)};
static const ml_option tree_class_option[] = {OPTION_OBJECTIVE(class_objective),
                                              OPTIONS_TREE(31, 20, 1)};
static const ml_option tree_value_option[] = {OPTION_OBJECTIVE(value_objective),
                                              OPTIONS_TREE(31, 20, 0)};

typedef struct bagger
{
	ml_host *host;
	const ml_problem *problem;
	const bagging_options *options;
	ml_binned table;
	ml_grower grower;
	ml_forest forest;
	ml_slopes slopes;
	ml_gradients gradients;
	double mean;   /* of the target */
	double *prior; /* [classes] of several: the share of each */
	int64_t leaves;
	int64_t leaf_room;
	double *share; /* [leaf_room][classes] of the leaves of all trees */
} bagger;

static inline double
weight_at(const bagger *b, int64_t row)
{
	return b->problem->weight != NULL ? *ml_numbers_at(b->problem->weight, row) : 1;
}

static bool
is_of_several(const bagger *b)
{
	return b->problem->schema->task == ML_MULTICLASS;
}

/* Of several classes splits are sought by counting, and gradients tell weights alone. */
static ml_status
take_classes(bagger *b)
{
	int64_t begin = b->problem->begin;
	double all = 0;

	ML_NEW(b->host, b->prior, b->problem->schema->classes);
	for (int64_t row = 0; row < b->table.rows; row++)
	{
		double weight = weight_at(b, begin + row);

		ML_PAUSE(b->host, row);
		b->prior[(int) *ml_numbers_at(b->problem->target, begin + row)] += weight;
		all += weight;
		b->slopes.g[row] = 0;
		b->slopes.h[row] = (float) weight;
	}
	for (int k = 0; k < b->problem->schema->classes; k++)
		b->prior[k] /= all;
	return isfinite(all)
	           ? ml_class_counts_create(b->host, b->problem, &b->grower.class_counts)
	           : ML_NOT_NUMERIC;
}

/* Distances to the mean, in units of the deviation. */
static ml_status
take_slopes(bagger *b)
{
	double sum = 0, all = 0, unit = 1;
	int64_t begin = b->problem->begin;

	for (int64_t row = 0; row < b->table.rows; row++)
	{
		double weight = weight_at(b, begin + row);

		ML_PAUSE(b->host, row);
		sum += weight * *ml_numbers_at(b->problem->target, begin + row);
		all += weight;
	}
	b->mean = sum / all;
	if (b->problem->schema->task == ML_REGRESSION)
		unit = b->problem->schema->target_sd;
	if (!isfinite(b->mean))
		return ML_NOT_NUMERIC;
	for (int64_t row = 0; row < b->table.rows; row++)
	{
		double weight = weight_at(b, begin + row);
		double y = *ml_numbers_at(b->problem->target, begin + row);

		ML_PAUSE(b->host, row);
		b->slopes.g[row] = (float) (weight * ((b->mean - y) / unit));
		b->slopes.h[row] = (float) weight;
	}
	return ML_OK;
}

/* The leaf's value: the mean of its rows, exactly. */
static ml_status
leaf_task(void *argument, int64_t task, ml_worker *worker)
{
	bagger *b = argument;
	const ml_leaf *leaf = &b->grower.leaf[task];
	const uint32_t *order = leaf->order;
	double sum = 0, all = b->options->smoothing;

	for (int64_t i = 0; i < leaf->rows; i++)
	{
		int64_t row = b->problem->begin + order[i];
		double weight = weight_at(b, row);

		if ((i & 0xffff) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		sum += weight * (*ml_numbers_at(b->problem->target, row) - b->mean);
		all += weight;
	}
	b->grower.node[leaf->node].value = b->mean + sum / all;
	return ML_OK;
}

/* The leaf's shares of the classes: what it adds to those of all trees. */
static ml_status
share_task(void *argument, int64_t task, ml_worker *worker)
{
	bagger *b = argument;
	const ml_leaf *leaf = &b->grower.leaf[task];
	const uint32_t *order = leaf->order;
	int classes = b->problem->schema->classes;
	double all = b->options->smoothing, *share;

	/* leaves are told in the order of their nodes */
	share = b->share + (b->leaves + (int64_t) b->grower.node[leaf->node].value) * classes;
	for (int k = 0; k < classes; k++)
		share[k] = all * b->prior[k];
	for (int64_t i = 0; i < leaf->rows; i++)
	{
		int64_t row = b->problem->begin + order[i];

		if ((i & 0xffff) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		share[(int) *ml_numbers_at(b->problem->target, row)] += weight_at(b, row);
		all += weight_at(b, row);
	}
	for (int k = 0; k < classes; k++)
		share[k] = (all > 0 ? share[k] / all : b->prior[k]) / (double) b->options->trees;
	return ML_OK;
}

static ml_status
take_shares(bagger *b)
{
	ml_grower *grower = &b->grower;
	int classes = b->problem->schema->classes, leaf = 0;

	if (b->leaves + grower->leaves > b->leaf_room)
	{
		int64_t room = 2 * (b->leaves + grower->leaves);
		double *share;

		ML_NEW_RAW(b->host, share, room * classes);
		if (b->leaves > 0)
			memcpy(share, b->share, (size_t) (b->leaves * classes) * sizeof *share);
		b->share = share;
		b->leaf_room = room;
	}
	for (int i = 0; i < grower->nodes; i++)
		grower->node[i].value = grower->node[i].feature < 0 ? leaf++ : 0;
	ML_TRY(ml_parallel(b->host, grower->leaves, share_task, b));
	for (int i = 0; i < grower->nodes; i++)
		grower->node[i].value = 0;
	b->leaves += grower->leaves;
	return ML_OK;
}

static ml_status
write_shares(const bagger *b, ml_fitted *fitted)
{
	int64_t count = b->leaves * b->problem->schema->classes;
	double *share;

	ML_TRY(ml_fitted_add(b->host, fitted, "class_share", count, &share));
	memcpy(share, b->share, (size_t) count * sizeof *share);
	return ML_OK;
}

static double
node_share(const ml_problem *problem, const bagging_options *given, int features)
{
	if (given->trees == 1)
		return 1;
	if (given->node_share > 0)
		return given->node_share;
	return problem->schema->task == ML_REGRESSION ? 1.0 / 3 : sqrt(features) / features;
}

static ml_tree_options
tree_options(const bagging_options *given)
{
	return (ml_tree_options){.leaves = given->leaves,
	                         .depth = given->depth,
	                         .min_rows = given->min_rows,
	                         .category_smoothing = given->category_smoothing,
	                         .column_share = 1,
	                         .node_share = 1};
}

static ml_status
open_bagger(ml_host *host, const ml_problem *problem, const bagging_options *given,
            bagger *b)
{
	ml_tree_options options = tree_options(given);

	*b = (bagger){
	    .host = host, .problem = problem, .options = given, .forest = {.host = host}};
	ML_TRY(ml_binned_create(host, problem, &b->table));
	options.node_share = node_share(problem, given, b->table.features);
	ML_TRY(ml_grower_create(host, &b->table, problem->schema, &options, &b->grower));
	ML_TRY(ml_slopes_create(host, b->table.rows, &b->slopes, &b->gradients));
	ML_TRY(is_of_several(b) ? take_classes(b) : take_slopes(b));
	ML_TRY(ml_gradients_round(host, &b->slopes, (uint64_t) given->seed, &b->gradients));
	/* what labels win by chance differs from tree to tree, and is lost in the mean of many */
	if (given->trees > 1)
		b->gradients.noise = 0;
	return ML_OK;
}

static ml_status
fit(ml_host *host, const ml_problem *problem, const void *given, ml_fitted *fitted)
{
	const bagging_options *options = given;
	bagger *b;

	ML_NEW(host, b, 1);
	ML_TRY(open_bagger(host, problem, options, b));
	for (int64_t tree = 0; tree < options->trees; tree++)
	{
		ml_progress(host, ML_STAGE_FIT, (double) tree, (double) options->trees);
		b->grower.options.seed =
		    ml_hash_add(ml_hash_mix((uint64_t) options->seed + 1), (uint64_t) tree);
		ML_TRY(ml_grower_draw(&b->grower, problem, 0, options->row_share));
		/* a draw of no row at all is one of all rows */
		if (b->grower.rows == 0)
			ML_TRY(ml_grower_draw(&b->grower, problem, 0, 1));
		ML_TRY(ml_grow(&b->grower, &b->gradients));
		ML_TRY(is_of_several(b) ? take_shares(b)
		                        : ml_parallel(host, b->grower.leaves, leaf_task, b));
		ML_TRY(ml_forest_add(&b->forest, &b->grower, 1 / (double) options->trees));
	}
	fitted->converged = true;
	fitted->iterations = options->trees;
	ML_TRY(ml_forest_write(host, &b->forest, problem->schema->features, fitted));
	if (is_of_several(b))
		ML_TRY(write_shares(b, fitted));
	return ml_forest_importance(host, problem, fitted);
}

static double
memory(const ml_problem *problem, const void *given, int threads)
{
	const bagging_options *options = given;
	ml_tree_options tree = tree_options(options);
	double rows = (double) (problem->end - problem->begin), several = 0;
	double most = fmin((double) options->leaves, 1 + rows / (double) options->min_rows);

	/* room for shares doubles when it is full, and they are written once more */
	if (problem->schema->task == ML_MULTICLASS)
		several = ml_class_counts_memory(problem, threads) +
		          sizeof(double) * problem->schema->classes *
		              (4 * most * (double) options->trees + 1);
	return several + ml_binned_memory(problem, threads) +
	       ml_grower_memory(problem, &tree, threads) +
	       ml_slopes_memory(problem->end - problem->begin) +
	       ml_forest_memory(problem, options->trees, &tree) + sizeof(bagger);
}

static double
respond_share(double margin)
{
	return margin < 0 ? 0 : margin > 1 ? 1 : margin;
}

static double
respond_value(double margin)
{
	return margin;
}

static ml_status
prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
        const ml_value *options, void **state)
{
	ml_forest_state *forest;

	(void) options;
	ML_TRY(ml_forest_prepare(host, schema, fitted, &forest));
	forest->respond = schema->task == ML_BINARY ? respond_share : respond_value;
	*state = forest;
	return ML_OK;
}

/* A tree has no options for what it does not do. */
static bool
settle_tree(const ml_value *given, void *values, ml_option_fault *fault)
{
	bagging_options *options = values;

	(void) given;
	(void) fault;
	options->trees = 1;
	options->row_share = 1;
	return true;
}

#define LEARNER(learner_name, learner_task, table, settling, text)                       \
	.name = learner_name, .summary = text, .task = learner_task, .option = table,        \
	.options = sizeof table / sizeof *table, .options_size = sizeof(bagging_options),    \
	.settle = settling, .memory = memory, .fit = fit, .missing_tells = true
#define OF_ONE                                                                           \
	.prepare = prepare, .equip = ml_forest_equip, .work = ml_forest_work,                \
	.margin = ml_forest_margin, .margins_of_rows = ml_forest_margins,                    \
	.respond = ml_forest_respond, .lay_out = ml_forest_lay_out,                          \
	.explain = ml_forest_explain
#define OF_SEVERAL                                                                       \
	.prepare = ml_class_shares_prepare, .equip = ml_class_shares_equip,                  \
	.work = ml_class_shares_work, .margins = ml_class_shares_margins,                    \
	.margins_are_shares = true, .lay_out = ml_class_shares_lay_out,                      \
	.explain = ml_class_shares_explain

const ml_learner ml_forest_classes = {
    LEARNER("random_forest", ML_BINARY, forest_class_option, NULL,
            "random forest for two classes: many trees, each on rows of its own"),
    OF_ONE, .recalls = true};
const ml_learner ml_forest_several = {
    LEARNER("random_forest", ML_MULTICLASS, forest_class_option, NULL,
            "random forest for several classes, each tree for all of them"),
    OF_SEVERAL, .recalls = true};
const ml_learner ml_forest_values = {
    LEARNER("random_forest", ML_REGRESSION, forest_value_option, NULL,
            "random forest for a number: many trees, each on rows of its own"),
    OF_ONE, .recalls = true};
const ml_learner ml_tree_classes = {
    LEARNER("decision_tree", ML_BINARY, tree_class_option, settle_tree,
            "one tree for two classes, small enough to be read"),
    OF_ONE};
const ml_learner ml_tree_several = {
    LEARNER("decision_tree", ML_MULTICLASS, tree_class_option, settle_tree,
            "one tree for several classes, small enough to be read"),
    OF_SEVERAL};
const ml_learner ml_tree_values = {
    LEARNER("decision_tree", ML_REGRESSION, tree_value_option, settle_tree,
            "one tree for a number, small enough to be read"),
    OF_ONE};
