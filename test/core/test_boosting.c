/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_boosting.c: boosted_trees from a frame to a judged model.
 */
#include "models.h"
#include "table.h"

/* Trains the learner of the name that suits the target. */
static ml_status
train(test_host *t, ml_frame *frame, const char *name, const sample_option *options,
      ml_result *result)
{
	bool classes = ml_frame_role(frame, ML_TARGET)->kind == ML_CATEGORY;

	return sample_train_learner(
	    &t->core, frame,
	    ml_learner_of_task(test_text(name), classes ? ML_BINARY : ML_REGRESSION), options,
	    result);
}

static const sample_option few[] = {
    {"trees", 20}, {"leaves", 15}, {"min_rows", 5}, {NULL, 0}};
static const sample_option drawn[] = {{"trees", 30},
                                      {"leaves", 9},
                                      {"row_share", 0.7},
                                      {"column_share", 0.6},
                                      {"early_stopping", 3},
                                      {"learning_rate", 0.3},
                                      {NULL, 0}};

static const sample kinds[] = {
    {.seed = 801, .binary = true, .id = true, .weight = true},
    {.seed = 802, .oddities = true},
    {.seed = 803, .binary = true, .id = true, .customers = 900},
};
#define KINDS 3
#define ROWS 6000

static ml_bytes
train_bytes(test_host *t, const sample *s, int64_t step, const sample_option *options)
{
	ml_frame *frame;
	ml_result result;
	ml_bytes bytes;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(s, frame));
	for (int64_t i = 0; i < ROWS; i++)
		REQUIRE_OK(sample_append(s, frame, i * step % ROWS));
	REQUIRE_OK(train(t, frame, "boosted_trees", options, &result));
	REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes));
	return bytes;
}

static void
does_not_know_threads_nor_order(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
		for (int way = 0; way < 2; way++)
		{
			const sample_option *options = way ? drawn : few;
			ml_bytes first = train_bytes(t, &kinds[k], 1, options);

			CHECK(test_same_bytes(first, train_bytes(t, &kinds[k], 4999, options)));
			for (t->core.threads = 2; t->core.threads <= 3; t->core.threads++)
				CHECK(test_same_bytes(first, train_bytes(t, &kinds[k], 1, options)));
			t->core.threads = 1;
		}
}

static const ml_forest *
forest_of(const ml_model *model)
{
	return &((const ml_forest_state *) model->state)->forest;
}

/* What the trees say, and then what is known of the row. */
static double
walked_margin(const ml_model *model, const double *row)
{
	return ml_forest_walk(forest_of(model), row) +
	       ml_offsets_of(&((const ml_forest_state *) model->state)->offsets, row);
}

/* Holds for every row: one margin by two ways, and contributions that add up to it. */
static void
check_rows(test_host *t, ml_model *model, const table *s)
{
	int features = model->schema.features;
	double *row = ml_alloc_array(&t->core, features, sizeof *row);
	double *part = ml_alloc_array(&t->core, features, sizeof *part);

	REQUIRE_OK(ml_model_lay_out(&t->core, model));
	for (int64_t i = 0; i < s->frame->rows; i += 29)
	{
		double bias, sum, margin;

		for (int f = 0; f < features; f++)
		{
			const ml_column *column = &s->frame->column[model->schema.feature[f].column];

			row[f] = column->kind == ML_NUMBER ? *ml_numbers_at(column, i)
			                                   : *ml_codes_at(column, i);
		}
		margin = model->learner->margin(model->state, row);
		CHECK_SAME(margin, walked_margin(model, row));
		model->learner->explain(model->state, row, part, &bias);
		sum = bias;
		for (int f = 0; f < features; f++)
			sum += part[f];
		CHECK_NEAR(sum, margin, 1e-9);
	}
}

static const struct
{
	const char *name;
	double least; /* r2, or auc */
} objectives[] = {{"logistic", 0.9},
                  {"squared", 0.85},
                  {"absolute", 0.8},
                  {"huber", 0.85},
                  {"quantile", 0.8}};

static void
learns(test_host *t)
{
	for (int i = 0; i < 5; i++)
	{
		sample_option options[] = {{"objective", 0, objectives[i].name}, {NULL, 0}};
		table s = {.rows = 3000,
		           .numbers = 4,
		           .categories = 2,
		           .levels = 12,
		           .missing = 0.1,
		           .binary = i == 0,
		           .weighted = i % 2 == 1,
		           .seed = 40};
		ml_result result;

		s.frame = table_frame(t, &s);
		REQUIRE_OK(train(t, s.frame, "boosted_trees", options, &result));
		CHECK_INT(forest_of(result.model)->trees, 100);
		if (!test_check(result.holdout.metric[1].value > objectives[i].least, __FILE__,
		                __LINE__, "%s reaches %g", objectives[i].name,
		                result.holdout.metric[1].value))
			continue;
		check_rows(t, result.model, &s);
		check_canonical(t, result.model);
	}
}

/* Targets of a log link: positive, their mean kept. */
static void
learns_amounts(test_host *t)
{
	static const char *const name[] = {"poisson", "gamma", "tweedie"};

	for (int i = 0; i < 3; i++)
	{
		sample_option options[] = {{"objective", 0, name[i]}, {NULL, 0}};
		table s = {.rows = 3000, .numbers = 3, .seed = 41};
		ml_result result;
		ml_column *target;
		const ml_model *model;
		double sum = 0, all = 0, row[3];

		s.frame = table_frame(t, &s);
		target = ml_frame_role(s.frame, ML_TARGET);
		for (int64_t r = 0; r < s.frame->rows; r++)
		{
			double *y = ml_numbers_at(target, r);

			*y = fmin(*y, 2);
			*y = i == 0 ? floor(exp(*y)) : i == 1 ? exp(*y) : fmax(*y, 0);
		}
		REQUIRE_OK(train(t, s.frame, "boosted_trees", options, &result));
		model = result.model;
		target = ml_frame_role(s.frame, ML_TARGET); /* rows have been put in order */
		for (int64_t r = s.frame->holdout_rows; r < s.frame->rows; r++)
		{
			for (int f = 0; f < 3; f++)
				row[f] =
				    *ml_numbers_at(&s.frame->column[model->schema.feature[f].column], r);
			CHECK(ml_model_score(model, row) > 0);
			/* what a constant factor could still gain: nothing in the mean, or in the ratio */
			sum += i == 1 ? 1 : ml_model_score(model, row);
			all += *ml_numbers_at(target, r) / (i == 1 ? ml_model_score(model, row) : 1);
		}
		CHECK_CLOSE(sum, all, 0.1);
		CHECK(result.holdout.metric[1].value > 0.5);
	}
}

static void
refuses_targets(test_host *t)
{
	static const struct
	{
		const char *name;
		double y;
		ml_status status;
	} bad[] = {{"poisson", -1, ML_TARGET_BELOW},
	           {"tweedie", -1e-9, ML_TARGET_BELOW},
	           {"gamma", 0, ML_TARGET_NOT_ABOVE}};

	for (int i = 0; i < 3; i++)
	{
		sample_option options[] = {
		    {"objective", 0, bad[i].name}, {"holdout", 0}, {NULL, 0}};
		table s = {.rows = 100, .numbers = 2, .seed = 42};
		ml_result result;

		s.frame = table_frame(t, &s);
		for (int64_t r = 0; r < s.frame->rows; r++)
			*ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r) =
			    r == 50 ? bad[i].y : r + 1.;
		CHECK_INT(train(t, s.frame, "boosted_trees", options, &result), bad[i].status);
	}
}

/* Objectives that take offsets, and the power that says what an exposure weighs. */
static const struct
{
	const char *name;
	const char *option;
	double power;
} with_offset[] = {{"squared", "offset", 2},
                   {"poisson", "exposure", 1},
                   {"gamma", "exposure", 2},
                   {"tweedie", "exposure", 1.5}};

/*
 * Values and exposures f02, or, where that is asked for, the rates that they make, of the weight
 * that they make them: f02 says nothing then.  Weights move no cuts where values are few.
 */
static ml_frame *
rated_frame(test_host *t, int objective, bool rates)
{
	table s = {.rows = 2000, .numbers = 3, .values = 60, .weighted = true, .seed = 49};
	ml_frame *frame = table_frame(t, &s);

	for (int64_t r = 0; r < frame->rows; r++)
	{
		double *y = ml_numbers_at(ml_frame_role(frame, ML_TARGET), r);
		double *weight = ml_numbers_at(ml_frame_role(frame, ML_WEIGHT), r);
		double *known = ml_numbers_at(&frame->column[2], r);
		double rate = objective == 0 ? *y : exp(fmin(*y, 2));

		*known = objective == 0 ? *known / 10 : exp(*known / 20);
		*y = rates ? rate : objective == 0 ? rate + *known : rate * *known;
		if (rates && objective > 0)
			*weight *= pow(*known, 2 - with_offset[objective].power);
		if (rates)
			*known = 1;
	}
	return frame;
}

/* An exposure is the same as rates that weigh what they are known by. */
static void
takes_exposures_for_rates(test_host *t)
{
	for (int i = 0; i < 4; i++)
	{
		sample_option options[] = {{"trees", 20},
		                           {"leaves", 4},
		                           {"l2", 0},
		                           {"holdout", 0},
		                           {"objective", 0, with_offset[i].name},
		                           {NULL, 0},
		                           {NULL, 0}};
		table s = {.frame = rated_frame(t, i, false)};
		ml_result rates, exposed;

		REQUIRE_OK(train(t, rated_frame(t, i, true), "boosted_trees", options, &rates));
		options[5] = (sample_option){with_offset[i].option, 0, "f02"};
		REQUIRE_OK(train(t, s.frame, "boosted_trees", options, &exposed));
		REQUIRE(rates.model->schema.features == 2 && exposed.model->schema.features == 3);
		CHECK_NEAR(forest_of(rates.model)->base, forest_of(exposed.model)->base, 1e-10);
		check_rows(t, exposed.model, &s);
		check_canonical(t, exposed.model);
		for (int64_t r = 0; r < s.frame->rows; r += 7)
		{
			double row[3] = {*ml_numbers_at(&s.frame->column[0], r),
			                 *ml_numbers_at(&s.frame->column[1], r), i > 0};
			double score = ml_model_score(exposed.model, row);

			CHECK_CLOSE(score, ml_model_score(rates.model, row), 1e-3);
			row[2] = NAN;
			CHECK_SAME(ml_model_score(exposed.model, row), score);
			row[2] = 3;
			CHECK_CLOSE(ml_model_score(exposed.model, row), i > 0 ? 3 * score : 3 + score,
			            1e-12);
		}
	}
}

/* Two classes whose offset is f02, so many times as wide. */
static ml_result
train_beside_offset(test_host *t, double wide, table *s)
{
	static const sample_option options[] = {
	    {"offset", 0, "f02"}, {"trees", 10}, {"holdout", 0}, {NULL, 0}};
	ml_result result;

	*s =
	    (table){.rows = 2000, .numbers = 3, .binary = true, .weighted = true, .seed = 50};
	s->frame = table_frame(t, s);
	for (int64_t r = 0; r < s->frame->rows; r++)
		*ml_numbers_at(&s->frame->column[2], r) *= wide;
	REQUIRE_OK(train(t, s->frame, "boosted_trees", options, &result));
	return result;
}

/* Probabilities of the base and the offsets have the mean of the target. */
static void
begins_beside_offsets(test_host *t)
{
	for (double wide = 1; wide <= 400; wide *= 20)
	{
		table s, other;
		ml_result result = train_beside_offset(t, wide, &s), again;
		const ml_forest *forest = forest_of(result.model);
		double slope = 0;
		ml_bytes bytes, same;

		for (int64_t r = 0; r < s.frame->rows; r++)
		{
			double weight = *ml_numbers_at(ml_frame_role(s.frame, ML_WEIGHT), r);
			double z = forest->base + *ml_numbers_at(&s.frame->column[2], r);

			slope += weight * (1 / (1 + exp(-z)) -
			                   *ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r));
		}
		CHECK_NEAR(slope, 0, 1e-6);
		for (int64_t i = 0; i < forest->nodes; i++)
			CHECK(forest->node[i].feature < 2);
		check_rows(t, result.model, &s);
		REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes));
		t->core.threads = 3;
		again = train_beside_offset(t, wide, &other);
		t->core.threads = 1;
		REQUIRE_OK(ml_model_encode(&t->core, again.model, 0, &same));
		CHECK(test_same_bytes(bytes, same));
	}
}

/* So many rows are below the quantile that was asked for. */
static void
predicts_quantiles(test_host *t)
{
	for (int i = 1; i <= 9; i += 4)
	{
		sample_option options[] = {{"objective", 0, "quantile"},
		                           {"quantile", i / 10.},
		                           {"leaves", 6},
		                           {NULL, 0}};
		table s = {.rows = 4000, .numbers = 3, .seed = 43};
		ml_result result;
		double below = 0, row[3];

		s.frame = table_frame(t, &s);
		REQUIRE_OK(train(t, s.frame, "boosted_trees", options, &result));
		for (int64_t r = 0; r < s.frame->holdout_rows; r++)
		{
			for (int f = 0; f < 3; f++)
				row[f] = *ml_numbers_at(&s.frame->column[f], r);
			below += *ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r) <
			         ml_model_score(result.model, row);
		}
		CHECK_NEAR(below / (double) s.frame->holdout_rows, i / 10., 0.06);
	}
}

/* One tree that is taken whole: its leaves are means. */
static void
takes_means(test_host *t)
{
	static const sample_option options[] = {
	    {"trees", 1}, {"learning_rate", 1}, {"l2", 0}, {"holdout", 0}, {NULL, 0}};
	table s = {.rows = 1000, .numbers = 2, .weighted = true, .seed = 44};
	ml_result result;
	double sum[64] = {0}, all[64] = {0};
	const ml_node *tree;

	s.frame = table_frame(t, &s);
	REQUIRE_OK(train(t, s.frame, "boosted_trees", options, &result));
	tree = forest_of(result.model)->node;
	for (int pass = 0; pass < 2; pass++)
		for (int64_t r = 0; r < s.frame->rows; r++)
		{
			double row[2] = {*ml_numbers_at(&s.frame->column[0], r),
			                 *ml_numbers_at(&s.frame->column[1], r)};
			double w = *ml_numbers_at(ml_frame_role(s.frame, ML_WEIGHT), r);
			int at = 0;

			while (tree[at].feature >= 0)
				at = ml_goes_left(&tree[at], row) ? tree[at].left : tree[at].right;
			if (pass == 0)
			{
				sum[at] += w * *ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r);
				all[at] += w;
			}
			else
				CHECK_NEAR(ml_model_score(result.model, row), sum[at] / all[at], 1e-3);
		}
}

/* Other units of the target: the same trees. */
static void
does_not_know_units(test_host *t)
{
	ml_result result[2];

	for (int i = 0; i < 2; i++)
	{
		table s = {.rows = 1500, .numbers = 3, .seed = 45};

		s.frame = table_frame(t, &s);
		for (int64_t r = 0; r < s.frame->rows && i == 1; r++)
			*ml_numbers_at(ml_frame_role(s.frame, ML_TARGET), r) *= 0x1p200;
		REQUIRE_OK(train(t, s.frame, "boosted_trees", few, &result[i]));
	}
	CHECK_INT(forest_of(result[0].model)->nodes, forest_of(result[1].model)->nodes);
	for (int64_t i = 0; i < forest_of(result[0].model)->nodes; i++)
	{
		const ml_node *one = &forest_of(result[0].model)->node[i];
		const ml_node *other = &forest_of(result[1].model)->node[i];

		CHECK(one->feature == other->feature &&
		      test_same(one->threshold, other->threshold));
		CHECK_SAME(one->value * 0x1p200, other->value);
	}
}

/* Stops long before its trees are used up, on rows that no tree has seen. */
static void
stops_early(test_host *t)
{
	static const sample_option options[] = {{"trees", 3000},
	                                        {"early_stopping", 10},
	                                        {"validation_share", 0.25},
	                                        {"learning_rate", 0.3},
	                                        {NULL, 0}};
	sample s = kinds[2];
	ml_frame *frame;
	ml_result result;
	const ml_forest *forest;
	double training;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
	REQUIRE_OK(train(t, frame, "boosted_trees", options, &result));
	forest = forest_of(result.model);
	training = (double) (frame->rows - frame->holdout_rows);
	CHECK(forest->trees > 0 && forest->trees < 300);
	CHECK_INT(result.model->fitted.iterations, forest->trees);
	CHECK_NEAR(forest->node[0].cover / training, 0.75, 0.01);
	CHECK(result.holdout.metric[1].value > 0.6);
}

/* What nothing can be learned from is a model all the same. */
static void
bears_odd_data(test_host *t)
{
	static const sample_option deep[] = {
	    {"min_rows", 1}, {"l2", 0}, {"min_weight", 0}, {NULL, 0}};
	static const sample_option huge[] = {{"min_rows", 1000}, {NULL, 0}};
	static const sample_option balanced[] = {
	    {"class_weight", 0, "balanced"}, {"trees", 5}, {NULL, 0}};

	for (int rows = 4; rows <= 64; rows *= 4)
		for (int kind = 0; kind < 3; kind++)
			for (int binary = 0; binary < 2; binary++)
			{
				table s = {.rows = rows,
				           .numbers = 2,
				           .categories = 1,
				           .levels = 3,
				           .missing = 0.3,
				           .binary = binary,
				           .seed = 46};
				ml_result result;
				ml_status status;

				s.frame = table_frame(t, &s);
				status = train(t, s.frame, "boosted_trees",
				               kind == 0   ? deep
				               : kind == 1 ? huge
				               : binary    ? balanced
				                           : few,
				               &result);
				CHECK(status == ML_OK || (rows == 4 && status != ML_BAD_MODEL));
				if (status == ML_OK)
					check_canonical(t, result.model);
				if (status == ML_OK && kind == 1)
					CHECK_INT(forest_of(result.model)->trees, 0);
			}
}

static void
bears_refusals_and_stops(test_host *t)
{
	static const sample_option options[] = {{"trees", 3},
	                                        {"leaves", 4},
	                                        {"early_stopping", 2},
	                                        {"offset", 0, "f01"},
	                                        {NULL, 0}};
	static const sample_option medians[] = {
	    {"trees", 3}, {"leaves", 4}, {"objective", 0, "absolute"}, {NULL, 0}};

	for (int binary = 0; binary < 2; binary++)
	{
		table s = {.rows = 300,
		           .numbers = 2,
		           .categories = 1,
		           .levels = 6,
		           .binary = binary,
		           .seed = 47};
		const sample_option *given = binary ? options : medians;
		ml_result result;
		int64_t end, step;

		end = t->asked;
		REQUIRE_OK(train(t, table_frame(t, &s), "boosted_trees", given, &result));
		end = t->asked - end;
		for (int64_t i = 1; i <= end; i++)
		{
			ml_status status = ML_OK;
			ml_frame *frame = table_frame(t, &s);

			t->refused = false;
			t->refuse_at = t->asked + i;
			status = train(t, frame, "boosted_trees", given, &result);
			t->refuse_at = 0;
			CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
		}
		end = t->questions;
		REQUIRE_OK(train(t, table_frame(t, &s), "boosted_trees", given, &result));
		end = t->questions - end;
		step = end / 60 + 1;
		for (int64_t i = 1; i <= end; i += step)
		{
			ml_frame *frame = table_frame(t, &s);

			t->stop_at = t->questions + i;
			CHECK_INT(train(t, frame, "boosted_trees", given, &result), ML_STOPPED);
			t->stop_at = 0;
		}
	}
}

/* What fit asks for is no more than it said, and not much less. */
static void
keeps_to_its_memory(test_host *t)
{
	for (int way = 0; way < 6; way++)
	{
		bool binary = way % 2 == 0;
		int threads = 1 + way / 2;
		table s = {.rows = 60000, .numbers = 12, .binary = binary, .seed = 48};
		sample_option options[] = {{"trees", 10},
		                           {"leaves", 20},
		                           {"objective", 0, binary ? "logistic" : "absolute"},
		                           {NULL, 0}};
		ml_request request;
		ml_fitted fitted = {0};
		double before, announced;

		table_open(t, &s);
		REQUIRE_OK(
		    sample_learner_request(&t->core,
		                           ml_learner_of_task(test_text("boosted_trees"),
		                                              binary ? ML_BINARY : ML_REGRESSION),
		                           options, &request));
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		before = t->bytes;
		REQUIRE_OK(request.learner->fit(&t->core, &s.problem, request.options, &fitted));
		before = t->bytes - before;
		ml_pool_close(&t->core);
		announced = request.learner->memory(&s.problem, request.options, threads);
		test_check(before <= announced && before > 0.8 * announced, __FILE__, __LINE__,
		           "%g bytes where %g were announced", before, announced);
	}
}

TEST_MAIN({does_not_know_threads_nor_order,
           "one model for any threads and order of rows"},
          {learns, "objectives are learned, scores and contributions agree"},
          {learns_amounts, "objectives with a log link"},
          {refuses_targets, "targets that an objective does not take"},
          {takes_exposures_for_rates, "exposures and offsets are rates with weights"},
          {begins_beside_offsets, "the base of two classes beside offsets"},
          {predicts_quantiles, "quantiles have their share of the rows below"},
          {takes_means, "leaves of squared loss are means"},
          {does_not_know_units, "other units of the target, the same trees"},
          {stops_early, "early stopping on rows set aside"},
          {bears_odd_data, "few rows, leaves that cannot be filled"},
          {bears_refusals_and_stops, "refused memory and stops are answered"},
          {keeps_to_its_memory, "memory is what was announced"})
