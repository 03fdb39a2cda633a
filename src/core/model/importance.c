/* SPDX-License-Identifier: PostgreSQL */
/*
 * importance.c: what each feature means to a model, by what the model itself has learned.
 *
 * Of trees: the mean absolute Shapley value, if training has kept it, and sums over the splits.
 * Of a linear predictor: the standard deviation, over the training rows, of what the feature
 * adds to the margin, which the profile of the features tells.  Of a number without missing
 * values that is the absolute standardised coefficient; of a category it takes all of its
 * levels together.  Of several classes it is the root mean square over the classes of what the
 * feature adds to a class's margin, less the mean over all classes.  Of segments: the variance of
 * their centres, weighted by their rows, along what the feature is in the space of distances.
 */
#include "model/model.h"

#include <math.h>

/* A number per feature, none of them known. */
static ml_status
unknown(ml_host *host, int features, double **number)
{
	ML_NEW(host, *number, features);
	for (int f = 0; f < features; f++)
		(*number)[f] = NAN;
	return ML_OK;
}

static void
share_of(const ml_importance *in, const double *number, double *share)
{
	double sum = 0;

	for (int i = 0; i < in->count; i++)
		sum += number[in->order[i]];
	for (int i = 0; i < in->count; i++)
		share[in->order[i]] = sum > 0 ? number[in->order[i]] / sum : sum;
}

static ml_status
sum_splits(ml_host *host, const ml_trees *trees, const ml_importance *in)
{
	for (int i = 0; i < in->count; i++)
		in->gain[in->order[i]] = in->splits[in->order[i]] = 0;
	for (int64_t i = 0; i < trees->first[trees->trees]; i++)
	{
		int f = (int) trees->feature[i];

		ML_PAUSE(host, i);
		if (f < 0)
			continue;
		in->cover[f] = (in->splits[f] > 0 ? in->cover[f] : 0) + trees->cover[i];
		in->gain[f] += trees->gain[i];
		in->splits[f]++;
	}
	for (int i = 0; i < in->count; i++)
		in->cover[in->order[i]] /= in->splits[in->order[i]];
	share_of(in, in->gain, in->gain_share);
	return ML_OK;
}

/* A feature with its coefficients, class by class. */
typedef struct level_view
{
	const ml_feature *feature;
	const double *coefficient; /* of the first class, from the feature's first slot */
	int64_t slots;             /* to the next class */
	int classes;
} level_view;

/* Coefficient of a slot for a class, less the mean over the classes of several. */
static double
centred(const level_view *view, int class, int slot)
{
	double sum = 0;

	if (view->classes == 1)
		return view->coefficient[slot];
	for (int k = 0; k < view->classes; k++)
		sum += view->coefficient[k * view->slots + slot];
	return view->coefficient[class * view->slots + slot] - sum / view->classes;
}

/* Variance over the training rows of what a category adds to a class. */
static double
variance_of_levels(const level_view *view, int class)
{
	const ml_feature *feature = view->feature;
	double rows = 0, mean = 0, squares = 0;

	for (int level = 0; level <= feature->levels; level++)
	{
		double count = level < feature->levels ? feature->count[level] : feature->missing;
		double away = centred(view, class, level) - mean;

		if (!(count > 0))
			continue;
		rows += count;
		mean += away * count / rows;
		squares += count * away * (centred(view, class, level) - mean);
	}
	return rows > 0 ? squares / rows : 0;
}

/* The same of anything that has one slot; a missing value counts as the mean. */
static double
variance_of_number(const level_view *view, int class, double rows)
{
	const ml_feature *feature = view->feature;
	double mean, deviation = feature->sd, present = 1;

	if (feature->bins != NULL)
		ml_bins_moments(feature->bins, &mean, &deviation);
	else if (rows > 0)
		present = (rows - feature->missing) / rows;
	deviation *= centred(view, class, 0);
	return deviation * deviation * present;
}

static void
take_deviations(const ml_model *model, int classes, const ml_importance *in)
{
	const ml_schema *schema = &model->schema;
	int64_t slots = ml_glm_slots(schema), slot = 0;
	const double *coefficient = ml_fitted_part(&model->fitted, "coefficients")->number;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		level_view view = {feature, coefficient + slot, slots, classes};
		double sum = 0;

		if (feature->use != ML_USE_TERM)
			continue;
		for (int k = 0; k < classes; k++)
			sum += ml_feature_kind(feature) == ML_CATEGORY
			           ? variance_of_levels(&view, k)
			           : variance_of_number(&view, k, schema->rows);
		in->deviation[f] = sqrt(sum / classes);
		slot += ml_feature_slots(feature);
	}
}

/* The largest first, what is not known last. */
static int
by_size(const void *context, uint32_t a, uint32_t b)
{
	const double *number = context;

	if (isnan(number[a]) || isnan(number[b]))
		return isnan(number[a]) - isnan(number[b]);
	return number[a] > number[b] ? -1 : number[a] < number[b];
}

static ml_status
sort_by(ml_host *host, const ml_importance *in, const double *number)
{
	uint32_t *work;

	ML_NEW(host, work, in->count);
	return ml_sort_indexes(host, in->order, work, in->count, by_size, number);
}

/* Variance of a slot of the centres, by the rows of their segments. */
static double
variance_of_slot(const ml_schema *schema, const double *center, int64_t slots)
{
	double rows = 0, mean = 0, squares = 0;

	for (int k = 0; k < schema->classes; k++)
	{
		double count = schema->class_count[k], away = center[k * slots] - mean;

		if (!(count > 0))
			continue;
		rows += count;
		mean += away * count / rows;
		squares += count * away * (center[k * slots] - mean);
	}
	return rows > 0 ? squares / rows : 0;
}

/* Shares are of variances, as it is squares that make a distance. */
static ml_status
take_centers(ml_host *host, const ml_model *model, ml_importance *in)
{
	const ml_schema *schema = &model->schema;
	const double *center = ml_fitted_part(&model->fitted, "centers")->number;
	double *variance;
	ml_space space;

	ML_TRY(ml_space_read(host, schema, &model->fitted, &space));
	ML_NEW(host, variance, schema->features);
	for (int j = 0; j < space.numbers; j++)
		variance[space.number[j]] =
		    variance_of_slot(schema, center + space.number_slot[j], space.slots);
	for (int c = 0; c < space.categories; c++)
		for (int l = 0; l <= schema->feature[space.category[c]].levels; l++)
			variance[space.category[c]] +=
			    space.label_weight * variance_of_slot(schema,
			                                          center + space.category_slot[c] + l,
			                                          space.slots);
	in->of_segments = true;
	share_of(in, variance, in->share);
	for (int i = 0; i < in->count; i++)
		in->deviation[in->order[i]] = sqrt(variance[in->order[i]]);
	return sort_by(host, in, variance);
}

/* Shapley values that training has kept. */
static bool
take_shap(const ml_model *model, const ml_importance *in)
{
	const ml_part *part = ml_fitted_part(&model->fitted, "importance_shap");

	if (part == NULL || part->count != model->schema.features)
		return false;
	for (int i = 0; i < in->count; i++)
		in->shap[in->order[i]] = part->number[in->order[i]];
	return true;
}

static ml_status
make_room(ml_host *host, const ml_schema *schema, ml_importance *in)
{
	double **const number[] = {&in->share,  &in->shap,  &in->gain,     &in->gain_share,
	                           &in->splits, &in->cover, &in->deviation};

	for (size_t i = 0; i < sizeof number / sizeof *number; i++)
		ML_TRY(unknown(host, schema->features, number[i]));
	ML_NEW(host, in->order, schema->features);
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].use == ML_USE_TERM)
			in->order[in->count++] = (uint32_t) f;
	return ML_OK;
}

ml_status
ml_model_importance(ml_host *host, const ml_model *model, ml_importance *in)
{
	const double *by = NULL;
	ml_trees trees;
	ml_terms terms;
	bool grown;

	*in = (ml_importance){0};
	ML_TRY(make_room(host, &model->schema, in));
	if (model->schema.task == ML_SEGMENTATION)
		return take_centers(host, model, in);
	ML_TRY(ml_model_trees(host, model, &trees, &grown));
	ML_TRY(ml_model_terms(host, model, &terms));
	if (grown)
	{
		ML_TRY(sum_splits(host, &trees, in));
		by = in->gain;
	}
	else if (terms.classes > 0)
	{
		take_deviations(model, terms.classes, in);
		by = in->deviation;
	}
	if (take_shap(model, in))
		by = in->shap;
	if (by == NULL)
		in->count = 0;
	else
		share_of(in, by, in->share);
	return by != NULL ? sort_by(host, in, by) : ML_OK;
}
