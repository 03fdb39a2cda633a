/* SPDX-License-Identifier: PostgreSQL */
/*
 * count.h: how many of sixteen numbers lie below another, without a branch.
 *
 * Two such questions search 256 edges: how many of every sixteenth lie below the value tells
 * the block, how many of the block the place.  Blocks are filled up with infinity.
 */
#ifndef ML_COUNT_H
#define ML_COUNT_H

#include "base/host.h"

#define ML_COUNTED 16

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define ML_HAS_LANES 1
#endif

/* NaN is no number, and below nothing. */
static inline int
ml_count_below(const double *edge, double x)
{
	int64_t count = 0;

	for (int i = 0; i < ML_COUNTED; i++)
		count += edge[i] < x;
	return (int) count;
}

#ifdef ML_HAS_LANES
/* Comparisons answer all ones; packed to two bytes each, in some order, they are counted. */
__attribute__((target("avx2,popcnt"))) static inline int
ml_count_by_fours(const double *edge, double x)
{
	__m256d all = _mm256_set1_pd(x);
	__m256i below[4];

	for (int i = 0; i < 4; i++)
		below[i] = _mm256_castpd_si256(
		    _mm256_cmp_pd(_mm256_loadu_pd(edge + 4 * i), all, _CMP_LT_OQ));
	below[0] = _mm256_packs_epi16(_mm256_packs_epi32(below[0], below[1]),
	                              _mm256_packs_epi32(below[2], below[3]));
	return _mm_popcnt_u32((unsigned) _mm256_movemask_epi8(below[0])) / 2;
}
#endif

#endif
