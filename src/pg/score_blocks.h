/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_blocks.h: scores of a query's rows by blocks, beside the reading.
 *
 * The query calls cia_score for each of its rows, as any query does; but that one call only keeps
 * its row.  A block of rows is scored by the threads of the core while the query goes on, and comes
 * back in the order that it was read in.
 */
#ifndef CIA_SCORE_BLOCKS_H
#define CIA_SCORE_BLOCKS_H

#include "cia.h"

typedef struct cia_blocks cia_blocks;

/* Takes a row's ids with its score, and its class if one is sought, in the order of the rows. */
typedef void (*cia_take_score)(void *state, const Datum *ids, double score, int class);

/* Whose scores are sought, and who takes them. */
typedef struct cia_block_plan
{
	const Node *call; /* the expression that keeps its row */
	const Node
	    *class_call; /* one that comes after it, for the same row's class; or NULL */
	const ml_model *model; /* pinned; rows of another one are not kept */
	TupleDesc ids;         /* of a row */
	cia_take_score take;
	void *state;
} cia_block_plan;

/*
 * From here on the call keeps its rows, until the blocks are closed or the parent context goes,
 * whichever comes first.
 */
extern cia_blocks *cia_blocks_open(MemoryContext parent, const cia_block_plan *plan);

/*
 * The query has come to a row, which has these ids and, as far as the query knows, a score: will it
 * be taken?  If not, those of all rows before have been, and what the query says counts.
 */
extern bool cia_blocks_add(cia_blocks *blocks, const Datum *ids, bool has_score);

/* Scores what is left. */
extern void cia_blocks_close(cia_blocks *blocks);

/* Those that are open; NULL: every call answers. */
extern cia_blocks *cia_blocks_current;

/* Labels of rows, which the threads look up. */
typedef struct cia_labels
{
	char *bytes; /* length and text of each, without gaps */
	int used;
	int room;
} cia_labels;

/* Stands for a label in its row, behind all codes: where it is kept. */
#define CIA_FIRST_LABEL 0x1p32

/* Keeps a label; false: there is no room. */
static inline bool
cia_labels_keep(cia_labels *labels, ml_text label, double *place)
{
	char *at = labels->bytes + labels->used;
	int size = (int) sizeof label.length;

	if (label.length > labels->room - labels->used - size)
		return false;
	*place = CIA_FIRST_LABEL + labels->used;
	memcpy(at, &label.length, size);
	memcpy(at + size, label.bytes, label.length);
	labels->used += size + label.length;
	return true;
}

/* Where the call's row may keep its labels; NULL: they are looked up as it is read. */
extern cia_labels *cia_blocks_labels_of(const Node *call, const ml_model *model);

static inline cia_labels *
cia_blocks_labels(FunctionCallInfo fcinfo, const ml_model *model)
{
	return unlikely(cia_blocks_current != NULL)
	           ? cia_blocks_labels_of(fcinfo->flinfo->fn_expr, model)
	           : NULL;
}

extern bool
cia_blocks_keep_row(const Node *call, const ml_model *model, const double *row);

/* Is this the call whose row is kept?  Then there is nothing to answer. */
static inline bool
cia_blocks_keep(FunctionCallInfo fcinfo, const ml_model *model, const double *row)
{
	return unlikely(cia_blocks_current != NULL) &&
	       cia_blocks_keep_row(fcinfo->flinfo->fn_expr, model, row);
}

extern bool cia_blocks_tell_class(const Node *call);

/* Is this the call for the class of a row that is kept?  Then there is nothing to read, either. */
static inline bool
cia_blocks_skip(FunctionCallInfo fcinfo)
{
	return unlikely(cia_blocks_current != NULL) &&
	       cia_blocks_tell_class(fcinfo->flinfo->fn_expr);
}

#endif
