/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting_rows.c: what boosting asks of the rows: gradients, losses, leaves.
 *
 * Of several classes the probabilities of a round are those of its beginning: a class's
 * margin changes when its own tree is added, and nothing else asks for it before the round
 * is over.  So the sum over all classes is kept, one number per row, and not all gradients.
 */
#include "learn/learn.h"

#include <math.h>

#define LEAF_ROWS (1 << 16) /* that one thread looks up, in all leaves */

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
add_tree(ml_booster *b, const ml_span *s)
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

/* Where the slopes of a span go, and the loss of its rows set aside. */
typedef struct span_slopes
{
	float *g;
	float *h;
	double loss;
} span_slopes;

ML_HOT static void
shorten(const double *restrict from, int count, float *restrict to)
{
	for (int i = 0; i < count; i++)
		to[i] = (float) from[i];
}

/* Gradients of one block; rows set aside have none, but a loss. */
static void
take_block(ml_booster *b, const ml_span *s, int from, int count, span_slopes *out)
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
		double weight = ml_booster_weight(b, s->row + from + i);

		gradient[i] *= weight;
		curvature[i] *= weight;
	}
	shorten(gradient, count, out->g + from);
	shorten(curvature, count, out->h + from);
	for (int i = 0; i < count && at + i < b->aside; i++)
	{
		int64_t row = s->row + from + i;

		out->g[from + i] = out->h[from + i] = 0;
		if (b->tree % b->margins == 0)
			out->loss +=
			    ml_booster_weight(b, row) *
			    loss_of(b, at + i, *ml_numbers_at(b->problem->target, row), loss[i]);
	}
}

static ml_status
slopes_task(void *argument, int64_t task, ml_worker *worker)
{
	ml_booster *b = argument;
	ml_span s = ml_booster_span(b, task);
	bool at_once = b->slopes.rounded;
	float g[ML_CHUNK], h[ML_CHUNK];
	span_slopes out = {.g = at_once ? g : b->slopes.g + s.first,
	                   .h = at_once ? h : b->slopes.h + s.first};

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	if (b->grown)
		add_tree(b, &s);
	for (int from = 0; from < s.count; from += ML_BLOCK)
		take_block(b, &s, from, s.count - from < ML_BLOCK ? s.count - from : ML_BLOCK,
		           &out);
	if (at_once)
		ml_gradients_take(&b->slopes, task, g, h);
	if (b->tree % b->margins == 0)
		b->loss[task] = out.loss;
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
	ml_span s = ml_booster_span(b, task);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int64_t row = s.first; row < s.first + s.count; row++)
		b->leaf_of[row] = (uint16_t) b->leaf_at[ml_grower_walk(&b->grower, row)];
	return ML_OK;
}

/* The first of a leaf's places whose row is at least that. */
static int64_t
place_of(const ml_leaf *leaf, int64_t row)
{
	int64_t low = 0, high = leaf->rows;

	while (low < high)
	{
		int64_t middle = (low + high) / 2;

		if (leaf->order[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * A range of rows, of whatever leaf: threads that had leaves of their own would write to the
 * same lines of the cache.
 */
static ml_status
leaf_task(void *argument, int64_t task, ml_worker *worker)
{
	ml_booster *b = argument;
	int64_t first = task * LEAF_ROWS, end = first + LEAF_ROWS;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int k = 0; k < b->grower.leaves; k++)
	{
		const ml_leaf *leaf = &b->grower.leaf[k];
		const uint32_t *order = leaf->order;

		for (int64_t i = place_of(leaf, first); i < leaf->rows && order[i] < end; i++)
			b->leaf_of[order[i]] = (uint16_t) k;
	}
	return ML_OK;
}

ml_status
ml_booster_find_leaves(ml_booster *b)
{
	b->grown = true;
	return b->sampled ? ml_parallel(b->host, b->chunks, walk_task, b)
	                  : ml_parallel(b->host, (b->rows + LEAF_ROWS - 1) / LEAF_ROWS,
	                                leaf_task, b);
}

ml_status
ml_booster_quantile(ml_booster *b, const uint32_t *rows, int64_t count, double *quantile)
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
		all += ml_booster_weight(b, row);
	}
	ML_TRY(ml_sort_keyed(&alone, item, b->residual + b->rows, count, b->tally, &item));
	*quantile = 0;
	for (int64_t i = 0; i < count && !(below > b->parameter * all); i++)
	{
		*quantile = ml_key_number(item[i].key);
		below += ml_booster_weight(b, b->problem->begin + item[i].row);
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

		ML_TRY(ml_booster_quantile(b, leaf->order, leaf->rows, value));
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
