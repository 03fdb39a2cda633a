/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_scores.c: scores of many rows at once are those of one by one, bit for bit.
 */
#include "models.h"

#define ROWS 400

/* A learner of a task with its options. */
typedef struct kind
{
	const char *learner;
	ml_task_kind task;
	sample_option option[3];
} kind;

static const kind kinds[] = {
    {"linear", ML_REGRESSION, {{NULL, 0}}},
    {"logistic", ML_BINARY, {{NULL, 0}}},
    {"logistic", ML_BINARY, {{"encode", 0, "woe"}, {NULL, 0}}},
    {"multinomial", ML_MULTICLASS, {{NULL, 0}}},
    {"boosted_trees", ML_BINARY, {{"trees", 13}, {NULL, 0}}},
    {"boosted_trees", ML_BINARY, {{"leaves", 100}, {"min_rows", 1}, {NULL, 0}}},
    {"boosted_trees", ML_REGRESSION, {{"leaves", 300}, {"min_rows", 1}, {NULL, 0}}},
    {"boosted_trees", ML_MULTICLASS, {{"trees", 4}, {NULL, 0}}},
    {"random_forest", ML_REGRESSION, {{"trees", 10}, {NULL, 0}}},
    {"random_forest", ML_MULTICLASS, {{"trees", 10}, {NULL, 0}}},
    {"decision_tree", ML_BINARY, {{NULL, 0}}}};

static const ml_model *
model_of(test_host *t, const kind *k)
{
	sample s = {.seed = 977,
	            .binary = k->task == ML_BINARY,
	            .classes = k->task == ML_MULTICLASS ? 4 : 0};
	const ml_learner *learner = ml_learner_of_task(test_text(k->learner), k->task);
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 1500, &frame));
	REQUIRE_OK(sample_train_learner(&t->core, frame, learner, k->option, &result));
	return result.model;
}

/* Ordinary values, every label, what is missing and what is out of all bounds. */
static void
fill_rows(const ml_model *model, int64_t width, double *row)
{
	uint64_t state = 978;

	for (int i = 0; i < ROWS; i++)
		for (int f = 0; f < model->schema.features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];
			double u = test_uniform(&state), *x = &row[i * width + f];

			if (feature->kind == ML_CATEGORY)
				*x = floor(u * (feature->levels + 1)) - 1;
			else if (u < 0.1)
				*x = NAN;
			else if (u < 0.15)
				*x = u < 0.125 ? -1e9 : 1e9;
			else
				*x = feature->mean + feature->sd * 4 * (u - 0.5);
		}
}

/* Any number of rows, from any row on. */
static void
scores_many_as_one(test_host *t)
{
	static const int counts[] = {0,   1,   2,   3,   7,   8,   9,  31,
	                             127, 128, 129, 200, 255, 256, 257};

	for (int k = 0; k < (int) (sizeof kinds / sizeof *kinds); k++)
	{
		const ml_model *model = model_of(t, &kinds[k]);
		int64_t width = ml_model_room(model) + k % 3;
		double *row = calloc(ROWS * width, sizeof *row), one[ROWS], many[ROWS];

		fill_rows(model, width, row);
		for (int i = 0; i < ROWS; i++)
			one[i] = ml_model_score(model, row + i * width);
		for (int c = 0; c < (int) (sizeof counts / sizeof *counts); c++)
			for (int first = 0; first + counts[c] <= ROWS; first += 71)
			{
				many[counts[c]] = -7;
				ml_model_scores(model, row + first * width, width, counts[c], many);
				for (int i = 0; i < counts[c]; i++)
					CHECK_SAME(many[i], one[first + i]);
				CHECK(many[counts[c]] == -7);
			}
		free(row);
	}
}

TEST_MAIN({scores_many_as_one, "rows scored together have the scores of each alone"})
