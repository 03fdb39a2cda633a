/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture.c: a mixture of normal distributions as a learner.
 *
 * Several beginnings, each from segments about centres (kmeans.h), are followed on a sample of
 * the rows, which are those of the lowest keys; the likeliest goes on over all rows.  One in which
 * a segment has fewer rows than its covariance takes, or is as flat as regularization lets it,
 * owes its likelihood to chance or to rounding, and is taken only where all are like that.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE_ROWS 8192     /* that beginnings are tried on, at least */
#define ROWS_PER_NUMBER 8    /* and for each number of each mean or covariance row */
#define SAMPLE_ITERATIONS 30 /* of a beginning that is not the end of it */
#define SAMPLE_TOLERANCE 1e-3
#define CENTER_ITERATIONS 30 /* of the centres that it begins from */
#define CENTER_TOLERANCE 1e-4
#define END_TOLERANCE 1e-6 /* of one that may be: the likeliest of them goes on */
#define FEW 1e5            /* numbers of an iteration that few rows have, at most */
#define RUNS 5             /* for each beginning on these */

typedef struct mixture_options
{
	double k; /* infinity: to be chosen */
	int64_t max_k;
	ml_text covariance;
	double regularization;
	int64_t max_iterations;
	double tolerance;
	int64_t restarts;
	int64_t seed;
	ml_space_options space;
} mixture_options;

static const char *const covariance_choice[] = {"full", "diagonal", NULL};

static const ml_option mixture_option[] = {
    {"k", ML_OPTION_COUNT, offsetof(mixture_options, k), INFINITY, 2, ML_MAX_SEGMENTS,
     "segments that the rows are a mixture of; auto chooses"},
    {"max_k", ML_OPTION_INTEGER, offsetof(mixture_options, max_k), 12, 2, 100,
     "most segments that auto chooses"},
    {"covariance", ML_OPTION_TEXT, offsetof(mixture_options, covariance), 0, 0, 0,
     "how numbers vary within a segment: full, the default, together, so that segments may be "
     "long and aslant; diagonal, each by itself",
     covariance_choice},
    {"regularization", ML_OPTION_NUMBER, offsetof(mixture_options, regularization), 1e-6,
     1e-12, 1e12,
     "is added to variances, in units of scale, so that no segment can collapse; labels get as "
     "much of their share among all rows"},
    {"max_iterations", ML_OPTION_INTEGER, offsetof(mixture_options, max_iterations), 200,
     1, 100000, "passes over the rows after which training stops"},
    {"tolerance", ML_OPTION_NUMBER, offsetof(mixture_options, tolerance), 1e-4, 0, 1,
     "training has converged when the log-likelihood of a row grows by less than this"},
    {"restarts", ML_OPTION_INTEGER, offsetof(mixture_options, restarts), 10, 1, 1000,
     "beginnings that are tried; the likeliest goes on"},
    {"seed", ML_OPTION_INTEGER, offsetof(mixture_options, seed), 1, 0, INT64_C(1) << 53,
     "which of all equally good random choices are made"},
    ML_SPACE_SCALE_OPTION(mixture_options, space),
};

static bool
is_full(const mixture_options *given)
{
	return given->covariance.bytes == NULL || ml_text_is(given->covariance, "full");
}

static int64_t
sample_end(const ml_search *search, int64_t begin, int64_t end)
{
	int64_t each = search->full ? search->space->numbers : 2;
	int64_t rows = ROWS_PER_NUMBER * search->k * (each + 1);

	rows = rows > SAMPLE_ROWS ? rows : SAMPLE_ROWS;
	return end - begin > rows ? begin + rows : end;
}

/* Beginnings on some of the rows. */
typedef struct course
{
	ml_search *search;
	ml_kmeans centers;
	ml_em em;
	bool whole; /* these are all rows */
	ml_found best;
} course;

static void
copy_mixture(const ml_mixture *from, ml_mixture *to)
{
	memcpy(to->weight, from->weight, (size_t) to->k * sizeof *to->weight);
	memcpy(to->center, from->center,
	       (size_t) (to->k * to->space->slots) * sizeof *to->center);
	memcpy(to->factor, from->factor, (size_t) (to->k * to->size) * sizeof *to->factor);
	ml_mixture_settle(to);
}

/* Keeps the mixture if it is the best so far. */
static void
keep_mixture(const ml_em *em, int64_t iterations, bool converged, ml_found *found)
{
	int collapsed = ml_em_collapsed(em), flat = ml_em_flat(em);
	int worse = collapsed + flat - found->collapsed - found->flat;

	if (worse > 0 || (worse == 0 && !(em->likelihood > found->likelihood)))
		return;
	copy_mixture(&em->mixture, &found->mixture);
	found->likelihood = em->likelihood;
	found->collapsed = collapsed;
	found->flat = flat;
	found->iterations = iterations;
	found->converged = converged;
}

static ml_status
create_found(const ml_search *search, ml_found *found)
{
	*found = (ml_found){.likelihood = -INFINITY, .collapsed = 2 * search->k + 1};
	return ml_mixture_create(search->host, search->space, search->k, search->full,
	                         &found->mixture);
}

/*
 * From segments about centres, every fifth time about rows as they were drawn: centres do not
 * tell apart what is long and lies side by side.
 */
static ml_status
begin(course *c, int64_t run)
{
	int64_t most = run % 5 == 4 ? 1 : CENTER_ITERATIONS, iterations;
	bool converged;

	ML_TRY(ml_kmeans_restart(&c->centers));
	ML_TRY(ml_kmeans_seed(&c->centers, &c->search->random));
	ML_TRY(
	    ml_kmeans_iterate(&c->centers, most, CENTER_TOLERANCE, &iterations, &converged));
	return ml_em_begin(&c->em, c->centers.assigned);
}

static bool
has_few_rows(const course *c)
{
	int64_t rows = c->em.end - c->em.begin;

	return (double) rows * c->search->k * (double) (c->em.mixture.size + 1) <= FEW;
}

static ml_status
open_course(course *c, int64_t first, int64_t end)
{
	const ml_search *search = c->search;

	c->centers = (ml_kmeans){.host = search->host,
	                         .problem = search->problem,
	                         .space = search->space,
	                         .begin = first,
	                         .end = end,
	                         .k = search->k};
	c->em = (ml_em){.host = search->host,
	                .problem = search->problem,
	                .space = search->space,
	                .begin = first,
	                .end = end,
	                .ridge = search->ridge};
	ML_TRY(create_found(search, &c->best));
	ML_TRY(ml_kmeans_create(&c->centers));
	return ml_em_create(&c->em, search->k, search->full);
}

/* The likeliest of all beginnings on some rows. */
static ml_status
try_beginnings(course *c, int64_t first, int64_t end)
{
	const ml_search *search = c->search;
	int64_t most = c->whole ? search->most : SAMPLE_ITERATIONS, iterations, runs;
	double tolerance =
	    fmax(search->tolerance, c->whole ? END_TOLERANCE : SAMPLE_TOLERANCE);
	bool converged;

	most = most < search->most ? most : search->most;
	ML_TRY(open_course(c, first, end));
	runs = search->restarts * (has_few_rows(c) ? RUNS : 1);
	for (int64_t r = 0; r < runs; r++)
	{
		ml_progress(search->host, ML_STAGE_FIT, (double) r, (double) runs);
		ML_TRY(begin(c, r));
		ML_TRY(ml_em_iterate(&c->em, most, tolerance, &iterations, &converged));
		keep_mixture(&c->em, iterations, converged, &c->best);
	}
	return ML_OK;
}

/* From the best beginning to the end, over all rows. */
static ml_status
go_on(const ml_search *search, int64_t first, int64_t end, ml_found *found)
{
	ml_em em = {.host = search->host,
	            .problem = search->problem,
	            .space = search->space,
	            .begin = first,
	            .end = end,
	            .ridge = search->ridge};

	ML_TRY(ml_em_create(&em, search->k, search->full));
	copy_mixture(&found->mixture, &em.mixture);
	ML_TRY(ml_em_iterate(&em, search->most, search->tolerance, &found->iterations,
	                     &found->converged));
	found->mixture = em.mixture;
	found->likelihood = em.likelihood;
	found->collapsed = ml_em_collapsed(&em);
	return ML_OK;
}

ml_status
ml_mixture_search(ml_search *search, int64_t first, int64_t end, ml_found *found)
{
	int64_t some = sample_end(search, first, end);
	course c = {.search = search, .whole = some == end};
	ml_status status = try_beginnings(&c, first, some);

	/* a sample may have fewer different rows than there are segments */
	if (status == ML_FEW_DISTINCT && !c.whole)
	{
		c.whole = true;
		status = try_beginnings(&c, first, end);
	}
	ML_TRY(status);
	*found = c.best;
	return c.whole && search->tolerance >= END_TOLERANCE
	           ? ML_OK
	           : go_on(search, first, end, found);
}

void
ml_problem_row(const ml_problem *problem, int64_t row, double *out)
{
	const ml_schema *schema = problem->schema;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_column *column = &problem->frame->column[schema->feature[f].column];

		out[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, row)
		                                   : *ml_codes_at(column, row);
	}
}

/* All rows as they will be scored. */
typedef struct last_pass
{
	const ml_problem *problem;
	const void *state;
	int k;
	double *row[ML_MAX_THREADS];
	double *rows;       /* [chunks][k] that are likeliest there */
	double *likelihood; /* [chunks][2] and weight */
} last_pass;

static ml_status
score_chunk(void *argument, int64_t task, ml_worker *worker)
{
	last_pass *p = argument;
	const ml_problem *problem = p->problem;
	int64_t row = problem->begin + task * ML_CHUNK;
	int64_t end = row + ML_CHUNK < problem->end ? row + ML_CHUNK : problem->end;
	double *x = p->row[worker->index], margin[ML_MAX_SEGMENTS];

	for (; row < end; row++)
	{
		double weight =
		    problem->weight != NULL ? *ml_numbers_at(problem->weight, row) : 1;
		double most, sum = 0;
		int own;

		if (row % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		ml_problem_row(problem, row, x);
		ml_mixture_margins(p->state, x, margin);
		own = ml_likeliest(p->k, margin);
		most = margin[own];
		for (int s = 0; s < p->k; s++)
			sum += exp(margin[s] - most);
		p->rows[task * p->k + own]++;
		p->likelihood[2 * task] += weight * (most + log(sum));
		p->likelihood[2 * task + 1] += weight;
	}
	return ML_OK;
}

/* Rows of each segment, and the log-likelihood of a row. */
static ml_status
count_rows(ml_host *host, const ml_problem *problem, const ml_mixture *mixture,
           double *rows, double *likelihood)
{
	int64_t chunks = (problem->end - problem->begin + ML_CHUNK - 1) / ML_CHUNK;
	last_pass p = {.problem = problem, .k = mixture->k};
	double sum[2] = {0};
	void *state;

	ML_TRY(ml_mixture_state(host, mixture, &state));
	p.state = state;
	ML_NEW(host, p.rows, chunks * p.k);
	ML_NEW(host, p.likelihood, chunks * 2);
	for (int i = 0; i < ml_pool_threads(host); i++)
		ML_NEW(host, p.row[i], problem->schema->features);
	ML_TRY(ml_parallel(host, chunks, score_chunk, &p));
	for (int64_t c = 0; c < chunks; c++)
	{
		for (int s = 0; s < p.k; s++)
			rows[s] += p.rows[c * p.k + s];
		sum[0] += p.likelihood[2 * c];
		sum[1] += p.likelihood[2 * c + 1];
	}
	*likelihood = sum[0] / sum[1];
	return isfinite(*likelihood) ? ML_OK : ML_NOT_NUMERIC;
}

typedef struct segment_order
{
	const ml_mixture *mixture;
	const double *rows;
} segment_order;

/* Many rows first, then by weight and mean. */
static int
by_rows(const void *context, uint32_t a, uint32_t b)
{
	const segment_order *o = context;
	int64_t slots = o->mixture->space->slots;
	const double *x = o->mixture->center + a * slots, *y = o->mixture->center + b * slots;

	if (o->rows[a] != o->rows[b])
		return o->rows[a] > o->rows[b] ? -1 : 1;
	if (o->mixture->weight[a] != o->mixture->weight[b])
		return o->mixture->weight[a] > o->mixture->weight[b] ? -1 : 1;
	for (int64_t i = 0; i < slots; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* A factor without what is above its triangle. */
static double *
write_factor(const ml_mixture *m, int segment, double *to)
{
	const double *factor = m->factor + segment * m->size;
	int numbers = m->space->numbers;

	for (int i = 0; i < numbers; i++)
		for (int j = m->full ? 0 : i; j <= i; j++)
			*to++ = m->full ? factor[(int64_t) i * numbers + j] : factor[i];
	return to;
}

static ml_status
write_segments(ml_host *host, const ml_problem *problem, const ml_mixture *m,
               ml_fitted *fitted)
{
	int64_t slots = m->space->slots, numbers = m->space->numbers;
	int64_t each = m->full ? numbers * (numbers + 1) / 2 : numbers;
	double *weights, *centers, *factors, *sizes, *rows, likelihood, count;
	uint32_t *order, *work;

	ML_NEW(host, rows, m->k);
	ML_NEW(host, order, m->k);
	ML_NEW(host, work, m->k);
	ML_TRY(count_rows(host, problem, m, rows, &likelihood));
	ML_TRY(ml_space_write(host, m->space, fitted));
	ML_TRY(ml_fitted_add(host, fitted, "weights", m->k, &weights));
	ML_TRY(ml_fitted_add(host, fitted, "centers", m->k * slots, &centers));
	ML_TRY(ml_fitted_add(host, fitted, "factors", m->k * each, &factors));
	ML_TRY(ml_fitted_add(host, fitted, "sizes", m->k, &sizes));
	for (int s = 0; s < m->k; s++)
		order[s] = (uint32_t) s;
	ML_TRY(ml_sort_indexes(host, order, work, m->k, by_rows,
	                       &(segment_order){.mixture = m, .rows = rows}));
	for (int s = 0; s < m->k; s++)
	{
		int from = (int) order[s];

		weights[s] = m->weight[from];
		sizes[s] = rows[from];
		memcpy(centers + s * slots, m->center + from * slots,
		       (size_t) slots * sizeof *centers);
		factors = write_factor(m, from, factors);
	}
	count = (double) (problem->end - problem->begin);
	ML_TRY(ml_fitted_scalar(host, fitted, "log_likelihood", likelihood));
	ML_TRY(ml_fitted_scalar(host, fitted, "parameters", ml_mixture_parameters(m)));
	return ml_fitted_scalar(host, fitted, "bic",
	                        ml_mixture_parameters(m) * log(count) -
	                            2 * count * likelihood);
}

/* What is to be said of a fit that went wrong. */
static ml_trouble
trouble_of(const ml_found *found)
{
	ml_trouble trouble = {.kind = ML_TROUBLE_NONE, .feature = -1, .level = -1};

	if (found->collapsed > 0)
		trouble.kind = ML_TROUBLE_COLLAPSED;
	else if (!found->converged)
		trouble.kind = ML_TROUBLE_UNCONVERGED;
	return trouble;
}

static ml_status
mixture_fit(ml_host *host, const ml_problem *problem, const void *options,
            ml_fitted *fitted)
{
	const mixture_options *given = options;
	ml_choice choice = {.most = (int) given->max_k, .seed = (uint64_t) given->seed};
	ml_space_options units = {.scale = given->space.scale, .category_weight = INFINITY};
	ml_found found;
	ml_space space;
	ml_search search = {.host = host,
	                    .problem = problem,
	                    .space = &space,
	                    .full = is_full(given),
	                    .ridge = given->regularization,
	                    .restarts = given->restarts,
	                    .most = given->max_iterations,
	                    .tolerance = given->tolerance,
	                    .random = ml_hash_mix((uint64_t) given->seed)};

	ML_TRY(ml_space_create(host, problem, &units, &space));
	if (search.full && space.numbers > ML_FULL_NUMBERS)
	{
		host->fault.count = space.numbers;
		return ML_TOO_MANY_NUMBERS;
	}
	if (isinf(given->k))
		ML_TRY(ml_mixture_choose(&search, &choice));
	search.k = isinf(given->k) ? choice.tried[choice.chosen].k : (int) given->k;
	ML_TRY(ml_mixture_search(&search, problem->begin, problem->end, &found));
	fitted->iterations = found.iterations;
	fitted->converged = found.converged;
	fitted->trouble = trouble_of(&found);
	ML_TRY(write_segments(host, problem, &found.mixture, fitted));
	return isinf(given->k) ? ml_choice_write(host, &choice, fitted) : ML_OK;
}

static double
mixture_memory(const ml_problem *problem, const void *options, int threads)
{
	const mixture_options *given = options;
	int k = isinf(given->k) ? (int) given->max_k : (int) given->k, numbers = 0;
	int64_t rows = problem->end - problem->begin, sample;
	ml_space space = {.schema = problem->schema};
	ml_search search = {.space = &space, .k = k, .full = is_full(given)};
	double choosing = 0;

	for (int f = 0; f < problem->schema->features; f++)
		if (problem->schema->feature[f].kind == ML_NUMBER)
			numbers++;
	space.slots = ml_glm_slots(problem->schema);
	space.numbers = numbers;
	space.labels = space.slots - numbers;
	sample = sample_end(&search, 0, rows);
	if (isinf(given->k))
		choosing = ml_mixture_choose_memory(&search, rows, threads);
	return choosing + ml_kmeans_memory(&space, k, sample, threads) +
	       ml_em_memory(&space, k, search.full, sample, threads) +
	       ml_em_memory(&space, k, search.full, rows, threads) +
	       8.0 * (double) (given->restarts * sample);
}

const ml_learner ml_mixture_learner = {
    .name = "gaussian_mixture",
    .summary = "segments as normal distributions whose mixture makes the rows likeliest",
    .task = ML_SEGMENTATION,
    .log_density = ml_mixture_log_density,
    .option = mixture_option,
    .options = sizeof mixture_option / sizeof *mixture_option,
    .options_size = sizeof(mixture_options),
    .memory = mixture_memory,
    .fit = mixture_fit,
    .prepare = ml_mixture_prepare,
    .work = ml_mixture_work,
    .margins = ml_mixture_margins,
    .distance = ml_mixture_distance,
    .explain = ml_mixture_explain,
};
