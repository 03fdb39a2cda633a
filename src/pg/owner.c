/* SPDX-License-Identifier: PostgreSQL */
/*
 * owner.c: writing into the registry, with the rights of the tables' owner.
 *
 * Fixed, fully qualified statements run with search_path pinned, in the caller's
 * transaction.
 */
#include "cia.h"

#include "access/table.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

int
cia_path_pin(void)
{
	int level = NewGUCNestLevel();

	set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
	                  GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
cia_path_unpin(int level)
{
	AtEOXact_GUC(true, level);
}

cia_owner_scope
cia_owner_begin(Oid schema)
{
	cia_owner_scope scope = {.schema = schema, .caller = CurrentMemoryContext};
	Relation table;
	Oid owner;

	cia_need_update();
	table = table_open(cia_registry_relation(schema), AccessShareLock);
	owner = table->rd_rel->relowner;
	table_close(table, AccessShareLock);
	GetUserIdAndSecContext(&scope.user, &scope.context);
	SetUserIdAndSecContext(owner, scope.context | SECURITY_LOCAL_USERID_CHANGE |
	                                  SECURITY_RESTRICTED_OPERATION);
	scope.path = cia_path_pin();
	SPI_connect();
	return scope;
}

void
cia_owner_lock(const cia_owner_scope *scope)
{
	static const char *const table[] = {"cia_registry", "cia_version", "cia_promotion",
	                                    "cia_tag",      "cia_remark",  "cia_run",
	                                    "cia_schedule"};

	for (int i = 0; i < lengthof(table); i++)
		LockRelationOid(get_relname_relid(table[i], scope->schema), RowExclusiveLock);
}

void
cia_owner_leave(const cia_owner_scope *scope)
{
	SPI_finish();
	cia_path_unpin(scope->path);
	SetUserIdAndSecContext(scope->user, scope->context);
}

void
cia_owner_end(const cia_owner_scope *scope)
{
	CacheInvalidateRelcacheByRelid(cia_registry_relation(scope->schema));
	cia_owner_leave(scope);
}

uint64
cia_owner_execute(const cia_owner_scope *scope, const cia_statement *run)
{
	const char *qualifier = quote_identifier(get_namespace_name(scope->schema));
	char *query = psprintf(run->text, qualifier);

	if (SPI_execute_with_args(query, run->args, run->types, run->values, run->nulls,
	                          false, 0) != run->expected)
		elog(ERROR, "could not execute \"%s\"", query);
	return SPI_processed;
}

Datum
cia_text_or_null(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

Datum
cia_array_or_null(ArrayType *array, char *null)
{
	*null = array == NULL ? 'n' : ' ';
	return PointerGetDatum(array);
}
