/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_segments.c: segments in use: which one a row has and why, what they are called, how well
 * they lie apart.
 */
#include "cloud.h"

static void
scores_as_it_was_trained(test_host *t)
{
	static const sample_option options[] = {{"k", 10}, {"holdout", 0}, {NULL, 0}};
	cloud c = {.rows = 2000,
	           .numbers = 3,
	           .categories = 2,
	           .middles = 10,
	           .noise = 1,
	           .missing = 0.1,
	           .seed = 6};
	double rows[10] = {0}, probability[10], contribution[5], bias, inertia = 0;
	double margin[10];
	ml_result result;
	const ml_model *model;
	int column[5];

	REQUIRE_OK(train(t, cloud_frame(t, &c), options, &result));
	model = result.model;
	REQUIRE(model->schema.features == 5 && model->schema.classes == 10);
	for (int f = 0; f < 5; f++)
		column[f] = f;
	ml_frame *frame = cloud_frame(t, &c);
	ml_rows in = {.frame = frame, .column = column, .end = frame->rows};
	int32_t **code;
	REQUIRE_OK(ml_rows_translate(&t->core, model, &in, &code));
	in.code = code;
	for (int64_t i = 0; i < frame->rows; i++)
	{
		double x[5], sum = 0, distance, most = 0, next = -INFINITY;
		int own;

		ml_rows_gather(&in, &model->schema, i, x);
		own = ml_model_class(model, x);
		distance = ml_model_score(model, x);
		rows[own]++;
		inertia += distance * distance;
		model->learner->margins(model->state, x, margin);
		ml_model_probabilities(model, x, probability);
		ml_model_explain(model, x, contribution, &bias);
		for (int k = 0; k < 10; k++)
		{
			most = fmax(most, probability[k]);
			next = k != own ? fmax(next, margin[k]) : next;
			CHECK_NEAR(sqrt(-2 * margin[k]), model->learner->distance(model->state, x, k),
			           1e-12);
		}
		for (int f = 0; f < 5; f++)
			sum += contribution[f];
		CHECK_SAME(probability[own], most);
		CHECK_SAME(bias, 0);
		CHECK_NEAR(sum, margin[own] - next, 1e-9);
	}
	for (int k = 0; k < 10; k++)
	{
		CHECK_SAME(rows[k], model->schema.class_count[k]);
		CHECK(k == 0 || rows[k] <= rows[k - 1]);
	}
	CHECK_CLOSE(inertia, learned(model, "inertia"), 1e-12);
	check_canonical(t, model);
}

static bool
has_label(const ml_schema *schema, const char *label)
{
	for (int k = 0; k < schema->classes; k++)
		if (ml_text_is(schema->class_label[k], label))
			return true;
	return false;
}

static void
names_segments(test_host *t)
{
	static const double corner[] = {0,   0, 0,   9, 9,   0, 9,   9.5,
	                                0.1, 0, 0.1, 9, 9.1, 0, 9.2, 9};
	static const sample_option four[] = {{"k", 4}, {"holdout", 0}, {NULL, 0}};
	static const sample_option many[] = {{"k", 40}, {"holdout", 0}, {NULL, 0}};
	cloud c = {.rows = 900, .numbers = 2, .categories = 1, .middles = 40, .seed = 9};
	const ml_schema *schema;
	ml_result result;

	REQUIRE_OK(train(t, numbers_frame(t, 2, corner, 8), four, &result));
	schema = &result.model->schema;
	CHECK(has_label(schema, "low a, few b c") || has_label(schema, "few b c, low a"));
	CHECK(has_label(schema, "high a, many b c") || has_label(schema, "many b c, high a"));
	REQUIRE_OK(train(t, cloud_frame(t, &c), many, &result));
	check_canonical(t, result.model);
}

static bool
ends_in_a_number_alone(ml_text label)
{
	int at = label.length;

	while (at > 0 && label.bytes[at - 1] >= '0' && label.bytes[at - 1] <= '9')
		at--;
	return at < label.length && at > 0 && label.bytes[at - 1] == ' ' &&
	       !(at >= 6 && memcmp(label.bytes + at - 6, "about ", 6) == 0);
}

/* Many segments of few columns are told apart by degrees and values, each of them once. */
static void
tells_segments_apart(test_host *t)
{
	static const sample_option seven[] = {{"k", 7}, {"holdout", 0}, {NULL, 0}};
	static const sample_option many[] = {{"k", 40}, {"holdout", 0}, {NULL, 0}};
	static const double step[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4,
	                              4, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6};
	const ml_schema *schema;
	ml_result result;

	REQUIRE_OK(train(t, numbers_frame(t, 1, step, 31), seven, &result));
	schema = &result.model->schema;
	/* of 7, 6, 5, 4, 3, 3 and 3 rows */
	CHECK(ml_text_is(schema->class_label[0], "high a"));
	CHECK(ml_text_is(schema->class_label[1], "fairly high a"));
	CHECK(ml_text_is(schema->class_label[2], "low a"));
	CHECK(ml_text_is(schema->class_label[3], "fairly low a"));
	CHECK(has_label(schema, "average"));
	CHECK(has_label(schema, "a about 2"));
	CHECK(has_label(schema, "a about 5"));
	for (int seed = 1; seed <= 20; seed++)
	{
		cloud c = {.rows = 900,
		           .numbers = 1 + seed % 3,
		           .categories = seed % 2,
		           .middles = 40,
		           .noise = 1,
		           .missing = 0.1,
		           .seed = (uint64_t) seed};

		REQUIRE_OK(train(t, cloud_frame(t, &c), many, &result));
		schema = &result.model->schema;
		for (int k = 0; k < schema->classes; k++)
		{
			CHECK(!ends_in_a_number_alone(schema->class_label[k]));
			for (int i = 0; i < k; i++)
				CHECK(!ml_text_equal(schema->class_label[i], schema->class_label[k]));
		}
	}
}

/* Both by their definitions, over all pairs. */
static void
measures_segments(test_host *t)
{
	static const sample_option options[] = {{"k", 4}, {NULL, 0}};
	cloud c = {
	    .rows = 500, .numbers = 3, .categories = 1, .middles = 4, .noise = 1, .seed = 10};
	ml_result result;
	const ml_report *report = &result.holdout;
	ml_schema schema;
	ml_problem problem;
	double sum = 0, inertia = 0;
	ml_space space;
	twin m;
	int rows, own[500];

	REQUIRE_OK(train(t, cloud_frame(t, &c), options, &result));
	REQUIRE_OK(ml_pool_open(&t->core));
	problem = open_problem(t, &c, &schema);
	rows = (int) ml_frame_below(problem.frame, 0.2);
	ml_pool_close(&t->core);
	REQUIRE_OK(
	    ml_space_read(&t->core, &result.model->schema, &result.model->fitted, &space));
	m = open_twin(t, &problem, &space);
	for (int i = 0; i < rows; i++)
	{
		double x[4], d;

		for (int f = 0; f < 4; f++)
			x[f] = f < 3 ? *ml_numbers_at(&problem.frame->column[f], i)
			             : *ml_codes_at(&problem.frame->column[f], i);
		own[i] = ml_model_class(result.model, x);
		d = ml_model_score(result.model, x);
		inertia += d * d / rows;
	}
	for (int i = 0; i < rows; i++)
	{
		double to[4] = {0}, count[4] = {0}, near, next = INFINITY;

		for (int j = 0; j < rows; j++)
		{
			to[own[j]] += sqrt(twin_apart(&m, i, m.x + j * m.slots));
			count[own[j]] += i != j;
		}
		near = to[own[i]] / count[own[i]];
		for (int k = 0; k < 4; k++)
			next = k != own[i] ? fmin(next, to[k] / count[k]) : next;
		sum += (next - near) / fmax(next, near) / rows;
	}
	CHECK_SAME(ml_report_metric(report, "rows")->value, rows);
	CHECK_NEAR(ml_report_metric(report, "silhouette")->value, sum, 1e-12);
	CHECK_NEAR(ml_report_metric(report, "inertia")->value, inertia, 1e-12);
	CHECK(ml_report_metric(report, "calinski_harabasz")->value > 0);
	CHECK(ml_report_metric(report, "davies_bouldin")->value > 0);
}

static void
refuses_bad_numbers(test_host *t)
{
	static const char *const part[] = {"shift", "scale", "category_weight", "centers"};
	static const double bad[] = {NAN, INFINITY, -1};
	static const sample_option options[] = {{"k", 3}, {NULL, 0}};
	cloud c = {.rows = 200, .numbers = 2, .categories = 1, .middles = 3, .seed = 11};
	ml_result result;

	REQUIRE_OK(train(t, cloud_frame(t, &c), options, &result));
	for (int p = 0; p < 4; p++)
		for (int b = 0; b < (p == 1 || p == 2 ? 3 : 2); b++)
		{
			ml_part *of = (ml_part *) ml_fitted_part(&result.model->fitted, part[p]);
			double was = of->number[0];

			of->number[0] = bad[b];
			CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
			of->number[0] = was;
			of->count--;
			CHECK_INT(ml_model_prepare(&t->core, result.model), ML_BAD_MODEL);
			of->count++;
		}
	CHECK_INT(ml_model_prepare(&t->core, result.model), ML_OK);
}

TEST_MAIN({scores_as_it_was_trained, "a row's segment is what it was in training"},
          {names_segments, "segments have names that differ and say what they are"},
          {tells_segments_apart, "segments that differ in degree are called so"},
          {measures_segments, "silhouette and inertia are what their definitions say"},
          {refuses_bad_numbers, "learned numbers that are none are refused"})
