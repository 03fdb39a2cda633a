/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_advise.c: twins among the features are noted, those that only look alike are not; a fit
 * that does not hold is told from one that has bad luck.
 */
#include "reference.h"

typedef struct advised
{
	reference r;
	ml_schema schema;
	ml_problem problem;
	ml_notes notes;
} advised;

static void
profile(test_host *t, advised *a)
{
	a->schema = (ml_schema){0};
	a->notes = (ml_notes){0};
	REQUIRE_OK(
	    sample_problem(&t->core, reference_frame(t, &a->r), &a->schema, &a->problem));
}

/* A pair of numbers, the second made of the first. */
typedef enum relation
{
	LINE,   /* 3 - x / 7 */
	BENT,   /* x squared */
	NOISY,  /* correlates by 0.999 */
	GAPPED, /* a line, but one more value is missing */
	MOVED,  /* as many are missing, but in other rows */
	FLAG,   /* both are one in the same few rows */
	RELATIONS
} relation;

static double
related(relation how, int i, double x, double noise)
{
	switch (how)
	{
		case LINE:
			return 3 - x / 7;
		case BENT:
			return x * x;
		case NOISY:
			return x + 0.045 * noise;
		case GAPPED:
			return i == 1500 ? NAN : 3 - x / 7;
		case MOVED:
			return i == 1500 ? NAN : i == 100 ? 0 : 3 - x / 7;
		default:
			return i % 700 == 0 ? 5 : 9;
	}
}

static void
tells_lines_from_the_rest(test_host *t)
{
	for (relation how = 0; how < RELATIONS; how++)
		for (int rows = 40; rows < 40000; rows *= 9)
		{
			bool expected = (how == LINE || how == FLAG) && rows > 50;
			uint64_t state = 401 + how;
			advised a = {.r = {.rows = rows, .numbers = 3}};

			reference_random(t, &a.r, 0, 402);
			for (int i = 0; i < rows; i++)
			{
				double *x = a.r.x + 3 * i;

				if (how == FLAG)
					x[0] = i % 700 == 0;
				if (how == MOVED && i == 100)
					x[0] = NAN;
				x[2] = related(how, i, x[0], test_normal(&state));
			}
			/* what only shows in later rows needs those rows; a flag that never varies is none */
			if (rows < 2000 && how != LINE && how != BENT && how != NOISY)
				continue;
			profile(t, &a);
			REQUIRE_OK(ml_guard_twins(&t->core, &a.problem, &a.notes));
			test_check(a.notes.count == expected, __FILE__, __LINE__,
			           "relation %d, %d rows: %d notes", how, rows, a.notes.count);
			if (a.notes.count != 1)
				continue;
			CHECK_INT(a.notes.note[0].kind, ML_NOTE_TWIN);
			CHECK(ml_text_is(a.notes.note[0].name, "c2"));
			CHECK(ml_text_is(a.notes.note[0].other, "c0"));
			CHECK(a.notes.note[0].value > 0.9999 && a.notes.note[0].value < 1 + 1e-9);
		}
}

/* Unrelated but for one huge value that both have, wherever in the sample it lies. */
static void
bears_an_outlier(test_host *t)
{
	for (int at = 0; at < 600; at += 60)
	{
		advised a = {.r = {.rows = 600, .numbers = 2}};

		reference_random(t, &a.r, 0, 405);
		for (int j = 0; j < 2; j++)
			a.r.x[2 * at + j] = 1e9;
		profile(t, &a);
		REQUIRE_OK(ml_guard_twins(&t->core, &a.problem, &a.notes));
		CHECK_INT(a.notes.count, 0);
	}
}

/* Labels renamed are twins; merged, split, or exchanged in one row they are not. */
static void
tells_renamed_labels(test_host *t)
{
	for (int how = 0; how < 5; how++)
	{
		advised a = {.r = {.rows = 3000, .categories = 2, .levels = {6, 6}}};

		reference_random(t, &a.r, 0.05, 411);
		for (int i = 0; i < 3000; i++)
		{
			int *code = a.r.code + 2 * i;

			code[1] = code[0] < 0 ? -1 : 5 - code[0];
			if (how == 1 && code[0] == 2 && i % 2)
				code[1] = 4;
			if (how == 2 && i == 2000)
				code[1] = (code[1] + 1) % 6;
			if (how == 3 && i == 2000)
				code[1] = code[1] < 0 ? 1 : -1;
			if (how == 4)
				code[1] = code[1] < 0 ? 0 : code[1] == 0 ? -1 : code[1];
		}
		profile(t, &a);
		REQUIRE_OK(ml_guard_twins(&t->core, &a.problem, &a.notes));
		test_check(a.notes.count == (how == 0), __FILE__, __LINE__, "case %d: %d notes",
		           how, a.notes.count);
	}
}

/* Of many copies each is noted once, as what the first says. */
static void
notes_each_copy_once(test_host *t)
{
	advised a = {.r = {.rows = 1000, .numbers = 12}};

	reference_random(t, &a.r, 0.1, 421);
	for (int i = 0; i < 1000; i++)
		for (int j = 4; j < 12; j++)
			a.r.x[12 * i + j] = a.r.x[12 * i + j % 2] * (j - 1.5);
	profile(t, &a);
	REQUIRE_OK(ml_guard_twins(&t->core, &a.problem, &a.notes));
	CHECK_INT(a.notes.count, 8);
	for (int n = 0; n < a.notes.count; n++)
		CHECK(ml_text_is(a.notes.note[n].other, n % 2 ? "c1" : "c0"));
}

static void
notices_refusals_and_stops(test_host *t)
{
	advised a = {.r = {.rows = 200, .numbers = 3, .categories = 1, .levels = {3}}};

	reference_random(t, &a.r, 0, 431);
	for (int i = 0; i < 200; i++)
		a.r.x[3 * i + 2] = a.r.x[3 * i];
	profile(t, &a);
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		a.notes = (ml_notes){0};
		status = ml_guard_twins(&t->core, &a.problem, &a.notes);
		test_tried(t, &trial, status);
	}
	CHECK_INT(a.notes.count, 1);
}

/* A report of one metric. */
static ml_report
report_of(const char *name, double value, double half_width)
{
	return (ml_report){.metrics = 1,
	                   .metric = {{.name = name,
	                               .value = value,
	                               .low = value - half_width,
	                               .high = value + half_width}}};
}

static void
tells_overfitting_from_chance(test_host *t)
{
	static const struct
	{
		ml_task_kind task;
		double seen, seen_half, held, held_half;
		bool expected;
	} how[] = {{ML_BINARY, 0.95, 0.01, 0.80, 0.05, true},
	           {ML_BINARY, 0.95, 0.01, 0.86, 0.01, false}, /* no matter */
	           {ML_BINARY, 0.95, 0.01, 0.80, 0.15, false}, /* chance */
	           {ML_BINARY, 0.80, 0.01, 0.95, 0.01, false}, /* the other way */
	           {ML_BINARY, 1.00, NAN, 0.80, 0.05, true},
	           {ML_BINARY, 0.95, 0.01, 0.80, NAN, false},
	           {ML_BINARY, 0.95, 0.01, NAN, NAN, false},
	           {ML_MULTICLASS, 0.70, 0.01, 0.55, 0.02, true},
	           {ML_MULTICLASS, 0.70, 0.01, 0.62, 0.02, false},
	           {ML_REGRESSION, 0.70, 0.01, 0.45, 0.02, true},
	           {ML_REGRESSION, 0.70, 0.01, 0.55, 0.02, false}};

	for (int h = 0; h < 11; h++)
	{
		const char *name = ml_main_metric(how[h].task);
		ml_report seen = report_of(name, how[h].seen, how[h].seen_half);
		ml_report held = report_of(name, how[h].held, how[h].held_half);
		ml_report none = {0};

		test_check(ml_overfits(how[h].task, &seen, &held) == how[h].expected, __FILE__,
		           __LINE__, "case %d", h);
		CHECK(!ml_overfits(how[h].task, &none, &held));
		CHECK(!ml_overfits(how[h].task, &seen, &none));
	}
}

/* Targets are coin tosses: a tree of 400 leaves learns them by heart. */
static void
judges_rows_it_has_seen(test_host *t)
{
	static const char *const learner[] = {"logistic", "decision_tree", "random_forest"};
	sample_option large[] = {{"leaves", 400}, {"min_rows", 1}, {NULL, 0}};
	sample_option few[] = {{"trees", 3}, {NULL, 0}};

	for (int l = 0; l < 3; l++)
		for (int advise = 0; advise < 2; advise++)
			for (int rows = 1500; rows < 40000; rows *= 20)
			{
				uint64_t state = 441;
				advised a = {.r = {.rows = rows, .numbers = 3, .binary = true}};
				ml_request request;
				ml_result result;
				int64_t held;

				reference_random(t, &a.r, 0, 442);
				for (int i = 0; i < rows; i++)
					a.r.y[i] = (double) test_below(&state, 2);
				REQUIRE_OK(sample_request(&t->core, learner[l],
				                          l == 0   ? NULL
				                          : l == 1 ? large
				                                   : few,
				                          &request));
				request.advise = advise;
				REQUIRE_OK(
				    ml_train(&t->core, reference_frame(t, &a.r), &request, &result));
				if (!advise || l == 2)
				{
					CHECK_INT(result.trained.metrics, 0);
					continue;
				}
				held = (int64_t) result.holdout.metric[0].value;
				CHECK_SAME(result.trained.metric[0].value,
				           rows - held > 20000 ? 20000 : (double) (rows - held));
				CHECK(ml_overfits(ML_BINARY, &result.trained, &result.holdout) ==
				      (l == 1));
			}
}

/* A training that looks further, with an allocation refused or a stop at every question. */
static ml_status
train_small(test_host *t, test_trial *trial)
{
	advised a = {.r = {.rows = 150, .numbers = 2, .categories = 1, .levels = {3}}};
	ml_request request;
	ml_result result;
	ml_frame *frame;
	ml_status status;

	a.r.binary = true;
	reference_random(t, &a.r, 0, 451);
	frame = reference_frame(t, &a.r);
	REQUIRE_OK(sample_request(&t->core, "logistic", NULL, &request));
	request.advise = true;
	test_try(t, trial);
	status = ml_train(&t->core, frame, &request, &result);
	if (status == ML_OK)
		CHECK(result.trained.metrics > 0);
	return status;
}

static void
notices_them_in_a_training(test_host *t)
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

TEST_MAIN({tells_lines_from_the_rest, "numbers on a line are twins, others are not"},
          {bears_an_outlier, "nor do two columns become twins by an outlier"},
          {tells_renamed_labels, "labels that are renamed are twins, others are not"},
          {notes_each_copy_once, "each copy is noted once"},
          {tells_overfitting_from_chance,
           "a fall is told if it matters and is more than chance"},
          {judges_rows_it_has_seen, "rows of the training are judged where asked for"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"},
          {notices_them_in_a_training, "so they are in a whole training"})
