/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_migration.c: cia_segment_migration: who has gone from which segment to which.
 *
 * Customers are matched by the text of their id columns.  Of each the text and two numbers of
 * segments are kept, and nothing else of a row.
 */
#include "segment_rows.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_segment_migration);

enum
{
	THEN,
	NOW,
	SIDES
};

static const char *const side_name[] = {"source_then", "source_now"};

typedef struct migration
{
	cia_segment_rows *run;
	int side;
	cia_column *id;        /* of that side's source */
	StringInfoData text;   /* of a row's id */
	MemoryContext scratch; /* reset after every row */
	ml_dictionary *customer;
	int32_t *segment[SIDES]; /* of each customer, from 1; 0: not there */
	int64 room;
} migration;

/* The columns that identify a customer, by default those of the training. */
static ArrayType *
id_arg(FunctionCallInfo fcinfo, const cia_segment_rows *run)
{
	ArrayType *id = PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3);

	if (id == NULL)
		id = cia_registry_lineage(run->schema, &run->version).id;
	if (id == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"id\" must be given, since model \"%s\" was trained "
		                "without",
		                NameStr(run->version.name)),
		         errhint("Name the columns that identify a customer, as in id => "
		                 "'{customer_id}'.")));
	return id;
}

/* The same columns and types on both sides, or texts would not say the same. */
static void
check_types(TupleDesc then, TupleDesc now)
{
	for (int i = 0; i < then->natts; i++)
	{
		Oid type[] = {TupleDescAttr(then, i)->atttypid, TupleDescAttr(now, i)->atttypid};

		if (type[THEN] != type[NOW])
			ereport(ERROR,
			        (errcode(ERRCODE_DATATYPE_MISMATCH),
			         errmsg("id \"%s\" has another type in source_now than in "
			                "source_then",
			                NameStr(TupleDescAttr(then, i)->attname)),
			         errdetail("It has type %s then and %s now.",
			                   format_type_be(type[THEN]), format_type_be(type[NOW])),
			         errhint("Cast it in one of the sources.")));
	}
}

static void
start_side(void *state, TupleDesc columns)
{
	migration *work = state;

	work->id = palloc(sizeof *work->id * columns->natts);
	for (int i = 0; i < columns->natts; i++)
		cia_column_open(&work->id[i], NameStr(TupleDescAttr(columns, i)->attname),
		                TupleDescAttr(columns, i)->atttypid, (AttrNumber) (i + 1),
		                ML_BESIDE);
}

/* The texts of several columns, each with its length, say where one ends. */
static void
write_id(migration *work, const Datum *values, const bool *nulls)
{
	MemoryContext before = MemoryContextSwitchTo(work->scratch);
	int ids = work->run->ids->natts;

	resetStringInfo(&work->text);
	for (int i = 0; i < ids; i++)
	{
		ml_cell cell;

		if (nulls[i])
			ereport(ERROR,
			        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			         errmsg("id \"%s\" is null", work->id[i].name),
			         errdetail("It is null in row %lld of %s.",
			                   (long long) work->run->rows + 1, side_name[work->side]),
			         errhint("Leave such rows out with WHERE.")));
		cia_cell_read(&work->id[i], values[i], false, &cell);
		if (ids > 1)
			appendStringInfo(&work->text, "%d:", cell.text.length);
		appendBinaryStringInfo(&work->text, cell.text.bytes, cell.text.length);
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(work->scratch);
}

static void
make_room(migration *work)
{
	int64 room = work->room > 0 ? 2 * work->room : 1024;

	for (int s = 0; s < SIDES; s++)
	{
		int32_t *grown = ml_alloc(&work->run->door->host, (size_t) room * sizeof *grown);

		if (grown == NULL)
			cia_check(work->run->door, ML_MEMORY);
		memset(grown, 0, (size_t) room * sizeof *grown);
		if (work->room > 0)
			memcpy(grown, work->segment[s], (size_t) work->room * sizeof *grown);
		work->segment[s] = grown;
	}
	work->room = room;
}

static void
take_row(void *state, int segment, const Datum *values, const bool *nulls)
{
	migration *work = state;
	int32_t customer;

	write_id(work, values, nulls);
	cia_check(work->run->door,
	          ml_dictionary_add(work->customer,
	                            (ml_text){work->text.data, work->text.len}, &customer));
	if (customer >= work->room)
		make_room(work);
	if (work->segment[work->side][customer] != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_CARDINALITY_VIOLATION),
		         errmsg("%s has more than one row of a customer", side_name[work->side]),
		         errdetail("The id of row %lld, %s, has come before.",
		                   (long long) work->run->rows + 1,
		                   pnstrdup(work->text.data, work->text.len)),
		         errhint("Take one row of each in the source, or name further columns in "
		                 "id.")));
	work->segment[work->side][customer] = segment + 1;
}

/* Customers by segment then (outer) and now, the last of each for not there. */
static double *
count_pairs(const migration *work, int side)
{
	double *count = palloc0(sizeof *count * side * side);

	for (int64 c = 0; c < work->customer->count; c++)
	{
		int then = work->segment[THEN][c], now = work->segment[NOW][c];

		CHECK_FOR_INTERRUPTS();
		then = then > 0 ? then - 1 : side - 1;
		now = now > 0 ? now - 1 : side - 1;
		count[then * side + now]++;
	}
	return count;
}

static void
put_pairs(cia_output *out, const migration *work)
{
	int side = work->run->model->schema.classes + 1;
	double *count = count_pairs(work, side);

	for (int then = 0; then < side; then++)
	{
		double total = 0;

		for (int now = 0; now < side; now++)
			total += count[then * side + now];
		for (int now = 0; now < side; now++)
		{
			double rows = count[then * side + now];

			if (rows == 0)
				continue;
			cia_output_text(out,
			                then < side - 1 ? cia_segment_label(work->run, then) : NULL);
			cia_output_text(out,
			                now < side - 1 ? cia_segment_label(work->run, now) : NULL);
			cia_output_bigint(out, (int64) rows);
			cia_output_numbers(out, &(double){rows / total}, 1);
			cia_output_row(out);
		}
	}
}

Datum
cia_segment_migration(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	const char *source[] = {cia_text_arg(fcinfo, 1, side_name[THEN]),
	                        cia_text_arg(fcinfo, 2, side_name[NOW])};
	migration work = {.run = cia_segment_rows_open(fcinfo, CIA_SCORE)};
	MemoryContext arena = work.run->door->arena;
	MemoryContext before = MemoryContextSwitchTo(arena);
	TupleDesc ids[SIDES];

	for (int s = 0; s < SIDES; s++)
		ids[s] = cia_score_table_ids(source[s], id_arg(fcinfo, work.run));
	check_types(ids[THEN], ids[NOW]);
	cia_check(work.run->door,
	          ml_dictionary_create(&work.run->door->host, &work.customer));
	initStringInfo(&work.text);
	work.scratch = AllocSetContextCreate(arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	work.run->start = start_side;
	work.run->take = take_row;
	work.run->state = &work;
	MemoryContextSwitchTo(before);
	for (work.side = THEN; work.side < SIDES; work.side++)
	{
		work.run->ids = ids[work.side];
		cia_segment_rows_run(work.run, source[work.side]);
	}
	put_pairs(&out, &work);
	MemoryContextDelete(arena);
	return (Datum) 0;
}
