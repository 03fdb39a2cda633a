/* SPDX-License-Identifier: PostgreSQL */
/*
 * concordance.c: how many pairs of rows scores put in the order of their outcomes.
 *
 * Rows are in order of outcome and, within one outcome, of score.  A pair is then out of
 * order just where a later row has a lower score: these are what a merge sort by score finds
 * (Knight 1966).  Pairs count by the product of their weights, which without weights is exact.
 */
#include "judge/judge.h"

#include <math.h>

/* A row by score. */
typedef struct scored
{
	uint64_t key;
	double weight;
} scored;

static scored
row_at(const ml_ranked *ranked, int64_t row)
{
	const uint64_t *word = ranked->row[0] + row * ranked->width;

	return (scored){word[1], ranked->width > 2 ? ml_word_number(word[2]) : 1};
}

/*
 * Merges two sorted runs, of which the right one begins where the left one ends; adds the
 * weight of the pairs that were out of order.
 */
static ml_status
merge(ml_host *host, const scored *left, const scored *right, const scored *right_end,
      scored *out, ml_careful_sum *disorder)
{
	const scored *left_end = right;
	double waiting = 0;

	for (const scored *row = left; row < left_end; row++)
		waiting += row->weight;
	for (int64_t merged = 1; left < left_end || right < right_end; merged++)
	{
		bool is_right = left == left_end || (right < right_end && right->key < left->key);

		ML_PAUSE(host, merged);
		if (!is_right)
			waiting -= left->weight;
		else if (left < left_end)
			ml_careful_add(disorder, right->weight * waiting);
		*out++ = is_right ? *right++ : *left++;
	}
	return ML_OK;
}

/* Sorts rows by score; *sorted is rows or spare. */
static ml_status
count_disorder(ml_host *host, scored *rows, scored *spare, int64_t count,
               double *disorder, scored **sorted)
{
	ml_careful_sum sum = {0};

	for (int64_t run = 1; run < count; run *= 2)
	{
		scored *swap = rows;

		for (int64_t begin = 0; begin < count; begin += 2 * run)
		{
			int64_t middle = begin + run < count ? begin + run : count;
			int64_t end = middle + run < count ? middle + run : count;

			ML_PAUSE(host, begin / run);
			ML_TRY(merge(host, rows + begin, rows + middle, rows + end, spare + begin,
			             &sum));
		}
		rows = spare;
		spare = swap;
	}
	*disorder = ml_careful_value(&sum);
	*sorted = rows;
	return ML_OK;
}

/* Weight of the pairs among rows, given as the sums of their weights and of the squares. */
typedef struct pairs
{
	double weight;
	double squares;
} pairs;

static double
pairs_among(const pairs *rows)
{
	return (rows->weight * rows->weight - rows->squares) / 2;
}

static void
pairs_add(pairs *rows, double weight)
{
	rows->weight += weight;
	rows->squares += weight * weight;
}

/* Pairs of different outcome, and those of one outcome and of one score. */
static void
count_ties(const ml_ranked *ranked, double *different, double *alike)
{
	ml_careful_sum apart = {0}, same = {0};
	pairs outcome = {0}, both = {0};
	double before = 0;

	for (int64_t i = 0; i < ranked->rows[0]; i++)
	{
		const uint64_t *word = ranked->row[0] + i * ranked->width;
		bool next_outcome = i > 0 && word[0] != word[-ranked->width];

		if (next_outcome || (i > 0 && word[1] != word[1 - ranked->width]))
		{
			ml_careful_add(&same, pairs_among(&both));
			both = (pairs){0};
		}
		if (next_outcome)
		{
			ml_careful_add(&apart, before * outcome.weight);
			before += outcome.weight;
			outcome = (pairs){0};
		}
		pairs_add(&outcome, row_at(ranked, i).weight);
		pairs_add(&both, row_at(ranked, i).weight);
	}
	ml_careful_add(&apart, before * outcome.weight);
	ml_careful_add(&same, pairs_among(&both));
	*different = ml_careful_value(&apart);
	*alike = ml_careful_value(&same);
}

static double
count_score_ties(const scored *row, int64_t count)
{
	ml_careful_sum sum = {0};
	pairs score = {0};

	for (int64_t i = 0; i < count; i++)
	{
		if (i > 0 && row[i].key != row[i - 1].key)
		{
			ml_careful_add(&sum, pairs_among(&score));
			score = (pairs){0};
		}
		pairs_add(&score, row[i].weight);
	}
	ml_careful_add(&sum, pairs_among(&score));
	return ml_careful_value(&sum);
}

/* 1 - (pairs out of order + half of those tied by score alone) / pairs of different outcome. */
ml_status
ml_ranked_concordance(ml_host *host, const ml_ranked *ranked, const ml_ranked_work *work,
                      double *concordance)
{
	int64_t count = ranked->rows[0];
	scored *rows = (scored *) work->spare, *spare = rows + count, *sorted;
	double different, alike, disorder, tied;

	for (int64_t i = 0; i < count; i++)
		rows[i] = row_at(ranked, i);
	count_ties(ranked, &different, &alike);
	ML_TRY(count_disorder(host, rows, spare, count, &disorder, &sorted));
	tied = count_score_ties(sorted, count) - alike;
	*concordance = different > 0 ? 1 - (disorder + tied / 2) / different : NAN;
	return ML_OK;
}
