/* SPDX-License-Identifier: PostgreSQL */
/*
 * learner.c: the table of learners, and learned arrays by name.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

const ml_learner *const ml_learner_table[] = {
    &ml_linear,          &ml_logistic,          &ml_poisson,
    &ml_gamma,           &ml_negative_binomial, &ml_multinomial,
    &ml_boosted_classes, &ml_boosted_several,   &ml_boosted_values,
    &ml_forest_classes,  &ml_forest_several,    &ml_forest_values,
    &ml_tree_classes,    &ml_tree_several,      &ml_tree_values,
    &ml_kmeans_learner,  &ml_mixture_learner,   &ml_hierarchical};
const int ml_learner_count = sizeof ml_learner_table / sizeof *ml_learner_table;

const ml_learner *
ml_learner_find(ml_text name)
{
	for (int i = 0; i < ml_learner_count; i++)
		if (ml_text_is(name, ml_learner_table[i]->name))
			return ml_learner_table[i];
	return NULL;
}

const ml_learner *
ml_learner_of_task(ml_text name, ml_task_kind task)
{
	for (int i = 0; i < ml_learner_count; i++)
		if (ml_text_is(name, ml_learner_table[i]->name) &&
		    ml_learner_table[i]->task == task)
			return ml_learner_table[i];
	return NULL;
}

int
ml_likeliest(int classes, const double *number)
{
	int best = 0;

	for (int k = 1; k < classes; k++)
		if (number[k] > number[best])
			best = k;
	return best;
}

const ml_part *
ml_fitted_part(const ml_fitted *fitted, const char *name)
{
	for (int i = 0; i < fitted->parts; i++)
		if (ml_text_is(fitted->part[i].name, name))
			return &fitted->part[i];
	return NULL;
}

const double *
ml_fitted_finite(const ml_fitted *fitted, const char *name, int64_t count)
{
	const ml_part *part = ml_fitted_part(fitted, name);

	if (part == NULL || part->count != count)
		return NULL;
	for (int64_t i = 0; i < count; i++)
		if (!isfinite(part->number[i]))
			return NULL;
	return part->number;
}

/* A further array of zeros, for the learner to fill. */
ml_status
ml_fitted_add(ml_host *host, ml_fitted *fitted, const char *name, int64_t count,
              double **number)
{
	ML_NEW(host, *number, count);
	fitted->part[fitted->parts++] = (ml_part){
	    .name = {name, (int32_t) strlen(name)}, .number = *number, .count = count};
	return ML_OK;
}

ml_status
ml_fitted_scalar(ml_host *host, ml_fitted *fitted, const char *name, double number)
{
	double *at;

	ML_TRY(ml_fitted_add(host, fitted, name, 1, &at));
	*at = isfinite(number) ? number : NAN;
	return ML_OK;
}
