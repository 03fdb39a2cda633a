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
#define PASSES 6     /* 6 x 11 bits cover a 64-bit key */
#define FEW_ROWS 512 /* below, merging rows is faster than counting their digits */

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

/* Answers ML_STOPPED when the host wants to stop; the order is then undefined. */
ml_status
ml_sort_merge(ml_worker *worker, const ml_merge *m)
{
	uint32_t *index = m->index, *work = m->work;
	int64_t merged = 0, count = m->count;

	for (int64_t begin = 0; begin < count; begin += RUN)
		insertion_sort(index + begin, count - begin < RUN ? count - begin : RUN,
		               m->compare, m->context);
	for (int64_t width = RUN; width < count; width *= 2)
	{
		for (int64_t begin = 0; begin < count - width; begin += 2 * width)
		{
			int64_t middle = begin + width;
			int64_t end = middle + width < count ? middle + width : count;
			int64_t left = 0, right = middle, at = begin;

			if (m->compare(m->context, index[middle - 1], index[middle]) <= 0)
				continue;
			memcpy(work, index + begin, (size_t) width * sizeof *work);
			while (left < width && right < end)
			{
				if (++merged % STOP_EVERY == 0 && ml_worker_stop(worker))
					return ML_STOPPED;
				index[at++] = m->compare(m->context, work[left], index[right]) <= 0
				                  ? work[left++]
				                  : index[right++];
			}
			memcpy(index + at, work + left, (size_t) (width - left) * sizeof *work);
		}
	}
	return ML_OK;
}

/* Sorts index[0 .. count) in place; work has room for count. */
ml_status
ml_sort_indexes(ml_host *host, uint32_t *index, uint32_t *work, int64_t count,
                ml_compare compare, const void *context)
{
	ml_worker alone = {.host = host};

	return ml_sort_merge(&alone, &(ml_merge){.index = index,
	                                         .work = work,
	                                         .count = count,
	                                         .compare = compare,
	                                         .context = context});
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

/* What the radix sort works with. */
typedef struct radix
{
	char *items;
	char *spare;
	int64_t count;
	int64_t *tally;
} radix;

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

static inline uint64_t
key_at(const char *items, size_t at)
{
	uint64_t key;

	memcpy(&key, items + at, sizeof key);
	return key;
}

/*
 * Items of that size by the key that lies at an offset; inlined, so that size is known.  A
 * pass whose digit never varies is skipped.
 */
static inline __attribute__((always_inline)) ml_status
sort_items(ml_worker *worker, const radix *work, size_t size, size_t offset,
           char **sorted)
{
	char *items = work->items, *spare = work->spare;
	int64_t *tally = work->tally, count = work->count;

	memset(tally, 0, ML_SORT_TALLY * sizeof *tally);
	for (int64_t i = 0; i < count; i++)
	{
		uint64_t key = key_at(items, (size_t) i * size + offset);

		if (gives_up(worker, i))
			return ML_STOPPED;
		for (int pass = 0; pass < PASSES; pass++)
			tally[pass * DIGITS + ((key >> (pass * DIGIT_BITS)) & (DIGITS - 1))]++;
	}
	for (int pass = 0; pass < PASSES && count > 0; pass++)
	{
		int64_t *place = tally + pass * DIGITS;
		int shift = pass * DIGIT_BITS;
		char *swap = items;

		if (place[(key_at(items, offset) >> shift) & (DIGITS - 1)] == count)
			continue;
		to_places(place);
		for (int64_t i = 0; i < count; i++)
		{
			const char *item = items + (size_t) i * size;

			if (gives_up(worker, i))
				return ML_STOPPED;
			memcpy(spare +
			           (size_t) place[(key_at(item, offset) >> shift) & (DIGITS - 1)]++ *
			               size,
			       item, size);
		}
		items = spare;
		spare = swap;
	}
	*sorted = items;
	return ML_OK;
}

ml_status
ml_sort_keyed(ml_worker *worker, ml_keyed *items, ml_keyed *spare, int64_t count,
              int64_t *tally, ml_keyed **sorted)
{
	radix work = {(char *) items, (char *) spare, count, tally};
	char *found = NULL;
	ml_status status =
	    sort_items(worker, &work, sizeof(ml_keyed), offsetof(ml_keyed, key), &found);

	*sorted = (ml_keyed *) found;
	return status;
}

/* For few rows, for which the counters of the radix sort would cost more than the rows. */
static void
merge_rows(uint64_t *rows, uint64_t *spare, int64_t count, int width)
{
	size_t size = (size_t) width * sizeof *rows;

	for (int64_t run = 1; run < count; run *= 2)
		for (int64_t begin = 0; begin + run < count; begin += 2 * run)
		{
			int64_t end = begin + 2 * run < count ? begin + 2 * run : count;
			uint64_t *left = spare, *left_end = spare + run * width;
			uint64_t *right = rows + (begin + run) * width;
			uint64_t *right_end = rows + end * width, *out = rows + begin * width;

			if (!ml_row_is_less(right, right - width, width))
				continue;
			memcpy(spare, out, (size_t) run * size);
			while (left < left_end)
			{
				bool is_right = right < right_end && ml_row_is_less(right, left, width);

				memcpy(out, is_right ? right : left, size);
				right += is_right ? width : 0;
				left += is_right ? 0 : width;
				out += width;
			}
		}
}

ml_status
ml_sort_rows(ml_worker *worker, uint64_t *rows, uint64_t *spare, int64_t count, int width,
             int64_t *tally)
{
	radix work = {(char *) rows, (char *) spare, count, tally};

	if (count < FEW_ROWS)
	{
		merge_rows(rows, spare, count, width);
		return ML_OK;
	}
	/* stable passes, the last word first */
	for (int word = width - 1; word >= 0; word--)
	{
		size_t offset = (size_t) word * sizeof *rows;
		char *sorted = NULL;

		ML_TRY(width == 1 ? sort_items(worker, &work, sizeof *rows, offset, &sorted)
		       : width == 2
		           ? sort_items(worker, &work, 2 * sizeof *rows, offset, &sorted)
		           : sort_items(worker, &work, 3 * sizeof *rows, offset, &sorted));
		work.spare = sorted == work.items ? work.spare : work.items;
		work.items = sorted;
	}
	if (work.items != (char *) rows)
		memcpy(rows, spare, (size_t) count * (size_t) width * sizeof *rows);
	return ML_OK;
}

/* One stable sort by number of the rows that items are of. */
static ml_status
sort_by(ml_host *host, const double *number, ml_keyed **items, ml_keyed **spare,
        int64_t count, int64_t *tally)
{
	ml_worker alone = {.host = host};
	ml_keyed *sorted;

	for (int64_t i = 0; i < count; i++)
	{
		ML_PAUSE(host, i);
		(*items)[i].key = ml_number_key(number[(*items)[i].row]);
	}
	ML_TRY(ml_sort_keyed(&alone, *items, *spare, count, tally, &sorted));
	*spare = sorted == *items ? *spare : *items;
	*items = sorted;
	return ML_OK;
}

ml_status
ml_sort_tagged(ml_host *host, const double *number, const double *then, ml_keyed **items,
               int64_t count)
{
	ml_keyed *spare;
	int64_t *tally;

	ML_NEW_RAW(host, spare, count);
	ML_NEW_RAW(host, tally, ML_SORT_TALLY);
	if (then != NULL)
		ML_TRY(sort_by(host, then, items, &spare, count, tally));
	return sort_by(host, number, items, &spare, count, tally);
}

ml_status
ml_sort_numbers(ml_host *host, const double *number, int64_t count, uint32_t *index)
{
	ml_keyed *items;

	ML_NEW_RAW(host, items, count);
	for (int64_t i = 0; i < count; i++)
		items[i].row = (uint32_t) i;
	ML_TRY(ml_sort_tagged(host, number, NULL, &items, count));
	for (int64_t i = 0; i < count; i++)
		index[i] = items[i].row;
	return ML_OK;
}
