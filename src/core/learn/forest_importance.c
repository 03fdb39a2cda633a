/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_importance.c: how much each feature moves the margin, on average.
 *
 * That is the mean over rows of the size of its Shapley value (Lundberg et al. 2020).  The rows
 * are those of the training that have the lowest keys, as many as make the mean good to a few
 * percent in a fraction of the time that training takes.  Sums are made in blocks of rows and
 * added up in their order, so threads change nothing.  Of several classes it is the mean over
 * all of them.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MOST_ROWS 1000
#define LEAST_ROWS 100
#define MOST_NODES 20000000 /* that rows meet, beyond the least rows */
#define BLOCK_ROWS 16

typedef struct seat
{
	struct ml_shapley *shapley;
	double *row;
	double *contribution;
} seat;

typedef struct survey
{
	const ml_problem *problem;
	int64_t rows; /* from the problem's begin on */
	int64_t blocks;
	const ml_leaf_values *values;
	seat seat[ML_MAX_THREADS];
	double *sum; /* [blocks][features] */
} survey;

static int64_t
rows_surveyed(const ml_problem *problem, int64_t nodes)
{
	int64_t rows = nodes > 0 ? MOST_NODES / nodes : MOST_ROWS;

	rows = rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
	return rows < problem->end - problem->begin ? rows : problem->end - problem->begin;
}

/* What is no term is in no tree. */
static void
read_row(const ml_problem *problem, int64_t at, double *row)
{
	for (int f = 0; f < problem->schema->features; f++)
	{
		const ml_feature *feature = &problem->schema->feature[f];
		const ml_column *column = &problem->frame->column[feature->column];

		if (feature->use != ML_USE_TERM)
			row[f] = NAN;
		else if (feature->kind == ML_NUMBER)
			row[f] = *ml_numbers_at(column, at);
		else
			row[f] = *ml_codes_at(column, at);
	}
}

static ml_status
survey_block(void *argument, int64_t task, ml_worker *worker)
{
	const survey *work = argument;
	const seat *seat = &work->seat[worker->index];
	int features = work->problem->schema->features;
	int64_t row = task * BLOCK_ROWS;
	int64_t end = row + BLOCK_ROWS < work->rows ? row + BLOCK_ROWS : work->rows;
	double *sum = work->sum + task * features;

	for (; row < end; row++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		read_row(work->problem, work->problem->begin + row, seat->row);
		memset(seat->contribution, 0, (size_t) features * sizeof(double));
		ml_shapley_explain_values(seat->shapley, seat->row, work->values,
		                          seat->contribution);
		for (int f = 0; f < features; f++)
			sum[f] += fabs(seat->contribution[f]);
	}
	return ML_OK;
}

/* Adds the means of one forest, in parts of so many. */
static ml_status
survey_forest(ml_host *host, survey *work, const struct ml_shapley *shapley, int parts,
              double *mean)
{
	int features = work->problem->schema->features;

	for (int i = 0; i < ml_pool_threads(host); i++)
	{
		seat *seat = &work->seat[i];

		ML_TRY(ml_shapley_share(host, shapley, &seat->shapley));
		ML_NEW(host, seat->row, features);
		ML_NEW(host, seat->contribution, features);
	}
	ML_NEW(host, work->sum, work->blocks * features);
	ML_TRY(ml_parallel(host, work->blocks, survey_block, work));
	for (int64_t block = 0; block < work->blocks; block++)
		for (int f = 0; f < features; f++)
			mean[f] += work->sum[block * features + f] / ((double) work->rows * parts);
	return ML_OK;
}

/* Class by class where each has trees of its own. */
static ml_status
survey_class(ml_host *host, survey *work, const ml_forest *all, int class, double *mean)
{
	struct ml_shapley *shapley;
	ml_forest forest = *all;

	if (all->classes > 0)
		ML_TRY(ml_class_forest_pick(host, all, class, &forest));
	ML_TRY(ml_shapley_create(host, work->problem->schema, &forest, &shapley));
	return survey_forest(host, work, shapley, all->classes > 0 ? all->classes : 1, mean);
}

/* Trees for all classes, whose leaves are worth one share after the other. */
static ml_status
survey_shares(ml_host *host, survey *work, const ml_fitted *fitted, double *mean)
{
	int classes = work->problem->schema->classes;
	void *state;

	ML_TRY(ml_class_shares_prepare(host, work->problem->schema, fitted, NULL, &state));
	ML_TRY(ml_class_shares_lay_out(host, work->problem->schema, state));
	for (int k = 0; k < classes; k++)
	{
		ml_leaf_values values = ml_class_shares_values(state, k);
		ml_status status;

		work->values = &values;
		ML_TRY(ml_branch_open(host));
		status = survey_forest(host, work, ml_class_shares_shapley(state), classes, mean);
		ML_TRY(ml_branch_close(host, NULL, 0));
		ML_TRY(status);
	}
	return ML_OK;
}

static ml_status
survey_all(ml_host *host, const ml_problem *problem, const ml_fitted *fitted,
           double *mean)
{
	bool shared = ml_fitted_part(fitted, "class_share") != NULL;
	survey work = {.problem = problem};
	ml_forest all;

	ML_TRY(ml_forest_read(host, problem->schema, fitted, &all));
	work.rows =
	    rows_surveyed(problem, all.nodes * (shared ? problem->schema->classes : 1));
	work.blocks = (work.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
	if (shared)
		return survey_shares(host, &work, fitted, mean);
	for (int k = 0; k < (all.classes > 0 ? all.classes : 1); k++)
	{
		ml_status status;

		ML_TRY(ml_branch_open(host));
		status = survey_class(host, &work, &all, k, mean);
		ML_TRY(ml_branch_close(host, NULL, 0));
		ML_TRY(status);
	}
	return ML_OK;
}

ml_status
ml_forest_importance(ml_host *host, const ml_problem *problem, ml_fitted *fitted)
{
	double *mean;
	ml_status status;

	ML_TRY(
	    ml_fitted_add(host, fitted, "importance_shap", problem->schema->features, &mean));
	ML_TRY(ml_branch_open(host));
	status = survey_all(host, problem, fitted, mean);
	ML_TRY(ml_branch_close(host, NULL, 0));
	return status;
}
