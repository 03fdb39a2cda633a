/* SPDX-License-Identifier: PostgreSQL */
/*
 * inference.c: coefficients with their errors, inflation factors and marginal effects.
 *
 * With A = X'HX + l2 D = LL' at the solution and phi the dispersion, the covariance of the
 * coefficients is
 *
 *	model-based		phi A^-1
 *	HC1				n / (n - p)  A^-1 (sum_i g_i^2 x_i x_i') A^-1, g_i the gradient of row i
 *					(White 1980; MacKinnon and White 1985)
 *	clustered		G / (G - 1) (n - 1) / (n - p)  A^-1 (sum_c s_c s_c') A^-1, s_c the sum of
 *					g_i x_i over the rows of cluster c of G (Liang and Zeger 1986; Stata's and
 *					sandwich's type HC1)
 *
 * The variance inflation factor of a column is that of the weighted design,
 * [A^-1]_jj (A_jj - A_0j^2 / A_00), for least squares 1 / (1 - R_j^2), as car::vif has it.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

/* The covariance of the coefficients: how errors of contrasts come about. */
typedef struct covariance
{
	const ml_solver *solver;
	double dispersion;
	double *middle;  /* [cols][cols] lower triangle, or NULL: model-based */
	bool triangular; /* the middle is L of LL' */
	double factor;   /* of the middle */
	double clusters; /* NaN: none */
} covariance;

/* A^-1 t, in place. */
static void
solve_normal(const ml_solver *s, double *t)
{
	ml_solve_lower(s->design.cols, s->normal.l, t);
	ml_solve_lower_transposed(s->design.cols, s->normal.l, t);
}

/* v' M v of the middle. */
static double
middle_square(const covariance *c, const double *v)
{
	int64_t cols = c->solver->design.cols;
	double sum = 0;

	for (int64_t i = 0; i < cols; i++)
	{
		double dot = 0;

		if (c->triangular)
		{
			for (int64_t k = i; k < cols; k++)
				dot += c->middle[k * cols + i] * v[k];
			sum += dot * dot;
			continue;
		}
		for (int64_t k = 0; k < i; k++)
			dot += c->middle[i * cols + k] * v[k];
		sum += v[i] * (2 * dot + c->middle[i * cols + i] * v[i]);
	}
	return sum > 0 ? sum : 0;
}

/* The standard error of t'b for a contrast t, which is overwritten. */
static double
contrast_error(const covariance *c, double *t)
{
	const ml_solver *s = c->solver;
	double sum = 0;

	if (c->middle != NULL)
	{
		solve_normal(s, t);
		return sqrt(c->factor) * sqrt(middle_square(c, t));
	}
	ml_solve_lower(s->design.cols, s->normal.l, t);
	for (int j = 0; j < s->design.cols; j++)
		sum += t[j] * t[j];
	return sqrt(c->dispersion) * sqrt(sum);
}

/* Clusters by number: equal numbers or codes are one cluster, and so are the missing ones. */
static ml_status
number_clusters(ml_host *host, const ml_problem *problem, int32_t *cluster,
                int32_t *clusters)
{
	const ml_column *column = problem->cluster;
	int64_t rows = problem->end - problem->begin;
	double *value;
	uint32_t *order;

	ML_NEW(host, value, rows);
	ML_NEW(host, order, rows);
	for (int64_t i = 0; i < rows; i++)
	{
		int64_t row = problem->begin + i;

		value[i] = column->kind == ML_NUMBER ? *ml_numbers_at(column, row)
		                                     : *ml_codes_at(column, row);
		if (isnan(value[i]))
			value[i] = INFINITY; /* infinities are not let in, so none is meant */
	}
	ML_TRY(ml_sort_numbers(host, value, rows, order));
	*clusters = 0;
	for (int64_t i = 0; i < rows; i++)
	{
		if (i == 0 || value[order[i]] != value[order[i - 1]])
			(*clusters)++;
		cluster[order[i]] = *clusters - 1;
	}
	return ML_OK;
}

/* The rows' gradients, added up by cluster. */
typedef struct cluster_work
{
	const ml_design *design;
	const int32_t *cluster; /* of the next row */
	double *sum;            /* [clusters][cols] */
} cluster_work;

static void
add_to_clusters(void *argument, int index, const ml_shard *shard)
{
	cluster_work *work = argument;
	const ml_design *design = work->design;
	const ml_design_block *block = &shard->block;

	for (int row = 0; row < block->rows; row++)
	{
		const double *x = block->dense + (int64_t) row * design->dense;
		const int32_t *label = block->labels + (int64_t) row * design->categories;
		double *sum = work->sum + (int64_t) *work->cluster++ * design->cols;
		double g = shard->gradient_of[row];

		for (int i = 0; i < design->dense; i++)
			sum[i] += g * x[i];
		for (int i = 0; i < design->categories; i++)
			if (label[i] >= 0)
				sum[label[i]] += g;
	}
}

static ml_status
take_clusters(ml_solver *s, covariance *c)
{
	int64_t rows = s->problem->end - s->problem->begin, cols = s->design.cols;
	cluster_work work = {.design = &s->design};
	int32_t *cluster, clusters;

	ML_NEW(s->host, cluster, rows);
	ML_TRY(number_clusters(s->host, s->problem, cluster, &clusters));
	ML_TRY(ml_memory_check(s->host, 8.0 * clusters * (double) cols));
	ML_NEW(s->host, work.sum, clusters * cols);
	work.cluster = cluster;
	ML_TRY(ml_normal_visit(s->host, &s->normal, s->beta, add_to_clusters, &work, true));
	for (int32_t first = 0; first < clusters; first += ML_BLOCK)
	{
		int count = clusters - first < ML_BLOCK ? clusters - first : ML_BLOCK;

		if (ml_stop(s->host))
			return ML_STOPPED;
		ml_gram_add(s->host->blas, (int) cols, count, work.sum + first * cols, c->middle);
	}
	c->clusters = clusters;
	c->factor = clusters > 1 ? (double) clusters / (clusters - 1) * (double) (rows - 1) /
	                               (double) (rows - cols)
	                         : NAN;
	return ML_OK;
}

static ml_status
take_covariance(ml_solver *s, double dispersion, covariance *c)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	int64_t cols = s->design.cols;

	*c = (covariance){.solver = s, .dispersion = dispersion, .clusters = NAN};
	if (!s->glm->robust && s->glm->cluster == NULL)
		return ML_OK;
	ML_NEW(s->host, c->middle, cols * cols);
	if (s->glm->cluster != NULL)
		return take_clusters(s, c);
	c->triangular = s->normal.by_qr;
	c->factor = rows > (double) cols ? rows / (rows - (double) cols) : NAN;
	return ml_normal_scatter(s->host, &s->normal, s->beta, c->middle);
}

typedef struct error_work
{
	const covariance *covariance;
	double *error;                    /* [cols] in the data's units */
	double *vif;                      /* [cols] */
	double *contrast[ML_MAX_THREADS]; /* [cols] each */
} error_work;

/* [A^-1]_jj (A_jj - A_0j^2 / A_00): what the other columns do to the variance of this one. */
static double
inflation(const ml_solver *s, int64_t column, double *t)
{
	int64_t cols = s->design.cols;
	const double *row = s->normal.l + column * cols;
	double inverse = 0, square = 0;

	memset(t, 0, (size_t) cols * sizeof(double));
	t[column] = 1;
	ml_solve_lower((int) cols, s->normal.l, t);
	for (int64_t j = column; j < cols; j++)
		inverse += t[j] * t[j];
	/* A_jj less its part along the intercept: the first column of L is that part */
	for (int64_t j = 1; j <= column; j++)
		square += row[j] * row[j];
	return inverse * square;
}

/* The error of one column; of the intercept it is that of b_0 - sum_j b_j shift_j / scale_j. */
static ml_status
column_error(void *argument, int64_t column, ml_worker *worker)
{
	error_work *work = argument;
	const ml_solver *s = work->covariance->solver;
	const ml_design *design = &s->design;
	double *t = work->contrast[worker->index];

	if (ml_worker_stop(worker))
		return ML_STOPPED;
	work->vif[column] = column == 0 ? NAN : inflation(s, column, t);
	memset(t, 0, (size_t) design->cols * sizeof(double));
	t[column] = 1 / (column < design->dense ? design->scale[column] : 1);
	for (int c = 1; column == 0 && c < design->dense; c++)
		t[c] = -design->shift[c] / design->scale[c];
	work->error[column] = contrast_error(work->covariance, t);
	return ML_OK;
}

/* Standard errors and inflation factors of all columns; each costs the square of their number. */
static ml_status
column_errors(ml_host *host, const covariance *c, double *error, double *vif)
{
	error_work work = {.covariance = c, .error = error, .vif = vif};
	int cols = c->solver->design.cols;

	for (int i = 0; i < ml_pool_threads(host); i++)
		ML_NEW(host, work.contrast[i], cols);
	return ml_parallel(host, cols, column_error, &work);
}

static double
intercept_of(const ml_solver *s)
{
	double intercept = s->beta[0] + s->normal.offset;

	for (int c = 1; c < s->design.dense; c++)
		intercept -= s->beta[c] * (s->design.shift[c] / s->design.scale[c]);
	return intercept;
}

/* Values of the design's columns as slots of the features; absent ones are fill. */
static void
spread(const ml_solver *s, const double *of_column, double fill, double *out)
{
	const ml_schema *schema = s->problem->schema;
	int number = 1, category = 0;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		const int32_t *column_of;

		if (feature->use != ML_USE_TERM)
			continue;
		if (ml_feature_kind(feature) == ML_NUMBER)
		{
			*out++ = of_column[number++];
			continue;
		}
		column_of = s->design.column_of[category++];
		for (int level = 0; level <= feature->levels; level++)
			*out++ = column_of[level] < 0 ? fill : of_column[column_of[level]];
	}
}

/* Where missing did not occur its slot is the mean over the labels. */
static void
fill_missing(const ml_schema *schema, double *coefficient)
{
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		double sum = 0, rows = 0;

		if (ml_is_term(feature, ML_CATEGORY) && !(feature->missing > 0))
		{
			for (int level = 0; level < feature->levels; level++)
			{
				sum += feature->count[level] * coefficient[level];
				rows += feature->count[level];
			}
			coefficient[feature->levels] = sum / rows;
		}
		coefficient += ml_feature_slots(feature);
	}
}

static ml_status
check_written(const ml_part *part)
{
	for (int64_t i = 0; i < part->count; i++)
		if (isinf(part->number[i]))
			return ML_NOT_NUMERIC;
	return ML_OK;
}

static ml_status
write_coefficients(ml_solver *s, const covariance *c, ml_fitted *fitted)
{
	const ml_schema *schema = s->problem->schema;
	const ml_design *design = &s->design;
	int64_t slots = ml_glm_slots(schema);
	double *intercept, *coefficient, *error, *vif, *error_of, *vif_of, *scaled;

	ML_NEW(s->host, error_of, design->cols);
	ML_NEW(s->host, vif_of, design->cols);
	ML_NEW(s->host, scaled, design->cols);
	ML_TRY(column_errors(s->host, c, error_of, vif_of));
	ML_TRY(ml_fitted_add(s->host, fitted, "intercept", 1, &intercept));
	ML_TRY(ml_fitted_add(s->host, fitted, "coefficients", slots, &coefficient));
	ML_TRY(ml_fitted_add(s->host, fitted, "standard_errors", slots + 1, &error));
	ML_TRY(ml_fitted_add(s->host, fitted, "vif", slots, &vif));
	*intercept = intercept_of(s);
	for (int j = 0; j < design->cols; j++)
		scaled[j] = s->beta[j] / (j < design->dense ? design->scale[j] : 1);
	spread(s, scaled, 0, coefficient);
	fill_missing(schema, coefficient);
	error[0] = error_of[0];
	spread(s, error_of, NAN, error + 1);
	spread(s, vif_of, NAN, vif);
	for (int64_t i = 0; i < slots; i++)
		if (!isfinite(coefficient[i]))
			return ML_NOT_NUMERIC;
	ML_TRY(check_written(ml_fitted_part(fitted, "standard_errors")));
	ML_TRY(check_written(ml_fitted_part(fitted, "vif")));
	return isfinite(*intercept) ? ML_OK : ML_NOT_NUMERIC;
}

static ml_status
write_effects(ml_solver *s, const covariance *c, ml_fitted *fitted)
{
	int64_t slots = ml_glm_slots(s->problem->schema), cols = s->design.cols;
	double *effect, *error, *error_of;
	ml_effects effects;

	ML_TRY(ml_effects_take(s, &effects));
	ML_NEW(s->host, error_of, cols);
	for (int64_t j = 1; j < cols; j++)
	{
		double scale = j < s->design.dense ? s->design.scale[j] : 1;

		if (ml_stop(s->host))
			return ML_STOPPED;
		effects.effect[j] /= scale;
		error_of[j] = contrast_error(c, effects.gradient + j * cols) / scale;
	}
	ML_TRY(ml_fitted_add(s->host, fitted, "marginal_effects", slots, &effect));
	ML_TRY(ml_fitted_add(s->host, fitted, "marginal_effect_errors", slots, &error));
	spread(s, effects.effect, NAN, effect);
	spread(s, error_of, NAN, error);
	return check_written(ml_fitted_part(fitted, "marginal_effect_errors"));
}

ml_status
ml_glm_write(ml_solver *solver, ml_fitted *fitted)
{
	covariance c;
	ml_goodness fit;

	ML_TRY(ml_goodness_take(solver, &fit));
	ML_TRY(take_covariance(solver, fit.dispersion, &c));
	ML_TRY(write_coefficients(solver, &c, fitted));
	if (solver->glm->marginal_effects)
		ML_TRY(write_effects(solver, &c, fitted));
	ML_TRY(ml_goodness_write(solver, &fit, fitted));
	if (solver->glm->cluster != NULL)
		ML_TRY(ml_fitted_scalar(solver->host, fitted, "clusters", c.clusters));
	ML_TRY(ml_trouble_find(solver, fitted));
	fitted->converged = solver->converged;
	fitted->iterations = solver->iterations;
	return ML_OK;
}
