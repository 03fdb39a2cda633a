/* SPDX-License-Identifier: PostgreSQL */
/*
 * design.h: a frame as the design matrix of a linear predictor.
 *
 * The matrix is never built whole.  Its dense part, the intercept and the
 * numbers, is made block by block; its indicator part, the categories, is a column
 * number per row and category, so that a category of 200 labels costs one
 * addition per row and not 200.
 *
 *	columns: 0 intercept | numbers | labels of the first category | of the second | ...
 *
 * Numbers are shifted and scaled: (x - shift) / scale, with the mean rounded to
 * single precision for shift and a power of two near the deviation for scale, so
 * that money and counts stay exact while the columns become well conditioned.
 * A missing number counts as the mean.  A feature in bins is the number that is the weight
 * of evidence of its bin.
 *
 * Offsets and exposures have no column: what is known of the linear predictor is
 * handed out beside the block.
 *
 * The first label of a category is the reference and has no column; missing
 * has one of its own where it occurs in training.
 */
#ifndef ML_DESIGN_H
#define ML_DESIGN_H

#include "learn/learner.h"

#include <math.h>

/* What is known of the linear predictor, or of the margin of trees. */
typedef struct ml_offsets
{
	int count;
	int *at; /* [count] the features that are an offset or an exposure */
	const ml_feature *feature; /* all of the schema's */
} ml_offsets;

typedef struct ml_design
{
	const ml_problem *problem;
	int cols;  /* columns of the matrix */
	int dense; /* of them dense: intercept and numbers */
	int categories;

	ml_offsets offsets;
	int *number;     /* [dense - 1] feature of each dense column after the first */
	double *shift;   /* [dense] */
	double *scale;   /* [dense] */
	double *fill;    /* [dense] the encoded mean */
	double *penalty; /* [cols] squared deviation of a number, 1 of a label, 0 */
	int *category;   /* [categories] feature */

	/* [categories][levels + 1] column of each label, of missing last; -1: none */
	int32_t **column_of;
} ml_design;

/* Work space of one thread or shard: a block of encoded rows. */
typedef struct ml_design_block
{
	int rows;
	double *dense; /* [ML_BLOCK][dense] */
	double *low;   /* [ML_BLOCK][dense] what rounding took off dense; NULL: not wanted */
	int32_t *labels; /* [ML_BLOCK][categories] column, or -1 */
	double *target;  /* [ML_BLOCK] */
	double *weight;  /* [ML_BLOCK] */
	double *offset;  /* [ML_BLOCK] known part of the linear predictor; NULL: none */
} ml_design_block;

/* The numbers of columns alone, before anything is allocated. */
extern ml_design ml_design_measure(const ml_problem *problem);
extern ml_status
ml_design_create(ml_host *host, const ml_problem *problem, ml_design *design);
extern ml_status
ml_design_block_create(ml_host *host, const ml_design *design, ml_design_block *block);

/* Encodes the rows from first up to the end of its block, at most end; answers that end. */
extern int64_t ml_design_fill(const ml_design *design, int64_t first, int64_t end,
                              ml_design_block *block);

/* The same rows, column by column; rows past the last one are zeros without weight. */
typedef struct ml_column_block
{
	int rows;
	double *dense;   /* [dense][ML_BLOCK] */
	int32_t *labels; /* [categories][ML_BLOCK] column, or -1 */
	double *target;  /* [ML_BLOCK] */
	double *weight;  /* [ML_BLOCK] */
	double *offset;  /* [ML_BLOCK] known part of the linear predictor, or zeros */
} ml_column_block;

extern ml_status
ml_column_block_create(ml_host *host, const ml_design *design, ml_column_block *block);
extern int64_t ml_column_block_fill(const ml_design *design, int64_t first, int64_t end,
                                    ml_column_block *block);

/*
 * The intercept, with an offset of the target added, and the coefficients in the units of
 * the data, in the slots of the features (glm.h), from those of the matrix.
 */
extern void ml_design_unscale(const ml_design *design, const double *beta, double offset,
                              double *intercept, double *coefficient);

/* x . beta of one encoded row. */
static inline double
ml_design_dot(const ml_design *design, const ml_design_block *block, int row,
              const double *beta)
{
	const double *x = block->dense + (int64_t) row * design->dense;
	const int32_t *label = block->labels + (int64_t) row * design->categories;
	double lane[4] = {0, 0, 0, 0}, sum;
	int i = 0;

	for (; i + 4 <= design->dense; i += 4)
		for (int k = 0; k < 4; k++)
			lane[k] += x[i + k] * beta[i + k];
	sum = (lane[0] + lane[1]) + (lane[2] + lane[3]);
	for (; i < design->dense; i++)
		sum += x[i] * beta[i];
	for (i = 0; i < design->categories; i++)
		if (label[i] >= 0)
			sum += beta[label[i]];
	return sum;
}

/* What an offset or an exposure adds to the linear predictor; nothing where it is missing. */
static inline double
ml_offset_of(const ml_feature *feature, double x)
{
	if (isnan(x))
		return 0;
	return feature->use == ML_USE_EXPOSURE ? log(x) : x;
}

/* The same of a whole row. */
static inline double
ml_offsets_of(const ml_offsets *offsets, const double *row)
{
	double sum = 0;

	for (int i = 0; i < offsets->count; i++)
		sum += ml_offset_of(&offsets->feature[offsets->at[i]], row[offsets->at[i]]);
	return sum;
}

/* What each of them is, at its feature's place. */
static inline void
ml_offsets_explain(const ml_offsets *offsets, const double *row, double *contribution)
{
	for (int i = 0; i < offsets->count; i++)
		contribution[offsets->at[i]] =
		    ml_offset_of(&offsets->feature[offsets->at[i]], row[offsets->at[i]]);
}

/* The schema must outlive them. */
extern ml_status
ml_offsets_find(ml_host *host, const ml_schema *schema, ml_offsets *offsets);

/* Adds up what they are for some rows of one chunk of the frame. */
extern void ml_offsets_fill(const ml_offsets *offsets, const ml_frame *frame,
                            int64_t first, int rows, double *sum);

/* Is the feature a number or a category that the matrix has columns for? */
static inline bool
ml_is_term(const ml_feature *feature, ml_kind kind)
{
	return feature->use == ML_USE_TERM && ml_feature_kind(feature) == kind;
}

/* The feature that a column of the matrix encodes, -1 for the intercept. */
extern int ml_design_feature(const ml_design *design, int column);

/*
 * The status; of ML_SINGULAR the fault is the frame's column that the dependent column of the
 * matrix encodes.
 */
extern ml_status
ml_design_blame(ml_host *host, const ml_design *design, int dependent, ml_status status);

#endif
