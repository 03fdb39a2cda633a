/* SPDX-License-Identifier: PostgreSQL */
/*
 * update.c: a new library meets the tables of an older version of the extension.
 *
 * So it is from the installation of a new package until ALTER EXTENSION cia UPDATE.  Models
 * are found and score meanwhile; what writes asks for the update.
 */
#include "cia.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* default_version of cia.control */
#define SQL_VERSION "1.0"

/* The version of the extension in this database, or NULL. */
static char *
installed_version(void)
{
	Relation extensions = table_open(ExtensionRelationId, AccessShareLock);
	char *version = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	bool isnull;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
	            CStringGetDatum("cia"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		version = TextDatumGetCString(heap_getattr(
		    tuple, Anum_pg_extension_extversion, RelationGetDescr(extensions), &isnull));
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return version;
}

void
cia_need_update(void)
{
	const char *version = installed_version();

	if (version != NULL && strcmp(version, SQL_VERSION) != 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("extension cia is at version %s, but its library is at %s",
		                       version, SQL_VERSION),
		                errhint("Run ALTER EXTENSION cia UPDATE.")));
}
