/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_logistic.c: maximum likelihood against Newton's method in long double.
 */
#include "blas.h"
#include "reference.h"

/*
 * A decrement of t leaves coefficients sqrt(t) standard errors off, and its square after
 * the step that is taken then: with 1e-15 the rest is rounding.
 */
#define TOLERANCE 1e-9
static const sample_option tight[] = {{"tolerance", 1e-15}, {"l2", 0}, {NULL, 0}};

static const struct
{
	int rows;
	int numbers;
	int categories;
	double missing;
	bool weighted;
	double l2;
} shape[] = {
    {200, 1, 0, 0, false, 0},   {500, 4, 0, 0, false, 0},    {500, 4, 0, 0.2, false, 0},
    {400, 0, 1, 0, false, 0},   {900, 4, 3, 0.1, false, 0},  {900, 4, 3, 0.1, true, 0},
    {900, 4, 3, 0.1, false, 1}, {900, 4, 3, 0.1, true, 100}, {200, 12, 2, 0, false, 1e-2},
    {30, 2, 1, 0, false, 1},
};

static void
make(test_host *t, size_t i, reference *r)
{
	*r = (reference){.rows = shape[i].rows,
	                 .numbers = shape[i].numbers,
	                 .categories = shape[i].categories,
	                 .levels = {3, 5, 2},
	                 .binary = true,
	                 .l2 = shape[i].l2};
	if (shape[i].weighted)
		r->weight = reference_room(t, r->rows, sizeof *r->weight);
	reference_random(t, r, shape[i].missing, 700 + i);
}

static void
check_shapes(test_host *t, int threads)
{
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
	{
		reference r;
		sample_option options[] = {{"l2", shape[i].l2}, {"tolerance", 1e-15}, {NULL, 0}};
		fit f;

		make(t, i, &r);
		reference_fit(t, &r);
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", options, &f));
		ml_pool_close(&t->core);
		check_fit(&r, &f, TOLERANCE);
	}
}

static void
agrees_with_the_reference(test_host *t)
{
	check_shapes(t, 1);
}

static void
agrees_by_blas_and_threads(test_host *t)
{
	t->core.blas = test_blas();
	check_shapes(t, 3);
}

/*
 * With the default tolerance the gain that is left, half of g' H^-1 g, is below the 1e-8 that
 * the option promises.
 */
static void
ends_where_the_gradient_vanishes(test_host *t)
{
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
	{
		sample_option options[] = {{"l2", shape[i].l2}, {NULL, 0}};
		long double *hessian;
		const double *coefficient;
		reference r;
		int slot;
		fit f;

		make(t, i, &r);
		reference_lay_out(t, &r);
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", options, &f));
		coefficient = learned(&f, "coefficients");
		r.beta[0] = *learned(&f, "intercept");
		for (int j = 0; j < r.numbers; j++)
		{
			r.beta[0] += coefficient[j] * r.mean[j];
			r.beta[1 + j] = coefficient[j] * r.sd[j];
		}
		slot = r.numbers;
		for (int k = 0; k < r.categories; k++)
			for (int level = 0; level <= r.levels[k]; level++, slot++)
				if (r.column_of[k][level] >= 0)
					r.beta[r.column_of[k][level]] = coefficient[slot];
		hessian = reference_room(t, (int64_t) r.cols * r.cols, sizeof *hessian);
		reference_pass(&r, hessian);
		CHECK_CLOSE(*learned(&f, "log_likelihood"), -r.loss, 1e-9);
		reference_invert(r.cols, hessian, r.inverse);
		CHECK(reference_decrement(&r) < 1e-8);
	}
}

static void
check_repeated(test_host *t, const fit *one, const fit *other)
{
	CHECK_CLOSE(*learned(one, "intercept"), *learned(other, "intercept"), 1e-9);
	CHECK_CLOSE(*learned(one, "log_likelihood"), *learned(other, "log_likelihood"), 1e-9);
	for (int slot = 0; slot < 2 + 4; slot++)
	{
		double error = learned(other, "standard_errors")[1 + slot];

		if (slot == 2 + 3)
			continue; /* of missing: a mean over rows */
		CHECK_NEAR(learned(one, "coefficients")[slot],
		           learned(other, "coefficients")[slot], 1e-9);
		if (!isnan(error))
			CHECK_CLOSE(learned(one, "standard_errors")[1 + slot], error, 1e-9);
	}
	(void) t;
}

static void
counts_weights_as_rows(test_host *t)
{
	reference weighted = {
	    .rows = 300, .numbers = 2, .categories = 1, .levels = {3}, .binary = true};
	reference repeated = {.numbers = 2, .categories = 1, .levels = {3}, .binary = true};
	fit one, other;
	int at = 0;

	weighted.weight = reference_room(t, 300, sizeof(double));
	reference_random(t, &weighted, 0, 72);
	for (int i = 0; i < 300; i++)
		repeated.rows += (int) weighted.weight[i];
	reference_open(t, &repeated);
	for (int i = 0; i < 300; i++)
		for (int copy = 0; copy < weighted.weight[i]; copy++, at++)
		{
			memcpy(repeated.x + 2 * at, weighted.x + 2 * i, 2 * sizeof(double));
			repeated.code[at] = weighted.code[i];
			repeated.y[at] = weighted.y[i];
		}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &weighted), "logistic", tight, &one));
	REQUIRE_OK(fit_learner(t, reference_frame(t, &repeated), "logistic", tight, &other));
	check_repeated(t, &one, &other);
}

/* Columns that say nothing: the margin is the log odds, whatever the weights. */
static void
learns_the_odds(test_host *t)
{
	reference r = {.rows = 4000, .categories = 1, .levels = {2}, .binary = true};
	fit f;

	reference_open(t, &r);
	for (int i = 0; i < 4000; i++)
	{
		r.y[i] = i % 10 < 3;
		r.code[i] = i / 10 % 2;
	}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", tight, &f));
	CHECK_CLOSE(*learned(&f, "intercept"), log(0.3 / 0.7), 1e-12);
	for (int slot = 0; slot < 3; slot++)
		CHECK_NEAR(learned(&f, "coefficients")[slot], 0, 1e-12);
	/* of a two by two table: sum of 1 / count */
	CHECK_CLOSE(learned(&f, "standard_errors")[0], sqrt(1.0 / 600 + 1.0 / 1400), 1e-10);
	CHECK_CLOSE(learned(&f, "standard_errors")[2], sqrt(2.0 / 600 + 2.0 / 1400), 1e-10);
}

/* A two by two table's coefficient is its log odds ratio. */
static void
learns_an_odds_ratio(test_host *t)
{
	static const int count[2][2] = {{50, 20}, {15, 40}};
	reference r = {.rows = 125, .categories = 1, .levels = {2}, .binary = true};
	int at = 0;
	fit f;

	reference_open(t, &r);
	for (int code = 0; code < 2; code++)
		for (int y = 0; y < 2; y++)
			for (int i = 0; i < count[code][y]; i++, at++)
			{
				r.code[at] = code;
				r.y[at] = y;
			}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", tight, &f));
	CHECK_CLOSE(*learned(&f, "intercept"), log(20.0 / 50), 1e-11);
	CHECK_CLOSE(learned(&f, "coefficients")[1], log(40.0 * 50 / (15 * 20)), 1e-11);
	CHECK_CLOSE(learned(&f, "standard_errors")[2],
	            sqrt(1.0 / 50 + 1.0 / 20 + 1.0 / 15 + 1.0 / 40), 1e-9);
}

static reference
separable(test_host *t)
{
	reference r = {.rows = 200, .numbers = 2, .binary = true};

	reference_random(t, &r, 0, 73);
	for (int i = 0; i < r.rows; i++)
		r.y[i] = r.x[2 * i] > 0;
	return r;
}

/* Separable classes have no maximum: training says so and ends, and a penalty helps. */
static void
ends_on_separable_classes(test_host *t)
{
	sample_option none[] = {{"l2", 0}, {NULL, 0}};
	sample_option some[] = {{"l2", 1}, {NULL, 0}};
	reference r = separable(t);
	fit f;

	fit_learner(t, reference_frame(t, &r), "logistic", none, &f);
	CHECK(f.status == ML_OK || f.status == ML_SINGULAR || f.status == ML_NOT_NUMERIC);
	if (f.status == ML_OK)
	{
		CHECK(f.fitted.iterations <= 100);
		CHECK(isfinite(*learned(&f, "intercept")) &&
		      isfinite(*learned(&f, "coefficients")));
		CHECK(*learned(&f, "log_likelihood") > -1e-3);
	}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", some, &f));
	CHECK(f.fitted.converged);
	CHECK(learned(&f, "coefficients")[0] > 0);
}

static void
says_that_it_did_not_converge(test_host *t)
{
	sample_option options[] = {{"max_iterations", 1}, {NULL, 0}};
	reference r = {.rows = 500, .numbers = 4, .binary = true};
	fit f;

	reference_random(t, &r, 0, 74);
	for (int iterations = 1; iterations < 10; iterations++)
	{
		options[0].number = iterations;
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", options, &f));
		CHECK(f.fitted.iterations <= iterations);
		if (iterations == 1)
			CHECK(!f.fitted.converged);
	}
	CHECK(f.fitted.converged);
}

/* Steps too long for the loss: a few rows of huge leverage. */
static void
bears_outliers(test_host *t)
{
	reference r = {.rows = 400, .numbers = 2, .binary = true};
	sample_option options[] = {{"l2", 1}, {NULL, 0}};

	for (double outlier = 1; outlier < 1e13; outlier *= 100)
		for (int label = 0; label < 2; label++)
		{
			fit f;

			reference_random(t, &r, 0, 75);
			r.x[0] = outlier;
			r.y[0] = label;
			r.x[2] = -outlier;
			r.y[1] = label;
			REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", options, &f));
			CHECK(f.fitted.converged);
		}
}

TEST_MAIN({agrees_with_the_reference,
           "coefficients, errors, likelihood agree with the reference"},
          {agrees_by_blas_and_threads, "so they do by BLAS and on three threads"},
          {ends_where_the_gradient_vanishes,
           "the gradient vanishes to the tolerance asked for"},
          {counts_weights_as_rows, "a row of weight 3 is three rows, errors included"},
          {learns_the_odds, "without a signal the margin is the log odds"},
          {learns_an_odds_ratio, "a two by two table gives its log odds ratio"},
          {ends_on_separable_classes, "separable classes end training, and l2 helps"},
          {says_that_it_did_not_converge, "too few iterations are told"},
          {bears_outliers, "huge outliers do not lead it astray"})
