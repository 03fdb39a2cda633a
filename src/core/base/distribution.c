/* SPDX-License-Identifier: PostgreSQL */
/*
 * distribution.c: tails from the incomplete gamma and beta functions, quantiles by Newton.
 *
 *	normal		Marsaglia's series (Evaluating the normal distribution, 2004) near zero,
 *				Laplace's continued fraction further out; quantile: Wichura's AS 241
 *	t, F		I_x(a, b): DLMF 8.17
 *	chi-squared	Q(a, x): DLMF 8.2
 */
#include "base/base.h"

#include <float.h>
#include <math.h>

#define SQRT_2PI 2.5066282746310005024
#define FAR 2.0 /* where the normal tail changes to the fraction */
#define MOST_STEPS 2000

/* exp(-z^2 / 2) / sqrt(2 pi): the square is split in two, since its rounding would be seen. */
static double
normal_density(double z)
{
	double head = floor(z * 16) / 16, rest = (z - head) * (z + head);

	return exp(-head * head / 2) * exp(-rest / 2) / SQRT_2PI;
}

/* P(0 < Z < z) = density (z + z^3/3 + z^5/15 + ...) */
static double
normal_middle(double z)
{
	double term = z, sum = z;

	for (int k = 3; term > sum * DBL_EPSILON / 8; k += 2)
	{
		term *= z * z / k;
		sum += term;
	}
	return normal_density(z) * sum;
}

/* P(Z > z) = density / (z + 1 / (z + 2 / (z + 3 / ...))), from its 200th term backwards. */
static double
normal_far(double z)
{
	double value = z;

	for (int k = 200; k >= 1; k--)
		value = z + k / value;
	return normal_density(z) / value;
}

double
ml_z_tail(double z)
{
	if (isnan(z))
		return NAN;
	if (z < 0)
		return 1 - ml_z_tail(-z);
	if (z < FAR)
		return 0.5 - normal_middle(z);
	return z < 40 ? normal_far(z) : 0;
}

/* AS 241: numerator and denominator of a ratio of two polynomials of degree 7. */
static double
ratio(const double *above, const double *below, double r)
{
	double n = above[7], d = below[6];

	for (int i = 6; i >= 0; i--)
	{
		n = n * r + above[i];
		d = i > 0 ? d * r + below[i - 1] : d * r + 1;
	}
	return n / d;
}

/* Wichura, AS 241, PPND16: an accuracy of about 1 part in 10^16. */
double
ml_z_quantile(double tail)
{
	static const double a[] = {3.387132872796366608,  133.14166789178437745,
	                           1971.5909503065514427, 13731.693765509461125,
	                           45921.953931549871457, 67265.770927008700853,
	                           33430.575583588128105, 2509.0809287301226727};
	static const double b[] = {42.313330701600911252, 687.1870074920579083,
	                           5394.1960214247511077, 21213.794301586595867,
	                           39307.89580009271061,  28729.085735721942674,
	                           5226.495278852545925};
	static const double c[] = {1.42343711074968357734,   4.6303378461565452959,
	                           5.7694972214606914055,    3.64784832476320460504,
	                           1.27045825245236838258,   0.24178072517745061177,
	                           0.0227238449892691845833, 7.7454501427834140764e-4};
	static const double d[] = {2.05319162663775882187,   1.6763848301838038494,
	                           0.68976733498510000455,   0.14810397642748007459,
	                           0.0151986665636164571966, 5.475938084995344946e-4,
	                           1.05075007164441684324e-9};
	static const double e[] = {6.6579046435011037772,     5.4637849111641143699,
	                           1.7848265399172913358,     0.29656057182850489123,
	                           0.026532189526576123093,   0.0012426609473880784386,
	                           2.71155556874348757815e-5, 2.01033439929228813265e-7};
	static const double f[] = {0.59983220655588793769,    0.13692988092273580531,
	                           0.0148753612908506148525,  7.868691311456132591e-4,
	                           1.8463183175100546818e-5,  1.4215117583164458887e-7,
	                           2.04426310338993978564e-15};
	double q = 0.5 - tail, r, z;

	if (!(tail >= 0 && tail <= 1))
		return NAN;
	if (tail == 0 || tail == 1)
		return tail == 0 ? INFINITY : -INFINITY;
	if (fabs(q) <= 0.425)
		return q * ratio(a, b, 0.180625 - q * q);
	r = sqrt(-log(q > 0 ? tail : 1 - tail));
	z = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
	return q > 0 ? z : -z;
}

/* Shares of F below and above, and the slope of the former by log f. */
typedef struct shares
{
	double lower;
	double upper;
	double slope;
} shares;

static shares
f_shares(double f, double df, double df2)
{
	shares s = {NAN, NAN, NAN};
	double odds = f * (df / df2), x = odds > 1 ? 1 / (1 + 1 / odds) : odds / (1 + odds);

	if (isinf(df2))
	{
		ml_gamma_share(df / 2, f * df / 2, &s.lower, &s.upper);
		s.slope = ml_gamma_slope(df / 2, f * df / 2);
		return s;
	}
	ml_beta_share(df / 2, df2 / 2, x, 1 / (1 + odds), &s.lower, &s.upper);
	s.slope = ml_beta_slope(df / 2, df2 / 2, x, 1 / (1 + odds));
	return s;
}

double
ml_f_tail(double f, double df, double df2)
{
	if (isnan(f) || !(df > 0) || !(df2 > 0) || isinf(df))
		return NAN;
	return f <= 0 ? 1 : f_shares(f, df, df2).upper;
}

double
ml_chi2_tail(double chi2, double df)
{
	return ml_f_tail(chi2 / df, df, INFINITY);
}

double
ml_t_tail(double t, double df)
{
	shares s;

	if (isnan(t) || !(df > 0))
		return NAN;
	if (isinf(df))
		return ml_z_tail(t);
	s = t == 0 ? (shares){.upper = 1} : f_shares(t * t, 1, df);
	return t < 0 ? 0.5 + s.lower / 2 : s.upper / 2;
}

/*
 * Newton's method for log f on the logarithm of the smaller share, of which both ends are
 * nearly straight; a step that leaves the bracket is replaced by its middle.
 */
double
ml_f_quantile(double tail, double df, double df2)
{
	bool upper = tail <= 0.5;
	double wanted = log(upper ? tail : 1 - tail), low = -800, high = 800, at = 0;

	if (!(tail >= 0 && tail <= 1) || !(df > 0) || !(df2 > 0) || isinf(df))
		return NAN;
	if (tail == 0 || tail == 1)
		return tail == 0 ? INFINITY : 0;
	for (int i = 0; i < MOST_STEPS; i++)
	{
		shares s = f_shares(exp(at), df, df2);
		double share = upper ? s.upper : s.lower;
		double excess = log(share) - wanted, next;

		if (upper == (excess > 0))
			low = at;
		else
			high = at;
		next = at + (upper ? excess : -excess) * share / s.slope;
		if (!(next > low && next < high))
			next = (low + high) / 2;
		if (fabs(next - at) <= 2 * DBL_EPSILON * fabs(at) || next == low || next == high)
			return exp(next);
		at = next;
	}
	return exp(at);
}

double
ml_chi2_quantile(double tail, double df)
{
	return df * ml_f_quantile(tail, df, INFINITY);
}

double
ml_t_quantile(double tail, double df)
{
	double f;

	if (!(tail >= 0 && tail <= 1) || !(df > 0))
		return NAN;
	if (isinf(df))
		return ml_z_quantile(tail);
	f = sqrt(ml_f_quantile(2 * (tail <= 0.5 ? tail : 1 - tail), 1, df));
	return tail <= 0.5 ? f : -f;
}
