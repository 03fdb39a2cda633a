/* SPDX-License-Identifier: PostgreSQL */
/*
 * segments.c: what segments are called.
 *
 * A segment is called by the features in which it differs most from all rows, in their standard
 * deviations: a number is low or high, a count few or many, a time early or late; a label is
 * named where most rows of the segment have it, or lack it although most of all rows have it.
 *
 * Where another segment is called the same, if in another order, the feature in which the two
 * differ most is told as well, or more of it: by its word, if that is not true of the other one,
 * by a degree ("very high balance"), at last by its value ("balance about 1200").  So the
 * smaller one of two says what tells it from the larger one.
 */
#include "model/model.h"
#include "model/phrase.h"

#include <math.h>
#include <string.h>

#define WORDS 2         /* features that a name tells of, if they suffice */
#define LEAST 0.25      /* difference that is told by words */
#define VALUE_WORTH 0.5 /* of a difference told by a value: words are read more easily */
#define LACKING_WORTH 0.5 /* of a difference told by a label that is lacking */
#define MOST_DIGITS 6     /* of a value: more are read by nobody */
#define NONE 0.005        /* share of a label that is 0 % */

/* How a feature is told; each says more than the one before it. */
typedef enum form
{
	UNTOLD,
	PLAIN,
	VERY,
	FAIRLY,
	VALUE
} form;

/* A feature in which a segment differs from all rows. */
typedef struct difference
{
	const double
	    *center;  /* the number, in the units of the space, or the shares of labels */
	double value; /* a number, in the data's units */
	double away;  /* a number, in standard deviations, signed */
	double size;  /* in standard deviations; 0: there is no word for it */
	int level;    /* the label that is told */
	bool lacks;   /* told is that most of its rows do not have it */
	ml_phrase told;
} difference;

/* A feature that a name tells of. */
typedef struct piece
{
	int feature;
	form form;
	int level;  /* VALUE of a category: the label */
	int digits; /* VALUE */
} piece;

/* A name under construction. */
typedef struct naming
{
	ml_schema *schema;
	const ml_space *space;
	const double *centers;
	difference *own;   /* [features] of the segment that is to be called something */
	difference *other; /* [features] of one that is called so */
	uint32_t *order;   /* [features] from the largest difference on */
	uint32_t *work;
	int pieces;
	piece piece[ML_PIECES];
	ml_phrase name;
} naming;

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

/* What a number of a segment's centre tells. */
static void
tell_number(const ml_feature *feature, double value, difference *d)
{
	d->value = value;
	d->away = feature->sd > 0 ? (value - feature->mean) / feature->sd : 0;
	d->size = fabs(d->away);
	/* most of its rows must be what the segment is called */
	if (ml_phrase_is_type(feature, "boolean") && (value > 0.5) != (d->away > 0))
		d->size = 0;
	d->told.length = 0;
	ml_phrase_word(&d->told, ml_phrase_more(feature, d->away > 0));
	ml_phrase_name(&d->told, feature);
}

/* Rows that have a label; of level levels those without one. */
static double
rows_of(const ml_feature *feature, int level)
{
	return level < feature->levels ? feature->count[level] : feature->missing;
}

static void
add_label(ml_phrase *to, const ml_feature *feature, const char *between, int level)
{
	ml_phrase_name(to, feature);
	ml_phrase_word(to, between);
	if (level < feature->levels)
		ml_phrase_label(to, feature->label[level], ML_TOLD);
	else
		ml_phrase_word(to, "unknown");
}

/* The standard deviation of having a label; NaN or 0 where no row has it, or every row. */
static double
label_deviation(const ml_schema *schema, const ml_feature *feature, int level)
{
	double share = rows_of(feature, level) / schema->rows;

	return sqrt(share * (1 - share));
}

/* The label that most rows of a segment have, else that they lack although most of all have it. */
static void
tell_label(const ml_schema *schema, const ml_feature *feature, difference *d)
{
	for (int level = 0; level <= feature->levels; level++)
	{
		double all = rows_of(feature, level) / schema->rows;
		double size = (d->center[level] - all) / label_deviation(schema, feature, level);

		bool has = d->center[level] > 0.5 && size > 0;
		bool lacks = d->size == 0 && d->center[level] < 0.5 && all > 0.5 && size < 0;

		if (!has && !lacks)
			continue;
		d->size = lacks ? -size * LACKING_WORTH : size;
		d->level = level;
		d->lacks = lacks;
		d->told.length = 0;
		add_label(&d->told, feature, lacks ? " not " : " ", level);
	}
}

/* The differences of one segment, feature by feature. */
static void
tell_segment(const naming *n, int segment, difference *all)
{
	const ml_space *space = n->space;
	const double *center = n->centers + segment * space->slots;

	for (int f = 0; f < n->schema->features; f++)
		all[f] = (difference){.center = NULL};
	for (int j = 0; j < space->numbers; j++)
	{
		difference *d = &all[space->number[j]];

		d->center = center + space->number_slot[j];
		tell_number(&n->schema->feature[space->number[j]],
		            space->shift[j] + space->scale[j] * *d->center, d);
	}
	for (int c = 0; c < space->categories; c++)
	{
		difference *d = &all[space->category[c]];

		d->center = center + space->category_slot[c];
		tell_label(n->schema, &n->schema->feature[space->category[c]], d);
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

/* The segment that is called what a name tells; -1: none. */
static int
owner_of(const naming *n)
{
	for (int k = 0; k < n->schema->classes; k++)
		if (n->schema->class_label[k].bytes != NULL &&
		    tell_alike(n->schema->class_label[k], ml_phrase_text(&n->name)))
			return k;
	return -1;
}

/* What a piece says of a segment by its value. */
static void
add_value(const naming *n, const piece *p, const difference *d, ml_phrase *to)
{
	const ml_feature *feature = &n->schema->feature[p->feature];

	if (feature->kind == ML_CATEGORY)
	{
		bool is_none = p->digits == ML_FEWEST_DIGITS && d->center[p->level] < NONE;

		add_label(to, feature, is_none ? " not " : " ", p->level);
		if (is_none)
			return;
		ml_phrase_word(to, " ");
		ml_phrase_percent(to, d->center[p->level], p->digits);
		return;
	}
	ml_phrase_name(to, feature);
	if (ml_phrase_is_type(feature, "boolean"))
	{
		ml_phrase_word(to, " ");
		ml_phrase_percent(to, d->value, p->digits);
		return;
	}
	ml_phrase_word(to, " about ");
	ml_phrase_value(to, feature, d->value, p->digits);
}

static void
write_name(naming *n)
{
	ml_phrase *name = &n->name;

	name->length = 0;
	for (int i = 0; i < n->pieces; i++)
	{
		const piece *p = &n->piece[i];
		const difference *d = &n->own[p->feature];

		ml_phrase_word(name, i > 0 ? ", " : "");
		if (p->form == VALUE)
		{
			add_value(n, p, d, name);
			continue;
		}
		ml_phrase_word(name, p->form == VERY     ? "very "
		                     : p->form == FAIRLY ? "fairly "
		                                         : "");
		ml_phrase_add(name, ml_phrase_text(&d->told), ML_PHRASE);
	}
	if (name->length == 0)
		ml_phrase_word(name, "average");
}

/* The largest differences. */
static void
take_largest(naming *n)
{
	n->pieces = 0;
	for (int i = 0; i < n->schema->features && i < WORDS; i++)
		if (n->own[n->order[i]].size >= LEAST)
			n->piece[n->pieces++] = (piece){.feature = (int) n->order[i], .form = PLAIN};
}

/* Its place among the pieces, which is past them if it is none. */
static int
place_of(const naming *n, int feature)
{
	int place = 0;

	while (place < n->pieces && n->piece[place].feature != feature)
		place++;
	return place;
}

/* How far the two segments are apart in a feature; of a category, by which label. */
static double
apart(const naming *n, int f, int *level)
{
	const ml_feature *feature = &n->schema->feature[f];
	const difference *own = &n->own[f], *other = &n->other[f];
	double most = 0;

	*level = 0;
	if (own->center == NULL || feature->kind == ML_NUMBER)
		return own->center == NULL ? 0 : fabs(own->away - other->away);
	for (int l = 0; l <= feature->levels; l++)
	{
		double size = fabs(own->center[l] - other->center[l]) /
		              label_deviation(n->schema, feature, l);

		if (!(size > most))
			continue;
		most = size;
		*level = l;
	}
	return most;
}

/* As many digits as tell the two segments apart; false if none do. */
static bool
find_digits(const naming *n, piece *p)
{
	for (; p->digits <= MOST_DIGITS; p->digits++)
	{
		ml_phrase own, other;

		own.length = other.length = 0;
		add_value(n, p, &n->own[p->feature], &own);
		add_value(n, p, &n->other[p->feature], &other);
		if (!ml_text_equal(ml_phrase_text(&own), ml_phrase_text(&other)))
			return true;
	}
	return false;
}

/* Is a feature's word true of the other segment, too? */
static bool
is_shared(const naming *n, int f)
{
	const difference *own = &n->own[f], *other = &n->other[f];

	if (n->schema->feature[f].kind == ML_CATEGORY)
		return other->size > 0 && own->level == other->level &&
		       own->lacks == other->lacks;
	return other->size >= LEAST && (own->away > 0) == (other->away > 0);
}

/* The least that a feature has to say more for the two to be told apart; false if it cannot. */
static bool
say_more(const naming *n, piece *p, double distance)
{
	const ml_feature *feature = &n->schema->feature[p->feature];
	const difference *own = &n->own[p->feature], *other = &n->other[p->feature];
	bool has_word = own->size >= LEAST && distance >= LEAST;
	bool has_degree =
	    has_word && feature->kind == ML_NUMBER && !ml_phrase_is_type(feature, "boolean");

	if (p->form == UNTOLD && has_word && !is_shared(n, p->feature))
	{
		p->form = PLAIN;
		return true;
	}
	if (p->form <= PLAIN && has_degree)
	{
		p->form = own->size > other->size ? VERY : FAIRLY;
		return true;
	}
	p->digits = p->form == VALUE ? p->digits + 1 : ML_FEWEST_DIGITS;
	p->form = VALUE;
	return find_digits(n, p);
}

/* Tells more of the feature in which the two segments differ most; false if none is left. */
static bool
tell_apart(naming *n)
{
	double most = 0;
	piece chosen;
	int at = -1;

	for (int f = 0; f < n->schema->features; f++)
	{
		int place = place_of(n, f), level;
		piece p = place < n->pieces ? n->piece[place] : (piece){.feature = f};
		double distance = apart(n, f, &level);

		if (place == ML_PIECES || !(distance > most))
			continue;
		if (p.form != VALUE)
			p.level = level;
		if (!say_more(n, &p, distance))
			continue;
		distance *= p.form == VALUE ? VALUE_WORTH : 1;
		if (!(distance > most))
			continue;
		most = distance;
		chosen = p;
		at = place;
	}
	if (at < 0)
		return false;
	n->piece[at] = chosen;
	n->pieces += at == n->pieces;
	return true;
}

static ml_status
name_segment(ml_host *host, naming *n, int segment)
{
	int owner, length;

	take_largest(n);
	write_name(n);
	while ((owner = owner_of(n)) >= 0)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		tell_segment(n, owner, n->other);
		if (!tell_apart(n))
			break;
		write_name(n);
	}
	length = n->name.length;
	for (int number = 2; owner_of(n) >= 0; number++)
	{
		n->name.length = length;
		ml_phrase_word(&n->name, " ");
		ml_phrase_count(&n->name, number);
	}
	return ml_text_copy(host, ml_phrase_text(&n->name), &n->schema->class_label[segment]);
}

ml_status
ml_segments_label(ml_host *host, ml_model *model)
{
	ml_schema *schema = &model->schema;
	naming *n;
	ml_space space;

	ML_TRY(ml_space_read(host, schema, &model->fitted, &space));
	ML_NEW(host, n, 1);
	n->schema = schema;
	n->space = &space;
	n->centers = ml_fitted_part(&model->fitted, "centers")->number;
	ML_NEW(host, n->own, schema->features);
	ML_NEW(host, n->other, schema->features);
	ML_NEW(host, n->order, schema->features);
	ML_NEW(host, n->work, schema->features);
	for (int k = 0; k < schema->classes; k++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		if (schema->class_label[k].bytes != NULL)
			continue;
		for (int f = 0; f < schema->features; f++)
			n->order[f] = (uint32_t) f;
		tell_segment(n, k, n->own);
		ML_TRY(
		    ml_sort_indexes(host, n->order, n->work, schema->features, by_size, n->own));
		ML_TRY(name_segment(host, n, k));
	}
	return ML_OK;
}
