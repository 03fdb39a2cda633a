/* SPDX-License-Identifier: PostgreSQL */
/*
 * coefficients.c: cia_coefficients: the table of coefficients with tests and intervals.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_coefficients);

#define COLUMNS 18

/* A row under construction; columns are NULL until they are set. */
typedef struct output_row
{
	Datum values[COLUMNS];
	bool nulls[COLUMNS];
	int columns;
} output_row;

static void
add_text(output_row *row, const char *text)
{
	row->nulls[row->columns] = text == NULL;
	row->values[row->columns++] = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
add_number(output_row *row, double number)
{
	row->nulls[row->columns] = isnan(number);
	row->values[row->columns++] = Float8GetDatum(number);
}

char *
cia_term_level(const ml_schema *schema, const ml_term *term)
{
	const ml_feature *feature = &schema->feature[term->feature];

	if (term->level < 0)
		return NULL;
	return term->level < feature->levels ? cia_text_cstring(feature->label[term->level])
	                                     : pstrdup("(missing)");
}

static char *
feature_of(const ml_schema *schema, const ml_term *term)
{
	const ml_feature *feature = &schema->feature[term->feature];

	return term->feature < 0 ? NULL : cia_element_name(feature->name, feature->element);
}

char *
cia_term_name(const ml_schema *schema, const ml_term *term)
{
	char *feature = feature_of(schema, term);

	if (feature == NULL)
		return pstrdup("(Intercept)");
	if (schema->feature[term->feature].bins != NULL)
		return psprintf("woe(%s)", feature);
	if (schema->feature[term->feature].bins != NULL)
		return psprintf("woe(%s)", feature);
	return term->level < 0 ? feature
	                       : psprintf("%s = %s", feature, cia_term_level(schema, term));
}

void
cia_need_coefficients(const cia_loaded *loaded, int64_t count)
{
	if (count == 0)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no coefficients", loaded->name),
		                errdetail("It was trained by algorithm \"%s\".",
		                          loaded->model->learner->name),
		                errhint("Regressions have them: see cia_algorithms.")));
}

static void
put_coefficient(ReturnSetInfo *set, const char *part, const ml_schema *schema,
                const ml_coefficients *table, const ml_coefficient *c)
{
	output_row row = {.columns = 0};
	bool several = table->terms.classes > 1;

	add_text(&row, part);
	add_text(&row, several ? cia_text_cstring(schema->class_label[c->set]) : NULL);
	add_text(&row, cia_term_name(schema, &c->term));
	add_text(&row, feature_of(schema, &c->term));
	add_text(&row, c->term.feature < 0 ? NULL : cia_term_level(schema, &c->term));
	row.values[row.columns++] = BoolGetDatum(c->term.reference);
	add_number(&row, c->estimate);
	add_number(&row, c->error);
	add_number(&row, c->statistic);
	add_number(&row, c->p);
	add_number(&row, c->low);
	add_number(&row, c->high);
	add_number(&row, table->ratio && !c->term.reference ? exp(c->estimate) : NAN);
	add_number(&row, table->ratio ? exp(c->low) : NAN);
	add_number(&row, table->ratio ? exp(c->high) : NAN);
	add_number(&row, c->vif);
	add_number(&row, c->effect);
	add_number(&row, c->effect_error);
	tuplestore_putvalues(set->setResult, set->setDesc, row.values, row.nulls);
}

static double
confidence_arg(FunctionCallInfo fcinfo, int argument)
{
	double confidence = PG_GETARG_FLOAT8(argument);

	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence must be between 0 and 1"),
		                errdetail("It is %g.", confidence),
		                errhint("For intervals of 95 %% give 0.95.")));
	return confidence;
}

/* The model of all rows first, which has no part's name, then those of groups. */
void
cia_each_part(const cia_loaded *loaded, cia_take_part take, void *state)
{
	const ml_by *by = loaded->model->by;
	cia_loaded part = *loaded;

	if (by != NULL)
		part.model = by->overall;
	take(state, &part, NULL);
	for (int g = 0; by != NULL && g < by->groups; g++)
	{
		CHECK_FOR_INTERRUPTS();
		part.model = by->group[g].model;
		take(state, &part, cia_text_cstring(by->group[g].label));
	}
}

/* What a call of cia_coefficients is about. */
typedef struct output_table
{
	ReturnSetInfo *set;
	double confidence;
} output_table;

static void
put_table(void *state, const cia_loaded *loaded, const char *part)
{
	const output_table *out = state;
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_coefficients table;

	cia_check(door,
	          ml_model_coefficients(&door->host, loaded->model, out->confidence, &table));
	cia_need_coefficients(loaded, table.count);
	for (int64_t i = 0; i < table.count; i++)
		put_coefficient(out->set, part, &loaded->model->schema, &table,
		                &table.coefficient[i]);
}

/* One row per coefficient: the intercept, then the features' in order, labels in order. */
Datum
cia_coefficients(PG_FUNCTION_ARGS)
{
	output_table out = {.confidence = confidence_arg(fcinfo, 1)};

	InitMaterializedSRF(fcinfo, 0);
	out.set = (ReturnSetInfo *) fcinfo->resultinfo;
	cia_each_part(cia_managed_arg(fcinfo, 0), put_table, &out);
	return (Datum) 0;
}
