/* SPDX-License-Identifier: PostgreSQL */
/*
 * calibrate.c: learning a calibration from the holdout.
 *
 * One half of the holdout calibrates and the other judges, since a curve that follows its own
 * rows looks better than it is.  Halves are shares of all keys, like the holdout itself: a row
 * never changes its side, and rows of one id are on one.
 */
#include "judge/calibrate.h"

#include <math.h>

#define MOST_STEPS 100
#define PRECISE 1e-10 /* of a gradient, per row */

/* Scores that follow each other and have one value. */
typedef struct pool
{
	double first;
	double last;
	double weight;
	double events;
} pool;

static inline double
mean_of(const pool *one)
{
	return one->events / one->weight;
}

static inline double
weight_of(const ml_outcomes *in, int64_t row)
{
	return in->weight != NULL ? in->weight[row] : 1;
}

/* Rows of equal score, from order[*at] on, as one pool. */
static pool
next_pool(const ml_outcomes *in, const uint32_t *order, int64_t *at)
{
	double score = in->score[order[*at]];
	pool one = {.first = score, .last = score};

	for (; *at < in->rows && in->score[order[*at]] == score; ++*at)
	{
		one.weight += weight_of(in, order[*at]);
		one.events += weight_of(in, order[*at]) * in->target[order[*at]];
	}
	return one;
}

/* Pools until their means ascend; answers how many there are. */
static ml_status
pool_violators(ml_host *host, const ml_outcomes *in, pool *pools, int64_t *count)
{
	int64_t made = 0;
	uint32_t *order;

	*count = 0;
	ML_NEW_RAW(host, order, in->rows);
	ML_TRY(ml_sort_numbers(host, in->score, in->rows, order));
	for (int64_t at = 0; at < in->rows;)
	{
		pool one = next_pool(in, order, &at);

		ML_PAUSE(host, made++);
		while (*count > 0 && mean_of(&pools[*count - 1]) >= mean_of(&one))
		{
			const pool *before = &pools[--*count];

			one.first = before->first;
			one.weight += before->weight;
			one.events += before->events;
		}
		pools[(*count)++] = one;
	}
	return ML_OK;
}

ml_status
ml_calibrate_isotonic(ml_host *host, const ml_outcomes *in, ml_fitted *fitted)
{
	int64_t count, points = 0;
	double *score, *value;
	pool *pools;

	ML_NEW_RAW(host, pools, in->rows);
	ML_TRY(pool_violators(host, in, pools, &count));
	for (int64_t i = 0; i < count; i++)
		points += 1 + (pools[i].last > pools[i].first);
	ML_TRY(ml_fitted_add(host, fitted, "calibration_score", points, &score));
	ML_TRY(ml_fitted_add(host, fitted, "calibration_value", points, &value));
	for (int64_t i = 0; i < count; i++)
	{
		*score++ = pools[i].first;
		*value++ = mean_of(&pools[i]);
		if (!(pools[i].last > pools[i].first))
			continue;
		*score++ = pools[i].last;
		*value++ = mean_of(&pools[i]);
	}
	return ML_OK;
}

/* A line through the log odds, in margins that are centered and scaled. */
typedef struct line
{
	const ml_outcomes *in;
	double mean, sd; /* of the margins */
	double yes, no;  /* Platt's targets */
	double weight;
	double intercept, slope;
} line;

/* Loss of a line, its gradient and its Hessian. */
typedef struct slant
{
	double loss;
	double gradient[2];
	double hessian[3]; /* by intercept twice, by both, by slope twice */
} slant;

static ml_status
measure(ml_host *host, const line *l, slant *out)
{
	*out = (slant){0};
	for (int64_t row = 0; row < l->in->rows; row++)
	{
		double x = (l->in->score[row] - l->mean) / l->sd, w = weight_of(l->in, row);
		double z = l->intercept + l->slope * x, p = 1 / (1 + exp(-z));
		double t = l->in->target[row] > 0 ? l->yes : l->no;

		ML_PAUSE(host, row);
		out->loss += w * (log1p(exp(-fabs(z))) + (z > 0 ? z : 0) - t * z);
		out->gradient[0] += w * (p - t);
		out->gradient[1] += w * (p - t) * x;
		out->hessian[0] += w * p * (1 - p);
		out->hessian[1] += w * p * (1 - p) * x;
		out->hessian[2] += w * p * (1 - p) * x * x;
	}
	return ML_OK;
}

/* A Newton step, halved until the loss falls; false where it falls no more. */
static ml_status
step(ml_host *host, line *l, slant *here, bool *moved)
{
	const double *h = here->hessian, *g = here->gradient;
	double ridge = 1e-12 * l->weight;
	double det = (h[0] + ridge) * (h[2] + ridge) - h[1] * h[1];
	double change[2] = {((h[2] + ridge) * g[0] - h[1] * g[1]) / det,
	                    ((h[0] + ridge) * g[1] - h[1] * g[0]) / det};

	*moved = false;
	for (double share = 1; share > 1e-10; share /= 2)
	{
		line tried = *l;
		slant there;

		tried.intercept -= share * change[0];
		tried.slope -= share * change[1];
		ML_TRY(measure(host, &tried, &there));
		if (!(there.loss < here->loss))
			continue;
		*l = tried;
		*here = there;
		*moved = true;
		return ML_OK;
	}
	return ML_OK;
}

/* Center and spread of the margins, and targets that a few more rows of either class would give. */
static ml_status
set_out(ml_host *host, line *l)
{
	double events = 0, squares = 0;

	for (int64_t row = 0; row < l->in->rows; row++)
	{
		double w = weight_of(l->in, row), away = l->in->score[row] - l->mean;

		ML_PAUSE(host, row);
		l->weight += w;
		events += w * l->in->target[row];
		l->mean += w / l->weight * away;
		squares += w * away * (l->in->score[row] - l->mean);
	}
	l->sd = sqrt(squares / l->weight);
	l->yes = (events + 1) / (events + 2);
	l->no = 1 / (l->weight - events + 2);
	l->intercept = (events * l->yes + (l->weight - events) * l->no) / l->weight;
	l->intercept = log(l->intercept / (1 - l->intercept));
	return isfinite(l->sd) ? ML_OK : ML_NOT_NUMERIC;
}

ml_status
ml_calibrate_platt(ml_host *host, const ml_outcomes *in, ml_fitted *fitted)
{
	line l = {.in = in};
	double *margin, level;
	bool moved;

	ML_TRY(set_out(host, &l));
	level = l.intercept;
	moved = l.sd > 0;
	for (int i = 0; i < MOST_STEPS && moved; i++)
	{
		slant here;

		ML_TRY(measure(host, &l, &here));
		if (fabs(here.gradient[0]) + fabs(here.gradient[1]) <= PRECISE * l.weight)
			break;
		ML_TRY(step(host, &l, &here, &moved));
	}
	ML_TRY(ml_fitted_add(host, fitted, "calibration_margin", 2, &margin));
	/* the loss is convex: of lines that do not fall the level one is the best then */
	margin[1] = l.slope > 0 ? l.slope / l.sd : 0;
	margin[0] = l.slope > 0 ? l.intercept - margin[1] * l.mean : level;
	return ML_OK;
}

static double
margin_itself(const void *state, double margin)
{
	return margin;
}

/* Enough rows, of both classes, in [begin, end) of the holdout. */
static ml_status
check_half(ml_host *host, const ml_problem *problem, int64_t begin, int64_t end)
{
	int64_t rows[2] = {0, 0};

	for (int64_t row = begin; row < end; row++)
		rows[*ml_numbers_at(problem->target, row) > 0]++;
	host->fault.count = end - begin;
	return rows[0] > 0 && rows[1] > 0 && end - begin >= ML_CALIBRATION_ROWS
	           ? ML_OK
	           : ML_NO_CALIBRATION;
}

/* What came out of those rows, with their scores or, for Platt, their margins. */
static ml_status
read_half(ml_host *host, const ml_problem *problem, const ml_model *model, bool margins,
          ml_outcomes *out)
{
	ml_rows rows = {
	    .frame = problem->frame, .begin = problem->judged, .end = problem->begin};
	ml_learner plain = *model->learner;
	ml_model view = *model;
	double *score, *target, *weight;

	if (margins)
		plain.respond = margin_itself;
	view.learner = &plain;
	out->rows = rows.end - rows.begin;
	ML_NEW_RAW(host, score, out->rows);
	ML_TRY(ml_score_range(host, &view, &rows, score));
	ML_TRY(ml_numbers_of_range(host, problem->target, rows.begin, rows.end, &target));
	ML_TRY(ml_numbers_of_range(host, problem->weight, rows.begin, rows.end, &weight));
	out->score = score;
	out->target = target;
	out->weight = weight;
	return ML_OK;
}

int64_t
ml_judging_rows(const ml_frame *frame, int64_t holdout, const ml_common_options *options)
{
	ml_frame held = *frame;

	held.rows = holdout;
	return ml_frame_below(&held, options->holdout / 2);
}

ml_status
ml_calibrate(ml_host *host, const ml_common_options *options, ml_problem *problem,
             ml_model *model)
{
	bool platt = ml_text_is(options->calibrate, "platt");
	ml_outcomes half = {0};

	problem->judged = ml_judging_rows(problem->frame, problem->begin, options);
	ML_TRY(check_half(host, problem, 0, problem->judged));
	ML_TRY(check_half(host, problem, problem->judged, problem->begin));
	ML_TRY(read_half(host, problem, model, platt, &half));
	ML_TRY(platt ? ml_calibrate_platt(host, &half, &model->fitted)
	             : ml_calibrate_isotonic(host, &half, &model->fitted));
	return ml_calibration_read(&model->fitted, model->schema.task, &model->calibration);
}
