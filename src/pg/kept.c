/* SPDX-License-Identifier: PostgreSQL */
/*
 * kept.c: whose rights the source of a training has when it runs again.
 *
 * Whoever may train a model leaves a text in the registry that others run later: the owner, a
 * superuser, a nightly job.  It must not do with their rights what its author could not do with
 * his own.  So it runs as a role whose rights both have, the author and the caller: the caller,
 * or else the author, or else the model's owner.  Whatever it is, the text cannot leave things
 * behind that run later, as in REFRESH MATERIALIZED VIEW.  A version that comes of it is that
 * role's, so no text gains rights by being run.
 */
#include "cia.h"

#include "miscadmin.h"
#include "utils/acl.h"

/* The role that a text of the author's runs as; InvalidOid if there is none. */
static Oid
common_role(Oid author, Oid caller, Oid owner)
{
	const Oid candidate[] = {caller, author, owner};

	for (int i = 0; i < lengthof(candidate); i++)
		if (GetUserNameFromId(candidate[i], true) != NULL &&
		    has_privs_of_role(author, candidate[i]) &&
		    has_privs_of_role(caller, candidate[i]))
			return candidate[i];
	return InvalidOid;
}

static void
raise_not_common(const cia_kept *kept)
{
	const char *name = GetUserNameFromId(kept->author, true);

	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	         errmsg("permission denied for the source of model \"%s\"",
	                NameStr(kept->version.name)),
	         name != NULL
	             ? errdetail("Version %d was trained by role \"%s\": neither of you is a "
	                         "member of the other, nor are both members of the owner.",
	                         kept->version.version, name)
	             : errdetail("Version %d was trained by a role that no longer exists.",
	                         kept->version.version),
	         errhint("Read the source in cia_versions and give it yourself.")));
}

cia_kept_scope
cia_kept_begin(const cia_kept *kept)
{
	cia_kept_scope scope;

	GetUserIdAndSecContext(&scope.user, &scope.context);
	scope.role = common_role(kept->author, scope.user, kept->version.owner);
	/* one's own text is no danger to oneself */
	if (kept->author == scope.user)
		return scope;
	if (!OidIsValid(scope.role))
		raise_not_common(kept);
	SetUserIdAndSecContext(scope.role, scope.context | SECURITY_LOCAL_USERID_CHANGE |
	                                       SECURITY_RESTRICTED_OPERATION);
	return scope;
}

void
cia_kept_end(const cia_kept_scope *scope)
{
	SetUserIdAndSecContext(scope->user, scope->context);
}
