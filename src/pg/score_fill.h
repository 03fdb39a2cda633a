/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_fill.h: filling a table that cia_score_into has just made, row by row.
 */
#ifndef CIA_SCORE_FILL_H
#define CIA_SCORE_FILL_H

#include "cia.h"

typedef struct cia_fill cia_fill;

/* Begins to fill the table with rows of those columns; NULL if it is no longer as made. */
extern cia_fill *
cia_fill_open(const cia_score_table *table, TupleDesc columns, int32 version);

/* Adds a row, which is copied. */
extern void cia_fill_add(cia_fill *fill, const Datum *values, const bool *nulls);

/* Writes what is left; all rows are seen from then on. */
extern void cia_fill_close(cia_fill *fill);

#endif
