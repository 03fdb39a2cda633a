/* SPDX-License-Identifier: PostgreSQL */
/*
 * sweep.h: one reading of the rows for many linear predictors, fold by fold.
 *
 * Rows come in the order of their hashed keys, so a fold is a range of them, moved to where
 * a key ends: rows of one id are in one fold.  A block of rows is encoded once, column by
 * column, and serves all predictors by matrix products.  What is summed up is kept by
 * fold, so that the sums without a fold are the total less its own.
 *
 * Sums are taken per shard, a fixed range of rows, and added in the order of shards.
 */
#ifndef ML_SWEEP_H
#define ML_SWEEP_H

#include "learn/design.h"
#include "learn/loss.h"

/* Work space of a range of rows. */
typedef struct ml_sweep_shard
{
	int fold;
	int64_t begin;
	int64_t end;
	ml_column_block block;
	double *eta;         /* [room][ML_BLOCK] */
	double *gradient_of; /* [room][ML_BLOCK] */
	double *curvature;   /* [ML_BLOCK] */
	double *scaled;      /* [dense][ML_BLOCK] */
	double *gradient;    /* [room][cols] */
	double *loss;        /* [room] */
	double *gram;        /* [side][side], upper triangle */
} ml_sweep_shard;

typedef struct ml_sweep
{
	const ml_design *design;
	ml_loss loss;
	double offset;  /* added to every linear predictor */
	int folds;      /* at least 1 */
	int room;       /* points that one sweep may have; at least 2 */
	int64_t *begin; /* [folds + 1] rows */
	int shards;
	ml_sweep_shard *shard;

	/* of the last sweep */
	double *gradient; /* [folds][points][cols] X'g over the rows of the fold */
	double *loss_of;  /* [folds][points] sum of w loss */
	double **gram;    /* [folds] X'HX of the fold: [side][side], upper triangle */
	int side;         /* 1 + columns of the Gram matrix */
} ml_sweep;

/* What a sweep is to find. */
typedef struct ml_sweep_job
{
	int points;
	const double *beta; /* [points][cols] */
	const int *without; /* [points] fold that a point leaves out, ascending; NULL: none */
	bool held_out;      /* losses over the rows of just those folds, and nothing else */
	bool curved;        /* a Gram matrix at the one point */
	int columns;
	const int *column; /* [columns] ascending: the matrix is of the intercept and these */
	int *index;        /* [cols + 1] work space: place in the matrix */
} ml_sweep_job;

/* Bytes that ml_sweep_create asks for. */
extern double ml_sweep_memory(const ml_design *design, int folds);

/* Allocates for a sweep whose design, loss, offset and folds are set. */
extern ml_status ml_sweep_create(ml_host *host, ml_sweep *sweep);

extern ml_status ml_sweep_run(ml_host *host, ml_sweep *sweep, ml_sweep_job *job);

/*
 * Weighted sums of all columns and of their squares: gradient[fold][0] and [1], as if they
 * were of two points.
 */
extern ml_status ml_sweep_moments(ml_host *host, ml_sweep *sweep);

#endif
