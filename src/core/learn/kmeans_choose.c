/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_choose.c: how many segments there are.
 *
 * Of the numbers tried, that with the largest mean silhouette is chosen, unless another has nearly
 * as large a one, is as stable and has a larger gap: kinds that lie in groups are told apart by it.  Whether there is
 * structure at all is told by rows whose features are drawn at random from their ranges, as with
 * the gap statistic (Tibshirani, Walther and Hastie 2001): some number of segments in place of one
 * must make log inertia smaller by more than it does there, beyond chance.
 *
 * The table also has the Bayesian information criterion of spherical normal distributions, and
 * stability: the adjusted Rand index of the segments that two halves of the rows make (Hubert and
 * Arabie 1985).  All of it is of a sample, the rows of the lowest keys.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE 2048   /* rows that are looked at; one chunk holds them */
#define REFERENCES 10 /* sets of random rows */
#define BEGINNINGS 3  /* of each fit */
#define ITERATIONS 50
#define TOLERANCE 1e-4
#define ERRORS 5    /* that are more than chance, of so few sets and so many numbers */
#define NEARLY 0.05 /* what silhouettes and stabilities may differ by, nearly the same */
#define NOTHING 1e-12 /* share of the inertia of one segment that counts as none */

typedef struct choosing
{
	ml_host *host;
	const ml_problem *problem;
	const ml_space *space;
	int64_t begin;
	int64_t end;
	uint64_t random;
	ml_points *block; /* the sample */
	ml_frame frame[REFERENCES];
	ml_problem reference[REFERENCES];
	double one;                 /* inertia of one segment */
	double one_log[REFERENCES]; /* logarithm of that of random rows */
} choosing;

/* A number of the feature at random between the least and the largest of the sample. */
static void
draw_numbers(choosing *c, const ml_column *from, double *to)
{
	double least = INFINITY, most = -INFINITY, known = 0;

	for (int64_t row = c->begin; row < c->end; row++)
	{
		double x = *ml_numbers_at(from, row);

		least = x < least ? x : least;
		most = x > most ? x : most;
		known += x == x;
	}
	for (int64_t i = 0; i < c->end - c->begin; i++)
	{
		bool is_known =
		    ml_hash_uniform(&c->random) * (double) (c->end - c->begin) < known;
		double share = ml_hash_uniform(&c->random);

		to[i] = is_known ? least + share * (most - least) : NAN;
	}
}

/* Labels at random as often as they are. */
static void
draw_labels(choosing *c, const ml_column *from, int32_t *to)
{
	double rows = (double) (c->end - c->begin);

	for (int64_t i = 0; i < c->end - c->begin; i++)
		to[i] =
		    *ml_codes_at(from, c->begin + (int64_t) (rows * ml_hash_uniform(&c->random)));
}

/* The frame with other rows in place of the sample's. */
static ml_status
draw_reference(choosing *c, int r)
{
	const ml_schema *schema = c->space->schema;
	ml_frame *frame = &c->frame[r];

	*frame = *c->problem->frame;
	ML_NEW(c->host, frame->column, frame->columns);
	memcpy(frame->column, c->problem->frame->column,
	       (size_t) frame->columns * sizeof *frame->column);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_column *from = &c->problem->frame->column[schema->feature[f].column];
		ml_column *to = &frame->column[schema->feature[f].column];

		if (ml_stop(c->host))
			return ML_STOPPED;
		ML_NEW(c->host, to->chunk, 1);
		to->chunk[0] =
		    ml_alloc_array(c->host, c->end - c->begin + ML_BLOCK, ml_item_size(to));
		if (to->chunk[0] == NULL)
			return ML_MEMORY;
		if (to->kind == ML_NUMBER)
			draw_numbers(c, from, to->chunk[0]);
		else
			draw_labels(c, from, to->chunk[0]);
	}
	c->reference[r] =
	    (ml_problem){.frame = frame, .schema = schema, .end = c->end - c->begin};
	return ML_OK;
}

static ml_status
open_sample(choosing *c)
{
	int64_t rows = c->end - c->begin, first = c->begin;
	int pick[ML_BLOCK];

	for (int r = 0; r < REFERENCES; r++)
		ML_TRY(draw_reference(c, r));
	/* blocks of the points begin with the sample, those of the frame need not */
	ML_NEW(c->host, c->block, (rows + ML_BLOCK - 1) / ML_BLOCK);
	for (int64_t b = 0; b * ML_BLOCK < rows; b++)
	{
		ml_points *block = &c->block[b], part;

		ML_TRY(ml_points_create(c->host, c->space, block));
		ML_TRY(ml_points_create(c->host, c->space, &part));
		while (first < c->end && block->rows < ML_BLOCK)
		{
			int64_t next = ml_block_end(first, c->end);
			int count = (int) (next - first), room = ML_BLOCK - block->rows;

			count = count < room ? count : room;
			for (int i = 0; i < count; i++)
				pick[i] = i;
			ml_points_fill(c->space, c->problem, first, pick, count, &part);
			ml_points_append(c->space, &part, block);
			first += count;
		}
	}
	return ML_OK;
}

/* The best of some beginnings; sizes, inertia and assignments are those of its centres. */
static ml_status
fit_best(choosing *c, const ml_problem *problem, int64_t begin, int64_t end,
         ml_kmeans *fit)
{
	double *best, least = INFINITY;
	int64_t iterations;
	size_t size;
	bool converged;

	fit->host = c->host;
	fit->problem = problem;
	fit->space = c->space;
	fit->begin = begin;
	fit->end = end;
	size = (size_t) (fit->k * c->space->slots) * sizeof *best;
	ML_TRY(ml_kmeans_create(fit));
	ML_NEW(c->host, best, fit->k * c->space->slots);
	for (int b = 0; b < BEGINNINGS; b++)
	{
		ML_TRY(ml_kmeans_restart(fit));
		ML_TRY(ml_kmeans_seed(fit, &c->random));
		ML_TRY(ml_kmeans_iterate(fit, ITERATIONS, TOLERANCE, &iterations, &converged));
		ML_TRY(ml_kmeans_pass(fit, true));
		if (!(fit->inertia < least))
			continue;
		least = fit->inertia;
		memcpy(best, fit->centers.at, size);
	}
	ML_TRY(ml_kmeans_place(fit, best));
	return ml_kmeans_pass(fit, true);
}

/*
 * The gap, and how many standard errors more the data gain by k segments in place of one than
 * random rows do, which is told row set by row set.
 */
static ml_status
hold_against_references(choosing *c, double log_inertia, ml_tried *tried)
{
	double gain[REFERENCES], sum = 0, squares = 0, mean = 0, gains = 0, gained = 0;

	for (int r = 0; r < REFERENCES; r++)
	{
		ml_kmeans fit = {.k = tried->k};

		ML_TRY(fit_best(c, &c->reference[r], 0, c->end - c->begin, &fit));
		gain[r] = log(fit.inertia);
		c->one_log[r] = tried->k == 1 ? gain[r] : c->one_log[r];
		mean += gain[r] / REFERENCES;
		gains += (c->one_log[r] - gain[r]) / REFERENCES;
	}
	for (int r = 0; r < REFERENCES; r++)
	{
		double away = gain[r] - mean, more = c->one_log[r] - gain[r] - gains;

		sum += away * away / REFERENCES;
		squares += more * more / (REFERENCES - 1);
	}
	tried->gap = mean - log_inertia;
	tried->gap_error = sqrt(sum * (1 + 1.0 / REFERENCES));
	gained = log(c->one) - log_inertia - gains;
	tried->clear = gained > ERRORS * sqrt(squares * (1 + 1.0 / REFERENCES));
	return ML_OK;
}

static double
pairs(double rows)
{
	return rows * (rows - 1) / 2;
}

double
ml_adjusted_rand(const int32_t *a, const int32_t *b, int64_t rows, int k, double *count)
{
	double both = 0, of_a = 0, of_b = 0, expected;

	memset(count, 0, (size_t) (k * k) * sizeof *count);
	for (int64_t i = 0; i < rows; i++)
		count[a[i] * k + b[i]]++;
	for (int i = 0; i < k; i++)
	{
		double row = 0, column = 0;

		for (int j = 0; j < k; j++)
		{
			both += pairs(count[i * k + j]);
			row += count[i * k + j];
			column += count[j * k + i];
		}
		of_a += pairs(row);
		of_b += pairs(column);
	}
	expected = of_a * of_b / pairs((double) rows);
	return (of_a + of_b) / 2 > expected
	           ? (both - expected) / ((of_a + of_b) / 2 - expected)
	           : 1;
}

/* Segments of all rows of the sample about centres that a half of them makes. */
static ml_status
fit_halves(choosing *c, int k, double *stability)
{
	int64_t middle = c->begin + (c->end - c->begin) / 2;
	ml_kmeans whole[2];
	double *count;

	for (int half = 0; half < 2; half++)
	{
		ml_kmeans fit = {.k = k};

		ML_TRY(fit_best(c, c->problem, half == 0 ? c->begin : middle,
		                half == 0 ? middle : c->end, &fit));
		whole[half] = (ml_kmeans){.host = c->host,
		                          .problem = c->problem,
		                          .space = c->space,
		                          .begin = c->begin,
		                          .end = c->end,
		                          .k = k};
		ML_TRY(ml_kmeans_create(&whole[half]));
		ML_TRY(ml_kmeans_place(&whole[half], fit.centers.at));
		ML_TRY(ml_kmeans_pass(&whole[half], false));
	}
	ML_NEW(c->host, count, (int64_t) k * k);
	*stability = ml_adjusted_rand(whole[0].assigned, whole[1].assigned, c->end - c->begin,
	                              k, count);
	return ML_OK;
}

/* One line of the table; k = 1 is what the others are held against. */
static ml_status
try_number(choosing *c, int k, ml_tried *tried)
{
	double rows = (double) (c->end - c->begin), error;
	double dims = c->space->numbers + c->space->categories;
	ml_kmeans fit = {.k = k};
	ml_placed placed;

	*tried = (ml_tried){.k = k, .silhouette = NAN, .stability = NAN};
	ML_TRY(fit_best(c, c->problem, c->begin, c->end, &fit));
	c->one = k == 1 ? fit.inertia : c->one;
	tried->inertia = fit.inertia;
	fit.inertia = fmax(fit.inertia, NOTHING * c->one);
	ML_TRY(hold_against_references(c, log(fit.inertia), tried));
	tried->bic =
	    rows * dims * log(fit.inertia / (rows * dims)) + k * (dims + 1) * log(rows);
	if (k == 1)
		return ML_OK;
	placed = (ml_placed){.space = c->space,
	                     .rows = c->end - c->begin,
	                     .k = k,
	                     .block = c->block,
	                     .segment = fit.assigned};
	ML_TRY(ml_silhouette(c->host, &placed, &tried->silhouette, &error));
	return fit_halves(c, k, &tried->stability);
}

/* In a branch: what it takes is given back. */
static ml_status
try_apart(choosing *c, int k, ml_tried *tried)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(c->host));
	status = try_number(c, k, tried);
	closed = ml_branch_close(c->host, NULL, 0);
	return status != ML_OK ? status : closed;
}

/* Nearly as large a silhouette, as stable, and a gap that is larger beyond chance. */
static bool
tells_more(const ml_tried *other, const ml_tried *best, const ml_tried *chosen)
{
	double more = other->gap - chosen->gap;
	double error =
	    sqrt(other->gap_error * other->gap_error + chosen->gap_error * chosen->gap_error);

	return other->silhouette > best->silhouette - NEARLY &&
	       other->stability > best->stability - NEARLY && more > ERRORS * error;
}

static int
best_of(const ml_choice *choice)
{
	const ml_tried *tried = choice->tried;
	int best = 0, chosen;

	for (int t = 1; t < choice->count; t++)
		best = tried[t].silhouette > tried[best].silhouette ? t : best;
	chosen = best;
	for (int t = 0; t < choice->count; t++)
		if (tells_more(&tried[t], &tried[best], &tried[chosen]))
			chosen = t;
	return chosen;
}

ml_status
ml_kmeans_choose(ml_host *host, const ml_problem *problem, const ml_space *space,
                 ml_choice *choice)
{
	int64_t rows = problem->end - problem->begin;
	choosing c = {.host = host,
	              .problem = problem,
	              .space = space,
	              .begin = problem->begin,
	              .end = problem->begin + (rows < SAMPLE ? rows : SAMPLE),
	              .random = ml_hash_mix(choice->seed)};
	ml_tried one;

	ML_TRY(open_sample(&c));
	ML_TRY(try_apart(&c, 1, &one));
	ML_NEW(host, choice->tried, choice->most);
	for (int k = 2; k <= choice->most; k++)
	{
		ml_status status = try_apart(&c, k, &choice->tried[choice->count]);

		ml_progress(host, ML_STAGE_FIT, k - 1, choice->most);
		/* there are no more different rows, or not in both halves */
		if (status == ML_FEW_DISTINCT && choice->count > 0)
			break;
		ML_TRY(status);
		choice->clear |= choice->tried[choice->count].clear;
		choice->count++;
	}
	choice->chosen = best_of(choice);
	return ML_OK;
}

/* The table as learned arrays; infinities are not known. */
ml_status
ml_choice_write(ml_host *host, const ml_choice *choice, ml_fitted *fitted)
{
	static const char *const name[] = {
	    "choice_k",         "choice_inertia", "choice_silhouette", "choice_gap",
	    "choice_gap_error", "choice_bic",     "choice_stability"};

	for (int i = 0; i < 7; i++)
	{
		double *number;

		ML_TRY(ml_fitted_add(host, fitted, name[i], choice->count, &number));
		for (int t = 0; t < choice->count; t++)
		{
			const ml_tried *tried = &choice->tried[t];
			const double value[] = {tried->k,        tried->inertia,   tried->silhouette,
			                        tried->gap,      tried->gap_error, tried->bic,
			                        tried->stability};

			number[t] = isfinite(value[i]) ? value[i] : NAN;
		}
	}
	return ml_fitted_scalar(host, fitted, "choice_is_clear", choice->clear);
}
