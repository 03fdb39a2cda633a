/* SPDX-License-Identifier: PostgreSQL */
/*
 * events.c: what customers did and when: the columns of a source that statements are made around.
 *
 * The statements call functions and operators with exactly the types that pg_catalog has them
 * for, since another schema of the search_path, which the source needs as the caller has it, could hold
 * better matches otherwise.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

cia_event_column
cia_event_column_find(TupleDesc columns, const char *argument, const char *name)
{
	cia_event_column found = {.name = NULL};

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (strcmp(NameStr(column->attname), name) != 0)
			continue;
		if (found.name != NULL)
			ereport(ERROR,
			        (errcode(ERRCODE_AMBIGUOUS_COLUMN),
			         errmsg("column \"%s\" occurs more than once in the source", name),
			         errhint("Name the columns of the source that are needed.")));
		found = (cia_event_column){.name = name,
		                           .quoted = quote_identifier(name),
		                           .type = getBaseType(column->atttypid)};
	}
	if (found.name == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_COLUMN),
		         errmsg("column \"%s\" does not exist in the source", name),
		         errdetail("It is what argument \"%s\" names.", argument),
		         errhint("Names are compared letter by letter, as in the output of the "
		                 "source.")));
	return found;
}

pg_noreturn static void
raise_type(const cia_event_column *column, const char *use, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("column \"%s\" has type %s, which cannot be %s", column->name,
	                       format_type_be(column->type), use),
	                errhint("%s", hint)));
}

void
cia_event_check_key(const cia_event_column *column)
{
	TypeCacheEntry *type =
	    lookup_type_cache(column->type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);

	if (!OidIsValid(type->eq_opr) || !OidIsValid(type->lt_opr))
		raise_type(column, "compared", "Cast it in the source, for example to text.");
}

void
cia_event_check_time(const cia_event_column *column)
{
	if (column->type != DATEOID && column->type != TIMESTAMPOID &&
	    column->type != TIMESTAMPTZOID)
		raise_type(column, "a time",
		           "Cast it in the source to date, timestamp or timestamptz.");
}

static void
check_amount(const cia_event_column *column)
{
	switch (column->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return;
		default:
			raise_type(column, "an amount", "Cast it in the source to numeric.");
	}
}

/* Texts of all types but these depend on settings of the session. */
static void
check_category(const cia_event_column *column)
{
	if (!cia_type_is_class(column->type) && column->type != INT2OID &&
	    column->type != INT4OID && column->type != INT8OID)
		raise_type(column, "a category", "Cast it in the source to text.");
}

void
cia_events_open(cia_events *events, const char *source)
{
	TupleDesc columns = cia_source_columns(source);

	events->item = cia_source_item(source);
	events->customer = cia_event_column_find(columns, "customer", events->customer.name);
	events->at = cia_event_column_find(columns, "at", events->at.name);
	cia_event_check_key(&events->customer);
	cia_event_check_time(&events->at);
	if (events->amount.name != NULL)
	{
		events->amount = cia_event_column_find(columns, "amount", events->amount.name);
		check_amount(&events->amount);
	}
	if (events->category.name != NULL)
	{
		events->category =
		    cia_event_column_find(columns, "category", events->category.name);
		check_category(&events->category);
	}
}

char *
cia_event_moment(Oid type, Timestamp moment)
{
	bool zoned = type == TIMESTAMPTZOID;
	char text[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t fraction;
	int zone = 0;

	if (timestamp2tm(moment, zoned ? &zone : NULL, &tm, &fraction, NULL, NULL) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
		                errmsg("timestamp out of range")));
	if (type == DATEOID)
		EncodeDateOnly(&tm, USE_ISO_DATES, text);
	else
		EncodeDateTime(&tm, fraction, zoned, zone, NULL, USE_ISO_DATES, text);
	return psprintf("'%s'::%s", text,
	                type == DATEOID ? "date"
	                : zoned         ? "timestamptz"
	                                : "timestamp");
}
