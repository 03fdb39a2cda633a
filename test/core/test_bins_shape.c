/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_bins_shape.c: bins kept in a model, and whatever else may stand in their place.
 */
#include "models.h"

static ml_value
shape_of(test_host *t)
{
	ml_value value;

	REQUIRE_OK(ml_model_shape(&t->core, evidence_model(t), &value));
	return value;
}

static void
comes_back_as_it_was(test_host *t)
{
	ml_model *model = evidence_model(t), *copy;
	ml_value value;

	check_canonical(t, model);
	REQUIRE_OK(ml_model_shape(&t->core, model, &value));
	REQUIRE_OK(ml_model_read(&t->core, &value, &copy));
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_bins *a = model->schema.feature[f].bins,
		              *b = copy->schema.feature[f].bins;

		REQUIRE(a != NULL && b != NULL && a->bins == b->bins);
		CHECK_CLOSE(b->iv, a->iv, 1e-12);
		for (int i = 0; i <= a->bins; i++)
			CHECK_SAME(b->bin[i].woe, a->bin[i].woe);
	}
}

/* Reading answers well or badly, and what was read can be used. */
static void
read_any(test_host *t, const ml_value *value)
{
	ml_model *model = NULL;
	ml_status status = ml_model_read(&t->core, value, &model);

	if (status == ML_OK)
		check_canonical(t, model);
	else
		CHECK_INT(status, ML_BAD_MODEL);
}

static void
put_anything(test_host *t, const ml_value *whole, ml_value *part)
{
	static const double odd[] = {0, -1, 0.5,  1e300, -1e300,   1e-300,
	                             2, 51, 1e18, NAN,   INFINITY, -INFINITY};
	static double sixty[60];
	ml_value kept = *part;

	for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
	{
		*part = (ml_value){.kind = ML_VALUE_NUMBER, .number = odd[k]};
		read_any(t, whole);
		*part = kept;
		for (int64_t i = 0; part->kind == ML_VALUE_NUMBERS && i < part->count; i++)
		{
			double number = part->numbers[i];

			part->numbers[i] = odd[k];
			read_any(t, whole);
			part->numbers[i] = number;
		}
	}
	for (int64_t count = 0; count <= 60; count++)
	{
		*part = ml_value_numbers(sixty, count);
		read_any(t, whole);
		sixty[59 - count % 60] = (double) (60 - count);
	}
	*part = (ml_value){.kind = ML_VALUE_ARRAY};
	read_any(t, whole);
	*part = (ml_value){.kind = ML_VALUE_NULL};
	read_any(t, whole);
	*part = kept;
}

static void
takes_nothing_that_does_not_fit(test_host *t)
{
	ml_value whole = shape_of(t);
	const ml_value *features = ml_value_member(&whole, "features");
	ml_model *model;

	for (int64_t f = 0; f < features->count; f++)
	{
		ml_value *bins = (ml_value *) ml_value_member(&features->items[f], "bins");

		REQUIRE(bins != NULL && bins->count == 4);
		put_anything(t, &whole, bins);
		for (int64_t m = 0; m < bins->count; m++)
		{
			ml_text key = bins->keys[m];

			put_anything(t, &whole, &bins->items[m]);
			bins->keys[m] = test_text("gone");
			CHECK_INT(ml_model_read(&t->core, &whole, &model), ML_BAD_MODEL);
			bins->keys[m] = key;
		}
	}
	CHECK_INT(ml_model_read(&t->core, &whole, &model), ML_OK);
}

static void
notices_refusals(test_host *t)
{
	ml_value value = shape_of(t);

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

TEST_MAIN({comes_back_as_it_was, "bins come back from a value and from bytes"},
          {takes_nothing_that_does_not_fit, "bins that do not fit are refused"},
          {notices_refusals, "every refused allocation is noticed"})
