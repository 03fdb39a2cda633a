/* SPDX-License-Identifier: PostgreSQL */
/*
 * events.h: what customers did and when, as a source that statements are made around.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_EVENTS_H
#define CIA_EVENTS_H

/* A column of the source. */
typedef struct cia_event_column
{
	const char *name;   /* NULL: there is none */
	const char *quoted; /* as it stands in a statement */
	Oid type;           /* base type of a domain */
} cia_event_column;

typedef struct cia_events
{
	const char *item; /* of FROM */
	cia_event_column customer;
	cia_event_column at; /* date, timestamp or timestamptz */
	cia_event_column amount;
	cia_event_column category;
} cia_events;

/*
 * Finds the columns that are named.  Raises what is no source, 42703 for names that are no
 * column, 42702 for names that two columns have, 42804 for types that cannot be used.
 */
extern void cia_events_open(cia_events *events, const char *source);

/* The column of that name; argument is what it was given for. */
extern cia_event_column
cia_event_column_find(TupleDesc columns, const char *argument, const char *name);

/* Raises 42804 unless rows can be grouped by it. */
extern void cia_event_check_key(const cia_event_column *column);

/* Raises 42804 for anything but date, timestamp and timestamptz. */
extern void cia_event_check_time(const cia_event_column *column);

/*
 * The moment as a literal of type date, timestamp or timestamptz that depends on no setting; it is a
 * TimestampTz for the last and a Timestamp for the others.
 */
extern char *cia_event_moment(Oid type, Timestamp moment);

#endif
