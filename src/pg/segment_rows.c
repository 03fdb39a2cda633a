/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_rows.c: the rows of a source with their segments.
 *
 * Rows are told as they come and do not stay, so a source may be larger than memory.
 */
#include "segment_rows.h"

#include "around.h"
#include "score.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define ROWS_PER_LOOK 1024 /* between two looks at the clock */

/* The numbers of segments by their names. */
static void
number_segments(cia_segment_rows *run)
{
	const ml_schema *schema = &run->model->schema;
	int32_t code;

	cia_check(run->door, ml_dictionary_create(&run->door->host, &run->segment));
	for (int k = 0; k < schema->classes; k++)
		cia_check(run->door,
		          ml_dictionary_add(run->segment, schema->class_label[k], &code));
}

cia_segment_rows *
cia_segment_rows_open(FunctionCallInfo fcinfo, cia_privilege privilege)
{
	MemoryContext arena = AllocSetContextCreate(CurrentMemoryContext, "cia segments",
	                                            ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(arena);
	cia_segment_rows *run = palloc0(sizeof *run);
	char *name = cia_text_arg(fcinfo, 0, "model");

	run->schema = cia_schema(fcinfo);
	run->version = privilege == CIA_MANAGE ? cia_registry_manage(run->schema, name)
	                                       : cia_registry_find(run->schema, name);
	run->door = cia_door_open(arena);
	run->door->judges = true;
	run->model = cia_model_decode(cia_door_for_model(arena),
	                              cia_registry_content(run->schema, &run->version));
	cia_need_segments(run->model, name);
	number_segments(run);
	MemoryContextSwitchTo(before);
	return run;
}

/* SELECT cia_segment('name@version', s), columns FROM (source) s */
static struct SelectStmt *
around_source(void *state, struct SelectStmt *source)
{
	const cia_segment_rows *run = state;
	List *targets =
	    list_make1(cia_around_answer(run->schema, &run->version, "cia_segment"));

	for (int i = 0; run->ids != NULL && i < run->ids->natts; i++)
		targets = lappend(
		    targets, cia_around_column(NameStr(TupleDescAttr(run->ids, i)->attname)));
	if (run->all_columns)
		targets = lappend(targets, cia_around_column(NULL));
	return cia_around_source(source, targets);
}

/* The columns behind the segment. */
static void
start_rows(void *state, TupleDesc tupdesc)
{
	cia_segment_rows *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);
	TupleDesc columns = CreateTemplateTupleDesc(tupdesc->natts - 1);

	for (int i = 1; i < tupdesc->natts; i++)
		TupleDescCopyEntry(columns, (AttrNumber) i, tupdesc, (AttrNumber) (i + 1));
	cia_job_expect(run->door, cia_source_expected(), NULL);
	if (run->start != NULL)
		run->start(run->state, columns);
	MemoryContextSwitchTo(before);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	cia_segment_rows *run = state;
	text *label = nulls[0] ? NULL : DatumGetTextPP(values[0]);
	int32_t segment = -1;

	if (label != NULL)
		segment = ml_dictionary_find(
		    run->segment,
		    (ml_text){VARDATA_ANY(label), (int32_t) VARSIZE_ANY_EXHDR(label)});
	if (segment < 0)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("segments of model \"%s@%d\" were given other names meanwhile",
		                NameStr(run->version.name), run->version.version),
		         errhint("Name segments in a statement of its own.")));
	run->take(run->state, segment, values + 1, nulls + 1);
	if (++run->rows % ROWS_PER_LOOK == 0)
		cia_job_progress(run->door, ML_STAGE_READ, (double) run->rows, 0);
}

void
cia_segment_rows_run(cia_segment_rows *run, const char *source)
{
	run->rows = 0;
	cia_job_begin(run->door, CIA_JOB_SCORE, NameStr(run->version.name));
	cia_source_run_within(source, &(cia_around){.wrap = around_source,
	                                            .start = start_rows,
	                                            .take = take_row,
	                                            .state = run});
	cia_job_end(run->door);
}

char *
cia_segment_label(const cia_segment_rows *run, int segment)
{
	return cia_text_cstring(run->model->schema.class_label[segment]);
}
