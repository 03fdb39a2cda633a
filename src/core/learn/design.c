/* SPDX-License-Identifier: PostgreSQL */
/*
 * design.c: encoding rows, block by block.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

static void
encode_number(ml_design *design, const ml_feature *feature, int column)
{
	double mean = feature->mean, sd = feature->sd;
	int exponent;

	if (feature->bins != NULL)
		ml_bins_moments(feature->bins, &mean, &sd);
	/* sd of a column that varies may still underflow to zero */
	frexp(sd > 0 ? sd : 1, &exponent);
	design->shift[column] = (double) (float) mean;
	if (!isfinite(design->shift[column]))
		design->shift[column] = mean;
	design->scale[column] = ldexp(1, exponent);
	design->fill[column] = (mean - design->shift[column]) / design->scale[column];
	/* squares of tiny values underflow; the penalty must not */
	design->penalty[column] =
	    sd > 0 ? (sd / design->scale[column]) * (sd / design->scale[column]) : 1;
}

static ml_status
encode_category(ml_host *host, ml_design *design, const ml_feature *feature, int category)
{
	int32_t *column_of;

	ML_NEW(host, column_of, feature->levels + 1);
	column_of[0] = -1;
	for (int level = 1; level < feature->levels; level++)
		column_of[level] = design->cols++;
	column_of[feature->levels] = feature->missing > 0 ? design->cols++ : -1;
	design->column_of[category] = column_of;
	return ML_OK;
}

ml_design
ml_design_measure(const ml_problem *problem)
{
	const ml_schema *schema = problem->schema;
	ml_design design = {.problem = problem, .dense = 1, .cols = 1};

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->use != ML_USE_TERM)
			continue;
		design.dense += ml_is_term(feature, ML_NUMBER);
		design.categories += ml_is_term(feature, ML_CATEGORY);
		design.cols += ml_is_term(feature, ML_NUMBER)
		                   ? 1
		                   : feature->levels - 1 + (feature->missing > 0);
	}
	return design;
}

static bool
is_offset(const ml_feature *feature)
{
	return feature->use == ML_USE_OFFSET || feature->use == ML_USE_EXPOSURE;
}

ml_status
ml_offsets_find(ml_host *host, const ml_schema *schema, ml_offsets *offsets)
{
	int count = 0;

	*offsets = (ml_offsets){.feature = schema->feature};
	for (int f = 0; f < schema->features; f++)
		offsets->count += is_offset(&schema->feature[f]);
	if (offsets->count == 0)
		return ML_OK;
	ML_NEW(host, offsets->at, offsets->count);
	for (int f = 0; f < schema->features; f++)
		if (is_offset(&schema->feature[f]))
			offsets->at[count++] = f;
	return ML_OK;
}

void
ml_offsets_fill(const ml_offsets *offsets, const ml_frame *frame, int64_t first, int rows,
                double *sum)
{
	for (int k = 0; k < offsets->count; k++)
	{
		const ml_feature *feature = &offsets->feature[offsets->at[k]];
		const double *x = ml_numbers_at(&frame->column[feature->column], first);

		for (int i = 0; i < rows; i++)
			sum[i] += ml_offset_of(feature, x[i]);
	}
}

ml_status
ml_design_create(ml_host *host, const ml_problem *problem, ml_design *design)
{
	const ml_schema *schema = problem->schema;
	int numbers = 0;

	*design = (ml_design){.problem = problem};
	for (int f = 0; f < schema->features; f++)
	{
		numbers += ml_is_term(&schema->feature[f], ML_NUMBER);
		design->categories += ml_is_term(&schema->feature[f], ML_CATEGORY);
	}
	ML_TRY(ml_offsets_find(host, schema, &design->offsets));
	design->dense = design->cols = numbers + 1;
	ML_NEW(host, design->number, numbers);
	ML_NEW(host, design->shift, design->dense);
	ML_NEW(host, design->scale, design->dense);
	ML_NEW(host, design->fill, design->dense);
	ML_NEW(host, design->category, design->categories);
	ML_NEW(host, design->column_of, design->categories);
	for (int f = 0, category = 0; f < schema->features; f++)
		if (ml_is_term(&schema->feature[f], ML_CATEGORY))
		{
			design->category[category] = f;
			ML_TRY(encode_category(host, design, &schema->feature[f], category++));
		}
	ML_NEW(host, design->penalty, design->cols);
	for (int c = design->dense; c < design->cols; c++)
		design->penalty[c] = 1;
	design->scale[0] = 1;
	for (int f = 0, column = 1; f < schema->features; f++)
		if (ml_is_term(&schema->feature[f], ML_NUMBER))
		{
			design->number[column - 1] = f;
			encode_number(design, &schema->feature[f], column++);
		}
	return ML_OK;
}

ml_status
ml_design_block_create(ml_host *host, const ml_design *design, ml_design_block *block)
{
	*block = (ml_design_block){0};
	ML_NEW(host, block->dense, (int64_t) ML_BLOCK * design->dense);
	ML_NEW(host, block->labels, (int64_t) ML_BLOCK * design->categories);
	ML_NEW(host, block->target, ML_BLOCK);
	ML_NEW(host, block->weight, ML_BLOCK);
	if (design->offsets.count > 0)
		ML_NEW(host, block->offset, ML_BLOCK);
	return ML_OK;
}

/* The bins of a block's numbers, by counting edges: nothing to predict for the processor. */
ML_HOT static void
count_edges(const ml_bins *bins, const double *x, int rows, int32_t *bin)
{
	for (int i = 0; i < rows; i++)
		bin[i] = isnan(x[i]) ? bins->bins : 0;
	for (int e = 0; e + 1 < bins->bins; e++)
		for (int i = 0; i < rows; i++)
			bin[i] += x[i] >= bins->edge[e];
}

/* Weight of evidence of a block's rows of one feature, as the column of the matrix. */
static void
fill_evidence(const ml_design *design, int c, int64_t first, int rows, double *out)
{
	const ml_feature *feature = &design->problem->schema->feature[design->number[c - 1]];
	const ml_column *column = &design->problem->frame->column[feature->column];
	const ml_bins *bins = feature->bins;
	double value[ML_MOST_BINS + 1];
	int32_t bin[ML_BLOCK];

	for (int i = 0; i <= bins->bins; i++)
		value[i] = (bins->bin[i].woe - design->shift[c]) / design->scale[c];
	if (feature->kind == ML_NUMBER)
		count_edges(bins, ml_numbers_at(column, first), rows, bin);
	else
		for (int i = 0; i < rows; i++)
			bin[i] = ml_bin_of_code(bins, ml_codes_at(column, first)[i]);
	for (int i = 0; i < rows; i++)
		out[i] = value[bin[i]];
}

ML_HOT static int64_t
fill_block(const ml_design *design, int64_t first, int64_t end, ml_design_block *block)
{
	const ml_problem *problem = design->problem;
	const ml_feature *feature = problem->schema->feature;
	const double *target = ml_numbers_at(problem->target, first);
	int64_t next = ml_block_end(first, end);
	int rows = (int) (next - first), dense = design->dense;

	block->rows = rows;
	for (int i = 0; i < rows; i++)
	{
		block->dense[(int64_t) i * dense] = 1;
		block->target[i] = target[i];
		block->weight[i] =
		    problem->weight != NULL ? *ml_numbers_at(problem->weight, first + i) : 1;
	}
	for (int c = 1; c < dense; c++)
	{
		const ml_column *column =
		    &problem->frame->column[feature[design->number[c - 1]].column];
		const double *x;
		double *out = block->dense + c;
		double shift = design->shift[c], fill = design->fill[c];
		double inverse = 1 / design->scale[c]; /* exact: a power of two */

		if (feature[design->number[c - 1]].bins != NULL)
		{
			double evidence[ML_BLOCK];

			fill_evidence(design, c, first, rows, evidence);
			for (int i = 0; i < rows; i++)
				out[(int64_t) i * dense] = evidence[i];
			continue;
		}
		x = ml_numbers_at(column, first);
		for (int i = 0; i < rows; i++)
			out[(int64_t) i * dense] = isnan(x[i]) ? fill : (x[i] - shift) * inverse;
	}
	for (int k = 0; k < design->categories; k++)
	{
		const ml_feature *category = &feature[design->category[k]];
		const int32_t *code =
		    ml_codes_at(&problem->frame->column[category->column], first);
		const int32_t *column_of = design->column_of[k];

		for (int i = 0; i < rows; i++)
			block->labels[(int64_t) i * design->categories + k] =
			    column_of[code[i] < 0 ? category->levels : code[i]];
	}
	return next;
}

/* The rounding errors of x - shift (Knuth's exact difference); scaling makes none. */
static void
fill_low(const ml_design *design, int64_t first, ml_design_block *block)
{
	const ml_problem *problem = design->problem;

	for (int c = 1; c < design->dense; c++)
	{
		const ml_feature *feature = &problem->schema->feature[design->number[c - 1]];
		const double *x;
		double shift = design->shift[c], inverse = 1 / design->scale[c];

		/* nothing is known of the rounding of evidence: zeros stay */
		if (feature->bins != NULL)
			continue;
		x = ml_numbers_at(&problem->frame->column[feature->column], first);
		for (int i = 0; i < block->rows; i++)
		{
			double high = x[i] - shift, back = high - x[i];
			double error = (x[i] - (high - back)) - (shift + back);

			block->low[(int64_t) i * design->dense + c] =
			    isnan(x[i]) ? 0 : error * inverse;
		}
	}
}

static void
fill_offset(const ml_design *design, int64_t first, int rows, double *offset)
{
	memset(offset, 0, sizeof(double) * ML_BLOCK);
	ml_offsets_fill(&design->offsets, design->problem->frame, first, rows, offset);
}

int64_t
ml_design_fill(const ml_design *design, int64_t first, int64_t end,
               ml_design_block *block)
{
	int64_t next = fill_block(design, first, end, block);

	if (block->low != NULL)
		fill_low(design, first, block);
	if (design->offsets.count > 0)
		fill_offset(design, first, block->rows, block->offset);
	return next;
}

ml_status
ml_column_block_create(ml_host *host, const ml_design *design, ml_column_block *block)
{
	ML_NEW(host, block->dense, (int64_t) ML_BLOCK * design->dense);
	ML_NEW(host, block->labels, (int64_t) ML_BLOCK * design->categories);
	ML_NEW(host, block->target, ML_BLOCK);
	ML_NEW(host, block->weight, ML_BLOCK);
	ML_NEW(host, block->offset, ML_BLOCK);
	return ML_OK;
}

/* One column of numbers; whole blocks have a number of rows that the compiler knows. */
ML_HOT static void
fill_column(const ml_design *design, int column, const double *x, int rows, double *out)
{
	double shift = design->shift[column], fill = design->fill[column];
	double inverse = 1 / design->scale[column]; /* exact: a power of two */

	if (rows == ML_BLOCK)
		for (int i = 0; i < ML_BLOCK; i++)
			out[i] = isnan(x[i]) ? fill : (x[i] - shift) * inverse;
	else
		for (int i = 0; i < ML_BLOCK; i++)
			out[i] = i >= rows ? 0 : isnan(x[i]) ? fill : (x[i] - shift) * inverse;
}

int64_t
ml_column_block_fill(const ml_design *design, int64_t first, int64_t end,
                     ml_column_block *block)
{
	const ml_problem *problem = design->problem;
	const ml_feature *feature = problem->schema->feature;
	const ml_column *column = problem->frame->column;
	int64_t next = ml_block_end(first, end);
	int rows = (int) (next - first);

	block->rows = rows;
	for (int i = 0; i < ML_BLOCK; i++)
	{
		bool there = i < rows;

		block->dense[i] = there;
		block->target[i] = there ? ml_numbers_at(problem->target, first)[i] : 0;
		block->weight[i] = !there ? 0
		                   : problem->weight == NULL
		                       ? 1
		                       : ml_numbers_at(problem->weight, first)[i];
	}
	for (int c = 1; c < design->dense; c++)
	{
		const ml_feature *number = &feature[design->number[c - 1]];
		const ml_column *of = &column[number->column];
		double *out = block->dense + (int64_t) c * ML_BLOCK;

		if (number->bins != NULL)
		{
			fill_evidence(design, c, first, rows, out);
			memset(out + rows, 0, sizeof(double) * (size_t) (ML_BLOCK - rows));
			continue;
		}
		fill_column(design, c, ml_numbers_at(of, first), rows, out);
		/* pieces this short are over before the processor has begun to read ahead */
		for (int i = 0; i < ML_BLOCK && next + ML_BLOCK <= end; i += 8)
			__builtin_prefetch(ml_numbers_at(of, next) + i, 0, 2);
	}
	for (int k = 0; k < design->categories; k++)
	{
		const ml_feature *category = &feature[design->category[k]];
		const int32_t *code = ml_codes_at(&column[category->column], first);

		for (int i = 0; i < ML_BLOCK; i++)
			block->labels[(int64_t) k * ML_BLOCK + i] =
			    i >= rows
			        ? -1
			        : design->column_of[k][code[i] < 0 ? category->levels : code[i]];
	}
	if (design->offsets.count > 0)
		fill_offset(design, first, rows, block->offset);
	return next;
}

/* Where missing did not occur in training its slot is the mean over the labels. */
static int64_t
unscale_category(const ml_design *design, int category, const double *beta, double *out)
{
	const ml_feature *feature =
	    &design->problem->schema->feature[design->category[category]];
	const int32_t *column_of = design->column_of[category];
	double mean = 0, rows = 0;

	for (int level = 0; level <= feature->levels; level++)
	{
		out[level] = column_of[level] < 0 ? 0 : beta[column_of[level]];
		if (level < feature->levels)
		{
			mean += feature->count[level] * out[level];
			rows += feature->count[level];
		}
	}
	if (column_of[feature->levels] < 0)
		out[feature->levels] = mean / rows;
	return feature->levels + 1;
}

void
ml_design_unscale(const ml_design *design, const double *beta, double offset,
                  double *intercept, double *coefficient)
{
	const ml_schema *schema = design->problem->schema;
	int number = 1, category = 0;

	*intercept = beta[0] + offset;
	for (int c = 1; c < design->dense; c++)
		*intercept -= beta[c] * (design->shift[c] / design->scale[c]);
	for (int f = 0; f < schema->features; f++)
		if (ml_is_term(&schema->feature[f], ML_CATEGORY))
			coefficient += unscale_category(design, category++, beta, coefficient);
		else if (ml_is_term(&schema->feature[f], ML_NUMBER))
		{
			*coefficient++ = beta[number] / design->scale[number];
			number++;
		}
}

int
ml_design_feature(const ml_design *design, int column)
{
	if (column == 0)
		return -1;
	if (column < design->dense)
		return design->number[column - 1];
	for (int k = 0; k < design->categories; k++)
	{
		int levels = design->problem->schema->feature[design->category[k]].levels;

		for (int level = 0; level <= levels; level++)
			if (design->column_of[k][level] == column)
				return design->category[k];
	}
	return -1;
}

ml_status
ml_design_blame(ml_host *host, const ml_design *design, int dependent, ml_status status)
{
	if (status == ML_SINGULAR)
	{
		int feature = ml_design_feature(design, dependent);

		host->fault.column =
		    feature < 0 ? -1 : design->problem->schema->feature[feature].column;
	}
	return status;
}
