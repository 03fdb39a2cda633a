/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_curve.c: curves, lift and calibration by definition, with ties and weights.
 */
#include "test.h"

#include "judge/curve.h"

enum
{
	ROWS = 700,
	BINS = 10
};

static double score[ROWS], target[ROWS], weight[ROWS];

/* Scores of so many levels at most, or all different. */
static ml_outcomes
make(uint64_t seed, int levels, bool weighted, int64_t rows)
{
	uint64_t state = seed;

	for (int64_t i = 0; i < rows; i++)
	{
		double p = test_uniform(&state);

		score[i] =
		    levels > 0 ? (double) test_below(&state, levels) / levels : 0.9 * p + 0.05;
		target[i] = test_uniform(&state) < score[i];
		weight[i] = 1 + (double) test_below(&state, 3);
	}
	return (ml_outcomes){.rows = rows,
	                     .score = score,
	                     .target = target,
	                     .weight = weighted ? weight : NULL};
}

/* The weight of rows of a class whose score lies in [low, high]; class -1 is both. */
static double
count(const ml_outcomes *in, int class, double low, double high)
{
	double sum = 0;

	for (int64_t i = 0; i < in->rows; i++)
		if (in->score[i] >= low && in->score[i] <= high &&
		    (class < 0 || in->target[i] == class))
			sum += in->weight != NULL ? in->weight[i] : 1;
	return sum;
}

static void
check_curve(const ml_outcomes *in, const ml_steps *steps, const ml_curve *curve)
{
	REQUIRE(curve->count > 1);
	CHECK_SAME(curve->point[0].threshold, INFINITY);
	CHECK_SAME(curve->point[curve->count - 1].true_positives, steps->positives);
	CHECK_SAME(curve->point[curve->count - 1].false_positives, steps->negatives);
	for (int64_t i = 0; i < curve->count; i++)
	{
		const ml_point *point = &curve->point[i];

		CHECK(i == 0 || point->threshold < curve->point[i - 1].threshold);
		CHECK_SAME(point->true_positives, count(in, 1, point->threshold, INFINITY));
		CHECK_SAME(point->false_positives, count(in, 0, point->threshold, INFINITY));
	}
}

static double
area(const ml_steps *steps, const ml_curve *curve)
{
	double sum = 0;

	for (int64_t i = 1; i < curve->count; i++)
	{
		const ml_point *a = &curve->point[i - 1], *b = &curve->point[i];

		sum += (b->false_positives - a->false_positives) *
		       (a->true_positives + b->true_positives) / 2;
	}
	return sum / steps->positives / steps->negatives;
}

static void
draws_curves(test_host *t)
{
	for (int kind = 0; kind < 8; kind++)
	{
		ml_outcomes in =
		    make(80 + (uint64_t) kind, kind & 2 ? 25 : 0, kind & 1, kind & 4 ? ROWS : 40);
		ml_steps steps;
		ml_curve roc, pr;
		double auc, error;

		REQUIRE_OK(ml_steps_find(&t->core, &in, &steps));
		REQUIRE_OK(ml_roc_curve(&t->core, &steps, 0, &roc));
		REQUIRE_OK(ml_pr_curve(&t->core, &steps, 0, &pr));
		REQUIRE_OK(ml_auc(&t->core, &in, &auc, &error));
		check_curve(&in, &steps, &roc);
		check_curve(&in, &steps, &pr);
		CHECK_CLOSE(area(&steps, &roc), auc, 1e-12);
		for (int64_t points = 1; points < 200; points += 13)
		{
			ml_curve few;

			REQUIRE_OK(ml_roc_curve(&t->core, &steps, points, &few));
			CHECK(few.count <= points || (points < 2 && few.count == 2));
			check_curve(&in, &steps, &few);
		}
	}
}

/* No cut-off is cheaper than the one that is found. */
static void
finds_the_cheapest_point(test_host *t)
{
	static const double cost[][2] = {{1, 1}, {1, 10}, {10, 1}, {0, 1}, {1, 0}, {3, 2}};

	for (int kind = 0; kind < 4; kind++)
		for (int c = 0; c < 6; c++)
		{
			ml_outcomes in = make(90 + (uint64_t) kind, kind & 2 ? 20 : 0, kind & 1, 300);
			ml_steps steps;
			ml_point best;
			double least;

			REQUIRE_OK(ml_steps_find(&t->core, &in, &steps));
			best = ml_cheapest_point(&steps, cost[c][0], cost[c][1]);
			least = cost[c][0] * best.false_positives +
			        cost[c][1] * (steps.positives - best.true_positives);
			for (int64_t i = -1; i < in.rows; i++)
			{
				double threshold = i < 0 ? INFINITY : in.score[i];
				ml_point at = ml_point_at(&steps, threshold);
				double other = cost[c][0] * at.false_positives +
				               cost[c][1] * (steps.positives - at.true_positives);

				CHECK_SAME(at.true_positives, count(&in, 1, threshold, INFINITY));
				CHECK_SAME(at.false_positives, count(&in, 0, threshold, INFINITY));
				CHECK(least <= other);
				CHECK(least < other || best.threshold >= threshold);
			}
		}
}

static void
counts_lift(test_host *t)
{
	for (int kind = 0; kind < 4; kind++)
	{
		ml_outcomes in = make(100 + (uint64_t) kind, kind & 2 ? 30 : 0, kind & 1, ROWS);
		ml_lift_bin bin[BINS];
		ml_steps steps;
		double total;
		int bins;

		REQUIRE_OK(ml_steps_find(&t->core, &in, &steps));
		total = steps.positives + steps.negatives;
		bins = ml_lift(&steps, BINS, bin);
		for (int i = 0; i < bins; i++)
		{
			CHECK(i == 0 || bin[i].high < bin[i - 1].low);
			CHECK_SAME(bin[i].rows, count(&in, -1, bin[i].low, bin[i].high));
			CHECK_SAME(bin[i].responders, count(&in, 1, bin[i].low, bin[i].high));
			CHECK_SAME(bin[i].cumulative_rows, count(&in, -1, bin[i].low, INFINITY));
			CHECK_SAME(bin[i].cumulative_responders, count(&in, 1, bin[i].low, INFINITY));
			/* no further from its share than half of what hangs together at each end */
			CHECK_NEAR(bin[i].cumulative_rows, total / BINS * bin[i].bin,
			           count(&in, -1, bin[i].low, bin[i].low));
		}
		CHECK_SAME(bin[bins - 1].cumulative_rows, total);
	}
}

static void
counts_calibration(test_host *t)
{
	for (int kind = 0; kind < 8; kind++)
	{
		bool uniform = kind & 4;
		ml_outcomes in = make(110 + (uint64_t) kind, kind & 2 ? 30 : 0, kind & 1, ROWS);
		ml_calibration_bin bin[BINS];
		double rows = 0;
		int bins;

		REQUIRE_OK(ml_calibrate_bins(&t->core, &in, BINS, uniform, bin, &bins));
		for (int i = 0; i < bins; i++)
		{
			CHECK(i == 0 || bin[i].low > bin[i - 1].high);
			CHECK_SAME(bin[i].rows, count(&in, -1, bin[i].low, bin[i].high));
			CHECK_CLOSE(bin[i].observed,
			            count(&in, 1, bin[i].low, bin[i].high) / bin[i].rows, 1e-12);
			CHECK(bin[i].observed_low <= bin[i].observed &&
			      bin[i].observed <= bin[i].observed_high);
			CHECK(bin[i].low <= bin[i].mean_score + 1e-12 &&
			      bin[i].mean_score <= bin[i].high + 1e-12);
			if (uniform)
				CHECK(ceil(bin[i].low * BINS - 1e-9) == ceil(bin[i].high * BINS - 1e-9) ||
				      i == 0);
			else if (kind == 0)
				CHECK_NEAR(bin[i].rows, ROWS / BINS, 1);
			rows += bin[i].rows;
		}
		CHECK_SAME(rows, count(&in, -1, 0, 1));
	}
}

/* A row of weight 2 is the row twice, in quantiles too. */
static void
takes_weights_for_rows(test_host *t)
{
	ml_outcomes in = make(120, 0, true, 200), twice;
	ml_calibration_bin a[BINS], b[BINS];
	double all[2][ROWS];
	int p, q;

	for (int i = 0; i < 200; i++)
		weight[i] = 2;
	for (int i = 0; i < 400; i++)
	{
		all[0][i] = score[i / 2];
		all[1][i] = target[i / 2];
	}
	twice = (ml_outcomes){.rows = 400, .score = all[0], .target = all[1]};
	REQUIRE_OK(ml_calibrate_bins(&t->core, &in, BINS, false, a, &p));
	REQUIRE_OK(ml_calibrate_bins(&t->core, &twice, BINS, false, b, &q));
	REQUIRE(p == q);
	for (int i = 0; i < p; i++)
	{
		CHECK_SAME(a[i].rows, b[i].rows);
		CHECK_CLOSE(a[i].mean_score, b[i].mean_score, 1e-12);
		CHECK_CLOSE(a[i].observed, b[i].observed, 1e-12);
		/* but it is no more evidence than one */
		CHECK(a[i].observed_high - a[i].observed_low >
		      b[i].observed_high - b[i].observed_low);
	}
}

static void
bears_degenerate_outcomes(test_host *t)
{
	for (int64_t rows = 0; rows < 3; rows++)
		for (int class = 0; class < 2; class ++)
		{
			ml_outcomes in = make(130, 1, false, rows);
			ml_calibration_bin bin[BINS];
			ml_lift_bin lift[BINS];
			ml_steps steps;
			ml_curve curve;
			int bins;

			target[0] = target[1] = class;
			REQUIRE_OK(ml_steps_find(&t->core, &in, &steps));
			CHECK_INT(steps.count, rows > 0);
			REQUIRE_OK(ml_roc_curve(&t->core, &steps, 0, &curve));
			CHECK_INT(curve.count, rows > 0 ? 2 : 1);
			REQUIRE_OK(ml_pr_curve(&t->core, &steps, 10, &curve));
			CHECK_INT(curve.count, rows > 0 ? 2 : 1);
			CHECK_INT(ml_lift(&steps, BINS, lift), rows > 0);
			REQUIRE_OK(ml_calibrate_bins(&t->core, &in, BINS, false, bin, &bins));
			CHECK_INT(bins, rows > 0);
			CHECK(ml_cheapest_point(&steps, 1, 1).threshold ==
			      (class == 1 && rows > 0 ? 0 : INFINITY));
		}
}

static void
notices_refusals_and_stops(test_host *t)
{
	ml_outcomes in = make(140, 0, true, ROWS);
	ml_calibration_bin bin[BINS];
	ml_steps steps;
	ml_curve curve;
	int bins;

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_status status;

		test_try(t, &trial);
		status = ml_steps_find(&t->core, &in, &steps);
		if (status == ML_OK)
			status = ml_roc_curve(&t->core, &steps, 0, &curve);
		if (status == ML_OK)
			status = ml_calibrate_bins(&t->core, &in, BINS, false, bin, &bins);
		test_tried(t, &trial, status);
	}
	t->stop_at = 1;
	CHECK_INT(ml_roc_curve(&t->core, &steps, 0, &curve), ML_STOPPED);
	CHECK_INT(ml_steps_find(&t->core, &in, &steps), ML_STOPPED);
	CHECK_INT(ml_calibrate_bins(&t->core, &in, BINS, false, bin, &bins), ML_STOPPED);
}

TEST_MAIN({draws_curves, "points of the curves are counts, and their area the AUC"},
          {finds_the_cheapest_point, "no cut-off costs less than the one found"},
          {counts_lift, "lift is counted between the bounds, rows of one score together"},
          {counts_calibration, "calibration is counted between the bounds"},
          {takes_weights_for_rows, "a row of weight 2 is two rows, but no more evidence"},
          {bears_degenerate_outcomes, "no rows, one row, one score, one class"},
          {notices_refusals_and_stops, "every refused allocation and stop is answered"})
