/* SPDX-License-Identifier: PostgreSQL */
/*
 * histogram.c: sums of gradients per bin.
 *
 * Half of the time of a training is spent in add_rows.  The rows of a leaf lie anywhere in
 * memory, so each is asked for long before it is needed; that alone is worth a factor of
 * six.  A row brings its pair with it.
 *
 * Of the root all rows would be counted.  Where few pairs are others than in the tree before,
 * its counters are those of that tree's root, and what the pairs differ by.
 */
#include "learn/learn.h"

#include <string.h>

#define AHEAD 48          /* rows that are asked for in advance */
#define SHARE_WORK 100000 /* counted values from which on threads share them */

/* Where a row's pair is. */
typedef enum pairs
{
	THERE,  /* in the row */
	FRESH,  /* to be put into it */
	CHANGED /* likewise; the one that is there has been counted */
} pairs;

typedef struct count_work
{
	const ml_grower *grower;
	const ml_leaf *leaf;
	pairs pairs;
	int64_t counters;
	int64_t blocks;             /* of ML_CHUNK rows */
	bool begun[ML_MAX_THREADS]; /* threads whose sums have been zeroed */
} count_work;

/* What one call of add_rows counts. */
typedef struct batch
{
	const ml_panel *panel;
	const uint32_t *order; /* rows */
	int64_t rows;
	pairs pairs;
	const ml_pair *pair; /* new ones */
	ml_sum *sum;         /* the panel's counters */
} batch;

/*
 * The line will be written to, so no other core may keep it: where that is said by the store
 * itself, stores wait for each other.  For want of a processor's name compilers ask for reading
 * alone; none of 64 bits minds the instruction.
 */
static inline void
ask_to_write(const uint8_t *row)
{
#if defined(__x86_64__) && defined(__GNUC__)
	__asm__ volatile("prefetchw %0" : : "m"(*row));
#else
	__builtin_prefetch(row, 1);
#endif
}

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
	bool there = b->pairs == THERE, changed = b->pairs == CHANGED;
	int64_t rows = b->rows;
	ml_sum *to = b->sum;

	for (int64_t i = 0; i < rows; i++)
	{
		uint8_t *row = base + (int64_t) order[i] * stride;
		ml_pair pair, now;
		ml_sum sum;

		if (i + AHEAD < rows && there)
			__builtin_prefetch(base + (int64_t) order[i + AHEAD] * stride);
		memcpy(&pair, row + stride - sizeof pair, sizeof pair);
		sum = ml_pair_sum(pair);
		if (!there)
		{
			if (i + AHEAD < rows)
				ask_to_write(base + (int64_t) order[i + AHEAD] * stride);
			now = fresh[order[i]];
			memcpy(row + stride - sizeof now, &now, sizeof now);
			sum = ml_pair_sum(now) - (changed ? sum : 0);
		}
#pragma GCC unroll 28
		for (int s = 0; s < slots; s++)
			to[s * ML_SLOT + row[s]] += sum;
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

/* A block of the leaf's rows, or of the table's those that have changed, in one panel. */
static void
count_block(const count_work *work, int panel, int64_t block, ml_sum *sum)
{
	const ml_binned *table = work->grower->table;
	const ml_gradients *gradients = work->grower->gradients;
	int64_t row = block * ML_CHUNK, left = work->leaf->rows - row;
	batch b = {.panel = &table->panel[panel],
	           .order = work->leaf->order + row,
	           .rows = left < ML_CHUNK ? left : ML_CHUNK,
	           .pairs = work->pairs,
	           .pair = gradients->pair,
	           .sum = sum + table->offset[table->panel[panel].first]};

	if (work->pairs == CHANGED)
	{
		b.order = gradients->changed + ml_gradients_begin(gradients, block);
		b.rows = gradients->changes[block];
	}
	add_rows(&b);
}

/* What some counters begin with. */
static void
begin_sums(const count_work *work, int64_t first, int64_t counters)
{
	ml_sum *sum = work->leaf->histogram + first;
	size_t bytes = (size_t) counters * sizeof *sum;

	if (work->pairs == CHANGED)
		memcpy(sum, work->grower->root + first, bytes);
	else
		memset(sum, 0, bytes);
}

/* All rows in one panel, by one thread; in blocks, so that a stop is answered. */
static ml_status
count_panel(void *argument, int64_t task, ml_worker *worker)
{
	const count_work *work = argument;
	const ml_panel *panel = &work->grower->table->panel[task];
	const int32_t *offset = work->grower->table->offset + panel->first;

	begin_sums(work, offset[0], offset[panel->slots] - offset[0]);
	for (int64_t block = 0; block < work->blocks; block++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		/* nobody will ask for them */
		if (work->grower->over)
			return ML_OK;
		count_block(work, (int) task, block, work->leaf->histogram);
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
	count_block(work, (int) (task / work->blocks), task % work->blocks, sum);
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

	begin_sums(work, 0, work->counters);
	work->begun[0] = true;
	ML_TRY(
	    ml_parallel(host, work->blocks * work->grower->table->panels, share_block, work));
	for (int i = 1; i < ml_pool_threads(host); i++)
		if (work->begun[i])
			add_sums(work->leaf->histogram, sums_of(work, i), work->counters);
	return ML_OK;
}

/* Of so many rows, the blocks of which are set. */
static ml_status
count(count_work *work, int64_t rows, ml_worker *worker)
{
	ml_host *host = work->grower->host;
	const ml_binned *table = work->grower->table;
	int threads = ml_pool_threads(host);
	ml_worker caller = {.host = host};

	work->counters = table->offset[table->slots];
	if (worker == NULL && (double) rows * table->slots >= SHARE_WORK && threads > 1)
		/* panels alone keep the threads busy where there are many */
		return table->panels < 2 * threads
		           ? count_together(work)
		           : ml_parallel(host, table->panels, count_panel, work);
	for (int p = 0; p < table->panels; p++)
		ML_TRY(count_panel(work, p, worker != NULL ? worker : &caller));
	return ML_OK;
}

ml_status
ml_histogram_count(ml_grower *grower, const ml_leaf *leaf, ml_worker *worker)
{
	count_work work = {.grower = grower,
	                   .leaf = leaf,
	                   .pairs = THERE,
	                   .blocks = (leaf->rows + ML_CHUNK - 1) / ML_CHUNK};

	return count(&work, leaf->rows, worker);
}

ml_status
ml_histogram_root(ml_grower *grower, const ml_leaf *root)
{
	const ml_gradients *gradients = grower->gradients;
	bool kept = gradients->changed != NULL;
	bool go_on = kept && !gradients->anew && grower->has_root;
	count_work work = {.grower = grower, .leaf = root, .pairs = go_on ? CHANGED : FRESH};

	work.blocks =
	    go_on ? ml_gradients_blocks(gradients) : (root->rows + ML_CHUNK - 1) / ML_CHUNK;
	ML_TRY(count(&work, root->rows, NULL));
	grower->has_root = kept;
	if (kept)
		memcpy(grower->root, root->histogram, (size_t) work.counters * sizeof(ml_sum));
	return ML_OK;
}
