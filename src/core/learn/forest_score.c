/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_score.c: using a forest: by masks, by steps, or by a plain walk.
 *
 * Few rows are walked, as the tables that masks and steps need take longer to make than that.
 *
 * All three add the same leaves in the same order, so their sums are the same bits.  Offsets
 * come last.
 */
#include "learn/learn.h"

#include <string.h>

double
ml_forest_walk(const ml_forest *forest, const double *row)
{
	double lane[ML_TREE_LANES] = {0};

	for (int t = 0; t < forest->trees; t++)
	{
		const ml_node *tree = forest->node + forest->first[t], *node = tree;

		while (node->feature >= 0)
			node = tree + (ml_goes_left(node, row) ? node->left : node->right);
		lane[t % ML_TREE_LANES] += node->value;
	}
	return ml_lane_total(forest->base, lane);
}

/* Features asked about, and nodes that a row meets by the covers of the training rows. */
static ml_status
count_work(ml_host *host, ml_forest_state *state)
{
	const ml_forest *forest = &state->forest;
	bool *asked;

	ML_NEW(host, asked, state->features);
	for (int t = 0; t < forest->trees; t++)
	{
		const ml_node *tree = forest->node + forest->first[t];
		double rows = 0;

		for (int64_t i = 0; i < forest->first[t + 1] - forest->first[t]; i++)
		{
			rows += tree[i].cover;
			if (tree[i].feature >= 0)
				asked[tree[i].feature] = true;
		}
		state->met += rows / tree[0].cover;
	}
	for (int f = 0; f < state->features; f++)
		state->asked += asked[f];
	return ML_OK;
}

ml_status
ml_forest_begin(ml_host *host, const ml_schema *schema, ml_forest_state *state)
{
	state->features = schema->features;
	ML_TRY(count_work(host, state));
	return ml_offsets_find(host, schema, &state->offsets);
}

ml_status
ml_forest_equip(ml_host *host, const ml_schema *schema, void *argument)
{
	ml_forest_state *state = argument;
	ml_slots *slots;

	ML_TRY(ml_slots_create(host, schema, &state->forest, &slots));
	state->slots = slots;
	if (slots != NULL)
		ML_TRY(ml_leaf_masks_create(host, &state->forest, slots, &state->masks));
	if (slots != NULL && state->masks == NULL)
		ML_TRY(ml_tree_steps_create(host, &state->forest, slots, &state->steps));
	if (state->masks == NULL && state->steps == NULL)
		ML_TRY(ml_forest_make_bits(host, schema, &state->forest));
	state->equipped = true;
	return ML_OK;
}

ml_status
ml_forest_lay_out(ml_host *host, const ml_schema *schema, void *argument)
{
	ml_forest_state *state = argument;

	return ml_shapley_create(host, schema, &state->forest, &state->shapley);
}

ml_status
ml_forest_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                  ml_forest_state **out)
{
	ml_forest_state *state;

	ML_NEW(host, state, 1);
	ML_TRY(ml_forest_read(host, schema, fitted, &state->forest));
	if (state->forest.classes > 0)
		return ML_BAD_MODEL;
	*out = state;
	return ml_forest_begin(host, schema, state);
}

/*
 * In units of about a nanosecond: a search takes four, so does a tree by masks for each of its
 * words and a node by steps; a node of the plain walk, for which memory is waited for, takes thirty.
 * What is not equipped yet will be when it is worth while.
 */
double
ml_forest_work(const void *argument)
{
	const ml_forest_state *state = argument;
	bool by_masks =
	    state->equipped ? state->masks != NULL : state->forest.leaves <= ML_MASKED_LEAVES;
	bool by_walk = state->equipped && state->masks == NULL && state->steps == NULL;
	double search = 4.0 * state->asked + 10.0 * state->offsets.count;

	if (by_masks)
		return search + 4.0 * state->forest.trees * (state->forest.leaves > 64 ? 2 : 1);
	return search + (by_walk ? 30 : 4) * state->met;
}

void
ml_forest_margins(const void *argument, const double *row, int64_t width, int64_t rows,
                  double *margin)
{
	const ml_forest_state *state = argument;

	if (state->masks != NULL)
		ml_leaf_masks_margins(state->masks, row, width, rows, margin);
	else if (state->steps != NULL)
		ml_tree_steps_margins(state->steps, row, width, rows, margin);
	else
		for (int64_t i = 0; i < rows; i++)
			margin[i] = ml_forest_walk(&state->forest, row + i * width);
	for (int64_t i = 0; state->offsets.count > 0 && i < rows; i++)
		margin[i] += ml_offsets_of(&state->offsets, row + i * width);
}

double
ml_forest_margin(const void *argument, const double *row)
{
	double margin;

	ml_forest_margins(argument, row, 0, 1, &margin);
	return margin;
}

double
ml_forest_respond(const void *state, double margin)
{
	return ((const ml_forest_state *) state)->respond(margin);
}

void
ml_forest_explain(const void *argument, const double *row, double *contribution,
                  double *bias)
{
	const ml_forest_state *state = argument;

	memset(contribution, 0, (size_t) state->features * sizeof *contribution);
	ml_shapley_explain(state->shapley, row, contribution, bias);
	ml_offsets_explain(&state->offsets, row, contribution);
	for (int i = 0; i < state->offsets.count; i++)
	{
		const ml_feature *feature = &state->offsets.feature[state->offsets.at[i]];
		double average = ml_offset_of(feature, feature->mean);

		contribution[state->offsets.at[i]] -= average;
		*bias += average;
	}
}
