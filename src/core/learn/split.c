/* SPDX-License-Identifier: PostgreSQL */
/*
 * split.c: the best split of a leaf, from its histogram.
 *
 * Numbers:    every edge, with missing values on either side.
 * Categories: bins in the order of g / (h + smoothing); for a convex loss the best of all
 *             two-way partitions is among the cuts of that order (Fisher 1958).  Bins of
 *             fewer rows than the smoothing stay out of it, and go right.  Missing is a bin.
 *
 * Labels in the order of their gradients win by chance what numbers do not.  Of K labels that
 * are all alike, each with noise of variance h, the upper and the lower ones part for
 * 2/pi K, whatever the rows; the best of 255 cuts of a number wins about 5.  What labels
 * beyond a dozen would win by chance is taken off the gain: else it is split before what
 * is weak but true.
 *
 * Rows of a side are not in the histogram; they are taken as its share of h, which is exact
 * where h is the same for all rows.  Where the estimate let a leaf through that is too
 * small, rows are counted and the search is done again (grow.c).
 *
 * Under monotone constraints values are held within the leaf's bounds, and a split whose
 * values go the wrong way gains nothing.
 *
 * Of equal gains the one of the lower feature and the lower bin is taken.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define BINS (ML_CUT_BINS + 1)
#define FEATURES_PER_TASK 32
#define SLOTS_PER_TASK 4     /* whose rows are counted side by side */
#define SHARE_COUNTERS 40000 /* counters from which on threads share a search */
#define SHARE_VALUES 100000  /* and values of a leaf whose rows they count together */
#define NOISE 1e-10          /* of a leaf's score: what rounding may seem to gain */
#define FEW_LABELS 4         /* which need no penalty of their own */
#define FREE_LABELS 12       /* which win little by chance */
#define LABEL_LUCK 0.6366    /* 2/pi: what each further one wins, in units of the noise */

/* Its bits; of numbers that are not negative, the larger has the larger ones. */
typedef union bits
{
	double number;
	int64_t whole;
} bits;

/* Sums of everything that would go left, candidate by candidate. */
typedef struct candidates
{
	int count;
	ml_sum left[BINS];
	double g[BINS];
	double h[BINS];
	double rows[BINS];
	bits gain[BINS];
} candidates;

typedef struct search_work
{
	const ml_grower *grower;
	const ml_seat *seat;
	ml_leaf *const *leaf;
	int tasks; /* per leaf */
} search_work;

typedef struct search
{
	const ml_grower *grower;
	const ml_tree_options *options;
	const ml_leaf *leaf;
	const ml_sum *counts; /* the leaf's rows; NULL: they are estimated */
	double rows_per_h;    /* of a unit of h */
	double g, h, rows;    /* of the leaf */
	double l2;
	double luck;   /* what the feature's best split is thought to win by chance */
	double score;  /* of the leaf as it is */
	double most;   /* of both sides of the best split so far, less its luck */
	int direction; /* of the feature's monotone constraint */
	ml_split best;
} search;

static inline double
score_of(double g, double h, double l1, double l2)
{
	double t = fabs(g) - l1;

	t = t > 0 ? t : 0;
	return h + l2 > 0 ? t * t / (h + l2) : 0;
}

/* A whole number of 32 bits as the digits of one that is 2^52 more. */
static inline double
number_of(uint64_t digits)
{
	bits large = {.whole = (int64_t) (digits | UINT64_C(0x4330000000000000))};

	return large.number - 0x1p52;
}

/* What sums tell; rows are a share of h where they have not been counted. */
ML_HOT static void
unpack(const search *s, candidates *c)
{
	double g_unit = s->grower->gradients->g_unit, h_unit = s->grower->gradients->h_unit;
	double rows_per_h = s->rows_per_h;

	for (int i = 0; i < c->count; i++)
	{
		uint64_t left = (uint64_t) c->left[i];
		double h = number_of(left & UINT32_MAX);

		c->g[i] = (number_of(left >> 32 ^ UINT64_C(0x80000000)) - 0x1p31) * g_unit;
		c->h[i] = h * h_unit;
		c->gain[i].number = h * rows_per_h;
	}
	for (int i = 0; s->counts == NULL && i < c->count; i++)
		c->rows[i] = c->gain[i].number;
}

/*
 * Both sides over one denominator: a division costs more than all the rest.  Where a condition
 * fails a difference is below zero, so its sign tells: where a comparison could raise a flag,
 * compilers make no vectors.  Answers the bits of the largest gain.
 */
ML_HOT static int64_t
gain_freely(const search *s, candidates *c)
{
	double g = s->g, h = s->h, rows = s->rows, l1 = s->options->l1, l2 = s->l2;
	double min_weight = s->options->min_weight;
	double min_rows = (double) s->options->min_rows - 0.5;
	const bits none = {.number = -INFINITY};
	int64_t most = none.whole;

	for (int i = 0; i < c->count; i++)
	{
		double hl = c->h[i], hr = h - hl, bl = hl + l2, br = hr + l2;
		bits tl = {.number = fabs(c->g[i]) - l1}, tr = {.number = fabs(g - c->g[i]) - l1};
		bits weight_l = {.number = hl - min_weight},
		     weight_r = {.number = hr - min_weight};
		bits rows_l = {.number = c->rows[i] - min_rows};
		bits rows_r = {.number = rows - c->rows[i] - min_rows};
		bits below = {.number = bl * br}, gain;
		int64_t fails = weight_l.whole | weight_r.whole | rows_l.whole | rows_r.whole |
		                (below.whole - 1);

		tl.whole &= ~(tl.whole >> 63);
		tr.whole &= ~(tr.whole >> 63);
		fails >>= 63;
		gain.number =
		    (tl.number * tl.number * br + tr.number * tr.number * bl) / below.number;
		gain.whole = (gain.whole & ~fails) | (none.whole & fails);
		most = gain.whole > most ? gain.whole : most;
		c->gain[i] = gain;
	}
	return most;
}

static inline double
value_within(double g, double h, const search *s)
{
	const ml_bounds *bounds = &s->leaf->bounds;
	double value = h + s->l2 > 0 ? -ml_soften(g, s->options->l1) / (h + s->l2) : 0;

	return value < bounds->low    ? bounds->low
	       : value > bounds->high ? bounds->high
	                              : value;
}

/* What a side of that value takes off the loss, twice. */
static inline double
score_at(double g, double h, double value, const search *s)
{
	return -(2 * g * value + (h + s->l2) * value * value +
	         2 * s->options->l1 * fabs(value));
}

static void
gain_within_bounds(const search *s, candidates *c)
{
	double min_rows = (double) s->options->min_rows - 0.5;

	for (int i = 0; i < c->count; i++)
	{
		double gr = s->g - c->g[i], hr = s->h - c->h[i];
		double left = value_within(c->g[i], c->h[i], s), right = value_within(gr, hr, s);
		bool fits = c->h[i] >= s->options->min_weight && hr >= s->options->min_weight &&
		            c->rows[i] >= min_rows && s->rows - c->rows[i] >= min_rows;

		if ((s->direction > 0 && left > right) || (s->direction < 0 && left < right))
			fits = false;
		c->gain[i].number =
		    fits ? score_at(c->g[i], c->h[i], left, s) + score_at(gr, hr, right, s)
		         : -INFINITY;
	}
}

/* The best candidate, or -1 if none is better than the best split so far. */
static int
best_candidate(search *s, candidates *c)
{
	bits most = {.number = -INFINITY};
	int best = 0;

	unpack(s, c);
	if (s->options->monotone == NULL)
		most.whole = gain_freely(s, c);
	else
	{
		gain_within_bounds(s, c);
		for (int i = 0; i < c->count; i++)
			most = c->gain[i].number > most.number ? c->gain[i] : most;
	}
	if (!(most.number - s->luck > s->most))
		return -1;
	s->most = most.number - s->luck;
	while (c->gain[best].whole != most.whole)
		best++;
	return best;
}

static inline void
add_candidate(candidates *c, ml_sum left, double rows)
{
	c->rows[c->count] = rows;
	c->left[c->count++] = left;
}

/* Cuts from left to right; missing values are with the left side or with the right. */
static void
cut_number(search *s, int feature, const ml_sum *sum, const ml_sum *rows,
           bool missing_left)
{
	int bins = s->grower->table->cut[feature].bins, best;
	bool has_missing = sum[bins] != 0 || (rows != NULL && rows[bins] != 0);
	int cuts = has_missing && !missing_left ? bins : bins - 1;
	ml_sum left = missing_left ? sum[bins] : 0;
	double left_rows = missing_left && rows != NULL ? (double) rows[bins] : 0;
	candidates c;

	if (missing_left && !has_missing)
		return;
	c.count = 0;
	for (int bin = 0; bin < cuts; bin++)
	{
		left += sum[bin];
		left_rows += rows != NULL ? (double) rows[bin] : 0;
		add_candidate(&c, left, left_rows);
	}
	best = best_candidate(s, &c);
	if (best < 0)
		return;
	s->best.feature = feature;
	s->best.bin = best;
	s->best.missing_left = missing_left;
	s->best.has_missing = has_missing;
	s->best.left = c.left[best];
}

/* Bins with enough rows, in the order of their gradient; answers how many. */
static int
order_bins(const search *s, const ml_sum *sum, const ml_sum *rows, int bins,
           uint8_t *order)
{
	double ratio[BINS];
	double smoothing = s->options->category_smoothing;
	int count = 0;

	for (int bin = 0; bin <= bins; bin++)
	{
		double held =
		    rows != NULL ? (double) rows[bin] : ml_sum_h(sum[bin]) * s->rows_per_h;
		double g = ml_sum_g(sum[bin]) * s->grower->gradients->g_unit;
		double h = ml_sum_h(sum[bin]) * s->grower->gradients->h_unit + smoothing;
		int at = count;

		if (sum[bin] == 0 || held + 0.5 < smoothing || !(h > 0))
			continue;
		for (; at > 0 && ratio[at - 1] > g / h; at--)
		{
			ratio[at] = ratio[at - 1];
			order[at] = order[at - 1];
		}
		ratio[at] = g / h;
		order[at] = (uint8_t) bin;
		count++;
	}
	return count;
}

/* Sets of the first bins in that order, or of the last. */
static void
cut_category(search *s, int feature, const ml_sum *sum, const ml_sum *rows,
             const uint8_t *order, int count)
{
	int bins = s->grower->table->cut[feature].bins, best;
	candidates c;
	ml_sum left = 0;
	double left_rows = 0;

	c.count = 0;
	for (int i = 0; i < count; i++)
	{
		left += sum[order[i]];
		left_rows += rows != NULL ? (double) rows[order[i]] : 0;
		if (left != s->leaf->sum)
			add_candidate(&c, left, left_rows);
	}
	best = best_candidate(s, &c);
	if (best < 0)
		return;
	s->best.feature = feature;
	s->best.bin = 0;
	s->best.left = 0;
	s->best.has_missing = sum[bins] != 0;
	s->best.missing_left = false;
	memset(s->best.set, 0, sizeof s->best.set);
	for (int i = 0; i <= best; i++)
	{
		s->best.left += sum[order[i]];
		if (order[i] == bins)
			s->best.missing_left = true;
		else
			s->best.set[order[i] / 64] |= UINT64_C(1) << (order[i] % 64);
	}
}

static void
search_category(search *s, int feature, const ml_sum *sum, const ml_sum *rows)
{
	uint8_t order[BINS], reversed[BINS];
	ml_sum all = 0;
	double l2 = s->l2;
	int bins = s->grower->table->cut[feature].bins;
	int count = order_bins(s, sum, rows, bins, order);

	if (count > FEW_LABELS)
		s->l2 += s->options->category_l2;
	if (count > FREE_LABELS)
		s->luck = (count - FREE_LABELS) * LABEL_LUCK * s->grower->gradients->noise;
	for (int i = 0; i < count; i++)
	{
		reversed[i] = order[count - 1 - i];
		all += sum[order[i]];
	}
	cut_category(s, feature, sum, rows, order, count);
	/* with all bins in order the last ones are what the first ones leave */
	if (all != s->leaf->sum)
		cut_category(s, feature, sum, rows, reversed, count);
	s->l2 = l2;
	s->luck = 0;
}

/* The feature's own counters: those of its slot, where need be summed over the others in it. */
static const ml_sum *
counters_of(const ml_binned *table, int feature, const ml_sum *histogram, ml_sum *room)
{
	const ml_place *place = &table->place[feature];
	const ml_sum *sum = histogram + table->offset[place->slot];
	const ml_sum *end = sum + table->values[place->slot];

	if (place->bins == table->values[place->slot] &&
	    place->bins == table->cut[feature].bins + 1)
		return sum;
	memset(room, 0, BINS * sizeof *room);
	while (sum < end)
		for (int bin = 0; bin < place->bins; bin++)
			for (int i = 0; i < place->below; i++)
				room[bin] += *sum++;
	return room;
}

static void
search_feature(search *s, int feature)
{
	const ml_binned *table = s->grower->table;
	ml_sum sum_room[BINS], rows_room[BINS];
	const ml_sum *sum = counters_of(table, feature, s->leaf->histogram, sum_room);
	const ml_sum *rows = NULL;

	if (s->counts != NULL)
		rows = counters_of(table, feature, s->counts, rows_room);
	if (!table->ordered[feature])
	{
		s->direction = 0;
		search_category(s, feature, sum, rows);
		return;
	}
	s->direction = s->options->monotone != NULL ? s->options->monotone[feature] : 0;
	cut_number(s, feature, sum, rows, false);
	cut_number(s, feature, sum, rows, true);
}

/* Some features of one leaf. */
static void
search_range(const search_work *work, int which, int part, const ml_sum *counts)
{
	const ml_grower *grower = work->grower;
	const ml_tree_options *options = &grower->options;
	const ml_leaf *leaf = work->leaf[which];
	int features = grower->table->features, first = part * FEATURES_PER_TASK;
	int end = first + FEATURES_PER_TASK < features ? first + FEATURES_PER_TASK : features;
	const uint8_t *usable = work->seat->usable + (int64_t) which * features;
	double h_sum = ml_sum_h(leaf->sum);
	search s = {.grower = grower,
	            .options = options,
	            .leaf = leaf,
	            .counts = counts,
	            .rows_per_h = h_sum > 0 ? (double) leaf->rows / h_sum : 0,
	            .g = ml_sum_g(leaf->sum) * grower->gradients->g_unit,
	            .h = h_sum * grower->gradients->h_unit,
	            .rows = (double) leaf->rows,
	            .l2 = options->l2};
	double least;

	if (options->monotone != NULL)
		s.score = score_at(s.g, s.h, value_within(s.g, s.h, &s), &s);
	else
		s.score = score_of(s.g, s.h, options->l1, options->l2);
	least = NOISE * fabs(s.score);
	s.most = s.score + (least > options->min_gain ? least : options->min_gain);
	s.best.feature = -1;
	for (int f = first; f < end; f++)
		if (usable[f])
			search_feature(&s, f);
	s.best.gain = s.best.feature >= 0 ? s.most - s.score : 0;
	work->seat->found[which * work->tasks + part] = s.best;
}

static ml_status
search_task(void *argument, int64_t task, ml_worker *worker)
{
	const search_work *work = argument;

	(void) worker;
	search_range(work, (int) (task / work->tasks), (int) (task % work->tasks), NULL);
	return ML_OK;
}

static void
take_best(ml_leaf *leaf, const ml_split *found, int tasks)
{
	leaf->split = found[0];
	for (int i = 1; i < tasks; i++)
		if (found[i].gain > leaf->split.gain)
			leaf->split = found[i];
}

static int
tasks_of(const ml_binned *table)
{
	return (table->features + FEATURES_PER_TASK - 1) / FEATURES_PER_TASK;
}

ml_status
ml_split_search(ml_grower *grower, ml_leaf *const *leaf, int leaves, ml_worker *worker)
{
	const ml_binned *table = grower->table;
	search_work work = {.grower = grower,
	                    .seat = ml_grower_seat(grower, worker),
	                    .leaf = leaf,
	                    .tasks = tasks_of(table)};
	int tasks = work.tasks * leaves;

	if (worker != NULL || (int64_t) table->offset[table->slots] * leaves < SHARE_COUNTERS)
		for (int i = 0; i < tasks; i++)
			(void) search_task(&work, i, worker);
	else
		ML_TRY(ml_parallel(grower->host, tasks, search_task, &work));
	for (int i = 0; i < leaves; i++)
		take_best(leaf[i], work.seat->found + i * work.tasks, work.tasks);
	return ML_OK;
}

/*
 * Rows by the bytes of some slots.  Side by side, since of one slot alone a row would often wait for the
 * counter that the row before has just written.
 */
static void
count_bytes(const ml_binned *table, int first, int slots, const uint32_t *order,
            int64_t count, ml_sum *counts)
{
	uint8_t *const *column = table->column + first;
	const int32_t *offset = table->offset + first;

	if (slots == SLOTS_PER_TASK)
	{
		const uint8_t *a = column[0], *b = column[1], *c = column[2], *d = column[3];
		ml_sum *rows_a = counts + offset[0], *rows_b = counts + offset[1];
		ml_sum *rows_c = counts + offset[2], *rows_d = counts + offset[3];

		for (int64_t i = 0; i < count; i++)
		{
			uint32_t row = order[i];

			rows_a[a[row]]++;
			rows_b[b[row]]++;
			rows_c[c[row]]++;
			rows_d[d[row]]++;
		}
		return;
	}
	for (int s = 0; s < slots; s++)
		for (int64_t i = 0; i < count; i++)
			counts[offset[s] + column[s][order[i]]]++;
}

/* The rows of the leaf by the bytes of a few slots. */
static ml_status
count_task(void *argument, int64_t task, ml_worker *worker)
{
	const search_work *work = argument;
	const ml_binned *table = work->grower->table;
	const ml_leaf *leaf = work->leaf[0];
	int first = (int) task * SLOTS_PER_TASK, rest = table->slots - first;
	int slots = rest < SLOTS_PER_TASK ? rest : SLOTS_PER_TASK;
	int32_t begin = table->offset[first], end = table->offset[first + slots];
	ml_sum *counts = work->seat->counts;

	memset(counts + begin, 0, (size_t) (end - begin) * sizeof *counts);
	for (int64_t i = 0; i < leaf->rows; i += ML_CHUNK)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		count_bytes(table, first, slots, leaf->order + i,
		            leaf->rows - i < ML_CHUNK ? leaf->rows - i : ML_CHUNK, counts);
	}
	return ML_OK;
}

/* Large leaves that all threads share are counted by all. */
static ml_status
count_rows(search_work *work, ml_worker *worker)
{
	const ml_grower *grower = work->grower;
	ml_worker self = {.host = grower->host};
	int slots = grower->table->slots;
	int tasks = (slots + SLOTS_PER_TASK - 1) / SLOTS_PER_TASK;

	if (worker == NULL && work->leaf[0]->rows * slots >= SHARE_VALUES)
		return ml_parallel(grower->host, tasks, count_task, work);
	for (int task = 0; task < tasks; task++)
		ML_TRY(count_task(work, task, worker != NULL ? worker : &self));
	return ML_OK;
}

ml_status
ml_split_search_exactly(ml_grower *grower, ml_leaf *leaf, ml_worker *worker)
{
	const ml_seat *seat = ml_grower_seat(grower, worker);
	search_work work = {
	    .grower = grower, .seat = seat, .leaf = &leaf, .tasks = tasks_of(grower->table)};

	ML_TRY(count_rows(&work, worker));
	for (int i = 0; i < work.tasks; i++)
		search_range(&work, 0, i, seat->counts);
	take_best(leaf, seat->found, work.tasks);
	return ML_OK;
}

void
ml_split_sides(const ml_binned *table, const ml_split *split, uint8_t *goes_left)
{
	const ml_place *place = &table->place[split->feature];
	int bins = table->cut[split->feature].bins;

	for (int value = 0; value < table->values[place->slot]; value++)
	{
		int bin = value / place->below % place->bins;

		goes_left[value] = bin == bins ? split->missing_left
		                   : table->ordered[split->feature]
		                       ? bin <= split->bin
		                       : split->set[bin / 64] >> (bin % 64) & 1;
	}
}
