/* SPDX-License-Identifier: PostgreSQL */
/*
 * part.c: sending a leaf's rows to the left and to the right.
 *
 * Rows of a leaf stay in ascending order, so memory is read forwards.  They go into the
 * leaf's spare places: those that go left from the front on, the others from the end
 * backwards, to be turned round afterwards.  The leaf keeps its own until both sides are known.
 *
 * Shared by threads, each parts a range of the rows, and then brings what it has to its place
 * in the leaf's own.
 */
#include "learn/learn.h"

#include <string.h>

#define SHARE_ROWS 65536 /* from which on threads share the work */
#define PARTS 4          /* for each of them, as none is to wait for another */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAS_LANES 1
#endif

typedef struct part_work
{
	const ml_grower *grower;
	const ml_leaf *leaf;
	const uint8_t *column;
	uint8_t goes_left[ML_CUT_BINS + 1]; /* by the column's byte */
	int parts;
	int64_t left[PARTS * ML_MAX_THREADS]; /* rows of each part that go left */
	int64_t all_left;
} part_work;

/* Without a branch: what is written in vain lies between both sides, and is written over. */
static int64_t
part_plainly(const part_work *work, const uint32_t *rows, int64_t count, uint32_t *out)
{
	int64_t left = 0, right = count;

	for (int64_t i = 0; i < count; i++)
	{
		uint32_t row = rows[i];
		int64_t goes = work->goes_left[work->column[row]];

		out[left] = row;
		out[right - 1] = row;
		left += goes;
		right -= 1 - goes;
	}
	return left;
}

#ifdef HAS_LANES
/* Eight rows at a time, put in order by a table of all 256 outcomes. */
__attribute__((target("avx2"))) static int64_t
part_by_eights(const part_work *work, const uint32_t *rows, int64_t count, uint32_t *out)
{
	const uint8_t *column = work->column, *goes_left = work->goes_left;
	const uint64_t *table = work->grower->lanes;
	int64_t left = 0, right = count, at = 0;

	/* with room for two vectors between the sides neither store reaches the other's rows */
	for (; at + 16 <= count; at += 8)
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
		_mm256_storeu_si256((__m256i *) (out + left), row);
		_mm256_storeu_si256((__m256i *) (out + right - 8), row);
		left += goes;
		right -= 8 - goes;
	}
	return left + part_plainly(work, rows + at, count - at, out + left);
}
#endif

/* Both ways give the same; answers how many go left. */
static int64_t
part_some(const part_work *work, const uint32_t *rows, int64_t count, uint32_t *out)
{
#ifdef HAS_LANES
	if (!work->grower->plainly && __builtin_cpu_supports("avx2"))
		return part_by_eights(work, rows, count, out);
#endif
	return part_plainly(work, rows, count, out);
}

ML_HOT static void
turn_round(uint32_t *rows, int64_t count)
{
	for (int64_t i = 0; i < count / 2; i++)
	{
		uint32_t row = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = row;
	}
}

ML_HOT static void
copy_turned(uint32_t *restrict to, const uint32_t *restrict from, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		to[i] = from[count - 1 - i];
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
	int64_t begin = part_begin(work, task), end = part_begin(work, task + 1);

	(void) worker;
	work->left[task] = part_some(work, work->leaf->order + begin, end - begin,
	                             work->leaf->spare + begin);
	return ML_OK;
}

/* Rows that go left first, in the order of the parts. */
static ml_status
join_task(void *argument, int64_t task, ml_worker *worker)
{
	part_work *work = argument;
	int64_t begin = part_begin(work, task), end = part_begin(work, task + 1), left = 0;
	const uint32_t *from = work->leaf->spare + begin;
	uint32_t *order = work->leaf->order, *others;

	(void) worker;
	for (int64_t part = 0; part < task; part++)
		left += work->left[part];
	others = order + work->all_left + begin - left;
	memcpy(order + left, from, (size_t) work->left[task] * sizeof *order);
	copy_turned(others, from + work->left[task], end - begin - work->left[task]);
	return ML_OK;
}

/* Is a side too small? */
static bool
fits(const part_work *work)
{
	int64_t least = work->grower->options.min_rows;

	least = least > 0 ? least : 1;
	return work->all_left >= least && work->leaf->rows - work->all_left >= least;
}

static void
give_places(const part_work *work, uint32_t *order, uint32_t *spare, ml_leaf *side)
{
	int64_t left = work->all_left;

	side[0].order = order;
	side[0].spare = spare;
	side[0].rows = left;
	side[1].order = order + left;
	side[1].spare = spare + left;
	side[1].rows = work->leaf->rows - left;
}

ml_status
ml_part_rows(ml_grower *grower, const ml_leaf *leaf, ml_worker *worker, ml_leaf *side,
             bool *parted)
{
	const ml_binned *table = grower->table;
	part_work work = {.grower = grower,
	                  .leaf = leaf,
	                  .column = table->column[table->place[leaf->split.feature].slot],
	                  .parts = 1};

	if (worker == NULL && leaf->rows >= SHARE_ROWS && ml_pool_threads(grower->host) > 1)
		work.parts = PARTS * ml_pool_threads(grower->host);
	ml_split_sides(table, &leaf->split, work.goes_left);
	if (work.parts == 1)
		(void) part_task(&work, 0, worker);
	else
		ML_TRY(ml_parallel(grower->host, work.parts, part_task, &work));
	for (int p = 0; p < work.parts; p++)
		work.all_left += work.left[p];
	*parted = fits(&work);
	if (*parted && work.parts == 1)
	{
		turn_round(leaf->spare + work.all_left, leaf->rows - work.all_left);
		give_places(&work, leaf->spare, leaf->order, side);
	}
	else if (*parted)
	{
		ML_TRY(ml_parallel(grower->host, work.parts, join_task, &work));
		give_places(&work, leaf->order, leaf->spare, side);
	}
	return ml_grower_stop(grower, worker) ? ML_STOPPED : ML_OK;
}
