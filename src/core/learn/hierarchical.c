/* SPDX-License-Identifier: PostgreSQL */
/*
 * hierarchical.c: segments from a dendrogram as a learner.
 *
 * Of few rows each is a leaf; of many there are k-means centres in their place, with the weight of
 * their rows, which is how far apart rows may lie before it matters for segments.  They are found in
 * a sample, those of the lowest keys, and moved to the means of all rows about them.  The tree is cut
 * where k branches are left.  From their means Lloyd's iterations go on for a while, as those of
 * HCPC do in R's FactoMineR: merging never takes back what it did early, so that the next rows
 * would cut elsewhere.  A row is of the segment whose centre is nearest: all that serves k-means
 * serves this.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define MOST_ROWS 2048 /* that are leaves themselves */
#define ITERATIONS 30  /* towards centres */
#define TOLERANCE 1e-4
#define SPREADING 1 /* of centres of a sample, over all rows */
#define SETTLING 10 /* of segments, from the means of branches */

typedef struct tree_options
{
	double k; /* infinity: to be chosen */
	int64_t max_k;
	int64_t centers;
	ml_text linkage;
	int64_t seed;
	ml_space_options space;
} tree_options;

static const char *const linkage_choice[] = {"ward", "average", "complete", NULL};

static const ml_option tree_option[] = {
    {"k", ML_OPTION_COUNT, offsetof(tree_options, k), INFINITY, 2, ML_MAX_SEGMENTS,
     "segments that are left where the tree is cut; auto chooses"},
    {"max_k", ML_OPTION_INTEGER, offsetof(tree_options, max_k), 12, 2, 100,
     "most segments that auto chooses"},
    {"centers", ML_OPTION_INTEGER, offsetof(tree_options, centers), 256, 2,
     ML_MAX_SEGMENTS,
     "k-means centres that are merged in place of the rows, where these are more than 2048; "
     "at least k"},
    {"linkage", ML_OPTION_TEXT, offsetof(tree_options, linkage), 0, 0, 0,
     "distance of two branches: ward, the default, by how much the sum of squares grows; average "
     "or complete, the mean or the largest distance of what is in them",
     linkage_choice},
    {"seed", ML_OPTION_INTEGER, offsetof(tree_options, seed), 1, 0, INT64_C(1) << 53,
     "which of all equally good random choices are made"},
    ML_SPACE_OPTIONS(tree_options, space),
};

/* A fit under way. */
typedef struct course
{
	ml_host *host;
	const ml_problem *problem;
	const tree_options *given;
	ml_space space;
	int k;
	ml_dendrogram tree;
	double *at;     /* [leaves][slots] */
	double *weight; /* [leaves] */
	double *rows;   /* [leaves] */
	int *part;      /* [leaves] branch that is left at the cut */
} course;

static ml_status
make_room(course *c, int leaves)
{
	c->tree.leaves = leaves;
	ML_NEW(c->host, c->at, leaves * c->space.slots);
	ML_NEW(c->host, c->weight, leaves);
	ML_NEW(c->host, c->rows, leaves);
	ML_NEW(c->host, c->part, leaves);
	c->tree.weight = c->weight;
	return ML_OK;
}

/* Each row is a leaf. */
static ml_status
take_rows(course *c)
{
	const ml_problem *problem = c->problem;
	int leaves = (int) (problem->end - problem->begin);
	ml_points point;

	ML_TRY(make_room(c, leaves));
	ML_TRY(ml_points_create(c->host, &c->space, &point));
	for (int i = 0; i < leaves; i++)
	{
		int64_t row = problem->begin + i, first = row / ML_BLOCK * ML_BLOCK;
		int pick = (int) (row - first);

		ML_PAUSE(c->host, i);
		ml_points_fill(&c->space, problem, first, &pick, 1, &point);
		ml_points_add(&c->space, &point, 0, 1, c->at + i * c->space.slots);
		c->weight[i] = point.weight[0];
		c->rows[i] = 1;
	}
	return ML_OK;
}

/* Centres of the rows before end. */
static ml_status
find_centers(course *c, int count, int64_t end, ml_kmeans *fit)
{
	uint64_t random = ml_hash_mix((uint64_t) c->given->seed);
	int64_t iterations;
	bool converged;

	*fit = (ml_kmeans){.host = c->host,
	                   .problem = c->problem,
	                   .space = &c->space,
	                   .begin = c->problem->begin,
	                   .end = end,
	                   .k = count};
	ML_TRY(ml_kmeans_create(fit));
	ML_TRY(ml_kmeans_seed(fit, &random));
	return ml_kmeans_iterate(fit, ITERATIONS, TOLERANCE, &iterations, &converged);
}

/* Centres of a sample become those of all rows. */
static ml_status
spread_centers(course *c, ml_kmeans *fit)
{
	const double *centers = fit->centers.at;
	int64_t iterations;
	bool converged;

	*fit = (ml_kmeans){.host = c->host,
	                   .problem = c->problem,
	                   .space = &c->space,
	                   .begin = c->problem->begin,
	                   .end = c->problem->end,
	                   .k = fit->k};
	ML_TRY(ml_kmeans_create(fit));
	ML_TRY(ml_kmeans_place(fit, centers));
	return ml_kmeans_iterate(fit, SPREADING, TOLERANCE, &iterations, &converged);
}

/* A sample may have too few different rows; fewer centres, if no more of all are different. */
static ml_status
take_centers(course *c)
{
	const ml_problem *problem = c->problem;
	int count = c->given->centers > c->k ? (int) c->given->centers : c->k;
	int64_t end = ml_kmeans_sample_end(problem, count);
	ml_kmeans fit;
	ml_status status = find_centers(c, count, end, &fit);

	if (status == ML_FEW_DISTINCT && end < problem->end)
		status = find_centers(c, count, end = problem->end, &fit);
	if (status == ML_FEW_DISTINCT && c->host->fault.count >= c->k &&
	    c->host->fault.count < count)
		status = find_centers(c, (int) c->host->fault.count, end, &fit);
	ML_TRY(status);
	ML_TRY(end < problem->end ? spread_centers(c, &fit) : ml_kmeans_finish(&fit));
	ML_TRY(make_room(c, fit.k));
	memcpy(c->at, fit.centers.at, (size_t) (fit.k * c->space.slots) * sizeof *c->at);
	for (int i = 0; i < fit.k; i++)
	{
		c->weight[i] = fit.weight[i];
		c->rows[i] = (double) fit.rows[i];
	}
	return ML_OK;
}

/* Rows that are equal are merged at no height: there are as many different ones as others. */
static ml_status
check_distinct(const course *c)
{
	int distinct = 1;

	for (int s = 0; s < c->tree.leaves - 1; s++)
	{
		if (!isfinite(c->tree.height[s]))
			return ML_NOT_NUMERIC;
		distinct += c->tree.height[s] > 0;
	}
	if (distinct >= c->k)
		return ML_OK;
	c->host->fault.count = distinct;
	return ML_FEW_DISTINCT;
}

/* Means of the leaves of each branch. */
static ml_status
find_means(const course *c, double *center)
{
	int64_t slots = c->space.slots;
	double *weight;

	ML_NEW(c->host, weight, c->k);
	for (int i = 0; i < c->tree.leaves; i++)
	{
		weight[c->part[i]] += c->weight[i];
		for (int64_t s = 0; s < slots; s++)
			center[c->part[i] * slots + s] += c->weight[i] * c->at[i * slots + s];
	}
	for (int p = 0; p < c->k; p++)
		for (int64_t s = 0; s < slots; s++)
			center[p * slots + s] /= weight[p];
	return ML_OK;
}

/* Segments that settle about the branches; one that no row is nearest to is given some. */
static ml_status
find_segments(const course *c, ml_kmeans *fit)
{
	double *center;
	int64_t iterations;
	bool converged, is_empty = false;

	*fit = (ml_kmeans){.host = c->host,
	                   .problem = c->problem,
	                   .space = &c->space,
	                   .begin = c->problem->begin,
	                   .end = c->problem->end,
	                   .k = c->k};
	ML_NEW(c->host, center, c->k * c->space.slots);
	ML_TRY(find_means(c, center));
	ML_TRY(ml_kmeans_create(fit));
	ML_TRY(ml_kmeans_place(fit, center));
	ML_TRY(ml_kmeans_iterate(fit, SETTLING, TOLERANCE, &iterations, &converged));
	ML_TRY(ml_kmeans_pass(fit, true));
	for (int p = 0; p < c->k; p++)
		is_empty |= fit->rows[p] == 0;
	return is_empty ? ml_kmeans_finish(fit) : ML_OK;
}

static ml_status
write_tree(const course *c, const int *place, ml_fitted *fitted)
{
	const ml_dendrogram *tree = &c->tree;
	int64_t steps = tree->leaves - 1;
	double *left, *right, *height, *rows, *segment;

	ML_TRY(ml_fitted_add(c->host, fitted, "merge_left", steps, &left));
	ML_TRY(ml_fitted_add(c->host, fitted, "merge_right", steps, &right));
	ML_TRY(ml_fitted_add(c->host, fitted, "merge_height", steps, &height));
	ML_TRY(ml_fitted_add(c->host, fitted, "merge_rows", steps, &rows));
	ML_TRY(ml_fitted_add(c->host, fitted, "leaf_segment", tree->leaves, &segment));
	for (int64_t s = 0; s < steps; s++)
	{
		int l = tree->left[s], r = tree->right[s];

		left[s] = l;
		right[s] = r;
		height[s] = tree->height[s];
		rows[s] = (l < 0 ? c->rows[-1 - l] : rows[l - 1]) +
		          (r < 0 ? c->rows[-1 - r] : rows[r - 1]);
	}
	for (int i = 0; i < tree->leaves; i++)
		segment[i] = place[c->part[i]];
	return ML_OK;
}

static ml_linkage
linkage_of(ml_text word)
{
	if (word.bytes != NULL && ml_text_is(word, "average"))
		return ML_AVERAGE;
	return word.bytes != NULL && ml_text_is(word, "complete") ? ML_COMPLETE : ML_WARD;
}

static ml_status
tree_fit(ml_host *host, const ml_problem *problem, const void *options, ml_fitted *fitted)
{
	const tree_options *given = options;
	course c = {.host = host, .problem = problem, .given = given};
	ml_choice choice = {.most = (int) given->max_k, .seed = (uint64_t) given->seed};
	int place[ML_MAX_SEGMENTS];
	ml_kmeans fit;

	ML_TRY(ml_space_create(host, problem, &given->space, &c.space));
	if (isinf(given->k))
		ML_TRY(ml_kmeans_choose(host, problem, &c.space, &choice));
	c.k = isinf(given->k) ? choice.tried[choice.chosen].k : (int) given->k;
	c.tree.linkage = linkage_of(given->linkage);
	if (problem->end - problem->begin < c.k)
	{
		host->fault.count = problem->end - problem->begin;
		return ML_FEW_DISTINCT;
	}
	ML_TRY(problem->end - problem->begin <= MOST_ROWS ? take_rows(&c) : take_centers(&c));
	ML_TRY(ml_dendrogram_create(host, &c.space, c.at, &c.tree));
	ML_TRY(ml_dendrogram_grow(host, &c.tree));
	ML_TRY(check_distinct(&c));
	ML_TRY(ml_dendrogram_cut(host, &c.tree, c.k, c.part));
	ML_TRY(find_segments(&c, &fit));
	fitted->converged = true;
	ML_TRY(ml_kmeans_write(&fit, fitted, place));
	ML_TRY(write_tree(&c, place, fitted));
	return isinf(given->k) ? ml_choice_write(host, &choice, fitted) : ML_OK;
}

static double
tree_memory(const ml_problem *problem, const void *options, int threads)
{
	const tree_options *given = options;
	int64_t rows = problem->end - problem->begin;
	int k = isinf(given->k) ? (int) given->max_k : (int) given->k;
	int centers = given->centers > k ? (int) given->centers : k;
	int64_t sample = ml_kmeans_sample_end(problem, centers) - problem->begin;
	double leaves = rows <= MOST_ROWS ? (double) rows : centers;
	ml_space space = {.slots = ml_glm_slots(problem->schema),
	                  .numbers = problem->schema->features};

	return ml_kmeans_memory(&space, rows <= MOST_ROWS ? k : centers, rows, threads) +
	       ml_kmeans_memory(&space, centers, sample, threads) +
	       ml_kmeans_memory(&space, k, rows, threads) +
	       8 * leaves * (leaves + (double) space.slots + 20);
}

static ml_status
tree_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
             const ml_value *options, void **state)
{
	ML_TRY(ml_dendrogram_check(host, fitted, schema->classes));
	return ml_kmeans_prepare(host, schema, fitted, options, state);
}

const ml_learner ml_hierarchical = {
    .name = "hierarchical",
    .summary = "segments of a tree that joins what lies closest, step by step",
    .task = ML_SEGMENTATION,
    .option = tree_option,
    .options = sizeof tree_option / sizeof *tree_option,
    .options_size = sizeof(tree_options),
    .memory = tree_memory,
    .fit = tree_fit,
    .prepare = tree_prepare,
    .work = ml_kmeans_work,
    .margins = ml_kmeans_margins,
    .distance = ml_kmeans_distance,
    .explain = ml_kmeans_explain,
};
