/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_rows.h: the rows of a source with their segments, for what is told of segments.
 */
#ifndef CIA_SEGMENT_ROWS_H
#define CIA_SEGMENT_ROWS_H

#include "cia.h"

/* A row and the number of its segment; values and nulls are of the columns asked for. */
typedef void (*cia_take_segment)(void *state, int segment, const Datum *values,
                                 const bool *nulls);

typedef struct cia_segment_rows
{
	Oid schema;
	cia_entry version;
	const ml_model *model;
	cia_door *door;         /* all of this lives in its arena */
	ml_dictionary *segment; /* codes are the numbers of segments */
	TupleDesc ids;          /* columns that are asked for beside the segment */
	bool all_columns;       /* or all of them are */
	int64 rows;             /* read so far */
	cia_start_rows start;   /* gets the shape of these columns; or NULL */
	cia_take_segment take;
	void *state;
} cia_segment_rows;

/*
 * Finds the model that is the first argument, under a privilege; raises 42809 for one that has no
 * segments.
 */
extern cia_segment_rows *
cia_segment_rows_open(FunctionCallInfo fcinfo, cia_privilege privilege);

/* Runs a source once, with the caller's rights. */
extern void cia_segment_rows_run(cia_segment_rows *run, const char *source);

/* The name of a segment. */
extern char *cia_segment_label(const cia_segment_rows *run, int segment);

#endif
