/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting.h: boosted_trees: its options, and what its learners do.
 */
#ifndef ML_BOOSTING_H
#define ML_BOOSTING_H

#include "learn/learner.h"

typedef struct ml_boosting_options
{
	ml_text objective;
	int64_t trees;
	double learning_rate;
	int64_t leaves;
	int64_t depth;
	int64_t min_rows;
	double min_weight;
	double min_gain;
	double l1;
	double l2;
	double row_share;
	double column_share;
	int64_t early_stopping;
	double validation_share;
	ml_text class_weight;
	double category_smoothing;
	double category_l2;
	double quantile;
	double huber_delta;
	double tweedie_power;
	int64_t seed;
	const ml_value *monotone;
	const ml_value *interactions;
} ml_boosting_options;

/* boosting.c: what the learners of boosting_option.c do */
extern double
ml_boosting_memory(const ml_problem *problem, const void *options, int threads);
extern ml_status ml_boosting_fit(ml_host *host, const ml_problem *problem,
                                 const void *options, ml_fitted *fitted);
extern ml_status
ml_boosting_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                    const ml_value *options, void **state);

#endif
