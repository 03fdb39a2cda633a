/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_dictionary.c: codes by arrival, labels of any bytes, growth.
 */
#include "test.h"

static void
gives_codes_by_arrival(test_host *t)
{
	enum
	{
		LABELS = 20000
	};
	ml_dictionary *labels;
	char text[24];

	REQUIRE_OK(ml_dictionary_create(&t->core, &labels));
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < LABELS; i++)
		{
			int32_t code, length = snprintf(text, sizeof text, "label %d", i * 7919);

			REQUIRE_OK(ml_dictionary_add(labels, (ml_text){text, length}, &code));
			CHECK_INT(code, i);
		}
	CHECK_INT(labels->count, LABELS);
	CHECK(labels->slots >= 2 * labels->count);
	for (int i = 0; i < LABELS; i++)
	{
		ml_text label = {text, snprintf(text, sizeof text, "label %d", i * 7919)};

		CHECK(ml_text_equal(labels->label[i], label));
		CHECK(labels->hash[i] == ml_hash_bytes(label.bytes, label.length));
		CHECK_INT(ml_dictionary_find(labels, label), i);
	}
	CHECK_INT(ml_dictionary_find(labels, test_text("label 1")), -1);
}

static void
takes_any_bytes(test_host *t)
{
	static const ml_text label[] = {{"", 0},     {"\0", 1},       {"\0\0", 2}, {"a", 1},
	                                {"a\0", 2},  {"a\0b", 3},     {"A", 1},    {"a ", 2},
	                                {"\xff", 1}, {"\xc3\xa4", 2}, {"ab", 2}};
	ml_dictionary *labels;
	int count = sizeof label / sizeof *label;

	REQUIRE_OK(ml_dictionary_create(&t->core, &labels));
	for (int i = 0; i < count; i++)
	{
		int32_t code;

		CHECK_INT(ml_dictionary_find(labels, label[i]), -1);
		REQUIRE_OK(ml_dictionary_add(labels, label[i], &code));
		CHECK_INT(code, i);
	}
	for (int i = 0; i < count; i++)
		CHECK_INT(ml_dictionary_find(labels, label[i]), i);
}

/* The caller's bytes may go; each label ends in a NUL byte. */
static void
keeps_copies_of_every_length(test_host *t)
{
	ml_dictionary *labels;
	char *text = malloc(5000);
	int32_t code;

	REQUIRE_OK(ml_dictionary_create(&t->core, &labels));
	for (int length = 0; length < 5000; length += length < 1100 ? 1 : 97)
	{
		memset(text, 'a' + length % 26, (size_t) length);
		REQUIRE_OK(ml_dictionary_add(labels, (ml_text){text, length}, &code));
	}
	memset(text, '!', 5000);
	for (int i = 0; i < labels->count; i++)
	{
		ml_text label = labels->label[i];

		CHECK(label.bytes[label.length] == '\0');
		for (int k = 0; k < label.length; k++)
			CHECK(label.bytes[k] == 'a' + label.length % 26);
		CHECK_INT(ml_dictionary_find(labels, label), i);
	}
	free(text);
}

/* Short labels share their memory: bytes asked for stay in proportion. */
static void
is_frugal(test_host *t)
{
	ml_dictionary *labels;
	char text[24];
	int32_t code;

	REQUIRE_OK(ml_dictionary_create(&t->core, &labels));
	CHECK(t->bytes < 1000);
	for (int i = 0; i < 100000; i++)
		REQUIRE_OK(ml_dictionary_add(
		    labels, (ml_text){text, snprintf(text, sizeof text, "%d", i)}, &code));
	CHECK(t->asked < 1000);
	/* arrays of 16 + 8 + 2 * 4 bytes a label, half empty, and their smaller ancestors */
	CHECK(t->bytes < 100000 * (4 * 32 + 8));
}

static void
notices_refusals(test_host *t)
{
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_dictionary *labels;
		ml_status status;
		char text[2000] = "";
		int32_t code;

		test_try(t, &trial);
		status = ml_dictionary_create(&t->core, &labels);
		for (int i = 0; i < 40 && status == ML_OK; i++)
		{
			memset(text, 'x', sizeof text);
			status = ml_dictionary_add(labels, (ml_text){text, i * 50}, &code);
		}
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({gives_codes_by_arrival, "codes count by arrival and survive growth"},
          {takes_any_bytes, "labels may be empty and hold any bytes"},
          {keeps_copies_of_every_length, "labels of every length are copies"},
          {is_frugal, "short labels share pages"},
          {notices_refusals, "every refused allocation is noticed"})
