/* SPDX-License-Identifier: PostgreSQL */
/*
 * option.c: reading options by their tables.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define LONGEST 63 /* names past this length have no nearest name */

static const char *const calibrate_choice[] = {"isotonic", "platt", NULL};

const ml_option ml_common_option[] = {
    {"holdout", ML_OPTION_NUMBER, offsetof(ml_common_options, holdout), 0.2, 0, 0.9,
     "share of the rows kept out of training, on which the model is judged; a row's side "
     "follows from its key and never changes"},
    {"positive", ML_OPTION_TEXT, offsetof(ml_common_options, positive), 0, 0, 0,
     "label of the class whose probability is the score; by default true, 1 of "
     "0 and 1, else the rarer; of more than two classes logistic tells it from all others, "
     "and multinomial scores the likeliest if none is named"},
    {"max_categories", ML_OPTION_INTEGER, offsetof(ml_common_options, max_categories),
     255, 2, 65535, "labels kept of a category; rarer ones are pooled as \"other\""},
    {"by", ML_OPTION_TEXT, offsetof(ml_common_options, by), 0, 0, 0,
     "column that splits the rows into groups: each gets a part of its own within the model; "
     "what has no part is served by a model of all rows"},
    {"calibrate", ML_OPTION_TEXT, offsetof(ml_common_options, calibrate), 0, 0, 0,
     "of two classes, how one half of the holdout corrects the score, so that it is the share of "
     "positive rows among those of that score; the other half judges the model",
     calibrate_choice},
    {"order_by", ML_OPTION_TEXT, offsetof(ml_common_options, order_by), 0, 0, 0,
     "column that tells when a row happened: notes tell what has shifted between the oldest "
     "and the newest rows; no feature unless listed as one"},
};
const int ml_common_option_count = sizeof ml_common_option / sizeof *ml_common_option;

const char *const ml_monotone_choice[] = {"auto", "increasing", "decreasing", "none",
                                          NULL};

static void *
field(const ml_option_set *set, const ml_option *option)
{
	return (char *) set->values + option->offset;
}

static void
set_number(const ml_option_set *set, const ml_option *option, double number)
{
	switch (option->type)
	{
		case ML_OPTION_NUMBER:
		case ML_OPTION_AUTO:
		case ML_OPTION_COUNT:
			*(double *) field(set, option) = number;
			break;
		case ML_OPTION_INTEGER:
			*(int64_t *) field(set, option) = (int64_t) number;
			break;
		case ML_OPTION_BOOLEAN:
			*(bool *) field(set, option) = number != 0;
			break;
		case ML_OPTION_TEXT:
			*(ml_text *) field(set, option) = (ml_text){NULL, 0};
			break;
		case ML_OPTION_OBJECT:
		case ML_OPTION_ARRAY:
			*(const ml_value **) field(set, option) = NULL;
			break;
	}
}

static bool
is_choice(const ml_option *option, ml_text text)
{
	for (int i = 0; option->choice != NULL; i++)
	{
		if (option->choice[i] == NULL)
			return false;
		if (ml_text_is(text, option->choice[i]))
			return true;
	}
	return true;
}

/*
 * Takes a value that fits the option's type and range.  Null is "not given", so that
 * options in force can be handed back.
 */
static ml_option_error
set_value(const ml_option_set *set, const ml_option *option, const ml_value *value)
{
	if (value->kind == ML_VALUE_NULL)
		return ML_OPTION_FINE;
	switch (option->type)
	{
		case ML_OPTION_AUTO:
		case ML_OPTION_COUNT:
			if (value->kind == ML_VALUE_TEXT && ml_text_is(value->text, "auto"))
			{
				set_number(set, option, INFINITY);
				return ML_OPTION_FINE;
			}
			/* fall through */
		case ML_OPTION_NUMBER:
		case ML_OPTION_INTEGER:
			if (value->kind != ML_VALUE_NUMBER)
				return ML_OPTION_WRONG_TYPE;
			if (!(value->number >= option->minimum && value->number <= option->maximum))
				return ML_OPTION_OUT_OF_RANGE;
			if ((option->type == ML_OPTION_INTEGER || option->type == ML_OPTION_COUNT) &&
			    value->number != floor(value->number))
				return ML_OPTION_WRONG_TYPE;
			set_number(set, option, value->number);
			return ML_OPTION_FINE;
		case ML_OPTION_BOOLEAN:
			if (value->kind != ML_VALUE_BOOL)
				return ML_OPTION_WRONG_TYPE;
			set_number(set, option, value->boolean);
			return ML_OPTION_FINE;
		case ML_OPTION_TEXT:
			if (value->kind != ML_VALUE_TEXT)
				return ML_OPTION_WRONG_TYPE;
			if (!is_choice(option, value->text))
				return ML_OPTION_NO_CHOICE;
			*(ml_text *) field(set, option) = value->text;
			return ML_OPTION_FINE;
		case ML_OPTION_OBJECT:
		case ML_OPTION_ARRAY:
			if (value->kind != ML_VALUE_OBJECT && value->kind != ML_VALUE_ARRAY)
				return ML_OPTION_WRONG_TYPE;
			if ((value->kind == ML_VALUE_OBJECT) != (option->type == ML_OPTION_OBJECT))
				return ML_OPTION_WRONG_TYPE;
			*(const ml_value **) field(set, option) = value;
			return ML_OPTION_FINE;
	}
	return ML_OPTION_WRONG_TYPE;
}

/* Levenshtein distance, row by row of the usual table. */
static int
distance(ml_text given, const char *name)
{
	int length = (int) strlen(name);
	int row[LONGEST + 1];

	for (int j = 0; j <= length; j++)
		row[j] = j;
	for (int i = 1; i <= given.length; i++)
	{
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= length; j++)
		{
			int above = row[j];
			int change = diagonal + (given.bytes[i - 1] != name[j - 1]);
			int best = above < row[j - 1] ? above + 1 : row[j - 1] + 1;

			row[j] = best < change ? best : change;
			diagonal = above;
		}
	}
	return row[length];
}

/* A number in force; one outside of the range stands for "not given". */
static ml_value
number_value(const ml_option *option, double number)
{
	if ((option->type == ML_OPTION_AUTO || option->type == ML_OPTION_COUNT) &&
	    isinf(number))
		return ml_value_word("auto");
	if (!(number >= option->minimum && number <= option->maximum))
		return (ml_value){.kind = ML_VALUE_NULL};
	return ml_value_number(number);
}

/* The option whose name is nearest, if it is near: at most a third of its letters differ. */
static const ml_option *
nearest(ml_text given, const ml_option_set *sets, int count)
{
	const ml_option *best = NULL;
	int least = 3;

	if (given.length > LONGEST)
		return NULL;
	for (int s = 0; s < count; s++)
		for (int i = 0; i < sets[s].options; i++)
		{
			const ml_option *option = &sets[s].option[i];
			int letters = (int) strlen(option->name);
			int apart = distance(given, option->name);

			if (apart <= least && 3 * apart <= letters + 2)
			{
				least = apart - 1;
				best = option;
			}
		}
	return best;
}

static ml_option_error
read_one(ml_text name, const ml_value *value, const ml_option_set *sets, int count,
         const ml_option **option)
{
	for (int s = 0; s < count; s++)
		for (int i = 0; i < sets[s].options; i++)
			if (ml_text_is(name, sets[s].option[i].name))
			{
				*option = &sets[s].option[i];
				return set_value(&sets[s], *option, value);
			}
	*option = nearest(name, sets, count);
	return ML_OPTION_UNKNOWN;
}

bool
ml_options_read(const ml_value *given, const ml_option_set *sets, int count,
                ml_option_fault *fault)
{
	for (int s = 0; s < count; s++)
		for (int i = 0; i < sets[s].options; i++)
			set_number(&sets[s], &sets[s].option[i], sets[s].option[i].standard);
	for (int64_t i = 0; i < given->count; i++)
	{
		fault->name = given->keys[i];
		fault->error =
		    read_one(given->keys[i], &given->items[i], sets, count, &fault->option);
		if (fault->error != ML_OPTION_FINE)
			return false;
	}
	return true;
}

ml_status
ml_options_value(ml_host *host, const ml_option_set *sets, int count, ml_value *object)
{
	int options = 0;

	for (int s = 0; s < count; s++)
		options += sets[s].options;
	ML_TRY(ml_value_object(host, options, object));
	for (int s = 0; s < count; s++)
		for (int i = 0; i < sets[s].options; i++)
		{
			const ml_option *option = &sets[s].option[i];
			const void *at = field(&sets[s], option);
			ml_value value = {.kind = ML_VALUE_NULL};

			switch (option->type)
			{
				case ML_OPTION_NUMBER:
				case ML_OPTION_AUTO:
				case ML_OPTION_COUNT:
					value = number_value(option, *(const double *) at);
					break;
				case ML_OPTION_INTEGER:
					value = number_value(option, (double) *(const int64_t *) at);
					break;
				case ML_OPTION_BOOLEAN:
					value = ml_value_bool(*(const bool *) at);
					break;
				case ML_OPTION_TEXT:
					if (((const ml_text *) at)->bytes != NULL)
						value = ml_value_text(*(const ml_text *) at);
					break;
				case ML_OPTION_OBJECT:
				case ML_OPTION_ARRAY:
					if (*(const ml_value *const *) at != NULL)
						value = **(const ml_value *const *) at;
					break;
			}
			if (value.kind != ML_VALUE_NULL)
				ml_value_add(object, option->name, value);
		}
	return ML_OK;
}
