/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_decide.c: confusion, residuals and fairness by definition.
 */
#include "test.h"

#include "judge/decide.h"

enum
{
	ROWS = 500,
	CLASSES = 4,
	GROUPS = 3
};

static double score[ROWS], target[ROWS], weight[ROWS], predicted[ROWS];
static int32_t code[ROWS];

static ml_judged
make(uint64_t seed, bool weighted)
{
	ml_judged judged = {.task = ML_BINARY};
	uint64_t state = seed;

	for (int i = 0; i < ROWS; i++)
	{
		score[i] = (double) test_below(&state, 20) / 20;
		target[i] = test_uniform(&state) < score[i];
		weight[i] = 1 + (double) test_below(&state, 3);
		code[i] = (int32_t) test_below(&state, GROUPS) - 1;
		predicted[i] = (double) test_below(&state, CLASSES);
	}
	judged.outcomes = (ml_outcomes){.rows = ROWS, .score = score, .target = target};
	judged.classes = (ml_class_outcomes){
	    .rows = ROWS, .classes = CLASSES, .target = target, .predicted = predicted};
	judged.outcomes.weight = judged.classes.weight = weighted ? weight : NULL;
	return judged;
}

static double
weight_at(const ml_judged *judged, int row)
{
	return judged->outcomes.weight != NULL ? weight[row] : 1;
}

static void
counts_two_classes(test_host *t)
{
	for (int weighted = 0; weighted < 2; weighted++)
		for (double threshold = 0; threshold <= 1; threshold += 0.25)
		{
			ml_judged judged = make(1, weighted);
			double expected[6] = {0};
			ml_confusion confusion;

			REQUIRE_OK(ml_confuse(&t->core, &judged, threshold, &confusion));
			for (int i = 0; i < ROWS; i++)
				expected[(target[i] > 0 ? 2 : 0) + (score[i] >= threshold)] +=
				    weight_at(&judged, i);
			CHECK_INT(confusion.classes, 2);
			for (int k = 0; k < 6; k++)
				CHECK_SAME(confusion.rows[k], expected[k]);
		}
}

/* A class that is not known has a line of its own. */
static void
counts_several_classes(test_host *t)
{
	ml_judged judged = make(2, true);
	double expected[(CLASSES + 1) * CLASSES] = {0};
	ml_confusion confusion;

	judged.task = ML_MULTICLASS;
	for (int i = 0; i < ROWS; i++)
	{
		target[i] = i % (CLASSES + 1) - 1;
		expected[(int) (target[i] < 0 ? CLASSES : target[i]) * CLASSES +
		         (int) predicted[i]] += weight[i];
	}
	REQUIRE_OK(ml_confuse(&t->core, &judged, 0.5, &confusion));
	CHECK_INT(confusion.classes, CLASSES);
	for (int k = 0; k < (CLASSES + 1) * CLASSES; k++)
		CHECK_SAME(confusion.rows[k], expected[k]);
}

static double
poisson(const void *state, double y, double mu)
{
	return 2 * ((y > 0 ? y * log(y / mu) : 0) - (y - mu));
}

static void
takes_roots_of_deviances(test_host *t)
{
	double residual[ROWS], scale, sum = 0, total = 0;
	ml_judged judged = make(3, true);

	score[0] = 0;
	target[0] = 1;
	REQUIRE_OK(ml_deviance_residuals(&t->core, &judged, residual, &scale));
	CHECK_CLOSE(residual[0], sqrt(-2 * log(1e-15)), 1e-12);
	for (int i = 0; i < ROWS; i++)
	{
		double p = target[i] > 0 ? score[i] : 1 - score[i];

		CHECK_CLOSE(residual[i] * residual[i], -2 * log(p < 1e-15 ? 1e-15 : p), 1e-12);
		CHECK(p == 1 || (residual[i] > 0) == (target[i] > 0));
		sum += weight[i] * residual[i] * residual[i];
		total += weight[i];
	}
	CHECK_CLOSE(scale, sqrt(sum / total), 1e-12);
	judged = make(4, false);
	judged.task = ML_REGRESSION;
	REQUIRE_OK(ml_deviance_residuals(&t->core, &judged, residual, &scale));
	for (int i = 0; i < ROWS; i++)
		CHECK_SAME(residual[i], target[i] - score[i]);
	judged.outcomes.deviance = poisson;
	for (int i = 0; i < ROWS; i++)
		score[i] += 0.5;
	REQUIRE_OK(ml_deviance_residuals(&t->core, &judged, residual, &scale));
	for (int i = 0; i < ROWS; i++)
		CHECK_CLOSE(residual[i],
		            (target[i] > score[i] ? 1 : -1) *
		                sqrt(poisson(NULL, target[i], score[i])),
		            1e-9);
}

/* The share of rows of a group and of a class, or of both, that are selected. */
static double
selected(const ml_judged *judged, int group, int class, double threshold)
{
	double hits = 0, all = 0;

	for (int i = 0; i < ROWS; i++)
		if ((code[i] < 0 ? GROUPS : code[i]) == group &&
		    (class < 0 || target[i] == class))
		{
			hits += score[i] >= threshold ? weight_at(judged, i) : 0;
			all += weight_at(judged, i);
		}
	return hits / all;
}

static void
compares_groups(test_host *t)
{
	for (int kind = 0; kind < 4; kind++)
	{
		ml_fair_options options = {.threshold = 0.6, .favours_rejected = kind & 2};
		ml_judged judged = make(5, kind & 1);
		ml_fair_group group[GROUPS + 1];
		int64_t rows = 0;

		REQUIRE_OK(
		    ml_fairness(&t->core, &judged.outcomes, code, &options, group, GROUPS));
		for (int g = 0; g <= GROUPS; g++)
		{
			/* codes are -1, 0 and 1, so the group before the last has no rows */
			CHECK((group[g].rows == 0) == (g == 2));
			rows += group[g].rows;
			if (g == 2)
				continue;
			CHECK_CLOSE(group[g].selected, selected(&judged, g, -1, 0.6), 1e-12);
			CHECK_CLOSE(group[g].true_positive_rate, selected(&judged, g, 1, 0.6), 1e-12);
			CHECK_CLOSE(group[g].false_positive_rate, selected(&judged, g, 0, 0.6),
			            1e-12);
			for (int h = 0; h <= GROUPS; h++)
			{
				double own = group[g].selected, other = group[h].selected;

				if (h == 2)
					continue;
				CHECK_CLOSE(group[g].selected_ratio / group[h].selected_ratio,
				            kind & 2 ? (1 - own) / (1 - other) : own / other, 1e-12);
				CHECK(group[g].selected_ratio <= 1 && group[g].true_positive_ratio <= 1 &&
				      group[g].false_positive_ratio <= 1);
			}
		}
		CHECK_INT(rows, ROWS);
	}
}

static void
notices_refusals_and_stops(test_host *t)
{
	ml_judged judged = make(6, false);
	ml_fair_options options = {.threshold = 0.5};
	ml_fair_group group[GROUPS + 1];
	double residual[ROWS], scale;
	ml_confusion confusion;

	t->refuse_at = 1;
	CHECK_INT(ml_confuse(&t->core, &judged, 0.5, &confusion), ML_MEMORY);
	t->refuse_at = 2;
	CHECK_INT(ml_fairness(&t->core, &judged.outcomes, code, &options, group, GROUPS),
	          ML_MEMORY);
	t->refuse_at = 0;
	t->stop_at = 1;
	CHECK_INT(ml_confuse(&t->core, &judged, 0.5, &confusion), ML_STOPPED);
	CHECK_INT(ml_deviance_residuals(&t->core, &judged, residual, &scale), ML_STOPPED);
	CHECK_INT(ml_fairness(&t->core, &judged.outcomes, code, &options, group, GROUPS),
	          ML_STOPPED);
}

TEST_MAIN({counts_two_classes, "two classes are counted at any threshold"},
          {counts_several_classes, "several classes are counted, unknown ones apart"},
          {takes_roots_of_deviances, "residuals are roots of deviances, with a sign"},
          {compares_groups, "groups have the rates of their rows, and ratios"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
