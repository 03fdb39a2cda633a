/* SPDX-License-Identifier: PostgreSQL */
/*
 * bins_shape.c: the bins of a feature as a JSON-shaped value and back.
 *
 *	{"edges": [...], "events": [...], "non_events": [...], "woe": [...]}	of a number
 *	{"bin_of": [...], ...}		of a category: the bin of each label, from 1
 *
 * The last item of the other three arrays is that of missing values.  Information values
 * follow from these and are not kept.
 */
#include "model/model.h"

#include <math.h>

ml_status
ml_bins_shape(ml_host *host, const ml_feature *feature, ml_value *object)
{
	const ml_bins *bins = feature->bins;
	int count = bins->bins + 1;
	double *events, *non_events, *woe, *bin_of;

	ML_NEW(host, events, count);
	ML_NEW(host, non_events, count);
	ML_NEW(host, woe, count);
	for (int i = 0; i < count; i++)
	{
		events[i] = bins->bin[i].events;
		non_events[i] = bins->bin[i].non_events;
		woe[i] = bins->bin[i].woe;
	}
	ML_TRY(ml_value_object(host, 4, object));
	if (feature->kind == ML_NUMBER)
		ml_value_add(object, "edges", ml_value_numbers(bins->edge, bins->bins - 1));
	else
	{
		ML_NEW(host, bin_of, feature->levels);
		for (int i = 0; i < feature->levels; i++)
			bin_of[i] = bins->bin_of[i] + 1;
		ml_value_add(object, "bin_of", ml_value_numbers(bin_of, feature->levels));
	}
	ml_value_add(object, "events", ml_value_numbers(events, count));
	ml_value_add(object, "non_events", ml_value_numbers(non_events, count));
	ml_value_add(object, "woe", ml_value_numbers(woe, count));
	return ML_OK;
}

/* So many finite numbers, each at least minimum. */
static ml_status
read_numbers(const ml_value *object, const char *name, int64_t count, double minimum,
             double **numbers)
{
	const ml_value *found = ml_value_member(object, name);

	if (found == NULL || found->count != count ||
	    (found->kind != ML_VALUE_NUMBERS &&
	     !(found->kind == ML_VALUE_ARRAY && count == 0)))
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < count; i++)
		if (!isfinite(found->numbers[i]) || found->numbers[i] < minimum)
			return ML_BAD_MODEL;
	*numbers = found->numbers;
	return ML_OK;
}

static ml_status
read_edges(const ml_value *object, ml_bins *bins)
{
	ML_TRY(read_numbers(object, "edges", bins->bins - 1, -INFINITY, &bins->edge));
	for (int i = 1; i < bins->bins - 1; i++)
		if (!(bins->edge[i - 1] < bins->edge[i]))
			return ML_BAD_MODEL;
	return ML_OK;
}

static ml_status
read_bin_of(ml_host *host, const ml_value *object, int levels, ml_bins *bins)
{
	double *bin_of;

	ML_TRY(read_numbers(object, "bin_of", levels, 1, &bin_of));
	ML_NEW(host, bins->bin_of, levels);
	for (int i = 0; i < levels; i++)
	{
		if (bin_of[i] != floor(bin_of[i]) || bin_of[i] > bins->bins)
			return ML_BAD_MODEL;
		bins->bin_of[i] = (int32_t) bin_of[i] - 1;
	}
	return ML_OK;
}

static ml_status
read_bins(ml_host *host, const ml_value *object, ml_feature *feature)
{
	const ml_value *woes = ml_value_member(object, "woe");
	double *events, *non_events, *woe, all[2] = {0, 0};
	ml_bins *bins;
	int count;

	if (woes == NULL || woes->count < 2 || woes->count > ML_MOST_BINS + 1 ||
	    feature->use != ML_USE_TERM)
		return ML_BAD_MODEL;
	count = (int) woes->count;
	ML_TRY(read_numbers(object, "events", count, 0, &events));
	ML_TRY(read_numbers(object, "non_events", count, 0, &non_events));
	ML_TRY(read_numbers(object, "woe", count, -INFINITY, &woe));
	ML_NEW(host, bins, 1);
	ML_NEW(host, bins->bin, count);
	bins->bins = count - 1;
	for (int i = 0; i < count; i++)
	{
		bins->bin[i] =
		    (ml_bin){.events = events[i], .non_events = non_events[i], .woe = woe[i]};
		all[0] += events[i];
		all[1] += non_events[i];
	}
	if (!(all[0] > 0 && all[1] > 0 && isfinite(all[0] + all[1])))
		return ML_BAD_MODEL;
	if (feature->kind == ML_NUMBER)
		ML_TRY(read_edges(object, bins));
	else
		ML_TRY(read_bin_of(host, object, feature->levels, bins));
	ml_bins_sum(bins);
	feature->bins = bins;
	return ML_OK;
}

ml_status
ml_bins_read(ml_host *host, const ml_value *features, ml_schema *schema)
{
	for (int f = 0; f < schema->features; f++)
	{
		const ml_value *bins = ml_value_member(&features->items[f], "bins");

		ML_PAUSE(host, f);
		if (bins == NULL)
			continue;
		if (bins->kind != ML_VALUE_OBJECT)
			return ML_BAD_MODEL;
		ML_TRY(read_bins(host, bins, &schema->feature[f]));
	}
	return ML_OK;
}
