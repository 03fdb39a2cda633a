/* SPDX-License-Identifier: PostgreSQL */
/*
 * evaluate.c: cia_evaluate: a model on the rows of a source.
 *
 * On the model's own training source only the holdout is judged, found again
 * by the keys of the rows: numbers on rows that the model has seen would flatter it.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_evaluate);

typedef struct evaluation
{
	const cia_loaded *loaded;
	cia_door *door;
	cia_lineage lineage;
	bool holdout; /* judge the holdout only */
	bool tell;    /* that all rows are judged, which nobody asked for */
	cia_roles roles;
	cia_rows *rows;
} evaluation;

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

static double
holdout_share(const ml_model *model)
{
	const ml_value *share = ml_value_member(&model->options, "holdout");

	return share != NULL && share->kind == ML_VALUE_NUMBER ? share->number : 0;
}

static bool
wants_holdout(evaluation *run, Jsonb *options, const char *source)
{
	ml_value given;
	const ml_value *rows;
	bool trained_on =
	    holdout_share(run->loaded->model) > 0 && same_source(source, run->lineage.source);

	cia_object_from_jsonb(run->door, options, &given);
	rows = ml_value_member(&given, "rows");
	for (int64 i = 0; i < given.count; i++)
		if (!ml_text_is(given.keys[i], "rows"))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("unrecognized option \"%s\" for cia_evaluate",
			                       cia_text_cstring(given.keys[i])),
			                errhint("The only option is \"rows\".")));
	if (rows == NULL || (rows->kind == ML_VALUE_TEXT && ml_text_is(rows->text, "auto")))
	{
		run->tell = !trained_on;
		return trained_on;
	}
	if (rows->kind == ML_VALUE_TEXT && ml_text_is(rows->text, "all"))
		return false;
	if (rows->kind == ML_VALUE_TEXT && ml_text_is(rows->text, "holdout"))
		return true;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"rows\" must be \"auto\", \"all\" or \"holdout\"")));
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
check_features(const evaluation *run, TupleDesc tupdesc)
{
	const ml_schema *schema = &run->loaded->model->schema;
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
		cia_raise_missing(run->loaded, missing.data);
}

static void
start_rows(void *state, TupleDesc tupdesc)
{
	evaluation *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	check_features(run, tupdesc);
	if (run->roles.weight != NULL && !has_attribute(tupdesc, run->roles.weight))
	{
		ereport(
		    NOTICE,
		    (errmsg("rows are not weighted: column \"%s\" does not exist in the source",
		            run->roles.weight)));
		run->roles.weight = NULL;
	}
	run->rows = cia_rows_open(run->door, tupdesc, &run->roles);
	run->rows->scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(before);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	cia_rows_append(((evaluation *) state)->rows, values, nulls);
}

/* The frame's column of every feature. */
static int *
map_features(const evaluation *run)
{
	const ml_schema *schema = &run->loaded->model->schema;
	const ml_frame *frame = run->rows->frame;
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

static void
judge(evaluation *run, ml_report *report)
{
	ml_frame *frame = run->rows->frame;
	ml_rows rows;
	int64 end = frame->rows;

	if (run->holdout && frame->rows > 0)
	{
		cia_check(run->door, ml_pool_open(&run->door->host));
		{
			ml_status status = ml_frame_order(frame, holdout_share(run->loaded->model));

			ml_pool_close(&run->door->host);
			cia_check(run->door, status);
		}
		end = frame->holdout_rows;
		ereport(
		    NOTICE,
		    (errmsg(
		         "judged on the %lld rows of the source that were kept out of training",
		         (long long) end),
		     errhint("Judge all rows with options => '{\"rows\": \"all\"}'.")));
	}
	if (run->tell)
		ereport(NOTICE,
		        (errmsg("judged on all %lld rows of the source", (long long) end),
		         errdetail("Rows that the model was trained on would flatter it.")));
	rows = (ml_rows){.frame = frame, .column = map_features(run), .end = end};
	cia_check(run->door,
	          ml_evaluate(&run->door->host, run->loaded->model, &rows, report));
}

static void
put_report(ReturnSetInfo *set, const ml_report *report)
{
	for (int i = 0; i < report->metrics; i++)
	{
		const ml_metric *metric = &report->metric[i];
		const double number[] = {metric->value, metric->low, metric->high};
		Datum values[4] = {CStringGetTextDatum(metric->name)};
		bool nulls[4] = {false};

		for (int k = 0; k < 3; k++)
		{
			nulls[k + 1] = !isfinite(number[k]);
			values[k + 1] = nulls[k + 1] ? (Datum) 0 : Float8GetDatum(number[k]);
		}
		tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
	}
}

Datum
cia_evaluate(PG_FUNCTION_ARGS)
{
	evaluation run = {0};
	char *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ml_report report;
	cia_entry entry;

	InitMaterializedSRF(fcinfo, 0);
	run.loaded = cia_model_arg(fcinfo, 0);
	run.door = cia_door_open(AllocSetContextCreate(CurrentMemoryContext, "cia evaluate",
	                                               ALLOCSET_DEFAULT_SIZES));
	entry = cia_registry_find(cia_schema(fcinfo), text_to_cstring(PG_GETARG_TEXT_PP(0)));
	run.lineage = cia_registry_lineage(cia_schema(fcinfo), &entry);
	run.holdout = wants_holdout(&run, PG_GETARG_JSONB_P(2), source);
	run.roles =
	    (cia_roles){.target = cia_text_cstring(run.loaded->model->schema.target),
	                .features = run.holdout ? run.lineage.inputs
	                                        : feature_columns(&run.loaded->model->schema),
	                .id = run.holdout ? run.lineage.id : NULL,
	                .weight = run.lineage.weight,
	                .by = group_column(run.loaded->model),
	                .learner = run.loaded->model->learner};
	cia_source_run(source, NULL, start_rows, take_row, &run);
	cia_door_equip(run.door);
	judge(&run, &report);
	put_report((ReturnSetInfo *) fcinfo->resultinfo, &report);
	MemoryContextDelete(run.door->arena);
	return (Datum) 0;
}
