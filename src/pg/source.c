/* SPDX-License-Identifier: PostgreSQL */
/*
 * source.c: running a source: a table, a view, or one query.
 *
 * The query is parsed, planned and run once, with the rights of the caller, and
 * may use a parallel plan.  Its rows come straight from the executor's slots.  Whatever
 * functions it calls, they cannot change the role: what was checked for it would hold for
 * another one then, and who has stepped down by SET ROLE to run a text would be back up.
 */
#include "around.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "storage/bufmgr.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#define AHEAD 4       /* rows */
#define LINE 64       /* bytes of a cache line */
#define MOST_LINES 16 /* of a row that are asked for */

typedef struct row_receiver
{
	DestReceiver base;
	cia_start_rows start;
	cia_take_row take;
	void *state;
	bool is_calm;
	const TupleTableSlot *scanned; /* the row of a table that is at hand, or NULL */
} row_receiver;

/* A source at work: what an error context has to tell. */
typedef struct source_context
{
	const char *model;
	const char *query;
	ErrorContextCallback callback;
} source_context;

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	row_receiver *receiver = (row_receiver *) self;

	receiver->start(receiver->state, tupdesc);
}

/*
 * Asks for the row that comes some rows later.  A page is filled from its end and read from its
 * beginning, and tables that were read in one go lie in the pool page after page: what is asked
 * for in vain costs nothing.  Inline, since a function that only asks does nothing to a compiler.
 */
static pg_attribute_always_inline void
ask_ahead(const TupleTableSlot *slot)
{
	const BufferHeapTupleTableSlot *row = (const BufferHeapTupleTableSlot *) slot;
	Size length, lines;
	char *page, *next;

	if (TTS_EMPTY(slot) || !BufferIsValid(row->buffer))
		return;
	page = (char *) BufferGetPage(row->buffer);
	length = MAXALIGN(row->base.tuple->t_len);
	lines = Min(length / LINE + 1, MOST_LINES);
	next = (char *) row->base.tuple->t_data - AHEAD * length;
	if (next < page + ((PageHeader) page)->pd_upper)
		next += 2 * BLCKSZ - ((PageHeader) page)->pd_upper;
	for (Size i = 0; i < lines; i++)
		__builtin_prefetch(next + i * LINE);
}

static bool
receiver_receive(TupleTableSlot *slot, DestReceiver *self)
{
	row_receiver *receiver = (row_receiver *) self;

	if (receiver->scanned != NULL)
		ask_ahead(receiver->scanned);
	slot_getallattrs(slot);
	receiver->take(receiver->state, slot->tts_values, slot->tts_isnull);
	return true;
}

static void
receiver_nothing(DestReceiver *self)
{
}

/* Is the source one name, perhaps quoted, perhaps with a schema? All else is a query. */
static bool
looks_like_name(const char *source)
{
	for (;;)
	{
		source += strspn(source, " \t\r\n\f\v");
		if (*source == '"')
		{
			/* a doubled quote is two quoted pieces side by side */
			while (*source == '"')
			{
				source += 1 + strcspn(source + 1, "\"");
				if (*source++ == '\0')
					return false;
			}
		}
		else if (isalpha((unsigned char) *source) || *source == '_' ||
		         IS_HIGHBIT_SET(*source))
			while (isalnum((unsigned char) *source) || *source == '_' || *source == '$' ||
			       IS_HIGHBIT_SET(*source))
				source++;
		else
			return false;
		source += strspn(source, " \t\r\n\f\v");
		if (*source != '.')
			return *source == '\0';
		source++;
	}
}

Oid
cia_source_relation(const char *source)
{
	RangeVar *relation;

	if (!looks_like_name(source))
		return InvalidOid;
	relation = makeRangeVarFromNameList(cia_name_parts(source, "source"));
	/* without a look at rights: the name may be somebody else's, of long ago */
	if (relation->schemaname == NULL)
		return RelnameGetRelid(relation->relname);
	return get_relname_relid(relation->relname,
	                         get_namespace_oid(relation->schemaname, true));
}

#define SELECT_ALL "SELECT * FROM "

/* The text of the query that a source stands for. */
static char *
query_of(const char *source)
{
	List *names;
	ListCell *cell;
	StringInfoData query;

	if (!looks_like_name(source))
		return pstrdup(source);
	names = cia_name_parts(source, "source");
	initStringInfo(&query);
	appendStringInfoString(&query, SELECT_ALL);
	foreach (cell, names)
		appendStringInfo(&query, "%s%s", cell == list_head(names) ? "" : ".",
		                 quote_identifier(strVal(lfirst(cell))));
	return query.data;
}

/* Moves the position of a syntax error from our caller's statement into the source. */
static void
source_error(void *argument)
{
	source_context *context = argument;
	int position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(context->query);
	}
	if (context->model != NULL)
		errcontext("training model \"%s\"", context->model);
	else
		errcontext("reading the source");
}

pg_noreturn static void
raise_no_rows(void)
{
	ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
	                errmsg("source must be a table, a view or a query that returns rows"),
	                errhint("Name a table or a view, or write a SELECT.")));
}

static RawStmt *
parse_one(const char *query)
{
	List *statements = raw_parser(query, RAW_PARSE_DEFAULT);
	RawStmt *raw;

	if (list_length(statements) != 1)
		ereport(ERROR,
		        (errcode(ERRCODE_SYNTAX_ERROR),
		         errmsg("source must be one query, not %d", list_length(statements)),
		         errhint(statements == NIL
		                     ? "Name a table or a view, or write a SELECT."
		                     : "Leave out the semicolon and what follows it.")));
	raw = linitial_node(RawStmt, statements);
	if (!IsA(raw->stmt, SelectStmt) || ((SelectStmt *) raw->stmt)->intoClause != NULL)
		raise_no_rows();
	return raw;
}

/* From here on errors tell of the source, until close_source. */
static void
open_source(source_context *context, const char *source, const char *model)
{
	*context = (source_context){.model = model, .query = source};
	context->callback = (ErrorContextCallback){
	    .callback = source_error, .arg = context, .previous = error_context_stack};
	error_context_stack = &context->callback;
	context->query = query_of(source);
}

static void
close_source(const source_context *context)
{
	error_context_stack = context->callback.previous;
}

/* What the last step of a plan computes for a column. */
static const Node *
expression_of(const Plan *plan, int column)
{
	return (Node *) list_nth_node(TargetEntry, plan->targetlist, column)->expr;
}

/* A plan without workers, where what is spared per row makes it the cheaper one. */
static PlannedStmt *
plan_around(Query *parsed, const char *query, const cia_around *around)
{
	PlannedStmt *plan =
	    pg_plan_query(copyObject(parsed), query, CURSOR_OPT_PARALLEL_OK, NULL);
	const Plan *alone;
	PlannedStmt *other;

	if (!plan->parallelModeNeeded || around->spared_costs <= 0)
		return plan;
	other = pg_plan_query(parsed, query, 0, NULL);
	alone = other->planTree;
	if (!IsA(expression_of(alone, around->spared), FuncExpr) ||
	    alone->total_cost - around->spared_costs * alone->plan_rows >=
	        plan->planTree->total_cost)
		return plan;
	return other;
}

/* around is NULL for the source as it is. */
static PlannedStmt *
plan_query(RawStmt *raw, const char *query, const cia_around *around, bool *is_calm)
{
	List *rewritten = pg_analyze_and_rewrite_fixedparams(raw, query, NULL, 0, NULL);
	Query *parsed = linitial_node(Query, rewritten);

	if (list_length(rewritten) != 1 || parsed->commandType != CMD_SELECT)
		raise_no_rows();
	*is_calm = !parsed->hasModifyingCTE && parsed->rowMarks == NIL &&
	           !contain_volatile_functions((Node *) parsed);
	if (around != NULL)
		return plan_around(parsed, query, around);
	return pg_plan_query(parsed, query, CURSOR_OPT_PARALLEL_OK, NULL);
}

/* The source whose rows begin to come; another one may have run while it was planned. */
static struct
{
	const PlannedStmt *plan;
	bool is_calm;
} running;

bool
cia_source_is_calm(void)
{
	return running.is_calm;
}

bool
cia_source_reads(Oid relation)
{
	return list_member_oid(running.plan->relationOids, relation);
}

const Node *
cia_source_expression(int column)
{
	return expression_of(running.plan->planTree, column);
}

double
cia_source_expected(void)
{
	return running.plan->planTree->plan_rows;
}

/* Where a scan of a table at the top of the plan has its row; NULL: there is none. */
static const TupleTableSlot *
scanned_row(const PlanState *top)
{
	const TupleTableSlot *row =
	    IsA(top, SeqScanState) ? ((const ScanState *) top)->ss_ScanTupleSlot : NULL;

	return row != NULL && TTS_IS_BUFFERTUPLE(row) ? row : NULL;
}

static void
execute(PlannedStmt *plan, const char *query, row_receiver *receiver)
{
	QueryDesc *desc;

	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	desc = CreateQueryDesc(plan, query, GetActiveSnapshot(), InvalidSnapshot,
	                       &receiver->base, NULL, NULL, 0);
	ExecutorStart(desc, 0);
	receiver->scanned = scanned_row(desc->planstate);
	running.plan = desc->plannedstmt;
	running.is_calm = receiver->is_calm;
	cia_executor_run(desc);
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);
	PopActiveSnapshot();
}

TupleDesc
cia_source_columns(const char *source)
{
	source_context context;
	TupleDesc columns;

	open_source(&context, source, NULL);
	columns = ExecCleanTypeFromTL(
	    parse_analyze_fixedparams(parse_one(context.query), context.query, NULL, 0, NULL)
	        ->targetList);
	close_source(&context);
	return columns;
}

/* Within another query a source may do less. */
static void
check_reads(const SelectStmt *source)
{
	ListCell *cell;

	foreach (cell, source->withClause != NULL ? source->withClause->ctes : NIL)
		if (!IsA(lfirst_node(CommonTableExpr, cell)->ctequery, SelectStmt))
			ereport(ERROR,
			        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			         errmsg("source must not change data here"),
			         errhint("Run what changes data before, into a table if need be.")));
}

char *
cia_source_item(const char *source)
{
	source_context context;
	RawStmt *raw;
	char *item;

	if (looks_like_name(source))
		return query_of(source) + strlen(SELECT_ALL);
	open_source(&context, source, NULL);
	raw = parse_one(context.query);
	check_reads((SelectStmt *) raw->stmt);
	item = pstrdup(context.query + Max(raw->stmt_location, 0));
	if (raw->stmt_len > 0)
		item[raw->stmt_len] = '\0';
	close_source(&context);
	/* the line's end closes a comment */
	return psprintf("(%s\n)", item);
}

/* Runs the query around the source, or the source as it is. */
static void
run_source(const char *source, const char *model, const cia_around *around,
           row_receiver *receiver)
{
	source_context context;
	RawStmt *raw;
	Oid user;
	int security;

	receiver->base = (DestReceiver){.receiveSlot = receiver_receive,
	                                .rStartup = receiver_startup,
	                                .rShutdown = receiver_nothing,
	                                .rDestroy = receiver_nothing,
	                                .mydest = DestNone};
	open_source(&context, source, model);
	/* a source with side effects must see its own statement's changes only */
	CommandCounterIncrement();
	raw = parse_one(context.query);
	if (around != NULL)
		raw->stmt = (Node *) around->wrap(receiver->state, (SelectStmt *) raw->stmt);
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(user, security | SECURITY_LOCAL_USERID_CHANGE);
	execute(plan_query(raw, context.query, around, &receiver->is_calm), context.query,
	        receiver);
	SetUserIdAndSecContext(user, security);
	close_source(&context);
}

/*
 * Runs a source and hands out its rows.  model names the model under training in
 * error contexts, or is NULL.
 */
void
cia_source_run(const char *source, const char *model, cia_start_rows start,
               cia_take_row take, void *state)
{
	row_receiver receiver = {.start = start, .take = take, .state = state};

	run_source(source, model, NULL, &receiver);
}

void
cia_source_run_within(const char *source, const cia_around *around)
{
	row_receiver receiver = {
	    .start = around->start, .take = around->take, .state = around->state};

	run_source(source, NULL, around, &receiver);
}
