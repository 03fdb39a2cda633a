/* SPDX-License-Identifier: PostgreSQL */
/*
 * schema.h: what a model knows of its features and of its target.
 *
 * Profiles are taken from the training rows, not from the holdout.  A label that
 * occurs in the holdout alone is therefore unseen, as it will be when scoring.
 */
#ifndef ML_SCHEMA_H
#define ML_SCHEMA_H

#include "data/frame.h"

typedef enum ml_task_kind
{
	ML_REGRESSION,  /* the target is a number */
	ML_BINARY,      /* the target is one of two classes */
	ML_MULTICLASS,  /* the target is one of several classes */
	ML_SEGMENTATION /* there is no target: rows that are alike make a segment */
} ml_task_kind;

#define ML_MAX_CLASSES 1000 /* a row's margins fit on the stack of whoever scores */

/* What a feature is to the model. */
typedef enum ml_use
{
	ML_USE_TERM,     /* something is learned of it */
	ML_USE_OFFSET,   /* a number that is added to the margin */
	ML_USE_EXPOSURE, /* a number whose logarithm is */
	ML_USE_GROUP     /* picks the part of a model by group */
} ml_use;

#define ML_USES 4

/* What models and tables call the uses. */
extern const char *const ml_use_word[ML_USES];

/* Columns with a use of their own, by use; bytes == NULL: none. */
typedef struct ml_uses
{
	ml_text name[ML_USES];
	const struct ml_schema *kept; /* its features are never left out; or NULL */
	bool missing_tells; /* a number that has one value or none is a feature, too */
} ml_uses;

typedef struct ml_feature
{
	ml_text name;
	ml_text type; /* what the host calls the column's type */
	int element;  /* of an array column, from 1; 0 for a scalar */
	int width;    /* elements of that array; 0 for a scalar */
	ml_kind kind;
	ml_use use;
	int column;     /* of the frame, while training */
	double missing; /* rows without a value */

	double mean; /* number: over the rows that have a value */
	double sd;   /* population standard deviation */
	double min;
	double max;

	int levels;            /* category: labels kept, the pool counted */
	ml_text *label;        /* [levels] in byte order; the pool's is "other" */
	double *count;         /* [levels] rows */
	bool pooled;           /* the last level is the pool of all other labels */
	ml_dictionary *lookup; /* label to code */

	struct ml_bins *bins; /* NULL: the values count as they are */
} ml_feature;

typedef struct ml_schema
{
	ml_task_kind task;
	int features;
	ml_feature *feature;

	ml_text target;     /* bytes == NULL: segments have none */
	double target_mean; /* of a number */
	double target_sd;
	int classes;          /* 2 for ML_BINARY; 0 for a number; or segments */
	ml_text *class_label; /* [classes] other and positive of two, several in byte order */
	double *class_count;  /* [classes] training rows; segments fall by it */
	int positive; /* the class whose probability is the score; -1: the likeliest */
	bool rest;    /* the other class is all labels but the positive one */
	double rows;  /* training rows */
} ml_schema;

/* Something the user should know of how the data was read. */
typedef enum ml_note_kind
{
	ML_NOTE_CONSTANT,    /* the column never varies and was left out */
	ML_NOTE_IDENTIFIER,  /* as many labels as rows: left out */
	ML_NOTE_TARGET,      /* a copy of the target: left out */
	ML_NOTE_NO_EVIDENCE, /* all of its values fell into one bin: left out */
	ML_NOTE_POOLED,      /* rare labels were pooled; value is how many */
	ML_NOTE_LEAK, /* predicts the target almost perfectly; value is the AUC or R2 */
	ML_NOTE_TWIN, /* says what the other feature says; value is their correlation */
	ML_NOTE_DRIFT /* has shifted with time; value is the population stability index */
} ml_note_kind;

typedef struct ml_note
{
	ml_note_kind kind;
	ml_text name;
	int element;
	ml_text other; /* a second feature; bytes == NULL: none */
	int other_element;
	double value;
} ml_note;

typedef struct ml_notes
{
	ml_note *note;
	int count;
	int room;
} ml_notes;

extern ml_status ml_notes_add(ml_host *host, ml_notes *notes, ml_note note);

/*
 * Profiles an ordered frame and decides which columns are features, and for what use; codes of
 * the frame's categories become those of the schema.  ML_NO_OFFSET and ML_BAD_EXPOSURE name
 * the column.
 */
extern ml_status ml_schema_build(ml_frame *frame, int max_categories, const ml_uses *uses,
                                 ml_schema *schema, ml_notes *notes);

/*
 * Reads the target's profile; segments have none, and are known when they are learned.  Labels become the numbers of their classes: 1 for the
 * positive class of two, which is the one named, else "true", else 1 of 0 and 1, else the
 * rarer; -1 for a label of the holdout alone that is none of several classes.
 */
extern ml_status
ml_schema_target(ml_frame *frame, ml_task_kind task, ml_text positive, ml_schema *schema);

/* Different labels of the target, the holdout's counted; 0 if it is a number. */
extern ml_status ml_target_labels(const ml_frame *frame, int64_t *labels);

/* The class of a label; -1 for none.  Of several classes only. */
extern int ml_schema_class(const ml_schema *schema, ml_text label);

/*
 * All features of some schemas that were built of rows of one frame: the profile of the first
 * one that has the feature, the labels of all.
 */
extern ml_status
ml_schema_union(ml_host *host, const ml_frame *frame, const ml_schema *const *schema,
                int count, ml_schema *out);

/* Columns of a linear predictor's design matrix, the intercept's included; bins make one. */
extern int64_t ml_schema_columns(const ml_schema *schema);

/* Makes the feature's look-up of labels; called once the labels are there. */
extern ml_status ml_feature_index(ml_host *host, ml_feature *feature);

/* The code of a label: its own, the pool's, or -1 for missing. */
extern int32_t ml_feature_code(const ml_feature *feature, ml_text label);

#endif
