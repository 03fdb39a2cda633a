/* SPDX-License-Identifier: PostgreSQL */
/*
 * part.c: sending a leaf's rows to the left and to the right.
 *
 * Stable, so that rows of a leaf stay in ascending order and memory is read forwards.
 */
#include "learn/learn.h"

#include <string.h>

#define SHARE_ROWS 65536 /* from which on threads share the work */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAS_LANES 1
#endif

typedef struct part_work
{
	const ml_grower *grower;
	const ml_leaf *leaf;
	const uint8_t *column;
	const uint8_t *goes_left; /* [256] by the column's byte */
	int parts;
	int64_t left[ML_MAX_THREADS]; /* rows of each part that go left */
} part_work;

/* Puts rows that go left in front, and the others into right; without a branch. */
static int64_t
part_plainly(uint32_t *rows, int64_t count, const uint8_t *column,
             const uint8_t *goes_left, uint32_t *right)
{
	int64_t left = 0;

	for (int64_t i = 0; i < count; i++)
	{
		uint32_t row = rows[i];
		int64_t goes = goes_left[column[row]];

		rows[left] = row;
		right[i - left] = row;
		left += goes;
	}
	return left;
}

#ifdef HAS_LANES
/* Eight rows at a time, put in order by a table of all 256 outcomes. */
__attribute__((target("avx2"))) static int64_t
part_by_eights(uint32_t *rows, int64_t count, const uint8_t *column,
               const uint8_t *goes_left, uint32_t *right, const uint64_t *table)
{
	int64_t left = 0, at = 0;

	/* what is written past the left rows has been read, and right has room */
	for (; at + 8 <= count; at += 8)
	{
		__m256i row = _mm256_loadu_si256((const __m256i *) (rows + at));
		unsigned mask = 0;
		__m256i lanes;
		int goes;

		for (int k = 0; k < 8; k++)
			mask |= (unsigned) goes_left[column[rows[at + k]]] << k;
		goes = __builtin_popcount(mask);
		lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long) table[mask]));
		row = _mm256_permutevar8x32_epi32(row, lanes);
		_mm256_storeu_si256((__m256i *) (rows + left), row);
		/* the others stand behind those that go left */
		_mm256_storeu_si256(
		    (__m256i *) (right + (at - left)),
		    _mm256_permutevar8x32_epi32(
		        row, _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
		                              _mm256_set1_epi32(goes))));
		left += goes;
	}
	for (; at < count; at++)
	{
		uint32_t row = rows[at];

		rows[left] = row;
		right[at - left] = row;
		left += goes_left[column[row]];
	}
	return left;
}
#endif

/* Both ways give the same. */
static int64_t
part_some(const part_work *work, uint32_t *rows, int64_t count, uint32_t *right)
{
#ifdef HAS_LANES
	if (!work->grower->plainly && __builtin_cpu_supports("avx2"))
		return part_by_eights(rows, count, work->column, work->goes_left, right,
		                      work->grower->lanes);
#endif
	return part_plainly(rows, count, work->column, work->goes_left, right);
}

static inline int64_t
part_begin(const part_work *work, int64_t part)
{
	return work->leaf->rows * part / work->parts;
}

static ml_status
part_task(void *argument, int64_t task, ml_worker *worker)
{
	part_work *work = argument;
	int64_t begin = work->leaf->begin + part_begin(work, task);
	int64_t end = work->leaf->begin + part_begin(work, task + 1);

	(void) worker;
	work->left[task] = part_some(work, work->grower->order + begin, end - begin,
	                             work->grower->spare + begin + ML_PART_ROOM * task);
	return ML_OK;
}

/* Brings the parts together: rows that go left first, in the order of the parts. */
static int64_t
join_parts(const part_work *work)
{
	uint32_t *order = work->grower->order + work->leaf->begin;
	const uint32_t *spare = work->grower->spare + work->leaf->begin;
	int64_t left = work->left[0], at;

	for (int p = 1; p < work->parts; p++)
	{
		memmove(order + left, order + part_begin(work, p),
		        (size_t) work->left[p] * sizeof *order);
		left += work->left[p];
	}
	at = left;
	for (int p = 0; p < work->parts; p++)
	{
		int64_t begin = part_begin(work, p), rows = part_begin(work, p + 1) - begin;

		memcpy(order + at, spare + begin + ML_PART_ROOM * p,
		       (size_t) (rows - work->left[p]) * sizeof *order);
		at += rows - work->left[p];
	}
	return left;
}

ml_status
ml_part_rows(ml_grower *grower, const ml_leaf *leaf, const uint8_t *goes_left,
             int64_t *left)
{
	part_work work = {
	    .grower = grower,
	    .leaf = leaf,
	    .column = grower->table->column[grower->table->place[leaf->split.feature].slot],
	    .goes_left = goes_left,
	    .parts = 1};

	if (leaf->rows >= SHARE_ROWS)
		work.parts = ml_pool_threads(grower->host);
	if (work.parts == 1)
		(void) part_task(&work, 0, NULL);
	else
		ML_TRY(ml_parallel(grower->host, work.parts, part_task, &work));
	*left = join_parts(&work);
	return ml_stop(grower->host) ? ML_STOPPED : ML_OK;
}
