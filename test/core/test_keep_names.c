/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_keep_names.c: pairs against all permutations, and names that outlive a training.
 */
#include "cloud.h"

static double
best_of_all(int count, const double *cost, int row, bool *taken)
{
	double least = INFINITY;

	if (row == count)
		return 0;
	for (int c = 0; c < count; c++)
		if (!taken[c])
		{
			double sum;

			taken[c] = true;
			sum = cost[row * count + c] + best_of_all(count, cost, row + 1, taken);
			taken[c] = false;
			least = sum < least ? sum : least;
		}
	return least;
}

static void
finds_the_cheapest_pairs(test_host *t)
{
	uint64_t state = 21;

	for (int count = 1; count < 8; count++)
		for (int turn = 0; turn < 30; turn++)
		{
			double cost[49], sum = 0;
			bool taken[8] = {false}, used[8] = {false};
			int column[8];

			for (int i = 0; i < count * count; i++)
				cost[i] =
				    turn % 2 == 0 ? test_normal(&state) : -(double) test_below(&state, 3);
			REQUIRE_OK(ml_cheapest_pairs(&t->core, count, cost, column));
			for (int row = 0; row < count; row++)
			{
				REQUIRE(column[row] >= 0 && column[row] < count && !used[column[row]]);
				used[column[row]] = true;
				sum += cost[row * count + column[row]];
			}
			CHECK_NEAR(sum, best_of_all(count, cost, 0, taken), 1e-12);
		}
}

static ml_model *
train_after(test_host *t, const cloud *c, int k, const ml_model *old)
{
	sample_option options[] = {{"k", k}, {"holdout", 0}, {NULL, 0}};
	ml_request request;
	ml_result result;

	REQUIRE_OK(sample_request(&t->core, "kmeans", options, &request));
	request.named = old;
	REQUIRE_OK(ml_train(&t->core, cloud_frame(t, c), &request, &result));
	return result.model;
}

/* Names as a marketing department gives them. */
static void
rename_all(ml_model *model)
{
	static const char *const name[] = {
	    "Affluent savers", "Sleepers", "Gr\xc3\xbcne", "D", "E", "F"};

	for (int k = 0; k < model->schema.classes; k++)
		model->schema.class_label[k] = test_text(name[k]);
}

/* How many rows are in segments of one name by both models, whose labels have the same codes. */
static double
agreement(test_host *t, const cloud *c, const ml_model *a, const ml_model *b)
{
	ml_frame *frame = cloud_frame(t, c);
	int column[MOST_NUMBERS + MOST_CATEGORIES], same = 0;
	int32_t **code_a, **code_b;

	for (int f = 0; f < a->schema.features; f++)
		column[f] = f;
	ml_rows in = {.frame = frame, .column = column, .end = frame->rows};
	REQUIRE_OK(ml_rows_translate(&t->core, a, &in, &code_a));
	REQUIRE_OK(ml_rows_translate(&t->core, b, &in, &code_b));
	for (int64_t i = 0; i < frame->rows; i++)
	{
		double x[MOST_NUMBERS + MOST_CATEGORIES], y[MOST_NUMBERS + MOST_CATEGORIES];

		in.code = code_a;
		ml_rows_gather(&in, &a->schema, i, x);
		in.code = code_b;
		ml_rows_gather(&in, &b->schema, i, y);
		same += ml_text_equal(a->schema.class_label[ml_model_class(a, x)],
		                      b->schema.class_label[ml_model_class(b, y)]);
	}
	return (double) same / (double) frame->rows;
}

static void
keeps_names(test_host *t)
{
	cloud c = {.rows = 2000,
	           .numbers = 3,
	           .categories = 1,
	           .middles = 5,
	           .noise = 0.8,
	           .missing = 0.02,
	           .seed = 31};
	ml_model *old = train_after(t, &c, 5, NULL), *now;

	rename_all(old);
	/* other noise about the same middles, and more rows of some of them */
	c.rows = 2600;
	c.noise = 1;
	now = train_after(t, &c, 5, old);
	CHECK(agreement(t, &c, old, now) >= 0.95);
	CHECK(!test_same(now->schema.class_count[0], old->schema.class_count[0]));
	/* a sixth one has a name of its own, and so have four */
	now = train_after(t, &c, 6, old);
	CHECK(agreement(t, &c, old, now) > 0.75);
	check_canonical(t, now);
	now = train_after(t, &c, 4, old);
	CHECK(agreement(t, &c, old, now) > 0.75);
	check_canonical(t, now);
}

/* Columns that are new, and one that is gone. */
static void
bears_other_columns(test_host *t)
{
	cloud c = {.rows = 800,
	           .numbers = 2,
	           .categories = 2,
	           .middles = 3,
	           .noise = 0.5,
	           .seed = 32};
	ml_model *old = train_after(t, &c, 3, NULL), *now;

	rename_all(old);
	c.numbers = 4;
	c.categories = 0;
	now = train_after(t, &c, 3, old);
	check_canonical(t, now);
	/* where hardly a column is left, nothing is kept */
	c.numbers = 1;
	now = train_after(t, &c, 3, old);
	for (int k = 0; k < 3; k++)
		CHECK(now->schema.class_label[k].length > 1 &&
		      !ml_text_is(now->schema.class_label[k], "Sleepers"));
}

TEST_MAIN({finds_the_cheapest_pairs, "no other pairs cost less"},
          {keeps_names, "segments of perturbed rows keep the names they had"},
          {bears_other_columns, "columns that come and go are borne"})
