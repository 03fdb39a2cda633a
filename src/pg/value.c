/* SPDX-License-Identifier: PostgreSQL */
/*
 * value.c: jsonb to the core's values and back.
 */
#include "cia.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/numeric.h"

/* NUL-terminated copy in the current memory context. */
char *
cia_text_cstring(ml_text text)
{
	return pnstrdup(text.bytes, text.length);
}

char *
cia_element_name(ml_text name, int element)
{
	return element > 0 ? psprintf("%.*s[%d]", name.length, name.bytes, element)
	                   : cia_text_cstring(name);
}

ml_text
cia_text_of(const char *string)
{
	return (ml_text){string, (int32_t) strlen(string)};
}

static void convert(cia_door *door, JsonbIterator **it, JsonbIteratorToken token,
                    JsonbValue *in, ml_value *out);

static void
convert_scalar(cia_door *door, const JsonbValue *in, ml_value *out)
{
	ml_text text;

	switch (in->type)
	{
		case jbvNull:
			*out = (ml_value){.kind = ML_VALUE_NULL};
			break;
		case jbvBool:
			*out = ml_value_bool(in->val.boolean);
			break;
		case jbvNumeric:
			/* past the range of doubles it is an infinity, for the reader to refuse */
			*out = (ml_value){.kind = ML_VALUE_NUMBER,
			                  .number = cia_numeric_double(in->val.numeric)};
			break;
		case jbvString:
			cia_check(door,
			          ml_text_copy(&door->host,
			                       (ml_text){in->val.string.val, in->val.string.len},
			                       &text));
			*out = ml_value_text(text);
			break;
		default:
			elog(ERROR, "unexpected type of jsonb scalar: %d", (int) in->type);
	}
}

/* An array of nothing but numbers and nulls, whose beginning was read last, is packed. */
static bool
holds_numbers(const JsonbIterator *array)
{
	for (uint32 i = 0; i < array->nElems; i++)
		if (!JBE_ISNUMERIC(array->children[i]) && !JBE_ISNULL(array->children[i]))
			return false;
	return true;
}

/* Without a value for each item, which would take ten times the memory. */
static void
convert_numbers(cia_door *door, JsonbIterator **it, int64 count, ml_value *out)
{
	double *numbers = ml_alloc_array(&door->host, count, sizeof *numbers);
	JsonbValue item;

	if (numbers == NULL)
		cia_check(door, ML_MEMORY);
	for (int64 i = 0; i < count; i++)
	{
		JsonbIteratorNext(it, &item, false);
		numbers[i] = item.type == jbvNull ? get_float8_nan()
		                                  : cia_numeric_double(item.val.numeric);
	}
	JsonbIteratorNext(it, &item, false);
	*out = ml_value_numbers(numbers, count);
}

static void
convert_container(cia_door *door, JsonbIterator **it, const JsonbValue *container,
                  ml_value *out)
{
	bool object = container->type == jbvObject;
	int64 count = object ? container->val.object.nPairs : container->val.array.nElems;
	JsonbValue item;
	JsonbIteratorToken token;

	CHECK_FOR_INTERRUPTS();
	if (!object && holds_numbers(*it))
	{
		convert_numbers(door, it, count, out);
		return;
	}
	cia_check(door, object ? ml_value_object(&door->host, count, out)
	                       : ml_value_array(&door->host, count, out));
	out->count = 0;
	while ((token = JsonbIteratorNext(it, &item, false)) != WJB_END_ARRAY &&
	       token != WJB_END_OBJECT)
	{
		if (object)
		{
			ml_text key = {item.val.string.val, item.val.string.len};

			cia_check(door, ml_text_copy(&door->host, key, &out->keys[out->count]));
			token = JsonbIteratorNext(it, &item, false);
		}
		convert(door, it, token, &item, &out->items[out->count++]);
	}
}

static void
convert(cia_door *door, JsonbIterator **it, JsonbIteratorToken token, JsonbValue *in,
        ml_value *out)
{
	check_stack_depth();
	if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
	{
		JsonbValue container = *in;

		convert_container(door, it, &container, out);
	}
	else
		convert_scalar(door, in, out);
}

/* The value's memory is the door's; the jsonb may go. */
void
cia_value_from_jsonb(cia_door *door, Jsonb *jsonb, ml_value *value)
{
	JsonbIterator *it = JsonbIteratorInit(&jsonb->root);
	JsonbValue in;
	JsonbIteratorToken token = JsonbIteratorNext(&it, &in, false);

	if (JB_ROOT_IS_SCALAR(jsonb))
	{
		JsonbIteratorNext(&it, &in, false);
		convert_scalar(door, &in, value);
	}
	else
		convert(door, &it, token, &in, value);
}

static void
print_number(StringInfo out, double number)
{
	if (isnan(number))
		appendStringInfoString(out, "null");
	else
	{
		/* shortest form that reads back the same, whatever extra_float_digits says */
		char text[64];

		double_to_shortest_decimal_buf(number, text);
		appendStringInfoString(out, text);
	}
}

static void
print_text(StringInfo out, ml_text text)
{
	char *string = cia_text_cstring(text);

	escape_json(out, string);
	pfree(string);
}

static void
print(StringInfo out, const ml_value *value)
{
	CHECK_FOR_INTERRUPTS();
	switch (value->kind)
	{
		case ML_VALUE_NULL:
			appendStringInfoString(out, "null");
			break;
		case ML_VALUE_BOOL:
			appendStringInfoString(out, value->boolean ? "true" : "false");
			break;
		case ML_VALUE_NUMBER:
			print_number(out, value->number);
			break;
		case ML_VALUE_TEXT:
			print_text(out, value->text);
			break;
		case ML_VALUE_NUMBERS:
			appendStringInfoChar(out, '[');
			for (int64 i = 0; i < value->count; i++)
			{
				if (i > 0)
					appendStringInfoString(out, ", ");
				print_number(out, value->numbers[i]);
			}
			appendStringInfoChar(out, ']');
			break;
		case ML_VALUE_ARRAY:
		case ML_VALUE_OBJECT:
			appendStringInfoChar(out, value->kind == ML_VALUE_ARRAY ? '[' : '{');
			for (int64 i = 0; i < value->count; i++)
			{
				if (i > 0)
					appendStringInfoString(out, ", ");
				if (value->kind == ML_VALUE_OBJECT)
				{
					print_text(out, value->keys[i]);
					appendStringInfoString(out, ": ");
				}
				print(out, &value->items[i]);
			}
			appendStringInfoChar(out, value->kind == ML_VALUE_ARRAY ? ']' : '}');
			break;
	}
}

/* JSON text, members in the order of the value. */
char *
cia_value_to_json(const ml_value *value)
{
	StringInfoData out;

	initStringInfo(&out);
	print(&out, value);
	return out.data;
}

Jsonb *
cia_value_to_jsonb(const ml_value *value)
{
	return DatumGetJsonbP(
	    DirectFunctionCall1(jsonb_in, CStringGetDatum(cia_value_to_json(value))));
}
