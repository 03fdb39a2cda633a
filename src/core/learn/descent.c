/* SPDX-License-Identifier: PostgreSQL */
/*
 * descent.c: coordinate descent, and the equations of what is not zero.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define PAUSE 1e6 /* multiplications between two questions to the host */
#define MAX_SWEEPS 1000000
#define PIVOT 1e-13 /* to its diagonal, below which the equations are not solved */

typedef struct descender
{
	ml_descent *d;
	ml_worker *worker;
	int active;   /* coefficients under way */
	double spent; /* multiplications since the host was asked */
	bool stopped;
} descender;

static bool
pause(descender *s, double work)
{
	s->spent += work;
	if (s->spent < PAUSE)
		return s->stopped;
	s->spent = 0;
	s->stopped = s->stopped || ml_worker_stop(s->worker);
	return s->stopped;
}

ML_HOT static void
add_scaled(int n, double factor, const double *x, double *out)
{
	for (int i = 0; i < n; i++)
		out[i] += factor * x[i];
}

/* Four sums side by side, whose order does not depend on the width of registers. */
ML_HOT static double
dot(int n, const double *x, const double *y)
{
	double lane[4] = {0}, sum;
	int i = 0;

	for (; i + 4 <= n; i += 4)
		for (int k = 0; k < 4; k++)
			lane[k] += x[i + k] * y[i + k];
	sum = (lane[0] + lane[1]) + (lane[2] + lane[3]);
	for (; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

static void
set_coefficient(ml_descent *d, int j, double b)
{
	double change = b - d->b[j];

	d->b[j] = b;
	add_scaled(d->n, -change, d->h + (int64_t) j * d->n, d->r);
}

/* The best value of one coefficient; answers H_jj times the square of its change. */
static double
descend_one(descender *s, int j)
{
	ml_descent *d = s->d;
	double h = d->h[(int64_t) j * d->n + j], old = d->b[j];
	double pull = d->r[j] + h * old, best = fabs(pull) - d->lasso[j];

	/* a column that never varies has no curvature and stays out */
	best = best > 0 && h + d->ridge[j] > 0 ? copysign(best, pull) / (h + d->ridge[j]) : 0;
	if (best == old)
		return 0;
	set_coefficient(d, j, best);
	pause(s, d->n);
	return h * (best - old) * (best - old);
}

/* All coefficients once; lists those that are not zero. */
static double
descend_all(descender *s)
{
	ml_descent *d = s->d;
	double most = 0;

	s->active = 0;
	for (int j = 0; j < d->n && !s->stopped; j++)
	{
		double change = descend_one(s, j);

		most = change > most ? change : most;
		if (d->b[j] != 0)
			d->active[s->active++] = j;
	}
	pause(s, d->n);
	return most;
}

static double
descend_active(descender *s)
{
	double most = 0;

	for (int a = 0; a < s->active && !s->stopped; a++)
	{
		double change = descend_one(s, s->d->active[a]);

		most = change > most ? change : most;
	}
	pause(s, s->active);
	return most;
}

/* Factors H + ridge of the active coefficients; false if it is singular to rounding. */
static bool
factor_active(descender *s)
{
	ml_descent *d = s->d;
	int64_t n = s->active;

	for (int64_t i = 0; i < n; i++)
	{
		const double *h = d->h + (int64_t) d->active[i] * d->n;
		double *row = d->factor + i * n;

		for (int64_t j = 0; j <= i; j++)
		{
			double sum = h[d->active[j]] - dot((int) j, row, d->factor + j * n);

			if (j < i)
			{
				row[j] = sum / d->factor[j * n + j];
				continue;
			}
			sum += d->ridge[d->active[i]];
			if (!(sum > PIVOT * (h[d->active[i]] + d->ridge[d->active[i]])))
				return false;
			row[i] = sqrt(sum);
		}
		if (pause(s, (double) (i * i) / 2))
			return false;
	}
	return true;
}

/*
 * Goes to the solution of the active coefficients' equations, their signs given, or
 * up to where one of them reaches zero.  True at the solution.
 */
static bool
solve_active(descender *s)
{
	ml_descent *d = s->d;
	double *step = d->work, share = 1;
	int n = 0, first = -1;

	for (int a = 0; a < s->active; a++)
		if (d->b[d->active[a]] != 0)
			d->active[n++] = d->active[a];
	s->active = n;
	if (!factor_active(s))
		return false;
	for (int a = 0; a < n; a++)
	{
		int j = d->active[a];

		step[a] = d->r[j] - d->ridge[j] * d->b[j] - copysign(d->lasso[j], d->b[j]);
	}
	ml_solve_lower(n, d->factor, step);
	ml_solve_lower_transposed(n, d->factor, step);
	for (int a = 0; a < n; a++)
	{
		int j = d->active[a];
		double reach = -d->b[j] / step[a];

		if (d->lasso[j] > 0 && reach > 0 && reach < share)
		{
			share = reach;
			first = a;
		}
	}
	for (int a = 0; a < n && !s->stopped; a++)
	{
		int j = d->active[a];

		set_coefficient(d, j, a == first ? 0 : d->b[j] + share * step[a]);
		pause(s, d->n);
	}
	return first < 0;
}

/*
 * Rounds over the active coefficients until they rest, then one over all, until that one
 * rests as well.
 */
ml_status
ml_descent_run(ml_descent *d, ml_worker *worker)
{
	descender s = {.d = d, .worker = worker};

	for (int sweeps = 0; sweeps < MAX_SWEEPS && !s.stopped; sweeps++)
	{
		double work = 0;

		if (descend_all(&s) <= d->tolerance)
			break;
		while (descend_active(&s) > d->tolerance && !s.stopped && sweeps++ < MAX_SWEEPS)
		{
			double size = s.active;

			work += size * d->n;
			if (work < size * size * size / 3)
				continue;
			work = 0;
			if (solve_active(&s))
				break;
		}
	}
	return s.stopped ? ML_STOPPED : ML_OK;
}
