/* SPDX-License-Identifier: PostgreSQL */
/*
 * reasons.c: cia_reasons: the principal reasons for a high score, in words.
 */
#include "score.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_reasons);
CIA_FUNCTION(cia_reasons_columns);

#define MOST_REASONS 100

/*
 * The reasons told last of a model.  A view with a column for each of them asks for the same
 * row again and again, and finding them costs a hundred times as much as a look at the row.
 */
typedef struct cia_told
{
	int most; /* that were asked for; 0: none are known */
	int count;
	int reason[MOST_REASONS];
	double row[FLEXIBLE_ARRAY_MEMBER]; /* [features] */
} cia_told;

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

static int
find_reasons(const ml_model *model, const double *row, int most, int *reason)
{
	double *contribution = palloc(sizeof(double) * model->schema.features);
	int count = ml_model_reasons(model, row, most, contribution, reason);

	cia_check_contributions(&model->schema, contribution);
	pfree(contribution);
	return count;
}

/* The reasons for this row, found unless they were told just now. */
static const cia_told *
told_of(cia_cached *cached, const double *row, int most)
{
	Size size = sizeof(double) * cached->model->schema.features;
	cia_told *told = cached->told;

	if (told == NULL)
	{
		told = MemoryContextAllocZero(cached->context, offsetof(cia_told, row) + size);
		cached->told = told;
		cia_cache_measure(cached);
	}
	if (told->most == most && memcmp(told->row, row, size) == 0)
		return told;
	told->most = 0;
	told->count = find_reasons(cached->model, row, most, told->reason);
	memcpy(told->row, row, size);
	told->most = most;
	return told;
}

static Datum
answer_reasons(FunctionCallInfo fcinfo, const cia_loaded *loaded, const double *row,
               int most)
{
	const ml_feature *feature = loaded->model->schema.feature;
	cia_site *site = fcinfo->flinfo->fn_extra;
	cia_cached *cached = site->cached;
	Datum words[MOST_REASONS];
	cia_told own;
	const cia_told *told = &own;

	cia_site_lay_out(site, row);
	if (cached != NULL)
		told = told_of(cached, row, most);
	else
		own.count = find_reasons(loaded->model, row, most, own.reason);
	for (int i = 0; i < told->count; i++)
		words[i] =
		    PointerGetDatum(in_words(&feature[told->reason[i]], row[told->reason[i]]));
	return PointerGetDatum(
	    construct_array(words, told->count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
cia_reasons(PG_FUNCTION_ARGS)
{
	int most = count_arg(fcinfo, 2);
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return answer_reasons(fcinfo, loaded, cia_row_arg(fcinfo, 1, loaded), most);
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
	return answer_reasons(fcinfo, loaded, row, count_arg(fcinfo, 4));
}
