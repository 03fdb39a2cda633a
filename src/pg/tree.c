/* SPDX-License-Identifier: PostgreSQL */
/*
 * tree.c: cia_tree: one tree of a model as text, in the look of R's print.rpart().
 *
 *	all rows: 48000 rows, -0.0021
 *	  balance <= 1200.5 OR balance IS NULL: 31092 rows, 0.0133, gain 412.7
 *	    region IN ('east', 'north'): 11201 rows, 0.0271 *
 *
 * Every line is a condition in SQL, which holds together with those above it, and what is known
 * of the rows that meet it; a star marks a leaf.
 */
#include "cia.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_tree);

#define LABELS_WIDTH 60 /* characters of labels in a condition; at least one is shown */
#define DIGITS 4        /* of values and gains */
#define EXACT_DIGITS 15 /* of thresholds among whole and decimal numbers */
#define CLOSE_DIGITS 9  /* among others */
#define NOTHING 1e-6    /* of the largest leaf */

/* What a call is about. */
typedef struct printout
{
	StringInfoData text;
	const ml_schema *schema;
	const ml_node *node;
	double scale;   /* values are shown times this */
	double nothing; /* means of leaves that are less come of rounding alone */
	double *share;  /* [nodes][classes] of a tree for several classes; else NULL */
	int *label_set; /* [most levels] of a condition: codes, to be listed */
} printout;

static bool
is_whole_type(const ml_feature *feature)
{
	return ml_text_is(feature->type, "integer") || ml_text_is(feature->type, "bigint") ||
	       ml_text_is(feature->type, "smallint");
}

/* The column as SQL has it. */
static char *
column_of(const ml_feature *feature)
{
	const char *name = quote_identifier(cia_text_cstring(feature->name));

	return feature->element > 0 ? psprintf("%s[%d]", name, feature->element)
	                            : pstrdup(name);
}

/*
 * A threshold as short as it can be: rows lie on either side of it, so of dates and whole numbers
 * the last one that goes left says the same.
 */
static char *
threshold_text(const ml_feature *feature, double threshold)
{
	bool zoned = ml_text_is(feature->type, "timestamp with time zone");

	if (ml_text_is(feature->type, "date"))
		return psprintf("DATE '%s'",
		                cia_feature_text(feature, floor(threshold / 86400) * 86400));
	/* microseconds; doubles of this size are an eighth of one apart */
	if (zoned || ml_text_is(feature->type, "timestamp without time zone"))
		return psprintf("%s '%s'", zoned ? "TIMESTAMPTZ" : "TIMESTAMP",
		                cia_feature_text(feature, floor(threshold * 1e6 + 0.25) / 1e6));
	if (is_whole_type(feature))
		return cia_format_short(floor(threshold), EXACT_DIGITS);
	return cia_format_short(
	    threshold, ml_text_is(feature->type, "numeric") ? EXACT_DIGITS : CLOSE_DIGITS);
}

static void
append_number_side(StringInfo out, const ml_feature *feature, const ml_node *node,
                   bool left)
{
	const char *column = column_of(feature);

	if (ml_text_is(feature->type, "boolean") && node->threshold >= 0 &&
	    node->threshold < 1)
		appendStringInfo(out, left ? "NOT %s" : "%s", column);
	else
		appendStringInfo(out, "%s %s %s", column, left ? "<=" : ">",
		                 threshold_text(feature, node->threshold));
}

/* Codes of the labels that go to a side; answers how many. */
static int
labels_of_side(const ml_feature *feature, const ml_node *node, bool left, int *code)
{
	int count = 0;
	int64 at = 0;

	for (int level = 0; level < feature->levels; level++)
	{
		bool in_set = at < node->set_count && node->code[at] == level;

		at += in_set;
		if (in_set == left)
			code[count++] = level;
	}
	return count;
}

static void
append_labels(StringInfo out, const ml_feature *feature, const int *code, int count)
{
	int width = 0, shown = 0;

	appendStringInfo(out, "%s IN (", column_of(feature));
	for (; shown < count; shown++)
	{
		bool pool = feature->pooled && code[shown] == feature->levels - 1;
		char *label =
		    pool ? pstrdup("other labels")
		         : quote_literal_cstr(cia_text_cstring(feature->label[code[shown]]));

		width += cia_text_width(label) + 2;
		if (shown > 0 && width > LABELS_WIDTH)
			break;
		appendStringInfo(out, "%s%s", shown > 0 ? ", " : "", label);
	}
	if (shown < count)
		appendStringInfo(out, " and %d more", count - shown);
	appendStringInfoChar(out, ')');
}

/* The condition of one side of a node. */
static void
append_side(printout *print, const ml_node *node, bool left)
{
	const ml_feature *feature = &print->schema->feature[node->feature];
	bool missing = node->missing_left == left;
	int count = 1;

	if (feature->kind == ML_NUMBER)
		append_number_side(&print->text, feature, node, left);
	else
	{
		count = labels_of_side(feature, node, left, print->label_set);
		if (count > 0)
			append_labels(&print->text, feature, print->label_set, count);
	}
	if (missing)
		appendStringInfo(&print->text, "%s%s IS NULL", count > 0 ? " OR " : "",
		                 column_of(feature));
	else if (count == 0)
		appendStringInfoString(&print->text, "false");
}

static void
append_facts(printout *print, const ml_node *node)
{
	double value = fabs(node->value) < print->nothing ? 0 : node->value;

	appendStringInfo(&print->text, ": %.0f rows, ", node->cover);
	if (print->share != NULL)
	{
		const double *share =
		    print->share + (node - print->node) * print->schema->classes;
		int likeliest = ml_likeliest(print->schema->classes, share);

		appendStringInfo(&print->text, "%s ",
		                 cia_text_cstring(print->schema->class_label[likeliest]));
		value = share[likeliest];
	}
	appendStringInfoString(&print->text, cia_format_short(value * print->scale, DIGITS));
	if (node->feature >= 0)
		appendStringInfo(&print->text, ", gain %s\n",
		                 cia_format_short(node->gain, DIGITS));
	else
		appendStringInfoString(&print->text, " *\n");
}

/* The sides of a node and all that lies below; the decoder has seen to the depth. */
static void
append_below(printout *print, const ml_node *node, int depth)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	for (int side = 0; side < 2 && node->feature >= 0; side++)
	{
		const ml_node *child = &print->node[side == 0 ? node->left : node->right];

		appendStringInfoSpaces(&print->text, 2 * depth);
		append_side(print, node, side == 0);
		append_facts(print, child);
		append_below(print, child, depth + 1);
	}
}

/* Shares of the classes at every node: of a leaf its own, of others the mean of those below. */
static void
find_shares(printout *print, const ml_model *model, const ml_trees *trees, int tree)
{
	const ml_part *part = ml_fitted_part(&model->fitted, "class_share");
	int classes = model->schema.classes;
	int nodes = (int) (trees->first[tree + 1] - trees->first[tree]);
	int64 leaf = 0;

	print->share = NULL;
	if (part == NULL)
		return;
	print->share = palloc0(sizeof(double) * (size_t) nodes * classes);
	for (int64 i = 0; i < trees->first[tree + 1]; i++)
		leaf += trees->feature[i] < 0;
	for (int i = nodes - 1; i >= 0; i--)
	{
		const ml_node *node = &print->node[i];
		double *share = print->share + (size_t) i * classes;

		if (node->feature < 0)
			memcpy(share, part->number + --leaf * classes, sizeof(double) * classes);
		for (int side = 0; side < 2 && node->feature >= 0; side++)
		{
			int child = side == 0 ? node->left : node->right;

			for (int k = 0; k < classes; k++)
				share[k] += print->share[(size_t) child * classes + k] *
				            (print->node[child].cover / node->cover);
		}
	}
}

/* "churned = true", or the name of a target that is a number. */
static char *
target_text(const ml_schema *schema, int class)
{
	char *target = cia_text_cstring(schema->target);

	if (schema->classes == 0)
		return target;
	return psprintf("%s = %s", target, cia_text_cstring(schema->class_label[class]));
}

/* What boosted trees add up to. */
static char *
margin_text(const ml_model *model, int class)
{
	char *objective = cia_option_text(model, "objective");
	char *target = target_text(&model->schema, class);

	if (model->schema.task == ML_BINARY)
		return psprintf("the log odds of %s", target);
	if (model->schema.task == ML_MULTICLASS)
		return psprintf("the margin of %s", target);
	if (objective != NULL &&
	    (strcmp(objective, "poisson") == 0 || strcmp(objective, "gamma") == 0 ||
	     strcmp(objective, "tweedie") == 0))
		return psprintf("the logarithm of %s", target);
	return target;
}

/* Which tree it is, and what its values mean. */
static void
append_head(printout *print, const ml_model *model, const ml_trees *trees, int tree)
{
	int leaves = 0, class = trees->classes > 1 ? tree % trees->classes : 1;
	bool boosted = strcmp(model->learner->name, "boosted_trees") == 0;

	for (int64 i = trees->first[tree]; i < trees->first[tree + 1]; i++)
		leaves += trees->feature[i] < 0;
	appendStringInfo(&print->text, "Tree %d of %d (%s), %d %s.\n", tree + 1, trees->trees,
	                 model->learner->name, leaves, leaves == 1 ? "leaf" : "leaves");
	if (boosted)
		appendStringInfo(&print->text, "Leaves (*) add to %s, which begins at %s.\n\n",
		                 margin_text(model, class),
		                 cia_format_short(trees->base[tree % trees->classes], DIGITS));
	else
		appendStringInfo(&print->text, "Leaves (*) answer %s %s%s.\n\n",
		                 print->share != NULL ? "the likeliest class and its share of"
		                 : model->schema.classes > 0 ? "the probability of"
		                                             : "the mean of",
		                 print->share != NULL ? cia_text_cstring(model->schema.target)
		                                      : target_text(&model->schema, class),
		                 trees->trees > trees->classes
		                     ? "; the model answers the mean of its trees"
		                     : "");
	/* trees that are averaged have their share already */
	print->scale = boosted ? 1 : (double) (trees->trees / trees->classes);
}

static void
need_trees(const cia_loaded *loaded, bool found)
{
	if (!found)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no trees", loaded->name),
		                errdetail("It was trained by algorithm \"%s\".",
		                          loaded->model->learner->name),
		                errhint("A regression is shown by cia_print(model).")));
	if (loaded->model->by != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		         errmsg("model \"%s\" has trees of its own for each group", loaded->name),
		         errhint("Name the group: cia_tree(cia_part('%s', 'group'), n). "
		                 "cia_groups(model) lists them; NULL stands for all rows.",
		                 loaded->name)));
}

static int
tree_arg(FunctionCallInfo fcinfo, const cia_loaded *loaded, const ml_trees *trees)
{
	int32 n = PG_GETARG_INT32(1);

	if (n < 1 || n > trees->trees)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("model \"%s\" has no tree %d", loaded->name, n),
		     trees->trees > 0
		         ? errdetail("Its trees are numbered from 1 to %d.", trees->trees)
		         : errdetail("It has no tree at all."),
		     trees->trees > 0
		         ? 0
		         : errhint(
		               "Trees are in models of boosted_trees, random_forest and decision_tree.")));
	return n - 1;
}

/* The tree below its heading. */
static void
append_tree(printout *print, int nodes)
{
	int levels = 1;

	for (int f = 0; f < print->schema->features; f++)
		levels = Max(levels, print->schema->feature[f].levels);
	print->label_set = palloc(sizeof(int) * levels);
	for (int i = 0; i < nodes; i++)
		if (print->node[i].feature < 0)
			print->nothing = Max(print->nothing, fabs(print->node[i].value) * NOTHING);
	appendStringInfoString(&print->text, "all rows");
	append_facts(print, &print->node[0]);
	append_below(print, &print->node[0], 1);
}

/* The n-th tree, from 1. */
Datum
cia_tree(PG_FUNCTION_ARGS)
{
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	const cia_loaded *loaded = cia_managed_arg(fcinfo, 0);
	const ml_model *model = loaded->model;
	printout print = {.schema = &model->schema};
	ml_trees trees;
	ml_node *node;
	bool found;
	int tree, nodes;

	cia_check(door,
	          ml_model_trees(&door->host, model->by != NULL ? model->by->overall : model,
	                         &trees, &found));
	need_trees(loaded, found);
	tree = tree_arg(fcinfo, loaded, &trees);
	cia_check(door, ml_trees_nodes(&door->host, &trees, tree, &node, &nodes));
	print.node = node;
	find_shares(&print, model, &trees, tree);
	initStringInfo(&print.text);
	append_head(&print, model, &trees, tree);
	append_tree(&print, nodes);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(print.text.data, print.text.len - 1));
}
