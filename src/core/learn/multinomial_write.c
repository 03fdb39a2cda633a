/* SPDX-License-Identifier: PostgreSQL */
/*
 * multinomial_write.c: coefficients of a softmax regression in the data's units, their
 * standard errors, and what went wrong.
 *
 * Errors are the roots of the diagonal of the Hessian's inverse, the penalty's included.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define ENDLESS_LABEL 12.0 /* coefficient of a label that has no end: odds of 160,000 */
#define SEPARATED 1e-6     /* loss per row under which the classes are separated */

#define SIDE_BY_SIDE 16 /* contrasts that are solved for at once */

typedef struct error_work
{
	const ml_multinomial_fit *fit;
	double *contrast[ML_MAX_THREADS]; /* [size][SIDE_BY_SIDE] each */
} error_work;

/* Sum of squares of L^-1 t for contrasts that are zero before the first row. */
ML_HOT static void
solve_contrasts(const ml_multinomial_fit *s, int64_t first, double *t, double *square)
{
	int64_t size = s->softmax.size;

	for (int64_t i = first; i < size; i++)
	{
		const double *row = s->softmax.l + i * size;
		double sum[SIDE_BY_SIDE];

		for (int c = 0; c < SIDE_BY_SIDE; c++)
			sum[c] = t[i * SIDE_BY_SIDE + c];
		for (int64_t j = first; j < i; j++)
			for (int c = 0; c < SIDE_BY_SIDE; c++)
				sum[c] -= row[j] * t[j * SIDE_BY_SIDE + c];
		for (int c = 0; c < SIDE_BY_SIDE; c++)
		{
			t[i * SIDE_BY_SIDE + c] = sum[c] / row[i];
			square[c] += t[i * SIDE_BY_SIDE + c] * t[i * SIDE_BY_SIDE + c];
		}
	}
}

/* The contrast of coefficient number index; of an intercept it is b_0 - sum_j b_j shift_j / scale_j. */
static void
set_contrast(const ml_multinomial_fit *s, int64_t index, double *t)
{
	const ml_design *design = &s->design;
	int64_t free = s->softmax.free, column = index / free, k = index % free;

	t[index * SIDE_BY_SIDE] = 1 / (column < design->dense ? design->scale[column] : 1);
	for (int64_t c = 1; column == 0 && c < design->dense; c++)
		t[(c * free + k) * SIDE_BY_SIDE] = -design->shift[c] / design->scale[c];
}

static ml_status
error_batch(void *argument, int64_t task, ml_worker *worker)
{
	error_work *work = argument;
	const ml_multinomial_fit *s = work->fit;
	double *t = work->contrast[worker->index], square[SIDE_BY_SIDE] = {0};
	int64_t first = task * SIDE_BY_SIDE, size = s->softmax.size;

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	memset(t, 0, (size_t) size * SIDE_BY_SIDE * sizeof(double));
	for (int64_t i = first; i < first + SIDE_BY_SIDE && i < size; i++)
		set_contrast(s, i, t + (i - first));
	solve_contrasts(s, first, t, square);
	for (int64_t i = first; i < first + SIDE_BY_SIDE && i < size; i++)
		s->error[i] = sqrt(square[i - first]);
	return ML_OK;
}

/* Standard errors, each at the cost of the square of their number; NaN without a Hessian. */
static ml_status
coefficient_errors(ml_multinomial_fit *s)
{
	error_work work = {.fit = s};

	ML_NEW(s->host, s->error, s->softmax.size);
	for (int64_t i = 0; i < s->softmax.size; i++)
		s->error[i] = NAN;
	if (!s->softmax.curved || s->softmax.dependent >= 0)
		return ML_OK;
	for (int i = 0; i < ml_pool_threads(s->host); i++)
		ML_NEW(s->host, work.contrast[i], s->softmax.size * SIDE_BY_SIDE);
	return ml_parallel(s->host, (s->softmax.size + SIDE_BY_SIDE - 1) / SIDE_BY_SIDE,
	                   error_batch, &work);
}

/* Where the numbers of one class go. */
typedef struct class_out
{
	const ml_multinomial_fit *fit;
	int64_t k;           /* free class */
	double *coefficient; /* [slots] */
	double *error;       /* [slots + 1] */
} class_out;

/* Coefficients and errors of one category, from its slots on; answers the next slot. */
static int64_t
write_category(const class_out *out, int category, int64_t slot)
{
	const ml_multinomial_fit *s = out->fit;
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
	const ml_multinomial_fit *s = out->fit;
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
write_coefficients(ml_multinomial_fit *s, ml_fitted *fitted)
{
	int64_t slots = ml_glm_slots(s->problem->schema), classes = s->softmax.classes;
	double *intercept, *coefficient, *error;

	ML_TRY(ml_fitted_add(s->host, fitted, "intercept", classes, &intercept));
	ML_TRY(ml_fitted_add(s->host, fitted, "coefficients", classes * slots, &coefficient));
	ML_TRY(
	    ml_fitted_add(s->host, fitted, "standard_errors", classes * (slots + 1), &error));
	for (int64_t i = 0; i <= slots; i++)
		error[i] = NAN;
	for (int64_t k = 0; k < classes - 1; k++)
		write_class(&(class_out){.fit = s,
		                         .k = k,
		                         .coefficient = coefficient + (k + 1) * slots,
		                         .error = error + (k + 1) * (slots + 1)},
		            &intercept[k + 1]);
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

/* The column where the numbers of a class are largest, in standard deviations; 0: none. */
static int
largest(const ml_multinomial_fit *s, const double *number)
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

/* The column whose coefficients the next step would move on; 0 if there is none. */
static int
find_walking(const ml_multinomial_fit *s)
{
	double *next = s->previous, most = ML_ENDLESS_STEP;
	int found = 0;

	memcpy(next, s->softmax.gradient, (size_t) s->softmax.size * sizeof(double));
	ml_solve_lower((int) s->softmax.size, s->softmax.l, next);
	ml_solve_lower_transposed((int) s->softmax.size, s->softmax.l, next);
	for (int64_t i = s->softmax.free; i < s->softmax.size; i++)
	{
		int column = (int) (i / s->softmax.free);
		double reach = fabs(next[i]) * ml_trouble_range(&s->design, column);

		if (reach > most)
		{
			most = reach;
			found = column;
		}
	}
	return found;
}

/* Without a Hessian there is no such step: the label with a coefficient past all reason. */
static int
find_endless(const ml_multinomial_fit *s)
{
	for (int64_t i = (int64_t) s->design.dense * s->softmax.free; i < s->softmax.size;
	     i++)
		if (fabs(s->beta[i]) > ENDLESS_LABEL)
			return (int) (i / s->softmax.free);
	return 0;
}

/* As in trouble.c: maximum likelihood of classes that can be told apart has no end. */
static void
find_trouble(ml_multinomial_fit *s, ml_fitted *fitted)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	int column = 0;

	if (s->softmax.l2 == 0)
	{
		if (s->converged && s->softmax.dependent < 0)
			column = s->softmax.curved ? find_walking(s) : find_endless(s);
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
write_scalars(const ml_multinomial_fit *s, ml_fitted *fitted)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	double parameters = (double) s->softmax.size, deviance = 2 * s->softmax.loss_sum;
	double null_deviance = 0;

	for (int k = 0; k < s->softmax.classes; k++)
		null_deviance -= 2 * s->weight * s->share[k] * log(s->share[k]);
	ML_TRY(ml_fitted_scalar(s->host, fitted, "observations", rows));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "df_model", parameters - s->softmax.free));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "df_residual", rows - parameters));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "log_likelihood", -deviance / 2));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "deviance", deviance));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "null_deviance", null_deviance));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "aic", deviance + 2 * parameters));
	ML_TRY(ml_fitted_scalar(s->host, fitted, "bic", deviance + log(rows) * parameters));
	return ml_fitted_scalar(s->host, fitted, "pseudo_r2", 1 - deviance / null_deviance);
}

ml_status
ml_multinomial_write(ml_multinomial_fit *s, ml_fitted *fitted)
{
	ML_TRY(coefficient_errors(s));
	find_trouble(s, fitted);
	fitted->converged = s->converged;
	fitted->iterations = s->iterations;
	ML_TRY(write_coefficients(s, fitted));
	return write_scalars(s, fitted);
}
