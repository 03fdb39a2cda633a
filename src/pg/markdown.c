/* SPDX-License-Identifier: PostgreSQL */
/*
 * markdown.c: a document in GitHub's Markdown.
 *
 * Names, labels and comments are anybody's: in text each character that Markdown or HTML could
 * take for its own is escaped, in a block of code the fence is longer than any in it.
 */
#include "card.h"

void
cia_markdown_text(StringInfo out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text)
		{
			case '&':
				appendStringInfoString(out, "&amp;");
				break;
			case '<':
				appendStringInfoString(out, "&lt;");
				break;
			case '\n':
			case '\t':
				appendStringInfoChar(out, ' ');
				break;
			default:
				if ((unsigned char) *text < ' ' || *text == 0x7f)
					appendStringInfoString(out, "&#xFFFD;");
				else
				{
					if (strchr("\\`*_[]|#~$!", *text) != NULL)
						appendStringInfoChar(out, '\\');
					appendStringInfoChar(out, *text);
				}
		}
}

/* At the beginning of a line blanks, signs and numbers with a dot mean something, too. */
static void
put_line(StringInfo out, const char *text)
{
	int digits;

	text += strspn(text, " \t\r\f\v");
	digits = (int) strspn(text, "0123456789");
	appendBinaryStringInfo(out, text, digits);
	text += digits;
	if (digits > 0 ? *text == '.' || *text == ')'
	               : *text == '+' || *text == '-' || *text == '=' || *text == '>')
	{
		appendStringInfo(out, "\\%c", *text);
		text++;
	}
	cia_markdown_text(out, text);
	appendStringInfoChar(out, '\n');
}

void
cia_markdown_quote(StringInfo out, const char *text)
{
	while (*text != '\0')
	{
		int length = (int) strcspn(text, "\n");
		char *line = pnstrdup(text, length);

		appendStringInfoString(out, "> ");
		put_line(out, line);
		text += length + (text[length] == '\n');
		/* lines stay lines, but an empty one is the end of a paragraph */
		if (length > 0 && *text != '\0' && *text != '\n')
		{
			out->data[out->len - 1] = '\\';
			appendStringInfoChar(out, '\n');
		}
	}
	appendStringInfoChar(out, '\n');
}

void
cia_markdown_item(StringInfo out, const char *text)
{
	appendStringInfoString(out, "- ");
	put_line(out, text);
}

void
cia_markdown_code(StringInfo out, const char *language, const char *text)
{
	int longest = 2, run = 0;

	for (const char *c = text; *c != '\0'; c++)
	{
		run = *c == '`' ? run + 1 : 0;
		longest = Max(longest, run);
	}
	for (int end = 0; end < 2; end++)
	{
		if (end)
			appendStringInfo(out, "%s\n", text);
		for (int i = 0; i <= longest; i++)
			appendStringInfoChar(out, '`');
		appendStringInfo(out, "%s\n", end ? "\n" : language);
	}
}

void
cia_markdown_table(StringInfo out, const char *const *header, int columns)
{
	for (int i = 0; i < columns; i++)
		cia_markdown_cell(out, header[i] + (header[i][0] == '#'));
	cia_markdown_end_row(out);
	for (int i = 0; i < columns; i++)
		appendStringInfoString(out, header[i][0] == '#' ? "| ---: " : "| --- ");
	cia_markdown_end_row(out);
}

void
cia_markdown_cell(StringInfo out, const char *text)
{
	appendStringInfoString(out, "| ");
	cia_markdown_text(out, text != NULL ? text : "");
	appendStringInfoChar(out, ' ');
}

void
cia_markdown_end_row(StringInfo out)
{
	appendStringInfoString(out, "|\n");
}
