/* SPDX-License-Identifier: PostgreSQL */
/*
 * rights.c: who may use a model, and giving and taking that.
 *
 * A model's row in the registry says it all: its owner, the roles that may manage and those that
 * may score, each of them with its members, and among the latter InvalidOid for everybody.  So
 * whoever has found the row unchanged knows that its rights are.  Roles that no longer
 * exist are nobody; they are left out whenever the rights of a model are written.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

CIA_FUNCTION(cia_grant);
CIA_FUNCTION(cia_revoke);
CIA_FUNCTION(cia_owner);
CIA_FUNCTION(cia_has_privilege);
CIA_FUNCTION(cia_has_privilege_of_role);
CIA_FUNCTION(cia_may);

static const char *const privilege_name[] = {
    [CIA_SCORE] = "score",
    [CIA_MANAGE] = "manage",
};

static const char *
role_words(Oid role)
{
	return OidIsValid(role) ? psprintf("role \"%s\"", GetUserNameFromId(role, false))
	                        : "everybody";
}

static Oid *
roles_of(ArrayType *array, int *count)
{
	Datum *datum;
	Oid *role;

	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(Oid), true, TYPALIGN_INT, &datum,
	                  NULL, count);
	role = palloc(sizeof(Oid) * (*count + 1));
	for (int i = 0; i < *count; i++)
		role[i] = DatumGetObjectId(datum[i]);
	pfree(datum);
	return role;
}

/* Only what everybody may be granted can be everybody's. */
static bool
is_one_of(Oid role, ArrayType *granted, bool to_everybody, Oid *through)
{
	bool found = false;
	int count;
	Oid *roles = roles_of(granted, &count);

	for (int i = 0; i < count && !found; i++)
	{
		*through = roles[i];
		found = OidIsValid(roles[i])
		            ? OidIsValid(role) && has_privs_of_role(role, roles[i])
		            : to_everybody;
	}
	pfree(roles);
	return found;
}

bool
cia_rights_allow(const cia_rights *rights, Oid role, cia_privilege privilege,
                 Oid *through)
{
	*through = rights->owner;
	return (OidIsValid(role) && has_privs_of_role(role, rights->owner)) ||
	       is_one_of(role, rights->managers, false, through) ||
	       (privilege == CIA_SCORE && is_one_of(role, rights->scorers, true, through));
}

void
cia_raise_denied(const char *name, Oid owner, cia_privilege privilege)
{
	const char *owner_name = GetUserNameFromId(owner, true);

	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	         errmsg("permission denied for model \"%s\"", name),
	         errdetail("Privilege \"%s\" is needed.", privilege_name[privilege]),
	         owner_name != NULL
	             ? errhint("It belongs to role \"%s\", whose members may grant it.",
	                       owner_name)
	             : errhint("Its owner no longer exists; a superuser may give it another "
	                       "one with cia_owner.")));
}

/* As has_table_privilege has it, upper and lower case are the same. */
static cia_privilege
privilege_arg(FunctionCallInfo fcinfo, int argument)
{
	char *given = cia_text_arg(fcinfo, argument, "privilege");

	for (int i = 0; i < lengthof(privilege_name); i++)
		if (pg_strcasecmp(given, privilege_name[i]) == 0)
			return (cia_privilege) i;
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("unrecognized privilege \"%s\"", given),
	         pg_strcasecmp(given, "owner") == 0
	             ? errhint("Privileges are \"score\" and \"manage\"; view cia_models "
	                       "tells the owner, and cia_owner() gives a model to another.")
	             : errhint("Privileges are \"score\" and \"manage\".")));
}

/* The role of that very name, else InvalidOid for "public" in any case. */
static Oid
role_named(const char *name)
{
	Oid role = get_role_oid(name, true);

	if (!OidIsValid(role) && pg_strcasecmp(name, "public") != 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("role \"%s\" does not exist", name),
		                errhint("Names of roles are taken letter by letter, without "
		                        "double quotes around them.")));
	return role;
}

/* A role as text or as regrole, by the function's signature. */
static Oid
role_arg(FunctionCallInfo fcinfo, int argument)
{
	Oid *types, role;
	int count;

	get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	if (types[argument] == TEXTOID)
		return role_named(cia_text_arg(fcinfo, argument, "role"));
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"role\" must not be null")));
	role = PG_GETARG_OID(argument);
	if (OidIsValid(role) && GetUserNameFromId(role, true) == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("role with OID %u does not exist", role),
		                errhint("List roles with SELECT rolname FROM pg_roles.")));
	return role;
}

cia_rights
cia_rights_hold(const cia_owner_scope *scope, const cia_entry *entry)
{
	Oid types[] = {UUIDOID}, through;
	Datum values[] = {UUIDPGetDatum(&entry->id)};
	cia_rights rights;
	HeapTuple row;
	TupleDesc columns;
	bool isnull;

	cia_owner_lock(scope);
	if (cia_owner_execute(
	        scope,
	        &(cia_statement){.text = "SELECT owner, scorers, managers "
	                                 "FROM %1$s.cia_registry WHERE id = $1 FOR UPDATE",
	                         .expected = SPI_OK_SELECT,
	                         .args = 1,
	                         .types = types,
	                         .values = values}) == 0)
		cia_registry_check(CIA_ABSENT, NameStr(entry->name), NULL);
	row = SPI_tuptable->vals[0];
	columns = SPI_tuptable->tupdesc;
	rights = (cia_rights){
	    .owner = DatumGetObjectId(SPI_getbinval(row, columns, 1, &isnull)),
	    .scorers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 2, &isnull)),
	    .managers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 3, &isnull))};
	if (!cia_rights_allow(&rights, scope->user, CIA_MANAGE, &through))
		cia_raise_denied(NameStr(entry->name), rights.owner, CIA_MANAGE);
	return rights;
}

static void
write_rights(const cia_owner_scope *scope, cia_entry *entry, const cia_rights *rights)
{
	Oid types[] = {UUIDOID, OIDOID, OIDARRAYOID, OIDARRAYOID};
	Datum values[] = {UUIDPGetDatum(&entry->id), ObjectIdGetDatum(rights->owner),
	                  PointerGetDatum(rights->scorers),
	                  PointerGetDatum(rights->managers)};

	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text = "UPDATE %1$s.cia_registry SET owner = $2, "
	                "scorers = $3::%1$s.cia_role[], managers = $4::%1$s.cia_role[] "
	                "WHERE id = $1",
	        .expected = SPI_OK_UPDATE,
	        .args = 4,
	        .types = types,
	        .values = values});
}

/* The roles that exist, without this one; then with it, if it is to be there. */
static ArrayType *
with_role(ArrayType *before, Oid role, bool present)
{
	int given, count = 0;
	Oid *roles = roles_of(before, &given);
	Datum *kept = palloc(sizeof(Datum) * (given + 1));

	for (int i = 0; i < given; i++)
		if (roles[i] != role &&
		    (!OidIsValid(roles[i]) || GetUserNameFromId(roles[i], true) != NULL))
			kept[count++] = ObjectIdGetDatum(roles[i]);
	if (present)
		kept[count++] = ObjectIdGetDatum(role);
	return construct_array(kept, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT);
}

/* Whoever takes a right away is to know that it is still there. */
static void
tell_what_is_left(const cia_entry *entry, const cia_rights *rights, Oid role,
                  cia_privilege privilege)
{
	Oid through;

	if ((OidIsValid(role) && superuser_arg(role)) ||
	    !cia_rights_allow(rights, role, privilege, &through))
		return;
	ereport(NOTICE,
	        (errmsg("%s still has privilege \"%s\" on model \"%s\"", role_words(role),
	                privilege_name[privilege], NameStr(entry->name)),
	         through == role
	             ? 0
	             : errdetail("It is a privilege of %s.", role_words(through))));
}

static void
set_privilege(FunctionCallInfo fcinfo, bool granted)
{
	cia_privilege privilege = privilege_arg(fcinfo, 2);
	Oid role = role_arg(fcinfo, 1);
	cia_entry entry =
	    cia_registry_manage_model(cia_schema(fcinfo), cia_text_arg(fcinfo, 0, "model"));
	cia_owner_scope scope;
	cia_rights rights;
	ArrayType **roles;

	if (!OidIsValid(role) && privilege == CIA_MANAGE && granted)
		ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
		                errmsg("privilege \"manage\" cannot be granted to everybody"),
		                errhint("Grant it to roles.")));
	scope = cia_owner_begin(cia_schema(fcinfo));
	rights = cia_rights_hold(&scope, &entry);
	roles = privilege == CIA_MANAGE ? &rights.managers : &rights.scorers;
	*roles = with_role(*roles, role, granted);
	write_rights(&scope, &entry, &rights);
	if (!granted)
		tell_what_is_left(&entry, &rights, role, privilege);
	cia_owner_end(&scope);
}

Datum
cia_grant(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cia_grant()");
	set_privilege(fcinfo, true);
	PG_RETURN_VOID();
}

Datum
cia_revoke(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cia_revoke()");
	set_privilege(fcinfo, false);
	PG_RETURN_VOID();
}

/* As ALTER ... OWNER TO: for members of the owner, who can become the other one. */
Datum
cia_owner(PG_FUNCTION_ARGS)
{
	Oid role;
	cia_entry entry;
	cia_owner_scope scope;
	cia_rights rights;

	PreventCommandIfReadOnly("cia_owner()");
	role = role_arg(fcinfo, 1);
	if (!OidIsValid(role))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("a model cannot belong to everybody"),
		                errhint("To let everybody score, grant \"score\" to public.")));
	entry =
	    cia_registry_manage_model(cia_schema(fcinfo), cia_text_arg(fcinfo, 0, "model"));
	if (!cia_can_become(role))
		ereport(ERROR,
		        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		         errmsg("must be member of role \"%s\"", GetUserNameFromId(role, false)),
		         errhint("Have it done by a superuser, or by a member of both the "
		                 "owner and that role.")));
	scope = cia_owner_begin(cia_schema(fcinfo));
	rights = cia_rights_hold(&scope, &entry);
	if (!has_privs_of_role(scope.user, rights.owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("must be owner of model \"%s\"", NameStr(entry.name)),
		                errhint("Whoever may manage a model may not give it away.")));
	rights.owner = role;
	rights.scorers = with_role(rights.scorers, role, false);
	rights.managers = with_role(rights.managers, role, false);
	write_rights(&scope, &entry, &rights);
	cia_owner_end(&scope);
	PG_RETURN_VOID();
}

static bool
has_privilege(FunctionCallInfo fcinfo, Oid role, int model)
{
	cia_privilege privilege = privilege_arg(fcinfo, model + 1);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(model));
	cia_entry entry;
	cia_finding finding =
	    cia_registry_seek_for(cia_schema(fcinfo), name, role, privilege, &entry);

	if (finding == CIA_ABSENT || finding == CIA_NO_VERSION)
		cia_registry_check(finding, name, &entry);
	return finding != CIA_DENIED;
}

Datum
cia_has_privilege(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(has_privilege(fcinfo, GetUserId(), 0));
}

Datum
cia_has_privilege_of_role(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(has_privilege(fcinfo, role_arg(fcinfo, 0), 1));
}

Datum
cia_may(PG_FUNCTION_ARGS)
{
	const cia_rights rights = {.owner = PG_GETARG_OID(1),
	                           .scorers = PG_GETARG_ARRAYTYPE_P(2),
	                           .managers = PG_GETARG_ARRAYTYPE_P(3)};
	Oid through;

	PG_RETURN_BOOL(
	    cia_rights_allow(&rights, GetUserId(), privilege_arg(fcinfo, 0), &through));
}
