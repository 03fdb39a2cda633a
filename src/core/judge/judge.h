/* SPDX-License-Identifier: PostgreSQL */
/*
 * judge.h: how good a model is; the top floor's table of contents.
 *
 *	metrics.c	measures of scores against outcomes, with 95 % intervals
 *	decisions.c	those of two classes that are called by a cut-off
 *	class_metrics.c	the same of several classes
 *	segment_metrics.c	segments that lie apart
 *	keep_names.c	segments that keep the names of those they follow
 *	interval.h	shares and their intervals
 *	curve.h		curves, lift, calibration and the cheapest cut-off, of two classes
 *	compare.h	two models on the same rows
 *	champion.h	a training against the model in production
 *	decide.h	the confusion matrix, residuals, and how groups fare
 *	tally.h		measures made of sums, in a flat state: tally.c, measures.c
 *	ranking.h	measures of order: ranking.c, ranked_lists.c, concordance.c
 *	guard.c		features that are too good to be true
 *	advise.c	twins among the features, a fit of the rows seen alone
 *	fewer.c		boosting that has gone too far
 *	drift.c		features and a target that are not what they were
 *	training.c	a frame to a judged model: order, split, fit, judge
 *	by.c		the same with one part per group of rows
 *	outcomes.c	rows of a frame as a model has them, with what came out
 *	cross_validate.c	the same once per fold of the rows
 *	calibrate.h	scores corrected by what came out
 *	evaluate.c	a model on the rows of a frame
 *	stream.c	the same, frame by frame
 *	evidence.c	what each feature of a frame alone tells of its target
 *	varied.h	a model on rows of which a feature is changed
 *	slices.h	where a model errs most
 */
#ifndef ML_JUDGE_H
#define ML_JUDGE_H

#include "model/model.h"
#include "judge/tally.h"
#include "judge/ranking.h"

#define ML_MAX_METRICS 16

typedef struct ml_metric
{
	const char *name;
	double value; /* NaN: not defined on these rows */
	double low;   /* 95 % interval; NaN: none */
	double high;
} ml_metric;

/* The first metric after the rows is the main one: "auc", "accuracy", "r2" or "silhouette". */
typedef struct ml_report
{
	ml_metric metric[ML_MAX_METRICS];
	int metrics;
} ml_report;

/* What was predicted and what came out. */
typedef struct ml_outcomes
{
	int64_t rows;
	const double *score;  /* a value, or the probability of the positive class */
	const double *target; /* a value, or 1 for the positive class and 0 */
	const double *weight; /* NULL: all 1 */
	double (*deviance)(const void *state, double y,
	                   double mu); /* of a regression, or NULL: it is the squared error */
	const void *state;             /* handed to it */
} ml_outcomes;

/*
 * Two classes: rows, auc, gini, ks, pr_auc, log_loss, brier, ece, and the decisions at one half.
 */
extern ml_status
ml_judge_binary(ml_host *host, const ml_outcomes *outcomes, ml_report *report);

/* Adds accuracy, precision, recall, f1, mcc and positive_rate, where a score makes positive. */
extern ml_status ml_judge_decisions(ml_host *host, const ml_outcomes *outcomes,
                                    double threshold, ml_report *report);

/*
 * A value: rows, r2, rmse, mae; where the outcomes have a deviance also its mean over the rows, and
 * d2: the share of it that the model explains, as r2 is of squares.
 */
extern ml_status
ml_judge_regression(ml_host *host, const ml_outcomes *outcomes, ml_report *report);

/* Of several classes. */
typedef struct ml_class_outcomes
{
	int64_t rows;
	int classes;
	const double *target;    /* number of the class; -1: none that the model knows */
	const double *predicted; /* number of the class */
	const double
	    *likelihood;      /* what was predicted for the target's class; 0 if unknown */
	const double *weight; /* NULL: all 1 */
} ml_class_outcomes;

/* What a model says of rows, beside what came out. */
typedef struct ml_judged
{
	ml_task_kind task;
	ml_outcomes outcomes;      /* of a value and of two classes */
	ml_class_outcomes classes; /* of several */
	ml_report segments;        /* which are judged by where their rows lie */
} ml_judged;

/* Several classes: rows, accuracy, balanced_accuracy, macro_f1, mcc, log_loss. */
extern ml_status
ml_judge_classes(ml_host *host, const ml_class_outcomes *outcomes, ml_report *report);

extern const ml_metric *ml_report_metric(const ml_report *report, const char *name);

/* The metric that a model of this task is chosen by. */
extern const char *ml_main_metric(ml_task_kind task);

/* The one that comes first of this model: of a mixture its log-likelihood. */
extern const char *ml_model_metric(const ml_model *model);

/*
 * Area under the ROC curve and its standard error by DeLong's method; both NaN
 * unless there are both classes.
 */
extern ml_status
ml_auc(ml_host *host, const ml_outcomes *outcomes, double *auc, double *error);

/*
 * The same with what each row adds to it: the sum of squares is the variance, that of products
 * with another score's the covariance.  NULL where the AUC is NaN.
 */
extern ml_status ml_auc_influence(ml_host *host, const ml_outcomes *outcomes, double *auc,
                                  double **influence);

/* Notes features that alone predict the target almost perfectly. */
extern ml_status
ml_guard_leaks(ml_host *host, const ml_problem *problem, ml_notes *notes);

/* Leaves out, with a note, features that are the target under another name. */
extern ml_status ml_guard_copies(ml_host *host, const ml_problem *problem,
                                 ml_schema *schema, ml_notes *notes);

/* Notes features that say what an earlier one says. */
extern ml_status
ml_guard_twins(ml_host *host, const ml_problem *problem, ml_notes *notes);

/* The target in the oldest and in the newest training rows. */
typedef struct ml_drift
{
	int64_t rows[2];     /* that were compared; 0: none */
	double target[2];    /* mean, or share of the positive class */
	double target_index; /* population stability index */
	bool target_moved;   /* by more than chance, and so that it matters */
} ml_drift;

/*
 * Compares the oldest training rows with the newest by the column of role ML_ORDER, if there is one,
 * and notes the features that have shifted.
 */
extern ml_status ml_guard_drift(ml_host *host, const ml_problem *problem, ml_drift *drift,
                                ml_notes *notes);

/* Is the fit worse on the holdout than on rows it was trained on, beyond chance? */
extern bool
ml_overfits(ml_task_kind task, const ml_report *trained, const ml_report *holdout);

/* The first trees of a boosted model, where they do better on the holdout than all of them. */
typedef struct ml_fewer
{
	int trees; /* 0: they do not */
	int all;
	const char *metric; /* a loss */
	double value;
	double of_all;
} ml_fewer;

extern ml_status ml_try_fewer(ml_host *host, const ml_problem *problem,
                              const ml_model *model, ml_fewer *fewer);

typedef struct ml_request
{
	const ml_learner *learner;
	ml_common_options common;
	const void *options;     /* the learner's */
	ml_value given;          /* all options in force, to be kept in the model */
	const ml_model *earlier; /* whose training is to go on, as the options say; or NULL */
	bool drop_copies;        /* the source may hold the target a second time */
	bool advise;             /* looks for what notes tell beyond single features */
	bool
	    group_is_term; /* the column that names groups is a feature of the overall model */
	const ml_model *named;        /* a segmentation whose names are to be kept; or NULL */
	struct ml_champion *champion; /* to be judged before the training, or NULL */
} ml_request;

/* What became of a group of rows. */
typedef struct ml_group_result
{
	ml_text label;           /* bytes == NULL: the rows without one */
	int64_t rows;            /* training and holdout */
	ml_status status;        /* ML_OK: it has a part; else why not */
	int column;              /* of the frame, that status or trouble is about; -1 */
	ml_trouble_kind trouble; /* of the fit */
	double value;            /* of the main metric on its holdout; NaN: not known */
} ml_group_result;

typedef struct ml_result
{
	ml_model *model;
	ml_notes notes;
	ml_drift drift;    /* of models with option order_by */
	ml_report holdout; /* metrics == 0: there is no holdout */
	ml_judged judged;  /* on the rows of that report, in the frame's order */
	ml_fewer fewer;    /* looked for if the fit is worse on the holdout */
	ml_report trained; /* on a sample of the training rows; metrics == 0: not asked for */
	int64_t rows;      /* training and holdout */
	int64_t skipped;
	ml_group_result
	    *group; /* [groups] in byte order of the labels, the one without last */
	int groups;
} ml_result;

/* Trains on a frame, which is used up. */
extern ml_status
ml_train(ml_host *host, ml_frame *frame, const ml_request *request, ml_result *result);

/* Trains on a frame in canonical order, with a pool open, all in one. */
extern ml_status ml_train_ordered(ml_host *host, ml_frame *frame,
                                  const ml_request *request, ml_result *result);

/* Trains one part per group and one model for the rest: see by.c. */
extern ml_status ml_train_by_group(ml_host *host, ml_frame *frame,
                                   const ml_request *request, ml_result *result);

/* One fold: a training on other rows, judged on its own. */
typedef struct ml_fold
{
	int64_t trained; /* rows that the model has seen */
	ml_report report;
	ml_trouble_kind trouble; /* of the fit */
} ml_fold;

/*
 * Trains once per fold on a frame, which is used up: see cross_validate.c.  failed is the number
 * of the fold, from 1, that a status is about; 0: all of them.
 */
extern ml_status
ml_cross_validate(ml_host *host, ml_frame *frame, const ml_request *request, int folds,
                  ml_fold *fold, int *failed);

/*
 * Judges result's model on the holdout of a problem and writes the summary of its training.  code
 * is NULL, or the schema's code of each of the frame's, by feature.
 */
extern ml_status ml_judge_training(ml_host *host, const ml_problem *problem,
                                   int32_t *const *code, ml_result *result);

/*
 * Words that a group's summary is written with: why no part can be made of its rows (NULL: a
 * failure of the whole), and what trouble the fit of its part has (NULL: none).
 */
extern const char *ml_cause(ml_status status);
extern const char *ml_trouble_word(ml_trouble_kind trouble);

/* Features whose values are those of other rows. */
typedef struct ml_variation
{
	const int *feature; /* [features] */
	int features;
	const uint32_t
	    *from; /* [end - begin] the row, from begin on, that each takes them from */
	const struct ml_judged
	    *unvaried; /* what the model says of the rows as they are; NULL: not known */
} ml_variation;

/* Rows [begin, end) of a frame as a model's features. */
typedef struct ml_rows
{
	const ml_frame *frame;
	const int *column; /* [features] of the frame */
	int32_t *const
	    *code; /* [features] the schema's code of each of the column's; NULL: equal */
	int64_t begin;
	int64_t end;
	const ml_variation *variation; /* NULL: all features are the row's own */
} ml_rows;

/*
 * A row of the frame as the model has it: x has ml_model_room doubles.  Is it another than
 * without the variation?
 */
extern bool
ml_rows_gather(const ml_rows *rows, const ml_schema *schema, int64_t row, double *x);

extern ml_status
ml_score_rows(ml_host *host, const ml_model *model, const ml_rows *rows, double *score);

/* Scores of [begin, end) of a frame that stands as it was trained on; sets rows->column. */
extern ml_status
ml_score_range(ml_host *host, const ml_model *model, ml_rows *rows, double *score);

/* The numbers of those rows of a column, or NULL if there is none. */
extern ml_status ml_numbers_of_range(ml_host *host, const ml_column *column,
                                     int64_t begin, int64_t end, double **out);

/* Outcomes of those rows; which numbers stand for classes is the schema's affair. */
typedef struct ml_truth
{
	const double *target;
	const double *weight; /* NULL: all 1 */
	const double *score;  /* what the model says, if that is known; else NULL */
} ml_truth;

/* Judges the model on those rows. */
extern ml_status ml_judge_rows(ml_host *host, const ml_model *model, const ml_rows *rows,
                               const ml_truth *truth, ml_report *report);

/* Scores the rows, unless truth has the scores; with a pool open. */
extern ml_status
ml_judged_score(ml_host *host, const ml_model *model, const ml_rows *rows,
                const ml_truth *truth, ml_judged *judged);

/* The metrics of the task. */
extern ml_status
ml_judged_report(ml_host *host, const ml_judged *judged, ml_report *report);

/*
 * Segments: rows, silhouette, calinski_harabasz, davies_bouldin and inertia (of a row), in the
 * space that the model measures distances in: see segment_metrics.c.
 */
extern ml_status ml_judge_segments(ml_host *host, const ml_model *model,
                                   const ml_rows *rows, ml_report *report);

/*
 * Names segments of a model, trained on the problem, as the old ones that they follow; others
 * have no name yet.
 */
extern ml_status ml_segments_keep(ml_host *host, const ml_problem *problem,
                                  const ml_model *old, ml_model *model);

/*
 * Pairs every row of a matrix [count][count] with a column of its own, so that the sum of their
 * costs is least; column_of [count].
 */
extern ml_status
ml_cheapest_pairs(ml_host *host, int count, const double *cost, int *column_of);

/* For each category of a model, its code of every label of the frame's column. */
extern ml_status ml_rows_translate(ml_host *host, const ml_model *model,
                                   const ml_rows *rows, int32_t ***code);

/* How many rows of so many numbers are best scored together. */
extern int64_t ml_rows_at_once(int64_t width);

/* The weights of the rows; NULL if they have none. */
extern ml_status
ml_rows_weights(ml_host *host, const ml_rows *rows, const double **weight);

/*
 * The same rows with codes translated by label (rows->code is not read), and their outcomes.
 * ML_NO_SUCH_CLASS with fault.row, of the frame and from 1, if a target is of neither class;
 * of several classes, if that is so of all rows.
 */
extern ml_status ml_truth_read(ml_host *host, const ml_model *model, const ml_rows *rows,
                               ml_rows *translated, ml_truth *truth);

/* The same without the last refusal: is an outcome of a class that the model knows? */
extern ml_status ml_truth_take(ml_host *host, const ml_model *model, const ml_rows *rows,
                               ml_rows *translated, ml_truth *truth, bool *known);

/* Rows that are judged piece by piece; host and model are set, the rest is zeros. */
typedef struct ml_stream
{
	ml_host *host;
	const ml_model *model;
	int64_t rows; /* taken so far */
	int arrays;   /* that stay of each piece */
	int target;   /* the frame's column of outcomes, for an error */
	bool known;   /* one of them is of a class that the model knows */
	struct ml_piece *first;
	struct ml_piece *last;
} ml_stream;

/* Scores a piece, which may be overwritten then; statuses as of ml_truth_read. */
extern ml_status ml_stream_take(ml_stream *stream, const ml_rows *rows);

/* All pieces as one. */
extern ml_status ml_stream_end(ml_stream *stream, ml_judged *judged);

/* Reads and scores, in a pool of its own. */
extern ml_status ml_judged_read(ml_host *host, const ml_model *model, const ml_rows *rows,
                                ml_judged *judged);

/* The same to its metrics. */
extern ml_status
ml_evaluate(ml_host *host, const ml_model *model, const ml_rows *rows, ml_report *report);

typedef struct ml_evidence_options
{
	ml_bin_options bins;
	ml_text positive;
	int64_t max_categories;
} ml_evidence_options;

extern const ml_option ml_evidence_option[];
extern const int ml_evidence_option_count;

/*
 * Puts the features of a frame, which is used up, into bins by their weight of evidence for
 * its target, two classes.  Notes tell which columns are no features.
 */
extern ml_status
ml_evidence(ml_host *host, ml_frame *frame, const ml_evidence_options *options,
            ml_schema *schema, ml_notes *notes);

#include "judge/varied.h"

#endif
