/* SPDX-License-Identifier: PostgreSQL */
/*
 * dependence.c: cia_partial_dependence: what a model says of the rows of a source, on average,
 * if all of them had the same value of a feature.
 */
#include "cia.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_partial_dependence);

static const ml_option dependence_option[] = {
    CIA_OPTION_SAMPLE(10000),
    {"points", ML_OPTION_INTEGER, offsetof(cia_judged_options, dependence.points), 20, 1,
     ML_MOST_POINTS,
     "most values of the feature: quantiles of a number that has more, the most frequent "
     "labels of a category"},
};

/* The feature of that name: "x", or "x[3]" for an element of an array. */
static int
find_feature(const cia_loaded *loaded, const char *name)
{
	const ml_schema *schema = &loaded->model->schema;
	bool array = false;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (strcmp(cia_element_name(feature->name, feature->element), name) == 0)
			return f;
		array |= ml_text_is(feature->name, name);
	}
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN),
	         errmsg("model \"%s\" has no feature \"%s\"", loaded->name, name),
	         array ? errhint("It is an array: name an element, as in \"%s[1]\".", name)
	               : errhint("cia_features(model) lists them.")));
}

/* Is the feature's value a number to the user as well? */
static bool
is_number(const ml_feature *feature)
{
	return feature->kind == ML_NUMBER && !ml_text_is(feature->type, "boolean") &&
	       !ml_text_is(feature->type, "date") &&
	       !ml_text_is(feature->type, "timestamp without time zone") &&
	       !ml_text_is(feature->type, "timestamp with time zone");
}

static void
put_value(cia_output *out, const ml_schema *schema, int f, const ml_dependence *in, int v)
{
	const ml_feature *feature = &schema->feature[f];
	double number = is_number(feature) ? in->value[v] : NAN;

	for (int k = 0; k < in->classes; k++)
	{
		int at = v * in->classes + k;

		cia_output_text(out, cia_feature_text(feature, in->value[v]));
		cia_output_numbers(out, &number, 1);
		cia_output_text(out, in->classes > 1 ? cia_text_cstring(schema->class_label[k])
		                                     : NULL);
		cia_output_numbers(out, &in->mean[at], 1);
		cia_output_numbers(out, &in->low[at], 1);
		cia_output_numbers(out, &in->high[at], 1);
		cia_output_row(out);
	}
}

Datum
cia_partial_dependence(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {.option = dependence_option,
	                                       .options = lengthof(dependence_option),
	                                       .ordered = true,
	                                       .unjudged = true};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 3, &table);
	const ml_model *model = run->loaded->model;
	int feature = find_feature(run->loaded, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	ml_dependence in;

	cia_judged_run(&run, 1, run->source);
	cia_check(run->door, ml_dependence_take(&run->door->host, model, &run->rows, feature,
	                                        run->options.dependence.points, &in));
	for (int v = 0; v < in.values; v++)
		put_value(&out, &model->schema, feature, &in, v);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
