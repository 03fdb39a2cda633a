/* SPDX-License-Identifier: PostgreSQL */
/*
 * input.c: the row to be scored.
 *
 * A record's columns are matched with the model's features by name once per row type;
 * for jsonb see input_json.c.
 */
#include "cia.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* How a function call site reads its rows. */
typedef struct row_map
{
	MemoryContext context; /* of the map */
	bool by_json;
	Oid type; /* of the record the map is for */
	int32 typmod;
	uint64 shape; /* tells the type's definition from a later one */
	TupleDesc tupdesc;
	cia_column *column; /* [features]; elements of an array share the first one's */
	Datum *values;      /* [natts] */
	bool *nulls;
	double *row; /* [features] */
} row_map;

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

static int
attribute_named(TupleDesc tupdesc, ml_text name)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    ml_text_is(name, NameStr(TupleDescAttr(tupdesc, i)->attname)))
			return i;
	return -1;
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
map_feature(const cia_loaded *loaded, const ml_feature *feature, TupleDesc tupdesc,
            int attribute, cia_column *column)
{
	Form_pg_attribute attr = TupleDescAttr(tupdesc, attribute);

	cia_column_open(column, NameStr(attr->attname), attr->atttypid, attr->attnum,
	                ML_FEATURE);
	if (feature->kind == ML_CATEGORY && column->kind != ML_CATEGORY && !column->is_array)
		cia_column_as_category(column);
	if (column->kind != feature->kind || column->is_array != (feature->element > 0))
		raise_other_type(loaded, feature, attr->atttypid);
}

/* Finds every feature's column; all that are missing are told at once. */
static void
map_record(const cia_loaded *loaded, row_map *map)
{
	const ml_schema *schema = &loaded->model->schema;
	StringInfoData missing;

	initStringInfo(&missing);
	map->column = palloc0(sizeof(cia_column) * schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		int attribute = attribute_named(map->tupdesc, schema->feature[f].name);

		if (cia_is_further_element(schema, f))
			continue;
		if (attribute < 0)
			appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
			                 cia_text_cstring(schema->feature[f].name));
		else
			map_feature(loaded, &schema->feature[f], map->tupdesc, attribute,
			            &map->column[f]);
	}
	if (missing.len > 0)
		cia_raise_missing(loaded, missing.data);
	map->values = palloc(sizeof(Datum) * map->tupdesc->natts);
	map->nulls = palloc(sizeof(bool) * map->tupdesc->natts);
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
		ereport(ERROR,
		        (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		         errmsg("column \"%s\" holds an array of length %d, but model \"%s\" "
		                "was trained on length %d",
		                cia_text_cstring(feature->name), width, loaded->name,
		                feature->width)));
}

/* Reads an array column into its features; answers the feature after the last. */
static int
read_elements(const cia_loaded *loaded, const row_map *map, int first)
{
	const ml_schema *schema = &loaded->model->schema;
	const cia_column *column = &map->column[first];
	int at = column->attno - 1, f = first;
	double *elements = NULL;
	int width = cia_array_read(column, map->values[at], map->nulls[at], &elements);

	cia_check_width(loaded, &schema->feature[first], width);
	do
	{
		map->row[f] =
		    width > 0 ? elements[schema->feature[f].element - 1] : get_float8_nan();
		cia_check_feature(loaded, &schema->feature[f], map->row[f]);
	} while (++f < schema->features && cia_is_further_element(schema, f));
	return f;
}

static void
read_record(const cia_loaded *loaded, row_map *map, HeapTupleHeader header)
{
	const ml_schema *schema = &loaded->model->schema;
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, map->tupdesc, map->values, map->nulls);
	for (int f = 0; f < schema->features;)
	{
		const cia_column *column = &map->column[f];
		int at = column->attno - 1;
		ml_cell cell;

		if (column->is_array)
		{
			f = read_elements(loaded, map, f);
			continue;
		}
		cia_cell_read(column, map->values[at], map->nulls[at], &cell);
		if (column->kind == ML_CATEGORY)
			map->row[f] = cell.text.bytes == NULL
			                  ? -1
			                  : ml_feature_code(&schema->feature[f], cell.text);
		else
		{
			map->row[f] = cell.number;
			cia_check_feature(loaded, &schema->feature[f], cell.number);
		}
		f++;
	}
}

/* A map in a context of its own: where rows of several types come by, maps come and go. */
static row_map *
new_map(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded)
{
	MemoryContext context = AllocSetContextCreate(cia_site_context(fcinfo), "cia row map",
	                                              ALLOCSET_SMALL_SIZES);
	row_map *map = MemoryContextAllocZero(context, sizeof *map);
	Oid *types;
	int count;

	map->context = context;
	get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	map->by_json = types[argument] == JSONBOID;
	map->row =
	    MemoryContextAlloc(context, sizeof(double) * loaded->model->schema.features);
	return map;
}

static row_map *
new_record_map(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded,
               HeapTupleHeader header)
{
	row_map *map = new_map(fcinfo, argument, loaded);
	MemoryContext before = MemoryContextSwitchTo(map->context);

	map->type = HeapTupleHeaderGetTypeId(header);
	map->typmod = HeapTupleHeaderGetTypMod(header);
	map->tupdesc = lookup_rowtype_tupdesc_copy(map->type, map->typmod);
	map->shape = assign_record_type_identifier(map->type, map->typmod);
	map_record(loaded, map);
	MemoryContextSwitchTo(before);
	return map;
}

/*
 * The row of a call as one double per feature, ready for the core.  It is overwritten by
 * the next call from the same place.
 */
const double *
cia_row_arg(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded)
{
	void **kept = cia_site_row(fcinfo);
	row_map *map = *kept;
	HeapTupleHeader header;

	if (map == NULL)
		*kept = map = new_map(fcinfo, argument, loaded);
	if (map->by_json)
	{
		cia_read_json_row(loaded, PG_GETARG_JSONB_P(argument), map->row);
		return map->row;
	}
	header = PG_GETARG_HEAPTUPLEHEADER(argument);
	if (map->tupdesc == NULL || map->type != HeapTupleHeaderGetTypeId(header) ||
	    map->typmod != HeapTupleHeaderGetTypMod(header) ||
	    map->shape != assign_record_type_identifier(map->type, map->typmod))
	{
		*kept = NULL;
		MemoryContextDelete(map->context);
		*kept = map = new_record_map(fcinfo, argument, loaded, header);
	}
	read_record(loaded, map, header);
	return map->row;
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
