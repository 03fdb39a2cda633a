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

/*
 * Of the source at work, once its columns are known: is it read by this process alone, and does it
 * call nothing that may change the database or see changes made meanwhile?
 */
extern bool cia_source_is_calm(void);

#endif
