/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture_choose.c: how many normal distributions the rows are a mixture of.
 *
 * The number with the least Bayesian information criterion is chosen (Fraley and Raftery 2002).
 * Whether there are segments at all is told by the criterion of one distribution, and by that of
 * rows spread evenly, which many normal distributions describe better than one does.  The table
 * also has the silhouette of the segments and their stability, as for centres (kmeans_choose.c).
 * All of it is of a sample, the rows of the lowest keys.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE 2048  /* rows that are looked at */
#define BEGINNINGS 4 /* of each fit */
#define ITERATIONS 60
#define TOLERANCE 1e-4
#define STRONG                                                                           \
	10 /* difference of BIC that is very strong evidence (Kass and Raftery 1995) */

typedef struct choosing
{
	ml_search search;
	int64_t begin;
	int64_t end;
	double *row;      /* [features] */
	ml_points *block; /* the sample */
} choosing;

static ml_status
open_sample(choosing *c)
{
	ml_host *host = c->search.host;
	int64_t rows = c->end - c->begin;

	ML_NEW(host, c->row, c->search.problem->schema->features);
	ML_NEW(host, c->block, (rows + ML_BLOCK - 1) / ML_BLOCK);
	for (int64_t i = 0; i < rows; i++)
	{
		ml_points *block = &c->block[i / ML_BLOCK];

		if (i % ML_BLOCK == 0)
		{
			if (ml_stop(host))
				return ML_STOPPED;
			ML_TRY(ml_points_create(host, c->search.space, block));
		}
		ml_problem_row(c->search.problem, c->begin + i, c->row);
		ml_points_put(c->search.space, c->row, block->rows++, block);
	}
	return ML_OK;
}

/* The segment of each row of the sample. */
static ml_status
assign_rows(choosing *c, const ml_mixture *mixture, int32_t *segment)
{
	double margin[ML_MAX_SEGMENTS];
	void *state;

	ML_TRY(ml_mixture_state(c->search.host, mixture, &state));
	for (int64_t row = c->begin; row < c->end; row++)
	{
		if (row % ML_BLOCK == 0 && ml_stop(c->search.host))
			return ML_STOPPED;
		ml_problem_row(c->search.problem, row, c->row);
		ml_mixture_margins(state, c->row, margin);
		segment[row - c->begin] = ml_likeliest(mixture->k, margin);
	}
	return ML_OK;
}

/* How far segments agree that two halves of the sample make. */
static ml_status
fit_halves(choosing *c, double *stability)
{
	ml_host *host = c->search.host;
	int64_t middle = c->begin + (c->end - c->begin) / 2;
	int32_t *segment[2];
	double *count;
	int k = c->search.k;

	for (int half = 0; half < 2; half++)
	{
		ml_found found;

		ML_NEW(host, segment[half], c->end - c->begin);
		ML_TRY(ml_mixture_search(&c->search, half == 0 ? c->begin : middle,
		                         half == 0 ? middle : c->end, &found));
		ML_TRY(assign_rows(c, &found.mixture, segment[half]));
	}
	ML_NEW(host, count, (int64_t) k * k);
	*stability = ml_adjusted_rand(segment[0], segment[1], c->end - c->begin, k, count);
	return ML_OK;
}

/* One line of the table; of a single distribution the criterion alone. */
static ml_status
try_number(choosing *c, int k, ml_tried *tried)
{
	double rows = (double) (c->end - c->begin), error;
	ml_placed placed = {
	    .space = c->search.space, .rows = c->end - c->begin, .k = k, .block = c->block};
	int32_t *segment;
	ml_found found;

	*tried = (ml_tried){.k = k,
	                    .inertia = NAN,
	                    .silhouette = NAN,
	                    .gap = NAN,
	                    .gap_error = NAN,
	                    .stability = NAN};
	c->search.k = k;
	ML_TRY(ml_mixture_search(&c->search, c->begin, c->end, &found));
	tried->bic =
	    ml_mixture_parameters(&found.mixture) * log(rows) - 2 * rows * found.likelihood;
	if (k == 1)
		return ML_OK;
	ML_NEW(c->search.host, segment, placed.rows);
	ML_TRY(assign_rows(c, &found.mixture, segment));
	placed.segment = segment;
	ML_TRY(ml_silhouette(c->search.host, &placed, &tried->silhouette, &error));
	return fit_halves(c, &tried->stability);
}

static double
weight_of(const ml_problem *problem, int64_t row)
{
	return problem->weight != NULL ? *ml_numbers_at(problem->weight, row) : 1;
}

/* Log-likelihood of numbers spread evenly from the least to the largest; infinite if all are one. */
static double
spread_numbers(const choosing *c, int number)
{
	const ml_problem *problem = c->search.problem;
	const ml_feature *feature =
	    &problem->schema->feature[c->search.space->number[number]];
	double least = INFINITY, most = -INFINITY, known = 0;

	for (int64_t row = c->begin; row < c->end; row++)
	{
		double x = *ml_numbers_at(&problem->frame->column[feature->column], row);

		if (isnan(x))
			continue;
		least = fmin(least, x);
		most = fmax(most, x);
		known += weight_of(problem, row);
	}
	return known > 0 ? -known * log(most - least) : 0;
}

/* The same of labels as often as they are; count [levels + 1] is work space of zeros. */
static double
spread_labels(const choosing *c, int category, double *count)
{
	const ml_problem *problem = c->search.problem;
	const ml_feature *feature =
	    &problem->schema->feature[c->search.space->category[category]];
	double total = 0, likelihood = 0;

	for (int64_t row = c->begin; row < c->end; row++)
	{
		int32_t code = *ml_codes_at(&problem->frame->column[feature->column], row);
		double weight = weight_of(problem, row);

		count[code < 0 ? feature->levels : code] += weight;
		total += weight;
	}
	for (int level = 0; level <= feature->levels; level++)
		if (count[level] > 0)
			likelihood += count[level] * log(count[level] / total);
	return likelihood;
}

/* The criterion of rows whose features have nothing to do with each other, and numbers no centre. */
static ml_status
spread_evenly(const choosing *c, double *bic)
{
	const ml_space *space = c->search.space;
	double rows = (double) (c->end - c->begin), total = 0, likelihood = 0;
	double parameters = 2 * space->numbers;

	for (int64_t row = c->begin; row < c->end; row++)
		total += weight_of(c->search.problem, row);
	for (int j = 0; j < space->numbers; j++)
		likelihood += spread_numbers(c, j);
	for (int f = 0; f < space->categories; f++)
	{
		int levels = space->schema->feature[space->category[f]].levels;
		double *count;

		ML_NEW(c->search.host, count, levels + 1);
		likelihood += spread_labels(c, f, count);
		parameters += levels - 1;
	}
	*bic = parameters * log(rows) - 2 * rows * likelihood / total;
	/* numbers that are all one have no density */
	*bic = isfinite(*bic) ? *bic : INFINITY;
	return ML_OK;
}

/* In a branch: what it takes is given back. */
static ml_status
try_apart(choosing *c, int k, ml_tried *tried)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(c->search.host));
	status = try_number(c, k, tried);
	closed = ml_branch_close(c->search.host, NULL, 0);
	return status != ML_OK ? status : closed;
}

/* Of the whole sample and its halves, for the largest number. */
double
ml_mixture_choose_memory(const ml_search *search, int64_t rows, int threads)
{
	rows = rows < SAMPLE ? rows : SAMPLE;
	return 3 * (ml_kmeans_memory(search->space, search->k, rows, threads) +
	            ml_em_memory(search->space, search->k, search->full, rows, threads));
}

ml_status
ml_mixture_choose(const ml_search *search, ml_choice *choice)
{
	const ml_problem *problem = search->problem;
	int64_t rows = problem->end - problem->begin;
	choosing c = {.search = *search,
	              .begin = problem->begin,
	              .end = problem->begin + (rows < SAMPLE ? rows : SAMPLE)};
	ml_tried one;
	double spread;

	c.search.restarts = search->restarts < BEGINNINGS ? search->restarts : BEGINNINGS;
	c.search.most = search->most < ITERATIONS ? search->most : ITERATIONS;
	c.search.tolerance = search->tolerance > TOLERANCE ? search->tolerance : TOLERANCE;
	ML_TRY(open_sample(&c));
	ML_TRY(try_apart(&c, 1, &one));
	ML_TRY(spread_evenly(&c, &spread));
	ML_NEW(search->host, choice->tried, choice->most);
	for (int k = 2; k <= choice->most; k++)
	{
		ml_status status = try_apart(&c, k, &choice->tried[choice->count]);

		ml_progress(search->host, ML_STAGE_FIT, k - 1, choice->most);
		/* there are no more different rows, or not in both halves */
		if (status == ML_FEW_DISTINCT && choice->count > 0)
			break;
		ML_TRY(status);
		if (choice->tried[choice->count].bic < choice->tried[choice->chosen].bic)
			choice->chosen = choice->count;
		choice->clear |=
		    choice->tried[choice->count].bic < fmin(one.bic, spread) - STRONG;
		choice->count++;
	}
	return ML_OK;
}
