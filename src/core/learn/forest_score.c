/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_score.c: the leaves of eight trees at once, by bits.
 *
 * QuickScorer (Lucchese et al. 2015) gives each leaf of a tree a bit, from left to right.  A
 * node whose row goes right rules out the leaves of its left side; the lowest bit that no
 * node rules out is the row's leaf.  Here all nodes of a feature are looked up at once: the
 * values of a feature fall into intervals between the thresholds of the model, and for every
 * interval and every eight trees there is a line of eight masks, ready made.  Scoring a row
 * is a search per feature, an AND per feature and eight trees, and a table of leaf values:
 * no branches, and no word about depth.
 *
 * Intervals between which no node of the eight trees tells share a line.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MOST_LEAVES 64
#define MOST_FEATURES 4096 /* slots of a row live on the stack */
#define MOST_SLOTS 65535
#define BLOCK 16 /* edges that are compared at once */
#define SMALL (BLOCK * BLOCK)

/* Where a value lies: number of edges below it, of a category its code; missing is last. */
typedef struct place
{
	int feature;
	int edges;    /* -1: a category */
	int missing;  /* slot */
	double *edge; /* [edges], then infinity to the end of a block; those of up to SMALL
	               * begin with every sixteenth of them */
} place;

/* The lines of one feature in a group. */
typedef struct look_up
{
	int place;
	const uint16_t *line_of; /* [slots of the place] */
	const uint64_t *line;    /* [lines][ML_TREE_LANES] */
} look_up;

/* Eight trees. */
typedef struct group
{
	int look_ups;
	look_up *look_up;
	double *value[ML_TREE_LANES]; /* [leaves] of each tree */
} group;

struct ml_leaf_masks
{
	double base;
	int places;
	place *place;
	int groups;
	group *group;
};

typedef struct builder
{
	ml_host *host;
	const ml_schema *schema;
	const ml_forest *forest;
	struct ml_leaf_masks *masks;
	int *place_of;   /* [features] -1: not used */
	uint64_t *below; /* [nodes of the largest tree] leaves of its left side, later all */
	int *first_leaf; /* [nodes of the largest tree] */
	int *last_leaf;
	uint64_t *line; /* [slots of the widest place][ML_TREE_LANES] */
	int most_slots;
} builder;

static int
slots_of(const place *p)
{
	return p->missing + 1;
}

static ml_status
collect_edges(builder *b, int feature, double *edge, uint32_t *order, int *count)
{
	const ml_forest *forest = b->forest;
	double *all;
	int64_t found = 0;

	ML_NEW(b->host, all, forest->nodes);
	for (int64_t i = 0; i < forest->nodes; i++)
		if (forest->node[i].feature == feature)
			all[found++] = forest->node[i].threshold;
	ML_TRY(ml_sort_numbers(b->host, all, found, order));
	*count = 0;
	for (int64_t i = 0; i < found; i++)
		if (*count == 0 || edge[*count - 1] < all[order[i]])
			edge[(*count)++] = all[order[i]];
	return ML_OK;
}

/* Edges as scoring reads them. */
static ml_status
lay_out_edges(builder *b, const double *edge, int count, place *p)
{
	int head = count > BLOCK && count <= SMALL ? BLOCK : 0;
	int room = count > SMALL ? count : head > 0 ? SMALL + BLOCK : BLOCK;

	p->edges = count;
	p->missing = count + 1;
	ML_NEW_RAW(b->host, p->edge, head + room);
	for (int i = 0; i < room; i++)
		p->edge[head + i] = i < count ? edge[i] : INFINITY;
	for (int i = 0; i < head; i++)
		p->edge[i] = p->edge[head + BLOCK * i + BLOCK - 1];
	return ML_OK;
}

static ml_status
make_places(builder *b)
{
	const ml_schema *schema = b->schema;
	bool *used;
	double *edge;
	uint32_t *order;

	ML_NEW(b->host, used, schema->features);
	ML_NEW(b->host, edge, b->forest->nodes);
	ML_NEW(b->host, order, b->forest->nodes);
	for (int64_t i = 0; i < b->forest->nodes; i++)
		if (b->forest->node[i].feature >= 0)
			used[b->forest->node[i].feature] = true;
	ML_NEW(b->host, b->masks->place, schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		place *p = &b->masks->place[b->masks->places];
		int count;

		b->place_of[f] = used[f] ? b->masks->places++ : -1;
		if (!used[f])
			continue;
		*p = (place){.feature = f, .edges = -1, .missing = schema->feature[f].levels};
		if (schema->feature[f].kind == ML_NUMBER)
		{
			ML_TRY(collect_edges(b, f, edge, order, &count));
			ML_TRY(lay_out_edges(b, edge, count, p));
		}
		if (slots_of(p) > b->most_slots)
			b->most_slots = slots_of(p);
	}
	return ML_OK;
}

/* Leaves from left to right, for every node the range of those below it. */
static int
number_leaves(const builder *b, const ml_node *tree, int node, int next)
{
	b->first_leaf[node] = next;
	if (tree[node].feature >= 0)
	{
		next = number_leaves(b, tree, tree[node].left, next);
		next = number_leaves(b, tree, tree[node].right, next);
	}
	else
		next++;
	b->last_leaf[node] = next - 1;
	return next;
}

static uint64_t
bits_of(int first, int last)
{
	uint64_t low = (UINT64_C(1) << first) - 1;
	uint64_t high = last == 63 ? UINT64_MAX : (UINT64_C(1) << (last + 1)) - 1;

	return high & ~low;
}

/* Would a value of that slot go left at the node? */
static bool
slot_goes_left(const builder *b, const place *p, const ml_node *node, int slot)
{
	int head = p->edges > BLOCK && p->edges <= SMALL ? BLOCK : 0;
	double row[1];
	ml_node alone = *node;

	if (slot == p->missing)
		return node->missing_left;
	alone.feature = 0;
	if (p->edges < 0)
		row[0] = slot;
	else if (slot == p->edges)
		return false;
	else
		row[0] = p->edge[head + slot];
	return ml_goes_left(&alone, row);
}

/* Takes the node's mask into the lines of all slots from which a row would go right. */
static void
mask_node(const builder *b, const place *p, const ml_node *tree, int node, int lane)
{
	int left = tree[node].left;
	uint64_t kept = ~bits_of(b->first_leaf[left], b->last_leaf[left]);

	for (int slot = 0; slot < slots_of(p); slot++)
		if (!slot_goes_left(b, p, &tree[node], slot))
			b->line[(int64_t) slot * ML_TREE_LANES + lane] &= kept;
}

/* Puts equal lines that follow each other together. */
static ml_status
compress_lines(const builder *b, const place *p, look_up *to)
{
	size_t width = ML_TREE_LANES * sizeof(uint64_t);
	uint16_t *line_of;
	uint64_t *line;
	int lines = 0;

	ML_NEW(b->host, line_of, slots_of(p));
	for (int slot = 0; slot < slots_of(p); slot++)
	{
		uint64_t *here = b->line + (int64_t) slot * ML_TREE_LANES;

		if (slot == 0 ||
		    memcmp(here, b->line + (int64_t) (lines - 1) * ML_TREE_LANES, width))
			memmove(b->line + (int64_t) lines++ * ML_TREE_LANES, here, width);
		line_of[slot] = (uint16_t) (lines - 1);
	}
	ML_NEW_RAW(b->host, line, (int64_t) lines * ML_TREE_LANES);
	memcpy(line, b->line, (size_t) lines * width);
	to->line_of = line_of;
	to->line = line;
	return ML_OK;
}

static ml_status
add_look_up(builder *b, int group_number, int place_number, group *g)
{
	const ml_forest *forest = b->forest;
	const place *p = &b->masks->place[place_number];
	bool found = false;

	memset(b->line, 0xff, (size_t) slots_of(p) * ML_TREE_LANES * sizeof *b->line);
	for (int lane = 0; lane < ML_TREE_LANES; lane++)
	{
		int t = group_number * ML_TREE_LANES + lane;
		const ml_node *tree;

		if (t >= forest->trees)
			break;
		tree = forest->node + forest->first[t];
		(void) number_leaves(b, tree, 0, 0);
		for (int i = 0; i < forest->first[t + 1] - forest->first[t]; i++)
			if (tree[i].feature == p->feature)
			{
				mask_node(b, p, tree, i, lane);
				found = true;
			}
	}
	if (!found)
		return ML_OK;
	g->look_up[g->look_ups].place = place_number;
	return compress_lines(b, p, &g->look_up[g->look_ups++]);
}

/* Lanes without a tree have a leaf that is worth nothing. */
static ml_status
list_values(builder *b, int group_number, group *g)
{
	const ml_forest *forest = b->forest;

	for (int lane = 0; lane < ML_TREE_LANES; lane++)
	{
		int t = group_number * ML_TREE_LANES + lane;
		const ml_node *tree;

		ML_NEW(b->host, g->value[lane], MOST_LEAVES);
		if (t >= forest->trees)
			continue;
		tree = forest->node + forest->first[t];
		(void) number_leaves(b, tree, 0, 0);
		for (int i = 0; i < forest->first[t + 1] - forest->first[t]; i++)
			if (tree[i].feature < 0)
				g->value[lane][b->first_leaf[i]] = tree[i].value;
	}
	return ML_OK;
}

static ml_status
make_groups(builder *b)
{
	struct ml_leaf_masks *masks = b->masks;

	masks->groups = (b->forest->trees + ML_TREE_LANES - 1) / ML_TREE_LANES;
	ML_NEW(b->host, masks->group, masks->groups);
	for (int i = 0; i < masks->groups; i++)
	{
		group *g = &masks->group[i];

		if (ml_stop(b->host))
			return ML_STOPPED;
		ML_NEW(b->host, g->look_up, masks->places);
		for (int p = 0; p < masks->places; p++)
			ML_TRY(add_look_up(b, i, p, g));
		ML_TRY(list_values(b, i, g));
	}
	return ML_OK;
}

ml_status
ml_leaf_masks_create(ml_host *host, const ml_schema *schema, const ml_forest *forest,
                     struct ml_leaf_masks **out)
{
	builder b = {.host = host, .schema = schema, .forest = forest};
	int64_t most = 2 * MOST_LEAVES;

	*out = NULL;
	if (forest->leaves > MOST_LEAVES || schema->features > MOST_FEATURES)
		return ML_OK;
	ML_NEW(host, b.masks, 1);
	ML_NEW(host, b.place_of, schema->features);
	b.masks->base = forest->base;
	ML_TRY(make_places(&b));
	if (b.most_slots > MOST_SLOTS)
		return ML_OK;
	ML_NEW(host, b.first_leaf, most);
	ML_NEW(host, b.last_leaf, most);
	ML_NEW(host, b.line, (int64_t) b.most_slots * ML_TREE_LANES);
	ML_TRY(make_groups(&b));
	*out = b.masks;
	return ML_OK;
}

static inline int
count_below(const double *edge, double x)
{
	int64_t count = 0;

	for (int i = 0; i < BLOCK; i++)
		count += edge[i] < x;
	return (int) count;
}

/* Missing is no number, and below nothing: it is asked for first. */
static inline int
slot_of(const place *p, double x)
{
	const double *edge = p->edge;
	int low = 0, high = p->edges;

	if (p->edges < 0)
		return x >= 0 ? (int) x : p->missing;
	if (x != x)
		return p->missing;
	if (p->edges <= BLOCK)
		return count_below(edge, x);
	if (p->edges <= SMALL)
	{
		int block = count_below(edge, x) * BLOCK;

		return block + count_below(edge + BLOCK + block, x);
	}
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (edge[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

ML_HOT static double
margin_by_masks(const struct ml_leaf_masks *masks, const double *row, uint16_t *slot)
{
	double lane[ML_TREE_LANES] = {0};

	for (int p = 0; p < masks->places; p++)
		slot[p] = (uint16_t) slot_of(&masks->place[p], row[masks->place[p].feature]);
	for (int i = 0; i < masks->groups; i++)
	{
		const group *g = &masks->group[i];
		uint64_t leaves[ML_TREE_LANES];

		memset(leaves, 0xff, sizeof leaves);
		for (int l = 0; l < g->look_ups; l++)
		{
			const look_up *look = &g->look_up[l];
			const uint64_t *line =
			    look->line + (int64_t) look->line_of[slot[look->place]] * ML_TREE_LANES;

			for (int k = 0; k < ML_TREE_LANES; k++)
				leaves[k] &= line[k];
		}
		for (int k = 0; k < ML_TREE_LANES; k++)
			lane[k] += g->value[k][__builtin_ctzll(leaves[k])];
	}
	return ml_lane_total(masks->base, lane);
}

double
ml_leaf_masks_margin(const struct ml_leaf_masks *masks, const double *row)
{
	uint16_t slot[MOST_FEATURES];

	return margin_by_masks(masks, row, slot);
}
