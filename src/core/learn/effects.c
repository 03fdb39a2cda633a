/* SPDX-License-Identifier: PostgreSQL */
/*
 * effects.c: average marginal effects of logistic regression.
 *
 * With F the logistic function, f = F (1 - F) and f' = f (1 - 2 F), averages over the rows i by
 * weight:
 *
 *	of a number		avg f(eta_i) b_j,  derivative by b:  avg f(eta_i) e_j + b_j avg f'(eta_i) x_i
 *	of a label k	avg F(eta_ik) - F(eta_i0), where eta_ik is the linear predictor if row i had
 *					label k and eta_i0 if it had the reference;  derivative:
 *					avg f(eta_ik) x_ik - f(eta_i0) x_i0
 *
 * as Stata's margins, dydx(*) and R's margins do; their errors are by the delta method.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

typedef struct effect_sums
{
	double weight;
	double slope;     /* sum of w f */
	double *bend;     /* [cols] sum of w f' x */
	double *change;   /* [cols] sum of w (F_k - F_0) of a label */
	double *gradient; /* [cols][cols] its derivative, rows of labels only */
} effect_sums;

typedef struct effect_work
{
	const ml_solver *solver;
	effect_sums *shard;
} effect_work;

/* A row as the visitor sees it. */
typedef struct effect_row
{
	const double *x;
	const int32_t *label;
	double eta;
	double weight;
} effect_row;

/* out += factor x, without what category says of the row (-1: with all of it). */
static void
add_row(const ml_design *design, const effect_row *row, int category, double factor,
        double *out)
{
	for (int i = 0; i < design->dense; i++)
		out[i] += factor * row->x[i];
	for (int k = 0; k < design->categories; k++)
		if (k != category && row->label[k] >= 0)
			out[row->label[k]] += factor;
}

/* What the labels of one category would change for a row. */
static void
add_labels(const ml_solver *s, const effect_row *row, int category, effect_sums *sums)
{
	const ml_design *design = &s->design;
	int levels = design->problem->schema->feature[design->category[category]].levels;
	int32_t own = row->label[category];
	double base = row->eta - (own >= 0 ? s->beta[own] : 0);
	double p0 = s->family->respond(base), f0 = p0 * (1 - p0);

	for (int level = 0; level <= levels; level++)
	{
		int32_t column = design->column_of[category][level];
		double p, f, *gradient;

		if (column < 0)
			continue;
		p = s->family->respond(base + s->beta[column]);
		f = p * (1 - p);
		gradient = sums->gradient + (int64_t) column * design->cols;
		sums->change[column] += row->weight * (p - p0);
		add_row(design, row, category, row->weight * (f - f0), gradient);
		gradient[column] += row->weight * f;
	}
}

static void
add_effects(void *argument, int index, const ml_shard *shard)
{
	effect_work *work = argument;
	const ml_solver *s = work->solver;
	const ml_design_block *block = &shard->block;
	effect_sums *sums = &work->shard[index];

	for (int i = 0; i < block->rows; i++)
	{
		double p = s->family->respond(shard->eta[i]), f = p * (1 - p);
		effect_row row = {.x = block->dense + (int64_t) i * s->design.dense,
		                  .label = block->labels + (int64_t) i * s->design.categories,
		                  .eta = shard->eta[i],
		                  .weight = block->weight[i]};

		sums->weight += row.weight;
		sums->slope += row.weight * f;
		add_row(&s->design, &row, -1, row.weight * f * (1 - 2 * p), sums->bend);
		for (int k = 0; k < s->design.categories; k++)
			add_labels(s, &row, k, sums);
	}
}

static ml_status
create_sums(ml_host *host, int64_t cols, effect_sums *sums)
{
	ML_NEW(host, sums->bend, cols);
	ML_NEW(host, sums->change, cols);
	ML_NEW(host, sums->gradient, cols * cols);
	return ML_OK;
}

static void
join_sums(const effect_sums *from, int64_t cols, effect_sums *into)
{
	into->weight += from->weight;
	into->slope += from->slope;
	for (int64_t j = 0; j < cols; j++)
	{
		into->bend[j] += from->bend[j];
		into->change[j] += from->change[j];
	}
	for (int64_t j = 0; j < cols * cols; j++)
		into->gradient[j] += from->gradient[j];
}

ml_status
ml_effects_take(ml_solver *s, ml_effects *effects)
{
	effect_work work = {.solver = s};
	int64_t cols = s->design.cols;
	effect_sums *all;

	ML_TRY(ml_memory_check(s->host, 8.0 * s->normal.shards * (double) (cols * cols)));
	ML_NEW(s->host, work.shard, s->normal.shards);
	for (int i = 0; i < s->normal.shards; i++)
		ML_TRY(create_sums(s->host, cols, &work.shard[i]));
	ML_TRY(ml_normal_visit(s->host, &s->normal, s->beta, add_effects, &work, false));
	all = &work.shard[0];
	for (int i = 1; i < s->normal.shards; i++)
		join_sums(&work.shard[i], cols, all);
	for (int64_t j = 0; j < cols; j++)
	{
		double *gradient = all->gradient + j * cols;

		if (j < s->design.dense)
		{
			all->change[j] = all->slope * s->beta[j];
			for (int64_t k = 0; k < cols; k++)
				gradient[k] = s->beta[j] * all->bend[k];
			gradient[j] += all->slope;
		}
		all->change[j] /= all->weight;
		for (int64_t k = 0; k < cols; k++)
			gradient[k] /= all->weight;
	}
	effects->effect = all->change;
	effects->gradient = all->gradient;
	return ML_OK;
}
