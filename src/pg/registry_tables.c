/* SPDX-License-Identifier: PostgreSQL */
/*
 * registry_tables.c: the tables of names and of versions, and their indexes.
 *
 * What the catalog says of them is kept until the relation cache is told that they have changed.
 */
#include "registry_tables.h"

#include "access/table.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static Oid
relation_of(Oid schema, const char *name)
{
	Oid relation = get_relname_relid(name, schema);

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation \"%s\" of extension cia does not exist", name),
		                errhint("Create the extension anew: DROP EXTENSION cia; CREATE "
		                        "EXTENSION cia.")));
	return relation;
}

static cia_registry_tables known_tables;

cia_registry_tables
cia_registry_tables_of(Oid schema)
{
	if (known_tables.schema != schema)
	{
		cia_registry_tables tables = {
		    .schema = schema,
		    .names = relation_of(schema, "cia_registry"),
		    .names_id = relation_of(schema, "cia_registry_pkey"),
		    .names_key = relation_of(schema, "cia_registry_name_key"),
		    .versions = relation_of(schema, "cia_version"),
		    .versions_key = relation_of(schema, "cia_version_pkey")};

		known_tables = tables;
	}
	return known_tables;
}

bool
cia_registry_forget(Oid relation)
{
	if (OidIsValid(relation) && relation != known_tables.names &&
	    relation != known_tables.versions)
		return false;
	known_tables.schema = InvalidOid;
	return true;
}

Oid
cia_registry_relation(Oid schema)
{
	return cia_registry_tables_of(schema).names;
}

/* The first of the versions that the keys let through. */
static cia_version_scan
begin_scan(Oid schema, int keys, ScanKey key)
{
	cia_version_scan found = {
	    .table = table_open(cia_registry_tables_of(schema).versions, AccessShareLock)};

	found.scan =
	    systable_beginscan(found.table, cia_registry_tables_of(schema).versions_key, true,
	                       GetActiveSnapshot(), keys, key);
	found.tuple = systable_getnext(found.scan);
	return found;
}

cia_version_scan
cia_version_open(Oid schema, const cia_entry *entry)
{
	ScanKeyData key[2];

	ScanKeyInit(&key[0], VERSION_MODEL, BTEqualStrategyNumber, F_UUID_EQ,
	            UUIDPGetDatum(&entry->id));
	ScanKeyInit(&key[1], VERSION_VERSION, BTEqualStrategyNumber, F_INT4EQ,
	            Int32GetDatum(entry->version));
	return begin_scan(schema, 2, key);
}

cia_version_scan
cia_versions_open(Oid schema, const pg_uuid_t *model)
{
	ScanKeyData key;

	ScanKeyInit(&key, VERSION_MODEL, BTEqualStrategyNumber, F_UUID_EQ,
	            UUIDPGetDatum(model));
	return begin_scan(schema, 1, &key);
}

void
cia_version_next(cia_version_scan *found)
{
	found->tuple = systable_getnext(found->scan);
}

void
cia_version_close(cia_version_scan *found)
{
	systable_endscan(found->scan);
	table_close(found->table, AccessShareLock);
}
