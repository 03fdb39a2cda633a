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
 * tell the next root's counters (histogram.c).  And units may be those that the round before
 * asks for, so slopes need not be kept until all are known.
 */
#include "learn/learn.h"

#include <math.h>

#define LANES 64    /* rows that are summed side by side */
#define DRAWN 65536 /* rows that a thread puts in order at a time */

/* Totals of the rows of a block. */
typedef struct totals
{
	double g_most;
	double g_sum;
	double g_squares;
	double h_most;
	double h_sum;
} totals;

struct ml_rounding
{
	ml_gradients *out;
	totals *total; /* [blocks] */
	double g_scale;
	double h_scale;
	uint32_t salt;
};

/* Pairs of a block, and which of them are others than before. */
typedef struct rounded
{
	ml_pair *pair;
	uint32_t differs[ML_CHUNK];
} rounded;

static void
join_totals(totals *all, const totals *more)
{
	all->g_most = more->g_most > all->g_most ? more->g_most : all->g_most;
	all->h_most = more->h_most > all->h_most ? more->h_most : all->h_most;
	all->g_sum += more->g_sum;
	all->g_squares += more->g_squares;
	all->h_sum += more->h_sum;
}

/* Side by side in lanes, in a fixed order; so many that the compiler makes vectors of them. */
typedef struct lanes
{
	float g_most[LANES];
	float h_most[LANES];
	double g_sum[LANES];
	double g_squares[LANES];
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
			l->g_squares[k] += (double) size * (double) size;
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
		                            .g_squares = l.g_squares[k],
		                            .h_most = l.h_most[k],
		                            .h_sum = l.h_sum[k]});
	return all;
}

static inline int64_t
rows_of(const ml_gradients *out, int64_t block)
{
	return ml_gradients_begin(out, block + 1) - ml_gradients_begin(out, block);
}

static ml_status
sum_task(void *argument, int64_t task, ml_worker *worker)
{
	const ml_slopes *slopes = argument;
	struct ml_rounding *r = slopes->rounding;
	int64_t first = ml_gradients_begin(r->out, task);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	r->total[task] =
	    sum_rows(slopes->g + first, slopes->h + first, rows_of(r->out, task));
	return ML_OK;
}

ML_HOT static void
round_pairs(const float *g, const float *h, int64_t count, uint32_t first,
            const struct ml_rounding *work, rounded *out)
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

static void
round_block(const struct ml_rounding *r, int64_t block, const float *g, const float *h)
{
	ml_gradients *out = r->out;
	int64_t first = ml_gradients_begin(out, block), rows = rows_of(out, block);
	int32_t count = 0;
	rounded now;

	now.pair = out->pair + first;
	round_pairs(g, h, rows, (uint32_t) first, r, &now);
	if (out->changed == NULL)
		return;
	for (int64_t i = 0; i < rows; i++)
	{
		out->changed[first + count] = (uint32_t) (first + i);
		count += (int32_t) now.differs[i];
	}
	out->changes[block] = count;
}

static ml_status
round_task(void *argument, int64_t task, ml_worker *worker)
{
	const ml_slopes *slopes = argument;
	const struct ml_rounding *r = slopes->rounding;
	int64_t first = ml_gradients_begin(r->out, task);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	round_block(r, task, slopes->g + first, slopes->h + first);
	return ML_OK;
}

void
ml_gradients_take(const ml_slopes *slopes, int64_t block, const float *g, const float *h)
{
	struct ml_rounding *r = slopes->rounding;

	r->total[block] = sum_rows(g, h, rows_of(r->out, block));
	round_block(r, block, g, h);
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

static void
set_scales(struct ml_rounding *r, const totals *all)
{
	double rows = (double) r->out->rows, steps = r->out->steps;

	r->g_scale = scale_of(all->g_most, all->g_sum, rows,
	                      &(limits){.most = 32767, .sum = 0x1p31 - 1, .mean = steps});
	r->h_scale = scale_of(all->h_most, all->h_sum, rows,
	                      &(limits){.most = 65535, .sum = 0x1p32 - 1, .mean = steps});
}

/* Until now units are those of the round before. */
static void
tell_units(const struct ml_rounding *r, ml_gradients *out)
{
	out->anew = out->g_unit != 1 / r->g_scale || out->h_unit != 1 / r->h_scale;
	out->g_unit = 1 / r->g_scale;
	out->h_unit = 1 / r->h_scale;
}

/* Will whatever comes fit those scales? */
static bool
fits_always(const struct ml_rounding *r, double bound)
{
	double rows = (double) r->out->rows, g = bound * r->g_scale, h = bound * r->h_scale;

	return bound > 0 && g < 32766 && h < 65534 && rows * (g + 1) < 0x1p31 - 1 &&
	       rows * (h + 1) < 0x1p32 - 1;
}

ml_status
ml_gradients_round(ml_host *host, ml_slopes *slopes, uint64_t seed, ml_gradients *out)
{
	struct ml_rounding *r = slopes->rounding;
	int64_t blocks = ml_gradients_blocks(out);
	totals all = {0};

	r->out = out;
	r->salt = (uint32_t) seed;
	if (!slopes->rounded)
		ML_TRY(ml_parallel(host, blocks, sum_task, slopes));
	for (int64_t i = 0; i < blocks; i++)
		join_totals(&all, &r->total[i]);
	if (!isfinite(all.g_sum) || !isfinite(all.h_sum))
		return ML_NOT_NUMERIC;
	if (!slopes->rounded)
	{
		set_scales(r, &all);
		ML_TRY(ml_parallel(host, blocks, round_task, slopes));
	}
	tell_units(r, out);
	out->noise = all.h_sum > 0 ? all.g_squares / all.h_sum : 0;
	set_scales(r, &all);
	slopes->rounded = out->steps > 0 && fits_always(r, slopes->bound);
	return ML_OK;
}

ml_status
ml_slopes_create(ml_host *host, int64_t rows, ml_slopes *slopes, ml_gradients *out)
{
	/* the first block may be short */
	int64_t blocks = (rows + ML_CHUNK - 1) / ML_CHUNK + 1;

	*slopes = (ml_slopes){.bound = 0};
	*out = (ml_gradients){.rows = rows, .lead = ML_CHUNK, .anew = true};
	ML_NEW_RAW(host, slopes->g, rows);
	ML_NEW_RAW(host, slopes->h, rows);
	ML_NEW(host, slopes->rounding, 1);
	ML_NEW(host, slopes->rounding->total, blocks);
	ML_NEW(host, out->pair, rows);
	ML_NEW(host, out->changes, blocks);
	return ML_OK;
}

double
ml_slopes_memory(int64_t rows)
{
	return (double) rows * (2 * sizeof(float) + sizeof(ml_pair)) +
	       (double) ((rows + ML_CHUNK - 1) / ML_CHUNK + 1) *
	           (sizeof(totals) + sizeof(int32_t)) +
	       sizeof(struct ml_rounding);
}

/* All rows of a block, in their order. */
static ml_status
draw_task(void *argument, int64_t task, ml_worker *worker)
{
	const ml_grower *grower = argument;
	int64_t at = task * DRAWN, end = at + DRAWN;
	uint32_t first = (uint32_t) (grower->table->rows - grower->rows);

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (end = end < grower->rows ? end : grower->rows; at < end; at++)
		grower->order[at] = first + (uint32_t) at;
	return ML_OK;
}

ml_status
ml_grower_draw(ml_grower *grower, const ml_problem *problem, int64_t first, double share)
{
	uint64_t *const *key = problem->frame->key;
	uint64_t seed = ml_hash_mix(grower->options.seed);
	int64_t count = 0;

	if (share >= 1)
	{
		grower->rows = grower->table->rows - first;
		return ml_parallel(grower->host, (grower->rows + DRAWN - 1) / DRAWN, draw_task,
		                   grower);
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
	return ML_OK;
}
