/* SPDX-License-Identifier: PostgreSQL */
/*
 * scorecard.c: cia_scorecard: a logistic regression as points per attribute.
 *
 * With odds of good to bad, that is of non-event to event,
 *
 *	points = offset + factor ln(odds),	factor = pdo / ln 2,
 *	offset = base_points - factor ln(base_odds)
 *
 * (Siddiqi 2006).  ln(odds) is minus the margin b0 + sum_f c_f of the model, so each of the n
 * features has  (offset - factor b0) / n - factor c_f  points, and a row's points add up.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_scorecard);

#define COLUMNS 10

typedef struct scorecard
{
	ReturnSetInfo *set;
	char *part; /* the group that the part of a model serves; NULL: all others */
	double offset;
	double factor;
	double share; /* of offset and intercept that every feature has */
} scorecard;

static double
number_arg(FunctionCallInfo fcinfo, int argument, const char *name, bool positive)
{
	double number = PG_GETARG_FLOAT8(argument);

	if (!isfinite(number) || (positive && number <= 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                positive ? errmsg("argument \"%s\" must be positive", name)
		                         : errmsg("argument \"%s\" must be finite", name),
		                errhint("For example cia_scorecard('churn', pdo => 20, "
		                        "base_points => 600, base_odds => 50).")));
	return number;
}

static void
check_feature(const cia_loaded *loaded, const ml_feature *feature)
{
	const char *name = cia_element_name(feature->name, feature->element);

	if (feature->use != ML_USE_TERM)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("column \"%s\" of model \"%s\" is an offset, which has no points",
		                name, loaded->name),
		         errhint("Train without option \"offset\".")));
	if (feature->kind == ML_NUMBER && feature->bins == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("column \"%s\" of model \"%s\" is a number, and points need bins",
		                name, loaded->name),
		         errhint("Train with options => '{\"encode\": \"woe\"}'.")));
}

/* Points need a logistic regression whose every feature has few values. */
static void
check_model(const cia_loaded *loaded, const ml_model *model)
{
	const ml_schema *schema = &model->schema;
	const ml_value *link = ml_value_member(&model->options, "link");

	if (model->learner != &ml_logistic)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("model \"%s\" is of algorithm \"%s\", which has no scorecard",
		                loaded->name, model->learner->name),
		         errhint("Train with algorithm => 'logistic', options => '{\"encode\": "
		                 "\"woe\"}'.")));
	if (link != NULL && link->kind == ML_VALUE_TEXT && !ml_text_is(link->text, "logit"))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		     errmsg("model \"%s\" has link \"%s\", which has no odds to make points of",
		            loaded->name, cia_text_cstring(link->text)),
		     errhint("Train with link \"logit\", which is the default.")));
	for (int f = 0; f < schema->features; f++)
		check_feature(loaded, &schema->feature[f]);
}

/* One line: the columns from low to missing are set. */
static void
put_points(const scorecard *card, const ml_feature *feature, int bin, double woe,
           double coefficient, Datum *values, bool *nulls)
{
	double adds = coefficient * (isnan(woe) ? 1 : woe);

	nulls[0] = card->part == NULL;
	values[0] = nulls[0] ? (Datum) 0 : CStringGetTextDatum(card->part);
	values[1] = CStringGetTextDatum(cia_element_name(feature->name, feature->element));
	values[2] = Int32GetDatum(bin + 1);
	nulls[7] = isnan(woe);
	values[7] = nulls[7] ? (Datum) 0 : Float8GetDatum(woe);
	values[8] = Float8GetDatum(coefficient);
	values[9] = Float8GetDatum(card->share - card->factor * adds);
	tuplestore_putvalues(card->set->setResult, card->set->setDesc, values, nulls);
}

static void
put_bins(const scorecard *card, const ml_feature *feature, double coefficient)
{
	for (int i = 0; i <= feature->bins->bins; i++)
	{
		Datum values[COLUMNS];
		bool nulls[COLUMNS] = {false};

		cia_bin_bounds(feature, i, &values[3], &nulls[3]);
		put_points(card, feature, i, feature->bins->bin[i].woe, coefficient, values,
		           nulls);
	}
}

static void
put_labels(const scorecard *card, const ml_feature *feature, const double *coefficient)
{
	for (int i = 0; i <= feature->levels; i++)
	{
		bool missing = i == feature->levels;
		Datum values[COLUMNS] = {0};
		bool nulls[COLUMNS] = {[3] = true, [4] = true, [5] = missing};

		if (!missing)
		{
			Datum label = CStringGetTextDatum(cia_text_cstring(feature->label[i]));

			values[5] = PointerGetDatum(
			    construct_array(&label, 1, TEXTOID, -1, false, TYPALIGN_INT));
		}
		values[6] = BoolGetDatum(missing);
		put_points(card, feature, i, NAN, coefficient[i], values, nulls);
	}
}

/* The points of a model without parts, or of one part. */
static void
put_model(scorecard *card, const cia_loaded *loaded, const ml_model *model)
{
	const ml_schema *schema = &model->schema;
	const double *coefficient;

	check_model(loaded, model);
	coefficient = ml_fitted_part(&model->fitted, "coefficients")->number;
	card->share =
	    (card->offset -
	     card->factor * ml_fitted_part(&model->fitted, "intercept")->number[0]) /
	    schema->features;
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->bins != NULL)
			put_bins(card, feature, *coefficient);
		else
			put_labels(card, feature, coefficient);
		coefficient += ml_feature_slots(feature);
	}
}

Datum
cia_scorecard(PG_FUNCTION_ARGS)
{
	double pdo = number_arg(fcinfo, 1, "pdo", true);
	double base_points = number_arg(fcinfo, 2, "base_points", false);
	double base_odds = number_arg(fcinfo, 3, "base_odds", true);
	scorecard card = {.factor = pdo / log(2)};
	const cia_loaded *loaded;
	const ml_by *by;

	InitMaterializedSRF(fcinfo, 0);
	loaded = cia_managed_arg(fcinfo, 0);
	by = loaded->model->by;
	card.set = (ReturnSetInfo *) fcinfo->resultinfo;
	card.offset = base_points - card.factor * log(base_odds);
	for (int g = 0; by != NULL && g < by->groups; g++)
	{
		card.part = cia_text_cstring(by->group[g].label);
		put_model(&card, loaded, by->group[g].model);
	}
	card.part = NULL;
	put_model(&card, loaded, by != NULL ? by->overall : loaded->model);
	return (Datum) 0;
}
