/* SPDX-License-Identifier: PostgreSQL */
/*
 * registry.c: models by name, and who may use them.
 *
 * The tables are private to the extension's owner.  Reading goes straight to
 * their indexes under the active snapshot and then asks whether the caller has the
 * privilege that the look-up is for.  What is kept of a version reads version_row.c; for
 * writing see version.c.
 */
#include "registry_tables.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * Cuts 'churn@3' into name and version; version 0 stands for the one in production.
 * False for what cannot be the name of a model.
 */
static bool
split_name(const char *given, NameData *name, int32 *version)
{
	const char *at = strrchr(given, '@');
	size_t length = at != NULL ? at - given : strlen(given);
	char *end;
	long number;

	if (length >= NAMEDATALEN)
		return false;
	memset(name, 0, sizeof *name);
	memcpy(NameStr(*name), given, length);
	*version = 0;
	if (at == NULL)
		return true;
	errno = 0;
	number = strtol(at + 1, &end, 10);
	if (at[1] < '0' || at[1] > '9' || *end != '\0' || errno != 0 || number < 1 ||
	    number > PG_INT32_MAX)
		return false;
	*version = (int32) number;
	return true;
}

static cia_row_place
place_of(HeapTuple tuple)
{
	return (cia_row_place){.at = tuple->t_self,
	                       .xmin = HeapTupleHeaderGetRawXmin(tuple->t_data)};
}

/* Nobody where the table is of a version that knew of owners alone. */
static ArrayType *
roles_in(HeapTuple tuple, TupleDesc tupdesc, int column)
{
	bool isnull;

	if (column > tupdesc->natts)
		return construct_empty_array(OIDOID);
	return DatumGetArrayTypePCopy(heap_getattr(tuple, column, tupdesc, &isnull));
}

static cia_rights
rights_in(HeapTuple tuple, TupleDesc tupdesc)
{
	bool isnull;

	return (cia_rights){
	    .owner = DatumGetObjectId(heap_getattr(tuple, REGISTRY_OWNER, tupdesc, &isnull)),
	    .scorers = roles_in(tuple, tupdesc, REGISTRY_SCORERS),
	    .managers = roles_in(tuple, tupdesc, REGISTRY_MANAGERS)};
}

static void
free_rights(cia_rights *rights)
{
	pfree(rights->scorers);
	pfree(rights->managers);
}

/* Reads the registry's row of that name, and its rule if that is asked for; false if there is none. */
static bool
read_entry(Oid schema, const NameData *name, cia_entry *entry, cia_rights *rights,
           char **rule)
{
	Relation table = table_open(cia_registry_tables_of(schema).names, AccessShareLock);
	TupleDesc tupdesc = RelationGetDescr(table);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	bool isnull;

	ScanKeyInit(&key, REGISTRY_NAME, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(name));
	scan = systable_beginscan(table, cia_registry_tables_of(schema).names_key, true,
	                          GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		*rights = rights_in(tuple, tupdesc);
		*entry = (cia_entry){
		    .schema = schema,
		    .name = *name,
		    .id = *DatumGetUUIDP(heap_getattr(tuple, REGISTRY_ID, tupdesc, &isnull)),
		    .owner = rights->owner,
		    .version =
		        DatumGetInt32(heap_getattr(tuple, REGISTRY_PRODUCTION, tupdesc, &isnull)),
		    .in_names = place_of(tuple)};
		if (rule != NULL)
			*rule = TextDatumGetCString(
			    heap_getattr(tuple, REGISTRY_PROMOTE, tupdesc, &isnull));
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

/*
 * A transaction that sees one state of the database to its end sees today's rights all the
 * same, as it does with those on tables.  A model dropped since keeps what it had.
 */
static void
renew_rights(Oid schema, cia_entry *entry, cia_rights *rights)
{
	Relation table = table_open(cia_registry_tables_of(schema).names, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, REGISTRY_ID, BTEqualStrategyNumber, F_UUID_EQ,
	            UUIDPGetDatum(&entry->id));
	scan = systable_beginscan(table, cia_registry_tables_of(schema).names_id, true, NULL,
	                          1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		free_rights(rights);
		*rights = rights_in(tuple, RelationGetDescr(table));
		entry->owner = rights->owner;
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
}

/* The registry's row of that name, and whether the role has the privilege. */
static cia_finding
find_entry(Oid schema, const NameData *name, Oid role, cia_privilege privilege,
           cia_entry *entry)
{
	cia_rights rights;
	bool allowed;

	if (!read_entry(schema, name, entry, &rights, NULL))
		return CIA_ABSENT;
	if (IsolationUsesXactSnapshot())
		renew_rights(schema, entry, &rights);
	entry->privilege = privilege;
	allowed = cia_rights_allow(&rights, role, privilege, &entry->through);
	free_rights(&rights);
	return allowed ? CIA_FOUND : CIA_DENIED;
}

cia_finding
cia_registry_seek_for(Oid schema, const char *given, Oid role, cia_privilege privilege,
                      cia_entry *entry)
{
	NameData name;
	int32 version;
	cia_version_scan found;
	cia_finding finding;
	bool is_there;

	if (!split_name(given, &name, &version))
		return CIA_ABSENT;
	finding = find_entry(schema, &name, role, privilege, entry);
	if (finding != CIA_FOUND)
		return finding;
	if (version != 0)
		entry->version = version;
	if (entry->version == 0)
		return CIA_UNPROMOTED;
	found = cia_version_open(schema, entry);
	is_there = HeapTupleIsValid(found.tuple);
	if (is_there)
		entry->in_versions = place_of(found.tuple);
	cia_version_close(&found);
	return is_there ? CIA_FOUND : CIA_NO_VERSION;
}

cia_finding
cia_registry_seek(Oid schema, const char *given, cia_privilege privilege,
                  cia_entry *entry)
{
	return cia_registry_seek_for(schema, given, GetUserId(), privilege, entry);
}

/* Is the row at that place still the same one, and is it seen? */
static bool
is_seen(Oid relation, const cia_row_place *place)
{
	Relation table = table_open(relation, AccessShareLock);
	HeapTupleData tuple = {.t_self = place->at};
	Buffer buffer = InvalidBuffer;
	bool seen = false;

	if (ItemPointerGetBlockNumber(&place->at) < RelationGetNumberOfBlocks(table) &&
	    heap_fetch(table, GetActiveSnapshot(), &tuple, &buffer, false))
	{
		seen = HeapTupleHeaderGetRawXmin(tuple.t_data) == place->xmin;
		ReleaseBuffer(buffer);
	}
	table_close(table, AccessShareLock);
	return seen;
}

/*
 * A name is unique, so as long as its row is seen no other one is; what that row, which holds
 * the rights, and the version's say cannot have changed.  This is much quicker than to look
 * them up.
 */
bool
cia_registry_confirm(Oid schema, const cia_entry *entry)
{
	/* rights come last, since messages about them are read on the way */
	return is_seen(cia_registry_tables_of(schema).names, &entry->in_names) &&
	       is_seen(cia_registry_tables_of(schema).versions, &entry->in_versions) &&
	       (!OidIsValid(entry->through) ||
	        has_privs_of_role(GetUserId(), entry->through));
}

bool
cia_registry_champion(Oid schema, const char *name, cia_entry *entry, char **rule)
{
	cia_rights rights;
	NameData fixed;
	bool found;

	namestrcpy(&fixed, name);
	PushActiveSnapshot(GetTransactionSnapshot());
	found = read_entry(schema, &fixed, entry, &rights, rule);
	PopActiveSnapshot();
	return found && entry->version != 0;
}

static cia_entry
find(Oid schema, const char *given, cia_privilege privilege)
{
	cia_entry entry;

	cia_registry_check(cia_registry_seek(schema, given, privilege, &entry), given,
	                   &entry);
	return entry;
}

cia_entry
cia_registry_find(Oid schema, const char *given)
{
	return find(schema, given, CIA_SCORE);
}

cia_entry
cia_registry_manage(Oid schema, const char *given)
{
	return find(schema, given, CIA_MANAGE);
}

cia_entry
cia_registry_manage_model(Oid schema, const char *given)
{
	cia_entry entry;
	NameData name;
	int32 version;

	if (strchr(given, '@') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("\"%s\" names a version and not a model", given),
		                errhint("Give the name without \"@\" and what follows it.")));
	if (!split_name(given, &name, &version))
		cia_registry_check(CIA_ABSENT, given, NULL);
	cia_registry_check(find_entry(schema, &name, GetUserId(), CIA_MANAGE, &entry), given,
	                   &entry);
	return entry;
}

void
cia_registry_check_new_name(const char *name)
{
	if (name[0] == '\0' || strchr(name, '@') != NULL || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_NAME), errmsg("invalid model name \"%s\"", name),
		         errhint("A name has 1 to %d bytes and no \"@\", which stands before a "
		                 "version.",
		                 NAMEDATALEN - 1)));
}

/* A name to train under: new, or of a model that the caller may manage. */
void
cia_registry_check_name(Oid schema, const char *name)
{
	NameData fixed;
	cia_entry entry;

	cia_registry_check_new_name(name);
	namestrcpy(&fixed, name);
	if (find_entry(schema, &fixed, GetUserId(), CIA_MANAGE, &entry) == CIA_DENIED)
		cia_raise_denied(name, entry.owner, CIA_MANAGE);
}
