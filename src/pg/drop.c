/* SPDX-License-Identifier: PostgreSQL */
/*
 * drop.c: cia_drop_model: models go, and versions of them.
 *
 * The model's row is locked first, against a promotion of what is about to go, and against a tag
 * that is being put on it.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_drop_model);
CIA_FUNCTION(cia_drop_versions);

/* Runs a statement of a model's id, a number and the name. */
static uint64
run(const cia_owner_scope *scope, const cia_entry *entry, int32 number,
    const cia_statement *statement)
{
	Oid types[] = {UUIDOID, INT4OID, NAMEOID};
	Datum values[] = {UUIDPGetDatum(&entry->id), Int32GetDatum(number),
	                  NameGetDatum(&entry->name)};
	cia_statement whole = *statement;

	whole.args = lengthof(types);
	whole.types = types;
	whole.values = values;
	return cia_owner_execute(scope, &whole);
}

/* Locks the model and answers the version in production, 0 for none. */
static int32
lock_model(const cia_owner_scope *scope, const cia_entry *entry)
{
	bool isnull;
	Datum production;

	cia_rights_hold(scope, entry);
	if (run(scope, entry, 0,
	        &(cia_statement){.text = "SELECT production FROM %1$s.cia_registry "
	                                 "WHERE id = $1 AND name = $3",
	                         .expected = SPI_OK_SELECT}) == 0)
		/* somebody else has dropped or renamed it while we waited */
		cia_registry_check(CIA_ABSENT, NameStr(entry->name), NULL);
	production = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? 0 : DatumGetInt32(production);
}

static void
drop_model(const cia_owner_scope *scope, const cia_entry *entry)
{
	lock_model(scope, entry);
	run(scope, entry, 0,
	    &(cia_statement){.text = "DELETE FROM %1$s.cia_registry WHERE id = $1",
	                     .expected = SPI_OK_DELETE});
}

static void
drop_version(const cia_owner_scope *scope, const cia_entry *entry, const char *given)
{
	if (lock_model(scope, entry) == entry->version)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("cannot drop version %d of model \"%s\" because it is in "
		                "production",
		                entry->version, NameStr(entry->name)),
		         errhint("Put another one into production with cia_promote, or drop the "
		                 "model as a whole.")));
	if (run(scope, entry, entry->version,
	        &(cia_statement){.text = "DELETE FROM %1$s.cia_version "
	                                 "WHERE model = $1 AND version = $2",
	                         .expected = SPI_OK_DELETE}) == 0)
		cia_registry_check(CIA_NO_VERSION, given, entry);
}

/* A model with all its versions, or one version; true, or an error. */
Datum
cia_drop_model(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	bool one = strchr(name, '@') != NULL;
	cia_entry entry;
	cia_owner_scope scope;

	PreventCommandIfReadOnly("cia_drop_model()");
	entry =
	    one ? cia_registry_manage(schema, name) : cia_registry_manage_model(schema, name);
	scope = cia_owner_begin(schema);
	if (one)
		drop_version(&scope, &entry, name);
	else
		drop_model(&scope, &entry);
	cia_owner_end(&scope);
	PG_RETURN_BOOL(true);
}

/* All versions but the newest, those with a tag, and the one in production; how many. */
Datum
cia_drop_versions(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	int32 keep_last;
	cia_entry entry;
	cia_owner_scope scope;
	uint64 dropped;

	cia_refuse_null(fcinfo, 1);
	keep_last = PG_GETARG_INT32(1);
	PreventCommandIfReadOnly("cia_drop_model()");
	if (keep_last < 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"keep_last\" must not be negative"),
		         errhint("0 keeps the version in production and those with a tag.")));
	entry = cia_registry_manage_model(schema, name);
	scope = cia_owner_begin(schema);
	lock_model(&scope, &entry);
	dropped =
	    run(&scope, &entry, keep_last,
	        &(cia_statement){
	            .text = "DELETE FROM %1$s.cia_version v USING %1$s.cia_registry r "
	                    "WHERE r.id = $1 AND v.model = r.id "
	                    "AND v.version IS DISTINCT FROM r.production "
	                    "AND NOT EXISTS (SELECT FROM %1$s.cia_tag t "
	                    "WHERE t.model = v.model AND t.version = v.version) "
	                    "AND v.version <= (SELECT n.version FROM %1$s.cia_version n "
	                    "WHERE n.model = $1 ORDER BY n.version DESC OFFSET $2 LIMIT 1)",
	            .expected = SPI_OK_DELETE});
	cia_owner_end(&scope);
	PG_RETURN_INT32((int32) dropped);
}
