/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_design.c: the design matrix against its description, cell by cell.
 */
#include "sample.h"

typedef struct problem
{
	ml_frame *frame;
	ml_schema schema;
	ml_problem core;
	ml_design design;
} problem;

static void
make(test_host *t, const sample *s, int64_t rows, problem *out)
{
	REQUIRE_OK(sample_fill(&t->core, s, 0, rows, &out->frame));
	REQUIRE_OK(sample_problem(&t->core, out->frame, &out->schema, &out->core));
	REQUIRE_OK(ml_design_create(&t->core, &out->core, &out->design));
}

static void
counts_columns(test_host *t)
{
	sample s = {.seed = 81, .binary = true, .oddities = true};
	problem p;
	int numbers = 0, cols = 1, categories = 0;

	make(t, &s, 500, &p);
	for (int f = 0; f < p.schema.features; f++)
	{
		const ml_feature *feature = &p.schema.feature[f];

		numbers += feature->kind == ML_NUMBER;
		categories += feature->kind == ML_CATEGORY;
		cols += feature->kind == ML_NUMBER ? 1
		        : feature->missing > 0     ? feature->levels
		                                   : feature->levels - 1;
	}
	CHECK_INT(p.design.dense, numbers + 1);
	CHECK_INT(p.design.categories, categories);
	CHECK_INT(p.design.cols, cols);
}

/* The encoded value of a feature in a row, by the words of design.h. */
static double
entry(const problem *p, int64_t row, int column)
{
	int f = ml_design_feature(&p->design, column), k = 0;
	const ml_feature *feature = &p->schema.feature[f];
	const ml_column *in;
	int32_t code;

	if (column == 0)
		return 1;
	in = &p->frame->column[feature->column];
	if (feature->kind == ML_NUMBER)
	{
		double x = *ml_numbers_at(in, row);

		x = isnan(x) ? feature->mean : x;
		return (x - p->design.shift[column]) / p->design.scale[column];
	}
	while (p->design.category[k] != f)
		k++;
	code = *ml_codes_at(in, row);
	return p->design.column_of[k][code < 0 ? feature->levels : code] == column;
}

static void
encodes_rows(test_host *t)
{
	sample s = {.seed = 82, .weight = true};
	problem p;
	ml_design_block block;
	int64_t row = 0;

	make(t, &s, 5000, &p);
	REQUIRE_OK(ml_design_block_create(&t->core, &p.design, &block));
	while (row < p.core.end)
	{
		int64_t next = ml_design_fill(&p.design, row, p.core.end, &block);

		REQUIRE(next > row && next - row <= ML_BLOCK && block.rows == next - row);
		for (int i = 0; i < block.rows; i++)
		{
			CHECK_SAME(block.target[i], *ml_numbers_at(p.core.target, row + i));
			CHECK_SAME(block.weight[i], *ml_numbers_at(p.core.weight, row + i));
			for (int c = 0; c < p.design.dense; c++)
				CHECK_NEAR(block.dense[i * p.design.dense + c], entry(&p, row + i, c),
				           1e-15);
			for (int k = 0; k < p.design.categories; k++)
			{
				int32_t label = block.labels[i * p.design.categories + k];

				REQUIRE(label >= -1 && label < p.design.cols);
				if (label >= 0)
					CHECK_SAME(entry(&p, row + i, label), 1);
			}
		}
		row = next;
	}
	CHECK_INT(row, p.core.end);
}

static void
conditions_numbers(test_host *t)
{
	sample s = {.seed = 83};
	problem p;

	make(t, &s, 2000, &p);
	for (int c = 1; c < p.design.dense; c++)
	{
		const ml_feature *feature = &p.schema.feature[p.design.number[c - 1]];
		int exponent;

		/* a power of two, so that scaling rounds nothing */
		CHECK_SAME(frexp(p.design.scale[c], &exponent), 0.5);
		CHECK(feature->sd / p.design.scale[c] >= 0.5 &&
		      feature->sd / p.design.scale[c] < 1);
		CHECK_SAME(p.design.shift[c], (float) p.design.shift[c]);
		CHECK(fabs(feature->mean - p.design.shift[c]) <=
		      fabs(feature->mean) * FLT_EPSILON);
		CHECK_CLOSE(p.design.penalty[c], pow(feature->sd / p.design.scale[c], 2),
		            4 * DBL_EPSILON);
	}
	CHECK_SAME(p.design.penalty[0], 0);
	for (int c = p.design.dense; c < p.design.cols; c++)
		CHECK_SAME(p.design.penalty[c], 1);
}

/* Every column but the intercept belongs to one feature, and every slot to one column. */
static void
knows_the_feature_of_a_column(test_host *t)
{
	sample s = {.seed = 84, .products = 40};
	problem p;

	make(t, &s, 3000, &p);
	CHECK_INT(ml_design_feature(&p.design, 0), -1);
	for (int c = 1; c < p.design.cols; c++)
	{
		int f = ml_design_feature(&p.design, c);

		REQUIRE(f >= 0 && f < p.schema.features);
		CHECK((p.schema.feature[f].kind == ML_NUMBER) == (c < p.design.dense));
	}
	CHECK_INT(ml_design_feature(&p.design, p.design.cols), -1);
	for (int k = 0; k < p.design.categories; k++)
		CHECK_INT(p.design.column_of[k][0], -1);
}

/* beta . x, whatever the order of the partial sums. */
static void
multiplies(test_host *t)
{
	sample s = {.seed = 85};
	problem p;
	ml_design_block block;
	uint64_t state = 86;
	double *beta;

	make(t, &s, 1000, &p);
	REQUIRE_OK(ml_design_block_create(&t->core, &p.design, &block));
	beta = ml_alloc_array(&t->core, p.design.cols, sizeof *beta);
	for (int c = 0; c < p.design.cols; c++)
		beta[c] = test_normal(&state);
	ml_design_fill(&p.design, 0, p.core.end, &block);
	for (int i = 0; i < block.rows; i++)
	{
		long double sum = 0, size = 0;

		for (int c = 0; c < p.design.cols; c++)
		{
			sum += (long double) beta[c] * entry(&p, i, c);
			size += fabs(beta[c] * entry(&p, i, c));
		}
		CHECK_NEAR(ml_design_dot(&p.design, &block, i, beta), sum,
		           p.design.cols * DBL_EPSILON * size);
	}
}

static void
notices_refusals(test_host *t)
{
	sample s = {.seed = 87};
	problem p;

	make(t, &s, 50, &p);
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_design_block block;
		ml_status status;

		test_try(t, &trial);
		status = ml_design_create(&t->core, &p.core, &p.design);
		if (status == ML_OK)
			status = ml_design_block_create(&t->core, &p.design, &block);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({counts_columns, "columns: intercept, numbers, labels but the first, missing"},
          {encodes_rows, "every cell of every block is as described"},
          {conditions_numbers, "numbers are shifted and scaled without rounding"},
          {knows_the_feature_of_a_column, "a column knows its feature"},
          {multiplies, "a row times coefficients"},
          {notices_refusals, "every refused allocation is noticed"})
