/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_loss.c: the families: derivatives, deviances and likelihoods against long double.
 */
#include "test.h"

typedef struct row
{
	double eta;
	double y;
	double gradient;
	double curvature;
	double objective;
} row;

static row
at(const ml_family *family, double eta, double y, double weight)
{
	row r = {.eta = eta, .y = y};
	ml_loss_block block = {.rows = 1,
	                       .eta = &r.eta,
	                       .target = &r.y,
	                       .weight = &weight,
	                       .shape = 1.7,
	                       .gradient = &r.gradient,
	                       .curvature = &r.curvature};

	family->loss(&block);
	r.objective = block.objective;
	return r;
}

/* Targets that a family takes. */
static int
targets(const ml_family *family, double *y)
{
	static const double value[] = {-2.5, 0.3, 4}, class[] = {0, 1}, count[] = {0, 1, 7},
	                    amount[] = {0.02, 1, 30};
	const double *from = value;
	int n = 3;

	if (strcmp(family->name, "logistic") == 0)
	{
		from = class;
		n = 2;
	}
	else if (family->above)
		from = amount;
	else if (family->least == 0)
		from = count;
	memcpy(y, from, (size_t) n * sizeof *y);
	return n;
}

/* The gradient is minus the slope of the loss; both carry the weight. */
static void
slopes_are_those_of_the_loss(test_host *t)
{
	(void) t;
	for (int f = 0; f < ml_family_count; f++)
	{
		const ml_family *family = &ml_family_table[f];
		double y[3], h = 1e-5;
		int n = targets(family, y);

		for (int i = 0; i < n; i++)
			for (double eta = 0.1; eta < 3; eta += 0.37)
				for (int sign = strcmp(family->link, "inverse") == 0 ? 1 : -1; sign <= 1;
				     sign += 2)
				{
					row here = at(family, sign * eta, y[i], 2.5);
					double slope = (at(family, sign * eta + h, y[i], 2.5).objective -
					                at(family, sign * eta - h, y[i], 2.5).objective) /
					               (2 * h);

					test_check(fabs(slope + here.gradient) <
					               1e-6 * (1 + fabs(here.gradient)),
					           __FILE__, __LINE__,
					           "%s %s: slope %g, gradient %g at %g, %g", family->name,
					           family->link, slope, here.gradient, sign * eta, y[i]);
					CHECK_CLOSE(at(family, sign * eta, y[i], 5).curvature,
					            2 * here.curvature, 1e-15);
				}
	}
}

/*
 * The curvature is the expected one: the variance of the gradient, (d mu / d eta)^2 / V(mu); the slope of
 * the gradient where the link is canonical.
 */
static void
curvatures_are_expected(test_host *t)
{
	(void) t;
	for (int f = 0; f < ml_family_count; f++)
	{
		const ml_family *family = &ml_family_table[f];
		double y[3], h = 1e-6;

		targets(family, y);
		for (double eta = 0.1; eta < 1.6; eta += 0.37)
		{
			double mu = family->respond(eta);
			double slope =
			    (family->respond(eta + h) - family->respond(eta - h)) / (2 * h);
			double expected = slope * slope / family->variance(mu, 1.7);
			row here = at(family, eta, y[1], 1);

			CHECK_CLOSE(here.curvature, expected, 1e-7);
			CHECK_NEAR(family->link_of(mu), eta, 1e-9);
			if (family->canonical)
				CHECK_CLOSE(here.curvature,
				            (at(family, eta - h, y[1], 1).gradient -
				             at(family, eta + h, y[1], 1).gradient) /
				                (2 * h),
				            1e-7);
		}
	}
}

/* The deviance is twice the loss above that of a mean which is the target itself. */
static void
deviances_are_twice_the_loss(test_host *t)
{
	(void) t;
	for (int f = 0; f < ml_family_count; f++)
	{
		const ml_family *family = &ml_family_table[f];
		double y[3];
		int n = targets(family, y);

		for (int i = 0; i < n; i++)
			for (double eta = 0.1; eta < 3; eta += 0.37)
			{
				double mu = family->respond(eta);
				double best = strcmp(family->name, "logistic") == 0 ? 0
				              : y[i] == 0
				                  ? 0
				                  : at(family, family->link_of(y[i]), y[i], 1).objective;

				CHECK_NEAR(family->deviance(y[i], mu, 1.7),
				           2 * (at(family, eta, y[i], 1).objective - best),
				           1e-9 * (1 + fabs(mu)));
			}
	}
}

/* Poisson's and the negative binomial's probabilities add up to one. */
static void
probabilities_add_up(test_host *t)
{
	static const char *const name[] = {"poisson", "negative_binomial"};

	(void) t;
	for (int k = 0; k < 2; k++)
	{
		const ml_family *family = ml_family_find(name[k], (ml_text){0});
		double sum = 0;

		for (int y = 0; y < 400; y++)
			sum += exp(family->constant(y, 1.7) - at(family, 1.2, y, 1).objective);
		CHECK_CLOSE(sum, 1, 1e-12);
	}
}

/* Far out nothing is lost: no NaN, no infinite gradient, an infinite loss only past the domain. */
static void
bears_the_tails(test_host *t)
{
	static const char *const link[] = {"logit", "probit", "cloglog"};
	const ml_family *gamma = ml_family_find("gamma", (ml_text){0});

	(void) t;
	for (int k = 0; k < 3; k++)
		for (int y = 0; y < 2; y++)
			for (double eta = -600; eta <= 600; eta += 7.3)
			{
				row r = at(ml_family_find("logistic", test_text(link[k])), eta, y, 1);

				CHECK(isfinite(r.gradient) && isfinite(r.curvature) && r.curvature >= 0);
				CHECK(!isnan(r.objective) && r.objective >= 0);
			}
	CHECK(isinf(at(gamma, -0.1, 1, 1).objective));
	CHECK(isinf(at(gamma, 0, 1, 1).objective));
	CHECK(ml_family_find("logistic", test_text("log")) == NULL);
	CHECK(ml_family_find("none", (ml_text){0}) == NULL);
}

TEST_MAIN({slopes_are_those_of_the_loss, "gradients are slopes of the loss"},
          {curvatures_are_expected, "curvatures are the expected ones"},
          {deviances_are_twice_the_loss, "deviances are twice the loss above the best"},
          {probabilities_add_up, "probabilities of counts add up to one"},
          {bears_the_tails, "far out nothing is lost"})
