/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_value.c: the binary form of JSON-shaped values.
 */
#include "test.h"

static ml_value
random_text(ml_host *host, uint64_t *state)
{
	int64_t length = test_below(state, 12);
	char *bytes = ml_alloc(host, (size_t) length);

	for (int64_t i = 0; i < length; i++)
		bytes[i] = (char) test_random(state);
	return ml_value_text((ml_text){bytes, (int32_t) length});
}

static ml_value
random_numbers(ml_host *host, uint64_t *state)
{
	static const double scale[] = {100, 30000, 2e9, 1e12, 0.01};
	int64_t count = test_below(state, 10);
	double *numbers = ml_alloc(host, (size_t) count * sizeof *numbers);
	double size = scale[test_below(state, 5)];

	for (int64_t i = 0; i < count; i++)
	{
		numbers[i] = floor((test_uniform(state) - 0.5) * size);
		if (size < 1)
			numbers[i] = test_below(state, 4) == 0 ? NAN : test_normal(state);
	}
	return ml_value_numbers(numbers, count);
}

static ml_value
random_value(ml_host *host, uint64_t *state, int depth)
{
	ml_value value = {.kind = ML_VALUE_NULL};
	int64_t kind = test_below(state, depth < 5 ? 7 : 5), count = test_below(state, 5);

	switch ((ml_value_kind) kind)
	{
		case ML_VALUE_NULL:
			break;
		case ML_VALUE_BOOL:
			return ml_value_bool(test_below(state, 2) == 0);
		case ML_VALUE_NUMBER:
			return ml_value_number(test_normal(state) * exp(test_normal(state)));
		case ML_VALUE_TEXT:
			return random_text(host, state);
		case ML_VALUE_NUMBERS:
			return random_numbers(host, state);
		case ML_VALUE_ARRAY:
			REQUIRE_OK(ml_value_array(host, count, &value));
			break;
		case ML_VALUE_OBJECT:
			REQUIRE_OK(ml_value_object(host, count, &value));
			value.count = count;
			for (int64_t i = 0; i < count; i++)
				value.keys[i] = random_text(host, state).text;
			break;
	}
	for (int64_t i = 0; i < value.count; i++)
		value.items[i] = random_value(host, state, depth + 1);
	return value;
}

static bool
same_value(const ml_value *a, const ml_value *b)
{
	bool same = a->kind == b->kind && a->count == b->count && a->boolean == b->boolean &&
	            test_same(a->number, b->number) &&
	            (a->kind != ML_VALUE_TEXT || ml_text_equal(a->text, b->text));

	for (int64_t i = 0; same && i < a->count; i++)
		switch (a->kind)
		{
			case ML_VALUE_NUMBERS:
				same = test_same(a->numbers[i], b->numbers[i]);
				break;
			case ML_VALUE_OBJECT:
				same = ml_text_equal(a->keys[i], b->keys[i]) &&
				       same_value(&a->items[i], &b->items[i]);
				break;
			default:
				same = same_value(&a->items[i], &b->items[i]);
		}
	return same;
}

/* A piece of exactly these bytes, so that reading past them is seen. */
static unsigned char *
exact_copy(ml_host *host, const unsigned char *bytes, size_t length)
{
	unsigned char *copy = ml_alloc(host, length);

	memcpy(copy, bytes, length);
	return copy;
}

static void
comes_back(test_host *t)
{
	uint64_t state = 11;

	for (int trial = 0; trial < 500; trial++)
	{
		ml_value value = random_value(&t->core, &state, 0), back;
		ml_bytes bytes, again;
		size_t header = (size_t) test_below(&state, 20);

		REQUIRE_OK(ml_value_encode(&t->core, &value, header, &bytes));
		for (size_t i = 0; i < header; i++)
			CHECK(bytes.data[i] == 0);
		REQUIRE_OK(
		    ml_value_decode(&t->core, bytes.data + header, bytes.length - header, &back));
		CHECK(same_value(&value, &back));
		REQUIRE_OK(ml_value_encode(&t->core, &back, header, &again));
		CHECK(test_same_bytes(bytes, again));
	}
}

static void
refuses_what_is_cut_short(test_host *t)
{
	uint64_t state = 12;

	for (int trial = 0; trial < 60; trial++)
	{
		ml_value value = random_value(&t->core, &state, 0), back;
		ml_bytes bytes;

		REQUIRE_OK(ml_value_encode(&t->core, &value, 0, &bytes));
		for (size_t length = 0; length < bytes.length; length++)
			CHECK(ml_value_decode(&t->core, exact_copy(&t->core, bytes.data, length),
			                      length, &back) == ML_BAD_MODEL);
		unsigned char *longer = ml_alloc(&t->core, bytes.length + 1);
		memcpy(longer, bytes.data, bytes.length);
		CHECK(ml_value_decode(&t->core, longer, bytes.length + 1, &back) == ML_BAD_MODEL);
	}
}

static void
survives_any_bytes(test_host *t)
{
	uint64_t state = 13;
	ml_value back;

	for (int trial = 0; trial < 20000; trial++)
	{
		size_t length = (size_t) test_below(&state, 40);
		unsigned char *bytes = malloc(length);
		ml_status status;

		/* small bytes are tags, widths and lengths more often than not */
		for (size_t i = 0; i < length; i++)
			bytes[i] =
			    (unsigned char) test_below(&state, test_below(&state, 2) ? 9 : 256);
		status = ml_value_decode(&t->core, bytes, length, &back);
		CHECK(status == ML_OK || status == ML_BAD_MODEL);
		free(bytes);
	}
}

static void
takes_the_narrowest_width(test_host *t)
{
	static const struct
	{
		double number;
		int width;
	} expected[] = {
	    {0, 1},      {-0.0, 1},       {1, 1},          {127, 1},         {-127, 1},
	    {128, 2},    {-128, 2},       {32767, 2},      {-32767, 2},      {32768, 4},
	    {-32768, 4}, {2147483647, 4}, {2147483648, 8}, {-2147483647, 4}, {-2147483649, 8},
	    {0.5, 8},    {NAN, 8},        {1e300, 8},      {4.94e-324, 8},
	};

	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
	{
		double number = expected[i].number;
		ml_value value = ml_value_numbers(&number, 1), back;
		ml_bytes bytes;

		REQUIRE_OK(ml_value_encode(&t->core, &value, 0, &bytes));
		CHECK_INT(bytes.length, 10 + expected[i].width);
		REQUIRE_OK(ml_value_decode(&t->core, bytes.data, bytes.length, &back));
		CHECK_SAME(back.numbers[0], number + 0.0);
	}
}

static void
has_one_nan(test_host *t)
{
	uint64_t bits = UINT64_C(0xfff0000000000001);
	double odd[1], plain[1] = {NAN};
	ml_value a, b = ml_value_numbers(plain, 1);
	ml_bytes first, second;

	memcpy(odd, &bits, sizeof bits);
	a = ml_value_numbers(odd, 1);
	REQUIRE_OK(ml_value_encode(&t->core, &a, 0, &first));
	REQUIRE_OK(ml_value_encode(&t->core, &b, 0, &second));
	CHECK(test_same_bytes(first, second));
	CHECK(ml_value_number(NAN).kind == ML_VALUE_NULL);
	CHECK(ml_value_number(INFINITY).kind == ML_VALUE_NULL);
	CHECK_SAME(ml_value_number(-0.0).number, 0.0);
}

static void
has_one_zero(test_host *t)
{
	double numbers[2] = {-0.0, -1};
	ml_value object, array, one = ml_value_numbers(numbers, 1);

	REQUIRE_OK(ml_value_array(&t->core, 2, &array));
	array.items[0] = ml_value_numbers(numbers, 2);
	array.items[1] = ml_value_word("-0");
	REQUIRE_OK(ml_value_object(&t->core, 2, &object));
	ml_value_add(&object, "array", array);
	ml_value_add(&object, "number", (ml_value){.kind = ML_VALUE_NUMBER, .number = -0.0});
	ml_value_one_zero(&object);
	CHECK_SAME(numbers[0], 0.0);
	CHECK_SAME(numbers[1], -1);
	CHECK_SAME(ml_value_member(&object, "number")->number, 0.0);
	numbers[0] = -0.0;
	ml_value_one_zero(&one);
	CHECK_SAME(numbers[0], 0.0);
}

static void
refuses_numbers_that_are_none(test_host *t)
{
	static const double bad[] = {INFINITY, -INFINITY, NAN};
	unsigned char bytes[18] = {0};
	ml_value back;

	for (int i = 0; i < 3; i++)
	{
		bytes[0] = 3;
		memcpy(bytes + 1, &bad[i], 8);
		CHECK(ml_value_decode(&t->core, bytes, 9, &back) == ML_BAD_MODEL);
		bytes[0] = 5;
		bytes[1] = 8;
		memset(bytes + 2, 0, 8);
		bytes[2] = 1;
		memcpy(bytes + 10, &bad[i], 8);
		/* in a list NaN is null */
		CHECK(ml_value_decode(&t->core, bytes, 18, &back) ==
		      (isnan(bad[i]) ? ML_OK : ML_BAD_MODEL));
	}
}

static void
checks_counts_before_it_asks(test_host *t)
{
	static const unsigned char huge[][18] = {
	    {4, 0xff, 0xff, 0xff, 0xff, 'x'},
	    {5, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
	    {5, 8, 1, 0, 0, 0, 0, 0, 0, 0x20, 1, 2, 3, 4, 5, 6, 7, 8},
	    {5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1},
	    {5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1},
	    {6, 0xff, 0xff, 0xff, 0xff, 0, 0},
	    {7, 0xff, 0xff, 0xff, 0xff, 0, 0},
	    {7, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0},
	    {8},
	    {255}};
	ml_value back;

	for (size_t i = 0; i < sizeof huge / sizeof *huge; i++)
		CHECK(ml_value_decode(&t->core, huge[i], sizeof huge[i], &back) == ML_BAD_MODEL);
	CHECK(t->bytes < 4096);
}

static void
bounds_its_depth(test_host *t)
{
	unsigned char bytes[5 * 100 + 1];
	ml_value back;

	for (int depth = 0; depth < 100; depth++)
	{
		for (int i = 0; i < depth; i++)
			memcpy(bytes + 5 * i, "\6\1\0\0\0", 5);
		bytes[5 * depth] = 0;
		CHECK(ml_value_decode(&t->core, bytes, 5 * (size_t) depth + 1, &back) ==
		      (depth <= 16 ? ML_OK : ML_BAD_MODEL));
	}
}

static void
refuses_a_gigabyte(test_host *t)
{
	ml_value text = ml_value_text((ml_text){"", 0x3fffffff});
	ml_bytes bytes;

	CHECK(ml_value_encode(&t->core, &text, 0, &bytes) == ML_TOO_LARGE);
	CHECK_INT(t->asked, 0);
}

static void
finds_members(test_host *t)
{
	ml_value object, array;

	REQUIRE_OK(ml_value_object(&t->core, 3, &object));
	ml_value_add(&object, "a", ml_value_number(1));
	ml_value_add(&object, "ab", ml_value_number(2));
	ml_value_add(&object, "a", ml_value_number(3));
	CHECK_NEAR(ml_value_member(&object, "a")->number, 1, 0);
	CHECK_NEAR(ml_value_member(&object, "ab")->number, 2, 0);
	CHECK(ml_value_member(&object, "") == NULL);
	CHECK(ml_value_member(&object, "abc") == NULL);
	REQUIRE_OK(ml_value_array(&t->core, 3, &array));
	CHECK(ml_value_member(&array, "a") == NULL);
	CHECK(ml_value_member(NULL, "a") == NULL);
}

/* The values of an object and of one within it, by their names. */
static void
sorts_members(test_host *t)
{
	static const char *const name[] = {"b", "a", "", "ab", "B"};
	static const char *const sorted[] = {"", "B", "a", "ab", "b"};
	ml_value outer, inner;

	for (int twice = 0; twice < 2; twice++)
	{
		REQUIRE_OK(ml_value_object(&t->core, 5, &inner));
		for (int i = 0; i < 5; i++)
			ml_value_add(&inner, name[i], ml_value_word(name[i]));
		REQUIRE_OK(ml_value_array(&t->core, 1, &outer));
		outer.items[0] = inner;
		REQUIRE_OK(ml_value_sort(&t->core, twice ? &outer : &inner));
		for (int i = 0; i < 5; i++)
		{
			const ml_value *object = twice ? &outer.items[0] : &inner;

			CHECK(ml_text_is(object->keys[i], sorted[i]));
			CHECK(ml_text_is(object->items[i].text, sorted[i]));
		}
	}
}

/* What can be sorted as a member can be encoded and decoded there. */
static void
sorts_no_deeper_than_bytes_go(test_host *t)
{
	bool refused = false;

	for (int depth = 0; depth < 40; depth++)
	{
		ml_value value = ml_value_number(1), outer, back;
		ml_bytes bytes;
		ml_status status;

		for (int i = 0; i < depth; i++)
		{
			ml_value array;

			REQUIRE_OK(ml_value_array(&t->core, 1, &array));
			array.items[0] = value;
			value = array;
		}
		status = ml_value_sort(&t->core, &value);
		CHECK(status == ML_BAD_MODEL || !refused);
		refused = status == ML_BAD_MODEL;
		REQUIRE_OK(ml_value_object(&t->core, 1, &outer));
		ml_value_add(&outer, "member", value);
		REQUIRE_OK(ml_value_encode(&t->core, &outer, 0, &bytes));
		CHECK_INT(ml_value_decode(&t->core, bytes.data, bytes.length, &back), status);
	}
	CHECK(refused);
}

static void
compares_texts(test_host *t)
{
	static const char *const ascending[] = {"", "a", "aa", "ab", "b", "\xc3\xa4"};

	(void) t;
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++)
		{
			int order = ml_text_compare(test_text(ascending[i]), test_text(ascending[j]));

			CHECK((order > 0) - (order < 0) == (i > j) - (i < j));
			CHECK(ml_text_equal(test_text(ascending[i]), test_text(ascending[j])) ==
			      (i == j));
		}
	CHECK(ml_text_compare((ml_text){"a\0b", 3}, (ml_text){"a\0c", 3}) < 0);
	CHECK(!ml_text_is((ml_text){"a\0", 2}, "a"));
}

static void
notices_refusals(test_host *t)
{
	uint64_t state = 17;

	for (int trial = 0; trial < 20; trial++)
	{
		ml_value value, back;
		ml_bytes bytes;

		value = random_value(&t->core, &state, 0);
		REQUIRE_OK(ml_value_encode(&t->core, &value, 0, &bytes));
		for (test_trial trial = {.refusals = true}; !trial.done;)
		{
			ml_status status;

			test_try(t, &trial);
			status = ml_value_decode(&t->core, bytes.data, bytes.length, &back);
			test_tried(t, &trial, status);
		}
	}
}

TEST_MAIN({comes_back, "random values come back, and have one form"},
          {refuses_what_is_cut_short, "values cut short or too long are refused"},
          {survives_any_bytes, "random bytes get an answer"},
          {takes_the_narrowest_width, "numbers take the narrowest width that holds them"},
          {has_one_nan, "all NaNs are one null"},
          {has_one_zero, "both zeros are one, at any depth"},
          {refuses_numbers_that_are_none, "infinities are refused"},
          {checks_counts_before_it_asks,
           "counts are held against the input before memory is asked for"},
          {bounds_its_depth, "nesting ends at 16"},
          {refuses_a_gigabyte,
           "more than a gigabyte is refused before memory is asked for"},
          {finds_members, "members are found by name, the first of equals"},
          {sorts_members, "members are sorted by name, within other values too"},
          {sorts_no_deeper_than_bytes_go, "what is nested too deeply is refused alike"},
          {compares_texts, "texts compare by bytes"},
          {notices_refusals, "every refused allocation is noticed"})
