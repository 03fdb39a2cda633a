/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_hierarchical.c: the tree against the definition of its linkage, centres in place of rows,
 * and trees that are none.
 */
#include "cloud.h"

static const char *const linkage[] = {"ward", "average", "complete"};

static ml_status
grow(test_host *t, ml_frame *frame, const sample_option *options, ml_result *result)
{
	return sample_train(&t->core, frame, "hierarchical", options, result);
}

static const ml_part *
part(const ml_result *result, const char *name)
{
	return ml_fitted_part(&result->model->fitted, name);
}

/* The distance of two groups of rows, written down plainly; ward: of their means, weighted. */
static double
twin_linkage(const twin *m, int kind, const int *group, int a, int b)
{
	double center[2][16] = {{0}}, weight[2] = {0}, sum = 0, most = 0, square = 0;

	for (int i = 0; i < m->rows; i++)
	{
		int side = group[i] == a ? 0 : 1;

		if (group[i] != a && group[i] != b)
			continue;
		weight[side] += m->weight[i];
		for (int64_t s = 0; s < m->slots; s++)
			center[side][s] += m->weight[i] * m->x[i * m->slots + s];
		for (int j = 0; j < m->rows && side == 0; j++)
			if (group[j] == b)
			{
				double d = sqrt(twin_apart(m, i, m->x + j * m->slots));

				sum += m->weight[i] * m->weight[j] * d;
				most = fmax(most, d);
			}
	}
	if (kind > 0)
		return kind == 1 ? sum / (weight[0] * weight[1]) : most;
	for (int64_t s = 0; s < m->slots; s++)
	{
		double away = center[0][s] / weight[0] - center[1][s] / weight[1];

		square += away * away;
	}
	return sqrt(2 * weight[0] * weight[1] / (weight[0] + weight[1]) * square);
}

/* Heights by merging the nearest pair of all, each time. */
static void
twin_heights(const twin *m, int kind, double *height)
{
	int group[64];

	for (int i = 0; i < m->rows; i++)
		group[i] = i;
	for (int step = 0; step < m->rows - 1; step++)
	{
		int from = 0, to = 0;

		height[step] = INFINITY;
		for (int a = 0; a < m->rows; a++)
			for (int b = 0; b < a; b++)
			{
				double d;

				if (group[a] != a || group[b] != b)
					continue;
				d = twin_linkage(m, kind, group, a, b);
				if (d < height[step])
				{
					height[step] = d;
					from = a;
					to = b;
				}
			}
		for (int i = 0; i < m->rows; i++)
			group[i] = group[i] == from ? to : group[i];
	}
}

static void
merges_the_nearest(test_host *t)
{
	static const cloud some[] = {
	    {.rows = 40, .numbers = 3, .middles = 4, .noise = 1, .seed = 1},
	    {.rows = 30, .numbers = 2, .categories = 1, .middles = 3, .noise = 2, .seed = 2},
	    {.rows = 40,
	     .numbers = 2,
	     .middles = 5,
	     .noise = 1,
	     .weighted = true,
	     .seed = 3}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		for (int kind = 0; kind < 3; kind++)
		{
			sample_option options[] = {
			    {"k", 4}, {"holdout", 0}, {"linkage", 0, linkage[kind]}, {NULL, 0}};
			double height[64];
			ml_schema schema;
			ml_problem problem;
			ml_space space;
			ml_result result;
			twin m;

			REQUIRE_OK(ml_pool_open(&t->core));
			problem = open_problem(t, &some[i], &schema);
			REQUIRE_OK(ml_space_create(&t->core, &problem,
			                           &(ml_space_options){.category_weight = INFINITY},
			                           &space));
			ml_pool_close(&t->core);
			m = open_twin(t, &problem, &space);
			twin_heights(&m, kind, height);
			REQUIRE_OK(grow(t, cloud_frame(t, &some[i]), options, &result));
			CHECK_INT(part(&result, "merge_height")->count, m.rows - 1);
			for (int s = 0; s < m.rows - 1; s++)
				CHECK_NEAR(part(&result, "merge_height")->number[s], height[s], 1e-9);
			CHECK_SAME(part(&result, "merge_rows")->number[m.rows - 2], m.rows);
		}
}

enum
{
	SIDE = 24,
	LEAVES = SIDE * SIDE
};

/* Joins points of a grid, whose distances are equal by dozens but for rounding. */
static ml_status
join_grid(test_host *t, ml_linkage kind, double unit, ml_dendrogram *tree)
{
	static double apart[LEAVES * LEAVES], weight[LEAVES], height[LEAVES];
	static int left[LEAVES], right[LEAVES];

	for (int a = 0; a < LEAVES; a++)
		for (int b = 0; b < LEAVES; b++)
		{
			double x = (double) (a % SIDE - b % SIDE) * unit;
			double y = (double) (a / SIDE - b / SIDE) * unit;

			weight[a] = 1;
			apart[a * LEAVES + b] = kind == ML_WARD ? x * x + y * y : hypot(x, y);
		}
	*tree = (ml_dendrogram){.linkage = kind,
	                        .leaves = LEAVES,
	                        .weight = weight,
	                        .apart = apart,
	                        .left = left,
	                        .right = right,
	                        .height = height};
	return ml_dendrogram_grow(&t->core, tree);
}

static void
joins_each_once_on_a_grid(test_host *t)
{
	for (ml_linkage kind = ML_WARD; kind <= ML_COMPLETE; kind++)
		for (int unit = 1; unit <= 10; unit++)
		{
			int joined[2 * LEAVES] = {0}, part[LEAVES], odd = 0;
			ml_dendrogram tree;

			REQUIRE_OK(join_grid(t, kind, 0.1 / unit, &tree));
			for (int s = 0; s < LEAVES - 1; s++)
			{
				odd += joined[LEAVES + tree.left[s]]++ > 0;
				odd += joined[LEAVES + tree.right[s]]++ > 0;
				odd += tree.left[s] > s || tree.right[s] > s;
				odd += s > 0 && tree.height[s] < tree.height[s - 1];
			}
			CHECK_INT(odd, 0);
			REQUIRE_OK(ml_dendrogram_cut(&t->core, &tree, 5, part));
			for (int i = 0; i < LEAVES; i++)
				odd += part[i] < 0 || part[i] > 4;
			CHECK_INT(odd, 0);
		}
}

/* Of many rows centres are leaves; all rows are below the last step. */
static void
merges_centers_of_many_rows(test_host *t)
{
	static const sample_option options[] = {{"k", 5}, {"centers", 40}, {NULL, 0}};
	static const sample_option few[] = {{"k", 3}, {"holdout", 0}, {NULL, 0}};
	cloud c = {.rows = 6000, .numbers = 2, .middles = 5, .noise = 0.1, .seed = 4};
	ml_frame *frame = cloud_columns(t, &(cloud){.numbers = 1});
	double rows = 0;
	ml_result result;

	REQUIRE_OK(grow(t, cloud_frame(t, &c), options, &result));
	CHECK_INT(result.model->schema.classes, 5);
	CHECK_INT(part(&result, "leaf_segment")->count, 40);
	for (int k = 0; k < 5; k++)
	{
		rows += result.model->schema.class_count[k];
		/* about 1,000 rows lie about each middle, and they lie far apart */
		CHECK(result.model->schema.class_count[k] > 800);
	}
	CHECK_SAME(part(&result, "merge_rows")->number[38], rows);
	CHECK_SAME(rows, result.model->schema.rows);
	/* five different rows are five leaves, however many rows there are */
	for (int i = 0; i < 3000; i++)
	{
		ml_cell cell[] = {{.number = i % 5 * (i % 5)}};

		REQUIRE_OK(ml_frame_append(frame, cell));
	}
	REQUIRE_OK(grow(t, frame, few, &result));
	CHECK_INT(part(&result, "leaf_segment")->count, 5);
	CHECK_SAME(part(&result, "merge_rows")->number[3], 3000);
}

/* Rows themselves, centres in their place, and centres of a sample. */
static void
does_not_depend_on_threads_or_order(test_host *t)
{
	static const sample_option options[] = {{"k", 4}, {"centers", 30}, {NULL, 0}};

	check_one_model(t, "hierarchical", options, 9, 300);
	check_one_model(t, "hierarchical", options, 9, 4000);
	check_one_model(t, "hierarchical", options, 9, 12000);
}

static void
bears_odd_rows(test_host *t)
{
	static const double few[] = {1, 1, 2, 2, 3, 3, 1, 2};
	static const double huge[] = {1e308, -1e308, 5, 6};
	static const double outlier[] = {1, 2, 3, 11, 12, 13, 1e15};
	sample_option options[] = {{"k", 3}, {"holdout", 0}, {NULL, 0}};
	ml_result result;

	REQUIRE_OK(grow(t, numbers_frame(t, 1, few, 8), options, &result));
	CHECK_SAME(learned(result.model, "inertia"), 0);
	CHECK_SAME(result.model->schema.class_count[0], 3);
	options[0].number = 4;
	CHECK_INT(grow(t, numbers_frame(t, 1, few, 8), options, &result), ML_FEW_DISTINCT);
	CHECK_INT(t->core.fault.count, 3);
	CHECK_INT(grow(t, numbers_frame(t, 1, few, 3), options, &result), ML_FEW_DISTINCT);
	options[0].number = 2;
	CHECK_INT(grow(t, numbers_frame(t, 1, huge, 4), options, &result), ML_NOT_NUMERIC);
	REQUIRE_OK(grow(t, numbers_frame(t, 1, outlier, 7), options, &result));
	CHECK_SAME(result.model->schema.class_count[1], 1);
}

static void
refuses_trees_that_are_none(test_host *t)
{
	static const char *const name[] = {"merge_left", "merge_right", "merge_height",
	                                   "merge_rows", "leaf_segment"};
	static const sample_option options[] = {{"k", 3}, {"holdout", 0}, {NULL, 0}};
	cloud c = {.rows = 30, .numbers = 2, .middles = 3, .seed = 11};
	ml_result result;

	REQUIRE_OK(grow(t, cloud_frame(t, &c), options, &result));
	for (int p = 0; p < 5; p++)
	{
		static const double bad[] = {NAN, INFINITY, -1e9, 1e9, 0.5};
		ml_part *of = (ml_part *) part(&result, name[p]);

		for (int64_t at = 0; at < of->count; at += 7)
			for (int b = 0; b < 5; b++)
			{
				double was = of->number[at];

				of->number[at] = bad[b];
				/* one step may lie at half the height, and stand for other rows */
				if ((p != 2 && p != 3) || b < 3)
					CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
				of->number[at] = was;
			}
		of->count--;
		CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
		of->count++;
	}
	/* a branch that is joined twice, and a step that joins itself */
	double *left = part(&result, "merge_left")->number, was = left[5];

	left[5] = left[4];
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
	left[5] = 6;
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
	left[5] = was;
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_OK);
}

static void
notices_every_refusal_and_stop(test_host *unused)
{
	static const sample_option options[] = {{"k", 3}, {NULL, 0}};
	cloud c = {.rows = 60, .numbers = 1, .categories = 1, .middles = 3, .seed = 12};

	(void) unused;
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		test_host t;
		ml_frame *frame;
		ml_result result;

		test_open(&t);
		frame = cloud_frame(&t, &c);
		test_try(&t, &trial);
		test_tried(&t, &trial, grow(&t, frame, options, &result));
		test_close(&t);
	}
}

TEST_MAIN(
    {merges_the_nearest, "heights are those of the linkages' definitions"},
    {joins_each_once_on_a_grid,
     "equal distances, and rounding, do not lead chains astray"},
    {merges_centers_of_many_rows, "of many rows centres are merged, with their rows"},
    {does_not_depend_on_threads_or_order, "threads and the order of rows change no byte"},
    {bears_odd_rows, "equal, huge, fewer rows than segments: each has its answer"},
    {refuses_trees_that_are_none, "learned numbers that are no tree are refused"},
    {notices_every_refusal_and_stop, "each refused allocation and each stop is answered"})
