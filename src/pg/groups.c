/* SPDX-License-Identifier: PostgreSQL */
/*
 * groups.c: cia_groups, cia_part: the groups of a model that was trained with option "by".
 *
 * What is told comes from the summary of the training, which a model from outside may have
 * written in any way: what is not there in its kind is NULL.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_groups);
CIA_FUNCTION(cia_part);

#define MOST_NAMES 12

typedef struct word_text
{
	const char *word;
	const char *text;
} word_text;

/* What a word of the summary means, with the column that it is about. */
static char *
explain_word(ml_text word, ml_text column)
{
	const word_text words[] = {
	    {ml_cause(ML_NO_TRAINING_ROWS), "all of its rows fell into the holdout"},
	    {ml_cause(ML_ONE_VALUE), "the target has only one distinct value"},
	    {ml_cause(ML_NO_SUCH_CLASS), "no training row is of the positive class"},
	    {ml_cause(ML_NO_FEATURES), "no column varies"},
	    {ml_cause(ML_TOO_FEW_ROWS), "no more training rows than coefficients"},
	    {ml_cause(ML_NO_EVIDENCE), "no column tells the classes apart"},
	    {ml_cause(ML_SINGULAR), "columns are linearly dependent"},
	    {ml_cause(ML_NOT_NUMERIC), "values are too large to compute with"},
	    {ml_cause(ML_NO_CALIBRATION), "its holdout is too small to calibrate"},
	    {ml_trouble_word(ML_TROUBLE_UNCONVERGED), "training stopped before it converged"},
	    {ml_trouble_word(ML_TROUBLE_SEPARATED), "the classes are separated"},
	    {ml_trouble_word(ML_TROUBLE_NO_SPLIT), "no split: one score for all rows"},
	    {ml_trouble_word(ML_TROUBLE_NOT_ASIDE), "too few rows to stop early"},
	    {ml_trouble_word(ML_TROUBLE_NO_DISPERSION),
	     "counts vary no more than those of a Poisson distribution"},
	};
	const char *text = "it gives no model";

	for (size_t i = 0; i < lengthof(words); i++)
		if (word.bytes != NULL && ml_text_is(word, words[i].word))
			text = words[i].text;
	if (column.bytes == NULL)
		return pstrdup(text);
	return psprintf("%s: \"%s\"", text, cia_text_cstring(column));
}

const char *
cia_trouble_text(ml_trouble_kind trouble)
{
	return explain_word(cia_text_of(ml_trouble_word(trouble)), (ml_text){0});
}

static bool
has_no_part(const ml_group_result *group)
{
	return group->status != ML_OK;
}

static bool
has_trouble(const ml_group_result *group)
{
	return group->status == ML_OK && group->trouble != ML_TROUBLE_NONE;
}

/* The groups of which the test holds, by name, at most twelve; NULL for none. */
static char *
names_of(const ml_result *result, const ml_frame *frame,
         bool (*test)(const ml_group_result *group))
{
	StringInfoData out;
	int count = 0;

	initStringInfo(&out);
	for (int g = 0; g < result->groups; g++)
	{
		const ml_group_result *group = &result->group[g];
		const char *word = group->status != ML_OK ? ml_cause(group->status)
		                                          : ml_trouble_word(group->trouble);
		ml_text column = {0};

		if (group->label.bytes == NULL || !test(group) || ++count > MOST_NAMES)
			continue;
		if (group->column >= 0)
			column = frame->column[group->column].name;
		appendStringInfo(&out, "%s%s (%s)", count > 1 ? ", " : "",
		                 cia_text_cstring(group->label),
		                 explain_word(cia_text_of(word), column));
	}
	if (count > MOST_NAMES)
		appendStringInfo(&out, " and %d more", count - MOST_NAMES);
	return count > 0 ? out.data : NULL;
}

List *
cia_group_notes(const ml_result *result, const ml_frame *frame)
{
	const ml_by *by = result->model->by;
	List *notes = NIL;
	char *names;

	if (by == NULL)
		return NIL;
	notes = lappend(
	    notes, psprintf("groups by \"%s\" with a part of their own: %d",
	                    cia_text_cstring(result->model->schema.feature[by->feature].name),
	                    by->groups));
	names = names_of(result, frame, has_no_part);
	if (names != NULL)
		notes =
		    lappend(notes, psprintf("groups served by the model of all rows: %s", names));
	names = names_of(result, frame, has_trouble);
	if (names != NULL)
	{
		notes = lappend(notes, psprintf("groups whose fit has trouble: %s", names));
		ereport(WARNING,
		        (errmsg("the fit of some groups has trouble"), errdetail("%s.", names),
		         errhint("cia_groups(model) tells of each.")));
	}
	return notes;
}

/* The member if it is there and of that kind, else NULL. */
static const ml_value *
member_of(const ml_value *object, const char *name, ml_value_kind kind)
{
	const ml_value *member = ml_value_member(object, name);

	return member != NULL && member->kind == kind ? member : NULL;
}

static ml_text
text_of(const ml_value *object, const char *name)
{
	const ml_value *member = member_of(object, name, ML_VALUE_TEXT);

	return member != NULL ? member->text : (ml_text){0};
}

/* Is there a part for that label? */
static bool
has_part(const ml_model *model, ml_text label)
{
	const ml_by *by = model->by;
	int32_t code = ml_dictionary_find(model->schema.feature[by->feature].lookup, label);

	return label.bytes != NULL && code >= 0 && by->part_of[code] < by->groups;
}

static char *
note_of(const ml_value *group, bool trained)
{
	ml_text trouble = text_of(group, "trouble"), column = text_of(group, "column");

	if (trained)
		return trouble.bytes != NULL ? explain_word(trouble, column) : NULL;
	if (text_of(group, "label").bytes == NULL)
		return "served by the model of all rows: no value";
	return psprintf("served by the model of all rows: %s",
	                explain_word(text_of(group, "cause"), column));
}

static void
put_group(ReturnSetInfo *set, const ml_model *model, const ml_value *group)
{
	const ml_value *rows = member_of(group, "rows", ML_VALUE_NUMBER);
	const ml_value *value = member_of(group, "value", ML_VALUE_NUMBER);
	ml_text label = text_of(group, "label");
	bool trained = label.bytes != NULL && has_part(model, label);
	char *note = note_of(group, trained);
	Datum values[6] = {0};
	bool nulls[6] = {label.bytes == NULL, rows == NULL,  false,
	                 value == NULL,       value == NULL, note == NULL};

	if (label.bytes != NULL)
		values[0] = CStringGetTextDatum(cia_text_cstring(label));
	if (rows != NULL)
		values[1] = Int64GetDatum((int64) Min(rows->number, 1e18));
	values[2] = BoolGetDatum(trained);
	values[3] = CStringGetTextDatum(ml_main_metric(model->schema.task));
	if (value != NULL)
		values[4] = Float8GetDatum(value->number);
	if (note != NULL)
		values[5] = CStringGetTextDatum(note);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* One row per group of the training, those without a part too; none for other models. */
Datum
cia_groups(PG_FUNCTION_ARGS)
{
	const ml_model *model;
	const ml_value *groups;

	InitMaterializedSRF(fcinfo, 0);
	model = cia_managed_arg(fcinfo, 0)->model;
	groups = member_of(&model->training, "groups", ML_VALUE_ARRAY);
	for (int64 g = 0; model->by != NULL && groups != NULL && g < groups->count; g++)
		if (groups->items[g].kind == ML_VALUE_OBJECT)
			put_group((ReturnSetInfo *) fcinfo->resultinfo, model, &groups->items[g]);
	return (Datum) 0;
}

/* The part as a model of its own; of all rows for NULL.  Raises 42704 for a group without one. */
Datum
cia_part(PG_FUNCTION_ARGS)
{
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	const cia_loaded *loaded;
	const ml_by *by;
	char *group = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	loaded = cia_managed_arg(fcinfo, 0);
	by = loaded->model->by;
	if (by == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no parts", loaded->name),
		                errhint("Train it with options => '{\"by\": \"...\"}'.")));
	for (int g = 0; group != NULL && g < by->groups; g++)
		if (ml_text_equal(cia_text_of(group), by->group[g].label))
			PG_RETURN_POINTER(cia_model_encode(door, by->group[g].model));
	if (group != NULL)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_UNDEFINED_OBJECT),
		     errmsg("model \"%s\" has no part for group \"%s\"", loaded->name, group),
		     errhint("cia_groups(model) lists the groups; NULL gives the model of all "
		             "rows.")));
	PG_RETURN_POINTER(cia_model_encode(door, by->overall));
}
