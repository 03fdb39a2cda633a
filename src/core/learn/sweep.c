/* SPDX-License-Identifier: PostgreSQL */
/*
 * sweep.c: passes over the rows for many linear predictors at once.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MAX_SHARDS 16
#define MAX_POINTS 64
#define POINT_ROOM (1 << 18) /* doubles of the points of one sweep */
#define FEW 4                /* points for which plain loops beat a matrix product */

/* Both depend on the matrix alone: shards decide the order of additions. */
static int
shards_per_fold(const ml_design *design, int folds)
{
	int64_t rows = design->problem->end - design->problem->begin;
	int64_t blocks = (rows + ML_BLOCK - 1) / ML_BLOCK / folds;
	int64_t shards = (INT64_C(1) << 22) / ((int64_t) design->cols * design->cols);

	shards = (shards < 2 ? 2 : shards > MAX_SHARDS ? MAX_SHARDS : shards) / folds;
	shards = shards < blocks ? shards : blocks;
	return (int) (shards < 1 ? 1 : shards);
}

static int
point_room(const ml_design *design)
{
	int room = POINT_ROOM / design->cols;

	return room < 2 ? 2 : room > MAX_POINTS ? MAX_POINTS : room;
}

double
ml_sweep_memory(const ml_design *design, int folds)
{
	double room = point_room(design), side = design->cols;
	double shard =
	    ML_BLOCK * (2.0 * design->dense + 0.5 * design->categories + 4 + 2 * room) +
	    room * (side + 1) + side * side;

	return 8 *
	       (shard * folds * shards_per_fold(design, folds) + folds * room * (side + 1));
}

/* Ends of folds are moved up to where the key of the rows changes; only ids share keys. */
static ml_status
lay_folds(ml_host *host, ml_sweep *sweep)
{
	const ml_problem *problem = sweep->design->problem;
	uint64_t **key = problem->frame->key;
	int64_t rows = problem->end - problem->begin, row = problem->begin;

	ML_NEW(host, sweep->begin, sweep->folds + 1);
	for (int fold = 0; fold < sweep->folds; fold++)
	{
		int64_t least = problem->begin + rows * fold / sweep->folds;

		row = row > least ? row : least;
		while (fold > 0 && problem->frame->keyed && row < problem->end &&
		       key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)] ==
		           key[(row - 1) >> ML_CHUNK_BITS][(row - 1) & (ML_CHUNK - 1)])
			row++;
		sweep->begin[fold] = row;
	}
	sweep->begin[sweep->folds] = problem->end;
	return ML_OK;
}

static ml_status
shard_create(ml_host *host, const ml_sweep *sweep, ml_sweep_shard *shard)
{
	const ml_design *design = sweep->design;

	ML_TRY(ml_column_block_create(host, design, &shard->block));
	ML_NEW(host, shard->eta, (int64_t) sweep->room * ML_BLOCK);
	ML_NEW(host, shard->gradient_of, (int64_t) sweep->room * ML_BLOCK);
	ML_NEW(host, shard->curvature, ML_BLOCK);
	ML_NEW(host, shard->scaled, (int64_t) design->dense * ML_BLOCK);
	ML_NEW(host, shard->gradient, (int64_t) sweep->room * design->cols);
	ML_NEW(host, shard->loss, sweep->room);
	ML_NEW_RAW(host, shard->gram, (int64_t) design->cols * design->cols);
	return ML_OK;
}

ml_status
ml_sweep_create(ml_host *host, ml_sweep *sweep)
{
	const ml_design *design = sweep->design;
	int each = shards_per_fold(design, sweep->folds);

	sweep->room = point_room(design);
	sweep->shards = each * sweep->folds;
	ML_TRY(lay_folds(host, sweep));
	ML_NEW(host, sweep->shard, sweep->shards);
	ML_NEW(host, sweep->gradient, (int64_t) sweep->folds * sweep->room * design->cols);
	ML_NEW(host, sweep->loss_of, (int64_t) sweep->folds * sweep->room);
	ML_NEW(host, sweep->gram, sweep->folds);
	for (int s = 0; s < sweep->shards; s++)
	{
		ml_sweep_shard *shard = &sweep->shard[s];
		int64_t first, rows;

		if (ml_stop(host))
			return ML_STOPPED;
		shard->fold = s / each;
		first = sweep->begin[shard->fold];
		rows = sweep->begin[shard->fold + 1] - first;
		shard->begin = first + rows * (s % each) / each;
		shard->end = first + rows * (s % each + 1) / each;
		ML_TRY(shard_create(host, sweep, shard));
		if (s % each == 0)
			sweep->gram[shard->fold] = shard->gram;
	}
	return ML_OK;
}

/* eta += beta x of the dense columns, for a point of which most may be zero. */
ML_HOT static void
add_columns(const ml_column_block *block, int dense, const double *beta, double *eta)
{
	for (int c = 0; c < dense; c++)
	{
		const double *x = block->dense + (int64_t) c * ML_BLOCK;
		double factor = beta[c];

		if (factor == 0)
			continue;
		for (int i = 0; i < ML_BLOCK; i++)
			eta[i] += factor * x[i];
	}
}

/* Eight sums side by side, whose order does not depend on the width of registers. */
ML_HOT static void
add_products(const ml_column_block *block, int dense, const double *of, double *gradient)
{
	for (int c = 0; c < dense; c++)
	{
		const double *x = block->dense + (int64_t) c * ML_BLOCK;
		double lane[8] = {0};

		for (int i = 0; i < ML_BLOCK; i += 8)
			for (int k = 0; k < 8; k++)
				lane[k] += of[i + k] * x[i + k];
		gradient[c] += ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
		               ((lane[4] + lane[5]) + (lane[6] + lane[7]));
	}
}

/* Linear predictors of the points from first to end - 1. */
static void
predict(const ml_sweep *sweep, const ml_blas *blas, const ml_sweep_job *job,
        ml_sweep_shard *shard, const int *range)
{
	const ml_design *design = sweep->design;
	const ml_column_block *block = &shard->block;
	int64_t cols = design->cols;
	int count = range[1] - range[0];
	ml_columns dense = {.cols = design->dense,
	                    .rows = block->rows,
	                    .stride = ML_BLOCK,
	                    .x = block->dense,
	                    .vectors = count,
	                    .apart = design->cols};

	for (int p = range[0]; p < range[1]; p++)
	{
		const double *beta = job->beta + p * cols;
		double *eta = shard->eta + (int64_t) p * ML_BLOCK;

		for (int i = 0; i < ML_BLOCK; i++)
			eta[i] = sweep->offset + block->offset[i];
		for (int k = 0; k < design->categories; k++)
		{
			const int32_t *label = block->labels + (int64_t) k * ML_BLOCK;

			for (int i = 0; i < block->rows; i++)
				eta[i] += label[i] < 0 ? 0 : beta[label[i]];
		}
		if (count < FEW)
			add_columns(block, design->dense, beta, eta);
	}
	if (count >= FEW)
		ml_columns_predict(blas, &dense, job->beta + range[0] * cols,
		                   shard->eta + (int64_t) range[0] * ML_BLOCK);
}

/* Adds the products of the columns with what the loss says of each row. */
static void
project(const ml_sweep *sweep, const ml_blas *blas, ml_sweep_shard *shard,
        const int *range)
{
	const ml_design *design = sweep->design;
	const ml_column_block *block = &shard->block;
	int count = range[1] - range[0];
	ml_columns dense = {.cols = design->dense,
	                    .rows = block->rows,
	                    .stride = ML_BLOCK,
	                    .x = block->dense,
	                    .vectors = count,
	                    .apart = design->cols};

	for (int p = range[0]; p < range[1]; p++)
	{
		double *gradient = shard->gradient + (int64_t) p * design->cols;
		double *of = shard->gradient_of + (int64_t) p * ML_BLOCK;

		memset(of + block->rows, 0, sizeof(double) * (size_t) (ML_BLOCK - block->rows));
		for (int k = 0; k < design->categories; k++)
		{
			const int32_t *label = block->labels + (int64_t) k * ML_BLOCK;

			for (int i = 0; i < block->rows; i++)
				if (label[i] >= 0)
					gradient[label[i]] += of[i];
		}
		if (count < FEW)
			add_products(block, design->dense, of, gradient);
	}
	if (count >= FEW)
		ml_columns_project(blas, &dense,
		                   shard->gradient_of + (int64_t) range[0] * ML_BLOCK,
		                   shard->gradient + (int64_t) range[0] * design->cols);
}

static void
add_losses(const ml_sweep *sweep, ml_sweep_shard *shard, const int *range)
{
	for (int p = range[0]; p < range[1]; p++)
	{
		ml_loss_block loss = {.rows = shard->block.rows,
		                      .eta = shard->eta + (int64_t) p * ML_BLOCK,
		                      .target = shard->block.target,
		                      .weight = shard->block.weight,
		                      .gradient = shard->gradient_of + (int64_t) p * ML_BLOCK,
		                      .curvature = shard->curvature};

		sweep->loss(&loss);
		shard->loss[p] += loss.objective;
	}
}

/* Rows of the matrix for the labels: pairs of labels by counting. */
static void
add_label_pairs(const ml_design *design, const ml_sweep_job *job, ml_sweep_shard *shard)
{
	const ml_column_block *block = &shard->block;
	int64_t side = job->columns + 1;

	for (int a = 0; a < design->categories; a++)
		for (int b = a; b < design->categories; b++)
			for (int i = 0; i < block->rows; i++)
			{
				int row = job->index[1 + block->labels[a * ML_BLOCK + i]];
				int col = job->index[1 + block->labels[b * ML_BLOCK + i]];

				if (row >= 0 && col >= 0)
					shard->gram[row * side + col] += shard->curvature[i];
			}
}

/*
 * X'HX of a block over the intercept and the columns of the job: numbers by a matrix
 * product, their sums per label by adding up.
 */
ML_HOT static void
add_gram(const ml_design *design, const ml_blas *blas, const ml_sweep_job *job,
         ml_sweep_shard *shard)
{
	const ml_column_block *block = &shard->block;
	int64_t side = job->columns + 1;
	ml_columns scaled = {.rows = block->rows, .stride = ML_BLOCK, .x = shard->scaled};

	memset(shard->curvature + block->rows, 0,
	       sizeof(double) * (size_t) (ML_BLOCK - block->rows));
	for (int d = 0; d < job->columns + 1; d++)
	{
		int column = d == 0 ? 0 : job->column[d - 1];
		const double *x = block->dense + (int64_t) column * ML_BLOCK;
		double *out = shard->scaled + (int64_t) d * ML_BLOCK;

		if (column >= design->dense)
			break;
		scaled.cols = d + 1;
		for (int i = 0; i < ML_BLOCK; i++)
			out[i] = shard->curvature[i] * x[i];
		for (int k = 0; k < design->categories; k++)
		{
			const int32_t *label = block->labels + (int64_t) k * ML_BLOCK;

			for (int i = 0; i < block->rows; i++)
			{
				int at = job->index[1 + label[i]];

				if (at >= 0)
					shard->gram[d * side + at] += out[i];
			}
		}
		for (int i = 0; i < ML_BLOCK; i++)
			out[i] = sqrt(shard->curvature[i]) * x[i];
	}
	ml_columns_gram(blas, &scaled, shard->gram, (int) side);
	add_label_pairs(design, job, shard);
}

typedef struct sweep_work
{
	ml_sweep *sweep;
	const ml_sweep_job *job;
} sweep_work;

/* The points that a fold's rows count for: up to two ranges. */
static void
ranges(const ml_sweep_job *job, int fold, int range[2][2])
{
	int first = 0, end;

	while (first < job->points && job->without != NULL && job->without[first] < fold)
		first++;
	end = first;
	while (end < job->points && job->without != NULL && job->without[end] == fold)
		end++;
	range[0][0] = job->held_out ? first : 0;
	range[0][1] = job->held_out ? end : first;
	range[1][0] = end;
	range[1][1] = job->held_out ? end : job->points;
}

static ml_status
sweep_shard(void *argument, int64_t task, ml_worker *worker)
{
	sweep_work *work = argument;
	ml_sweep *sweep = work->sweep;
	const ml_sweep_job *job = work->job;
	const ml_design *design = sweep->design;
	ml_sweep_shard *shard = &sweep->shard[task];
	int64_t side = job->columns + 1;
	int range[2][2];

	ranges(job, shard->fold, range);
	memset(shard->gradient, 0, sizeof(double) * (size_t) job->points * design->cols);
	memset(shard->loss, 0, sizeof(double) * (size_t) job->points);
	if (job->curved)
		memset(shard->gram, 0, sizeof(double) * (size_t) (side * side));
	if (range[0][0] == range[0][1] && range[1][0] == range[1][1])
		return ML_OK;
	for (int64_t row = shard->begin; row < shard->end;)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		row = ml_column_block_fill(design, row, shard->end, &shard->block);
		for (int r = 0; r < 2; r++)
		{
			if (range[r][0] == range[r][1])
				continue;
			predict(sweep, worker->host->blas, job, shard, range[r]);
			add_losses(sweep, shard, range[r]);
			if (!job->held_out)
				project(sweep, worker->host->blas, shard, range[r]);
		}
		if (job->curved)
			add_gram(design, worker->host->blas, job, shard);
	}
	return ML_OK;
}

/* Adds the shards up, fold by fold; the matrix into that of the fold's first shard. */
static ml_status
collect(ml_host *host, ml_sweep *sweep, const ml_sweep_job *job)
{
	int64_t cols = sweep->design->cols, side = job->columns + 1;
	int64_t width = job->points * cols;

	memset(sweep->gradient, 0, sizeof(double) * (size_t) (sweep->folds * width));
	memset(sweep->loss_of, 0,
	       sizeof(double) * (size_t) (sweep->folds * (int64_t) job->points));
	sweep->side = (int) side;
	for (int s = 0; s < sweep->shards; s++)
	{
		const ml_sweep_shard *shard = &sweep->shard[s];
		double *gradient = sweep->gradient + shard->fold * width;
		double *gram = sweep->gram[shard->fold];

		if (ml_stop(host))
			return ML_STOPPED;
		for (int64_t i = 0; i < width; i++)
			gradient[i] += shard->gradient[i];
		for (int p = 0; p < job->points; p++)
			sweep->loss_of[shard->fold * (int64_t) job->points + p] += shard->loss[p];
		for (int64_t i = 0; job->curved && gram != shard->gram && i < side * side; i++)
		{
			ML_PAUSE(host, i);
			gram[i] += shard->gram[i];
		}
	}
	return ML_OK;
}

ml_status
ml_sweep_run(ml_host *host, ml_sweep *sweep, ml_sweep_job *job)
{
	sweep_work work = {.sweep = sweep, .job = job};

	if (job->curved)
	{
		for (int c = 0; c <= sweep->design->cols; c++)
			job->index[c] = -1;
		for (int d = 0; d < job->columns; d++)
			job->index[1 + job->column[d]] = d + 1;
	}
	ML_TRY(ml_parallel(host, sweep->shards, sweep_shard, &work));
	return collect(host, sweep, job);
}

static ml_status
shard_moments(void *argument, int64_t task, ml_worker *worker)
{
	ml_sweep *sweep = argument;
	const ml_design *design = sweep->design;
	ml_sweep_shard *shard = &sweep->shard[task];
	double *sum = shard->gradient, *square = sum + design->cols;

	memset(sum, 0, sizeof(double) * 2 * (size_t) design->cols);
	shard->loss[0] = shard->loss[1] = 0;
	for (int64_t row = shard->begin; row < shard->end;)
	{
		const ml_column_block *block = &shard->block;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		row = ml_column_block_fill(design, row, shard->end, &shard->block);
		for (int c = 0; c < design->dense; c++)
			for (int i = 0; i < ML_BLOCK; i++)
				shard->scaled[(int64_t) c * ML_BLOCK + i] =
				    block->weight[i] * block->dense[(int64_t) c * ML_BLOCK + i];
		add_products(block, design->dense, block->weight, sum);
		for (int c = 0; c < design->dense; c++)
			for (int i = 0; i < ML_BLOCK; i++)
				square[c] += shard->scaled[(int64_t) c * ML_BLOCK + i] *
				             block->dense[(int64_t) c * ML_BLOCK + i];
		for (int k = 0; k < design->categories; k++)
			for (int i = 0; i < block->rows; i++)
			{
				int32_t label = block->labels[(int64_t) k * ML_BLOCK + i];

				if (label >= 0)
					sum[label] += block->weight[i];
			}
	}
	for (int c = design->dense; c < design->cols; c++)
		square[c] = sum[c];
	return ML_OK;
}

ml_status
ml_sweep_moments(ml_host *host, ml_sweep *sweep)
{
	ml_sweep_job job = {.points = 2};

	ML_TRY(ml_parallel(host, sweep->shards, shard_moments, sweep));
	return collect(host, sweep, &job);
}
