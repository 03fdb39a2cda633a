/* SPDX-License-Identifier: PostgreSQL */
/*
 * continue.c: option continue_from: the model that a training goes on from.
 *
 * Whoever may manage a model may go on from it: its trees are in what comes of that.  What its trees mean must be what the further
 * trees mean: algorithm, objective and offsets are compared here, columns and classes by the
 * core, once the rows are known.
 */
#include "cia.h"

/* Options that say what margins mean. */
static const char *const meaning[] = {"objective",     "quantile", "huber_delta",
                                      "tweedie_power", "offset",   "exposure"};

static void
check_learner(const char *name, const ml_model *model, const cia_settings *settings)
{
	if (model->learner != settings->learner)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("cannot go on from model \"%s\"", name),
		     errdetail("It is of algorithm \"%s\" for %s, and not \"%s\" for %s.",
		               model->learner->name, cia_task_words(model->learner->task),
		               settings->learner->name, cia_task_words(settings->learner->task)),
		     errhint("Train with the same algorithm and objective, or from the "
		             "beginning.")));
	if (model->by != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("cannot go on from model \"%s\"", name),
		                errdetail("It has a part for each group."),
		                errhint("Train it from the beginning.")));
}

/* What an option stands for, in words; what is not given stands for its default. */
static const char *
value_in_words(const ml_value *options, const char *option, ml_task_kind task)
{
	const ml_value *value = ml_value_member(options, option);

	if (value == NULL && strcmp(option, "objective") == 0)
		return ml_objective_find((ml_text){0}, task)->name;
	return value != NULL ? cia_value_to_json(value) : "none";
}

static const char *
without_quotes(const char *json)
{
	return json[0] == '"' ? pnstrdup(json + 1, strlen(json) - 2) : json;
}

static void
check_options(const char *name, const ml_model *model, const cia_settings *settings)
{
	ml_task_kind task = model->learner->task;

	for (size_t i = 0; i < lengthof(meaning); i++)
	{
		const char *was =
		    without_quotes(value_in_words(&model->options, meaning[i], task));
		const char *is =
		    without_quotes(value_in_words(&settings->given, meaning[i], task));

		if (strcmp(was, is) != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("cannot go on from model \"%s\"", name),
			                errdetail("Its option \"%s\" is %s, and not %s.", meaning[i],
			                          was, is),
			                errhint("Give the option as the model has it.")));
	}
}

/* The version is recorded, whatever is promoted later. */
static void
record_version(const char *name, cia_settings *settings)
{
	for (int64 i = 0; i < settings->given.count; i++)
		if (ml_text_is(settings->given.keys[i], "continue_from"))
			settings->given.items[i] = ml_value_word(name);
}

static void
find_model(cia_door *door, Oid schema, const char *given)
{
	MemoryContext before = MemoryContextSwitchTo(door->arena);
	cia_entry entry = cia_registry_manage(schema, given);

	door->earlier_name = psprintf("%s@%d", NameStr(entry.name), entry.version);
	door->earlier = cia_model_decode(door, cia_registry_content(schema, &entry));
	MemoryContextSwitchTo(before);
}

/* Before the rows are read, two classes may still turn out to be several. */
static bool
may_change(const ml_model *model, const cia_settings *settings)
{
	return settings->learner->task == ML_BINARY &&
	       model->learner->task == ML_MULTICLASS &&
	       strcmp(settings->learner->name, model->learner->name) == 0;
}

void
cia_continue_from(cia_door *door, Oid schema, cia_settings *settings)
{
	const ml_value *given = ml_value_member(&settings->given, "continue_from");
	bool first = door->earlier == NULL;

	if (given == NULL || given->kind != ML_VALUE_TEXT)
		return;
	if (first)
		find_model(door, schema, cia_text_cstring(given->text));
	if (first && may_change(door->earlier, settings))
		return;
	check_learner(door->earlier_name, door->earlier, settings);
	check_options(door->earlier_name, door->earlier, settings);
	record_version(door->earlier_name, settings);
}

/* Rows that the earlier training has seen would flatter the holdout. */
List *
cia_note_continued(const cia_door *door, const cia_settings *settings, List *notes)
{
	const ml_value *was, *trees;

	if (door->earlier == NULL)
		return notes;
	was = ml_value_member(&door->earlier->options, "holdout");
	trees = ml_value_member(&door->earlier->training, "iterations");
	notes =
	    lappend(notes, psprintf("goes on from model %s and its %.0f rounds of trees",
	                            door->earlier_name, trees != NULL ? trees->number : 0));
	if (was == NULL || was->number < settings->common.holdout)
		notes =
		    lappend(notes, psprintf("the metric may flatter: model %s kept fewer rows "
		                            "out of its training",
		                            door->earlier_name));
	return notes;
}
