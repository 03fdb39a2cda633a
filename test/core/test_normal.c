/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_normal.c: one Newton step: sums against long double, QR against Gram.
 */
#include "blas.h"
#include "reference.h"

static void
squared(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double e = block->target[i] - block->eta[i];

		block->gradient[i] = block->weight[i] * e;
		block->curvature[i] = block->weight[i];
		block->objective += block->weight[i] * e * e / 2;
	}
}

static void
logistic(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double p = 1 / (1 + exp(-block->eta[i]));

		block->gradient[i] = block->weight[i] * (block->target[i] - p);
		block->curvature[i] = block->weight[i] * p * (1 - p);
		block->objective -= block->weight[i] * log(block->target[i] > 0 ? p : 1 - p);
	}
}

typedef struct system
{
	reference r;
	ml_schema schema;
	ml_problem problem;
	ml_design design;
	double *beta; /* some point */
	double l2;
} system_;

static void
make(test_host *t, system_ *out, reference r, double l2, double missing)
{
	uint64_t state = 101;

	*out = (system_){.r = r, .l2 = l2};
	if (r.weight != NULL)
		out->r.weight = reference_room(t, r.rows, sizeof(double));
	reference_random(t, &out->r, missing, 102);
	REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &out->r), &out->schema,
	                          &out->problem));
	REQUIRE_OK(ml_design_create(&t->core, &out->problem, &out->design));
	out->beta = reference_room(t, out->design.cols, sizeof(double));
	for (int c = 0; c < out->design.cols; c++)
		out->beta[c] = test_normal(&state);
}

static ml_status
open_normal(test_host *t, const system_ *s, bool by_qr, ml_normal *normal)
{
	*normal = (ml_normal){.design = &s->design,
	                      .loss = s->r.binary ? logistic : squared,
	                      .l2 = s->l2,
	                      .by_qr = by_qr,
	                      .quadratic = !s->r.binary,
	                      .offset = s->r.binary ? 0 : 50};
	return ml_normal_create(&t->core, normal);
}

static void
pass(test_host *t, const system_ *s, bool by_qr, ml_normal *normal)
{
	REQUIRE_OK(open_normal(t, s, by_qr, normal));
	REQUIRE_OK(ml_normal_pass(&t->core, normal, s->beta, s->problem.end, true));
}

static const reference shape[] = {
    {.rows = 60, .numbers = 3},
    {.rows = 700, .numbers = 5, .categories = 2, .levels = {3, 6}},
    {.rows = 700, .numbers = 5, .categories = 2, .levels = {3, 6}, .binary = true},
    {.rows = 5000, .numbers = 2, .categories = 3, .levels = {2, 20, 5}, .binary = true},
    {.rows = 6000, .numbers = 9, .categories = 1, .levels = {30}},
};
#define SHAPES (sizeof shape / sizeof *shape)

/* The same step to the Gram matrix's rounding: condition 1e4 squared, of sixteen digits. */
static void
check_steps(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
		for (double l2 = 0; l2 <= 100; l2 = 10 * l2 + 1)
		{
			system_ s;
			ml_normal gram, qr;
			double *step[2], size = 0;

			make(t, &s, shape[i], l2, 0.1);
			pass(t, &s, false, &gram);
			pass(t, &s, true, &qr);
			REQUIRE(gram.dependent < 0 && qr.dependent < 0);
			for (int k = 0; k < 2; k++)
			{
				step[k] = reference_room(t, s.design.cols, sizeof(double));
				ml_normal_step(k == 0 ? &gram : &qr, step[k]);
			}
			for (int c = 0; c < s.design.cols; c++)
				size = fmax(size, fabs(step[1][c]));
			for (int c = 0; c < s.design.cols; c++)
			{
				CHECK_NEAR(step[0][c], step[1][c], 1e-8 * size);
				CHECK_NEAR(gram.gradient[c], qr.gradient[c], 1e-8 * s.r.rows);
			}
			CHECK_CLOSE(gram.objective, qr.objective, 1e-12);
			for (int c = 0; c < s.design.cols; c++)
				for (int d = 0; d <= c; d++)
					CHECK_NEAR(gram.l[c * s.design.cols + d], qr.l[c * s.design.cols + d],
					           1e-8 * s.r.rows);
		}
}

static void
qr_is_gram(test_host *t)
{
	check_steps(t);
}

static void
qr_is_gram_by_blas(test_host *t)
{
	t->core.blas = test_blas();
	check_steps(t);
}

/* Sums over the rows, each row encoded by itself, in long double. */
static void
sums_up(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
		for (int by_qr = 0; by_qr < 2; by_qr++)
		{
			system_ s;
			ml_normal normal;
			ml_design_block block;
			long double *gradient, loss = 0, penalty = 0;
			reference r = shape[i];

			r.weight = &(double){0};
			make(t, &s, r, 3, 0.1);
			pass(t, &s, by_qr, &normal);
			gradient = reference_room(t, s.design.cols, sizeof *gradient);
			REQUIRE_OK(ml_design_block_create(&t->core, &s.design, &block));
			for (int64_t row = 0; row < s.problem.end;)
			{
				row = ml_design_fill(&s.design, row, s.problem.end, &block);
				for (int k = 0; k < block.rows; k++)
				{
					const double *x = block.dense + k * s.design.dense;
					const int32_t *label = block.labels + k * s.design.categories;
					long double eta = normal.offset, g, w = block.weight[k];

					for (int c = 0; c < s.design.dense; c++)
						eta += (long double) x[c] * s.beta[c];
					for (int c = 0; c < s.design.categories; c++)
						eta += label[c] >= 0 ? s.beta[label[c]] : 0;
					if (r.binary)
					{
						long double z = block.target[k] > 0 ? eta : -eta;

						g = w * (block.target[k] - 1 / (1 + expl(-eta)));
						loss += w * log1pl(expl(-z));
					}
					else
					{
						g = w * (block.target[k] - eta);
						loss += w * (block.target[k] - eta) * (block.target[k] - eta) / 2;
					}
					for (int c = 0; c < s.design.dense; c++)
						gradient[c] += g * x[c];
					for (int c = 0; c < s.design.categories; c++)
						if (label[c] >= 0)
							gradient[label[c]] += g;
				}
			}
			for (int c = 0; c < s.design.cols; c++)
			{
				gradient[c] -= 3 * s.design.penalty[c] * s.beta[c];
				penalty += 3 * s.design.penalty[c] * s.beta[c] * s.beta[c] / 2;
				CHECK_NEAR(normal.gradient[c], gradient[c], 1e-12 * s.r.rows * 100);
			}
			CHECK_CLOSE(normal.loss_sum, loss, 1e-12);
			CHECK_CLOSE(normal.objective, loss + penalty, 1e-12);
		}
}

static void
does_not_know_the_threads(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
		for (int by_qr = 0; by_qr < 2; by_qr++)
		{
			system_ s;
			ml_normal first, other;

			make(t, &s, shape[i], 1, 0.1);
			pass(t, &s, by_qr, &first);
			for (int threads = 2; threads <= 4; threads++)
			{
				t->core.threads = threads;
				REQUIRE_OK(ml_pool_open(&t->core));
				pass(t, &s, by_qr, &other);
				ml_pool_close(&t->core);
				CHECK_SAME(first.objective, other.objective);
				for (int c = 0; c < s.design.cols; c++)
					CHECK_SAME(first.gradient[c], other.gradient[c]);
				for (int c = 0; c < s.design.cols * s.design.cols; c++)
					CHECK_SAME(first.l[c], other.l[c]);
			}
		}
}

/* What cia.max_memory is held against must not be less than what is asked for. */
static void
knows_its_memory(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
		for (int by_qr = 0; by_qr < 2; by_qr++)
		{
			system_ s;
			ml_normal normal;
			double before, predicted;

			make(t, &s, shape[i], 1, 0.1);
			before = t->bytes;
			predicted = ml_normal_memory(&s.design, by_qr);
			REQUIRE_OK(open_normal(t, &s, by_qr, &normal));
			/* structs of a few hundred bytes per shard are not counted */
			CHECK(predicted >= t->bytes - before - 1000.0 * normal.shards);
			CHECK(predicted <= 1.5 * (t->bytes - before));
		}
}

static const ml_blas *forwarded;
static int factorizations;

static void
count_dgelqf(const int *m, const int *n, double *a, const int *lda, double *tau,
             double *work, const int *lwork, int *info)
{
	factorizations++;
	forwarded->dgelqf(m, n, a, lda, tau, work, lwork, info);
}

/*
 * A factorization costs as much as its triangle has columns cubed, so a pass may need one
 * per block of rows, and not one per column of the penalty.
 */
static void
penalty_costs_no_more_than_rows(test_host *t)
{
	ml_blas counting;
	reference wide = {
	    .rows = 100, .numbers = 4, .categories = 4, .levels = {60, 60, 60, 60}};

	forwarded = test_blas();
	counting = *forwarded;
	counting.dgelqf = count_dgelqf;
	t->core.blas = &counting;
	for (int penalized = 0; penalized < 2; penalized++)
	{
		system_ s;
		ml_normal normal;

		make(t, &s, wide, penalized, 0);
		factorizations = 0;
		pass(t, &s, true, &normal);
		CHECK(factorizations <= 4);
	}
}

/* Everything may depend on everything: fewer rows than columns, made whole by l2. */
static void
bears_fewer_rows_than_columns(test_host *t)
{
	static const reference wide[] = {
	    {.rows = 3, .numbers = 30},
	    {.rows = 40, .numbers = 31, .categories = 2, .levels = {30, 30}},
	    {.rows = 600, .numbers = 2, .categories = 3, .levels = {60, 60, 60}}};

	for (int i = 0; i < 3; i++)
		for (int binary = 0; binary < 2; binary++)
		{
			reference r = wide[i];
			system_ s;
			ml_normal normal[2];
			double *step[2], size = 1;

			r.binary = binary;
			make(t, &s, r, 1, 0);
			for (int by_qr = 0; by_qr < 2; by_qr++)
			{
				pass(t, &s, by_qr, &normal[by_qr]);
				CHECK_INT(normal[by_qr].dependent, -1);
				step[by_qr] = reference_room(t, s.design.cols, sizeof(double));
				ml_normal_step(&normal[by_qr], step[by_qr]);
			}
			for (int c = 0; c < s.design.cols; c++)
				size = fmax(size, fabs(step[1][c]));
			for (int c = 0; c < s.design.cols; c++)
				CHECK_NEAR(step[0][c], step[1][c], 1e-7 * size);
			if (i < 2)
			{
				s.l2 = 0;
				pass(t, &s, true, &normal[1]);
				CHECK(normal[1].dependent > 0 && normal[1].dependent <= s.r.rows);
			}
		}
}

static void
notices_refusals_and_stops(test_host *t)
{
	system_ s;

	make(t, &s, shape[1], 1, 0);
	for (int by_qr = 0; by_qr < 2; by_qr++)
	{
		ml_normal normal;

		for (test_trial trial = {.refusals = true}; !trial.done;)
		{
			ml_status status;

			test_try(t, &trial);
			status = open_normal(t, &s, by_qr, &normal);
			test_tried(t, &trial, status);
		}
		for (test_trial trial = {.stops = true}; !trial.done;)
		{
			test_try(t, &trial);
			test_tried(t, &trial,
			           ml_normal_pass(&t->core, &normal, s.beta, s.problem.end, true));
			CHECK(!trial.done || trial.at > s.r.rows / ML_BLOCK);
		}
	}
}

TEST_MAIN({qr_is_gram, "QR gives the step of the Gram matrix"},
          {qr_is_gram_by_blas, "QR gives the step of the Gram matrix, by BLAS"},
          {sums_up, "objective and gradient are the sums over the rows"},
          {does_not_know_the_threads, "any number of threads gives the same bits"},
          {knows_its_memory, "memory foretold is memory asked for"},
          {penalty_costs_no_more_than_rows,
           "a penalty costs no factorization per column"},
          {bears_fewer_rows_than_columns, "fewer rows than columns are made whole by l2"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
