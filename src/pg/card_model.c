/* SPDX-License-Identifier: PostgreSQL */
/*
 * card_model.c: what a model itself tells of its data, its performance and what it uses.
 */
#include "card.h"

#include <math.h>

#define MOST_FEATURES 100
#define MOST_IMPORTANT 15
#define MOST_CLASSES 40
#define MOST_GROUPS 50

/* What rounding has left of nothing is nothing. */
static char *
digits(double number)
{
	return isfinite(number) ? psprintf("%.6g", fabs(number) < 1e-12 ? 0 : number) : NULL;
}

/* "42 more ...: see ...", where a table ends early. */
static void
put_rest(const cia_card *card, int rest, const char *what, const char *function)
{
	if (rest > 0)
		appendStringInfo(card->text, "\n%d more %s: `%s`.\n", rest, what, function);
	appendStringInfoChar(card->text, '\n');
}

static void
put_columns(const cia_card *card)
{
	static const char *const header[] = {"Column", "Type", "Role"};
	static const char *const member[] = {"name", "type", "role"};

	appendStringInfoString(card->text, "### Columns that were read\n\n");
	cia_markdown_table(card->text, header, lengthof(header));
	for (int64 i = 0; i < Min(card->columns.count, MOST_FEATURES); i++)
	{
		for (size_t k = 0; k < lengthof(member); k++)
			cia_markdown_cell(
			    card->text,
			    cia_text_cstring(
			        ml_value_member(&card->columns.items[i], member[k])->text));
		cia_markdown_end_row(card->text);
	}
	put_rest(card, (int) card->columns.count - MOST_FEATURES, "columns",
	         "SELECT columns FROM cia_versions");
}

static void
put_classes(const cia_card *card)
{
	const ml_schema *schema = &card->model->schema;
	bool segments = schema->task == ML_SEGMENTATION;
	const char *const header[] = {segments ? "Segment" : "Class", "#Training rows",
	                              "#Share"};

	appendStringInfo(card->text, "### %s\n\n", segments ? "Segments" : "Target");
	if (schema->classes == 0)
	{
		appendStringInfo(card->text,
		                 "A number: mean %.6g, standard deviation %.6g over the training "
		                 "rows.\n\n",
		                 schema->target_mean, schema->target_sd);
		return;
	}
	if (schema->task == ML_BINARY)
	{
		appendStringInfoString(card->text, "The score is the probability of class ");
		cia_markdown_text(card->text, cia_text_cstring(schema->class_label[1]));
		appendStringInfoString(card->text, ".\n\n");
	}
	cia_markdown_table(card->text, header, lengthof(header));
	for (int k = 0; k < Min(schema->classes, MOST_CLASSES); k++)
	{
		cia_markdown_cell(card->text, k == 0 && schema->rest
		                                  ? "all others"
		                                  : cia_text_cstring(schema->class_label[k]));
		cia_markdown_cell(card->text, cia_report_count(schema->class_count[k]));
		cia_markdown_cell(card->text,
		                  cia_report_percent(schema->class_count[k] / schema->rows));
		cia_markdown_end_row(card->text);
	}
	put_rest(card, schema->classes - MOST_CLASSES, segments ? "segments" : "classes",
	         segments ? "cia_segment_sizes" : "cia_confusion");
}

static void
put_feature(const cia_card *card, const ml_feature *feature)
{
	bool category = feature->kind == ML_CATEGORY;
	char *kind = psprintf("number%s%s", feature->use == ML_USE_TERM ? "" : ", ",
	                      feature->use == ML_USE_TERM ? "" : ml_use_word[feature->use]);
	const char *number[] = {
	    cia_profile_text(feature, feature->mean), cia_deviation_text(feature),
	    cia_profile_text(feature, feature->min), cia_profile_text(feature, feature->max)};

	if (category)
		kind = psprintf("category, %d labels%s", feature->levels,
		                feature->pooled ? ", rare ones pooled" : "");
	cia_markdown_cell(card->text, cia_element_name(feature->name, feature->element));
	cia_markdown_cell(card->text, kind);
	cia_markdown_cell(card->text,
	                  cia_report_percent(feature->missing / card->model->schema.rows));
	for (size_t i = 0; i < lengthof(number); i++)
		cia_markdown_cell(card->text, category ? NULL : number[i]);
	cia_markdown_end_row(card->text);
}

void
cia_card_data(const cia_card *card)
{
	static const char *const header[] = {"Feature", "Kind",     "#Missing", "#Mean",
	                                     "#SD",     "#Minimum", "#Maximum"};
	const ml_schema *schema = &card->model->schema;

	put_classes(card);
	put_columns(card);
	appendStringInfo(card->text,
	                 "### Features, as they were in %s training rows\n\n"
	                 "What lies outside of minimum and maximum has not been seen in "
	                 "training.\n\n",
	                 cia_report_count(schema->rows));
	cia_markdown_table(card->text, header, lengthof(header));
	for (int f = 0; f < Min(schema->features, MOST_FEATURES); f++)
		put_feature(card, &schema->feature[f]);
	put_rest(card, schema->features - MOST_FEATURES, "features", "cia_features");
}

static void
put_metric(const cia_card *card, const char *name, const ml_value *value)
{
	const ml_value *range = ml_value_member(&card->intervals, name);
	bool rows = strcmp(name, "rows") == 0;

	if (value == NULL || value->kind != ML_VALUE_NUMBER)
		return;
	cia_markdown_cell(card->text, name);
	cia_markdown_cell(card->text,
	                  rows ? cia_report_count(value->number) : digits(value->number));
	cia_markdown_cell(
	    card->text,
	    range != NULL && range->kind == ML_VALUE_NUMBERS && range->count == 2
	        ? psprintf("%s to %s", digits(range->numbers[0]), digits(range->numbers[1]))
	        : NULL);
	cia_markdown_end_row(card->text);
}

static bool
is_listed(const char *const *names, ml_text name)
{
	for (; *names != NULL; names++)
		if (ml_text_is(name, *names))
			return true;
	return false;
}

static const ml_value *
metrics_of(const ml_model *model)
{
	const ml_value *metrics = ml_value_member(&model->training, "metrics");

	return metrics != NULL && metrics->kind == ML_VALUE_OBJECT ? metrics : NULL;
}

/* The metrics that matter most come first, as in the report. */
static void
put_metrics(const cia_card *card, const ml_value *metrics)
{
	static const char *const header[] = {"Metric", "#Value", "95 % interval"};
	const char *const *first = cia_report_headline(card->model->schema.task);

	cia_markdown_table(card->text, header, lengthof(header));
	for (const char *const *name = first; *name != NULL; name++)
		put_metric(card, *name, ml_value_member(metrics, *name));
	for (int64 i = 0; i < metrics->count; i++)
		if (!is_listed(first, metrics->keys[i]))
			put_metric(card, cia_text_cstring(metrics->keys[i]), &metrics->items[i]);
	appendStringInfoChar(card->text, '\n');
}

static void
put_groups(const cia_card *card)
{
	const ml_by *by = card->model->by;
	const char *metric = ml_main_metric(card->model->schema.task);
	const char *header[] = {"Group", "#Rows", psprintf("#%s", metric)};

	appendStringInfoString(card->text, "### By group\n\nGroups by column ");
	cia_markdown_text(card->text,
	                  cia_text_cstring(card->model->schema.feature[by->feature].name));
	appendStringInfoString(card->text,
	                       ", each with a model of its own, judged on its own rows.\n\n");
	cia_markdown_table(card->text, header, lengthof(header));
	for (int g = 0; g < Min(by->groups, MOST_GROUPS); g++)
	{
		const ml_model *part = by->group[g].model;
		const ml_value *value = ml_value_member(metrics_of(part), metric);

		cia_markdown_cell(card->text, cia_text_cstring(by->group[g].label));
		cia_markdown_cell(card->text,
		                  cia_report_count(cia_training_number(part, "rows")));
		cia_markdown_cell(card->text, value != NULL && value->kind == ML_VALUE_NUMBER
		                                  ? digits(value->number)
		                                  : NULL);
		cia_markdown_end_row(card->text);
	}
	put_rest(card, by->groups - MOST_GROUPS, "groups", "cia_groups");
}

static void
put_calibration(const cia_card *card, const ml_value *metrics)
{
	static const char *const word[] = {[ML_CALIBRATION_ISOTONIC] = "isotonic regression",
	                                   [ML_CALIBRATION_PLATT] = "Platt's method"};
	const ml_value *error = ml_value_member(metrics, "ece");
	ml_calibration_kind kind = card->model->calibration.kind;

	appendStringInfoString(card->text, "### Calibration\n\n");
	if (kind == ML_CALIBRATION_NONE)
		appendStringInfoString(card->text, "Scores are as the algorithm gives them.");
	else
		appendStringInfo(
		    card->text,
		    "Scores are corrected by %s, learned from %s rows of the holdout, "
		    "which do not judge.",
		    word[kind],
		    cia_report_count(cia_training_number(card->model, "calibration_rows")));
	if (error != NULL && error->kind == ML_VALUE_NUMBER)
		appendStringInfo(card->text,
		                 " On average a score is %.6g away from the share of positives "
		                 "among rows of like scores (expected calibration error).",
		                 error->number);
	appendStringInfo(card->text, " On any rows: `cia_calibration(model, source)`.\n\n");
}

void
cia_card_performance(const cia_card *card)
{
	const ml_value *metrics = metrics_of(card->model);

	appendStringInfoString(card->text, "## Performance\n\n");
	if (metrics == NULL || metrics->count == 0)
		appendStringInfoString(
		    card->text,
		    "Not known: no rows were kept out of training (option `holdout`).\n\n");
	else
	{
		appendStringInfoString(
		    card->text, "On rows that were kept out of training, picked by row key.\n\n");
		put_metrics(card, metrics);
		if (card->model->schema.task == ML_BINARY)
			put_calibration(card, metrics);
	}
	if (card->model->by != NULL)
		put_groups(card);
	if (card->model->schema.task == ML_SEGMENTATION)
	{
		appendStringInfoString(
		    card->text,
		    "What the segments are like, by the features and by all else that a "
		    "source has: `cia_segment_profile(model, source)`.\n\n");
		return;
	}
	appendStringInfoString(
	    card->text, "Whether groups of people are treated alike is not known from the "
	                "training: `cia_fairness(model, source, attribute)` tells.\n\n");
}

void
cia_card_importance(const cia_card *card)
{
	static const char *const header[] = {"Feature", "#Share"};
	const ml_model *model =
	    card->model->by != NULL ? card->model->by->overall : card->model;
	ml_importance importance;

	cia_check(card->door, ml_model_importance(&card->door->host, model, &importance));
	appendStringInfoString(card->text, "## Explainability\n\n");
	if (importance.count > 0)
	{
		appendStringInfo(card->text, "%s%s.\n\n",
		                 cia_report_importance_basis(&importance),
		                 card->model->by != NULL ? ", in the model of all rows" : "");
		cia_markdown_table(card->text, header, lengthof(header));
	}
	for (int i = 0; i < Min(importance.count, MOST_IMPORTANT); i++)
	{
		const ml_feature *feature = &model->schema.feature[importance.order[i]];

		cia_markdown_cell(card->text, cia_element_name(feature->name, feature->element));
		cia_markdown_cell(card->text,
		                  cia_report_percent(importance.share[importance.order[i]]));
		cia_markdown_end_row(card->text);
	}
	if (importance.count > 0)
		put_rest(card, importance.count - MOST_IMPORTANT, "features", "cia_importance");
	appendStringInfoString(
	    card->text, "Any one score is explained by `cia_explain(model, row)`, exactly "
	                "and feature by feature; `cia_reasons(model, row)` gives the "
	                "reasons in words.\n\n");
}
