/* SPDX-License-Identifier: PostgreSQL */
/*
 * dendrogram.h: points that are merged two by two, the nearest first.
 *
 * Learned arrays beside those of kmeans.h: merge_left and merge_right [steps], a leaf as -1, -2, ..
 * and an earlier step as 1, 2, .., as R's hclust has them, leaves first and each kind in ascending
 * order; merge_height and merge_rows [steps], the height at which the two were merged and the
 * training rows below; leaf_segment [steps + 1] the segment of each leaf, from 0, in which all
 * leaves are that a step of the first steps + 1 - segments has joined.
 */
#ifndef ML_DENDROGRAM_H
#define ML_DENDROGRAM_H

#include "learn/kmeans.h"

typedef enum ml_linkage
{
	ML_WARD,    /* by how much the sum of squared distances grows: hclust's ward.D2 */
	ML_AVERAGE, /* mean distance of a row of one from a row of the other */
	ML_COMPLETE /* the largest such distance, between leaves */
} ml_linkage;

/* Leaves on their way to one tree. */
typedef struct ml_dendrogram
{
	ml_linkage linkage;
	int leaves;
	const double *weight; /* [leaves] */
	double *apart;        /* [leaves][leaves] distances; squared for ML_WARD; used up */
	int *left;            /* [leaves - 1] as in the learned arrays */
	int *right;
	double *height;
} ml_dendrogram;

/* Distances of leaves at[leaves][slots], and room for the tree. */
extern ml_status ml_dendrogram_create(ml_host *host, const ml_space *space,
                                      const double *at, ml_dendrogram *tree);

extern ml_status ml_dendrogram_grow(ml_host *host, ml_dendrogram *tree);

/* Which of k parts, from 0, each leaf is in if the last k - 1 steps are left out. */
extern ml_status
ml_dendrogram_cut(ml_host *host, const ml_dendrogram *tree, int k, int *part);

/* Are learned arrays such a tree, of that many segments? */
extern ml_status
ml_dendrogram_check(ml_host *host, const ml_fitted *fitted, int segments);

#endif
