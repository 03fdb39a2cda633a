/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_guard.c: leaks are noted, copies left out, and honest features kept without a word.
 */
#include "reference.h"

typedef struct guarded
{
	reference r;
	ml_schema schema;
	ml_problem problem;
	ml_notes notes;
} guarded;

static void
guard(test_host *t, guarded *g)
{
	g->schema = (ml_schema){0};
	g->notes = (ml_notes){0};
	REQUIRE_OK(
	    sample_problem(&t->core, reference_frame(t, &g->r), &g->schema, &g->problem));
	REQUIRE_OK(ml_guard_leaks(&t->core, &g->problem, &g->notes));
}

/* Column 0 is y itself, with so much noise, straight or reversed. */
static void
notes_numbers_that_leak(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
		for (int reversed = 0; reversed < 2; reversed++)
			for (double noise = 1e-3; noise < 10; noise *= 1000)
			{
				uint64_t state = 271;
				guarded g = {.r = {.rows = 3000, .numbers = 3, .binary = binary}};

				reference_random(t, &g.r, 0.1, 272);
				for (int i = 0; i < g.r.rows; i++)
					g.r.x[3 * i] =
					    (reversed ? -1 : 1) *
					    (g.r.y[i] + noise * (binary ? 1 : 2) * test_normal(&state));
				guard(t, &g);
				CHECK_INT(g.notes.count, noise < 0.1 ? 1 : 0);
				if (g.notes.count == 0)
					continue;
				CHECK_INT(g.notes.note[0].kind, ML_NOTE_LEAK);
				CHECK(ml_text_is(g.notes.note[0].name, "c0"));
				CHECK(g.notes.note[0].value > 0.999 && g.notes.note[0].value <= 1);
			}
}

/* A category whose labels tell the target, but for a few rows in ten thousand. */
static void
notes_categories_that_leak(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		guarded g = {
		    .r = {.rows = 4000, .categories = 2, .levels = {6, 5}, .binary = binary}};

		reference_random(t, &g.r, 0, 273);
		for (int i = 0; i < g.r.rows; i++)
		{
			if (binary)
				g.r.code[2 * i] = (int) g.r.y[i] + 2 * (i % 3);
			else
				g.r.y[i] = 100 * g.r.code[2 * i] + i % 7 * 0.01;
		}
		guard(t, &g);
		CHECK_INT(g.notes.count, 1);
		if (g.notes.count == 1)
			CHECK(g.notes.note[0].kind == ML_NOTE_LEAK &&
			      ml_text_is(g.notes.note[0].name, "c0"));
	}
}

/* Categories that say nothing: nearly constant, of many labels, half missing. */
static void
passes_honest_categories(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
		for (uint64_t seed = 0; seed < 10; seed++)
		{
			uint64_t state = 280 + seed;
			guarded g = {.r = {.rows = 4000,
			                   .categories = 4,
			                   .levels = {2, 60, 3, 2},
			                   .binary = binary}};

			reference_random(t, &g.r, 0, 281 + seed);
			for (int i = 0; i < g.r.rows; i++)
			{
				int *code = g.r.code + 4 * i;

				g.r.y[i] = binary ? (double) test_below(&state, 2) : test_normal(&state);
				code[0] = i < 2;                        /* two rows differ */
				code[1] = (int) test_below(&state, 60); /* many labels */
				code[2] = i % 2 ? -1 : (int) test_below(&state, 3);
				code[3] = i == 7 ? -1 : i == 8; /* a row is missing */
			}
			guard(t, &g);
			CHECK_INT(g.notes.count, 0);
		}
}

/* Labels of one or two rows each tell those rows' targets, and no others. */
static void
passes_labels_of_few_rows(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
		for (uint64_t seed = 0; seed < 10; seed++)
		{
			uint64_t state = 295 + seed;
			guarded g = {.r = {.rows = 260, .categories = 1, .levels = {240}}};

			g.r.binary = binary;
			reference_random(t, &g.r, 0, 296 + seed);
			for (int i = 0; i < g.r.rows; i++)
			{
				g.r.y[i] = binary ? (double) test_below(&state, 2) : test_normal(&state);
				g.r.code[i] = i % 240;
			}
			guard(t, &g);
			CHECK_INT(g.notes.count, 0);
		}
}

/* Fewer rows than fifty prove nothing. */
static void
says_nothing_of_few_rows(test_host *t)
{
	for (int rows = 10; rows < 200; rows *= 4)
	{
		guarded g = {.r = {.rows = rows, .numbers = 1, .categories = 1, .levels = {2}}};

		g.r.binary = true;
		reference_random(t, &g.r, 0, 290);
		for (int i = 0; i < rows; i++)
		{
			g.r.y[i] = i % 2;
			g.r.x[i] = i % 2 + 0.1 * (i % 3);
			g.r.code[i] = i % 2;
		}
		guard(t, &g);
		CHECK_INT(g.notes.count, rows < 50 ? 0 : rows < 100 ? 1 : 2);
	}
}

static void
leaves_out_copies(test_host *t)
{
	static const struct
	{
		bool binary;
		double zero, one; /* the column's value for either class, or its map of a value */
		bool category;
		bool copy;
	} how[] = {{true, 0, 1, false, true},   {true, 7, -3, false, true},
	           {true, 5, 5, false, false},  {true, 0, 1, true, true},
	           {true, 1, 0, true, true},    {false, 0, 1, false, true},
	           {false, 1, 1, false, false}, {false, 0, 2, false, false}};

	for (int h = 0; h < 8; h++)
		for (int spoiled = 0; spoiled < 3; spoiled++)
		{
			guarded g = {
			    .r = {.rows = 500, .numbers = 2, .categories = 1, .levels = {2}}};
			bool expected = how[h].copy && spoiled == 0;

			g.r.binary = how[h].binary;
			reference_random(t, &g.r, 0, 300);
			for (int i = 0; i < 500; i++)
			{
				double y = g.r.y[i];

				if (how[h].category)
					g.r.code[i] = (int) (y > 0 ? how[h].one : how[h].zero);
				else
					g.r.x[2 * i] = how[h].binary ? (y > 0 ? how[h].one : how[h].zero)
					                             : how[h].zero + how[h].one * y;
			}
			if (spoiled && how[h].category)
				g.r.code[250] = spoiled == 1 ? 1 - g.r.code[250] : -1;
			else if (spoiled)
				g.r.x[500] = spoiled == 1 ? g.r.x[500] + 0.5 : NAN;
			REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &g.r), &g.schema,
			                          &g.problem));
			if (h == 2 && spoiled != 1)
				CHECK_INT(g.schema.features, 2); /* constant before */
			int before = g.schema.features;
			REQUIRE_OK(ml_guard_copies(&t->core, &g.problem, &g.schema, &g.notes));
			test_check(g.notes.count == expected &&
			               g.schema.features == before - expected,
			           __FILE__, __LINE__, "case %d, spoiled %d", h, spoiled);
			if (expected)
			{
				CHECK_INT(g.notes.note[0].kind, ML_NOTE_TARGET);
				CHECK(ml_text_is(g.notes.note[0].name, how[h].category ? "c2" : "c0"));
				for (int f = 0; f < g.schema.features; f++)
					CHECK(!ml_text_equal(g.schema.feature[f].name, g.notes.note[0].name));
			}
		}
}

/* Of several classes: numbers that order them, labels that name them, and what maps onto them. */
static void
guards_several_classes(test_host *t)
{
	static const char *const label[] = {"a", "b", "c", "d"};

	for (int spoiled = 0; spoiled < 2; spoiled++)
	{
		guarded g = {
		    .r = {.rows = 3000, .numbers = 4, .categories = 2, .levels = {12, 5}}};
		uint64_t state = 320;

		reference_random(t, &g.r, 0, 321);
		for (int i = 0; i < g.r.rows; i++)
		{
			int k = (int) test_below(&state, 4);
			bool odd = spoiled && i % 50 == 0;

			g.r.y[i] = k;
			/* a number that orders the classes, one that tells but a single one, a copy */
			g.r.x[4 * i] = -10 * (odd ? 1 : k) + test_uniform(&state);
			g.r.x[4 * i + 1] = (k == 2) + test_uniform(&state) / 2;
			g.r.x[4 * i + 2] = odd ? 9 : 3 * k * k - k;
			g.r.code[2 * i] = 4 * (int) test_below(&state, 3) + (odd ? 1 : k);
		}
		REQUIRE_OK(sample_task(&t->core, class_frame(t, &g.r, label), ML_MULTICLASS,
		                       &g.schema, &g.problem));
		REQUIRE_OK(ml_guard_leaks(&t->core, &g.problem, &g.notes));
		CHECK_INT(g.notes.count, spoiled ? 0 : 3);
		for (int i = 0; i < g.notes.count; i++)
			CHECK(ml_text_is(g.notes.note[i].name, i == 0 ? "c0" : i == 1 ? "c2" : "c4"));
		g.notes.count = 0;
		REQUIRE_OK(ml_guard_copies(&t->core, &g.problem, &g.schema, &g.notes));
		CHECK_INT(g.notes.count, spoiled ? 0 : 1);
		CHECK_INT(g.schema.features, spoiled ? 6 : 5);
		for (test_trial trial = {.refusals = true}; !trial.done;)
		{
			ml_status status;

			test_try(t, &trial);
			g.notes = (ml_notes){0};
			status = ml_guard_leaks(&t->core, &g.problem, &g.notes);
			test_tried(t, &trial, status);
		}
	}
}

static void
has_nothing_left(test_host *t)
{
	guarded g = {.r = {.rows = 500, .numbers = 1}};

	reference_random(t, &g.r, 0, 310);
	memcpy(g.r.x, g.r.y, 500 * sizeof(double));
	REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &g.r), &g.schema, &g.problem));
	CHECK_INT(ml_guard_copies(&t->core, &g.problem, &g.schema, &g.notes), ML_NO_FEATURES);
}

static void
notices_refusals_and_stops(test_host *t)
{
	guarded g = {.r = {.rows = 200, .numbers = 1, .categories = 1, .levels = {3}}};

	g.r.binary = true;
	reference_random(t, &g.r, 0, 311);
	memcpy(g.r.x, g.r.y, 200 * sizeof(double));
	REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &g.r), &g.schema, &g.problem));
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		g.notes = (ml_notes){0};
		status = ml_guard_leaks(&t->core, &g.problem, &g.notes);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({notes_numbers_that_leak,
           "numbers that tell the target are noted, either way round"},
          {notes_categories_that_leak, "categories that tell the target are noted"},
          {passes_honest_categories, "categories that tell nothing pass without a note"},
          {passes_labels_of_few_rows, "so do labels of few rows each"},
          {says_nothing_of_few_rows, "few rows prove nothing"},
          {leaves_out_copies, "copies of the target are left out, near copies are not"},
          {guards_several_classes,
           "several classes are told by order, by label, by a map"},
          {has_nothing_left, "a copy alone is no feature"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
