/* SPDX-License-Identifier: PostgreSQL */
/*
 * class_split.c: the best split of a leaf for several classes at once.
 *
 * With W the weight of a side and W_k that of class k in it, a split is sought that makes
 *
 *	sum_k Wl_k^2 / Wl  +  sum_k Wr_k^2 / Wr
 *
 * largest: the Gini index (Breiman et al. 1984).  Rows are counted by bin and class, feature by
 * feature, so no histogram has to know of classes.  Sums run in the order of rows and bins, and
 * a feature is one task: threads change nothing.
 *
 * Bins of a category are put in the order of the first principal component of their class
 * shares (Coppersmith, Hong and Hosking 1999); of two classes that is the order of the shares.
 * As in split.c, bins of fewer rows than the smoothing stay out of it and go right.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define BINS (ML_CUT_BINS + 1)
#define NOISE 1e-10       /* of a leaf's score: what rounding may seem to gain */
#define SHARE_CELLS 20000 /* values to be counted, from which on threads share a search */
#define TURNS 8           /* of the power method */

struct ml_class_counts
{
	int classes;
	const uint16_t *class_of; /* [rows of the table] */
	const double *weight;     /* [rows], or NULL: all 1 */
	struct class_room *room;  /* [threads] */
};

/* What a thread counts in; zero between two features. */
typedef struct class_room
{
	double *cell;  /* [BINS][classes] */
	double *total; /* [classes] of the leaf */
	double *left;  /* [classes] */
	double *axis;  /* [classes] */
	double *next;  /* [classes] */
	int64_t rows[BINS];
	double weight[BINS];
} class_room;

/* A search of one feature. */
typedef struct search
{
	const ml_grower *grower;
	const ml_leaf *leaf;
	const struct ml_class_counts *counts;
	class_room *room;
	int feature;
	int classes;
	double weight; /* of the leaf */
	double score;  /* of the leaf as it is */
	double most;   /* of the best split so far */
	ml_split best;
} search;

/* The left side as bins join it. */
typedef struct side
{
	int64_t rows;
	double weight;
	double squares;       /* of the left side */
	double other_squares; /* of the right side */
} side;

static inline double *
cells_of(const search *s, int bin)
{
	return s->room->cell + (int64_t) bin * s->classes;
}

static ml_status
count_rows(search *s, ml_worker *worker)
{
	const struct ml_class_counts *counts = s->counts;
	const uint32_t *order = s->leaf->order;
	class_room *room = s->room;

	for (int64_t i = 0; i < s->leaf->rows; i++)
	{
		uint32_t row = order[i];
		int bin = ml_binned_bin(s->grower->table, s->feature, row);
		double weight = counts->weight != NULL ? counts->weight[row] : 1;

		if ((i & 0xffff) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		cells_of(s, bin)[counts->class_of[row]] += weight;
		room->rows[bin]++;
		room->weight[bin] += weight;
	}
	return ML_OK;
}

/* Totals of the leaf, and its score. */
static void
sum_bins(search *s, int bins)
{
	class_room *room = s->room;
	double squares = 0;

	memset(room->total, 0, (size_t) s->classes * sizeof *room->total);
	s->weight = 0;
	for (int bin = 0; bin <= bins; bin++)
	{
		if (room->rows[bin] == 0)
			continue;
		s->weight += room->weight[bin];
		for (int k = 0; k < s->classes; k++)
			room->total[k] += cells_of(s, bin)[k];
	}
	for (int k = 0; k < s->classes; k++)
		squares += room->total[k] * room->total[k];
	s->score = s->weight > 0 ? squares / s->weight : 0;
	s->most = s->score * (1 + NOISE);
}

static void
clear_bins(search *s, int bins)
{
	for (int bin = 0; bin <= bins; bin++)
		if (s->room->rows[bin] > 0)
		{
			memset(cells_of(s, bin), 0, (size_t) s->classes * sizeof(double));
			s->room->rows[bin] = 0;
			s->room->weight[bin] = 0;
		}
}

static void
begin_side(search *s, side *left)
{
	*left = (side){.other_squares = s->score * s->weight};
	memset(s->room->left, 0, (size_t) s->classes * sizeof(double));
}

/* (a + c)^2 - a^2 = c (2 a + c), on both sides. */
static void
move_left(search *s, int bin, side *left)
{
	const double *cell = cells_of(s, bin);
	double *sum = s->room->left, *total = s->room->total;

	if (s->room->rows[bin] == 0)
		return;
	left->rows += s->room->rows[bin];
	left->weight += s->room->weight[bin];
	for (int k = 0; k < s->classes; k++)
	{
		left->squares += cell[k] * (2 * sum[k] + cell[k]);
		left->other_squares -= cell[k] * (2 * (total[k] - sum[k]) - cell[k]);
		sum[k] += cell[k];
	}
}

/* Is this the best split so far? */
static bool
is_best(search *s, const side *left)
{
	int64_t least = s->grower->options.min_rows, right = s->leaf->rows - left->rows;
	double other = s->weight - left->weight, gain;

	if (left->rows < least || right < least || left->rows < 1 || right < 1 ||
	    !(left->weight > 0) || !(other > 0))
		return false;
	gain = left->squares / left->weight + left->other_squares / other;
	if (!(gain > s->most))
		return false;
	s->most = gain;
	return true;
}

static void
cut_number(search *s, int bins, bool missing_left)
{
	bool has_missing = s->room->rows[bins] > 0;
	side left;

	if (missing_left && !has_missing)
		return;
	begin_side(s, &left);
	if (missing_left)
		move_left(s, bins, &left);
	for (int bin = 0; bin < bins; bin++)
	{
		if (s->room->rows[bin] == 0)
			continue;
		move_left(s, bin, &left);
		if (is_best(s, &left))
			s->best = (ml_split){.feature = s->feature,
			                     .bin = bin,
			                     .missing_left = missing_left,
			                     .has_missing = has_missing};
	}
}

/* How the class shares of a bin differ from those of the leaf, along the axis. */
static double
along_axis(const search *s, int bin, const double *axis)
{
	double smoothing = s->grower->options.category_smoothing, sum = 0;
	double weight = s->room->weight[bin] + smoothing;

	for (int k = 0; k < s->classes; k++)
	{
		double share = s->room->total[k] / s->weight;

		sum += axis[k] * ((cells_of(s, bin)[k] + smoothing * share) / weight - share);
	}
	return sum;
}

/* The axis along which shares differ most, by the power method from the bin that differs most. */
static void
find_axis(search *s, const int *bin, int count)
{
	double *axis = s->room->axis, *next = s->room->next, most = -1;

	for (int i = 0; i < count; i++)
	{
		double size = 0;

		for (int k = 0; k < s->classes; k++)
		{
			double away = cells_of(s, bin[i])[k] -
			              s->room->weight[bin[i]] * (s->room->total[k] / s->weight);

			next[k] = away;
			size += away * away;
		}
		if (size > most)
			memcpy(axis, next, (size_t) s->classes * sizeof *axis);
		most = size > most ? size : most;
	}
	for (int turn = 0; turn < TURNS; turn++)
	{
		double size = 0;

		memset(next, 0, (size_t) s->classes * sizeof *next);
		for (int i = 0; i < count; i++)
		{
			double at = along_axis(s, bin[i], axis);

			for (int k = 0; k < s->classes; k++)
				next[k] +=
				    at * (cells_of(s, bin[i])[k] -
				          s->room->weight[bin[i]] * (s->room->total[k] / s->weight));
		}
		for (int k = 0; k < s->classes; k++)
			size = fabs(next[k]) > size ? fabs(next[k]) : size;
		for (int k = 0; size > 0 && k < s->classes; k++)
			axis[k] = next[k] / size;
	}
}

/* Bins with enough rows, in order; answers how many. */
static int
order_bins(search *s, int bins, int *order)
{
	double place[BINS], smoothing = s->grower->options.category_smoothing;
	int present[BINS], count = 0;

	for (int bin = 0; bin <= bins; bin++)
		if (s->room->weight[bin] > 0 && (double) s->room->rows[bin] + 0.5 >= smoothing)
			present[count++] = bin;
	find_axis(s, present, count);
	for (int i = 0; i < count; i++)
	{
		double along = along_axis(s, present[i], s->room->axis);
		int at = i;

		for (; at > 0 && place[at - 1] > along; at--)
		{
			place[at] = place[at - 1];
			order[at] = order[at - 1];
		}
		place[at] = along;
		order[at] = present[i];
	}
	return count;
}

/* Sets of the first bins in that order, or of the last. */
static void
cut_category(search *s, int bins, const int *order, int count)
{
	side left;
	int best = -1;

	begin_side(s, &left);
	for (int i = 0; i < count; i++)
	{
		move_left(s, order[i], &left);
		if (is_best(s, &left))
			best = i;
	}
	if (best < 0)
		return;
	s->best = (ml_split){.feature = s->feature, .has_missing = s->room->rows[bins] > 0};
	for (int i = 0; i <= best; i++)
		if (order[i] == bins)
			s->best.missing_left = true;
		else
			s->best.set[order[i] / 64] |= UINT64_C(1) << (order[i] % 64);
}

static void
search_category(search *s, int bins)
{
	int order[BINS], reversed[BINS], count = order_bins(s, bins, order);

	for (int i = 0; i < count; i++)
		reversed[i] = order[count - 1 - i];
	cut_category(s, bins, order, count);
	cut_category(s, bins, reversed, count);
}

typedef struct search_work
{
	ml_grower *grower;
	ml_leaf *const *leaf;
} search_work;

/* The best split of one leaf by one feature. */
static ml_status
search_task(void *argument, int64_t task, ml_worker *worker)
{
	const search_work *work = argument;
	ml_grower *grower = work->grower;
	const ml_binned *table = grower->table;
	search s = {.grower = grower,
	            .leaf = work->leaf[task / table->features],
	            .counts = grower->class_counts,
	            .room = &grower->class_counts->room[worker->index],
	            .feature = (int) (task % table->features),
	            .classes = grower->class_counts->classes};
	int bins = table->cut[s.feature].bins;

	grower->seat[0].found[task].gain = 0;
	if (!grower->seat[0].usable[task])
		return ML_OK;
	ML_TRY(count_rows(&s, worker));
	sum_bins(&s, bins);
	if (!table->ordered[s.feature])
		search_category(&s, bins);
	else
	{
		cut_number(&s, bins, false);
		cut_number(&s, bins, true);
	}
	clear_bins(&s, bins);
	s.best.gain = s.most - s.score * (1 + NOISE);
	if (s.best.gain > 0)
		grower->seat[0].found[task] = s.best;
	return ML_OK;
}

/* The best of a leaf's features, with the sum of what goes left. */
static void
take_best(const ml_grower *grower, const ml_split *found, ml_leaf *leaf)
{
	const ml_binned *table = grower->table;
	uint8_t goes_left[BINS];
	const ml_sum *sum;
	int slot;

	leaf->split = found[0];
	for (int f = 1; f < table->features; f++)
		if (found[f].gain > leaf->split.gain)
			leaf->split = found[f];
	if (!(leaf->split.gain > 0))
		return;
	ml_split_sides(table, &leaf->split, goes_left);
	slot = table->place[leaf->split.feature].slot;
	sum = leaf->histogram + table->offset[slot];
	for (int value = 0; value < table->values[slot]; value++)
		leaf->split.left += goes_left[value] ? sum[value] : 0;
}

ml_status
ml_class_split_search(ml_grower *grower, ml_leaf *const *leaf, int leaves)
{
	const ml_binned *table = grower->table;
	search_work work = {.grower = grower, .leaf = leaf};
	ml_worker alone = {.host = grower->host};
	int64_t tasks = (int64_t) leaves * table->features, cells = 0;

	for (int64_t i = 0; i < tasks; i++)
		cells += grower->seat[0].usable[i] ? leaf[i / table->features]->rows : 0;
	if (cells >= SHARE_CELLS)
		ML_TRY(ml_parallel(grower->host, tasks, search_task, &work));
	else
		for (int64_t i = 0; i < tasks; i++)
			ML_TRY(search_task(&work, i, &alone));
	for (int i = 0; i < leaves; i++)
		take_best(grower, grower->seat[0].found + (int64_t) i * table->features, leaf[i]);
	return ML_OK;
}

/* Classes and weights of the table's rows, and room to count in. */
ml_status
ml_class_counts_create(ml_host *host, const ml_problem *problem,
                       struct ml_class_counts **out)
{
	int64_t rows = problem->end - problem->begin;
	int classes = problem->schema->classes, threads = ml_pool_threads(host);
	struct ml_class_counts *counts;
	uint16_t *class_of;
	double *weight = NULL;

	ML_NEW(host, counts, 1);
	ML_NEW_RAW(host, class_of, rows);
	if (problem->weight != NULL)
		ML_NEW_RAW(host, weight, rows);
	for (int64_t row = 0; row < rows; row++)
	{
		ML_PAUSE(host, row);
		class_of[row] = (uint16_t) *ml_numbers_at(problem->target, problem->begin + row);
		if (weight != NULL)
			weight[row] = *ml_numbers_at(problem->weight, problem->begin + row);
	}
	ML_NEW(host, counts->room, threads);
	for (int i = 0; i < threads; i++)
	{
		class_room *room = &counts->room[i];

		ML_NEW(host, room->cell, (int64_t) BINS * classes);
		ML_NEW(host, room->total, classes);
		ML_NEW(host, room->left, classes);
		ML_NEW(host, room->axis, classes);
		ML_NEW(host, room->next, classes);
	}
	counts->classes = classes;
	counts->class_of = class_of;
	counts->weight = weight;
	*out = counts;
	return ML_OK;
}

double
ml_class_counts_memory(const ml_problem *problem, int threads)
{
	double rows = (double) (problem->end - problem->begin);
	double room = (BINS + 4.0) * problem->schema->classes * sizeof(double);

	return rows * (sizeof(uint16_t) + sizeof(double)) +
	       threads * (room + sizeof(class_room)) + sizeof(struct ml_class_counts);
}
