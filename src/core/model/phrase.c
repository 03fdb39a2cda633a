/* SPDX-License-Identifier: PostgreSQL */
/*
 * phrase.c: features and their values in words.
 */
#include "model/phrase.h"

#include <math.h>
#include <string.h>

#define MOST_COUNTED 1000 /* a larger number is none that things are counted by */
#define TINY 1e-290       /* nought, to whoever reads it; its powers of ten are numbers */
#define MOST_PLACES 15    /* before the point; larger numbers have an exponent */
#define DAY 86400.0       /* seconds */
#define LATEST 1e14       /* seconds from 2000 on, or before it, that are told as a day */

static inline bool
continues_character(char byte)
{
	return ((unsigned char) byte & 0xc0) == 0x80;
}

void
ml_phrase_add(ml_phrase *to, ml_text text, int most)
{
	int length = text.length < most - to->length ? text.length : most - to->length;

	while (length > 0 && length < text.length && continues_character(text.bytes[length]))
		length--;
	for (int i = 0; i < length; i++)
		to->byte[to->length++] = text.bytes[i];
}

void
ml_phrase_word(ml_phrase *to, const char *word)
{
	ml_phrase_add(to, (ml_text){word, (int32_t) strlen(word)}, ML_PHRASE);
}

/* At least so many digits, with noughts in front. */
static void
add_digits(ml_phrase *to, int64_t number, int least)
{
	char digit[20];
	int digits = 0;

	for (; number > 0 || digits < least; number /= 10)
		digit[digits++] = (char) ('0' + number % 10);
	while (digits > 0)
		ml_phrase_add(to, (ml_text){&digit[--digits], 1}, ML_PHRASE);
}

void
ml_phrase_count(ml_phrase *to, int number)
{
	add_digits(to, number, 1);
}

/* What is from a place on becomes one line. */
static void
make_line(ml_phrase *to, int first)
{
	for (int i = first; i < to->length; i++)
		if ((unsigned char) to->byte[i] < ' ' || to->byte[i] == 0x7f)
			to->byte[i] = ' ';
}

void
ml_phrase_name(ml_phrase *to, const ml_feature *feature)
{
	int first = to->length;

	ml_phrase_add(to, feature->name, first + ML_TOLD / 2);
	make_line(to, first);
	for (int i = first; i < to->length; i++)
		to->byte[i] = to->byte[i] == '_' ? ' ' : to->byte[i];
	if (feature->element == 0)
		return;
	ml_phrase_word(to, " ");
	ml_phrase_count(to, feature->element);
}

static bool
is_blank(char byte)
{
	return (unsigned char) byte <= ' ';
}

void
ml_phrase_label(ml_phrase *to, ml_text label, int most)
{
	bool quoted = label.length == 0 || is_blank(label.bytes[0]) ||
	              is_blank(label.bytes[label.length - 1]);
	int first = to->length;

	if (quoted)
		ml_phrase_word(to, "\"");
	ml_phrase_add(to, label, most);
	make_line(to, first);
	if (quoted)
		ml_phrase_word(to, "\"");
}

/* A whole number divided by a power of ten; noughts at the end of its fraction are left out. */
static void
add_decimal(ml_phrase *to, int64_t number, int places)
{
	int64_t unit = 1;

	for (; places > 0 && number % 10 == 0; places--)
		number /= 10;
	for (int i = 0; i < places; i++)
		unit *= 10;
	add_digits(to, number / unit, 1);
	if (places == 0)
		return;
	ml_phrase_word(to, ".");
	add_digits(to, number % unit, places);
}

/* number = scaled 10^power with so many digits of scaled; number >= TINY. */
static int64_t
scale(double number, int digits, int *power)
{
	int magnitude = (int) floor(log(number) / log(10));
	double scaled;

	*power = magnitude - digits + 1;
	scaled = rint(number / pow(10, *power));
	/* the logarithm may be a little off, and what is rounded up has one digit more */
	if (scaled >= pow(10, digits))
	{
		++*power;
		scaled = rint(number / pow(10, *power));
	}
	return (int64_t) scaled;
}

void
ml_phrase_number(ml_phrase *to, double number, int digits)
{
	int power;
	int64_t scaled;

	if (!(fabs(number) >= TINY))
	{
		ml_phrase_word(to, "0");
		return;
	}
	if (number < 0)
		ml_phrase_word(to, "-");
	scaled = scale(fabs(number), digits, &power);
	if (power + digits <= MOST_PLACES && power > -MOST_PLACES)
	{
		for (; power > 0; power--)
			scaled *= 10;
		add_decimal(to, scaled, -power);
		return;
	}
	add_decimal(to, scaled, digits - 1);
	power += digits - 1;
	ml_phrase_word(to, power < 0 ? "e-" : "e+");
	add_digits(to, power < 0 ? -power : power, 1);
}

void
ml_phrase_percent(ml_phrase *to, double share, int digits)
{
	int places = digits - ML_FEWEST_DIGITS;

	share = share > 0 ? fmin(share, 1) : 0;
	add_decimal(to, (int64_t) rint(share * pow(10, places + 2)), places);
	ml_phrase_word(to, " %");
}

/* The day of the proleptic Gregorian calendar; years begin in March, so that leap days end them. */
static void
add_day(ml_phrase *to, int64_t days)
{
	int64_t since = days + 730425; /* from 0000-03-01 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	int64_t day = since - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	if (year < 0)
		ml_phrase_word(to, "-");
	add_digits(to, year < 0 ? -year : year, 4);
	ml_phrase_word(to, "-");
	add_digits(to, month, 2);
	ml_phrase_word(to, "-");
	add_digits(to, day, 2);
}

static bool
is_time(const ml_feature *feature)
{
	return ml_phrase_is_type(feature, "date") || ml_phrase_is_type(feature, "timestamp");
}

void
ml_phrase_value(ml_phrase *to, const ml_feature *feature, double value, int digits)
{
	bool has_time = digits > ML_FEWEST_DIGITS;
	double day;
	int minutes;

	if (!is_time(feature) || !(fabs(value) < LATEST))
	{
		ml_phrase_number(to, value, digits);
		return;
	}
	value = has_time ? 60 * rint(value / 60) : value;
	day = floor(value / DAY);
	add_day(to, (int64_t) day);
	if (!has_time)
		return;
	minutes = (int) ((value - day * DAY) / 60);
	ml_phrase_word(to, " ");
	add_digits(to, minutes / 60, 2);
	ml_phrase_word(to, ":");
	add_digits(to, minutes % 60, 2);
}

bool
ml_phrase_is_type(const ml_feature *feature, const char *word)
{
	size_t length = strlen(word);

	return (size_t) feature->type.length >= length &&
	       memcmp(feature->type.bytes, word, length) == 0;
}

const char *
ml_phrase_more(const ml_feature *feature, bool more)
{
	if (ml_phrase_is_type(feature, "boolean"))
		return more ? "" : "not ";
	if (is_time(feature))
		return more ? "late " : "early ";
	/* counts begin at nought; years of age and amounts of money are integers, too */
	if (feature->min >= 0 && feature->min <= 1 && feature->max <= MOST_COUNTED &&
	    (ml_phrase_is_type(feature, "integer") || ml_phrase_is_type(feature, "bigint") ||
	     ml_phrase_is_type(feature, "smallint")))
		return more ? "many " : "few ";
	return more ? "high " : "low ";
}
