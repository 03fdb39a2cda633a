/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_drift.c: features and a target that shift with time are noted with the index that a plain
 * reckoning gives; what stays, and what few rows make look like a shift, is not.
 */
#include "sample.h"

#define DAYS 1000

enum
{
	ID,
	TARGET,
	WHEN,
	MOVING, /* its mean grows */
	STEADY,
	EMPTYING, /* more and more of it is missing */
	LUMPED,   /* of five values, one of which takes over */
	LABEL,    /* likewise */
	DAY,      /* the order column as a feature */
	COLUMNS
};

static const struct
{
	const char *name;
	ml_kind kind;
	ml_role role;
	int position;
} columns[COLUMNS] = {
    {"id", ML_CATEGORY, ML_ID, 1},        {"y", ML_CATEGORY, ML_TARGET, 2},
    {"day", ML_NUMBER, ML_ORDER, 3},      {"moving", ML_NUMBER, ML_FEATURE, 4},
    {"steady", ML_NUMBER, ML_FEATURE, 5}, {"emptying", ML_NUMBER, ML_FEATURE, 6},
    {"lumped", ML_NUMBER, ML_FEATURE, 7}, {"label", ML_CATEGORY, ML_FEATURE, 8},
    {"day", ML_NUMBER, ML_FEATURE, 3},
};

/* Rows over time; strength of what shifts, and days that there are. */
typedef struct course
{
	int rows;
	double shift;
	int days;
	double unknown; /* share of the rows that do not say when they happened */
	ml_task_kind task;
	int classes; /* of several */
	uint64_t seed;
} course;

typedef struct drifted
{
	ml_schema schema;
	ml_problem problem;
	ml_notes notes;
	ml_drift drift;
} drifted;

static void
make_row(const course *c, int i, ml_cell *cell, char text[3][24])
{
	uint64_t at = c->seed * 1000003 + (uint64_t) i * 77;
	int day = (int) test_below(&at, c->days);
	double late = c->shift * day / DAYS, rate = 0.2 + 0.2 * late;
	double takes_over = test_uniform(&at) < 0.5 * late;

	for (int k = 0; k < COLUMNS; k++)
		cell[k] = (ml_cell){.number = NAN};
	snprintf(text[0], sizeof text[0], "row-%d", i);
	cell[ID].text = test_text(text[0]);
	cell[WHEN].number = test_uniform(&at) < c->unknown ? NAN : day;
	cell[DAY].number = day;
	cell[MOVING].number = test_normal(&at) + late;
	cell[STEADY].number = test_normal(&at);
	cell[EMPTYING].number = test_uniform(&at) < 0.6 * late ? NAN : test_normal(&at);
	cell[LUMPED].number = takes_over ? 4 : (double) test_below(&at, 5);
	snprintf(text[1], sizeof text[1], "l%d", (int) (cell[LUMPED].number * 7) % 5);
	if (cell[LUMPED].number > 0)
		cell[LABEL].text = test_text(text[1]);
	snprintf(text[2], sizeof text[2], "k%d",
	         c->classes > 2 ? (takes_over ? 0 : (int) test_below(&at, c->classes))
	                        : test_uniform(&at) < rate);
	cell[TARGET].text = test_text(text[2]);
	cell[TARGET].number = 10 * test_normal(&at) + 20 * late;
}

static void
open_course(test_host *t, const course *c, drifted *out)
{
	ml_frame *frame;
	int index;
	char text[3][24];
	ml_cell cell[COLUMNS];

	*out = (drifted){.notes = {0}};
	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int k = 0; k < COLUMNS; k++)
		REQUIRE_OK(ml_frame_add_column(
		    frame,
		    &(ml_column){.name = test_text(columns[k].name),
		                 .type = test_text("t"),
		                 .position = columns[k].position,
		                 .kind = k == TARGET && c->task == ML_REGRESSION
		                             ? ML_NUMBER
		                             : columns[k].kind,
		                 .role = columns[k].role},
		    &index));
	for (int i = 0; i < c->rows; i++)
	{
		make_row(c, i, cell, text);
		REQUIRE_OK(ml_frame_append(frame, cell));
	}
	REQUIRE_OK(sample_task(&t->core, frame, c->task, &out->schema, &out->problem));
}

static void
look(test_host *t, drifted *d)
{
	REQUIRE_OK(ml_guard_drift(&t->core, &d->problem, &d->drift, &d->notes));
}

/* The index noted for a feature; NaN: none. */
static double
noted(const drifted *d, const char *name)
{
	for (int i = 0; i < d->notes.count; i++)
		if (ml_text_is(d->notes.note[i].name, name))
			return d->notes.note[i].value;
	return NAN;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The moments that end the first fifth and begin the last one. */
static void
plain_limits(test_host *t, const drifted *d, double limit[2])
{
	const ml_column *when = ml_frame_role(d->problem.frame, ML_ORDER);
	int64_t known = 0;
	double *sorted = ml_alloc_array(&t->core, d->problem.end, sizeof *sorted);

	for (int64_t row = d->problem.begin; row < d->problem.end; row++)
		if (!isnan(*ml_numbers_at(when, row)))
			sorted[known++] = *ml_numbers_at(when, row);
	qsort(sorted, (size_t) known, sizeof *sorted, by_value);
	limit[0] = sorted[known / 5 - 1];
	limit[1] = sorted[known - known / 5];
}

/* Values of a column in the oldest (0) or the newest (1) rows. */
static int64_t
plain_part(const drifted *d, const ml_column *column, const double limit[2], int part,
           double *out)
{
	const ml_column *when = ml_frame_role(d->problem.frame, ML_ORDER);
	int64_t count = 0;

	for (int64_t row = d->problem.begin; row < d->problem.end; row++)
	{
		double at = *ml_numbers_at(when, row);

		if (part == 0 ? !(at <= limit[0]) : !(at >= limit[1]))
			continue;
		out[count] = column->kind == ML_NUMBER ? *ml_numbers_at(column, row)
		                                       : *ml_codes_at(column, row);
		out[count] = column->kind == ML_CATEGORY && out[count] < 0 ? NAN : out[count];
		count++;
	}
	return count;
}

/* The number of the bin: values between deciles, or the values themselves. */
static int
plain_bin(double value, const double *edge, int edges)
{
	int bin = 0;

	if (isnan(value))
		return edges + 1;
	while (bin < edges && value > edge[bin])
		bin++;
	return bin;
}

/* The index by its formula; in the logarithm, half a row more on both sides of a bin that lacks one. */
static double
plain_index(test_host *t, const drifted *d, const ml_column *column)
{
	double *x[2], *known, edge[9], count[12][2] = {{0}}, limit[2], index = 0;
	int64_t n[2], valued = 0;
	bool labels = column->kind == ML_CATEGORY;

	plain_limits(t, d, limit);
	for (int part = 0; part < 2; part++)
	{
		x[part] = ml_alloc_array(&t->core, d->problem.end, sizeof(double));
		n[part] = plain_part(d, column, limit, part, x[part]);
	}
	known = ml_alloc_array(&t->core, n[0], sizeof *known);
	for (int64_t i = 0; i < n[0]; i++)
		if (!isnan(x[0][i]))
			known[valued++] = x[0][i];
	qsort(known, (size_t) valued, sizeof *known, by_value);
	for (int k = 0; k < 9; k++)
		edge[k] = labels ? k : known[(int64_t) ceil((k + 1) * (double) valued / 10) - 1];
	for (int part = 0; part < 2; part++)
		for (int64_t i = 0; i < n[part]; i++)
			count[plain_bin(x[part][i], edge, 9)][part]++;
	for (int b = 0; b < 12; b++)
	{
		double half = count[b][0] == 0 || count[b][1] == 0 ? 0.5 : 0;
		double e = count[b][0] / (double) n[0], a = count[b][1] / (double) n[1];

		if (count[b][0] + count[b][1] > 0)
			index += (a - e) * log((count[b][1] + half) * (double) n[0] /
			                       ((count[b][0] + half) * (double) n[1]));
	}
	return index;
}

static void
notes_what_shifts(test_host *t)
{
	static const char *const shifting[] = {"moving", "emptying", "lumped", "label"};
	const course c = {
	    .rows = 20000, .shift = 1, .days = DAYS, .unknown = 0.1, .task = ML_BINARY};
	drifted d;

	open_course(t, &c, &d);
	look(t, &d);
	CHECK_INT(d.notes.count, 4);
	for (int i = 0; i < 4; i++)
	{
		double index = 0;

		for (int f = 0; f < d.schema.features; f++)
			if (ml_text_is(d.schema.feature[f].name, shifting[i]))
				index = plain_index(t, &d,
				                    &d.problem.frame->column[d.schema.feature[f].column]);
		CHECK(index > 0.1);
		CHECK_NEAR(noted(&d, shifting[i]), index, 1e-12);
		CHECK_INT(d.notes.note[i].kind, ML_NOTE_DRIFT);
		CHECK(i == 0 || d.notes.note[i - 1].value >= d.notes.note[i].value);
	}
}

static void
is_silent_where_nothing_does(test_host *t)
{
	for (int how = 0; how < 6; how++)
	{
		/* chance alone; few rows; all at one moment; none tells when; little time; and no column */
		const course c = {.rows = how == 1 ? 280 : 20000,
		                  .shift = how == 0 ? 0 : 1,
		                  .days = how == 2   ? 1
		                          : how == 4 ? 100
		                                     : DAYS,
		                  .unknown = how == 3 ? 1 : 0.2,
		                  .task = ML_BINARY,
		                  .seed = (uint64_t) how};
		drifted d;

		open_course(t, &c, &d);
		if (how == 5)
			ml_frame_role(d.problem.frame, ML_ORDER)->role = ML_BESIDE;
		look(t, &d);
		test_check(d.notes.count == 0, __FILE__, __LINE__, "case %d: %d notes", how,
		           d.notes.count);
		CHECK(!d.drift.target_moved);
		CHECK((d.drift.rows[0] > 0) == (how == 0 || how == 4));
	}
}

/* Of many samples in which nothing shifts, of so few rows that the index is large, hardly one is noted. */
static void
does_not_take_chance_for_a_shift(test_host *t)
{
	int notes = 0, looks = 0;

	for (uint64_t seed = 0; seed < 60; seed++)
	{
		const course c = {.rows = 400, .days = 50, .task = ML_BINARY, .seed = 100 + seed};
		drifted d;

		open_course(t, &c, &d);
		look(t, &d);
		notes += d.notes.count + d.drift.target_moved;
		looks += d.schema.features;
	}
	/* one in a thousand is expected */
	test_check(notes <= 3, __FILE__, __LINE__, "%d of %d looks", notes, looks);
}

static void
tells_what_the_target_was(test_host *t)
{
	static const struct
	{
		ml_task_kind task;
		int classes;
	} kind[] = {{ML_BINARY, 2}, {ML_REGRESSION, 0}, {ML_MULTICLASS, 4}};

	for (int k = 0; k < 3; k++)
		for (int shift = 0; shift < 2; shift++)
		{
			const course c = {.rows = 20000,
			                  .shift = 2 * shift,
			                  .days = DAYS,
			                  .task = kind[k].task,
			                  .classes = kind[k].classes,
			                  .seed = 31};
			double limit[2], mean[2] = {0, 0};
			drifted d;

			open_course(t, &c, &d);
			look(t, &d);
			CHECK_INT(d.drift.target_moved, shift);
			plain_limits(t, &d, limit);
			for (int part = 0; part < 2; part++)
			{
				double *y = ml_alloc_array(&t->core, c.rows, sizeof *y);
				int64_t n = plain_part(&d, d.problem.target, limit, part, y);

				for (int64_t i = 0; i < n; i++)
					mean[part] += y[i] / (double) n;
				CHECK_INT(d.drift.rows[part], n);
				CHECK_NEAR(d.drift.target[part], mean[part], 1e-9);
			}
			if (c.task == ML_REGRESSION)
				CHECK_NEAR(d.drift.target_index, plain_index(t, &d, d.problem.target),
				           1e-12);
		}
}

/* A rate that grows by half is told although its index is small; one that grows by a tenth is not. */
static void
tells_small_rates_that_grow(test_host *t)
{
	for (int grows = 0; grows < 2; grows++)
	{
		const course c = {.rows = 40000,
		                  .shift = grows ? 0.6 : 0.12,
		                  .days = DAYS,
		                  .task = ML_BINARY,
		                  .seed = 77};
		drifted d;

		open_course(t, &c, &d);
		look(t, &d);
		CHECK(d.drift.target_index < 0.1);
		CHECK_INT(d.drift.target_moved, grows);
	}
}

static ml_status
train_small(test_host *t, test_trial *trial)
{
	const course c = {.rows = 600, .shift = 1, .days = DAYS, .task = ML_BINARY};
	drifted d;
	ml_status status;

	open_course(t, &c, &d);
	test_try(t, trial);
	status = ml_guard_drift(&t->core, &d.problem, &d.drift, &d.notes);
	if (status == ML_OK)
		CHECK(d.notes.count > 0);
	return status;
}

static void
notices_refusals_and_stops(test_host *t)
{
	(void) t;
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		test_host own;

		test_open(&own);
		test_tried(&own, &trial, train_small(&own, &trial));
		test_close(&own);
	}
}

TEST_MAIN({notes_what_shifts, "what shifts is noted, with its index, the largest first"},
          {is_silent_where_nothing_does, "what does not is not, nor what cannot be told"},
          {does_not_take_chance_for_a_shift, "chance is not taken for a shift"},
          {tells_what_the_target_was, "the target's mean and shares are told"},
          {tells_small_rates_that_grow, "a small rate that grows is told by its ratio"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
