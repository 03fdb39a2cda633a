/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_classes.c: a forest for every class.
 *
 * The trees of a class make a margin as those of any forest do, so each class has a forest of
 * its own, with all that scoring and explaining do with one.  Nodes are copied next to each
 * other, as both of them expect.
 */
#include "learn/learn.h"

#include <string.h>

typedef struct class_forests
{
	int classes;
	int positive;
	int features;
	double work;
	ml_forest_state *of; /* [classes] */
} class_forests;

ml_status
ml_class_forest_pick(ml_host *host, const ml_forest *all, int class, ml_forest *out)
{
	int trees = all->trees / all->classes;

	*out = *all;
	out->classes = 0;
	out->base = all->class_base[class];
	out->trees = trees;
	ML_NEW(host, out->first, trees + 1);
	for (int t = 0; t < trees; t++)
	{
		const int64_t *first = &all->first[t * all->classes + class];

		out->first[t + 1] = out->first[t] + first[1] - first[0];
	}
	out->nodes = out->first[trees];
	ML_NEW(host, out->node, out->nodes);
	for (int t = 0; t < trees; t++)
		memcpy(out->node + out->first[t],
		       all->node + all->first[t * all->classes + class],
		       (size_t) (out->first[t + 1] - out->first[t]) * sizeof *out->node);
	return ML_OK;
}

ml_status
ml_class_forests_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                         void **state)
{
	class_forests *forests;
	ml_forest all;

	ML_TRY(ml_forest_read(host, schema, fitted, &all));
	if (all.classes == 0)
		return ML_BAD_MODEL;
	ML_NEW(host, forests, 1);
	forests->classes = all.classes;
	forests->positive = schema->positive;
	forests->features = schema->features;
	ML_NEW(host, forests->of, all.classes);
	for (int k = 0; k < all.classes; k++)
	{
		ML_TRY(ml_class_forest_pick(host, &all, k, &forests->of[k].forest));
		ML_TRY(ml_forest_begin(host, schema, &forests->of[k]));
		forests->work += ml_forest_work(&forests->of[k]) + 10;
	}
	*state = forests;
	return ML_OK;
}

ml_status
ml_class_forests_equip(ml_host *host, const ml_schema *schema, void *state)
{
	class_forests *forests = state;

	for (int k = 0; k < forests->classes; k++)
		ML_TRY(ml_forest_equip(host, schema, &forests->of[k]));
	return ML_OK;
}

ml_status
ml_class_forests_lay_out(ml_host *host, const ml_schema *schema, void *state)
{
	class_forests *forests = state;

	for (int k = 0; k < forests->classes; k++)
		ML_TRY(ml_forest_lay_out(host, schema, &forests->of[k]));
	return ML_OK;
}

double
ml_class_forests_work(const void *state)
{
	return ((const class_forests *) state)->work;
}

void
ml_class_forests_margins(const void *state, const double *row, double *margin)
{
	const class_forests *forests = state;

	for (int k = 0; k < forests->classes; k++)
		margin[k] = ml_forest_margin(&forests->of[k], row);
}

const ml_forest_state *
ml_class_forests_of(const void *state, int class)
{
	return &((const class_forests *) state)->of[class];
}

/* The margin of a class less the mean of all; see learner.h. */
void
ml_class_forests_explain(const void *state, const double *row, double *contribution,
                         double *bias)
{
	const class_forests *forests = state;
	double margin[ML_MAX_CLASSES], one;
	int classes = forests->classes, chosen = forests->positive;

	if (chosen < 0)
	{
		ml_class_forests_margins(state, row, margin);
		chosen = ml_likeliest(classes, margin);
	}
	*bias = 0;
	memset(contribution, 0, (size_t) forests->features * sizeof *contribution);
	/* contributions are added to those that are there: first the mean of all classes */
	for (int k = 0; k < classes; k++)
	{
		ml_shapley_explain(forests->of[k].shapley, row, contribution, &one);
		*bias -= one / classes;
	}
	for (int f = 0; f < forests->features; f++)
		contribution[f] /= -classes;
	ml_shapley_explain(forests->of[chosen].shapley, row, contribution, &one);
	*bias += one;
}
