/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_evidence.c: learning from weight of evidence is learning from the numbers that it is.
 */
#include "models.h"

#define ROWS 2500

static const sample_option encoded[] = {
    {"encode", 0, "woe"}, {"l2", 0.5}, {"holdout", 0}, {NULL, 0}};
static const sample_option plain[] = {{"l2", 0.5}, {"holdout", 0}, {NULL, 0}};

/* The frame with the WOE of each of the model's features in place of its columns. */
static ml_frame *
evidence_frame(test_host *t, const ml_frame *from, const ml_model *model)
{
	const ml_column *target = ml_frame_role(from, ML_TARGET);
	const ml_column *weight = ml_frame_role(from, ML_WEIGHT);
	ml_frame *frame;
	ml_column y = {.name = test_text("y"), .type = test_text("t"), .role = ML_TARGET};
	ml_column w = {.name = test_text("w"), .type = test_text("t"), .role = ML_WEIGHT};
	int index;

	y.kind = ML_CATEGORY;
	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_add_column(frame, &y, &index));
	REQUIRE_OK(ml_frame_add_column(frame, &w, &index));
	for (int f = 0; f < model->schema.features; f++)
	{
		ml_column x = {.name = model->schema.feature[f].name,
		               .type = test_text("t"),
		               .element = f + 1};

		REQUIRE_OK(ml_frame_add_column(frame, &x, &index));
	}
	for (int64_t row = 0; row < from->rows; row++)
	{
		ml_cell cells[2 + SAMPLE_COLUMNS] = {{0}};

		cells[0].text = test_text(*ml_numbers_at(target, row) > 0 ? "1" : "0");
		cells[1].number = *ml_numbers_at(weight, row);
		for (int f = 0; f < model->schema.features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];
			const ml_column *x = &from->column[feature->column];
			int bin = feature->kind == ML_NUMBER
			              ? ml_bin_of_number(feature->bins, *ml_numbers_at(x, row))
			              : ml_bin_of_code(feature->bins, *ml_codes_at(x, row));

			cells[2 + f].number = feature->bins->bin[bin].woe;
		}
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

/* The same coefficients, errors and intercept as of a model of the numbers. */
static void
learns_from_the_numbers(test_host *t)
{
	static const char *const part[] = {"intercept", "coefficients", "standard_errors"};
	sample s = {.seed = 41, .binary = true, .weight = true};
	ml_frame *frame;
	ml_result by_bins, by_numbers;

	t->core.threads = 3;
	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", encoded, &by_bins));
	REQUIRE_OK(sample_train(&t->core, evidence_frame(t, frame, by_bins.model), "logistic",
	                        plain, &by_numbers));
	REQUIRE(by_bins.model->schema.features == by_numbers.model->schema.features);
	for (int p = 0; p < 3; p++)
	{
		const ml_part *a = ml_fitted_part(&by_bins.model->fitted, part[p]);
		const ml_part *b = ml_fitted_part(&by_numbers.model->fitted, part[p]);

		REQUIRE(a != NULL && b != NULL && a->count == b->count);
		/* the penalty weighs by the deviation over rows here, over weights there */
		for (int64_t i = 0; i < a->count; i++)
			CHECK_NEAR(a->number[i], b->number[i], 2e-3 * (1 + fabs(b->number[i])));
	}
	/* of seven features, those have bins that tell something */
	CHECK(by_bins.model->schema.features >= 5);
}

/* Margins are the intercept and the coefficients times WOE; contributions are around the mean. */
static void
scores_by_bins(test_host *t)
{
	sample s = {.seed = 42, .binary = true, .weight = true, .products = 40};
	ml_frame *frame;
	ml_result result;
	const ml_model *model;
	const double *coefficient;
	double row[SAMPLE_COLUMNS], contribution[SAMPLE_COLUMNS], mean = 0, all = 0, bias = 0;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", encoded, &result));
	model = result.model;
	coefficient = ml_fitted_part(&model->fitted, "coefficients")->number;
	for (int64_t i = 0; i < frame->rows; i++)
	{
		double margin = ml_fitted_part(&model->fitted, "intercept")->number[0], sum;
		double weight = *ml_numbers_at(ml_frame_role(frame, ML_WEIGHT), i);

		for (int f = 0; f < model->schema.features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];
			const ml_column *x = &frame->column[feature->column];

			row[f] =
			    feature->kind == ML_NUMBER ? *ml_numbers_at(x, i) : *ml_codes_at(x, i);
			margin += coefficient[f] *
			          feature->bins
			              ->bin[feature->kind == ML_NUMBER
			                        ? ml_bin_of_number(feature->bins, row[f])
			                        : ml_bin_of_code(feature->bins, (int32_t) row[f])]
			              .woe;
		}
		CHECK_NEAR(model->learner->margin(model->state, row), margin, 1e-12);
		model->learner->explain(model->state, row, contribution, &bias);
		sum = bias;
		for (int f = 0; f < model->schema.features; f++)
			sum += contribution[f];
		CHECK_NEAR(sum, margin, 1e-12);
		mean += weight * margin;
		all += weight;
	}
	CHECK_NEAR(bias, mean / all, 1e-9);
}

/* The holdout has no say in the bins: changing it changes nothing. */
static void
looks_at_training_rows_only(test_host *t)
{
	static const sample_option options[] = {
	    {"encode", 0, "woe"}, {"holdout", 0.3}, {NULL, 0}};
	sample s = {.seed = 43, .binary = true, .id = true};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", options, &result));
	REQUIRE(frame->holdout_rows > 0);
	for (int f = 0; f < result.model->schema.features; f++)
	{
		const ml_bins *bins = result.model->schema.feature[f].bins;
		double rows = 0;

		for (int i = 0; i <= bins->bins; i++)
			rows += bins->bin[i].events + bins->bin[i].non_events;
		CHECK_SAME(rows, (double) (frame->rows - frame->holdout_rows));
	}
}

/* One bin each: no feature is left, and the notes of others say which were. */
static void
leaves_out_what_tells_nothing(test_host *t)
{
	static const sample_option one[] = {{"encode", 0, "woe"}, {"max_bins", 1}, {NULL, 0}};
	sample s = {.seed = 44, .binary = true};
	ml_frame *frame;
	ml_result result;
	int left_out = 0;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 600, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", one, &result));
	/* columns with missing values have two bins all the same */
	CHECK_INT(result.model->schema.features, 2);
	for (int i = 0; i < result.notes.count; i++)
		left_out += result.notes.note[i].kind == ML_NOTE_NO_EVIDENCE;
	CHECK_INT(left_out, 5);
}

static void
notices_refusals(test_host *t)
{
	sample s = {.seed = 45, .binary = true, .weight = true};

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_frame *frame;
		ml_request request;
		ml_result result;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 80, &frame));
		REQUIRE_OK(sample_request(&t->core, "logistic", encoded, &request));
		test_try(t, &trial);
		status = ml_train(&t->core, frame, &request, &result);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({learns_from_the_numbers, "a model of bins is the model of their WOE"},
          {scores_by_bins, "margins and contributions are coefficients times WOE"},
          {looks_at_training_rows_only, "the holdout has no say in the bins"},
          {leaves_out_what_tells_nothing, "features of one bin are left out"},
          {notices_refusals, "every refused allocation is noticed"})
