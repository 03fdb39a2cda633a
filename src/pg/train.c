/* SPDX-License-Identifier: PostgreSQL */
/*
 * train.c: cia_train: from a source to a version in the registry.
 */
#include "cia.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_train);

enum
{
	ARG_MODEL,
	ARG_SOURCE,
	ARG_TARGET,
	ARG_ALGORITHM,
	ARG_FEATURES,
	ARG_EXCLUDE,
	ARG_ID,
	ARG_WEIGHT,
	ARG_OPTIONS
};

typedef struct training
{
	Oid schema;
	char *model;
	char *source;
	char *algorithm;
	Oid target_type;
	cia_roles roles;
	ml_value options; /* as given */
	cia_door *door;
	cia_settings settings;
	cia_rows *rows;
	List *notes; /* C strings */
	instr_time started;
} training;

char *
cia_text_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (!PG_ARGISNULL(argument))
		return text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (name != NULL)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be null", name)));
	return NULL;
}

static ArrayType *
array_arg(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_ARRAYTYPE_P(argument);
}

static void
read_arguments(FunctionCallInfo fcinfo, training *run)
{
	run->schema = cia_schema(fcinfo);
	run->model = cia_text_arg(fcinfo, ARG_MODEL, "model");
	run->source = cia_text_arg(fcinfo, ARG_SOURCE, "source");
	run->algorithm = cia_text_arg(fcinfo, ARG_ALGORITHM, "algorithm");
	run->roles = (cia_roles){.target = cia_text_arg(fcinfo, ARG_TARGET, NULL),
	                         .features = array_arg(fcinfo, ARG_FEATURES),
	                         .exclude = array_arg(fcinfo, ARG_EXCLUDE),
	                         .id = array_arg(fcinfo, ARG_ID),
	                         .weight = cia_text_arg(fcinfo, ARG_WEIGHT, NULL)};
	cia_object_from_jsonb(
	    run->door, PG_ARGISNULL(ARG_OPTIONS) ? NULL : PG_GETARG_JSONB_P(ARG_OPTIONS),
	    &run->options);
}

/* What can be refused before anything runs. */
static void
check_arguments(training *run)
{
	cia_registry_check_name(run->schema, run->model);
	if (strcmp(run->algorithm, "auto") != 0)
		cia_settings_check(run->door, run->algorithm, &run->options);
	if (run->roles.target == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("algorithm \"%s\" needs a target", run->algorithm),
		                errhint("Name the column to predict with target => '...'.")));
}

static Oid
target_type(TupleDesc tupdesc, const char *target)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), target) == 0)
			return TupleDescAttr(tupdesc, i)->atttypid;
	cia_raise_no_column(target);
}

/* The shape of the source is known; no row has been read. */
static void
start_rows(void *state, TupleDesc tupdesc)
{
	training *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	run->target_type = target_type(tupdesc, run->roles.target);
	cia_settings_open(run->door, run->algorithm, run->target_type, &run->options,
	                  &run->settings);
	run->roles.learner = run->settings.learner;
	cia_settings_roles(&run->settings, &run->roles);
	run->rows = cia_rows_open(run->door, tupdesc, &run->roles);
	cia_constraints_check(run->rows, &run->settings);
	run->rows->scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(before);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	training *run = state;
	ml_frame *frame = run->rows->frame;

	cia_rows_append(run->rows, values, nulls);
	if ((frame->rows & 0xFFFF) == 0)
	{
		ml_progress(&run->door->host, ML_STAGE_READ, (double) frame->rows, 0);
		cia_check(run->door, ML_OK);
	}
}

/* All rows are there. */
static void
follow_rows(training *run)
{
	char *note = cia_settings_follow_rows(run->door, run->algorithm, run->target_type,
	                                      &run->options, &run->settings);

	run->roles.learner = run->settings.learner;
	cia_settings_name(run->door, &run->settings);
	if (note != NULL)
		run->notes = list_make1(note);
}

/* Names of the columns that were read as features. */
static ArrayType *
input_names(const cia_rows *rows)
{
	Datum *names = palloc(sizeof(Datum) * (rows->columns + 1));
	int count = 0;

	for (int i = 0; i < rows->columns; i++)
		if (rows->column[i].role == ML_FEATURE)
			names[count++] = CStringGetTextDatum(rows->column[i].name);
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* Of numbers within [0, 1], only zeros and ones have the variance m (1 - m). */
static bool
holds_zero_and_one(const ml_schema *schema)
{
	double mean = schema->target_mean, variance = schema->target_sd * schema->target_sd;

	return mean > 0 && mean < 1 && fabs(variance / (mean * (1 - mean)) - 1) < 1e-9;
}

/* "5 classes, from mass (50.1 % of training rows) to private (2.0 %)". */
static char *
classes_note(const ml_schema *schema)
{
	int most = 0, fewest = 0;

	for (int k = 1; k < schema->classes; k++)
	{
		most = schema->class_count[k] > schema->class_count[most] ? k : most;
		fewest = schema->class_count[k] < schema->class_count[fewest] ? k : fewest;
	}
	return psprintf("%d classes, from %s (%.1f %% of training rows) to %s (%.1f %%)",
	                schema->classes, cia_text_cstring(schema->class_label[most]),
	                100 * schema->class_count[most] / schema->rows,
	                cia_text_cstring(schema->class_label[fewest]),
	                100 * schema->class_count[fewest] / schema->rows);
}

static void
add_notes(training *run, const ml_result *result)
{
	const ml_schema *schema = &result->model->schema;

	if (result->holdout.metrics == 0)
		run->notes = lappend(run->notes, "no holdout: the metric is not known");
	else if (isnan(result->holdout.metric[1].value))
		run->notes = lappend(
		    run->notes, "the holdout is too small or has one class: the metric is not "
		                "known");
	if (schema->task == ML_BINARY)
		run->notes =
		    lappend(run->notes, psprintf("positive class: %s (%.1f %% of training rows)",
		                                 cia_text_cstring(schema->class_label[1]),
		                                 100 * schema->class_count[1] / schema->rows));
	else if (schema->task == ML_MULTICLASS)
		run->notes = lappend(run->notes, classes_note(schema));
	else if (holds_zero_and_one(schema))
		run->notes =
		    lappend(run->notes, "the target holds 0 and 1 only: for a probability "
		                        "use algorithm => 'logistic'");
	run->notes = cia_note_path(run->door, result->model, run->notes);
	run->notes = cia_warn_of_fit(result->model, run->notes);
}

static void
report(FunctionCallInfo fcinfo, const training *run, const ml_result *result,
       const cia_record *record, int32 version, bool promoted)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *metric = ml_main_metric(result->model->schema.task);
	const ml_metric *value = ml_report_metric(&result->holdout, metric);
	Datum values[11];
	bool nulls[11] = {false};

	values[0] = CStringGetTextDatum(run->model);
	values[1] = Int32GetDatum(version);
	values[2] = CStringGetTextDatum(result->model->learner->name);
	values[3] = Int64GetDatum(result->rows);
	values[4] = Int64GetDatum(result->skipped);
	values[5] = Int32GetDatum(result->model->schema.features);
	values[6] = CStringGetTextDatum(metric);
	nulls[7] = value == NULL || isnan(value->value);
	values[7] = nulls[7] ? (Datum) 0 : Float8GetDatum(value->value);
	values[8] = Float8GetDatum(record->seconds);
	values[9] = BoolGetDatum(promoted);
	values[10] = PointerGetDatum(record->notes);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/*
 * The arena's parent is the context of the call, so that an error or the end of the
 * statement gives everything back.
 */
Datum
cia_train(PG_FUNCTION_ARGS)
{
	training run = {0};
	ml_result result;
	cia_record record;
	instr_time spent;
	int32 version;
	bool promoted;

	PreventCommandIfReadOnly("cia_train()");
	InitMaterializedSRF(fcinfo, 0);
	INSTR_TIME_SET_CURRENT(run.started);
	run.door = cia_door_open(
	    AllocSetContextCreate(CurrentMemoryContext, "cia train", ALLOCSET_DEFAULT_SIZES));
	read_arguments(fcinfo, &run);
	check_arguments(&run);
	cia_source_run(run.source, run.model, start_rows, take_row, &run);
	follow_rows(&run);
	cia_door_equip(run.door);
	cia_check(run.door,
	          ml_train(&run.door->host, run.rows->frame,
	                   &(ml_request){.learner = run.settings.learner,
	                                 .common = run.settings.common,
	                                 .options = run.settings.learner_options,
	                                 .given = run.settings.given,
	                                 .group_is_term = cia_group_is_term(&run.roles)},
	                   &result));
	add_notes(&run, &result);
	run.notes = list_concat(run.notes, cia_group_notes(&result, run.rows->frame));
	INSTR_TIME_SET_CURRENT(spent);
	INSTR_TIME_SUBTRACT(spent, run.started);
	record = (cia_record){.source = run.source,
	                      .settings = &run.settings,
	                      .roles = &run.roles,
	                      .result = &result,
	                      .inputs = input_names(run.rows),
	                      .notes = cia_notes_text(&result, run.notes),
	                      .content = cia_model_encode(run.door, result.model),
	                      .seconds = INSTR_TIME_GET_DOUBLE(spent)};
	version = cia_registry_add(run.schema, run.model, &record, &promoted);
	report(fcinfo, &run, &result, &record, version, promoted);
	MemoryContextDelete(run.door->arena);
	return (Datum) 0;
}
