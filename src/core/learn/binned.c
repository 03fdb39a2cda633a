/* SPDX-License-Identifier: PostgreSQL */
/*
 * binned.c: rows as bytes, twice.
 *
 * By column, for sending rows left and right: a split looks at one feature.  By row, for
 * histograms: a leaf's rows lie anywhere, and one of 32 bytes costs one cache line.
 * Features past ML_PANEL go into further panels, each with rows of its own.
 *
 * Where counters of all features began at multiples of a power of two, the busy bins of all
 * features would share cache sets, and loads would wait for stores to addresses that are equal
 * in their low 12 bits: twice as slow on a processor of 2021.  So features are as wide as
 * they need to be, and the large ones a bit more.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define WIDE 128   /* counters from which on a feature is moved aside */
#define STAGGER 20 /* by so many */
#define LINE 64    /* bytes of a cache line */

typedef struct binned_work
{
	const ml_problem *problem;
	ml_binned *binned;
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
stride_of(int features)
{
	int bytes = features + (int) sizeof(ml_pair);

	return bytes <= 8 ? 8 : bytes <= 16 ? 16 : 32;
}

static int
panels_of(int features)
{
	return (features + ML_PANEL - 1) / ML_PANEL;
}

double
ml_binned_memory(const ml_problem *problem, int threads)
{
	double rows = (double) (problem->end - problem->begin);
	int features = count_features(problem->schema), panels = panels_of(features);
	int last = stride_of(features - (panels - 1) * ML_PANEL);

	return ml_cuts_memory(problem->schema, problem->end - problem->begin, threads) +
	       rows * (features + 32.0 * (panels - 1) + last) + 64.0 * panels;
}

/* Bytes of the rows of one chunk of the frame. */
static ml_status
fill_chunk(void *argument, int64_t task, ml_worker *worker)
{
	const binned_work *work = argument;
	const ml_problem *problem = work->problem;
	const ml_binned *binned = work->binned;
	int64_t chunk = (problem->begin >> ML_CHUNK_BITS) + task;
	int64_t first = chunk << ML_CHUNK_BITS, end = first + ML_CHUNK;
	int64_t at;
	int count;

	first = first > problem->begin ? first : problem->begin;
	end = end < problem->end ? end : problem->end;
	at = first - problem->begin;
	count = (int) (end - first);
	for (int p = 0; p < binned->panels; p++)
	{
		const ml_panel *panel = &binned->panel[p];

		if (ml_worker_stop(worker))
			return ML_STOPPED;
		for (int k = 0; k < panel->features; k++)
		{
			int f = panel->first + k;
			const ml_feature *feature = &problem->schema->feature[binned->source[f]];
			const ml_column *column = &problem->frame->column[feature->column];
			uint8_t *bin = binned->column[f] + at;
			uint8_t *row = panel->row + at * panel->stride + k;

			if (feature->kind == ML_NUMBER)
				ml_cut_numbers(&binned->cut[f], ml_numbers_at(column, first), count, bin);
			else
				ml_cut_codes(&binned->cut[f], ml_codes_at(column, first), count, bin);
			for (int i = 0; i < count; i++)
				row[(int64_t) i * panel->stride] = bin[i];
		}
	}
	return ML_OK;
}

/* Which features there are, and where their counters are. */
static ml_status
lay_out(ml_host *host, const ml_problem *problem, const ml_cut *cut, ml_binned *binned)
{
	const ml_schema *schema = problem->schema;
	int count = 0;

	ML_NEW(host, binned->source, binned->features);
	ML_NEW(host, binned->cut, binned->features);
	ML_NEW(host, binned->ordered, binned->features);
	ML_NEW(host, binned->offset, binned->features + 1);
	ML_NEW(host, binned->column, binned->features);
	for (int f = 0; f < schema->features; f++)
	{
		int counters = (cut[f].bins + 1 + 3) / 4 * 4;

		if (schema->feature[f].use != ML_USE_TERM)
			continue;
		binned->source[count] = f;
		binned->cut[count] = cut[f];
		binned->ordered[count] = schema->feature[f].kind == ML_NUMBER;
		binned->offset[count + 1] =
		    binned->offset[count] + counters + (counters >= WIDE ? STAGGER : 0);
		count++;
	}
	return ML_OK;
}

ml_status
ml_binned_create(ml_host *host, const ml_problem *problem, ml_binned *binned)
{
	binned_work work = {.problem = problem, .binned = binned};
	int64_t chunks =
	    ((problem->end - 1) >> ML_CHUNK_BITS) - (problem->begin >> ML_CHUNK_BITS) + 1;
	ml_cut *cut;

	*binned = (ml_binned){.rows = problem->end - problem->begin,
	                      .features = count_features(problem->schema)};
	binned->panels = panels_of(binned->features);
	ML_NEW(host, cut, problem->schema->features);
	ML_TRY(ml_cuts_find(problem->frame, problem->schema, problem->begin, cut));
	ML_TRY(lay_out(host, problem, cut, binned));
	ML_NEW(host, binned->panel, binned->panels);
	for (int f = 0; f < binned->features; f++)
		ML_NEW_RAW(host, binned->column[f], binned->rows);
	for (int p = 0; p < binned->panels; p++)
	{
		ml_panel *panel = &binned->panel[p];
		int left = binned->features - p * ML_PANEL;

		panel->first = p * ML_PANEL;
		panel->features = left < ML_PANEL ? left : ML_PANEL;
		panel->stride = stride_of(panel->features);
		/* no row lies on two cache lines */
		ML_NEW_RAW(host, panel->row, binned->rows * panel->stride + LINE);
		panel->row += LINE - (uintptr_t) panel->row % LINE;
	}
	return ml_parallel(host, chunks, fill_chunk, &work);
}
