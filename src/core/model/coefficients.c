/* SPDX-License-Identifier: PostgreSQL */
/*
 * coefficients.c: a test, an interval and further columns for every coefficient.
 *
 * With an estimated dispersion estimate / error is compared with Student's t of
 * df_residual degrees of freedom, as R's summary() does, else with the normal
 * distribution.  Intervals are Wald's:  estimate -+ quantile * error.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

/* Learned arrays of one number per slot, or one more for the intercept. */
typedef struct columns
{
	const ml_part *intercept;
	const ml_part *coefficients;
	const ml_part *errors;
	const ml_part *vif;
	const ml_part *effects;
	const ml_part *effect_errors;
} columns;

/* An array of that many numbers; NULL if it is not there. */
static const ml_part *
part_of(const ml_model *model, const char *name, int64_t count)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	return part != NULL && part->count == count ? part : NULL;
}

static double
number_at(const ml_part *part, int64_t at)
{
	return part != NULL && at >= 0 ? part->number[at] : NAN;
}

bool
ml_model_has_dispersion(const ml_model *model)
{
	const ml_family *family = ml_model_family(model);

	return family != NULL && family->dispersed;
}

/* A model of no family is multinomial: its coefficients are log odds. */
static bool
has_ratio(const ml_model *model)
{
	const ml_family *family = ml_model_family(model);

	return family == NULL || family->has_ratio;
}

static void
fill_row(const columns *in, int64_t slots, double df, double quantile,
         ml_coefficient *row)
{
	int64_t slot = row->term.slot, at = row->set * slots + slot;

	row->estimate =
	    slot < 0 ? in->intercept->number[row->set] : in->coefficients->number[at];
	row->error = row->statistic = row->p = row->low = row->high = NAN;
	row->vif = number_at(in->vif, slot);
	row->effect = slot < 0 ? NAN : number_at(in->effects, at);
	row->effect_error = slot < 0 ? NAN : number_at(in->effect_errors, at);
	if (row->term.reference)
		return;
	row->error = number_at(in->errors, row->set * (slots + 1) + slot + 1);
	if (!(row->error > 0))
		return;
	row->statistic = row->estimate / row->error;
	row->p = 2 * ml_t_tail(fabs(row->statistic), df);
	row->low = row->estimate - quantile * row->error;
	row->high = row->estimate + quantile * row->error;
}

ml_status
ml_model_coefficients(ml_host *host, const ml_model *model, double confidence,
                      ml_coefficients *table)
{
	ml_terms *terms = &table->terms;
	double quantile;
	columns in;

	*table = (ml_coefficients){.ratio = has_ratio(model)};
	ML_TRY(ml_model_terms(host, model, terms));
	if (terms->classes == 0)
		return ML_OK;
	table->df =
	    ml_model_has_dispersion(model) ? ml_model_scalar(model, "df_residual") : INFINITY;
	quantile = ml_t_quantile((1 - confidence) / 2, table->df);
	in = (columns){
	    .intercept = ml_fitted_part(&model->fitted, "intercept"),
	    .coefficients = ml_fitted_part(&model->fitted, "coefficients"),
	    .errors = part_of(model, "standard_errors", terms->classes * (terms->slots + 1)),
	    .vif = part_of(model, "vif", terms->slots),
	    .effects = part_of(model, "marginal_effects", terms->classes * terms->slots),
	    .effect_errors =
	        part_of(model, "marginal_effect_errors", terms->classes * terms->slots)};
	ML_NEW(host, table->coefficient, terms->classes * terms->count);
	/* the first class of several is the one that the others are compared with */
	for (int set = terms->classes > 1; set < terms->classes; set++)
		for (int64_t i = 0; i < terms->count; i++)
		{
			ml_coefficient *row = &table->coefficient[table->count];

			ML_PAUSE(host, i);
			if (!terms->term[i].fitted)
				continue;
			*row = (ml_coefficient){.set = set, .term = terms->term[i]};
			fill_row(&in, terms->slots, table->df, quantile, row);
			table->count++;
		}
	return ML_OK;
}
