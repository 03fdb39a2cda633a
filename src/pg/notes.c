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
		case ML_NOTE_NO_EVIDENCE:
			return "left out because their values tell nothing of the target (one bin)";
		case ML_NOTE_POOLED:
			return "rare labels pooled as \"other\"";
		case ML_NOTE_LEAK:
			if (task == ML_MULTICLASS)
				return "suspected leaks, since they alone tell the classes apart (share of "
				       "errors they spare); leave them out with exclude if they are known "
				       "only afterwards";
			return task == ML_BINARY
			           ? "suspected leaks, since they alone predict the target (AUC); leave "
			             "them out with exclude if they are known only afterwards"
			           : "suspected leaks, since they alone predict the target (R2); leave "
			             "them out with exclude if they are known only afterwards";
		case ML_NOTE_TWIN:
		case ML_NOTE_DRIFT:
			break; /* in guards.c */
	}
	return NULL;
}

static const ml_note_kind order[] = {ML_NOTE_LEAK,        ML_NOTE_TARGET,
                                     ML_NOTE_IDENTIFIER,  ML_NOTE_CONSTANT,
                                     ML_NOTE_NO_EVIDENCE, ML_NOTE_POOLED};

/* All notes of a kind in one line; NULL if there is none. */
static char *
note_text(const ml_notes *notes, ml_note_kind kind, ml_task_kind task)
{
	char *names = names_of(notes, kind);

	return names != NULL ? psprintf("%s: %s", kind_text(kind, task), names) : NULL;
}

/* All notes as text[]; further ones, C strings, come first. */
ArrayType *
cia_notes_text(const ml_result *result, List *further)
{
	Datum *notes = palloc(sizeof(Datum) * (list_length(further) + lengthof(order)));
	int count = 0;
	ListCell *cell;

	foreach (cell, further)
		notes[count++] = CStringGetTextDatum((char *) lfirst(cell));
	for (size_t i = 0; i < lengthof(order); i++)
	{
		char *text = note_text(&result->notes, order[i], result->model->schema.task);

		if (text != NULL)
			notes[count++] = CStringGetTextDatum(text);
	}
	return construct_array(notes, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* column "x", or label "a" of column "x", that a fit has trouble with. */
static char *
troubled_term(const ml_model *model)
{
	const ml_trouble *trouble = &model->fitted.trouble;
	const ml_feature *feature = &model->schema.feature[trouble->feature];
	char *name = cia_element_name(feature->name, feature->element);

	if (trouble->level < 0 || ml_feature_kind(feature) != ML_CATEGORY)
		return psprintf("column \"%s\"", name);
	if (trouble->level == feature->levels)
		return psprintf("the missing values of column \"%s\"", name);
	return psprintf("label \"%s\" of column \"%s\"",
	                cia_text_cstring(feature->label[trouble->level]), name);
}

/* What a term without a finite coefficient does. */
static char *
separation_text(const ml_model *model)
{
	return psprintf(model->schema.task == ML_REGRESSION
	                    ? "counts of zero are told apart by %s"
	                    : "the classes are separated by %s",
	                troubled_term(model));
}

static void
warn_of_separation(const ml_model *model)
{
	ereport(
	    WARNING,
	    (errmsg("%s", separation_text(model)),
	     errdetail("Its coefficient has no finite maximum likelihood estimate; it and "
	               "its standard error are not to be read."),
	     errhint("Leave the column out, or set a penalty with options => '{\"l2\": "
	             "1}'.")));
}

static void
warn_of_stop(const ml_model *model)
{
	bool named = model->fitted.trouble.feature >= 0;

	if (model->schema.task == ML_SEGMENTATION)
	{
		ereport(WARNING, (errmsg("training stopped before it converged"),
		                  model->learner->log_density != NULL
		                      ? errdetail("The log-likelihood was still growing.")
		                      : errdetail("Centres of segments were still moving."),
		                  errhint("Raise option \"max_iterations\".")));
		return;
	}
	ereport(WARNING,
	        (errmsg("training stopped before it converged"),
	         named ? errdetail("The coefficient of %s was changing the most.",
	                           troubled_term(model))
	               : 0,
	         errhint("Raise option \"max_iterations\", or option \"l2\" if classes are "
	                 "separable.")));
}

static void
warn_of_dispersion(void)
{
	ereport(WARNING, (errmsg("counts vary no more than those of a Poisson distribution"),
	                  errdetail("The parameter theta has no finite estimate."),
	                  errhint("Use algorithm => 'poisson'.")));
}

static void
warn_of_no_split(const ml_model *model)
{
	ereport(WARNING,
	        (errmsg("the trees have no split: every row gets the same score"),
	         errdetail("No question put to the %.0f training rows gains anything within "
	                   "the limits set.",
	                   model->schema.rows),
	         errhint("Lower option \"min_rows\", or other options that hold back.")));
}

static void
warn_of_no_stop(const ml_model *model)
{
	ereport(
	    WARNING,
	    (errmsg("training could not stop early"),
	     errdetail("Of %.0f training rows none could be set aside to measure progress.",
	               model->schema.rows),
	     errhint("Raise option \"validation_share\", or train without "
	             "\"early_stopping\".")));
}

static void
warn_of_collapse(void)
{
	ereport(WARNING,
	        (errmsg("segments have fewer rows than their covariance takes"),
	         errdetail("Such a segment is made by chance, and its likelihood knows no "
	                   "bound but option \"regularization\"."),
	         errhint("Ask for fewer with option \"k\", use \"covariance\" diagonal, or "
	                 "raise \"regularization\".")));
}

List *
cia_warn_of_fit(const ml_model *model, List *notes)
{
	/* what there is to say of parts is among the notes on groups */
	if (model->by != NULL)
		model = model->by->overall;
	switch (model->fitted.trouble.kind)
	{
		case ML_TROUBLE_NONE:
			break;
		case ML_TROUBLE_UNCONVERGED:
			warn_of_stop(model);
			return lappend(notes, "training stopped before it converged");
		case ML_TROUBLE_SEPARATED:
			warn_of_separation(model);
			return lappend(notes, separation_text(model));
		case ML_TROUBLE_NO_DISPERSION:
			warn_of_dispersion();
			return lappend(notes, "counts vary no more than those of a Poisson "
			                      "distribution: use algorithm => 'poisson'");
		case ML_TROUBLE_NO_SPLIT:
			warn_of_no_split(model);
			return lappend(notes, "the trees have no split: every row gets the same "
			                      "score");
		case ML_TROUBLE_NOT_ASIDE:
			warn_of_no_stop(model);
			return lappend(notes, "training could not stop early: no rows could be set "
			                      "aside");
		case ML_TROUBLE_COLLAPSED:
			warn_of_collapse();
			return lappend(notes, "segments have fewer rows than their covariance takes");
	}
	return notes;
}

void
cia_notes_show(const ml_notes *notes, ml_task_kind task)
{
	for (size_t i = 0; i < lengthof(order); i++)
	{
		char *text = note_text(notes, order[i], task);

		if (text != NULL)
			ereport(NOTICE, (errmsg_internal("%s", text)));
	}
}
