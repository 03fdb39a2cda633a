/* SPDX-License-Identifier: PostgreSQL */
/*
 * compare.h: two models on the same rows.
 */
#ifndef ML_COMPARE_H
#define ML_COMPARE_H

#include "judge/judge.h"

#define ML_MAX_DIFFERENCES 4

typedef struct ml_difference
{
	const char *name;
	bool more_is_better;
	double a;
	double b;
	double difference; /* a - b, with its 95 % interval */
	double low;
	double high;
	double p; /* two-sided, of there being no difference */
} ml_difference;

typedef struct ml_comparison
{
	ml_difference metric[ML_MAX_DIFFERENCES];
	int metrics;
} ml_comparison;

/* Narrows what was judged to some of its rows, in that order. */
extern ml_status
ml_judged_pick(ml_host *host, const int64_t *place, int64_t count, ml_judged *judged);

/*
 * Rows, targets and weights of both are the same; where only a has weights they count for both.
 * Two classes: auc, log_loss, brier, accuracy.  Several: accuracy, log_loss.  A value: r2, rmse,
 * mae, and deviance where it is the same for both.
 */
extern ml_status ml_judge_pair(ml_host *host, const ml_judged *a, const ml_judged *b,
                               ml_comparison *comparison);

#endif
