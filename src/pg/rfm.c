/* SPDX-License-Identifier: PostgreSQL */
/*
 * rfm.c: cia_rfm: how recently, how often and for how much customers bought, as scores and segments.
 *
 * One statement around the source, run with the caller's rights, finds per customer what is asked for
 * and how many customers are worse in it.  A score is that share, in bins: so customers who are equal
 * have equal scores, which numbers of rows (ntile) do not give them.
 */
#include "rfm.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

CIA_FUNCTION(cia_rfm);

enum
{
	ARG_SOURCE,
	ARG_CUSTOMER,
	ARG_AT,
	ARG_AMOUNT,
	ARG_AS_OF,
	ARG_BINS,
	ARG_RULES,
	ARG_AMOUNTS
};

/* Columns of the statement. */
enum
{
	GOT_CUSTOMER,
	GOT_RECENCY,
	GOT_FREQUENCY,
	GOT_MONETARY,
	GOT_WORSE, /* ranks from 1 by the three */
	GOT_CUSTOMERS = GOT_WORSE + 3,
	GOT_ROWS, /* not after as_of, or without a time */
	GOT_DATED,
	GOT_FINITE
};

typedef struct run
{
	cia_events events;
	const cia_rfm_grid *grid;
	bool mean;
	cia_output out;
	MemoryContext scratch; /* of a row */
	int64 without_customer;
	int64 without_time;
	int64 without_purchase; /* customers */
	int64 scored;           /* likewise */
	int best[3];            /* the highest score of anybody; the lowest is 1 */
} run;

/* Whole days from one time to another. */
static const char *
days(const run *run)
{
	if (run->events.at.type == DATEOID)
		return "as_of - last";
	return "pg_catalog.floor(EXTRACT(epoch FROM as_of - last) / 86400.0)::pg_catalog.int4";
}

/* What is known of each customer; in_time is the condition on a row. */
static char *
customers(const run *run, const char *in_time)
{
	return psprintf(
	    "SELECT customer, max(at) FILTER (WHERE %1$s AND (amount >= 0.0) IS NOT FALSE) AS "
	    "last, "
	    "count(*) FILTER (WHERE %1$s AND (amount >= 0.0) IS NOT FALSE) AS frequency, "
	    "count(*) FILTER (WHERE %1$s AND amount >= 0.0 AND amount <> 'NaN') AS priced, "
	    "sum(amount) FILTER (WHERE %1$s AND amount <> 'NaN') AS total, "
	    "count(*) FILTER (WHERE (%1$s) IS NOT FALSE) AS used, "
	    "count(*) FILTER (WHERE %1$s) AS dated, min(at) AS earliest, max(at) AS latest "
	    "FROM (SELECT %2$s AS customer, %3$s AS at, %4$s::pg_catalog.numeric AS amount "
	    "FROM %5$s AS source) AS event GROUP BY customer",
	    in_time, run->events.customer.quoted, run->events.at.quoted,
	    run->events.amount.quoted, run->events.item);
}

/* The statement; as_of NULL stands for the latest row of a customer. */
static char *
statement(const run *run, const char *as_of)
{
	char *per_customer =
	    customers(run, as_of != NULL ? psprintf("at <= %s", as_of) : "at <= at");

	return psprintf(
	    "SELECT customer::pg_catalog.text, recency, frequency, monetary, "
	    "rank() OVER (PARTITION BY counts ORDER BY recency DESC), "
	    "rank() OVER (PARTITION BY counts ORDER BY frequency), "
	    "rank() OVER (PARTITION BY counts ORDER BY monetary), "
	    "count(*) OVER (PARTITION BY counts), used, dated, finite "
	    "FROM (SELECT *, CASE WHEN finite THEN %s END AS recency, "
	    "coalesce(%s, 0.0) AS monetary, "
	    "customer IS NOT NULL AND frequency > 0 AS counts "
	    "FROM (SELECT *, %s AS as_of, "
	    "(isfinite(earliest) AND isfinite(latest)) IS NOT FALSE AS finite "
	    "FROM (%s) AS customer) AS dated) AS measured",
	    days(run),
	    run->mean ? "total / nullif(priced::pg_catalog.numeric, 0.0)" : "total",
	    as_of != NULL ? as_of : "max(latest) FILTER (WHERE customer IS NOT NULL) OVER ()",
	    per_customer);
}

static void
check_finite(const run *run, const Datum *values, const bool *nulls)
{
	Numeric monetary = nulls[GOT_MONETARY] ? NULL : DatumGetNumeric(values[GOT_MONETARY]);
	bool amount =
	    monetary != NULL && (numeric_is_nan(monetary) || numeric_is_inf(monetary));

	if (amount || !DatumGetBool(values[GOT_FINITE]))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("column \"%s\" contains a value that is not finite",
		                       amount ? run->events.amount.name : run->events.at.name),
		                nulls[GOT_CUSTOMER]
		                    ? 0
		                    : errdetail("Customer \"%s\" has it.",
		                                TextDatumGetCString(values[GOT_CUSTOMER])),
		                errhint("Leave such rows out in the source, or make it NULL.")));
}

static void
put_customer(run *run, const Datum *values)
{
	const cia_rfm_grid *grid = run->grid;
	const char *between = grid->bins > 9 ? "-" : "";
	int score[3];

	for (int i = 0; i < 3; i++)
	{
		score[i] = 1 + (int) (grid->bins * (DatumGetInt64(values[GOT_WORSE + i]) - 1) /
		                      DatumGetInt64(values[GOT_CUSTOMERS]));
		run->best[i] = Max(run->best[i], score[i]);
	}
	run->scored++;
	for (int i = GOT_CUSTOMER; i < GOT_WORSE; i++)
	{
		run->out.null[run->out.columns] = false;
		run->out.value[run->out.columns++] = values[i];
	}
	for (int i = 0; i < 3; i++)
		cia_output_integer(&run->out, score[i]);
	cia_output_text(&run->out, psprintf("%d%s%d%s%d", score[0], between, score[1],
	                                    between, score[2]));
	cia_output_text(&run->out, grid->segment[score[0] - 1][score[1] - 1][score[2] - 1]);
	cia_output_row(&run->out);
}

static void
start(void *state, TupleDesc tupdesc)
{
}

static void
take(void *state, const Datum *values, const bool *nulls)
{
	run *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->scratch);
	int64 used = DatumGetInt64(values[GOT_ROWS]);
	int64 dated = DatumGetInt64(values[GOT_DATED]);

	check_finite(run, values, nulls);
	if (nulls[GOT_CUSTOMER])
		run->without_customer += used;
	else
	{
		run->without_time += used - dated;
		if (DatumGetInt64(values[GOT_FREQUENCY]) > 0)
			put_customer(run, values);
		else if (dated > 0)
			run->without_purchase++;
	}
	MemoryContextReset(run->scratch);
	MemoryContextSwitchTo(before);
}

static void
show_skipped(const run *run)
{
	if (run->without_customer > 0)
		ereport(NOTICE, (errmsg_plural("%lld row without a customer is left out",
		                               "%lld rows without a customer are left out",
		                               (unsigned long) run->without_customer,
		                               (long long) run->without_customer)));
	if (run->without_time > 0)
		ereport(NOTICE, (errmsg_plural("%lld row without a time is left out",
		                               "%lld rows without a time are left out",
		                               (unsigned long) run->without_time,
		                               (long long) run->without_time)));
	if (run->without_purchase > 0)
		ereport(NOTICE,
		        (errmsg_plural(
		            "%lld customer with nothing but negative amounts is left out",
		            "%lld customers with nothing but negative amounts are left out",
		            (unsigned long) run->without_purchase,
		            (long long) run->without_purchase)));
}

/* A score that all customers share makes a segment that says nothing of them. */
static void
show_equal(const run *run)
{
	static const char *const name[] = {"r_score", "f_score", "m_score"};
	StringInfoData equal;

	if (run->scored == 1)
		ereport(NOTICE,
		        (errmsg("the only customer has the lowest scores and their segment"),
		         errdetail("Scores compare customers with each other.")));
	if (run->scored <= 1)
		return;
	initStringInfo(&equal);
	for (int i = 0; i < 3; i++)
		if (run->best[i] == 1)
			appendStringInfo(&equal, "%s%s", equal.len > 0 ? ", " : "", name[i]);
	if (equal.len > 0)
		ereport(NOTICE,
		        (errmsg("all %lld customers have the lowest score, 1, in: %s",
		                (long long) run->scored, equal.data),
		         errdetail("Too few of them differ there to be told apart by %d bins.",
		                   run->grid->bins)));
}

static bool
is_mean(const char *amounts)
{
	if (strcmp(amounts, "sum") != 0 && strcmp(amounts, "mean") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"amounts\" must be one of: \"sum\", \"mean\""),
		                errhint("It says what is made of the amounts of a customer.")));
	return amounts[0] == 'm';
}

static const char *
as_of_arg(FunctionCallInfo fcinfo, const run *run)
{
	TimestampTz as_of;

	if (PG_ARGISNULL(ARG_AS_OF))
		return NULL;
	as_of = PG_GETARG_TIMESTAMPTZ(ARG_AS_OF);
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"as_of\" must be finite"),
		                errhint("Leave it out for the time of the latest row.")));
	if (run->events.at.type != TIMESTAMPTZOID)
		as_of = DatumGetTimestamp(
		    DirectFunctionCall1(timestamptz_timestamp, TimestampTzGetDatum(as_of)));
	return cia_event_moment(run->events.at.type, as_of);
}

Datum
cia_rfm(PG_FUNCTION_ARGS)
{
	char *source = cia_text_arg(fcinfo, ARG_SOURCE, "source");
	run run = {.events = {.customer.name = cia_text_arg(fcinfo, ARG_CUSTOMER, "customer"),
	                      .at.name = cia_text_arg(fcinfo, ARG_AT, "at"),
	                      .amount.name = cia_text_arg(fcinfo, ARG_AMOUNT, "amount")},
	           .mean = is_mean(cia_text_arg(fcinfo, ARG_AMOUNTS, "amounts"))};

	if (PG_ARGISNULL(ARG_BINS))
		cia_text_arg(fcinfo, ARG_BINS, "bins");
	run.grid =
	    cia_rfm_grid_make(cia_rfm_check_bins(PG_GETARG_INT32(ARG_BINS)),
	                      PG_ARGISNULL(ARG_RULES) ? NULL : PG_GETARG_JSONB_P(ARG_RULES));
	run.out = cia_output_open(fcinfo);
	run.scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "cia rfm row", ALLOCSET_SMALL_SIZES);
	cia_events_open(&run.events, source);
	cia_source_run(statement(&run, as_of_arg(fcinfo, &run)), NULL, start, take, &run);
	MemoryContextDelete(run.scratch);
	show_skipped(&run);
	show_equal(&run);
	return (Datum) 0;
}
