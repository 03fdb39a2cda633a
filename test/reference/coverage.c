/* SPDX-License-Identifier: PostgreSQL */
/*
 * coverage.c: how often the 95 % intervals hold the truth.
 *
 * Rows are drawn anew thousands of times from distributions whose metrics are known, or are
 * taken from ten million rows; what is printed is the share of the intervals that held the truth.
 *
 *	cc -O2 -std=gnu11 -ffp-contract=off -Isrc/core -o coverage test/reference/coverage.c \
 *		src/core/?*?/?*?.c -lm -lpthread && ./coverage > test/reference/coverage.csv
 *
 * (?*? stands for a star, which would end this comment).  A column of 1 in weighted means that rows
 * have weights of 1 to 3 that tell nothing, so that the truth is the same.
 */
#include "judge/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
	TURNS = 10000,
	LARGE = 10000000,
	PIECES = 100000,
	CLASSES = 4
};

static void *piece[PIECES];
static int pieces;

static void *
take(void *context, size_t size)
{
	return piece[pieces++] = calloc(1, size);
}

static double
room(void *context)
{
	return 1e12;
}

static bool
never(void *context)
{
	return false;
}

static void
quiet(void *context, ml_stage stage, double done, double total)
{
}

static ml_host host = {
    .alloc = take, .room = room, .stop = never, .progress = quiet, .threads = 1};

static void
give_back(void)
{
	while (pieces > 0)
		free(piece[--pieces]);
}

static double
uniform(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double) ((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double
normal(uint64_t *state)
{
	return sqrt(-2 * log(1 - uniform(state))) * cos(6.283185307179586 * uniform(state));
}

typedef struct drawn
{
	double *target;
	double *weight;
	double *score[2];
	double *likelihood[2];
} drawn;

/* Score s is uniform and P(y = 1) = 0.2 + 0.6 s; the second score says the same less well. */
static void
draw_two(const drawn *d, int64_t rows, uint64_t *state)
{
	for (int64_t i = 0; i < rows; i++)
	{
		double s = uniform(state), other = uniform(state);

		d->score[0][i] = s;
		d->score[1][i] = 0.7 * s + 0.3 * other;
		d->target[i] = uniform(state) < 0.2 + 0.6 * s;
	}
}

/* The first score errs by a normal of size 1, the second by one of 1.2. */
static void
draw_values(const drawn *d, int64_t rows, uint64_t *state)
{
	for (int64_t i = 0; i < rows; i++)
	{
		double mean = normal(state);

		d->score[0][i] = mean;
		d->score[1][i] = mean + 0.6 * normal(state);
		d->target[i] = mean + normal(state);
	}
}

/* Counts of mean 1 to 4, for a score that is half right. */
static void
draw_counts(const drawn *d, int64_t rows, uint64_t *state)
{
	for (int64_t i = 0; i < rows; i++)
	{
		double mean = 1 + 3 * uniform(state), left = exp(-mean), p = uniform(state);

		d->score[0][i] = 0.5 * mean + 1.25;
		d->score[1][i] = 2.5;
		d->target[i] = 0;
		for (double share = left; p > share; share += left)
		{
			d->target[i]++;
			left *= mean / d->target[i];
		}
	}
}

/* Classes of different size; likelihoods that are right on average. */
static void
draw_classes(const drawn *d, int64_t rows, uint64_t *state)
{
	for (int64_t i = 0; i < rows; i++)
	{
		double u = uniform(state);

		d->target[i] = floor(CLASSES * u * sqrt(u));
		for (int k = 0; k < 2; k++)
		{
			bool right = uniform(state) < 0.7 - 0.05 * k - 0.05 * d->target[i];

			d->score[k][i] = right ? d->target[i] : floor(CLASSES * uniform(state));
			d->likelihood[k][i] =
			    d->score[k][i] == d->target[i] ? 0.4 + 0.6 * u : 0.2 * u + 0.01;
		}
	}
}

static double
poisson(const void *state, double y, double mu)
{
	return 2 * ((y > 0 ? y * log(y / mu) : 0) - (y - mu));
}

typedef struct design
{
	const char *name;
	ml_task_kind task;
	void (*draw)(const drawn *d, int64_t rows, uint64_t *state);
	double (*deviance)(const void *state, double y, double mu);
	int64_t rows;
	bool weighted;
} design;

static ml_judged
judged_of(const design *what, const drawn *d, int64_t rows, int which)
{
	const double *weight = what->weighted ? d->weight : NULL;

	return (ml_judged){.task = what->task,
	                   .outcomes = {.rows = rows,
	                                .score = d->score[which],
	                                .target = d->target,
	                                .weight = weight,
	                                .deviance = what->deviance},
	                   .classes = {.rows = rows,
	                               .classes = CLASSES,
	                               .target = d->target,
	                               .predicted = d->score[which],
	                               .likelihood = d->likelihood[which],
	                               .weight = weight}};
}

static void
judge(const design *what, const drawn *d, int64_t rows, ml_report *report,
      ml_comparison *comparison)
{
	ml_judged a = judged_of(what, d, rows, 0), b = judged_of(what, d, rows, 1);

	if (ml_judged_report(&host, &a, report) != ML_OK ||
	    ml_judge_pair(&host, &a, &b, comparison) != ML_OK)
		exit(1);
	give_back();
}

static drawn
make_room(int64_t rows)
{
	drawn d = {.target = calloc(rows, sizeof(double)),
	           .weight = calloc(rows, sizeof(double))};

	for (int k = 0; k < 2; k++)
	{
		d.score[k] = calloc(rows, sizeof(double));
		d.likelihood[k] = calloc(rows, sizeof(double));
	}
	return d;
}

static void
print(const design *what, const char *kind, const char *metric, double truth, int held)
{
	printf("%s,%lld,%d,%s,%s,%.6f,%.4f\n", what->name, (long long) what->rows,
	       what->weighted, kind, metric, truth, held / (double) TURNS);
	fflush(stdout);
}

static void
run(const design *what, const drawn *d)
{
	int held[ML_MAX_METRICS] = {0}, held_difference[ML_MAX_DIFFERENCES] = {0};
	design plain = *what;
	ml_report truth, report;
	ml_comparison true_difference, difference;
	uint64_t state = 1;

	plain.weighted = false;
	what->draw(d, LARGE, &state);
	judge(&plain, d, LARGE, &truth, &true_difference);
	for (int turn = 0; turn < TURNS; turn++)
	{
		what->draw(d, what->rows, &state);
		for (int64_t i = 0; i < what->rows; i++)
			d->weight[i] = 1 + floor(3 * uniform(&state));
		judge(what, d, what->rows, &report, &difference);
		for (int i = 0; i < report.metrics; i++)
			held[i] += report.metric[i].low <= truth.metric[i].value &&
			           truth.metric[i].value <= report.metric[i].high;
		for (int i = 0; i < difference.metrics; i++)
			held_difference[i] +=
			    difference.metric[i].low <= true_difference.metric[i].difference &&
			    true_difference.metric[i].difference <= difference.metric[i].high;
	}
	for (int i = 1; i < report.metrics; i++)
		if (!isnan(truth.metric[i].low))
			print(what, "metric", truth.metric[i].name, truth.metric[i].value, held[i]);
	for (int i = 0; i < difference.metrics; i++)
		print(what, "difference", difference.metric[i].name,
		      true_difference.metric[i].difference, held_difference[i]);
}

int
main(void)
{
	static const struct
	{
		int64_t rows;
		bool weighted;
	} size[] = {{300, false}, {1000, false}, {1000, true}};
	design what[] = {{"two classes", ML_BINARY, draw_two},
	                 {"values", ML_REGRESSION, draw_values},
	                 {"counts", ML_REGRESSION, draw_counts, poisson},
	                 {"classes", ML_MULTICLASS, draw_classes}};
	drawn d = make_room(LARGE);

	printf("rows_of,rows,weighted,of,metric,truth,covered\n");
	for (size_t k = 0; k < sizeof what / sizeof *what; k++)
		for (size_t s = 0; s < sizeof size / sizeof *size; s++)
		{
			what[k].rows = size[s].rows;
			what[k].weighted = size[s].weighted;
			run(&what[k], &d);
		}
	return 0;
}
