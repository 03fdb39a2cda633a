/* SPDX-License-Identifier: PostgreSQL */
/*
 * notes.c: the core's notes in words.
 *
 * Notes of one kind are told together: "left out because ...: a, b and 17 more".
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define MOST_NAMES 12

/* The names of all notes of a kind, with their values where those matter. */
static char *
names_of(const ml_notes *notes, ml_note_kind kind)
{
	StringInfoData out;
	int count = 0;

	initStringInfo(&out);
	for (int i = 0; i < notes->count; i++)
	{
		const ml_note *note = &notes->note[i];

		if (note->kind != kind || ++count > MOST_NAMES)
			continue;
		appendStringInfo(&out, "%s%s", count > 1 ? ", " : "",
		                 cia_element_name(note->name, note->element));
		if (kind == ML_NOTE_POOLED)
			appendStringInfo(&out, " (%.0f)", note->value);
		if (kind == ML_NOTE_LEAK)
			appendStringInfo(&out, " (%.4f)", note->value);
	}
	if (count > MOST_NAMES)
		appendStringInfo(&out, " and %d more", count - MOST_NAMES);
	return count > 0 ? out.data : NULL;
}

static const char *
kind_text(ml_note_kind kind, ml_task_kind task)
{
	switch (kind)
	{
		case ML_NOTE_CONSTANT:
			return "left out because they never vary";
		case ML_NOTE_IDENTIFIER:
			return "left out because every row has a value of its own (identifiers)";
		case ML_NOTE_TARGET:
			return "left out because they repeat the target";
		case ML_NOTE_POOLED:
			return "rare labels pooled as \"other\"";
		case ML_NOTE_LEAK:
			return task == ML_BINARY
			           ? "suspected leaks, since they alone predict the target (AUC); leave "
			             "them out with exclude if they are known only afterwards"
			           : "suspected leaks, since they alone predict the target (R2); leave "
			             "them out with exclude if they are known only afterwards";
	}
	return NULL;
}

/* All notes as text[]; further ones, C strings, come first. */
ArrayType *
cia_notes_text(const ml_result *result, List *further)
{
	static const ml_note_kind order[] = {ML_NOTE_LEAK, ML_NOTE_TARGET, ML_NOTE_IDENTIFIER,
	                                     ML_NOTE_CONSTANT, ML_NOTE_POOLED};
	Datum *notes = palloc(sizeof(Datum) * (list_length(further) + lengthof(order)));
	int count = 0;
	ListCell *cell;

	foreach (cell, further)
		notes[count++] = CStringGetTextDatum((char *) lfirst(cell));
	for (size_t i = 0; i < lengthof(order); i++)
	{
		char *names = names_of(&result->notes, order[i]);

		if (names != NULL)
			notes[count++] = CStringGetTextDatum(psprintf(
			    "%s: %s", kind_text(order[i], result->model->schema.task), names));
	}
	return construct_array(notes, count, TEXTOID, -1, false, TYPALIGN_INT);
}
