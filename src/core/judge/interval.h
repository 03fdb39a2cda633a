/* SPDX-License-Identifier: PostgreSQL */
/*
 * interval.h: shares of weighted rows, and their 95 % intervals.
 */
#ifndef ML_INTERVAL_H
#define ML_INTERVAL_H

#include "base/base.h"

#define ML_Z 1.959963984540054 /* 0.975 quantile of the normal distribution */

/* So many hits among rows. */
typedef struct ml_share
{
	double hits; /* weight of those rows */
	double weight;
	double squares; /* of weights: rows of different weight are worth fewer equal ones */
} ml_share;

extern void ml_share_add(ml_share *share, double weight, bool hit);

/* NaN where there is no weight. */
extern double ml_share_value(const ml_share *share);

/* Wilson's interval of the share. */
extern void ml_share_interval(const ml_share *share, double *low, double *high);

#endif
