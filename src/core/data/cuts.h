/* SPDX-License-Identifier: PostgreSQL */
/*
 * cuts.h: features as bytes, for learners that only ask on which side of a cut a value lies.
 *
 * A number with at most ML_CUT_BINS different values has a bin for each.  One with more has
 * bins of about equal weight.  Edges lie half way between two values that occur, so that
 * comparing bytes and comparing doubles says the same:
 *
 *	bin(x) <= b  <=>  x <= edge[b]
 *
 * A category's labels are its bins; past ML_CUT_BINS labels the rarest share the last one.
 * Missing is the bin after the last, so a byte holds them all.
 *
 * Values and weights alone decide, in canonical order: edges do not depend on how the rows
 * came nor on threads.  Different values are looked for in all rows; quantiles are those of
 * all rows, or of ML_CUT_ROWS of them, evenly spaced, where there are more.
 */
#ifndef ML_CUTS_H
#define ML_CUTS_H

#include "data/schema.h"

#define ML_CUT_BINS 255
#define ML_CUT_ROWS (1 << 19)

typedef struct ml_cut
{
	int bins;        /* missing not counted, and its number */
	double *edge;    /* [ML_CUT_BINS + 1] of a number: bins - 1 of them, then infinity */
	uint8_t *bin_of; /* [levels] of a category */
	bool
	    complete; /* no row lacks the value; false, too, if there were too many to tell */
} ml_cut;

/* Bytes that ml_cuts_find asks for. */
extern double ml_cuts_memory(const ml_schema *schema);

/* And bytes of work space that it is lent: afterwards they are free for any use. */
extern size_t ml_cuts_room(int64_t rows, int threads);

/* Cuts of every term of the schema, from the rows of an ordered frame from begin on. */
extern ml_status ml_cuts_find(const ml_frame *frame, const ml_schema *schema,
                              int64_t begin, void *room, ml_cut *cut);

/* Bins of some numbers, and of some codes. */
extern void
ml_cut_numbers(const ml_cut *cut, const double *number, int count, uint8_t *bin);
extern void ml_cut_codes(const ml_cut *cut, const int32_t *code, int count, uint8_t *bin);

#endif
