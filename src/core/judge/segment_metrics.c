/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_metrics.c: how well segments lie apart, on rows that each goes to the nearest.
 *
 * Silhouettes take all pairs of rows, so of many rows a sample is taken, those in front, which in
 * canonical order are a random one.  The index of Calinski and Harabasz (1974) and that of
 * Davies and Bouldin (1979) hold what lies within segments against what lies between them.
 * All are scikit-learn's; where rows have weights, so do their shares in all means.
 *
 * Of a mixture the log-likelihood of a row comes first, and the criteria of Akaike and Schwarz
 * take the place of squared distances.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#include "judge/interval.h"

#define SAMPLE 4096 /* rows whose pairs are looked at */

typedef struct segment_work
{
	ml_host *host;
	const ml_model *model;
	const ml_rows *rows;
	const double *weight; /* of the rows, or NULL */
	int64_t count;
	int k;
	int64_t width;
	double *row[ML_MAX_THREADS]; /* [width] */
	int32_t *segment;            /* [count] */
	double *inertia;             /* [chunks] squared distances from the model's centres */
	double *likelihood;          /* [chunks][2] log-likelihoods and their squares */
	ml_space space;
	ml_centers means; /* of these rows, by segment */
	double *total;    /* [k] weights */
	double *chunk;    /* [chunks][k][2] distances from the mean, and their squares */
} segment_work;

static inline double
weight_at(const segment_work *w, int64_t at)
{
	return w->weight != NULL ? w->weight[at] : 1;
}

static ml_status
assign_chunk(void *argument, int64_t task, ml_worker *worker)
{
	segment_work *w = argument;
	int64_t first = task * ML_CHUNK;
	int64_t end = first + ML_CHUNK < w->count ? first + ML_CHUNK : w->count;
	double *x = w->row[worker->index];

	for (int64_t at = first; at < end; at++)
	{
		double distance;

		if (at % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		ml_rows_gather(w->rows, &w->model->schema, w->rows->begin + at, x);
		w->segment[at] = ml_model_class(w->model, x);
		distance = w->model->learner->distance(w->model->state, x, w->segment[at]);
		w->inertia[task] += weight_at(w, at) * distance * distance;
		if (w->model->learner->log_density != NULL)
		{
			double density = w->model->learner->log_density(w->model->state, x);

			w->likelihood[2 * task] += weight_at(w, at) * density;
			w->likelihood[2 * task + 1] += weight_at(w, at) * density * density;
		}
	}
	return ML_OK;
}

static ml_status
take_means(segment_work *w)
{
	ml_points point;
	double *x = w->row[0];

	ML_TRY(ml_points_create(w->host, &w->space, &point));
	for (int64_t at = 0; at < w->count; at++)
	{
		int s = w->segment[at];

		ML_PAUSE(w->host, at);
		ml_rows_gather(w->rows, &w->model->schema, w->rows->begin + at, x);
		ml_points_put(&w->space, x, 0, &point);
		ml_points_add(&w->space, &point, 0, weight_at(w, at),
		              w->means.at + s * w->space.slots);
		w->total[s] += weight_at(w, at);
	}
	for (int s = 0; s < w->k; s++)
	{
		for (int64_t i = 0; w->total[s] > 0 && i < w->space.slots; i++)
			w->means.at[s * w->space.slots + i] /= w->total[s];
		ml_centers_pack(&w->means, s);
	}
	return ML_OK;
}

static ml_status
spread_chunk(void *argument, int64_t task, ml_worker *worker)
{
	segment_work *w = argument;
	int64_t first = task * ML_CHUNK;
	int64_t end = first + ML_CHUNK < w->count ? first + ML_CHUNK : w->count;
	double *x = w->row[worker->index], *sum = w->chunk + task * w->k * 2;

	for (int64_t at = first; at < end; at++)
	{
		double squared;

		if (at % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		ml_rows_gather(w->rows, &w->model->schema, w->rows->begin + at, x);
		squared = ml_centers_of_one(&w->means, w->segment[at], x);
		sum[w->segment[at] * 2] += weight_at(w, at) * sqrt(squared);
		sum[w->segment[at] * 2 + 1] += weight_at(w, at) * squared;
	}
	return ML_OK;
}

/* Mean distances from the mean, and the squares that lie within segments. */
static ml_status
take_spread(segment_work *w, double *spread, double *within)
{
	int64_t chunks = (w->count + ML_CHUNK - 1) / ML_CHUNK;

	ML_NEW(w->host, w->chunk, chunks * w->k * 2);
	ML_TRY(ml_parallel(w->host, chunks, spread_chunk, w));
	*within = 0;
	for (int s = 0; s < w->k; s++)
	{
		spread[s] = 0;
		for (int64_t c = 0; c < chunks; c++)
		{
			spread[s] += w->chunk[(c * w->k + s) * 2] / w->total[s];
			*within += w->chunk[(c * w->k + s) * 2 + 1];
		}
	}
	return ML_OK;
}

/* Squares between the segments' means and the mean of all. */
static ml_status
between(const segment_work *w, double *sum)
{
	int64_t slots = w->space.slots;
	double *mean, total = 0;

	ML_NEW(w->host, mean, slots);
	for (int s = 0; s < w->k; s++)
		total += w->total[s];
	for (int s = 0; s < w->k; s++)
		for (int64_t i = 0; i < slots; i++)
			mean[i] += w->total[s] / total * w->means.at[s * slots + i];
	*sum = 0;
	for (int s = 0; s < w->k; s++)
		*sum += w->total[s] * ml_space_apart(&w->space, w->means.at + s * slots, mean);
	return ML_OK;
}

/* The mean over segments of how much the most similar other one overlaps. */
static double
davies_bouldin(const segment_work *w, const double *spread, int present)
{
	int64_t slots = w->space.slots;
	double sum = 0;

	for (int s = 0; s < w->k; s++)
	{
		double most = 0;

		for (int t = 0; t < w->k && w->total[s] > 0; t++)
		{
			double apart = sqrt(ml_space_apart(&w->space, w->means.at + s * slots,
			                                   w->means.at + t * slots));

			if (s != t && w->total[t] > 0 && apart > 0)
				most = fmax(most, (spread[s] + spread[t]) / apart);
		}
		sum += most / present;
	}
	return sum;
}

/* The mean silhouette of the sample, and its standard error. */
static ml_status
take_silhouette(segment_work *w, double *mean, double *error)
{
	ml_placed placed = {.space = &w->space,
	                    .rows = w->count < SAMPLE ? w->count : SAMPLE,
	                    .k = w->k,
	                    .segment = w->segment,
	                    .weight = w->weight};
	double *x = w->row[0];

	ML_NEW(w->host, placed.block, (placed.rows + ML_BLOCK - 1) / ML_BLOCK);
	for (int64_t at = 0; at < placed.rows; at++)
	{
		ml_points *block = &placed.block[at / ML_BLOCK];

		if (at % ML_BLOCK == 0)
			ML_TRY(ml_points_create(w->host, &w->space, block));
		ml_rows_gather(w->rows, &w->model->schema, w->rows->begin + at, x);
		ml_points_put(&w->space, x, block->rows++, block);
	}
	return ml_silhouette(w->host, &placed, mean, error);
}

static ml_status
open_work(segment_work *w)
{
	int64_t chunks = (w->count + ML_CHUNK - 1) / ML_CHUNK;

	ML_TRY(ml_space_read(w->host, &w->model->schema, &w->model->fitted, &w->space));
	ML_TRY(ml_centers_create(w->host, &w->space, w->k, &w->means));
	ML_TRY(ml_rows_weights(w->host, w->rows, &w->weight));
	ML_NEW(w->host, w->segment, w->count);
	ML_NEW(w->host, w->total, w->k);
	ML_NEW(w->host, w->inertia, chunks);
	ML_NEW(w->host, w->likelihood, 2 * chunks);
	for (int i = 0; i < ml_pool_threads(w->host); i++)
		ML_NEW(w->host, w->row[i], w->width);
	ML_TRY(ml_parallel(w->host, chunks, assign_chunk, w));
	return take_means(w);
}

static void
add(ml_report *report, const char *name, double value, double error, double most)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name,
	                .value = value,
	                .low = isnan(error) ? NAN : fmax(-most, value - ML_Z * error),
	                .high = isnan(error) ? NAN : fmin(most, value + ML_Z * error)};
}

/* What the rows' density says of a mixture; total is what they weigh. */
static double
add_likelihood(const segment_work *w, double total, ml_report *report)
{
	double sum[2] = {0}, mean;

	for (int64_t c = 0; c * ML_CHUNK < w->count; c++)
		for (int i = 0; i < 2; i++)
			sum[i] += w->likelihood[2 * c + i] / total;
	mean = sum[0];
	add(report, "log_likelihood", mean,
	    sqrt(fmax(sum[1] - mean * mean, 0) / (double) w->count), INFINITY);
	return mean;
}

static void
add_criteria(const segment_work *w, double likelihood, ml_report *report)
{
	const ml_part *parameters = ml_fitted_part(&w->model->fitted, "parameters");
	double free =
	    parameters != NULL && parameters->count == 1 ? parameters->number[0] : NAN;
	double rows = (double) w->count;

	add(report, "aic", 2 * free - 2 * rows * likelihood, NAN, 0);
	add(report, "bic", log(rows) * free - 2 * rows * likelihood, NAN, 0);
}

/* How the segments lie, which rows of one segment alone do not tell. */
static ml_status
add_apartness(segment_work *w, ml_report *report)
{
	double *spread, within, apart, silhouette = NAN, error = NAN;
	int present = 0;

	ML_NEW(w->host, spread, w->k);
	ML_TRY(take_spread(w, spread, &within));
	ML_TRY(between(w, &apart));
	for (int s = 0; s < w->k; s++)
		present += w->total[s] > 0;
	if (present > 1)
		ML_TRY(take_silhouette(w, &silhouette, &error));
	add(report, "silhouette", silhouette, error, 1);
	add(report, "calinski_harabasz",
	    present > 1 && w->count > present && within > 0
	        ? apart / (present - 1) / (within / (double) (w->count - present))
	        : NAN,
	    NAN, 0);
	add(report, "davies_bouldin", present > 1 ? davies_bouldin(w, spread, present) : NAN,
	    NAN, 0);
	return ML_OK;
}

static ml_status
judge(segment_work *w, ml_report *report)
{
	double total = 0, likelihood = NAN, inertia = 0;

	for (int s = 0; s < w->k; s++)
		total += w->total[s];
	if (w->model->learner->log_density != NULL)
		likelihood = add_likelihood(w, total, report);
	ML_TRY(add_apartness(w, report));
	if (w->model->learner->log_density != NULL)
	{
		add_criteria(w, likelihood, report);
		return ML_OK;
	}
	for (int64_t c = 0; c * ML_CHUNK < w->count; c++)
		inertia += w->inertia[c] / total;
	add(report, "inertia", inertia, NAN, 0);
	return ML_OK;
}

ml_status
ml_judge_segments(ml_host *host, const ml_model *model, const ml_rows *rows,
                  ml_report *report)
{
	segment_work w = {.host = host,
	                  .model = model,
	                  .rows = rows,
	                  .count = rows->end - rows->begin,
	                  .k = model->schema.classes,
	                  .width = ml_model_room(model)};

	report->metrics = 0;
	add(report, "rows", (double) w.count, NAN, 0);
	if (w.count == 0)
		return ML_OK;
	ML_TRY(open_work(&w));
	return judge(&w, report);
}
