/* SPDX-License-Identifier: PostgreSQL */
/*
 * behavior.c: cia_behavior_features: the statement of a view with features of what customers did.
 *
 * The statement holds what was decided when it was made: as_of, unless it is to be the clock or a
 * spine, and which categories have columns.  Both come from rows that were known by as_of, so that
 * rows of the future change neither the features nor the text.
 */
#include "behavior.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

CIA_FUNCTION(cia_behavior_features);

enum
{
	ARG_SOURCE,
	ARG_CUSTOMER,
	ARG_AT,
	ARG_AMOUNT,
	ARG_CATEGORY,
	ARG_AS_OF,
	ARG_WINDOWS,
	ARG_CATEGORIES,
	ARG_VIEW
};

#define MOST_CATEGORIES 100

/* The first column of the rows of a query. */
typedef struct first_column
{
	MemoryContext context; /* of the texts: a row's own is gone when the query is over */
	Oid output;
	List *texts;
} first_column;

static void
start(void *state, TupleDesc tupdesc)
{
	first_column *column = state;
	bool varlena;

	getTypeOutputInfo(TupleDescAttr(tupdesc, 0)->atttypid, &column->output, &varlena);
}

static void
take(void *state, const Datum *values, const bool *nulls)
{
	first_column *column = state;
	MemoryContext before = MemoryContextSwitchTo(column->context);

	if (!nulls[0])
		column->texts =
		    lappend(column->texts, OidOutputFunctionCall(column->output, values[0]));
	MemoryContextSwitchTo(before);
}

static List *
ask(const char *query)
{
	first_column column = {.context = CurrentMemoryContext};

	cia_source_run(query, NULL, start, take, &column);
	return column.texts;
}

/* What of a moment the statement holds; a timestamptz taken for a timestamp is that of UTC. */
static void
set_moment(cia_behavior *behavior, Timestamp moment)
{
	behavior->cutoff = cia_event_moment(behavior->events.at.type, moment);
	behavior->as_of = cia_event_moment(TIMESTAMPOID, moment);
}

static Timestamp
read_moment(Oid type, char *text)
{
	Oid input, parameter;
	Datum value;

	getTypeInputInfo(type, &input, &parameter);
	value = OidInputFunctionCall(input, text, parameter, -1);
	return DatumGetTimestamp(type == DATEOID ? DirectFunctionCall1(date_timestamp, value)
	                                         : value);
}

static void
set_latest(cia_behavior *behavior)
{
	const cia_events *events = &behavior->events;
	List *latest =
	    ask(psprintf("SELECT max(%s) FROM %s AS source WHERE source.%s IS NOT NULL AND "
	                 "isfinite(source.%s)",
	                 cia_behavior_timestamp(&events->at), events->item,
	                 events->customer.quoted, events->at.quoted));

	if (latest == NIL)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("source has no row with a customer and a time"),
		                errhint("Give as_of.")));
	set_moment(behavior, read_moment(TIMESTAMPOID, linitial(latest)));
}

static void
set_clock(cia_behavior *behavior)
{
	switch (behavior->events.at.type)
	{
		case DATEOID:
			behavior->cutoff = "CURRENT_DATE";
			behavior->as_of = "CURRENT_DATE::timestamp";
			break;
		case TIMESTAMPOID:
			behavior->cutoff = behavior->as_of = "LOCALTIMESTAMP";
			break;
		default:
			behavior->cutoff = "CURRENT_TIMESTAMP";
			behavior->as_of = "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')";
	}
}

/* What happened when, and as of when, must be told alike: else an hour of the future may leak. */
static void
check_spine(const cia_behavior *behavior)
{
	const cia_event_column *at = &behavior->events.at, *as_of = &behavior->spine.as_of;
	const cia_event_column *key = &behavior->spine.customer;

	cia_event_check_time(as_of);
	if ((at->type == TIMESTAMPTZOID) != (as_of->type == TIMESTAMPTZOID))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" has type %s, and column \"%s\" has type %s",
		                       as_of->name, format_type_be(as_of->type), at->name,
		                       format_type_be(at->type)),
		                errhint("Give both a time zone, or neither.")));
	if (key->type != behavior->events.customer.type)
		ereport(ERROR,
		        (errcode(ERRCODE_DATATYPE_MISMATCH),
		         errmsg("column \"%s\" has type %s in argument \"as_of\", and type %s in "
		                "the source",
		                key->name, format_type_be(key->type),
		                format_type_be(behavior->events.customer.type)),
		         errhint("Cast one of them.")));
}

static void
set_spine(cia_behavior *behavior, const char *source)
{
	TupleDesc columns = cia_source_columns(source);
	cia_spine *spine = &behavior->spine;

	spine->item = cia_source_item(source);
	spine->customer =
	    cia_event_column_find(columns, "customer", behavior->events.customer.name);
	spine->as_of = cia_event_column_find(columns, "as_of", "as_of");
	check_spine(behavior);
	behavior->as_of = "spine.as_of";
	behavior->cutoff =
	    psprintf("(SELECT min(%s) FROM %s AS source WHERE isfinite(source.%s))",
	             cia_behavior_timestamp(&spine->as_of), spine->item, spine->as_of.quoted);
}

/* Words that PostgreSQL takes for times, and that could be meant for the clock or for this day. */
static void
refuse_word(const char *as_of)
{
	static const char *const word[] = {"today",    "yesterday", "tomorrow",
	                                   "infinity", "-infinity", "epoch"};

	for (size_t i = 0; i < lengthof(word); i++)
		if (pg_strcasecmp(as_of, word[i]) == 0)
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("argument \"as_of\" must be a date, a time, \"now\" or a "
			                "source, not \"%s\"",
			                as_of),
			         errhint("For example as_of => '2025-09-30'; with \"now\" the view "
			                 "follows the clock.")));
}

static void
set_as_of(cia_behavior *behavior, char *as_of)
{
	if (as_of != NULL)
		refuse_word(as_of);
	if (as_of == NULL)
		set_latest(behavior);
	else if (pg_strcasecmp(as_of, "now") == 0)
		set_clock(behavior);
	else if (isdigit((unsigned char) as_of[strspn(as_of, " ")]))
		set_moment(behavior, read_moment(behavior->events.at.type, as_of));
	else
		set_spine(behavior, as_of);
}

/* The commonest categories of rows that were known by as_of; of a spine, by the earliest one. */
static List *
top_categories(const cia_behavior *behavior, int most)
{
	const cia_events *events = &behavior->events;
	const char *at = behavior->spine.item == NULL
	                     ? psprintf("source.%s", events->at.quoted)
	                     : cia_behavior_timestamp(&events->at);

	return ask(psprintf(
	    "SELECT category FROM (SELECT source.%1$s::text AS category FROM %2$s AS source "
	    "WHERE source.%1$s IS NOT NULL AND source.%3$s IS NOT NULL AND "
	    "isfinite(source.%4$s) AND %5$s <= %6$s) AS known "
	    "GROUP BY category ORDER BY count(*) DESC, category COLLATE \"C\" LIMIT %7$d",
	    events->category.quoted, events->item, events->customer.quoted, events->at.quoted,
	    at, behavior->cutoff, most));
}

/* Without a category all rows are of the pool. */
static void
choose_categories(cia_behavior *behavior, int most)
{
	if (behavior->events.category.name == NULL)
		return;
	behavior->categories = top_categories(behavior, most);
	if (behavior->categories == NIL)
		ereport(NOTICE,
		        (errmsg("no category was known by as_of: all rows count as other"),
		         behavior->spine.item == NULL
		             ? 0
		             : errhint("Rows up to the earliest moment of all decide which "
		                       "categories have columns.")));
}

static int
categories_arg(FunctionCallInfo fcinfo)
{
	int most;

	if (PG_ARGISNULL(ARG_CATEGORIES))
		cia_text_arg(fcinfo, ARG_CATEGORIES, "categories");
	most = PG_GETARG_INT32(ARG_CATEGORIES);
	if (most < 1 || most > MOST_CATEGORIES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"categories\" must be between 1 and %d",
		                       MOST_CATEGORIES),
		                errhint("It is how many of the commonest ones have columns.")));
	return most;
}

/* CREATE VIEW and the name, its parts quoted. */
static char *
view_clause(const char *view)
{
	List *names = cia_name_parts(view, "view");
	StringInfoData clause;
	ListCell *cell;

	initStringInfo(&clause);
	foreach (cell, names)
		appendStringInfo(&clause, "%s%s", cell == list_head(names) ? "CREATE VIEW " : ".",
		                 quote_identifier(strVal(lfirst(cell))));
	appendStringInfoString(&clause, " AS\n");
	return clause.data;
}

Datum
cia_behavior_features(PG_FUNCTION_ARGS)
{
	char *source = cia_text_arg(fcinfo, ARG_SOURCE, "source");
	char *view = cia_text_arg(fcinfo, ARG_VIEW, NULL);
	int categories = categories_arg(fcinfo);
	cia_behavior behavior = {
	    .events = {.customer.name = cia_text_arg(fcinfo, ARG_CUSTOMER, "customer"),
	               .at.name = cia_text_arg(fcinfo, ARG_AT, "at"),
	               .amount.name = cia_text_arg(fcinfo, ARG_AMOUNT, NULL),
	               .category.name = cia_text_arg(fcinfo, ARG_CATEGORY, NULL)}};

	if (PG_ARGISNULL(ARG_WINDOWS))
		cia_text_arg(fcinfo, ARG_WINDOWS, "windows");
	cia_behavior_windows(PG_GETARG_ARRAYTYPE_P(ARG_WINDOWS), &behavior);
	cia_events_open(&behavior.events, source);
	set_as_of(&behavior, cia_text_arg(fcinfo, ARG_AS_OF, NULL));
	choose_categories(&behavior, categories);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(
	    "%s%s", view != NULL ? view_clause(view) : "", cia_behavior_query(&behavior))));
}
