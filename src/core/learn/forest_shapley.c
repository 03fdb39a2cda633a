/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_shapley.c: laying out a forest for Shapley values; forest_explain.c says why.
 */
#include "learn/learn.h"
#include "learn/shapley.h"

#include <math.h>
#include <string.h>

#define STEP ML_SHAPLEY_STEP
#define LINE 64          /* bytes that memory is fetched in */
#define LABELS_A_FORK 32 /* words of answers that a question about a category may take */

/* Of a tree's nodes; of inner ones where an array says nothing else. */
typedef struct builder
{
	ml_host *host;
	const ml_forest *forest;
	struct ml_shapley *shapley;
	ml_shapley_tree *tree;
	const ml_node *node;
	int nodes;
	int *parent;    /* of any node */
	int *different; /* of any node: features asked about above it */
	double *reach;  /* of any node: share of the tree's cover */
	int *above;    /* the nearest node above that asks about the same feature; -1: none */
	bool *is_left; /* is it on the left of that one? */
	double *share; /* x: product of the cover ratios at these nodes */
	int *place;    /* of forks, cherries, and leaves of forks */
	int *at;       /* [places] node */
	int *asked;    /* [features] questions about a category */
	double *tilt;  /* what is left of the tree's room for them */
} builder;

ml_status
ml_shapley_room(ml_host *host, int64_t count, double **room)
{
	double *all;

	ML_NEW(host, all, count + LINE / (int64_t) sizeof *all);
	*room = (double *) (((uintptr_t) all + LINE - 1) / LINE * LINE);
	return ML_OK;
}

/*
 * Gauss and Legendre's points t and weights on [0, 1], by Newton's method on Legendre's
 * polynomial: [6][points] weights; h and g of a failed row, 1 and 0; h and g of a feature
 * that has not been asked about, 1 - t and 1; t.
 */
static ml_status
make_rule(ml_host *host, int points, double **out)
{
	double *rule;

	ML_TRY(ml_shapley_room(host, 6 * (int64_t) points, &rule));
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
		rule[i] = 1 / ((1 - x * x) * slope * slope);
		rule[points + i] = 1;
		rule[3 * points + i] = (1 - x) / 2;
		rule[4 * points + i] = 1;
		rule[5 * points + i] = (1 + x) / 2;
	}
	*out = rule;
	return ML_OK;
}

static bool
is_leaf(const builder *b, int node)
{
	return b->node[node].feature < 0;
}

static bool
is_cherry(const builder *b, int node)
{
	return is_leaf(b, b->node[node].left) && is_leaf(b, b->node[node].right);
}

/* The child on that side, 1 being the left. */
static int
child_of(const builder *b, int node, int side)
{
	return side == 1 ? b->node[node].left : b->node[node].right;
}

/* How an inner node stands to those above it, which have been looked at. */
static void
look_up(builder *b, int node)
{
	int below = node, above = b->parent[node];

	while (above >= 0 && b->node[above].feature != b->node[node].feature)
	{
		below = above;
		above = b->parent[above];
	}
	b->above[node] = above;
	b->share[node] = 1;
	if (above >= 0)
	{
		b->is_left[node] = below == b->node[above].left;
		b->share[node] = b->share[above] * (b->node[below].cover / b->node[above].cover);
	}
	for (int side = 0; side < 2; side++)
	{
		int child = child_of(b, node, side);

		b->parent[child] = node;
		b->different[child] = b->different[node] + (above < 0);
		b->reach[child] = b->reach[node] * (b->node[child].cover / b->node[node].cover);
	}
}

/* Sets the number of points by the most features on a path, and adds to the bias. */
static ml_status
look_at_nodes(builder *b, int *repeats)
{
	struct ml_shapley *shapley = b->shapley;
	int most = 1, points;

	b->parent[0] = -1;
	b->different[0] = *repeats = 0;
	b->reach[0] = 1;
	for (int i = 0; i < b->nodes; i++)
	{
		if (is_leaf(b, i))
		{
			most = b->different[i] > most ? b->different[i] : most;
			shapley->bias += b->reach[i] * b->node[i].value;
			continue;
		}
		look_up(b, i);
		*repeats += b->above[i] >= 0;
	}
	points = ((most + 1) / 2 + STEP - 1) / STEP * STEP;
	if (shapley->rule[points / STEP] == NULL)
		ML_TRY(make_rule(b->host, points, &shapley->rule[points / STEP]));
	b->tree->points = points;
	b->tree->rule = shapley->rule[points / STEP];
	return ML_OK;
}

static ml_status
give_places(builder *b)
{
	ml_shapley_tree *tree = b->tree;
	int next = 0;

	for (int i = 0; i < b->nodes; i++)
		if (!is_leaf(b, i) && !is_cherry(b, i))
			b->at[b->place[i] = next++] = i;
	tree->forks = next;
	for (int i = 0; i < b->nodes; i++)
		if (!is_leaf(b, i) && is_cherry(b, i))
			b->at[b->place[i] = next++] = i;
	tree->cherries = next - tree->forks;
	tree->words = (next + 63) / 64;
	if (next > b->shapley->forks)
		b->shapley->forks = next;
	ML_NEW(b->host, tree->leaf, b->nodes - next);
	for (int i = 1; i < b->nodes; i++)
		if (is_leaf(b, i) && !is_cherry(b, b->parent[i]))
		{
			tree->leaf[tree->leaves++] = b->node[i].value;
			b->at[b->place[i] = next++] = i;
		}
	tree->first = b->node;
	ML_NEW(b->host, tree->node, next - tree->forks);
	for (int p = tree->forks; p < next; p++)
		tree->node[p - tree->forks] = b->at[p];
	if ((int64_t) next * tree->points > b->shapley->vectors)
		b->shapley->vectors = (int64_t) next * tree->points;
	return ML_OK;
}

/* A place in the row's state: 1 always says yes; each fork has one for either side. */
static ml_bond
bond_of(builder *b, int node)
{
	int points = b->tree->points, above = b->above[node];
	const double *rule = b->tree->rule;
	double x = b->share[node];
	ml_bond bond = {.tilt = {rule + points, rule + 3 * points},
	                .passed = 1,
	                .lane = STEP * b->node[node].feature};

	if (above < 0)
		return bond;
	bond.passed = 2 + 2 * b->place[above] + b->is_left[node];
	bond.tilt[1] = b->tilt;
	for (int k = 0; k < points; k++)
	{
		double factor = x * rule[3 * points + k] + rule[5 * points + k];

		b->tilt[k] = x * rule[3 * points + k] / factor;
		b->tilt[points + k] = x / (factor * factor);
	}
	b->tilt += 2 * points;
	return bond;
}

static ml_status
make_forks(builder *b, int repeats)
{
	ml_shapley_tree *tree = b->tree;
	int points = tree->points;

	ML_NEW(b->host, tree->fork, tree->forks);
	ML_NEW(b->host, tree->cherry, tree->cherries);
	ML_TRY(ml_shapley_room(b->host, 2 * (int64_t) points * repeats, &b->tilt));
	for (int p = 0; p < tree->forks + tree->cherries; p++)
	{
		int node = b->at[p];
		ml_bond bond = bond_of(b, node);

		for (int side = 0; side < 2; side++)
		{
			int same = child_of(b, node, side), other = child_of(b, node, 1 - side);
			double ratio = b->node[other].cover / b->node[node].cover;
			ml_cherry *cherry = &tree->cherry[p - tree->forks];

			if (p < tree->forks)
			{
				tree->fork[p].bond = bond;
				tree->fork[p].way[side] =
				    (ml_way){ratio, points * b->place[same], points * b->place[other]};
				continue;
			}
			cherry->bond = bond;
			cherry->value[side] = b->node[same].value;
			cherry->step[side] = ratio * (b->node[other].value - b->node[same].value);
		}
	}
	return ML_OK;
}

/* Answers to the questions about one category. */
static ml_status
answer_labels(builder *b, int feature)
{
	ml_shapley_tree *tree = b->tree;
	int64_t levels = b->shapley->schema->feature[feature].levels;
	bool is_wide = (levels + 1) * tree->words > LABELS_A_FORK * b->asked[feature];
	uint64_t *word = NULL;

	if (!is_wide)
	{
		ML_NEW(b->host, word, (levels + 1) * tree->words);
		tree->answer[tree->answers++] = (ml_label_answers){feature, word};
	}
	for (int p = 0; p < tree->forks + tree->cherries; p++)
	{
		const ml_node *node = &b->node[b->at[p]];
		uint64_t bit = UINT64_C(1) << (p % 64);

		if (node->feature != feature)
			continue;
		if (is_wide)
		{
			tree->label[tree->labels++] = (ml_label_question){node, p};
			continue;
		}
		for (int64_t i = 0; i < node->set_count; i++)
			word[node->code[i] * (int64_t) tree->words + p / 64] |= bit;
		if (node->missing_left)
			word[levels * tree->words + p / 64] |= bit;
	}
	return ML_OK;
}

static ml_status
make_questions(builder *b)
{
	ml_shapley_tree *tree = b->tree;
	int features = b->shapley->schema->features, count = tree->forks + tree->cherries;
	int numbers = 0, categories = 0;

	ML_NEW(b->host, tree->number, count);
	ML_NEW(b->host, tree->number_end, tree->words);
	ML_NEW(b->host, tree->label, count);
	memset(b->asked, 0, (size_t) features * sizeof *b->asked);
	for (int p = 0; p < count; p++)
	{
		const ml_node *node = &b->node[b->at[p]];

		if (node->threshold == node->threshold)
			tree->number[numbers++] = (ml_number_question){
			    node->threshold, 2 * node->feature + node->missing_left, p % 64};
		else
			categories += b->asked[node->feature]++ == 0;
		tree->number_end[p / 64] = numbers;
	}
	ML_NEW(b->host, tree->answer, categories);
	for (int f = 0; f < features; f++)
		if (b->asked[f] > 0)
			ML_TRY(answer_labels(b, f));
	return ML_OK;
}

static ml_status
open_builder(ml_host *host, const ml_schema *schema, const ml_forest *forest, builder *b)
{
	int64_t most = 1;

	*b = (builder){.host = host, .forest = forest};
	for (int t = 0; t < forest->trees; t++)
		if (forest->first[t + 1] - forest->first[t] > most)
			most = forest->first[t + 1] - forest->first[t];
	ML_NEW(host, b->parent, most);
	ML_NEW(host, b->different, most);
	ML_NEW(host, b->reach, most);
	ML_NEW(host, b->above, most);
	ML_NEW(host, b->is_left, most);
	ML_NEW(host, b->share, most);
	ML_NEW(host, b->place, most);
	ML_NEW(host, b->at, most);
	ML_NEW(host, b->asked, schema->features);
	ML_NEW(host, b->shapley, 1);
	b->shapley->schema = schema;
	b->shapley->forest = forest;
	b->shapley->bias = forest->base;
	b->shapley->trees = forest->trees;
	ML_NEW(host, b->shapley->tree, forest->trees);
	return ML_OK;
}

ml_status
ml_shapley_create(ml_host *host, const ml_schema *schema, const ml_forest *forest,
                  struct ml_shapley **out)
{
	builder b;
	int repeats;

	ML_TRY(open_builder(host, schema, forest, &b));
	for (int t = 0; t < forest->trees; t++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		b.tree = &b.shapley->tree[t];
		b.node = forest->node + forest->first[t];
		b.nodes = (int) (forest->first[t + 1] - forest->first[t]);
		ML_TRY(look_at_nodes(&b, &repeats));
		ML_TRY(give_places(&b));
		ML_TRY(make_forks(&b, repeats));
		ML_TRY(make_questions(&b));
	}
	return ml_shapley_share(host, b.shapley, out);
}
