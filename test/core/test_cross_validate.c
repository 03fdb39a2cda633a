/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_cross_validate.c: each fold is what a training on the other rows and a judgement on its
 * own would have been, and rows lie in the folds that they were promised.
 */
#include "models.h"

#define ROWS 3000
#define MOST_FOLDS 12

typedef enum manner
{
	BY_KEY,
	BY_GROUP,
	IN_ORDER
} manner;

static const sample kinds[] = {
    {.seed = 701, .binary = true, .id = true, .customers = 300},
    {.seed = 702, .binary = true, .weight = true, .oddities = true, .products = 30},
    {.seed = 703, .id = true, .weight = true},
    {.seed = 704, .classes = 4},
};
#define KINDS 4

static const char *const learners[] = {"logistic", "boosted_trees", "linear",
                                       "multinomial"};

static const sample_option few[] = {
    {"trees", 8}, {"leaves", 6}, {"min_rows", 4}, {NULL, 0}};

static void
make_request(test_host *t, int kind, ml_request *request)
{
	ml_task_kind task = kind == 3 ? ML_MULTICLASS : kind == 2 ? ML_REGRESSION : ML_BINARY;

	REQUIRE_OK(sample_learner_request(&t->core,
	                                  ml_learner_of_task(test_text(learners[kind]), task),
	                                  kind == 1 ? few : NULL, request));
	if (task == ML_BINARY)
		request->common.positive = test_text("yes");
}

/* Group g of seven has about g times as many rows as group 1; group 0 has none. */
static int
group_of(int64_t i)
{
	uint64_t at = (uint64_t) i * 31 + 5;
	int draw = (int) test_below(&at, 28), group = 1;

	while (draw >= group)
		draw -= group++;
	return group;
}

/* Ties, and no relation to the order of the rows. */
static double
time_of(int64_t i, int64_t times)
{
	return (double) (i * 7919 % times);
}

static int
label_of(int64_t i, char *text)
{
	return snprintf(text, 8, "g%d", group_of(i));
}

/* The column that tells the folds, behind those of the sample. */
static void
add_columns(const sample *s, manner how, ml_frame *frame)
{
	int index;

	REQUIRE_OK(sample_add_columns(s, frame));
	if (how != BY_KEY)
		REQUIRE_OK(ml_frame_add_column(
		    frame,
		    &(ml_column){.name = test_text("fold"),
		                 .position = 50,
		                 .kind = how == BY_GROUP ? ML_CATEGORY : ML_NUMBER,
		                 .role = how == BY_GROUP ? ML_BESIDE : ML_ORDER},
		    &index));
}

static ml_status
append(const sample *s, manner how, int64_t times, ml_frame *frame, int64_t i)
{
	ml_cell cells[SAMPLE_COLUMNS + 1];
	sample_row row;
	char text[8];
	int count = 0;

	sample_make_row(s, i, &row);
	for (int c = 0; c < SAMPLE_COLUMNS; c++)
		if (sample_has(s, c))
			cells[count++] = row.cell[c];
	if (how == BY_GROUP)
		cells[count++] = (ml_cell){.text = {text, label_of(i, text)}};
	else if (how == IN_ORDER)
		cells[count++] = (ml_cell){.number = time_of(i, times)};
	return ml_frame_append(frame, cells);
}

/* All rows, in an order of their own for each step. */
static ml_frame *
whole(test_host *t, const sample *s, manner how, int64_t step)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	add_columns(s, how, frame);
	for (int64_t i = 0; i < ROWS; i++)
		REQUIRE_OK(append(s, how, 97, frame, i * step % ROWS));
	return frame;
}

/* The rows that a predicate takes, with no column that tells folds. */
static ml_frame *
rows_where(test_host *t, const sample *s, bool (*takes)(int64_t i, int fold), int fold)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(s, frame));
	for (int64_t i = 0; i < ROWS; i++)
		if (takes(i, fold))
			REQUIRE_OK(sample_append(s, frame, i));
	return frame;
}

/* What comes of it by hand: a training on some rows, and its model judged on others. */
static ml_report
by_hand(test_host *t, int kind, ml_frame *trained, ml_frame *judged)
{
	ml_rows rows = {.frame = judged, .end = judged->rows};
	ml_request request;
	ml_result result;
	ml_report report;
	int *column;

	make_request(t, kind, &request);
	request.common.holdout = 0;
	REQUIRE_OK(ml_train(&t->core, trained, &request, &result));
	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(ml_frame_order(judged, 0));
	ml_pool_close(&t->core);
	column = ml_alloc_array(&t->core, result.model->schema.features, sizeof *column);
	for (int f = 0; f < result.model->schema.features; f++)
		for (int c = 0; c < judged->columns; c++)
			if (judged->column[c].role == ML_FEATURE &&
			    judged->column[c].element == result.model->schema.feature[f].element &&
			    ml_text_equal(judged->column[c].name,
			                  result.model->schema.feature[f].name))
				column[f] = c;
	rows.column = column;
	REQUIRE_OK(ml_evaluate(&t->core, result.model, &rows, &report));
	return report;
}

static void
check_reports(const ml_report *got, const ml_report *want)
{
	CHECK_INT(got->metrics, want->metrics);
	for (int i = 0; i < want->metrics && i < got->metrics; i++)
	{
		CHECK(strcmp(got->metric[i].name, want->metric[i].name) == 0);
		/* precision is none where nobody is said to be positive */
		if (isnan(want->metric[i].value))
			CHECK(isnan(got->metric[i].value));
		else
			CHECK_NEAR(got->metric[i].value, want->metric[i].value,
			           1e-12 * (1 + fabs(want->metric[i].value)));
	}
}

/* The fold of so many by key is the holdout of a training that keeps that share. */
static void
first_fold_is_the_holdout(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
		for (int folds = 3; folds <= 5; folds += 2)
		{
			ml_fold fold[MOST_FOLDS];
			int64_t judged = 0;
			ml_request request;
			ml_result result;
			int failed;

			make_request(t, k, &request);
			REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[k], BY_KEY, 1),
			                             &request, folds, fold, &failed));
			request.common.holdout = 1.0 / folds;
			REQUIRE_OK(
			    ml_train(&t->core, whole(t, &kinds[k], BY_KEY, 1), &request, &result));
			for (int i = 0; i < result.holdout.metrics; i++)
				CHECK_SAME(fold[0].report.metric[i].value,
				           result.holdout.metric[i].value);
			for (int i = 0; i < folds; i++)
			{
				CHECK_INT(fold[i].trained + (int64_t) fold[i].report.metric[0].value,
				          ROWS);
				judged += (int64_t) fold[i].report.metric[0].value;
			}
			CHECK_INT(judged, ROWS);
		}
}

/*
 * A calibration takes one half of each fold, the other judges; the first fold is a calibrated training
 * still.  Balanced classes make scores that a calibration brings back.
 */
static void
calibrates_each_fold(test_host *t)
{
	for (manner how = BY_KEY; how <= IN_ORDER; how++)
	{
		ml_fold fold[2][4];
		ml_request request;
		ml_result result;
		int failed;

		for (int calibrated = 0; calibrated < 2; calibrated++)
		{
			static const sample_option balanced[] = {{"class_weight", 0, "balanced"},
			                                         {NULL, 0}};

			REQUIRE_OK(sample_request(&t->core, "logistic", balanced, &request));
			request.common.positive = test_text("yes");
			if (calibrated)
				request.common.calibrate = test_text("platt");
			REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[0], how, 1), &request,
			                             4, fold[calibrated], &failed));
		}
		for (int i = 0; i < 4; i++)
		{
			const ml_report *plain = &fold[0][i].report, *better = &fold[1][i].report;
			double share = better->metric[0].value / plain->metric[0].value;

			CHECK(share > 0.35 && share < 0.65);
			CHECK_INT(fold[1][i].trained, fold[0][i].trained);
			CHECK(ml_report_metric(better, "ece")->value <
			      ml_report_metric(plain, "ece")->value);
		}
		if (how != BY_KEY)
			continue;
		request.common.holdout = 0.25;
		REQUIRE_OK(ml_train(&t->core, whole(t, &kinds[0], how, 1), &request, &result));
		for (int i = 0; i < result.holdout.metrics; i++)
			CHECK_SAME(fold[1][0].report.metric[i].value, result.holdout.metric[i].value);
	}
}

static bool
in_group(int64_t i, int fold)
{
	return group_of(i) == 7 - fold;
}

static bool
in_other_group(int64_t i, int fold)
{
	return !in_group(i, fold);
}

/* With as many folds as groups each is one, the largest first. */
static void
groups_stay_whole(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_fold fold[MOST_FOLDS];
		ml_request request;
		int failed;

		make_request(t, k, &request);
		REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[k], BY_GROUP, 1), &request,
		                             7, fold, &failed));
		for (int i = 0; i < 7; i += 3)
		{
			ml_report want = by_hand(t, k, rows_where(t, &kinds[k], in_other_group, i),
			                         rows_where(t, &kinds[k], in_group, i));

			check_reports(&fold[i].report, &want);
		}
		CHECK_INT(ml_cross_validate(&t->core, whole(t, &kinds[k], BY_GROUP, 1), &request,
		                            8, fold, &failed),
		          ML_EMPTY_FOLD);
		CHECK_INT(failed, 8);
		/* of few folds none is much larger than another */
		REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[k], BY_GROUP, 1), &request,
		                             3, fold, &failed));
		for (int i = 0; i < 3; i++)
			CHECK_NEAR(fold[i].report.metric[0].value / ROWS, 1.0 / 3, 0.05);
	}
}

/* Where the blocks of 97 times with 30 or 31 rows each end: ties are not torn apart. */
static int
block_of(double time, int folds)
{
	int64_t before = 0;
	int block = 0;

	for (int64_t at = 0; at < (int64_t) time; at++)
		for (int64_t i = 0; i < ROWS; i++)
			before += time_of(i, 97) == (double) at;
	while (block < folds && before >= (double) ROWS * (block + 1) / (folds + 1))
		block++;
	return block;
}

static bool
in_block(int64_t i, int fold)
{
	static int8_t known[97];
	int time = (int) time_of(i, 97);

	if (known[time] == 0)
		known[time] = (int8_t) (block_of(time, 4) + 1);
	return known[time] == fold + 2;
}

static bool
before_block(int64_t i, int fold)
{
	for (int earlier = -1; earlier < fold; earlier++)
		if (in_block(i, earlier))
			return true;
	return false;
}

static void
later_rows_are_not_seen(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_fold fold[MOST_FOLDS];
		ml_request request;
		int failed;

		make_request(t, k, &request);
		REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[k], IN_ORDER, 1), &request,
		                             4, fold, &failed));
		for (int i = 0; i < 4; i++)
		{
			ml_frame *trained = rows_where(t, &kinds[k], before_block, i);
			ml_frame *judged = rows_where(t, &kinds[k], in_block, i);
			ml_report want;

			CHECK_INT(fold[i].trained, trained->rows);
			CHECK_NEAR((double) judged->rows / ROWS, 0.2, 0.02);
			want = by_hand(t, k, trained, judged);
			check_reports(&fold[i].report, &want);
		}
	}
}

/* Fewer times than blocks; a row without a time. */
static void
refuses_an_order_that_is_none(test_host *t)
{
	ml_fold fold[MOST_FOLDS];
	ml_request request;
	ml_frame *frame;
	int failed;

	make_request(t, 0, &request);
	for (int times = 1; times <= 3; times++)
	{
		REQUIRE_OK(ml_frame_create(&t->core, &frame));
		add_columns(&kinds[0], IN_ORDER, frame);
		for (int64_t i = 0; i < 400; i++)
			REQUIRE_OK(append(&kinds[0], IN_ORDER, times, frame, i));
		CHECK_INT(ml_cross_validate(&t->core, frame, &request, 2, fold, &failed),
		          times < 3 ? ML_EMPTY_FOLD : ML_OK);
		CHECK_INT(failed, times < 3 ? times : 0);
	}
	frame = whole(t, &kinds[0], IN_ORDER, 1);
	*ml_numbers_at(ml_frame_role(frame, ML_ORDER), 1234) = NAN;
	CHECK_INT(ml_cross_validate(&t->core, frame, &request, 2, fold, &failed),
	          ML_NO_ORDER);
	CHECK(frame->column[t->core.fault.column].role == ML_ORDER);
}

static void
does_not_know_threads_nor_order(test_host *t)
{
	for (int how = BY_KEY; how <= IN_ORDER; how++)
	{
		ml_fold first[MOST_FOLDS], fold[MOST_FOLDS];
		ml_request request;
		int failed;

		make_request(t, 1, &request);
		REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[1], how, 1), &request, 3,
		                             first, &failed));
		for (t->core.threads = 1; t->core.threads <= 3; t->core.threads++)
		{
			REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[1], how, 1999),
			                             &request, 3, fold, &failed));
			for (int i = 0; i < 3; i++)
				for (int m = 0; m < first[i].report.metrics; m++)
					CHECK_SAME(fold[i].report.metric[m].value,
					           first[i].report.metric[m].value);
		}
		t->core.threads = 1;
	}
}

/* Models by group, and a fold whose training fails: its number is told. */
static void
takes_parts_and_tells_failures(test_host *t)
{
	ml_fold fold[MOST_FOLDS];
	ml_request request;
	ml_result result;
	ml_frame *frame;
	ml_column *target;
	int failed;

	make_request(t, 0, &request);
	request.common.by = test_text("region");
	REQUIRE_OK(ml_cross_validate(&t->core, whole(t, &kinds[0], BY_KEY, 1), &request, 5,
	                             fold, &failed));
	request.common.holdout = 0.2;
	REQUIRE_OK(ml_train(&t->core, whole(t, &kinds[0], BY_KEY, 1), &request, &result));
	CHECK_SAME(fold[0].report.metric[1].value, result.holdout.metric[1].value);

	make_request(t, 2, &request);
	frame = whole(t, &kinds[2], IN_ORDER, 1);
	target = ml_frame_role(frame, ML_TARGET);
	for (int64_t row = 0; row < ROWS; row++)
		if (*ml_numbers_at(ml_frame_role(frame, ML_ORDER), row) < 50)
			*ml_numbers_at(target, row) = 7;
	CHECK_INT(ml_cross_validate(&t->core, frame, &request, 4, fold, &failed),
	          ML_ONE_VALUE);
	CHECK_INT(failed, 1);
}

/* What each fold takes is given back: many folds need no more than few. */
static void
gives_back(test_host *t)
{
	int64_t pieces[2];

	for (int round = 0; round < 2; round++)
	{
		ml_fold fold[MOST_FOLDS];
		ml_frame *frame = whole(t, &kinds[1], BY_KEY, 1);
		ml_request request;
		int failed;

		make_request(t, 1, &request);
		pieces[round] = t->pieces;
		REQUIRE_OK(
		    ml_cross_validate(&t->core, frame, &request, round ? 12 : 2, fold, &failed));
		pieces[round] = t->pieces - pieces[round];
	}
	CHECK_INT(pieces[1], pieces[0]);
}

static ml_status
try_small(test_host *own, manner how)
{
	ml_fold fold[MOST_FOLDS];
	ml_request request;
	ml_frame *frame;
	int failed;

	ML_TRY(ml_frame_create(&own->core, &frame));
	ML_TRY(sample_add_columns(&kinds[0], frame));
	if (how != BY_KEY)
	{
		int index;

		ML_TRY(ml_frame_add_column(
		    frame,
		    &(ml_column){.name = test_text("fold"),
		                 .position = 50,
		                 .kind = how == BY_GROUP ? ML_CATEGORY : ML_NUMBER,
		                 .role = how == BY_GROUP ? ML_BESIDE : ML_ORDER},
		    &index));
	}
	for (int64_t i = 0; i < 200; i++)
		ML_TRY(append(&kinds[0], how, 97, frame, i));
	ML_TRY(sample_request(&own->core, "logistic", NULL, &request));
	request.common.positive = test_text("yes");
	return ml_cross_validate(&own->core, frame, &request, 2, fold, &failed);
}

static void
survives_every_refusal(test_host *t)
{
	for (int how = BY_KEY; how <= IN_ORDER; how++)
		for (int64_t at = 1;; at++)
		{
			test_host own;
			ml_status status;

			test_open(&own);
			own.refuse_at = at;
			status = try_small(&own, how);
			CHECK_INT(status, own.refused ? ML_MEMORY : ML_OK);
			test_close(&own);
			if (!own.refused)
				break;
		}
}

static void
stops_when_told(test_host *t)
{
	for (int64_t at = 1, step = 1;; at += step++)
	{
		test_host own;
		ml_status status;

		test_open(&own);
		own.stop_at = at;
		status = try_small(&own, IN_ORDER);
		CHECK_INT(status, own.questions >= at ? ML_STOPPED : ML_OK);
		test_close(&own);
		if (status == ML_OK)
			break;
	}
}

TEST_MAIN({calibrates_each_fold, "each fold calibrates on one half of it"},
          {first_fold_is_the_holdout, "by key: the first fold is a training's holdout"},
          {groups_stay_whole,
           "by group: each fold is what a training by hand makes of it"},
          {later_rows_are_not_seen, "in order: no later row is seen, ties stay together"},
          {refuses_an_order_that_is_none, "too few times, and rows without one"},
          {does_not_know_threads_nor_order, "the same from any threads and any order"},
          {takes_parts_and_tells_failures, "models by group; which fold has failed"},
          {gives_back, "folds leave nothing in the arena"},
          {survives_every_refusal, "every refused allocation is noticed"},
          {stops_when_told, "it stops wherever it is told to"})
