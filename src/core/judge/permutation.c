/* SPDX-License-Identifier: PostgreSQL */
/*
 * permutation.c: permutation importance: what a metric loses if rows swap their values of a
 * feature among each other.
 *
 * A permutation depends on the seed, the repeat and the number of rows alone.  All features move by the same ones, which takes the luck of the draw out
 * of their order.  Only the scores of one permutation of one feature are in memory at a time.
 */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

typedef struct known_metric
{
	const char *name;
	ml_task_kind task;
	bool larger; /* is better */
} known_metric;

static const known_metric known_metrics[] = {
    {"auc", ML_BINARY, true},          {"gini", ML_BINARY, true},
    {"ks", ML_BINARY, true},           {"pr_auc", ML_BINARY, true},
    {"log_loss", ML_BINARY, false},    {"brier", ML_BINARY, false},
    {"accuracy", ML_BINARY, true},     {"precision", ML_BINARY, true},
    {"recall", ML_BINARY, true},       {"f1", ML_BINARY, true},
    {"accuracy", ML_MULTICLASS, true}, {"balanced_accuracy", ML_MULTICLASS, true},
    {"macro_f1", ML_MULTICLASS, true}, {"log_loss", ML_MULTICLASS, false},
    {"r2", ML_REGRESSION, true},       {"rmse", ML_REGRESSION, false},
    {"mae", ML_REGRESSION, false},
};

const char *
ml_permutation_metric(ml_task_kind task, ml_text name, bool *larger)
{
	for (size_t i = 0; i < sizeof known_metrics / sizeof *known_metrics; i++)
	{
		const known_metric *known = &known_metrics[i];

		if (known->task == task &&
		    (name.bytes != NULL ? ml_text_is(name, known->name)
		                        : strcmp(known->name, ml_main_metric(task)) == 0))
		{
			*larger = known->larger;
			return known->name;
		}
	}
	return NULL;
}

typedef struct permutation_work
{
	ml_host *host;
	const ml_model *model;
	ml_rows rows; /* with codes translated */
	ml_truth truth;
	ml_judged unvaried;
	const ml_permutation_options *options;
	bool larger;
	int *width;     /* [count] features that move together */
	uint32_t *from; /* [rows] */
	double *drop;   /* [count][repeats] */
	ml_permutation *out;
} permutation_work;

/* Every permutation is as likely as any other (Fisher and Yates). */
static ml_status
shuffle(permutation_work *work, int64_t repeat)
{
	int64_t count = work->rows.end - work->rows.begin;
	uint64_t hash =
	    ml_hash_add(ml_hash_mix((uint64_t) work->options->seed + 1), (uint64_t) repeat);

	for (int64_t i = 0; i < count; i++)
		work->from[i] = (uint32_t) i;
	for (int64_t i = count - 1; i > 0; i--)
	{
		int64_t other = (int64_t) (ml_hash_add(hash, (uint64_t) i) % ((uint64_t) i + 1));
		uint32_t kept = work->from[i];

		ML_PAUSE(work->host, i);
		work->from[i] = work->from[other];
		work->from[other] = kept;
	}
	return ML_OK;
}

static ml_status
take_metric(permutation_work *work, const ml_judged *judged, double *value)
{
	const ml_metric *metric;
	ml_report report;

	ML_TRY(ml_judged_report(work->host, judged, &report));
	metric = ml_report_metric(&report, work->out->metric);
	*value = metric != NULL ? metric->value : NAN;
	return ML_OK;
}

/* The metric of the rows, with features moved or as they are. */
static ml_status
judge(permutation_work *work, const ml_variation *variation, ml_judged *judged,
      double *value)
{
	ml_rows rows = work->rows;

	rows.variation = variation;
	ML_TRY(ml_judged_score(work->host, work->model, &rows, &work->truth, judged));
	return take_metric(work, judged, value);
}

/* The same in a branch: what it takes is given back. */
static ml_status
judge_apart(permutation_work *work, const ml_variation *variation, double *value)
{
	ml_judged judged;
	ml_status status, closed;

	ML_TRY(ml_branch_open(work->host));
	status = judge(work, variation, &judged, value);
	closed = ml_branch_close(work->host, NULL, 0);
	return status != ML_OK ? status : closed;
}

/* One feature after the other, all by the same permutation. */
static ml_status
judge_features(permutation_work *work, int64_t repeat)
{
	ml_permutation *out = work->out;

	for (int i = 0; i < out->count; i++)
	{
		int *feature, first = out->permuted[i].feature;
		ml_variation variation = {
		    .features = work->width[i], .from = work->from, .unvaried = &work->unvaried};
		double value;

		ml_progress(work->host, ML_STAGE_PERMUTE, (double) (repeat * out->count + i),
		            (double) (work->options->repeats * out->count));
		ML_NEW(work->host, feature, work->width[i]);
		for (int k = 0; k < work->width[i]; k++)
			feature[k] = first + k;
		variation.feature = feature;
		ML_TRY(judge_apart(work, &variation, &value));
		work->drop[i * work->options->repeats + repeat] =
		    work->larger ? out->value - value : value - out->value;
	}
	return ML_OK;
}

/* Features that are elements of one array stand side by side. */
static ml_status
group_features(permutation_work *work)
{
	const ml_schema *schema = &work->model->schema;
	ml_permutation *out = work->out;

	ML_NEW(work->host, out->permuted, schema->features);
	ML_NEW(work->host, work->width, schema->features);
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		if (f == 0 || feature->element == 0 ||
		    !ml_text_equal(feature->name, feature[-1].name))
			out->permuted[out->count++].feature = f;
		work->width[out->count - 1]++;
	}
	return ML_OK;
}

static void
summarize(const double *drop, int64_t repeats, ml_permuted *out)
{
	double squares = 0;

	for (int64_t i = 0; i < repeats; i++)
		out->drop += drop[i] / (double) repeats;
	for (int64_t i = 0; i < repeats; i++)
		squares += (drop[i] - out->drop) * (drop[i] - out->drop);
	out->deviation = repeats > 1 ? sqrt(squares / (double) (repeats - 1)) : NAN;
}

static ml_status
take(permutation_work *work, const ml_rows *rows)
{
	ml_host *host = work->host;
	ml_permutation *out = work->out;
	int64_t repeats = work->options->repeats;

	ML_TRY(ml_truth_read(host, work->model, rows, &work->rows, &work->truth));
	ML_TRY(group_features(work));
	ML_NEW_RAW(host, work->from, rows->end - rows->begin);
	ML_NEW(host, work->drop, out->count * repeats);
	ML_TRY(judge(work, NULL, &work->unvaried, &out->value));
	for (int64_t repeat = 0; repeat < repeats; repeat++)
	{
		ML_TRY(shuffle(work, repeat));
		ML_TRY(judge_features(work, repeat));
	}
	for (int i = 0; i < out->count; i++)
		summarize(work->drop + i * repeats, repeats, &out->permuted[i]);
	return ML_OK;
}

ml_status
ml_permutation_take(ml_host *host, const ml_model *model, const ml_rows *rows,
                    const ml_permutation_options *options, ml_permutation *out)
{
	permutation_work work = {
	    .host = host, .model = model, .options = options, .out = out};
	ml_status status;

	*out = (ml_permutation){0};
	out->metric =
	    ml_permutation_metric(model->schema.task, options->metric, &work.larger);
	ML_TRY(ml_pool_open(host));
	status = take(&work, rows);
	ml_pool_close(host);
	return status;
}
