/* SPDX-License-Identifier: PostgreSQL */
/*
 * frame.h: rows in memory, column by column.
 *
 * A column is a list of chunks of ML_CHUNK rows: doubles (missing is NaN) for
 * numbers, codes (missing is -1) for categories.  Only the first chunk grows, by
 * doubling, so a frame of ten rows is small and one of ten million is not
 * copied about.
 *
 * Life of a frame: columns are added, rows appended, and ml_frame_order puts the
 * rows into canonical order.  From then on nothing depends on how they came:
 * rows are ascending by key, ties by content, and the holdout is the rows in front.
 *
 * The key of a row is a 64-bit hash of its id columns if there are any, else of its
 * features; names go into the hash, positions do not.  Rows without an id whose
 * features are all equal are told apart by counting them.
 */
#ifndef ML_FRAME_H
#define ML_FRAME_H

#include "data/dictionary.h"

#define ML_CHUNK_BITS 12
#define ML_CHUNK (1 << ML_CHUNK_BITS)
#define ML_BLOCK                                                                         \
	256 /* rows handled between two questions to the host; divides ML_CHUNK */

typedef enum ml_kind
{
	ML_NUMBER,
	ML_CATEGORY
} ml_kind;

typedef enum ml_role
{
	ML_FEATURE,
	ML_TARGET,  /* rows without it are skipped */
	ML_WEIGHT,  /* rows without it, or of weight zero, are skipped */
	ML_CLUSTER, /* rows that depend on each other have it in common; no part of the key */
	ML_ID,      /* hashed into the key, not kept */
	ML_GROUP,   /* names the part that serves the row, and is no feature of it */
	ML_BESIDE,  /* kept with its row for whoever asks; nothing depends on it */
	ML_ORDER    /* a number: when the row happened; nothing else depends on it */
} ml_role;

typedef struct ml_column
{
	ml_text name;
	ml_text type; /* what the host calls its type; the core only carries it */
	int position; /* place in the source, from 1 */
	int element;  /* of an array, from 1; 0 for a scalar */
	ml_kind kind;
	ml_role role;
	void **chunk;              /* double[] or int32_t[], NULL for an id */
	ml_dictionary *dictionary; /* of a category */
	uint64_t name_hash;
} ml_column;

/* Where the cells of a column go. */
typedef struct ml_tail
{
	void *items;               /* of the chunk that grows now */
	ml_dictionary *dictionary; /* of a category */
	int cell;                  /* among those of a row */
	bool finite;               /* infinities are refused */
} ml_tail;

typedef struct ml_frame
{
	ml_host *host;
	ml_column *column;
	int columns;
	int column_room;
	bool keyed;         /* there are id columns */
	uint64_t **key;     /* chunks, like a column's */
	int64_t chunks;     /* chunk pointers in use */
	int64_t chunk_room; /* chunk pointers there is room for */
	int32_t first_room; /* rows that the first chunk has room for */
	ml_tail *tail;      /* [column_room] of the columns that are stored, numbers first */
	int tail_numbers;   /* those of numbers */
	int tails;          /* of all */
	int64_t tail_chunk; /* which chunk they are of; -1: not known */
	int *asked;         /* [column_room] columns that decide on what becomes of a row */
	int asked_columns;  /* -1: not known */
	int64_t rows;       /* rows kept */
	int64_t skipped;    /* rows without target or weight */
	int64_t weightless; /* those of them that have a target */
	int64_t passed;     /* rows that were there before the last ml_frame_clear */
	int64_t holdout_rows; /* set by ml_frame_order: rows in front that are the holdout */
	void **spare; /* and chunks of numbers that are free for a column; NULL: none */
} ml_frame;

/* One value of a row on its way in; which field counts is the column's kind. */
typedef struct ml_cell
{
	double number; /* NaN: missing */
	ml_text text;  /* bytes == NULL: missing */
} ml_cell;

/* Keys that another training gives the rows. */
typedef struct ml_other_key
{
	const bool *column; /* [columns] of the frame: which ones they are made of */
	bool is_id;         /* these name customers; else equal rows are told apart */
	double share;       /* of all keys */
} ml_other_key;

extern ml_status ml_frame_create(ml_host *host, ml_frame **frame);

/*
 * Adds a column, missing in the rows there are; *index is its place among the cells.
 * Only name, type, position, element, kind and role of spec are read.
 */
extern ml_status ml_frame_add_column(ml_frame *frame, const ml_column *spec, int *index);

/*
 * Appends a row of one cell per column.  ML_NOT_FINITE and ML_NEGATIVE_WEIGHT name
 * column and row; the frame is then as before.
 */
extern ml_status ml_frame_append(ml_frame *frame, const ml_cell *cells);

/* Forgets the rows; columns, labels and memory stay. */
extern void ml_frame_clear(ml_frame *frame);

/* Appends a row that another frame has accepted, with the key that it had there. */
extern ml_status ml_frame_restore(ml_frame *frame, const ml_cell *cells, uint64_t key);

/* Appends all rows of another frame whose columns carry the same names. */
extern ml_status ml_frame_merge(ml_frame *into, const ml_frame *from);

/*
 * Canonical order; the rows whose key lies in the lowest share of all keys become
 * the holdout.  Peak memory is one column per thread more than the frame.
 */
extern ml_status ml_frame_order(ml_frame *frame, double holdout);

/* Rows in front of an ordered frame whose key lies in the lowest share of all keys. */
extern int64_t ml_frame_below(const ml_frame *frame, double share);

/*
 * For each of the rows in front of an ordered frame: does its key lie in the lowest share, if keys
 * are made of other columns than the frame's own?  With a pool open.
 */
extern ml_status
ml_frame_held(const ml_frame *frame, const ml_other_key *other, int64_t rows, bool *held);

/*
 * A frame of some rows of an ordered one, in that order and without a holdout, for a training to
 * use up.  That writes new codes and leaves numbers as they are, so a frame of all rows, for which
 * order is NULL, shares these and keeps the holdout.
 */
extern ml_status ml_frame_subset(ml_host *host, const ml_frame *frame,
                                 const uint32_t *order, int64_t rows, ml_frame *subset);

/* The column of that role, or NULL. */
extern ml_column *ml_frame_role(const ml_frame *frame, ml_role role);

/* A frame as bytes and back, for moving it between processes. */
extern ml_status ml_frame_encode(const ml_frame *frame, ml_host *host, ml_bytes *bytes);
extern ml_status ml_frame_decode(ml_host *host, const unsigned char *bytes, size_t length,
                                 ml_frame **frame);

static inline size_t
ml_item_size(const ml_column *column)
{
	return column->kind == ML_NUMBER ? sizeof(double) : sizeof(int32_t);
}

/* The values from a row on, to the end of its chunk. */
static inline double *
ml_numbers_at(const ml_column *column, int64_t row)
{
	return (double *) column->chunk[row >> ML_CHUNK_BITS] + (row & (ML_CHUNK - 1));
}

static inline int32_t *
ml_codes_at(const ml_column *column, int64_t row)
{
	return (int32_t *) column->chunk[row >> ML_CHUNK_BITS] + (row & (ML_CHUNK - 1));
}

/* End of the block of ML_BLOCK rows that a row lies in, at most end. */
static inline int64_t
ml_block_end(int64_t row, int64_t end)
{
	int64_t next = (row / ML_BLOCK + 1) * ML_BLOCK;

	return next < end ? next : end;
}

#endif
