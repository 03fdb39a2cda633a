/* SPDX-License-Identifier: PostgreSQL */
/*
 * plan.c: plans that were made for a version of a model, and the versions to come.
 *
 * A plan that hands over a model's columns (see_through.c) depends on the registry: a
 * change there makes PostgreSQL plan again.  That alone is not enough.  The message may
 * be read while the plan is made, so that it is cached already out of date; a transaction
 * that holds its locks reads no messages at all before it uses a plan again; a snapshot
 * may be older than the plan, or newer.  So whenever such a plan begins to be executed we
 * look up, under the snapshot of that execution, which versions are in force.  If one of
 * them needs columns that the plan does not hand over, this execution gets a plan of its
 * own, made on the spot from the query that the plan was made from.  The same snapshot
 * serves both, so what is executed always fits.
 *
 * The query is kept by the planner hook, per backend.  A plan carries the number of what
 * was kept as an item among its dependencies that no catalog cache answers to; such items
 * are copied with plans, as nothing else in a plan is that an extension could use.  When
 * there is no more room all queries go, and with them all cached plans.
 */
#include "cia.h"

#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Plans whose queries are kept, and the bytes these may take. */
#define MOST_PLANS 512
#define MOST_BYTES ((Size) 8 * 1024 * 1024)

/* The cache that our item among a plan's dependencies belongs to: none. */
#define OUR_CACHE -1

/* A model that a plan uses. */
typedef struct planned_model
{
	Oid schema;
	char *name;
	cia_entry named; /* the version in force when the plan was made */
	ArrayType *columns;
} planned_model;

/* What is kept of a plan. */
typedef struct kept_plan
{
	uint32 number; /* 0: nothing is kept here */
	MemoryContext context;
	Query *query;
	int cursor_options;
	List *models; /* of planned_model */
} kept_plan;

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
	kept_plan plan;
	List *placeholders;
} planning;

static planner_hook_type next_planner = NULL;
static ExecutorStart_hook_type next_start = NULL;
static planning *current = NULL;
static kept_plan kept[MOST_PLANS];
static Size kept_bytes = 0;
static uint32 last_number = 0;

/*
 * The planning under way; NULL if it began before the hooks were there.  Nobody plans
 * another query meanwhile without asking our hook first.
 */
static planning *
current_planning(void)
{
	return current != NULL && current->plan.query != NULL ? current : NULL;
}

void
cia_plan_depend(PlannerInfo *root, Oid schema)
{
	root->glob->relationOids =
	    list_append_unique_oid(root->glob->relationOids, cia_registry_relation(schema));
	root->glob->dependsOnRole = true;
}

/* Marks the plan with a number, once. */
static void
mark_plan(PlannerInfo *root, uint32 number)
{
	PlanInvalItem *item;
	ListCell *cell;

	foreach (cell, root->glob->invalItems)
		if (((PlanInvalItem *) lfirst(cell))->cacheId == OUR_CACHE)
			return; /* there is one planning, with one number */
	item = makeNode(PlanInvalItem);
	item->cacheId = OUR_CACHE;
	item->hashValue = number;
	root->glob->invalItems = lappend(root->glob->invalItems, item);
}

void
cia_plan_note(PlannerInfo *root, Oid schema, const char *name, const cia_entry *named,
              ArrayType *columns)
{
	planning *plan = current_planning();
	MemoryContext before;
	planned_model *model;

	if (plan == NULL)
	{
		mark_plan(root, 0);
		return;
	}
	if (plan->plan.number == 0)
	{
		if (++last_number == 0)
			last_number++;
		plan->plan.number = last_number;
	}
	mark_plan(root, plan->plan.number);
	before = MemoryContextSwitchTo(plan->plan.context);
	model = palloc(sizeof *model);
	*model = (planned_model){.schema = schema,
	                         .name = pstrdup(name),
	                         .named = *named,
	                         .columns = DatumGetArrayTypePCopy(PointerGetDatum(columns))};
	plan->plan.models = lappend(plan->plan.models, model);
	MemoryContextSwitchTo(before);
}

Node **
cia_plan_placeholder(PlannerInfo *root, Index number, int column)
{
	planning *plan = current_planning();
	placeholder *made;
	ListCell *cell;

	if (plan != NULL)
		foreach (cell, plan->placeholders)
		{
			placeholder *known = lfirst(cell);

			if (known->root == root && known->number == number && known->column == column)
				return &known->node;
		}
	made = palloc0(sizeof *made);
	*made = (placeholder){.root = root, .number = number, .column = column};
	if (plan != NULL)
		plan->placeholders = lappend(plan->placeholders, made);
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

/* Plans that are still cached come back with a new number when they are used next. */
static void
forget_queries(void)
{
	for (int i = 0; i < MOST_PLANS; i++)
	{
		if (kept[i].number != 0)
			MemoryContextDelete(kept[i].context);
		kept[i].number = 0;
	}
	kept_bytes = 0;
	cia_cache_forget_plans();
}

/* Puts what a planning has noted where execution will look for it. */
static void
keep_plan(const kept_plan *plan)
{
	kept_plan *place = &kept[plan->number % MOST_PLANS];

	if (place->number != 0 || kept_bytes > MOST_BYTES)
		forget_queries();
	MemoryContextSetParent(plan->context, CacheMemoryContext);
	*place = *plan;
	kept_bytes += MemoryContextMemAllocated(plan->context, true);
}

static PlannedStmt *
call_planner(Query *parse, const char *query_string, int cursor_options,
             ParamListInfo params)
{
	if (next_planner != NULL)
		return next_planner(parse, query_string, cursor_options, params);
	return standard_planner(parse, query_string, cursor_options, params);
}

static PlannedStmt *
plan_query(Query *parse, const char *query_string, int cursor_options,
           ParamListInfo params)
{
	planning here = {.outer = current};
	MemoryContext before;
	PlannedStmt *volatile plan = NULL;

	if (!cia_see_through || !calls_function((Node *) parse, NULL))
		return call_planner(parse, query_string, cursor_options, params);
	here.plan.context = AllocSetContextCreate(CurrentMemoryContext, "cia planned query",
	                                          ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(here.plan.context);
	here.plan.query = copyObject(parse);
	here.plan.cursor_options = cursor_options;
	MemoryContextSwitchTo(before);
	cia_origin_number(parse);
	current = &here;
	PG_TRY();
	{
		plan = call_planner(parse, query_string, cursor_options, params);
	}
	PG_FINALLY();
	{
		current = here.outer;
	}
	PG_END_TRY();
	if (here.plan.number != 0)
		keep_plan(&here.plan);
	else
		MemoryContextDelete(here.plan.context);
	return plan;
}

/* The number a plan is marked with; false for a plan without our mark. */
static bool
number_of(const PlannedStmt *plan, uint32 *number)
{
	ListCell *cell;

	foreach (cell, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst(cell);

		if (item->cacheId == OUR_CACHE)
		{
			*number = item->hashValue;
			return true;
		}
	}
	return false;
}

/* Are the versions in force those of the plan, and if not, do its columns suffice? */
static void
compare(const kept_plan *plan, bool *same, bool *suffice)
{
	ListCell *cell;

	*same = *suffice = true;
	foreach (cell, plan->models)
	{
		const planned_model *model = lfirst(cell);
		cia_entry named;

		if (cia_cache_seek(model->schema, model->name, &named) != CIA_FOUND)
		{
			/* let a plan with the record path tell the user, if a row comes by at all */
			*same = *suffice = false;
			continue;
		}
		if (cia_same_version(&named, &model->named))
			continue;
		*same = false;
		if (!cia_columns_suffice(cia_cache_find(model->schema, &named)->model,
		                         model->columns))
			*suffice = false;
	}
}

static void
check_plan(QueryDesc *desc, uint32 number)
{
	const kept_plan *plan = &kept[number % MOST_PLANS];
	bool same = false, suffice = true;
	MemoryContext before;

	if (number != 0 && plan->number == number)
		compare(plan, &same, &suffice);
	if (same)
		return;
	if (!suffice)
	{
		before = MemoryContextSwitchTo(GetMemoryChunkContext(desc));
		desc->plannedstmt = planner(copyObject(plan->query), desc->sourceText,
		                            plan->cursor_options, desc->params);
		MemoryContextSwitchTo(before);
	}
	cia_cache_forget_plans();
}

static void
start_execution(QueryDesc *desc, int flags)
{
	uint32 number;

	if (desc->plannedstmt->invalItems != NIL && ActiveSnapshotSet() &&
	    number_of(desc->plannedstmt, &number))
		check_plan(desc, number);
	if (next_start != NULL)
		next_start(desc, flags);
	else
		standard_ExecutorStart(desc, flags);
}

void
cia_plan_open(void)
{
	next_planner = planner_hook;
	planner_hook = plan_query;
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start_execution;
}
