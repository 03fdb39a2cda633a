/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_fill.c: filling a table that cia_score_into has just made.
 *
 * Nobody else sees the table, it has no index, and no row can be there before, so rows go
 * to its pages many at a time, as COPY and CREATE TABLE AS do it.  That holds only while
 * the table is as it was made: an event trigger, or a function that the source calls, may have
 * given it triggers, rules, row security, further columns or other types, and then an INSERT
 * has to do the work.  A source that cannot do so fills the table while it is read.
 */
#include "score_fill.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* What goes to the table at once; bytes are those of COPY. */
#define MOST_ROWS 1000
#define MOST_BYTES 65535

struct cia_fill
{
	MemoryContext lasting;
	MemoryContext brief; /* of one batch */
	Relation table;
	TupleDesc columns; /* of the scores, which the version and the time follow */
	int32 version;
	CommandId command;
	BulkInsertState bulk;
	TupleTableSlot *slot[MOST_ROWS]; /* made when first needed */
	int rows;                        /* of the batch at hand */
	Size bytes;
};

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

cia_fill *
cia_fill_open(const cia_score_table *table, TupleDesc columns, int32 version)
{
	Relation relation = table_open(table->relation, NoLock);
	cia_fill *fill;

	if (!is_as_made(columns, relation))
	{
		table_close(relation, NoLock);
		return NULL;
	}
	fill = palloc0(sizeof *fill);
	fill->lasting = CurrentMemoryContext;
	fill->brief = AllocSetContextCreate(CurrentMemoryContext, "cia rows of scores",
	                                    ALLOCSET_DEFAULT_SIZES);
	fill->table = relation;
	fill->columns = columns;
	fill->version = version;
	fill->command = GetCurrentCommandId(true);
	fill->bulk = GetBulkInsertState();
	return fill;
}

static void
flush(cia_fill *fill)
{
	MemoryContext before = MemoryContextSwitchTo(fill->brief);

	if (fill->rows > 0)
		table_multi_insert(fill->table, fill->slot, fill->rows, fill->command,
		                   TABLE_INSERT_SKIP_FSM, fill->bulk);
	for (int i = 0; i < fill->rows; i++)
		ExecClearTuple(fill->slot[i]);
	fill->rows = 0;
	fill->bytes = 0;
	MemoryContextSwitchTo(before);
	MemoryContextReset(fill->brief);
}

static TupleTableSlot *
next_slot(cia_fill *fill)
{
	TupleTableSlot **slot = &fill->slot[fill->rows];
	MemoryContext before;

	if (*slot != NULL)
		return *slot;
	before = MemoryContextSwitchTo(fill->lasting);
	*slot = table_slot_create(fill->table, NULL);
	MemoryContextSwitchTo(before);
	return *slot;
}

/* A row: its scores, and what is the same for all rows. */
void
cia_fill_add(cia_fill *fill, const Datum *values, const bool *nulls)
{
	int columns = fill->columns->natts;
	TupleTableSlot *row = next_slot(fill);

	memcpy(row->tts_values, values, sizeof(Datum) * columns);
	memcpy(row->tts_isnull, nulls, sizeof(bool) * columns);
	row->tts_values[columns] = Int32GetDatum(fill->version);
	row->tts_values[columns + 1] =
	    TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	row->tts_isnull[columns] = row->tts_isnull[columns + 1] = false;
	ExecStoreVirtualTuple(row);
	fill->rows++;
	fill->bytes += ExecFetchSlotHeapTuple(row, true, NULL)->t_len;
	if (fill->rows == MOST_ROWS || fill->bytes > MOST_BYTES)
		flush(fill);
}

void
cia_fill_close(cia_fill *fill)
{
	flush(fill);
	FreeBulkInsertState(fill->bulk);
	table_finish_bulk_insert(fill->table, TABLE_INSERT_SKIP_FSM);
	for (int i = 0; i < MOST_ROWS && fill->slot[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(fill->slot[i]);
	table_close(fill->table, NoLock);
	MemoryContextDelete(fill->brief);
	CommandCounterIncrement();
}

bool
cia_score_table_fill(const cia_score_table *table, Tuplestorestate *scores,
                     TupleDesc columns, int32 version)
{
	cia_fill *fill = cia_fill_open(table, columns, version);
	TupleTableSlot *slot;

	if (fill == NULL)
		return false;
	slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(scores, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		cia_fill_add(fill, slot->tts_values, slot->tts_isnull);
	}
	ExecDropSingleTupleTableSlot(slot);
	cia_fill_close(fill);
	return true;
}
