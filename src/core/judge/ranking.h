/* SPDX-License-Identifier: PostgreSQL */
/*
 * ranking.h: measures of the order that scores put rows in.
 *
 * Rows are collected, sorted and walked through once from the highest score down.  Rows of
 * one score are one step: none of them is before another.  Sorted rows are in one order
 * however they came, so the answers are the same bits.
 */
#ifndef ML_RANKING_H
#define ML_RANKING_H

#include "base/base.h"

#define ML_RANKED_WORDS 3
#define ML_RANKED_MOST (INT64_C(1) << 31) /* rows of a side; counts of pairs then fit */

/*
 * Rows as words that sort like their numbers: first the key of the score (ml_number_key),
 * then by use
 *
 *	curves: two sides, negatives and positives; 1 word, or 2 with the bits of the weight
 *	relevance: one side; 2 words, the second one the bits of the relevance
 *	concordance: one side; the keys of outcome and score, or 3 with the bits of the weight
 *	samples: two sides, expected and actual; 1 word
 */
typedef struct ml_ranked
{
	int width;        /* words of a row */
	uint64_t *row[2]; /* [rows][width] */
	int64_t rows[2];
} ml_ranked;

/* What the host hands in to sort and to measure with. */
typedef struct ml_ranked_work
{
	uint64_t *
	    spare; /* as large as the larger side; for concordance ML_RANKED_PAIRS words a row */
	int64_t *tally; /* [ML_SORT_TALLY] */
} ml_ranked_work;

#define ML_RANKED_PAIRS 4

/* Sorts both sides. */
extern ml_status
ml_ranked_sort(ml_host *host, ml_ranked *ranked, const ml_ranked_work *work);

/* Two sorted ones of one width into a third, which has room for all rows of both. */
extern ml_status
ml_ranked_merge(ml_host *host, const ml_ranked *a, const ml_ranked *b, ml_ranked *out);

extern uint64_t ml_word_of(double number);
extern double ml_word_number(uint64_t word);

/* A sum and what rounding took from it. */
typedef struct ml_careful_sum
{
	double sum;
	double lost;
} ml_careful_sum;

/* A walk through two classes, 0 negative and 1 positive, from the highest score down. */
typedef struct ml_rank_walk
{
	double total[2]; /* weight; what the steps add up to */
	ml_careful_sum above[2];
	ml_careful_sum area;      /* pairs in order, those of a step half */
	ml_careful_sum precision; /* of every positive */
	double ks;
} ml_rank_walk;

/* What is lost is known to the bit (Knuth), and added at the end. */
static inline void
ml_careful_add(ml_careful_sum *sum, double more)
{
	double next = sum->sum + more, part = next - sum->sum;

	sum->lost += (sum->sum - (next - part)) + (more - part);
	sum->sum = next;
}

static inline double
ml_careful_value(const ml_careful_sum *sum)
{
	return sum->sum + sum->lost;
}

/* One step: the weights of the rows of one score. */
extern void ml_rank_step(ml_rank_walk *walk, const double within[2]);

/* NaN unless there are both classes. */
extern double ml_rank_auc(const ml_rank_walk *walk);
extern double ml_rank_ks(const ml_rank_walk *walk);
extern double ml_rank_average_precision(const ml_rank_walk *walk);

/* Walks through sorted rows of two sides. */
extern ml_status
ml_ranked_walk(ml_host *host, const ml_ranked *ranked, ml_rank_walk *walk);

/*
 * Measures of the k highest scores, where ties share their places evenly; NaN where nothing
 * is relevant.  The first is of relevance, the others of two sides.
 */
extern ml_status ml_ranked_ndcg(ml_host *host, const ml_ranked *ranked, int64_t k,
                                const ml_ranked_work *work, double *ndcg);
extern double ml_ranked_recall(const ml_ranked *ranked, int64_t k);
extern ml_status
ml_ranked_precision(ml_host *host, const ml_ranked *ranked, int64_t k, double *average);

/*
 * Share of the pairs of different outcome that scores put in order, ties half; NaN if there
 * is no such pair.
 */
extern ml_status ml_ranked_concordance(ml_host *host, const ml_ranked *ranked,
                                       const ml_ranked_work *work, double *concordance);

/*
 * Population stability index: sum of (a - e) ln(a / e) over bins between the quantiles of
 * side 0, whose shares are e; a are those of side 1.  NaN if a side is empty.
 */
extern double ml_ranked_psi(const ml_ranked *ranked, int bins);

#endif
