/* SPDX-License-Identifier: PostgreSQL */
/*
 * special.c: log gamma and its derivatives, incomplete gamma and beta functions.
 *
 * DLMF is the Digital Library of Mathematical Functions, dlmf.nist.gov.  Powers such as
 * x^a e^-x / Gamma(a) are written as Loader writes probabilities (Fast and accurate
 * computation of binomial probabilities, 2000): by the distance of a from its mean and the
 * errors of Stirling's formula, so that no large logarithms cancel.
 */
#include "base/base.h"

#include <float.h>
#include <math.h>

#define LARGE 10.0          /* from here on Stirling's series are exact */
#define MOST_TERMS 10000000 /* of a series or fraction: about 100 times what 10^9 takes */
#define HALF_LOG_2PI 0.91893853320467274178
#define SQRT_2PI 2.5066282746310005024
#define ONE_LESS_EULER 0.42278433509846713939

/* zeta(k) - 1 from k = 2 on. */
static const double zeta_less_1[] = {
    0.6449340668482264365,    0.2020569031595942854,    0.08232323371113819152,
    0.03692775514336992633,   0.01734306198444913971,   0.00834927738192282684,
    0.004077356197944339379,  0.002008392826082214418,  0.0009945751278180853371,
    0.0004941886041194645587, 0.0002460865533080482986, 0.0001227133475784891468,
    6.124813505870482926e-5,  3.058823630702049355e-5,  1.528225940865187173e-5,
    7.637197637899762274e-6,  3.817293264999839856e-6,  1.908212716553938926e-6,
    9.539620338727961132e-7,  4.769329867878064631e-7,  2.3845050272773299e-7,
    1.192199259653110731e-7,  5.960818905125947961e-8,  2.980350351465228019e-8,
    1.490155482836504123e-8,  7.450711789835429492e-9};

/* log gamma(2 + e) for |e| <= 1/2: DLMF 5.7.3. */
static double
lgamma_near_2(double e)
{
	double sum = 0;

	for (int k = (int) (sizeof zeta_less_1 / sizeof *zeta_less_1) + 1; k >= 2; k--)
		sum = zeta_less_1[k - 2] / k - sum * e;
	return e * (ONE_LESS_EULER + e * sum);
}

/* What log gamma(x) is above (x - 1/2) log x - x + log(2 pi) / 2, for large x: DLMF 5.11.1. */
static double
stirling_series(double x)
{
	double s = 1 / (x * x);

	return (1 / 12.0 -
	        s * (1 / 360.0 -
	             s * (1 / 1260.0 -
	                  s * (1 / 1680.0 -
	                       s * (1 / 1188.0 -
	                            s * (691 / 360360.0 -
	                                 s * (1 / 156.0 - s * 3617 / 122400.0))))))) /
	       x;
}

double
ml_lgamma(double x)
{
	double product = 1;

	if (!(x > 0))
		return NAN;
	if (x >= LARGE)
		return (x - 0.5) * log(x) - x + (HALF_LOG_2PI + stirling_series(x));
	if (x < 0.5)
		return lgamma_near_2(x) - log1p(x) - log(x);
	if (x < 1.5)
		return lgamma_near_2(x - 1) - log(x);
	for (; x >= 2.5; x -= 1)
		product *= x - 1;
	return lgamma_near_2(x - 2) + log(product);
}

/* DLMF 5.11.2, after the recurrence 5.5.2. */
double
ml_digamma(double x)
{
	double below = 0, s;

	if (!(x > 0))
		return NAN;
	if (isinf(x))
		return x;
	for (; x < LARGE; x += 1)
		below += 1 / x;
	s = 1 / (x * x);
	return log(x) - 0.5 / x -
	       s * (1 / 12.0 -
	            s * (1 / 120.0 -
	                 s * (1 / 252.0 -
	                      s * (1 / 240.0 -
	                           s * (1 / 132.0 -
	                                s * (691 / 32760.0 -
	                                     s * (1 / 12.0 - s * 3617 / 8160.0))))))) -
	       below;
}

/* The derivative of the same. */
double
ml_trigamma(double x)
{
	double below = 0, s;

	if (!(x > 0))
		return NAN;
	for (; x < LARGE; x += 1)
		below += 1 / (x * x);
	s = 1 / (x * x);
	return below +
	       (1 +
	        (0.5 +
	         (1 / 6.0 -
	          s * (1 / 30.0 -
	               s * (1 / 42.0 -
	                    s * (1 / 30.0 -
	                         s * (5 / 66.0 - s * (691 / 2730.0 -
	                                              s * (7 / 6.0 - s * 3617 / 510.0))))))) /
	             x) /
	            x) /
	           x;
}

/* The error of Stirling's formula for gamma(x + 1), sqrt(2 pi x) (x / e)^x: its logarithm. */
static double
stirling_error(double x)
{
	if (x >= LARGE)
		return stirling_series(x);
	return ml_lgamma(x + 1) - (x + 0.5) * log(x) + x - HALF_LOG_2PI;
}

/* x log(x / mean) + mean - x, Loader's deviance: without cancelling where x is near mean. */
static double
deviance(double x, double mean)
{
	double v = (x - mean) / (x + mean), power = 2 * x * v, sum = (x - mean) * v;

	if (!(fabs(v) < 0.5))
		return x * log(x / mean) + mean - x;
	for (int j = 3;; j += 2)
	{
		double last = sum;

		power *= v * v;
		sum += power / j;
		if (sum == last)
			return sum;
	}
}

/* x^a e^-x / Gamma(a) */
double
ml_gamma_slope(double a, double x)
{
	if (!(x > 0) || isinf(x))
		return 0;
	return sqrt(a) / SQRT_2PI * exp(-stirling_error(a) - deviance(a, x));
}

/* x^a y^b / B(a, b) */
double
ml_beta_slope(double a, double b, double x, double y)
{
	double n = a + b;

	if (!(x > 0) || !(y > 0))
		return 0;
	return sqrt(a / n) * sqrt(b) / SQRT_2PI *
	       exp(stirling_error(n) - stirling_error(a) - stirling_error(b) -
	           deviance(a, n * x) - deviance(b, n * y));
}

/* P(a, x) over its slope: DLMF 8.11.4. */
static double
gamma_series(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int k = 1; k < MOST_TERMS && term > sum * DBL_EPSILON / 8; k++)
	{
		term *= x / (a + k);
		sum += term;
	}
	return sum;
}

/*
 * A continued fraction  1 / (d_0 + n_1 / (d_1 + n_2 / (d_2 + ...)))  by Lentz's method as
 * modified by Thompson and Barnett (1986).
 */
typedef struct fraction
{
	double value;
	double above;
	double below;
} fraction;

static fraction
fraction_begin(double d)
{
	return (fraction){.value = d, .above = d, .below = 0};
}

/* Takes one further term; true when it changes nothing any more. */
static bool
fraction_add(fraction *f, double n, double d)
{
	double change;

	f->below = d + n * f->below;
	f->above = d + n / f->above;
	if (f->below == 0)
		f->below = DBL_MIN;
	if (f->above == 0)
		f->above = DBL_MIN;
	f->below = 1 / f->below;
	change = f->above * f->below;
	f->value *= change;
	return fabs(change - 1) <= DBL_EPSILON;
}

/* Q(a, x) over its slope: the even part of DLMF 8.9.2. */
static double
gamma_fraction(double a, double x)
{
	fraction f = fraction_begin(x - a + 1);

	for (int k = 1; k < MOST_TERMS; k++)
		if (fraction_add(&f, k * (a - k), x - a + 1 + 2.0 * k))
			break;
	return 1 / f.value;
}

static double
at_most_1(double share)
{
	return share > 1 ? 1 : share;
}

void
ml_gamma_share(double a, double x, double *lower, double *upper)
{
	*lower = *upper = NAN;
	if (!(a > 0) || !(x >= 0) || isinf(a))
		return;
	if (isinf(x))
	{
		*lower = 1;
		*upper = 0;
	}
	else if (x < 1 || x < a)
	{
		*lower = at_most_1(ml_gamma_slope(a, x) * gamma_series(a, x));
		*upper = 1 - *lower;
	}
	else
	{
		*upper = at_most_1(ml_gamma_slope(a, x) * gamma_fraction(a, x));
		*lower = 1 - *upper;
	}
}

/*
 * I_x(a, b) over its slope, for x up to about the mean: the fraction (9) of Didonato and
 * Morris, Significant digit computation of the incomplete beta function ratios (1992).
 */
static double
beta_fraction(double a, double b, double x, double y)
{
	double aside = a * y - b * x + 1;
	fraction f = fraction_begin(a * aside / (a + 1));

	for (int k = 1; k < MOST_TERMS; k++)
	{
		double c = a + 2.0 * k;
		double n =
		    (a + k - 1) / (c - 1) * ((a + b + k - 1) / (c - 1)) * (k * (b - k) * x * x);
		double d =
		    k + k * (b - k) * x / (c - 1) + (a + k) / (c + 1) * (aside + k * (1 + y));

		if (fraction_add(&f, n, d))
			break;
	}
	return 1 / f.value;
}

void
ml_beta_share(double a, double b, double x, double y, double *lower, double *upper)
{
	*lower = *upper = NAN;
	if (!(a > 0) || !(b > 0) || isinf(a) || isinf(b) || !(x >= 0) || !(y >= 0))
		return;
	if (b * x <= a * y)
	{
		*lower =
		    x > 0 ? at_most_1(ml_beta_slope(a, b, x, y) * beta_fraction(a, b, x, y)) : 0;
		*upper = 1 - *lower;
	}
	else
	{
		*upper =
		    y > 0 ? at_most_1(ml_beta_slope(b, a, y, x) * beta_fraction(b, a, y, x)) : 0;
		*lower = 1 - *upper;
	}
}

/*
 * (u^a - 1 - a (u - 1)) / (a (a - 1)) at u = 1 + r, where a is 1 or 0 the limit.  Near r = 0 it
 * is the binomial series, r^2 / 2 (1 + (a - 2) r / 3 (1 + (a - 3) r / 4 (...))).
 */
static double
power_excess(double r, double a)
{
	double series = 1;

	if (fabs(r) >= 0.1)
	{
		if (a == 1)
			return r > -1 ? (1 + r) * log1p(r) - r : 1;
		return a == 0 ? r - log1p(r) : (expm1(a * log1p(r)) - a * r) / (a * (a - 1));
	}
	for (int k = 20; k >= 2; k--)
		series = 1 + (a - k) / (k + 1) * r * series;
	return r * r / 2 * series;
}

double
ml_power_deviance(double y, double mu, double power)
{
	double a = 2 - power, unit = 2 * power_excess((y - mu) / mu, a);

	return a == 1 ? mu * unit : a == 0 ? unit : pow(mu, a) * unit;
}
