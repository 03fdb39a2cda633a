/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_score.c: scores and classes of one row.
 */
#include "models.h"

static void
scores_by_the_margin(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		ml_model *model = small_model(t, binary);
		double row[SAMPLE_COLUMNS];

		for (int turn = -1; turn < 8; turn++)
		{
			double margin;

			fill_row(&model->schema, turn, row);
			margin = model->learner->margin(model->state, row);
			CHECK_SAME(ml_model_score(model, row),
			           model->learner->respond(model->state, margin));
		}
	}
}

static void
calls_classes_from_one_half_on(test_host *t)
{
	ml_model *classes = small_model(t, true), *values = small_model(t, false);

	CHECK_INT(ml_model_class_of_score(classes, 0.5), 1);
	CHECK_INT(ml_model_class_of_score(classes, nextafter(0.5, 0)), 0);
	CHECK_INT(ml_model_class_of_score(classes, 1), 1);
	CHECK_INT(ml_model_class_of_score(classes, 0), 0);
	CHECK_INT(ml_model_class_of_score(classes, NAN), 0);
	CHECK_INT(ml_model_class_of_score(values, 0.7), 0);
}

/* What is missing counts as the mean, or as its own slot. */
static void
scores_missing_values(test_host *t)
{
	ml_model *model = small_model(t, false);
	double row[SAMPLE_COLUMNS], missing[SAMPLE_COLUMNS];

	fill_row(&model->schema, 1, row);
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_feature *feature = &model->schema.feature[f];

		memcpy(missing, row, sizeof row);
		missing[f] = feature->kind == ML_NUMBER ? NAN : -1;
		CHECK(isfinite(ml_model_score(model, missing)) ||
		      !isfinite(ml_model_score(model, row)));
		if (feature->kind != ML_NUMBER)
			continue;
		row[f] = feature->mean;
		CHECK_SAME(ml_model_score(model, missing), ml_model_score(model, row));
	}
}

/* The planner's costs rest on it: it grows with the features, the task does not matter. */
static void
knows_its_work(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		ml_model *model = small_model(t, binary);

		CHECK(model->schema.features > 1);
		CHECK_INT(ml_model_work(model), model->schema.features);
	}
}

TEST_MAIN({scores_by_the_margin, "the score is that of the margin"},
          {calls_classes_from_one_half_on, "positive is called from one half on"},
          {scores_missing_values, "a missing number scores as the mean"},
          {knows_its_work, "the work of a score is foretold from the features"})
