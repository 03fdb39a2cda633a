/* SPDX-License-Identifier: PostgreSQL */
/*
 * exact.c: what becomes of an exact sum in the end.
 */
#include "base/base.h"

#include <math.h>

#define LEAST_EXPONENT 1074 /* place 0 counts units of 2^-1074 */

/* A sum's absolute value has two digits more, for what its last word holds. */
#define SIZE (ML_EXACT_PLACES + 2)

void
ml_exact_carry(int64_t *digit, int count)
{
	for (int i = 0; i + 1 < count; i++)
	{
		/* to the right of the sign: the floor of the quotient */
		digit[i + 1] += digit[i] >> 32;
		digit[i] &= UINT32_MAX;
	}
}

/* Digits of the absolute value, count + 2 of them; answers whether the sum is negative. */
static bool
magnitude(const int64_t *digit, int count, uint32_t *out)
{
	int64_t ordered[ML_EXACT_PLACES];
	bool negative;

	memcpy(ordered, digit, (size_t) count * sizeof *ordered);
	ml_exact_carry(ordered, count);
	negative = count > 0 && ordered[count - 1] < 0;
	if (negative)
	{
		for (int i = 0; i < count; i++)
			ordered[i] = -ordered[i];
		ml_exact_carry(ordered, count);
	}
	for (int i = 0; i < count; i++)
		out[i] = (uint32_t) ordered[i];
	out[count] = count > 0 ? (uint32_t) (ordered[count - 1] >> 32) : 0;
	out[count + 1] = 0;
	return negative;
}

static uint64_t
digit_at(const uint32_t *digit, int place)
{
	return place >= 0 ? digit[place] : 0;
}

/*
 * The 64 leading bits as a double and what they count; the last bit stands for all that
 * follow, so that the conversion rounds as if it saw them.
 */
static double
leading_bits(const uint32_t *digit, int count, int *exponent)
{
	int top = count - 1, empty;
	uint64_t bits, third;
	bool more = false;

	while (top >= 0 && digit[top] == 0)
		top--;
	*exponent = 0;
	if (top < 0)
		return 0;
	empty = __builtin_clz(digit[top]);
	third = digit_at(digit, top - 2) << empty;
	bits = (digit_at(digit, top) << 32 | digit_at(digit, top - 1)) << empty | third >> 32;
	for (int i = 0; i < top - 2; i++)
		more |= digit[i] != 0;
	*exponent = 32 * (top - 1) - empty;
	return (double) (bits | (more || (third & UINT32_MAX) != 0));
}

double
ml_exact_value(const int64_t *digit, int low, int count)
{
	uint32_t absolute[SIZE];
	bool negative = magnitude(digit, count, absolute);
	int exponent;
	double value = leading_bits(absolute, count + 2, &exponent);

	/* all digits are whole units, so the scaling does not round a second time */
	value = ldexp(value, exponent + 32 * low - LEAST_EXPONENT);
	return negative ? -value : value;
}

/* out[2 count] = a b */
static void
multiply(const uint32_t *a, const uint32_t *b, int count, uint32_t *out)
{
	memset(out, 0, 2 * (size_t) count * sizeof *out);
	for (int i = 0; i < count; i++)
	{
		uint64_t carry = 0;

		for (int k = 0; k < count; k++)
		{
			carry += (uint64_t) a[i] * b[k] + out[i + k];
			out[i + k] = (uint32_t) carry;
			carry >>= 32;
		}
		out[i + count] = (uint32_t) carry;
	}
}

/* a -= b; answers whether b is the larger. */
static bool
subtract(uint32_t *a, const uint32_t *b, int count)
{
	int64_t borrow = 0;

	for (int i = 0; i < count; i++)
	{
		borrow += (int64_t) a[i] - b[i];
		a[i] = (uint32_t) borrow;
		borrow >>= 32;
	}
	return borrow < 0;
}

double
ml_exact_determinant(const int64_t *const sum[3], int low, int count, int *exponent)
{
	uint32_t factor[3][SIZE], product[2 * SIZE], square[2 * SIZE];
	int size = count + 2;
	double value;
	bool negative = false;

	for (int i = 0; i < 3; i++)
		negative |= magnitude(sum[i], count, factor[i]) && i < 2;
	multiply(factor[0], factor[1], size, product);
	multiply(factor[2], factor[2], size, square);
	negative |= subtract(product, square, 2 * size);
	value = leading_bits(product, 2 * size, exponent);
	*exponent += 2 * (32 * low - LEAST_EXPONENT);
	return negative ? NAN : value;
}
