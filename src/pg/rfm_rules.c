/* SPDX-License-Identifier: PostgreSQL */
/*
 * rfm_rules.c: cia_rfm_rules: the rules by which scores become segments.
 *
 * A rule holds ranges of the scores r, f and m and of fm, the mean of f and m rounded half up.  The
 * usual tables leave scores to none or to several of their rules and take the first that fits; here
 * every combination belongs to exactly one, which is checked by trying all of them.
 */
#include "rfm.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_rfm_rules);

enum
{
	R,
	F,
	M,
	FM,
	SCORES
};

static const char *const score_name[SCORES] = {"r", "f", "m", "fm"};

typedef struct rule
{
	const char *segment;
	int low[SCORES];
	int high[SCORES];
} rule;

/* The usual segments, in fifths. */
static const struct
{
	const char *segment;
	int r_low, r_high, fm_low, fm_high;
} usual[] = {{"Champions", 5, 5, 4, 5},
             {"Loyal Customers", 3, 4, 4, 5},
             {"Potential Loyalist", 4, 5, 2, 3},
             {"New Customers", 5, 5, 1, 1},
             {"Promising", 4, 4, 1, 1},
             {"Need Attention", 3, 3, 3, 3},
             {"About to Sleep", 3, 3, 1, 2},
             {"At Risk", 1, 2, 3, 4},
             {"Can't Lose Them", 1, 2, 5, 5},
             {"Hibernating", 2, 2, 1, 2},
             {"Lost", 1, 1, 1, 2}};

int
cia_rfm_check_bins(int bins)
{
	if (bins < 2 || bins > CIA_RFM_BINS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"bins\" must be between 2 and %d", CIA_RFM_BINS),
		         errhint("Scores go from 1 to that number; 5 is usual.")));
	return bins;
}

static rule
rule_of_all(const char *segment, int bins)
{
	rule all = {.segment = segment};

	for (int s = 0; s < SCORES; s++)
	{
		all.low[s] = 1;
		all.high[s] = bins;
	}
	return all;
}

/* The fifth in which the middle of a bin lies. */
static int
fifth(int score, int bins)
{
	return (2 * score - 1) * 5 / (2 * bins) + 1;
}

/* A usual rule's range in bins of another number; false if none of them lies within. */
static bool
fit_range(rule *rule, int score, int low, int high, int bins)
{
	while (rule->low[score] <= bins && fifth(rule->low[score], bins) < low)
		rule->low[score]++;
	while (rule->high[score] > 0 && fifth(rule->high[score], bins) > high)
		rule->high[score]--;
	return rule->low[score] <= rule->high[score];
}

static bool
usual_rule(size_t i, int bins, rule *rule)
{
	*rule = rule_of_all(usual[i].segment, bins);
	return fit_range(rule, R, usual[i].r_low, usual[i].r_high, bins) &&
	       fit_range(rule, FM, usual[i].fm_low, usual[i].fm_high, bins);
}

static bool
is_for(const rule *rule, const int *score)
{
	for (int s = 0; s < SCORES; s++)
		if (score[s] < rule->low[s] || score[s] > rule->high[s])
			return false;
	return true;
}

static void
claim(cia_rfm_grid *grid, const rule *rule, const int *score)
{
	const char **segment = &grid->segment[score[R] - 1][score[F] - 1][score[M] - 1];

	if (*segment != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("rules overlap: r %d, f %d, m %d would be \"%s\" and \"%s\"",
		                score[R], score[F], score[M], *segment, rule->segment),
		         errdetail("Their mean fm is %d.", score[FM]),
		         errhint("Every combination of scores needs exactly one rule.")));
	*segment = rule->segment;
}

static void
check_complete(const cia_rfm_grid *grid, const int *score)
{
	if (grid->segment[score[R] - 1][score[F] - 1][score[M] - 1] == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("rules leave a gap: none is for r %d, f %d, m %d",
		                       score[R], score[F], score[M]),
		                errdetail("Their mean fm is %d.", score[FM]),
		                errhint("Every combination of scores needs exactly one rule.")));
}

/* Goes through all combinations of scores; rule NULL checks that each has a segment. */
static void
visit(cia_rfm_grid *grid, const rule *rule)
{
	int score[SCORES];

	for (score[R] = 1; score[R] <= grid->bins; score[R]++)
		for (score[F] = 1; score[F] <= grid->bins; score[F]++)
			for (score[M] = 1; score[M] <= grid->bins; score[M]++)
			{
				score[FM] = (score[F] + score[M] + 1) / 2;
				if (rule == NULL)
					check_complete(grid, score);
				else if (is_for(rule, score))
					claim(grid, rule, score);
			}
}

pg_noreturn static void
raise_rule(int64 number, const char *fault)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("rule %lld %s", (long long) number, fault),
	                errhint("SELECT jsonb_agg(r) FROM cia_rfm_rules() r shows how rules "
	                        "are written.")));
}

static bool
is_bound(ml_text key, int score, const char *end)
{
	return ml_text_is(key, psprintf("%s_%s", score_name[score], end));
}

/* The number that a key bounds a range by. */
static int *
bound_of(rule *rule, ml_text key)
{
	for (int s = 0; s < SCORES; s++)
	{
		if (is_bound(key, s, "low"))
			return &rule->low[s];
		if (is_bound(key, s, "high"))
			return &rule->high[s];
	}
	return NULL;
}

static void
read_member(rule *rule, int64 number, int bins, ml_text key, const ml_value *value)
{
	int *bound = bound_of(rule, key);

	if (ml_text_is(key, "segment"))
	{
		if (value->kind != ML_VALUE_TEXT || value->text.length == 0)
			raise_rule(number, "has a segment that is no name");
		rule->segment = cia_text_cstring(value->text);
		return;
	}
	if (bound == NULL)
		raise_rule(number,
		           psprintf("has an unrecognized key \"%s\"", cia_text_cstring(key)));
	if (value->kind == ML_VALUE_NULL)
		return;
	if (value->kind != ML_VALUE_NUMBER || value->number != floor(value->number) ||
	    !(value->number >= 1 && value->number <= bins))
		raise_rule(number, psprintf("has a \"%s\" that is no score from 1 to %d",
		                            cia_text_cstring(key), bins));
	*bound = (int) value->number;
}

static rule
read_rule(const ml_value *value, int64 number, int bins)
{
	rule read = rule_of_all(NULL, bins);

	if (value->kind != ML_VALUE_OBJECT)
		raise_rule(number, "is no object");
	for (int64 i = 0; i < value->count; i++)
		read_member(&read, number, bins, value->keys[i], &value->items[i]);
	if (read.segment == NULL)
		raise_rule(number, "lacks its \"segment\"");
	for (int s = 0; s < SCORES; s++)
		if (read.low[s] > read.high[s])
			raise_rule(number, psprintf("has a \"%s_low\" above its \"%s_high\"",
			                            score_name[s], score_name[s]));
	return read;
}

static void
claim_given(cia_rfm_grid *grid, Jsonb *rules)
{
	ml_value given;

	cia_value_from_jsonb(cia_door_for_model(CurrentMemoryContext), rules, &given);
	if (given.kind != ML_VALUE_ARRAY || given.count == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("rules must be an array of objects"),
		         errhint("SELECT jsonb_agg(r) FROM cia_rfm_rules() r shows how rules "
		                 "are written.")));
	for (int64 i = 0; i < given.count; i++)
	{
		rule given_rule = read_rule(&given.items[i], i + 1, grid->bins);

		visit(grid, &given_rule);
	}
}

const cia_rfm_grid *
cia_rfm_grid_make(int bins, Jsonb *rules)
{
	cia_rfm_grid *grid = palloc0(sizeof *grid);
	rule rule;

	grid->bins = bins;
	if (rules != NULL)
		claim_given(grid, rules);
	else
		for (size_t i = 0; i < lengthof(usual); i++)
			if (usual_rule(i, bins, &rule))
				visit(grid, &rule);
	visit(grid, NULL);
	return grid;
}

Datum
cia_rfm_rules(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	int bins = cia_rfm_check_bins(PG_GETARG_INT32(0));
	rule rule;

	for (size_t i = 0; i < lengthof(usual); i++)
	{
		if (!usual_rule(i, bins, &rule))
			continue;
		cia_output_text(&out, rule.segment);
		cia_output_integer(&out, rule.low[R]);
		cia_output_integer(&out, rule.high[R]);
		cia_output_integer(&out, rule.low[FM]);
		cia_output_integer(&out, rule.high[FM]);
		cia_output_row(&out);
	}
	return (Datum) 0;
}
