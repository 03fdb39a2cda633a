/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_training.c: a frame to a judged model, whole: the same bytes whatever the way, every
 * refusal and every stop answered, odd data borne.
 */
#include "blas.h"
#include "models.h"

static ml_bytes
encode(test_host *t, const ml_model *model)
{
	ml_bytes bytes;

	REQUIRE_OK(ml_model_encode(&t->core, model, 0, &bytes));
	return bytes;
}

static const sample_option small_pool[] = {{"max_categories", 6}, {NULL, 0}};

static ml_bytes
train_bytes(test_host *t, ml_frame *frame, const sample *s)
{
	ml_result result;

	REQUIRE_OK(sample_train(&t->core, frame, s->binary ? "logistic" : "linear",
	                        small_pool, &result));
	return encode(t, result.model);
}

static const sample kinds[] = {
    {.seed = 401, .binary = true, .id = true},
    {.seed = 402, .binary = true, .weight = true, .oddities = true},
    {.seed = 403, .id = true, .weight = true},
    {.seed = 404, .oddities = true},
    {.seed = 413, .binary = true, .id = true, .customers = 40},
};
#define KINDS 5
#define ROWS 13000

static void
does_not_know_the_threads(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_bytes first = {0}, other;

		for (int threads = 1; threads <= 4; threads++)
		{
			ml_frame *frame;

			t->core.threads = threads;
			REQUIRE_OK(sample_fill(&t->core, &kinds[k], 0, ROWS, &frame));
			other = train_bytes(t, frame, &kinds[k]);
			first = first.data == NULL ? other : first;
			CHECK(test_same_bytes(first, other));
			CHECK_INT(test_threads, 0);
		}
	}
}

/* Rows i * step modulo their number: every row once, in another order. */
static ml_frame *
permuted(test_host *t, const sample *s, int64_t rows, int64_t step)
{
	ml_frame *frame;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(s, frame));
	for (int64_t i = 0; i < rows; i++)
		REQUIRE_OK(sample_append(s, frame, i * step % rows));
	return frame;
}

static void
does_not_know_the_order_of_rows(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
	{
		ml_bytes first = train_bytes(t, permuted(t, &kinds[k], ROWS, 1), &kinds[k]);

		CHECK(test_same_bytes(
		    first, train_bytes(t, permuted(t, &kinds[k], ROWS, ROWS - 1), &kinds[k])));
		CHECK(test_same_bytes(
		    first, train_bytes(t, permuted(t, &kinds[k], ROWS, 7919), &kinds[k])));
	}
}

/* Pieces by way of bytes, as parallel workers send them, merged in another order. */
static void
does_not_know_the_pieces(test_host *t)
{
	static const int64_t cut[] = {0, 1, 300, 300, 5000, 5001, 12000, ROWS};

	for (int k = 0; k < KINDS; k++)
	{
		ml_frame *whole, *merged;

		REQUIRE_OK(sample_fill(&t->core, &kinds[k], 0, ROWS, &whole));
		REQUIRE_OK(ml_frame_create(&t->core, &merged));
		for (int i = 6; i >= 0; i--)
		{
			ml_frame *piece, *back;
			ml_bytes bytes;

			REQUIRE_OK(sample_fill(&t->core, &kinds[k], cut[i], cut[i + 1], &piece));
			REQUIRE_OK(ml_frame_encode(piece, &t->core, &bytes));
			REQUIRE_OK(ml_frame_decode(&t->core, bytes.data, bytes.length, &back));
			REQUIRE_OK(ml_frame_merge(merged, i % 2 ? back : piece));
		}
		CHECK(test_same_bytes(train_bytes(t, whole, &kinds[k]),
		                      train_bytes(t, merged, &kinds[k])));
	}
}

/* Large enough for the Gram matrix, and for a start from a sample. */
static void
does_not_know_the_threads_when_large(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		sample s = {.seed = 405, .binary = binary, .products = 80};
		static const sample_option one_in_ten[] = {{"holdout", 0.1}, {NULL, 0}};
		ml_bytes first = {0}, other;

		for (int threads = 1; threads <= 3; threads++)
		{
			ml_frame *frame;
			ml_result result;

			t->core.threads = threads;
			REQUIRE_OK(sample_fill(&t->core, &s, 0, 75000, &frame));
			REQUIRE_OK(sample_train(&t->core, frame, binary ? "logistic" : "linear",
			                        one_in_ten, &result));
			other = encode(t, result.model);
			first = first.data == NULL ? other : first;
			CHECK(test_same_bytes(first, other));
		}
	}
}

static const double *
learned_part(const ml_model *model, const char *name, int64_t *count)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	REQUIRE(part != NULL);
	*count = part->count;
	return part->number;
}

/* BLAS adds up in another order: the same model to rounding. */
static void
knows_blas_by_rounding_only(test_host *t)
{
	const ml_blas *blas = test_blas();

	for (int k = 0; k < KINDS; k++)
		for (int64_t rows = 3000; rows <= 60000; rows *= 20)
		{
			sample s = kinds[k];
			const double *b[2], *error[2];
			int64_t count;

			s.oddities = false;
			s.products = rows > 10000 ? 80 : 12;
			for (int by_blas = 0; by_blas < 2; by_blas++)
			{
				ml_frame *frame;
				ml_result result;

				t->core.blas = by_blas ? blas : NULL;
				REQUIRE_OK(sample_fill(&t->core, &s, 0, rows, &frame));
				REQUIRE_OK(sample_train(&t->core, frame, s.binary ? "logistic" : "linear",
				                        NULL, &result));
				b[by_blas] = learned_part(result.model, "coefficients", &count);
				error[by_blas] = learned_part(result.model, "standard_errors", &count);
			}
			for (int64_t i = 0; i < count - 1; i++)
				if (!isnan(error[0][i + 1]))
				{
					CHECK_NEAR(b[1][i], b[0][i], 1e-7 * error[0][i + 1]);
					CHECK_CLOSE(error[1][i + 1], error[0][i + 1], 1e-7);
				}
		}
}

static int
notes_of(const ml_notes *notes, ml_note_kind kind, const char *name)
{
	int count = 0;

	for (int i = 0; i < notes->count; i++)
		count += notes->note[i].kind == kind && ml_text_is(notes->note[i].name, name);
	return count;
}

static void
notes_what_was_done(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		sample s = {.seed = 406, .binary = binary, .oddities = true, .products = 40};
		static const sample_option options[] = {{"max_categories", 8}, {NULL, 0}};
		ml_frame *frame;
		ml_result result;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &frame));
		REQUIRE_OK(sample_train(&t->core, frame, binary ? "logistic" : "linear", options,
		                        &result));
		CHECK_INT(notes_of(&result.notes, ML_NOTE_CONSTANT, "currency"), 1);
		CHECK_INT(notes_of(&result.notes, ML_NOTE_CONSTANT, "empty"), 1);
		CHECK_INT(notes_of(&result.notes, ML_NOTE_IDENTIFIER, "card"), 1);
		CHECK_INT(notes_of(&result.notes, ML_NOTE_TARGET, "copy"), 1);
		CHECK_INT(notes_of(&result.notes, ML_NOTE_POOLED, "product"), 1);
		CHECK_INT(result.notes.count, 5);
		CHECK_INT(result.model->schema.features, 7);
		check_canonical(t, result.model);
	}
}

/* With drop_copies off a copy is a feature, and a leak. */
static void
keeps_what_it_is_told_to_keep(test_host *t)
{
	sample s = {.seed = 407, .binary = true, .oddities = true};
	ml_frame *frame;
	ml_request request;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &frame));
	REQUIRE_OK(sample_request(&t->core, "logistic", NULL, &request));
	request.drop_copies = false;
	REQUIRE_OK(ml_train(&t->core, frame, &request, &result));
	CHECK_INT(notes_of(&result.notes, ML_NOTE_LEAK, "copy"), 1);
	CHECK_INT(notes_of(&result.notes, ML_NOTE_TARGET, "copy"), 0);
	CHECK_SAME(ml_report_metric(&result.holdout, "auc")->value, 1);
}

static double
summary(const ml_model *model, const char *name)
{
	const ml_value *member = ml_value_member(&model->training, name);

	REQUIRE(member != NULL && member->kind == ML_VALUE_NUMBER);
	return member->number;
}

static void
sums_up_the_training(test_host *t)
{
	for (double holdout = 0; holdout < 0.6; holdout += 0.25)
	{
		sample s = {.seed = 408, .binary = true};
		sample_option options[] = {{"holdout", holdout}, {NULL, 0}};
		const ml_value *quantiles;
		ml_frame *frame;
		ml_result result;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 3000, &frame));
		frame->skipped = 17;
		REQUIRE_OK(sample_train(&t->core, frame, "logistic", options, &result));
		CHECK_INT(result.rows, 3000);
		CHECK_INT(result.skipped, 17);
		CHECK_SAME(summary(result.model, "rows"), 3000);
		CHECK_SAME(summary(result.model, "skipped"), 17);
		CHECK_NEAR(summary(result.model, "holdout_rows"), 3000 * holdout,
		           5 * sqrt(3000 * holdout * (1 - holdout)));
		CHECK_SAME(result.model->schema.rows,
		           3000 - summary(result.model, "holdout_rows"));
		CHECK_INT(result.holdout.metrics > 0, holdout > 0);
		quantiles = ml_value_member(&result.model->training, "score_quantiles");
		REQUIRE(quantiles != NULL && quantiles->count == 21);
		for (int i = 1; i < 21; i++)
			CHECK(quantiles->numbers[i - 1] <= quantiles->numbers[i]);
		if (holdout > 0)
			CHECK_SAME(ml_value_member(
			               ml_value_member(&result.model->training, "metrics"), "auc")
			               ->number,
			           ml_report_metric(&result.holdout, "auc")->value);
		CHECK(t->reports > 0);
	}
}

/* The place of every feature among a frame's columns. */
static int *
map_features(test_host *t, const ml_model *model, const ml_frame *frame)
{
	int *column = ml_alloc_array(&t->core, model->schema.features, sizeof *column);

	for (int f = 0; column != NULL && f < model->schema.features; f++)
		for (int c = 0; c < frame->columns; c++)
			if (frame->column[c].role == ML_FEATURE &&
			    frame->column[c].element == model->schema.feature[f].element &&
			    ml_text_equal(frame->column[c].name, model->schema.feature[f].name))
				column[f] = c;
	return column;
}

/* All that a frame goes through, from the first row to the last metric. */
static ml_status
whole_way(test_host *t, const sample *s, int64_t rows)
{
	ml_host *host = &t->core;
	ml_frame *frame, *piece, *back;
	ml_bytes bytes;
	ml_result result;
	ml_model *model;
	ml_report report;
	double *score;
	int *column;

	ML_TRY(sample_fill(host, s, 0, rows / 2, &frame));
	ML_TRY(sample_fill(host, s, rows / 2, rows, &piece));
	ML_TRY(ml_frame_encode(piece, host, &bytes));
	ML_TRY(ml_frame_decode(host, bytes.data, bytes.length, &back));
	ML_TRY(ml_frame_merge(frame, back));
	ML_TRY(sample_train(host, frame, s->binary ? "logistic" : "linear", small_pool,
	                    &result));
	ML_TRY(ml_model_encode(host, result.model, 4, &bytes));
	ML_TRY(ml_model_decode(host, bytes.data + 4, bytes.length - 4, &model));
	column = map_features(t, model, piece);
	score = ml_alloc_array(host, piece->rows, sizeof *score);
	if (column == NULL || score == NULL)
		return ML_MEMORY;
	ml_rows in = {.frame = piece, .column = column, .end = piece->rows};
	return ml_evaluate(host, model, &in, &report);
}

static void
check_refusals(int kind, int threads, int64_t first, int64_t step)
{
	for (int64_t k = first;; k += step)
	{
		test_host t;
		ml_status status;
		bool refused;

		test_open(&t);
		t.core.threads = threads;
		t.refuse_at = k;
		status = whole_way(&t, &kinds[kind], 120);
		refused = t.refused;
		CHECK_INT(status, refused ? ML_MEMORY : ML_OK);
		CHECK(t.core.pool == NULL);
		test_close(&t);
		if (!refused)
			return;
	}
}

static void
notices_every_refusal(test_host *t)
{
	(void) t;
	for (int kind = 0; kind < KINDS; kind++)
		check_refusals(kind, 1, 1, 1);
}

static void
notices_every_refusal_with_threads(test_host *t)
{
	(void) t;
	for (int kind = 0; kind < KINDS; kind++)
		check_refusals(kind, 3, 1 + kind, KINDS);
}

/* The answer stays yes, as that of a cancelled query does. */
static void
stops_at_every_question(test_host *t)
{
	(void) t;
	for (int kind = 0; kind < KINDS; kind++)
		for (int64_t k = 1;; k += 1 + k / 20)
		{
			test_host own;
			ml_status status;
			bool asked;

			test_open(&own);
			own.stop_at = k;
			status = whole_way(&own, &kinds[kind], 600);
			asked = own.questions >= k;
			CHECK_INT(status, asked ? ML_STOPPED : ML_OK);
			CHECK(own.core.pool == NULL);
			/* once it is said, few more questions are asked */
			CHECK(own.questions <= k + 3);
			test_close(&own);
			if (!asked)
				break;
		}
}

static void
stops_with_threads(test_host *t)
{
	(void) t;
	for (int kind = 0; kind < KINDS; kind++)
		for (int64_t k = 1; k < 200; k += 7)
		{
			test_host own;
			ml_status status;

			test_open(&own);
			own.core.threads = 3;
			own.stop_at = k;
			status = whole_way(&own, &kinds[kind], 9000);
			/* how often is asked while waiting depends on the others */
			CHECK(status == ML_STOPPED || (status == ML_OK && own.questions < k));
			test_close(&own);
		}
}

/* Even of the largest steps, questions are asked often: at least once per block of rows. */
static void
asks_often(test_host *t)
{
	ml_frame *frame;
	ml_result result;
	sample s = {.seed = 409};

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 50000, &frame));
	t->questions = 0;
	REQUIRE_OK(sample_train(&t->core, frame, "linear", NULL, &result));
	CHECK(t->questions > 3 * 40000 / ML_BLOCK);
}

static double
little_room(void *context)
{
	(void) context;
	return 100000;
}

static void
foresees_a_lack_of_memory(test_host *t)
{
	sample s = {.seed = 410, .binary = true, .products = 200};
	ml_frame *frame;
	ml_result result;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &frame));
	t->core.room = little_room;
	CHECK_INT(sample_train(&t->core, frame, "logistic", NULL, &result), ML_MEMORY);
	CHECK(t->core.fault.bytes > 100000);
}

/* A frame of numbers and a target, made by a function of row and column. */
static ml_frame *
made_frame(test_host *t, int rows, int columns, bool binary,
           double (*cell)(int row, int column))
{
	ml_frame *frame;
	ml_cell *cells = ml_alloc_array(&t->core, columns + 1, sizeof *cells);
	char name[24];
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	for (int c = 0; c <= columns; c++)
	{
		ml_column spec = {.type = test_text("t"), .position = c + 1};

		snprintf(name, sizeof name, "c%d", c);
		spec.name = test_text(name);
		if (c == columns)
		{
			spec.role = ML_TARGET;
			spec.kind = binary ? ML_CATEGORY : ML_NUMBER;
		}
		REQUIRE_OK(ml_frame_add_column(frame, &spec, &index));
	}
	for (int row = 0; row < rows; row++)
	{
		for (int c = 0; c <= columns; c++)
			cells[c].number = cell(row, c);
		cells[columns].text = test_text(cell(row, columns) > 0 ? "yes" : "no");
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

static ml_status
train_made(test_host *t, int rows, int columns, bool binary, double holdout,
           double (*cell)(int row, int column))
{
	sample_option options[] = {{"holdout", holdout}, {"l2", 1}, {NULL, 0}};
	ml_frame *frame = made_frame(t, rows, columns, binary, cell);
	ml_result result;
	ml_status status =
	    sample_train(&t->core, frame, binary ? "logistic" : "linear", options, &result);

	CHECK_INT(test_threads, 0);
	if (status == ML_OK)
		check_canonical(t, result.model);
	return status;
}

static double
noise(int row, int column)
{
	uint64_t state = (uint64_t) row * 100003 + (uint64_t) column;

	return test_normal(&state);
}

static double
all_equal(int row, int column)
{
	(void) row;
	return column;
}

static double
equal_but_for_the_target(int row, int column)
{
	return column == 2 ? row % 2 : 5;
}

static double
pairs(int row, int column)
{
	return noise(row / 2, column);
}

static double
all_missing(int row, int column)
{
	return column == 3 ? row % 2 : NAN;
}

static double
huge(int row, int column)
{
	return column == 3   ? row % 2
	       : column == 1 ? 1e300 * noise(row, 1)
	                     : noise(row, column);
}

static double
zeros_of_both_signs(int row, int column)
{
	return column == 3    ? row % 2
	       : row % 3 == 0 ? 0.0
	       : row % 3 == 1 ? -0.0
	                      : noise(row, 1);
}

static void
bears_odd_rows(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		CHECK_INT(train_made(t, 0, 3, binary, 0, noise), ML_NO_ROWS);
		CHECK_INT(train_made(t, 1, 3, binary, 0, noise), ML_ONE_VALUE);
		CHECK_INT(train_made(t, 100, 3, binary, 0, all_equal), ML_ONE_VALUE);
		CHECK_INT(train_made(t, 100, 2, binary, 0, equal_but_for_the_target),
		          ML_NO_FEATURES);
		CHECK_INT(train_made(t, 100, 0, binary, 0, noise), ML_NO_FEATURES);
		CHECK_INT(train_made(t, 100, 3, binary, 0, all_missing), ML_NO_FEATURES);
		CHECK_INT(train_made(t, 100, 3, binary, 0, huge), ML_NOT_NUMERIC);
		CHECK_INT(t->core.fault.column, 1);
		CHECK_INT(train_made(t, 100, 3, binary, 0.3, zeros_of_both_signs), ML_OK);
		CHECK_INT(train_made(t, 100, 3, binary, 0.3, pairs), ML_OK);
		CHECK_INT(train_made(t, 400, 1, binary, 0.9, noise), ML_OK);
	}
	/* few rows may all fall into the holdout, or leave one class behind */
	for (int rows = 1; rows < 30; rows++)
		for (int binary = 0; binary < 2; binary++)
		{
			ml_status status = train_made(t, rows, 3, binary, 0.8, noise);

			CHECK(status == ML_OK || status == ML_NO_TRAINING_ROWS ||
			      status == ML_ONE_VALUE || status == ML_NO_FEATURES);
		}
}

static void
bears_thousands_of_columns(test_host *t)
{
	CHECK_INT(train_made(t, 24, 2000, false, 0, noise), ML_OK);
	CHECK_INT(train_made(t, 24, 500, true, 0, noise), ML_OK);
}

static int outlier; /* the row of a huge value */

static double
tiny_but_for_one(int row, int column)
{
	return column == 1      ? 1e80 * noise(row, 0)
	       : row == outlier ? 1e150
	                        : 1e-80 * noise(row, 0);
}

/*
 * A slope of 1e160 meets a value of 1e150 in the holdout: the score overflows, and the model
 * must still be written and read.
 */
static void
bears_scores_that_overflow(test_host *t)
{
	static const sample_option half[] = {{"holdout", 0.5}, {NULL, 0}};
	int held = 0;

	for (outlier = 0; outlier < 20; outlier++)
	{
		ml_frame *frame = made_frame(t, 400, 1, false, tiny_but_for_one);
		ml_result result;
		ml_status status = sample_train(&t->core, frame, "linear", half, &result);

		/* in training its square is beyond doubles */
		CHECK(status == ML_OK || status == ML_NOT_NUMERIC);
		if (status != ML_OK)
			continue;
		held++;
		check_canonical(t, result.model);
	}
	CHECK(held > 0);
}

static void
refuses_more_than_two_classes(test_host *t)
{
	ml_frame *frame;
	ml_result result;
	sample s = {.seed = 411, .binary = true};
	ml_cell cells[SAMPLE_COLUMNS] = {{0}};

	REQUIRE_OK(sample_fill(&t->core, &s, 0, 100, &frame));
	cells[0].text = test_text("perhaps");
	for (int i = 0; i < 10; i++)
		REQUIRE_OK(ml_frame_append(frame, cells));
	CHECK_INT(sample_train(&t->core, frame, "logistic", NULL, &result),
	          ML_TOO_MANY_CLASSES);
	CHECK_INT(t->core.fault.count, 3);
}

/* Rows that are held out do not move the model. */
static void
does_not_look_at_the_holdout(test_host *t)
{
	sample s = {.seed = 412, .id = true};
	ml_bytes bytes[2];

	for (int spoiled = 0; spoiled < 2; spoiled++)
	{
		ml_frame *frame, *probe;
		ml_result result;
		int64_t count;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &probe));
		REQUIRE_OK(ml_frame_order(probe, 0.2));
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &frame));
		for (int64_t row = 0; row < frame->rows && spoiled; row++)
			if ((double) frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)] <
			    0.2 * 18446744073709551616.0)
			{
				*ml_numbers_at(ml_frame_role(frame, ML_TARGET), row) = 1e6;
				*ml_numbers_at(&frame->column[2], row) = 1e6;
			}
		REQUIRE_OK(sample_train(&t->core, frame, "linear", NULL, &result));
		bytes[spoiled] = (ml_bytes){
		    (unsigned char *) learned_part(result.model, "coefficients", &count), 0};
		bytes[spoiled].length = (size_t) count * sizeof(double);
		CHECK_SAME(summary(result.model, "holdout_rows"), (double) probe->holdout_rows);
	}
	CHECK(test_same_bytes(bytes[0], bytes[1]));
}

TEST_MAIN({does_not_know_the_threads, "any number of threads trains the same bytes"},
          {does_not_know_the_order_of_rows, "rows in any order train the same bytes"},
          {does_not_know_the_pieces, "merged pieces train the bytes of the whole"},
          {does_not_know_the_threads_when_large,
           "so do large frames, by sample and Gram matrix"},
          {knows_blas_by_rounding_only, "BLAS trains the same model to rounding"},
          {notes_what_was_done, "what was left out and pooled is noted"},
          {keeps_what_it_is_told_to_keep, "a copy that is kept is noted as a leak"},
          {sums_up_the_training,
           "rows, holdout, metrics and quantiles stand in the model"},
          {notices_every_refusal, "each refused allocation of the whole way is noticed"},
          {notices_every_refusal_with_threads,
           "so it is on three threads, which are joined"},
          {stops_at_every_question, "a stop at each question is answered at once"},
          {stops_with_threads, "a stop ends three threads"},
          {asks_often, "stop is asked about once per block of rows"},
          {foresees_a_lack_of_memory, "a lack of memory is told before it is asked for"},
          {bears_odd_rows, "no row, one row, equal, missing, huge: each has its answer"},
          {bears_thousands_of_columns, "2,000 columns train"},
          {bears_scores_that_overflow, "scores that overflow do not spoil the model"},
          {refuses_more_than_two_classes, "three classes are counted and refused"},
          {does_not_look_at_the_holdout, "what is held out does not move the model"})
