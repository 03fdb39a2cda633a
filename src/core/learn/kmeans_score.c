/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_score.c: using centres: how near a row is to each, and what makes it so.
 *
 * The margin of a segment is minus half the squared distance, so that probabilities are those of
 * normal distributions about the centres, all with the unit of the space for deviation.
 *
 * Of a row x so far away that squares leave no digits of centres, or are out of range, centres are
 * held against each other in pairs,
 *
 *	(|x - d|^2 - |x - c|^2) / 2 = sum_j (c_j - d_j) (x_j - (c_j + d_j) / 2)
 *
 * which has neither trouble, and margins are those over the nearest one.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct center_scorer
{
	ml_space space;
	ml_centers centers;
	int features;
	double far; /* a squared distance from which on centres are held against each other */
	int exponent; /* 2^exponent is more than any number of a centre */
} center_scorer;

/* How far away is far; ML_BAD_MODEL of centres that have no distances. */
static ml_status
measure_centers(ml_host *host, center_scorer *scorer)
{
	const ml_space *space = &scorer->space;
	const ml_centers *centers = &scorer->centers;
	double *origin, most = 0;

	ML_NEW(host, origin, space->slots);
	for (int c = 0; c < centers->count; c++)
	{
		const double *at = centers->at + c * space->slots;
		double square = ml_space_apart(space, at, origin);

		ML_PAUSE(host, c);
		if (!isfinite(square))
			return ML_BAD_MODEL;
		most = square > most ? square : most;
		for (int j = 0; j < space->numbers; j++)
		{
			int exponent = ml_far_exponent_of(at[space->number_slot[j]]);

			scorer->exponent = exponent > scorer->exponent ? exponent : scorer->exponent;
		}
	}
	for (int64_t i = 0; i < centers->tiles * space->labels * ML_TILE; i++)
		if (!(centers->price[i] <= 4 * ML_LARGEST))
			return ML_BAD_MODEL;
	scorer->far = most > 0 && most < ML_LARGEST / ML_FAR ? most * ML_FAR : ML_LARGEST;
	return ML_OK;
}

ml_status
ml_kmeans_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                  const ml_value *options, void **state)
{
	center_scorer *scorer;
	const double *centers;

	(void) options;
	ML_NEW(host, scorer, 1);
	scorer->features = schema->features;
	ML_TRY(ml_space_read(host, schema, fitted, &scorer->space));
	centers = ml_fitted_finite(fitted, "centers", schema->classes * scorer->space.slots);
	if (centers == NULL)
		return ML_BAD_MODEL;
	ML_TRY(ml_centers_create(host, &scorer->space, schema->classes, &scorer->centers));
	memcpy(scorer->centers.at, centers,
	       (size_t) (schema->classes * scorer->space.slots) * sizeof *centers);
	for (int c = 0; c < schema->classes; c++)
	{
		ML_PAUSE(host, c);
		ml_centers_pack(&scorer->centers, c);
	}
	*state = scorer;
	return measure_centers(host, scorer);
}

double
ml_kmeans_work(const void *state)
{
	const center_scorer *scorer = state;

	return (double) scorer->centers.tiles *
	       (scorer->space.numbers * ML_TILE / 2 + scorer->space.categories * ML_TILE / 2);
}

/* What a category adds to the squared distance from a centre. */
static double
price_of(const center_scorer *scorer, int c, const double *row, int center)
{
	const ml_space *space = &scorer->space;
	double label = row[space->category[c]];
	int64_t level =
	    label < 0 ? space->schema->feature[space->category[c]].levels : (int64_t) label;

	return scorer->centers
	    .price[((center / ML_TILE) * space->labels + space->first_label[c] + level) *
	               ML_TILE +
	           center % ML_TILE];
}

static int
far_exponent(const center_scorer *scorer, const double *row)
{
	int exponent = ml_far_exponent(&scorer->space, row);

	return exponent > scorer->exponent ? exponent : scorer->exponent;
}

/* What a number does to bring a row nearer to one centre than to another, times 2^-exponent. */
static double
pull_of(const center_scorer *scorer, int number, const double *row, int exponent,
        const int pair[2])
{
	const ml_space *space = &scorer->space;
	int64_t slot = space->number_slot[number];
	double one = scorer->centers.at[pair[0] * space->slots + slot];
	double other = scorer->centers.at[pair[1] * space->slots + slot];
	double x = ml_far_number(space, number, row[space->number[number]], exponent);

	return (one - other) * (x - ldexp(one / 2 + other / 2, -exponent));
}

/* The margin of one centre less that of another, times 2^-exponent. */
static double
margin_between(const center_scorer *scorer, const double *row, int exponent, int one,
               int other)
{
	const int pair[] = {one, other};
	double sum = 0, labels = 0;

	for (int j = 0; j < scorer->space.numbers; j++)
		sum += pull_of(scorer, j, row, exponent, pair);
	for (int c = 0; c < scorer->space.categories; c++)
		labels += price_of(scorer, c, row, other) - price_of(scorer, c, row, one);
	return sum + ldexp(labels, -exponent - 1);
}

static void
far_margins(const center_scorer *scorer, const double *row, double *margin)
{
	int exponent = far_exponent(scorer, row), nearest = 0;

	for (int c = 1; c < scorer->centers.count; c++)
		if (margin_between(scorer, row, exponent, c, nearest) > 0)
			nearest = c;
	for (int c = 0; c < scorer->centers.count; c++)
		margin[c] =
		    fmin(0, ldexp(margin_between(scorer, row, exponent, c, nearest), exponent));
}

void
ml_kmeans_margins(const void *state, const double *row, double *margin)
{
	const center_scorer *scorer = state;
	double squared[ML_MAX_SEGMENTS + ML_TILE], least = INFINITY;

	ml_centers_of_row(&scorer->centers, row, squared);
	for (int c = 0; c < scorer->centers.count; c++)
	{
		margin[c] = -squared[c] / 2;
		least = squared[c] < least ? squared[c] : least;
	}
	if (!(least < scorer->far))
		far_margins(scorer, row, margin);
}

double
ml_kmeans_distance(const void *state, const double *row, int segment)
{
	const center_scorer *scorer = state;
	const ml_space *space = &scorer->space;
	const double *at = scorer->centers.at + segment * space->slots;
	double square = ml_centers_of_one(&scorer->centers, segment, row), labels = 0;
	int exponent;

	if (square < ML_LARGEST)
		return sqrt(square);
	exponent = far_exponent(scorer, row);
	square = 0;
	for (int j = 0; j < space->numbers; j++)
	{
		double away = ml_far_number(space, j, row[space->number[j]], exponent) -
		              ldexp(at[space->number_slot[j]], -exponent);

		square += away * away;
	}
	for (int c = 0; c < space->categories; c++)
		labels += price_of(scorer, c, row, segment);
	return ldexp(sqrt(square + ldexp(labels, -2 * exponent)), exponent);
}

/* The nearest centre but one. */
static int
nearest_but(const double *margin, int count, int but)
{
	int best = -1;

	for (int c = 0; c < count; c++)
		if (c != but && (best < 0 || margin[c] > margin[best]))
			best = c;
	return best;
}

/* How much nearer each feature brings the row to its own centre than to the next one. */
void
ml_kmeans_explain(const void *state, const double *row, double *contribution,
                  double *bias)
{
	const center_scorer *scorer = state;
	const ml_space *space = &scorer->space;
	int exponent = far_exponent(scorer, row), pair[2];
	double margin[ML_MAX_SEGMENTS];

	ml_kmeans_margins(state, row, margin);
	pair[0] = nearest_but(margin, scorer->centers.count, -1);
	pair[1] = nearest_but(margin, scorer->centers.count, pair[0]);
	*bias = 0;
	for (int f = 0; f < scorer->features; f++)
		contribution[f] = 0;
	for (int j = 0; j < space->numbers; j++)
		contribution[space->number[j]] =
		    ldexp(pull_of(scorer, j, row, exponent, pair), exponent);
	for (int c = 0; c < space->categories; c++)
		contribution[space->category[c]] =
		    (price_of(scorer, c, row, pair[1]) - price_of(scorer, c, row, pair[0])) / 2;
}
