/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_slots.h: a row as the numbers of the intervals that its values lie in.
 *
 * The thresholds of a forest cut each feature into intervals within which no node tells values
 * apart.  A number's slot is how many of the feature's thresholds, its edges, lie below it,
 * so a node with edge e is passed to the left by slots up to e.  A category's slot is its
 * code.  Missing has a slot of its own, the last.
 *
 *	forest_slots.c	edges, and the search among them
 *	forest_masks.c	small trees: the leaves of eight of them at once, by bits
 *	forest_steps.c	large trees: eight walked side by side
 *	forest_score.c	which of them a forest is scored by
 */
#ifndef ML_FOREST_SLOTS_H
#define ML_FOREST_SLOTS_H

#include "learn/forest.h"

#define ML_MOST_SLOTS 65534
#define ML_MOST_PLACES 4096  /* slots of a row live on the stack */
#define ML_MASKED_LEAVES 128 /* of a tree whose leaves have bits */

/* A feature that the forest asks about. */
typedef struct ml_asked
{
	int feature;
	int edges;            /* -1: a category */
	int missing;          /* its slot */
	int64_t first;        /* slots of the places before this one */
	const double *sorted; /* [edges] */
	const double *edge;   /* as the search reads them, see forest_slots.c */
} ml_asked;

typedef struct ml_slots
{
	int places;
	ml_asked *place;
	int *place_of; /* [features] -1: not asked about */
	int64_t slots; /* of all places */
	int lanes;     /* numbers that the processor takes at once: 1, 4 or 8 */
} ml_slots;

/* *slots stays NULL for a forest that has too many places or slots. */
extern ml_status ml_slots_create(ml_host *host, const ml_schema *schema,
                                 const ml_forest *forest, ml_slots **slots);

/* The slots of a row, one per place. */
extern void ml_slots_find(const ml_slots *slots, const double *row, uint16_t *slot);

/* The edge that is the node's threshold. */
extern int ml_slots_edge(const ml_asked *place, double threshold);

/* forest_masks.c; *masks stays NULL where trees are too large or tables would be. */
extern ml_status
ml_leaf_masks_create(ml_host *host, const ml_forest *forest, const ml_slots *slots,
                     struct ml_leaf_masks **masks);
extern void ml_leaf_masks_margins(const struct ml_leaf_masks *masks, const double *row,
                                  int64_t width, int64_t rows, double *margin);

/* forest_steps.c; *steps stays NULL where a tree is too large. */
extern ml_status
ml_tree_steps_create(ml_host *host, const ml_forest *forest, const ml_slots *slots,
                     struct ml_tree_steps **steps);
extern void ml_tree_steps_margins(const struct ml_tree_steps *steps, const double *row,
                                  int64_t width, int64_t rows, double *margin);

#endif
