/* SPDX-License-Identifier: PostgreSQL */
/*
 * bins.h: a feature in few bins, each with its weight of evidence.
 *
 * With E events (rows of the positive class) and N non-events in training, e and n of
 * them in a bin,
 *
 *	WOE = ln( (n / N) / (e / E) )		above 0: fewer events than on average
 *	IV  = (n / N - e / E) WOE			of the bin; the feature's is the sum over its bins
 *
 * (Siddiqi 2006).  A bin that lacks one class has half a row more of each in its WOE.
 *
 * Bins are found as Navas-Palencia (2020) does: pre-bins, at most ML_PRE_BINS, are merged
 * so that the information value is the largest that the constraints leave, by an exact
 * dynamic programme.  Constraints: so many bins, each of a least share of the rows and
 * with rows of both classes, event rates that rise or fall all the way.  Where these leave
 * one bin, as for a perfect predictor, bins of one class are let in.
 *
 * Numbers:    pre-bins are the values, or quantiles by weight where there are more.
 * Categories: labels in the order of their event rate.  Those of less than a fifth of
 *             the least share, and the schema's pool, count as one label.
 * Missing:    a bin of its own where it occurs, whatever its share.
 */
#ifndef ML_BINS_H
#define ML_BINS_H

#include "data/schema.h"

#define ML_PRE_BINS 200
#define ML_MOST_BINS 50

/* As options give them. */
typedef struct ml_bin_options
{
	int64_t max_bins; /* 1 .. ML_MOST_BINS, missing not counted */
	double min_bin;   /* share of the weight of all training rows */

	/* Event rate of a number: "increasing", "decreasing", "none", or whichever of the
	 * first two has the larger IV ("auto", or not given). */
	ml_text monotone;
} ml_bin_options;

typedef struct ml_bin
{
	double events; /* sums of weights */
	double non_events;
	double woe;
	double iv;
} ml_bin;

typedef struct ml_bins
{
	int bins;        /* missing not counted */
	double *edge;    /* [bins - 1] of a number: bin i holds edge[i - 1] <= x < edge[i] */
	int32_t *bin_of; /* [levels] of a category: the bin of each label */
	ml_bin *bin;     /* [bins + 1] missing last: all zeros where it did not occur */
	double iv;
} ml_bins;

/*
 * Gives every feature its bins, from the training rows of an ordered frame whose target is
 * 0 and 1.
 */
extern ml_status
ml_schema_bin(ml_frame *frame, const ml_bin_options *options, ml_schema *schema);

/* The same for training: features of one bin, which tell nothing, are left out with a note. */
extern ml_status ml_schema_encode(ml_frame *frame, const ml_bin_options *options,
                                  ml_schema *schema, ml_notes *notes);

/* Mean and standard deviation of the WOE over the training rows. */
extern void ml_bins_moments(const ml_bins *bins, double *mean, double *sd);

/* IV of each bin and of all, from the sums and WOE of the bins. */
extern void ml_bins_sum(ml_bins *bins);

/* Sets WOE and IV of a bin of a target with so many events and non-events. */
extern void ml_bin_weigh(ml_bin *bin, double events, double non_events);

/* Pre-bins in order, to be merged; events and non-events are sums of weights. */
typedef struct ml_partition
{
	int parts; /* at most ML_PRE_BINS */
	double events[ML_PRE_BINS];
	double non_events[ML_PRE_BINS];
	double all_events; /* of the whole target */
	double all_non_events;
	double least; /* weight of a bin */
	int max_bins;
	bool pure; /* bins may lack a class */

	int bins;              /* out */
	int end[ML_MOST_BINS]; /* [bins] out: the pre-bin after the last one of each */
	double iv;             /* out: sum over the bins */

	struct ml_partition_work *work;
} ml_partition;

extern ml_status
ml_partition_create(ml_host *host, int max_bins, ml_partition *partition);

/*
 * The best bins, with event rates that rise (direction 1), fall (-1) or do as they like (0);
 * one bin where the constraints cannot be met.
 */
extern ml_status
ml_partition_solve(ml_worker *worker, ml_partition *partition, int direction);

/* What a feature is to a learner: the WOE of its bins is a number. */
static inline ml_kind
ml_feature_kind(const ml_feature *feature)
{
	return feature->bins != NULL ? ML_NUMBER : feature->kind;
}

/* The bin of a number; of missing it is the last. */
static inline int
ml_bin_of_number(const ml_bins *bins, double x)
{
	int low = 0, high = bins->bins - 1;

	if (x != x)
		return bins->bins;
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (x < bins->edge[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The bin of a category's code; of missing it is the last. */
static inline int
ml_bin_of_code(const ml_bins *bins, int32_t code)
{
	return code < 0 ? bins->bins : bins->bin_of[code];
}

#endif
