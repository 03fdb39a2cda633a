/* SPDX-License-Identifier: PostgreSQL */
/*
 * histogram.c: sums of gradients per bin.
 *
 * Half of the time of a training is spent in add_rows.  The rows of a leaf lie anywhere in
 * memory, so each is asked for long before it is needed; that alone is worth a factor of
 * six.  A row brings its pair with it.
 */
#include "learn/learn.h"

#include <string.h>

#define AHEAD 48          /* rows that are asked for in advance */
#define SHARE_WORK 100000 /* counted values from which on threads share them */

typedef struct count_work
{
	const ml_grower *grower;
	const ml_leaf *leaf;
	bool fresh;
	int chunks;
} count_work;

/* What one call of add_rows counts. */
typedef struct batch
{
	const ml_panel *panel;
	const int32_t *offset; /* [slots] of the panel's counters */
	const uint32_t *order; /* rows */
	int64_t rows;
	const ml_pair *pair; /* new pairs, to be put into the rows; NULL: are there */
	ml_sum *sum;
} batch;

/*
 * The compiler knows slots and stride, to unroll.  What the loop reads stands in variables, or
 * it would be read again after every addition.
 */
static inline __attribute__((always_inline)) void
add_some(const batch *b, int slots, int stride)
{
	uint8_t *base = b->panel->row;
	const uint32_t *order = b->order;
	const ml_pair *fresh = b->pair;
	int64_t rows = b->rows;
	ml_sum *of[ML_PANEL];

	for (int s = 0; s < slots; s++)
		of[s] = b->sum + b->offset[s];
	for (int64_t i = 0; i < rows; i++)
	{
		uint8_t *row = base + (int64_t) order[i] * stride;
		ml_pair pair;
		ml_sum sum;

		if (i + AHEAD < rows && fresh == NULL)
			__builtin_prefetch(base + (int64_t) order[i + AHEAD] * stride);
		if (fresh != NULL)
		{
			if (i + AHEAD < rows)
				__builtin_prefetch(base + (int64_t) order[i + AHEAD] * stride, 1);
			pair = fresh[order[i]];
			memcpy(row + stride - sizeof pair, &pair, sizeof pair);
		}
		else
			memcpy(&pair, row + stride - sizeof pair, sizeof pair);
		sum = ml_pair_sum(pair);
#pragma GCC unroll 28
		for (int s = 0; s < slots; s++)
			of[s][row[s]] += sum;
	}
}

#define COUNT(slots, stride)                                                             \
  case slots:                                                                            \
		add_some(b, slots, stride);                                                      \
		break;
#define COUNT_4(slots, stride)                                                           \
	COUNT(slots, stride)                                                                 \
	COUNT(slots + 1, stride) COUNT(slots + 2, stride) COUNT(slots + 3, stride)

/* The number of slots says what the stride is. */
static void
add_rows(const batch *b)
{
	switch (b->panel->slots)
	{
		COUNT_4(1, 8)
		COUNT_4(5, 16)
		COUNT_4(9, 16)
		COUNT_4(13, 32)
		COUNT_4(17, 32)
		COUNT_4(21, 32)
		COUNT_4(25, 32)
	}
}

/* A task counts a chunk of the rows in one panel; the first chunk into the leaf's own sums. */
static ml_status
count_task(void *argument, int64_t task, ml_worker *worker)
{
	const count_work *work = argument;
	const ml_grower *grower = work->grower;
	const ml_binned *table = grower->table;
	const ml_panel *panel = &table->panel[task / work->chunks];
	int64_t chunk = task % work->chunks, rows = work->leaf->rows;
	int64_t begin = rows * chunk / work->chunks, end = rows * (chunk + 1) / work->chunks;
	const int32_t *offset = table->offset + panel->first;
	ml_sum *sum = chunk == 0 ? work->leaf->histogram : grower->private_sum[chunk - 1];

	memset(sum + offset[0], 0, (size_t) (offset[panel->slots] - offset[0]) * sizeof *sum);
	/* blocks, so that a stop is answered */
	for (int64_t row = begin; row < end; row += ML_CHUNK)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		add_rows(&(batch){.panel = panel,
		                  .offset = offset,
		                  .order = work->leaf->order + row,
		                  .rows = end - row < ML_CHUNK ? end - row : ML_CHUNK,
		                  .pair = work->fresh ? grower->gradients->pair : NULL,
		                  .sum = sum});
	}
	return ML_OK;
}

ML_HOT static void
add_sums(ml_sum *into, const ml_sum *from, int64_t counters)
{
	for (int64_t i = 0; i < counters; i++)
		into[i] += from[i];
}

ML_HOT static void
take_sums(ml_sum *from, const ml_sum *less, int64_t counters)
{
	for (int64_t i = 0; i < counters; i++)
		from[i] -= less[i];
}

void
ml_histogram_subtract(ml_sum *from, const ml_sum *less, int64_t counters)
{
	take_sums(from, less, counters);
}

ml_status
ml_histogram_count(ml_grower *grower, const ml_leaf *leaf, bool fresh, ml_worker *worker)
{
	const ml_binned *table = grower->table;
	count_work work = {.grower = grower, .leaf = leaf, .fresh = fresh, .chunks = 1};
	double values = (double) leaf->rows * table->slots;
	int64_t counters = table->offset[table->slots];
	int threads = ml_pool_threads(grower->host);
	ml_worker caller = {.host = grower->host};

	if (worker != NULL || values < SHARE_WORK)
	{
		for (int p = 0; p < table->panels; p++)
			ML_TRY(count_task(&work, p, worker != NULL ? worker : &caller));
		return ML_OK;
	}
	/* panels alone keep the threads busy where there are many */
	if (table->panels < 2 * threads)
		work.chunks = threads;
	ML_TRY(ml_parallel(grower->host, (int64_t) table->panels * work.chunks, count_task,
	                   &work));
	for (int c = 1; c < work.chunks; c++)
		add_sums(leaf->histogram, grower->private_sum[c - 1], counters);
	return ML_OK;
}
