/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_champion.c: a training against the model in production, on rows that neither learns from.
 */
#include "sample.h"

#include "judge/champion.h"

#define ROWS 3000

static const sample customers = {.seed = 71, .binary = true};
static const sample buyers = {.seed = 72, .classes = 4};
static const sample spenders = {.seed = 73};

static const char *
learner_of(const sample *s)
{
	return s->classes > 2 ? "multinomial" : s->binary ? "logistic" : "linear";
}

static ml_status
train(test_host *t, const sample *s, double holdout, ml_champion *champion,
      ml_result *result)
{
	ml_host *host = &t->core;
	const sample_option options[] = {{"holdout", holdout}, {"l2", 1}, {NULL, 0}};
	ml_frame *frame;
	ml_request request;

	ML_TRY(sample_fill(host, s, 0, ROWS, &frame));
	ML_TRY(sample_request(host, learner_of(s), options, &request));
	request.champion = champion;
	return ml_train(host, frame, &request, result);
}

/* Columns of the frames that tell which rows are held out. */
enum
{
	CUSTOMER,
	AMOUNT,
	TOWN,
	WORTH,
	NUMBER,
	COLUMNS
};

/* Rows 0 .. ROWS - 1, with a number beside; the other columns have those roles. */
static ml_frame *
frame_of(test_host *t, const ml_role *role)
{
	static const char *const name[] = {"customer", "amount", "town", "worth", ""};
	static const ml_kind kind[] = {ML_CATEGORY, ML_NUMBER, ML_CATEGORY, ML_NUMBER,
	                               ML_NUMBER};
	uint64_t state = 5;
	ml_frame *frame;
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c < COLUMNS; c++)
		REQUIRE_OK(ml_frame_add_column(frame,
		                               &(ml_column){.name = test_text(name[c]),
		                                            .type = test_text("some type"),
		                                            .position = c + 1,
		                                            .kind = kind[c],
		                                            .role = role[c]},
		                               &index));
	for (int i = 0; i < ROWS; i++)
	{
		char text[2][16];
		ml_cell cell[COLUMNS] = {[NUMBER] = {.number = i}};

		snprintf(text[0], sizeof text[0], "c%d", i % 700);
		snprintf(text[1], sizeof text[1], "t%d", i % 7);
		cell[CUSTOMER].text = test_text(text[0]);
		/* a few rows are equal in all but their worth */
		cell[AMOUNT].number = floor(40 * test_normal(&state));
		cell[TOWN].text = test_below(&state, 9) == 0 ? (ml_text){0} : test_text(text[1]);
		cell[WORTH].number = i;
		REQUIRE_OK(ml_frame_append(frame, cell));
	}
	return frame;
}

/* For every row, by its number: is it held out by the frame's own keys? */
static void
own_holdout(test_host *t, const ml_role *role, double share, bool *held)
{
	ml_frame *frame = frame_of(t, role);

	memset(held, 0, ROWS * sizeof *held);
	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(ml_frame_order(frame, share));
	ml_pool_close(&t->core);
	for (int64_t row = 0; row < frame->holdout_rows; row++)
		held[(int) *ml_numbers_at(&frame->column[NUMBER], row)] = true;
}

/* The same out of a frame whose rows have other keys. */
static void
check_held(test_host *t, const ml_role *role, const ml_other_key *other, const bool *want)
{
	ml_frame *frame = frame_of(t, role);
	bool got[ROWS];
	int wrong = 0;

	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(ml_frame_order(frame, 0.5));
	REQUIRE_OK(ml_frame_held(frame, other, frame->rows, got));
	ml_pool_close(&t->core);
	for (int64_t row = 0; row < frame->rows; row++)
		wrong += got[row] != want[(int) *ml_numbers_at(&frame->column[NUMBER], row)];
	CHECK_INT(wrong, 0);
}

static void
knows_the_holdout_of_then(test_host *t)
{
	static const ml_role by_id[] = {ML_ID, ML_FEATURE, ML_FEATURE, ML_TARGET, ML_BESIDE};
	static const ml_role by_content[] = {ML_BESIDE, ML_FEATURE, ML_FEATURE, ML_TARGET,
	                                     ML_BESIDE};
	static const ml_role by_less[] = {ML_BESIDE, ML_FEATURE, ML_BESIDE, ML_TARGET,
	                                  ML_BESIDE};
	static const bool id[] = {true, false, false, false, false};
	static const bool content[] = {false, true, true, false, false};
	bool held[ROWS];

	own_holdout(t, by_id, 0.3, held);
	check_held(t, by_content, &(ml_other_key){id, true, 0.3}, held);
	own_holdout(t, by_content, 0.3, held);
	check_held(t, by_id, &(ml_other_key){content, false, 0.3}, held);
	check_held(t, by_less, &(ml_other_key){content, false, 0.3}, held);
}

/* Training goes on as if nobody had looked, and the champion is judged as it would be alone. */
static void
compares_without_a_trace(test_host *t)
{
	const sample *const kind[] = {&customers, &buyers, &spenders};

	for (int k = 0; k < 3; k++)
		for (double share = 0.1; share < 0.5; share += 0.3)
		{
			ml_result old, alone, seen;
			ml_champion champion = {.holdout = share};
			ml_comparison there;
			ml_report report;
			ml_bytes bytes[2];

			REQUIRE_OK(train(t, kind[k], share, NULL, &old));
			REQUIRE_OK(train(t, kind[k], 0.2, NULL, &alone));
			champion.model = old.model;
			REQUIRE_OK(train(t, kind[k], 0.2, &champion, &seen));
			REQUIRE_OK(ml_model_encode(&t->core, alone.model, 0, &bytes[0]));
			REQUIRE_OK(ml_model_encode(&t->core, seen.model, 0, &bytes[1]));
			REQUIRE(bytes[0].length == bytes[1].length);
			CHECK(memcmp(bytes[0].data, bytes[1].data, bytes[0].length) == 0);
			CHECK_INT(champion.meeting, ML_COMMON_ROWS);
			REQUIRE_OK(ml_challenge(&t->core, &seen.judged, &champion, &there));
			REQUIRE_OK(ml_judged_report(&t->core, &champion.judged, &report));
			CHECK_NEAR(there.metric[0].b, report.metric[1].value, 1e-12);
			/* the smaller holdout is the one in common */
			CHECK_SAME((double) champion.rows,
			           (share < 0.2 ? &old : &seen)->holdout.metric[0].value);
			if (share > 0.2)
				CHECK_NEAR(there.metric[0].a, seen.holdout.metric[1].value, 1e-12);
			else
				CHECK_NEAR(report.metric[1].value, old.holdout.metric[1].value, 1e-12);
		}
}

/* What cannot be compared is told, and the training does not suffer from it. */
static void
tells_what_is_amiss(test_host *t)
{
	ml_champion champion = {.holdout = 0.2};
	ml_result old, result;

	REQUIRE_OK(train(t, &customers, 0.2, NULL, &old));
	champion.model = old.model;
	champion.holdout = 0;
	REQUIRE_OK(train(t, &customers, 0.2, &champion, &result));
	CHECK_INT(champion.meeting, ML_NO_COMMON_ROW);
	champion.holdout = 0.2;
	REQUIRE_OK(train(t, &customers, 0, &champion, &result));
	CHECK_INT(champion.meeting, ML_NO_COMMON_ROW);

	/* an array of another length, a name that is not there, a label that is new */
	for (int kind = 0; kind < 3; kind++)
	{
		ml_model other = *old.model;
		ml_feature feature[32];
		ml_text label[2] = {test_text("maybe"), old.model->schema.class_label[1]};

		REQUIRE(other.schema.features <= 32);
		memcpy(feature, other.schema.feature,
		       sizeof *feature * (size_t) other.schema.features);
		other.schema.feature = feature;
		for (int f = 0; f < other.schema.features; f++)
			if (kind == 0 && feature[f].width > 0)
				feature[f].width = 3;
		if (kind == 1)
			feature[0].name = test_text("no such column");
		if (kind == 2)
			other.schema.class_label = label;
		champion.model = &other;
		REQUIRE_OK(train(t, &customers, 0.2, &champion, &result));
		CHECK_INT(champion.meeting, kind < 2 ? ML_LACKS_COLUMNS : ML_UNKNOWN_CLASS);
		CHECK_INT(t->core.fault.row, -1);
	}
}

/* Every refused allocation and every stop is answered. */
static void
notices_refusals_and_stops(test_host *t)
{
	static const ml_key_column key[] = {{{"balance", 7}, ML_NUMBER}};
	ml_champion champion = {.holdout = 0.5, .key = key, .keys = 1};
	ml_common_options options = {.holdout = 0.5};
	ml_result old;
	ml_frame *frame;

	REQUIRE_OK(train(t, &buyers, 0.5, NULL, &old));
	champion.model = old.model;
	REQUIRE_OK(sample_fill(&t->core, &buyers, 0, 300, &frame));
	REQUIRE_OK(ml_pool_open(&t->core));
	REQUIRE_OK(ml_frame_order(frame, 0.5));
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		status = ml_champion_judge(&t->core, frame, &options, &champion);
		test_tried(t, &trial, status);
	}
	ml_pool_close(&t->core);
}

TEST_MAIN({knows_the_holdout_of_then, "which rows other keys would hold out"},
          {compares_without_a_trace, "training is as without, judging as alone"},
          {tells_what_is_amiss, "no common rows, columns that lack, unknown classes"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
