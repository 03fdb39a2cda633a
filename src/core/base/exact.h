/* SPDX-License-Identifier: PostgreSQL */
/*
 * exact.h: sums of doubles without rounding.
 *
 * A sum is a whole number of 2^-1074, the least of all doubles, in digits of 32 bits that
 * lie in signed words of 64: Kulisch's long accumulator as Neal writes it (Fast exact
 * summation using small and large superaccumulators, 2015, arXiv:1505.05571).  Nothing is
 * rounded until the sum is asked for, so it does not depend on the order of what was added.
 *
 * Of the places that doubles may need a sum keeps a window, digit[0 .. count), whose first
 * is place low.  A number touches three places; a window that holds these has room for the
 * carries of 2^40 numbers.
 */
#ifndef ML_EXACT_H
#define ML_EXACT_H

#include <stdint.h>
#include <string.h>

#define ML_EXACT_PLACES 66 /* of all finite doubles */
#define ML_EXACT_REACH 3   /* places that one number touches */

/* Numbers that may be added to digits in order before they are put in order again. */
#define ML_EXACT_PENDING (1 << 29)

/* A number as whole << shift, in units of its lowest place. */
typedef struct ml_exact_parts
{
	uint64_t whole;
	int64_t sign; /* 0 or -1 */
	int place;
	int shift;
} ml_exact_parts;

/* Of a finite number. */
static inline ml_exact_parts
ml_exact_split(double number)
{
	uint64_t bits;
	int exponent;

	memcpy(&bits, &number, sizeof bits);
	exponent = (int) ((bits >> 52) & 0x7ff);
	/* below the least exponent numbers lack their implicit bit, and have its unit */
	return (ml_exact_parts){
	    .whole = (bits & ((UINT64_C(1) << 52) - 1)) | ((uint64_t) (exponent > 0) << 52),
	    .sign = -(int64_t) (bits >> 63),
	    .place = (exponent - (exponent > 0)) / 32,
	    .shift = (exponent - (exponent > 0)) % 32,
	};
}

/* Adds it where digit is its lowest place. */
static inline void
ml_exact_put(int64_t *digit, const ml_exact_parts *parts)
{
	uint64_t low = parts->whole << parts->shift;
	uint64_t high = parts->shift > 0 ? parts->whole >> (64 - parts->shift) : 0;

	digit[0] += ((int64_t) (low & UINT32_MAX) ^ parts->sign) - parts->sign;
	digit[1] += ((int64_t) (low >> 32) ^ parts->sign) - parts->sign;
	digit[2] += ((int64_t) high ^ parts->sign) - parts->sign;
}

/* Puts digits in order: all but the last one, which has the sign, are then below 2^32. */
extern void ml_exact_carry(int64_t *digit, int count);

/* The sum, rounded once to the nearest double; an infinity where that is out of range. */
extern double ml_exact_value(const int64_t *digit, int low, int count);

/*
 * a b - c c of three sums in one window, rounded once, where a and b are not negative, as
 * result * 2^*exponent with a result below 2^65.  NaN if it is less than zero.
 */
extern double
ml_exact_determinant(const int64_t *const sum[3], int low, int count, int *exponent);

#endif
