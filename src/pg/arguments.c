/* SPDX-License-Identifier: PostgreSQL */
/*
 * arguments.c: what a call is given, and what must be given.
 *
 * Functions that answer for a value are STRICT.  Those that do something, or run a source, are
 * not: where an argument of theirs is NULL, nothing done and nothing said would look like success.
 */
#include "cia.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

pg_noreturn static void
raise_null(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
	                errmsg("argument \"%s\" must not be null", name)));
}

char *
cia_text_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (!PG_ARGISNULL(argument))
		return text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (name != NULL)
		raise_null(name);
	return NULL;
}

void
cia_refuse_null(FunctionCallInfo fcinfo, int argument)
{
	HeapTuple function;
	Oid *types;
	char **names, *modes;

	if (!PG_ARGISNULL(argument))
		return;
	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	if (!HeapTupleIsValid(function))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	get_func_arg_info(function, &types, &names, &modes);
	raise_null(names[argument]);
}

void
cia_refuse_nulls(FunctionCallInfo fcinfo, int arguments)
{
	for (int i = 0; i < arguments; i++)
		cia_refuse_null(fcinfo, i);
}

List *
cia_name_parts(const char *given, const char *kind)
{
	List *parts, *names = NIL;
	ListCell *cell;

	if (!SplitIdentifierString(pstrdup(given), '.', &parts) || parts == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("invalid name of a %s: \"%s\"", kind, given),
		                errhint("Put what is no plain name into double quotes, each part "
		                        "by itself, as in bank.\"Two words\".")));
	foreach (cell, parts)
		names = lappend(names, makeString(pstrdup(lfirst(cell))));
	return names;
}

Jsonb *
cia_options_arg(FunctionCallInfo fcinfo, int argument)
{
	if (!PG_ARGISNULL(argument))
		return PG_GETARG_JSONB_P(argument);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}
