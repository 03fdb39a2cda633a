/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_into.c: cia_score_into: scores of a source's rows into a table.
 *
 * One pass over the source, which may run in parallel, puts ids and scores into a
 * tuplestore: nothing can be inserted in parallel mode, and a source may read the very
 * table that is written.  One INSERT then takes the tuplestore for a relation, as a
 * trigger takes its transition table.  A table made by this call is filled directly, and with
 * no tuplestore on the way where the source changes nothing.  Where this process scores the rows
 * itself, they are scored by blocks (score_blocks.h).
 */
#include "around.h"
#include "score_blocks.h"
#include "score_count.h"
#include "score_fill.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/resowner.h"

CIA_FUNCTION(cia_score_into);

enum
{
	ARG_MODEL,
	ARG_SOURCE,
	ARG_TARGET_TABLE,
	ARG_ID,
	ARG_OPTIONS
};

/* What the scores are called in the statement that writes them. */
#define SCORES "cia_scores"

/* Rows between two looks at the clock. */
#define ROWS_PER_LOOK 1024

typedef struct scoring
{
	Oid schema;
	char *model;
	char *source;
	ArrayType *id;
	MemoryContext lasting; /* goes before the model may */
	cia_entry version;     /* the same for all rows */
	const ml_model *content;
	cia_score_table table;
	bool is_tried;     /* the statement that writes, before the work */
	TupleDesc columns; /* of the scores: ids, score, class */
	Tuplestorestate *scores;
	cia_fill *fill;                      /* NULL: rows go by way of the tuplestore */
	cia_blocks *blocks;                  /* NULL: rows come with their scores */
	EphemeralNamedRelationData relation; /* the scores, for SPI */
	Datum *values;                       /* of a row of scores */
	bool *nulls;
	Datum *label; /* of the classes */
	cia_door *door;
	int64 rows;
	cia_score_count count;
} scoring;

static void
scoring_error(void *argument)
{
	const scoring *run = argument;

	/* of a table the index has been looked for */
	if (run->is_tried && geterrcode() == ERRCODE_INVALID_COLUMN_REFERENCE)
		errhint("The table behind the view needs a unique index on exactly the id "
		        "columns.");
	errcontext("scoring into \"%s\"", run->table.given);
}

static void
read_options(scoring *run, Jsonb *jsonb)
{
	ml_value options;

	cia_object_from_jsonb(run->door, jsonb, &options);
	if (options.count > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("unrecognized option \"%s\" for cia_score_into",
		                       cia_text_cstring(options.keys[0])),
		                errhint("There are no options yet.")));
}

static void
read_arguments(FunctionCallInfo fcinfo, scoring *run)
{
	run->schema = cia_schema(fcinfo);
	run->model = cia_text_arg(fcinfo, ARG_MODEL, "model");
	run->source = cia_text_arg(fcinfo, ARG_SOURCE, "source");
	run->table.given = cia_text_arg(fcinfo, ARG_TARGET_TABLE, "target_table");
	run->id = cia_id_arg(fcinfo, ARG_ID);
	read_options(run, cia_options_arg(fcinfo, ARG_OPTIONS));
}

/* The shape of the scores: ids, score and class. */
static void
open_scores(scoring *run)
{
	TupleDesc ids = run->table.ids;
	int columns = ids->natts + 1 + run->table.has_class;

	run->columns = CreateTemplateTupleDesc(columns);
	for (int i = 1; i <= ids->natts; i++)
		TupleDescCopyEntry(run->columns, (AttrNumber) i, ids, (AttrNumber) i);
	TupleDescInitEntry(run->columns, (AttrNumber) (ids->natts + 1), "score", FLOAT8OID,
	                   -1, 0);
	if (run->table.has_class)
	{
		TupleDescInitEntry(run->columns, (AttrNumber) columns, "class", TEXTOID, -1, 0);
		run->label = palloc(sizeof(Datum) * run->content->schema.classes);
		for (int i = 0; i < run->content->schema.classes; i++)
			run->label[i] = CStringGetTextDatum(
			    cia_text_cstring(run->content->schema.class_label[i]));
	}
	run->values = palloc(sizeof(Datum) * columns);
	run->nulls = palloc(sizeof(bool) * columns);
	run->scores = tuplestore_begin_heap(false, false, work_mem);
	run->relation = (EphemeralNamedRelationData){
	    .md = {.name = SCORES, .tupdesc = run->columns, .enrtype = ENR_NAMED_TUPLESTORE},
	    .reldata = run->scores};
	SPI_register_relation(&run->relation);
}

/* Is the class asked for beside the score?  Of two classes the score tells it. */
static bool
asks_for_class(const scoring *run)
{
	return run->table.has_class && run->content->schema.task != ML_BINARY;
}

/*
 * SELECT s.id, cia_score('name@version', s) FROM (source) s, with cia_class beside it where
 * there are more than two.
 */
static SelectStmt *
around_source(void *state, SelectStmt *source)
{
	const scoring *run = state;
	List *targets = NIL;

	for (int i = 0; i < run->table.ids->natts; i++)
		targets = lappend(targets, cia_around_column(NameStr(
		                               TupleDescAttr(run->table.ids, i)->attname)));
	targets =
	    lappend(targets, cia_around_answer(run->schema, &run->version, "cia_score"));
	if (asks_for_class(run))
		targets =
		    lappend(targets, cia_around_answer(run->schema, &run->version, "cia_class"));
	return cia_around_source(source, targets);
}

/* The row at hand goes to where the scores are. */
static void
put_row(scoring *run)
{
	int ids = run->table.ids->natts;

	if (run->table.has_class && run->content->schema.task == ML_BINARY)
	{
		run->nulls[ids + 1] = run->nulls[ids];
		run->values[ids + 1] = run->nulls[ids]
		                           ? (Datum) 0
		                           : run->label[ml_model_class_of_score(
		                                 run->content, DatumGetFloat8(run->values[ids]))];
	}
	if (run->fill != NULL)
		cia_fill_add(run->fill, run->values, run->nulls);
	else
		tuplestore_putvalues(run->scores, run->columns, run->values, run->nulls);
}

/* A row whose score comes from its block. */
static void
take_score(void *state, const Datum *ids, double score, int class)
{
	scoring *run = state;
	int count = run->table.ids->natts;

	memcpy(run->values, ids, sizeof(Datum) * count);
	memset(run->nulls, 0, sizeof(bool) * run->columns->natts);
	run->values[count] = Float8GetDatum(score);
	if (asks_for_class(run))
		run->values[count + 1] = run->label[class];
	put_row(run);
}

/* Rows are scored by blocks where the last step of the plan would score them. */
static void
open_blocks(scoring *run)
{
	int ids = run->table.ids->natts;
	const Node *call = cia_source_expression(ids);
	const Node *class_call = asks_for_class(run) ? cia_source_expression(ids + 1) : NULL;

	if (IsA(call, FuncExpr) && (class_call == NULL || IsA(class_call, FuncExpr)))
		run->blocks =
		    cia_blocks_open(run->lasting, &(cia_block_plan){.call = call,
		                                                    .class_call = class_call,
		                                                    .model = run->content,
		                                                    .ids = run->table.ids,
		                                                    .take = take_score,
		                                                    .state = run});
}

/* What has happened since its columns were told: at most that the table was made. */
static void
check_source(const scoring *run, TupleDesc tupdesc)
{
	int ids = run->table.ids->natts;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Oid type = i < ids    ? TupleDescAttr(run->table.ids, i)->atttypid
		           : i == ids ? FLOAT8OID
		                      : TEXTOID;

		if (TupleDescAttr(tupdesc, i)->atttypid != type)
			ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			                errmsg("source is not what it was when the scoring began"),
			                errhint("Let no event trigger change what the source "
			                        "reads.")));
	}
	if (run->table.fresh && cia_source_reads(run->table.relation))
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
		                errmsg("table \"%s\" would stand in front of one that the source "
		                       "reads",
		                       run->table.given),
		                errhint("In the source, name that one with its schema.")));
}

static void
start_rows(void *state, TupleDesc tupdesc)
{
	scoring *run = state;

	check_source(run, tupdesc);
	if (run->table.fresh && cia_source_is_calm())
	{
		/* it outlives the source's query */
		MemoryContext before = MemoryContextSwitchTo(GetMemoryChunkContext(run->values));

		run->fill = cia_fill_open(&run->table, run->columns, run->version.version);
		MemoryContextSwitchTo(before);
	}
	open_blocks(run);
	cia_job_expect(run->door, cia_source_expected(), NULL);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	scoring *run = state;
	int ids = run->table.ids->natts, columns = ids + 1 + asks_for_class(run);

	for (int i = 0; i < ids; i++)
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("id \"%s\" is null",
			                       NameStr(TupleDescAttr(run->table.ids, i)->attname)),
			                errdetail("It is null in row %lld of the source.",
			                          (long long) run->rows + 1),
			                errhint("Leave such rows out with WHERE.")));
	if (run->blocks == NULL || !cia_blocks_add(run->blocks, values, !nulls[ids]))
	{
		memcpy(run->values, values, sizeof(Datum) * columns);
		memcpy(run->nulls, nulls, sizeof(bool) * columns);
		put_row(run);
	}
	cia_job_rows(run->door, ++run->rows);
	if (run->rows % ROWS_PER_LOOK == 0 && cia_progress_due(run->door))
		ereport(NOTICE, (errmsg("scoring: %lld rows", (long long) run->rows)));
}

/* Fills the table; one of this call's making gets its key thereafter. */
static void
write_scores(scoring *run, const char *insert)
{
	run->count =
	    (cia_score_count){.table = &run->table, .door = run->door, .rows = run->rows};
	if (run->fill != NULL ||
	    (run->table.fresh && cia_score_table_fill(&run->table, run->scores, run->columns,
	                                              run->version.version)))
		run->count.inserted = run->rows;
	else
		cia_score_count_insert(&run->count, insert);
	if (run->table.fresh)
		cia_score_table_add_key(&run->table);
}

/* Raises an error of that SQLSTATE that names an id which occurs twice, if there is one. */
static void
raise_duplicate(const scoring *run, int sqlstate)
{
	StringInfoData ids, shown;
	bool isnull;

	initStringInfo(&ids);
	initStringInfo(&shown);
	for (int i = 0; i < run->table.ids->natts; i++)
		appendStringInfo(
		    &ids, "%sn.%s", i > 0 ? ", " : "",
		    quote_identifier(NameStr(TupleDescAttr(run->table.ids, i)->attname)));
	cia_score_table_execute(
	    psprintf(
	        "SELECT %s, pg_catalog.count(*) FROM %s n GROUP BY %s "
	        "HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 ORDER BY %s LIMIT 1",
	        ids.data, run->fill != NULL ? run->table.name : SCORES, ids.data, ids.data),
	    SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	for (int i = 1; i <= run->table.ids->natts; i++)
		appendStringInfo(&shown, "%s%s", i > 1 ? ", " : "",
		                 SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i));
	ereport(ERROR,
	        (errcode(sqlstate),
	         errmsg("id (%s) occurs more than once in the source", shown.data),
	         errdetail("It occurs in %lld rows.",
	                   (long long) DatumGetInt64(
	                       SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
	                                     run->table.ids->natts + 1, &isnull))),
	         errhint("Every row of the source must have an id of its own; where a join "
	                 "repeats rows, use DISTINCT ON.")));
}

/*
 * PostgreSQL does not say which row it would have to write twice, nor that the source is to
 * blame.  The subtransaction is there for the query that finds out.
 */
static void
write_or_name_duplicate(scoring *run, const char *insert)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		write_scores(run, insert);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode == ERRCODE_CARDINALITY_VIOLATION ||
		    error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION)
			raise_duplicate(run, error->sqlerrcode);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* Other threads score while this one reads; workers of the query's would do both. */
static void
read_source(scoring *run)
{
	double shared = 1 - 1.0 / cia_thread_count();
	cia_around around = {
	    .wrap = around_source,
	    .start = start_rows,
	    .take = take_row,
	    .state = run,
	    .spared = run->table.ids->natts,
	    .spared_costs = asks_for_class(run) ? 0 : shared * cia_work_cost(run->content)};

	cia_source_run_within(run->source, &around);
	if (run->blocks != NULL)
		cia_blocks_close(run->blocks);
	if (run->fill != NULL)
		cia_fill_close(run->fill);
}

/* Rights, types, views: whatever PostgreSQL refuses, it shall refuse before the work. */
static void
try_insert(scoring *run, const char *insert)
{
	run->is_tried = true;
	cia_score_table_execute(psprintf("EXPLAIN %s", insert), SPI_OK_UTILITY);
	run->is_tried = false;
}

/* From the source to the table, within a connection to SPI. */
static void
run_scoring(scoring *run)
{
	char *insert;

	cia_score_table_open(&run->table);
	open_scores(run);
	insert = cia_score_table_insert(&run->table, SCORES, run->version.version);
	if (!run->table.fresh)
		try_insert(run, insert);
	read_source(run);
	if (get_rel_relkind(run->table.relation) != run->table.kind)
		cia_score_raise_changed(&run->table);
	cia_score_table_take_turn(&run->table);
	run->relation.md.enrtuples = (double) run->rows;
	cia_job_store(run->door, 0, (double) run->rows);
	if (cia_progress_due(run->door))
		ereport(NOTICE, (errmsg("writing %lld rows", (long long) run->rows)));
	write_or_name_duplicate(run, insert);
	tuplestore_end(run->scores);
}

static void
report(FunctionCallInfo fcinfo, const scoring *run, double seconds)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	bool counted = run->table.kind != RELKIND_VIEW;
	bool nulls[6] = {false, false, false, !counted, !counted, false};
	Datum values[6];

	values[0] = CStringGetTextDatum(NameStr(run->version.name));
	values[1] = Int32GetDatum(run->version.version);
	values[2] = Int64GetDatum(run->rows);
	values[3] = Int64GetDatum(run->count.inserted);
	values[4] = Int64GetDatum(run->count.updated);
	values[5] = Float8GetDatum(seconds);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

Datum
cia_score_into(PG_FUNCTION_ARGS)
{
	scoring run = {.door = cia_door_for_model(CurrentMemoryContext),
	               .lasting = fcinfo->flinfo->fn_mcxt};
	ErrorContextCallback callback = {
	    .callback = scoring_error, .arg = &run, .previous = error_context_stack};
	instr_time started, spent;

	PreventCommandIfReadOnly("cia_score_into()");
	InitMaterializedSRF(fcinfo, 0);
	INSTR_TIME_SET_CURRENT(started);
	read_arguments(fcinfo, &run);
	error_context_stack = &callback;
	run.version = cia_registry_find(run.schema, run.model);
	run.content = cia_model_arg(fcinfo, ARG_MODEL)->model;
	/* now: later it may be in the hands of threads */
	cia_site_equip(fcinfo->flinfo->fn_extra);
	run.table.has_class = run.content->schema.task != ML_REGRESSION;
	cia_job_begin(run.door, CIA_JOB_SCORE, NameStr(run.version.name));
	run.table.ids = cia_score_table_ids(run.source, run.id);
	SPI_connect();
	run_scoring(&run);
	SPI_finish();
	cia_job_end(run.door);
	error_context_stack = callback.previous;
	INSTR_TIME_SET_CURRENT(spent);
	INSTR_TIME_SUBTRACT(spent, started);
	report(fcinfo, &run, INSTR_TIME_GET_DOUBLE(spent));
	return (Datum) 0;
}
