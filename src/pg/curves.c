/* SPDX-License-Identifier: PostgreSQL */
/*
 * curves.c: cia_roc_curve, cia_pr_curve, cia_lift_table, cia_calibration: what the scores of
 * two classes are worth at every point-off, and by bins.
 */
#include "cia.h"

#include "judge/curve.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_roc_curve);
CIA_FUNCTION(cia_pr_curve);
CIA_FUNCTION(cia_lift_table);
CIA_FUNCTION(cia_calibration);

#define CIA_OPTION_POINTS                                                                \
	{                                                                                    \
		"points", ML_OPTION_INTEGER, offsetof(cia_judged_options, points), 1000, 0, 1e9, \
		    "points of the curve at most; 0 stands for all there are"                    \
	}

static const char *const strategies[] = {"quantile", "uniform", NULL};

static const ml_option curve_option[] = {CIA_OPTION_ROWS, CIA_OPTION_POINTS};
static const ml_option lift_option[] = {CIA_OPTION_ROWS, CIA_OPTION_BINS};
static const ml_option calibration_option[] = {
    CIA_OPTION_ROWS,
    CIA_OPTION_BINS,
    {"strategy", ML_OPTION_TEXT, offsetof(cia_judged_options, strategy), 0, 0, 0,
     "quantile, the default, makes bins of about as many rows, uniform of the same width",
     strategies},
};

static const cia_judged_table curve_table = {curve_option, lengthof(curve_option)};
static const cia_judged_table lift_table = {lift_option, lengthof(lift_option)};
static const cia_judged_table calibration_table = {calibration_option,
                                                   lengthof(calibration_option)};

/* The model's scores of two classes on the source. */
static cia_judged *
judge(FunctionCallInfo fcinfo, const cia_judged_table *table, ml_judged *judged)
{
	cia_judged *run = cia_judged_open(fcinfo, 2, table);

	cia_judged_need_two_classes(run);
	cia_judged_score(run, fcinfo, judged);
	return run;
}

static cia_judged *
find_steps(FunctionCallInfo fcinfo, const cia_judged_table *table, ml_steps *steps)
{
	ml_judged judged;
	cia_judged *run = judge(fcinfo, table, &judged);

	cia_check(run->door, ml_steps_find(&run->door->host, &judged.outcomes, steps));
	return run;
}

Datum
cia_roc_curve(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	ml_steps steps;
	ml_curve curve;
	cia_judged *run = find_steps(fcinfo, &curve_table, &steps);

	cia_check(run->door,
	          ml_roc_curve(&run->door->host, &steps, run->options.points, &curve));
	for (int64 i = 0; i < curve.count; i++)
	{
		const ml_point *point = &curve.point[i];
		const double number[] = {point->threshold,
		                         point->false_positives / steps.negatives,
		                         point->true_positives / steps.positives,
		                         point->true_positives + point->false_positives};

		cia_output_numbers(&out, number, lengthof(number));
		cia_output_row(&out);
	}
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}

/* Where nothing is called positive yet, precision is 1, as in scikit-learn. */
Datum
cia_pr_curve(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	ml_steps steps;
	ml_curve curve;
	cia_judged *run = find_steps(fcinfo, &curve_table, &steps);

	cia_check(run->door,
	          ml_pr_curve(&run->door->host, &steps, run->options.points, &curve));
	for (int64 i = 0; i < curve.count; i++)
	{
		const ml_point *point = &curve.point[i];
		double rows = point->true_positives + point->false_positives;
		const double number[] = {point->threshold,
		                         i == 0 ? 1 : point->true_positives / rows,
		                         point->true_positives / steps.positives, rows};

		cia_output_numbers(&out, number, lengthof(number));
		cia_output_row(&out);
	}
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}

static void
put_lift(cia_output *out, const ml_steps *steps, const ml_lift_bin *bin)
{
	double total = steps->positives + steps->negatives, rate = steps->positives / total;
	double gain = bin->cumulative_responders / steps->positives;
	double others =
	    (bin->cumulative_rows - bin->cumulative_responders) / steps->negatives;
	const double number[] = {bin->low,
	                         bin->high,
	                         bin->rows,
	                         bin->responders,
	                         bin->responders / bin->rows,
	                         bin->responders / bin->rows / rate,
	                         bin->cumulative_rows / total,
	                         bin->cumulative_responders,
	                         gain,
	                         bin->cumulative_responders / bin->cumulative_rows / rate,
	                         gain - others};

	cia_output_integer(out, bin->bin);
	cia_output_numbers(out, number, lengthof(number));
	cia_output_row(out);
}

Datum
cia_lift_table(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	ml_steps steps;
	cia_judged *run = find_steps(fcinfo, &lift_table, &steps);
	ml_lift_bin *bin = palloc(sizeof *bin * run->options.bins);
	int count = ml_lift(&steps, (int) run->options.bins, bin);

	for (int i = 0; i < count; i++)
		put_lift(&out, &steps, &bin[i]);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}

Datum
cia_calibration(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	ml_judged judged;
	cia_judged *run = judge(fcinfo, &calibration_table, &judged);
	int bins = (int) run->options.bins, count;
	bool uniform = run->options.strategy.bytes != NULL &&
	               ml_text_is(run->options.strategy, "uniform");
	ml_calibration_bin *bin = palloc(sizeof *bin * bins);

	cia_check(run->door, ml_calibrate_bins(&run->door->host, &judged.outcomes, bins,
	                                       uniform, bin, &count));
	for (int i = 0; i < count; i++)
	{
		const double number[] = {
		    bin[i].low,           bin[i].high,
		    bin[i].rows,          bin[i].mean_score,
		    bin[i].observed,      bin[i].observed_low,
		    bin[i].observed_high, bin[i].mean_score - bin[i].observed};

		cia_output_integer(&out, i + 1);
		cia_output_numbers(&out, number, lengthof(number));
		cia_output_row(&out);
	}
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
