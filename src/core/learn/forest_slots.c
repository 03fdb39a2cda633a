/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_slots.c: the intervals that a row's values lie in.
 *
 * Up to 256 edges are searched by two rounds of sixteen comparisons each (base/count.h).
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define BLOCK ML_COUNTED
#define SMALL (BLOCK * BLOCK)

/* The thresholds of all numbers, those of feature f from begin[f] on. */
typedef struct thresholds
{
	int64_t *begin; /* [features + 1] */
	double *number;
} thresholds;

static ml_status
collect_thresholds(ml_host *host, int features, const ml_forest *forest, thresholds *all)
{
	int64_t *next;

	ML_NEW(host, all->begin, (int64_t) features + 1);
	ML_NEW(host, next, features);
	ML_NEW_RAW(host, all->number, forest->nodes);
	for (int64_t i = 0; i < forest->nodes; i++)
		if (forest->node[i].feature >= 0)
			all->begin[forest->node[i].feature + 1]++;
	for (int f = 0; f < features; f++)
	{
		next[f] = all->begin[f];
		all->begin[f + 1] += all->begin[f];
	}
	for (int64_t i = 0; i < forest->nodes; i++)
		if (forest->node[i].feature >= 0)
			all->number[next[forest->node[i].feature]++] = forest->node[i].threshold;
	return ML_OK;
}

/* How many of the first so many edges, which are in order, lie below x. */
static inline int
search_edges(const double *edge, int edges, double x)
{
	int low = 0;

	for (int rest = edges; rest > 0;)
	{
		int half = rest / 2;

		if (edge[low + half] < x)
		{
			low += half + 1;
			rest -= half + 1;
		}
		else
			rest = half;
	}
	return low;
}

/* Puts the different ones of some thresholds in order, while they are few; else answers SMALL + 1. */
static int
insert_edges(const double *number, int64_t count, double *edge)
{
	int edges = 0;

	for (int64_t i = 0; i < count; i++)
	{
		int at = search_edges(edge, edges, number[i]);

		if (at < edges && edge[at] == number[i])
			continue;
		if (edges == SMALL)
			return SMALL + 1;
		memmove(edge + at + 1, edge + at, (size_t) (edges - at) * sizeof *edge);
		edge[at] = number[i];
		edges++;
	}
	return edges;
}

/* The different ones of some thresholds, in order. */
static ml_status
sort_edges(ml_host *host, const double *number, int64_t count, double **out, int *edges)
{
	uint32_t *order;
	double *sorted;

	ML_NEW_RAW(host, sorted, count < SMALL ? count : SMALL);
	*out = sorted;
	*edges = insert_edges(number, count, sorted);
	if (*edges <= SMALL)
		return ML_OK;
	ML_NEW_RAW(host, order, count);
	ML_NEW_RAW(host, sorted, count);
	ML_TRY(ml_sort_numbers(host, number, count, order));
	*edges = 0;
	for (int64_t i = 0; i < count; i++)
		if (*edges == 0 || sorted[*edges - 1] < number[order[i]])
			sorted[(*edges)++] = number[order[i]];
	*out = sorted;
	return ML_OK;
}

/* Edges as the search reads them: every sixteenth of more than a block, then all. */
static ml_status
lay_out_edges(ml_host *host, ml_asked *place)
{
	int head = place->edges > BLOCK ? BLOCK : 0;
	int room = (place->edges / BLOCK + 1) * BLOCK;
	double *edge;

	place->edge = place->sorted;
	if (place->edges > SMALL)
		return ML_OK;
	ML_NEW_RAW(host, edge, head + room);
	for (int i = 0; i < room; i++)
		edge[head + i] = i < place->edges ? place->sorted[i] : INFINITY;
	for (int i = 0; i < head; i++)
		edge[i] = BLOCK * (i + 1) <= room ? edge[head + BLOCK * (i + 1) - 1] : INFINITY;
	place->edge = edge;
	return ML_OK;
}

static ml_status
add_place(ml_host *host, const ml_schema *schema, int feature, const thresholds *all,
          ml_slots *slots)
{
	ml_asked *place = &slots->place[slots->places];
	int64_t begin = all->begin[feature];
	double *sorted;

	*place = (ml_asked){.feature = feature,
	                    .edges = -1,
	                    .missing = schema->feature[feature].levels,
	                    .first = slots->slots};
	if (schema->feature[feature].kind == ML_NUMBER)
	{
		ML_TRY(sort_edges(host, all->number + begin, all->begin[feature + 1] - begin,
		                  &sorted, &place->edges));
		place->sorted = sorted;
		place->missing = place->edges + 1;
		ML_TRY(lay_out_edges(host, place));
	}
	slots->place_of[feature] = slots->places++;
	slots->slots += place->missing + 1;
	return ML_OK;
}

static int
lanes_of_processor(void)
{
#ifdef ML_HAS_LANES
	if (__builtin_cpu_supports("avx512cd"))
		return 8;
	if (__builtin_cpu_supports("avx2"))
		return 4;
#endif
	return 1;
}

ml_status
ml_slots_create(ml_host *host, const ml_schema *schema, const ml_forest *forest,
                ml_slots **out)
{
	thresholds all;
	ml_slots *slots;

	*out = NULL;
	ML_NEW(host, slots, 1);
	slots->lanes = lanes_of_processor();
	ML_NEW(host, slots->place_of, schema->features);
	ML_TRY(collect_thresholds(host, schema->features, forest, &all));
	for (int f = 0; f < schema->features; f++)
		slots->places += all.begin[f + 1] > all.begin[f];
	if (slots->places > ML_MOST_PLACES)
		return ML_OK;
	ML_NEW(host, slots->place, slots->places);
	slots->places = 0;
	for (int f = 0; f < schema->features; f++)
	{
		slots->place_of[f] = -1;
		if (all.begin[f + 1] == all.begin[f])
			continue;
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(add_place(host, schema, f, &all, slots));
		if (slots->place[slots->places - 1].missing >= ML_MOST_SLOTS)
			return ML_OK;
	}
	*out = slots;
	return ML_OK;
}

int
ml_slots_edge(const ml_asked *place, double threshold)
{
	return search_edges(place->sorted, place->edges, threshold);
}

/* Missing is no number, and below nothing. */
static void
find_plainly(const ml_slots *slots, const double *row, uint16_t *slot)
{
	for (int p = 0; p < slots->places; p++)
	{
		const ml_asked *place = &slots->place[p];
		double x = row[place->feature];
		int found;

		if (place->edges < 0)
			found = x >= 0 ? (int) x : place->missing;
		else if (place->edges <= BLOCK)
			found = ml_count_below(place->edge, x);
		else if (place->edges <= SMALL)
		{
			found = ml_count_below(place->edge, x) * BLOCK;
			found += ml_count_below(place->edge + BLOCK + found, x);
		}
		else
			found = search_edges(place->edge, place->edges, x);
		slot[p] = (uint16_t) (x != x ? place->missing : found);
	}
}

#ifdef ML_HAS_LANES
__attribute__((target("avx2,popcnt"))) static void
find_by_fours(const ml_slots *slots, const double *row, uint16_t *slot)
{
	for (int p = 0; p < slots->places; p++)
	{
		const ml_asked *place = &slots->place[p];
		double x = row[place->feature];
		int found;

		if (place->edges < 0)
			found = x >= 0 ? (int) x : place->missing;
		else if (place->edges <= BLOCK)
			found = ml_count_by_fours(place->edge, x);
		else if (place->edges <= SMALL)
		{
			found = ml_count_by_fours(place->edge, x) * BLOCK;
			found += ml_count_by_fours(place->edge + BLOCK + found, x);
		}
		else
			found = search_edges(place->edge, place->edges, x);
		slot[p] = (uint16_t) (x != x ? place->missing : found);
	}
}
#endif

/* Both ways give the same. */
void
ml_slots_find(const ml_slots *slots, const double *row, uint16_t *slot)
{
#ifdef ML_HAS_LANES
	if (slots->lanes > 1)
	{
		find_by_fours(slots, row, slot);
		return;
	}
#endif
	find_plainly(slots, row, slot);
}
