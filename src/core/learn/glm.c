/* SPDX-License-Identifier: PostgreSQL */
/*
 * glm.c: Newton's method with step halving over any family.
 *
 * Large problems are first solved on a sixteenth of the rows: rows are in the order of
 * their hashed keys, so the first ones are a random sample, and the start it gives
 * saves passes over the rest.
 *
 * The negative binomial alternates between the coefficients for a given theta and theta's
 * likelihood equation for given coefficients, as MASS::glm.nb does (Venables and Ripley, Modern
 * Applied Statistics with S, 2002, section 7.4); standard errors are those for theta given.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define QR_WORK 2e8       /* rows x columns^2 up to which QR costs no noticeable time */
#define QR_STEPS 3        /* of a quadratic loss; the refinements do not reflect again */
#define REFINED 1e-20     /* decrement by loss after which a refinement is the last one */
#define SAMPLE_ROWS 65536 /* from here on a sample gives the start */
#define SAMPLE_SHARE 16
#define SAMPLE_ITERATIONS 5
#define SAMPLE_DECREMENT 1.0 /* a start need not be nearer than the sample's own noise */
#define HALVINGS 20
#define SAME_POINT 1e-12 /* decrement under which a step changes no standard error */
#define EXPECTED_SHARE                                                                   \
	1e-12 /* of the tolerance, where steps gain a share of what is left only */
#define NO_DISPERSION 1e8   /* a theta from which on counts are Poisson's */
#define SAME_THETA 1e-10    /* relative change under which theta has converged */
#define THETA_ITERATIONS 50 /* of its own equation */

double
ml_glm_offset(const ml_schema *schema, const ml_family *family)
{
	double mean = family->quadratic ? schema->target_mean : 0;

	/* rounded, so that taking it off the target is exact for money and counts */
	return isfinite((double) (float) mean) ? (double) (float) mean : mean;
}

/* Sets up the factorization; a change to QR keeps what has been reached. */
static ml_status
use_factorization(ml_solver *s, bool by_qr)
{
	s->normal = (ml_normal){.design = &s->design,
	                        .loss = s->family->loss,
	                        .l2 = s->glm->l2,
	                        .by_qr = by_qr,
	                        .quadratic = s->family->quadratic,
	                        .offset = ml_glm_offset(s->problem->schema, s->family),
	                        .shape = s->theta};
	return ml_normal_create(s->host, &s->normal);
}

static void
take_step(ml_solver *s, double *decrement)
{
	*decrement = 0;
	ml_normal_step(&s->normal, s->step);
	memcpy(s->previous, s->beta, (size_t) s->design.cols * sizeof(double));
	for (int j = 0; j < s->design.cols; j++)
	{
		*decrement += s->step[j] * s->normal.gradient[j];
		s->beta[j] += s->step[j];
	}
}

/* A pass that changes to QR when the Gram matrix turns out too ill-conditioned. */
static ml_status
pass(ml_solver *s, int64_t end, bool curved)
{
	ML_TRY(ml_normal_pass(s->host, &s->normal, s->beta, end, curved));
	/* outside of the link's domain there is nothing to factor */
	if (s->normal.dependent >= 0 && !s->normal.by_qr && isfinite(s->normal.objective))
	{
		ML_TRY(use_factorization(s, true));
		ML_TRY(ml_normal_pass(s->host, &s->normal, s->beta, end, true));
	}
	return ML_OK;
}

/* f and its loss after a step that gains half the decrement. */
static void
account_for_step(ml_solver *s, double decrement)
{
	s->normal.objective -= decrement / 2;
	s->normal.loss_sum = s->normal.objective;
	for (int j = 0; j < s->design.cols; j++)
		s->normal.loss_sum -=
		    s->glm->l2 * s->design.penalty[j] * s->beta[j] * s->beta[j] / 2;
	/* of an exact fit rounding errors are left, of either sign */
	if (s->family->quadratic && s->normal.loss_sum < 0)
		s->normal.loss_sum = 0;
}

/*
 * Newton's method on the rows before end, until the decrement s'g, twice the gain that
 * is left, falls below target.  A step that makes f larger is halved.  The factor of
 * the last pass belongs to a point sqrt(decrement) standard errors from the solution.
 */
static ml_status
newton(ml_solver *s, int64_t end, int64_t max_iterations, double target,
       double *decrement)
{
	double last = INFINITY;
	int halvings = 0;

	s->converged = false;
	for (int64_t i = 0; i < max_iterations; i++)
	{
		ML_TRY(pass(s, end, true));
		s->iterations++;
		if (!(s->normal.objective <= last + 1e-10 * (fabs(last) + 1)) ||
		    isinf(s->normal.objective))
		{
			if (i == 0 || ++halvings > HALVINGS)
				return i == 0 ? ML_NOT_NUMERIC : ML_OK;
			for (int j = 0; j < s->design.cols; j++)
				s->beta[j] = (s->beta[j] + s->previous[j]) / 2;
			continue;
		}
		if (s->normal.dependent >= 0)
			return i == 0 ? ML_SINGULAR : ML_OK;
		halvings = 0;
		last = s->normal.objective;
		take_step(s, decrement);
		ml_progress(s->host, ML_STAGE_FIT, (double) i + 1, (double) max_iterations);
		if (*decrement <= target)
		{
			account_for_step(s, *decrement);
			s->converged = true;
			return ML_OK;
		}
	}
	return ML_OK;
}

/*
 * Steps of a quadratic loss: the solution and its refinements.  A refinement shows by how
 * much the step before was off; where that is nothing beside the residuals, it was the last.
 */
static ml_status
solve_quadratic(ml_solver *s)
{
	double decrement = 0;
	int steps = 2;

	for (int i = 0; i < steps; i++)
	{
		ML_TRY(pass(s, s->problem->end, i == 0));
		if (s->normal.dependent >= 0)
			return ML_SINGULAR;
		take_step(s, &decrement);
		if (s->normal.by_qr)
			steps = i > 0 && decrement <= REFINED * s->normal.loss_sum ? i + 1 : QR_STEPS;
		s->iterations++;
		ml_progress(s->host, ML_STAGE_FIT, i + 1, steps);
	}
	s->converged = true;
	if (s->normal.by_qr)
		return ml_normal_pass(s->host, &s->normal, s->beta, s->problem->end, false);
	account_for_step(s, decrement);
	return ML_OK;
}

double
ml_glm_start(const ml_schema *schema, const ml_family *family)
{
	double mean =
	    schema->task == ML_BINARY
	        ? schema->class_count[1] / (schema->class_count[0] + schema->class_count[1])
	        : schema->target_mean;
	double eta = family->link_of(mean);
	bool positive = strcmp(family->link, "inverse") == 0;

	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (feature->use == ML_USE_TERM || feature->use == ML_USE_GROUP)
			continue;
		/* the inverse link's predictors must be positive to begin with, in every row */
		eta -= ml_offset_of(feature, positive ? feature->min : feature->mean);
	}
	return eta;
}

static void
start_over(ml_solver *s)
{
	memset(s->beta, 0, (size_t) s->design.cols * sizeof(double));
	s->beta[0] = ml_glm_start(s->problem->schema, s->family);
}

/* The curvature of other links is the expected one, so that steps converge at a rate only. */
static double
decrement_wanted(const ml_solver *s)
{
	double tolerance = s->glm->tolerance;

	return s->family->canonical ? tolerance : tolerance * EXPECTED_SHARE;
}

/* Starts on a sample, as far as that helps. */
static ml_status
solve_sample(ml_solver *s)
{
	int64_t rows = s->problem->end - s->problem->begin;
	double decrement;
	ml_status status;

	if (rows < SAMPLE_ROWS)
		return ML_OK;
	status = newton(s, s->problem->begin + rows / SAMPLE_SHARE, SAMPLE_ITERATIONS,
	                SAMPLE_DECREMENT, &decrement);
	s->iterations = 0;
	/* a sample may be separable or lack a label where all rows are fine */
	if (status == ML_SINGULAR || status == ML_NOT_NUMERIC ||
	    (status == ML_OK && !s->converged))
	{
		start_over(s);
		return ML_OK;
	}
	return status;
}

static ml_status
solve(ml_solver *s)
{
	double decrement = INFINITY;
	ml_status status;

	if (s->family->quadratic)
		return solve_quadratic(s);
	start_over(s);
	ML_TRY(solve_sample(s));
	status = newton(s, s->problem->end, s->glm->max_iterations, decrement_wanted(s),
	                &decrement);
	if (status == ML_NOT_NUMERIC)
	{
		/* what the sample gave may be outside of the link's domain */
		start_over(s);
		status = newton(s, s->problem->end, s->glm->max_iterations, decrement_wanted(s),
		                &decrement);
	}
	ML_TRY(status);
	/* standard errors are to be those of the solution, not of a point before it */
	if (decrement <= SAME_POINT && !s->glm->robust && s->glm->cluster == NULL)
		return ML_OK;
	return pass(s, s->problem->end, true);
}

/* Sums over the rows for theta, one set per shard. */
typedef struct theta_sums
{
	double theta;
	struct
	{
		double weight;
		double ratio; /* sum of w (y / mu - 1)^2 */
		double score;
		double information;
	} * shard;
} theta_sums;

static void
add_theta(void *argument, int index, const ml_shard *shard)
{
	theta_sums *sums = argument;
	double theta = sums->theta;

	for (int i = 0; i < shard->block.rows; i++)
	{
		double y = shard->block.target[i], w = shard->block.weight[i];
		double mu = exp(shard->eta[i]), away = y / mu - 1;

		sums->shard[index].weight += w;
		sums->shard[index].ratio += w * away * away;
		if (theta == 0)
			continue;
		sums->shard[index].score += w * (ml_digamma(theta + y) - ml_digamma(theta) -
		                                 log1p(mu / theta) + (mu - y) / (mu + theta));
		sums->shard[index].information +=
		    w * (ml_trigamma(theta) - ml_trigamma(theta + y) - 1 / theta +
		         2 / (mu + theta) - (y + theta) / ((mu + theta) * (mu + theta)));
	}
}

/* One pass: score and information of theta; for theta = 0 the moment estimate is the score. */
static ml_status
pass_theta(ml_solver *s, double theta, double *score, double *information)
{
	theta_sums sums = {.theta = theta};
	double weight = 0, ratio = 0;

	*score = *information = 0;
	ML_NEW(s->host, sums.shard, s->normal.shards);
	ML_TRY(ml_normal_visit(s->host, &s->normal, s->beta, add_theta, &sums, false));
	for (int i = 0; i < s->normal.shards; i++)
	{
		weight += sums.shard[i].weight;
		ratio += sums.shard[i].ratio;
		*score += sums.shard[i].score;
		*information += sums.shard[i].information;
	}
	if (theta == 0)
		*score = weight / ratio;
	return ML_OK;
}

/* Newton's method on the likelihood equation of theta, as MASS::theta.ml. */
static ml_status
solve_theta(ml_solver *s)
{
	double theta, score, information;

	ML_TRY(pass_theta(s, 0, &theta, &information));
	for (int i = 0; i < THETA_ITERATIONS; i++)
	{
		double next;

		ML_TRY(pass_theta(s, theta, &score, &information));
		next = theta + score / information;
		/* where the likelihood is not concave, go up the slope */
		if (!(information > 0))
			next = score > 0 ? 4 * theta : theta / 4;
		else if (next <= theta / 4)
			next = theta / 4;
		if (next > NO_DISPERSION || !isfinite(next))
		{
			s->trouble = (ml_trouble){ML_TROUBLE_NO_DISPERSION, -1, -1};
			next = NO_DISPERSION;
		}
		score = fabs(next - theta);
		theta = next;
		if (score <= SAME_THETA / 10 * theta || theta == NO_DISPERSION)
			break;
	}
	s->theta = s->normal.shape = theta;
	s->theta_error = 1 / sqrt(information);
	return ML_OK;
}

static ml_status
solve_negative_binomial(ml_solver *s)
{
	const ml_family *family = s->family;
	double decrement, last = 0;
	int64_t iterations;

	s->family = ml_family_find("poisson", (ml_text){0});
	s->normal.loss = s->family->loss;
	ML_TRY(solve(s));
	iterations = s->iterations;
	s->family = family;
	s->normal.loss = family->loss;
	for (int64_t i = 0; i < s->glm->max_iterations; i++)
	{
		ML_TRY(solve_theta(s));
		ML_TRY(newton(s, s->problem->end, s->glm->max_iterations, decrement_wanted(s),
		              &decrement));
		iterations++;
		if (fabs(s->theta - last) <= SAME_THETA * s->theta || s->trouble.kind)
			break;
		s->converged = false;
		last = s->theta;
	}
	s->iterations = iterations;
	return s->normal.dependent >= 0 ? ML_OK : pass(s, s->problem->end, true);
}

ml_status
ml_glm_check_target(ml_host *host, const ml_problem *problem, const ml_family *family)
{
	int column = (int) (problem->target - problem->frame->column);

	for (int64_t row = problem->begin; isfinite(family->least) && row < problem->end;
	     row++)
	{
		double y = *ml_numbers_at(problem->target, row);

		ML_PAUSE(host, row);
		if (family->above ? !(y > family->least) : !(y >= family->least))
			return ml_fail(host, family->above ? ML_TARGET_NOT_ABOVE : ML_TARGET_BELOW,
			               column, -1);
	}
	return ML_OK;
}

ml_status
ml_glm_fit(ml_host *host, const ml_problem *problem, const ml_glm *glm, ml_fitted *fitted)
{
	ml_solver s = {.host = host,
	               .problem = problem,
	               .glm = glm,
	               .family = glm->family,
	               .theta = NAN,
	               .theta_error = NAN};
	ml_status status;
	double rows = (double) (problem->end - problem->begin);

	s.trouble = (ml_trouble){ML_TROUBLE_NONE, -1, -1};
	ML_TRY(ml_glm_check_target(host, problem, glm->family));
	ML_TRY(ml_design_create(host, problem, &s.design));
	ML_NEW(host, s.beta, s.design.cols);
	ML_NEW(host, s.previous, s.design.cols);
	ML_NEW(host, s.step, s.design.cols);
	ML_TRY(use_factorization(&s, rows * s.design.cols * s.design.cols <= QR_WORK));
	status = strcmp(glm->family->name, "negative_binomial") == 0
	             ? solve_negative_binomial(&s)
	             : solve(&s);
	ML_TRY(ml_design_blame(host, &s.design, s.normal.dependent, status));
	return ml_glm_write(&s, fitted);
}

double
ml_glm_memory(const ml_problem *problem, int threads)
{
	ml_design design = ml_design_measure(problem);
	double square = (double) design.cols * design.cols;

	(void) threads;
	return ml_normal_memory(&design, (double) problem->schema->rows * square <= QR_WORK) +
	       (design.cols <= ML_LARGEST_CONDITION ? 8 * square : 0);
}
