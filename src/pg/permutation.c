/* SPDX-License-Identifier: PostgreSQL */
/*
 * permutation.c: cia_importance(model, source): what a metric loses on the rows of a source if
 * they swap their values of a feature.
 */
#include "cia.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_permutation_importance);

#define OPTION(name) offsetof(cia_judged_options, permutation.name)

static const ml_option permutation_option[] = {
    CIA_OPTION_ROWS,
    CIA_OPTION_SAMPLE(100000),
    {"metric", ML_OPTION_TEXT, OPTION(metric), 0, 0, 0,
     "metric of cia_evaluate that is to be kept up; the default is auc, accuracy or r2"},
    {"repeats", ML_OPTION_INTEGER, OPTION(repeats), 5, 1, 1000,
     "permutations of each feature"},
    {"seed", ML_OPTION_INTEGER, OPTION(seed), 1, 0, 2147483647,
     "which of all equally good random choices are made"},
};

static void
check_method(const char *method)
{
	if (strcmp(method, "permutation") != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("unrecognized method \"%s\"", method),
		         errhint("With a source the only method is \"permutation\"; "
		                 "cia_importance(model) tells what the model itself knows.")));
}

static void
check_metric(const cia_judged *run)
{
	ml_task_kind task = run->loaded->model->schema.task;
	ml_text name = run->options.permutation.metric;
	bool larger;

	if (ml_permutation_metric(task, name, &larger) == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("unrecognized metric \"%s\"", cia_text_cstring(name)),
		         task == ML_BINARY
		             ? errhint("Metrics of two classes: auc, gini, ks, pr_auc, log_loss, "
		                       "brier, accuracy, precision, recall, f1.")
		         : task == ML_MULTICLASS
		             ? errhint("Metrics of several classes: accuracy, balanced_accuracy, "
		                       "macro_f1, log_loss.")
		             : errhint("Metrics of a number: r2, rmse, mae.")));
}

/* The largest drop first; ties in the order of the features, and what is not known last. */
static int
by_drop(const void *a, const void *b)
{
	const ml_permuted *x = a, *y = b;

	if (isnan(x->drop) != isnan(y->drop))
		return isnan(x->drop) ? 1 : -1;
	if (x->drop > y->drop || x->drop < y->drop)
		return x->drop > y->drop ? -1 : 1;
	return x->feature - y->feature;
}

static void
put_permutation(cia_output *out, const ml_schema *schema, ml_permutation *in)
{
	qsort(in->permuted, in->count, sizeof *in->permuted, by_drop);
	for (int i = 0; i < in->count; i++)
	{
		const ml_permuted *permuted = &in->permuted[i];

		/* an array moves as a whole and goes by the column's name */
		cia_output_text(out, cia_text_cstring(schema->feature[permuted->feature].name));
		cia_output_numbers(out, &permuted->drop, 1);
		cia_output_numbers(out, &permuted->deviation, 1);
		cia_output_text(out, in->metric);
		cia_output_numbers(out, &in->value, 1);
		cia_output_row(out);
	}
}

Datum
cia_permutation_importance(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {.option = permutation_option,
	                                       .options = lengthof(permutation_option),
	                                       .ordered = true};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 3, &table);
	ml_permutation in;

	check_method(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	check_metric(run);
	cia_judged_run(&run, 1, run->source);
	cia_judged_tell(run);
	cia_check(run->door, ml_permutation_take(&run->door->host, run->loaded->model,
	                                         &run->rows, &run->options.permutation, &in));
	put_permutation(&out, &run->loaded->model->schema, &in);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
