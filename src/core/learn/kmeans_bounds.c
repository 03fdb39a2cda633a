/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_bounds.c: which centre is nearest, by bounds on distances.
 *
 * A row keeps its centre unmeasured if an upper bound of the distance to it is below the lower
 * bounds of the distances to all others.  Bounds stay valid when centres move, less the
 * distance that they moved (Hamerly 2010; by groups of centres Ding et al. 2015, "Yinyang").
 * They are kept in single precision, rounded to the safe side, so the result is Lloyd's.
 */
#include "learn/learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

static int
count_groups(int k, int *group_tiles)
{
	int tiles = (k + ML_TILE - 1) / ML_TILE;

	*group_tiles = (tiles + MOST_GROUPS - 1) / MOST_GROUPS;
	return (tiles + *group_tiles - 1) / *group_tiles;
}

double
ml_bounds_memory(int k, int64_t rows)
{
	int group_tiles;

	return (double) rows * (4 + 4.0 * count_groups(k, &group_tiles));
}

ml_status
ml_bounds_create(ml_kmeans *fit)
{
	ml_host *host = fit->host;
	int64_t rows = fit->end - fit->begin;

	fit->groups = count_groups(fit->k, &fit->group_tiles);
	ML_NEW_RAW(host, fit->upper, rows);
	ML_NEW_RAW(host, fit->lower, rows * fit->groups);
	ML_NEW(host, fit->most, fit->groups);
	ML_NEW(host, fit->next, fit->groups);
	ML_NEW(host, fit->mover, fit->groups);
	return ML_OK;
}

ml_status
ml_bounds_forget(ml_kmeans *fit)
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

void
ml_bounds_drift(ml_kmeans *fit)
{
	for (int c = 0; c < fit->k; c++)
		fit->drift[c] *= 1 + ROUNDED;
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

static void
measure_group(const ml_kmeans *fit, ml_kmeans_seat *seat, int group,
              const ml_points *points)
{
	const int tiles[] = {group * fit->group_tiles, (group + 1) * fit->group_tiles};

	ml_kmeans_measure(fit, seat, tiles, points);
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

int
ml_bounds_settle(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int rows)
{
	int picked = pick_rows(fit, first, rows, seat->pick);

	if (picked == 0)
		return 0;
	ml_points_fill(fit->space, fit->problem, first, seat->pick, picked, &seat->points);
	for (int i = 0; i < picked; i++)
		seat->was[i] = fit->assigned[first + seat->pick[i] - fit->begin];
	for (int g = 0; g < fit->groups; g++)
		settle_own(fit, seat, first, g);
	for (int g = 0; g < fit->groups && fit->groups > 1; g++)
		settle_other(fit, seat, first, g);
	for (int i = 0; i < picked; i++)
		fit->upper[first + seat->pick[i] - fit->begin] = not_below(sqrt(seat->own[i]));
	return picked;
}
