/* SPDX-License-Identifier: PostgreSQL */
/*
 * catalog.c: what there is: algorithms and their options, from the core's tables.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_algorithm_list);
CIA_FUNCTION(cia_options);

Datum
cia_algorithm_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < ml_learner_count; i++)
	{
		const ml_learner *learner = ml_learner_table[i];
		bool nulls[3] = {false};
		Datum values[3];

		values[0] = CStringGetTextDatum(learner->name);
		values[1] = CStringGetTextDatum(cia_task_words(learner->task));
		values[2] = CStringGetTextDatum(learner->summary);
		tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* What an option means, with the words it takes. */
static const char *
meaning_of(const ml_option *option)
{
	return option->choice == NULL
	           ? option->meaning
	           : psprintf("%s; one of %s", option->meaning, cia_choice_list(option));
}

static void
put_option(ReturnSetInfo *set, const ml_option *option)
{
	static const char *const type[] = {"number",
	                                   "integer",
	                                   "boolean",
	                                   "text",
	                                   "number or \"auto\"",
	                                   "integer or \"auto\"",
	                                   "object",
	                                   "array"};
	bool is_structure =
	    option->type == ML_OPTION_OBJECT || option->type == ML_OPTION_ARRAY;
	bool numeric = option->type != ML_OPTION_BOOLEAN && option->type != ML_OPTION_TEXT &&
	               !is_structure;
	Datum values[6];
	bool nulls[6] = {false};

	values[0] = CStringGetTextDatum(option->name);
	values[1] = CStringGetTextDatum(type[option->type]);
	/* a default outside of the range stands for none */
	nulls[2] = option->type == ML_OPTION_TEXT || is_structure ||
	           (numeric && !(option->standard >= option->minimum));
	if (option->type == ML_OPTION_BOOLEAN)
		values[2] = CStringGetTextDatum(option->standard != 0 ? "true" : "false");
	else if (isinf(option->standard))
		values[2] = CStringGetTextDatum("auto");
	else
		values[2] = CStringGetTextDatum(psprintf("%.15g", option->standard));
	nulls[3] = nulls[4] = !numeric;
	values[3] = Float8GetDatum(option->minimum);
	values[4] = Float8GetDatum(option->maximum);
	values[5] = CStringGetTextDatum(meaning_of(option));
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* Is it an option of that algorithm that no learner of the same name had before? */
static bool
is_of(const ml_learner *learner, const char *algorithm, const ml_option *option)
{
	if (strcmp(learner->name, algorithm) != 0)
		return false;
	for (int l = 0; ml_learner_table[l] != learner; l++)
		for (int i = 0; i < ml_learner_table[l]->options; i++)
			if (strcmp(ml_learner_table[l]->name, algorithm) == 0 &&
			    strcmp(ml_learner_table[l]->option[i].name, option->name) == 0 &&
			    ml_learner_table[l]->option[i].choice == option->choice)
				return false;
	return true;
}

Datum
cia_options(PG_FUNCTION_ARGS)
{
	char *algorithm = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	const ml_learner *learner = NULL;

	/* 'auto' has the options that all learners share */
	if (strcmp(algorithm, "auto") != 0)
		learner = cia_learner_named(algorithm, InvalidOid, &(ml_value){0});
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < ml_common_option_count; i++)
		if (learner == NULL || cia_option_is_for(&ml_common_option[i], learner))
			put_option(set, &ml_common_option[i]);
	put_option(set, &cia_promote_option);
	for (int l = 0; learner != NULL && l < ml_learner_count; l++)
		for (int i = 0; i < ml_learner_table[l]->options; i++)
			if (is_of(ml_learner_table[l], learner->name,
			          &ml_learner_table[l]->option[i]))
				put_option(set, &ml_learner_table[l]->option[i]);
	return (Datum) 0;
}
