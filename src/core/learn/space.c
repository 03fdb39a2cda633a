/* SPDX-License-Identifier: PostgreSQL */
/*
 * space.c: rows as points, and their distances to centres.
 *
 * Differences are squared one by one: |x|^2 - 2 x c + |c|^2 by BLAS is faster with many centres,
 * but leaves no digits where all points lie far from the origin.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SAMPLE 65536                        /* rows that quartiles are taken from */
#define NORMAL_QUARTILES 1.3489795003921634 /* their distance in a standard normal */

const char *const ml_scale_choice[] = {"deviation", "robust", "none", NULL};

ml_status
ml_space_lay_out(ml_host *host, const ml_schema *schema, ml_space *space)
{
	*space = (ml_space){.schema = schema, .label_weight = 1};
	ML_NEW(host, space->number, schema->features);
	ML_NEW(host, space->category, schema->features);
	ML_NEW(host, space->number_slot, schema->features);
	ML_NEW(host, space->category_slot, schema->features);
	ML_NEW(host, space->first_label, schema->features);
	ML_NEW(host, space->shift, schema->features);
	ML_NEW(host, space->scale, schema->features);
	ML_NEW(host, space->inverse, schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->use != ML_USE_TERM)
			continue;
		if (feature->kind == ML_NUMBER)
		{
			space->scale[space->numbers] = space->inverse[space->numbers] = 1;
			space->number_slot[space->numbers] = space->slots++;
			space->number[space->numbers++] = f;
			continue;
		}
		space->category_slot[space->categories] = space->slots;
		space->first_label[space->categories] = space->labels;
		space->category[space->categories++] = f;
		space->slots += feature->levels + 1;
		space->labels += feature->levels + 1;
	}
	return ML_OK;
}

/* Median and quartiles of the known numbers of a sample, in units of a normal distribution. */
static ml_status
scale_by_quartiles(ml_host *host, const ml_problem *problem, const ml_feature *feature,
                   double *shift, double *scale)
{
	const ml_column *column = &problem->frame->column[feature->column];
	int64_t end =
	    problem->end - problem->begin > SAMPLE ? problem->begin + SAMPLE : problem->end;
	double *number;
	uint32_t *order;
	int64_t count = 0;

	ML_NEW(host, number, end - problem->begin);
	ML_NEW(host, order, end - problem->begin);
	for (int64_t row = problem->begin; row < end; row++)
	{
		double x = *ml_numbers_at(column, row);

		if (!isnan(x))
			number[count++] = x;
	}
	if (count == 0)
		return ML_OK;
	ML_TRY(ml_sort_numbers(host, number, count, order));
	*shift = number[order[(count - 1) / 2]];
	/* where half of the rows have one value, quartiles tell of no units */
	if (number[order[3 * (count - 1) / 4]] > number[order[(count - 1) / 4]])
		*scale = (number[order[3 * (count - 1) / 4]] - number[order[(count - 1) / 4]]) /
		         NORMAL_QUARTILES;
	return ML_OK;
}

static ml_status
scale_numbers(ml_host *host, const ml_problem *problem, ml_text scale, ml_space *space)
{
	bool is_robust = scale.bytes != NULL && ml_text_is(scale, "robust");

	for (int j = 0; j < space->numbers; j++)
	{
		const ml_feature *feature = &space->schema->feature[space->number[j]];

		if (ml_stop(host))
			return ML_STOPPED;
		space->shift[j] = feature->mean;
		if (scale.bytes != NULL && ml_text_is(scale, "none"))
			continue;
		/* squares of what it varies by are less than any number */
		if (!(feature->sd > 0) && feature->min < feature->max)
			return ml_fail(host, ML_NOT_NUMERIC, feature->column, -1);
		/* a feature that is kept although it never varies has no deviation */
		space->scale[j] = feature->sd > 0 ? feature->sd : 1;
		if (is_robust)
			ML_TRY(scale_by_quartiles(host, problem, feature, &space->shift[j],
			                          &space->scale[j]));
		space->inverse[j] = 1 / space->scale[j];
	}
	return ML_OK;
}

/* Variance of a number about its mean, the rows counted in that stand at the middle. */
static double
number_variance(const ml_space *space, int j)
{
	const ml_feature *feature = &space->schema->feature[space->number[j]];
	double known = 1 - feature->missing / space->schema->rows;
	double deviation = feature->sd / space->scale[j];
	double mean = (feature->mean - space->shift[j]) / space->scale[j];

	return known * (deviation * deviation + (1 - known) * mean * mean);
}

/* Gini's index of a category: how often two rows have different labels. */
static double
label_variance(const ml_space *space, int c)
{
	const ml_feature *feature = &space->schema->feature[space->category[c]];
	double rows = space->schema->rows, missing = feature->missing / rows;
	double gini = 1 - missing * missing;

	for (int level = 0; level < feature->levels; level++)
		gini -= feature->count[level] / rows * (feature->count[level] / rows);
	return gini;
}

/* The mean variance of numbers over that of categories, and what all of them add up to. */
static void
weigh_labels(ml_space *space, double category_weight)
{
	double numbers = 0, categories = 0;

	for (int j = 0; j < space->numbers; j++)
		numbers += number_variance(space, j);
	for (int c = 0; c < space->categories; c++)
		categories += label_variance(space, c);
	space->label_weight = category_weight / 2;
	if (isinf(category_weight))
		space->label_weight =
		    space->numbers > 0 && numbers > 0 && categories > 0
		        ? numbers / space->numbers / (categories / space->categories)
		        : 1;
	space->variance = numbers + space->label_weight * categories;
}

ml_status
ml_space_create(ml_host *host, const ml_problem *problem, const ml_space_options *options,
                ml_space *space)
{
	ML_TRY(ml_space_lay_out(host, problem->schema, space));
	ML_TRY(scale_numbers(host, problem, options->scale, space));
	weigh_labels(space, options->category_weight);
	return space->variance < ML_LARGEST && space->label_weight < ML_LARGEST
	           ? ML_OK
	           : ML_NOT_NUMERIC;
}

ml_status
ml_space_write(ml_host *host, const ml_space *space, ml_fitted *fitted)
{
	double *shift, *scale;

	ML_TRY(ml_fitted_add(host, fitted, "shift", space->numbers, &shift));
	ML_TRY(ml_fitted_add(host, fitted, "scale", space->numbers, &scale));
	for (int j = 0; j < space->numbers; j++)
	{
		shift[j] = space->shift[j];
		scale[j] = space->scale[j];
	}
	return ml_fitted_scalar(host, fitted, "category_weight", 2 * space->label_weight);
}

ml_status
ml_space_read(ml_host *host, const ml_schema *schema, const ml_fitted *fitted,
              ml_space *space)
{
	const double *weight = ml_fitted_finite(fitted, "category_weight", 1);
	const double *shift, *scale;

	ML_TRY(ml_space_lay_out(host, schema, space));
	shift = ml_fitted_finite(fitted, "shift", space->numbers);
	scale = ml_fitted_finite(fitted, "scale", space->numbers);
	if (shift == NULL || scale == NULL || weight == NULL ||
	    !(*weight >= 0 && *weight <= 2 * ML_LARGEST))
		return ML_BAD_MODEL;
	space->label_weight = *weight / 2;
	for (int j = 0; j < space->numbers; j++)
	{
		space->shift[j] = shift[j];
		space->scale[j] = scale[j];
		space->inverse[j] = 1 / scale[j];
		if (!(scale[j] > 0) || isinf(space->inverse[j]))
			return ML_BAD_MODEL;
	}
	return ML_OK;
}

ml_status
ml_points_create(ml_host *host, const ml_space *space, ml_points *points)
{
	*points = (ml_points){0};
	ML_NEW(host, points->x, (int64_t) space->numbers * ML_BLOCK);
	ML_NEW(host, points->label, (int64_t) space->categories * ML_BLOCK);
	ML_NEW(host, points->weight, ML_BLOCK);
	return ML_OK;
}

/* One column; whole blocks need no list. */
ML_HOT static void
fill_numbers(const double *from, const int *pick, int rows, const double unit[2],
             double *to)
{
	double shift = unit[0], inverse = unit[1];

	if (rows >= 32)
		for (int i = 0; i < ML_BLOCK; i += 8)
			__builtin_prefetch(from + ML_BLOCK + i);

	if (rows == ML_BLOCK)
		for (int i = 0; i < ML_BLOCK; i++)
			to[i] = from[i] == from[i] ? (from[i] - shift) * inverse : 0;
	else
		for (int i = 0; i < rows; i++)
		{
			double x = from[pick[i]];

			to[i] = x == x ? (x - shift) * inverse : 0;
		}
}

void
ml_points_label(const ml_space *space, const ml_problem *problem, int64_t first,
                const int *pick, int rows, ml_points *points)
{
	points->rows = rows;
	for (int c = 0; c < space->categories; c++)
	{
		const ml_feature *feature = &space->schema->feature[space->category[c]];
		const int32_t *from =
		    ml_codes_at(&problem->frame->column[feature->column], first);
		int32_t *to = points->label + (int64_t) c * ML_BLOCK;

		for (int i = 0; i < rows; i++)
			to[i] = from[pick[i]] < 0 ? feature->levels : from[pick[i]];
	}
	for (int i = 0; i < rows; i++)
		points->weight[i] =
		    problem->weight != NULL ? ml_numbers_at(problem->weight, first)[pick[i]] : 1;
}

void
ml_points_fill(const ml_space *space, const ml_problem *problem, int64_t first,
               const int *pick, int rows, ml_points *points)
{
	const ml_schema *schema = space->schema;

	for (int j = 0; j < space->numbers; j++)
	{
		const ml_feature *feature = &schema->feature[space->number[j]];
		const double unit[] = {space->shift[j], space->inverse[j]};
		double *to = points->x + (int64_t) j * ML_BLOCK;

		fill_numbers(ml_numbers_at(&problem->frame->column[feature->column], first), pick,
		             rows, unit, to);
		for (int i = rows; i % ML_TILE != 0; i++)
			to[i] = 0;
	}
	ml_points_label(space, problem, first, pick, rows, points);
}

void
ml_points_pick(const ml_space *space, const ml_points *from, const int *pick, int rows,
               ml_points *points)
{
	points->rows = rows;
	for (int64_t at = 0; at < (int64_t) space->numbers * ML_BLOCK; at += ML_BLOCK)
	{
		for (int i = 0; i < rows; i++)
			points->x[at + i] = from->x[at + pick[i]];
		for (int i = rows; i % ML_TILE != 0; i++)
			points->x[at + i] = 0;
	}
	for (int64_t at = 0; at < (int64_t) space->categories * ML_BLOCK; at += ML_BLOCK)
		for (int i = 0; i < rows; i++)
			points->label[at + i] = from->label[at + pick[i]];
	for (int i = 0; i < rows; i++)
		points->weight[i] = from->weight[pick[i]];
}

void
ml_points_append(const ml_space *space, const ml_points *from, ml_points *points)
{
	for (int64_t j = 0; j < space->numbers; j++)
		memcpy(points->x + j * ML_BLOCK + points->rows, from->x + j * ML_BLOCK,
		       (size_t) from->rows * sizeof *points->x);
	for (int64_t c = 0; c < space->categories; c++)
		memcpy(points->label + c * ML_BLOCK + points->rows, from->label + c * ML_BLOCK,
		       (size_t) from->rows * sizeof *points->label);
	points->rows += from->rows;
}

void
ml_points_put(const ml_space *space, const double *row, int place, ml_points *points)
{
	for (int j = 0; j < space->numbers; j++)
		points->x[(int64_t) j * ML_BLOCK + place] =
		    ml_space_number(space, j, row[space->number[j]]);
	for (int c = 0; c < space->categories; c++)
	{
		double label = row[space->category[c]];

		points->label[(int64_t) c * ML_BLOCK + place] =
		    label < 0 ? space->schema->feature[space->category[c]].levels
		              : (int32_t) label;
	}
}

void
ml_points_add(const ml_space *space, const ml_points *points, int row, double factor,
              double *center)
{
	for (int j = 0; j < space->numbers; j++)
		center[space->number_slot[j]] += factor * points->x[(int64_t) j * ML_BLOCK + row];
	for (int c = 0; c < space->categories; c++)
		center[space->category_slot[c] + points->label[(int64_t) c * ML_BLOCK + row]] +=
		    factor;
}

ml_status
ml_centers_create(ml_host *host, const ml_space *space, int count, ml_centers *centers)
{
	int tiles = (count + ML_TILE - 1) / ML_TILE;

	*centers = (ml_centers){.space = space, .count = count, .tiles = tiles};
	ML_NEW(host, centers->at, count * space->slots);
	ML_NEW(host, centers->packed, (int64_t) tiles * space->numbers * ML_TILE);
	ML_NEW(host, centers->price, tiles * space->labels * ML_TILE);
	return ML_OK;
}

void
ml_centers_pack(ml_centers *centers, int center)
{
	const ml_space *space = centers->space;
	const double *at = centers->at + center * space->slots;
	int tile = center / ML_TILE, lane = center % ML_TILE;
	double *packed = centers->packed + (int64_t) tile * space->numbers * ML_TILE + lane;
	double *price = centers->price + tile * space->labels * ML_TILE + lane;

	for (int j = 0; j < space->numbers; j++)
		packed[(int64_t) j * ML_TILE] = at[space->number_slot[j]];
	for (int c = 0; c < space->categories; c++)
	{
		const double *share = at + space->category_slot[c];
		int levels = space->schema->feature[space->category[c]].levels;

		double squares = 0;

		for (int level = 0; level <= levels; level++)
			squares += share[level] * share[level];
		/* a share of one costs nothing, to the bit: so equal rows are at no distance */
		for (int level = 0; level <= levels; level++)
			price[(space->first_label[c] + level) * ML_TILE] =
			    space->label_weight *
			    fmax(0, (1 - share[level]) * (1 - share[level]) +
			                (squares - share[level] * share[level]));
	}
}

typedef double vector
    __attribute__((vector_size(4 * sizeof(double)), aligned(8), may_alias));

/* Eight rows and four centres of a tile. */
static inline __attribute__((always_inline)) void
measure_numbers(const double *center, int numbers, const double *x, double *squared)
{
	vector sum[4][2] = {{{0}}};

	for (int j = 0; j < numbers; j++)
	{
		vector low = *(const vector *) (x + (int64_t) j * ML_BLOCK);
		vector high = *(const vector *) (x + (int64_t) j * ML_BLOCK + 4);

		for (int k = 0; k < 4; k++)
		{
			vector a = low - center[j * ML_TILE + k], b = high - center[j * ML_TILE + k];

			sum[k][0] += a * a;
			sum[k][1] += b * b;
		}
	}
	for (int k = 0; k < 4; k++)
	{
		*(vector *) (squared + k * ML_BLOCK) = sum[k][0];
		*(vector *) (squared + k * ML_BLOCK + 4) = sum[k][1];
	}
}

ML_HOT static void
measure_tile(const double *packed, const ml_points *points, int dims[2], double *squared)
{
	for (int first = 0; first < dims[1]; first += 4)
		for (int row = 0; row < points->rows; row += ML_TILE)
			measure_numbers(packed + first, dims[0], points->x + row,
			                squared + first * ML_BLOCK + row);
}

void
ml_centers_measure(const ml_centers *centers, int tile, const ml_points *points,
                   double *squared)
{
	const ml_space *space = centers->space;
	const double *price = centers->price + tile * space->labels * ML_TILE;
	int used = centers->count - tile * ML_TILE;
	int dims[] = {space->numbers, used < ML_TILE ? used : ML_TILE};

	measure_tile(centers->packed + (int64_t) tile * space->numbers * ML_TILE, points,
	             dims, squared);
	for (int c = 0; c < space->categories; c++)
	{
		const int32_t *label = points->label + (int64_t) c * ML_BLOCK;

		for (int k = 0; k < dims[1]; k++)
			for (int i = 0; i < points->rows; i++)
				squared[k * ML_BLOCK + i] +=
				    price[(space->first_label[c] + label[i]) * ML_TILE + k];
	}
}

ML_HOT static void
measure_row(const ml_centers *centers, int tile, const double *row, double *squared)
{
	const ml_space *space = centers->space;
	const double *center = centers->packed + (int64_t) tile * space->numbers * ML_TILE;
	const double *price = centers->price + tile * space->labels * ML_TILE;
	double sum[ML_TILE] = {0};

	for (int j = 0; j < space->numbers; j++)
	{
		double x = ml_space_number(space, j, row[space->number[j]]);

		for (int k = 0; k < ML_TILE; k++)
		{
			double away = x - center[(int64_t) j * ML_TILE + k];

			sum[k] += away * away;
		}
	}
	for (int c = 0; c < space->categories; c++)
	{
		double label = row[space->category[c]];
		int level =
		    label < 0 ? space->schema->feature[space->category[c]].levels : (int) label;

		for (int k = 0; k < ML_TILE; k++)
			sum[k] += price[(space->first_label[c] + level) * ML_TILE + k];
	}
	memcpy(squared, sum, sizeof sum);
}

void
ml_centers_of_row(const ml_centers *centers, const double *row, double *squared)
{
	for (int tile = 0; tile < centers->tiles; tile++)
		measure_row(centers, tile, row, squared + tile * ML_TILE);
}

double
ml_centers_of_one(const ml_centers *centers, int center, const double *row)
{
	const ml_space *space = centers->space;
	const double *at = centers->at + center * space->slots;
	const double *price =
	    centers->price + center / ML_TILE * space->labels * ML_TILE + center % ML_TILE;
	double sum = 0;

	for (int j = 0; j < space->numbers; j++)
	{
		double away =
		    ml_space_number(space, j, row[space->number[j]]) - at[space->number_slot[j]];

		sum += away * away;
	}
	for (int c = 0; c < space->categories; c++)
	{
		double label = row[space->category[c]];
		int64_t level = label < 0 ? space->schema->feature[space->category[c]].levels
		                          : (int64_t) label;

		sum += price[(space->first_label[c] + level) * ML_TILE];
	}
	return sum;
}

double
ml_space_apart(const ml_space *space, const double *a, const double *b)
{
	double numbers = 0, labels = 0;

	for (int j = 0; j < space->numbers; j++)
	{
		double away = a[space->number_slot[j]] - b[space->number_slot[j]];

		numbers += away * away;
	}
	for (int c = 0; c < space->categories; c++)
	{
		int levels = space->schema->feature[space->category[c]].levels;

		for (int64_t at = space->category_slot[c]; at <= space->category_slot[c] + levels;
		     at++)
			labels += (a[at] - b[at]) * (a[at] - b[at]);
	}
	return numbers + space->label_weight * labels;
}

int
ml_far_exponent_of(double number)
{
	int exponent;

	frexp(number, &exponent);
	return exponent;
}

/* Halves, since a difference may be out of range although its digits are not. */
static double
split_number(const ml_space *space, int number, double value, int *exponent)
{
	int of_number, of_inverse;
	double digits = frexp(value / 2 - space->shift[number] / 2, &of_number) *
	                frexp(space->inverse[number], &of_inverse);

	*exponent = of_number + of_inverse + 1;
	return digits;
}

int
ml_far_exponent(const ml_space *space, const double *row)
{
	int most = 0;

	for (int j = 0; j < space->numbers; j++)
	{
		int exponent;

		if (row[space->number[j]] == row[space->number[j]] &&
		    split_number(space, j, row[space->number[j]], &exponent) != 0 &&
		    exponent > most)
			most = exponent;
	}
	return most;
}

double
ml_far_number(const ml_space *space, int number, double value, int exponent)
{
	int own;
	double digits;

	if (value != value)
		return 0;
	digits = split_number(space, number, value, &own);
	return ldexp(digits, own - exponent);
}
