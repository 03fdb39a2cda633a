/* SPDX-License-Identifier: PostgreSQL */
/*
 * tree.h: growing one tree on rows that are bytes; what boosting and forests share.
 *
 * A tree is grown leaf by leaf: of all leaves the one whose best split gains most is split
 * next (Shi 2007; Ke et al., LightGBM, 2017).  A split is sought in histograms: sums of
 * gradients g and curvatures h over the rows of a leaf, per bin of each feature.  With
 * G and H the sums over a side and T(G) = sign(G) max(|G| - l1, 0), a split gains
 *
 *	T(Gl)^2 / (Hl + l2)  +  T(Gr)^2 / (Hr + l2)  -  T(G)^2 / (H + l2),
 *
 * and a leaf's value is -T(G) / (H + l2).
 *
 * Gradients are rounded to integers of 16 bits, at random but with the right mean, by a
 * scale that is a power of two.  So sums are exact, and neither threads nor the order of
 * work can change a tree.  g and h share one word of 64 bits: one addition counts a row.
 *
 *	binned.c	rows as bytes, by column and by row
 *	gradients.c	gradients as integers
 *	histogram.c	counting
 *	split.c		the best split of a histogram
 *	class_split.c	the best split for several classes at once
 *	part.c		sending rows to the left and to the right
 *	outcome.c	what splitting a leaf leads to
 *	grow.c		the tree
 *
 * Work that is large enough is shared by all threads, row by row.  Where a function takes a
 * worker, that thread does the work alone; NULL: all share it, and the one that entered the
 * core calls.
 */
#ifndef ML_TREE_H
#define ML_TREE_H

#include "learn/learner.h"

#define ML_PANEL 28 /* bytes of a panel's row: with a pair they fill 32 */
#define ML_SLOT 276 /* from a slot's counters to those of the next (binned.c) */
#define ML_MAX_LEAVES 65536
#define ML_MAX_DEPTH 128
#define ML_SET_WORDS 4 /* 64 bits each: a bit for every bin of a category */

/* g in the high half and h in the low half of a row's pair; of a sum, 32 bits each. */
typedef uint32_t ml_pair;
typedef int64_t ml_sum;

/* Slots side by side, row by row; the last four bytes of a row are its pair. */
typedef struct ml_panel
{
	int first; /* of the slots */
	int slots;
	int stride;
	uint8_t *row;
} ml_panel;

/* Where a feature's bin stands in a byte: byte / below % bins. */
typedef struct ml_place
{
	int slot;
	int below; /* product of the bins of the slot's features before it */
	int bins;  /* missing counted, unless no row of the table lacks the value */
} ml_place;

/*
 * The terms of a schema as bytes.  Features of few bins share a slot, as the digits of a
 * number: a byte tells all of them, one counter counts them all.
 */
typedef struct ml_binned
{
	int64_t rows;
	int features;
	int *source;     /* [features] of the schema */
	ml_cut *cut;     /* [features] */
	bool *ordered;   /* [features] a number: bins have an order */
	ml_place *place; /* [features] */
	int slots;
	int *values;      /* [slots] that its byte can have */
	int32_t *offset;  /* [slots + 1] of the slot's counters in a histogram */
	uint8_t **column; /* [slots][rows] */
	int panels;
	ml_panel *panel;
} ml_binned;

/* The bin of a feature in a row of the table. */
static inline int
ml_binned_bin(const ml_binned *table, int feature, int64_t row)
{
	const ml_place *place = &table->place[feature];

	return table->column[place->slot][row] / place->below % place->bins;
}

/* binned.c: rows of the problem's frame from its begin on */
extern ml_status
ml_binned_create(ml_host *host, const ml_problem *problem, ml_binned *binned);
extern double ml_binned_memory(const ml_problem *problem, int threads);

typedef struct ml_split
{
	double gain; /* 0: there is none */
	int feature; /* of the binned table */
	int bin;     /* of a number: up to that bin rows go left */
	bool missing_left;
	bool has_missing;           /* rows without the value were there to learn it from */
	uint64_t set[ML_SET_WORDS]; /* of a category: bins that go left */
	ml_sum left;
} ml_split;

typedef struct ml_tree_options
{
	int64_t leaves;
	int64_t depth; /* 0: as deep as it gets */
	double l1;
	double l2;
	double min_weight; /* sum of h in a leaf */
	int64_t min_rows;
	double min_gain;
	double category_smoothing; /* added to h where labels are put in order */
	double category_l2;        /* added to l2 where a category of many labels splits */
	double column_share;       /* features tried, per tree */
	double node_share;         /* and of these per node */
	const int8_t *monotone;    /* [features of the table] 1, -1 or 0; NULL: none */
	const uint64_t *groups; /* [features] interaction groups it is in; NULL: no limits */
	uint64_t seed;          /* of this tree */
} ml_tree_options;

/* A node; a leaf's feature is -1.  Children come after their parent. */
typedef struct ml_node
{
	int feature; /* of the schema */
	int left;
	int right;
	bool missing_left;
	double threshold; /* x <= threshold goes left; NaN for a category */
	int64_t set;      /* of a category: where in the list of codes its own begin */
	int64_t set_count;
	const int32_t *code;  /* where a model is used: the codes, in ascending order */
	const uint64_t *bits; /* NULL, or the same as bits */
	double value;         /* -T(G) / (H + l2), of inner nodes too */
	double cover;         /* rows */
	double gain;
} ml_node;

/* What a leaf may be worth, by the monotone splits above it. */
typedef struct ml_bounds
{
	double low;
	double high;
} ml_bounds;

/* A leaf of the tree that grows. */
typedef struct ml_leaf
{
	int node;
	int depth;
	uint32_t *order; /* [rows] its rows, in ascending order */
	uint32_t *spare; /* [rows] where those of its children may be put */
	int64_t rows;
	ml_sum sum;
	double value;
	ml_sum *histogram; /* NULL: was given to another leaf */
	ml_split split;
	ml_bounds bounds;
	uint64_t groups; /* interaction groups that all features above it are in */
	int only;        /* the one feature allowed, which is in no group; -1: others are */
} ml_leaf;

typedef enum ml_outcome_state
{
	ML_UNKNOWN,
	ML_SOUGHT, /* a thread is at it */
	ML_KNOWN
} ml_outcome_state;

/*
 * What splitting a leaf leads to.  It depends on the leaf alone, so a thread may find it before
 * it is the leaf's turn.
 */
typedef struct ml_outcome
{
	ml_outcome_state state;
	bool last;       /* with it the tree has all its leaves */
	bool again;      /* a side was too small: the leaf has another split now, or none */
	ml_leaf leaf;    /* as it was */
	ml_leaf side[2]; /* what has become of it, left and right */
	ml_sum *room[2]; /* histograms to count in; NULL where taken */
} ml_outcome;

/* Leaves in a heap, the one to be split next in front. */
typedef struct ml_queue
{
	int count;
	int *leaf;
} ml_queue;

/* What a thread searches with. */
typedef struct ml_seat
{
	uint8_t *usable; /* [2][features] of the two leaves that are searched */
	ml_split *found; /* [2 features] */
	uint64_t *draw;  /* [features] */
	ml_sum *counts;  /* like a histogram, rows and not gradients */
} ml_seat;

/*
 * Gradients of a tree: rounded, and how much a unit is.  Rows are in blocks of ML_CHUNK, but for
 * the first and the last.
 */
typedef struct ml_gradients
{
	ml_pair *pair; /* [rows] */
	int64_t rows;
	int64_t lead; /* rows of the first block, at most ML_CHUNK */
	double g_unit;
	double h_unit;
	double noise; /* the variance of g in units of h: sum of g^2 / sum of h */
	double steps; /* a mean is at most so many units; 0: as many as fit */
	/* Against the round before, for a grower that goes on from its last tree: */
	bool anew;         /* units are others, so all pairs are */
	uint32_t *changed; /* [rows] in each block, rows whose pair is another; or NULL */
	int32_t *changes;  /* [blocks] how many of them */
} ml_gradients;

static inline int64_t
ml_gradients_begin(const ml_gradients *gradients, int64_t block)
{
	int64_t row = block == 0 ? 0 : gradients->lead + (block - 1) * ML_CHUNK;

	return row < gradients->rows ? row : gradients->rows;
}

static inline int64_t
ml_gradients_blocks(const ml_gradients *gradients)
{
	return 1 + (gradients->rows <= gradients->lead
	                ? 0
	                : (gradients->rows - gradients->lead + ML_CHUNK - 1) / ML_CHUNK);
}

/* Gradients and curvatures as they come. */
typedef struct ml_slopes
{
	float *g; /* [rows] */
	float *h;
	double bound; /* which no |g| nor h exceeds; 0: there is none */
	bool rounded; /* those of this round are rounded block by block, as they come */
	struct ml_rounding *rounding;
} ml_slopes;

/* Grows trees on one table, one after the other. */
typedef struct ml_grower
{
	ml_host *host;
	const ml_binned *table;
	const ml_schema *schema;
	ml_tree_options options;
	const ml_gradients *gradients;
	uint32_t *order; /* [rows] rows of the tree */
	uint32_t *spare; /* [rows] leaves' rows are here or there */
	int64_t rows;    /* in order[] */

	int leaves;
	ml_leaf *leaf;
	ml_outcome *outcome; /* [leaves] */
	ml_queue turn;       /* leaves that may be split */
	ml_queue unknown;    /* those whose outcome nobody has sought */
	int ahead;           /* outcomes that are sought or known */
	_Atomic bool over;   /* it is grown, or a thread could not go on */
	int nodes;
	ml_node *node;      /* [2 leaves - 1] */
	ml_split *split_of; /* [2 leaves - 1] of inner nodes, in bins */

	int histograms;
	ml_sum **histogram;
	int free_histograms;
	ml_sum **free_histogram;
	ml_sum **private_sum; /* [threads - 1] counters of the other threads */
	ml_sum *root; /* counters of the last tree's root, whose pairs the rows have */
	bool has_root;
	ml_seat *seat;       /* [threads] */
	uint8_t *in_tree;    /* [features] drawn for the tree */
	uint64_t lanes[256]; /* of part.c */
	bool plainly;        /* without vectors of the processor's, to test them */
	struct ml_class_counts *class_counts; /* of trees for several classes; else NULL */
} ml_grower;

/* gradients.c */
extern ml_status
ml_slopes_create(ml_host *host, int64_t rows, ml_slopes *slopes, ml_gradients *out);
extern double ml_slopes_memory(int64_t rows);

/*
 * ML_NOT_NUMERIC if they have left the range of numbers.  Where there are steps and a bound, the
 * next round takes its units from the means of this one, so that blocks can be rounded as they come.
 */
extern ml_status
ml_gradients_round(ml_host *host, ml_slopes *slopes, uint64_t seed, ml_gradients *out);

/* Rounds a block of slopes, which nobody else will ask for. */
extern void
ml_gradients_take(const ml_slopes *slopes, int64_t block, const float *g, const float *h);

/*
 * Draws a share of the table's rows from first on, by their keys and the seed of the tree:
 * rows of one key go together.
 */
extern ml_status
ml_grower_draw(ml_grower *grower, const ml_problem *problem, int64_t first, double share);

/* grow.c */
extern ml_status
ml_grower_create(ml_host *host, const ml_binned *table, const ml_schema *schema,
                 const ml_tree_options *options, ml_grower *grower);
extern double
ml_grower_memory(const ml_problem *problem, const ml_tree_options *options, int threads);

/* Grows a tree on the rows in order[]; afterwards leaf[i] tells each leaf's rows and node. */
extern ml_status ml_grow(ml_grower *grower, const ml_gradients *gradients);

/* outcome.c: splits the outcome's leaf, and looks for the best splits of both sides */
extern ml_status
ml_outcome_find(ml_grower *grower, ml_outcome *outcome, ml_worker *worker);

/* The leaf's value, from its sum; and the best splits of one or two. */
extern void ml_leaf_settle(const ml_grower *grower, ml_leaf *leaf);
extern ml_status
ml_leaf_search(ml_grower *grower, ml_leaf *leaf, int leaves, ml_worker *worker);

/* Leaves a share of the features marked, by lot; at least one. */
extern void ml_draw_features(const ml_seat *seat, int features, uint64_t seed,
                             double share, uint8_t *chosen);

/* histogram.c: counters of a leaf's rows; and of the root, whose rows take their new pairs */
extern ml_status
ml_histogram_count(ml_grower *grower, const ml_leaf *leaf, ml_worker *worker);
extern ml_status ml_histogram_root(ml_grower *grower, const ml_leaf *root);
extern void ml_histogram_subtract(ml_sum *from, const ml_sum *less, int64_t counters);

/* split.c: the best splits of one or two leaves, into leaf->split */
extern ml_status
ml_split_search(ml_grower *grower, ml_leaf *const *leaf, int leaves, ml_worker *worker);

/* class_split.c: the same for several classes, whose gradients tell weights alone */
extern ml_status
ml_class_split_search(ml_grower *grower, ml_leaf *const *leaf, int leaves);
extern ml_status ml_class_counts_create(ml_host *host, const ml_problem *problem,
                                        struct ml_class_counts **counts);
extern double ml_class_counts_memory(const ml_problem *problem, int threads);

/* The best split of a leaf by exact counts of its rows. */
extern ml_status
ml_split_search_exactly(ml_grower *grower, ml_leaf *leaf, ml_worker *worker);

/*
 * part.c: parts the leaf's rows into the sides' own, rows and places; both sides stay in
 * ascending order.  False, and nothing has changed: a side would be too small.
 */
extern ml_status ml_part_rows(ml_grower *grower, const ml_leaf *leaf, ml_worker *worker,
                              ml_leaf *side, bool *parted);

/* What becomes of each value of the byte that the split's feature is in: 1 goes left. */
extern void
ml_split_sides(const ml_binned *table, const ml_split *split, uint8_t *goes_left);

/* The leaf, by node, that a row of the table ends in. */
extern int ml_grower_walk(const ml_grower *grower, int64_t row);

/* The seat of the thread that works alone, else of the one that entered the core. */
static inline const ml_seat *
ml_grower_seat(const ml_grower *grower, const ml_worker *worker)
{
	return &grower->seat[worker != NULL ? worker->index : 0];
}

static inline bool
ml_grower_stop(const ml_grower *grower, ml_worker *worker)
{
	return worker != NULL ? ml_worker_stop(worker) : ml_stop(grower->host);
}

static inline int32_t
ml_sum_g(ml_sum sum)
{
	return (int32_t) (sum >> 32);
}

static inline uint32_t
ml_sum_h(ml_sum sum)
{
	return (uint32_t) sum;
}

/* h is not negative and its sum fits, so it never carries into g. */
static inline ml_sum
ml_pair_sum(ml_pair pair)
{
	return ((ml_sum) ((int32_t) pair >> 16)) * ((ml_sum) 1 << 32) + (pair & 0xffff);
}

static inline double
ml_soften(double g, double l1)
{
	return g > l1 ? g - l1 : g < -l1 ? g + l1 : 0;
}

#endif
