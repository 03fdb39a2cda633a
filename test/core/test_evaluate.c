/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_evaluate.c: a model on the rows of another frame: labels by name, unseen ones, outcomes.
 */
#include "models.h"

typedef struct trained
{
	ml_model *model;
	ml_frame *frame; /* other rows of the same kind */
	int column[SAMPLE_COLUMNS];
	ml_rows rows;
} trained;

static void
map(trained *m)
{
	const ml_schema *schema = &m->model->schema;

	for (int f = 0; f < schema->features; f++)
		for (int c = 0; c < m->frame->columns; c++)
			if (m->frame->column[c].role == ML_FEATURE &&
			    m->frame->column[c].element == schema->feature[f].element &&
			    ml_text_equal(m->frame->column[c].name, schema->feature[f].name))
				m->column[f] = c;
	m->rows = (ml_rows){.frame = m->frame, .column = m->column, .end = m->frame->rows};
}

static void
prepare_with(test_host *t, const sample *s, const char *algorithm, int64_t rows,
             trained *m)
{
	static const sample_option options[] = {{"max_categories", 6}, {NULL, 0}};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, s, 0, 2000, &frame));
	REQUIRE_OK(sample_train(&t->core, frame, algorithm, options, &result));
	m->model = result.model;
	REQUIRE_OK(sample_fill(&t->core, s, 5000, 5000 + rows, &m->frame));
	map(m);
}

static void
prepare(test_host *t, const sample *s, int64_t rows, trained *m)
{
	prepare_with(t, s, s->binary ? "logistic" : "linear", rows, m);
}

/* The score of a row, by the labels' names. */
static double
score_of(const trained *m, int64_t row)
{
	double x[SAMPLE_COLUMNS];

	for (int f = 0; f < m->model->schema.features; f++)
	{
		const ml_column *column = &m->frame->column[m->column[f]];
		int32_t code;

		if (column->kind == ML_NUMBER)
		{
			x[f] = *ml_numbers_at(column, row);
			continue;
		}
		code = *ml_codes_at(column, row);
		x[f] = code < 0 ? -1
		                : ml_feature_code(&m->model->schema.feature[f],
		                                  column->dictionary->label[code]);
	}
	return ml_model_score(m->model, x);
}

static void
check_report(const ml_report *a, const ml_report *b)
{
	REQUIRE(a->metrics == b->metrics);
	for (int i = 0; i < a->metrics; i++)
	{
		CHECK(strcmp(a->metric[i].name, b->metric[i].name) == 0);
		CHECK_SAME(a->metric[i].value, b->metric[i].value);
		CHECK_SAME(a->metric[i].low, b->metric[i].low);
		CHECK_SAME(a->metric[i].high, b->metric[i].high);
	}
}

static void
judges_row_by_row(test_host *t)
{
	for (int kind = 0; kind < 4; kind++)
		for (int64_t rows = 0; rows <= 9000; rows = 3 * rows + 1000)
		{
			sample s = {.seed = 501, .binary = kind & 1, .weight = kind & 2};
			const ml_column *target, *weights;
			ml_outcomes outcomes = {0};
			ml_report report, expected;
			double *score, *y, *w;
			trained m;

			prepare(t, &s, rows, &m);
			target = ml_frame_role(m.frame, ML_TARGET);
			weights = ml_frame_role(m.frame, ML_WEIGHT);
			score = ml_alloc_array(&t->core, rows, sizeof *score);
			y = ml_alloc_array(&t->core, rows, sizeof *y);
			w = ml_alloc_array(&t->core, rows, sizeof *w);
			for (int64_t row = 0; row < rows; row++)
			{
				score[row] = score_of(&m, row);
				w[row] = weights != NULL ? *ml_numbers_at(weights, row) : 1;
				if (s.binary)
					y[row] = ml_text_equal(
					    target->dictionary->label[*ml_codes_at(target, row)],
					    m.model->schema.class_label[1]);
				else
					y[row] = *ml_numbers_at(target, row);
			}
			outcomes = (ml_outcomes){.rows = rows, .score = score, .target = y};
			outcomes.weight = weights != NULL ? w : NULL;
			REQUIRE_OK(s.binary ? ml_judge_binary(&t->core, &outcomes, &expected)
			                    : ml_judge_regression(&t->core, &outcomes, &expected));
			for (int threads = 1; threads <= 3; threads++)
			{
				t->core.threads = threads;
				REQUIRE_OK(ml_evaluate(&t->core, m.model, &m.rows, &report));
				check_report(&report, &expected);
			}
		}
}

/* A range of rows that begins and ends anywhere. */
static void
check_ranges(test_host *t, const char *algorithm)
{
	static const int64_t range[][2] = {{0, 1},       {0, 9000},    {255, 257},
	                                   {4095, 4097}, {4096, 8192}, {100, 100},
	                                   {8999, 9000}};
	sample s = {.seed = 502, .binary = true};
	trained m;

	prepare_with(t, &s, algorithm, 9000, &m);
	for (int threads = 1; threads <= 3; threads++)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		for (int i = 0; i < 7; i++)
		{
			int64_t count = range[i][1] - range[i][0];
			double *score = ml_alloc_array(&t->core, count, sizeof *score);
			int32_t *code[SAMPLE_COLUMNS] = {0};

			for (int f = 0; f < m.model->schema.features; f++)
			{
				const ml_dictionary *labels = m.frame->column[m.column[f]].dictionary;

				if (labels == NULL)
					continue;
				code[f] = ml_alloc_array(&t->core, labels->count, sizeof(int32_t));
				for (int32_t k = 0; k < labels->count; k++)
					code[f][k] =
					    ml_feature_code(&m.model->schema.feature[f], labels->label[k]);
			}
			m.rows.begin = range[i][0];
			m.rows.end = range[i][1];
			m.rows.code = code;
			REQUIRE_OK(ml_score_rows(&t->core, m.model, &m.rows, score));
			for (int64_t k = 0; k < count; k++)
				CHECK_SAME(score[k], score_of(&m, range[i][0] + k));
		}
		ml_pool_close(&t->core);
	}
}

static void
scores_any_range(test_host *t)
{
	check_ranges(t, "logistic");
	check_ranges(t, "boosted_trees");
	check_ranges(t, "decision_tree");
}

/* Labels that training did not know: pooled where there is a pool, else missing. */
static void
scores_unseen_labels(test_host *t)
{
	sample s = {.seed = 503};
	double score[3];
	sample_row row;
	ml_cell cells[SAMPLE_COLUMNS];
	ml_report report;
	trained m;

	prepare(t, &s, 0, &m);
	sample_make_row(&s, 1, &row);
	for (int k = 0; k < 3; k++)
	{
		int count = 0;

		row.cell[SAMPLE_REGION].text =
		    k == 0 ? test_text("unheard of") : (ml_text){NULL, 0};
		row.cell[SAMPLE_PRODUCT].text = test_text(k == 2 ? "other" : "p99");
		for (int c = 0; c < SAMPLE_COLUMNS; c++)
			if (sample_has(&s, c))
				cells[count++] = row.cell[c];
		REQUIRE_OK(ml_frame_append(m.frame, cells));
		score[k] = score_of(&m, k);
	}
	/* as missing, and as any label of the pool */
	CHECK_SAME(score[0], score[1]);
	CHECK_SAME(score[0], score[2]);
	m.rows.end = 3;
	REQUIRE_OK(ml_evaluate(&t->core, m.model, &m.rows, &report));
	CHECK_SAME(ml_report_metric(&report, "rows")->value, 3);
}

static void
names_the_row_of_an_unknown_class(test_host *t)
{
	sample s = {.seed = 504, .binary = true};
	ml_report report;
	trained m;

	prepare(t, &s, 500, &m);
	for (int64_t row = 0; row < 500; row += 123)
	{
		ml_column *target = ml_frame_role(m.frame, ML_TARGET);
		int32_t code, kept = *ml_codes_at(target, row);

		REQUIRE_OK(ml_dictionary_add(target->dictionary, test_text("perhaps"), &code));
		*ml_codes_at(target, row) = code;
		CHECK_INT(ml_evaluate(&t->core, m.model, &m.rows, &report), ML_NO_SUCH_CLASS);
		/* rows count from 1, like those of every other fault */
		CHECK_INT(t->core.fault.row, row + 1);
		CHECK_INT(t->core.fault.column, target - m.frame->column);
		*ml_codes_at(target, row) = kept;
		REQUIRE_OK(ml_evaluate(&t->core, m.model, &m.rows, &report));
	}
}

/* One class against the rest: any other label is the other class. */
static void
knows_the_rest(test_host *t)
{
	ml_frame *frame;
	ml_request request;
	ml_result result;
	ml_report report;
	sample s = {.seed = 505, .binary = true};
	sample_row row;
	ml_cell cells[SAMPLE_COLUMNS];
	trained m;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 300, &frame));
	for (int64_t i = 300; i < 420; i++)
	{
		int count = 0;

		sample_make_row(&s, i, &row);
		row.cell[SAMPLE_TARGET].text = test_text(i % 2 ? "perhaps" : "never");
		for (int c = 0; c < SAMPLE_COLUMNS; c++)
			if (sample_has(&s, c))
				cells[count++] = row.cell[c];
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	REQUIRE_OK(sample_request(&t->core, "logistic", NULL, &request));
	request.common.positive = test_text("yes");
	REQUIRE_OK(ml_train(&t->core, frame, &request, &result));
	m.model = result.model;
	CHECK(m.model->schema.rest);
	check_canonical(t, m.model);
	REQUIRE_OK(sample_fill(&t->core, &s, 1000, 1100, &m.frame));
	cells[0].text = test_text("of no class at all");
	REQUIRE_OK(ml_frame_append(m.frame, cells));
	map(&m);
	REQUIRE_OK(ml_evaluate(&t->core, m.model, &m.rows, &report));
	CHECK_SAME(ml_report_metric(&report, "rows")->value, 101);
}

/* The metrics of training are those of evaluating the rows that were held out. */
static void
judges_as_training_did(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		static const sample_option options[] = {{"max_categories", 6}, {NULL, 0}};
		sample s = {.seed = 506, .binary = binary, .id = true, .weight = true};
		ml_frame *frame;
		ml_result result;
		ml_report report;
		trained m;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 3000, &frame));
		REQUIRE_OK(sample_train(&t->core, frame, binary ? "logistic" : "linear", options,
		                        &result));
		m.model = result.model;
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 3000, &m.frame));
		REQUIRE_OK(ml_frame_order(m.frame, 0.2));
		map(&m);
		m.rows.end = m.frame->holdout_rows;
		REQUIRE_OK(ml_evaluate(&t->core, m.model, &m.rows, &report));
		check_report(&report, &result.holdout);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	sample s = {.seed = 507, .binary = true, .weight = true};
	ml_report report;
	trained m;

	prepare(t, &s, 600, &m);
	t->core.threads = 2;
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		status = ml_evaluate(&t->core, m.model, &m.rows, &report);
		CHECK(t->core.pool == NULL);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({judges_row_by_row, "metrics are those of scores row by row, on any threads"},
          {scores_any_range, "any range of rows is scored"},
          {scores_unseen_labels, "unseen labels score as missing, or as the pool"},
          {names_the_row_of_an_unknown_class, "the row of an unknown class is named"},
          {knows_the_rest, "of one class against the rest, any other label is the rest"},
          {judges_as_training_did, "the holdout judged again gives the same metrics"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
