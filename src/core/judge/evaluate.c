/* SPDX-License-Identifier: PostgreSQL */
/*
 * evaluate.c: a model on the rows of a frame.
 */
#include "judge/judge.h"

#include <math.h>

typedef struct score_work
{
	const ml_model *model;
	const ml_rows *rows;
	double *score;
	double *row[ML_MAX_THREADS]; /* one row of features, per thread */
} score_work;

static double
value_of(const ml_rows *rows, int feature, int64_t row)
{
	const ml_column *column = &rows->frame->column[rows->column[feature]];
	int32_t code;

	if (column->kind == ML_NUMBER)
		return *ml_numbers_at(column, row);
	code = *ml_codes_at(column, row);
	return code >= 0 && rows->code != NULL ? rows->code[feature][code] : code;
}

static ml_status
score_chunk(void *argument, int64_t task, ml_worker *worker)
{
	score_work *work = argument;
	const ml_rows *rows = work->rows;
	double *x = work->row[worker->index];
	int64_t row = rows->begin + task * ML_CHUNK;
	int64_t end = row + ML_CHUNK < rows->end ? row + ML_CHUNK : rows->end;

	for (; row < end; row++)
	{
		if (row % ML_BLOCK == 0 && ml_worker_stop(worker))
			return ML_STOPPED;
		for (int f = 0; f < work->model->schema.features; f++)
			x[f] = value_of(rows, f, row);
		work->score[row - rows->begin] = ml_model_score(work->model, x);
	}
	return ML_OK;
}

ml_status
ml_score_rows(ml_host *host, const ml_model *model, const ml_rows *rows, double *score)
{
	score_work work = {.model = model, .rows = rows, .score = score};

	for (int i = 0; i < ml_pool_threads(host); i++)
		ML_NEW(host, work.row[i], model->schema.features);
	return ml_parallel(host, (rows->end - rows->begin + ML_CHUNK - 1) / ML_CHUNK,
	                   score_chunk, &work);
}

/* For each category, the schema's code of every label of the frame's dictionary. */
static ml_status
translate_codes(ml_host *host, const ml_model *model, const ml_rows *rows,
                int32_t ***code)
{
	ML_NEW(host, *code, model->schema.features);
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_dictionary *labels = rows->frame->column[rows->column[f]].dictionary;

		if (model->schema.feature[f].kind != ML_CATEGORY)
			continue;
		ML_NEW(host, (*code)[f], labels->count);
		for (int32_t i = 0; i < labels->count; i++)
			(*code)[f][i] = ml_feature_code(&model->schema.feature[f], labels->label[i]);
	}
	return ML_OK;
}

/* Outcomes as numbers; the positive class is 1. */
static ml_status
read_targets(ml_host *host, const ml_schema *schema, const ml_rows *rows, double *target)
{
	const ml_column *column = ml_frame_role(rows->frame, ML_TARGET);

	for (int64_t row = rows->begin; row < rows->end; row++)
	{
		ml_text label;

		if (column->kind == ML_NUMBER)
		{
			target[row - rows->begin] = *ml_numbers_at(column, row);
			continue;
		}
		label = column->dictionary->label[*ml_codes_at(column, row)];
		target[row - rows->begin] = ml_text_equal(label, schema->class_label[1]);
		if (target[row - rows->begin] == 0 && !schema->rest &&
		    !ml_text_equal(label, schema->class_label[0]))
			return ml_fail(host, ML_NO_SUCH_CLASS, (int) (column - rows->frame->column),
			               row + 1);
	}
	return ML_OK;
}

static ml_status
evaluate(ml_host *host, const ml_model *model, const ml_rows *rows, ml_report *report)
{
	const ml_column *weights = ml_frame_role(rows->frame, ML_WEIGHT);
	int64_t count = rows->end - rows->begin;
	double *score, *target, *weight = NULL;
	ml_rows translated = *rows;
	ml_outcomes outcomes;
	int32_t **code;

	ML_NEW(host, score, count);
	ML_NEW(host, target, count);
	ML_TRY(read_targets(host, &model->schema, rows, target));
	ML_TRY(translate_codes(host, model, rows, &code));
	translated.code = code;
	ML_TRY(ml_score_rows(host, model, &translated, score));
	if (weights != NULL)
	{
		ML_NEW(host, weight, count);
		for (int64_t row = rows->begin; row < rows->end; row++)
			weight[row - rows->begin] = *ml_numbers_at(weights, row);
	}
	outcomes =
	    (ml_outcomes){.rows = count, .score = score, .target = target, .weight = weight};
	return model->schema.task == ML_BINARY ? ml_judge_binary(host, &outcomes, report)
	                                       : ml_judge_regression(host, &outcomes, report);
}

ml_status
ml_evaluate(ml_host *host, const ml_model *model, const ml_rows *rows, ml_report *report)
{
	ml_status status;

	ML_TRY(ml_pool_open(host));
	status = evaluate(host, model, rows, report);
	ml_pool_close(host);
	return status;
}
