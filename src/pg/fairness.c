/* SPDX-License-Identifier: PostgreSQL */
/*
 * fairness.c: cia_fairness: how a decision by score treats groups of people.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "judge/decide.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_fairness);

#define MOST_GROUPS 1000
#define FOUR_FIFTHS 0.8

static const char *const favours[] = {"selected", "rejected", NULL};

static const ml_option fairness_option[] = {
    CIA_OPTION_ROWS,
    {"favourable", ML_OPTION_TEXT, offsetof(cia_judged_options, favourable), 0, 0, 0,
     "whom the decision favours: rows that are selected, the default, as for an offer, or "
     "those rejected, as where the score is a risk",
     favours},
};

static void
put_group(cia_output *out, const char *label, const ml_fair_group *group)
{
	const double number[] = {group->weight,
	                         group->selected,
	                         group->selected_low,
	                         group->selected_high,
	                         group->true_positive_rate,
	                         group->false_positive_rate,
	                         group->mean_score,
	                         group->observed,
	                         group->selected_ratio,
	                         group->true_positive_ratio,
	                         group->false_positive_ratio};

	cia_output_text(out, label);
	cia_output_numbers(out, number, lengthof(number));
	cia_output_bool(out, group->selected_ratio >= FOUR_FIFTHS,
	                isnan(group->selected_ratio));
	cia_output_row(out);
}

static int32_t *
codes_of(const cia_judged *run, const ml_column *column)
{
	int64 rows = run->rows.end - run->rows.begin;
	int32_t *code =
	    MemoryContextAllocHuge(run->door->arena, sizeof(int32_t) * (rows + 1));

	for (int64 row = 0; row < rows; row++)
		code[row] = *ml_codes_at(column, run->rows.begin + row);
	return code;
}

static double
threshold_arg(FunctionCallInfo fcinfo, int argument)
{
	double threshold = PG_GETARG_FLOAT8(argument);

	if (!(threshold >= 0 && threshold <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("threshold must be between 0 and 1"),
		                errdetail("It is %g.", threshold),
		                errhint("Rows whose score is that or more are selected; see "
		                        "cia_threshold.")));
	return threshold;
}

/* Groups with rows, in byte order of their labels, the one without a label last. */
static void
put_groups(cia_output *out, const ml_dictionary *labels, const ml_fair_group *group)
{
	int *order = palloc(sizeof(int) * (labels->count + 1));
	int count = 0;

	for (int g = 0; g < labels->count; g++)
	{
		int at = count;

		if (group[g].rows == 0)
			continue;
		for (; at > 0 &&
		       ml_text_compare(labels->label[g], labels->label[order[at - 1]]) < 0;
		     at--)
			order[at] = order[at - 1];
		order[at] = g;
		if (++count > MOST_GROUPS)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			                errmsg("attribute has more than %d groups", MOST_GROUPS),
			                errhint("Make ranges of it in the source, for example with "
			                        "width_bucket().")));
	}
	for (int i = 0; i < count; i++)
		put_group(out, cia_text_cstring(labels->label[order[i]]), &group[order[i]]);
	if (group[labels->count].rows > 0)
		put_group(out, NULL, &group[labels->count]);
}

Datum
cia_fairness(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {fairness_option, lengthof(fairness_option)};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 4, &table);
	Datum attribute = PG_GETARG_DATUM(2);
	ml_fair_options options = {.threshold = threshold_arg(fcinfo, 3)};
	const ml_column *column;
	ml_fair_group *group;
	ml_judged judged;

	cia_judged_need_two_classes(run);
	options.favours_rejected = run->options.favourable.bytes != NULL &&
	                           ml_text_is(run->options.favourable, "rejected");
	run->roles.beside = construct_array(&attribute, 1, TEXTOID, -1, false, TYPALIGN_INT);
	cia_judged_score(run, fcinfo, &judged);
	column = ml_frame_role(run->input->frame, ML_BESIDE);
	group = MemoryContextAllocHuge(run->door->arena,
	                               sizeof *group * (column->dictionary->count + 1));
	cia_check(run->door,
	          ml_fairness(&run->door->host, &judged.outcomes, codes_of(run, column),
	                      &options, group, column->dictionary->count));
	put_groups(&out, column->dictionary, group);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
