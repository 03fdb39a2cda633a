/* SPDX-License-Identifier: PostgreSQL */
/*
 * model.h: the model as a value; the floor's table of contents.
 *
 *	shape.c		a model as a JSON-shaped value and back, with every check there is
 *	bins_shape.c	the bins of its features likewise
 *	layout.c	that value as bytes: header, checksum, format
 *	score.c		scores, classes and contributions of one row
 *	reasons.c	the features that make a score high
 *	coefficients.h	the table of coefficients: terms, tests, intervals
 *
 * A model is whatever its value says; the bytes and the JSON text are two
 * carriers of the same value:
 *
 *	{"format": 1, "algorithm": "logistic", "task": "binary",
 *	 "target": {"name": ..., "classes": [other, positive], "counts": [...]},
 *	 (of several classes these are in byte order, and "positive" may name one)
 *	 "rows": n, "features": [{"name": ..., "kind": "number", "mean": ..., ...}, ...],
 *	 "options": {...}, "learned": {"intercept": [...], ...}, "training": {...}}
 *
 * Bytes:	"CIAM" | u16 format | u16 0 | u64 hash of what follows | value (base/value.h)
 */
#ifndef ML_MODEL_H
#define ML_MODEL_H

#include "learn/learn.h"
#include "model/coefficients.h"

#define ML_FORMAT 1

struct ml_model
{
	const ml_learner *learner;
	ml_schema schema;
	ml_fitted fitted;
	ml_value options;  /* all options in force */
	ml_value training; /* summary of the training: rows, metrics, quantiles */
	void *state;       /* of learner->prepare */
};

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

/*
 * The score of a row of one double per feature: see learner.h for the row.  A value, or the
 * probability of the positive class, or of the likeliest where none is positive.
 */
extern double ml_model_score(const ml_model *model, const double *row);

/* About how many additions and look-ups the score of a row takes. */
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

/* The class of a row: the likeliest, of two the positive one from one half on. */
extern int ml_model_class(const ml_model *model, const double *row);

/* The same by the score, of two classes. */
extern int ml_model_class_of_score(const ml_model *model, double score);

#endif
