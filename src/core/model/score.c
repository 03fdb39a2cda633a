/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.c: using a model on one row, or on many.
 */
#include "model/model.h"

#include <math.h>

ml_status
ml_model_prepare(ml_host *host, ml_model *model)
{
	ML_TRY(ml_calibration_read(&model->fitted, model->schema.task, &model->calibration));
	return model->learner->prepare(host, &model->schema, &model->fitted, &model->options,
	                               &model->state);
}

/* Makes something ready of all parts. */
static ml_status
make_of_parts(ml_host *host, const ml_by *by,
              ml_status (*make)(ml_host *host, ml_model *part))
{
	for (int g = 0; g < by->groups; g++)
		ML_TRY(make(host, by->group[g].model));
	return make(host, by->overall);
}

ml_status
ml_model_equip(ml_host *host, ml_model *model)
{
	if (model->by != NULL)
		ML_TRY(make_of_parts(host, model->by, ml_model_equip));
	else if (!model->equipped && model->learner->equip != NULL)
		ML_TRY(model->learner->equip(host, &model->schema, model->state));
	model->equipped = true;
	return ML_OK;
}

ml_status
ml_model_lay_out(ml_host *host, ml_model *model)
{
	if (model->by != NULL)
		return make_of_parts(host, model->by, ml_model_lay_out);
	if (!model->laid_out && model->learner->lay_out != NULL)
		ML_TRY(model->learner->lay_out(host, &model->schema, model->state));
	model->laid_out = true;
	return ML_OK;
}

static inline double
score_of_margin(const ml_model *model, double margin)
{
	double score = model->learner->respond(model->state, margin);

	return model->calibration.kind == ML_CALIBRATION_NONE
	           ? score
	           : ml_calibrated(&model->calibration, score, margin);
}

/* Margins of all classes become their probabilities. */
static void
probabilities_of(const ml_learner *learner, int classes, double *margin)
{
	double most = margin[ml_likeliest(classes, margin)], sum = 0;

	for (int k = 0; k < classes; k++)
		sum += margin[k] =
		    learner->margins_are_shares ? margin[k] : exp(margin[k] - most);
	for (int k = 0; k < classes; k++)
		margin[k] /= sum;
}

/* Of the classes of a model that is no part and has none. */
static void
own_probabilities(const ml_model *model, const double *row, double *probability)
{
	if (model->learner->margins != NULL)
	{
		model->learner->margins(model->state, row, probability);
		probabilities_of(model->learner, model->schema.classes, probability);
		return;
	}
	probability[1] = ml_model_score(model, row);
	probability[0] = 1 - probability[1];
}

void
ml_model_probabilities(const ml_model *model, const double *row, double *probability)
{
	const double *inner;
	const ml_model *part = ml_model_part(model, row, &inner);
	const int *class_of = ml_model_part_classes(model, row);
	int next = model->schema.classes;

	own_probabilities(part, inner, probability);
	if (class_of == NULL)
		return;
	/* from the last one on, each moves up to its class; others the group never had */
	for (int k = part->schema.classes - 1; k >= 0; k--)
	{
		double moved = probability[k];

		while (--next > class_of[k])
			probability[next] = 0;
		probability[next] = moved;
	}
	while (--next >= 0)
		probability[next] = 0;
}

/* The probability that is the score; margins become the probabilities. */
static double
score_of_margins(const ml_model *part, double *margin)
{
	probabilities_of(part->learner, part->schema.classes, margin);
	return margin[part->schema.positive >= 0
	                  ? part->schema.positive
	                  : ml_likeliest(part->schema.classes, margin)];
}

/* Apart, since models without several classes have no use for the room. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static double
score_of_classes(const ml_model *part, const double *row)
{
	double margin[ML_MAX_CLASSES];

	part->learner->margins(part->state, row, margin);
	return score_of_margins(part, margin);
}

double
ml_model_score(const ml_model *model, const double *row)
{
	const ml_model *part = ml_model_part(model, row, &row);

	if (part->learner->margins == NULL)
		return score_of_margin(part, part->learner->margin(part->state, row));
	if (part->learner->distance != NULL)
		return part->learner->distance(part->state, row, ml_model_class(part, row));
	return score_of_classes(part, row);
}

void
ml_model_scores(const ml_model *model, const double *row, int64_t width, int64_t rows,
                double *score)
{
	const ml_learner *learner = model->learner;

	if (model->by != NULL || learner->margins_of_rows == NULL)
	{
		for (int64_t i = 0; i < rows; i++)
			score[i] = ml_model_score(model, row + i * width);
		return;
	}
	learner->margins_of_rows(model->state, row, width, rows, score);
	for (int64_t i = 0; i < rows; i++)
		score[i] = score_of_margin(model, score[i]);
}

/* The likeliest class of one of the model's parts, by its margins. */
static int
class_of_margins(const ml_model *model, const double *row, const ml_model *part,
                 const double *margin)
{
	const int *class_of = ml_model_part_classes(model, row);
	int likeliest = ml_likeliest(part->schema.classes, margin);

	return class_of != NULL ? class_of[likeliest] : likeliest;
}

int
ml_model_class(const ml_model *model, const double *row)
{
	double margin[ML_MAX_CLASSES];
	const double *inner;
	const ml_model *part = ml_model_part(model, row, &inner);

	if (part->learner->margins == NULL)
		return ml_model_class_of_score(model, ml_model_score(part, inner));
	part->learner->margins(part->state, inner, margin);
	return class_of_margins(model, row, part, margin);
}

static double
score_and_class(const ml_model *model, const double *row, int *class)
{
	double margin[ML_MAX_CLASSES];
	const double *inner;
	const ml_model *part = ml_model_part(model, row, &inner);

	part->learner->margins(part->state, inner, margin);
	*class = class_of_margins(model, row, part, margin);
	if (part->learner->distance != NULL)
		return part->learner->distance(part->state, inner,
		                               ml_likeliest(part->schema.classes, margin));
	return score_of_margins(part, margin);
}

void
ml_model_scores_and_classes(const ml_model *model, const double *row, int64_t width,
                            int64_t rows, double *score, int *class)
{
	if (model->learner->margins == NULL)
	{
		ml_model_scores(model, row, width, rows, score);
		for (int64_t i = 0; i < rows; i++)
			class[i] = ml_model_class_of_score(model, score[i]);
		return;
	}
	for (int64_t i = 0; i < rows; i++)
		score[i] = score_and_class(model, row + i * width, &class[i]);
}

int
ml_model_class_of_score(const ml_model *model, double score)
{
	return model->schema.task == ML_BINARY && score >= 0.5;
}
