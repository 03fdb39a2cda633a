/* SPDX-License-Identifier: PostgreSQL */
/*
 * card.h: what the document of cia_model_card is made of.
 *
 *	card.c			what is in it: use, lineage, limitations, how to train again
 *	card_model.c	what the model itself tells: data, performance, importance
 *	markdown.c		paragraphs, lists and tables, in which nobody's text means anything
 */
#ifndef CIA_CARD_H
#define CIA_CARD_H

#include "report.h"

typedef struct cia_card
{
	StringInfo text;
	cia_door *door;
	const char *name; /* name@version */
	const ml_model *model;
	ml_value intervals; /* of the metrics, by name */
	ml_value columns;
} cia_card;

/* card_model.c: sections */
extern void cia_card_data(const cia_card *card);
extern void cia_card_performance(const cia_card *card);
extern void cia_card_importance(const cia_card *card);

/* markdown.c: everything that is appended as text is escaped */
extern void cia_markdown_text(StringInfo out, const char *text);

/* A text of several lines as a quotation. */
extern void cia_markdown_quote(StringInfo out, const char *text);

/* One item of a list. */
extern void cia_markdown_item(StringInfo out, const char *text);

/* Text as it is, in a block of that language. */
extern void cia_markdown_code(StringInfo out, const char *language, const char *text);

/* Tables: a header of words, then rows of cells; a word with '#' in front heads numbers, flush right. */
extern void cia_markdown_table(StringInfo out, const char *const *header, int columns);
extern void cia_markdown_cell(StringInfo out, const char *text);
extern void cia_markdown_end_row(StringInfo out);

#endif
