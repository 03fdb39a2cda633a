/* SPDX-License-Identifier: PostgreSQL */
/*
 * importance.c: cia_importance(model): what each feature means to a model, by what the model
 * itself has learned.
 */
#include "cia.h"

#include <math.h>

#include "miscadmin.h"

CIA_FUNCTION(cia_importance);

static void
put_feature(cia_output *out, const char *part, const ml_feature *feature,
            const ml_importance *in, int f)
{
	cia_output_text(out, part);
	cia_output_text(out, cia_element_name(feature->name, feature->element));
	cia_output_numbers(out, &in->share[f], 1);
	cia_output_numbers(out, &in->shap[f], 1);
	cia_output_numbers(out, &in->gain[f], 1);
	cia_output_numbers(out, &in->gain_share[f], 1);
	if (isnan(in->splits[f]))
		cia_output_numbers(out, &in->splits[f], 1);
	else
		cia_output_bigint(out, (int64) in->splits[f]);
	cia_output_numbers(out, &in->cover[f], 1);
	cia_output_numbers(out, &in->deviation[f], 1);
	cia_output_row(out);
}

static void
put_importance(void *state, const cia_loaded *loaded, const char *part)
{
	const ml_schema *schema = &loaded->model->schema;
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_importance in;

	cia_check(door, ml_model_importance(&door->host, loaded->model, &in));
	for (int i = 0; i < in.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_feature(state, part, &schema->feature[in.order[i]], &in, (int) in.order[i]);
	}
}

/* One row per feature, of a model by group per part and feature. */
Datum
cia_importance(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);

	cia_each_part(cia_managed_arg(fcinfo, 0), put_importance, &out);
	return (Datum) 0;
}
