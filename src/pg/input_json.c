/* SPDX-License-Identifier: PostgreSQL */
/*
 * input_json.c: a row to be scored that comes as a JSON object.
 *
 * Members are read by the type that the column had in training, so that a row and its
 * to_jsonb() give the same bits.  Nothing depends on the session's settings.
 */
#include "cia.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/timestamp.h"

static double
number_of_date(DateADT date)
{
	return DATE_NOT_FINITE(date) ? INFINITY : date * 86400.0;
}

static double
number_of_timestamp(Timestamp timestamp)
{
	return TIMESTAMP_NOT_FINITE(timestamp) ? INFINITY : timestamp / 1000000.0;
}

/*
 * Is it a date or time as to_jsonb writes it?  Other forms mean different things in
 * different sessions, by DateStyle and TimeZone, and words like "now" at any time.
 */
static bool
is_iso_8601(const char *string, bool needs_zone)
{
	size_t year = strspn(string, "0123456789");
	const char *time;

	if (year < 4 || strspn(string, "0123456789:.+-ZTBC ") != strlen(string))
		return false;
	time = strpbrk(string, "T ");
	if (string[year] != '-' || (time != NULL && time - string < (ptrdiff_t) year + 6))
		return false;
	return !needs_zone || (time != NULL && strpbrk(time, "Z+-") != NULL);
}

static void
check_time(const ml_feature *feature, const char *string)
{
	bool with_zone = ml_text_is(feature->type, "timestamp with time zone");

	if (!with_zone && !ml_text_is(feature->type, "date") &&
	    !ml_text_is(feature->type, "timestamp without time zone"))
		return;
	if (strcmp(string, "infinity") == 0 || strcmp(string, "-infinity") == 0 ||
	    is_iso_8601(string, with_zone))
		return;
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_DATETIME_FORMAT),
	         errmsg("member \"%s\" of the row is no time in the form of ISO 8601: \"%s\"",
	                cia_text_cstring(feature->name), string),
	         with_zone
	             ? errhint("Write it as to_jsonb does, with an offset, for example "
	                       "\"2026-01-31T14:00:00+00:00\".")
	             : errhint("Write it as to_jsonb does, for example \"2026-01-31\" or "
	                       "\"2026-01-31T14:00:00\".")));
}

/* A JSON string as the number that a column of that type would have been. */
static double
number_of_string(ml_text type, char *string)
{
	if (ml_text_is(type, "date"))
		return number_of_date(
		    DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(string))));
	if (ml_text_is(type, "timestamp without time zone"))
		return number_of_timestamp(DatumGetTimestamp(
		    DirectFunctionCall3(timestamp_in, CStringGetDatum(string),
		                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	if (ml_text_is(type, "timestamp with time zone"))
		return number_of_timestamp(DatumGetTimestampTz(
		    DirectFunctionCall3(timestamptz_in, CStringGetDatum(string),
		                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	if (ml_text_is(type, "real"))
		return DatumGetFloat4(DirectFunctionCall1(float4in, CStringGetDatum(string)));
	return DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(string)));
}

static char *
scalar_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
			    DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

/* As a column of the type would have been read: trailing blanks of char(n) mean nothing. */
static ml_text
label_of_string(ml_text type, const char *string)
{
	ml_text label = cia_text_of(string);

	while (ml_text_is(type, "character") && label.length > 0 &&
	       label.bytes[label.length - 1] == ' ')
		label.length--;
	return label;
}

static double
read_member(const ml_feature *feature, const JsonbValue *value)
{
	char *text;

	if (value->type == jbvNull)
		return feature->kind == ML_CATEGORY ? -1 : get_float8_nan();
	text = scalar_text(value);
	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("member \"%s\" of the row is no scalar",
		                       cia_text_cstring(feature->name)),
		                errhint("Give a number, a text, a boolean or null.")));
	if (feature->kind == ML_CATEGORY)
		return ml_feature_code(feature, label_of_string(feature->type, text));
	if (value->type == jbvBool)
		return value->val.boolean;
	if (value->type == jbvNumeric && !ml_text_is(feature->type, "real"))
		return cia_numeric_double(value->val.numeric);
	check_time(feature, text);
	return number_of_string(feature->type, text);
}

static double
read_element(const cia_loaded *loaded, const ml_feature *feature, const JsonbValue *array)
{
	JsonbValue *item;
	char *text;
	int width;

	if (array->type == jbvNull)
		return get_float8_nan();
	if (array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATATYPE_MISMATCH),
		     errmsg("member \"%s\" of the row is no array",
		            cia_text_cstring(feature->name)),
		     errhint(
		         "Give as many numbers as the column had in the training, as in [1, 2.5].")));
	width = JsonContainerSize(array->val.binary.data);
	cia_check_width(loaded, feature, width);
	if (width == 0)
		return get_float8_nan();
	item = getIthJsonbValueFromContainer(array->val.binary.data, feature->element - 1);
	if (item->type == jbvNull)
		return get_float8_nan();
	text = scalar_text(item);
	if (text == NULL)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATATYPE_MISMATCH),
		     errmsg("member \"%s\" of the row is no array of numbers",
		            cia_text_cstring(feature->name)),
		     errhint(
		         "Give as many numbers as the column had in the training, as in [1, 2.5].")));
	/* elements of float8[] read like double precision, all others like real */
	if (!ml_text_is(feature->type, "double precision[]"))
		return DatumGetFloat4(DirectFunctionCall1(float4in, CStringGetDatum(text)));
	return DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(text)));
}

/* A JSON object as one double per feature; unknown members are ignored, missing ones told. */
void
cia_read_json_row(const cia_loaded *loaded, Jsonb *jsonb, double *row)
{
	const ml_schema *schema = &loaded->model->schema;
	StringInfoData missing;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("row must be a JSON object"),
		                errhint("For example to_jsonb(c), or '{\"age\": 42}'::jsonb.")));
	initStringInfo(&missing);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		JsonbValue found;

		if (getKeyJsonValueFromContainer(&jsonb->root, feature->name.bytes,
		                                 feature->name.length, &found) == NULL)
		{
			if (!cia_is_further_element(schema, f))
				appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
				                 cia_text_cstring(feature->name));
			continue;
		}
		row[f] = feature->element > 0 ? read_element(loaded, feature, &found)
		                              : read_member(feature, &found);
		cia_check_feature(loaded, feature, row[f]);
	}
	if (missing.len > 0)
		cia_raise_missing(loaded, missing.data);
	pfree(missing.data);
}
