/* SPDX-License-Identifier: PostgreSQL */
/*
 * trees.c: a tree of a model, node by node.
 */
#include "model/model.h"

#include <math.h>

static const double *
array_of(const ml_model *model, const char *name)
{
	const ml_part *part = ml_fitted_part(&model->fitted, name);

	return part != NULL ? part->number : NULL;
}

ml_status
ml_model_trees(ml_host *host, const ml_model *model, ml_trees *trees, bool *found)
{
	const ml_part *nodes = ml_fitted_part(&model->fitted, "tree_nodes");
	const ml_part *base = ml_fitted_part(&model->fitted, "base");
	const double *set_size = array_of(model, "set_size");

	*found = nodes != NULL && base != NULL && set_size != NULL;
	if (!*found)
		return ML_OK;
	*trees = (ml_trees){.trees = (int) nodes->count,
	                    .classes = (int) base->count,
	                    .base = base->number,
	                    .feature = array_of(model, "feature"),
	                    .threshold = array_of(model, "threshold"),
	                    .missing_left = array_of(model, "missing_left"),
	                    .left = array_of(model, "left"),
	                    .right = array_of(model, "right"),
	                    .value = array_of(model, "value"),
	                    .cover = array_of(model, "cover"),
	                    .gain = array_of(model, "gain"),
	                    .code = array_of(model, "set_code")};
	ML_NEW(host, trees->first, trees->trees + 1);
	for (int t = 0; t < trees->trees; t++)
		trees->first[t + 1] = trees->first[t] + (int64_t) nodes->number[t];
	ML_NEW(host, trees->set, trees->first[trees->trees] + 1);
	for (int64_t i = 0; i < trees->first[trees->trees]; i++)
	{
		ML_PAUSE(host, i);
		trees->set[i + 1] = trees->set[i] + (int64_t) set_size[i];
	}
	return ML_OK;
}

static ml_node
node_at(const ml_trees *trees, int64_t i, int32_t *code)
{
	ml_node node = {.feature = (int) trees->feature[i],
	                .left = (int) trees->left[i],
	                .right = (int) trees->right[i],
	                .missing_left = trees->missing_left[i] != 0,
	                .threshold = trees->threshold[i],
	                .set_count = trees->set[i + 1] - trees->set[i],
	                .code = code,
	                .value = trees->value[i],
	                .cover = trees->cover[i],
	                .gain = trees->gain[i]};

	for (int64_t k = 0; k < node.set_count; k++)
		code[k] = (int32_t) trees->code[trees->set[i] + k];
	return node;
}

ml_status
ml_trees_nodes(ml_host *host, const ml_trees *trees, int tree, ml_node **out, int *nodes)
{
	int64_t begin = trees->first[tree], end = trees->first[tree + 1];
	ml_node *node;
	int32_t *code;

	*nodes = (int) (end - begin);
	ML_NEW(host, node, *nodes);
	ML_NEW(host, code, trees->set[end] - trees->set[begin] + 1);
	for (int64_t i = begin; i < end; i++)
		node[i - begin] = node_at(trees, i, code + (trees->set[i] - trees->set[begin]));
	/* children come after their parent */
	for (int i = *nodes - 1; i >= 0; i--)
		if (node[i].feature >= 0)
		{
			const ml_node *left = &node[node[i].left], *right = &node[node[i].right];

			node[i].value =
			    (left->cover * left->value + right->cover * right->value) / node[i].cover;
		}
	*out = node;
	return ML_OK;
}
