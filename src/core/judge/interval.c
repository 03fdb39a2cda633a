/* SPDX-License-Identifier: PostgreSQL */
/*
 * interval.c: 95 % intervals of shares.
 */
#include "judge/interval.h"

#include <math.h>

void
ml_share_add(ml_share *share, double weight, bool hit)
{
	share->weight += weight;
	share->squares += weight * weight;
	share->hits += hit ? weight : 0;
}

double
ml_share_value(const ml_share *share)
{
	return share->weight > 0 ? share->hits / share->weight : NAN;
}

/* Wilson (1927), with Kish's effective number of rows. */
void
ml_share_interval(const ml_share *share, double *low, double *high)
{
	double p = ml_share_value(share);
	double n = share->weight * share->weight / share->squares;
	double middle = (p + ML_Z * ML_Z / (2 * n)) / (1 + ML_Z * ML_Z / n);
	double half =
	    ML_Z / (1 + ML_Z * ML_Z / n) * sqrt(p * (1 - p) / n + ML_Z * ML_Z / (4 * n * n));

	*low = middle - half;
	*high = middle + half;
}
