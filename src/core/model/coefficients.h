/* SPDX-License-Identifier: PostgreSQL */
/*
 * coefficients.h: what a regression's learned numbers say, coefficient by coefficient.
 *
 *	terms.c		which coefficient stands in which slot
 *	coefficients.c	tests, intervals and the further columns of a table of coefficients
 */
#ifndef ML_COEFFICIENTS_H
#define ML_COEFFICIENTS_H

#include "learn/learn.h"

typedef struct ml_model ml_model;

/* One coefficient: what it is of, and where the arrays of learned numbers have it. */
typedef struct ml_term
{
	int feature;    /* -1: the intercept */
	int level;      /* of a category; its number of levels: missing; -1: of no category */
	int64_t slot;   /* -1: the intercept */
	bool reference; /* the level that the others are compared with: 0 by definition */
	bool fitted;    /* false: missing did not occur in training, and what stands there is
	                   what scoring takes for it */
} ml_term;

typedef struct ml_terms
{
	int64_t count;
	ml_term *term; /* the intercept, then the features' in order, labels in order */
	int64_t slots; /* of one class */
	int classes;   /* sets of coefficients; 0: the model has none */
} ml_terms;

extern ml_status ml_model_terms(ml_host *host, const ml_model *model, ml_terms *terms);

/* The first number of a learned array; NaN if there is no such array. */
extern double ml_model_scalar(const ml_model *model, const char *name);

/* A number among the options in force; NaN if there is none of that name. */
extern double ml_model_option(const ml_model *model, const char *name);

/* The model's family, with its link; NULL for a model of another kind. */
extern const ml_family *ml_model_family(const ml_model *model);

/* Is its dispersion estimated, and not known to be 1? */
extern bool ml_model_has_dispersion(const ml_model *model);

/* A row of the table of coefficients; NaN: not known, or none. */
typedef struct ml_coefficient
{
	int set; /* of coefficients: the class of a multinomial model, else 0 */
	ml_term term;
	double estimate;
	double error;
	double statistic; /* estimate / error */
	double p;         /* of both sides */
	double low;       /* confidence interval of the estimate (Wald) */
	double high;
	double vif;
	double effect; /* average marginal effect */
	double effect_error;
} ml_coefficient;

typedef struct ml_coefficients
{
	double df;  /* the statistic is Student's t with these; infinite: it is normal */
	bool ratio; /* exp(estimate) is an odds or rate ratio */
	int64_t count;
	ml_coefficient *coefficient; /* all but those not fitted */
	ml_terms terms;
} ml_coefficients;

/*
 * The table of coefficients, with intervals of that confidence, between 0 and 1; of a
 * multinomial model without the reference class.  No rows for a model that has none.
 */
extern ml_status ml_model_coefficients(ml_host *host, const ml_model *model,
                                       double confidence, ml_coefficients *table);

#endif
