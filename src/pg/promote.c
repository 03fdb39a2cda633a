/* SPDX-License-Identifier: PostgreSQL */
/*
 * promote.c: cia_promote and cia_rollback: what is in production.
 *
 * Each change is recorded, and the way back follows the record: a rollback takes the last
 * promotion back, so that a second one goes a further step back.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_promote);
CIA_FUNCTION(cia_rollback);

void
cia_put_into_production(const cia_owner_scope *scope, const cia_promotion *promotion)
{
	Oid types[] = {UUIDOID, INT4OID, INT4OID, TEXTOID, TEXTOID, OIDOID};
	char nulls[lengthof(types) + 1] = "      ";
	Datum values[] = {
	    UUIDPGetDatum(promotion->model),        Int32GetDatum(promotion->version),
	    Int32GetDatum(promotion->previous),     CStringGetTextDatum(promotion->kind),
	    CStringGetTextDatum(promotion->reason), ObjectIdGetDatum(scope->user)};

	cia_owner_execute(
	    scope, &(cia_statement){
	               .text = "UPDATE %1$s.cia_registry SET production = $2 WHERE id = $1",
	               .expected = SPI_OK_UPDATE,
	               .args = 2,
	               .types = types,
	               .values = values});
	if (promotion->previous == 0)
		nulls[2] = 'n';
	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text =
	            "INSERT INTO %1$s.cia_promotion (model, number, version, previous, kind, "
	            "reason, promoted_by) SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, "
	            "$5, $6 FROM %1$s.cia_promotion WHERE model = $1",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
}

/* Runs a query about the model; the rows are in SPI_tuptable. */
static uint64
ask(const cia_owner_scope *scope, const pg_uuid_t *model, const char *text)
{
	Oid types[] = {UUIDOID};
	Datum values[] = {UUIDPGetDatum(model)};

	return cia_owner_execute(scope, &(cia_statement){.text = text,
	                                                 .expected = SPI_OK_SELECT,
	                                                 .args = lengthof(types),
	                                                 .types = types,
	                                                 .values = values});
}

/* A number out of the answer; 0 for NULL. */
static int32
answer(uint64 row, int column)
{
	bool isnull;
	Datum datum =
	    SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

/* Takes the model's row until the transaction ends, and answers what is in production. */
static int32
hold(const cia_owner_scope *scope, const cia_entry *entry)
{
	/* somebody else may have dropped it, or taken our right, while we waited */
	cia_rights_hold(scope, entry);
	ask(scope, &entry->id, "SELECT production FROM %1$s.cia_registry WHERE id = $1");
	return answer(0, 1);
}

static void
check_version(const cia_owner_scope *scope, const cia_entry *entry, int32 version)
{
	uint64 count =
	    ask(scope, &entry->id, "SELECT version FROM %1$s.cia_version WHERE model = $1");

	for (uint64 i = 0; i < count; i++)
		if (answer(i, 1) == version)
			return;
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
	                errmsg("version %d of model \"%s\" does not exist", version,
	                       NameStr(entry->name)),
	                errhint("Versions of it, the newest first: %s.",
	                        cia_registry_versions(entry))));
}

/* A reason that is given, or one that says who wanted it. */
static char *
reason_arg(FunctionCallInfo fcinfo, int argument)
{
	char *reason = cia_text_arg(fcinfo, argument, NULL);

	return reason != NULL ? reason : pstrdup("by hand");
}

/* The version to promote: of the argument, or of name@version; raises 22023. */
static int32
version_arg(FunctionCallInfo fcinfo, const char *name, const cia_entry *entry)
{
	bool named = strchr(name, '@') != NULL;

	if (PG_ARGISNULL(1) && !named)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("no version of model \"%s\" is given", name),
		         errhint("Give one with version => ..., or as \"%s@version\"; view "
		                 "cia_versions lists them.",
		                 name)));
	if (named && !PG_ARGISNULL(1) && PG_GETARG_INT32(1) != entry->version)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" is not version %d", name, PG_GETARG_INT32(1)),
		                errhint("Give the version once, in the name or beside it.")));
	return named ? entry->version : PG_GETARG_INT32(1);
}

Datum
cia_promote(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model"), *reason = reason_arg(fcinfo, 2);
	int32 version, production;
	cia_owner_scope scope;
	cia_entry entry;

	PreventCommandIfReadOnly("cia_promote()");
	entry = strchr(name, '@') != NULL ? cia_registry_manage(schema, name)
	                                  : cia_registry_manage_model(schema, name);
	version = version_arg(fcinfo, name, &entry);
	scope = cia_owner_begin(schema);
	production = hold(&scope, &entry);
	check_version(&scope, &entry, version);
	if (version == production)
	{
		ereport(NOTICE, (errmsg("version %d of model \"%s\" is in production already",
		                        version, NameStr(entry.name))));
		cia_owner_leave(&scope);
		PG_RETURN_INT32(version);
	}
	cia_put_into_production(&scope, &(cia_promotion){.model = &entry.id,
	                                                 .version = version,
	                                                 .previous = production,
	                                                 .kind = "promotion",
	                                                 .reason = reason});
	cia_owner_end(&scope);
	PG_RETURN_INT32(version);
}

/*
 * What was in production before the current version went into it, 0 if nothing was: the record
 * read as a stack, off which a rollback takes what is above its version.  A version that has been
 * dropped is passed over.
 */
static int32
version_before(const cia_owner_scope *scope, const cia_entry *entry, int32 production)
{
	uint64 count =
	    ask(scope, &entry->id,
	        "SELECT p.version, p.kind = 'rollback', v.version FROM %1$s.cia_promotion p "
	        "LEFT JOIN %1$s.cia_version v ON v.model = p.model AND v.version = p.version "
	        "WHERE p.model = $1 ORDER BY p.number");
	uint64 *stack = palloc(sizeof *stack * (count + 1)), depth = 0;

	for (uint64 i = 0; i < count; i++)
	{
		bool isnull;
		bool back = DatumGetBool(
		    SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));

		while (back && depth > 0 && answer(stack[depth - 1], 1) != answer(i, 1))
			depth--;
		if (!back || depth == 0)
			stack[depth++] = i;
	}
	for (; depth > 0; depth--)
	{
		int32 version = answer(stack[depth - 1], 3);

		if (version != 0 && version != production)
			return version;
	}
	return 0;
}

Datum
cia_rollback(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = cia_text_arg(fcinfo, 0, "model"), *reason = reason_arg(fcinfo, 1);
	int32 version, production;
	cia_owner_scope scope;
	cia_entry entry;

	PreventCommandIfReadOnly("cia_rollback()");
	entry = cia_registry_manage_model(schema, name);
	scope = cia_owner_begin(schema);
	production = hold(&scope, &entry);
	version = production != 0 ? version_before(&scope, &entry, production) : 0;
	if (version == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("model \"%s\" cannot be rolled back", name),
		         production == 0
		             ? errdetail("It has no version in production.")
		             : errdetail("No other version was in production before version %d.",
		                         production),
		         errhint("Put a version into production with cia_promote; view "
		                 "cia_promotions tells what was.")));
	cia_put_into_production(&scope, &(cia_promotion){.model = &entry.id,
	                                                 .version = version,
	                                                 .previous = production,
	                                                 .kind = "rollback",
	                                                 .reason = reason});
	cia_owner_end(&scope);
	PG_RETURN_INT32(version);
}
