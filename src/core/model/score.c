/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.c: using a model on one row.
 */
#include "model/model.h"

#include <math.h>

/* Margins of all classes become their probabilities. */
static void
probabilities_of(int classes, double *margin)
{
	double most = margin[ml_likeliest(classes, margin)], sum = 0;

	for (int k = 0; k < classes; k++)
		sum += margin[k] = exp(margin[k] - most);
	for (int k = 0; k < classes; k++)
		margin[k] /= sum;
}

void
ml_model_probabilities(const ml_model *model, const double *row, double *probability)
{
	if (model->schema.task == ML_MULTICLASS)
	{
		model->learner->margins(model->state, row, probability);
		probabilities_of(model->schema.classes, probability);
		return;
	}
	probability[1] = ml_model_score(model, row);
	probability[0] = 1 - probability[1];
}

double
ml_model_score(const ml_model *model, const double *row)
{
	double probability[ML_MAX_CLASSES];

	if (model->schema.task != ML_MULTICLASS)
		return model->learner->respond(model->state,
		                               model->learner->margin(model->state, row));
	ml_model_probabilities(model, row, probability);
	return probability[model->schema.positive >= 0
	                       ? model->schema.positive
	                       : ml_likeliest(model->schema.classes, probability)];
}

double
ml_model_work(const ml_model *model)
{
	return model->learner->work(model->state);
}

int
ml_model_class(const ml_model *model, const double *row)
{
	double margin[ML_MAX_CLASSES];

	if (model->schema.task != ML_MULTICLASS)
		return ml_model_class_of_score(model, ml_model_score(model, row));
	model->learner->margins(model->state, row, margin);
	return ml_likeliest(model->schema.classes, margin);
}

int
ml_model_class_of_score(const ml_model *model, double score)
{
	return model->schema.task == ML_BINARY && score >= 0.5;
}
