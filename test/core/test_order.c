/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_order.c: canonical order: what came how does not matter.
 */
#include "sample.h"

#define ROWS 9000

static uint64_t
key_of(const ml_frame *frame, int64_t row)
{
	return frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)];
}

/* The same cells in the same places; codes of categories may differ. */
static void
check_same(const ml_frame *a, const ml_frame *b)
{
	REQUIRE(a->rows == b->rows && a->columns == b->columns);
	CHECK_INT(a->holdout_rows, b->holdout_rows);
	for (int c = 0; c < a->columns; c++)
	{
		const ml_column *x = &a->column[c], *y = &b->column[c];

		REQUIRE(ml_text_equal(x->name, y->name) && x->element == y->element);
		for (int64_t row = 0; row < a->rows && x->role != ML_ID; row++)
		{
			if (c == 0)
				CHECK(key_of(a, row) == key_of(b, row));
			if (x->kind == ML_NUMBER)
				CHECK_SAME(*ml_numbers_at(x, row), *ml_numbers_at(y, row));
			else
			{
				int32_t p = *ml_codes_at(x, row), q = *ml_codes_at(y, row);

				CHECK((p < 0) == (q < 0));
				if (p >= 0 && q >= 0)
					CHECK(
					    ml_text_equal(x->dictionary->label[p], y->dictionary->label[q]));
			}
		}
	}
}

static void
check_canonical(const ml_frame *frame, double holdout)
{
	for (int64_t row = 0; row < frame->rows; row++)
	{
		if (row > 0)
			CHECK(key_of(frame, row - 1) <= key_of(frame, row));
		CHECK((row < frame->holdout_rows) ==
		      ((double) key_of(frame, row) < holdout * 18446744073709551616.0));
	}
}

static void
permute(int64_t *place, int64_t count, uint64_t *state)
{
	for (int64_t i = 0; i < count; i++)
		place[i] = i;
	for (int64_t i = count - 1; i > 0; i--)
	{
		int64_t other = test_below(state, i + 1), kept = place[i];

		place[i] = place[other];
		place[other] = kept;
	}
}

/* Rows i % distinct, so that many are equal, in the order of their arrival. */
static ml_frame *
frame_of(test_host *t, const sample *s, const int64_t *place, int64_t rows,
         int64_t distinct)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(s, frame));
	for (int64_t i = 0; i < rows; i++)
		REQUIRE_OK(sample_append(s, frame, place[i] % distinct));
	return frame;
}

static void
does_not_know_the_order_of_arrival(test_host *t)
{
	static const int64_t distinct[] = {ROWS, 700, 1};
	uint64_t state = 41;
	int64_t *place = ml_alloc_array(&t->core, ROWS, sizeof *place);

	for (int with_id = 0; with_id < 2; with_id++)
		for (int d = 0; d < 3; d++)
		{
			sample s = {.seed = 42, .binary = true, .id = with_id, .weight = true};
			ml_frame *first = NULL, *other;

			for (int trial = 0; trial < 3; trial++)
			{
				if (trial == 0)
					for (int64_t i = 0; i < ROWS; i++)
						place[i] = i;
				else
					permute(place, ROWS, &state);
				other = frame_of(t, &s, place, ROWS, distinct[d]);
				REQUIRE_OK(ml_frame_order(other, 0.3));
				check_canonical(other, 0.3);
				first = first == NULL ? other : first;
				check_same(first, other);
			}
		}
}

static void
does_not_know_the_threads(test_host *t)
{
	sample s = {.seed = 43, .weight = true};
	ml_frame *first = NULL, *other;

	for (int threads = 1; threads <= 4; threads++)
	{
		REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &other));
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(ml_frame_order(other, 0.2));
		ml_pool_close(&t->core);
		first = first == NULL ? other : first;
		check_same(first, other);
	}
}

static int
by_bits(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(double));
}

/* No value is lost and none is made: the same multiset of whole rows. */
static void
keeps_rows_whole(test_host *t)
{
	sample s = {.seed = 44, .id = true};
	ml_frame *frame;
	double *sum[2] = {ml_alloc_array(&t->core, ROWS, sizeof(double)),
	                  ml_alloc_array(&t->core, ROWS, sizeof(double))};

	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	for (int after = 0; after < 2; after++)
	{
		for (int64_t row = 0; row < ROWS; row++)
			for (int c = 0; c < frame->columns; c++)
			{
				const ml_column *column = &frame->column[c];
				uint64_t hash = 0;

				if (column->role == ML_ID)
					continue;
				hash = column->kind == ML_NUMBER
				           ? ml_hash_number(*ml_numbers_at(column, row))
				           : (uint64_t) *ml_codes_at(column, row);
				sum[after][row] += (double) (ml_hash_add(hash, (uint64_t) c) >> 20);
			}
		qsort(sum[after], ROWS, sizeof(double), by_bits);
		if (after == 0)
			REQUIRE_OK(ml_frame_order(frame, 0.5));
	}
	CHECK(memcmp(sum[0], sum[1], ROWS * sizeof(double)) == 0);
}

static void
holds_out_the_share_asked_for(test_host *t)
{
	static const double share[] = {0, 1e-9, 0.1, 0.2, 0.5, 0.9};

	for (int i = 0; i < 6; i++)
	{
		sample s = {.seed = 45, .id = true};
		ml_frame *frame;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
		REQUIRE_OK(ml_frame_order(frame, share[i]));
		/* five standard deviations of a binomial */
		CHECK_NEAR((double) frame->holdout_rows / ROWS, share[i],
		           5 * sqrt(share[i] * (1 - share[i]) / ROWS) + 1e-12);
		check_canonical(frame, share[i]);
	}
}

static ml_frame *
customers(test_host *t, ml_kind kind)
{
	ml_frame *frame;
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_add_column(
	    frame,
	    &(ml_column){
	        .name = test_text("id"), .type = test_text("t"), .kind = kind, .role = ML_ID},
	    &index));
	REQUIRE_OK(ml_frame_add_column(
	    frame,
	    &(ml_column){.name = test_text("x"), .type = test_text("t"), .position = 1},
	    &index));
	return frame;
}

/* Rows of one customer stay on one side, and a row keeps its side as others come and go. */
static void
keeps_customers_together(test_host *t)
{
	bool held[500];

	for (int kind = ML_NUMBER; kind <= ML_CATEGORY; kind++)
		for (int round = 0; round < 3; round++)
		{
			ml_frame *frame = customers(t, (ml_kind) kind);
			bool seen[500] = {false};
			char text[24];

			for (int i = 0; i < 500 * (round + 1); i++)
			{
				ml_cell cells[2] = {{.number = i % 500}, {.number = i % 500}};

				if (round == 1 && i % 3 == 0)
					continue;
				if (kind == ML_CATEGORY)
					cells[0].text = (ml_text){
					    text, snprintf(text, sizeof text, "customer %d", i % 500)};
				REQUIRE_OK(ml_frame_append(frame, cells));
			}
			REQUIRE_OK(ml_frame_order(frame, 0.4));
			for (int64_t row = 0; row < frame->rows; row++)
			{
				int customer = (int) *ml_numbers_at(&frame->column[1], row);
				bool side = row < frame->holdout_rows;

				if (round == 0)
					held[customer] = side;
				else if (round == 2 || seen[customer])
					CHECK_INT(side, held[customer]);
				seen[customer] = true;
			}
		}
}

/* Without an id, equal rows are different customers. */
static void
splits_equal_rows(test_host *t)
{
	ml_frame *frame;
	ml_cell cell = {.number = 7};
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_add_column(
	    frame,
	    &(ml_column){.name = test_text("x"), .type = test_text("t"), .position = 1},
	    &index));
	for (int i = 0; i < ROWS; i++)
		REQUIRE_OK(ml_frame_append(frame, &cell));
	REQUIRE_OK(ml_frame_order(frame, 0.25));
	CHECK_NEAR((double) frame->holdout_rows / ROWS, 0.25, 5 * sqrt(0.25 * 0.75 / ROWS));
	check_canonical(frame, 0.25);
}

/* The key is the sum over the columns of hashes of name and value; places do not matter. */
static void
hashes_names_and_values(test_host *t)
{
	uint64_t first = 0;

	for (int turned = 0; turned < 2; turned++)
	{
		ml_frame *frame;
		ml_column spec = {.type = test_text("t")};
		ml_cell cells[3] = {
		    {.number = 1.5}, {.text = test_text("label")}, {.number = NAN}};
		int order[2][3] = {{0, 1, 2}, {2, 1, 0}}, index;
		static const char *const name[] = {"a", "b", "c"};

		REQUIRE_OK(ml_frame_create(&t->core, &frame));
		for (int i = 0; i < 3; i++)
		{
			spec.name = test_text(name[order[turned][i]]);
			spec.kind = order[turned][i] == 1 ? ML_CATEGORY : ML_NUMBER;
			spec.position = i + 1;
			REQUIRE_OK(ml_frame_add_column(frame, &spec, &index));
		}
		if (turned)
		{
			ml_cell kept = cells[0];

			cells[0] = cells[2];
			cells[2] = kept;
		}
		REQUIRE_OK(ml_frame_append(frame, cells));
		REQUIRE_OK(ml_frame_order(frame, 0.2));
		if (turned)
			CHECK(key_of(frame, 0) == first);
		first = key_of(frame, 0);
	}
}

/* Rows with few features, so that many are equal, with or without their number in front. */
static ml_frame *
numbered(test_host *t, bool with_number)
{
	const ml_column spec[] = {
	    {.name = test_text("n"), .position = 1, .kind = ML_NUMBER, .role = ML_BESIDE},
	    {.name = test_text("x"), .position = 2, .kind = ML_NUMBER, .role = ML_FEATURE},
	    {.name = test_text("y"), .position = 3, .kind = ML_NUMBER, .role = ML_TARGET}};
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = !with_number; c < 3; c++)
		REQUIRE_OK(ml_frame_add_column(frame, &spec[c], &(int){0}));
	for (int i = 0; i < 500; i++)
	{
		const ml_cell cell[] = {
		    {.number = i % 3 == 0 ? NAN : 500 - i}, {.number = i % 7}, {.number = i}};

		REQUIRE_OK(ml_frame_append(frame, &cell[!with_number]));
	}
	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(ml_frame_order(frame, 0.3));
	ml_pool_close(&t->core);
	return frame;
}

static void
keeps_what_is_beside(test_host *t)
{
	const ml_frame *with = numbered(t, true), *without = numbered(t, false);
	const ml_column *number = ml_frame_role(with, ML_BESIDE);

	REQUIRE(with->rows == 500 && without->rows == 500);
	CHECK_INT(with->holdout_rows, without->holdout_rows);
	for (int64_t row = 0; row < with->rows; row++)
	{
		double y = *ml_numbers_at(ml_frame_role(with, ML_TARGET), row);

		CHECK(key_of(with, row) == key_of(without, row));
		CHECK_SAME(y, *ml_numbers_at(ml_frame_role(without, ML_TARGET), row));
		CHECK_SAME(*ml_numbers_at(number, row), (int) y % 3 == 0 ? NAN : 500 - y);
	}
}

static void
sorts_columns_by_place(test_host *t)
{
	static const int place[][2] = {{3, 0}, {2, 2}, {2, 1}, {1, 0}, {2, 10}, {2, 3}};
	static const int sorted[][2] = {{1, 0}, {2, 1}, {2, 2}, {2, 3}, {2, 10}, {3, 0}};
	ml_frame *frame;
	ml_cell cells[6];
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int i = 0; i < 6; i++)
	{
		ml_column spec = {.name = test_text("v"), .type = test_text("t")};

		spec.position = place[i][0];
		spec.element = place[i][1];
		REQUIRE_OK(ml_frame_add_column(frame, &spec, &index));
		cells[i] = (ml_cell){.number = place[i][0] * 100 + place[i][1]};
	}
	REQUIRE_OK(ml_frame_append(frame, cells));
	REQUIRE_OK(ml_frame_order(frame, 0));
	for (int i = 0; i < 6; i++)
	{
		CHECK_INT(frame->column[i].position, sorted[i][0]);
		CHECK_INT(frame->column[i].element, sorted[i][1]);
		CHECK_SAME(*ml_numbers_at(&frame->column[i], 0),
		           sorted[i][0] * 100 + sorted[i][1]);
	}
}

static void
orders_nothing(test_host *t)
{
	sample s = {.seed = 1};
	ml_frame *frame;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 0, &frame));
	REQUIRE_OK(ml_frame_order(frame, 0.5));
	CHECK_INT(frame->holdout_rows, 0);
	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_order(frame, 0.5));
}

static void
stops_at_any_question(test_host *t)
{
	sample s = {.seed = 46, .binary = true};
	bool stopped = true;

	for (int64_t k = 1; stopped; k++)
	{
		ml_frame *frame;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 100, &frame));
		t->questions = 0;
		t->stop_at = k;
		status = ml_frame_order(frame, 0.2);
		stopped = t->questions >= k;
		CHECK_INT(status, stopped ? ML_STOPPED : ML_OK);
		t->stop_at = 0;
	}
}

static void
notices_refusals(test_host *t)
{
	sample s = {.seed = 47, .binary = true};

	t->core.threads = 2;
	REQUIRE_OK(ml_pool_open(&t->core));
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_frame *frame;
		ml_status status;

		/* equal rows take the longer way */
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 50, &frame));
		for (int i = 0; i < 50; i++)
			REQUIRE_OK(sample_append(&s, frame, i));
		test_try(t, &trial);
		status = ml_frame_order(frame, 0.2);
		test_tried(t, &trial, status);
	}
	ml_pool_close(&t->core);
}

TEST_MAIN({does_not_know_the_order_of_arrival,
           "rows in any order come to the same frame"},
          {does_not_know_the_threads, "any number of threads comes to the same frame"},
          {keeps_rows_whole, "rows stay whole"},
          {holds_out_the_share_asked_for, "the holdout is the share asked for, in front"},
          {keeps_customers_together, "rows of one id are on one side, and stay there"},
          {splits_equal_rows, "equal rows without an id fall on both sides"},
          {hashes_names_and_values, "keys depend on names and values, not on places"},
          {keeps_what_is_beside, "what is kept beside stays with its row and moves none"},
          {sorts_columns_by_place, "columns are sorted by place and element"},
          {orders_nothing, "an empty frame is in order"},
          {stops_at_any_question, "a stop at any question is answered"},
          {notices_refusals, "every refused allocation is noticed"})
