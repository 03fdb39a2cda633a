/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_blocks.c: scores of a query's rows by blocks, beside the reading.
 *
 * There are two blocks: one is filled with rows while the other one is scored, and what has been
 * scored is taken while the next one is at work.  The threads see the rows and the model, and
 * nothing of PostgreSQL.  The thread of the backend takes its part in what they have not
 * done when the next block is full; where it is the only one, it does it all.
 *
 * When the query fails, the threads are joined by a callback of the context, before the rows and
 * the model go.
 */
#include "score_blocks.h"

#include "utils/datum.h"
#include "utils/memutils.h"

#define MOST_ROWS 4096 /* waking a thread takes longer than to score some rows */
#define MOST_BYTES ((Size) 2048 * 1024) /* of a block */
#define LABEL_BYTES 24                  /* of a label, if they are all kept */
#define PART_ROWS 128                   /* of one task, at most */
#define PART_WORK 5e6                   /* some milliseconds: a cancel waits for a task */

typedef struct row_block
{
	int rows;
	cia_labels labels;
	double *row;         /* [rows][width] */
	double *score;       /* [rows] */
	int *class;          /* [rows], if they are sought */
	Datum *id;           /* [rows][ids] */
	MemoryContext texts; /* what ids point to */
} row_block;

struct cia_blocks
{
	MemoryContextCallback callback;
	MemoryContext context;
	cia_blocks *outer; /* of the call that this one is within */
	cia_block_plan plan;
	cia_door *door;
	int64 width;   /* of a row */
	int most;      /* rows of a block */
	int part;      /* rows of a task */
	int *category; /* [categories] features that have labels */
	int categories;
	row_block block[2];
	row_block *filling;
	row_block *scoring; /* NULL: none */
	bool kept;          /* the row at hand is in the block */
};

cia_blocks *cia_blocks_current = NULL;

/* When a transaction is aborted, those of the outer call may go before those of the inner one. */
static void
put_away(void *argument)
{
	cia_blocks *blocks = argument, **open = &cia_blocks_current;

	ml_pool_close(&blocks->door->host);
	while (*open != NULL && *open != blocks)
		open = &(*open)->outer;
	if (*open != NULL)
		*open = blocks->outer;
}

static void *
room_for(cia_blocks *blocks, Size size)
{
	void *room = ml_alloc_array(&blocks->door->host, blocks->most, size);

	if (room == NULL)
		cia_check(blocks->door, ML_MEMORY);
	return room;
}

static void
open_block(cia_blocks *blocks, row_block *block)
{
	Size labels = LABEL_BYTES * blocks->categories;

	block->row = room_for(blocks, sizeof(double) * blocks->width);
	block->score = room_for(blocks, sizeof(double));
	if (blocks->plan.class_call != NULL)
		block->class = room_for(blocks, sizeof(int));
	block->id = room_for(blocks, sizeof(Datum) * blocks->plan.ids->natts);
	block->labels.bytes = room_for(blocks, labels);
	block->labels.room = (int) labels * blocks->most;
	block->texts =
	    AllocSetContextCreate(blocks->context, "cia ids", ALLOCSET_DEFAULT_SIZES);
}

static void
list_categories(cia_blocks *blocks)
{
	const ml_schema *schema = &blocks->plan.model->schema;

	blocks->category =
	    MemoryContextAlloc(blocks->context, sizeof(int) * schema->features);
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].kind == ML_CATEGORY)
			blocks->category[blocks->categories++] = f;
}

static void
set_sizes(cia_blocks *blocks)
{
	const ml_model *model = blocks->plan.model;
	Size most = Min(MOST_BYTES, (Size) cia_max_memory_kb * 1024 / 4);
	Size bytes;

	blocks->width = ml_model_room(model);
	bytes = sizeof(double) * (blocks->width + 1) + sizeof(int) +
	        sizeof(Datum) * blocks->plan.ids->natts + LABEL_BYTES * blocks->categories;
	blocks->most = (int) Max(Min(most / bytes, MOST_ROWS), 1);
	blocks->part = (int) Max(Min(PART_WORK / Max(ml_model_work(model), 1), PART_ROWS), 1);
}

cia_blocks *
cia_blocks_open(MemoryContext parent, const cia_block_plan *plan)
{
	MemoryContext context =
	    AllocSetContextCreate(parent, "cia blocks of rows", ALLOCSET_DEFAULT_SIZES);
	cia_blocks *blocks = MemoryContextAllocZero(context, sizeof *blocks);

	blocks->context = context;
	blocks->plan = *plan;
	blocks->door = cia_door_open(context);
	blocks->door->judges = true;
	cia_arena_crowd(&blocks->door->memory);
	list_categories(blocks);
	set_sizes(blocks);
	open_block(blocks, &blocks->block[0]);
	open_block(blocks, &blocks->block[1]);
	blocks->filling = &blocks->block[0];
	blocks->door->host.threads = cia_thread_count();
	blocks->outer = cia_blocks_current;
	blocks->callback.func = put_away;
	blocks->callback.arg = blocks;
	MemoryContextRegisterResetCallback(context, &blocks->callback);
	cia_check(blocks->door, ml_pool_open(&blocks->door->host));
	cia_blocks_current = blocks;
	return blocks;
}

/* Another model may serve after all: the registry has changed while the query ran. */
static inline bool
is_kept(const Node *call, const ml_model *model)
{
	return call == cia_blocks_current->plan.call &&
	       model == cia_blocks_current->plan.model;
}

cia_labels *
cia_blocks_labels_of(const Node *call, const ml_model *model)
{
	return is_kept(call, model) ? &cia_blocks_current->filling->labels : NULL;
}

bool
cia_blocks_keep_row(const Node *call, const ml_model *model, const double *row)
{
	cia_blocks *blocks = cia_blocks_current;
	row_block *block = blocks->filling;

	if (!is_kept(call, model))
	{
		/* the query may have left out a row that was kept before */
		blocks->kept &= call != blocks->plan.call;
		return false;
	}
	memcpy(block->row + block->rows * blocks->width, row,
	       sizeof(double) * model->schema.features);
	blocks->kept = true;
	return true;
}

bool
cia_blocks_tell_class(const Node *call)
{
	return cia_blocks_current->kept && call == cia_blocks_current->plan.class_call;
}

/* In the row, the labels that were kept become their codes. */
static void
look_up_labels(const cia_blocks *blocks, const cia_labels *labels, double *row)
{
	const ml_schema *schema = &blocks->plan.model->schema;

	for (int i = 0; i < blocks->categories; i++)
	{
		double *value = &row[blocks->category[i]];
		ml_text label;

		if (*value < CIA_FIRST_LABEL)
			continue;
		label.bytes = labels->bytes + (int) (*value - CIA_FIRST_LABEL);
		memcpy(&label.length, label.bytes, sizeof label.length);
		label.bytes += sizeof label.length;
		*value = ml_feature_code(&schema->feature[blocks->category[i]], label);
	}
}

static ml_status
score_part(void *work, int64_t part, ml_worker *worker)
{
	const cia_blocks *blocks = work;
	const row_block *block = blocks->scoring;
	int64 first = part * blocks->part;
	int64 rows = Min(blocks->part, block->rows - first);
	double *row = block->row + first * blocks->width;

	for (int64 i = 0; i < rows; i++)
		look_up_labels(blocks, &block->labels, row + i * blocks->width);
	if (block->class != NULL)
		ml_model_scores_and_classes(blocks->plan.model, row, blocks->width, rows,
		                            block->score + first, block->class + first);
	else
		ml_model_scores(blocks->plan.model, row, blocks->width, rows,
		                block->score + first);
	return ML_OK;
}

static void
take_scores(const cia_blocks *blocks, row_block *block)
{
	int ids = blocks->plan.ids->natts;

	for (int i = 0; i < block->rows; i++)
		blocks->plan.take(blocks->plan.state, block->id + (int64) i * ids,
		                  block->score[i], block->class != NULL ? block->class[i] : 0);
	block->rows = block->labels.used = 0;
	MemoryContextReset(block->texts);
}

/* The block that is full goes to the threads, and the one that they have had is taken. */
static void
hand_over(cia_blocks *blocks)
{
	row_block *full = blocks->filling, *done = blocks->scoring;

	if (done != NULL)
		cia_check(blocks->door, ml_parallel_end(&blocks->door->host));
	blocks->scoring = full;
	ml_parallel_begin(&blocks->door->host, (full->rows + blocks->part - 1) / blocks->part,
	                  score_part, blocks);
	if (done != NULL)
		take_scores(blocks, done);
	blocks->filling = full == &blocks->block[0] ? &blocks->block[1] : &blocks->block[0];
}

static void
drain(cia_blocks *blocks)
{
	if (blocks->filling->rows == 0 && blocks->scoring == NULL)
		return;
	hand_over(blocks);
	cia_check(blocks->door, ml_parallel_end(&blocks->door->host));
	take_scores(blocks, blocks->scoring);
	blocks->scoring = NULL;
}

static void
keep_ids(cia_blocks *blocks, const Datum *ids)
{
	TupleDesc shape = blocks->plan.ids;
	row_block *block = blocks->filling;
	Datum *kept = block->id + (int64) block->rows * shape->natts;
	MemoryContext before = MemoryContextSwitchTo(block->texts);

	for (int i = 0; i < shape->natts; i++)
		kept[i] = datumCopy(ids[i], TupleDescAttr(shape, i)->attbyval,
		                    TupleDescAttr(shape, i)->attlen);
	MemoryContextSwitchTo(before);
}

bool
cia_blocks_add(cia_blocks *blocks, const Datum *ids, bool has_score)
{
	/* a row may be kept for a query that leaves it out thereafter */
	bool kept = blocks->kept && has_score;

	blocks->kept = false;
	if (!kept)
	{
		drain(blocks);
		return false;
	}
	keep_ids(blocks, ids);
	if (++blocks->filling->rows == blocks->most)
		hand_over(blocks);
	return true;
}

void
cia_blocks_close(cia_blocks *blocks)
{
	drain(blocks);
	MemoryContextDelete(blocks->context);
}
