/* SPDX-License-Identifier: PostgreSQL */
/*
 * dependence.c: partial dependence: what a model says of rows, on average, if all of them had
 * the same value of one feature.
 *
 *	PD(v) = sum_i w_i score(x_i with x_f = v) / sum_i w_i
 *
 * The scores of single rows, which it is the mean of, are known as individual conditional
 * expectation (Goldstein et al. 2015); of these two deciles are told.  A value is a task: its
 * scores lie in a thread's own memory and are summed in the order of the rows, so threads do
 * not matter.
 */
#include "judge/judge.h"

#include <math.h>

#define LOW 0.1
#define HIGH 0.9

/* What a thread works with. */
typedef struct seat
{
	double *row;   /* [at_once][width] */
	double *score; /* [classes][rows] */
	ml_keyed *items;
	ml_keyed *spare;
	int64_t *tally;
} seat;

typedef struct dependence_work
{
	const ml_model *model;
	ml_rows rows; /* with codes translated */
	int64_t count;
	int64_t width;   /* of a row, with what a model may write behind */
	int64_t at_once; /* rows that are scored together */
	int feature;
	const double *weight; /* [count] or NULL */
	double total;
	ml_dependence *out;
	seat seat[ML_MAX_THREADS];
} dependence_work;

static inline double
weight_at(const dependence_work *work, int64_t i)
{
	return work->weight != NULL ? work->weight[i] : 1;
}

/* So many rows from number i on, with that value in place of their own. */
static void
score_block(const dependence_work *work, double value, const seat *at, int64_t i,
            int64_t count)
{
	const ml_schema *schema = &work->model->schema;
	double probability[ML_MAX_CLASSES];

	for (int64_t k = 0; k < count; k++)
	{
		double *row = at->row + k * work->width;

		ml_rows_gather(&work->rows, schema, work->rows.begin + i + k, row);
		row[work->feature] = value;
	}
	if (work->out->classes == 1)
		ml_model_scores(work->model, at->row, work->width, count, at->score + i);
	for (int64_t k = 0; k < count && work->out->classes > 1; k++)
	{
		ml_model_probabilities(work->model, at->row + k * work->width, probability);
		for (int c = 0; c < work->out->classes; c++)
			at->score[c * work->count + i + k] = probability[c];
	}
}

/* Scores all rows with that value into the seat. */
static ml_status
score_value(const dependence_work *work, double value, const seat *at, ml_worker *worker)
{
	for (int64_t i = 0; i < work->count; i += work->at_once)
	{
		int64_t left = work->count - i;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		score_block(work, value, at, i, left < work->at_once ? left : work->at_once);
	}
	return ML_OK;
}

/* The least score at or below which that share of the weight lies. */
static double
quantile_of(const dependence_work *work, const ml_keyed *sorted, double share)
{
	double below = 0;
	int64_t i = 0;

	for (; i < work->count - 1; i++)
	{
		below += weight_at(work, sorted[i].row);
		if (below >= share * work->total)
			break;
	}
	return ml_key_number(sorted[i].key);
}

static ml_status
take_value(void *argument, int64_t value, ml_worker *worker)
{
	const dependence_work *work = argument;
	const ml_dependence *out = work->out;
	const seat *at = &work->seat[worker->index];

	ML_TRY(score_value(work, out->value[value], at, worker));
	for (int k = 0; k < out->classes; k++)
	{
		const double *score = at->score + k * work->count;
		int64_t to = value * out->classes + k;
		ml_keyed *sorted;
		double sum = 0;

		for (int64_t i = 0; i < work->count; i++)
		{
			sum += weight_at(work, i) * score[i];
			at->items[i] =
			    (ml_keyed){.key = ml_number_key(score[i]), .row = (uint32_t) i};
		}
		out->mean[to] = sum / work->total;
		ML_TRY(
		    ml_sort_keyed(worker, at->items, at->spare, work->count, at->tally, &sorted));
		out->low[to] = quantile_of(work, sorted, LOW);
		out->high[to] = quantile_of(work, sorted, HIGH);
	}
	return ML_OK;
}

/* Values of the feature that the rows have, each with the row's weight. */
typedef struct known_values
{
	int64_t count;
	double *value;
	double *weight;
	double total;
} known_values;

static ml_status
read_values(ml_host *host, const dependence_work *work, known_values *known)
{
	bool number = work->model->schema.feature[work->feature].kind == ML_NUMBER;
	double *row;

	*known = (known_values){0};
	ML_NEW(host, row, ml_model_room(work->model));
	ML_NEW(host, known->value, work->count);
	ML_NEW(host, known->weight, work->count);
	for (int64_t i = 0; i < work->count; i++)
	{
		double x;

		ML_PAUSE(host, i);
		ml_rows_gather(&work->rows, &work->model->schema, work->rows.begin + i, row);
		x = row[work->feature];
		if (number ? isnan(x) : x < 0)
			continue;
		known->value[known->count] = x;
		known->weight[known->count++] = weight_at(work, i);
		known->total += weight_at(work, i);
	}
	return ML_OK;
}

/* Adds the value unless it was the last one, too. */
static void
add_value(ml_dependence *out, double value)
{
	if (out->values == 0 || out->value[out->values - 1] != value)
		out->value[out->values++] = value;
}

/* All different values, or quantiles that stand for equal shares of the rows. */
static ml_status
choose_numbers(ml_host *host, const known_values *known, int64_t points,
               ml_dependence *out)
{
	int64_t different = 0, at = 0;
	double below = 0;
	uint32_t *index;

	ML_NEW(host, index, known->count);
	ML_TRY(ml_sort_numbers(host, known->value, known->count, index));
	for (int64_t i = 0; i < known->count && different <= points; i++)
		different += i == 0 || known->value[index[i]] != known->value[index[i - 1]];
	for (int64_t i = 0; i < known->count && different <= points; i++)
		add_value(out, known->value[index[i]]);
	for (int64_t k = 0; k < points && different > points; k++)
	{
		double share = ((double) k + 0.5) / (double) points;

		for (; at < known->count - 1 &&
		       below + known->weight[index[at]] < share * known->total;
		     at++)
			below += known->weight[index[at]];
		add_value(out, known->value[index[at]]);
	}
	return ML_OK;
}

static int
by_weight(const void *context, uint32_t a, uint32_t b)
{
	const double *weight = context;

	return weight[a] > weight[b] ? -1 : weight[a] < weight[b];
}

/* Labels that occur, the most frequent first. */
static ml_status
choose_labels(ml_host *host, const ml_feature *feature, const known_values *known,
              int64_t points, ml_dependence *out)
{
	double *weight;
	uint32_t *index, *spare;

	ML_NEW(host, weight, feature->levels);
	ML_NEW(host, index, feature->levels);
	ML_NEW(host, spare, feature->levels);
	for (int64_t i = 0; i < known->count; i++)
		weight[(int) known->value[i]] += known->weight[i];
	for (int level = 0; level < feature->levels; level++)
		index[level] = (uint32_t) level;
	ML_TRY(ml_sort_indexes(host, index, spare, feature->levels, by_weight, weight));
	for (int i = 0; i < feature->levels && out->values < points; i++)
		if (weight[index[i]] > 0)
			add_value(out, index[i]);
	return ML_OK;
}

static ml_status
choose_values(ml_host *host, const dependence_work *work, int64_t points)
{
	const ml_feature *feature = &work->model->schema.feature[work->feature];
	ml_dependence *out = work->out;
	known_values known;

	ML_TRY(read_values(host, work, &known));
	ML_NEW(host, out->value, points + 1);
	if (feature->kind == ML_NUMBER)
		ML_TRY(choose_numbers(host, &known, points, out));
	else
		ML_TRY(choose_labels(host, feature, &known, points, out));
	if (known.count < work->count)
		out->value[out->values++] = feature->kind == ML_NUMBER ? NAN : -1;
	ML_NEW(host, out->mean, (int64_t) out->values * out->classes);
	ML_NEW(host, out->low, (int64_t) out->values * out->classes);
	ML_NEW(host, out->high, (int64_t) out->values * out->classes);
	return ML_OK;
}

static ml_status
open_work(ml_host *host, dependence_work *work)
{
	int32_t **code;

	ML_TRY(ml_rows_translate(host, work->model, &work->rows, &code));
	work->rows.code = code;
	ML_TRY(ml_rows_weights(host, &work->rows, &work->weight));
	for (int64_t i = 0; i < work->count; i++)
		work->total += weight_at(work, i);
	return ML_OK;
}

static ml_status
open_seats(ml_host *host, dependence_work *work)
{
	for (int i = 0; i < ml_pool_threads(host); i++)
	{
		seat *at = &work->seat[i];

		ML_NEW(host, at->row, work->at_once * work->width);
		ML_NEW_RAW(host, at->score, work->out->classes * work->count);
		ML_NEW_RAW(host, at->items, work->count);
		ML_NEW_RAW(host, at->spare, work->count);
		ML_NEW_RAW(host, at->tally, ML_SORT_TALLY);
	}
	return ML_OK;
}

static ml_status
take(ml_host *host, dependence_work *work, int64_t points)
{
	ML_TRY(open_work(host, work));
	ML_TRY(choose_values(host, work, points));
	ML_TRY(open_seats(host, work));
	return ml_parallel(host, work->out->values, take_value, work);
}

ml_status
ml_dependence_take(ml_host *host, const ml_model *model, const ml_rows *rows, int feature,
                   int64_t points, ml_dependence *out)
{
	dependence_work *work;
	ml_status status;

	*out = (ml_dependence){
	    .classes = model->schema.task == ML_MULTICLASS ? model->schema.classes : 1};
	if (rows->begin == rows->end)
		return ML_OK;
	ML_NEW(host, work, 1);
	*work = (dependence_work){.model = model,
	                          .rows = *rows,
	                          .count = rows->end - rows->begin,
	                          .width = ml_model_room(model),
	                          .at_once = ml_rows_at_once(ml_model_room(model)),
	                          .feature = feature,
	                          .out = out};
	ML_TRY(ml_pool_open(host));
	status = take(host, work, points);
	ml_pool_close(host);
	return status;
}
