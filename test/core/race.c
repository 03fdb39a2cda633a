/* SPDX-License-Identifier: PostgreSQL */
/*
 * race.c: whole trainings on several threads, under the thread sanitizer.
 */
#include "cloud.h"

static void
train_and_judge(test_host *t, const sample *s, int64_t rows)
{
	static const sample_option options[] = {{"max_categories", 6}, {NULL, 0}};
	ml_frame *frame, *other;
	ml_result result;
	ml_report report;
	ml_dependence dependence;
	ml_permutation permutation;
	int column[SAMPLE_COLUMNS] = {0};

	REQUIRE_OK(sample_fill(&t->core, s, 0, rows, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, s->binary ? "logistic" : "linear", options,
	                        &result));
	REQUIRE_OK(sample_fill(&t->core, s, rows, 2 * rows, &other));
	for (int f = 0; f < result.model->schema.features; f++)
		for (int c = 0; c < other->columns; c++)
			if (other->column[c].element == result.model->schema.feature[f].element &&
			    ml_text_equal(other->column[c].name,
			                  result.model->schema.feature[f].name))
				column[f] = c;
	ml_rows in = {.frame = other, .column = column, .end = other->rows};
	REQUIRE_OK(ml_evaluate(&t->core, result.model, &in, &report));
	in.end = in.end < 5000 ? in.end : 5000;
	REQUIRE_OK(ml_dependence_take(&t->core, result.model, &in, 0, 5, &dependence));
	REQUIRE_OK(ml_permutation_take(&t->core, result.model, &in,
	                               &(ml_permutation_options){.repeats = 1},
	                               &permutation));
}

static void
trains_without_a_race(test_host *t)
{
	for (int kind = 0; kind < 4; kind++)
		for (int threads = 2; threads <= 4; threads++)
		{
			sample s = {
			    .seed = 601, .binary = kind & 1, .id = kind & 2, .weight = kind & 2};

			t->core.threads = threads;
			train_and_judge(t, &s, 9000);
		}
}

/* By the Gram matrix and its factor, and from a start on a sample. */
static void
trains_large_frames_without_a_race(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		sample s = {.seed = 602, .binary = binary, .products = 300};

		t->core.threads = 3;
		train_and_judge(t, &s, binary ? 83000 : 15000);
	}
}

static void
bins_without_a_race(test_host *t)
{
	static const sample_option options[] = {{"encode", 0, "woe"}, {NULL, 0}};
	sample s = {.seed = 603, .binary = true, .weight = true};
	ml_frame *frame;
	ml_result result;

	t->core.threads = 3;
	REQUIRE_OK(sample_fill(&t->core, &s, 0, 9000, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, "logistic", options, &result));
}

/* Large enough for leaves of each thread's own. */
static void
grows_without_a_race(test_host *t)
{
	static const sample_option options[] = {{"trees", 3}, {NULL, 0}};

	for (int threads = 2; threads <= 4; threads++)
	{
		sample s = {.seed = 604, .binary = true};
		ml_frame *frame;
		ml_result result;

		t->core.threads = threads;
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 40000, &frame));
		REQUIRE_OK(sample_train(&t->core, frame, "boosted_trees", options, &result));
	}
}

static void
segments_without_a_race(test_host *t)
{
	static const char *const learner[] = {"kmeans", "gaussian_mixture"};
	static const sample_option options[] = {
	    {"k", 3}, {"restarts", 2}, {"max_iterations", 4}, {NULL, 0}};
	cloud c = {.rows = 12000,
	           .numbers = 3,
	           .categories = 1,
	           .middles = 3,
	           .noise = 1,
	           .missing = 0.1,
	           .weighted = true,
	           .seed = 605};

	for (int l = 0; l < 2; l++)
		for (int threads = 2; threads <= 4; threads++)
		{
			ml_result result;

			t->core.threads = threads;
			REQUIRE_OK(
			    sample_train(&t->core, cloud_frame(t, &c), learner[l], options, &result));
		}
}

static void
stops_without_a_race(test_host *t)
{
	for (int64_t k = 1; k < 400; k += 13)
	{
		sample s = {.seed = 603, .binary = true};
		ml_frame *frame;
		ml_result result;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 9000, &frame));
		t->core.threads = 4;
		t->questions = 0;
		t->stop_at = k;
		status = sample_train(&t->core, frame, "logistic", NULL, &result);
		CHECK(status == ML_STOPPED || (status == ML_OK && t->questions < k));
		t->stop_at = 0;
	}
}

TEST_MAIN({trains_without_a_race, "training and judging on threads are free of races"},
          {trains_large_frames_without_a_race, "so are large frames"},
          {bins_without_a_race, "so are bins"}, {grows_without_a_race, "so are trees"},
          {segments_without_a_race, "so are segments"},
          {stops_without_a_race, "so is a stop"})
