/* SPDX-License-Identifier: PostgreSQL */
/*
 * evaluate.c: a model on the rows of a frame.
 */
#include "judge/judge.h"

#include <math.h>

#define AT_ONCE 128   /* rows that are scored together */
#define NUMBERS 65536 /* of them, at most */

typedef struct score_work
{
	const ml_model *model;
	const ml_rows *rows;
	double *score;
	int64_t width;   /* of a row of features, with what a model may write behind */
	int64_t at_once; /* rows that are scored together */
	double *row[ML_MAX_THREADS]; /* [at_once][width] per thread */
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

bool
ml_rows_gather(const ml_rows *rows, const ml_schema *schema, int64_t row, double *x)
{
	const ml_variation *varied = rows->variation;
	bool other = false;

	for (int f = 0; f < schema->features; f++)
		x[f] = value_of(rows, f, row);
	for (int i = 0; varied != NULL && i < varied->features; i++)
	{
		int f = varied->feature[i];
		double value = value_of(rows, f, rows->begin + varied->from[row - rows->begin]);

		/* missing differs from missing here, which does no harm */
		other |= value != x[f];
		x[f] = value;
	}
	return other;
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

/* Takes over what is known of a row that no variation has changed; false if that is nothing. */
static bool
keep_answer(score_work *work, int64_t at)
{
	const ml_variation *varied = work->rows->variation;
	const ml_judged *known = varied != NULL ? varied->unvaried : NULL;

	if (known == NULL)
		return false;
	if (work->predicted != NULL)
	{
		work->predicted[at] = known->classes.predicted[at];
		work->likelihood[at] = known->classes.likelihood[at];
	}
	else
		work->score[at] = known->outcomes.score[at];
	return true;
}

/* Rows of one chunk, as many as there are. */
typedef struct run
{
	const ml_rows *rows;
	int64_t row;
	int64_t count;
} run;

/* A feature of them into every width-th number. */
static void
take_feature(const run *taken, int feature, double *x, int64_t width)
{
	const ml_rows *rows = taken->rows;
	const ml_column *column = &rows->frame->column[rows->column[feature]];
	const int32_t *to = rows->code != NULL ? rows->code[feature] : NULL;

	if (column->kind == ML_NUMBER)
	{
		const double *number = ml_numbers_at(column, taken->row);

		for (int64_t i = 0; i < taken->count; i++)
			x[i * width] = number[i];
	}
	else
	{
		const int32_t *code = ml_codes_at(column, taken->row);

		for (int64_t i = 0; i < taken->count; i++)
			x[i * width] = to != NULL && code[i] >= 0 ? to[code[i]] : code[i];
	}
}

/* All features of so many rows, column by column. */
static void
take_rows(score_work *work, int64_t row, int64_t count, double *x)
{
	run taken = {.rows = work->rows};

	for (int64_t i = 0; i < count; i += taken.count)
	{
		taken.row = row + i;
		taken.count = ML_CHUNK - (taken.row & (ML_CHUNK - 1));
		taken.count = taken.count < count - i ? taken.count : count - i;
		for (int f = 0; f < work->model->schema.features; f++)
			take_feature(&taken, f, x + i * work->width + f, work->width);
	}
}

/*
 * Features of so many rows from row on, but of those whose answer is known; place tells which
 * rows these are.  Answers how many.
 */
static int64_t
gather(score_work *work, int64_t row, int64_t count, double *x, int64_t *place)
{
	const ml_rows *rows = work->rows;
	const ml_schema *schema = &work->model->schema;
	int64_t kept = 0;

	if (rows->variation == NULL)
	{
		take_rows(work, row, count, x);
		for (int64_t i = 0; i < count; i++)
			place[i] = row + i - rows->begin;
		return count;
	}
	for (int64_t i = 0; i < count; i++)
		if (ml_rows_gather(rows, schema, row + i, x + kept * work->width) ||
		    !keep_answer(work, row + i - rows->begin))
			place[kept++] = row + i - rows->begin;
	return kept;
}

static void
score_block(score_work *work, int64_t row, int64_t count, double *x)
{
	int64_t place[AT_ONCE], kept = gather(work, row, count, x, place);
	double score[AT_ONCE];

	if (work->predicted == NULL)
		ml_model_scores(work->model, x, work->width, kept, score);
	for (int64_t i = 0; i < kept; i++)
		if (work->predicted == NULL)
			work->score[place[i]] = score[i];
		else
			score_class(work, x + i * work->width, place[i]);
}

static ml_status
score_chunk(void *argument, int64_t task, ml_worker *worker)
{
	score_work *work = argument;
	int64_t row = work->rows->begin + task * ML_CHUNK;
	int64_t end = row + ML_CHUNK < work->rows->end ? row + ML_CHUNK : work->rows->end;

	for (; row < end; row += work->at_once)
	{
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		score_block(work, row, end - row < work->at_once ? end - row : work->at_once,
		            work->row[worker->index]);
	}
	return ML_OK;
}

int64_t
ml_rows_at_once(int64_t width)
{
	return width * AT_ONCE <= NUMBERS ? AT_ONCE : NUMBERS / width + 1;
}

static ml_status
run_work(ml_host *host, score_work *work)
{
	work->width = ml_model_room(work->model);
	work->at_once = ml_rows_at_once(work->width);
	for (int i = 0; i < ml_pool_threads(host); i++)
		ML_NEW(host, work->row[i], work->at_once * work->width);
	return ml_parallel(host,
	                   (work->rows->end - work->rows->begin + ML_CHUNK - 1) / ML_CHUNK,
	                   score_chunk, work);
}

ml_status
ml_score_rows(ml_host *host, const ml_model *model, const ml_rows *rows, double *score)
{
	return run_work(host, &(score_work){.model = model, .rows = rows, .score = score});
}

/* Of several classes the score is not used: what was predicted takes all probabilities. */
static ml_status
judged_classes(ml_host *host, score_work *work, const ml_truth *truth, ml_judged *judged)
{
	int64_t rows = work->rows->end - work->rows->begin;

	ML_NEW(host, work->predicted, rows);
	ML_NEW(host, work->likelihood, rows);
	work->target = truth->target;
	ML_TRY(run_work(host, work));
	judged->classes = (ml_class_outcomes){.rows = rows,
	                                      .classes = work->model->schema.classes,
	                                      .target = truth->target,
	                                      .predicted = work->predicted,
	                                      .likelihood = work->likelihood,
	                                      .weight = truth->weight};
	return ML_OK;
}

static ml_status
judged_scores(ml_host *host, score_work *work, const ml_truth *truth, ml_judged *judged)
{
	const ml_model *model = work->model;
	ml_outcomes *outcomes = &judged->outcomes;

	*outcomes = (ml_outcomes){.rows = work->rows->end - work->rows->begin,
	                          .target = truth->target,
	                          .score = truth->score,
	                          .weight = truth->weight,
	                          .deviance = model->learner->deviance,
	                          .state = model->by != NULL ? model->by->overall->state
	                                                     : model->state};
	if (truth->score != NULL)
		return ML_OK;
	ML_NEW(host, work->score, outcomes->rows);
	outcomes->score = work->score;
	return run_work(host, work);
}

ml_status
ml_judged_score(ml_host *host, const ml_model *model, const ml_rows *rows,
                const ml_truth *truth, ml_judged *judged)
{
	score_work work = {.model = model, .rows = rows};

	*judged = (ml_judged){.task = model->schema.task};
	if (judged->task == ML_SEGMENTATION)
		return ml_judge_segments(host, model, rows, &judged->segments);
	return judged->task == ML_MULTICLASS ? judged_classes(host, &work, truth, judged)
	                                     : judged_scores(host, &work, truth, judged);
}

ml_status
ml_judged_report(ml_host *host, const ml_judged *judged, ml_report *report)
{
	switch (judged->task)
	{
		case ML_MULTICLASS:
			return ml_judge_classes(host, &judged->classes, report);
		case ML_BINARY:
			return ml_judge_binary(host, &judged->outcomes, report);
		case ML_SEGMENTATION:
			*report = judged->segments;
			return ML_OK;
		case ML_REGRESSION:
			break;
	}
	return ml_judge_regression(host, &judged->outcomes, report);
}

ml_status
ml_judge_rows(ml_host *host, const ml_model *model, const ml_rows *rows,
              const ml_truth *truth, ml_report *report)
{
	ml_judged judged;

	ML_TRY(ml_judged_score(host, model, rows, truth, &judged));
	return ml_judged_report(host, &judged, report);
}

static ml_status
read_and_score(ml_host *host, const ml_model *model, const ml_rows *rows,
               ml_judged *judged)
{
	ml_rows translated;
	ml_truth truth;

	ML_TRY(ml_truth_read(host, model, rows, &translated, &truth));
	return ml_judged_score(host, model, &translated, &truth, judged);
}

ml_status
ml_judged_read(ml_host *host, const ml_model *model, const ml_rows *rows,
               ml_judged *judged)
{
	ml_status status;

	ML_TRY(ml_pool_open(host));
	status = read_and_score(host, model, rows, judged);
	ml_pool_close(host);
	return status;
}

ml_status
ml_evaluate(ml_host *host, const ml_model *model, const ml_rows *rows, ml_report *report)
{
	ml_judged judged;

	ML_TRY(ml_judged_read(host, model, rows, &judged));
	return ml_judged_report(host, &judged, report);
}
