/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting_rows.c: what boosting asks of the rows: gradients, losses, where to start.
 *
 * Of several classes the probabilities of a round are those of its beginning: a class's
 * margin changes when its own tree is added, and nothing else asks for it before the round
 * is over.  So the sum over all classes is kept, one number per row, and not all gradients.
 */
#include "learn/learn.h"

#include <math.h>

/* A range of rows of the table that lies in one chunk of the frame. */
typedef struct span
{
	int64_t first; /* of the table */
	int64_t row;   /* of the frame */
	int count;
} span;

static span
span_of(const ml_booster *b, int64_t task)
{
	const ml_problem *problem = b->problem;
	int64_t row = ((problem->begin >> ML_CHUNK_BITS) + task) << ML_CHUNK_BITS;
	int64_t end = row + ML_CHUNK;

	row = row > problem->begin ? row : problem->begin;
	end = end < problem->end ? end : problem->end;
	return (span){.first = row - problem->begin, .row = row, .count = (int) (end - row)};
}

static inline double
weight_at(const ml_booster *b, int64_t row)
{
	double weight =
	    b->problem->weight != NULL ? *ml_numbers_at(b->problem->weight, row) : 1;

	if (b->class_factor != NULL)
		weight *= b->class_factor[(int) *ml_numbers_at(b->problem->target, row)];
	return weight;
}

static bool
is_weighted(const ml_booster *b)
{
	return b->problem->weight != NULL || b->class_factor != NULL;
}

static inline double *
margin_of(const ml_booster *b, int tree)
{
	return b->margin + tree % b->margins * b->rows;
}

/* The margins take what the last tree has said. */
static void
add_tree(ml_booster *b, const span *s)
{
	double *margin = margin_of(b, b->tree - 1) + s->first;
	const uint16_t *leaf = b->leaf_of + s->first;

	for (int i = 0; i < s->count; i++)
		margin[i] += b->leaf_value[leaf[i]];
}

/* The target as the loss has it: in units, or of one class whether it is that. */
static const double *
target_of(const ml_booster *b, int64_t row, int count, double *room)
{
	const double *target = ml_numbers_at(b->problem->target, row);
	int class = b->tree % b->margins;

	if (b->margins == 1 && b->unit == 1)
		return target;
	for (int i = 0; i < count; i++)
		room[i] = b->margins > 1 ? target[i] == class : target[i] / b->unit;
	return room;
}

/* What a row set aside has lost. */
static double
loss_of(const ml_booster *b, int64_t at, double target, double loss)
{
	if (b->margins > 1)
		return b->total[at] - b->margin[(int) target * b->rows + at];
	if (b->objective->task != ML_BINARY)
		return loss;
	return log1p(loss) + ((b->margin[at] > 0) != (target > 0) ? fabs(b->margin[at]) : 0);
}

/* Gradients of one block; rows set aside have none, but a loss. */
static void
take_block(ml_booster *b, const span *s, int from, int count, double *sum)
{
	double gradient[ML_BLOCK], curvature[ML_BLOCK], loss[ML_BLOCK], room[ML_BLOCK];
	int64_t at = s->first + from;

	if (b->margins > 1 && b->tree % b->margins == 0)
		ml_softmax_totals(b->margin + at, b->rows, b->margins, count, b->total + at);
	b->objective->take(
	    &(ml_objective_block){.rows = count,
	                          .margin = margin_of(b, b->tree) + at,
	                          .target = target_of(b, s->row + from, count, room),
	                          .total = b->total != NULL ? b->total + at : NULL,
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
		int64_t row = s->row + from + i;

		b->slopes.g[at + i] = b->slopes.h[at + i] = 0;
		if (b->tree % b->margins == 0)
			*sum += weight_at(b, row) *
			        loss_of(b, at + i, *ml_numbers_at(b->problem->target, row), loss[i]);
	}
}

static ml_status
slopes_task(void *argument, int64_t task, ml_worker *worker)
{
	ml_booster *b = argument;
	span s = span_of(b, task);
	double sum = 0;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	if (b->grown)
		add_tree(b, &s);
	for (int from = 0; from < s.count; from += ML_BLOCK)
		take_block(b, &s, from, s.count - from < ML_BLOCK ? s.count - from : ML_BLOCK,
		           &sum);
	if (b->tree % b->margins == 0)
		b->loss[task] = sum;
	return ML_OK;
}

ml_status
ml_booster_slopes(ml_booster *b)
{
	ML_TRY(ml_parallel(b->host, b->chunks, slopes_task, b));
	b->grown = false;
	return ML_OK;
}

double
ml_booster_loss_aside(const ml_booster *b)
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
	ml_booster *b = argument;
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
	ml_booster *b = argument;
	const ml_leaf *leaf = &b->grower.leaf[task];
	const uint32_t *order = b->grower.order + leaf->begin;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int64_t i = 0; i < leaf->rows; i++)
		b->leaf_of[order[i]] = (uint16_t) task;
	return ML_OK;
}

ml_status
ml_booster_find_leaves(ml_booster *b)
{
	b->grown = true;
	return b->sampled ? ml_parallel(b->host, b->chunks, walk_task, b)
	                  : ml_parallel(b->host, b->grower.leaves, leaf_task, b);
}

/* The quantile of some rows' residuals, by weight. */
static ml_status
quantile_of(ml_booster *b, const uint32_t *rows, int64_t count, double *quantile)
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

ml_status
ml_booster_renew_leaves(ml_booster *b)
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

int64_t
ml_booster_rows_aside(const ml_booster *b)
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

/* What the rows that trees are grown on weigh, and their targets: of classes each one's weight. */
static ml_status
sum_targets(ml_booster *b, double *sum, double *all)
{
	const ml_problem *problem = b->problem;

	*all = 0;
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
		{
			b->aside_weight += weight;
			continue;
		}
		*all += weight;
		if (b->margins > 1)
			sum[(int) y] += weight;
		else
			*sum += weight * (y / b->unit);
	}
	return ML_OK;
}

/* The mean, or the quantile, of the rows that trees are grown on, on the scale of margins. */
static ml_status
find_base(ml_booster *b, double *base)
{
	double all;

	ML_TRY(sum_targets(b, base, &all));
	if (b->objective->quantiles)
	{
		ml_grower_draw(&b->grower, b->problem, b->aside, 1);
		return quantile_of(b, b->grower.order, b->grower.rows, base);
	}
	for (int k = 0; k < b->margins; k++)
	{
		double mean = base[k] / all, least = 0.5 / all;

		if (b->margins > 1)
			base[k] = log(mean > least ? mean : least);
		else if (b->objective->task == ML_BINARY)
		{
			mean = mean < least ? least : mean > 1 - least ? 1 - least : mean;
			base[k] = log(mean / (1 - mean));
		}
		else
			base[k] = b->objective->has_log ? log(mean > 0 ? mean : least) : mean;
		if (!isfinite(base[k]))
			return ML_NOT_NUMERIC;
	}
	return ML_OK;
}

/* Margins of a block of rows by the forest so far. */
typedef struct resume_work
{
	ml_booster *b;
	const void *state;
	double *row[ML_MAX_THREADS];
	double *margin[ML_MAX_THREADS]; /* [margins] */
} resume_work;

static ml_status
resume_task(void *argument, int64_t task, ml_worker *worker)
{
	resume_work *work = argument;
	ml_booster *b = work->b;
	const ml_schema *schema = b->problem->schema;
	double *row = work->row[worker->index], *margin = work->margin[worker->index];
	span s = span_of(b, task);

	for (int i = 0; i < s.count; i++)
	{
		if (i % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		for (int f = 0; f < schema->features; f++)
		{
			const ml_column *column =
			    &b->problem->frame->column[schema->feature[f].column];

			row[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, s.row + i)
			                                   : *ml_codes_at(column, s.row + i);
		}
		if (b->margins > 1)
			ml_class_forests_margins(work->state, row, margin);
		else
			*margin = ml_forest_margin(work->state, row);
		for (int k = 0; k < b->margins; k++)
			b->margin[k * b->rows + s.first + i] = margin[k] / b->unit;
	}
	return ML_OK;
}

/* The forest so far is written and read as any model is, which makes it ready to score. */
static ml_status
resume(ml_booster *b)
{
	const ml_schema *schema = b->problem->schema;
	resume_work work = {.b = b};
	ml_forest_state *forest;
	ml_fitted *fitted;
	void *state;

	ML_NEW(b->host, fitted, 1);
	ML_TRY(ml_forest_write_nodes(b->host, &b->forest, fitted));
	if (b->margins > 1)
		ML_TRY(ml_class_forests_prepare(b->host, schema, fitted, &state));
	else
	{
		ML_TRY(ml_forest_prepare(b->host, schema, fitted, &forest));
		state = forest;
	}
	work.state = state;
	for (int i = 0; i < ml_pool_threads(b->host); i++)
	{
		ML_NEW(b->host, work.row[i], schema->features);
		ML_NEW(b->host, work.margin[i], b->margins);
	}
	return ml_parallel(b->host, b->chunks, resume_task, &work);
}

ml_status
ml_booster_start(ml_booster *b)
{
	double *base = b->base;

	ML_TRY(find_base(b, base));
	if (b->problem->earlier != NULL)
		return resume(b);
	for (int k = 0; k < b->margins; k++)
	{
		double *margin = b->margin + k * b->rows;

		for (int64_t row = 0; row < b->rows; row++)
			margin[row] = base[k];
		base[k] *= b->unit;
	}
	return ML_OK;
}
