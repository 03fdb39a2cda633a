/* SPDX-License-Identifier: PostgreSQL */
/*
 * glm.c: Newton's method with step halving, and coefficients in the data's units.
 *
 * Large problems are first solved on a sixteenth of the rows: rows are in the order of
 * their hashed keys, so the first ones are a random sample, and the start it gives
 * saves passes over the rest.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define QR_WORK 2e8       /* rows x columns^2 up to which QR costs no noticeable time */
#define SAMPLE_ROWS 65536 /* from here on a sample gives the start */
#define SAMPLE_SHARE 16
#define SAMPLE_ITERATIONS 5
#define SAMPLE_DECREMENT 1.0 /* a start need not be nearer than the sample's own noise */
#define HALVINGS 20
#define SEPARATED 1e-6   /* loss per row under which the classes are separated */
#define SAME_POINT 1e-12 /* decrement under which a step changes no standard error */

typedef struct solver
{
	ml_host *host;
	const ml_problem *problem;
	const ml_glm *glm;
	ml_design design;
	ml_normal normal;
	double *beta;
	double *previous;
	double *step;
	bool converged;
	int64_t iterations;
	double dispersion;
	double *error; /* [cols] standard errors */
} solver;

/* Sets up the factorization; a change to QR keeps what has been reached. */
static ml_status
use_factorization(solver *s, bool by_qr)
{
	s->normal = (ml_normal){.design = &s->design,
	                        .loss = s->glm->family->loss,
	                        .l2 = s->glm->l2,
	                        .by_qr = by_qr,
	                        .quadratic = s->glm->family->quadratic,
	                        .offset = s->glm->offset};
	return ml_normal_create(s->host, &s->normal);
}

static void
take_step(solver *s, double *decrement)
{
	*decrement = 0;
	ml_normal_step(&s->normal, s->step);
	memcpy(s->previous, s->beta, (size_t) s->design.cols * sizeof(double));
	for (int j = 0; j < s->design.cols; j++)
	{
		*decrement += s->step[j] * s->normal.gradient[j];
		s->beta[j] += s->step[j];
	}
}

/* A pass that changes to QR when the Gram matrix turns out too ill-conditioned. */
static ml_status
pass(solver *s, int64_t end, bool curved)
{
	ML_TRY(ml_normal_pass(s->host, &s->normal, s->beta, end, curved));
	if (s->normal.dependent >= 0 && !s->normal.by_qr)
	{
		ML_TRY(use_factorization(s, true));
		ML_TRY(ml_normal_pass(s->host, &s->normal, s->beta, end, true));
	}
	return ML_OK;
}

/* f and its loss after a step that gains half the decrement. */
static void
account_for_step(solver *s, double decrement)
{
	s->normal.objective -= decrement / 2;
	s->normal.loss_sum = s->normal.objective;
	for (int j = 0; j < s->design.cols; j++)
		s->normal.loss_sum -=
		    s->glm->l2 * s->design.penalty[j] * s->beta[j] * s->beta[j] / 2;
	/* of an exact fit rounding errors are left, of either sign */
	if (s->normal.loss_sum < 0)
		s->normal.loss_sum = 0;
}

/*
 * Newton's method on the rows before end, until the decrement s'g, twice the gain that
 * is left, falls below target.  A step that makes f larger is halved.  The factor of
 * the last pass belongs to a point sqrt(decrement) standard errors from the solution.
 */
static ml_status
newton(solver *s, int64_t end, int64_t max_iterations, double target, double *decrement)
{
	double last = INFINITY;
	int halvings = 0;

	s->converged = false;
	for (int64_t i = 0; i < max_iterations; i++)
	{
		ML_TRY(pass(s, end, true));
		s->iterations++;
		if (s->normal.dependent >= 0)
			return i == 0 ? ML_SINGULAR : ML_OK;
		if (!(s->normal.objective <= last + 1e-10 * (fabs(last) + 1)))
		{
			if (i == 0 || ++halvings > HALVINGS)
				return i == 0 ? ML_NOT_NUMERIC : ML_OK;
			for (int j = 0; j < s->design.cols; j++)
				s->beta[j] = (s->beta[j] + s->previous[j]) / 2;
			continue;
		}
		halvings = 0;
		last = s->normal.objective;
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

/* Two steps of a quadratic loss: the solution and its refinement. */
static ml_status
solve_quadratic(solver *s)
{
	double decrement = 0;

	for (int i = 0; i < 2; i++)
	{
		ML_TRY(pass(s, s->problem->end, i == 0));
		if (s->normal.dependent >= 0)
			return ML_SINGULAR;
		take_step(s, &decrement);
		s->iterations++;
		ml_progress(s->host, ML_STAGE_FIT, i + 1, 2);
	}
	s->converged = true;
	if (s->normal.by_qr)
		return ml_normal_pass(s->host, &s->normal, s->beta, s->problem->end, false);
	account_for_step(s, decrement);
	return ML_OK;
}

static ml_status
solve(solver *s)
{
	int64_t rows = s->problem->end - s->problem->begin;
	double decrement = INFINITY;

	s->beta[0] = s->glm->start;
	if (s->glm->family->quadratic)
		return solve_quadratic(s);
	if (rows >= SAMPLE_ROWS)
	{
		ml_status status = newton(s, s->problem->begin + rows / SAMPLE_SHARE,
		                          SAMPLE_ITERATIONS, SAMPLE_DECREMENT, &decrement);

		/* a sample may be separable or lack a label where all rows are fine */
		if (status == ML_SINGULAR || status == ML_NOT_NUMERIC ||
		    (status == ML_OK && !s->converged))
		{
			memset(s->beta, 0, (size_t) s->design.cols * sizeof(double));
			s->beta[0] = s->glm->start;
		}
		else
			ML_TRY(status);
		s->iterations = 0;
	}
	ML_TRY(newton(s, s->problem->end, s->glm->max_iterations, s->glm->tolerance,
	              &decrement));
	/* standard errors are to be those of the solution, not of a point before it */
	return decrement <= SAME_POINT ? ML_OK : pass(s, s->problem->end, true);
}

/* sqrt(phi t' (X'HX + l2 D)^-1 t) for a contrast t, which is overwritten. */
static double
contrast_error(const solver *s, double *t)
{
	double sum = 0;

	ml_solve_lower(s->design.cols, s->normal.l, t);
	for (int j = 0; j < s->design.cols; j++)
		sum += t[j] * t[j];
	return sqrt(s->dispersion * sum);
}

typedef struct error_work
{
	const solver *solver;
	double *error;                    /* [cols] */
	double *contrast[ML_MAX_THREADS]; /* [cols] each */
} error_work;

/* The error of one column; of the intercept it is that of b_0 - sum_j b_j shift_j / scale_j. */
static ml_status
column_error(void *argument, int64_t column, ml_worker *worker)
{
	error_work *work = argument;
	const ml_design *design = &work->solver->design;
	double *t = work->contrast[worker->index];

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	memset(t, 0, (size_t) design->cols * sizeof(double));
	t[column] = 1 / (column < design->dense ? design->scale[column] : 1);
	for (int c = 1; column == 0 && c < design->dense; c++)
		t[c] = -design->shift[c] / design->scale[c];
	work->error[column] = contrast_error(work->solver, t);
	return ML_OK;
}

/* Standard errors of all columns; each costs the square of their number. */
static ml_status
column_errors(solver *s)
{
	error_work work = {.solver = s};

	ML_NEW(s->host, s->error, s->design.cols);
	work.error = s->error;
	for (int i = 0; i < ml_pool_threads(s->host); i++)
		ML_NEW(s->host, work.contrast[i], s->design.cols);
	return ml_parallel(s->host, s->design.cols, column_error, &work);
}

static double
intercept_of(const solver *s)
{
	double intercept = s->beta[0] + s->glm->offset;

	for (int c = 1; c < s->design.dense; c++)
		intercept -= s->beta[c] * (s->design.shift[c] / s->design.scale[c]);
	return intercept;
}

/* Coefficients and errors of one category, from its slots on; answers the next slot. */
static int64_t
write_category(const solver *s, int category, int64_t slot, double *coefficient,
               double *error)
{
	const ml_feature *feature =
	    &s->problem->schema->feature[s->design.category[category]];
	const int32_t *column_of = s->design.column_of[category];
	double mean = 0, rows = 0;

	for (int level = 0; level <= feature->levels; level++)
	{
		int32_t column = column_of[level];

		coefficient[slot + level] = column < 0 ? 0 : s->beta[column];
		error[slot + level] = column < 0 ? NAN : s->error[column];
		if (level < feature->levels)
		{
			mean += feature->count[level] * coefficient[slot + level];
			rows += feature->count[level];
		}
	}
	if (column_of[feature->levels] < 0)
		coefficient[slot + feature->levels] = mean / rows;
	return slot + feature->levels + 1;
}

static ml_status
write_fitted(solver *s, double log_likelihood, ml_fitted *fitted)
{
	const ml_schema *schema = s->problem->schema;
	int64_t slots = ml_glm_slots(schema), slot = 0;
	double *intercept, *coefficient, *error, *phi, *likelihood;
	int number = 1, category = 0;

	ML_TRY(column_errors(s));
	ML_TRY(ml_fitted_add(s->host, fitted, "intercept", 1, &intercept));
	ML_TRY(ml_fitted_add(s->host, fitted, "coefficients", slots, &coefficient));
	ML_TRY(ml_fitted_add(s->host, fitted, "standard_errors", slots + 1, &error));
	ML_TRY(ml_fitted_add(s->host, fitted, "dispersion", 1, &phi));
	ML_TRY(ml_fitted_add(s->host, fitted, "log_likelihood", 1, &likelihood));
	*intercept = intercept_of(s);
	*phi = s->dispersion;
	/* an exact fit has no finite one */
	*likelihood = isfinite(log_likelihood) ? log_likelihood : NAN;
	error[0] = s->error[0];
	for (int f = 0; f < schema->features; f++)
	{
		if (schema->feature[f].use != ML_USE_TERM)
			continue;
		if (schema->feature[f].kind == ML_CATEGORY)
		{
			slot = write_category(s, category++, slot, coefficient, error + 1);
			continue;
		}
		coefficient[slot] = s->beta[number] / s->design.scale[number];
		error[1 + slot++] = s->error[number++];
	}
	for (int64_t i = 0; i < slots; i++)
		if (!isfinite(coefficient[i]) || isinf(error[i + 1]))
			return ML_NOT_NUMERIC;
	fitted->converged = s->converged;
	fitted->iterations = s->iterations;
	return isfinite(*intercept) ? ML_OK : ML_NOT_NUMERIC;
}

/* The fault of a singular matrix is the frame's column that the dependent column encodes. */
static ml_status
name_dependent(const solver *s, ml_status status)
{
	if (status == ML_SINGULAR)
	{
		int feature = ml_design_feature(&s->design, s->normal.dependent);

		s->host->fault.column =
		    feature < 0 ? -1 : s->problem->schema->feature[feature].column;
	}
	return status;
}

/* Sum of log w: weights are inverse variances to the normal likelihood. */
static double
log_weights(const ml_problem *problem)
{
	double sum = 0;

	for (int64_t row = problem->begin; problem->weight != NULL && row < problem->end;
	     row++)
		sum += log(*ml_numbers_at(problem->weight, row));
	return sum;
}

ml_status
ml_glm_fit(ml_host *host, const ml_problem *problem, const ml_glm *glm, ml_fitted *fitted)
{
	solver s = {.host = host, .problem = problem, .glm = glm, .dispersion = 1};
	int64_t rows = problem->end - problem->begin;
	double likelihood;

	ML_TRY(ml_design_create(host, problem, &s.design));
	ML_NEW(host, s.beta, s.design.cols);
	ML_NEW(host, s.previous, s.design.cols);
	ML_NEW(host, s.step, s.design.cols);
	ML_TRY(
	    use_factorization(&s, (double) rows * s.design.cols * s.design.cols <= QR_WORK));
	ML_TRY(name_dependent(&s, solve(&s)));
	likelihood = -s.normal.loss_sum;
	/* classes that are told apart without error have no maximum to converge to */
	if (!glm->family->quadratic && glm->l2 == 0 &&
	    s.normal.loss_sum < SEPARATED * (double) rows)
		s.converged = false;
	if (glm->family->quadratic)
	{
		double variance = 2 * s.normal.loss_sum / (double) rows;

		s.dispersion = rows > s.design.cols
		                   ? 2 * s.normal.loss_sum / (double) (rows - s.design.cols)
		                   : NAN;
		likelihood = -0.5 * (double) rows * (log(2 * acos(-1) * variance) + 1) +
		             log_weights(problem) / 2;
	}
	return write_fitted(&s, likelihood, fitted);
}

double
ml_glm_memory(const ml_problem *problem, int threads)
{
	const ml_schema *schema = problem->schema;
	ml_design design = {.problem = problem, .dense = 1, .cols = 1};

	(void) threads;
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->use != ML_USE_TERM)
			continue;
		design.dense += feature->kind == ML_NUMBER;
		design.categories += feature->kind == ML_CATEGORY;
		design.cols +=
		    feature->kind == ML_NUMBER ? 1 : feature->levels - 1 + (feature->missing > 0);
	}
	return ml_normal_memory(&design,
	                        (double) schema->rows * design.cols * design.cols <= QR_WORK);
}
