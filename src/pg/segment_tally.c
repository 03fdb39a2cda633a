/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_tally.c: what the rows of a source tell of segments, column by column.
 *
 * All columns count that a feature could be made of, be they features of the model or not, but
 * those that identify a row.  Sums are of differences from the first value, so that few digits
 * cancel where numbers are large and near to each other.
 */
#include "segment_profile.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define MOST_LABELS 1000 /* of a category, or it is left out */

/* A column of the source, or an element of an array. */
typedef struct tally
{
	cia_column *column;
	const char *name;
	bool used;
	double *rows; /* [segments] with a value */
	double *sum;  /* [segments] of a number less the shift */
	double shift; /* the first value; NaN: there was none */
	double squares;
	ml_dictionary *label; /* of a category */
	double *count;        /* [room][segments] rows */
	int32_t room;
	bool crowded; /* it has more labels */
} tally;

typedef struct tallies
{
	cia_profile *profile;
	int segments;
	double *rows; /* [segments] */
	tally *tally;
	int count;
	cia_lineage lineage;
	StringInfoData left_out;
	MemoryContext scratch; /* reset after every row */
} tallies;

/* The features of the model that a column is; NULL: it is none. */
static const ml_feature *
feature_of(const ml_schema *schema, const char *name)
{
	for (int f = 0; f < schema->features; f++)
		if (ml_text_is(schema->feature[f].name, name))
			return &schema->feature[f];
	return NULL;
}

static void
leave_out(tallies *work, const char *name, const char *why)
{
	appendStringInfo(&work->left_out, "%s\"%s\" (%s)", work->left_out.len > 0 ? ", " : "",
	                 name, why);
}

static void
add_tally(tallies *work, cia_column *column, const char *name, bool used)
{
	tally *t = &work->tally[work->count++];

	*t = (tally){.column = column, .name = name, .used = used, .shift = NAN};
	t->rows = palloc0(sizeof(double) * work->segments);
	t->sum = palloc0(sizeof(double) * work->segments);
	if (column->kind == ML_NUMBER)
		return;
	cia_check(work->profile->run->door,
	          ml_dictionary_create(&work->profile->run->door->host, &t->label));
}

static void
open_column(tallies *work, Form_pg_attribute attribute)
{
	char *name = pstrdup(NameStr(attribute->attname));
	const ml_feature *feature = feature_of(&work->profile->run->model->schema, name);
	cia_column *column = palloc(sizeof *column);
	int width = feature != NULL ? Max(feature->width, 1) : 1;

	if (cia_array_names(work->lineage.id, name) ||
	    (work->lineage.weight != NULL && strcmp(work->lineage.weight, name) == 0))
		return;
	if (!cia_column_try(column, name, attribute->atttypid, attribute->attnum,
	                    ML_FEATURE) ||
	    (column->is_array && feature == NULL))
	{
		leave_out(work, name, format_type_be(attribute->atttypid));
		return;
	}
	work->tally = work->count > 0
	                  ? repalloc(work->tally, sizeof(tally) * (work->count + width))
	                  : palloc(sizeof(tally) * width);
	column->width = width;
	for (int i = 0; i < width; i++)
		add_tally(work, column,
		          column->is_array ? cia_element_name(feature->name, i + 1) : name,
		          feature != NULL);
}

static void
start_rows(void *state, TupleDesc columns)
{
	tallies *work = state;

	for (int i = 0; i < columns->natts; i++)
		open_column(work, TupleDescAttr(columns, i));
}

static void
take_number(tally *t, int segment, double number)
{
	double away;

	if (isnan(number))
		return;
	if (isnan(t->shift))
		t->shift = isfinite(number) ? number : 0;
	away = number - t->shift;
	t->rows[segment]++;
	t->sum[segment] += away;
	t->squares += away * away;
}

/* Room for twice as many labels. */
static void
make_room(const tallies *work, tally *t)
{
	int32_t room = t->room > 0 ? 2 * t->room : 16;
	Size size = sizeof(double) * work->segments, old = size * t->room;
	double *grown = MemoryContextAllocHuge(work->profile->run->door->arena, size * room);

	memset((char *) grown + old, 0, size * room - old);
	if (t->room > 0)
	{
		memcpy(grown, t->count, old);
		pfree(t->count);
	}
	t->count = grown;
	t->room = room;
}

static void
take_label(tallies *work, tally *t, int segment, ml_text label)
{
	int32_t code;

	if (label.bytes == NULL)
		return;
	t->rows[segment]++;
	code = ml_dictionary_find(t->label, label);
	if (code < 0)
	{
		t->crowded = t->label->count == MOST_LABELS;
		if (t->crowded)
			return;
		cia_check(work->profile->run->door, ml_dictionary_add(t->label, label, &code));
		if (code == t->room)
			make_room(work, t);
	}
	t->count[(Size) code * work->segments + segment]++;
}

/* Takes a value; answers how many tallies it went to. */
static int
take_value(tallies *work, tally *t, int segment, Datum value, bool isnull)
{
	double *element;
	ml_cell cell;

	if (t->column->is_array)
	{
		int width = cia_array_read(t->column, value, isnull, &element);

		for (int i = 0; i < t->column->width && i < width; i++)
			take_number(&t[i], segment, element[i]);
		return t->column->width;
	}
	if (t->crowded)
		return 1;
	cia_cell_read(t->column, value, isnull, &cell);
	if (t->column->kind == ML_NUMBER)
		take_number(t, segment, cell.number);
	else
		take_label(work, t, segment, cell.text);
	return 1;
}

static void
take_row(void *state, int segment, const Datum *values, const bool *nulls)
{
	tallies *work = state;
	MemoryContext before = MemoryContextSwitchTo(work->scratch);

	work->rows[segment]++;
	for (int i = 0; i < work->count;)
	{
		int at = work->tally[i].column->attno - 1;

		i += take_value(work, &work->tally[i], segment, values[at], nulls[at]);
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(work->scratch);
}

static double
sum_of(const double *number, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += number[i];
	return sum;
}

/* Shares of the rows of each segment of which so many are something. */
static void
tell_shares(const tallies *work, const tally *t, const char *label, const double *some)
{
	double all = sum_of(some, work->segments) / sum_of(work->rows, work->segments);

	for (int k = 0; k < work->segments; k++)
		if (work->rows[k] > 0)
			cia_profile_add(work->profile,
			                &(cia_told){.segment = k,
			                            .feature = t->name,
			                            .label = label,
			                            .share = true,
			                            .used = t->used,
			                            .value = some[k] / work->rows[k],
			                            .overall = all},
			                cia_share_deviation(all));
}

static void
tell_number(const tallies *work, const tally *t)
{
	double rows = sum_of(t->rows, work->segments);
	double mean = sum_of(t->sum, work->segments) / rows;
	double variance = t->squares / rows - mean * mean;
	bool is_boolean = t->column->type == BOOLOID;

	for (int k = 0; rows > 0 && k < work->segments; k++)
		if (work->rows[k] > 0)
			cia_profile_add(work->profile,
			                &(cia_told){.segment = k,
			                            .feature = t->name,
			                            .label = is_boolean ? "true" : NULL,
			                            .share = is_boolean,
			                            .used = t->used,
			                            .value = t->shift + t->sum[k] / t->rows[k],
			                            .overall = t->shift + mean},
			                sqrt(Max(variance, 0)));
}

/* Labels with the rows that have them. */
typedef struct frequent
{
	int32_t code;
	ml_text label;
	double rows;
} frequent;

static int
by_rows(const void *a, const void *b)
{
	const frequent *x = a, *y = b;

	return x->rows != y->rows ? (x->rows > y->rows ? -1 : 1)
	                          : ml_text_compare(x->label, y->label);
}

static void
tell_labels(const tallies *work, const tally *t)
{
	frequent *label = palloc(sizeof *label * (t->label->count + 1));

	for (int32_t code = 0; code < t->label->count; code++)
		label[code] = (frequent){
		    .code = code,
		    .label = t->label->label[code],
		    .rows = sum_of(t->count + (Size) code * work->segments, work->segments)};
	qsort(label, t->label->count, sizeof *label, by_rows);
	for (int i = 0; i < t->label->count && i < work->profile->labels; i++)
		tell_shares(work, t, cia_text_cstring(label[i].label),
		            t->count + (Size) label[i].code * work->segments);
}

static void
tell(tallies *work, tally *t)
{
	double *missing = palloc(sizeof *missing * work->segments);

	if (t->crowded)
	{
		leave_out(work, t->name, psprintf("more than %d labels", MOST_LABELS));
		return;
	}
	if (t->column->kind == ML_NUMBER)
		tell_number(work, t);
	else
		tell_labels(work, t);
	for (int k = 0; k < work->segments; k++)
		missing[k] = work->rows[k] - t->rows[k];
	if (sum_of(missing, work->segments) > 0)
		tell_shares(work, t, NULL, missing);
}

void
cia_profile_read(cia_profile *profile, const char *source)
{
	cia_segment_rows *run = profile->run;
	tallies work = {.profile = profile, .segments = run->model->schema.classes};

	work.rows = palloc0(sizeof(double) * work.segments);
	work.lineage = cia_registry_lineage(run->schema, &run->version);
	work.scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&work.left_out);
	run->all_columns = true;
	run->start = start_rows;
	run->take = take_row;
	run->state = &work;
	cia_segment_rows_run(run, source);
	for (int i = 0; run->rows > 0 && i < work.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tell(&work, &work.tally[i]);
	}
	if (work.left_out.len > 0)
		ereport(NOTICE,
		        (errmsg("columns that are left out: %s", work.left_out.data),
		         errhint("Cast them in the source, or make a few labels of many.")));
}
