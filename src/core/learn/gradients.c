/* SPDX-License-Identifier: PostgreSQL */
/*
 * gradients.c: gradients of a tree as integers, and the rows that it is grown on.
 *
 * Numbers are multiplied by a power of two and rounded down after adding what is below 1: the
 * mean stays.  What is added runs through multiples of the golden section, evenly spread; rows
 * are in the order of their hashes, so it has nothing to do with them.  The power of two is the
 * largest for which a row fits 16 bits and the sum of all rows 32.  What is a whole
 * number of units already stays what it is.
 *
 * Or units are so coarse that the mean is a few of them.  Where gradients are noise of at
 * least a probability's, that adds next to nothing to it.  If then the same is added to a
 * row round after round, its pair stays the same in most of them, so the few that change
 * tell the next root's counters (histogram.c).
 */
#include "learn/learn.h"

#include <math.h>

#define ROWS ML_CHUNK /* of a task */
#define LANES 64      /* rows that are summed side by side */

/* Totals of the rows of a task. */
typedef struct totals
{
	double g_most;
	double g_sum;
	double h_most;
	double h_sum;
} totals;

typedef struct round_work
{
	const ml_slopes *slopes;
	ml_gradients *out;
	totals *total; /* [tasks] */
	double g_scale;
	double h_scale;
	uint32_t salt;
} round_work;

/* Pairs of a block, and which of them are others than before. */
typedef struct rounded
{
	ml_pair *pair;
	uint32_t differs[ROWS];
} rounded;

static void
join_totals(totals *all, const totals *more)
{
	all->g_most = more->g_most > all->g_most ? more->g_most : all->g_most;
	all->h_most = more->h_most > all->h_most ? more->h_most : all->h_most;
	all->g_sum += more->g_sum;
	all->h_sum += more->h_sum;
}

/* Side by side in lanes, in a fixed order; so many that the compiler makes vectors of them. */
typedef struct lanes
{
	float g_most[LANES];
	float h_most[LANES];
	double g_sum[LANES];
	double h_sum[LANES];
} lanes;

ML_HOT static void
add_rows(lanes *restrict l, const float *restrict g, const float *restrict h,
         int64_t count)
{
	for (int64_t i = 0; i + LANES <= count; i += LANES)
		for (int k = 0; k < LANES; k++)
		{
			float size = fabsf(g[i + k]);

			l->g_most[k] = size > l->g_most[k] ? size : l->g_most[k];
			l->h_most[k] = h[i + k] > l->h_most[k] ? h[i + k] : l->h_most[k];
			l->g_sum[k] += (double) size;
			l->h_sum[k] += (double) h[i + k];
		}
}

static totals
sum_rows(const float *g, const float *h, int64_t count)
{
	lanes l = {.g_sum = {0}};
	float rest_g[LANES] = {0}, rest_h[LANES] = {0};
	int64_t rest = count % LANES;
	totals all = {0};

	add_rows(&l, g, h, count);
	for (int64_t i = 0; i < rest; i++)
	{
		rest_g[i] = g[count - rest + i];
		rest_h[i] = h[count - rest + i];
	}
	add_rows(&l, rest_g, rest_h, LANES);
	for (int k = 0; k < LANES; k++)
		join_totals(&all, &(totals){.g_most = l.g_most[k],
		                            .g_sum = l.g_sum[k],
		                            .h_most = l.h_most[k],
		                            .h_sum = l.h_sum[k]});
	return all;
}

static inline int64_t
rows_of(const round_work *work, int64_t task)
{
	int64_t left = work->slopes->rows - task * ROWS;

	return left < ROWS ? left : ROWS;
}

static ml_status
sum_task(void *argument, int64_t task, ml_worker *worker)
{
	round_work *work = argument;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	work->total[task] = sum_rows(work->slopes->g + task * ROWS,
	                             work->slopes->h + task * ROWS, rows_of(work, task));
	return ML_OK;
}

ML_HOT static void
round_pairs(const float *g, const float *h, int64_t count, uint32_t first,
            const round_work *work, rounded *out)
{
	ml_pair *restrict pair = out->pair;
	uint32_t *restrict differs = out->differs;
	double g_scale = work->g_scale, h_scale = work->h_scale;
	uint32_t salt = work->salt;

	for (int64_t i = 0; i < count; i++)
	{
		uint32_t a = (first + (uint32_t) i) * UINT32_C(2654435769) + salt;
		uint32_t b = (first + (uint32_t) i) * UINT32_C(1640531535) - salt;
		double up_g = (int32_t) (a >> 8) * 0x1p-24, up_h = (int32_t) (b >> 8) * 0x1p-24;
		int32_t whole_g = (int32_t) (g[i] * g_scale + up_g + 65536) - 65536;
		int32_t whole_h = (int32_t) (h[i] * h_scale + up_h);
		ml_pair now = (uint32_t) whole_g << 16 | (uint32_t) whole_h;

		differs[i] = now != pair[i];
		pair[i] = now;
	}
}

static ml_status
round_task(void *argument, int64_t task, ml_worker *worker)
{
	const round_work *work = argument;
	ml_gradients *out = work->out;
	int64_t first = task * ROWS, rows = rows_of(work, task);
	rounded block;
	int32_t count = 0;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	block.pair = out->pair + first;
	round_pairs(work->slopes->g + first, work->slopes->h + first, rows, (uint32_t) first,
	            work, &block);
	if (out->changed == NULL)
		return ML_OK;
	for (int64_t i = 0; i < rows; i++)
	{
		out->changed[first + count] = (uint32_t) (first + i);
		count += (int32_t) block.differs[i];
	}
	out->changes[task] = count;
	return ML_OK;
}

/* What a pair's half, and the sum of all of them, may be; and the mean, if that is limited. */
typedef struct limits
{
	double most;
	double sum;
	double mean;
} limits;

/* Rows may take one more than their share each. */
static double
scale_of(double largest, double all, double rows, const limits *l)
{
	double limit = l->most / largest, by_sum = (l->sum - rows) / all;
	double by_mean = l->mean * rows / all;
	int exponent;

	limit = by_sum < limit ? by_sum : limit;
	limit = l->mean > 0 && by_mean < limit ? by_mean : limit;
	if (!(largest > 0) || !(limit < 0x1p1000))
		return 1;
	(void) frexp(limit, &exponent);
	return ldexp(1, exponent - 1);
}

/* Units of what is out are those of the round before. */
static void
set_units(round_work *work, const totals *all, ml_gradients *out)
{
	double rows = (double) work->slopes->rows, steps = out->steps;

	work->g_scale = scale_of(all->g_most, all->g_sum, rows,
	                         &(limits){.most = 32767, .sum = 0x1p31 - 1, .mean = steps});
	work->h_scale = scale_of(all->h_most, all->h_sum, rows,
	                         &(limits){.most = 65535, .sum = 0x1p32 - 1, .mean = steps});
	out->anew = out->g_unit != 1 / work->g_scale || out->h_unit != 1 / work->h_scale;
	out->g_unit = 1 / work->g_scale;
	out->h_unit = 1 / work->h_scale;
}

ml_status
ml_gradients_round(ml_host *host, const ml_slopes *slopes, uint64_t seed,
                   ml_gradients *out)
{
	round_work work = {
	    .slopes = slopes, .out = out, .total = slopes->total, .salt = (uint32_t) seed};
	int64_t tasks = (slopes->rows + ROWS - 1) / ROWS;
	totals all = {0};

	ML_TRY(ml_parallel(host, tasks, sum_task, &work));
	for (int64_t i = 0; i < tasks; i++)
		join_totals(&all, &work.total[i]);
	if (!isfinite(all.g_sum) || !isfinite(all.h_sum))
		return ML_NOT_NUMERIC;
	set_units(&work, &all, out);
	return ml_parallel(host, tasks, round_task, &work);
}

ml_status
ml_slopes_create(ml_host *host, int64_t rows, ml_slopes *slopes, ml_gradients *out)
{
	slopes->rows = rows;
	ML_NEW_RAW(host, slopes->g, rows);
	ML_NEW_RAW(host, slopes->h, rows);
	*out = (ml_gradients){.anew = true};
	ML_NEW(host, out->pair, rows);
	ML_NEW(host, out->changes, (rows + ROWS - 1) / ROWS);
	slopes->total = ml_alloc_array(host, (rows + ROWS - 1) / ROWS, sizeof(totals));
	return slopes->total != NULL ? ML_OK : ML_MEMORY;
}

double
ml_slopes_memory(int64_t rows)
{
	return (double) rows * (2 * sizeof(float) + sizeof(ml_pair)) +
	       (double) ((rows + ROWS - 1) / ROWS) * (sizeof(totals) + sizeof(int32_t));
}

void
ml_grower_draw(ml_grower *grower, const ml_problem *problem, int64_t first, double share)
{
	uint64_t *const *key = problem->frame->key;
	uint64_t seed = ml_hash_mix(grower->options.seed);
	int64_t count = 0;

	if (share >= 1)
	{
		for (int64_t row = first; row < grower->table->rows; row++)
			grower->order[row - first] = (uint32_t) row;
		grower->rows = grower->table->rows - first;
		return;
	}
	for (int64_t row = first; row < grower->table->rows; row++)
	{
		int64_t at = problem->begin + row;

		grower->order[count] = (uint32_t) row;
		count +=
		    (double) (ml_hash_add(seed, key[at >> ML_CHUNK_BITS][at & (ML_CHUNK - 1)]) >>
		              11) *
		        0x1p-53 <
		    share;
	}
	grower->rows = count;
}
