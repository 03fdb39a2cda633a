/* SPDX-License-Identifier: PostgreSQL */
/*
 * value.c: making, reading, encoding and decoding JSON-shaped values.
 *
 * Decoding trusts nothing: every length is checked against what is left of the
 * input before memory is asked for, and nesting is bounded.
 */
#include "base/base.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 16
#define ITEM 5                          /* bytes of an empty text */
#define FEWEST_ITEMS 256                /* a few shorter ones are fine */
#define MAX_BYTES ((size_t) 0x3fffffff) /* what a PostgreSQL value can hold */

enum
{
	TAG_NULL,
	TAG_FALSE,
	TAG_TRUE,
	TAG_NUMBER,
	TAG_TEXT,
	TAG_NUMBERS,
	TAG_ARRAY,
	TAG_OBJECT
};

bool
ml_text_equal(ml_text a, ml_text b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, (size_t) a.length) == 0;
}

bool
ml_text_is(ml_text text, const char *word)
{
	return ml_text_equal(text, (ml_text){word, (int32_t) strlen(word)});
}

/* Byte order, which is the same under every locale. */
int
ml_text_compare(ml_text a, ml_text b)
{
	int shorter = a.length < b.length ? a.length : b.length;
	int order = memcmp(a.bytes, b.bytes, (size_t) shorter);

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* A copy in the arena, ended by a NUL byte that length does not count. */
ml_status
ml_text_copy(ml_host *host, ml_text text, ml_text *copy)
{
	char *bytes;

	ML_NEW(host, bytes, (int64_t) text.length + 1);
	if (text.length > 0)
		memcpy(bytes, text.bytes, (size_t) text.length);
	*copy = (ml_text){bytes, text.length};
	return ML_OK;
}

ml_value
ml_value_text(ml_text text)
{
	return (ml_value){.kind = ML_VALUE_TEXT, .text = text};
}

ml_value
ml_value_word(const char *word)
{
	return ml_value_text((ml_text){word, (int32_t) strlen(word)});
}

/* NaN and the infinities have no JSON form: they become null. */
ml_value
ml_value_number(double number)
{
	if (!isfinite(number))
		return (ml_value){.kind = ML_VALUE_NULL};
	return (ml_value){.kind = ML_VALUE_NUMBER, .number = number + 0.0};
}

ml_value
ml_value_bool(bool boolean)
{
	return (ml_value){.kind = ML_VALUE_BOOL, .boolean = boolean};
}

ml_value
ml_value_numbers(double *numbers, int64_t count)
{
	return (ml_value){.kind = ML_VALUE_NUMBERS, .numbers = numbers, .count = count};
}

/* All are counted, since compilers then take several at once. */
ML_HOT static void
count_infinite(const double *number, int64_t count, int64_t *infinite)
{
	int64_t found = 0;

	for (int64_t i = 0; i < count; i++)
		found += fabs(number[i]) == INFINITY;
	*infinite = found;
}

bool
ml_any_infinite(const double *number, int64_t count)
{
	int64_t infinite;

	count_infinite(number, count, &infinite);
	return infinite > 0;
}

/* An object with room for so many members and none yet; ml_value_add fills it. */
ml_status
ml_value_object(ml_host *host, int64_t members, ml_value *object)
{
	*object = (ml_value){.kind = ML_VALUE_OBJECT};
	ML_NEW(host, object->items, members);
	ML_NEW(host, object->keys, members);
	return ML_OK;
}

/* An array of so many nulls, for the caller to fill. */
ml_status
ml_value_array(ml_host *host, int64_t items, ml_value *array)
{
	*array = (ml_value){.kind = ML_VALUE_ARRAY, .count = items};
	ML_NEW(host, array->items, items);
	return ML_OK;
}

void
ml_value_add(ml_value *object, const char *key, ml_value member)
{
	object->keys[object->count] = (ml_text){key, (int32_t) strlen(key)};
	object->items[object->count++] = member;
}

/* The member of that name, or NULL when there is none or value is no object. */
const ml_value *
ml_value_member(const ml_value *object, const char *key)
{
	if (object == NULL || object->kind != ML_VALUE_OBJECT)
		return NULL;
	for (int64_t i = 0; i < object->count; i++)
		if (ml_text_is(object->keys[i], key))
			return &object->items[i];
	return NULL;
}

/* The narrowest width that holds every item exactly. */
static int
numbers_width(const ml_value *value)
{
	int width = 1;

	for (int64_t i = 0; i < value->count && width < 8; i++)
	{
		double x = value->numbers[i];

		if (!(x == floor(x)) || fabs(x) > 2147483647.0)
			width = 8;
		else if (fabs(x) > 32767.0)
			width = 4;
		else if (fabs(x) > 127.0 && width < 2)
			width = 2;
	}
	return width;
}

static void
put(unsigned char **at, uint64_t word, int width)
{
	for (int i = 0; i < width; i++)
		*(*at)++ = (unsigned char) (word >> (8 * i));
}

static void
put_number(unsigned char **at, double number)
{
	uint64_t bits;

	/* zero has one sign: JSON, the other carrier of a model, may know of no other */
	number = isnan(number) ? NAN : number + 0.0;
	memcpy(&bits, &number, sizeof bits);
	put(at, isnan(number) ? UINT64_C(0x7ff8000000000000) : bits, 8);
}

static void
put_text(unsigned char **at, ml_text text)
{
	put(at, (uint64_t) text.length, 4);
	if (text.length > 0)
		memcpy(*at, text.bytes, (size_t) text.length);
	*at += text.length;
}

static size_t
encoded_size(const ml_value *value)
{
	size_t size = 1;

	switch (value->kind)
	{
		case ML_VALUE_NULL:
		case ML_VALUE_BOOL:
			break;
		case ML_VALUE_NUMBER:
			size += 8;
			break;
		case ML_VALUE_TEXT:
			size += 4 + (size_t) value->text.length;
			break;
		case ML_VALUE_NUMBERS:
			size += 9 + (size_t) value->count * (size_t) numbers_width(value);
			break;
		case ML_VALUE_ARRAY:
		case ML_VALUE_OBJECT:
			size += 4;
			for (int64_t i = 0; i < value->count; i++)
			{
				if (value->kind == ML_VALUE_OBJECT)
					size += 4 + (size_t) value->keys[i].length;
				size += encoded_size(&value->items[i]);
			}
			break;
	}
	return size;
}

static ml_status
encode(ml_host *host, const ml_value *value, unsigned char **at)
{
	int width;

	switch (value->kind)
	{
		case ML_VALUE_NULL:
			put(at, TAG_NULL, 1);
			break;
		case ML_VALUE_BOOL:
			put(at, value->boolean ? TAG_TRUE : TAG_FALSE, 1);
			break;
		case ML_VALUE_NUMBER:
			put(at, TAG_NUMBER, 1);
			put_number(at, value->number);
			break;
		case ML_VALUE_TEXT:
			put(at, TAG_TEXT, 1);
			put_text(at, value->text);
			break;
		case ML_VALUE_NUMBERS:
			width = numbers_width(value);
			put(at, TAG_NUMBERS, 1);
			put(at, (uint64_t) width, 1);
			put(at, (uint64_t) value->count, 8);
			for (int64_t i = 0; i < value->count; i++)
			{
				ML_PAUSE(host, i);
				if (width == 8)
					put_number(at, value->numbers[i]);
				else
					put(at, (uint64_t) (int64_t) value->numbers[i], width);
			}
			break;
		case ML_VALUE_ARRAY:
		case ML_VALUE_OBJECT:
			put(at, value->kind == ML_VALUE_ARRAY ? TAG_ARRAY : TAG_OBJECT, 1);
			put(at, (uint64_t) value->count, 4);
			for (int64_t i = 0; i < value->count; i++)
			{
				if (value->kind == ML_VALUE_OBJECT)
					put_text(at, value->keys[i]);
				ML_TRY(encode(host, &value->items[i], at));
			}
			break;
	}
	return ML_OK;
}

static int
by_key(const void *context, uint32_t a, uint32_t b)
{
	const ml_text *keys = context;

	return ml_text_compare(keys[a], keys[b]);
}

static ml_status
sort_members(ml_host *host, ml_value *object)
{
	uint32_t *order, *work;
	ml_value *items;
	ml_text *keys;

	ML_NEW(host, order, object->count);
	ML_NEW(host, work, object->count);
	ML_NEW(host, items, object->count);
	ML_NEW(host, keys, object->count);
	for (int64_t i = 0; i < object->count; i++)
		order[i] = (uint32_t) i;
	ML_TRY(ml_sort_indexes(host, order, work, object->count, by_key, object->keys));
	for (int64_t i = 0; i < object->count; i++)
	{
		items[i] = object->items[order[i]];
		keys[i] = object->keys[order[i]];
	}
	object->items = items;
	object->keys = keys;
	return ML_OK;
}

static ml_status
sort_nested(ml_host *host, ml_value *value, int depth)
{
	if (value->kind == ML_VALUE_NUMBER && !isfinite(value->number))
		return ML_BAD_MODEL;
	if (value->kind == ML_VALUE_NUMBERS && ml_any_infinite(value->numbers, value->count))
		return ML_BAD_MODEL;
	if (value->kind != ML_VALUE_ARRAY && value->kind != ML_VALUE_OBJECT)
		return ML_OK;
	if (depth >= MAX_DEPTH)
		return ML_BAD_MODEL;
	if (value->kind == ML_VALUE_OBJECT)
		ML_TRY(sort_members(host, value));
	for (int64_t i = 0; i < value->count; i++)
	{
		/* these take less than ITEM bytes, and no model has an array of them */
		if (value->kind == ML_VALUE_ARRAY && (value->items[i].kind == ML_VALUE_NULL ||
		                                      value->items[i].kind == ML_VALUE_BOOL))
			return ML_BAD_MODEL;
		ML_TRY(sort_nested(host, &value->items[i], depth + 1));
	}
	return ML_OK;
}

void
ml_value_one_zero(ml_value *value)
{
	if (value->kind == ML_VALUE_NUMBER)
		value->number += 0.0;
	for (int64_t i = 0; i < value->count; i++)
	{
		if (value->kind == ML_VALUE_NUMBERS)
			value->numbers[i] += 0.0;
		else if (value->kind == ML_VALUE_ARRAY || value->kind == ML_VALUE_OBJECT)
			ml_value_one_zero(&value->items[i]);
	}
}

ml_status
ml_value_sort(ml_host *host, ml_value *value)
{
	/* the value will be a member of an object */
	return sort_nested(host, value, 1);
}

/*
 * The binary form, behind so many zero bytes that are the caller's header.
 * ML_TOO_LARGE past 1 GB.
 */
ml_status
ml_value_encode(ml_host *host, const ml_value *value, size_t header, ml_bytes *bytes)
{
	size_t size = header + encoded_size(value);
	unsigned char *at;

	if (size > MAX_BYTES)
		return ML_TOO_LARGE;
	ML_NEW(host, bytes->data, (int64_t) size);
	bytes->length = size;
	at = bytes->data + header;
	return encode(host, value, &at);
}

#define RUN 65536 /* numbers between two questions whether to stop */

typedef struct reader
{
	ml_host *host;
	const unsigned char *at;
	size_t left;
	size_t items; /* that containers may still claim */
} reader;

static bool
take(reader *in, int width, uint64_t *word)
{
	if (in->left < (size_t) width)
		return false;
	*word = 0;
	for (int i = 0; i < width; i++)
		*word |= (uint64_t) in->at[i] << (8 * i);
	in->at += width;
	in->left -= (size_t) width;
	return true;
}

static inline double
number_at(const unsigned char *at, int width)
{
	uint64_t word = 0;
	double number;

	for (int i = 0; i < width; i++)
		word |= (uint64_t) at[i] << (8 * i);
	if (width < 8)
	{
		int shift = 64 - 8 * width;

		return (double) ((int64_t) (word << shift) >> shift);
	}
	memcpy(&number, &word, sizeof number);
	return number;
}

/* For each width a loop of its own, in which a number is one load. */
static void
read_numbers(const unsigned char *at, int width, int64_t count, double *number)
{
	switch (width)
	{
		case 1:
			for (int64_t i = 0; i < count; i++)
				number[i] = number_at(at + i, 1);
			return;
		case 2:
			for (int64_t i = 0; i < count; i++)
				number[i] = number_at(at + 2 * i, 2);
			return;
		case 4:
			for (int64_t i = 0; i < count; i++)
				number[i] = number_at(at + 4 * i, 4);
			return;
		default:
			for (int64_t i = 0; i < count; i++)
				number[i] = number_at(at + 8 * i, 8);
	}
}

static ml_status
take_text(reader *in, ml_text *text)
{
	uint64_t length;

	if (!take(in, 4, &length) || length > in->left)
		return ML_BAD_MODEL;
	ML_TRY(
	    ml_text_copy(in->host, (ml_text){(const char *) in->at, (int32_t) length}, text));
	in->at += length;
	in->left -= length;
	return ML_OK;
}

static ml_status
take_numbers(reader *in, ml_value *value)
{
	uint64_t width, count;

	if (!take(in, 1, &width) || !take(in, 8, &count))
		return ML_BAD_MODEL;
	if ((width != 1 && width != 2 && width != 4 && width != 8) ||
	    count > in->left / width)
		return ML_BAD_MODEL;
	value->kind = ML_VALUE_NUMBERS;
	value->count = (int64_t) count;
	ML_NEW_RAW(in->host, value->numbers, value->count);
	for (int64_t done = 0; done < value->count; done += RUN)
	{
		int64_t rest = value->count - done, run = rest < RUN ? rest : RUN;
		double *number = value->numbers + done;

		ML_PAUSE(in->host, done);
		read_numbers(in->at + done * (int64_t) width, (int) width, run, number);
		if (width == 8 && ml_any_infinite(number, run))
			return ML_BAD_MODEL;
	}
	in->at += count * width;
	in->left -= count * width;
	return ML_OK;
}

static ml_status decode(reader *in, int depth, ml_value *value);

static ml_status
take_items(reader *in, int depth, bool object, ml_value *value)
{
	uint64_t count;

	/*
	 * What is worth an item takes ITEM bytes at least, so their number is bounded before memory
	 * is asked for, in all nested containers together.
	 */
	if (!take(in, 4, &count) || count > in->items)
		return ML_BAD_MODEL;
	in->items -= count;
	value->kind = object ? ML_VALUE_OBJECT : ML_VALUE_ARRAY;
	value->count = (int64_t) count;
	ML_NEW(in->host, value->items, value->count);
	if (object)
		ML_NEW(in->host, value->keys, value->count);
	for (int64_t i = 0; i < value->count; i++)
	{
		if (object)
			ML_TRY(take_text(in, &value->keys[i]));
		ML_TRY(decode(in, depth + 1, &value->items[i]));
	}
	return ML_OK;
}

static ml_status
decode(reader *in, int depth, ml_value *value)
{
	uint64_t tag, word;

	if (depth > MAX_DEPTH || !take(in, 1, &tag))
		return ML_BAD_MODEL;
	switch (tag)
	{
		case TAG_NULL:
			value->kind = ML_VALUE_NULL;
			return ML_OK;
		case TAG_FALSE:
		case TAG_TRUE:
			*value = ml_value_bool(tag == TAG_TRUE);
			return ML_OK;
		case TAG_NUMBER:
			if (!take(in, 8, &word))
				return ML_BAD_MODEL;
			*value =
			    (ml_value){.kind = ML_VALUE_NUMBER, .number = number_at(in->at - 8, 8)};
			return isfinite(value->number) ? ML_OK : ML_BAD_MODEL;
		case TAG_TEXT:
			value->kind = ML_VALUE_TEXT;
			return take_text(in, &value->text);
		case TAG_NUMBERS:
			return take_numbers(in, value);
		case TAG_ARRAY:
		case TAG_OBJECT:
			return take_items(in, depth, tag == TAG_OBJECT, value);
		default:
			return ML_BAD_MODEL;
	}
}

/* Reads one value that takes up all of bytes; ML_BAD_MODEL otherwise. */
ml_status
ml_value_decode(ml_host *host, const unsigned char *bytes, size_t length, ml_value *value)
{
	reader in = {
	    .host = host, .at = bytes, .left = length, .items = length / ITEM + FEWEST_ITEMS};

	*value = (ml_value){.kind = ML_VALUE_NULL};
	ML_TRY(decode(&in, 0, value));
	return in.left == 0 ? ML_OK : ML_BAD_MODEL;
}
