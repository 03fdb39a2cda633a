/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_slices.c: where a model errs most.
 */
#include "table.h"

#include "judge/slices.h"

#define ROWS 4000

typedef struct sliced
{
	table table;
	ml_model model;
	int column[64];
	ml_rows rows;
	double *number; /* loss, score, target and weight of each row */
	ml_losses losses;
} sliced;

/* Losses are noise, with more of it for label "l001" of the first category. */
static void
prepare(test_host *t, sliced *s, double more)
{
	uint64_t state = 17;
	const ml_schema *schema = &s->table.schema;
	int rows;

	table_open(t, &s->table);
	rows = s->table.rows;
	s->model = (ml_model){.schema = *schema};
	for (int f = 0; f < schema->features; f++)
		s->column[f] = schema->feature[f].column;
	s->rows = (ml_rows){.frame = s->table.frame, .column = s->column, .end = rows};
	s->number = ml_alloc_array(&t->core, 4 * rows, sizeof *s->number);
	for (int i = 0; i < rows; i++)
	{
		int32_t code = *ml_codes_at(&s->table.frame->column[s->table.numbers], i);
		bool worse =
		    code >= 0 && ml_text_equal(schema->feature[s->table.numbers].label[code],
		                               test_text("l001"));

		s->number[i] = test_uniform(&state) + (worse ? more : 0);
		s->number[rows + i] = test_uniform(&state);
		s->number[2 * rows + i] = (double) test_below(&state, 2);
		s->number[3 * rows + i] = 0.5 + (double) test_below(&state, 3);
	}
	s->losses = (ml_losses){.loss = s->number,
	                        .score = s->number + rows,
	                        .target = s->number + 2 * rows,
	                        .weight = s->table.weighted ? s->number + 3 * rows : NULL};
}

static const table shape = {.rows = ROWS,
                            .numbers = 3,
                            .categories = 2,
                            .levels = 6,
                            .missing = 0.1,
                            .seed = 7,
                            .binary = true};

/* Is the row in the slice, as a reader of the slice would say? */
static bool
belongs(const sliced *s, const ml_slice *slice, int64_t row)
{
	const ml_column *column = &s->table.frame->column[s->column[slice->feature]];
	double x;
	int32_t code;

	if (column->kind == ML_CATEGORY)
	{
		code = *ml_codes_at(column, row);
		return (code < 0 ? s->model.schema.feature[slice->feature].levels : code) ==
		       slice->level;
	}
	x = *ml_numbers_at(column, row);
	return slice->level >= 0 ? isnan(x) : x >= slice->low && x <= slice->high;
}

/* The mean of the first so many numbers of the rows inside or outside of a slice. */
static double
mean_of(const sliced *s, const ml_slice *slice, bool inside, const double *number)
{
	double sum = 0, weight = 0;

	for (int64_t row = 0; row < s->rows.end; row++)
		if (belongs(s, slice, row) == inside)
		{
			double w = s->losses.weight != NULL ? s->losses.weight[row] : 1;

			sum += w * number[row];
			weight += w;
		}
	return sum / weight;
}

static void
finds_what_is_worse(test_host *t)
{
	for (int weighted = 0; weighted < 2; weighted++)
	{
		sliced s = {.table = shape};
		ml_slices found;
		const ml_slice *worst;

		s.table.weighted = weighted;
		prepare(t, &s, 0.2);
		REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
		REQUIRE(found.slices > 0);
		worst = &found.slice[0];
		CHECK_INT(worst->feature, s.table.numbers);
		CHECK(ml_text_equal(s.model.schema.feature[worst->feature].label[worst->level],
		                    test_text("l001")));
		CHECK(worst->p_value < 1e-6);
		CHECK(worst->effect > 0.4);
		for (int i = 1; i < found.slices; i++)
		{
			CHECK(found.slice[i].p_value >= found.slice[i - 1].p_value);
			CHECK(found.slice[i].p_value > 0.05);
		}
	}
}

static void
tells_the_means(test_host *t)
{
	sliced s = {.table = shape};
	ml_slices found;

	s.table.weighted = true;
	prepare(t, &s, 0.1);
	REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
	CHECK(found.looked_at > found.slices);
	for (int i = 0; i < found.slices; i++)
	{
		const ml_slice *slice = &found.slice[i];
		double rows = 0;

		for (int64_t row = 0; row < s.rows.end; row++)
			rows += belongs(&s, slice, row);
		CHECK_SAME(slice->rows, rows);
		CHECK_CLOSE(slice->loss, mean_of(&s, slice, true, s.losses.loss), 1e-12);
		CHECK_CLOSE(slice->score, mean_of(&s, slice, true, s.losses.score), 1e-12);
		CHECK_CLOSE(slice->target, mean_of(&s, slice, true, s.losses.target), 1e-12);
		CHECK(slice->loss > mean_of(&s, slice, false, s.losses.loss));
	}
}

/* R: t.test(loss[in], loss[!in], alternative = "greater"), by its formula. */
static void
tests_like_welch(test_host *t)
{
	sliced s = {.table = shape};
	ml_slices found;

	prepare(t, &s, 0.1);
	REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
	for (int i = 0; i < found.slices; i++)
	{
		double mean[2], part[2], n[2] = {0}, square[2] = {0}, df, p;

		for (int in = 0; in < 2; in++)
			mean[in] = mean_of(&s, &found.slice[i], in, s.losses.loss);
		for (int64_t row = 0; row < s.rows.end; row++)
		{
			bool in = belongs(&s, &found.slice[i], row);

			n[in]++;
			square[in] += pow(s.losses.loss[row] - mean[in], 2);
		}
		for (int in = 0; in < 2; in++)
			part[in] = square[in] / (n[in] - 1) / n[in];
		df = pow(part[0] + part[1], 2) /
		     (part[0] * part[0] / (n[0] - 1) + part[1] * part[1] / (n[1] - 1));
		p = ml_t_tail((mean[1] - mean[0]) / sqrt(part[0] + part[1]), df);
		CHECK_CLOSE(found.slice[i].p_value, fmin(p * found.looked_at, 1), 1e-9);
	}
}

static void
has_nothing_to_say_of_few(test_host *t)
{
	for (int rows = 2; rows <= 58; rows += 28)
	{
		sliced s = {.table = shape};
		ml_slices found;

		s.table.rows = rows;
		prepare(t, &s, 1);
		REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
		CHECK_INT(found.looked_at, 0);
		CHECK_INT(found.slices, 0);
	}
}

static void
bears_losses_that_never_vary(test_host *t)
{
	sliced s = {.table = shape};
	ml_slices found;

	prepare(t, &s, 0);
	for (int i = 0; i < ROWS; i++)
		s.number[i] = 0.25;
	REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
	CHECK_INT(found.slices, 0);
}

static void
takes_the_loss_of_the_task(test_host *t)
{
	static const double score[] = {0.25, 0.75, 1, 0}, target[] = {1, 0, 1, 1};
	static const double likelihood[] = {0.5, 0.125, 1, 0};
	ml_judged judged = {.task = ML_BINARY,
	                    .outcomes = {.rows = 4, .score = score, .target = target}};
	ml_losses losses;

	REQUIRE_OK(ml_judged_losses(&t->core, &judged, &losses));
	CHECK_SAME(losses.loss[0], -log(0.25));
	CHECK_SAME(losses.loss[1], -log(0.25));
	CHECK_SAME(losses.loss[2], -log(1));
	CHECK_SAME(losses.loss[3], -log(1e-15));
	judged.task = ML_REGRESSION;
	REQUIRE_OK(ml_judged_losses(&t->core, &judged, &losses));
	CHECK_SAME(losses.loss[1], 0.5625);
	CHECK(losses.score == score && losses.target == target);
	judged =
	    (ml_judged){.task = ML_MULTICLASS,
	                .classes = {.rows = 4, .target = target, .likelihood = likelihood}};
	REQUIRE_OK(ml_judged_losses(&t->core, &judged, &losses));
	CHECK_SAME(losses.loss[1], -log(0.125));
	CHECK_SAME(losses.loss[3], -log(1e-15));
}

static void
bears_refusals_and_stops(test_host *t)
{
	sliced s = {.table = shape};
	ml_slices found;
	int64_t asked, questions;

	prepare(t, &s, 0.1);
	asked = t->asked;
	questions = t->questions;
	REQUIRE_OK(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found));
	asked = t->asked - asked;
	questions = t->questions - questions;
	for (int64_t i = 1; i <= asked; i++)
	{
		t->refuse_at = t->asked + i;
		CHECK_INT(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found),
		          ML_MEMORY);
	}
	t->refuse_at = 0;
	for (int64_t i = 1; i <= questions; i++)
	{
		t->stop_at = t->questions + i;
		CHECK_INT(ml_find_slices(&t->core, &s.model, &s.rows, &s.losses, &found),
		          ML_STOPPED);
		t->stop_at = 0;
	}
}

TEST_MAIN({finds_what_is_worse, "the slice that is worse comes first, and alone is sure"},
          {tells_the_means, "rows and means are those of the slice's rows"},
          {tests_like_welch, "p-values are Welch's, times the number of slices"},
          {has_nothing_to_say_of_few, "few rows make no slices"},
          {bears_losses_that_never_vary, "losses that never vary are no worse anywhere"},
          {takes_the_loss_of_the_task, "a row's loss is that of its task"},
          {bears_refusals_and_stops, "refused memory and stops are answered"})
