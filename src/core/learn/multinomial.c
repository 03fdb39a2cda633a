/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial.c: softmax regression: more than two classes at once.
 *
 * Newton's method with the exact Hessian of all classes (softmax.h) where that has at most
 * LARGEST rows; its inverse gives the standard errors.  On many rows it is used three
 * times only: Newton's method solves a random sixteenth of the rows, whose factor then
 * guides quasi-Newton steps over all rows, which need gradients alone; the Hessian at the
 * solution confirms it.
 *
 * Beyond that size a limited-memory quasi-Newton method (Nocedal, Updating quasi-Newton
 * matrices with limited storage, 1980) finds the same solution without standard errors.  It is
 * preconditioned by the Hessian of the model of constant probabilities s_k, which is
 * (diag(s) - s s') times X'WX, so that one factor of the size of the design serves all classes.
 *
 * Learned arrays: those of glm.h, class-major, with zeros (errors: NaN) for the first class.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define LARGEST 2048      /* rows of a Hessian that is still made */
#define LARGEST_FREE 64   /* classes, likewise */
#define SAMPLE_ROWS 65536 /* from here on a sample gives the start */
#define SAMPLE_SHARE 16
#define SAMPLE_ITERATIONS 8
#define SAMPLE_DECREMENT 1.0 /* a start need not be nearer than the sample's own noise */
#define GUIDED_ITERATIONS 20 /* quasi-Newton steps with the sample's factor */
#define HALVINGS 20
#define SEPARATED 1e-6 /* loss per row under which the classes are separated */
#define ENDLESS_ERROR                                                                    \
	100.0 /* standardized error and coefficient of a column without end */
#define ENDLESS_SIZE 5.0
#define SAME_POINT 1e-12 /* decrement under which a step changes no standard error */
#define MEMORY 8         /* steps that quasi-Newton remembers */

typedef struct multinomial_options
{
	double l2;
	int64_t max_iterations;
	double tolerance;
} multinomial_options;

static const ml_option multinomial_option[] = {
    {"l2", ML_OPTION_NUMBER, offsetof(multinomial_options, l2), 1, 0, 1e15,
     "penalty on the squared coefficients of standardized numbers and of labels, the "
     "same for every class; 0 is maximum likelihood"},
    {"max_iterations", ML_OPTION_INTEGER, offsetof(multinomial_options, max_iterations),
     100, 1, 100000, "steps after which training stops with a warning"},
    {"tolerance", ML_OPTION_NUMBER, offsetof(multinomial_options, tolerance), 1e-8, 1e-15,
     1, "training has converged when a step gains less than this in log-likelihood"},
};

/* A step of quasi-Newton and what it did to the gradient. */
typedef struct curvature_pair
{
	double *step;   /* [size] */
	double *change; /* [size] of the gradient of f */
	double product;
} curvature_pair;

typedef struct solver
{
	ml_host *host;
	const ml_problem *problem;
	const multinomial_options *options;
	ml_design design;
	ml_softmax softmax;
	ml_normal flat;   /* X'WX, where there is no Hessian */
	double *share;    /* [classes] weight of each class */
	double *beta;     /* [size] by column, then by free class */
	double *previous; /* [size] */
	double *step;     /* [size] */
	double *before;   /* [size] gradient at previous */
	curvature_pair memory[MEMORY];
	int64_t remembered;
	double factor_share; /* rows of the factor's pass in those of this one */
	bool converged;
	int64_t iterations;
	double *error; /* [size] standard errors */
} solver;

static bool
has_hessian(const ml_design *design, int classes)
{
	return classes - 1 <= LARGEST_FREE &&
	       (double) design->cols * (classes - 1) <= LARGEST;
}

/* The start: no column matters but the intercepts. */
static void
start_flat(solver *s)
{
	memset(s->beta, 0, (size_t) s->softmax.size * sizeof(double));
	for (int k = 0; k < s->softmax.free; k++)
		s->beta[k] = log(s->share[k + 1] / s->share[0]);
}

static void
take_step(solver *s, double *decrement)
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
account_for_step(solver *s, double decrement)
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
step_back(solver *s, double last)
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
newton(solver *s, int64_t end, int64_t max_iterations, double target, double *decrement)
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
	solver *solver;
	double *vector;                 /* [size] */
	double *column[ML_MAX_THREADS]; /* [cols] each */
} flat_work;

static ml_status
solve_class(void *argument, int64_t k, ml_worker *worker)
{
	flat_work *work = argument;
	const solver *s = work->solver;
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

/* (diag(s) - s s')^-1 is diag(1 / s) + 1 1' / s_0. */
static ml_status
apply_flat(flat_work *work, double *vector)
{
	const solver *s = work->solver;
	int free = s->softmax.free;

	work->vector = vector;
	ML_TRY(ml_parallel(s->host, free, solve_class, work));
	for (int64_t j = 0; j < s->design.cols; j++)
	{
		double *v = vector + j * free, sum = 0;

		for (int k = 0; k < free; k++)
			sum += v[k];
		for (int k = 0; k < free; k++)
			v[k] = v[k] / s->share[k + 1] + sum / s->share[0];
	}
	return ML_OK;
}

static ml_status
apply_factor(flat_work *work, double *vector)
{
	const solver *s = work->solver;

	if (!s->softmax.curved)
		return apply_flat(work, vector);
	ml_solve_lower((int) s->softmax.size, s->softmax.l, vector);
	ml_solve_lower_transposed((int) s->softmax.size, s->softmax.l, vector);
	for (int64_t i = 0; i < s->softmax.size; i++)
		vector[i] *= s->factor_share;
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
remember(solver *s)
{
	curvature_pair *pair = &s->memory[s->remembered % MEMORY];

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
quasi_step(solver *s, flat_work *work)
{
	int64_t size = s->softmax.size;
	int64_t oldest = s->remembered > MEMORY ? s->remembered - MEMORY : 0;
	double along[MEMORY];

	memcpy(s->step, s->softmax.gradient, (size_t) size * sizeof(double));
	for (int64_t m = s->remembered - 1; m >= oldest; m--)
	{
		const curvature_pair *pair = &s->memory[m % MEMORY];

		along[m % MEMORY] = dot(size, pair->step, s->step) / pair->product;
		for (int64_t i = 0; i < size; i++)
			s->step[i] -= along[m % MEMORY] * pair->change[i];
	}
	ML_TRY(apply_factor(work, s->step));
	for (int64_t m = oldest; m < s->remembered; m++)
	{
		const curvature_pair *pair = &s->memory[m % MEMORY];
		double back =
		    along[m % MEMORY] - dot(size, pair->change, s->step) / pair->product;

		for (int64_t i = 0; i < size; i++)
			s->step[i] += back * pair->step[i];
	}
	return ml_stop(s->host) ? ML_STOPPED : ML_OK;
}

static ml_status
create_memory(solver *s, flat_work *work)
{
	work->solver = s;
	for (int i = 0; i < ml_pool_threads(s->host); i++)
		ML_NEW(s->host, work->column[i], s->design.cols);
	for (int m = 0; m < MEMORY && s->memory[m].step == NULL; m++)
	{
		ML_NEW(s->host, s->memory[m].step, s->softmax.size);
		ML_NEW(s->host, s->memory[m].change, s->softmax.size);
	}
	s->remembered = 0;
	return ML_OK;
}

/*
 * Quasi-Newton steps on the rows before end, until twice in a row the decrement, which
 * is estimated here, falls below target.
 */
static ml_status
quasi_newton(solver *s, int64_t end, int64_t max_iterations, double target)
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
		if (small == 2 || decrement <= 0)
		{
			account_for_step(s, decrement);
			s->converged = small > 0;
			return ML_OK;
		}
	}
	return ML_OK;
}

/* A start from a sample; back to the flat one if that went wrong. */
static ml_status
solve_sample(solver *s, int64_t rows)
{
	int64_t end = s->problem->begin + rows / SAMPLE_SHARE;
	double decrement, l2 = s->softmax.l2;
	ml_status status;

	s->factor_share = (double) (rows / SAMPLE_SHARE) / (double) rows;
	s->softmax.l2 *= s->factor_share;
	status = s->softmax.curved
	             ? newton(s, end, SAMPLE_ITERATIONS, SAMPLE_DECREMENT, &decrement)
	             : quasi_newton(s, end, SAMPLE_ITERATIONS, SAMPLE_DECREMENT);
	s->softmax.l2 = l2;
	/* a sample may be separable or lack a label where all rows are fine */
	if (status == ML_SINGULAR || status == ML_NOT_NUMERIC ||
	    (status == ML_OK && !s->converged && s->softmax.curved))
	{
		start_flat(s);
		return ML_OK;
	}
	ML_TRY(status);
	s->iterations = 0;
	return s->softmax.curved
	           ? quasi_newton(s, s->problem->end, GUIDED_ITERATIONS, SAME_POINT)
	           : ML_OK;
}

/* The factor of X'WX with a penalty that is right for classes of equal size. */
static ml_status
factor_flat(solver *s)
{
	double *zero;

	s->flat = (ml_normal){.design = &s->design,
	                      .loss = ml_family_find("linear", (ml_text){0})->loss,
	                      .l2 = s->options->l2 * s->softmax.classes};
	ML_NEW(s->host, zero, s->design.cols);
	ML_TRY(ml_normal_create(s->host, &s->flat));
	ML_TRY(ml_normal_pass(s->host, &s->flat, zero, s->problem->end, true));
	s->softmax.dependent = s->flat.dependent;
	return s->flat.dependent < 0 ? ML_OK : ML_SINGULAR;
}

static ml_status
solve(solver *s)
{
	int64_t rows = s->problem->end - s->problem->begin;
	double decrement = INFINITY;
	ml_status status;

	start_flat(s);
	if (!s->softmax.curved)
		ML_TRY(factor_flat(s));
	if (rows >= SAMPLE_ROWS)
		ML_TRY(solve_sample(s, rows));
	if (!s->softmax.curved)
		return quasi_newton(s, s->problem->end, s->options->max_iterations,
		                    s->options->tolerance);
	status = newton(s, s->problem->end, s->options->max_iterations, s->options->tolerance,
	                &decrement);
	if (status == ML_SINGULAR && rows >= SAMPLE_ROWS)
	{
		/* separable classes look like dependent columns where probabilities are 0 and 1 */
		start_flat(s);
		status = newton(s, s->problem->end, s->options->max_iterations,
		                s->options->tolerance, &decrement);
	}
	ML_TRY(status);
	/* standard errors are to be those of the solution, not of a point before it */
	if (decrement <= SAME_POINT || s->softmax.dependent >= 0)
		return ML_OK;
	return ml_softmax_pass(s->host, &s->softmax, s->beta, s->problem->end, true);
}

typedef struct error_work
{
	const solver *solver;
	double *contrast[ML_MAX_THREADS]; /* [size] each */
} error_work;

/* The error of one coefficient; of an intercept it is that of b_0 - sum_j b_j shift_j / scale_j. */
static ml_status
coefficient_error(void *argument, int64_t index, ml_worker *worker)
{
	error_work *work = argument;
	const solver *s = work->solver;
	const ml_design *design = &s->design;
	double *t = work->contrast[worker->index];
	int64_t free = s->softmax.free, column = index / free, k = index % free;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	memset(t, 0, (size_t) s->softmax.size * sizeof(double));
	t[index] = 1 / (column < design->dense ? design->scale[column] : 1);
	for (int64_t c = 1; column == 0 && c < design->dense; c++)
		t[c * free + k] = -design->shift[c] / design->scale[c];
	ml_solve_lower((int) s->softmax.size, s->softmax.l, t);
	s->error[index] = sqrt(dot(s->softmax.size, t, t));
	return ML_OK;
}

/* Standard errors, each at the cost of the square of their number; NaN without a Hessian. */
static ml_status
coefficient_errors(solver *s)
{
	error_work work = {.solver = s};

	ML_NEW(s->host, s->error, s->softmax.size);
	for (int64_t i = 0; i < s->softmax.size; i++)
		s->error[i] = NAN;
	if (!s->softmax.curved || s->softmax.dependent >= 0)
		return ML_OK;
	for (int i = 0; i < ml_pool_threads(s->host); i++)
		ML_NEW(s->host, work.contrast[i], s->softmax.size);
	return ml_parallel(s->host, s->softmax.size, coefficient_error, &work);
}

/* Where the numbers of one class go. */
typedef struct class_out
{
	const solver *solver;
	int64_t k;           /* free class */
	double *coefficient; /* [slots] */
	double *error;       /* [slots + 1] */
} class_out;

/* Coefficients and errors of one category, from its slots on; answers the next slot. */
static int64_t
write_category(const class_out *out, int category, int64_t slot)
{
	const solver *s = out->solver;
	const ml_feature *feature =
	    &s->problem->schema->feature[s->design.category[category]];
	const int32_t *column_of = s->design.column_of[category];
	double mean = 0, rows = 0, *coefficient = out->coefficient + slot;

	for (int level = 0; level <= feature->levels; level++)
	{
		int64_t at = (int64_t) column_of[level] * s->softmax.free + out->k;

		coefficient[level] = column_of[level] < 0 ? 0 : s->beta[at];
		out->error[1 + slot + level] = column_of[level] < 0 ? NAN : s->error[at];
		if (level < feature->levels)
		{
			mean += feature->count[level] * coefficient[level];
			rows += feature->count[level];
		}
	}
	if (column_of[feature->levels] < 0)
		coefficient[feature->levels] = mean / rows;
	return slot + feature->levels + 1;
}

/* Everything of one free class, in the data's units. */
static void
write_class(const class_out *out, double *intercept)
{
	const solver *s = out->solver;
	const ml_schema *schema = s->problem->schema;
	int64_t slot = 0, free = s->softmax.free;
	int number = 1, category = 0;

	*intercept = s->beta[out->k];
	out->error[0] = s->error[out->k];
	for (int f = 0; f < schema->features; f++)
	{
		int64_t at = number * free + out->k;

		if (schema->feature[f].use != ML_USE_TERM)
			continue;
		if (schema->feature[f].kind == ML_CATEGORY)
		{
			slot = write_category(out, category++, slot);
			continue;
		}
		out->coefficient[slot] = s->beta[at] / s->design.scale[number];
		*intercept -= s->beta[at] * (s->design.shift[number] / s->design.scale[number]);
		out->error[1 + slot++] = s->error[at];
		number++;
	}
}

static ml_status
write_fitted(solver *s, ml_fitted *fitted)
{
	int64_t slots = ml_glm_slots(s->problem->schema), classes = s->softmax.classes;
	double *intercept, *coefficient, *error, *likelihood;

	ML_TRY(ml_fitted_add(s->host, fitted, "intercept", classes, &intercept));
	ML_TRY(ml_fitted_add(s->host, fitted, "coefficients", classes * slots, &coefficient));
	ML_TRY(
	    ml_fitted_add(s->host, fitted, "standard_errors", classes * (slots + 1), &error));
	ML_TRY(ml_fitted_add(s->host, fitted, "log_likelihood", 1, &likelihood));
	*likelihood = -s->softmax.loss_sum;
	for (int64_t i = 0; i <= slots; i++)
		error[i] = NAN;
	for (int64_t k = 0; k < classes - 1; k++)
		write_class(&(class_out){.solver = s,
		                         .k = k,
		                         .coefficient = coefficient + (k + 1) * slots,
		                         .error = error + (k + 1) * (slots + 1)},
		            &intercept[k + 1]);
	fitted->converged = s->converged;
	fitted->iterations = s->iterations;
	for (int64_t i = 0; i < classes * slots; i++)
		if (!isfinite(coefficient[i]))
			return ML_NOT_NUMERIC;
	for (int64_t i = 0; i < classes * (slots + 1); i++)
		if (isinf(error[i]))
			return ML_NOT_NUMERIC;
	for (int64_t k = 0; k < classes; k++)
		if (!isfinite(intercept[k]))
			return ML_NOT_NUMERIC;
	return ML_OK;
}

/* The weight of every class, as shares of all. */
static ml_status
class_shares(solver *s)
{
	double total = 0;

	ML_NEW(s->host, s->share, s->softmax.classes);
	for (int64_t row = s->problem->begin; row < s->problem->end; row++)
	{
		int y = (int) *ml_numbers_at(s->problem->target, row);
		double weight =
		    s->problem->weight != NULL ? *ml_numbers_at(s->problem->weight, row) : 1;

		ML_PAUSE(s->host, row);
		s->share[y] += weight;
		total += weight;
	}
	for (int k = 0; k < s->softmax.classes; k++)
		s->share[k] /= total;
	return ML_OK;
}

/* The fault of a singular matrix is the frame's column that the dependent column encodes. */
static ml_status
name_dependent(const solver *s, ml_status status)
{
	if (status == ML_SINGULAR)
	{
		int feature = ml_design_feature(&s->design, s->softmax.dependent);

		s->host->fault.column =
		    feature < 0 ? -1 : s->problem->schema->feature[feature].column;
	}
	return status;
}

/* The column where the numbers of a class are largest, in standard deviations; 0: none. */
static int
largest(const solver *s, const double *number)
{
	int found = 0;
	double most = 0;

	for (int64_t i = s->softmax.free; i < s->softmax.size; i++)
	{
		int column = (int) (i / s->softmax.free);
		double size = fabs(number[i]) * sqrt(s->design.penalty[column]);

		if (size > most)
		{
			most = size;
			found = column;
		}
	}
	return found;
}

/* The column that has a coefficient and an error without end; 0 if there is none. */
static int
find_endless(const solver *s)
{
	for (int64_t i = s->softmax.free; i < s->softmax.size; i++)
	{
		int column = (int) (i / s->softmax.free);
		double spread = sqrt(s->design.penalty[column]);
		double scale = column < s->design.dense ? s->design.scale[column] : 1;

		if (fabs(s->beta[i]) * spread > ENDLESS_SIZE &&
		    s->error[i] * scale * spread > ENDLESS_ERROR)
			return column;
	}
	return 0;
}

/* As in trouble.c: maximum likelihood of classes that can be told apart has no end. */
static void
find_trouble(solver *s, ml_fitted *fitted)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	int column = 0;

	if (s->options->l2 == 0)
	{
		column = find_endless(s);
		/* where Newton's method could not go on, only the size tells */
		if (column == 0 &&
		    (s->softmax.loss_sum < SEPARATED * rows || s->softmax.dependent >= 0))
			column = largest(s, s->beta);
	}
	if (column > 0)
	{
		s->converged = false;
		ml_trouble_blame(&s->design, ML_TROUBLE_SEPARATED, column, &fitted->trouble);
	}
	else if (!s->converged)
		ml_trouble_blame(&s->design, ML_TROUBLE_UNCONVERGED, largest(s, s->step),
		                 &fitted->trouble);
}

static ml_status
multinomial_fit(ml_host *host, const ml_problem *problem, const void *options,
                ml_fitted *fitted)
{
	solver s = {.host = host, .problem = problem, .options = options};

	ML_TRY(ml_design_create(host, problem, &s.design));
	s.softmax = (ml_softmax){.design = &s.design,
	                         .classes = problem->schema->classes,
	                         .l2 = s.options->l2,
	                         .curved = has_hessian(&s.design, problem->schema->classes)};
	ML_TRY(ml_softmax_create(host, &s.softmax));
	ML_TRY(class_shares(&s));
	ML_NEW(host, s.beta, s.softmax.size);
	ML_NEW(host, s.previous, s.softmax.size);
	ML_NEW(host, s.step, s.softmax.size);
	ML_NEW(host, s.before, s.softmax.size);
	ML_TRY(name_dependent(&s, solve(&s)));
	ML_TRY(coefficient_errors(&s));
	find_trouble(&s, fitted);
	return write_fitted(&s, fitted);
}

static double
multinomial_memory(const ml_problem *problem, int threads)
{
	const ml_schema *schema = problem->schema;
	ml_design design = {.problem = problem, .dense = 1, .cols = 1};
	bool curved;
	double size;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		design.dense += ml_is_term(feature, ML_NUMBER);
		design.categories += ml_is_term(feature, ML_CATEGORY);
		if (ml_is_term(feature, ML_NUMBER))
			design.cols++;
		else if (ml_is_term(feature, ML_CATEGORY))
			design.cols += feature->levels - 1 + (feature->missing > 0);
	}
	curved = has_hessian(&design, schema->classes);
	size = (double) design.cols * (schema->classes - 1);
	return ml_softmax_memory(&design, schema->classes, curved) +
	       (curved ? 0 : ml_normal_memory(&design, false)) +
	       8 * size * (5 + 2 * MEMORY + threads);
}

const ml_learner ml_multinomial = {
    .name = "multinomial",
    .summary = "logistic regression of two or more classes with an L2 penalty",
    .task = ML_MULTICLASS,
    .option = multinomial_option,
    .options = sizeof multinomial_option / sizeof *multinomial_option,
    .options_size = sizeof(multinomial_options),
    .memory = multinomial_memory,
    .fit = multinomial_fit,
    .prepare = ml_softmax_prepare,
    .work = ml_softmax_work,
    .margins = ml_softmax_margins,
    .explain = ml_softmax_explain,
};
