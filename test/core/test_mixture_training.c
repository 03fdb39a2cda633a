/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_mixture_training.c: trainings of mixtures as a whole: what is counted and chosen, odd rows,
 * what is refused, and threads.
 */
#include "cloud.h"

static ml_status
train_mixture(test_host *t, ml_frame *frame, const sample_option *options,
              ml_result *result)
{
	return sample_train(&t->core, frame, "gaussian_mixture", options, result);
}

static void
counts_parameters(test_host *t)
{
	sample_option options[] = {
	    {"k", 3}, {"covariance", 0, "full"}, {"restarts", 1}, {NULL, 0}};
	cloud c = {.rows = 400,
	           .numbers = 3,
	           .categories = 2,
	           .middles = 3,
	           .noise = 1,
	           .missing = 0.1,
	           .seed = 21};
	ml_result result;

	/* 2 weights; means and triangles; 4 - 1 + 5 - 1 shares of labels, missing counted */
	REQUIRE_OK(train_mixture(t, cloud_frame(t, &c), options, &result));
	CHECK_SAME(learned(result.model, "parameters"), 2 + 3 * (3 + 6 + 3 + 4));
	options[1].word = "diagonal";
	c.missing = 0;
	REQUIRE_OK(train_mixture(t, cloud_frame(t, &c), options, &result));
	CHECK_SAME(learned(result.model, "parameters"), 2 + 3 * (3 + 3 + 2 + 3));
}

/* On a sample first, and on few rows. */
static void
does_not_depend_on_threads_or_order(test_host *t)
{
	static const sample_option options[] = {{"k", 4}, {"restarts", 2}, {NULL, 0}};

	check_one_model(t, "gaussian_mixture", options, 4, 500);
	check_one_model(t, "gaussian_mixture", options, 4, 12000);
}

static void
bears_odd_rows(test_host *t)
{
	static const double few[] = {1, 1, 2, 2, 3, 3, 1, 2};
	static const double equal[] = {7, 7, 7, 7};
	static const double none[] = {NAN, NAN, NAN};
	static const double outlier[] = {1, 2, 3, 11, 12, 13, 2, 12, 1e15};
	static const double huge[] = {1e308, -1e308, 5, 6};
	static const double gaps[] = {1, NAN, NAN, 2, 1, NAN, NAN, 2, 5, 5, 5, 6, 6, 5};
	sample_option options[] = {
	    {"k", 3}, {"holdout", 0}, {"scale", 0, "deviation"}, {NULL, 0}};
	ml_result result;
	double nothing[2] = {NAN, NAN}, probability[2];

	REQUIRE_OK(train_mixture(t, numbers_frame(t, 1, few, 8), options, &result));
	CHECK_SAME(result.model->schema.class_count[0], 3);
	CHECK(isfinite(learned(result.model, "log_likelihood")));
	options[0].number = 4;
	CHECK_INT(train_mixture(t, numbers_frame(t, 1, few, 8), options, &result),
	          ML_FEW_DISTINCT);
	CHECK_INT(t->core.fault.count, 3);
	options[0].number = 2;
	CHECK_INT(train_mixture(t, numbers_frame(t, 1, equal, 4), options, &result),
	          ML_NO_FEATURES);
	CHECK_INT(train_mixture(t, numbers_frame(t, 1, none, 3), options, &result),
	          ML_NO_FEATURES);
	CHECK_INT(train_mixture(t, numbers_frame(t, 1, huge, 4), options, &result),
	          ML_NOT_NUMERIC);
	/* rows without any number are of each segment as often as rows are */
	REQUIRE_OK(train_mixture(t, numbers_frame(t, 2, gaps, 7), options, &result));
	ml_model_probabilities(result.model, nothing, probability);
	CHECK_NEAR(probability[0],
	           ml_fitted_part(&result.model->fitted, "weights")->number[0], 1e-12);
	CHECK_SAME(ml_model_score(result.model, nothing), 0);
	/* an outlier is by itself, and said to be too little for a segment */
	options[0].number = 3;
	options[2].word = "robust";
	REQUIRE_OK(train_mixture(t, numbers_frame(t, 1, outlier, 9), options, &result));
	CHECK_SAME(result.model->schema.class_count[0], 4);
	CHECK_SAME(result.model->schema.class_count[1], 4);
	CHECK_SAME(result.model->schema.class_count[2], 1);
	CHECK_INT(result.model->fitted.trouble.kind, ML_TROUBLE_COLLAPSED);
}

static void
says_where_there_is_no_covariance(test_host *t)
{
	sample_option options[] = {{"k", 2},
	                           {"scale", 0, "none"},
	                           {"holdout", 0},
	                           {"covariance", 0, "full"},
	                           {NULL, 0}};
	cloud c = {.numbers = 2};
	ml_frame *frame[2] = {cloud_columns(t, &c), cloud_columns(t, &c)};
	ml_result result;

	/* a line, in units in which the ridge is nothing */
	for (int i = 0; i < 40; i++)
		for (int turn = 0; turn < 2; turn++)
			REQUIRE_OK(ml_frame_append(
			    frame[turn], (ml_cell[]){{.number = 1e14 * i}, {.number = 3e14 * i}}));
	CHECK_INT(train_mixture(t, frame[0], options, &result), ML_NO_COVARIANCE);
	options[3].word = "diagonal";
	CHECK_INT(train_mixture(t, frame[1], options, &result), ML_OK);
}

static void
refuses_bad_numbers(test_host *t)
{
	static const char *const part[] = {"shift",   "scale",   "category_weight",
	                                   "weights", "centers", "factors"};
	static const double bad[] = {NAN, INFINITY, -1, 0};
	static const int kinds[] = {2, 4, 3, 4, 2, 4};
	static const sample_option options[] = {{"k", 3}, {"restarts", 1}, {NULL, 0}};
	cloud c = {.rows = 200, .numbers = 2, .categories = 1, .middles = 3, .seed = 11};
	ml_result result;
	ml_part *centers;

	REQUIRE_OK(train_mixture(t, cloud_frame(t, &c), options, &result));
	for (int p = 0; p < 6; p++)
		for (int b = 0; b < kinds[p]; b++)
		{
			ml_part *of = (ml_part *) ml_fitted_part(&result.model->fitted, part[p]);
			double was = of->number[0];

			of->number[0] = bad[b];
			CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
			of->number[0] = was;
			of->count--;
			CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
			of->count++;
		}
	/* behind two means stand shares */
	centers = (ml_part *) ml_fitted_part(&result.model->fitted, "centers");
	centers->number[2] += 2;
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
	centers->number[2] -= 2;
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_OK);
}

/* Rows about middles on a line, six deviations apart. */
static ml_frame *
line_frame(test_host *t, int middles, int rows, uint64_t seed)
{
	cloud c = {.numbers = 2};
	ml_frame *frame = cloud_columns(t, &c);
	uint64_t state = seed;

	for (int i = 0; i < rows; i++)
	{
		double x = test_normal(&state), y = test_normal(&state);

		/* long and aslant, which centres alone do not tell apart */
		REQUIRE_OK(
		    ml_frame_append(frame, (ml_cell[]){{.number = 5 * x + 6 * (i % middles)},
		                                       {.number = 5 * x + 0.5 * y}}));
	}
	return frame;
}

static void
finds_the_true_number(test_host *t)
{
	static const sample_option options[] = {
	    {"k", INFINITY}, {"max_k", 6}, {"holdout", 0}, {NULL, 0}};

	for (int middles = 1; middles <= 4; middles++)
	{
		ml_result result;

		REQUIRE_OK(train_mixture(t, line_frame(t, middles, 600, (uint64_t) middles),
		                         options, &result));
		CHECK_SAME(learned(result.model, "choice_is_clear"), middles > 1);
		if (middles > 1)
			CHECK_INT(result.model->schema.classes, middles);
		check_canonical(t, result.model);
	}
}

static ml_status
small_way(test_host *t, test_trial *trial)
{
	static const sample_option options[] = {{"k", 2}, {"restarts", 1}, {NULL, 0}};
	cloud c = {.rows = 90,
	           .numbers = 2,
	           .categories = 1,
	           .middles = 2,
	           .noise = 1,
	           .missing = 0.1,
	           .seed = 12};
	ml_frame *frame = cloud_frame(t, &c);
	ml_result result;

	test_try(t, trial);
	return train_mixture(t, frame, options, &result);
}

static void
notices_every_refusal_and_stop(test_host *unused)
{
	(void) unused;
	for (test_trial trial = {.refusals = true, .stops = true, .sparse = 60}; !trial.done;)
	{
		test_host t;

		test_open(&t);
		t.core.threads = 1 + (int) (trial.at % 2);
		test_tried(&t, &trial, small_way(&t, &trial));
		test_close(&t);
	}
}

TEST_MAIN(
    {counts_parameters, "free parameters are counted"},
    {does_not_depend_on_threads_or_order, "threads and the order of rows change no byte"},
    {bears_odd_rows, "equal, missing, huge, alone: each has its answer"},
    {says_where_there_is_no_covariance, "numbers that determine one another are told"},
    {refuses_bad_numbers, "learned numbers that are none are refused"},
    {finds_the_true_number, "the number of distributions is found, or said to be one"},
    {notices_every_refusal_and_stop, "each refused allocation and each stop is answered"})
