/* SPDX-License-Identifier: PostgreSQL */
/*
 * labels.c: cia_tag, cia_untag, cia_comment: what people say of versions.
 *
 * Tags and comments stand in tables of their own, and nothing that is kept of a model depends on
 * them, so that a change is no reason for any backend to load or plan anew.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_tag);
CIA_FUNCTION(cia_untag);
CIA_FUNCTION(cia_comment);

/* Runs a statement of a version, a text and the caller. */
static uint64
run(const cia_owner_scope *scope, const cia_entry *entry, const char *text,
    const cia_statement *statement)
{
	Oid types[] = {UUIDOID, INT4OID, TEXTOID, OIDOID};
	Datum values[] = {UUIDPGetDatum(&entry->id), Int32GetDatum(entry->version),
	                  CStringGetTextDatum(text != NULL ? text : ""),
	                  ObjectIdGetDatum(scope->user)};
	cia_statement whole = *statement;

	whole.args = lengthof(types);
	whole.types = types;
	whole.values = values;
	return cia_owner_execute(scope, &whole);
}

/* Locks the version against a drop; the locks are those that foreign keys take. */
static void
lock_version(const cia_owner_scope *scope, const cia_entry *entry)
{
	if (run(scope, entry, NULL,
	        &(cia_statement){.text = "SELECT FROM %1$s.cia_registry "
	                                 "WHERE id = $1 FOR KEY SHARE",
	                         .expected = SPI_OK_SELECT}) == 0 ||
	    run(scope, entry, NULL,
	        &(cia_statement){.text = "SELECT FROM %1$s.cia_version "
	                                 "WHERE model = $1 AND version = $2 FOR KEY SHARE",
	                         .expected = SPI_OK_SELECT}) == 0)
		cia_registry_check(CIA_NO_VERSION,
		                   psprintf("%s@%d", NameStr(entry->name), entry->version),
		                   entry);
}

static char *
tag_argument(FunctionCallInfo fcinfo)
{
	char *tag = cia_text_arg(fcinfo, 1, "tag");

	if (tag[0] == '\0' || strlen(tag) >= NAMEDATALEN)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_NAME), errmsg("invalid tag \"%s\"", tag),
		         errhint("A tag has 1 to %d bytes; for more words use cia_comment.",
		                 NAMEDATALEN - 1)));
	return tag;
}

Datum
cia_tag(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	char *tag = tag_argument(fcinfo);
	cia_entry entry;
	cia_owner_scope scope;

	PreventCommandIfReadOnly("cia_tag()");
	entry = cia_registry_manage(schema, name);
	scope = cia_owner_begin(schema);
	lock_version(&scope, &entry);
	run(&scope, &entry, tag,
	    &(cia_statement){.text =
	                         "INSERT INTO %1$s.cia_tag AS t "
	                         "(model, version, tag, tagged_by) VALUES ($1, $2, $3, $4) "
	                         "ON CONFLICT (model, tag) DO UPDATE SET "
	                         "version = excluded.version, "
	                         "tagged_by = excluded.tagged_by, tagged_at = now()",
	                     .expected = SPI_OK_INSERT});
	cia_owner_leave(&scope);
	PG_RETURN_INT32(entry.version);
}

Datum
cia_untag(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	char *tag = tag_argument(fcinfo);
	cia_entry entry;
	cia_owner_scope scope;
	bool isnull;
	int32 version;

	PreventCommandIfReadOnly("cia_untag()");
	entry = cia_registry_manage_model(schema, name);
	scope = cia_owner_begin(schema);
	if (run(&scope, &entry, tag,
	        &(cia_statement){.text =
	                             "DELETE FROM %1$s.cia_tag WHERE model = $1 AND tag = $3 "
	                             "RETURNING version",
	                         .expected = SPI_OK_DELETE_RETURNING}) == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT),
		         errmsg("tag \"%s\" of model \"%s\" does not exist", tag, name),
		         errhint("List tags with SELECT version, tags FROM cia_versions.")));
	version = DatumGetInt32(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	cia_owner_leave(&scope);
	PG_RETURN_INT32(version);
}

Datum
cia_comment(PG_FUNCTION_ARGS)
{
	static const cia_statement put = {
	    .text = "INSERT INTO %1$s.cia_remark AS r (model, version, remark, written_by) "
	            "VALUES ($1, $2, $3, $4) ON CONFLICT (model, version) DO UPDATE SET "
	            "remark = excluded.remark, written_by = excluded.written_by, "
	            "written_at = now()",
	    .expected = SPI_OK_INSERT};
	static const cia_statement remove = {
	    .text = "DELETE FROM %1$s.cia_remark WHERE model = $1 AND version = $2",
	    .expected = SPI_OK_DELETE};
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model");
	char *comment = cia_text_arg(fcinfo, 1, NULL);
	cia_entry entry;
	cia_owner_scope scope;

	PreventCommandIfReadOnly("cia_comment()");
	entry = cia_registry_manage(schema, name);
	scope = cia_owner_begin(schema);
	lock_version(&scope, &entry);
	run(&scope, &entry, comment, comment != NULL && comment[0] != '\0' ? &put : &remove);
	cia_owner_leave(&scope);
	PG_RETURN_INT32(entry.version);
}
