/* SPDX-License-Identifier: PostgreSQL */
/*
 * curve_spread.c: how far average precision and KS may be off.
 *
 * One walk from the lowest score up.  What each row adds to average precision (its influence) follows
 * from sums of what is below it.  The widest gap between the distributions of two classes is as
 * certain as it would be at a score known before, but too large on average, since it was looked for:
 * in proportion to rows^(-2/3), like the maximum of any smooth curve with noise, so the gaps of
 * parts of the rows tell by how much.
 */
#include "judge/curve.h"

#include <math.h>

#define PIECES 4 /* parts of the rows */

/* The gap in a part of the rows. */
typedef struct gap_piece
{
	double total[2]; /* weights of both classes */
	double below[2];
	double gap;
} gap_piece;

typedef struct spread_walk
{
	double total[2];   /* weights of both classes */
	double squares[2]; /* of weights */
	double gap;
	double below[2]; /* where it is widest, shares of both classes */
	gap_piece piece[PIECES];
	double precision;
	double precision_squares
	    [3]; /* of positives' weights, times what precision gains by them */
	double imprecision_squares; /* of negatives', times what it loses */
} spread_walk;

static double
weight_at(const ml_outcomes *in, int64_t row)
{
	return in->weight != NULL ? in->weight[row] : 1;
}

static bool
is_positive(const ml_outcomes *in, int64_t row)
{
	return in->target[row] > 0;
}

static int
piece_of(int64_t row)
{
	return (int) (ml_hash_mix((uint64_t) row) % PIECES);
}

static void
total_classes(const ml_outcomes *in, spread_walk *out)
{
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i);

		out->total[is_positive(in, i)] += w;
		out->squares[is_positive(in, i)] += w * w;
		out->piece[piece_of(i)].total[is_positive(in, i)] += w;
	}
}

/* One score: its rows are order[first .. next). */
typedef struct tied
{
	const uint32_t *order;
	int64_t first;
	int64_t next;
	double within[2]; /* weight of each class */
} tied;

static void
widen_gap(spread_walk *out, const double below[2])
{
	double gap = fabs(below[0] / out->total[0] - below[1] / out->total[1]);

	if (!(gap > out->gap))
		return;
	out->gap = gap;
	out->below[0] = below[0] / out->total[0];
	out->below[1] = below[1] / out->total[1];
}

/* The same in each part of the rows. */
static void
widen_pieces(const ml_outcomes *in, const tied *rows, spread_walk *out)
{
	for (int64_t i = rows->first; i < rows->next; i++)
	{
		uint32_t row = rows->order[i];

		out->piece[piece_of(row)].below[is_positive(in, row)] += weight_at(in, row);
	}
	for (int k = 0; k < PIECES; k++)
	{
		gap_piece *piece = &out->piece[k];
		double gap =
		    fabs(piece->below[0] / piece->total[0] - piece->below[1] / piece->total[1]);

		piece->gap = gap > piece->gap ? gap : piece->gap;
	}
}

/*
 * Average precision is the mean over positives of the precision p when they and all above are
 * called positive, which are n.  Another positive at a score adds (1 - p) / n to the precision
 * at every score below, and at its own; another negative takes p / n.  gain and loss are the
 * sums of these over the positives so far.
 */
typedef struct precision_walk
{
	double gain;
	double loss;
} precision_walk;

static void
add_precision(const ml_outcomes *in, const tied *rows, const double above[2],
              precision_walk *sum, spread_walk *out)
{
	double called = above[0] + above[1], precision = above[1] / called;

	out->precision += rows->within[1] * precision;
	sum->gain += rows->within[1] * (1 - precision) / called;
	sum->loss += rows->within[1] * precision / called;
	for (int64_t i = rows->first; i < rows->next; i++)
	{
		double w = weight_at(in, rows->order[i]), adds = precision + sum->gain;

		if (is_positive(in, rows->order[i]))
		{
			out->precision_squares[0] += w * w;
			out->precision_squares[1] += w * w * adds;
			out->precision_squares[2] += w * w * adds * adds;
		}
		else
			out->imprecision_squares += w * w * sum->loss * sum->loss;
	}
}

static ml_status
walk(ml_host *host, const ml_outcomes *in, const uint32_t *order, spread_walk *out)
{
	double below[2] = {0, 0};
	precision_walk precision = {0};

	for (tied at = {.order = order}; at.first < in->rows; at.first = at.next)
	{
		at.within[0] = at.within[1] = 0;
		/* the first one counts in any case: a score that is no number equals nothing */
		at.next = at.first;
		do
		{
			ML_PAUSE(host, at.next);
			at.within[is_positive(in, order[at.next])] += weight_at(in, order[at.next]);
		} while (++at.next < in->rows &&
		         in->score[order[at.next]] == in->score[order[at.first]]);
		add_precision(in, &at,
		              (double[]){out->total[0] - below[0], out->total[1] - below[1]},
		              &precision, out);
		below[0] += at.within[0];
		below[1] += at.within[1];
		widen_gap(out, below);
		widen_pieces(in, &at, out);
	}
	return ML_OK;
}

static double
bias_of_gap(const spread_walk *walked)
{
	double mean = 0;

	for (int k = 0; k < PIECES; k++)
	{
		if (!(walked->piece[k].total[0] > 0) || !(walked->piece[k].total[1] > 0))
			return 0;
		mean += walked->piece[k].gap / PIECES;
	}
	mean = (mean - walked->gap) / (pow(PIECES, 2 / 3.0) - 1);
	return mean > 0 ? mean : 0;
}

ml_status
ml_curve_spread_find(ml_host *host, const ml_outcomes *in, const uint32_t *order,
                     ml_curve_spread *out)
{
	spread_walk walked = {.gap = 0};
	double p, spread, variance = 0;

	total_classes(in, &walked);
	ML_TRY(walk(host, in, order, &walked));
	p = walked.precision / walked.total[1];
	spread = walked.precision_squares[2] - 2 * p * walked.precision_squares[1] +
	         p * p * walked.precision_squares[0] + walked.imprecision_squares;
	for (int own = 0; own < 2; own++)
		variance += walked.below[own] * (1 - walked.below[own]) * walked.squares[own] /
		            (walked.total[own] * walked.total[own]);
	*out = (ml_curve_spread){.precision = sqrt(spread > 0 ? spread : 0) / walked.total[1],
	                         .gap = sqrt(variance),
	                         .gap_bias = bias_of_gap(&walked)};
	return ML_OK;
}
