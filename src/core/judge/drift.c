/* SPDX-License-Identifier: PostgreSQL */
/*
 * drift.c: what has changed between the oldest and the newest training rows.
 *
 * The oldest and the newest fifth of the rows are compared by the population stability index,
 * the sum of (a - e) ln(a / e) over deciles of the older ones or over labels, missing values
 * being a bin of their own.  From 0.1 on banks speak of a shift, from 0.25 on of a large one.
 * Where nothing has changed the index times n m / (n + m) is about chi-squared with one degree of freedom less than
 * there are bins (Yurdakul 2018), which keeps few rows and many labels from looking like a shift.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#define SAMPLE 50000 /* training rows of the lowest keys, which are a random sample */
#define PART 5       /* the oldest and the newest of so many parts are compared */
#define FEWEST 50    /* rows that each has at least */
#define DECILES 10
#define SHIFT 0.1
#define RATE_SHIFT 1.25 /* of the share of a class: how many times it was or is */
#define CHANCE 0.001

typedef struct drifting
{
	ml_host *host;
	const ml_problem *problem;
	uint32_t *row[2]; /* of the frame: the oldest and the newest */
	int64_t rows[2];
	uint64_t *key; /* [rows[0]] work space for sorting */
	uint64_t *spare;
	int64_t *tally;  /* [ML_SORT_TALLY] */
	int64_t *bin[2]; /* rows of either part by bin; missing ones are the last */
} drifting;

/*
 * Rows up to the last moment of the first fifth, and from the first moment of the last one on.  order
 * sorts when, which is known of those rows.
 */
static void
part_rows(drifting *d, const double *when, const uint32_t *known, const uint32_t *order,
          int64_t rows)
{
	double oldest = when[order[rows / PART - 1]];
	double newest = when[order[rows - rows / PART]];

	for (int64_t i = 0; i < rows && oldest < newest; i++)
	{
		if (when[order[i]] <= oldest)
			d->row[0][d->rows[0]++] = known[order[i]];
		else if (when[order[i]] >= newest)
			d->row[1][d->rows[1]++] = known[order[i]];
	}
}

/* Takes both parts; none where too few rows say when they happened, or all at one moment. */
static ml_status
take_parts(drifting *d, const ml_column *column)
{
	int64_t begin = d->problem->begin, all = d->problem->end - begin, rows = 0;
	double *when;
	uint32_t *known, *order;

	all = all < SAMPLE ? all : SAMPLE;
	ML_NEW_RAW(d->host, when, all);
	ML_NEW_RAW(d->host, known, all);
	ML_NEW_RAW(d->host, order, all);
	ML_NEW_RAW(d->host, d->row[0], all);
	ML_NEW_RAW(d->host, d->row[1], all);
	for (int64_t row = begin; row < begin + all; row++)
	{
		when[rows] = *ml_numbers_at(column, row);
		known[rows] = (uint32_t) row;
		rows += !isnan(when[rows]);
	}
	if (rows < PART * FEWEST)
		return ML_OK;
	ML_TRY(ml_sort_numbers(d->host, when, rows, order));
	part_rows(d, when, known, order, rows);
	return ML_OK;
}

/* Upper edges of bins between deciles of the older part; the last bin has none. */
static ml_status
find_edges(drifting *d, const ml_column *column, double *edge, int *edges)
{
	ml_worker alone = {.host = d->host};
	int64_t known = 0;

	*edges = 0;
	for (int64_t i = 0; i < d->rows[0]; i++)
	{
		double number = *ml_numbers_at(column, d->row[0][i]);

		if (!isnan(number))
			d->key[known++] = ml_number_key(number);
	}
	ML_TRY(ml_sort_rows(&alone, d->key, d->spare, known, 1, d->tally));
	for (int b = 1; b < DECILES && known > 0; b++)
	{
		double upper = ml_key_number(d->key[(b * known + DECILES - 1) / DECILES - 1]);

		if (*edges == 0 || upper > edge[*edges - 1])
			edge[(*edges)++] = upper;
	}
	return ML_OK;
}

static ml_status
count_numbers(drifting *d, const ml_column *column, int *bins)
{
	double edge[DECILES];
	int edges;

	ML_TRY(find_edges(d, column, edge, &edges));
	*bins = edges + 2;
	for (int part = 0; part < 2; part++)
	{
		memset(d->bin[part], 0, (size_t) *bins * sizeof **d->bin);
		for (int64_t i = 0; i < d->rows[part]; i++)
		{
			double number = *ml_numbers_at(column, d->row[part][i]);
			int b = 0;

			while (b < edges && number > edge[b])
				b++;
			d->bin[part][isnan(number) ? edges + 1 : b]++;
		}
	}
	return ML_OK;
}

/* Codes of a category, or the numbers of classes; -1 is missing. */
static void
count_labels(drifting *d, const ml_column *column, int levels)
{
	for (int part = 0; part < 2; part++)
	{
		memset(d->bin[part], 0, (size_t) (levels + 1) * sizeof **d->bin);
		for (int64_t i = 0; i < d->rows[part]; i++)
		{
			int64_t row = d->row[part][i];
			int code = column->kind == ML_NUMBER ? (int) *ml_numbers_at(column, row)
			                                     : *ml_codes_at(column, row);

			d->bin[part][code < 0 ? levels : code]++;
		}
	}
}

/* The index of what has been counted, and whether it is more than chance. */
static double
stability(const drifting *d, int bins, bool *certain)
{
	double n = (double) d->rows[0], m = (double) d->rows[1], index = 0;
	int used = 0;

	for (int b = 0; b < bins; b++)
	{
		ml_bin bin = {.events = (double) d->bin[0][b],
		              .non_events = (double) d->bin[1][b]};

		if (bin.events == 0 && bin.non_events == 0)
			continue;
		ml_bin_weigh(&bin, n, m);
		index += bin.iv;
		used++;
	}
	*certain = used > 1 && ml_chi2_tail(index * n * m / (n + m), used - 1) < CHANCE;
	return index;
}

/* What tells when a row happened drifts in any case. */
static bool
tells_time(const drifting *d, const ml_feature *feature, const ml_column *when)
{
	return d->problem->frame->column[feature->column].position == when->position;
}

static int
by_index(const void *context, uint32_t a, uint32_t b)
{
	const ml_note *note = context;

	return note[a].value > note[b].value   ? -1
	       : note[a].value < note[b].value ? 1
	                                       : (a > b) - (a < b);
}

/* Notes the features that have shifted, that with the largest index first. */
static ml_status
note_features(drifting *d, const ml_column *when, ml_notes *notes)
{
	const ml_schema *schema = d->problem->schema;
	uint32_t *order, *work;
	ml_note *found;
	int count = 0, bins;

	ML_NEW(d->host, found, schema->features);
	ML_NEW(d->host, order, schema->features);
	ML_NEW(d->host, work, schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		const ml_column *column = &d->problem->frame->column[feature->column];
		bool certain;
		double index;

		if (ml_stop(d->host))
			return ML_STOPPED;
		if (tells_time(d, feature, when))
			continue;
		bins = feature->levels + 1;
		if (feature->kind == ML_NUMBER)
			ML_TRY(count_numbers(d, column, &bins));
		else
			count_labels(d, column, feature->levels);
		index = stability(d, bins, &certain);
		order[count] = (uint32_t) count;
		found[count] = (ml_note){.kind = ML_NOTE_DRIFT,
		                         .name = feature->name,
		                         .element = feature->element,
		                         .value = index};
		count += index >= SHIFT && certain;
	}
	ML_TRY(ml_sort_indexes(d->host, order, work, count, by_index, found));
	for (int i = 0; i < count; i++)
		ML_TRY(ml_notes_add(d->host, notes, found[order[i]]));
	return ML_OK;
}

/* Of two classes: how many times what it was has become of either share, or the other way around. */
static double
times_changed(const drifting *d)
{
	double most = 1;

	for (int k = 0; k < 2; k++)
	{
		double was = (double) d->bin[0][k] / (double) d->rows[0];
		double is = (double) d->bin[1][k] / (double) d->rows[1];

		most = fmax(most, fmax(was / is, is / was));
	}
	return most;
}

static void
average_target(const drifting *d, ml_drift *drift)
{
	for (int part = 0; part < 2; part++)
		for (int64_t i = 0; i < d->rows[part]; i++)
			drift->target[part] += *ml_numbers_at(d->problem->target, d->row[part][i]) /
			                       (double) d->rows[part];
}

static ml_status
measure_target(drifting *d, ml_drift *drift)
{
	const ml_schema *schema = d->problem->schema;
	bool certain;
	int bins = schema->classes;

	if (bins > 0)
		count_labels(d, d->problem->target, schema->classes);
	else
		ML_TRY(count_numbers(d, d->problem->target, &bins));
	drift->target_index = stability(d, bins, &certain);
	drift->target_moved =
	    certain && (drift->target_index >= SHIFT ||
	                (schema->task == ML_BINARY && times_changed(d) >= RATE_SHIFT));
	average_target(d, drift);
	return ML_OK;
}

static ml_status
find(drifting *d, const ml_column *when, ml_drift *drift, ml_notes *notes)
{
	int64_t levels = d->problem->schema->classes;

	ML_TRY(take_parts(d, when));
	if (d->rows[0] == 0)
		return ML_OK;
	for (int f = 0; f < d->problem->schema->features; f++)
		if (d->problem->schema->feature[f].levels > levels)
			levels = d->problem->schema->feature[f].levels;
	ML_NEW_RAW(d->host, d->key, d->rows[0]);
	ML_NEW_RAW(d->host, d->spare, d->rows[0]);
	ML_NEW_RAW(d->host, d->tally, ML_SORT_TALLY);
	ML_NEW_RAW(d->host, d->bin[0], levels + 1 + DECILES);
	ML_NEW_RAW(d->host, d->bin[1], levels + 1 + DECILES);
	memcpy(drift->rows, d->rows, sizeof drift->rows);
	if (d->problem->target != NULL)
		ML_TRY(measure_target(d, drift));
	return note_features(d, when, notes);
}

ml_status
ml_guard_drift(ml_host *host, const ml_problem *problem, ml_drift *drift, ml_notes *notes)
{
	drifting d = {.host = host, .problem = problem};
	const ml_column *when = ml_frame_role(problem->frame, ML_ORDER);

	*drift = (ml_drift){0};
	return when == NULL ? ML_OK : find(&d, when, drift, notes);
}
