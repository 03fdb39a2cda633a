/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_forest.c: forests made at random: masks against walks, Shapley values against the
 * sum over all orders, and what is wrong with a forest that somebody made up.
 */
#include "models.h"
#include "table.h"

#define MOST_FEATURES 12

/* Features 0, 3, 6, ... are categories. */
static ml_schema
make_schema(test_host *t, int features)
{
	ml_schema schema = {.task = ML_REGRESSION, .features = features};

	schema.feature = ml_alloc_array(&t->core, features, sizeof *schema.feature);
	for (int f = 0; f < features; f++)
		schema.feature[f] = (ml_feature){.kind = f % 3 == 0 ? ML_CATEGORY : ML_NUMBER,
		                                 .levels = f == 6       ? 1500
		                                           : f % 3 == 0 ? 2 + 5 * f
		                                                        : 0};
	return schema;
}

/* A forest under construction, as arrays. */
typedef struct plan
{
	ml_schema schema;
	ml_fitted fitted;
	uint64_t state;
	int trees;
	int leaves; /* of each tree, at most */
	int values; /* different thresholds of a feature */
	int nodes;
	double *part[16];
	int codes;
	double code[1000000];
} plan;

enum
{
	BASE,
	TREE_NODES,
	FEATURE,
	THRESHOLD,
	MISSING_LEFT,
	LEFT,
	RIGHT,
	VALUE,
	COVER,
	GAIN,
	SET_SIZE,
	SET_CODE,
	PARTS
};

static const char *const part_name[PARTS] = {
    "base",  "tree_nodes", "feature", "threshold", "missing_left", "left",
    "right", "value",      "cover",   "gain",      "set_size",     "set_code"};

static void
make_question(plan *p, int node)
{
	int f = (int) test_below(&p->state, p->schema.features);

	p->part[FEATURE][node] = f;
	p->part[MISSING_LEFT][node] = (double) test_below(&p->state, 2);
	p->part[GAIN][node] = test_uniform(&p->state);
	if (p->schema.feature[f].kind == ML_NUMBER)
		p->part[THRESHOLD][node] = (double) test_below(&p->state, p->values) / 4;
	else
		for (int code = 0; code < p->schema.feature[f].levels; code++)
			if (test_below(&p->state, 2))
			{
				p->code[p->codes++] = code;
				p->part[SET_SIZE][node]++;
			}
}

/* Splits leaves at random; covers are shared out at random. */
static void
make_tree(plan *p, int tree)
{
	int first = p->nodes, count = 1, leaves = 1;
	int wanted = 1 + (int) test_below(&p->state, p->leaves);

	p->part[COVER][first] = 100000;
	for (int i = 0; i < count; i++)
	{
		int node = first + i;

		p->part[FEATURE][node] = p->part[LEFT][node] = p->part[RIGHT][node] = -1;
		p->part[THRESHOLD][node] = NAN;
		p->part[VALUE][node] = test_normal(&p->state);
		if (leaves >= wanted || p->part[COVER][node] < 2 ||
		    (i > 0 && test_below(&p->state, 5) == 0))
			continue;
		make_question(p, node);
		p->part[LEFT][node] = count;
		p->part[RIGHT][node] = count + 1;
		p->part[COVER][first + count] =
		    1 + (double) test_below(&p->state, (int64_t) p->part[COVER][node] - 1);
		p->part[COVER][first + count + 1] =
		    p->part[COVER][node] - p->part[COVER][first + count];
		count += 2;
		leaves++;
	}
	p->part[TREE_NODES][tree] = count;
	p->nodes += count;
}

static void
make_forest(test_host *t, plan *p)
{
	int room = p->trees * 2 * p->leaves;

	p->nodes = p->codes = 0;
	p->fitted = (ml_fitted){0};
	for (int i = 0; i < PARTS; i++)
		REQUIRE_OK(ml_fitted_add(&t->core, &p->fitted, part_name[i],
		                         i == BASE         ? 1
		                         : i == TREE_NODES ? p->trees
		                         : i == SET_CODE   ? 0
		                                           : room,
		                         &p->part[i]));
	p->part[BASE][0] = 0.25;
	for (int tree = 0; tree < p->trees; tree++)
		make_tree(p, tree);
	for (int i = FEATURE; i <= SET_SIZE; i++)
		p->fitted.part[i].count = p->nodes;
	p->fitted.part[SET_CODE].count = p->codes;
	p->part[SET_CODE] = ml_alloc_array(&t->core, p->codes, sizeof(double));
	memcpy(p->part[SET_CODE], p->code, (size_t) p->codes * sizeof(double));
	p->fitted.part[SET_CODE].number = p->part[SET_CODE];
}

static void
make_row(plan *p, double *row)
{
	for (int f = 0; f < p->schema.features; f++)
	{
		bool missing = test_below(&p->state, 6) == 0;

		if (p->schema.feature[f].kind == ML_CATEGORY)
			row[f] = missing
			             ? -1
			             : (double) test_below(&p->state, p->schema.feature[f].levels);
		else if (missing)
			row[f] = NAN;
		else /* often a threshold itself, or a neighbour */
			row[f] = (double) test_below(&p->state, p->values + 2) / 4 +
			         (double) (test_below(&p->state, 3) - 1) * 0x1p-40;
	}
}

static ml_status
prepare_to_explain(test_host *t, const plan *p, ml_forest_state **state)
{
	ML_TRY(ml_forest_prepare(&t->core, &p->schema, &p->fitted, state));
	ML_TRY(ml_forest_equip(&t->core, &p->schema, *state));
	return ml_forest_lay_out(&t->core, &p->schema, *state);
}

static ml_forest_state *
prepare(test_host *t, plan *p)
{
	ml_forest_state *state;

	make_forest(t, p);
	REQUIRE_OK(prepare_to_explain(t, p, &state));
	return state;
}

#define ROWS 1500

/* Rows whose values are often thresholds, and some beyond them all. */
static double *
make_rows(test_host *t, plan *p)
{
	double *row = ml_alloc_array(&t->core, ROWS * MOST_FEATURES, sizeof *row);

	for (int i = 0; i < ROWS; i++)
	{
		make_row(p, row + (int64_t) i * MOST_FEATURES);
		if (i % 50 == 1 && p->schema.features > 1)
			row[(int64_t) i * MOST_FEATURES + 1] = i % 100 == 1 ? INFINITY : -INFINITY;
	}
	return row;
}

/* Every way there is, whether it would be chosen or not, one by one and many at once. */
static void
check_ways(test_host *t, const ml_forest_state *state, const double *row)
{
	double *walked = ml_alloc_array(&t->core, ROWS, sizeof *walked);
	double *margin = ml_alloc_array(&t->core, ROWS, sizeof *margin);
	size_t size = ROWS * sizeof *margin;
	struct ml_tree_steps *steps;

	for (int i = 0; i < ROWS; i++)
	{
		walked[i] = ml_forest_walk(&state->forest, row + (int64_t) i * MOST_FEATURES);
		margin[i] = ml_forest_margin(state, row + (int64_t) i * MOST_FEATURES);
	}
	CHECK(memcmp(margin, walked, size) == 0);
	ml_forest_margins(state, row, MOST_FEATURES, ROWS, margin);
	CHECK(memcmp(margin, walked, size) == 0);
	REQUIRE_OK(ml_tree_steps_create(&t->core, &state->forest, state->slots, &steps));
	for (int lanes = state->slots->lanes; lanes > 0; lanes /= lanes == 4 ? 4 : 2)
	{
		state->slots->lanes = lanes;
		ml_tree_steps_margins(steps, row, MOST_FEATURES, ROWS, margin);
		CHECK(memcmp(margin, walked, size) == 0);
		if (state->masks == NULL)
			continue;
		ml_leaf_masks_margins(state->masks, row, MOST_FEATURES, ROWS, margin);
		CHECK(memcmp(margin, walked, size) == 0);
	}
}

static void
scores_like_a_walk(test_host *t)
{
	static const struct
	{
		int features, trees, leaves, values;
	} shape[] = {{4, 1, 1, 4},      {4, 3, 8, 4},      {7, 17, 64, 15},
	             {12, 8, 64, 16},   {5, 40, 64, 17},   {5, 40, 64, 255},
	             {5, 40, 64, 256},  {2, 60, 64, 3000}, {6, 5, 65, 20},
	             {12, 21, 128, 90}, {2, 30, 128, 600}, {6, 9, 129, 20},
	             {6, 30, 900, 20},  {9, 11, 400, 200}};
	int masks = 0, wide = 0, none = 0;

	for (int i = 0; i < 14; i++)
	{
		plan *p = ml_alloc(&t->core, sizeof *p);
		ml_forest_state *state;

		p->schema = make_schema(t, shape[i].features);
		p->trees = shape[i].trees;
		p->leaves = shape[i].leaves;
		p->values = shape[i].values;
		p->state = 500 + (uint64_t) i;
		state = prepare(t, p);
		CHECK((state->masks != NULL) == (state->forest.leaves <= 128));
		CHECK((state->masks == NULL) == (state->steps != NULL));
		masks += state->forest.leaves <= 64;
		wide += state->forest.leaves > 64 && state->forest.leaves <= 128;
		none += state->forest.leaves > 128;
		check_ways(t, state, make_rows(t, p));
		CHECK(ml_forest_work(state) > 0);
	}
	CHECK(masks > 3 && wide > 1 && none > 1);
}

/* A category of so many labels that no table holds a line for each. */
static void
walks_what_is_too_wide(test_host *t)
{
	for (int i = 0; i < 2; i++)
	{
		plan *p = ml_alloc(&t->core, sizeof *p);
		ml_forest_state *state;
		double row[MOST_FEATURES];

		p->schema = make_schema(t, 2);
		p->schema.feature[0].levels = i == 0 ? 9000 : 70000;
		p->trees = 3;
		p->leaves = 12;
		p->values = 9;
		p->state = 40 + (uint64_t) i;
		state = prepare(t, p);
		CHECK(state->masks == NULL);
		CHECK((state->slots == NULL) == (i == 1));
		for (int k = 0; k < 500; k++)
		{
			make_row(p, row);
			CHECK_SAME(ml_forest_margin(state, row), ml_forest_walk(&state->forest, row));
		}
	}
}

/* The margin where only some features are known: the others go both ways, by cover. */
static double
expectation(const ml_forest *forest, int tree, int at, const double *row, unsigned known)
{
	const ml_node *first = forest->node + forest->first[tree], *node = first + at;

	if (node->feature < 0)
		return node->value;
	if (known >> node->feature & 1)
		return expectation(
		    forest, tree, ml_goes_left(node, row) ? node->left : node->right, row, known);
	return (expectation(forest, tree, node->left, row, known) * first[node->left].cover +
	        expectation(forest, tree, node->right, row, known) *
	            first[node->right].cover) /
	       node->cover;
}

static double
value_of(const ml_forest *forest, const double *row, unsigned known)
{
	double sum = forest->base;

	for (int tree = 0; tree < forest->trees; tree++)
		sum += expectation(forest, tree, 0, row, known);
	return sum;
}

/* Over all sets of other features, by how many orders have just these before feature i. */
static double
shapley(int features, int i, const double *worth)
{
	double sum = 0;

	for (unsigned set = 0; set < 1U << features; set++)
	{
		int size = 0;
		double weight = 1;

		if (set >> i & 1)
			continue;
		for (int f = 0; f < features; f++)
			size += set >> f & 1;
		/* size! (features - size - 1)! / features! */
		for (int k = 1; k <= size; k++)
			weight *= (double) k / (features - k + 1);
		weight /= features - size;
		sum += weight * (worth[set | 1U << i] - worth[set]);
	}
	return sum;
}

static void
explains_like_all_orders(test_host *t)
{
	for (int features = 1; features <= 10; features++)
		for (int round = 0; round < 3; round++)
		{
			plan *p = ml_alloc(&t->core, sizeof *p);
			double *worth = ml_alloc_array(&t->core, 1 << features, sizeof *worth);
			double row[MOST_FEATURES], contribution[MOST_FEATURES], bias;
			ml_forest_state *state;

			p->schema = make_schema(t, features);
			p->trees = 3;
			p->leaves = round == 2 ? 120 : 20;
			p->values = 12;
			p->state = 900 + (uint64_t) (features * 10 + round);
			state = prepare(t, p);
			for (int k = 0; k < 3; k++)
			{
				make_row(p, row);
				for (unsigned set = 0; set < 1U << features; set++)
					worth[set] = value_of(&state->forest, row, set);
				ml_forest_explain(state, row, contribution, &bias);
				CHECK_NEAR(bias, worth[0], 1e-10);
				for (int f = 0; f < features; f++)
					CHECK_NEAR(contribution[f], shapley(features, f, worth), 1e-10);
			}
		}
}

/* Deep trees of many features: more points, the same sum. */
static void
adds_up_to_the_margin(test_host *t)
{
	for (int round = 0; round < 4; round++)
	{
		plan *p = ml_alloc(&t->core, sizeof *p);
		ml_forest_state *state;
		double row[MOST_FEATURES], contribution[MOST_FEATURES], bias, sum;

		p->schema = make_schema(t, 12);
		p->trees = 20;
		p->leaves = 60 + 100 * round;
		p->values = 40;
		p->state = 70 + (uint64_t) round;
		state = prepare(t, p);
		for (int k = 0; k < 50; k++)
		{
			make_row(p, row);
			ml_forest_explain(state, row, contribution, &bias);
			sum = bias;
			for (int f = 0; f < 12; f++)
				sum += contribution[f];
			CHECK_NEAR(sum, ml_forest_margin(state, row), 1e-9);
		}
	}
}

/* Work space is used again, and nothing is left in it. */
static void
forgets_the_row_before(test_host *t)
{
	plan *p = ml_alloc(&t->core, sizeof *p);
	double row[2][MOST_FEATURES], first[MOST_FEATURES], again[MOST_FEATURES], bias;
	ml_forest_state *state;

	p->schema = make_schema(t, 12);
	p->trees = 30;
	p->leaves = 90;
	p->values = 12;
	p->state = 11;
	state = prepare(t, p);
	for (int k = 0; k < 50; k++)
	{
		make_row(p, row[0]);
		make_row(p, row[1]);
		ml_forest_explain(state, row[0], first, &bias);
		ml_forest_explain(state, row[1], again, &bias);
		ml_forest_explain(state, row[0], again, &bias);
		for (int f = 0; f < 12; f++)
			CHECK_SAME(again[f], first[f]);
	}
}

static void
read_row(const ml_model *model, const ml_frame *frame, int64_t at, double *row)
{
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_column *column = &frame->column[model->schema.feature[f].column];

		row[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, at)
		                                   : *ml_codes_at(column, at);
	}
}

/* The mean over the rows in front of the size of each contribution; fewer where trees are large. */
static void
weighs_features(test_host *t)
{
	static const char *const name[] = {"boosted_trees", "random_forest", "decision_tree"};
	static const int rows[] = {8, 90, 1700};

	for (int i = 0; i < 9; i++)
	{
		table s = {.rows = rows[i % 3],
		           .numbers = 4,
		           .categories = 2,
		           .levels = 9,
		           .missing = 0.1,
		           .seed = 40 + (uint64_t) i};
		sample_option options[] = {{"holdout", 0}, {"min_rows", 1}, {NULL, 0}};
		int64_t sampled = s.rows < 1000 ? s.rows : 1000, nodes;
		double row[6], contribution[6], mean[6] = {0}, bias;
		const ml_part *part;
		ml_result result;

		s.frame = table_frame(t, &s);
		REQUIRE_OK(sample_train_learner(
		    &t->core, s.frame, ml_learner_of_task(test_text(name[i / 3]), ML_REGRESSION),
		    options, &result));
		part = ml_fitted_part(&result.model->fitted, "importance_shap");
		REQUIRE(part != NULL && part->count == result.model->schema.features);
		nodes = ml_fitted_part(&result.model->fitted, "feature")->count;
		if (nodes * sampled > 20000000)
			sampled = 20000000 / nodes;
		REQUIRE_OK(ml_model_lay_out(&t->core, result.model));
		for (int64_t r = 0; r < sampled; r++)
		{
			read_row(result.model, s.frame, r, row);
			ml_forest_explain(result.model->state, row, contribution, &bias);
			for (int f = 0; f < part->count; f++)
				mean[f] += fabs(contribution[f]) / (double) sampled;
		}
		for (int f = 0; f < part->count; f++)
			CHECK_NEAR(part->number[f], mean[f], 1e-12);
		CHECK(s.rows < 1000 || (mean[0] > mean[3] && mean[1] > mean[3]));
	}
}

/* And over the classes, whether trees are theirs or for all of them. */
static void
weighs_features_of_classes(test_host *t)
{
	for (int shared = 0; shared < 2; shared++)
	{
		table s = {.rows = 300, .numbers = 3, .categories = 1, .levels = 6, .classes = 4};
		sample_option options[] = {{"holdout", 0}, {"trees", 7}, {NULL, 0}};
		const char *name = shared ? "random_forest" : "boosted_trees";
		double row[4], contribution[4], mean[4] = {0}, bias;
		const ml_part *part;
		ml_result result;

		s.seed = 50;
		s.frame = table_frame(t, &s);
		REQUIRE_OK(sample_train_learner(
		    &t->core, s.frame, ml_learner_of_task(test_text(name), ML_MULTICLASS),
		    options, &result));
		part = ml_fitted_part(&result.model->fitted, "importance_shap");
		REQUIRE(part != NULL && part->count == 4);
		REQUIRE_OK(ml_model_lay_out(&t->core, result.model));
		for (int64_t i = 0; i < 300 * 4; i++)
		{
			const void *state = result.model->state;
			int class = (int) (i % 4);

			read_row(result.model, s.frame, i / 4, row);
			memset(contribution, 0, sizeof contribution);
			if (shared)
			{
				ml_leaf_values values = ml_class_shares_values(state, class);

				ml_shapley_explain_values(ml_class_shares_shapley(state), row, &values,
				                          contribution);
			}
			else
				ml_shapley_explain(ml_class_forests_of(state, class)->shapley, row,
				                   contribution, &bias);
			for (int f = 0; f < 4; f++)
				mean[f] += fabs(contribution[f]) / (300 * 4);
		}
		for (int f = 0; f < 4; f++)
			CHECK_NEAR(part->number[f], mean[f], 1e-12);
		CHECK(mean[0] > 0);
	}
}

static plan *
plan_of(test_host *t, int leaves)
{
	plan *p = ml_alloc(&t->core, sizeof *p);

	p->schema = make_schema(t, 4);
	p->trees = 3;
	p->leaves = leaves;
	p->values = 6;
	p->state = 3;
	make_forest(t, p);
	return p;
}

static plan *
small_plan(test_host *t)
{
	return plan_of(t, 8);
}

static ml_status
read_plan(test_host *t, plan *p)
{
	ml_forest forest;

	return ml_forest_read(&t->core, &p->schema, &p->fitted, &forest);
}

/* Every number of every array, changed to what it must not be. */
static void
refuses_what_is_made_up(test_host *t)
{
	static const double odd[] = {-2, 0.5, 1e300, NAN, INFINITY, -INFINITY, 99};

	for (int part = 0; part < PARTS; part++)
	{
		plan *p = small_plan(t);
		int64_t count = p->fitted.part[part].count;

		REQUIRE_OK(read_plan(t, p));
		REQUIRE(count > 0);
		for (int64_t i = 0; i < count; i++)
			for (int k = 0; k < 7; k++)
			{
				double was = p->part[part][i];
				bool fine = part == BASE || part == VALUE ? isfinite(odd[k])
				            : part == GAIN                ? odd[k] >= 0
				            : part == THRESHOLD           ? test_same(was, odd[k]) ||
				                                      (!isnan(was) && isfinite(odd[k]))
				                                : false;
				ml_status status;

				p->part[part][i] = odd[k];
				status = read_plan(t, p);
				p->part[part][i] = was;
				if (!test_check(status == (fine ? ML_OK : ML_BAD_MODEL), __FILE__,
				                __LINE__, "%s[%d] = %g answers %d", part_name[part],
				                (int) i, odd[k], (int) status))
					return;
			}
		p->fitted.part[part].count--;
		CHECK_INT(read_plan(t, p), ML_BAD_MODEL);
		p->fitted.part[part].name = test_text("another");
		CHECK_INT(read_plan(t, p), ML_BAD_MODEL);
	}
}

/* Cycles, shared children, and nodes that nobody points to. */
static void
refuses_what_is_no_tree(test_host *t)
{
	plan *p = small_plan(t);
	int nodes = (int) p->part[TREE_NODES][0];

	for (int i = 0; i < nodes; i++)
		for (int side = LEFT; side <= RIGHT; side++)
			for (int to = -1; to < nodes + 1; to++)
			{
				double was = p->part[side][i];

				p->part[side][i] = to;
				CHECK_INT(read_plan(t, p), to == was ? ML_OK : ML_BAD_MODEL);
				p->part[side][i] = was;
			}
	REQUIRE_OK(read_plan(t, p));
}

/* A chain of splits, one below the other. */
static void
refuses_what_is_too_deep(test_host *t)
{
	for (int depth = ML_MAX_DEPTH - 1; depth <= ML_MAX_DEPTH + 2; depth++)
	{
		plan *p = ml_alloc(&t->core, sizeof *p);
		ml_forest_state *state;
		double row[4] = {0, 1, 1, 0}, contribution[4], bias;
		int count = 2 * depth + 1;

		p->schema = make_schema(t, 4);
		p->trees = 1;
		p->leaves = count;
		p->values = 1;
		make_forest(t, p);
		p->part[TREE_NODES][0] = count;
		for (int i = 0; i < count; i++)
		{
			bool inner = i % 2 == 0 && i < count - 1;

			p->part[FEATURE][i] = inner ? 1 : -1;
			p->part[THRESHOLD][i] = inner ? i : NAN;
			p->part[LEFT][i] = inner ? i + 1 : -1;
			p->part[RIGHT][i] = inner ? i + 2 : -1;
			p->part[COVER][i] = i % 2 ? 1 : depth + 1 - i / 2;
			p->part[SET_SIZE][i] = 0;
			p->part[VALUE][i] = i;
		}
		for (int i = FEATURE; i <= SET_SIZE; i++)
			p->fitted.part[i].count = count;
		p->fitted.part[SET_CODE].count = 0;
		CHECK_INT(read_plan(t, p), depth <= ML_MAX_DEPTH ? ML_OK : ML_BAD_MODEL);
		if (depth > ML_MAX_DEPTH)
			continue;
		REQUIRE_OK(ml_forest_prepare(&t->core, &p->schema, &p->fitted, &state));
		REQUIRE_OK(ml_forest_lay_out(&t->core, &p->schema, state));
		ml_forest_explain(state, row, contribution, &bias);
		CHECK_NEAR(bias + contribution[1], ml_forest_margin(state, row), 1e-9);
	}
}

/* Work is told alike before, so that no plan depends on what has been scored. */
static void
walks_until_equipped(test_host *t)
{
	static const int leaves[] = {8, 80, 300};

	for (int i = 0; i < 3; i++)
	{
		plan *p = plan_of(t, leaves[i]);
		ml_forest_state *state;
		double row[MOST_FEATURES], margin, work;

		REQUIRE_OK(ml_forest_prepare(&t->core, &p->schema, &p->fitted, &state));
		CHECK(state->slots == NULL && state->masks == NULL && state->steps == NULL);
		work = ml_forest_work(state);
		make_row(p, row);
		margin = ml_forest_margin(state, row);
		REQUIRE_OK(ml_forest_equip(&t->core, &p->schema, state));
		CHECK(state->masks != NULL || state->steps != NULL);
		CHECK_SAME(ml_forest_margin(state, row), margin);
		CHECK_SAME(ml_forest_work(state), work);
	}
}

static void
bears_refusals_and_stops(test_host *t)
{
	static const int leaves[] = {8, 80, 300};

	for (int round = 0; round < 3; round++)
	{
		plan *p = plan_of(t, leaves[round]);
		ml_forest_state *state;
		int64_t asked = t->asked, questions = t->questions, stops;

		REQUIRE_OK(prepare_to_explain(t, p, &state));
		stops = t->questions - questions;
		for (int64_t i = 1, end = t->asked - asked; i <= end && i <= 400; i++)
		{
			t->refuse_at = t->asked + i;
			CHECK_INT(prepare_to_explain(t, p, &state), ML_MEMORY);
		}
		t->refuse_at = 0;
		for (int64_t i = 1; i <= stops && i <= 40; i++)
		{
			t->stop_at = t->questions + i;
			CHECK_INT(prepare_to_explain(t, p, &state), ML_STOPPED);
			t->stop_at = 0;
		}
	}
}

TEST_MAIN({scores_like_a_walk, "scores by masks are those of a walk, bit by bit"},
          {walks_what_is_too_wide, "so are those by steps, or by the walk itself"},
          {walks_until_equipped, "until then it is the walk that scores"},
          {explains_like_all_orders, "contributions are averages over all orders"},
          {adds_up_to_the_margin, "contributions and bias add up to the margin"},
          {forgets_the_row_before, "a row is explained as if it were the first"},
          {weighs_features, "importance is the mean size of contributions"},
          {weighs_features_of_classes, "of several classes, the mean of all"},
          {refuses_what_is_made_up, "a number that does not fit is refused"},
          {refuses_what_is_no_tree, "cycles and strays are refused"},
          {refuses_what_is_too_deep, "trees that are too deep are refused"},
          {bears_refusals_and_stops, "refused memory and stops are answered"})
