/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_steps.c: large trees, eight walked side by side.
 *
 * A walk waits for memory at every node, so a row makes eight of them in turns, each through every
 * eighth tree: a leaf leads on to the root of the next one, and no walk waits for another's end.
 * A step takes no branch.  The slot of the row's value is compared with the node's edge,
 * or a category's bit is taken out of the node's set; where the row goes left the next node is
 * the next in memory, else it is so many further.  What a leaf is worth is added at every step,
 * which for inner nodes is 0: sums begin with 0, and so adding it changes no bit of them.
 *
 * The slots of a row are kept twice, with missing in front of all others and behind them: a
 * node reads those that send missing its way.
 */
#include "learn/learn.h"

#include <string.h>

#define LANES ML_TREE_LANES
#define MOST_NODES 65535     /* of a tree */
#define MOST_WORDS (1 << 22) /* of all sets */
#define ALL_WORDS UINT16_MAX
#define ROUND 4 /* steps between two looks whether all have arrived */

typedef struct step
{
	uint16_t place; /* of the row's slots; those with missing behind come second */
	uint16_t edge;  /* slots above go right */
	uint16_t right; /* nodes from here to the right child; from a leaf to the next tree */
	uint16_t words; /* of a category ALL_WORDS: slots tell the word; else 0 */
	uint32_t set;   /* first word */
	uint32_t leaf;  /* value, from 1; 0: an inner node's */
} step;

struct ml_tree_steps
{
	const ml_slots *slots;
	double base;
	int64_t first[LANES]; /* of each walk */
	step *step;           /* [nodes + LANES] the last of each walk leads nowhere */
	double *value;        /* [leaves + 1] */
	uint32_t *word;       /* sets; the first two: nobody goes left, everybody */
};

enum
{
	SET_NONE,
	SET_ALL,
	SETS
};

typedef struct builder
{
	const ml_slots *slots;
	struct ml_tree_steps *steps;
	const ml_node *tree;
	int64_t next; /* node to be written */
	int64_t end;  /* of the tree */
	uint32_t leaves;
	int64_t words;
} builder;

static uint32_t
add_set(builder *b, const ml_asked *place, const ml_node *node)
{
	uint32_t *set = b->steps->word + b->words;
	int64_t begin = b->words;

	b->words += place->missing / 32 + 1;
	for (int64_t i = 0; i < node->set_count; i++)
		set[node->code[i] / 32] |= UINT32_C(1) << (node->code[i] % 32);
	if (node->missing_left)
		set[place->missing / 32] |= UINT32_C(1) << (place->missing % 32);
	return (uint32_t) begin;
}

/* A node, then those of its left side, then those of its right. */
static void
add_steps(builder *b, int at)
{
	const ml_node *node = &b->tree[at];
	int64_t here = b->next++;
	step *s = &b->steps->step[here];
	const ml_asked *place;
	int number;

	if (node->feature < 0)
	{
		*s = (step){
		    .right = (uint16_t) (b->end - here), .set = SET_NONE, .leaf = ++b->leaves};
		b->steps->value[b->leaves] = node->value;
		return;
	}
	number = b->slots->place_of[node->feature];
	place = &b->slots->place[number];
	*s = (step){.place = (uint16_t) number, .edge = UINT16_MAX, .set = SET_ALL};
	if (place->edges >= 0)
	{
		s->edge = (uint16_t) ml_slots_edge(place, node->threshold);
		s->place += (uint16_t) (node->missing_left ? 0 : b->slots->places);
	}
	else
	{
		s->place += (uint16_t) b->slots->places;
		s->words = ALL_WORDS;
		s->set = add_set(b, place, node);
	}
	add_steps(b, node->left);
	s->right = (uint16_t) (b->next - here);
	add_steps(b, node->right);
}

/* Words of all sets; more than MOST_WORDS where these are too many. */
static int64_t
count_words(const ml_forest *forest, const ml_slots *slots)
{
	int64_t words = SETS;

	for (int64_t i = 0; i < forest->nodes && words <= MOST_WORDS; i++)
	{
		int feature = forest->node[i].feature;

		if (feature >= 0 && slots->place[slots->place_of[feature]].edges < 0)
			words += slots->place[slots->place_of[feature]].missing / 32 + 1;
	}
	return words;
}

/* Every eighth tree from the first on, and where they end. */
static ml_status
add_walk(builder *b, ml_host *host, const ml_forest *forest, int first)
{
	b->steps->first[first] = b->next;
	for (int t = first; t < forest->trees; t += LANES)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		b->tree = forest->node + forest->first[t];
		b->end = b->next + forest->first[t + 1] - forest->first[t];
		add_steps(b, 0);
	}
	b->steps->step[b->next++] = (step){.set = SET_NONE};
	return ML_OK;
}

ml_status
ml_tree_steps_create(ml_host *host, const ml_forest *forest, const ml_slots *slots,
                     struct ml_tree_steps **out)
{
	int64_t words = count_words(forest, slots);
	struct ml_tree_steps *steps;
	builder b = {.slots = slots, .words = SETS};

	*out = NULL;
	if (words > MOST_WORDS || 2 * (int64_t) forest->leaves > MOST_NODES)
		return ML_OK;
	ML_NEW(host, steps, 1);
	b.steps = steps;
	steps->slots = slots;
	steps->base = forest->base;
	ML_NEW_RAW(host, steps->step, forest->nodes + LANES);
	ML_NEW(host, steps->value, forest->nodes + 1);
	ML_NEW(host, steps->word, words);
	steps->word[SET_ALL] = UINT32_MAX;
	for (int k = 0; k < LANES; k++)
		ML_TRY(add_walk(&b, host, forest, k));
	*out = steps;
	return ML_OK;
}

/* Both kinds of slots of a row. */
static void
find_slots(const struct ml_tree_steps *steps, const double *row, uint16_t *slot)
{
	const ml_slots *slots = steps->slots;

	ml_slots_find(slots, row, slot);
	for (int p = 0; p < slots->places; p++)
	{
		const ml_asked *place = &slots->place[p];

		slot[slots->places + p] = slot[p];
		if (place->edges >= 0 && slot[p] == place->missing)
			slot[p] = 0;
	}
}

/* From node to node until every walk has come to its end; the sums of the eight. */
static void
walk_together(const struct ml_tree_steps *steps, const uint16_t *slot, double *sum)
{
	const step *at[LANES];
	uint32_t moved;

	for (int k = 0; k < LANES; k++)
		at[k] = &steps->step[steps->first[k]];
	do
	{
		moved = 0;
		for (int round = 0; round < ROUND; round++)
			for (int k = 0; k < LANES; k++)
			{
				const step *s = at[k];
				uint32_t here = slot[s->place];
				uint32_t word = steps->word[s->set + (here / 32 & s->words)];
				uint32_t left = (here <= s->edge) & (word >> here % 32);
				uint32_t far = s->right ^ ((s->right ^ 1) & -left);

				sum[k] += steps->value[s->leaf];
				at[k] = s + far;
				moved |= far;
			}
	} while (moved != 0);
}

static double
score_row(const struct ml_tree_steps *steps, const double *row)
{
	uint16_t slot[2 * ML_MOST_PLACES];
	double sum[ML_TREE_LANES] = {0};

	/* which leaves ask for, to no effect, though trees of leaves alone have no place */
	slot[0] = 0;
	find_slots(steps, row, slot);
	walk_together(steps, slot, sum);
	return ml_lane_total(steps->base, sum);
}

void
ml_tree_steps_margins(const struct ml_tree_steps *steps, const double *row, int64_t width,
                      int64_t rows, double *margin)
{
	for (int64_t i = 0; i < rows; i++)
		margin[i] = score_row(steps, row + i * width);
}
