/* SPDX-License-Identifier: PostgreSQL */
/*
 * arguments.h: what a call is given, and what must be given.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_ARGUMENTS_H
#define CIA_ARGUMENTS_H

/* An argument that may be left out where name is NULL; else NULL raises 22004. */
extern char *cia_text_arg(FunctionCallInfo fcinfo, int argument, const char *name);

/* Raises 22004, with its name, for an argument that is NULL, or one of the first few. */
extern void cia_refuse_null(FunctionCallInfo fcinfo, int argument);
extern void cia_refuse_nulls(FunctionCallInfo fcinfo, int arguments);

/* The parts of the name of a table, view or role, as SQL reads it; 42602 if it is none. */
extern List *cia_name_parts(const char *given, const char *kind);

/* Options that are NULL are none: the empty object. */
extern Jsonb *cia_options_arg(FunctionCallInfo fcinfo, int argument);

#endif
