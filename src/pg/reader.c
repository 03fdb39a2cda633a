/* SPDX-License-Identifier: PostgreSQL */
/*
 * reader.c: SQL values as cells.
 *
 *	bool, integers, floats, numeric			number
 *	date, timestamp, timestamptz			number: seconds since 2000-01-01
 *	text, varchar, char, name, enum, uuid	category
 *	float4[], float8[], casts to float4[]	one number per element
 *
 * A target that names classes is read as a category whatever its type.
 * What a reader allocates lies in the current memory context.
 */
#include "cia.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define SECONDS_PER_DAY 86400.0
#define MICROSECONDS 1000000.0

static void
read_bool(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = DatumGetBool(value);
}

static void
read_int2(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = DatumGetInt16(value);
}

static void
read_int4(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = DatumGetInt32(value);
}

static void
read_int8(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = (double) DatumGetInt64(value);
}

static void
read_float4(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = DatumGetFloat4(value);
}

static void
read_float8(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = DatumGetFloat8(value);
}

static void
read_numeric(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->number = cia_numeric_double((Numeric) PG_DETOAST_DATUM_PACKED(value));
}

static void
read_date(const cia_column *column, Datum value, ml_cell *cell)
{
	DateADT date = DatumGetDateADT(value);

	if (DATE_NOT_FINITE(date))
		cell->number = DATE_IS_NOBEGIN(date) ? -INFINITY : INFINITY;
	else
		cell->number = date * SECONDS_PER_DAY;
}

static void
read_timestamp(const cia_column *column, Datum value, ml_cell *cell)
{
	Timestamp timestamp = DatumGetTimestamp(value);

	if (TIMESTAMP_NOT_FINITE(timestamp))
		cell->number = TIMESTAMP_IS_NOBEGIN(timestamp) ? -INFINITY : INFINITY;
	else
		cell->number = (double) timestamp / MICROSECONDS;
}

static void
read_text(const cia_column *column, Datum value, ml_cell *cell)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

	cell->text = (ml_text){VARDATA_ANY(text), (int32_t) VARSIZE_ANY_EXHDR(text)};
}

/* Trailing blanks of char(n) mean nothing. */
static void
read_bpchar(const cia_column *column, Datum value, ml_cell *cell)
{
	read_text(column, value, cell);
	while (cell->text.length > 0 && cell->text.bytes[cell->text.length - 1] == ' ')
		cell->text.length--;
}

static void
read_enum(const cia_column *column, Datum value, ml_cell *cell)
{
	HeapTuple tuple = SearchSysCache1(ENUMOID, value);
	NameData *label;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		         errmsg("invalid internal value for enum: %u", DatumGetObjectId(value))));
	label = palloc(sizeof *label);
	*label = ((Form_pg_enum) GETSTRUCT(tuple))->enumlabel;
	ReleaseSysCache(tuple);
	cell->text = cia_text_of(NameStr(*label));
}

/* Any other type by its text form. */
static void
read_output(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->text = cia_text_of(OutputFunctionCall(column->convert, value));
}

static void
read_bool_label(const cia_column *column, Datum value, ml_cell *cell)
{
	cell->text = DatumGetBool(value) ? cia_text_of("true") : cia_text_of("false");
}

void
cia_cell_read(const cia_column *column, Datum value, bool isnull, ml_cell *cell)
{
	if (!isnull)
		column->read(column, value, cell);
	else if (column->kind == ML_NUMBER)
		cell->number = get_float8_nan();
	else
		cell->text = (ml_text){NULL, 0};
}

static void
set_reader(cia_column *column, ml_kind kind,
           void (*read)(const cia_column *, Datum, ml_cell *))
{
	column->kind = kind;
	column->read = read;
}

static void
read_by_output(cia_column *column)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(column->type, &output, &is_varlena);
	column->convert = palloc(sizeof(FmgrInfo));
	fmgr_info(output, column->convert);
	set_reader(column, ML_CATEGORY, read_output);
}

/* Arrays of floats, and whatever casts to float4[]. */
static bool
open_array(cia_column *column)
{
	Oid function;
	CoercionPathType path;

	if (column->type != FLOAT4ARRAYOID && column->type != FLOAT8ARRAYOID)
	{
		/*
		 * The cast runs because a source has such a column, with the rights of whoever
		 * trains: only types and casts that a superuser made are let in, which is what
		 * base types are.
		 */
		if (get_typtype(column->type) != TYPTYPE_BASE ||
		    OidIsValid(get_element_type(column->type)))
			return false;
		path = find_coercion_pathway(FLOAT4ARRAYOID, column->type, COERCION_EXPLICIT,
		                             &function);
		if (path != COERCION_PATH_FUNC || !cia_may_execute(function))
			return false;
		column->convert = palloc(sizeof(FmgrInfo));
		fmgr_info(function, column->convert);
	}
	column->is_array = true;
	column->kind = ML_NUMBER;
	return true;
}

static const char *
cast_hint(const cia_column *column)
{
	const char *name = quote_identifier(column->name);
	/* only a feature can be left out */
	const char *or_leave_out =
	    column->role == ML_FEATURE
	        ? psprintf(", or leave it out with exclude => ARRAY[%s]",
	                   quote_literal_cstr(column->name))
	        : "";

	if (column->role == ML_ORDER)
		return "Take a number, a date or a timestamp.";
	switch (column->type)
	{
		case INTERVALOID:
		case TIMEOID:
		case TIMETZOID:
			return psprintf("Cast it: extract(epoch FROM %s)::float8.", name);
		case CASHOID:
			return psprintf("Cast it: %s::numeric.", name);
		case INT2ARRAYOID:
		case INT4ARRAYOID:
		case INT8ARRAYOID:
		case NUMERICARRAYOID:
			if (column->role == ML_FEATURE)
				return psprintf("Cast it: %s::float8[].", name);
			break;
		case JSONBOID:
		case JSONOID:
			return psprintf("Take members out of it, for example (%s->>'key')::float8%s.",
			                name, or_leave_out);
		default:
			break;
	}
	if (OidIsValid(get_element_type(column->type)))
		return psprintf("Make columns of its elements%s.", or_leave_out);
	if (column->role == ML_WEIGHT)
		return psprintf("Cast it: %s::float8.", name);
	return psprintf("Cast it to text for a category or to float8 for a number%s.",
	                or_leave_out);
}

static void
raise_type(const cia_column *column)
{
	static const char *const use[] = {
	    "a feature", "a target", "a weight", "a cluster",
	    "an id",     "a group",  "a label",  "the order of rows"};

	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("column \"%s\" has type %s, which cannot be used as %s",
	                       column->name, format_type_be(column->type), use[column->role]),
	                errhint("%s", cast_hint(column))));
}

static bool
open_scalar(cia_column *column)
{
	switch (column->type)
	{
		case BOOLOID:
			set_reader(column, ML_NUMBER, read_bool);
			return true;
		case INT2OID:
			set_reader(column, ML_NUMBER, read_int2);
			return true;
		case INT4OID:
			set_reader(column, ML_NUMBER, read_int4);
			return true;
		case INT8OID:
			set_reader(column, ML_NUMBER, read_int8);
			return true;
		case FLOAT4OID:
			set_reader(column, ML_NUMBER, read_float4);
			return true;
		case FLOAT8OID:
			set_reader(column, ML_NUMBER, read_float8);
			column->is_double = true;
			return true;
		case NUMERICOID:
			set_reader(column, ML_NUMBER, read_numeric);
			return true;
		case DATEOID:
			set_reader(column, ML_NUMBER, read_date);
			return true;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			set_reader(column, ML_NUMBER, read_timestamp);
			return true;
		case TEXTOID:
		case VARCHAROID:
			set_reader(column, ML_CATEGORY, read_text);
			return true;
		case BPCHAROID:
			set_reader(column, ML_CATEGORY, read_bpchar);
			return true;
		case NAMEOID:
		case CHAROID:
		case UUIDOID:
			read_by_output(column);
			return true;
		default:
			if (get_typtype(column->type) != TYPTYPE_ENUM)
				return false;
			set_reader(column, ML_CATEGORY, read_enum);
			return true;
	}
}

/* Can values of this type be the labels of classes? */
bool
cia_type_is_class(Oid type)
{
	switch (getBaseType(type))
	{
		case BOOLOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case CHAROID:
		case UUIDOID:
			return true;
		default:
			return get_typtype(getBaseType(type)) == TYPTYPE_ENUM;
	}
}

/* Bool, integers and all that is a category anyway; false for the rest. */
static bool
read_as_labels(cia_column *column)
{
	if (column->type == BOOLOID)
		set_reader(column, ML_CATEGORY, read_bool_label);
	else if (column->type == INT2OID || column->type == INT4OID ||
	         column->type == INT8OID)
		read_by_output(column);
	return column->kind == ML_CATEGORY;
}

void
cia_column_as_category(cia_column *column)
{
	if (!read_as_labels(column))
		raise_type(column);
}

/* The text of a fraction or of a time depends on digits and settings. */
void
cia_column_as_group(cia_column *column)
{
	if (column->is_array || !read_as_labels(column))
		ereport(ERROR,
		        (errcode(ERRCODE_DATATYPE_MISMATCH),
		         errmsg("column \"%s\" has type %s, which cannot name groups",
		                column->name, column->type_name),
		         column->is_array
		             ? errhint("Groups are named by text, integers, booleans, enums or "
		                       "uuid.")
		             : errhint("Cast it to text in the source, and in the rows to be "
		                       "scored.")));
}

/* Any type has a text. */
static void
open_label(cia_column *column)
{
	if (column->type == TEXTOID || column->type == VARCHAROID)
		set_reader(column, ML_CATEGORY, read_text);
	else if (column->type == BOOLOID)
		set_reader(column, ML_CATEGORY, read_bool_label);
	else
		read_by_output(column);
}

/* The name of a type that does not depend on search_path: it becomes part of the model. */
static const char *
stable_type_name(Oid type)
{
	if (type < FirstNormalObjectId)
		return format_type_be(type);
	return format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);
}

bool
cia_column_try(cia_column *column, const char *name, Oid type, AttrNumber attno,
               ml_role role)
{
	*column = (cia_column){
	    .name = pstrdup(name), .type = getBaseType(type), .attno = attno, .role = role};
	column->type_name = stable_type_name(column->type);
	if (role == ML_BESIDE)
	{
		open_label(column);
		return true;
	}
	if (open_scalar(column))
		return (role != ML_WEIGHT && role != ML_ORDER) || column->kind == ML_NUMBER;
	return role == ML_FEATURE && open_array(column);
}

void
cia_column_open(cia_column *column, const char *name, Oid type, AttrNumber attno,
                ml_role role)
{
	if (!cia_column_try(column, name, type, attno, role))
		raise_type(column);
}

/*
 * The elements of an array as doubles, NULL as NaN; answers how many, 0 for NULL or
 * an empty array.
 */
int
cia_array_read(const cia_column *column, Datum value, bool isnull, double **elements)
{
	ArrayType *array;
	Datum *datums;
	bool *nulls;
	int count;

	if (isnull)
		return 0;
	/* a cast function takes the value, or also a type modifier, or also "explicit" */
	if (column->convert != NULL && column->convert->fn_nargs == 1)
		value = FunctionCall1(column->convert, value);
	else if (column->convert != NULL && column->convert->fn_nargs == 2)
		value = FunctionCall2(column->convert, value, Int32GetDatum(-1));
	else if (column->convert != NULL)
		value =
		    FunctionCall3(column->convert, value, Int32GetDatum(-1), BoolGetDatum(true));
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("column \"%s\" holds an array of %d dimensions",
		                       column->name, ARR_NDIM(array)),
		                errhint("Feature arrays have one dimension.")));
	if (ARR_ELEMTYPE(array) == FLOAT8OID)
		deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
		                  TYPALIGN_DOUBLE, &datums, &nulls, &count);
	else
		deconstruct_array(array, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT, &datums,
		                  &nulls, &count);
	*elements = palloc(sizeof(double) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			(*elements)[i] = get_float8_nan();
		else if (ARR_ELEMTYPE(array) == FLOAT8OID)
			(*elements)[i] = DatumGetFloat8(datums[i]);
		else
			(*elements)[i] = DatumGetFloat4(datums[i]);
	}
	return count;
}
