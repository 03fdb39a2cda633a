/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_wire.c: a frame as bytes and back.
 */
#include "sample.h"

static ml_frame *
there_and_back(test_host *t, const ml_frame *frame)
{
	ml_bytes bytes;
	ml_frame *back;
	unsigned char *exact;

	REQUIRE_OK(ml_frame_encode(frame, &t->core, &bytes));
	exact = ml_alloc(&t->core, bytes.length);
	memcpy(exact, bytes.data, bytes.length);
	REQUIRE_OK(ml_frame_decode(&t->core, exact, bytes.length, &back));
	return back;
}

static void
check_same(const ml_frame *a, const ml_frame *b)
{
	REQUIRE(a->rows == b->rows && a->columns == b->columns);
	CHECK_INT(a->skipped, b->skipped);
	CHECK_INT(a->weightless, b->weightless);
	CHECK_INT(a->keyed, b->keyed);
	for (int c = 0; c < a->columns; c++)
	{
		const ml_column *x = &a->column[c], *y = &b->column[c];

		CHECK(ml_text_equal(x->name, y->name) && ml_text_equal(x->type, y->type));
		CHECK(x->position == y->position && x->element == y->element);
		CHECK(x->kind == y->kind && x->role == y->role && x->name_hash == y->name_hash);
		for (int64_t row = 0; row < a->rows; row++)
		{
			if (c == 0 && a->keyed)
				CHECK(a->key[row >> ML_CHUNK_BITS][row % ML_CHUNK] ==
				      b->key[row >> ML_CHUNK_BITS][row % ML_CHUNK]);
			if (x->role == ML_ID)
				continue;
			if (x->kind == ML_NUMBER)
				CHECK_SAME(*ml_numbers_at(x, row), *ml_numbers_at(y, row));
			else
			{
				int32_t p = *ml_codes_at(x, row), q = *ml_codes_at(y, row);

				REQUIRE((p < 0) == (q < 0));
				CHECK(p < 0 ||
				      ml_text_equal(x->dictionary->label[p], y->dictionary->label[q]));
			}
		}
	}
}

static void
comes_back(test_host *t)
{
	static const int64_t rows[] = {0, 1, 64, 65, 4096, 4097, 9000};

	for (int i = 0; i < 7; i++)
		for (int kind = 0; kind < 8; kind++)
		{
			sample s = {.seed = 51,
			            .id = kind & 1,
			            .weight = kind & 2,
			            .binary = kind & 4,
			            .oddities = kind == 7};
			ml_frame *frame;

			REQUIRE_OK(sample_fill(&t->core, &s, 0, rows[i], &frame));
			frame->skipped = 5;
			frame->weightless = 4;
			check_same(frame, there_and_back(t, frame));
		}
}

static void
has_one_form(test_host *t)
{
	sample s = {.seed = 52, .id = true, .binary = true};
	ml_frame *frame;
	ml_bytes first, second;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 1000, &frame));
	REQUIRE_OK(ml_frame_encode(frame, &t->core, &first));
	REQUIRE_OK(ml_frame_encode(there_and_back(t, frame), &t->core, &second));
	CHECK(test_same_bytes(first, second));
}

static void
carries_no_columns(test_host *t)
{
	ml_frame *frame, *back;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	frame->skipped = 3;
	back = there_and_back(t, frame);
	CHECK_INT(back->columns, 0);
	CHECK_INT(back->skipped, 3);
}

/* Numbers of every size, names and labels of any bytes. */
static void
carries_any_values(test_host *t)
{
	static const double number[] = {0,       1,      -1,      127,   -128,     32768,
	                                -32769,  2e9,    3e9,     0.1,   NAN,      DBL_MAX,
	                                DBL_MIN, 5e-324, -5e-324, 1e300, -DBL_MAX, 123456.78};
	ml_frame *frame;
	ml_column spec[2] = {
	    {.name = {"a \"b\"\0\xff", 7}, .type = test_text(""), .position = 1},
	    {.name = test_text(""),
	     .type = test_text("t"),
	     .position = 2,
	     .kind = ML_CATEGORY}};
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c < 2; c++)
		REQUIRE_OK(ml_frame_add_column(frame, &spec[c], &index));
	for (size_t i = 0; i < sizeof number / sizeof *number; i++)
	{
		ml_cell cells[2] = {{.number = number[i]},
		                    {.text = {"\0\xfe\"x", (int32_t) i % 5}}};

		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	check_same(frame, there_and_back(t, frame));
}

/* Pieces by way of bytes, merged in any order, train like one frame: keys and cells. */
static void
merges_after_the_journey(test_host *t)
{
	sample s = {.seed = 53, .id = true, .binary = true, .weight = true};
	ml_frame *whole, *merged, *piece;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 5000, &whole));
	REQUIRE_OK(ml_frame_create(&t->core, &merged));
	for (int i = 4; i >= 0; i--)
	{
		REQUIRE_OK(sample_fill(&t->core, &s, 1000 * i, 1000 * (i + 1), &piece));
		REQUIRE_OK(ml_frame_merge(merged, there_and_back(t, piece)));
	}
	REQUIRE_OK(ml_frame_order(whole, 0.2));
	REQUIRE_OK(ml_frame_order(merged, 0.2));
	check_same(whole, merged);
	CHECK_INT(whole->holdout_rows, merged->holdout_rows);
}

static void
notices_refusals(test_host *t)
{
	sample s = {.seed = 54, .id = true, .binary = true};
	ml_frame *frame, *back;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 80, &frame));
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_bytes bytes;
		ml_status status;

		test_try(t, &trial);
		status = ml_frame_encode(frame, &t->core, &bytes);
		if (status == ML_OK)
			status = ml_frame_decode(&t->core, bytes.data, bytes.length, &back);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({comes_back, "frames of any rows and roles come back"},
          {has_one_form, "a frame has one form"},
          {carries_no_columns, "a frame without columns comes back"},
          {carries_any_values, "numbers of every size and text of any bytes come back"},
          {merges_after_the_journey, "pieces by way of bytes are the whole frame"},
          {notices_refusals, "every refused allocation is noticed"})
