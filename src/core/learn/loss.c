/* SPDX-License-Identifier: PostgreSQL */
/*
 * loss.c: the families and their links.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

static double
identity(double eta)
{
	return eta;
}

static double
logistic(double eta)
{
	return 1 / (1 + exp(-eta));
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

/*
 * With t = exp(-|z|):  p = 1 / (1 + t) for z >= 0 and t / (1 + t) else,  p (1 - p) =
 * t / (1 + t)^2,  log(1 + exp(-s z)) = log1p(t) + max(-s z, 0);  nothing overflows.
 */
static void
logistic_loss(ml_loss_block *block)
{
	for (int i = 0; i < block->rows; i++)
	{
		double z = block->eta[i], weight = block->weight[i], y = block->target[i];
		double t = exp(-fabs(z)), share = 1 / (1 + t);
		double p = z >= 0 ? share : t * share;
		double against = y > 0 ? -z : z;

		block->gradient[i] = weight * (y - p);
		block->curvature[i] = weight * t * share * share;
		block->objective += weight * (log1p(t) + (against > 0 ? against : 0));
	}
}

const ml_family ml_family_table[] = {
    {.name = "linear",
     .link = "identity",
     .loss = squared_loss,
     .respond = identity,
     .quadratic = true},
    {.name = "logistic", .link = "logit", .loss = logistic_loss, .respond = logistic},
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
