/* SPDX-License-Identifier: PostgreSQL */
/*
 * sort.c: a bottom-up merge sort of row numbers, and a radix sort by keys.
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

/* Negatives flipped, positives above. */
uint64_t
ml_number_key(double number)
{
	uint64_t bits;

	number += 0.0;
	memcpy(&bits, &number, sizeof bits);
	return bits ^ ((bits >> 63) ? UINT64_MAX : UINT64_C(1) << 63);
}

double
ml_key_number(uint64_t key)
{
	double number;

	key ^= (key >> 63) ? UINT64_C(1) << 63 : UINT64_MAX;
	memcpy(&number, &key, sizeof number);
	return number;
}

static bool
gives_up(ml_worker *worker, int64_t round)
{
	return (round & 0xffff) == 0 && ml_worker_stop(worker);
}

/* Counters become the places where each digit's items begin. */
static void
to_places(int64_t *tally)
{
	int64_t start = 0;

	for (int digit = 0; digit < DIGITS; digit++)
	{
		int64_t items = tally[digit];

		tally[digit] = start;
		start += items;
	}
}

/* A pass whose digit never varies is skipped. */
ml_status
ml_sort_keyed(ml_worker *worker, ml_keyed *items, ml_keyed *spare, int64_t count,
              int64_t *tally, ml_keyed **sorted)
{
	memset(tally, 0, ML_SORT_TALLY * sizeof *tally);
	for (int64_t i = 0; i < count; i++)
	{
		if (gives_up(worker, i))
			return ML_STOPPED;
		for (int pass = 0; pass < PASSES; pass++)
			tally[pass * DIGITS +
			      ((items[i].key >> (pass * DIGIT_BITS)) & (DIGITS - 1))]++;
	}
	for (int pass = 0; pass < PASSES && count > 0; pass++)
	{
		int64_t *place = tally + pass * DIGITS;
		int shift = pass * DIGIT_BITS;
		ml_keyed *swap = items;

		if (place[(items[0].key >> shift) & (DIGITS - 1)] == count)
			continue;
		to_places(place);
		for (int64_t i = 0; i < count; i++)
		{
			if (gives_up(worker, i))
				return ML_STOPPED;
			spare[place[(items[i].key >> shift) & (DIGITS - 1)]++] = items[i];
		}
		items = spare;
		spare = swap;
	}
	*sorted = items;
	return ML_OK;
}

/* Fills index[0 .. count) with the rows in ascending order of number[], which holds no NaN. */
ml_status
ml_sort_numbers(ml_host *host, const double *number, int64_t count, uint32_t *index)
{
	ml_worker alone = {.host = host};
	ml_keyed *items, *spare;
	int64_t *tally;

	ML_NEW_RAW(host, items, count);
	ML_NEW_RAW(host, spare, count);
	ML_NEW_RAW(host, tally, ML_SORT_TALLY);
	for (int64_t i = 0; i < count; i++)
	{
		ML_PAUSE(host, i);
		items[i] = (ml_keyed){.key = ml_number_key(number[i]), .row = (uint32_t) i};
	}
	ML_TRY(ml_sort_keyed(&alone, items, spare, count, tally, &items));
	for (int64_t i = 0; i < count; i++)
		index[i] = items[i].row;
	return ML_OK;
}
