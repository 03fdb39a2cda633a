/* SPDX-License-Identifier: PostgreSQL */
/*
 * sort.h: a merge sort over the caller's work space, and a radix sort by 64-bit keys.
 */
#ifndef ML_SORT_H
#define ML_SORT_H

#include "base/parallel.h"

/* Less than, equal to or greater than zero, as a comes before, with or after b. */
typedef int (*ml_compare)(const void *context, uint32_t a, uint32_t b);

extern ml_status ml_sort_indexes(ml_host *host, uint32_t *index, uint32_t *work,
                                 int64_t count, ml_compare compare, const void *context);

/* What is to be put in order, and room for as much; and how. */
typedef struct ml_merge
{
	uint32_t *index;
	uint32_t *work;
	int64_t count;
	ml_compare compare;
	const void *context;
} ml_merge;

/* The same in a task. */
extern ml_status ml_sort_merge(ml_worker *worker, const ml_merge *merge);

/* Fills index[0 .. count) with the rows in ascending order of number[], which holds no NaN. */
extern ml_status
ml_sort_numbers(ml_host *host, const double *number, int64_t count, uint32_t *index);

/* What is sorted by its key, and two things to find again with it. */
typedef struct ml_keyed
{
	uint64_t key;
	uint32_t row;
	uint32_t tag;
} ml_keyed;

#define ML_SORT_TALLY (6 * 2048) /* counters that the radix sort works with */

/* Keys in the order of the numbers, -0 and 0 alike, and back. */
extern uint64_t ml_number_key(double number);
extern double ml_key_number(uint64_t key);

/*
 * Sorts items, whose rows and tags are set, by the numbers of their rows, and rows of one number
 * in the order of then[]; NULL: as they come.  *items is then where they are, with the keys of number.
 */
extern ml_status ml_sort_tagged(ml_host *host, const double *number, const double *then,
                                ml_keyed **items, int64_t count);

/*
 * Sorts by key, stable; *sorted is items or spare, whichever holds the outcome.  Allocates
 * nothing, so a task can call it.
 */
extern ml_status ml_sort_keyed(ml_worker *worker, ml_keyed *items, ml_keyed *spare,
                               int64_t count, int64_t *tally, ml_keyed **sorted);

/* Does the row of width words at a come before that at b? */
static inline bool
ml_row_is_less(const uint64_t *a, const uint64_t *b, int width)
{
	int word = 0;

	while (word + 1 < width && a[word] == b[word])
		word++;
	return a[word] < b[word];
}

/*
 * Sorts rows of one to three words in place, by the first word, then by the next; spare has
 * room for as many rows, tally for ML_SORT_TALLY counters.
 */
extern ml_status ml_sort_rows(ml_worker *worker, uint64_t *rows, uint64_t *spare,
                              int64_t count, int width, int64_t *tally);

#endif
