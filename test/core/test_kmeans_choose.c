/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_kmeans_choose.c: the number of segments where it is known, and where there are none.
 */
#include "cloud.h"

static const sample_option automatic[] = {{"k", INFINITY}, {"holdout", 0}, {NULL, 0}};

/* Rows about middles that lie ten deviations apart, on a circle of the first two columns. */
static ml_frame *
apart_frame(test_host *t, int middles, int columns, int rows, uint64_t seed)
{
	cloud c = {.numbers = columns};
	ml_frame *frame = cloud_columns(t, &c);
	uint64_t state = seed;
	double radius = 5 / sin(3.14159265358979 / middles);

	for (int i = 0; i < rows; i++)
	{
		double angle = 6.28318530717959 * (i % middles) / middles;
		ml_cell cell[MOST_NUMBERS];

		for (int j = 0; j < columns; j++)
			cell[j] = (ml_cell){.number = test_normal(&state)};
		cell[0].number += radius * cos(angle);
		cell[1].number += radius * sin(angle);
		REQUIRE_OK(ml_frame_append(frame, cell));
	}
	return frame;
}

static void
finds_the_true_number(test_host *t)
{
	for (int middles = 2; middles <= 12; middles++)
	{
		ml_result result;

		REQUIRE_OK(
		    train(t, apart_frame(t, middles, 2, 200 + 40 * middles, (uint64_t) middles),
		          automatic, &result));
		CHECK_INT(result.model->schema.classes, middles);
		CHECK_SAME(learned(result.model, "choice_is_clear"), 1);
	}
}

static void
sees_no_structure_in_noise(test_host *t)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
	{
		int columns = 1 + (int) (seed % 4);
		cloud c = {.numbers = columns};
		ml_frame *frame = cloud_columns(t, &c);
		uint64_t state = seed;
		ml_result result;

		for (int i = 0; i < 400; i++)
		{
			ml_cell cell[MOST_NUMBERS];

			for (int j = 0; j < columns; j++)
				cell[j] = (ml_cell){.number = test_uniform(&state)};
			REQUIRE_OK(ml_frame_append(frame, cell));
		}
		REQUIRE_OK(train(t, frame, automatic, &result));
		CHECK_SAME(learned(result.model, "choice_is_clear"), 0);
	}
}

/* The table is of the numbers from two on, as far as there are different rows. */
static void
ends_at_the_last_different_row(test_host *t)
{
	static const double few[] = {1, 1, 5, 5, 9, 9, 1, 5, 9, 1, 1, 5, 5, 9, 9, 1, 5, 9};
	ml_result result;
	const ml_part *k, *stability;

	REQUIRE_OK(train(t, numbers_frame(t, 1, few, 18), automatic, &result));
	k = ml_fitted_part(&result.model->fitted, "choice_k");
	stability = ml_fitted_part(&result.model->fitted, "choice_stability");
	REQUIRE(k->count == 2 && stability->count == 2);
	CHECK_SAME(k->number[0], 2);
	CHECK_SAME(k->number[1], 3);
	CHECK_INT(result.model->schema.classes, 3);
	CHECK_SAME(stability->number[1], 1);
	CHECK_SAME(ml_fitted_part(&result.model->fitted, "choice_silhouette")->number[1], 1);
	check_canonical(t, result.model);
}

static void
does_not_depend_on_threads(test_host *t)
{
	cloud c = {.rows = 700,
	           .numbers = 2,
	           .categories = 2,
	           .middles = 4,
	           .noise = 1,
	           .missing = 0.1,
	           .weighted = true,
	           .seed = 41};
	ml_bytes bytes[2];

	for (int turn = 0; turn < 2; turn++)
	{
		ml_result result;

		t->core.threads = 1 + 2 * turn;
		c.backwards = turn == 1;
		REQUIRE_OK(train(t, cloud_frame(t, &c),
		                 (sample_option[]){{"k", INFINITY}, {"max_k", 6}, {NULL, 0}},
		                 &result));
		REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes[turn]));
	}
	CHECK(test_same_bytes(bytes[0], bytes[1]));
}

TEST_MAIN({finds_the_true_number,
           "two to twelve segments are found where there are so many"},
          {sees_no_structure_in_noise, "uniform noise has no structure"},
          {ends_at_the_last_different_row, "no more are tried than rows differ"},
          {does_not_depend_on_threads, "threads and the order of rows change no byte"})
