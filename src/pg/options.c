/* SPDX-License-Identifier: PostgreSQL */
/*
 * options.c: algorithms and options by name, and what is wrong with them.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

static char *
learner_list(void)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "auto");
	for (int i = 0; i < ml_learner_count; i++)
		if (ml_learner_table[i] ==
		    ml_learner_find(cia_text_of(ml_learner_table[i]->name)))
			appendStringInfo(&list, ", %s", ml_learner_table[i]->name);
	return list.data;
}

/* Is what the learner minimizes the objective that the options name? */
static bool
has_objective(const ml_learner *learner, const ml_value *given)
{
	const ml_value *wanted = ml_value_member(given, "objective");

	for (int i = 0;
	     wanted != NULL && wanted->kind == ML_VALUE_TEXT && i < learner->options; i++)
		if (strcmp(learner->option[i].name, "objective") == 0)
			for (int k = 0; learner->option[i].choice[k] != NULL; k++)
				if (ml_text_is(wanted->text, learner->option[i].choice[k]))
					return true;
	return false;
}

/*
 * Some algorithms learn classes and values: the objective decides, else the target's type,
 * if it is known.
 */
static const ml_learner *
learner_for(const ml_learner *first, Oid target_type, const ml_value *given)
{
	bool is_class = OidIsValid(target_type) && cia_type_is_class(target_type);
	const ml_learner *typed;

	for (int i = 0; i < ml_learner_count; i++)
		if (strcmp(ml_learner_table[i]->name, first->name) == 0 &&
		    has_objective(ml_learner_table[i], given))
			return ml_learner_table[i];
	typed = ml_learner_of_task(cia_text_of(first->name),
	                           is_class ? ML_BINARY : ML_REGRESSION);
	return OidIsValid(target_type) && typed != NULL ? typed : first;
}

const ml_learner *
cia_learner_named(const char *algorithm, Oid target_type, const ml_value *given)
{
	const ml_learner *learner;

	if (strcmp(algorithm, "auto") == 0 && OidIsValid(target_type))
		algorithm = cia_type_is_class(target_type) ? "logistic" : "linear";
	learner = ml_learner_find(cia_text_of(algorithm));
	if (learner == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("unrecognized algorithm \"%s\"", algorithm),
		                errhint("Available algorithms: %s.", learner_list())));
	return learner_for(learner, target_type, given);
}

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
	}
	return NULL;
}

/*
 * 'auto' takes a target of labels for one of two classes, until the rows say otherwise.  An
 * option "positive" keeps it at that: then one class is told from all others.
 */
bool
cia_settings_follow_rows(cia_door *door, const char *algorithm, const ml_value *given,
                         cia_settings *settings)
{
	int64_t labels;

	if (strcmp(algorithm, "auto") != 0 || settings->learner->task != ML_BINARY ||
	    settings->common.positive.bytes != NULL)
		return false;
	cia_check(door, ml_target_labels(door->frame, &labels));
	if (labels <= 2)
		return false;
	cia_settings_read(door, &ml_multinomial, given, settings);
	door->algorithm = ml_multinomial.name;
	return true;
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

/* owner is what the options belong to, hint where to find them. */
static void
raise_option(const char *owner, const char *hint, const ml_option_fault *fault)
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
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("option \"%s\" needs option \"%s\"", name, fault->other),
			         errhint("Give both, or leave \"%s\" out.", name)));
			break;
		case ML_OPTION_EXCLUDES:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("option \"%s\" cannot be combined with option \"%s\"",
			                       name, fault->other),
			                errhint("Leave one of them out.")));
			break;
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
	                errmsg("option \"%s\" must be an array of column names", option)));
}

static ArrayType *
names_array(const char *option, const ml_value *value)
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
		                errmsg("option \"%s\" must be the name of a column", option)));
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
			roles->id = names_array("id", item);
		else if (ml_text_is(given->keys[i], "features"))
			roles->features = names_array("features", item);
		else if (ml_text_is(given->keys[i], "exclude"))
			roles->exclude = names_array("exclude", item);
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
		raise_option(
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
		raise_option(function, psprintf("Options: %s.", option_list(set, 1)), &fault);
}

void
cia_settings_read(cia_door *door, const ml_learner *learner, const ml_value *given,
                  cia_settings *settings)
{
	ml_option_set sets[2];
	ml_option_fault fault;

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
	if (!ml_options_read(given, sets, 2, &fault) ||
	    (learner->settle != NULL &&
	     !learner->settle(given, settings->learner_options, &fault)))
		raise_option(psprintf("algorithm \"%s\"", learner->name),
		             psprintf("List the options with SELECT * FROM cia_options('%s').",
		                      learner->name),
		             &fault);
	cia_check(door, ml_options_value(&door->host, sets, 2, &settings->given));
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
}
