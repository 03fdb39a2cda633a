/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans.h: the centres about which rows lie closest: least sum of squared distances.
 *
 * Learned arrays: shift and scale of every number, category_weight, centers [segments][slots]
 * in the space that these make (space.h), sizes [segments] training rows, spread [segments]
 * root mean squared distance of a segment's rows from its centre, and inertia, the sum of all
 * squared distances.  Segments are in falling order of their sizes.
 */
#ifndef ML_KMEANS_H
#define ML_KMEANS_H

#include "learn/space.h"

#define ML_MAX_SEGMENTS ML_MAX_CLASSES

/* What a pass over one shard of the rows has found. */
typedef struct ml_kmeans_shard
{
	double *sum;     /* [k][slots] of rows that came, less those that went */
	double *weight;  /* [k] likewise */
	int64_t *rows;   /* [k] likewise */
	double *squares; /* [k] squared distances of the rows that were measured */
	int64_t moved;
	int64_t farthest; /* row that was measured farthest from its centre */
	double distance;  /* of it, squared */
} ml_kmeans_shard;

/* Work space of a thread. */
typedef struct ml_kmeans_seat
{
	ml_points points;
	ml_points some;  /* of points */
	double *squared; /* [ML_TILE][ML_BLOCK] */
	double *best; /* [3][ML_BLOCK] squared distances: nearest, second, and which it is */
	double *own;  /* [ML_BLOCK] of the nearest centre so far */
	int32_t *which;   /* [ML_BLOCK] that centre */
	int32_t *was;     /* [ML_BLOCK] the one that the row had */
	int32_t *nearest; /* [ML_BLOCK] by sketches, of all rows of the block */
	int *pick;        /* [ML_BLOCK] rows of the block that are measured */
	int *part;        /* [ML_BLOCK] of these, those for a group */
} ml_kmeans_seat;

/* Rows in steps of 16 bits, and centres in the same units; kmeans_sketch.c */
typedef struct ml_sketch
{
	const ml_space *space;
	int64_t first_block;
	int16_t *steps; /* [blocks][numbers][ML_BLOCK] */
	bool *is_far;   /* [blocks * ML_BLOCK] rows with a number that steps do not reach */
	double *unit;   /* [numbers] size of a step */
	float *center;  /* [tiles][numbers][ML_TILE] */
	float *base;    /* [tiles * ML_TILE] half the square of a centre, less the error */
	float *slack;   /* [tiles * ML_TILE] twice the error */
	float *price;   /* [tiles][labels][ML_TILE] half of what a label adds */
	bool is_blind;  /* single precision cannot hold the centres */
} ml_sketch;

/*
 * Rows [begin, end) of a problem on their way to centres.  Which centre is nearest is settled
 * without measuring where that can be: by sketches, or by bounds on distances, upper to the row's
 * own centre and lower to all others of each group of centres.
 */
typedef struct ml_kmeans
{
	ml_host *host;
	const ml_problem *problem;
	const ml_space *space;
	int64_t begin;
	int64_t end;
	int k;
	bool is_bounded;  /* by bounds, however few centres there are */
	bool is_sketched; /* by sketches */
	bool is_exact;    /* this pass measures all rows */
	bool is_rough;    /* it takes sketches for the rows */
	int64_t reach;    /* rows before it are looked at */
	int64_t sketched; /* rows before it have a sketch */
	ml_centers centers;
	double *sum;     /* [k][slots] of the rows of each centre */
	double *weight;  /* [k] */
	int64_t *rows;   /* [k] */
	double inertia;  /* after an exact pass */
	double *squares; /* [k] what each centre's rows have of it */
	int64_t moved;
	int64_t farthest;
	double distance;

	int32_t *assigned; /* [end - begin] -1: not yet */
	ml_sketch sketch;
	float *upper;    /* [end - begin] */
	float *lower;    /* [end - begin][groups] */
	int groups;      /* of tiles */
	int group_tiles; /* tiles of a group */
	double *drift;   /* [k] how far a centre moved last */
	double *most;    /* [groups] the largest of them */
	double *next;    /* [groups] the second largest */
	int *mover;      /* [groups] whose the largest is */

	int64_t shard_rows;
	int shards;
	ml_kmeans_shard *shard;
	ml_kmeans_seat *seat; /* per thread */
} ml_kmeans;

extern ml_status ml_kmeans_create(ml_kmeans *fit);
extern double ml_kmeans_memory(const ml_space *space, int k, int64_t rows, int threads);

/* kmeans_pass.c: puts every row to its nearest centre; an exact pass knows the distances, too. */
extern ml_status ml_kmeans_pass(ml_kmeans *fit, bool exact);

/* Distances of points to the centres of tiles from .. before: the nearest in seat->best. */
extern void ml_kmeans_measure(const ml_kmeans *fit, ml_kmeans_seat *seat,
                              const int tiles[2], const ml_points *points);

/* Forgets the bounds; lets them follow the centres, which have moved by fit->drift. */
extern double ml_bounds_memory(int k, int64_t rows);
extern ml_status ml_bounds_create(ml_kmeans *fit);
extern ml_status ml_bounds_forget(ml_kmeans *fit);
extern void ml_bounds_drift(ml_kmeans *fit);

/* Rows of a block that had to be measured: seat->pick, points, was, which and own; how many. */
extern int
ml_bounds_settle(const ml_kmeans *fit, ml_kmeans_seat *seat, int64_t first, int rows);

extern double ml_sketch_memory(const ml_space *space, int64_t rows);
extern ml_status ml_sketch_create(ml_host *host, const ml_space *space, int64_t begin,
                                  int64_t end, int k, ml_sketch *sketch);

/* Rows from first on, which lie in one block. */
extern void ml_sketch_fill(const ml_sketch *sketch, const ml_problem *problem,
                           int64_t first, int rows);

/* Whether a row, and those after it, lie too far out for a sketch. */
extern bool *ml_sketch_far(const ml_sketch *sketch, int64_t row);

/* Before rows are put to centres that have moved. */
extern void ml_sketch_take(const ml_centers *centers, ml_sketch *sketch);

/*
 * The nearest centre of rows of a block; -1 where that is not certain, or if it need not be so,
 * where a row has no sketch.
 */
extern void
ml_sketch_nearest(const ml_sketch *sketch, const ml_problem *problem, int64_t first,
                  int rows, int tiles, bool certain, int32_t *nearest);

/* Rows of a block that are picked, as points on the steps. */
extern void ml_sketch_points(const ml_sketch *sketch, const ml_problem *problem,
                             int64_t first, const int *pick, int rows, ml_points *points);

/* Forgets assignments and bounds: centers were written anew. */
extern ml_status ml_kmeans_restart(ml_kmeans *fit);

/*
 * Lloyd's iterations from the centres there are; *iterations counts them.  converged is set if
 * the last one moved the centres by less than tolerance, in units of the variance.
 */
extern ml_status ml_kmeans_iterate(ml_kmeans *fit, int64_t most, double tolerance,
                                   int64_t *iterations, bool *converged);

/*
 * The same roughly, to begin with: over parts of the rows that grow, and by sketches where there are.
 * spread is the mean squared distance of a row from its centre, about; *iterations counts on.
 * No row is put to its centre thereafter.
 */
extern ml_status ml_kmeans_approach(ml_kmeans *fit, int64_t most, double tolerance,
                                    double spread, int64_t *iterations);

/* Sums, sizes and inertia of the centres there are, each of which has some rows then. */
extern ml_status ml_kmeans_finish(ml_kmeans *fit);

/* kmeans_seed.c: k centres that are rows; ML_FEW_DISTINCT with fault.count. */
extern ml_status ml_kmeans_seed(ml_kmeans *fit, uint64_t *random);

/* A row becomes a centre. */
extern void
ml_kmeans_put(const ml_kmeans *fit, int64_t row, ml_centers *centers, int center);

/*
 * kmeans_moves.c: moves rows one by one while that makes the sum smaller (Hartigan 1975), which
 * goes on where Lloyd's iterations have come to an end.  For few rows.
 */
extern ml_status ml_kmeans_moves(ml_kmeans *fit);

/* Takes given centres [k][slots], to which no row is put yet. */
extern ml_status ml_kmeans_place(ml_kmeans *fit, const double *centers);

/*
 * kmeans.c: the learned arrays of segments that have been put in order; place[k] becomes where
 * each centre stands among them, unless it is NULL.
 */
extern ml_status ml_kmeans_write(const ml_kmeans *fit, ml_fitted *fitted, int *place);

/* kmeans.c: rows before it are enough to try beginnings of k centres on. */
extern int64_t ml_kmeans_sample_end(const ml_problem *problem, int k);

/* What is found of a number of segments. */
typedef struct ml_tried
{
	int k;
	double inertia;
	double silhouette;
	double gap;
	double gap_error;
	double bic;       /* less is better */
	bool clear;       /* more than chance makes of rows without structure */
	double stability; /* adjusted Rand index of what two halves of the rows make */
} ml_tried;

/* Numbers of segments, of which one is chosen. */
typedef struct ml_choice
{
	int most; /* the largest that is tried */
	uint64_t seed;
	int count;
	ml_tried *tried; /* [count] from two on */
	int chosen;      /* of them */
	bool clear;      /* one of them is */
} ml_choice;

/* kmeans_choose.c: tries numbers of segments on a sample; most and seed are set. */
extern ml_status ml_kmeans_choose(ml_host *host, const ml_problem *problem,
                                  const ml_space *space, ml_choice *choice);

/*
 * How far two ways to put rows into k segments agree: 1 wholly, 0 as by chance; count [k][k] is
 * work space.
 */
extern double
ml_adjusted_rand(const int32_t *a, const int32_t *b, int64_t rows, int k, double *count);

/* Learned arrays choice_k, choice_inertia and so on [count], and choice_is_clear. */
extern ml_status
ml_choice_write(ml_host *host, const ml_choice *choice, ml_fitted *fitted);

/* kmeans_score.c: see learner.h */
extern ml_status
ml_kmeans_prepare(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
                  const ml_value *options, void **state);
extern double ml_kmeans_work(const void *state);
extern void ml_kmeans_margins(const void *state, const double *row, double *margin);
extern double ml_kmeans_distance(const void *state, const double *row, int segment);
extern void ml_kmeans_explain(const void *state, const double *row, double *contribution,
                              double *bias);

#endif
