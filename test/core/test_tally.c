/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_tally.c: measures against their definitions; order, pieces and bytes change nothing.
 */
#include "test.h"

#define ROWS 300
#define BINS 7

typedef double (*measure)(const ml_tally *tally);

static const struct
{
	ml_tally_kind kind;
	measure of;
} use[] = {{ML_TALLY_LOG_LOSS, ml_tally_mean},
           {ML_TALLY_BRIER, ml_tally_mean},
           {ML_TALLY_CONFUSION, ml_tally_accuracy},
           {ML_TALLY_CONFUSION, ml_tally_precision},
           {ML_TALLY_CONFUSION, ml_tally_recall},
           {ML_TALLY_CONFUSION, ml_tally_f1},
           {ML_TALLY_CONFUSION, ml_tally_mcc},
           {ML_TALLY_CALIBRATION, ml_tally_calibration_error},
           {ML_TALLY_SQUARED, ml_tally_mean},
           {ML_TALLY_SQUARED, ml_tally_rmse},
           {ML_TALLY_ABSOLUTE, ml_tally_mean},
           {ML_TALLY_PERCENTAGE, ml_tally_mean},
           {ML_TALLY_VARIANCE, ml_tally_r2},
           {ML_TALLY_DEVIANCE, ml_tally_mean}};
#define USES ((int) (sizeof use / sizeof *use))

/* Rows whose probabilities are also fair values and outcomes of any family. */
static void
make(ml_case *row, ml_tally_kind kind, bool weighted, uint64_t seed)
{
	uint64_t state = seed;

	for (int i = 0; i < ROWS; i++)
	{
		double score = test_uniform(&state) * 0.98 + 0.01;
		bool is_class = kind <= ML_TALLY_CALIBRATION;

		row[i] = (ml_case){
		    .score = i % 10 == 0 ? 0.5 : score,
		    .outcome = is_class ? test_uniform(&state) < score : test_uniform(&state),
		    .weight = weighted ? exp(4 * test_normal(&state)) : 1,
		    .threshold = 0.5,
		    .bins = BINS,
		    .deviance = &ml_deviance_table[seed % (uint64_t) ml_deviance_count],
		    .power = ml_deviance_table[seed % (uint64_t) ml_deviance_count].power};
	}
}

static ml_tally *
open_tally(test_host *t, ml_tally_kind kind)
{
	int sums = ml_tally_sums(kind, BINS);
	ml_tally *tally = ml_alloc(&t->core, ml_tally_open_size(sums));

	ml_tally_open(tally, kind, sums);
	return tally;
}

static ml_tally *
add_rows(test_host *t, ml_tally_kind kind, const ml_case *row, int begin, int end)
{
	ml_tally *tally = open_tally(t, kind);

	for (int i = begin; i < end; i++)
		REQUIRE_OK(ml_tally_take(&t->core, &tally, &row[i]));
	return tally;
}

static ml_tally *
merge(test_host *t, const ml_tally *a, const ml_tally *b)
{
	int low, count;
	ml_tally *both = ml_alloc(&t->core, ml_tally_widen_for(a, b, &low, &count));

	ml_tally_move(both, a, low, count);
	ml_tally_merge(both, b);
	return both;
}

static ml_tally *
through_bytes(test_host *t, const ml_tally *tally)
{
	size_t length = ml_tally_encoded(tally), size;
	unsigned char *bytes = ml_alloc(&t->core, length);
	ml_tally *copy;

	ml_tally_encode(tally, bytes);
	size = ml_tally_check(bytes, length);
	REQUIRE(size > 0);
	copy = ml_alloc(&t->core, size);
	ml_tally_decode(bytes, copy);
	return copy;
}

/* Weights of a cell of the confusion matrix. */
static long double
cell(const ml_case *row, bool positive, bool called)
{
	long double sum = 0;

	for (int i = 0; i < ROWS; i++)
		if ((row[i].outcome > 0) == positive && (row[i].score >= 0.5) == called)
			sum += row[i].weight;
	return sum;
}

static long double
slow_confusion(measure of, const ml_case *row)
{
	long double tn = cell(row, false, false), fp = cell(row, false, true);
	long double fn = cell(row, true, false), tp = cell(row, true, true);

	if (of == ml_tally_accuracy)
		return (tp + tn) / (tp + tn + fp + fn);
	if (of == ml_tally_precision)
		return tp / (tp + fp);
	if (of == ml_tally_recall)
		return tp / (tp + fn);
	if (of == ml_tally_f1)
		return 2 / ((tp + fp) / tp + (tp + fn) / tp);
	return (tp * tn - fp * fn) / sqrtl((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
}

static long double
slow_calibration(const ml_case *row)
{
	long double total = 0, error = 0;

	for (int bin = 1; bin <= BINS; bin++)
	{
		long double weight = 0, outcome = 0, score = 0;

		for (int i = 0; i < ROWS; i++)
		{
			if (!(row[i].score > (bin - 1) / (double) BINS) ||
			    row[i].score > bin / (double) BINS)
				continue;
			weight += row[i].weight;
			outcome += row[i].weight * row[i].outcome;
			score += row[i].weight * (long double) row[i].score;
		}
		total += weight;
		error += weight > 0 ? weight * fabsl(outcome / weight - score / weight) : 0;
	}
	return error / total;
}

static long double
slow_loss(ml_tally_kind kind, const ml_case *row)
{
	long double y = row->outcome, p = row->score;

	switch (kind)
	{
		case ML_TALLY_LOG_LOSS:
			return -logl(y > 0 ? p : 1 - p);
		case ML_TALLY_ABSOLUTE:
			return fabsl(y - p);
		case ML_TALLY_PERCENTAGE:
			return fabsl(y - p) / y;
		case ML_TALLY_DEVIANCE:
			break;
		default:
			return (y - p) * (y - p);
	}
	switch (row->deviance - ml_deviance_table)
	{
		case 0:
			return (y - p) * (y - p);
		case 1:
			return 2 * (y * logl(y / p) + (1 - y) * logl((1 - y) / (1 - p)));
		case 2:
			return 2 * (y * logl(y / p) - y + p);
		case 3:
			return 2 * (logl(p / y) + y / p - 1);
		case 4:
			return (y - p) * (y - p) / (p * p * y);
		default: /* power 1.5 */
			return 4 * (sqrtl(y) - sqrtl(p)) * (sqrtl(y) - sqrtl(p)) / sqrtl(p);
	}
}

static long double
slow_measure(ml_tally_kind kind, measure of, const ml_case *row)
{
	long double weight = 0, sum = 0, mean = 0, spread = 0;

	if (kind == ML_TALLY_CONFUSION)
		return slow_confusion(of, row);
	if (kind == ML_TALLY_CALIBRATION)
		return slow_calibration(row);
	for (int i = 0; i < ROWS; i++)
	{
		weight += row[i].weight;
		sum += row[i].weight * slow_loss(kind, &row[i]);
		mean += row[i].weight * (long double) row[i].outcome;
	}
	mean /= weight;
	for (int i = 0; i < ROWS; i++)
		spread += row[i].weight * (row[i].outcome - mean) * (row[i].outcome - mean);
	return of == ml_tally_rmse ? sqrtl(sum / weight)
	       : of == ml_tally_r2 ? 1 - sum / spread
	                           : sum / weight;
}

static void
measures(test_host *t)
{
	ml_case row[ROWS];

	for (int u = 0; u < USES; u++)
		for (uint64_t seed = 0; seed < 12; seed++)
		{
			ml_tally *tally;

			make(row, use[u].kind, seed >= 6, seed);
			tally = add_rows(t, use[u].kind, row, 0, ROWS);
			CHECK_NEAR(use[u].of(tally), slow_measure(use[u].kind, use[u].of, row),
			           1e-14 * (1 + fabs(use[u].of(tally))));
			CHECK_INT(tally->rows, ROWS);
		}
}

/* Whoever adds what in whatever order, by bytes or not. */
static void
order_is_no_matter(test_host *t)
{
	ml_case row[ROWS], turned[ROWS];

	for (int u = 0; u < USES; u++)
		for (uint64_t seed = 6; seed < 12; seed++)
		{
			uint64_t state = seed;
			ml_tally *whole, *merged = open_tally(t, use[u].kind);

			make(row, use[u].kind, true, seed);
			whole = add_rows(t, use[u].kind, row, 0, ROWS);
			for (int i = 0; i < ROWS; i++)
				turned[i] = row[(i * 7 + 11) % ROWS];
			for (int begin = 0, end; begin < ROWS; begin = end)
			{
				ml_tally *part;

				end = begin + 1 + (int) test_below(&state, 60);
				end = end < ROWS ? end : ROWS;
				part = add_rows(t, use[u].kind, turned, begin, end);
				merged = begin % 2 == 0 ? merge(t, merged, part)
				                        : merge(t, through_bytes(t, part), merged);
			}
			CHECK_INT(merged->rows, ROWS);
			CHECK_SAME(use[u].of(through_bytes(t, merged)), use[u].of(whole));
		}
}

/* What is dropped leaves what the other rows come to. */
static void
forgets_rows(test_host *t)
{
	ml_case row[ROWS];

	for (int u = 0; u < USES; u++)
		for (uint64_t seed = 6; seed < 12; seed++)
		{
			ml_tally *moving, *rest;

			make(row, use[u].kind, true, seed);
			moving = add_rows(t, use[u].kind, row, 0, ROWS);
			rest = add_rows(t, use[u].kind, row, ROWS / 2, ROWS);
			for (int i = 0; i < ROWS; i++)
			{
				ml_addend addend[ML_TALLY_TERMS];
				int count = ml_tally_addends(use[u].kind, &row[i], addend);

				if (i == ROWS / 2)
					CHECK_SAME(use[u].of(moving), use[u].of(rest));
				CHECK(ml_tally_drop(moving, addend, count));
			}
			CHECK_INT(moving->rows, 0);
			CHECK(isnan(use[u].of(moving)));
			for (int i = 0; i < moving->sums; i++)
				CHECK_SAME(ml_tally_sum(through_bytes(t, moving), i), 0);
			CHECK(!ml_tally_drop(moving, &(ml_addend){0, 1}, 1));
		}
}

/* Outcomes far from zero with nothing but noise between them. */
static void
r2_is_exact(test_host *t)
{
	static const double far[] = {0, 1e6, -1e9, 1e15, 0x1p60};

	for (int f = 0; f < 5; f++)
	{
		ml_tally *tally = open_tally(t, ML_TALLY_VARIANCE);
		double step = f == 4 ? 1024 : 1;

		/* outcomes 0, 1, 2, 3 and predictions 0, 1, 2, 2: 1 - 1 / 5 */
		for (int i = 0; i < 4; i++)
			REQUIRE_OK(ml_tally_take(&t->core, &tally,
			                         &(ml_case){.outcome = far[f] + step * i,
			                                    .score = far[f] + step * (i < 3 ? i : 2),
			                                    .weight = 0.1}));
		CHECK_NEAR(ml_tally_r2(tally), 0.8, 1e-15);
	}
}

static void
undefined(test_host *t)
{
	ml_tally *tally;

	for (int u = 0; u < USES; u++)
		CHECK(isnan(use[u].of(open_tally(t, use[u].kind))));
	tally = open_tally(t, ML_TALLY_CONFUSION);
	REQUIRE_OK(ml_tally_take(&t->core, &tally,
	                         &(ml_case){.score = 0, .weight = 2, .threshold = 0.5}));
	CHECK_SAME(ml_tally_accuracy(tally), 1);
	CHECK(isnan(ml_tally_precision(tally)));
	CHECK(isnan(ml_tally_recall(tally)));
	CHECK(isnan(ml_tally_f1(tally)));
	CHECK(isnan(ml_tally_mcc(tally)));
	tally = open_tally(t, ML_TALLY_VARIANCE);
	for (int i = 0; i < 3; i++)
		REQUIRE_OK(ml_tally_take(&t->core, &tally,
		                         &(ml_case){.score = i, .outcome = 0.1, .weight = 1}));
	CHECK(isnan(ml_tally_r2(tally)));
	tally = open_tally(t, ML_TALLY_SQUARED);
	for (int i = 0; i < 3; i++)
		REQUIRE_OK(
		    ml_tally_take(&t->core, &tally, &(ml_case){.score = 1.3e154, .weight = 1}));
	CHECK_SAME(ml_tally_rmse(tally), INFINITY);
}

/* Edges are doubles: 0.3 is the end of the third bin of ten, whatever 0.3 * 10 is. */
static void
bins_have_edges(test_host *t)
{
	for (int bins = 1; bins <= 100; bins++)
		for (int edge = 0; edge <= bins; edge++)
		{
			ml_addend addend[ML_TALLY_TERMS];
			double p = (double) edge / bins;

			ml_tally_addends(ML_TALLY_CALIBRATION,
			                 &(ml_case){.score = p, .weight = 1, .bins = bins}, addend);
			CHECK_INT(addend[1].sum, edge > 0 ? edge : 1);
			if (edge == bins)
				continue;
			ml_tally_addends(
			    ML_TALLY_CALIBRATION,
			    &(ml_case){.score = nextafter(p, 1), .weight = 1, .bins = bins}, addend);
			CHECK_INT(addend[1].sum, edge + 1);
		}
}

static void
widens(test_host *t)
{
	static const double size[] = {1, 1e300, DBL_TRUE_MIN, 1e-40, -1e300, 1e60, -1};
	ml_tally *tally = open_tally(t, ML_TALLY_ABSOLUTE);
	int low, count;

	for (int i = 0; i < 7; i++)
	{
		ml_addend addend = {1, size[i]};
		size_t room = ml_tally_widen(tally, &addend, 1, &low, &count);
		ml_tally *wide;

		if (ml_tally_add(tally, &addend, 1))
			continue;
		wide = ml_alloc(&t->core, room);
		ml_tally_move(wide, tally, low, count);
		tally = wide;
		CHECK(ml_tally_add(tally, &addend, 1));
	}
	CHECK_INT(tally->rows, 7);
	CHECK_SAME(ml_tally_sum(tally, 1), 1e60);
	CHECK_SAME(ml_tally_sum(through_bytes(t, tally), 1), 1e60);
}

static void
refuses_bytes(test_host *t)
{
	ml_tally *tally = open_tally(t, ML_TALLY_BRIER);
	size_t length = ml_tally_encoded(tally);
	unsigned char *bytes = ml_alloc(&t->core, length + 1);
	static const struct
	{
		int at;
		int value;
	} wrong[] = {{0, 2},
	             {1, 0},
	             {1, ML_TALLY_KINDS},
	             {1, ML_TALLY_CONFUSION},
	             {2, 1},
	             {2, 3},
	             {4, 200},
	             {4, 61},
	             {5, 1},
	             {6, 2},
	             {6, 7},
	             {7, 128},
	             {14, 1},
	             {15, 255}};

	ml_tally_encode(tally, bytes);
	CHECK(ml_tally_check(bytes, length) == ml_tally_size(tally->sums, tally->count));
	CHECK(ml_tally_check(bytes, length + 1) == 0);
	for (size_t i = 0; i < length; i++)
	{
		unsigned char *some = malloc(i > 0 ? i : 1);

		memcpy(some, bytes, i);
		CHECK(ml_tally_check(some, i) == 0);
		free(some);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
	{
		int right = bytes[wrong[i].at];

		bytes[wrong[i].at] = (unsigned char) wrong[i].value;
		CHECK(ml_tally_check(bytes, length) == 0);
		bytes[wrong[i].at] = (unsigned char) right;
	}
	/* no rows and yet a sum, and a sum that so few rows cannot have */
	bytes[length - 8] = 1;
	CHECK(ml_tally_check(bytes, length) == 0);
	bytes[8] = 1;
	CHECK(ml_tally_check(bytes, length) > 0);
	bytes[length - 2] = 1;
	CHECK(ml_tally_check(bytes, length) == 0);
}

static void
notices_refusals(test_host *t)
{
	ml_tally *tally = open_tally(t, ML_TALLY_BRIER);
	ml_case far = {.score = 1e-100, .weight = 1};

	t->refuse_at = t->asked + 1;
	CHECK(ml_tally_take(&t->core, &tally, &far) == ML_MEMORY);
	CHECK(t->refused);
	CHECK_INT(tally->rows, 0);
}

/* Means that differ from the outcome by next to nothing, against long double. */
static void
deviances_keep_digits(test_host *t)
{
	static const double power[] = {1, 1.2, 1.5, 1.99, 2, 3};

	for (int p = 0; p < 6; p++)
		for (int i = -60; i <= 40; i++)
		{
			double mu = 3, r = i < 0 ? -exp2(i / 4.0) : exp2(i - 45.0);
			double y = mu + mu * r, a = 2 - power[p], got;
			long double u = y / (long double) mu, d = u - 1, want;

			want = a == 1   ? u * logl(u) - d
			       : a == 0 ? d - logl(u)
			                : (powl(u, a) - 1 - a * d) / (a * (a - 1));
			/* the binomial series where nothing else has digits left */
			if (fabsl(d) < 0.2)
			{
				long double term = d * d / 2;

				want = 0;
				for (int k = 2; k < 60; k++)
				{
					want += term;
					term *= (a - k) / (k + 1) * d;
				}
			}
			got = ml_power_deviance(y, mu, power[p]);
			CHECK_CLOSE(got, 2 * powl(mu, a) * want, 1e-13);
		}
	CHECK_NEAR(ml_power_deviance(0, 5, 1), 10, 1e-15);
	CHECK_NEAR(ml_power_deviance(0, 4, 1.5), 8, 1e-14);
}

TEST_MAIN({deviances_keep_digits,
           "deviances keep their digits where outcomes meet means"},
          {measures, "every measure is what its definition says"},
          {order_is_no_matter, "order, pieces and bytes change no bit"},
          {forgets_rows, "rows are taken out again without a trace"},
          {r2_is_exact, "R squared is right however far outcomes are from zero"},
          {undefined, "what is not defined is NaN, what is too large is infinite"},
          {bins_have_edges, "bins end at the doubles next to their edges"},
          {widens, "digits make room for any magnitude"},
          {refuses_bytes, "bytes that are no tally are refused"},
          {notices_refusals, "refused memory is noticed, and nothing lost"})
