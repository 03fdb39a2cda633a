/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_ranking.c: measures of order against all pairs and all orders of rows.
 */
#include "test.h"

#define ROWS 700 /* enough for the radix sort of one side */
#define LIST 7   /* rows of a list whose orders are gone through one by one */

typedef struct rows
{
	int count;
	double score[ROWS];
	double outcome[ROWS];
	double weight[ROWS];
} rows;

/* distinct 0: scores that never tie. */
static void
make(rows *r, int count, int distinct, bool weighted, uint64_t seed)
{
	uint64_t state = seed;

	r->count = count;
	for (int i = 0; i < count; i++)
	{
		r->score[i] = distinct > 0 ? (double) test_below(&state, distinct) - 2
		                           : test_normal(&state);
		r->outcome[i] = test_uniform(&state) < 0.4;
		r->weight[i] = weighted ? 0.125 * (double) (1 + test_below(&state, 20)) : 1;
	}
}

static ml_ranked_work
work_for(test_host *t, int64_t count)
{
	return (ml_ranked_work){
	    .spare = ml_alloc(&t->core, (size_t) count * ML_RANKED_PAIRS * sizeof(uint64_t)),
	    .tally = ml_alloc(&t->core, ML_SORT_TALLY * sizeof(int64_t))};
}

/* Sorted rows in two sides, by a label of 0 and 1, read from row first on and around. */
static ml_ranked
classes_of(test_host *t, const rows *r, bool weighted, int first)
{
	ml_ranked out = {.width = weighted ? 2 : 1};
	ml_ranked_work work = work_for(t, r->count);

	for (int side = 0; side < 2; side++)
		out.row[side] = ml_alloc(&t->core, (size_t) r->count * 2 * sizeof(uint64_t));
	for (int k = 0; k < r->count; k++)
	{
		int i = (k + first) % r->count, side = r->outcome[i] > 0;
		uint64_t *row = out.row[side] + out.rows[side]++ * out.width;

		row[0] = ml_number_key(r->score[i]);
		if (weighted)
			row[1] = ml_word_of(r->weight[i]);
	}
	REQUIRE_OK(ml_ranked_sort(&t->core, &out, &work));
	return out;
}

static ml_ranked
values_of(test_host *t, const rows *r, int width, bool concordance)
{
	ml_ranked out = {.width = width, .rows = {r->count, 0}};
	ml_ranked_work work = work_for(t, r->count);

	out.row[0] = ml_alloc(&t->core, (size_t) r->count * 3 * sizeof(uint64_t));
	for (int i = 0; i < r->count; i++)
	{
		uint64_t *row = out.row[0] + i * width;

		row[0] = ml_number_key(concordance ? r->outcome[i] : r->score[i]);
		row[1] = concordance ? ml_number_key(r->score[i]) : ml_word_of(r->outcome[i]);
		if (width > 2)
			row[2] = ml_word_of(r->weight[i]);
	}
	REQUIRE_OK(ml_ranked_sort(&t->core, &out, &work));
	return out;
}

static double
wins(double a, double b)
{
	return a > b ? 1 : a == b ? 0.5 : 0;
}

/* Pairs of different outcome in order, by all pairs of such. */
static long double
slow_concordance(const rows *r)
{
	long double in_order = 0, all = 0;

	for (int i = 0; i < r->count; i++)
		for (int k = 0; k < r->count; k++)
			if (r->outcome[i] > r->outcome[k])
			{
				long double weight = (long double) r->weight[i] * r->weight[k];

				in_order += weight * wins(r->score[i], r->score[k]);
				all += weight;
			}
	return in_order / all;
}

/* Weights of the rows of a class whose score is at least that. */
static long double
above(const rows *r, double outcome, double score)
{
	long double sum = 0;

	for (int i = 0; i < r->count; i++)
		sum += r->outcome[i] == outcome && r->score[i] >= score ? r->weight[i] : 0;
	return sum;
}

static void
slow_curves(const rows *r, long double *ks, long double *precision)
{
	long double all[] = {above(r, 0, -INFINITY), above(r, 1, -INFINITY)};

	*ks = *precision = 0;
	for (int i = 0; i < r->count; i++)
	{
		long double negatives = above(r, 0, r->score[i]),
		            positives = above(r, 1, r->score[i]);

		*ks = fmaxl(*ks, fabsl(negatives / all[0] - positives / all[1]));
		if (r->outcome[i] > 0)
			*precision += r->weight[i] / all[1] * positives / (positives + negatives);
	}
}

static const struct
{
	int count;
	int distinct;
	bool weighted;
} shape[] = {{2, 0, false},   {2, 1, false},    {20, 3, false},
             {300, 0, false}, {700, 40, false}, {700, 1, false},
             {300, 5, true},  {700, 0, true},   {700, 20, true}};
#define SHAPES ((int) (sizeof shape / sizeof *shape))

static void
walks_classes(test_host *t)
{
	static rows r;

	for (int s = 0; s < SHAPES; s++)
		for (uint64_t seed = 0; seed < 3; seed++)
		{
			ml_rank_walk walk, turned;
			long double ks, precision;
			ml_ranked ranked;

			make(&r, shape[s].count, shape[s].distinct, shape[s].weighted, seed);
			r.outcome[0] = 1;
			r.outcome[1] = 0;
			ranked = classes_of(t, &r, shape[s].weighted, 0);
			REQUIRE_OK(ml_ranked_walk(&t->core, &ranked, &walk));
			slow_curves(&r, &ks, &precision);
			CHECK_NEAR(ml_rank_auc(&walk), slow_concordance(&r), 1e-15);
			CHECK_NEAR(ml_rank_ks(&walk), ks, 1e-15);
			CHECK_NEAR(ml_rank_average_precision(&walk), precision, 1e-15);
			ranked = classes_of(t, &r, shape[s].weighted, shape[s].count / 3);
			REQUIRE_OK(ml_ranked_walk(&t->core, &ranked, &turned));
			CHECK_SAME(ml_rank_auc(&walk), ml_rank_auc(&turned));
			CHECK_SAME(ml_rank_ks(&walk), ml_rank_ks(&turned));
			CHECK_SAME(ml_rank_average_precision(&walk),
			           ml_rank_average_precision(&turned));
		}
}

/* Weights like rows: 2 is the row twice, and equal ones are none. */
static void
weights_are_rows(test_host *t)
{
	static rows r, twice;
	ml_rank_walk a, b;
	ml_ranked ranked;

	make(&r, 200, 9, false, 5);
	twice.count = 0;
	for (int i = 0; i < r.count; i++)
	{
		r.weight[i] = 1 + i % 3;
		for (int k = 0; k <= i % 3; k++, twice.count++)
		{
			twice.score[twice.count] = r.score[i];
			twice.outcome[twice.count] = r.outcome[i];
			twice.weight[twice.count] = 1;
		}
	}
	ranked = classes_of(t, &r, true, 0);
	REQUIRE_OK(ml_ranked_walk(&t->core, &ranked, &a));
	ranked = classes_of(t, &twice, false, 0);
	REQUIRE_OK(ml_ranked_walk(&t->core, &ranked, &b));
	CHECK_SAME(ml_rank_auc(&a), ml_rank_auc(&b));
	CHECK_SAME(ml_rank_ks(&a), ml_rank_ks(&b));
	CHECK_NEAR(ml_rank_average_precision(&a), ml_rank_average_precision(&b), 1e-15);
}

static void
needs_both_classes(test_host *t)
{
	static rows r;

	for (int count = 0; count < 3; count++)
	{
		ml_rank_walk walk;
		ml_ranked ranked;

		make(&r, count, 0, false, 1);
		for (int i = 0; i < count; i++)
			r.outcome[i] = 1;
		ranked = classes_of(t, &r, false, 0);
		REQUIRE_OK(ml_ranked_walk(&t->core, &ranked, &walk));
		CHECK(isnan(ml_rank_auc(&walk)));
		CHECK(isnan(ml_rank_ks(&walk)));
		CHECK(isnan(ml_rank_average_precision(&walk)));
		CHECK(isnan(ml_ranked_psi(&ranked, 10)));
	}
}

static void
finds_concordance(test_host *t)
{
	static rows r;

	for (int s = 0; s < SHAPES; s++)
		for (int levels = 1; levels < 30; levels += 7)
		{
			ml_ranked_work work = work_for(t, shape[s].count);
			uint64_t state = 9;
			ml_ranked ranked;
			double c;

			make(&r, shape[s].count, shape[s].distinct, shape[s].weighted, 3);
			for (int i = 0; i < r.count; i++)
				r.outcome[i] = levels > 20 ? test_normal(&state)
				                           : (double) test_below(&state, levels);
			ranked = values_of(t, &r, shape[s].weighted ? 3 : 2, true);
			REQUIRE_OK(ml_ranked_concordance(&t->core, &ranked, &work, &c));
			if (levels == 1)
				CHECK(isnan(c));
			else if (!isnan(c))
				CHECK_NEAR(c, slow_concordance(&r), 1e-14);
			else
				CHECK(r.count < 3);
		}
}

/* What a list is worth in one order of its rows. */
typedef struct worth
{
	long double ndcg;
	long double recall;
	long double precision;
} worth;

static worth
worth_of(const rows *r, const int *order, int k)
{
	worth w = {0};
	double hits = 0, all = 0, ideal = 0;
	double best[LIST];

	for (int i = 0; i < r->count; i++)
	{
		int at = i;

		for (; at > 0 && best[at - 1] < r->outcome[i]; at--)
			best[at] = best[at - 1];
		best[at] = r->outcome[i];
		all += r->outcome[i] > 0;
	}
	for (int i = 0; i < r->count && i < k; i++)
	{
		double gain = r->outcome[order[i]];

		w.ndcg += gain / log2(i + 2);
		ideal += best[i] / log2(i + 2);
		hits += gain > 0;
		w.precision += gain > 0 ? hits / (i + 1) : 0;
	}
	return (worth){w.ndcg / ideal, hits / all, w.precision / fmin(all, k)};
}

/* The mean over all orders in which scores never rise. */
static worth
slow_worth(const rows *r, int k)
{
	int order[LIST], orders = 0, total = 1;
	worth sum = {0};

	for (int i = 0; i < r->count; i++)
		total *= r->count;
	for (int code = 0; code < total; code++)
	{
		int rest = code, seen = 0;
		bool fits = true;
		worth w;

		for (int i = 0; i < r->count; i++, rest /= r->count)
		{
			order[i] = rest % r->count;
			fits &= !(seen >> order[i] & 1);
			fits &= i == 0 || r->score[order[i]] <= r->score[order[i - 1]];
			seen |= 1 << order[i];
		}
		if (!fits)
			continue;
		w = worth_of(r, order, k);
		orders++;
		sum = (worth){sum.ndcg + w.ndcg, sum.recall + w.recall,
		              sum.precision + w.precision};
	}
	return (worth){sum.ndcg / orders, sum.recall / orders, sum.precision / orders};
}

static void
reads_lists(test_host *t)
{
	static rows r;

	for (uint64_t seed = 0; seed < 6; seed++)
		for (int k = 1; k <= 9; k += 2)
		{
			ml_ranked_work work = work_for(t, LIST);
			ml_ranked classes, list;
			double ndcg, precision;
			worth w;

			make(&r, seed < 3 ? 6 : LIST, 1 + (int) seed % 4, false, seed);
			r.outcome[3] = 1;
			w = slow_worth(&r, k);
			classes = classes_of(t, &r, false, 0);
			list = values_of(t, &r, 2, false);
			REQUIRE_OK(ml_ranked_ndcg(&t->core, &list, k, &work, &ndcg));
			REQUIRE_OK(ml_ranked_precision(&t->core, &classes, k, &precision));
			CHECK_NEAR(ndcg, w.ndcg, 1e-14);
			CHECK_NEAR(ml_ranked_recall(&classes, k), w.recall, 1e-14);
			CHECK_NEAR(precision, w.precision, 1e-14);
			/* of graded relevance the mean is of grades, too */
			for (int i = 0; i < r.count; i++)
				r.outcome[i] *= 1 + i % 3;
			list = values_of(t, &r, 2, false);
			REQUIRE_OK(ml_ranked_ndcg(&t->core, &list, k, &work, &ndcg));
			CHECK_NEAR(ndcg, slow_worth(&r, k).ndcg, 1e-14);
		}
	make(&r, LIST, 3, false, 1);
	for (int i = 0; i < LIST; i++)
		r.outcome[i] = 0;
	{
		ml_ranked_work work = work_for(t, LIST);
		ml_ranked classes = classes_of(t, &r, false, 0),
		          list = values_of(t, &r, 2, false);
		double ndcg, precision;

		REQUIRE_OK(ml_ranked_ndcg(&t->core, &list, 3, &work, &ndcg));
		REQUIRE_OK(ml_ranked_precision(&t->core, &classes, 3, &precision));
		CHECK(isnan(ndcg));
		CHECK(isnan(precision));
		CHECK(isnan(ml_ranked_recall(&classes, 3)));
	}
}

/* Ten values of each tenth; a sample that has twice as many in one of them. */
static void
finds_shift(test_host *t)
{
	static rows r;
	ml_ranked ranked;
	double expected;

	r.count = 0;
	for (int i = 0; i < 100; i++)
		for (int side = 0; side < (i / 10 == 4 ? 3 : 2); side++, r.count++)
		{
			r.score[r.count] = i;
			r.outcome[r.count] = side > 0;
		}
	ranked = classes_of(t, &r, false, 0);
	expected = 9 * (10 / 110.0 - 0.1) * log(10 / 110.0 / 0.1) +
	           (20 / 110.0 - 0.1) * log(2 / 1.1);
	CHECK_NEAR(ml_ranked_psi(&ranked, 10), expected, 1e-15);
	CHECK_SAME(ml_ranked_psi(&ranked, 1), 0);
	/* one value: a single bin, and one above it where the other sample goes on */
	for (int i = 0; i < r.count; i++)
		r.score[i] = r.outcome[i] > 0 && i % 2 == 0;
	ranked = classes_of(t, &r, false, 0);
	{
		double over = 0, n = (double) ranked.rows[1];

		for (int i = 0; i < r.count; i++)
			over += r.score[i];
		CHECK_NEAR(ml_ranked_psi(&ranked, 10),
		           ((n - over) / n - 1) * log((n - over) / n) +
		               over / n * log((over + 0.5) / n / (0.5 / 100)),
		           1e-14);
	}
}

static void
sorts_rows(test_host *t)
{
	static const int count[] = {0, 1, 2, 3, 63, 511, 512, 700};
	uint64_t state = 4;

	for (int width = 1; width <= 3; width++)
		for (int c = 0; c < 8; c++)
			for (int values = 2; values < 100; values += 90)
			{
				size_t size = (size_t) count[c] * (size_t) width * sizeof(uint64_t);
				uint64_t *row = ml_alloc(&t->core, size);
				ml_ranked_work work = work_for(t, count[c]);
				ml_worker alone = {.host = &t->core};
				uint64_t sum = 0;

				for (int i = 0; i < count[c] * width; i++)
					sum += row[i] = test_random(&state) % (uint64_t) values << 40;
				REQUIRE_OK(
				    ml_sort_rows(&alone, row, work.spare, count[c], width, work.tally));
				for (int i = 0; i < count[c] * width; i++)
					sum -= row[i];
				CHECK_INT((int64_t) sum, 0);
				for (int i = 1; i < count[c]; i++)
				{
					int word = 0;

					while (word + 1 < width &&
					       row[i * width + word] == row[(i - 1) * width + word])
						word++;
					CHECK(row[i * width + word] >= row[(i - 1) * width + word]);
				}
			}
}

/* Two parts, each sorted, are merged to what they are together. */
static void
merges(test_host *t)
{
	static rows r, part[2];

	for (int s = 0; s < SHAPES; s++)
	{
		ml_ranked whole, piece[2], out;

		make(&r, shape[s].count, shape[s].distinct, shape[s].weighted, 11);
		part[0].count = part[1].count = 0;
		for (int i = 0; i < r.count; i++)
		{
			rows *p = &part[i % 3 == 0];

			p->score[p->count] = r.score[i];
			p->outcome[p->count] = r.outcome[i];
			p->weight[p->count++] = r.weight[i];
		}
		whole = classes_of(t, &r, shape[s].weighted, 0);
		out = classes_of(t, &r, shape[s].weighted, 0);
		for (int k = 0; k < 2; k++)
			piece[k] = classes_of(t, &part[k], shape[s].weighted, 0);
		out.rows[0] = out.rows[1] = 0;
		REQUIRE_OK(ml_ranked_merge(&t->core, &piece[0], &piece[1], &out));
		for (int side = 0; side < 2; side++)
		{
			CHECK_INT(out.rows[side], whole.rows[side]);
			CHECK(memcmp(out.row[side], whole.row[side],
			             (size_t) whole.rows[side] * (size_t) whole.width *
			                 sizeof(uint64_t)) == 0);
		}
	}
}

static void
stops(test_host *t)
{
	static rows r;
	ml_ranked_work work = work_for(t, ROWS);
	ml_ranked classes, list;
	ml_rank_walk walk;
	double value;

	make(&r, ROWS, 0, false, 7);
	classes = classes_of(t, &r, false, 0);
	list = values_of(t, &r, 2, true);
	t->stop_at = 1;
	t->questions = 0;
	CHECK(ml_ranked_walk(&t->core, &classes, &walk) == ML_STOPPED);
	CHECK(ml_ranked_sort(&t->core, &list, &work) == ML_STOPPED);
	CHECK(ml_ranked_concordance(&t->core, &list, &work, &value) == ML_STOPPED);
}

TEST_MAIN({walks_classes, "curves are those of all pairs and all cut-offs, in any order"},
          {weights_are_rows, "a weight is so many rows"},
          {needs_both_classes, "one class, or no row: not defined"},
          {finds_concordance, "concordance is that of all pairs of different outcome"},
          {reads_lists, "lists are worth the mean over all orders of their ties"},
          {finds_shift, "the stability index is the sum over bins of quantiles"},
          {sorts_rows, "rows are sorted by all their words"},
          {merges, "merged parts are the whole"},
          {stops, "long measures stop when asked to"})
