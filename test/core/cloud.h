/* SPDX-License-Identifier: PostgreSQL */
/*
 * cloud.h: rows about middles, for segments to be found in, and the same as plain points.
 */
#ifndef CLOUD_H
#define CLOUD_H

#include "models.h"

#define MOST_NUMBERS 6
#define MOST_CATEGORIES 3

/* Rows about so many middles, with labels that follow them. */
typedef struct cloud
{
	int rows;
	int numbers;
	int categories;
	int middles;
	double noise;
	double missing;
	double outliers; /* share of the numbers that lie a thousand times as far off */
	bool weighted;
	bool backwards; /* rows are appended from the last to the first */
	uint64_t seed;
} cloud;

static inline void
append_row(const cloud *c, ml_frame *frame, int row)
{
	uint64_t state = c->seed * 7919 + (uint64_t) row * 104729;
	int middle = (int) test_below(&state, c->middles);
	ml_cell cell[MOST_NUMBERS + MOST_CATEGORIES + 1];
	char label[MOST_CATEGORIES][8];
	int at = 0;

	for (int j = 0; j < c->numbers; j++)
	{
		uint64_t place = c->seed + (uint64_t) (middle * 100 + j);
		double x = 1000 * (j + 1) + 10 * (test_uniform(&place) - 0.5) +
		           c->noise * test_normal(&state);

		if (c->outliers > 0 && test_uniform(&state) < c->outliers)
			x *= 1000 * (test_uniform(&state) - 0.5);
		cell[at++] = (ml_cell){.number = test_uniform(&state) < c->missing ? NAN : x};
	}
	for (int k = 0; k < c->categories; k++)
	{
		int code = (middle + (test_uniform(&state) < 0.2)) % (3 + k);

		snprintf(label[k], sizeof label[k], "l%d", code);
		cell[at++] =
		    (ml_cell){.text = test_uniform(&state) < c->missing ? (ml_text){0}
		                                                        : test_text(label[k])};
	}
	if (c->weighted)
		cell[at++] = (ml_cell){.number = 0.5 + (double) test_below(&state, 3)};
	REQUIRE_OK(ml_frame_append(frame, cell));
}

static inline ml_frame *
cloud_columns(test_host *t, const cloud *c)
{
	ml_frame *frame;
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int j = 0; j < c->numbers + c->categories + c->weighted; j++)
	{
		static const char *const name[] = {"a", "b_c", "d", "e", "f",
		                                   "g", "h",   "i", "j", "k"};
		bool weight = j == c->numbers + c->categories;

		REQUIRE_OK(ml_frame_add_column(
		    frame,
		    &(ml_column){.name = test_text(name[j]),
		                 .type = test_text(j == 1 ? "integer" : "double precision"),
		                 .position = j + 1,
		                 .kind = j < c->numbers || weight ? ML_NUMBER : ML_CATEGORY,
		                 .role = weight ? ML_WEIGHT : ML_FEATURE},
		    &index));
	}
	return frame;
}

static inline ml_frame *
cloud_frame(test_host *t, const cloud *c)
{
	ml_frame *frame = cloud_columns(t, c);

	for (int i = 0; i < c->rows; i++)
		append_row(c, frame, c->backwards ? c->rows - 1 - i : i);
	return frame;
}

/* The same as a learner gets it. */
static inline ml_problem
open_problem(test_host *t, const cloud *c, ml_schema *schema)
{
	ml_frame *frame = cloud_frame(t, c);
	ml_notes notes = {0};

	*schema = (ml_schema){0};
	REQUIRE_OK(ml_frame_order(frame, 0));
	REQUIRE_OK(ml_schema_target(frame, ML_SEGMENTATION, (ml_text){0}, schema));
	REQUIRE_OK(ml_schema_build(frame, 255, &(ml_uses){0}, schema, &notes));
	return (ml_problem){.frame = frame,
	                    .schema = schema,
	                    .weight = ml_frame_role(frame, ML_WEIGHT),
	                    .end = frame->rows};
}

/* The plain twin: a row's slots as indicator columns, scaled so that plain squares serve. */
typedef struct twin
{
	int rows;
	int64_t slots;
	double *x; /* [rows][slots] */
	double *weight;
} twin;

static inline twin
open_twin(test_host *t, const ml_problem *problem, const ml_space *space)
{
	twin out = {.rows = (int) problem->end, .slots = space->slots};
	double root = sqrt(space->label_weight);

	out.x = ml_alloc_array(&t->core, out.rows * out.slots, sizeof *out.x);
	out.weight = ml_alloc_array(&t->core, out.rows, sizeof *out.weight);
	for (int i = 0; i < out.rows; i++)
	{
		double *x = out.x + i * out.slots;
		int64_t slot = 0;

		for (int f = 0, j = 0; f < problem->schema->features; f++)
		{
			const ml_feature *feature = &problem->schema->feature[f];
			const ml_column *column = &problem->frame->column[feature->column];
			int32_t code;

			if (feature->kind == ML_NUMBER)
			{
				double value = *ml_numbers_at(column, i);

				x[slot++] =
				    isnan(value) ? 0 : (value - space->shift[j]) / space->scale[j];
				j++;
				continue;
			}
			code = *ml_codes_at(column, i);
			x[slot + (code < 0 ? feature->levels : code)] = root;
			slot += feature->levels + 1;
		}
		out.weight[i] = problem->weight != NULL ? *ml_numbers_at(problem->weight, i) : 1;
	}
	return out;
}

static inline double
twin_apart(const twin *m, int row, const double *center)
{
	double sum = 0;

	for (int64_t s = 0; s < m->slots; s++)
	{
		double away = m->x[row * m->slots + s] - center[s];

		sum += away * away;
	}
	return sum;
}

static inline ml_status
train(test_host *t, ml_frame *frame, const sample_option *options, ml_result *result)
{
	return sample_train(&t->core, frame, "kmeans", options, result);
}

static inline double
learned(const ml_model *model, const char *name)
{
	return ml_fitted_part(&model->fitted, name)->number[0];
}

/* A frame of given numbers in one column or two. */
static inline ml_frame *
numbers_frame(test_host *t, int columns, const double *number, int rows)
{
	cloud c = {.numbers = columns};
	ml_frame *frame = cloud_columns(t, &c);

	for (int i = 0; i < rows; i++)
	{
		ml_cell cell[] = {{.number = number[i * columns]},
		                  {.number = number[i * columns + columns - 1]}};

		REQUIRE_OK(ml_frame_append(frame, cell));
	}
	return frame;
}

static inline ml_bytes
cloud_bytes(test_host *t, const cloud *c, const char *algorithm,
            const sample_option *options, int threads)
{
	ml_result result;
	ml_bytes bytes;

	t->core.threads = threads;
	REQUIRE_OK(sample_train(&t->core, cloud_frame(t, c), algorithm, options, &result));
	REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes));
	return bytes;
}

/* One, two or three threads, and rows in either order, make the same bytes of a cloud. */
static inline void
check_one_model(test_host *t, const char *algorithm, const sample_option *options,
                int middles, int rows)
{
	cloud c = {.rows = rows,
	           .numbers = 2,
	           .categories = 1,
	           .middles = middles,
	           .noise = 1,
	           .missing = 0.05,
	           .weighted = true,
	           .seed = 5};
	ml_bytes one = cloud_bytes(t, &c, algorithm, options, 1);

	CHECK(test_same_bytes(one, cloud_bytes(t, &c, algorithm, options, 2)));
	c.backwards = true;
	CHECK(test_same_bytes(one, cloud_bytes(t, &c, algorithm, options, 3)));
}

#endif
