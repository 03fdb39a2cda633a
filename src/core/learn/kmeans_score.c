/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_score.c: using centres: how near a row is to each, and what makes it so.
 *
 * The margin of a segment is minus half the squared distance, so that probabilities are those of
 * normal distributions about the centres, all with the unit of the space for deviation.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct center_scorer
{
	ml_space space;
	ml_centers centers;
	int features;
} center_scorer;

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
	return ML_OK;
}

double
ml_kmeans_work(const void *state)
{
	const center_scorer *scorer = state;

	return (double) scorer->centers.tiles *
	       (scorer->space.numbers * ML_TILE / 2 + scorer->space.categories * ML_TILE / 2);
}

void
ml_kmeans_margins(const void *state, const double *row, double *margin)
{
	const center_scorer *scorer = state;
	double squared[ML_MAX_SEGMENTS + ML_TILE];

	ml_centers_of_row(&scorer->centers, row, squared);
	for (int c = 0; c < scorer->centers.count; c++)
		margin[c] = -squared[c] / 2;
}

double
ml_kmeans_distance(const void *state, const double *row, int segment)
{
	return sqrt(
	    ml_centers_of_one(&((const center_scorer *) state)->centers, segment, row));
}

/* The nearest centre but one. */
static int
nearest_but(const double *squared, int count, int but)
{
	int best = -1;

	for (int c = 0; c < count; c++)
		if (c != but && (best < 0 || squared[c] < squared[best]))
			best = c;
	return best;
}

/* What a category adds to the squared distance from a centre. */
static double
price_of(const center_scorer *scorer, int c, int64_t label, int center)
{
	return scorer->centers.price[((center / ML_TILE) * scorer->space.labels +
	                              scorer->space.first_label[c] + label) *
	                                 ML_TILE +
	                             center % ML_TILE];
}

/* How much nearer each feature brings the row to its own centre than to the next one. */
void
ml_kmeans_explain(const void *state, const double *row, double *contribution,
                  double *bias)
{
	const center_scorer *scorer = state;
	const ml_space *space = &scorer->space;
	double squared[ML_MAX_SEGMENTS + ML_TILE];
	const double *near, *next;
	int own, other;

	ml_centers_of_row(&scorer->centers, row, squared);
	own = nearest_but(squared, scorer->centers.count, -1);
	other = nearest_but(squared, scorer->centers.count, own);
	near = scorer->centers.at + own * space->slots;
	next = scorer->centers.at + other * space->slots;
	*bias = 0;
	for (int f = 0; f < scorer->features; f++)
		contribution[f] = 0;
	for (int j = 0; j < space->numbers; j++)
	{
		double x = ml_space_number(space, j, row[space->number[j]]);
		double a = x - near[space->number_slot[j]], b = x - next[space->number_slot[j]];

		contribution[space->number[j]] = (b * b - a * a) / 2;
	}
	for (int c = 0; c < space->categories; c++)
	{
		double label = row[space->category[c]];
		int64_t at = label < 0 ? space->schema->feature[space->category[c]].levels
		                       : (int64_t) label;

		contribution[space->category[c]] =
		    (price_of(scorer, c, at, other) - price_of(scorer, c, at, own)) / 2;
	}
}
