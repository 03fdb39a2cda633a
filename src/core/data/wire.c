/* SPDX-License-Identifier: PostgreSQL */
/*
 * wire.c: a frame as bytes, on its way from a parallel worker to the leader.
 *
 * The frame takes the form of a JSON-shaped value (value.h), whose codec packs
 * codes and small integers into one or two bytes.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

static ml_status
column_value(const ml_frame *frame, ml_host *host, const ml_column *column, ml_value *out)
{
	double *numbers;
	ml_value labels;

	ML_TRY(ml_value_object(host, 8, out));
	ml_value_add(out, "name", ml_value_text(column->name));
	ml_value_add(out, "type", ml_value_text(column->type));
	ml_value_add(out, "position", ml_value_number(column->position));
	ml_value_add(out, "element", ml_value_number(column->element));
	ml_value_add(out, "kind", ml_value_number(column->kind));
	ml_value_add(out, "role", ml_value_number(column->role));
	if (column->role == ML_ID)
		return ML_OK;
	ML_NEW(host, numbers, frame->rows);
	for (int64_t row = 0; row < frame->rows; row++)
	{
		ML_PAUSE(host, row);
		numbers[row] = column->kind == ML_NUMBER ? *ml_numbers_at(column, row)
		                                         : *ml_codes_at(column, row);
	}
	ml_value_add(out, "values", ml_value_numbers(numbers, frame->rows));
	if (column->kind == ML_CATEGORY)
	{
		ML_TRY(ml_value_array(host, column->dictionary->count, &labels));
		for (int32_t i = 0; i < column->dictionary->count; i++)
			labels.items[i] = ml_value_text(column->dictionary->label[i]);
		ml_value_add(out, "labels", labels);
	}
	return ML_OK;
}

/* A key is cut in two, since a double does not hold 64 bits. */
static ml_status
key_values(const ml_frame *frame, ml_host *host, ml_value *out)
{
	double *halves;

	ML_NEW(host, halves, 2 * frame->rows);
	for (int64_t row = 0; row < frame->rows; row++)
	{
		uint64_t key = frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)];

		halves[2 * row] = (double) (int32_t) (key >> 32);
		halves[2 * row + 1] = (double) (int32_t) (uint32_t) key;
	}
	*out = ml_value_numbers(halves, 2 * frame->rows);
	return ML_OK;
}

ml_status
ml_frame_encode(const ml_frame *frame, ml_host *host, ml_bytes *bytes)
{
	ml_value value, columns, keys;

	ML_TRY(ml_value_object(host, 5, &value));
	ML_TRY(ml_value_array(host, frame->columns, &columns));
	for (int c = 0; c < frame->columns; c++)
		ML_TRY(column_value(frame, host, &frame->column[c], &columns.items[c]));
	ml_value_add(&value, "columns", columns);
	ml_value_add(&value, "rows", ml_value_number((double) frame->rows));
	ml_value_add(&value, "skipped", ml_value_number((double) frame->skipped));
	ml_value_add(&value, "weightless", ml_value_number((double) frame->weightless));
	if (frame->keyed)
	{
		ML_TRY(key_values(frame, host, &keys));
		ml_value_add(&value, "keys", keys);
	}
	return ml_value_encode(host, &value, 0, bytes);
}

typedef struct source
{
	const ml_value *values;
	const ml_value *labels;
	bool number;
} source;

static ml_status
add_columns(ml_frame *frame, const ml_value *columns, source *sources)
{
	for (int64_t c = 0; c < columns->count; c++)
	{
		const ml_value *item = &columns->items[c];
		ml_column spec = {.name = ml_value_member(item, "name")->text};
		int index;

		spec.type = ml_value_member(item, "type")->text;
		spec.position = (int) ml_value_member(item, "position")->number;
		spec.element = (int) ml_value_member(item, "element")->number;
		spec.kind = (ml_kind) ml_value_member(item, "kind")->number;
		spec.role = (ml_role) ml_value_member(item, "role")->number;
		ML_TRY(ml_frame_add_column(frame, &spec, &index));
		sources[c].values = ml_value_member(item, "values");
		sources[c].labels = ml_value_member(item, "labels");
		sources[c].number = spec.kind == ML_NUMBER;
	}
	return ML_OK;
}

static uint64_t
key_at(const ml_value *halves, int64_t row)
{
	uint64_t high = (uint32_t) (int32_t) halves->numbers[2 * row];
	uint64_t low = (uint32_t) (int32_t) halves->numbers[2 * row + 1];

	return high << 32 | low;
}

static ml_status
add_rows(ml_frame *frame, const source *sources, int64_t rows, const ml_value *keys)
{
	ml_cell *cells;

	ML_NEW(frame->host, cells, frame->columns);
	for (int64_t row = 0; row < rows; row++)
	{
		ML_PAUSE(frame->host, row);
		for (int c = 0; c < frame->columns; c++)
		{
			double value =
			    sources[c].values != NULL ? sources[c].values->numbers[row] : NAN;

			cells[c] = (ml_cell){.number = value};
			if (!sources[c].number && value >= 0)
				cells[c].text = sources[c].labels->items[(int64_t) value].text;
		}
		ML_TRY(ml_frame_restore(frame, cells, keys != NULL ? key_at(keys, row) : 0));
	}
	return ML_OK;
}

/* Reads what ml_frame_encode wrote in another process of the same server. */
ml_status
ml_frame_decode(ml_host *host, const unsigned char *bytes, size_t length,
                ml_frame **frame)
{
	ml_value value;
	const ml_value *columns;
	source *sources;

	ML_TRY(ml_value_decode(host, bytes, length, &value));
	ML_TRY(ml_frame_create(host, frame));
	columns = ml_value_member(&value, "columns");
	ML_NEW(host, sources, columns->count);
	ML_TRY(add_columns(*frame, columns, sources));
	ML_TRY(add_rows(*frame, sources, (int64_t) ml_value_member(&value, "rows")->number,
	                ml_value_member(&value, "keys")));
	(*frame)->skipped = (int64_t) ml_value_member(&value, "skipped")->number;
	(*frame)->weightless = (int64_t) ml_value_member(&value, "weightless")->number;
	return ML_OK;
}
