/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting.c: boosted_trees: gradient boosting with second-order steps.
 *
 * F_0 is the best constant.  Tree t is grown on gradients and curvatures of the loss at
 * F_{t-1}, and F_t = F_{t-1} + learning_rate * tree (Friedman 2001; Chen and Guestrin 2016).
 *
 * Early stopping needs rows that neither trees nor the reported metric have seen: the
 * holdout stays untouched, and of the training rows those of the lowest keys, a share of
 * them, are set aside.  All rows of one key are on one side.  The forest ends with the tree
 * at which their loss was lowest.
 *
 * Row sampling is by a hash of the row's key and of the tree's seed: rows of one customer go
 * together, and no row depends on the others.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct booster
{
	ml_host *host;
	const ml_problem *problem;
	const ml_boosting_options *options;
	const ml_objective *objective;
	double parameter;
	double unit; /* of targets and margins, in those of the data */
	double class_factor[2];
	ml_binned table;
	ml_grower grower;
	ml_forest forest;
	ml_gradients gradients;
	int64_t rows;
	int64_t aside; /* rows in front that are set aside */
	double aside_weight;
	double *margin; /* [rows] */
	ml_slopes slopes;
	uint16_t *leaf_of;  /* [rows] */
	int32_t *leaf_at;   /* [nodes of a tree] number of the leaf */
	double *leaf_value; /* [leaves] to be added, in units */
	bool sampled;       /* some rows are in no leaf's list */
	int64_t chunks;
	double *loss;       /* [chunks] of the rows set aside */
	int tree;           /* that is being grown */
	ml_keyed *residual; /* [2 rows] of objectives with quantiles */
	int64_t *tally;
} booster;

/* A range of rows of the table that lies in one chunk of the frame. */
typedef struct span
{
	int64_t first; /* of the table */
	int64_t row;   /* of the frame */
	int count;
} span;

static span
span_of(const booster *b, int64_t task)
{
	const ml_problem *problem = b->problem;
	int64_t row = ((problem->begin >> ML_CHUNK_BITS) + task) << ML_CHUNK_BITS;
	int64_t end = row + ML_CHUNK;

	row = row > problem->begin ? row : problem->begin;
	end = end < problem->end ? end : problem->end;
	return (span){.first = row - problem->begin, .row = row, .count = (int) (end - row)};
}

static inline double
weight_at(const booster *b, int64_t row)
{
	double weight =
	    b->problem->weight != NULL ? *ml_numbers_at(b->problem->weight, row) : 1;

	if (b->options->class_weight.bytes != NULL)
		weight *= b->class_factor[*ml_numbers_at(b->problem->target, row) > 0];
	return weight;
}

static bool
is_weighted(const booster *b)
{
	return b->problem->weight != NULL || b->options->class_weight.bytes != NULL;
}

/* The margins take what the last tree has said. */
static void
add_tree(booster *b, const span *s)
{
	double *margin = b->margin + s->first;
	const uint16_t *leaf = b->leaf_of + s->first;

	for (int i = 0; i < s->count; i++)
		margin[i] += b->leaf_value[leaf[i]];
}

/* Gradients of one block; rows set aside have none, but a loss. */
static void
take_block(booster *b, const span *s, int from, int count, double *total)
{
	double gradient[ML_BLOCK], curvature[ML_BLOCK], loss[ML_BLOCK], scaled[ML_BLOCK];
	const double *target = ml_numbers_at(b->problem->target, s->row + from);
	int64_t at = s->first + from;

	if (b->unit != 1)
	{
		for (int i = 0; i < count; i++)
			scaled[i] = target[i] / b->unit;
		target = scaled;
	}
	b->objective->take(&(ml_objective_block){.rows = count,
	                                         .margin = b->margin + at,
	                                         .target = target,
	                                         .parameter = b->parameter,
	                                         .gradient = gradient,
	                                         .curvature = curvature,
	                                         .loss = loss});
	for (int i = 0; is_weighted(b) && i < count; i++)
	{
		double weight = weight_at(b, s->row + from + i);

		gradient[i] *= weight;
		curvature[i] *= weight;
	}
	for (int i = 0; i < count; i++)
	{
		b->slopes.g[at + i] = (float) gradient[i];
		b->slopes.h[at + i] = (float) curvature[i];
	}
	for (int i = 0; i < count && at + i < b->aside; i++)
	{
		if (b->objective->task == ML_BINARY)
			loss[i] = log1p(loss[i]) + ((b->margin[at + i] > 0) != (target[i] > 0)
			                                ? fabs(b->margin[at + i])
			                                : 0);
		*total += weight_at(b, s->row + from + i) * loss[i];
		b->slopes.g[at + i] = b->slopes.h[at + i] = 0;
	}
}

static ml_status
gradient_task(void *argument, int64_t task, ml_worker *worker)
{
	booster *b = argument;
	span s = span_of(b, task);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	b->loss[task] = 0;
	if (b->tree > 0)
		add_tree(b, &s);
	for (int from = 0; from < s.count; from += ML_BLOCK)
		take_block(b, &s, from, s.count - from < ML_BLOCK ? s.count - from : ML_BLOCK,
		           &b->loss[task]);
	return ML_OK;
}

static uint64_t
tree_seed(const booster *b)
{
	return ml_hash_add(ml_hash_mix((uint64_t) b->options->seed + 1), (uint64_t) b->tree);
}

/* Mean loss of the rows set aside. */
static double
loss_aside(const booster *b)
{
	double sum = 0;

	for (int64_t c = 0; c < b->chunks; c++)
		sum += b->loss[c];
	return sum / b->aside_weight;
}

/* Rows that are in no leaf's list walk down the tree. */
static ml_status
walk_task(void *argument, int64_t task, ml_worker *worker)
{
	booster *b = argument;
	span s = span_of(b, task);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int64_t row = s.first; row < s.first + s.count; row++)
		b->leaf_of[row] = (uint16_t) b->leaf_at[ml_grower_walk(&b->grower, row)];
	return ML_OK;
}

static ml_status
leaf_task(void *argument, int64_t task, ml_worker *worker)
{
	booster *b = argument;
	const ml_leaf *leaf = &b->grower.leaf[task];
	const uint32_t *order = b->grower.order + leaf->begin;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int64_t i = 0; i < leaf->rows; i++)
		b->leaf_of[order[i]] = (uint16_t) task;
	return ML_OK;
}

/* The quantile of some rows' residuals, by weight. */
static ml_status
quantile_of(booster *b, const uint32_t *rows, int64_t count, double *quantile)
{
	ml_worker alone = {.host = b->host};
	ml_keyed *item = b->residual;
	double all = 0, below = 0;

	for (int64_t i = 0; i < count; i++)
	{
		int64_t row = b->problem->begin + rows[i];
		double y = *ml_numbers_at(b->problem->target, row) / b->unit;

		item[i] =
		    (ml_keyed){.key = ml_number_key(y - b->margin[rows[i]]), .row = rows[i]};
		all += weight_at(b, row);
	}
	ML_TRY(ml_sort_keyed(&alone, item, b->residual + b->rows, count, b->tally, &item));
	*quantile = 0;
	for (int64_t i = 0; i < count && !(below > b->parameter * all); i++)
	{
		*quantile = ml_key_number(item[i].key);
		below += weight_at(b, b->problem->begin + item[i].row);
	}
	return ML_OK;
}

/* Leaves of a loss that is no parabola are worth the quantile of their rows. */
static ml_status
renew_leaves(booster *b)
{
	ml_grower *grower = &b->grower;

	for (int i = 0; i < grower->leaves; i++)
	{
		const ml_leaf *leaf = &grower->leaf[i];
		double *value = &grower->node[leaf->node].value;

		ML_TRY(quantile_of(b, grower->order + leaf->begin, leaf->rows, value));
		*value = *value < leaf->bounds.low    ? leaf->bounds.low
		         : *value > leaf->bounds.high ? leaf->bounds.high
		                                      : *value;
	}
	return ML_OK;
}

static ml_status
take_tree(booster *b)
{
	ml_grower *grower = &b->grower;

	if (b->objective->quantiles)
		ML_TRY(renew_leaves(b));
	for (int i = 0; i < grower->leaves; i++)
	{
		b->leaf_at[grower->leaf[i].node] = i;
		b->leaf_value[i] =
		    grower->node[grower->leaf[i].node].value * b->options->learning_rate;
	}
	if (b->sampled)
		ML_TRY(ml_parallel(b->host, b->chunks, walk_task, b));
	else
		ML_TRY(ml_parallel(b->host, grower->leaves, leaf_task, b));
	return ml_forest_add(&b->forest, grower, b->options->learning_rate * b->unit);
}

/* The mean, or the quantile, of the rows that trees are grown on, on the scale of margins. */
static ml_status
find_base(booster *b, double *base)
{
	const ml_problem *problem = b->problem;
	double sum = 0, all = 0;

	for (int64_t row = 0; row < b->rows; row++)
	{
		double y = *ml_numbers_at(problem->target, problem->begin + row);
		double weight = weight_at(b, problem->begin + row);

		ML_PAUSE(b->host, row);
		if (y < b->objective->least)
			return ML_TARGET_BELOW;
		if (b->objective->above && !(y > b->objective->least))
			return ML_TARGET_NOT_ABOVE;
		if (row < b->aside)
			b->aside_weight += weight;
		else
		{
			all += weight;
			sum += weight * (y / b->unit);
		}
	}
	*base = sum / all;
	if (b->objective->task == ML_BINARY)
	{
		double least = 0.5 / all;

		*base = *base < least ? least : *base > 1 - least ? 1 - least : *base;
		*base = log(*base / (1 - *base));
	}
	else if (b->objective->has_log)
		*base = log(*base > 0 ? *base : 0.5 / all);
	else if (b->objective->quantiles)
	{
		ml_grower_draw(&b->grower, problem, b->aside, 1);
		return quantile_of(b, b->grower.order, b->grower.rows, base);
	}
	return isfinite(*base) ? ML_OK : ML_NOT_NUMERIC;
}

/* The rows in front that are set aside: a share, up to where a key ends. */
static int64_t
rows_aside(const booster *b)
{
	const ml_problem *problem = b->problem;
	uint64_t *const *key = problem->frame->key;
	int64_t at =
	    problem->begin + (int64_t) ((double) b->rows * b->options->validation_share);

	if (b->options->early_stopping == 0)
		return 0;
	for (; at > problem->begin && at < problem->end; at++)
		if (key[at >> ML_CHUNK_BITS][at & (ML_CHUNK - 1)] !=
		    key[(at - 1) >> ML_CHUNK_BITS][(at - 1) & (ML_CHUNK - 1)])
			break;
	return at < problem->end ? at - problem->begin : 0;
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
take_constraints(booster *b, ml_tree_options *options)
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

static ml_status
open_booster(ml_host *host, const ml_problem *problem, const ml_boosting_options *given,
             const ml_objective *objective, booster *b)
{
	const ml_schema *schema = problem->schema;
	ml_tree_options options = tree_options(given);
	double base;

	*b = (booster){.host = host,
	               .problem = problem,
	               .options = given,
	               .objective = objective,
	               .unit = 1,
	               .rows = problem->end - problem->begin,
	               .forest = {.host = host}};
	b->parameter = ml_text_is(given->objective, "quantile")  ? given->quantile
	               : ml_text_is(given->objective, "huber")   ? given->huber_delta
	               : ml_text_is(given->objective, "tweedie") ? given->tweedie_power
	                                                         : 0.5;
	if (objective->scaled)
		b->unit = schema->target_sd;
	for (int k = 0; schema->task == ML_BINARY && k < 2; k++)
		b->class_factor[k] = (schema->class_count[0] + schema->class_count[1]) /
		                     (2 * schema->class_count[k]);
	b->aside = rows_aside(b);
	b->chunks =
	    ((problem->end - 1) >> ML_CHUNK_BITS) - (problem->begin >> ML_CHUNK_BITS) + 1;
	ML_TRY(ml_binned_create(host, problem, &b->table));
	ML_TRY(take_constraints(b, &options));
	ML_TRY(ml_grower_create(host, &b->table, schema, &options, &b->grower));
	ML_NEW(host, b->margin, b->rows);
	ML_TRY(ml_slopes_create(host, b->rows, &b->slopes, &b->gradients));
	ML_NEW_RAW(host, b->leaf_of, b->rows);
	ML_NEW(host, b->leaf_at, 2 * given->leaves - 1);
	ML_NEW(host, b->leaf_value, given->leaves);
	ML_NEW(host, b->loss, b->chunks);
	if (objective->quantiles)
	{
		ML_NEW_RAW(host, b->residual, 2 * b->rows);
		ML_NEW_RAW(host, b->tally, ML_SORT_TALLY);
	}
	ML_TRY(find_base(b, &base));
	for (int64_t row = 0; row < b->rows; row++)
		b->margin[row] = base;
	b->forest.base = base * b->unit;
	return ML_OK;
}

/* Without a tree that improves on what there is, the forest has what it needs. */
static ml_status
boost(booster *b)
{
	double best = INFINITY;
	int64_t best_trees = 0;

	for (b->tree = 0; b->tree <= b->options->trees; b->tree++)
	{
		ml_progress(b->host, ML_STAGE_FIT, (double) b->tree, (double) b->options->trees);
		if (b->aside == 0 && b->tree == b->options->trees)
			break;
		ML_TRY(ml_parallel(b->host, b->chunks, gradient_task, b));
		if (b->aside > 0 && loss_aside(b) < best)
		{
			best = loss_aside(b);
			best_trees = b->tree;
		}
		if (b->tree == b->options->trees ||
		    (b->aside > 0 && b->tree - best_trees >= b->options->early_stopping))
			break;
		b->grower.options.seed = tree_seed(b);
		ml_grower_draw(&b->grower, b->problem, b->aside, b->options->row_share);
		b->sampled = b->grower.rows < b->rows;
		if (b->grower.rows == 0)
			break;
		ML_TRY(ml_gradients_round(b->host, &b->slopes, tree_seed(b), &b->gradients));
		ML_TRY(ml_grow(&b->grower, &b->gradients));
		if (b->grower.leaves == 1 && !b->sampled && b->options->column_share >= 1)
			break;
		ML_TRY(take_tree(b));
	}
	if (b->aside > 0)
		ml_forest_cut(&b->forest, (int) best_trees);
	return ML_OK;
}

ml_status
ml_boosting_fit(ml_host *host, const ml_problem *problem, const void *given,
                ml_fitted *fitted)
{
	const ml_boosting_options *options = given;
	const ml_objective *objective =
	    ml_objective_find(options->objective, problem->schema->task);
	booster *b;

	ML_NEW(host, b, 1);
	ML_TRY(open_booster(host, problem, options, objective, b));
	ML_TRY(boost(b));
	fitted->converged = true;
	if (options->early_stopping > 0 && b->aside == 0)
		fitted->trouble = (ml_trouble){.kind = ML_TROUBLE_NOT_ASIDE, .feature = -1};
	fitted->iterations = b->forest.trees;
	return ml_forest_write(host, &b->forest, problem, fitted);
}

double
ml_boosting_memory(const ml_problem *problem, const void *given, int threads)
{
	const ml_boosting_options *options = given;
	ml_tree_options tree = tree_options(options);
	const ml_objective *objective =
	    ml_objective_find(options->objective, problem->schema->task);
	double rows = (double) (problem->end - problem->begin);

	return ml_binned_memory(problem, threads) +
	       ml_grower_memory(problem, &tree, threads) +
	       ml_slopes_memory(problem->end - problem->begin) +
	       rows * (sizeof(double) + sizeof(uint16_t) +
	               (objective->quantiles ? 2 * sizeof(ml_keyed) : 0)) +
	       ml_forest_memory(problem, options->trees, &tree) + sizeof(booster);
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
	ML_TRY(ml_forest_prepare(host, schema, fitted, &forest));
	forest->respond = objective->respond;
	*state = forest;
	return ML_OK;
}
