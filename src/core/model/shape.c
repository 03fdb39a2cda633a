/* SPDX-License-Identifier: PostgreSQL */
/*
 * shape.c: a model as a JSON-shaped value and back.
 *
 * Reading trusts nothing: each member must be there, of its kind and in its
 * range.  Members it does not know are ignored.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

static const char *const task_name[] = {"regression", "binary", "multiclass",
                                        "segmentation"};
static const char *const kind_name[] = {"number", "category"};

static ml_status
number_shape(const ml_feature *feature, ml_value *object)
{
	ml_value_add(object, "mean", ml_value_number(feature->mean));
	ml_value_add(object, "sd", ml_value_number(feature->sd));
	ml_value_add(object, "min", ml_value_number(feature->min));
	ml_value_add(object, "max", ml_value_number(feature->max));
	return ML_OK;
}

static ml_status
category_shape(ml_host *host, const ml_feature *feature, ml_value *object)
{
	ml_value labels;

	ML_TRY(ml_value_array(host, feature->levels, &labels));
	for (int i = 0; i < feature->levels; i++)
		labels.items[i] = ml_value_text(feature->label[i]);
	ml_value_add(object, "labels", labels);
	ml_value_add(object, "counts", ml_value_numbers(feature->count, feature->levels));
	ml_value_add(object, "pooled", ml_value_bool(feature->pooled));
	return ML_OK;
}

static ml_status
feature_shape(ml_host *host, const ml_feature *feature, ml_value *object)
{
	ml_value bins;

	ML_TRY(ml_value_object(host, 12, object));
	ml_value_add(object, "name", ml_value_text(feature->name));
	ml_value_add(object, "type", ml_value_text(feature->type));
	if (feature->element > 0)
	{
		ml_value_add(object, "element", ml_value_number(feature->element));
		ml_value_add(object, "width", ml_value_number(feature->width));
	}
	ml_value_add(object, "kind", ml_value_word(kind_name[feature->kind]));
	if (feature->use != ML_USE_TERM)
		ml_value_add(object, "use", ml_value_word(ml_use_word[feature->use]));
	ml_value_add(object, "missing", ml_value_number(feature->missing));
	if (feature->bins != NULL)
	{
		ML_TRY(ml_bins_shape(host, feature, &bins));
		ml_value_add(object, "bins", bins);
	}
	return feature->kind == ML_NUMBER ? number_shape(feature, object)
	                                  : category_shape(host, feature, object);
}

static ml_status
features_shape(ml_host *host, const ml_schema *schema, ml_value *features)
{
	ML_TRY(ml_value_array(host, schema->features, features));
	for (int f = 0; f < schema->features; f++)
		ML_TRY(feature_shape(host, &schema->feature[f], &features->items[f]));
	return ML_OK;
}

static ml_status
target_shape(ml_host *host, const ml_schema *schema, ml_value *object)
{
	ml_value classes;

	ML_TRY(ml_value_object(host, 5, object));
	if (schema->task != ML_SEGMENTATION)
		ml_value_add(object, "name", ml_value_text(schema->target));
	if (schema->task == ML_REGRESSION)
	{
		ml_value_add(object, "mean", ml_value_number(schema->target_mean));
		ml_value_add(object, "sd", ml_value_number(schema->target_sd));
		return ML_OK;
	}
	ML_TRY(ml_value_array(host, schema->classes, &classes));
	for (int i = 0; i < schema->classes; i++)
		classes.items[i] = ml_value_text(schema->class_label[i]);
	ml_value_add(object, "classes", classes);
	ml_value_add(object, "counts",
	             ml_value_numbers(schema->class_count, schema->classes));
	if (schema->task == ML_BINARY)
		ml_value_add(object, "rest", ml_value_bool(schema->rest));
	else if (schema->positive >= 0)
		ml_value_add(object, "positive",
		             ml_value_text(schema->class_label[schema->positive]));
	return ML_OK;
}

static ml_status
learned_shape(ml_host *host, const ml_fitted *fitted, ml_value *object)
{
	ML_TRY(ml_value_object(host, fitted->parts, object));
	/* a name from outside may hold a zero byte, so it goes in with its length */
	for (int i = 0; i < fitted->parts; i++)
	{
		object->keys[i] = fitted->part[i].name;
		object->items[i] =
		    ml_value_numbers(fitted->part[i].number, fitted->part[i].count);
	}
	object->count = fitted->parts;
	return ML_OK;
}

/* Parts have all members but those which they share with the whole. */
static ml_status
part_shape(ml_host *host, const ml_model *part, const ml_text *label, ml_value *value)
{
	ml_value target, features, learned, training = part->training;

	ML_TRY(target_shape(host, &part->schema, &target));
	ML_TRY(features_shape(host, &part->schema, &features));
	ML_TRY(learned_shape(host, &part->fitted, &learned));
	ML_TRY(ml_value_sort(host, &learned));
	ML_TRY(ml_value_sort(host, &training));
	ML_TRY(ml_value_object(host, 6, value));
	if (label != NULL)
		ml_value_add(value, "label", ml_value_text(*label));
	ml_value_add(value, "target", target);
	ml_value_add(value, "rows", ml_value_number(part->schema.rows));
	ml_value_add(value, "features", features);
	ml_value_add(value, "learned", learned);
	ml_value_add(value, "training", training);
	return ML_OK;
}

static ml_status
by_shape(ml_host *host, const ml_by *by, ml_value *object)
{
	ml_value overall, groups;

	ML_TRY(part_shape(host, by->overall, NULL, &overall));
	ML_TRY(ml_value_array(host, by->groups, &groups));
	for (int g = 0; g < by->groups; g++)
		ML_TRY(
		    part_shape(host, by->group[g].model, &by->group[g].label, &groups.items[g]));
	ML_TRY(ml_value_object(host, 2, object));
	ml_value_add(object, "overall", overall);
	ml_value_add(object, "groups", groups);
	return ML_OK;
}

ml_status
ml_model_shape(ml_host *host, const ml_model *model, ml_value *value)
{
	const ml_schema *schema = &model->schema;
	ml_value target, features, learned, by;
	ml_value options = model->options, training = model->training;

	ML_TRY(target_shape(host, schema, &target));
	ML_TRY(features_shape(host, schema, &features));
	ML_TRY(learned_shape(host, &model->fitted, &learned));
	ML_TRY(ml_value_sort(host, &learned));
	ML_TRY(ml_value_sort(host, &options));
	ML_TRY(ml_value_sort(host, &training));
	ML_TRY(ml_value_object(host, 10, value));
	ml_value_add(value, "format", ml_value_number(ML_FORMAT));
	ml_value_add(value, "algorithm", ml_value_word(model->learner->name));
	ml_value_add(value, "task", ml_value_word(task_name[schema->task]));
	ml_value_add(value, "target", target);
	ml_value_add(value, "rows", ml_value_number(schema->rows));
	ml_value_add(value, "features", features);
	ml_value_add(value, "options", options);
	ml_value_add(value, "learned", learned);
	ml_value_add(value, "training", training);
	if (model->by == NULL)
		return ML_OK;
	ML_TRY(by_shape(host, model->by, &by));
	ml_value_add(value, "by", by);
	return ML_OK;
}

/* The member of that name and kind; ML_BAD_MODEL otherwise. */
static ml_status
member(const ml_value *object, const char *name, ml_value_kind kind,
       const ml_value **found)
{
	*found = ml_value_member(object, name);
	if (*found == NULL)
		return ML_BAD_MODEL;
	/* an empty JSON array has no kind of its own */
	if ((*found)->count == 0 && (kind == ML_VALUE_ARRAY || kind == ML_VALUE_NUMBERS))
		return (*found)->kind == ML_VALUE_ARRAY || (*found)->kind == ML_VALUE_NUMBERS
		           ? ML_OK
		           : ML_BAD_MODEL;
	return (*found)->kind == kind ? ML_OK : ML_BAD_MODEL;
}

static ml_status
read_text(const ml_value *object, const char *name, ml_text *text)
{
	const ml_value *found;

	ML_TRY(member(object, name, ML_VALUE_TEXT, &found));
	*text = found->text;
	return ML_OK;
}

/* A finite number that is at least minimum. */
static ml_status
read_number(const ml_value *object, const char *name, double minimum, double *number)
{
	const ml_value *found;

	ML_TRY(member(object, name, ML_VALUE_NUMBER, &found));
	*number = found->number;
	return isfinite(found->number) && found->number >= minimum ? ML_OK : ML_BAD_MODEL;
}

static ml_status
read_bool(const ml_value *object, const char *name, bool *boolean)
{
	const ml_value *found;

	ML_TRY(member(object, name, ML_VALUE_BOOL, &found));
	*boolean = found->boolean;
	return ML_OK;
}

/* Which of some words a text is. */
static ml_status
read_word(const ml_value *object, const char *name, const char *const *words, int count,
          int *which)
{
	ml_text text;

	ML_TRY(read_text(object, name, &text));
	for (*which = 0; *which < count; (*which)++)
		if (ml_text_is(text, words[*which]))
			return ML_OK;
	return ML_BAD_MODEL;
}

/* So many counts of rows. */
static ml_status
read_counts(const ml_value *object, int64_t count, double **counts)
{
	const ml_value *found;

	ML_TRY(member(object, "counts", ML_VALUE_NUMBERS, &found));
	if (found->count != count)
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < count; i++)
		if (!isfinite(found->numbers[i]) || found->numbers[i] < 0)
			return ML_BAD_MODEL;
	*counts = found->numbers;
	return ML_OK;
}

static ml_status
read_category(ml_host *host, const ml_value *object, ml_feature *feature)
{
	const ml_value *labels;

	ML_TRY(member(object, "labels", ML_VALUE_ARRAY, &labels));
	if (labels->count < 1 || labels->count > INT32_MAX / 16)
		return ML_BAD_MODEL;
	feature->levels = (int) labels->count;
	ML_NEW(host, feature->label, labels->count);
	for (int i = 0; i < feature->levels; i++)
	{
		if (labels->items[i].kind != ML_VALUE_TEXT)
			return ML_BAD_MODEL;
		feature->label[i] = labels->items[i].text;
	}
	ML_TRY(read_counts(object, labels->count, &feature->count));
	ML_TRY(read_bool(object, "pooled", &feature->pooled));
	return ml_feature_index(host, feature);
}

/* The place of a feature in an array column; zeros for a scalar. */
static ml_status
read_place(const ml_value *object, ml_feature *feature)
{
	double element, width;

	if (ml_value_member(object, "element") == NULL)
		return ML_OK;
	ML_TRY(read_number(object, "element", 1, &element));
	ML_TRY(read_number(object, "width", element, &width));
	if (element != floor(element) || width != floor(width) || width > INT32_MAX)
		return ML_BAD_MODEL;
	feature->element = (int) element;
	feature->width = (int) width;
	return ML_OK;
}

/* What the feature is to the model: a term unless it says otherwise. */
static ml_status
read_use(const ml_value *object, ml_feature *feature)
{
	int use = ML_USE_TERM;

	if (ml_value_member(object, "use") != NULL)
		ML_TRY(read_word(object, "use", ml_use_word, ML_USES, &use));
	feature->use = (ml_use) use;
	if (use == ML_USE_GROUP)
		return feature->kind == ML_CATEGORY ? ML_OK : ML_BAD_MODEL;
	return use == ML_USE_TERM || feature->kind == ML_NUMBER ? ML_OK : ML_BAD_MODEL;
}

static ml_status
read_feature(ml_host *host, const ml_value *object, ml_feature *feature)
{
	int kind;

	*feature = (ml_feature){.column = -1};
	ML_TRY(read_text(object, "name", &feature->name));
	ML_TRY(read_text(object, "type", &feature->type));
	ML_TRY(read_place(object, feature));
	ML_TRY(read_word(object, "kind", kind_name, 2, &kind));
	feature->kind = (ml_kind) kind;
	ML_TRY(read_use(object, feature));
	ML_TRY(read_number(object, "missing", 0, &feature->missing));
	if (feature->kind == ML_CATEGORY)
		return feature->element > 0 ? ML_BAD_MODEL : read_category(host, object, feature);
	ML_TRY(read_number(object, "mean", -INFINITY, &feature->mean));
	ML_TRY(read_number(object, "sd", 0, &feature->sd));
	ML_TRY(read_number(object, "min", -INFINITY, &feature->min));
	return read_number(object, "max", feature->min, &feature->max);
}

/* Each segment has a name of its own. */
static ml_status
check_segments(ml_host *host, const ml_schema *schema)
{
	ml_dictionary *names;

	ML_TRY(ml_dictionary_create(host, &names));
	for (int k = 0; k < schema->classes; k++)
	{
		int32_t code;

		ML_TRY(ml_dictionary_add(names, schema->class_label[k], &code));
		if (code != k || schema->class_label[k].length == 0)
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

/* Several classes are in byte order, each once, and the positive one is among them. */
static ml_status
check_classes(const ml_value *object, ml_schema *schema)
{
	ml_text positive;

	for (int k = 1; k < schema->classes; k++)
		if (ml_text_compare(schema->class_label[k - 1], schema->class_label[k]) >= 0)
			return ML_BAD_MODEL;
	if (ml_value_member(object, "positive") == NULL)
		return ML_OK;
	ML_TRY(read_text(object, "positive", &positive));
	schema->positive = ml_schema_class(schema, positive);
	return schema->positive >= 0 ? ML_OK : ML_BAD_MODEL;
}

static ml_status
read_target(ml_host *host, const ml_value *object, ml_schema *schema)
{
	bool binary = schema->task == ML_BINARY;
	const ml_value *classes;

	if (schema->task != ML_SEGMENTATION)
		ML_TRY(read_text(object, "name", &schema->target));
	schema->positive = -1;
	if (schema->task == ML_REGRESSION)
	{
		ML_TRY(read_number(object, "mean", -INFINITY, &schema->target_mean));
		return read_number(object, "sd", 0, &schema->target_sd);
	}
	ML_TRY(member(object, "classes", ML_VALUE_ARRAY, &classes));
	if (classes->count < 2 || classes->count > (binary ? 2 : ML_MAX_CLASSES))
		return ML_BAD_MODEL;
	schema->classes = (int) classes->count;
	ML_TRY(read_counts(object, classes->count, &schema->class_count));
	ML_NEW(host, schema->class_label, schema->classes);
	for (int i = 0; i < schema->classes; i++)
	{
		if (classes->items[i].kind != ML_VALUE_TEXT)
			return ML_BAD_MODEL;
		schema->class_label[i] = classes->items[i].text;
	}
	if (schema->task == ML_SEGMENTATION)
		return check_segments(host, schema);
	if (!binary)
		return check_classes(object, schema);
	schema->positive = 1;
	return read_bool(object, "rest", &schema->rest);
}

static ml_status
read_learned(ml_host *host, const ml_value *value, ml_fitted *fitted)
{
	const ml_value *learned;

	ML_TRY(member(value, "learned", ML_VALUE_OBJECT, &learned));
	if (learned->count > ML_MAX_PARTS)
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < learned->count; i++)
	{
		const ml_value *item = &learned->items[i];
		ml_part *part = &fitted->part[fitted->parts++];

		if (item->kind != ML_VALUE_NUMBERS && item->count > 0)
			return ML_BAD_MODEL;
		ML_TRY(ml_text_copy(host, learned->keys[i], &part->name));
		part->number = item->numbers;
		part->count = item->kind == ML_VALUE_NUMBERS ? item->count : 0;
		if (ml_any_infinite(part->number, part->count))
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

static ml_status
read_features(ml_host *host, const ml_value *value, ml_schema *schema)
{
	const ml_value *features;

	ML_TRY(member(value, "features", ML_VALUE_ARRAY, &features));
	if (features->count < 1 || features->count > INT32_MAX / 16)
		return ML_BAD_MODEL;
	ML_NEW(host, schema->feature, features->count);
	schema->features = (int) features->count;
	for (int f = 0; f < schema->features; f++)
	{
		ml_feature *feature = &schema->feature[f];

		ML_PAUSE(host, f);
		ML_TRY(read_feature(host, &features->items[f], feature));
		/* elements of an array stand side by side, in order */
		if (f > 0 && ml_text_equal(feature->name, feature[-1].name) &&
		    (feature->element <= feature[-1].element ||
		     feature->width != feature[-1].width))
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

/* What the whole and its parts have; learner, task and options are there. */
static ml_status
read_part(ml_host *host, const ml_value *value, ml_model *model)
{
	const ml_value *target, *training;

	ML_TRY(member(value, "target", ML_VALUE_OBJECT, &target));
	ML_TRY(read_target(host, target, &model->schema));
	ML_TRY(read_number(value, "rows", 0, &model->schema.rows));
	ML_TRY(read_features(host, value, &model->schema));
	if (model->learner->bins != NULL)
		ML_TRY(ml_bins_read(host, ml_value_member(value, "features"), &model->schema));
	ML_TRY(member(value, "training", ML_VALUE_OBJECT, &training));
	model->training = *training;
	ML_TRY(ml_value_sort(host, &model->training));
	return read_learned(host, value, &model->fitted);
}

/* A part of the model, ready to score; parts have no parts. */
static ml_status
read_whole_part(ml_host *host, const ml_value *value, const ml_model *model,
                ml_model **out)
{
	ml_model *part;

	ML_NEW(host, part, 1);
	part->learner = model->learner;
	part->options = model->options;
	part->schema.task = model->schema.task;
	ML_TRY(read_part(host, value, part));
	*out = part;
	return ml_model_prepare(host, part);
}

static ml_status
read_by(ml_host *host, const ml_value *value, ml_model *model)
{
	const ml_value *overall, *groups;

	if (value->kind != ML_VALUE_OBJECT || model->fitted.parts > 0)
		return ML_BAD_MODEL;
	ML_NEW(host, model->by, 1);
	ML_TRY(member(value, "overall", ML_VALUE_OBJECT, &overall));
	ML_TRY(read_whole_part(host, overall, model, &model->by->overall));
	ML_TRY(member(value, "groups", ML_VALUE_ARRAY, &groups));
	if (groups->count > ML_MAX_GROUPS)
		return ML_BAD_MODEL;
	ML_NEW(host, model->by->group, groups->count);
	for (int g = 0; g < (int) groups->count; g++)
	{
		ml_group *group = &model->by->group[model->by->groups++];

		ML_TRY(read_text(&groups->items[g], "label", &group->label));
		ML_TRY(read_whole_part(host, &groups->items[g], model, &group->model));
	}
	return ml_by_prepare(host, model);
}

ml_status
ml_model_read(ml_host *host, const ml_value *value, ml_model **out)
{
	const ml_value *options, *by = ml_value_member(value, "by");
	ml_model *model;
	ml_text algorithm;
	double format;
	int task;

	ML_TRY(read_number(value, "format", 1, &format));
	if (format != floor(format))
		return ML_BAD_MODEL;
	host->fault.count = (int64_t) (format < 65535 ? format : 65535);
	if (format > ML_FORMAT)
		return ML_NEW_FORMAT;
	ML_NEW(host, model, 1);
	ML_TRY(read_text(value, "algorithm", &algorithm));
	ML_TRY(read_word(value, "task", task_name, 4, &task));
	model->learner = ml_learner_of_task(algorithm, (ml_task_kind) task);
	if (model->learner == NULL)
		return ML_BAD_MODEL;
	model->schema.task = (ml_task_kind) task;
	ML_TRY(member(value, "options", ML_VALUE_OBJECT, &options));
	model->options = *options;
	ML_TRY(ml_value_sort(host, &model->options));
	ML_TRY(read_part(host, value, model));
	*out = model;
	if (by != NULL)
		return read_by(host, by, model);
	return ml_model_prepare(host, model);
}
