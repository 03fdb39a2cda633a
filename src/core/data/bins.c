/* SPDX-License-Identifier: PostgreSQL */
/*
 * bins.c: features into pre-bins, and the best bins written down.
 *
 * A feature is sorted, its equal values are counted as one, and neighbours are put
 * together until at most ML_PRE_BINS are left; partition.c merges those.  One task per
 * feature; each thread has work space of its own.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

#define RARE 0.2 /* of the least share of a bin: labels below are pooled */

/* One thread's work space. */
typedef struct binner
{
	ml_keyed *items; /* [rows, or labels and a pool] */
	ml_keyed *spare; /* likewise */
	int64_t *tally;  /* of the sort */
	ml_bin *label;   /* [labels + 1] the sums of each label, then of the pool */
	ml_partition rising;
	ml_partition falling;
	int64_t first[ML_PRE_BINS + 1]; /* the sorted item that each pre-bin begins with */
} binner;

typedef struct bin_work
{
	ml_frame *frame;
	const ml_column *target;
	const ml_column *weight;
	ml_schema *schema;
	ml_bin_options options;
	double events;
	double non_events;
	binner *binner[ML_MAX_THREADS];
} bin_work;

/* A feature on its way: sorted items, and what each of them stands for. */
typedef struct sorted
{
	const bin_work *work;
	const ml_feature *feature;
	const ml_bin *label; /* sums of the labels, NULL for a number */
	const ml_keyed *item;
	int64_t count;
} sorted;

static inline double
weight_at(const bin_work *work, int64_t row)
{
	return work->weight != NULL ? *ml_numbers_at(work->weight, row) : 1;
}

static inline void
add_row(const bin_work *work, int64_t row, bool event, ml_bin *bin)
{
	*(event ? &bin->events : &bin->non_events) += weight_at(work, row);
}

/* Known values as items to be sorted; the tag is the target. */
static ml_status
take_numbers(const bin_work *work, const ml_column *column, ml_worker *worker,
             ml_bin *missing, int64_t *count)
{
	ml_keyed *items = work->binner[worker->index]->items;
	const ml_frame *frame = work->frame;

	*count = 0;
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
	{
		double x = *ml_numbers_at(column, row);
		bool event = *ml_numbers_at(work->target, row) > 0;

		if (row % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		if (isnan(x))
			add_row(work, row, event, missing);
		else
			items[(*count)++] =
			    (ml_keyed){.key = ml_number_key(x), .row = (uint32_t) row, .tag = event};
	}
	return ML_OK;
}

/* Is the label too rare to have an event rate of its own? */
static bool
is_pooled(const bin_work *work, const ml_feature *feature, const ml_bin *label, int level)
{
	double all = work->events + work->non_events;

	return (feature->pooled && level == feature->levels - 1) ||
	       label->events + label->non_events < RARE * work->options.min_bin * all;
}

/* Labels as items to be sorted by event rate; the pool is the label after the last. */
static ml_status
take_labels(const bin_work *work, const ml_feature *feature, ml_worker *worker,
            ml_bin *missing, int64_t *count)
{
	const ml_column *column = &work->frame->column[feature->column];
	binner *b = work->binner[worker->index];
	ml_bin *pool = &b->label[feature->levels];

	memset(b->label, 0, ((size_t) feature->levels + 1) * sizeof *b->label);
	for (int64_t row = work->frame->holdout_rows; row < work->frame->rows; row++)
	{
		int32_t code = *ml_codes_at(column, row);

		if (row % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		add_row(work, row, *ml_numbers_at(work->target, row) > 0,
		        code < 0 ? missing : &b->label[code]);
	}
	for (int level = 0; level < feature->levels; level++)
		if (is_pooled(work, feature, &b->label[level], level))
		{
			pool->events += b->label[level].events;
			pool->non_events += b->label[level].non_events;
			b->label[level].events = b->label[level].non_events = 0;
		}
	*count = 0;
	for (int level = 0; level <= feature->levels; level++)
	{
		double rows = b->label[level].events + b->label[level].non_events;

		if (rows > 0)
			b->items[(*count)++] =
			    (ml_keyed){.key = ml_number_key(b->label[level].events / rows),
			               .row = (uint32_t) level};
	}
	return ML_OK;
}

/* Sums up the items that have the value of the one at that place; answers the next place. */
static int64_t
take_value(const sorted *s, int64_t at, ml_bin *sums)
{
	uint64_t key = s->item[at].key;

	if (s->label != NULL)
	{
		*sums = s->label[s->item[at].row];
		return at + 1;
	}
	*sums = (ml_bin){0};
	for (; at < s->count && s->item[at].key == key; at++)
		add_row(s->work, s->item[at].row, s->item[at].tag, sums);
	return at;
}

/* Are there more values than there can be pre-bins? */
static bool
has_many_values(const sorted *s)
{
	int64_t values = 0;

	if (s->label != NULL)
		return s->count > ML_PRE_BINS;
	for (int64_t at = 0; at < s->count && values <= ML_PRE_BINS; at++)
		values += at == 0 || s->item[at].key != s->item[at - 1].key;
	return values > ML_PRE_BINS;
}

/*
 * Puts neighbours together.  A pre-bin is closed when it holds its part of the weight that
 * was left when it began; a value that alone weighs so much has one of its own.
 */
static ml_status
make_pre_bins(const sorted *s, ml_worker *worker, double left, int64_t *first,
              ml_partition *p)
{
	bool all = !has_many_values(s);
	double room = 0, within = 0;
	int64_t asked = 0;

	p->parts = 0;
	for (int64_t at = 0; at < s->count;)
	{
		ml_bin value;
		int64_t next = take_value(s, at, &value);
		double weight = value.events + value.non_events;
		bool full = all || weight >= room || within + weight / 2 >= room;

		if (at - asked >= ML_BLOCK && ml_worker_stop(worker))
			return ML_STOPPED;
		asked = at - asked >= ML_BLOCK ? at : asked;
		if (p->parts == 0 || (full && p->parts < ML_PRE_BINS))
		{
			left -= within;
			within = 0;
			room = left / (ML_PRE_BINS - p->parts);
			first[p->parts] = at;
			p->events[p->parts] = p->non_events[p->parts] = 0;
			p->parts++;
		}
		p->events[p->parts - 1] += value.events;
		p->non_events[p->parts - 1] += value.non_events;
		within += weight;
		at = next;
	}
	first[p->parts] = s->count;
	return ML_OK;
}

/* Merges the pre-bins in the direction asked for; merged is where the outcome is. */
static ml_status
merge(ml_worker *worker, const sorted *s, binner *b, const ml_partition **merged)
{
	ml_partition *p = &b->rising;
	ml_text monotone = s->work->options.monotone;

	*merged = p;
	/* neighbours by event rate rise whichever way they are merged */
	if (s->label != NULL || ml_text_is(monotone, "none"))
		return ml_partition_solve(worker, p, 0);
	if (ml_text_is(monotone, "increasing"))
		return ml_partition_solve(worker, p, 1);
	if (ml_text_is(monotone, "decreasing"))
		return ml_partition_solve(worker, p, -1);
	b->falling.parts = p->parts;
	b->falling.pure = p->pure;
	memcpy(b->falling.events, p->events, sizeof p->events);
	memcpy(b->falling.non_events, p->non_events, sizeof p->non_events);
	ML_TRY(ml_partition_solve(worker, p, 1));
	ML_TRY(ml_partition_solve(worker, &b->falling, -1));
	*merged = b->falling.iv > p->iv ? &b->falling : p;
	return ML_OK;
}

/* The same; with bins of one class if there would be but one bin. */
static ml_status
merge_at_all(ml_worker *worker, const sorted *s, binner *b, const ml_partition **merged)
{
	b->rising.pure = false;
	ML_TRY(merge(worker, s, b, merged));
	if ((*merged)->bins > 1)
		return ML_OK;
	b->rising.pure = true;
	return merge(worker, s, b, merged);
}

/* Labels that the pool stands for go where the pool goes. */
static void
place_labels(const sorted *s, int bin, int64_t from, int64_t to)
{
	const ml_feature *feature = s->feature;

	for (int64_t at = from; at < to; at++)
	{
		uint32_t level = s->item[at].row;

		if (level < (uint32_t) feature->levels)
			feature->bins->bin_of[level] = bin;
		else
			for (int l = 0; l < feature->levels; l++)
				if (s->label[l].events + s->label[l].non_events == 0)
					feature->bins->bin_of[l] = bin;
	}
}

static void
write_bins(const sorted *s, const int64_t *first, const ml_partition *p)
{
	ml_bins *bins = s->feature->bins;
	int begin = 0;

	bins->bin[p->bins] = bins->bin[bins->bins];
	bins->bins = p->bins;
	for (int i = 0; i < p->bins; i++)
	{
		ml_bin *bin = &bins->bin[i];

		*bin = (ml_bin){0};
		for (int part = begin; part < p->end[i]; part++)
		{
			bin->events += p->events[part];
			bin->non_events += p->non_events[part];
		}
		if (s->label != NULL)
			place_labels(s, i, first[begin], first[p->end[i]]);
		else if (i > 0)
			bins->edge[i - 1] = ml_key_number(s->item[first[begin]].key);
		begin = p->end[i];
	}
	for (int i = 0; i <= bins->bins; i++)
		if (bins->bin[i].events + bins->bin[i].non_events > 0)
			ml_bin_weigh(&bins->bin[i], s->work->events, s->work->non_events);
	ml_bins_sum(bins);
}

static ml_status
bin_feature(void *argument, int64_t task, ml_worker *worker)
{
	bin_work *work = argument;
	const ml_feature *feature = &work->schema->feature[task];
	const ml_column *column = &work->frame->column[feature->column];
	binner *b = work->binner[worker->index];
	sorted s = {.work = work, .feature = feature};
	const ml_partition *merged;
	ml_bin *missing;
	ml_keyed *item;

	if (feature->bins == NULL)
		return ML_OK;
	missing = &feature->bins->bin[feature->bins->bins];
	if (feature->kind == ML_NUMBER)
		ML_TRY(take_numbers(work, column, worker, missing, &s.count));
	else
		ML_TRY(take_labels(work, feature, worker, missing, &s.count));
	s.label = feature->kind == ML_NUMBER ? NULL : b->label;
	ML_TRY(ml_sort_keyed(worker, b->items, b->spare, s.count, b->tally, &item));
	s.item = item;
	ML_TRY(make_pre_bins(&s, worker,
	                     work->events + work->non_events - missing->events -
	                         missing->non_events,
	                     b->first, &b->rising));
	ML_TRY(merge_at_all(worker, &s, b, &merged));
	write_bins(&s, b->first, merged);
	return ML_OK;
}

static ml_status
create_partition(ml_host *host, const bin_work *work, ml_partition *p)
{
	ML_TRY(ml_partition_create(host, (int) work->options.max_bins, p));
	p->all_events = work->events;
	p->all_non_events = work->non_events;
	p->least = work->options.min_bin * (work->events + work->non_events);
	return ML_OK;
}

static ml_status
create_binner(ml_host *host, const bin_work *work, int64_t items, int levels,
              binner **out)
{
	binner *b;

	ML_NEW(host, b, 1);
	ML_NEW_RAW(host, b->items, items);
	ML_NEW_RAW(host, b->spare, items);
	ML_NEW_RAW(host, b->tally, ML_SORT_TALLY);
	ML_NEW(host, b->label, levels + 1);
	ML_TRY(create_partition(host, work, &b->rising));
	ML_TRY(create_partition(host, work, &b->falling));
	*out = b;
	return ML_OK;
}

static ml_status
create_bins(ml_host *host, const ml_bin_options *options, ml_feature *feature)
{
	ml_bins *bins;

	ML_NEW(host, bins, 1);
	bins->bins = (int) options->max_bins;
	ML_NEW(host, bins->bin, options->max_bins + 1);
	if (feature->kind == ML_NUMBER)
		ML_NEW(host, bins->edge, options->max_bins - 1);
	else
		ML_NEW(host, bins->bin_of, feature->levels);
	feature->bins = bins;
	return ML_OK;
}

void
ml_bins_moments(const ml_bins *bins, double *mean, double *sd)
{
	double rows = 0, sum = 0, squares = 0;

	for (int i = 0; i <= bins->bins; i++)
	{
		const ml_bin *bin = &bins->bin[i];

		rows += bin->events + bin->non_events;
		sum += (bin->events + bin->non_events) * bin->woe;
	}
	*mean = rows > 0 ? sum / rows : 0;
	for (int i = 0; i <= bins->bins; i++)
	{
		const ml_bin *bin = &bins->bin[i];
		double away = bin->woe - *mean;

		squares += (bin->events + bin->non_events) * away * away;
	}
	*sd = rows > 0 ? sqrt(squares / rows) : 0;
}

void
ml_bins_sum(ml_bins *bins)
{
	ml_bin all = {0};

	for (int i = 0; i <= bins->bins; i++)
	{
		all.events += bins->bin[i].events;
		all.non_events += bins->bin[i].non_events;
	}
	bins->iv = 0;
	for (int i = 0; i <= bins->bins; i++)
	{
		ml_bin *bin = &bins->bin[i];

		bin->iv =
		    (bin->non_events / all.non_events - bin->events / all.events) * bin->woe;
		bins->iv += bin->iv;
	}
}

ml_status
ml_schema_encode(ml_frame *frame, const ml_bin_options *options, ml_schema *schema,
                 ml_notes *notes)
{
	int kept = 0;

	ML_TRY(ml_schema_bin(frame, options, schema));
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		double mean, sd = 1;

		if (feature->bins != NULL)
			ml_bins_moments(feature->bins, &mean, &sd);
		if (sd > 0)
			schema->feature[kept++] = *feature;
		else
			ML_TRY(ml_notes_add(frame->host, notes,
			                    (ml_note){.kind = ML_NOTE_NO_EVIDENCE,
			                              .name = feature->name,
			                              .element = feature->element}));
	}
	schema->features = kept;
	return kept > 0 ? ML_OK : ML_NO_EVIDENCE;
}

ml_status
ml_schema_bin(ml_frame *frame, const ml_bin_options *options, ml_schema *schema)
{
	bin_work work = {.frame = frame,
	                 .target = ml_frame_role(frame, ML_TARGET),
	                 .weight = ml_frame_role(frame, ML_WEIGHT),
	                 .schema = schema,
	                 .options = *options};
	int64_t items = 0;
	int levels = 0;
	ml_bin all = {0};

	for (int f = 0; f < schema->features; f++)
	{
		if (schema->feature[f].use != ML_USE_TERM)
			continue;
		ML_TRY(create_bins(frame->host, options, &schema->feature[f]));
		levels = schema->feature[f].levels > levels ? schema->feature[f].levels : levels;
		if (schema->feature[f].kind == ML_NUMBER)
			items = frame->rows - frame->holdout_rows;
	}
	items = levels + 1 > items ? levels + 1 : items;
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
	{
		ML_PAUSE(frame->host, row);
		add_row(&work, row, *ml_numbers_at(work.target, row) > 0, &all);
	}
	work.events = all.events;
	work.non_events = all.non_events;
	for (int i = 0; i < ml_pool_threads(frame->host); i++)
		ML_TRY(create_binner(frame->host, &work, items, levels, &work.binner[i]));
	return ml_parallel(frame->host, schema->features, bin_feature, &work);
}
