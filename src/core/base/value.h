/* SPDX-License-Identifier: PostgreSQL */
/*
 * value.h: JSON-shaped values, the one form in which options come in and models go out.
 *
 * An array of nothing but numbers and nulls is a value of its own kind, packed:
 * null is NaN there.  Text is UTF-8 or whatever the database's encoding is; the
 * core only compares and copies it.
 *
 * Binary form, little-endian, tag by tag:
 *
 *	0 null | 1 false | 2 true
 *	3 number   f64
 *	4 text     u32 length, bytes
 *	5 numbers  u8 width (1, 2, 4: signed integers; 8: f64), u64 count, items
 *	6 array    u32 count, values
 *	7 object   u32 count, (u32 length, key bytes, value) each
 *
 * Numbers take the narrowest width that holds all of them exactly, and zero is
 * positive, so equal values have equal bytes.
 */
#ifndef ML_VALUE_H
#define ML_VALUE_H

#include "base/host.h"

typedef enum ml_value_kind
{
	ML_VALUE_NULL,
	ML_VALUE_BOOL,
	ML_VALUE_NUMBER,
	ML_VALUE_TEXT,
	ML_VALUE_NUMBERS,
	ML_VALUE_ARRAY,
	ML_VALUE_OBJECT
} ml_value_kind;

/* Bytes with a length; never assumed to end in a NUL byte, although the core's own do. */
typedef struct ml_text
{
	const char *bytes;
	int32_t length;
} ml_text;

typedef struct ml_value
{
	ml_value_kind kind;
	int64_t count; /* items of NUMBERS, ARRAY, OBJECT */
	double number;
	bool boolean;
	ml_text text;
	double *numbers;
	struct ml_value *items; /* ARRAY; OBJECT: the members' values */
	ml_text *keys;          /* OBJECT: the members' names */
} ml_value;

/* Bytes under construction, or of a fixed size. */
typedef struct ml_bytes
{
	unsigned char *data;
	size_t length;
} ml_bytes;

extern bool ml_text_equal(ml_text a, ml_text b);
extern bool ml_text_is(ml_text text, const char *word);
extern int ml_text_compare(ml_text a, ml_text b);
extern ml_status ml_text_copy(ml_host *host, ml_text text, ml_text *copy);

extern ml_value ml_value_text(ml_text text);
extern ml_value ml_value_word(const char *word);
extern ml_value ml_value_number(double number);
extern ml_value ml_value_bool(bool boolean);
extern ml_value ml_value_numbers(double *numbers, int64_t count);

/* Is one of so many numbers infinite?  Values hold none. */
extern bool ml_any_infinite(const double *number, int64_t count);

extern ml_status ml_value_object(ml_host *host, int64_t members, ml_value *object);
extern ml_status ml_value_array(ml_host *host, int64_t items, ml_value *array);
extern void ml_value_add(ml_value *object, const char *key, ml_value member);
extern const ml_value *ml_value_member(const ml_value *object, const char *key);

/*
 * Puts the members of a member, and of all objects within, in byte order of their names, so
 * that equal values have equal bytes; ML_BAD_MODEL if it is nested deeper than bytes can be
 * or holds an infinity,
 * or an array of which an item is null, true or false.
 */
extern ml_status ml_value_sort(ml_host *host, ml_value *member);

/* Makes -0 to 0, in place and in all within, since jsonb knows no other zero. */
extern void ml_value_one_zero(ml_value *value);

extern ml_status
ml_value_encode(ml_host *host, const ml_value *value, size_t header, ml_bytes *bytes);
extern ml_status ml_value_decode(ml_host *host, const unsigned char *bytes, size_t length,
                                 ml_value *value);

#endif
