/* SPDX-License-Identifier: PostgreSQL */
/*
 * linalg.h: the few dense matrix operations of the core.
 *
 * Matrices are row-major, symmetric ones are kept as their lower triangle.
 * With blas == NULL a portable twin computes the same to rounding; the tests
 * hold the two against each other.  cholesky.c has the Cholesky factorization,
 * singular.c singular values, linalg.c the rest.
 */
#ifndef ML_LINALG_H
#define ML_LINALG_H

#include "base/host.h"

/* gram[cols x cols] += block' block, lower triangle; block is rows x cols. */
extern void
ml_gram_add(const ml_blas *blas, int cols, int rows, const double *block, double *gram);

/*
 * Rows of a matrix that lie column by column, with vectors of its width to work on at once:
 * x is [cols][stride], of which the first rows doubles count, and vectors are apart doubles
 * from one to the next.
 */
typedef struct ml_columns
{
	int cols;
	int rows;
	int stride;
	const double *x;
	int vectors;
	int apart;
} ml_columns;

/* gram += x x', upper triangle, its rows side doubles apart. */
extern void
ml_columns_gram(const ml_blas *blas, const ml_columns *block, double *gram, int side);

/* out[vectors][stride] += beta[vectors][cols] x, and beta[vectors][cols] += out x'. */
extern void ml_columns_predict(const ml_blas *blas, const ml_columns *block,
                               const double *beta, double *out);
extern void ml_columns_project(const ml_blas *blas, const ml_columns *block,
                               const double *out, double *beta);

/*
 * a = L L' in place, lower triangle; what is above it is overwritten.  *dependent is -1, or
 * the first column whose pivot is at most tolerance times its diagonal: it depends on the
 * columns before it, and the factor ends there.
 */
extern ml_status
ml_cholesky(ml_host *host, int n, double *a, double tolerance, int *dependent);

/* x := L^-1 x and x := L^-T x for a lower triangle. */
extern void ml_solve_lower(int n, const double *l, double *x);
extern void ml_solve_lower_transposed(int n, const double *l, double *x);

/* Doubles of work space that ml_qr_add needs. */
extern int64_t ml_qr_work(int cols, int rows);

/*
 * Takes rows x cols further rows into a triangle L with L L' = X'X (L is the transpose
 * of the R of a QR factorization of all rows so far).  block is overwritten.
 */
extern void ml_qr_add(const ml_blas *blas, int cols, int rows, double *block, double *l,
                      double *work);

/*
 * Largest to smallest singular value of a lower triangle with zeros above it, which is
 * overwritten: to rounding for n up to 48, else to about three digits.
 */
extern ml_status ml_condition(ml_host *host, int n, double *l, double *condition);

#endif
