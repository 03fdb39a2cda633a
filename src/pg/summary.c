/* SPDX-License-Identifier: PostgreSQL */
/*
 * summary.c: cia_summary: what is known of a regression as a whole.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_summary);

/* R's name of the distribution that an algorithm assumes. */
const char *
cia_family_name(const ml_model *model)
{
	static const char *const name[][2] = {{"linear", "gaussian"},
	                                      {"logistic", "binomial"},
	                                      {"negative_binomial", "negative binomial"}};

	for (int i = 0; i < lengthof(name); i++)
		if (strcmp(model->learner->name, name[i][0]) == 0)
			return name[i][1];
	return model->learner->name;
}

const char *
cia_link_name(const ml_model *model)
{
	const ml_family *family = ml_model_family(model);

	return family != NULL ? family->link : "logit";
}

char *
cia_option_text(const ml_model *model, const char *name)
{
	const ml_value *option = ml_value_member(&model->options, name);

	return option != NULL && option->kind == ML_VALUE_TEXT
	           ? cia_text_cstring(option->text)
	           : NULL;
}

bool
cia_option_holds(const ml_model *model, const char *name)
{
	const ml_value *option = ml_value_member(&model->options, name);

	return option != NULL && option->kind == ML_VALUE_BOOL && option->boolean;
}

double
cia_training_number(const ml_model *model, const char *name)
{
	const ml_value *member = ml_value_member(&model->training, name);

	if (member != NULL && member->kind == ML_VALUE_BOOL)
		return member->boolean;
	return member != NULL && member->kind == ML_VALUE_NUMBER ? member->number : NAN;
}

cia_penalty
cia_penalty_of(const ml_model *model)
{
	if (ml_model_scalar(model, "lambda") > 0)
		return CIA_PENALTY_NET;
	return ml_model_option(model, "l2") > 0 ? CIA_PENALTY_RIDGE : CIA_PENALTY_NONE;
}

/* How standard errors were estimated; NULL where there are none. */
const char *
cia_kind_of_errors(const ml_model *model)
{
	char *cluster = cia_option_text(model, "cluster");

	if (cia_penalty_of(model) == CIA_PENALTY_NET)
		return NULL;
	if (cluster != NULL)
		return psprintf("clustered by %s", cluster);
	return cia_option_holds(model, "robust") ? "robust (HC1)" : "model-based";
}

/* Where the statistics of one model go. */
typedef struct output
{
	ReturnSetInfo *set;
	const char *part; /* names its group of rows; NULL: all */
} output;

static void
put(const output *out, const char *statistic, double value, const char *text)
{
	Datum values[4] = {(Datum) 0, CStringGetTextDatum(statistic), Float8GetDatum(value),
	                   (Datum) 0};
	bool nulls[4] = {out->part == NULL, false, isnan(value), text == NULL};

	if (isnan(value) && text == NULL)
		return;
	if (out->part != NULL)
		values[0] = CStringGetTextDatum(out->part);
	if (text != NULL)
		values[3] = CStringGetTextDatum(text);
	tuplestore_putvalues(out->set->setResult, out->set->setDesc, values, nulls);
}

/* Learned numbers of one model by their names, each that is known. */
static void
put_learned(const output *out, const ml_model *model, const char *const *name)
{
	for (; *name != NULL; name++)
		put(out, *name, ml_model_scalar(model, *name), NULL);
}

static void
put_kind(const output *out, const ml_model *model)
{
	const ml_schema *schema = &model->schema;

	put(out, "algorithm", NAN, model->learner->name);
	put(out, "family", NAN, cia_family_name(model));
	put(out, "link", NAN, cia_link_name(model));
	put(out, "target", NAN, cia_text_cstring(schema->target));
	if (schema->classes > 0)
		put(out, "classes", schema->classes, NULL);
	if (schema->classes > 0 && schema->positive >= 0)
		put(out, "positive", NAN,
		    cia_text_cstring(schema->class_label[schema->positive]));
	if (schema->task == ML_MULTICLASS)
		put(out, "reference", NAN, cia_text_cstring(schema->class_label[0]));
	put(out, "rows", cia_training_number(model, "rows"), NULL);
	put(out, "rows_skipped", cia_training_number(model, "skipped"), NULL);
	put(out, "rows_held_out", cia_training_number(model, "holdout_rows"), NULL);
	put(out, "features", schema->features, NULL);
}

/* The likelihood ratio test against the intercept alone: of maximum likelihood only. */
static void
put_likelihood_ratio(const output *out, const ml_model *model)
{
	double ratio =
	    ml_model_scalar(model, "null_deviance") - ml_model_scalar(model, "deviance");
	double df = ml_model_scalar(model, "df_model");

	if (isnan(ratio) || ml_model_has_dispersion(model) ||
	    cia_penalty_of(model) != CIA_PENALTY_NONE)
		return;
	put(out, "likelihood_ratio", ratio, NULL);
	put(out, "likelihood_ratio_p_value", ml_chi2_tail(ratio, df), NULL);
}

static void
put_fit(const output *out, const ml_model *model)
{
	static const char *const degrees[] = {
	    "observations", "df_model",    "df_residual", "r2",
	    "adjusted_r2",  "f_statistic", NULL};
	static const char *const shape[] = {"dispersion", "theta", "theta_error", NULL};
	static const char *const likelihood[] = {"log_likelihood", "null_deviance",
	                                         "deviance", NULL};
	static const char *const criteria[] = {"pseudo_r2", "aic", "bic", "condition_number",
	                                       NULL};

	put_learned(out, model, degrees);
	put(out, "f_p_value",
	    ml_f_tail(ml_model_scalar(model, "f_statistic"),
	              ml_model_scalar(model, "df_model"),
	              ml_model_scalar(model, "df_residual")),
	    NULL);
	if (ml_model_family(model) != NULL && ml_model_family(model)->quadratic)
		put(out, "residual_standard_error", sqrt(ml_model_scalar(model, "dispersion")),
		    NULL);
	put_learned(out, model, shape);
	put_learned(out, model, likelihood);
	put_likelihood_ratio(out, model);
	put_learned(out, model, criteria);
}

static void
put_course(const output *out, const ml_model *model)
{
	put(out, "class_weight", NAN, cia_option_text(model, "class_weight"));
	if (cia_penalty_of(model) != CIA_PENALTY_NET)
		put(out, "l2", ml_model_option(model, "l2"), NULL);
	put(out, "lambda", ml_model_scalar(model, "lambda"), NULL);
	put(out, "alpha", ml_model_scalar(model, "alpha"), NULL);
	put(out, "standard_errors", NAN, cia_kind_of_errors(model));
	put(out, "clusters", ml_model_scalar(model, "clusters"), NULL);
	put(out, "iterations", cia_training_number(model, "iterations"), NULL);
	put(out, "converged", NAN,
	    cia_training_number(model, "converged") == 0 ? "false" : "true");
}

static void
put_model(void *state, const cia_loaded *loaded, const char *part)
{
	output out = {.set = state, .part = part};
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_terms terms;

	cia_check(door, ml_model_terms(&door->host, loaded->model, &terms));
	cia_need_coefficients(loaded, terms.count);
	put_kind(&out, loaded->model);
	put_fit(&out, loaded->model);
	put_course(&out, loaded->model);
}

/* One row per statistic that is known, in a fixed order. */
Datum
cia_summary(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	cia_each_part(cia_managed_arg(fcinfo, 0), put_model, fcinfo->resultinfo);
	return (Datum) 0;
}
