/* SPDX-License-Identifier: PostgreSQL */
/*
 * subset.c: a frame of some rows of another.
 */
#include "data/data.h"

#include <string.h>

/* Copies items of some rows, or of all if order is NULL, into chunks of their own. */
static ml_status
copy_chunks(ml_host *host, const uint32_t *order, const ml_frame *to, size_t size,
            void ***chunks)
{
	void **from = *chunks;

	ML_NEW(host, *chunks, to->chunk_room);
	for (int64_t chunk = 0; chunk < to->chunks; chunk++)
	{
		int64_t first = chunk << ML_CHUNK_BITS, count = to->rows - first;
		char *items;

		if (ml_stop(host))
			return ML_STOPPED;
		count = count < ML_CHUNK ? count : ML_CHUNK;
		items = ml_alloc_raw(host, chunk == 0 ? to->first_room : ML_CHUNK, size);
		if (items == NULL)
			return ML_MEMORY;
		(*chunks)[chunk] = items;
		if (order == NULL)
		{
			memcpy(items, from[chunk], (size_t) count * size);
			continue;
		}
		for (int64_t i = 0; i < count; i++)
		{
			uint32_t row = order[first + i];

			memcpy(items + (size_t) i * size,
			       (char *) from[row >> ML_CHUNK_BITS] + (row & (ML_CHUNK - 1)) * size,
			       size);
		}
	}
	return ML_OK;
}

ml_status
ml_frame_subset(ml_host *host, const ml_frame *frame, const uint32_t *order, int64_t rows,
                ml_frame *subset)
{
	*subset = *frame;
	subset->tail_chunk = -1;
	if (order != NULL)
	{
		subset->rows = rows;
		subset->skipped = 0;
		subset->weightless = 0;
		subset->holdout_rows = 0;
		subset->chunks = subset->chunk_room = (rows + ML_CHUNK - 1) >> ML_CHUNK_BITS;
		subset->first_room = rows < ML_CHUNK ? (int32_t) rows : ML_CHUNK;
		ML_TRY(copy_chunks(host, order, subset, sizeof **subset->key,
		                   (void ***) &subset->key));
	}
	ML_NEW(host, subset->column, subset->columns);
	for (int c = 0; c < subset->columns; c++)
	{
		ml_column *column = &subset->column[c];

		*column = frame->column[c];
		if (column->role != ML_ID && (order != NULL || column->kind == ML_CATEGORY))
			ML_TRY(
			    copy_chunks(host, order, subset, ml_item_size(column), &column->chunk));
	}
	return ML_OK;
}
