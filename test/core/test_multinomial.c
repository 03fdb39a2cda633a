/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_multinomial.c: softmax regression against Newton's method in long double over the
 * expanded matrix.
 */
#include "blas.h"
#include "reference.h"

#define TOLERANCE 1e-8

/* The second computation: data and matrix are the reference's, its y is the class. */
typedef struct twin
{
	reference r;
	int classes;
	long double *beta;     /* [free][cols] of the standardized matrix */
	long double *inverse;  /* [size][size] of the Hessian */
	long double *hessian;  /* [size][size] */
	long double *gradient; /* [size] */
	long double loss;
} twin;

static const char *const letter[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

/* Random classes for random data, every one of them in use. */
static void
make(test_host *t, twin *m, double missing, uint64_t seed)
{
	uint64_t state = seed + 1;

	reference_random(t, &m->r, missing, seed);
	for (int i = 0; i < m->r.rows; i++)
	{
		double most = -INFINITY;

		for (int k = 0; k < m->classes; k++)
		{
			double x = m->r.numbers > 0 ? m->r.x[i * m->r.numbers + k % m->r.numbers] : 0;
			int label = m->r.categories > 0 ? m->r.code[i * m->r.categories] : 0;
			double number = k % m->r.numbers;
			double z = isnan(x) ? 0 : (x - 100 * number) / (number + 1);
			double value = 0.7 * z + 0.4 * ((label + k) % 3) - 0.3 * k -
			               log(-log(test_uniform(&state) + 1e-300));

			if (value > most)
			{
				most = value;
				m->r.y[i] = k;
			}
		}
		if (i < m->classes)
			m->r.y[i] = i;
	}
}

static void
open_twin(test_host *t, twin *m)
{
	int64_t size;

	reference_lay_out(t, &m->r);
	size = (int64_t) (m->classes - 1) * m->r.cols;
	m->beta = reference_room(t, size, sizeof(long double));
	m->gradient = reference_room(t, size, sizeof(long double));
	m->hessian = reference_room(t, size * size, sizeof(long double));
	m->inverse = reference_room(t, size * size, sizeof(long double));
}

/* What the penalty adds: that of classes' coefficients which add up to zero. */
static void
penalize(twin *m, bool curved)
{
	int cols = m->r.cols, free = m->classes - 1, size = free * cols;

	for (int k = 0; k < free; k++)
		for (int c = 0; c < cols; c++)
			for (int l = 0; l < free; l++)
			{
				long double part = m->r.penalty[c] * ((k == l) - 1.0L / m->classes);

				m->gradient[k * cols + c] -= part * m->beta[l * cols + c];
				if (curved && l <= k)
					m->hessian[(k * cols + c) * size + l * cols + c] += part;
			}
}

static void
twin_pass(twin *m, bool curved)
{
	int cols = m->r.cols, free = m->classes - 1, size = free * cols;

	memset(m->gradient, 0, (size_t) size * sizeof(long double));
	if (curved)
		memset(m->hessian, 0, (size_t) size * (size_t) size * sizeof(long double));
	m->loss = 0;
	for (int i = 0; i < m->r.rows; i++)
	{
		const long double *x = m->r.matrix + (int64_t) i * cols;
		long double p[ML_MAX_CLASSES], sum = 1,
		                               w = m->r.weight != NULL ? m->r.weight[i] : 1;

		for (int k = 0; k < free; k++)
		{
			p[k] = 0;
			for (int c = 0; c < cols; c++)
				p[k] += x[c] * m->beta[k * cols + c];
			sum += p[k] = expl(p[k]);
		}
		m->loss -= w * logl((m->r.y[i] > 0 ? p[(int) m->r.y[i] - 1] : 1) / sum);
		for (int k = 0; k < free; k++)
			for (int c = 0; c < cols; c++)
			{
				m->gradient[k * cols + c] +=
				    w * ((m->r.y[i] == k + 1) - p[k] / sum) * x[c];
				for (int l = 0; curved && l <= k; l++)
					for (int d = 0; d < cols; d++)
						m->hessian[(k * cols + c) * size + l * cols + d] +=
						    w * p[k] / sum * ((k == l) - p[l] / sum) * x[c] * x[d];
			}
	}
	penalize(m, curved);
}

static long double
twin_decrement(const twin *m)
{
	int size = (m->classes - 1) * m->r.cols;
	long double sum = 0;

	for (int i = 0; i < size; i++)
		for (int j = 0; j < size; j++)
			sum += m->gradient[i] * m->inverse[i * size + j] * m->gradient[j];
	return sum;
}

static void
solve_twin(test_host *t, twin *m)
{
	int size;

	open_twin(t, m);
	size = (m->classes - 1) * m->r.cols;
	for (int step = 0; step < 50; step++)
	{
		twin_pass(m, true);
		reference_invert(size, m->hessian, m->inverse);
		if (step > 0 && twin_decrement(m) < 1e-26)
			return;
		for (int i = 0; i < size; i++)
			for (int j = 0; j < size; j++)
				m->beta[i] += m->inverse[i * size + j] * m->gradient[j];
	}
	REQUIRE(twin_decrement(m) < 1e-20);
}

/* A coefficient and its error of a class, by its contrast of the standardized columns. */
static void
check_number(const twin *m, int k, const long double *contrast, const double *got)
{
	int cols = m->r.cols, size = (m->classes - 1) * cols;
	long double want = 0, error = 0;

	for (int c = 0; c < cols; c++)
	{
		want += contrast[c] * m->beta[(k - 1) * cols + c];
		for (int d = 0; d < cols; d++)
			error += contrast[c] * contrast[d] *
			         m->inverse[((k - 1) * cols + c) * size + (k - 1) * cols + d];
	}
	check_coefficient(got[0], got[1], want, sqrtl(error), TOLERANCE);
}

static void
check_class(const twin *m, const fit *f, int k, int slots)
{
	const double *coefficient = learned(f, "coefficients") + k * slots;
	const double *error = learned(f, "standard_errors") + k * (slots + 1);
	long double contrast[64] = {1};
	int slot = m->r.numbers;

	for (int j = 0; j < m->r.numbers; j++)
		contrast[1 + j] = -m->r.mean[j] / m->r.sd[j];
	check_number(m, k, contrast, (double[]){learned(f, "intercept")[k], error[0]});
	for (int j = 0; j < m->r.numbers; j++)
	{
		memset(contrast, 0, sizeof contrast);
		contrast[1 + j] = 1 / m->r.sd[j];
		check_number(m, k, contrast, (double[]){coefficient[j], error[1 + j]});
	}
	for (int c = 0; c < m->r.categories; c++)
		for (int level = 0; level <= m->r.levels[c]; level++, slot++)
		{
			memset(contrast, 0, sizeof contrast);
			if (m->r.column_of[c][level] < 0)
			{
				CHECK(isnan(error[1 + slot]));
				continue;
			}
			contrast[m->r.column_of[c][level]] = 1;
			check_number(m, k, contrast, (double[]){coefficient[slot], error[1 + slot]});
		}
}

static void
check_twin(const twin *m, const fit *f)
{
	int slots = m->r.numbers;

	for (int c = 0; c < m->r.categories; c++)
		slots += m->r.levels[c] + 1;
	CHECK(f->fitted.converged);
	CHECK_INT(ml_fitted_part(&f->fitted, "intercept")->count, m->classes);
	REQUIRE(ml_fitted_part(&f->fitted, "coefficients")->count == m->classes * slots);
	REQUIRE(ml_fitted_part(&f->fitted, "standard_errors")->count ==
	        m->classes * (slots + 1));
	CHECK_CLOSE(*learned(f, "log_likelihood"), -m->loss, 1e-10);
	CHECK_CLOSE(*learned(f, "deviance"), 2 * m->loss, 1e-10);
	CHECK_SAME(learned(f, "intercept")[0], 0);
	for (int slot = 0; slot < slots; slot++)
	{
		CHECK_SAME(learned(f, "coefficients")[slot], 0);
		CHECK(isnan(learned(f, "standard_errors")[slot]));
	}
	for (int k = 1; k < m->classes; k++)
		check_class(m, f, k, slots);
}

static const struct
{
	int rows;
	int numbers;
	int categories;
	int classes;
	double missing;
	bool weighted;
	double l2;
} shape[] = {
    {300, 1, 0, 3, 0, false, 0},    {400, 3, 0, 3, 0.2, false, 0},
    {700, 3, 2, 3, 0.1, false, 0},  {700, 3, 2, 5, 0.1, true, 0.3},
    {900, 2, 1, 6, 0.1, false, 10}, {400, 4, 1, 2, 0, true, 0},
    {60, 2, 1, 4, 0, false, 1},
};

static void
check_shapes(test_host *t)
{
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
	{
		sample_option options[] = {{"l2", shape[i].l2}, {"tolerance", 1e-15}, {NULL, 0}};
		twin m = {.r = {.rows = shape[i].rows,
		                .numbers = shape[i].numbers,
		                .categories = shape[i].categories,
		                .levels = {3, 4},
		                .l2 = shape[i].l2},
		          .classes = shape[i].classes};
		fit f;

		if (shape[i].weighted)
			m.r.weight = reference_room(t, m.r.rows, sizeof *m.r.weight);
		make(t, &m, shape[i].missing, 900 + i);
		solve_twin(t, &m);
		REQUIRE_OK(
		    fit_learner(t, class_frame(t, &m.r, letter), "multinomial", options, &f));
		check_twin(&m, &f);
	}
}

static void
agrees_with_the_twin(test_host *t)
{
	check_shapes(t);
}

static void
agrees_by_blas_and_threads(test_host *t)
{
	t->core.blas = test_blas();
	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	check_shapes(t);
}

/* Of two classes its penalty is half of logistic's, since each class has half the coefficient. */
static void
is_logistic_of_two(test_host *t)
{
	for (int penalized = 0; penalized < 2; penalized++)
	{
		sample_option two[] = {{"l2", 6.0 * penalized}, {"tolerance", 1e-15}, {NULL, 0}};
		sample_option one[] = {{"l2", 3.0 * penalized}, {"tolerance", 1e-15}, {NULL, 0}};
		reference r = {
		    .rows = 600, .numbers = 3, .categories = 1, .levels = {4}, .binary = true};
		fit a, b;
		const ml_part *part;

		reference_random(t, &r, 0.1, 33);
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "multinomial", two, &a));
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "logistic", one, &b));
		part = ml_fitted_part(&b.fitted, "coefficients");
		CHECK_NEAR(learned(&a, "intercept")[1], *learned(&b, "intercept"), 1e-8);
		CHECK_CLOSE(*learned(&a, "log_likelihood"), *learned(&b, "log_likelihood"),
		            1e-12);
		for (int64_t i = 0; i < part->count; i++)
		{
			double error = learned(&a, "standard_errors")[part->count + 2 + i];

			CHECK_NEAR(learned(&a, "coefficients")[part->count + i], part->number[i],
			           1e-8);
			if (!isnan(error))
				CHECK_CLOSE(error, learned(&b, "standard_errors")[1 + i], 1e-8);
		}
	}
}

/* The same classes under names in another order: another reference, the same probabilities. */
static void
depends_on_no_reference(test_host *t)
{
	static const char *const other[] = {"z", "b", "m", "a"};
	static const int place[] = {3, 1, 2, 0}; /* of each class in byte order */
	static const sample_option tight[] = {{"tolerance", 1e-15}, {"l2", 5}, {NULL, 0}};
	twin m = {.r = {.rows = 500, .numbers = 3, .categories = 1, .levels = {4}},
	          .classes = 4};
	ml_model one, two;
	fit a, b;

	make(t, &m, 0.1, 5);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", tight, &a));
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, other), "multinomial", tight, &b));
	one = (ml_model){.learner = &ml_multinomial, .schema = a.schema};
	two = (ml_model){.learner = &ml_multinomial, .schema = b.schema};
	REQUIRE_OK(ml_multinomial.prepare(&t->core, &a.schema, &a.fitted, NULL, &one.state));
	REQUIRE_OK(ml_multinomial.prepare(&t->core, &b.schema, &b.fitted, NULL, &two.state));
	for (int i = 0; i < m.r.rows; i++)
	{
		double row[4], p[4], q[4], mine[4], theirs[4], bias[2];

		memcpy(row, m.r.x + 3 * i, 3 * sizeof(double));
		row[3] = m.r.code[i];
		ml_model_probabilities(&one, row, p);
		ml_model_probabilities(&two, row, q);
		for (int k = 0; k < 4; k++)
			CHECK_NEAR(p[k], q[place[k]], 1e-9);
		CHECK_INT(place[ml_model_class(&one, row)], ml_model_class(&two, row));
		ml_multinomial.explain(one.state, row, mine, &bias[0]);
		ml_multinomial.explain(two.state, row, theirs, &bias[1]);
		CHECK_NEAR(bias[0], bias[1], 1e-8);
		for (int f = 0; f < 4; f++)
			CHECK_NEAR(mine[f], theirs[f], 1e-8);
	}
}

/* Contributions add up to the margin of the class explained, less the mean of all margins. */
static void
explains_what_adds_up(test_host *t)
{
	twin m = {.r = {.rows = 300, .numbers = 2, .categories = 1, .levels = {4}},
	          .classes = 3};
	fit f;

	make(t, &m, 0.1, 6);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", NULL, &f));
	for (f.schema.positive = -1; f.schema.positive < 3; f.schema.positive++)
	{
		void *state;

		REQUIRE_OK(ml_multinomial.prepare(&t->core, &f.schema, &f.fitted, NULL, &state));
		for (int i = 0; i < m.r.rows; i++)
		{
			double row[3] = {m.r.x[2 * i], m.r.x[2 * i + 1], m.r.code[i]};
			double margin[3], contribution[3], sum;
			int chosen = f.schema.positive;

			ml_multinomial.margins(state, row, margin);
			ml_multinomial.explain(state, row, contribution, &sum);
			for (int k = 0; k < 3; k++)
				sum += contribution[k];
			if (chosen < 0)
				chosen = ml_likeliest(3, margin);
			CHECK_NEAR(sum, margin[chosen] - (margin[0] + margin[1] + margin[2]) / 3,
			           1e-12);
		}
	}
}

/* No coefficient is off by more than a part of its error, by one Newton step of the twin. */
static void
check_gradient(test_host *t, twin *m, const fit *f, long double limit)
{
	int cols, slots = m->r.numbers;
	long double sum = 0;

	open_twin(t, m);
	cols = m->r.cols;
	for (int k = 1; k < m->classes; k++)
	{
		long double *beta = m->beta + (k - 1) * cols;

		beta[0] = learned(f, "intercept")[k];
		for (int j = 0; j < m->r.numbers; j++)
		{
			double coefficient = learned(f, "coefficients")[k * slots + j];

			beta[0] += coefficient * m->r.mean[j];
			beta[1 + j] = coefficient * m->r.sd[j];
		}
	}
	twin_pass(m, false);
	for (int i = 0; i < (m->classes - 1) * cols; i++)
		sum += m->gradient[i] * m->gradient[i];
	test_check(sum < limit, __FILE__, __LINE__, "gradient of length %Lg", sqrtl(sum));
	CHECK_CLOSE(*learned(f, "log_likelihood"), -m->loss, 1e-10);
}

/* More rows than a sample needs: the same end, at one thread and at three. */
static void
starts_from_samples(test_host *t)
{
	static const sample_option plain[] = {{"l2", 0}, {NULL, 0}};
	twin m = {.r = {.rows = 70000, .numbers = 3}, .classes = 3};
	fit f, again;

	make(t, &m, 0.05, 8);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", plain, &f));
	CHECK(f.fitted.converged);
	/* squared and in units of the Hessian, which is about a tenth of the rows */
	check_gradient(t, &m, &f, 1e-8L * 7000);
	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(
	    fit_learner(t, class_frame(t, &m.r, letter), "multinomial", plain, &again));
	for (int p = 0; p < f.fitted.parts; p++)
		for (int64_t i = 0; i < f.fitted.part[p].count; i++)
			CHECK_SAME(again.fitted.part[p].number[i], f.fitted.part[p].number[i]);
}

/* Beyond the size of a Hessian: quasi-Newton comes to the same end, without errors. */
static void
goes_without_a_hessian(test_host *t)
{
	enum
	{
		CLASSES = 110
	};
	static const sample_option some[] = {{"l2", 1}, {"tolerance", 1e-10}, {NULL, 0}};
	twin m = {.r = {.rows = 4000, .numbers = 20, .l2 = 1}, .classes = CLASSES};
	static char name[CLASSES][4];
	const char *label[CLASSES];
	fit f;

	for (int k = 0; k < CLASSES; k++)
	{
		snprintf(name[k], sizeof name[k], "%03d", k);
		label[k] = name[k];
	}
	make(t, &m, 0, 9);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, label), "multinomial", some, &f));
	CHECK(f.fitted.converged);
	for (int64_t i = 0; i < CLASSES * (m.r.numbers + 1); i++)
		CHECK(isnan(learned(&f, "standard_errors")[i]));
	reference_lay_out(t, &m.r);
	m.beta = reference_room(t, (CLASSES - 1) * m.r.cols, sizeof(long double));
	m.gradient = reference_room(t, (CLASSES - 1) * m.r.cols, sizeof(long double));
	for (int k = 1; k < CLASSES; k++)
	{
		long double *beta = m.beta + (k - 1) * m.r.cols;

		beta[0] = learned(&f, "intercept")[k];
		for (int j = 0; j < m.r.numbers; j++)
		{
			double coefficient = learned(&f, "coefficients")[k * m.r.numbers + j];

			beta[0] += coefficient * m.r.mean[j];
			beta[1 + j] = coefficient * m.r.sd[j];
		}
	}
	twin_pass(&m, false);
	for (int i = 0; i < (CLASSES - 1) * m.r.cols; i++)
		CHECK_NEAR(m.gradient[i], 0, 1e-3);
	CHECK_CLOSE(*learned(&f, "log_likelihood"), -m.loss, 1e-10);
}

static void
names_what_is_wrong(test_host *t)
{
	static const sample_option plain[] = {{"l2", 0}, {NULL, 0}};
	static const sample_option few[] = {{"l2", 0}, {"max_iterations", 2}, {NULL, 0}};
	twin m = {.r = {.rows = 300, .numbers = 3}, .classes = 3};
	fit f;

	make(t, &m, 0, 10);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", few, &f));
	CHECK(!f.fitted.converged);
	CHECK_INT(f.fitted.trouble.kind, ML_TROUBLE_UNCONVERGED);
	CHECK(f.fitted.trouble.feature >= 0);
	/* the second number tells the last class from the others */
	for (int i = 0; i < m.r.rows; i++)
		m.r.x[3 * i + 1] = fabs(m.r.x[3 * i + 1] - 100) + 100 * (m.r.y[i] == 2);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", plain, &f));
	CHECK(!f.fitted.converged);
	CHECK_INT(f.fitted.trouble.kind, ML_TROUBLE_SEPARATED);
	CHECK_INT(f.fitted.trouble.feature, 1);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", NULL, &f));
	CHECK(f.fitted.converged);
	CHECK_INT(f.fitted.trouble.kind, ML_TROUBLE_NONE);
	for (int i = 0; i < m.r.rows; i++)
		m.r.x[3 * i + 2] = m.r.x[3 * i] + 2 * m.r.x[3 * i + 1];
	CHECK_INT(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", plain, &f),
	          ML_SINGULAR);
	CHECK_INT(t->core.fault.column, 2);
	CHECK_INT(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", NULL, &f),
	          ML_OK);
}

/* Whatever order rows come in, and on however many threads, a training gives the same bytes. */
static void
is_reproducible(test_host *t)
{
	twin m = {.r = {.rows = 2000, .numbers = 3, .categories = 1, .levels = {4}},
	          .classes = 4};
	ml_bytes bytes[3];

	make(t, &m, 0.1, 11);
	for (int turn = 0; turn < 3; turn++)
	{
		reference r = m.r;
		ml_result result;

		if (turn > 0)
		{
			reference_open(t, &r);
			for (int i = 0; i < r.rows; i++)
			{
				int from = (i * 7 + 3) % r.rows;

				memcpy(r.x + 3 * i, m.r.x + 3 * from, 3 * sizeof(double));
				r.code[i] = m.r.code[from];
				r.y[i] = m.r.y[from];
			}
		}
		t->core.threads = 1 + turn;
		REQUIRE_OK(sample_train(&t->core, class_frame(t, &r, letter), "multinomial", NULL,
		                        &result));
		REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes[turn]));
		CHECK(strcmp(result.holdout.metric[1].name, "accuracy") == 0);
		CHECK(result.holdout.metric[1].value > 0.4);
	}
	CHECK(test_same_bytes(bytes[0], bytes[1]));
	CHECK(test_same_bytes(bytes[0], bytes[2]));
}

static void
asks_for_what_it_said(test_host *t)
{
	for (int large = 0; large < 2; large++)
	{
		static char name[300][4];
		const char *label[300];
		twin m = {.r = {.rows = 3000, .numbers = 8, .categories = 1, .levels = {4}},
		          .classes = large ? 300 : 4};
		double before, said;
		ml_request request;
		fit f;

		for (int k = 0; k < 300; k++)
		{
			snprintf(name[k], sizeof name[k], "%03d", k);
			label[k] = name[k];
		}
		make(t, &m, 0.1, 12);
		REQUIRE_OK(sample_request(&t->core, "multinomial", NULL, &request));
		REQUIRE_OK(sample_task(&t->core, class_frame(t, &m.r, label), ML_MULTICLASS,
		                       &f.schema, &f.problem));
		said = ml_multinomial.memory(&f.problem, request.options, 1);
		before = t->bytes;
		f.fitted = (ml_fitted){0};
		REQUIRE_OK(ml_multinomial.fit(&t->core, &f.problem, request.options, &f.fitted));
		CHECK(t->bytes - before < 1.1 * said + 1e5);
		CHECK(t->bytes - before > 0.5 * said);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	twin m = {.r = {.rows = 70, .numbers = 1, .categories = 1, .levels = {3}},
	          .classes = 3};
	ml_request request;
	test_trial trial = {.refusals = true, .stops = true};
	fit f;

	make(t, &m, 0.1, 13);
	REQUIRE_OK(sample_request(&t->core, "multinomial", NULL, &request));
	REQUIRE_OK(sample_task(&t->core, class_frame(t, &m.r, letter), ML_MULTICLASS,
	                       &f.schema, &f.problem));
	while (!trial.done)
	{
		f.fitted = (ml_fitted){0};
		test_try(t, &trial);
		test_tried(t, &trial,
		           ml_multinomial.fit(&t->core, &f.problem, request.options, &f.fitted));
	}
	CHECK(trial.at > 20);
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		void *state;
		ml_status status;

		test_try(t, &trial);
		status = ml_multinomial.prepare(&t->core, &f.schema, &f.fitted, NULL, &state);
		test_tried(t, &trial, status);
	}
}

static void
refuses_numbers_that_do_not_fit(test_host *t)
{
	twin m = {.r = {.rows = 70, .numbers = 2}, .classes = 3};
	void *state;
	fit f, g;

	make(t, &m, 0, 14);
	REQUIRE_OK(fit_learner(t, class_frame(t, &m.r, letter), "multinomial", NULL, &f));
	for (int p = 0; p < 2; p++)
	{
		g = f;
		g.fitted.part[p].count--;
		CHECK_INT(ml_multinomial.prepare(&t->core, &g.schema, &g.fitted, NULL, &state),
		          ML_BAD_MODEL);
		g = f;
		g.fitted.part[p].name = test_text("else");
		CHECK_INT(ml_multinomial.prepare(&t->core, &g.schema, &g.fitted, NULL, &state),
		          ML_BAD_MODEL);
		f.fitted.part[p].number[1] = NAN;
		CHECK_INT(ml_multinomial.prepare(&t->core, &f.schema, &f.fitted, NULL, &state),
		          ML_BAD_MODEL);
		f.fitted.part[p].number[1] = 0;
	}
	REQUIRE_OK(ml_multinomial.prepare(&t->core, &f.schema, &f.fitted, NULL, &state));
}

TEST_MAIN({agrees_with_the_twin, "agrees with Newton's method in long double"},
          {agrees_by_blas_and_threads, "likewise by BLAS and on three threads"},
          {is_logistic_of_two, "of two classes it is logistic regression"},
          {depends_on_no_reference, "which class is the reference makes no difference"},
          {explains_what_adds_up, "contributions add up"},
          {starts_from_samples, "many rows come to the same end by way of samples"},
          {goes_without_a_hessian, "so do many classes without a Hessian"},
          {names_what_is_wrong, "separation, collinearity and an early stop are named"},
          {is_reproducible, "the order of rows and the number of threads do not count"},
          {asks_for_what_it_said, "memory is what was said before"},
          {notices_refusals_and_stops,
           "every refused allocation and every stop is noticed"},
          {refuses_numbers_that_do_not_fit, "learned numbers are checked"})
