/* SPDX-License-Identifier: PostgreSQL */
/*
 * special.h: the gamma function's family: its logarithm and the derivatives of that, and
 * the incomplete gamma and beta functions.
 *
 * Relative errors are a few units in the last place for log gamma and its derivatives,
 * and as distribution.h says for the shares.  Nothing here has a state, unlike lgamma()
 * of libm.  NaN for arguments outside of a function's domain, and for NaN.
 */
#ifndef ML_SPECIAL_H
#define ML_SPECIAL_H

/* Regularized incomplete gamma functions for a > 0, x >= 0: *lower + *upper = 1. */
extern void ml_gamma_share(double a, double x, double *lower, double *upper);

/*
 * Regularized incomplete beta function for a > 0, b > 0, x + y = 1: *lower is I_x(a, b),
 * *upper is 1 less that.  Both x and y are given, so that neither loses digits.
 */
extern void
ml_beta_share(double a, double b, double x, double y, double *lower, double *upper);

/*
 * log gamma(x) and its first two derivatives, for x > 0.  Next to the zero of digamma
 * its error is an absolute 1e-15.
 */
extern double ml_lgamma(double x);
extern double ml_digamma(double x);
extern double ml_trigamma(double x);

/* The derivatives of the lower shares by log x and by log(x / y): densities without a scale. */
extern double ml_gamma_slope(double a, double x);
extern double ml_beta_slope(double a, double b, double x, double y);

/*
 * Deviance of y from its mean mu > 0 where the variance is mu^power (Joergensen, The Theory of
 * Dispersion Models, 1997): 1 Poisson, 2 gamma, 3 inverse Gaussian.  Right to the last digits
 * however near y is to mu.  y > 0, or y = 0 and power < 2.
 */
extern double ml_power_deviance(double y, double mu, double power);

#endif
