/* SPDX-License-Identifier: PostgreSQL */
/*
 * ranking.c: the aggregates that need all scores: collecting rows, and what they come to.
 *
 * A state is two growing arrays of words (judge/ranking.h).  It lies in the aggregate's
 * context, so that many groups are cheap, and all that this context holds counts against
 * cia.max_memory.  The order of the rows in it has no meaning: the final function sorts them in
 * place, which neither further rows nor other final functions mind.  Parallel workers sort
 * what they have read, so that their leader has but to merge.
 */
#include "aggregates.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_ranking_class);
CIA_FUNCTION(cia_ranking_class_number);
CIA_FUNCTION(cia_ranking_top);
CIA_FUNCTION(cia_ranking_top_number);
CIA_FUNCTION(cia_ranking_relevance);
CIA_FUNCTION(cia_ranking_outcome);
CIA_FUNCTION(cia_ranking_samples);
CIA_FUNCTION(cia_ranking_combine);
CIA_FUNCTION(cia_ranking_serialize);
CIA_FUNCTION(cia_ranking_deserialize);
CIA_FUNCTION(cia_ranking_auc);
CIA_FUNCTION(cia_ranking_gini);
CIA_FUNCTION(cia_ranking_ks);
CIA_FUNCTION(cia_ranking_pr_auc);
CIA_FUNCTION(cia_ranking_recall);
CIA_FUNCTION(cia_ranking_precision);
CIA_FUNCTION(cia_ranking_ndcg);
CIA_FUNCTION(cia_ranking_concordance);
CIA_FUNCTION(cia_ranking_psi);

#define FIRST_ROOM 8
#define BINS 10               /* of cia_psi, where the caller names none */
#define ALL_ROWS PG_INT32_MAX /* of cia_ndcg, likewise */

typedef struct ranking
{
	ml_ranked rows;
	int64 room[2];
	int32 option; /* k or the number of bins: the same in all rows */
	bool sorted;
	MemoryContext context;
} ranking;

static Size
row_size(const ranking *state)
{
	return sizeof(uint64) * state->rows.width;
}

/* Raises 54000 if the aggregate may not take so much more. */
static void
check_memory(FunctionCallInfo fcinfo, MemoryContext context, Size more)
{
	double needed = (double) MemoryContextMemAllocated(context, false) + (double) more;

	if (needed <= (double) cia_max_memory_kb * 1024)
		return;
	ereport(
	    ERROR,
	    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	     errmsg("rows%s need %.0f MB of memory, more than cia.max_memory allows",
	            cia_given_to(fcinfo), ceil(needed / 1048576)),
	     errdetail("cia.max_memory is %d MB.", cia_max_memory_kb / 1024),
	     errhint("Raise cia.max_memory, or take a sample of the rows. Groups that are "
	             "read side by side count together: SET enable_hashagg = off reads "
	             "one after the other.")));
}

static ranking *
new_state(MemoryContext context, int width, int32 option)
{
	ranking *state = MemoryContextAllocZero(context, sizeof *state);

	state->rows.width = width;
	state->option = option;
	state->sorted = true;
	state->context = context;
	return state;
}

/* Makes room for so many rows more. */
static void
reserve(FunctionCallInfo fcinfo, ranking *state, int side, int64 more)
{
	int64 rows = state->rows.rows[side] + more;
	int64 room = Max(FIRST_ROOM, state->room[side]);

	if (rows > ML_RANKED_MOST)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("more than %lld rows%s", (long long) ML_RANKED_MOST,
		                       cia_given_to(fcinfo)),
		                errhint("Take a sample of the rows.")));
	while (room < rows)
		room *= 2;
	check_memory(fcinfo, state->context,
	             (Size) (room - state->room[side]) * row_size(state));
	if (state->room[side] == 0)
		state->rows.row[side] =
		    MemoryContextAllocHuge(state->context, (Size) room * row_size(state));
	else
		state->rows.row[side] =
		    repalloc_huge(state->rows.row[side], (Size) room * row_size(state));
	state->room[side] = room;
}

/* The state of a row, made with the first one. */
static ranking *
state_arg(FunctionCallInfo fcinfo, int width, int32 option)
{
	MemoryContext context;
	ranking *state;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		return new_state(context, width, option);
	state = (ranking *) PG_GETARG_POINTER(0);
	if (state->option != option)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("k or number of bins%s must be the same in all rows",
		                       cia_given_to(fcinfo)),
		                errhint("Name a number, not a column.")));
	return state;
}

static uint64 *
new_row(FunctionCallInfo fcinfo, ranking *state, int side)
{
	if (state->rows.rows[side] == state->room[side])
		reserve(fcinfo, state, side, 1);
	state->sorted = false;
	return state->rows.row[side] + state->rows.rows[side]++ * state->rows.width;
}

/* (state, score, label [, weight]) */
static Datum
take_class(FunctionCallInfo fcinfo, bool is_number)
{
	double score, weight;
	int side;
	ranking *state;
	uint64 *row;

	if (cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	score = cia_score_arg(fcinfo, 1, CIA_SCORE_ORDER);
	side = cia_label_arg(fcinfo, 2, is_number) > 0;
	weight = cia_weight_arg(fcinfo, 3);
	if (weight == 0)
		return cia_skip_row(fcinfo);
	state = state_arg(fcinfo, PG_NARGS() > 3 ? 2 : 1, 0);
	row = new_row(fcinfo, state, side);
	row[0] = ml_number_key(score);
	if (state->rows.width > 1)
		row[1] = ml_word_of(weight);
	PG_RETURN_POINTER(state);
}

Datum
cia_ranking_class(PG_FUNCTION_ARGS)
{
	return take_class(fcinfo, false);
}

Datum
cia_ranking_class_number(PG_FUNCTION_ARGS)
{
	return take_class(fcinfo, true);
}

static int32
option_arg(FunctionCallInfo fcinfo, int argument, int32 otherwise, const char *name)
{
	int32 option = argument < PG_NARGS() ? PG_GETARG_INT32(argument) : otherwise;

	if (option < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s%s must be at least 1", name, cia_given_to(fcinfo)),
		                errhint("Ten is usual.")));
	return option;
}

/* (state, score, label, k) */
static Datum
take_top(FunctionCallInfo fcinfo, bool is_number)
{
	double score;
	int side;
	ranking *state;

	if (cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	score = cia_score_arg(fcinfo, 1, CIA_SCORE_ORDER);
	side = cia_label_arg(fcinfo, 2, is_number) > 0;
	state = state_arg(fcinfo, 1, option_arg(fcinfo, 3, ALL_ROWS, "k"));
	*new_row(fcinfo, state, side) = ml_number_key(score);
	PG_RETURN_POINTER(state);
}

Datum
cia_ranking_top(PG_FUNCTION_ARGS)
{
	return take_top(fcinfo, false);
}

Datum
cia_ranking_top_number(PG_FUNCTION_ARGS)
{
	return take_top(fcinfo, true);
}

/* (state, score, relevance [, k]) */
Datum
cia_ranking_relevance(PG_FUNCTION_ARGS)
{
	double score, relevance;
	ranking *state;
	uint64 *row;

	if (cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	score = cia_score_arg(fcinfo, 1, CIA_SCORE_ORDER);
	relevance = PG_GETARG_FLOAT8(2);
	if (!(relevance >= 0 && isfinite(relevance)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("relevance%s must be zero or more and finite, not %g",
		                       cia_given_to(fcinfo), relevance),
		                errhint("Leave such rows out with FILTER, or make them NULL.")));
	state = state_arg(fcinfo, 2, option_arg(fcinfo, 3, ALL_ROWS, "k"));
	row = new_row(fcinfo, state, 0);
	row[0] = ml_number_key(score);
	row[1] = ml_word_of(relevance + 0.0);
	PG_RETURN_POINTER(state);
}

/* (state, score, outcome [, weight]) */
Datum
cia_ranking_outcome(PG_FUNCTION_ARGS)
{
	double score, outcome, weight;
	ranking *state;
	uint64 *row;

	if (cia_row_is_null(fcinfo))
		return cia_skip_row(fcinfo);
	score = cia_score_arg(fcinfo, 1, CIA_SCORE_ORDER);
	outcome = cia_outcome_arg(fcinfo, 2);
	weight = cia_weight_arg(fcinfo, 3);
	if (weight == 0)
		return cia_skip_row(fcinfo);
	state = state_arg(fcinfo, PG_NARGS() > 3 ? 3 : 2, 0);
	row = new_row(fcinfo, state, 0);
	row[0] = ml_number_key(outcome);
	row[1] = ml_number_key(score);
	if (state->rows.width > 2)
		row[2] = ml_word_of(weight);
	PG_RETURN_POINTER(state);
}

/* (state, expected, actual [, bins]): each column is a sample of its own. */
Datum
cia_ranking_samples(PG_FUNCTION_ARGS)
{
	ranking *state;

	if ((PG_ARGISNULL(1) && PG_ARGISNULL(2)) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
		return cia_skip_row(fcinfo);
	state = state_arg(fcinfo, 1, option_arg(fcinfo, 3, BINS, "number of bins"));
	if (state->option > ML_TALLY_MOST_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("number of bins%s must be at most %d",
		                       cia_given_to(fcinfo), ML_TALLY_MOST_BINS)));
	for (int side = 0; side < 2; side++)
		if (!PG_ARGISNULL(1 + side))
			*new_row(fcinfo, state, side) =
			    ml_number_key(cia_score_arg(fcinfo, 1 + side, CIA_SCORE_ORDER));
	PG_RETURN_POINTER(state);
}

/* A state whose rows are sorted, and what to measure them with. */
typedef struct measuring
{
	ranking *state;
	cia_door *door;
	ml_ranked_work work;
} measuring;

/* spare is the words per row that the measure works with, if more than a row has. */
static measuring
open_measuring(FunctionCallInfo fcinfo, ranking *state, int spare)
{
	int64 most = Max(state->rows.rows[0], state->rows.rows[1]);
	Size size = sizeof(uint64) * (Size) Max(most, 1) * Max(spare, state->rows.width);
	measuring call = {.state = state, .door = cia_door_for_model(CurrentMemoryContext)};

	check_memory(fcinfo, state->context, size);
	call.work.spare = MemoryContextAllocHuge(CurrentMemoryContext, size);
	call.work.tally = palloc(sizeof(int64) * ML_SORT_TALLY);
	if (!state->sorted)
		cia_check(call.door, ml_ranked_sort(&call.door->host, &state->rows, &call.work));
	state->sorted = true;
	return call;
}

static void
close_measuring(const measuring *call)
{
	pfree(call->work.spare);
	pfree(call->work.tally);
	pfree(call->door);
}

Datum
cia_ranking_combine(PG_FUNCTION_ARGS)
{
	ranking *into, *from, merged;
	cia_door *door;

	if (PG_ARGISNULL(1))
		return cia_skip_row(fcinfo);
	from = (ranking *) PG_GETARG_POINTER(1);
	into = state_arg(fcinfo, from->rows.width, from->option);
	merged = *into;
	for (int side = 0; side < 2; side++)
	{
		merged.rows.rows[side] = 0;
		merged.room[side] = 0;
		if (into->rows.rows[side] + from->rows.rows[side] > 0)
			reserve(fcinfo, &merged, side, into->rows.rows[side] + from->rows.rows[side]);
	}
	door = cia_door_for_model(CurrentMemoryContext);
	cia_check(door, ml_ranked_merge(&door->host, &into->rows, &from->rows, &merged.rows));
	pfree(door);
	for (int side = 0; side < 2; side++)
		if (into->room[side] > 0)
			pfree(into->rows.row[side]);
	*into = merged;
	PG_RETURN_POINTER(into);
}

/* What workers hand to their leader: option and width, then sorted rows of each side. */
Datum
cia_ranking_serialize(PG_FUNCTION_ARGS)
{
	ranking *state = (ranking *) PG_GETARG_POINTER(0);
	measuring call;
	StringInfoData out;
	double bytes =
	    (double) row_size(state) * (double) (state->rows.rows[0] + state->rows.rows[1]);

	if (bytes > MaxAllocSize - 1024)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("state of a parallel worker exceeds 1 GB"),
		                errhint("SET max_parallel_workers_per_gather = 0, or take a "
		                        "sample of the rows.")));
	call = open_measuring(fcinfo, state, 0);
	close_measuring(&call);
	pq_begintypsend(&out);
	enlargeStringInfo(&out, (int) bytes + 64);
	pq_sendint32(&out, state->option);
	pq_sendint32(&out, state->rows.width);
	for (int side = 0; side < 2; side++)
	{
		pq_sendint64(&out, state->rows.rows[side]);
		pq_sendbytes(&out, (char *) state->rows.row[side],
		             (int) (state->rows.rows[side] * row_size(state)));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
cia_ranking_deserialize(PG_FUNCTION_ARGS)
{
	bytea *given = PG_GETARG_BYTEA_PP(0);
	StringInfoData in = {.data = VARDATA_ANY(given), .len = VARSIZE_ANY_EXHDR(given)};
	int32 option = (int32) pq_getmsgint(&in, 4);
	ranking *state = new_state(CurrentMemoryContext, pq_getmsgint(&in, 4), option);

	for (int side = 0; side < 2; side++)
	{
		int64 rows = pq_getmsgint64(&in);
		Size size = (Size) rows * row_size(state);

		state->rows.rows[side] = state->room[side] = rows;
		state->rows.row[side] = palloc(size);
		pq_copymsgbytes(&in, (char *) state->rows.row[side], (int) size);
	}
	PG_RETURN_POINTER(state);
}

/* How a measure is found: of a walk through both classes, or of the rows. */
typedef struct ranked_measure
{
	double (*of_walk)(const ml_rank_walk *walk);
	ml_status (*of_rows)(const measuring *call, double *value);
	int spare; /* as for open_measuring */
} ranked_measure;

static ml_status
find_measure(const measuring *call, const ranked_measure *how, double *value)
{
	ml_rank_walk walk;

	if (how->of_rows != NULL)
		return how->of_rows(call, value);
	ML_TRY(ml_ranked_walk(&call->door->host, &call->state->rows, &walk));
	*value = how->of_walk(&walk);
	return ML_OK;
}

static Datum
measure(FunctionCallInfo fcinfo, ranked_measure how)
{
	measuring call;
	double value = NAN;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	call = open_measuring(fcinfo, (ranking *) PG_GETARG_POINTER(0), how.spare);
	cia_check(call.door, find_measure(&call, &how, &value));
	close_measuring(&call);
	return cia_measure(fcinfo, value);
}

Datum
cia_ranking_auc(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_walk = ml_rank_auc});
}

static double
gini(const ml_rank_walk *walk)
{
	return 2 * ml_rank_auc(walk) - 1;
}

Datum
cia_ranking_gini(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_walk = gini});
}

Datum
cia_ranking_ks(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_walk = ml_rank_ks});
}

Datum
cia_ranking_pr_auc(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_walk = ml_rank_average_precision});
}

static ml_status
recall(const measuring *call, double *value)
{
	*value = ml_ranked_recall(&call->state->rows, call->state->option);
	return ML_OK;
}

Datum
cia_ranking_recall(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_rows = recall});
}

static ml_status
precision(const measuring *call, double *value)
{
	return ml_ranked_precision(&call->door->host, &call->state->rows, call->state->option,
	                           value);
}

Datum
cia_ranking_precision(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_rows = precision});
}

static ml_status
ndcg(const measuring *call, double *value)
{
	return ml_ranked_ndcg(&call->door->host, &call->state->rows, call->state->option,
	                      &call->work, value);
}

Datum
cia_ranking_ndcg(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_rows = ndcg});
}

static ml_status
concordance(const measuring *call, double *value)
{
	return ml_ranked_concordance(&call->door->host, &call->state->rows, &call->work,
	                             value);
}

Datum
cia_ranking_concordance(PG_FUNCTION_ARGS)
{
	return measure(fcinfo,
	               (ranked_measure){.of_rows = concordance, .spare = ML_RANKED_PAIRS});
}

static ml_status
psi(const measuring *call, double *value)
{
	*value = ml_ranked_psi(&call->state->rows, call->state->option);
	return ML_OK;
}

Datum
cia_ranking_psi(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, (ranked_measure){.of_rows = psi});
}
