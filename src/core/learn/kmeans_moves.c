/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_moves.c: rows that change their centre one by one.
 *
 * Moving a row of weight w from centre a to b, means and all, changes the sum by
 *
 *	w W_b / (W_b + w) d^2(x, b) - w W_a / (W_a - w) d^2(x, a)
 *
 * (Hartigan 1975; Hartigan and Wong 1979).  What no such move makes smaller, Lloyd's iterations
 * do not either; the converse does not hold.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MOST_SWEEPS 100
#define GAIN 1e-12 /* of the sum, that a move has to make it smaller by */

/* Where a row goes to; its own centre: nowhere. */
static int
best_move(const ml_kmeans *fit, int own, double weight, const double *squared)
{
	double leaves = fit->weight[own] * squared[own] / (fit->weight[own] - weight);
	double least = leaves - GAIN * fit->inertia / weight;
	int best = own;

	for (int c = 0; c < fit->k; c++)
	{
		double enters = fit->weight[c] * squared[c] / (fit->weight[c] + weight);

		if (c != own && enters < least)
		{
			least = enters;
			best = c;
		}
	}
	return best;
}

/* Takes a row's share to or from a centre, which stays the mean of its rows. */
static void
shift_center(ml_kmeans *fit, int center, const ml_points *points, double weight)
{
	int64_t slots = fit->space->slots;
	double *at = fit->centers.at + center * slots, *sum = fit->sum + center * slots;

	ml_points_add(fit->space, points, 0, weight, sum);
	fit->weight[center] += weight;
	fit->rows[center] += weight > 0 ? 1 : -1;
	for (int64_t i = 0; i < slots; i++)
		at[i] = sum[i] / fit->weight[center];
	ml_centers_pack(&fit->centers, center);
}

static ml_status
sweep(ml_kmeans *fit, double *squared, int64_t *moves)
{
	ml_kmeans_seat *seat = &fit->seat[0];

	*moves = 0;
	for (int64_t row = fit->begin; row < fit->end; row++)
	{
		int64_t first = row / ML_BLOCK * ML_BLOCK;
		int own = fit->assigned[row - fit->begin], to, pick = (int) (row - first);

		if (pick == 0 && ml_stop(fit->host))
			return ML_STOPPED;
		if (fit->rows[own] < 2)
			continue;
		ml_points_fill(fit->space, fit->problem, first, &pick, 1, &seat->points);
		for (int tile = 0; tile < fit->centers.tiles; tile++)
		{
			ml_centers_measure(&fit->centers, tile, &seat->points, seat->squared);
			for (int k = 0; k < ML_TILE; k++)
				squared[tile * ML_TILE + k] = seat->squared[k * ML_BLOCK];
		}
		to = best_move(fit, own, seat->points.weight[0], squared);
		if (to == own)
			continue;
		shift_center(fit, own, &seat->points, -seat->points.weight[0]);
		shift_center(fit, to, &seat->points, seat->points.weight[0]);
		fit->assigned[row - fit->begin] = to;
		++*moves;
	}
	return ML_OK;
}

ml_status
ml_kmeans_moves(ml_kmeans *fit)
{
	double *squared;
	int64_t moves = 1;

	ML_NEW(fit->host, squared, (int64_t) fit->centers.tiles * ML_TILE);
	ML_TRY(ml_kmeans_pass(fit, true));
	for (int s = 0; s < MOST_SWEEPS && moves > 0; s++)
		ML_TRY(sweep(fit, squared, &moves));
	return ML_OK;
}
