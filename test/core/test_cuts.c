/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_cuts.c: bytes say what doubles say; bins of one value, or of equal weight.
 */
#include "table.h"

static const table shapes[] = {
    {.rows = 3000, .numbers = 4, .categories = 2, .levels = 9, .seed = 1},
    {.rows = 3000, .numbers = 3, .values = 40, .missing = 0.1, .seed = 2},
    {.rows = 5000,
     .numbers = 2,
     .categories = 2,
     .levels = 400,
     .missing = 0.2,
     .seed = 3},
    {.rows = 4000, .numbers = 3, .weighted = true, .seed = 4},
    {.rows = 30, .numbers = 2, .missing = 0.5, .seed = 5},
};
#define SHAPES 5

static ml_status
find(test_host *t, const ml_frame *frame, const ml_schema *schema, ml_cut *cut)
{
	void *room = ml_alloc_raw(
	    &t->core, (int64_t) ml_cuts_room(frame->rows, ml_pool_threads(&t->core)), 1);

	return room == NULL ? ML_MEMORY : ml_cuts_find(frame, schema, 0, room, cut);
}

static void
cut_table(test_host *t, table *s, ml_cut *cut)
{
	table_open(t, s);
	REQUIRE(s->schema.features <= 16);
	REQUIRE_OK(find(t, s->frame, &s->schema, cut));
}

static void
check_number(const ml_cut *cut, double x)
{
	uint8_t bin;

	ml_cut_numbers(cut, &x, 1, &bin);
	if (isnan(x))
		CHECK_INT(bin, cut->bins);
	else
		for (int b = 0; b + 1 < cut->bins; b++)
			CHECK((bin <= b) == (x <= cut->edge[b]));
	CHECK(isnan(x) || bin < cut->bins);
}

static void
says_what_doubles_say(test_host *t)
{
	static const double odd[] = {0,   -0.0, DBL_MAX, -DBL_MAX, DBL_MIN,
	                             NAN, 1e30, -1e-310, INFINITY, -INFINITY};

	for (int i = 0; i < SHAPES; i++)
	{
		table s = shapes[i];
		ml_cut cut[16];

		cut_table(t, &s, cut);
		for (int f = 0; f < s.numbers; f++)
		{
			for (int64_t row = 0; row < s.rows; row += 7)
				check_number(&cut[f], *ml_numbers_at(&s.frame->column[f], row));
			for (int k = 0; k < 10; k++)
				check_number(&cut[f], odd[k]);
			for (int b = 0; b + 1 < cut[f].bins; b++)
			{
				check_number(&cut[f], cut[f].edge[b]);
				check_number(&cut[f], nextafter(cut[f].edge[b], INFINITY));
				CHECK(b == 0 || cut[f].edge[b - 1] < cut[f].edge[b]);
			}
		}
	}
}

/* Blocks of any length give what single values give. */
static void
takes_blocks(test_host *t)
{
	table s = shapes[1];
	ml_cut cut[16];
	uint8_t many[64], one;

	cut_table(t, &s, cut);
	for (int count = 0; count < 64; count++)
	{
		const double *x = ml_numbers_at(&s.frame->column[0], 11);

		memset(many, 0xee, sizeof many);
		ml_cut_numbers(&cut[0], x, count, many);
		for (int i = 0; i < count; i++)
		{
			ml_cut_numbers(&cut[0], &x[i], 1, &one);
			CHECK_INT(many[i], one);
		}
		CHECK(count == 64 || many[count] == 0xee);
	}
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Rows of each bin; none is empty, and none that holds two values is twice its share. */
static void
shares_the_weight(test_host *t)
{
	for (int i = 0; i < SHAPES; i++)
	{
		table s = shapes[i];
		ml_cut cut[16];

		cut_table(t, &s, cut);
		for (int f = 0; f < s.numbers; f++)
		{
			double weight[256] = {0}, low[256], high[256], known = 0;
			int different = 0;
			double *all = ml_alloc_array(&t->core, s.rows, sizeof *all);
			int count = 0;

			for (int64_t row = 0; row < s.rows; row++)
			{
				double x = *ml_numbers_at(&s.frame->column[f], row);
				double w =
				    s.problem.weight == NULL ? 1 : *ml_numbers_at(s.problem.weight, row);
				uint8_t bin;

				ml_cut_numbers(&cut[f], &x, 1, &bin);
				low[bin] = weight[bin] == 0 || x < low[bin] ? x : low[bin];
				high[bin] = weight[bin] == 0 || x > high[bin] ? x : high[bin];
				weight[bin] += w;
				if (isnan(x))
					continue;
				known += w;
				all[count++] = x;
			}
			qsort(all, (size_t) count, sizeof *all, by_size);
			for (int k = 0; k < count; k++)
				different += k == 0 || all[k] != all[k - 1];
			CHECK(cut[f].bins <= ML_CUT_BINS);
			if (different <= ML_CUT_BINS)
				CHECK_INT(cut[f].bins, different);
			else
				CHECK(cut[f].bins > ML_CUT_BINS * 9 / 10);
			for (int b = 0; b < cut[f].bins; b++)
			{
				CHECK(weight[b] > 0);
				if (different > ML_CUT_BINS)
					CHECK(low[b] == high[b] || weight[b] < 2 * known / ML_CUT_BINS + 4);
			}
		}
	}
}

/* Neighbouring doubles, and values at both ends of what there is. */
static void
parts_neighbours(test_host *t)
{
	static const double value[] = {-DBL_MAX, -1, -0x1p-1074, 0, 0x1p-1074, 1, DBL_MAX};
	double x = 1;
	ml_frame *frame;
	ml_schema schema = {.features = 1};
	ml_feature feature = {.kind = ML_NUMBER};
	ml_cut cut;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	table_add_column(frame, "x", ML_NUMBER, ML_FEATURE);
	for (int i = 0; i < 7; i++)
		REQUIRE_OK(ml_frame_append(frame, &(ml_cell){.number = value[i]}));
	for (int i = 0; i < 5; i++)
	{
		x = nextafter(x, 2);
		REQUIRE_OK(ml_frame_append(frame, &(ml_cell){.number = x}));
	}
	REQUIRE_OK(ml_frame_order(frame, 0));
	schema.feature = &feature;
	REQUIRE_OK(find(t, frame, &schema, &cut));
	CHECK_INT(cut.bins, 12);
	for (int i = 0; i < 7; i++)
		check_number(&cut, value[i]);
	for (int b = 0; b < 11; b++)
		CHECK(isfinite(cut.edge[b]));
}

static void
pools_rare_labels(test_host *t)
{
	table s = shapes[2];
	ml_cut cut[16];
	const ml_feature *feature;
	double least = INFINITY, most = 0;

	cut_table(t, &s, cut);
	feature = &s.schema.feature[2];
	REQUIRE(feature->kind == ML_CATEGORY && feature->levels > ML_CUT_BINS);
	CHECK_INT(cut[2].bins, ML_CUT_BINS);
	for (int level = 0; level < feature->levels; level++)
		if (cut[2].bin_of[level] < ML_CUT_BINS - 1)
			least = fmin(least, feature->count[level]);
		else
			most = fmax(most, feature->count[level]);
	CHECK(most <= least);
}

/* A row of weight 2 counts as two rows. */
static void
counts_weights_as_rows(test_host *t)
{
	ml_frame *frame[2];
	ml_schema schema = {.features = 1};
	ml_feature feature = {.kind = ML_NUMBER};
	ml_cut cut[2];

	schema.feature = &feature;
	for (int twice = 0; twice < 2; twice++)
	{
		uint64_t state = 77;

		REQUIRE_OK(ml_frame_create(&t->core, &frame[twice]));
		table_add_column(frame[twice], "x", ML_NUMBER, ML_FEATURE);
		table_add_column(frame[twice], "w", ML_NUMBER, ML_WEIGHT);
		for (int i = 0; i < 2000; i++)
		{
			double x = test_normal(&state), w = 1 + (double) test_below(&state, 3);

			for (int copy = 0; copy < (twice ? w : 1); copy++)
				REQUIRE_OK(ml_frame_append(
				    frame[twice], (ml_cell[]){{.number = x}, {.number = twice ? 1 : w}}));
		}
		REQUIRE_OK(ml_frame_order(frame[twice], 0));
		REQUIRE_OK(find(t, frame[twice], &schema, &cut[twice]));
	}
	CHECK_INT(cut[0].bins, cut[1].bins);
	for (int b = 0; b + 1 < cut[0].bins; b++)
		CHECK_SAME(cut[0].edge[b], cut[1].edge[b]);
}

static void
does_not_know_the_threads(test_host *t)
{
	ml_cut one[16], other[16];
	table s = shapes[0], again = shapes[0];

	cut_table(t, &s, one);
	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	cut_table(t, &again, other);
	for (int f = 0; f < s.numbers; f++)
	{
		CHECK_INT(one[f].bins, other[f].bins);
		CHECK(memcmp(one[f].edge, other[f].edge, ML_CUT_BINS * sizeof(double)) == 0);
	}
}

static void
bears_refusals_and_stops(test_host *t)
{
	table s = shapes[2];
	ml_cut cut[16];
	int64_t asked;
	int64_t questions;

	table_open(t, &s);
	asked = t->asked;
	questions = t->questions;
	REQUIRE_OK(find(t, s.frame, &s.schema, cut));
	for (int64_t i = 1, end = t->asked - asked; i <= end; i++)
	{
		t->refuse_at = t->asked + i;
		CHECK_INT(find(t, s.frame, &s.schema, cut), ML_MEMORY);
	}
	t->refuse_at = 0;
	for (int64_t i = 1, end = (t->questions - questions) / (asked + 2) + 1; i <= end; i++)
	{
		t->stop_at = t->questions + i;
		CHECK_INT(find(t, s.frame, &s.schema, cut), ML_STOPPED);
		t->stop_at = 0;
	}
}

TEST_MAIN({says_what_doubles_say, "a bin up to b is a value up to its edge"},
          {takes_blocks, "blocks of any length have the bins of their values"},
          {shares_the_weight, "a bin for each value, or bins of equal weight"},
          {parts_neighbours, "neighbouring and extreme numbers are told apart"},
          {pools_rare_labels, "past 255 labels the rarest share a bin"},
          {counts_weights_as_rows, "a row of weight 2 counts as two rows"},
          {does_not_know_the_threads, "the same edges for any number of threads"},
          {bears_refusals_and_stops, "refused memory and stops are answered"})
