/* SPDX-License-Identifier: PostgreSQL */
/*
 * report.c: cia_report: a model's validation as one page.
 *
 * The source is read once; every figure of the page is of the same rows.  What the page says of
 * the training comes from cia_versions, with the caller's rights.
 */
#include "report.h"

#include <math.h>

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_report);

#define MOST_FEATURES 15
#define MOST_SLICES 10
#define SURE 0.01 /* p-value up to which a slice is shown */

static const ml_option report_option[] = {CIA_OPTION_ROWS};

static const cia_fact training_fact[] = {
    {"Algorithm", "algorithm"},
    {"Target", "target"},
    {"Source", "source"},
    {"Rows used", "rows_used"},
    {"Rows skipped", "rows_skipped"},
    {"Features", "features"},
    {"Seconds", "round(seconds::numeric, 2)"},
    {"Trained by", "trained_by"},
    {"Trained at", "trained_at"},
    {"Size", "pg_catalog.pg_size_pretty(size::bigint)"},
    {"Fingerprint", "fingerprint"},
    {"Options", "options"},
    {"Notes", "notes"}, /* the last one has a place of its own on the page */
};

#define TRAINING_FACTS ((int) lengthof(training_fact) - 1)

/* 1234567 as "1,234,567". */
char *
cia_report_count(double count)
{
	char *digits = psprintf("%.0f", count);
	int length = (int) strlen(digits);
	char *out = palloc(length + length / 3 + 1), *to = out;

	for (int i = 0; i < length; i++)
	{
		if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

/* Four digits, large numbers in thousands and so on: 31.36k. */
char *
cia_report_number(double number)
{
	static const char *const unit[] = {"", "k", "M", "B", "T"};
	int step = 0;

	if (isnan(number))
		return pstrdup("–");
	for (double size = fabs(number); size >= 9999.5 && step < 4; step++)
	{
		size /= 1000;
		number /= 1000;
	}
	return psprintf("%.4g%s", number, unit[step]);
}

char *
cia_report_percent(double share)
{
	return isnan(share) ? pstrdup("–") : psprintf("%.1f%%", 100 * share);
}

const char *const *
cia_report_headline(ml_task_kind task)
{
	static const char *const metric[][6] = {
	    [ML_REGRESSION] = {"r2", "rmse", "mae", "d2"},
	    [ML_BINARY] = {"auc", "ks", "log_loss", "brier", "positive_rate"},
	    [ML_MULTICLASS] = {"accuracy", "balanced_accuracy", "macro_f1", "log_loss"},
	    [ML_SEGMENTATION] = {"silhouette", "calinski_harabasz", "davies_bouldin",
	                         "inertia"}};

	return metric[task];
}

static void
put_tiles(const cia_findings *report)
{
	const char *const *shown = cia_report_headline(report->judged.task);

	appendStringInfoString(report->page, "<div class=\"tiles\">\n");
	for (; *shown != NULL; shown++)
	{
		const ml_metric *metric = ml_report_metric(&report->metrics, *shown);

		if (metric == NULL || isnan(metric->value))
			continue;
		cia_page_tile(report->page, metric->name, cia_report_number(metric->value),
		              isfinite(metric->low)
		                  ? psprintf("%s to %s", cia_report_number(metric->low),
		                             cia_report_number(metric->high))
		                  : "");
	}
	cia_page_tile(report->page, "rows judged", cia_report_count(report->rows.end),
	              report->run->holdout ? "kept out of training" : "all of the source");
	appendStringInfoString(report->page, "</div>\n");
}

static void
put_notes(StringInfo page, const char *notes)
{
	Datum *note;
	int count;

	deconstruct_array(cia_text_array(notes), TEXTOID, -1, false, TYPALIGN_INT, &note,
	                  NULL, &count);
	if (count == 0)
		return;
	appendStringInfoString(page, "<div class=\"notes\"><ul>\n");
	for (int i = 0; i < count; i++)
	{
		appendStringInfoString(page, "<li>");
		cia_page_text(page, TextDatumGetCString(note[i]));
		appendStringInfoString(page, "</li>\n");
	}
	appendStringInfoString(page, "</ul></div>\n");
}

const char *
cia_report_importance_basis(const ml_importance *importance)
{
	uint32_t first = importance->order[0];

	if (importance->of_segments)
		return "Share of each feature in the variance between the segments' centres";
	if (!isnan(importance->shap[first]))
		return "Share of each feature in the mean of absolute Shapley values on training "
		       "rows";
	return !isnan(importance->gain[first])
	           ? "Share of each feature in what the splits took off the loss"
	           : "Share of each feature in the deviations of what features add to the "
	             "margin";
}

static void
put_importance(const cia_findings *report)
{
	static const char *const header[] = {"feature", "", "#share", "#"};
	const ml_model *model = report->run->loaded->model;
	ml_importance importance;

	cia_check(report->run->door,
	          ml_model_importance(&report->run->door->host, model, &importance));
	if (importance.count == 0)
		return;
	cia_page_section(report->page, "What it uses",
	                 psprintf("%s.", cia_report_importance_basis(&importance)));
	cia_page_table(report->page, header, 3);
	for (int i = 0; i < Min(importance.count, MOST_FEATURES); i++)
	{
		uint32_t f = importance.order[i];
		const ml_feature *feature = &model->schema.feature[f];

		cia_page_row(report->page);
		cia_page_cell(report->page, cia_element_name(feature->name, feature->element));
		cia_page_bar(report->page,
		             importance.share[f] / importance.share[importance.order[0]]);
		cia_page_number(report->page, cia_report_percent(importance.share[f]));
		cia_page_end_row(report->page);
	}
	cia_page_end_table(report->page);
	cia_page_end_section(report->page);
}

/* The rows of a slice as an analyst would write them. */
static char *
slice_text(const ml_schema *schema, const ml_slice *slice)
{
	const ml_feature *feature = &schema->feature[slice->feature];
	char *name = cia_element_name(feature->name, feature->element);

	if (slice->level == feature->levels && feature->kind == ML_CATEGORY)
		return psprintf("%s IS NULL", name);
	if (slice->level >= 0)
		return feature->kind == ML_CATEGORY
		           ? psprintf("%s = %s", name,
		                      quote_literal_cstr(cia_feature_text(feature, slice->level)))
		           : psprintf("%s IS NULL", name);
	if (slice->low == slice->high)
		return psprintf("%s = %s", name, cia_feature_text(feature, slice->low));
	return psprintf("%s BETWEEN %s AND %s", name, cia_feature_text(feature, slice->low),
	                cia_feature_text(feature, slice->high));
}

static void
put_slice(const cia_findings *report, const ml_slice *slice, bool means)
{
	cia_page_row(report->page);
	cia_page_cell(report->page, slice_text(&report->run->loaded->model->schema, slice));
	cia_page_number(report->page, cia_report_count(slice->rows));
	if (means)
	{
		cia_page_number(report->page, cia_report_number(slice->score));
		cia_page_number(report->page, cia_report_number(slice->target));
	}
	cia_page_number(report->page, cia_report_number(slice->loss));
	cia_page_number(report->page, psprintf("%.2f", slice->effect));
	cia_page_end_row(report->page);
}

static void
put_slices(const cia_findings *report)
{
	static const char *const with_means[] = {"rows with", "#rows", "#mean score",
	                                         "#observed", "#loss", "#effect"};
	static const char *const without[] = {"rows with", "#rows", "#loss", "#effect"};
	bool means = report->judged.task != ML_MULTICLASS;
	const ml_slices *slices = &report->slices;
	int shown = 0;

	while (shown < Min(slices->slices, MOST_SLICES) &&
	       slices->slice[shown].p_value <= SURE)
		shown++;
	cia_page_section(
	    report->page, "Where it errs most",
	    shown > 0 ? "Rows whose losses are surely above those of all others (Welch's "
	                "test, p under 0.01 for all slices together). Effect: the difference "
	                "in standard deviations."
	              : psprintf("None of %d slices has losses that are surely above those "
	                         "of the other rows.",
	                         slices->looked_at));
	if (shown > 0)
	{
		cia_page_table(report->page, means ? with_means : without,
		               means ? lengthof(with_means) : lengthof(without));
		for (int i = 0; i < shown; i++)
			put_slice(report, &slices->slice[i], means);
		cia_page_end_table(report->page);
	}
	cia_page_end_section(report->page);
}

static void
put_metrics(const cia_findings *report)
{
	static const char *const header[] = {"metric", "#value", "#low", "#high"};

	cia_page_section(report->page, "All metrics", "With 95 % intervals.");
	cia_page_table(report->page, header, lengthof(header));
	for (int i = 0; i < report->metrics.metrics; i++)
	{
		const ml_metric *metric = &report->metrics.metric[i];
		bool rows = strcmp(metric->name, "rows") == 0;

		cia_page_row(report->page);
		cia_page_cell(report->page, metric->name);
		cia_page_number(report->page, rows ? cia_report_count(metric->value)
		                                   : psprintf("%.6g", metric->value));
		cia_page_number(report->page,
		                isfinite(metric->low) ? psprintf("%.6g", metric->low) : "");
		cia_page_number(report->page,
		                isfinite(metric->high) ? psprintf("%.6g", metric->high) : "");
		cia_page_end_row(report->page);
	}
	cia_page_end_table(report->page);
	cia_page_end_section(report->page);
}

static void
put_training(StringInfo page, char *const *text)
{
	cia_page_section(page, "How it was made",
	                 "Train again with these and the model is the same.");
	cia_page_table(page, NULL, 0);
	for (int i = 0; i < TRAINING_FACTS; i++)
	{
		cia_page_row(page);
		cia_page_cell(page, training_fact[i].label);
		cia_page_cell(page, text[i] != NULL ? text[i] : "");
		cia_page_end_row(page);
	}
	cia_page_end_table(page);
	cia_page_end_section(page);
}

static ml_status
judge(ml_host *host, cia_findings *report)
{
	const ml_model *model = report->run->loaded->model;
	ml_losses losses;
	ml_truth truth;

	ML_TRY(ml_truth_read(host, model, &report->run->rows, &report->rows, &truth));
	ML_TRY(ml_judged_score(host, model, &report->rows, &truth, &report->judged));
	ML_TRY(ml_judged_report(host, &report->judged, &report->metrics));
	ML_TRY(ml_judged_losses(host, &report->judged, &losses));
	return ml_find_slices(host, model, &report->rows, &losses, &report->slices);
}

static void
judge_rows(cia_findings *report)
{
	cia_door *door = report->run->door;
	ml_status status;

	cia_judged_run(&report->run, 1, report->run->source);
	cia_check(door, ml_pool_open(&door->host));
	status = judge(&door->host, report);
	ml_pool_close(&door->host);
	cia_check(door, status);
}

static void
put_page(cia_findings *report, const char *name, char *const *facts)
{
	StringInfo page = report->page;

	cia_page_open(page, psprintf("%s: model report", name));
	appendStringInfoString(page, "<header><h1>");
	cia_page_text(page, name);
	appendStringInfoString(page, "</h1>\n<p class=\"lead\">");
	cia_page_text(
	    page,
	    psprintf("%s for %s, trained on %s rows, judged on rows that were %s.", facts[0],
	             facts[1], cia_report_count(report->run->loaded->model->schema.rows),
	             report->run->holdout ? "kept out of training" : "given to this report"));
	appendStringInfoString(page, "</p></header>\n");
	put_tiles(report);
	put_notes(page, facts[TRAINING_FACTS]);
	cia_report_judged(report);
	put_importance(report);
	put_slices(report);
	put_metrics(report);
	put_training(page, facts);
	appendStringInfo(page, "<footer>Made by cia_report on PostgreSQL %s.</footer>\n",
	                 PG_VERSION);
	cia_page_close(page);
}

Datum
cia_report(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {.option = report_option,
	                                       .options = lengthof(report_option),
	                                       .reveals = true,
	                                       .own_source = true};
	char *facts[lengthof(training_fact)];
	StringInfoData page;
	cia_findings report = {.page = &page};
	MemoryContext before;

	initStringInfo(&page);
	report.run = cia_judged_open(fcinfo, 2, &table);
	before = MemoryContextSwitchTo(report.run->door->arena);
	cia_version_facts(cia_schema(fcinfo), &report.run->entry, training_fact,
	                  lengthof(training_fact), facts);
	judge_rows(&report);
	put_page(
	    &report,
	    psprintf("%s@%d", NameStr(report.run->entry.name), report.run->entry.version),
	    facts);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(report.run->door->arena);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(page.data, page.len));
}
