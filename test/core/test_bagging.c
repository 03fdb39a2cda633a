/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_bagging.c: random_forest and decision_tree: means of leaves, shares of the rows.
 */
#include "models.h"
#include "table.h"

static ml_status
train(test_host *t, ml_frame *frame, const char *name, const sample_option *options,
      ml_result *result)
{
	bool classes = ml_frame_role(frame, ML_TARGET)->kind == ML_CATEGORY;

	return sample_train_learner(
	    &t->core, frame,
	    ml_learner_of_task(test_text(name), classes ? ML_BINARY : ML_REGRESSION), options,
	    result);
}

static const ml_forest *
forest_of(const ml_model *model)
{
	return &((const ml_forest_state *) model->state)->forest;
}

static void
read_row(const ml_model *model, const table *s, int64_t at, double *row)
{
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_column *column = &s->frame->column[model->schema.feature[f].column];

		row[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, at)
		                                   : *ml_codes_at(column, at);
	}
}

static const char *const name[] = {"random_forest", "decision_tree"};
static const sample_option few[] = {{"trees", 15}, {NULL, 0}};

static void
learns(test_host *t)
{
	static const double least[2][2] = {{0.75, 0.92}, {0.65, 0.85}};

	for (int which = 0; which < 2; which++)
		for (int binary = 0; binary < 2; binary++)
		{
			table s = {.rows = 4000,
			           .numbers = 4,
			           .categories = 2,
			           .levels = 12,
			           .missing = 0.1,
			           .binary = binary,
			           .weighted = binary,
			           .seed = 60};
			double row[8], part[8], bias, sum;
			ml_result result;

			s.frame = table_frame(t, &s);
			REQUIRE_OK(train(t, s.frame, name[which], which ? NULL : few, &result));
			CHECK_INT(forest_of(result.model)->trees, which ? 1 : 15);
			test_check(result.holdout.metric[1].value > least[which][binary], __FILE__,
			           __LINE__, "%s reaches %g", name[which],
			           result.holdout.metric[1].value);
			REQUIRE_OK(ml_model_lay_out(&t->core, result.model));
			for (int64_t i = 0; i < s.frame->rows; i += 31)
			{
				double score;

				read_row(result.model, &s, i, row);
				score = ml_model_score(result.model, row);
				CHECK(!binary || (score >= 0 && score <= 1));
				result.model->learner->explain(result.model->state, row, part, &bias);
				sum = bias;
				for (int f = 0; f < result.model->schema.features; f++)
					sum += part[f];
				CHECK_NEAR(sum, score, 1e-9);
			}
			check_canonical(t, result.model);
		}
}

/* The leaf of a tree answers the mean of its rows, and so many of the average kind. */
static void
takes_means(test_host *t)
{
	for (int smoothing = 0; smoothing < 2; smoothing++)
	{
		sample_option options[] = {
		    {"holdout", 0}, {"smoothing", 3. * smoothing}, {NULL, 0}};
		table s = {.rows = 900,
		           .numbers = 2,
		           .categories = 1,
		           .levels = 5,
		           .weighted = true,
		           .seed = 61};
		double sum[64] = {0}, all[64] = {0}, mean = 0, weight = 0, row[3];
		const ml_forest *forest;
		ml_result result;

		s.frame = table_frame(t, &s);
		REQUIRE_OK(train(t, s.frame, "decision_tree", options, &result));
		forest = forest_of(result.model);
		for (int pass = 0; pass < 2; pass++)
			for (int64_t r = 0; r < s.frame->rows; r++)
			{
				double w = *ml_numbers_at(ml_frame_role(s.frame, ML_WEIGHT), r);
				double y = *ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r);
				int at = 0;

				read_row(result.model, &s, r, row);
				while (forest->node[at].feature >= 0)
					at = ml_goes_left(&forest->node[at], row) ? forest->node[at].left
					                                          : forest->node[at].right;
				if (pass == 0)
				{
					sum[at] += w * y;
					all[at] += w;
					mean += w * y;
					weight += w;
				}
				else
					CHECK_NEAR(ml_model_score(result.model, row),
					           (sum[at] + 3 * smoothing * mean / weight) /
					               (all[at] + 3 * smoothing),
					           1e-12);
			}
	}
}

/* Trees of a forest see different rows, in the share that was asked for. */
static void
draws_rows(test_host *t)
{
	sample_option options[] = {
	    {"trees", 20}, {"row_share", 0.3}, {"holdout", 0}, {NULL, 0}};
	table s = {.rows = 3000, .numbers = 3, .seed = 62};
	ml_result result;
	const ml_forest *forest;
	bool differ = false;

	s.frame = table_frame(t, &s);
	REQUIRE_OK(train(t, s.frame, "random_forest", options, &result));
	forest = forest_of(result.model);
	for (int i = 0; i < forest->trees; i++)
	{
		CHECK_NEAR(forest->node[forest->first[i]].cover / 3000, 0.3, 0.05);
		differ |= forest->node[forest->first[i]].cover != forest->node[0].cover;
	}
	CHECK(differ);
}

static void
does_not_know_the_threads(test_host *t)
{
	for (int which = 0; which < 2; which++)
	{
		ml_bytes first = {0};

		for (int threads = 1; threads <= 3; threads++)
		{
			table s = {.rows = 5000,
			           .numbers = 3,
			           .categories = 1,
			           .levels = 9,
			           .binary = true,
			           .seed = 63};
			ml_result result;
			ml_bytes bytes;

			t->core.threads = threads;
			s.frame = table_frame(t, &s);
			REQUIRE_OK(train(t, s.frame, name[which], which ? NULL : few, &result));
			REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes));
			first = threads == 1 ? bytes : first;
			CHECK(test_same_bytes(first, bytes));
		}
	}
}

static void
bears_refusals_and_stops(test_host *t)
{
	static const sample_option options[] = {{"trees", 3}, {"leaves", 4}, {NULL, 0}};
	table s = {.rows = 200, .numbers = 2, .binary = true, .seed = 64};
	ml_result result;
	int64_t end = t->asked, step;

	REQUIRE_OK(train(t, table_frame(t, &s), "random_forest", options, &result));
	end = t->asked - end;
	for (int64_t i = 1; i <= end; i++)
	{
		ml_frame *frame = table_frame(t, &s);
		ml_status status;

		t->refused = false;
		t->refuse_at = t->asked + i;
		status = train(t, frame, "random_forest", options, &result);
		t->refuse_at = 0;
		CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
	}
	end = t->questions;
	REQUIRE_OK(train(t, table_frame(t, &s), "random_forest", options, &result));
	end = t->questions - end;
	step = end / 40 + 1;
	for (int64_t i = 1; i <= end; i += step)
	{
		ml_frame *frame = table_frame(t, &s);

		t->stop_at = t->questions + i;
		CHECK_INT(train(t, frame, "random_forest", options, &result), ML_STOPPED);
		t->stop_at = 0;
	}
}

TEST_MAIN({learns, "classes and values are learned, contributions agree"},
          {takes_means, "a leaf answers the mean of its rows, smoothed"},
          {draws_rows, "trees are grown on rows of their own"},
          {does_not_know_the_threads, "one model for any number of threads"},
          {bears_refusals_and_stops, "refused memory and stops are answered"})
