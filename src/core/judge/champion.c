/* SPDX-License-Identifier: PostgreSQL */
/*
 * champion.c: a training against the model in production.
 */
#include "judge/champion.h"

#include <math.h>

/* A column of that name, element and kind; -1: there is none. */
static int
find_column(const ml_frame *frame, const ml_feature *feature, int element)
{
	int beside = -1;

	for (int c = 0; c < frame->columns; c++)
	{
		const ml_column *column = &frame->column[c];

		if (column->kind != feature->kind || column->element != element ||
		    !ml_text_equal(column->name, feature->name))
			continue;
		if (column->role == ML_FEATURE)
			return c;
		if (column->role == ML_BESIDE)
			beside = c;
	}
	return beside;
}

ml_status
ml_rows_map(ml_host *host, const ml_frame *frame, const ml_schema *schema,
            const int **column)
{
	int *place;

	*column = NULL;
	ML_NEW(host, place, schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		place[f] = find_column(frame, feature, feature->element);
		if (place[f] < 0)
			return ML_OK;
		if (feature->width > 0 && (find_column(frame, feature, feature->width) < 0 ||
		                           find_column(frame, feature, feature->width + 1) >= 0))
			return ML_OK;
	}
	*column = place;
	return ML_OK;
}

int64_t
ml_champion_rows(const ml_frame *frame, const ml_common_options *options)
{
	int64_t half;

	/* one half of the holdout calibrates */
	if (options->calibrate.bytes == NULL)
		return frame->holdout_rows;
	half = ml_frame_below(frame, options->holdout / 2);
	return half < frame->holdout_rows ? half : frame->holdout_rows;
}

static bool
is_key(const ml_champion *champion, const ml_column *column)
{
	if (column->role != ML_FEATURE && column->role != ML_BESIDE)
		return false;
	for (int k = 0; k < champion->keys; k++)
		if (champion->key[k].kind == column->kind &&
		    ml_text_equal(champion->key[k].name, column->name))
			return true;
	return false;
}

/* Of the rows in front, those whose keys of then lie in the champion's holdout. */
static ml_status
find_held(ml_host *host, const ml_frame *frame, int64_t rows, ml_champion *champion)
{
	ml_other_key other = {.is_id = champion->keyed, .share = champion->holdout};
	bool *of_key, *held;

	ML_NEW(host, of_key, frame->columns);
	ML_NEW(host, held, rows);
	ML_NEW_RAW(host, champion->place, rows);
	for (int c = 0; c < frame->columns; c++)
		of_key[c] = is_key(champion, &frame->column[c]);
	other.column = of_key;
	ML_TRY(ml_frame_held(frame, &other, rows, held));
	for (int64_t row = 0; row < rows; row++)
		if (held[row])
			champion->place[champion->rows++] = row;
	return ML_OK;
}

static bool
are_finite(const double *number, int64_t rows)
{
	for (int64_t row = 0; number != NULL && row < rows; row++)
		if (!isfinite(number[row]))
			return false;
	return true;
}

/* Scores the rows in front, of which some are picked. */
static ml_status
score(ml_host *host, const ml_rows *rows, ml_champion *champion)
{
	ml_judged *judged = &champion->judged;
	ml_rows translated;
	ml_truth truth;
	ml_status status = ml_truth_read(host, champion->model, rows, &translated, &truth);

	if (status == ML_NO_SUCH_CLASS)
	{
		host->fault = (ml_fault){.row = -1, .column = -1};
		champion->meeting = ML_UNKNOWN_CLASS;
		return ML_OK;
	}
	ML_TRY(status);
	ML_TRY(ml_judged_score(host, champion->model, &translated, &truth, judged));
	if (champion->place != NULL)
		ML_TRY(ml_judged_pick(host, champion->place, champion->rows, judged));
	if (!are_finite(judged->outcomes.score, champion->rows) ||
	    !are_finite(judged->classes.likelihood, champion->rows))
		champion->meeting = ML_NO_SCORE;
	return ML_OK;
}

ml_status
ml_champion_judge(ml_host *host, const ml_frame *frame, const ml_common_options *options,
                  ml_champion *champion)
{
	int64_t end = ml_champion_rows(frame, options), own;
	ml_rows rows = {.frame = frame, .end = end};

	champion->rows = 0;
	champion->place = NULL;
	champion->meeting = ML_LACKS_COLUMNS;
	ML_TRY(ml_rows_map(host, frame, &champion->model->schema, &rows.column));
	if (rows.column == NULL)
		return ML_OK;
	if (champion->keys > 0)
		ML_TRY(find_held(host, frame, end, champion));
	else
	{
		own = ml_frame_below(frame, champion->holdout);
		champion->rows = rows.end = own < end ? own : end;
	}
	champion->meeting = champion->rows > 0 ? ML_COMMON_ROWS : ML_NO_COMMON_ROW;
	return champion->rows > 0 ? score(host, &rows, champion) : ML_OK;
}

static ml_status
compare(ml_host *host, const ml_judged *challenger, const ml_champion *champion,
        ml_comparison *comparison)
{
	ml_judged picked = *challenger;

	if (champion->place != NULL)
		ML_TRY(ml_judged_pick(host, champion->place, champion->rows, &picked));
	else
		picked.outcomes.rows = picked.classes.rows = champion->rows;
	return ml_judge_pair(host, &picked, &champion->judged, comparison);
}

/* In a branch: what it takes is given back. */
ml_status
ml_challenge(ml_host *host, const ml_judged *challenger, const ml_champion *champion,
             ml_comparison *comparison)
{
	ml_status status, closed;

	ML_TRY(ml_branch_open(host));
	status = compare(host, challenger, champion, comparison);
	closed = ml_branch_close(host, NULL, 0);
	return status != ML_OK ? status : closed;
}
