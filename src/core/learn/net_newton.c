/* SPDX-License-Identifier: PostgreSQL */
/*
 * net_newton.c: the path of any loss by proximal Newton.
 *
 * The path of all rows walks ahead.  At each penalty it leaves behind the last point it
 * has looked at, with the gradient of every fold there.  These gather until the model changes
 * or there are as many as one sweep can take; then the fits without a fold start from there
 * and go on together, one sweep of the rows for all of them, until each rests.  A fit
 * that does not come to rest in a few sweeps is finished alone, with models of its own.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define REST_ALL 1e-19 /* what is left to go, squared, where the path of all rows rests */
#define REST_FOLD                                                                        \
	1e-11 /* where the fits without a fold do: they serve the choice alone */
#define REST_PASSING 1e-4 /* on the way to a penalty that is given */
#define SLOW 0.01  /* a step's size to the one before it, above which the model is old */
#define LASTS 0.5  /* of the penalty a model was made for: it is made anew */
#define TOGETHER 6 /* sweeps before a fit is finished alone */
#define HALVINGS 30

/* A fit without a fold on its way. */
typedef struct net_fit
{
	ml_net_step step;
	double *at;       /* [cols] where gradient and value are known */
	double *gradient; /* [cols] */
	double *to;       /* [cols] where to go */
	double value;     /* of f */
	double before;    /* size of the step before */
	int k;            /* of the path */
	bool rests;
	bool alone;
} net_fit;

typedef struct walker
{
	ml_path *path;
	double *at;            /* [cols] where the fit of all rows was looked at */
	double *origin;        /* [cols] where it was before that */
	double *to;            /* [cols] where it goes */
	double *fold_gradient; /* [folds][cols] at that point */
	double *fold_loss;     /* [folds] */
	double *gradient;      /* [cols] their sum */
	double *before;        /* [cols] the gradient at the point before */
	double *step;          /* [2][cols] work space */
	double made_for;       /* the penalty that the model was made for */
	double loss;
	bool old; /* the model is to be made anew */

	int points;     /* gathered */
	int point_room; /* at most so many */
	double *point;  /* [point_room][1 + folds][cols] at, and gradients of the folds */
	double *value;  /* [point_room][folds] losses of the folds */
	net_fit *fit;   /* [folds * point_room] fold by fold */
	int fits;
	net_fit **pending; /* those of the sweep under way */
	int *without;
	double *beta; /* [fits][cols] */

	ml_net_model own; /* of a fit that is finished alone */
	int *own_column;
} walker;

/* Has a step of that size, after one of the size before, come to rest? */
static bool
rests(double size, double before, double enough)
{
	return size <= enough || size * (size / before) * 10 <= enough;
}

/* Looks at a point: losses and gradients of the folds, and a model if it is to be new. */
static ml_status
look(walker *s, double lambda)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols, folds = path->sweep.folds;
	ml_sweep_job job = {
	    .points = 1, .beta = s->to, .curved = s->old, .index = path->index};

	if (s->old)
	{
		int n;

		s->made_for = lambda;
		n = ml_net_choose(path, path->all, lambda, s->to, s->gradient, path->column);

		memset(path->modelled, 0, (size_t) cols);
		for (int a = 0; a < n; a++)
			path->modelled[path->column[a]] = true;
		for (int v = 0; v <= path->all; v++)
		{
			path->model[v].n = n;
			path->model[v].column = path->column;
		}
		job.columns = n;
		job.column = path->column;
	}
	ML_TRY(ml_sweep_run(path->host, &path->sweep, &job));
	path->iterations++;
	memcpy(s->at, s->to, sizeof(double) * (size_t) cols);
	memcpy(s->fold_gradient, path->sweep.gradient,
	       sizeof(double) * (size_t) (folds * cols));
	memcpy(s->fold_loss, path->sweep.loss_of, sizeof(double) * (size_t) folds);
	memset(s->gradient, 0, sizeof(double) * (size_t) cols);
	s->loss = 0;
	for (int64_t f = 0; f < folds; f++)
	{
		s->loss += s->fold_loss[f];
		for (int64_t j = 0; j < cols; j++)
			s->gradient[j] += s->fold_gradient[f * cols + j];
	}
	if (s->old)
		ML_TRY(ml_net_models(path, path->model, 0, path->all + 1));
	s->old = false;
	return ML_OK;
}

/* A step must not make f larger than this, but for rounding. */
static double
ceiling(double value)
{
	return value + 1e-10 * (fabs(value) + 1);
}

/* The fit of a view by itself, with a new model at every point; from fit->to on. */
static ml_status
finish_alone(walker *s, net_fit *fit)
{
	ml_path *path = s->path;
	ml_worker worker = {.host = path->host};
	int64_t cols = path->design.cols;
	int v = fit->step.view, halvings = 0;

	fit->before = INFINITY;
	s->own.column = s->own_column;
	fit->step.model = &s->own;
	for (int64_t i = 0; i < path->net->max_iterations && halvings < HALVINGS; i++)
	{
		ml_sweep_job job = {.points = 1,
		                    .beta = fit->to,
		                    .without = v < path->all ? &v : NULL,
		                    .curved = true,
		                    .column = s->own_column,
		                    .index = path->index};
		double value = ml_net_penalty(path, v, fit->step.lambda, fit->to);

		job.columns = s->own.n = ml_net_choose(path, v, fit->step.lambda, fit->to,
		                                       fit->gradient, s->own_column);
		ML_TRY(ml_sweep_run(path->host, &path->sweep, &job));
		path->iterations++;
		for (int f = 0; f < path->sweep.folds; f++)
			value += path->sweep.loss_of[f];
		if (!(value <= ceiling(fit->value)))
		{
			halvings++;
			for (int64_t j = 0; j < cols; j++)
				fit->to[j] = (fit->to[j] + fit->at[j]) / 2;
			continue;
		}
		fit->value = value;
		memcpy(fit->at, fit->to, sizeof(double) * (size_t) cols);
		memset(fit->gradient, 0, sizeof(double) * (size_t) cols);
		for (int f = 0; f < path->sweep.folds; f++)
			for (int64_t j = 0; j < cols; j++)
				fit->gradient[j] += path->sweep.gradient[f * cols + j];
		ML_TRY(ml_net_models(path, &s->own, v, 1));
		ML_TRY(ml_net_newton(path, &fit->step, &worker));
		if (rests(fit->step.size, fit->before, REST_FOLD))
			break;
		fit->before = fit->step.size;
	}
	return ML_OK;
}

typedef struct fit_work
{
	walker *walker;
	net_fit **fit;
	double enough;
} fit_work;

static ml_status
step_fit(void *argument, int64_t task, ml_worker *worker)
{
	fit_work *work = argument;
	net_fit *fit = work->fit[task];

	fit->before = fit->step.size;
	ML_TRY(ml_net_newton(work->walker->path, &fit->step, worker));
	fit->rests = rests(fit->step.size, fit->before, REST_FOLD);
	return ML_OK;
}

/* The fits without a fold begin where the fit of all rows was looked at. */
static void
begin_fits(walker *s)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols, folds = path->all;

	s->fits = 0;
	for (int v = 0; v < folds; v++)
		for (int i = 0; i < s->points; i++)
		{
			const double *point = s->point + i * (1 + folds) * cols;
			net_fit *fit = &s->fit[s->fits++];

			fit->k = path->steps - s->points + i;
			fit->step = (ml_net_step){.view = v,
			                          .lambda = path->lambda[fit->k],
			                          .model = &path->model[v],
			                          .at = fit->at,
			                          .gradient = fit->gradient,
			                          .to = fit->to,
			                          .size = INFINITY};
			fit->rests = fit->alone = false;
			memcpy(fit->at, point, sizeof(double) * (size_t) cols);
			memset(fit->gradient, 0, sizeof(double) * (size_t) cols);
			fit->value = ml_net_penalty(path, v, fit->step.lambda, fit->at);
			for (int64_t f = 0; f < folds; f++)
			{
				if (f == v)
					continue;
				fit->value += s->value[i * folds + f];
				for (int64_t j = 0; j < cols; j++)
					fit->gradient[j] += point[(1 + f) * cols + j];
			}
		}
}

/* What the sweep has found at a fit's point; a point that is worse is not gone to. */
static void
take_in(walker *s, net_fit *fit, int point, int points)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols;
	double value = ml_net_penalty(path, fit->step.view, fit->step.lambda, fit->to);

	for (int f = 0; f < path->all; f++)
		value += path->sweep.loss_of[f * points + point];
	if (!(value <= ceiling(fit->value)))
	{
		fit->alone = true;
		return;
	}
	fit->value = value;
	memcpy(fit->at, fit->to, sizeof(double) * (size_t) cols);
	memset(fit->gradient, 0, sizeof(double) * (size_t) cols);
	for (int64_t f = 0; f < path->all; f++)
		for (int64_t j = 0; j < cols; j++)
			fit->gradient[j] += path->sweep.gradient[(f * points + point) * cols + j];
	fit->alone = ml_net_violates(path, fit->step.view, fit->step.lambda, fit->gradient);
}

/* Lists the fits on their way, fold by fold. */
static int
list_pending(walker *s)
{
	int64_t cols = s->path->design.cols;
	int count = 0;

	for (int i = 0; i < s->fits; i++)
	{
		net_fit *fit = &s->fit[i];

		if (fit->rests || fit->alone)
			continue;
		s->without[count] = fit->step.view;
		memcpy(s->beta + count * cols, fit->to, sizeof(double) * (size_t) cols);
		s->pending[count++] = fit;
	}
	return count;
}

/* All fits without a fold at the points that have gathered. */
static ml_status
fit_folds(walker *s)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols;
	fit_work work = {.walker = s, .fit = s->pending};
	int count;

	begin_fits(s);
	for (int round = 0; (count = list_pending(s)) > 0; round++)
	{
		ml_sweep_job job = {.points = count, .beta = s->beta, .without = s->without};
		int stepping = 0;

		if (round == TOGETHER)
			break;
		if (round > 0)
		{
			ML_TRY(ml_sweep_run(path->host, &path->sweep, &job));
			path->iterations++;
			for (int i = 0; i < count; i++)
				take_in(s, s->pending[i], i, count);
		}
		for (int i = 0; i < count; i++)
			if (!s->pending[i]->alone)
				s->pending[stepping++] = s->pending[i];
		ML_TRY(ml_parallel(path->host, stepping, step_fit, &work));
		/* a first step has none before it to be compared with */
		for (int i = 0; round == 0 && i < s->fits; i++)
			s->fit[i].rests = s->fit[i].step.size <= REST_FOLD;
	}
	for (int i = 0; i < s->fits; i++)
	{
		if (!s->fit[i].rests)
			ML_TRY(finish_alone(s, &s->fit[i]));
		memcpy(path->beta[s->fit[i].step.view] + s->fit[i].k * cols, s->fit[i].to,
		       sizeof(double) * (size_t) cols);
	}
	s->points = 0;
	return ML_OK;
}

/*
 * Has the model of all rows agree with how the gradient has changed along the last step
 * (the update of Broyden, Fletcher, Goldfarb and Shanno): the next step goes in nearly
 * the same direction, so that most of what an old model gets wrong is mended.
 */
static ml_status
learn_from_step(walker *s)
{
	ml_path *path = s->path;
	ml_net_model *model = &path->model[path->all];
	double rows = path->view[path->all].rows, along = 0, curved = 0;
	double own = s->before[0] - s->gradient[0];
	double *y = s->step, *hs = s->step + model->n;

	memset(hs, 0, sizeof(double) * (size_t) model->n);
	for (int a = 0; a < model->n; a++)
	{
		int j = model->column[a];
		double step = s->at[j] - s->origin[j];

		if ((a & 255) == 0 && ml_stop(path->host))
			return ML_STOPPED;
		y[a] = (s->before[j] - s->gradient[j] - model->cross[a] * own) / rows;
		along += step * y[a];
		for (int b = 0; step != 0 && b < model->n; b++)
			hs[b] += step * model->h[(int64_t) a * model->n + b];
	}
	for (int a = 0; a < model->n; a++)
		curved += (s->at[model->column[a]] - s->origin[model->column[a]]) * hs[a];
	for (int a = 0; along > 0 && curved > 0 && a < model->n; a++)
	{
		if ((a & 255) == 0 && ml_stop(path->host))
			return ML_STOPPED;
		for (int b = 0; b < model->n; b++)
			model->h[(int64_t) a * model->n + b] +=
			    y[a] * y[b] / along - hs[a] * hs[b] / curved;
	}
	return ML_OK;
}

/* The fits without a fold are made before the model they rest on goes. */
static ml_status
renew(walker *s, double lambda)
{
	bool old = s->old;

	if (old && s->points > 0)
		ML_TRY(fit_folds(s));
	memcpy(s->before, s->gradient, sizeof(double) * (size_t) s->path->design.cols);
	ML_TRY(look(s, lambda));
	return old ? ML_OK : learn_from_step(s);
}

/* The fit of all rows for one penalty, from where it was looked at last. */
static ml_status
walk(walker *s, double lambda, double enough)
{
	ml_path *path = s->path;
	ml_worker worker = {.host = path->host};
	size_t bytes = sizeof(double) * (size_t) path->design.cols;
	ml_net_step step = {.view = path->all,
	                    .lambda = lambda,
	                    .model = &path->model[path->all],
	                    .at = s->at,
	                    .gradient = s->gradient,
	                    .to = s->to};
	double value = s->loss + ml_net_penalty(path, path->all, lambda, s->at), before;
	int halvings = 0;

	s->old = s->old || lambda < LASTS * s->made_for;
	ML_TRY(ml_net_newton(path, &step, &worker));
	for (int64_t i = 0; i < path->net->max_iterations; i++)
	{
		double now;

		memcpy(s->origin, s->at, bytes);
		before = step.size;
		ML_TRY(renew(s, lambda));
		now = s->loss + ml_net_penalty(path, path->all, lambda, s->at);
		if (!(now <= ceiling(value)) && halvings++ < HALVINGS)
		{
			/* back half the way; what was there is looked at again if need be */
			for (int j = 0; j < path->design.cols; j++)
				s->to[j] = (s->at[j] + s->origin[j]) / 2;
			memcpy(s->at, s->origin, bytes);
			s->old = true;
			continue;
		}
		value = now;
		if (ml_net_violates(path, path->all, lambda, s->gradient))
		{
			s->old = true;
			memcpy(s->to, s->at, bytes);
			ML_TRY(renew(s, lambda));
		}
		ML_TRY(ml_net_newton(path, &step, &worker));
		s->old = step.size > SLOW * before;
		if (rests(step.size, before, enough))
			return ML_OK;
	}
	path->converged = false;
	return ML_OK;
}

/* Keeps the fit of a step, and where the fits without a fold are to begin. */
static ml_status
keep_step(walker *s)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols, folds = path->all;
	double *point = s->point + s->points * (1 + folds) * cols;
	double loss = s->loss;

	memcpy(path->beta[path->all] + path->steps * cols, s->to,
	       sizeof(double) * (size_t) cols);
	for (int64_t j = 0; j < cols; j++)
		loss -= s->gradient[j] * (s->to[j] - s->at[j]);
	path->loss[path->steps++] = loss;
	ml_progress(path->host, ML_STAGE_FIT, path->steps, path->room);
	if (folds == 0)
		return ML_OK;
	memcpy(point, s->at, sizeof(double) * (size_t) cols);
	memcpy(point + cols, s->fold_gradient, sizeof(double) * (size_t) (folds * cols));
	memcpy(s->value + s->points * folds, s->fold_loss, sizeof(double) * (size_t) folds);
	return ++s->points == s->point_room ? fit_folds(s) : ML_OK;
}

/* The fit without columns; its gradient tells where the path begins. */
static ml_status
walk_to_null(walker *s)
{
	ml_path *path = s->path;

	s->to[0] = path->net->start;
	s->old = true;
	for (int64_t i = 0; i < path->net->max_iterations; i++)
	{
		double change;

		/* no gradient is larger than an infinite penalty */
		ML_TRY(look(s, INFINITY));
		change = s->gradient[0] /
		         (path->model[path->all].curvature * path->view[path->all].rows);
		if (!isfinite(change))
			return ML_NOT_NUMERIC;
		if (change * change <= REST_ALL)
			break;
		s->to[0] += change;
		s->old = true;
	}
	path->null_loss = s->loss;
	ml_net_lay_path(path, s->gradient);
	return ML_OK;
}

/* The losses of all folds by the fits without them, as many steps at a time as there is room. */
static ml_status
judge_folds(walker *s)
{
	ml_path *path = s->path;
	int64_t cols = path->design.cols;

	for (int first = 0; first < path->steps && path->all > 0; first += s->point_room)
	{
		int steps =
		    path->steps - first < s->point_room ? path->steps - first : s->point_room;
		ml_sweep_job job = {.points = path->all * steps,
		                    .beta = s->beta,
		                    .without = s->without,
		                    .held_out = true};

		for (int i = 0; i < job.points; i++)
		{
			s->without[i] = i / steps;
			memcpy(s->beta + i * cols, path->beta[i / steps] + (first + i % steps) * cols,
			       sizeof(double) * (size_t) cols);
		}
		ML_TRY(ml_sweep_run(path->host, &path->sweep, &job));
		for (int i = 0; i < job.points; i++)
			path->held[(int64_t) (i / steps) * path->room + first + i % steps] =
			    path->sweep.loss_of[(int64_t) (i / steps) * job.points + i];
	}
	return ML_OK;
}

static int
points_at_once(int room, int folds)
{
	return folds == 0 ? 1 : room / folds < 1 ? 1 : room / folds;
}

static ml_status
make_walker(walker *s)
{
	ml_path *path = s->path;
	ml_host *host = path->host;
	int64_t cols = path->design.cols, folds = path->sweep.folds;
	int most;

	s->point_room = points_at_once(path->sweep.room, path->all);
	most = s->point_room * (int) folds;
	ML_NEW(host, s->at, cols);
	ML_NEW(host, s->origin, cols);
	ML_NEW(host, s->to, cols);
	ML_NEW(host, s->gradient, cols);
	ML_NEW(host, s->before, cols);
	ML_NEW(host, s->step, 2 * cols);
	ML_NEW(host, s->fold_gradient, folds * cols);
	ML_NEW(host, s->fold_loss, folds);
	ML_NEW(host, s->point, s->point_room * (1 + folds) * cols);
	ML_NEW(host, s->value, s->point_room * folds);
	ML_NEW(host, s->fit, most);
	ML_NEW(host, s->pending, most);
	ML_NEW(host, s->without, most);
	ML_NEW(host, s->beta, most * cols);
	ML_NEW(host, s->own_column, cols);
	ML_NEW(host, s->own.cross, cols);
	ML_NEW_RAW(host, s->own.h, cols * cols);
	for (int i = 0; i < most; i++)
	{
		ML_NEW(host, s->fit[i].at, cols);
		ML_NEW(host, s->fit[i].gradient, cols);
		ML_NEW(host, s->fit[i].to, cols);
	}
	return ML_OK;
}

ml_status
ml_net_likelihood(ml_path *path)
{
	walker s = {.path = path};

	ML_TRY(make_walker(&s));
	ML_TRY(walk_to_null(&s));
	s.old = true;
	memcpy(s.to, s.at, sizeof(double) * (size_t) path->design.cols);
	ML_TRY(look(&s, path->lambda[0]));
	while (path->steps < path->room)
	{
		ML_TRY(walk(&s, path->lambda[path->steps],
		            path->steps < path->kept ? REST_PASSING : REST_ALL));
		ML_TRY(keep_step(&s));
		if (ml_net_ends(path))
			break;
	}
	if (s.points > 0)
		ML_TRY(fit_folds(&s));
	return judge_folds(&s);
}

double
ml_net_likelihood_memory(const ml_design *design, int folds)
{
	double cols = design->cols, room = 64 + folds;

	return 8 * (cols * (cols + 10 + 2 * folds) + room * (4 * cols + 16) +
	            room * (1 + folds) * cols / folds);
}
