/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_frame.c: columns and rows in, the same values out.
 */
#include "sample.h"

static const sample bank = {.seed = 31, .binary = true, .id = true, .weight = true};

static int
add(ml_frame *frame, const char *name, ml_kind kind, ml_role role)
{
	int index;

	REQUIRE_OK(ml_frame_add_column(frame,
	                               &(ml_column){.name = test_text(name),
	                                            .type = test_text("type"),
	                                            .position = frame->columns + 1,
	                                            .kind = kind,
	                                            .role = role},
	                               &index));
	return index;
}

/* The value of a stored column, as a cell. */
static ml_cell
cell_of(const ml_column *column, int64_t row)
{
	ml_cell cell = {.number = NAN};
	int32_t code;

	if (column->kind == ML_NUMBER)
		cell.number = *ml_numbers_at(column, row);
	else if ((code = *ml_codes_at(column, row)) >= 0)
	{
		REQUIRE(code < column->dictionary->count);
		cell.text = column->dictionary->label[code];
	}
	return cell;
}

static void
check_cell(ml_cell got, ml_cell want, ml_kind kind)
{
	if (kind == ML_NUMBER)
		CHECK_SAME(got.number, want.number);
	else if (got.text.bytes == NULL || want.text.bytes == NULL)
		CHECK(got.text.bytes == want.text.bytes);
	else
		CHECK(ml_text_equal(got.text, want.text));
}

/* Every row of begin .. end - 1, at the place where it was appended. */
static void
check_rows(const ml_frame *frame, const sample *s, int64_t begin, int64_t end)
{
	CHECK_INT(frame->rows, end - begin);
	for (int64_t i = begin; i < end; i++)
	{
		sample_row row;
		int index = 0;

		sample_make_row(s, i, &row);
		for (int c = 0; c < SAMPLE_COLUMNS; c++)
		{
			const ml_column *column;

			if (!sample_has(s, c))
				continue;
			column = &frame->column[index++];
			if (column->role != ML_ID)
				check_cell(cell_of(column, i - begin), row.cell[c], column->kind);
		}
	}
}

static void
keeps_rows_of_any_number(test_host *t)
{
	static const int64_t rows[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 8192, 20000};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
	{
		ml_frame *frame;

		REQUIRE_OK(sample_fill(&t->core, &bank, 0, rows[i], &frame));
		check_rows(frame, &bank, 0, rows[i]);
		CHECK_INT(frame->skipped, 0);
	}
}

static void
is_small_when_it_is_small(test_host *t)
{
	ml_frame *frame;

	REQUIRE_OK(sample_fill(&t->core, &bank, 0, 10, &frame));
	CHECK(t->bytes < 64 * 1024);
}

static void
gives_columns_their_index(test_host *t)
{
	ml_frame *frame;
	char name[24];

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int i = 0; i < 2000; i++)
	{
		snprintf(name, sizeof name, "c%d", i);
		CHECK_INT(add(frame, name, i % 3 == 0 ? ML_CATEGORY : ML_NUMBER, ML_FEATURE), i);
	}
	memset(name, '!', sizeof name);
	CHECK(ml_text_is(frame->column[1999].name, "c1999"));
	CHECK(ml_text_is(frame->column[7].type, "type"));
	CHECK(frame->column[3].dictionary != NULL && frame->column[4].dictionary == NULL);
	CHECK(ml_frame_role(frame, ML_TARGET) == NULL);
	add(frame, "y", ML_NUMBER, ML_TARGET);
	CHECK(ml_frame_role(frame, ML_TARGET) == &frame->column[2000]);
}

static void
tells_names_and_elements_apart(test_host *t)
{
	ml_frame *frame;
	ml_column vector = {.name = test_text("v"), .type = test_text("float8[]")};
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (vector.element = 0; vector.element < 3; vector.element++)
		REQUIRE_OK(ml_frame_add_column(frame, &vector, &index));
	add(frame, "w", ML_NUMBER, ML_FEATURE);
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < a; b++)
			CHECK(frame->column[a].name_hash != frame->column[b].name_hash);
}

/* A column that turns up late, as the elements of a longer array do. */
static void
fills_late_columns_with_missing(test_host *t)
{
	static const int64_t when[] = {0, 1, 64, 100, 4096, 5000};

	for (size_t i = 0; i < sizeof when / sizeof *when; i++)
	{
		ml_frame *frame;
		ml_cell cells[3] = {{.number = 1}, {.number = 2}, {.text = test_text("x")}};

		REQUIRE_OK(ml_frame_create(&t->core, &frame));
		add(frame, "a", ML_NUMBER, ML_FEATURE);
		for (int64_t row = 0; row < when[i]; row++)
			REQUIRE_OK(ml_frame_append(frame, cells));
		add(frame, "b", ML_NUMBER, ML_FEATURE);
		add(frame, "c", ML_CATEGORY, ML_FEATURE);
		for (int64_t row = 0; row < 5000; row++)
			REQUIRE_OK(ml_frame_append(frame, cells));
		for (int64_t row = 0; row < frame->rows; row++)
		{
			CHECK_SAME(*ml_numbers_at(&frame->column[0], row), 1);
			CHECK_SAME(*ml_numbers_at(&frame->column[1], row), row < when[i] ? NAN : 2);
			CHECK_INT(*ml_codes_at(&frame->column[2], row), row < when[i] ? -1 : 0);
		}
	}
}

static ml_frame *
small_frame(test_host *t)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	add(frame, "key", ML_NUMBER, ML_ID);
	add(frame, "y", ML_NUMBER, ML_TARGET);
	add(frame, "w", ML_NUMBER, ML_WEIGHT);
	add(frame, "x", ML_NUMBER, ML_FEATURE);
	add(frame, "c", ML_CATEGORY, ML_FEATURE);
	return frame;
}

static void
skips_rows_without_target_or_weight(test_host *t)
{
	ml_frame *frame = small_frame(t);
	static const struct
	{
		double target;
		double weight;
		bool kept;
	} row[] = {{1, 1, true},     {NAN, 1, false},   {1, NAN, false},   {1, 0, false},
	           {1, -0.0, false}, {NAN, NAN, false}, {0, 1e-300, true}, {-5, 1e300, true}};
	int64_t kept = 0;

	for (int i = 0; i < 8; i++)
	{
		ml_cell cells[5] = {{.number = i},
		                    {.number = row[i].target},
		                    {.number = row[i].weight},
		                    {.number = NAN}};

		REQUIRE_OK(ml_frame_append(frame, cells));
		kept += row[i].kept;
		CHECK_INT(frame->rows, kept);
		CHECK_INT(frame->skipped, i + 1 - kept);
	}
	/* all but the two without a target */
	CHECK_INT(frame->weightless, frame->skipped - 2);
}

static void
names_column_and_row_of_a_fault(test_host *t)
{
	ml_frame *frame = small_frame(t);
	ml_cell good[5] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};

	good[4].text = test_text("label");
	REQUIRE_OK(ml_frame_append(frame, good));
	good[1].number = NAN;
	REQUIRE_OK(ml_frame_append(frame, good)); /* skipped, and counted as read */
	good[1].number = 2;
	for (int c = 0; c < 4; c++)
		for (int sign = -1; sign <= 1; sign += 2)
		{
			ml_cell bad[5];

			memcpy(bad, good, sizeof bad);
			bad[c].number = sign * INFINITY;
			bad[4].text = test_text("never to be seen");
			CHECK_INT(ml_frame_append(frame, bad),
			          c == 2 && sign < 0 ? ML_NEGATIVE_WEIGHT : ML_NOT_FINITE);
			CHECK_INT(frame->host->fault.column, c);
			CHECK_INT(frame->host->fault.row, 3);
		}
	good[2].number = -1e-300;
	CHECK_INT(ml_frame_append(frame, good), ML_NEGATIVE_WEIGHT);
	CHECK_INT(frame->host->fault.column, 2);
	CHECK_INT(frame->host->fault.row, 3);
	/* nothing of these rows is left behind */
	CHECK_INT(frame->rows, 1);
	CHECK_INT(frame->skipped, 1);
	good[2].number = 3;
	good[3].number = NAN;
	REQUIRE_OK(ml_frame_append(frame, good));
	CHECK_INT(frame->rows, 2);
	CHECK_SAME(*ml_numbers_at(&frame->column[3], 0), 4);
	CHECK_SAME(*ml_numbers_at(&frame->column[3], 1), NAN);
	CHECK(ml_text_is(cell_of(&frame->column[4], 1).text, "label"));
}

/* Of several ids one may be missing; a row without any is nobody's. */
static void
refuses_rows_without_an_id(test_host *t)
{
	for (int known = 0; known < 4; known++)
	{
		ml_frame *frame;
		ml_cell cells[3] = {{.number = NAN}, {.number = NAN}, {.number = 1}};
		ml_status status;

		REQUIRE_OK(ml_frame_create(&t->core, &frame));
		add(frame, "branch", ML_NUMBER, ML_ID);
		add(frame, "customer", ML_CATEGORY, ML_ID);
		add(frame, "x", ML_NUMBER, ML_FEATURE);
		if (known & 1)
			cells[0].number = 7;
		if (known & 2)
			cells[1].text = test_text("");
		status = ml_frame_append(frame, cells);
		CHECK_INT(status, known == 0 ? ML_NULL_ID : ML_OK);
		CHECK_INT(frame->rows, known == 0 ? 0 : 1);
		if (known > 0)
			continue;
		CHECK(frame->host->fault.column < 2);
		CHECK_INT(frame->host->fault.row, 1);
	}
}

static void
stores_plain_zeros(test_host *t)
{
	ml_frame *frame = small_frame(t);
	ml_cell cells[5] = {
	    {.number = -0.0}, {.number = -0.0}, {.number = 1}, {.number = -0.0}};

	REQUIRE_OK(ml_frame_append(frame, cells));
	CHECK_SAME(*ml_numbers_at(&frame->column[1], 0), 0.0);
	CHECK_SAME(*ml_numbers_at(&frame->column[3], 0), 0.0);
	CHECK_INT(*ml_codes_at(&frame->column[4], 0), -1);
}

static void
tells_empty_labels_from_missing(test_host *t)
{
	ml_frame *frame = small_frame(t);
	ml_cell cells[5] = {{.number = 1}, {.number = 1}, {.number = 1}, {.number = 1}};

	REQUIRE_OK(ml_frame_append(frame, cells));
	cells[4].text = test_text("");
	REQUIRE_OK(ml_frame_append(frame, cells));
	CHECK_INT(*ml_codes_at(&frame->column[4], 0), -1);
	CHECK_INT(*ml_codes_at(&frame->column[4], 1), 0);
	CHECK_INT(frame->column[4].dictionary->label[0].length, 0);
}

/* The same rows by pieces of any size, empty ones too. */
static void
merges_to_the_same_rows(test_host *t)
{
	uint64_t state = 32;
	ml_frame *all, *piece;

	REQUIRE_OK(ml_frame_create(&t->core, &all));
	for (int64_t begin = 0, end; begin < 9000; begin = end)
	{
		end = begin + test_below(&state, begin < 100 ? 3 : 4000);
		end = end < 9000 ? end : 9000;
		REQUIRE_OK(sample_fill(&t->core, &bank, begin, end, &piece));
		piece->skipped = 2;
		piece->weightless = 1;
		REQUIRE_OK(ml_frame_merge(all, piece));
		if (end == 9000)
			REQUIRE_OK(ml_frame_merge(piece, all));
	}
	check_rows(all, &bank, 0, 9000);
	CHECK(all->skipped > 2);
	CHECK_INT(2 * all->weightless, all->skipped);
	CHECK(all->keyed);
}

static void
merges_frames_of_other_columns(test_host *t)
{
	ml_frame *into, *from;
	ml_column wide = {.name = test_text("v"), .position = 2, .type = test_text("t")};
	ml_cell one[2] = {{.number = 1}, {.number = 11}};
	ml_cell two[3] = {{.number = 22}, {.number = 2}, {.number = 23}};
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &into));
	REQUIRE_OK(ml_frame_create(&t->core, &from));
	add(into, "a", ML_NUMBER, ML_FEATURE);
	wide.element = 1;
	REQUIRE_OK(ml_frame_add_column(into, &wide, &index));
	REQUIRE_OK(ml_frame_append(into, one));
	/* the same columns in another order, and one more element */
	REQUIRE_OK(ml_frame_add_column(from, &wide, &index));
	REQUIRE_OK(ml_frame_add_column(
	    from, &(ml_column){.name = test_text("a"), .type = test_text("t"), .position = 1},
	    &index));
	wide.element = 2;
	REQUIRE_OK(ml_frame_add_column(from, &wide, &index));
	REQUIRE_OK(ml_frame_append(from, two));
	REQUIRE_OK(ml_frame_merge(into, from));
	REQUIRE(into->columns == 3 && into->rows == 2);
	for (int row = 0; row < 2; row++)
	{
		CHECK_SAME(*ml_numbers_at(&into->column[0], row), row == 0 ? 1 : 2);
		CHECK_SAME(*ml_numbers_at(&into->column[1], row), row == 0 ? 11 : 22);
		CHECK_SAME(*ml_numbers_at(&into->column[2], row), row == 0 ? NAN : 23);
	}
}

static void
stops_while_merging(test_host *t)
{
	ml_frame *all, *piece;

	REQUIRE_OK(ml_frame_create(&t->core, &all));
	REQUIRE_OK(sample_fill(&t->core, &bank, 0, 3000, &piece));
	t->stop_at = 3;
	CHECK_INT(ml_frame_merge(all, piece), ML_STOPPED);
}

static void
notices_refusals(test_host *t)
{
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_frame *frame, *all;
		ml_status status;

		test_try(t, &trial);
		status = sample_fill(&t->core, &bank, 0, 100, &frame);
		if (status == ML_OK)
			status = ml_frame_create(&t->core, &all);
		if (status == ML_OK)
			status = ml_frame_merge(all, frame);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN(
    {keeps_rows_of_any_number, "rows of any number come out as they went in"},
    {is_small_when_it_is_small, "a frame of ten rows is small"},
    {gives_columns_their_index, "2,000 columns have their names, types and places"},
    {tells_names_and_elements_apart, "elements of an array have hashes of their own"},
    {fills_late_columns_with_missing, "columns that turn up late are missing before"},
    {skips_rows_without_target_or_weight, "rows without target or weight are counted"},
    {names_column_and_row_of_a_fault,
     "a fault names column and row, and leaves no trace"},
    {refuses_rows_without_an_id, "a row without any id is refused"},
    {stores_plain_zeros, "-0 is stored as 0"},
    {tells_empty_labels_from_missing, "the empty label is no missing one"},
    {merges_to_the_same_rows, "merged pieces are the same rows"},
    {merges_frames_of_other_columns, "merging matches columns by place and adds others"},
    {stops_while_merging, "merging stops when asked to"},
    {notices_refusals, "every refused allocation is noticed"})
