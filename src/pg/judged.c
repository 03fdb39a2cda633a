/* SPDX-License-Identifier: PostgreSQL */
/*
 * judged.c: the rows of a source that a model is judged on.
 *
 * On the model's own training source only the holdout is judged, found again
 * by the keys of the rows: numbers on rows that the model has seen would flatter it.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

const char *const cia_judged_rows[] = {"auto", "all", "holdout", NULL};

#define PIECE (16 * ML_CHUNK) /* rows that are scored together where none of them stays */

/* Models that take the rows of one source. */
typedef struct reading
{
	cia_judged *const *run;
	int runs;
} reading;

static bool
is_segmentation(const cia_loaded *loaded)
{
	return loaded->model->schema.task == ML_SEGMENTATION;
}

/* Is this the source the model was trained on: the same relation, or the same text? */
static bool
same_source(const char *a, const char *b)
{
	size_t length_a, length_b;
	Oid relation = cia_source_relation(a);

	if (OidIsValid(relation))
		return relation == cia_source_relation(b);
	a += strspn(a, " \t\r\n");
	b += strspn(b, " \t\r\n");
	length_a = strlen(a);
	length_b = strlen(b);
	while (length_a > 0 && strchr(" \t\r\n", a[length_a - 1]) != NULL)
		length_a--;
	while (length_b > 0 && strchr(" \t\r\n", b[length_b - 1]) != NULL)
		length_b--;
	return length_a == length_b && memcmp(a, b, length_a) == 0;
}

double
cia_model_holdout(const ml_model *model)
{
	const ml_value *share = ml_value_member(&model->options, "holdout");
	double halves = ml_is_calibrated(model) ? 2 : 1;

	return share != NULL && share->kind == ML_VALUE_NUMBER ? share->number / halves : 0;
}

static void
choose_rows(cia_judged *run)
{
	ml_text rows = run->options.rows;
	bool trained_on = cia_model_holdout(run->loaded->model) > 0 &&
	                  same_source(run->source, run->lineage.source);
	bool open = rows.bytes == NULL || ml_text_is(rows, "auto");

	run->holdout = open ? trained_on : ml_text_is(rows, "holdout");
	run->tell = open && !trained_on;
}

/* Names of the model's columns, each once. */
static ArrayType *
feature_columns(const ml_schema *schema)
{
	Datum *names = palloc(sizeof(Datum) * schema->features);
	int count = 0;

	for (int f = 0; f < schema->features; f++)
		if (f == 0 ||
		    !ml_text_equal(schema->feature[f].name, schema->feature[f - 1].name))
			names[count++] =
			    CStringGetTextDatum(cia_text_cstring(schema->feature[f].name));
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* The column that names the groups of a model by group; NULL for others. */
static char *
group_column(const ml_model *model)
{
	if (model->by == NULL)
		return NULL;
	return cia_text_cstring(model->schema.feature[model->by->feature].name);
}

static bool
has_attribute(TupleDesc tupdesc, const char *name)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    namestrcmp(&TupleDescAttr(tupdesc, i)->attname, name) == 0)
			return true;
	return false;
}

static void
check_features(const cia_loaded *loaded, TupleDesc tupdesc)
{
	const ml_schema *schema = &loaded->model->schema;
	StringInfoData missing;

	initStringInfo(&missing);
	for (int f = 0; f < schema->features; f++)
	{
		bool found = has_attribute(tupdesc, cia_text_cstring(schema->feature[f].name));

		if (!found && !cia_is_further_element(schema, f))
			appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
			                 cia_text_cstring(schema->feature[f].name));
	}
	if (missing.len > 0)
		cia_raise_missing(loaded, missing.data);
}

static bool
has_all(TupleDesc tupdesc, ArrayType *names)
{
	Datum *datums;
	bool *nulls;
	int count, found = 0;

	if (names == NULL)
		return false;
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &count);
	for (int i = 0; i < count; i++)
		found += has_attribute(tupdesc, TextDatumGetCString(datums[i]));
	return count > 0 && found == count;
}

static void
start_run(cia_judged *run, TupleDesc tupdesc)
{
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	check_features(run->loaded, tupdesc);
	if (run->roles.weight != NULL && !has_attribute(tupdesc, run->roles.weight))
	{
		ereport(
		    NOTICE,
		    (errmsg("rows are not weighted: column \"%s\" does not exist in the source",
		            run->roles.weight)));
		run->roles.weight = NULL;
	}
	if (run->with_id && has_all(tupdesc, run->lineage.id))
		run->roles.beside = run->lineage.id;
	run->input = cia_rows_open(run->door, tupdesc, &run->roles);
	run->input->scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(before);
}

static void
start_rows(void *state, TupleDesc tupdesc)
{
	const reading *all = state;

	for (int i = 0; i < all->runs; i++)
		start_run(all->run[i], tupdesc);
	cia_job_expect(all->run[0]->door, cia_source_expected(), NULL);
}

/* Arrays of which the source has no value are arrays all the same. */
static void
add_arrays(const cia_judged *run)
{
	const ml_schema *schema = &run->loaded->model->schema;

	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].width > 0 && !cia_is_further_element(schema, f))
			cia_rows_add_array(run->input, cia_text_cstring(schema->feature[f].name),
			                   schema->feature[f].width);
}

/* The frame's column of every feature. */
static int *
map_features(const cia_judged *run)
{
	const ml_schema *schema = &run->loaded->model->schema;
	const ml_frame *frame = run->input->frame;
	int *column = palloc(sizeof(int) * schema->features);

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		int c = 0;

		while (c < frame->columns &&
		       (frame->column[c].role != ML_FEATURE ||
		        frame->column[c].element != feature->element ||
		        !ml_text_equal(frame->column[c].name, feature->name)))
			c++;
		if (c == frame->columns || frame->column[c].kind != feature->kind)
			ereport(
			    ERROR,
			    (errcode(ERRCODE_DATATYPE_MISMATCH),
			     errmsg("column \"%s\" of the source has another type than in training",
			            cia_text_cstring(feature->name)),
			     errdetail("Model \"%s\" was trained on type %s.", run->loaded->name,
			               cia_text_cstring(feature->type)),
			     errhint("Cast the column in the source.")));
		column[f] = c;
	}
	return column;
}

/* Scores the rows that there are, and makes room for others. */
static void
judge_piece(cia_judged *run)
{
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);
	int *column;

	add_arrays(run);
	column = map_features(run);
	run->rows = (ml_rows){
	    .frame = run->input->frame, .column = column, .end = run->input->frame->rows};
	cia_check(run->door, ml_stream_take(run->stream, &run->rows));
	run->rows.end = run->stream->rows;
	ml_frame_clear(run->input->frame);
	pfree(column);
	MemoryContextSwitchTo(before);
}

/* Now and then; rows that were judged as they came have left the frame. */
static void
tell_progress(const cia_judged *run)
{
	int64 rows = run->input->frame->rows;

	if (run->stream != NULL)
		rows += run->stream->rows;
	cia_job_rows(run->door, rows);
	if ((rows & 0xFFFF) == 0)
		ml_progress(&run->door->host, ML_STAGE_READ, (double) rows, 0);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	const reading *all = state;

	for (int i = 0; i < all->runs; i++)
	{
		cia_rows_append(all->run[i]->input, values, nulls);
		if (all->run[i]->stream != NULL && all->run[i]->input->frame->rows == PIECE)
			judge_piece(all->run[i]);
	}
	tell_progress(all->run[0]);
}

/* Puts rows in order, the holdout or the sample in front; answers how many rows that is. */
static int64
order_rows(cia_judged *run)
{
	ml_frame *frame = run->input->frame;
	ml_status status;
	int64 end;

	if (frame->rows == 0)
		return 0;
	cia_check(run->door, ml_pool_open(&run->door->host));
	status =
	    ml_frame_order(frame, run->holdout ? cia_model_holdout(run->loaded->model) : 0);
	ml_pool_close(&run->door->host);
	cia_check(run->door, status);
	end = run->holdout ? frame->holdout_rows : frame->rows;
	return run->ordered ? Min(end, run->options.sample) : end;
}

void
cia_judged_need_two_classes(const cia_judged *run)
{
	const ml_schema *schema = &run->loaded->model->schema;

	if (schema->task != ML_BINARY)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		     errmsg("model \"%s\" does not tell two classes apart", run->loaded->name),
		     errdetail("It is a model for %s.", cia_task_words(schema->task)),
		     schema->task == ML_REGRESSION
		         ? errhint("For a regression see cia_evaluate and cia_residuals.")
		         : errhint("For several classes see cia_evaluate and "
		                   "cia_confusion, or train one model per class with option "
		                   "\"positive\".")));
}

void
cia_judged_tell(const cia_judged *run)
{
	int64 end = run->rows.end, holdout = run->input->frame->holdout_rows;

	if (run->holdout && run->input->frame->rows > 0)
		ereport(
		    NOTICE,
		    (end < holdout
		         ? errmsg(
		               "judged on a sample of %lld of the %lld rows of the source that "
		               "were kept out of training",
		               (long long) end, (long long) holdout)
		         : errmsg("judged on the %lld rows of the source that were kept out of "
		                  "training",
		                  (long long) end),
		     errhint("Judge all rows with options => '{\"rows\": \"all\"}'.")));
	if (run->tell)
		ereport(
		    NOTICE,
		    (run->rows.end < run->input->frame->rows
		         ? errmsg("judged on a sample of %lld of the %lld rows of the source",
		                  (long long) run->rows.end, (long long) run->input->frame->rows)
		         : errmsg("judged on all %lld rows of the source",
		                  (long long) run->rows.end),
		     errdetail("Rows that the model was trained on would flatter it.")));
}

static void
raise_segments(const cia_loaded *loaded, const char *function)
{
	ereport(
	    ERROR,
	    (errcode(ERRCODE_WRONG_OBJECT_TYPE),
	     errmsg("model \"%s\" has no target for %s to judge by", loaded->name, function),
	     errdetail("It is a model for %s.", cia_task_words(loaded->model->schema.task)),
	     errhint("For segments see cia_evaluate and cia_segment_profile.")));
}

/* Reads the options and finds the roles of columns; everything but the model lives in the arena. */
static cia_judged *
open_run(FunctionCallInfo fcinfo, MemoryContext arena, const cia_loaded *loaded,
         const cia_judged_call *call)
{
	MemoryContext before = MemoryContextSwitchTo(arena);
	cia_judged *run = palloc0(sizeof *run);
	ml_option_set set = {call->table->option, call->table->options, &run->options};
	Oid schema = cia_schema(fcinfo);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(call->model));
	ml_value given;

	if (is_segmentation(loaded) && !call->table->segments)
		raise_segments(loaded, get_func_name(fcinfo->flinfo->fn_oid));
	run->loaded = loaded;
	run->door = cia_door_open(arena);
	run->door->judges = true;
	/* the source of the training is not for everybody who may score */
	run->entry = call->table->reveals || PG_ARGISNULL(call->source)
	                 ? cia_registry_manage(schema, name)
	                 : cia_registry_find(schema, name);
	run->lineage = cia_registry_lineage(schema, &run->entry);
	run->source = PG_ARGISNULL(call->source)
	                  ? run->lineage.source
	                  : text_to_cstring(PG_GETARG_TEXT_PP(call->source));
	cia_object_from_jsonb(run->door, cia_options_arg(fcinfo, call->options), &given);
	cia_only_options_read(&given, &set, get_func_name(fcinfo->flinfo->fn_oid));
	run->ordered = call->table->ordered;
	if (!call->table->unjudged)
		choose_rows(run);
	run->roles =
	    (cia_roles){.target = call->table->unjudged || is_segmentation(loaded)
	                              ? NULL
	                              : cia_text_cstring(loaded->model->schema.target),
	                .features = run->holdout ? run->lineage.inputs
	                                         : feature_columns(&loaded->model->schema),
	                .id = run->holdout ? run->lineage.id : NULL,
	                .weight = run->lineage.weight,
	                .by = group_column(loaded->model),
	                .learner = loaded->model->learner};
	MemoryContextSwitchTo(before);
	return run;
}

static MemoryContext
new_arena(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "cia judge",
	                             ALLOCSET_DEFAULT_SIZES);
}

cia_judged *
cia_judged_open(FunctionCallInfo fcinfo, int options, const cia_judged_table *table)
{
	const cia_judged_call call = {
	    .table = table, .model = 0, .source = 1, .options = options};
	const cia_loaded *loaded;

	cia_refuse_nulls(fcinfo, table->own_source ? 1 : options);
	loaded = cia_model_arg(fcinfo, 0);
	cia_site_equip(fcinfo->flinfo->fn_extra);
	return open_run(fcinfo, new_arena(), loaded, &call);
}

cia_judged *
cia_judged_open_copy(FunctionCallInfo fcinfo, const cia_judged_call *call)
{
	MemoryContext arena = new_arena(), before = MemoryContextSwitchTo(arena);
	cia_loaded *loaded = palloc(sizeof *loaded);
	cia_door *door = cia_door_for_model(arena);
	Oid schema = cia_schema(fcinfo);
	cia_entry entry;
	ml_model *model;

	loaded->name = text_to_cstring(PG_GETARG_TEXT_PP(call->model));
	entry = cia_registry_find(schema, loaded->name);
	model = cia_model_decode(door, cia_registry_content(schema, &entry));
	cia_check(door, ml_model_equip(&door->host, model));
	loaded->model = model;
	MemoryContextSwitchTo(before);
	return open_run(fcinfo, arena, loaded, call);
}

/* Reads the source of the caller, or that of the training, which is somebody's text. */
static void
read_source(reading *all, const char *source)
{
	const cia_judged *first = all->run[0];
	cia_kept_scope scope;

	if (source != first->lineage.source)
	{
		cia_source_run(source, NULL, start_rows, take_row, all);
		return;
	}
	scope = cia_kept_begin(
	    &(cia_kept){.version = first->entry, .author = first->lineage.author});
	cia_source_run(source, NULL, start_rows, take_row, all);
	cia_kept_end(&scope);
}

void
cia_judged_run(cia_judged *const *run, int runs, const char *source)
{
	cia_job_begin(run[0]->door, CIA_JOB_JUDGE, NameStr(run[0]->entry.name));
	read_source(&(reading){.run = run, .runs = runs}, source);
	cia_job_progress(run[0]->door, ML_STAGE_READ, (double) run[0]->input->frame->rows, 0);
	for (int i = 0; i < runs; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(run[i]->door->arena);
		int64 end = run[i]->input->frame->rows;

		cia_door_equip(run[i]->door);
		add_arrays(run[i]);
		/* a sample of the rows tells how far segments lie apart */
		if (run[i]->holdout || run[i]->ordered || is_segmentation(run[i]->loaded))
			end = order_rows(run[i]);
		run[i]->rows = (ml_rows){.frame = run[i]->input->frame, .end = end};
		run[i]->rows.column = map_features(run[i]);
		MemoryContextSwitchTo(before);
	}
}

/*
 * The holdout is found when all rows are there; what is kept beside a row needs it, too, and
 * segments are judged by all rows at once.
 */
static bool
may_stream(const cia_judged *run)
{
	return !is_segmentation(run->loaded) && !run->holdout && !run->ordered &&
	       !run->with_id && !run->roles.numbered && run->roles.beside == NULL;
}

/* Scores the rows of the source as they come. */
static void
stream_source(cia_judged *run, ml_judged *judged)
{
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	run->stream = palloc(sizeof *run->stream);
	*run->stream = (ml_stream){.host = &run->door->host, .model = run->loaded->model};
	cia_door_equip(run->door);
	cia_job_begin(run->door, CIA_JOB_JUDGE, NameStr(run->entry.name));
	read_source(&(reading){.run = &run, .runs = 1}, run->source);
	judge_piece(run);
	cia_judged_tell(run);
	cia_check(run->door, ml_stream_end(run->stream, judged));
	MemoryContextSwitchTo(before);
}

void
cia_judged_score(cia_judged *run, FunctionCallInfo fcinfo, ml_judged *judged)
{
	if (may_stream(run))
	{
		stream_source(run, judged);
		return;
	}
	cia_judged_run(&run, 1, run->source);
	cia_judged_tell(run);
	cia_check(run->door,
	          ml_judged_read(&run->door->host, run->loaded->model, &run->rows, judged));
}
