/* SPDX-License-Identifier: PostgreSQL */
/*
 * slices.c: where a model errs most.
 *
 * Every feature cuts the rows into slices: numbers at the quintiles, categories by label.  The losses
 * in a slice are held against those of all other rows by Welch's test; so do Chung et al.,
 * Slice Finder (2019), with slices of one condition.  p-values are Bonferroni's: times the
 * number of slices that were looked at.
 */
#include "judge/slices.h"

#include <math.h>
#include <string.h>

#define BINS 5
#define SAMPLE 65536 /* rows that quintiles are taken from */
#define LEAST_ROWS 30
#define CLIP 1e-15       /* as in the log loss of metrics.c */
#define LEAST_SHARE 0.01 /* of the weight, of a label that is a slice of its own */

/* Sums over a slice, weighted. */
typedef struct slice_sums
{
	double rows;
	double weight;
	double squares; /* of the weights */
	double score;
	double target;
	double loss;
	double loss_squares;
	double low; /* values that were met */
	double high;
} slice_sums;

typedef struct slice_work
{
	const ml_model *model;
	const ml_rows *rows;
	const ml_losses *losses;
	ml_keyed *sample; /* [SAMPLE] and as many to sort with */
	int64_t *tally;
	double edge[BINS];
	int edges; /* bins but the last end at them; missing follows the last */
	slice_sums all;
	slice_sums *sums; /* of one feature */
	ml_slices *out;
} slice_work;

static void
add_row(slice_sums *sums, const ml_losses *losses, int64_t i, double x)
{
	double w = losses->weight != NULL ? losses->weight[i] : 1, loss = losses->loss[i];

	if (sums->rows == 0 || x < sums->low)
		sums->low = x;
	if (sums->rows == 0 || x > sums->high)
		sums->high = x;
	sums->rows++;
	sums->weight += w;
	sums->squares += w * w;
	sums->score += w * losses->score[i];
	sums->target += w * losses->target[i];
	sums->loss += w * loss;
	sums->loss_squares += w * loss * loss;
}

/* Quintiles of evenly spaced rows, each once; the highest value is no edge. */
static ml_status
find_edges(ml_host *host, slice_work *work, const ml_column *column)
{
	int64_t rows = work->rows->end - work->rows->begin;
	int64_t step = (rows + SAMPLE - 1) / SAMPLE, count = 0;
	ml_keyed *sorted;
	ml_worker worker = {.host = host};

	work->edges = 0;
	for (int64_t i = 0; i < rows; i += step)
	{
		double x = *ml_numbers_at(column, work->rows->begin + i);

		if (x == x)
			work->sample[count++] = (ml_keyed){.key = ml_number_key(x)};
	}
	ML_TRY(ml_sort_keyed(&worker, work->sample, work->sample + SAMPLE, count, work->tally,
	                     &sorted));
	for (int b = 1; b < BINS && count > 0; b++)
	{
		double edge = ml_key_number(sorted[(count * b - 1) / BINS].key);

		if (edge < ml_key_number(sorted[count - 1].key) &&
		    (work->edges == 0 || edge > work->edge[work->edges - 1]))
			work->edge[work->edges++] = edge;
	}
	return ML_OK;
}

/* Slices of a feature: bins or labels, and then the rows without a value. */
static int
slices_of(const slice_work *work, const ml_feature *feature)
{
	return (feature->kind == ML_NUMBER ? work->edges + 1 : feature->levels) + 1;
}

static int
slice_at(const slice_work *work, int f, int64_t row, double *x)
{
	const ml_column *column = &work->rows->frame->column[work->rows->column[f]];
	int slice = 0;
	int32_t code;

	if (column->kind == ML_NUMBER)
	{
		*x = *ml_numbers_at(column, row);
		if (*x != *x)
			return work->edges + 1;
		while (slice<work->edges && * x> work->edge[slice])
			slice++;
		return slice;
	}
	code = *ml_codes_at(column, row);
	if (code >= 0 && work->rows->code != NULL)
		code = work->rows->code[f][code];
	*x = NAN;
	return code >= 0 ? code : work->model->schema.feature[f].levels;
}

/* Welch's test of a slice against the other rows; effective numbers of rows where they are weighted. */
static void
test_slice(const slice_sums *in, const slice_sums *all, ml_slice *out)
{
	double rest = all->weight - in->weight, n = in->weight * in->weight / in->squares;
	double m = rest * rest / (all->squares - in->squares);
	double mean = in->loss / in->weight, other = (all->loss - in->loss) / rest;
	double variance = fmax(in->loss_squares / in->weight - mean * mean, 0);
	double spread =
	    fmax((all->loss_squares - in->loss_squares) / rest - other * other, 0);
	double a = variance / (n - 1), b = spread / (m - 1);

	out->effect = (mean - other) / sqrt((variance + spread) / 2);
	out->p_value =
	    a + b > 0 ? ml_t_tail((mean - other) / sqrt(a + b),
	                          (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1)))
	              : mean <= other;
}

/* Keeps the slices of a feature that are large enough to tell something. */
static ml_status
keep_slices(ml_host *host, slice_work *work, int f)
{
	const ml_feature *feature = &work->model->schema.feature[f];
	int count = slices_of(work, feature);

	for (int i = 0; i < count; i++)
	{
		const slice_sums *sums = &work->sums[i];
		ml_slice slice = {.feature = f,
		                  .level =
		                      feature->kind == ML_CATEGORY || i == count - 1 ? i : -1,
		                  .low = sums->low,
		                  .high = sums->high,
		                  .rows = sums->rows,
		                  .score = sums->score / sums->weight,
		                  .target = sums->target / sums->weight,
		                  .loss = sums->loss / sums->weight};

		if (sums->rows < LEAST_ROWS || sums->weight < LEAST_SHARE * work->all.weight ||
		    work->all.rows - sums->rows < LEAST_ROWS)
			continue;
		work->out->looked_at++;
		test_slice(sums, &work->all, &slice);
		if (slice.effect > 0)
			work->out->slice[work->out->slices++] = slice;
	}
	return ml_stop(host) ? ML_STOPPED : ML_OK;
}

static ml_status
look_at(ml_host *host, slice_work *work, int f)
{
	const ml_feature *feature = &work->model->schema.feature[f];
	int64_t begin = work->rows->begin;

	if (feature->use != ML_USE_TERM)
		return ML_OK;
	if (feature->kind == ML_NUMBER)
		ML_TRY(find_edges(host, work, &work->rows->frame->column[work->rows->column[f]]));
	memset(work->sums, 0, sizeof *work->sums * (size_t) slices_of(work, feature));
	for (int64_t row = begin; row < work->rows->end; row++)
	{
		double x;
		int slice = slice_at(work, f, row, &x);

		ML_PAUSE(host, row);
		add_row(&work->sums[slice], work->losses, row - begin, x);
	}
	return keep_slices(host, work, f);
}

/* The most harmful first: by p-value, then by effect. */
static int
compare(const void *context, uint32_t a, uint32_t b)
{
	const ml_slice *slice = context, *x = &slice[a], *y = &slice[b];

	if (x->p_value != y->p_value)
		return x->p_value < y->p_value ? -1 : 1;
	return x->effect != y->effect ? (x->effect > y->effect ? -1 : 1) : 0;
}

static ml_status
rank(ml_host *host, ml_slices *out)
{
	uint32_t *order, *spare;
	ml_slice *slice;

	ML_NEW(host, order, out->slices);
	ML_NEW(host, spare, out->slices);
	ML_NEW(host, slice, out->slices);
	for (int i = 0; i < out->slices; i++)
		order[i] = (uint32_t) i;
	ML_TRY(ml_sort_indexes(host, order, spare, out->slices, compare, out->slice));
	for (int i = 0; i < out->slices; i++)
	{
		slice[i] = out->slice[order[i]];
		slice[i].p_value = fmin(slice[i].p_value * out->looked_at, 1);
	}
	out->slice = slice;
	return ML_OK;
}

ml_status
ml_find_slices(ml_host *host, const ml_model *model, const ml_rows *rows,
               const ml_losses *losses, ml_slices *out)
{
	slice_work work = {.model = model, .rows = rows, .losses = losses, .out = out};
	int most = BINS + 1;
	int64_t total = 0;

	*out = (ml_slices){0};
	for (int f = 0; f < model->schema.features; f++)
	{
		int count = model->schema.feature[f].levels + 1;

		most = count > most ? count : most;
		total += count > BINS + 1 ? count : BINS + 1;
	}
	ML_NEW(host, out->slice, total);
	ML_NEW(host, work.sums, most);
	ML_NEW(host, work.tally, ML_SORT_TALLY);
	ML_NEW_RAW(host, work.sample, 2 * SAMPLE);
	for (int64_t i = 0; i < rows->end - rows->begin; i++)
		add_row(&work.all, losses, i, 0);
	for (int f = 0; f < model->schema.features; f++)
		ML_TRY(look_at(host, &work, f));
	return rank(host, out);
}

static double
loss_of(const ml_judged *judged, int64_t i)
{
	const ml_outcomes *in = &judged->outcomes;
	double difference, p;

	if (judged->task == ML_MULTICLASS)
		return -log(fmax(judged->classes.likelihood[i], CLIP));
	if (judged->task == ML_BINARY)
	{
		p = in->target[i] > 0 ? in->score[i] : 1 - in->score[i];
		return -log(fmax(p, CLIP));
	}
	if (in->deviance != NULL)
		return in->deviance(in->state, in->target[i], in->score[i]);
	difference = in->target[i] - in->score[i];
	return difference * difference;
}

ml_status
ml_judged_losses(ml_host *host, const ml_judged *judged, ml_losses *losses)
{
	bool classes = judged->task == ML_MULTICLASS;
	int64_t rows = classes ? judged->classes.rows : judged->outcomes.rows;
	double *loss;

	ML_NEW(host, loss, rows);
	for (int64_t i = 0; i < rows; i++)
		loss[i] = loss_of(judged, i);
	*losses =
	    (ml_losses){.score = classes ? judged->classes.predicted : judged->outcomes.score,
	                .target = classes ? judged->classes.target : judged->outcomes.target,
	                .weight = classes ? judged->classes.weight : judged->outcomes.weight,
	                .loss = loss};
	return ML_OK;
}
