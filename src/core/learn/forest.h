/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest.h: trees as learned arrays; checking, scoring and explaining them.
 *
 * The margin of a row is base plus the values of the leaves that it ends in, one per tree, plus
 * its offsets.
 * A row goes left at a node if x <= threshold, if the code of its label is in the node's set,
 * or, where the value is missing, if missing_left is 1.
 *
 *	base			[1], or [classes] where each class has margins and trees of its own
 *	tree_nodes		[trees] nodes of each tree; the arrays of nodes hold tree after tree
 *	feature			[nodes] of the model, from 0; -1: a leaf
 *	threshold		[nodes] of a number; NaN otherwise
 *	missing_left	[nodes] 0 or 1
 *	left, right		[nodes] children, counted from the tree's first node; -1: a leaf
 *	value			[nodes] what a row adds that ends here
 *	cover			[nodes] training rows that came here
 *	gain			[nodes] what the split took off the loss
 *	set_size		[nodes] labels in the node's set
 *	set_code		[their sum] codes of these labels, node after node
 *	importance_gain, importance_splits	[features] sums over all nodes
 *	importance_shap	[features] mean size of the contributions to rows of the training
 *
 * Trees for all classes at once have, in place of values,
 *
 *	class_share		[leaves][classes] what a row adds that ends here, leaf after leaf
 *
 * Of several classes that have trees of their own, tree t is of class t % classes.
 *
 *	forest.c		arrays from trees, and trees from arrays, with every check there is
 *	forest_continue.c	trees of an earlier training
 *	forest_score.c	scoring a row, or many (forest_slots.h)
 *	forest_shapley.c, forest_explain.c	exact Shapley values
 *	forest_importance.c		means of them
 *	forest_classes.c	a forest for every class
 *	forest_shares.c	trees for all classes at once
 */
#ifndef ML_FOREST_H
#define ML_FOREST_H

#include "learn/design.h"
#include "learn/tree.h"

typedef struct ml_forest
{
	ml_host *host;
	double base;
	int classes;              /* with trees of their own, else 0 */
	const double *class_base; /* [classes] in place of base */
	int trees;
	int tree_room;
	int64_t *first; /* [trees + 1] node of each tree */
	int64_t nodes;
	int64_t node_room;
	ml_node *node; /* children counted from the tree's first node */
	int64_t codes;
	int64_t code_room;
	int32_t *code;
	int depth;  /* of the deepest tree */
	int leaves; /* of the largest tree */
} ml_forest;

/* Bytes for so many trees, and for the arrays that are written of them. */
extern double ml_forest_memory(const ml_problem *problem, int64_t trees,
                               const ml_tree_options *options);

/* Adds the tree that the grower holds, its values times scale. */
extern ml_status ml_forest_add(ml_forest *forest, const ml_grower *grower, double scale);

/* Makes room for so many nodes and codes of a further tree. */
extern ml_status ml_forest_room(ml_forest *forest, int64_t nodes, int64_t codes);

/*
 * forest_continue.c: the trees that the problem goes on from, for its own features and labels.
 * ML_OTHER_CLASSES, ML_LOST_FEATURE.
 */
extern ml_status
ml_forest_continue(ml_host *host, const ml_problem *problem, ml_forest *forest);

/* Leaves the first so many trees. */
extern void ml_forest_cut(ml_forest *forest, int trees);
/* The arrays alone, and those with what features mean to them. */
extern ml_status
ml_forest_write_nodes(ml_host *host, const ml_forest *forest, ml_fitted *fitted);
extern ml_status
ml_forest_write(ml_host *host, const ml_forest *forest, int features, ml_fitted *fitted);

/* What was learned, but the first so many trees alone; the arrays are shared. */
extern void ml_forest_first(const ml_fitted *fitted, int trees, ml_fitted *first);

/*
 * forest_importance.c: adds importance_shap to all that has been learned; some 1,000 rows of
 * the training are explained.
 */
extern ml_status
ml_forest_importance(ml_host *host, const ml_problem *problem, ml_fitted *fitted);

/* A forest from learned arrays: ML_BAD_MODEL unless everything about them is in order. */
extern ml_status ml_forest_read(ml_host *host, const ml_schema *schema,
                                const ml_fitted *fitted, ml_forest *forest);

/* Makes sets of labels as bits, which a walk asks quicker than lists. */
extern ml_status
ml_forest_make_bits(ml_host *host, const ml_schema *schema, ml_forest *forest);

/* State for scoring; learners' states begin with it. */
typedef struct ml_forest_state
{
	ml_forest forest;
	int features;
	ml_offsets offsets; /* added to what the trees say */
	struct ml_slots *slots;
	struct ml_leaf_masks *masks; /* NULL: trees are too large */
	struct ml_tree_steps *steps; /* where there are no masks; NULL: too large, too */
	struct ml_shapley *shapley;  /* of lay_out; no two threads may explain by one state */
	bool equipped;               /* masks or steps are there, unless all is too large */
	int asked;                   /* features that nodes ask about */
	double met; /* nodes that an average row of the training data meets */
	double (*respond)(double margin);
} ml_forest_state;

/* What scoring needs of a forest that the state has, and what many rows are scored quicker with. */
extern ml_status
ml_forest_begin(ml_host *host, const ml_schema *schema, ml_forest_state *state);
extern ml_status ml_forest_equip(ml_host *host, const ml_schema *schema, void *state);
extern ml_status ml_forest_prepare(ml_host *host, const ml_schema *schema,
                                   const ml_fitted *fitted, ml_forest_state **state);
extern ml_status ml_forest_lay_out(ml_host *host, const ml_schema *schema, void *state);
extern double ml_forest_work(const void *state);
extern double ml_forest_margin(const void *state, const double *row);
extern void ml_forest_margins(const void *state, const double *row, int64_t width,
                              int64_t rows, double *margin);
extern double ml_forest_respond(const void *state, double margin);
extern void ml_forest_explain(const void *state, const double *row, double *contribution,
                              double *bias);

/* forest_classes.c: the same for classes with trees of their own; see learner.h */
extern ml_status ml_class_forests_prepare(ml_host *host, const ml_schema *schema,
                                          const ml_fitted *fitted, void **state);
extern ml_status
ml_class_forests_equip(ml_host *host, const ml_schema *schema, void *state);
extern ml_status
ml_class_forests_lay_out(ml_host *host, const ml_schema *schema, void *state);
extern double ml_class_forests_work(const void *state);
extern void
ml_class_forests_margins(const void *state, const double *row, double *margin);
extern void ml_class_forests_explain(const void *state, const double *row,
                                     double *contribution, double *bias);

/* The forest of one class. */
extern const ml_forest_state *ml_class_forests_of(const void *state, int class);

/* The trees of one class, by themselves. */
extern ml_status
ml_class_forest_pick(ml_host *host, const ml_forest *all, int class, ml_forest *out);

/* What leaves are worth to somebody, in place of the nodes' values. */
typedef struct ml_leaf_values
{
	const double *value;
	const int32_t *leaf; /* [nodes] of a leaf: its number */
	int stride;          /* of the values of one leaf and of the next */
} ml_leaf_values;

/* forest_shares.c: the same for trees for all classes at once; margins are probabilities */
extern ml_status
ml_class_shares_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                        const ml_value *options, void **state);
extern ml_status
ml_class_shares_equip(ml_host *host, const ml_schema *schema, void *state);
extern ml_status
ml_class_shares_lay_out(ml_host *host, const ml_schema *schema, void *state);
extern double ml_class_shares_work(const void *state);
extern void ml_class_shares_margins(const void *state, const double *row, double *margin);
extern void ml_class_shares_explain(const void *state, const double *row,
                                    double *contribution, double *bias);
extern const struct ml_shapley *ml_class_shares_shapley(const void *state);
extern ml_leaf_values ml_class_shares_values(const void *state, int class);

/* The margin without offsets, by walking tree after tree: the same bits. */
extern double ml_forest_walk(const ml_forest *forest, const double *row);

/* forest_shapley.c, for one thread; schema and forest must outlive it */
extern ml_status ml_shapley_create(ml_host *host, const ml_schema *schema,
                                   const ml_forest *forest, struct ml_shapley **shapley);

/* forest_explain.c: the same for another thread, as long as the first one lives */
extern ml_status ml_shapley_share(ml_host *host, const struct ml_shapley *shapley,
                                  struct ml_shapley **out);

/* Adds to the contributions that are there; bias is the margin of the average row. */
extern void ml_shapley_explain(const struct ml_shapley *shapley, const double *row,
                               double *contribution, double *bias);

/* The same with leaves that are worth something else; NULL: their own values. */
extern void ml_shapley_explain_values(const struct ml_shapley *shapley, const double *row,
                                      const ml_leaf_values *values, double *contribution);

#define ML_TREE_LANES                                                                    \
	8 /* sums of trees kept apart: tree t is added to sum t % ML_TREE_LANES */

static inline double
ml_lane_total(double base, const double *lane)
{
	return base + (((lane[0] + lane[1]) + (lane[2] + lane[3])) +
	               ((lane[4] + lane[5]) + (lane[6] + lane[7])));
}

/* Is the row's value one that goes left? */
static inline bool
ml_goes_left(const ml_node *node, const double *row)
{
	double x = row[node->feature];

	if (node->threshold == node->threshold)
		return x != x ? node->missing_left : x <= node->threshold;
	if (!(x >= 0))
		return node->missing_left;
	if (node->bits != NULL)
		return node->bits[(int) x / 64] >> ((int) x % 64) & 1;
	for (int64_t low = 0, high = node->set_count; low < high;)
	{
		int64_t middle = (low + high) / 2;

		if (node->code[middle] == x)
			return true;
		if (node->code[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

#endif
