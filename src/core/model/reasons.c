/* SPDX-License-Identifier: PostgreSQL */
/*
 * reasons.c: the features that make a score high.
 *
 * A feature's contribution is what it adds to the margin beyond what it adds to that of the
 * average row, so a positive one raises the score, or lowers it where the link falls
 * (1 / margin).  Offsets are no reasons: nothing was learned of them.
 */
#include "model/model.h"

#include <math.h>

/* Contributions of less than this share of all are rounding errors. */
#define NOISE 1e-12

/* 1, or -1 for a score that falls with the margin. */
static double
direction(const ml_model *model, double bias)
{
	double at = bias != 0 ? fabs(bias) : 1;

	/* more of one class's margin is more of its probability */
	if (model->learner->respond == NULL)
		return 1;
	return model->learner->respond(model->state, 2 * at) <
	               model->learner->respond(model->state, at)
	           ? -1
	           : 1;
}

int
ml_model_reasons(const ml_model *model, const double *row, int most, double *contribution,
                 int *reason)
{
	const ml_schema *schema = &model->schema;
	const double *inner;
	double bias, sign, least;
	int count = 0;

	ml_model_explain(model, row, contribution, &bias);
	sign = direction(ml_model_part(model, row, &inner), bias);
	least = NOISE * fabs(bias);
	for (int f = 0; f < schema->features; f++)
		least += NOISE * fabs(contribution[f]);
	for (int f = 0; f < schema->features; f++)
	{
		int at = count;

		contribution[f] *= sign;
		if (schema->feature[f].use != ML_USE_TERM || !(contribution[f] > least))
			continue;
		while (at > 0 && contribution[reason[at - 1]] < contribution[f])
			at--;
		if (at == most)
			continue;
		count += count < most;
		for (int i = count - 1; i > at; i--)
			reason[i] = reason[i - 1];
		reason[at] = f;
	}
	return count;
}
