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
 * Gauss and Legendre's rule with half as many points is exact.
 *
 * At every point a node has two numbers: P, the product of the factors f of the questions
 * above it, and R, the sum over the leaves below it of v times the factors that come on the
 * way there.  At a node that asks about feature i, of whose cover the side that the row does
 * not take has the share r,
 *
 *	P_other = P r h,   P_same = P - P_other,   R = R_same + r h (R_other - R_same),
 *	phi_i += Integral P r g (R_same - R_other) dt.
 *
 * Where i is asked about for the first time, h = 1 - t and g = 1.  Where the row has passed the
 * questions about i above, with x the product of their cover ratios and f = x (1 - t) + t,
 * h = x (1 - t) / f and g = x / f^2.  Where it has failed one, h = 1 and g = 0.  So one walk
 * down for P and one up for R suffice, a few operations per node and point, none depending on
 * what the row answers but by way of addresses.
 *
 * Points fill vectors.  A contribution is added up in lanes, and those in a fixed order, so
 * all processors answer the same bits.
 */
#include "learn/learn.h"
#include "learn/shapley.h"

#include <math.h>
#include <string.h>

/* Into each of the clones of the function that loops over trees. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define STEP ML_SHAPLEY_STEP

/* What processors without vectors of that length have, the compiler makes of it. */
typedef double vector __attribute__((vector_size(STEP * sizeof(double)), may_alias));

typedef struct taken
{
	const ml_way *way;
	const double *tilt;
} taken;

struct ml_shapley_work
{
	double *number;  /* [features][2] missing is above, below all thresholds */
	int32_t *code;   /* [features] of a category; missing is behind the last */
	uint64_t *left;  /* bit per fork and cherry: where the row goes */
	uint8_t *passed; /* 0, 1, then right and left of each fork: has the row passed? */
	taken *taken;    /* of each fork */
	double *product; /* P of each place */
	double *sum;     /* R of each place */
	double *lane;    /* [features][STEP] less what they contribute */
	/* of a tree whose leaves are worth something else */
	ml_shapley_tree tree;
	ml_cherry *cherry;
	double *leaf;
};

ml_status
ml_shapley_share(ml_host *host, const struct ml_shapley *shapley, struct ml_shapley **out)
{
	int64_t features = shapley->schema->features, forks = shapley->forks;
	struct ml_shapley *mine;
	struct ml_shapley_work *work;

	ML_NEW(host, mine, 1);
	ML_NEW(host, work, 1);
	*mine = *shapley;
	mine->work = work;
	ML_NEW(host, work->number, 2 * features);
	ML_NEW(host, work->code, features);
	ML_NEW(host, work->left, forks / 64 + 1);
	ML_NEW(host, work->passed, 2 + 2 * forks);
	ML_NEW(host, work->taken, forks);
	ML_NEW(host, work->cherry, forks);
	ML_NEW(host, work->leaf, forks + 1);
	/* a tree of one leaf has no place, but its root has points */
	ML_TRY(ml_shapley_room(host, shapley->vectors + STEP, &work->product));
	ML_TRY(ml_shapley_room(host, shapley->vectors, &work->sum));
	ML_TRY(ml_shapley_room(host, STEP * features, &work->lane));
	work->passed[1] = 1;
	*out = mine;
	return ML_OK;
}

/* Where the row goes at all forks and cherries. */
ALWAYS_INLINE void
answer(const ml_shapley_tree *tree, const double *row, struct ml_shapley_work *work)
{
	int next = 0;

	for (int i = 0; i < tree->words; i++)
	{
		uint64_t left = 0;

		for (int a = 0; a < tree->answers; a++)
		{
			const ml_label_answers *answer = &tree->answer[a];

			left |= answer->word[work->code[answer->feature] * (int64_t) tree->words + i];
		}
		for (; next < tree->number_end[i]; next++)
		{
			const ml_number_question *question = &tree->number[next];

			left |= (uint64_t) (work->number[question->input] <= question->threshold)
			        << question->bit;
		}
		work->left[i] = left;
	}
	for (int i = 0; i < tree->labels; i++)
	{
		const ml_label_question *question = &tree->label[i];

		work->left[question->place / 64] |= (uint64_t) ml_goes_left(question->node, row)
		                                    << (question->place % 64);
	}
}

ALWAYS_INLINE int
goes_left(const struct ml_shapley_work *work, unsigned place)
{
	return work->left[place / 64] >> (place % 64) & 1;
}

/* P of all places. */
ALWAYS_INLINE void
go_down(const ml_shapley_tree *tree, struct ml_shapley_work *work, int points)
{
	uint8_t *restrict passed = work->passed;
	double *restrict product = work->product;

	memcpy(product, tree->rule, (size_t) points * sizeof *product);
	for (int i = 0; i < tree->forks; i++)
	{
		const ml_fork *fork = &tree->fork[i];
		int left = goes_left(work, (unsigned) i);
		uint8_t has_passed = passed[fork->bond.passed];
		const ml_way *way = &fork->way[left];
		const double *tilt = fork->bond.tilt[has_passed], *from = product + i * points;
		double *same = product + way->same, *other = product + way->other;

		passed[2 + 2 * i + left] = has_passed;
		passed[2 + 2 * i + !left] = 0;
		work->taken[i] = (taken){way, tilt};
		for (int k = 0; k < points; k += STEP)
		{
			vector all = *(const vector *) (from + k);
			vector lost = all * (way->ratio * *(const vector *) (tilt + k));

			*(vector *) (other + k) = lost;
			*(vector *) (same + k) = all - lost;
		}
	}
}

/* R of the cherries, and what they contribute. */
ALWAYS_INLINE void
pick(const ml_shapley_tree *tree, struct ml_shapley_work *work, int points)
{
	for (int i = 0; i < tree->cherries; i++)
	{
		const ml_cherry *cherry = &tree->cherry[i];
		int place = tree->forks + i, left = goes_left(work, (unsigned) place);
		const double *tilt = cherry->bond.tilt[work->passed[cherry->bond.passed]];
		const double *product = work->product + place * points;
		double *to = work->sum + place * points, *lane = work->lane + cherry->bond.lane;
		double value = cherry->value[left], step = cherry->step[left];
		vector total = *(const vector *) lane;

		for (int k = 0; k < points; k += STEP)
		{
			*(vector *) (to + k) = value + *(const vector *) (tilt + k) * step;
			total += *(const vector *) (product + k) *
			         *(const vector *) (tilt + points + k) * step;
		}
		*(vector *) lane = total;
	}
}

/* R of the forks, and what they contribute. */
ALWAYS_INLINE void
come_up(const ml_shapley_tree *tree, struct ml_shapley_work *work, int points)
{
	for (int i = tree->forks - 1; i >= 0; i--)
	{
		const taken *taken = &work->taken[i];
		const double *tilt = taken->tilt, *product = work->product + i * points;
		const double *same = work->sum + taken->way->same;
		const double *other = work->sum + taken->way->other;
		double *to = work->sum + i * points, ratio = taken->way->ratio;
		double *lane = work->lane + tree->fork[i].bond.lane;
		vector total = *(const vector *) lane;

		for (int k = 0; k < points; k += STEP)
		{
			vector kept = *(const vector *) (same + k);
			vector step = ratio * (*(const vector *) (other + k) - kept);

			*(vector *) (to + k) = kept + *(const vector *) (tilt + k) * step;
			total += *(const vector *) (product + k) *
			         *(const vector *) (tilt + points + k) * step;
		}
		*(vector *) lane = total;
	}
}

ALWAYS_INLINE void
explain_tree(const ml_shapley_tree *tree, const double *row, int points,
             struct ml_shapley_work *work)
{
	double *leaf = work->sum + (tree->forks + tree->cherries) * points;

	for (int i = 0; i < tree->leaves; i++)
		for (int k = 0; k < points; k += STEP)
			*(vector *) (leaf + i * points + k) = tree->leaf[i] + (vector){0};
	answer(tree, row, work);
	go_down(tree, work, points);
	pick(tree, work, points);
	come_up(tree, work, points);
}

static double
value_of(const struct ml_shapley *shapley, const ml_leaf_values *values,
         const ml_node *leaf)
{
	int64_t number = values->leaf[leaf - shapley->forest->node];

	return values->value[number * values->stride];
}

/* The same tree with other values, until the next one. */
static const ml_shapley_tree *
revalue(const struct ml_shapley *shapley, const ml_shapley_tree *tree,
        const ml_leaf_values *values)
{
	struct ml_shapley_work *work = shapley->work;

	for (int i = 0; i < tree->cherries; i++)
	{
		const ml_node *node = tree->first + tree->node[i];
		const ml_node *left = tree->first + node->left,
		              *right = tree->first + node->right;
		double step = value_of(shapley, values, left) - value_of(shapley, values, right);

		work->cherry[i] = (ml_cherry){
		    .value = {value_of(shapley, values, right), value_of(shapley, values, left)},
		    .step = {left->cover / node->cover * step,
		             -right->cover / node->cover * step},
		    .bond = tree->cherry[i].bond};
	}
	for (int i = 0; i < tree->leaves; i++)
		work->leaf[i] =
		    value_of(shapley, values, tree->first + tree->node[tree->cherries + i]);
	work->tree = *tree;
	work->tree.cherry = work->cherry;
	work->tree.leaf = work->leaf;
	return &work->tree;
}

/* The compiler knows the number of points that most trees need. */
ML_HOT static void
explain_trees(const struct ml_shapley *shapley, const double *row,
              const ml_leaf_values *values)
{
	struct ml_shapley_work *work = shapley->work;

	for (int i = 0; i < shapley->trees; i++)
	{
		const ml_shapley_tree *tree = &shapley->tree[i];

		if (values != NULL)
			tree = revalue(shapley, tree, values);
		if (tree->points == STEP)
			explain_tree(tree, row, STEP, work);
		else if (tree->points == 2 * STEP)
			explain_tree(tree, row, 2 * STEP, work);
		else
			explain_tree(tree, row, tree->points, work);
	}
}

/* The row as questions read it. */
static void
take_row(const ml_schema *schema, const double *row, struct ml_shapley_work *work)
{
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].kind == ML_NUMBER)
		{
			work->number[2 * f] = row[f] == row[f] ? row[f] : INFINITY;
			work->number[2 * f + 1] = row[f] == row[f] ? row[f] : -INFINITY;
		}
		else
			work->code[f] = row[f] >= 0 ? (int32_t) row[f] : schema->feature[f].levels;
}

void
ml_shapley_explain_values(const struct ml_shapley *shapley, const double *row,
                          const ml_leaf_values *values, double *contribution)
{
	struct ml_shapley_work *work = shapley->work;
	int features = shapley->schema->features;

	take_row(shapley->schema, row, work);
	memset(work->lane, 0, (size_t) features * STEP * sizeof *work->lane);
	explain_trees(shapley, row, values);
	for (int f = 0; f < features; f++)
	{
		const double *lane = work->lane + STEP * f;

		contribution[f] -= (lane[0] + lane[1]) + (lane[2] + lane[3]);
	}
}

void
ml_shapley_explain(const struct ml_shapley *shapley, const double *row,
                   double *contribution, double *bias)
{
	ml_shapley_explain_values(shapley, row, NULL, contribution);
	*bias = shapley->bias;
}
