/* SPDX-License-Identifier: PostgreSQL */
/*
 * target.c: the target's profile, and classes as numbers.
 */
#include "data/data.h"

#include <math.h>
#include <string.h>

static ml_status
profile_value(ml_frame *frame, const ml_column *target, ml_schema *schema)
{
	double sum = 0, squares = 0, rows = schema->rows;
	double first = *ml_numbers_at(target, frame->holdout_rows);

	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
		sum += *ml_numbers_at(target, row) - first;
	schema->target_mean = first + sum / rows;
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
	{
		double away = *ml_numbers_at(target, row) - schema->target_mean;

		squares += away * away;
	}
	schema->target_sd = sqrt(squares / rows);
	if (!isfinite(schema->target_sd))
		return ml_fail(frame->host, ML_NOT_NUMERIC, (int) (target - frame->column), -1);
	return sum == 0 && squares == 0 ? ML_ONE_VALUE : ML_OK;
}

/* The positive label: the one named, else "true", else "1" of 0 and 1, else the rarer, else the later one. */
static ml_status
choose_positive(ml_frame *frame, const ml_dictionary *labels, const int64_t *rows,
                ml_text positive, int32_t *chosen)
{
	int32_t present[2], classes = 0;

	for (int32_t code = 0; code < labels->count; code++)
		if (rows[code] > 0 && classes++ < 2)
			present[classes - 1] = code;
	if (positive.bytes != NULL)
	{
		*chosen = ml_dictionary_find(labels, positive);
		if (*chosen >= 0 && rows[*chosen] > 0)
			return ML_OK;
		return classes < 2 ? ML_ONE_VALUE : ML_NO_SUCH_CLASS;
	}
	if (classes > 2)
	{
		frame->host->fault.count = classes;
		return ML_TOO_MANY_CLASSES;
	}
	if (classes < 2)
		return ML_ONE_VALUE;
	*chosen = ml_dictionary_find(labels, (ml_text){"true", 4});
	/* among 0 and 1, 1 stands for true */
	if (*chosen < 0 && ml_dictionary_find(labels, (ml_text){"0", 1}) >= 0)
		*chosen = ml_dictionary_find(labels, (ml_text){"1", 1});
	if (*chosen >= 0 && rows[*chosen] > 0)
		return ML_OK;
	if (rows[present[0]] != rows[present[1]])
		*chosen = rows[present[0]] < rows[present[1]] ? present[0] : present[1];
	else
		*chosen =
		    ml_text_compare(labels->label[present[0]], labels->label[present[1]]) > 0
		        ? present[0]
		        : present[1];
	return ML_OK;
}

/* Codes become the numbers of their classes. */
static ml_status
to_class_numbers(ml_frame *frame, ml_column *target, const double *class_of)
{
	void **chunk = frame->spare;

	frame->spare = NULL;
	if (chunk == NULL)
		ML_NEW(frame->host, chunk, frame->chunk_room);
	for (int64_t i = 0; i < frame->chunks; i++)
	{
		int64_t first = i << ML_CHUNK_BITS;
		const int32_t *codes = target->chunk[i];
		double *numbers = chunk[i];

		if (numbers == NULL)
			ML_NEW(frame->host, numbers, i == 0 ? frame->first_room : ML_CHUNK);
		for (int64_t at = 0; at < ML_CHUNK && first + at < frame->rows; at++)
			numbers[at] = class_of[codes[at]];
		chunk[i] = numbers;
	}
	target->chunk = chunk;
	target->kind = ML_NUMBER;
	return ML_OK;
}

/* Training rows of every label. */
static ml_status
count_labels(ml_frame *frame, const ml_column *target, int64_t **rows)
{
	ML_NEW(frame->host, *rows, target->dictionary->count);
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
		(*rows)[*ml_codes_at(target, row)]++;
	return ML_OK;
}

static ml_status
new_classes(ml_host *host, int classes, ml_schema *schema)
{
	schema->classes = classes;
	ML_NEW(host, schema->class_label, classes);
	ML_NEW(host, schema->class_count, classes);
	return ML_OK;
}

static ml_status
profile_two(ml_frame *frame, ml_column *target, ml_text positive, ml_schema *schema)
{
	ml_dictionary *labels = target->dictionary;
	double *class_of;
	int64_t *rows;
	int32_t chosen, other = -1;
	int others = 0;

	ML_TRY(count_labels(frame, target, &rows));
	ML_TRY(choose_positive(frame, labels, rows, positive, &chosen));
	for (int32_t code = 0; code < labels->count; code++)
		if (code != chosen && rows[code] > 0)
		{
			other = code;
			others++;
		}
	if (others == 0)
		return ML_ONE_VALUE;
	ML_TRY(new_classes(frame->host, 2, schema));
	schema->positive = 1;
	schema->rest = others > 1;
	schema->class_label[1] = labels->label[chosen];
	schema->class_label[0] = labels->label[other];
	if (schema->rest)
		schema->class_label[0] = ml_text_is(labels->label[chosen], "other")
		                             ? (ml_text){"not other", 9}
		                             : (ml_text){"other", 5};
	schema->class_count[1] = (double) rows[chosen];
	schema->class_count[0] = schema->rows - schema->class_count[1];
	ML_NEW(frame->host, class_of, labels->count);
	class_of[chosen] = 1;
	return to_class_numbers(frame, target, class_of);
}

static int
by_label(const void *context, uint32_t a, uint32_t b)
{
	const ml_text *label = context;

	return ml_text_compare(label[a], label[b]);
}

static ml_status
profile_several(ml_frame *frame, ml_column *target, ml_text positive, ml_schema *schema)
{
	ml_dictionary *labels = target->dictionary;
	uint32_t *present, *work;
	double *class_of;
	int64_t *rows;
	int classes = 0;

	ML_TRY(count_labels(frame, target, &rows));
	ML_NEW(frame->host, present, labels->count);
	ML_NEW(frame->host, work, labels->count);
	ML_NEW(frame->host, class_of, labels->count);
	for (int32_t code = 0; code < labels->count; code++)
	{
		class_of[code] = -1;
		if (rows[code] > 0)
			present[classes++] = (uint32_t) code;
	}
	if (classes < 2)
		return ML_ONE_VALUE;
	frame->host->fault.count = classes;
	if (classes > ML_MAX_CLASSES)
		return ML_TOO_MANY_CLASSES;
	ML_TRY(ml_sort_indexes(frame->host, present, work, classes, by_label, labels->label));
	ML_TRY(new_classes(frame->host, classes, schema));
	for (int k = 0; k < classes; k++)
	{
		schema->class_label[k] = labels->label[present[k]];
		schema->class_count[k] = (double) rows[present[k]];
		class_of[present[k]] = k;
	}
	schema->positive = -1;
	if (positive.bytes != NULL &&
	    (schema->positive = ml_schema_class(schema, positive)) < 0)
		return ML_NO_SUCH_CLASS;
	return to_class_numbers(frame, target, class_of);
}

int
ml_schema_class(const ml_schema *schema, ml_text label)
{
	int low = 0, high = schema->classes;

	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = ml_text_compare(label, schema->class_label[middle]);

		if (order == 0)
			return middle;
		low = order > 0 ? middle + 1 : low;
		high = order < 0 ? middle : high;
	}
	return -1;
}

ml_status
ml_target_labels(const ml_frame *frame, int64_t *labels)
{
	const ml_column *target = ml_frame_role(frame, ML_TARGET);
	bool *seen;

	*labels = 0;
	if (target == NULL || target->kind != ML_CATEGORY)
		return ML_OK;
	ML_NEW(frame->host, seen, target->dictionary->count);
	for (int64_t row = 0; row < frame->rows; row++)
	{
		int32_t code = *ml_codes_at(target, row);

		*labels += !seen[code];
		seen[code] = true;
	}
	return ML_OK;
}

ml_status
ml_schema_target(ml_frame *frame, ml_task_kind task, ml_text positive, ml_schema *schema)
{
	ml_column *target = ml_frame_role(frame, ML_TARGET);

	schema->task = task;
	schema->rows = (double) (frame->rows - frame->holdout_rows);
	schema->positive = -1;
	if (task == ML_SEGMENTATION)
		return ML_OK;
	schema->target = target->name;
	if (task == ML_REGRESSION)
		return profile_value(frame, target, schema);
	return task == ML_BINARY ? profile_two(frame, target, positive, schema)
	                         : profile_several(frame, target, positive, schema);
}
