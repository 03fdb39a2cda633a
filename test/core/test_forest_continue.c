/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_forest_continue.c: boosted_trees that go on from an earlier model.
 */
#include "models.h"

#include <math.h>

static ml_status
train(test_host *t, const sample *s, int rows, const sample_option *options,
      const ml_model *earlier, ml_result *result)
{
	ml_task_kind task = s->classes > 2 ? ML_MULTICLASS
	                    : s->binary    ? ML_BINARY
	                                   : ML_REGRESSION;
	ml_request request;
	ml_frame *frame;

	ML_TRY(sample_fill(&t->core, s, 0, rows, &frame));
	ML_TRY(sample_learner_request(&t->core,
	                              ml_learner_of_task(test_text("boosted_trees"), task),
	                              options, &request));
	request.earlier = earlier;
	return ml_train(&t->core, frame, &request, result);
}

static const sample kinds[] = {{.seed = 951, .binary = true, .id = true, .weight = true},
                               {.seed = 952, .classes = 3, .id = true},
                               {.seed = 953, .id = true}};
#define KINDS 3
#define ROWS 1500

static const sample_option ten[] = {{"trees", 10}, {"row_share", 0.8}, {NULL, 0}};
static const sample_option twenty[] = {{"trees", 20}, {"row_share", 0.8}, {NULL, 0}};

/* Ten trees and ten more are twenty at once, but for rounding. */
static void
goes_on(test_host *t)
{
	static const char *const part[] = {"tree_nodes", "feature", "left", "missing_left",
	                                   "set_code",   "value",   "base"};

	for (int k = 0; k < KINDS; k++)
	{
		ml_result once, first, more;

		REQUIRE_OK(train(t, &kinds[k], ROWS, twenty, NULL, &once));
		REQUIRE_OK(train(t, &kinds[k], ROWS, ten, NULL, &first));
		REQUIRE_OK(train(t, &kinds[k], ROWS, ten, first.model, &more));
		CHECK_INT(more.model->fitted.iterations, 20);
		for (size_t p = 0; p < sizeof part / sizeof *part; p++)
		{
			const ml_part *a = ml_fitted_part(&once.model->fitted, part[p]);
			const ml_part *b = ml_fitted_part(&more.model->fitted, part[p]);

			CHECK_INT(a->count, b->count);
			for (int64_t i = 0; a->count == b->count && i < a->count; i++)
				CHECK_NEAR(a->number[i], b->number[i], 1e-9);
		}
		check_canonical(t, more.model);
	}
}

/* A row as a model has it; false if a label is one of those that the model pools. */
static bool
fill(const ml_schema *schema, const sample_row *made, double *row)
{
	bool pooled = false;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		int c = 0;

		while (!ml_text_equal(test_text(sample_column[c].name), feature->name) ||
		       sample_column[c].element != feature->element)
			c++;
		row[f] = made->cell[c].number;
		if (feature->kind == ML_CATEGORY)
			row[f] = made->cell[c].text.bytes == NULL
			             ? -1
			             : ml_feature_code(feature, made->cell[c].text);
		pooled |= feature->kind == ML_CATEGORY && feature->pooled &&
		          row[f] == feature->levels - 1;
	}
	return !pooled;
}

/* Other rows, other labels: without further trees the model says what the earlier one does. */
static void
keeps_what_was_said(test_host *t)
{
	for (int k = 0; k < KINDS; k++)
		for (int pooled = 0; pooled < 2; pooled++)
		{
			const sample_option some[] = {
			    {"trees", 10}, {"max_categories", pooled ? 6 : 200}, {NULL, 0}};
			const sample_option none[] = {
			    {"min_rows", 1e6}, {"max_categories", pooled ? 200 : 12}, {NULL, 0}};
			sample before = kinds[k], after = kinds[k];
			ml_result first, same;
			int compared = 0;

			before.products = 9;
			after.products = 14;
			REQUIRE_OK(train(t, &before, ROWS, some, NULL, &first));
			REQUIRE_OK(train(t, &after, ROWS, none, first.model, &same));
			for (int64_t i = 0; i < 300; i++)
			{
				double old_row[16], row[16];
				sample_row made;

				sample_make_row(&after, i, &made);
				(void) fill(&first.model->schema, &made, old_row);
				if (!fill(&same.model->schema, &made, row))
					continue;
				CHECK_NEAR(ml_model_score(same.model, row),
				           ml_model_score(first.model, old_row), 1e-12);
				compared++;
			}
			CHECK(compared > 100);
		}
}

static void
refuses_others(test_host *t)
{
	sample fewer = {.seed = 952, .classes = 4, .id = true};
	ml_result first, more;
	ml_model other;

	REQUIRE_OK(train(t, &kinds[1], ROWS, ten, NULL, &first));
	CHECK_INT(train(t, &fewer, ROWS, ten, first.model, &more), ML_OTHER_CLASSES);
	other = *first.model;
	other.schema.feature =
	    ml_alloc_array(&t->core, other.schema.features, sizeof *other.schema.feature);
	memcpy(other.schema.feature, first.model->schema.feature,
	       (size_t) other.schema.features * sizeof *other.schema.feature);
	for (int f = 0; f < other.schema.features; f++)
		other.schema.feature[f].name = test_text("unheard of");
	CHECK_INT(train(t, &kinds[1], ROWS, ten, &other, &more), ML_LOST_FEATURE);
	CHECK(t->core.fault.count >= 0 && t->core.fault.count < other.schema.features);
}

static void
bears_refusals_and_stops(test_host *t)
{
	static const sample_option small[] = {
	    {"trees", 2}, {"leaves", 4}, {"early_stopping", 2}, {NULL, 0}};

	for (int k = 0; k < 2; k++)
	{
		ml_result first, more;
		int64_t end, step;

		REQUIRE_OK(train(t, &kinds[k], 300, small, NULL, &first));
		end = t->asked;
		REQUIRE_OK(train(t, &kinds[k], 300, small, first.model, &more));
		end = t->asked - end;
		for (int64_t i = 1; i <= end; i++)
		{
			ml_status status;

			t->refused = false;
			t->refuse_at = t->asked + i;
			status = train(t, &kinds[k], 300, small, first.model, &more);
			t->refuse_at = 0;
			CHECK_INT(status, t->refused ? ML_MEMORY : ML_OK);
		}
		end = t->questions;
		REQUIRE_OK(train(t, &kinds[k], 300, small, first.model, &more));
		end = t->questions - end;
		step = end / 40 + 1;
		for (int64_t i = 1; i <= end; i += step)
		{
			t->stop_at = t->questions + i;
			CHECK_INT(train(t, &kinds[k], 300, small, first.model, &more), ML_STOPPED);
			t->stop_at = 0;
		}
	}
}

TEST_MAIN({goes_on, "ten trees and ten more are twenty"},
          {keeps_what_was_said, "earlier trees say what they said, whatever the labels"},
          {refuses_others, "other classes and lost columns"},
          {bears_refusals_and_stops, "refused memory and stops are answered"})
