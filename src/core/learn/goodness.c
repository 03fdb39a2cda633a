/* SPDX-License-Identifier: PostgreSQL */
/*
 * goodness.c: how well a solution fits its rows: deviance, likelihood, criteria, condition.
 *
 * As R has them: weights are inverse variances to the linear model and counts of rows to the
 * others; AIC and BIC count the dispersion of linear and gamma and the theta of the
 * negative binomial as a parameter; the dispersion of gamma is Pearson's, but in its likelihood it is
 * the deviance per unit of weight.
 *
 * The condition number is that of the design as it is solved, with columns scaled to unit
 * length and not centred (Belsley, Kuh and Welsch, Regression Diagnostics, 1980).
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

/* What the rows add up to at the solution, per shard. */
typedef struct fit_sums
{
	double weight;
	double deviance;
	double pearson;  /* sum of w (y - mu)^2 / V(mu) */
	double constant; /* log-likelihood plus loss */
	double log_target;
} fit_sums;

typedef struct fit_work
{
	const ml_family *family;
	double theta;
	fit_sums *shard;
} fit_work;

static void
add_fit(void *argument, int index, const ml_shard *shard)
{
	fit_work *work = argument;
	const ml_family *family = work->family;
	fit_sums *sums = &work->shard[index];

	for (int i = 0; i < shard->block.rows; i++)
	{
		double y = shard->block.target[i], w = shard->block.weight[i];
		double mu = family->respond(shard->eta[i]);

		sums->weight += w;
		sums->deviance += w * family->deviance(y, mu, work->theta);
		sums->pearson += w * (y - mu) * (y - mu) / family->variance(mu, work->theta);
		if (family->constant != NULL)
			sums->constant += w * family->constant(y, work->theta);
		else
			sums->log_target += w * log(y);
	}
}

static ml_status
pass_fit(ml_solver *s, fit_sums *sums)
{
	fit_work work = {.family = s->family, .theta = s->theta};

	ML_NEW(s->host, work.shard, s->normal.shards);
	ML_TRY(ml_normal_visit(s->host, &s->normal, s->beta, add_fit, &work, false));
	*sums = (fit_sums){0};
	for (int i = 0; i < s->normal.shards; i++)
	{
		sums->weight += work.shard[i].weight;
		sums->deviance += work.shard[i].deviance;
		sums->pearson += work.shard[i].pearson;
		sums->constant += work.shard[i].constant;
		sums->log_target += work.shard[i].log_target;
	}
	return ML_OK;
}

/* Score and information of the intercept of the model that has no terms, per shard. */
typedef struct null_sums
{
	double score;
	double information;
	double deviance;
} null_sums;

typedef struct null_work
{
	const ml_solver *solver;
	double intercept;
	null_sums *shard;
} null_work;

static void
add_null(void *argument, int index, const ml_shard *shard)
{
	null_work *work = argument;
	const ml_solver *s = work->solver;
	double eta[ML_BLOCK], gradient[ML_BLOCK], curvature[ML_BLOCK];
	ml_loss_block loss = {.rows = shard->block.rows,
	                      .eta = eta,
	                      .target = shard->block.target,
	                      .weight = shard->block.weight,
	                      .shape = s->theta,
	                      .gradient = gradient,
	                      .curvature = curvature};

	for (int i = 0; i < loss.rows; i++)
		eta[i] =
		    work->intercept + (shard->block.offset != NULL ? shard->block.offset[i] : 0);
	s->family->loss(&loss);
	for (int i = 0; i < loss.rows; i++)
	{
		work->shard[index].score += gradient[i];
		work->shard[index].information += curvature[i];
		work->shard[index].deviance +=
		    loss.weight[i] *
		    s->family->deviance(loss.target[i], s->family->respond(eta[i]), s->theta);
	}
}

/* The deviance of the intercept alone, which Newton's method finds beside the offset. */
static ml_status
null_deviance(ml_solver *s, double *deviance)
{
	null_work work = {.solver = s};

	work.intercept = ml_glm_start(s->problem->schema, s->family);
	for (int i = 0; i < s->glm->max_iterations; i++)
	{
		null_sums sum = {0};

		ML_NEW(s->host, work.shard, s->normal.shards);
		ML_TRY(ml_normal_visit(s->host, &s->normal, s->beta, add_null, &work, false));
		for (int k = 0; k < s->normal.shards; k++)
		{
			sum.score += work.shard[k].score;
			sum.information += work.shard[k].information;
			sum.deviance += work.shard[k].deviance;
		}
		*deviance = sum.deviance;
		if (sum.score * sum.score <= 1e-20 * sum.information || !(sum.information > 0))
			break;
		work.intercept += sum.score / sum.information;
	}
	return ML_OK;
}

/* Sum of log w: weights are inverse variances to the normal likelihood. */
static double
log_weights(const ml_problem *problem)
{
	double sum = 0;

	for (int64_t row = problem->begin; problem->weight != NULL && row < problem->end;
	     row++)
		sum += log(*ml_numbers_at(problem->weight, row));
	return sum;
}

/* Sum of w (y - mean)^2. */
static double
total_squares(const ml_problem *problem)
{
	const ml_schema *schema = problem->schema;
	double weights = 0, sum = 0, squares = 0;

	if (problem->weight == NULL)
		return schema->target_sd * schema->target_sd *
		       (double) (problem->end - problem->begin);
	for (int64_t row = problem->begin; row < problem->end; row++)
	{
		double w = *ml_numbers_at(problem->weight, row);
		double away = *ml_numbers_at(problem->target, row) - schema->target_mean;

		weights += w;
		sum += w * away;
		squares += w * away * away;
	}
	return squares - sum * (sum / weights);
}

static void
of_least_squares(const ml_solver *s, ml_goodness *fit)
{
	double rows = fit->rows, variance;

	fit->deviance = 2 * s->normal.loss_sum;
	fit->null_deviance = total_squares(s->problem);
	fit->dispersion = fit->df_residual > 0 ? fit->deviance / fit->df_residual : NAN;
	variance = fit->deviance / rows;
	fit->log_likelihood =
	    -0.5 * rows * (log(2 * acos(-1) * variance) + 1) + log_weights(s->problem) / 2;
}

/* Two classes without weights and offsets need no pass of their own. */
static void
of_two_classes(const ml_solver *s, ml_goodness *fit)
{
	const double *count = s->problem->schema->class_count;
	double rows = count[0] + count[1];

	fit->log_likelihood = -s->normal.loss_sum;
	fit->deviance = 2 * s->normal.loss_sum;
	fit->null_deviance =
	    -2 * (count[0] * log(count[0] / rows) + count[1] * log(count[1] / rows));
}

/* sum of w log f of the gamma density, whose shape is 1 / dispersion */
static double
gamma_likelihood(const fit_sums *sums)
{
	double shape = sums->weight / sums->deviance;

	return shape * (-sums->deviance / 2 - sums->weight) +
	       sums->weight * (shape * log(shape) - ml_lgamma(shape)) - sums->log_target;
}

static ml_status
of_rows(ml_solver *s, ml_goodness *fit)
{
	fit_sums sums;

	ML_TRY(pass_fit(s, &sums));
	ML_TRY(null_deviance(s, &fit->null_deviance));
	fit->deviance = sums.deviance;
	if (s->family->dispersed)
		fit->dispersion = fit->df_residual > 0 ? sums.pearson / fit->df_residual : NAN;
	fit->log_likelihood = s->family->constant != NULL ? sums.constant - s->normal.loss_sum
	                                                  : gamma_likelihood(&sums);
	return ML_OK;
}

ml_status
ml_goodness_take(ml_solver *s, ml_goodness *fit)
{
	const ml_problem *problem = s->problem;

	*fit =
	    (ml_goodness){.rows = (double) (problem->end - problem->begin), .dispersion = 1};
	fit->df_residual = fit->rows - s->design.cols;
	fit->parameters = s->design.cols + (s->family->dispersed || !isnan(s->theta) ? 1 : 0);
	if (s->family->quadratic)
		of_least_squares(s, fit);
	else if (s->family->canonical && s->family->dispersed == false &&
	         problem->schema->task == ML_BINARY && problem->weight == NULL &&
	         s->design.offsets.count == 0)
		of_two_classes(s, fit);
	else
		return of_rows(s, fit);
	return ML_OK;
}

/* Largest to smallest singular value of the design in the data's units, columns of length 1. */
static ml_status
condition_number(ml_solver *s, double *condition)
{
	const ml_design *design = &s->design;
	int64_t cols = design->cols;
	double *x;

	*condition = NAN;
	if (cols > ML_LARGEST_CONDITION)
		return ML_OK;
	ML_NEW(s->host, x, cols * cols);
	for (int64_t j = 0; j < cols; j++)
	{
		double square = 0;

		/* column j of the triangular factor of the design is row j of L */
		for (int64_t k = 0; k <= j; k++)
			x[j * cols + k] =
			    s->normal.l[j * cols + k] * (j < design->dense ? design->scale[j] : 1);
		if (j > 0 && j < design->dense)
			x[j * cols] += design->shift[j] * s->normal.l[0];
		for (int64_t k = 0; k <= j; k++)
			square += x[j * cols + k] * x[j * cols + k];
		for (int64_t k = 0; k <= j && square > 0; k++)
			x[j * cols + k] /= sqrt(square);
	}
	return ml_condition(s->host, (int) cols, x, condition);
}

ml_status
ml_goodness_write(ml_solver *s, const ml_goodness *fit, ml_fitted *fitted)
{
	bool linear = s->family->quadratic;
	double rows = fit->rows, cols = s->design.cols, condition;
	double gained = fit->null_deviance - fit->deviance;
	double r2 = 1 - fit->deviance / fit->null_deviance;
	const struct
	{
		const char *name;
		double number;
		bool applies;
	} scalar[] = {
	    {"observations", rows, true},
	    {"df_model", cols - 1, true},
	    {"df_residual", fit->df_residual, true},
	    {"dispersion", fit->dispersion, true},
	    {"log_likelihood", fit->log_likelihood, true},
	    {"deviance", fit->deviance, true},
	    {"null_deviance", fit->null_deviance, true},
	    {"aic", 2 * fit->parameters - 2 * fit->log_likelihood, true},
	    {"bic", log(rows) * fit->parameters - 2 * fit->log_likelihood, true},
	    {"r2", r2, linear},
	    {"adjusted_r2", 1 - (1 - r2) * (rows - 1) / fit->df_residual, linear},
	    {"f_statistic", gained / (cols - 1) / fit->dispersion, linear},
	    {"pseudo_r2", r2, !linear},
	    {"theta", s->theta, !isnan(s->theta)},
	    {"theta_error", s->theta_error, !isnan(s->theta)},
	};

	for (size_t i = 0; i < sizeof scalar / sizeof *scalar; i++)
		if (scalar[i].applies)
			ML_TRY(ml_fitted_scalar(s->host, fitted, scalar[i].name, scalar[i].number));
	ML_TRY(condition_number(s, &condition));
	return ml_fitted_scalar(s->host, fitted, "condition_number", condition);
}
