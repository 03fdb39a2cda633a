/* SPDX-License-Identifier: PostgreSQL */
/*
 * varied.h: a model on rows of which a feature is changed.
 *
 *	dependence.c	the mean score if all rows had the same value of a feature
 *	permutation.c	what a metric loses if rows swap their values of a feature
 */
#ifndef ML_VARIED_H
#define ML_VARIED_H

typedef struct ml_dependence_options
{
	int64_t points;
} ml_dependence_options;

#define ML_MOST_POINTS 1000

/* Values of a feature, and what the model says of all rows if they have it. */
typedef struct ml_dependence
{
	int values;
	double *
	    value; /* [values] a number or a code of the schema; NaN, -1: missing, the last */
	int classes;  /* several, or 1: the score */
	double *mean; /* [values][classes] of the probability or the score over the rows */
	double *low;  /* of the same, the least that a tenth of the rows does not exceed */
	double *high; /* and nine tenths */
} ml_dependence;

/*
 * Partial dependence (Friedman 2001) of a model on a feature over rows whose codes are not yet
 * translated.  Numbers: all values if they are no more than points, else as many quantiles.
 * Labels: as many, the most frequent first.  Rows count by their weights.  No rows, no values.
 */
extern ml_status
ml_dependence_take(ml_host *host, const ml_model *model, const ml_rows *rows, int feature,
                   int64_t points, ml_dependence *out);

typedef struct ml_permutation_options
{
	ml_text metric; /* one that the task has; bytes == NULL: its main one */
	int64_t repeats;
	int64_t seed;
} ml_permutation_options;

/* What a feature, or an array of them, means to a metric. */
typedef struct ml_permuted
{
	int feature;      /* the first of the array */
	double drop;      /* of the metric, on average; of a loss, what it gains */
	double deviation; /* over the repeats; NaN: there is but one */
} ml_permuted;

typedef struct ml_permutation
{
	const char *metric;
	double value; /* of the metric, of rows as they are */
	int count;
	ml_permuted *permuted; /* [count] in the order of the features */
} ml_permutation;

/* The metric of that name; NULL if the task has none.  *larger: is more of it better? */
extern const char *ml_permutation_metric(ml_task_kind task, ml_text name, bool *larger);

/*
 * Permutation importance (Breiman 2001) over rows whose codes are not yet translated, with
 * statuses as of ml_truth_read.  The elements of an array move together, and all features move
 * by the same permutations.
 */
extern ml_status
ml_permutation_take(ml_host *host, const ml_model *model, const ml_rows *rows,
                    const ml_permutation_options *options, ml_permutation *out);

#endif
