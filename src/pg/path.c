/* SPDX-License-Identifier: PostgreSQL */
/*
 * path.c: cia_path: the penalties that an elastic net has walked along, and what is left
 * at each of them.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_path);

/* Learned arrays of a path; all of them have one number per step but the last. */
typedef struct learned_path
{
	int64 steps;
	const double *lambda;
	const double *df;
	const double *ratio;
	const double *mean;
	const double *error;
	const double *coefficient; /* [steps][1 + slots] the intercept first */
	int64 width;               /* 1 + slots */
	int64 chosen;              /* step, from 0; -1: not known */
} learned_path;

/* An array of so many numbers, or NULL. */
static const double *
learned_array(const ml_model *model, const char *name, int64 count)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	return part != NULL && part->count == count ? part->number : NULL;
}

/* False for a model without a path; what a model from outside says is not trusted. */
static bool
find_path(const ml_model *model, learned_path *path)
{
	const ml_part *lambda = ml_fitted_part(&model->fitted, "path_lambda");
	double chosen = ml_model_scalar(model, "lambda");

	if (lambda == NULL)
		return false;
	*path = (learned_path){.steps = lambda->count,
	                       .lambda = lambda->number,
	                       .width = 1 + ml_glm_slots(&model->schema),
	                       .chosen = -1};
	path->df = learned_array(model, "path_df", path->steps);
	path->ratio = learned_array(model, "path_deviance_ratio", path->steps);
	path->mean = learned_array(model, "path_cv_mean", path->steps);
	path->error = learned_array(model, "path_cv_error", path->steps);
	path->coefficient =
	    learned_array(model, "path_coefficients", path->steps * path->width);
	for (int64 i = 0; i < path->steps; i++)
		if (path->lambda[i] == chosen)
			path->chosen = i;
	return path->df != NULL && path->ratio != NULL && path->mean != NULL &&
	       path->error != NULL && path->coefficient != NULL;
}

/* The coefficients that are not zero, by name of their term. */
static Datum
coefficients_of(cia_door *door, const ml_model *model, const ml_terms *terms,
                const double *number)
{
	ml_value object;

	cia_check(door, ml_value_object(&door->host, terms->count, &object));
	for (int64 i = 0; i < terms->count; i++)
		if (terms->term[i].fitted && !terms->term[i].reference && number[i] != 0 &&
		    !isnan(number[i]))
			ml_value_add(&object, cia_term_name(&model->schema, &terms->term[i]),
			             ml_value_number(number[i]));
	return JsonbPGetDatum(cia_value_to_jsonb(&object));
}

static void
put_step(ReturnSetInfo *set, const char *part, const learned_path *path, int64 i,
         Datum coefficients)
{
	const double number[] = {path->lambda[i], path->df[i], path->ratio[i], path->mean[i],
	                         path->error[i]};
	Datum values[9];
	bool nulls[9] = {false};

	nulls[0] = part == NULL;
	values[0] = part != NULL ? CStringGetTextDatum(part) : (Datum) 0;
	values[1] = Int32GetDatum((int32) i + 1);
	for (size_t k = 0; k < lengthof(number); k++)
	{
		nulls[2 + k] = isnan(number[k]);
		values[2 + k] = Float8GetDatum(number[k]);
	}
	if (!nulls[3])
		values[3] = Int32GetDatum((int32) number[1]);
	values[7] = BoolGetDatum(i == path->chosen);
	values[8] = coefficients;
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* What a call is about. */
typedef struct path_call
{
	ReturnSetInfo *set;
	cia_door *door;
	bool found;
} path_call;

/* The path of a model, or of a part of it; some parts may have none. */
static void
put_path(void *state, const cia_loaded *loaded, const char *part)
{
	path_call *call = state;
	const ml_model *model = loaded->model;
	learned_path path;
	ml_terms terms;

	cia_check(call->door, ml_model_terms(&call->door->host, model, &terms));
	if (!find_path(model, &path) || terms.count != path.width)
		return;
	call->found = true;
	for (int64 i = 0; i < path.steps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_step(call->set, part, &path, i,
		         coefficients_of(call->door, model, &terms,
		                         path.coefficient + i * path.width));
	}
}

/* One row per penalty, the largest first; all rows, then groups in order. */
Datum
cia_path(PG_FUNCTION_ARGS)
{
	path_call call = {.door = cia_door_for_model(CurrentMemoryContext)};
	const cia_loaded *loaded;

	InitMaterializedSRF(fcinfo, 0);
	call.set = (ReturnSetInfo *) fcinfo->resultinfo;
	loaded = cia_managed_arg(fcinfo, 0);
	cia_each_part(loaded, put_path, &call);
	if (!call.found)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no path of penalties", loaded->name),
		                errdetail("It was not trained with option \"lambda\"."),
		                errhint("Train it with options => '{\"lambda\": \"auto\"}'.")));
	return (Datum) 0;
}

/* What a training has to say of the penalty it has chosen. */
List *
cia_note_path(cia_door *door, const ml_model *model, List *notes)
{
	char *rule = cia_option_text(model, "rule");
	double folds = ml_model_option(model, "folds");
	learned_path path;
	ml_terms terms;
	int64 columns = 0;

	if (!find_path(model, &path) || path.chosen < 0)
		return notes;
	cia_check(door, ml_model_terms(&door->host, model, &terms));
	for (int64 i = 1; i < terms.count; i++)
		columns += terms.term[i].fitted && !terms.term[i].reference;
	if (isnan(path.mean[path.chosen]))
		return lappend(notes, psprintf("lambda %g keeps %.0f of %lld columns",
		                               path.lambda[path.chosen], path.df[path.chosen],
		                               (long long) columns));
	notes = lappend(
	    notes,
	    psprintf("lambda %g chosen by the %s over %.0f folds: it keeps %.0f of %lld "
	             "columns",
	             path.lambda[path.chosen],
	             rule != NULL && strcmp(rule, "1se") == 0 ? "rule of one standard error"
	                                                      : "least error",
	             isnan(folds) ? 5 : folds, path.df[path.chosen], (long long) columns));
	if (path.chosen == path.steps - 1)
		notes = lappend(notes, "the chosen lambda is the smallest of the path: a penalty "
		                       "hardly helps here");
	else if (path.df[path.chosen] == 0)
		notes = lappend(notes, "the chosen lambda keeps no column: none predicts better "
		                       "than the mean in other folds");
	return notes;
}
