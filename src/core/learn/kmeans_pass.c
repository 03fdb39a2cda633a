/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_pass.c: Lloyd's iterations.
 *
 * Most rows have a centre that is the nearest for certain without being measured: by sketches of
 * the rows where centres are few, by bounds on distances where they are many.  Only the others are
 * measured in double precision.
 *
 * Of many rows the first iterations look at parts that grow, as nested mini-batches do (Newling
 * and Fleuret 2016), and take the nearest centre of a sketch for that of its row.
 *
 * Sums are kept up to date by the rows that change their centre, shard by shard in a fixed
 * order, so they do not depend on the number of threads.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SHARD_ROWS 1024 /* rows of a shard, at least */
#define MOST_SHARDS 64
#define MOST_SHARD_BYTES 64e6 /* of all shards' sums */
#define SKETCHED 160          /* most centres that rows are sketched for */
#define MEASURED 16           /* most to which a row is as well measured as sketched */
#define FIRST_PART 64         /* of the rows that are looked at first: one in 64 */
#define PART_ROWS 4000        /* of a part for each centre, at least */

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

double
ml_kmeans_memory(const ml_space *space, int k, int64_t rows, int threads)
{
	int64_t shard_rows;
	int shards;
	double slots = (double) space->slots;

	cut_shards(space, k, rows, &shard_rows, &shards);
	return 4.0 * (double) rows +
	       (k <= SKETCHED ? ml_sketch_memory(space, rows) : ml_bounds_memory(k, rows)) +
	       8.0 * (shards + 4) * k * (slots + 4) +
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
	ML_NEW(host, seat->nearest, ML_BLOCK);
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

	fit->is_sketched = fit->k <= SKETCHED && fit->space->numbers > 0 && !fit->is_bounded;
	ML_TRY(ml_centers_create(host, fit->space, fit->k, &fit->centers));
	ML_NEW(host, fit->sum, fit->k * fit->space->slots);
	ML_NEW(host, fit->weight, fit->k);
	ML_NEW(host, fit->rows, fit->k);
	ML_NEW(host, fit->squares, fit->k);
	ML_NEW_RAW(host, fit->assigned, rows);
	ML_NEW(host, fit->drift, fit->k);
	ML_NEW(host, fit->seat, threads);
	for (int i = 0; i < threads; i++)
		ML_TRY(create_seat(host, fit->space, &fit->seat[i]));
	ML_TRY(create_shards(fit));
	if (!fit->is_sketched)
		ML_TRY(ml_bounds_create(fit));
	else
		ML_TRY(ml_sketch_create(host, fit->space, fit->begin, fit->end, fit->k,
		                        &fit->sketch));
	fit->reach = fit->end;
	fit->sketched = fit->begin;
	return ml_kmeans_restart(fit);
}

ml_status
ml_kmeans_restart(ml_kmeans *fit)
{
	for (int64_t i = 0; i < fit->end - fit->begin; i++)
		fit->assigned[i] = -1;
	memset(fit->sum, 0, (size_t) (fit->k * fit->space->slots) * sizeof *fit->sum);
	memset(fit->weight, 0, (size_t) fit->k * sizeof *fit->weight);
	memset(fit->rows, 0, (size_t) fit->k * sizeof *fit->rows);
	return fit->is_sketched ? ML_OK : ml_bounds_forget(fit);
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

void
ml_kmeans_measure(const ml_kmeans *fit, ml_kmeans_seat *seat, const int tiles[2],
                  const ml_points *points)
{
	for (int i = 0; i < points->rows; i++)
		seat->best[i] = seat->best[ML_BLOCK + i] = INFINITY;
	for (int tile = tiles[0]; tile < tiles[1] && tile < fit->centers.tiles; tile++)
	{
		ml_centers_measure(&fit->centers, tile, points, seat->squared);
		for (int k = 0; k < ML_TILE && tile * ML_TILE + k < fit->k; k++)
			keep_nearest(seat->squared + k * ML_BLOCK, tile * ML_TILE + k, points->rows,
			             seat->best);
	}
}

/* Rows of a block that are picked, of which those are measured that have no seat->which yet. */
static void
measure_open(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int picked)
{
	const int tiles[] = {0, fit->centers.tiles};
	const int32_t *was = fit->assigned + (first - fit->begin);
	int open = 0;

	ml_points_fill(fit->space, fit->problem, first, seat->pick, picked, &seat->points);
	for (int i = 0; i < picked; i++)
	{
		seat->was[i] = was[seat->pick[i]];
		seat->own[i] = 0;
		if (seat->which[i] < 0)
			seat->part[open++] = i;
	}
	if (open == 0)
		return;
	if (open < picked)
		ml_points_pick(fit->space, &seat->points, seat->part, open, &seat->some);
	ml_kmeans_measure(fit, seat, tiles, open < picked ? &seat->some : &seat->points);
	for (int i = 0; i < open; i++)
	{
		seat->own[seat->part[i]] = seat->best[i];
		seat->which[seat->part[i]] = (int32_t) seat->best[2 * ML_BLOCK + i];
	}
}

/*
 * Rows of a block that are new to their centre, or whose centre is not known without measuring;
 * all of them if the pass is exact.
 */
static int
settle_sketched(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int rows)
{
	const int32_t *was = fit->assigned + (first - fit->begin);
	int picked = 0;

	/* a block that two shards have parts of is not looked at while they fill it */
	if (fit->is_exact || (first >= fit->sketched && rows < ML_BLOCK))
		for (int i = 0; i < rows; i++)
			seat->nearest[i] = -1;
	else
		ml_sketch_nearest(&fit->sketch, fit->problem, first, rows, fit->centers.tiles,
		                  true, seat->nearest);
	for (int i = 0; i < rows; i++)
	{
		seat->pick[picked] = i;
		seat->which[picked] = seat->nearest[i];
		picked += seat->nearest[i] < 0 || seat->nearest[i] != was[i];
	}
	if (picked > 0)
		measure_open(fit, seat, first, picked);
	return picked;
}

/* Likewise where sketches stand for the rows; what has none is left. */
static int
settle_roughly(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int rows)
{
	const int32_t *was = fit->assigned + (first - fit->begin);
	int picked = 0;

	if (first >= fit->sketched && rows < ML_BLOCK)
		return 0;
	ml_sketch_nearest(&fit->sketch, fit->problem, first, rows, fit->centers.tiles, false,
	                  seat->nearest);
	for (int i = 0; i < rows; i++)
	{
		seat->pick[picked] = i;
		seat->was[picked] = was[i];
		seat->which[picked] = seat->nearest[i];
		seat->own[picked] = 0;
		picked += seat->nearest[i] >= 0 && seat->nearest[i] != was[i];
	}
	if (picked > 0)
		ml_sketch_points(&fit->sketch, fit->problem, first, seat->pick, picked,
		                 &seat->points);
	return picked;
}

/* The rows of a block that no sketch reaches: few, and far from all others. */
static int
settle_far(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int rows)
{
	const bool *is_far = ml_sketch_far(&fit->sketch, first);
	int picked = 0;

	for (int i = 0; i < rows; i++)
	{
		seat->pick[picked] = i;
		seat->which[picked] = -1;
		picked += is_far[i];
	}
	if (picked > 0)
		measure_open(fit, seat, first, picked);
	return picked;
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
	int64_t end = row + fit->shard_rows < fit->reach ? row + fit->shard_rows : fit->reach;

	while (row < end)
	{
		int64_t next = ml_block_end(row, end);
		int rows = (int) (next - row), settled;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		/* while the rows are at hand anyhow */
		if (fit->is_sketched && !fit->is_exact && row >= fit->sketched)
			ml_sketch_fill(&fit->sketch, fit->problem, row, rows);
		if (fit->is_rough)
		{
			if (settle_far(fit, seat, row, rows) > 0)
				move_rows(fit, seat, row, &fit->shard[task]);
			settled = settle_roughly(fit, seat, row, rows);
		}
		else if (fit->is_sketched)
			settled = settle_sketched(fit, seat, row, rows);
		else
			settled = ml_bounds_settle(fit, seat, row, rows);
		if (settled > 0)
			move_rows(fit, seat, row, &fit->shard[task]);
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
ml_kmeans_pass(ml_kmeans *fit, bool exact)
{
	fit->is_exact = exact;
	if (fit->is_sketched && !exact)
		ml_sketch_take(&fit->centers, &fit->sketch);
	if (!fit->is_sketched && exact)
		ML_TRY(ml_bounds_forget(fit));
	for (int s = 0; s < fit->shards; s++)
		clear_shard(fit, &fit->shard[s]);
	ML_TRY(ml_parallel(fit->host, fit->shards, pass_shard, fit));
	if (fit->is_sketched && !exact && fit->reach > fit->sketched)
		fit->sketched = fit->reach;
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
		fit->drift[c] = sqrt(fit->drift[c]);
		ml_centers_pack(&fit->centers, c);
	}
	if (!fit->is_sketched)
		ml_bounds_drift(fit);
	return sum;
}

/* A centre that no row is nearest to goes to the row that is farthest from its own. */
static ml_status
fill_empty(ml_kmeans *fit)
{
	for (int c = 0; c < fit->k; c++)
		while (fit->rows[c] == 0)
		{
			ML_TRY(ml_kmeans_pass(fit, true));
			if (fit->rows[c] > 0)
				break;
			if (!(fit->distance > 0))
			{
				fit->host->fault.count = c;
				return ML_FEW_DISTINCT;
			}
			ml_kmeans_put(fit, fit->farthest, &fit->centers, c);
		}
	return ML_OK;
}

/* No row is put to a centre yet, so all of them have to be taken to one. */
static bool
is_new(const ml_kmeans *fit)
{
	int64_t rows = 0;

	for (int c = 0; c < fit->k; c++)
		rows += fit->rows[c];
	return rows == 0;
}

ml_status
ml_kmeans_iterate(ml_kmeans *fit, int64_t most, double tolerance, int64_t *iterations,
                  bool *converged)
{
	*converged = false;
	for (*iterations = 0; *iterations < most && !*converged; ++*iterations)
	{
		double moves;

		ML_TRY(
		    ml_kmeans_pass(fit, fit->is_sketched && fit->k <= MEASURED && is_new(fit)));
		ML_TRY(fill_empty(fit));
		*converged = fit->moved == 0;
		moves = move_centers(fit);
		*converged |= moves <= tolerance * fit->space->variance;
	}
	return ML_OK;
}

/* Iterations over the rows before fit->reach, until centres move by less than least. */
static ml_status
iterate_roughly(ml_kmeans *fit, int64_t most, double least, int64_t *iterations)
{
	double moves = INFINITY;

	for (; moves > least && *iterations < most && !fit->sketch.is_blind; ++*iterations)
	{
		ML_TRY(ml_kmeans_pass(fit, false));
		moves = move_centers(fit);
	}
	return ML_OK;
}

/*
 * A part tells the mean of a centre's rows up to chance: of n rows in k segments, the squares of
 * what it is off by come to about spread k^2 / n.
 */
ml_status
ml_kmeans_approach(ml_kmeans *fit, int64_t most, double tolerance, double spread,
                   int64_t *iterations)
{
	int64_t rows = fit->end - fit->begin;

	fit->is_rough = fit->is_sketched;
	fit->moved = 1;
	for (int64_t part = FIRST_PART; part > 1 && fit->moved > 0; part /= 4)
	{
		double least = spread * fit->k * fit->k * (double) part / (double) rows;

		if (rows / part < PART_ROWS * fit->k)
			continue;
		fit->reach = (fit->begin + rows / part) / ML_BLOCK * ML_BLOCK;
		ML_TRY(iterate_roughly(fit, most, least, iterations));
	}
	fit->reach = fit->end;
	if (fit->is_rough && fit->moved > 0)
		ML_TRY(iterate_roughly(fit, most, tolerance * fit->space->variance, iterations));
	fit->is_rough = false;
	return fit->is_sketched ? ml_kmeans_restart(fit) : ML_OK;
}

ml_status
ml_kmeans_place(ml_kmeans *fit, const double *centers)
{
	memcpy(fit->centers.at, centers,
	       (size_t) (fit->k * fit->space->slots) * sizeof *centers);
	for (int c = 0; c < fit->k; c++)
		ml_centers_pack(&fit->centers, c);
	return ml_kmeans_restart(fit);
}

/* Moving the centres to the means may leave one without rows, though hardly ever. */
ml_status
ml_kmeans_finish(ml_kmeans *fit)
{
	bool empty = true;

	for (int round = 0; round <= fit->k && empty; round++)
	{
		ML_TRY(ml_kmeans_pass(fit, true));
		empty = false;
		for (int c = 0; c < fit->k; c++)
			empty |= fit->rows[c] == 0;
		if (empty)
		{
			ML_TRY(fill_empty(fit));
			move_centers(fit);
		}
	}
	return ML_OK;
}
