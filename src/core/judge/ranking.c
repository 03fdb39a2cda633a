/* SPDX-License-Identifier: PostgreSQL */
/*
 * ranking.c: the curves of two classes: area under the ROC, KS, average precision.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

uint64_t
ml_word_of(double number)
{
	uint64_t word;

	memcpy(&word, &number, sizeof word);
	return word;
}

double
ml_word_number(uint64_t word)
{
	double number;

	memcpy(&number, &word, sizeof number);
	return number;
}

ml_status
ml_ranked_sort(ml_host *host, ml_ranked *ranked, const ml_ranked_work *work)
{
	ml_worker alone = {.host = host};

	for (int side = 0; side < 2; side++)
		ML_TRY(ml_sort_rows(&alone, ranked->row[side], work->spare, ranked->rows[side],
		                    ranked->width, work->tally));
	return ML_OK;
}

/* Rows of one word without a branch, which would be mispredicted every other time. */
static ml_status
merge_side(ml_host *host, const ml_ranked *from[2], int side, ml_ranked *out)
{
	int width = out->width;
	size_t size = (size_t) width * sizeof(uint64_t);
	const uint64_t *a = from[0]->row[side], *a_end = a + from[0]->rows[side] * width;
	const uint64_t *b = from[1]->row[side], *b_end = b + from[1]->rows[side] * width;
	uint64_t *at = out->row[side];

	for (int64_t step = 0; a < a_end && b < b_end; step++, at += width)
	{
		bool second = width == 1 ? *b < *a : ml_row_is_less(b, a, width);

		ML_PAUSE(host, step);
		if (width == 1)
			*at = second ? *b : *a;
		else
			memcpy(at, second ? b : a, size);
		b += second ? width : 0;
		a += second ? 0 : width;
	}
	memcpy(at, a, (size_t) (a_end - a) * sizeof *a);
	memcpy(at + (a_end - a), b, (size_t) (b_end - b) * sizeof *b);
	out->rows[side] = from[0]->rows[side] + from[1]->rows[side];
	return ML_OK;
}

ml_status
ml_ranked_merge(ml_host *host, const ml_ranked *a, const ml_ranked *b, ml_ranked *out)
{
	const ml_ranked *from[] = {a, b};

	for (int side = 0; side < 2; side++)
		if (a->rows[side] + b->rows[side] > 0)
			ML_TRY(merge_side(host, from, side, out));
	return ML_OK;
}

/*
 * Pairs of a negative and a positive in order are counted when the negative is met: all
 * positives above, and of those beside it half.
 */
void
ml_rank_step(ml_rank_walk *walk, const double within[2])
{
	double gap, above[2];

	ml_careful_add(&walk->area,
	               within[0] * (ml_careful_value(&walk->above[1]) + within[1] / 2));
	for (int side = 0; side < 2; side++)
	{
		ml_careful_add(&walk->above[side], within[side]);
		above[side] = ml_careful_value(&walk->above[side]);
	}
	if (within[1] > 0)
		ml_careful_add(&walk->precision, within[1] * (above[1] / (above[0] + above[1])));
	gap = fabs(above[0] * walk->total[1] - above[1] * walk->total[0]);
	walk->ks = gap > walk->ks ? gap : walk->ks;
}

static double
or_undefined(const ml_rank_walk *walk, double value)
{
	return walk->total[0] > 0 && walk->total[1] > 0 ? value : NAN;
}

double
ml_rank_auc(const ml_rank_walk *walk)
{
	return or_undefined(walk, ml_careful_value(&walk->area) /
	                              (walk->total[0] * walk->total[1]));
}

double
ml_rank_ks(const ml_rank_walk *walk)
{
	return or_undefined(walk, walk->ks / (walk->total[0] * walk->total[1]));
}

double
ml_rank_average_precision(const ml_rank_walk *walk)
{
	return or_undefined(walk, ml_careful_value(&walk->precision) / walk->total[1]);
}

static double
weight_at(const ml_ranked *ranked, int side, int64_t row)
{
	return ranked->width > 1 ? ml_word_number(ranked->row[side][row * ranked->width + 1])
	                         : 1;
}

static double
total_of(const ml_ranked *ranked, int side)
{
	ml_careful_sum sum = {0};

	if (ranked->width == 1)
		return (double) ranked->rows[side];
	for (int64_t i = ranked->rows[side]; i-- > 0;)
		ml_careful_add(&sum, weight_at(ranked, side, i));
	return ml_careful_value(&sum);
}

ml_status
ml_ranked_walk(ml_host *host, const ml_ranked *ranked, ml_rank_walk *walk)
{
	int64_t left[2] = {ranked->rows[0], ranked->rows[1]};
	int64_t width = ranked->width;

	*walk = (ml_rank_walk){.total = {total_of(ranked, 0), total_of(ranked, 1)}};
	for (int64_t step = 0; left[0] > 0 || left[1] > 0; step++)
	{
		double within[2] = {0, 0};
		uint64_t key[2] = {0, 0}, highest;

		for (int side = 0; side < 2; side++)
			if (left[side] > 0)
				key[side] = ranked->row[side][(left[side] - 1) * width];
		highest = key[0] > key[1] ? key[0] : key[1];
		for (int side = 0; side < 2; side++)
			while (left[side] > 0 &&
			       ranked->row[side][(left[side] - 1) * width] == highest)
				within[side] += weight_at(ranked, side, --left[side]);
		ml_rank_step(walk, within);
		ML_PAUSE(host, step);
	}
	return ML_OK;
}
