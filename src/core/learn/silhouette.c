/* SPDX-License-Identifier: PostgreSQL */
/*
 * silhouette.c: how much nearer points lie to their own segment than to the next.
 *
 * A point's silhouette is (b - a) / max(a, b): a is its mean distance from the other points of
 * its segment, b that from the points of the nearest other one (Rousseeuw 1987); that of a point
 * that is alone is 0.  It takes all pairs.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct silhouette_work
{
	const ml_placed *placed;
	ml_centers tile[ML_MAX_THREADS];
	double *squared[ML_MAX_THREADS]; /* [ML_TILE][ML_BLOCK] */
	double *sum[ML_MAX_THREADS];     /* [ML_TILE][k] */
	double *inside;                  /* [k] weights */
	double *silhouette;              /* [rows] */
} silhouette_work;

static inline double
weight_at(const ml_placed *placed, int64_t row)
{
	return placed->weight != NULL ? placed->weight[row] : 1;
}

/* From what a point's distances from each segment add up to. */
static double
silhouette_of(const silhouette_work *w, int64_t row, const double *sum)
{
	int own = w->placed->segment[row];
	double others = w->inside[own] - weight_at(w->placed, row), next = INFINITY;
	double near = sum[own] / others;

	for (int s = 0; s < w->placed->k; s++)
		if (s != own && w->inside[s] > 0)
			next = fmin(next, sum[s] / w->inside[s]);
	return others > 0 && fmax(near, next) > 0 ? (next - near) / fmax(near, next) : 0;
}

/* Distances of eight points from all others, added up by segment. */
static ml_status
add_distances(void *argument, int64_t task, ml_worker *worker)
{
	silhouette_work *w = argument;
	const ml_placed *placed = w->placed;
	ml_centers *tile = &w->tile[worker->index];
	double *squared = w->squared[worker->index], *sum = w->sum[worker->index];
	int64_t first = task * ML_TILE, slots = placed->space->slots;
	int rows = (int) (placed->rows - first < ML_TILE ? placed->rows - first : ML_TILE);

	memset(tile->at, 0, (size_t) (ML_TILE * slots) * sizeof *tile->at);
	memset(sum, 0, (size_t) (ML_TILE * placed->k) * sizeof *sum);
	tile->count = rows;
	for (int r = 0; r < rows; r++)
	{
		ml_points_add(placed->space, &placed->block[(first + r) / ML_BLOCK],
		              (int) ((first + r) % ML_BLOCK), 1, tile->at + r * slots);
		ml_centers_pack(tile, r);
	}
	for (int64_t b = 0; b * ML_BLOCK < placed->rows; b++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		ml_centers_measure(tile, 0, &placed->block[b], squared);
		for (int r = 0; r < rows; r++)
			for (int i = 0; i < placed->block[b].rows; i++)
				sum[r * placed->k + placed->segment[b * ML_BLOCK + i]] +=
				    weight_at(placed, b * ML_BLOCK + i) * sqrt(squared[r * ML_BLOCK + i]);
	}
	for (int r = 0; r < rows; r++)
		w->silhouette[first + r] = silhouette_of(w, first + r, sum + r * placed->k);
	return ML_OK;
}

static ml_status
open_work(ml_host *host, silhouette_work *w)
{
	const ml_placed *placed = w->placed;

	ML_NEW(host, w->silhouette, placed->rows);
	ML_NEW(host, w->inside, placed->k);
	for (int64_t row = 0; row < placed->rows; row++)
		w->inside[placed->segment[row]] += weight_at(placed, row);
	for (int i = 0; i < ml_pool_threads(host); i++)
	{
		ML_TRY(ml_centers_create(host, placed->space, ML_TILE, &w->tile[i]));
		ML_NEW(host, w->squared[i], ML_TILE * ML_BLOCK);
		ML_NEW(host, w->sum[i], (int64_t) ML_TILE * placed->k);
	}
	return ML_OK;
}

ml_status
ml_silhouette(ml_host *host, const ml_placed *placed, double *mean, double *error)
{
	silhouette_work w = {.placed = placed};
	double total = 0, squares = 0;

	ML_TRY(open_work(host, &w));
	ML_TRY(ml_parallel(host, (placed->rows + ML_TILE - 1) / ML_TILE, add_distances, &w));
	*mean = 0;
	for (int64_t row = 0; row < placed->rows; row++)
	{
		*mean += weight_at(placed, row) * w.silhouette[row];
		total += weight_at(placed, row);
	}
	*mean /= total;
	for (int64_t row = 0; row < placed->rows; row++)
	{
		double away = weight_at(placed, row) * (w.silhouette[row] - *mean);

		squares += away * away;
	}
	*error = sqrt(squares) / total;
	return ML_OK;
}
