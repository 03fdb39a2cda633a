/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_seed.c: rows to begin with: greedy k-means++ (Arthur and Vassilvitskii 2007).
 *
 * A row becomes the next centre with a chance that is in proportion to its squared distance
 * from the centres there are.  Of 2 + log k such rows the one is taken that leaves the
 * smallest sum, as scikit-learn does.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SEED_ROWS 4096   /* rows that are enough to choose from, at least */
#define ROWS_PER_SEED 16 /* and of each centre */

typedef struct seeding
{
	ml_kmeans *fit;
	int64_t end;             /* of the rows to choose from */
	ml_centers trial;        /* one tile */
	int trials;              /* centres of it in use */
	double *nearest;         /* [rows] squared distance to the centres there are */
	double (*left)[ML_TILE]; /* [shards] what each trial would leave */
	bool keeps;              /* trial 0 is a centre now */
} seeding;

static ml_status
try_shard(void *argument, int64_t task, ml_worker *worker)
{
	seeding *s = argument;
	const ml_kmeans *fit = s->fit;
	ml_kmeans_seat *seat = &fit->seat[worker->index];
	int64_t row = fit->begin + task * fit->shard_rows;
	int64_t end = row + fit->shard_rows < s->end ? row + fit->shard_rows : s->end;

	memset(s->left[task], 0, sizeof s->left[task]);
	for (int64_t next; row < end; row = next)
	{
		double *nearest = s->nearest + (row - fit->begin);

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		next = ml_block_end(row, end);
		for (int i = 0; i < next - row; i++)
			seat->pick[i] = i;
		ml_points_fill(fit->space, fit->problem, row, seat->pick, (int) (next - row),
		               &seat->points);
		ml_centers_measure(&s->trial, 0, &seat->points, seat->squared);
		for (int t = 0; t < s->trials; t++)
			for (int i = 0; i < next - row; i++)
			{
				double d = seat->squared[t * ML_BLOCK + i];

				d = d < nearest[i] ? d : nearest[i];
				s->left[task][t] += seat->points.weight[i] * d;
				if (s->keeps)
					nearest[i] = d;
			}
	}
	return ML_OK;
}

/* What each trial leaves of the sum; the first is kept as a centre if keeps is set. */
static ml_status
try_all(seeding *s, int trials, bool keeps, double *left)
{
	s->trials = trials;
	s->trial.count = trials;
	s->keeps = keeps;
	ML_TRY(ml_parallel(s->fit->host,
	                   (s->end - s->fit->begin + s->fit->shard_rows - 1) /
	                       s->fit->shard_rows,
	                   try_shard, s));
	memset(left, 0, ML_TILE * sizeof *left);
	for (int64_t row = s->fit->begin, shard = 0; row < s->end;
	     row += s->fit->shard_rows, shard++)
		for (int t = 0; t < trials; t++)
			left[t] += s->left[shard][t];
	return isfinite(left[0]) ? ML_OK : ML_NOT_NUMERIC;
}

/* A row by chance in proportion to weight times squared distance, of which all have sum. */
static int64_t
draw_row(const seeding *s, double sum, uint64_t *random)
{
	const ml_kmeans *fit = s->fit;
	const ml_column *weight = fit->problem->weight;
	double rest = sum * ml_hash_uniform(random), before = rest;
	int64_t first = fit->begin, row = first, last = first;

	/* rounding may leave a little: then it is the last shard with a share, and its last row */
	for (int64_t shard = 0; row < s->end && before >= 0; shard++, row += fit->shard_rows)
		if (s->left[shard][0] > 0)
		{
			rest = before;
			before -= s->left[shard][0];
			first = row;
		}
	row = first + fit->shard_rows < s->end ? first + fit->shard_rows : s->end;
	for (int64_t i = first; i < row; i++)
	{
		double part =
		    s->nearest[i - fit->begin] * (weight != NULL ? *ml_numbers_at(weight, i) : 1);

		if (part > 0)
			last = i;
		if (part > 0 && (rest -= part) < 0)
			break;
	}
	return last;
}

void
ml_kmeans_put(const ml_kmeans *fit, int64_t row, ml_centers *centers, int center)
{
	double *at = centers->at + center * fit->space->slots;
	int64_t first = row / ML_BLOCK * ML_BLOCK;
	int pick = (int) (row - first);

	ml_points_fill(fit->space, fit->problem, first, &pick, 1, &fit->seat[0].points);
	memset(at, 0, (size_t) fit->space->slots * sizeof *at);
	ml_points_add(fit->space, &fit->seat[0].points, 0, 1, at);
	ml_centers_pack(centers, center);
}

/* The next centre; *sum is what the ones there are leave, and then what is left with it. */
static ml_status
add_center(seeding *s, int center, uint64_t *random, double *sum)
{
	int trials = 2 + (int) log(s->fit->k), best = 0;
	int64_t row[ML_TILE];
	double left[ML_TILE], all = *sum;

	trials = trials < ML_TILE ? trials : ML_TILE;
	for (int t = 0; t < trials; t++)
		row[t] = draw_row(s, all, random);
	for (int t = 0; t < trials; t++)
		ml_kmeans_put(s->fit, row[t], &s->trial, t);
	ML_TRY(try_all(s, trials, false, left));
	for (int t = 1; t < trials; t++)
		best = left[t] < left[best] ? t : best;
	ml_kmeans_put(s->fit, row[best], &s->fit->centers, center);
	ml_kmeans_put(s->fit, row[best], &s->trial, 0);
	ML_TRY(try_all(s, 1, true, left));
	*sum = left[0];
	return ML_OK;
}

/* All rows are as far away as any other before there is a centre. */
static ml_status
add_first(seeding *s, uint64_t *random, double *sum)
{
	const ml_kmeans *fit = s->fit;
	const ml_column *weight = fit->problem->weight;
	double left[ML_TILE], all = 0;
	int64_t row;

	for (int shard = 0; shard < fit->shards; shard++)
		s->left[shard][0] = 0;
	for (row = fit->begin; row < s->end; row++)
	{
		double part = weight != NULL ? *ml_numbers_at(weight, row) : 1;

		s->nearest[row - fit->begin] = 1;
		s->left[(row - fit->begin) / fit->shard_rows][0] += part;
		all += part;
	}
	row = draw_row(s, all, random);
	for (int64_t i = 0; i < s->end - fit->begin; i++)
		s->nearest[i] = INFINITY;
	ml_kmeans_put(fit, row, &s->fit->centers, 0);
	ml_kmeans_put(fit, row, &s->trial, 0);
	ML_TRY(try_all(s, 1, true, left));
	*sum = left[0];
	return ML_OK;
}

static ml_status
seed_from(seeding *s, uint64_t *random)
{
	double sum;

	ML_TRY(add_first(s, random, &sum));
	for (int c = 1; c < s->fit->k; c++)
	{
		if (!(sum > 0))
		{
			s->fit->host->fault.count = c;
			return ML_FEW_DISTINCT;
		}
		ML_TRY(add_center(s, c, random, &sum));
	}
	return ML_OK;
}

ml_status
ml_kmeans_seed(ml_kmeans *fit, uint64_t *random)
{
	int64_t rows = fit->end - fit->begin;
	int64_t enough =
	    ROWS_PER_SEED * fit->k > SEED_ROWS ? ROWS_PER_SEED * fit->k : SEED_ROWS;
	seeding s = {.fit = fit, .end = fit->begin + (rows < enough ? rows : enough)};
	ml_status status;

	ML_TRY(ml_centers_create(fit->host, fit->space, ML_TILE, &s.trial));
	ML_NEW_RAW(fit->host, s.nearest, rows);
	ML_NEW(fit->host, s.left, fit->shards);
	status = seed_from(&s, random);
	if (status != ML_FEW_DISTINCT || s.end == fit->end)
		return status;
	s.end = fit->end;
	return seed_from(&s, random);
}
