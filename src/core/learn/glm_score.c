/* SPDX-License-Identifier: PostgreSQL */
/*
 * glm_score.c: using a linear predictor: margins, responses and contributions of a row.
 */
#include "learn/learn.h"

#include <math.h>

int64_t
ml_feature_slots(const ml_feature *feature)
{
	if (feature->use != ML_USE_TERM)
		return 0;
	return ml_feature_kind(feature) == ML_NUMBER ? 1 : feature->levels + 1;
}

int64_t
ml_glm_slots(const ml_schema *schema)
{
	int64_t slots = 0;

	for (int f = 0; f < schema->features; f++)
		slots += ml_feature_slots(&schema->feature[f]);
	return slots;
}

/* What scoring needs of a number; those of one model lie side by side. */
typedef struct number_term
{
	int feature;
	double coefficient;
	double mean; /* stands in for a missing value */
} number_term;

/* What scoring needs of a category. */
typedef struct category_term
{
	int feature;
	int missing;               /* its slot */
	const double *coefficient; /* [missing + 1] */
} category_term;

/* What scoring needs of a number in bins. */
typedef struct binned_term
{
	int feature;
	const ml_bins *bins;
	double *contribution; /* [bins + 1] */
} binned_term;

typedef struct scorer
{
	const ml_family *family;
	double theta; /* of the negative binomial, else NaN */
	double intercept;
	double bias;
	int numbers;
	number_term *number;
	int categories;
	category_term *category;
	int binned;
	binned_term *bin;
	ml_offsets offsets;
	double *average; /* [features] contribution of the average row */
	int features;
} scorer;

static double
average_of(const ml_feature *feature, const double *coefficient)
{
	double sum = 0, rows = 0;

	if (feature->use != ML_USE_TERM)
		return ml_offset_of(feature, feature->mean);
	if (feature->bins != NULL)
	{
		ml_bins_moments(feature->bins, &sum, &rows);
		return coefficient[0] * sum;
	}
	if (feature->kind == ML_NUMBER)
		return coefficient[0] * feature->mean;
	for (int level = 0; level < feature->levels; level++)
	{
		sum += feature->count[level] * coefficient[level];
		rows += feature->count[level];
	}
	sum += feature->missing * coefficient[feature->levels];
	rows += feature->missing;
	return rows > 0 ? sum / rows : 0;
}

/* A number in bins; a category in bins is one whose labels have coefficients of their bins. */
static ml_status
add_binned(ml_host *host, scorer *scorer, const ml_feature *feature, int f,
           double coefficient)
{
	const ml_bins *bins = feature->bins;
	int count = feature->kind == ML_NUMBER ? bins->bins : feature->levels;
	double *contribution;

	ML_NEW(host, contribution, count + 1);
	for (int i = 0; i <= count; i++)
	{
		int bin =
		    feature->kind == ML_NUMBER ? i : ml_bin_of_code(bins, i < count ? i : -1);

		contribution[i] = coefficient * bins->bin[bin].woe;
	}
	if (feature->kind == ML_NUMBER)
		scorer->bin[scorer->binned++] =
		    (binned_term){.feature = f, .bins = bins, .contribution = contribution};
	else
		scorer->category[scorer->categories++] =
		    (category_term){.feature = f, .missing = count, .coefficient = contribution};
	return ML_OK;
}

ml_status
ml_glm_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
               const ml_family *family, void **state)
{
	const ml_part *intercept = ml_fitted_part(fitted, "intercept");
	const ml_part *coefficients = ml_fitted_part(fitted, "coefficients");
	const ml_part *theta = ml_fitted_part(fitted, "theta");
	scorer *scorer;
	int64_t slot = 0;

	if (intercept == NULL || coefficients == NULL || intercept->count != 1 ||
	    coefficients->count != ml_glm_slots(schema) || !isfinite(intercept->number[0]))
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < coefficients->count; i++)
		if (!isfinite(coefficients->number[i]))
			return ML_BAD_MODEL;
	ML_NEW(host, scorer, 1);
	ML_NEW(host, scorer->number, schema->features);
	ML_NEW(host, scorer->category, schema->features);
	ML_NEW(host, scorer->bin, schema->features);
	ML_TRY(ml_offsets_find(host, schema, &scorer->offsets));
	ML_NEW(host, scorer->average, schema->features);
	scorer->intercept = scorer->bias = intercept->number[0];
	scorer->features = schema->features;
	scorer->family = family;
	scorer->theta = theta != NULL && theta->count == 1 ? theta->number[0] : NAN;
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		const double *coefficient = coefficients->number + slot;

		if (feature->use == ML_USE_GROUP)
			continue;
		if (feature->use == ML_USE_TERM && feature->bins != NULL)
			ML_TRY(add_binned(host, scorer, feature, f, coefficient[0]));
		else if (ml_is_term(feature, ML_NUMBER))
			scorer->number[scorer->numbers++] = (number_term){
			    .feature = f, .coefficient = coefficient[0], .mean = feature->mean};
		else if (ml_is_term(feature, ML_CATEGORY))
			scorer->category[scorer->categories++] = (category_term){
			    .feature = f, .missing = feature->levels, .coefficient = coefficient};
		scorer->average[f] = average_of(feature, coefficient);
		scorer->bias += scorer->average[f];
		slot += ml_feature_slots(feature);
	}
	*state = scorer;
	return ML_OK;
}

static inline double
of_number(const number_term *term, const double *row)
{
	double x = row[term->feature];

	return term->coefficient * (isnan(x) ? term->mean : x);
}

static inline double
of_category(const category_term *term, const double *row)
{
	double code = row[term->feature];

	return term->coefficient[code < 0 ? term->missing : (int) code];
}

static inline double
of_bin(const binned_term *term, const double *row)
{
	return term->contribution[ml_bin_of_number(term->bins, row[term->feature])];
}

double
ml_glm_work(const void *state)
{
	return ((const scorer *) state)->features;
}

/* Four sums side by side, so that no addition has to wait for the one before. */
double
ml_glm_margin(const void *state, const double *row)
{
	const scorer *scorer = state;
	const number_term *term = scorer->number;
	double sum[4] = {scorer->intercept, 0, 0, 0};
	int i = 0;

	for (; i + 4 <= scorer->numbers; i += 4)
		for (int k = 0; k < 4; k++)
			sum[k] += of_number(&term[i + k], row);
	for (; i < scorer->numbers; i++)
		sum[0] += of_number(&term[i], row);
	for (int c = 0; c < scorer->categories; c++)
		sum[c % 4] += of_category(&scorer->category[c], row);
	for (int b = 0; b < scorer->binned; b++)
		sum[b % 4] += of_bin(&scorer->bin[b], row);
	sum[0] += ml_offsets_of(&scorer->offsets, row);
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

double
ml_glm_respond(const void *state, double margin)
{
	return ((const scorer *) state)->family->respond(margin);
}

double
ml_glm_deviance(const void *state, double y, double mu)
{
	const scorer *scorer = state;

	return scorer->family->deviance(y, mu, scorer->theta);
}

void
ml_glm_explain(const void *state, const double *row, double *contribution, double *bias)
{
	const scorer *scorer = state;

	*bias = scorer->bias;
	for (int i = 0; i < scorer->numbers; i++)
		contribution[scorer->number[i].feature] = of_number(&scorer->number[i], row);
	for (int i = 0; i < scorer->categories; i++)
		contribution[scorer->category[i].feature] =
		    of_category(&scorer->category[i], row);
	for (int i = 0; i < scorer->binned; i++)
		contribution[scorer->bin[i].feature] = of_bin(&scorer->bin[i], row);
	ml_offsets_explain(&scorer->offsets, row, contribution);
	for (int f = 0; f < scorer->features; f++)
		contribution[f] -= scorer->average[f];
}
