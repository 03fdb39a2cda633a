/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_shape.c: a model as a value: every member missing, of another kind, out of range.
 */
#include "models.h"

/* A copy that shares no members with the original. */
static ml_value
copy_of(test_host *t, const ml_value *value)
{
	ml_value copy = *value;

	if (value->kind == ML_VALUE_NUMBERS)
	{
		copy.numbers = ml_alloc_array(&t->core, value->count, sizeof(double));
		memcpy(copy.numbers, value->numbers, (size_t) value->count * sizeof(double));
	}
	if (value->kind != ML_VALUE_ARRAY && value->kind != ML_VALUE_OBJECT)
		return copy;
	copy.items = ml_alloc_array(&t->core, value->count, sizeof(ml_value));
	copy.keys = ml_alloc_array(&t->core, value->count, sizeof(ml_text));
	for (int64_t i = 0; i < value->count; i++)
	{
		copy.items[i] = copy_of(t, &value->items[i]);
		if (value->kind == ML_VALUE_OBJECT)
			copy.keys[i] = value->keys[i];
	}
	return copy;
}

static ml_value
shape_of(test_host *t, int kind)
{
	ml_value value;

	REQUIRE_OK(ml_model_shape(&t->core, small_model(t, kind), &value));
	return copy_of(t, &value);
}

static void
read_any(const ml_value *value)
{
	test_host t;
	ml_model *model;
	ml_value own;
	ml_status status;

	test_open(&t);
	own = copy_of(&t, value);
	status = ml_model_read(&t.core, &own, &model);
	CHECK(status == ML_OK || status == ML_BAD_MODEL || status == ML_NEW_FORMAT);
	if (status == ML_OK)
		check_canonical(&t, model);
	test_close(&t);
}

static const double odd_number[] = {0,      -1,           0.5, 2,        1e300,
                                    -1e300, 2147483648.0, NAN, INFINITY, 65536};

/* Replaces a value by everything else there is, and reads the whole. */
static void
replace(test_host *t, const ml_value *whole, ml_value *part)
{
	ml_value kept = *part, object, array;
	double numbers[3] = {1, 2, NAN};

	REQUIRE_OK(ml_value_object(&t->core, 1, &object));
	ml_value_add(&object, "mean", ml_value_number(1));
	REQUIRE_OK(ml_value_array(&t->core, 2, &array));
	array.items[0] = ml_value_word("a");
	array.items[1] = ml_value_word("a");
	*part = (ml_value){.kind = ML_VALUE_NULL};
	read_any(whole);
	for (int i = 0; i < 2; i++)
	{
		*part = ml_value_bool(i);
		read_any(whole);
		*part = ml_value_word(i ? "" : "a word");
		read_any(whole);
	}
	for (int i = 0; i < 10; i++)
	{
		*part = (ml_value){.kind = ML_VALUE_NUMBER, .number = odd_number[i]};
		read_any(whole);
	}
	for (int64_t count = 0; count <= 3; count++)
	{
		*part = ml_value_numbers(numbers, count);
		read_any(whole);
		object.count = array.count = count < 2 ? count : 1;
		*part = object;
		read_any(whole);
		array.count = count < 3 ? count : 2;
		*part = array;
		read_any(whole);
	}
	*part = kept;
}

static void
replace_within(test_host *t, const ml_value *whole, ml_value *part, int depth)
{
	replace(t, whole, part);
	if (part->kind == ML_VALUE_NUMBERS)
		for (int64_t i = 0; i < part->count && i < 3; i++)
			for (int k = 0; k < 10; k++)
			{
				double kept = part->numbers[i];

				part->numbers[i] = odd_number[k];
				read_any(whole);
				part->numbers[i] = kept;
			}
	if (part->kind == ML_VALUE_NUMBERS && part->count > 0)
	{
		part->count--;
		read_any(whole);
		part->count++;
	}
	if (part->kind != ML_VALUE_ARRAY && part->kind != ML_VALUE_OBJECT)
		return;
	for (int64_t i = 0; i < part->count; i++)
		replace_within(t, whole, &part->items[i], depth + 1);
}

static void
answers_any_value_in_any_place(test_host *t)
{
	for (int kind = 0; kind < 3; kind++)
	{
		ml_value value = shape_of(t, kind);

		replace_within(t, &value, &value, 0);
	}
}

/* Members that reading needs; all others may be missing. */
static bool
is_needed(const char *path)
{
	if (strstr(path, ".target.positive") != NULL || strstr(path, ".options.") != NULL ||
	    strstr(path, ".training.") != NULL)
		return false;
	return strstr(path, ".learned.") == NULL || strstr(path, ".intercept") != NULL ||
	       strstr(path, ".coefficients") != NULL;
}

static void
remove_each(test_host *t, const ml_value *whole, ml_value *part, const char *path)
{
	char longer[256];
	ml_model *model;

	if (part->kind == ML_VALUE_OBJECT)
		for (int64_t i = 0; i < part->count; i++)
		{
			ml_text name = part->keys[i];
			ml_value own;

			snprintf(longer, sizeof longer, "%s.%.*s", path, name.length, name.bytes);
			/* an element more or less may be another column, or none */
			if (ml_text_is(name, "element"))
				continue;
			part->keys[i] = test_text("unknown");
			own = copy_of(t, whole);
			test_check(ml_model_read(&t->core, &own, &model) ==
			               (is_needed(longer) ? ML_BAD_MODEL : ML_OK),
			           __FILE__, __LINE__, "without %s", longer);
			part->keys[i] = name;
			remove_each(t, whole, &part->items[i], longer);
		}
	if (part->kind == ML_VALUE_ARRAY)
		for (int64_t i = 0; i < part->count; i++)
			remove_each(t, whole, &part->items[i], path);
}

static void
misses_every_member(test_host *t)
{
	for (int kind = 0; kind < 3; kind++)
	{
		ml_value value = shape_of(t, kind);

		remove_each(t, &value, &value, "");
	}
}

static void
ignores_what_it_does_not_know(test_host *t)
{
	ml_value value = shape_of(t, true), larger;
	ml_model *model;

	REQUIRE_OK(ml_value_object(&t->core, value.count + 1, &larger));
	ml_value_add(&larger, "later", ml_value_number(1));
	for (int64_t i = 0; i < value.count; i++)
	{
		larger.keys[larger.count] = value.keys[i];
		larger.items[larger.count++] = value.items[i];
	}
	REQUIRE_OK(ml_model_read(&t->core, &larger, &model));
	check_canonical(t, model);
}

/* Whatever can be read from JSON can be read again from bytes, however deep. */
static void
reads_no_deeper_than_bytes_go(test_host *t)
{
	static const char *const place[] = {"training", "options"};

	for (int p = 0; p < 2; p++)
		for (int depth = 0; depth < 40; depth++)
		{
			ml_value value = shape_of(t, false), *free_object, deep = ml_value_number(1);

			for (int i = 0; i < depth; i++)
			{
				ml_value outer;

				REQUIRE_OK(ml_value_object(&t->core, 1, &outer));
				ml_value_add(&outer, "a", deep);
				deep = outer;
			}
			free_object = (ml_value *) ml_value_member(&value, place[p]);
			free_object->items[0] = deep;
			read_any(&value);
		}
}

/* Names and labels of any bytes: what comes back is the same model. */
static void
bears_any_text(test_host *t)
{
	static const ml_text odd[] = {
	    {"", 0},          {"\0", 1},       {"intercept\0", 10},
	    {"a\0b", 3},      {"\xff\xfe", 2}, {"coefficients\0x", 14},
	    {"\"quoted\"", 8}};

	for (int i = 0; i < 7; i++)
		for (int kind = 0; kind < 3; kind++)
		{
			ml_value value = shape_of(t, kind);
			ml_value *learned = (ml_value *) ml_value_member(&value, "learned");
			ml_value *features = (ml_value *) ml_value_member(&value, "features");
			ml_value *training = (ml_value *) ml_value_member(&value, "training");

			training->keys[0] = odd[i];
			for (int64_t k = 0; k < learned->count; k++)
			{
				ml_text kept = learned->keys[k];

				learned->keys[k] = odd[i];
				read_any(&value);
				learned->keys[k] = kept;
			}
			/* an extra array in front, whose name begins like one that counts */
			for (int64_t k = 0; k < learned->count; k++)
				if (!ml_text_is(learned->keys[k], "intercept") &&
				    !ml_text_is(learned->keys[k], "coefficients"))
				{
					ml_value kept = learned->items[k];

					learned->keys[k] = odd[i];
					learned->items[k] = ml_value_numbers(&(double){7}, 1);
					read_any(&value);
					learned->items[k] = kept;
				}
			for (int64_t f = 0; f < features->count; f++)
				for (int64_t k = 0; k < features->items[f].count; k++)
					if (features->items[f].items[k].kind == ML_VALUE_TEXT)
					{
						features->items[f].items[k].text = odd[i];
						read_any(&value);
					}
		}
}

static void
checks_ranges(test_host *t)
{
	ml_value value = shape_of(t, true);
	const ml_value *features = ml_value_member(&value, "features");
	ml_model *model;

	for (int64_t f = 0; f < features->count; f++)
	{
		const ml_value *feature = &features->items[f];
		ml_value *labels = (ml_value *) ml_value_member(feature, "labels");
		ml_value *sd = (ml_value *) ml_value_member(feature, "sd");
		ml_value *max = (ml_value *) ml_value_member(feature, "max");
		ml_value *missing = (ml_value *) ml_value_member(feature, "missing");

		missing->number = -missing->number - 1;
		CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
		missing->number = -missing->number - 1;
		if (sd != NULL)
		{
			double kept = max->number;

			sd->number = -sd->number;
			CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
			sd->number = -sd->number;
			max->number = ml_value_member(feature, "min")->number - 1;
			CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
			max->number = kept;
		}
		if (labels != NULL)
		{
			ml_value kept = labels->items[1];

			/* labels that are the same have no codes of their own */
			labels->items[1] = labels->items[0];
			CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
			labels->items[1] = kept;
		}
		CHECK_INT(ml_model_read(&t->core, &value, &model), ML_OK);
	}
}

/* Several classes come in byte order, each once, up to a number that scoring has room for. */
static void
checks_classes(test_host *t)
{
	ml_value value = shape_of(t, 2);
	const ml_value *target = ml_value_member(&value, "target");
	ml_value *classes = (ml_value *) ml_value_member(target, "classes");
	ml_value *positive = (ml_value *) ml_value_member(target, "positive");
	ml_value kept = classes->items[0];
	ml_model *model;

	REQUIRE_OK(ml_model_read(&t->core, &value, &model));
	CHECK_INT(model->schema.classes, 4);
	CHECK_INT(model->schema.positive, 2);
	classes->items[0] = classes->items[1];
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
	classes->items[0] = classes->items[3];
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
	classes->items[0] = kept;
	positive->text = test_text("k9");
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
	positive->text = kept.text;
	REQUIRE_OK(ml_model_read(&t->core, &value, &model));
	CHECK_INT(model->schema.positive, 0);
	classes->count = 1;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
	classes->count = 4;
	REQUIRE_OK(ml_value_array(&t->core, ML_MAX_CLASSES + 1, classes));
	for (int k = 0; k <= ML_MAX_CLASSES; k++)
		classes->items[k] = kept;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
}

static void
refuses_formats_to_come(test_host *t)
{
	ml_value value = shape_of(t, true);
	ml_value *format = (ml_value *) ml_value_member(&value, "format");
	ml_model *model;

	format->number = 2;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_NEW_FORMAT);
	CHECK_INT(t->core.fault.count, 2);
	format->number = 1e18;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_NEW_FORMAT);
	format->number = 1.5;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
	format->number = 0;
	CHECK_INT(ml_model_read(&t->core, &value, &model), ML_BAD_MODEL);
}

static void
notices_refusals(test_host *t)
{
	ml_value value = shape_of(t, true);

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_model *model;
		ml_value back;
		ml_status status;

		test_try(t, &trial);
		status = ml_model_read(&t->core, &value, &model);
		if (status == ML_OK)
			status = ml_model_shape(&t->core, model, &back);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({answers_any_value_in_any_place, "any value in any place gets an answer"},
          {misses_every_member, "every member that is needed is missed"},
          {ignores_what_it_does_not_know, "members it does not know are ignored"},
          {reads_no_deeper_than_bytes_go,
           "what can be read can be written and read again"},
          {bears_any_text, "names and labels of any bytes come back"},
          {checks_ranges, "numbers out of range and equal labels are refused"},
          {checks_classes, "several classes are in order"},
          {refuses_formats_to_come, "later formats are told from damage"},
          {notices_refusals, "every refused allocation is noticed"})
