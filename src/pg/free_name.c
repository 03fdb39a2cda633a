/* SPDX-License-Identifier: PostgreSQL */
/*
 * free_name.c: names for columns of views that are made, none like another.
 */
#include "cia.h"

#include "mb/pg_wchar.h"

static bool
is_taken(const List *taken, const char *name)
{
	ListCell *cell;

	foreach (cell, taken)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

char *
cia_free_name(const List *taken, const char *wanted)
{
	int length = (int) strlen(wanted);
	char *name = pnstrdup(wanted, pg_mbcliplen(wanted, length, NAMEDATALEN - 1));

	for (int n = 2; is_taken(taken, name); n++)
	{
		char *suffix = psprintf("_%d", n);
		int most = NAMEDATALEN - 1 - (int) strlen(suffix);

		name = psprintf("%.*s%s", pg_mbcliplen(wanted, length, most), wanted, suffix);
	}
	return name;
}
