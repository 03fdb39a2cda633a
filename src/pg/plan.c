/* SPDX-License-Identifier: PostgreSQL */
/*
 * plan.c: plans that were made for a version of a model, and the versions to come.
 *
 * A plan that hands over a model's columns (see_through.c) depends on the registry: a
 * change there makes PostgreSQL plan again.  That alone is not enough.  The message may
 * be read while the plan is made, so that it is cached already out of date; a transaction
 * that holds its locks reads no messages at all before it uses a plan again; a function in
 * SQL keeps its plans for the whole of the query that calls it; a snapshot may be older
 * than the plan, or newer.  So whenever such a plan begins to be executed we look up, under
 * the snapshot of that execution, which versions are in force.  If one of them needs
 * columns that the plan does not hand over, this execution gets a plan of its own, made
 * on the spot from the query that the plan was made from.  The same snapshot serves both,
 * so what is executed always fits.
 *
 * The planner hook copies the query before it is planned, and the plan carries the copy:
 *
 *	DefElem "cia_planned": (query, cursor options, model, model, ...)
 *	model: (schema, name, entry, columns), all of them Const
 *
 * among the items in PlannedStmt.invalItems.  Nothing else in a plan that an extension could
 * use is copied with it.  PostgreSQL takes the element for an item of the catalog cache
 * number 0 (its padding), for which plans are never looked at.
 */
#include "cia.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define MARK "cia_planned"

/* Where what is in the mark's list. */
enum
{
	PLANNED_QUERY,
	PLANNED_OPTIONS,
	PLANNED_MODELS /* and all that follow */
};

enum
{
	MODEL_SCHEMA,
	MODEL_NAME,
	MODEL_ENTRY,
	MODEL_COLUMNS
};

typedef struct placeholder
{
	PlannerInfo *root;
	Index number;
	int column;
	Node *node;
} placeholder;

/* A planning under way. */
typedef struct planning
{
	struct planning *outer;
	MemoryContext context; /* lives until the end; GEQO plans in one that does not */
	DefElem *mark;         /* what the plan is to carry if it uses a model */
	List *models;          /* of cia_cached, pinned until the end */
	List *placeholders;
} planning;

static planner_hook_type next_planner = NULL;
static ExecutorStart_hook_type next_start = NULL;

/*
 * Nobody plans another query meanwhile without asking our hook first.  It is NULL for a
 * planning that began before the hooks were there, whose plan has a mark without a query:
 * it is executed once, with the version it was made for at worst, and then made anew.
 */
static planning *current = NULL;

/* Marks the plan, once. */
static void
mark_plan(PlannerInfo *root)
{
	ListCell *cell;

	foreach (cell, root->glob->invalItems)
		if (IsA(lfirst(cell), DefElem))
			return;
	root->glob->invalItems =
	    lappend(root->glob->invalItems,
	            current != NULL ? current->mark : makeDefElem(MARK, NULL, -1));
}

void
cia_plan_depend(PlannerInfo *root, Oid schema)
{
	root->glob->relationOids =
	    list_append_unique_oid(root->glob->relationOids, cia_registry_relation(schema));
	root->glob->dependsOnRole = true;
}

/* A cached model stays while a query that uses it is planned. */
void
cia_plan_pin(cia_cached *cached)
{
	MemoryContext before;

	if (current == NULL || list_member_ptr(current->models, cached))
		return;
	before = MemoryContextSwitchTo(current->context);
	current->models = lappend(current->models, cached);
	MemoryContextSwitchTo(before);
	cia_cache_pin(cached);
}

static Const *
constant(Oid type, int length, Datum value)
{
	return makeConst(type, -1, InvalidOid, length, value, false, length > 0);
}

static Const *
constant_entry(const cia_entry *entry)
{
	bytea *bytes = palloc(VARHDRSZ + sizeof *entry);

	SET_VARSIZE(bytes, VARHDRSZ + sizeof *entry);
	memcpy(VARDATA(bytes), entry, sizeof *entry);
	return constant(BYTEAOID, -1, PointerGetDatum(bytes));
}

void
cia_plan_note(PlannerInfo *root, Oid schema, const Const *name, const cia_entry *named,
              ArrayType *columns)
{
	mark_plan(root);
	if (current != NULL)
		current->mark->arg = (Node *) lappend(
		    (List *) current->mark->arg,
		    list_make4(constant(OIDOID, sizeof(Oid), ObjectIdGetDatum(schema)),
		               copyObject(unconstify(Const *, name)), constant_entry(named),
		               constant(TEXTARRAYOID, -1, PointerGetDatum(columns))));
}

Node **
cia_plan_placeholder(PlannerInfo *root, Index number, int column)
{
	placeholder *made;
	ListCell *cell;

	if (current != NULL)
		foreach (cell, current->placeholders)
		{
			placeholder *known = lfirst(cell);

			if (known->root == root && known->number == number && known->column == column)
				return &known->node;
		}
	made = palloc0(sizeof *made);
	*made = (placeholder){.root = root, .number = number, .column = column};
	if (current != NULL)
		current->placeholders = lappend(current->placeholders, made);
	return &made->node;
}

/* Does a query call a function that is no part of PostgreSQL?  It may be one of ours. */
static bool
calls_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid >= FirstNormalObjectId)
		return true;
	if (IsA(node, OpExpr) && ((OpExpr *) node)->opno >= FirstNormalObjectId)
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, calls_function, context, 0);
	return expression_tree_walker(node, calls_function, context);
}

static PlannedStmt *
call_planner(Query *parse, const char *query_string, int cursor_options,
             ParamListInfo params)
{
	if (next_planner != NULL)
		return next_planner(parse, query_string, cursor_options, params);
	return standard_planner(parse, query_string, cursor_options, params);
}

static void
end_planning(planning *done)
{
	ListCell *cell;

	foreach (cell, done->models)
		cia_cache_unpin(lfirst(cell));
	current = done->outer;
}

static PlannedStmt *
plan_query(Query *parse, const char *query_string, int cursor_options,
           ParamListInfo params)
{
	planning here = {.outer = current, .context = CurrentMemoryContext};
	PlannedStmt *volatile plan = NULL;

	if (!cia_see_through || !calls_function((Node *) parse, NULL))
		return call_planner(parse, query_string, cursor_options, params);
	here.mark = makeDefElem(
	    MARK,
	    (Node *) list_make2(copyObject(parse), constant(INT4OID, sizeof(int32),
	                                                    Int32GetDatum(cursor_options))),
	    -1);
	cia_origin_number(parse);
	current = &here;
	PG_TRY();
	{
		plan = call_planner(parse, query_string, cursor_options, params);
	}
	PG_FINALLY();
	{
		end_planning(&here);
	}
	PG_END_TRY();
	return plan;
}

/* Our mark on a plan; NULL for plans without. */
static const DefElem *
mark_of(const PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, plan->invalItems)
	{
		const DefElem *item = lfirst(cell);

		if (IsA(item, DefElem) && strcmp(item->defname, MARK) == 0)
			return item;
	}
	return NULL;
}

static Datum
part_of(const List *model, int part)
{
	return ((const Const *) list_nth(model, part))->constvalue;
}

/* Is the version in force that of the plan, and if not, do its columns suffice? */
static void
compare(const List *model, bool *same, bool *suffice)
{
	Oid schema = DatumGetObjectId(part_of(model, MODEL_SCHEMA));
	char *name = TextDatumGetCString(part_of(model, MODEL_NAME));
	cia_finding finding;
	cia_entry named, planned;

	memcpy(&planned, VARDATA(DatumGetPointer(part_of(model, MODEL_ENTRY))),
	       sizeof planned);
	finding = cia_cache_seek(schema, name, CIA_SCORE, &named);
	pfree(name);
	if (finding != CIA_FOUND)
	{
		/* let a plan with the record path tell the user, if a row comes by at all */
		*same = *suffice = false;
		return;
	}
	if (cia_same_version(&named, &planned))
		return;
	*same = false;
	if (!cia_columns_suffice(cia_cache_find(schema, &named)->model,
	                         DatumGetArrayTypeP(part_of(model, MODEL_COLUMNS))))
		*suffice = false;
}

/* A plan for this execution alone; answers the context that it is in. */
static MemoryContext
plan_again(QueryDesc *desc, const List *planned, int flags)
{
	MemoryContext own = AllocSetContextCreate(
	    GetMemoryChunkContext(desc), "cia plan of one execution", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(own);
	Query *query = copyObject((Query *) list_nth(planned, PLANNED_QUERY));
	int cursor_options = DatumGetInt32(part_of(planned, PLANNED_OPTIONS));

	/* a cursor may have been opened with SCROLL because the old plan could go back */
	if (flags & EXEC_FLAG_BACKWARD)
		cursor_options |= CURSOR_OPT_SCROLL;
	desc->plannedstmt = planner(query, desc->sourceText, cursor_options, desc->params);
	MemoryContextSwitchTo(before);
	return own;
}

/* Sees to it that the plan fits; answers the context of a new one, or NULL. */
static MemoryContext
check_plan(QueryDesc *desc, const DefElem *mark, int flags)
{
	const List *planned = (const List *) mark->arg;
	bool same = planned != NIL, suffice = true;
	MemoryContext own = NULL;

	for (int i = PLANNED_MODELS; i < list_length(planned); i++)
		compare(list_nth(planned, i), &same, &suffice);
	if (!suffice)
		own = plan_again(desc, planned, flags);
	if (!same)
		cia_cache_forget_plans();
	return own;
}

static void
start_execution(QueryDesc *desc, int flags)
{
	const DefElem *mark = mark_of(desc->plannedstmt);
	MemoryContext own =
	    mark != NULL && ActiveSnapshotSet() ? check_plan(desc, mark, flags) : NULL;

	if (next_start != NULL)
		next_start(desc, flags);
	else
		standard_ExecutorStart(desc, flags);
	/* it ends with the execution */
	if (own != NULL)
		MemoryContextSetParent(own, desc->estate->es_query_cxt);
}

void
cia_plan_open(void)
{
	next_planner = planner_hook;
	planner_hook = plan_query;
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start_execution;
}
