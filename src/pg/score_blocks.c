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
#define MOST_BYTES ((Size) 1024 * 1024) /* of the rows of a block */
#define PART_ROWS 128                   /* of one task, at most */
#define PART_WORK 5e6                   /* some milliseconds: a cancel waits for a task */

typedef struct row_block
{
	int rows;
	double *row;         /* [rows][width] */
	double *score;       /* [rows] */
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
	int64 width; /* of a row */
	int most;    /* rows of a block */
	int part;    /* rows of a task */
	row_block block[2];
	row_block *filling;
	row_block *scoring; /* NULL: none */
	bool kept;          /* the row at hand is in the block */
};

cia_blocks *cia_blocks_current = NULL;

static void
put_away(void *argument)
{
	cia_blocks *blocks = argument;

	ml_pool_close(&blocks->door->host);
	cia_blocks_current = blocks->outer;
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
	block->row = room_for(blocks, sizeof(double) * blocks->width);
	block->score = room_for(blocks, sizeof(double));
	block->id = room_for(blocks, sizeof(Datum) * blocks->plan.ids->natts);
	block->texts =
	    AllocSetContextCreate(blocks->context, "cia ids", ALLOCSET_DEFAULT_SIZES);
}

static void
set_sizes(cia_blocks *blocks)
{
	const ml_model *model = blocks->plan.model;
	Size bytes = Min(MOST_BYTES, (Size) cia_max_memory_kb * 1024 / 8);
	double work = Max(ml_model_work(model), 1);

	blocks->width = ml_model_room(model);
	blocks->most =
	    (int) Max(Min(bytes / (sizeof(double) * (Size) blocks->width), MOST_ROWS), 1);
	blocks->part = (int) Max(Min(PART_WORK / work, PART_ROWS), 1);
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
bool
cia_blocks_keep_row(const Node *call, const ml_model *model, const double *row)
{
	cia_blocks *blocks = cia_blocks_current;
	row_block *block = blocks->filling;

	if (call != blocks->plan.call || model != blocks->plan.model)
		return false;
	memcpy(block->row + block->rows * blocks->width, row,
	       sizeof(double) * model->schema.features);
	blocks->kept = true;
	return true;
}

static ml_status
score_part(void *work, int64_t part, ml_worker *worker)
{
	const cia_blocks *blocks = work;
	const row_block *block = blocks->scoring;
	int64 first = part * blocks->part;

	ml_model_scores(blocks->plan.model, block->row + first * blocks->width, blocks->width,
	                Min(blocks->part, block->rows - first), block->score + first);
	return ML_OK;
}

static void
take_scores(const cia_blocks *blocks, row_block *block)
{
	int ids = blocks->plan.ids->natts;

	for (int i = 0; i < block->rows; i++)
		blocks->plan.take(blocks->plan.state, block->id + (int64) i * ids,
		                  block->score[i]);
	block->rows = 0;
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
