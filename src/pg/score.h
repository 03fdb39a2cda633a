/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.h: what functions that use a model on a row share.
 */
#ifndef CIA_SCORE_H
#define CIA_SCORE_H

#include "cia.h"

/* The label of a row's class or segment, and all labels with their probabilities. */
extern Datum cia_label_datum(const ml_model *model, const double *row);
extern Datum cia_probabilities_datum(const ml_model *model, const double *row);

/* Raises 22003 where a contribution is no number, as of rows far from all of the training. */
extern void cia_check_contributions(const ml_schema *schema, const double *contribution);

/* segments.c: raises 42809 for a model that has no segments. */
extern void cia_need_segments(const ml_model *model, const char *name);

#endif
