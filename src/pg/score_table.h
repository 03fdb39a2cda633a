/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_table.h: the table that scores are written to.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_SCORE_TABLE_H
#define CIA_SCORE_TABLE_H

/* score_table.c: the table that scores are written to */
typedef struct cia_score_table
{
	const char *given; /* as the caller named it */
	const char *name;  /* with its schema, quoted */
	Oid relation;
	char kind;      /* relkind */
	bool fresh;     /* made by this call: it has no key yet */
	TupleDesc ids;  /* the id columns as the source has them */
	bool has_class; /* a class is written too */
} cia_score_table;

/*
 * The attribute of a source that a name stands for, from 1; what it is there for is told in
 * messages.  Raises 42703, and 42701 if there are several.
 */
extern AttrNumber
cia_source_attribute(TupleDesc source, const char *what, const char *name);

/* The names of an argument "id"; raises 22023 for none and 22004 for NULL among them. */
extern char **cia_id_names(ArrayType *id, int *count);

/* The argument "id" itself; raises 22004 for NULL. */
extern ArrayType *cia_id_arg(FunctionCallInfo fcinfo, int argument);

/* A relation's name with its schema, quoted. */
extern char *cia_qualified_name(Oid relation);

/*
 * Names and types of the columns of a source that identify a row.  Raises what keeps them from
 * being that.
 */
extern TupleDesc cia_score_table_ids(const char *source, ArrayType *id);

/*
 * Finds the table, locked, or makes it.  given, ids and has_class are the caller's.  Raises
 * 42703 for columns it lacks, 42P10 if no unique index is on the id columns, 23502 for
 * further columns that must not be null and have no default.
 */
extern void cia_score_table_open(cia_score_table *table);

/*
 * Until the transaction ends nobody else writes scores to the table, which two of us would in
 * orders of their own, each waiting for rows of the other.
 */
extern void cia_score_table_take_turn(const cia_score_table *table);

/* score_fill.c: fills a table that this call has made; false if it is no longer as made */
extern bool cia_score_table_fill(const cia_score_table *table, Tuplestorestate *scores,
                                 TupleDesc columns, int32 version);

/* Gives a table that this call has made and filled its primary key; duplicates raise 23505. */
extern void cia_score_table_add_key(const cia_score_table *table);

/* The statement that writes the scores which the relation of that name holds. */
extern char *
cia_score_table_insert(const cia_score_table *table, const char *scores, int32 version);

/* Runs a statement of ours by SPI, with the caller's rights. */
extern void cia_score_table_execute(const char *statement, int expected);

#endif
