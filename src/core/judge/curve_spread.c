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

/* The gap in a part of the rows. */
typedef struct gap_piece
{
	double total[2]; /* weights of both classes */
	double below[2];
	double gap;
} gap_piece;

typedef struct spread_walk
{
	ml_host *host;
	double total[2];   /* weights of both classes */
	double squares[2]; /* of weights */
	double gap;
	double below[2]; /* where it is widest, shares of both classes */
	gap_piece piece[ML_PIECES];
	double precision;
	double precision_squares
	    [3]; /* of positives' weights, times what precision gains by them */
	double imprecision_squares; /* of negatives', times what it loses */
} spread_walk;

static ml_status
total_classes(const ml_ordered *in, spread_walk *out)
{
	for (int64_t i = 0; i < in->rows; i++)
	{
		const ml_keyed *row = &in->row[i];
		double w = ml_weight_of(in, row);

		ML_PAUSE(out->host, i);
		out->total[ml_is_positive(row)] += w;
		out->squares[ml_is_positive(row)] += w * w;
		out->piece[ml_piece(row)].total[ml_is_positive(row)] += w;
	}
	return ML_OK;
}

/* One score: its rows are [first, next). */
typedef struct tied
{
	int64_t first;
	int64_t next;
	double within[2]; /* weight of each class */
} tied;

static void
find_tied(const ml_ordered *in, tied *at)
{
	at->next = at->first;
	at->within[0] = at->within[1] = 0;
	do
		at->within[ml_is_positive(&in->row[at->next])] +=
		    ml_weight_of(in, &in->row[at->next]);
	while (++at->next < in->rows && in->row[at->next].key == in->row[at->first].key);
}

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

/* The same in each part of the rows that has some of these. */
static void
widen_pieces(const ml_ordered *in, const tied *at, spread_walk *out)
{
	uint32_t met = 0;

	for (int64_t i = at->first; i < at->next; i++)
	{
		const ml_keyed *row = &in->row[i];

		out->piece[ml_piece(row)].below[ml_is_positive(row)] += ml_weight_of(in, row);
		met |= 1u << ml_piece(row);
	}
	for (int k = 0; k < ML_PIECES; k++)
	{
		gap_piece *piece = &out->piece[k];
		double gap;

		if (!(met >> k & 1))
			continue;
		gap = fabs(piece->below[0] / piece->total[0] - piece->below[1] / piece->total[1]);
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

static ml_status
add_precision(const ml_ordered *in, const tied *at, const double above[2],
              precision_walk *sum, spread_walk *out)
{
	double called = above[0] + above[1], precision = above[1] / called;

	out->precision += at->within[1] * precision;
	sum->gain += at->within[1] * (1 - precision) / called;
	sum->loss += at->within[1] * precision / called;
	for (int64_t i = at->first; i < at->next; i++)
	{
		double w = ml_weight_of(in, &in->row[i]), adds = precision + sum->gain;

		ML_PAUSE(out->host, i);
		if (ml_is_positive(&in->row[i]))
		{
			out->precision_squares[0] += w * w;
			out->precision_squares[1] += w * w * adds;
			out->precision_squares[2] += w * w * adds * adds;
		}
		else
			out->imprecision_squares += w * w * sum->loss * sum->loss;
	}
	return ML_OK;
}

static ml_status
walk(const ml_ordered *in, spread_walk *out)
{
	double below[2] = {0, 0};
	precision_walk precision = {0};

	for (tied at = {0}; at.first < in->rows; at.first = at.next)
	{
		find_tied(in, &at);
		ML_TRY(add_precision(
		    in, &at, (double[]){out->total[0] - below[0], out->total[1] - below[1]},
		    &precision, out));
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

	for (int k = 0; k < ML_PIECES; k++)
	{
		if (!(walked->piece[k].total[0] > 0) || !(walked->piece[k].total[1] > 0))
			return 0;
		mean += walked->piece[k].gap / ML_PIECES;
	}
	mean = (mean - walked->gap) / (pow(ML_PIECES, 2 / 3.0) - 1);
	return mean > 0 ? mean : 0;
}

ml_status
ml_curve_spread_find(ml_host *host, const ml_ordered *in, ml_curve_spread *out)
{
	spread_walk walked = {.host = host};
	double p, spread, variance = 0;

	ML_TRY(total_classes(in, &walked));
	ML_TRY(walk(in, &walked));
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
