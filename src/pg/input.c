/* SPDX-License-Identifier: PostgreSQL */
/*
 * input.c: the row to be scored.
 *
 * Columns are matched with the model's features by name, once per shape of row: a row
 * type, or the names and types of columns that are handed over one by one.  What was
 * found is kept with the decoded model.  For jsonb see input_json.c, for arrays
 * input_array.c.
 */
#include "score_blocks.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Maps kept with one model; where rows of more shapes come by, the others are made anew. */
#define MOST_MAPS 16

/* A feature, and the value that it is. */
typedef struct cia_place
{
	int feature;
	int value;
} cia_place;

/* Names and types of a row's values, whatever they come from. */
typedef struct row_shape
{
	ml_text *name; /* [count] bytes are NULL for a column that was dropped */
	Oid *type;     /* [count] */
	int count;
} row_shape;

/* All columns that a row or a source lacks, at once. */
void
cia_raise_missing(const cia_loaded *loaded, const char *columns)
{
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN),
	         errmsg("row lacks columns that model \"%s\" was trained on", loaded->name),
	         errdetail("Missing: %s.", columns),
	         errhint("Columns are matched by name.")));
}

bool
cia_is_further_element(const ml_schema *schema, int feature)
{
	return feature > 0 && schema->feature[feature].element > 0 &&
	       ml_text_equal(schema->feature[feature].name,
	                     schema->feature[feature - 1].name);
}

/*
 * The place of a column, or -1.  The search begins behind the column found before, since
 * features come in the order of their columns: a wide row is matched in one pass.
 */
static int
find_column(const row_shape *shape, ml_text name, int before)
{
	for (int i = 1; i <= shape->count; i++)
	{
		int at = (before + i) % shape->count;

		if (shape->name[at].bytes != NULL && ml_text_equal(shape->name[at], name))
			return at;
	}
	return -1;
}

/* A name that occurs twice is refused where the model needs it. */
static void
check_once(const cia_loaded *loaded, const row_shape *shape, int found)
{
	for (int i = 0; i < shape->count; i++)
		if (i != found && shape->name[i].bytes != NULL &&
		    ml_text_equal(shape->name[i], shape->name[found]))
			ereport(ERROR,
			        (errcode(ERRCODE_AMBIGUOUS_COLUMN),
			         errmsg("column \"%s\" occurs more than once in the row",
			                cia_text_cstring(shape->name[found])),
			         errdetail("Model \"%s\" uses a column of that name.", loaded->name),
			         errhint("Name the columns of the query apart.")));
}

static void
raise_other_type(const cia_loaded *loaded, const ml_feature *feature, Oid type)
{
	ereport(ERROR,
	        (errcode(ERRCODE_DATATYPE_MISMATCH),
	         errmsg("column \"%s\" has type %s, but model \"%s\" was trained on type %s",
	                cia_text_cstring(feature->name), format_type_be(type), loaded->name,
	                cia_text_cstring(feature->type)),
	         errhint("Cast the column in the query that makes the row.")));
}

static void
map_feature(const cia_loaded *loaded, const ml_feature *feature, const row_shape *shape,
            int at, cia_column *column)
{
	cia_column_open(column, cia_text_cstring(shape->name[at]), shape->type[at],
	                (AttrNumber) (at + 1), ML_FEATURE);
	if (feature->kind == ML_CATEGORY && column->kind != ML_CATEGORY && !column->is_array)
		cia_column_as_category(column);
	if (column->kind != feature->kind || column->is_array != (feature->element > 0))
		raise_other_type(loaded, feature, shape->type[at]);
}

/* Finds every feature's column; all that are missing are told at once. */
static void
map_features(const cia_loaded *loaded, const row_shape *shape, bool may_repeat,
             cia_row_map *map)
{
	const ml_schema *schema = &loaded->model->schema;
	StringInfoData missing;
	int at = -1;

	initStringInfo(&missing);
	map->count = shape->count;
	map->column = palloc0(sizeof(cia_column) * schema->features);
	map->double_at = palloc(sizeof(cia_place) * schema->features);
	map->other = palloc(sizeof(int) * schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		int found;

		if (cia_is_further_element(schema, f))
			continue;
		found = find_column(shape, schema->feature[f].name, at);
		if (found < 0)
		{
			appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
			                 cia_text_cstring(schema->feature[f].name));
			continue;
		}
		if (may_repeat)
			check_once(loaded, shape, found);
		map_feature(loaded, &schema->feature[f], shape, found, &map->column[f]);
		if (map->column[f].is_double)
			map->double_at[map->doubles++] = (cia_place){f, found};
		else
			map->other[map->others++] = f;
		at = found;
	}
	if (missing.len > 0)
		cia_raise_missing(loaded, missing.data);
}

void
cia_check_feature(const cia_loaded *loaded, const ml_feature *feature, double value)
{
	if (isinf(value))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("column \"%s\" contains a value that is not finite",
		                       cia_element_name(feature->name, feature->element)),
		                errhint("Make it NULL, which counts as missing.")));
}

/* An array must be as long as in training, or empty, which counts as missing. */
void
cia_check_width(const cia_loaded *loaded, const ml_feature *feature, int width)
{
	if (width != 0 && width != feature->width)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		     errmsg("column \"%s\" holds an array of length %d, but model \"%s\" "
		            "was trained on length %d",
		            cia_text_cstring(feature->name), width, loaded->name, feature->width),
		     errhint("Give arrays of that length, or train the model again.")));
}

/* A value of the row: one of the arguments from first on, or of the reader's own. */
static inline NullableDatum
value_at(const cia_reader *reader, const NullableDatum *first, int at)
{
	if (first != NULL)
		return first[at];
	return (NullableDatum){reader->values[at], reader->nulls[at]};
}

/* Reads an array column into its features. */
static void
read_elements(const cia_loaded *loaded, const cia_reader *reader, int first,
              NullableDatum value)
{
	const ml_schema *schema = &loaded->model->schema;
	const cia_column *column = &reader->map->column[first];
	int f = first;
	double *elements = NULL;
	int width = cia_array_read(column, value.value, value.isnull, &elements);

	cia_check_width(loaded, &schema->feature[first], width);
	do
	{
		reader->row[f] =
		    width > 0 ? elements[schema->feature[f].element - 1] : get_float8_nan();
		cia_check_feature(loaded, &schema->feature[f], reader->row[f]);
	} while (++f < schema->features && cia_is_further_element(schema, f));
}

static double
read_scalar(const cia_reader *reader, const ml_feature *feature, const cia_column *column,
            NullableDatum value)
{
	ml_cell cell;
	double place;

	if (value.isnull)
		return column->kind == ML_CATEGORY ? -1 : get_float8_nan();
	column->read(column, value.value, &cell);
	if (column->kind != ML_CATEGORY)
		return cell.number;
	if (reader->labels != NULL && cia_labels_keep(reader->labels, cell.text, &place))
		return place;
	return ml_feature_code(feature, cell.text);
}

static void
check_features(const cia_loaded *loaded, const double *row)
{
	for (int f = 0; f < loaded->model->schema.features; f++)
		cia_check_feature(loaded, &loaded->model->schema.feature[f], row[f]);
}

/* A loop of its own, which the compiler makes a vector loop. */
static bool
has_infinity(const double *row, int features)
{
	bool infinite = false;

	for (int f = 0; f < features; f++)
		infinite |= fabs(row[f]) > DBL_MAX;
	return infinite;
}

static void
read_other(const cia_loaded *loaded, const cia_reader *reader, int feature,
           NullableDatum value)
{
	const cia_column *column = &reader->map->column[feature];

	if (column->is_array)
		read_elements(loaded, reader, feature, value);
	else
		reader->row[feature] =
		    read_scalar(reader, &loaded->model->schema.feature[feature], column, value);
}

/* Doubles need no reading: this is what scoring in a scan comes down to. */
static inline const double *
read_row(const cia_loaded *loaded, const cia_reader *reader, const NullableDatum *first)
{
	const cia_row_map *map = reader->map;
	double *row = reader->row;

	for (int i = 0; i < map->doubles; i++)
	{
		NullableDatum value = value_at(reader, first, map->double_at[i].value);

		row[map->double_at[i].feature] = value.isnull ? NAN : DatumGetFloat8(value.value);
	}
	for (int i = 0; i < map->others; i++)
	{
		int f = map->other[i];

		read_other(loaded, reader, f, value_at(reader, first, map->column[f].attno - 1));
	}
	if (unlikely(has_infinity(row, loaded->model->schema.features)))
		check_features(loaded, row);
	return row;
}

const double *
cia_read_values(const cia_loaded *loaded, const cia_reader *reader)
{
	return read_row(loaded, reader, NULL);
}

const double *
cia_read_arguments(const cia_loaded *loaded, const cia_reader *reader,
                   const NullableDatum *first)
{
	return read_row(loaded, reader, first);
}

static cia_row_map *
new_map(MemoryContext parent)
{
	MemoryContext context =
	    AllocSetContextCreate(parent, "cia row map", ALLOCSET_SMALL_SIZES);
	cia_row_map *map = MemoryContextAllocZero(context, sizeof *map);

	map->context = context;
	return map;
}

/* A function that a user made may be replaced; those of PostgreSQL itself stay. */
static bool
may_be_kept(const cia_row_map *map, int features)
{
	for (int f = 0; f < features; f++)
		if (map->column[f].convert != NULL &&
		    map->column[f].convert->fn_oid >= FirstNormalObjectId)
			return false;
	return true;
}

/* Gives a map to the model, for the next call site that meets rows of this shape. */
static void
keep_map(cia_site *site, cia_row_map *map)
{
	cia_cached *cached = site->cached;

	if (cached == NULL || cached->map_count == MOST_MAPS ||
	    !may_be_kept(map, cached->model->schema.features))
		return;
	MemoryContextSetParent(map->context, cached->context);
	map->next = cached->maps;
	cached->maps = map;
	cached->map_count++;
	cia_cache_measure(cached);
}

static cia_reader *
new_reader(cia_site *site)
{
	MemoryContext context;
	cia_reader *reader;

	if (site->reader != NULL)
	{
		context = site->reader->context;
		site->reader = NULL;
		MemoryContextDelete(context);
	}
	context = AllocSetContextCreate(site->context, "cia row", ALLOCSET_SMALL_SIZES);
	reader = MemoryContextAllocZero(context, sizeof *reader);
	reader->context = context;
	reader->row =
	    MemoryContextAlloc(context, sizeof(double) * ml_model_room(site->loaded.model));
	return reader;
}

static cia_reader *
set_map(cia_site *site, cia_reader *reader, cia_row_map *map)
{
	reader->map = map;
	reader->values = MemoryContextAlloc(reader->context, sizeof(Datum) * map->count);
	reader->nulls = MemoryContextAlloc(reader->context, sizeof(bool) * map->count);
	site->reader = reader;
	return reader;
}

static row_shape
shape_of_record(TupleDesc tupdesc)
{
	row_shape shape = {.count = tupdesc->natts};

	shape.name = palloc0(sizeof(ml_text) * Max(shape.count, 1));
	shape.type = palloc(sizeof(Oid) * Max(shape.count, 1));
	for (int i = 0; i < shape.count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (!attribute->attisdropped)
			shape.name[i] = cia_text_of(NameStr(attribute->attname));
		shape.type[i] = attribute->atttypid;
	}
	return shape;
}

static bool
is_of_record(const cia_row_map *map, HeapTupleHeader header, uint64 shape)
{
	return map->tupdesc != NULL && map->shape == shape &&
	       map->tupdesc->tdtypeid == HeapTupleHeaderGetTypeId(header) &&
	       map->tupdesc->tdtypmod == HeapTupleHeaderGetTypMod(header);
}

static cia_reader *
record_reader(cia_site *site, HeapTupleHeader header, uint64 id)
{
	cia_reader *reader = new_reader(site);
	cia_row_map *map = site->cached != NULL ? site->cached->maps : NULL;
	MemoryContext before;
	row_shape shape;

	while (map != NULL && !is_of_record(map, header, id))
		map = map->next;
	if (map != NULL)
		return set_map(site, reader, map);
	map = new_map(reader->context);
	before = MemoryContextSwitchTo(map->context);
	map->shape = id;
	map->tupdesc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
	                                           HeapTupleHeaderGetTypMod(header));
	shape = shape_of_record(map->tupdesc);
	map_features(&site->loaded, &shape, map->tupdesc->tdtypeid == RECORDOID, map);
	MemoryContextSwitchTo(before);
	keep_map(site, map);
	return set_map(site, reader, map);
}

static const double *
read_record(cia_site *site, HeapTupleHeader header)
{
	uint64 id = assign_record_type_identifier(HeapTupleHeaderGetTypeId(header),
	                                          HeapTupleHeaderGetTypMod(header));
	cia_reader *reader = site->reader;
	HeapTupleData tuple;

	if (reader == NULL || !is_of_record(reader->map, header, id))
		reader = record_reader(site, header, id);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, reader->map->tupdesc, reader->values, reader->nulls);
	return cia_read_values(&site->loaded, reader);
}

static row_shape
shape_of_columns(ArrayType *names, const Oid *types, int count)
{
	row_shape shape = {.count = count};
	Datum *name;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &name, NULL, &shape.count);
	shape.name = palloc(sizeof(ml_text) * Max(count, 1));
	shape.type = palloc(sizeof(Oid) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		shape.name[i] = (ml_text){VARDATA_ANY(DatumGetPointer(name[i])),
		                          (int32) VARSIZE_ANY_EXHDR(DatumGetPointer(name[i]))};
		shape.type[i] = types[i];
	}
	return shape;
}

static bool
is_of_columns(const cia_row_map *map, ArrayType *names, const Oid *types, int count)
{
	return map->tupdesc == NULL && map->count == count &&
	       VARSIZE(map->names) == VARSIZE(names) &&
	       memcmp(map->names, names, VARSIZE(names)) == 0 &&
	       memcmp(map->types, types, sizeof(Oid) * count) == 0;
}

cia_reader *
cia_columns_reader(cia_site *site, ArrayType *names, const Oid *types, int count)
{
	cia_reader *reader = new_reader(site);
	cia_row_map *map = site->cached->maps;
	MemoryContext before;
	row_shape shape;

	while (map != NULL && !is_of_columns(map, names, types, count))
		map = map->next;
	if (map != NULL)
		return set_map(site, reader, map);
	map = new_map(reader->context);
	before = MemoryContextSwitchTo(map->context);
	map->names = palloc(VARSIZE(names));
	memcpy(map->names, names, VARSIZE(names));
	shape = shape_of_columns(map->names, types, count);
	map->types = shape.type;
	map_features(&site->loaded, &shape, false, map);
	MemoryContextSwitchTo(before);
	keep_map(site, map);
	return set_map(site, reader, map);
}

/*
 * The row of a call as one double per feature, ready for the core.  It is overwritten by
 * the next call from the same place.
 */
const double *
cia_row_arg(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded)
{
	cia_site *site = cia_site_open(fcinfo);

	if (site->row_type == RECORDOID)
		return read_record(site, PG_GETARG_HEAPTUPLEHEADER(argument));
	if (site->reader == NULL)
		site->reader = new_reader(site);
	if (site->row_type == JSONBOID)
		cia_read_json_row(loaded, PG_GETARG_JSONB_P(argument), site->reader->row);
	else
		cia_read_array_row(loaded, PG_GETARG_ARRAYTYPE_P(argument), site->reader->row);
	return site->reader->row;
}

/* What a user wrote for a feature's value: a label, a number, a date. */
char *
cia_feature_text(const ml_feature *feature, double value)
{
	if (feature->kind == ML_CATEGORY)
		return value < 0 ? NULL : cia_text_cstring(feature->label[(int) value]);
	if (isnan(value))
		return NULL;
	if (ml_text_is(feature->type, "boolean"))
		return pstrdup(value != 0 ? "true" : "false");
	if (ml_text_is(feature->type, "date"))
		return DatumGetCString(
		    DirectFunctionCall1(date_out, DateADTGetDatum((DateADT) (value / 86400.0))));
	if (ml_text_is(feature->type, "timestamp without time zone"))
		return DatumGetCString(DirectFunctionCall1(
		    timestamp_out, TimestampGetDatum((Timestamp) rint(value * 1000000.0))));
	if (ml_text_is(feature->type, "timestamp with time zone"))
		return DatumGetCString(DirectFunctionCall1(
		    timestamptz_out, TimestampTzGetDatum((TimestampTz) rint(value * 1000000.0))));
	/* what came as four bytes shows the digits of four bytes */
	if (ml_text_is(feature->type, "real") ||
	    (feature->element > 0 && !ml_text_is(feature->type, "double precision[]")))
		return DatumGetCString(
		    DirectFunctionCall1(float4out, Float4GetDatum((float4) value)));
	return DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(value)));
}
