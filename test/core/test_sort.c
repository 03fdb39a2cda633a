/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_sort.c: both sorts against insertion by the definition.
 */
#include "test.h"

static const int64_t size_of[] = {0,  1,  2,  15,  16,  17,   31,
                                  32, 33, 47, 100, 255, 1000, 1025};
#define SIZES ((int) (sizeof size_of / sizeof *size_of))

/* How the numbers to be sorted are made. */
typedef enum shape
{
	SHAPE_RANDOM,
	SHAPE_FEW, /* many ties */
	SHAPE_ASCENDING,
	SHAPE_DESCENDING,
	SHAPE_EQUAL,
	SHAPE_EXTREME,
	SHAPES
} shape;

static double
number_of(shape made, int64_t i, uint64_t *state)
{
	static const double extreme[] = {-INFINITY, INFINITY, 0.0,         -0.0,    DBL_MAX,
	                                 -DBL_MAX,  DBL_MIN,  4.9406e-324, -1e-310, 1};

	switch (made)
	{
		case SHAPE_RANDOM:
			return (test_uniform(state) - 0.5) * exp(40 * (test_uniform(state) - 0.5));
		case SHAPE_FEW:
			return (double) test_below(state, 5) - 2;
		case SHAPE_ASCENDING:
			return (double) i;
		case SHAPE_DESCENDING:
			return (double) -i;
		case SHAPE_EQUAL:
			return 3;
		case SHAPE_EXTREME:
			return extreme[test_below(state, 10)];
		case SHAPES:
			break;
	}
	return 0;
}

static int
compare_numbers(const void *context, uint32_t a, uint32_t b)
{
	const double *number = context;

	return (number[a] > number[b]) - (number[a] < number[b]);
}

/* Ascending, every index once, ties in the order they came. */
static void
check_order(const double *number, const uint32_t *index, int64_t count)
{
	unsigned char seen[2048] = {0};

	for (int64_t i = 0; i < count; i++)
	{
		REQUIRE(index[i] < count && !seen[index[i]]);
		seen[index[i]] = 1;
		if (i == 0)
			continue;
		CHECK(number[index[i - 1]] <= number[index[i]]);
		if (number[index[i - 1]] == number[index[i]])
			CHECK(index[i - 1] < index[i]);
	}
}

static void
sorts_indexes(test_host *t)
{
	uint64_t state = 5;

	for (int s = 0; s < SIZES; s++)
		for (shape made = 0; made < SHAPES; made++)
		{
			int64_t count = size_of[s];
			double *number = ml_alloc(&t->core, (size_t) count * sizeof *number);
			uint32_t *index = ml_alloc(&t->core, (size_t) count * sizeof *index);
			uint32_t *work = ml_alloc(&t->core, (size_t) count * sizeof *work);

			for (int64_t i = 0; i < count; i++)
			{
				number[i] = number_of(made, i, &state);
				index[i] = (uint32_t) i;
			}
			REQUIRE_OK(
			    ml_sort_indexes(&t->core, index, work, count, compare_numbers, number));
			check_order(number, index, count);
		}
}

static void
sorts_numbers(test_host *t)
{
	uint64_t state = 6;

	for (int s = 0; s < SIZES; s++)
		for (shape made = 0; made < SHAPES; made++)
		{
			int64_t count = size_of[s];
			double *number = ml_alloc(&t->core, (size_t) count * sizeof *number);
			uint32_t *index = ml_alloc(&t->core, (size_t) count * sizeof *index);

			for (int64_t i = 0; i < count; i++)
				number[i] = number_of(made, i, &state);
			REQUIRE_OK(ml_sort_numbers(&t->core, number, count, index));
			check_order(number, index, count);
		}
}

static void
stops(test_host *t)
{
	enum
	{
		COUNT = 40000
	};
	double *number = ml_alloc(&t->core, COUNT * sizeof *number);
	uint32_t *index = ml_alloc(&t->core, COUNT * sizeof *index);
	uint32_t *work = ml_alloc(&t->core, COUNT * sizeof *work);
	uint64_t state = 7;

	for (int i = 0; i < COUNT; i++)
	{
		number[i] = test_uniform(&state);
		index[i] = (uint32_t) i;
	}
	t->stop_at = 1;
	CHECK(ml_sort_indexes(&t->core, index, work, COUNT, compare_numbers, number) ==
	      ML_STOPPED);
	CHECK(ml_sort_numbers(&t->core, number, COUNT, index) == ML_STOPPED);
	t->stop_at = 0;
	t->questions = 0;
	CHECK(ml_sort_indexes(&t->core, index, work, COUNT, compare_numbers, number) ==
	      ML_OK);
	CHECK(t->questions >= COUNT * 8 / 8192);
}

static void
notices_refusals(test_host *t)
{
	double number[3] = {3, 1, 2};
	uint32_t index[3];

	for (int k = 1; k <= 3; k++)
	{
		t->asked = 0;
		t->refuse_at = k;
		CHECK(ml_sort_numbers(&t->core, number, 3, index) == ML_MEMORY);
	}
	t->refuse_at = 0;
	CHECK(ml_sort_numbers(&t->core, number, 3, index) == ML_OK);
}

TEST_MAIN({sorts_indexes, "merge sort is right and stable for every size and shape"},
          {sorts_numbers, "radix sort is right and stable for every size and shape"},
          {stops, "both stop when asked to"},
          {notices_refusals, "radix sort notices refused memory"})
