/* SPDX-License-Identifier: PostgreSQL */
/*
 * distribution.h: tails and quantiles of the distributions that tests are made of.
 *
 * A tail is the probability of a value above the given one.  It keeps its digits however
 * small it is: relative errors are under 1e-13, and under 1e-12 for tails below 1e-100,
 * as far as the arguments determine the result (a chi-squared or F distribution of 10^9
 * degrees of freedom is so narrow that a rounded argument costs digits).
 *
 * A quantile is the value that has the given tail above it, to a relative 1e-13.
 *
 * NaN for arguments outside of a function's domain, and for NaN.  Degrees of freedom are
 * above zero and may be infinite, but the first ones of F.
 */
#ifndef ML_DISTRIBUTION_H
#define ML_DISTRIBUTION_H

/* The standard normal distribution. */
extern double ml_z_tail(double z);
extern double ml_z_quantile(double tail);

/* Student's t; with infinitely many degrees of freedom it is the normal distribution. */
extern double ml_t_tail(double t, double df);
extern double ml_t_quantile(double tail, double df);

/* F with df and df2; times df it is chi-squared with infinitely many df2. */
extern double ml_f_tail(double f, double df, double df2);
extern double ml_f_quantile(double tail, double df, double df2);

extern double ml_chi2_tail(double chi2, double df);
extern double ml_chi2_quantile(double tail, double df);

#endif
