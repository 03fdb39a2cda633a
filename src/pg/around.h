/* SPDX-License-Identifier: PostgreSQL */
/*
 * around.h: a query around a source.
 */
#ifndef CIA_AROUND_H
#define CIA_AROUND_H

#include "cia.h"

#include "nodes/parsenodes.h"

/*
 * SELECT targets FROM (source) s, put together from parsed pieces: no text of the source gets out
 * of its parentheses.  WITH moves to the top, where it may modify data and does not keep the
 * planner from merging the queries.
 */
extern SelectStmt *cia_around_source(SelectStmt *source, List *targets);

/* A target: the column of that name, or all of them for NULL. */
extern ResTarget *cia_around_column(const char *name);

/* A target: function('name@version', s), a function of ours that takes a row. */
extern ResTarget *
cia_around_answer(Oid schema, const cia_entry *version, const char *function);

/* A query around a source, and who takes its rows. */
typedef struct cia_around
{
	/* makes the query; what it adds has no place in the text: its nodes' location is -1 */
	SelectStmt *(*wrap)(void *state, SelectStmt *source);
	cia_start_rows start;
	cia_take_row take;
	void *state;
	int spared; /* column whose expression, where the plan ends with it, costs */
	double
	    spared_costs; /* so much less per row than the planner thinks, if no workers do it */
} cia_around;

/* Runs that query in place of the source. */
extern void cia_source_run_within(const char *source, const cia_around *around);

/*
 * Of the source at work, once its columns are known: does it call nothing that may change the
 * database or see changes made meanwhile?
 */
extern bool cia_source_is_calm(void);

/* Of the same: does it read that table or view? */
extern bool cia_source_reads(Oid relation);

/* Of the same: what its plan computes last for that column; a Var for what comes from below. */
extern const Node *cia_source_expression(int column);

#endif
