/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_option.c: option tables: defaults, types, ranges, near names.
 */
#include "test.h"

typedef struct options
{
	double share;
	int64_t count;
	bool fast;
	ml_text label;
} options;

static const ml_option table[] = {
    {"share", ML_OPTION_NUMBER, offsetof(options, share), 0.25, 0, 0.9, "a share"},
    {"count", ML_OPTION_INTEGER, offsetof(options, count), 10, 1, 1000,
     "a number of things"},
    {"fast", ML_OPTION_BOOLEAN, offsetof(options, fast), 1, 0, 1, "whether to hurry"},
    {"label", ML_OPTION_TEXT, offsetof(options, label), 0, 0, 0, "a label"},
};

static bool
read_one(test_host *t, const char *name, ml_value value, options *into,
         ml_option_fault *fault)
{
	ml_option_set set = {table, 4, into};
	ml_value given;

	REQUIRE_OK(ml_value_object(&t->core, 1, &given));
	if (name != NULL)
		ml_value_add(&given, name, value);
	*fault = (ml_option_fault){0};
	return ml_options_read(&given, &set, 1, fault);
}

static void
fills_in_defaults(test_host *t)
{
	options into;
	ml_option_fault fault;

	memset(&into, 0xa5, sizeof into);
	CHECK(read_one(t, NULL, (ml_value){0}, &into, &fault));
	CHECK_SAME(into.share, 0.25);
	CHECK_INT(into.count, 10);
	CHECK(into.fast == true);
	CHECK(into.label.bytes == NULL);
}

static void
takes_what_is_given(test_host *t)
{
	options into;
	ml_option_fault fault;

	CHECK(read_one(t, "share", ml_value_number(0.5), &into, &fault) && into.share == 0.5);
	CHECK(read_one(t, "count", ml_value_number(7), &into, &fault) && into.count == 7);
	CHECK(read_one(t, "fast", ml_value_bool(false), &into, &fault) && !into.fast);
	CHECK(read_one(t, "label", ml_value_word("yes"), &into, &fault));
	CHECK(ml_text_is(into.label, "yes"));
	CHECK_SAME(into.share, 0.25);
}

static void
checks_types_and_ranges(test_host *t)
{
	ml_value null = {.kind = ML_VALUE_NULL}, object;

	REQUIRE_OK(ml_value_object(&t->core, 0, &object));
	const struct
	{
		const char *name;
		ml_value value;
		ml_option_error error;
	} given[] = {
	    {"share", ml_value_number(0), ML_OPTION_FINE},
	    {"share", ml_value_number(0.9), ML_OPTION_FINE},
	    {"share", ml_value_number(-0.1), ML_OPTION_OUT_OF_RANGE},
	    {"share", ml_value_number(0.9000001), ML_OPTION_OUT_OF_RANGE},
	    {"share", ml_value_number(1e300), ML_OPTION_OUT_OF_RANGE},
	    {"share", {.kind = ML_VALUE_NUMBER, .number = NAN}, ML_OPTION_OUT_OF_RANGE},
	    {"share", ml_value_word("0.5"), ML_OPTION_WRONG_TYPE},
	    {"share", ml_value_bool(true), ML_OPTION_WRONG_TYPE},
	    {"share", null, ML_OPTION_FINE}, /* null is "not given" */
	    {"share", object, ML_OPTION_WRONG_TYPE},
	    {"count", ml_value_number(1), ML_OPTION_FINE},
	    {"count", ml_value_number(1000), ML_OPTION_FINE},
	    {"count", ml_value_number(1.5), ML_OPTION_WRONG_TYPE},
	    {"count", ml_value_number(0), ML_OPTION_OUT_OF_RANGE},
	    {"count", ml_value_number(1e19), ML_OPTION_OUT_OF_RANGE},
	    {"count", ml_value_number(-1e19), ML_OPTION_OUT_OF_RANGE},
	    {"count", ml_value_word("7"), ML_OPTION_WRONG_TYPE},
	    {"fast", ml_value_number(1), ML_OPTION_WRONG_TYPE},
	    {"fast", ml_value_word("on"), ML_OPTION_WRONG_TYPE},
	    {"label", ml_value_number(1), ML_OPTION_WRONG_TYPE},
	    {"label", null, ML_OPTION_FINE},
	    {"label", ml_value_word(""), ML_OPTION_FINE},
	    {"nothing", ml_value_number(1), ML_OPTION_UNKNOWN},
	    {"nothing", null, ML_OPTION_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
	{
		options into;
		ml_option_fault fault;
		bool fine = read_one(t, given[i].name, given[i].value, &into, &fault);

		test_check(fine == (given[i].error == ML_OPTION_FINE) &&
		               fault.error == given[i].error,
		           __FILE__, __LINE__, "case %d answers %d", (int) i, (int) fault.error);
		if (!fine)
			CHECK(ml_text_is(fault.name, given[i].name));
		if (fault.error == ML_OPTION_WRONG_TYPE || fault.error == ML_OPTION_OUT_OF_RANGE)
			CHECK(fault.option != NULL && strcmp(fault.option->name, given[i].name) == 0);
	}
}

static void
knows_near_names(test_host *t)
{
	static const struct
	{
		const char *given;
		const char *near;
	} names[] = {{"shares", "share"}, {"hsare", "share"},   {"shar", "share"},
	             {"Share", "share"},  {"counter", "count"}, {"cuont", "count"},
	             {"fasst", "fast"},   {"lable", "label"},   {"labels", "label"},
	             {"x", NULL},         {"", NULL},           {"banana", NULL},
	             {"sharessss", NULL}, {"s", NULL}};
	char longest[200];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
	{
		options into;
		ml_option_fault fault;

		CHECK(!read_one(t, names[i].given, ml_value_number(1), &into, &fault));
		CHECK_INT(fault.error, ML_OPTION_UNKNOWN);
		if (names[i].near == NULL)
			test_check(fault.option == NULL, __FILE__, __LINE__,
			           "\"%s\" is near to \"%s\"", names[i].given,
			           fault.option != NULL ? fault.option->name : "");
		else
			test_check(fault.option != NULL &&
			               strcmp(fault.option->name, names[i].near) == 0,
			           __FILE__, __LINE__, "\"%s\" is not near to \"%s\"", names[i].given,
			           names[i].near);
	}
	memset(longest, 's', sizeof longest);
	for (int length = 50; length < 199; length++)
	{
		options into;
		ml_option_fault fault;

		longest[length] = '\0';
		CHECK(!read_one(t, longest, ml_value_number(1), &into, &fault));
		CHECK(fault.option == NULL);
		longest[length] = 's';
	}
}

static void
searches_all_sets(test_host *t)
{
	options first, second;
	ml_option_set sets[] = {{table, 2, &first}, {table + 2, 2, &second}};
	ml_value given;
	ml_option_fault fault;

	REQUIRE_OK(ml_value_object(&t->core, 3, &given));
	ml_value_add(&given, "fast", ml_value_bool(false));
	ml_value_add(&given, "share", ml_value_number(0.125));
	CHECK(ml_options_read(&given, sets, 2, &fault));
	CHECK(first.share == 0.125 && !second.fast && first.count == 10);
	ml_value_add(&given, "fist", ml_value_bool(false));
	CHECK(!ml_options_read(&given, sets, 2, &fault));
	CHECK(fault.option == &table[2]);
}

static void
writes_what_is_in_force(test_host *t)
{
	options into;
	ml_option_fault fault;
	ml_option_set set = {table, 4, &into};
	ml_value object;

	CHECK(read_one(t, "count", ml_value_number(7), &into, &fault));
	REQUIRE_OK(ml_options_value(&t->core, &set, 1, &object));
	CHECK_INT(object.count, 3);
	CHECK_SAME(ml_value_member(&object, "share")->number, 0.25);
	CHECK_SAME(ml_value_member(&object, "count")->number, 7);
	CHECK(ml_value_member(&object, "fast")->boolean);
	CHECK(ml_value_member(&object, "label") == NULL);
	CHECK(read_one(t, "label", ml_value_word("yes"), &into, &fault));
	REQUIRE_OK(ml_options_value(&t->core, &set, 1, &object));
	CHECK(ml_text_is(ml_value_member(&object, "label")->text, "yes"));
	t->asked = 0;
	for (int k = 1; k <= 2; k++)
	{
		t->asked = 0;
		t->refuse_at = k;
		CHECK_INT(ml_options_value(&t->core, &set, 1, &object), ML_MEMORY);
	}
}

/* What drives cia_options() and the documentation must make sense on its own. */
static void
check_table(const ml_option *option, int count, size_t size)
{
	for (int i = 0; i < count; i++)
	{
		CHECK(option[i].name[0] != '\0' && option[i].meaning[0] != '\0');
		CHECK(option[i].offset < size);
		/* a default outside of the range is "not given" */
		if (option[i].type == ML_OPTION_NUMBER || option[i].type == ML_OPTION_INTEGER)
			CHECK(option[i].minimum <= option[i].maximum);
		for (int j = 0; j < i; j++)
			CHECK(strcmp(option[i].name, option[j].name) != 0);
		for (int j = 0; j < ml_common_option_count && option != ml_common_option; j++)
			CHECK(strcmp(option[i].name, ml_common_option[j].name) != 0);
	}
}

static void
has_sound_tables(test_host *t)
{
	(void) t;
	check_table(ml_common_option, ml_common_option_count, sizeof(ml_common_options));
	for (int i = 0; i < ml_learner_count; i++)
		check_table(ml_learner_table[i]->option, ml_learner_table[i]->options,
		            ml_learner_table[i]->options_size);
}

TEST_MAIN({fills_in_defaults, "options not given have their defaults"},
          {takes_what_is_given, "options of every type are taken"},
          {checks_types_and_ranges, "types and ranges are checked, bounds included"},
          {knows_near_names, "an unknown name gets the nearest one, if it is near"},
          {searches_all_sets, "options are searched in all tables"},
          {writes_what_is_in_force, "options in force become an object"},
          {has_sound_tables, "tables: names are unique, defaults in their ranges"})
