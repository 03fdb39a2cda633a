/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_labels.c: what many labels win by chance is no reason to split them.
 */
#include "table.h"

#define ROWS 20000
#define UNIT 0x1p-8
#define NUMBER 0 /* the features */
#define LABELS 1

/* What gradients depend on besides noise of variance 1, h being 1. */
typedef struct truth
{
	double number; /* above and below its middle bin */
	double label;  /* of odd and of even ones */
} truth;

static void
draw_gradients(test_host *t, const ml_binned *binned, const truth *truth,
               ml_gradients *gradients)
{
	uint64_t seed = 7;

	*gradients = (ml_gradients){.g_unit = UNIT, .h_unit = UNIT};
	gradients->pair = ml_alloc_raw(&t->core, ROWS, sizeof(ml_pair));
	for (int64_t row = 0; row < ROWS; row++)
	{
		bool high = ml_binned_bin(binned, NUMBER, row) > binned->cut[NUMBER].bins / 2;
		bool odd = ml_binned_bin(binned, LABELS, row) % 2;
		double g = test_normal(&seed) + (high ? 1 : -1) * truth->number +
		           (odd ? 1 : -1) * truth->label;

		gradients->pair[row] = (uint32_t) (int) (g / UNIT) << 16 | (uint32_t) (1 / UNIT);
	}
}

/* The feature that is asked about first; -1: none is. */
static int
first_question(test_host *t, int levels, const truth *truth, double noise)
{
	table made = {
	    .rows = ROWS, .numbers = 1, .categories = 1, .levels = levels, .seed = 5};
	ml_tree_options options = {.leaves = 2,
	                           .min_rows = 20,
	                           .category_smoothing = 10,
	                           .category_l2 = 10,
	                           .column_share = 1,
	                           .node_share = 1};
	ml_binned binned;
	ml_gradients gradients;
	ml_grower grower;

	table_open(t, &made);
	REQUIRE_OK(ml_binned_create(&t->core, &made.problem, &binned));
	draw_gradients(t, &binned, truth, &gradients);
	gradients.noise = noise;
	REQUIRE_OK(ml_grower_create(&t->core, &binned, &made.schema, &options, &grower));
	REQUIRE_OK(ml_grower_draw(&grower, &made.problem, 0, 1));
	REQUIRE_OK(ml_grow(&grower, &gradients));
	return grower.node[0].feature;
}

/* The number takes 50 off the loss; 200 labels 127 by chance, 30 of them 19. */
static void
chance_is_not_split_first(test_host *t)
{
	truth weak = {.number = 0.05};

	CHECK_INT(first_question(t, 200, &weak, 1), NUMBER);
	CHECK_INT(first_question(t, 200, &weak, 0), LABELS);
	CHECK_INT(first_question(t, 30, &weak, 1), NUMBER);
	CHECK_INT(first_question(t, 30, &weak, 0), NUMBER);
}

static void
labels_that_tell_are_split(test_host *t)
{
	CHECK_INT(first_question(t, 200, &(truth){.number = 0.05, .label = 0.15}, 1), LABELS);
	CHECK_INT(first_question(t, 9, &(truth){.number = 0.05, .label = 0.08}, 1), LABELS);
}

/* Of a probability that is what it says, g has the variance h; units do not matter, weights count. */
static void
noise_is_the_variance_of_g(test_host *t)
{
	ml_slopes slopes;
	ml_gradients gradients;
	uint64_t seed = 3;

	REQUIRE_OK(ml_slopes_create(&t->core, ROWS, &slopes, &gradients));
	for (int weight = 1; weight <= 3; weight += 2)
	{
		for (int i = 0; i < ROWS; i++)
		{
			double p = 0.1 + 0.5 * test_uniform(&seed);

			slopes.g[i] = (float) (weight * (p - (test_uniform(&seed) < p)));
			slopes.h[i] = (float) (weight * p * (1 - p));
		}
		REQUIRE_OK(ml_gradients_round(&t->core, &slopes, 1, &gradients));
		CHECK_NEAR(gradients.noise, weight, weight * 0.02);
	}
	memset(slopes.h, 0, ROWS * sizeof *slopes.h);
	REQUIRE_OK(ml_gradients_round(&t->core, &slopes, 1, &gradients));
	CHECK(gradients.noise == 0);
}

TEST_MAIN({chance_is_not_split_first, "what labels win by chance does not come first"},
          {labels_that_tell_are_split, "labels that tell are split as before"},
          {noise_is_the_variance_of_g, "noise is the variance of g in units of h"})
