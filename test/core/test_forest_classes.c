/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_forest_classes.c: trees for several classes, from a frame to a judged model.
 */
#include "models.h"
#include "table.h"

#include <math.h>

#define CLASSES 4
#define ROWS 3000

static ml_status
train(test_host *t, ml_frame *frame, const char *name, const sample_option *options,
      ml_result *result)
{
	return sample_train_learner(&t->core, frame,
	                            ml_learner_of_task(test_text(name), ML_MULTICLASS),
	                            options, result);
}

static ml_frame *
frame_of(test_host *t, uint64_t seed, int classes, int rows)
{
	sample s = {.seed = seed, .classes = classes, .id = true, .weight = seed % 2};
	ml_frame *frame;

	REQUIRE_OK(sample_fill(&t->core, &s, 0, rows, &frame));
	return frame;
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

static int
class_at(const ml_frame *frame, int64_t row)
{
	return (int) *ml_numbers_at(ml_frame_role(frame, ML_TARGET), row);
}

/* Gradient and curvature are the derivatives of the loss. */
static void
derives_its_loss(test_host *t)
{
	uint64_t state = 1;
	const ml_objective *softmax =
	    ml_objective_find((ml_text){"softmax", 7}, ML_MULTICLASS);

	REQUIRE(softmax != NULL);
	for (int turn = 0; turn < 400; turn++)
	{
		double spread = turn % 4 == 3 ? 900 : turn % 4 + 0.1;
		double margin[CLASSES], total, gradient[2], curvature[2], none[2];
		long double sum = 0, p;
		int k = turn % CLASSES, y = turn / CLASSES % CLASSES;

		for (int c = 0; c < CLASSES; c++)
			margin[c] = spread * test_normal(&state);
		ml_softmax_totals(margin, 1, CLASSES, 1, &total);
		for (int c = 0; c < CLASSES; c++)
			sum += expl((long double) margin[c] - margin[k]);
		p = 1 / sum;
		CHECK_CLOSE(total, (double) logl(sum) + margin[k], 1e-13);
		softmax->take(&(ml_objective_block){.rows = 1,
		                                    .margin = &margin[k],
		                                    .target = &(double){y == k},
		                                    .total = &total,
		                                    .parameter = CLASSES / (CLASSES - 1.),
		                                    .gradient = gradient,
		                                    .curvature = curvature,
		                                    .loss = none});
		CHECK_NEAR(gradient[0], (double) (p - (y == k)), 1e-12);
		CHECK_NEAR(curvature[0], (double) (p * (1 - p)) * CLASSES / (CLASSES - 1), 1e-12);
	}
}

/* Contributions add up to what learner.h says; probabilities to one. */
static void
check_rows(test_host *t, ml_model *model, const ml_frame *frame)
{
	int features = model->schema.features, classes = model->schema.classes;
	double *row = ml_alloc_array(&t->core, features, sizeof *row);
	double *part = ml_alloc_array(&t->core, features, sizeof *part);

	REQUIRE_OK(ml_model_lay_out(&t->core, model));
	for (int64_t i = 0; i < frame->rows; i += 41)
	{
		double margin[16], probability[16], bias, sum = 0, mean = 0;
		int chosen = model->schema.positive;

		read_row(model, frame, i, row);
		model->learner->margins(model->state, row, margin);
		ml_model_probabilities(model, row, probability);
		for (int k = 0; k < classes; k++)
		{
			CHECK(probability[k] >= 0);
			sum += probability[k];
			mean += margin[k] / classes;
		}
		CHECK_NEAR(sum, 1, 1e-12);
		chosen = chosen < 0 ? ml_likeliest(classes, margin) : chosen;
		model->learner->explain(model->state, row, part, &bias);
		sum = bias;
		for (int f = 0; f < features; f++)
			sum += part[f];
		CHECK_NEAR(sum, margin[chosen] - (model->learner->margins_are_shares ? 0 : mean),
		           1e-9);
	}
}

static void
learns(test_host *t)
{
	static const sample_option positive[] = {{"positive", 0, "k2"}, {NULL, 0}};

	static const struct
	{
		const char *name;
		double least; /* of the log loss of knowing nothing */
	} learners[] = {
	    {"boosted_trees", 0.6}, {"random_forest", 0.6}, {"decision_tree", 0.85}};

	for (int way = 0; way < 6; way++)
	{
		const sample_option *options = way % 2 ? positive : NULL;
		table made = {.rows = ROWS,
		              .numbers = 4,
		              .categories = 2,
		              .levels = 12,
		              .missing = 0.1,
		              .weighted = way % 2,
		              .classes = CLASSES,
		              .seed = 901};
		ml_frame *frame = table_frame(t, &made);
		ml_result result;
		double blind = 0, seen;

		REQUIRE_OK(train(t, frame, learners[way / 2].name, options, &result));
		CHECK_INT(result.model->schema.positive, way % 2 ? 2 : -1);
		CHECK_INT(result.model->fitted.iterations, way < 4 ? 100 : 1);
		CHECK_INT(ml_fitted_part(&result.model->fitted, "tree_nodes")->count,
		          result.model->fitted.iterations * (way < 2 ? CLASSES : 1));
		for (int k = 0; k < CLASSES; k++)
		{
			double share =
			    result.model->schema.class_count[k] / result.model->schema.rows;

			blind -= share * log(share);
		}
		seen = ml_report_metric(&result.holdout, "log_loss")->value;
		test_check(seen < learners[way / 2].least * blind, __FILE__, __LINE__,
		           "%s: log loss %g of %g", learners[way / 2].name, seen, blind);
		check_rows(t, result.model, frame);
		check_canonical(t, result.model);
	}
}

/* A forest without trees answers the share of each class, by weight. */
static void
starts_from_shares(test_host *t)
{
	static const sample_option nothing[] = {{"min_rows", 1e6}, {"holdout", 0}, {NULL, 0}};
	static const sample_option balanced[] = {
	    {"min_rows", 1e6}, {"holdout", 0}, {"class_weight", 0, "balanced"}, {NULL, 0}};

	for (int way = 0; way < 2; way++)
	{
		ml_frame *frame = frame_of(t, 905, CLASSES, ROWS);
		double share[CLASSES] = {0}, all = 0, probability[CLASSES], row[16];
		ml_result result;

		REQUIRE_OK(train(t, frame, "boosted_trees", way ? balanced : nothing, &result));
		CHECK_INT(result.model->fitted.iterations, 0);
		for (int64_t i = 0; i < frame->rows; i++)
		{
			double weight = *ml_numbers_at(ml_frame_role(frame, ML_WEIGHT), i);

			if (way)
				weight *=
				    frame->rows / result.model->schema.class_count[class_at(frame, i)];
			share[class_at(frame, i)] += weight;
			all += weight;
		}
		read_row(result.model, frame, 0, row);
		ml_model_probabilities(result.model, row, probability);
		for (int k = 0; k < CLASSES; k++)
			CHECK_NEAR(probability[k], share[k] / all, 1e-9);
	}
}

/* Two classes by softmax are nearly what they are by logistic. */
static void
knows_two_classes(test_host *t)
{
	sample s = {.seed = 906, .binary = true, .id = true};
	double value[2];

	for (int way = 0; way < 2; way++)
	{
		ml_result result;
		ml_frame *frame;
		double row[16], sum = 0;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, ROWS, &frame));
		if (way)
			REQUIRE_OK(train(t, frame, "boosted_trees", NULL, &result));
		else
			REQUIRE_OK(sample_train(&t->core, frame, "boosted_trees", NULL, &result));
		for (int64_t i = 0; i < frame->holdout_rows; i++)
		{
			double probability[2];

			read_row(result.model, frame, i, row);
			ml_model_probabilities(result.model, row, probability);
			sum -= log(probability[class_at(frame, i)]);
		}
		value[way] = sum / (double) frame->holdout_rows;
	}
	CHECK_NEAR(value[0], value[1], 0.03);
}

static const sample_option drawn[] = {{"trees", 12},
                                      {"leaves", 9},
                                      {"row_share", 0.7},
                                      {"column_share", 0.6},
                                      {"early_stopping", 3},
                                      {"learning_rate", 0.3},
                                      {NULL, 0}};
static const sample_option few[] = {{"trees", 6}, {NULL, 0}};

static ml_bytes
train_bytes(test_host *t, const char *name, int64_t step, const sample_option *options)
{
	sample s = {.seed = 907, .classes = CLASSES, .id = true, .weight = true};
	ml_frame *frame;
	ml_result result;
	ml_bytes bytes;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	REQUIRE_OK(sample_add_columns(&s, frame));
	for (int64_t i = 0; i < ROWS; i++)
		REQUIRE_OK(sample_append(&s, frame, i * step % ROWS));
	REQUIRE_OK(train(t, frame, name, options, &result));
	REQUIRE_OK(ml_model_encode(&t->core, result.model, 0, &bytes));
	return bytes;
}

static void
does_not_know_threads_nor_order(test_host *t)
{
	static const struct
	{
		const char *name;
		const sample_option *options;
	} way[] = {{"boosted_trees", few},
	           {"boosted_trees", drawn},
	           {"random_forest", few},
	           {"decision_tree", NULL}};

	for (size_t i = 0; i < sizeof way / sizeof *way; i++)
	{
		ml_bytes first = train_bytes(t, way[i].name, 1, way[i].options);

		CHECK(test_same_bytes(first, train_bytes(t, way[i].name, 1999, way[i].options)));
		for (t->core.threads = 2; t->core.threads <= 3; t->core.threads++)
			CHECK(test_same_bytes(first, train_bytes(t, way[i].name, 1, way[i].options)));
		t->core.threads = 1;
	}
}

/* Whole rounds are kept, as many as did the rows set aside good. */
static void
stops_early(test_host *t)
{
	static const sample_option options[] = {
	    {"trees", 2000}, {"early_stopping", 10}, {"learning_rate", 0.3}, {NULL, 0}};
	ml_frame *frame = frame_of(t, 908, CLASSES, ROWS);
	ml_result result;
	int64_t trees;

	REQUIRE_OK(train(t, frame, "boosted_trees", options, &result));
	trees = ml_fitted_part(&result.model->fitted, "tree_nodes")->count;
	CHECK(trees > 0 && trees < 400);
	CHECK_INT(trees, result.model->fitted.iterations * CLASSES);
}

static void
refuses_made_up_models(test_host *t)
{
	ml_frame *frame = frame_of(t, 909, CLASSES, 600);
	ml_result result;
	ml_fitted fitted;
	void *state;

	REQUIRE_OK(train(t, frame, "boosted_trees", few, &result));
	for (int bad = 0; bad < 5; bad++)
	{
		ml_part *base = NULL, *trees = NULL;

		fitted = result.model->fitted;
		for (int i = 0; i < fitted.parts; i++)
		{
			base = ml_text_is(fitted.part[i].name, "base") ? &fitted.part[i] : base;
			trees =
			    ml_text_is(fitted.part[i].name, "tree_nodes") ? &fitted.part[i] : trees;
		}
		if (bad == 1)
			base->count = 1;
		else if (bad == 2)
			base->count = CLASSES - 1;
		else if (bad == 3)
			trees->count--;
		else if (bad == 4)
		{
			base->number = ml_alloc_array(&t->core, CLASSES, sizeof(double));
			base->number[CLASSES - 1] = NAN;
		}
		CHECK_INT(result.model->learner->prepare(&t->core, &result.model->schema, &fitted,
		                                         &result.model->options, &state),
		          bad == 0 ? ML_OK : ML_BAD_MODEL);
	}
}

static void
refuses_made_up_shares(test_host *t)
{
	static const double wrong[] = {-1e-9, NAN, INFINITY, 2};
	ml_frame *frame = frame_of(t, 909, CLASSES, 600);
	ml_result result;
	void *state;

	REQUIRE_OK(train(t, frame, "random_forest", few, &result));
	for (int i = 0; i < result.model->fitted.parts; i++)
	{
		ml_part *part = &result.model->fitted.part[i];

		if (!ml_text_is(part->name, "class_share"))
			continue;
		for (int bad = 0; bad < 4; bad++)
		{
			double was = part->number[5];

			part->number[5] = wrong[bad];
			CHECK_INT(result.model->learner->prepare(&t->core, &result.model->schema,
			                                         &result.model->fitted,
			                                         &result.model->options, &state),
			          ML_BAD_MODEL);
			part->number[5] = was;
		}
		part->count -= CLASSES;
		CHECK_INT(result.model->learner->prepare(&t->core, &result.model->schema,
		                                         &result.model->fitted,
		                                         &result.model->options, &state),
		          ML_BAD_MODEL);
	}
}

static void
bears_refusals(test_host *t, const char *name, const sample_option *options)
{
	ml_result result;
	int64_t end = t->asked, step;

	REQUIRE_OK(train(t, frame_of(t, 910, 3, 300), name, options, &result));
	end = t->asked - end;
	for (int64_t i = 1; i <= end; i++)
	{
		ml_frame *frame = frame_of(t, 910, 3, 300);
		ml_status status;

		t->refused = false;
		t->refuse_at = t->asked + i;
		status = train(t, frame, name, options, &result);
		t->refuse_at = 0;
		CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
	}
	end = t->questions;
	REQUIRE_OK(train(t, frame_of(t, 910, 3, 300), name, options, &result));
	end = t->questions - end;
	step = end / 60 + 1;
	for (int64_t i = 1; i <= end; i += step)
	{
		ml_frame *frame = frame_of(t, 910, 3, 300);

		t->stop_at = t->questions + i;
		CHECK_INT(train(t, frame, name, options, &result), ML_STOPPED);
		t->stop_at = 0;
	}
}

static void
bears_refusals_and_stops(test_host *t)
{
	static const sample_option boosted[] = {
	    {"trees", 2}, {"leaves", 4}, {"early_stopping", 2}, {NULL, 0}};
	static const sample_option forest[] = {{"trees", 2}, {"leaves", 4}, {NULL, 0}};

	bears_refusals(t, "boosted_trees", boosted);
	bears_refusals(t, "random_forest", forest);
}

static void
keeps_to_its_memory(test_host *t)
{
	static const sample_option options[] = {{"trees", 3}, {NULL, 0}};
	static const char *const name[] = {"boosted_trees", "random_forest"};

	for (int i = 0; i < 2; i++)
	{
		ml_frame *frame = frame_of(t, 911, 7, 20000);
		ml_schema schema;
		ml_problem problem;
		ml_request request;
		ml_fitted fitted = {0};
		double before;

		REQUIRE_OK(sample_task(&t->core, frame, ML_MULTICLASS, &schema, &problem));
		REQUIRE_OK(sample_learner_request(
		    &t->core, ml_learner_of_task(test_text(name[i]), ML_MULTICLASS), options,
		    &request));
		before = t->bytes;
		REQUIRE_OK(request.learner->fit(&t->core, &problem, request.options, &fitted));
		before = t->bytes - before;
		test_check(before <= request.learner->memory(&problem, request.options, 1),
		           __FILE__, __LINE__, "%g bytes where %g were announced", before,
		           request.learner->memory(&problem, request.options, 1));
	}
}

/* sum_k W_k^2 / W over both sides of a cut, by the definition. */
static double
gini_of(const ml_frame *frame, int column, double cut, bool missing_left)
{
	double weight[2] = {0}, of_class[2][CLASSES] = {{0}}, sum = 0;

	for (int64_t row = 0; row < frame->rows; row++)
	{
		double x = *ml_numbers_at(&frame->column[column], row);
		double w = *ml_numbers_at(ml_frame_role(frame, ML_WEIGHT), row);
		int left = isnan(x) ? missing_left : x <= cut;

		weight[left] += w;
		of_class[left][class_at(frame, row)] += w;
	}
	for (int side = 0; side < 2; side++)
		for (int k = 0; k < CLASSES && weight[side] > 0; k++)
			sum += of_class[side][k] * of_class[side][k] / weight[side];
	return sum;
}

/* A tree of one question: no other would part the classes better; its leaves are shares. */
static void
splits_like_its_twin(test_host *t)
{
	static const sample_option stump[] = {
	    {"leaves", 2}, {"min_rows", 1}, {"smoothing", 0}, {"holdout", 0}, {NULL, 0}};

	for (uint64_t seed = 920; seed < 926; seed++)
	{
		table made = {.rows = 300,
		              .numbers = 3,
		              .values = 20,
		              .missing = 0.1,
		              .weighted = true,
		              .classes = CLASSES,
		              .seed = seed};
		ml_frame *frame = table_frame(t, &made);
		ml_result result;
		double best = 0, feature, row[3], probability[CLASSES], share[CLASSES] = {0};
		double all = 0, cut;
		bool missing_left;

		REQUIRE_OK(train(t, frame, "decision_tree", stump, &result));
		feature = ml_fitted_part(&result.model->fitted, "feature")->number[0];
		cut = ml_fitted_part(&result.model->fitted, "threshold")->number[0];
		missing_left =
		    ml_fitted_part(&result.model->fitted, "missing_left")->number[0] != 0;
		REQUIRE(feature >= 0);
		for (int c = 0; c < 3; c++)
			for (int64_t i = 0; i < frame->rows; i++)
				for (int left = 0; left < 2; left++)
					best =
					    fmax(best, gini_of(frame, c, *ml_numbers_at(&frame->column[c], i),
					                       left));
		CHECK_CLOSE(gini_of(frame, (int) feature, cut, missing_left), best, 1e-9);
		read_row(result.model, frame, 0, row);
		ml_model_probabilities(result.model, row, probability);
		for (int64_t i = 0; i < frame->rows; i++)
		{
			double other[3], w = *ml_numbers_at(ml_frame_role(frame, ML_WEIGHT), i);
			double x, y = row[(int) feature];

			read_row(result.model, frame, i, other);
			x = other[(int) feature];
			if ((isnan(x) ? missing_left : x <= cut) !=
			    (isnan(y) ? missing_left : y <= cut))
				continue;
			share[class_at(frame, i)] += w;
			all += w;
		}
		for (int k = 0; k < CLASSES; k++)
			CHECK_NEAR(probability[k], share[k] / all, 1e-12);
	}
}

/* Labels are parted as well as any two sets of them can part the classes. */
static void
parts_labels(test_host *t)
{
	static const sample_option stump[] = {{"leaves", 2},
	                                      {"min_rows", 1},
	                                      {"category_smoothing", 0},
	                                      {"holdout", 0},
	                                      {NULL, 0}};
	double reached = 0, possible = 0;

	for (uint64_t seed = 930; seed < 936; seed++)
	{
		table made = {
		    .rows = 600, .categories = 1, .levels = 9, .classes = CLASSES, .seed = seed};
		ml_frame *frame = table_frame(t, &made);
		double cell[9][CLASSES] = {{0}}, score[512], best = 0;
		const ml_part *code;
		ml_result result;
		int chosen = 0, levels;

		REQUIRE_OK(train(t, frame, "decision_tree", stump, &result));
		levels = result.model->schema.feature[0].levels;
		for (int64_t i = 0; i < frame->rows; i++)
			cell[*ml_codes_at(&frame->column[0], i)][class_at(frame, i)]++;
		for (int set = 1; set < (1 << levels) - 1; set++)
		{
			double weight[2] = {0}, of_class[2][CLASSES] = {{0}};

			score[set] = 0;
			for (int l = 0; l < levels; l++)
				for (int k = 0; k < CLASSES; k++)
				{
					weight[set >> l & 1] += cell[l][k];
					of_class[set >> l & 1][k] += cell[l][k];
				}
			for (int k = 0; k < CLASSES; k++)
				score[set] += of_class[0][k] * of_class[0][k] / weight[0] +
				              of_class[1][k] * of_class[1][k] / weight[1];
			best = fmax(best, score[set]);
		}
		code = ml_fitted_part(&result.model->fitted, "set_code");
		for (int64_t i = 0; i < code->count; i++)
			chosen |= 1 << (int) code->number[i];
		REQUIRE(chosen > 0 && chosen < (1 << levels) - 1);
		reached += score[chosen];
		possible += best;
	}
	/* the order is a good one, not the best for sure */
	CHECK(reached > 0.98 * possible);
}

TEST_MAIN({derives_its_loss, "gradients of softmax"},
          {learns, "classes are learned, contributions add up"},
          {starts_from_shares, "without trees the shares of the classes"},
          {knows_two_classes, "softmax of two classes"},
          {does_not_know_threads_nor_order,
           "one model for any threads and order of rows"},
          {splits_like_its_twin, "the best split for all classes, and its shares"},
          {parts_labels, "labels are parted well"},
          {stops_early, "early stopping by rounds"},
          {refuses_made_up_models, "made-up models are refused"},
          {refuses_made_up_shares, "made-up shares are refused"},
          {bears_refusals_and_stops, "refused memory and stops are answered"},
          {keeps_to_its_memory, "memory is what was announced"})
