/* SPDX-License-Identifier: PostgreSQL */
/*
 * guard.c: features that are too good to be true.
 *
 * Leaks are looked for in the first training rows, which are a random sample.  The label
 * of a category stands for the target's mean over its rows in the first half of the
 * sample, and is held against the second half, so that labels of few rows do not
 * predict themselves.
 *
 * Of several classes, a number is a leak if it tells each from the next, in the order of
 * their means; a category, if naming the likeliest class of the label hardly ever errs.
 */
#include "judge/judge.h"

#include <math.h>

#define SAMPLE 4096
#define FEWEST 50
#define PERFECT 0.999
#define FEWEST_OF_CLASS 10 /* rows of the sample, for a class to count */
#define MOST_CELLS 1000000 /* labels times classes, beyond which no sample tells */

/* Values of a feature and targets of the sample's rows that have a value. */
typedef struct sample
{
	double *score;
	double *target;
	int64_t rows;
	double *pair_score; /* work space for two classes of them */
	double *pair_target;
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

static int
by_mean(const void *context, uint32_t a, uint32_t b)
{
	const double *mean = context;

	return mean[a] < mean[b] ? -1 : mean[a] > mean[b] ? 1 : (a > b) - (a < b);
}

/* Classes that have rows enough, by the mean of the feature. */
static ml_status
rank_classes(ml_host *host, const sample *in, int classes, uint32_t **order, int *count)
{
	double *mean, *rows;
	uint32_t *work;

	ML_NEW(host, mean, classes);
	ML_NEW(host, rows, classes);
	ML_NEW(host, *order, classes);
	ML_NEW(host, work, classes);
	for (int64_t i = 0; i < in->rows; i++)
	{
		mean[(int) in->target[i]] += in->score[i];
		rows[(int) in->target[i]]++;
	}
	*count = 0;
	for (int k = 0; k < classes; k++)
	{
		mean[k] /= rows[k];
		if (rows[k] >= FEWEST_OF_CLASS)
			(*order)[(*count)++] = (uint32_t) k;
	}
	return ml_sort_indexes(host, *order, work, *count, by_mean, mean);
}

/* The least AUC of a class against the next one. */
static ml_status
tell_neighbours(ml_host *host, sample *in, int classes, double *fit)
{
	uint32_t *order;
	int count;

	ML_TRY(rank_classes(host, in, classes, &order, &count));
	*fit = count < 2 ? 0 : 1;
	for (int n = 1; n<count && * fit> PERFECT; n++)
	{
		ml_outcomes pair = {.score = in->pair_score, .target = in->pair_target};
		double auc, error;

		for (int64_t i = 0; i < in->rows; i++)
			if (in->target[i] == order[n] || in->target[i] == order[n - 1])
			{
				in->pair_score[pair.rows] = in->score[i];
				in->pair_target[pair.rows++] = in->target[i] == order[n];
			}
		ML_TRY(ml_auc(host, &pair, &auc, &error));
		*fit = auc < *fit ? auc : *fit;
	}
	return ML_OK;
}

/*
 * Goodman and Kruskal's lambda: the share of errors of naming the most frequent class that go
 * away when the label is known.  Labels are learned from the first half of the sample.
 */
static ml_status
tell_by_label(ml_host *host, const ml_problem *problem, const ml_feature *feature,
              double *fit)
{
	const ml_column *column = &problem->frame->column[feature->column];
	int64_t classes = problem->schema->classes, end = sample_end(problem);
	int64_t middle = problem->begin + (end - problem->begin) / 2;
	double *count, *all, errors = 0, base = 0;

	*fit = 0;
	if (end - problem->begin < 2 * FEWEST || (feature->levels + 1) * classes > MOST_CELLS)
		return ML_OK;
	ML_NEW(host, count, (feature->levels + 1) * classes);
	ML_NEW(host, all, classes);
	for (int64_t row = problem->begin; row < end; row++)
	{
		int32_t code = *ml_codes_at(column, row);
		int y = (int) *ml_numbers_at(problem->target, row);
		double *of_label = count + (code < 0 ? feature->levels : code) * classes;

		if (row < middle)
		{
			of_label[y]++;
			all[y]++;
			continue;
		}
		errors += ml_likeliest((int) classes, of_label) != y || of_label[y] == 0;
		base += ml_likeliest((int) classes, all) != y;
	}
	*fit = base >= FEWEST_OF_CLASS ? 1 - errors / base : 0;
	return ML_OK;
}

/* How well a feature alone tells the target: an AUC, an R2 or a share of errors. */
static ml_status
fit_alone(ml_host *host, const ml_problem *problem, const ml_feature *feature, sample *in,
          double *fit)
{
	const ml_schema *schema = problem->schema;
	double error;

	*fit = 0;
	if (schema->task == ML_MULTICLASS && feature->kind == ML_CATEGORY)
		return tell_by_label(host, problem, feature, fit);
	if (feature->kind == ML_NUMBER)
		take_numbers(problem, &problem->frame->column[feature->column], in);
	else
		ML_TRY(take_categories(host, problem, feature, in));
	if (in->rows < FEWEST)
		return ML_OK;
	if (schema->task == ML_MULTICLASS)
		return tell_neighbours(host, in, schema->classes, fit);
	if (schema->task == ML_REGRESSION)
	{
		*fit = squared_correlation(in);
		return ML_OK;
	}
	ML_TRY(ml_auc(
	    host, &(ml_outcomes){.rows = in->rows, .score = in->score, .target = in->target},
	    fit, &error));
	/* a number may point the other way, a label's mean does not */
	if (*fit < 0.5 && feature->kind == ML_NUMBER)
		*fit = 1 - *fit;
	return ML_OK;
}

ml_status
ml_guard_leaks(ml_host *host, const ml_problem *problem, ml_notes *notes)
{
	sample in;

	ML_NEW(host, in.score, SAMPLE);
	ML_NEW(host, in.target, SAMPLE);
	ML_NEW(host, in.pair_score, SAMPLE);
	ML_NEW(host, in.pair_target, SAMPLE);
	for (int f = 0; f < problem->schema->features; f++)
	{
		const ml_feature *feature = &problem->schema->feature[f];
		double fit;

		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(fit_alone(host, problem, feature, &in, &fit));
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

/* Is every value a function of the target that can be inverted?  image has room for every class. */
static bool
is_copy(const ml_problem *problem, const ml_feature *feature, double *image)
{
	int classes = problem->schema->classes;

	if (feature->missing > 0)
		return false;
	for (int k = 0; k < classes; k++)
		image[k] = NAN;
	for (int64_t row = problem->begin; row < problem->end; row++)
	{
		double x = value_at(problem, feature, row);
		double y = *ml_numbers_at(problem->target, row);

		if (classes > 0)
		{
			double *of_class = &image[(int) y];

			if (isnan(*of_class))
				*of_class = x;
			if (x != *of_class)
				return false;
		}
		else if (feature->kind == ML_CATEGORY || x != y)
			return false;
	}
	for (int k = 0; k < classes; k++)
		for (int l = 0; l < k; l++)
			if (image[k] == image[l])
				return false;
	return true;
}

ml_status
ml_guard_copies(ml_host *host, const ml_problem *problem, ml_schema *schema,
                ml_notes *notes)
{
	double *image;
	int kept = 0;

	ML_NEW(host, image, schema->classes);
	for (int f = 0; f < schema->features; f++)
	{
		if (is_copy(problem, &schema->feature[f], image))
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
