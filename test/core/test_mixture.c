/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_mixture.c: mixtures of normal distributions against expectation and maximization written
 * down plainly, with covariances in place of factors.
 */
#include "cloud.h"

#define SIDE MOST_NUMBERS

/* A mixture as its textbook has it. */
typedef struct plain
{
	int k;
	int numbers;
	int64_t slots;
	double weight[16];
	double center[16][32];
	double covariance[16][SIDE][SIDE];
} plain;

/* x := a^-1 x by Gauss; answers the determinant of a. */
static double
solve(int n, double a[SIDE][SIDE], double *x)
{
	double m[SIDE][SIDE], determinant = 1;

	memcpy(m, a, sizeof m);
	for (int i = 0; i < n; i++)
	{
		determinant *= m[i][i];
		for (int r = i + 1; r < n; r++)
		{
			double factor = m[r][i] / m[i][i];

			for (int c = i; c < n; c++)
				m[r][c] -= factor * m[i][c];
			x[r] -= factor * x[i];
		}
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int c = i + 1; c < n; c++)
			x[i] -= m[i][c] * x[c];
		x[i] /= m[i][i];
	}
	return determinant;
}

/* A row's log density by the known numbers alone; and what is expected of the others. */
static double
plain_density(const plain *p, int s, const ml_space *space, const double *row,
              double *expected, double spread[SIDE][SIDE])
{
	double known[SIDE][SIDE], away[SIDE], solved[SIDE], square = 0, result = 0;
	int at[SIDE], gap[SIDE], count = 0, gaps = 0;

	for (int j = 0; j < p->numbers; j++)
		if (isnan(row[space->number[j]]))
			gap[gaps++] = j;
		else
			at[count++] = j;
	for (int a = 0; a < count; a++)
	{
		for (int b = 0; b < count; b++)
			known[a][b] = p->covariance[s][at[a]][at[b]];
		away[a] = ml_space_number(space, at[a], row[space->number[at[a]]]) -
		          p->center[s][space->number_slot[at[a]]];
		solved[a] = away[a];
		expected[at[a]] = away[a];
	}
	result -= log(solve(count, known, solved)) / 2 + count * log(8 * atan(1)) / 2;
	for (int a = 0; a < count; a++)
	{
		square += away[a] * solved[a];
		result += log(space->inverse[at[a]]);
	}
	memset(spread, 0, SIDE * sizeof *spread);
	for (int g = 0; g < gaps; g++)
	{
		double weight[SIDE];

		expected[gap[g]] = 0;
		for (int a = 0; a < count; a++)
		{
			weight[a] = p->covariance[s][at[a]][gap[g]];
			expected[gap[g]] += weight[a] * solved[a];
		}
		solve(count, known, weight);
		for (int h = 0; h < gaps; h++)
		{
			spread[gap[g]][gap[h]] = p->covariance[s][gap[g]][gap[h]];
			for (int a = 0; a < count; a++)
				spread[gap[g]][gap[h]] -= weight[a] * p->covariance[s][at[a]][gap[h]];
		}
	}
	for (int c = 0; c < space->categories; c++)
	{
		double code = row[space->category[c]];
		int64_t level =
		    code < 0 ? space->schema->feature[space->category[c]].levels : (int64_t) code;

		result += log(p->center[s][space->category_slot[c] + level]);
	}
	return result - square / 2;
}

/* Means, shares and covariances from sums about the means there are. */
static void
plain_update(plain *p, const plain *sum, const ml_em *em, bool full)
{
	const ml_space *space = em->space;
	double total = 0;

	for (int s = 0; s < p->k; s++)
		total += sum->weight[s];
	for (int s = 0; s < p->k; s++)
	{
		double moved[SIDE];

		p->weight[s] = sum->weight[s] / total;
		for (int a = 0; a < p->numbers; a++)
			moved[a] = sum->center[s][space->number_slot[a]] / sum->weight[s];
		for (int a = 0; a < p->numbers; a++)
		{
			p->center[s][space->number_slot[a]] += moved[a];
			for (int b = 0; b < p->numbers; b++)
				p->covariance[s][a][b] =
				    a != b && !full ? 0
				                    : sum->covariance[s][a][b] / sum->weight[s] -
				                          moved[a] * moved[b] + (a == b ? em->ridge : 0);
		}
		for (int c = 0; c < space->categories; c++)
		{
			const ml_feature *feature = &space->schema->feature[space->category[c]];

			for (int l = 0; l <= feature->levels; l++)
			{
				int64_t at = space->category_slot[c] + l;
				double all = l < feature->levels ? feature->count[l] : feature->missing;

				p->center[s][at] = (1 - em->ridge) * sum->center[s][at] / sum->weight[s] +
				                   em->ridge * all / space->schema->rows;
			}
		}
	}
}

/* One step; answers the mean log-likelihood before it. */
static double
plain_step(plain *p, const ml_em *em, bool full)
{
	const ml_space *space = em->space;
	const ml_schema *schema = space->schema;
	plain sum = *p;
	double total = 0, likelihood = 0;

	memset(sum.weight, 0, sizeof sum.weight);
	memset(sum.center, 0, sizeof sum.center);
	memset(sum.covariance, 0, sizeof sum.covariance);
	for (int64_t i = em->begin; i < em->end; i++)
	{
		double weight = em->problem->weight ? *ml_numbers_at(em->problem->weight, i) : 1;
		double density[16], expected[16][SIDE], row[16], all = 0;
		static double spread[16][SIDE][SIDE];

		ml_problem_row(em->problem, i, row);
		for (int s = 0; s < p->k; s++)
			all += density[s] = p->weight[s] * exp(plain_density(p, s, space, row,
			                                                     expected[s], spread[s]));
		likelihood += weight * log(all);
		total += weight;
		for (int s = 0; s < p->k; s++)
		{
			double share = weight * density[s] / all;

			sum.weight[s] += share;
			for (int a = 0; a < p->numbers; a++)
			{
				sum.center[s][space->number_slot[a]] += share * expected[s][a];
				for (int b = 0; b < p->numbers; b++)
					sum.covariance[s][a][b] +=
					    share * (expected[s][a] * expected[s][b] + spread[s][a][b]);
			}
			for (int c = 0; c < space->categories; c++)
			{
				double code = row[space->category[c]];
				int levels = schema->feature[space->category[c]].levels;

				sum.center[s][space->category_slot[c] +
				              (code < 0 ? levels : (int) code)] += share;
			}
		}
	}
	plain_update(p, &sum, em, full);
	return likelihood / total;
}

/* The covariance that a factor stands for. */
static void
covariance_of(const ml_mixture *m, int s, double out[SIDE][SIDE])
{
	int n = m->space->numbers;
	const double *factor = m->factor + s * m->size;

	for (int a = 0; a < n; a++)
	{
		double inverse[SIDE][SIDE] = {{0}}, column[SIDE] = {0};

		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				for (int r = 0; r < n; r++)
					inverse[i][j] += m->full ? factor[r * n + i] * factor[r * n + j]
					                 : i == j && r == i ? factor[i] * factor[i]
					                                    : 0;
		column[a] = 1;
		solve(n, inverse, column);
		for (int i = 0; i < n; i++)
			out[i][a] = column[i];
	}
}

static void
copy_mixture(const ml_mixture *m, plain *out)
{
	memset(out, 0, sizeof *out);
	out->k = m->k;
	out->numbers = m->space->numbers;
	out->slots = m->space->slots;
	for (int s = 0; s < m->k; s++)
	{
		out->weight[s] = m->weight[s];
		memcpy(out->center[s], m->center + s * out->slots,
		       (size_t) out->slots * sizeof(double));
		covariance_of(m, s, out->covariance[s]);
	}
}

static void
check_same(const ml_mixture *m, const plain *p)
{
	plain ours;

	copy_mixture(m, &ours);
	for (int s = 0; s < m->k; s++)
	{
		CHECK_NEAR(ours.weight[s], p->weight[s], 1e-9);
		for (int64_t i = 0; i < p->slots; i++)
			CHECK_NEAR(ours.center[s][i], p->center[s][i], 1e-8);
		for (int a = 0; a < p->numbers; a++)
			for (int b = 0; b < p->numbers; b++)
				CHECK_NEAR(ours.covariance[s][a][b], p->covariance[s][a][b], 1e-7);
	}
}

static void
check_steps(test_host *t, const cloud *c, int k, bool full)
{
	ml_schema schema;
	ml_space space;
	ml_problem problem;
	ml_em em;
	int32_t *assigned;
	double before = -INFINITY;
	plain p;

	t->core.threads = 1 + k % 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	problem = open_problem(t, c, &schema);
	REQUIRE_OK(ml_space_create(&t->core, &problem,
	                           &(ml_space_options){.category_weight = INFINITY}, &space));
	em = (ml_em){.host = &t->core,
	             .problem = &problem,
	             .space = &space,
	             .begin = 3,
	             .end = problem.end - 5,
	             .ridge = 1e-4};
	REQUIRE_OK(ml_em_create(&em, k, full));
	assigned = ml_alloc_array(&t->core, problem.end, sizeof *assigned);
	for (int64_t i = 0; i < problem.end; i++)
	{
		double row[16];

		ml_problem_row(&problem, i, row);
		assigned[i] =
		    (int32_t) (isnan(row[0]) ? i % k : (int64_t) (fabs(row[0] * 3) + i % 5) % k);
	}
	REQUIRE_OK(ml_em_begin(&em, assigned));
	copy_mixture(&em.mixture, &p);
	for (int step = 0; step < 8; step++)
	{
		int64_t iterations;
		bool converged;
		double likelihood = plain_step(&p, &em, full);

		REQUIRE_OK(ml_em_iterate(&em, 1, 0, &iterations, &converged));
		CHECK_NEAR(em.likelihood, likelihood, 1e-9);
		CHECK(em.likelihood > before - 1e-5); /* but for the ridge it never falls */
		before = em.likelihood;
		check_same(&em.mixture, &p);
	}
	ml_pool_close(&t->core);
}

static void
follows_the_textbook(test_host *t)
{
	static const cloud some[] = {
	    {.rows = 300, .numbers = 3, .middles = 3, .noise = 2, .seed = 1},
	    {.rows = 400, .numbers = 4, .middles = 4, .noise = 2, .missing = 0.2, .seed = 2},
	    {.rows = 2500,
	     .numbers = 2,
	     .categories = 2,
	     .middles = 3,
	     .noise = 3,
	     .missing = 0.1,
	     .weighted = true,
	     .seed = 3},
	    {.rows = 300, .numbers = 0, .categories = 3, .middles = 3, .seed = 4}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		for (int k = 2; k < 5; k++)
			for (int full = 0; full < 2; full++)
				check_steps(t, &some[i], k, full);
}

static ml_status
train_mixture(test_host *t, ml_frame *frame, const sample_option *options,
              ml_result *result)
{
	return sample_train(&t->core, frame, "gaussian_mixture", options, result);
}

/* One row by a model, against the densities of the textbook. */
static void
check_row(const ml_model *model, const plain *p, const ml_space *space, const double *row)
{
	double margin[16], contribution[16], bias, all = 0, next = -INFINITY, sum = 0;
	double probability[16], expected[SIDE];
	static double spread[SIDE][SIDE];
	int own = ml_model_class(model, row), k = p->k;

	model->learner->margins(model->state, row, margin);
	for (int s = 0; s < k; s++)
	{
		CHECK_NEAR(margin[s],
		           log(p->weight[s]) + plain_density(p, s, space, row, expected, spread),
		           1e-7);
		all += exp(margin[s]);
		next = s != own ? fmax(next, margin[s]) : next;
	}
	ml_model_probabilities(model, row, probability);
	for (int s = 0; s < k; s++)
		CHECK_CLOSE(probability[s], exp(margin[s]) / all, 1e-9);
	ml_model_explain(model, row, contribution, &bias);
	for (int f = 0; f < model->schema.features; f++)
	{
		sum += contribution[f];
		if (isnan(row[f]))
			CHECK_NEAR(contribution[f], 0, 1e-9);
	}
	CHECK_NEAR(sum + bias, margin[own] - next, 1e-9);
}

/* At the mean of a segment, with its likeliest labels, the distance is nought. */
static void
check_distance(const ml_model *model, const plain *p, const ml_space *space)
{
	for (int s = 0; s < p->k; s++)
	{
		double row[16], top[16], apart[SIDE], solved[SIDE], square = 0;

		for (int j = 0; j < space->numbers; j++)
			row[space->number[j]] =
			    space->shift[j] + space->scale[j] * p->center[s][space->number_slot[j]];
		for (int c = 0; c < space->categories; c++)
		{
			const double *share = p->center[s] + space->category_slot[c];
			int levels = model->schema.feature[space->category[c]].levels, best = 0;

			for (int l = 1; l < levels; l++)
				best = share[l] > share[best] ? l : best;
			row[space->category[c]] = share[levels] > share[best] ? -1 : best;
		}
		CHECK_NEAR(model->learner->distance(model->state, row, s), 0, 1e-6);
		model->learner->margins(model->state, row, top);
		for (int j = 0; j < space->numbers; j++)
		{
			row[space->number[j]] += (j + 1) * space->scale[j];
			solved[j] = apart[j] = j + 1;
		}
		solve(space->numbers, (double(*)[SIDE]) p->covariance[s], solved);
		for (int j = 0; j < space->numbers; j++)
			square += apart[j] * solved[j];
		CHECK_CLOSE(model->learner->distance(model->state, row, s), sqrt(square), 1e-7);
		for (int j = 0; j < space->numbers; j++)
			row[space->number[j]] = NAN;
		CHECK_NEAR(model->learner->distance(model->state, row, s), 0, 1e-6);
	}
}

static void
check_scores_of(test_host *t, const cloud *c, const sample_option *options)
{
	double rows[16] = {0}, likelihood = 0;
	ml_space space;
	ml_mixture m;
	ml_result result;
	ml_model *model;
	int column[16];
	int32_t **code;
	plain p;

	REQUIRE_OK(train_mixture(t, cloud_frame(t, c), options, &result));
	model = result.model;
	for (int f = 0; f < model->schema.features; f++)
		column[f] = model->schema.feature[f].column;
	/* the state begins with the mixture */
	m = *(const ml_mixture *) model->state;
	space = *m.space;
	copy_mixture(&m, &p);
	ml_frame *frame = cloud_frame(t, c);
	ml_rows in = {.frame = frame, .column = column, .end = frame->rows};
	REQUIRE_OK(ml_rows_translate(&t->core, model, &in, &code));
	in.code = code;
	for (int64_t i = 0; i < frame->rows; i++)
	{
		double x[16], margin[16], sum = 0;

		ml_rows_gather(&in, &model->schema, i, x);
		rows[ml_model_class(model, x)]++;
		model->learner->margins(model->state, x, margin);
		for (int s = 0; s < m.k; s++)
			sum += exp(margin[s]);
		likelihood += log(sum) / (double) frame->rows;
		check_row(model, &p, &space, x);
	}
	for (int s = 0; s < m.k; s++)
		CHECK_SAME(rows[s], model->schema.class_count[s]);
	CHECK_CLOSE(learned(model, "log_likelihood"), likelihood, 1e-12);
	CHECK_CLOSE(learned(model, "bic"),
	            learned(model, "parameters") * log((double) frame->rows) -
	                2 * (double) frame->rows * likelihood,
	            1e-12);
	check_distance(model, &p, &space);
	check_canonical(t, model);
}

static void
scores_as_it_was_trained(test_host *t)
{
	static const sample_option full[] = {
	    {"k", 5}, {"holdout", 0}, {"restarts", 2}, {NULL, 0}};
	static const sample_option diagonal[] = {{"k", 5},
	                                         {"holdout", 0},
	                                         {"restarts", 2},
	                                         {"covariance", 0, "diagonal"},
	                                         {NULL, 0}};
	cloud c = {.rows = 900,
	           .numbers = 4,
	           .categories = 2,
	           .middles = 5,
	           .noise = 2,
	           .missing = 0.1,
	           .seed = 6};

	check_scores_of(t, &c, full);
	check_scores_of(t, &c, diagonal);
	c.missing = 0;
	check_scores_of(t, &c, full);
	c.categories = 0;
	check_scores_of(t, &c, diagonal);
	c.numbers = 0;
	c.categories = 3;
	check_scores_of(t, &c, full);
}

TEST_MAIN({follows_the_textbook,
           "steps are those of the textbook, missing values and labels included"},
          {scores_as_it_was_trained,
           "densities, probabilities and distances are what they are said to be"})
