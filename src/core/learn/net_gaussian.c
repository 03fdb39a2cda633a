/* SPDX-License-Identifier: PostgreSQL */
/*
 * net_gaussian.c: the path of a quadratic loss from one Gram matrix per fold.
 *
 * With G = X'WX and c = X'W y of some rows their loss at b is  L - c.b + b'Gb/2,  where L is
 * the loss at zero.  That serves the fit of all rows, the fits without a fold, and
 * the error that a fold meets.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct least_squares
{
	ml_path *path;
	double *gradient; /* [folds][cols] c of each fold */
	double *loss;     /* [folds] L */
	double *total;    /* [views][cols] c of each view */
	double *zero;     /* [cols] */
} least_squares;

/* c.b - b'Gb/2 of a fold: what a fit takes off its loss. */
static double
gain_of(const least_squares *s, int fold, const double *beta)
{
	const ml_sweep *sweep = &s->path->sweep;
	int64_t cols = s->path->design.cols;
	double gain = 0;

	for (int64_t i = 0; i < cols; i++)
	{
		const double *row = sweep->gram[fold] + i * cols;
		double sum = 0;

		if (beta[i] == 0)
			continue;
		for (int64_t j = i + 1; j < cols; j++)
			sum += row[j] * beta[j];
		gain += beta[i] * (s->gradient[fold * cols + i] - sum - row[i] * beta[i] / 2);
	}
	return gain;
}

/* The steps of a view from first on, each from the one before it. */
static ml_status
descend_view(const least_squares *s, int v, int k, ml_worker *worker)
{
	ml_path *path = s->path;
	const ml_net_model *model = &path->model[v];
	int64_t cols = path->design.cols, n = model->n;
	const double *before = k > 0 ? path->beta[v] + (k - 1) * cols : s->zero;
	double *gradient = path->scratch[worker->index];
	ml_net_step step = {.view = v,
	                    .lambda = path->lambda[k],
	                    .model = model,
	                    .at = before,
	                    .to = path->beta[v] + k * cols};

	/* made anew for each step, lest rounding errors add up */
	gradient[0] = s->total[v * cols] - path->view[v].rows * model->curvature * before[0];
	for (int64_t a = 0; a < n; a++)
		gradient[0] -= path->view[v].rows * model->curvature * model->cross[a] *
		               before[model->column[a]];
	for (int64_t a = 0; a < n; a++)
	{
		const double *h = model->h + a * n;
		double sum = 0;

		if ((a & 255) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		for (int64_t b = 0; b < n; b++)
			sum += h[b] * before[1 + b];
		gradient[1 + a] = s->total[v * cols + 1 + a] +
		                  model->cross[a] * (gradient[0] - s->total[v * cols]) -
		                  path->view[v].rows * sum;
	}
	step.gradient = gradient;
	return ml_net_newton(path, &step, worker);
}

static ml_status
descend_without(void *argument, int64_t task, ml_worker *worker)
{
	const least_squares *s = argument;
	ml_path *path = s->path;
	int v = (int) task;

	for (int k = 0; k < path->steps; k++)
	{
		ML_TRY(descend_view(s, v, k, worker));
		path->held[(int64_t) v * path->room + k] =
		    s->loss[v] - gain_of(s, v, path->beta[v] + (int64_t) k * path->design.cols);
	}
	return ML_OK;
}

/* The matrices of all folds, and of all views their c and the unit of the target. */
static ml_status
sum_up(least_squares *s)
{
	ml_path *path = s->path;
	int cols = path->design.cols, folds = path->sweep.folds;
	ml_sweep_job job = {.points = 1,
	                    .beta = s->zero,
	                    .curved = true,
	                    .columns = cols - 1,
	                    .column = path->column,
	                    .index = path->index};

	for (int j = 1; j < cols; j++)
		path->column[j - 1] = j;
	ML_TRY(ml_sweep_run(path->host, &path->sweep, &job));
	path->iterations = 1;
	memcpy(s->gradient, path->sweep.gradient,
	       sizeof(double) * (size_t) folds * (size_t) cols);
	memcpy(s->loss, path->sweep.loss_of, sizeof(double) * (size_t) folds);
	for (int v = 0; v <= path->all; v++)
	{
		path->model[v].n = cols - 1;
		path->model[v].column = path->column;
	}
	ML_TRY(ml_net_models(path, path->model, 0, path->all + 1));
	for (int v = 0; v <= path->all; v++)
	{
		double *total = s->total + (int64_t) v * cols, loss = 0;

		for (int f = 0; f < folds; f++)
			if (f != v || v == path->all)
			{
				loss += s->loss[f];
				for (int j = 0; j < cols; j++)
					total[j] += s->gradient[(int64_t) f * cols + j];
			}
		loss -= total[0] * total[0] / (path->view[v].rows * path->model[v].curvature) / 2;
		path->view[v].unit = loss > 0 ? sqrt(2 * loss / path->view[v].rows) : 1;
		path->null_loss = loss;
	}
	return ML_OK;
}

/* The path of all rows, as far as it explains more and more. */
static ml_status
descend_all_rows(least_squares *s)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols;
	ml_worker worker = {.host = path->host};
	double loss = 0, *alone;

	ML_NEW(path->host, alone, cols);
	for (int64_t a = 1; a < cols; a++)
		alone[a] = s->total[path->all * cols + a] -
		           path->model[path->all].cross[a - 1] * s->total[path->all * cols];
	ml_net_lay_path(path, alone);
	for (int f = 0; f < path->sweep.folds; f++)
		loss += s->loss[f];
	while (path->steps < path->room)
	{
		double *now = &path->loss[path->steps];

		ML_TRY(descend_view(s, path->all, path->steps, &worker));
		*now = loss;
		for (int f = 0; f < path->sweep.folds; f++)
			*now -= gain_of(s, f, path->beta[path->all] + path->steps * cols);
		*now = *now > 0 ? *now : 0;
		path->steps++;
		ml_progress(path->host, ML_STAGE_FIT, path->steps, path->room);
		if (ml_net_ends(path))
			break;
	}
	return ML_OK;
}

ml_status
ml_net_least_squares(ml_path *path)
{
	least_squares s = {.path = path};
	int64_t cols = path->design.cols;

	ML_NEW(path->host, s.gradient, path->sweep.folds * cols);
	ML_NEW(path->host, s.loss, path->sweep.folds);
	ML_NEW(path->host, s.total, (path->all + 1) * cols);
	ML_NEW(path->host, s.zero, cols);
	ML_TRY(sum_up(&s));
	ML_TRY(descend_all_rows(&s));
	return ml_parallel(path->host, path->all, descend_without, &s);
}
