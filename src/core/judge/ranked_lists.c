/* SPDX-License-Identifier: PostgreSQL */
/*
 * ranked_lists.c: measures of lists that are read from the top, of orders of values, and of
 * two samples.
 *
 * Rows of one score could stand in any order.  What is answered is the mean over all of them
 * (McSherry and Najork, Computing information retrieval performance measures efficiently in
 * the presence of tied scores, 2008).
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#define LOG_2 0.69314718055994530942

/* Rows of one score, of a list that is walked through from the top. */
typedef struct tie
{
	int64_t before[2]; /* rows of each side above it */
	int64_t rows[2];
} tie;

/* Moves on to the next lower score; false at the end of the list. */
static bool
next_tie(const ml_ranked *ranked, tie *at)
{
	int64_t left[2];
	uint64_t highest = 0;

	for (int side = 0; side < 2; side++)
	{
		at->before[side] += at->rows[side];
		at->rows[side] = 0;
		left[side] = ranked->rows[side] - at->before[side];
		if (left[side] > 0 &&
		    ranked->row[side][(left[side] - 1) * ranked->width] > highest)
			highest = ranked->row[side][(left[side] - 1) * ranked->width];
	}
	for (int side = 0; side < 2; side++)
		while (at->rows[side] < left[side] &&
		       ranked->row[side][(left[side] - at->rows[side] - 1) * ranked->width] ==
		           highest)
			at->rows[side]++;
	return at->rows[0] + at->rows[1] > 0;
}

static double
discount(int64_t place)
{
	return LOG_2 / log((double) place + 1);
}

/* The gain of the first k places if the highest relevance stood first. */
static ml_status
ideal_gain(ml_host *host, const ml_ranked *ranked, int64_t k, const ml_ranked_work *work,
           double *gain)
{
	ml_worker alone = {.host = host};
	int64_t rows = ranked->rows[0];
	uint64_t *relevance = work->spare;
	ml_careful_sum sum = {0};

	for (int64_t i = 0; i < rows; i++)
		relevance[i] = ranked->row[0][2 * i + 1];
	ML_TRY(ml_sort_rows(&alone, relevance, relevance + rows, rows, 1, work->tally));
	for (int64_t place = 1; place <= rows && place <= k; place++)
		ml_careful_add(&sum, ml_word_number(relevance[rows - place]) * discount(place));
	*gain = ml_careful_value(&sum);
	return ML_OK;
}

/*
 * Sum of relevance / log2(place + 1) over the first k places, by what it is at best
 * (Jaervelin and Kekaelaeinen 2002).  A row of a tie has the tie's mean relevance.
 */
ml_status
ml_ranked_ndcg(ml_host *host, const ml_ranked *ranked, int64_t k,
               const ml_ranked_work *work, double *ndcg)
{
	int64_t rows = ranked->rows[0];
	ml_careful_sum gain = {0};
	tie at = {.rows = {0}};
	double ideal;

	while (at.before[0] + at.rows[0] < k && next_tie(ranked, &at))
	{
		ml_careful_sum relevance = {0}, discounts = {0};

		for (int64_t i = 1; i <= at.rows[0]; i++)
		{
			int64_t place = at.before[0] + i;

			ML_PAUSE(host, place);
			ml_careful_add(&relevance,
			               ml_word_number(ranked->row[0][2 * (rows - place) + 1]));
			ml_careful_add(&discounts, place <= k ? discount(place) : 0);
		}
		ml_careful_add(&gain, ml_careful_value(&relevance) / (double) at.rows[0] *
		                          ml_careful_value(&discounts));
	}
	ML_TRY(ideal_gain(host, ranked, k, work, &ideal));
	*ndcg = ideal > 0 ? ml_careful_value(&gain) / ideal : NAN;
	return ML_OK;
}

/* Share of the positives among the first k rows; a tie at the end gives of each its share. */
double
ml_ranked_recall(const ml_ranked *ranked, int64_t k)
{
	double found = 0;
	tie at = {.rows = {0}};

	while (at.before[0] + at.before[1] + at.rows[0] + at.rows[1] < k &&
	       next_tie(ranked, &at))
	{
		double rows = (double) (at.rows[0] + at.rows[1]);
		double places = (double) (k - at.before[0] - at.before[1]);

		found += (double) at.rows[1] * (places < rows ? places / rows : 1);
	}
	return ranked->rows[1] > 0 ? found / (double) ranked->rows[1] : NAN;
}

/*
 * Sum over the first k places of precision there if a positive stands there, by the number of
 * positives that could: min(positives, k).  In a tie of n rows, r of them positive, with R
 * positives above, place i is a positive with probability r / n; it then has before it R and,
 * on the mean, (i - 1) (r - 1) / (n - 1) positives.
 */
ml_status
ml_ranked_precision(ml_host *host, const ml_ranked *ranked, int64_t k, double *average)
{
	int64_t could = ranked->rows[1] < k ? ranked->rows[1] : k;
	ml_careful_sum sum = {0};
	tie at = {.rows = {0}};

	while (at.before[0] + at.before[1] + at.rows[0] + at.rows[1] < k &&
	       next_tie(ranked, &at))
	{
		int64_t above = at.before[0] + at.before[1], rows = at.rows[0] + at.rows[1];
		double share = (double) at.rows[1] / (double) rows;
		double beside = rows > 1 ? (double) (at.rows[1] - 1) / (double) (rows - 1) : 0;

		for (int64_t i = 1; at.rows[1] > 0 && i <= rows && above + i <= k; i++)
		{
			double hits = (double) at.before[1] + 1 + (double) (i - 1) * beside;

			ML_PAUSE(host, above + i);
			ml_careful_add(&sum, share * (hits / (double) (above + i)));
		}
	}
	*average = could > 0 ? ml_careful_value(&sum) / (double) could : NAN;
	return ML_OK;
}

/* Rows at or below a key. */
static int64_t
rows_up_to(const uint64_t *row, int64_t rows, uint64_t key)
{
	int64_t low = 0, high = rows;

	while (low < high)
	{
		int64_t middle = low + (high - low) / 2;

		if (row[middle] <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A bin ends at the least value that so many expected rows are at or below. */
double
ml_ranked_psi(const ml_ranked *ranked, int bins)
{
	int64_t expected = ranked->rows[0], seen[2] = {0, 0};
	ml_careful_sum sum = {0};

	if (expected == 0 || ranked->rows[1] == 0)
		return NAN;
	for (int b = 1; b <= bins; b++)
	{
		int64_t at = (b * expected + bins - 1) / bins - 1, upto[2];
		ml_bin bin;

		for (int side = 0; side < 2; side++)
			upto[side] = b == bins ? ranked->rows[side]
			                       : rows_up_to(ranked->row[side], ranked->rows[side],
			                                    ranked->row[0][at]);
		bin = (ml_bin){.events = (double) (upto[0] - seen[0]),
		               .non_events = (double) (upto[1] - seen[1])};
		if (bin.events == 0 && bin.non_events == 0)
			continue;
		ml_bin_weigh(&bin, (double) expected, (double) ranked->rows[1]);
		ml_careful_add(&sum, bin.iv);
		memcpy(seen, upto, sizeof seen);
	}
	return ml_careful_value(&sum);
}
