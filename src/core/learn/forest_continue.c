/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_continue.c: trees that a training goes on from, in the words of today's rows.
 *
 * Features are found by name, labels by their text.  A label of today that the trees do not
 * know goes where a missing value went, or where the pool of rare labels went if there was
 * one.  A label that is no more has no code: it counts as missing, as any that is not known.
 */
#include "learn/learn.h"

typedef struct translation
{
	ml_host *host;
	const ml_schema *from;
	const ml_schema *to;
	int *place;       /* [features of from] of to; -1: it has none */
	int32_t **old_of; /* [features of from] old codes of the labels of to */
} translation;

static bool
same_classes(const ml_schema *a, const ml_schema *b)
{
	if (a->task != b->task || a->classes != b->classes || a->rest != b->rest)
		return false;
	for (int k = 0; k < a->classes; k++)
		if (!ml_text_equal(a->class_label[k], b->class_label[k]))
			return false;
	return true;
}

static bool
same_feature(const ml_feature *a, const ml_feature *b)
{
	return ml_text_equal(a->name, b->name) && a->element == b->element &&
	       a->kind == b->kind && a->width == b->width && a->use == b->use;
}

/* Where a feature is today, and which of its labels were which. */
static ml_status
find_feature(translation *t, int f)
{
	const ml_feature *old = &t->from->feature[f];
	int at = 0;

	while (at < t->to->features && !same_feature(&t->to->feature[at], old))
		at++;
	t->place[f] = at < t->to->features ? at : -1;
	if (t->place[f] < 0 || old->kind == ML_NUMBER)
		return ML_OK;
	ML_NEW(t->host, t->old_of[f], t->to->feature[at].levels);
	for (int level = 0; level < t->to->feature[at].levels; level++)
	{
		ML_PAUSE(t->host, level);
		t->old_of[f][level] = ml_feature_code(old, t->to->feature[at].label[level]);
	}
	return ML_OK;
}

/* Today's labels that go left at a node. */
static int64_t
list_codes(const translation *t, const ml_node *node, int32_t *code)
{
	int levels = t->to->feature[t->place[node->feature]].levels;
	int64_t count = 0;

	for (int level = 0; level < levels; level++)
	{
		double row[1] = {t->old_of[node->feature][level]};
		ml_node alone = *node;

		alone.feature = 0;
		if (ml_goes_left(&alone, row))
			code[count++] = level;
	}
	return count;
}

static ml_status
translate_node(const translation *t, const ml_node *old, ml_forest *out)
{
	ml_node node = *old;
	int levels = 0;

	node.code = NULL;
	node.bits = NULL;
	if (old->feature >= 0)
	{
		node.feature = t->place[old->feature];
		if (node.feature < 0)
		{
			t->host->fault.count = old->feature;
			return ML_LOST_FEATURE;
		}
		if (t->to->feature[node.feature].kind == ML_CATEGORY)
			levels = t->to->feature[node.feature].levels;
	}
	ML_TRY(ml_forest_room(out, 1, levels));
	node.set = out->codes;
	node.set_count = levels > 0 ? list_codes(t, old, out->code + out->codes) : 0;
	out->codes += node.set_count;
	out->node[out->nodes++] = node;
	return ML_OK;
}

ml_status
ml_forest_continue(ml_host *host, const ml_problem *problem, ml_forest *out)
{
	const ml_earlier *earlier = problem->earlier;
	translation t = {.host = host, .from = earlier->schema, .to = problem->schema};
	ml_forest old;

	if (!same_classes(t.from, t.to))
		return ML_OTHER_CLASSES;
	ML_TRY(ml_forest_read(host, t.from, earlier->fitted, &old));
	ML_NEW(host, t.place, t.from->features);
	ML_NEW(host, t.old_of, t.from->features);
	for (int f = 0; f < t.from->features; f++)
		ML_TRY(find_feature(&t, f));
	*out = (ml_forest){.host = host,
	                   .base = old.base,
	                   .classes = old.classes,
	                   .class_base = old.class_base};
	for (int tree = 0; tree < old.trees; tree++)
	{
		for (int64_t i = old.first[tree]; i < old.first[tree + 1]; i++)
		{
			ML_PAUSE(host, i);
			ML_TRY(translate_node(&t, &old.node[i], out));
		}
		ML_TRY(ml_forest_room(out, 0, 0));
		out->first[++out->trees] = out->nodes;
	}
	return ML_OK;
}
