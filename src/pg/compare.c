/* SPDX-License-Identifier: PostgreSQL */
/*
 * compare.c: cia_compare: is one model better than another, on rows that neither has seen?
 *
 * The source is read once, into a frame for each model, since they may use other columns and name
 * rows by other ids.  The numbers of the rows tell which ones both are to be judged on.
 */
#include "cia.h"

#include <math.h>

#include "judge/compare.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_compare);

static const ml_option compare_option[] = {CIA_OPTION_ROWS};

static void
check_same_task(const cia_judged *a, const cia_judged *b)
{
	const ml_schema *x = &a->loaded->model->schema, *y = &b->loaded->model->schema;
	bool same_target = ml_text_equal(x->target, y->target);
	bool same_class = x->task != ML_BINARY || y->task != ML_BINARY ||
	                  ml_text_equal(x->class_label[1], y->class_label[1]);

	if (x->task == y->task && same_target && same_class)
		return;
	ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
	                errmsg("models \"%s\" and \"%s\" do not predict the same",
	                       a->loaded->name, b->loaded->name),
	                !same_target ? errdetail("Their targets are \"%s\" and \"%s\".",
	                                         cia_text_cstring(x->target),
	                                         cia_text_cstring(y->target))
	                : x->task != y->task
	                    ? errdetail("They are models for %s and %s.",
	                                cia_task_words(x->task), cia_task_words(y->task))
	                    : errdetail("Their positive classes are \"%s\" and \"%s\".",
	                                cia_text_cstring(x->class_label[1]),
	                                cia_text_cstring(y->class_label[1])),
	                errhint("Compare models of one target; each can be judged alone with "
	                        "cia_evaluate.")));
}

/* For each row of the source, from 1, its place among those that b is judged on; -1: none. */
static int64 *
places_of(const cia_judged *run, int64 rows)
{
	const ml_column *number = ml_frame_role(run->input->frame, ML_BESIDE);
	int64 *place = MemoryContextAllocHuge(run->door->arena, sizeof *place * (rows + 1));

	for (int64 i = 0; i <= rows; i++)
		place[i] = -1;
	for (int64 i = 0; i < run->rows.end; i++)
		place[(int64) *ml_numbers_at(number, i)] = i;
	return place;
}

/* The rows that both are judged on, as places among those of each. */
typedef struct common_rows
{
	int64 count;
	int64 *place[2];
} common_rows;

static common_rows
find_common(cia_judged *const *run)
{
	const ml_frame *frame = run[1]->input->frame;
	const ml_column *number = ml_frame_role(run[0]->input->frame, ML_BESIDE);
	int64 *of_b = places_of(run[1], frame->rows + frame->skipped);
	common_rows common = {.count = 0};

	for (int k = 0; k < 2; k++)
		common.place[k] = MemoryContextAllocHuge(run[0]->door->arena,
		                                         sizeof(int64) * (run[0]->rows.end + 1));
	for (int64 i = 0; i < run[0]->rows.end; i++)
	{
		int64 other = of_b[(int64) *ml_numbers_at(number, i)];

		if (other < 0)
			continue;
		common.place[0][common.count] = i;
		common.place[1][common.count++] = other;
	}
	return common;
}

static ml_judged
score_common(cia_judged *run, const int64 *place, int64 count)
{
	ml_host *host = &run->door->host;
	ml_judged judged;

	cia_check(run->door, ml_judged_read(host, run->loaded->model, &run->rows, &judged));
	cia_check(run->door, ml_judged_pick(host, place, count, &judged));
	return judged;
}

static void
tell(cia_judged *const *run, int64 rows)
{
	bool held = run[0]->holdout || run[1]->holdout;
	bool known = run[0]->input->frame->rows > 0 && run[1]->input->frame->rows > 0;

	if (held && known && rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION),
		         errmsg("no row of the source was kept out of both trainings"),
		         errhint("Train both with the same id and holdout, or compare on rows "
		                 "that are new to both.")));
	if (held)
		ereport(NOTICE,
		        (errmsg("compared on the %lld rows of the source that were kept out of "
		                "training",
		                (long long) rows),
		         errhint("Compare on all rows with options => '{\"rows\": \"all\"}'.")));
	else if (run[0]->tell || run[1]->tell)
		ereport(NOTICE,
		        (errmsg("compared on all %lld rows of the source", (long long) rows),
		         errdetail("Rows that a model was trained on would flatter it.")));
}

static void
put_difference(cia_output *out, cia_judged *const *run, const ml_difference *metric)
{
	const double number[] = {metric->a,   metric->b,    metric->difference,
	                         metric->low, metric->high, metric->p};
	bool a_is_better = (metric->difference > 0) == metric->more_is_better;

	cia_output_text(out, metric->name);
	cia_output_numbers(out, number, lengthof(number));
	cia_output_text(out,
	                metric->p < 0.05 ? run[a_is_better ? 0 : 1]->loaded->name : NULL);
	cia_output_row(out);
}

Datum
cia_compare(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {compare_option, lengthof(compare_option)};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run[2];
	ml_judged judged[2];
	ml_comparison comparison;
	common_rows common;
	Size *memory = palloc0(sizeof *memory); /* outlives both arenas */

	cia_refuse_nulls(fcinfo, 3);
	for (int k = 0; k < 2; k++)
	{
		run[k] = cia_judged_open_copy(
		    fcinfo,
		    &(cia_judged_call){.table = &table, .model = k, .source = 2, .options = 3});
		run[k]->roles.numbered = true;
		cia_arena_share(&run[k]->door->memory, memory);
	}
	check_same_task(run[0], run[1]);
	cia_judged_run(run, 2, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	common = find_common(run);
	tell(run, common.count);
	for (int k = 0; k < 2; k++)
		judged[k] = score_common(run[k], common.place[k], common.count);
	cia_check(run[0]->door,
	          ml_judge_pair(&run[0]->door->host, &judged[0], &judged[1], &comparison));
	put_difference(&out, run,
	               &(ml_difference){.name = "rows",
	                                .a = (double) common.count,
	                                .b = (double) common.count,
	                                .low = NAN,
	                                .high = NAN,
	                                .p = NAN});
	for (int i = 0; i < comparison.metrics; i++)
		put_difference(&out, run, &comparison.metric[i]);
	for (int k = 0; k < 2; k++)
		MemoryContextDelete(run[k]->door->arena);
	return (Datum) 0;
}
