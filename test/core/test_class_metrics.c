/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_class_metrics.c: measures of several classes, by definition.
 */
#include "test.h"

enum
{
	ROWS = 3000,
	CLASSES = 5
};

static double target[ROWS], predicted[ROWS], likelihood[ROWS], weight[ROWS];

/* Every so manyth row of a class that is not known; classes of very different size. */
static ml_class_outcomes
make(uint64_t seed, int unknown)
{
	uint64_t state = seed;

	for (int i = 0; i < ROWS; i++)
	{
		target[i] = (double) (int) (CLASSES * pow(test_uniform(&state), 2));
		if (unknown > 0 && i % unknown == 0)
			target[i] = -1;
		predicted[i] = test_uniform(&state) < 0.6 && target[i] >= 0
		                   ? target[i]
		                   : (double) test_below(&state, CLASSES);
		likelihood[i] = target[i] < 0 ? 0 : test_uniform(&state);
		weight[i] = 1 + (double) test_below(&state, 3);
	}
	return (ml_class_outcomes){.rows = ROWS,
	                           .classes = CLASSES,
	                           .target = target,
	                           .predicted = predicted,
	                           .likelihood = likelihood};
}

static double
value_of(const ml_report *report, const char *name)
{
	const ml_metric *found = ml_report_metric(report, name);

	REQUIRE(found != NULL);
	return found->value;
}

/* The share of rows of a class, or predicted as it, or both; -1 is the unknown one. */
static double
share(const ml_class_outcomes *in, int actual, int called)
{
	double sum = 0;

	for (int64_t i = 0; i < in->rows; i++)
		if ((actual == -2 || in->target[i] == actual) &&
		    (called == -2 || in->predicted[i] == called))
			sum += in->weight != NULL ? in->weight[i] : 1;
	return sum;
}

/* The correlation of what was predicted and what came out, each as a vector of indicators. */
static double
correlation(const ml_class_outcomes *in)
{
	double total = share(in, -2, -2), both = 0, came = 1, called = 1;

	for (int k = -1; k < in->classes; k++)
	{
		double actual = share(in, k, -2) / total;
		double predicted = k < 0 ? 0 : share(in, -2, k) / total;

		both += (k < 0 ? 0 : share(in, k, k) / total) - actual * predicted;
		came -= actual * actual;
		called -= predicted * predicted;
	}
	return both / sqrt(came * called);
}

static void
check(const ml_class_outcomes *in, const ml_report *report)
{
	double hits = 0, recall = 0, f1 = 0, seen = 0, either = 0, loss = 0;

	for (int k = -1; k < in->classes; k++)
	{
		double both = k < 0 ? 0 : share(in, k, k);
		double actual = share(in, k, -2), called = k < 0 ? 0 : share(in, -2, k);

		hits += both;
		seen += actual > 0;
		either += actual + called > 0;
		recall += actual > 0 ? both / actual : 0;
		f1 += actual + called > 0 ? 2 * both / (actual + called) : 0;
	}
	for (int64_t i = 0; i < in->rows; i++)
		loss -= (in->weight != NULL ? in->weight[i] : 1) *
		        log(in->likelihood[i] < 1e-15 ? 1e-15 : in->likelihood[i]);
	CHECK_SAME(value_of(report, "rows"), in->rows);
	CHECK_CLOSE(value_of(report, "accuracy"), hits / share(in, -2, -2), 1e-12);
	CHECK_CLOSE(value_of(report, "balanced_accuracy"), recall / seen, 1e-12);
	CHECK_CLOSE(value_of(report, "macro_f1"), f1 / either, 1e-12);
	if (isfinite(correlation(in)))
		CHECK_NEAR(value_of(report, "mcc"), correlation(in), 1e-12);
	else
		CHECK(isnan(value_of(report, "mcc")));
	CHECK_CLOSE(value_of(report, "log_loss"), loss / share(in, -2, -2), 1e-12);
	for (int i = 1; i < report->metrics; i++)
		if (!isnan(report->metric[i].low))
			CHECK(report->metric[i].low <= report->metric[i].value &&
			      report->metric[i].value <= report->metric[i].high);
}

static void
measures_by_definition(test_host *t)
{
	for (int weighted = 0; weighted < 2; weighted++)
		for (int unknown = 0; unknown < 20; unknown += 7)
		{
			ml_class_outcomes in = make(40 + (uint64_t) unknown, unknown);
			ml_report report;

			in.weight = weighted ? weight : NULL;
			REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
			CHECK(strcmp(report.metric[1].name, ml_main_metric(ML_MULTICLASS)) == 0);
			check(&in, &report);
		}
}

/* Equal weights are none, whatever their size. */
static void
scales_weights(test_host *t)
{
	ml_class_outcomes in = make(50, 0);
	ml_report plain, weighted;

	REQUIRE_OK(ml_judge_classes(&t->core, &in, &plain));
	for (int i = 0; i < ROWS; i++)
		weight[i] = 4;
	in.weight = weight;
	REQUIRE_OK(ml_judge_classes(&t->core, &in, &weighted));
	for (int i = 0; i < plain.metrics; i++)
	{
		CHECK_CLOSE(weighted.metric[i].value, plain.metric[i].value, 1e-12);
		if (!isnan(plain.metric[i].low))
		{
			CHECK_NEAR(weighted.metric[i].low, plain.metric[i].low, 1e-12);
			CHECK_NEAR(weighted.metric[i].high, plain.metric[i].high, 1e-12);
		}
	}
}

/* Accuracy of 0.68 on rows drawn anew: intervals hold it as often as they say. */
static void
covers_the_truth(test_host *t)
{
	int accuracy = 0, balanced = 0;

	for (int turn = 0; turn < 400; turn++)
	{
		ml_class_outcomes in = make(1000 + (uint64_t) turn, 0);
		const ml_metric *m;
		ml_report report;

		in.rows = 500;
		REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
		m = ml_report_metric(&report, "accuracy");
		accuracy += m->low <= 0.68 && 0.68 <= m->high;
		m = ml_report_metric(&report, "balanced_accuracy");
		balanced += m->low <= 0.68 && 0.68 <= m->high;
	}
	CHECK_NEAR(accuracy / 400.0, 0.95, 5 * sqrt(0.95 * 0.05 / 400));
	CHECK_NEAR(balanced / 400.0, 0.95, 5 * sqrt(0.95 * 0.05 / 400));
}

static void
bears_degenerate_outcomes(test_host *t)
{
	ml_class_outcomes in = make(60, 1);
	ml_report report;

	REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
	CHECK_SAME(value_of(&report, "accuracy"), 0);
	CHECK_CLOSE(value_of(&report, "log_loss"), -log(1e-15), 1e-12);
	in.rows = 0;
	REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
	CHECK_INT(report.metrics, 1);
	in = make(61, 0);
	in.rows = 1;
	REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
	check(&in, &report);
	in.rows = ROWS;
	in.predicted = in.target;
	REQUIRE_OK(ml_judge_classes(&t->core, &in, &report));
	CHECK_SAME(value_of(&report, "accuracy"), 1);
	CHECK_SAME(value_of(&report, "macro_f1"), 1);
}

static void
notices_refusals_and_stops(test_host *t)
{
	ml_class_outcomes in = make(70, 0);
	ml_report report;

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		status = ml_judge_classes(&t->core, &in, &report);
		test_tried(t, &trial, status);
	}
	t->stop_at = 1;
	CHECK_INT(ml_judge_classes(&t->core, &in, &report), ML_STOPPED);
}

TEST_MAIN({measures_by_definition, "every measure by its definition, weights too"},
          {scales_weights, "weights count by their proportions"},
          {covers_the_truth, "intervals cover the truth as often as they say"},
          {bears_degenerate_outcomes, "no rows, one row, no known class, no errors"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
