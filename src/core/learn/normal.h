/* SPDX-License-Identifier: PostgreSQL */
/*
 * normal.h: one Newton step of a penalized linear predictor over a design.
 *
 * We minimize  f(b) = sum_i w_i loss(y_i, x_i . b) + l2/2 sum_j d_j b_j^2.
 * With g = -loss' and h = loss'' at the current b, Newton's step solves
 *
 *	(X'HX + l2 D) s = X'g - l2 D b,
 *
 * by one of two factorizations of the left side into L L':
 *
 *	Gram	X'HX is summed up and factored by Cholesky: fast, and its error
 *			grows with the square of the condition number
 *	QR		sqrt(H) X, the penalty below it and the working residual beside it, is
 *			factored by orthogonal reflections, block by block (TSQR): slower, and
 *			its error grows with the condition number itself
 *
 * For a quadratic loss further steps are iterative refinement of the first.  By QR they take
 * residuals and gradient in twice the working precision and solve with the first factor
 * (corrected seminormal equations; Bjoerck, Numerical Methods for Least Squares Problems,
 * 1996, 6.6.5): each gains as many digits as the condition number leaves, whatever the
 * size of the residuals.
 * Sums are taken per shard, a fixed range of rows, and added in the order of shards.
 */
#ifndef ML_NORMAL_H
#define ML_NORMAL_H

#include "learn/design.h"
#include "learn/loss.h"

typedef struct ml_shard
{
	ml_design_block block;
	double *eta;
	double *gradient_of; /* [ML_BLOCK] */
	double *curvature;   /* [ML_BLOCK] */
	double *scaled;      /* [ML_BLOCK][dense], or [ML_BLOCK][cols + 1] by QR */
	double *small;       /* [dense][dense] */
	double *l;           /* Gram [cols][cols], or triangle [cols + 1][cols + 1] */
	double *gradient;    /* [cols] */
	double *low;         /* [cols] what rounding took off gradient; NULL: not wanted */
	double *work;        /* of ml_qr_add */
	double objective;
} ml_shard;

/* Sees a block of rows: encoded, with linear predictors, gradients and curvatures. */
typedef void (*ml_visit)(void *work, int shard, const ml_shard *block);

typedef struct ml_normal
{
	const ml_design *design;
	ml_loss loss;
	double l2;
	bool by_qr;
	bool quadratic; /* the loss depends on x . b - y alone: by QR, keep its digits */
	double offset;  /* added to every linear predictor */
	double shape;   /* of the loss */
	int shards;
	ml_shard *shard;
	double *l;         /* [cols][cols] lower triangle */
	double *projected; /* [cols] L^-1 (X'g - l2 D b), by QR */
	bool reflected;    /* projected is of the last pass */
	double *gradient;  /* [cols] X'g - l2 D b */
	double *length;    /* [cols] of the columns of sqrt(H) X, penalty included */
	double *combined;  /* [cols] work space */
	double objective;  /* f(b) */
	double loss_sum;   /* its first term */
	int dependent;     /* a column that depends on those before it, or -1 */
	/* of the pass under way */
	const double *beta;
	int64_t end;
	bool curved;
	bool scattered; /* the curvature is the squared gradient */
	ml_visit visit; /* or NULL */
	void *visit_work;
} ml_normal;

/* Bytes that ml_normal_create asks for. */
extern double ml_normal_memory(const ml_design *design, bool by_qr);

/* Allocates for a normal whose design, loss, l2 and by_qr are set. */
extern ml_status ml_normal_create(ml_host *host, ml_normal *normal);

/*
 * Passes over the training rows before end: objective and gradient at beta and, if
 * curved, the factorization.  dependent tells whether that went well.
 */
extern ml_status ml_normal_pass(ml_host *host, ml_normal *normal, const double *beta,
                                int64_t end, bool curved);

/*
 * Visits all rows of the last pass: the blocks of a shard in order, shards side by side
 * unless serial.  What the last pass has found stays.
 */
extern ml_status ml_normal_visit(ml_host *host, ml_normal *normal, const double *beta,
                                 ml_visit visit, void *work, bool serial);

/*
 * X' diag(g_i^2) X at beta, where g_i is the gradient of row i: the middle of White's
 * estimator.  By QR out is its triangle L, else the matrix's lower triangle; [cols][cols].
 */
extern ml_status
ml_normal_scatter(ml_host *host, ml_normal *normal, const double *beta, double *out);

/* Newton's step from the last pass; of a quadratic loss with the last factor there is. */
extern void ml_normal_step(const ml_normal *normal, double *step);

#endif
