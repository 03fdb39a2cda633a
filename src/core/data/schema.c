/* SPDX-License-Identifier: PostgreSQL */
/*
 * schema.c: profiling features.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

#define POOL "other"
#define IDENTIFIER_ROWS 20 /* with fewer rows, all labels may well differ by chance */

const char *const ml_use_word[ML_USES] = {"term", "offset", "exposure", "group"};

ml_status
ml_notes_add(ml_host *host, ml_notes *notes, ml_note note)
{
	if (notes->count == notes->room)
	{
		int room = notes->room > 0 ? notes->room * 2 : 16;
		ml_note *wider;

		ML_NEW(host, wider, room);
		if (notes->count > 0)
			memcpy(wider, notes->note, (size_t) notes->count * sizeof *wider);
		notes->note = wider;
		notes->room = room;
	}
	notes->note[notes->count++] = note;
	return ML_OK;
}

typedef struct profile_work
{
	ml_frame *frame;
	ml_feature *feature;
} profile_work;

/* What is known of the values met so far. */
typedef struct moments
{
	double rows;
	double mean;
	double squares; /* sum of squared distances to the mean */
	double min;
	double max;
} moments;

#define LANES 4 /* partial sums in a fixed order, for the processor to do side by side */

/* Sum of x - shift and of its square. */
static inline double
shifted_sums(const double *x, int count, double shift, double *squares)
{
	double sum[LANES] = {0}, square[LANES] = {0};
	int i = 0;

	for (; i + LANES <= count; i += LANES)
		for (int k = 0; k < LANES; k++)
		{
			double away = x[i + k] - shift;

			sum[k] += away;
			square[k] += away * away;
		}
	for (; i < count; i++)
	{
		sum[0] += x[i] - shift;
		square[0] += (x[i] - shift) * (x[i] - shift);
	}
	*squares = (square[0] + square[1]) + (square[2] + square[3]);
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static inline void
extend_range(moments *all, const double *x, int count)
{
	double min[LANES], max[LANES];
	int i = 0;

	for (int k = 0; k < LANES; k++)
	{
		min[k] = all->min;
		max[k] = all->max;
	}
	for (; i + LANES <= count; i += LANES)
		for (int k = 0; k < LANES; k++)
		{
			min[k] = x[i + k] < min[k] ? x[i + k] : min[k];
			max[k] = x[i + k] > max[k] ? x[i + k] : max[k];
		}
	for (; i < count; i++)
	{
		min[0] = x[i] < min[0] ? x[i] : min[0];
		max[0] = x[i] > max[0] ? x[i] : max[0];
	}
	for (int k = 0; k < LANES; k++)
	{
		all->min = min[k] < all->min ? min[k] : all->min;
		all->max = max[k] > all->max ? max[k] : all->max;
	}
}

/*
 * Adds a block of known values: Chan, Golub and LeVeque (1983), formula 2.1.  The block's
 * own moments are taken around its first value, so that what is far from zero keeps its digits.
 */
ML_HOT static void
add_block(moments *all, const double *x, int count)
{
	double sum, squares, mean, away, total = all->rows + count;

	if (count == 0)
		return;
	sum = shifted_sums(x, count, x[0], &squares);
	mean = sum / count;
	squares -= mean * sum;
	mean += x[0];
	/* nothing before it: the square of a huge mean must not overflow */
	away = all->rows > 0 ? mean - all->mean : 0;
	all->squares +=
	    (squares < 0 ? 0 : squares) + away * away * (all->rows * count / total);
	all->mean = all->rows > 0 ? all->mean + away * (count / total) : mean;
	all->rows = total;
	extend_range(all, x, count);
}

/* Takes the missing values out of a block; answers how many are left, in known or in x. */
static inline int
take_known(const double **x, int64_t count, double *known)
{
	int missing = 0, kept = 0;

	for (int64_t i = 0; i < count; i++)
		missing += isnan((*x)[i]);
	if (missing == 0)
		return (int) count;
	for (int64_t i = 0; i < count; i++)
	{
		known[kept] = (*x)[i];
		kept += !isnan((*x)[i]);
	}
	*x = known;
	return kept;
}

/* Profile of one number column over the training rows, blocks in order. */
static ml_status
profile_number(void *argument, int64_t task, ml_worker *worker)
{
	profile_work *work = argument;
	ml_feature *feature = &work->feature[task];
	ml_frame *frame = work->frame;
	ml_column *column = &frame->column[feature->column];
	moments all = {.min = INFINITY, .max = -INFINITY};

	if (feature->kind != ML_NUMBER)
		return ML_OK;
	for (int64_t row = frame->holdout_rows; row < frame->rows;)
	{
		const double *x = ml_numbers_at(column, row);
		int64_t next = ml_block_end(row, frame->rows);
		double known[ML_BLOCK];
		int count;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		count = take_known(&x, next - row, known);
		add_block(&all, x, count);
		row = next;
	}
	feature->missing = (double) (frame->rows - frame->holdout_rows) - all.rows;
	feature->mean = all.mean;
	feature->sd = all.rows > 0 ? sqrt(all.squares / all.rows) : 0;
	feature->min = all.rows > 0 ? all.min : 0;
	feature->max = all.rows > 0 ? all.max : 0;
	return ML_OK;
}

typedef struct label_order
{
	const ml_dictionary *labels;
	const int64_t *rows;
} label_order;

/* Many rows first, then by label. */
static int
by_rows(const void *context, uint32_t a, uint32_t b)
{
	const label_order *order = context;

	if (order->rows[a] != order->rows[b])
		return order->rows[a] > order->rows[b] ? -1 : 1;
	return ml_text_compare(order->labels->label[a], order->labels->label[b]);
}

static int
by_label(const void *context, uint32_t a, uint32_t b)
{
	const label_order *order = context;

	return ml_text_compare(order->labels->label[a], order->labels->label[b]);
}

static int64_t
count_codes(const ml_frame *frame, const ml_column *column, int64_t *rows)
{
	int64_t missing = 0;

	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
	{
		int32_t code = *ml_codes_at(column, row);

		if (code < 0)
			missing++;
		else
			rows[code]++;
	}
	return missing;
}

/* The labels that occur in training: the most frequent ones in byte order, then the rest. */
static ml_status
rank_labels(ml_host *host, const label_order *order, int max_categories, uint32_t *rank,
            int *seen, int *kept)
{
	uint32_t *work;

	*seen = 0;
	for (int32_t code = 0; code < order->labels->count; code++)
		if (order->rows[code] > 0)
			rank[(*seen)++] = (uint32_t) code;
	ML_NEW(host, work, *seen);
	*kept = *seen;
	if (*seen > max_categories)
	{
		ML_TRY(ml_sort_indexes(host, rank, work, *seen, by_rows, order));
		*kept = max_categories - 1;
	}
	return ml_sort_indexes(host, rank, work, *kept, by_label, order);
}

static void
recode(ml_frame *frame, ml_column *column, const int32_t *code_of)
{
	for (int64_t row = 0; row < frame->rows; row++)
	{
		int32_t *code = ml_codes_at(column, row);

		if (*code >= 0)
			*code = code_of[*code];
	}
}

/* Labels, counts and new codes of one category column. */
static ml_status
profile_category(ml_frame *frame, ml_feature *feature, int max_categories,
                 ml_notes *notes)
{
	ml_host *host = frame->host;
	ml_column *column = &frame->column[feature->column];
	int32_t labels = column->dictionary->count, *code_of;
	int64_t *rows;
	uint32_t *rank;
	label_order order = {.labels = column->dictionary};
	int seen, kept;

	ML_NEW(host, rows, labels);
	ML_NEW(host, rank, labels);
	ML_NEW(host, code_of, labels);
	order.rows = rows;
	feature->missing = (double) count_codes(frame, column, rows);
	if (ml_stop(host))
		return ML_STOPPED;
	ML_TRY(rank_labels(host, &order, max_categories, rank, &seen, &kept));

	feature->pooled = kept < seen;
	feature->levels = kept + (feature->pooled ? 1 : 0);
	ML_NEW(host, feature->label, feature->levels);
	ML_NEW(host, feature->count, feature->levels);
	for (int32_t code = 0; code < labels; code++)
		code_of[code] = feature->pooled ? kept : -1;
	for (int i = 0; i < seen; i++)
	{
		int level = i < kept ? i : kept;

		if (i < kept)
			feature->label[i] = column->dictionary->label[rank[i]];
		code_of[rank[i]] = level;
		feature->count[level] += (double) rows[rank[i]];
	}
	if (feature->pooled)
	{
		feature->label[kept] = (ml_text){POOL, (int32_t) strlen(POOL)};
		ML_TRY(ml_notes_add(host, notes,
		                    (ml_note){.kind = ML_NOTE_POOLED,
		                              .name = feature->name,
		                              .value = seen - kept}));
	}
	recode(frame, column, code_of);
	return ml_feature_index(host, feature);
}

ml_status
ml_feature_index(ml_host *host, ml_feature *feature)
{
	int own = feature->levels - (feature->pooled ? 1 : 0);

	ML_TRY(ml_dictionary_create(host, &feature->lookup));
	for (int level = 0; level < own; level++)
	{
		int32_t code;

		ML_PAUSE(host, level);
		ML_TRY(ml_dictionary_add(feature->lookup, feature->label[level], &code));
		if (code != level)
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

int32_t
ml_feature_code(const ml_feature *feature, ml_text label)
{
	int32_t code = ml_dictionary_find(feature->lookup, label);

	return code < 0 && feature->pooled ? feature->levels - 1 : code;
}

int64_t
ml_schema_columns(const ml_schema *schema)
{
	int64_t columns = 1;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->use != ML_USE_TERM)
			continue;
		if (feature->kind == ML_NUMBER || feature->bins != NULL)
			columns++;
		else
			columns += feature->levels - 1 + (feature->missing > 0);
	}
	return columns;
}

/* Why a profiled column cannot be a feature; false if it can. */
static bool
is_left_out(const ml_feature *feature, const ml_uses *uses, int64_t rows, int32_t labels,
            ml_note_kind *why)
{
	double known = (double) rows - feature->missing;

	*why = ML_NOTE_CONSTANT;
	if (feature->kind == ML_NUMBER)
		return !(feature->min < feature->max) &&
		       !(uses->missing_tells && feature->missing > 0 && known > 0);
	if (feature->levels == 0 || (feature->levels == 1 && feature->missing == 0))
		return true;
	*why = ML_NOTE_IDENTIFIER;
	return known >= IDENTIFIER_ROWS && labels >= known;
}

/* Labels that occur in the training rows, pooled ones counted one by one. */
static int32_t
labels_in_training(const ml_feature *feature, const ml_notes *notes)
{
	int32_t labels = feature->levels;

	if (feature->kind == ML_CATEGORY && feature->pooled)
		labels += (int32_t) notes->note[notes->count - 1].value - 1;
	return labels;
}

static ml_status
candidate_features(ml_frame *frame, ml_feature **candidates, int *count)
{
	ML_NEW(frame->host, *candidates, frame->columns);
	*count = 0;
	for (int c = 0; c < frame->columns; c++)
	{
		const ml_column *column = &frame->column[c];

		if (column->role == ML_FEATURE)
			(*candidates)[(*count)++] = (ml_feature){.name = column->name,
			                                         .type = column->type,
			                                         .element = column->element,
			                                         .kind = column->kind,
			                                         .column = c};
	}
	/* columns are in order, so the last element of an array tells its width */
	for (int i = *count - 1; i >= 0; i--)
	{
		ml_feature *feature = &(*candidates)[i];

		feature->width = feature->element;
		if (feature->element > 0 && i + 1 < *count &&
		    ml_text_equal(feature->name, feature[1].name))
			feature->width = feature[1].width;
	}
	return ML_OK;
}

static int
count_terms(const ml_schema *schema)
{
	int terms = 0;

	for (int f = 0; f < schema->features; f++)
		terms += schema->feature[f].use == ML_USE_TERM;
	return terms;
}

static bool
is_kept(const ml_feature *feature, const ml_schema *kept)
{
	for (int f = 0; kept != NULL && f < kept->features; f++)
		if (kept->feature[f].element == feature->element &&
		    ml_text_equal(kept->feature[f].name, feature->name))
			return true;
	return false;
}

/* Marks columns that have a use of their own. */
static void
mark_uses(ml_feature *feature, int count, const ml_uses *uses)
{
	for (int i = 0; i < count; i++)
		for (int use = ML_USE_TERM + 1; use < ML_USES; use++)
			if (uses->name[use].bytes != NULL &&
			    ml_text_equal(uses->name[use], feature[i].name))
				feature[i].use = (ml_use) use;
}

/* What is known of the linear predictor has to be known of every row. */
static ml_status
check_offset(ml_frame *frame, const ml_feature *feature)
{
	if (feature->use != ML_USE_OFFSET && feature->use != ML_USE_EXPOSURE)
		return ML_OK;
	if (feature->missing > 0)
		return ml_fail(frame->host, ML_NO_OFFSET, feature->column, -1);
	if (feature->use == ML_USE_EXPOSURE && !(feature->min > 0))
		return ml_fail(frame->host, ML_BAD_EXPOSURE, feature->column, -1);
	return ML_OK;
}

ml_status
ml_schema_build(ml_frame *frame, int max_categories, const ml_uses *uses,
                ml_schema *schema, ml_notes *notes)
{
	profile_work work = {.frame = frame};
	int candidates;
	int64_t rows = frame->rows - frame->holdout_rows;

	ML_TRY(candidate_features(frame, &work.feature, &candidates));
	mark_uses(work.feature, candidates, uses);
	ML_TRY(ml_parallel(frame->host, candidates, profile_number, &work));
	schema->feature = work.feature;
	schema->features = 0;
	schema->rows = (double) rows;
	for (int i = 0; i < candidates; i++)
	{
		ml_feature feature = work.feature[i];
		ml_note_kind why;
		int before = notes->count;

		if (ml_stop(frame->host))
			return ML_STOPPED;
		if (feature.kind == ML_CATEGORY)
			ML_TRY(profile_category(frame, &feature, max_categories, notes));
		else if (!isfinite(feature.sd) || !isfinite(feature.mean))
			return ml_fail(frame->host, ML_NOT_NUMERIC, feature.column, -1);
		ML_TRY(check_offset(frame, &feature));
		if (feature.use != ML_USE_TERM || is_kept(&feature, uses->kept))
			schema->feature[schema->features++] = feature;
		else if (is_left_out(&feature, uses, rows, labels_in_training(&feature, notes),
		                     &why))
		{
			notes->count = before;
			ML_TRY(ml_notes_add(frame->host, notes,
			                    (ml_note){.kind = why,
			                              .name = feature.name,
			                              .element = feature.element}));
		}
		else
			schema->feature[schema->features++] = feature;
	}
	return count_terms(schema) > 0 ? ML_OK : ML_NO_FEATURES;
}
