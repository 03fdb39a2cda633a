/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture_score.c: using a mixture: how likely a row is in each segment, and what makes it so.
 *
 * The margin of a segment is the log of its weight times the density of the row, so that
 * probabilities are posterior ones and the log of the sum of exp(margin) is the row's log-likelihood.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SIDE 4 /* segments whose margins are taken together */
#define FACTORS                                                                          \
	1e150 /* most of a factor, and least of its diagonal: squares are in range */

typedef struct mixture_scorer
{
	ml_mixture mixture;
	int tiles;
	double *mean;   /* [tiles][numbers][SIDE] */
	double *packed; /* [tiles][numbers or triangle][SIDE] of factors */
	double *price;  /* [tiles][labels][SIDE] logs of shares */
} mixture_scorer;

/* Places of a packed factor. */
static int64_t
packed_size(const ml_mixture *m)
{
	int64_t numbers = m->space->numbers;

	return m->full ? numbers * (numbers + 1) / 2 : numbers;
}

static void
pack_segment(mixture_scorer *scorer, int segment)
{
	const ml_mixture *m = &scorer->mixture;
	const ml_space *space = m->space;
	int64_t size = packed_size(m), tile = segment / SIDE, at = 0;
	const double *factor = m->factor + segment * m->size;
	double *mean = scorer->mean + tile * space->numbers * SIDE + segment % SIDE;
	double *packed = scorer->packed + tile * size * SIDE + segment % SIDE;
	double *price = scorer->price + tile * space->labels * SIDE + segment % SIDE;

	for (int i = 0; i < space->numbers; i++)
	{
		mean[i * SIDE] = m->center[segment * space->slots + space->number_slot[i]];
		for (int j = m->full ? 0 : i; j <= i; j++)
			packed[at++ * SIDE] =
			    m->full ? factor[(int64_t) i * space->numbers + j] : factor[i];
	}
	for (int64_t i = 0; i < space->labels; i++)
		price[i * SIDE] = m->log_share[segment * space->labels + i];
}

ml_status
ml_mixture_state(ml_host *host, const ml_mixture *mixture, void **state)
{
	const ml_space *space = mixture->space;
	int64_t tiles = (mixture->k + SIDE - 1) / SIDE;
	mixture_scorer *out;

	ML_NEW(host, out, 1);
	out->mixture = *mixture;
	out->tiles = (int) tiles;
	ML_NEW(host, out->mean, tiles * space->numbers * SIDE);
	ML_NEW(host, out->packed, tiles * packed_size(mixture) * SIDE);
	ML_NEW(host, out->price, tiles * space->labels * SIDE);
	for (int s = 0; s < mixture->k; s++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		pack_segment(out, s);
	}
	*state = out;
	return ML_OK;
}

/* Factors as they were learned: in range, and above nought on the diagonal. */
static bool
read_factors(ml_mixture *m, const double *learned)
{
	int numbers = m->space->numbers;

	for (int s = 0; s < m->k; s++)
		for (int i = 0; i < numbers; i++)
		{
			double *row = m->factor + s * m->size + (m->full ? (int64_t) i * numbers : i);

			for (int j = 0; m->full && j < i; j++)
			{
				if (!(fabs(*learned) <= FACTORS))
					return false;
				row[j] = *learned++;
			}
			if (!(*learned >= 1 / FACTORS && *learned <= FACTORS))
				return false;
			row[m->full ? i : 0] = *learned++;
		}
	return true;
}

/* Shares of labels are shares. */
static bool
has_shares(const ml_mixture *m)
{
	const ml_space *space = m->space;

	for (int s = 0; s < m->k; s++)
		for (int c = 0; c < space->categories; c++)
		{
			const double *share = m->center + s * space->slots + space->category_slot[c];

			for (int l = 0; l <= space->schema->feature[space->category[c]].levels; l++)
				if (!(share[l] >= 0 && share[l] <= 1.000001))
					return false;
		}
	return true;
}

static ml_status
read_mixture(ml_host *host, const ml_space *space, int k, const ml_fitted *fitted,
             ml_mixture *m)
{
	int64_t numbers = space->numbers, triangle = numbers * (numbers + 1) / 2;
	const ml_part *part = ml_fitted_part(fitted, "factors");
	bool full = part != NULL && part->count == k * triangle && part->count != k * numbers;
	const double *weight = ml_fitted_finite(fitted, "weights", k);
	const double *center = ml_fitted_finite(fitted, "centers", k * space->slots);
	const double *factor =
	    ml_fitted_finite(fitted, "factors", k * (full ? triangle : numbers));

	if (weight == NULL || center == NULL || factor == NULL ||
	    (full && numbers > ML_FULL_NUMBERS))
		return ML_BAD_MODEL;
	ML_TRY(ml_mixture_create(host, space, k, full, m));
	memcpy(m->weight, weight, (size_t) k * sizeof *weight);
	memcpy(m->center, center, (size_t) (k * space->slots) * sizeof *center);
	if (!read_factors(m, factor) || !has_shares(m))
		return ML_BAD_MODEL;
	ml_mixture_settle(m);
	for (int s = 0; s < k; s++)
		if (!(weight[s] > 0 && weight[s] <= 1) || !isfinite(m->constant[s]))
			return ML_BAD_MODEL;
	return ML_OK;
}

ml_status
ml_mixture_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                   const ml_value *options, void **state)
{
	ml_mixture mixture;
	ml_space *space;

	(void) options;
	ML_NEW(host, space, 1);
	ML_TRY(ml_space_read(host, schema, fitted, space));
	ML_TRY(read_mixture(host, space, schema->classes, fitted, &mixture));
	return ml_mixture_state(host, &mixture, state);
}

double
ml_mixture_work(const void *state)
{
	const mixture_scorer *scorer = state;

	return (double) scorer->tiles * SIDE / 2 *
	       ((double) packed_size(&scorer->mixture) + scorer->mixture.space->numbers +
	        scorer->mixture.space->categories);
}

/* What a row's labels add to the margin of each segment of a tile. */
static void
add_labels(const mixture_scorer *scorer, int tile, const double *row, double *margin)
{
	const ml_space *space = scorer->mixture.space;
	const double *price = scorer->price + tile * space->labels * SIDE;

	for (int c = 0; c < space->categories; c++)
	{
		double label = row[space->category[c]];
		int64_t level = label < 0 ? space->schema->feature[space->category[c]].levels
		                          : (int64_t) label;

		for (int k = 0; k < SIDE; k++)
			margin[k] += price[(space->first_label[c] + level) * SIDE + k];
	}
}

/* Half the squared distances of numbers that are all known, x in units of the space. */
ML_HOT static void
take_triangle(const double *mean, const double *packed, const double *x, int numbers,
              double *margin)
{
	double away[ML_FULL_NUMBERS][SIDE], square[SIDE] = {0};

	for (int i = 0; i < numbers; i++)
	{
		double sum[SIDE] = {0};

		for (int k = 0; k < SIDE; k++)
			away[i][k] = x[i] - mean[(int64_t) i * SIDE + k];
		for (int j = 0; j <= i; j++, packed += SIDE)
			for (int k = 0; k < SIDE; k++)
				sum[k] += packed[k] * away[j][k];
		for (int k = 0; k < SIDE; k++)
			square[k] += sum[k] * sum[k];
	}
	for (int k = 0; k < SIDE; k++)
		margin[k] -= square[k] < ML_LARGEST ? square[k] / 2 : ML_LARGEST;
}

/* The same of diagonals, where what is missing takes its factor along. */
ML_HOT static void
take_diagonal(const mixture_scorer *scorer, int tile, const double *row, double *margin)
{
	const ml_mixture *m = &scorer->mixture;
	const ml_space *space = m->space;
	const double *mean = scorer->mean + (int64_t) tile * space->numbers * SIDE;
	const double *packed = scorer->packed + (int64_t) tile * space->numbers * SIDE;
	double square[SIDE] = {0};

	for (int j = 0; j < space->numbers; j++, mean += SIDE, packed += SIDE)
	{
		double value = row[space->number[j]], x = ml_space_number(space, j, value);

		for (int k = 0; k < SIDE && value == value; k++)
		{
			double z = packed[k] * (x - mean[k]);

			square[k] += z * z;
		}
		for (int k = 0; k < SIDE && value != value; k++)
			margin[k] += ML_HALF_LOG_TWO_PI - m->log_unit[j] - log(packed[k]);
	}
	for (int k = 0; k < SIDE; k++)
		margin[k] -= square[k] < ML_LARGEST ? square[k] / 2 : ML_LARGEST;
}

/* Numbers of a row in units of the space; answers how many are missing, and where. */
static int
load_row(const ml_space *space, const double *row, double *x, int *gap)
{
	int gaps = 0;

	for (int j = 0; j < space->numbers; j++)
	{
		double value = row[space->number[j]];

		x[j] = ml_space_number(space, j, value);
		if (value != value)
			gap[gaps++] = j;
	}
	return gaps;
}

/* Apart, since rows without gaps have no use for the room. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static double
fill_row(const ml_mixture *m, int segment, const int *gap, int count, double *away)
{
	double root[ML_GAP_NUMBERS];
	ml_gaps gaps = {.place = gap, .count = count, .root = root};

	return ml_mixture_fill(m, segment, &gaps, away);
}

/* A row's numbers less the segment's mean, filled in; answers what gaps add to the margin. */
static double
center_row(const ml_mixture *m, int segment, const double *row, double *away)
{
	const double *center = m->center + segment * m->space->slots;
	int gap[ML_FULL_NUMBERS], gaps = load_row(m->space, row, away, gap);

	for (int j = 0; j < m->space->numbers; j++)
		away[j] -= center[m->space->number_slot[j]];
	return gaps > 0 ? fill_row(m, segment, gap, gaps, away) : 0;
}

static void
full_margins(const mixture_scorer *scorer, const double *row, double *margin)
{
	const ml_mixture *m = &scorer->mixture;
	int numbers = m->space->numbers, gap[ML_FULL_NUMBERS];
	double x[ML_FULL_NUMBERS], away[ML_FULL_NUMBERS];
	int gaps = load_row(m->space, row, x, gap);

	for (int tile = 0; gaps == 0 && tile < scorer->tiles; tile++)
		take_triangle(scorer->mean + (int64_t) tile * numbers * SIDE,
		              scorer->packed + tile * packed_size(m) * SIDE, x, numbers,
		              margin + tile * SIDE);
	for (int s = 0; gaps > 0 && s < m->k; s++)
	{
		double added = center_row(m, s, row, away);
		double square = ml_mixture_square(m, s, away);

		margin[s] += added - (square < ML_LARGEST ? square / 2 : ML_LARGEST);
	}
}

/* Margins from squares; false where these say too little. */
static bool
near_margins(const mixture_scorer *scorer, const double *row, double *margin)
{
	const ml_mixture *m = &scorer->mixture;
	double sum[ML_MAX_SEGMENTS + SIDE];

	memcpy(sum, m->constant, (size_t) m->k * sizeof *sum);
	for (int s = m->k; s < scorer->tiles * SIDE; s++)
		sum[s] = 0;
	for (int tile = 0; tile < scorer->tiles; tile++)
	{
		if (!m->full)
			take_diagonal(scorer, tile, row, sum + tile * SIDE);
		add_labels(scorer, tile, row, sum + tile * SIDE);
	}
	if (m->full)
		full_margins(scorer, row, sum);
	memcpy(margin, sum, (size_t) m->k * sizeof *margin);
	return margin[ml_likeliest(m->k, margin)] > -ML_FAR;
}

void
ml_mixture_margins(const void *state, const double *row, double *margin)
{
	const mixture_scorer *scorer = state;

	if (!near_margins(scorer, row, margin))
		ml_mixture_far_margins(&scorer->mixture, row, margin);
}

double
ml_mixture_log_density(const void *state, const double *row)
{
	const mixture_scorer *scorer = state;
	const ml_mixture *m = &scorer->mixture;
	double margin[ML_MAX_SEGMENTS], beyond = 0, most, sum = 0;

	if (!near_margins(scorer, row, margin))
		beyond = ml_mixture_far_margins(m, row, margin);
	most = margin[ml_likeliest(m->k, margin)];
	for (int s = 0; s < m->k; s++)
		sum += exp(margin[s] - most);
	return beyond + most + log(sum);
}

/* Twice what a row's labels lack of the likeliest ones of a segment. */
static double
label_square(const ml_mixture *m, int segment, const double *row)
{
	const ml_space *space = m->space;
	const double *log_share = m->log_share + segment * space->labels;
	double sum = 0;

	for (int c = 0; c < space->categories; c++)
	{
		int levels = space->schema->feature[space->category[c]].levels;
		const double *share =
		    m->center + segment * space->slots + space->category_slot[c];
		int64_t at = ml_mixture_label(space, c, row);
		double most = 0;

		for (int level = 0; level <= levels; level++)
			most = share[level] > most ? share[level] : most;
		if (share[at - space->first_label[c]] > 0)
			sum += 2 * (log(most) - log_share[at]);
	}
	return sum;
}

double
ml_mixture_distance(const void *state, const double *row, int segment)
{
	const ml_mixture *m = &((const mixture_scorer *) state)->mixture;
	const ml_space *space = m->space;
	const double *center = m->center + segment * space->slots;
	double labels = label_square(m, segment, row), square = labels;

	if (m->full)
	{
		double away[ML_FULL_NUMBERS];

		center_row(m, segment, row, away);
		square += ml_mixture_square(m, segment, away);
	}
	for (int j = 0; !m->full && j < space->numbers; j++)
	{
		double value = row[space->number[j]];
		double z = m->factor[segment * m->size + j] *
		           (ml_space_number(space, j, value) - center[space->number_slot[j]]);

		square += value == value ? z * z : 0;
	}
	return square < ML_LARGEST ? sqrt(square)
	                           : ml_mixture_far_distance(m, row, segment, labels);
}

/* The likeliest segment but one. */
static int
likeliest_but(const double *margin, int count, int but)
{
	int best = -1;

	for (int s = 0; s < count; s++)
		if (s != but && (best < 0 || margin[s] > margin[best]))
			best = s;
	return best;
}

/*
 * Adds sign times what each number does to the margin of a segment: d_j (W' W d)_j / 2 is its
 * Shapley value where numbers that are left out stand at the mean.
 */
static void
explain_numbers(const ml_mixture *m, int segment, const double *row, double sign,
                double *contribution)
{
	const ml_space *space = m->space;
	const double *factor = m->factor + segment * m->size;
	const double *center = m->center + segment * space->slots;
	double away[ML_FULL_NUMBERS];
	int numbers = space->numbers;

	for (int j = 0; !m->full && j < numbers; j++)
	{
		double value = row[space->number[j]];
		double z = factor[j] *
		           (ml_space_number(space, j, value) - center[space->number_slot[j]]);

		contribution[space->number[j]] -= value == value ? sign * z * z / 2 : 0;
	}
	if (!m->full)
		return;
	center_row(m, segment, row, away);
	for (int i = 0; i < numbers; i++)
	{
		double z = 0;

		for (int j = 0; j <= i; j++)
			z += factor[(int64_t) i * numbers + j] * away[j];
		for (int j = 0; j <= i; j++)
			contribution[space->number[j]] -=
			    sign * factor[(int64_t) i * numbers + j] * z * away[j] / 2;
	}
}

/* The bias is what the segments' weights and spreads say, and all that gaps add. */
void
ml_mixture_explain(const void *state, const double *row, double *contribution,
                   double *bias)
{
	const ml_mixture *m = &((const mixture_scorer *) state)->mixture;
	const ml_space *space = m->space;
	double margin[ML_MAX_SEGMENTS];
	int own, other;

	ml_mixture_margins(state, row, margin);
	own = likeliest_but(margin, m->k, -1);
	other = likeliest_but(margin, m->k, own);
	for (int f = 0; f < space->schema->features; f++)
		contribution[f] = 0;
	explain_numbers(m, own, row, 1, contribution);
	explain_numbers(m, other, row, -1, contribution);
	for (int c = 0; c < space->categories; c++)
	{
		int64_t at = ml_mixture_label(space, c, row);

		contribution[space->category[c]] = m->log_share[own * space->labels + at] -
		                                   m->log_share[other * space->labels + at];
	}
	*bias = margin[own] - margin[other];
	for (int f = 0; f < space->schema->features; f++)
		*bias -= contribution[f];
}
