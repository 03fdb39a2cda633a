/* SPDX-License-Identifier: PostgreSQL */
/*
 * sort.c: a bottom-up merge sort of row numbers, and a radix sort by doubles.
 *
 * Both are stable.  The C library's qsort is not used since it may allocate
 * and cannot be stopped.
 */
#include "base/base.h"

#include <string.h>

#define RUN 16          /* runs up to here are sorted by insertion */
#define STOP_EVERY 8192 /* merged items between two questions to the host */
#define DIGIT_BITS 11   /* one radix pass; 2048 counters stay in the first cache */
#define DIGITS (1 << DIGIT_BITS)
#define PASSES 6 /* 6 x 11 bits cover a 64-bit key */

static void
insertion_sort(uint32_t *index, int64_t count, ml_compare compare, const void *context)
{
	for (int64_t i = 1; i < count; i++)
	{
		uint32_t item = index[i];
		int64_t at = i;

		for (; at > 0 && compare(context, index[at - 1], item) > 0; at--)
			index[at] = index[at - 1];
		index[at] = item;
	}
}

/*
 * Sorts index[0 .. count) in place; work has room for count.
 * Answers ML_STOPPED when the host wants to stop; the order is then undefined.
 */
ml_status
ml_sort_indexes(ml_host *host, uint32_t *index, uint32_t *work, int64_t count,
                ml_compare compare, const void *context)
{
	int64_t merged = 0;

	for (int64_t begin = 0; begin < count; begin += RUN)
		insertion_sort(index + begin, count - begin < RUN ? count - begin : RUN, compare,
		               context);
	for (int64_t width = RUN; width < count; width *= 2)
	{
		for (int64_t begin = 0; begin < count - width; begin += 2 * width)
		{
			int64_t middle = begin + width;
			int64_t end = middle + width < count ? middle + width : count;
			int64_t left = 0, right = middle, at = begin;

			if (compare(context, index[middle - 1], index[middle]) <= 0)
				continue;
			memcpy(work, index + begin, (size_t) width * sizeof *work);
			while (left < width && right < end)
			{
				if (++merged % STOP_EVERY == 0 && ml_stop(host))
					return ML_STOPPED;
				index[at++] = compare(context, work[left], index[right]) <= 0
				                  ? work[left++]
				                  : index[right++];
			}
			memcpy(index + at, work + left, (size_t) (width - left) * sizeof *work);
		}
	}
	return ML_OK;
}

/* Maps a double to an integer of the same order: negatives flipped, positives above. */
static uint64_t
ordered_bits(double number)
{
	uint64_t bits;

	number += 0.0;
	memcpy(&bits, &number, sizeof bits);
	return bits ^ ((bits >> 63) ? UINT64_MAX : UINT64_C(1) << 63);
}

typedef struct keyed
{
	uint64_t key;
	uint32_t index;
} keyed;

/*
 * Fills index[0 .. count) with the rows in ascending order of number[], which holds no NaN.
 * A pass whose digit never varies is skipped.
 */
ml_status
ml_sort_numbers(ml_host *host, const double *number, int64_t count, uint32_t *index)
{
	keyed *from, *to;
	int64_t *tally;

	ML_NEW(host, from, count);
	ML_NEW(host, to, count);
	ML_NEW(host, tally, PASSES * DIGITS);
	for (int64_t i = 0; i < count; i++)
	{
		ML_PAUSE(host, i);
		from[i] = (keyed){.key = ordered_bits(number[i]), .index = (uint32_t) i};
		for (int pass = 0; pass < PASSES; pass++)
			tally[pass * DIGITS +
			      ((from[i].key >> (pass * DIGIT_BITS)) & (DIGITS - 1))]++;
	}
	for (int pass = 0; pass < PASSES && count > 0; pass++)
	{
		int64_t *slot = tally + pass * DIGITS;
		int shift = pass * DIGIT_BITS;
		int64_t start = 0;
		keyed *swap = from;

		if (slot[(from[0].key >> shift) & (DIGITS - 1)] == count)
			continue;
		if (ml_stop(host))
			return ML_STOPPED;
		for (int digit = 0; digit < DIGITS; digit++)
		{
			int64_t rows = slot[digit];

			slot[digit] = start;
			start += rows;
		}
		for (int64_t i = 0; i < count; i++)
			to[slot[(from[i].key >> shift) & (DIGITS - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	for (int64_t i = 0; i < count; i++)
		index[i] = from[i].index;
	return ML_OK;
}
