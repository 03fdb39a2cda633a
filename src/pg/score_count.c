/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_count.c: runs the INSERT of cia_score_into and counts the rows that are new and those that
 * were there.
 */
#include "score_count.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Rows between two looks at the clock. */
#define ROWS_PER_LOOK 1024

void
cia_score_raise_changed(const cia_score_table *table)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	                errmsg("table \"%s\" is not what it was when the scoring began",
	                       table->given),
	                errhint("Let no function that the source calls change the table.")));
}

/*
 * Receives where every written row is, or its xmax: a row that was there has been locked by
 * ON CONFLICT, so its new version has one; see cia_score_table_insert.
 */
typedef struct row_counter
{
	DestReceiver base;
	cia_score_count *count;
	Relation partition; /* of the last row */
	TupleTableSlot *row;
} row_counter;

/* The source may have put something else in the table's place, whose columns are anything. */
static void
counter_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	const row_counter *counter = (row_counter *) self;
	Oid first = TupleDescAttr(tupdesc, 0)->atttypid;

	if (tupdesc->natts == 1
	        ? first != XIDOID
	        : first != OIDOID || TupleDescAttr(tupdesc, 1)->atttypid != TIDOID)
		cia_score_raise_changed(counter->count->table);
}

static void
close_partition(row_counter *counter)
{
	if (counter->partition == NULL)
		return;
	ExecDropSingleTupleTableSlot(counter->row);
	table_close(counter->partition, NoLock);
	counter->partition = NULL;
}

static TransactionId
xmax_of(row_counter *counter, Oid partition, ItemPointer place)
{
	TransactionId xmax;
	bool isnull;

	if (counter->partition == NULL || RelationGetRelid(counter->partition) != partition)
	{
		close_partition(counter);
		counter->partition = table_open(partition, NoLock);
		counter->row = table_slot_create(counter->partition, NULL);
	}
	if (!table_tuple_fetch_row_version(counter->partition, place, SnapshotAny,
	                                   counter->row))
		elog(ERROR, "could not find a row that was written");
	xmax = DatumGetTransactionId(
	    slot_getsysattr(counter->row, MaxTransactionIdAttributeNumber, &isnull));
	ExecClearTuple(counter->row);
	return xmax;
}

static bool
counter_receive(TupleTableSlot *slot, DestReceiver *self)
{
	row_counter *counter = (row_counter *) self;
	cia_score_count *count = counter->count;
	TransactionId xmax;
	int64 written;

	slot_getallattrs(slot);
	xmax = slot->tts_tupleDescriptor->natts == 1
	           ? DatumGetTransactionId(slot->tts_values[0])
	           : xmax_of(counter, DatumGetObjectId(slot->tts_values[0]),
	                     (ItemPointer) DatumGetPointer(slot->tts_values[1]));
	if (TransactionIdIsValid(xmax))
		count->updated++;
	else
		count->inserted++;
	written = count->inserted + count->updated;
	if (written % ROWS_PER_LOOK != 0)
		return true;
	cia_job_store(count->door, (double) written, (double) count->rows);
	if (cia_progress_due(count->door))
		ereport(NOTICE, (errmsg("writing: %lld of %lld rows", (long long) written,
		                        (long long) count->rows)));
	return true;
}

static void
counter_shutdown(DestReceiver *self)
{
	close_partition((row_counter *) self);
}

static void
counter_destroy(DestReceiver *self)
{
}

void
cia_score_count_insert(cia_score_count *count, const char *insert)
{
	row_counter counter = {.base = {.receiveSlot = counter_receive,
	                                .rStartup = counter_startup,
	                                .rShutdown = counter_shutdown,
	                                .rDestroy = counter_destroy,
	                                .mydest = DestNone},
	                       .count = count};
	int result =
	    SPI_execute_extended(insert, &(SPIExecuteOptions){.dest = &counter.base});

	if (result != SPI_OK_INSERT && result != SPI_OK_INSERT_RETURNING)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("cannot insert scores into table \"%s\"", count->table->given),
		         errdetail("A rule does something else instead."),
		         errhint("Let no event trigger give it a rule.")));
	if (count->table->fresh)
		count->inserted = (int64) SPI_processed;
}
