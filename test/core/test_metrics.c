/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_metrics.c: every measure against its definition, over all pairs of rows if need be.
 */
#include "test.h"

#define ROWS 300
#define Z 1.959963984540054

typedef struct outcomes
{
	double score[ROWS];
	double target[ROWS];
	double weight[ROWS];
	ml_outcomes core;
} outcomes;

/* How often scores are equal, and whether rows have weights. */
static void
make(outcomes *o, int rows, int distinct, bool weighted, uint64_t seed)
{
	uint64_t state = seed;

	for (int i = 0; i < rows; i++)
	{
		o->score[i] = distinct > 0
		                  ? (double) (1 + test_below(&state, distinct)) / (distinct + 1)
		                  : test_uniform(&state);
		o->target[i] = test_uniform(&state) < 0.2 + 0.6 * o->score[i];
		o->weight[i] = weighted ? 0.25 * (double) (1 + test_below(&state, 12)) : 1;
	}
	o->core = (ml_outcomes){.rows = rows,
	                        .score = o->score,
	                        .target = o->target,
	                        .weight = weighted ? o->weight : NULL};
}

static const ml_metric *
metric(const ml_report *report, const char *name)
{
	const ml_metric *found = ml_report_metric(report, name);

	REQUIRE(found != NULL);
	return found;
}

static double
wins(double a, double b)
{
	return a > b ? 1 : a == b ? 0.5 : 0;
}

/* Share of the pairs that are in order, by weight. */
static double
slow_auc(const outcomes *o, double *positives, double *negatives)
{
	double sum = 0;

	*positives = *negatives = 0;
	for (int i = 0; i < o->core.rows; i++)
	{
		*positives += o->target[i] > 0 ? o->weight[i] : 0;
		*negatives += o->target[i] > 0 ? 0 : o->weight[i];
		for (int k = 0; k < o->core.rows; k++)
			if (o->target[i] > 0 && !(o->target[k] > 0))
				sum += o->weight[i] * o->weight[k] * wins(o->score[i], o->score[k]);
	}
	return sum / (*positives * *negatives);
}

/*
 * DeLong's variance: that of the placements V10 of the positives over their number, and of
 * V01 of the negatives over theirs.  With weights each placement counts by its share.
 */
static double
slow_error(const outcomes *o)
{
	double positives, negatives, auc = slow_auc(o, &positives, &negatives);
	double spread[2] = {0, 0}, rows[2] = {0, 0};

	for (int i = 0; i < o->core.rows; i++)
	{
		int own = o->target[i] > 0;
		double placement = 0;

		for (int k = 0; k < o->core.rows; k++)
			if ((o->target[k] > 0) != own)
				placement += o->weight[k] * (own ? wins(o->score[i], o->score[k])
				                                 : wins(o->score[k], o->score[i]));
		placement /= own ? negatives : positives;
		spread[own] +=
		    pow(o->weight[i] * (placement - auc) / (own ? positives : negatives), 2);
		rows[own]++;
	}
	return sqrt(spread[0] * rows[0] / (rows[0] - 1) +
	            spread[1] * rows[1] / (rows[1] - 1));
}

static const struct
{
	int rows;
	int distinct;
	bool weighted;
} shape[] = {{2, 0, false},   {10, 3, false},  {50, 0, false}, {300, 0, false},
             {300, 4, false}, {300, 1, false}, {300, 0, true}, {300, 4, true},
             {40, 2, true},   {299, 50, true}};
#define SHAPES ((int) (sizeof shape / sizeof *shape))

static void
ranks_like_all_pairs(test_host *t)
{
	for (int s = 0; s < SHAPES; s++)
		for (uint64_t seed = 0; seed < 5; seed++)
		{
			outcomes o;
			double auc, error, positives, negatives, expected;

			make(&o, shape[s].rows, shape[s].distinct, shape[s].weighted, 160 + seed);
			o.target[0] = 1;
			o.target[1] = 0;
			REQUIRE_OK(ml_auc(&t->core, &o.core, &auc, &error));
			expected = slow_auc(&o, &positives, &negatives);
			CHECK_NEAR(auc, expected, 1e-13);
			if (!shape[s].weighted)
				CHECK_SAME(auc, expected);
			if (isfinite(slow_error(&o)))
				CHECK_NEAR(error, slow_error(&o), 1e-12);
			else
				CHECK(isnan(error));
		}
}

/* Largest distance between the distributions of the two classes' scores. */
static double
slow_ks(const outcomes *o)
{
	double positives, negatives, most = 0;

	slow_auc(o, &positives, &negatives);
	for (int i = 0; i < o->core.rows; i++)
	{
		double below[2] = {0, 0};

		for (int k = 0; k < o->core.rows; k++)
			if (o->score[k] <= o->score[i])
				below[o->target[k] > 0] += o->weight[k];
		most = fmax(most, fabs(below[0] / negatives - below[1] / positives));
	}
	return most;
}

/* Sum over the thresholds, from the highest down, of recall gained times precision. */
static double
slow_average_precision(const outcomes *o)
{
	double positives, negatives, sum = 0, last = INFINITY, recall = 0;

	slow_auc(o, &positives, &negatives);
	for (;;)
	{
		double threshold = -INFINITY, hits = 0, called = 0;

		for (int k = 0; k < o->core.rows; k++)
			if (o->score[k] < last && o->score[k] > threshold)
				threshold = o->score[k];
		if (threshold == -INFINITY)
			return sum;
		for (int k = 0; k < o->core.rows; k++)
			if (o->score[k] >= threshold)
			{
				called += o->weight[k];
				hits += o->target[k] > 0 ? o->weight[k] : 0;
			}
		sum += (hits / positives - recall) * hits / called;
		recall = hits / positives;
		last = threshold;
	}
}

/* Root of the sum of squares of what each row adds: by a little more of its weight. */
static double
slow_precision_error(outcomes *o)
{
	double sum = 0;

	for (int i = 0; i < o->core.rows; i++)
	{
		double w = o->weight[i], step = 1e-4 * w, more, less;

		o->weight[i] = w + step;
		more = slow_average_precision(o);
		o->weight[i] = w - step;
		less = slow_average_precision(o);
		o->weight[i] = w;
		sum += pow(w * (more - less) / (2 * step), 2);
	}
	return sqrt(sum);
}

static void
measures_curves(test_host *t)
{
	for (int s = 0; s < SHAPES; s++)
	{
		outcomes o;
		ml_report report;
		double auc, error, p, half;

		make(&o, shape[s].rows, shape[s].distinct, shape[s].weighted, 170);
		o.target[0] = 1;
		o.target[1] = 0;
		REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
		REQUIRE_OK(ml_auc(&t->core, &o.core, &auc, &error));
		CHECK_NEAR(metric(&report, "ks")->value, slow_ks(&o), 1e-13);
		p = metric(&report, "pr_auc")->value;
		CHECK_NEAR(p, slow_average_precision(&o), 1e-13);
		CHECK_SAME(metric(&report, "auc")->value, auc);
		CHECK_NEAR(metric(&report, "gini")->value, 2 * auc - 1, 1e-15);
		if (isfinite(error))
		{
			CHECK_NEAR(metric(&report, "auc")->low, fmax(0, auc - Z * error), 1e-13);
			CHECK_NEAR(metric(&report, "auc")->high, fmin(1, auc + Z * error), 1e-13);
			CHECK_NEAR(metric(&report, "gini")->low,
			           fmax(-1, 2 * auc - 1 - 2 * Z * error), 1e-13);
		}
		CHECK(metric(&report, "ks")->low <= metric(&report, "ks")->value &&
		      metric(&report, "ks")->value <= metric(&report, "ks")->high);
		if (p > 0 && p < 1 && shape[s].rows <= 50)
		{
			half = Z * slow_precision_error(&o) / (p * (1 - p));
			CHECK_NEAR(metric(&report, "pr_auc")->low,
			           1 / (1 + exp(half - log(p / (1 - p)))), 1e-6);
			CHECK_NEAR(metric(&report, "pr_auc")->high,
			           1 / (1 + exp(-half - log(p / (1 - p)))), 1e-6);
		}
	}
}

/* Bounds of Wilson's interval solve (p - x)^2 = Z^2 x (1 - x) / n, with Kish's n. */
static void
check_share(const ml_metric *m, double hits, double weight, double squares)
{
	double p = hits / weight, n = weight * weight / squares;

	CHECK_NEAR(m->value, p, 1e-13);
	CHECK_NEAR(pow(p - m->low, 2), Z * Z * m->low * (1 - m->low) / n, 1e-12);
	CHECK_NEAR(pow(p - m->high, 2), Z * Z * m->high * (1 - m->high) / n, 1e-12);
	CHECK(m->low <= p + 1e-12 && p <= m->high + 1e-12);
}

static void
counts_hits(test_host *t)
{
	for (int s = 3; s < SHAPES; s++)
	{
		outcomes o;
		ml_report report;
		double hits[2][2] = {{0, 0}, {0, 0}}, squares[2][2] = {{0, 0}, {0, 0}}, n;
		double tp, fp, fn, tn;

		make(&o, shape[s].rows, shape[s].distinct, shape[s].weighted, 180);
		REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
		n = (double) o.core.rows;
		for (int i = 0; i < o.core.rows; i++)
		{
			hits[o.target[i] > 0][o.score[i] >= 0.5] += o.weight[i];
			squares[o.target[i] > 0][o.score[i] >= 0.5] += o.weight[i] * o.weight[i];
		}
		tp = hits[1][1];
		fp = hits[0][1];
		fn = hits[1][0];
		tn = hits[0][0];
		CHECK_SAME(metric(&report, "rows")->value, n);
		check_share(metric(&report, "accuracy"), tp + tn, tp + fp + fn + tn,
		            squares[0][0] + squares[0][1] + squares[1][0] + squares[1][1]);
		check_share(metric(&report, "recall"), tp, tp + fn,
		            squares[1][0] + squares[1][1]);
		check_share(metric(&report, "precision"), tp, tp + fp,
		            squares[0][1] + squares[1][1]);
		check_share(metric(&report, "positive_rate"), tp + fn, tp + fp + fn + tn,
		            squares[0][0] + squares[0][1] + squares[1][0] + squares[1][1]);
		if (tp + fp > 0 && tn + fn > 0)
			CHECK_NEAR(metric(&report, "mcc")->value,
			           (tp * tn - fp * fn) /
			               sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
			           1e-13);
		else
			CHECK(isnan(metric(&report, "mcc")->value));
		CHECK_NEAR(metric(&report, "f1")->value, 2 * tp / (2 * tp + fp + fn), 1e-13);
	}
}

static void
averages_losses(test_host *t)
{
	for (int s = 3; s < SHAPES; s++)
	{
		outcomes o;
		ml_report report;
		double total = 0, log_loss = 0, brier = 0, squares = 0, n, error;

		make(&o, shape[s].rows, shape[s].distinct, shape[s].weighted, 190);
		REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
		n = (double) o.core.rows;
		for (int i = 0; i < o.core.rows; i++)
		{
			total += o.weight[i];
			log_loss -= o.weight[i] * log(o.target[i] > 0 ? o.score[i] : 1 - o.score[i]);
			brier += o.weight[i] * pow(o.target[i] - o.score[i], 2);
		}
		log_loss /= total;
		brier /= total;
		CHECK_CLOSE(metric(&report, "log_loss")->value, log_loss, 1e-12);
		CHECK_CLOSE(metric(&report, "brier")->value, brier, 1e-12);
		/* the influence of a row on a weighted mean is its weight times its distance */
		for (int i = 0; i < o.core.rows; i++)
			squares +=
			    pow(o.weight[i] * (pow(o.target[i] - o.score[i], 2) - brier) / total, 2);
		error = sqrt(squares * n / (n - 1));
		CHECK_CLOSE(metric(&report, "brier")->high - brier, Z * error, 1e-9);
		CHECK_CLOSE(brier - metric(&report, "brier")->low, Z * error, 1e-9);
	}
}

/* A weight is a number of rows, for every value; intervals are those of fewer rows. */
static void
counts_weights_as_rows(test_host *t)
{
	static const char *const names[] = {"auc",      "gini",  "ks",           "pr_auc",
	                                    "log_loss", "brier", "accuracy",     "precision",
	                                    "recall",   "f1",    "positive_rate"};
	outcomes weighted, repeated;
	ml_report one, other;
	int at = 0;

	make(&weighted, 100, 10, true, 200);
	for (int i = 0; i < 100; i++)
	{
		weighted.weight[i] = 1 + i % 3;
		for (int copy = 0; copy < 1 + i % 3; copy++, at++)
		{
			repeated.score[at] = weighted.score[i];
			repeated.target[at] = weighted.target[i];
		}
	}
	repeated.core =
	    (ml_outcomes){.rows = at, .score = repeated.score, .target = repeated.target};
	REQUIRE_OK(ml_judge_binary(&t->core, &weighted.core, &one));
	REQUIRE_OK(ml_judge_binary(&t->core, &repeated.core, &other));
	for (int i = 0; i < 11; i++)
		CHECK_NEAR(metric(&one, names[i])->value, metric(&other, names[i])->value, 1e-12);
}

static void
bears_degenerate_outcomes(test_host *t)
{
	ml_report report;
	outcomes o;
	double auc, error;

	/* no row */
	make(&o, 0, 0, false, 210);
	REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
	CHECK_INT(report.metrics, 1);
	REQUIRE_OK(ml_auc(&t->core, &o.core, &auc, &error));
	CHECK(isnan(auc) && isnan(error));
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
	CHECK_INT(report.metrics, 1);
	/* one class */
	for (int class = 0; class < 2; class ++)
		for (int rows = 1; rows < 50; rows += 48)
		{
			make(&o, rows, 0, rows > 1, 211);
			for (int i = 0; i < rows; i++)
				o.target[i] = class;
			REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
			CHECK(isnan(metric(&report, "auc")->value));
			CHECK(isnan(metric(&report, "gini")->value));
			CHECK(isnan(metric(&report, "ks")->value));
			CHECK(isnan(metric(&report, "pr_auc")->value));
			CHECK(isfinite(metric(&report, "log_loss")->value));
			CHECK(isfinite(metric(&report, "accuracy")->value));
			CHECK_SAME(metric(&report, "positive_rate")->value, class);
		}
	/* perfect, and perfectly wrong */
	for (int wrong = 0; wrong < 2; wrong++)
	{
		make(&o, 200, 0, false, 212);
		for (int i = 0; i < 200; i++)
			o.score[i] = wrong ? 1 - o.target[i] : o.target[i];
		REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
		CHECK_SAME(metric(&report, "auc")->value, 1 - wrong);
		CHECK_SAME(metric(&report, "accuracy")->value, 1 - wrong);
		CHECK_SAME(metric(&report, "ks")->value, 1);
		CHECK_SAME(metric(&report, "brier")->value, wrong);
		/* a certain miss costs as much as a score of 1e-15 */
		CHECK_CLOSE(metric(&report, "log_loss")->value, wrong ? -log(1e-15) : 1e-15,
		            1e-1);
	}
	/* scores that are no numbers are no order: an answer all the same */
	make(&o, 200, 0, false, 213);
	for (int i = 0; i < 200; i += 3)
		o.score[i] = i % 2 ? NAN : INFINITY;
	REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
}

static void
make_values(outcomes *o, int rows, bool weighted, uint64_t seed)
{
	uint64_t state = seed;

	make(o, rows, 0, weighted, seed);
	for (int i = 0; i < rows; i++)
	{
		o->target[i] = 100 + 10 * test_normal(&state);
		o->score[i] = o->target[i] + 4 * test_normal(&state) + 1;
	}
}

/* R2, RMSE and MAE without row left_out, for the jackknife; -1: of all rows. */
static void
slow_regression(const outcomes *o, int left_out, double value[3])
{
	long double total = 0, mean = 0, s = 0, t = 0, absolute = 0;

	for (int i = 0; i < o->core.rows; i++)
		if (i != left_out)
		{
			total += o->weight[i];
			mean += o->weight[i] * o->target[i];
		}
	mean /= total;
	for (int i = 0; i < o->core.rows; i++)
		if (i != left_out)
		{
			long double e = o->target[i] - o->score[i];

			s += o->weight[i] * e * e / total;
			t += o->weight[i] * (o->target[i] - mean) * (o->target[i] - mean) / total;
			absolute += o->weight[i] * fabsl(e) / total;
		}
	value[0] = 1 - s / t;
	value[1] = sqrtl(s);
	value[2] = absolute;
}

/*
 * Values by their definition.  Intervals by the jackknife, which the influence function's
 * meets up to terms of order 1 / n: within 5 % for 300 rows.
 */
static void
measures_values(test_host *t)
{
	static const char *const names[] = {"r2", "rmse", "mae"};

	for (int weighted = 0; weighted < 2; weighted++)
		for (uint64_t seed = 0; seed < 5; seed++)
		{
			outcomes o;
			ml_report report;
			double all[3], one[ROWS][3], n;

			make_values(&o, ROWS, weighted, 220 + seed);
			n = ROWS;
			REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
			slow_regression(&o, -1, all);
			for (int i = 0; i < ROWS; i++)
				slow_regression(&o, i, one[i]);
			for (int k = 0; k < 3; k++)
			{
				const ml_metric *m = metric(&report, names[k]);
				double mean = 0, squares = 0;

				CHECK_CLOSE(m->value, all[k], 1e-12);
				for (int i = 0; i < ROWS; i++)
					mean += one[i][k] / n;
				for (int i = 0; i < ROWS; i++)
					squares += pow(one[i][k] - mean, 2);
				CHECK_CLOSE(m->high - m->value, Z * sqrt((n - 1) / n * squares), 0.05);
				CHECK_CLOSE(m->value - m->low, Z * sqrt((n - 1) / n * squares), 0.05);
			}
		}
}

static void
bears_degenerate_values(test_host *t)
{
	outcomes o;
	ml_report report;

	make_values(&o, 1, false, 230);
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
	CHECK(isnan(metric(&report, "r2")->value));
	CHECK_NEAR(metric(&report, "rmse")->value, fabs(o.target[0] - o.score[0]), 1e-12);
	make_values(&o, 100, false, 231);
	for (int i = 0; i < 100; i++)
		o.target[i] = 5;
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
	CHECK(!(metric(&report, "r2")->value > 0));
	CHECK(isfinite(metric(&report, "rmse")->value));
	for (int i = 0; i < 100; i++)
		o.target[i] = o.score[i] = i;
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
	CHECK_SAME(metric(&report, "r2")->value, 1);
	CHECK_SAME(metric(&report, "rmse")->value, 0);
	CHECK_SAME(metric(&report, "mae")->value, 0);
	CHECK_SAME(metric(&report, "rmse")->high, 0);
}

/* Coverage of the 95 % intervals over 400 samples: within five sd of a binomial. */
static void
covers_the_truth(test_host *t)
{
	/* score s is uniform and P(y = 1) = 0.2 + 0.6 s: integrals over s */
	static const struct
	{
		const char *name;
		double value;
	} truth[] = {{"auc", 0.7},       {"gini", 0.4},       {"ks", 0.3},
	             {"pr_auc", 0.68},   {"log_loss", 0.7},   {"brier", 7 / 30.0},
	             {"accuracy", 0.65}, {"precision", 0.65}, {"recall", 0.65},
	             {"f1", 0.65},       {"mcc", 0.3},        {"positive_rate", 0.5}};
	int covered[12] = {0};

	for (uint64_t seed = 0; seed < 400; seed++)
	{
		outcomes o;
		ml_report report;

		make(&o, ROWS, 0, seed & 1, 240 + seed);
		REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
		for (int k = 0; k < 12; k++)
		{
			const ml_metric *m = metric(&report, truth[k].name);

			covered[k] += m->low <= truth[k].value && truth[k].value <= m->high;
		}
	}
	for (int k = 0; k < 12; k++)
		test_near(covered[k] / 400.0, 0.95, 5 * sqrt(0.95 * 0.05 / 400), __FILE__,
		          __LINE__, truth[k].name);
}

static void
names_the_main_metric(test_host *t)
{
	outcomes o;
	ml_report report;

	make(&o, 50, 0, false, 250);
	REQUIRE_OK(ml_judge_binary(&t->core, &o.core, &report));
	CHECK(strcmp(report.metric[0].name, "rows") == 0);
	CHECK(strcmp(report.metric[1].name, ml_main_metric(ML_BINARY)) == 0);
	CHECK(report.metrics <= ML_MAX_METRICS);
	REQUIRE_OK(ml_judge_regression(&t->core, &o.core, &report));
	CHECK(strcmp(report.metric[1].name, ml_main_metric(ML_REGRESSION)) == 0);
	CHECK(ml_report_metric(&report, "nothing") == NULL);
}

static void
notices_refusals_and_stops(test_host *t)
{
	outcomes o;
	ml_report report;

	make(&o, 50, 0, false, 260);
	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		status = ml_judge_binary(&t->core, &o.core, &report);
		test_tried(t, &trial, status);
	}
	t->stop_at = 1;
	CHECK_INT(ml_judge_binary(&t->core, &o.core, &report), ML_STOPPED);
}

TEST_MAIN({ranks_like_all_pairs,
           "AUC and DeLong's error are those of all pairs, ties and weights too"},
          {measures_curves, "KS, average precision and their intervals by definition"},
          {counts_hits, "shares at one half, with Wilson's intervals"},
          {averages_losses, "log loss and Brier score, with intervals"},
          {counts_weights_as_rows, "a row of weight 3 is three rows"},
          {bears_degenerate_outcomes, "no rows, one class, perfect scores, no numbers"},
          {measures_values, "R2, RMSE and MAE by definition, intervals by jackknife"},
          {bears_degenerate_values, "one row, constant targets, perfect values"},
          {covers_the_truth, "intervals cover the truth as often as they say"},
          {names_the_main_metric, "the main metric is the first after the rows"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
