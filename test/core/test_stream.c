/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_stream.c: rows that are judged piece by piece, in a frame that forgets them, give the bits of all
 * rows at once, and errors name their rows.
 */
#include "models.h"

#define ROWS 1500

static const sample kinds[] = {
    {.seed = 801, .binary = true},
    {.seed = 802, .binary = true, .weight = true, .products = 40},
    {.seed = 803, .weight = true},
    {.seed = 804, .classes = 4, .weight = true},
    {.seed = 805, .classes = 5},
};
#define KINDS 5

static const char *const learners[] = {"logistic", "boosted_trees", "linear",
                                       "multinomial", "multinomial"};

static ml_model *
model_of(test_host *t, int kind)
{
	static const sample_option few[] = {{"trees", 5}, {NULL, 0}};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &kinds[kind], 0, 1000, &frame));
	REQUIRE_OK(
	    sample_train(&t->core, frame, learners[kind], kind == 1 ? few : NULL, &result));
	return result.model;
}

/* All rows of a frame, with the columns of the model's features. */
static ml_rows
rows_of(const ml_model *model, const ml_frame *frame, int *column)
{
	const ml_schema *schema = &model->schema;

	for (int f = 0; f < schema->features; f++)
		for (int c = 0; c < frame->columns; c++)
			if (frame->column[c].role == ML_FEATURE &&
			    frame->column[c].element == schema->feature[f].element &&
			    ml_text_equal(frame->column[c].name, schema->feature[f].name))
				column[f] = c;
	return (ml_rows){.frame = frame, .column = column, .end = frame->rows};
}

/* Rows 5000 to 5000 + ROWS, so many in each piece; the last one may be empty. */
static ml_status
stream(test_host *t, const sample *s, const ml_model *model, int piece, ml_judged *judged)
{
	ml_stream taken = {.host = &t->core, .model = model};
	int column[SAMPLE_COLUMNS];
	ml_frame *frame;
	ml_rows rows;

	ML_TRY(sample_fill(&t->core, s, 0, 0, &frame));
	for (int64_t i = 0; i < ROWS; i++)
	{
		ML_TRY(sample_append(s, frame, 5000 + i));
		if (frame->rows < piece)
			continue;
		rows = rows_of(model, frame, column);
		ML_TRY(ml_stream_take(&taken, &rows));
		ml_frame_clear(frame);
		CHECK_INT(frame->rows, 0);
	}
	rows = rows_of(model, frame, column);
	ML_TRY(ml_stream_take(&taken, &rows));
	CHECK_INT(taken.rows, ROWS);
	return ml_stream_end(&taken, judged);
}

static void
gives_the_bits_of_all_at_once(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int piece = 250; piece < 2 * ROWS; piece = 2 * piece + 77)
		{
			const sample *s = &kinds[kind];
			ml_model *model = model_of(t, kind);
			int column[SAMPLE_COLUMNS];
			ml_report whole, parts;
			ml_judged judged;
			ml_frame *frame;
			ml_rows rows;

			REQUIRE_OK(sample_fill(&t->core, s, 5000, 5000 + ROWS, &frame));
			rows = rows_of(model, frame, column);
			REQUIRE_OK(ml_evaluate(&t->core, model, &rows, &whole));
			REQUIRE_OK(stream(t, s, model, piece, &judged));
			REQUIRE_OK(ml_judged_report(&t->core, &judged, &parts));
			CHECK_INT(parts.metrics, whole.metrics);
			for (int i = 0; i < whole.metrics; i++)
			{
				CHECK_SAME(parts.metric[i].value, whole.metric[i].value);
				CHECK_SAME(parts.metric[i].low, whole.metric[i].low);
				CHECK_SAME(parts.metric[i].high, whole.metric[i].high);
			}
		}
}

/* No rows at all are judged as such. */
static void
takes_no_rows(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		ml_model *model = model_of(t, kind);
		ml_stream taken = {.host = &t->core, .model = model};
		int column[SAMPLE_COLUMNS];
		ml_report report;
		ml_judged judged;
		ml_frame *frame;
		ml_rows rows;

		REQUIRE_OK(sample_fill(&t->core, &kinds[kind], 0, 0, &frame));
		rows = rows_of(model, frame, column);
		REQUIRE_OK(ml_stream_take(&taken, &rows));
		REQUIRE_OK(ml_stream_end(&taken, &judged));
		REQUIRE_OK(ml_judged_report(&t->core, &judged, &report));
		CHECK_SAME(report.metric[0].value, 0);
	}
}

/* Puts a label that no model knows in place of a row's. */
static void
spoil(ml_frame *frame, int64_t row)
{
	ml_column *target = ml_frame_role(frame, ML_TARGET);

	REQUIRE_OK(ml_dictionary_add(target->dictionary, test_text("perhaps"),
	                             ml_codes_at(target, row)));
}

/* A class of neither of two is an error that counts the rows before; a few of several are none. */
static void
names_rows_of_unknown_classes(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind += 3)
		for (int all = 0; all < 2; all++)
		{
			ml_model *model = model_of(t, kind);
			ml_stream taken = {.host = &t->core, .model = model};
			int column[SAMPLE_COLUMNS];
			ml_status status = ML_OK;
			ml_judged judged;
			ml_frame *frame;
			ml_rows rows;

			REQUIRE_OK(sample_fill(&t->core, &kinds[kind], 0, 0, &frame));
			for (int piece = 0; piece < 3 && status == ML_OK; piece++)
			{
				ml_frame_clear(frame);
				for (int64_t i = 0; i < 100; i++)
					REQUIRE_OK(sample_append(&kinds[kind], frame, i));
				/* of several classes a whole piece may be unknown */
				for (int64_t i = 0; i < 100; i++)
					if (all || (kind == 0 ? piece == 2 && i == 41 : piece == 1))
						spoil(frame, i);
				rows = rows_of(model, frame, column);
				status = ml_stream_take(&taken, &rows);
			}
			if (kind == 0)
			{
				CHECK_INT(status, ML_NO_SUCH_CLASS);
				CHECK_INT(t->core.fault.row, all ? 1 : 242);
				continue;
			}
			REQUIRE_OK(status);
			CHECK_INT(ml_stream_end(&taken, &judged), all ? ML_NO_SUCH_CLASS : ML_OK);
		}
}

/* Rows are numbered through, whatever has been forgotten. */
static void
numbers_rows_through(test_host *t)
{
	ml_frame *frame;
	ml_cell cells[SAMPLE_COLUMNS];
	sample_row row;
	int count = 0;

	REQUIRE_OK(sample_fill(&t->core, &kinds[0], 0, 70, &frame));
	ml_frame_clear(frame);
	REQUIRE_OK(sample_append(&kinds[0], frame, 70));
	sample_make_row(&kinds[0], 71, &row);
	row.cell[SAMPLE_BALANCE].number = INFINITY;
	for (int c = 0; c < SAMPLE_COLUMNS; c++)
		if (sample_has(&kinds[0], c))
			cells[count++] = row.cell[c];
	CHECK_INT(ml_frame_append(frame, cells), ML_NOT_FINITE);
	CHECK_INT(t->core.fault.row, 72);
	CHECK_INT(frame->rows, 1);
}

static void
notices_refusals_and_stops(test_host *t)
{
	ml_model *model = model_of(t, 3);

	t->core.threads = 2;
	for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
	{
		ml_status status;
		ml_judged judged;

		test_try(t, &trial);
		status = stream(t, &kinds[3], model, 700, &judged);
		CHECK(t->core.pool == NULL);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({gives_the_bits_of_all_at_once, "pieces give the bits of all rows at once"},
          {takes_no_rows, "no rows are judged, too"},
          {names_rows_of_unknown_classes, "the row of an unknown class is named"},
          {numbers_rows_through, "rows are numbered through"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
