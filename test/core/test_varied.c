/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_varied.c: partial dependence and permutation importance, against rows that are changed
 * by hand and scored one by one.
 */
#include "models.h"

#define ROWS 700

enum
{
	LINEAR,
	LOGISTIC,
	MULTINOMIAL,
	BOOSTED,
	KINDS
};

typedef struct trained
{
	ml_model *model;
	ml_frame *frame; /* other rows of the same kind */
	int column[SAMPLE_COLUMNS];
	ml_rows rows;
	int32_t **code;
} trained;

static void
prepare(test_host *t, int kind, bool weight, trained *m)
{
	static const sample_option options[] = {{"max_categories", 6}, {NULL, 0}};
	static const char *const name[] = {"linear", "logistic", "multinomial",
	                                   "boosted_trees"};
	sample s = {.seed = 821,
	            .binary = kind == LOGISTIC || kind == BOOSTED,
	            .classes = kind == MULTINOMIAL ? 4 : 0,
	            .weight = weight};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 1500, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, name[kind], options, &result));
	m->model = result.model;
	REQUIRE_OK(sample_fill(&t->core, &s, 5000, 5000 + ROWS, &m->frame));
	for (int f = 0; f < m->model->schema.features; f++)
		for (int c = 0; c < m->frame->columns; c++)
			if (m->frame->column[c].role == ML_FEATURE &&
			    m->frame->column[c].element == m->model->schema.feature[f].element &&
			    ml_text_equal(m->frame->column[c].name, m->model->schema.feature[f].name))
				m->column[f] = c;
	m->rows = (ml_rows){.frame = m->frame, .column = m->column, .begin = 3, .end = ROWS};
	REQUIRE_OK(ml_rows_translate(&t->core, m->model, &m->rows, &m->code));
}

static double
value_of(const trained *m, int f, int64_t row)
{
	const ml_column *column = &m->frame->column[m->column[f]];
	int32_t code;

	if (column->kind == ML_NUMBER)
		return *ml_numbers_at(column, row);
	code = *ml_codes_at(column, row);
	return code < 0 ? -1 : m->code[f][code];
}

static void
read_row(const trained *m, int64_t row, double *x)
{
	for (int f = 0; f < m->model->schema.features; f++)
		x[f] = value_of(m, f, row);
}

static double
weight_of(const trained *m, int64_t row)
{
	const ml_column *weights = ml_frame_role(m->frame, ML_WEIGHT);

	return weights != NULL ? *ml_numbers_at(weights, row) : 1;
}

/* What the model says of class number k; of other models the score. */
static double
answer_of(const ml_model *model, const double *x, int k)
{
	double probability[ML_MAX_CLASSES];

	if (model->schema.task != ML_MULTICLASS)
		return ml_model_score(model, x);
	ml_model_probabilities(model, x, probability);
	return probability[k];
}

static void
check_value(const trained *m, const ml_dependence *in, int f, int v, int k)
{
	double x[SAMPLE_COLUMNS], score[ROWS], sum = 0, total = 0;
	int at = v * in->classes + k, n = 0;
	double below[2] = {0, 0}, share[2] = {0.1, 0.9};
	const double quantile[2] = {in->low[at], in->high[at]};

	for (int64_t row = m->rows.begin; row < m->rows.end; row++)
	{
		read_row(m, row, x);
		x[f] = in->value[v];
		score[n] = answer_of(m->model, x, k);
		sum += weight_of(m, row) * score[n++];
		total += weight_of(m, row);
	}
	CHECK_NEAR(in->mean[at], sum / total, 1e-12 * (1 + fabs(sum / total)));
	for (int q = 0; q < 2; q++)
	{
		double at_most = 0;
		bool occurs = false;

		for (int i = 0; i < n; i++)
		{
			double w = weight_of(m, m->rows.begin + i);

			below[q] += score[i] < quantile[q] ? w : 0;
			at_most += score[i] <= quantile[q] ? w : 0;
			occurs |= score[i] == quantile[q];
		}
		CHECK(occurs && at_most >= share[q] * total && below[q] < share[q] * total);
	}
}

static void
averages_row_by_row(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		trained m;

		prepare(t, kind, kind % 2 == 0, &m);
		for (int f = 0; f < m.model->schema.features; f++)
		{
			ml_dependence in;

			t->core.threads = 1 + f % 3;
			REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, f, 1 + 3 * f, &in));
			REQUIRE(in.values > 0 && in.values <= 2 + 3 * f);
			CHECK_INT(in.classes, kind == MULTINOMIAL ? 4 : 1);
			for (int v = 0; v < in.values; v++)
				for (int k = 0; k < in.classes; k++)
					check_value(&m, &in, f, v, k);
		}
	}
}

/* Weight of the rows whose value is less, the same, or missing. */
static void
weigh(const trained *m, int f, double value, double *less, double *same, double *missing)
{
	bool number = m->model->schema.feature[f].kind == ML_NUMBER;

	*less = *same = *missing = 0;
	for (int64_t row = m->rows.begin; row < m->rows.end; row++)
	{
		double x = value_of(m, f, row), w = weight_of(m, row);

		if (number ? isnan(x) : x < 0)
			*missing += w;
		else if (x < value)
			*less += w;
		else if (x == value)
			*same += w;
	}
}

/* Numbers ascend and stand for equal shares of the known rows; missing comes last if it occurs. */
static void
chooses_quantiles(test_host *t)
{
	trained m;

	prepare(t, LINEAR, true, &m);
	for (int f = 0; f < m.model->schema.features; f++)
		for (int points = 1; points <= 9; points += 4)
		{
			const ml_feature *feature = &m.model->schema.feature[f];
			double total = 0, less, same, missing;
			ml_dependence in;
			int known;

			if (feature->kind != ML_NUMBER)
				continue;
			for (int64_t row = m.rows.begin; row < m.rows.end; row++)
				total += weight_of(&m, row);
			REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, f, points, &in));
			weigh(&m, f, 0, &less, &same, &missing);
			known = in.values - (missing > 0);
			CHECK(isnan(in.value[in.values - 1]) == (missing > 0));
			CHECK_INT(known, points);
			for (int k = 0; k < known; k++)
			{
				double share = (k + 0.5) / points * (total - missing);

				weigh(&m, f, in.value[k], &less, &same, &missing);
				CHECK(less < share && less + same >= share);
				CHECK(k == 0 || in.value[k] > in.value[k - 1]);
			}
		}
}

/* Labels that occur, by falling weight; as many as are asked for. */
static void
chooses_labels(test_host *t)
{
	trained m;

	prepare(t, LOGISTIC, false, &m);
	for (int f = 0; f < m.model->schema.features; f++)
	{
		const ml_feature *feature = &m.model->schema.feature[f];
		double before = INFINITY, less, same, missing;
		ml_dependence all, two;

		if (feature->kind == ML_NUMBER)
			continue;
		REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, f, 1000, &all));
		REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, f, 2, &two));
		weigh(&m, f, -1, &less, &same, &missing);
		CHECK_INT(all.values, feature->levels + (missing > 0));
		CHECK_INT(two.values, 2 + (missing > 0));
		CHECK_SAME(two.value[1], all.value[1]);
		for (int v = 0; v < feature->levels; v++)
		{
			weigh(&m, f, all.value[v], &less, &same, &missing);
			CHECK(same > 0 && same <= before);
			before = same;
		}
	}
}

/* All different values where they are few; of no rows nothing. */
static void
takes_what_there_is(test_host *t)
{
	trained m;
	ml_dependence in;

	prepare(t, LINEAR, false, &m);
	REQUIRE(ml_text_is(m.model->schema.feature[0].name, "age"));
	REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, 0, 60, &in));
	CHECK_INT(in.values, 61);
	for (int v = 0; v < 60; v++)
		CHECK_SAME(in.value[v], 18 + v);
	m.rows.end = m.rows.begin + 1;
	REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, 1, 60, &in));
	CHECK_INT(in.values, 1);
	CHECK(in.mean[0] == in.low[0] && in.mean[0] == in.high[0]);
	m.rows.end = m.rows.begin;
	REQUIRE_OK(ml_dependence_take(&t->core, m.model, &m.rows, 1, 60, &in));
	CHECK_INT(in.values, 0);
}

/* The metric of rows that were changed by hand. */
static double
metric_of(test_host *t, const trained *m, const ml_variation *variation,
          const char *metric)
{
	int64_t count = m->rows.end - m->rows.begin;
	double *score = ml_alloc_array(&t->core, count, sizeof *score), x[SAMPLE_COLUMNS];
	ml_outcomes outcomes;
	ml_rows translated;
	ml_truth truth;
	ml_report report;

	REQUIRE_OK(ml_truth_read(&t->core, m->model, &m->rows, &translated, &truth));
	for (int64_t i = 0; i < count; i++)
	{
		read_row(m, m->rows.begin + i, x);
		for (int k = 0; k < variation->features; k++)
			x[variation->feature[k]] =
			    value_of(m, variation->feature[k], m->rows.begin + variation->from[i]);
		score[i] = ml_model_score(m->model, x);
	}
	outcomes = (ml_outcomes){
	    .rows = count, .score = score, .target = truth.target, .weight = truth.weight};
	REQUIRE_OK(m->model->schema.task == ML_BINARY
	               ? ml_judge_binary(&t->core, &outcomes, &report)
	               : ml_judge_regression(&t->core, &outcomes, &report));
	return ml_report_metric(&report, metric)->value;
}

static void
varies_rows(test_host *t)
{
	for (int kind = 0; kind < 2; kind++)
		for (int threads = 1; threads <= 3; threads++)
		{
			static const int feature[] = {1, 4, 0};
			uint32_t from[ROWS];
			ml_variation variation = {.feature = feature, .from = from};
			const char *metric = kind == LOGISTIC ? "auc" : "r2";
			ml_rows translated;
			ml_truth truth;
			ml_report report;
			trained m;

			prepare(t, kind, true, &m);
			for (int i = 0; i < ROWS - 3; i++)
				from[i] = (uint32_t) ((i * 31 + 5) % (ROWS - 3));
			REQUIRE_OK(ml_truth_read(&t->core, m.model, &m.rows, &translated, &truth));
			for (variation.features = 0; variation.features <= 3; variation.features++)
			{
				t->core.threads = threads;
				REQUIRE_OK(ml_pool_open(&t->core));
				translated.variation = &variation;
				REQUIRE_OK(
				    ml_judge_rows(&t->core, m.model, &translated, &truth, &report));
				ml_pool_close(&t->core);
				CHECK_SAME(ml_report_metric(&report, metric)->value,
				           metric_of(t, &m, &variation, metric));
			}
		}
}

/* Every feature once, the elements of an array as one; the same for any threads. */
static void
permutes(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		ml_permutation_options options = {.repeats = 3, .seed = 7};
		ml_permutation first, in;
		double most = 0;
		trained m;

		prepare(t, kind, kind == BOOSTED, &m);
		REQUIRE_OK(ml_permutation_take(&t->core, m.model, &m.rows, &options, &first));
		CHECK_INT(first.count, m.model->schema.features - 1);
		CHECK(strcmp(first.metric, ml_main_metric(m.model->schema.task)) == 0);
		for (t->core.threads = 2; t->core.threads <= 3; t->core.threads++)
		{
			REQUIRE_OK(ml_permutation_take(&t->core, m.model, &m.rows, &options, &in));
			CHECK_SAME(in.value, first.value);
			for (int i = 0; i < in.count; i++)
			{
				CHECK_INT(in.permuted[i].feature, first.permuted[i].feature);
				CHECK_SAME(in.permuted[i].drop, first.permuted[i].drop);
				CHECK_SAME(in.permuted[i].deviation, first.permuted[i].deviation);
				most = fmax(most, in.permuted[i].drop);
			}
		}
		CHECK(most > 0.02);
		t->core.threads = 1;
		options.seed = 8;
		REQUIRE_OK(ml_permutation_take(&t->core, m.model, &m.rows, &options, &in));
		CHECK(in.permuted[0].drop != first.permuted[0].drop);
		CHECK(fabs(in.permuted[0].drop - first.permuted[0].drop) < 0.1);
	}
}

/* A loss gains what accuracy loses; one repeat has no deviation. */
static void
knows_what_is_better(test_host *t)
{
	static const char *const metric[] = {"rmse", "mae", "r2"};
	trained m;

	prepare(t, LINEAR, false, &m);
	for (int i = 0; i < 3; i++)
	{
		ml_permutation_options options = {
		    .metric = test_text(metric[i]), .repeats = 1, .seed = 1};
		double most = 0;
		ml_permutation in;
		bool larger;

		REQUIRE_OK(ml_permutation_take(&t->core, m.model, &m.rows, &options, &in));
		CHECK(strcmp(in.metric, metric[i]) == 0);
		for (int k = 0; k < in.count; k++)
		{
			most = fmax(most, in.permuted[k].drop);
			CHECK(isnan(in.permuted[k].deviation));
		}
		CHECK(most > 0.05);
		CHECK(ml_permutation_metric(ML_REGRESSION, test_text(metric[i]), &larger) !=
		      NULL);
		CHECK(larger == (i == 2));
		CHECK(ml_permutation_metric(ML_BINARY, test_text(metric[i]), &larger) == NULL);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	ml_permutation_options options = {.repeats = 1, .seed = 1};

	for (int way = 0; way < 4; way++)
	{
		trained m;

		prepare(t, way % 2 ? BOOSTED : MULTINOMIAL, true, &m);
		m.rows.end = 300;
		t->core.threads = 2;
		for (int64_t k = 1;; k += 1 + k / 40)
		{
			ml_dependence dependence;
			ml_permutation permutation;
			ml_status status;

			t->asked = t->questions = 0;
			t->refused = false;
			t->refuse_at = way < 2 ? k : 0;
			t->stop_at = way < 2 ? 0 : k;
			status = ml_dependence_take(&t->core, m.model, &m.rows, 3, 4, &dependence);
			if (status == ML_OK)
				status = ml_permutation_take(&t->core, m.model, &m.rows, &options,
				                             &permutation);
			CHECK(t->core.pool == NULL);
			if (way < 2)
				CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
			else
				CHECK_INT(status, t->questions >= k ? ML_STOPPED : ML_OK);
			if (status == ML_OK)
				break;
		}
		t->refuse_at = t->stop_at = 0;
		t->core.threads = 1;
	}
}

TEST_MAIN({averages_row_by_row,
           "partial dependence is the mean of the scores of all rows"},
          {chooses_quantiles, "numbers stand for equal shares of the rows"},
          {chooses_labels, "labels come by frequency"},
          {takes_what_there_is, "few values, one row, no rows"},
          {varies_rows, "varied rows score as rows that were changed by hand"},
          {permutes, "features are permuted once each, the same for any threads"},
          {knows_what_is_better, "a loss that grows is a loss"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
