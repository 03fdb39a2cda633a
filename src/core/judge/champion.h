/* SPDX-License-Identifier: PostgreSQL */
/*
 * champion.h: a training against the model in production.
 *
 * The champion is judged on the ordered frame before the training uses that up, on rows that
 * neither model learns from; the challenger's scores of the same rows come out of the training.
 * So nothing is read for it but the columns that only the champion has, and nothing kept but a
 * score per row.
 */
#ifndef ML_CHAMPION_H
#define ML_CHAMPION_H

#include "judge/compare.h"

/* A column that keys are made of, as it was read then. */
typedef struct ml_key_column
{
	ml_text name;
	ml_kind kind;
} ml_key_column;

typedef enum ml_meeting
{
	ML_COMMON_ROWS,   /* there are rows to compare on */
	ML_NO_COMMON_ROW, /* none has been kept out of both trainings */
	ML_LACKS_COLUMNS, /* the frame has not all features of the champion */
	ML_UNKNOWN_CLASS, /* a row is of a class that the champion does not know */
	ML_NO_SCORE       /* the champion's score of some row is no number */
} ml_meeting;

typedef struct ml_champion
{
	const ml_model *model;
	double holdout;           /* share of all keys that it has not learned from */
	const ml_key_column *key; /* [keys] what its keys are made of */
	int keys;                 /* 0: they are the frame's own */
	bool keyed;               /* rows of one key are one customer's: no duplicates */

	/* what came of it */
	ml_meeting meeting;
	int64_t rows;
	int64_t *place; /* [rows] of the frame in order; NULL: the first ones */
	ml_judged judged;
} ml_champion;

/*
 * Judges the champion on rows of an ordered frame that a training with these options will be
 * judged on, with a pool open.  Columns that are no features of the training stand beside.
 */
extern ml_status
ml_champion_judge(ml_host *host, const ml_frame *frame, const ml_common_options *options,
                  ml_champion *champion);

/* Rows in front of the frame that a model trained with these options is judged on. */
extern int64_t ml_champion_rows(const ml_frame *frame, const ml_common_options *options);

/*
 * The place of every feature among the frame's columns, features before those beside; NULL if
 * one is not there, or an array has another length.
 */
extern ml_status ml_rows_map(ml_host *host, const ml_frame *frame,
                             const ml_schema *schema, const int **column);

/* The challenger, judged on the rows of its holdout, as a, against the champion, as b. */
extern ml_status ml_challenge(ml_host *host, const ml_judged *challenger,
                              const ml_champion *champion, ml_comparison *comparison);

#endif
