/* SPDX-License-Identifier: PostgreSQL */
/*
 * union.c: one schema out of those of models that were trained on rows of one frame.
 *
 * Features stand in the order of the frame's columns.  A feature's profile is that of the
 * first schema which has it; labels are those of all.  A label that the first one does not
 * list counts the rows of the others, which its pool then no longer counts.
 */
#include "data/data.h"

/* The same feature in some of the schemas. */
typedef struct holders
{
	const ml_feature **feature;
	int count;
} holders;

static int
own_labels(const ml_feature *feature)
{
	return feature->levels - (feature->pooled ? 1 : 0);
}

static int
by_label(const void *context, uint32_t a, uint32_t b)
{
	const ml_dictionary *labels = context;

	return ml_text_compare(labels->label[a], labels->label[b]);
}

/* All labels in byte order, a pool last if any of them has one. */
static ml_status
join_labels(ml_host *host, const holders *all, ml_feature *out)
{
	ml_dictionary *labels;
	uint32_t *order, *work;
	ml_text pool = {0};
	int32_t code;

	ML_TRY(ml_dictionary_create(host, &labels));
	out->pooled = false;
	for (int h = 0; h < all->count; h++)
	{
		const ml_feature *feature = all->feature[h];

		for (int level = 0; level < own_labels(feature); level++)
		{
			ML_PAUSE(host, level);
			ML_TRY(ml_dictionary_add(labels, feature->label[level], &code));
		}
		if (feature->pooled)
			pool = feature->label[feature->levels - 1];
		out->pooled |= feature->pooled;
	}
	ML_NEW(host, order, labels->count);
	ML_NEW(host, work, labels->count);
	for (int32_t i = 0; i < labels->count; i++)
		order[i] = (uint32_t) i;
	ML_TRY(ml_sort_indexes(host, order, work, labels->count, by_label, labels));
	out->levels = labels->count + out->pooled;
	ML_NEW(host, out->label, out->levels);
	ML_NEW(host, out->count, out->levels);
	for (int32_t i = 0; i < labels->count; i++)
		out->label[i] = labels->label[order[i]];
	if (out->pooled)
		out->label[labels->count] = pool;
	return ml_feature_index(host, out);
}

static ml_status
count_labels(ml_host *host, const holders *all, ml_feature *out)
{
	const ml_feature *first = all->feature[0];
	double beyond = 0; /* rows of labels that the first one does not list */
	bool *listed;

	ML_NEW(host, listed, out->levels);
	for (int h = 0; h < all->count; h++)
		for (int level = 0; level < own_labels(all->feature[h]); level++)
		{
			const ml_feature *feature = all->feature[h];
			int32_t code = ml_dictionary_find(out->lookup, feature->label[level]);

			ML_PAUSE(host, level);
			if (listed[code])
				continue;
			listed[code] = h == 0;
			out->count[code] += feature->count[level];
			beyond += h == 0 ? 0 : feature->count[level];
		}
	if (first->pooled && first->count[first->levels - 1] > beyond)
		out->count[out->levels - 1] = first->count[first->levels - 1] - beyond;
	return ML_OK;
}

static bool
is_of_column(const ml_schema *schema, int feature, const ml_column *column)
{
	return feature < schema->features &&
	       schema->feature[feature].element == column->element &&
	       ml_text_equal(schema->feature[feature].name, column->name);
}

ml_status
ml_schema_union(ml_host *host, const ml_frame *frame, const ml_schema *const *schema,
                int count, ml_schema *out)
{
	holders all;
	int *at; /* [count] the next feature of each */

	ML_NEW(host, at, count);
	ML_NEW(host, all.feature, count);
	ML_NEW(host, out->feature, frame->columns);
	out->features = 0;
	for (int c = 0; c < frame->columns; c++)
	{
		ml_feature *feature = &out->feature[out->features];

		ML_PAUSE(host, c);
		all.count = 0;
		for (int s = 0; s < count; s++)
			if (frame->column[c].role == ML_FEATURE &&
			    is_of_column(schema[s], at[s], &frame->column[c]))
				all.feature[all.count++] = &schema[s]->feature[at[s]++];
		if (all.count == 0)
			continue;
		*feature = *all.feature[0];
		feature->bins = NULL;
		feature->column = c;
		out->features++;
		if (feature->kind != ML_CATEGORY)
			continue;
		ML_TRY(join_labels(host, &all, feature));
		ML_TRY(count_labels(host, &all, feature));
	}
	return ML_OK;
}
