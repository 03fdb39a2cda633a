/* SPDX-License-Identifier: PostgreSQL */
/*
 * table.h: made-up tables of any shape, for what learns trees.
 */
#ifndef TABLE_H
#define TABLE_H

#include "test.h"

typedef struct table
{
	int rows;
	int numbers;
	int categories;
	int levels;     /* of each category */
	int values;     /* different ones of each number; 0: all differ */
	double missing; /* share */
	bool weighted;
	bool binary;
	int classes; /* more than two: the target is one of so many labels instead */
	uint64_t seed;
	ml_frame *frame; /* out: ordered, without a holdout */
	ml_schema schema;
	ml_problem problem;
} table;

static inline void
table_add_column(ml_frame *frame, const char *name, ml_kind kind, ml_role role)
{
	int index;

	REQUIRE_OK(ml_frame_add_column(frame,
	                               &(ml_column){.name = test_text(name),
	                                            .type = test_text("some type"),
	                                            .position = frame->columns + 1,
	                                            .kind = kind,
	                                            .role = role},
	                               &index));
}

/* What a row is worth: steps, a product, two labels. */
static inline double
table_value(const table *s, const double *number, const int *code)
{
	double value = 0;

	for (int j = 0; j < s->numbers && j < 3; j++)
		value += isnan(number[j]) ? -0.7 : number[j] > 0.3 ? 1 : 0;
	if (s->numbers > 1 && !isnan(number[0]) && !isnan(number[1]))
		value += number[0] * number[1];
	for (int k = 0; k < s->categories; k++)
		value += code[k] < 0 ? 0.4 : code[k] % 3 == 0 ? 1 : -0.2;
	return value;
}

static inline void
table_append(table *s, ml_frame *frame, char label[][16], uint64_t *state)
{
	ml_cell cell[64];
	double number[48];
	int code[16], at = 0;
	double value;

	for (int j = 0; j < s->numbers; j++)
	{
		double x = test_normal(state);

		if (s->values > 0)
			x = floor(x * s->values / 6);
		number[j] = test_uniform(state) < s->missing ? NAN : x;
		cell[at++] = (ml_cell){.number = number[j]};
	}
	for (int k = 0; k < s->categories; k++)
	{
		code[k] = (int) (pow(test_uniform(state), 2) * s->levels);
		if (test_uniform(state) < s->missing)
			code[k] = -1;
		snprintf(label[k], 16, "l%03d", code[k]);
		cell[at++] = (ml_cell){.text = code[k] < 0 ? (ml_text){0} : test_text(label[k])};
	}
	value = table_value(s, number, code) + 0.3 * test_normal(state);
	if (s->classes > 2)
	{
		int class = (int) floor(value + 1);

		class = class < 0 ? 0 : class < s->classes ? class : s->classes - 1;
		snprintf(label[s->categories], 16, "k%d", class);
		cell[at++] = (ml_cell){.text = test_text(label[s->categories])};
	}
	else if (s->binary)
		cell[at++] = (ml_cell){.text = test_text(value > 0.6 ? "yes" : "no")};
	else
		cell[at++] = (ml_cell){.number = value};
	if (s->weighted)
		cell[at++] = (ml_cell){.number = 0.5 + (double) test_below(state, 3)};
	REQUIRE_OK(ml_frame_append(frame, cell));
}

static inline ml_frame *
table_frame(test_host *t, table *s)
{
	uint64_t state = s->seed;
	char label[17][16], name[64][8];
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int j = 0; j < s->numbers + s->categories; j++)
	{
		snprintf(name[j], sizeof name[j], "f%02d", j);
		table_add_column(frame, name[j], j < s->numbers ? ML_NUMBER : ML_CATEGORY,
		                 ML_FEATURE);
	}
	table_add_column(frame, "y", s->binary || s->classes > 2 ? ML_CATEGORY : ML_NUMBER,
	                 ML_TARGET);
	if (s->weighted)
		table_add_column(frame, "w", ML_NUMBER, ML_WEIGHT);
	for (int i = 0; i < s->rows; i++)
		table_append(s, frame, label, &state);
	return frame;
}

/* The same as a learner gets it. */
static inline void
table_open(test_host *t, table *s)
{
	ml_notes notes = {0};

	s->frame = table_frame(t, s);
	s->schema = (ml_schema){0};
	REQUIRE_OK(ml_frame_order(s->frame, 0));
	REQUIRE_OK(ml_schema_target(s->frame, s->binary ? ML_BINARY : ML_REGRESSION,
	                            (ml_text){NULL, 0}, &s->schema));
	REQUIRE_OK(ml_schema_build(s->frame, 65535, &(ml_uses){0}, &s->schema, &notes));
	s->problem = (ml_problem){.frame = s->frame,
	                          .schema = &s->schema,
	                          .target = ml_frame_role(s->frame, ML_TARGET),
	                          .weight = ml_frame_role(s->frame, ML_WEIGHT),
	                          .begin = 0,
	                          .end = s->frame->rows};
}

#endif
