/* SPDX-License-Identifier: PostgreSQL */
/*
 * grow.c: a tree, leaf by leaf.
 *
 * Large leaves are split one after the other, all threads sharing the rows.  Then each thread
 * takes leaves of its own: the one whose turn it is, or while another is at that, one whose
 * turn will come.  Leaves become part of the tree in their turn only, so it is the same tree.
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
#define LEAST_WORK 1e5 /* values of a tree from which on threads part ways */
#define ALONE_SHARE 3  /* of the rows, in a leaf that a thread takes for itself */

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
		counters += ML_SLOT;
	return 8 * rows +
	       (histograms_of(options, counters) + 2 * threads + 1) * 8 * counters +
	       (double) options->leaves *
	           (sizeof(ml_leaf) + sizeof(ml_outcome) + 2 * sizeof(ml_node) +
	            2 * sizeof(ml_split) + 2 * sizeof(int)) +
	       threads * (double) problem->schema->features *
	           (2 * sizeof(ml_split) + sizeof(uint64_t) + 2);
}

/* Lanes of a vector in the order: those whose bit is set, then the others backwards. */
static uint64_t
lanes_of(int mask)
{
	uint64_t lanes = 0;
	int front = 0, back = 7;

	for (int lane = 0; lane < 8; lane++)
		lanes |= (uint64_t) lane << (8 * ((mask >> lane & 1) ? front++ : back--));
	return lanes;
}

static ml_status
make_seats(ml_grower *grower, int threads)
{
	ml_host *host = grower->host;
	int64_t features = grower->table->features;

	ML_NEW(host, grower->seat, threads);
	for (int i = 0; i < threads; i++)
	{
		ml_seat *seat = &grower->seat[i];

		ML_NEW(host, seat->usable, 2 * features);
		ML_NEW(host, seat->found, 2 * features);
		ML_NEW(host, seat->draw, features);
		ML_NEW_RAW(host, seat->counts, grower->table->offset[grower->table->slots]);
	}
	return ML_OK;
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
	ML_NEW_RAW(host, grower->spare, table->rows);
	ML_NEW(host, grower->leaf, leaves);
	ML_NEW(host, grower->outcome, leaves);
	ML_NEW(host, grower->turn.leaf, leaves);
	ML_NEW(host, grower->unknown.leaf, leaves);
	ML_NEW(host, grower->node, 2 * leaves - 1);
	ML_NEW(host, grower->split_of, 2 * leaves - 1);
	ML_NEW(host, grower->in_tree, table->features);
	ML_TRY(make_seats(grower, threads));
	grower->histograms = histograms_of(options, (double) counters);
	ML_NEW(host, grower->histogram, grower->histograms);
	ML_NEW(host, grower->free_histogram, grower->histograms);
	for (int i = 0; i < grower->histograms; i++)
		ML_NEW_RAW(host, grower->histogram[i], counters);
	for (int mask = 0; mask < 256; mask++)
		grower->lanes[mask] = lanes_of(mask);
	ML_NEW(host, grower->private_sum, threads);
	for (int i = 0; i + 1 < threads; i++)
		ML_NEW_RAW(host, grower->private_sum[i], counters);
	ML_NEW_RAW(host, grower->root, counters);
	return ML_OK;
}

static void
give_histogram(ml_grower *grower, ml_sum **histogram)
{
	if (*histogram != NULL)
		grower->free_histogram[grower->free_histograms++] = *histogram;
	*histogram = NULL;
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
push(const ml_grower *grower, ml_queue *queue, int leaf)
{
	int at = queue->count++;

	for (; at > 0 && comes_before(grower, leaf, queue->leaf[(at - 1) / 2]);
	     at = (at - 1) / 2)
		queue->leaf[at] = queue->leaf[(at - 1) / 2];
	queue->leaf[at] = leaf;
}

static int
pop(const ml_grower *grower, ml_queue *queue)
{
	int first = queue->leaf[0], last = queue->leaf[--queue->count];
	int at = 0;

	for (;;)
	{
		int child = 2 * at + 1;

		if (child + 1 < queue->count &&
		    comes_before(grower, queue->leaf[child + 1], queue->leaf[child]))
			child++;
		if (child >= queue->count || !comes_before(grower, queue->leaf[child], last))
			break;
		queue->leaf[at] = queue->leaf[child];
		at = child;
	}
	queue->leaf[at] = last;
	return first;
}

/* The leaf waits for its turn, if there is something to gain. */
static void
enqueue(ml_grower *grower, int leaf)
{
	if (!(grower->leaf[leaf].split.gain > 0))
		return;
	push(grower, &grower->turn, leaf);
	push(grower, &grower->unknown, leaf);
}

static bool
is_grown(const ml_grower *grower)
{
	return grower->turn.count == 0 || grower->leaves >= grower->options.leaves;
}

/* Nobody is at the leaf, so its histogram can be taken, and counted again in its turn. */
static bool
can_spare(const ml_grower *grower, int leaf)
{
	return grower->leaf[leaf].histogram != NULL &&
	       grower->outcome[leaf].state == ML_UNKNOWN;
}

/* Takes histograms from the leaves with the least to gain, until so many are free. */
static void
free_up(ml_grower *grower, int wanted)
{
	while (grower->free_histograms < wanted)
	{
		int least = -1;

		for (int i = 0; i < grower->leaves; i++)
			if (can_spare(grower, i) && (least < 0 || grower->leaf[i].split.gain <
			                                              grower->leaf[least].split.gain))
				least = i;
		give_histogram(grower, &grower->leaf[least].histogram);
	}
}

/*
 * May the outcome of a leaf be sought before its turn?  It may be in vain, so there are no more
 * than splits to come; and the leaf in front is to find two histograms whatever happens.
 */
static bool
may_look_ahead(const ml_grower *grower, int leaf, int needed)
{
	int there = grower->free_histograms;

	if (grower->leaves + grower->ahead >= grower->options.leaves)
		return false;
	for (int i = 0; i < grower->leaves && there < needed + 2; i++)
		there += i != leaf && can_spare(grower, i);
	return there >= needed + 2;
}

/* The outcome to be sought next, or NULL. */
static ml_outcome *
claim(ml_grower *grower)
{
	ml_outcome *outcome;
	int at, needed;
	bool in_turn;

	if (grower->unknown.count == 0)
		return NULL;
	at = grower->unknown.leaf[0];
	in_turn = at == grower->turn.leaf[0];
	needed = grower->leaf[at].histogram != NULL ? 1 : 2;
	if (!in_turn && !may_look_ahead(grower, at, needed))
		return NULL;
	(void) pop(grower, &grower->unknown);
	outcome = &grower->outcome[at];
	*outcome =
	    (ml_outcome){.state = ML_SOUGHT,
	                 .last = in_turn && grower->leaves + 1 == grower->options.leaves,
	                 .leaf = grower->leaf[at],
	                 .side = {grower->leaf[at], grower->leaf[at]}};
	/* for the lots of their features; without a turn there are no lots */
	for (int i = 0; i < 2; i++)
		outcome->side[i].node = grower->nodes + i;
	free_up(grower, needed);
	for (int i = 0; i < needed; i++)
		outcome->room[i] = grower->free_histogram[--grower->free_histograms];
	grower->leaf[at].histogram = NULL;
	grower->ahead++;
	return outcome;
}

/* The leaf's node, the next one. */
static void
add_node(ml_grower *grower, ml_leaf *leaf)
{
	leaf->node = grower->nodes++;
	grower->node[leaf->node] = (ml_node){.feature = -1,
	                                     .left = -1,
	                                     .right = -1,
	                                     .threshold = NAN,
	                                     .value = leaf->value,
	                                     .cover = (double) leaf->rows};
}

/* Turns the leaf's node into an inner one; the leaf becomes its left child. */
static void
branch(ml_grower *grower, int at, const ml_outcome *outcome)
{
	ml_split split = outcome->leaf.split;
	const ml_cut *cut = &grower->table->cut[split.feature];
	ml_leaf *left = &grower->leaf[at], *right = &grower->leaf[grower->leaves++];
	int parent = left->node;
	ml_node *node = &grower->node[parent];

	*left = outcome->side[0];
	*right = outcome->side[1];
	if (!split.has_missing)
		split.missing_left = left->rows >= right->rows;
	node->feature = grower->table->source[split.feature];
	node->missing_left = split.missing_left;
	node->gain = split.gain;
	if (grower->table->ordered[split.feature])
		node->threshold = split.bin + 1 < cut->bins ? cut->edge[split.bin] : DBL_MAX;
	grower->split_of[parent] = split;
	add_node(grower, left);
	add_node(grower, right);
	node->left = left->node;
	node->right = right->node;
}

/* The outcome of the leaf whose turn it is becomes part of the tree. */
static void
settle(ml_grower *grower)
{
	int at = pop(grower, &grower->turn);
	ml_outcome *outcome = &grower->outcome[at];

	outcome->state = ML_UNKNOWN;
	grower->ahead--;
	for (int i = 0; i < 2; i++)
		give_histogram(grower, &outcome->room[i]);
	if (outcome->again)
		grower->leaf[at] = outcome->leaf;
	else
	{
		branch(grower, at, outcome);
		enqueue(grower, grower->leaves - 1);
	}
	enqueue(grower, at);
}

/* All outcomes that are known, as long as it is their turn. */
static void
settle_known(ml_grower *grower)
{
	while (!is_grown(grower) && grower->outcome[grower->turn.leaf[0]].state == ML_KNOWN)
		settle(grower);
}

/* One thread of many: seeks outcomes by itself until the tree is grown. */
static ml_status
grow_task(void *argument, int64_t task, ml_worker *worker)
{
	ml_grower *grower = argument;
	ml_status status = ML_OK;

	(void) task;
	ml_pool_lock(worker);
	while (status == ML_OK && !grower->over && !is_grown(grower))
	{
		ml_outcome *outcome = claim(grower);

		if (outcome == NULL)
		{
			status = ml_pool_wait(worker);
			continue;
		}
		ml_pool_unlock(worker);
		status = ml_outcome_find(grower, outcome, worker);
		ml_pool_lock(worker);
		outcome->state = ML_KNOWN;
		if (status == ML_OK)
			settle_known(grower);
		ml_pool_tell(worker);
	}
	grower->over = true;
	ml_pool_tell(worker);
	ml_pool_unlock(worker);
	return status;
}

/* Are leaves small enough for each thread to have one of its own? */
static bool
may_part_ways(const ml_grower *grower)
{
	return ml_pool_threads(grower->host) > 1 && grower->options.node_share >= 1 &&
	       grower->class_counts == NULL &&
	       (double) grower->rows * grower->table->slots >= LEAST_WORK &&
	       grower->leaf[grower->turn.leaf[0]].rows <= grower->rows / ALONE_SHARE;
}

static ml_status
plant(ml_grower *grower)
{
	const ml_binned *table = grower->table;
	ml_leaf *root = &grower->leaf[0];

	*root = (ml_leaf){.order = grower->order,
	                  .spare = grower->spare,
	                  .rows = grower->rows,
	                  .histogram = grower->free_histogram[--grower->free_histograms],
	                  .bounds = {-INFINITY, INFINITY},
	                  .groups = UINT64_MAX,
	                  .only = -1};
	ML_TRY(ml_histogram_root(grower, root));
	for (int value = 0; value < table->values[0]; value++)
		root->sum += root->histogram[value];
	ml_leaf_settle(grower, root);
	add_node(grower, root);
	memset(grower->in_tree, 1, (size_t) table->features);
	ml_draw_features(&grower->seat[0], table->features, grower->options.seed,
	                 grower->options.column_share, grower->in_tree);
	if (grower->options.leaves > 1)
		ML_TRY(ml_leaf_search(grower, root, 1, NULL));
	enqueue(grower, 0);
	return ML_OK;
}

ml_status
ml_grow(ml_grower *grower, const ml_gradients *gradients)
{
	grower->gradients = gradients;
	grower->nodes = grower->turn.count = grower->unknown.count = grower->ahead = 0;
	grower->leaves = 1;
	grower->over = false;
	grower->free_histograms = grower->histograms;
	memcpy(grower->free_histogram, grower->histogram,
	       (size_t) grower->histograms * sizeof *grower->histogram);
	for (int64_t i = 0; i < grower->options.leaves; i++)
		grower->outcome[i].state = ML_UNKNOWN;
	ML_TRY(plant(grower));
	while (!is_grown(grower))
	{
		ml_outcome *outcome;

		if (may_part_ways(grower))
			return ml_parallel(grower->host, ml_pool_threads(grower->host), grow_task,
			                   grower);
		outcome = claim(grower);
		ML_TRY(ml_outcome_find(grower, outcome, NULL));
		outcome->state = ML_KNOWN;
		settle_known(grower);
	}
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
