/* SPDX-License-Identifier: PostgreSQL */
/*
 * segments.c: what segments are called.
 *
 * A segment is called by the features in which it differs most from all rows, in their standard
 * deviations: a number is low or high, a count few or many, a time early or late; a label is
 * named where most rows of the segment have it.  Where two segments would be called the same, if
 * in another order, the smaller one is told by more features.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

#define WORDS 2 /* features that a name tells of, if they suffice */
#define MOST_WORDS 5
#define LEAST 0.25        /* difference that is told */
#define MOST_COUNTED 1000 /* a larger number is none that things are counted by */
#define LONGEST 160       /* bytes of what is told of a feature */
#define ROOM (MOST_WORDS * (LONGEST + 2) + 16)

/* Text under construction. */
typedef struct phrase
{
	int length;
	char byte[ROOM];
} phrase;

/* A feature in which a segment differs. */
typedef struct difference
{
	double size; /* in standard deviations */
	phrase told;
} difference;

ml_status
ml_segments_open(ml_host *host, ml_model *model)
{
	const ml_part *sizes = ml_fitted_part(&model->fitted, "sizes");
	ml_schema *schema = &model->schema;

	schema->classes = (int) sizes->count;
	ML_NEW(host, schema->class_label, schema->classes);
	ML_NEW(host, schema->class_count, schema->classes);
	memcpy(schema->class_count, sizes->number,
	       (size_t) schema->classes * sizeof *schema->class_count);
	return ML_OK;
}

static inline bool
continues_character(char byte)
{
	return ((unsigned char) byte & 0xc0) == 0x80;
}

/* Adds text up to a length of the phrase; no character is cut in two. */
static void
add_text(phrase *to, ml_text text, int most)
{
	int length = text.length < most - to->length ? text.length : most - to->length;

	while (length > 0 && length < text.length && continues_character(text.bytes[length]))
		length--;
	for (int i = 0; i < length; i++)
		to->byte[to->length++] = text.bytes[i];
}

static void
add_word(phrase *to, const char *word)
{
	add_text(to, (ml_text){word, (int32_t) strlen(word)}, ROOM);
}

static void
add_number(phrase *to, int number)
{
	char digit[12];
	int digits = 0;

	for (; number > 0 || digits == 0; number /= 10)
		digit[digits++] = (char) ('0' + number % 10);
	while (digits > 0)
		to->byte[to->length++] = digit[--digits];
}

/* "account balance" of feature account_balance, "vector 3" of an element. */
static void
add_name(phrase *to, const ml_feature *feature)
{
	int first = to->length;

	add_text(to, feature->name, LONGEST / 2);
	for (int i = first; i < to->length; i++)
		to->byte[i] = to->byte[i] == '_' ? ' ' : to->byte[i];
	if (feature->element == 0)
		return;
	add_word(to, " ");
	add_number(to, feature->element);
}

static bool
is_type(const ml_feature *feature, const char *word)
{
	size_t length = strlen(word);

	return (size_t) feature->type.length >= length &&
	       memcmp(feature->type.bytes, word, length) == 0;
}

static const char *
word_for(const ml_feature *feature, bool more)
{
	if (is_type(feature, "boolean"))
		return more ? "" : "not ";
	if (is_type(feature, "date") || is_type(feature, "timestamp"))
		return more ? "late " : "early ";
	/* counts begin at nought; years of age and amounts of money are integers, too */
	if (feature->min >= 0 && feature->min <= 1 && feature->max <= MOST_COUNTED &&
	    (is_type(feature, "integer") || is_type(feature, "bigint") ||
	     is_type(feature, "smallint")))
		return more ? "many " : "few ";
	return more ? "high " : "low ";
}

/* What a number of a segment's centre tells; size 0: nothing. */
static void
tell_number(const ml_feature *feature, double value, difference *d)
{
	double size = feature->sd > 0 ? (value - feature->mean) / feature->sd : 0;

	/* most of its rows must be what the segment is called */
	if (is_type(feature, "boolean") && (value > 0.5) != (size > 0))
		size = 0;
	d->size = fabs(size);
	d->told.length = 0;
	add_word(&d->told, word_for(feature, size > 0));
	add_name(&d->told, feature);
}

/* The label that most rows of a segment have; size 0: none. */
static void
tell_label(const ml_schema *schema, const ml_feature *feature, const double *share,
           difference *d)
{
	for (int level = 0; level <= feature->levels; level++)
	{
		double rows = level < feature->levels ? feature->count[level] : feature->missing;
		double all = rows / schema->rows;
		double size = (share[level] - all) / sqrt(all * (1 - all));

		/* NaN where no row has it, or every row */
		if (!(share[level] > 0.5 && size > 0))
			continue;
		d->size = size;
		d->told.length = 0;
		add_name(&d->told, feature);
		add_word(&d->told, " ");
		if (level < feature->levels)
			add_text(&d->told, feature->label[level], LONGEST);
		else
			add_word(&d->told, "unknown");
	}
}

static int
by_size(const void *context, uint32_t a, uint32_t b)
{
	const difference *d = context;

	if (d[a].size != d[b].size)
		return d[a].size > d[b].size ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The differences of one segment, feature by feature. */
static void
tell_segment(const ml_schema *schema, const ml_space *space, const double *center,
             difference *all)
{
	for (int j = 0; j < space->numbers; j++)
		tell_number(&schema->feature[space->number[j]],
		            space->shift[j] + space->scale[j] * center[space->number_slot[j]],
		            &all[space->number[j]]);
	for (int c = 0; c < space->categories; c++)
		tell_label(schema, &schema->feature[space->category[c]],
		           center + space->category_slot[c], &all[space->category[c]]);
}

/* The largest differences, so many if there are, as one name. */
static void
write_name(const difference *all, const uint32_t *order, int count, int words,
           phrase *name)
{
	name->length = 0;
	for (int i = 0; i < count && i < words && all[order[i]].size >= LEAST; i++)
	{
		const phrase *told = &all[order[i]].told;

		add_word(name, i > 0 ? ", " : "");
		add_text(name, (ml_text){told->byte, told->length}, ROOM);
	}
	if (name->length == 0)
		add_word(name, "average");
}

/* Bytes from a place on up to the next comma with a blank, or to the end. */
static int
piece_length(ml_text name, int from)
{
	int to = from;

	while (to < name.length &&
	       !(name.bytes[to] == ',' && to + 1 < name.length && name.bytes[to + 1] == ' '))
		to++;
	return to - from;
}

static bool
has_piece(ml_text name, ml_text piece)
{
	for (int from = 0, length; from <= name.length; from += length + 2)
	{
		length = piece_length(name, from);
		if (ml_text_equal((ml_text){name.bytes + from, length}, piece))
			return true;
	}
	return false;
}

/* Do two names tell the same, in whatever order? */
static bool
tell_alike(ml_text a, ml_text b)
{
	if (a.length != b.length)
		return false;
	for (int from = 0, length; from <= a.length; from += length + 2)
	{
		length = piece_length(a, from);
		if (!has_piece(b, (ml_text){a.bytes + from, length}))
			return false;
	}
	return true;
}

static bool
is_taken(const ml_schema *schema, const phrase *name)
{
	for (int k = 0; k < schema->classes; k++)
		if (schema->class_label[k].bytes != NULL &&
		    tell_alike(schema->class_label[k], (ml_text){name->byte, name->length}))
			return true;
	return false;
}

static ml_status
name_segment(ml_host *host, ml_schema *schema, int segment, const difference *all,
             const uint32_t *order)
{
	phrase name;
	int length;

	for (int words = WORDS; words <= MOST_WORDS; words++)
	{
		write_name(all, order, schema->features, words, &name);
		if (!is_taken(schema, &name))
			break;
	}
	length = name.length;
	for (int number = 2; is_taken(schema, &name); number++)
	{
		name.length = length;
		add_word(&name, " ");
		add_number(&name, number);
	}
	return ml_text_copy(host, (ml_text){name.byte, name.length},
	                    &schema->class_label[segment]);
}

ml_status
ml_segments_label(ml_host *host, ml_model *model)
{
	ml_schema *schema = &model->schema;
	const ml_part *centers = ml_fitted_part(&model->fitted, "centers");
	uint32_t *order, *work;
	difference *all;
	ml_space space;

	ML_TRY(ml_space_read(host, schema, &model->fitted, &space));
	ML_NEW(host, all, schema->features);
	ML_NEW(host, order, schema->features);
	ML_NEW(host, work, schema->features);
	for (int k = 0; k < schema->classes; k++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		if (schema->class_label[k].bytes != NULL)
			continue;
		for (int f = 0; f < schema->features; f++)
		{
			all[f].size = 0;
			order[f] = (uint32_t) f;
		}
		tell_segment(schema, &space, centers->number + k * space.slots, all);
		ML_TRY(ml_sort_indexes(host, order, work, schema->features, by_size, all));
		ML_TRY(name_segment(host, schema, k, all, order));
	}
	return ML_OK;
}
