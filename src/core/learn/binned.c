/* SPDX-License-Identifier: PostgreSQL */
/*
 * binned.c: rows as bytes, twice.
 *
 * By column, for sending rows left and right: a split looks at one feature.  By row, for
 * histograms: a leaf's rows lie anywhere, and one of 32 bytes costs one cache line.
 * Slots past ML_PANEL go into further panels, each with rows of its own.
 *
 * Features of few bins share a slot as long as their product fits a byte: the largest comes
 * first, and goes where it leaves the least room.  Eight flags cost as much as one.
 *
 * Where counters of all slots began at multiples of a power of two, the busy bins of all
 * slots would share cache sets, and loads would wait for stores to addresses that are equal
 * in their low 12 bits: twice as slow on a processor of 2021.  So they are a bit further
 * apart than they need to be; all alike, since what counts knows the distance by heart.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define LINE 64 /* bytes of a cache line */

typedef struct binned_work
{
	const ml_problem *problem;
	ml_binned *binned;
	int *first; /* [slots] feature of a slot; -1: none */
	int *next;  /* [features] the slot's next one */
} binned_work;

static int
count_features(const ml_schema *schema)
{
	int count = 0;

	for (int f = 0; f < schema->features; f++)
		count += schema->feature[f].use == ML_USE_TERM;
	return count;
}

static int
stride_of(int slots)
{
	int bytes = slots + (int) sizeof(ml_pair);

	return bytes <= 8 ? 8 : bytes <= 16 ? 16 : 32;
}

static int
panels_of(int slots)
{
	return (slots + ML_PANEL - 1) / ML_PANEL;
}

/* What the cuts were found in is used again, as long as it lasts. */
typedef struct lent
{
	ml_host *host;
	char *room;
	double left;
} lent;

static uint8_t *
take_bytes(lent *lent, int64_t count)
{
	uint8_t *bytes = (uint8_t *) lent->room;

	if ((double) count > lent->left)
		return ml_alloc_raw(lent->host, count, 1);
	lent->room += count;
	lent->left -= (double) count;
	return bytes;
}

static int64_t
panel_bytes(int slots, int panel, int64_t rows)
{
	int left = slots - panel * ML_PANEL;

	/* a line more, so that no row lies on two of them */
	return rows * stride_of(left < ML_PANEL ? left : ML_PANEL) + LINE;
}

/* Features that share a slot only make it less. */
double
ml_binned_memory(const ml_problem *problem, int threads)
{
	int64_t rows = problem->end - problem->begin;
	int features = count_features(problem->schema);
	double lent = (double) ml_cuts_room(rows, threads), bytes = lent, size;

	for (int i = 0; i < features + panels_of(features); i++)
	{
		size = (double) (i < panels_of(features) ? panel_bytes(features, i, rows) : rows);
		if (size > lent)
			bytes += size;
		else
			lent -= size;
	}
	return bytes + ml_cuts_memory(problem->schema) +
	       features * (2.0 * sizeof(ml_cut) + sizeof(ml_place) + sizeof(ml_panel) + 64);
}

/* Bins of some rows of a feature, in the frame from row on. */
static void
bin_rows(const binned_work *work, int feature, int64_t row, int count, uint8_t *bin)
{
	const ml_problem *problem = work->problem;
	const ml_binned *binned = work->binned;
	const ml_feature *term = &problem->schema->feature[binned->source[feature]];
	const ml_column *column = &problem->frame->column[term->column];

	if (term->kind == ML_NUMBER)
		ml_cut_numbers(&binned->cut[feature], ml_numbers_at(column, row), count, bin);
	else
		ml_cut_codes(&binned->cut[feature], ml_codes_at(column, row), count, bin);
}

/* Rows of one chunk of the frame. */
typedef struct stretch
{
	int64_t row; /* of the frame */
	int64_t at;  /* of the table */
	int count;
} stretch;

/* Bytes of one slot, from all of its features. */
static void
fill_slot(const binned_work *work, int slot, const stretch *s)
{
	const ml_binned *binned = work->binned;
	uint8_t *byte = binned->column[slot] + s->at, bin[ML_CHUNK];
	bool shared = false;

	for (int f = work->first[slot]; f >= 0; f = work->next[f])
	{
		int below = binned->place[f].below;

		bin_rows(work, f, s->row, s->count, shared ? bin : byte);
		for (int i = 0; shared && i < s->count; i++)
			byte[i] = (uint8_t) (byte[i] + below * bin[i]);
		shared = true;
	}
}

static ml_status
fill_chunk(void *argument, int64_t task, ml_worker *worker)
{
	const binned_work *work = argument;
	const ml_problem *problem = work->problem;
	const ml_binned *binned = work->binned;
	int64_t first = ((problem->begin >> ML_CHUNK_BITS) + task) << ML_CHUNK_BITS;
	int64_t end = first + ML_CHUNK;
	stretch s;

	first = first > problem->begin ? first : problem->begin;
	end = end < problem->end ? end : problem->end;
	s = (stretch){
	    .row = first, .at = first - problem->begin, .count = (int) (end - first)};
	for (int p = 0; p < binned->panels; p++)
	{
		const ml_panel *panel = &binned->panel[p];

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int k = 0; k < panel->slots; k++)
		{
			const uint8_t *byte = binned->column[panel->first + k] + s.at;
			uint8_t *row = panel->row + s.at * panel->stride + k;

			fill_slot(work, panel->first + k, &s);
			for (int i = 0; i < s.count; i++)
				row[(int64_t) i * panel->stride] = byte[i];
		}
	}
	return ML_OK;
}

/* The slot in which a feature leaves the least room, or a new one. */
static int
choose_slot(const ml_binned *binned, int bins)
{
	int best = binned->slots;

	for (int s = 0; s < binned->slots; s++)
		if (binned->values[s] * bins <= ML_CUT_BINS + 1 &&
		    (best == binned->slots || binned->values[s] > binned->values[best]))
			best = s;
	return best;
}

/* The feature becomes the last digit of the slot. */
static void
put_into_slot(ml_binned *binned, binned_work *work, int feature, int bins)
{
	int slot = choose_slot(binned, bins), *last = &work->first[slot];

	if (slot == binned->slots)
	{
		binned->slots++;
		binned->values[slot] = 1;
		*last = -1;
	}
	while (*last >= 0)
		last = &work->next[*last];
	*last = feature;
	work->next[feature] = -1;
	binned->place[feature] =
	    (ml_place){.slot = slot, .below = binned->values[slot], .bins = bins};
	binned->values[slot] *= bins;
}

/* Features of many bins come first. */
static ml_status
share_slots(ml_host *host, ml_binned *binned, binned_work *work)
{
	ML_NEW(host, binned->place, binned->features);
	ML_NEW(host, binned->values, binned->features);
	ML_NEW(host, work->first, binned->features);
	ML_NEW(host, work->next, binned->features);
	for (int bins = ML_CUT_BINS + 1; bins > 0; bins--)
		for (int f = 0; f < binned->features; f++)
			if (binned->cut[f].bins + !binned->cut[f].complete == bins)
				put_into_slot(binned, work, f, bins);
	return ML_OK;
}

/* Which features there are, and where their counters are. */
static ml_status
lay_out(ml_host *host, const ml_cut *cut, ml_binned *binned, binned_work *work)
{
	const ml_schema *schema = work->problem->schema;
	int count = 0;

	ML_NEW(host, binned->source, binned->features);
	ML_NEW(host, binned->cut, binned->features);
	ML_NEW(host, binned->ordered, binned->features);
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].use == ML_USE_TERM)
		{
			binned->source[count] = f;
			binned->cut[count] = cut[f];
			binned->ordered[count++] = schema->feature[f].kind == ML_NUMBER;
		}
	ML_TRY(share_slots(host, binned, work));
	ML_NEW(host, binned->offset, binned->slots + 1);
	ML_NEW(host, binned->column, binned->slots);
	for (int s = 0; s < binned->slots; s++)
		binned->offset[s + 1] = binned->offset[s] + ML_SLOT;
	return ML_OK;
}

static ml_status
take_room(lent *lent, ml_binned *binned)
{
	binned->panels = panels_of(binned->slots);
	ML_NEW(lent->host, binned->panel, binned->panels);
	for (int p = 0; p < binned->panels; p++)
	{
		ml_panel *panel = &binned->panel[p];
		int left = binned->slots - p * ML_PANEL;

		panel->first = p * ML_PANEL;
		panel->slots = left < ML_PANEL ? left : ML_PANEL;
		panel->stride = stride_of(panel->slots);
		panel->row = take_bytes(lent, panel_bytes(binned->slots, p, binned->rows));
		if (panel->row == NULL)
			return ML_MEMORY;
		panel->row += LINE - (uintptr_t) panel->row % LINE;
	}
	for (int s = 0; s < binned->slots; s++)
	{
		binned->column[s] = take_bytes(lent, binned->rows);
		if (binned->column[s] == NULL)
			return ML_MEMORY;
	}
	return ML_OK;
}

ml_status
ml_binned_create(ml_host *host, const ml_problem *problem, ml_binned *binned)
{
	binned_work work = {.problem = problem, .binned = binned};
	int64_t rows = problem->end - problem->begin;
	int64_t chunks =
	    ((problem->end - 1) >> ML_CHUNK_BITS) - (problem->begin >> ML_CHUNK_BITS) + 1;
	size_t size = ml_cuts_room(rows, ml_pool_threads(host));
	lent lent = {.host = host, .left = (double) size};
	ml_cut *cut;

	*binned = (ml_binned){.rows = rows, .features = count_features(problem->schema)};
	ML_NEW(host, cut, problem->schema->features);
	ML_NEW_RAW(host, lent.room, (int64_t) size);
	ML_TRY(ml_cuts_find(problem->frame, problem->schema, problem->begin, lent.room, cut));
	ML_TRY(lay_out(host, cut, binned, &work));
	ML_TRY(take_room(&lent, binned));
	return ml_parallel(host, chunks, fill_chunk, &work);
}
