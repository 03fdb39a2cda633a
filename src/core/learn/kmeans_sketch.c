/* SPDX-License-Identifier: PostgreSQL */
/*
 * kmeans_sketch.c: which centre is nearest, from rows in steps of 16 bits.
 *
 * Half the squared distance of x from centre c, less half the square of x, is
 *
 *	s_c(x) = |c|^2 / 2 - x . c
 *
 * and whose s is least is nearest.  It is computed in single precision of x = q step + e, q whole
 * numbers of 16 bits and |e| <= step / 2, so that
 *
 *	|s_c - computed| <= error_c = sum_j |c_j| step_j / 2 + gamma (|c|^2 / 2 + 2^15 sum_j |c_j| step_j)
 *
 * with gamma for the roundings.  A centre whose s is below that of each other by more than both
 * errors is the nearest one for certain.  All other rows, and those with a number beyond the steps,
 * are measured as ever, so the answer is that of double precision to the last row.  A pass reads a
 * quarter of the bytes and has no need for bounds, which say little in many dimensions.
 */
#include "learn/learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST 32767.0      /* steps on either side of the middle */
#define DEVIATIONS 16     /* that they reach */
#define MAGIC 0x1.8p52    /* added and taken away, it leaves a whole number */
#define HALF 0.5001       /* of a step, and what rounding adds */
#define LARGE 1e30        /* more than any sum may come to in single precision */
#define UNIT 0x1p-23      /* of single precision, twice what a rounding loses */
#define DOUBLE_UNIT 4e-16 /* the same of double precision, with room */

typedef float lanes
    __attribute__((vector_size(8 * sizeof(float)), aligned(4), may_alias));
typedef int32_t whole __attribute__((vector_size(8 * sizeof(int32_t))));
typedef int16_t steps
    __attribute__((vector_size(8 * sizeof(int16_t)), aligned(2), may_alias));

double
ml_sketch_memory(const ml_space *space, int64_t rows)
{
	return (double) rows * (2.0 * space->numbers + 1);
}

static int16_t *
block_of(const ml_sketch *sketch, int64_t row)
{
	return sketch->steps + (row / ML_BLOCK - sketch->first_block) *
	                           (int64_t) sketch->space->numbers * ML_BLOCK;
}

ml_status
ml_sketch_create(ml_host *host, const ml_space *space, int64_t begin, int64_t end, int k,
                 ml_sketch *sketch)
{
	int64_t blocks = (end + ML_BLOCK - 1) / ML_BLOCK - begin / ML_BLOCK;
	int64_t numbers = (int64_t) space->numbers * ML_BLOCK;
	int tiles = (k + ML_TILE - 1) / ML_TILE;

	*sketch = (ml_sketch){.space = space, .first_block = begin / ML_BLOCK};
	ML_NEW_RAW(host, sketch->steps, blocks * numbers);
	ML_NEW(host, sketch->is_far, blocks * ML_BLOCK);
	ML_NEW(host, sketch->unit, space->numbers);
	ML_NEW(host, sketch->center, (int64_t) tiles * space->numbers * ML_TILE);
	ML_NEW(host, sketch->base, tiles * ML_TILE);
	ML_NEW(host, sketch->slack, tiles * ML_TILE);
	ML_NEW(host, sketch->price, tiles * space->labels * ML_TILE);
	/* places past either end are looked at, though not used */
	memset(sketch->steps, 0, (size_t) numbers * sizeof *sketch->steps);
	memset(sketch->steps + (blocks - 1) * numbers, 0,
	       (size_t) numbers * sizeof *sketch->steps);
	for (int j = 0; j < space->numbers; j++)
	{
		double sd = space->schema->feature[space->number[j]].sd / space->scale[j];

		sketch->unit[j] = (sd > 0 ? sd : 1) * DEVIATIONS / MOST;
	}
	return ML_OK;
}

/* One number of some rows: unit holds shift, 1 / scale and steps of one. */
ML_HOT static void
sketch_number(const double *from, int rows, const double unit[3], int16_t *to,
              double *farthest)
{
	for (int i = 0; i < rows; i++)
	{
		double at = from[i] == from[i] ? (from[i] - unit[0]) * unit[1] * unit[2] : 0;
		double size = fabs(at), kept = size <= MOST ? at : 0;

		farthest[i] = size > farthest[i] ? size : farthest[i];
		to[i] = (int16_t) (int32_t) (kept + MAGIC - MAGIC);
	}
}

bool *
ml_sketch_far(const ml_sketch *sketch, int64_t row)
{
	return sketch->is_far + row - sketch->first_block * ML_BLOCK;
}

void
ml_sketch_fill(const ml_sketch *sketch, const ml_problem *problem, int64_t first,
               int rows)
{
	const ml_space *space = sketch->space;
	int64_t place = first % ML_BLOCK;
	int16_t *to = block_of(sketch, first) + place;
	double farthest[ML_BLOCK] = {0};

	for (int j = 0; j < space->numbers; j++)
	{
		const ml_feature *feature = &space->schema->feature[space->number[j]];
		const double unit[] = {space->shift[j], space->inverse[j], 1 / sketch->unit[j]};

		sketch_number(ml_numbers_at(&problem->frame->column[feature->column], first),
		              rows, unit, to + (int64_t) j * ML_BLOCK, farthest);
	}
	for (int i = 0; i < rows; i++)
		ml_sketch_far(sketch, first)[i] = !(farthest[i] <= MOST);
}

/* What the labels of categories add to s at a centre, in single precision. */
static double
take_prices(const ml_centers *centers, int center, ml_sketch *sketch)
{
	const ml_space *space = centers->space;
	int64_t tile = center / ML_TILE, lane = center % ML_TILE;
	double most = 0;

	for (int64_t label = 0; label < space->labels; label++)
	{
		int64_t at = (tile * space->labels + label) * ML_TILE + lane;

		sketch->price[at] = (float) (centers->price[at] / 2);
		most = fmax(most, centers->price[at] / 2);
	}
	return most * space->categories;
}

/* One centre in steps, how far computed sums may be off, and whether they stay finite. */
static bool
take_center(const ml_centers *centers, int center, ml_sketch *sketch)
{
	const ml_space *space = centers->space;
	int64_t tile = center / ML_TILE, lane = center % ML_TILE;
	const double *at = centers->at + center * space->slots;
	float *to = sketch->center + tile * space->numbers * ML_TILE + lane;
	double half = 0, reach = 0, rows = 0, error, size;
	double roundings = space->numbers + space->categories + 8;

	for (int j = 0; j < space->numbers; j++)
	{
		double c = at[space->number_slot[j]], unit = sketch->unit[j];

		to[(int64_t) j * ML_TILE] = (float) (c * unit);
		half += c * c / 2;
		reach += fabs(c) * unit;
		rows += MOST * unit * (MOST * unit);
	}
	size = half + MOST * reach + take_prices(centers, center, sketch);
	error =
	    HALF * reach + roundings * (UNIT * size + DOUBLE_UNIT * (rows + size)) + 1e-30;
	sketch->base[center] = (float) (half - error);
	sketch->slack[center] = (float) (2 * error * (1 + 2 * UNIT));
	return size + error < LARGE;
}

void
ml_sketch_take(const ml_centers *centers, ml_sketch *sketch)
{
	sketch->is_blind = false;
	for (int c = 0; c < centers->tiles * ML_TILE; c++)
		if (c >= centers->count)
			sketch->base[c] = (float) (LARGE * 1e6);
		else if (!take_center(centers, c, sketch))
			sketch->is_blind = true;
}

/* Sixteen rows and four centres of a tile. */
static inline __attribute__((always_inline)) void
add_products(const float *center, const float *base, int numbers, const int16_t *step,
             float *sum)
{
	lanes s[4][2];

	for (int k = 0; k < 4; k++)
		s[k][0] = s[k][1] = (lanes){0} + base[k];
	for (int j = 0; j < numbers; j++)
	{
		const int16_t *at = step + (int64_t) j * ML_BLOCK;
		lanes low = __builtin_convertvector(
		    __builtin_convertvector(*(const steps *) at, whole), lanes);
		lanes high = __builtin_convertvector(
		    __builtin_convertvector(*(const steps *) (at + 8), whole), lanes);

		for (int k = 0; k < 4; k++)
		{
			s[k][0] -= low * center[j * ML_TILE + k];
			s[k][1] -= high * center[j * ML_TILE + k];
		}
	}
	for (int k = 0; k < 4; k++)
	{
		*(lanes *) (sum + k * ML_BLOCK) = s[k][0];
		*(lanes *) (sum + k * ML_BLOCK + 8) = s[k][1];
	}
}

/* The centres of a tile at all rows of a block: sum is [ML_TILE][ML_BLOCK]. */
ML_HOT static void
add_tile(const float *center, const float *base, int numbers, const int16_t *step,
         float *sum)
{
	for (int row = 0; row < ML_BLOCK; row += 16)
	{
		add_products(center, base, numbers, step + row, sum + row);
		add_products(center + 4, base + 4, numbers, step + row, sum + 4 * ML_BLOCK + row);
	}
}

/* Nearest, second nearest and which it is; first is the number of the tile's first centre. */
ML_HOT static void
keep_nearest(const float *sum, float first, float *best)
{
	for (int i = 0; i < ML_BLOCK; i++)
	{
		float nearest = best[i], second = best[ML_BLOCK + i];
		float which = best[2 * ML_BLOCK + i], number = first;

		for (int k = 0; k < ML_TILE; k++, number += 1)
		{
			float s = sum[k * ML_BLOCK + i];
			float beaten = s < nearest ? nearest : s;

			second = beaten < second ? beaten : second;
			which = s < nearest ? number : which;
			nearest = s < nearest ? s : nearest;
		}
		best[i] = nearest;
		best[ML_BLOCK + i] = second;
		best[2 * ML_BLOCK + i] = which;
	}
}

static void
add_labels(const ml_sketch *sketch, const ml_problem *problem, int64_t first, int rows,
           int tile, float *sum)
{
	const ml_space *space = sketch->space;
	const float *price = sketch->price + tile * space->labels * ML_TILE;
	int64_t place = first % ML_BLOCK;

	for (int c = 0; c < space->categories; c++)
	{
		const ml_feature *feature = &space->schema->feature[space->category[c]];
		const int32_t *code =
		    ml_codes_at(&problem->frame->column[feature->column], first);

		for (int i = 0; i < rows; i++)
		{
			int64_t label =
			    space->first_label[c] + (code[i] < 0 ? feature->levels : code[i]);

			for (int k = 0; k < ML_TILE; k++)
				sum[k * ML_BLOCK + place + i] += price[label * ML_TILE + k];
		}
	}
}

void
ml_sketch_nearest(const ml_sketch *sketch, const ml_problem *problem, int64_t first,
                  int rows, int tiles, bool certain, int32_t *nearest)
{
	const ml_space *space = sketch->space;
	const bool *is_far = ml_sketch_far(sketch, first);
	int64_t place = first % ML_BLOCK;
	float sum[ML_TILE * ML_BLOCK], best[3 * ML_BLOCK];

	for (int i = 0; i < ML_BLOCK; i++)
	{
		best[i] = best[ML_BLOCK + i] = FLT_MAX;
		best[2 * ML_BLOCK + i] = 0;
	}
	for (int tile = 0; tile < tiles && !sketch->is_blind; tile++)
	{
		add_tile(sketch->center + (int64_t) tile * space->numbers * ML_TILE,
		         sketch->base + tile * ML_TILE, space->numbers, block_of(sketch, first),
		         sum);
		add_labels(sketch, problem, first, rows, tile, sum);
		keep_nearest(sum, (float) (tile * ML_TILE), best);
	}
	for (int i = 0; i < rows; i++)
	{
		const float *at = best + place + i;
		int32_t which = (int32_t) at[2 * ML_BLOCK];
		bool is_told = !sketch->is_blind && !is_far[i] &&
		               (!certain || at[0] + sketch->slack[which] < at[ML_BLOCK]);

		nearest[i] = is_told ? which : -1;
	}
}

void
ml_sketch_points(const ml_sketch *sketch, const ml_problem *problem, int64_t first,
                 const int *pick, int rows, ml_points *points)
{
	const ml_space *space = sketch->space;
	const int16_t *from = block_of(sketch, first) + first % ML_BLOCK;

	ml_points_label(space, problem, first, pick, rows, points);
	for (int j = 0; j < space->numbers; j++, from += ML_BLOCK)
		for (int i = 0; i < rows; i++)
			points->x[(int64_t) j * ML_BLOCK + i] = from[pick[i]] * sketch->unit[j];
}
