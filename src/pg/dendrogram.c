/* SPDX-License-Identifier: PostgreSQL */
/*
 * dendrogram.c: cia_dendrogram: what a model of algorithm hierarchical has joined, step by step.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_dendrogram);

/* The learned arrays of a tree, which were checked when the model was read. */
typedef struct tree_rows
{
	const ml_schema *schema;
	const double *left;
	const double *right;
	const double *height;
	const double *rows;
	const double *leaf_segment;
	int64 steps;
	bool *below; /* [steps][segments] has the step leaves of that segment? */
} tree_rows;

static const double *
learned(const cia_loaded *loaded, const char *name)
{
	const ml_part *part = ml_fitted_part(&loaded->model->fitted, name);

	if (part == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("model \"%s\" has no dendrogram", loaded->name),
		                errdetail("It was trained by algorithm \"%s\".",
		                          loaded->model->learner->name),
		                errhint("Use algorithm => 'hierarchical'.")));
	return part->number;
}

static tree_rows
open_tree(const cia_loaded *loaded)
{
	const ml_schema *schema = &loaded->model->schema;
	tree_rows tree = {.schema = schema,
	                  .left = learned(loaded, "merge_left"),
	                  .right = learned(loaded, "merge_right"),
	                  .height = learned(loaded, "merge_height"),
	                  .rows = learned(loaded, "merge_rows"),
	                  .leaf_segment = learned(loaded, "leaf_segment")};

	tree.steps = ml_fitted_part(&loaded->model->fitted, "merge_left")->count;
	tree.below = palloc0(sizeof(bool) * tree.steps * schema->classes);
	return tree;
}

/* Adds the segments of a branch, which is a leaf or an earlier step, to those below a step. */
static void
add_segments(tree_rows *tree, double branch, bool *below)
{
	if (branch < 0)
		below[(int) tree->leaf_segment[(int) -branch - 1]] = true;
	else
		for (int k = 0; k < tree->schema->classes; k++)
			below[k] |= tree->below[((int64) branch - 1) * tree->schema->classes + k];
}

static Datum
segment_array(const ml_schema *schema, const bool *below)
{
	Datum *names = palloc(sizeof(Datum) * schema->classes);
	int count = 0;

	for (int k = 0; k < schema->classes; k++)
		if (below[k])
			names[count++] =
			    CStringGetTextDatum(cia_text_cstring(schema->class_label[k]));
	return PointerGetDatum(
	    construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_step(cia_output *out, tree_rows *tree, int64 step)
{
	bool *below = tree->below + step * tree->schema->classes;

	add_segments(tree, tree->left[step], below);
	add_segments(tree, tree->right[step], below);
	cia_output_integer(out, (int32) step + 1);
	cia_output_integer(out, (int32) tree->left[step]);
	cia_output_integer(out, (int32) tree->right[step]);
	cia_output_numbers(out, tree->height + step, 1);
	cia_output_bigint(out, (int64) tree->rows[step]);
	out->null[out->columns] = false;
	out->value[out->columns++] = segment_array(tree->schema, below);
	cia_output_row(out);
}

/* One row per step, the lowest first. */
Datum
cia_dendrogram(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	tree_rows tree = open_tree(cia_managed_arg(fcinfo, 0));

	for (int64 step = 0; step < tree.steps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		put_step(&out, &tree, step);
	}
	return (Datum) 0;
}
