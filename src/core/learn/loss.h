/* SPDX-License-Identifier: PostgreSQL */
/*
 * loss.h: what a family of distributions says of a row: the loss apart from the solver.
 *
 * A family and a link make a generalized linear model (McCullagh and Nelder, Generalized
 * Linear Models, 1989): the mean mu of y is respond(eta), and the loss of a row is minus
 * its log-likelihood, less what does not depend on eta.  Its curvature is Fisher's expected
 * one, so that Newton's steps are those of iteratively reweighted least squares and
 * standard errors are those of R's glm.  Families and default links are R's.
 */
#ifndef ML_LOSS_H
#define ML_LOSS_H

#include "base/base.h"

/* What a loss says of a block of rows, given their linear predictors. */
typedef struct ml_loss_block
{
	int rows;
	const double *eta;
	const double *target;
	const double *weight;
	double shape;      /* theta of the negative binomial */
	double *gradient;  /* out: -w d loss / d eta */
	double *curvature; /* out: w E(d2 loss / d eta2) */
	double
	    objective; /* out, added to: sum of w loss; infinite outside of the link's domain */
} ml_loss_block;

typedef void (*ml_loss)(ml_loss_block *block);

typedef struct ml_family
{
	const char *name; /* of the algorithm */
	const char *link;
	ml_loss loss;
	double (*respond)(double eta);                         /* mean of y */
	double (*link_of)(double mu);                          /* eta of a mean */
	double (*deviance)(double y, double mu, double theta); /* of a row of weight 1 */

	/* log-likelihood of a row of weight 1 plus its loss; not of the gamma family */
	double (*constant)(double y, double theta);
	double (*variance)(double mu, double theta); /* of y, in units of the dispersion */
	double least;                                /* target; -INFINITY: any */
	bool above;                                  /* the target is greater than that */
	bool quadratic;                              /* one step solves it */
	bool canonical; /* the curvature is the observed one, too */
	bool dispersed; /* the dispersion is estimated, tests are t tests */
	bool has_ratio; /* exp(coefficient) is an odds or a rate ratio */
} ml_family;

/* Deviances of a row of weight 1; theta is not read. */
extern double ml_squared_deviance(double y, double mu, double theta);
extern double ml_binomial_deviance(double y, double mu, double theta);

extern const ml_family ml_family_table[];
extern const int ml_family_count;

/* The family of that name with that link; the first one, R's default, for no link.  NULL: none. */
extern const ml_family *ml_family_find(const char *name, ml_text link);

#endif
