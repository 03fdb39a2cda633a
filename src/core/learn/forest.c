/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest.c: arrays from trees, and trees from arrays.
 *
 * Whoever hands in a model may have made it up.  Children lie behind their parents and every
 * node but the first has one parent, so there are no cycles and nothing is out of reach; depth,
 * covers, thresholds and codes are within bounds.  After that nobody needs to look again.
 */
#include "learn/learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST_BITS 1024 /* labels of a feature whose sets are kept as bits */

ml_status
ml_forest_room(ml_forest *forest, int64_t nodes, int64_t codes)
{
	ml_host *host = forest->host;

	if (forest->trees + 1 >= forest->tree_room)
	{
		int room = forest->tree_room > 0 ? 2 * forest->tree_room : 128;
		int64_t *first;

		ML_NEW(host, first, room + 1);
		if (forest->trees > 0)
			memcpy(first, forest->first, (size_t) (forest->trees + 1) * sizeof *first);
		forest->first = first;
		forest->tree_room = room;
	}
	if (forest->nodes + nodes > forest->node_room)
	{
		int64_t room = 2 * (forest->nodes + nodes);
		ml_node *node;

		ML_NEW_RAW(host, node, room);
		if (forest->nodes > 0)
			memcpy(node, forest->node, (size_t) forest->nodes * sizeof *node);
		forest->node = node;
		forest->node_room = room;
	}
	if (forest->codes + codes > forest->code_room)
	{
		int64_t room = 2 * (forest->codes + codes);
		int32_t *code;

		ML_NEW_RAW(host, code, room);
		if (forest->codes > 0)
			memcpy(code, forest->code, (size_t) forest->codes * sizeof *code);
		forest->code = code;
		forest->code_room = room;
	}
	return ML_OK;
}

/*
 * The list of nodes has twice the room it needs, and was half as long before.  Another copy is
 * laid out for Shapley values, with a kilobyte per feature for their means.
 */
double
ml_forest_memory(const ml_problem *problem, int64_t trees, const ml_tree_options *options)
{
	double rows = (double) (problem->end - problem->begin);
	double leaves = (double) options->leaves,
	       most = 1 + rows / (double) options->min_rows;
	double nodes = 2 * (double) trees * (leaves < most ? leaves : most);

	return 65536 + nodes * (5 * sizeof(ml_node) + 12 * sizeof(double) + 300) +
	       1024.0 * problem->schema->features + (double) trees * 4 * sizeof(int64_t);
}

/* Codes of the labels that go left; they may be more than bins. */
static int64_t
list_codes(const ml_grower *grower, const ml_split *split, int32_t *code)
{
	const ml_binned *table = grower->table;
	int levels = grower->schema->feature[table->source[split->feature]].levels;
	int64_t count = 0;

	for (int level = 0; level < levels; level++)
	{
		int bin = table->cut[split->feature].bin_of[level];

		if (split->set[bin / 64] >> (bin % 64) & 1)
		{
			if (code != NULL)
				code[count] = level;
			count++;
		}
	}
	return count;
}

static bool
is_set_split(const ml_grower *grower, int node)
{
	return grower->node[node].feature >= 0 &&
	       !grower->table->ordered[grower->split_of[node].feature];
}

ml_status
ml_forest_add(ml_forest *forest, const ml_grower *grower, double scale)
{
	int64_t codes = 0;

	for (int i = 0; i < grower->nodes; i++)
		if (is_set_split(grower, i))
			codes += list_codes(grower, &grower->split_of[i], NULL);
	ML_TRY(ml_forest_room(forest, grower->nodes, codes));
	for (int i = 0; i < grower->nodes; i++)
	{
		ml_node *node = &forest->node[forest->nodes + i];

		*node = grower->node[i];
		node->value *= scale;
		node->set = forest->codes;
		node->set_count = 0;
		if (is_set_split(grower, i))
			node->set_count =
			    list_codes(grower, &grower->split_of[i], forest->code + forest->codes);
		forest->codes += node->set_count;
	}
	forest->nodes += grower->nodes;
	forest->first[++forest->trees] = forest->nodes;
	return ML_OK;
}

void
ml_forest_cut(ml_forest *forest, int trees)
{
	int64_t codes = 0;

	if (trees >= forest->trees)
		return;
	forest->trees = trees;
	forest->nodes = forest->first[trees];
	for (int64_t i = 0; i < forest->nodes; i++)
		codes += forest->node[i].set_count;
	forest->codes = codes;
}

static ml_status
write_importance(ml_host *host, const ml_forest *forest, int features, ml_fitted *fitted)
{
	double *gain, *splits;
	bool split = false;

	ML_TRY(ml_fitted_add(host, fitted, "importance_gain", features, &gain));
	ML_TRY(ml_fitted_add(host, fitted, "importance_splits", features, &splits));
	for (int64_t i = 0; i < forest->nodes; i++)
		if (forest->node[i].feature >= 0)
		{
			gain[forest->node[i].feature] += forest->node[i].gain;
			splits[forest->node[i].feature]++;
			split = true;
		}
	if (!split)
		fitted->trouble = (ml_trouble){.kind = ML_TROUBLE_NO_SPLIT, .feature = -1};
	return ML_OK;
}

enum
{
	FEATURE,
	THRESHOLD,
	MISSING_LEFT,
	LEFT,
	RIGHT,
	VALUE,
	COVER,
	GAIN,
	SET_SIZE,
	NODE_PARTS
};

static const char *const node_part[NODE_PARTS] = {"feature", "threshold", "missing_left",
                                                  "left",    "right",     "value",
                                                  "cover",   "gain",      "set_size"};

ml_status
ml_forest_write_nodes(ml_host *host, const ml_forest *forest, ml_fitted *fitted)
{
	double *of[NODE_PARTS], *base, *tree_nodes, *code;
	int bases = forest->classes > 0 ? forest->classes : 1;

	ML_TRY(ml_fitted_add(host, fitted, "base", bases, &base));
	ML_TRY(ml_fitted_add(host, fitted, "tree_nodes", forest->trees, &tree_nodes));
	for (int p = 0; p < NODE_PARTS; p++)
		ML_TRY(ml_fitted_add(host, fitted, node_part[p], forest->nodes, &of[p]));
	ML_TRY(ml_fitted_add(host, fitted, "set_code", forest->codes, &code));
	memcpy(base, forest->classes > 0 ? forest->class_base : &forest->base,
	       (size_t) bases * sizeof *base);
	for (int t = 0; t < forest->trees; t++)
		tree_nodes[t] = (double) (forest->first[t + 1] - forest->first[t]);
	for (int64_t i = 0; i < forest->nodes; i++)
	{
		const ml_node *node = &forest->node[i];

		of[FEATURE][i] = node->feature;
		of[THRESHOLD][i] = node->threshold;
		of[MISSING_LEFT][i] = node->missing_left;
		of[LEFT][i] = node->left;
		of[RIGHT][i] = node->right;
		of[VALUE][i] = node->value;
		of[COVER][i] = node->cover;
		of[GAIN][i] = node->gain;
		of[SET_SIZE][i] = (double) node->set_count;
	}
	for (int64_t i = 0; i < forest->codes; i++)
		code[i] = forest->code[i];
	return ML_OK;
}

ml_status
ml_forest_write(ml_host *host, const ml_forest *forest, int features, ml_fitted *fitted)
{
	ML_TRY(ml_forest_write_nodes(host, forest, fitted));
	return write_importance(host, forest, features, fitted);
}

static bool
is_of_nodes(ml_text name)
{
	for (int p = 0; p < NODE_PARTS; p++)
		if (ml_text_is(name, node_part[p]))
			return true;
	return false;
}

void
ml_forest_first(const ml_fitted *fitted, int trees, ml_fitted *first)
{
	const ml_part *tree_nodes = ml_fitted_part(fitted, "tree_nodes");
	const ml_part *set_size = ml_fitted_part(fitted, node_part[SET_SIZE]);
	int64_t nodes = 0, codes = 0;

	for (int t = 0; t < trees; t++)
		nodes += (int64_t) tree_nodes->number[t];
	for (int64_t i = 0; i < nodes; i++)
		codes += (int64_t) set_size->number[i];
	*first = *fitted;
	for (int p = 0; p < first->parts; p++)
	{
		ml_part *part = &first->part[p];

		if (ml_text_is(part->name, "tree_nodes"))
			part->count = trees;
		else if (ml_text_is(part->name, "set_code"))
			part->count = codes;
		else if (is_of_nodes(part->name))
			part->count = nodes;
	}
}

/* What the numbers of a part may be. */
typedef struct range
{
	double least;
	double most;
	bool whole; /* and within 2^51 of 0 */
} range;

/*
 * How many numbers are not of that range?  All are counted, so that compilers take several at
 * once; what is added to a number leaves no room for a fraction.
 */
ML_HOT static void
count_outside(const double *number, int64_t count, range allowed, int64_t *outside)
{
	const double shift = 0x1.8p52;
	double least = allowed.least, most = allowed.most;
	int64_t inside = 0;

	if (allowed.whole)
		for (int64_t i = 0; i < count; i++)
			inside += (number[i] >= least) & (number[i] <= most) &
			          (number[i] + shift - shift == number[i]);
	else
		for (int64_t i = 0; i < count; i++)
			inside += (number[i] >= least) & (number[i] <= most);
	*outside = count - inside;
}

static bool
are_within(const double *number, int64_t count, range allowed)
{
	int64_t outside;

	count_outside(number, count, allowed, &outside);
	return outside == 0;
}

/* One base, or one per class, to which then whole rounds of trees belong. */
static ml_status
read_base(const ml_schema *schema, const ml_fitted *fitted, ml_forest *forest)
{
	const ml_part *base = ml_fitted_part(fitted, "base");

	if (base == NULL || base->count < 1)
		return ML_BAD_MODEL;
	for (int64_t i = 0; i < base->count; i++)
		if (!isfinite(base->number[i]))
			return ML_BAD_MODEL;
	forest->base = base->number[0];
	if (base->count == 1)
		return ML_OK;
	if (schema->task != ML_MULTICLASS || base->count != schema->classes)
		return ML_BAD_MODEL;
	forest->classes = schema->classes;
	forest->class_base = base->number;
	return ML_OK;
}

static ml_status
read_trees(ml_host *host, const ml_fitted *fitted, ml_forest *forest)
{
	const ml_part *tree_nodes = ml_fitted_part(fitted, "tree_nodes");

	if (tree_nodes == NULL || tree_nodes->count > INT32_MAX / 2 ||
	    (forest->classes > 0 && tree_nodes->count % forest->classes != 0) ||
	    !are_within(tree_nodes->number, tree_nodes->count,
	                (range){1, 2 * ML_MAX_LEAVES, true}))
		return ML_BAD_MODEL;
	forest->trees = (int) tree_nodes->count;
	ML_NEW(host, forest->first, forest->trees + 1);
	for (int t = 0; t < forest->trees; t++)
		forest->first[t + 1] = forest->first[t] + (int64_t) tree_nodes->number[t];
	forest->nodes = forest->first[forest->trees];
	return ML_OK;
}

ML_HOT static void
take_codes(const double *number, int64_t count, int32_t *code)
{
	for (int64_t i = 0; i < count; i++)
		code[i] = (int32_t) number[i];
}

static ml_status
read_codes(ml_host *host, const ml_fitted *fitted, ml_forest *forest)
{
	const ml_part *codes = ml_fitted_part(fitted, "set_code");

	if (codes == NULL || !are_within(codes->number, codes->count,
	                                 (range){.most = INT32_MAX, .whole = true}))
		return ML_BAD_MODEL;
	forest->codes = codes->count;
	ML_NEW_RAW(host, forest->code, codes->count);
	take_codes(codes->number, codes->count, forest->code);
	return ML_OK;
}

/* Nodes as the arrays have them: numbers in range, nothing said of what they amount to. */
static ml_status
read_nodes(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
           ml_forest *forest)
{
	const range allowed[NODE_PARTS] = {
	    [FEATURE] = {-1, schema->features - 1, true},
	    [MISSING_LEFT] = {0, 1, true},
	    [LEFT] = {-1, 2 * ML_MAX_LEAVES, true},
	    [RIGHT] = {-1, 2 * ML_MAX_LEAVES, true},
	    [VALUE] = {-DBL_MAX, DBL_MAX, false},
	    [COVER] = {DBL_TRUE_MIN, 0x1p53 - 1, false},
	    [GAIN] = {0, INFINITY, false},
	    [SET_SIZE] = {0, (double) forest->codes, true},
	};
	const double *of[NODE_PARTS];
	int64_t set = 0;

	for (int p = 0; p < NODE_PARTS; p++)
	{
		const ml_part *part = ml_fitted_part(fitted, node_part[p]);

		/* what a threshold may be depends on the feature */
		if (part == NULL || part->count != forest->nodes ||
		    (p != THRESHOLD && !are_within(part->number, forest->nodes, allowed[p])))
			return ML_BAD_MODEL;
		if (ml_stop(host))
			return ML_STOPPED;
		of[p] = part->number;
	}
	ML_NEW_RAW(host, forest->node, forest->nodes);
	for (int64_t i = 0; i < forest->nodes; i++)
	{
		ML_PAUSE(host, i);
		forest->node[i] = (ml_node){.feature = (int) of[FEATURE][i],
		                            .left = (int) of[LEFT][i],
		                            .right = (int) of[RIGHT][i],
		                            .missing_left = of[MISSING_LEFT][i] != 0,
		                            .threshold = of[THRESHOLD][i],
		                            .set = set,
		                            .set_count = (int64_t) of[SET_SIZE][i],
		                            .code = forest->code + set,
		                            .value = of[VALUE][i],
		                            .cover = of[COVER][i],
		                            .gain = of[GAIN][i]};
		set += forest->node[i].set_count;
	}
	return set == forest->codes ? ML_OK : ML_BAD_MODEL;
}

/* Are so many codes, which are not negative, in ascending order and of labels that there are? */
static bool
are_labels(const int32_t *code, int64_t count, int levels)
{
	int32_t unordered = 0;

	for (int64_t i = 1; i < count; i++)
		unordered += code[i - 1] >= code[i];
	return unordered == 0 && code[count - 1] < levels;
}

/* Does the node's question fit its feature? */
static bool
is_question(const ml_schema *schema, const ml_forest *forest, const ml_node *node)
{
	const ml_feature *feature = &schema->feature[node->feature];

	if (feature->use != ML_USE_TERM || feature->bins != NULL)
		return false;
	if (feature->kind == ML_NUMBER)
		return isfinite(node->threshold) && node->set_count == 0;
	if (!isnan(node->threshold))
		return false;
	return node->set_count == 0 ||
	       are_labels(forest->code + node->set, node->set_count, feature->levels);
}

ml_status
ml_forest_make_bits(ml_host *host, const ml_schema *schema, ml_forest *forest)
{
	for (int64_t i = 0; i < forest->nodes; i++)
	{
		ml_node *node = &forest->node[i];
		uint64_t *bits;

		if (node->feature < 0 || schema->feature[node->feature].kind == ML_NUMBER ||
		    schema->feature[node->feature].levels > MOST_BITS)
			continue;
		ML_PAUSE(host, i);
		ML_NEW(host, bits, schema->feature[node->feature].levels / 64 + 1);
		for (int64_t k = 0; k < node->set_count; k++)
			bits[node->code[k] / 64] |= UINT64_C(1) << (node->code[k] % 64);
		node->bits = bits;
	}
	return ML_OK;
}

/*
 * The nodes of a tree: every one but the first is the child of one that lies before it, covers
 * add up, and depth[] is within bounds.
 */
static ml_status
check_tree(const ml_schema *schema, ml_forest *forest, int tree, int *depth)
{
	const ml_node *node = forest->node + forest->first[tree];
	int count = (int) (forest->first[tree + 1] - forest->first[tree]);
	int leaves = 0;

	for (int i = 0; i < count; i++)
		depth[i] = i == 0 ? 0 : -1;
	for (int i = 0; i < count; i++)
	{
		int left = node[i].left, right = node[i].right;

		if (depth[i] < 0 || depth[i] > ML_MAX_DEPTH)
			return ML_BAD_MODEL;
		forest->depth = depth[i] > forest->depth ? depth[i] : forest->depth;
		leaves += node[i].feature < 0;
		if (node[i].feature < 0)
		{
			if (left != -1 || right != -1 || !isnan(node[i].threshold) ||
			    node[i].set_count != 0)
				return ML_BAD_MODEL;
			continue;
		}
		if (left <= i || right <= i || left >= count || right >= count || left == right ||
		    depth[left] >= 0 || depth[right] >= 0 ||
		    node[left].cover + node[right].cover != node[i].cover ||
		    !is_question(schema, forest, &node[i]))
			return ML_BAD_MODEL;
		depth[left] = depth[right] = depth[i] + 1;
	}
	forest->leaves = leaves > forest->leaves ? leaves : forest->leaves;
	return ML_OK;
}

ml_status
ml_forest_read(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
               ml_forest *forest)
{
	int64_t most = 0;
	int *depth;

	*forest = (ml_forest){.host = host};
	ML_TRY(read_base(schema, fitted, forest));
	ML_TRY(read_trees(host, fitted, forest));
	ML_TRY(read_codes(host, fitted, forest));
	ML_TRY(read_nodes(host, schema, fitted, forest));
	for (int t = 0; t < forest->trees; t++)
		if (forest->first[t + 1] - forest->first[t] > most)
			most = forest->first[t + 1] - forest->first[t];
	ML_NEW(host, depth, most);
	for (int t = 0; t < forest->trees; t++)
		ML_TRY(check_tree(schema, forest, t, depth));
	return ML_OK;
}
