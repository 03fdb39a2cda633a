/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_parts.c: a model of parts as a value: what hostile members must not do, rows and
 * contributions on their way through a part.
 */
#include "models.h"

static ml_model *
model_by_region(test_host *t, bool binary)
{
	static const sample_option options[] = {{"max_categories", 5}, {NULL, 0}};
	sample s = {.seed = 531, .binary = binary, .id = true};
	ml_request request;
	ml_result result;
	ml_frame *frame;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 600, &frame));
	REQUIRE_OK(
	    sample_request(&t->core, binary ? "logistic" : "linear", options, &request));
	request.common.by = test_text("region");
	request.group_is_term = true;
	REQUIRE_OK(ml_train(&t->core, frame, &request, &result));
	REQUIRE(result.model->by->groups == 4);
	return result.model;
}

/* The model's value, read anew from bytes so that each test may change it. */
static ml_value
value_of(test_host *t, bool binary)
{
	ml_value value, copy;
	ml_bytes bytes;

	REQUIRE_OK(ml_model_shape(&t->core, model_by_region(t, binary), &value));
	REQUIRE_OK(ml_value_encode(&t->core, &value, 0, &bytes));
	REQUIRE_OK(ml_value_decode(&t->core, bytes.data, bytes.length, &copy));
	return copy;
}

static ml_value *
member(ml_value *object, const char *name)
{
	ml_value *found = (ml_value *) ml_value_member(object, name);

	REQUIRE(found != NULL);
	return found;
}

static ml_value *
group(ml_value *value, int g)
{
	return &member(member(value, "by"), "groups")->items[g];
}

static void
check_refused(test_host *t, const ml_value *value)
{
	ml_model *model;

	CHECK_INT(ml_model_read(&t->core, value, &model), ML_BAD_MODEL);
}

static void
reads_what_it_wrote(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		ml_value value = value_of(t, binary);
		ml_model *model;

		REQUIRE_OK(ml_model_read(&t->core, &value, &model));
		check_canonical(t, model);
		check_scores(t, model_by_region(t, binary), model);
	}
}

static void
refuses_parts_that_do_not_fit(test_host *t)
{
	static const char *const text[] = {"name", "type", "kind"};
	ml_value value, *features;

	for (int i = 0; i < 3; i++)
	{
		value = value_of(t, true);
		features = member(group(&value, 1), "features");
		*member(&features->items[0], text[i]) = ml_value_word("none");
		check_refused(t, &value);
	}
	/* features and labels in another order */
	value = value_of(t, true);
	features = member(group(&value, 2), "features");
	ml_value first = features->items[0];
	features->items[0] = features->items[1];
	features->items[1] = first;
	check_refused(t, &value);
	value = value_of(t, true);
	features = member(member(member(&value, "by"), "overall"), "features");
	for (int64_t f = 0; f < features->count; f++)
		if (ml_text_is(member(&features->items[f], "name")->text, "region"))
		{
			ml_value *labels = member(&features->items[f], "labels");

			first = labels->items[0];
			labels->items[0] = labels->items[1];
			labels->items[1] = first;
		}
	check_refused(t, &value);
	/* a label that the whole does not know */
	value = value_of(t, true);
	features = member(group(&value, 0), "features");
	for (int64_t f = 0; f < features->count; f++)
		if (ml_text_is(member(&features->items[f], "name")->text, "product"))
			member(&features->items[f], "labels")->items[0] = ml_value_word("A");
	check_refused(t, &value);
	/* other classes */
	value = value_of(t, true);
	member(member(group(&value, 3), "target"), "classes")->items[1] =
	    ml_value_word("maybe");
	check_refused(t, &value);
}

static void
refuses_groups_that_do_not_fit(test_host *t)
{
	ml_value value, first, *features;

	/* unknown, twice, out of order */
	value = value_of(t, false);
	*member(group(&value, 0), "label") = ml_value_word("moon");
	check_refused(t, &value);
	value = value_of(t, false);
	*group(&value, 1) = *group(&value, 0);
	check_refused(t, &value);
	value = value_of(t, false);
	first = *group(&value, 0);
	*group(&value, 0) = *group(&value, 1);
	*group(&value, 1) = first;
	check_refused(t, &value);
	/* no feature names the group, or two do */
	for (int two = 0; two < 2; two++)
	{
		value = value_of(t, false);
		features = member(&value, "features");
		for (int64_t f = 0; f < features->count; f++)
		{
			ml_value *feature = &features->items[f];
			const ml_value *use = ml_value_member(feature, "use");

			if (use != NULL && !two)
				*member(feature, "use") = ml_value_word("term");
			if (two && ml_text_is(member(feature, "name")->text, "product"))
			{
				ml_value wider;

				REQUIRE_OK(ml_value_object(&t->core, feature->count + 1, &wider));
				for (int64_t i = 0; i < feature->count; i++)
				{
					wider.keys[i] = feature->keys[i];
					wider.items[i] = feature->items[i];
				}
				wider.count = feature->count;
				ml_value_add(&wider, "use", ml_value_word("group"));
				*feature = wider;
			}
		}
		check_refused(t, &value);
	}
	/* the whole has learned something itself */
	value = value_of(t, false);
	*member(&value, "learned") =
	    *member(member(member(&value, "by"), "overall"), "learned");
	check_refused(t, &value);
	/* parts that are no objects; a part that has parts is a part whose member is ignored */
	value = value_of(t, false);
	*group(&value, 0) = ml_value_number(1);
	check_refused(t, &value);
	value = value_of(t, false);
	*member(&value, "by") = ml_value_bool(true);
	check_refused(t, &value);
}

/* Any member of any part missing is noticed. */
static void
needs_all_members_of_parts(test_host *t)
{
	for (int which = 0; which < 6; which++)
	{
		ml_value value = value_of(t, true);
		ml_value *part = group(&value, which % 4);

		REQUIRE(part->count == 6);
		for (int64_t i = which; i < part->count - 1; i++)
		{
			part->keys[i] = part->keys[i + 1];
			part->items[i] = part->items[i + 1];
		}
		part->count--;
		check_refused(t, &value);
	}
}

/* Contributions add up to the margin of the part, at the places of the outer features. */
static void
explains_through_the_part(test_host *t)
{
	ml_model *model = model_by_region(t, true);
	const ml_schema *schema = &model->schema;
	int64_t room = ml_model_room(model);
	double *row = ml_alloc_array(&t->core, room, sizeof *row);
	double *contribution =
	    ml_alloc_array(&t->core, schema->features, sizeof *contribution);

	CHECK(room > schema->features && room <= 2 * schema->features);
	REQUIRE_OK(ml_model_lay_out(&t->core, model));
	for (int turn = 0; turn < 40; turn++)
	{
		uint64_t at = (uint64_t) turn;
		const double *inner;
		const ml_model *part;
		double bias, sum;

		for (int f = 0; f < schema->features; f++)
			row[f] =
			    schema->feature[f].kind == ML_NUMBER
			        ? schema->feature[f].mean + schema->feature[f].sd * test_normal(&at)
			        : (double) test_below(&at, schema->feature[f].levels + 1) - 1;
		part = ml_model_part(model, row, &inner);
		CHECK(part != model &&
		      part == (row[model->by->feature] < 0
		                   ? model->by->overall
		                   : model->by->group[(int) row[model->by->feature]].model));
		ml_model_explain(model, row, contribution, &bias);
		sum = bias;
		for (int f = 0; f < schema->features; f++)
			sum += contribution[f];
		CHECK_NEAR(sum, part->learner->margin(part->state, inner), 1e-9);
		if (part != model->by->overall)
			CHECK_SAME(contribution[model->by->feature], 0);
	}
}

TEST_MAIN({reads_what_it_wrote, "a model of parts comes back as it was"},
          {refuses_parts_that_do_not_fit, "parts that do not fit the whole are refused"},
          {refuses_groups_that_do_not_fit, "groups that do not fit are refused"},
          {needs_all_members_of_parts, "every member of a part is needed"},
          {explains_through_the_part, "contributions add up to the part's margin"})
