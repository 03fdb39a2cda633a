/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_explain.c: exact Shapley values of a row, path-dependent.
 *
 * As in Lundberg et al. (2020), what is not known of a row goes both ways at a node, by the
 * covers of its children.  Of a leaf with value v, let the path to it ask for features j, with
 * w_j the product of the cover ratios at the questions about j, and o_j 1 if the row passes
 * all of these, else 0.  The Shapley value of feature i is the integral over t in [0, 1] of the
 * multilinear extension's derivative (Owen 1972):
 *
 *	phi_i = v (o_i - w_i) Integral Prod_{j != i} f_j(t) dt,   f_j(t) = w_j (1 - t) + o_j t.
 *
 * The integrand is a polynomial of a degree below the number of features on the path, so
 * Gauss and Legendre's rule with half as many points is exact.  All factors are positive:
 * one can be divided out.  A walk through the tree takes the products down and sums of v
 * times them up, so a tree costs a few operations per node and point and not leaves * depth^2.
 *
 * Where a feature is asked about again, the lower edge adds its own term and takes off
 * that of the edge above it, for the leaves below.  If the row has failed the upper edge,
 * these two are equal.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

/* Into each of the clones of the function that loops over trees. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define STEP 4 /* points are a multiple of it, to fill vectors */
#define MOST_POINTS ((ML_MAX_DEPTH / 2 + STEP) / STEP * STEP)

/* A node, in the order in which a walk meets them, and the edge that leads to it. */
typedef struct stop
{
	const ml_node *node;
	int depth;
	int feature; /* of the edge; -1: the root */
	int before;  /* depth of the edge above that asks about the same feature; 0: none */
	bool is_left;
	double share;    /* w: product of cover ratios at the questions about the feature */
	double ratio;    /* cover by the parent's */
	double *inverse; /* [points] 1 / (w (1 - t) + t) */
} stop;

typedef struct tree_stops
{
	int count;
	int points;
	const double *rule; /* [4][points] t, 1 - t, weights, weights / (1 - t) */
	stop *stop;
} tree_stops;

struct ml_shapley
{
	const ml_forest *forest;
	double bias;
	int trees;
	tree_stops *tree;
	double *rule[MOST_POINTS / STEP + 1]; /* by points / STEP; NULL: not used */
};

typedef struct builder
{
	ml_host *host;
	struct ml_shapley *shapley;
	const ml_node *node; /* of the tree */
	tree_stops *tree;
	stop path[ML_MAX_DEPTH + 1];
	int different[ML_MAX_DEPTH + 1]; /* features above and at each depth */
	int most;
	double expected;
} builder;

/* Nodes and weights on [0, 1], by Newton's method on Legendre's polynomial. */
static ml_status
make_rule(ml_host *host, int points, double **out)
{
	double *rule;

	ML_NEW(host, rule, 4 * (int64_t) points);
	for (int i = 0; i < points; i++)
	{
		double x = cos(3.14159265358979323846 * (i + 0.75) / (points + 0.5)), slope = 1;

		for (int round = 0; round < 100; round++)
		{
			double value = x, before = 1, step;

			for (int k = 2; k <= points; k++)
			{
				double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;

				before = value;
				value = next;
			}
			slope = points * (x * value - before) / (x * x - 1);
			step = value / slope;
			x -= step;
			if (fabs(step) < 1e-16)
				break;
		}
		rule[i] = (1 + x) / 2;
		rule[points + i] = (1 - x) / 2;
		rule[2 * points + i] = 1 / ((1 - x * x) * slope * slope);
		rule[3 * points + i] = rule[2 * points + i] / rule[points + i];
	}
	*out = rule;
	return ML_OK;
}

static void
add_stop(builder *b, stop *path, int depth, int node)
{
	path->node = &b->node[node];
	path->depth = depth;
	b->tree->stop[b->tree->count++] = *path;
	if (path->node->feature < 0)
	{
		double share = 1;

		for (int d = 1; d <= depth; d++)
			share *= b->path[d].ratio;
		b->expected += share * path->node->value;
	}
}

/* The edge from the node at a depth to one of its children. */
static void
follow(builder *b, int depth, int child, bool is_left)
{
	const ml_node *parent = b->path[depth].node;
	stop *next = &b->path[depth + 1];

	*next = (stop){.feature = parent->feature, .is_left = is_left};
	next->ratio = b->node[child].cover / parent->cover;
	for (int d = depth; d > 0 && next->before == 0; d--)
		if (b->path[d].feature == parent->feature)
			next->before = d;
	next->share = next->ratio * (next->before > 0 ? b->path[next->before].share : 1);
	b->different[depth + 1] = b->different[depth] + (next->before == 0);
	if (b->different[depth + 1] > b->most)
		b->most = b->different[depth + 1];
	add_stop(b, next, depth + 1, child);
}

/* The walk; depth is bounded by the model's check. */
static void
walk(builder *b, int depth)
{
	const ml_node *node = b->path[depth].node;

	if (node->feature < 0)
		return;
	follow(b, depth, node->left, true);
	walk(b, depth + 1);
	follow(b, depth, node->right, false);
	walk(b, depth + 1);
}

static ml_status
make_tree(builder *b, const ml_forest *forest, int tree)
{
	struct ml_shapley *shapley = b->shapley;
	int64_t nodes = forest->first[tree + 1] - forest->first[tree];
	int points;

	b->node = forest->node + forest->first[tree];
	b->tree = &shapley->tree[tree];
	b->most = 1;
	b->different[0] = 0;
	ML_NEW(b->host, b->tree->stop, nodes);
	b->path[0] = (stop){.feature = -1, .share = 1, .ratio = 1};
	add_stop(b, &b->path[0], 0, 0);
	walk(b, 0);
	points = ((b->most + 1) / 2 + STEP - 1) / STEP * STEP;
	if (shapley->rule[points / STEP] == NULL)
		ML_TRY(make_rule(b->host, points, &shapley->rule[points / STEP]));
	b->tree->points = points;
	b->tree->rule = shapley->rule[points / STEP];
	for (int i = 0; i < b->tree->count; i++)
	{
		stop *s = &b->tree->stop[i];

		ML_NEW_RAW(b->host, s->inverse, points);
		for (int k = 0; k < points; k++)
			s->inverse[k] =
			    i == 0 ? 1
			           : 1 / (s->share * b->tree->rule[points + k] + b->tree->rule[k]);
	}
	return ML_OK;
}

ml_status
ml_shapley_create(ml_host *host, const ml_forest *forest, struct ml_shapley **out)
{
	builder *b;

	ML_NEW(host, b, 1);
	ML_NEW(host, b->shapley, 1);
	b->host = host;
	b->shapley->forest = forest;
	b->shapley->trees = forest->trees;
	ML_NEW(host, b->shapley->tree, forest->trees);
	for (int t = 0; t < forest->trees; t++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(make_tree(b, forest, t));
	}
	b->shapley->bias = forest->base + b->expected;
	*out = b->shapley;
	return ML_OK;
}

/* The edges from the root to where the walk is. */
typedef struct trail
{
	const stop *at[ML_MAX_DEPTH + 1];
	bool passed[ML_MAX_DEPTH + 1];       /* o of the edge's feature, down to this edge */
	bool passed_above[ML_MAX_DEPTH + 1]; /* o before this edge */
	bool goes_left[ML_MAX_DEPTH + 1];    /* the row, at the node */
	double *product;                     /* [depth + 1][points] */
	double *sum;                         /* [depth + 1][points] of v times it, below */
} trail;

ALWAYS_INLINE void
scale_by(int points, double ratio, const double *restrict from, double *restrict to)
{
	for (int k = 0; k < points; k++)
		to[k] = from[k] * ratio;
}

/* rule holds t and, points further, 1 - t; inverse is of the factor there was. */
ALWAYS_INLINE void
change_factor(int points, double share, double o, const double *restrict rule,
              const double *restrict inverse, const double *restrict from,
              double *restrict to)
{
	for (int k = 0; k < points; k++)
		to[k] = from[k] * (share * rule[points + k] + o * rule[k]) * inverse[k];
}

ALWAYS_INLINE void
add_sums(int points, const double *restrict from, double *restrict to)
{
	for (int k = 0; k < points; k++)
		to[k] += from[k];
}

/* Goes down an edge: the factor of its feature becomes another one. */
ALWAYS_INLINE void
go_down(const tree_stops *tree, trail *t, int depth, int points)
{
	const stop *here = t->at[depth], *above = t->at[here->before];
	const double *from = t->product + (depth - 1) * points;
	double *to = t->product + depth * points;
	double o;

	/* the root has been passed, its factor is 1 */
	t->passed_above[depth] = t->passed[here->before];
	t->passed[depth] = t->passed_above[depth] && t->goes_left[depth - 1] == here->is_left;
	o = t->passed[depth] ? 1 : 0;
	if (t->passed_above[depth])
		change_factor(points, here->share, o, tree->rule, above->inverse, from, to);
	else
		scale_by(points, here->ratio, from, to);
}

/* Comes back up an edge: what the leaves below it say of its feature. */
ALWAYS_INLINE void
come_up(const tree_stops *tree, trail *t, int depth, int points, double *contribution)
{
	const stop *here = t->at[depth], *above = t->at[here->before];
	const double *sum = t->sum + depth * points, *weight = tree->rule + 2 * points;
	double lane[STEP] = {0};
	double more = 1 - above->share; /* of the root 0 */

	add_sums(points, sum, t->sum + (depth - 1) * points);
	if (!t->passed_above[depth])
		return;
	if (t->passed[depth])
		for (int k = 0; k < points; k += STEP)
			for (int j = 0; j < STEP; j++)
				lane[j] += sum[k + j] * weight[k + j] *
				           ((1 - here->share) * here->inverse[k + j] -
				            more * above->inverse[k + j]);
	else
		for (int k = 0; k < points; k += STEP)
			for (int j = 0; j < STEP; j++)
				lane[j] -= sum[k + j] * (weight[points + k + j] +
				                         weight[k + j] * more * above->inverse[k + j]);
	contribution[here->feature] += (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

ALWAYS_INLINE void
explain_tree(const ml_forest *forest, const tree_stops *tree, const double *row,
             int points, trail *t, double *contribution)
{
	int depth = 0;

	t->passed[0] = true;
	for (int i = 0; i < tree->count; i++)
	{
		const stop *here = &tree->stop[i];

		for (; depth >= here->depth && depth > 0; depth--)
			come_up(tree, t, depth, points, contribution);
		depth = here->depth;
		t->at[depth] = here;
		if (depth > 0)
			go_down(tree, t, depth, points);
		else
			for (int k = 0; k < points; k++)
				t->product[k] = 1;
		for (int k = 0; k < points; k++)
			t->sum[depth * points + k] =
			    here->node->feature < 0
			        ? here->node->value * t->product[depth * points + k]
			        : 0;
		if (here->node->feature >= 0)
			t->goes_left[depth] = ml_goes_left(here->node, row);
	}
	for (; depth > 0; depth--)
		come_up(tree, t, depth, points, contribution);
}

/* The compiler knows the number of points that most trees need. */
ML_HOT static void
explain_trees(const struct ml_shapley *shapley, const double *row, trail *t,
              double *contribution)
{
	for (int i = 0; i < shapley->trees; i++)
	{
		const tree_stops *tree = &shapley->tree[i];

		if (tree->points == STEP)
			explain_tree(shapley->forest, tree, row, STEP, t, contribution);
		else if (tree->points == 2 * STEP)
			explain_tree(shapley->forest, tree, row, 2 * STEP, t, contribution);
		else
			explain_tree(shapley->forest, tree, row, tree->points, t, contribution);
	}
}

void
ml_shapley_explain(const struct ml_shapley *shapley, const double *row,
                   double *contribution, double *bias)
{
	double product[(ML_MAX_DEPTH + 1) * MOST_POINTS];
	double sum[(ML_MAX_DEPTH + 1) * MOST_POINTS];
	trail t;

	t.product = product;
	t.sum = sum;
	explain_trees(shapley, row, &t, contribution);
	*bias = shapley->bias;
}
