/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture.h: segments as normal distributions that all rows are a mixture of.
 *
 *	p(x) = sum_k weight_k N(x; mean_k, covariance_k) prod_f share_kf(x_f)
 *
 * over numbers x, shifted and scaled (space.h), and labels of the categories f, which within a
 * segment do not depend on one another nor on the numbers (McLachlan and Peel 2000, the location
 * model without its cells).  A number that is missing is integrated out, so what is known of a
 * row has its exact density.  A missing label is a label where it occurs; one that no row of the
 * training has, tells nothing.
 *
 * Learned arrays: those of the space, weights [segments], centers [segments][slots] means and
 * shares, factors [segments][numbers] or, lower triangle row by row, [segments][numbers
 * (numbers + 1) / 2]: z = factor (x - mean) has unit covariance, sizes [segments] training rows
 * that are likeliest there, log_likelihood of a row, parameters and bic.  Segments are in falling
 * order of their sizes.  Densities are those of the data's own units.
 */
#ifndef ML_MIXTURE_H
#define ML_MIXTURE_H

#include "learn/kmeans.h"

#define ML_FULL_NUMBERS 256 /* that full covariances are learned of, at most */
#define ML_GAP_NUMBERS (ML_FULL_NUMBERS * (ML_FULL_NUMBERS + 1) / 2)
#define ML_HALF_LOG_TWO_PI 0.91893853320467274178

/* The distribution, and what of it does not depend on a row. */
typedef struct ml_mixture
{
	const ml_space *space;
	int k;
	bool full;    /* covariances are no diagonals */
	int64_t size; /* of a factor: numbers squared, zeros above the triangle, or numbers */
	double *weight;    /* [k] */
	double *center;    /* [k][slots] */
	double *factor;    /* [k][size] */
	double *constant;  /* [k] log weight, and log density of numbers at the mean */
	double *log_share; /* [k][labels]; 0 of labels that no row has */
	double *log_unit;  /* [numbers] what a number's unit adds to the log density */
} ml_mixture;

/* mixture_density.c */
extern ml_status ml_mixture_create(ml_host *host, const ml_space *space, int k, bool full,
                                   ml_mixture *mixture);

/* To be called when weights, centres and factors have been written to. */
extern void ml_mixture_settle(ml_mixture *mixture);

/* Numbers that are free in it. */
extern double ml_mixture_parameters(const ml_mixture *mixture);

/* Numbers of a row that are missing. */
typedef struct ml_gaps
{
	const int *place; /* [count] in rising order */
	int count;
	double *root; /* [ML_GAP_NUMBERS] work space, for full covariances */
} ml_gaps;

/*
 * Puts what is missing where it is expected, given the others: away [numbers] is the distance from
 * the segment's mean.  Answers what integrating it out adds to the log density; root gets the
 * lower triangle, row by row, of the factor of its inverse covariance given the others.
 */
extern double ml_mixture_fill(const ml_mixture *mixture, int segment, const ml_gaps *gaps,
                              double *away);

/* Sum of squares of factor times away. */
extern double
ml_mixture_square(const ml_mixture *mixture, int segment, const double *away);

/* a = L L' in place, lower triangle row by row; the first row whose pivot is no number, or -1. */
extern int ml_triangle_factor(int n, double *a);

/* l := l^-1 in place, a lower triangle row by row. */
extern void ml_triangle_invert(int n, double *l);

/* Work space of a thread. */
typedef struct ml_em_seat
{
	ml_points points;
	int *gap;          /* [ML_BLOCK][numbers] places of numbers that are missing */
	int *gaps;         /* [ML_BLOCK] how many */
	double *away;      /* [numbers][ML_BLOCK] */
	double *work;      /* [numbers][ML_BLOCK] */
	double *margin;    /* [k][ML_BLOCK], then shares of the segments */
	double *row;       /* [numbers] */
	double *root;      /* [ML_GAP_NUMBERS] of full covariances */
	int all[ML_BLOCK]; /* 0, 1, 2, ... */
} ml_em_seat;

/* What a pass over one shard of the rows has found, about the means there are. */
typedef struct ml_em_shard
{
	double *weight;  /* [k] */
	double *sum;     /* [k][slots] */
	double *squares; /* [k][size] upper triangles, or diagonals */
	double likelihood;
} ml_em_shard;

/* Rows [begin, end) of a problem on their way to a mixture. */
typedef struct ml_em
{
	ml_host *host;
	const ml_problem *problem;
	const ml_space *space;
	int64_t begin;
	int64_t end;
	double
	    ridge; /* that is added to variances, and the part of shares that is all rows' */
	ml_mixture mixture;
	double total;      /* weight of all rows */
	double likelihood; /* log, of a row, of the parameters before the last step */
	double *overall;   /* [slots] shares of labels among all rows; variances of numbers */
	const int32_t *assigned; /* segments to begin with; NULL: those of the mixture */

	int64_t shard_rows;
	int shards;
	ml_em_shard *shard;
	ml_em_seat *seat; /* per thread */
} ml_em;

/* mixture_em.c; host, problem, space, begin, end and ridge are set */
extern ml_status ml_em_create(ml_em *em, int k, bool full);
extern double
ml_em_memory(const ml_space *space, int k, bool full, int64_t rows, int threads);

/* The mixture whose segments are given, row by row. */
extern ml_status ml_em_begin(ml_em *em, const int32_t *assigned);

/*
 * Steps of expectation and maximization until a row's log-likelihood grows by less than tolerance;
 * *iterations counts them.
 */
extern ml_status ml_em_iterate(ml_em *em, int64_t most, double tolerance,
                               int64_t *iterations, bool *converged);

/* Segments of fewer rows than a covariance takes. */
extern int ml_em_collapsed(const ml_em *em);

/* Segments with a number that varies, given the others, by no more than the ridge. */
extern int ml_em_flat(const ml_em *em);

/* How a mixture is looked for. */
typedef struct ml_search
{
	ml_host *host;
	const ml_problem *problem;
	const ml_space *space;
	int k;
	bool full;
	double ridge;
	int64_t restarts;
	int64_t most; /* iterations */
	double tolerance;
	uint64_t random;
} ml_search;

typedef struct ml_found
{
	ml_mixture mixture;
	double likelihood;
	int collapsed;
	int flat;
	int64_t iterations;
	bool converged;
} ml_found;

/* mixture.c: the best of some beginnings on rows [begin, end); ML_FEW_DISTINCT. */
extern ml_status
ml_mixture_search(ml_search *search, int64_t begin, int64_t end, ml_found *found);

/* A row of the problem as a model has it: [features]. */
extern void ml_problem_row(const ml_problem *problem, int64_t row, double *out);

/* mixture_choose.c: tries numbers of segments on a sample; most is set. */
extern ml_status ml_mixture_choose(const ml_search *search, ml_choice *choice);
extern double
ml_mixture_choose_memory(const ml_search *search, int64_t rows, int threads);

/* The label of a row among all labels. */
static inline int64_t
ml_mixture_label(const ml_space *space, int c, const double *row)
{
	double label = row[space->category[c]];

	return space->first_label[c] +
	       (label < 0 ? space->schema->feature[space->category[c]].levels
	                  : (int64_t) label);
}

/*
 * mixture_far.c: margins of a row far from all segments over that of the likeliest, and what that
 * one's is; the distance from a segment, to whose square labels add.
 */
extern double
ml_mixture_far_margins(const ml_mixture *mixture, const double *row, double *margin);
extern double ml_mixture_far_distance(const ml_mixture *mixture, const double *row,
                                      int segment, double label_square);

/* mixture_score.c: a mixture made ready for rows, as prepare answers it */
extern ml_status ml_mixture_state(ml_host *host, const ml_mixture *mixture, void **state);

/* See learner.h. */
extern ml_status
ml_mixture_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                   const ml_value *options, void **state);
extern double ml_mixture_work(const void *state);
extern void ml_mixture_margins(const void *state, const double *row, double *margin);
extern double ml_mixture_log_density(const void *state, const double *row);
extern double ml_mixture_distance(const void *state, const double *row, int segment);
extern void ml_mixture_explain(const void *state, const double *row, double *contribution,
                               double *bias);

#endif
