/* SPDX-License-Identifier: PostgreSQL */
/*
 * input_array.c: a row to be scored that comes as numbers, in the order of cia_features.
 *
 * A number stands for itself, a category's label for its place among the labels, from 1;
 * NULL and NaN are missing.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/float.h"

static double
code_of_number(const ml_feature *feature, double number)
{
	if (isnan(number))
		return -1;
	if (!(number >= 1 && number <= feature->levels) || number != floor(number))
		ereport(ERROR,
		        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		         errmsg("label of column \"%s\" must be a whole number from 1 to %d",
		                cia_text_cstring(feature->name), feature->levels),
		         errhint("The labels are in column \"labels\" of cia_features(model).")));
	return number - 1;
}

static void
check_length(const cia_loaded *loaded, ArrayType *array)
{
	int features = loaded->model->schema.features;
	int length = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1 || length != features)
		ereport(ERROR,
		        (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		         errmsg("row must be an array of one dimension and length %d", features),
		         errdetail("Model \"%s\" has %d features.", loaded->name, features),
		         errhint("cia_features(model) tells their order.")));
}

void
cia_read_array_row(const cia_loaded *loaded, ArrayType *array, double *row)
{
	const ml_schema *schema = &loaded->model->schema;
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	const float8 *number = (const float8 *) ARR_DATA_PTR(array);

	check_length(loaded, array);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		bool isnull = bitmap != NULL && (bitmap[f / 8] & (1 << (f % 8))) == 0;
		double value = isnull ? get_float8_nan() : *number++;

		row[f] = feature->kind == ML_CATEGORY ? code_of_number(feature, value) : value;
		cia_check_feature(loaded, feature, row[f]);
	}
}
