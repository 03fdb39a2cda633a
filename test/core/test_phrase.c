/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_phrase.c: features and their values in words, numbers against those of the C library.
 */
#include "sample.h"

#include "model/phrase.h"

#include <time.h>

static const char *
said(ml_phrase *phrase)
{
	phrase->byte[phrase->length] = '\0';
	return phrase->byte;
}

static void
check_said(ml_phrase *phrase, const char *want)
{
	if (strcmp(said(phrase), want) != 0)
		printf("# \"%s\", not \"%s\"\n", said(phrase), want);
	CHECK(strcmp(said(phrase), want) == 0);
	phrase->length = 0;
}

static void
says_numbers(test_host *t)
{
	static const struct
	{
		double number;
		int digits;
		const char *said;
	} of[] = {{0, 2, "0"},
	          {1234.5, 2, "1200"},
	          {-1234.5, 6, "-1234.5"},
	          {999.9, 2, "1000"},
	          {1000, 2, "1000"},
	          {0.00996, 2, "0.01"},
	          {3, 15, "3"},
	          {1e15, 2, "1e+15"},
	          {1.5e300, 2, "1.5e+300"},
	          {-1.7976931348623157e308, 3, "-1.8e+308"},
	          {2e-20, 2, "2e-20"},
	          {5e-324, 15, "0"},
	          {NAN, 2, "0"}};
	ml_phrase phrase = {0};

	(void) t;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
	{
		ml_phrase_number(&phrase, of[i].number, of[i].digits);
		check_said(&phrase, of[i].said);
	}
}

/* What is read again is what the C library rounds to, but for ties of the last digit. */
static void
agrees_with_printf(test_host *t)
{
	uint64_t state = 5;

	(void) t;
	for (int i = 0; i < 20000; i++)
	{
		int digits = 2 + (int) test_below(&state, 14);
		double number = test_normal(&state) * pow(10, 600 * test_uniform(&state) - 300);
		ml_phrase phrase = {0};
		char want[64];

		snprintf(want, sizeof want, "%.*g", digits, number);
		ml_phrase_number(&phrase, number, digits);
		if (fabs(number) < 1e-290)
			continue;
		CHECK_CLOSE(strtod(said(&phrase), NULL), strtod(want, NULL),
		            1.01 * pow(10, 1 - digits));
		CHECK_CLOSE(strtod(said(&phrase), NULL), number,
		            0.5001 * pow(10, 1 - digits) + 1e-14);
	}
}

static void
says_shares(test_host *t)
{
	static const struct
	{
		double share;
		int digits;
		const char *said;
	} of[] = {{0.4, 2, "40 %"},        {0.404, 3, "40.4 %"}, {0.99999, 2, "100 %"},
	          {0.001, 2, "0 %"},       {0.001, 3, "0.1 %"},  {-1e-17, 4, "0 %"},
	          {1.0000001, 4, "100 %"}, {NAN, 2, "0 %"}};
	ml_phrase phrase = {0};

	(void) t;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
	{
		ml_phrase_percent(&phrase, of[i].share, of[i].digits);
		check_said(&phrase, of[i].said);
	}
}

/* Days from year 1 to 9999, and some far from there, against gmtime. */
static void
says_days(test_host *t)
{
	ml_feature day = {.name = test_text("joined_on"),
	                  .type = test_text("timestamp with time zone")};
	ml_phrase phrase = {0};
	uint64_t state = 7;

	(void) t;
	for (int i = 0; i < 20000; i++)
	{
		double seconds = 3.155e11 * test_uniform(&state) - 6.3e10;
		time_t at = (time_t) (60 * rint(seconds / 60)) + 946684800;
		struct tm parts;
		char want[64];

		gmtime_r(&at, &parts);
		snprintf(want, sizeof want, "%04d-%02d-%02d %02d:%02d", parts.tm_year + 1900,
		         parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min);
		ml_phrase_value(&phrase, &day, seconds, 3);
		check_said(&phrase, want);
	}
	ml_phrase_value(&phrase, &day, 86399.9, 2);
	check_said(&phrase, "2000-01-01");
	ml_phrase_value(&phrase, &day, -1, 2);
	check_said(&phrase, "1999-12-31");
	ml_phrase_value(&phrase, &day, 1e200, 2);
	check_said(&phrase, "1e+200");
	ml_phrase_value(&phrase, &day, -9.9e13, 3);
	CHECK(phrase.length > 16);
}

static void
says_labels(test_host *t)
{
	static const struct
	{
		const char *label;
		const char *said;
	} of[] = {{"plus", "plus"},
	          {"", "\"\""},
	          {" ", "\" \""},
	          {"x ", "\"x \""},
	          {"a\nb\tc\x7f\x64", "a b c d"},
	          {"\n", "\" \""},
	          {"gr\xc3\xbcn", "gr\xc3\xbcn"}};
	ml_phrase phrase = {0};

	(void) t;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
	{
		ml_phrase_label(&phrase, test_text(of[i].label), 100);
		check_said(&phrase, of[i].said);
	}
}

/* Nothing is longer than there is room for, and no character is cut in two. */
static void
keeps_within_its_room(test_host *t)
{
	char many[1200];
	ml_feature feature = {.type = test_text("boolean"), .element = 2147483647};
	ml_phrase phrase = {0};

	(void) t;
	for (int i = 0; i < 1200; i += 3)
		memcpy(many + i, "\xe2\x82\xac", 3);
	feature.name = (ml_text){many, 1200};
	for (int i = 0; i < ML_PIECES; i++)
	{
		ml_phrase_name(&phrase, &feature);
		ml_phrase_word(&phrase, " ");
		ml_phrase_number(&phrase, -1.23456789012345e-200, 15);
	}
	CHECK(phrase.length < ML_PHRASE);
	phrase.length = 0;
	ml_phrase_add(&phrase, feature.name, 100);
	CHECK_INT(phrase.length, 99);
	ml_phrase_add(&phrase, feature.name, 50);
	CHECK_INT(phrase.length, 99);
}

TEST_MAIN({says_numbers, "numbers to so many digits"},
          {agrees_with_printf, "numbers are rounded as the C library does"},
          {says_shares, "shares are percentages"},
          {says_labels, "labels are on one line, and their ends are seen"},
          {says_days, "days and times of day are those of the calendar"},
          {keeps_within_its_room, "nothing is longer than its room"})
