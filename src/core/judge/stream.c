/* SPDX-License-Identifier: PostgreSQL */
/*
 * stream.c: a model on rows that come piece by piece.  Of each row only what came out and what the
 * model says of it stay, so memory does not grow with the columns.
 */
#include "judge/judge.h"

#include <string.h>

#define MOST_ARRAYS 4

/* What stays of a piece: arrays of numbers, one behind the other. */
typedef struct ml_piece
{
	struct ml_piece *next;
	int64_t rows;
	const double *kept; /* [arrays][rows] */
} ml_piece;

/* The arrays of judged rows that are kept, in their order; answers how many there are. */
static int
arrays_of(const ml_judged *judged, const double *array[MOST_ARRAYS])
{
	bool several = judged->task == ML_MULTICLASS;
	const ml_outcomes *one = &judged->outcomes;
	const ml_class_outcomes *many = &judged->classes;
	const double *weight = several ? many->weight : one->weight;
	int count = 0;

	array[count++] = several ? many->target : one->target;
	array[count++] = several ? many->predicted : one->score;
	if (several)
		array[count++] = many->likelihood;
	if (weight != NULL)
		array[count++] = weight;
	return count;
}

static ml_status
score_piece(ml_stream *stream, const ml_rows *rows, ml_judged *judged)
{
	ml_rows translated;
	ml_truth truth;
	bool known;

	ML_TRY(ml_truth_take(stream->host, stream->model, rows, &translated, &truth, &known));
	stream->known |= known;
	stream->target = (int) (ml_frame_role(rows->frame, ML_TARGET) - rows->frame->column);
	return ml_judged_score(stream->host, stream->model, &translated, &truth, judged);
}

/* Scores with a pool of its own, and puts what stays into one block. */
static ml_status
make_block(ml_stream *stream, const ml_rows *rows, double **block)
{
	int64_t count = rows->end - rows->begin;
	const double *array[MOST_ARRAYS];
	ml_judged judged;
	ml_status status;

	ML_TRY(ml_pool_open(stream->host));
	status = score_piece(stream, rows, &judged);
	ml_pool_close(stream->host);
	ML_TRY(status);
	stream->arrays = arrays_of(&judged, array);
	ML_NEW_RAW(stream->host, *block, stream->arrays * count);
	for (int i = 0; i < stream->arrays && count > 0; i++)
		memcpy(*block + i * count, array[i], (size_t) count * sizeof **block);
	return ML_OK;
}

ml_status
ml_stream_take(ml_stream *stream, const ml_rows *rows)
{
	int64_t count = rows->end - rows->begin;
	double *block = NULL;
	ml_piece *piece;
	ml_status status, closed;

	ML_NEW(stream->host, piece, 1);
	ML_TRY(ml_branch_open(stream->host));
	status = make_block(stream, rows, &block);
	closed = ml_branch_close(stream->host, status == ML_OK ? (void **) &block : NULL,
	                         (size_t) (stream->arrays * count) * sizeof *block);
	if (status == ML_NO_SUCH_CLASS)
		stream->host->fault.row += stream->rows;
	ML_TRY(status);
	ML_TRY(closed);
	*piece = (ml_piece){.rows = count, .kept = block};
	if (stream->last != NULL)
		stream->last->next = piece;
	else
		stream->first = piece;
	stream->last = piece;
	stream->rows += count;
	return ML_OK;
}

/* The i-th array of all pieces. */
static ml_status
join(const ml_stream *stream, int i, const double **out)
{
	double *to;

	ML_NEW_RAW(stream->host, to, stream->rows);
	*out = to;
	for (const ml_piece *piece = stream->first; piece != NULL; piece = piece->next)
	{
		if (ml_stop(stream->host))
			return ML_STOPPED;
		if (piece->rows > 0)
			memcpy(to, piece->kept + i * piece->rows, (size_t) piece->rows * sizeof *to);
		to += piece->rows;
	}
	return ML_OK;
}

ml_status
ml_stream_end(ml_stream *stream, ml_judged *judged)
{
	bool several = stream->model->schema.task == ML_MULTICLASS;
	const ml_rows rows = {.end = stream->rows};
	const double *array[MOST_ARRAYS] = {NULL};
	ml_truth truth;

	if (!stream->known && stream->rows > 0)
		return ml_fail(stream->host, ML_NO_SUCH_CLASS, stream->target, 1);
	for (int i = 0; i < stream->arrays; i++)
		ML_TRY(join(stream, i, &array[i]));
	truth = (ml_truth){
	    .target = array[0], .score = array[1], .weight = array[several ? 3 : 2]};
	if (!several)
		return ml_judged_score(stream->host, stream->model, &rows, &truth, judged);
	*judged = (ml_judged){.task = ML_MULTICLASS};
	judged->classes = (ml_class_outcomes){.rows = stream->rows,
	                                      .classes = stream->model->schema.classes,
	                                      .target = array[0],
	                                      .predicted = array[1],
	                                      .likelihood = array[2],
	                                      .weight = array[3]};
	return ML_OK;
}
