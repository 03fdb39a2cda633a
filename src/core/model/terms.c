/* SPDX-License-Identifier: PostgreSQL */
/*
 * terms.c: which coefficient stands in which slot.
 *
 * Learned arrays have a slot for each number, and one for each label of a category with
 * a last one for missing; glm.h has the layout.
 */
#include "model/model.h"

#include <math.h>

static ml_term
term_of(const ml_feature *feature, int f, int level, int64_t slot)
{
	bool missing = level == feature->levels;

	return (ml_term){.feature = f,
	                 .level = level,
	                 .slot = slot,
	                 .reference = level == 0,
	                 .fitted = level < 0 || !missing || feature->missing > 0};
}

ml_status
ml_model_terms(ml_host *host, const ml_model *model, ml_terms *terms)
{
	const ml_schema *schema = &model->schema;
	const ml_part *intercept = ml_fitted_part(&model->fitted, "intercept");
	const ml_part *coefficients = ml_fitted_part(&model->fitted, "coefficients");

	*terms = (ml_terms){.slots = ml_glm_slots(schema)};
	if (intercept == NULL || coefficients == NULL || intercept->count < 1 ||
	    coefficients->count != intercept->count * terms->slots)
		return ML_OK;
	terms->classes = (int) intercept->count;
	ML_NEW(host, terms->term, terms->slots + 1);
	terms->term[terms->count++] =
	    (ml_term){.feature = -1, .level = -1, .slot = -1, .fitted = true};
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		int64_t slots = ml_feature_slots(feature);

		ML_PAUSE(host, f);
		for (int64_t i = 0; i < slots; i++, terms->count++)
			terms->term[terms->count] =
			    term_of(feature, f, ml_is_term(feature, ML_CATEGORY) ? (int) i : -1,
			            terms->count - 1);
	}
	return ML_OK;
}

double
ml_model_scalar(const ml_model *model, const char *name)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	return part != NULL && part->count > 0 ? part->number[0] : NAN;
}

double
ml_model_option(const ml_model *model, const char *name)
{
	const ml_value *option = ml_value_member(&model->options, name);

	return option != NULL && option->kind == ML_VALUE_NUMBER ? option->number : NAN;
}

const ml_family *
ml_model_family(const ml_model *model)
{
	const ml_value *link = ml_value_member(&model->options, "link");

	return ml_family_find(model->learner->name,
	                      link != NULL && link->kind == ML_VALUE_TEXT ? link->text
	                                                                  : (ml_text){0});
}
