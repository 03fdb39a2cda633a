/* SPDX-License-Identifier: PostgreSQL */
/*
 * shapley.h: a forest laid out for Shapley values.
 *
 * In a tree, forks are inner nodes with another one below them, parents first, and cherries
 * are those with two leaves.  Forks, cherries and the leaves of forks have places, in this
 * order: numbers of vectors of as many doubles as the tree has points.
 *
 *	forest_shapley.c	lays it out
 *	forest_explain.c	goes through it with a row
 */
#ifndef ML_SHAPLEY_H
#define ML_SHAPLEY_H

#include "learn/forest.h"

#define ML_SHAPLEY_STEP 4 /* points are a multiple of it, to fill vectors */
#define ML_SHAPLEY_POINTS                                                                \
	((ML_MAX_DEPTH / 2 + ML_SHAPLEY_STEP) / ML_SHAPLEY_STEP * ML_SHAPLEY_STEP)

/* A fork seen by a row that goes to one of its sides. */
typedef struct ml_way
{
	double ratio;  /* r: the other side's share of the cover */
	int32_t same;  /* where the vector of the side that the row takes begins */
	int32_t other; /* and of the other one */
} ml_way;

/* What the row's answers above say about the feature asked about, and where it adds up. */
typedef struct ml_bond
{
	const double *tilt[2]; /* [2][points] h and g of a row that failed above, or passed */
	int32_t passed;        /* where the row's state keeps whether it passed */
	int32_t lane;          /* where the contribution of the feature begins */
} ml_bond;

/* Of the two, [0] is for a row that goes right. */
typedef struct ml_fork
{
	ml_way way[2];
	ml_bond bond;
} ml_fork;

typedef struct ml_cherry
{
	double value[2]; /* of the leaf that the row takes */
	double step[2];  /* r times what the other leaf has more */
	ml_bond bond;
} ml_cherry;

typedef struct ml_number_question
{
	double threshold;
	int32_t input; /* in the row's numbers, of which missing ones are infinite */
	int32_t bit;
} ml_number_question;

/* The answers of all questions about one category. */
typedef struct ml_label_answers
{
	int feature;
	const uint64_t *word; /* [levels + 1][words] bit per place: 1 goes left */
} ml_label_answers;

/* A question about a category that has too many labels for this. */
typedef struct ml_label_question
{
	const ml_node *node;
	int place;
} ml_label_question;

typedef struct ml_shapley_tree
{
	int points;
	const double *rule; /* ml_shapley_rule's */
	int forks;
	int cherries;
	int leaves; /* of forks */
	ml_fork *fork;
	ml_cherry *cherry;
	double *leaf;
	const ml_node *first; /* of the tree */
	int32_t *node;        /* number of each cherry, and then of each of these leaves */
	int words;            /* of 64 forks and cherries */
	int *number_end;      /* [words] behind the questions of each */
	ml_number_question *number;
	int answers;
	ml_label_answers *answer;
	int labels;
	ml_label_question *label;
} ml_shapley_tree;

struct ml_shapley
{
	const ml_schema *schema;
	const ml_forest *forest;
	double bias;
	int trees;
	ml_shapley_tree *tree;
	double *rule[ML_SHAPLEY_POINTS / ML_SHAPLEY_STEP + 1]; /* NULL: not used */
	int64_t vectors;              /* doubles in all places of a tree, at most */
	int64_t forks;                /* and cherries, at most */
	struct ml_shapley_work *work; /* of the thread */
};

/* Room for doubles that begins where a line of the cache does; zeros. */
extern ml_status ml_shapley_room(ml_host *host, int64_t count, double **room);

#endif
