/* SPDX-License-Identifier: PostgreSQL */
/*
 * features.c: cia_features: what a model was trained on, in the order of its features.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_features);

static ArrayType *
label_array(const ml_feature *feature)
{
	Datum *labels = palloc(sizeof(Datum) * feature->levels);

	for (int i = 0; i < feature->levels; i++)
		labels[i] = CStringGetTextDatum(cia_text_cstring(feature->label[i]));
	return construct_array(labels, feature->levels, TEXTOID, -1, false, TYPALIGN_INT);
}

static void
put_feature(ReturnSetInfo *set, const ml_schema *schema, int f)
{
	const ml_feature *feature = &schema->feature[f];
	bool category = feature->kind == ML_CATEGORY;
	const double number[] = {feature->missing / schema->rows, feature->mean, feature->sd,
	                         feature->min, feature->max};
	Datum values[11];
	bool nulls[11] = {false};

	values[0] = Int32GetDatum(f + 1);
	values[1] = CStringGetTextDatum(cia_element_name(feature->name, feature->element));
	values[2] = CStringGetTextDatum(cia_text_cstring(feature->type));
	values[3] = CStringGetTextDatum(category ? "category" : "number");
	values[4] = CStringGetTextDatum(ml_use_word[feature->use]);
	nulls[5] = !category;
	values[5] = category ? PointerGetDatum(label_array(feature)) : (Datum) 0;
	for (size_t i = 0; i < lengthof(number); i++)
	{
		nulls[6 + i] = !isfinite(number[i]) || (category && i > 0);
		values[6 + i] = nulls[6 + i] ? (Datum) 0 : Float8GetDatum(number[i]);
	}
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* One row per feature; an array gives one per element. */
Datum
cia_features(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;

	InitMaterializedSRF(fcinfo, 0);
	loaded = cia_managed_arg(fcinfo, 0);
	for (int f = 0; f < loaded->model->schema.features; f++)
		put_feature((ReturnSetInfo *) fcinfo->resultinfo, &loaded->model->schema, f);
	return (Datum) 0;
}
