/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.h: what cia_class and cia_probabilities share with the functions of segments, and these.
 */
#ifndef CIA_SCORE_H
#define CIA_SCORE_H

#include "cia.h"

/* The label of a row's class or segment, and all labels with their probabilities. */
extern Datum cia_label_datum(const ml_model *model, const double *row);
extern Datum cia_probabilities_datum(const ml_model *model, const double *row);

/* segments.c: raises 42809 for a model that has no segments. */
extern void cia_need_segments(const ml_model *model, const char *name);

#endif
