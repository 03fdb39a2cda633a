/* SPDX-License-Identifier: PostgreSQL */
/*
 * training.c: a frame to a judged model.
 */
#include "judge/calibrate.h"
#include "judge/champion.h"

#include <math.h>
#include <string.h>

#define QUANTILES 20  /* intervals between the lowest and the highest score */
#define SEEN 20000    /* training rows at most that the model is judged on, too */
#define SCORED 200000 /* training rows at most whose scores are looked at */

ml_status
ml_score_range(ml_host *host, const ml_model *model, ml_rows *rows, double *score)
{
	int *column;

	ML_NEW(host, column, model->schema.features);
	for (int f = 0; f < model->schema.features; f++)
		column[f] = model->schema.feature[f].column;
	rows->column = column;
	return ml_score_rows(host, model, rows, score);
}

ml_status
ml_numbers_of_range(ml_host *host, const ml_column *column, int64_t begin, int64_t end,
                    double **out)
{
	*out = NULL;
	if (column == NULL)
		return ML_OK;
	ML_NEW(host, *out, end - begin);
	for (int64_t row = begin; row < end; row++)
		(*out)[row - begin] = *ml_numbers_at(column, row);
	return ML_OK;
}

/* The 0, 5, ..., 100 % quantiles of some scores, by nearest rank. */
static ml_status
score_quantiles(ml_host *host, const double *score, int64_t rows, ml_value *out)
{
	uint32_t *order;
	double *quantile;

	ML_NEW(host, quantile, QUANTILES + 1);
	ML_NEW(host, order, rows);
	ML_TRY(ml_sort_numbers(host, score, rows, order));
	/* a score beyond doubles is kept as not known: a model holds no infinities */
	for (int i = 0; i <= QUANTILES; i++)
	{
		quantile[i] = score[order[(rows - 1) * i / QUANTILES]];
		quantile[i] = isfinite(quantile[i]) ? quantile[i] : NAN;
	}
	*out = ml_value_numbers(quantile, QUANTILES + 1);
	return ML_OK;
}

static ml_status
report_shape(ml_host *host, const ml_report *report, ml_value *object)
{
	ML_TRY(ml_value_object(host, report->metrics, object));
	for (int i = 0; i < report->metrics; i++)
		ml_value_add(object, report->metric[i].name,
		             ml_value_number(report->metric[i].value));
	return ML_OK;
}

/* Rows of a problem beside their scores. */
static ml_status
judge_range(const ml_problem *problem, const ml_model *model, const ml_rows *rows,
            double *score, ml_judged *judged)
{
	ml_host *host = problem->frame->host;
	ml_truth truth = {.score = score};
	double *target, *weight;

	ML_TRY(ml_numbers_of_range(host, problem->target, rows->begin, rows->end, &target));
	ML_TRY(ml_numbers_of_range(host, problem->weight, rows->begin, rows->end, &weight));
	truth.target = target;
	truth.weight = weight;
	return ml_judged_score(host, model, rows, &truth, judged);
}

/* Metrics in a branch: what they take is there again for a comparison with the champion. */
static ml_status
report_apart(ml_host *host, const ml_judged *judged, ml_report *report)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(host));
	status = ml_judged_report(host, judged, report);
	closed = ml_branch_close(host, NULL, 0);
	return status != ML_OK ? status : closed;
}

/* Some training rows at most, of the lowest keys, which are a random sample of them. */
static int64_t
sample_end(const ml_problem *problem, int64_t most)
{
	return problem->end - problem->begin > most ? problem->begin + most : problem->end;
}

/* Judges the model on training rows. */
static ml_status
judge_seen(ml_host *host, const ml_problem *problem, ml_result *result)
{
	ml_rows rows = {.frame = problem->frame,
	                .begin = problem->begin,
	                .end = sample_end(problem, SEEN)};
	ml_judged judged;
	double *score;

	ML_NEW(host, score, rows.end - rows.begin);
	ML_TRY(ml_score_range(host, result->model, &rows, score));
	ML_TRY(judge_range(problem, result->model, &rows, score, &judged));
	return ml_judged_report(host, &judged, &result->trained);
}

static ml_status
look_for_overfitting(ml_host *host, const ml_problem *problem, ml_result *result)
{
	ML_TRY(judge_seen(host, problem, result));
	return ml_overfits(result->model->schema.task, &result->trained, &result->holdout)
	           ? ml_try_fewer(host, problem, result->model, &result->fewer)
	           : ML_OK;
}

/* Score quantiles are those of the holdout, else of a sample of the training rows. */
ml_status
ml_judge_training(ml_host *host, const ml_problem *problem, int32_t *const *code,
                  ml_result *result)
{
	ml_model *model = result->model;
	int64_t judged = problem->judged;
	ml_rows rows = {.frame = problem->frame,
	                .code = code,
	                .begin = judged > 0 ? 0 : problem->begin,
	                .end = judged > 0 ? judged : sample_end(problem, SCORED)};
	double *score;
	ml_value metrics, quantiles;

	ML_NEW(host, score, rows.end - rows.begin);
	ML_TRY(ml_score_range(host, model, &rows, score));
	if (judged > 0)
	{
		ML_TRY(judge_range(problem, model, &rows, score, &result->judged));
		ML_TRY(report_apart(host, &result->judged, &result->holdout));
	}
	ML_TRY(report_shape(host, &result->holdout, &metrics));
	ML_TRY(score_quantiles(host, score, rows.end - rows.begin, &quantiles));
	ML_TRY(ml_value_object(host, 9, &model->training));
	ml_value_add(&model->training, "rows", ml_value_number((double) result->rows));
	ml_value_add(&model->training, "skipped", ml_value_number((double) result->skipped));
	ml_value_add(&model->training, "holdout_rows",
	             ml_value_number((double) problem->begin));
	if (ml_is_calibrated(model))
		ml_value_add(&model->training, "calibration_rows",
		             ml_value_number((double) (problem->begin - judged)));
	ml_value_add(&model->training, "converged", ml_value_bool(model->fitted.converged));
	ml_value_add(&model->training, "iterations",
	             ml_value_number((double) model->fitted.iterations));
	ml_value_add(&model->training, "metrics", metrics);
	ml_value_add(&model->training, "score_quantiles", quantiles);
	return ML_OK;
}

/* The column that an option names, if it does. */
static void
take_use(const ml_request *request, const char *option, ml_text *name)
{
	const ml_value *given = ml_value_member(&request->given, option);

	if (given != NULL && given->kind == ML_VALUE_TEXT)
		*name = given->text;
}

/* Profile and guards: what every learner needs before it starts. */
static ml_status
lay_out(ml_host *host, ml_frame *frame, const ml_request *request, ml_problem *problem,
        ml_result *result)
{
	ml_schema *schema = &result->model->schema;
	const ml_model *earlier = request->earlier;
	ml_uses uses = {.kept = earlier != NULL ? &earlier->schema : NULL,
	                .missing_tells = request->learner->missing_tells};
	ml_text positive = request->common.positive;

	take_use(request, "offset", &uses.name[ML_USE_OFFSET]);
	take_use(request, "exposure", &uses.name[ML_USE_EXPOSURE]);
	if (frame->holdout_rows == frame->rows)
		return ML_NO_TRAINING_ROWS;
	/* which of two classes is rarer may have changed */
	if (earlier != NULL && positive.bytes == NULL && earlier->schema.task == ML_BINARY)
		positive = earlier->schema.class_label[1];
	ML_TRY(ml_schema_target(frame, request->learner->task, positive, schema));
	ML_TRY(ml_schema_build(frame, (int) request->common.max_categories, &uses, schema,
	                       &result->notes));
	*problem = (ml_problem){.frame = frame,
	                        .schema = schema,
	                        .target = ml_frame_role(frame, ML_TARGET),
	                        .weight = ml_frame_role(frame, ML_WEIGHT),
	                        .cluster = ml_frame_role(frame, ML_CLUSTER),
	                        .begin = frame->holdout_rows,
	                        .end = frame->rows,
	                        .judged = frame->holdout_rows};
	if (request->drop_copies && problem->target != NULL)
		ML_TRY(ml_guard_copies(host, problem, schema, &result->notes));
	if (problem->target != NULL)
		ML_TRY(ml_guard_leaks(host, problem, &result->notes));
	if (request->common.order_by.bytes != NULL)
		ML_TRY(ml_guard_drift(host, problem, &result->drift, &result->notes));
	return request->advise ? ml_guard_twins(host, problem, &result->notes) : ML_OK;
}

/* Bins are part of what is known of the features, so they come from the training rows alone. */
static ml_status
encode(ml_frame *frame, const ml_request *request, ml_result *result)
{
	const ml_bin_options *bins = NULL;

	if (request->learner->bins != NULL)
		bins = request->learner->bins(request->options);
	return bins == NULL
	           ? ML_OK
	           : ml_schema_encode(frame, bins, &result->model->schema, &result->notes);
}

/* Copies what was learned into one piece. */
static ml_status
pack(ml_host *host, const ml_fitted *fitted, double **all, int64_t *count)
{
	int64_t at = 0;

	for (int p = 0; p < fitted->parts; p++)
		*count += fitted->part[p].count;
	ML_NEW_RAW(host, *all, *count);
	for (int p = 0; p < fitted->parts; p++)
	{
		const ml_part *part = &fitted->part[p];

		if (part->count > 0)
			memcpy(*all + at, part->number, (size_t) part->count * sizeof **all);
		at += part->count;
	}
	return ML_OK;
}

/* Fits in a branch: what it takes is given back, so that judging adds nothing to the peak. */
static ml_status
fit_apart(ml_host *host, const ml_problem *problem, const ml_request *request,
          ml_fitted *fitted)
{
	double *all = NULL;
	int64_t count = 0;
	ml_status status, closed;

	ML_TRY(ml_branch_open(host));
	status = request->learner->fit(host, problem, request->options, fitted);
	if (status == ML_OK)
		status = pack(host, fitted, &all, &count);
	closed = ml_branch_close(host, status == ML_OK ? (void **) &all : NULL,
	                         (size_t) count * sizeof *all);
	ML_TRY(status);
	ML_TRY(closed);
	for (int p = 0; p < fitted->parts; p++)
	{
		fitted->part[p].number = all;
		all += fitted->part[p].count;
	}
	return ML_OK;
}

ml_status
ml_train_ordered(ml_host *host, ml_frame *frame, const ml_request *request,
                 ml_result *result)
{
	ml_model *model;
	ml_problem problem;
	ml_earlier earlier;

	ML_NEW(host, result->model, 1);
	model = result->model;
	ML_TRY(lay_out(host, frame, request, &problem, result));
	if (request->earlier != NULL)
	{
		earlier = (ml_earlier){.schema = &request->earlier->schema,
		                       .fitted = &request->earlier->fitted};
		problem.earlier = &earlier;
	}
	ML_TRY(encode(frame, request, result));
	ML_TRY(ml_memory_check(
	    host, request->learner->memory(&problem, request->options, host->threads)));
	ML_TRY(fit_apart(host, &problem, request, &model->fitted));
	model->learner = request->learner;
	model->options = request->given;
	if (model->schema.task == ML_SEGMENTATION)
		ML_TRY(ml_segments_open(host, model));
	ML_TRY(ml_model_prepare(host, model));
	ML_TRY(ml_model_equip(host, model));
	if (model->schema.task == ML_SEGMENTATION && request->named != NULL)
		ML_TRY(ml_segments_keep(host, &problem, request->named, model));
	if (model->schema.task == ML_SEGMENTATION)
		ML_TRY(ml_segments_label(host, model));
	ml_progress(host, ML_STAGE_JUDGE, 0, 1);
	if (request->common.calibrate.bytes != NULL)
		ML_TRY(ml_calibrate(host, &request->common, &problem, model));
	ML_TRY(ml_judge_training(host, &problem, NULL, result));
	return request->advise && problem.target != NULL && !request->learner->recalls &&
	               problem.judged > 0
	           ? look_for_overfitting(host, &problem, result)
	           : ML_OK;
}

static ml_status
train(ml_host *host, ml_frame *frame, const ml_request *request, ml_result *result)
{
	ML_TRY(ml_frame_order(frame, request->common.holdout));
	if (request->champion != NULL)
		ML_TRY(ml_champion_judge(host, frame, &request->common, request->champion));
	if (request->common.by.bytes != NULL)
		return ml_train_by_group(host, frame, request, result);
	return ml_train_ordered(host, frame, request, result);
}

ml_status
ml_train(ml_host *host, ml_frame *frame, const ml_request *request, ml_result *result)
{
	ml_status status;

	*result = (ml_result){.rows = frame->rows, .skipped = frame->skipped};
	if (frame->rows == 0)
		return ML_NO_ROWS;
	ML_TRY(ml_pool_open(host));
	status = train(host, frame, request, result);
	ml_pool_close(host);
	return status;
}
