/* SPDX-License-Identifier: PostgreSQL */
/*
 * guards.c: notes of a training that holds less than it seems to, each with the remedy in SQL.
 *
 * Thresholds are those of textbooks; a training that stays clear of them says nothing.
 */
#include "cia.h"

#include <math.h>
#include <string.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#define RARE_SHARE 0.01
#define ROWS_PER_COLUMN 10
#define MOST_TWINS 12 /* that are named */
#define MOST_SHIFTED 12
#define LARGE_SHIFT 0.25 /* of the population stability index */

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

/* The number of an option in force; 0: it has none. */
static double
number_in_force(const ml_model *model, const char *option)
{
	const ml_value *value = in_force(model, option);

	return value != NULL && value->kind == ML_VALUE_NUMBER ? value->number : 0;
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
	        rarer == 0 && schema->rest ? "the rest"
	                                   : cia_text_cstring(schema->class_label[rarer]),
	        schema->class_count[rarer], schema->rows, 100 * share,
	        remedy != NULL ? ", and see whether it is told better with " : "",
	        remedy != NULL ? remedy : ""));
}

/* Regressions have a penalty and no leaves. */
static bool
is_unpenalized_regression(const ml_model *model)
{
	return takes(model->learner, "l2") && !takes(model->learner, "leaves") &&
	       in_force(model, "lambda") == NULL && number_in_force(model, "l2") == 0;
}

/* Peduzzi et al. 1996: of classes, rows of the rarer one are what a coefficient is told by. */
static List *
note_few_rows(const ml_model *model, List *notes)
{
	const ml_schema *schema = &model->schema;
	double rows = schema->rows;
	int64_t columns;

	if (model->by != NULL || !is_unpenalized_regression(model))
		return notes;
	for (int k = 0; k < schema->classes; k++)
		rows = fmin(rows, schema->class_count[k]);
	columns = ml_schema_columns(schema) - 1;
	if (columns < 1 || rows >= ROWS_PER_COLUMN * (double) columns)
		return notes;
	return lappend(
	    notes,
	    psprintf("few rows: %.0f training rows%s for %lld coefficients, which should be "
	             "%d each at least; use fewer columns or a penalty, such as options => "
	             "'{\"l2\": 1}'",
	             rows, schema->classes > 0 ? " of the rarest class" : "",
	             (long long) columns, ROWS_PER_COLUMN));
}

/* "; leave them out with exclude => '{a,b}'"; nothing if all are elements, which cannot be left out. */
static char *
exclusion(const char *advice, Datum *names, int count)
{
	ArrayType *array = construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);

	return count == 0 ? ""
	                  : psprintf("; %s with exclude => %s", advice,
	                             quote_literal_cstr(OidOutputFunctionCall(
	                                 F_ARRAY_OUT, PointerGetDatum(array))));
}

static List *
note_twins(const ml_notes *found, List *notes)
{
	Datum names[MOST_TWINS];
	StringInfoData text;
	int count = 0, columns = 0;

	initStringInfo(&text);
	for (int i = 0; i < found->count; i++)
	{
		const ml_note *note = &found->note[i];

		if (note->kind != ML_NOTE_TWIN || ++count > MOST_TWINS)
			continue;
		if (note->element == 0)
			names[columns++] = CStringGetTextDatum(cia_text_cstring(note->name));
		appendStringInfo(&text, "%s%s (as %s)", count > 1 ? ", " : "",
		                 cia_element_name(note->name, note->element),
		                 cia_element_name(note->other, note->other_element));
	}
	if (count > MOST_TWINS)
		appendStringInfo(&text, " and %d more", count - MOST_TWINS);
	if (count == 0)
		return notes;
	return lappend(notes,
	               psprintf("columns that say what another says, so that effects "
	                        "are split between them: %s%s",
	                        text.data, exclusion("leave them out", names, columns)));
}

/* What holds back a fit like this one, and more than the options in force. */
static char *
restraint(const ml_model *model)
{
	double l2 = number_in_force(model, "l2");
	const ml_value *lambda = in_force(model, "lambda");

	if (takes(model->learner, "early_stopping") &&
	    number_in_force(model, "early_stopping") == 0)
		return "stop earlier, with options => '{\"early_stopping\": 20}'";
	if (takes(model->learner, "leaves"))
		return psprintf("grow smaller trees, with options => '{\"leaves\": %.0f, "
		                "\"min_rows\": %.0f}'",
		                fmax(2, floor(number_in_force(model, "leaves") / 4)),
		                4 * number_in_force(model, "min_rows"));
	if (lambda != NULL)
		return lambda->kind == ML_VALUE_NUMBER
		           ? "let folds choose the penalty, with options => '{\"lambda\": "
		             "\"auto\"}'"
		           : "use fewer columns";
	return psprintf("use fewer columns or a larger penalty, with options => '{\"l2\": "
	                "%g}'",
	                l2 > 0 ? 10 * l2 : 1);
}

/* ", where 25 of its 100 trees do better (log_loss 0.412, not 0.487)"; nothing for other fits */
static char *
fewer_trees(const ml_fewer *fewer)
{
	return fewer->trees == 0
	           ? ""
	           : psprintf(", where the first %d of its %d trees do better (%s %.3g, not "
	                      "%.3g)",
	                      fewer->trees, fewer->all, fewer->metric, fewer->value,
	                      fewer->of_all);
}

/* On few rows boosting learns its rows by heart and may do well on others: only fewer trees tell. */
static List *
note_overfitting(const ml_result *result, List *notes)
{
	ml_task_kind task = result->model->schema.task;
	const char *metric = ml_main_metric(task);

	if (!ml_overfits(task, &result->trained, &result->holdout) ||
	    (takes(result->model->learner, "early_stopping") && result->fewer.trees == 0))
		return notes;
	return lappend(notes,
	               psprintf("overfitting: %s is %.3f on training rows and %.3f on "
	                        "the holdout%s; %s",
	                        metric, ml_report_metric(&result->trained, metric)->value,
	                        ml_report_metric(&result->holdout, metric)->value,
	                        fewer_trees(&result->fewer), restraint(result->model)));
}

/* "the oldest 9650 and the newest 9602 training rows by joined_on" */
static char *
compared_rows(const ml_result *result, const cia_settings *settings)
{
	return psprintf("the oldest %lld and the newest %lld training rows by %s",
	                (long long) result->drift.rows[0], (long long) result->drift.rows[1],
	                cia_text_cstring(settings->common.order_by));
}

/* Features that have shifted, with their indexes; those shifted much can be left out. */
static List *
note_drift(const ml_result *result, const cia_settings *settings, List *notes)
{
	Datum names[MOST_SHIFTED];
	StringInfoData text;
	int count = 0, columns = 0;

	initStringInfo(&text);
	for (int i = 0; i < result->notes.count; i++)
	{
		const ml_note *note = &result->notes.note[i];

		if (note->kind != ML_NOTE_DRIFT || ++count > MOST_SHIFTED)
			continue;
		if (note->element == 0 && note->value >= LARGE_SHIFT)
			names[columns++] = CStringGetTextDatum(cia_text_cstring(note->name));
		appendStringInfo(&text, "%s%s (%s%.2f)", count > 1 ? ", " : "",
		                 cia_element_name(note->name, note->element),
		                 count > 1 ? "" : "PSI ", note->value);
	}
	if (count > MOST_SHIFTED)
		appendStringInfo(&text, " and %d more", count - MOST_SHIFTED);
	if (count == 0)
		return notes;
	return lappend(
	    notes,
	    psprintf("drift between %s: %s; judge by time with cia_cross_validate(..., "
	             "order_by => %s)%s",
	             compared_rows(result, settings), text.data,
	             quote_literal_cstr(cia_text_cstring(settings->common.order_by)),
	             exclusion("leave out what will go on shifting", names, columns)));
}

/* What the target was and is, in words. */
static char *
target_shift(const ml_result *result)
{
	const ml_schema *schema = &result->model->schema;
	const ml_drift *drift = &result->drift;

	if (schema->task == ML_BINARY)
		return psprintf("%s was %.1f %% and is %.1f %%",
		                cia_text_cstring(schema->class_label[1]), 100 * drift->target[0],
		                100 * drift->target[1]);
	if (schema->task == ML_MULTICLASS)
		return psprintf("shares of the classes have shifted (PSI %.2f)",
		                drift->target_index);
	return psprintf("the mean was %g and is %g (PSI %.2f)", drift->target[0],
	                drift->target[1], drift->target_index);
}

static List *
note_target_drift(const ml_result *result, const cia_settings *settings, List *notes)
{
	char *order_by;

	if (!result->drift.target_moved)
		return notes;
	order_by = cia_text_cstring(settings->common.order_by);
	return lappend(notes,
	               psprintf("the target drifts between %s: %s; scores lag behind, see "
	                        "whether newer rows do better, with source => 'SELECT * FROM "
	                        "... WHERE %s >= ...'",
	                        compared_rows(result, settings), target_shift(result),
	                        quote_identifier(order_by)));
}

List *
cia_guard_notes(const ml_result *result, const cia_settings *settings, List *notes)
{
	notes = note_imbalance(result->model, settings, notes);
	notes = note_few_rows(result->model, notes);
	notes = note_overfitting(result, notes);
	notes = note_target_drift(result, settings, notes);
	notes = note_drift(result, settings, notes);
	return note_twins(&result->notes, notes);
}
