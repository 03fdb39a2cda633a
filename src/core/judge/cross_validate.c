/* SPDX-License-Identifier: PostgreSQL */
/*
 * cross_validate.c: one training per fold, each judged on the rows of the fold that it has not seen.
 *
 * Rows are put into folds in one of three ways:
 *
 *	by key		fold k of n has the keys from (k - 1) / n to k / n of all keys.  So rows of one id
 *			are in one fold, a row keeps its fold, and fold 1 of 5 is the holdout that ml_train
 *			keeps by default.
 *	by group	of a column of role ML_BESIDE, for groups that may not be torn apart: the
 *			largest group first, each to the fold that has the fewest rows (as
 *			scikit-learn's GroupKFold).  Rows without a label are a group.
 *	in order	of a column of role ML_ORDER, for rows that happened one after the other: n + 1
 *			blocks of about equal length, parted where the number changes.  Fold k is trained
 *			on the blocks before block k and judged on that one (TimeSeriesSplit).
 *
 * The rows of a training are a frame of their own, those of the fold in front, as a holdout is;
 * in either part they keep their canonical order.  So the model of a fold is, bit for bit, that of
 * a training whose holdout those rows are.  Each fold is trained in a branch of the arena and leaves
 * its report alone: the peak is the frame twice and what one training takes.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

typedef struct folding
{
	ml_host *host;
	ml_frame *frame;
	const ml_request *request;
	int folds;
	bool ordered;
	bool by_key;
	int32_t
	    *fold_of; /* [rows] from 0; in order: the block, of which the first is no fold */
	uint32_t
	    *order; /* [rows] of the fold at work: its own rows, then those to train on */
} folding;

static inline uint64_t
key_at(const ml_frame *frame, int64_t row)
{
	return frame->key[row >> ML_CHUNK_BITS][row & (ML_CHUNK - 1)];
}

/* Rows are in the order of their keys, so folds are ranges. */
static ml_status
fold_by_key(folding *f)
{
	int fold = 0;

	for (int64_t row = 0; row < f->frame->rows; row++)
	{
		ML_PAUSE(f->host, row);
		/* the same limit as that of a holdout of this share */
		while (fold + 1 < f->folds &&
		       key_at(f->frame, row) >=
		           (uint64_t) ((double) (fold + 1) / f->folds * 18446744073709551616.0))
			fold++;
		f->fold_of[row] = fold;
	}
	return ML_OK;
}

/* Groups by size, the largest first; of equal ones that whose label comes first. */
typedef struct group_order
{
	const ml_dictionary *labels;
	const int64_t *rows; /* [labels + 1] those without a label last */
} group_order;

static int
by_size(const void *context, uint32_t a, uint32_t b)
{
	const group_order *groups = context;
	uint32_t none = (uint32_t) groups->labels->count;

	if (groups->rows[a] != groups->rows[b])
		return groups->rows[a] > groups->rows[b] ? -1 : 1;
	if (a == none || b == none)
		return (a == none) - (b == none);
	return ml_text_compare(groups->labels->label[a], groups->labels->label[b]);
}

/* Deals out the groups; those of the dictionary that have no rows come last and change nothing. */
static ml_status
deal_groups(folding *f, const group_order *groups, int32_t *fold_of_group)
{
	int count = groups->labels->count + 1;
	uint32_t *order, *work;
	int64_t *rows;

	ML_NEW(f->host, order, count);
	ML_NEW(f->host, work, count);
	ML_NEW(f->host, rows, f->folds);
	for (int g = 0; g < count; g++)
		order[g] = (uint32_t) g;
	ML_TRY(ml_sort_indexes(f->host, order, work, count, by_size, groups));
	for (int g = 0; g < count && groups->rows[order[g]] > 0; g++)
	{
		int least = 0;

		for (int fold = 1; fold < f->folds; fold++)
			if (rows[fold] < rows[least])
				least = fold;
		fold_of_group[order[g]] = least;
		rows[least] += groups->rows[order[g]];
	}
	return ML_OK;
}

static inline int
group_at(const ml_column *column, int64_t row)
{
	int32_t code = *ml_codes_at(column, row);

	return code < 0 ? column->dictionary->count : code;
}

static ml_status
fold_by_group(folding *f, const ml_column *column)
{
	int groups = column->dictionary->count + 1;
	int32_t *fold_of_group;
	int64_t *rows;

	ML_NEW(f->host, rows, groups);
	ML_NEW(f->host, fold_of_group, groups);
	for (int64_t row = 0; row < f->frame->rows; row++)
	{
		ML_PAUSE(f->host, row);
		rows[group_at(column, row)]++;
	}
	ML_TRY(deal_groups(f, &(group_order){column->dictionary, rows}, fold_of_group));
	for (int64_t row = 0; row < f->frame->rows; row++)
	{
		ML_PAUSE(f->host, row);
		f->fold_of[row] = fold_of_group[group_at(column, row)];
	}
	return ML_OK;
}

/* Blocks end where their share of the rows does, and where the number changes after that. */
static ml_status
fold_in_order(folding *f, const ml_column *column)
{
	int64_t rows = f->frame->rows;
	uint32_t *order = f->order;
	double *number;
	int block = 0;

	ML_NEW_RAW(f->host, number, rows);
	for (int64_t row = 0; row < rows; row++)
	{
		ML_PAUSE(f->host, row);
		number[row] = *ml_numbers_at(column, row);
		if (isnan(number[row]))
			return ml_fail(f->host, ML_NO_ORDER, (int) (column - f->frame->column), -1);
	}
	ML_TRY(ml_sort_numbers(f->host, number, rows, order));
	for (int64_t i = 0; i < rows; i++)
	{
		ML_PAUSE(f->host, i);
		if (i > 0 && number[order[i]] != number[order[i - 1]])
			while (block < f->folds &&
			       (double) i >= (double) rows * (block + 1) / (f->folds + 1))
				block++;
		f->fold_of[order[i]] = block;
	}
	return ML_OK;
}

/* Every fold must have rows, and in order what comes before the first must. */
static ml_status
check_folds(folding *f, int *failed)
{
	int64_t *rows;

	ML_NEW(f->host, rows, f->folds + 1);
	for (int64_t row = 0; row < f->frame->rows; row++)
	{
		ML_PAUSE(f->host, row);
		rows[f->fold_of[row]]++;
	}
	for (int fold = 0; fold < f->folds + f->ordered; fold++)
		if (rows[fold] == 0)
		{
			*failed = fold + !f->ordered;
			return ML_EMPTY_FOLD;
		}
	return ML_OK;
}

static ml_status
assign_folds(folding *f, int *failed)
{
	const ml_column *when = ml_frame_role(f->frame, ML_ORDER);
	const ml_column *group = ml_frame_role(f->frame, ML_BESIDE);

	f->ordered = when != NULL;
	f->by_key = when == NULL && group == NULL;
	if (when != NULL)
		ML_TRY(fold_in_order(f, when));
	else if (group != NULL)
		ML_TRY(fold_by_group(f, group));
	else
		ML_TRY(fold_by_key(f));
	return check_folds(f, failed);
}

/* The frame of a fold: what it is judged on in front. */
static ml_status
make_frame(folding *f, int fold, ml_frame *frame)
{
	int64_t held = 0, rows = 0;
	int which = fold + f->ordered;

	for (int64_t row = 0; row < f->frame->rows; row++)
		if (f->fold_of[row] == which)
			f->order[held++] = (uint32_t) row;
	rows = held;
	for (int64_t row = 0; row < f->frame->rows; row++)
		if (f->ordered ? f->fold_of[row] < which : f->fold_of[row] != which)
			f->order[rows++] = (uint32_t) row;
	ML_TRY(ml_frame_subset(f->host, f->frame, f->order, rows, frame));
	frame->holdout_rows = held;
	return ML_OK;
}

/*
 * A calibration parts what is held out by its keys, in the middle: of folds by key the keys lie between two
 * limits, of others anywhere.
 */
static double
twice_the_middle(const folding *f, int number)
{
	return f->by_key ? (double) (2 * number + 1) / f->folds : 1;
}

static ml_status
train_fold(folding *f, int number, ml_fold *fold)
{
	ml_request request = *f->request;
	ml_result result = {0};
	ml_frame frame;

	request.common.holdout = twice_the_middle(f, number);
	ML_TRY(make_frame(f, number, &frame));
	result.rows = frame.rows;
	fold->trained = frame.rows - frame.holdout_rows;
	if (f->request->common.by.bytes != NULL)
		ML_TRY(ml_train_by_group(f->host, &frame, &request, &result));
	else
		ML_TRY(ml_train_ordered(f->host, &frame, &request, &result));
	fold->report = result.holdout;
	fold->trouble = result.model->fitted.trouble.kind;
	return ML_OK;
}

/* Bytes of a copy of the frame. */
static double
copy_memory(const ml_frame *frame)
{
	double wide = sizeof(uint64_t);

	for (int c = 0; c < frame->columns; c++)
		if (frame->column[c].role != ML_ID)
			wide += (double) ml_item_size(&frame->column[c]);
	return wide * (double) frame->rows;
}

static ml_status
run_folds(folding *f, ml_fold *fold, int *failed)
{
	ML_TRY(ml_frame_order(f->frame, 0));
	ML_TRY(ml_memory_check(f->host, (double) f->frame->rows * 16));
	ML_NEW_RAW(f->host, f->fold_of, f->frame->rows);
	ML_NEW_RAW(f->host, f->order, f->frame->rows);
	ML_TRY(assign_folds(f, failed));
	ML_TRY(ml_memory_check(f->host, copy_memory(f->frame)));
	for (int k = 0; k < f->folds; k++)
	{
		ml_status status, closed;

		ml_progress(f->host, ML_STAGE_FOLD, k, f->folds);
		*failed = k + 1;
		ML_TRY(ml_branch_open(f->host));
		status = train_fold(f, k, &fold[k]);
		closed = ml_branch_close(f->host, NULL, 0);
		ML_TRY(status);
		ML_TRY(closed);
	}
	*failed = 0;
	return ML_OK;
}

ml_status
ml_cross_validate(ml_host *host, ml_frame *frame, const ml_request *request, int folds,
                  ml_fold *fold, int *failed)
{
	folding f = {.host = host, .frame = frame, .request = request, .folds = folds};
	ml_status status;

	*failed = 0;
	if (frame->rows == 0)
		return ML_NO_ROWS;
	ML_TRY(ml_pool_open(host));
	status = run_folds(&f, fold, failed);
	ml_pool_close(host);
	return status;
}
