/* SPDX-License-Identifier: PostgreSQL */
/*
 * trouble.c: fits that have no end, and the feature to blame.
 *
 * Maximum likelihood of two classes does not exist where a plane separates them, wholly or
 * but for ties (Albert and Anderson 1984), nor that of counts where a plane holds rows of zero
 * apart.  Newton's method then walks on at a steady pace, about 1 in the linear predictor by a
 * step, until the gain falls under the tolerance.  Where there is a maximum, the step that
 * would come next is nothing: so it tells the one from the other, and which
 * coefficient walks.  A penalty gives every problem an end.
 */
#include "learn/learn.h"

#include <math.h>

#define SEPARATED_LOSS 1e-6 /* loss per row under which the classes are told apart */
#define ENDLESS_STEP_EXPECTED                                                            \
	0.01 /* of links that are fitted to a far smaller decrement */

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

double
ml_trouble_range(const ml_design *design, int column)
{
	const ml_feature *feature;

	if (column >= design->dense)
		return 1;
	feature = &design->problem->schema->feature[design->number[column - 1]];
	return (feature->max - feature->min) / design->scale[column];
}

/* The column whose coefficient has no end; 0 if all have one. */
static int
find_endless(const ml_solver *s)
{
	int found = 0;
	double most = s->family->canonical ? ML_ENDLESS_STEP : ENDLESS_STEP_EXPECTED;
	double *next = s->previous;

	ml_normal_step(&s->normal, next);
	for (int j = 1; j < s->design.cols; j++)
	{
		double reach = fabs(next[j]) * ml_trouble_range(&s->design, j);

		if (reach > most)
		{
			most = reach;
			found = j;
		}
	}
	return found;
}

void
ml_trouble_blame(const ml_design *design, ml_trouble_kind kind, int column,
                 ml_trouble *trouble)
{
	*trouble = (ml_trouble){.kind = kind,
	                        .feature = ml_design_feature(design, column),
	                        .level = column > 0 ? level_of(design, column) : -1};
}

/*
 * The level to blame of a separating category: one whose rows are of one class, since that may be
 * the reference, which has no column; the one blamed so far if it is such a level, else the largest.
 */
static ml_status
find_level(const ml_solver *s, ml_trouble *trouble)
{
	const ml_problem *problem = s->problem;
	const ml_feature *feature = &problem->schema->feature[trouble->feature];
	const ml_column *column = &problem->frame->column[feature->column];
	int64_t *rows, most = 0;

	ML_NEW(s->host, rows, 2 * (int64_t) (feature->levels + 1));
	for (int64_t row = problem->begin; row < problem->end; row++)
	{
		int32_t code = *ml_codes_at(column, row);

		ML_PAUSE(s->host, row);
		rows[2 * (code < 0 ? feature->levels : code) +
		     (*ml_numbers_at(problem->target, row) > 0)]++;
	}
	if (rows[2 * trouble->level] == 0 || rows[2 * trouble->level + 1] == 0)
		return ML_OK;
	for (int level = 0; level <= feature->levels; level++)
		if ((rows[2 * level] == 0 || rows[2 * level + 1] == 0) &&
		    rows[2 * level] + rows[2 * level + 1] > most)
		{
			most = rows[2 * level] + rows[2 * level + 1];
			trouble->level = level;
		}
	return ML_OK;
}

ml_status
ml_trouble_find(ml_solver *s, ml_fitted *fitted)
{
	double rows = (double) (s->problem->end - s->problem->begin);
	bool binary = s->problem->schema->task == ML_BINARY;

	fitted->trouble = s->trouble;
	if (s->trouble.kind != ML_TROUBLE_NONE)
		return ML_OK;
	if (s->glm->l2 == 0 && !s->family->dispersed && s->iterations > 1)
	{
		int column = s->converged ? find_endless(s) : 0;

		if (column == 0 && binary && s->normal.loss_sum < SEPARATED_LOSS * rows)
			column = largest(s, s->beta);
		if (column > 0)
		{
			ml_trouble_blame(&s->design, ML_TROUBLE_SEPARATED, column, &fitted->trouble);
			s->converged = false;
		}
	}
	if (!s->converged && fitted->trouble.kind == ML_TROUBLE_NONE)
		ml_trouble_blame(&s->design, ML_TROUBLE_UNCONVERGED, largest(s, s->step),
		                 &fitted->trouble);
	return binary && fitted->trouble.kind == ML_TROUBLE_SEPARATED &&
	               fitted->trouble.level >= 0
	           ? find_level(s, &fitted->trouble)
	           : ML_OK;
}
