/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_target.c: which class is positive, and what a target must be.
 */
#include "sample.h"

/* A frame of an id and a target; side[i] tells whether row i is to be in the holdout. */
static ml_frame *
target_frame(test_host *t, const char *const *label, const double *number, int rows,
             bool *side)
{
	ml_frame *frame;
	ml_column y = {.name = test_text("y"), .type = test_text("t"), .role = ML_TARGET};
	ml_column id = {.name = test_text("id"), .type = test_text("t"), .role = ML_ID};
	int index, at = 0;

	y.kind = label != NULL ? ML_CATEGORY : ML_NUMBER;
	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(ml_frame_add_column(frame, &y, &index));
	REQUIRE_OK(ml_frame_add_column(frame, &id, &index));
	for (int i = 0; at < rows; i++)
	{
		uint64_t name = ml_hash_add(ml_hash_bytes("id", 2), 0);
		uint64_t key = ml_hash_mix(ml_hash_add(name, ml_hash_number(i)));
		ml_cell cells[2] = {{.number = number != NULL ? number[at] : 0}, {.number = i}};

		/* with a holdout of one half the key's first bit is the side */
		if (side != NULL && side[at] != (key >> 63 == 0))
			continue;
		if (label != NULL && label[at] != NULL)
			cells[0].text = test_text(label[at]);
		REQUIRE_OK(ml_frame_append(frame, cells));
		at++;
	}
	REQUIRE_OK(ml_frame_order(frame, side != NULL ? 0.5 : 0));
	return frame;
}

typedef struct classes
{
	const char *label[6];
	const char *positive; /* the option */
	ml_status status;
	const char *expected[2]; /* the other, the positive */
	bool rest;
} classes;

static const classes table[] = {
    {{"a", "b", "b"}, NULL, ML_OK, {"b", "a"}, false},
    {{"a", "a", "b"}, NULL, ML_OK, {"a", "b"}, false},
    {{"a", "b"}, NULL, ML_OK, {"a", "b"}, false},
    {{"b", "a"}, NULL, ML_OK, {"a", "b"}, false},
    {{"true", "true", "false"}, NULL, ML_OK, {"false", "true"}, false},
    {{"true", "true", "zebra"}, NULL, ML_OK, {"zebra", "true"}, false},
    {{"1", "1", "0"}, NULL, ML_OK, {"0", "1"}, false},
    {{"a", "a", "b"}, "a", ML_OK, {"b", "a"}, false},
    {{"a", "b", "c"}, "a", ML_OK, {"other", "a"}, true},
    {{"true", "b", "c"}, "c", ML_OK, {"other", "c"}, true},
    {{"a", "b"}, "c", ML_NO_SUCH_CLASS, {NULL}, false},
    {{"a", "b"}, "", ML_NO_SUCH_CLASS, {NULL}, false},
    {{"a", "b", "c"}, NULL, ML_TOO_MANY_CLASSES, {NULL}, false},
    {{"true", "b", "c"}, NULL, ML_TOO_MANY_CLASSES, {NULL}, false},
    {{"a", "a"}, NULL, ML_ONE_VALUE, {NULL}, false},
    {{"a", "a"}, "a", ML_ONE_VALUE, {NULL}, false},
    {{"a"}, NULL, ML_ONE_VALUE, {NULL}, false},
    {{"", "x", "x"}, NULL, ML_OK, {"x", ""}, false},
    {{"A", "a"}, "A", ML_OK, {"a", "A"}, false},
};

static void
chooses_the_positive_class(test_host *t)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
	{
		const classes *c = &table[i];
		int rows = 0, positives = 0;
		ml_frame *frame;
		ml_schema schema = {0};
		ml_text positive = {NULL, 0};

		while (rows < 6 && c->label[rows] != NULL)
			rows++;
		frame = target_frame(t, c->label, NULL, rows, NULL);
		if (c->positive != NULL)
			positive = test_text(c->positive);
		if (!test_check(ml_schema_target(frame, ML_BINARY, positive, &schema) ==
		                    c->status,
		                __FILE__, __LINE__, "case %d", (int) i) ||
		    c->status != ML_OK)
			continue;
		CHECK(ml_text_is(schema.class_label[0], c->expected[0]));
		CHECK(ml_text_is(schema.class_label[1], c->expected[1]));
		CHECK_INT(schema.rest, c->rest);
		for (int row = 0; row < rows; row++)
			positives += *ml_numbers_at(&frame->column[0], row) > 0;
		CHECK_SAME(schema.class_count[1], positives);
		CHECK_SAME(schema.class_count[0], rows - positives);
		CHECK_INT(frame->column[0].kind, ML_NUMBER);
	}
}

/* Several classes: numbers in byte order of the labels, -1 for what only the holdout has. */
static void
numbers_several_classes(test_host *t)
{
	static const char *const label[] = {"c", "a", "b", "a", "zz", "B"};
	static const double number[] = {3, 1, 2, 1, -1, 0};
	static const char *const expected[] = {"B", "a", "b", "c"};
	bool side[] = {false, false, false, false, true, false};
	ml_frame *frame = target_frame(t, label, NULL, 6, side);
	ml_schema schema = {0};
	int64_t labels;

	REQUIRE_OK(ml_target_labels(frame, &labels));
	CHECK_INT(labels, 5);
	REQUIRE_OK(ml_schema_target(frame, ML_MULTICLASS, (ml_text){NULL, 0}, &schema));
	CHECK_INT(schema.classes, 4);
	CHECK_INT(schema.positive, -1);
	for (int k = 0; k < 4; k++)
	{
		CHECK(ml_text_is(schema.class_label[k], expected[k]));
		CHECK_SAME(schema.class_count[k], k == 1 ? 2 : 1);
		CHECK_INT(ml_schema_class(&schema, schema.class_label[k]), k);
	}
	CHECK_INT(ml_schema_class(&schema, test_text("zz")), -1);
	CHECK_INT(ml_schema_class(&schema, test_text("")), -1);
	for (int64_t row = 0; row < 6; row++)
	{
		double got = *ml_numbers_at(&frame->column[0], row);
		bool found = false;

		for (int i = 0; i < 6; i++)
			found |= got == number[i] && (row < 1) == side[i];
		CHECK(found);
	}
	REQUIRE_OK(ml_target_labels(frame, &labels));
	CHECK_INT(labels, 0);
	frame = target_frame(t, label, NULL, 6, side);
	REQUIRE_OK(ml_schema_target(frame, ML_MULTICLASS, test_text("b"), &schema));
	CHECK_INT(schema.positive, 2);
	frame = target_frame(t, label, NULL, 6, side);
	CHECK_INT(ml_schema_target(frame, ML_MULTICLASS, test_text("zz"), &schema),
	          ML_NO_SUCH_CLASS);
	frame = target_frame(t, label + 3, NULL, 1, NULL);
	CHECK_INT(ml_schema_target(frame, ML_MULTICLASS, (ml_text){NULL, 0}, &schema),
	          ML_ONE_VALUE);
}

static void
limits_the_classes(test_host *t)
{
	static char name[ML_MAX_CLASSES + 1][8];
	static const char *label[ML_MAX_CLASSES + 1];
	ml_schema schema = {0};

	for (int k = 0; k <= ML_MAX_CLASSES; k++)
	{
		snprintf(name[k], sizeof name[k], "%d", k);
		label[k] = name[k];
	}
	REQUIRE_OK(ml_schema_target(target_frame(t, label, NULL, ML_MAX_CLASSES, NULL),
	                            ML_MULTICLASS, (ml_text){NULL, 0}, &schema));
	CHECK_INT(schema.classes, ML_MAX_CLASSES);
	CHECK_INT(ml_schema_target(target_frame(t, label, NULL, ML_MAX_CLASSES + 1, NULL),
	                           ML_MULTICLASS, (ml_text){NULL, 0}, &schema),
	          ML_TOO_MANY_CLASSES);
	CHECK_INT(t->core.fault.count, ML_MAX_CLASSES + 1);
}

static void
counts_the_classes(test_host *t)
{
	static const char *const label[] = {"a", "b", "c", "d", "e", "a"};
	ml_schema schema = {0};

	CHECK_INT(ml_schema_target(target_frame(t, label, NULL, 6, NULL), ML_BINARY,
	                           (ml_text){NULL, 0}, &schema),
	          ML_TOO_MANY_CLASSES);
	CHECK_INT(t->core.fault.count, 5);
}

/* What is seen in the holdout alone is no class. */
static void
looks_at_training_rows_only(test_host *t)
{
	static const char *const label[] = {"a", "b", "b", "true", "true"};
	static const char *const single[] = {"a", "a", "a", "b", "b"};
	bool side[] = {false, false, false, true, true};
	ml_frame *frame = target_frame(t, label, NULL, 5, side);
	ml_schema schema = {0};

	REQUIRE(frame->holdout_rows == 2);
	REQUIRE_OK(ml_schema_target(frame, ML_BINARY, (ml_text){NULL, 0}, &schema));
	CHECK(ml_text_is(schema.class_label[0], "b"));
	CHECK(ml_text_is(schema.class_label[1], "a"));
	CHECK(!schema.rest);
	CHECK_SAME(schema.class_count[0], 2);
	CHECK_SAME(schema.class_count[1], 1);
	frame = target_frame(t, label, NULL, 5, side);
	CHECK_INT(ml_schema_target(frame, ML_BINARY, test_text("true"), &schema),
	          ML_NO_SUCH_CLASS);
	frame = target_frame(t, single, NULL, 5, side);
	CHECK_INT(ml_schema_target(frame, ML_BINARY, (ml_text){NULL, 0}, &schema),
	          ML_ONE_VALUE);
}

static void
profiles_values(test_host *t)
{
	enum
	{
		ROWS = 5000
	};
	static const double offset[] = {0, 1e6, -7e8, 1e13};
	double *number = ml_alloc_array(&t->core, ROWS, sizeof *number);
	uint64_t state = 71;

	for (int o = 0; o < 4; o++)
	{
		long double sum = 0, squares = 0;
		ml_schema schema = {0};

		for (int i = 0; i < ROWS; i++)
		{
			number[i] = offset[o] + 100 * test_normal(&state);
			sum += number[i];
		}
		for (int i = 0; i < ROWS; i++)
			squares += (number[i] - sum / ROWS) * (number[i] - sum / ROWS);
		REQUIRE_OK(ml_schema_target(target_frame(t, NULL, number, ROWS, NULL),
		                            ML_REGRESSION, (ml_text){NULL, 0}, &schema));
		CHECK_NEAR(schema.target_mean, sum / ROWS,
		           4 * DBL_EPSILON * fabs(offset[o]) + 1e-12);
		CHECK_CLOSE(schema.target_sd, sqrt(squares / ROWS),
		            1e-12 + 1e-16 * fabs(offset[o]));
		CHECK_SAME(schema.rows, ROWS);
	}
}

static void
refuses_values_that_do_not_do(test_host *t)
{
	static const double same[] = {3, 3, 3}, zero[] = {0, -0.0, 0},
	                    huge[] = {1e300, -1e300},
	                    equal_and_huge[] = {1e300, 1e300, 1e300};
	ml_schema schema = {0};
	ml_text none = {NULL, 0};

	CHECK_INT(ml_schema_target(target_frame(t, NULL, same, 3, NULL), ML_REGRESSION, none,
	                           &schema),
	          ML_ONE_VALUE);
	CHECK_INT(ml_schema_target(target_frame(t, NULL, same, 1, NULL), ML_REGRESSION, none,
	                           &schema),
	          ML_ONE_VALUE);
	CHECK_INT(ml_schema_target(target_frame(t, NULL, zero, 3, NULL), ML_REGRESSION, none,
	                           &schema),
	          ML_ONE_VALUE);
	CHECK_INT(ml_schema_target(target_frame(t, NULL, equal_and_huge, 3, NULL),
	                           ML_REGRESSION, none, &schema),
	          ML_ONE_VALUE);
	CHECK_INT(ml_schema_target(target_frame(t, NULL, huge, 2, NULL), ML_REGRESSION, none,
	                           &schema),
	          ML_NOT_NUMERIC);
	CHECK_INT(t->core.fault.column, 0);
}

static void
refuse_each(test_host *t, ml_task_kind task)
{
	static const char *const label[] = {"a", "b", "b"};

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_frame *frame;
		ml_schema schema = {0};
		ml_status status;

		frame = target_frame(t, label, NULL, 3, NULL);
		test_try(t, &trial);
		status = ml_schema_target(frame, task, (ml_text){NULL, 0}, &schema);
		test_tried(t, &trial, status);
	}
}

static void
notices_refusals(test_host *t)
{
	refuse_each(t, ML_BINARY);
	refuse_each(t, ML_MULTICLASS);
}

TEST_MAIN({chooses_the_positive_class,
           "positive is what is named, else true, else the rarer"},
          {numbers_several_classes, "several classes are numbered in byte order"},
          {limits_the_classes, "there may be a thousand of them"},
          {counts_the_classes, "too many classes are counted"},
          {looks_at_training_rows_only, "classes of the holdout alone do not count"},
          {profiles_values, "mean and deviation of a value"},
          {refuses_values_that_do_not_do, "one value and values too large are refused"},
          {notices_refusals, "every refused allocation is noticed"})
