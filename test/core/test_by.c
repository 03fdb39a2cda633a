/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_by.c: training by group: each part is the model of its group alone, bit for bit, and
 * the rest is served by the model of all rows.
 */
#include "models.h"

static const char *const region[] = {"east", "north", "south", "west"};

static const sample kinds[] = {
    {.seed = 501, .binary = true, .id = true},
    {.seed = 502, .binary = true, .weight = true, .oddities = true, .products = 30},
    {.seed = 503, .id = true, .weight = true, .products = 30},
    {.seed = 504, .oddities = true},
    {.seed = 505, .binary = true, .id = true, .customers = 40},
};
#define KINDS 5
#define ROWS 6000

static const sample_option small_pool[] = {{"max_categories", 12}, {NULL, 0}};

static const char *
learner_of(const sample *s)
{
	return s->binary ? "logistic" : "linear";
}

static ml_status
train_by(ml_host *host, const sample *s, ml_frame *frame, const char *by,
         ml_result *result)
{
	ml_request request;

	ML_TRY(sample_request(host, learner_of(s), small_pool, &request));
	if (by != NULL)
		request.common.by = test_text(by);
	if (s->binary)
		request.common.positive = test_text("yes");
	request.group_is_term = true;
	return ml_train(host, frame, &request, result);
}

/* Rows of one region, or of all that have none if it is NULL; all rows if there is no column. */
static ml_frame *
rows_of(test_host *t, const sample *s, bool all, const char *wanted)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(s, frame));
	for (int64_t i = 0; i < ROWS; i++)
	{
		sample_row row;
		ml_text label;

		sample_make_row(s, i, &row);
		label = row.cell[SAMPLE_REGION].text;
		if (all || (wanted == NULL ? label.bytes == NULL
		                           : label.bytes != NULL && ml_text_is(label, wanted)))
			REQUIRE_OK(sample_append(s, frame, i));
	}
	return frame;
}

/* Scores of all rows of a frame that no training has used. */
static double *
scores_of(test_host *t, const ml_model *model, const ml_frame *frame)
{
	ml_rows rows = {.frame = frame, .end = frame->rows};
	int *column = ml_alloc_array(&t->core, model->schema.features, sizeof *column);
	double *score = ml_alloc_array(&t->core, frame->rows, sizeof *score);
	int32_t **code;

	for (int f = 0; f < model->schema.features; f++)
		for (int c = 0; c < frame->columns; c++)
			if (frame->column[c].role == ML_FEATURE &&
			    frame->column[c].element == model->schema.feature[f].element &&
			    ml_text_equal(frame->column[c].name, model->schema.feature[f].name))
				column[f] = c;
	rows.column = column;
	REQUIRE_OK(ml_rows_translate(&t->core, model, &rows, &code));
	rows.code = code;
	REQUIRE_OK(ml_score_rows(&t->core, model, &rows, score));
	return score;
}

static void
check_same_learned(const ml_model *a, const ml_model *b)
{
	CHECK_INT(a->schema.features, b->schema.features);
	CHECK_INT(a->fitted.parts, b->fitted.parts);
	for (int i = 0; i < a->fitted.parts; i++)
	{
		char name[64];
		const ml_part *part = &a->fitted.part[i], *other;

		snprintf(name, sizeof name, "%.*s", part->name.length, part->name.bytes);
		other = ml_fitted_part(&b->fitted, name);
		REQUIRE(other != NULL && other->count == part->count);
		for (int64_t k = 0; k < part->count; k++)
			CHECK_SAME(other->number[k], part->number[k]);
	}
}

static void
trains_each_group_as_if_alone(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_result whole;

		t->core.threads = 1 + k % 3;
		REQUIRE_OK(train_by(&t->core, &kinds[k], rows_of(t, &kinds[k], true, NULL),
		                    "region", &whole));
		REQUIRE(whole.model->by != NULL && whole.model->by->groups == 4);
		CHECK_INT(whole.groups, 5);
		check_canonical(t, whole.model);
		for (int g = 0; g < 4; g++)
		{
			ml_frame *frame = rows_of(t, &kinds[k], false, region[g]);
			ml_result alone;
			double *a, *b;

			CHECK(ml_text_is(whole.model->by->group[g].label, region[g]));
			CHECK_INT(whole.group[g].rows, frame->rows);
			REQUIRE_OK(train_by(&t->core, &kinds[k], frame, NULL, &alone));
			check_same_learned(alone.model, whole.model->by->group[g].model);
			CHECK_SAME(whole.group[g].value, alone.holdout.metric[1].value);
			frame = rows_of(t, &kinds[k], false, region[g]);
			a = scores_of(t, whole.model, frame);
			b = scores_of(t, alone.model, frame);
			for (int64_t row = 0; row < frame->rows; row++)
				CHECK_SAME(a[row], b[row]);
		}
	}
}

static void
serves_the_rest_by_the_model_of_all_rows(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		sample strange = kinds[k];
		ml_result whole, plain;
		ml_frame *frame;
		double *a, *b;

		REQUIRE_OK(train_by(&t->core, &kinds[k], rows_of(t, &kinds[k], true, NULL),
		                    "region", &whole));
		REQUIRE_OK(train_by(&t->core, &kinds[k], rows_of(t, &kinds[k], true, NULL), NULL,
		                    &plain));
		check_same_learned(plain.model, whole.model->by->overall);
		/* without a region, of another region, and labels that nobody has met */
		frame = rows_of(t, &kinds[k], false, NULL);
		strange.products = 90;
		for (int64_t i = 0; i < 500; i++)
		{
			ml_cell cells[SAMPLE_COLUMNS];
			sample_row row;
			int count = 0;

			sample_make_row(&strange, i, &row);
			row.cell[SAMPLE_REGION].text = test_text(i % 2 ? "moon" : "other");
			for (int c = 0; c < SAMPLE_COLUMNS; c++)
				if (sample_has(&strange, c))
					cells[count++] = row.cell[c];
			REQUIRE_OK(ml_frame_append(frame, cells));
		}
		a = scores_of(t, whole.model, frame);
		b = scores_of(t, plain.model, frame);
		for (int64_t row = 0; row < frame->rows; row++)
			CHECK_SAME(a[row], b[row]);
	}
}

static ml_bytes
bytes_of(test_host *t, const ml_model *model)
{
	ml_bytes bytes;

	REQUIRE_OK(ml_model_encode(&t->core, model, 0, &bytes));
	return bytes;
}

static void
does_not_know_threads_or_order(test_host *t)
{
	static const int64_t step[] = {1, 7, 5999, 1013};

	for (int k = 0; k < KINDS; k++)
	{
		ml_bytes first = {0}, other;

		for (int threads = 1; threads <= 4; threads++)
		{
			ml_frame *frame;
			ml_result result;

			t->core.threads = threads;
			REQUIRE_OK(ml_frame_create(&t->core, &frame));
			REQUIRE_OK(sample_add_columns(&kinds[k], frame));
			for (int64_t i = 0; i < ROWS; i++)
				REQUIRE_OK(sample_append(&kinds[k], frame, i * step[threads - 1] % ROWS));
			REQUIRE_OK(train_by(&t->core, &kinds[k], frame, "product", &result));
			other = bytes_of(t, result.model);
			first = first.data == NULL ? other : first;
			CHECK(test_same_bytes(first, other));
		}
	}
}

/* The holdout as ml_evaluate finds it: the same metrics as in the training's summary. */
static void
judges_each_row_by_its_part(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_frame *frame = rows_of(t, &kinds[k], true, NULL);
		ml_rows rows = {.frame = frame};
		ml_result result;
		ml_report report;
		int *column;

		REQUIRE_OK(train_by(&t->core, &kinds[k], rows_of(t, &kinds[k], true, NULL),
		                    "region", &result));
		REQUIRE_OK(ml_frame_order(frame, 0.2));
		column = ml_alloc_array(&t->core, result.model->schema.features, sizeof *column);
		for (int f = 0; f < result.model->schema.features; f++)
			column[f] = result.model->schema.feature[f].column;
		rows.column = column;
		rows.end = frame->holdout_rows;
		REQUIRE_OK(ml_evaluate(&t->core, result.model, &rows, &report));
		CHECK_INT(report.metrics, result.holdout.metrics);
		for (int i = 0; i < report.metrics; i++)
			CHECK_SAME(report.metric[i].value, result.holdout.metric[i].value);
	}
}

/* Each part is calibrated on the half of its holdout that does not judge; all halves lie in front. */
static void
calibrates_each_part(test_host *t)
{
	static const char *const sorted[] = {"east", "north", "south", "west"};
	ml_frame *frame = rows_of(t, &kinds[0], true, NULL);
	ml_rows rows = {.frame = frame};
	ml_request request;
	ml_result result;
	ml_report report;
	int *column;

	REQUIRE_OK(sample_request(&t->core, learner_of(&kinds[0]), small_pool, &request));
	request.common.by = test_text("region");
	request.common.calibrate = test_text("platt");
	request.common.holdout = 0.4;
	request.common.positive = test_text("yes");
	REQUIRE_OK(ml_train(&t->core, rows_of(t, &kinds[0], true, NULL), &request, &result));
	CHECK(ml_is_calibrated(result.model));
	CHECK_INT(result.model->by->groups, 4);
	for (int g = 0; g < result.model->by->groups; g++)
	{
		ml_result alone;
		ml_request single = request;

		single.common.by = (ml_text){NULL, 0};
		REQUIRE(ml_text_is(result.model->by->group[g].label, sorted[g]));
		REQUIRE_OK(
		    ml_train(&t->core, rows_of(t, &kinds[0], false, sorted[g]), &single, &alone));
		CHECK(ml_is_calibrated(result.model->by->group[g].model));
		CHECK_SAME(result.model->by->group[g].model->calibration.slope,
		           alone.model->calibration.slope);
		CHECK_SAME(result.model->by->group[g].model->calibration.intercept,
		           alone.model->calibration.intercept);
	}
	REQUIRE_OK(ml_frame_order(frame, 0.4));
	column = ml_alloc_array(&t->core, result.model->schema.features, sizeof *column);
	for (int f = 0; f < result.model->schema.features; f++)
		column[f] = result.model->schema.feature[f].column;
	rows.column = column;
	rows.end = ml_frame_below(frame, 0.2);
	REQUIRE_OK(ml_evaluate(&t->core, result.model, &rows, &report));
	CHECK_INT(report.metrics, result.holdout.metrics);
	for (int i = 0; i < report.metrics; i++)
		CHECK_SAME(report.metric[i].value, result.holdout.metric[i].value);
}

/* A frame of a group, a number and a target, labels and values made by a rule. */
static ml_frame *
ruled_frame(test_host *t, int64_t rows, void (*rule)(int64_t i, ml_cell *cells))
{
	static const ml_column column[] = {
	    {.name = {"g", 1}, .type = {"text", 4}, .position = 1, .kind = ML_CATEGORY},
	    {.name = {"x", 1}, .type = {"real", 4}, .position = 2},
	    {.name = {"z", 1}, .type = {"real", 4}, .position = 3},
	    {.name = {"y", 1}, .position = 4, .kind = ML_CATEGORY, .role = ML_TARGET}};
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c < 4; c++)
		REQUIRE_OK(ml_frame_add_column(frame, &column[c], &(int){0}));
	for (int64_t i = 0; i < rows; i++)
	{
		ml_cell cells[4];

		rule(i, cells);
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

/* Groups a to e: sound, one class, two rows, dependent columns, no column that varies. */
static void
odd_groups(int64_t i, ml_cell *cells)
{
	static const char *const name[] = {"a", "b", "c", "d", "e"};
	uint64_t at = (uint64_t) i;
	int g = (int) (i % 5);
	bool no;

	if (g == 2 && i > 5)
		g = 0;
	cells[0] = (ml_cell){.text = test_text(name[g])};
	cells[1] = (ml_cell){.number = g == 4 ? 7 : test_normal(&at)};
	cells[2] = (ml_cell){.number = g == 3   ? cells[1].number
	                               : g == 4 ? 3
	                                        : test_normal(&at)};
	no = g == 1 || test_normal(&at) < (g == 4 ? 0 : cells[1].number);
	cells[3] = (ml_cell){.text = test_text(no ? "no" : "yes")};
}

static void
says_why_a_group_has_no_part(test_host *t)
{
	static const sample_option options[] = {{"l2", 0}, {NULL, 0}};
	static const ml_status status[] = {ML_OK, ML_ONE_VALUE, ML_ONE_VALUE, ML_SINGULAR,
	                                   ML_NO_FEATURES};
	ml_request request;
	ml_result result;
	const ml_value *groups;

	REQUIRE_OK(sample_request(&t->core, "logistic", options, &request));
	request.common.by = test_text("g");
	REQUIRE_OK(ml_train(&t->core, ruled_frame(t, 2000, odd_groups), &request, &result));
	CHECK_INT(result.groups, 5);
	CHECK_INT(result.model->by->groups, 1);
	groups = ml_value_member(&result.model->training, "groups");
	REQUIRE(groups != NULL && groups->count == 5);
	for (int g = 0; g < 5; g++)
	{
		const ml_value *cause = ml_value_member(&groups->items[g], "cause");

		if (g != 2)
			CHECK_INT(result.group[g].status, status[g]);
		CHECK_INT(cause == NULL, result.group[g].status == ML_OK);
		if (cause != NULL)
			CHECK(ml_text_is(cause->text, ml_cause(result.group[g].status)));
	}
	CHECK_INT(result.group[3].column, 2);
	check_canonical(t, result.model);
}

static void
many_groups(int64_t i, ml_cell *cells)
{
	static char text[1001][8];
	uint64_t at = (uint64_t) i;
	int length = snprintf(text[i % 1001], 8, "%d", (int) (i % 1001));

	cells[0] = (ml_cell){.text = {text[i % 1001], length}};
	cells[1] = (ml_cell){.number = test_normal(&at)};
	cells[2] = (ml_cell){.number = test_normal(&at)};
	cells[3] = (ml_cell){.text = test_text(test_normal(&at) < 0 ? "no" : "yes")};
}

static void
takes_a_thousand_groups(test_host *t)
{
	ml_request request;
	ml_result result;
	ml_frame *frame = ruled_frame(t, 4000, many_groups);

	REQUIRE_OK(sample_request(&t->core, "logistic", NULL, &request));
	request.common.by = test_text("g");
	CHECK_INT(ml_train(&t->core, frame, &request, &result), ML_TOO_MANY_GROUPS);
	CHECK_INT(t->core.fault.count, 1001);
	CHECK_INT(t->core.fault.column, 0);
	frame = ruled_frame(t, 1000, many_groups);
	REQUIRE_OK(ml_train(&t->core, frame, &request, &result));
	CHECK_INT(result.groups, 1000);
	CHECK_INT(result.model->by->groups, 0);
	check_canonical(t, result.model);
}

static void
survives_every_refusal(test_host *t)
{
	for (int64_t at = 1;; at++)
	{
		test_host own;
		ml_frame *frame;
		ml_result result;
		ml_bytes bytes;
		ml_status status;

		test_open(&own);
		own.refuse_at = at;
		status = sample_fill(&own.core, &kinds[0], 0, 250, &frame);
		if (status == ML_OK)
			status = train_by(&own.core, &kinds[0], frame, "region", &result);
		if (status == ML_OK)
			status = ml_model_encode(&own.core, result.model, 0, &bytes);
		CHECK_INT(status, own.refused ? ML_MEMORY : ML_OK);
		test_close(&own);
		if (!own.refused)
			break;
	}
}

static void
stops_when_told(test_host *t)
{
	int64_t step = 1;

	for (int64_t at = 1;; at += step++)
	{
		test_host own;
		ml_frame *frame;
		ml_result result;
		ml_status status;

		test_open(&own);
		REQUIRE_OK(sample_fill(&own.core, &kinds[1], 0, 2000, &frame));
		own.questions = 0;
		own.stop_at = at;
		status = train_by(&own.core, &kinds[1], frame, "region", &result);
		CHECK_INT(status, own.questions >= at ? ML_STOPPED : ML_OK);
		test_close(&own);
		if (status == ML_OK)
			break;
	}
}

TEST_MAIN({trains_each_group_as_if_alone, "each part is the model of its group alone"},
          {serves_the_rest_by_the_model_of_all_rows,
           "rows without a part have the score of the model of all rows"},
          {does_not_know_threads_or_order,
           "the same bytes from any number of threads and any order of rows"},
          {judges_each_row_by_its_part, "the holdout is judged by the parts"},
          {calibrates_each_part, "each part is calibrated, and judged on other rows"},
          {says_why_a_group_has_no_part, "groups that give no model say why"},
          {takes_a_thousand_groups, "a thousand groups and no more"},
          {survives_every_refusal, "every refused allocation is noticed"},
          {stops_when_told, "it stops wherever it is told to"})
