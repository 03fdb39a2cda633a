/* SPDX-License-Identifier: PostgreSQL */
/*
 * guards.c: notes of a training that holds less than it seems to, each with the remedy in SQL.
 *
 * Thresholds are those of textbooks; a training that stays clear of them says nothing.
 */
#include "cia.h"

#include <math.h>
#include <string.h>

#include "lib/stringinfo.h"

#define RARE_SHARE 0.01

static bool
takes(const ml_learner *learner, const char *option)
{
	for (int i = 0; i < learner->options; i++)
		if (strcmp(learner->option[i].name, option) == 0)
			return true;
	return false;
}

/* What options in force say of one; NULL: nothing. */
static const ml_value *
in_force(const ml_model *model, const char *option)
{
	return ml_value_member(&model->options, option);
}

/* Options that balance two classes and are not set yet; NULL if there is none. */
static char *
balancing(const ml_model *model, const cia_settings *settings)
{
	bool weight =
	    takes(model->learner, "class_weight") && in_force(model, "class_weight") == NULL;
	bool calibrate =
	    settings->common.calibrate.bytes == NULL && settings->common.holdout > 0;

	if (!weight)
		return NULL;
	return psprintf("options => '{\"class_weight\": \"balanced\"%s}'",
	                calibrate ? ", \"calibrate\": \"isotonic\"" : "");
}

static List *
note_imbalance(const ml_model *model, const cia_settings *settings, List *notes)
{
	const ml_schema *schema = &model->schema;
	int rarer;
	double share;
	char *remedy;

	if (schema->task != ML_BINARY)
		return notes;
	rarer = schema->class_count[1] <= schema->class_count[0];
	share = schema->class_count[rarer] / schema->rows;
	if (share >= RARE_SHARE)
		return notes;
	remedy = balancing(model, settings);
	return lappend(
	    notes,
	    psprintf(
	        "rare class: %s has %.0f of %.0f training rows (%.2f %%); judge by pr_auc "
	        "rather than by accuracy%s%s",
	        rarer == 0 && schema->rest ? "all others together"
	                                   : cia_text_cstring(schema->class_label[rarer]),
	        schema->class_count[rarer], schema->rows, 100 * share,
	        remedy != NULL ? ", and see whether it is told better with " : "",
	        remedy != NULL ? remedy : ""));
}

List *
cia_guard_notes(const ml_result *result, const cia_settings *settings, List *notes)
{
	return note_imbalance(result->model, settings, notes);
}
