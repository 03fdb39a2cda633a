/* SPDX-License-Identifier: PostgreSQL */
/*
 * objective.h: what boosting minimizes: losses of a margin z and a target y.
 *
 *	logistic	log(1 + exp(-s z)), s = 1 or -1		p = 1 / (1 + exp(-z))
 *	softmax		-log p_y, p_k = exp(z_k) / sum_j exp(z_j)
 *	squared		(y - z)^2 / 2
 *	absolute	|y - z|								leaves take medians
 *	huber		squared up to delta, then linear
 *	quantile	a (y - z) above, (1 - a) (z - y) below	leaves take quantiles
 *	poisson		exp(z) - y z						mean exp(z)
 *	gamma		y exp(-z) + z						mean exp(z)
 *	tweedie		-y exp((1-p) z) / (1-p) + exp((2-p) z) / (2-p)	mean exp(z)
 *
 * Targets of the losses without a link come in units of their standard deviation, and
 * so do margins until the tree is written: penalties then mean the same for all data.
 *
 * Softmax has a margin per class, and is asked for one of them at a time: y is then whether the
 * row is of that class, parameter is K / (K - 1) for K classes.  The loss does not change where
 * all margins rise alike, so each tree can leave a share of its step to the others: what K steps
 * of -g / h overshoot, Friedman (2001) takes off by (K - 1) / K.
 */
#ifndef ML_OBJECTIVE_H
#define ML_OBJECTIVE_H

#include "learn/learner.h"

/* A block of rows, and what a loss says of them. */
typedef struct ml_objective_block
{
	int rows;
	const double *margin;
	const double *target;
	const double *total; /* of softmax: log of the sum of exp(margin) of all classes */
	double parameter;
	double *gradient;  /* out: d loss / d z */
	double *curvature; /* out: d2 loss / d z2, or what stands in for it */
	double *loss;      /* out; not of softmax */
} ml_objective_block;

typedef struct ml_objective
{
	const char *name;
	ml_task_kind task;
	void (*take)(const ml_objective_block *block);
	double (*respond)(double margin); /* NULL: there are several margins */
	bool scaled;                      /* targets come in units of their deviation */
	bool has_log;                     /* the base is the logarithm of the mean */
	bool quantiles;                   /* base and leaves are quantiles, of parameter */
	double least;                     /* target; -INFINITY: any */
	bool above;                       /* the target is greater than that */
} ml_objective;

/* The log of the sum of exp(margin) over classes, for rows whose margins are stride apart. */
extern void ml_softmax_totals(const double *margin, int64_t stride, int classes, int rows,
                              double *total);

/* The objective of that name and task; the first of the task if no name is given; or NULL. */
extern const ml_objective *ml_objective_find(ml_text name, ml_task_kind task);

#endif
