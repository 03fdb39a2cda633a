/* SPDX-License-Identifier: PostgreSQL */
/*
 * behavior_text.c: the query that makes features of what customers did.
 *
 * It reads the source once: rows up to as_of, each with the time since the customer's previous row,
 * are grouped by customer, and every feature is an aggregate with a FILTER for its window.
 * What a row is told of its predecessor depends on earlier rows alone.  Sums are of numeric and
 * of whole seconds, so that they are the same in any order of the rows.
 */
#include "behavior.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define MOST_WINDOWS 20
#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789"
#define MOST_MONTHS (1000 * MONTHS_PER_YEAR)

/* A query under construction. */
typedef struct query
{
	const cia_behavior *behavior;
	StringInfoData text;
	List *names; /* of its columns */
} query;

/* Adds "3 hours" to a list, or nothing. */
static void
add_unit(StringInfo text, int64 count, const char *unit)
{
	if (count != 0)
		appendStringInfo(text, "%s" INT64_FORMAT " %s%s", text->len > 0 ? " " : "", count,
		                 unit, count == 1 ? "" : "s");
}

/* The interval in words that depend on no setting. */
static char *
interval_words(const Interval *interval)
{
	int64 seconds = interval->time / USECS_PER_SEC;
	StringInfoData text;

	initStringInfo(&text);
	add_unit(&text, interval->month, "month");
	add_unit(&text, interval->day, "day");
	add_unit(&text, seconds / SECS_PER_HOUR, "hour");
	add_unit(&text, seconds % SECS_PER_HOUR / SECS_PER_MINUTE, "minute");
	add_unit(&text, seconds % SECS_PER_MINUTE, "second");
	add_unit(&text, interval->time % USECS_PER_SEC, "microsecond");
	/* the half of the shortest window */
	if (text.len == 0)
		appendStringInfoString(&text, "0 seconds");
	return text.data;
}

/* A part of a name that needs no quotes where there is a choice: letters beyond ASCII stay. */
static char *
plain_name(const char *text)
{
	char *name = pstrdup(text);

	for (char *c = name; *c != '\0'; c++)
		if (!IS_HIGHBIT_SET(*c) && strchr(PLAIN, *c = pg_ascii_tolower(*c)) == NULL)
			*c = '_';
	return name;
}

static cia_window
make_window(Interval *interval)
{
	Interval *half;

	if (interval->month < 0 || interval->day < 0 || interval->time < 0 ||
	    interval->month > MOST_MONTHS || interval->day > MOST_MONTHS * DAYS_PER_MONTH ||
	    interval->time > USECS_PER_DAY * DAYS_PER_YEAR ||
	    (interval->month == 0 && interval->day == 0 && interval->time == 0))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"windows\" must hold lengths of time above zero"),
		         errhint("For example '{30 days,90 days,1 year}'.")));
	half = DatumGetIntervalP(DirectFunctionCall2(
	    interval_div, IntervalPGetDatum(interval), Float8GetDatum(2)));
	return (cia_window){.text = interval_words(interval),
	                    .half = interval_words(half),
	                    .suffix = plain_name(interval_words(interval))};
}

void
cia_behavior_windows(ArrayType *intervals, cia_behavior *behavior)
{
	Datum *given;
	bool *nulls;
	cia_window *window;

	deconstruct_array(intervals, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE,
	                  &given, &nulls, &behavior->windows);
	if (behavior->windows < 1 || behavior->windows > MOST_WINDOWS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"windows\" must hold 1 to %d lengths of time",
		                       MOST_WINDOWS),
		                errhint("For example '{30 days,90 days,1 year}'.")));
	behavior->window = window = palloc(sizeof *window * behavior->windows);
	for (int w = 0; w < behavior->windows; w++)
	{
		if (nulls[w])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("argument \"windows\" must not contain NULL"),
			                errhint("For example '{30 days,90 days,1 year}'.")));
		window[w] = make_window(DatumGetIntervalP(given[w]));
		for (int earlier = 0; earlier < w; earlier++)
			if (strcmp(window[earlier].text, window[w].text) == 0)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				                errmsg("argument \"windows\" holds %s more than once",
				                       window[w].text),
				                errhint("Leave all but one of them out.")));
	}
}

char *
cia_behavior_timestamp(const cia_event_column *column)
{
	if (column->type == TIMESTAMPTZOID)
		return psprintf("(source.%s AT TIME ZONE 'UTC')", column->quoted);
	return psprintf("source.%s::timestamp", column->quoted);
}

/* Adds a column, under a name that no other has. */
static void
add_column(query *query, const char *expression, const char *wanted)
{
	char *name = cia_free_name(query->names, wanted);

	appendStringInfo(&query->text, "%s\n\t%s AS %s", query->names != NIL ? "," : "",
	                 expression, quote_identifier(name));
	query->names = lappend(query->names, name);
}

/* Rows of a window that meet a condition, or all. */
static char *
rows_of(const query *query, const char *length, const char *condition)
{
	return psprintf("FILTER (WHERE at > %s - interval '%s'%s%s)", query->behavior->as_of,
	                length, condition != NULL ? " AND " : "",
	                condition != NULL ? condition : "");
}

static void
add_share(query *query, const cia_window *window, const char *condition, const char *name)
{
	add_column(query,
	           psprintf("(count(*) %s)::float8 / nullif(count(*) %s, 0)::float8",
	                    rows_of(query, window->text, condition),
	                    rows_of(query, window->text, NULL)),
	           psprintf("share_%s_%s", window->suffix, name));
}

static void
add_amounts(query *query, const cia_window *window)
{
	char *all = rows_of(query, window->text, NULL);

	add_column(query, psprintf("coalesce(sum(amount) %s, 0.0)", all),
	           psprintf("sum_%s", window->suffix));
	add_column(query, psprintf("avg(amount) %s", all),
	           psprintf("mean_%s", window->suffix));
	add_column(query, psprintf("max(amount) %s", all),
	           psprintf("max_%s", window->suffix));
}

/* The trend is what the later half has more than the earlier one, as a share of both. */
static void
add_window(query *query, const cia_window *window)
{
	const cia_events *events = &query->behavior->events;
	char *all = rows_of(query, window->text, NULL);
	ListCell *cell;

	add_column(query, psprintf("count(*) %s", all), psprintf("count_%s", window->suffix));
	add_column(query, psprintf("count(*) %s", rows_of(query, window->text, "new_day")),
	           psprintf("active_days_%s", window->suffix));
	add_column(query,
	           psprintf("2.0::float8 * (count(*) %s)::float8 / nullif(count(*) %s, "
	                    "0)::float8 - 1.0::float8",
	                    rows_of(query, window->half, NULL), all),
	           psprintf("trend_%s", window->suffix));
	if (events->amount.name != NULL)
		add_amounts(query, window);
	if (events->category.name == NULL)
		return;
	foreach (cell, query->behavior->categories)
		add_share(query, window,
		          psprintf("category = %s", quote_literal_cstr(lfirst(cell))),
		          plain_name(lfirst(cell)));
	add_share(query, window, "category IS NULL", "other");
}

/* What is known of all time up to as_of. */
static void
add_ever(query *query)
{
	const char *as_of = query->behavior->as_of;

	add_column(query, "count(*) FILTER (WHERE at IS NOT NULL)", "count_ever");
	if (query->behavior->events.amount.name != NULL)
		add_column(query, "coalesce(sum(amount), 0.0)", "sum_ever");
	add_column(query,
	           psprintf("(EXTRACT(epoch FROM %s - min(at)) / 86400.0)::float8", as_of),
	           "days_since_first");
	add_column(query,
	           psprintf("(EXTRACT(epoch FROM %s - max(at)) / 86400.0)::float8", as_of),
	           "days_since_last");
	add_column(query, "count(*) FILTER (WHERE new_day)", "active_days_ever");
	add_column(query, "count(*) FILTER (WHERE new_month)", "active_months_ever");
	add_column(query, "(avg(gap) / 86400.0)::float8", "gap_mean");
	add_column(query, "(stddev_samp(gap) / 86400.0)::float8", "gap_deviation");
}

/* The moment of a spine as it came. */
static const char *
moment_of(const cia_event_column *as_of)
{
	switch (as_of->type)
	{
		case DATEOID:
			return "spine.as_of::date";
		case TIMESTAMPTZOID:
			return "spine.as_of AT TIME ZONE 'UTC'";
		default:
			return "spine.as_of";
	}
}

/* The columns that tell whose features they are, and as of when. */
static void
add_keys(query *query)
{
	const cia_spine *spine = &query->behavior->spine;

	add_column(query, spine->item != NULL ? "spine.customer" : "customer",
	           query->behavior->events.customer.name);
	if (spine->item != NULL)
		add_column(query, moment_of(&spine->as_of), "as_of");
}

/* The category if it is one of those that have columns. */
static char *
category_of(const cia_behavior *behavior)
{
	const char *category = behavior->events.category.quoted;
	StringInfoData text;
	ListCell *cell;

	if (behavior->categories == NIL)
		return "NULL::text";
	initStringInfo(&text);
	appendStringInfo(&text, "CASE WHEN source.%s::text IN (", category);
	foreach (cell, behavior->categories)
		appendStringInfo(&text, "%s%s",
		                 cell == list_head(behavior->categories) ? "" : ", ",
		                 quote_literal_cstr(lfirst(cell)));
	appendStringInfo(&text, ") THEN source.%s::text END", category);
	return text.data;
}

/* Rows of the source, those after as_of left out where that is one moment. */
static void
add_events(query *query)
{
	const cia_behavior *behavior = query->behavior;
	const cia_events *events = &behavior->events;

	appendStringInfo(&query->text, "\t\tSELECT source.%s AS customer, %s AS at",
	                 events->customer.quoted, cia_behavior_timestamp(&events->at));
	if (events->amount.name != NULL)
		appendStringInfo(&query->text,
		                 ",\n\t\t\tnullif(source.%s::numeric, 'NaN') AS amount",
		                 events->amount.quoted);
	if (events->category.name != NULL)
		appendStringInfo(&query->text, ",\n\t\t\t%s AS category", category_of(behavior));
	appendStringInfo(&query->text,
	                 "\n\t\tFROM %s AS source\n\t\tWHERE source.%s IS NOT NULL AND "
	                 "isfinite(source.%s)",
	                 events->item, events->customer.quoted, events->at.quoted);
	if (behavior->spine.item == NULL)
		appendStringInfo(&query->text, " AND source.%s <= %s", events->at.quoted,
		                 behavior->cutoff);
}

/* The same with what each row has to do with the one before it. */
static void
add_paced(query *query)
{
	appendStringInfoString(
	    &query->text,
	    "(\n\tSELECT *, date_part('epoch'::text, at - pg_catalog.lag(at) OVER "
	    "previous)::bigint AS gap,\n"
	    "\t\t(at::date <> pg_catalog.lag(at::date) OVER previous) IS NOT FALSE AS "
	    "new_day,\n"
	    "\t\t(date_trunc('month'::text, at) <> pg_catalog.lag(date_trunc('month'::text, "
	    "at)) OVER previous) IS NOT FALSE AS new_month\n"
	    "\tFROM (\n");
	add_events(query);
	appendStringInfoString(&query->text,
	                       "\n\t) AS event\n\tWINDOW previous AS (PARTITION BY customer "
	                       "ORDER BY at)\n) AS paced");
}

static void
add_spine(query *query)
{
	const cia_spine *spine = &query->behavior->spine;

	appendStringInfo(
	    &query->text,
	    "(\n\tSELECT DISTINCT source.%s AS customer, %s AS as_of\n"
	    "\tFROM %s AS source\n"
	    "\tWHERE source.%s IS NOT NULL AND isfinite(source.%s)\n) AS spine\n",
	    spine->customer.quoted, cia_behavior_timestamp(&spine->as_of), spine->item,
	    spine->customer.quoted, spine->as_of.quoted);
}

/* No part has a name that text of the user could mean: there is no WITH. */
static void
add_from(query *query)
{
	appendStringInfoString(&query->text, "\nFROM ");
	if (query->behavior->spine.item == NULL)
	{
		add_paced(query);
		appendStringInfoString(&query->text, "\nGROUP BY customer");
		return;
	}
	add_spine(query);
	appendStringInfoString(&query->text, "LEFT JOIN ");
	add_paced(query);
	appendStringInfoString(&query->text,
	                       " ON paced.customer = spine.customer AND paced.at <= "
	                       "spine.as_of\nGROUP BY spine.customer, spine.as_of");
}

char *
cia_behavior_query(const cia_behavior *behavior)
{
	query query = {.behavior = behavior};

	initStringInfo(&query.text);
	appendStringInfoString(&query.text, "SELECT");
	add_keys(&query);
	add_ever(&query);
	for (int w = 0; w < behavior->windows; w++)
		add_window(&query, &behavior->window[w]);
	add_from(&query);
	if (list_length(query.names) > MaxHeapAttributeNumber)
		ereport(ERROR,
		        (errcode(ERRCODE_TOO_MANY_COLUMNS),
		         errmsg("features would have %d columns, more than the %d of a view",
		                list_length(query.names), MaxHeapAttributeNumber),
		         errhint("Ask for fewer windows or categories.")));
	return query.text.data;
}
