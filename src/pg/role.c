/* SPDX-License-Identifier: PostgreSQL */
/*
 * role.c: the type cia_role: a role as the registry keeps it.
 *
 * It is regrole but for what pg_dump and restore make of it.  A role that was dropped leaves its
 * number behind, which regrole writes and reads as such: in another cluster it is somebody else's.
 * And of a role that is not there regrole knows an error alone, which would keep all models
 * from being restored.  Here both are read as nobody, whom a superuser gives successors by cia_owner
 * and cia_grant.
 */
#include "cia.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_role_in);
CIA_FUNCTION(cia_role_out);

/* The number of the database template1 in all clusters, so no role's. */
#define NOBODY ((Oid) 1)

/* Takes what cia_role_out writes: a name, quoted where SQL wants that, or - for everybody. */
Datum
cia_role_in(PG_FUNCTION_ARGS)
{
	char *given = PG_GETARG_CSTRING(0);
	List *names;
	Oid role;

	if (strcmp(given, "-") == 0)
		PG_RETURN_OID(InvalidOid);
	if (given[0] != '\0' && strspn(given, "0123456789") == strlen(given))
		PG_RETURN_OID(NOBODY);
	names = cia_name_parts(given, "role");
	if (list_length(names) != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("invalid name of a role: \"%s\"", given),
		                errhint("A role has a name of one part.")));
	role = get_role_oid(strVal(linitial(names)), true);
	if (OidIsValid(role))
		PG_RETURN_OID(role);
	ereport(WARNING,
	        (errcode(ERRCODE_UNDEFINED_OBJECT),
	         errmsg("role \"%s\" does not exist", strVal(linitial(names))),
	         errdetail("Nobody has what it had of a model."),
	         errhint("Give models without an owner another one with cia_owner.")));
	PG_RETURN_OID(NOBODY);
}

Datum
cia_role_out(PG_FUNCTION_ARGS)
{
	Oid role = PG_GETARG_OID(0);
	const char *name = GetUserNameFromId(role, true);

	if (!OidIsValid(role))
		PG_RETURN_CSTRING(pstrdup("-"));
	PG_RETURN_CSTRING(name != NULL ? pstrdup(quote_identifier(name))
	                               : psprintf("%u", role));
}
