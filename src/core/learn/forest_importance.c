/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_importance.c: how much each feature moves the margin, on average.
 *
 * That is the mean over rows of the size of its Shapley value (Lundberg et al. 2020).  The rows
 * are those of the training that have the lowest keys, as many as make the mean good to a few
 * percent in a fraction of the time that training takes.  Sums are made in blocks of rows and
 * added up in their order, so threads change nothing.
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
	double *sum = work->sum + task * features, bias;

	for (; row < end; row++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		read_row(work->problem, work->problem->begin + row, seat->row);
		memset(seat->contribution, 0, (size_t) features * sizeof(double));
		ml_shapley_explain(seat->shapley, seat->row, seat->contribution, &bias);
		for (int f = 0; f < features; f++)
			sum[f] += fabs(seat->contribution[f]);
	}
	return ML_OK;
}

static ml_status
take_survey(ml_host *host, const ml_problem *problem, const ml_fitted *fitted,
            double *mean)
{
	int features = problem->schema->features;
	survey work = {.problem = problem};
	struct ml_shapley *shapley;
	ml_forest forest;
	int64_t blocks;

	ML_TRY(ml_forest_read(host, problem->schema, fitted, &forest));
	ML_TRY(ml_shapley_create(host, problem->schema, &forest, &shapley));
	for (int i = 0; i < ml_pool_threads(host); i++)
	{
		seat *seat = &work.seat[i];

		ML_TRY(ml_shapley_share(host, shapley, &seat->shapley));
		ML_NEW(host, seat->row, features);
		ML_NEW(host, seat->contribution, features);
	}
	work.rows = rows_surveyed(problem, forest.nodes);
	blocks = (work.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
	ML_NEW(host, work.sum, blocks * features);
	ML_TRY(ml_parallel(host, blocks, survey_block, &work));
	for (int64_t block = 0; block < blocks; block++)
		for (int f = 0; f < features; f++)
			mean[f] += work.sum[block * features + f] / (double) work.rows;
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
	status = take_survey(host, problem, fitted, mean);
	ML_TRY(ml_branch_close(host, NULL, 0));
	return status;
}
