/* SPDX-License-Identifier: PostgreSQL */
/*
 * guard.c: features that are too good to be true.
 *
 * Leaks are looked for in the first training rows, which are a random sample.  The label
 * of a category stands for the target's mean over its rows in the first half of the
 * sample, and is held against the second half, so that labels of few rows do not
 * predict themselves.
 */
#include "judge/judge.h"

#include <math.h>

#define SAMPLE 4096
#define FEWEST 50
#define PERFECT 0.999

/* Values of a feature and targets of the sample's rows that have a value. */
typedef struct sample
{
	double *score;
	double *target;
	int64_t rows;
} sample;

static int64_t
sample_end(const ml_problem *problem)
{
	int64_t end = problem->begin + SAMPLE;

	return end < problem->end ? end : problem->end;
}

static void
take_numbers(const ml_problem *problem, const ml_column *column, sample *out)
{
	out->rows = 0;
	for (int64_t row = problem->begin; row < sample_end(problem); row++)
	{
		double x = *ml_numbers_at(column, row);

		if (isnan(x))
			continue;
		out->score[out->rows] = x;
		out->target[out->rows++] = *ml_numbers_at(problem->target, row);
	}
}

static ml_status
take_categories(ml_host *host, const ml_problem *problem, const ml_feature *feature,
                sample *out)
{
	const ml_column *column = &problem->frame->column[feature->column];
	double *sum, *count, mean = 0;
	int64_t end = sample_end(problem);
	int64_t middle = problem->begin + (end - problem->begin) / 2;

	ML_NEW(host, sum, feature->levels + 1);
	ML_NEW(host, count, feature->levels + 1);
	for (int64_t row = problem->begin; row < middle; row++)
	{
		int32_t code = *ml_codes_at(column, row);
		double y = *ml_numbers_at(problem->target, row);

		code = code < 0 ? feature->levels : code;
		sum[code] += y;
		count[code]++;
		mean += y / (double) (middle - problem->begin);
	}
	out->rows = 0;
	for (int64_t row = middle; row < end; row++)
	{
		int32_t code = *ml_codes_at(column, row);

		code = code < 0 ? feature->levels : code;
		out->score[out->rows] = count[code] > 0 ? sum[code] / count[code] : mean;
		out->target[out->rows++] = *ml_numbers_at(problem->target, row);
	}
	return ML_OK;
}

static double
squared_correlation(const sample *in)
{
	double x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = (double) in->rows;

	for (int64_t i = 0; i < in->rows; i++)
	{
		x += in->score[i] / n;
		y += in->target[i] / n;
	}
	for (int64_t i = 0; i < in->rows; i++)
	{
		double a = in->score[i] - x, b = in->target[i] - y;

		xx += a * a;
		yy += b * b;
		xy += a * b;
	}
	return xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
}

ml_status
ml_guard_leaks(ml_host *host, const ml_problem *problem, ml_notes *notes)
{
	sample in;

	ML_NEW(host, in.score, SAMPLE);
	ML_NEW(host, in.target, SAMPLE);
	for (int f = 0; f < problem->schema->features; f++)
	{
		const ml_feature *feature = &problem->schema->feature[f];
		double fit, error;

		if (ml_stop(host))
			return ML_STOPPED;
		if (feature->kind == ML_NUMBER)
			take_numbers(problem, &problem->frame->column[feature->column], &in);
		else
			ML_TRY(take_categories(host, problem, feature, &in));
		if (in.rows < FEWEST)
			continue;
		if (problem->schema->task == ML_BINARY)
		{
			ML_TRY(ml_auc(
			    host,
			    &(ml_outcomes){.rows = in.rows, .score = in.score, .target = in.target},
			    &fit, &error));
			/* a number may point the other way, a label's mean does not */
			fit = fit < 0.5 && feature->kind == ML_NUMBER ? 1 - fit : fit;
		}
		else
			fit = squared_correlation(&in);
		if (fit > PERFECT)
			ML_TRY(ml_notes_add(host, notes,
			                    (ml_note){.kind = ML_NOTE_LEAK,
			                              .name = feature->name,
			                              .element = feature->element,
			                              .value = fit}));
	}
	return ML_OK;
}

static double
value_at(const ml_problem *problem, const ml_feature *feature, int64_t row)
{
	const ml_column *column = &problem->frame->column[feature->column];

	return feature->kind == ML_NUMBER ? *ml_numbers_at(column, row)
	                                  : *ml_codes_at(column, row);
}

/* Is every value a function of the target that can be inverted? */
static bool
is_copy(const ml_problem *problem, const ml_feature *feature)
{
	double of[2] = {NAN, NAN};

	if (feature->missing > 0)
		return false;
	for (int64_t row = problem->begin; row < problem->end; row++)
	{
		double x = value_at(problem, feature, row);
		double y = *ml_numbers_at(problem->target, row);

		if (problem->schema->task == ML_BINARY)
		{
			double *image = &of[y > 0];

			if (isnan(*image))
				*image = x;
			if (x != *image)
				return false;
		}
		else if (feature->kind == ML_CATEGORY || x != y)
			return false;
	}
	return of[0] != of[1];
}

ml_status
ml_guard_copies(ml_host *host, const ml_problem *problem, ml_schema *schema,
                ml_notes *notes)
{
	int kept = 0;

	for (int f = 0; f < schema->features; f++)
	{
		if (is_copy(problem, &schema->feature[f]))
			ML_TRY(ml_notes_add(host, notes,
			                    (ml_note){.kind = ML_NOTE_TARGET,
			                              .name = schema->feature[f].name,
			                              .element = schema->feature[f].element}));
		else
			schema->feature[kept++] = schema->feature[f];
	}
	schema->features = kept;
	return kept > 0 ? ML_OK : ML_NO_FEATURES;
}
