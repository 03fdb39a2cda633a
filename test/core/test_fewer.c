/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_fewer.c: boosting that has gone too far is told by its first trees, whose loss is that of a training
 * which stops there.
 */
#include "models.h"

static const sample kinds[] = {
    {.seed = 901, .binary = true, .id = true, .weight = true},
    {.seed = 902, .id = true},
    {.seed = 903, .classes = 4, .id = true},
};
#define KINDS 3

static const ml_task_kind tasks[KINDS] = {ML_BINARY, ML_REGRESSION, ML_MULTICLASS};

/* Rounds of trees, each of which takes that share of what it sees. */
static ml_status
train(test_host *t, int kind, double trees, double rate, ml_result *result)
{
	sample_option options[] = {
	    {"trees", trees}, {"learning_rate", rate}, {"min_rows", 2}, {NULL, 0}};
	ml_request request;
	ml_frame *frame;

	ML_TRY(sample_fill(&t->core, &kinds[kind], 0, 1500, &frame));
	ML_TRY(sample_learner_request(
	    &t->core, ml_learner_of_task(test_text("boosted_trees"), tasks[kind]), options,
	    &request));
	request.advise = true;
	return ml_train(&t->core, frame, &request, result);
}

static void
tells_what_fewer_trees_do(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind += 2)
	{
		ml_result far, near;
		const ml_fewer *fewer = &far.fewer;

		REQUIRE_OK(train(t, kind, 60, 0.5, &far));
		REQUIRE(fewer->trees > 0);
		CHECK_INT(fewer->all, kind == 2 ? 240 : 60);
		CHECK(fewer->trees * 2 == fewer->all || fewer->trees * 4 == fewer->all);
		CHECK(strcmp(fewer->metric, "log_loss") == 0);
		CHECK(fewer->value < fewer->of_all);
		CHECK_CLOSE(fewer->of_all, ml_report_metric(&far.holdout, "log_loss")->value,
		            1e-12);
		REQUIRE_OK(
		    train(t, kind, (double) fewer->trees / (kind == 2 ? 4 : 1), 0.5, &near));
		CHECK_CLOSE(fewer->value, ml_report_metric(&near.holdout, "log_loss")->value,
		            1e-12);
	}
}

/*
 * Trees that all help are not told to be fewer, nor are those too few to be parted, nor those of a value
 * that have learned their rows by heart and are hardly worse for it.
 */
static void
leaves_the_rest_alone(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		ml_result result;

		REQUIRE_OK(train(t, kind, 40, 0.02, &result));
		CHECK_INT(result.fewer.trees, 0);
		REQUIRE_OK(train(t, kind, 3, 1, &result));
		CHECK_INT(result.fewer.trees, 0);
		if (tasks[kind] != ML_REGRESSION)
			continue;
		REQUIRE_OK(train(t, kind, 200, 0.2, &result));
		CHECK(ml_overfits(ML_REGRESSION, &result.trained, &result.holdout));
		CHECK_INT(result.fewer.trees, 0);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	(void) t;
	for (test_trial trial = {.refusals = true, .stops = true, .sparse = 20}; !trial.done;)
	{
		test_host own;
		ml_result result;
		ml_status status;

		test_open(&own);
		test_try(&own, &trial);
		status = train(&own, 2, 8, 1, &result);
		test_tried(&own, &trial, status);
		if (status == ML_OK)
			CHECK(result.fewer.trees > 0);
		test_close(&own);
	}
}

TEST_MAIN({tells_what_fewer_trees_do, "fewer trees do what a shorter training does"},
          {leaves_the_rest_alone, "trees that help are left alone"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
