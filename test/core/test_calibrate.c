/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_calibrate.c: scores that are corrected: pools by hand, scikit-learn's numbers, whole
 * trainings, and every calibration that is none.
 *
 * Reference numbers: IsotonicRegression(out_of_bounds="clip") of scikit-learn 1.7, and the minimum
 * of the loss that its _sigmoid_calibration minimizes, by BFGS to a gradient of 1e-12.
 */
#include "judge/calibrate.h"
#include "sample.h"

#define ROWS 40

/* Made-up rows by integers alone; a third of the weights are 1, 2 and 3. */
static ml_outcomes
make_rows(bool margins, bool weighted)
{
	static double score[ROWS], target[ROWS], weight[ROWS];

	for (int i = 0; i < ROWS; i++)
	{
		score[i] = i * 17 % 31 / 32.0;
		target[i] = (i * i * 7 + 3 * i) % 37 / 37.0 < score[i];
		weight[i] = 1 + i % 3;
		if (margins)
			score[i] = 4 * score[i] - 1.5;
	}
	return (ml_outcomes){.rows = ROWS,
	                     .score = score,
	                     .target = target,
	                     .weight = weighted ? weight : NULL};
}

static ml_calibration
calibrate(test_host *t, const ml_outcomes *rows, bool platt)
{
	ml_fitted *fitted;
	ml_calibration out;

	fitted = ml_alloc(&t->core, sizeof *fitted);
	REQUIRE(fitted != NULL);
	REQUIRE_OK(
	    (platt ? ml_calibrate_platt : ml_calibrate_isotonic)(&t->core, rows, fitted));
	REQUIRE_OK(ml_calibration_read(fitted, ML_BINARY, &out));
	return out;
}

static void
pools_by_hand(test_host *t)
{
	/* 0 | 1 0 | 1 1 0, and the last two rows of one score */
	static const double score[] = {0.4, 0.3, 0.6, 0.1, 0.6, 0.2};
	static const double target[] = {1, 0, 1, 0, 0, 1};
	static const double at[] = {0.1, 0.2, 0.3, 0.4, 0.6};
	static const double value[] = {0, 0.5, 0.5, 2.0 / 3, 2.0 / 3};
	ml_outcomes rows = {.rows = 6, .score = score, .target = target};
	ml_calibration c = calibrate(t, &rows, false);

	CHECK_INT(c.points, 5);
	for (int i = 0; i < c.points && i < 5; i++)
	{
		CHECK_SAME(c.score[i], at[i]);
		CHECK_SAME(c.value[i], value[i]);
		CHECK_SAME(ml_calibrated(&c, at[i], 0), value[i]);
	}
	CHECK_CLOSE(ml_calibrated(&c, 0.15, 0), 0.25, 1e-15);
	CHECK_CLOSE(ml_calibrated(&c, 0.35, 0), 7.0 / 12, 1e-15);
	CHECK_SAME(ml_calibrated(&c, 0, 0), 0);
	CHECK_SAME(ml_calibrated(&c, 1, 0), 2.0 / 3);
	CHECK(isnan(ml_calibrated(&c, NAN, NAN)));
}

static void
agrees_with_isotonic_regression(test_host *t)
{
	static const double score[] = {0,   0.09375, 0.125,   0.21875, 0.25,    0.46875,
	                               0.5, 0.625,   0.65625, 0.8125,  0.84375, 0.9375};
	static const double value[2][12] = {{0, 0, 0.2, 0.2, 0.3, 0.3, 0.7142857142857143,
	                                     0.7142857142857143, 0.875, 0.875, 1, 1},
	                                    {0, 0, 0.2222222222222222, 0.2222222222222222,
	                                     0.4, 0.4, 0.6923076923076923, 0.6923076923076923,
	                                     0.8823529411764706, 0.8823529411764706, 1, 1}};
	static const double asked[] = {-0.5, 0, 0.1, 0.33, 0.5, 0.61, 0.777, 0.9, 1.5};
	static const double answer[2][9] = {
	    {0, 0, 0.04, 0.3, 0.7142857142857143, 0.7142857142857143, 0.875, 1, 1},
	    {0, 0, 0.04444444444444448, 0.4, 0.6923076923076923, 0.6923076923076923,
	     0.8823529411764706, 1, 1}};

	for (int weighted = 0; weighted < 2; weighted++)
	{
		ml_outcomes rows = make_rows(false, weighted);
		ml_calibration c = calibrate(t, &rows, false);

		CHECK_INT(c.points, 12);
		for (int i = 0; i < c.points && i < 12; i++)
		{
			CHECK_SAME(c.score[i], score[i]);
			CHECK_NEAR(c.value[i], value[weighted][i], 1e-15);
		}
		for (int i = 0; i < 9; i++)
			CHECK_NEAR(ml_calibrated(&c, asked[i], 0), answer[weighted][i], 1e-15);
	}
}

static void
agrees_with_sigmoid_calibration(test_host *t)
{
	static const double line[2][2] = {{-0.3813418730223749, 1.2144582273156543},
	                                  {-0.22050785614786386, 1.2160022901974537}};

	for (int weighted = 0; weighted < 2; weighted++)
	{
		ml_outcomes rows = make_rows(true, weighted);
		ml_calibration c = calibrate(t, &rows, true);

		CHECK_CLOSE(c.intercept, line[weighted][0], 1e-9);
		CHECK_CLOSE(c.slope, line[weighted][1], 1e-9);
		CHECK_CLOSE(ml_calibrated(&c, 0.9, 2), 1 / (1 + exp(-c.intercept - 2 * c.slope)),
		            1e-15);
		CHECK_SAME(ml_calibrated(&c, 1, INFINITY), 1);
		CHECK_SAME(ml_calibrated(&c, 0, -INFINITY), 0);
	}
}

/* Margins that tell everything, nothing, or the contrary. */
static void
bears_odd_margins(test_host *t)
{
	double score[ROWS], target[ROWS], yes = 21.0 / 22, no = 1.0 / 22;
	ml_outcomes rows = {.rows = ROWS, .score = score, .target = target};
	ml_calibration c;

	for (int i = 0; i < ROWS; i++)
	{
		target[i] = i >= ROWS / 2;
		score[i] = i >= ROWS / 2 ? 3 : -1;
	}
	/* two scores are fitted as they are: the targets' log odds, which are finite */
	c = calibrate(t, &rows, true);
	CHECK_CLOSE(ml_calibrated(&c, 0, 3), yes, 1e-9);
	CHECK_CLOSE(ml_calibrated(&c, 0, -1), no, 1e-9);
	for (int i = 0; i < ROWS; i++)
		score[i] = -score[i];
	c = calibrate(t, &rows, true);
	CHECK_SAME(c.slope, 0);
	CHECK_NEAR(c.intercept, 0, 1e-15);
	CHECK_SAME(ml_calibrated(&c, 0, INFINITY), 1 / (1 + exp(-c.intercept)));
	CHECK_INT(calibrate(t, &rows, false).points, 2);
	for (int i = 0; i < ROWS; i++)
		score[i] = 1e300;
	CHECK_SAME(calibrate(t, &rows, true).slope, 0);
	CHECK_INT(calibrate(t, &rows, false).points, 1);
	score[7] = INFINITY;
	CHECK_INT(ml_calibrate_platt(&t->core, &rows, &(ml_fitted){0}), ML_NOT_NUMERIC);
}

static const char *const learners[] = {"logistic", "boosted_trees", "random_forest"};
static const char *const ways[] = {"isotonic", "platt"};

static ml_status
train(test_host *t, const char *learner, const char *way, int64_t rows, ml_result *result)
{
	sample s = {.seed = 811, .binary = true, .id = true, .weight = true};
	sample_option options[] = {{"max_categories", 5}, {"calibrate", 0, way}, {NULL, 0}};
	ml_frame *frame;

	if (way == NULL)
		options[1] = (sample_option){NULL, 0};
	ML_TRY(sample_fill(&t->core, &s, 0, rows, &frame));
	return sample_train(&t->core, frame, learner, options, result);
}

static double
trained(const ml_model *model, const char *name)
{
	return ml_value_member(&model->training, name)->number;
}

/* Rows of random features, room for what the model writes behind them. */
static double *
some_rows(test_host *t, const ml_model *model, int rows)
{
	int64_t width = ml_model_room(model);
	uint64_t state = 5;
	double *row;

	row = ml_alloc_array(&t->core, rows * width, sizeof *row);
	REQUIRE(row != NULL);
	for (int i = 0; i < rows; i++)
		for (int f = 0; f < model->schema.features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];

			row[i * width + f] = feature->kind == ML_CATEGORY
			                         ? (double) test_below(&state, feature->levels)
			                         : feature->mean + feature->sd * test_normal(&state);
		}
	return row;
}

/* All ways to a score are one, before and after the bytes, and its order is the plain model's. */
static void
check_scores(test_host *t, const ml_model *plain, const ml_model *model)
{
	int64_t width = ml_model_room(model);
	double *row = some_rows(t, model, 200), batch[200], raw[200], probability[2];
	ml_model *back;
	ml_bytes bytes;
	int moved = 0;

	REQUIRE_OK(ml_model_encode(&t->core, model, 0, &bytes));
	REQUIRE_OK(ml_model_decode(&t->core, bytes.data, bytes.length, &back));
	ml_model_scores(model, row, width, 200, batch);
	ml_model_scores(plain, row, width, 200, raw);
	for (int i = 0; i < 200; i++)
	{
		const double *x = row + i * width;

		CHECK_SAME(ml_model_score(model, x), batch[i]);
		CHECK_SAME(ml_model_score(back, x), batch[i]);
		ml_model_probabilities(model, x, probability);
		CHECK_SAME(probability[1], batch[i]);
		CHECK_SAME(probability[0], 1 - batch[i]);
		CHECK_INT(ml_model_class(model, x), batch[i] >= 0.5);
		CHECK(batch[i] >= 0 && batch[i] <= 1);
		moved += batch[i] != raw[i];
		for (int k = 0; k < i; k++)
			CHECK(raw[k] <= raw[i] ? batch[k] <= batch[i] : batch[k] >= batch[i]);
	}
	CHECK(moved > 100);
}

static void
calibrates_models(test_host *t)
{
	for (int l = 0; l < 3; l++)
		for (int w = 0; w < 2; w++)
		{
			ml_result plain = {0}, result = {0};
			const ml_model *model;

			REQUIRE_OK(train(t, learners[l], NULL, 3000, &plain));
			REQUIRE_OK(train(t, learners[l], ways[w], 3000, &result));
			model = result.model;
			CHECK_INT(model->calibration.kind,
			          w == 0 ? ML_CALIBRATION_ISOTONIC : ML_CALIBRATION_PLATT);
			check_scores(t, plain.model, model);
			/* who calibrates does not judge */
			CHECK_INT(result.holdout.metric[0].value + trained(model, "calibration_rows"),
			          plain.holdout.metric[0].value);
			CHECK_INT(trained(model, "holdout_rows"), plain.holdout.metric[0].value);
			CHECK_NEAR(trained(model, "calibration_rows"), 300, 60);
		}
}

static void
asks_for_rows(test_host *t)
{
	ml_result result = {0};

	CHECK_INT(train(t, "logistic", "isotonic", 700, &result), ML_NO_CALIBRATION);
	CHECK(t->core.fault.count > 50 && t->core.fault.count < 100);
}

/* Arrays that are no calibration. */
static void
refuses_what_is_none(test_host *t)
{
	static const struct
	{
		const char *name[3];
		double number[3][3];
		int64_t count[3];
	} bad[] = {
	    {{"calibration_score"}, {{0, 1}}, {2}},
	    {{"calibration_value"}, {{0, 1}}, {2}},
	    {{"calibration_score", "calibration_value"}, {{0}}, {0, 0}},
	    {{"calibration_score", "calibration_value"}, {{0, 1}, {0}}, {2, 1}},
	    {{"calibration_score", "calibration_value"}, {{0, 0}, {0, 1}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{1, 0}, {0, 1}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{0, NAN}, {0, 1}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{-1e308, 1e308}, {0, 1}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{0, 1}, {0.6, 0.5}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{0, 1}, {0, 1.01}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{0, 1}, {-0.01, 1}}, {2, 2}},
	    {{"calibration_score", "calibration_value"}, {{0, 1}, {0, NAN}}, {2, 2}},
	    {{"calibration_margin"}, {{0}}, {1}},
	    {{"calibration_margin"}, {{0, 1, 2}}, {3}},
	    {{"calibration_margin"}, {{0, -1}}, {2}},
	    {{"calibration_margin"}, {{NAN, 1}}, {2}},
	    {{"calibration_margin"}, {{0, NAN}}, {2}},
	    {{"calibration_score", "calibration_value", "calibration_margin"},
	     {{0, 1}, {0, 1}, {0, 1}},
	     {2, 2, 2}},
	};
	ml_calibration c;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		ml_fitted fitted = {0};

		for (int p = 0; p < 3 && bad[i].name[p] != NULL; p++)
			fitted.part[fitted.parts++] = (ml_part){.name = test_text(bad[i].name[p]),
			                                        .number = (double *) bad[i].number[p],
			                                        .count = bad[i].count[p]};
		if (!CHECK_INT(ml_calibration_read(&fitted, ML_BINARY, &c), ML_BAD_MODEL))
			test_check(false, __FILE__, __LINE__, "bad calibration %d", (int) i);
	}
	for (int task = ML_REGRESSION; task <= ML_MULTICLASS; task++)
	{
		double line[] = {0, 1};
		ml_fitted fitted = {.part = {{.name = test_text("calibration_margin"),
		                              .number = line,
		                              .count = 2}},
		                    .parts = 1};

		CHECK_INT(ml_calibration_read(&fitted, (ml_task_kind) task, &c),
		          task == ML_BINARY ? ML_OK : ML_BAD_MODEL);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	for (int platt = 0; platt < 2; platt++)
	{
		ml_outcomes rows = make_rows(platt, false);
		ml_status status = ML_MEMORY;

		for (int k = 1; status == ML_MEMORY && k < 20; k++)
		{
			ml_fitted fitted = {0};

			t->refused = false;
			t->refuse_at = t->asked + k;
			status = (platt ? ml_calibrate_platt : ml_calibrate_isotonic)(&t->core, &rows,
			                                                              &fitted);
			CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
		}
		CHECK_INT(status, ML_OK);
		t->refuse_at = 0;
		t->stop_at = t->questions + 1;
		CHECK_INT((platt ? ml_calibrate_platt : ml_calibrate_isotonic)(&t->core, &rows,
		                                                               &(ml_fitted){0}),
		          ML_STOPPED);
		t->stop_at = 0;
	}
}

/* The end of a training, from the fit on: calibration and judging. */
static void
notices_refusals_in_training(test_host *t)
{
	for (int w = 0; w < 2; w++)
	{
		ml_result result = {0};
		int64_t before = t->asked, all;

		REQUIRE_OK(train(t, "logistic", ways[w], 1500, &result));
		all = t->asked - before;
		for (int64_t k = all; k > all - 60; k--)
		{
			t->refuse_at = t->asked + k;
			CHECK_INT(train(t, "logistic", ways[w], 1500, &result), ML_MEMORY);
			t->refuse_at = 0;
		}
	}
}

TEST_MAIN({pools_by_hand, "pools are those found by hand"},
          {agrees_with_isotonic_regression, "points and answers are scikit-learn's"},
          {agrees_with_sigmoid_calibration, "Platt's line is scikit-learn's"},
          {bears_odd_margins, "margins that tell all, nothing or the contrary are borne"},
          {calibrates_models, "all ways to a calibrated score are one, and order stays"},
          {asks_for_rows, "a small holdout is refused"},
          {refuses_what_is_none, "arrays that are no calibration are refused"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"},
          {notices_refusals_in_training, "so are refusals at the end of a training"})
