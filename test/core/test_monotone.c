/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_monotone.c: monotone constraints hold for every row there may be, not only for those of
 * the training: on a dense grid around rows drawn at random, whatever is minimized.
 */
#include "table.h"

#include "sample.h"

#define STEPS 64
#define AROUND 60 /* rows that grids are laid through */

static const struct
{
	const char *name;
	double shift; /* of the target, so that it suits the objective */
} objectives[] = {{"logistic", 0}, {"squared", 0},  {"absolute", 0}, {"huber", 0},
                  {"quantile", 0}, {"poisson", 20}, {"gamma", 20},   {"tweedie", 20}};
#define OBJECTIVES (int) (sizeof objectives / sizeof *objectives)

/* A number f00 that the score never falls with, and one it never rises with. */
static ml_value
directions(test_host *t)
{
	ml_value object;

	REQUIRE_OK(ml_value_object(&t->core, 2, &object));
	ml_value_add(&object, "f00", ml_value_number(1));
	ml_value_add(&object, "f01", ml_value_number(-1));
	return object;
}

static ml_model *
train(test_host *t, table *s, int objective, uint64_t seed)
{
	sample_option options[] = {{"objective", 0, objectives[objective].name},
	                           {"trees", 25},
	                           {"leaves", 12},
	                           {"min_rows", 5},
	                           {"learning_rate", 0.3},
	                           {"row_share", seed % 2 ? 0.7 : 1},
	                           {"column_share", seed % 3 ? 0.8 : 1},
	                           {NULL, 0}};
	const ml_learner *learner = ml_learner_of_task(test_text("boosted_trees"),
	                                               s->binary ? ML_BINARY : ML_REGRESSION);
	ml_value monotone = directions(t);
	ml_frame *frame = table_frame(t, s);
	ml_column *target = ml_frame_role(frame, ML_TARGET);
	ml_request request;
	ml_result result;

	for (int64_t row = 0; !s->binary && row < frame->rows; row++)
		*ml_numbers_at(target, row) += objectives[objective].shift;
	REQUIRE_OK(sample_learner_request(&t->core, learner, options, &request));
	((ml_boosting_options *) request.options)->monotone = &monotone;
	REQUIRE_OK(ml_train(&t->core, frame, &request, &result));
	return result.model;
}

static int
feature_named(const ml_model *model, const char *name)
{
	for (int f = 0; f < model->schema.features; f++)
		if (ml_text_is(model->schema.feature[f].name, name))
			return f;
	return -1;
}

/* Numbers may be missing or beyond those seen; labels may be unseen. */
static void
draw_row(const ml_model *model, uint64_t *state, double *row)
{
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_feature *feature = &model->schema.feature[f];
		bool missing = test_below(state, 6) == 0;

		if (feature->kind == ML_NUMBER)
			row[f] = missing ? NAN : 1.5 * test_normal(state);
		else
			row[f] = missing ? -1 : (double) test_below(state, feature->levels);
	}
}

/* The score as one number goes over the grid never goes against its direction; answers how it moves. */
static double
check_grid(const ml_model *model, double *row, int f, int direction)
{
	double kept = row[f], before = -INFINITY, first = 0, last = 0;

	for (int i = 0; i <= STEPS; i++)
	{
		row[f] = -4 + 8.0 * i / STEPS;
		last = direction * ml_model_score(model, row);
		CHECK(last >= before);
		first = i == 0 ? last : first;
		before = last;
	}
	row[f] = kept;
	return last - first;
}

static void
holds_on_a_grid(test_host *t)
{
	for (int i = 0; i < OBJECTIVES; i++)
		for (uint64_t seed = 0; seed < 3; seed++)
		{
			table s = {.rows = 700,
			           .numbers = 3,
			           .categories = 2,
			           .levels = 9,
			           .values = seed == 2 ? 7 : 0,
			           .missing = 0.15,
			           .binary = i == 0,
			           .weighted = seed == 1,
			           .seed = 900 + seed};
			ml_model *model = train(t, &s, i, seed);
			int rising = feature_named(model, "f00");
			int falling = feature_named(model, "f01");
			double *row = ml_alloc_array(&t->core, ml_model_room(model), sizeof *row);
			uint64_t state = seed + 1;
			double moves = 0;

			REQUIRE(rising >= 0 && falling >= 0);
			for (int k = 0; k < AROUND; k++)
			{
				draw_row(model, &state, row);
				moves += check_grid(model, row, rising, 1);
				check_grid(model, row, falling, -1);
			}
			/* the target rises with f00, so it is not flat either */
			test_check(moves > 0, __FILE__, __LINE__, objectives[i].name);
		}
}

/* Without the constraint the scores go both ways, so that there is something to hold. */
static void
is_needed(test_host *t)
{
	table s = {.rows = 700, .numbers = 3, .missing = 0.15, .seed = 900};
	ml_frame *frame = table_frame(t, &s);
	double row[3] = {0.2, 0.2, 0.2}, before = INFINITY;
	bool rises = false, falls = false;
	ml_result result;

	REQUIRE_OK(sample_train_learner(
	    &t->core, frame, ml_learner_of_task(test_text("boosted_trees"), ML_REGRESSION),
	    NULL, &result));
	for (int i = 0; i <= STEPS; i++)
	{
		double score;

		row[1] = -4 + 8.0 * i / STEPS;
		score = ml_model_score(result.model, row);
		rises |= i > 0 && score > before;
		falls |= i > 0 && score < before;
		before = score;
	}
	CHECK(rises && falls);
}

TEST_MAIN({holds_on_a_grid, "scores go their way over a grid, whatever is minimized"},
          {is_needed, "which they do not without a constraint"})
