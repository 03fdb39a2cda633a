/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_net.c: the elastic net against the conditions of its minimum, and against coordinate
 * descent written out plainly on expanded columns.
 */
#include "blas.h"
#include "reference.h"

#define STEPS 12
#define FOLDS 4

/* The problem once more, column by column. */
typedef struct plain
{
	const ml_problem *problem;
	const ml_family *family;
	int rows;
	int cols;       /* the intercept, which is not there, not counted */
	double *x;      /* [cols][rows] */
	int64_t *slot;  /* [cols] of path_coefficients */
	double *target; /* [rows] */
	double *weight; /* [rows] */
	double *offset; /* [rows] */
} plain;

static void
expand_feature(test_host *t, plain *p, const ml_feature *feature, int64_t slot)
{
	const ml_column *column = &p->problem->frame->column[feature->column];

	for (int level = 0; level <= feature->levels; level++)
	{
		double *x = p->x + (int64_t) p->cols * p->rows;

		if (feature->kind == ML_CATEGORY &&
		    (level == 0 || (level == feature->levels && !(feature->missing > 0))))
			continue;
		p->slot[p->cols++] = slot + level;
		for (int i = 0; i < p->rows; i++)
			if (feature->kind == ML_NUMBER)
				x[i] = isnan(*ml_numbers_at(column, i)) ? feature->mean
				                                        : *ml_numbers_at(column, i);
			else
			{
				int32_t code = *ml_codes_at(column, i);

				x[i] = (code < 0 ? feature->levels : code) == level;
			}
	}
	(void) t;
}

static void
expand(test_host *t, const ml_problem *problem, const ml_family *family, plain *p)
{
	const ml_schema *schema = problem->schema;
	int64_t slots = ml_glm_slots(schema), slot = 1;

	*p = (plain){.problem = problem, .family = family, .rows = (int) problem->end};
	p->x = reference_room(t, slots * p->rows, sizeof(double));
	p->slot = reference_room(t, slots, sizeof *p->slot);
	p->target = reference_room(t, p->rows, sizeof(double));
	p->weight = reference_room(t, p->rows, sizeof(double));
	p->offset = reference_room(t, p->rows, sizeof(double));
	for (int i = 0; i < p->rows; i++)
	{
		p->target[i] = *ml_numbers_at(problem->target, i);
		p->weight[i] = problem->weight != NULL ? *ml_numbers_at(problem->weight, i) : 1;
	}
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		for (int i = 0; feature->use != ML_USE_TERM && i < p->rows; i++)
			p->offset[i] += ml_offset_of(
			    feature, *ml_numbers_at(&problem->frame->column[feature->column], i));
		if (feature->use == ML_USE_TERM)
			expand_feature(t, p, feature, slot);
		slot += ml_feature_slots(feature);
	}
}

/* A row's gradient, curvature and loss. */
static void
ask(const plain *p, int i, double eta, double *gradient, double *curvature, double *loss)
{
	ml_loss_block block = {.rows = 1,
	                       .eta = &eta,
	                       .target = &p->target[i],
	                       .weight = &p->weight[i],
	                       .gradient = gradient,
	                       .curvature = curvature};

	p->family->loss(&block);
	*loss = block.objective;
}

static bool
in_fold(const plain *p, int fold, int i)
{
	return fold >= 0 && i >= (int64_t) p->rows * fold / FOLDS &&
	       i < (int64_t) p->rows * (fold + 1) / FOLDS;
}

/* Standard deviation of a column outside of a fold; its mean is optional. */
static double
spread(const plain *p, int fold, const double *x, double *mean)
{
	long double sum = 0, weight = 0, squares = 0;

	for (int i = 0; i < p->rows; i++)
		if (!in_fold(p, fold, i))
		{
			sum += (long double) p->weight[i] * x[i];
			weight += p->weight[i];
		}
	for (int i = 0; i < p->rows; i++)
		if (!in_fold(p, fold, i))
			squares += p->weight[i] * (x[i] - sum / weight) * (x[i] - sum / weight);
	if (mean != NULL)
		*mean = (double) (sum / weight);
	return (double) sqrtl(squares / weight);
}

/* c of the squared penalty: glmnet standardizes the target of least squares. */
static double
unit_of(test_host *t, const plain *p, int fold)
{
	double *y = reference_room(t, p->rows, sizeof(double));

	if (!p->family->quadratic)
		return 1;
	for (int i = 0; i < p->rows; i++)
		y[i] = p->target[i] - p->offset[i];
	return spread(p, fold, y, NULL);
}

/*
 * At a minimum the gradient of a coefficient that is not zero equals the slope of its penalty,
 * and that of one that is zero is not larger.
 */
static void
check_minimum(test_host *t, const plain *p, double lambda, double alpha,
              const double *coefficient, double tolerance)
{
	double *gradient = reference_room(t, p->rows, sizeof(double));
	double unit = unit_of(t, p, -1), total = 0, sum = 0, scale = 0;

	for (int i = 0; i < p->rows; i++)
	{
		double eta = coefficient[0] + p->offset[i], curvature, loss;

		for (int c = 0; c < p->cols; c++)
			eta += p->x[(int64_t) c * p->rows + i] * coefficient[p->slot[c]];
		ask(p, i, eta, &gradient[i], &curvature, &loss);
		sum += gradient[i];
		scale += fabs(gradient[i]);
		total += p->weight[i];
	}
	CHECK_NEAR(sum / total, 0, tolerance * scale / total);
	for (int c = 0; c < p->cols; c++)
	{
		const double *x = p->x + (int64_t) c * p->rows;
		double mean, sd = spread(p, -1, x, &mean), slope = 0;
		double b = coefficient[p->slot[c]], u = b * sd;

		for (int i = 0; i < p->rows; i++)
			slope += gradient[i] * (x[i] - mean) / sd;
		slope /= total;
		if (b != 0)
			CHECK_NEAR(slope, lambda * (copysign(alpha, b) + (1 - alpha) * u / unit),
			           tolerance * scale / total);
		else
			CHECK(fabs(slope) <= lambda * alpha + tolerance * scale / total);
	}
}

/* Which data. */
static const struct
{
	const char *learner;
	int rows;
	int numbers;
	int categories;
	double missing;
	bool weighted;
	bool offset; /* the first number is one */
	double alpha;
} shape[] = {
    {"linear", 300, 4, 0, 0, false, false, 1},
    {"linear", 300, 4, 2, 0.1, true, false, 0.5},
    {"linear", 300, 6, 1, 0.1, false, false, 0},
    {"linear", 300, 4, 1, 0.1, true, true, 0.3},
    {"linear", 40, 30, 2, 0, false, false, 0.9},
    {"logistic", 400, 4, 0, 0, false, false, 1},
    {"logistic", 400, 4, 2, 0.1, true, false, 0.5},
    {"logistic", 400, 4, 2, 0.1, false, false, 0},
    {"logistic", 400, 4, 1, 0, true, true, 0.7},
    {"logistic", 2000, 12, 3, 0.05, false, false, 1},
    {"poisson", 400, 4, 0, 0, false, false, 1},
    {"poisson", 400, 4, 2, 0.1, true, false, 0.4},
    {"poisson", 400, 5, 1, 0, false, true, 0.8},
};
#define SHAPES (sizeof shape / sizeof *shape)

static void
make(test_host *t, size_t i, reference *r)
{
	uint64_t state = 900 + i;

	*r = (reference){.rows = shape[i].rows,
	                 .numbers = shape[i].numbers,
	                 .categories = shape[i].categories,
	                 .levels = {3, 5, 2},
	                 .binary = strcmp(shape[i].learner, "logistic") == 0};
	if (shape[i].weighted)
		r->weight = reference_room(t, r->rows, sizeof *r->weight);
	reference_random(t, r, shape[i].missing, 800 + i);
	for (int row = 0; row < r->rows && shape[i].offset; row++)
		r->x[row * r->numbers] = test_normal(&state) / 4;
	for (int row = 0; row < r->rows && strcmp(shape[i].learner, "poisson") == 0; row++)
		r->y[row] = floor(exp((r->y[row] - 50) / 9) * 2 * test_uniform(&state) + 0.5);
}

static ml_net
net_of(const fit *f, size_t i, double lambda)
{
	const ml_family *family = ml_family_find(shape[i].learner, (ml_text){0});

	return (ml_net){.family = family,
	                .lambda = lambda,
	                .alpha = shape[i].alpha,
	                .lambdas = STEPS,
	                .folds = FOLDS,
	                .max_iterations = 100,
	                .start = ml_glm_start(&f->schema, family),
	                .offset = ml_glm_offset(&f->schema, family)};
}

/* A shape's data as a problem. */
static void
lay_out(test_host *t, size_t i, fit *f)
{
	reference r;

	make(t, i, &r);
	*f = (fit){0};
	REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &r), &f->schema, &f->problem));
	if (shape[i].offset)
		f->schema.feature[0].use = ML_USE_OFFSET;
}

static void
walk(test_host *t, size_t i, double lambda, fit *f)
{
	ml_net net;

	lay_out(t, i, f);
	net = net_of(f, i, lambda);
	REQUIRE_OK(ml_net_fit(&t->core, &f->problem, &net, &f->fitted));
}

static void
check_path(test_host *t, size_t i, const fit *f)
{
	const ml_part *lambda = ml_fitted_part(&f->fitted, "path_lambda");
	const double *df = learned(f, "path_df"), *row = learned(f, "path_coefficients");
	const ml_family *family = ml_family_find(shape[i].learner, (ml_text){0});
	int64_t width = 1 + ml_glm_slots(&f->schema);
	plain p;

	expand(t, &f->problem, family, &p);
	CHECK(f->fitted.converged);
	for (int64_t k = 0; k < lambda->count; k++, row += width)
	{
		int left = 0;

		check_minimum(t, &p, lambda->number[k], shape[i].alpha, row, 1e-7);
		for (int c = 0; c < p.cols; c++)
			left += row[p.slot[c]] != 0;
		CHECK_INT((int) df[k], left);
		if (k > 0)
			CHECK(lambda->number[k] < lambda->number[k - 1]);
	}
}

static void
reaches_every_minimum(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		fit f;

		walk(t, i, INFINITY, &f);
		check_path(t, i, &f);
		/* a path of a lasso begins where the first column enters */
		if (shape[i].alpha == 1)
		{
			CHECK(learned(&f, "path_df")[0] == 0);
			CHECK(learned(&f, "path_df")[1] > 0);
		}
	}
}

static void
does_so_by_blas_and_threads(test_host *t)
{
	t->core.blas = test_blas();
	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	reaches_every_minimum(t);
}

/* A penalty that is given gives the fit that the path passes there. */
static void
reaches_a_given_penalty(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		fit path, one;
		int64_t width;
		int k = 4;

		walk(t, i, INFINITY, &path);
		walk(t, i, learned(&path, "path_lambda")[k], &one);
		check_path(t, i, &one);
		width = 1 + ml_glm_slots(&one.schema);
		CHECK_INT(ml_fitted_part(&one.fitted, "path_lambda")->count, 1);
		CHECK(isnan(learned(&one, "path_cv_mean")[0]));
		CHECK_SAME(*learned(&one, "lambda"), learned(&path, "path_lambda")[k]);
		for (int64_t slot = 0; slot < width; slot++)
		{
			double was = learned(&path, "path_coefficients")[k * width + slot];

			CHECK_NEAR(learned(&one, "path_coefficients")[slot], was,
			           1e-6 * (1 + fabs(was)));
			CHECK(isnan(learned(&one, "standard_errors")[slot]));
		}
	}
}

/*
 * Coordinate descent over rows on the quadratic function around a point, again and again;
 * u are coefficients of standardized columns, the intercept in front.
 */
static void
descend_plainly(test_host *t, const plain *p, int fold, const double lambda[2], double *u)
{
	double *z = reference_room(t, (int64_t) p->cols * p->rows, sizeof(double));
	double *g = reference_room(t, p->rows, sizeof(double));
	double *h = reference_room(t, p->rows, sizeof(double));
	double *sd = reference_room(t, p->cols, sizeof(double));
	double total = 0, unit = unit_of(t, p, fold), moved = 1, loss;

	for (int i = 0; i < p->rows; i++)
		total += in_fold(p, fold, i) ? 0 : p->weight[i];
	for (int c = 0; c < p->cols; c++)
	{
		double mean;

		sd[c] = spread(p, fold, p->x + (int64_t) c * p->rows, &mean);
		for (int i = 0; i < p->rows; i++)
			z[(int64_t) c * p->rows + i] =
			    sd[c] > 0 ? (p->x[(int64_t) c * p->rows + i] - mean) / sd[c] : 0;
	}
	for (int outer = 0; outer < 100 && moved > 1e-10; outer++)
	{
		moved = 0;
		for (int i = 0; i < p->rows; i++)
		{
			double eta = u[0] + p->offset[i];

			for (int c = 0; c < p->cols; c++)
				eta += z[(int64_t) c * p->rows + i] * u[1 + c];
			ask(p, i, eta, &g[i], &h[i], &loss);
			if (in_fold(p, fold, i))
				g[i] = h[i] = 0;
		}
		for (int inner = 0; inner < 20000; inner++)
		{
			double most = 0;

			for (int c = -1; c < p->cols; c++)
			{
				const double *x = c < 0 ? NULL : z + (int64_t) c * p->rows;
				double slope = 0, bend = 0, best;

				for (int i = 0; i < p->rows; i++)
				{
					slope += (c < 0 ? 1 : x[i]) * g[i] / total;
					bend += (c < 0 ? 1 : x[i] * x[i]) * h[i] / total;
				}
				best = slope + bend * u[1 + c];
				if (c >= 0)
				{
					best = fabs(best) <= lambda[0] ? 0 : best - copysign(lambda[0], best);
					bend += lambda[1] / unit;
				}
				best = bend > 0 ? best / bend : 0;
				for (int i = 0; i < p->rows; i++)
					g[i] -= h[i] * (c < 0 ? 1 : x[i]) * (best - u[1 + c]);
				most = fmax(most, fabs(best - u[1 + c]));
				moved = fmax(moved, fabs(best - u[1 + c]));
				u[1 + c] = best;
			}
			if (most < 1e-12)
				break;
		}
	}
	/* back to the columns as they are */
	for (int c = 0; c < p->cols; c++)
	{
		double mean;

		spread(p, fold, p->x + (int64_t) c * p->rows, &mean);
		u[1 + c] = sd[c] > 0 ? u[1 + c] / sd[c] : 0;
		u[0] -= u[1 + c] * mean;
	}
}

/* Mean deviance of a fold by the fit without it. */
static double
judge_plainly(const plain *p, int fold, const double *u, double *weight)
{
	double sum = 0;

	*weight = 0;
	for (int i = 0; i < p->rows; i++)
	{
		double eta = u[0] + p->offset[i];

		if (!in_fold(p, fold, i))
			continue;
		for (int c = 0; c < p->cols; c++)
			eta += p->x[(int64_t) c * p->rows + i] * u[1 + c];
		sum += p->weight[i] *
		       p->family->deviance(p->target[i], p->family->respond(eta), NAN);
		*weight += p->weight[i];
	}
	return sum / *weight;
}

static void
judges_folds_it_has_not_seen(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		static const int step[] = {1, 5, 8};
		fit f;
		plain p;

		if (shape[i].rows > 1000)
			continue;
		walk(t, i, INFINITY, &f);
		expand(t, &f.problem, ml_family_find(shape[i].learner, (ml_text){0}), &p);
		for (int s = 0; s < 3; s++)
		{
			double lambda = learned(&f, "path_lambda")[step[s]];
			double parts[2] = {lambda * shape[i].alpha, lambda * (1 - shape[i].alpha)};
			double error[FOLDS], weight[FOLDS], mean = 0, total = 0, square = 0;

			if (step[s] >= ml_fitted_part(&f.fitted, "path_lambda")->count)
				continue;
			for (int fold = 0; fold < FOLDS; fold++)
			{
				double *u = reference_room(t, 1 + p.cols, sizeof *u);

				descend_plainly(t, &p, fold, parts, u);
				error[fold] = judge_plainly(&p, fold, u, &weight[fold]);
				mean += weight[fold] * error[fold];
				total += weight[fold];
			}
			mean /= total;
			for (int fold = 0; fold < FOLDS; fold++)
				square +=
				    weight[fold] / total * (error[fold] - mean) * (error[fold] - mean);
			CHECK_CLOSE(learned(&f, "path_cv_mean")[step[s]], mean, 1e-6);
			CHECK_CLOSE(learned(&f, "path_cv_error")[step[s]], sqrt(square / (FOLDS - 1)),
			            1e-5);
		}
	}
}

static void
chooses_by_its_rule(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
		for (int sparsest = 0; sparsest < 2; sparsest++)
		{
			const double *mean, *error;
			ml_net net;
			int64_t steps, best = 0;
			fit f;

			lay_out(t, i, &f);
			net = net_of(&f, i, INFINITY);
			net.sparsest = sparsest;
			REQUIRE_OK(ml_net_fit(&t->core, &f.problem, &net, &f.fitted));
			mean = learned(&f, "path_cv_mean");
			error = learned(&f, "path_cv_error");
			steps = ml_fitted_part(&f.fitted, "path_lambda")->count;
			for (int64_t k = 1; k < steps; k++)
				if (mean[k] < mean[best])
					best = k;
			for (int64_t k = 0; sparsest && k < best; k++)
				if (mean[k] <= mean[best] + error[best])
					best = k;
			CHECK_SAME(*learned(&f, "lambda"), learned(&f, "path_lambda")[best]);
			CHECK_SAME(
			    *learned(&f, "intercept"),
			    learned(&f, "path_coefficients")[best * (1 + ml_glm_slots(&f.schema))]);
		}
}

/* Without absolute values the solution of least squares is that of linear equations. */
static void
is_ridge_without_a_lasso(test_host *t)
{
	enum
	{
		SHAPE = 2
	};
	fit f;
	plain p;
	double lambda, unit;
	long double *a, *inverse, *mean, *sd;
	int n;

	walk(t, SHAPE, INFINITY, &f);
	expand(t, &f.problem, ml_family_find("linear", (ml_text){0}), &p);
	n = p.cols;
	lambda = learned(&f, "path_lambda")[6];
	unit = unit_of(t, &p, -1);
	a = reference_room(t, n * n, sizeof *a);
	inverse = reference_room(t, n * n, sizeof *a);
	mean = reference_room(t, n, sizeof *a);
	sd = reference_room(t, n, sizeof *a);
	for (int c = 0; c < n; c++)
	{
		double m;

		sd[c] = spread(&p, -1, p.x + c * p.rows, &m);
		mean[c] = m;
	}
	for (int c = 0; c < n; c++)
		for (int d = 0; d < n; d++)
		{
			for (int i = 0; i < p.rows; i++)
				a[c * n + d] += (p.x[c * p.rows + i] - mean[c]) / sd[c] *
				                (p.x[d * p.rows + i] - mean[d]) / sd[d] / p.rows;
			if (c == d)
				a[c * n + d] += lambda / unit;
		}
	reference_invert(n, a, inverse);
	for (int c = 0; c < n; c++)
	{
		long double b = 0;

		for (int d = 0; d < n; d++)
		{
			long double xy = 0;

			for (int i = 0; i < p.rows; i++)
				xy += (p.x[d * p.rows + i] - mean[d]) / sd[d] * p.target[i] / p.rows;
			b += inverse[c * n + d] * xy;
		}
		CHECK_NEAR(
		    learned(&f,
		            "path_coefficients")[6 * (1 + ml_glm_slots(&f.schema)) + p.slot[c]],
		    b / sd[c], 1e-9 * (1 + fabsl(b / sd[c])));
	}
}

/* All learned numbers are the same bits. */
static void
check_same_fit(const ml_fitted *a, const ml_fitted *b)
{
	REQUIRE(a->parts == b->parts);
	for (int i = 0; i < a->parts; i++)
	{
		REQUIRE(a->part[i].count == b->part[i].count);
		for (int64_t k = 0; k < a->part[i].count; k++)
			CHECK_SAME(a->part[i].number[k], b->part[i].number[k]);
	}
}

static void
depends_on_the_rows_alone(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		reference r, turned;
		fit one, other;
		ml_net net;

		walk(t, i, INFINITY, &one);
		make(t, i, &r);
		turned = r;
		reference_open(t, &turned);
		if (r.weight != NULL)
			turned.weight = reference_room(t, r.rows, sizeof(double));
		for (int row = 0; row < r.rows; row++)
		{
			int to = r.rows - 1 - row;

			memcpy(turned.x + to * r.numbers, r.x + row * r.numbers,
			       sizeof(double) * (size_t) r.numbers);
			memcpy(turned.code + to * r.categories, r.code + row * r.categories,
			       sizeof(int) * (size_t) r.categories);
			turned.y[to] = r.y[row];
			if (r.weight != NULL)
				turned.weight[to] = r.weight[row];
		}
		t->core.threads = 3;
		REQUIRE_OK(ml_pool_open(&t->core));
		other = (fit){0};
		REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &turned), &other.schema,
		                          &other.problem));
		if (shape[i].offset)
			other.schema.feature[0].use = ML_USE_OFFSET;
		net = net_of(&other, i, INFINITY);
		REQUIRE_OK(ml_net_fit(&t->core, &other.problem, &net, &other.fitted));
		ml_pool_close(&t->core);
		t->core.threads = 1;
		check_same_fit(&one.fitted, &other.fitted);
	}
}

static void
notices_refused_memory(test_host *t)
{
	static const size_t of[] = {1, 6, 11};

	for (size_t i = 0; i < 3; i++)
		for (int64_t refuse = 1;; refuse++)
		{
			fit f;
			ml_net net;
			ml_status status;

			lay_out(t, of[i], &f);
			net = net_of(&f, of[i], i == 2 ? 0.1 : INFINITY);
			t->refuse_at = t->asked + refuse;
			t->refused = false;
			status = ml_net_fit(&t->core, &f.problem, &net, &f.fitted);
			t->refuse_at = 0;
			if (!t->refused)
			{
				CHECK_INT(status, ML_OK);
				break;
			}
			CHECK_INT(status, ML_MEMORY);
			/* most of them are work space of one and the same kind */
			if (refuse > 60)
				refuse += 7;
		}
}

static void
stops_when_told(test_host *t)
{
	static const size_t of[] = {1, 9};

	for (size_t i = 0; i < 2; i++)
		for (int64_t question = 1;; question += 1 + question / 2)
		{
			fit f;
			ml_net net;
			ml_status status;
			int64_t before = t->questions;

			lay_out(t, of[i], &f);
			net = net_of(&f, of[i], INFINITY);
			before = t->questions;
			t->stop_at = before + question;
			status = ml_net_fit(&t->core, &f.problem, &net, &f.fitted);
			t->stop_at = 0;
			if (t->questions < before + question)
			{
				CHECK_INT(status, ML_OK);
				break;
			}
			CHECK_INT(status, ML_STOPPED);
		}
}

static void
knows_its_memory(test_host *t)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		double predicted, asked;
		fit f;
		ml_net net;

		lay_out(t, i, &f);
		net = net_of(&f, i, i % 3 == 0 ? 0.01 : INFINITY);
		predicted = ml_net_memory(&f.problem, &net, 1);
		asked = t->bytes;
		REQUIRE_OK(ml_net_fit(&t->core, &f.problem, &net, &f.fitted));
		asked = t->bytes - asked;
		CHECK(predicted >= 0.98 * asked - 30000);
		CHECK(predicted <= 1.6 * asked);
	}
}

/* Columns that are copies of each other, and one that never varies but in a fold. */
static void
bears_copies(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
		for (int a = 0; a < 3; a++)
		{
			static const sample_option option[][3] = {
			    {{"lambda", 0, "auto"}, {"alpha", 1}, {NULL, 0}},
			    {{"lambda", 0, "auto"}, {"alpha", 0.5}, {NULL, 0}},
			    {{"lambda", 0, "auto"}, {"alpha", 0}, {NULL, 0}}};
			reference r = {.rows = 200, .numbers = 6, .binary = binary == 1};
			fit f;

			reference_random(t, &r, 0, 77);
			for (int i = 0; i < r.rows; i++)
			{
				r.x[6 * i + 1] = r.x[6 * i];
				r.x[6 * i + 2] = 3 * r.x[6 * i] + r.x[6 * i + 3];
				r.x[6 * i + 5] = i == 7;
			}
			REQUIRE_OK(fit_learner(t, reference_frame(t, &r),
			                       binary ? "logistic" : "linear", option[a], &f));
			CHECK(f.fitted.converged);
			CHECK(isfinite(*learned(&f, "intercept")));
			/* the squared part shares out what copies explain */
			if (a > 0)
				CHECK_NEAR(learned(&f, "coefficients")[0], learned(&f, "coefficients")[1],
				           1e-6);
		}
}

/* Classes that are told apart without error have a solution at every penalty. */
static void
bears_separable_classes(test_host *t)
{
	static const sample_option option[] = {{"lambda", 0, "auto"}, {NULL, 0}};
	reference r = {.rows = 200, .numbers = 3, .binary = true};
	fit f;

	reference_random(t, &r, 0, 78);
	for (int i = 0; i < r.rows; i++)
		r.y[i] = r.x[3 * i] > 0;
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", option, &f));
	CHECK(f.fitted.converged);
	CHECK(learned(&f, "coefficients")[0] > 0);
}

/* More columns than rows. */
static void
bears_many_columns(test_host *t)
{
	static const char *const learner[] = {"linear", "logistic"};

	for (int l = 0; l < 2; l++)
	{
		static const sample_option option[] = {{"lambda", 0, "auto"}, {NULL, 0}};
		reference r = {.rows = 60, .numbers = 90, .binary = l == 1};
		const ml_part *lambda;
		fit f;

		reference_random(t, &r, 0.02, 79);
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), learner[l], option, &f));
		CHECK(f.fitted.converged);
		lambda = ml_fitted_part(&f.fitted, "path_lambda");
		CHECK(lambda->number[lambda->count - 1] >= 0.0099 * lambda->number[0]);
		CHECK(learned(&f, "path_df")[lambda->count - 1] <= 60);
	}
}

/* Which options go together, for learners that take them. */
static void
settles_options(test_host *t)
{
	static const struct
	{
		const char *name[3];
		double number[3];
		const char *fault;
	} given[] = {
	    {{"lambda"}, {0.5}, NULL},
	    {{"lambda", "alpha", "folds"}, {INFINITY, 0.5, 10}, NULL},
	    {{"alpha"}, {0.5}, "alpha"},
	    {{"folds"}, {5}, "folds"},
	    {{"lambda", "folds"}, {0.5, 5}, "folds"},
	    {{"lambda", "lambdas"}, {0.5, 5}, "lambdas"},
	    {{"lambda", "l2"}, {INFINITY, 1}, "l2"},
	    {{"lambda", "l2"}, {INFINITY, 0}, NULL},
	};
	const ml_learner *learner = ml_learner_find(test_text("logistic"));

	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
	{
		void *values = reference_room(t, 1, learner->options_size);
		ml_option_set set = {learner->option, learner->options, values};
		ml_option_fault fault = {0};
		ml_value object, back;
		bool fine;

		REQUIRE_OK(ml_value_object(&t->core, 3, &object));
		for (int k = 0; k < 3 && given[i].name[k] != NULL; k++)
			ml_value_add(&object, given[i].name[k],
			             isinf(given[i].number[k]) ? ml_value_word("auto")
			                                       : ml_value_number(given[i].number[k]));
		REQUIRE(ml_options_read(&object, &set, 1, &fault));
		fine = learner->settle(&object, values, &fault);
		CHECK(fine == (given[i].fault == NULL));
		if (!fine)
		{
			CHECK(ml_text_is(fault.name, given[i].fault));
			continue;
		}
		/* what is in force can be handed back */
		REQUIRE_OK(ml_options_value(&t->core, &set, 1, &back));
		REQUIRE(ml_options_read(&back, &set, 1, &fault));
		CHECK(learner->settle(&back, values, &fault));
		CHECK((ml_value_member(&back, "folds") != NULL) == (i == 1));
	}
}

TEST_MAIN({reaches_every_minimum,
           "at every penalty the conditions of a minimum hold, for every family"},
          {does_so_by_blas_and_threads, "so they do by BLAS and on three threads"},
          {reaches_a_given_penalty, "a penalty that is given has the fit of the path"},
          {judges_folds_it_has_not_seen,
           "errors by folds agree with plain coordinate descent"},
          {chooses_by_its_rule, "the penalty is chosen by the rule"},
          {is_ridge_without_a_lasso, "without absolute values it is ridge regression"},
          {depends_on_the_rows_alone, "the order of the rows and threads change no bit"},
          {notices_refused_memory, "every refused allocation is noticed"},
          {stops_when_told, "it stops when told"},
          {knows_its_memory, "what it will ask for is known before"},
          {bears_copies, "copies of columns do no harm"},
          {bears_separable_classes, "separable classes have a solution"},
          {bears_many_columns, "more columns than rows are no harm"},
          {settles_options, "options that contradict each other are told"})
