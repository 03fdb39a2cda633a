/* SPDX-License-Identifier: PostgreSQL */
/*
 * numeric.c: numeric to double, digit by digit.
 *
 * numeric::float8 goes by way of a string.  Here the digits are read directly
 * into an integer w with value = w / 10^k or w * 10^k, and the quotient is
 * rounded once, by integer arithmetic, so that the result is the nearest double:
 * the same as the cast's.  What does not fit (more than 19 significant digits,
 * exponents past 19) goes the long way.
 *
 * The on-disk form is that of PostgreSQL 9.1 and later: a header word whose top bits
 * tell short from long, a display scale, a weight, and digits of base 10000.
 */
#include "cia.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

#define SIGN_MASK 0xC000
#define LONG_FORM 0x0000 /* and 0x4000 when negative */
#define SHORT_FORM 0x8000
#define SPECIAL 0xC000
#define SHORT_NEGATIVE 0x2000
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT_MASK 0x003F
#define BASE 10000
#define MAX_POWER 19 /* 10^19 fits into 64 bits */

__extension__ typedef unsigned __int128 wide;

typedef struct digits
{
	bool negative;
	int weight; /* of the first digit: BASE^weight */
	int count;
	const int16 *digit;
} digits;

static const uint64 power_of_ten[MAX_POWER + 1] = {
    UINT64CONST(1),
    UINT64CONST(10),
    UINT64CONST(100),
    UINT64CONST(1000),
    UINT64CONST(10000),
    UINT64CONST(100000),
    UINT64CONST(1000000),
    UINT64CONST(10000000),
    UINT64CONST(100000000),
    UINT64CONST(1000000000),
    UINT64CONST(10000000000),
    UINT64CONST(100000000000),
    UINT64CONST(1000000000000),
    UINT64CONST(10000000000000),
    UINT64CONST(100000000000000),
    UINT64CONST(1000000000000000),
    UINT64CONST(10000000000000000),
    UINT64CONST(100000000000000000),
    UINT64CONST(1000000000000000000),
    UINT64CONST(10000000000000000000),
};

/* False for NaN and the infinities. */
static bool
open_digits(const struct varlena *number, digits *out)
{
	const uint16 *word = (const uint16 *) VARDATA_ANY(number);
	int words = VARSIZE_ANY_EXHDR(number) / sizeof(uint16);
	uint16 header;

	/* a short varlena header leaves the words unaligned */
	memcpy(&header, word, sizeof header);
	if ((header & SIGN_MASK) == SPECIAL)
		return false;
	if ((header & SIGN_MASK) == SHORT_FORM)
	{
		out->negative = (header & SHORT_NEGATIVE) != 0;
		out->weight = (header & SHORT_WEIGHT_MASK) |
		              (header & SHORT_WEIGHT_SIGN ? ~SHORT_WEIGHT_MASK : 0);
		out->digit = (const int16 *) (word + 1);
		out->count = words - 1;
	}
	else
	{
		int16 weight;

		memcpy(&weight, word + 1, sizeof weight);
		out->negative = (header & SIGN_MASK) != LONG_FORM;
		out->weight = weight;
		out->digit = (const int16 *) (word + 2);
		out->count = words - 2;
	}
	return true;
}

/* w rounded to the nearest double, ties to even; extra tells that a little is missing. */
static double
round_once(wide w, int exponent, bool extra)
{
	int bits = 0, drop;
	uint64 mantissa;

	bits = (w >> 64) != 0 ? 128 - __builtin_clzll((uint64) (w >> 64))
	                      : 64 - __builtin_clzll((uint64) w);
	drop = bits - 53;
	if (drop <= 0)
		return ldexp((double) (uint64) w, exponent);
	mantissa = (uint64) (w >> drop);
	{
		wide rest = w & (((wide) 1 << drop) - 1), half = (wide) 1 << (drop - 1);

		if (rest > half || (rest == half && (extra || (mantissa & 1))))
			mantissa++;
	}
	return ldexp((double) mantissa, exponent + drop);
}

/* w / 10^k; with w past 2^53 the quotient of w 2^64 has at least 54 bits. */
static double
divide(uint64 w, int k)
{
	uint64 divisor = power_of_ten[k];
	wide shifted, quotient;

	/* both are exact doubles: the hardware rounds the quotient once */
	if (w <= UINT64CONST(1) << 53)
		return (double) w / (double) divisor;
	shifted = (wide) w << 64;
	quotient = shifted / divisor;
	return round_once(quotient, -64, quotient * divisor != shifted);
}

static double
by_string(Numeric number)
{
	return DatumGetFloat8(
	    DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(number)));
}

/*
 * Exactly numeric::float8, except that what is beyond the range of doubles
 * becomes an infinity, for the caller to complain of with column and row.
 */
double
cia_numeric_double(Numeric number)
{
	digits in;
	uint64 w = 0;
	int exponent, trailing;
	double result;

	if (!open_digits((const struct varlena *) number, &in))
		return by_string(number);
	if (in.count == 0)
		return 0;
	/* five digits of base 10000 always fit into 64 bits if the first is below 1000 */
	if (in.count > 5)
		return by_string(number);
	for (int i = 0; i < in.count; i++)
	{
		int16 digit;

		memcpy(&digit, in.digit + i, sizeof digit);
		if (w > (PG_UINT64_MAX - BASE) / BASE)
			return by_string(number);
		w = w * BASE + (uint64) digit;
	}
	exponent = 4 * (in.weight - in.count + 1);
	/* trailing zeros of the last digit are common: 12.50 is 12 5000 */
	for (trailing = 0; exponent < 0 && trailing < 3 && w % 10 == 0;
	     trailing++, exponent++)
		w /= 10;
	if (exponent < -MAX_POWER || exponent > MAX_POWER || w == 0)
		return by_string(number);
	if (exponent <= 0)
		result = divide(w, -exponent);
	else
		result = round_once((wide) w * power_of_ten[exponent], 0, false);
	return in.negative ? -result : result;
}
