/* SPDX-License-Identifier: PostgreSQL */
/*
 * behavior.h: features of what customers did, as of a moment, on the way to a statement.
 */
#ifndef CIA_BEHAVIOR_H
#define CIA_BEHAVIOR_H

#include "cia.h"

/* A length of time before as_of. */
typedef struct cia_window
{
	const char *text;   /* as an interval is written: 30 days */
	const char *half;   /* of the half of it */
	const char *suffix; /* of its columns: 30_days */
} cia_window;

/* The moments as of which customers are seen, as a source. */
typedef struct cia_spine
{
	const char *item; /* of FROM; NULL: there is one moment for all */
	cia_event_column customer;
	cia_event_column as_of;
} cia_spine;

typedef struct cia_behavior
{
	cia_events events;
	const char
	    *cutoff;       /* as_of in the type of the time column; of a spine the earliest */
	const char *as_of; /* as a timestamp, an expression within the statement */
	cia_spine spine;
	const cia_window *window;
	int windows;
	List *categories; /* C strings */
} cia_behavior;

/* behavior_text.c: the windows of an array of intervals; raises 22023, 22004 */
extern void cia_behavior_windows(ArrayType *intervals, cia_behavior *behavior);

/* A column as a timestamp; a timestamptz in UTC, so that no setting has a say in what days are. */
extern char *cia_behavior_timestamp(const cia_event_column *column);

/* The query that makes the features; raises 54011 for more columns than a view can have. */
extern char *cia_behavior_query(const cia_behavior *behavior);

#endif
