/* SPDX-License-Identifier: PostgreSQL */
/*
 * report.h: what the page of cia_report is made of.
 *
 *	report.c		what is on the page
 *	report_judged.c	how good the model is, in charts and tables
 *	report_page.c	its frame, its style, its tables
 *	report_chart.c	its charts
 */
#ifndef CIA_REPORT_H
#define CIA_REPORT_H

#include "cia.h"

#include "judge/slices.h"
#include "lib/stringinfo.h"

typedef struct cia_findings
{
	StringInfo page;
	cia_judged *run;
	ml_rows rows; /* that are judged, codes translated */
	ml_judged judged;
	ml_report metrics;
	ml_slices slices;
} cia_findings;

/* report_judged.c */
extern void cia_report_judged(const cia_findings *report);

/* report.c: numbers as text; a dash for what is not known */
extern char *cia_report_count(double count);
extern char *cia_report_number(double number);
extern char *cia_report_percent(double share);

/* The metrics to be seen first, NULL behind the last. */
extern const char *const *cia_report_headline(ml_task_kind task);

/* What the shares of a model's features are shares of, as the beginning of a sentence. */
extern const char *cia_report_importance_basis(const ml_importance *importance);

/* report_page.c: everything that is appended as text is escaped */
extern void cia_page_open(StringInfo page, const char *title);
extern void cia_page_close(StringInfo page);
extern void cia_page_text(StringInfo page, const char *text);

/* A section with a heading and a sentence that says what it shows; charts lie side by side. */
extern void cia_page_section(StringInfo page, const char *heading, const char *lead);
extern void cia_page_end_section(StringInfo page);
extern void cia_page_charts(StringInfo page);
extern void cia_page_end_charts(StringInfo page);

/* A number that is to be seen first. */
extern void
cia_page_tile(StringInfo page, const char *label, const char *value, const char *range);

/* Tables: a header of words, then rows of cells; a word with '#' in front heads numbers, flush right. */
extern void cia_page_table(StringInfo page, const char *const *header, int columns);
extern void cia_page_row(StringInfo page);
extern void cia_page_end_row(StringInfo page);
extern void cia_page_cell(StringInfo page, const char *text);
extern void cia_page_number(StringInfo page, const char *text);

/* A cell that holds a bar, a share of the cell's width. */
extern void cia_page_bar(StringInfo page, double share);
extern void cia_page_end_table(StringInfo page);

/* report_chart.c */
typedef enum cia_axis
{
	CIA_X,
	CIA_Y
} cia_axis;

typedef struct cia_chart
{
	StringInfo page;
	const char *title;
	const char *label[2];
	double low[2];
	double high[2];
	bool percent[2];
} cia_chart;

extern void cia_chart_open(const cia_chart *chart);
extern void cia_chart_close(const cia_chart *chart);

/* Marks are of style "first", "second" or "quiet". */
extern void cia_chart_line(const cia_chart *chart, const char *style, int points,
                           const double *x, const double *y);

/* A point with the interval it may lie in, and what is told of it where the pointer rests. */
extern void cia_chart_dot(const cia_chart *chart, const char *style,
                          const double point[2], const double range[2], const char *tip);
extern void cia_chart_bar(const cia_chart *chart, const char *style, const double x[2],
                          double y, const char *tip);
extern void cia_chart_key(const cia_chart *chart, const char *first, const char *second);

#endif
