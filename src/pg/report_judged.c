/* SPDX-License-Identifier: PostgreSQL */
/*
 * report_judged.c: how good a model is, in charts and tables.
 */
#include "report.h"

#include <float.h>
#include <math.h>

#include "judge/curve.h"
#include "judge/interval.h"

#define POINTS 200 /* of a curve */
#define PARTS 10   /* of the rows, by score */
#define COLUMNS 20 /* of a histogram */
#define MOST_CLASSES 40

static const double whole[] = {0, 1};

static cia_chart
share_chart(const cia_findings *report, const char *title, const char *x, const char *y)
{
	return (cia_chart){.page = report->page,
	                   .title = title,
	                   .label = {x, y},
	                   .high = {1, 1},
	                   .percent = {true, true}};
}

static void
put_roc(const cia_findings *report, const ml_steps *steps)
{
	cia_chart chart =
	    share_chart(report, "ROC curve", "false positive rate", "true positive rate");
	double *x, *y;
	ml_curve curve;

	cia_check(report->run->door,
	          ml_roc_curve(&report->run->door->host, steps, POINTS, &curve));
	x = palloc(sizeof *x * curve.count);
	y = palloc(sizeof *y * curve.count);
	for (int64 i = 0; i < curve.count; i++)
	{
		x[i] = curve.point[i].false_positives / steps->negatives;
		y[i] = curve.point[i].true_positives / steps->positives;
	}
	cia_chart_open(&chart);
	cia_chart_line(&chart, "quiet", 2, whole, whole);
	cia_chart_line(&chart, "first", (int) curve.count, x, y);
	cia_chart_close(&chart);
}

static void
put_gains(const cia_findings *report, const ml_steps *steps, const ml_lift_bin *bin,
          int bins)
{
	cia_chart chart =
	    share_chart(report, "Cumulative gains", "share of rows, highest scores first",
	                "share of positives found");
	double x[PARTS + 1] = {0}, y[PARTS + 1] = {0};

	for (int i = 0; i < bins; i++)
	{
		x[i + 1] = bin[i].cumulative_rows / (steps->positives + steps->negatives);
		y[i + 1] = bin[i].cumulative_responders / steps->positives;
	}
	cia_chart_open(&chart);
	cia_chart_line(&chart, "quiet", 2, whole, whole);
	cia_chart_line(&chart, "first", bins + 1, x, y);
	for (int i = 1; i <= bins; i++)
		cia_chart_dot(&chart, "first", (double[]){x[i], y[i]}, (double[]){y[i], y[i]},
		              psprintf("%s of the rows hold %s of the positives",
		                       cia_report_percent(x[i]), cia_report_percent(y[i])));
	cia_chart_close(&chart);
}

static void
put_lift(const cia_findings *report, const ml_steps *steps, const ml_lift_bin *bin,
         int bins)
{
	static const char *const header[] = {"decile", "#rows", "#positives", "#rate",
	                                     "#lift",  "",      "#gain"};
	double rate = steps->positives / (steps->positives + steps->negatives), most = 0;

	for (int i = 0; i < bins; i++)
		most = Max(most, bin[i].responders / bin[i].rows);
	cia_page_table(report->page, header, lengthof(header));
	for (int i = 0; i < bins; i++)
	{
		double here = bin[i].responders / bin[i].rows;

		cia_page_row(report->page);
		cia_page_cell(report->page, psprintf("%d", bin[i].bin));
		cia_page_number(report->page, cia_report_count(bin[i].rows));
		cia_page_number(report->page, cia_report_count(bin[i].responders));
		cia_page_number(report->page, cia_report_percent(here));
		cia_page_number(report->page, psprintf("%.2f", here / rate));
		cia_page_bar(report->page, here / most);
		cia_page_number(report->page, cia_report_percent(bin[i].cumulative_responders /
		                                                 steps->positives));
		cia_page_end_row(report->page);
	}
	cia_page_end_table(report->page);
}

static void
put_calibration(const cia_findings *report)
{
	cia_chart chart = share_chart(report, "Calibration, with 95 % intervals",
	                              "mean score", "observed rate");
	ml_calibration_bin bin[PARTS];
	int bins;

	cia_check(report->run->door,
	          ml_calibrate_bins(&report->run->door->host, &report->judged.outcomes, PARTS,
	                            false, bin, &bins));
	chart.high[CIA_X] = 0;
	for (int i = 0; i < bins; i++)
		chart.high[CIA_X] =
		    Max(chart.high[CIA_X], Max(bin[i].mean_score, bin[i].observed_high));
	chart.high[CIA_Y] = chart.high[CIA_X];
	cia_chart_open(&chart);
	cia_chart_line(&chart, "quiet", 2, whole, whole);
	for (int i = 0; i < bins; i++)
		cia_chart_dot(&chart, "first", (double[]){bin[i].mean_score, bin[i].observed},
		              (double[]){bin[i].observed_low, bin[i].observed_high},
		              psprintf("%s rows: %s promised, %s came",
		                       cia_report_count(bin[i].rows),
		                       cia_report_percent(bin[i].mean_score),
		                       cia_report_percent(bin[i].observed)));
	cia_chart_close(&chart);
}

/* Shares of the two classes, or of all rows, by columns between two values. */
static void
put_histogram(const cia_findings *report, cia_chart chart, const double *value,
              bool classes)
{
	const ml_outcomes *in = &report->judged.outcomes;
	double share[2][COLUMNS] = {{0}}, total[2] = {0}, low = chart.low[CIA_X];
	double width = (chart.high[CIA_X] - low) / COLUMNS;

	for (int64 i = 0; i < in->rows; i++)
	{
		int class = classes && in->target[i] > 0;
		int column = (int) Min(Max((value[i] - low) / width, 0), COLUMNS - 1);

		share[class][column] += in->weight != NULL ? in->weight[i] : 1;
		total[class] += in->weight != NULL ? in->weight[i] : 1;
	}
	chart.high[CIA_Y] = 0;
	for (int i = 0; i < 2 * COLUMNS; i++)
	{
		share[i / COLUMNS][i % COLUMNS] /= Max(total[i / COLUMNS], DBL_MIN);
		chart.high[CIA_Y] = Max(chart.high[CIA_Y], share[i / COLUMNS][i % COLUMNS]);
	}
	cia_chart_open(&chart);
	for (int i = 0; i < (1 + classes) * COLUMNS; i++)
	{
		double left = low + width * (i % COLUMNS), here = share[i / COLUMNS][i % COLUMNS];

		if (here > 0)
			cia_chart_bar(&chart, i < COLUMNS ? "first" : "second",
			              (double[]){left, left + width}, here,
			              psprintf("%s to %s: %s", cia_report_number(left),
			                       cia_report_number(left + width),
			                       cia_report_percent(here)));
	}
	if (classes)
	{
		const ml_schema *schema = &report->run->loaded->model->schema;

		cia_chart_key(&chart,
		              schema->rest ? "others" : cia_text_cstring(schema->class_label[0]),
		              cia_text_cstring(schema->class_label[1]));
	}
	cia_chart_close(&chart);
}

static void
put_two_classes(const cia_findings *report)
{
	ml_lift_bin bin[PARTS];
	ml_steps steps;
	int bins;

	cia_check(report->run->door,
	          ml_steps_find(&report->run->door->host, &report->judged.outcomes, &steps));
	if (!(steps.positives > 0) || !(steps.negatives > 0))
		return;
	bins = ml_lift(&steps, PARTS, bin);
	cia_page_section(
	    report->page, "How well it ranks",
	    "The further above the dashed line, the better; the line is chance.");
	cia_page_charts(report->page);
	put_roc(report, &steps);
	put_gains(report, &steps, bin, bins);
	cia_page_end_charts(report->page);
	put_lift(report, &steps, bin, bins);
	cia_page_end_section(report->page);
	cia_page_section(report->page, "Whether scores are probabilities",
	                 "On the dashed line as many positives come as the score promises.");
	cia_page_charts(report->page);
	put_calibration(report);
	put_histogram(
	    report,
	    share_chart(report, "Scores, by what came out", "score", "share of the class"),
	    report->judged.outcomes.score, true);
	cia_page_end_charts(report->page);
	cia_page_end_section(report->page);
}

/* The means of some rows' scores and outcomes, with the interval of the latter. */
typedef struct part
{
	double rows;
	double point[2];
	double range[2];
} part;

static part
part_of(const ml_outcomes *in, const uint32_t *row, int64 rows)
{
	double score = 0, target = 0, squares = 0, weight = 0, heavy = 0, error;

	for (int64 i = 0; i < rows; i++)
	{
		double w = in->weight != NULL ? in->weight[row[i]] : 1, y = in->target[row[i]];

		score += w * in->score[row[i]];
		target += w * y;
		squares += w * y * y;
		weight += w;
		heavy += w * w;
	}
	if (rows < 2 || !(weight * weight > heavy))
		return (part){0};
	score /= weight;
	target /= weight;
	error = ML_Z * sqrt(Max(squares / weight - target * target, 0) /
	                    (weight * weight / heavy - 1));
	return (part){.rows = (double) rows,
	              .point = {score, target},
	              .range = {target - error, target + error}};
}

/* Scores and outcomes in parts of the rows, by score. */
static void
put_promised(const cia_findings *report)
{
	const ml_outcomes *in = &report->judged.outcomes;
	cia_chart chart = {.page = report->page,
	                   .title = "Predicted and observed, tenths of the rows by score",
	                   .label = {"mean score", "mean of the target"}};
	uint32_t *order = palloc_extended(sizeof *order * Max(in->rows, 1), MCXT_ALLOC_HUGE);
	double low = INFINITY, high = -INFINITY, end[2];
	part parts[PARTS];

	cia_check(report->run->door,
	          ml_sort_numbers(&report->run->door->host, in->score, in->rows, order));
	for (int i = 0; i < PARTS; i++)
	{
		int64 begin = in->rows * i / PARTS;

		parts[i] = part_of(in, order + begin, in->rows * (i + 1) / PARTS - begin);
		if (parts[i].rows == 0)
			continue;
		low = Min(low, Min(parts[i].point[CIA_X], parts[i].range[0]));
		high = Max(high, Max(parts[i].point[CIA_X], parts[i].range[1]));
	}
	end[0] = chart.low[CIA_X] = chart.low[CIA_Y] = low;
	end[1] = chart.high[CIA_X] = chart.high[CIA_Y] = high;
	cia_chart_open(&chart);
	cia_chart_line(&chart, "quiet", 2, end, end);
	for (int i = 0; i < PARTS; i++)
		if (parts[i].rows > 0)
			cia_chart_dot(&chart, "first", parts[i].point, parts[i].range,
			              psprintf("%s rows: %s predicted, %s observed",
			                       cia_report_count(parts[i].rows),
			                       cia_report_number(parts[i].point[CIA_X]),
			                       cia_report_number(parts[i].point[CIA_Y])));
	cia_chart_close(&chart);
}

static void
put_value(const cia_findings *report)
{
	const ml_outcomes *in = &report->judged.outcomes;
	double *residual =
	    palloc_extended(sizeof *residual * Max(in->rows, 1), MCXT_ALLOC_HUGE);
	double squares = 0, spread;
	cia_chart chart = {.page = report->page,
	                   .title = "Residuals",
	                   .label = {"target less score", "share of rows"},
	                   .percent = {false, true}};

	for (int64 i = 0; i < in->rows; i++)
	{
		residual[i] = in->target[i] - in->score[i];
		squares += residual[i] * residual[i];
	}
	spread = 3 * sqrt(squares / in->rows);
	if (!isfinite(spread) || !(spread > 0))
		return;
	chart.low[CIA_X] = -spread;
	chart.high[CIA_X] = spread;
	cia_page_section(
	    report->page, "How well it predicts",
	    "On the dashed line scores are right on average. Residuals beyond three "
	    "times their root mean square are counted at the ends.");
	cia_page_charts(report->page);
	put_promised(report);
	put_histogram(report, chart, residual, false);
	cia_page_end_charts(report->page);
	cia_page_end_section(report->page);
}

/* Weights by class and predicted class, [classes][classes]. */
static double *
confusion_of(const ml_class_outcomes *in)
{
	double *count = palloc0(sizeof *count * in->classes * in->classes);

	for (int64 i = 0; i < in->rows; i++)
		if (in->target[i] >= 0)
			count[(int) in->target[i] * in->classes + (int) in->predicted[i]] +=
			    in->weight != NULL ? in->weight[i] : 1;
	return count;
}

static void
put_class(const cia_findings *report, const double *count, int class)
{
	const ml_schema *schema = &report->run->loaded->model->schema;
	int classes = schema->classes, other = -1;
	double rows = 0, called = 0, right = count[class * classes + class];

	for (int k = 0; k < classes; k++)
	{
		rows += count[class * classes + k];
		called += count[k * classes + class];
		if (k != class && count[class * classes + k] > 0 &&
		    (other < 0 || count[class * classes + k] > count[class * classes + other]))
			other = k;
	}
	cia_page_row(report->page);
	cia_page_cell(report->page, cia_text_cstring(schema->class_label[class]));
	cia_page_number(report->page, cia_report_count(rows));
	cia_page_number(report->page, cia_report_percent(rows > 0 ? right / rows : NAN));
	cia_page_bar(report->page, rows > 0 ? right / rows : 0);
	cia_page_number(report->page, cia_report_percent(called > 0 ? right / called : NAN));
	cia_page_cell(
	    report->page,
	    other >= 0 ? psprintf("%s (%s)", cia_text_cstring(schema->class_label[other]),
	                          cia_report_percent(count[class * classes + other] / rows))
	               : "");
	cia_page_end_row(report->page);
}

static void
put_classes(const cia_findings *report)
{
	static const char *const header[] = {"class", "#rows",      "#recall",
	                                     "",      "#precision", "most often taken for"};
	const ml_class_outcomes *in = &report->judged.classes;
	double *count = confusion_of(in);

	cia_page_section(report->page, "How well it tells classes apart",
	                 "Recall: share of the class's rows that were recognized; precision: "
	                 "share of the rows called so that are.");
	cia_page_table(report->page, header, lengthof(header));
	for (int k = 0; k < Min(in->classes, MOST_CLASSES); k++)
		put_class(report, count, k);
	cia_page_end_table(report->page);
	if (in->classes > MOST_CLASSES)
		cia_page_text(report->page, psprintf("%d more classes: see cia_confusion.",
		                                     in->classes - MOST_CLASSES));
	cia_page_end_section(report->page);
}

void
cia_report_judged(const cia_findings *report)
{
	switch (report->judged.task)
	{
		case ML_BINARY:
			put_two_classes(report);
			break;
		case ML_MULTICLASS:
			put_classes(report);
			break;
		case ML_REGRESSION:
			put_value(report);
			break;
		case ML_SEGMENTATION:
			break; /* has no report */
	}
}
