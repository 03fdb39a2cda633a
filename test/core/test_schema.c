/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_schema.c: profiles against sums in higher precision; which columns are left out, and why.
 */
#include "sample.h"

/* One column under test, x, as a frame; cells as appended. */
static ml_frame *
column_frame(test_host *t, ml_kind kind, const ml_cell *cell, int64_t rows,
             double holdout)
{
	ml_frame *frame;
	ml_column x = {.name = test_text("x"), .type = test_text("t"), .position = 1};
	ml_column id = {
	    .name = test_text("id"), .type = test_text("t"), .position = 2, .role = ML_ID};
	int index;

	x.kind = kind;
	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_add_column(frame, &x, &index));
	REQUIRE_OK(ml_frame_add_column(frame, &id, &index));
	for (int64_t i = 0; i < rows; i++)
	{
		ml_cell cells[2] = {cell[i], {.number = (double) i}};

		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	REQUIRE_OK(ml_frame_order(frame, holdout));
	return frame;
}

static ml_status
build(test_host *t, ml_frame *frame, int max_categories, ml_schema *schema,
      ml_notes *notes)
{
	(void) t;
	*schema = (ml_schema){0};
	*notes = (ml_notes){0};
	return ml_schema_build(frame, max_categories, &(ml_uses){0}, schema, notes);
}

/* Mean and deviation in long double, by two passes over the training rows. */
static void
check_number(const ml_frame *frame, const ml_feature *feature)
{
	long double rows = 0, sum = 0, squares = 0, size = 0;
	double min = INFINITY, max = -INFINITY;

	for (int pass = 0; pass < 2; pass++)
		for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
		{
			double x = *ml_numbers_at(&frame->column[feature->column], row);

			if (isnan(x))
				continue;
			if (pass == 0)
			{
				rows++;
				sum += x;
				size = fabs(x) > size ? fabs(x) : size;
				min = fmin(min, x);
				max = fmax(max, x);
			}
			else
				squares += (x - sum / rows) * (x - sum / rows);
		}
	CHECK_SAME(feature->missing, (double) (frame->rows - frame->holdout_rows) - rows);
	CHECK_SAME(feature->min, min);
	CHECK_SAME(feature->max, max);
	CHECK_NEAR(feature->mean, sum / rows, 8 * DBL_EPSILON * size);
	/* moments around a value of the block lose the digits by which it is off its mean */
	CHECK_CLOSE(feature->sd, sqrt(squares / rows),
	            1e-12 + 1e-14 * size / sqrt(squares / rows));
}

static void
profiles_numbers(test_host *t)
{
	static const double offset[] = {0, 1, -1e6, 7e8, 1e12};
	uint64_t state = 61;
	ml_cell *cell = ml_alloc_array(&t->core, 9000, sizeof *cell);

	for (int missing = 0; missing < 3; missing++)
		for (int o = 0; o < 5; o++)
			for (int64_t rows = 2; rows <= 9000; rows = rows * 9 / 2)
			{
				ml_schema schema;
				ml_notes notes;
				ml_frame *frame;

				for (int64_t i = 0; i < rows; i++)
				{
					cell[i].number = offset[o] + 1000 * test_normal(&state);
					if (i > 1 && test_below(&state, 10) < 4 * missing)
						cell[i].number = NAN;
				}
				frame = column_frame(t, ML_NUMBER, cell, rows, rows > 100 ? 0.3 : 0);
				REQUIRE_OK(build(t, frame, 255, &schema, &notes));
				CHECK_INT(schema.features, 1);
				check_number(frame, &schema.feature[0]);
			}
}

/* An outlier in front must not cost the others their digits. */
static void
profiles_numbers_around_an_outlier(test_host *t)
{
	uint64_t state = 62;
	ml_cell *cell = ml_alloc_array(&t->core, 2000, sizeof *cell);
	ml_schema schema;
	ml_notes notes;
	ml_frame *frame;

	for (int64_t i = 0; i < 2000; i++)
		cell[i].number = i % 256 == 0 ? 1e6 : test_normal(&state);
	frame = column_frame(t, ML_NUMBER, cell, 2000, 0);
	REQUIRE_OK(build(t, frame, 255, &schema, &notes));
	check_number(frame, &schema.feature[0]);
}

static ml_status
note_of(test_host *t, ml_kind kind, const ml_cell *cell, int64_t rows, ml_notes *notes)
{
	ml_schema schema;

	return build(t, column_frame(t, kind, cell, rows, 0), 255, &schema, notes);
}

static void
leaves_out_constants(test_host *t)
{
	static const double value[] = {0, 3, -1e-300, 1e300, -1e300, 0.1, DBL_MAX};
	ml_cell *cell = ml_alloc_array(&t->core, 600, sizeof *cell);
	ml_notes notes;

	for (int v = 0; v < 7; v++)
		for (int missing = 0; missing < 2; missing++)
		{
			for (int64_t i = 0; i < 600; i++)
				cell[i].number = missing && i % 2 == 0 ? NAN : value[v];
			CHECK_INT(note_of(t, ML_NUMBER, cell, 600, &notes), ML_NO_FEATURES);
			CHECK(notes.count == 1 && notes.note[0].kind == ML_NOTE_CONSTANT);
		}
	for (int64_t i = 0; i < 600; i++)
		cell[i].text = test_text("EUR");
	CHECK_INT(note_of(t, ML_CATEGORY, cell, 600, &notes), ML_NO_FEATURES);
	CHECK(notes.count == 1 && notes.note[0].kind == ML_NOTE_CONSTANT);
	CHECK(ml_text_is(notes.note[0].name, "x"));
	/* one label, and missing: that varies */
	cell[5].text = (ml_text){NULL, 0};
	CHECK_INT(note_of(t, ML_CATEGORY, cell, 600, &notes), ML_OK);
}

static void
leaves_out_what_is_always_missing(test_host *t)
{
	ml_cell *cell = ml_alloc_array(&t->core, 600, sizeof *cell);
	ml_notes notes;

	for (int kind = ML_NUMBER; kind <= ML_CATEGORY; kind++)
	{
		for (int64_t i = 0; i < 600; i++)
			cell[i] = (ml_cell){.number = NAN};
		CHECK_INT(note_of(t, (ml_kind) kind, cell, 600, &notes), ML_NO_FEATURES);
		CHECK(notes.count == 1 && notes.note[0].kind == ML_NOTE_CONSTANT);
	}
}

static void
leaves_out_identifiers(test_host *t)
{
	ml_cell *cell = ml_alloc_array(&t->core, 600, sizeof *cell);
	char(*text)[8] = ml_alloc_array(&t->core, 600, sizeof *text);
	ml_notes notes;

	for (int rows = 10; rows <= 600; rows = rows < 25 ? rows + 1 : rows * 2)
		for (int how = 0; how < 3; how++)
		{
			bool expected = rows >= 20 && how != 1;

			for (int i = 0; i < rows; i++)
				cell[i].text = (ml_text){text[i], snprintf(text[i], 8, "%d", i)};
			if (how == 1)
				cell[1].text = cell[0].text; /* not one label per row */
			if (how == 2)
				cell[1].text = (ml_text){NULL, 0}; /* missing does not count */
			expected = how == 2 ? rows - 1 >= 20 : expected;
			CHECK_INT(note_of(t, ML_CATEGORY, cell, rows, &notes),
			          expected ? ML_NO_FEATURES : ML_OK);
			if (expected)
				CHECK(notes.count == 1 && notes.note[0].kind == ML_NOTE_IDENTIFIER);
		}
}

static void
says_that_numbers_are_too_large(test_host *t)
{
	static const double wild[] = {1e300, -1e200, DBL_MAX, 1e155};
	ml_cell *cell = ml_alloc_array(&t->core, 600, sizeof *cell);
	ml_notes notes;

	for (int v = 0; v < 4; v++)
	{
		for (int64_t i = 0; i < 600; i++)
			cell[i].number = i % 2 == 0 ? wild[v] : -wild[v];
		CHECK_INT(note_of(t, ML_NUMBER, cell, 600, &notes), ML_NOT_NUMERIC);
		CHECK_INT(t->core.fault.column, 0);
		t->core.fault.column = -1;
	}
}

static ml_text
label_of(char *text, int64_t label)
{
	return (ml_text){text, snprintf(text, 8, "v%03d", (int) label)};
}

/* Label k of 30 has 2 (k + 1) rows; the rest is missing. */
static ml_frame *
triangular(test_host *t, int64_t *rows)
{
	static char text[30][8];
	ml_cell *cell = ml_alloc_array(&t->core, 1000, sizeof *cell);
	int64_t count = 0;

	for (int k = 0; k < 30; k++)
		for (int i = 0; i < 2 * (k + 1); i++)
			cell[count++].text = label_of(text[k], k);
	*rows = count + 70;
	return column_frame(t, ML_CATEGORY, cell, *rows, 0);
}

static void
profiles_categories(test_host *t)
{
	int64_t rows;
	ml_frame *frame = triangular(t, &rows);
	ml_schema schema;
	ml_notes notes;
	char text[8];

	REQUIRE_OK(build(t, frame, 30, &schema, &notes));
	REQUIRE(schema.feature[0].levels == 30 && !schema.feature[0].pooled);
	CHECK_INT(notes.count, 0);
	CHECK_SAME(schema.feature[0].missing, 70);
	for (int k = 0; k < 30; k++)
	{
		CHECK(ml_text_equal(schema.feature[0].label[k], label_of(text, k)));
		CHECK_SAME(schema.feature[0].count[k], 2 * (k + 1));
		CHECK_INT(ml_feature_code(&schema.feature[0], label_of(text, k)), k);
	}
	CHECK_INT(ml_feature_code(&schema.feature[0], test_text("unseen")), -1);
	CHECK_INT(ml_feature_code(&schema.feature[0], test_text("")), -1);
}

static void
pools_rare_labels(test_host *t)
{
	for (int most = 2; most < 30; most++)
	{
		int64_t rows, tally[31] = {0};
		ml_frame *frame = triangular(t, &rows);
		ml_schema schema;
		ml_notes notes;
		const ml_feature *feature;
		char text[8];

		REQUIRE_OK(build(t, frame, most, &schema, &notes));
		feature = &schema.feature[0];
		REQUIRE(feature->levels == most && feature->pooled);
		REQUIRE(notes.count == 1 && notes.note[0].kind == ML_NOTE_POOLED);
		CHECK_SAME(notes.note[0].value, 30 - (most - 1));
		CHECK(ml_text_is(feature->label[most - 1], "other"));
		for (int k = 0; k < 30; k++)
		{
			int own = k - (30 - (most - 1)); /* the most frequent ones, in byte order */

			CHECK_INT(ml_feature_code(feature, label_of(text, k)),
			          own >= 0 ? own : most - 1);
		}
		CHECK_INT(ml_feature_code(feature, test_text("unseen")), most - 1);
		CHECK_INT(ml_feature_code(feature, test_text("other")), most - 1);
		for (int64_t row = 0; row < rows; row++)
			tally[*ml_codes_at(&frame->column[feature->column], row) + 1]++;
		CHECK_INT(tally[0], 70);
		for (int level = 0; level < most; level++)
			CHECK_INT(tally[level + 1], feature->count[level]);
	}
}

/* The most frequent labels are kept; of equally frequent ones those that come first. */
static void
pools_by_label_where_rows_tie(test_host *t)
{
	ml_cell *cell = ml_alloc_array(&t->core, 100, sizeof *cell);
	char(*text)[8] = ml_alloc_array(&t->core, 10, sizeof *text);
	ml_schema schema;
	ml_notes notes;
	char one[8];

	for (int i = 0; i < 100; i++)
		cell[i].text = label_of(text[9 - i % 10], 9 - i % 10);
	REQUIRE_OK(build(t, column_frame(t, ML_CATEGORY, cell, 100, 0), 4, &schema, &notes));
	for (int k = 0; k < 3; k++)
		CHECK(ml_text_equal(schema.feature[0].label[k], label_of(one, k)));
}

/* A label named like the pool keeps its own code. */
static void
tells_a_label_from_the_pool(test_host *t)
{
	ml_cell *cell = ml_alloc_array(&t->core, 100, sizeof *cell);
	char(*text)[8] = ml_alloc_array(&t->core, 100, sizeof *text);
	ml_schema schema;
	ml_notes notes;

	for (int i = 0; i < 100; i++)
		cell[i].text = i % 2 == 0 ? test_text("other") : label_of(text[i], i / 4);
	REQUIRE_OK(build(t, column_frame(t, ML_CATEGORY, cell, 100, 0), 2, &schema, &notes));
	CHECK_INT(ml_feature_code(&schema.feature[0], test_text("other")), 0);
	CHECK_INT(ml_feature_code(&schema.feature[0], test_text("v003")), 1);
	CHECK_SAME(schema.feature[0].count[0], 50);
	CHECK_SAME(schema.feature[0].count[1], 50);
}

/* A label of the holdout alone is unseen: missing, or pooled where there is a pool. */
static void
does_not_know_the_holdouts_labels(test_host *t)
{
	for (int most = 2; most <= 255; most += 253)
	{
		ml_frame *frame;
		ml_cell *cell = ml_alloc_array(&t->core, 400, sizeof *cell);
		char(*text)[8] = ml_alloc_array(&t->core, 400, sizeof *text);
		bool trained[100] = {false};
		ml_schema schema;
		ml_notes notes;
		int unseen = 0;

		for (int i = 0; i < 400; i++)
			cell[i].text = label_of(text[i], test_below(&(uint64_t){(uint64_t) i}, 100));
		frame = column_frame(t, ML_CATEGORY, cell, 400, 0.5);
		for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
			trained[atoi(frame->column[0]
			                 .dictionary->label[*ml_codes_at(&frame->column[0], row)]
			                 .bytes +
			             1)] = true;
		REQUIRE_OK(build(t, frame, most, &schema, &notes));
		for (int k = 0; k < 100; k++)
		{
			char one[8];
			int32_t code = ml_feature_code(&schema.feature[0], label_of(one, k));

			unseen += !trained[k];
			if (!trained[k])
				CHECK_INT(code, most == 2 ? 1 : -1);
			else
				CHECK(code >= 0);
		}
		CHECK(unseen > 0);
		for (int64_t row = 0; row < frame->rows; row++)
		{
			int32_t code = *ml_codes_at(&frame->column[0], row);

			CHECK(code >= -1 && code < schema.feature[0].levels);
		}
	}
}

static void
does_not_know_the_threads(test_host *t)
{
	sample s = {.seed = 63, .oddities = true, .binary = true};
	ml_schema first = {0};

	for (int threads = 1; threads <= 4; threads++)
	{
		ml_frame *frame;
		ml_schema schema;
		ml_notes notes;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 6000, &frame));
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(ml_frame_order(frame, 0.1));
		REQUIRE_OK(build(t, frame, 5, &schema, &notes));
		ml_pool_close(&t->core);
		first = first.features == 0 ? schema : first;
		CHECK_INT(schema.features, first.features);
		for (int f = 0; f < schema.features; f++)
		{
			CHECK_SAME(schema.feature[f].mean, first.feature[f].mean);
			CHECK_SAME(schema.feature[f].sd, first.feature[f].sd);
			CHECK_INT(schema.feature[f].levels, first.feature[f].levels);
		}
	}
}

/* Features stand in the order of the columns, notes name those left out. */
static void
keeps_the_order_of_columns(test_host *t)
{
	static const char *const kept[] = {"age",     "balance", "opened", "region",
	                                   "product", "vector",  "vector", "copy"};
	sample s = {.seed = 64, .oddities = true, .binary = true, .id = true, .weight = true};
	ml_frame *frame;
	ml_schema schema;
	ml_notes notes;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 1000, &frame));
	REQUIRE_OK(ml_frame_order(frame, 0.1));
	REQUIRE_OK(build(t, frame, 255, &schema, &notes));
	REQUIRE(schema.features == 8);
	for (int f = 0; f < 8; f++)
	{
		CHECK(ml_text_is(schema.feature[f].name, kept[f]));
		CHECK(ml_text_equal(frame->column[schema.feature[f].column].name,
		                    schema.feature[f].name));
		CHECK_INT(schema.feature[f].element, f == 5 ? 1 : f == 6 ? 2 : 0);
	}
	REQUIRE(notes.count == 3);
	CHECK(notes.note[0].kind == ML_NOTE_CONSTANT &&
	      ml_text_is(notes.note[0].name, "currency"));
	CHECK(notes.note[1].kind == ML_NOTE_IDENTIFIER &&
	      ml_text_is(notes.note[1].name, "card"));
	CHECK(notes.note[2].kind == ML_NOTE_CONSTANT &&
	      ml_text_is(notes.note[2].name, "empty"));
}

static void
notices_refusals_and_stops(test_host *t)
{
	sample s = {.seed = 65, .oddities = true, .binary = true};

	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_frame *frame;
		ml_schema schema;
		ml_notes notes;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 60, &frame));
		REQUIRE_OK(ml_frame_order(frame, 0.1));
		test_try(t, &trial);
		status = build(t, frame, 4, &schema, &notes);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({profiles_numbers, "mean, deviation and range are those of the training rows"},
          {profiles_numbers_around_an_outlier, "an outlier in front costs no digits"},
          {leaves_out_constants, "columns that never vary are left out, huge ones too"},
          {leaves_out_what_is_always_missing, "columns always missing are left out"},
          {leaves_out_identifiers, "one label per row is an identifier, from 20 rows on"},
          {says_that_numbers_are_too_large, "a column whose squares overflow is named"},
          {profiles_categories, "labels stand in byte order with their rows"},
          {pools_rare_labels, "rare labels are pooled, unseen ones go to the pool"},
          {pools_by_label_where_rows_tie, "ties among labels go by byte order"},
          {tells_a_label_from_the_pool, "a label named \"other\" is not the pool"},
          {does_not_know_the_holdouts_labels, "labels of the holdout alone are unseen"},
          {does_not_know_the_threads, "any number of threads gives the same profile"},
          {keeps_the_order_of_columns,
           "features and notes stand in the order of columns"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
