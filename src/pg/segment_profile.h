/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_profile.h: what segments are like, feature by feature.
 *
 *	segment_profile.c	by the model's centres; ranked and told
 *	segment_tally.c		by the rows of a source
 */
#ifndef CIA_SEGMENT_PROFILE_H
#define CIA_SEGMENT_PROFILE_H

#include "segment_rows.h"

/* What is to be told of a segment. */
typedef struct cia_told
{
	int segment;
	const char *feature;
	const char *label; /* NULL: of a mean none, of a share rows without a value */
	bool share;        /* of rows, not the mean */
	bool used;         /* by the model */
	double value;      /* NaN: no row has one */
	double overall;
	double difference; /* in standard deviations */
	int64 number;      /* in order of the columns */
} cia_told;

typedef struct cia_profile
{
	cia_segment_rows *run;
	int64_t labels; /* most labels that are told of a category */
	cia_told *told;
	int64 count;
	int64 room;
} cia_profile;

/* Adds one, with the difference by a standard deviation over all. */
extern void cia_profile_add(cia_profile *profile, const cia_told *told, double deviation);

/* The standard deviation of rows of which so many are something. */
extern double cia_share_deviation(double share);

/* segment_tally.c: runs a source once and adds what its rows tell. */
extern void cia_profile_read(cia_profile *profile, const char *source);

#endif
