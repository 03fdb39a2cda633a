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
	int64_t counters;
	int64_t blocks;             /* of ML_CHUNK rows */
	bool begun[ML_MAX_THREADS]; /* threads whose sums have been zeroed */
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

/* A block of the leaf's rows, in one panel. */
static void
count_block(const count_work *work, int panel, int64_t row, ml_sum *sum)
{
	const ml_binned *table = work->grower->table;
	int64_t left = work->leaf->rows - row;

	add_rows(&(batch){.panel = &table->panel[panel],
	                  .offset = table->offset + table->panel[panel].first,
	                  .order = work->leaf->order + row,
	                  .rows = left < ML_CHUNK ? left : ML_CHUNK,
	                  .pair = work->fresh ? work->grower->gradients->pair : NULL,
	                  .sum = sum});
}

/* All rows in one panel, by one thread; in blocks, so that a stop is answered. */
static ml_status
count_panel(void *argument, int64_t task, ml_worker *worker)
{
	const count_work *work = argument;
	const ml_panel *panel = &work->grower->table->panel[task];
	const int32_t *offset = work->grower->table->offset + panel->first;
	ml_sum *sum = work->leaf->histogram;

	memset(sum + offset[0], 0, (size_t) (offset[panel->slots] - offset[0]) * sizeof *sum);
	for (int64_t row = 0; row < work->leaf->rows; row += ML_CHUNK)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		/* nobody will ask for them */
		if (work->grower->over)
			return ML_OK;
		count_block(work, (int) task, row, sum);
	}
	return ML_OK;
}

static ml_sum *
sums_of(const count_work *work, int thread)
{
	return thread == 0 ? work->leaf->histogram : work->grower->private_sum[thread - 1];
}

/* A thread counts whatever blocks it gets into sums of its own. */
static ml_status
share_block(void *argument, int64_t task, ml_worker *worker)
{
	count_work *work = argument;
	ml_sum *sum = sums_of(work, worker->index);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	if (!work->begun[worker->index])
		memset(sum, 0, (size_t) work->counters * sizeof *sum);
	work->begun[worker->index] = true;
	count_block(work, (int) (task / work->blocks), task % work->blocks * ML_CHUNK, sum);
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

/* Rows are shared by the threads; what each has counted is added up. */
static ml_status
count_together(count_work *work)
{
	ml_host *host = work->grower->host;

	memset(work->leaf->histogram, 0, (size_t) work->counters * sizeof(ml_sum));
	work->begun[0] = true;
	ML_TRY(
	    ml_parallel(host, work->blocks * work->grower->table->panels, share_block, work));
	for (int i = 1; i < ml_pool_threads(host); i++)
		if (work->begun[i])
			add_sums(work->leaf->histogram, sums_of(work, i), work->counters);
	return ML_OK;
}

ml_status
ml_histogram_count(ml_grower *grower, const ml_leaf *leaf, bool fresh, ml_worker *worker)
{
	const ml_binned *table = grower->table;
	count_work work = {.grower = grower,
	                   .leaf = leaf,
	                   .fresh = fresh,
	                   .counters = table->offset[table->slots],
	                   .blocks = (leaf->rows + ML_CHUNK - 1) / ML_CHUNK};
	int threads = ml_pool_threads(grower->host);
	ml_worker caller = {.host = grower->host};

	if (worker == NULL && (double) leaf->rows * table->slots >= SHARE_WORK && threads > 1)
		/* panels alone keep the threads busy where there are many */
		return table->panels < 2 * threads
		           ? count_together(&work)
		           : ml_parallel(grower->host, table->panels, count_panel, &work);
	for (int p = 0; p < table->panels; p++)
		ML_TRY(count_panel(&work, p, worker != NULL ? worker : &caller));
	return ML_OK;
}
