/* SPDX-License-Identifier: PostgreSQL */
/*
 * reasons.c: cia_reasons: the principal reasons for a high score, in words.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_reasons);
CIA_FUNCTION(cia_reasons_columns);

#define MOST_REASONS 100

static int
count_arg(FunctionCallInfo fcinfo, int argument)
{
	int count = PG_GETARG_INT32(argument);

	if (count < 1 || count > MOST_REASONS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("k must be between 1 and %d", MOST_REASONS),
		                errdetail("It is %d.", count),
		                errhint("k is the number of reasons that are wanted at most.")));
	return count;
}

/* "balance = 120.5", or "balance is missing". */
static text *
in_words(const ml_feature *feature, double value)
{
	char *name = cia_element_name(feature->name, feature->element);
	char *shown = cia_feature_text(feature, value);

	return cstring_to_text(shown != NULL ? psprintf("%s = %s", name, shown)
	                                     : psprintf("%s is missing", name));
}

static Datum
answer_reasons(const cia_loaded *loaded, const double *row, int most)
{
	const ml_schema *schema = &loaded->model->schema;
	double *contribution = palloc(sizeof(double) * schema->features);
	int reason[MOST_REASONS];
	Datum words[MOST_REASONS];
	int count = ml_model_reasons(loaded->model, row, most, contribution, reason);

	for (int i = 0; i < count; i++)
		words[i] = PointerGetDatum(in_words(&schema->feature[reason[i]], row[reason[i]]));
	return PointerGetDatum(
	    construct_array(words, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
cia_reasons(PG_FUNCTION_ARGS)
{
	int most = count_arg(fcinfo, 2);
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return answer_reasons(loaded, cia_row_arg(fcinfo, 1, loaded), most);
}

Datum
cia_reasons_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row;

	if (PG_ARGISNULL(4))
		PG_RETURN_NULL();
	row = cia_columns_arg(fcinfo, &loaded);
	if (row == NULL)
		PG_RETURN_NULL();
	return answer_reasons(loaded, row, count_arg(fcinfo, 4));
}
