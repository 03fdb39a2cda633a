/* SPDX-License-Identifier: PostgreSQL */
/*
 * curve.h: what a score of two classes is worth at every cut-off, and by bins.
 *
 * Wherever rows are counted, their weights are added up.
 */
#ifndef ML_CURVE_H
#define ML_CURVE_H

#include "judge/judge.h"

/* Rows of one score. */
typedef struct ml_step
{
	double score;
	double positives;
	double negatives;
} ml_step;

/* All rows by score, the highest first. */
typedef struct ml_steps
{
	ml_step *step;
	int64_t count;
	int64_t rows; /* not weights */
	double positives;
	double negatives;
} ml_steps;

extern ml_status ml_steps_find(ml_host *host, const ml_outcomes *in, ml_steps *steps);

/* Rows called positive because their score is threshold or more. */
typedef struct ml_point
{
	double threshold; /* infinity: none */
	double true_positives;
	double false_positives;
} ml_point;

typedef struct ml_curve
{
	ml_point *point; /* the highest threshold first */
	int64_t count;
} ml_curve;

/*
 * The points of the ROC and of the precision-recall curve, without those that scikit-learn's
 * drop_intermediate leaves out.  Unless points is 0 they are thinned to so many at most, evenly by the
 * length of the ROC curve; both ends stay.
 */
extern ml_status
ml_roc_curve(ml_host *host, const ml_steps *steps, int64_t points, ml_curve *curve);
extern ml_status
ml_pr_curve(ml_host *host, const ml_steps *steps, int64_t points, ml_curve *curve);

/*
 * The point of the least cost of errors, of those the one that calls the fewest rows positive.
 */
extern ml_point
ml_cheapest_point(const ml_steps *steps, double false_positive, double false_negative);

/* The point at a threshold. */
extern ml_point ml_point_at(const ml_steps *steps, double threshold);

/* Rows by ascending score, those of one score by weight. */
typedef struct ml_ordered
{
	int64_t rows;
	const ml_keyed *row;  /* tagged */
	const double *weight; /* by number of the row; NULL: all 1 */
} ml_ordered;

#define ML_PIECES 4 /* parts of the rows, by chance */

/* A row's tag: its class and its piece. */
static inline bool
ml_is_positive(const ml_keyed *row)
{
	return row->tag & 1;
}

static inline int
ml_piece(const ml_keyed *row)
{
	return (int) (row->tag >> 1);
}

static inline double
ml_weight_of(const ml_ordered *in, const ml_keyed *row)
{
	return in->weight != NULL ? in->weight[row->row] : 1;
}

extern ml_status ml_order_rows(ml_host *host, const ml_outcomes *in, ml_ordered *out);

/* Standard errors of average precision and of KS, and how much KS is too large on average. */
typedef struct ml_curve_spread
{
	double precision;
	double gap;
	double gap_bias;
} ml_curve_spread;

/* There are both classes. */
extern ml_status
ml_curve_spread_find(ml_host *host, const ml_ordered *in, ml_curve_spread *spread);

/* Rows from the highest scores on, in parts of about one size. */
typedef struct ml_lift_bin
{
	int bin; /* from 1; those that came out empty are left out */
	double low;
	double high;
	double rows;
	double responders;
	double cumulative_rows; /* with all bins before */
	double cumulative_responders;
} ml_lift_bin;

/*
 * Rows of one score stay together: they go where the middle of them lies.  bin has room for
 * bins; answers how many came out.
 */
extern int ml_lift(const ml_steps *steps, int bins, ml_lift_bin *bin);

typedef struct ml_calibration_bin
{
	double low; /* of the scores that fell into it */
	double high;
	double rows;
	double mean_score;
	double observed; /* share of positives, with Wilson's interval */
	double observed_low;
	double observed_high;
} ml_calibration_bin;

/*
 * Bins as scikit-learn's calibration_curve has them: of equal width on [0, 1], or between quantiles
 * of the scores.  Empty ones are left out: *count are left.
 */
extern ml_status ml_calibrate_bins(ml_host *host, const ml_outcomes *in, int bins,
                                   bool uniform, ml_calibration_bin *bin, int *count);

#endif
