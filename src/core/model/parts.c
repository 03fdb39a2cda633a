/* SPDX-License-Identifier: PostgreSQL */
/*
 * parts.c: a model whose parts serve a group of rows each.
 *
 * The outer model's schema is the union of its parts' features and of the one that names the
 * group, so whoever reads rows needs to know of no parts.  A part is a model of its own: its
 * row is picked out of the outer one, and codes of labels are those of its own schema.  Labels
 * of a part stand in the order of the outer ones, so a code is found by bisection in as
 * many numbers as the part has labels: nothing here grows faster than the model itself.
 *
 * The part's row is made behind the outer one, in the same buffer: see ml_model_room.
 */
#include "model/model.h"

#include <math.h>

/* A category of a part. */
typedef struct translation
{
	int feature;       /* of the part */
	int labels;        /* its own, without the pool */
	int32_t other;     /* its code of a label that it does not list */
	int32_t *outer_of; /* [labels] the outer code, ascending */
} translation;

/* How a part's row is made of the outer one. */
typedef struct ml_inlet
{
	int features;
	int *place; /* [features] of the outer schema, ascending */
	int categories;
	translation *category;
	int *class_of; /* [classes of the part] of several classes: the outer number */
} ml_inlet;

static inline double
translate(const translation *category, int code)
{
	int low = 0, high = category->labels;

	if (code < 0)
		return -1;
	/* mostly the part has all the labels up to this one */
	if (code < high && category->outer_of[code] == code)
		return code;
	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (category->outer_of[middle] < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < category->labels && category->outer_of[low] == code ? low
	                                                                 : category->other;
}

/* The part that serves a row: a group's, or the last one, which serves the rest. */
static inline int
part_of(const ml_by *by, const double *row)
{
	double code = row[by->feature];

	return code < 0 ? by->groups : by->part_of[(int) code];
}

static inline const ml_model *
part_at(const ml_by *by, int part)
{
	return part < by->groups ? by->group[part].model : by->overall;
}

const ml_model *
ml_model_part(const ml_model *model, const double *row, const double **inner)
{
	const ml_by *by = model->by;
	const ml_inlet *inlet;
	double *made;
	int part;

	*inner = row;
	if (by == NULL)
		return model;
	part = part_of(by, row);
	inlet = &by->inlet[part];
	/* the room behind the features is ours to write to */
	*inner = made = (double *) row + model->schema.features;
	for (int f = 0; f < inlet->features; f++)
		made[f] = row[inlet->place[f]];
	for (int c = 0; c < inlet->categories; c++)
	{
		const translation *category = &inlet->category[c];

		made[category->feature] = translate(category, (int) made[category->feature]);
	}
	return part_at(by, part);
}

const int *
ml_model_part_classes(const ml_model *model, const double *row)
{
	return model->by != NULL ? model->by->inlet[part_of(model->by, row)].class_of : NULL;
}

int64_t
ml_model_room(const ml_model *model)
{
	int64_t widest = 0;

	for (int i = 0; model->by != NULL && i <= model->by->groups; i++)
		if (part_at(model->by, i)->schema.features > widest)
			widest = part_at(model->by, i)->schema.features;
	return model->schema.features + widest;
}

void
ml_model_explain(const ml_model *model, const double *row, double *contribution,
                 double *bias)
{
	const double *inner;
	const ml_model *part = ml_model_part(model, row, &inner);
	const ml_inlet *inlet;
	int next = model->schema.features;

	part->learner->explain(part->state, inner, contribution, bias);
	if (part == model)
		return;
	/* from the last one on, each moves up to its place among the outer features */
	inlet = &model->by->inlet[part_of(model->by, row)];
	for (int f = inlet->features - 1; f >= 0; f--)
	{
		double moved = contribution[f];

		while (--next > inlet->place[f])
			contribution[next] = 0;
		contribution[next] = moved;
	}
	while (--next >= 0)
		contribution[next] = 0;
}

/* Does the outer feature serve as the inner one? */
static bool
is_same_feature(const ml_feature *outer, const ml_feature *inner)
{
	return outer->element == inner->element && ml_text_equal(outer->name, inner->name);
}

static bool
fits(const ml_feature *outer, const ml_feature *inner)
{
	if (outer->kind != inner->kind || outer->width != inner->width ||
	    !ml_text_equal(outer->type, inner->type) || (inner->pooled && !outer->pooled))
		return false;
	if (outer->use == ML_USE_GROUP)
		return inner->use == ML_USE_TERM;
	return outer->use == inner->use;
}

static ml_status
translate_labels(ml_host *host, const ml_feature *outer, const ml_feature *inner,
                 translation *category)
{
	category->labels = inner->levels - (inner->pooled ? 1 : 0);
	category->other = inner->pooled ? category->labels : -1;
	ML_NEW(host, category->outer_of, category->labels);
	for (int level = 0; level < category->labels; level++)
	{
		int32_t code = ml_dictionary_find(outer->lookup, inner->label[level]);

		ML_PAUSE(host, level);
		if (code < 0 || (level > 0 && code <= category->outer_of[level - 1]))
			return ML_BAD_MODEL;
		category->outer_of[level] = code;
	}
	return ML_OK;
}

/* Finds each of the part's features among the outer ones, in order. */
static ml_status
make_inlet(ml_host *host, const ml_schema *outer, const ml_schema *inner, ml_inlet *inlet)
{
	int at = 0, categories = 0;

	for (int f = 0; f < inner->features; f++)
		categories += inner->feature[f].kind == ML_CATEGORY;
	inlet->features = inner->features;
	ML_NEW(host, inlet->place, inner->features);
	ML_NEW(host, inlet->category, categories);
	for (int f = 0; f < inner->features; f++, at++)
	{
		const ml_feature *feature = &inner->feature[f];

		while (at < outer->features && !is_same_feature(&outer->feature[at], feature))
			at++;
		if (at == outer->features || !fits(&outer->feature[at], feature))
			return ML_BAD_MODEL;
		inlet->place[f] = at;
		if (feature->kind != ML_CATEGORY)
			continue;
		inlet->category[inlet->categories].feature = f;
		ML_TRY(translate_labels(host, &outer->feature[at], feature,
		                        &inlet->category[inlet->categories++]));
	}
	return ML_OK;
}

static bool
is_same_class(const ml_schema *a, int i, const ml_schema *b, int j)
{
	return (i < 0 && j < 0) ||
	       (i >= 0 && j >= 0 && ml_text_equal(a->class_label[i], b->class_label[j]));
}

/* Parts answer for classes of the whole; of several, a part may lack some. */
static ml_status
map_classes(ml_host *host, const ml_schema *outer, const ml_schema *inner,
            ml_inlet *inlet)
{
	if (!ml_text_equal(outer->target, inner->target) ||
	    !is_same_class(outer, outer->positive, inner, inner->positive))
		return ML_BAD_MODEL;
	if (outer->task == ML_BINARY &&
	    (outer->rest != inner->rest || !is_same_class(outer, 0, inner, 0)))
		return ML_BAD_MODEL;
	if (outer->task != ML_MULTICLASS)
		return ML_OK;
	ML_NEW(host, inlet->class_of, inner->classes);
	for (int k = 0; k < inner->classes; k++)
	{
		/* both are in byte order, and so are the numbers */
		inlet->class_of[k] = ml_schema_class(outer, inner->class_label[k]);
		if (inlet->class_of[k] < 0)
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

/* The one feature that names the group; -1 for none or several. */
static int
group_feature(const ml_schema *schema)
{
	int found = -1;

	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].use == ML_USE_GROUP)
		{
			if (found >= 0)
				return -1;
			found = f;
		}
	return found;
}

/* Which part serves each label of the group's feature. */
static ml_status
map_groups(ml_host *host, const ml_feature *feature, ml_by *by)
{
	int32_t before = -1;

	ML_NEW(host, by->part_of, feature->levels);
	for (int level = 0; level < feature->levels; level++)
		by->part_of[level] = by->groups;
	for (int g = 0; g < by->groups; g++)
	{
		int32_t code = ml_dictionary_find(feature->lookup, by->group[g].label);

		if (code <= before)
			return ML_BAD_MODEL;
		by->part_of[code] = g;
		before = code;
	}
	return ML_OK;
}

ml_status
ml_by_prepare(ml_host *host, ml_model *model)
{
	ml_by *by = model->by;

	by->feature = group_feature(&model->schema);
	if (by->feature < 0)
		return ML_BAD_MODEL;
	ML_TRY(map_groups(host, &model->schema.feature[by->feature], by));
	ML_NEW(host, by->inlet, by->groups + 1);
	for (int i = 0; i <= by->groups; i++)
	{
		const ml_model *part = part_at(by, i);

		ML_TRY(map_classes(host, &model->schema, &part->schema, &by->inlet[i]));
		ML_TRY(make_inlet(host, &model->schema, &part->schema, &by->inlet[i]));
	}
	return ML_OK;
}

double
ml_model_work(const ml_model *model)
{
	double most = 0;

	if (model->by == NULL)
		return model->learner->work(model->state);
	for (int i = 0; i <= model->by->groups; i++)
	{
		const ml_model *part = part_at(model->by, i);
		double work = part->learner->work(part->state) + part->schema.features;

		most = work > most ? work : most;
	}
	return most;
}
