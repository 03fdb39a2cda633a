/* SPDX-License-Identifier: PostgreSQL */
/*
 * learner.h: what a learner is, and the table of them.
 *
 * What a learner has learned is a list of named arrays of doubles and nothing
 * else, so that one codec serves all and a model can be written as plain rows.
 * Scoring works on a state prepared from them once.
 *
 * A row to be scored is one double per feature of the schema: the number (NaN:
 * missing), or the code of the category (-1: missing).
 */
#ifndef ML_LEARNER_H
#define ML_LEARNER_H

#include "learn/option.h"

#define ML_MAX_PARTS 64

typedef struct ml_part
{
	ml_text name;
	double *number; /* NaN: not known */
	int64_t count;
} ml_part;

/* What a validator must know of a fit that went wrong. */
typedef enum ml_trouble_kind
{
	ML_TROUBLE_NONE,
	ML_TROUBLE_UNCONVERGED, /* stopped early; the feature's coefficient moved the most */
	ML_TROUBLE_SEPARATED, /* the feature tells the classes apart, its coefficient has no end */
	ML_TROUBLE_NO_DISPERSION, /* counts vary no more than a Poisson's: theta has no end */
	ML_TROUBLE_NO_SPLIT,  /* trees that are leaves: the score is the same for all rows */
	ML_TROUBLE_NOT_ASIDE, /* too few rows to set some aside for early stopping */
	ML_TROUBLE_COLLAPSED  /* segments of fewer rows than their covariance takes */
} ml_trouble_kind;

typedef struct ml_trouble
{
	ml_trouble_kind kind;
	int feature; /* of the schema, or -1 */
	int level;   /* of a category, levels for missing, or -1 */
} ml_trouble;

typedef struct ml_fitted
{
	ml_part part[ML_MAX_PARTS];
	int parts;
	bool converged;
	int64_t iterations;
	ml_trouble trouble;
} ml_fitted;

/* What a training goes on from: what was learned, of which features and classes. */
typedef struct ml_earlier
{
	const ml_schema *schema;
	const ml_fitted *fitted;
} ml_earlier;

/* Training rows of an ordered frame, from begin to end. */
typedef struct ml_problem
{
	const ml_frame *frame;
	const ml_schema *schema;
	const ml_column *target;   /* numbers; of classes their numbers; NULL: segments */
	const ml_column *weight;   /* numbers, or NULL: all 1 */
	const ml_column *cluster;  /* numbers or codes, or NULL */
	const ml_earlier *earlier; /* or NULL */
	int64_t begin;
	int64_t end;
	int64_t judged; /* rows in front, of the holdout, that judge the model */
} ml_problem;

typedef struct ml_learner
{
	const char *name;
	const char *summary;
	ml_task_kind task;
	const ml_option *option;
	int options;
	size_t options_size; /* of the struct that the option table fills */
	bool missing_tells;  /* learns from where a number is missing, and not by its mean */

	bool
	    recalls; /* fits the rows it has seen closely, whatever it has learned of others */

	/* How features are to be put into bins for these options; NULL: not at all. */
	const ml_bin_options *(*bins)(const void *options);

	/*
	 * Looks for options that contradict each other and settles defaults that depend on
	 * others; false with the fault.  NULL: there are none.
	 */
	bool (*settle)(const ml_value *given, void *options, ml_option_fault *fault);

	/* Bytes that fit will ask for beyond the frame. */
	double (*memory)(const ml_problem *problem, const void *options, int threads);

	ml_status (*fit)(ml_host *host, const ml_problem *problem, const void *options,
	                 ml_fitted *fitted);

	/* Checks learned numbers against the schema and makes the state for scoring. */
	ml_status (*prepare)(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
	                     const ml_value *options, void **state);

	/*
	 * Makes what the margins of many rows are found quicker with, the same bits; once.
	 * NULL: nothing.
	 */
	ml_status (*equip)(ml_host *host, const ml_schema *schema, void *state);

	/* About how many additions and look-ups the margin of a row takes, among many. */
	double (*work)(const void *state);

	/* The margin of a row: what its features add up to, on the scale of the link. */
	double (*margin)(const void *state, const double *row);

	/* The margins of rows that lie width numbers apart: the same bits.  NULL: row by row. */
	void (*margins_of_rows)(const void *state, const double *row, int64_t width,
	                        int64_t rows, double *margin);

	/* The score of a margin: the inverse of the link. */
	double (*respond)(const void *state, double margin);

	/*
	 * ML_MULTICLASS and ML_SEGMENTATION instead of the two: the margins of all classes or
	 * segments, whose probabilities are in proportion to exp(margin).
	 */
	void (*margins)(const void *state, const double *row, double *margin);
	/* ML_SEGMENTATION, beside the margins: how far a row is from a segment's centre. */
	double (*distance)(const void *state, const double *row, int segment);

	bool margins_are_shares; /* not exp(margin), but margins are in proportion */
	/* The log of a row's density, where segments are distributions; NULL: they are none. */
	double (*log_density)(const void *state, const double *row);

	/* Deviance of a row whose mean is mu, in units of the likelihood; NULL: a squared error. */
	double (*deviance)(const void *state, double y, double mu);

	/* Makes what explain needs of the state and scoring does not; once.  NULL: nothing. */
	ml_status (*lay_out)(ml_host *host, const ml_schema *schema, void *state);

	/*
	 * Contributions to the margin, one per feature, and the bias: the margin of
	 * the average row.  They add up to the margin; of several classes to that of the
	 * positive one if there is one, else of the likeliest, less the mean of all margins
	 * unless these are shares; of segments to the largest less the next.
	 */
	void (*explain)(const void *state, const double *row, double *contribution,
	                double *bias);
} ml_learner;

/* regression.c */
extern const ml_learner ml_linear;
extern const ml_learner ml_logistic;
extern const ml_learner ml_poisson;
extern const ml_learner ml_gamma;
extern const ml_learner ml_negative_binomial;

/* multinomial.c */
extern const ml_learner ml_multinomial;

/* boosting_option.c */
extern const ml_learner ml_boosted_classes;
extern const ml_learner ml_boosted_several;
extern const ml_learner ml_boosted_values;

/* bagging.c */
extern const ml_learner ml_forest_classes;
extern const ml_learner ml_forest_several;
extern const ml_learner ml_forest_values;
extern const ml_learner ml_tree_classes;
extern const ml_learner ml_tree_several;
extern const ml_learner ml_tree_values;

/* kmeans.c */
extern const ml_learner ml_kmeans_learner;

/* mixture.c */
extern const ml_learner ml_mixture_learner;

/* hierarchical.c */
extern const ml_learner ml_hierarchical;

extern const ml_learner *const ml_learner_table[];
extern const int ml_learner_count;

/* The learner of that name, or NULL; the first where there is one for each of several tasks. */
extern const ml_learner *ml_learner_find(ml_text name);

/* The learner of that name for that task, or NULL. */
extern const ml_learner *ml_learner_of_task(ml_text name, ml_task_kind task);

/* The largest of so many margins or probabilities; the first of equal ones. */
extern int ml_likeliest(int classes, const double *number);

extern const ml_part *ml_fitted_part(const ml_fitted *fitted, const char *name);
/* So many finite numbers of that name, or NULL. */
extern const double *
ml_fitted_finite(const ml_fitted *fitted, const char *name, int64_t count);

extern ml_status ml_fitted_add(ml_host *host, ml_fitted *fitted, const char *name,
                               int64_t count, double **number);

/* A further array of one number; infinities are written as not known. */
extern ml_status
ml_fitted_scalar(ml_host *host, ml_fitted *fitted, const char *name, double number);

#endif
