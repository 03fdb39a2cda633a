/* SPDX-License-Identifier: PostgreSQL */
/*
 * softmax.c: passes over the rows, and the Hessian in blocks.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MAX_SHARDS 16
#define SHARD_NUMBERS (1 << 22) /* what the Grams of all shards together are held to */
#define AT_ONCE 8               /* rows */
#define PIVOT_TOLERANCE                                                                  \
	1e-11 /* pivot to diagonal, below which a column depends on others */

static int
round_up(int free)
{
	return (free + ML_LANES - 1) / ML_LANES * ML_LANES;
}

/* Numbers of a shard's Gram matrices. */
static double
gram_numbers(const ml_design *design, double pairs)
{
	double dense = design->dense, labels = design->cols - design->dense;

	return pairs * (dense * dense + labels * dense + labels * labels);
}

/* Depends on the problem alone: shards decide the order of additions. */
static int
shard_count(const ml_softmax *softmax)
{
	const ml_design *design = softmax->design;
	int64_t rows = design->problem->end - design->problem->begin;
	int64_t blocks = (rows + ML_BLOCK - 1) / ML_BLOCK, shards = MAX_SHARDS;

	if (softmax->curved)
		shards = (int64_t) (SHARD_NUMBERS / gram_numbers(design, softmax->pairs));
	shards = shards < 2 ? 2 : shards > MAX_SHARDS ? MAX_SHARDS : shards;
	return (int) (blocks < 1 ? 1 : blocks < shards ? blocks : shards);
}

static void
set_sizes(ml_softmax *softmax)
{
	softmax->free = softmax->classes - 1;
	softmax->lanes = round_up(softmax->free);
	softmax->pairs = (int64_t) softmax->free * (softmax->free + 1) / 2;
	softmax->size = (int64_t) softmax->design->cols * softmax->free;
	softmax->shards = shard_count(softmax);
}

double
ml_softmax_memory(const ml_design *design, int classes, bool curved)
{
	ml_softmax softmax = {.design = design, .classes = classes, .curved = curved};
	double shard, all;

	set_sizes(&softmax);
	shard =
	    ML_BLOCK * (design->dense + 0.5 * design->categories + 3 + 2.0 * softmax.lanes) +
	    (double) design->cols * softmax.lanes;
	all = (double) softmax.size + (double) design->cols * softmax.lanes;
	if (curved)
	{
		shard += ML_BLOCK * ((double) softmax.pairs + design->dense) +
		         AT_ONCE * (double) softmax.pairs * design->dense +
		         gram_numbers(design, (double) softmax.pairs);
		all += (double) softmax.size * (double) softmax.size;
	}
	return 8 * (shard * softmax.shards + all);
}

static ml_status
shard_create(ml_host *host, const ml_softmax *softmax, ml_softmax_shard *shard)
{
	const ml_design *design = softmax->design;
	int64_t dense = design->dense, labels = design->cols - dense;

	ML_TRY(ml_design_block_create(host, design, &shard->block));
	ML_NEW(host, shard->probability, (int64_t) ML_BLOCK * softmax->lanes);
	ML_NEW(host, shard->residual, (int64_t) ML_BLOCK * softmax->lanes);
	ML_NEW(host, shard->gradient, (int64_t) design->cols * softmax->lanes);
	if (!softmax->curved)
		return ML_OK;
	ML_NEW_RAW(host, shard->weight, ML_BLOCK * softmax->pairs);
	ML_NEW_RAW(host, shard->scaled, ML_BLOCK * dense);
	ML_NEW_RAW(host, shard->weighted, AT_ONCE * softmax->pairs * dense);
	ML_NEW_RAW(host, shard->dense, softmax->pairs * dense * dense);
	ML_NEW_RAW(host, shard->mixed, softmax->pairs * labels * dense);
	ML_NEW_RAW(host, shard->counted, softmax->pairs * labels * labels);
	return ML_OK;
}

ml_status
ml_softmax_create(ml_host *host, ml_softmax *softmax)
{
	set_sizes(softmax);
	softmax->dependent = -1;
	ML_NEW(host, softmax->shard, softmax->shards);
	for (int i = 0; i < softmax->shards; i++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(shard_create(host, softmax, &softmax->shard[i]));
	}
	if (softmax->curved)
		ML_NEW_RAW(host, softmax->l, softmax->size * softmax->size);
	ML_NEW(host, softmax->gradient, softmax->size);
	ML_NEW(host, softmax->beta, (int64_t) softmax->design->cols * softmax->lanes);
	return ML_OK;
}

/* Margins of a block's rows, where their probabilities will be. */
ML_HOT static void
predict_block(const ml_softmax *softmax, ml_softmax_shard *shard)
{
	const ml_design *design = softmax->design;
	int64_t lanes = softmax->lanes;

	for (int row = 0; row < shard->block.rows; row++)
	{
		const double *x = shard->block.dense + (int64_t) row * design->dense;
		const int32_t *label = shard->block.labels + (int64_t) row * design->categories;
		double *out = shard->probability + row * lanes;

		for (int64_t first = 0; first < lanes; first += ML_LANES)
		{
			const double *beta = softmax->beta + first;
			double sum[ML_LANES] = {0};

			for (int j = 0; j < design->dense; j++)
				for (int k = 0; k < ML_LANES; k++)
					sum[k] += x[j] * beta[j * lanes + k];
			for (int c = 0; c < design->categories; c++)
				for (int k = 0; k < ML_LANES && label[c] >= 0; k++)
					sum[k] += beta[label[c] * lanes + k];
			for (int k = 0; k < ML_LANES; k++)
				out[first + k] = sum[k];
		}
	}
}

/*
 * With m the largest margin, the reference's 0 among them, p_k = exp(z_k - m) / s,
 * s = sum exp(z - m), and the loss is log s + m - z_y: nothing overflows.  Answers the loss
 * without w log s, and s.
 */
static double
respond_row(const ml_softmax *softmax, ml_softmax_shard *shard, int row, double *s)
{
	double *p = shard->probability + (int64_t) row * softmax->lanes;
	double *residual = shard->residual + (int64_t) row * softmax->lanes;
	int y = (int) shard->block.target[row];
	double weight = shard->block.weight[row];
	double most = 0, margin = y > 0 ? p[y - 1] : 0, sum, share;

	for (int k = 0; k < softmax->free; k++)
		most = p[k] > most ? p[k] : most;
	sum = exp(-most);
	for (int k = 0; k < softmax->free; k++)
		sum += p[k] = exp(p[k] - most);
	share = 1 / sum;
	for (int k = 0; k < softmax->free; k++)
	{
		p[k] *= share;
		residual[k] = weight * ((k + 1 == y) - p[k]);
	}
	*s = sum;
	return weight * (most - margin);
}

static void
respond_block(const ml_softmax *softmax, ml_softmax_shard *shard)
{
	double product = 1;

	for (int row = 0; row < shard->block.rows; row++)
	{
		double weight = shard->block.weight[row], s;

		shard->objective += respond_row(softmax, shard, row, &s);
		/* a logarithm of many factors costs less than one of each; s is at most the classes */
		if (weight == 1)
			product *= s;
		else
			shard->objective += weight * log(s);
		if (product > 1e300)
		{
			shard->objective += log(product);
			product = 1;
		}
	}
	shard->objective += log(product);
}

/* Four free classes and four rows at once: the gradient is read and written once for them. */
static inline void
add_four_rows(const ml_softmax *softmax, ml_softmax_shard *shard, int row, int64_t first)
{
	int64_t dense = softmax->design->dense, lanes = softmax->lanes;
	const double *x = shard->block.dense + row * dense;
	double *out = shard->gradient + first, r[4][ML_LANES];

	for (int i = 0; i < 4; i++)
		for (int k = 0; k < ML_LANES; k++)
			r[i][k] = row + i < shard->block.rows
			              ? shard->residual[(row + i) * lanes + first + k]
			              : 0;
	for (int64_t j = 0; j < dense; j++)
		for (int k = 0; k < ML_LANES; k++)
			out[j * lanes + k] +=
			    (x[j] * r[0][k] + x[j + dense] * r[1][k]) +
			    (x[j + 2 * dense] * r[2][k] + x[j + 3 * dense] * r[3][k]);
}

ML_HOT static void
add_gradient(const ml_softmax *softmax, ml_softmax_shard *shard)
{
	const ml_design *design = softmax->design;
	int64_t lanes = softmax->lanes;

	/* rows past the last one are there, with whatever was in them, and count for nothing */
	for (int row = 0; row < shard->block.rows; row += 4)
		for (int64_t first = 0; first < lanes; first += ML_LANES)
			add_four_rows(softmax, shard, row, first);
	for (int row = 0; row < shard->block.rows; row++)
	{
		const int32_t *label = shard->block.labels + (int64_t) row * design->categories;
		const double *residual = shard->residual + row * lanes;

		for (int c = 0; c < design->categories; c++)
		{
			double *out = shard->gradient + label[c] * lanes;

			for (int64_t k = 0; k < lanes && label[c] >= 0; k++)
				out[k] += residual[k];
		}
	}
}

/* Weights of all pairs, and the dense corners by BLAS. */
static ml_status
add_dense(const ml_softmax *softmax, ml_softmax_shard *shard, ml_worker *worker)
{
	int64_t dense = softmax->design->dense, lanes = softmax->lanes, pair = 0;

	for (int k = 0; k < softmax->free; k++)
	{
		/* of many classes one block takes long */
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int l = 0; l <= k; l++, pair++)
		{
			for (int row = 0; row < shard->block.rows; row++)
			{
				const double *p = shard->probability + row * lanes;
				const double *x = shard->block.dense + row * dense;
				double *out = shard->scaled + row * dense;
				double weight =
				    shard->block.weight[row] * p[k] * (k == l ? 1 - p[k] : p[l]);
				double root = sqrt(weight);

				shard->weight[row * softmax->pairs + pair] = weight;
				for (int64_t i = 0; i < dense; i++)
					out[i] = root * x[i];
			}
			ml_gram_add(worker->host->blas, (int) dense, shard->block.rows, shard->scaled,
			            shard->dense + pair * dense * dense);
		}
	}
	return ML_OK;
}

/* The indicators' share of a row in all Grams: its weighted numbers are added to each label. */
static inline void
add_row_labels(const ml_softmax *softmax, ml_softmax_shard *shard, int row,
               const double *restrict weighted)
{
	const ml_design *design = softmax->design;
	int64_t dense = design->dense, labels = design->cols - dense, pairs = softmax->pairs;
	const double *weight = shard->weight + row * pairs;
	const int32_t *label = shard->block.labels + (int64_t) row * design->categories;

	for (int a = 0; a < design->categories; a++)
	{
		int64_t at = label[a] - dense;
		double *restrict mixed = shard->mixed + at * pairs * dense;

		if (at < 0)
			continue;
		for (int64_t i = 0; i < pairs * dense; i++)
			mixed[i] += weighted[i];
		/* columns of later categories are further right */
		for (int b = 0; b <= a; b++)
		{
			double *counted = shard->counted + (at * labels + label[b] - dense) * pairs;

			for (int64_t pair = 0; pair < pairs && label[b] >= 0; pair++)
				counted[pair] += weight[pair];
		}
	}
}

/* A few rows at a time: numbers written just before are slow to read in other pieces. */
ML_HOT static void
add_labels(const ml_softmax *softmax, ml_softmax_shard *shard)
{
	int64_t dense = softmax->design->dense, pairs = softmax->pairs;

	if (softmax->design->categories == 0)
		return;
	for (int first = 0; first < shard->block.rows; first += AT_ONCE)
	{
		int end =
		    first + AT_ONCE < shard->block.rows ? first + AT_ONCE : shard->block.rows;
		double *restrict out = shard->weighted;

		for (int row = first; row < end; row++)
			for (int64_t pair = 0; pair < pairs; pair++)
			{
				const double *restrict x = shard->block.dense + row * dense;
				double weight = shard->weight[row * pairs + pair];

				for (int64_t i = 0; i < dense; i++)
					*out++ = weight * x[i];
			}
		for (int row = first; row < end; row++)
			add_row_labels(softmax, shard, row,
			               shard->weighted + (row - first) * pairs * dense);
	}
}

static void
clear_shard(const ml_softmax *softmax, ml_softmax_shard *shard)
{
	int64_t dense = softmax->design->dense, labels = softmax->design->cols - dense;
	size_t pairs = (size_t) softmax->pairs * sizeof(double);

	shard->objective = 0;
	memset(shard->gradient, 0,
	       (size_t) softmax->design->cols * (size_t) softmax->lanes * sizeof(double));
	if (!softmax->with_hessian)
		return;
	memset(shard->dense, 0, pairs * (size_t) (dense * dense));
	memset(shard->mixed, 0, pairs * (size_t) (labels * dense));
	memset(shard->counted, 0, pairs * (size_t) (labels * labels));
}

static ml_status
pass_shard(void *work, int64_t task, ml_worker *worker)
{
	ml_softmax *softmax = work;
	ml_softmax_shard *shard = &softmax->shard[task];
	int64_t begin = softmax->design->problem->begin;
	int64_t blocks = (softmax->end - begin + ML_BLOCK - 1) / ML_BLOCK;
	int64_t row = begin + blocks * task / softmax->shards * ML_BLOCK;
	int64_t end = begin + blocks * (task + 1) / softmax->shards * ML_BLOCK;

	end = end < softmax->end ? end : softmax->end;
	clear_shard(softmax, shard);
	while (row < end)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		row = ml_design_fill(softmax->design, row, end, &shard->block);
		predict_block(softmax, shard);
		respond_block(softmax, shard);
		add_gradient(softmax, shard);
		if (!softmax->with_hessian)
			continue;
		ML_TRY(add_dense(softmax, shard, worker));
		add_labels(softmax, shard);
	}
	return ML_OK;
}

/* Entry (i, j), i >= j, of the Gram of a pair of classes, added up over the shards. */
static double
gram_entry(const ml_softmax *softmax, int64_t pair, int64_t i, int64_t j)
{
	int64_t dense = softmax->design->dense, labels = softmax->design->cols - dense;
	int64_t pairs = softmax->pairs;
	double sum = 0;

	for (int s = 0; s < softmax->shards; s++)
	{
		const ml_softmax_shard *shard = &softmax->shard[s];

		if (i < dense)
			sum += shard->dense[(pair * dense + i) * dense + j];
		else if (j < dense)
			sum += shard->mixed[((i - dense) * pairs + pair) * dense + j];
		else
			sum += shard->counted[((i - dense) * labels + j - dense) * pairs + pair];
	}
	return sum;
}

/* A row of columns of the Hessian, one of its tasks. */
static ml_status
assemble_column(void *work, int64_t i, ml_worker *worker)
{
	const ml_softmax *softmax = work;
	int64_t free = softmax->free, size = softmax->size;
	double penalty = softmax->l2 * softmax->design->penalty[i];

	for (int64_t j = 0; j <= i; j++)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int64_t k = 0, pair = 0; k < free; k++)
			for (int64_t l = 0; l <= k; l++, pair++)
			{
				double entry = gram_entry(softmax, pair, i, j);

				entry = k == l ? entry : -entry;
				if (i == j)
					entry += penalty * ((k == l) - 1.0 / softmax->classes);
				/* what lies above the diagonal of a block on the diagonal is not read */
				softmax->l[(i * free + k) * size + j * free + l] = entry;
				softmax->l[(i * free + l) * size + j * free + k] = entry;
			}
	}
	return ML_OK;
}

static ml_status
factor(ml_host *host, ml_softmax *softmax)
{
	int dependent;

	ML_TRY(ml_parallel(host, softmax->design->cols, assemble_column, softmax));
	ML_TRY(
	    ml_cholesky(host, (int) softmax->size, softmax->l, PIVOT_TOLERANCE, &dependent));
	softmax->dependent = dependent < 0 ? -1 : dependent / softmax->free;
	return ML_OK;
}

/* Penalty and gradient of the penalty at beta. */
static void
penalize(ml_softmax *softmax, const double *beta)
{
	int free = softmax->free;

	softmax->objective = softmax->loss_sum;
	for (int64_t j = 0; j < softmax->design->cols; j++)
	{
		double pull = softmax->l2 * softmax->design->penalty[j], mean = 0;
		const double *b = beta + j * free;

		for (int k = 0; k < free; k++)
			mean += b[k] / softmax->classes;
		for (int k = 0; k < free; k++)
		{
			softmax->gradient[j * free + k] -= pull * (b[k] - mean);
			softmax->objective += pull * b[k] * (b[k] - mean) / 2;
		}
	}
}

ml_status
ml_softmax_pass(ml_host *host, ml_softmax *softmax, const double *beta, int64_t end,
                bool with_hessian)
{
	int64_t cols = softmax->design->cols, free = softmax->free, lanes = softmax->lanes;

	softmax->end = end;
	softmax->with_hessian = with_hessian;
	for (int64_t j = 0; j < cols; j++)
		memcpy(softmax->beta + j * lanes, beta + j * free,
		       (size_t) free * sizeof(double));
	ML_TRY(ml_parallel(host, softmax->shards, pass_shard, softmax));
	softmax->loss_sum = 0;
	memset(softmax->gradient, 0, (size_t) softmax->size * sizeof(double));
	for (int s = 0; s < softmax->shards; s++)
	{
		softmax->loss_sum += softmax->shard[s].objective;
		for (int64_t j = 0; j < cols; j++)
			for (int64_t k = 0; k < free; k++)
				softmax->gradient[j * free + k] +=
				    softmax->shard[s].gradient[j * lanes + k];
	}
	penalize(softmax, beta);
	if (ml_stop(host))
		return ML_STOPPED;
	return with_hessian ? factor(host, softmax) : ML_OK;
}
