/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_exact.c: exact sums against Shewchuk's expansions, which know nothing of digits.
 */
#include "test.h"

#define MOST 400

typedef struct numbers
{
	double number[MOST];
	int count;
} numbers;

static double
value_of(const double *number, int count)
{
	int64_t digit[ML_EXACT_PLACES] = {0};

	for (int i = 0; i < count; i++)
	{
		ml_exact_parts parts = ml_exact_split(number[i]);

		ml_exact_put(digit + parts.place, &parts);
	}
	return ml_exact_value(digit, 0, ML_EXACT_PLACES);
}

/*
 * The rounded sum by nonoverlapping partial sums (Shewchuk 1997); half a unit is decided by
 * the partial below, as Python's math.fsum does.
 */
static double
slow_sum(const double *number, int count)
{
	double partial[MOST + 1], high, low = 0;
	int n = 0;

	for (int i = 0; i < count; i++)
	{
		double x = number[i];
		int kept = 0;

		for (int k = 0; k < n; k++)
		{
			double y = partial[k], sum;

			if (fabs(x) < fabs(y))
			{
				double swap = x;

				x = y;
				y = swap;
			}
			sum = x + y;
			low = y - (sum - x);
			if (low != 0)
				partial[kept++] = low;
			x = sum;
		}
		n = kept;
		partial[n++] = x;
	}
	if (n == 0)
		return 0;
	high = partial[--n];
	low = 0;
	while (n > 0 && low == 0)
	{
		double x = high, y = partial[--n];

		high = x + y;
		low = y - (high - x);
	}
	if (n > 0 && ((low < 0 && partial[n - 1] < 0) || (low > 0 && partial[n - 1] > 0)))
	{
		double twice = low * 2, x = high + twice;

		if (twice == x - high)
			high = x;
	}
	return high;
}

static double
random_number(int kind, uint64_t *state)
{
	double x = test_uniform(state) - 0.5;

	switch (kind)
	{
		case 0:
			return x;
		case 1: /* magnitudes far apart */
			return ldexp(x, (int) test_below(state, 600) - 300);
		case 2: /* subnormal */
			return (double) (test_below(state, 2001) - 1000) * 4.9406564584124654e-324;
		case 3: /* halves of a last bit, so that rounding has ties */
			return ldexp(1, (int) test_below(state, 2) * -53) * (x > 0 ? 1 : -1);
		case 4: /* around the least normal number */
			return ldexp(x, -1021);
		default: /* large ones, few enough not to overflow */
			return ldexp(x, 1000);
	}
}

static void
sums_like_expansions(test_host *t)
{
	uint64_t state = 20;

	for (int round = 0; round < 600; round++)
	{
		numbers n = {.count = (int) test_below(&state, MOST)};

		for (int i = 0; i < n.count; i++)
			n.number[i] = random_number(round % 6, &state);
		/* half of them cancels */
		for (int i = 1; i < n.count && round % 4 == 0; i += 2)
			n.number[i] = -n.number[i - 1];
		CHECK_SAME(value_of(n.number, n.count) + 0.0, slow_sum(n.number, n.count) + 0.0);
	}
}

static void
cancels(test_host *t)
{
	CHECK_SAME(value_of((double[]){1e308, 1, -1e308}, 3), 1);
	CHECK_SAME(value_of((double[]){1e308, 1e308, 1, -1e308, -1e308}, 5), 1);
	CHECK_SAME(value_of((double[]){-1e16, -1, 1e16}, 3), -1);
	CHECK_SAME(value_of((double[]){DBL_MAX, 4.9406564584124654e-324, -DBL_MAX}, 3),
	           4.9406564584124654e-324);
	CHECK_SAME(value_of((double[]){0.0, -0.0}, 2), 0);
	CHECK_SAME(value_of(NULL, 0), 0);
	CHECK_SAME(value_of((double[]){DBL_MIN, -DBL_TRUE_MIN}, 2), DBL_MIN - DBL_TRUE_MIN);
}

static void
rounds_to_even(test_host *t)
{
	double half = 0x1p-53;

	CHECK_SAME(value_of((double[]){1, half}, 2), 1);
	CHECK_SAME(value_of((double[]){1, half, DBL_TRUE_MIN}, 3), 1 + 0x1p-52);
	CHECK_SAME(value_of((double[]){1, half, -DBL_TRUE_MIN}, 3), 1);
	CHECK_SAME(value_of((double[]){1 + 0x1p-52, half}, 2), 1 + 0x1p-51);
	CHECK_SAME(value_of((double[]){-1, -half, -1e-300}, 3), -1 - 0x1p-52);
	CHECK_SAME(value_of((double[]){1e16, 1, 1e-16}, 3), 1e16 + 2);
}

static void
overflows(test_host *t)
{
	double half_unit = ldexp(1, 970);

	CHECK_SAME(value_of((double[]){DBL_MAX, DBL_MAX}, 2), INFINITY);
	CHECK_SAME(value_of((double[]){-DBL_MAX, -DBL_MAX}, 2), -INFINITY);
	CHECK_SAME(value_of((double[]){DBL_MAX, half_unit}, 2), INFINITY);
	CHECK_SAME(value_of((double[]){DBL_MAX, half_unit, -1}, 3), DBL_MAX);
}

/* Digits stay in order through more additions than a word has room for. */
static void
carries(test_host *t)
{
	int64_t digit[ML_EXACT_PLACES] = {0};
	ml_exact_parts parts = ml_exact_split(-0x1.fffffffffffffp0);

	for (int i = 0; i < 1000; i++)
		ml_exact_put(digit + parts.place, &parts);
	for (int times = 0; times < 20; times++)
	{
		for (int i = 0; i < ML_EXACT_PLACES; i++)
			digit[i] *= 2;
		ml_exact_carry(digit, ML_EXACT_PLACES);
		for (int i = 0; i + 1 < ML_EXACT_PLACES; i++)
			CHECK(digit[i] >= 0 && digit[i] <= UINT32_MAX);
	}
	CHECK_SAME(ml_exact_value(digit, 0, ML_EXACT_PLACES),
	           -0x1.fffffffffffffp0 * 1000 * 1048576);
}

/* n sum x^2 - (sum x)^2 is the sum of (x_i - x_k)^2 over all pairs, whole numbers here. */
static void
subtracts_products(test_host *t)
{
	uint64_t state = 21;

	for (int round = 0; round < 200; round++)
	{
		int64_t a[ML_EXACT_PLACES] = {0}, b[ML_EXACT_PLACES] = {0},
		        c[ML_EXACT_PLACES] = {0};
		const int64_t *sum[] = {a, b, c};
		int n = 1 + (int) test_below(&state, 30), exponent;
		double x[30], far = round % 3 == 0 ? 0 : round % 3 == 1 ? 67108863 : -67000000;
		double pairs = 0, got;

		for (int i = 0; i < n; i++)
		{
			ml_exact_parts parts = ml_exact_split(1);

			x[i] = (double) test_below(&state, 50);
			ml_exact_put(a + parts.place, &parts);
			parts = ml_exact_split((x[i] + far) * (x[i] + far));
			ml_exact_put(b + parts.place, &parts);
			parts = ml_exact_split(x[i] + far);
			ml_exact_put(c + parts.place, &parts);
			for (int k = 0; k < i; k++)
				pairs += (x[i] - x[k]) * (x[i] - x[k]);
		}
		got = ml_exact_determinant(sum, 0, ML_EXACT_PLACES, &exponent);
		CHECK_SAME(ldexp(got, exponent), pairs);
		/* a larger c makes it negative, which is no square of a distance */
		c[40] += 1000000000;
		CHECK(isnan(ml_exact_determinant(sum, 0, ML_EXACT_PLACES, &exponent)));
	}
}

TEST_MAIN({sums_like_expansions, "sums are those of Shewchuk's expansions, to the bit"},
          {cancels, "what cancels leaves nothing behind, at any magnitude"},
          {rounds_to_even, "a sum is rounded once, to nearest even"},
          {overflows, "a sum past the largest double is an infinity"},
          {carries, "digits are put in order and keep the sum"},
          {subtracts_products, "products of sums are subtracted without rounding"})
