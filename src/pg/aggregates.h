/* SPDX-License-Identifier: PostgreSQL */
/*
 * aggregates.h: what the aggregates over scores and outcomes share.
 *
 * A row with a NULL among its arguments is skipped.  All else that is no proper argument
 * raises 22003, or 22023 where it is about what must be the same in all rows.
 */
#ifndef CIA_AGGREGATES_H
#define CIA_AGGREGATES_H

#include "cia.h"

/* What a score may be. */
typedef enum cia_score_kind
{
	CIA_SCORE_ORDER,       /* any number, infinities included */
	CIA_SCORE_PROBABILITY, /* from 0 to 1 */
	CIA_SCORE_VALUE        /* a finite number */
} cia_score_kind;

/* aggregate_arguments.c */
/* " given to cia_auc", or nothing where the aggregate is not known. */
extern const char *cia_given_to(FunctionCallInfo fcinfo);

/* Is some argument but the state NULL? */
extern bool cia_row_is_null(FunctionCallInfo fcinfo);

/* The state as it is, of a row that is skipped. */
extern Datum cia_skip_row(FunctionCallInfo fcinfo);

extern double cia_score_arg(FunctionCallInfo fcinfo, int argument, cia_score_kind kind);

/* 1 or 0 of a label, which is a boolean or a number. */
extern double cia_label_arg(FunctionCallInfo fcinfo, int argument, bool is_number);

/* An outcome that is a finite number. */
extern double cia_outcome_arg(FunctionCallInfo fcinfo, int argument);

/* 1 where the call has no such argument. */
extern double cia_weight_arg(FunctionCallInfo fcinfo, int argument);

/* NULL for what is not defined; raises 22003 for an infinity. */
extern Datum cia_measure(FunctionCallInfo fcinfo, double value);

#endif
