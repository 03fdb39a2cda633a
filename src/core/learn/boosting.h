/* SPDX-License-Identifier: PostgreSQL */
/*
 * boosting.h: boosted_trees: its options, and what its learners do.
 *
 *	boosting_option.c	options and learners
 *	boosting.c		rounds of trees, and when to stop
 *	boosting_rows.c		gradients of the rows
 *	boosting_start.c	margins to start from: base and offsets, or an earlier forest
 */
#ifndef ML_BOOSTING_H
#define ML_BOOSTING_H

#include "learn/forest.h"
#include "learn/objective.h"

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
	ml_text continue_from;
	ml_text offset;
	ml_text exposure;
	const ml_value *monotone;
	const ml_value *interactions;
} ml_boosting_options;

/*
 * A fit under way.  Of several classes each has a margin and, in every round, a tree of its
 * own: tree t is of class t % margins.
 */
typedef struct ml_booster
{
	ml_host *host;
	const ml_problem *problem;
	const ml_boosting_options *options;
	const ml_objective *objective;
	double parameter;
	double unit;          /* of targets and margins, in those of the data */
	double *class_factor; /* [classes] of the weights; NULL: all 1 */
	ml_binned table;
	ml_grower grower;
	ml_forest forest;
	ml_offsets offsets;
	int earlier; /* trees of the forest that were there before */
	ml_gradients gradients;
	int64_t rows;
	int64_t aside; /* rows in front that are set aside */
	double aside_weight;
	double most_weight; /* of a row */
	int margins;        /* classes of softmax, else 1 */
	double *base;       /* [margins] where they start, in those of the data */
	double *margin;     /* [margins][rows] */
	double
	    *total; /* [rows] of softmax: log of the sum of exp(margin), as the round began */
	ml_slopes slopes;
	uint16_t *leaf_of;  /* [rows] */
	int32_t *leaf_at;   /* [nodes of a tree] number of the leaf */
	double *leaf_value; /* [leaves] to be added, in units */
	bool grown;         /* the last tree's leaves are still to be added */
	bool sampled;       /* some rows are in no leaf's list */
	int64_t chunks;
	double *loss;       /* [chunks] of the rows set aside */
	int tree;           /* that is being grown */
	ml_keyed *residual; /* [2 rows] of objectives with quantiles */
	int64_t *tally;
} ml_booster;

/* A range of rows of the table that lies in one chunk of the frame. */
typedef struct ml_span
{
	int64_t first; /* of the table */
	int64_t row;   /* of the frame */
	int count;
} ml_span;

static inline ml_span
ml_booster_span(const ml_booster *b, int64_t chunk)
{
	const ml_problem *problem = b->problem;
	int64_t row = ((problem->begin >> ML_CHUNK_BITS) + chunk) << ML_CHUNK_BITS;
	int64_t end = row + ML_CHUNK;

	row = row > problem->begin ? row : problem->begin;
	end = end < problem->end ? end : problem->end;
	return (ml_span){
	    .first = row - problem->begin, .row = row, .count = (int) (end - row)};
}

/* What a row of the frame weighs, its class's factor counted. */
static inline double
ml_booster_weight(const ml_booster *b, int64_t row)
{
	double weight =
	    b->problem->weight != NULL ? *ml_numbers_at(b->problem->weight, row) : 1;

	if (b->class_factor != NULL)
		weight *= b->class_factor[(int) *ml_numbers_at(b->problem->target, row)];
	return weight;
}

/* The rows in front that are set aside: a share, up to where a key ends. */
extern int64_t ml_booster_rows_aside(const ml_booster *booster);

/* Adds the last tree to its margins, and takes the gradients for the one to be grown. */
extern ml_status ml_booster_slopes(ml_booster *booster);

/* Mean loss of the rows set aside, as the round began. */
extern double ml_booster_loss_aside(const ml_booster *booster);

/* Leaves of a loss that is no parabola become the quantiles of their rows. */
extern ml_status ml_booster_renew_leaves(ml_booster *booster);

/* The quantile of what some rows of the table are off by, by weight. */
extern ml_status ml_booster_quantile(ml_booster *booster, const uint32_t *rows,
                                     int64_t count, double *quantile);

/* Which leaf each row is in. */
extern ml_status ml_booster_find_leaves(ml_booster *booster);

/*
 * boosting_start.c: margins to start from: for every class the best constant beside the
 * offsets, or those of the forest so far.
 */
extern ml_status ml_booster_start(ml_booster *booster);

/* boosting.c: what the learners of boosting_option.c do */
extern double
ml_boosting_memory(const ml_problem *problem, const void *options, int threads);
extern ml_status ml_boosting_fit(ml_host *host, const ml_problem *problem,
                                 const void *options, ml_fitted *fitted);
extern ml_status
ml_boosting_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                    const ml_value *options, void **state);

#endif
