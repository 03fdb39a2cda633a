/* SPDX-License-Identifier: PostgreSQL */
/*
 * target.c: the target's profile, and classes as zeros and ones.
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

	if (positive.bytes != NULL)
	{
		*chosen = ml_dictionary_find(labels, positive);
		return *chosen >= 0 && rows[*chosen] > 0 ? ML_OK : ML_NO_SUCH_CLASS;
	}
	for (int32_t code = 0; code < labels->count; code++)
		if (rows[code] > 0 && classes++ < 2)
			present[classes - 1] = code;
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

/* Codes become numbers: 1 for the positive label, 0 for any other. */
static ml_status
to_zero_and_one(ml_frame *frame, ml_column *target, int32_t positive)
{
	void **chunk;

	ML_NEW(frame->host, chunk, frame->chunk_room);
	for (int64_t i = 0; i < frame->chunks; i++)
	{
		int64_t first = i << ML_CHUNK_BITS;
		const int32_t *codes = target->chunk[i];
		double *numbers;

		ML_NEW(frame->host, numbers, i == 0 ? frame->first_room : ML_CHUNK);
		for (int64_t at = 0; at < ML_CHUNK && first + at < frame->rows; at++)
			numbers[at] = codes[at] == positive;
		chunk[i] = numbers;
	}
	target->chunk = chunk;
	target->kind = ML_NUMBER;
	return ML_OK;
}

static ml_status
profile_classes(ml_frame *frame, ml_column *target, ml_text positive, ml_schema *schema)
{
	ml_dictionary *labels = target->dictionary;
	int64_t *rows;
	int32_t chosen, other = -1;
	int others = 0;

	ML_NEW(frame->host, rows, labels->count);
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
		rows[*ml_codes_at(target, row)]++;
	ML_TRY(choose_positive(frame, labels, rows, positive, &chosen));
	for (int32_t code = 0; code < labels->count; code++)
		if (code != chosen && rows[code] > 0)
		{
			other = code;
			others++;
		}
	if (others == 0)
		return ML_ONE_VALUE;
	schema->rest = others > 1;
	schema->class_label[1] = labels->label[chosen];
	schema->class_label[0] = labels->label[other];
	if (schema->rest)
		schema->class_label[0] = ml_text_is(labels->label[chosen], "other")
		                             ? (ml_text){"not other", 9}
		                             : (ml_text){"other", 5};
	schema->class_count[1] = (double) rows[chosen];
	schema->class_count[0] = schema->rows - schema->class_count[1];
	return to_zero_and_one(frame, target, chosen);
}

ml_status
ml_schema_target(ml_frame *frame, ml_task_kind task, ml_text positive, ml_schema *schema)
{
	ml_column *target = ml_frame_role(frame, ML_TARGET);

	schema->task = task;
	schema->target = target->name;
	schema->rows = (double) (frame->rows - frame->holdout_rows);
	if (task == ML_REGRESSION)
		return profile_value(frame, target, schema);
	return profile_classes(frame, target, positive, schema);
}
