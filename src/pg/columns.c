/* SPDX-License-Identifier: PostgreSQL */
/*
 * columns.c: scoring a row whose columns are handed over one by one.
 *
 * This is what see_through.c makes of cia_score(model, row):
 *
 *	cia_score_columns(model, version, columns, present, value, value, ...)
 *
 * Further arguments of the function, as cia_reasons has one, stand before the values.
 * columns are the names of the values that follow; present is NULL for the row of NULLs
 * that an outer join puts in place of none, and then so is the answer.  (Values may be
 * NULL, so these functions cannot be strict as cia_score is.  Where a row may be missing
 * cia_if_present(present, ...) stands around the call, for the planner to see it.)  A function takes
 * 100 arguments at most, so more values come in packs, each the answer of cia_pack.
 * version is the one that the query was planned for.  The version in force counts
 * instead if the columns suffice for it; plan.c sees to that.
 *
 * Anybody may call these functions, so nothing in the arguments is trusted: the name is
 * looked up with the caller's rights, and columns are matched with values by number.
 */
#include "score_blocks.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_pack);
CIA_FUNCTION(cia_if_present);

/* Behind model, version, columns and present. */
#define FIRST_FURTHER 4

/* What a call site was made with. */
typedef struct cia_column_call
{
	char *name;
	int32 version;
	ArrayType *names;
	int first; /* argument that is a value */
	int count;
	Oid *types; /* [count] */
	bool packed;
} cia_column_call;

/* Values beyond the number of arguments that a function takes. */
typedef struct column_pack
{
	int count;
	const NullableDatum *value;
	Oid *types; /* [count] */
} column_pack;

/*
 * A pack is a pointer, so nobody but the planner may make one.  No SQL gives a result of
 * type internal a collation; the planner's calls have one.
 */
static void
check_made_by_planner(FunctionCallInfo fcinfo)
{
	const FuncExpr *call = (const FuncExpr *) fcinfo->flinfo->fn_expr;

	if (call == NULL || !IsA(call, FuncExpr) ||
	    call->funccollid != fcinfo->flinfo->fn_oid)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("cia_pack cannot be called in SQL"),
		         errhint("The planner calls it in place of cia_score(model, row).")));
}

/* Answers a pack, which lives as long as the call site, with this row's values. */
Datum
cia_pack(PG_FUNCTION_ARGS)
{
	column_pack *pack = fcinfo->flinfo->fn_extra;

	if (pack == NULL)
	{
		check_made_by_planner(fcinfo);
		pack = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof *pack);
		pack->count = PG_NARGS() - 1;
		pack->types =
		    MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Oid) * pack->count);
		for (int i = 0; i < pack->count; i++)
			pack->types[i] = get_fn_expr_argtype(fcinfo->flinfo, i + 1);
		fcinfo->flinfo->fn_extra = pack;
	}
	pack->value = &fcinfo->args[1];
	PG_RETURN_POINTER(pack);
}

/* It is strict: that is all it does. */
Datum
cia_if_present(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

/*
 * A constant argument of the call; raises 22023 for any other.  A parameter is none: the
 * call may outlive its value, as in a loop of PL/pgSQL.
 */
static Datum
constant_argument(FunctionCallInfo fcinfo, int argument)
{
	const FuncExpr *call = (const FuncExpr *) fcinfo->flinfo->fn_expr;

	if (call == NULL || !IsA(call, FuncExpr) || argument >= list_length(call->args) ||
	    !IsA(list_nth(call->args, argument), Const) || PG_ARGISNULL(argument))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("model, version and columns must be constants and not NULL"),
		         errhint("This function is what the planner makes of cia_score(model, "
		                 "row) and its like; call those.")));
	return PG_GETARG_DATUM(argument);
}

static const column_pack *
pack_of(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a value of type internal must come from cia_pack")));
	return (const column_pack *) PG_GETARG_POINTER(argument);
}

/* Types of the values, also of those in packs. */
static void
read_types(FunctionCallInfo fcinfo, cia_column_call *call)
{
	int at = 0, room = 0;

	for (int i = call->first; i < PG_NARGS(); i++)
		if (get_fn_expr_argtype(fcinfo->flinfo, i) == INTERNALOID)
		{
			call->packed = true;
			room += pack_of(fcinfo, i)->count;
		}
		else
			room++;
	call->types = palloc(sizeof(Oid) * Max(room, 1));
	for (int i = call->first; i < PG_NARGS(); i++)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (type != INTERNALOID)
			call->types[at++] = type;
		else
		{
			const column_pack *pack = pack_of(fcinfo, i);

			memcpy(&call->types[at], pack->types, sizeof(Oid) * pack->count);
			at += pack->count;
		}
	}
	call->count = at;
}

static void
check_names(const cia_column_call *call)
{
	ArrayType *names = call->names;

	if (ARR_NDIM(names) > 1 || array_contains_nulls(names) ||
	    ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names)) != call->count)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("there must be as many names of columns as values, %d",
		                       call->count)));
}

/*
 * Who may not call cia_score may not call cia_score_columns either: the planner may have
 * put it in place of the other for somebody else.
 */
static void
check_execute(FunctionCallInfo fcinfo, Oid schema, const Oid *types, int count)
{
	Oid own[FUNC_MAX_ARGS] = {TEXTOID, RECORDOID};
	char *name = get_func_name(fcinfo->flinfo->fn_oid);
	char *suffix = name != NULL ? strstr(name, "_columns") : NULL;
	Oid function;

	if (suffix == NULL)
		return;
	*suffix = '\0';
	for (int i = FIRST_FURTHER; i < count - 1; i++)
		own[2 + i - FIRST_FURTHER] = types[i];
	function = cia_function(schema, name, own, 2 + count - 1 - FIRST_FURTHER);
	if (OidIsValid(function) && !cia_may_execute(function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, name);
}

static cia_column_call *
open_call(FunctionCallInfo fcinfo, cia_site *site)
{
	MemoryContext before = MemoryContextSwitchTo(site->lasting);
	cia_column_call *call = palloc0(sizeof *call);
	Oid *types;
	int declared;

	get_func_signature(fcinfo->flinfo->fn_oid, &types, &declared);
	check_execute(fcinfo, site->schema, types, declared);
	call->first = declared - 1;
	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("values of columns cannot be given as an array")));
	call->name = TextDatumGetCString(constant_argument(fcinfo, 0));
	call->version = DatumGetInt32(constant_argument(fcinfo, 1));
	call->names = DatumGetArrayTypePCopy(constant_argument(fcinfo, 2));
	read_types(fcinfo, call);
	check_names(call);
	MemoryContextSwitchTo(before);
	return call;
}

/* Is a column of that name among them?  The search begins behind the one found before. */
static bool
has_column(const Datum *name, int count, ml_text wanted, int *before)
{
	for (int i = 1; i <= count; i++)
	{
		int at = (*before + i) % count;
		struct varlena *given = (struct varlena *) DatumGetPointer(name[at]);

		if (wanted.length == (int32) VARSIZE_ANY_EXHDR(given) &&
		    memcmp(wanted.bytes, VARDATA_ANY(given), wanted.length) == 0)
		{
			*before = at;
			return true;
		}
	}
	return false;
}

/* Do these columns suffice for the model? */
bool
cia_columns_suffice(const ml_model *model, ArrayType *names)
{
	Datum *name;
	int count, before = -1;
	bool suffice = true;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &name, NULL, &count);
	for (int f = 0; f < model->schema.features && suffice; f++)
		suffice = has_column(name, count, model->schema.feature[f].name, &before);
	pfree(name);
	return suffice;
}

/*
 * The version in force.  Its columns are at hand, since plan.c has seen to it when the
 * query began; where it could not, the version that the query was planned for serves.
 */
static void
load_model(cia_site *site, const cia_column_call *call)
{
	cia_entry named, planned;
	cia_cached *cached;

	cia_registry_check(cia_cache_seek(site->schema, call->name, CIA_SCORE, &named),
	                   call->name, &named);
	cached = cia_cache_find(site->schema, &named);
	if (named.version != call->version &&
	    !cia_columns_suffice(cached->model, call->names))
	{
		const char *name = psprintf("%s@%d", NameStr(named.name), call->version);

		if (cia_cache_seek(site->schema, name, CIA_SCORE, &planned) == CIA_FOUND)
			named = planned;
		/* the look-up may have let the other one go */
		cached = cia_cache_find(site->schema, &named);
	}
	cia_site_use(site, cached, call->name);
	site->seen = cia_current_view();
}

/* Values out of packs, and those beside them. */
static void
unpack(FunctionCallInfo fcinfo, const cia_column_call *call, const cia_reader *reader)
{
	int at = 0;

	for (int i = call->first; i < PG_NARGS(); i++)
	{
		const NullableDatum *value = &fcinfo->args[i];
		int count = 1;

		if (get_fn_expr_argtype(fcinfo->flinfo, i) == INTERNALOID)
		{
			value = pack_of(fcinfo, i)->value;
			count = pack_of(fcinfo, i)->count;
		}
		for (int k = 0; k < count && at < call->count; k++, at++)
		{
			reader->values[at] = value[k].value;
			reader->nulls[at] = value[k].isnull;
		}
	}
}

/* The model and the row of a call; NULL for a row that is not there. */
const double *
cia_columns_arg(FunctionCallInfo fcinfo, const cia_loaded **loaded)
{
	cia_site *site = fcinfo->flinfo->fn_extra;

	if (PG_ARGISNULL(3))
		return NULL;
	if (site == NULL)
		site = cia_site_open(fcinfo);
	if (site->call == NULL)
		site->call = open_call(fcinfo, site);
	if (site->cached == NULL || !cia_view_holds(&site->seen))
		load_model(site, site->call);
	if (site->reader == NULL)
		cia_columns_reader(site, site->call->names, site->call->types, site->call->count);
	cia_site_count(site);
	*loaded = &site->loaded;
	site->reader->labels = cia_blocks_labels(fcinfo, site->loaded.model);
	if (!site->call->packed)
		return cia_read_arguments(&site->loaded, site->reader,
		                          &fcinfo->args[site->call->first]);
	unpack(fcinfo, site->call, site->reader);
	return cia_read_values(&site->loaded, site->reader);
}
