/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_frame.c: frames against a naive twin that keeps rows as they come.
 *
 * Bytes are a program: columns first, then rows and what is done to them.  Rows go into
 * pieces, pieces by way of bytes and into each other, the whole into canonical
 * order; then every cell must be where the twin has it.  What is left is trained on.
 */
#include "fuzz.h"

#define MOST_COLUMNS 8
#define MOST_ROWS 5000 /* more than a chunk */
#define PIECES 4

static const double number_table[] = {0,      -0.0, 1,        -1,  2,     NAN,
                                      0.5,    3,    INFINITY, -2,  1e300, -1e300,
                                      5e-324, 1e10, 123.25,   -0.5};
static const ml_text label_table[] = {
    {"a", 1},   {"b", 1},    {NULL, 0},   {"", 0},
    {"a\0", 2}, {"\xff", 1}, {"true", 4}, {"a long label", 12}};

typedef struct twin_row
{
	uint64_t key;
	unsigned char cell[MOST_COLUMNS]; /* places in the tables */
} twin_row;

typedef struct twin
{
	twin_row row[MOST_ROWS];
	int64_t rows;
	int64_t skipped;
} twin;

typedef struct input
{
	const unsigned char *at;
	size_t left;
} input;

typedef struct program
{
	input in;
	ml_host host;
	int columns;
	ml_column spec[MOST_COLUMNS];
	int place[MOST_COLUMNS]; /* columns in the order of their positions */
	ml_frame *piece[PIECES];
	twin twin[PIECES];
} program;

static unsigned
take(input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static double
number_of(const twin_row *row, int column)
{
	return number_table[row->cell[column] % 16];
}

static ml_text
label_of(const twin_row *row, int column)
{
	return label_table[row->cell[column] % 8];
}

/* Names and elements differ; positions run backwards, so that order must be made. */
static void
take_columns(program *p)
{
	static const char *const name[MOST_COLUMNS] = {"v", "v", "v", "d",
	                                               "e", "f", "g", "h"};

	p->columns = 1 + (int) take(&p->in) % MOST_COLUMNS;
	for (int c = 0; c < p->columns; c++)
	{
		unsigned kind = take(&p->in);
		ml_column *spec = &p->spec[c];

		*spec = (ml_column){.name = {name[c], 1}, .type = {"t", 1}};
		spec->position = c < 3 ? MOST_COLUMNS : MOST_COLUMNS - c;
		spec->element = c < 3 ? c + 1 : 0;
		/* elements of arrays are numbers */
		spec->kind = kind % 2 && c >= 3 ? ML_CATEGORY : ML_NUMBER;
		spec->role = kind / 2 % 4 == 3 ? ML_ID : ML_FEATURE;
	}
	/* one target and one weight at the most */
	if (take(&p->in) % 2)
		p->spec[p->columns - 1].role = ML_TARGET;
	if (p->columns > 2 && take(&p->in) % 3 == 0)
	{
		p->spec[p->columns - 2].role = ML_WEIGHT;
		p->spec[p->columns - 2].kind = ML_NUMBER;
	}
	for (int c = 0; c < p->columns; c++)
	{
		int at = c;

		for (; at > 0 && p->spec[p->place[at - 1]].position > p->spec[c].position; at--)
			p->place[at] = p->place[at - 1];
		p->place[at] = c;
	}
}

static ml_status
open_piece(program *p, int piece)
{
	int index;

	p->twin[piece].rows = p->twin[piece].skipped = 0;
	ML_TRY(ml_frame_create(&p->host, &p->piece[piece]));
	for (int c = 0; c < p->columns; c++)
		ML_TRY(ml_frame_add_column(p->piece[piece], &p->spec[c], &index));
	return ML_OK;
}

static uint64_t
cell_hash(const program *p, const twin_row *row, int c)
{
	uint64_t hash = 0;

	if (p->spec[c].kind == ML_NUMBER)
		hash = ml_hash_number(number_of(row, c));
	else if (label_of(row, c).bytes != NULL)
		hash = ml_hash_bytes(label_of(row, c).bytes, label_of(row, c).length);
	return ml_hash_add(ml_hash_add(ml_hash_bytes(p->spec[c].name.bytes, 1),
	                               (uint64_t) p->spec[c].element),
	                   hash);
}

static bool
is_keyed(const program *p)
{
	for (int c = 0; c < p->columns; c++)
		if (p->spec[c].role == ML_ID)
			return true;
	return false;
}

static bool
is_missing(const program *p, const twin_row *row, int c)
{
	return p->spec[c].kind == ML_NUMBER ? isnan(number_of(row, c))
	                                    : label_of(row, c).bytes == NULL;
}

/* What ml_frame_append must answer, and whether the row is kept. */
static ml_status
judge_row(const program *p, const twin_row *row, bool *kept)
{
	bool infinite = false, named = !is_keyed(p);

	*kept = true;
	for (int c = 0; c < p->columns; c++)
	{
		infinite |= p->spec[c].kind == ML_NUMBER && isinf(number_of(row, c));
		if (p->spec[c].role == ML_WEIGHT && number_of(row, c) < 0)
			return ML_NEGATIVE_WEIGHT;
		if (p->spec[c].role == ML_WEIGHT && !(number_of(row, c) > 0))
			*kept = false;
		if (p->spec[c].role == ML_TARGET && is_missing(p, row, c))
			*kept = false;
		named |= p->spec[c].role == ML_ID && !is_missing(p, row, c);
	}
	return !named ? ML_NULL_ID : infinite ? ML_NOT_FINITE : ML_OK;
}

static ml_status
append(program *p, int piece, const twin_row *row)
{
	ml_cell cells[MOST_COLUMNS] = {{0}};
	twin *t = &p->twin[piece];
	ml_status expected, status;
	bool kept;

	if (t->rows >= MOST_ROWS)
		return ML_OK;
	for (int c = 0; c < p->columns; c++)
		cells[c] = (ml_cell){.number = number_of(row, c), .text = label_of(row, c)};
	expected = judge_row(p, row, &kept);
	status = ml_frame_append(p->piece[piece], cells);
	if (status == ML_MEMORY)
		return status;
	must(status == expected);
	if (status == ML_OK && kept)
		t->row[t->rows++] = *row;
	else if (status == ML_OK)
		t->skipped++;
	must(p->piece[piece]->rows == t->rows && p->piece[piece]->skipped == t->skipped);
	return ML_OK;
}

static ml_status
send(program *p, int piece)
{
	ml_bytes bytes;

	ML_TRY(ml_frame_encode(p->piece[piece], &p->host, &bytes));
	return ml_frame_decode(&p->host, bytes.data, bytes.length, &p->piece[piece]);
}

static ml_status
merge(program *p, int into, int from)
{
	twin *a = &p->twin[into], *b = &p->twin[from];

	if (into == from || a->rows + b->rows > MOST_ROWS)
		return ML_OK;
	ML_TRY(ml_frame_merge(p->piece[into], p->piece[from]));
	memcpy(a->row + a->rows, b->row, (size_t) b->rows * sizeof *b->row);
	a->rows += b->rows;
	a->skipped += b->skipped;
	return open_piece(p, from);
}

static int
compare_cells(const program *p, int c, const twin_row *a, const twin_row *b)
{
	if (p->spec[c].kind == ML_NUMBER)
	{
		double x = number_of(a, c), y = number_of(b, c);

		if (isnan(x) || isnan(y))
			return isnan(x) - isnan(y);
		return (x > y) - (x < y);
	}
	else
	{
		ml_text x = label_of(a, c), y = label_of(b, c);

		if (x.bytes == NULL || y.bytes == NULL)
			return (x.bytes == NULL) - (y.bytes == NULL);
		return ml_text_compare(x, y);
	}
}

static const program *sorted_by; /* qsort has no room for it */

static int
compare_rows(const void *x, const void *y)
{
	const twin_row *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	for (int i = 0; i < sorted_by->columns; i++)
	{
		int c = sorted_by->place[i];
		int order =
		    sorted_by->spec[c].role == ML_ID ? 0 : compare_cells(sorted_by, c, a, b);

		if (order != 0)
			return order;
	}
	return 0;
}

static void
order_twin(program *p, twin *t)
{
	uint64_t first = 0, place = 0;

	for (int64_t i = 0; i < t->rows; i++)
	{
		t->row[i].key = 0;
		for (int c = 0; c < p->columns; c++)
			if (p->spec[c].role == (is_keyed(p) ? ML_ID : ML_FEATURE))
				t->row[i].key += cell_hash(p, &t->row[i], c);
		t->row[i].key = ml_hash_mix(t->row[i].key);
	}
	sorted_by = p;
	qsort(t->row, (size_t) t->rows, sizeof *t->row, compare_rows);
	/* rows without an id that agree in their features are told apart by counting */
	for (int64_t i = 0; i < t->rows && !is_keyed(p); i++)
		if (i > 0 && t->row[i].key == first)
			t->row[i].key = ml_hash_add(first, ++place);
		else
		{
			first = t->row[i].key;
			place = 0;
		}
	qsort(t->row, (size_t) t->rows, sizeof *t->row, compare_rows);
}

static void
check_cell(const program *p, const ml_column *column, int64_t row, const twin_row *want,
           int c)
{
	if (column->kind == ML_NUMBER)
	{
		double x = *ml_numbers_at(column, row), y = number_of(want, c) + 0.0;

		must((isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0);
	}
	else
	{
		int32_t code = *ml_codes_at(column, row);

		must(code >= -1 && code < column->dictionary->count);
		must((code < 0) == (label_of(want, c).bytes == NULL));
		must(code < 0 ||
		     ml_text_equal(column->dictionary->label[code], label_of(want, c)));
	}
	(void) p;
}

static void
check_frame(const program *p, const ml_frame *frame, const twin *t, double holdout)
{
	must(frame->columns == p->columns && frame->rows == t->rows);
	must(frame->skipped == t->skipped);
	for (int64_t row = 0; row < t->rows; row++)
	{
		uint64_t key = frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)];

		must(key == t->row[row].key);
		must((row < frame->holdout_rows) ==
		     ((double) key < holdout * 18446744073709551616.0));
		for (int i = 0; i < p->columns; i++)
			if (frame->column[i].role != ML_ID)
				check_cell(p, &frame->column[i], row, &t->row[row], p->place[i]);
	}
}

/* Trains on the rows, in whatever state they are; nothing but an answer is asked for. */
static void
train(program *p, ml_frame *frame)
{
	const ml_column *target = ml_frame_role(frame, ML_TARGET);
	ml_request request = {.common = {.holdout = 0.25, .max_categories = 4}};
	ml_option_fault fault;
	ml_result result;
	ml_value given;

	if (target == NULL || frame->rows > 500)
		return;
	request.learner = ml_learner_find(
	    (ml_text){target->kind ? "logistic" : "linear", target->kind ? 8 : 6});
	request.options = ml_alloc(&p->host, request.learner->options_size);
	if (request.options == NULL || ml_value_object(&p->host, 1, &given) != ML_OK)
		return;
	ml_option_set set = {request.learner->option, request.learner->options,
	                     (void *) request.options};
	must(ml_options_read(&given, &set, 1, &fault));
	request.given = given;
	if (ml_train(&p->host, frame, &request, &result) == ML_OK)
		check_model(&p->host, result.model);
}

static ml_status
run(program *p)
{
	twin_row row = {0};
	double holdout;
	int at = 0;

	take_columns(p);
	for (int i = 0; i < PIECES; i++)
		ML_TRY(open_piece(p, i));
	while (p->in.left > 1)
	{
		unsigned what = take(&p->in);

		switch (what % 16)
		{
			case 0:
				at = (at + 1) % PIECES;
				break;
			case 1:
				ML_TRY(send(p, at));
				break;
			case 2:
				ML_TRY(merge(p, at, (int) (what / 16) % PIECES));
				break;
			case 3: /* the last row some times more, or past the end of a chunk */
				for (unsigned i = 0; i < (what / 16 < 15 ? what / 16 : ML_CHUNK); i++)
					ML_TRY(append(p, at, &row));
				break;
			default:
				for (int c = 0; c < p->columns; c++)
					row.cell[c] = (unsigned char) take(&p->in);
				ML_TRY(append(p, at, &row));
		}
	}
	for (int i = 1; i < PIECES; i++)
		ML_TRY(merge(p, 0, i));
	holdout = (double) (take(&p->in) % 10) / 10;
	ML_TRY(ml_frame_order(p->piece[0], holdout));
	order_twin(p, &p->twin[0]);
	check_frame(p, p->piece[0], &p->twin[0], holdout);
	train(p, p->piece[0]);
	return ML_OK;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	static program p;
	arena a = {0};

	p.in = (input){data, length};
	p.host = (ml_host){.alloc = arena_alloc, .context = &a, .threads = 1};
	run(&p);
	arena_free(&a);
	return 0;
}
