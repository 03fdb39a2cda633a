/* SPDX-License-Identifier: PostgreSQL */
/*
 * options.c: options by name, and what is wrong with them.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

const char *
cia_task_words(ml_task_kind task)
{
	switch (task)
	{
		case ML_REGRESSION:
			return "regression";
		case ML_BINARY:
			return "classification";
		case ML_MULTICLASS:
			return "multiclass classification";
		case ML_SEGMENTATION:
			return "segmentation";
	}
	return NULL;
}

static const char *
type_in_words(const ml_option *option)
{
	switch (option->type)
	{
		case ML_OPTION_NUMBER:
			return "a number";
		case ML_OPTION_INTEGER:
			return "an integer";
		case ML_OPTION_BOOLEAN:
			return "true or false";
		case ML_OPTION_TEXT:
			return "a string";
		case ML_OPTION_AUTO:
			return "a number or \"auto\"";
		case ML_OPTION_COUNT:
			return "an integer or \"auto\"";
		case ML_OPTION_OBJECT:
			return "an object of column names, each with -1, 0 or 1";
		case ML_OPTION_ARRAY:
			return "an array of at most 63 arrays of column names";
	}
	return NULL;
}

char *
cia_choice_list(const ml_option *option)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; option->choice[i] != NULL; i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", option->choice[i]);
	return list.data;
}

static char *
option_list(const ml_option_set *sets, int count)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int s = 0; s < count; s++)
		for (int i = 0; i < sets[s].options; i++)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
			                 sets[s].option[i].name);
	return list.data;
}

/* An option that has no meaning beside the others, or for what is learned. */
static void
raise_misplaced(const char *name, const ml_option_fault *fault)
{
	if (fault->error == ML_OPTION_NEEDS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" needs option \"%s\"", name, fault->other),
		                errhint("Give both, or leave \"%s\" out.", name)));
	if (fault->error == ML_OPTION_EXCLUDES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" cannot be combined with option \"%s\"",
		                       name, fault->other),
		                errhint("Leave one of them out.")));
	if (fault->error == ML_OPTION_NEEDS_TARGET)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" is not for segments", name),
		                errdetail("They are found without a target."),
		                errhint("Leave it out.")));
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("option \"%s\" is for two classes alone", name),
	         errhint("Leave it out, or tell one class from all others with options => "
	                 "'{\"positive\": \"...\"}' and an algorithm for two classes.")));
}

void
cia_raise_option(const char *owner, const char *hint, const ml_option_fault *fault)
{
	char *name = cia_text_cstring(fault->name);

	switch (fault->error)
	{
		case ML_OPTION_FINE:
			break;
		case ML_OPTION_UNKNOWN:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("unrecognized option \"%s\" for %s", name, owner),
			                fault->option != NULL
			                    ? errhint("Did you mean \"%s\"?", fault->option->name)
			                    : errhint("%s", hint)));
			break;
		case ML_OPTION_WRONG_TYPE:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("option \"%s\" must be %s", name,
			                       type_in_words(fault->option)),
			                errhint("It means: %s.", fault->option->meaning)));
			break;
		case ML_OPTION_NO_CHOICE:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("option \"%s\" must be one of: %s", name,
			                       cia_choice_list(fault->option)),
			                errhint("It means: %s.", fault->option->meaning)));
			break;
		case ML_OPTION_OUT_OF_RANGE:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("option \"%s\" must be between %g and %g", name,
			                       fault->option->minimum, fault->option->maximum),
			                errhint("It means: %s.", fault->option->meaning)));
			break;
		case ML_OPTION_NEEDS:
		case ML_OPTION_EXCLUDES:
		case ML_OPTION_TWO_CLASSES:
		case ML_OPTION_NEEDS_TARGET:
			raise_misplaced(name, fault);
	}
}

/* A jsonb that must be an object, as the core's value; NULL is the empty one. */
void
cia_object_from_jsonb(cia_door *door, Jsonb *jsonb, ml_value *object)
{
	*object = (ml_value){.kind = ML_VALUE_OBJECT};
	if (jsonb != NULL)
		cia_value_from_jsonb(door, jsonb, object);
	if (object->kind != ML_VALUE_OBJECT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options must be a JSON object"),
		                errhint("For example options => '{\"holdout\": 0.3}'.")));
}

static void
raise_not_names(const char *option)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" must be an array of column names", option),
	                errhint("For example '{\"%s\": [\"age\", \"balance\"]}'.", option)));
}

ArrayType *
cia_names_option(const char *option, const ml_value *value)
{
	Datum *names = palloc(sizeof(Datum) * (value->count + 1));

	/* an empty array is packed like one of numbers */
	if (value->kind != ML_VALUE_ARRAY &&
	    !(value->kind == ML_VALUE_NUMBERS && value->count == 0))
		raise_not_names(option);
	for (int64 i = 0; i < value->count; i++)
	{
		if (value->items[i].kind != ML_VALUE_TEXT)
			raise_not_names(option);
		names[i] = CStringGetTextDatum(cia_text_cstring(value->items[i].text));
	}
	return construct_array(names, (int) value->count, TEXTOID, -1, false, TYPALIGN_INT);
}

static char *
column_option(const char *option, const ml_value *value)
{
	if (value->kind != ML_VALUE_TEXT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" must be the name of a column", option),
		                errhint("For example '{\"%s\": \"age\"}'.", option)));
	return cia_text_cstring(value->text);
}

void
cia_roles_read(cia_door *door, const ml_value *given, cia_roles *roles, ml_value *rest)
{
	cia_check(door, ml_value_object(&door->host, given->count, rest));
	for (int64 i = 0; i < given->count; i++)
	{
		const ml_value *item = &given->items[i];

		if (ml_text_is(given->keys[i], "id"))
			roles->id = cia_names_option("id", item);
		else if (ml_text_is(given->keys[i], "features"))
			roles->features = cia_names_option("features", item);
		else if (ml_text_is(given->keys[i], "exclude"))
			roles->exclude = cia_names_option("exclude", item);
		else if (ml_text_is(given->keys[i], "weight"))
			roles->weight = column_option("weight", item);
		else
			ml_value_add(rest, given->keys[i].bytes, *item);
	}
}

void
cia_options_read(const ml_value *given, const ml_option_set *set, const char *function)
{
	ml_option_fault fault;

	if (!ml_options_read(given, set, 1, &fault))
		cia_raise_option(
		    function,
		    psprintf("Options: id, features, exclude, weight, %s.", option_list(set, 1)),
		    &fault);
}

void
cia_only_options_read(const ml_value *given, const ml_option_set *set,
                      const char *function)
{
	ml_option_fault fault;

	if (!ml_options_read(given, set, 1, &fault))
		cia_raise_option(function, psprintf("Options: %s.", option_list(set, 1)), &fault);
}

bool
cia_option_is_for(const ml_option *option, const ml_learner *learner)
{
	static const char *const of_targets[] = {"positive", "by", "calibrate"};

	for (size_t i = 0; i < lengthof(of_targets); i++)
		if (learner->task == ML_SEGMENTATION && strcmp(option->name, of_targets[i]) == 0)
			return false;
	return true;
}

/* Options that all learners share, but for those of segments. */
static bool
may_segment(const ml_learner *learner, const ml_common_options *common,
            ml_option_fault *fault)
{
	for (int i = 0; i < ml_common_option_count; i++)
	{
		const ml_option *option = &ml_common_option[i];

		if (cia_option_is_for(option, learner) ||
		    ((const ml_text *) ((const char *) common + option->offset))->bytes == NULL)
			continue;
		*fault = (ml_option_fault){.error = ML_OPTION_NEEDS_TARGET,
		                           .name = cia_text_of(option->name)};
		return false;
	}
	return true;
}

/* A calibration takes two classes, and rows that the model has not seen. */
static bool
may_calibrate(const ml_learner *learner, const ml_common_options *common,
              ml_option_fault *fault)
{
	if (common->calibrate.bytes == NULL)
		return true;
	*fault = (ml_option_fault){.name = cia_text_of("calibrate")};
	if (learner->task != ML_BINARY)
		fault->error = ML_OPTION_TWO_CLASSES;
	else if (common->holdout == 0)
	{
		fault->error = ML_OPTION_NEEDS;
		fault->other = "holdout";
	}
	return fault->error == ML_OPTION_FINE;
}

bool
cia_settings_try(cia_door *door, const ml_learner *learner, const ml_value *given,
                 cia_settings *settings, ml_option_fault *fault)
{
	ml_option_set sets[2];

	settings->learner = learner;
	settings->learner_options = ml_alloc(&door->host, learner->options_size);
	if (settings->learner_options == NULL)
		cia_check(door, ML_MEMORY);
	sets[0] = (ml_option_set){.option = ml_common_option,
	                          .options = ml_common_option_count,
	                          .values = &settings->common};
	sets[1] = (ml_option_set){.option = learner->option,
	                          .options = learner->options,
	                          .values = settings->learner_options};
	if (!ml_options_read(given, sets, 2, fault) ||
	    (learner->settle != NULL &&
	     !learner->settle(given, settings->learner_options, fault)) ||
	    !may_segment(learner, &settings->common, fault) ||
	    !may_calibrate(learner, &settings->common, fault))
		return false;
	cia_check(door, ml_options_value(&door->host, sets, 2, &settings->given));
	return true;
}

/* Where else an option is to be found that the learner does not have. */
static char *
hint_of_fault(const ml_learner *learner, ml_option_fault *fault)
{
	if (fault->error == ML_OPTION_UNKNOWN &&
	    ml_text_is(fault->name, cia_promote_option.name))
	{
		fault->option = NULL;
		return pstrdup("It is an option of cia_train alone.");
	}
	for (int i = 0; fault->error == ML_OPTION_UNKNOWN && i < ml_learner_count; i++)
	{
		const ml_learner *other = ml_learner_table[i];

		for (int k = 0; other->task != learner->task && k < other->options; k++)
			if (strcmp(other->name, learner->name) == 0 &&
			    ml_text_is(fault->name, other->option[k].name))
			{
				/* no other name is meant */
				fault->option = NULL;
				return psprintf("It is an option of %s alone; the target, or option "
				                "\"objective\", asks for %s.",
				                cia_task_words(other->task),
				                cia_task_words(learner->task));
			}
	}
	return psprintf("List the options with SELECT * FROM cia_options('%s').",
	                learner->name);
}

void
cia_settings_read(cia_door *door, const ml_learner *learner, const ml_value *given,
                  cia_settings *settings)
{
	ml_option_fault fault;

	if (!cia_settings_try(door, learner, given, settings, &fault))
		cia_raise_option(psprintf("algorithm \"%s\"", learner->name),
		                 hint_of_fault(learner, &fault), &fault);
}

static const char *
column_given(const cia_settings *settings, const char *option)
{
	const ml_value *value = ml_value_member(&settings->given, option);

	return value != NULL && value->kind == ML_VALUE_TEXT ? cia_text_cstring(value->text)
	                                                     : NULL;
}

void
cia_settings_roles(const cia_settings *settings, cia_roles *roles)
{
	roles->offset = column_given(settings, "offset");
	roles->exposure = column_given(settings, "exposure");
	roles->cluster = column_given(settings, "cluster");
	roles->by = column_given(settings, "by");
	if (settings->common.order_by.bytes != NULL)
		roles->order_by = column_given(settings, "order_by");
}
