/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_linear.c: least squares against the normal equations in long double, and against
 * problems whose solution is known.
 */
#include "blas.h"
#include "reference.h"

/* Ten digits; the reference is good for as many. */
#define TOLERANCE 1e-10

static const struct
{
	int rows;
	int numbers;
	int categories;
	double missing;
	bool weighted;
	double l2;
} shape[] = {
    {30, 1, 0, 0, false, 0},     {200, 5, 0, 0, false, 0},
    {200, 5, 0, 0.2, false, 0},  {150, 0, 1, 0, false, 0},
    {150, 0, 2, 0.2, false, 0},  {700, 6, 3, 0.1, false, 0},
    {700, 6, 3, 0.1, true, 0},   {700, 6, 3, 0.1, false, 10},
    {700, 6, 3, 0.1, true, 1e3}, {300, 20, 1, 0, false, 1e-3},
    {900, 3, 2, 0.5, true, 0},
};

static void
check_shapes(test_host *t, int threads)
{
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
	{
		reference r = {.rows = shape[i].rows,
		               .numbers = shape[i].numbers,
		               .categories = shape[i].categories,
		               .levels = {4, 7, 2},
		               .l2 = shape[i].l2};
		sample_option options[] = {{"l2", r.l2}, {NULL, 0}};
		fit f;

		if (shape[i].weighted)
			r.weight = reference_room(t, r.rows, sizeof *r.weight);
		reference_random(t, &r, shape[i].missing, 900 + i);
		reference_fit(t, &r);
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", options, &f));
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
 * Wampler's problems (1970): a polynomial of degree five over x = 0 .. 20, whose
 * coefficients are exact.  Refinement with residuals of twice the working precision keeps
 * eleven digits, where one solution by QR keeps nine.
 */
static void
keeps_the_digits_of_ill_conditioned_problems(test_host *t)
{
	for (int problem = 0; problem < 2; problem++)
		for (int by_blas = 0; by_blas < 2; by_blas++)
			for (int copies = 1; copies <= 40; copies += 39)
			{
				reference r = {.rows = 21 * copies, .numbers = 5};
				double base = problem == 0 ? 1 : 0.5, expected = 1;
				const double *coefficient;
				fit f;

				t->core.blas = by_blas ? test_blas() : NULL;
				reference_open(t, &r);
				for (int i = 0; i < r.rows; i++)
				{
					double power = 1, sum = 1, factor = 1;

					for (int j = 0; j < 5; j++)
					{
						factor *= base;
						power *= i % 21;
						r.x[i * 5 + j] = power;
						sum += factor * power;
					}
					r.y[i] = sum;
				}
				REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
				coefficient = learned(&f, "coefficients");
				CHECK_NEAR(*learned(&f, "intercept"), 1, 1e-11);
				for (int j = 0; j < 5; j++)
				{
					expected *= base;
					CHECK_CLOSE(coefficient[j], expected, 1e-11);
				}
				CHECK(*learned(&f, "dispersion") >= 0);
				CHECK(*learned(&f, "dispersion") < 1e-12);
			}
}

/*
 * A polynomial of degree ten over x = 0 .. 20 in whole numbers, with the residuals
 * (-1)^x binomial(20, x), which are orthogonal to every polynomial below degree 20.
 * So all coefficients are 1 and the sum of squares is binomial(40, 20).
 */
static void
keeps_the_digits_beside_large_residuals(test_host *t)
{
	for (int by_blas = 0; by_blas < 2; by_blas++)
		for (int copies = 1; copies <= 40; copies += 39)
		{
			reference r = {.rows = 21 * copies, .numbers = 10};
			double square = 137846528820. * copies;
			fit f;

			t->core.blas = by_blas ? test_blas() : NULL;
			reference_open(t, &r);
			for (int i = 0; i < r.rows; i++)
			{
				double power = 1, residual = 1, x = i % 21;

				r.y[i] = 1;
				for (int j = 0; j < 10; j++)
				{
					power *= x;
					r.x[i * 10 + j] = power;
					r.y[i] += power;
				}
				for (int k = 1; k <= x; k++)
					residual = residual * (21 - k) / k;
				r.y[i] += i % 21 % 2 == 0 ? residual : -residual;
			}
			REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
			for (int j = 0; j < 10; j++)
				CHECK_CLOSE(learned(&f, "coefficients")[j], 1, 1e-9);
			/* beside means of 10^12 that are taken off it */
			CHECK_NEAR(*learned(&f, "intercept"), 1, 1e-3);
			CHECK_CLOSE(*learned(&f, "dispersion"), square / (r.rows - 11), 1e-13);
		}
}

/* Dates and account numbers: a mean far from zero costs no digits. */
static void
bears_means_far_from_zero(test_host *t)
{
	uint64_t state = 91;
	reference r = {.rows = 500, .numbers = 3};
	fit f;

	reference_open(t, &r);
	for (int i = 0; i < r.rows; i++)
	{
		r.x[3 * i] = 7e8 + (double) test_below(&state, 86400);
		r.x[3 * i + 1] = 1e12 + (double) test_below(&state, 1000);
		r.x[3 * i + 2] = test_normal(&state);
		r.y[i] = 1e9 + 0.25 * (r.x[3 * i] - 7e8) - 2 * (r.x[3 * i + 1] - 1e12) +
		         8 * r.x[3 * i + 2];
	}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
	CHECK_CLOSE(learned(&f, "coefficients")[0], 0.25, 1e-10);
	CHECK_CLOSE(learned(&f, "coefficients")[1], -2, 1e-10);
	/* y is rounded to 1e-7, over 500 rows */
	CHECK_CLOSE(learned(&f, "coefficients")[2], 8, 1e-8);
}

/* A row of weight 3 is three rows: the same coefficients (no l2, nothing missing). */
static void
counts_weights_as_rows(test_host *t)
{
	reference weighted = {.rows = 300, .numbers = 4, .categories = 2, .levels = {3, 5}};
	reference repeated = {.numbers = 4, .categories = 2, .levels = {3, 5}};
	fit one, other;
	int at = 0;

	weighted.weight = reference_room(t, 300, sizeof(double));
	reference_random(t, &weighted, 0, 92);
	for (int i = 0; i < 300; i++)
		repeated.rows += (int) weighted.weight[i];
	reference_open(t, &repeated);
	for (int i = 0; i < 300; i++)
		for (int copy = 0; copy < weighted.weight[i]; copy++, at++)
		{
			memcpy(repeated.x + 4 * at, weighted.x + 4 * i, 4 * sizeof(double));
			memcpy(repeated.code + 2 * at, weighted.code + 2 * i, 2 * sizeof(int));
			repeated.y[at] = weighted.y[i];
		}
	REQUIRE_OK(fit_learner(t, reference_frame(t, &weighted), "linear", NULL, &one));
	REQUIRE_OK(fit_learner(t, reference_frame(t, &repeated), "linear", NULL, &other));
	CHECK_CLOSE(*learned(&one, "intercept"), *learned(&other, "intercept"), 1e-10);
	for (int slot = 0; slot < 4 + 4 + 6; slot++)
		if (slot != 4 + 3 && slot != 4 + 4 + 5) /* of missing: a mean over rows */
			CHECK_NEAR(learned(&one, "coefficients")[slot],
			           learned(&other, "coefficients")[slot], 1e-10);
}

static void
shrinks_by_l2(test_host *t)
{
	double last = INFINITY;

	for (double l2 = 0; l2 < 1e9; l2 = l2 * 10 + 1)
	{
		reference r = {.rows = 200, .numbers = 3, .categories = 1, .levels = {5}};
		sample_option options[] = {{"l2", l2}, {NULL, 0}};
		double size = 0;
		fit f;

		reference_random(t, &r, 0, 93);
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", options, &f));
		for (int slot = 0; slot < 3 + 6; slot++)
			size += pow(learned(&f, "coefficients")[slot], 2);
		CHECK(size < last);
		last = size;
	}
	CHECK(last < 1e-10);
}

static void
names_dependent_columns(test_host *t)
{
	for (int how = 0; how < 5; how++)
	{
		reference r = {.rows = 100, .numbers = 4, .categories = 2, .levels = {3, 3}};
		sample_option options[] = {{"l2", 1}, {NULL, 0}};
		fit f;

		reference_random(t, &r, 0, 94);
		for (int i = 0; i < 100; i++)
			switch (how)
			{
				case 0: /* a sum of two */
					r.x[4 * i + 2] = r.x[4 * i] + r.x[4 * i + 1];
					break;
				case 1: /* a multiple, far off, and exact */
					r.x[4 * i] = (float) r.x[4 * i];
					r.x[4 * i + 2] = 1e6 + 3 * r.x[4 * i];
					break;
				case 2: /* an indicator of a label */
					r.code[2 * i] = (int) test_below(&(uint64_t){(uint64_t) i}, 3);
					r.code[2 * i + 1] = r.code[2 * i];
					break;
				case 3:
					r.x[4 * i + 3] = r.x[4 * i + 2];
					break;
				case 4: /* a near copy, and later what it differs by: no pivot is tiny */
					r.x[4 * i + 1] = r.x[4 * i] + 1e-6 * r.x[4 * i + 2];
					break;
			}
		CHECK_INT(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f),
		          ML_SINGULAR);
		CHECK_INT(t->core.fault.column, how == 2 ? 5 : how == 3 ? 3 : 2);
		/* a penalty makes it solvable */
		CHECK_INT(fit_learner(t, reference_frame(t, &r), "linear", options, &f), ML_OK);
	}
}

/* As many columns as rows leave nothing to tell the noise from: no error is known. */
static void
fits_as_many_columns_as_rows(test_host *t)
{
	reference r = {.rows = 5, .numbers = 4};
	fit f;

	reference_random(t, &r, 0, 95);
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
	CHECK(isnan(*learned(&f, "dispersion")));
	for (int i = 0; i < 5; i++)
		CHECK(isnan(learned(&f, "standard_errors")[i]));
	for (int i = 0; i < 5; i++)
	{
		double sum = *learned(&f, "intercept");

		for (int j = 0; j < 4; j++)
			sum += learned(&f, "coefficients")[j] * r.x[4 * i + j];
		CHECK_NEAR(sum, r.y[i], 1e-8);
	}
	r.rows = 4;
	CHECK_INT(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f), ML_SINGULAR);
}

/*
 * Large enough for the Gram matrix: rows x columns^2 past 2e8.  An exact fit leaves
 * rounding over, and never less than nothing.
 */
static void
check_by_gram(test_host *t, int exact)
{
	reference r = {.rows = 52000, .numbers = 3, .categories = 1, .levels = {62}};
	double residual = 0, largest = 0;
	const double *b;
	fit f;

	reference_random(t, &r, 0, (uint64_t) exact);
	for (int i = 0; i < r.rows && exact > 0; i++)
		r.y[i] = exact % 2 == 0 ? 0.1 * r.code[i] : 5 + r.x[3 * i] - 0.5 * r.x[3 * i + 2];
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
	b = learned(&f, "coefficients");
	for (int i = 0; i < r.rows; i++)
	{
		double e = r.y[i] - *learned(&f, "intercept") - b[0] * r.x[3 * i] -
		           b[1] * r.x[3 * i + 1] - b[2] * r.x[3 * i + 2] - b[3 + r.code[i]];

		residual += e * e;
		largest = fmax(largest, fabs(e));
	}
	if (exact == 0)
		CHECK_CLOSE(*learned(&f, "dispersion"), residual / (r.rows - 65), 1e-10);
	else
		CHECK(largest < 1e-9);
	CHECK(*learned(&f, "dispersion") >= 0);
	for (int i = 0; i < 1 + 3; i++)
		CHECK(learned(&f, "standard_errors")[i] >= 0);
}

static void
fits_by_gram_too(test_host *t)
{
	check_by_gram(t, 0);
}

static void
fits_exactly_by_gram_too(test_host *t)
{
	for (int exact = 1; exact <= 8; exact++)
		check_by_gram(t, exact);
}

TEST_MAIN(
    {agrees_with_the_reference,
     "coefficients, errors, likelihood agree with the reference"},
    {agrees_by_blas_and_threads, "so they do by BLAS and on three threads"},
    {keeps_the_digits_of_ill_conditioned_problems,
     "Wampler's problems keep eleven digits"},
    {bears_means_far_from_zero, "means far from zero cost no digits"},
    {counts_weights_as_rows, "a row of weight 3 is three rows"},
    {shrinks_by_l2, "more l2 is smaller coefficients"},
    {keeps_the_digits_beside_large_residuals,
     "coefficients of a degree ten polynomial keep their digits beside large residuals"},
    {names_dependent_columns, "a dependent column is named, and l2 helps"},
    {fits_as_many_columns_as_rows, "as many columns as rows fit exactly, without errors"},
    {fits_by_gram_too, "by the Gram matrix residuals are what dispersion says"},
    {fits_exactly_by_gram_too,
     "by the Gram matrix an exact fit has errors of zero or more"})
