/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.c: using a model on one row.
 */
#include "model/model.h"

double
ml_model_score(const ml_model *model, const double *row)
{
	return model->learner->respond(model->state,
	                               model->learner->margin(model->state, row));
}

double
ml_model_work(const ml_model *model)
{
	return model->learner->work(model->state);
}

int
ml_model_class(const ml_model *model, double score)
{
	return model->schema.task == ML_BINARY && score >= 0.5;
}
