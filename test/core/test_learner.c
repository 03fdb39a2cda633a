/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_learner.c: the table of learners, learned arrays, margins and scores.
 */
#include "test.h"

static void
finds_learners(test_host *t)
{
	(void) t;
	for (int i = 0; i < ml_learner_count; i++)
	{
		const ml_learner *learner = ml_learner_table[i];

		CHECK(ml_learner_of_task(test_text(learner->name), learner->task) == learner);
		CHECK(strcmp(ml_learner_find(test_text(learner->name))->name, learner->name) ==
		      0);
		CHECK(learner->summary[0] != '\0');
		CHECK(learner->memory && learner->fit && learner->prepare && learner->work &&
		      learner->explain);
		CHECK((learner->task == ML_SEGMENTATION) == (learner->distance != NULL));
		if (learner->task == ML_MULTICLASS || learner->task == ML_SEGMENTATION)
			CHECK(learner->margins && !learner->margin && !learner->respond);
		else
			CHECK(learner->margin && learner->respond && !learner->margins);
	}
	CHECK(ml_learner_find(test_text("linear"))->task == ML_REGRESSION);
	CHECK(ml_learner_find(test_text("logistic"))->task == ML_BINARY);
	CHECK(ml_learner_of_task(test_text("linear"), ML_BINARY) == NULL);
	CHECK(ml_learner_find(test_text("boosted_trees")) == &ml_boosted_classes);
	CHECK(ml_learner_find(test_text("")) == NULL);
	CHECK(ml_learner_find(test_text("Linear")) == NULL);
	CHECK(ml_learner_find((ml_text){"linear\0", 7}) == NULL);
}

static void
keeps_learned_arrays(test_host *t)
{
	char name[ML_MAX_PARTS + 1][2];
	ml_fitted fitted = {0};
	double *number;

	for (int i = 0; i <= ML_MAX_PARTS; i++)
		name[i][0] = (char) ('0' + i), name[i][1] = '\0';
	for (int i = 0; i < ML_MAX_PARTS; i++)
	{
		REQUIRE_OK(ml_fitted_add(&t->core, &fitted, name[i], i, &number));
		for (int k = 0; k < i; k++)
			CHECK_SAME(number[k], 0);
	}
	for (int i = 0; i < ML_MAX_PARTS; i++)
		CHECK_INT(ml_fitted_part(&fitted, name[i])->count, i);
	CHECK(ml_fitted_part(&fitted, name[ML_MAX_PARTS]) == NULL);
	t->refuse_at = t->asked + 1;
	fitted.parts = 0;
	CHECK_INT(ml_fitted_add(&t->core, &fitted, "a", 5, &number), ML_MEMORY);
	CHECK_INT(fitted.parts, 0);
}

/* 1 / (1 + exp(-x)) to four units in the last place, without overflow at either end. */
static void
scores_margins(test_host *t)
{
	double (*respond)(double) = ml_family_find("logistic", (ml_text){0})->respond;
	double (*same)(double) = ml_family_find("linear", (ml_text){0})->respond;
	double last = 0;

	(void) t;
	for (double margin = -800; margin <= 800; margin += 0.37)
	{
		double score = respond(margin);

		CHECK(score >= 0 && score <= 1 && score >= last);
		CHECK_CLOSE(score, 1 / (1 + expl(-(long double) margin)),
		            4 * DBL_EPSILON + 1e-300 / (score + 1e-300));
		last = score;
		CHECK_SAME(same(margin), margin);
	}
	CHECK_SAME(respond(INFINITY), 1);
	CHECK_SAME(respond(-INFINITY), 0);
	CHECK_SAME(respond(0), 0.5);
	CHECK(isnan(respond(NAN)));
}

TEST_MAIN({finds_learners, "learners are found by name and complete"},
          {keeps_learned_arrays, "learned arrays are found by name"},
          {scores_margins, "scores of margins from end to end"})
