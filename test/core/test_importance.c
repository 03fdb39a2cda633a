/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_importance.c: what features mean to a model, and its trees node by node, against the
 * margins of rows and the walk through the trees.
 */
#include "models.h"

enum
{
	LINEAR,
	LOGISTIC,
	MULTINOMIAL,
	EVIDENCE, /* logistic on weights of evidence, of rows without weights */
	KINDS
};

#define ROWS 400

static ml_frame *
fill(test_host *t, int kind)
{
	sample s = {.seed = 811,
	            .binary = kind == LOGISTIC || kind == EVIDENCE,
	            .classes = kind == MULTINOMIAL ? 4 : 0,
	            .id = true,
	            .weight = kind != EVIDENCE};
	ml_frame *frame;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	return frame;
}

static ml_model *
regression(test_host *t, int kind)
{
	static const char *const learner[] = {"linear", "logistic", "multinomial",
	                                      "logistic"};
	const sample_option options[] = {{"holdout", 0},
	                                 {"max_categories", 6},
	                                 {kind == EVIDENCE ? "encode" : NULL, 0, "woe"},
	                                 {NULL, 0}};
	ml_result result;

	REQUIRE_OK(sample_train(&t->core, fill(t, kind), learner[kind], options, &result));
	return result.model;
}

static ml_model *
grown(test_host *t, const ml_learner *learner)
{
	static const sample_option options[] = {
	    {"holdout", 0}, {"trees", 7}, {"leaves", 9}, {"max_categories", 6}, {NULL, 0}};
	int kind = learner->task == ML_BINARY ? LOGISTIC : LINEAR;
	ml_result result;

	REQUIRE_OK(sample_train_learner(&t->core, fill(t, kind), learner, options, &result));
	return result.model;
}

/* Row number i of the rows that a model was trained on, as it has them. */
static void
read_row(const ml_frame *frame, const ml_schema *schema, int64_t i, double *row)
{
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		const ml_column *column = NULL;
		int32_t code;

		for (int c = 0; c < frame->columns; c++)
			if (frame->column[c].element == feature->element &&
			    ml_text_equal(frame->column[c].name, feature->name))
				column = &frame->column[c];
		REQUIRE(column != NULL);
		if (column->kind == ML_NUMBER)
		{
			row[f] = *ml_numbers_at(column, i);
			continue;
		}
		code = *ml_codes_at(column, i);
		row[f] =
		    code < 0 ? -1 : ml_feature_code(feature, column->dictionary->label[code]);
	}
}

/* What a class's margin has beyond the mean of all. */
static void
margins_of(const ml_model *model, const double *row, double *margin)
{
	double sum = 0;
	int classes = model->schema.classes;

	if (model->schema.task != ML_MULTICLASS)
	{
		margin[0] = model->learner->margin(model->state, row);
		return;
	}
	model->learner->margins(model->state, row, margin);
	for (int k = 0; k < classes; k++)
		sum += margin[k];
	for (int k = 0; k < classes; k++)
		margin[k] -= sum / classes;
}

/* Deviation over the rows of the margin's change, where one feature alone is that of the row. */
static double
deviation_of(const ml_model *model, const ml_frame *frame, int f)
{
	double row[SAMPLE_COLUMNS], fixed[SAMPLE_COLUMNS], margin[4], variance = 0;
	double sum[4] = {0}, squares[4] = {0};
	int classes = model->schema.task == ML_MULTICLASS ? model->schema.classes : 1;

	read_row(frame, &model->schema, 0, fixed);
	for (int64_t i = 0; i < frame->rows; i++)
	{
		double value;

		read_row(frame, &model->schema, i, row);
		value = row[f];
		memcpy(row, fixed, sizeof row);
		row[f] = value;
		margins_of(model, row, margin);
		for (int k = 0; k < classes; k++)
		{
			sum[k] += margin[k] / ROWS;
			squares[k] += margin[k] * margin[k] / ROWS;
		}
	}
	for (int k = 0; k < classes; k++)
		variance += squares[k] - sum[k] * sum[k];
	return sqrt(variance / classes);
}

static void
deviates_as_margins_do(test_host *t)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		ml_model *model = regression(t, kind);
		ml_frame *frame = fill(t, kind);
		double whole = 0;
		ml_importance in;

		REQUIRE_OK(ml_model_importance(&t->core, model, &in));
		REQUIRE(in.count == model->schema.features && in.count > 2);
		for (int i = 0; i < in.count; i++)
		{
			int f = (int) in.order[i];

			CHECK_NEAR(in.deviation[f], deviation_of(model, frame, f), 1e-7);
			CHECK(i == 0 || in.deviation[in.order[i - 1]] >= in.deviation[f]);
			CHECK(isnan(in.shap[f]) && isnan(in.gain[f]) && isnan(in.splits[f]));
			whole += in.share[f];
		}
		CHECK_NEAR(whole, 1, 1e-12);
	}
}

static const ml_learner *const learner[] = {&ml_boosted_classes, &ml_boosted_values,
                                            &ml_forest_classes, &ml_forest_values};

/* The learner's own sums, and the nodes that it scores with. */
static void
sums_the_splits(test_host *t)
{
	for (int i = 0; i < 4; i++)
	{
		ml_model *model = grown(t, learner[i]);
		const double *gain = ml_fitted_part(&model->fitted, "importance_gain")->number;
		const double *splits =
		    ml_fitted_part(&model->fitted, "importance_splits")->number;
		ml_importance in;

		REQUIRE_OK(ml_model_importance(&t->core, model, &in));
		CHECK_INT(in.count, model->schema.features);
		for (int k = 0; k < in.count; k++)
		{
			int f = (int) in.order[k];

			CHECK_SAME(in.gain[f], gain[f]);
			CHECK_SAME(in.splits[f], splits[f]);
			CHECK(in.splits[f] > 0 ? in.cover[f] > 0 && in.cover[f] <= ROWS
			                       : isnan(in.cover[f]));
			CHECK(isnan(in.deviation[f]));
		}
	}
}

/* What training has kept of Shapley values decides the order; what is not known comes last. */
static void
orders_by_shapley_values(test_host *t)
{
	ml_model *model = grown(t, learner[0]);
	int features = model->schema.features;
	double *shap = NULL;
	ml_importance in;

	for (int i = 0; i < model->fitted.parts; i++)
		if (ml_text_is(model->fitted.part[i].name, "importance_shap"))
			shap = model->fitted.part[i].number;
	if (shap == NULL)
		REQUIRE_OK(
		    ml_fitted_add(&t->core, &model->fitted, "importance_shap", features, &shap));
	for (int f = 0; f < features; f++)
		shap[f] = f < 2 ? NAN : f == 2 ? 7 : f % 3;
	REQUIRE_OK(ml_model_importance(&t->core, model, &in));
	CHECK_INT(in.order[0], 2);
	CHECK_INT(in.order[features - 2], 0);
	CHECK_INT(in.order[features - 1], 1);
	for (int i = 1; i < features - 2; i++)
		CHECK(shap[in.order[i - 1]] > shap[in.order[i]] ||
		      (shap[in.order[i - 1]] == shap[in.order[i]] &&
		       in.order[i - 1] < in.order[i]));
}

/* Trees by their nodes add up to the margin of any row. */
static void
takes_trees_apart(test_host *t)
{
	for (int i = 0; i < 4; i++)
	{
		ml_model *model = grown(t, learner[i]);
		ml_frame *frame = fill(t, learner[i]->task == ML_BINARY ? LOGISTIC : LINEAR);
		double row[SAMPLE_COLUMNS];
		ml_node *node[8];
		ml_trees trees;
		bool found;
		int nodes;

		REQUIRE_OK(ml_model_trees(&t->core, model, &trees, &found));
		REQUIRE(found && trees.trees == 7 && trees.classes == 1);
		for (int k = 0; k < trees.trees; k++)
			REQUIRE_OK(ml_trees_nodes(&t->core, &trees, k, &node[k], &nodes));
		CHECK_INT(nodes, trees.first[7] - trees.first[6]);
		for (int64_t r = 0; r < frame->rows; r++)
		{
			double sum = trees.base[0];

			read_row(frame, &model->schema, r, row);
			for (int k = 0; k < trees.trees; k++)
			{
				const ml_node *at = node[k];

				while (at->feature >= 0)
					at = node[k] + (ml_goes_left(at, row) ? at->left : at->right);
				sum += at->value;
			}
			CHECK_NEAR(sum, model->learner->margin(model->state, row), 1e-12);
		}
	}
}

/* An inner node answers the mean of the leaves below it. */
static void
averages_the_leaves(test_host *t)
{
	ml_model *model = grown(t, learner[1]);
	double sum = 0;
	ml_trees trees;
	ml_node *node;
	bool found;
	int nodes;

	REQUIRE_OK(ml_model_trees(&t->core, model, &trees, &found));
	REQUIRE_OK(ml_trees_nodes(&t->core, &trees, 3, &node, &nodes));
	for (int i = 0; i < nodes; i++)
		if (node[i].feature < 0)
			sum += node[i].value * node[i].cover;
	CHECK(nodes > 3);
	CHECK_NEAR(node[0].value, sum / node[0].cover, 1e-12);
	REQUIRE_OK(ml_model_trees(&t->core, regression(t, LINEAR), &trees, &found));
	CHECK(!found);
}

static void
notices_refusals(test_host *t)
{
	for (int kind = 0; kind < 2; kind++)
	{
		ml_model *model = kind ? regression(t, LOGISTIC) : grown(t, learner[0]);

		for (test_trial trial = {.refusals = true}; !trial.done;)
		{
			ml_importance in;
			ml_trees trees;
			ml_node *node;
			ml_status status;
			bool found;
			int nodes;

			test_try(t, &trial);
			status = ml_model_importance(&t->core, model, &in);
			if (status == ML_OK)
				status = ml_model_trees(&t->core, model, &trees, &found);
			if (status == ML_OK && found)
				status = ml_trees_nodes(&t->core, &trees, 1, &node, &nodes);
			test_tried(t, &trial, status);
		}
	}
}

TEST_MAIN({deviates_as_margins_do, "regressions: deviations are those of the margins"},
          {sums_the_splits, "trees: sums are those of the learner"},
          {orders_by_shapley_values,
           "Shapley values decide the order where there are any"},
          {takes_trees_apart, "the nodes of the trees lead to the margin"},
          {averages_the_leaves, "an inner node answers the mean of its leaves"},
          {notices_refusals, "every refused allocation is answered"})
