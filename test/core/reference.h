/* SPDX-License-Identifier: PostgreSQL */
/*
 * reference.h: linear predictors fitted a second time, plainly and in long double.
 *
 * Numbers are standardized, the normal equations are written out and solved by Cholesky:
 * with a condition number up to 1e4 that keeps at least ten digits, which the
 * tolerances of the tests rest on.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "sample.h"

#define MAX_CATEGORIES 4

typedef struct reference
{
	/* the data; labels are two letters each, in byte order */
	int rows;
	int numbers;
	int categories;
	int levels[MAX_CATEGORIES];
	double *x;      /* [rows][numbers], NaN: missing */
	int *code;      /* [rows][categories], -1: missing */
	double *y;      /* [rows]; 0 or 1 for two classes */
	double *weight; /* [rows] or NULL */
	bool binary;
	double l2;

	/* the matrix: intercept, numbers, labels but the first, missing where it occurs */
	int cols;
	int column_of[MAX_CATEGORIES][64]; /* of each label, of missing last; -1: none */
	long double mean[32];
	long double sd[32];
	long double *matrix;  /* [rows][cols], numbers standardized */
	long double *penalty; /* [cols] */

	/* the solution */
	long double *beta;     /* [cols] of the standardized matrix */
	long double *inverse;  /* [cols][cols] of X'HX + l2 D */
	long double *gradient; /* [cols] */
	long double loss;      /* sum of w loss, without the penalty */
	long double objective;
} reference;

static inline void *
reference_room(test_host *t, int64_t count, size_t size)
{
	void *memory = ml_alloc_array(&t->core, count, size);

	REQUIRE(memory != NULL);
	return memory;
}

/* Room for the data of a problem. */
static inline void
reference_open(test_host *t, reference *r)
{
	r->x = reference_room(t, (int64_t) r->rows * r->numbers, sizeof *r->x);
	r->code = reference_room(t, (int64_t) r->rows * r->categories, sizeof *r->code);
	r->y = reference_room(t, r->rows, sizeof *r->y);
}

/* Random data; share of the cells missing, every label in use. */
static inline void
reference_random(test_host *t, reference *r, double missing, uint64_t seed)
{
	uint64_t state = seed;

	reference_open(t, r);
	for (int i = 0; i < r->rows; i++)
	{
		double eta = 0.3;

		for (int j = 0; j < r->numbers; j++)
		{
			double z = test_normal(&state);

			eta += (j % 2 == 0 ? 0.5 : -0.25) * z;
			r->x[i * r->numbers + j] =
			    test_uniform(&state) < missing ? NAN : 100 * j + (j + 1) * z;
		}
		for (int k = 0; k < r->categories; k++)
		{
			int code = i < r->levels[k] ? i : (int) test_below(&state, r->levels[k]);

			eta += 0.4 * (code % 3);
			if (i >= r->levels[k] && test_uniform(&state) < missing)
				code = -1;
			r->code[i * r->categories + k] = code;
		}
		r->y[i] = r->binary ? test_uniform(&state) < 1 / (1 + exp(-eta))
		                    : 50 + 3 * eta + test_normal(&state);
		if (r->weight != NULL)
			r->weight[i] = 1 + (double) test_below(&state, 3);
	}
}

static inline void
reference_standardize(reference *r)
{
	for (int j = 0; j < r->numbers; j++)
	{
		long double rows = 0, sum = 0, squares = 0;

		for (int i = 0; i < r->rows; i++)
			if (!isnan(r->x[i * r->numbers + j]))
			{
				rows++;
				sum += r->x[i * r->numbers + j];
			}
		r->mean[j] = sum / rows;
		for (int i = 0; i < r->rows; i++)
			if (!isnan(r->x[i * r->numbers + j]))
				squares += (r->x[i * r->numbers + j] - r->mean[j]) *
				           (r->x[i * r->numbers + j] - r->mean[j]);
		r->sd[j] = sqrtl(squares / rows);
	}
}

static inline void
reference_lay_out(test_host *t, reference *r)
{
	reference_standardize(r);
	r->cols = 1 + r->numbers;
	for (int k = 0; k < r->categories; k++)
	{
		bool missing = false;

		for (int i = 0; i < r->rows; i++)
			missing |= r->code[i * r->categories + k] < 0;
		r->column_of[k][0] = -1;
		for (int level = 1; level < r->levels[k]; level++)
			r->column_of[k][level] = r->cols++;
		r->column_of[k][r->levels[k]] = missing ? r->cols++ : -1;
	}
	r->matrix = reference_room(t, (int64_t) r->rows * r->cols, sizeof(long double));
	r->penalty = reference_room(t, r->cols, sizeof(long double));
	r->beta = reference_room(t, r->cols, sizeof(long double));
	r->gradient = reference_room(t, r->cols, sizeof(long double));
	r->inverse = reference_room(t, (int64_t) r->cols * r->cols, sizeof(long double));
	for (int c = 1; c < r->cols; c++)
		r->penalty[c] = r->l2;
	for (int i = 0; i < r->rows; i++)
	{
		long double *row = r->matrix + (int64_t) i * r->cols;

		row[0] = 1;
		for (int j = 0; j < r->numbers; j++)
		{
			double x = r->x[i * r->numbers + j];

			row[1 + j] = isnan(x) ? 0 : (x - r->mean[j]) / r->sd[j];
		}
		for (int k = 0; k < r->categories; k++)
		{
			int code = r->code[i * r->categories + k];
			int column = r->column_of[k][code < 0 ? r->levels[k] : code];

			if (column >= 0)
				row[column] = 1;
		}
	}
}

/* Loss, gradient and matrix of second derivatives at beta. */
static inline void
reference_pass(reference *r, long double *hessian)
{
	memset(r->gradient, 0, (size_t) r->cols * sizeof(long double));
	memset(hessian, 0, (size_t) (r->cols * r->cols) * sizeof(long double));
	r->loss = 0;
	for (int i = 0; i < r->rows; i++)
	{
		const long double *row = r->matrix + (int64_t) i * r->cols;
		long double eta = 0, w = r->weight != NULL ? r->weight[i] : 1, g, h;

		for (int c = 0; c < r->cols; c++)
			eta += row[c] * r->beta[c];
		if (r->binary)
		{
			long double p = 1 / (1 + expl(-eta));

			g = r->y[i] - p;
			h = p * (1 - p);
			r->loss += w * (r->y[i] > 0 ? log1pl(expl(-eta)) : log1pl(expl(eta)));
		}
		else
		{
			g = r->y[i] - eta;
			h = 1;
			r->loss += w * g * g / 2;
		}
		for (int c = 0; c < r->cols; c++)
		{
			r->gradient[c] += w * g * row[c];
			for (int d = 0; d <= c; d++)
				hessian[c * r->cols + d] += w * h * row[c] * row[d];
		}
	}
	r->objective = r->loss;
	for (int c = 0; c < r->cols; c++)
	{
		r->gradient[c] -= r->penalty[c] * r->beta[c];
		hessian[c * r->cols + c] += r->penalty[c];
		r->objective += r->penalty[c] * r->beta[c] * r->beta[c] / 2;
	}
}

/* The inverse of a symmetric matrix given by its lower triangle, by Cholesky. */
static inline void
reference_invert(int n, long double *a, long double *inverse)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
		{
			for (int k = 0; k < j; k++)
				a[i * n + j] -= a[i * n + k] * a[j * n + k];
			a[i * n + j] = i == j ? sqrtl(a[i * n + i]) : a[i * n + j] / a[j * n + j];
		}
	for (int column = 0; column < n; column++)
	{
		long double *x = inverse + column * n;

		for (int i = 0; i < n; i++)
		{
			x[i] = i == column;
			for (int k = 0; k < i; k++)
				x[i] -= a[i * n + k] * x[k];
			x[i] /= a[i * n + i];
		}
		for (int i = n - 1; i >= 0; i--)
		{
			for (int k = i + 1; k < n; k++)
				x[i] -= a[k * n + i] * x[k];
			x[i] /= a[i * n + i];
		}
	}
}

/* g' H^-1 g, twice what the objective is off its minimum. */
static inline long double
reference_decrement(const reference *r)
{
	long double sum = 0;

	for (int c = 0; c < r->cols; c++)
		for (int d = 0; d < r->cols; d++)
			sum += r->gradient[c] * r->inverse[c * r->cols + d] * r->gradient[d];
	return sum;
}

/* Newton's method from zero, to the end. */
static inline void
reference_solve(test_host *t, reference *r)
{
	long double *hessian =
	    reference_room(t, (int64_t) r->cols * r->cols, sizeof(long double));

	for (int step = 0; step < 100; step++)
	{
		reference_pass(r, hessian);
		reference_invert(r->cols, hessian, r->inverse);
		if (step > 0 && reference_decrement(r) < 1e-26)
			return;
		for (int c = 0; c < r->cols; c++)
			for (int d = 0; d < r->cols; d++)
				r->beta[c] += r->inverse[c * r->cols + d] * r->gradient[d];
	}
	REQUIRE(reference_decrement(r) < 1e-20);
}

static inline void
reference_fit(test_host *t, reference *r)
{
	reference_lay_out(t, r);
	reference_solve(t, r);
}

/* The same rows as a frame: numbers, categories, target, weight. */
static inline ml_frame *
reference_frame(test_host *t, const reference *r)
{
	ml_frame *frame;
	ml_cell *cells = reference_room(t, r->numbers + r->categories + 2, sizeof(ml_cell));
	char text[256][3], name[24];
	int index, columns = r->numbers + r->categories + 1 + (r->weight != NULL);

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c < columns; c++)
	{
		ml_column spec = {.type = test_text("t"), .position = c + 1};

		snprintf(name, sizeof name, "c%d", c);
		spec.name = test_text(name);
		if (c >= r->numbers && c < r->numbers + r->categories)
			spec.kind = ML_CATEGORY;
		if (c == r->numbers + r->categories)
		{
			spec.kind = r->binary ? ML_CATEGORY : ML_NUMBER;
			spec.role = ML_TARGET;
		}
		if (c > r->numbers + r->categories)
			spec.role = ML_WEIGHT;
		REQUIRE_OK(ml_frame_add_column(frame, &spec, &index));
	}
	for (int code = 0; code < 256; code++)
		snprintf(text[code], sizeof text[code], "%c%c", '0' + code / 64, '0' + code % 64);
	for (int i = 0; i < r->rows; i++)
	{
		int c = 0;

		memset(cells, 0, (size_t) columns * sizeof *cells);
		for (int j = 0; j < r->numbers; j++)
			cells[c++].number = r->x[i * r->numbers + j];
		for (int k = 0; k < r->categories; k++, c++)
			if (r->code[i * r->categories + k] >= 0)
				cells[c].text = test_text(text[r->code[i * r->categories + k]]);
		cells[c].number = r->y[i];
		cells[c++].text = test_text(r->y[i] > 0 ? "true" : "false");
		if (r->weight != NULL)
			cells[c].number = r->weight[i];
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

/* The same with a target of several classes, whose numbers are y. */
static inline ml_frame *
class_frame(test_host *t, const reference *r, const char *const *label)
{
	ml_frame *frame = NULL;
	ml_cell *cells = reference_room(t, r->numbers + r->categories + 2, sizeof(ml_cell));
	char text[64][3], name[24];
	int index, target = r->numbers + r->categories;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c < target + 1 + (r->weight != NULL); c++)
	{
		ml_column spec = {.type = test_text("t"), .position = c + 1};

		snprintf(name, sizeof name, "c%d", c);
		spec.name = test_text(name);
		spec.kind = c >= r->numbers && c <= target ? ML_CATEGORY : ML_NUMBER;
		spec.role = c < target ? ML_FEATURE : c == target ? ML_TARGET : ML_WEIGHT;
		REQUIRE_OK(ml_frame_add_column(frame, &spec, &index));
	}
	for (int code = 0; code < 64; code++)
		snprintf(text[code], sizeof text[code], "0%c", '0' + code);
	for (int i = 0; i < r->rows; i++)
	{
		memset(cells, 0, sizeof(ml_cell) * (size_t) (target + 2));
		for (int j = 0; j < r->numbers; j++)
			cells[j].number = r->x[i * r->numbers + j];
		for (int k = 0; k < r->categories; k++)
			if (r->code[i * r->categories + k] >= 0)
				cells[r->numbers + k].text =
				    test_text(text[r->code[i * r->categories + k]]);
		cells[target].text = test_text(label[(int) r->y[i]]);
		cells[target + 1].number = r->weight != NULL ? r->weight[i] : 0;
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

/* A learner's fit on all rows of a frame. */
typedef struct fit
{
	ml_schema schema;
	ml_problem problem;
	ml_fitted fitted;
	ml_status status;
} fit;

static inline ml_status
fit_learner(test_host *t, ml_frame *frame, const char *learner,
            const sample_option *options, fit *out)
{
	ml_request request;

	*out = (fit){0};
	REQUIRE_OK(sample_request(&t->core, learner, options, &request));
	out->status =
	    sample_task(&t->core, frame, request.learner->task, &out->schema, &out->problem);
	if (out->status == ML_OK)
		out->status =
		    request.learner->fit(&t->core, &out->problem, request.options, &out->fitted);
	return out->status;
}

static inline const double *
learned(const fit *f, const char *name)
{
	const ml_part *part = ml_fitted_part(&f->fitted, name);

	REQUIRE(part != NULL);
	return part->number;
}

/* sqrt(phi t'Ct) of a contrast of the standardized coefficients. */
static inline long double
reference_error(const reference *r, const long double *contrast, long double dispersion)
{
	long double sum = 0;

	for (int c = 0; c < r->cols; c++)
		for (int d = 0; d < r->cols; d++)
			sum += contrast[c] * r->inverse[c * r->cols + d] * contrast[d];
	return sqrtl(dispersion * sum);
}

/* A coefficient and its error, near in units of the error. */
static inline void
check_coefficient(double got, double got_error, long double want, long double error,
                  double tolerance)
{
	CHECK_NEAR(got, want, tolerance * (fabsl(want) + error));
	CHECK_CLOSE(got_error, error, tolerance);
}

static inline void
check_category(const reference *r, const fit *f, int k, int slot, long double dispersion,
               double tolerance)
{
	const double *coefficient = learned(f, "coefficients") + slot;
	const double *error = learned(f, "standard_errors") + 1 + slot;
	long double contrast[256], mean = 0, rows = 0;

	for (int level = 0; level <= r->levels[k]; level++)
	{
		int column = r->column_of[k][level];

		memset(contrast, 0, sizeof contrast);
		if (column >= 0)
		{
			contrast[column] = 1;
			check_coefficient(coefficient[level], error[level], r->beta[column],
			                  reference_error(r, contrast, dispersion), tolerance);
		}
		else
			CHECK(isnan(error[level]));
	}
	CHECK_SAME(coefficient[0], 0);
	for (int i = 0; i < r->rows; i++)
	{
		int code = r->code[i * r->categories + k];

		if (code >= 0)
			mean += coefficient[code];
		rows += code >= 0;
	}
	if (r->column_of[k][r->levels[k]] < 0)
		CHECK_NEAR(coefficient[r->levels[k]], mean / rows, 1e-12);
}

/* Everything that was learned, against the reference. */
static inline void
check_fit(const reference *r, const fit *f, double tolerance)
{
	const double *coefficient = learned(f, "coefficients");
	const double *error = learned(f, "standard_errors");
	long double contrast[256] = {0}, dispersion = 1, likelihood = -r->loss;
	long double intercept = r->beta[0];
	int slot = r->numbers;

	REQUIRE(r->cols <= 256);
	if (!r->binary)
	{
		dispersion = 2 * r->loss / (r->rows - r->cols);
		likelihood = -0.5L * r->rows * (logl(2 * acosl(-1) * 2 * r->loss / r->rows) + 1);
		/* weights are inverse variances */
		for (int i = 0; i < r->rows && r->weight != NULL; i++)
			likelihood += logl(r->weight[i]) / 2;
	}
	CHECK_CLOSE(*learned(f, "dispersion"), dispersion, tolerance);
	CHECK_CLOSE(*learned(f, "log_likelihood"), likelihood, tolerance);
	CHECK(f->fitted.converged);
	for (int j = 0; j < r->numbers; j++)
	{
		memset(contrast, 0, sizeof contrast);
		contrast[1 + j] = 1 / r->sd[j];
		check_coefficient(coefficient[j], error[1 + j], r->beta[1 + j] / r->sd[j],
		                  reference_error(r, contrast, dispersion), tolerance);
		intercept -= r->beta[1 + j] * r->mean[j] / r->sd[j];
	}
	memset(contrast, 0, sizeof contrast);
	contrast[0] = 1;
	for (int j = 0; j < r->numbers; j++)
		contrast[1 + j] = -r->mean[j] / r->sd[j];
	check_coefficient(*learned(f, "intercept"), error[0], intercept,
	                  reference_error(r, contrast, dispersion), tolerance);
	for (int k = 0; k < r->categories; k++)
	{
		check_category(r, f, k, slot, dispersion, tolerance);
		slot += r->levels[k] + 1;
	}
	CHECK_INT(ml_fitted_part(&f->fitted, "coefficients")->count, slot);
	CHECK_INT(ml_fitted_part(&f->fitted, "standard_errors")->count, slot + 1);
}

#endif
