/* SPDX-License-Identifier: PostgreSQL */
/*
 * aggregates.c: the aggregates that are made of sums: a row into the state.
 *
 * The state is a cia_tally, changed in place.  Where a row's numbers do not fit its digits
 * it moves to a larger one, which the executor copies to where it belongs.
 */
#include "aggregates.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_tally_log_loss);
CIA_FUNCTION(cia_tally_log_loss_number);
CIA_FUNCTION(cia_tally_brier);
CIA_FUNCTION(cia_tally_brier_number);
CIA_FUNCTION(cia_tally_calibration);
CIA_FUNCTION(cia_tally_calibration_number);
CIA_FUNCTION(cia_tally_confusion);
CIA_FUNCTION(cia_tally_confusion_number);
CIA_FUNCTION(cia_tally_squared);
CIA_FUNCTION(cia_tally_absolute);
CIA_FUNCTION(cia_tally_percentage);
CIA_FUNCTION(cia_tally_variance);
CIA_FUNCTION(cia_tally_deviance);
CIA_FUNCTION(cia_tally_drop);

#define BINS 10 /* of cia_ece, where the caller names none */

pg_noreturn static void
raise_other_aggregate(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("state of type cia_tally is of another aggregate")));
}

/* The state, which may be changed: the aggregate's own, a new one, or a copy. */
static ml_tally *
state_arg(FunctionCallInfo fcinfo, ml_tally_kind kind, int sums)
{
	ml_tally *tally;

	if (PG_ARGISNULL(0))
	{
		tally = palloc(ml_tally_open_size(sums));
		ml_tally_open(tally, kind, sums);
		SET_VARSIZE(tally, ml_tally_open_size(sums));
		return tally;
	}
	tally = (ml_tally *) (AggCheckCallContext(fcinfo, NULL)
	                          ? PG_DETOAST_DATUM(PG_GETARG_DATUM(0))
	                          : PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)));
	if (tally->kind != kind)
		raise_other_aggregate();
	if (tally->sums != sums)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("number of bins%s must be the same in all rows",
		                       cia_given_to(fcinfo)),
		                errhint("Name a number, not a column.")));
	return tally;
}

static ml_tally *
widen(const ml_tally *tally, const ml_addend *addend, int addends)
{
	int low, count;
	size_t size = ml_tally_widen(tally, addend, addends, &low, &count);
	ml_tally *wide = palloc(size);

	ml_tally_move(wide, tally, low, count);
	SET_VARSIZE(wide, size);
	return wide;
}

/* The family of that name; "tweedie" may have its power behind it, as in "tweedie(1.7)". */
static const ml_deviance *
family_arg(FunctionCallInfo fcinfo, int argument, double *power)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	double given = 0;
	int length = 0;
	bool has_power = sscanf(name, "tweedie(%lf)%n", &given, &length) == 1 && length > 0 &&
	                 name[length] == '\0' && given > 1 && given < 2;

	for (int i = 0; i < ml_deviance_count; i++)
		if (strcmp(has_power ? "tweedie" : name, ml_deviance_table[i].name) == 0)
		{
			*power = has_power ? given : ml_deviance_table[i].power;
			return &ml_deviance_table[i];
		}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unrecognized family \"%s\"", name),
	                errhint("Families are gaussian, binomial, poisson, gamma, "
	                        "inverse_gaussian and tweedie, which is tweedie(1.5); its "
	                        "power lies between 1 and 2.")));
}

static void
check_domain(FunctionCallInfo fcinfo, const ml_deviance *deviance, const ml_case *row)
{
	const double number[] = {row->score, row->outcome};
	const bool above[] = {deviance->mean_above, deviance->above};
	const char *const word[] = {"score", "outcome"};

	for (int i = 0; i < 2; i++)
	{
		if (number[i] >= deviance->least && number[i] <= deviance->most &&
		    (!above[i] || number[i] > deviance->least))
			continue;
		ereport(ERROR,
		        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		         errmsg("%s%s must be %s for family \"%s\", not %g", word[i],
		                cia_given_to(fcinfo),
		                above[i]                    ? "greater than zero"
		                : deviance->most < INFINITY ? "from 0 to 1"
		                                            : "zero or more",
		                deviance->name, number[i]),
		         errhint("Leave such rows out with FILTER, or use another family.")));
	}
}

static int
bins_arg(FunctionCallInfo fcinfo, int argument)
{
	int bins = argument < PG_NARGS() ? PG_GETARG_INT32(argument) : BINS;

	if (bins < 1 || bins > ML_TALLY_MOST_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("number of bins%s must be from 1 to %d",
		                       cia_given_to(fcinfo), ML_TALLY_MOST_BINS)));
	return bins;
}

static double
threshold_arg(FunctionCallInfo fcinfo, int argument)
{
	double threshold = argument < PG_NARGS() ? PG_GETARG_FLOAT8(argument) : 0.5;

	if (isnan(threshold))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("threshold%s must be a number, not %g",
		                       cia_given_to(fcinfo), threshold),
		                errhint("A score from the threshold on is called positive.")));
	return threshold;
}

/* (state, predicted, actual [, family] [, weight]) */
static ml_case
value_case(FunctionCallInfo fcinfo, int weight)
{
	return (ml_case){.score = cia_score_arg(fcinfo, 1, CIA_SCORE_VALUE),
	                 .outcome = cia_outcome_arg(fcinfo, 2),
	                 .weight = cia_weight_arg(fcinfo, weight)};
}

/* (state, score, label [, threshold or bins] [, weight]) */
static ml_case
class_case(FunctionCallInfo fcinfo, cia_score_kind kind, bool is_number, int weight)
{
	return (ml_case){.score = cia_score_arg(fcinfo, 1, kind),
	                 .outcome = cia_label_arg(fcinfo, 2, is_number),
	                 .weight = cia_weight_arg(fcinfo, weight)};
}

/* The row of a call, whose arguments are none of them NULL. */
static ml_case
read_case(FunctionCallInfo fcinfo, ml_tally_kind kind, bool is_number)
{
	ml_case row = {0};

	switch (kind)
	{
		case ML_TALLY_LOG_LOSS:
		case ML_TALLY_BRIER:
			return class_case(fcinfo, CIA_SCORE_PROBABILITY, is_number, 3);
		case ML_TALLY_CALIBRATION:
			row = class_case(fcinfo, CIA_SCORE_PROBABILITY, is_number, 4);
			row.bins = bins_arg(fcinfo, 3);
			break;
		case ML_TALLY_CONFUSION:
			row = class_case(fcinfo, CIA_SCORE_ORDER, is_number, 4);
			row.threshold = threshold_arg(fcinfo, 3);
			break;
		case ML_TALLY_DEVIANCE:
			row = value_case(fcinfo, 4);
			row.deviance = family_arg(fcinfo, 3, &row.power);
			check_domain(fcinfo, row.deviance, &row);
			break;
		case ML_TALLY_SQUARED:
		case ML_TALLY_ABSOLUTE:
		case ML_TALLY_PERCENTAGE:
		case ML_TALLY_VARIANCE:
		case ML_TALLY_KINDS:
			return value_case(fcinfo, 3);
	}
	return row;
}

/* A row into the state. */
static Datum
take(FunctionCallInfo fcinfo, ml_tally_kind kind, bool is_number)
{
	ml_addend addend[ML_TALLY_TERMS];
	int addends;
	ml_case row;
	ml_tally *tally;

	if (cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	row = read_case(fcinfo, kind, is_number);
	addends = ml_tally_addends(kind, &row, addend);
	for (int i = 0; i < addends; i++)
		if (!isfinite(addend[i].value))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			                errmsg("values%s are too large to compute with",
			                       cia_given_to(fcinfo)),
			                errhint("Divide the columns by a power of ten.")));
	tally = state_arg(fcinfo, kind, ml_tally_sums(kind, row.bins));
	if (!ml_tally_add(tally, addend, addends))
	{
		tally = widen(tally, addend, addends);
		ml_tally_add(tally, addend, addends);
	}
	PG_RETURN_POINTER(tally);
}

Datum
cia_tally_log_loss(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_LOG_LOSS, false);
}

Datum
cia_tally_log_loss_number(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_LOG_LOSS, true);
}

Datum
cia_tally_brier(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_BRIER, false);
}

Datum
cia_tally_brier_number(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_BRIER, true);
}

Datum
cia_tally_calibration(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_CALIBRATION, false);
}

Datum
cia_tally_calibration_number(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_CALIBRATION, true);
}

Datum
cia_tally_confusion(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_CONFUSION, false);
}

Datum
cia_tally_confusion_number(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_CONFUSION, true);
}

Datum
cia_tally_squared(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_SQUARED, true);
}

Datum
cia_tally_absolute(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_ABSOLUTE, true);
}

Datum
cia_tally_percentage(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_PERCENTAGE, true);
}

Datum
cia_tally_variance(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_VARIANCE, true);
}

Datum
cia_tally_deviance(PG_FUNCTION_ARGS)
{
	return take(fcinfo, ML_TALLY_DEVIANCE, true);
}

/* Is this the call of such an aggregate?  Its arguments' types tell. */
static bool
is_call_of(FunctionCallInfo fcinfo, ml_tally_kind kind)
{
	Oid label = get_fn_expr_argtype(fcinfo->flinfo, 2);
	Oid option = PG_NARGS() > 3 ? get_fn_expr_argtype(fcinfo->flinfo, 3) : InvalidOid;

	if (label != FLOAT8OID && (label != BOOLOID || kind > ML_TALLY_CALIBRATION))
		return false;
	if (kind == ML_TALLY_DEVIANCE)
		return option == TEXTOID;
	return !OidIsValid(option) ||
	       option == (kind == ML_TALLY_CALIBRATION ? INT4OID : FLOAT8OID);
}

/*
 * A row out of the state again, which an exact sum forgets without a trace: for frames that
 * move.  The state knows of what aggregate it is.
 */
Datum
cia_tally_drop(PG_FUNCTION_ARGS)
{
	ml_addend addend[ML_TALLY_TERMS];
	ml_tally_kind kind;
	ml_tally *tally;
	ml_case row;

	if (PG_ARGISNULL(0) || cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	kind = (ml_tally_kind) ((ml_tally *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)))->kind;
	if (!is_call_of(fcinfo, kind))
		raise_other_aggregate();
	row = read_case(fcinfo, kind, get_fn_expr_argtype(fcinfo->flinfo, 2) == FLOAT8OID);
	tally = state_arg(fcinfo, kind, ml_tally_sums(kind, row.bins));
	/* NULL tells the executor to begin anew */
	if (!ml_tally_drop(tally, addend, ml_tally_addends(kind, &row, addend)))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(tally);
}
