/* SPDX-License-Identifier: PostgreSQL */
/*
 * normal.c: passes over the rows, and the two factorizations.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MAX_SHARDS 16
#define GRAM_TOLERANCE                                                                   \
	1e-9 /* pivot to diagonal, below which the Gram matrix is not trusted */
#define QR_TOLERANCE 1e-24 /* the same for squares of the triangle's diagonal */
#define SUSPICIOUS 1e-2    /* share of a column's square, below which it is looked into */

/* Depends on the matrix alone: shards decide the order of additions. */
static int
shard_count(const ml_design *design)
{
	int64_t blocks =
	    (design->problem->end - design->problem->begin + ML_BLOCK - 1) / ML_BLOCK;
	int64_t shards = (INT64_C(1) << 22) / ((int64_t) design->cols * design->cols);

	shards = shards < 2 ? 2 : shards > MAX_SHARDS ? MAX_SHARDS : shards;
	return (int) (blocks < 1 ? 1 : blocks < shards ? blocks : shards);
}

double
ml_normal_memory(const ml_design *design, bool by_qr)
{
	double width = by_qr ? design->cols + 1 : design->dense;
	double side = by_qr ? design->cols + 1 : design->cols;
	double low = by_qr ? design->dense : 0;
	double block =
	    ML_BLOCK * (design->dense + low + width + 0.5 * design->categories + 5);
	double work = by_qr ? (double) ml_qr_work(design->cols + 1, ML_BLOCK) : 0;
	double shard = block + side * side + (double) design->dense * design->dense +
	               2 * design->cols + work;

	return 8 * (shard * shard_count(design) + (double) design->cols * (design->cols + 8));
}

static ml_status
shard_create(ml_host *host, const ml_normal *normal, ml_shard *shard)
{
	const ml_design *design = normal->design;
	int64_t side = normal->by_qr ? design->cols + 1 : design->cols;
	int64_t width = normal->by_qr ? side : design->dense;

	ML_TRY(ml_design_block_create(host, design, &shard->block));
	ML_NEW(host, shard->eta, ML_BLOCK);
	ML_NEW(host, shard->gradient_of, ML_BLOCK);
	ML_NEW(host, shard->curvature, ML_BLOCK);
	ML_NEW_RAW(host, shard->scaled, ML_BLOCK * width);
	ML_NEW_RAW(host, shard->small, (int64_t) design->dense * design->dense);
	ML_NEW_RAW(host, shard->l, side * side);
	ML_NEW(host, shard->gradient, design->cols);
	if (normal->by_qr)
		ML_NEW_RAW(host, shard->work, ml_qr_work((int) side, ML_BLOCK));
	if (normal->by_qr && normal->quadratic)
	{
		ML_NEW(host, shard->low, design->cols);
		ML_NEW(host, shard->block.low, (int64_t) ML_BLOCK * design->dense);
	}
	return ML_OK;
}

ml_status
ml_normal_create(ml_host *host, ml_normal *normal)
{
	const ml_design *design = normal->design;

	normal->shards = shard_count(design);
	normal->dependent = -1;
	ML_NEW(host, normal->shard, normal->shards);
	for (int i = 0; i < normal->shards; i++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(shard_create(host, normal, &normal->shard[i]));
	}
	ML_NEW_RAW(host, normal->l, (int64_t) (design->cols + 1) * (design->cols + 1));
	ML_NEW(host, normal->projected, design->cols);
	ML_NEW(host, normal->gradient, design->cols);
	ML_NEW(host, normal->length, design->cols);
	ML_NEW(host, normal->combined, design->cols);
	return ML_OK;
}

/* Adds to a sum that carries its rounding errors along (Knuth's exact sum). */
static inline void
add_exactly(double *sum, double *error, double term)
{
	double next = *sum + term, back = next - *sum;

	*error += (*sum - (next - back)) + (term - back);
	*sum = next;
}

/*
 * x . beta with twice the working precision: products and sums carry their
 * rounding errors along (Ogita, Rump and Oishi, Accurate sum and dot product, 2005).
 */
static double
precise_dot(const ml_design *design, const ml_design_block *block, int row,
            const double *beta, double sum)
{
	int64_t start = (int64_t) row * design->dense;
	const double *x = block->dense + start;
	const int32_t *label = block->labels + (int64_t) row * design->categories;
	double error = 0;

	for (int i = 0; i < design->dense; i++)
	{
		double product = x[i] * beta[i];

		error += fma(x[i], beta[i], -product);
		if (block->low != NULL)
			error += block->low[start + i] * beta[i];
		add_exactly(&sum, &error, product);
	}
	for (int i = 0; i < design->categories; i++)
		if (label[i] >= 0)
			add_exactly(&sum, &error, beta[label[i]]);
	return sum + error;
}

ML_HOT static void
add_gradient(const ml_design *design, ml_shard *shard)
{
	const ml_design_block *block = &shard->block;

	for (int row = 0; row < block->rows; row++)
	{
		const double *x = block->dense + (int64_t) row * design->dense;
		const int32_t *label = block->labels + (int64_t) row * design->categories;
		double g = shard->gradient_of[row];

		for (int i = 0; i < design->dense; i++)
			shard->gradient[i] += g * x[i];
		for (int i = 0; i < design->categories; i++)
			if (label[i] >= 0)
				shard->gradient[label[i]] += g;
	}
}

/* The same in twice the working precision. */
ML_HOT static void
add_gradient_precisely(const ml_design *design, ml_shard *shard)
{
	const ml_design_block *block = &shard->block;

	for (int row = 0; row < block->rows; row++)
	{
		int64_t start = (int64_t) row * design->dense;
		const double *x = block->dense + start, *low = block->low + start;
		const int32_t *label = block->labels + (int64_t) row * design->categories;
		double g = shard->gradient_of[row];

		for (int i = 0; i < design->dense; i++)
		{
			double product = g * x[i];

			shard->low[i] += fma(g, x[i], -product) + g * low[i];
			add_exactly(&shard->gradient[i], &shard->low[i], product);
		}
		for (int i = 0; i < design->categories; i++)
			if (label[i] >= 0)
				add_exactly(&shard->gradient[label[i]], &shard->low[label[i]], g);
	}
}

/* X'HX of a block: the dense corner by BLAS, the indicators by counting. */
ML_HOT static void
add_gram(const ml_design *design, const ml_blas *blas, ml_shard *shard)
{
	const ml_design_block *block = &shard->block;
	int64_t cols = design->cols, dense = design->dense;

	for (int row = 0; row < block->rows; row++)
	{
		const double *x = block->dense + row * dense;
		double *out = shard->scaled + row * dense;
		double root = sqrt(shard->curvature[row]);

		for (int i = 0; i < dense; i++)
			out[i] = root * x[i];
	}
	ml_gram_add(blas, design->dense, block->rows, shard->scaled, shard->small);
	for (int row = 0; row < block->rows; row++)
	{
		const double *x = block->dense + row * dense;
		const int32_t *label = block->labels + (int64_t) row * design->categories;
		double h = shard->curvature[row];

		for (int a = 0; a < design->categories; a++)
		{
			double *out = shard->l + label[a] * cols;

			if (label[a] < 0)
				continue;
			for (int i = 0; i < dense; i++)
				out[i] += h * x[i];
			/* columns of later categories are further right */
			for (int b = 0; b <= a; b++)
				if (label[b] >= 0)
					out[label[b]] += h;
		}
	}
}

/* sqrt(H) [X | g / H] of a block, written out and reflected into the shard's triangle. */
static void
add_rows(const ml_design *design, const ml_blas *blas, ml_shard *shard)
{
	const ml_design_block *block = &shard->block;
	int64_t side = design->cols + 1;

	memset(shard->scaled, 0, (size_t) (block->rows * side) * sizeof(double));
	for (int row = 0; row < block->rows; row++)
	{
		const double *x = block->dense + (int64_t) row * design->dense;
		const int32_t *label = block->labels + (int64_t) row * design->categories;
		double *out = shard->scaled + row * side;
		double root = sqrt(shard->curvature[row]);

		for (int i = 0; i < design->dense; i++)
			out[i] = root * x[i];
		for (int i = 0; i < design->categories; i++)
			if (label[i] >= 0)
				out[label[i]] = root;
		out[side - 1] = root > 0 ? shard->gradient_of[row] / root : 0;
	}
	ml_qr_add(blas, (int) side, block->rows, shard->scaled, shard->l, shard->work);
}

ML_HOT static void
predict_block(const ml_normal *normal, ml_shard *shard)
{
	const ml_design *design = normal->design;

	for (int row = 0; row < shard->block.rows; row++)
	{
		double *target = &shard->block.target[row], start = normal->offset;

		if (shard->block.offset != NULL)
			start += shard->block.offset[row];

		if (!normal->by_qr)
		{
			shard->eta[row] =
			    ml_design_dot(design, &shard->block, row, normal->beta) + start;
			continue;
		}
		if (normal->quadratic)
		{
			/* the difference to the target, whose digits would be lost afterwards */
			start -= *target;
			*target = 0;
		}
		shard->eta[row] = precise_dot(design, &shard->block, row, normal->beta, start);
	}
}

/*
 * Rows of the penalty, sqrt(l2 d_j) [e_j | -b_j], are a triangle already: the first shard
 * begins with them.  The intercept has d = 0.
 */
static void
start_with_penalty(const ml_normal *normal, double *l)
{
	int64_t cols = normal->design->cols, side = cols + 1;

	for (int64_t j = 1; j < cols; j++)
	{
		double root = sqrt(normal->l2 * normal->design->penalty[j]);

		l[j * side + j] = root;
		l[cols * side + j] = -root * normal->beta[j];
	}
}

static ml_status
pass_shard(void *work, int64_t task, ml_worker *worker)
{
	ml_normal *normal = work;
	const ml_design *design = normal->design;
	ml_shard *shard = &normal->shard[task];
	int64_t side = normal->by_qr ? design->cols + 1 : design->cols;
	int64_t blocks =
	    (normal->end - normal->design->problem->begin + ML_BLOCK - 1) / ML_BLOCK;
	int64_t row =
	    normal->design->problem->begin + blocks * task / normal->shards * ML_BLOCK;
	int64_t end =
	    normal->design->problem->begin + blocks * (task + 1) / normal->shards * ML_BLOCK;

	end = end < normal->end ? end : normal->end;
	memset(shard->gradient, 0, (size_t) design->cols * sizeof(double));
	if (shard->low != NULL)
		memset(shard->low, 0, (size_t) design->cols * sizeof(double));
	if (normal->curved)
	{
		memset(shard->l, 0, (size_t) (side * side) * sizeof(double));
		memset(shard->small, 0, (size_t) design->dense * design->dense * sizeof(double));
		if (normal->by_qr && task == 0 && !normal->scattered)
			start_with_penalty(normal, shard->l);
	}
	shard->objective = 0;
	while (row < end)
	{
		ml_loss_block loss;

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		row = ml_design_fill(design, row, end, &shard->block);
		predict_block(normal, shard);
		loss = (ml_loss_block){.rows = shard->block.rows,
		                       .eta = shard->eta,
		                       .target = shard->block.target,
		                       .weight = shard->block.weight,
		                       .shape = normal->shape,
		                       .gradient = shard->gradient_of,
		                       .curvature = shard->curvature};
		normal->loss(&loss);
		shard->objective += loss.objective;
		if (normal->visit != NULL)
		{
			normal->visit(normal->visit_work, (int) task, shard);
			continue;
		}
		if (normal->scattered)
			for (int i = 0; i < shard->block.rows; i++)
				shard->curvature[i] = shard->gradient_of[i] * shard->gradient_of[i];
		if (shard->low != NULL)
			add_gradient_precisely(design, shard);
		else
			add_gradient(design, shard);
		if (normal->curved && normal->by_qr)
			add_rows(design, worker->host->blas, shard);
		else if (normal->curved)
			add_gram(design, worker->host->blas, shard);
	}
	return ML_OK;
}

/* Adds up the shards' Gram matrices: the lower triangle. */
static void
add_up_grams(const ml_normal *normal, double *gram)
{
	const ml_design *design = normal->design;
	int64_t cols = design->cols;

	memset(gram, 0, (size_t) (cols * cols) * sizeof(double));
	for (int s = 0; s < normal->shards; s++)
	{
		const ml_shard *shard = &normal->shard[s];

		for (int i = 0; i < design->dense; i++)
			for (int j = 0; j <= i; j++)
				gram[i * cols + j] += shard->small[(int64_t) i * design->dense + j];
		for (int64_t i = design->dense; i < cols; i++)
			for (int64_t j = 0; j <= i; j++)
				gram[i * cols + j] += shard->l[i * cols + j];
	}
}

/*
 * Squared length of the coefficients of a column's regression on those before it, in units of the
 * columns' lengths: 1 more than that over the squared pivot is the column's own entry of the
 * inverse.
 */
static double
combination_square(const ml_normal *normal, int column)
{
	int64_t cols = normal->design->cols;
	const double *l = normal->l;
	double *c = normal->combined, square = 0;

	memcpy(c, l + column * cols, (size_t) column * sizeof(double));
	for (int k = column - 1; k >= 0; k--)
	{
		double share;

		c[k] /= l[k * cols + k];
		for (int j = 0; j < k; j++)
			c[j] -= l[k * cols + j] * c[k];
		share = c[k] * (normal->length[k] / normal->length[column]);
		square += share * share;
	}
	return square;
}

/*
 * The first column of which nothing certain is left beside those before it, or -1.  A small
 * pivot alone does not tell: where columns before it nearly depend on each other, their
 * combinations may leave far less of the column.
 */
static int
find_dependent(ml_normal *normal, double tolerance)
{
	int64_t cols = normal->design->cols;

	for (int i = 0; i < cols; i++)
	{
		const double *row = normal->l + i * cols;
		double square = 0, pivot = row[i] * row[i];

		for (int j = 0; j <= i; j++)
			square += row[j] * row[j];
		normal->length[i] = sqrt(square);
		if (!(pivot > tolerance * square))
			return i;
		if (pivot < SUSPICIOUS * square &&
		    pivot < tolerance * square * (1 + combination_square(normal, i)))
			return i;
	}
	return -1;
}

static ml_status
factor_gram(ml_host *host, ml_normal *normal)
{
	const ml_design *design = normal->design;
	int64_t cols = design->cols;

	add_up_grams(normal, normal->l);
	for (int64_t i = 0; i < cols; i++)
		normal->l[i * cols + i] += normal->l2 * design->penalty[i];
	ML_TRY(
	    ml_cholesky(host, design->cols, normal->l, GRAM_TOLERANCE, &normal->dependent));
	if (normal->dependent < 0)
		normal->dependent = find_dependent(normal, GRAM_TOLERANCE);
	return ML_OK;
}

/* The shards' triangles go into the first one as further rows, in order. */
static ml_status
join_triangles(ml_host *host, ml_normal *normal)
{
	int64_t cols = normal->design->cols, side = cols + 1;
	ml_shard *first = &normal->shard[0];

	for (int s = 1; s < normal->shards; s++)
		for (int64_t row = 0; row < side; row++)
		{
			if (ml_stop(host))
				return ML_STOPPED;
			for (int64_t j = 0; j < side; j++)
				first->scaled[j] = j >= row ? normal->shard[s].l[j * side + row] : 0;
			ml_qr_add(NULL, (int) side, 1, first->scaled, first->l, first->work);
		}
	return ML_OK;
}

static ml_status
factor_qr(ml_host *host, ml_normal *normal)
{
	int64_t cols = normal->design->cols, side = cols + 1;
	const ml_shard *first = &normal->shard[0];

	ML_TRY(join_triangles(host, normal));
	for (int64_t i = 0; i < cols; i++)
	{
		memcpy(normal->l + i * cols, first->l + i * side, (size_t) cols * sizeof(double));
		normal->projected[i] = first->l[cols * side + i];
	}
	normal->dependent = find_dependent(normal, QR_TOLERANCE);
	return ML_OK;
}

/* The shards' losses and gradients, in order. */
static void
add_shards(ml_normal *normal)
{
	normal->loss_sum = 0;
	for (int s = 0; s < normal->shards; s++)
		normal->loss_sum += normal->shard[s].objective;
	for (int j = 0; j < normal->design->cols; j++)
	{
		double sum = 0, error = 0;

		for (int s = 0; s < normal->shards; s++)
		{
			add_exactly(&sum, &error, normal->shard[s].gradient[j]);
			error += normal->shard[s].low != NULL ? normal->shard[s].low[j] : 0;
		}
		normal->gradient[j] = sum + error;
	}
}

ml_status
ml_normal_pass(ml_host *host, ml_normal *normal, const double *beta, int64_t end,
               bool curved)
{
	const ml_design *design = normal->design;

	normal->beta = beta;
	normal->end = end;
	/* by QR a step comes from the reflected residual, but for that of a refinement */
	normal->curved = curved || (normal->by_qr && !normal->quadratic);
	normal->reflected = normal->by_qr && normal->curved;
	ML_TRY(ml_parallel(host, normal->shards, pass_shard, normal));
	add_shards(normal);
	normal->objective = normal->loss_sum;
	for (int j = 0; j < design->cols; j++)
	{
		double pull = normal->l2 * design->penalty[j] * beta[j];

		normal->gradient[j] -= pull;
		normal->objective += pull * beta[j] / 2;
	}
	if (ml_stop(host))
		return ML_STOPPED;
	if (!normal->curved)
		return ML_OK;
	return normal->by_qr ? factor_qr(host, normal) : factor_gram(host, normal);
}

static ml_status
pass_shards(void *work, int64_t task, ml_worker *worker)
{
	ml_normal *normal = work;

	for (int shard = 0; shard < normal->shards; shard++)
		ML_TRY(pass_shard(normal, shard, worker));
	return ML_OK;
}

ml_status
ml_normal_visit(ml_host *host, ml_normal *normal, const double *beta, ml_visit visit,
                void *work, bool serial)
{
	ml_status status;

	normal->beta = beta;
	normal->curved = false;
	normal->visit = visit;
	normal->visit_work = work;
	status = serial ? ml_parallel(host, 1, pass_shards, normal)
	                : ml_parallel(host, normal->shards, pass_shard, normal);
	normal->visit = NULL;
	return status;
}

ml_status
ml_normal_scatter(ml_host *host, ml_normal *normal, const double *beta, double *out)
{
	int64_t cols = normal->design->cols, side = cols + 1;
	ml_status status;

	normal->beta = beta;
	normal->curved = normal->scattered = true;
	status = ml_parallel(host, normal->shards, pass_shard, normal);
	normal->scattered = false;
	ML_TRY(status);
	if (!normal->by_qr)
	{
		add_up_grams(normal, out);
		return ML_OK;
	}
	ML_TRY(join_triangles(host, normal));
	for (int64_t i = 0; i < cols; i++)
		memcpy(out + i * cols, normal->shard[0].l + i * side,
		       (size_t) cols * sizeof(double));
	return ML_OK;
}

void
ml_normal_step(const ml_normal *normal, double *step)
{
	int cols = normal->design->cols;

	memcpy(step, normal->reflected ? normal->projected : normal->gradient,
	       (size_t) cols * sizeof(double));
	if (!normal->reflected)
		ml_solve_lower(cols, normal->l, step);
	ml_solve_lower_transposed(cols, normal->l, step);
}
