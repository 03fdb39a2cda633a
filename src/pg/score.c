/* SPDX-License-Identifier: PostgreSQL */
/*
 * score.c: using a model: scores, classes, probabilities and reasons.
 */
#include "score.h"
#include "score_blocks.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_score);
CIA_FUNCTION(cia_class);
CIA_FUNCTION(cia_probabilities);
CIA_FUNCTION(cia_score_columns);
CIA_FUNCTION(cia_class_columns);
CIA_FUNCTION(cia_probabilities_columns);
CIA_FUNCTION(cia_explain);

static Datum
answer_score(FunctionCallInfo fcinfo, const cia_loaded *loaded, const double *row)
{
	if (cia_blocks_keep(fcinfo, loaded->model, row))
		return Float8GetDatum(0);
	return Float8GetDatum(ml_model_score(loaded->model, row));
}

static void
need_classes(const cia_loaded *loaded)
{
	if (loaded->model->schema.task == ML_REGRESSION)
		ereport(ERROR,
		        (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		         errmsg("model \"%s\" predicts a number, not a class", loaded->name),
		         errhint("Use cia_score.")));
}

Datum
cia_label_datum(const ml_model *model, const double *row)
{
	ml_text label = model->schema.class_label[ml_model_class(model, row)];

	return PointerGetDatum(cstring_to_text_with_len(label.bytes, label.length));
}

static Datum
answer_class(const cia_loaded *loaded, const double *row)
{
	need_classes(loaded);
	return cia_label_datum(loaded->model, row);
}

Datum
cia_probabilities_datum(const ml_model *model, const double *row)
{
	const ml_schema *schema = &model->schema;
	double probability[ML_MAX_CLASSES];
	ml_value object = {
	    .kind = ML_VALUE_OBJECT, .count = schema->classes, .keys = schema->class_label};

	ml_model_probabilities(model, row, probability);
	object.items = palloc(sizeof(ml_value) * schema->classes);
	for (int k = 0; k < schema->classes; k++)
		object.items[k] = ml_value_number(probability[k]);
	return JsonbPGetDatum(cia_value_to_jsonb(&object));
}

static Datum
answer_probabilities(const cia_loaded *loaded, const double *row)
{
	need_classes(loaded);
	return cia_probabilities_datum(loaded->model, row);
}

Datum
cia_score(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return answer_score(fcinfo, loaded, cia_row_arg(fcinfo, 1, loaded));
}

Datum
cia_class(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;

	if (cia_blocks_skip(fcinfo))
		PG_RETURN_NULL();
	loaded = cia_model_arg(fcinfo, 0);
	return answer_class(loaded, cia_row_arg(fcinfo, 1, loaded));
}

Datum
cia_probabilities(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return answer_probabilities(loaded, cia_row_arg(fcinfo, 1, loaded));
}

Datum
cia_score_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row = cia_columns_arg(fcinfo, &loaded);

	if (row == NULL)
		PG_RETURN_NULL();
	return answer_score(fcinfo, loaded, row);
}

Datum
cia_class_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row;

	if (cia_blocks_skip(fcinfo) || (row = cia_columns_arg(fcinfo, &loaded)) == NULL)
		PG_RETURN_NULL();
	return answer_class(loaded, row);
}

Datum
cia_probabilities_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row = cia_columns_arg(fcinfo, &loaded);

	if (row == NULL)
		PG_RETURN_NULL();
	return answer_probabilities(loaded, row);
}

/* A feature's share in a score. */
typedef struct share
{
	char *feature;
	char *value;
	double contribution;
} share;

static int
by_size(const void *a, const void *b)
{
	double x = fabs(((const share *) a)->contribution);
	double y = fabs(((const share *) b)->contribution);

	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(((const share *) a)->feature, ((const share *) b)->feature);
}

static void
put_share(ReturnSetInfo *result, const share *row)
{
	Datum values[3];
	bool nulls[3] = {false, row->value == NULL, false};

	values[0] = CStringGetTextDatum(row->feature);
	values[1] = row->value != NULL ? CStringGetTextDatum(row->value) : (Datum) 0;
	values[2] = Float8GetDatum(row->contribution);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

void
cia_check_contributions(const ml_schema *schema, const double *contribution)
{
	for (int f = 0; f < schema->features; f++)
		if (!isfinite(contribution[f]))
			ereport(ERROR,
			        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			         errmsg("value out of range: overflow"),
			         errdetail("What feature \"%s\" contributes is larger than any "
			                   "number.",
			                   cia_element_name(schema->feature[f].name,
			                                    schema->feature[f].element)),
			         errhint("Look for values of the row that are far beyond "
			                 "those of the training.")));
}

/* One row per feature by falling contribution, the bias in front. */
Datum
cia_explain(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const ml_schema *schema;
	const double *row;
	double *contribution;
	share *shares;
	share bias = {.feature = "bias"};

	InitMaterializedSRF(fcinfo, 0);
	loaded = cia_model_arg(fcinfo, 0);
	schema = &loaded->model->schema;
	row = cia_row_arg(fcinfo, 1, loaded);
	contribution = palloc(sizeof(double) * schema->features);
	shares = palloc(sizeof(share) * schema->features);
	cia_site_lay_out(fcinfo->flinfo->fn_extra, row);
	ml_model_explain(loaded->model, row, contribution, &bias.contribution);
	cia_check_contributions(schema, contribution);
	for (int f = 0; f < schema->features; f++)
		shares[f] = (share){.feature = cia_element_name(schema->feature[f].name,
		                                                schema->feature[f].element),
		                    .value = cia_feature_text(&schema->feature[f], row[f]),
		                    .contribution = contribution[f]};
	qsort(shares, schema->features, sizeof(share), by_size);
	put_share((ReturnSetInfo *) fcinfo->resultinfo, &bias);
	for (int f = 0; f < schema->features; f++)
		put_share((ReturnSetInfo *) fcinfo->resultinfo, &shares[f]);
	return (Datum) 0;
}
