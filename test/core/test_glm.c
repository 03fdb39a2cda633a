/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_glm.c: what linear predictors share: the sample's start, refusals, scoring, explaining.
 */
#include "reference.h"

static const ml_value no_options = {.kind = ML_VALUE_OBJECT};

/* More rows than the first solution on a sample needs, and two nearly equal columns. */
static ml_frame *
large_frame(test_host *t, double apart, reference *r)
{
	uint64_t state = 111;

	*r = (reference){.rows = 66000, .numbers = 2, .categories = 1, .levels = {60}};
	r->binary = true;
	reference_random(t, r, 0, 112);
	for (int i = 0; i < r->rows; i++)
		r->x[2 * i + 1] = r->x[2 * i] + apart * test_normal(&state);
	return reference_frame(t, r);
}

/*
 * The Gram matrix of the sample turns out ill-conditioned, so that QR takes over; each of
 * the allocations this needs is refused once.
 */
static void
notices_refusals_while_it_samples(test_host *t)
{
	static const sample_option none[] = {{"l2", 0}, {NULL, 0}};
	ml_request request;
	ml_schema schema;
	ml_problem problem;
	ml_fitted fitted;
	reference r;
	int64_t first, count;

	REQUIRE_OK(sample_request(&t->core, "logistic", none, &request));
	REQUIRE_OK(sample_problem(&t->core, large_frame(t, 1e-6, &r), &schema, &problem));
	/* how many allocations there are until training is over, and until the first pass */
	t->asked = t->questions = 0;
	t->stop_at = 40;
	fitted = (ml_fitted){0};
	CHECK_INT(request.learner->fit(&t->core, &problem, request.options, &fitted),
	          ML_STOPPED);
	count = t->asked;
	t->stop_at = 0;
	for (first = 1; first <= count; first++)
	{
		t->asked = 0;
		t->refused = false;
		t->refuse_at = first;
		t->stop_at = t->questions + 60; /* none of them may lead to a whole training */
		fitted = (ml_fitted){0};
		CHECK_INT(request.learner->fit(&t->core, &problem, request.options, &fitted),
		          ML_MEMORY);
		CHECK(t->refused);
	}
}

static void
starts_from_a_sample(test_host *t)
{
	static const sample_option tight[] = {{"tolerance", 1e-15}, {NULL, 0}};
	reference r;
	ml_frame *frame = large_frame(t, 1, &r);
	double gradient[2 + 60] = {0}, intercept;
	const double *b;
	fit f;

	REQUIRE_OK(fit_learner(t, frame, "logistic", tight, &f));
	CHECK(f.fitted.converged && f.fitted.iterations < 8);
	intercept = *learned(&f, "intercept");
	b = learned(&f, "coefficients");
	for (int i = 0; i < r.rows; i++)
	{
		double eta =
		    intercept + b[0] * r.x[2 * i] + b[1] * r.x[2 * i + 1] + b[2 + r.code[i]];
		double away = r.y[i] - 1 / (1 + exp(-eta));

		gradient[0] += away * r.x[2 * i];
		gradient[1] += away * r.x[2 * i + 1];
		gradient[2 + r.code[i]] += away;
	}
	/* the penalty is all that pulls: l2 times variance, or 1 for a label */
	for (int j = 0; j < 2; j++)
		CHECK_NEAR(gradient[j], pow(f.schema.feature[j].sd, 2) * b[j], 1e-6);
	for (int level = 1; level < 60; level++)
		CHECK_NEAR(gradient[2 + level], b[2 + level], 1e-6);
}

/* All that was learned is finite or not known, so that it can be written and read. */
static void
check_finite(const fit *f)
{
	for (int i = 0; i < f->fitted.parts; i++)
		for (int64_t k = 0; k < f->fitted.part[i].count; k++)
			test_check(!isinf(f->fitted.part[i].number[k]), __FILE__, __LINE__,
			           "%s[%d] is infinite", f->fitted.part[i].name.bytes, (int) k);
}

static void
answers_when_numbers_overflow(test_host *t)
{
	static const char *const learner[] = {"linear", "logistic"};
	static const double size[] = {1e100, 1e150, 1e200, 1e300, DBL_MAX};

	for (int l = 0; l < 2; l++)
		for (int what = 0; what < 4; what++)
			for (int s = 0; s < 5; s++)
			{
				reference r = {.rows = 200, .numbers = 2, .binary = l == 1};
				fit f;

				r.weight = reference_room(t, r.rows, sizeof(double));
				reference_random(t, &r, 0, 113);
				for (int i = 0; i < r.rows; i++)
				{
					r.weight[i] *= what == 0 || what == 3 ? size[s] / 4 : 1;
					r.x[2 * i] *= what == 1 ? size[s] / 1000 : 1;
					r.y[i] *= what >= 2 && l == 0 ? pow(size[s] / 1000, 0.4) : 1;
				}
				fit_learner(t, reference_frame(t, &r), learner[l], NULL, &f);
				if (f.status == ML_OK)
					check_finite(&f);
				else
					CHECK(f.status == ML_NOT_NUMERIC || f.status == ML_SINGULAR);
			}
}

/* Numbers so small that their squares vanish are scaled like others. */
static void
bears_tiny_numbers(test_host *t)
{
	static const double size[] = {1e-10, 1e-100, 1e-150, 1e-200, 1e-300, 1e-310};

	for (int l = 0; l < 2; l++)
		for (int s = 0; s < 6; s++)
		{
			reference r = {.rows = 200, .numbers = 2, .binary = l == 1};
			static const sample_option options[] = {{"l2", 1}, {NULL, 0}};
			fit f;

			reference_random(t, &r, 0, 114);
			for (int i = 0; i < r.rows; i++)
				r.x[2 * i] *= size[s];
			fit_learner(t, reference_frame(t, &r), l ? "logistic" : "linear", options,
			            &f);
			CHECK(f.status == ML_OK || f.status == ML_NOT_NUMERIC);
			if (f.status == ML_OK)
				check_finite(&f);
		}
}

/* What is foretold from the schema is what fit asks for, but for small change. */
static void
knows_its_memory(test_host *t)
{
	static const reference shape[] = {
	    {.rows = 60, .numbers = 3},
	    {.rows = 700, .numbers = 5, .categories = 2, .levels = {3, 6}},
	    {.rows = 20000, .numbers = 2, .categories = 1, .levels = {60}},
	    {.rows = 70000, .numbers = 2, .categories = 1, .levels = {60}},
	    {.rows = 50, .numbers = 30, .categories = 4, .levels = {40, 40, 40, 40}}};

	for (int i = 0; i < 5; i++)
	{
		reference r = shape[i];
		ml_schema schema;
		ml_problem problem;
		ml_request request;
		ml_fitted fitted = {0};
		double before, predicted;

		r.binary = true;
		reference_random(t, &r, 0.1, 115);
		REQUIRE_OK(sample_problem(&t->core, reference_frame(t, &r), &schema, &problem));
		REQUIRE_OK(sample_request(&t->core, "logistic", NULL, &request));
		predicted = request.learner->memory(&problem, request.options, 1);
		before = t->bytes;
		REQUIRE_OK(request.learner->fit(&t->core, &problem, request.options, &fitted));
		CHECK(predicted >= 0.98 * (t->bytes - before) - 30000);
		CHECK(predicted <= 1.5 * (t->bytes - before));
	}
}

static void
prepare(test_host *t, fit *f, const ml_learner *learner, void **state)
{
	REQUIRE_OK(learner->prepare(&t->core, &f->schema, &f->fitted, &no_options, state));
}

/* Contributions and bias add up to the margin; the average row's contributions are zero. */
static void
explains_its_margin(test_host *t)
{
	for (int l = 0; l < 2; l++)
	{
		const ml_learner *learner = ml_learner_find(test_text(l ? "logistic" : "linear"));
		reference r = {.rows = 900, .numbers = 3, .categories = 3, .levels = {4, 9, 2}};
		double sum[6] = {0}, margins = 0;
		void *state;
		fit f;

		r.binary = l == 1;
		reference_random(t, &r, 0.1, 116);
		REQUIRE_OK(fit_learner(t, reference_frame(t, &r), learner->name, NULL, &f));
		prepare(t, &f, learner, &state);
		for (int i = 0; i < r.rows; i++)
		{
			double row[6], contribution[6], bias, total, margin, expected;
			const double *b = learned(&f, "coefficients");
			int slot = 3;

			expected = *learned(&f, "intercept");
			for (int j = 0; j < 3; j++)
			{
				row[j] = r.x[3 * i + j];
				expected += b[j] * (isnan(row[j]) ? f.schema.feature[j].mean : row[j]);
			}
			for (int k = 0; k < 3; k++)
			{
				int code = r.code[3 * i + k];

				row[3 + k] = code;
				expected += b[slot + (code < 0 ? r.levels[k] : code)];
				slot += r.levels[k] + 1;
			}
			margin = learner->margin(state, row);
			CHECK_NEAR(margin, expected, 1e-12 * (1 + fabs(expected)));
			learner->explain(state, row, contribution, &bias);
			total = bias;
			for (int c = 0; c < 6; c++)
			{
				total += contribution[c];
				sum[c] += contribution[c];
			}
			CHECK_NEAR(total, margin, 1e-12 * (1 + fabs(margin)));
			margins += margin;
			if (i == 0)
				margins -= r.rows * bias;
		}
		CHECK_NEAR(margins / r.rows, 0, 1e-10);
		for (int c = 0; c < 6; c++)
			CHECK_NEAR(sum[c] / r.rows, 0, 1e-10);
	}
}

/*
 * A predictor made up by hand: numbers and categories in any order, and the profile that
 * the bias rests on.  reference_frame has all numbers in front.
 */
typedef struct predictor
{
	ml_schema schema;
	ml_feature feature[18];
	double count[18][5];
	ml_fitted fitted;
} predictor;

static void
make_predictor(test_host *t, int numbers, int categories, uint64_t *state, predictor *p)
{
	double *intercept, *coefficient;

	*p = (predictor){.schema = {.features = numbers + categories}};
	p->schema.feature = p->feature;
	for (int f = 0; f < p->schema.features; f++)
	{
		ml_feature *feature = &p->feature[f];
		bool number = test_below(state, numbers + categories) < numbers;

		if (numbers == 0 || categories == 0)
			number = numbers > 0;
		numbers -= number;
		categories -= !number;
		*feature = (ml_feature){.kind = number ? ML_NUMBER : ML_CATEGORY,
		                        .missing = (double) test_below(state, 9)};
		feature->mean = 10 * test_normal(state);
		feature->levels = number ? 0 : 1 + (int) test_below(state, 5);
		feature->count = p->count[f];
		for (int level = 0; level < feature->levels; level++)
			p->count[f][level] = 1 + (double) test_below(state, 50);
	}
	REQUIRE_OK(ml_fitted_add(&t->core, &p->fitted, "intercept", 1, &intercept));
	REQUIRE_OK(ml_fitted_add(&t->core, &p->fitted, "coefficients",
	                         ml_glm_slots(&p->schema), &coefficient));
	*intercept = test_normal(state);
	for (int64_t i = 0; i < ml_glm_slots(&p->schema); i++)
		coefficient[i] = test_normal(state);
}

/* A row, its margin and the average row's: one term after the other, in long double. */
static void
fill_by_hand(const predictor *p, uint64_t *state, double *row, long double *margin,
             long double *bias)
{
	const double *b = ml_fitted_part(&p->fitted, "coefficients")->number;

	*margin = *bias = *ml_fitted_part(&p->fitted, "intercept")->number;
	for (int f = 0; f < p->schema.features; f++)
	{
		const ml_feature *feature = &p->feature[f];
		bool missing = test_below(state, 3) == 0;

		if (feature->kind == ML_NUMBER)
		{
			row[f] = missing ? NAN : 10 * test_normal(state);
			*margin += (long double) *b * (missing ? feature->mean : row[f]);
			*bias += (long double) *b * feature->mean;
			b++;
		}
		else
		{
			long double sum = (long double) feature->missing * b[feature->levels];
			long double rows = feature->missing;

			row[f] = missing ? -1 : (double) test_below(state, feature->levels);
			*margin += b[missing ? feature->levels : (int) row[f]];
			for (int level = 0; level < feature->levels; level++)
			{
				sum += (long double) feature->count[level] * b[level];
				rows += feature->count[level];
			}
			*bias += sum / rows;
			b += feature->levels + 1;
		}
	}
}

/* Sums that run side by side have ends: every count of terms, in every order. */
static void
adds_up_any_number_of_terms(test_host *t)
{
	uint64_t state = 119;

	for (int numbers = 0; numbers <= 9; numbers++)
		for (int categories = 0; categories <= 9; categories++)
			for (int turn = 0; turn < 20; turn++)
			{
				predictor p;
				void *scorer;
				double row[18], contribution[18], bias, margin;
				long double expected, average, total;

				make_predictor(t, numbers, categories, &state, &p);
				REQUIRE_OK(ml_glm_prepare(&t->core, &p.schema, &p.fitted,
				                          ml_family_find("linear", (ml_text){0}),
				                          &scorer));
				fill_by_hand(&p, &state, row, &expected, &average);
				margin = ml_glm_margin(scorer, row);
				CHECK_NEAR(margin, expected, 1e-12 * (1 + fabsl(expected)));
				CHECK_SAME(margin, ml_glm_margin(scorer, row));
				ml_glm_explain(scorer, row, contribution, &bias);
				CHECK_NEAR(bias, average, 1e-12 * (1 + fabsl(average)));
				total = bias;
				for (int f = 0; f < p.schema.features; f++)
					total += contribution[f];
				CHECK_NEAR(total, margin, 1e-9 * (1 + fabs(margin)));
				CHECK_INT(ml_glm_work(scorer), p.schema.features);
			}
}

static void
prepares_only_what_fits(test_host *t)
{
	const ml_learner *learner = ml_learner_find(test_text("linear"));
	reference r = {.rows = 100, .numbers = 2, .categories = 1, .levels = {3}};
	ml_part *part;
	void *state;
	fit f;

	reference_random(t, &r, 0, 117);
	REQUIRE_OK(fit_learner(t, reference_frame(t, &r), "linear", NULL, &f));
	prepare(t, &f, learner, &state);
	for (int which = 0; which < 2; which++)
	{
		part = &f.fitted.part[which];
		for (int64_t wrong = -1; wrong <= 1; wrong += 2)
		{
			part->count += wrong;
			CHECK_INT(
			    learner->prepare(&t->core, &f.schema, &f.fitted, &no_options, &state),
			    ML_BAD_MODEL);
			part->count -= wrong;
		}
		for (int64_t i = 0; i < part->count; i++)
			for (int bad = 0; bad < 2; bad++)
			{
				double kept = part->number[i];

				part->number[i] = bad ? NAN : INFINITY;
				CHECK_INT(
				    learner->prepare(&t->core, &f.schema, &f.fitted, &no_options, &state),
				    ML_BAD_MODEL);
				part->number[i] = kept;
			}
		part->name = test_text("something else");
		CHECK_INT(learner->prepare(&t->core, &f.schema, &f.fitted, &no_options, &state),
		          ML_BAD_MODEL);
		part->name = test_text(which == 0 ? "intercept" : "coefficients");
	}
	prepare(t, &f, learner, &state);
	for (int64_t k = 1; k <= 2; k++)
	{
		t->asked = 0;
		t->refuse_at = k;
		CHECK_INT(learner->prepare(&t->core, &f.schema, &f.fitted, &no_options, &state),
		          ML_MEMORY);
	}
}

/* Hundreds of columns on few rows, at either factorization. */
static void
bears_many_columns(test_host *t)
{
	static const int rows[] = {2, 40, 700};

	for (int l = 0; l < 2; l++)
		for (int i = 0; i < 3; i++)
		{
			static const sample_option options[] = {{"l2", 1}, {NULL, 0}};
			uint64_t state = 118;
			reference r = {.rows = rows[i], .numbers = 600, .binary = l == 1};
			fit f;

			if (i == 2)
				r.numbers = 250;
			reference_open(t, &r);
			for (int k = 0; k < r.rows * r.numbers; k++)
				r.x[k] = test_normal(&state);
			for (int k = 0; k < r.rows; k++)
				r.y[k] = k % 2;
			REQUIRE_OK(fit_learner(t, reference_frame(t, &r), l ? "logistic" : "linear",
			                       options, &f));
			CHECK(f.fitted.converged);
			check_finite(&f);
		}
}

TEST_MAIN({notices_refusals_while_it_samples,
           "refusals are noticed while a sample is fitted"},
          {starts_from_a_sample, "a start from a sample leads to the solution"},
          {answers_when_numbers_overflow,
           "what overflows is told, or is not in the model"},
          {bears_tiny_numbers, "numbers whose squares vanish are borne"},
          {knows_its_memory, "memory foretold is memory asked for"},
          {explains_its_margin, "contributions and bias add up to the margin"},
          {adds_up_any_number_of_terms,
           "any mixture of numbers and categories adds up, whatever is missing"},
          {prepares_only_what_fits, "learned arrays that do not fit are refused"},
          {bears_many_columns, "hundreds of columns on few rows are borne"})
