/* SPDX-License-Identifier: PostgreSQL */
/*
 * decisions.c: cia_confusion and cia_threshold: classes that a model decides for, and where to
 * put the cut-off.
 */
#include "cia.h"

#include <math.h>

#include "judge/curve.h"
#include "judge/decide.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_confusion);
CIA_FUNCTION(cia_threshold);

static const ml_option confusion_option[] = {CIA_OPTION_ROWS, CIA_OPTION_THRESHOLD};
static const ml_option threshold_option[] = {CIA_OPTION_ROWS};

static const char *
class_name(const ml_schema *schema, int class)
{
	return class < schema->classes ? cia_text_cstring(schema->class_label[class]) : NULL;
}

/* What came out as one class, by what was predicted; no line for rows of no class if there are none. */
static void
put_actual(cia_output *out, const ml_schema *schema, const ml_confusion *confusion,
           int actual)
{
	int classes = confusion->classes;
	const double *rows = &confusion->rows[(int64) actual * classes];
	double sum = 0;

	for (int k = 0; k < classes; k++)
		sum += rows[k];
	if (actual == classes && sum == 0)
		return;
	for (int k = 0; k < classes; k++)
	{
		double predicted = 0;

		for (int a = 0; a <= classes; a++)
			predicted += confusion->rows[(int64) a * classes + k];
		cia_output_text(out, class_name(schema, actual));
		cia_output_text(out, class_name(schema, k));
		cia_output_numbers(out, (double[]){rows[k], rows[k] / sum, rows[k] / predicted},
		                   3);
		cia_output_row(out);
	}
}

Datum
cia_confusion(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {confusion_option, lengthof(confusion_option)};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 2, &table);
	const ml_schema *schema = &run->loaded->model->schema;
	ml_confusion confusion;
	ml_judged judged;

	if (schema->task == ML_REGRESSION)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no classes", run->loaded->name),
		                errhint("For a regression see cia_evaluate and cia_residuals.")));
	cia_judged_score(run, fcinfo, &judged);
	cia_check(run->door,
	          ml_confuse(&run->door->host, &judged, run->options.threshold, &confusion));
	for (int actual = 0; actual <= schema->classes; actual++)
	{
		CHECK_FOR_INTERRUPTS();
		put_actual(&out, schema, &confusion, actual);
	}
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}

static double
cost_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	double cost = PG_GETARG_FLOAT8(argument);

	if (!(cost >= 0) || isinf(cost))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be a number of zero or more", name),
		                errdetail("It is %g.", cost),
		                errhint("It is what one such error costs.")));
	return cost;
}

static void
put_rule(cia_output *out, const char *rule, const ml_steps *steps, const double cost[2],
         ml_point point)
{
	double missed = steps->positives - point.true_positives;
	double total = steps->positives + steps->negatives;
	double costs = cost[0] * point.false_positives + cost[1] * missed;
	const double number[] = {point.threshold,
	                         costs,
	                         costs / total,
	                         point.true_positives + point.false_positives,
	                         point.true_positives,
	                         point.false_positives,
	                         missed,
	                         steps->negatives - point.false_positives};

	cia_output_text(out, rule);
	cia_output_numbers(out, number, lengthof(number));
	cia_output_row(out);
}

/* The cheapest cut-off beside those that need no look at the rows. */
Datum
cia_threshold(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {threshold_option, lengthof(threshold_option)};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 4, &table);
	double cost[] = {cost_arg(fcinfo, 2, "cost_false_positive"),
	                 cost_arg(fcinfo, 3, "cost_false_negative")};
	ml_judged judged;
	ml_steps steps;

	cia_judged_need_two_classes(run);
	cia_judged_score(run, fcinfo, &judged);
	cia_check(run->door, ml_steps_find(&run->door->host, &judged.outcomes, &steps));
	put_rule(&out, "cheapest", &steps, cost, ml_cheapest_point(&steps, cost[0], cost[1]));
	if (cost[0] + cost[1] > 0)
		put_rule(&out, "by costs alone", &steps, cost,
		         ml_point_at(&steps, cost[0] / (cost[0] + cost[1])));
	put_rule(&out, "one half", &steps, cost, ml_point_at(&steps, 0.5));
	put_rule(&out, "all", &steps, cost, ml_point_at(&steps, -INFINITY));
	put_rule(&out, "none", &steps, cost, ml_point_at(&steps, INFINITY));
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
