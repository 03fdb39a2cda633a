/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_kmeans.c: k-means against Lloyd's algorithm written down plainly, against the best of all
 * partitions, and against odd rows.
 */
#include "cloud.h"

/* Rows to their nearest centres, then centres to the means; the sum before they move. */
static double
twin_lloyd(const twin *m, int k, double *center, int *assigned)
{
	double inertia = 0, weight[64] = {0};

	for (int i = 0; i < m->rows; i++)
	{
		double least = INFINITY;

		for (int c = 0; c < k; c++)
			if (twin_apart(m, i, center + c * m->slots) < least)
			{
				least = twin_apart(m, i, center + c * m->slots);
				assigned[i] = c;
			}
		inertia += m->weight[i] * least;
	}
	memset(center, 0, (size_t) (k * m->slots) * sizeof *center);
	for (int i = 0; i < m->rows; i++)
	{
		weight[assigned[i]] += m->weight[i];
		for (int64_t s = 0; s < m->slots; s++)
			center[assigned[i] * m->slots + s] += m->weight[i] * m->x[i * m->slots + s];
	}
	for (int c = 0; c < k; c++)
		for (int64_t s = 0; s < m->slots; s++)
			center[c * m->slots + s] /= weight[c];
	return inertia;
}

/* A centre of ours in the slots of the twin. */
static void
copy_center(const ml_space *space, const double *from, double *to)
{
	for (int64_t s = 0; s < space->slots; s++)
		to[s] = from[s] * sqrt(space->label_weight);
	for (int j = 0; j < space->numbers; j++)
		to[space->number_slot[j]] = from[space->number_slot[j]];
}

/* Rows with centres that are some of them. */
typedef struct seeded
{
	ml_schema schema;
	ml_problem problem;
	ml_space space;
	ml_kmeans fit;
} seeded;

/* What it points to is of the struct itself, which stays where it is. */
static void
open_seeded(test_host *t, const cloud *c, int k, bool is_bounded, seeded *s)
{
	uint64_t random = c->seed;

	REQUIRE_OK(ml_pool_open(&t->core));
	s->problem = open_problem(t, c, &s->schema);
	REQUIRE_OK(ml_space_create(&t->core, &s->problem,
	                           &(ml_space_options){.category_weight = INFINITY},
	                           &s->space));
	s->fit = (ml_kmeans){.host = &t->core,
	                     .problem = &s->problem,
	                     .space = &s->space,
	                     .end = s->problem.end,
	                     .k = k,
	                     .is_bounded = is_bounded};
	REQUIRE_OK(ml_kmeans_create(&s->fit));
	REQUIRE_OK(ml_kmeans_seed(&s->fit, &random));
}

/* From the same beginning, iteration by iteration. */
static void
check_iterations(test_host *t, const cloud *c, int k, int threads, bool is_bounded)
{
	double *center;
	int *assigned;
	seeded s;
	twin m;

	t->core.threads = threads;
	open_seeded(t, c, k, is_bounded, &s);
	m = open_twin(t, &s.problem, &s.space);
	center = ml_alloc_array(&t->core, k * s.space.slots, sizeof *center);
	assigned = ml_alloc_array(&t->core, m.rows, sizeof *assigned);
	for (int j = 0; j < k; j++)
		copy_center(&s.space, s.fit.centers.at + j * s.space.slots,
		            center + j * s.space.slots);
	for (int step = 0; step < 12; step++)
	{
		bool converged, same = true;
		int64_t iterations;

		twin_lloyd(&m, k, center, assigned);
		REQUIRE_OK(ml_kmeans_iterate(&s.fit, 1, 0, &iterations, &converged));
		for (int i = 0; i < m.rows; i++)
			same &= assigned[i] == s.fit.assigned[i];
		CHECK(same);
		for (int j = 0; j < k; j++)
		{
			double ours[64];

			copy_center(&s.space, s.fit.centers.at + j * s.space.slots, ours);
			for (int64_t at = 0; at < s.space.slots; at++)
				CHECK_NEAR(ours[at], center[j * s.space.slots + at], 1e-9);
		}
	}
	ml_pool_close(&t->core);
}

static void
follows_lloyd(test_host *t)
{
	static const cloud some[] = {
	    {.rows = 700, .numbers = 3, .middles = 5, .noise = 2, .seed = 1},
	    {.rows = 600, .numbers = 2, .categories = 2, .middles = 4, .noise = 1, .seed = 2},
	    {.rows = 900,
	     .numbers = 4,
	     .categories = 1,
	     .middles = 12,
	     .noise = 2,
	     .missing = 0.1,
	     .weighted = true,
	     .seed = 3},
	    {.rows = 3000, .numbers = 6, .middles = 40, .noise = 1, .seed = 4},
	    {.rows = 900,
	     .numbers = 5,
	     .middles = 6,
	     .noise = 1,
	     .outliers = 0.01,
	     .seed = 6}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		for (int threads = 1; threads < 4; threads++)
			for (int k = 3; k < 50; k = 2 * k + 1)
				for (int is_bounded = 0; is_bounded < 2; is_bounded++)
					check_iterations(t, &some[i], k, threads, is_bounded);
}

/* The least sum over all ways to put the rows into k parts. */
static double
best_partition(const twin *m, int k, int row, int *assigned)
{
	double least = INFINITY;

	if (row == m->rows)
	{
		double center[16 * MOST_NUMBERS] = {0}, count[16] = {0}, sum = 0;

		for (int i = 0; i < m->rows; i++)
		{
			count[assigned[i]]++;
			for (int64_t s = 0; s < m->slots; s++)
				center[assigned[i] * m->slots + s] += m->x[i * m->slots + s];
		}
		for (int c = 0; c < k; c++)
			for (int64_t s = 0; s < m->slots && count[c] > 0; s++)
				center[c * m->slots + s] /= count[c];
		for (int i = 0; i < m->rows; i++)
			sum += twin_apart(m, i, center + assigned[i] * m->slots);
		return sum;
	}
	for (int c = 0; c < k && c <= row; c++)
	{
		double sum;

		assigned[row] = c;
		sum = best_partition(m, k, row + 1, assigned);
		least = sum < least ? sum : least;
	}
	return least;
}

static void
finds_the_best_of_all_partitions(test_host *t)
{
	for (uint64_t seed = 1; seed < 20; seed++)
	{
		cloud c = {.rows = 9, .numbers = 2, .middles = 9, .noise = 3, .seed = seed};
		int k = 2 + (int) seed % 2, assigned[16];
		sample_option options[] = {{"k", k}, {"holdout", 0}, {NULL, 0}};
		ml_schema schema;
		ml_space space;
		ml_problem problem;
		ml_result result;
		twin m;

		REQUIRE_OK(ml_pool_open(&t->core));
		problem = open_problem(t, &c, &schema);
		REQUIRE_OK(ml_space_create(&t->core, &problem,
		                           &(ml_space_options){.category_weight = INFINITY},
		                           &space));
		ml_pool_close(&t->core);
		m = open_twin(t, &problem, &space);
		REQUIRE_OK(train(t, cloud_frame(t, &c), options, &result));
		CHECK_CLOSE(learned(result.model, "inertia"), best_partition(&m, k, 0, assigned),
		            1e-12);
	}
}

/* Another step over all rows leaves the centres where they are. */
static void
check_end(test_host *t, const cloud *c)
{
	static const sample_option options[] = {
	    {"k", 3}, {"holdout", 0}, {"restarts", 1}, {"tolerance", 0}, {NULL, 0}};
	double *center;
	int *assigned = ml_alloc_array(&t->core, c->rows, sizeof *assigned);
	const double *centers;
	ml_schema schema;
	ml_problem problem;
	ml_space space;
	ml_result result;
	twin m;

	REQUIRE_OK(ml_pool_open(&t->core));
	problem = open_problem(t, c, &schema);
	REQUIRE_OK(ml_space_create(&t->core, &problem,
	                           &(ml_space_options){.category_weight = INFINITY}, &space));
	ml_pool_close(&t->core);
	m = open_twin(t, &problem, &space);
	REQUIRE_OK(train(t, cloud_frame(t, c), options, &result));
	CHECK(result.model->fitted.iterations > 1);
	CHECK(result.model->fitted.converged);
	centers = ml_fitted_part(&result.model->fitted, "centers")->number;
	center = ml_alloc_array(&t->core, 3 * m.slots, sizeof *center);
	for (int k = 0; k < 3; k++)
		copy_center(&space, centers + k * space.slots, center + k * m.slots);
	CHECK_CLOSE(twin_lloyd(&m, 3, center, assigned), learned(result.model, "inertia"),
	            1e-9);
	for (int k = 0; k < 3; k++)
	{
		double ours[64];

		copy_center(&space, centers + k * space.slots, ours);
		for (int64_t i = 0; i < m.slots; i++)
			CHECK_NEAR(center[k * m.slots + i], ours[i], 1e-9);
	}
}

static void
goes_on_over_all_rows(test_host *t)
{
	static const cloud some[] = {
	    {.rows = 50000, .numbers = 3, .middles = 1, .noise = 5, .seed = 21},
	    {.rows = 50000,
	     .numbers = 2,
	     .categories = 2,
	     .middles = 3,
	     .noise = 4,
	     .missing = 0.1,
	     .weighted = true,
	     .seed = 22},
	    {.rows = 50000,
	     .numbers = 2,
	     .middles = 1,
	     .noise = 5,
	     .outliers = 0.001,
	     .seed = 23}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		check_end(t, &some[i]);
}

/* A rough beginning on parts of the rows is as good as Lloyd's from the same centres, or nearly. */
static void
check_approach(test_host *t, const cloud *c, bool is_bounded, int64_t most)
{
	int64_t iterations, rough = 0;
	double *begin, inertia, before;
	bool converged;
	seeded s;

	open_seeded(t, c, 3, is_bounded, &s);
	begin = ml_alloc_array(&t->core, 3 * s.space.slots, sizeof *begin);
	memcpy(begin, s.fit.centers.at, (size_t) (3 * s.space.slots) * sizeof *begin);
	REQUIRE_OK(ml_kmeans_pass(&s.fit, true));
	before = s.fit.inertia;
	REQUIRE_OK(ml_kmeans_iterate(&s.fit, most, 0, &iterations, &converged));
	REQUIRE_OK(ml_kmeans_finish(&s.fit));
	inertia = s.fit.inertia;
	REQUIRE_OK(ml_kmeans_place(&s.fit, begin));
	REQUIRE_OK(ml_kmeans_approach(&s.fit, most, 0, before / (double) c->rows, &rough));
	CHECK(rough > 0 && rough <= most);
	REQUIRE_OK(
	    ml_kmeans_iterate(&s.fit, is_bounded ? most : 1, 0, &iterations, &converged));
	REQUIRE_OK(ml_kmeans_finish(&s.fit));
	CHECK(s.fit.inertia < before);
	CHECK(s.fit.inertia < 1.01 * inertia);
	ml_pool_close(&t->core);
}

/* An iteration by sketches is one of Lloyd's up to the steps, with the rows that are beyond them. */
static void
check_rough_step(test_host *t, const cloud *c)
{
	int64_t iterations = 0;
	double *center, ours[64];
	int *assigned;
	seeded s;
	twin m;

	open_seeded(t, c, 5, false, &s);
	m = open_twin(t, &s.problem, &s.space);
	center = ml_alloc_array(&t->core, 5 * m.slots, sizeof *center);
	assigned = ml_alloc_array(&t->core, m.rows, sizeof *assigned);
	for (int k = 0; k < 5; k++)
		copy_center(&s.space, s.fit.centers.at + k * s.space.slots, center + k * m.slots);
	twin_lloyd(&m, 5, center, assigned);
	REQUIRE_OK(ml_kmeans_approach(&s.fit, 1, 0, 1, &iterations));
	CHECK_INT(iterations, 1);
	for (int k = 0; k < 5; k++)
	{
		copy_center(&s.space, s.fit.centers.at + k * s.space.slots, ours);
		for (int64_t i = 0; i < m.slots; i++)
			CHECK_NEAR(ours[i], center[k * m.slots + i], 2e-3);
	}
	ml_pool_close(&t->core);
}

static void
begins_roughly(test_host *t)
{
	static const cloud some[] = {
	    {.rows = 50000, .numbers = 4, .middles = 1, .noise = 5, .seed = 31},
	    {.rows = 50000,
	     .numbers = 3,
	     .categories = 2,
	     .middles = 4,
	     .noise = 3,
	     .missing = 0.1,
	     .seed = 32},
	    {.rows = 50000,
	     .numbers = 3,
	     .middles = 3,
	     .noise = 2,
	     .outliers = 0.003,
	     .seed = 33}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		for (int is_bounded = 0; is_bounded < 2; is_bounded++)
		{
			t->core.threads = 1 + (int) i;
			check_approach(t, &some[i], is_bounded, 30);
		}
	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
	{
		cloud few = some[i];

		few.rows = 12 * ML_BLOCK; /* a part of a block waits for its sketch */
		check_rough_step(t, &few);
	}
}

/* Squares that single precision cannot hold leave nothing to be rough with. */
static void
measures_what_has_no_sketch(test_host *t)
{
	static const sample_option options[] = {
	    {"k", 3}, {"holdout", 0}, {"scale", 0, "none"}, {NULL, 0}};
	double *number = ml_alloc_array(&t->core, 13000, sizeof *number);
	uint64_t state = 41;
	ml_result result;

	for (int i = 0; i < 13000; i++)
		number[i] = 1e20 * (i % 3 + 0.1 * test_uniform(&state));
	REQUIRE_OK(train(t, numbers_frame(t, 1, number, 13000), options, &result));
	CHECK(result.model->fitted.converged);
	for (int k = 0; k < 3; k++)
		CHECK_NEAR(result.model->schema.class_count[k], 13000 / 3., 1);
}

/* On a sample first, and on few rows. */
static void
does_not_depend_on_threads_or_order(test_host *t)
{
	static const sample_option options[] = {{"k", 11}, {"restarts", 2}, {NULL, 0}};
	static const sample_option few[] = {{"k", 2}, {"restarts", 2}, {NULL, 0}};

	check_one_model(t, "kmeans", options, 9, 500);
	check_one_model(t, "kmeans", options, 9, 12000);
	check_one_model(t, "kmeans", few, 9, 33000);
}

static void
bears_odd_rows(test_host *t)
{
	static const double few[] = {1, 1, 2, 2, 3, 3, 1, 2};
	static const double equal[] = {7, 7, 7, 7};
	static const double none[] = {NAN, NAN, NAN};
	static const double outlier[] = {1, 2, 3, 11, 12, 13, 1e15};
	static const double huge[] = {1e308, -1e308, 5, 6};
	static const double gaps[] = {1, NAN, NAN, 2, 1, NAN, NAN, 2, 5, 5};
	sample_option options[] = {{"k", 3}, {"holdout", 0}, {NULL, 0}};
	ml_result result;

	REQUIRE_OK(train(t, numbers_frame(t, 1, few, 8), options, &result));
	CHECK_SAME(learned(result.model, "inertia"), 0);
	CHECK_SAME(result.model->schema.class_count[0], 3);
	options[0].number = 4;
	CHECK_INT(train(t, numbers_frame(t, 1, few, 8), options, &result), ML_FEW_DISTINCT);
	CHECK_INT(t->core.fault.count, 3);
	options[0].number = 2;
	CHECK_INT(train(t, numbers_frame(t, 1, equal, 4), options, &result), ML_NO_FEATURES);
	CHECK_INT(train(t, numbers_frame(t, 1, none, 3), options, &result), ML_NO_FEATURES);
	CHECK_INT(train(t, numbers_frame(t, 1, huge, 4), options, &result), ML_NOT_NUMERIC);
	REQUIRE_OK(train(t, numbers_frame(t, 2, gaps, 5), options, &result));
	REQUIRE_OK(train(t, numbers_frame(t, 1, outlier, 7), options, &result));
	CHECK_SAME(result.model->schema.class_count[1], 1);
	/* in units of the quartiles the others can be told apart, too */
	sample_option robust[] = {
	    {"k", 3}, {"holdout", 0}, {"scale", 0, "robust"}, {NULL, 0}};
	REQUIRE_OK(train(t, numbers_frame(t, 1, outlier, 7), robust, &result));
	CHECK_SAME(result.model->schema.class_count[0], 3);
	CHECK_SAME(result.model->schema.class_count[1], 3);
	CHECK_SAME(result.model->schema.class_count[2], 1);
}

static void
counts_what_a_label_costs(test_host *t)
{
	static const sample_option options[] = {{"k", 2},
	                                        {"holdout", 0},
	                                        {"scale", 0, "none"},
	                                        {"category_weight", 3},
	                                        {NULL, 0}};
	cloud c = {.rows = 60, .numbers = 1, .categories = 1, .middles = 3, .seed = 8};
	ml_result result;
	double row[2] = {1000, 0};
	const double *share;

	REQUIRE_OK(train(t, cloud_frame(t, &c), options, &result));
	CHECK_SAME(learned(result.model, "category_weight"), 3);
	/* a share of one less that of the other label is what a row gains by that label */
	share = ml_fitted_part(&result.model->fitted, "centers")->number + 1;
	for (int k = 0; k < 2; k++, share += 5)
		for (int code = 0; code < 3; code++)
		{
			double d, other;

			row[1] = code;
			d = result.model->learner->distance(result.model->state, row, k);
			row[1] = (code + 1) % 3;
			other = result.model->learner->distance(result.model->state, row, k);
			CHECK_NEAR(other * other - d * d, 3 * (share[code] - share[(code + 1) % 3]),
			           1e-9);
		}
}

static ml_status
small_way(test_host *t, test_trial *trial)
{
	static const sample_option options[] = {{"k", 3}, {"restarts", 1}, {NULL, 0}};
	cloud c = {
	    .rows = 120, .numbers = 1, .categories = 1, .middles = 3, .noise = 1, .seed = 12};
	ml_frame *frame = cloud_frame(t, &c);
	ml_result result;

	test_try(t, trial);
	return train(t, frame, options, &result);
}

static void
notices_every_refusal_and_stop(test_host *unused)
{
	(void) unused;
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		test_host t;

		test_open(&t);
		t.core.threads = 1 + (int) (trial.at % 2);
		test_tried(&t, &trial, small_way(&t, &trial));
		test_close(&t);
	}
}

TEST_MAIN(
    {follows_lloyd, "iterations with bounds or sketches are Lloyd's, row by row"},
    {finds_the_best_of_all_partitions, "few rows are put into the best parts there are"},
    {goes_on_over_all_rows, "what a sample has begun goes on until no row moves"},
    {begins_roughly, "a beginning on parts and sketches comes to where Lloyd's comes"},
    {measures_what_has_no_sketch, "numbers too large for sketches are measured"},
    {does_not_depend_on_threads_or_order, "threads and the order of rows change no byte"},
    {bears_odd_rows,
     "equal, missing, huge, fewer rows than segments: each has its answer"},
    {counts_what_a_label_costs, "another label costs category_weight"},
    {notices_every_refusal_and_stop, "each refused allocation and each stop is answered"})
