/* SPDX-License-Identifier: PostgreSQL */
/*
 * version_row.c: what is kept of a version: its model, and how it was trained.
 *
 * Whoever asks has looked the model up by its name, and so has the right to know.
 */
#include "registry_tables.h"

#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define FEW 20 /* versions that a hint lists */

/* For a version that is known to be there. */
static cia_version_scan
need_version(Oid schema, const cia_entry *entry)
{
	cia_version_scan found = cia_version_open(schema, entry);

	if (!HeapTupleIsValid(found.tuple))
	{
		cia_version_close(&found);
		cia_registry_check(CIA_NO_VERSION,
		                   psprintf("%s@%d", NameStr(entry->name), entry->version),
		                   entry);
	}
	return found;
}

static int
newest_first(const void *a, const void *b)
{
	int32 first = *(const int32 *) a, second = *(const int32 *) b;

	return (first < second) - (first > second);
}

char *
cia_registry_versions(const cia_entry *entry)
{
	cia_version_scan scan;
	int32 *number = palloc(sizeof *number);
	int count = 0;
	bool isnull;
	StringInfoData list;

	/* somebody else may have dropped one while we waited for the model's row */
	PushActiveSnapshot(GetTransactionSnapshot());
	scan = cia_versions_open(entry->schema, &entry->id);
	for (; HeapTupleIsValid(scan.tuple); cia_version_next(&scan))
	{
		number = repalloc(number, sizeof *number * (count + 1));
		number[count++] = DatumGetInt32(heap_getattr(
		    scan.tuple, VERSION_VERSION, RelationGetDescr(scan.table), &isnull));
	}
	cia_version_close(&scan);
	PopActiveSnapshot();
	qsort(number, count, sizeof *number, newest_first);
	initStringInfo(&list);
	for (int i = 0; i < Min(count, FEW); i++)
		appendStringInfo(&list, "%s%d", i > 0 ? ", " : "", number[i]);
	if (count > FEW)
		appendStringInfoString(&list, ", and older ones");
	return list.data;
}

/* The number of a model's last version; 0: it has none. */
static int32
newest_version(Oid schema, const pg_uuid_t *model)
{
	cia_version_scan found = cia_versions_open(schema, model);
	int32 newest = 0;
	bool isnull;

	for (; HeapTupleIsValid(found.tuple); cia_version_next(&found))
		newest = Max(newest,
		             DatumGetInt32(heap_getattr(found.tuple, VERSION_VERSION,
		                                        RelationGetDescr(found.table), &isnull)));
	cia_version_close(&found);
	return newest;
}

Datum
cia_registry_row(cia_entry *entry)
{
	cia_version_scan found;
	Datum row = (Datum) 0;

	PushActiveSnapshot(GetTransactionSnapshot());
	if (entry->version == 0)
		entry->version = newest_version(entry->schema, &entry->id);
	found = cia_version_open(entry->schema, entry);
	if (HeapTupleIsValid(found.tuple))
		row = heap_copy_tuple_as_datum(found.tuple, RelationGetDescr(found.table));
	cia_version_close(&found);
	PopActiveSnapshot();
	return row;
}

/* A column of the version, or 0 for NULL. */
static Datum
version_column(const cia_version_scan *found, int column)
{
	bool isnull;
	Datum datum =
	    heap_getattr(found->tuple, column, RelationGetDescr(found->table), &isnull);

	return isnull ? (Datum) 0 : datum;
}

/* The model's bytes, detoasted into the current memory context. */
struct varlena *
cia_registry_content(Oid schema, const cia_entry *entry)
{
	cia_version_scan found = need_version(schema, entry);
	struct varlena *content = pg_detoast_datum_copy(
	    (struct varlena *) DatumGetPointer(version_column(&found, VERSION_CONTENT)));

	cia_version_close(&found);
	return content;
}

static char *
text_column(const cia_version_scan *found, int column)
{
	Datum datum = version_column(found, column);

	return datum == 0 ? NULL : TextDatumGetCString(datum);
}

static ArrayType *
array_column(const cia_version_scan *found, int column)
{
	Datum datum = version_column(found, column);

	return datum == 0 ? NULL : DatumGetArrayTypePCopy(datum);
}

cia_lineage
cia_registry_lineage(Oid schema, const cia_entry *entry)
{
	cia_version_scan found = need_version(schema, entry);
	cia_lineage lineage = {
	    .source = text_column(&found, VERSION_SOURCE),
	    .inputs = array_column(&found, VERSION_INPUTS),
	    .id = array_column(&found, VERSION_ID),
	    .weight = text_column(&found, VERSION_WEIGHT),
	    .author = DatumGetObjectId(version_column(&found, VERSION_TRAINED_BY))};

	cia_version_close(&found);
	return lineage;
}
