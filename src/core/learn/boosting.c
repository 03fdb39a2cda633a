/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting.c: boosted_trees: gradient boosting with second-order steps.
 *
 * F_0 is the best constant beside the offsets.  Tree t is grown on gradients and curvatures of
 * the loss at F_{t-1}, and F_t = F_{t-1} + learning_rate * tree (Friedman 2001; Chen and Guestrin
 * 2016).
 *
 * Early stopping needs rows that neither trees nor the reported metric have seen: the
 * holdout stays untouched, and of the training rows those of the lowest keys, a share of
 * them, are set aside.  All rows of one key are on one side.  The forest ends with the tree
 * at which their loss was lowest.
 *
 * Of several classes, a round has a tree for each, all grown on the probabilities at its
 * beginning.
 *
 * Row sampling is by a hash of the row's key and of the tree's seed: rows of one customer go
 * together, and no row depends on the others.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define STEPS 8             /* units in the mean gradient of a probability */
#define MANY_ROWS (1 << 16) /* from which on it has no more */

static uint64_t
tree_seed(const ml_booster *b, int tree)
{
	return ml_hash_add(ml_hash_mix((uint64_t) b->options->seed + 1), (uint64_t) tree);
}

static ml_status
take_tree(ml_booster *b)
{
	ml_grower *grower = &b->grower;

	if (b->objective->quantiles)
		ML_TRY(ml_booster_renew_leaves(b));
	for (int i = 0; i < grower->leaves; i++)
	{
		b->leaf_at[grower->leaf[i].node] = i;
		b->leaf_value[i] =
		    grower->node[grower->leaf[i].node].value * b->options->learning_rate;
	}
	ML_TRY(ml_booster_find_leaves(b));
	return ml_forest_add(&b->forest, grower, b->options->learning_rate * b->unit);
}

static ml_tree_options
tree_options(const ml_boosting_options *given)
{
	return (ml_tree_options){.leaves = given->leaves,
	                         .depth = given->depth,
	                         .l1 = given->l1,
	                         .l2 = given->l2,
	                         .min_weight = given->min_weight,
	                         .min_rows = given->min_rows,
	                         .min_gain = given->min_gain,
	                         .category_smoothing = given->category_smoothing,
	                         .category_l2 = given->category_l2,
	                         .column_share = given->column_share,
	                         .node_share = 1};
}

/* Directions and groups of the table's features; a name may stand for an array's elements. */
static ml_status
take_constraints(ml_booster *b, ml_tree_options *options)
{
	const ml_value *monotone = b->options->monotone, *groups = b->options->interactions;
	int features = b->table.features;
	int8_t *direction;
	uint64_t *group;

	ML_NEW(b->host, direction, features);
	ML_NEW(b->host, group, features);
	for (int f = 0; f < features; f++)
	{
		ml_text name = b->problem->schema->feature[b->table.source[f]].name;

		for (int64_t i = 0; monotone != NULL && i < monotone->count; i++)
			if (ml_text_equal(monotone->keys[i], name) && b->table.ordered[f])
				direction[f] = (int8_t) monotone->items[i].number;
		for (int64_t i = 0; groups != NULL && i < groups->count; i++)
			for (int64_t k = 0; k < groups->items[i].count; k++)
				if (ml_text_equal(groups->items[i].items[k].text, name))
					group[f] |= UINT64_C(1) << i;
	}
	options->monotone = monotone != NULL ? direction : NULL;
	options->groups = groups != NULL ? group : NULL;
	return ML_OK;
}

/* Room for everything that there is of each row. */
static ml_status
make_room(ml_booster *b)
{
	ml_host *host = b->host;

	ML_NEW(host, b->base, b->margins);
	ML_NEW(host, b->margin, b->margins * b->rows);
	if (b->margins > 1)
		ML_NEW_RAW(host, b->total, b->rows);
	ML_TRY(ml_slopes_create(host, b->rows, &b->slopes, &b->gradients));
	if (b->margins == 1 && b->objective->task == ML_BINARY && b->rows >= MANY_ROWS)
		b->gradients.steps = STEPS;
	b->gradients.lead = ml_booster_span(b, 0).count;
	/* where they are the leaves of the last tree are over */
	if (b->gradients.steps > 0 && b->options->row_share >= 1)
		b->gradients.changed = b->grower.spare;
	ML_NEW_RAW(host, b->leaf_of, b->rows);
	ML_NEW(host, b->leaf_at, 2 * b->options->leaves - 1);
	ML_NEW(host, b->leaf_value, b->options->leaves);
	ML_NEW(host, b->loss, b->chunks);
	if (b->objective->quantiles)
	{
		ML_NEW_RAW(host, b->residual, 2 * b->rows);
		ML_NEW_RAW(host, b->tally, ML_SORT_TALLY);
	}
	return ML_OK;
}

/* Classes get the same total weight. */
static ml_status
balance_classes(ml_booster *b)
{
	const ml_schema *schema = b->problem->schema;

	ML_NEW(b->host, b->class_factor, schema->classes);
	for (int k = 0; k < schema->classes; k++)
		b->class_factor[k] = schema->rows / (schema->classes * schema->class_count[k]);
	return ML_OK;
}

/* Of losses with a log link it is the power of the mean that the variance goes with. */
static double
parameter_of(const ml_boosting_options *given, int margins)
{
	if (margins > 1)
		return margins / (margins - 1.0);
	return ml_text_is(given->objective, "quantile")  ? given->quantile
	       : ml_text_is(given->objective, "huber")   ? given->huber_delta
	       : ml_text_is(given->objective, "poisson") ? 1
	       : ml_text_is(given->objective, "gamma")   ? 2
	       : ml_text_is(given->objective, "tweedie") ? given->tweedie_power
	                                                 : 0.5;
}

static int
margins_of(const ml_schema *schema)
{
	return schema->task == ML_MULTICLASS ? schema->classes : 1;
}

static ml_status
open_booster(ml_host *host, const ml_problem *problem, const ml_boosting_options *given,
             const ml_objective *objective, ml_booster *b)
{
	const ml_schema *schema = problem->schema;
	ml_tree_options options = tree_options(given);
	int margins = margins_of(schema);

	*b = (ml_booster){.host = host,
	                  .problem = problem,
	                  .options = given,
	                  .objective = objective,
	                  .parameter = parameter_of(given, margins),
	                  .unit = objective->scaled ? schema->target_sd : 1,
	                  .rows = problem->end - problem->begin,
	                  .margins = margins,
	                  .forest = {.host = host}};
	b->aside = ml_booster_rows_aside(b);
	b->chunks =
	    ((problem->end - 1) >> ML_CHUNK_BITS) - (problem->begin >> ML_CHUNK_BITS) + 1;
	if (given->class_weight.bytes != NULL)
		ML_TRY(balance_classes(b));
	ML_TRY(ml_binned_create(host, problem, &b->table));
	ML_TRY(take_constraints(b, &options));
	ML_TRY(ml_grower_create(host, &b->table, schema, &options, &b->grower));
	ML_TRY(make_room(b));
	if (problem->earlier != NULL)
		ML_TRY(ml_forest_continue(host, problem, &b->forest));
	b->earlier = b->forest.trees;
	ML_TRY(ml_booster_start(b));
	b->slopes.bound = b->objective->task == ML_BINARY ? b->most_weight : 0;
	if (problem->earlier != NULL)
		return ML_OK;
	b->forest.base = b->base[0];
	b->forest.classes = margins > 1 ? margins : 0;
	b->forest.class_base = b->base;
	return ML_OK;
}

/* A tree for each margin; rows are drawn once for all.  *grew: one of them has a split. */
static ml_status
grow_round(ml_booster *b, bool *grew)
{
	int first = b->tree;

	*grew = false;
	for (; b->tree < first + b->margins; b->tree++)
	{
		/* those of the first one are there */
		if (b->tree > first)
			ML_TRY(ml_booster_slopes(b));
		b->grower.options.seed = tree_seed(b, first);
		ML_TRY(ml_grower_draw(&b->grower, b->problem, b->aside, b->options->row_share));
		b->sampled = b->grower.rows < b->rows;
		if (b->grower.rows == 0)
			return ML_OK;
		b->grower.options.seed = tree_seed(b, b->tree);
		ML_TRY(ml_gradients_round(b->host, &b->slopes,
		                          tree_seed(b, b->gradients.steps > 0 ? 0 : b->tree),
		                          &b->gradients));
		ML_TRY(ml_grow(&b->grower, &b->gradients));
		*grew |= b->grower.leaves > 1 || b->sampled || b->options->column_share < 1;
		ML_TRY(take_tree(b));
	}
	return ML_OK;
}

/* Without a round that improves on what there is, the forest has what it needs. */
static ml_status
boost(ml_booster *b)
{
	double best = INFINITY;
	int64_t best_round = 0, rounds = b->options->trees, round;
	bool grew = true;

	for (round = 0; round < rounds || b->aside > 0; round++)
	{
		ml_progress(b->host, ML_STAGE_FIT, (double) round, (double) rounds);
		b->tree = b->earlier + (int) round * b->margins;
		ML_TRY(ml_booster_slopes(b));
		if (b->aside > 0 && ml_booster_loss_aside(b) < best)
		{
			best = ml_booster_loss_aside(b);
			best_round = round;
			b->host->loss_aside = best;
		}
		if (round == rounds ||
		    (b->aside > 0 && round - best_round >= b->options->early_stopping))
			break;
		ML_TRY(grow_round(b, &grew));
		if (!grew)
			break;
	}
	ml_forest_cut(&b->forest,
	              b->earlier + (int) (b->aside > 0 ? best_round : round) * b->margins);
	return ML_OK;
}

ml_status
ml_boosting_fit(ml_host *host, const ml_problem *problem, const void *given,
                ml_fitted *fitted)
{
	const ml_boosting_options *options = given;
	const ml_objective *objective =
	    ml_objective_find(options->objective, problem->schema->task);
	ml_booster *b;

	ML_NEW(host, b, 1);
	ML_TRY(open_booster(host, problem, options, objective, b));
	ML_TRY(boost(b));
	fitted->converged = true;
	if (options->early_stopping > 0 && b->aside == 0)
		fitted->trouble = (ml_trouble){.kind = ML_TROUBLE_NOT_ASIDE, .feature = -1};
	fitted->iterations = b->forest.trees / b->margins;
	ML_TRY(ml_forest_write(host, &b->forest, problem->schema->features, fitted));
	return ml_forest_importance(host, problem, fitted);
}

/* Bytes for the trees that there are, and for scoring by them. */
static double
earlier_memory(const ml_problem *problem)
{
	const ml_part *nodes;

	if (problem->earlier == NULL)
		return 0;
	nodes = ml_fitted_part(problem->earlier->fitted, "feature");
	return 65536 + (nodes != NULL ? 2048.0 * (double) nodes->count : 0);
}

double
ml_boosting_memory(const ml_problem *problem, const void *given, int threads)
{
	const ml_boosting_options *options = given;
	ml_tree_options tree = tree_options(options);
	const ml_objective *objective =
	    ml_objective_find(options->objective, problem->schema->task);
	double rows = (double) (problem->end - problem->begin);
	double margins = margins_of(problem->schema);

	return ml_binned_memory(problem, threads) +
	       ml_grower_memory(problem, &tree, threads) +
	       ml_slopes_memory(problem->end - problem->begin) +
	       rows * ((margins + (margins > 1)) * sizeof(double) + sizeof(uint16_t) +
	               (objective->quantiles ? 2 * sizeof(ml_keyed) : 0)) +
	       ml_forest_memory(problem, options->trees * (int64_t) margins, &tree) +
	       2 * margins * sizeof(double) + earlier_memory(problem) + sizeof(ml_booster);
}

ml_status
ml_boosting_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                    const ml_value *options, void **state)
{
	const ml_value *name = ml_value_member(options, "objective");
	const ml_objective *objective = ml_objective_find(
	    name != NULL && name->kind == ML_VALUE_TEXT ? name->text : (ml_text){0},
	    schema->task);
	ml_forest_state *forest;

	if (objective == NULL)
		return ML_BAD_MODEL;
	if (objective->respond == NULL)
		return ml_class_forests_prepare(host, schema, fitted, state);
	ML_TRY(ml_forest_prepare(host, schema, fitted, &forest));
	forest->respond = objective->respond;
	*state = forest;
	return ML_OK;
}
