/* SPDX-License-Identifier: PostgreSQL */
/*
 * finding.c: the errors that stand for what a look-up by name has come to.
 */
#include "cia.h"

#include "miscadmin.h"

static void
raise_no_model(const char *name)
{
	const char *at = strrchr(name, '@');
	bool numbered =
	    at == NULL || (at[1] != '\0' && strspn(at + 1, "0123456789") == strlen(at + 1));

	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_OBJECT),
	         errmsg("model \"%s\" does not exist", name),
	         numbered ? errhint("List models with SELECT * FROM cia_models.")
	                  : errhint("After \"@\" stands the number of a version, as in "
	                            "\"churn@3\".")));
}

/* Has the caller the privilege on the model as a whole?  known.version is then that in production. */
static bool
may(const cia_entry *entry, cia_privilege privilege, cia_entry *known)
{
	cia_finding finding =
	    cia_registry_seek(entry->schema, NameStr(entry->name), privilege, known);

	return finding == CIA_FOUND || finding == CIA_UNPROMOTED;
}

/* Who may manage the model is told which versions there are, others which is in production. */
static void
raise_no_version(const char *given, const cia_entry *entry)
{
	const char *versions = "", *hint = "List models with SELECT * FROM cia_models.";
	cia_entry known;

	if (may(entry, CIA_MANAGE, &known))
		versions = cia_registry_versions(&known);
	if (versions[0] != '\0')
		hint = psprintf("Versions of it, the newest first: %s.", versions);
	else if (may(entry, CIA_SCORE, &known) && known.version != 0)
		hint = psprintf("Version %d is in production: \"%s\" stands for it.",
		                known.version, NameStr(known.name));
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
	                errmsg("model \"%s\" does not exist", given), errhint("%s", hint)));
}

static void
raise_unpromoted(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	                errmsg("model \"%s\" has no version in production", name),
	                errhint("Put one into production with cia_promote, or name it as "
	                        "\"%s@version\"; view cia_versions lists them.",
	                        name)));
}

void
cia_registry_check(cia_finding finding, const char *given, const cia_entry *entry)
{
	switch (finding)
	{
		case CIA_FOUND:
			return;
		case CIA_ABSENT:
			raise_no_model(given);
			break;
		case CIA_NO_VERSION:
			raise_no_version(given, entry);
			break;
		case CIA_DENIED:
			cia_raise_denied(NameStr(entry->name), entry->owner, entry->privilege);
			break;
		case CIA_UNPROMOTED:
			raise_unpromoted(NameStr(entry->name));
	}
}
