/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_tree.c: the grower against a twin that counts rows one by one, and its promises.
 */
#include "table.h"

#define MOST_NODES 128

/* A tree and how it is to be grown. */
typedef struct plot
{
	table table;
	ml_binned binned;
	ml_tree_options options;
	ml_gradients gradients;
	ml_grower grower;
	bool constant; /* h is the same for all rows */
	int draw; /* the tree is grown on rows drawn, one in so many left out; 0: on all */
} plot;

static const ml_tree_options standard = {.leaves = 20,
                                         .l2 = 1,
                                         .min_rows = 1,
                                         .category_smoothing = 4,
                                         .category_l2 = 3,
                                         .column_share = 1,
                                         .node_share = 1};

static void
draw_gradients(test_host *t, plot *p, uint64_t seed)
{
	int64_t rows = p->binned.rows;

	p->gradients = (ml_gradients){.g_unit = 0x1p-6, .h_unit = 0x1p-5, .noise = 0.3};
	p->gradients.pair = ml_alloc_raw(&t->core, rows, sizeof(ml_pair));
	for (int64_t row = 0; row < rows; row++)
	{
		double y = *ml_numbers_at(p->table.problem.target, row);
		int g = (int) floor(-y * 64 + test_normal(&seed) * 20);
		int h = p->constant ? 32 : 1 + (int) test_below(&seed, 60);

		p->gradients.pair[row] = (uint32_t) g << 16 | (uint32_t) h;
	}
}

static void
open_plot(test_host *t, plot *p)
{
	table_open(t, &p->table);
	REQUIRE_OK(ml_binned_create(&t->core, &p->table.problem, &p->binned));
	draw_gradients(t, p, p->table.seed + 1000);
	REQUIRE_OK(ml_grower_create(&t->core, &p->binned, &p->table.schema, &p->options,
	                            &p->grower));
}

static void
grow(plot *p)
{
	p->grower.rows = 0;
	for (int64_t row = 0; row < p->binned.rows; row++)
		if (p->draw == 0 || row % p->draw != 0)
			p->grower.order[p->grower.rows++] = (uint32_t) row;
	REQUIRE_OK(ml_grow(&p->grower, &p->gradients));
}

/* The twin's leaf: its rows, and the best of all its splits. */
typedef struct twin_node
{
	int rows;
	int *row;
	int64_t g, h;
	int depth;
	bool split;
	ml_split best;
	int left, right;
	double low, high; /* what the value is held within */
	uint64_t groups;  /* of interactions that a question may still be of */
	int only;         /* the one feature that may be asked about; -1: no such */
} twin_node;

typedef struct twin
{
	test_host *t;
	const plot *p;
	double luck; /* of labels, taken off a gain */
	int nodes;
	twin_node node[MOST_NODES];
} twin;

/* The best value of some rows, within the bounds of their leaf. */
static double
twin_value(const twin *w, const twin_node *n, double g, double h, double l2)
{
	double soft = fmax(fabs(g) - w->p->options.l1, 0);
	double value = h + l2 > 0 ? -copysign(soft, g) / (h + l2) : 0;

	return fmin(fmax(value, n->low), n->high);
}

/* What rows of that value take off the loss. */
static double
twin_score(const twin *w, double g, double h, double value, double l2)
{
	return -(2 * g * value + (h + l2) * value * value +
	         2 * w->p->options.l1 * fabs(value));
}

/* The same of two sides, whose values go the way of the constraint; the leaf's where there is none. */
static double
twin_held_gain(const twin *w, const twin_node *n, int feature, const double *sum,
               double l2)
{
	double left = twin_value(w, n, sum[0], sum[1], l2);
	double right = twin_value(w, n, sum[2], sum[3], l2);
	int direction = w->p->options.monotone[feature];

	if ((direction > 0 && left > right) || (direction < 0 && left < right))
		return -INFINITY;
	return twin_score(w, sum[0], sum[1], left, l2) +
	       twin_score(w, sum[2], sum[3], right, l2);
}

static double
twin_gain(const twin *w, const twin_node *n, int feature, int64_t gi, int64_t hi,
          double more)
{
	const ml_tree_options *o = &w->p->options;
	double gu = w->p->gradients.g_unit, hu = w->p->gradients.h_unit, l2 = o->l2 + more;
	double rows = (double) hi * ((double) n->rows / (double) n->h);
	double gl = (double) gi * gu, hl = (double) hi * hu;
	double g = (double) n->g * gu, h = (double) n->h * hu;
	double tl = fmax(fabs(gl) - o->l1, 0), tr = fmax(fabs(g - gl) - o->l1, 0);
	double bl = hl + l2, br = h - hl + l2;

	if (hl < o->min_weight || h - hl < o->min_weight ||
	    rows < (double) o->min_rows - 0.5 ||
	    (double) n->rows - rows < (double) o->min_rows - 0.5 || !(bl * br > 0))
		return -INFINITY;
	if (o->monotone != NULL)
		return twin_held_gain(w, n, feature, (double[]){gl, hl, g - gl, h - hl}, l2);
	return (tl * tl * br + tr * tr * bl) / (bl * br);
}

static bool
twin_side(const plot *p, const ml_split *s, int row)
{
	int bin = ml_binned_bin(&p->binned, s->feature, row);

	if (bin == p->binned.cut[s->feature].bins)
		return s->missing_left;
	return p->binned.ordered[s->feature] ? bin <= s->bin
	                                     : s->set[bin / 64] >> (bin % 64) & 1;
}

/* Tries a split by sending every row to its side. */
static void
twin_try(twin *w, twin_node *n, ml_split s, double more, double *most)
{
	int64_t g = 0, h = 0;
	double gain;

	for (int i = 0; i < n->rows; i++)
		if (twin_side(w->p, &s, n->row[i]))
		{
			ml_sum sum = ml_pair_sum(w->p->gradients.pair[n->row[i]]);

			g += ml_sum_g(sum);
			h += ml_sum_h(sum);
		}
	if (h == n->h)
		return;
	gain = twin_gain(w, n, s.feature, g, h, more) - w->luck;
	if (gain > *most)
	{
		*most = gain;
		n->best = s;
	}
}

static void
twin_category(twin *w, twin_node *n, int feature, double *most)
{
	const ml_tree_options *o = &w->p->options;
	int bins = w->p->binned.cut[feature].bins, count = 0, order[256];
	double ratio[256];
	int64_t g[256] = {0}, h[256] = {0}, all = 0;

	for (int i = 0; i < n->rows; i++)
	{
		ml_sum sum = ml_pair_sum(w->p->gradients.pair[n->row[i]]);
		int bin = ml_binned_bin(&w->p->binned, feature, n->row[i]);

		g[bin] += ml_sum_g(sum);
		h[bin] += ml_sum_h(sum);
	}
	for (int bin = 0; bin <= bins; bin++)
	{
		double rows = (double) h[bin] * ((double) n->rows / (double) n->h);

		ratio[bin] = (double) g[bin] * w->p->gradients.g_unit /
		             ((double) h[bin] * w->p->gradients.h_unit + o->category_smoothing);
		if (h[bin] > 0 && rows + 0.5 >= o->category_smoothing)
			order[count++] = bin;
	}
	for (int i = 0; i < count; i++)
		for (int k = i; k > 0 && ratio[order[k]] < ratio[order[k - 1]]; k--)
		{
			int swap = order[k];

			order[k] = order[k - 1];
			order[k - 1] = swap;
		}
	for (int i = 0; i < count; i++)
		all += h[order[i]];
	w->luck = count > 12 ? (count - 12) * 0.6366 * w->p->gradients.noise : 0;
	for (int back = 0; back < (all == n->h ? 1 : 2); back++)
		for (int size = 1; size <= count; size++)
		{
			ml_split s = {.feature = feature, .has_missing = h[bins] > 0};

			for (int i = 0; i < size; i++)
			{
				int bin = order[back ? count - 1 - i : i];

				if (bin == bins)
					s.missing_left = true;
				else
					s.set[bin / 64] |= UINT64_C(1) << (bin % 64);
			}
			twin_try(w, n, s, count > 4 ? o->category_l2 : 0, most);
		}
	w->luck = 0;
}

/* Of one group with all features above, or the only one that was asked about. */
static bool
twin_may_ask(const twin *w, const twin_node *n, int feature)
{
	const uint64_t *groups = w->p->options.groups;

	if (groups == NULL)
		return true;
	if (groups[feature] == 0)
		return n->groups == UINT64_MAX && (n->only < 0 || n->only == feature);
	return n->only < 0 && (groups[feature] & n->groups) != 0;
}

static void
twin_search(twin *w, twin_node *n)
{
	const ml_tree_options *o = &w->p->options;
	double g = fmax(fabs((double) n->g * w->p->gradients.g_unit) - o->l1, 0);
	double h = (double) n->h * w->p->gradients.h_unit + o->l2;
	double score = h > 0 ? g * g / h : 0, most;

	if (o->monotone != NULL)
	{
		double whole = (double) n->g * w->p->gradients.g_unit;

		score = twin_score(w, whole, h - o->l2, twin_value(w, n, whole, h - o->l2, o->l2),
		                   o->l2);
	}
	most = score + fmax(1e-10 * fabs(score), o->min_gain);
	n->best.feature = -1;
	for (int f = 0; f < w->p->binned.features; f++)
	{
		int bins = w->p->binned.cut[f].bins;
		bool missing = false;

		if (!twin_may_ask(w, n, f))
			continue;
		for (int i = 0; i < n->rows; i++)
			missing |= ml_binned_bin(&w->p->binned, f, n->row[i]) == bins;
		if (!w->p->binned.ordered[f])
		{
			twin_category(w, n, f, &most);
			continue;
		}
		for (int left = 0; left < (missing ? 2 : 1); left++)
			for (int bin = 0; bin < bins - (left || !missing); bin++)
				twin_try(w, n,
				         (ml_split){.feature = f,
				                    .bin = bin,
				                    .missing_left = left,
				                    .has_missing = missing},
				         0, &most);
	}
	n->best.gain = n->best.feature < 0 ? 0 : most - score;
}

static int
twin_add(twin *w, int rows, int depth)
{
	REQUIRE(w->nodes < MOST_NODES);
	w->node[w->nodes] = (twin_node){.rows = rows,
	                                .depth = depth,
	                                .row = ml_alloc_array(&w->t->core, rows, sizeof(int)),
	                                .best = {.feature = -1},
	                                .low = -INFINITY,
	                                .high = INFINITY,
	                                .groups = UINT64_MAX,
	                                .only = -1};
	return w->nodes++;
}

static void
twin_settle(twin *w, int node)
{
	twin_node *n = &w->node[node];
	const ml_tree_options *o = &w->p->options;

	for (int i = 0; i < n->rows; i++)
	{
		ml_sum sum = ml_pair_sum(w->p->gradients.pair[n->row[i]]);

		n->g += ml_sum_g(sum);
		n->h += ml_sum_h(sum);
	}
	if (n->rows >= 2 * o->min_rows && n->rows > 1 &&
	    (o->depth == 0 || n->depth < o->depth))
		twin_search(w, n);
}

static double
twin_worth(const twin *w, const twin_node *n)
{
	int64_t g = 0, h = 0;

	for (int i = 0; i < n->rows; i++)
	{
		ml_sum sum = ml_pair_sum(w->p->gradients.pair[n->row[i]]);

		g += ml_sum_g(sum);
		h += ml_sum_h(sum);
	}
	return twin_value(w, n, (double) g * w->p->gradients.g_unit,
	                  (double) h * w->p->gradients.h_unit, w->p->options.l2);
}

/* Both sides have the bounds of the leaf, parted half way, and the groups that are left. */
static void
twin_hand_down(twin *w, const twin_node *n)
{
	const ml_tree_options *o = &w->p->options;
	twin_node *left = &w->node[n->left], *right = &w->node[n->right];
	int f = n->best.feature;
	double middle;

	left->low = right->low = n->low;
	left->high = right->high = n->high;
	middle = (twin_worth(w, left) + twin_worth(w, right)) / 2;
	if (o->monotone != NULL && o->monotone[f] > 0)
		left->high = right->low = middle;
	else if (o->monotone != NULL && o->monotone[f] < 0)
		left->low = right->high = middle;
	left->only = o->groups != NULL && o->groups[f] == 0 ? f : n->only;
	left->groups =
	    o->groups != NULL && o->groups[f] != 0 ? n->groups & o->groups[f] : n->groups;
	right->only = left->only;
	right->groups = left->groups;
}

static void
twin_split(twin *w, int node)
{
	twin_node *n = &w->node[node];
	int left = 0, at[2] = {0};

	for (int i = 0; i < n->rows; i++)
		left += twin_side(w->p, &n->best, n->row[i]);
	n->split = true;
	n->left = twin_add(w, left, n->depth + 1);
	n->right = twin_add(w, n->rows - left, n->depth + 1);
	if (!n->best.has_missing)
		n->best.missing_left = left >= n->rows - left;
	for (int i = 0; i < n->rows; i++)
	{
		bool goes = twin_side(w->p, &n->best, n->row[i]);

		w->node[goes ? n->left : n->right].row[at[goes]++] = n->row[i];
	}
	twin_hand_down(w, n);
	twin_settle(w, n->left);
	twin_settle(w, n->right);
}

static void
twin_grow(twin *w)
{
	int root = twin_add(w, (int) w->p->binned.rows, 0), drawn = 0;

	for (int i = 0; i < w->node[root].rows; i++)
		if (w->p->draw == 0 || i % w->p->draw != 0)
			w->node[root].row[drawn++] = i;
	w->node[root].rows = drawn;
	twin_settle(w, root);
	for (int leaves = 1; leaves < w->p->options.leaves; leaves++)
	{
		int best = -1;

		for (int i = 0; i < w->nodes; i++)
			if (!w->node[i].split && w->node[i].best.feature >= 0 &&
			    (best < 0 || w->node[i].best.gain > w->node[best].best.gain))
				best = i;
		if (best < 0)
			break;
		twin_split(w, best);
	}
}

static void
check_node(const twin *w, const twin_node *want, int at)
{
	const plot *p = w->p;
	const ml_node *node = &p->grower.node[at];
	const ml_split *split = &p->grower.split_of[at];

	CHECK_SAME(node->cover, want->rows);
	CHECK_NEAR(node->value, twin_worth(w, want), 1e-12);
	CHECK((node->feature >= 0) == want->split);
	if (!want->split || node->feature < 0)
		return;
	CHECK_INT(split->feature, want->best.feature);
	CHECK_SAME(node->gain, want->best.gain);
	CHECK_INT(split->missing_left, want->best.missing_left);
	CHECK_INT(node->left, want->left);
	CHECK_INT(node->right, want->right);
	if (p->binned.ordered[split->feature])
		CHECK_INT(split->bin, want->best.bin);
	else
		CHECK(memcmp(split->set, want->best.set, sizeof split->set) == 0);
}

static void
check_twin(test_host *t, plot *p)
{
	twin *w = ml_alloc(&t->core, sizeof *w);

	*w = (twin){.t = t, .p = p};
	open_plot(t, p);
	grow(p);
	twin_grow(w);
	CHECK_INT(p->grower.nodes, w->nodes);
	CHECK(w->nodes > 1);
	for (int i = 0; i < w->nodes && i < p->grower.nodes; i++)
		check_node(w, &w->node[i], i);
}

static void
grows_the_twins_trees(test_host *t)
{
	for (uint64_t seed = 0; seed < 40; seed++)
	{
		uint64_t s = seed;
		plot p = {.table = {.rows = 60 + (int) test_below(&s, 300),
		                    .numbers = 1 + (int) test_below(&s, 4),
		                    .categories = (int) test_below(&s, 3),
		                    .levels = 2 + (int) test_below(&s, 24),
		                    .values = test_below(&s, 2) ? 0 : 9,
		                    .missing = test_below(&s, 2) ? 0 : 0.2,
		                    .seed = seed + 1},
		          .options = standard,
		          .constant = test_below(&s, 2)};

		p.options.l1 = test_below(&s, 3) ? 0 : 0.5;
		p.options.l2 = (double) test_below(&s, 3);
		p.options.depth = test_below(&s, 3) ? 0 : 3;
		p.options.min_weight = test_below(&s, 2) ? 0 : 2;
		p.options.min_gain = test_below(&s, 2) ? 0 : 0.5;
		p.options.min_rows = p.constant ? 1 + test_below(&s, 12) : 1;
		p.draw = (int) test_below(&s, 4) * 2;
		check_twin(t, &p);
	}
}

/* Scores of constrained trees are sums that may be rounded otherwise, so gains are near. */
static void
grows_the_twins_trees_under_constraints(test_host *t)
{
	static const int8_t directions[] = {1, -1, 0, 0, 0};
	static const uint64_t groups[] = {1, 3, 2, 0, 1};

	for (uint64_t seed = 0; seed < 40; seed++)
	{
		uint64_t s = seed + 500;
		plot p = {.table = {.rows = 60 + (int) test_below(&s, 300),
		                    .numbers = 3,
		                    .categories = 2,
		                    .levels = 2 + (int) test_below(&s, 24),
		                    .values = test_below(&s, 2) ? 0 : 9,
		                    .missing = test_below(&s, 2) ? 0 : 0.2,
		                    .seed = seed + 500},
		          .options = standard,
		          .constant = test_below(&s, 2),
		          .draw = (int) test_below(&s, 4) * 2};

		p.options.l1 = test_below(&s, 3) ? 0 : 0.5;
		p.options.min_weight = test_below(&s, 2) ? 0 : 2;
		p.options.monotone = test_below(&s, 3) ? directions : NULL;
		p.options.groups =
		    p.options.monotone == NULL || test_below(&s, 2) ? groups : NULL;
		check_twin(t, &p);
	}
}

/* Features of several panels, each of its own width. */
static void
grows_the_twins_trees_of_many_columns(test_host *t)
{
	static const int numbers[] = {3, 4, 5, 12, 13, 28, 29, 33};

	for (int i = 0; i < 8; i++)
	{
		plot p = {.table = {.rows = 150,
		                    .numbers = numbers[i],
		                    .values = 12,
		                    .missing = 0.1,
		                    .seed = 90},
		          .options = standard};

		p.options.leaves = 6;
		check_twin(t, &p);
	}
}

/* A byte of several features tells the bin of each. */
static void
check_places(const plot *p)
{
	const ml_binned *b = &p->binned;

	for (int f = 0; f < b->features; f++)
	{
		const ml_feature *feature = &p->table.schema.feature[b->source[f]];
		const ml_column *column = &p->table.frame->column[feature->column];

		for (int64_t row = 0; row < b->rows; row++)
		{
			uint8_t bin;

			if (feature->kind == ML_NUMBER)
				ml_cut_numbers(&b->cut[f], ml_numbers_at(column, row), 1, &bin);
			else
				ml_cut_codes(&b->cut[f], ml_codes_at(column, row), 1, &bin);
			CHECK_INT(ml_binned_bin(b, f, row), bin);
		}
	}
}

/* Features of few values, with and without missing ones, share bytes; the trees are the same. */
static void
grows_the_twins_trees_of_shared_bytes(test_host *t)
{
	for (uint64_t seed = 0; seed < 12; seed++)
	{
		plot p = {.table = {.rows = 200 + (int) seed,
		                    .numbers = 3 + (int) seed,
		                    .categories = (int) seed % 4,
		                    .levels = 2 + (int) seed % 5,
		                    .values = 2 + (int) seed % 3,
		                    .missing = seed % 2 ? 0.01 : 0,
		                    .seed = 300 + seed},
		          .options = standard};

		p.options.min_rows = 1 + (int64_t) seed;
		p.constant = true;
		check_twin(t, &p);
		check_places(&p);
		CHECK(p.binned.slots < p.binned.features);
		for (int s = 0; s < p.binned.slots; s++)
			CHECK(p.binned.values[s] >= 1 && p.binned.values[s] <= 256);
	}
}

static void
check_same(const plot *a, const plot *b)
{
	CHECK_INT(a->grower.nodes, b->grower.nodes);
	for (int i = 0; i < a->grower.nodes; i++)
	{
		const ml_node *one = &a->grower.node[i], *other = &b->grower.node[i];

		CHECK_INT(one->feature, other->feature);
		CHECK(test_same(one->threshold, other->threshold));
		CHECK_INT(one->left, other->left);
		CHECK_INT(one->missing_left, other->missing_left);
		CHECK_SAME(one->value, other->value);
		CHECK_SAME(one->cover, other->cover);
		CHECK_SAME(one->gain, other->gain);
	}
	CHECK_INT(a->grower.leaves, b->grower.leaves);
	for (int i = 0; i < a->grower.leaves; i++)
	{
		const ml_leaf *one = &a->grower.leaf[i], *other = &b->grower.leaf[i];

		CHECK_INT(one->node, other->node);
		if (CHECK_INT(one->rows, other->rows))
			CHECK(memcmp(one->order, other->order,
			             (size_t) one->rows * sizeof *one->order) == 0);
	}
}

#define MANY 10000000

/* Both halves of the sum of all pairs, each of which is that of the numbers but for rounding. */
static void
check_sums(const ml_slopes *slopes, const ml_gradients *rounded)
{
	int64_t g = 0, h = 0;
	double exact_g = 0, exact_h = 0, rows = (double) rounded->rows;
	ml_sum sum = 0;

	for (int64_t i = 0; i < rounded->rows; i++)
	{
		ml_sum one = ml_pair_sum(rounded->pair[i]);

		g += ml_sum_g(one);
		h += ml_sum_h(one);
		sum += one;
		exact_g += slopes->g[i];
		exact_h += slopes->h[i];
	}
	CHECK(g >= INT32_MIN && g <= INT32_MAX && h >= 0 && h <= UINT32_MAX);
	CHECK_INT(ml_sum_g(sum), g);
	CHECK(ml_sum_h(sum) == h);
	/* golden sections spread evenly: far below the square root of the rows */
	CHECK(fabs((double) g * rounded->g_unit - exact_g) <= sqrt(rows) * rounded->g_unit);
	CHECK(fabs((double) h * rounded->h_unit - exact_h) <= sqrt(rows) * rounded->h_unit);
}

/* Gradients that are alike, of one sign, or of which one is a thousand times the others. */
static void
sums_of_many_rows_fit(test_host *t)
{
	ml_slopes slopes;
	ml_gradients rounded;

	REQUIRE_OK(ml_slopes_create(&t->core, MANY, &slopes, &rounded));
	for (int way = 0; way < 4; way++)
	{
		for (int64_t i = 0; i < MANY; i++)
		{
			slopes.g[i] = way == 0 ? 0.9f : way == 1 ? -1 : i % 3 ? 0.3f : -0.6f;
			slopes.h[i] = way == 0 ? 0.25f : way == 1 ? 1 : 0.01f;
		}
		if (way == 3)
			slopes.g[77] = slopes.h[77] = 1000;
		REQUIRE_OK(ml_gradients_round(&t->core, &slopes, 5 + (uint64_t) way, &rounded));
		check_sums(&slopes, &rounded);
	}
}

/* Threads, vectors, histograms that are given away: nothing shows in the tree. */
static void
does_not_know_how_it_is_done(test_host *t)
{
	plot first = {.table = {.rows = 70000,
	                        .numbers = 4,
	                        .categories = 1,
	                        .levels = 30,
	                        .missing = 0.05,
	                        .seed = 7},
	              .options = standard};
	plot other = first;

	first.options.leaves = other.options.leaves = 40;
	open_plot(t, &first);
	grow(&first);
	open_plot(t, &other);
	other.grower.plainly = true;
	other.grower.histograms = 4;
	grow(&other);
	check_same(&first, &other);
	for (int threads = 2; threads <= 3; threads++)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		open_plot(t, &other);
		grow(&other);
		check_same(&first, &other);
		other.grower.histograms = 4 + threads;
		grow(&other);
		check_same(&first, &other);
		ml_pool_close(&t->core);
	}
}

/* Outcomes that were sought in vain, or that come to nothing since a side is too small. */
static void
does_not_know_who_looks_ahead(test_host *t)
{
	for (uint64_t seed = 0; seed < 6; seed++)
	{
		plot first = {.table = {.rows = 9000,
		                        .numbers = 12,
		                        .categories = 2,
		                        .levels = 9,
		                        .seed = 40 + seed},
		              .options = standard};
		plot other = first;

		first.options.leaves = 5 + 20 * (int64_t) seed;
		first.options.min_rows = seed % 2 ? 200 : 1;
		first.options.column_share = seed % 3 ? 1 : 0.5;
		other.options = first.options;
		open_plot(t, &first);
		grow(&first);
		t->core.threads = 2 + (int) seed;
		REQUIRE_OK(ml_pool_open(&t->core));
		open_plot(t, &other);
		for (int round = 0; round < 5; round++)
		{
			grow(&other);
			check_same(&first, &other);
		}
		ml_pool_close(&t->core);
		t->core.threads = 1;
	}
}

/* Slopes that change a little from round to round. */
static void
move_slopes(ml_slopes *slopes, int64_t rows, int round, uint64_t *seed)
{
	for (int64_t i = 0; i < rows; i++)
	{
		float p = round == 0 ? (float) test_uniform(seed) : slopes->h[i] * 4;

		p += (p > 0.5f ? -1.0f : 1.0f) * (float) test_uniform(seed) * 0.02f;
		slopes->h[i] = p / 4;
		slopes->g[i] = i % 5 == 0 ? p - 1 : p;
	}
}

/* Block by block, if that is how they are rounded. */
static void
take_blocks(const ml_slopes *slopes, const ml_gradients *rounded)
{
	for (int block = 0; slopes->rounded && block < ml_gradients_blocks(rounded); block++)
		ml_gradients_take(slopes, block, slopes->g + ml_gradients_begin(rounded, block),
		                  slopes->h + ml_gradients_begin(rounded, block));
}

/* Counters of a root that goes on from the last one are those of one that is counted anew. */
static void
goes_on_from_the_last_root(test_host *t)
{
	for (int way = 0; way < 3; way++)
	{
		plot first = {.table = {.rows = 9000, .numbers = way == 2 ? 40 : 4, .seed = 60},
		              .options = standard};
		plot other = first;
		ml_slopes slopes;
		uint64_t seed = 61;
		int gone_on = 0;

		t->core.threads = 1 + way;
		REQUIRE_OK(ml_pool_open(&t->core));
		open_plot(t, &first);
		open_plot(t, &other);
		REQUIRE_OK(ml_slopes_create(&t->core, 9000, &slopes, &other.gradients));
		other.gradients.steps = 8;
		slopes.bound = way > 0 ? 2 : 0;
		other.gradients.changed = other.grower.spare;
		other.gradients.lead = way == 1 ? 700 : ML_CHUNK;
		for (int round = 0; round < 6; round++)
		{
			int64_t changes = 0;

			move_slopes(&slopes, 9000, round, &seed);
			take_blocks(&slopes, &other.gradients);
			REQUIRE_OK(ml_gradients_round(&t->core, &slopes, 5, &other.gradients));
			check_sums(&slopes, &other.gradients);
			CHECK(slopes.rounded == (way > 0));
			for (int block = 0; block < ml_gradients_blocks(&other.gradients); block++)
				changes += other.gradients.changes[block];
			CHECK(round == 0 || (changes > 0 && changes < 9000 / 2));
			gone_on += other.grower.has_root && !other.gradients.anew;
			first.gradients = other.gradients;
			first.gradients.changed = NULL;
			grow(&first);
			grow(&other);
			check_same(&first, &other);
		}
		CHECK(gone_on >= 3);
		ml_pool_close(&t->core);
	}
}

/* Wide enough for the threads to share a search. */
static void
does_not_know_the_threads_when_wide(test_host *t)
{
	plot first = {.table = {.rows = 3000, .numbers = 48, .seed = 8}, .options = standard};
	plot other = first;

	open_plot(t, &first);
	grow(&first);
	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	open_plot(t, &other);
	grow(&other);
	check_same(&first, &other);
}

/* Rows are estimated from h, which varies; yet no leaf is too small. */
static void
keeps_its_limits(test_host *t)
{
	for (int round = 0; round < 6; round++)
	{
		plot p = {.table = {.rows = 1500,
		                    .numbers = 3,
		                    .categories = 1,
		                    .levels = 8,
		                    .seed = 20 + (uint64_t) round},
		          .options = standard};
		int depth[MOST_NODES * 2] = {0};

		p.options.leaves = 60;
		p.options.min_rows = 25;
		p.options.depth = round % 2 ? 4 : 0;
		open_plot(t, &p);
		grow(&p);
		CHECK(p.grower.leaves > 8 && p.grower.leaves <= 60);
		for (int i = 0; i < p.grower.nodes; i++)
		{
			const ml_node *node = &p.grower.node[i];

			if (node->feature >= 0)
				depth[node->left] = depth[node->right] = depth[i] + 1;
			else
				CHECK(node->cover >= 25);
			CHECK(round % 2 == 0 || depth[i] <= 4);
		}
		for (int i = 0; i < p.grower.leaves; i++)
			for (int64_t k = 0; k < p.grower.leaf[i].rows; k++)
				CHECK(ml_grower_walk(&p.grower, p.grower.leaf[i].order[k]) ==
				      p.grower.leaf[i].node);
	}
}

/* Few rows have most of h, so their side seems to be large, until its rows are counted. */
static void
weigh_a_tenth(plot *p)
{
	for (int64_t row = 0; row < p->binned.rows; row++)
		if (ml_binned_bin(&p->binned, 19, row) < p->binned.cut[19].bins / 10)
			p->gradients.pair[row] = (uint32_t) 300 << 16 | 600;
}

/* So many rows that threads share the counting of a leaf that is to be searched again. */
static void
counts_rows_on_any_threads(test_host *t)
{
	plot first = {.table = {.rows = 60000,
	                        .numbers = 20,
	                        .categories = 1,
	                        .levels = 30,
	                        .missing = 0.05,
	                        .seed = 12},
	              .options = standard};
	plot other = first;

	open_plot(t, &first);
	weigh_a_tenth(&first);
	first.grower.options.leaves = 2;
	grow(&first);
	CHECK(first.grower.leaf[0].rows < 12000 &&
	      ml_sum_h(first.grower.leaf[0].sum) > ml_sum_h(first.grower.leaf[1].sum));
	first.grower.options.leaves = 20;
	first.grower.options.min_rows = other.options.min_rows = 12000;
	grow(&first);
	CHECK(first.grower.leaves > 1);
	for (int i = 0; i < first.grower.leaves; i++)
		CHECK(first.grower.leaf[i].rows >= 12000);
	for (int threads = 2; threads <= 3; threads++)
	{
		t->core.threads = threads;
		REQUIRE_OK(ml_pool_open(&t->core));
		open_plot(t, &other);
		weigh_a_tenth(&other);
		for (int round = 0; round < 5; round++)
		{
			grow(&other);
			check_same(&first, &other);
		}
		ml_pool_close(&t->core);
	}
}

/* A leaf's bounds hold its value; left and right of a monotone split go the right way. */
static void
keeps_monotone(test_host *t)
{
	static const int8_t monotone[] = {-1, 1, 0, 0};
	plot p = {
	    .table = {.rows = 2000, .numbers = 3, .categories = 1, .levels = 5, .seed = 31},
	    .options = standard};

	p.options.monotone = monotone;
	p.options.leaves = 50;
	open_plot(t, &p);
	grow(&p);
	CHECK(p.grower.leaves > 10);
	for (int i = 0; i < p.grower.nodes; i++)
	{
		const ml_node *node = &p.grower.node[i];
		int direction = node->feature >= 0 ? monotone[node->feature] : 0;

		if (direction != 0)
			CHECK(direction * (p.grower.node[node->right].value -
			                   p.grower.node[node->left].value) >=
			      0);
	}
	for (int i = 0; i < p.grower.leaves; i++)
		CHECK(p.grower.node[p.grower.leaf[i].node].value >= p.grower.leaf[i].bounds.low &&
		      p.grower.node[p.grower.leaf[i].node].value <= p.grower.leaf[i].bounds.high);
}

/* Features on a path are of one group, or one that is in none. */
static void
keeps_interactions(test_host *t)
{
	static const uint64_t groups[] = {1, 3, 2, 0, 0};
	plot p = {.table = {.rows = 2000, .numbers = 5, .seed = 32}, .options = standard};
	uint64_t path[MOST_NODES] = {31};

	p.options.groups = groups;
	p.options.leaves = 50;
	open_plot(t, &p);
	grow(&p);
	CHECK(p.grower.leaves > 10);
	path[0] = 0;
	for (int i = 0; i < p.grower.nodes; i++)
	{
		const ml_node *node = &p.grower.node[i];

		if (node->feature >= 0)
			path[node->left] = path[node->right] = path[i] | UINT64_C(1) << node->feature;
		else
			CHECK((path[i] & ~UINT64_C(3)) == 0 || (path[i] & ~UINT64_C(6)) == 0 ||
			      path[i] == 8 || path[i] == 16);
	}
}

static void
draws_columns(test_host *t)
{
	int used_ever[12] = {0};

	for (uint64_t seed = 0; seed < 12; seed++)
	{
		plot p = {.table = {.rows = 400, .numbers = 12, .seed = 33}, .options = standard};
		bool used[12] = {false};
		int count = 0;

		p.options.column_share = 0.25;
		p.options.node_share = 0.6;
		p.options.seed = seed;
		open_plot(t, &p);
		grow(&p);
		for (int i = 0; i < p.grower.nodes; i++)
			if (p.grower.node[i].feature >= 0)
				used[p.grower.node[i].feature] = true;
		for (int f = 0; f < 12; f++)
		{
			count += used[f];
			used_ever[f] += used[f];
		}
		CHECK(count >= 1 && count <= 3);
	}
	for (int f = 0; f < 12; f++)
		CHECK(used_ever[f] > 0 && used_ever[f] < 12);
}

static void
bears_refusals_and_stops(test_host *t)
{
	plot p = {
	    .table = {.rows = 500, .numbers = 3, .categories = 1, .levels = 4, .seed = 3},
	    .options = standard};
	int64_t asked, questions;

	open_plot(t, &p);
	asked = t->asked;
	REQUIRE_OK(ml_binned_create(&t->core, &p.table.problem, &p.binned));
	REQUIRE_OK(
	    ml_grower_create(&t->core, &p.binned, &p.table.schema, &p.options, &p.grower));
	for (int64_t i = 1, end = t->asked - asked; i <= end; i++)
	{
		ml_status status;

		t->refuse_at = t->asked + i;
		status = ml_binned_create(&t->core, &p.table.problem, &p.binned);
		if (status == ML_OK)
			status = ml_grower_create(&t->core, &p.binned, &p.table.schema, &p.options,
			                          &p.grower);
		CHECK_INT(status, ML_MEMORY);
	}
	t->refuse_at = 0;
	open_plot(t, &p);
	questions = t->questions;
	grow(&p);
	CHECK(t->questions - questions > p.grower.leaves);
	for (int64_t i = 1, end = t->questions - questions; i <= end; i += 5)
	{
		t->stop_at = t->questions + i;
		CHECK_INT(ml_grow(&p.grower, &p.gradients), ML_STOPPED);
		t->stop_at = 0;
	}
	grow(&p);
}

/* Whichever thread is at whichever leaf. */
static void
bears_stops_on_threads(test_host *t)
{
	plot p = {.table = {.rows = 9000, .numbers = 12, .seed = 4}, .options = standard};
	int stops = 0;

	t->core.threads = 3;
	REQUIRE_OK(ml_pool_open(&t->core));
	open_plot(t, &p);
	for (int i = 1; i < 60; i++)
	{
		ml_status status;

		p.grower.rows = p.binned.rows;
		for (int64_t row = 0; row < p.binned.rows; row++)
			p.grower.order[row] = (uint32_t) row;
		t->stop_at = t->questions + i;
		status = ml_grow(&p.grower, &p.gradients);
		CHECK(status == ML_STOPPED || (status == ML_OK && t->questions < t->stop_at));
		stops += status == ML_STOPPED;
		t->stop_at = 0;
	}
	CHECK(stops > 5);
	grow(&p);
}

TEST_MAIN({grows_the_twins_trees, "trees of a twin that counts rows one by one"},
          {grows_the_twins_trees_under_constraints, "the same under constraints"},
          {grows_the_twins_trees_of_many_columns, "the same in several panels"},
          {grows_the_twins_trees_of_shared_bytes, "the same where features share bytes"},
          {sums_of_many_rows_fit, "sums of ten million rows fit their 32 bits"},
          {does_not_know_how_it_is_done, "threads, vectors, lost histograms: one tree"},
          {does_not_know_who_looks_ahead, "threads with leaves of their own: one tree"},
          {goes_on_from_the_last_root, "a root goes on from the last one: the same tree"},
          {does_not_know_the_threads_when_wide, "threads share a search: one tree"},
          {counts_rows_on_any_threads, "threads count a leaf's rows together: one tree"},
          {keeps_its_limits, "least rows and depth hold exactly"},
          {keeps_monotone, "monotone splits go their way, values stay in bounds"},
          {keeps_interactions, "features of a path are of one interaction group"},
          {draws_columns, "trees and nodes use the share of columns drawn for them"},
          {bears_refusals_and_stops, "refused memory and stops are answered"},
          {bears_stops_on_threads, "so are stops where threads have leaves of their own"})
