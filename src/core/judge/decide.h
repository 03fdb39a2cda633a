/* SPDX-License-Identifier: PostgreSQL */
/*
 * decide.h: what was predicted for each row, and how that came out.
 */
#ifndef ML_DECIDE_H
#define ML_DECIDE_H

#include "judge/judge.h"

/* Rows, by weight, of every class that came out and every class that was predicted. */
typedef struct ml_confusion
{
	int classes;
	double *rows; /* [classes + 1][classes]; the last ones are of no class of the model */
} ml_confusion;

/* Of two classes the second is predicted from the threshold on. */
extern ml_status ml_confuse(ml_host *host, const ml_judged *judged, double threshold,
                            ml_confusion *confusion);

/*
 * Deviance residuals: of the sign of target less score, their squares the rows' deviances.  Of
 * two classes the deviance is -2 log likelihood.  scale is the root of their mean square.
 */
extern ml_status ml_deviance_residuals(ml_host *host, const ml_judged *judged,
                                       double *residual, double *scale);

/* Rows that a decision treats alike or not: one group of them. */
typedef struct ml_fair_group
{
	int64_t rows;
	double weight;
	double
	    selected; /* share whose score is the threshold or more, with Wilson's interval */
	double selected_low;
	double selected_high;
	double true_positive_rate;
	double false_positive_rate;
	double mean_score;
	double observed; /* share of positives */
	/* these rates over the highest of all groups; where not being selected is the favour, those of
	 * their complements */
	double selected_ratio;
	double true_positive_ratio;
	double false_positive_ratio;
} ml_fair_group;

typedef struct ml_fair_options
{
	double threshold;
	bool favours_rejected;
} ml_fair_options;

/*
 * code is each row's group, from 0, or -1; group has room for groups + 1, the last one for -1.
 * Groups without rows have rows == 0.
 */
extern ml_status
ml_fairness(ml_host *host, const ml_outcomes *in, const int32_t *code,
            const ml_fair_options *options, ml_fair_group *group, int groups);

#endif
