/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting_start.c: where boosting starts: offsets, the best constant, or an earlier forest.
 *
 * With offsets o_i the base is the b at which the loss's slope over all rows is zero:
 *
 *	squared		mean of y - o
 *	logistic	sum w (1 / (1 + exp(-b - o)) - y) = 0, by Newton's method within bounds
 *	the others	log(sum w y exp((1-p) o) / sum w exp((2-p) o)), p the power of the mean
 *				that the variance goes with: 1 of poisson, 2 of gamma
 *
 * Until then the margins hold the offsets alone.
 */
#include "learn/learn.h"

#include <math.h>

#define NEWTON_STEPS 100
#define NEWTON_ENOUGH 1e-12

/* Sums over the rows that trees are grown on. */
typedef struct target_sums
{
	double *sum;      /* [margins] of targets, or of each class's weight */
	double all;       /* that these are shares of */
	double low, high; /* of the offsets */
} target_sums;

static void
add_target(const ml_booster *b, double y, double weight, double offset, target_sums *sums)
{
	double all = weight;

	sums->low = offset < sums->low ? offset : sums->low;
	sums->high = offset > sums->high ? offset : sums->high;
	if (b->margins > 1)
		sums->sum[(int) y] += weight;
	else if (b->offsets.count == 0 || b->objective->task == ML_BINARY)
		*sums->sum += weight * (y / b->unit);
	else if (b->objective->has_log)
	{
		*sums->sum += weight * y * exp((1 - b->parameter) * offset);
		all *= exp((2 - b->parameter) * offset);
	}
	else
		*sums->sum += weight * (y / b->unit - offset);
	sums->all += all;
}

static ml_status
sum_targets(ml_booster *b, target_sums *sums)
{
	const ml_problem *problem = b->problem;

	for (int64_t row = 0; row < b->rows; row++)
	{
		double y = *ml_numbers_at(problem->target, problem->begin + row);
		double weight = ml_booster_weight(b, problem->begin + row);

		ML_PAUSE(b->host, row);
		if (y < b->objective->least)
			return ML_TARGET_BELOW;
		if (b->objective->above && !(y > b->objective->least))
			return ML_TARGET_NOT_ABOVE;
		b->most_weight = weight > b->most_weight ? weight : b->most_weight;
		if (row < b->aside)
			b->aside_weight += weight;
		else
			add_target(b, y, weight, b->margin[row], sums);
	}
	return ML_OK;
}

/*
 * The constant beside the offsets at which the mean probability is that.  It lies between what
 * the least and the greatest offset alone would make it; steps that lead out of what is left of
 * that halve it.
 */
static ml_status
meet_mean(const ml_booster *b, double mean, const target_sums *sums, double *base)
{
	double low = *base - sums->high, high = *base - sums->low, x = (low + high) / 2;

	for (int step = 0; step < NEWTON_STEPS; step++)
	{
		double slope = 0, curvature = 0, last = x;

		for (int64_t row = b->aside; row < b->rows; row++)
		{
			double weight = ml_booster_weight(b, b->problem->begin + row);
			double p = b->objective->respond(x + b->margin[row]);

			ML_PAUSE(b->host, row);
			slope += weight * (p - mean);
			curvature += weight * p * (1 - p);
		}
		if (slope > 0)
			high = x;
		else
			low = x;
		x -= slope / curvature;
		if (!(x >= low && x <= high))
			x = (low + high) / 2;
		if (!(fabs(x - last) > NEWTON_ENOUGH * (1 + fabs(x))))
			break;
	}
	*base = x;
	return ML_OK;
}

/* The mean, or the quantile, of the rows that trees are grown on, on the scale of margins. */
static ml_status
find_base(ml_booster *b, double *base)
{
	target_sums sums = {.sum = base, .low = INFINITY, .high = -INFINITY};

	ML_TRY(sum_targets(b, &sums));
	if (b->objective->quantiles)
	{
		ML_TRY(ml_grower_draw(&b->grower, b->problem, b->aside, 1));
		return ml_booster_quantile(b, b->grower.order, b->grower.rows, base);
	}
	for (int k = 0; k < b->margins; k++)
	{
		double mean = base[k] / sums.all, least = 0.5 / sums.all;

		if (b->margins > 1)
			base[k] = log(mean > least ? mean : least);
		else if (b->objective->task == ML_BINARY)
		{
			mean = mean < least ? least : mean > 1 - least ? 1 - least : mean;
			base[k] = log(mean / (1 - mean));
			if (b->offsets.count > 0)
				ML_TRY(meet_mean(b, mean, &sums, &base[k]));
		}
		else
			base[k] = b->objective->has_log ? log(mean > 0 ? mean : least) : mean;
		if (!isfinite(base[k]))
			return ML_NOT_NUMERIC;
	}
	return ML_OK;
}

static ml_status
offsets_task(void *argument, int64_t task, ml_worker *worker)
{
	ml_booster *b = argument;
	ml_span s = ml_booster_span(b, task);
	double *margin = b->margin + s.first;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	ml_offsets_fill(&b->offsets, b->problem->frame, s.row, s.count, margin);
	for (int i = 0; i < s.count; i++)
		margin[i] /= b->unit;
	return ML_OK;
}

/* Margins of a block of rows by the forest so far. */
typedef struct resume_work
{
	ml_booster *b;
	const void *state;
	double *row[ML_MAX_THREADS];
	double *margin[ML_MAX_THREADS]; /* [margins] */
} resume_work;

static ml_status
resume_task(void *argument, int64_t task, ml_worker *worker)
{
	resume_work *work = argument;
	ml_booster *b = work->b;
	const ml_schema *schema = b->problem->schema;
	double *row = work->row[worker->index], *margin = work->margin[worker->index];
	ml_span s = ml_booster_span(b, task);

	for (int i = 0; i < s.count; i++)
	{
		if (i % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		for (int f = 0; f < schema->features; f++)
		{
			const ml_column *column =
			    &b->problem->frame->column[schema->feature[f].column];

			row[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, s.row + i)
			                                   : *ml_codes_at(column, s.row + i);
		}
		if (b->margins > 1)
			ml_class_forests_margins(work->state, row, margin);
		else
			*margin = ml_forest_margin(work->state, row);
		for (int k = 0; k < b->margins; k++)
			b->margin[k * b->rows + s.first + i] = margin[k] / b->unit;
	}
	return ML_OK;
}

/* The forest so far is written and read as any model is, which makes it ready to score. */
static ml_status
resume(ml_booster *b)
{
	const ml_schema *schema = b->problem->schema;
	resume_work work = {.b = b};
	ml_forest_state *forest;
	ml_fitted *fitted;
	void *state;

	ML_NEW(b->host, fitted, 1);
	ML_TRY(ml_forest_write_nodes(b->host, &b->forest, fitted));
	if (b->margins > 1)
	{
		ML_TRY(ml_class_forests_prepare(b->host, schema, fitted, &state));
		ML_TRY(ml_class_forests_equip(b->host, schema, state));
	}
	else
	{
		ML_TRY(ml_forest_prepare(b->host, schema, fitted, &forest));
		ML_TRY(ml_forest_equip(b->host, schema, forest));
		state = forest;
	}
	work.state = state;
	for (int i = 0; i < ml_pool_threads(b->host); i++)
	{
		ML_NEW(b->host, work.row[i], schema->features);
		ML_NEW(b->host, work.margin[i], b->margins);
	}
	return ml_parallel(b->host, b->chunks, resume_task, &work);
}

ml_status
ml_booster_start(ml_booster *b)
{
	double *base = b->base;

	ML_TRY(ml_offsets_find(b->host, b->problem->schema, &b->offsets));
	if (b->offsets.count > 0)
		ML_TRY(ml_parallel(b->host, b->chunks, offsets_task, b));
	ML_TRY(find_base(b, base));
	if (b->problem->earlier != NULL)
		return resume(b);
	for (int k = 0; k < b->margins; k++)
	{
		double *margin = b->margin + k * b->rows;

		for (int64_t row = 0; row < b->rows; row++)
			margin[row] += base[k];
		base[k] *= b->unit;
	}
	return ML_OK;
}
