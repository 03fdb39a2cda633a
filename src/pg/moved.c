/* SPDX-License-Identifier: PostgreSQL */
/*
 * moved.c: cia_rename_model, cia_copy_model: models under other names.
 */
#include "moved.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_rename_model);
CIA_FUNCTION(cia_copy_model);

void
cia_version_arrived(const cia_owner_scope *scope, const pg_uuid_t *id, int32 version,
                    const cia_promotion *first)
{
	cia_promotion promotion = *first;

	if (version != 1)
	{
		/* what the name stands for is as it was */
		cia_owner_leave(scope);
		return;
	}
	promotion.model = id;
	promotion.version = version;
	cia_put_into_production(scope, &promotion);
	cia_owner_end(scope);
}

static void
raise_taken(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
	                errmsg("model \"%s\" already exists", name),
	                errhint("Drop or rename that model, or choose another name.")));
}

/*
 * The statement that renames may wait for somebody who takes the name meanwhile.  Whoever has it, or
 * is about to give it up, is waited for with nothing in our hands: of two models that are to change
 * names, each would wait for the other's row.
 */
static uint64
rename_model(const cia_owner_scope *scope, const cia_entry *entry, const char *name)
{
	Oid types[] = {UUIDOID, NAMEOID, TEXTOID};
	Datum values[] = {UUIDPGetDatum(&entry->id), NameGetDatum(&entry->name),
	                  CStringGetTextDatum(name)};
	volatile uint64 renamed = 0;

	cia_owner_lock(scope);
	if (cia_owner_execute(scope,
	                      &(cia_statement){.text = "SELECT FROM %1$s.cia_registry "
	                                               "WHERE name = $3::name FOR KEY SHARE",
	                                       .expected = SPI_OK_SELECT,
	                                       .args = lengthof(types),
	                                       .types = types,
	                                       .values = values}) > 0)
		raise_taken(name);
	cia_rights_hold(scope, entry);
	PG_TRY();
	{
		renamed = cia_owner_execute(
		    scope,
		    &(cia_statement){.text = "UPDATE %1$s.cia_registry SET name = $3::name "
		                             "WHERE id = $1 AND name = $2",
		                     .expected = SPI_OK_UPDATE,
		                     .args = lengthof(types),
		                     .types = types,
		                     .values = values});
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		raise_taken(name);
	}
	PG_END_TRY();
	return renamed;
}

Datum
cia_rename_model(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	char *new_name = cia_text_arg(fcinfo, 1, "new_name");
	cia_entry entry;
	cia_owner_scope scope;

	PreventCommandIfReadOnly("cia_rename_model()");
	entry = cia_registry_manage_model(schema, name);
	if (strcmp(name, new_name) == 0)
		raise_taken(name);
	cia_registry_check_new_name(new_name);
	scope = cia_owner_begin(schema);
	if (rename_model(&scope, &entry, new_name) == 0)
		/* somebody else has dropped or renamed it while we waited */
		cia_registry_check(CIA_ABSENT, name, NULL);
	cia_owner_end(&scope);
	PG_RETURN_BOOL(true);
}

/* Copies a version under that number; what it comes from stands in its origin. */
static void
copy_version(const cia_owner_scope *scope, const cia_entry *from, const pg_uuid_t *id,
             int32 version)
{
	Oid types[] = {UUIDOID, INT4OID, UUIDOID, INT4OID, NAMEOID, OIDOID};
	Datum values[] = {UUIDPGetDatum(&from->id),  Int32GetDatum(from->version),
	                  UUIDPGetDatum(id),         Int32GetDatum(version),
	                  NameGetDatum(&from->name), ObjectIdGetDatum(scope->user)};

	if (cia_owner_execute(
	        scope,
	        &(cia_statement){
	            .text =
	                "INSERT INTO %1$s.cia_version (model, version, content, source, inputs, id, "
	                "weight, options, algorithm, task, target, features, rows_used, "
	                "rows_skipped, metric, value, metrics, notes, seconds, trained_by, "
	                "trained_at, request, fingerprint, cia_version, pg_version, columns, "
	                "intervals, named, origin) "
	                "SELECT $3, $4, content, source, inputs, id, "
	                "weight, options, algorithm, task, target, features, rows_used, "
	                "rows_skipped, metric, value, metrics, notes, seconds, trained_by, "
	                "trained_at, request, fingerprint, cia_version, pg_version, columns, "
	                "intervals, named, jsonb_strip_nulls(jsonb_build_object('kind', 'copy', "
	                "'model', $5, 'version', version, 'by', $6::regrole::text, 'at', now(), "
	                "'origin', origin)) "
	                "FROM %1$s.cia_version WHERE model = $1 AND version = $2",
	            .expected = SPI_OK_INSERT,
	            .args = lengthof(types),
	            .types = types,
	            .values = values}) == 0)
		cia_registry_check(CIA_NO_VERSION,
		                   psprintf("%s@%d", NameStr(from->name), from->version), from);
}

Datum
cia_copy_model(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	char *new_name = cia_text_arg(fcinfo, 1, "new_name");
	cia_entry from;
	cia_owner_scope scope;
	pg_uuid_t id;
	int32 version;

	PreventCommandIfReadOnly("cia_copy_model()");
	from = cia_registry_manage(schema, name);
	cia_registry_check_name(schema, new_name);
	scope = cia_owner_begin(schema);
	cia_version_claim(&scope, new_name, &id, &version);
	copy_version(&scope, &from, &id, version);
	cia_version_arrived(
	    &scope, &id, version,
	    &(cia_promotion){.kind = "copy",
	                     .reason = psprintf("first version, a copy of %s@%d",
	                                        NameStr(from.name), from.version)});
	PG_RETURN_INT32(version);
}
