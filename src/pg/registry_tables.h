/* SPDX-License-Identifier: PostgreSQL */
/*
 * registry_tables.h: the tables of names and of versions, for those who read them by their
 * indexes.
 */
#ifndef CIA_REGISTRY_TABLES_H
#define CIA_REGISTRY_TABLES_H

#include "cia.h"

#include "access/genam.h"

/* Columns of cia_registry and cia_version, in the order of the SQL script. */
enum
{
	REGISTRY_ID = 1,
	REGISTRY_NAME,
	REGISTRY_OWNER,
	REGISTRY_PRODUCTION,
	REGISTRY_LATEST,
	REGISTRY_CREATED_AT,
	REGISTRY_PROMOTE,
	REGISTRY_SCORERS,
	REGISTRY_MANAGERS
};

enum
{
	VERSION_MODEL = 1,
	VERSION_VERSION,
	VERSION_CONTENT,
	VERSION_SOURCE,
	VERSION_INPUTS,
	VERSION_ID,
	VERSION_WEIGHT,
	VERSION_TRAINED_BY = 20
};

/* The tables and the indexes that names and versions are found by. */
typedef struct cia_registry_tables
{
	Oid schema; /* InvalidOid: to be looked up */
	Oid names;
	Oid names_id;
	Oid names_key;
	Oid versions;
	Oid versions_key;
} cia_registry_tables;

/*
 * An index may be replaced by another one until its table is locked, so they have to be asked
 * for thereafter.
 */
extern cia_registry_tables cia_registry_tables_of(Oid schema);

/* Versions of a model under the active snapshot, one after the other. */
typedef struct cia_version_scan
{
	Relation table;
	SysScanDesc scan;
	HeapTuple tuple; /* the one at hand; invalid: there is no more */
} cia_version_scan;

/* Comes to the version of the entry, or to the first one of all that the model has. */
extern cia_version_scan cia_version_open(Oid schema, const cia_entry *entry);
extern cia_version_scan cia_versions_open(Oid schema, const pg_uuid_t *model);

extern void cia_version_next(cia_version_scan *found);
extern void cia_version_close(cia_version_scan *found);

#endif
