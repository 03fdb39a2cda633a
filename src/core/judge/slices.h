/* SPDX-License-Identifier: PostgreSQL */
/*
 * slices.h: where a model errs most.
 */
#ifndef ML_SLICES_H
#define ML_SLICES_H

#include "judge/judge.h"

/* What was predicted of each row, what came out, and what that costs; of several classes their numbers. */
typedef struct ml_losses
{
	const double *score;
	const double *target;
	const double *weight; /* NULL: all 1 */
	const double *loss;
} ml_losses;

/* Rows that have something in common. */
typedef struct ml_slice
{
	int feature;
	int level; /* a label; levels: missing, as any level of a number is; -1: a range of numbers */
	double low; /* and what numbers of it there are */
	double high;
	double rows;
	double score; /* means */
	double target;
	double loss;
	double effect; /* of the slice on the loss, in standard deviations */
	double
	    p_value; /* of a loss no greater than elsewhere, for as many slices as there are */
} ml_slice;

typedef struct ml_slices
{
	int looked_at;
	int slices; /* with more loss than elsewhere, the surest first */
	ml_slice *slice;
} ml_slices;

/* Log loss of classes; of a value its deviance if there is one, else the squared error. */
extern ml_status
ml_judged_losses(ml_host *host, const ml_judged *judged, ml_losses *losses);

/* rows are those of the losses, their codes translated. */
extern ml_status ml_find_slices(ml_host *host, const ml_model *model, const ml_rows *rows,
                                const ml_losses *losses, ml_slices *out);

#endif
