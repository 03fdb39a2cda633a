/* SPDX-License-Identifier: PostgreSQL */
/*
 * sample.h: a bank's customers, made up from a seed.
 *
 * Row i depends on the seed and on i alone, so that the same rows can be appended in
 * any order and in any number of pieces.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "test.h"

typedef struct sample
{
	uint64_t seed;
	bool binary;   /* the target is yes or no, else a number */
	int classes;   /* more than two: the target is one of so many labels instead */
	bool id;       /* rows have an id column */
	bool weight;   /* and a weight */
	bool oddities; /* columns that are to be left out */
	int products;  /* labels of the wide category; 0: 12 */
	int customers; /* so many ids, each of several rows; 0: one id per row */
} sample;

enum
{
	SAMPLE_CUSTOMER,
	SAMPLE_TARGET,
	SAMPLE_WEIGHT,
	SAMPLE_AGE,
	SAMPLE_BALANCE,
	SAMPLE_OPENED,
	SAMPLE_REGION,
	SAMPLE_PRODUCT,
	SAMPLE_VECTOR_1,
	SAMPLE_VECTOR_2,
	SAMPLE_CURRENCY, /* never varies */
	SAMPLE_COPY,     /* of the target */
	SAMPLE_CARD,     /* an identifier */
	SAMPLE_EMPTY,    /* always missing */
	SAMPLE_COLUMNS
};

static const struct
{
	const char *name;
	ml_kind kind;
	ml_role role;
	int position;
	int element;
} sample_column[SAMPLE_COLUMNS] = {
    {"customer", ML_CATEGORY, ML_ID, 1, 0},
    {"churned", ML_CATEGORY, ML_TARGET, 2, 0},
    {"weight", ML_NUMBER, ML_WEIGHT, 3, 0},
    {"age", ML_NUMBER, ML_FEATURE, 4, 0},
    {"balance", ML_NUMBER, ML_FEATURE, 5, 0},
    {"opened", ML_NUMBER, ML_FEATURE, 6, 0},
    {"region", ML_CATEGORY, ML_FEATURE, 7, 0},
    {"product", ML_CATEGORY, ML_FEATURE, 8, 0},
    {"vector", ML_NUMBER, ML_FEATURE, 9, 1},
    {"vector", ML_NUMBER, ML_FEATURE, 9, 2},
    {"currency", ML_CATEGORY, ML_FEATURE, 10, 0},
    {"copy", ML_NUMBER, ML_FEATURE, 11, 0},
    {"card", ML_CATEGORY, ML_FEATURE, 12, 0},
    {"empty", ML_NUMBER, ML_FEATURE, 13, 0},
};

typedef struct sample_row
{
	ml_cell cell[SAMPLE_COLUMNS]; /* of all columns */
	char text[SAMPLE_COLUMNS][24];
} sample_row;

static inline bool
sample_has(const sample *s, int column)
{
	return column == SAMPLE_CUSTOMER   ? s->id
	       : column == SAMPLE_WEIGHT   ? s->weight
	       : column >= SAMPLE_CURRENCY ? s->oddities
	                                   : true;
}

static inline void
sample_label(sample_row *row, int column, const char *format, int64_t number)
{
	int length =
	    snprintf(row->text[column], sizeof row->text[column], format, (long long) number);

	row->cell[column].text = (ml_text){row->text[column], length};
}

static inline void
sample_make_row(const sample *s, int64_t i, sample_row *row)
{
	static const char *const region[] = {"north", "south", "east", "west"};
	uint64_t at = s->seed * 1000003 + (uint64_t) i * 77;
	ml_cell *cell = row->cell;
	double age, balance, value;
	int64_t place = test_below(&at, 5);
	int products = s->products > 0 ? s->products : 12;
	int64_t product = (int64_t) (pow(test_uniform(&at), 2) * products);

	for (int c = 0; c < SAMPLE_COLUMNS; c++)
		cell[c] = (ml_cell){.number = NAN};
	age = 18 + (double) test_below(&at, 60);
	balance = floor(exp(6 + 1.5 * test_normal(&at)) * 100) / 100;
	cell[SAMPLE_AGE].number = test_below(&at, 10) == 0 ? NAN : age;
	cell[SAMPLE_BALANCE].number = balance;
	cell[SAMPLE_OPENED].number = 6e8 + (double) test_below(&at, 100000000);
	cell[SAMPLE_VECTOR_1].number = test_normal(&at);
	cell[SAMPLE_VECTOR_2].number = test_normal(&at);
	if (place < 4)
		cell[SAMPLE_REGION].text = test_text(region[place]);
	sample_label(row, SAMPLE_PRODUCT, "p%02lld", product);
	sample_label(row, SAMPLE_CUSTOMER, "customer-%lld",
	             s->customers > 0 ? i % s->customers : i);
	sample_label(row, SAMPLE_CARD, "card-%lld", i);
	cell[SAMPLE_CURRENCY].text = test_text("EUR");
	cell[SAMPLE_WEIGHT].number = 0.5 + (double) test_below(&at, 4);
	value = 0.03 * (age - 45) - 0.2 * log(balance + 1) + (place == 1 ? 0.8 : 0) +
	        0.4 * cell[SAMPLE_VECTOR_1].number + (product % 3 == 0 ? 0.5 : 0);
	if (s->classes > 2)
	{
		int class = (int) floor((value + test_normal(&at) + 2) * s->classes / 4);

		class = class < 0 ? 0 : class < s->classes ? class : s->classes - 1;
		sample_label(row, SAMPLE_TARGET, "k%lld", class);
		cell[SAMPLE_COPY].number = 5 - class;
	}
	else if (s->binary)
	{
		bool churned = test_uniform(&at) < 1 / (1 + exp(-value));

		cell[SAMPLE_TARGET].text = test_text(churned ? "yes" : "no");
		cell[SAMPLE_COPY].number = churned ? 7 : 3;
	}
	else
	{
		cell[SAMPLE_TARGET].number = floor(1000 * (value + test_normal(&at))) / 100;
		cell[SAMPLE_COPY].number = cell[SAMPLE_TARGET].number;
	}
}

static inline ml_status
sample_add_columns(const sample *s, ml_frame *frame)
{
	for (int c = 0; c < SAMPLE_COLUMNS; c++)
	{
		int index;
		ml_column spec = {.name = test_text(sample_column[c].name),
		                  .type = test_text("some type"),
		                  .position = sample_column[c].position,
		                  .element = sample_column[c].element,
		                  .kind = sample_column[c].kind,
		                  .role = sample_column[c].role};

		if (c == SAMPLE_TARGET && !s->binary && s->classes <= 2)
			spec.kind = ML_NUMBER;
		if (sample_has(s, c))
			ML_TRY(ml_frame_add_column(frame, &spec, &index));
	}
	return ML_OK;
}

static inline ml_status
sample_append(const sample *s, ml_frame *frame, int64_t i)
{
	sample_row row;
	ml_cell cells[SAMPLE_COLUMNS];
	int count = 0;

	sample_make_row(s, i, &row);
	for (int c = 0; c < SAMPLE_COLUMNS; c++)
		if (sample_has(s, c))
			cells[count++] = row.cell[c];
	return ml_frame_append(frame, cells);
}

/* A frame of rows begin .. end - 1. */
static inline ml_status
sample_fill(ml_host *host, const sample *s, int64_t begin, int64_t end, ml_frame **frame)
{
	ML_TRY(ml_frame_create(host, frame));
	ML_TRY(sample_add_columns(s, *frame));
	for (int64_t i = begin; i < end; i++)
		ML_TRY(sample_append(s, *frame, i));
	return ML_OK;
}

/* Options by name, the last of them NULL; what is not named has its default. */
typedef struct sample_option
{
	const char *name;
	double number;
	const char *word; /* NULL: the number counts */
} sample_option;

static inline ml_status
sample_learner_request(ml_host *host, const ml_learner *learner,
                       const sample_option *options, ml_request *request)
{
	ml_value given;
	ml_option_fault fault;
	void *values;

	*request = (ml_request){.learner = learner, .drop_copies = true};
	ML_TRY(ml_value_object(host, 8, &given));
	for (; options != NULL && options->name != NULL; options++)
		ml_value_add(&given, options->name,
		             options->word != NULL    ? ml_value_word(options->word)
		             : isinf(options->number) ? ml_value_word("auto")
		                                      : ml_value_number(options->number));
	values = ml_alloc(host, request->learner->options_size);
	if (values == NULL)
		return ML_MEMORY;
	request->options = values;
	ml_option_set sets[] = {
	    {ml_common_option, ml_common_option_count, &request->common},
	    {request->learner->option, request->learner->options, values},
	};
	REQUIRE(ml_options_read(&given, sets, 2, &fault));
	REQUIRE(request->learner->settle == NULL ||
	        request->learner->settle(&given, values, &fault));
	return ml_options_value(host, sets, 2, &request->given);
}

static inline ml_status
sample_request(ml_host *host, const char *learner, const sample_option *options,
               ml_request *request)
{
	return sample_learner_request(host, ml_learner_find(test_text(learner)), options,
	                              request);
}

static inline ml_status
sample_train_learner(ml_host *host, ml_frame *frame, const ml_learner *learner,
                     const sample_option *options, ml_result *result)
{
	ml_request request;

	ML_TRY(sample_learner_request(host, learner, options, &request));
	return ml_train(host, frame, &request, result);
}

static inline ml_status
sample_train(ml_host *host, ml_frame *frame, const char *learner,
             const sample_option *options, ml_result *result)
{
	ml_request request;

	ML_TRY(sample_request(host, learner, options, &request));
	return ml_train(host, frame, &request, result);
}

/* An ordered, profiled frame without a holdout, as a learner gets it. */
static inline ml_status
sample_task(ml_host *host, ml_frame *frame, ml_task_kind task, ml_schema *schema,
            ml_problem *problem)
{
	ml_notes notes = {0};

	ML_TRY(ml_frame_order(frame, 0));
	*schema = (ml_schema){0};
	ML_TRY(ml_schema_target(frame, task, (ml_text){NULL, 0}, schema));
	ML_TRY(ml_schema_build(frame, 255, &(ml_uses){0}, schema, &notes));
	*problem = (ml_problem){.frame = frame,
	                        .schema = schema,
	                        .target = ml_frame_role(frame, ML_TARGET),
	                        .weight = ml_frame_role(frame, ML_WEIGHT),
	                        .begin = 0,
	                        .end = frame->rows};
	return ML_OK;
}

/* The same for the task that the target's kind suggests. */
static inline ml_status
sample_problem(ml_host *host, ml_frame *frame, ml_schema *schema, ml_problem *problem)
{
	bool binary = ml_frame_role(frame, ML_TARGET)->kind == ML_CATEGORY;

	return sample_task(host, frame, binary ? ML_BINARY : ML_REGRESSION, schema, problem);
}

#endif
