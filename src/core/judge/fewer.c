/* SPDX-License-Identifier: PostgreSQL */
/*
 * fewer.c: would boosting have done better to stop earlier?
 *
 * A training AUC near 1 is what boosting comes to on few rows, good or bad.  It has gone too far if the
 * first half or the first quarter of its trees has a loss on the holdout that is smaller by more than a little,
 * and not by chance: the paired test of the difference decides.
 */
#include "judge/compare.h"

#include <string.h>

#define CERTAIN 0.01
#define MATTERS 1.05 /* times the smaller loss */
#define FEWEST 4     /* rounds that can be quartered */

static const int parts[] = {2, 4}; /* a half, a quarter */

/* What the model says of the holdout's rows, as it was before a calibration. */
static ml_status
judge_holdout(ml_host *host, const ml_problem *problem, const ml_model *model,
              ml_judged *judged)
{
	ml_rows rows = {.frame = problem->frame, .end = problem->judged};
	ml_truth truth = {.score = NULL};
	double *target, *weight;
	int *column;

	ML_NEW(host, column, model->schema.features);
	for (int f = 0; f < model->schema.features; f++)
		column[f] = model->schema.feature[f].column;
	rows.column = column;
	ML_TRY(ml_numbers_of_range(host, problem->target, 0, rows.end, &target));
	ML_TRY(ml_numbers_of_range(host, problem->weight, 0, rows.end, &weight));
	truth.target = target;
	truth.weight = weight;
	return ml_judged_score(host, model, &rows, &truth, judged);
}

/* What is minimized, or next to it. */
static const ml_difference *
loss_of(const ml_comparison *comparison)
{
	static const char *const loss[] = {"log_loss", "deviance", "rmse"};

	for (size_t i = 0; i < sizeof loss / sizeof *loss; i++)
		for (int m = 0; m < comparison->metrics; m++)
			if (strcmp(comparison->metric[m].name, loss[i]) == 0)
				return &comparison->metric[m];
	return NULL;
}

/* Takes over what so many trees do if that is better than what has been found. */
static ml_status
try_trees(ml_host *host, const ml_problem *problem, const ml_model *model,
          const ml_judged *whole, ml_fewer *found)
{
	ml_model first = *model;
	ml_comparison comparison;
	const ml_difference *loss;
	ml_judged judged;
	int trees = found->trees;

	ml_forest_first(&model->fitted, trees, &first.fitted);
	ML_TRY(first.learner->prepare(host, &first.schema, &first.fitted, &first.options,
	                              &first.state));
	first.equipped = false;
	ML_TRY(ml_model_equip(host, &first));
	ML_TRY(judge_holdout(host, problem, &first, &judged));
	ML_TRY(ml_judge_pair(host, &judged, whole, &comparison));
	loss = loss_of(&comparison);
	found->trees = 0;
	if (loss != NULL && loss->b > MATTERS * loss->a && loss->p < CERTAIN)
		*found = (ml_fewer){.trees = trees,
		                    .all = found->all,
		                    .metric = loss->name,
		                    .value = loss->a,
		                    .of_all = loss->b};
	return ML_OK;
}

ml_status
ml_try_fewer(ml_host *host, const ml_problem *problem, const ml_model *model,
             ml_fewer *fewer)
{
	const ml_part *trees = ml_fitted_part(&model->fitted, "tree_nodes");
	const ml_part *base = ml_fitted_part(&model->fitted, "base");
	ml_model plain = *model;
	ml_judged whole;

	*fewer = (ml_fewer){0};
	if (trees == NULL || base == NULL || trees->count < FEWEST * base->count)
		return ML_OK;
	plain.calibration.kind = ML_CALIBRATION_NONE;
	ML_TRY(judge_holdout(host, problem, &plain, &whole));
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
	{
		int64_t rounds = trees->count / base->count / parts[i];
		ml_fewer tried = {.trees = (int) (rounds * base->count),
		                  .all = (int) trees->count};

		ML_TRY(try_trees(host, problem, &plain, &whole, &tried));
		if (tried.trees > 0 && (fewer->trees == 0 || tried.value < fewer->value))
			*fewer = tried;
	}
	return ML_OK;
}
