/* SPDX-License-Identifier: PostgreSQL */
/*
 * space.h: rows as points whose distance tells how unlike they are, and centres among them.
 *
 *	d^2(x, c) = sum_j (x_j - c_j)^2 + w sum_f sum_l ([x_f = l] - p_fl)^2
 *
 * over numbers j, shifted and scaled, and labels l of the categories f, of which a centre holds
 * the shares p.  Missing is a label, too; a missing number stands at the middle.  So the mean of
 * some points is the centre that is nearest to all of them.  A row costs 2 w at a centre of one
 * other label: that is gamma of k-prototypes (Huang 1998), option category_weight.
 *
 * The sum is taken in this order and in double precision by all who need it, so that a row's
 * segment in training is its segment in scoring, to the bit.
 */
#ifndef ML_SPACE_H
#define ML_SPACE_H

#include "learn/learner.h"

#define ML_TILE 8        /* centres whose distances are taken together */
#define ML_LARGEST 1e300 /* a square that is larger is none to compute with */
#define ML_FAR 1e30      /* squares, of which one takes another's digits */

typedef struct ml_space_options
{
	ml_text scale;
	double
	    category_weight; /* infinity: as much as makes a category weigh like a number */
} ml_space_options;

/* The entry of a table for the scale of the ml_space_options that are a field of that struct. */
#define ML_SPACE_SCALE_OPTION(type, field)                                               \
	{                                                                                    \
		"scale", ML_OPTION_TEXT, offsetof(type, field.scale), 0, 0, 0,                   \
		    "units of numbers: deviation, the default, standard deviations from the "    \
		    "mean; robust, the same by median and quartiles; none, as they are",         \
		    ml_scale_choice                                                              \
	}

/* Both entries. */
#define ML_SPACE_OPTIONS(type, field)                                                    \
	ML_SPACE_SCALE_OPTION(type, field),                                                  \
	{                                                                                    \
		"category_weight", ML_OPTION_AUTO, offsetof(type, field.category_weight),        \
		    INFINITY, 0, 1e9,                                                            \
		    "squared distance of two rows with different labels of a category (gamma "   \
		    "of k-prototypes); auto, the default, makes a category contribute to the "   \
		    "variance what a number does"                                                \
	}

extern const char *const ml_scale_choice[];

typedef struct ml_space
{
	const ml_schema *schema;
	int numbers;
	int categories;
	int64_t labels; /* of all categories, missing counted as one of each */
	int64_t
	    slots;   /* numbers of a centre: as coefficients, feature after feature (glm.h) */
	int *number; /* [numbers] feature */
	int *category;          /* [categories] feature */
	int64_t *number_slot;   /* [numbers] */
	int64_t *category_slot; /* [categories] the first one */
	int64_t *first_label;   /* [categories] among all labels */
	double *shift;          /* [numbers] */
	double *scale;          /* [numbers] */
	double *inverse;        /* [numbers] 1 / scale */
	double label_weight;    /* w */
	double variance;        /* of a row about the mean of all */
} ml_space;

/* Places of the features alone; shift and scale are zeros and ones. */
extern ml_status
ml_space_lay_out(ml_host *host, const ml_schema *schema, ml_space *space);

/* The same with units from the rows of a problem. */
extern ml_status ml_space_create(ml_host *host, const ml_problem *problem,
                                 const ml_space_options *options, ml_space *space);

/* What is learned of the space: arrays shift, scale and category_weight; ML_BAD_MODEL. */
extern ml_status ml_space_write(ml_host *host, const ml_space *space, ml_fitted *fitted);
extern ml_status ml_space_read(ml_host *host, const ml_schema *schema,
                               const ml_fitted *fitted, ml_space *space);

/* Some rows of a block as points, place by place; those past the last are zeros. */
typedef struct ml_points
{
	int rows;
	double *x;      /* [numbers][ML_BLOCK] */
	int32_t *label; /* [categories][ML_BLOCK] levels for missing */
	double *weight; /* [ML_BLOCK] */
} ml_points;

extern ml_status
ml_points_create(ml_host *host, const ml_space *space, ml_points *points);

/* Takes rows first + pick[0 .. rows), all of one block, in ascending order. */
extern void ml_points_fill(const ml_space *space, const ml_problem *problem,
                           int64_t first, const int *pick, int rows, ml_points *points);

/* Their labels and weights alone, with the place of the numbers left as it is. */
extern void ml_points_label(const ml_space *space, const ml_problem *problem,
                            int64_t first, const int *pick, int rows, ml_points *points);

/* Takes some of other points. */
extern void ml_points_pick(const ml_space *space, const ml_points *from, const int *pick,
                           int rows, ml_points *points);

/* Adds the first points of others behind them. */
extern void
ml_points_append(const ml_space *space, const ml_points *from, ml_points *points);

/* Writes a row as a model has it to a place among the points. */
extern void
ml_points_put(const ml_space *space, const double *row, int place, ml_points *points);

/* Adds a point times so much to the slots of a centre. */
extern void ml_points_add(const ml_space *space, const ml_points *points, int row,
                          double factor, double *center);

/* Centres as their distances are computed: tile by tile, side by side. */
typedef struct ml_centers
{
	const ml_space *space;
	int count;
	int tiles;
	double *at;     /* [count][slots] shares, and numbers in the units of the space */
	double *packed; /* [tiles][numbers][ML_TILE] */
	double
	    *price; /* [tiles][labels][ML_TILE] what a label adds to the squared distance */
} ml_centers;

extern ml_status
ml_centers_create(ml_host *host, const ml_space *space, int count, ml_centers *centers);

/* To be called for each centre that has been written to. */
extern void ml_centers_pack(ml_centers *centers, int center);

/* Squared distances of points to the centres of a tile: [ML_TILE][ML_BLOCK]. */
extern void ml_centers_measure(const ml_centers *centers, int tile,
                               const ml_points *points, double *squared);

/* The same of one row as a model has it, to all centres: squared has tiles * ML_TILE. */
extern void
ml_centers_of_row(const ml_centers *centers, const double *row, double *squared);

/* The squared distance of such a row from one of them. */
extern double ml_centers_of_one(const ml_centers *centers, int center, const double *row);

/* The squared distance of two centres. */
extern double ml_space_apart(const ml_space *space, const double *a, const double *b);

/*
 * Numbers of a row of which squares may be more than any number: x = u 2^exponent in the units of
 * the space, |u| < 1; missing ones are noughts.
 */
extern int ml_far_exponent(const ml_space *space, const double *row);
extern double
ml_far_number(const ml_space *space, int number, double value, int exponent);

/* The exponent of a number: |x| < 2^exponent. */
extern int ml_far_exponent_of(double number);

/* Points that are in segments. */
typedef struct ml_placed
{
	const ml_space *space;
	int64_t rows;
	int k;
	ml_points *block;       /* ML_BLOCK rows each, but the last */
	const int32_t *segment; /* [rows] */
	const double *weight;   /* [rows], or NULL: all 1 */
} ml_placed;

/* silhouette.c: the mean over the points and its standard error; with a pool open. */
extern ml_status
ml_silhouette(ml_host *host, const ml_placed *placed, double *mean, double *error);

/* A number of a row in the units of the space. */
static inline double
ml_space_number(const ml_space *space, int number, double value)
{
	return value == value ? (value - space->shift[number]) * space->inverse[number] : 0;
}

#endif
