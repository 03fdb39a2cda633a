/* SPDX-License-Identifier: PostgreSQL */
/*
 * partition.c: the best way to merge ordered pre-bins into bins, by dynamic programming.
 *
 * A segment (i, j] is the pre-bins i .. j - 1 as one bin.  best[b][i][j] is the largest
 * information value of b bins over the first j pre-bins of which the last is (i, j]:
 *
 *	best[b][i][j] = iv(i, j) + max { best[b - 1][k][i] : rate(k, i) before rate(i, j) }
 *
 * For every i the segments (k, i] are put in order of their rates once, so the maximum is
 * a prefix maximum, found by bisection: O(bins * parts^2 * log parts) in all.
 */
#include "data/data.h"

#include <math.h>

#define PLACES (ML_PRE_BINS + 1)
#define SMOOTHING 0.5
#define SAME 1e-12 /* more bins must add more than rounding does */

typedef struct ml_partition_work
{
	double iv[PLACES][PLACES];
	double rate[PLACES][PLACES];     /* NaN: the segment can be no bin */
	uint8_t order[PLACES][PLACES];   /* [i] starts k of the possible (k, i], by rate */
	int possible[PLACES];            /* how many those are */
	double best[2][PLACES][PLACES];  /* of b - 1 bins and of b, in turn */
	uint8_t (*from)[PLACES][PLACES]; /* [max_bins] the k of the best */
} ml_partition_work;

ml_status
ml_partition_create(ml_host *host, int max_bins, ml_partition *partition)
{
	*partition = (ml_partition){.max_bins = max_bins};
	ML_NEW(host, partition->work, 1);
	ML_NEW(host, partition->work->from, max_bins);
	return ML_OK;
}

void
ml_bin_weigh(ml_bin *bin, double events, double non_events)
{
	double more = bin->events > 0 && bin->non_events > 0 ? 0 : SMOOTHING;

	bin->woe =
	    log((bin->non_events + more) / non_events) - log((bin->events + more) / events);
	bin->iv = (bin->non_events / non_events - bin->events / events) * bin->woe;
}

/* Value and rate of every segment. */
static void
measure_segments(ml_partition *p, int direction)
{
	ml_partition_work *work = p->work;

	for (int i = 0; i < p->parts; i++)
	{
		ml_bin bin = {0};

		for (int j = i + 1; j <= p->parts; j++)
		{
			bin.events += p->events[j - 1];
			bin.non_events += p->non_events[j - 1];
			work->rate[i][j] = NAN;
			if (!((p->pure || (bin.events > 0 && bin.non_events > 0)) &&
			      bin.events + bin.non_events >= p->least))
				continue;
			ml_bin_weigh(&bin, p->all_events, p->all_non_events);
			work->iv[i][j] = bin.iv;
			work->rate[i][j] = direction * bin.events / (bin.events + bin.non_events);
		}
	}
}

/* Possible segments that end at i, by insertion. */
static void
order_segments(ml_partition *p)
{
	ml_partition_work *work = p->work;

	for (int i = 1; i <= p->parts; i++)
	{
		int count = 0;

		for (int k = 0; k < i; k++)
		{
			int at = count;

			if (isnan(work->rate[k][i]))
				continue;
			for (; at > 0 && work->rate[work->order[i][at - 1]][i] > work->rate[k][i];
			     at--)
				work->order[i][at] = work->order[i][at - 1];
			work->order[i][at] = (uint8_t) k;
			count++;
		}
		work->possible[i] = count;
	}
}

/* How many of the segments that end at i may stand before one of that rate. */
static int
may_precede(const ml_partition_work *work, int i, double rate, int direction)
{
	int low = 0, high = work->possible[i];

	if (direction == 0)
		return high;
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (work->rate[work->order[i][middle]][i] < rate)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* best of bins + 1 bins whose last one begins at i. */
static void
extend(ml_partition *p, int bins, int i, int direction)
{
	ml_partition_work *work = p->work;
	const double(*before)[PLACES] = work->best[(bins + 1) % 2];
	double top[PLACES], most = -INFINITY;
	uint8_t start[PLACES], chosen = 0;

	for (int n = 0; n < work->possible[i]; n++)
	{
		int k = work->order[i][n];

		if (before[k][i] > most)
		{
			most = before[k][i];
			chosen = (uint8_t) k;
		}
		top[n] = most;
		start[n] = chosen;
	}
	for (int j = i + 1; j <= p->parts; j++)
	{
		int count = 0;

		work->best[bins % 2][i][j] = -INFINITY;
		if (!isnan(work->rate[i][j]))
			count = may_precede(work, i, work->rate[i][j], direction);
		if (count == 0)
			continue;
		work->best[bins % 2][i][j] = work->iv[i][j] + top[count - 1];
		work->from[bins][i][j] = start[count - 1];
	}
}

/* Takes these bins if they are better than those found so far. */
static void
consider(ml_partition *p, int bins)
{
	ml_partition_work *work = p->work;
	const double(*best)[PLACES] = work->best[(bins + 1) % 2];
	int at = p->parts, first = -1;

	for (int i = 0; i < p->parts; i++)
		if (best[i][at] >
		    (first < 0 ? p->iv + SAME * (1 + fabs(p->iv)) : best[first][at]))
			first = i;
	if (first < 0)
		return;
	p->iv = best[first][at];
	p->bins = bins;
	for (int b = bins - 1; b >= 0; b--)
	{
		int start = b > 0 ? work->from[b][first][at] : 0;

		p->end[b] = at;
		at = first;
		first = start;
	}
}

ml_status
ml_partition_solve(ml_worker *worker, ml_partition *p, int direction)
{
	ml_partition_work *work = p->work;
	ml_bin whole = {0};

	for (int i = 0; i < p->parts; i++)
	{
		whole.events += p->events[i];
		whole.non_events += p->non_events[i];
	}
	ml_bin_weigh(&whole, p->all_events, p->all_non_events);
	p->bins = 1;
	p->end[0] = p->parts;
	p->iv = whole.iv;
	measure_segments(p, direction);
	order_segments(p);
	for (int i = 0; i < p->parts; i++)
		for (int j = i + 1; j <= p->parts; j++)
			work->best[0][i][j] =
			    i > 0 || isnan(work->rate[i][j]) ? -INFINITY : work->iv[i][j];
	for (int bins = 1; bins < p->max_bins; bins++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int i = 0; i < p->parts; i++)
			extend(p, bins, i, direction);
		consider(p, bins + 1);
	}
	return ML_OK;
}
