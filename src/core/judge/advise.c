/* SPDX-License-Identifier: PostgreSQL */
/*
 * advise.c: what training looks for beyond single features: twins among them, and a fit that
 * holds on the rows it has seen alone.
 *
 * Twins are numbers that are a straight line of each other, and categories whose labels map
 * one to one, both with the same rows missing.  They are looked for in the training rows of
 * the lowest keys, which are a random sample.  A screen of few rows keeps the pairs of numbers
 * that are worth a look, and an outlier that both have in one half of the sample does not make
 * the other half a line.
 */
#include "judge/judge.h"

#include <math.h>

#define SAMPLE 20000
#define FEWEST 50
#define SCREEN 512
#define SCREENED 0.99
#define SAME 0.9999
#define MOST_FEATURES 500 /* that are compared; further ones are not */
#define MOST_LOOKS 1000   /* at pairs in the whole sample */

#define LEAST_FALL 0.1 /* of an AUC or an accuracy */
#define LEAST_FALL_R2 0.2

typedef struct twins
{
	const ml_problem *problem;
	int64_t end;    /* of the sample */
	int count;      /* features compared */
	double *screen; /* [count][SCREEN] numbers: of length 1, missing ones in the middle */
	int32_t *image; /* [2][most levels + 1] */
	int64_t levels; /* most of them */
	bool *twin;     /* [count] there is a note on it */
	int looks;      /* pairs that may still be looked at */
} twins;

static const ml_column *
column_of(const twins *t, int f)
{
	return &t->problem->frame->column[t->problem->schema->feature[f].column];
}

/* Numbers of the screen about their mean, as a vector of length 1; 0 if they do not vary. */
static void
fill_screen(const twins *t, int f)
{
	double *out = t->screen + (int64_t) f * SCREEN, mean = 0, known = 0, square = 0;
	int64_t begin = t->problem->begin;
	int64_t rows = t->end - begin < SCREEN ? t->end - begin : SCREEN;

	for (int64_t i = 0; i < rows; i++)
	{
		out[i] = *ml_numbers_at(column_of(t, f), begin + i);
		known += !isnan(out[i]);
	}
	for (int64_t i = 0; i < rows; i++)
		mean += isnan(out[i]) ? 0 : out[i] / known;
	for (int64_t i = 0; i < rows; i++)
	{
		out[i] = isnan(out[i]) ? 0 : out[i] - mean;
		square += out[i] * out[i];
	}
	for (int64_t i = 0; i < rows; i++)
		out[i] = square > 0 && isfinite(square) ? out[i] / sqrt(square) : 0;
}

/* Might the numbers be a line?  Those that do not vary in the screen might. */
static bool
passes_screen(const twins *t, int f, int g)
{
	const double *a = t->screen + (int64_t) f * SCREEN;
	const double *b = t->screen + (int64_t) g * SCREEN;
	double aa = 0, bb = 0, ab = 0;

	for (int i = 0; i < SCREEN; i++)
	{
		aa += a[i] * a[i];
		bb += b[i] * b[i];
		ab += a[i] * b[i];
	}
	return fabs(ab) > SCREENED || (aa == 0 && bb == 0);
}

/* Their correlation in size; 0 if other rows are missing, NaN if neither varies. */
static double
correlation(const ml_column *a, const ml_column *b, int64_t begin, int64_t end)
{
	double x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = 0;

	for (int64_t row = begin; row < end; row++)
	{
		double u = *ml_numbers_at(a, row), v = *ml_numbers_at(b, row), step = u - x;

		if (isnan(u) != isnan(v))
			return 0;
		if (isnan(u))
			continue;
		n++;
		x += step / n;
		xx += step * (u - x);
		step = v - y;
		y += step / n;
		yy += step * (v - y);
		xy += step * (u - x);
	}
	if (xx == 0 || yy == 0)
		return xx == yy ? NAN : 0;
	return fabs(xy) / (sqrt(xx) * sqrt(yy));
}

/* A half that tells nothing of it is no evidence against. */
static double
same_numbers(twins *t, int f, int g)
{
	const ml_column *a = column_of(t, f), *b = column_of(t, g);
	int64_t begin = t->problem->begin, middle = begin + (t->end - begin) / 2;
	double whole;

	if (!passes_screen(t, f, g) || t->looks-- <= 0)
		return 0;
	whole = correlation(a, b, begin, t->end);
	if (!(whole > SAME) || correlation(a, b, begin, middle) <= SAME ||
	    correlation(a, b, middle, t->end) <= SAME)
		return 0;
	return whole;
}

/* Does each label, and no label, have one of the other's, of as many rows? */
static double
same_labels(twins *t, int f, int g)
{
	const ml_feature *a = &t->problem->schema->feature[f];
	const ml_feature *b = &t->problem->schema->feature[g];
	int32_t *to = t->image, *from = t->image + t->levels + 1;
	int seen = 0;

	if (a->levels != b->levels || a->pooled != b->pooled || t->looks-- <= 0)
		return 0;
	for (int level = 0; level <= a->levels; level++)
		to[level] = from[level] = -1;
	for (int64_t row = t->problem->begin; row < t->end; row++)
	{
		int32_t u = *ml_codes_at(column_of(t, f), row);
		int32_t v = *ml_codes_at(column_of(t, g), row);

		u = u < 0 ? a->levels : u;
		v = v < 0 ? b->levels : v;
		if (to[u] < 0 && from[v] < 0)
		{
			if ((u == a->levels) != (v == b->levels) ||
			    (u < a->levels && a->count[u] != b->count[v]))
				return 0;
			to[u] = v;
			from[v] = u;
			seen++;
		}
		if (to[u] != v || from[v] != u)
			return 0;
	}
	return seen > 1;
}

/* How alike two features are; 0: they are no twins.  Elements of one array are of one kind. */
static double
alike(twins *t, int f, int g)
{
	const ml_feature *a = &t->problem->schema->feature[f];
	const ml_feature *b = &t->problem->schema->feature[g];

	if (a->kind != b->kind || a->missing != b->missing || a->use != ML_USE_TERM ||
	    b->use != ML_USE_TERM || a->column == b->column ||
	    (a->element > 0 && ml_text_equal(a->name, b->name)))
		return 0;
	return a->kind == ML_NUMBER ? same_numbers(t, f, g) : same_labels(t, f, g);
}

/* The later one is to go, unless it is an element and the other a column that can be left out. */
static ml_status
note_twins(ml_host *host, twins *t, int f, int g, double value, ml_notes *notes)
{
	const ml_feature *feature = t->problem->schema->feature;
	bool swap = feature[g].element > 0 && feature[f].element == 0;
	int goes = swap ? f : g, stays = swap ? g : f;

	t->twin[goes] = true;
	return ml_notes_add(host, notes,
	                    (ml_note){.kind = ML_NOTE_TWIN,
	                              .name = feature[goes].name,
	                              .element = feature[goes].element,
	                              .other = feature[stays].name,
	                              .other_element = feature[stays].element,
	                              .value = value});
}

static ml_status
open_twins(ml_host *host, const ml_problem *problem, twins *t)
{
	const ml_schema *schema = problem->schema;

	*t = (twins){.problem = problem, .looks = MOST_LOOKS};
	t->end =
	    problem->end - problem->begin > SAMPLE ? problem->begin + SAMPLE : problem->end;
	t->count = schema->features < MOST_FEATURES ? schema->features : MOST_FEATURES;
	for (int f = 0; f < t->count; f++)
		if (schema->feature[f].levels > t->levels)
			t->levels = schema->feature[f].levels;
	ML_NEW(host, t->screen, (int64_t) t->count * SCREEN);
	ML_NEW(host, t->image, 2 * (t->levels + 1));
	ML_NEW(host, t->twin, t->count);
	for (int f = 0; f < t->count; f++)
		if (schema->feature[f].kind == ML_NUMBER)
			fill_screen(t, f);
	return ML_OK;
}

ml_status
ml_guard_twins(ml_host *host, const ml_problem *problem, ml_notes *notes)
{
	twins t;

	if (problem->end - problem->begin < FEWEST)
		return ML_OK;
	ML_TRY(open_twins(host, problem, &t));
	for (int g = 1; g < t.count; g++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		for (int f = 0; f < g && !t.twin[g]; f++)
		{
			double value = t.twin[f] ? 0 : alike(&t, f, g);

			if (value == 0)
				continue;
			ML_TRY(note_twins(host, &t, f, g, value, notes));
			break;
		}
	}
	return ML_OK;
}

/* Intervals that do not meet are more than chance, a fall of less than that is no matter. */
bool
ml_overfits(ml_task_kind task, const ml_report *trained, const ml_report *holdout)
{
	const ml_metric *seen = ml_report_metric(trained, ml_main_metric(task));
	const ml_metric *held = ml_report_metric(holdout, ml_main_metric(task));
	double least = task == ML_REGRESSION ? LEAST_FALL_R2 : LEAST_FALL;

	if (seen == NULL || held == NULL)
		return false;
	return seen->value - held->value > least &&
	       (isnan(seen->low) ? seen->value : seen->low) > held->high;
}
