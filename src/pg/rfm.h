/* SPDX-License-Identifier: PostgreSQL */
/*
 * rfm.h: the rules by which scores of recency, frequency and monetary value become segments.
 */
#ifndef CIA_RFM_H
#define CIA_RFM_H

#include "cia.h"

#define CIA_RFM_BINS 10

/* The segment of every combination of scores, each from 1. */
typedef struct cia_rfm_grid
{
	int bins;
	const char *segment[CIA_RFM_BINS][CIA_RFM_BINS][CIA_RFM_BINS];
} cia_rfm_grid;

/* Raises 22023 for a number of bins that cannot be. */
extern int cia_rfm_check_bins(int bins);

/*
 * The grid by the rules given, or by the usual ones if they are NULL.  Raises 22023 for what is no
 * rule, and for scores that no rule or more than one is for.
 */
extern const cia_rfm_grid *cia_rfm_grid_make(int bins, Jsonb *rules);

#endif
