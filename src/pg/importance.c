/* SPDX-License-Identifier: PostgreSQL */
/*
 * importance.c: cia_importance(model): what each feature means to a model, by what the model
 * itself has learned.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_importance);

static void
put_feature(ReturnSetInfo *set, const char *part, const ml_feature *feature,
            const ml_importance *in, int f)
{
	const double number[] = {in->share[f],      in->shap[f],   in->gain[f],
	                         in->gain_share[f], in->splits[f], in->cover[f],
	                         in->deviation[f]};
	Datum values[9] = {0};
	bool nulls[9] = {part == NULL};

	if (part != NULL)
		values[0] = CStringGetTextDatum(part);
	values[1] = CStringGetTextDatum(cia_element_name(feature->name, feature->element));
	for (size_t i = 0; i < lengthof(number); i++)
	{
		nulls[2 + i] = !isfinite(number[i]);
		values[2 + i] = Float8GetDatum(number[i]);
	}
	values[6] = Int64GetDatum(nulls[6] ? 0 : (int64) in->splits[f]);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

static void
put_importance(void *state, const cia_loaded *loaded, const char *part)
{
	ReturnSetInfo *set = state;
	const ml_schema *schema = &loaded->model->schema;
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_importance in;

	cia_check(door, ml_model_importance(&door->host, loaded->model, &in));
	for (int i = 0; i < in.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_feature(set, part, &schema->feature[in.order[i]], &in, (int) in.order[i]);
	}
}

/* One row per feature, of a model by group per part and feature. */
Datum
cia_importance(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	cia_each_part(cia_model_arg(fcinfo, 0), put_importance, fcinfo->resultinfo);
	return (Datum) 0;
}
