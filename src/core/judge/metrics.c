/* SPDX-License-Identifier: PostgreSQL */
/*
 * metrics.c: measures of scores against outcomes.
 *
 * Intervals: DeLong for the AUC (DeLong, DeLong and Clarke-Pearson 1988, placements
 * computed from one sort as by Sun and Xu 2014); the normal one of the difference of two shares for
 * KS, less its bias; the normal one of the mean for losses; that of what each row adds (the influence
 * function) for R2, D2 and RMSE, and on the logit scale for average precision.  What follows from a
 * cut-off is in decisions.c.  The calibration error has none: it is not near normal where a model is well calibrated,
 * and bins have intervals of their own.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#include "judge/curve.h"
#include "judge/interval.h"

#define Z ML_Z
#define ECE_BINS 10

static const double share_range[2] = {0, 1};
static const double gini_range[2] = {-1, 1};
static const double loss_range[2] = {0, INFINITY};
static const double r2_range[2] = {-INFINITY, 1};

static inline double
weight_at(const ml_outcomes *outcomes, int64_t row)
{
	return outcomes->weight != NULL ? outcomes->weight[row] : 1;
}

static inline bool
is_positive(const ml_outcomes *outcomes, int64_t row)
{
	return outcomes->target[row] > 0;
}

static void
add(ml_report *report, const char *name, double value, double low, double high)
{
	report->metric[report->metrics++] =
	    (ml_metric){.name = name, .value = value, .low = low, .high = high};
}

/* The normal interval of an estimate, kept within what it can be. */
static void
add_normal(ml_report *report, const char *name, double value, double error,
           const double range[2])
{
	double low = value - Z * error, high = value + Z * error;

	add(report, name, value, low < range[0] ? range[0] : low,
	    high > range[1] ? range[1] : high);
}

const ml_metric *
ml_report_metric(const ml_report *report, const char *name)
{
	for (int i = 0; i < report->metrics; i++)
		if (strcmp(report->metric[i].name, name) == 0)
			return &report->metric[i];
	return NULL;
}

const char *
ml_main_metric(ml_task_kind task)
{
	static const char *const name[] = {[ML_REGRESSION] = "r2",
	                                   [ML_BINARY] = "auc",
	                                   [ML_MULTICLASS] = "accuracy",
	                                   [ML_SEGMENTATION] = "silhouette"};

	return name[task];
}

const char *
ml_model_metric(const ml_model *model)
{
	return model->learner->log_density != NULL ? "log_likelihood"
	                                           : ml_main_metric(model->schema.task);
}

/* What one walk through the rows from the highest score down gives. */
typedef struct curve
{
	ml_ordered in;
	ml_rank_walk walk;
	ml_curve_spread spread;
	double rows[2]; /* of the negatives and the positives */
	double error;   /* of the area */
	/* in order: the weight of the other class that is below; delong makes of it what the row adds
	 * to the AUC, less the mean of its class, so that the sum of squares is the variance */
	double *placement;
} curve;

ml_status
ml_order_rows(ml_host *host, const ml_outcomes *in, ml_ordered *out)
{
	ml_keyed *row;

	ML_NEW_RAW(host, row, in->rows);
	for (int64_t i = 0; i < in->rows; i++)
	{
		uint32_t piece = (uint32_t) (ml_hash_mix((uint64_t) i) % ML_PIECES);

		ML_PAUSE(host, i);
		row[i].row = (uint32_t) i;
		row[i].tag = piece << 1 | is_positive(in, i);
	}
	ML_TRY(ml_sort_tagged(host, in->score, in->weight, &row, in->rows));
	*out = (ml_ordered){.rows = in->rows, .row = row, .weight = in->weight};
	return ML_OK;
}

/* Weights are added up in the order of the walk, so that no other order changes a bit. */
static ml_status
total_classes(ml_host *host, curve *out)
{
	ml_careful_sum total[2] = {{0}};

	for (int64_t i = out->in.rows; i-- > 0;)
	{
		const ml_keyed *row = &out->in.row[i];

		ML_PAUSE(host, i);
		ml_careful_add(&total[ml_is_positive(row)], ml_weight_of(&out->in, row));
		out->rows[ml_is_positive(row)]++;
	}
	for (int side = 0; side < 2; side++)
		out->walk.total[side] = ml_careful_value(&total[side]);
	return ML_OK;
}

/*
 * Walks through groups of equal score.  Placements are kept as weights, so that without
 * weights they are exact.
 */
static ml_status
walk(ml_host *host, curve *out)
{
	const ml_keyed *row = out->in.row;

	for (int64_t end = out->in.rows, next; end > 0; end = next)
	{
		double within[2] = {0, 0}, below[2];

		next = end;
		do
		{
			next--;
			within[ml_is_positive(&row[next])] += ml_weight_of(&out->in, &row[next]);
		} while (next > 0 && row[next - 1].key == row[end - 1].key);
		ml_rank_step(&out->walk, within);
		for (int side = 0; side < 2; side++)
			below[side] =
			    out->walk.total[side] - ml_careful_value(&out->walk.above[side]);
		for (int64_t i = next; i < end; i++)
		{
			int other = !ml_is_positive(&row[i]);

			ML_PAUSE(host, i);
			out->placement[i] = below[other] + within[other] / 2;
		}
	}
	return ML_OK;
}

/*
 * var(AUC) = var(placements of positives) / n1 + var(placements of negatives) / n0.  A negative's
 * placement counts the positives below it, so it takes from the AUC.
 */
static ml_status
delong(ml_host *host, curve *out)
{
	const double *n = out->rows, *total = out->walk.total;
	double auc = ml_rank_auc(&out->walk), mean[2] = {1 - auc, auc}, scale[2];
	double variance = 0;

	for (int own = 0; own < 2; own++)
		scale[own] = (own ? 1 : -1) * sqrt(n[own] / (n[own] - 1)) / total[own];
	for (int64_t i = 0; i < out->in.rows; i++)
	{
		const ml_keyed *row = &out->in.row[i];
		int own = ml_is_positive(row);
		double away = out->placement[i] / total[1 - own] - mean[own];

		ML_PAUSE(host, i);
		out->placement[i] = scale[own] * ml_weight_of(&out->in, row) * away;
		variance += out->placement[i] * out->placement[i];
	}
	out->error = sqrt(variance);
	return ML_OK;
}

/* The area and its error, NaN unless there are both classes; placement is NULL then. */
static ml_status
trace(ml_host *host, const ml_outcomes *in, curve *out)
{
	ML_TRY(ml_order_rows(host, in, &out->in));
	ML_TRY(total_classes(host, out));
	out->error = NAN;
	if (!(out->walk.total[0] > 0) || !(out->walk.total[1] > 0))
		return ML_OK;
	ML_NEW_RAW(host, out->placement, in->rows);
	ML_TRY(walk(host, out));
	return delong(host, out);
}

ml_status
ml_auc(ml_host *host, const ml_outcomes *in, double *auc, double *error)
{
	curve traced = {0};

	ML_TRY(trace(host, in, &traced));
	*auc = ml_rank_auc(&traced.walk);
	*error = traced.error;
	return ML_OK;
}

static ml_status
influence_of(ml_host *host, const ml_outcomes *in, double *auc, double **influence)
{
	curve traced = {0};

	ML_TRY(trace(host, in, &traced));
	ML_NEW(host, *influence, in->rows);
	*auc = ml_rank_auc(&traced.walk);
	for (int64_t i = 0; i < in->rows && traced.placement != NULL; i++)
	{
		ML_PAUSE(host, i);
		(*influence)[traced.in.row[i].row] = traced.placement[i];
	}
	return ML_OK;
}

ml_status
ml_auc_influence(ml_host *host, const ml_outcomes *in, double *auc, double **influence)
{
	ml_status status, closed;

	*influence = NULL;
	ML_TRY(ml_branch_open(host));
	status = influence_of(host, in, auc, influence);
	closed = ml_branch_close(host, status == ML_OK ? (void **) influence : NULL,
	                         (size_t) in->rows * sizeof **influence);
	return status != ML_OK ? status : closed;
}

/*
 * Sums of w, w x, w^2, w^2 x and w^2 x^2.  The influence of a row on the weighted mean m is
 * w (x - m) / sum w, and the squares of these add up to the mean's variance.
 */
typedef struct mean_sum
{
	ml_tally *exact; /* of w and w x, for the mean itself */
	double rows;
	double weight;
	double sum;
	double square[3];
} mean_sum;

static ml_status
mean_open(ml_host *host, ml_tally_kind kind, mean_sum *sum)
{
	*sum = (mean_sum){0};
	return ml_tally_create(host, kind, 0, &sum->exact);
}

static ml_status
mean_add(ml_host *host, mean_sum *sum, double weight, double value)
{
	ml_addend addend[] = {{0, weight}, {1, weight * value}};

	sum->rows++;
	sum->weight += weight;
	sum->sum += weight * value;
	sum->square[0] += weight * weight;
	sum->square[1] += weight * weight * value;
	sum->square[2] += weight * weight * value * value;
	return isfinite(addend[1].value) ? ml_tally_put(host, &sum->exact, addend, 2) : ML_OK;
}

/* An exact sum has no room for what is not finite. */
static double
mean_value(const mean_sum *sum)
{
	return isfinite(sum->sum) ? ml_tally_mean(sum->exact) : sum->sum / sum->weight;
}

static void
add_mean(ml_report *report, const char *name, const mean_sum *sum)
{
	double mean = mean_value(sum);
	double spread =
	    sum->square[2] - 2 * mean * sum->square[1] + mean * mean * sum->square[0];
	double error = spread > 0 && sum->rows > 1
	                   ? sqrt(spread * sum->rows / (sum->rows - 1)) / sum->weight
	                   : 0;

	add_normal(report, name, mean, error, loss_range);
}

static void
add_average_precision(ml_report *report, const curve *traced)
{
	double p = ml_rank_average_precision(&traced->walk);
	double logit = log(p / (1 - p));
	double half = Z * traced->spread.precision / (p * (1 - p));

	if (p > 0 && p < 1)
		add(report, "pr_auc", p, 1 / (1 + exp(half - logit)),
		    1 / (1 + exp(-half - logit)));
	else
		add(report, "pr_auc", p, NAN, NAN);
}

/* The interval is that of the gap at a score known before, less the bias of looking for it. */
static void
add_ks(ml_report *report, const curve *traced)
{
	double ks = ml_rank_ks(&traced->walk), half = Z * traced->spread.gap;
	double low = ks - traced->spread.gap_bias - half;
	double high = ks - traced->spread.gap_bias + half;

	add(report, "ks", ks,
	    low > 0     ? low
	    : isnan(ks) ? NAN
	                : 0,
	    high < ks  ? ks
	    : high > 1 ? 1
	               : high);
}

/* Mean gap between score and outcome in ten bins of equal width, weighted by their rows. */
static ml_status
add_calibration_error(ml_host *host, const ml_outcomes *in, ml_report *report)
{
	ml_calibration_bin bin[ECE_BINS];
	double gap = 0, rows = 0;
	int bins;

	ML_TRY(ml_calibrate_bins(host, in, ECE_BINS, true, bin, &bins));
	for (int i = 0; i < bins; i++)
	{
		gap += bin[i].rows * fabs(bin[i].observed - bin[i].mean_score);
		rows += bin[i].rows;
	}
	add(report, "ece", gap / rows, NAN, NAN);
	return ML_OK;
}

ml_status
ml_judge_binary(ml_host *host, const ml_outcomes *in, ml_report *report)
{
	curve traced = {0};
	mean_sum log_loss, brier;
	double auc;

	report->metrics = 0;
	add(report, "rows", (double) in->rows, NAN, NAN);
	if (in->rows == 0)
		return ML_OK;
	ML_TRY(trace(host, in, &traced));
	if (traced.placement != NULL)
		ML_TRY(ml_curve_spread_find(host, &traced.in, &traced.spread));
	ML_TRY(mean_open(host, ML_TALLY_LOG_LOSS, &log_loss));
	ML_TRY(mean_open(host, ML_TALLY_BRIER, &brier));
	for (int64_t i = 0; i < in->rows; i++)
	{
		double away = in->target[i] - in->score[i];

		ML_PAUSE(host, i);
		ML_TRY(mean_add(host, &log_loss, weight_at(in, i),
		                ml_log_loss(is_positive(in, i), in->score[i])));
		ML_TRY(mean_add(host, &brier, weight_at(in, i), away * away));
	}
	auc = ml_rank_auc(&traced.walk);
	add_normal(report, "auc", auc, traced.error, share_range);
	add_normal(report, "gini", 2 * auc - 1, 2 * traced.error, gini_range);
	add_ks(report, &traced);
	add_average_precision(report, &traced);
	add_mean(report, "log_loss", &log_loss);
	add_mean(report, "brier", &brier);
	ML_TRY(add_calibration_error(host, in, report));
	return ml_judge_decisions(host, in, 0.5, report);
}

/*
 * Mean deviance S, and the share of the mean's T that is explained: D2 = 1 - S / T, on which the
 * influence of row i is -w (s_i - (S / T) t_i) / T.
 */
static ml_status
add_deviance(ml_host *host, const ml_outcomes *in, double mean, ml_report *report)
{
	mean_sum ours;
	double null = 0, squares[2] = {0, 0}, share, spread, n = (double) in->rows;

	ML_TRY(mean_open(host, ML_TALLY_DEVIANCE, &ours));
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i);
		double s = in->deviance(in->state, in->target[i], in->score[i]);
		double t = in->deviance(in->state, in->target[i], mean);

		ML_PAUSE(host, i);
		ML_TRY(mean_add(host, &ours, w, s));
		null += w * t;
		squares[0] += w * w * s * t;
		squares[1] += w * w * t * t;
	}
	add_mean(report, "deviance", &ours);
	share = ours.sum / null;
	spread = ours.square[2] - 2 * share * squares[0] + share * share * squares[1];
	add_normal(report, "d2", 1 - share,
	           spread > 0 && n > 1 ? sqrt(spread * n / (n - 1)) / null : 0, r2_range);
	return ML_OK;
}

/* What the squares of a regression come to; NaN or infinite where predictions are. */
typedef struct squares
{
	ml_tally *exact;
	bool finite;  /* all of them are in it */
	double total; /* weight */
	double mean;  /* of the outcomes */
	double s;     /* mean of w e^2, e being what is off */
	double t;     /* mean of w d^2, d the distance to the mean */
} squares;

static ml_status
add_squares(ml_host *host, const ml_outcomes *in, squares *out)
{
	double sum = 0;

	*out = (squares){.finite = true};
	ML_TRY(ml_tally_create(host, ML_TALLY_VARIANCE, 0, &out->exact));
	for (int64_t i = 0; i < in->rows; i++)
	{
		ml_addend addend[ML_TALLY_TERMS];
		int count = ml_tally_addends(ML_TALLY_VARIANCE,
		                             &(ml_case){.score = in->score[i],
		                                        .outcome = in->target[i],
		                                        .weight = weight_at(in, i)},
		                             addend);

		ML_PAUSE(host, i);
		for (int k = 0; k < count; k++)
			out->finite &= isfinite(addend[k].value);
		if (out->finite)
			ML_TRY(ml_tally_put(host, &out->exact, addend, count));
		out->total += weight_at(in, i);
		sum += weight_at(in, i) * in->target[i];
	}
	out->mean = sum / out->total;
	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i), e = in->target[i] - in->score[i],
		       d = in->target[i] - out->mean;

		ML_PAUSE(host, i);
		out->s += w * e * e / out->total;
		out->t += w * d * d / out->total;
	}
	return ML_OK;
}

/*
 * R2 = 1 - s / t; the influence of row i on it is -w (e^2 - (s / t) d^2) / t, on
 * RMSE = sqrt(s) it is w (e^2 - s) / (2 sqrt(s)).
 */
static ml_status
add_fit(ml_host *host, const ml_outcomes *in, const squares *of, ml_report *report)
{
	double on_r2 = 0, on_rmse = 0, n = (double) in->rows, s = of->s, t = of->t;
	double rmse = of->finite ? ml_tally_fit_rmse(of->exact) : sqrt(s);

	for (int64_t i = 0; i < in->rows; i++)
	{
		double w = weight_at(in, i) * n / of->total;
		double e = in->target[i] - in->score[i], d = in->target[i] - of->mean;
		double r2_i = w * (e * e - s / t * d * d) / t, s_i = w * (e * e - s);

		on_r2 += r2_i * r2_i;
		on_rmse += s_i * s_i;
		ML_PAUSE(host, i);
	}
	add_normal(report, "r2", of->finite ? ml_tally_r2(of->exact) : NAN, sqrt(on_r2) / n,
	           r2_range);
	add_normal(report, "rmse", rmse, s > 0 ? sqrt(on_rmse) / n / (2 * sqrt(s)) : 0,
	           loss_range);
	return ML_OK;
}

ml_status
ml_judge_regression(ml_host *host, const ml_outcomes *in, ml_report *report)
{
	mean_sum absolute;
	squares of;

	report->metrics = 0;
	add(report, "rows", (double) in->rows, NAN, NAN);
	if (in->rows == 0)
		return ML_OK;
	ML_TRY(add_squares(host, in, &of));
	ML_TRY(add_fit(host, in, &of, report));
	ML_TRY(mean_open(host, ML_TALLY_ABSOLUTE, &absolute));
	for (int64_t i = 0; i < in->rows; i++)
	{
		ML_PAUSE(host, i);
		ML_TRY(mean_add(host, &absolute, weight_at(in, i),
		                fabs(in->target[i] - in->score[i])));
	}
	add_mean(report, "mae", &absolute);
	return in->deviance != NULL ? add_deviance(host, in, of.mean, report) : ML_OK;
}
