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
	/* of several classes, where outcomes are known */
	const double *target;
	double *predicted;
	double *likelihood;
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

/* Class and likelihood of the outcome of row number at. */
static void
score_class(score_work *work, const double *x, int64_t at)
{
	double probability[ML_MAX_CLASSES];

	ml_model_probabilities(work->model, x, probability);
	work->predicted[at] = ml_likeliest(work->model->schema.classes, probability);
	work->likelihood[at] =
	    work->target[at] >= 0 ? probability[(int) work->target[at]] : 0;
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
		if (work->predicted != NULL)
			score_class(work, x, row - rows->begin);
		else
			work->score[row - rows->begin] = ml_model_score(work->model, x);
	}
	return ML_OK;
}

static ml_status
run_work(ml_host *host, score_work *work)
{
	for (int i = 0; i < ml_pool_threads(host); i++)
		ML_NEW(host, work->row[i], ml_model_room(work->model));
	return ml_parallel(host,
	                   (work->rows->end - work->rows->begin + ML_CHUNK - 1) / ML_CHUNK,
	                   score_chunk, work);
}

ml_status
ml_score_rows(ml_host *host, const ml_model *model, const ml_rows *rows, double *score)
{
	return run_work(host, &(score_work){.model = model, .rows = rows, .score = score});
}

static ml_status
judge_classes(ml_host *host, score_work *work, const ml_truth *truth, ml_report *report)
{
	int64_t rows = work->rows->end - work->rows->begin;

	ML_NEW(host, work->predicted, rows);
	ML_NEW(host, work->likelihood, rows);
	work->target = truth->target;
	ML_TRY(run_work(host, work));
	return ml_judge_classes(host,
	                        &(ml_class_outcomes){.rows = rows,
	                                             .classes = work->model->schema.classes,
	                                             .target = truth->target,
	                                             .predicted = work->predicted,
	                                             .likelihood = work->likelihood,
	                                             .weight = truth->weight},
	                        report);
}

ml_status
ml_judge_rows(ml_host *host, const ml_model *model, const ml_rows *rows,
              const ml_truth *truth, ml_report *report)
{
	score_work work = {.model = model, .rows = rows};
	ml_outcomes outcomes = {.rows = rows->end - rows->begin,
	                        .target = truth->target,
	                        .weight = truth->weight};

	if (model->schema.task == ML_MULTICLASS)
		return judge_classes(host, &work, truth, report);
	outcomes.deviance = model->learner->deviance;
	outcomes.state = model->by != NULL ? model->by->overall->state : model->state;
	outcomes.score = truth->score;
	if (truth->score == NULL)
	{
		ML_NEW(host, work.score, outcomes.rows);
		ML_TRY(run_work(host, &work));
		outcomes.score = work.score;
	}
	return model->schema.task == ML_BINARY ? ml_judge_binary(host, &outcomes, report)
	                                       : ml_judge_regression(host, &outcomes, report);
}

ml_status
ml_rows_translate(ml_host *host, const ml_model *model, const ml_rows *rows,
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

/* Numbers of classes; -1 for a label that is none, which all of them cannot be. */
static ml_status
read_classes(ml_host *host, const ml_schema *schema, const ml_rows *rows, double *target)
{
	const ml_column *column = ml_frame_role(rows->frame, ML_TARGET);
	const ml_dictionary *labels = column->dictionary;
	int32_t *class_of;
	bool known = rows->begin == rows->end;

	ML_NEW(host, class_of, labels->count);
	for (int32_t i = 0; i < labels->count; i++)
		class_of[i] = ml_schema_class(schema, labels->label[i]);
	for (int64_t row = rows->begin; row < rows->end; row++)
	{
		target[row - rows->begin] = class_of[*ml_codes_at(column, row)];
		known |= target[row - rows->begin] >= 0;
	}
	return known ? ML_OK
	             : ml_fail(host, ML_NO_SUCH_CLASS, (int) (column - rows->frame->column),
	                       rows->begin + 1);
}

/* Outcomes as numbers; of two classes the positive one is 1. */
static ml_status
read_targets(ml_host *host, const ml_schema *schema, const ml_rows *rows, double *target)
{
	const ml_column *column = ml_frame_role(rows->frame, ML_TARGET);

	if (schema->task == ML_MULTICLASS)
		return read_classes(host, schema, rows, target);
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
	double *target, *weight = NULL;
	ml_rows translated = *rows;
	int32_t **code;

	ML_NEW(host, target, count);
	ML_TRY(read_targets(host, &model->schema, rows, target));
	ML_TRY(ml_rows_translate(host, model, rows, &code));
	translated.code = code;
	if (weights != NULL)
	{
		ML_NEW(host, weight, count);
		for (int64_t row = rows->begin; row < rows->end; row++)
			weight[row - rows->begin] = *ml_numbers_at(weights, row);
	}
	return ml_judge_rows(host, model, &translated,
	                     &(ml_truth){.target = target, .weight = weight}, report);
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
