/* SPDX-License-Identifier: PostgreSQL */
/*
 * trouble.c: fits that have no end, and the feature to blame.
 *
 * Maximum likelihood of two classes does not exist where a plane separates them, wholly or
 * but for ties (Albert and Anderson 1984).  Newton's method then walks on until the gain
 * falls under the tolerance: some coefficients are large by then, and their errors much
 * larger still.  A penalty gives every problem an end.
 */
#include "learn/learn.h"

#include <math.h>

#define SEPARATED_LOSS 1e-6 /* loss per row under which the classes are told apart */
#define ENDLESS_ERROR                                                                    \
	100.0 /* standardized error and coefficient of a column without end */
#define ENDLESS_SIZE 5.0

/* The label of a feature that a column of the design stands for, -1 for a number. */
static int
level_of(const ml_design *design, int column)
{
	for (int k = 0; k < design->categories; k++)
	{
		int levels = design->problem->schema->feature[design->category[k]].levels;

		for (int level = 0; level <= levels; level++)
			if (design->column_of[k][level] == column)
				return level;
	}
	return -1;
}

/* The standard error of b_j in the design's units, for a dispersion of 1. */
static double
plain_error(const ml_solver *s, int column, double *t)
{
	double sum = 0;

	for (int j = 0; j < s->design.cols; j++)
		t[j] = j == column;
	ml_solve_lower(s->design.cols, s->normal.l, t);
	for (int j = column; j < s->design.cols; j++)
		sum += t[j] * t[j];
	return sqrt(sum);
}

/* Standard deviation of a column of the design; 1 for a label. */
static double
spread_of(const ml_solver *s, int column)
{
	return sqrt(s->design.penalty[column]);
}

/* The column with the largest coefficient in standard deviations; 0 if there is none. */
static int
largest(const ml_solver *s, const double *of_column)
{
	int found = 0;
	double most = 0;

	for (int j = 1; j < s->design.cols; j++)
		if (fabs(of_column[j]) * spread_of(s, j) > most)
		{
			most = fabs(of_column[j]) * spread_of(s, j);
			found = j;
		}
	return found;
}

/* The column whose coefficient and error have no end; 0 if all have one. */
static int
find_endless(const ml_solver *s)
{
	int found = 0;
	double most = 0;

	for (int j = 1; j < s->design.cols; j++)
	{
		double size = fabs(s->beta[j]) * spread_of(s, j);

		if (size > ENDLESS_SIZE && size > most &&
		    plain_error(s, j, s->step) * spread_of(s, j) > ENDLESS_ERROR)
		{
			most = size;
			found = j;
		}
	}
	return found;
}

static void
blame(const ml_solver *s, ml_trouble_kind kind, int column, ml_trouble *trouble)
{
	*trouble = (ml_trouble){.kind = kind,
	                        .feature = ml_design_feature(&s->design, column),
	                        .level = column > 0 ? level_of(&s->design, column) : -1};
}

void
ml_trouble_find(ml_solver *s, ml_fitted *fitted)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	bool binary = s->problem->schema->task == ML_BINARY;

	fitted->trouble = s->trouble;
	if (s->trouble.kind != ML_TROUBLE_NONE)
		return;
	if (binary && s->glm->l2 == 0)
	{
		int column = find_endless(s);

		if (column == 0 && s->normal.loss_sum < SEPARATED_LOSS * rows)
			column = largest(s, s->beta);
		if (column > 0)
		{
			blame(s, ML_TROUBLE_SEPARATED, column, &fitted->trouble);
			s->converged = false;
		}
	}
	if (!s->converged && fitted->trouble.kind == ML_TROUBLE_NONE)
		blame(s, ML_TROUBLE_UNCONVERGED, largest(s, s->step), &fitted->trouble);
}
