/* SPDX-License-Identifier: PostgreSQL */
/*
 * evaluate.c: cia_evaluate: a model's metrics on the rows of a source.
 */
#include "cia.h"

#include <math.h>

#include "utils/memutils.h"

CIA_FUNCTION(cia_evaluate);

static const ml_option evaluate_option[] = {CIA_OPTION_ROWS};

static void
put_metric(cia_output *out, const ml_metric *metric)
{
	const double number[] = {metric->value, metric->low, metric->high};

	cia_output_text(out, metric->name);
	for (int i = 0; i < 3; i++)
		cia_output_numbers(out, isfinite(number[i]) ? &number[i] : &(double){NAN}, 1);
	cia_output_row(out);
}

Datum
cia_evaluate(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {.option = evaluate_option,
	                                       .options = lengthof(evaluate_option),
	                                       .segments = true};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 2, &table);
	ml_judged judged;
	ml_report report;

	cia_judged_score(run, fcinfo, &judged);
	cia_check(run->door, ml_judged_report(&run->door->host, &judged, &report));
	for (int i = 0; i < report.metrics; i++)
		put_metric(&out, &report.metric[i]);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
