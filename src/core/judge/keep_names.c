/* SPDX-License-Identifier: PostgreSQL */
/*
 * keep_names.c: segments that keep the names of those they follow.
 *
 * Rows of today are put into the segments of both models; pairs of a new and an old segment are
 * then chosen so that as many rows as possible are in a pair (Kuhn 1955; the shortest augmenting
 * paths of Jonker and Volgenant 1987).  A pair counts if most rows of either segment are in the
 * other, and only of models that share half of the old one's features.
 *
 * A sample of the rows suffices, unless a new segment has none of them: then all count, so that a
 * few rows that are far from all others keep their name as well.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#define SAMPLE 20000 /* training rows of the lowest keys, which are a random sample */

/* State of one search for a path, row after row. */
typedef struct pairing
{
	int count;
	const double *cost; /* [count][count] */
	double *row_price;  /* [count + 1] */
	double *column_price;
	int *row_of;   /* [count + 1] row of each column; column 0 is a scratch */
	int *before;   /* [count + 1] column before it on the path */
	double *least; /* [count + 1] */
	bool *reached; /* [count + 1] */
} pairing;

/* Takes in row number row, from 1; prices stay such that no pair is cheaper than its prices. */
static void
add_row(pairing *p, int row)
{
	int column = 0;

	p->row_of[0] = row;
	for (int j = 0; j <= p->count; j++)
	{
		p->least[j] = INFINITY;
		p->reached[j] = false;
	}
	do
	{
		int from = p->row_of[column], next = 0;
		double step = INFINITY;

		p->reached[column] = true;
		for (int j = 1; j <= p->count; j++)
		{
			double price = p->cost[(int64_t) (from - 1) * p->count + j - 1] -
			               p->row_price[from] - p->column_price[j];

			if (p->reached[j])
				continue;
			if (price < p->least[j])
			{
				p->least[j] = price;
				p->before[j] = column;
			}
			if (p->least[j] < step)
			{
				step = p->least[j];
				next = j;
			}
		}
		for (int j = 0; j <= p->count; j++)
			if (p->reached[j])
			{
				p->row_price[p->row_of[j]] += step;
				p->column_price[j] -= step;
			}
			else
				p->least[j] -= step;
		column = next;
	} while (p->row_of[column] != 0);
	for (; column != 0; column = p->before[column])
		p->row_of[column] = p->row_of[p->before[column]];
}

ml_status
ml_cheapest_pairs(ml_host *host, int count, const double *cost, int *column_of)
{
	pairing p = {.count = count, .cost = cost};

	ML_NEW(host, p.row_price, count + 1);
	ML_NEW(host, p.column_price, count + 1);
	ML_NEW(host, p.row_of, count + 1);
	ML_NEW(host, p.before, count + 1);
	ML_NEW(host, p.least, count + 1);
	ML_NEW(host, p.reached, count + 1);
	for (int row = 1; row <= count; row++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		add_row(&p, row);
	}
	for (int j = 1; j <= count; j++)
		column_of[p.row_of[j] - 1] = j - 1;
	return ML_OK;
}

/* A feature of the old model among those of the new one. */
typedef struct old_feature
{
	int place;     /* -1: there is none */
	int32_t *code; /* [levels] of a category: the old one of each */
} old_feature;

static int
place_of(const ml_schema *schema, const ml_feature *feature)
{
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].element == feature->element &&
		    schema->feature[f].kind == feature->kind &&
		    ml_text_equal(schema->feature[f].name, feature->name))
			return f;
	return -1;
}

/* Segments of other columns are other segments. */
static int
features_in_common(const ml_schema *schema, const ml_schema *old)
{
	int count = 0;

	for (int f = 0; f < old->features; f++)
		count += place_of(schema, &old->feature[f]) >= 0;
	return count;
}

static ml_status
find_features(ml_host *host, const ml_schema *schema, const ml_schema *old,
              old_feature *out)
{
	for (int f = 0; f < old->features; f++)
	{
		const ml_feature *feature = &old->feature[f], *now;

		out[f].place = place_of(schema, feature);
		if (out[f].place < 0 || feature->kind == ML_NUMBER)
			continue;
		now = &schema->feature[out[f].place];
		ML_NEW(host, out[f].code, now->levels);
		for (int level = 0; level < now->levels; level++)
			out[f].code[level] = ml_feature_code(feature, now->label[level]);
	}
	return ML_OK;
}

/* A row as the old model has it; what it lacks is missing. */
static void
to_old(const ml_schema *old, const old_feature *feature, const double *row, double *out)
{
	for (int f = 0; f < old->features; f++)
	{
		bool is_number = old->feature[f].kind == ML_NUMBER;
		double x = feature[f].place < 0 ? (is_number ? NAN : -1) : row[feature[f].place];

		out[f] = is_number || x < 0 ? x : feature[f].code[(int) x];
	}
}

/* Has every new segment a row among those that were counted? */
static bool
are_all_seen(const ml_model *model, const double *common, int side)
{
	for (int k = 0; k < model->schema.classes; k++)
	{
		double rows = 0;

		for (int i = 0; i < side; i++)
			rows += common[(int64_t) k * side + i];
		if (rows == 0)
			return false;
	}
	return true;
}

/* Rows of each new segment (first) that the old model puts into each of its own. */
static ml_status
count_common(ml_host *host, const ml_problem *problem, const ml_model *model,
             const ml_model *old, double *common)
{
	int64_t sample = problem->begin + SAMPLE;
	ml_rows rows = {
	    .frame = problem->frame, .begin = problem->begin, .end = problem->end};
	int side = model->schema.classes > old->schema.classes ? model->schema.classes
	                                                       : old->schema.classes;
	old_feature *feature;
	int *column;
	double *now, *then;

	ML_NEW(host, feature, old->schema.features);
	ML_NEW(host, column, model->schema.features);
	ML_NEW(host, now, ml_model_room(model));
	ML_NEW(host, then, ml_model_room(old));
	ML_TRY(find_features(host, &model->schema, &old->schema, feature));
	for (int f = 0; f < model->schema.features; f++)
		column[f] = model->schema.feature[f].column;
	rows.column = column;
	for (int64_t row = rows.begin; row < rows.end; row++)
	{
		if (row % ML_BLOCK == 0 && ml_stop(host))
			return ML_STOPPED;
		if (row == sample && are_all_seen(model, common, side))
			break;
		ml_rows_gather(&rows, &model->schema, row, now);
		to_old(&old->schema, feature, now, then);
		common[(int64_t) ml_model_class(model, now) * side + ml_model_class(old, then)]++;
	}
	return ML_OK;
}

/* Do most rows of either segment lie in the other? */
static bool
is_same(const double *common, int side, int now, int then)
{
	double row = 0, column = 0, both = common[(int64_t) now * side + then];

	for (int i = 0; i < side; i++)
	{
		row += common[(int64_t) now * side + i];
		column += common[(int64_t) i * side + then];
	}
	return 2 * both > row || 2 * both > column;
}

ml_status
ml_segments_keep(ml_host *host, const ml_problem *problem, const ml_model *old,
                 ml_model *model)
{
	ml_schema *schema = &model->schema;
	int side =
	    schema->classes > old->schema.classes ? schema->classes : old->schema.classes;
	double *common, *cost;
	int *then;

	if (old->schema.task != ML_SEGMENTATION)
		return ML_OK;
	if (2 * features_in_common(schema, &old->schema) < old->schema.features)
		return ML_OK;
	ML_NEW(host, common, (int64_t) side * side);
	ML_NEW(host, cost, (int64_t) side * side);
	ML_NEW(host, then, side);
	ML_TRY(count_common(host, problem, model, old, common));
	for (int64_t i = 0; i < (int64_t) side * side; i++)
		cost[i] = -common[i];
	ML_TRY(ml_cheapest_pairs(host, side, cost, then));
	for (int k = 0; k < schema->classes; k++)
		if (then[k] < old->schema.classes && is_same(common, side, k, then[k]))
			ML_TRY(ml_text_copy(host, old->schema.class_label[then[k]],
			                    &schema->class_label[k]));
	return ML_OK;
}
