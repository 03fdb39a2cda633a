/* SPDX-License-Identifier: PostgreSQL */
/*
 * report_page.c: the frame of a report: one HTML page that needs nothing else.
 *
 * It is well-formed XML as well, holds no script and loads nothing.  Light or dark goes by the
 * reader's setting; paper is always light.
 */
#include "report.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--quiet:#5b6675;"
    "--rule:#e2e6eb;--card:#f6f8fa;--first:#2159c9;--second:#c2570c;--warn:#fff6e0;"
    "--edge:#e3b341}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#12161c;--ink:#e4e8ee;"
    "--quiet:#98a3b3;--rule:#2b323c;--card:#1a2029;--first:#7aa7ff;--second:#f2994a;"
    "--warn:#2a2310;--edge:#8a6d1d}}\n"
    "@media print{:root{--paper:#fff;--ink:#000;--quiet:#444;--rule:#ccc;--card:#fff;"
    "--first:#2159c9;--second:#c2570c;--warn:#fff}body{font-size:10pt}"
    "section,figure,tr{break-inside:avoid}}\n"
    "*{box-sizing:border-box;print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
    "main{max-width:1060px;margin:0 auto;padding:36px 24px 60px}\n"
    "h1{font-size:30px;line-height:1.2;margin:0 0 6px;overflow-wrap:anywhere}\n"
    "h2{font-size:19px;margin:0 0 2px}\n"
    "p{margin:0 0 12px}.lead,footer,.range,figcaption{color:var(--quiet)}\n"
    "section{margin-top:34px;border-top:1px solid var(--rule);padding-top:18px}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;"
    "margin-top:20px}\n"
    ".tile{background:var(--card);border:1px solid var(--rule);border-radius:8px;"
    "padding:10px 14px}\n"
    ".tile b{display:block;font-size:25px;line-height:1.25;"
    "font-variant-numeric:tabular-nums}\n"
    ".range{font-size:12.5px}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));"
    "gap:22px}\n"
    "figure{margin:8px 0 0}figcaption{font-size:13.5px;margin-bottom:4px}\n"
    "svg{width:100%;height:auto;max-width:560px}svg text{fill:var(--quiet);font-size:11px}"
    "svg .key{fill:var(--ink)}\n"
    ".grid{stroke:var(--rule);fill:none}.axis{stroke:var(--quiet);fill:none}\n"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}.whisker{stroke-width:1.5}\n"
    ".line.first,.whisker.first{stroke:var(--first)}"
    ".line.second,.whisker.second{stroke:var(--second)}"
    ".line.quiet{stroke:var(--quiet);stroke-width:1;stroke-dasharray:4 4}\n"
    ".dot.first,.area.first{fill:var(--first)}.dot.second,.area.second{fill:var(--second)}"
    ".area{fill-opacity:.62}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin-top:8px;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--rule);"
    "vertical-align:top;overflow-wrap:break-word}th{white-space:nowrap;font-weight:600;color:var(--quiet);"
    "font-size:13px}\n"
    "td:first-child{min-width:7em}.n{text-align:right;white-space:nowrap}td.bar{width:34%;min-width:120px;"
    "vertical-align:middle}\n"
    ".bar i{display:block;height:12px;border-radius:2px;background:var(--first);opacity:.75}\n"
    ".notes{background:var(--warn);border-left:4px solid var(--edge);padding:10px 16px;"
    "margin:20px 0 0;border-radius:0 8px 8px 0}.notes li{margin:3px 0}"
    ".notes ul{margin:0;padding-left:18px}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;"
    "font:13px/1.45 ui-monospace,\"DejaVu Sans Mono\",monospace}\n"
    "footer{margin-top:40px;font-size:13px}\n";

/* Characters that XML does not know become the replacement character. */
void
cia_page_text(StringInfo page, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		switch (*c)
		{
			case '&':
				appendStringInfoString(page, "&amp;");
				break;
			case '<':
				appendStringInfoString(page, "&lt;");
				break;
			case '>':
				appendStringInfoString(page, "&gt;");
				break;
			case '"':
				appendStringInfoString(page, "&quot;");
				break;
			default:
				if ((unsigned char) *c >= ' ' || *c == '\n' || *c == '\t')
					appendStringInfoChar(page, *c);
				else
					appendStringInfoString(page, "&#xFFFD;");
		}
}

void
cia_page_open(StringInfo page, const char *title)
{
	appendStringInfoString(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	                             "<meta charset=\"utf-8\"/>\n"
	                             "<meta name=\"viewport\" content=\"width=device-width, "
	                             "initial-scale=1\"/>\n<title>");
	cia_page_text(page, title);
	appendStringInfo(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n",
	                 style);
}

void
cia_page_close(StringInfo page)
{
	appendStringInfoString(page, "</main>\n</body>\n</html>\n");
}

void
cia_page_section(StringInfo page, const char *heading, const char *lead)
{
	appendStringInfoString(page, "<section>\n<h2>");
	cia_page_text(page, heading);
	appendStringInfoString(page, "</h2>\n<p class=\"lead\">");
	cia_page_text(page, lead);
	appendStringInfoString(page, "</p>\n");
}

void
cia_page_end_section(StringInfo page)
{
	appendStringInfoString(page, "</section>\n");
}

void
cia_page_charts(StringInfo page)
{
	appendStringInfoString(page, "<div class=\"charts\">\n");
}

void
cia_page_end_charts(StringInfo page)
{
	appendStringInfoString(page, "</div>\n");
}

void
cia_page_tile(StringInfo page, const char *label, const char *value, const char *range)
{
	appendStringInfoString(page, "<div class=\"tile\">");
	cia_page_text(page, label);
	appendStringInfoString(page, "<b>");
	cia_page_text(page, value);
	appendStringInfoString(page, "</b><span class=\"range\">");
	cia_page_text(page, range);
	appendStringInfoString(page, "</span></div>\n");
}

/* A word of the header that begins with '#' heads a column of numbers; there may be none. */
void
cia_page_table(StringInfo page, const char *const *header, int columns)
{
	appendStringInfoString(page, "<div class=\"wide\"><table>\n");
	if (columns > 0)
		appendStringInfoString(page, "<thead><tr>");
	for (int i = 0; i < columns; i++)
	{
		bool number = header[i][0] == '#';

		appendStringInfo(page, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
		cia_page_text(page, header[i] + number);
		appendStringInfoString(page, "</th>");
	}
	appendStringInfoString(page, columns > 0 ? "</tr></thead>\n<tbody>\n" : "<tbody>\n");
}

void
cia_page_cell(StringInfo page, const char *text)
{
	appendStringInfoString(page, "<td>");
	cia_page_text(page, text);
	appendStringInfoString(page, "</td>");
}

void
cia_page_number(StringInfo page, const char *text)
{
	appendStringInfoString(page, "<td class=\"n\">");
	cia_page_text(page, text);
	appendStringInfoString(page, "</td>");
}

void
cia_page_bar(StringInfo page, double share)
{
	appendStringInfo(page, "<td class=\"bar\"><i style=\"width:%.1f%%\"></i></td>",
	                 100 * Min(Max(share, 0), 1));
}

void
cia_page_row(StringInfo page)
{
	appendStringInfoString(page, "<tr>");
}

void
cia_page_end_row(StringInfo page)
{
	appendStringInfoString(page, "</tr>\n");
}

void
cia_page_end_table(StringInfo page)
{
	appendStringInfoString(page, "</tbody>\n</table></div>\n");
}
