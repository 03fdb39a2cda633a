/* SPDX-License-Identifier: PostgreSQL */
/*
 * cuts.c: finding the edges, and putting values between them.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

#define SLOTS 1024 /* of the set of different values; a power of two */
#define LANES 8    /* searches side by side, so that none waits for the other */

/* Work space of one thread: words as long as an item is. */
typedef struct cut_space
{
	uint64_t *items;
	uint64_t *spare;
	int64_t *tally;
} cut_space;

typedef struct cut_work
{
	const ml_frame *frame;
	const ml_schema *schema;
	const ml_column *weight;
	int64_t begin;
	int64_t step; /* of the rows whose quantiles are taken */
	int words;    /* of an item: the value's key and, where rows have weights, the row */
	ml_cut *cut;
	cut_space *space;
} cut_work;

/* Different values, as sorting keys; 0 is no key of a number. */
typedef struct value_set
{
	int count;
	uint64_t slot[SLOTS];
} value_set;

static inline bool
add_value(value_set *set, uint64_t key)
{
	uint64_t at = ml_hash_mix(key) & (SLOTS - 1);

	while (set->slot[at] != 0)
	{
		if (set->slot[at] == key)
			return true;
		at = (at + 1) & (SLOTS - 1);
	}
	set->slot[at] = key;
	return ++set->count <= ML_CUT_BINS;
}

/* Every value of the column; few is false once there are more than bins. */
static ml_status
collect_values(const cut_work *work, const ml_column *column, ml_worker *worker,
               value_set *set, bool *few, bool *complete)
{
	*few = *complete = true;
	for (int64_t row = work->begin; row < work->frame->rows && *few;)
	{
		const double *x = ml_numbers_at(column, row);
		int64_t next = ml_block_end(row, work->frame->rows);

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int64_t i = 0; i < next - row && *few; i++)
			if (isnan(x[i]))
				*complete = false;
			else
				*few = add_value(set, ml_number_key(x[i]));
		row = next;
	}
	return ML_OK;
}

/* Between two values, the lower one included. */
static double
edge_between(double low, double high)
{
	double middle = low / 2 + high / 2;

	return middle >= low && middle < high ? middle : low;
}

static void
cut_at_values(value_set *set, ml_cut *cut)
{
	uint64_t value[ML_CUT_BINS];
	int count = 0;

	for (int i = 0; i < SLOTS; i++)
		if (set->slot[i] != 0)
		{
			int at = count++;

			for (; at > 0 && value[at - 1] > set->slot[i]; at--)
				value[at] = value[at - 1];
			value[at] = set->slot[i];
		}
	cut->bins = count;
	for (int i = 0; i + 1 < count; i++)
		cut->edge[i] = edge_between(ml_key_number(value[i]), ml_key_number(value[i + 1]));
}

/* Known values in ascending order, in the items. */
static ml_status
sort_values(const cut_work *work, const ml_column *column, const cut_space *space,
            ml_worker *worker, int64_t *count)
{
	*count = 0;
	for (int64_t row = work->begin; row < work->frame->rows; row += work->step)
	{
		double x = *ml_numbers_at(column, row);

		if (((row - work->begin) / work->step & 0xffff) == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		uint64_t *item = space->items + *count * work->words;

		item[0] = ml_number_key(x);
		if (work->words > 1)
			item[1] = (uint64_t) row;
		*count += !isnan(x);
	}
	return ml_sort_rows(worker, space->items, space->spare, *count, work->words,
	                    space->tally);
}

static inline uint64_t
key_of(const cut_work *work, const uint64_t *items, int64_t at)
{
	return items[at * work->words];
}

static inline double
weight_of(const cut_work *work, const uint64_t *items, int64_t at)
{
	return work->words == 1
	           ? 1
	           : *ml_numbers_at(work->weight, (int64_t) items[at * work->words + 1]);
}

/* The weight of the value at from, and the first item of the next one. */
static double
take_value(const cut_work *work, const uint64_t *items, int64_t count, int64_t from,
           int64_t *next)
{
	uint64_t key = key_of(work, items, from);
	double weight = 0;

	for (*next = from; *next < count && key_of(work, items, *next) == key; (*next)++)
		weight += weight_of(work, items, *next);
	return weight;
}

/*
 * Walks the values upwards.  A bin ends when it holds its share of what is left for it and
 * those after it, and before a value that is a share by itself.
 */
static void
cut_at_quantiles(const cut_work *work, const uint64_t *items, int64_t count, ml_cut *cut)
{
	double left = 0, held = 0, next_weight;
	int64_t at = 0, next = 0;

	for (int64_t i = 0; i < count; i++)
		left += weight_of(work, items, i);
	cut->bins = 1;
	next_weight = count > 0 ? take_value(work, items, count, 0, &next) : 0;
	while (count > 0 && next < count && cut->bins < ML_CUT_BINS)
	{
		double share = left / (ML_CUT_BINS + 1 - cut->bins);
		int64_t here = at;

		held += next_weight;
		at = next;
		next_weight = take_value(work, items, count, at, &next);
		if (held >= share || next_weight >= share)
		{
			cut->edge[cut->bins++ - 1] =
			    edge_between(ml_key_number(key_of(work, items, here)),
			                 ml_key_number(key_of(work, items, at)));
			left -= held;
			held = 0;
		}
		if (next == count)
			break;
	}
}

static ml_status
cut_number(const cut_work *work, const ml_column *column, ml_cut *cut, ml_worker *worker)
{
	const cut_space *space = &work->space[worker->index];
	value_set set = {0};
	int64_t count;
	bool few;

	for (int i = 0; i <= ML_CUT_BINS; i++)
		cut->edge[i] = INFINITY;
	ML_TRY(collect_values(work, column, worker, &set, &few, &cut->complete));
	if (few)
		cut_at_values(&set, cut);
	else
	{
		cut->complete = false;
		ML_TRY(sort_values(work, column, space, worker, &count));
		cut_at_quantiles(work, space->items, count, cut);
	}
	return ML_OK;
}

static int
by_rows(const void *context, uint32_t a, uint32_t b)
{
	const double *rows = context;

	if (rows[a] != rows[b])
		return rows[a] > rows[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The most frequent labels keep a bin of their own, in the labels' order. */
static ml_status
cut_category(ml_host *host, const ml_feature *feature, ml_cut *cut)
{
	uint32_t *rank, *spare;
	int bins = 0;

	ML_NEW(host, cut->bin_of, feature->levels);
	if (feature->levels <= ML_CUT_BINS)
	{
		cut->bins = feature->levels;
		for (int level = 0; level < feature->levels; level++)
			cut->bin_of[level] = (uint8_t) level;
		return ML_OK;
	}
	ML_NEW(host, rank, feature->levels);
	ML_NEW(host, spare, feature->levels);
	for (int level = 0; level < feature->levels; level++)
		rank[level] = (uint32_t) level;
	ML_TRY(ml_sort_indexes(host, rank, spare, feature->levels, by_rows, feature->count));
	cut->bins = ML_CUT_BINS;
	for (int i = ML_CUT_BINS - 1; i < feature->levels; i++)
		cut->bin_of[rank[i]] = ML_CUT_BINS - 1;
	for (int level = 0; level < feature->levels; level++)
		if (cut->bin_of[level] != ML_CUT_BINS - 1)
			cut->bin_of[level] = (uint8_t) bins++;
	return ML_OK;
}

static ml_status
look_for_missing(const cut_work *work, const ml_column *column, ml_cut *cut,
                 ml_worker *worker)
{
	int32_t least = 0;

	for (int64_t row = work->begin; row < work->frame->rows;)
	{
		const int32_t *code = ml_codes_at(column, row);
		int64_t next = ml_block_end(row, work->frame->rows);

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int64_t i = 0; i < next - row; i++)
			least = code[i] < least ? code[i] : least;
		row = next;
	}
	cut->complete = least == 0;
	return ML_OK;
}

static ml_status
cut_task(void *argument, int64_t task, ml_worker *worker)
{
	const cut_work *work = argument;
	const ml_feature *feature = &work->schema->feature[task];

	if (feature->use != ML_USE_TERM)
		return ML_OK;
	if (feature->kind == ML_CATEGORY)
		return look_for_missing(work, &work->frame->column[feature->column],
		                        &work->cut[task], worker);
	return cut_number(work, &work->frame->column[feature->column], &work->cut[task],
	                  worker);
}

static int64_t
sorted_rows(int64_t rows)
{
	int64_t step = (rows + ML_CUT_ROWS - 1) / ML_CUT_ROWS;

	return step > 1 ? (rows + step - 1) / step : rows;
}

double
ml_cuts_memory(const ml_schema *schema)
{
	double bytes = 0;

	for (int f = 0; f < schema->features; f++)
		bytes += (ML_CUT_BINS + 1) * sizeof(double) + 12.0 * schema->feature[f].levels;
	return bytes;
}

size_t
ml_cuts_room(int64_t rows, int threads)
{
	return (size_t) threads * (ML_SORT_TALLY * sizeof(int64_t) +
	                           4 * (size_t) sorted_rows(rows) * sizeof(uint64_t));
}

/* Parts the work space among the threads. */
static void
lend_room(void *room, int64_t words, int threads, cut_space *space)
{
	for (int i = 0; i < threads; i++)
	{
		space[i].items = (uint64_t *) room + 2 * i * words;
		space[i].spare = space[i].items + words;
		space[i].tally = (int64_t *) room + 2 * threads * words + i * ML_SORT_TALLY;
	}
}

ml_status
ml_cuts_find(const ml_frame *frame, const ml_schema *schema, int64_t begin, void *room,
             ml_cut *cut)
{
	ml_host *host = frame->host;
	int threads = ml_pool_threads(host);
	int64_t rows = frame->rows - begin;
	cut_space space[ML_MAX_THREADS];
	cut_work work = {.frame = frame,
	                 .schema = schema,
	                 .weight = ml_frame_role(frame, ML_WEIGHT),
	                 .begin = begin,
	                 .step = (rows + ML_CUT_ROWS - 1) / ML_CUT_ROWS,
	                 .cut = cut,
	                 .space = space};

	if (work.step < 1)
		work.step = 1;
	work.words = work.weight != NULL ? 2 : 1;
	lend_room(room, sorted_rows(rows) * work.words, threads, space);
	for (int f = 0; f < schema->features; f++)
	{
		cut[f] = (ml_cut){0};
		if (schema->feature[f].kind == ML_CATEGORY)
			ML_TRY(cut_category(host, &schema->feature[f], &cut[f]));
		else
			ML_NEW_RAW(host, cut[f].edge, ML_CUT_BINS + 1);
	}
	return ml_parallel(host, schema->features, cut_task, &work);
}

/* Eight steps of a search among 255 edges; NaN is below none of them. */
static void
search_edges(const double *edge, const double *number, uint8_t *bin)
{
	int at[LANES] = {0};

	for (int step = (ML_CUT_BINS + 1) / 2; step > 0; step /= 2)
		for (int k = 0; k < LANES; k++)
			at[k] += edge[at[k] + step - 1] < number[k] ? step : 0;
	for (int k = 0; k < LANES; k++)
		bin[k] = (uint8_t) at[k];
}

#ifdef ML_HAS_LANES
/* The same. */
__attribute__((target("avx2,popcnt"))) static void
count_edges(const double *edge, const double *head, const double *number, uint8_t *bin)
{
	for (int k = 0; k < LANES; k++)
	{
		int first = ML_COUNTED * ml_count_by_fours(head, number[k]);

		bin[k] = (uint8_t) (first + ml_count_by_fours(edge + first, number[k]));
	}
}
#endif

void
ml_cut_numbers(const ml_cut *cut, const double *number, int count, uint8_t *bin)
{
	int i = 0;

#ifdef ML_HAS_LANES
	double head[ML_COUNTED];

	for (int k = 0; k < ML_COUNTED; k++)
		head[k] = cut->edge[ML_COUNTED * k + ML_COUNTED - 1];
	if (__builtin_cpu_supports("avx2"))
		for (; i + LANES <= count; i += LANES)
			count_edges(cut->edge, head, number + i, bin + i);
#endif
	for (; i + LANES <= count; i += LANES)
		search_edges(cut->edge, number + i, bin + i);
	if (i < count)
	{
		double rest[LANES] = {0};
		uint8_t rest_bin[LANES];

		memcpy(rest, number + i, (size_t) (count - i) * sizeof *number);
		search_edges(cut->edge, rest, rest_bin);
		memcpy(bin + i, rest_bin, (size_t) (count - i));
	}
	for (i = 0; i < count; i++)
		bin[i] = isnan(number[i]) ? (uint8_t) cut->bins : bin[i];
}

void
ml_cut_codes(const ml_cut *cut, const int32_t *code, int count, uint8_t *bin)
{
	for (int i = 0; i < count; i++)
		bin[i] = code[i] < 0 ? (uint8_t) cut->bins : cut->bin_of[code[i]];
}
