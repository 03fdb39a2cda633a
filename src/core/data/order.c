/* SPDX-License-Identifier: PostgreSQL */
/*
 * order.c: canonical order.
 *
 * Rows are put into ascending order of key, equal keys by content.  Keys are
 * hashes, so their leading bits spread the rows evenly over buckets of about one row, by way
 * of groups that fit a cache; what little is left in a bucket is merge-sorted.  Then each column is gathered
 * into its thread's spare chunks, and the old chunks become the spare ones.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

#define MAX_BITS 22        /* of a bucket in all */
#define MAX_BUCKET_BITS 10 /* of a bucket in its group */
#define RANGES 16          /* of rows, which threads put into groups */
#define FEW 16             /* rows that are sorted by insertion */
#define AHEAD 64           /* items that are asked for in advance */

static inline uint64_t
key_at(const ml_frame *frame, int64_t row)
{
	return frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)];
}

typedef struct key_work
{
	ml_frame *frame;
	uint64_t **label; /* per column, the hashes of its dictionary's labels */
} key_work;

/* Keys of one chunk, from the features. */
static ml_status
hash_chunk(void *argument, int64_t chunk, ml_worker *worker)
{
	key_work *work = argument;
	ml_frame *frame = work->frame;
	uint64_t *key = frame->key[chunk];
	int64_t first = chunk << ML_CHUNK_BITS;
	int64_t rows = frame->rows - first < ML_CHUNK ? frame->rows - first : ML_CHUNK;

	memset(key, 0, (size_t) rows * sizeof *key);
	for (int c = 0; c < frame->columns; c++)
	{
		const ml_column *column = &frame->column[c];

		if (column->role != ML_FEATURE)
			continue;
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int64_t i = 0; i < rows; i++)
		{
			uint64_t hash = 0;
			int32_t code;

			if (column->kind == ML_NUMBER)
				hash = ml_hash_number(((double *) column->chunk[chunk])[i]);
			else if ((code = ((int32_t *) column->chunk[chunk])[i]) >= 0)
				hash = column->dictionary->hash[code];
			key[i] += ml_hash_add(column->name_hash, hash);
		}
	}
	for (int64_t i = 0; i < rows; i++)
		key[i] = ml_hash_mix(key[i]);
	return ML_OK;
}

static int
compare_values(const ml_column *column, int64_t a, int64_t b)
{
	if (column->kind == ML_NUMBER)
	{
		double x = *ml_numbers_at(column, a), y = *ml_numbers_at(column, b);

		if (isnan(x) || isnan(y))
			return isnan(x) - isnan(y);
		return (x > y) - (x < y);
	}
	else
	{
		int32_t x = *ml_codes_at(column, a), y = *ml_codes_at(column, b);

		if (x == y)
			return 0;
		if (x < 0 || y < 0)
			return (x < 0) - (y < 0);
		return ml_text_compare(column->dictionary->label[x],
		                       column->dictionary->label[y]);
	}
}

static int
compare_rows(const void *context, uint32_t a, uint32_t b)
{
	const ml_frame *frame = context;
	uint64_t x = key_at(frame, a), y = key_at(frame, b);

	if (x != y)
		return x < y ? -1 : 1;
	for (int c = 0; c < frame->columns; c++)
	{
		int order;

		if (frame->column[c].role == ML_ID || frame->column[c].role == ML_BESIDE ||
		    frame->column[c].role == ML_ORDER)
			continue;
		order = compare_values(&frame->column[c], a, b);
		if (order != 0)
			return order;
	}
	return 0;
}

/* A bucket of few rows; keys that are equal are compared by content. */
static void
sort_bucket(const ml_frame *frame, uint32_t *order, int64_t rows)
{
	for (int64_t i = 1; i < rows; i++)
	{
		uint32_t row = order[i];
		uint64_t key = key_at(frame, row);
		int64_t at = i;

		for (; at > 0; at--)
		{
			uint64_t before = key_at(frame, order[at - 1]);

			if (before < key ||
			    (before == key && compare_rows(frame, order[at - 1], row) <= 0))
				break;
			order[at] = order[at - 1];
		}
		order[at] = row;
	}
}

/*
 * Rows go into groups by the leading bits of their keys: each range of rows has its own places
 * in every group, after those of the ranges before it.  Then a group is sorted by itself.
 */
typedef struct sort_work
{
	const ml_frame *frame;
	int group_bits;
	int bucket_bits;   /* those that come next */
	int64_t *place;    /* [RANGES][groups] how many rows; then where the next one goes */
	int64_t *begin;    /* [groups + 1] */
	uint32_t *grouped; /* [rows]; NULL while they are counted */
	uint32_t *order;   /* [rows] */
} sort_work;

static inline int64_t
group_of(const sort_work *work, uint64_t key)
{
	return (int64_t) (key >> 1 >> (63 - work->group_bits));
}

static inline int64_t
bucket_of(const sort_work *work, int64_t row)
{
	return (int64_t) (key_at(work->frame, row) << work->group_bits >>
	                  (64 - work->bucket_bits));
}

/* Rows of a range to their groups: first they are counted, then put where the counts say. */
static ml_status
deal_range(void *argument, int64_t task, ml_worker *worker)
{
	const sort_work *work = argument;
	const ml_frame *frame = work->frame;
	int64_t *place = work->place + (task << work->group_bits);

	for (int64_t row = frame->rows * task / RANGES;
	     row < frame->rows * (task + 1) / RANGES; row++)
	{
		int64_t at;

		if ((row & 0xffff) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		at = place[group_of(work, key_at(frame, row))]++;
		if (work->grouped != NULL)
			work->grouped[at] = (uint32_t) row;
	}
	return ML_OK;
}

static ml_status
sort_group(void *argument, int64_t task, ml_worker *worker)
{
	const sort_work *work = argument;
	uint32_t *rows = work->grouped + work->begin[task];
	uint32_t *order = work->order + work->begin[task];
	int64_t count = work->begin[task + 1] - work->begin[task];
	/* start[b + 2] counts bucket b; after the sums start[b + 1] is where it begins */
	int64_t start[(1 << MAX_BUCKET_BITS) + 2], buckets = INT64_C(1) << work->bucket_bits;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	memset(start, 0, (size_t) (buckets + 2) * sizeof *start);
	for (int64_t i = 0; i < count; i++)
		start[bucket_of(work, rows[i]) + 2]++;
	for (int64_t b = 2; b <= buckets; b++)
		start[b + 1] += start[b];
	for (int64_t i = 0; i < count; i++)
		order[start[bucket_of(work, rows[i]) + 1]++] = rows[i];
	for (int64_t b = 0; b < buckets; b++)
	{
		ml_merge many = {.index = order + start[b],
		                 .work = rows + start[b],
		                 .count = start[b + 1] - start[b],
		                 .compare = compare_rows,
		                 .context = work->frame};

		if (many.count > FEW)
			ML_TRY(ml_sort_merge(worker, &many));
		else
			sort_bucket(work->frame, many.index, many.count);
	}
	return ML_OK;
}

/* Counts become places. */
static void
lay_groups(sort_work *work)
{
	int64_t groups = INT64_C(1) << work->group_bits, at = 0;

	for (int64_t g = 0; g < groups; g++)
	{
		work->begin[g] = at;
		for (int64_t range = 0; range < RANGES; range++)
		{
			int64_t *place = &work->place[range * groups + g], rows = *place;

			*place = at;
			at += rows;
		}
	}
	work->begin[groups] = at;
}

/* order[i] becomes the row that comes i-th. */
static ml_status
sort_rows(const ml_frame *frame, uint32_t *order)
{
	ml_host *host = frame->host;
	sort_work work = {.frame = frame, .order = order};
	int bits = 1;

	while (bits < MAX_BITS && (INT64_C(1) << bits) < frame->rows)
		bits++;
	work.group_bits = bits > MAX_BUCKET_BITS ? bits - MAX_BUCKET_BITS : 0;
	work.bucket_bits = bits - work.group_bits;
	ML_NEW(host, work.place, RANGES << work.group_bits);
	ML_NEW(host, work.begin, (INT64_C(1) << work.group_bits) + 1);
	ML_TRY(ml_parallel(host, RANGES, deal_range, &work));
	lay_groups(&work);
	ML_NEW_RAW(host, work.grouped, frame->rows);
	ML_TRY(ml_parallel(host, RANGES, deal_range, &work));
	return ml_parallel(host, INT64_C(1) << work.group_bits, sort_group, &work);
}

/* The same in a branch: what it takes is given back. */
static ml_status
sort_rows_apart(const ml_frame *frame, uint32_t *order)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(frame->host));
	status = sort_rows(frame, order);
	closed = ml_branch_close(frame->host, NULL, 0);
	return status != ML_OK ? status : closed;
}

typedef struct gather_work
{
	ml_frame *frame;
	const uint32_t *order;
	void **wide[ML_MAX_THREADS];   /* spare chunks of 8-byte items, per thread */
	void **narrow[ML_MAX_THREADS]; /* of 4-byte items */
} gather_work;

/* Where a row's item is in the chunks of a column. */
#define ITEM(type, from, row)                                                            \
	((const type *) (from)[(row) >> ML_CHUNK_BITS] + ((row) & (ML_CHUNK - 1)))

/*
 * The loops of gather_column: one chunk's items out of all the chunks of a column.  They lie
 * anywhere in memory, so each is asked for in advance.
 */
static void
gather_wide(void *const *from, const uint32_t *order, int64_t rows, uint64_t *to)
{
	for (int64_t i = 0; i < rows; i++)
	{
		if (i + AHEAD < rows)
			__builtin_prefetch(ITEM(uint64_t, from, order[i + AHEAD]));
		to[i] = *ITEM(uint64_t, from, order[i]);
	}
}

static void
gather_narrow(void *const *from, const uint32_t *order, int64_t rows, uint32_t *to)
{
	for (int64_t i = 0; i < rows; i++)
	{
		if (i + AHEAD < rows)
			__builtin_prefetch(ITEM(uint32_t, from, order[i + AHEAD]));
		to[i] = *ITEM(uint32_t, from, order[i]);
	}
}

/* Copies a column's items, in order, into the spare chunks, and makes those the column's. */
static ml_status
gather_column(void *argument, int64_t task, ml_worker *worker)
{
	gather_work *work = argument;
	ml_frame *frame = work->frame;
	ml_column *column = task == 0 ? NULL : &frame->column[task - 1];
	bool wide = column == NULL || column->kind == ML_NUMBER;
	void ***from = column == NULL ? (void ***) &frame->key : &column->chunk;
	void ***to = wide ? &work->wide[worker->index] : &work->narrow[worker->index];
	void **swap = *from;

	if (column != NULL && column->role == ML_ID)
		return ML_OK;
	for (int64_t chunk = 0; chunk < frame->chunks; chunk++)
	{
		const uint32_t *order = work->order + (chunk << ML_CHUNK_BITS);
		int64_t rows = frame->rows - (chunk << ML_CHUNK_BITS);

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		rows = rows < ML_CHUNK ? rows : ML_CHUNK;
		if (wide)
			gather_wide(*from, order, rows, (*to)[chunk]);
		else
			gather_narrow(*from, order, rows, (*to)[chunk]);
	}
	*from = *to;
	*to = swap;
	return ML_OK;
}

static ml_status
make_spare(ml_frame *frame, size_t size, void ***spare)
{
	ML_NEW(frame->host, *spare, frame->chunk_room);
	for (int64_t i = 0; i < frame->chunks; i++)
	{
		(*spare)[i] =
		    ml_alloc_raw(frame->host, i == 0 ? frame->first_room : ML_CHUNK, size);
		if ((*spare)[i] == NULL)
			return ML_MEMORY;
	}
	return ML_OK;
}

static ml_status
gather_rows(ml_frame *frame, const uint32_t *order)
{
	gather_work work = {.frame = frame, .order = order};
	bool narrow = false;

	for (int c = 0; c < frame->columns; c++)
		narrow |= frame->column[c].kind == ML_CATEGORY && frame->column[c].role != ML_ID;
	for (int i = 0; i < ml_pool_threads(frame->host); i++)
	{
		ML_TRY(make_spare(frame, sizeof(uint64_t), &work.wide[i]));
		if (narrow)
			ML_TRY(make_spare(frame, sizeof(uint32_t), &work.narrow[i]));
	}
	ML_TRY(ml_parallel(frame->host, frame->columns + 1, gather_column, &work));
	frame->spare = work.wide[0];
	return ML_OK;
}

static int
by_place(const void *context, uint32_t a, uint32_t b)
{
	const ml_column *x = (const ml_column *) context + a;
	const ml_column *y = (const ml_column *) context + b;

	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return (x->element > y->element) - (x->element < y->element);
}

/* Columns by their place in the source: the order in which array elements were met is lost. */
static ml_status
sort_columns(ml_frame *frame)
{
	uint32_t *order, *work;
	ml_column *sorted;

	ML_NEW(frame->host, order, frame->columns);
	ML_NEW(frame->host, work, frame->columns);
	ML_NEW(frame->host, sorted, frame->columns);
	for (int c = 0; c < frame->columns; c++)
		order[c] = (uint32_t) c;
	ML_TRY(ml_sort_indexes(frame->host, order, work, frame->columns, by_place,
	                       frame->column));
	for (int c = 0; c < frame->columns; c++)
		sorted[c] = frame->column[order[c]];
	frame->column = sorted;
	frame->column_room = frame->columns;
	frame->tail_chunk = -1;
	frame->asked_columns = -1;
	return ML_OK;
}

/*
 * Rows that agree in all features have one key, and would all fall on one side of the
 * holdout.  Without an id they are different customers, so the second and further
 * rows of such a run get keys of their own, by their place in the run.  True if there were any.
 */
static bool
spread_duplicates(ml_frame *frame, const uint32_t *order)
{
	bool found = false;
	uint64_t first = 0, place = 0;

	for (int64_t i = 0; i < frame->rows; i++)
	{
		uint64_t *key = &frame->key[order[i] >> ML_CHUNK_BITS][order[i] & (ML_CHUNK - 1)];

		if (i > 0 && *key == first)
		{
			*key = ml_hash_add(first, ++place);
			found = true;
		}
		else
		{
			first = *key;
			place = 0;
		}
	}
	return found;
}

/* Keys of that share are below it. */
static uint64_t
limit_of(double share)
{
	return (uint64_t) (share * 18446744073709551616.0);
}

int64_t
ml_frame_below(const ml_frame *frame, double share)
{
	uint64_t limit = limit_of(share);
	int64_t low = 0, high = frame->rows;

	while (low < high)
	{
		int64_t middle = (low + high) / 2;

		if (key_at(frame, middle) < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

ml_status
ml_frame_order(ml_frame *frame, double holdout)
{
	uint32_t *order;

	ML_TRY(sort_columns(frame));
	if (!frame->keyed)
	{
		key_work work = {.frame = frame};

		ML_TRY(ml_parallel(frame->host, frame->chunks, hash_chunk, &work));
	}
	ML_NEW(frame->host, order, frame->rows);
	ML_TRY(sort_rows_apart(frame, order));
	if (!frame->keyed && spread_duplicates(frame, order))
		ML_TRY(sort_rows_apart(frame, order));
	ml_progress(frame->host, ML_STAGE_ORDER, 1, 2);
	ML_TRY(gather_rows(frame, order));
	frame->holdout_rows = ml_frame_below(frame, holdout);
	ml_progress(frame->host, ML_STAGE_ORDER, 2, 2);
	return ML_OK;
}

/* A view of the frame with keys of its own, made of those columns. */
static ml_status
view_by_key(const ml_frame *frame, const ml_other_key *other, ml_frame *view)
{
	ml_host *host = frame->host;

	*view = *frame;
	ML_NEW(host, view->column, view->columns);
	ML_NEW(host, view->key, view->chunks);
	for (int64_t chunk = 0; chunk < view->chunks; chunk++)
		ML_NEW_RAW(host, view->key[chunk], ML_CHUNK);
	for (int c = 0; c < view->columns; c++)
	{
		view->column[c] = frame->column[c];
		if (other->column[c])
			view->column[c].role = ML_FEATURE;
		else if (view->column[c].role == ML_FEATURE)
			view->column[c].role = ML_BESIDE;
	}
	return ML_OK;
}

static ml_status
find_held(const ml_frame *frame, const ml_other_key *other, int64_t rows, bool *held)
{
	uint64_t limit = limit_of(other->share);
	key_work work;
	ml_frame view;
	uint32_t *order;

	ML_TRY(view_by_key(frame, other, &view));
	work.frame = &view;
	ML_TRY(ml_parallel(frame->host, view.chunks, hash_chunk, &work));
	if (!other->is_id)
	{
		ML_NEW_RAW(frame->host, order, view.rows);
		ML_TRY(sort_rows_apart(&view, order));
		spread_duplicates(&view, order);
	}
	for (int64_t row = 0; row < rows; row++)
		held[row] = key_at(&view, row) < limit;
	return ML_OK;
}

ml_status
ml_frame_held(const ml_frame *frame, const ml_other_key *other, int64_t rows, bool *held)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(frame->host));
	status = find_held(frame, other, rows, held);
	closed = ml_branch_close(frame->host, NULL, 0);
	return status != ML_OK ? status : closed;
}
