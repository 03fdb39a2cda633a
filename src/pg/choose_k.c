/* SPDX-License-Identifier: PostgreSQL */
/*
 * choose_k.c: cia_choose_k: how many segments a source has, and the note on that of a training.
 */
#include "cia.h"

#include "utils/memutils.h"

CIA_FUNCTION(cia_choose_k);

enum
{
	ARG_SOURCE,
	ARG_ALGORITHM,
	ARG_OPTIONS,
	ARG_FEATURES,
	ARG_EXCLUDE,
	ARG_ID,
	ARG_WEIGHT
};

static const double *
column(const ml_model *model, const char *name)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	return part != NULL ? part->number : NULL;
}

static bool
is_clear(const ml_model *model)
{
	return *column(model, "choice_is_clear") != 0;
}

static const char *
no_structure(const ml_model *model)
{
	return model->learner->log_density != NULL
	           ? "no clear structure: a single normal distribution, or rows spread evenly, "
	             "are as likely"
	           : "no clear structure: no number of segments stands out from what rows at "
	             "random would show";
}

/* What the number was chosen by. */
static char *
reason(const ml_model *model, int64 i)
{
	return model->learner->log_density != NULL
	           ? psprintf("BIC %.1f, silhouette %.3f", column(model, "choice_bic")[i],
	                      column(model, "choice_silhouette")[i])
	           : psprintf("silhouette %.3f, gap %.3f",
	                      column(model, "choice_silhouette")[i],
	                      column(model, "choice_gap")[i]);
}

List *
cia_note_choice(const ml_model *model, List *notes)
{
	const ml_part *k = ml_fitted_part(&model->fitted, "choice_k");

	for (int64 i = 0; k != NULL && i < k->count; i++)
		if (k->number[i] == model->schema.classes)
			notes = lappend(
			    notes, psprintf("option \"k\": auto chose %d of 2 to %.0f segments (%s, "
			                    "stability %.3f)",
			                    model->schema.classes, k->number[k->count - 1],
			                    reason(model, i), column(model, "choice_stability")[i]));
	if (k != NULL && !is_clear(model))
		notes = lappend(notes, pstrdup(no_structure(model)));
	return notes;
}

static void
check(const cia_training *run)
{
	const ml_learner *learner = ml_learner_find(cia_text_of(run->algorithm));
	const ml_value *k = ml_value_member(&run->options, "k");

	if (learner == NULL || learner->task != ML_SEGMENTATION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("algorithm \"%s\" finds no segments", run->algorithm),
		                errhint("Use algorithm => 'kmeans', 'hierarchical' or "
		                        "'gaussian_mixture'.")));
	cia_training_check(run);
	if (k != NULL && k->kind == ML_VALUE_NUMBER)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("option \"k\" has no meaning where it is looked for"),
		         errhint("Option \"max_k\" is the largest number that is tried.")));
}

static void
put_table(cia_output *out, const ml_model *model)
{
	static const char *const name[] = {"choice_inertia", "choice_silhouette",
	                                   "choice_gap",     "choice_gap_error",
	                                   "choice_bic",     "choice_stability"};
	const ml_part *k = ml_fitted_part(&model->fitted, "choice_k");

	for (int64 i = 0; i < k->count; i++)
	{
		cia_output_integer(out, (int32) k->number[i]);
		for (size_t c = 0; c < lengthof(name); c++)
			cia_output_numbers(out, &column(model, name[c])[i], 1);
		cia_output_bool(out, k->number[i] == model->schema.classes, false);
		cia_output_row(out);
	}
	if (!is_clear(model))
		ereport(NOTICE, (errmsg_internal("%s", no_structure(model))));
}

/* A training that is not kept. */
Datum
cia_choose_k(PG_FUNCTION_ARGS)
{
	static const cia_training_arguments arguments = {.source = ARG_SOURCE,
	                                                 .target = -1,
	                                                 .algorithm = ARG_ALGORITHM,
	                                                 .features = ARG_FEATURES,
	                                                 .exclude = ARG_EXCLUDE,
	                                                 .id = ARG_ID,
	                                                 .weight = ARG_WEIGHT,
	                                                 .options = ARG_OPTIONS};
	cia_output out = cia_output_open(fcinfo);
	cia_training run = {0};
	ml_request request;
	ml_result result;

	cia_training_open(fcinfo, &arguments, "cia choose k", &run);
	check(&run);
	run.kind = CIA_JOB_TRAIN;
	cia_training_read(&run, NULL);
	cia_door_equip(run.door);
	request = cia_training_request(&run);
	cia_check(run.door, ml_train(&run.door->host, run.rows->frame, &request, &result));
	put_table(&out, result.model);
	MemoryContextDelete(run.door->arena);
	return (Datum) 0;
}
