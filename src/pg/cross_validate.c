/* SPDX-License-Identifier: PostgreSQL */
/*
 * cross_validate.c: cia_cross_validate: how good a training is, judged on every row once.
 *
 * Nothing is stored: the models of the folds are gone when they have been judged.
 */
#include "cia.h"

#include <math.h>

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_cross_validate);

#define MOST_FOLDS 100

enum
{
	ARG_SOURCE,
	ARG_TARGET,
	ARG_ALGORITHM,
	ARG_OPTIONS,
	ARG_FOLDS,
	ARG_BY,
	ARG_ORDER_BY,
	ARG_FEATURES,
	ARG_EXCLUDE,
	ARG_ID,
	ARG_WEIGHT
};

typedef struct validation
{
	cia_training of;
	int folds;
	char *by;       /* column whose groups stay whole, or NULL */
	char *order_by; /* column that tells when a row happened, or NULL */
	ml_fold *fold;
	int failed; /* fold that an error is about; 0: none */
} validation;

static void
read_folds(FunctionCallInfo fcinfo, validation *run)
{
	cia_refuse_null(fcinfo, ARG_FOLDS);
	run->folds = PG_GETARG_INT32(ARG_FOLDS);
	run->by = cia_text_arg(fcinfo, ARG_BY, NULL);
	run->order_by = cia_text_arg(fcinfo, ARG_ORDER_BY, NULL);
	if (run->folds < 2 || run->folds > MOST_FOLDS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"folds\" must be between 2 and %d", MOST_FOLDS),
		                errhint("5 and 10 are usual.")));
	if (run->by != NULL && run->order_by != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("folds cannot be made both \"by\" groups and \"order_by\" time"),
		         errhint("Leave one of them out.")));
	if (ml_value_member(&run->of.options, "order_by") != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("option \"order_by\" has no meaning in cross-validation"),
		         errhint("For folds in order of time use argument \"order_by\".")));
	if (ml_value_member(&run->of.options, "holdout") != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"holdout\" has no meaning in cross-validation"),
		                errdetail("Each fold is held out once."),
		                errhint("Leave it out; argument \"folds\" says how many parts "
		                        "there are.")));
}

static void
check_target(const validation *run)
{
	const ml_learner *learner = ml_learner_find(cia_text_of(run->of.algorithm));

	if (learner != NULL && learner->task == ML_SEGMENTATION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("algorithm \"%s\" has no target to be validated by",
		                       run->of.algorithm),
		                errhint("cia_train judges segments on rows that it keeps out.")));
}

/* The names of the array, which may be NULL, and one more. */
static ArrayType *
with_name(ArrayType *names, const char *name)
{
	Datum *datums = NULL;
	bool *nulls;
	int count = 0;
	Datum *all;

	if (names != NULL)
		deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls,
		                  &count);
	all = palloc(sizeof(Datum) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		/* what is wrong with the names is told when the source is known */
		if (nulls[i])
			return names;
		all[i] = datums[i];
	}
	all[count] = CStringGetTextDatum(name);
	return construct_array(all, count + 1, TEXTOID, -1, false, TYPALIGN_INT);
}

/* What tells the folds is a feature only where it is listed as one. */
static void
take_folds(validation *run)
{
	cia_roles *roles = &run->of.roles;
	const char *name = run->by != NULL ? run->by : run->order_by;

	if (name == NULL)
		return;
	if (roles->target != NULL && strcmp(name, roles->target) == 0)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("column \"%s\" cannot be both target and what tells the folds", name),
		     errhint("Name another column, or leave it out for folds at random.")));
	if (run->by != NULL)
		roles->beside = with_name(NULL, name);
	roles->order_by = run->order_by;
	if (roles->features == NULL && run->by != NULL)
		roles->exclude = with_name(roles->exclude, name);
}

static void
add_context(void *state)
{
	const validation *run = state;

	if (run->failed > 0)
		errcontext("cross-validating, fold %d of %d", run->failed, run->folds);
}

static void
run_folds(validation *run)
{
	ErrorContextCallback context = {
	    .previous = error_context_stack, .callback = add_context, .arg = run};
	ml_request request = cia_training_request(&run->of);
	ml_status status;

	run->fold = palloc0(sizeof(ml_fold) * run->folds);
	status = ml_cross_validate(&run->of.door->host, run->of.rows->frame, &request,
	                           run->folds, run->fold, &run->failed);
	error_context_stack = &context;
	if (status == ML_EMPTY_FOLD)
		run->of.door->host.fault.count = run->folds;
	cia_check(run->of.door, status);
	error_context_stack = context.previous;
}

/* Fits with trouble, one warning for each kind. */
static void
warn_of_trouble(const validation *run)
{
	for (ml_trouble_kind kind = ML_TROUBLE_NONE + 1; kind <= ML_TROUBLE_NOT_ASIDE; kind++)
	{
		int count = 0;

		for (int k = 0; k < run->folds; k++)
			count += run->fold[k].trouble == kind;
		if (count > 0)
			ereport(WARNING, (errmsg("in %d of %d folds: %s", count, run->folds,
			                         cia_trouble_text(kind)),
			                  errhint("cia_train on the whole source tells more.")));
	}
}

static double
value_in(const ml_fold *fold, const char *metric)
{
	const ml_metric *found = ml_report_metric(&fold->report, metric);

	return found != NULL && isfinite(found->value) ? found->value : NAN;
}

static void
put(cia_output *out, int fold, const char *metric, const double *number)
{
	out->null[0] = fold == 0;
	out->value[0] = Int32GetDatum(fold);
	out->columns = 1;
	cia_output_text(out, metric);
	cia_output_numbers(out, number, 2);
	cia_output_row(out);
}

/* Mean and standard deviation over the folds that have the metric. */
static void
put_mean(cia_output *out, const validation *run, const char *metric)
{
	double sum = 0, squares = 0, number[2];
	int count = 0;

	for (int k = 0; k < run->folds; k++)
		if (!isnan(value_in(&run->fold[k], metric)))
		{
			sum += value_in(&run->fold[k], metric);
			count++;
		}
	number[0] = count > 0 ? sum / count : NAN;
	for (int k = 0; k < run->folds; k++)
		if (!isnan(value_in(&run->fold[k], metric)))
			squares += pow(value_in(&run->fold[k], metric) - number[0], 2);
	number[1] = count > 1 ? sqrt(squares / (count - 1)) : NAN;
	put(out, 0, metric, number);
}

/* An earlier model has seen the rows that it would be judged on. */
static void
refuse_continuation(const cia_training *of)
{
	if (ml_value_member(&of->options, "continue_from") != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("option \"continue_from\" is not for cia_cross_validate"),
		         errdetail("The earlier model has seen the rows of the folds."),
		         errhint("Judge the continued model with cia_evaluate on rows that "
		                 "neither training has seen.")));
}

Datum
cia_cross_validate(PG_FUNCTION_ARGS)
{
	static const cia_training_arguments arguments = {.model = -1,
	                                                 .source = ARG_SOURCE,
	                                                 .target = ARG_TARGET,
	                                                 .algorithm = ARG_ALGORITHM,
	                                                 .features = ARG_FEATURES,
	                                                 .exclude = ARG_EXCLUDE,
	                                                 .id = ARG_ID,
	                                                 .weight = ARG_WEIGHT,
	                                                 .options = ARG_OPTIONS};
	cia_output out = cia_output_open(fcinfo);
	validation run = {0};
	const ml_report *first;

	cia_training_open(fcinfo, &arguments, "cia cross-validate", &run.of);
	check_target(&run);
	cia_refuse_null(fcinfo, ARG_TARGET);
	cia_training_check(&run.of);
	refuse_continuation(&run.of);
	read_folds(fcinfo, &run);
	take_folds(&run);
	run.of.kind = CIA_JOB_CROSS_VALIDATE;
	cia_training_read(&run.of, NULL);
	if (run.of.choice != NULL)
		ereport(NOTICE, (errmsg_internal("%s", run.of.choice)));
	cia_door_equip(run.of.door);
	run_folds(&run);
	warn_of_trouble(&run);
	first = &run.fold[0].report;
	for (int m = 0; m < first->metrics; m++)
		put_mean(&out, &run, first->metric[m].name);
	for (int k = 0; k < run.folds; k++)
		for (int m = 0; m < first->metrics; m++)
			put(&out, k + 1, first->metric[m].name,
			    (double[]){value_in(&run.fold[k], first->metric[m].name), NAN});
	MemoryContextDelete(run.of.door->arena);
	return (Datum) 0;
}
