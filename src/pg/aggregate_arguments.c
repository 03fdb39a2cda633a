/* SPDX-License-Identifier: PostgreSQL */
/*
 * aggregate_arguments.c: what the aggregates over scores and outcomes are handed.
 */
#include "aggregates.h"

#include <math.h>

#include "nodes/primnodes.h"
#include "utils/lsyscache.h"

/* Not known in a window, and another's name within Citus. */
const char *
cia_given_to(FunctionCallInfo fcinfo)
{
	Aggref *aggref = AggGetAggref(fcinfo);
	char *name = aggref != NULL ? get_func_name(aggref->aggfnoid) : NULL;

	if (name == NULL || strncmp(name, "cia_", 4) != 0)
		return "";
	return psprintf(" given to %s", name);
}

bool
cia_row_is_null(FunctionCallInfo fcinfo)
{
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

Datum
cia_skip_row(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

double
cia_score_arg(FunctionCallInfo fcinfo, int argument, cia_score_kind kind)
{
	double score = PG_GETARG_FLOAT8(argument);

	if (kind == CIA_SCORE_PROBABILITY && !(score >= 0 && score <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("score%s must be a probability from 0 to 1, not %g",
		                       cia_given_to(fcinfo), score),
		                errhint("Log odds x are the probability 1 / (1 + exp(-x)).")));
	if (isnan(score) || (kind == CIA_SCORE_VALUE && isinf(score)))
		ereport(ERROR,
		        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		         errmsg("score%s must be a number, not %g", cia_given_to(fcinfo), score),
		         errhint("Leave such rows out with FILTER, or make the score NULL.")));
	return score;
}

double
cia_label_arg(FunctionCallInfo fcinfo, int argument, bool is_number)
{
	double label;

	if (!is_number)
		return PG_GETARG_BOOL(argument);
	label = PG_GETARG_FLOAT8(argument);
	if (label != 0 && label != 1)
		ereport(ERROR,
		        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		         errmsg("label%s must be 0 or 1, not %g", cia_given_to(fcinfo), label),
		         errhint("Say which value is the positive class: label = 2.")));
	return label;
}

double
cia_outcome_arg(FunctionCallInfo fcinfo, int argument)
{
	double outcome = PG_GETARG_FLOAT8(argument);

	if (!isfinite(outcome))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		     errmsg("outcome%s must be finite, not %g", cia_given_to(fcinfo), outcome),
		     errhint("Leave such rows out with FILTER, or make the outcome NULL.")));
	return outcome;
}

double
cia_weight_arg(FunctionCallInfo fcinfo, int argument)
{
	double weight = argument < PG_NARGS() ? PG_GETARG_FLOAT8(argument) : 1;

	if (!(weight >= 0 && isfinite(weight)))
		ereport(ERROR,
		        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		         errmsg("weight%s must be zero or more and finite, not %g",
		                cia_given_to(fcinfo), weight),
		         errhint("Leave such rows out with FILTER, or make the weight NULL.")));
	return weight;
}

Datum
cia_measure(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	if (isinf(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("value out of range: overflow"),
		                errhint("Divide the columns by a power of ten.")));
	PG_RETURN_FLOAT8(value);
}
