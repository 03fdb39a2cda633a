/* SPDX-License-Identifier: PostgreSQL */
/*
 * grow.c: a tree, leaf by leaf.
 *
 * Of two new leaves the smaller is counted, the larger is what the parent has left.  The
 * last split of a tree, and leaves that cannot be split, need no histogram.
 *
 * Histograms are kept for subtraction as long as there is room for them; if not, the
 * leaf with the least to gain gives up its own, and is counted if its turn comes.
 */
#include "learn/learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ROOM (192.0 * 1024 * 1024) /* bytes for histograms */
#define LEAST_HISTOGRAMS 4

static int
histograms_of(const ml_tree_options *options, double counters)
{
	double most = floor(ROOM / (counters * sizeof(ml_sum)));

	most = most < LEAST_HISTOGRAMS ? LEAST_HISTOGRAMS : most;
	return options->leaves + 1 < most ? (int) options->leaves + 1 : (int) most;
}

double
ml_grower_memory(const ml_problem *problem, const ml_tree_options *options, int threads)
{
	double rows = (double) (problem->end - problem->begin);
	double counters = 0;

	for (int f = 0; f < problem->schema->features; f++)
		counters += ML_CUT_BINS + 25;
	return 8 * rows + (histograms_of(options, counters) + threads + 1) * 8 * counters +
	       (double) options->leaves * (sizeof(ml_leaf) + 2 * sizeof(ml_node) +
	                                   2 * sizeof(ml_split) + sizeof(int));
}

/* Lanes of a vector in the order: those whose bit is set, then the others; a byte each. */
static uint64_t
lanes_of(int mask)
{
	uint64_t lanes = 0;
	int at = 0;

	for (int wanted = 1; wanted >= 0; wanted--)
		for (int lane = 0; lane < 8; lane++)
			if ((mask >> lane & 1) == wanted)
				lanes |= (uint64_t) lane << (8 * at++);
	return lanes;
}

ml_status
ml_grower_create(ml_host *host, const ml_binned *table, const ml_schema *schema,
                 const ml_tree_options *options, ml_grower *grower)
{
	int64_t counters = table->offset[table->slots], leaves = options->leaves;
	int threads = ml_pool_threads(host);

	*grower =
	    (ml_grower){.host = host, .table = table, .schema = schema, .options = *options};
	ML_NEW_RAW(host, grower->order, table->rows);
	ML_NEW_RAW(host, grower->spare, table->rows + ML_PART_ROOM * threads);
	ML_NEW(host, grower->leaf, leaves);
	ML_NEW(host, grower->heap, leaves);
	ML_NEW(host, grower->node, 2 * leaves - 1);
	ML_NEW(host, grower->split_of, 2 * leaves - 1);
	ML_NEW(host, grower->usable, 2 * (int64_t) table->features);
	ML_NEW(host, grower->in_tree, table->features);
	ML_NEW(host, grower->draw, table->features);
	ML_NEW(host, grower->found, 2 * (int64_t) table->features);
	ML_NEW(host, grower->counts, counters);
	grower->histograms = histograms_of(options, (double) counters);
	ML_NEW(host, grower->histogram, grower->histograms);
	for (int i = 0; i < grower->histograms; i++)
		ML_NEW_RAW(host, grower->histogram[i], counters);
	for (int mask = 0; mask < 256; mask++)
		grower->lanes[mask] = lanes_of(mask);
	ML_NEW(host, grower->private_sum, threads);
	for (int i = 0; i + 1 < threads; i++)
		ML_NEW_RAW(host, grower->private_sum[i], counters);
	return ML_OK;
}

static void
give_histogram(ml_grower *grower, ml_leaf *leaf)
{
	if (leaf->histogram != NULL)
		grower->histogram[grower->free_histograms++] = leaf->histogram;
	leaf->histogram = NULL;
}

/* A free histogram, if need be that of the leaf with the least to gain but for one. */
static void
take_histogram(ml_grower *grower, ml_leaf *leaf, const ml_leaf *sparing)
{
	ml_leaf *least = NULL;

	for (int i = 0; grower->free_histograms == 0 && i < grower->leaves; i++)
	{
		ml_leaf *other = &grower->leaf[i];

		if (other->histogram != NULL && other != sparing && other != leaf &&
		    (least == NULL || other->split.gain < least->split.gain))
			least = other;
	}
	if (least != NULL)
		give_histogram(grower, least);
	leaf->histogram = grower->histogram[--grower->free_histograms];
}

static bool
comes_before(const ml_grower *grower, int a, int b)
{
	const ml_leaf *first = &grower->leaf[a], *second = &grower->leaf[b];

	if (first->split.gain != second->split.gain)
		return first->split.gain > second->split.gain;
	return first->node < second->node;
}

static void
push(ml_grower *grower, int leaf)
{
	int at = grower->heap_count++;

	for (; at > 0 && comes_before(grower, leaf, grower->heap[(at - 1) / 2]);
	     at = (at - 1) / 2)
		grower->heap[at] = grower->heap[(at - 1) / 2];
	grower->heap[at] = leaf;
}

static int
pop(ml_grower *grower)
{
	int first = grower->heap[0], last = grower->heap[--grower->heap_count];
	int at = 0;

	for (;;)
	{
		int child = 2 * at + 1;

		if (child + 1 < grower->heap_count &&
		    comes_before(grower, grower->heap[child + 1], grower->heap[child]))
			child++;
		if (child >= grower->heap_count ||
		    !comes_before(grower, grower->heap[child], last))
			break;
		grower->heap[at] = grower->heap[child];
		at = child;
	}
	grower->heap[at] = last;
	return first;
}

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

/* Leaves a share of the features marked, by lot; at least one. */
static void
draw_features(ml_grower *grower, uint64_t seed, double share, uint8_t *chosen)
{
	int features = grower->table->features, candidates = 0, wanted;
	uint64_t limit;

	for (int f = 0; f < features; f++)
		if (chosen[f])
			grower->draw[candidates++] = ml_hash_add(seed, (uint64_t) f);
	wanted = (int) ceil(share * candidates);
	if (wanted >= candidates)
		return;
	limit = select_draw(grower->draw, candidates, wanted);
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
mark_usable(ml_grower *grower, const ml_leaf *leaf, uint8_t *usable)
{
	for (int f = 0; f < grower->table->features; f++)
		usable[f] = grower->in_tree[f] && may_interact(grower, leaf, f);
	draw_features(grower, ml_hash_add(grower->options.seed, (uint64_t) leaf->node + 1),
	              grower->options.node_share, usable);
}

static bool
can_split(const ml_grower *grower, const ml_leaf *leaf)
{
	const ml_tree_options *options = &grower->options;

	return grower->leaves < options->leaves && leaf->rows >= 2 * options->min_rows &&
	       leaf->rows >= 2 && (options->depth == 0 || leaf->depth < options->depth) &&
	       leaf->depth < ML_MAX_DEPTH;
}

static ml_status
search(ml_grower *grower, ml_leaf *const *leaf, int leaves)
{
	return grower->class_counts != NULL ? ml_class_split_search(grower, leaf, leaves)
	                                    : ml_split_search(grower, leaf, leaves);
}

static void
search_done(ml_grower *grower, ml_leaf *leaf)
{
	if (leaf->split.gain > 0)
		push(grower, (int) (leaf - grower->leaf));
	else
		give_histogram(grower, leaf);
}

/* The leaf's place in the tree. */
static void
settle(ml_grower *grower, ml_leaf *leaf)
{
	const ml_tree_options *options = &grower->options;
	double g = ml_sum_g(leaf->sum) * grower->gradients->g_unit;
	double h = ml_sum_h(leaf->sum) * grower->gradients->h_unit + options->l2;
	double value = h > 0 ? -ml_soften(g, options->l1) / h : 0;

	value = value < leaf->bounds.low ? leaf->bounds.low : value;
	value = value > leaf->bounds.high ? leaf->bounds.high : value;
	leaf->node = grower->nodes++;
	grower->node[leaf->node] = (ml_node){.feature = -1,
	                                     .left = -1,
	                                     .right = -1,
	                                     .threshold = NAN,
	                                     .value = value,
	                                     .cover = (double) leaf->rows};
}

/* Monotone features part the bounds half way between the values of the two sides. */
static void
part_bounds(const ml_grower *grower, const ml_split *split, ml_leaf *left, ml_leaf *right)
{
	int direction =
	    grower->options.monotone != NULL ? grower->options.monotone[split->feature] : 0;
	double middle =
	    (grower->node[left->node].value + grower->node[right->node].value) / 2;

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

/* Turns the leaf's node into an inner one; the leaf becomes its left child. */
static void
branch(ml_grower *grower, ml_leaf *leaf, ml_leaf *other, int64_t left_rows)
{
	ml_split split = leaf->split;
	ml_node *node = &grower->node[leaf->node];
	const ml_cut *cut = &grower->table->cut[split.feature];
	int parent = leaf->node;

	if (!split.has_missing)
		split.missing_left = left_rows >= leaf->rows - left_rows;
	node->feature = grower->table->source[split.feature];
	node->missing_left = split.missing_left;
	node->gain = split.gain;
	if (grower->table->ordered[split.feature])
		node->threshold = split.bin + 1 < cut->bins ? cut->edge[split.bin] : DBL_MAX;
	*other = *leaf;
	other->begin += left_rows;
	other->rows -= left_rows;
	other->sum -= split.left;
	other->histogram = NULL;
	leaf->rows = left_rows;
	leaf->sum = split.left;
	leaf->depth = ++other->depth;
	leaf->split.gain = other->split.gain = 0;
	settle(grower, leaf);
	settle(grower, other);
	part_bounds(grower, &split, leaf, other);
	part_groups(grower, split.feature, leaf);
	part_groups(grower, split.feature, other);
	grower->node[parent].left = leaf->node;
	grower->node[parent].right = other->node;
	grower->split_of[parent] = split;
}

/* Histograms of both leaves; the first has the parent's, if that was kept. */
static ml_status
count_children(ml_grower *grower, ml_leaf *left, ml_leaf *right)
{
	ml_leaf *small = left->rows <= right->rows ? left : right;
	ml_leaf *large = small == left ? right : left;
	ml_sum *parent = left->histogram;

	left->histogram = NULL;
	large->histogram = parent;
	take_histogram(grower, small, large);
	ML_TRY(ml_histogram_count(grower, small, false));
	if (parent != NULL)
		ml_histogram_subtract(parent, small->histogram,
		                      grower->table->offset[grower->table->slots]);
	else
	{
		take_histogram(grower, large, small);
		ML_TRY(ml_histogram_count(grower, large, false));
	}
	return ML_OK;
}

static ml_status
search_children(ml_grower *grower, ml_leaf *left, ml_leaf *right)
{
	ml_leaf *searched[2];
	int count = 0;

	if (can_split(grower, left))
		searched[count++] = left;
	if (can_split(grower, right))
		searched[count++] = right;
	if (count > 0)
		ML_TRY(count_children(grower, left, right));
	for (int i = 0; i < count; i++)
		mark_usable(grower, searched[i],
		            grower->usable + (int64_t) i * grower->table->features);
	if (count > 0)
		ML_TRY(search(grower, searched, count));
	for (int i = 0; i < count; i++)
		search_done(grower, searched[i]);
	if (left->split.gain == 0)
		give_histogram(grower, left);
	if (right->split.gain == 0)
		give_histogram(grower, right);
	return ML_OK;
}

/* An estimate let too small a leaf through: the best split among those that do not. */
static ml_status
search_again(ml_grower *grower, ml_leaf *leaf)
{
	if (leaf->histogram == NULL)
	{
		take_histogram(grower, leaf, NULL);
		ML_TRY(ml_histogram_count(grower, leaf, false));
	}
	mark_usable(grower, leaf, grower->usable);
	ML_TRY(ml_split_search_exactly(grower, leaf));
	search_done(grower, leaf);
	return ML_OK;
}

static ml_status
split_leaf(ml_grower *grower, ml_leaf *leaf)
{
	int64_t least = grower->options.min_rows > 0 ? grower->options.min_rows : 1, left;
	uint8_t goes_left[ML_CUT_BINS + 1];
	ml_leaf *other = &grower->leaf[grower->leaves];

	ml_split_sides(grower->table, &leaf->split, goes_left);
	ML_TRY(ml_part_rows(grower, leaf, goes_left, &left));
	if (left < least || leaf->rows - left < least)
		return search_again(grower, leaf);
	branch(grower, leaf, other, left);
	grower->leaves++;
	return search_children(grower, leaf, other);
}

static ml_status
plant(ml_grower *grower)
{
	const ml_binned *table = grower->table;
	ml_leaf *root = &grower->leaf[0];

	grower->nodes = grower->heap_count = 0;
	grower->leaves = 1;
	*root = (ml_leaf){.rows = grower->rows,
	                  .bounds = {-INFINITY, INFINITY},
	                  .groups = UINT64_MAX,
	                  .only = -1};
	take_histogram(grower, root, NULL);
	ML_TRY(ml_histogram_count(grower, root, true));
	for (int value = 0; value < table->values[0]; value++)
		root->sum += root->histogram[value];
	settle(grower, root);
	memset(grower->in_tree, 1, (size_t) table->features);
	draw_features(grower, grower->options.seed, grower->options.column_share,
	              grower->in_tree);
	mark_usable(grower, root, grower->usable);
	if (can_split(grower, root))
		ML_TRY(search(grower, &root, 1));
	search_done(grower, root);
	return ML_OK;
}

ml_status
ml_grow(ml_grower *grower, const ml_gradients *gradients)
{
	grower->gradients = gradients;
	grower->free_histograms = 0;
	for (int i = 0; i < grower->leaves; i++)
		grower->leaf[i].histogram = NULL;
	grower->free_histograms = grower->histograms;
	ML_TRY(plant(grower));
	while (grower->heap_count > 0 && grower->leaves < grower->options.leaves)
		ML_TRY(split_leaf(grower, &grower->leaf[pop(grower)]));
	for (int i = 0; i < grower->leaves; i++)
		give_histogram(grower, &grower->leaf[i]);
	return ML_OK;
}

int
ml_grower_walk(const ml_grower *grower, int64_t row)
{
	const ml_binned *table = grower->table;
	int at = 0;

	while (grower->node[at].feature >= 0)
	{
		const ml_split *split = &grower->split_of[at];
		int bin = ml_binned_bin(table, split->feature, row);
		bool left = bin == table->cut[split->feature].bins ? split->missing_left
		            : table->ordered[split->feature]
		                ? bin <= split->bin
		                : split->set[bin / 64] >> (bin % 64) & 1;

		at = left ? grower->node[at].left : grower->node[at].right;
	}
	return at;
}
