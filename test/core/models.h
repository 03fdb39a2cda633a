/* SPDX-License-Identifier: PostgreSQL */
/*
 * models.h: small trained models, and what must hold of any model that was read.
 */
#ifndef MODELS_H
#define MODELS_H

#include "sample.h"

/* A model of every kind of column; linear, logistic (1) or multinomial (2). */
static inline ml_model *
small_model(test_host *t, int kind)
{
	static const char *const learner[] = {"linear", "logistic", "multinomial"};
	static const sample_option options[] = {{"max_categories", 5}, {NULL, 0}};
	sample s = {.seed = 131,
	            .binary = kind == 1,
	            .classes = kind == 2 ? 4 : 0,
	            .id = true,
	            .weight = true};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 300, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, learner[kind], options, &result));
	if (kind == 2)
		result.model->schema.positive = 2;
	return result.model;
}

/* A logistic one on the weight of evidence of the same columns. */
static inline ml_model *
evidence_model(test_host *t)
{
	static const sample_option options[] = {
	    {"max_categories", 5}, {"encode", 0, "woe"}, {"max_bins", 3}, {NULL, 0}};
	sample s = {.seed = 132, .binary = true, .id = true, .weight = true};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 300, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", options, &result));
	return result.model;
}

/* Row number turn of those that touch every label, missing values and extreme numbers. */
static inline void
fill_row(const ml_schema *schema, int turn, double *row)
{
	static const double number[] = {0, NAN, 1e300, -1e300, 5e-324};

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		row[f] = feature->kind == ML_NUMBER ? number[(turn + f + 1) % 5]
		         : turn < feature->levels   ? turn
		                                    : feature->levels - 1;
		if (turn >= 0 && turn < feature->levels - feature->pooled)
			CHECK_INT(ml_feature_code(feature, feature->label[turn]), turn);
	}
}

/* Probabilities of several classes, by a model and by its copy. */
static inline void
check_classes(const ml_model *model, const ml_model *copy, const double *row)
{
	static double probability[ML_MAX_CLASSES], again[ML_MAX_CLASSES];
	int chosen = ml_model_class(model, row), classes = model->schema.classes;
	double sum = 0;

	ml_model_probabilities(model, row, probability);
	ml_model_probabilities(copy, row, again);
	CHECK(chosen >= 0 && chosen < classes);
	CHECK_INT(ml_model_class(copy, row), chosen);
	for (int k = 0; k < classes; k++)
	{
		CHECK_SAME(probability[k], again[k]);
		CHECK(!(probability[k] > probability[chosen]));
		sum += probability[k];
	}
	CHECK(isnan(sum) || fabs(sum - 1) < 1e-12);
}

/* Scores and explains such rows by a model and by its copy. */
static inline void
check_scores(test_host *t, ml_model *model, const ml_model *copy)
{
	int features = model->schema.features, labels = 1;
	double *row = ml_alloc_array(&t->core, ml_model_room(model), sizeof *row);
	double *contribution = ml_alloc_array(&t->core, features, sizeof *row);

	REQUIRE(copy->schema.features == features && copy->learner == model->learner);
	REQUIRE_OK(ml_model_lay_out(&t->core, model));
	for (int f = 0; f < features; f++)
		if (model->schema.feature[f].levels > labels)
			labels = model->schema.feature[f].levels;
	for (int turn = -1; turn < labels; turn++)
	{
		double score, bias;

		fill_row(&copy->schema, turn, row);
		fill_row(&model->schema, turn, row);
		score = ml_model_score(model, row);
		CHECK_SAME(ml_model_score(copy, row), score);
		if (model->schema.task == ML_SEGMENTATION)
			CHECK(isnan(score) || score >= 0);
		else if (model->schema.task != ML_REGRESSION)
			CHECK(isnan(score) || (score >= 0 && score <= 1));
		if (model->learner->margins != NULL)
			check_classes(model, copy, row);
		else
			CHECK(ml_model_class(model, row) ==
			      (model->schema.task == ML_BINARY && score >= 0.5));
		ml_model_explain(model, row, contribution, &bias);
	}
}

/* A model that was read can be written, and comes back as the same bytes and scores. */
static inline void
check_canonical(test_host *t, const ml_model *model)
{
	ml_bytes first, second;
	ml_model *again;

	REQUIRE_OK(ml_model_encode(&t->core, model, 0, &first));
	REQUIRE_OK(ml_model_decode(&t->core, first.data, first.length, &again));
	REQUIRE_OK(ml_model_encode(&t->core, again, 0, &second));
	CHECK(test_same_bytes(first, second));
	check_scores(t, again, model);
}

#endif
