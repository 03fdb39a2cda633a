/* SPDX-License-Identifier: PostgreSQL */
/*
 * dendrogram.c: agglomerative clustering by chains of nearest neighbours.
 *
 * A chain goes from a cluster to its nearest one and so on, until two are nearest to each other;
 * these are merged, and the chain goes on before them (Benzecri 1982; Murtagh 1983).  For linkages
 * by which merging two brings them no nearer to a third, that makes the same tree as merging the
 * nearest pair of all each time, in time quadratic in the leaves.  Distances from what was merged
 * follow from those before (Lance and Williams 1967).
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

/* The squared distance of two leaves, or what merging them adds to the sum of squares, twice. */
static double
first_distance(const ml_dendrogram *tree, int a, int b, double squared)
{
	double wa = tree->weight[a], wb = tree->weight[b];

	return tree->linkage == ML_WARD ? 2 * wa * wb / (wa + wb) * squared : sqrt(squared);
}

ml_status
ml_dendrogram_create(ml_host *host, const ml_space *space, const double *at,
                     ml_dendrogram *tree)
{
	int64_t n = tree->leaves;

	ML_NEW_RAW(host, tree->apart, n * n);
	ML_NEW(host, tree->left, n);
	ML_NEW(host, tree->right, n);
	ML_NEW(host, tree->height, n);
	for (int64_t a = 0; a < n; a++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		for (int64_t b = 0; b < a; b++)
			tree->apart[a * n + b] = tree->apart[b * n + a] = first_distance(
			    tree, (int) a, (int) b,
			    ml_space_apart(space, at + a * space->slots, at + b * space->slots));
		tree->apart[a * n + a] = INFINITY;
	}
	return ML_OK;
}

/* Merges as they are found, which is not yet by height. */
typedef struct growing
{
	ml_dendrogram *tree;
	double *weight;  /* [leaves] of the cluster that a place stands for; 0: none */
	int *chain;      /* [leaves] */
	int length;      /* of the chain */
	int *first;      /* [steps] a leaf of the one that was merged */
	int *second;     /* [steps] and of the other */
	double *reached; /* [leaves] height of the cluster at a place */
	int steps;
} growing;

/* The distance of a third cluster from two that become one. */
static double
joined_distance(const growing *g, int a, int b, int third, double between)
{
	const ml_dendrogram *tree = g->tree;
	double from_a = tree->apart[(int64_t) a * tree->leaves + third];
	double from_b = tree->apart[(int64_t) b * tree->leaves + third];
	double wa = g->weight[a], wb = g->weight[b], w = g->weight[third];

	switch (tree->linkage)
	{
		case ML_WARD:
			return ((wa + w) * from_a + (wb + w) * from_b - w * between) / (wa + wb + w);
		case ML_AVERAGE:
			return (wa * from_a + wb * from_b) / (wa + wb);
		case ML_COMPLETE:
			return fmax(from_a, from_b);
	}
	return 0;
}

/* The cluster at b takes in that at a. */
static void
merge(growing *g, int a, int b)
{
	ml_dendrogram *tree = g->tree;
	int64_t n = tree->leaves;
	double between = tree->apart[a * n + b];
	double height = tree->linkage == ML_WARD ? sqrt(fmax(0, between)) : between;

	for (int third = 0; third < tree->leaves; third++)
		if (g->weight[third] > 0 && third != a && third != b)
			tree->apart[b * n + third] = tree->apart[third * n + b] =
			    joined_distance(g, a, b, third, between);
	/* rounding must not put a step before those that it joins */
	height = fmax(height, fmax(g->reached[a], g->reached[b]));
	g->first[g->steps] = a;
	g->second[g->steps] = b;
	tree->height[g->steps++] = height;
	g->reached[b] = height;
	g->weight[b] += g->weight[a];
	g->weight[a] = 0;
}

/*
 * One link more.  Where rounding has brought what was merged nearer to a cluster than the one that
 * follows it in the chain, the chain comes back to that cluster, and goes on from there.
 */
static void
lengthen_chain(growing *g, int next)
{
	for (int i = 0; i < g->length; i++)
		if (g->chain[i] == next)
			g->length = i;
	g->chain[g->length++] = next;
}

/* One link more, or a merge at the end of the chain. */
static void
follow_chain(growing *g)
{
	const ml_dendrogram *tree = g->tree;
	int end = g->chain[g->length - 1], next = -1;
	double least = INFINITY;

	/* of equally near ones the one that the chain came from */
	if (g->length > 1)
	{
		next = g->chain[g->length - 2];
		least = tree->apart[(int64_t) end * tree->leaves + next];
	}
	for (int c = 0; c < tree->leaves; c++)
		if (g->weight[c] > 0 && c != end &&
		    (next < 0 || tree->apart[(int64_t) end * tree->leaves + c] < least))
		{
			least = tree->apart[(int64_t) end * tree->leaves + c];
			next = c;
		}
	if (g->length > 1 && next == g->chain[g->length - 2])
	{
		g->length -= 2;
		merge(g, end < next ? end : next, end < next ? next : end);
	}
	else
		lengthen_chain(g, next);
}

static int
root_of(int *parent, int leaf)
{
	while (parent[leaf] != leaf)
		leaf = parent[leaf] = parent[parent[leaf]];
	return leaf;
}

/* Leaves before steps, and both in ascending order. */
static bool
stands_before(int a, int b)
{
	if ((a < 0) != (b < 0))
		return a < 0;
	return a < 0 ? a > b : a < b;
}

/* Steps by height, each told by what it joins. */
static ml_status
put_in_order(ml_host *host, growing *g)
{
	ml_dendrogram *tree = g->tree;
	double *height;
	uint32_t *order;
	int *parent, *step;

	ML_NEW(host, height, g->steps);
	ML_NEW(host, order, g->steps);
	ML_NEW(host, parent, tree->leaves);
	ML_NEW(host, step, tree->leaves);
	memcpy(height, tree->height, (size_t) g->steps * sizeof *height);
	ML_TRY(ml_sort_numbers(host, height, g->steps, order));
	for (int leaf = 0; leaf < tree->leaves; leaf++)
	{
		parent[leaf] = leaf;
		step[leaf] = -1 - leaf;
	}
	for (int s = 0; s < g->steps; s++)
	{
		int a = root_of(parent, g->first[order[s]]);
		int b = root_of(parent, g->second[order[s]]);
		bool is_first = stands_before(step[a], step[b]);

		tree->left[s] = is_first ? step[a] : step[b];
		tree->right[s] = is_first ? step[b] : step[a];
		tree->height[s] = height[order[s]];
		parent[a] = b;
		step[b] = s + 1;
	}
	return ML_OK;
}

ml_status
ml_dendrogram_grow(ml_host *host, ml_dendrogram *tree)
{
	growing g = {.tree = tree};

	ML_NEW(host, g.weight, tree->leaves);
	ML_NEW(host, g.chain, tree->leaves);
	ML_NEW(host, g.first, tree->leaves);
	ML_NEW(host, g.second, tree->leaves);
	ML_NEW(host, g.reached, tree->leaves);
	memcpy(g.weight, tree->weight, (size_t) tree->leaves * sizeof *g.weight);
	while (g.steps < tree->leaves - 1)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		for (int c = 0; g.length == 0; c++)
			if (g.weight[c] > 0)
				g.chain[g.length++] = c;
		follow_chain(&g);
	}
	return put_in_order(host, &g);
}

ml_status
ml_dendrogram_cut(ml_host *host, const ml_dendrogram *tree, int k, int *part)
{
	int *parent, *leaf_of, *number, count = 0;

	ML_NEW(host, parent, tree->leaves);
	ML_NEW(host, leaf_of, tree->leaves);
	ML_NEW(host, number, tree->leaves);
	for (int leaf = 0; leaf < tree->leaves; leaf++)
		parent[leaf] = leaf;
	for (int s = 0; s < tree->leaves - k; s++)
	{
		int left = tree->left[s] < 0 ? -1 - tree->left[s] : leaf_of[tree->left[s] - 1];
		int right =
		    tree->right[s] < 0 ? -1 - tree->right[s] : leaf_of[tree->right[s] - 1];

		leaf_of[s] = left;
		parent[root_of(parent, right)] = root_of(parent, left);
	}
	for (int leaf = 0; leaf < tree->leaves; leaf++)
	{
		int root = root_of(parent, leaf);

		if (number[root] == 0)
			number[root] = ++count;
		part[leaf] = number[root] - 1;
	}
	return ML_OK;
}

/* Is it a leaf or an earlier step, which nothing has joined before? */
static bool
take_branch(double number, int64_t step, int64_t leaves, bool *is_taken)
{
	int64_t at;

	if (!(number == floor(number)) || number == 0 || number < -(double) leaves ||
	    number > (double) step)
		return false;
	at = number < 0 ? (int64_t) -number - 1 : leaves + (int64_t) number - 1;
	if (is_taken[at])
		return false;
	return is_taken[at] = true;
}

ml_status
ml_dendrogram_check(ml_host *host, const ml_fitted *fitted, int segments)
{
	static const char *const name[] = {"merge_left", "merge_right", "merge_height",
	                                   "merge_rows"};
	const ml_part *leaf = ml_fitted_part(fitted, "leaf_segment");
	int64_t leaves = leaf != NULL ? leaf->count : 0;
	const double *number[4], *height, *rows;
	bool *is_taken;

	if (leaves < 2)
		return ML_BAD_MODEL;
	for (int i = 0; i < 4; i++)
		if ((number[i] = ml_fitted_finite(fitted, name[i], leaves - 1)) == NULL)
			return ML_BAD_MODEL;
	height = number[2];
	rows = number[3];
	ML_NEW(host, is_taken, 2 * leaves);
	for (int64_t i = 0; i < leaves; i++)
		if (!(leaf->number[i] >= 0 && leaf->number[i] < segments &&
		      leaf->number[i] == floor(leaf->number[i])))
			return ML_BAD_MODEL;
	for (int64_t step = 0; step < leaves - 1; step++)
	{
		ML_PAUSE(host, step);
		if (!take_branch(number[0][step], step, leaves, is_taken) ||
		    !take_branch(number[1][step], step, leaves, is_taken) ||
		    !(height[step] >= (step > 0 ? height[step - 1] : 0)) ||
		    !(rows[step] > 0 && rows[step] < 1e18))
			return ML_BAD_MODEL;
	}
	return ML_OK;
}
