/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_profile.c: cia_segment_profile: what sets segments apart.
 *
 * Means of numbers and shares of labels, in a segment and over all, and their difference in
 * standard deviations over all, by which they are ranked.  Without a source the model's centres
 * tell it, in which a missing number stands at the middle of all.
 */
#include "segment_profile.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_segment_profile);

typedef struct profile_options
{
	int64_t labels;
} profile_options;

static const ml_option profile_option[] = {
    {"labels", ML_OPTION_INTEGER, offsetof(profile_options, labels), 10, 1, 1000,
     "most labels of a category that are told of, the most frequent ones"}};

void
cia_profile_add(cia_profile *profile, const cia_told *told, double deviation)
{
	cia_told *added;

	if (profile->count == profile->room)
	{
		Size room = profile->room > 0 ? 2 * profile->room : 256;

		profile->told = profile->room > 0
		                    ? repalloc_huge(profile->told, sizeof *told * room)
		                    : palloc(sizeof *told * room);
		profile->room = (int64) room;
	}
	added = &profile->told[profile->count];
	*added = *told;
	added->number = profile->count++;
	added->difference = added->value - added->overall;
	if (added->difference != 0)
		added->difference = deviation > 0 ? added->difference / deviation : NAN;
}

double
cia_share_deviation(double share)
{
	return sqrt(share * (1 - share));
}

/* The most frequent levels of a category first. */
static int *
order_levels(const ml_feature *feature)
{
	int *order = palloc(sizeof(int) * (feature->levels + 1));

	for (int level = 0; level < feature->levels; level++)
	{
		int at = level;

		for (; at > 0 && feature->count[order[at - 1]] < feature->count[level]; at--)
			order[at] = order[at - 1];
		order[at] = level;
	}
	order[feature->levels] = feature->levels;
	return order;
}

/* Shares of labels in a segment; those of rows without a value come last. */
static void
add_category(cia_profile *profile, int segment, const ml_feature *feature,
             const double *share)
{
	double rows = profile->run->model->schema.rows;
	int *order = order_levels(feature);

	for (int i = 0; i <= feature->levels; i++)
	{
		bool missing = order[i] == feature->levels;
		double all = (missing ? feature->missing : feature->count[order[i]]) / rows;

		if (missing ? all == 0 : i >= profile->labels)
			continue;
		cia_profile_add(
		    profile,
		    &(cia_told){.segment = segment,
		                .feature = cia_element_name(feature->name, feature->element),
		                .label =
		                    missing ? NULL : cia_text_cstring(feature->label[order[i]]),
		                .share = true,
		                .used = true,
		                .value = share[order[i]],
		                .overall = all},
		    cia_share_deviation(all));
	}
	pfree(order);
}

static void
add_number(cia_profile *profile, int segment, const ml_feature *feature, double mean)
{
	bool is_boolean = ml_text_is(feature->type, "boolean");

	cia_profile_add(
	    profile,
	    &(cia_told){.segment = segment,
	                .feature = cia_element_name(feature->name, feature->element),
	                .label = is_boolean ? "true" : NULL,
	                .share = is_boolean,
	                .used = true,
	                /* a share, of which rounding may have left less than nothing */
	                .value = is_boolean ? fmin(fmax(mean, 0), 1) : mean,
	                .overall = feature->mean},
	    feature->sd);
}

/* What the model itself has kept. */
static void
add_centers(cia_profile *profile)
{
	const ml_model *model = profile->run->model;
	const ml_schema *schema = &model->schema;
	const ml_part *centers = ml_fitted_part(&model->fitted, "centers");
	ml_space space;

	cia_check(profile->run->door,
	          ml_space_read(&profile->run->door->host, schema, &model->fitted, &space));
	for (int k = 0; k < schema->classes; k++)
	{
		const double *center = centers->number + k * space.slots;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < space.numbers; j++)
			add_number(profile, k, &schema->feature[space.number[j]],
			           space.shift[j] + space.scale[j] * center[space.number_slot[j]]);
		for (int c = 0; c < space.categories; c++)
			add_category(profile, k, &schema->feature[space.category[c]],
			             center + space.category_slot[c]);
	}
}

/* Segment by segment, the largest difference first, what is not known last. */
static int
by_difference(const void *a, const void *b)
{
	const cia_told *x = a, *y = b;
	double dx = isnan(x->difference) ? -1 : fabs(x->difference);
	double dy = isnan(y->difference) ? -1 : fabs(y->difference);

	CHECK_FOR_INTERRUPTS();
	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static void
put_told(cia_output *out, const cia_profile *profile)
{
	int32 rank = 0;

	qsort(profile->told, profile->count, sizeof *profile->told, by_difference);
	for (int64 i = 0; i < profile->count; i++)
	{
		const cia_told *told = &profile->told[i];
		const double number[] = {told->value, told->overall, told->difference};

		CHECK_FOR_INTERRUPTS();
		rank = i > 0 && told->segment == told[-1].segment ? rank + 1 : 1;
		cia_output_text(out, cia_segment_label(profile->run, told->segment));
		cia_output_integer(out, rank);
		cia_output_text(out, told->feature);
		cia_output_text(out, told->share ? "share" : "mean");
		cia_output_text(out, told->label);
		cia_output_numbers(out, number, lengthof(number));
		cia_output_bool(out, told->used, false);
		cia_output_row(out);
	}
}

static void
read_options(FunctionCallInfo fcinfo, cia_profile *profile)
{
	profile_options options;
	ml_option_set set = {profile_option, lengthof(profile_option), &options};
	ml_value given;

	cia_object_from_jsonb(profile->run->door,
	                      PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2), &given);
	cia_only_options_read(&given, &set, "cia_segment_profile");
	profile->labels = options.labels;
}

Datum
cia_segment_profile(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	char *source = cia_text_arg(fcinfo, 1, NULL);
	cia_profile profile = {
	    .run = cia_segment_rows_open(fcinfo, source != NULL ? CIA_SCORE : CIA_MANAGE)};
	MemoryContext arena = profile.run->door->arena;
	MemoryContext before = MemoryContextSwitchTo(arena);

	read_options(fcinfo, &profile);
	if (source != NULL)
		cia_profile_read(&profile, source);
	else
		add_centers(&profile);
	MemoryContextSwitchTo(before);
	put_told(&out, &profile);
	MemoryContextDelete(arena);
	return (Datum) 0;
}
