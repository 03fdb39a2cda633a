/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_compare.c: two models on the same rows, by definition and by drawing rows anew.
 */
#include "test.h"

#include "judge/compare.h"

enum
{
	ROWS = 400
};

typedef struct drawn
{
	double target[ROWS];
	double weight[ROWS];
	double score[2][ROWS];
	double likelihood[2][ROWS];
	ml_judged judged[2];
} drawn;

/* Scores that have much in common; edge is how much better the first one is. */
static void
draw(drawn *d, ml_task_kind task, uint64_t seed, double edge, bool weighted)
{
	uint64_t state = seed;

	for (int i = 0; i < ROWS; i++)
	{
		double truth = test_normal(&state), common = truth + test_normal(&state);

		d->target[i] = truth + test_normal(&state);
		d->weight[i] = 1 + (double) test_below(&state, 3);
		for (int k = 0; k < 2; k++)
		{
			double z = common + test_normal(&state) + (k == 0 ? edge * truth : 0);

			d->score[k][i] = task == ML_REGRESSION ? z / 2 : 1 / (1 + exp(-z));
			d->likelihood[k][i] = 0.1 + 0.8 * d->score[k][i];
		}
		if (task != ML_REGRESSION)
			d->target[i] = d->target[i] > 0;
		if (task == ML_MULTICLASS)
			for (int k = 0; k < 2; k++)
				d->score[k][i] = d->score[k][i] > 0.5;
	}
	for (int k = 0; k < 2; k++)
	{
		d->judged[k] = (ml_judged){.task = task};
		d->judged[k].outcomes = (ml_outcomes){.rows = ROWS,
		                                      .score = d->score[k],
		                                      .target = d->target,
		                                      .weight = weighted ? d->weight : NULL};
		d->judged[k].classes = (ml_class_outcomes){.rows = ROWS,
		                                           .classes = 2,
		                                           .target = d->target,
		                                           .predicted = d->score[k],
		                                           .likelihood = d->likelihood[k],
		                                           .weight = weighted ? d->weight : NULL};
	}
}

static const ml_difference *
metric(const ml_comparison *comparison, const char *name)
{
	for (int i = 0; i < comparison->metrics; i++)
		if (strcmp(comparison->metric[i].name, name) == 0)
			return &comparison->metric[i];
	return NULL;
}

/* Both sides are what each model is alone, whatever the task and the weights. */
static void
agrees_with_each_alone(test_host *t)
{
	for (int kind = 0; kind < 6; kind++)
	{
		ml_comparison there, back;
		ml_report report[2];
		drawn d;

		draw(&d, (ml_task_kind) (kind / 2), 10 + (uint64_t) kind, 0.5, kind & 1);
		REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &there));
		REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[1], &d.judged[0], &back));
		for (int k = 0; k < 2; k++)
			REQUIRE_OK(ml_judged_report(&t->core, &d.judged[k], &report[k]));
		CHECK(there.metrics >= 2);
		for (int i = 0; i < there.metrics; i++)
		{
			const ml_difference *m = &there.metric[i], *n = &back.metric[i];

			CHECK_CLOSE(m->a, ml_report_metric(&report[0], m->name)->value, 1e-12);
			CHECK_CLOSE(m->b, ml_report_metric(&report[1], m->name)->value, 1e-12);
			CHECK_SAME(m->difference, m->a - m->b);
			CHECK(m->low <= m->difference && m->difference <= m->high);
			CHECK_CLOSE(m->low, -n->high, 1e-9);
			CHECK_CLOSE(m->p, n->p, 1e-9);
			/* the interval and the test agree, but for McNemar's */
			if (strcmp(m->name, "accuracy") != 0)
				CHECK((m->p < 0.05) == (m->low > 0 || m->high < 0));
		}
	}
}

/* DeLong's covariance by all pairs. */
static void
knows_the_covariance_of_aucs(test_host *t)
{
	static double place[2][ROWS];
	double class_rows[2] = {0, 0}, mean[2][2] = {{0, 0}, {0, 0}}, variance = 0;
	const ml_difference *auc;
	ml_comparison comparison;
	drawn d;

	draw(&d, ML_BINARY, 20, 0.3, false);
	REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &comparison));
	auc = metric(&comparison, "auc");
	for (int i = 0; i < ROWS; i++)
		class_rows[d.target[i] > 0]++;
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < ROWS; i++)
		{
			int own = d.target[i] > 0;

			place[k][i] = 0;
			for (int j = 0; j < ROWS; j++)
				if (d.target[j] != d.target[i])
					place[k][i] += (own ? d.score[k][i] > d.score[k][j]
					                    : d.score[k][j] > d.score[k][i]) /
					               class_rows[1 - own];
			mean[k][own] += place[k][i] / class_rows[own];
		}
	for (int i = 0; i < ROWS; i++)
	{
		int own = d.target[i] > 0;
		double away = place[0][i] - place[1][i] - mean[0][own] + mean[1][own];

		variance += away * away / class_rows[own] / (class_rows[own] - 1);
	}
	CHECK_CLOSE(auc->difference, mean[0][1] - mean[1][1], 1e-9);
	CHECK_CLOSE((auc->high - auc->low) / 2, 1.959963984540054 * sqrt(variance), 1e-9);
	CHECK_CLOSE(auc->p, erfc(fabs(auc->difference) / sqrt(2 * variance)), 1e-9);
}

/* Of models that are as good as each other one in twenty seems better. */
static void
errs_as_often_as_it_says(test_host *t)
{
	static const char *const name[] = {"auc", "log_loss", "brier", "accuracy",
	                                   "r2",  "rmse",     "mae"};
	int found[7] = {0}, turns = 600;

	for (int turn = 0; turn < turns; turn++)
		for (int task = 0; task < 2; task++)
		{
			ml_comparison comparison;
			drawn d;

			draw(&d, task == 0 ? ML_BINARY : ML_REGRESSION, 1000 + (uint64_t) turn, 0,
			     turn & 1);
			REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &comparison));
			for (int k = 0; k < 7; k++)
				found[k] += metric(&comparison, name[k]) != NULL &&
				            metric(&comparison, name[k])->p < 0.05;
		}
	for (int k = 0; k < 7; k++)
		CHECK_NEAR(found[k] / (double) turns, 0.05, 5 * sqrt(0.05 * 0.95 / turns));
}

static void
counts_the_rows_that_differ(test_host *t)
{
	const ml_difference *accuracy;
	ml_comparison comparison;
	drawn d;

	draw(&d, ML_BINARY, 30, 0, false);
	/* the first one alone is right twice, the other one five times */
	for (int i = 0; i < ROWS; i++)
		for (int k = 0; k < 2; k++)
			d.score[k][i] = d.target[i];
	for (int i = 0; i < 7; i++)
		d.score[i < 2 ? 1 : 0][i] = 1 - d.target[i];
	REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &comparison));
	accuracy = metric(&comparison, "accuracy");
	CHECK_CLOSE(accuracy->difference, -3.0 / ROWS, 1e-12);
	/* 2 (P(X < 2) + P(X = 2) / 2) of seven coins */
	CHECK_CLOSE(accuracy->p, 2 * (1 + 7 + 21 / 2.0) / 128, 1e-12);
}

static void
bears_degenerate_outcomes(test_host *t)
{
	for (int task = 0; task < 3; task++)
		for (int64_t rows = 0; rows < 3; rows++)
		{
			ml_comparison comparison;
			drawn d;

			draw(&d, (ml_task_kind) task, 40, 0, false);
			d.target[0] = d.target[1] = 1;
			for (int k = 0; k < 2; k++)
				d.judged[k].outcomes.rows = d.judged[k].classes.rows = rows;
			REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &comparison));
			CHECK((comparison.metrics == 0) == (rows == 0));
			if (rows == 2 && task == 0)
				CHECK(isnan(metric(&comparison, "r2")->difference));
			if (rows == 2 && task == 1)
				CHECK(isnan(metric(&comparison, "auc")->p));
			/* a model against itself */
			draw(&d, (ml_task_kind) task, 50, 0, false);
			REQUIRE_OK(ml_judge_pair(&t->core, &d.judged[0], &d.judged[0], &comparison));
			for (int i = 0; i < comparison.metrics; i++)
			{
				CHECK_SAME(comparison.metric[i].difference, 0);
				CHECK_SAME(comparison.metric[i].p, 1);
			}
		}
}

static void
notices_refusals_and_stops(test_host *t)
{
	for (int task = 0; task < 3; task++)
	{
		ml_comparison comparison;
		drawn d;

		draw(&d, (ml_task_kind) task, 60, 0, true);
		for (test_trial trial = {.refusals = true, .stops = true}; !trial.done;)
		{
			ml_status status;

			test_try(t, &trial);
			status = ml_judge_pair(&t->core, &d.judged[0], &d.judged[1], &comparison);
			test_tried(t, &trial, status);
		}
	}
}

TEST_MAIN({agrees_with_each_alone, "both sides are each model alone, and change places"},
          {knows_the_covariance_of_aucs, "DeLong's test by all pairs"},
          {errs_as_often_as_it_says, "equal models differ as often as the tests say"},
          {counts_the_rows_that_differ, "McNemar's mid-p of the rows that differ"},
          {bears_degenerate_outcomes, "no rows, one row, one class, one model"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
