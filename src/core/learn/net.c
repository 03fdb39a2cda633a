/* SPDX-License-Identifier: PostgreSQL */
/*
 * net.c: the elastic net: what both kinds of path share, the choice, and what is learned.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define LEAST_ALPHA 1e-3 /* below it the path begins as if it were this, as in glmnet */
#define LEAST_STEPS 5    /* steps after which a path may end early */
#define LEAST_GAIN 1e-5 /* share of what is explained, below which a step gains nothing */
#define MOST_EXPLAINED 0.999
#define KEPT 0.4   /* of the penalty: gradients that let a column into the model */
#define NOISE 3    /* standard errors by which a fold's gradient may be larger */
#define MOST 0.5   /* share of the columns, above which the model has all of them */
#define REST 1e-20 /* a change that ends coordinate descent, squared, to the curvature */
#define SAME 1e-13 /* variance to mean square, below which a column never varies */

ml_status
ml_net_newton(const ml_path *path, ml_net_step *step, ml_worker *worker)
{
	const ml_net_view *view = &path->view[step->view];
	const ml_net_model *model = step->model;
	ml_descent *d = &path->descent[worker->index];
	double own = step->gradient[0] / view->rows, size = own * own / model->curvature;
	double intercept = own / model->curvature;

	d->n = model->n;
	d->h = model->h;
	d->tolerance = REST * model->curvature * view->unit * view->unit;
	for (int a = 0; a < model->n; a++)
	{
		int j = model->column[a];
		double sd = view->sd[j];

		d->b[a] = step->at[j];
		d->r[a] = step->gradient[j] / view->rows - model->cross[a] * own;
		((double *) d->lasso)[a] =
		    sd > 0 ? step->lambda * path->net->alpha * sd : INFINITY;
		((double *) d->ridge)[a] =
		    step->lambda * (1 - path->net->alpha) * sd * sd / view->unit;
	}
	ML_TRY(ml_descent_run(d, worker));
	memcpy(step->to, step->at, sizeof(double) * (size_t) path->design.cols);
	for (int a = 0; a < model->n; a++)
	{
		int j = model->column[a];
		double change = d->b[a] - step->at[j];

		size +=
		    change * (step->gradient[j] / view->rows - model->cross[a] * own - d->r[a]);
		intercept -= model->cross[a] * change;
		step->to[j] = d->b[a];
	}
	step->to[0] += intercept;
	step->size = size / (model->curvature * view->unit * view->unit);
	return ML_OK;
}

int
ml_net_choose(const ml_path *path, int v, double lambda, const double *beta,
              const double *gradient, int *column)
{
	const ml_net_view *view = &path->view[v];
	double bar = KEPT * lambda * path->net->alpha, noise = 0;
	int n = 0, cols = path->design.cols;

	if (path->all > 0 && cols < view->rows)
		noise = NOISE * sqrt(path->model[path->all].curvature / (view->rows * path->all));
	bar = bar > noise ? (bar - noise) * view->rows : 0;
	for (int j = 1; j < path->design.cols; j++)
		if (beta[j] != 0 || fabs(gradient[j]) >= bar * view->sd[j])
			column[n++] = j;
	if (n < MOST * cols || isinf(lambda))
		return n;
	for (n = 0; n < cols - 1; n++)
		column[n] = n + 1;
	return n;
}

bool
ml_net_violates(const ml_path *path, int v, double lambda, const double *gradient)
{
	const ml_net_view *view = &path->view[v];
	double bar = lambda * path->net->alpha * view->rows * (1 + 1e-9);

	for (int j = 1; j < path->design.cols; j++)
		if (!path->modelled[j] && view->sd[j] > 0 &&
		    fabs(gradient[j]) > bar * view->sd[j])
			return true;
	return false;
}

typedef struct model_work
{
	const ml_path *path;
	ml_net_model *model;
	int first; /* view */
} model_work;

/* Sums up the folds' matrices but the view's own and takes the intercept out. */
static ml_status
make_model(void *argument, int64_t task, ml_worker *worker)
{
	const model_work *work = argument;
	const ml_sweep *sweep = &work->path->sweep;
	ml_net_model *model = &work->model[task];
	int64_t view = work->first + task, side = sweep->side, n = model->n;
	double rows = work->path->view[view].rows, top = 0;

	memset(model->h, 0, sizeof(double) * (size_t) (n * n));
	memset(model->cross, 0, sizeof(double) * (size_t) n);
	for (int f = 0; f < sweep->folds; f++)
	{
		if (f == view && view < work->path->all)
			continue;
		top += sweep->gram[f][0];
		for (int64_t i = 0; i < n; i++)
		{
			const double *row = sweep->gram[f] + (i + 1) * side + 1;

			if ((i & 31) == 0 && ml_worker_stop(worker))
				return ML_STOPPED;
			model->cross[i] += sweep->gram[f][i + 1];
			for (int64_t j = i; j < n; j++)
				model->h[i * n + j] += row[j];
		}
	}
	model->curvature = top / rows;
	for (int64_t i = 0; i < n; i++)
		model->cross[i] /= top;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = i; j < n; j++)
		{
			double h = model->h[i * n + j] - top * model->cross[i] * model->cross[j];

			model->h[i * n + j] = model->h[j * n + i] = h / rows;
		}
	return ML_OK;
}

ml_status
ml_net_models(ml_path *path, ml_net_model *model, int first, int count)
{
	model_work work = {.path = path, .model = model, .first = first};

	return ml_parallel(path->host, count, make_model, &work);
}

double
ml_net_penalty(const ml_path *path, int view, double lambda, const double *beta)
{
	const ml_net_view *of = &path->view[view];
	double alpha = path->net->alpha, sum = 0;

	for (int j = 1; j < path->design.cols; j++)
	{
		double u = beta[j] * of->sd[j];

		sum += alpha * fabs(u) + (1 - alpha) / 2 * u * u / of->unit;
	}
	return of->rows * lambda * sum;
}

/*
 * From the least penalty that leaves nothing in, geometrically down to a ten-thousandth
 * of it, or to a hundredth where columns outnumber rows.  A penalty that is given is
 * walked to in halves.
 */
void
ml_net_lay_path(ml_path *path, const double *gradient)
{
	const ml_net *net = path->net;
	const ml_net_view *view = &path->view[path->all];
	double alpha = net->alpha > LEAST_ALPHA ? net->alpha : LEAST_ALPHA, most = 0;
	int64_t rows = path->problem->end - path->problem->begin;
	double least = rows >= path->design.cols - 1 ? 1e-4 : 1e-2;

	for (int j = 1; j < path->design.cols; j++)
		if (view->sd[j] > 0)
			most = fmax(most, fabs(gradient[j]) / (view->sd[j] * view->rows * alpha));
	if (isfinite(net->lambda))
	{
		double lambda = most / 2;

		for (path->room = 0; path->room < 40 && lambda > net->lambda; lambda /= 2)
			path->lambda[path->room++] = lambda;
		path->kept = path->room;
		path->lambda[path->room++] = net->lambda;
		return;
	}
	for (int k = 0; k < path->room; k++)
		path->lambda[k] = most * pow(least, (double) k / (path->room - 1));
}

static double
least_of_all(const ml_path *path)
{
	double sum = 0;

	for (int f = 0; f < path->sweep.folds; f++)
		sum += path->least[f];
	return sum;
}

bool
ml_net_ends(const ml_path *path)
{
	double loss = path->loss[path->steps - 1], before, explained;

	if (isfinite(path->net->lambda) || path->steps < LEAST_STEPS)
		return false;
	before = path->loss[path->steps - 2];
	explained = path->null_loss - loss;
	return before - loss < LEAST_GAIN * explained ||
	       explained > MOST_EXPLAINED * (path->null_loss - least_of_all(path));
}

/* Sums of weights and standard deviations, of all rows and without each fold. */
static ml_status
make_views(ml_path *path)
{
	const ml_sweep *sweep = &path->sweep;
	int64_t cols = path->design.cols;

	ML_NEW(path->host, path->view, path->all + 1);
	ML_TRY(ml_sweep_moments(path->host, &path->sweep));
	for (int v = 0; v <= path->all; v++)
	{
		ml_net_view *view = &path->view[v];

		view->unit = 1;
		ML_NEW(path->host, view->sd, cols);
		for (int64_t j = 0; j < cols; j++)
		{
			double sum = 0, square = 0, mean, variance;

			for (int f = 0; f < sweep->folds; f++)
				if (f != v || v == path->all)
				{
					sum += sweep->gradient[2 * f * cols + j];
					square += sweep->gradient[(2 * f + 1) * cols + j];
				}
			if (j == 0)
				view->rows = sum;
			mean = sum / view->rows;
			variance = square / view->rows - mean * mean;
			view->sd[j] = variance > SAME * square / view->rows ? sqrt(variance) : 0;
		}
	}
	return ML_OK;
}

static ml_status
make_descents(ml_path *path)
{
	int cols = path->design.cols, threads = ml_pool_threads(path->host);

	ML_NEW(path->host, path->descent, threads);
	ML_NEW(path->host, path->scratch, threads);
	for (int t = 0; t < threads; t++)
	{
		ml_descent *d = &path->descent[t];
		double *lasso, *ridge;

		ML_NEW(path->host, lasso, cols);
		ML_NEW(path->host, ridge, cols);
		ML_NEW(path->host, d->b, cols);
		ML_NEW(path->host, d->r, cols);
		ML_NEW(path->host, d->active, cols);
		ML_NEW(path->host, d->work, 2 * cols);
		ML_NEW_RAW(path->host, d->factor, (int64_t) cols * cols);
		ML_NEW(path->host, path->scratch[t], cols);
		d->lasso = lasso;
		d->ridge = ridge;
	}
	return ML_OK;
}

/*
 * The loss of a row less half its deviance is the same whatever is predicted; it is taken
 * where the linear predictor is nothing.
 */
static ml_status
find_least(ml_path *path)
{
	const ml_problem *problem = path->problem;
	const ml_family *family = path->net->family;
	double zero = 0, gradient, curvature;

	ML_NEW(path->host, path->least, path->sweep.folds);
	for (int f = 0; f < path->sweep.folds && !family->quadratic; f++)
		for (int64_t row = path->sweep.begin[f]; row < path->sweep.begin[f + 1]; row++)
		{
			double one = 1;
			const double *y = ml_numbers_at(problem->target, row);
			const double *weight =
			    problem->weight != NULL ? ml_numbers_at(problem->weight, row) : &one;
			ml_loss_block loss = {.rows = 1,
			                      .eta = &zero,
			                      .target = y,
			                      .weight = weight,
			                      .gradient = &gradient,
			                      .curvature = &curvature};

			ML_PAUSE(path->host, row);
			family->loss(&loss);
			path->least[f] += loss.objective -
			                  *weight * family->deviance(*y, family->respond(0), NAN) / 2;
		}
	return ML_OK;
}

static ml_status
make_path(ml_path *path)
{
	ml_host *host = path->host;
	const ml_net *net = path->net;
	int64_t cols;
	bool folded = !isfinite(net->lambda);

	ML_TRY(ml_design_create(host, path->problem, &path->design));
	cols = path->design.cols;
	path->all = folded ? net->folds : 0;
	path->room = folded ? net->lambdas : 41;
	path->sweep = (ml_sweep){.design = &path->design,
	                         .loss = net->family->loss,
	                         .offset = net->offset,
	                         .folds = folded ? net->folds : 1};
	ML_TRY(ml_sweep_create(host, &path->sweep));
	ML_NEW(host, path->column, cols);
	ML_NEW(host, path->modelled, cols);
	ML_NEW(host, path->index, cols + 1);
	ML_NEW(host, path->lambda, path->room);
	ML_NEW(host, path->loss, path->room);
	ML_NEW(host, path->held, (int64_t) path->sweep.folds * path->room);
	ML_NEW(host, path->beta, path->all + 1);
	ML_NEW(host, path->model, path->all + 1);
	for (int v = 0; v <= path->all; v++)
	{
		ML_NEW(host, path->beta[v], path->room * cols);
		ML_NEW_RAW(host, path->model[v].h, cols * cols);
		ML_NEW(host, path->model[v].cross, cols);
	}
	path->converged = true;
	ML_TRY(make_descents(path));
	ML_TRY(find_least(path));
	return make_views(path);
}

/* Mean deviance of each fold by the fit without it, and its mean and error over folds. */
static void
weigh_folds(const ml_path *path, int k, double *mean, double *error)
{
	const ml_sweep *sweep = &path->sweep;
	double total = path->view[path->all].rows, sum = 0, squares = 0;
	int folds = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int f = 0; f < path->all; f++)
		{
			double rows = total - path->view[f].rows, deviance;

			if (sweep->begin[f] == sweep->begin[f + 1])
				continue;
			deviance =
			    2 * (path->held[(int64_t) f * path->room + k] - path->least[f]) / rows;
			if (pass == 0)
				sum += rows * deviance / total;
			else
				squares += rows * (deviance - sum) * (deviance - sum) / total;
			folds += pass;
		}
	*mean = path->all > 0 ? sum : NAN;
	*error = folds > 1 ? sqrt(squares / (folds - 1)) : NAN;
}

/* The step with the least error, or the first one within a standard error of it. */
static int
choose(const ml_path *path, const double *mean, const double *error)
{
	int best = path->steps - 1;

	if (path->all == 0)
		return best;
	for (int k = best - 1; k >= 0; k--)
		if (!(mean[k] > mean[best]))
			best = k;
	for (int k = 0; path->net->sparsest && k < best; k++)
		if (mean[k] <= mean[best] + error[best])
			return k;
	return best;
}

/* The path in the units of the data; answers the chosen step. */
static ml_status
write_path(const ml_path *path, ml_fitted *fitted, int *chosen)
{
	ml_host *host = path->host;
	int64_t steps = path->steps - path->kept, slots = ml_glm_slots(path->problem->schema);
	double *lambda, *df, *ratio, *mean, *error, *coefficient;
	double least = least_of_all(path);

	ML_TRY(ml_fitted_add(host, fitted, "path_lambda", steps, &lambda));
	ML_TRY(ml_fitted_add(host, fitted, "path_df", steps, &df));
	ML_TRY(ml_fitted_add(host, fitted, "path_deviance_ratio", steps, &ratio));
	ML_TRY(ml_fitted_add(host, fitted, "path_cv_mean", steps, &mean));
	ML_TRY(ml_fitted_add(host, fitted, "path_cv_error", steps, &error));
	ML_TRY(ml_fitted_add(host, fitted, "path_coefficients", steps * (1 + slots),
	                     &coefficient));
	for (int64_t i = 0; i < steps; i++)
	{
		int k = path->kept + (int) i;
		const double *beta = path->beta[path->all] + (int64_t) k * path->design.cols;
		double *row = coefficient + i * (1 + slots);

		if (ml_stop(host))
			return ML_STOPPED;
		lambda[i] = path->lambda[k];
		for (int j = 1; j < path->design.cols; j++)
			df[i] += beta[j] != 0;
		ratio[i] = 1 - (path->loss[k] - least) / (path->null_loss - least);
		weigh_folds(path, k, &mean[i], &error[i]);
		ml_design_unscale(&path->design, beta, path->net->offset, row, row + 1);
		for (int64_t slot = 0; slot <= slots; slot++)
			if (!isfinite(row[slot]))
				return ML_NOT_NUMERIC;
	}
	*chosen = choose(path, mean, error);
	return ML_OK;
}

/* How well the chosen step fits; its coefficients that are not zero are degrees of freedom. */
static ml_status
write_measures(const ml_path *path, ml_fitted *fitted, int chosen)
{
	const ml_family *family = path->net->family;
	double least = least_of_all(path);
	double deviance = 2 * (path->loss[chosen] - least);
	double null_deviance = 2 * (path->null_loss - least);
	double df = ml_fitted_part(fitted, "path_df")->number[chosen - path->kept];
	double rows = (double) (path->problem->end - path->problem->begin);
	const struct
	{
		const char *name;
		double number;
	} measure[] = {
	    {"lambda", path->lambda[chosen]},
	    {"alpha", path->net->alpha},
	    {"observations", rows},
	    {"df_model", df},
	    {"df_residual", rows - 1 - df},
	    {"dispersion", family->dispersed ? deviance / (rows - 1 - df) : 1},
	    {"deviance", deviance},
	    {"null_deviance", null_deviance},
	    {family->quadratic ? "r2" : "pseudo_r2", 1 - deviance / null_deviance},
	};

	for (size_t i = 0; i < sizeof measure / sizeof *measure; i++)
		ML_TRY(ml_fitted_scalar(path->host, fitted, measure[i].name, measure[i].number));
	return ML_OK;
}

static ml_status
write_fitted(const ml_path *path, ml_fitted *fitted)
{
	ml_host *host = path->host;
	int64_t slots = ml_glm_slots(path->problem->schema);
	double *intercept, *coefficient, *error;
	const double *row;
	int chosen;

	ML_TRY(write_path(path, fitted, &chosen));
	row = ml_fitted_part(fitted, "path_coefficients")->number +
	      (chosen - path->kept) * (1 + slots);
	ML_TRY(ml_fitted_add(host, fitted, "intercept", 1, &intercept));
	ML_TRY(ml_fitted_add(host, fitted, "coefficients", slots, &coefficient));
	ML_TRY(ml_fitted_add(host, fitted, "standard_errors", slots + 1, &error));
	*intercept = row[0];
	memcpy(coefficient, row + 1, sizeof(double) * (size_t) slots);
	for (int64_t slot = 0; slot <= slots; slot++)
		error[slot] = NAN;
	ML_TRY(write_measures(path, fitted, chosen));
	fitted->converged = path->converged;
	fitted->trouble =
	    (ml_trouble){path->converged ? ML_TROUBLE_NONE : ML_TROUBLE_UNCONVERGED, -1, -1};
	fitted->iterations = path->iterations;
	return ML_OK;
}

ml_status
ml_net_fit(ml_host *host, const ml_problem *problem, const ml_net *net, ml_fitted *fitted)
{
	ml_path path = {.host = host, .problem = problem, .net = net};

	ML_TRY(ml_glm_check_target(host, problem, net->family));
	ML_TRY(make_path(&path));
	ML_TRY(net->family->quadratic ? ml_net_least_squares(&path)
	                              : ml_net_likelihood(&path));
	return write_fitted(&path, fitted);
}

double
ml_net_memory(const ml_problem *problem, const ml_net *net, int threads)
{
	bool folded = !isfinite(net->lambda);
	int folds = folded ? net->folds : 1, steps = folded ? net->lambdas : 41;
	ml_design design = ml_design_measure(problem);
	double cols = design.cols, views = folded ? net->folds + 1 : 1;
	double slots = (double) ml_glm_slots(problem->schema) + 1;

	return ml_sweep_memory(&design, folds) +
	       8 * (views * (cols * cols + steps * cols + 2 * cols) + steps * slots +
	            threads * cols * (cols + 8)) +
	       (net->family->quadratic ? 0 : ml_net_likelihood_memory(&design, folds));
}
