/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_shares.c: trees for all classes at once.
 *
 * A row ends in one leaf of each tree, and the leaf has a share for every class.  They are
 * added up over the trees: one walk serves all classes.  Contributions are those of a forest
 * whose leaves are worth their share of one class.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct class_shares
{
	ml_forest forest;
	int classes;
	int positive;
	int features;
	int32_t *leaf;       /* [nodes] of a leaf: its number */
	const double *share; /* [leaves][classes] */
	double *bias;        /* [classes] of the average row */
	struct ml_shapley *shapley;
} class_shares;

/* Every leaf has shares of all classes, and some of one. */
static ml_status
read_shares(ml_host *host, const ml_fitted *fitted, class_shares *shares)
{
	const ml_part *part = ml_fitted_part(fitted, "class_share");
	const ml_forest *forest = &shares->forest;
	int32_t leaves = 0;

	ML_NEW(host, shares->leaf, forest->nodes);
	for (int64_t i = 0; i < forest->nodes; i++)
		shares->leaf[i] = forest->node[i].feature < 0 ? leaves++ : -1;
	if (part == NULL || part->count != (int64_t) leaves * shares->classes)
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < part->count; i += shares->classes)
	{
		double sum = 0;

		ML_PAUSE(host, i);
		for (int k = 0; k < shares->classes; k++)
		{
			if (!(part->number[i + k] >= 0))
				return ML_BAD_MODEL;
			sum += part->number[i + k];
		}
		if (!(sum >= 1e-9 && sum <= 1 + 1e-9))
			return ML_BAD_MODEL;
	}
	shares->share = part->number;
	return ML_OK;
}

/* A row of which nothing is known goes every way, by cover. */
static ml_status
find_bias(ml_host *host, class_shares *shares)
{
	const ml_forest *forest = &shares->forest;

	ML_NEW(host, shares->bias, shares->classes);
	for (int t = 0; t < forest->trees; t++)
		for (int64_t i = forest->first[t]; i < forest->first[t + 1]; i++)
		{
			double reach = forest->node[i].cover / forest->node[forest->first[t]].cover;

			ML_PAUSE(host, i);
			for (int k = 0; shares->leaf[i] >= 0 && k < shares->classes; k++)
				shares->bias[k] +=
				    reach *
				    shares->share[(int64_t) shares->leaf[i] * shares->classes + k];
		}
	return ML_OK;
}

ml_status
ml_class_shares_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                        const ml_value *options, void **state)
{
	class_shares *shares;

	(void) options;
	ML_NEW(host, shares, 1);
	ML_TRY(ml_forest_read(host, schema, fitted, &shares->forest));
	if (shares->forest.classes > 0 || shares->forest.trees == 0 ||
	    shares->forest.base != 0)
		return ML_BAD_MODEL;
	shares->classes = schema->classes;
	shares->positive = schema->positive;
	shares->features = schema->features;
	ML_TRY(read_shares(host, fitted, shares));
	*state = shares;
	return find_bias(host, shares);
}

ml_status
ml_class_shares_equip(ml_host *host, const ml_schema *schema, void *state)
{
	return ml_forest_make_bits(host, schema, &((class_shares *) state)->forest);
}

ml_status
ml_class_shares_lay_out(ml_host *host, const ml_schema *schema, void *state)
{
	class_shares *shares = state;

	return ml_shapley_create(host, schema, &shares->forest, &shares->shapley);
}

double
ml_class_shares_work(const void *state)
{
	const class_shares *shares = state;

	return (double) shares->forest.trees * (4 * shares->forest.depth + shares->classes);
}

void
ml_class_shares_margins(const void *state, const double *row, double *margin)
{
	const class_shares *shares = state;
	const ml_forest *forest = &shares->forest;
	int classes = shares->classes;

	for (int k = 0; k < classes; k++)
		margin[k] = 0;
	for (int t = 0; t < forest->trees; t++)
	{
		const ml_node *tree = forest->node + forest->first[t], *node = tree;
		const double *share;

		while (node->feature >= 0)
			node = tree + (ml_goes_left(node, row) ? node->left : node->right);
		share = shares->share + (int64_t) shares->leaf[node - forest->node] * classes;
		for (int k = 0; k < classes; k++)
			margin[k] += share[k];
	}
}

const struct ml_shapley *
ml_class_shares_shapley(const void *state)
{
	return ((const class_shares *) state)->shapley;
}

ml_leaf_values
ml_class_shares_values(const void *state, int class)
{
	const class_shares *shares = state;

	return (ml_leaf_values){
	    .value = shares->share + class, .leaf = shares->leaf, .stride = shares->classes};
}

void
ml_class_shares_explain(const void *state, const double *row, double *contribution,
                        double *bias)
{
	const class_shares *shares = state;
	double margin[ML_MAX_CLASSES];
	int chosen = shares->positive;
	ml_leaf_values values;

	if (chosen < 0)
	{
		ml_class_shares_margins(state, row, margin);
		chosen = ml_likeliest(shares->classes, margin);
	}
	memset(contribution, 0, (size_t) shares->features * sizeof *contribution);
	values = ml_class_shares_values(state, chosen);
	ml_shapley_explain_values(shares->shapley, row, &values, contribution);
	*bias = shares->bias[chosen];
}
