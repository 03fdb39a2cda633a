/* SPDX-License-Identifier: PostgreSQL */
/*
 * band.c: cia_band: which tenth of the model's scores a score falls into.
 *
 * A model keeps the 0, 5, ..., 100 % quantiles of its scores of the holdout.  So bands move with the
 * version in production, and a row's band does not depend on the rows beside it.
 */
#include "cia.h"

#include <math.h>

CIA_FUNCTION(cia_band);

/* Steps between the quantiles that a model keeps. */
#define STEPS 20

/* NULL for a model from elsewhere that has none. */
static const double *
quantiles_of(const ml_model *model)
{
	const ml_value *kept = ml_value_member(&model->training, "score_quantiles");

	return kept != NULL && kept->kind == ML_VALUE_NUMBERS && kept->count == STEPS + 1
	           ? kept->numbers
	           : NULL;
}

void
cia_check_bands(int64 bands)
{
	if (bands < 2 || bands > STEPS || STEPS % bands != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("bands must be 2, 4, 5, 10 or 20"),
		                errdetail("It is %lld.", (long long) bands),
		                errhint("A model keeps its score quantiles in steps of 5 %%.")));
}

Datum
cia_band(PG_FUNCTION_ARGS)
{
	double score = PG_GETARG_FLOAT8(1);
	int32 bands = PG_GETARG_INT32(2), band = bands;
	const double *quantile;

	cia_check_bands(bands);
	quantile = quantiles_of(cia_model_arg(fcinfo, 0)->model);
	if (quantile == NULL || isnan(score))
		PG_RETURN_NULL();
	/* a quantile that is not known is NaN, and no score reaches it */
	for (int i = 1; i < bands; i++)
		band -= score >= quantile[i * (STEPS / bands)];
	PG_RETURN_INT32(band);
}
