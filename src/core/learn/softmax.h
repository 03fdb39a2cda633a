/* SPDX-License-Identifier: PostgreSQL */
/*
 * softmax.h: one Newton step of softmax regression over a design.
 *
 * Class 0 is the reference, its margins are 0; the others are free.  We minimize
 *
 *	f(b) = sum_i w_i (-log p_{i,y_i}) + l2/2 sum_j d_j (sum_k b_jk^2 - (sum_k b_jk)^2 / K),
 *	p_ik = exp(x_i . b_k) / sum_l exp(x_i . b_l).
 *
 * The penalty is that of K coefficients per column which add up to zero, so the fit does
 * not depend on which class is the reference.  The Hessian has a block for every pair of
 * free classes, sum_i w_i p_ik (1[k = l] - p_il) x_i x_i': one weighted Gram matrix per pair.
 * The dense corner of each is BLAS's, the indicators of categories are counted, as in normal.c.
 *
 * Coefficients, gradient and Hessian are ordered by column, then by free class, so that a
 * column that depends on those before it shows as such.  Sums are taken per shard, a
 * fixed range of rows, and added in the order of shards.
 */
#ifndef ML_SOFTMAX_H
#define ML_SOFTMAX_H

#include "learn/design.h"

#define ML_LANES 4 /* free classes are handled four at a time, padded with zeros */

typedef struct ml_softmax_shard
{
	ml_design_block block;
	double *probability; /* [ML_BLOCK][lanes] of the free classes */
	double *residual;    /* [ML_BLOCK][lanes] w (1[y = k] - p) */
	double *weight;      /* [ML_BLOCK][pairs] w p_k (1 - p_k), or w p_k p_l */
	double *scaled;      /* [ML_BLOCK][dense] */
	double *weighted;    /* [pairs][dense] of some rows */
	double *dense;       /* [pairs][dense][dense] lower triangles */
	double *mixed;       /* [labels][pairs][dense] */
	double *counted;  /* [labels][labels][pairs], the first label not before the second */
	double *gradient; /* [cols][lanes] */
	double objective;
} ml_softmax_shard;

typedef struct ml_softmax
{
	const ml_design *design;
	int classes;
	double l2;
	bool curved; /* Hessians will be asked for */
	int free;    /* classes - 1 */
	int lanes;   /* free, rounded up */
	int64_t
	    pairs; /* of free classes, each with itself too; k >= l is number k (k + 1) / 2 + l */
	int64_t size; /* cols x free */
	int shards;
	ml_softmax_shard *shard;
	double *l;        /* [size][size] lower triangle: the Hessian's factor */
	double *gradient; /* [size] minus the gradient of f */
	double objective; /* f(b) */
	double loss_sum;  /* its first term */
	int dependent;    /* a column that depends on those before it, or -1 */
	/* of the pass under way */
	double *beta; /* [cols][lanes] */
	int64_t end;
	bool with_hessian;
} ml_softmax;

/* Bytes that ml_softmax_create asks for; of the design only the dimensions are read. */
extern double ml_softmax_memory(const ml_design *design, int classes, bool curved);

/* Allocates for a softmax whose design, classes, l2 and curved are set. */
extern ml_status ml_softmax_create(ml_host *host, ml_softmax *softmax);

/*
 * Passes over the training rows before end: objective and gradient at beta and, if
 * with_hessian, the Hessian's factor.  dependent tells whether that went well.
 */
extern ml_status ml_softmax_pass(ml_host *host, ml_softmax *softmax, const double *beta,
                                 int64_t end, bool with_hessian);

#endif
