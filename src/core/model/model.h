/* SPDX-License-Identifier: PostgreSQL */
/*
 * model.h: the model as a value; the floor's table of contents.
 *
 *	shape.c		a model as a JSON-shaped value and back, with every check there is
 *	bins_shape.c	the bins of its features likewise
 *	layout.c	that value as bytes: header, checksum, format
 *	calibration.h	scores that are probabilities to be taken at their word
 *	score.c		scores, classes and contributions of one row
 *	parts.c		a model whose parts serve a group of rows each
 *	segments.c	what segments are called
 *	phrase.h	features and their values in words
 *	reasons.c	the features that make a score high
 *	coefficients.h	the table of coefficients: terms, tests, intervals
 *	inspect.h	importance of features, trees node by node
 *
 * A model is whatever its value says; the bytes and the JSON text are two
 * carriers of the same value:
 *
 *	{"format": 1, "algorithm": "logistic", "task": "binary",
 *	 "target": {"name": ..., "classes": [other, positive], "counts": [...]},
 *	 (of several classes these are in byte order, and "positive" may name one; of segments the
 *	 target has no name, and its classes are the segments)
 *	 "rows": n, "features": [{"name": ..., "kind": "number", "mean": ..., ...}, ...],
 *	 "options": {...}, "learned": {"intercept": [...], ...}, "training": {...}}
 *
 * A model by group has learned nothing itself, but has parts, which share its algorithm and options:
 *
 *	"by": {"overall": part, "groups": [{"label": ..., "target": ..., "rows": n,
 *	       "features": [...], "learned": {...}, "training": {...}}, ...]}
 *
 * Bytes:	"CIAM" | u16 format | u16 0 | u64 hash of what follows | value (base/value.h)
 */
#ifndef ML_MODEL_H
#define ML_MODEL_H

#include "learn/learn.h"
#include "model/calibration.h"
#include "model/coefficients.h"
#include "model/inspect.h"

#define ML_FORMAT 1

#define ML_MAX_GROUPS 1000

struct ml_inlet;

typedef struct ml_group
{
	ml_text label;
	struct ml_model *model;
} ml_group;

/* What a model by group consists of. */
typedef struct ml_by
{
	int feature;              /* of the outer schema: names the group */
	int groups;               /* that have a part */
	ml_group *group;          /* [groups] in byte order of the labels */
	struct ml_model *overall; /* of all rows: serves those whose group has no part */
	int32_t *part_of;         /* [levels] of that feature: the group, or groups */
	struct ml_inlet *inlet;   /* [groups + 1] how rows become those of the parts */
} ml_by;

struct ml_model
{
	const ml_learner *learner;
	ml_schema schema;
	ml_fitted fitted;
	ml_calibration calibration; /* of fitted: read with it */
	ml_value options;           /* all options in force */
	ml_value training;          /* summary of the training: rows, metrics, quantiles */
	void *state;                /* of learner->prepare */
	bool equipped;              /* many rows are scored as quickly as can be */
	bool laid_out;              /* it can be explained, too */
	ml_by *by;                  /* NULL: one model for all rows; else state is NULL */
};

/* Are its scores corrected?  Of a model by group those of every part are, or of none. */
static inline bool
ml_is_calibrated(const ml_model *model)
{
	const ml_model *any = model->by != NULL ? model->by->overall : model;

	return any->calibration.kind != ML_CALIBRATION_NONE;
}

/* The model's value; it shares memory with the model. */
extern ml_status ml_model_shape(ml_host *host, const ml_model *model, ml_value *value);

/* The bins of a feature as a value; it shares memory with them. */
extern ml_status
ml_bins_shape(ml_host *host, const ml_feature *feature, ml_value *object);

/* Reads the bins of those features that have some; ML_BAD_MODEL if they do not fit. */
extern ml_status ml_bins_read(ml_host *host, const ml_value *features, ml_schema *schema);

/*
 * A model from a value: complete, checked and ready to score, or ML_BAD_MODEL,
 * or ML_NEW_FORMAT with fault.count.  The model shares memory with the value.
 */
extern ml_status ml_model_read(ml_host *host, const ml_value *value, ml_model **model);

/* The same by way of bytes; header is left free in front for the host. */
extern ml_status
ml_model_encode(ml_host *host, const ml_model *model, size_t header, ml_bytes *bytes);
extern ml_status ml_model_decode(ml_host *host, const unsigned char *bytes, size_t length,
                                 ml_model **model);

/* Makes ready to score what was learned, calibration and all; ML_BAD_MODEL. */
extern ml_status ml_model_prepare(ml_host *host, ml_model *model);

/* Checks parts against the outer schema and makes ready to score; ML_BAD_MODEL. */
extern ml_status ml_by_prepare(ml_host *host, ml_model *model);

/*
 * Doubles that the buffer of a row must have: one per feature (see learner.h for them), and
 * behind these room that is written to when the row is used.
 */
extern int64_t ml_model_room(const ml_model *model);

/* The model that serves a row, itself or a part, and the row as that model has it. */
extern const ml_model *
ml_model_part(const ml_model *model, const double *row, const double **inner);

/* The model's number of each class of the part that serves a row; NULL: they are the same. */
extern const int *ml_model_part_classes(const ml_model *model, const double *row);

/*
 * The score of a row: a value, or the probability of the positive class, or of the
 * likeliest where none is positive; of segments the distance from the centre of its own.
 */
extern double ml_model_score(const ml_model *model, const double *row);

/* The scores of rows that lie width numbers apart, at least ml_model_room: the same bits. */
extern void ml_model_scores(const ml_model *model, const double *row, int64_t width,
                            int64_t rows, double *score);

/* Makes ready what many rows are scored quicker with, of all parts; the scores stay the same bits. */
extern ml_status ml_model_equip(ml_host *host, ml_model *model);

/* Makes ready what explaining needs and scoring does not, of all parts; once made it stays. */
extern ml_status ml_model_lay_out(ml_host *host, ml_model *model);

/* As a learner's explain, of what has been laid out; features that the row's part does not know contribute nothing. */
extern void ml_model_explain(const ml_model *model, const double *row,
                             double *contribution, double *bias);

/* About how many additions and look-ups the score of a row takes, among many. */
extern double ml_model_work(const ml_model *model);

/*
 * The features that raise a row's score most above that of the average row, the
 * strongest first, ties in the features' order: at most so many into reason, and how many they are.
 * contribution [features] is work space.
 */
extern int ml_model_reasons(const ml_model *model, const double *row, int most,
                            double *contribution, int *reason);

/* The probabilities of all classes of a classifier. */
extern void
ml_model_probabilities(const ml_model *model, const double *row, double *probability);

/* The class or segment of a row: the likeliest, of two the positive one from one half on. */
extern int ml_model_class(const ml_model *model, const double *row);

/* Scores of rows as above, and the class or segment of each: the same bits for less than both cost. */
extern void
ml_model_scores_and_classes(const ml_model *model, const double *row, int64_t width,
                            int64_t rows, double *score, int *class);

/* The class by the score, of two classes. */
extern int ml_model_class_of_score(const ml_model *model, double score);

/* Takes the number of segments and their rows from what was learned. */
extern ml_status ml_segments_open(ml_host *host, ml_model *model);

/*
 * Calls each segment that has no name among the class labels yet by what sets it apart from all
 * rows, "high balance, few logins", and none like another: where two would be, by what sets these
 * apart.
 */
extern ml_status ml_segments_label(ml_host *host, ml_model *model);

#endif
