/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_count.h: writing scores, with a count of the rows that are new and those that were there.
 */
#ifndef CIA_SCORE_COUNT_H
#define CIA_SCORE_COUNT_H

#include "cia.h"

typedef struct cia_score_count
{
	const cia_score_table *table;
	cia_door *door; /* whose job is told of them */
	int64 rows;     /* that there are */
	int64 inserted;
	int64 updated;
} cia_score_count;

/* Raises 55000 for a table that the source has changed meanwhile. */
pg_noreturn extern void cia_score_raise_changed(const cia_score_table *table);

/* Runs the statement of cia_score_table_insert, within a connection to SPI. */
extern void cia_score_count_insert(cia_score_count *count, const char *insert);

#endif
