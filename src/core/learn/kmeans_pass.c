/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_pass.c: Lloyd's iterations with bounds on distances.
 *
 * A row keeps its centre unmeasured if an upper bound of the distance to it is below the lower
 * bounds of the distances to all others.  Bounds stay valid when centres move, less the
 * distance that they moved (Hamerly 2010; by groups of centres Ding et al. 2015, "Yinyang").
 * They are kept in single precision, rounded to the safe side, so the result is Lloyd's.
 *
 * Sums are kept up to date by the rows that change their centre, shard by shard in a fixed
 * order, so they do not depend on the number of threads.
 */
#include "learn/learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define SHARD_ROWS 1024 /* rows of a shard, at least */
#define MOST_SHARDS 64
#define MOST_SHARD_BYTES 64e6 /* of all shards' sums */
#define MOST_GROUPS 16
#define ROUNDED 2.4e-7 /* more than single precision loses in two roundings */

static inline float
not_below(double number)
{
	return (float) (number * (1 + ROUNDED));
}

static inline float
not_above(double number)
{
	number *= 1 - ROUNDED;
	return (float) (number < FLT_MAX ? number : FLT_MAX);
}

/* Ranges of rows that follow from the problem alone. */
static void
cut_shards(const ml_space *space, int k, int64_t rows, int64_t *shard_rows, int *shards)
{
	double room = MOST_SHARD_BYTES / (8.0 * k * (double) (space->slots + 3));
	int most = room < 1 ? 1 : room < MOST_SHARDS ? (int) room : MOST_SHARDS;

	*shard_rows = (rows + most - 1) / most;
	*shard_rows = *shard_rows < SHARD_ROWS ? SHARD_ROWS : *shard_rows;
	*shard_rows = (*shard_rows + ML_BLOCK - 1) / ML_BLOCK * ML_BLOCK;
	*shards = (int) ((rows + *shard_rows - 1) / *shard_rows);
}

static int
count_groups(int k, int *group_tiles)
{
	int tiles = (k + ML_TILE - 1) / ML_TILE;

	*group_tiles = (tiles + MOST_GROUPS - 1) / MOST_GROUPS;
	return (tiles + *group_tiles - 1) / *group_tiles;
}

double
ml_kmeans_memory(const ml_space *space, int k, int64_t rows, int threads)
{
	int64_t shard_rows;
	int shards, group_tiles;
	double slots = (double) space->slots, groups = count_groups(k, &group_tiles);

	cut_shards(space, k, rows, &shard_rows, &shards);
	return (double) rows * (8 + 4 * groups) + 8.0 * (shards + 4) * k * (slots + 4) +
	       16.0 * threads * ML_BLOCK * (slots + 20);
}

static ml_status
create_seat(ml_host *host, const ml_space *space, ml_kmeans_seat *seat)
{
	ML_TRY(ml_points_create(host, space, &seat->points));
	ML_TRY(ml_points_create(host, space, &seat->some));
	ML_NEW(host, seat->squared, ML_TILE * ML_BLOCK);
	ML_NEW(host, seat->best, 3 * ML_BLOCK);
	ML_NEW(host, seat->own, ML_BLOCK);
	ML_NEW(host, seat->which, ML_BLOCK);
	ML_NEW(host, seat->was, ML_BLOCK);
	ML_NEW(host, seat->pick, ML_BLOCK);
	ML_NEW(host, seat->part, ML_BLOCK);
	return ML_OK;
}

static ml_status
create_shards(ml_kmeans *fit)
{
	ml_host *host = fit->host;

	cut_shards(fit->space, fit->k, fit->end - fit->begin, &fit->shard_rows, &fit->shards);
	ML_NEW(host, fit->shard, fit->shards);
	for (int s = 0; s < fit->shards; s++)
	{
		ML_NEW(host, fit->shard[s].sum, fit->k * fit->space->slots);
		ML_NEW(host, fit->shard[s].weight, fit->k);
		ML_NEW(host, fit->shard[s].rows, fit->k);
		ML_NEW(host, fit->shard[s].squares, fit->k);
	}
	return ML_OK;
}

ml_status
ml_kmeans_create(ml_kmeans *fit)
{
	ml_host *host = fit->host;
	int64_t rows = fit->end - fit->begin;
	int threads = ml_pool_threads(host);

	ML_TRY(ml_centers_create(host, fit->space, fit->k, &fit->centers));
	fit->groups = count_groups(fit->k, &fit->group_tiles);
	ML_NEW(host, fit->sum, fit->k * fit->space->slots);
	ML_NEW(host, fit->weight, fit->k);
	ML_NEW(host, fit->rows, fit->k);
	ML_NEW(host, fit->squares, fit->k);
	ML_NEW_RAW(host, fit->assigned, rows);
	ML_NEW_RAW(host, fit->upper, rows);
	ML_NEW_RAW(host, fit->lower, rows * fit->groups);
	ML_NEW(host, fit->drift, fit->k);
	ML_NEW(host, fit->most, fit->groups);
	ML_NEW(host, fit->next, fit->groups);
	ML_NEW(host, fit->mover, fit->groups);
	ML_NEW(host, fit->seat, threads);
	for (int i = 0; i < threads; i++)
		ML_TRY(create_seat(host, fit->space, &fit->seat[i]));
	ML_TRY(create_shards(fit));
	return ml_kmeans_restart(fit);
}

/* Bounds that say nothing. */
static ml_status
forget_bounds(ml_kmeans *fit)
{
	for (int64_t i = 0; i < fit->end - fit->begin; i++)
	{
		ML_PAUSE(fit->host, i);
		fit->upper[i] = INFINITY;
		for (int g = 0; g < fit->groups; g++)
			fit->lower[i * fit->groups + g] = 0;
	}
	memset(fit->drift, 0, (size_t) fit->k * sizeof *fit->drift);
	memset(fit->most, 0, (size_t) fit->groups * sizeof *fit->most);
	memset(fit->next, 0, (size_t) fit->groups * sizeof *fit->next);
	return ML_OK;
}

ml_status
ml_kmeans_restart(ml_kmeans *fit)
{
	for (int64_t i = 0; i < fit->end - fit->begin; i++)
		fit->assigned[i] = -1;
	memset(fit->sum, 0, (size_t) (fit->k * fit->space->slots) * sizeof *fit->sum);
	memset(fit->weight, 0, (size_t) fit->k * sizeof *fit->weight);
	memset(fit->rows, 0, (size_t) fit->k * sizeof *fit->rows);
	return forget_bounds(fit);
}

static inline int
group_of(const ml_kmeans *fit, int center)
{
	return center / (fit->group_tiles * ML_TILE);
}

/* Rows of a block that have to be measured; bounds of all of them follow their centres. */
static int
pick_rows(const ml_kmeans *fit, int64_t first, int rows, int *pick)
{
	int groups = fit->groups, count = 0;

	for (int i = 0; i < rows; i++)
	{
		int64_t row = first + i - fit->begin;
		int32_t own = fit->assigned[row];
		float *lower = fit->lower + row * groups, least = FLT_MAX;
		double upper = (double) fit->upper[row] + (own >= 0 ? fit->drift[own] : 0);

		for (int g = 0; g < groups; g++)
		{
			double bound =
			    lower[g] - (fit->mover[g] == own ? fit->next[g] : fit->most[g]);

			lower[g] = bound > 0 ? not_above(bound) : 0;
			least = lower[g] < least ? lower[g] : least;
		}
		fit->upper[row] = not_below(upper);
		if (!(fit->upper[row] < least))
			pick[count++] = i;
	}
	return count;
}

/* Nearest and second nearest of some centres, across all rows of a block. */
ML_HOT static void
keep_nearest(const double *squared, int center, int rows, double *best)
{
	double *second = best + ML_BLOCK, *which = best + 2 * ML_BLOCK, number = center;

	for (int i = 0; i < rows; i++)
	{
		double d = squared[i], nearest = best[i];
		double beaten = d < nearest ? nearest : d;

		second[i] = beaten < second[i] ? beaten : second[i];
		which[i] = d < nearest ? number : which[i];
		best[i] = d < nearest ? d : nearest;
	}
}

static void
measure_group(const ml_kmeans *fit, ml_kmeans_seat *seat, int group,
              const ml_points *points)
{
	int first = group * fit->group_tiles, end = first + fit->group_tiles;

	for (int i = 0; i < points->rows; i++)
		seat->best[i] = seat->best[ML_BLOCK + i] = INFINITY;
	for (int tile = first; tile < end && tile < fit->centers.tiles; tile++)
	{
		ml_centers_measure(&fit->centers, tile, points, seat->squared);
		for (int k = 0; k < ML_TILE && tile * ML_TILE + k < fit->k; k++)
			keep_nearest(seat->squared + k * ML_BLOCK, tile * ML_TILE + k, points->rows,
			             seat->best);
	}
}

/* The rows that have their centre in a group: both bounds become distances. */
static void
settle_own(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int group)
{
	const ml_points *points = &seat->some;
	int rows = 0;

	for (int i = 0; i < seat->points.rows; i++)
		if (seat->was[i] < 0 ? group == 0 : group_of(fit, seat->was[i]) == group)
			seat->part[rows++] = i;
	if (rows == 0)
		return;
	if (rows == seat->points.rows)
		points = &seat->points;
	else
		ml_points_pick(fit->space, &seat->points, seat->part, rows, &seat->some);
	measure_group(fit, seat, group, points);
	for (int i = 0; i < rows; i++)
	{
		int at = seat->part[i];
		int64_t row = first + seat->pick[at] - fit->begin;

		seat->own[at] = seat->best[i];
		seat->which[at] = (int32_t) seat->best[2 * ML_BLOCK + i];
		fit->lower[row * fit->groups + group] = not_above(sqrt(seat->best[ML_BLOCK + i]));
	}
}

/* A nearer centre may be in another group, if its bound does not rule that out. */
static void
settle_other(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int group)
{
	int rows = 0;

	for (int i = 0; i < seat->points.rows; i++)
	{
		const float *lower =
		    fit->lower + (first + seat->pick[i] - fit->begin) * fit->groups;
		int home = seat->was[i] < 0 ? 0 : group_of(fit, seat->was[i]);

		if (home != group &&
		    !((double) lower[group] * lower[group] > seat->own[i] * (1 + ROUNDED)))
			seat->part[rows++] = i;
	}
	if (rows == 0)
		return;
	ml_points_pick(fit->space, &seat->points, seat->part, rows, &seat->some);
	measure_group(fit, seat, group, &seat->some);
	for (int i = 0; i < rows; i++)
	{
		int at = seat->part[i];
		float *lower = fit->lower + (first + seat->pick[at] - fit->begin) * fit->groups;
		float beaten = not_above(sqrt(seat->own[at]));
		int before = group_of(fit, seat->which[at]);

		lower[group] = not_above(sqrt(seat->best[i]));
		if (!(seat->best[i] < seat->own[at]))
			continue;
		lower[before] = beaten < lower[before] ? beaten : lower[before];
		lower[group] = not_above(sqrt(seat->best[ML_BLOCK + i]));
		seat->own[at] = seat->best[i];
		seat->which[at] = (int32_t) seat->best[2 * ML_BLOCK + i];
	}
}

/* Takes the rows of a block to their centres, and their share from one sum to another. */
static void
move_rows(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first,
          ml_kmeans_shard *shard)
{
	int64_t slots = fit->space->slots;

	for (int i = 0; i < seat->points.rows; i++)
	{
		int64_t row = first + seat->pick[i] - fit->begin;
		int32_t from = seat->was[i], to = seat->which[i];
		double weight = seat->points.weight[i];

		fit->upper[row] = not_below(sqrt(seat->own[i]));
		shard->squares[to] += weight * seat->own[i];
		if (seat->own[i] > shard->distance)
		{
			shard->distance = seat->own[i];
			shard->farthest = row + fit->begin;
		}
		if (from == to)
			continue;
		fit->assigned[row] = to;
		shard->moved++;
		ml_points_add(fit->space, &seat->points, i, weight, shard->sum + to * slots);
		shard->weight[to] += weight;
		shard->rows[to]++;
		if (from < 0)
			continue;
		ml_points_add(fit->space, &seat->points, i, -weight, shard->sum + from * slots);
		shard->weight[from] -= weight;
		shard->rows[from]--;
	}
}

static ml_status
pass_shard(void *argument, int64_t task, ml_worker *worker)
{
	const ml_kmeans *fit = argument;
	ml_kmeans_seat *seat = &fit->seat[worker->index];
	int64_t row = fit->begin + task * fit->shard_rows;
	int64_t end = row + fit->shard_rows < fit->end ? row + fit->shard_rows : fit->end;

	while (row < end)
	{
		int64_t next = ml_block_end(row, end);
		int rows;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		rows = pick_rows(fit, row, (int) (next - row), seat->pick);
		if (rows > 0)
		{
			ml_points_fill(fit->space, fit->problem, row, seat->pick, rows,
			               &seat->points);
			for (int i = 0; i < rows; i++)
				seat->was[i] = fit->assigned[row + seat->pick[i] - fit->begin];
			for (int g = 0; g < fit->groups; g++)
				settle_own(fit, seat, row, g);
			for (int g = 0; g < fit->groups && fit->groups > 1; g++)
				settle_other(fit, seat, row, g);
			move_rows(fit, seat, row, &fit->shard[task]);
		}
		row = next;
	}
	return ML_OK;
}

static void
clear_shard(const ml_kmeans *fit, ml_kmeans_shard *shard)
{
	size_t k = (size_t) fit->k;

	memset(shard->sum, 0, k * (size_t) fit->space->slots * sizeof *shard->sum);
	memset(shard->weight, 0, k * sizeof *shard->weight);
	memset(shard->rows, 0, k * sizeof *shard->rows);
	memset(shard->squares, 0, k * sizeof *shard->squares);
	shard->moved = 0;
	shard->distance = -1;
}

static void
add_shards(ml_kmeans *fit)
{
	fit->moved = 0;
	fit->inertia = 0;
	fit->distance = -1;
	memset(fit->squares, 0, (size_t) fit->k * sizeof *fit->squares);
	for (int s = 0; s < fit->shards; s++)
	{
		const ml_kmeans_shard *shard = &fit->shard[s];

		for (int64_t i = 0; shard->moved > 0 && i < fit->k * fit->space->slots; i++)
			fit->sum[i] += shard->sum[i];
		for (int c = 0; c < fit->k; c++)
		{
			fit->weight[c] += shard->weight[c];
			fit->rows[c] += shard->rows[c];
			fit->squares[c] += shard->squares[c];
		}
		fit->moved += shard->moved;
		if (shard->distance > fit->distance)
		{
			fit->distance = shard->distance;
			fit->farthest = shard->farthest;
		}
	}
	for (int c = 0; c < fit->k; c++)
		fit->inertia += fit->squares[c];
}

ml_status
ml_kmeans_pass(ml_kmeans *fit, bool bounded)
{
	if (!bounded)
		ML_TRY(forget_bounds(fit));
	for (int s = 0; s < fit->shards; s++)
		clear_shard(fit, &fit->shard[s]);
	ML_TRY(ml_parallel(fit->host, fit->shards, pass_shard, fit));
	add_shards(fit);
	return isfinite(fit->inertia) ? ML_OK : ML_NOT_NUMERIC;
}

/* Each centre becomes the mean of its rows; answers the sum of squared moves. */
static double
move_centers(ml_kmeans *fit)
{
	int64_t slots = fit->space->slots;
	double sum = 0;

	for (int c = 0; c < fit->k; c++)
	{
		double *at = fit->centers.at + c * slots, *before = fit->shard[0].sum;

		fit->drift[c] = 0;
		if (fit->rows[c] == 0)
			continue;
		memcpy(before, at, (size_t) slots * sizeof *at);
		for (int64_t i = 0; i < slots; i++)
			at[i] = fit->sum[c * slots + i] / fit->weight[c];
		fit->drift[c] = ml_space_apart(fit->space, before, at);
		sum += fit->drift[c];
		fit->drift[c] = sqrt(fit->drift[c]) * (1 + ROUNDED);
		ml_centers_pack(&fit->centers, c);
	}
	for (int g = 0; g < fit->groups; g++)
	{
		int first = g * fit->group_tiles * ML_TILE;

		fit->most[g] = fit->next[g] = 0;
		fit->mover[g] = -1;
		for (int c = first; c < fit->k && c < first + fit->group_tiles * ML_TILE; c++)
			if (fit->drift[c] > fit->most[g])
			{
				fit->next[g] = fit->most[g];
				fit->most[g] = fit->drift[c];
				fit->mover[g] = c;
			}
			else if (fit->drift[c] > fit->next[g])
				fit->next[g] = fit->drift[c];
	}
	return sum;
}

/* A row becomes a centre. */
static void
center_on(ml_kmeans *fit, int center, int64_t row)
{
	double *at = fit->centers.at + center * fit->space->slots;
	int64_t first = row / ML_BLOCK * ML_BLOCK;
	int pick = (int) (row - first);

	ml_points_fill(fit->space, fit->problem, first, &pick, 1, &fit->seat[0].points);
	memset(at, 0, (size_t) fit->space->slots * sizeof *at);
	ml_points_add(fit->space, &fit->seat[0].points, 0, 1, at);
	ml_centers_pack(&fit->centers, center);
}

/* A centre that no row is nearest to goes to the row that is farthest from its own. */
static ml_status
fill_empty(ml_kmeans *fit)
{
	for (int c = 0; c < fit->k; c++)
		while (fit->rows[c] == 0)
		{
			ML_TRY(ml_kmeans_pass(fit, false));
			if (fit->rows[c] > 0)
				break;
			if (!(fit->distance > 0))
			{
				fit->host->fault.count = c;
				return ML_FEW_DISTINCT;
			}
			center_on(fit, c, fit->farthest);
		}
	return ML_OK;
}

ml_status
ml_kmeans_iterate(ml_kmeans *fit, int64_t most, double tolerance, int64_t *iterations,
                  bool *converged)
{
	*converged = false;
	for (*iterations = 0; *iterations < most && !*converged; ++*iterations)
	{
		double moves;

		ML_TRY(ml_kmeans_pass(fit, true));
		ML_TRY(fill_empty(fit));
		*converged = fit->moved == 0;
		moves = move_centers(fit);
		*converged |= moves <= tolerance * fit->space->variance;
	}
	return ML_OK;
}

ml_status
ml_kmeans_place(ml_kmeans *fit, const double *centers)
{
	memcpy(fit->centers.at, centers,
	       (size_t) (fit->k * fit->space->slots) * sizeof *centers);
	for (int c = 0; c < fit->k; c++)
		ml_centers_pack(&fit->centers, c);
	ML_TRY(ml_kmeans_restart(fit));
	return ml_kmeans_pass(fit, false);
}

/* Moving the centres to the means may leave one without rows, though hardly ever. */
ml_status
ml_kmeans_finish(ml_kmeans *fit)
{
	bool empty = true;

	for (int round = 0; round <= fit->k && empty; round++)
	{
		ML_TRY(ml_kmeans_restart(fit));
		ML_TRY(ml_kmeans_pass(fit, false));
		ML_TRY(fill_empty(fit));
		move_centers(fit);
		ML_TRY(ml_kmeans_pass(fit, false));
		empty = false;
		for (int c = 0; c < fit->k; c++)
			empty |= fit->rows[c] == 0;
	}
	return ML_OK;
}
