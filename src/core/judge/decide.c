/* SPDX-License-Identifier: PostgreSQL */
/*
 * decide.c: the confusion matrix and deviance residuals.
 */
#include "judge/decide.h"

#include <math.h>

#define CLIP 1e-15 /* as in the log loss */

ml_status
ml_confuse(ml_host *host, const ml_judged *judged, double threshold, ml_confusion *out)
{
	const ml_outcomes *two = &judged->outcomes;
	const ml_class_outcomes *several = &judged->classes;
	bool is_two = judged->task == ML_BINARY;
	int64_t rows = is_two ? two->rows : several->rows;
	const double *weight = is_two ? two->weight : several->weight;

	out->classes = is_two ? 2 : several->classes;
	ML_NEW(host, out->rows, (int64_t) (out->classes + 1) * out->classes);
	for (int64_t row = 0; row < rows; row++)
	{
		int actual = (int) (is_two ? two->target[row] > 0 : several->target[row]);
		int predicted =
		    is_two ? two->score[row] >= threshold : (int) several->predicted[row];

		ML_PAUSE(host, row);
		actual = actual < 0 ? out->classes : actual;
		out->rows[(int64_t) actual * out->classes + predicted] +=
		    weight != NULL ? weight[row] : 1;
	}
	return ML_OK;
}

static double
deviance_of(const ml_judged *judged, int64_t row)
{
	const ml_outcomes *in = &judged->outcomes;
	double y = in->target[row], mu = in->score[row], likelihood;

	if (judged->task != ML_BINARY)
		return in->deviance != NULL ? in->deviance(in->state, y, mu)
		                            : (y - mu) * (y - mu);
	likelihood = y > 0 ? mu : 1 - mu;
	return -2 * log(likelihood < CLIP ? CLIP : likelihood);
}

ml_status
ml_deviance_residuals(ml_host *host, const ml_judged *judged, double *residual,
                      double *scale)
{
	const ml_outcomes *in = &judged->outcomes;
	double sum = 0, total = 0;

	for (int64_t row = 0; row < in->rows; row++)
	{
		double weight = in->weight != NULL ? in->weight[row] : 1;
		double deviance = deviance_of(judged, row);

		ML_PAUSE(host, row);
		/* zero comes out of some deviances as a little less */
		deviance = deviance > 0 ? deviance : 0;
		residual[row] = copysign(sqrt(deviance), in->target[row] - in->score[row]);
		sum += weight * deviance;
		total += weight;
	}
	*scale = sqrt(sum / total);
	return ML_OK;
}
