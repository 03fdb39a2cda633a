/* SPDX-License-Identifier: PostgreSQL */
/*
 * outcome.c: what splitting a leaf leads to: its sides, their histograms and best splits.
 *
 * Of two sides the smaller is counted, the larger is what the leaf has left.  The last split
 * of a tree, and sides that cannot be split, need no histogram.
 *
 * What was sought in vain is left as it is when the tree is over.
 *
 * Nothing outside the outcome changes but the leaf's own and spare places, the histograms that
 * were handed to it, and the seat of the thread.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

/* The number that k others are below, by Hoare's selection; the array is put about. */
static uint64_t
select_draw(uint64_t *draw, int count, int k)
{
	int low = 0, high = count - 1;

	while (low < high)
	{
		uint64_t pivot = draw[(low + high) / 2];
		int i = low, j = high;

		while (i <= j)
		{
			while (draw[i] < pivot)
				i++;
			while (draw[j] > pivot)
				j--;
			if (i <= j)
			{
				uint64_t swap = draw[i];

				draw[i++] = draw[j];
				draw[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return draw[k];
}

void
ml_draw_features(const ml_seat *seat, int features, uint64_t seed, double share,
                 uint8_t *chosen)
{
	int candidates = 0, wanted;
	uint64_t limit;

	if (share >= 1)
		return;
	for (int f = 0; f < features; f++)
		if (chosen[f])
			seat->draw[candidates++] = ml_hash_add(seed, (uint64_t) f);
	wanted = (int) ceil(share * candidates);
	if (wanted >= candidates)
		return;
	limit = select_draw(seat->draw, candidates, wanted);
	for (int f = 0; f < features; f++)
		chosen[f] = chosen[f] && ml_hash_add(seed, (uint64_t) f) < limit;
}

static bool
may_interact(const ml_grower *grower, const ml_leaf *leaf, int feature)
{
	const uint64_t *groups = grower->options.groups;

	if (groups == NULL)
		return true;
	if (groups[feature] == 0)
		return leaf->groups == UINT64_MAX && (leaf->only < 0 || leaf->only == feature);
	return leaf->only < 0 && (groups[feature] & leaf->groups) != 0;
}

static void
mark_usable(const ml_grower *grower, const ml_leaf *leaf, const ml_seat *seat,
            uint8_t *usable)
{
	int features = grower->table->features;

	for (int f = 0; f < features; f++)
		usable[f] = grower->in_tree[f] && may_interact(grower, leaf, f);
	ml_draw_features(seat, features,
	                 ml_hash_add(grower->options.seed, (uint64_t) leaf->node + 1),
	                 grower->options.node_share, usable);
}

static bool
can_split(const ml_grower *grower, const ml_leaf *leaf)
{
	const ml_tree_options *options = &grower->options;

	return leaf->rows >= 2 * options->min_rows && leaf->rows >= 2 &&
	       (options->depth == 0 || leaf->depth < options->depth) &&
	       leaf->depth < ML_MAX_DEPTH;
}

void
ml_leaf_settle(const ml_grower *grower, ml_leaf *leaf)
{
	const ml_tree_options *options = &grower->options;
	double g = ml_sum_g(leaf->sum) * grower->gradients->g_unit;
	double h = ml_sum_h(leaf->sum) * grower->gradients->h_unit + options->l2;
	double value = h > 0 ? -ml_soften(g, options->l1) / h : 0;

	value = value < leaf->bounds.low ? leaf->bounds.low : value;
	leaf->value = value > leaf->bounds.high ? leaf->bounds.high : value;
}

/* Of those leaves that can be split. */
ml_status
ml_leaf_search(ml_grower *grower, ml_leaf *leaf, int leaves, ml_worker *worker)
{
	const ml_seat *seat = ml_grower_seat(grower, worker);
	ml_leaf *searched[2];
	int count = 0;

	for (int i = 0; i < leaves; i++)
		if (can_split(grower, &leaf[i]))
		{
			mark_usable(grower, &leaf[i], seat,
			            seat->usable + (int64_t) count * grower->table->features);
			searched[count++] = &leaf[i];
		}
	if (count == 0)
		return ML_OK;
	return grower->class_counts != NULL
	           ? ml_class_split_search(grower, searched, count)
	           : ml_split_search(grower, searched, count, worker);
}

/* Monotone features part the bounds half way between the values of the two sides. */
static void
part_bounds(const ml_grower *grower, const ml_split *split, ml_leaf *left, ml_leaf *right)
{
	int direction =
	    grower->options.monotone != NULL ? grower->options.monotone[split->feature] : 0;
	double middle = (left->value + right->value) / 2;

	if (direction > 0)
		left->bounds.high = right->bounds.low = middle;
	else if (direction < 0)
		left->bounds.low = right->bounds.high = middle;
}

static void
part_groups(const ml_grower *grower, int feature, ml_leaf *leaf)
{
	const uint64_t *groups = grower->options.groups;

	if (groups != NULL && groups[feature] == 0)
		leaf->only = feature;
	else if (groups != NULL)
		leaf->groups &= groups[feature];
}

/* What the sides have from the leaf; their rows are there. */
static void
open_sides(const ml_grower *grower, ml_outcome *outcome)
{
	const ml_split *split = &outcome->leaf.split;
	ml_leaf *side = outcome->side;

	side[0].sum = split->left;
	side[1].sum = outcome->leaf.sum - split->left;
	for (int i = 0; i < 2; i++)
	{
		side[i].depth++;
		side[i].histogram = NULL;
		side[i].split.gain = 0;
		ml_leaf_settle(grower, &side[i]);
		part_groups(grower, split->feature, &side[i]);
	}
	part_bounds(grower, split, &side[0], &side[1]);
}

static ml_sum *
take_room(ml_outcome *outcome)
{
	int which = outcome->room[0] == NULL;
	ml_sum *room = outcome->room[which];

	outcome->room[which] = NULL;
	return room;
}

static void
give_room(ml_outcome *outcome, ml_leaf *leaf)
{
	if (leaf->histogram != NULL)
		outcome->room[outcome->room[0] != NULL] = leaf->histogram;
	leaf->histogram = NULL;
}

/* Histograms of both sides; one of them takes the leaf's, if that was kept. */
static ml_status
count_sides(ml_grower *grower, ml_outcome *outcome, ml_worker *worker)
{
	ml_leaf *left = &outcome->side[0], *right = &outcome->side[1];
	ml_leaf *small = left->rows <= right->rows ? left : right;
	ml_leaf *large = small == left ? right : left;

	small->histogram = take_room(outcome);
	ML_TRY(ml_histogram_count(grower, small, worker));
	large->histogram = outcome->leaf.histogram;
	outcome->leaf.histogram = NULL;
	if (large->histogram != NULL)
	{
		ml_histogram_subtract(large->histogram, small->histogram,
		                      grower->table->offset[grower->table->slots]);
		return ML_OK;
	}
	large->histogram = take_room(outcome);
	return ml_histogram_count(grower, large, worker);
}

static ml_status
search_sides(ml_grower *grower, ml_outcome *outcome, ml_worker *worker)
{
	ml_leaf *side = outcome->side;

	if (!outcome->last && (can_split(grower, &side[0]) || can_split(grower, &side[1])))
	{
		ML_TRY(count_sides(grower, outcome, worker));
		if (grower->over)
			return ML_OK;
		ML_TRY(ml_leaf_search(grower, side, 2, worker));
	}
	give_room(outcome, &outcome->leaf);
	for (int i = 0; i < 2; i++)
		if (!(side[i].split.gain > 0))
			give_room(outcome, &side[i]);
	return ML_OK;
}

/* An estimate let too small a leaf through: the best split among those that do not. */
static ml_status
search_again(ml_grower *grower, ml_outcome *outcome, ml_worker *worker)
{
	const ml_seat *seat = ml_grower_seat(grower, worker);
	ml_leaf *leaf = &outcome->leaf;

	if (leaf->histogram == NULL)
	{
		leaf->histogram = take_room(outcome);
		ML_TRY(ml_histogram_count(grower, leaf, worker));
	}
	mark_usable(grower, leaf, seat, seat->usable);
	ML_TRY(ml_split_search_exactly(grower, leaf, worker));
	if (!(leaf->split.gain > 0))
		give_room(outcome, leaf);
	return ML_OK;
}

ml_status
ml_outcome_find(ml_grower *grower, ml_outcome *outcome, ml_worker *worker)
{
	bool parted;

	ML_TRY(ml_part_rows(grower, &outcome->leaf, worker, outcome->side, &parted));
	outcome->again = !parted;
	if (outcome->again)
		return search_again(grower, outcome, worker);
	open_sides(grower, outcome);
	return search_sides(grower, outcome, worker);
}
