/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial_score.c: using a softmax regression: margins and contributions of a row.
 *
 * A margin has a meaning only against the others, so explaining takes each class
 * against the average over all classes; which one is the reference makes no difference then.
 */
#include "learn/learn.h"

#include <math.h>

/* What scoring needs of a feature; coefficients of all classes lie side by side. */
typedef struct class_term
{
	int feature;
	int missing;         /* a category's slot of missing; -1: a number */
	double mean;         /* stands in for a missing number */
	double *coefficient; /* [1 or missing + 1][lanes] */
	double *average;     /* [lanes] contribution of the average row */
} class_term;

typedef struct class_scorer
{
	int classes;
	int lanes;         /* classes, rounded up */
	int positive;      /* the class that is explained; -1: the likeliest */
	double *intercept; /* [lanes] */
	int terms;
	class_term *term;
	int features;
	double work;
} class_scorer;

static void
set_average(const class_scorer *scorer, const ml_feature *feature, class_term *term)
{
	for (int k = 0; k < scorer->classes; k++)
	{
		double sum = 0, rows = feature->missing;

		if (term->missing < 0)
		{
			term->average[k] = term->coefficient[k] * feature->mean;
			continue;
		}
		for (int level = 0; level < feature->levels; level++)
		{
			sum += feature->count[level] * term->coefficient[level * scorer->lanes + k];
			rows += feature->count[level];
		}
		sum += feature->missing * term->coefficient[feature->levels * scorer->lanes + k];
		term->average[k] = rows > 0 ? sum / rows : 0;
	}
}

/* Takes over a feature's slots from the learned, class-major array. */
static ml_status
add_term(ml_host *host, class_scorer *scorer, const ml_feature *feature,
         const double *learned, int64_t stride)
{
	class_term *term = &scorer->term[scorer->terms++];
	int64_t slots = ml_feature_slots(feature);

	term->missing = feature->kind == ML_NUMBER ? -1 : feature->levels;
	term->mean = feature->mean;
	ML_NEW(host, term->coefficient, slots * scorer->lanes);
	ML_NEW(host, term->average, scorer->lanes);
	for (int64_t slot = 0; slot < slots; slot++)
		for (int k = 0; k < scorer->classes; k++)
			term->coefficient[slot * scorer->lanes + k] = learned[k * stride + slot];
	set_average(scorer, feature, term);
	scorer->work += scorer->classes;
	return ML_OK;
}

static bool
is_finite(const ml_part *part)
{
	for (int64_t i = 0; i < part->count; i++)
		if (!isfinite(part->number[i]))
			return false;
	return true;
}

ml_status
ml_multinomial_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                       const ml_value *options, void **state)
{
	const ml_part *intercept = ml_fitted_part(fitted, "intercept");
	const ml_part *coefficients = ml_fitted_part(fitted, "coefficients");
	int64_t slots = ml_glm_slots(schema), slot = 0;
	class_scorer *scorer;

	(void) options;
	if (intercept == NULL || coefficients == NULL ||
	    intercept->count != schema->classes ||
	    coefficients->count != schema->classes * slots || !is_finite(intercept) ||
	    !is_finite(coefficients))
		return ML_BAD_MODEL;
	ML_NEW(host, scorer, 1);
	scorer->classes = schema->classes;
	scorer->lanes = (schema->classes + ML_LANES - 1) / ML_LANES * ML_LANES;
	scorer->positive = schema->positive;
	scorer->features = schema->features;
	scorer->work = 10 * schema->classes;
	ML_NEW(host, scorer->intercept, scorer->lanes);
	ML_NEW(host, scorer->term, schema->features);
	for (int k = 0; k < schema->classes; k++)
		scorer->intercept[k] = intercept->number[k];
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		ML_PAUSE(host, f);
		if (feature->use != ML_USE_TERM)
			continue;
		scorer->term[scorer->terms].feature = f;
		ML_TRY(add_term(host, scorer, feature, coefficients->number + slot, slots));
		slot += ml_feature_slots(feature);
	}
	*state = scorer;
	return ML_OK;
}

double
ml_multinomial_work(const void *state)
{
	return ((const class_scorer *) state)->work;
}

/* The coefficients that a row has of a term, and what they are multiplied with. */
static inline const double *
of_term(const class_scorer *scorer, const class_term *term, const double *row,
        double *factor)
{
	double x = row[term->feature];

	*factor = 1;
	if (term->missing < 0)
		*factor = isnan(x) ? term->mean : x;
	else
		return term->coefficient +
		       (int64_t) (x < 0 ? term->missing : (int) x) * scorer->lanes;
	return term->coefficient;
}

ML_HOT static void
add_margins(const class_scorer *scorer, const double *row, double *margin)
{
	for (int first = 0; first < scorer->lanes; first += ML_LANES)
	{
		double sum[ML_LANES];

		for (int k = 0; k < ML_LANES; k++)
			sum[k] = scorer->intercept[first + k];
		for (int i = 0; i < scorer->terms; i++)
		{
			double factor;
			const double *coefficient =
			    of_term(scorer, &scorer->term[i], row, &factor) + first;

			for (int k = 0; k < ML_LANES; k++)
				sum[k] += factor * coefficient[k];
		}
		for (int k = 0; k < ML_LANES && first + k < scorer->classes; k++)
			margin[first + k] = sum[k];
	}
}

void
ml_multinomial_margins(const void *state, const double *row, double *margin)
{
	add_margins(state, row, margin);
}

static double
against_average(const class_scorer *scorer, const double *of, int chosen)
{
	double mean = 0;

	for (int k = 0; k < scorer->classes; k++)
		mean += of[k] / scorer->classes;
	return of[chosen] - mean;
}

void
ml_multinomial_explain(const void *state, const double *row, double *contribution,
                       double *bias)
{
	const class_scorer *scorer = state;
	double margin[ML_MAX_CLASSES];
	int chosen = scorer->positive;

	if (chosen < 0)
	{
		ml_multinomial_margins(state, row, margin);
		chosen = ml_likeliest(scorer->classes, margin);
	}
	*bias = against_average(scorer, scorer->intercept, chosen);
	for (int f = 0; f < scorer->features; f++)
		contribution[f] = 0;
	for (int i = 0; i < scorer->terms; i++)
	{
		const class_term *term = &scorer->term[i];
		double factor, average = against_average(scorer, term->average, chosen);
		const double *coefficient = of_term(scorer, term, row, &factor);

		contribution[term->feature] =
		    factor * against_average(scorer, coefficient, chosen) - average;
		*bias += average;
	}
}
