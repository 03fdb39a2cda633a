/* SPDX-License-Identifier: PostgreSQL */
/*
 * train.c: cia_train: from a source to a version in the registry.
 */
#include "cia.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_train);

#define MOST_LOST 5 /* segments that a note lists */

const cia_training_arguments cia_train_arguments = {.model = 0,
                                                    .source = 1,
                                                    .target = 2,
                                                    .algorithm = 3,
                                                    .features = 4,
                                                    .exclude = 5,
                                                    .id = 6,
                                                    .weight = 7,
                                                    .options = 8};

typedef struct training
{
	cia_training of;
	char *model;
	List *notes; /* C strings */
	instr_time started;
} training;

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
		fewest = schema->class_count[k] <= schema->class_count[fewest] ? k : fewest;
	}
	return psprintf("%d %s, from %s (%.1f %% of training rows) to %s (%.1f %%)",
	                schema->classes,
	                schema->task == ML_SEGMENTATION ? "segments" : "classes",
	                cia_text_cstring(schema->class_label[most]),
	                100 * schema->class_count[most] / schema->rows,
	                cia_text_cstring(schema->class_label[fewest]),
	                100 * schema->class_count[fewest] / schema->rows);
}

/* The names of segments in production that no new one bears; NULL: there are none. */
static char *
lost_names_note(const cia_champion *before, const ml_schema *schema)
{
	const ml_schema *old =
	    before != NULL && before->core.model != NULL ? &before->core.model->schema : NULL;
	StringInfoData lost;
	int count = 0;

	if (old == NULL || old->task != ML_SEGMENTATION)
		return NULL;
	initStringInfo(&lost);
	for (int o = 0; o < old->classes; o++)
	{
		bool kept = false;

		for (int k = 0; k < schema->classes && !kept; k++)
			kept = ml_text_equal(old->class_label[o], schema->class_label[k]);
		if (!kept && count++ < MOST_LOST)
			appendStringInfo(&lost, "%s\"%s\"", count > 1 ? ", " : "",
			                 cia_text_cstring(old->class_label[o]));
	}
	if (count > MOST_LOST)
		appendStringInfo(&lost, " and %d more", count - MOST_LOST);
	return count > 0 ? psprintf("segments of version %d that no new one follows: %s",
	                            before->version, lost.data)
	                 : NULL;
}

static void
add_notes(training *run, const ml_result *result)
{
	const ml_schema *schema = &result->model->schema;
	char *lost;

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
	else if (schema->task != ML_REGRESSION)
		run->notes = lappend(run->notes, classes_note(schema));
	else if (holds_zero_and_one(schema))
		run->notes =
		    lappend(run->notes, "the target holds 0 and 1 only: for a probability "
		                        "use algorithm => 'logistic'");
	if (ml_is_calibrated(result->model))
		run->notes = lappend(
		    run->notes,
		    psprintf("calibrated (%s) on %.0f rows of the holdout, judged on the other "
		             "%.0f",
		             cia_text_cstring(run->of.settings.common.calibrate),
		             cia_training_number(result->model, "calibration_rows"),
		             result->holdout.metric[0].value));
	run->notes = cia_note_choice(result->model, run->notes);
	run->notes = cia_guard_notes(result, &run->of.settings, run->notes);
	run->notes = cia_note_continued(run->of.door, &run->of.settings, run->notes);
	run->notes = cia_note_path(run->of.door, result->model, run->notes);
	run->notes = cia_warn_of_fit(result->model, run->notes);
	lost = lost_names_note(run->of.named, schema);
	if (lost != NULL)
		run->notes = lappend(run->notes, lost);
}

static void
report(FunctionCallInfo fcinfo, const training *run, const cia_record *record,
       const cia_added *added)
{
	const ml_result *result = record->result;
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *metric = ml_model_metric(result->model);
	const ml_metric *value = ml_report_metric(&result->holdout, metric);
	Datum values[11];
	bool nulls[11] = {false};

	values[0] = CStringGetTextDatum(run->model);
	values[1] = Int32GetDatum(added->version);
	values[2] = CStringGetTextDatum(result->model->learner->name);
	values[3] = Int64GetDatum(result->rows);
	values[4] = Int64GetDatum(result->skipped);
	values[5] = Int32GetDatum(result->model->schema.features);
	values[6] = CStringGetTextDatum(metric);
	nulls[7] = value == NULL || isnan(value->value);
	values[7] = nulls[7] ? (Datum) 0 : Float8GetDatum(value->value);
	values[8] = Float8GetDatum(record->seconds);
	values[9] = BoolGetDatum(added->promoted);
	values[10] = PointerGetDatum(added->notes);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* Finds what the version is to be compared with, if the rule will ask for that. */
static void
meet_champion(training *run, const char *promote)
{
	MemoryContext before = MemoryContextSwitchTo(run->of.door->arena);

	if (promote == NULL || strcmp(promote, "better") == 0)
		run->of.champion =
		    cia_champion_find(run->of.door, run->of.schema, run->model, promote != NULL);
	MemoryContextSwitchTo(before);
}

/* The segments in production, if there are some: new ones keep their names. */
static const ml_model *
segments_in_production(training *run)
{
	MemoryContext before = MemoryContextSwitchTo(run->of.door->arena);
	cia_champion *champion = run->of.champion;

	if (champion == NULL)
		champion = cia_champion_find(run->of.door, run->of.schema, run->model, true);
	MemoryContextSwitchTo(before);
	run->of.named = champion;
	return champion != NULL ? champion->core.model : NULL;
}

/*
 * The arena's parent is the context of the call, so that an error or the end of the
 * statement gives everything back.
 */
Datum
cia_train_as(FunctionCallInfo fcinfo, cia_job_kind kind, const cia_kept *kept)
{
	training run = {0};
	ml_request request;
	ml_result result;
	cia_record record;
	instr_time spent;
	char *promote;
	cia_added added;

	PreventCommandIfReadOnly("cia_train()");
	InitMaterializedSRF(fcinfo, 0);
	INSTR_TIME_SET_CURRENT(run.started);
	run.model = cia_text_arg(fcinfo, cia_train_arguments.model, "model");
	cia_training_open(fcinfo, &cia_train_arguments, "cia train", &run.of);
	run.of.kind = kind;
	run.of.kept = kept;
	cia_need_update();
	promote = cia_promote_read(&run.of.options);
	cia_registry_check_name(run.of.schema, run.model);
	cia_training_check(&run.of);
	meet_champion(&run, promote);
	cia_run_begin(&run.of, run.model);
	cia_training_read(&run.of, run.model);
	if (run.of.choice != NULL)
		run.notes = list_make1(run.of.choice);
	cia_door_equip(run.of.door);
	request = cia_training_request(&run.of);
	request.advise = true;
	if (request.learner->task == ML_SEGMENTATION)
		request.named = segments_in_production(&run);
	cia_check(run.of.door,
	          ml_train(&run.of.door->host, run.of.rows->frame, &request, &result));
	cia_job_store(run.of.door, 0, 1);
	add_notes(&run, &result);
	run.notes = list_concat(run.notes, cia_group_notes(&result, run.of.rows->frame));
	INSTR_TIME_SET_CURRENT(spent);
	INSTR_TIME_SUBTRACT(spent, run.started);
	record = (cia_record){.training = &run.of,
	                      .promote = promote,
	                      .result = &result,
	                      .inputs = input_names(run.of.rows),
	                      .notes = run.notes,
	                      .content = cia_model_encode(run.of.door, result.model),
	                      .seconds = INSTR_TIME_GET_DOUBLE(spent),
	                      .columns = cia_columns_list(run.of.rows, &run.of.roles)};
	added = cia_registry_add(run.of.schema, run.model, &record);
	report(fcinfo, &run, &record, &added);
	cia_run_succeed(added.version, result.rows);
	MemoryContextDelete(run.of.door->arena);
	return (Datum) 0;
}

Datum
cia_train(PG_FUNCTION_ARGS)
{
	return cia_train_as(fcinfo, CIA_JOB_TRAIN, NULL);
}
