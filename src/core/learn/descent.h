/* SPDX-License-Identifier: PostgreSQL */
/*
 * descent.h: coordinate descent on a quadratic function with an elastic net penalty.
 *
 * We minimize over b, from the b given,
 *
 *	- r.(b - b0) + (b - b0)'H(b - b0)/2 + sum_j [ lasso_j |b_j| + ridge_j b_j^2 / 2 ]
 *
 * with covariance updates (Friedman, Hastie and Tibshirani, Regularization paths for
 * generalized linear models via coordinate descent, 2010): r is kept as the gradient at
 * b, and only a coefficient that changes costs a row of H.  Once descending has cost as much
 * as it would to factor the matrix of the coefficients that are not zero, their linear
 * equations are solved instead, up to where the first of them changes its sign: what
 * correlated columns would take thousands of rounds for is then exact at once.
 */
#ifndef ML_DESCENT_H
#define ML_DESCENT_H

#include "base/base.h"

typedef struct ml_descent
{
	int n;
	const double *h;     /* [n][n] symmetric, both triangles */
	const double *lasso; /* [n] infinite: the coefficient is zero */
	const double *ridge; /* [n] */
	double tolerance;    /* of a change, H_jj times its square */
	double *b;           /* [n] in and out */
	double *r;           /* [n] in and out */
	int *active;         /* [n] work space */
	double *factor;      /* [n][n] work space */
	double *work;        /* [2 n] work space */
} ml_descent;

/* ML_STOPPED if the worker is to give up. */
extern ml_status ml_descent_run(ml_descent *descent, ml_worker *worker);

#endif
