/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial_solve.c: finding the coefficients of a softmax regression.
 *
 * Newton's method with the exact Hessian of all classes (softmax.h) where there is one.
 * On many rows that is made twice only: Newton's method solves a random sixteenth of the
 * rows, one step is taken on a fourth and one on all of them, the factor of which guides
 * quasi-Newton steps that need gradients alone, and the Hessian at the solution confirms it.
 *
 * Without Hessians a limited-memory quasi-Newton method (Nocedal, Updating quasi-Newton
 * matrices with limited storage, 1980) finds the same solution.  It is preconditioned by the
 * Hessian of the model of constant probabilities s_k, which is (diag(s) - s s') times
 * X'WX, so that one factor of the size of the design serves all classes.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE_ROWS 65536 /* from here on a sample gives the start */
#define SAMPLE_SHARE 16
#define LARGER_SHARE 4
#define SAMPLE_ITERATIONS 8
#define SAMPLE_L2 4.0 /* keeps probabilities of rare labels away from 0 in a sample */
#define SAMPLE_DECREMENT 1.0 /* a start need not be nearer than the sample's own noise */
#define GUIDED_ITERATIONS 20 /* quasi-Newton steps with a Hessian's factor */
#define HALVINGS 20
#define SAME_POINT 1e-12 /* decrement under which a step changes no standard error */

/* The weight of every class, as shares of all. */
static ml_status
class_shares(ml_multinomial_fit *s)
{
	ML_NEW(s->host, s->share, s->softmax.classes);
	for (int64_t row = s->problem->begin; row < s->problem->end; row++)
	{
		int y = (int) *ml_numbers_at(s->problem->target, row);
		double weight =
		    s->problem->weight != NULL ? *ml_numbers_at(s->problem->weight, row) : 1;

		ML_PAUSE(s->host, row);
		s->share[y] += weight;
		s->weight += weight;
	}
	for (int k = 0; k < s->softmax.classes; k++)
		s->share[k] /= s->weight;
	return ML_OK;
}

ml_status
ml_multinomial_create(ml_multinomial_fit *s)
{
	ML_TRY(ml_softmax_create(s->host, &s->softmax));
	ML_NEW(s->host, s->beta, s->softmax.size);
	ML_NEW(s->host, s->previous, s->softmax.size);
	ML_NEW(s->host, s->step, s->softmax.size);
	ML_NEW(s->host, s->before, s->softmax.size);
	return class_shares(s);
}

/* The start: no column matters but the intercepts. */
static void
start_flat(ml_multinomial_fit *s)
{
	memset(s->beta, 0, (size_t) s->softmax.size * sizeof(double));
	for (int k = 0; k < s->softmax.free; k++)
		s->beta[k] = log(s->share[k + 1] / s->share[0]);
}

static void
take_step(ml_multinomial_fit *s, double *decrement)
{
	*decrement = 0;
	memcpy(s->previous, s->beta, (size_t) s->softmax.size * sizeof(double));
	for (int64_t i = 0; i < s->softmax.size; i++)
	{
		*decrement += s->step[i] * s->softmax.gradient[i];
		s->beta[i] += s->step[i];
	}
}

/* f and its loss after a step that gains half the decrement. */
static void
account_for_step(ml_multinomial_fit *s, double decrement)
{
	int free = s->softmax.free;

	s->softmax.objective -= decrement / 2;
	s->softmax.loss_sum = s->softmax.objective;
	for (int64_t j = 0; j < s->design.cols; j++)
	{
		const double *b = s->beta + j * free;
		double sum = 0, squares = 0;

		for (int k = 0; k < free; k++)
		{
			sum += b[k];
			squares += b[k] * b[k];
		}
		s->softmax.loss_sum -= s->softmax.l2 * s->design.penalty[j] *
		                       (squares - sum * sum / s->softmax.classes) / 2;
	}
	if (s->softmax.loss_sum < 0)
		s->softmax.loss_sum = 0;
}

/* Has a step made f larger, or no number?  Then half of it is taken back. */
static bool
step_back(ml_multinomial_fit *s, double last)
{
	if (isfinite(s->softmax.objective) &&
	    s->softmax.objective <= last + 1e-10 * (fabs(last) + 1))
		return false;
	for (int64_t i = 0; i < s->softmax.size; i++)
		s->beta[i] = (s->beta[i] + s->previous[i]) / 2;
	return true;
}

/*
 * Newton's method on the rows before end, until the decrement, twice the gain that is
 * left, falls below target.
 */
static ml_status
newton(ml_multinomial_fit *s, int64_t end, int64_t max_iterations, double target,
       double *decrement)
{
	double last = INFINITY;
	int halvings = 0;

	s->converged = false;
	for (int64_t i = 0; i < max_iterations; i++)
	{
		ML_TRY(ml_softmax_pass(s->host, &s->softmax, s->beta, end, true));
		s->iterations++;
		if (s->softmax.dependent >= 0)
			return i == 0 ? ML_SINGULAR : ML_OK;
		if (step_back(s, last))
		{
			if (i == 0 || ++halvings > HALVINGS)
				return i == 0 ? ML_NOT_NUMERIC : ML_OK;
			continue;
		}
		halvings = 0;
		last = s->softmax.objective;
		memcpy(s->step, s->softmax.gradient, (size_t) s->softmax.size * sizeof(double));
		ml_solve_lower((int) s->softmax.size, s->softmax.l, s->step);
		ml_solve_lower_transposed((int) s->softmax.size, s->softmax.l, s->step);
		take_step(s, decrement);
		ml_progress(s->host, ML_STAGE_FIT, (double) i + 1, (double) max_iterations);
		if (*decrement <= target)
		{
			account_for_step(s, *decrement);
			s->converged = true;
			return ML_OK;
		}
	}
	return ML_OK;
}

/* The Hessian's inverse, or what stands for it, times a vector; one class of the latter is a task. */
typedef struct flat_work
{
	ml_multinomial_fit *fit;
	double *vector;                 /* [size] */
	double *column[ML_MAX_THREADS]; /* [cols] each */
} flat_work;

static ml_status
solve_class(void *argument, int64_t k, ml_worker *worker)
{
	flat_work *work = argument;
	const ml_multinomial_fit *s = work->fit;
	double *column = work->column[worker->index];
	int cols = s->design.cols, free = s->softmax.free;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	for (int64_t j = 0; j < cols; j++)
		column[j] = work->vector[j * free + k];
	ml_solve_lower(cols, s->flat.l, column);
	ml_solve_lower_transposed(cols, s->flat.l, column);
	for (int64_t j = 0; j < cols; j++)
		work->vector[j * free + k] = column[j];
	return ML_OK;
}

/*
 * (diag(s) - s s')^-1 is diag(1 / s) + 1 1' / s_0.  The penalty holds rare classes, so it counts
 * as so many rows more of every class.
 */
static ml_status
apply_flat(flat_work *work, double *vector)
{
	const ml_multinomial_fit *s = work->fit;
	double more = s->softmax.l2 / s->weight;
	int free = s->softmax.free;

	work->vector = vector;
	ML_TRY(ml_parallel(s->host, free, solve_class, work));
	for (int64_t j = 0; j < s->design.cols; j++)
	{
		double *v = vector + j * free, sum = 0;

		for (int k = 0; k < free; k++)
			sum += v[k];
		for (int k = 0; k < free; k++)
			v[k] = v[k] / (s->share[k + 1] + more) + sum / (s->share[0] + more);
	}
	return ML_OK;
}

static ml_status
apply_factor(flat_work *work, double *vector)
{
	const ml_multinomial_fit *s = work->fit;

	if (!s->softmax.curved)
		return apply_flat(work, vector);
	ml_solve_lower((int) s->softmax.size, s->softmax.l, vector);
	ml_solve_lower_transposed((int) s->softmax.size, s->softmax.l, vector);
	return ML_OK;
}

static double
dot(int64_t count, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Remembers what the step from previous to beta did to the gradient. */
static void
remember(ml_multinomial_fit *s)
{
	ml_remembered *pair = &s->memory[s->remembered % ML_MEMORY_STEPS];

	for (int64_t i = 0; i < s->softmax.size; i++)
	{
		pair->step[i] = s->beta[i] - s->previous[i];
		pair->change[i] = s->before[i] - s->softmax.gradient[i];
	}
	pair->product = dot(s->softmax.size, pair->step, pair->change);
	/* f is convex: else there is nothing but rounding in it */
	s->remembered += pair->product > 0;
}

/* The two loops of Nocedal's method around the factor. */
static ml_status
quasi_step(ml_multinomial_fit *s, flat_work *work)
{
	int64_t size = s->softmax.size;
	int64_t oldest =
	    s->remembered > ML_MEMORY_STEPS ? s->remembered - ML_MEMORY_STEPS : 0;
	double along[ML_MEMORY_STEPS];

	memcpy(s->step, s->softmax.gradient, (size_t) size * sizeof(double));
	for (int64_t m = s->remembered - 1; m >= oldest; m--)
	{
		const ml_remembered *pair = &s->memory[m % ML_MEMORY_STEPS];

		along[m % ML_MEMORY_STEPS] = dot(size, pair->step, s->step) / pair->product;
		for (int64_t i = 0; i < size; i++)
			s->step[i] -= along[m % ML_MEMORY_STEPS] * pair->change[i];
	}
	ML_TRY(apply_factor(work, s->step));
	for (int64_t m = oldest; m < s->remembered; m++)
	{
		const ml_remembered *pair = &s->memory[m % ML_MEMORY_STEPS];
		double back =
		    along[m % ML_MEMORY_STEPS] - dot(size, pair->change, s->step) / pair->product;

		for (int64_t i = 0; i < size; i++)
			s->step[i] += back * pair->step[i];
	}
	return ml_stop(s->host) ? ML_STOPPED : ML_OK;
}

static ml_status
create_memory(ml_multinomial_fit *s, flat_work *work)
{
	work->fit = s;
	for (int i = 0; i < ml_pool_threads(s->host); i++)
		ML_NEW(s->host, work->column[i], s->design.cols);
	for (int m = 0; m < ML_MEMORY_STEPS && s->memory[m].step == NULL; m++)
	{
		ML_NEW(s->host, s->memory[m].step, s->softmax.size);
		ML_NEW(s->host, s->memory[m].change, s->softmax.size);
	}
	s->remembered = 0;
	return ML_OK;
}

/*
 * Quasi-Newton steps on the rows before end, until the decrement, which is estimated here,
 * falls below target; without Hessians twice in a row.
 */
static ml_status
quasi_newton(ml_multinomial_fit *s, int64_t end, int64_t max_iterations, double target)
{
	double last = INFINITY, decrement;
	int halvings = 0, small = 0;
	flat_work work = {0};

	s->converged = false;
	ML_TRY(create_memory(s, &work));
	for (int64_t i = 0; i < max_iterations; i++)
	{
		ML_TRY(ml_softmax_pass(s->host, &s->softmax, s->beta, end, false));
		s->iterations++;
		if (step_back(s, last))
		{
			if (i == 0 || ++halvings > HALVINGS)
				return i == 0 ? ML_NOT_NUMERIC : ML_OK;
			continue;
		}
		if (i > 0)
			remember(s);
		halvings = 0;
		last = s->softmax.objective;
		memcpy(s->before, s->softmax.gradient, (size_t) s->softmax.size * sizeof(double));
		ML_TRY(quasi_step(s, &work));
		take_step(s, &decrement);
		ml_progress(s->host, ML_STAGE_FIT, (double) i + 1, (double) max_iterations);
		small = decrement <= target ? small + 1 : 0;
		if (small == (s->softmax.curved ? 1 : 2) || decrement <= 0)
		{
			account_for_step(s, decrement);
			s->converged = small > 0;
			return ML_OK;
		}
	}
	return ML_OK;
}

/* The factor of X'WX with a penalty that is right for classes of equal size. */
static ml_status
factor_flat(ml_multinomial_fit *s)
{
	double *zero;

	s->flat = (ml_normal){.design = &s->design,
	                      .loss = ml_family_find("linear", (ml_text){0})->loss,
	                      .l2 = s->softmax.l2 * s->softmax.classes};
	ML_NEW(s->host, zero, s->design.cols);
	ML_TRY(ml_normal_create(s->host, &s->flat));
	ML_TRY(ml_normal_pass(s->host, &s->flat, zero, s->problem->end, true));
	s->softmax.dependent = s->flat.dependent;
	return s->flat.dependent < 0 ? ML_OK : ML_SINGULAR;
}

/* Newton's method on a sample, one step on a larger one and one on all rows. */
static ml_status
newton_by_samples(ml_multinomial_fit *s, int64_t rows)
{
	double decrement, l2 = s->softmax.l2;
	ml_status status;

	s->softmax.l2 = l2 > SAMPLE_L2 ? l2 : SAMPLE_L2;
	status = newton(s, s->problem->begin + rows / SAMPLE_SHARE, SAMPLE_ITERATIONS,
	                SAMPLE_DECREMENT, &decrement);
	if (status == ML_OK && s->converged)
		status = newton(s, s->problem->begin + rows / LARGER_SHARE, 1, 0, &decrement);
	s->softmax.l2 = l2;
	ML_TRY(status);
	s->iterations = 0;
	if (s->softmax.dependent < 0)
		ML_TRY(newton(s, s->problem->end, 1, 0, &decrement));
	return s->softmax.dependent < 0 ? ML_OK : ML_SINGULAR;
}

/*
 * A start from a sample; the factor of the last Hessian guides quasi-Newton steps to the
 * solution.  If something goes wrong, it is back to the flat start.
 */
static ml_status
start_from_sample(ml_multinomial_fit *s, int64_t rows)
{
	ml_status status;

	if (!s->softmax.curved)
		return quasi_newton(s, s->problem->begin + rows / SAMPLE_SHARE, SAMPLE_ITERATIONS,
		                    SAMPLE_DECREMENT);
	status = newton_by_samples(s, rows);
	if (status == ML_OK)
		return quasi_newton(s, s->problem->end, GUIDED_ITERATIONS, SAME_POINT);
	/* a sample may be separable or lack a label where all rows are fine */
	if (status != ML_SINGULAR && status != ML_NOT_NUMERIC)
		return status;
	start_flat(s);
	return ML_OK;
}

static ml_status
solve(ml_multinomial_fit *s)
{
	int64_t rows = s->problem->end - s->problem->begin;
	double decrement = INFINITY;
	ml_status status;

	start_flat(s);
	if (!s->softmax.curved)
		ML_TRY(factor_flat(s));
	if (rows >= SAMPLE_ROWS)
		ML_TRY(start_from_sample(s, rows));
	if (!s->softmax.curved)
		return quasi_newton(s, s->problem->end, s->max_iterations, s->tolerance);
	status = newton(s, s->problem->end, s->max_iterations, s->tolerance, &decrement);
	if (status == ML_SINGULAR && rows >= SAMPLE_ROWS)
	{
		/* separable classes look like dependent columns where probabilities are 0 and 1 */
		start_flat(s);
		status = newton(s, s->problem->end, s->max_iterations, s->tolerance, &decrement);
	}
	ML_TRY(status);
	/* standard errors are to be those of the solution, not of a point before it */
	if (decrement <= SAME_POINT || s->softmax.dependent >= 0)
		return ML_OK;
	return ml_softmax_pass(s->host, &s->softmax, s->beta, s->problem->end, true);
}

ml_status
ml_multinomial_solve(ml_multinomial_fit *s)
{
	ml_status status = solve(s);

	return ml_design_blame(s->host, &s->design, s->softmax.dependent, status);
}
