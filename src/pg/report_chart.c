/* SPDX-License-Identifier: PostgreSQL */
/*
 * report_chart.c: charts as inline SVG.
 *
 * Coordinates are kept within the plot and written with a tenth of a pixel, so that a chart is a few
 * kilobytes whatever it shows.  Colours are the page's, by class.
 */
#include "report.h"

#include <math.h>

#define WIDTH 380
#define HEIGHT 260
#define LEFT 52
#define RIGHT 20
#define TOP 12
#define BOTTOM 40
#define TICKS 5 /* about so many */

/* Where a value lies, in pixels. */
static double
place(const cia_chart *chart, cia_axis axis, double value)
{
	double span = chart->high[axis] - chart->low[axis];
	double share = span > 0 ? (value - chart->low[axis]) / span : 0.5;

	share = Min(Max(share, 0), 1);
	return axis == CIA_X ? LEFT + share * (WIDTH - LEFT - RIGHT)
	                     : HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

/* The round step, 1, 2 or 5 times a power of ten, that makes about TICKS of a span. */
static double
round_step(double span)
{
	double power = pow(10, floor(log10(span / TICKS))), times = span / TICKS / power;

	return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

static void
tick(const cia_chart *chart, cia_axis axis, double value)
{
	double at = place(chart, axis, value);
	char *text =
	    chart->percent[axis] ? psprintf("%.4g%%", 100 * value) : cia_report_number(value);

	if (axis == CIA_X)
		appendStringInfo(chart->page,
		                 "<path class=\"grid\" d=\"M%.1f %dV%d\"/>"
		                 "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
		                 at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 14, text);
	else
		appendStringInfo(chart->page,
		                 "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
		                 "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
		                 LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 3.5, text);
}

static void
ticks(const cia_chart *chart, cia_axis axis)
{
	double span = chart->high[axis] - chart->low[axis], step;

	if (!(span > 0) || !isfinite(span))
		return;
	step = round_step(span);
	for (double i = ceil(chart->low[axis] / step - 1e-9);
	     i * step <= chart->high[axis] + step * 1e-9; i++)
		tick(chart, axis, i == 0 ? 0 : i * step);
}

void
cia_chart_open(const cia_chart *chart)
{
	StringInfo page = chart->page;

	appendStringInfoString(page, "<figure><figcaption>");
	cia_page_text(page, chart->title);
	appendStringInfo(
	    page, "</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
	    WIDTH, HEIGHT);
	cia_page_text(page, chart->title);
	appendStringInfoString(page, "\">\n");
	ticks(chart, CIA_X);
	ticks(chart, CIA_Y);
	appendStringInfo(page, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP,
	                 HEIGHT - BOTTOM, WIDTH - RIGHT);
	appendStringInfo(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
	                 (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
	cia_page_text(page, chart->label[CIA_X]);
	appendStringInfo(page,
	                 "</text>\n<text transform=\"translate(11 %d) rotate(-90)\" "
	                 "text-anchor=\"middle\">",
	                 (TOP + HEIGHT - BOTTOM) / 2);
	cia_page_text(page, chart->label[CIA_Y]);
	appendStringInfoString(page, "</text>\n");
}

void
cia_chart_close(const cia_chart *chart)
{
	appendStringInfoString(chart->page, "</svg></figure>\n");
}

void
cia_chart_line(const cia_chart *chart, const char *style, int points, const double *x,
               const double *y)
{
	appendStringInfo(chart->page, "<path class=\"line %s\" d=\"", style);
	for (int i = 0; i < points; i++)
		appendStringInfo(chart->page, "%s%.1f %.1f", i == 0 ? "M" : "L",
		                 place(chart, CIA_X, x[i]), place(chart, CIA_Y, y[i]));
	appendStringInfoString(chart->page, "\"/>\n");
}

/* Ends a mark of that name with what is told of it. */
static void
end_mark(const cia_chart *chart, const char *mark, const char *tip)
{
	appendStringInfoString(chart->page, "><title>");
	cia_page_text(chart->page, tip);
	appendStringInfo(chart->page, "</title></%s>\n", mark);
}

void
cia_chart_dot(const cia_chart *chart, const char *style, const double point[2],
              const double range[2], const char *tip)
{
	double x = place(chart, CIA_X, point[CIA_X]);

	appendStringInfo(chart->page, "<path class=\"whisker %s\" d=\"M%.1f %.1fV%.1f\"/>",
	                 style, x, place(chart, CIA_Y, range[0]),
	                 place(chart, CIA_Y, range[1]));
	appendStringInfo(chart->page,
	                 "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"", style, x,
	                 place(chart, CIA_Y, point[CIA_Y]));
	end_mark(chart, "circle", tip);
}

void
cia_chart_bar(const cia_chart *chart, const char *style, const double x[2], double y,
              const char *tip)
{
	double left = place(chart, CIA_X, x[0]), right = place(chart, CIA_X, x[1]);
	double top = place(chart, CIA_Y, y), bottom = place(chart, CIA_Y, chart->low[CIA_Y]);

	appendStringInfo(chart->page,
	                 "<rect class=\"area %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
	                 "height=\"%.1f\"",
	                 style, left + 0.5, top, Max(right - left - 1, 0.5), bottom - top);
	end_mark(chart, "rect", tip);
}

/* On the right, where a falling histogram leaves room. */
static void
key_entry(const cia_chart *chart, const char *style, const char *text, int line)
{
	int x = WIDTH - RIGHT - 16, y = TOP + 14 + 16 * line;

	appendStringInfo(chart->page,
	                 "<rect class=\"area %s\" x=\"%d\" y=\"%d\" width=\"10\" "
	                 "height=\"10\"/><text class=\"key\" x=\"%d\" y=\"%d\" "
	                 "text-anchor=\"end\">",
	                 style, x, y - 9, x - 6, y);
	cia_page_text(chart->page, text);
	appendStringInfoString(chart->page, "</text>\n");
}

void
cia_chart_key(const cia_chart *chart, const char *first, const char *second)
{
	key_entry(chart, "first", first, 0);
	key_entry(chart, "second", second, 1);
}
