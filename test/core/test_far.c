/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_far.c: rows so far from all segments that squares leave no digits of the centres, or are
 * out of range; and models written by hand that would have such squares of all rows.
 */
#include "cloud.h"

#define NUMBERS 3
#define SEGMENTS 4

static const struct
{
	const char *algorithm;
	const char *covariance;
} kind[] = {{"kmeans", NULL},
            {"hierarchical", NULL},
            {"gaussian_mixture", "full"},
            {"gaussian_mixture", "diagonal"}};

enum
{
	KINDS = sizeof kind / sizeof *kind
};

static ml_model *
fit(test_host *t, int which, uint64_t seed)
{
	const sample_option options[] = {
	    {"k", SEGMENTS},
	    {"holdout", 0},
	    {kind[which].covariance != NULL ? "covariance" : NULL, 0, kind[which].covariance},
	    {NULL, 0}};
	cloud c = {.rows = 300,
	           .numbers = NUMBERS,
	           .categories = 1,
	           .middles = SEGMENTS,
	           .noise = 0.5,
	           .seed = seed};
	ml_result result;

	REQUIRE_OK(sample_train(&t->core, cloud_frame(t, &c), kind[which].algorithm, options,
	                        &result));
	return result.model;
}

/* A row in the direction of a seed, so many times as far away as numbers are large. */
static void
point_at(uint64_t seed, double size, bool gap, double *row)
{
	for (int j = 0; j < NUMBERS; j++)
		row[j] = 2 * (test_uniform(&seed) - 0.5) * size;
	row[NUMBERS] = (double) test_below(&seed, 3);
	if (gap)
		row[test_below(&seed, NUMBERS)] = NAN;
}

/* The segment that is nearest from afar stays it ever farther on, and distances are in proportion. */
static void
check_ray(const ml_model *model, uint64_t seed)
{
	static const double size[] = {1e14, 1e17, 1e40, 1e149, 1e155, 1e200, 1e300};
	double near[NUMBERS + 1], row[NUMBERS + 1], distance;
	bool gap = seed % 3 == 0;
	int segment;

	point_at(seed, 1e12, gap, near);
	segment = ml_model_class(model, near);
	distance = model->learner->distance(model->state, near, segment);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++)
	{
		double probability[SEGMENTS], far;

		point_at(seed, size[i], gap, row);
		CHECK_INT(ml_model_class(model, row), segment);
		ml_model_probabilities(model, row, probability);
		for (int s = 0; s < SEGMENTS; s++)
			CHECK_SAME(probability[s], s == segment);
		far = model->learner->distance(model->state, row, segment);
		CHECK_CLOSE(far / size[i], distance / 1e12, 1e-7);
		CHECK_SAME(ml_model_score(model, row), far);
	}
}

static void
tells_the_nearest_from_afar(test_host *t)
{
	for (int which = 0; which < KINDS; which++)
		for (uint64_t seed = 1; seed <= 20; seed++)
			check_ray(fit(t, which, 1 + seed % 2), seed);
}

/* Learned numbers of a name, to be written to. */
static double *
numbers_of(ml_model *model, const char *name)
{
	return ml_fitted_part(&model->fitted, name)->number;
}

/* All segments alike in the first number, and the same spread in all of them. */
static void
make_alike(ml_model *model)
{
	int64_t slots = ml_fitted_part(&model->fitted, "centers")->count / SEGMENTS;
	const ml_part *factors = ml_fitted_part(&model->fitted, "factors");

	for (int s = 0; s < SEGMENTS; s++)
		numbers_of(model, "centers")[s * slots] = 0.25;
	for (int64_t i = 0; factors != NULL && i < factors->count; i++)
	{
		int64_t at = i % (factors->count / SEGMENTS);

		factors->number[i] =
		    factors->count == SEGMENTS * NUMBERS || at == 0 || at == 2 || at == 5;
	}
}

/* A number in which segments do not differ tells nothing, however large it is. */
static void
leaves_what_does_not_differ(test_host *t)
{
	for (int which = 0; which < KINDS; which++)
	{
		ml_model *model = fit(t, which, 3);

		make_alike(model);
		REQUIRE_OK(ml_model_prepare(&t->core, model));
		for (uint64_t seed = 1; seed <= 20; seed++)
		{
			double row[NUMBERS + 1], here[SEGMENTS], there[SEGMENTS];

			for (int j = 0; j < NUMBERS; j++)
				row[j] = 1000 * (j + 1) + 10 * (test_uniform(&seed) - 0.5);
			row[NUMBERS] = 1;
			ml_model_probabilities(model, row, here);
			for (double size = 1e18; size < 1e308; size *= 1e29)
			{
				row[0] = size;
				ml_model_probabilities(model, row, there);
				for (int s = 0; s < SEGMENTS; s++)
					CHECK_NEAR(there[s], here[s], 1e-9);
			}
			seed += 100;
		}
	}
}

/* Contributions add up to what the row's segment is ahead of the next, on either side of far. */
static void
explains_from_afar(test_host *t)
{
	for (int which = 0; which < 2; which++)
	{
		ml_model *model = fit(t, which, 5);

		for (double size = 1; size < 1e307; size *= 1e9)
		{
			double row[NUMBERS + 1], contribution[NUMBERS + 1], margin[SEGMENTS];
			double bias, sum = 0, next = -INFINITY;
			int own;

			point_at(7, size, false, row);
			own = ml_model_class(model, row);
			model->learner->margins(model->state, row, margin);
			ml_model_explain(model, row, contribution, &bias);
			for (int f = 0; f <= NUMBERS; f++)
				sum += contribution[f];
			for (int s = 0; s < SEGMENTS; s++)
				next = s != own ? fmax(next, margin[s]) : next;
			CHECK_SAME(bias, 0);
			CHECK(isfinite(sum));
			/* squares of 1e15 have lost a digit each that size has gained on 1 */
			if (size < 1e6 || size > 1e17)
				CHECK_CLOSE(sum, margin[own] - next, 1e-8);
		}
	}
}

/* The density has no bottom but that of numbers. */
static void
has_densities_from_afar(test_host *t)
{
	for (int which = 2; which < KINDS; which++)
	{
		ml_model *model = fit(t, which, 6);
		double row[NUMBERS + 1];

		for (double size = 1e12; size < 1e145; size *= 1e10)
		{
			double distance;

			point_at(9, size, false, row);
			distance = ml_model_score(model, row);
			CHECK_CLOSE(model->learner->log_density(model->state, row),
			            -distance * distance / 2, 1e-12);
		}
		point_at(9, 1e200, false, row);
		CHECK_SAME(model->learner->log_density(model->state, row), -INFINITY);
	}
}

/* A number of a model, and what makes of it one that has no squares. */
static void
refuses_models_without_distances(test_host *t)
{
	static const struct
	{
		int kind;
		const char *name;
		double number;
		bool good;
	} odd[] = {{0, "centers", 1e100, true},          {0, "centers", 1e200, false},
	           {0, "centers", -1e308, false},        {0, "category_weight", 1e290, true},
	           {0, "category_weight", 1e308, false}, {1, "centers", 1e200, false},
	           {2, "factors", 1e149, true},          {2, "factors", 1e151, false},
	           {2, "factors", 1e-151, false},        {3, "factors", 1e-149, true},
	           {3, "factors", 1e200, false},         {3, "centers", 1e308, true}};

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
	{
		ml_model *model = fit(t, odd[i].kind, 4);
		double row[NUMBERS + 1], probability[SEGMENTS], sum = 0;

		numbers_of(model, odd[i].name)[0] = odd[i].number;
		CHECK_INT(ml_model_prepare(&t->core, model), odd[i].good ? ML_OK : ML_BAD_MODEL);
		for (uint64_t seed = 1; odd[i].good && seed <= 20; seed++)
		{
			point_at(seed, seed % 2 == 0 ? 1e5 : 1e306, seed % 3 == 0, row);
			ml_model_probabilities(model, row, probability);
			for (int s = sum = 0; s < SEGMENTS; s++)
				sum += probability[s];
			CHECK_NEAR(sum, 1, 1e-9);
			CHECK(ml_model_score(model, row) >= 0);
		}
	}
}

/* Squares of which sums would be out of range. */
static void
refuses_rows_without_squares(test_host *t)
{
	static const double wide[] = {1e151, -1e151, 5, 6, 7, 8, 9, 1e151};

	for (int which = 0; which < KINDS; which++)
	{
		const sample_option options[] = {
		    {"k", 2}, {"holdout", 0}, {"scale", 0, "none"}, {NULL, 0}};
		ml_result result;

		CHECK_INT(sample_train(&t->core, numbers_frame(t, 1, wide, 8),
		                       kind[which].algorithm, options, &result),
		          ML_NOT_NUMERIC);
	}
}

TEST_MAIN(
    {tells_the_nearest_from_afar, "a direction's nearest segment is so at any distance"},
    {leaves_what_does_not_differ, "what segments have in common tells nothing from afar"},
    {explains_from_afar, "contributions add up, and are numbers"},
    {has_densities_from_afar, "the log of a density follows the distance"},
    {refuses_models_without_distances, "a model is refused, or has answers for all rows"},
    {refuses_rows_without_squares, "rows whose squares are out of range are refused"})
