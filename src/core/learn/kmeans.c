/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans.c: segments about centres as a learner.
 *
 * Several beginnings are tried on a sample of the rows, which are those of the lowest keys; the
 * best of them goes on over all rows.  Where rows are few, each beginning is followed up by
 * moves of single rows, so that it does not end in a poor local minimum.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE_ROWS 8192      /* that beginnings are tried on, at least */
#define ROWS_PER_CENTER 64    /* and for each centre */
#define SAMPLE_ITERATIONS 30  /* of a beginning that is not the end of it */
#define SAMPLE_TOLERANCE 1e-3 /* likewise */
#define EXACT 1               /* iterations over all rows as they are, at least */
#define FEW 3e6  /* numbers looked at by a sweep of moves, for each beginning */
#define SOME 3e7 /* for the best one */

typedef struct kmeans_options
{
	double k; /* infinity: to be chosen */
	int64_t max_k;
	int64_t max_iterations;
	double tolerance;
	int64_t restarts;
	int64_t seed;
	ml_space_options space;
} kmeans_options;

static const ml_option kmeans_option[] = {
    {"k", ML_OPTION_COUNT, offsetof(kmeans_options, k), INFINITY, 2, ML_MAX_SEGMENTS,
     "segments that the rows are put into; auto chooses"},
    {"max_k", ML_OPTION_INTEGER, offsetof(kmeans_options, max_k), 12, 2, 100,
     "most segments that auto chooses"},
    {"max_iterations", ML_OPTION_INTEGER, offsetof(kmeans_options, max_iterations), 300,
     1, 100000,
     "iterations after which training stops; of many rows the first ones look at a part"},
    {"tolerance", ML_OPTION_NUMBER, offsetof(kmeans_options, tolerance), 1e-6, 0, 1,
     "training has converged when centres move by less than this, squared and in all, in units "
     "of the variance of the rows"},
    {"restarts", ML_OPTION_INTEGER, offsetof(kmeans_options, restarts), 10, 1, 1000,
     "beginnings that are tried; the best goes on"},
    {"seed", ML_OPTION_INTEGER, offsetof(kmeans_options, seed), 1, 0, INT64_C(1) << 53,
     "which of all equally good random choices are made"},
    ML_SPACE_OPTIONS(kmeans_options, space),
};

/* A fit under way. */
typedef struct course
{
	ml_host *host;
	const ml_problem *problem;
	const kmeans_options *given;
	ml_space space;
	int k;
	double *best; /* [k][slots] centres of the best beginning */
	double inertia;
	double spread; /* mean of the squared distances that inertia is the sum of */
	int64_t iterations;
	bool converged;
} course;

static double
numbers_of(const ml_kmeans *fit)
{
	return (double) (fit->end - fit->begin) * fit->k * (double) fit->space->slots;
}

static double
total_weight(const ml_kmeans *fit)
{
	double sum = 0;

	for (int c = 0; c < fit->k; c++)
		sum += fit->weight[c];
	return sum;
}

int64_t
ml_kmeans_sample_end(const ml_problem *problem, int k)
{
	int64_t rows = ROWS_PER_CENTER * k > SAMPLE_ROWS ? ROWS_PER_CENTER * k : SAMPLE_ROWS;

	return problem->end - problem->begin > rows ? problem->begin + rows : problem->end;
}

/* One beginning; its centres are kept if they are the best so far. */
static ml_status
try_beginning(course *c, ml_kmeans *fit, uint64_t *random)
{
	bool whole = fit->end == c->problem->end;
	int64_t most = c->given->max_iterations, iterations;
	bool converged;

	if (!whole && most > SAMPLE_ITERATIONS)
		most = SAMPLE_ITERATIONS;
	ML_TRY(ml_kmeans_restart(fit));
	ML_TRY(ml_kmeans_seed(fit, random));
	ML_TRY(ml_kmeans_iterate(fit, most, whole ? c->given->tolerance : SAMPLE_TOLERANCE,
	                         &iterations, &converged));
	if (whole && numbers_of(fit) <= FEW)
		ML_TRY(ml_kmeans_moves(fit));
	ML_TRY(ml_kmeans_pass(fit, true));
	if (!(fit->inertia < c->inertia))
		return ML_OK;
	c->inertia = fit->inertia;
	c->spread = fit->inertia / total_weight(fit);
	c->iterations = iterations;
	c->converged = converged;
	memcpy(c->best, fit->centers.at, (size_t) (c->k * c->space.slots) * sizeof *c->best);
	return ML_OK;
}

/* A sample may have fewer different rows than there are segments. */
static ml_status
try_beginnings(course *c, int64_t end)
{
	ml_kmeans fit = {.host = c->host,
	                 .problem = c->problem,
	                 .space = &c->space,
	                 .begin = c->problem->begin,
	                 .end = end,
	                 .k = c->k};
	uint64_t random = ml_hash_mix((uint64_t) c->given->seed);

	c->inertia = INFINITY;
	ML_TRY(ml_kmeans_create(&fit));
	for (int64_t r = 0; r < c->given->restarts; r++)
	{
		ml_progress(c->host, ML_STAGE_FIT, (double) r, (double) c->given->restarts);
		ML_TRY(try_beginning(c, &fit, &random));
	}
	return ML_OK;
}

/* From the best beginning of a sample to where nothing moves among all rows. */
static ml_status
go_on(course *c, ml_kmeans *fit)
{
	int64_t most = c->given->max_iterations, some = 0, more;

	ML_TRY(ml_kmeans_approach(fit, most - EXACT, c->given->tolerance, c->spread, &some));
	ML_TRY(
	    ml_kmeans_iterate(fit, most - some, c->given->tolerance, &more, &c->converged));
	c->iterations = some + more;
	return ML_OK;
}

/* The end, over all rows. */
static ml_status
finish(course *c, ml_kmeans *fit, bool sampled)
{
	*fit = (ml_kmeans){.host = c->host,
	                   .problem = c->problem,
	                   .space = &c->space,
	                   .begin = c->problem->begin,
	                   .end = c->problem->end,
	                   .k = c->k};
	ML_TRY(ml_kmeans_create(fit));
	ML_TRY(ml_kmeans_place(fit, c->best));
	if (sampled)
		ML_TRY(go_on(c, fit));
	if (numbers_of(fit) <= SOME && numbers_of(fit) > FEW)
		ML_TRY(ml_kmeans_moves(fit));
	return ml_kmeans_finish(fit);
}

typedef struct segment_order
{
	const ml_kmeans *fit;
} segment_order;

/* Many rows first, then by centre. */
static int
by_rows(const void *context, uint32_t a, uint32_t b)
{
	const ml_kmeans *fit = ((const segment_order *) context)->fit;
	const double *x = fit->centers.at + a * fit->space->slots;
	const double *y = fit->centers.at + b * fit->space->slots;

	if (fit->rows[a] != fit->rows[b])
		return fit->rows[a] > fit->rows[b] ? -1 : 1;
	for (int64_t i = 0; i < fit->space->slots; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

ml_status
ml_kmeans_write(const ml_kmeans *fit, ml_fitted *fitted, int *place)
{
	ml_host *host = fit->host;
	int64_t slots = fit->space->slots;
	double *centers, *sizes, *spread;
	uint32_t *order, *work;

	ML_TRY(ml_space_write(host, fit->space, fitted));
	ML_TRY(ml_fitted_add(host, fitted, "centers", fit->k * slots, &centers));
	ML_TRY(ml_fitted_add(host, fitted, "sizes", fit->k, &sizes));
	ML_TRY(ml_fitted_add(host, fitted, "spread", fit->k, &spread));
	ML_NEW(host, order, fit->k);
	ML_NEW(host, work, fit->k);
	for (int c = 0; c < fit->k; c++)
		order[c] = (uint32_t) c;
	ML_TRY(ml_sort_indexes(host, order, work, fit->k, by_rows,
	                       &(segment_order){.fit = fit}));
	for (int c = 0; c < fit->k; c++)
	{
		int from = (int) order[c];

		if (place != NULL)
			place[from] = c;
		memcpy(centers + c * slots, fit->centers.at + from * slots,
		       (size_t) slots * sizeof *centers);
		sizes[c] = (double) fit->rows[from];
		spread[c] = sqrt(fit->squares[from] / fit->weight[from]);
	}
	return ml_fitted_scalar(host, fitted, "inertia", fit->inertia);
}

static ml_status
kmeans_fit(ml_host *host, const ml_problem *problem, const void *options,
           ml_fitted *fitted)
{
	const kmeans_options *given = options;
	course c = {
	    .host = host, .problem = problem, .given = given, .k = (int) given->max_k};
	ml_choice choice = {.most = c.k, .seed = (uint64_t) given->seed};
	int64_t end;
	ml_status status;
	ml_kmeans fit;

	ML_TRY(ml_space_create(host, problem, &given->space, &c.space));
	if (isinf(given->k))
		ML_TRY(ml_kmeans_choose(host, problem, &c.space, &choice));
	c.k = isinf(given->k) ? choice.tried[choice.chosen].k : (int) given->k;
	end = ml_kmeans_sample_end(problem, c.k);
	ML_NEW(host, c.best, c.k * c.space.slots);
	status = try_beginnings(&c, end);
	if (status == ML_FEW_DISTINCT && end < problem->end)
		status = try_beginnings(&c, end = problem->end);
	ML_TRY(status);
	ML_TRY(finish(&c, &fit, end < problem->end));
	fitted->iterations = c.iterations;
	fitted->converged = c.converged;
	if (!c.converged)
		fitted->trouble =
		    (ml_trouble){.kind = ML_TROUBLE_UNCONVERGED, .feature = -1, .level = -1};
	ML_TRY(ml_kmeans_write(&fit, fitted, NULL));
	return isinf(given->k) ? ml_choice_write(host, &choice, fitted) : ML_OK;
}

static double
kmeans_memory(const ml_problem *problem, const void *options, int threads)
{
	const kmeans_options *given = options;
	int k = isinf(given->k) ? (int) given->max_k : (int) given->k;
	int64_t rows = problem->end - problem->begin;
	int64_t sample = ml_kmeans_sample_end(problem, k) - problem->begin;
	ml_space space = {.slots = ml_glm_slots(problem->schema),
	                  .numbers = problem->schema->features};

	return ml_kmeans_memory(&space, k, rows, threads) +
	       ml_kmeans_memory(&space, k, sample, threads) +
	       8.0 * (double) (given->restarts * sample);
}

const ml_learner ml_kmeans_learner = {
    .name = "kmeans",
    .summary = "segments of rows that lie close to their segment's mean",
    .task = ML_SEGMENTATION,
    .option = kmeans_option,
    .options = sizeof kmeans_option / sizeof *kmeans_option,
    .options_size = sizeof(kmeans_options),
    .memory = kmeans_memory,
    .fit = kmeans_fit,
    .prepare = ml_kmeans_prepare,
    .work = ml_kmeans_work,
    .margins = ml_kmeans_margins,
    .distance = ml_kmeans_distance,
    .explain = ml_kmeans_explain,
};
