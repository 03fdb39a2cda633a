/* SPDX-License-Identifier: PostgreSQL */
/*
 * interval.c: 95 % intervals of shares.
 */
#include "judge/interval.h"

#include <math.h>

void
ml_tally_add(ml_tally *tally, double weight, bool hit)
{
	tally->weight += weight;
	tally->squares += weight * weight;
	tally->hits += hit ? weight : 0;
}

double
ml_tally_share(const ml_tally *tally)
{
	return tally->weight > 0 ? tally->hits / tally->weight : NAN;
}

/* Wilson (1927), with Kish's effective number of rows. */
void
ml_tally_interval(const ml_tally *tally, double *low, double *high)
{
	double p = ml_tally_share(tally);
	double n = tally->weight * tally->weight / tally->squares;
	double middle = (p + ML_Z * ML_Z / (2 * n)) / (1 + ML_Z * ML_Z / n);
	double half =
	    ML_Z / (1 + ML_Z * ML_Z / n) * sqrt(p * (1 - p) / n + ML_Z * ML_Z / (4 * n * n));

	*low = middle - half;
	*high = middle + half;
}
