/* SPDX-License-Identifier: PostgreSQL */
/*
 * loss.c: the families and their links.
 *
 * Each loss is written for its link, since that is where the stable forms are.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define LOG_SQRT_2PI 0.91893853320467274178

static double
identity(double eta)
{
	return eta;
}

static double
no_constant(double y, double theta)
{
	return 0;
}

static double
constant_variance(double mu, double theta)
{
	return 1;
}

double
ml_squared_deviance(double y, double mu, double theta)
{
	return (y - mu) * (y - mu);
}

static void
squared_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double residual = block->target[i] - block->eta[i];

		block->gradient[i] = block->weight[i] * residual;
		block->curvature[i] = block->weight[i];
		block->objective += 0.5 * block->weight[i] * residual * residual;
	}
}

static double
logistic(double eta)
{
	return 1 / (1 + exp(-eta));
}

static double
logit(double p)
{
	return log(p / (1 - p));
}

/* y log(y / mu), 0 for y = 0. */
static double
y_log_ratio(double y, double mu)
{
	return y > 0 ? y * log(y / mu) : 0;
}

double
ml_binomial_deviance(double y, double mu, double theta)
{
	return 2 * (y_log_ratio(y, mu) + y_log_ratio(1 - y, 1 - mu));
}

static double
binomial_variance(double mu, double theta)
{
	return mu * (1 - mu);
}

/*
 * With t = exp(-|z|):  p = 1 / (1 + t) for z >= 0 and t / (1 + t) else,  p (1 - p) =
 * t / (1 + t)^2,  log(1 + exp(-s z)) = log1p(t) + max(-s z, 0);  nothing overflows.
 */
static void
logit_loss(ml_loss_block *block)
{
	double product = 1;

	for (int i = 0; i < block->rows; i++)
	{
		double z = block->eta[i], weight = block->weight[i], y = block->target[i];
		double t = exp(-fabs(z)), share = 1 / (1 + t);
		double p = z >= 0 ? share : t * share;
		double against = y > 0 ? -z : z;

		block->gradient[i] = weight * (y - p);
		block->curvature[i] = weight * t * share * share;
		block->objective += weight * (against > 0 ? against : 0);
		/* a logarithm of many factors costs less than one of each; t is at most 1 */
		if (weight == 1)
			product *= 1 + t;
		else
			block->objective += weight * log1p(t);
		if (product > 1e300)
		{
			block->objective += log(product);
			product = 1;
		}
	}
	block->objective += log(product);
}

static double
probit_mean(double eta)
{
	return ml_z_tail(-eta);
}

static double
probit_of(double p)
{
	return -ml_z_quantile(p);
}

/* Phi(x) and phi(x) / Phi(x); where Phi underflows, its continued fraction (DLMF 7.9.2). */
static double
mills(double x, double *log_probability)
{
	double log_density = -x * x / 2 - LOG_SQRT_2PI, probability, fraction = 0;

	if (x > -30)
	{
		probability = probit_mean(x);
		*log_probability = log(probability);
		return exp(log_density) / probability;
	}
	for (int k = 20; k > 0; k--)
		fraction = k / (-x + fraction);
	*log_probability = log_density - log(-x + fraction);
	return -x + fraction;
}

/* For y = 1:  -log Phi(z), gradient phi / Phi;  its curvature is phi^2 / (Phi (1 - Phi)). */
static void
probit_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double z = block->eta[i], weight = block->weight[i], log_p, log_q;
		double up = mills(z, &log_p), down = mills(-z, &log_q);
		bool positive = block->target[i] > 0;

		block->gradient[i] = weight * (positive ? up : -down);
		block->curvature[i] = weight * up * down;
		block->objective -= weight * (positive ? log_p : log_q);
	}
}

static double
cloglog_mean(double eta)
{
	return -expm1(-exp(eta));
}

static double
cloglog(double p)
{
	return log(-log1p(-p));
}

/*
 * With t = exp(z), p = 1 - exp(-t):  gradient t exp(-t) / p = t / (exp(t) - 1) for y = 1 and -t
 * else;  curvature t^2 exp(-t) / p.
 */
static void
cloglog_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double t = exp(block->eta[i]), weight = block->weight[i];
		double hazard = t > 1e-8 ? t / expm1(t) : 1;
		bool positive = block->target[i] > 0;

		block->gradient[i] = weight * (positive ? hazard : -t);
		block->curvature[i] = isinf(t) ? 0 : weight * t * hazard;
		block->objective += weight * (positive ? -log(-expm1(-t)) : t);
	}
}

static double
poisson_deviance(double y, double mu, double theta)
{
	return ml_power_deviance(y, mu, 1);
}

static double
poisson_constant(double y, double theta)
{
	return -ml_lgamma(y + 1);
}

static double
poisson_variance(double mu, double theta)
{
	return mu;
}

/* mu - y eta */
static void
poisson_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double mu = exp(block->eta[i]), weight = block->weight[i], y = block->target[i];

		block->gradient[i] = weight * (y - mu);
		block->curvature[i] = weight * mu;
		block->objective += weight * (mu - y * block->eta[i]);
	}
}

static double
inverse(double x)
{
	return 1 / x;
}

static double
gamma_deviance(double y, double mu, double theta)
{
	return ml_power_deviance(y, mu, 2);
}

static double
gamma_variance(double mu, double theta)
{
	return mu * mu;
}

/* y / mu + log mu, mu = 1 / eta > 0; d loss / d eta = y - mu */
static void
gamma_inverse_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double eta = block->eta[i], mu = 1 / eta, weight = block->weight[i];

		block->gradient[i] = weight * (mu - block->target[i]);
		block->curvature[i] = weight * mu * mu;
		block->objective +=
		    eta > 0 ? weight * (block->target[i] * eta - log(eta)) : INFINITY;
	}
}

static void
gamma_log_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double ratio = block->target[i] * exp(-block->eta[i]), weight = block->weight[i];

		block->gradient[i] = weight * (ratio - 1);
		block->curvature[i] = weight;
		block->objective += weight * (ratio + block->eta[i]);
	}
}

static double
negative_binomial_deviance(double y, double mu, double theta)
{
	return 2 * (y_log_ratio(y, mu) - (y + theta) * log((y + theta) / (mu + theta)));
}

/* log of gamma(y + theta) / (gamma(theta) y! theta^y) */
static double
negative_binomial_constant(double y, double theta)
{
	return ml_lgamma(y + theta) - ml_lgamma(theta) - ml_lgamma(y + 1) - y * log(theta);
}

static double
negative_binomial_variance(double mu, double theta)
{
	return mu + mu * mu / theta;
}

/* (y + theta) log(1 + mu / theta) - y eta */
static void
negative_binomial_loss(ml_loss_block *block)
{
	double theta = block->shape;

	for (int i = 0; i < block->rows; i++)
	{
		double mu = exp(block->eta[i]), weight = block->weight[i], y = block->target[i];
		double share = theta / (mu + theta);

		block->gradient[i] = weight * (y - mu) * share;
		block->curvature[i] = weight * mu * share;
		block->objective +=
		    weight * ((y + theta) * log1p(mu / theta) - y * block->eta[i]);
	}
}

#define BINOMIAL                                                                         \
	.name = "logistic", .deviance = ml_binomial_deviance, .constant = no_constant,       \
	.variance = binomial_variance, .least = -INFINITY
#define GAMMA                                                                            \
	.name = "gamma", .deviance = gamma_deviance, .variance = gamma_variance,             \
	.dispersed = true, .above = true

const ml_family ml_family_table[] = {
    {.name = "linear",
     .link = "identity",
     .loss = squared_loss,
     .respond = identity,
     .link_of = identity,
     .deviance = ml_squared_deviance,
     .constant = no_constant,
     .variance = constant_variance,
     .least = -INFINITY,
     .quadratic = true,
     .canonical = true,
     .dispersed = true},
    {BINOMIAL, .link = "logit", .loss = logit_loss, .respond = logistic, .link_of = logit,
     .canonical = true, .has_ratio = true},
    {BINOMIAL, .link = "probit", .loss = probit_loss, .respond = probit_mean,
     .link_of = probit_of},
    {BINOMIAL, .link = "cloglog", .loss = cloglog_loss, .respond = cloglog_mean,
     .link_of = cloglog},
    {.name = "poisson",
     .link = "log",
     .loss = poisson_loss,
     .respond = exp,
     .link_of = log,
     .deviance = poisson_deviance,
     .constant = poisson_constant,
     .variance = poisson_variance,
     .canonical = true,
     .has_ratio = true},
    {GAMMA, .link = "inverse", .loss = gamma_inverse_loss, .respond = inverse,
     .link_of = inverse, .canonical = true},
    {GAMMA, .link = "log", .loss = gamma_log_loss, .respond = exp, .link_of = log,
     .has_ratio = true},
    {.name = "negative_binomial",
     .link = "log",
     .loss = negative_binomial_loss,
     .respond = exp,
     .link_of = log,
     .deviance = negative_binomial_deviance,
     .constant = negative_binomial_constant,
     .variance = negative_binomial_variance,
     .has_ratio = true},
};
const int ml_family_count = sizeof ml_family_table / sizeof *ml_family_table;

const ml_family *
ml_family_find(const char *name, ml_text link)
{
	for (int i = 0; i < ml_family_count; i++)
		if (strcmp(ml_family_table[i].name, name) == 0 &&
		    (link.bytes == NULL || ml_text_is(link, ml_family_table[i].link)))
			return &ml_family_table[i];
	return NULL;
}
