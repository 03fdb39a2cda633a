/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_bins.c: the dynamic programme against all partitions there are; bins against the rows.
 */
#include "sample.h"

#define PARTS 11

/* Value of the partition whose ends are the bits of cuts; NaN if it breaks a constraint. */
static double
value_of(const ml_partition *p, int direction, unsigned cuts)
{
	double iv = 0, last = NAN;
	ml_bin bin = {0};
	int bins = 0;

	for (int i = 0; i < p->parts; i++)
	{
		double rate, more;

		bin.events += p->events[i];
		bin.non_events += p->non_events[i];
		if (i + 1 < p->parts && !(cuts >> i & 1))
			continue;
		rate = bin.events / (bin.events + bin.non_events);
		if (((bin.events == 0 || bin.non_events == 0) && !p->pure) ||
		    bin.events + bin.non_events < p->least || ++bins > p->max_bins ||
		    (direction > 0 && rate <= last) || (direction < 0 && rate >= last))
			return NAN;
		last = rate;
		more = bin.events == 0 || bin.non_events == 0 ? 0.5 : 0;
		iv += (bin.non_events / p->all_non_events - bin.events / p->all_events) *
		      log((bin.non_events + more) / p->all_non_events /
		          ((bin.events + more) / p->all_events));
		bin = (ml_bin){0};
	}
	return iv;
}

static void
fill_parts(ml_partition *p, uint64_t *state)
{
	p->parts = 1 + (int) test_below(state, PARTS);
	p->all_events = p->all_non_events = 3;
	for (int i = 0; i < p->parts; i++)
	{
		p->all_events += p->events[i] = (double) test_below(state, 9);
		p->all_non_events += p->non_events[i] = 1 + (double) test_below(state, 9);
	}
	p->least = test_uniform(state) * 0.4 * (p->all_events + p->all_non_events);
}

static void
finds_the_best_partition(test_host *t)
{
	ml_worker alone = {.host = &t->core};
	uint64_t state = 11;

	for (int round = 0; round < 1500; round++)
	{
		int max_bins = 1 + (int) test_below(&state, 6);
		int direction = (int) test_below(&state, 3) - 1;
		double best = NAN;
		unsigned cuts = 0;
		ml_partition p;

		REQUIRE_OK(ml_partition_create(&t->core, max_bins, &p));
		p.pure = round % 3 == 0;
		fill_parts(&p, &state);
		for (unsigned c = 0; c < 1u << (p.parts - 1); c++)
			best = fmax(best, value_of(&p, direction, c));
		REQUIRE_OK(ml_partition_solve(&alone, &p, direction));
		REQUIRE(p.bins >= 1 && p.bins <= max_bins && p.end[p.bins - 1] == p.parts);
		if (isnan(best))
		{
			CHECK_INT(p.bins, 1);
			continue;
		}
		for (int b = 0; b + 1 < p.bins; b++)
			cuts |= 1u << (p.end[b] - 1);
		CHECK_NEAR(p.iv, best, 1e-9);
		CHECK_NEAR(value_of(&p, direction, cuts), best, 1e-9);
	}
}

/* x, y in {0, 1}, and a weight; a target of its own kind is not needed here. */
static ml_frame *
frame_of(test_host *t, const ml_cell *x, ml_kind kind, const int *y, const double *weight,
         int64_t rows)
{
	ml_frame *frame;
	ml_column spec[] = {
	    {.name = test_text("y"), .type = test_text("t"), .role = ML_TARGET},
	    {.name = test_text("x"), .type = test_text("t"), .kind = kind},
	    {.name = test_text("w"), .type = test_text("t"), .role = ML_WEIGHT}};
	int index;

	REQUIRE_OK(ml_frame_create(&t->core, &frame));
	spec[0].kind = ML_CATEGORY;
	for (int c = 0; c < (weight != NULL ? 3 : 2); c++)
		REQUIRE_OK(ml_frame_add_column(frame, &spec[c], &index));
	for (int64_t i = 0; i < rows; i++)
	{
		ml_cell cells[3] = {{.text = test_text(y[i] ? "1" : "0")}, x[i]};

		cells[2].number = weight != NULL ? weight[i] : 1;
		REQUIRE_OK(ml_frame_append(frame, cells));
	}
	return frame;
}

static ml_bins *
bins_of(test_host *t, ml_frame *frame, const ml_evidence_options *options)
{
	ml_schema schema;
	ml_notes notes;

	REQUIRE_OK(ml_evidence(&t->core, frame, options, &schema, &notes));
	REQUIRE(schema.features == 1);
	return schema.feature[0].bins;
}

static ml_evidence_options
standard(void)
{
	return (ml_evidence_options){.bins = {.max_bins = 8, .min_bin = 0.05},
	                             .max_categories = 255};
}

/* Sums, WOE and IV are what the rows say, bins are large enough, rates monotone. */
static void
check_bins(const ml_frame *frame, const ml_feature *feature,
           const ml_evidence_options *options, bool monotone)
{
	const ml_column *y = ml_frame_role(frame, ML_TARGET);
	const ml_column *w = ml_frame_role(frame, ML_WEIGHT);
	const ml_column *x = &frame->column[feature->column];
	const ml_bins *bins = feature->bins;
	ml_bin sum[ML_MOST_BINS + 1] = {{0}}, all = {0};
	double iv = 0;
	int direction = 0;

	REQUIRE(bins->bins >= 1 && bins->bins <= options->bins.max_bins);
	for (int64_t row = frame->holdout_rows; row < frame->rows; row++)
	{
		double weight = w != NULL ? *ml_numbers_at(w, row) : 1;
		int bin = feature->kind == ML_NUMBER
		              ? ml_bin_of_number(bins, *ml_numbers_at(x, row))
		              : ml_bin_of_code(bins, *ml_codes_at(x, row));

		*(*ml_numbers_at(y, row) > 0 ? &sum[bin].events : &sum[bin].non_events) += weight;
		*(*ml_numbers_at(y, row) > 0 ? &all.events : &all.non_events) += weight;
	}
	for (int i = 0; i <= bins->bins; i++)
	{
		const ml_bin *bin = &bins->bin[i];
		double more = sum[i].events > 0 && sum[i].non_events > 0 ? 0 : 0.5;
		double rate = sum[i].events / (sum[i].events + sum[i].non_events);

		CHECK_CLOSE(bin->events, sum[i].events, 1e-12);
		CHECK_CLOSE(bin->non_events, sum[i].non_events, 1e-12);
		iv += bin->iv;
		if (sum[i].events + sum[i].non_events == 0)
		{
			CHECK(i == bins->bins && bin->woe == 0 && bin->iv == 0);
			continue;
		}
		CHECK_NEAR(bin->woe,
		           log((sum[i].non_events + more) / all.non_events) -
		               log((sum[i].events + more) / all.events),
		           1e-9);
		CHECK_NEAR(bin->iv,
		           (sum[i].non_events / all.non_events - sum[i].events / all.events) *
		               bin->woe,
		           1e-9);
		if (i < bins->bins && bins->bins > 1)
			CHECK(sum[i].events + sum[i].non_events >=
			      options->bins.min_bin * (all.events + all.non_events) * (1 - 1e-12));
		if (i > 0 && i < bins->bins && monotone)
		{
			double before =
			    sum[i - 1].events / (sum[i - 1].events + sum[i - 1].non_events);
			int way = rate > before ? 1 : -1;

			CHECK(rate != before && (direction == 0 || way == direction));
			direction = way;
		}
	}
	CHECK_NEAR(bins->iv, iv, 1e-9);
}

static void
counts_what_is_in_the_rows(test_host *t)
{
	static const char *const way[] = {NULL, "auto", "increasing", "decreasing", "none"};

	for (int round = 0; round < 20; round++)
	{
		sample s = {.seed = 700 + round,
		            .binary = true,
		            .weight = round & 1,
		            .products = round & 2 ? 300 : 12};
		ml_evidence_options options = standard();
		ml_frame *frame;
		ml_schema schema;
		ml_notes notes;

		t->core.threads = 1 + round % 3;
		if (way[round % 5] != NULL)
			options.bins.monotone = test_text(way[round % 5]);
		options.bins.max_bins = 1 + round;
		options.bins.min_bin = round % 4 * 0.05;
		options.max_categories = round & 4 ? 255 : 9;
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 6000, &frame));
		REQUIRE_OK(ml_evidence(&t->core, frame, &options, &schema, &notes));
		CHECK_INT(schema.features, 7);
		for (int f = 0; f < schema.features; f++)
			check_bins(frame, &schema.feature[f], &options,
			           round % 5 != 4 || schema.feature[f].kind == ML_CATEGORY);
	}
}

/* The same bits whatever the order of the rows and the number of threads. */
static void
depends_on_the_rows_alone(test_host *t)
{
	sample s = {.seed = 31, .binary = true, .weight = true};
	ml_evidence_options options = standard();
	ml_schema schema[2];

	for (int way = 0; way < 2; way++)
	{
		ml_frame *frame;
		ml_notes notes;

		t->core.threads = way == 0 ? 1 : 3;
		REQUIRE_OK(sample_fill(&t->core, &s, 0, 0, &frame));
		for (int64_t i = 0; i < 3000; i++)
			REQUIRE_OK(sample_append(&s, frame, way == 0 ? i : 2999 - i));
		REQUIRE_OK(ml_evidence(&t->core, frame, &options, &schema[way], &notes));
	}
	for (int f = 0; f < schema[0].features; f++)
	{
		const ml_bins *a = schema[0].feature[f].bins, *b = schema[1].feature[f].bins;

		REQUIRE(a->bins == b->bins);
		CHECK(memcmp(a->bin, b->bin, (a->bins + 1) * sizeof *a->bin) == 0);
		if (schema[0].feature[f].kind == ML_NUMBER)
			CHECK(memcmp(a->edge, b->edge, (a->bins - 1) * sizeof *a->edge) == 0);
	}
}

/* A weight of two is the row twice. */
static void
takes_weights_for_rows(test_host *t)
{
	enum
	{
		ROWS = 2000
	};
	ml_cell x[2 * ROWS];
	int y[2 * ROWS];
	double weight[ROWS];
	uint64_t state = 5;
	int64_t rows = ROWS;
	ml_evidence_options options = standard();
	ml_bins *weighted, *repeated;

	for (int i = 0; i < ROWS; i++)
	{
		x[i] = (ml_cell){.number = floor(300 * test_uniform(&state))};
		y[i] = test_uniform(&state) * 300 < x[i].number;
		weight[i] = 1 + (double) test_below(&state, 2);
		if (weight[i] == 2)
		{
			x[rows] = x[i];
			y[rows++] = y[i];
		}
	}
	weighted = bins_of(t, frame_of(t, x, ML_NUMBER, y, weight, ROWS), &options);
	repeated = bins_of(t, frame_of(t, x, ML_NUMBER, y, NULL, rows), &options);
	REQUIRE(weighted->bins == repeated->bins);
	for (int i = 0; i + 1 < weighted->bins; i++)
		CHECK_SAME(weighted->edge[i], repeated->edge[i]);
	CHECK_SAME(weighted->iv, repeated->iv);
}

/* Half of the rows at zero, the rest spread out: zero has a pre-bin, the rest has its own. */
static void
keeps_frequent_values_apart(test_host *t)
{
	enum
	{
		ROWS = 4000
	};
	ml_cell x[ROWS];
	int y[ROWS];
	uint64_t state = 8;
	ml_evidence_options options = standard();
	ml_bins *bins;

	for (int i = 0; i < ROWS; i++)
	{
		x[i].number =
		    i % 2 == 0 ? 0 : 1000 * test_uniform(&state) + (i % 4 == 1 ? 1 : -1001);
		y[i] = test_uniform(&state) < (x[i].number < 0   ? 0.1
		                               : x[i].number > 0 ? 0.9
		                                                 : 0.5);
	}
	options.bins.max_bins = 3;
	bins = bins_of(t, frame_of(t, x, ML_NUMBER, y, NULL, ROWS), &options);
	REQUIRE(bins->bins == 3);
	CHECK_SAME(bins->edge[0], 0);
	CHECK(bins->edge[1] > 0 && bins->edge[1] < 50);
}

static void
looks_up_edges(test_host *t)
{
	double edge[] = {-1, 0, 2.5};
	ml_bins bins = {.bins = 4, .edge = edge};

	(void) t;
	CHECK_INT(ml_bin_of_number(&bins, -1e300), 0);
	CHECK_INT(ml_bin_of_number(&bins, -1), 1);
	CHECK_INT(ml_bin_of_number(&bins, -0.0), 2);
	CHECK_INT(ml_bin_of_number(&bins, 2.4999), 2);
	CHECK_INT(ml_bin_of_number(&bins, 2.5), 3);
	CHECK_INT(ml_bin_of_number(&bins, 1e300), 3);
	CHECK_INT(ml_bin_of_number(&bins, NAN), 4);
	bins.bins = 1;
	CHECK_INT(ml_bin_of_number(&bins, 7), 0);
	CHECK_INT(ml_bin_of_number(&bins, NAN), 1);
}

/* Every label of two rows: their rates are chance, and none gets a bin of its own. */
static void
pools_rare_labels(test_host *t)
{
	enum
	{
		ROWS = 4000
	};
	ml_cell x[ROWS];
	char name[ROWS][8];
	int y[ROWS];
	uint64_t state = 9;
	ml_evidence_options options = standard();
	ml_bins *bins;

	for (int i = 0; i < ROWS; i++)
	{
		int length = snprintf(name[i], sizeof name[i], "%d", i % 4 == 0 ? 9999 : i / 4);

		x[i] = (ml_cell){.text = {name[i], length}};
		y[i] = i % 4 == 0 ? test_uniform(&state) < 0.7 : test_uniform(&state) < 0.3;
	}
	bins = bins_of(t, frame_of(t, x, ML_CATEGORY, y, NULL, ROWS), &options);
	CHECK_INT(bins->bins, 2);
	CHECK_SAME(bins->bin[1].events + bins->bin[1].non_events, ROWS / 4);
	options.bins.min_bin = 0;
	options.max_categories = 65535;
	bins = bins_of(t, frame_of(t, x, ML_CATEGORY, y, NULL, ROWS), &options);
	CHECK(bins->bins > 3);
}

/* Classes told apart without error, and missing values of one class. */
static void
smooths_bins_of_one_class(test_host *t)
{
	static const int y[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
	ml_cell x[10];
	ml_evidence_options options = standard();
	ml_bins *bins;

	for (int i = 0; i < 10; i++)
		x[i].number = i < 8 ? i : NAN;
	bins = bins_of(t, frame_of(t, x, ML_NUMBER, y, NULL, 10), &options);
	/* no other split would do */
	CHECK_INT(bins->bins, 2);
	CHECK_SAME(bins->edge[0], 4);
	CHECK_NEAR(bins->bin[0].woe, log(4.5 / 4) - log(0.5 / 6), 1e-12);
	CHECK_SAME(bins->bin[bins->bins].events, 2);
	CHECK_NEAR(bins->bin[bins->bins].woe, log(0.5 / 4) - log(2.5 / 6), 1e-12);
	for (int i = 0; i < 10; i++)
		x[i].number = i < 4 ? i : NAN;
	bins = bins_of(t, frame_of(t, x, ML_NUMBER, y, NULL, 10), &options);
	CHECK_INT(bins->bins, 1);
	CHECK_NEAR(bins->bin[0].woe, log(4.5 / 4) - log(0.5 / 6), 1e-12);
}

static void
refuses_what_has_no_evidence(test_host *t)
{
	static const int same[] = {1, 1, 1}, both[] = {1, 0, 1};
	ml_cell x[3] = {{.number = 1}, {.number = 1}, {.number = 1}};
	ml_evidence_options options = standard();
	ml_schema schema;
	ml_notes notes;

	CHECK_INT(ml_evidence(&t->core, frame_of(t, x, ML_NUMBER, both, NULL, 3), &options,
	                      &schema, &notes),
	          ML_NO_FEATURES);
	x[0].number = 2;
	CHECK_INT(ml_evidence(&t->core, frame_of(t, x, ML_NUMBER, same, NULL, 3), &options,
	                      &schema, &notes),
	          ML_ONE_VALUE);
	CHECK_INT(ml_evidence(&t->core, frame_of(t, x, ML_NUMBER, same, NULL, 1), &options,
	                      &schema, &notes),
	          ML_ONE_VALUE);
	CHECK_INT(ml_evidence(&t->core, frame_of(t, x, ML_NUMBER, same, NULL, 0), &options,
	                      &schema, &notes),
	          ML_NO_ROWS);
}

static void
notices_refusals(test_host *t)
{
	sample s = {.seed = 3, .binary = true, .weight = true};
	ml_evidence_options options = standard();

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_frame *frame;
		ml_schema schema;
		ml_notes notes;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 60, &frame));
		test_try(t, &trial);
		status = ml_evidence(&t->core, frame, &options, &schema, &notes);
		test_tried(t, &trial, status);
	}
}

static void
stops_when_asked(test_host *t)
{
	sample s = {.seed = 4, .binary = true};
	ml_evidence_options options = standard();
	test_trial trial = {.stops = true, .sparse = 4};

	while (!trial.done)
	{
		ml_frame *frame;
		ml_schema schema;
		ml_notes notes;
		ml_status status;

		REQUIRE_OK(sample_fill(&t->core, &s, 0, 2000, &frame));
		test_try(t, &trial);
		status = ml_evidence(&t->core, frame, &options, &schema, &notes);
		test_tried(t, &trial, status);
	}
	CHECK(trial.at > 50);
}

TEST_MAIN({finds_the_best_partition, "no partition is better, for each direction"},
          {counts_what_is_in_the_rows,
           "counts, WOE, IV and constraints hold on the rows"},
          {depends_on_the_rows_alone, "order of rows and threads do not matter"},
          {takes_weights_for_rows, "a weight of two is the row twice"},
          {keeps_frequent_values_apart, "a frequent value has a pre-bin of its own"},
          {looks_up_edges, "a bin holds its lower edge"},
          {pools_rare_labels, "rare labels are pooled before they are ordered"},
          {smooths_bins_of_one_class, "half a row more where a class is missing"},
          {refuses_what_has_no_evidence, "no rows, one class, constant columns"},
          {notices_refusals, "every refused allocation is noticed"},
          {stops_when_asked, "stops between blocks"})
