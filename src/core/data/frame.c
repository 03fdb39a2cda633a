/* SPDX-License-Identifier: PostgreSQL */
/*
 * frame.c: adding columns and rows.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

#define FIRST_ROOM 64
#define MAX_ROWS INT64_C(0xfffffff0) /* row numbers are 32 bits wide when sorted */

static size_t
item_size(const ml_column *column)
{
	return column->kind == ML_NUMBER ? sizeof(double) : sizeof(int32_t);
}

static bool
is_stored(const ml_column *column)
{
	return column->role != ML_ID;
}

ml_status
ml_frame_create(ml_host *host, ml_frame **frame)
{
	ML_NEW(host, *frame, 1);
	(*frame)->host = host;
	(*frame)->tail_chunk = -1;
	(*frame)->asked_columns = -1;
	return ML_OK;
}

static void
fill_missing(ml_column *column, int64_t rows)
{
	for (int64_t row = 0; row < rows; row++)
	{
		if (column->kind == ML_NUMBER)
			*ml_numbers_at(column, row) = NAN;
		else
			*ml_codes_at(column, row) = -1;
	}
}

/* Gives a new column the chunks that the others have already. */
static ml_status
catch_up(ml_frame *frame, ml_column *column)
{
	if (frame->chunk_room == 0)
		return ML_OK;
	ML_NEW(frame->host, column->chunk, frame->chunk_room);
	for (int64_t i = 0; i < frame->chunks; i++)
	{
		int32_t room = i == 0 ? frame->first_room : ML_CHUNK;

		column->chunk[i] = ml_alloc_raw(frame->host, room, item_size(column));
		if (column->chunk[i] == NULL)
			return ML_MEMORY;
	}
	fill_missing(column, frame->rows);
	return ML_OK;
}

ml_status
ml_frame_add_column(ml_frame *frame, const ml_column *spec, int *index)
{
	ml_column column = {.position = spec->position,
	                    .element = spec->element,
	                    .kind = spec->kind,
	                    .role = spec->role};

	if (frame->columns == frame->column_room)
	{
		int room = frame->column_room > 0 ? frame->column_room * 2 : 16;
		ml_column *columns;

		ML_NEW(frame->host, columns, room);
		if (frame->columns > 0)
			memcpy(columns, frame->column, (size_t) frame->columns * sizeof *columns);
		ML_NEW(frame->host, frame->tail, room);
		ML_NEW(frame->host, frame->asked, room);
		frame->column = columns;
		frame->column_room = room;
	}
	ML_TRY(ml_text_copy(frame->host, spec->name, &column.name));
	ML_TRY(ml_text_copy(frame->host, spec->type, &column.type));
	column.name_hash = ml_hash_add(ml_hash_bytes(spec->name.bytes, spec->name.length),
	                               (uint64_t) spec->element);
	if (column.role == ML_ID)
		frame->keyed = true;
	else
	{
		if (column.kind == ML_CATEGORY)
			ML_TRY(ml_dictionary_create(frame->host, &column.dictionary));
		ML_TRY(catch_up(frame, &column));
	}
	*index = frame->columns;
	frame->column[frame->columns++] = column;
	frame->tail_chunk = -1;
	frame->asked_columns = -1;
	return ML_OK;
}

static ml_status
widen_pointers(ml_frame *frame)
{
	int64_t room = frame->chunk_room > 0 ? frame->chunk_room * 2 : 4;

	for (int c = -1; c < frame->columns; c++)
	{
		void ***pointers = c < 0 ? (void ***) &frame->key : &frame->column[c].chunk;
		void **wider;

		if (c >= 0 && !is_stored(&frame->column[c]))
			continue;
		ML_NEW(frame->host, wider, room);
		if (frame->chunks > 0)
			memcpy(wider, *pointers, (size_t) frame->chunks * sizeof *wider);
		*pointers = wider;
	}
	frame->chunk_room = room;
	return ML_OK;
}

/* A chunk of so many rows for every column; the first one takes its old rows along. */
static ml_status
add_chunk(ml_frame *frame, int64_t chunk, int32_t room)
{
	for (int c = -1; c < frame->columns; c++)
	{
		ml_column *column = c < 0 ? NULL : &frame->column[c];
		size_t size = c < 0 ? sizeof(uint64_t) : item_size(column);
		void **place = c < 0 ? (void **) &frame->key[chunk] : NULL;
		void *memory;

		if (column != NULL && !is_stored(column))
			continue;
		if (column != NULL)
			place = &column->chunk[chunk];
		memory = ml_alloc_raw(frame->host, room, size);
		if (memory == NULL)
			return ML_MEMORY;
		if (chunk == 0 && frame->rows > 0)
			memcpy(memory, *place, (size_t) frame->rows * size);
		*place = memory;
	}
	frame->tail_chunk = -1;
	return ML_OK;
}

static ml_status
make_room(ml_frame *frame)
{
	int64_t chunk = frame->rows >> ML_CHUNK_BITS;

	if (frame->rows >= MAX_ROWS)
		return ML_TOO_LARGE;
	if (chunk > 0)
	{
		if (chunk < frame->chunks)
			return ML_OK;
		if (chunk == frame->chunk_room)
			ML_TRY(widen_pointers(frame));
		ML_TRY(add_chunk(frame, chunk, ML_CHUNK));
		frame->chunks = chunk + 1;
	}
	else if (frame->rows == frame->first_room)
	{
		int32_t room = frame->first_room > 0 ? frame->first_room * 2 : FIRST_ROOM;

		if (frame->chunk_room == 0)
			ML_TRY(widen_pointers(frame));
		ML_TRY(add_chunk(frame, 0, room));
		frame->first_room = room;
		frame->chunks = 1;
	}
	return ML_OK;
}

static bool
is_missing(const ml_column *column, const ml_cell *cell)
{
	return column->kind == ML_NUMBER ? isnan(cell->number) : cell->text.bytes == NULL;
}

static uint64_t
cell_hash(const ml_column *column, const ml_cell *cell)
{
	if (column->kind == ML_NUMBER)
		return ml_hash_number(cell->number);
	return cell->text.bytes == NULL ? 0
	                                : ml_hash_bytes(cell->text.bytes, cell->text.length);
}

/* The number, from 1, of the row that comes next, as rows were handed in. */
static int64_t
next_row(const ml_frame *frame)
{
	return frame->passed + frame->rows + frame->skipped + 1;
}

/* Which columns check_roles looks at. */
static void
find_asked(ml_frame *frame)
{
	frame->asked_columns = 0;
	for (int c = 0; c < frame->columns; c++)
	{
		ml_role role = frame->column[c].role;

		if (role != ML_FEATURE && role != ML_CLUSTER && role != ML_BESIDE &&
		    role != ML_ORDER)
			frame->asked[frame->asked_columns++] = c;
	}
}

/* Looks at target, weight and id before any of the row is stored. */
static ml_status
check_roles(ml_frame *frame, const ml_cell *cells, bool *skip, uint64_t *key)
{
	int nameless = -1;
	bool named = false, weightless = false;

	*skip = false;
	*key = 0;
	for (int i = 0; i < frame->asked_columns; i++)
	{
		int c = frame->asked[i];
		const ml_column *column = &frame->column[c];

		if (column->role == ML_ID)
		{
			*key += ml_hash_add(column->name_hash, cell_hash(column, &cells[c]));
			if (is_missing(column, &cells[c]))
				nameless = c;
			else
				named = true;
			/* it is stored nowhere, where it would be looked at */
			*skip |= column->kind == ML_NUMBER && isinf(cells[c].number);
			continue;
		}
		if (column->role == ML_WEIGHT && cells[c].number < 0)
			return ml_fail(frame->host, ML_NEGATIVE_WEIGHT, c, next_row(frame));
		if (column->role == ML_WEIGHT)
			weightless = is_missing(column, &cells[c]) || cells[c].number == 0;
		else if (is_missing(column, &cells[c]))
			*skip = true;
	}
	frame->weightless += weightless && !*skip;
	*skip |= weightless;
	/* without an id all such rows would be one customer */
	if (nameless >= 0 && !named)
		return ml_fail(frame->host, ML_NULL_ID, nameless, next_row(frame));
	return ML_OK;
}

/* Every infinity is refused, in rows that are skipped too, but beside. */
static ml_status
check_finite(ml_frame *frame, const ml_cell *cells)
{
	for (int c = 0; c < frame->columns; c++)
		if (frame->column[c].kind == ML_NUMBER && frame->column[c].role != ML_BESIDE &&
		    isinf(cells[c].number))
			return ml_fail(frame->host, ML_NOT_FINITE, c, next_row(frame));
	return ML_OK;
}

static void
add_tails(ml_frame *frame, int64_t chunk, ml_kind kind)
{
	for (int c = 0; c < frame->columns; c++)
	{
		const ml_column *column = &frame->column[c];

		if (is_stored(column) && column->kind == kind)
			frame->tail[frame->tails++] = (ml_tail){.items = column->chunk[chunk],
			                                        .dictionary = column->dictionary,
			                                        .cell = c,
			                                        .finite = column->role != ML_BESIDE};
	}
}

static void
find_tail(ml_frame *frame, int64_t chunk)
{
	frame->tails = 0;
	add_tails(frame, chunk, ML_NUMBER);
	frame->tail_numbers = frame->tails;
	add_tails(frame, chunk, ML_CATEGORY);
	frame->tail_chunk = chunk;
}

/* A row that turns out to hold an infinity is overwritten by the next one. */
static ml_status
store_row(ml_frame *frame, const ml_cell *cells, uint64_t key)
{
	int64_t chunk = frame->rows >> ML_CHUNK_BITS;
	int64_t at = frame->rows & (ML_CHUNK - 1);
	const ml_tail *tail;
	bool infinite = false;

	if (chunk != frame->tail_chunk)
		find_tail(frame, chunk);
	for (tail = frame->tail; tail < frame->tail + frame->tail_numbers; tail++)
	{
		double number = cells[tail->cell].number + 0.0;

		infinite |= (bool) isinf(number) & tail->finite;
		((double *) tail->items)[at] = number;
	}
	for (; tail < frame->tail + frame->tails; tail++)
	{
		int32_t *code = (int32_t *) tail->items + at;

		if (cells[tail->cell].text.bytes == NULL)
			*code = -1;
		else
			ML_TRY(ml_dictionary_add(tail->dictionary, cells[tail->cell].text, code));
	}
	if (infinite)
		return check_finite(frame, cells);
	frame->key[chunk][at] = key;
	frame->rows++;
	return ML_OK;
}

ml_status
ml_frame_append(ml_frame *frame, const ml_cell *cells)
{
	bool skip;
	uint64_t key;

	if (frame->asked_columns < 0)
		find_asked(frame);
	ML_TRY(check_roles(frame, cells, &skip, &key));
	if (skip)
	{
		ML_TRY(check_finite(frame, cells));
		frame->skipped++;
		return ML_OK;
	}
	ML_TRY(make_room(frame));
	return store_row(frame, cells, ml_hash_mix(key));
}

void
ml_frame_clear(ml_frame *frame)
{
	frame->passed += frame->rows;
	frame->rows = 0;
	frame->tail_chunk = -1;
}

ml_status
ml_frame_restore(ml_frame *frame, const ml_cell *cells, uint64_t key)
{
	ML_TRY(make_room(frame));
	return store_row(frame, cells, key);
}

ml_column *
ml_frame_role(const ml_frame *frame, ml_role role)
{
	for (int c = 0; c < frame->columns; c++)
		if (frame->column[c].role == role)
			return &frame->column[c];
	return NULL;
}

/* For every column of from, its place in into; columns that into lacks are added. */
static ml_status
match_columns(ml_frame *into, const ml_frame *from, int *place)
{
	for (int c = 0; c < from->columns; c++)
	{
		const ml_column *column = &from->column[c];
		int at = 0;

		while (at < into->columns && !(into->column[at].position == column->position &&
		                               into->column[at].element == column->element &&
		                               into->column[at].role == column->role))
			at++;
		if (at == into->columns)
			ML_TRY(ml_frame_add_column(into, column, &at));
		place[c] = at;
	}
	return ML_OK;
}

static void
cell_at(const ml_column *column, int64_t row, ml_cell *cell)
{
	int32_t code;

	*cell = (ml_cell){.number = NAN};
	if (!is_stored(column))
		return;
	if (column->kind == ML_NUMBER)
		cell->number = *ml_numbers_at(column, row);
	else if ((code = *ml_codes_at(column, row)) >= 0)
		cell->text = column->dictionary->label[code];
}

ml_status
ml_frame_merge(ml_frame *into, const ml_frame *from)
{
	int *place;
	ml_cell *cells;

	ML_NEW(into->host, place, from->columns);
	ML_TRY(match_columns(into, from, place));
	ML_NEW(into->host, cells, into->columns);
	for (int c = 0; c < into->columns; c++)
		cells[c].number = NAN;
	for (int64_t row = 0; row < from->rows; row++)
	{
		if (row % ML_BLOCK == 0 && ml_stop(into->host))
			return ML_STOPPED;
		for (int c = 0; c < from->columns; c++)
			cell_at(&from->column[c], row, &cells[place[c]]);
		ML_TRY(ml_frame_restore(into, cells,
		                        from->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)]));
	}
	into->skipped += from->skipped;
	into->weightless += from->weightless;
	return ML_OK;
}
