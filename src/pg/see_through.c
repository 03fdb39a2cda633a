/* SPDX-License-Identifier: PostgreSQL */
/*
 * see_through.c: the planner support function of cia_score and its sisters.
 *
 * Building a whole row and taking it apart again costs more than scoring it.  So
 * cia_score(model, row) becomes cia_score_columns(model, ..., column, column, ...) while
 * the query is planned, wherever the row shows its columns (whole_row.c).  Columns that
 * the model does not use are then neither computed nor fetched.
 *
 * It also tells the planner what a call costs, from the model's size.
 */
#include "cia.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

CIA_FUNCTION(cia_score_support);

/* Arguments that stand for the model and the row: model, version, columns and present. */
#define FIXED_ARGS 4
/* Values of a pack, beside its first argument. */
#define MOST_PACKED (FUNC_MAX_ARGS - 1)

/* Work of a call in units of cpu_operator_cost: of the call, and of each feature. */
#define CALL_COST 4.0
#define COLUMN_COST 0.5
#define RECORD_COST 2.5
/* Work of explaining a row, in works of scoring it. */
#define EXPLAINING 20
/* Features of a model that is not known yet. */
#define GUESSED_FEATURES 100

/*
 * cia_score_columns for cia_score; InvalidOid if there is none.  Arguments of cia_score
 * behind the row go between the fixed ones and the values.
 */
static Oid
columns_function(Oid schema, Oid function)
{
	Oid types[FIXED_ARGS + FUNC_MAX_ARGS] = {TEXTOID, INT4OID, TEXTARRAYOID, BOOLOID};
	int count = FIXED_ARGS, given;
	char *name = get_func_name(function);
	Oid *type;

	if (name == NULL)
		return InvalidOid;
	get_func_signature(function, &type, &given);
	for (int i = 2; i < given; i++)
		types[count++] = type[i];
	types[count++] = ANYOID;
	return cia_function(schema, psprintf("%s_columns", name), types, count);
}

/* The model's name in a call of cia_score or of cia_score_columns, if it is known. */
static char *
name_in(const Node *node)
{
	const Const *name;

	if (node == NULL || !IsA(node, FuncExpr) || ((const FuncExpr *) node)->args == NIL)
		return NULL;
	name = linitial(((const FuncExpr *) node)->args);
	if (!IsA(name, Const) || name->consttype != TEXTOID || name->constisnull)
		return NULL;
	return TextDatumGetCString(name->constvalue);
}

/* The model in force for the query that is planned; NULL if the user has none such. */
static cia_cached *
model_named(Oid schema, const char *name, cia_entry *named)
{
	cia_cached *cached;

	if (!ActiveSnapshotSet() ||
	    cia_cache_seek(schema, name, CIA_SCORE, named) != CIA_FOUND)
		return NULL;
	cached = cia_cache_find(schema, named);
	cia_plan_pin(cached);
	return cached;
}

/* Values in packs where there are more than a function has room for. */
static List *
packed(Oid schema, List *values, int room)
{
	const Oid types[] = {INTERNALOID, ANYOID};
	Oid function;
	List *packs = NIL;

	if (list_length(values) <= room)
		return values;
	function = cia_function(schema, "cia_pack", types, lengthof(types));
	if (!OidIsValid(function) || !cia_may_execute(function) ||
	    list_length(values) > room * MOST_PACKED)
		return NIL;
	for (int at = 0; at < list_length(values); at += MOST_PACKED)
	{
		List *args = list_make1(makeNullConst(INTERNALOID, -1, InvalidOid));

		for (int i = at; i < Min(at + MOST_PACKED, list_length(values)); i++)
			args = lappend(args, list_nth(values, i));
		/* its own OID for a collation is the mark that columns.c looks for */
		packs = lappend(packs, makeFuncExpr(function, INTERNALOID, args, function,
		                                    InvalidOid, COERCE_EXPLICIT_CALL));
	}
	return packs;
}

/* The values of these columns; NIL if one is not there. */
static List *
values_of(cia_row_columns *row, ArrayType *names)
{
	List *values = NIL;
	Datum *name;
	int count;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &name, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		struct varlena *text = (struct varlena *) DatumGetPointer(name[i]);
		Node *value = cia_whole_row_column(
		    row, (ml_text){VARDATA_ANY(text), (int32) VARSIZE_ANY_EXHDR(text)});

		if (value == NULL)
			return NIL;
		values = lappend(values, value);
	}
	return values;
}

static Node *
call_with_columns(Oid function, const FuncExpr *call, const cia_entry *named,
                  ArrayType *names, Node *present, List *values)
{
	List *args = list_make4(copyObject(linitial(call->args)),
	                        makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
	                                  Int32GetDatum(named->version), false, true),
	                        makeConst(TEXTARRAYOID, -1, DEFAULT_COLLATION_OID, -1,
	                                  PointerGetDatum(names), false, false),
	                        present);
	FuncExpr *made;

	for (int i = 2; i < list_length(call->args); i++)
		args = lappend(args, copyObject(list_nth(call->args, i)));
	made = makeFuncExpr(function, call->funcresulttype, list_concat(args, values),
	                    call->funccollid, call->inputcollid, COERCE_EXPLICIT_CALL);
	made->location = call->location;
	return (Node *) made;
}

/* A call that is NULL for a row that is not there, as the planner knows strict ones are. */
static Node *
strict_call(Oid schema, Node *present, Node *call)
{
	const Oid types[] = {BOOLOID, ANYELEMENTOID};
	Oid function;

	if (IsA(present, Const))
		return call;
	function = cia_function(schema, "cia_if_present", types, lengthof(types));
	if (!OidIsValid(function) || !cia_may_execute(function))
		return call;
	return (Node *) makeFuncExpr(function, exprType(call),
	                             list_make2(copyObject(present), call),
	                             exprCollation(call), InvalidOid, COERCE_EXPLICIT_CALL);
}

/* The call by columns; NULL if the row lacks one. */
static Node *
rewritten(const SupportRequestSimplify *request, Oid function, const char *name,
          cia_row_columns *row)
{
	const FuncExpr *call = request->fcall;
	Oid schema = get_func_namespace(call->funcid);
	cia_entry named;
	cia_cached *cached = model_named(schema, name, &named);
	ArrayType *names;
	List *values;

	if (cached == NULL)
		return NULL;
	names = DatumGetArrayTypePCopy(PointerGetDatum(cached->columns));
	values = packed(schema, values_of(row, names),
	                FUNC_MAX_ARGS - FIXED_ARGS - (list_length(call->args) - 2));
	if (values == NIL)
		return NULL;
	cia_plan_note(request->root, schema, linitial(call->args), &named, names);
	return strict_call(
	    schema, row->present,
	    call_with_columns(function, call, &named, names, row->present, values));
}

static Node *
see_through(const SupportRequestSimplify *request)
{
	PlannerInfo *root = request->root;
	const FuncExpr *call = request->fcall;
	char *name = name_in((const Node *) call);
	Oid schema, function;
	cia_row_columns row;
	Node *answer = NULL;

	if (!cia_see_through || root == NULL || root->parse == NULL || name == NULL)
		return NULL;
	schema = get_func_namespace(call->funcid);
	function = columns_function(schema, call->funcid);
	if (!OidIsValid(function) || !cia_whole_row_open(root, lsecond(call->args), &row))
		return NULL;
	/* whatever comes of it: with another model, or for another role, it may differ */
	cia_plan_depend(root, schema);
	if (cia_may_execute(call->funcid) && cia_may_execute(function))
		answer = rewritten(request, function, name, &row);
	cia_whole_row_close(&row);
	return answer;
}

/* cia_explain and cia_reasons, by row or by columns */
static bool
is_explaining(Oid function)
{
	const char *name = get_func_name(function);

	return name != NULL && (strncmp(name, "cia_explain", strlen("cia_explain")) == 0 ||
	                        strncmp(name, "cia_reasons", strlen("cia_reasons")) == 0);
}

Cost
cia_work_cost(const ml_model *model)
{
	return cpu_operator_cost * ml_model_work(model) / 10;
}

static void
tell_cost(SupportRequestCost *request)
{
	Oid schema = get_func_namespace(request->funcid);
	const FuncExpr *call = (const FuncExpr *) request->node;
	char *name = name_in(request->node);
	cia_entry named;
	const cia_cached *cached = name != NULL ? model_named(schema, name, &named) : NULL;
	double features = cached != NULL ? cached->model->schema.features : GUESSED_FEATURES;
	Cost work = cached != NULL ? cia_work_cost(cached->model)
	                           : cpu_operator_cost * GUESSED_FEATURES / 10;
	bool by_columns =
	    call != NULL && IsA(call, FuncExpr) && list_length(call->args) > FIXED_ARGS;

	if (is_explaining(request->funcid))
		work *= EXPLAINING;
	request->startup = 0;
	request->per_tuple =
	    work + cpu_operator_cost *
	               (CALL_COST + features * (by_columns ? COLUMN_COST : RECORD_COST));
}

/* cia_explain answers a row for every feature, and one for the bias. */
static bool
tell_rows(SupportRequestRows *request)
{
	char *name = name_in(request->node);
	cia_entry named;
	const cia_cached *cached =
	    name != NULL ? model_named(get_func_namespace(request->funcid), name, &named)
	                 : NULL;

	if (cached != NULL)
		request->rows = cached->model->schema.features + 1;
	return cached != NULL;
}

Datum
cia_score_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(see_through((SupportRequestSimplify *) request));
	if (IsA(request, SupportRequestCost))
	{
		tell_cost((SupportRequestCost *) request);
		PG_RETURN_POINTER(request);
	}
	if (IsA(request, SupportRequestRows) && tell_rows((SupportRequestRows *) request))
		PG_RETURN_POINTER(request);
	PG_RETURN_POINTER(NULL);
}
