/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_fill.c: filling a table that cia_score_into has just made.
 *
 * Nobody else sees the table, it has no index, and no row can be there before, so rows go
 * to its pages many at a time, as COPY and CREATE TABLE AS do it.  That holds only while
 * the table is as it was made: an event trigger, or a function that the source calls, may have
 * given it triggers, rules, row security, further columns or other types, and then an INSERT
 * has to do the work.
 */
#include "cia.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* What goes to the table at once; bytes are those of COPY. */
#define MOST_ROWS 1000
#define MOST_BYTES 65535

typedef struct batch
{
	Relation table;
	CommandId command;
	BulkInsertState bulk;
	TupleTableSlot *slot[MOST_ROWS]; /* made when first needed */
	int rows;
	Size bytes;
} batch;

/* Are these the types that rows come in: of the scores, of the version and of the time? */
static bool
has_types_of(TupleDesc made, TupleDesc scores)
{
	for (int i = 0; i < made->natts; i++)
	{
		Oid type = i < scores->natts    ? TupleDescAttr(scores, i)->atttypid
		           : i == scores->natts ? INT4OID
		                                : TIMESTAMPTZOID;

		if (TupleDescAttr(made, i)->atttypid != type)
			return false;
	}
	return made->natts == scores->natts + 2;
}

/* The source may run functions, and event triggers too may have had their way with the table. */
static bool
is_as_made(TupleDesc scores, Relation relation)
{
	const FormData_pg_class *class = relation->rd_rel;
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return class->relkind == RELKIND_RELATION && class->relowner == GetUserId() &&
	       !class->relhastriggers && !class->relhasrules && !class->relhasindex &&
	       !class->relrowsecurity && class->relchecks == 0 && !class->relispartition &&
	       has_types_of(RelationGetDescr(relation), scores) &&
	       (constraints == NULL ||
	        (constraints->num_defval == 0 && !constraints->has_generated_stored));
}

static void
flush(batch *batch)
{
	if (batch->rows > 0)
		table_multi_insert(batch->table, batch->slot, batch->rows, batch->command,
		                   TABLE_INSERT_SKIP_FSM, batch->bulk);
	for (int i = 0; i < batch->rows; i++)
		ExecClearTuple(batch->slot[i]);
	batch->rows = 0;
	batch->bytes = 0;
}

/* Adds a row: its scores, and what is the same for all rows. */
static void
add_row(batch *batch, TupleTableSlot *scores, int32 version)
{
	int columns = scores->tts_tupleDescriptor->natts;
	TupleTableSlot *row;

	if (batch->slot[batch->rows] == NULL)
		batch->slot[batch->rows] = table_slot_create(batch->table, NULL);
	row = batch->slot[batch->rows];
	slot_getallattrs(scores);
	memcpy(row->tts_values, scores->tts_values, sizeof(Datum) * columns);
	memcpy(row->tts_isnull, scores->tts_isnull, sizeof(bool) * columns);
	row->tts_values[columns] = Int32GetDatum(version);
	row->tts_values[columns + 1] =
	    TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	row->tts_isnull[columns] = row->tts_isnull[columns + 1] = false;
	ExecStoreVirtualTuple(row);
	batch->rows++;
	batch->bytes += ExecFetchSlotHeapTuple(row, true, NULL)->t_len;
}

bool
cia_score_table_fill(const cia_score_table *table, Tuplestorestate *scores,
                     TupleDesc columns, int32 version)
{
	batch batch = {.table = table_open(table->relation, NoLock)};
	TupleTableSlot *slot;

	if (!is_as_made(columns, batch.table))
	{
		table_close(batch.table, NoLock);
		return false;
	}
	batch.command = GetCurrentCommandId(true);
	batch.bulk = GetBulkInsertState();
	slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(scores, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		add_row(&batch, slot, version);
		if (batch.rows == MOST_ROWS || batch.bytes > MOST_BYTES)
			flush(&batch);
	}
	flush(&batch);
	FreeBulkInsertState(batch.bulk);
	table_finish_bulk_insert(batch.table, TABLE_INSERT_SKIP_FSM);
	for (int i = 0; i < MOST_ROWS && batch.slot[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(batch.slot[i]);
	ExecDropSingleTupleTableSlot(slot);
	table_close(batch.table, NoLock);
	CommandCounterIncrement();
	return true;
}
