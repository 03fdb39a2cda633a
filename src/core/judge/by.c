/* SPDX-License-Identifier: PostgreSQL */
/*
 * by.c: training one part per group of rows, and one model of all rows for the rest.
 *
 * The whole frame is put into order once, so a row keeps the side of the holdout that its key
 * gives.  The rows of a group, copied in that order into a frame of their own, are then the
 * very frame that they would have been alone, and the part is what ml_train makes of it: bit for
 * bit.  (Training in place on a range of the frame would not do: sums are taken per block, and
 * blocks begin at multiples of ML_BLOCK.)  Each group is trained in a branch of the arena that
 * leaves nothing but the part's bytes.  So the peak is the frame, four bytes per row, and
 * the larger of two: the largest group with what its training takes, or a copy of the
 * categories with what a training on all rows takes.
 *
 * Classes are decided on all rows and handed down.  Metrics are those of the holdout with
 * each row scored by its part.
 */
#include "judge/calibrate.h"

#include <math.h>
#include <string.h>

typedef struct by_group
{
	ml_host *host;
	ml_frame *frame;
	const ml_request *request;
	ml_result *result;
	int column; /* of the frame: names the group */
	int labels; /* of its dictionary */
	int64_t
	    *start; /* [labels + 2] of the rows in order; those without a label come last */
	uint32_t *order; /* [rows] rows by label, in canonical order within */
	int32_t *code;   /* [result->groups] of the groups that have a label */
	ml_schema whole; /* target and classes of all rows */
	ml_model *model;
} by_group;

const char *
ml_cause(ml_status status)
{
	static const struct
	{
		ml_status status;
		const char *word;
	} cause[] = {
	    {ML_NO_TRAINING_ROWS, "no_training_rows"},
	    {ML_ONE_VALUE, "one_value"},
	    {ML_NO_SUCH_CLASS, "no_positive"},
	    {ML_NO_FEATURES, "no_features"},
	    {ML_TOO_FEW_ROWS, "too_few_rows"},
	    {ML_NO_EVIDENCE, "no_evidence"},
	    {ML_SINGULAR, "singular"},
	    {ML_NOT_NUMERIC, "too_large"},
	    {ML_NO_CALIBRATION, "no_calibration"},
	};

	for (size_t i = 0; i < sizeof cause / sizeof *cause; i++)
		if (cause[i].status == status)
			return cause[i].word;
	return NULL;
}

const char *
ml_trouble_word(ml_trouble_kind trouble)
{
	static const char *const word[] = {
	    NULL, "unconverged", "separated", "no_dispersion", "no_split", "not_aside"};

	return word[trouble];
}

static ml_status
find_column(by_group *by)
{
	ml_text name = by->request->common.by;

	for (int c = 0; c < by->frame->columns; c++)
	{
		const ml_column *column = &by->frame->column[c];

		if (column->role == ML_FEATURE && column->kind == ML_CATEGORY &&
		    ml_text_equal(column->name, name))
		{
			by->column = c;
			by->labels = column->dictionary->count;
			return ML_OK;
		}
	}
	return ML_NO_FEATURES;
}

static inline int
label_at(const by_group *by, int64_t row)
{
	int32_t code = *ml_codes_at(&by->frame->column[by->column], row);

	return code < 0 ? by->labels : code;
}

static int
by_label(const void *context, uint32_t a, uint32_t b)
{
	const ml_dictionary *labels = context;

	return ml_text_compare(labels->label[a], labels->label[b]);
}

/* The groups in byte order of their labels, rows without one last. */
static ml_status
list_groups(by_group *by)
{
	const ml_dictionary *labels = by->frame->column[by->column].dictionary;
	ml_result *result = by->result;
	uint32_t *rank, *work;

	ML_NEW(by->host, rank, result->groups);
	ML_NEW(by->host, work, result->groups);
	ML_NEW(by->host, by->code, result->groups + 1);
	ML_NEW(by->host, result->group, result->groups + 1);
	result->groups = 0;
	for (int32_t code = 0; code < by->labels; code++)
		if (by->start[code + 1] > by->start[code])
			rank[result->groups++] = (uint32_t) code;
	ML_TRY(ml_sort_indexes(by->host, rank, work, result->groups, by_label, labels));
	for (int g = 0; g < result->groups; g++)
	{
		by->code[g] = (int32_t) rank[g];
		result->group[g].label = labels->label[rank[g]];
	}
	by->code[result->groups] = by->labels;
	if (by->start[by->labels + 1] > by->start[by->labels])
		result->groups++;
	for (int g = 0; g < result->groups; g++)
	{
		ml_group_result *group = &result->group[g];

		group->rows = by->start[by->code[g] + 1] - by->start[by->code[g]];
		group->column = -1;
		group->value = NAN;
	}
	return ML_OK;
}

/* Sorts the rows by label, by counting. */
static ml_status
find_groups(by_group *by)
{
	ml_host *host = by->host;
	int64_t *next;

	ML_NEW(host, by->start, by->labels + 2);
	ML_NEW(host, next, by->labels + 2);
	for (int64_t row = 0; row < by->frame->rows; row++)
	{
		ML_PAUSE(host, row);
		by->start[label_at(by, row) + 1]++;
	}
	for (int label = 0; label < by->labels; label++)
		by->result->groups += by->start[label + 1] > 0;
	if (by->result->groups > ML_MAX_GROUPS)
	{
		host->fault.count = by->result->groups;
		return ml_fail(host, ML_TOO_MANY_GROUPS, by->column, -1);
	}
	for (int label = 0; label <= by->labels; label++)
		by->start[label + 1] += by->start[label];
	memcpy(next, by->start, sizeof *next * (size_t) (by->labels + 2));
	ML_NEW_RAW(host, by->order, by->frame->rows);
	for (int64_t row = 0; row < by->frame->rows; row++)
	{
		ML_PAUSE(host, row);
		by->order[next[label_at(by, row)]++] = (uint32_t) row;
	}
	return list_groups(by);
}

/* A frame of some rows in canonical order, or of all if order is NULL, for a training to use up. */
static ml_status
make_frame(by_group *by, const uint32_t *order, int64_t rows, ml_frame *frame)
{
	ML_TRY(ml_frame_subset(by->host, by->frame, order, rows, frame));
	while (order != NULL && frame->holdout_rows < rows &&
	       order[frame->holdout_rows] < by->frame->holdout_rows)
		frame->holdout_rows++;
	return ML_OK;
}

/* Bytes that the frame of the largest group takes, or the categories of all. */
static double
copy_memory(const by_group *by)
{
	double wide = sizeof(uint64_t), narrow = 0, largest = 0;

	for (int c = 0; c < by->frame->columns; c++)
	{
		const ml_column *column = &by->frame->column[c];

		if (column->role == ML_ID)
			continue;
		wide += (double) ml_item_size(column);
		narrow += column->kind == ML_CATEGORY ? (double) ml_item_size(column) : 0;
	}
	for (int g = 0; g < by->result->groups; g++)
		if ((double) by->result->group[g].rows > largest)
			largest = (double) by->result->group[g].rows;
	return fmax(largest * wide, (double) by->frame->rows * narrow);
}

/* What parts are asked for: classes as all rows have them, and no parts of parts. */
static ml_request
request_of_parts(const by_group *by)
{
	ml_request request = *by->request;

	request.common.by = (ml_text){0};
	request.advise = false;
	if (by->whole.task == ML_BINARY)
		request.common.positive = by->whole.class_label[1];
	return request;
}

/* Classes of the target, on a view of the frame that keeps the codes of its labels. */
static ml_status
decide_classes(by_group *by)
{
	ml_frame view = *by->frame;

	ML_NEW(by->host, view.column, view.columns);
	memcpy(view.column, by->frame->column, sizeof *view.column * (size_t) view.columns);
	return ml_schema_target(&view, by->request->learner->task,
	                        by->request->common.positive, &by->whole);
}

/* Trains the part of one group and writes it as bytes. */
static ml_status
train_part(by_group *by, ml_group_result *group, const uint32_t *order, ml_bytes *bytes)
{
	ml_request request = request_of_parts(by);
	ml_result result = {.rows = group->rows};
	const ml_metric *metric;
	ml_schema *schema;
	ml_frame frame;
	ml_status status;

	request.common.order_by = (ml_text){0};
	ML_TRY(make_frame(by, order, group->rows, &frame));
	frame.column[by->column].role = ML_GROUP;
	status = ml_train_ordered(by->host, &frame, &request, &result);
	if (status != ML_OK && status != ML_SINGULAR)
		return status;
	schema = &result.model->schema;
	/* what fits any target tells nothing of the next row: all rows know better */
	if (frame.rows - frame.holdout_rows <= ml_schema_columns(schema))
		status = ML_TOO_FEW_ROWS;
	ML_TRY(status);
	if (schema->task == ML_BINARY)
	{
		schema->rest = by->whole.rest;
		schema->class_label[0] = by->whole.class_label[0];
	}
	metric = ml_report_metric(&result.holdout, ml_main_metric(schema->task));
	group->value = metric != NULL ? metric->value : NAN;
	group->trouble = result.model->fitted.trouble.kind;
	if (group->trouble != ML_TROUBLE_NONE && result.model->fitted.trouble.feature >= 0)
		group->column = schema->feature[result.model->fitted.trouble.feature].column;
	by->model->fitted.converged &= result.model->fitted.converged;
	return ml_model_encode(by->host, result.model, 0, bytes);
}

/* The same in a branch; a group whose rows give no model has a status that says so. */
static ml_status
make_part(by_group *by, int g)
{
	ml_group_result *group = &by->result->group[g];
	ml_by *parts = by->model->by;
	ml_bytes bytes = {0};
	ml_status closed;
	void *keep;

	ML_TRY(ml_branch_open(by->host));
	group->status = train_part(by, group, by->order + by->start[by->code[g]], &bytes);
	keep = bytes.data;
	closed =
	    ml_branch_close(by->host, group->status == ML_OK ? &keep : NULL, bytes.length);
	if (group->status != ML_OK && ml_cause(group->status) == NULL)
		return group->status;
	ML_TRY(closed);
	if (group->status == ML_SINGULAR || group->status == ML_NOT_NUMERIC)
		group->column = by->host->fault.column;
	by->host->fault = (ml_fault){.row = -1, .column = -1};
	if (group->status != ML_OK)
		return ML_OK;
	parts->group[parts->groups].label = group->label;
	ML_TRY(ml_model_decode(by->host, keep, bytes.length,
	                       &parts->group[parts->groups].model));
	parts->group[parts->groups++].model->options = by->model->options;
	return ML_OK;
}

/* The group's column as a feature: every group is one of its labels. */
static ml_status
group_feature(by_group *by, ml_feature *feature)
{
	const ml_column *column = &by->frame->column[by->column];
	int64_t held = by->frame->holdout_rows;

	*feature =
	    (ml_feature){.name = column->name, .type = column->type, .kind = ML_CATEGORY};
	ML_NEW(by->host, feature->label, by->result->groups);
	ML_NEW(by->host, feature->count, by->result->groups);
	for (int g = 0; g < by->result->groups; g++)
	{
		int64_t at = by->start[by->code[g]], end = by->start[by->code[g] + 1];
		double rows;

		while (at < end && by->order[at] < held)
			at++;
		rows = (double) (end - at);
		if (by->code[g] == by->labels)
			feature->missing = rows;
		else
		{
			feature->count[feature->levels] = rows;
			feature->label[feature->levels++] = by->result->group[g].label;
		}
	}
	return ml_feature_index(by->host, feature);
}

/* The outer schema: target and classes of all rows, and every feature that some part has. */
static ml_status
join_schemas(by_group *by)
{
	ml_by *parts = by->model->by;
	ml_schema *outer = &by->model->schema;
	const ml_schema **schemas;
	ml_feature feature;
	ml_schema group = {.features = 1, .feature = &feature};

	ML_NEW(by->host, schemas, parts->groups + 2);
	ML_TRY(group_feature(by, &feature));
	schemas[0] = &group;
	schemas[1] = &parts->overall->schema;
	for (int g = 0; g < parts->groups; g++)
		schemas[g + 2] = &parts->group[g].model->schema;
	*outer = parts->overall->schema;
	ML_TRY(ml_schema_union(by->host, by->frame, schemas, parts->groups + 2, outer));
	for (int f = 0; f < outer->features; f++)
		if (outer->feature[f].column == by->column)
			outer->feature[f].use = ML_USE_GROUP;
	return ML_OK;
}

/* The groups for the summary of the training: label, rows, and metric or cause. */
static ml_status
groups_shape(by_group *by, ml_value *array)
{
	ML_TRY(ml_value_array(by->host, by->result->groups, array));
	for (int g = 0; g < by->result->groups; g++)
	{
		const ml_group_result *group = &by->result->group[g];
		ml_value *object = &array->items[g];

		ML_TRY(ml_value_object(by->host, 5, object));
		if (group->label.bytes != NULL)
			ml_value_add(object, "label", ml_value_text(group->label));
		ml_value_add(object, "rows", ml_value_number((double) group->rows));
		if (group->label.bytes == NULL)
			continue;
		if (group->status == ML_OK)
		{
			ml_value_add(object, "value", ml_value_number(group->value));
			if (group->trouble != ML_TROUBLE_NONE)
				ml_value_add(object, "trouble",
				             ml_value_word(ml_trouble_word(group->trouble)));
		}
		else
			ml_value_add(object, "cause", ml_value_word(ml_cause(group->status)));
		if (group->column >= 0)
			ml_value_add(object, "column",
			             ml_value_text(by->frame->column[group->column].name));
	}
	return ML_OK;
}

/* Trains the model of all rows on a frame that takes no label of the original from it. */
static ml_status
train_overall(by_group *by, ml_frame *frame)
{
	ml_request request = request_of_parts(by);

	ML_TRY(make_frame(by, NULL, by->frame->rows, frame));
	if (!request.group_is_term)
		frame->column[by->column].role = ML_GROUP;
	ML_TRY(ml_train_ordered(by->host, frame, &request, by->result));
	by->model->by->overall = by->result->model;
	by->model->fitted.converged &= by->result->model->fitted.converged;
	by->model->fitted.iterations = by->result->model->fitted.iterations;
	return ML_OK;
}

/* Judges the whole on labels as they were read and the target as classes. */
static ml_status
judge_whole(by_group *by, const ml_frame *trained)
{
	ml_frame view = *by->frame;
	ml_problem problem = {.frame = &view,
	                      .schema = &by->model->schema,
	                      .target = ml_frame_role(trained, ML_TARGET),
	                      .weight = ml_frame_role(trained, ML_WEIGHT),
	                      .begin = view.holdout_rows,
	                      .end = view.rows,
	                      .judged = view.holdout_rows};
	ml_rows rows = {.frame = &view};
	int *column;
	int32_t **code;
	ml_value groups;

	ML_NEW(by->host, column, by->model->schema.features);
	for (int f = 0; f < by->model->schema.features; f++)
		column[f] = by->model->schema.feature[f].column;
	rows.column = column;
	ML_TRY(ml_rows_translate(by->host, by->model, &rows, &code));
	if (ml_is_calibrated(by->model))
		problem.judged = ml_judging_rows(&view, problem.begin, &by->request->common);
	by->result->model = by->model;
	ML_TRY(ml_judge_training(by->host, &problem, code, by->result));
	ML_TRY(groups_shape(by, &groups));
	ml_value_add(&by->model->training, "groups", groups);
	return ML_OK;
}

ml_status
ml_train_by_group(ml_host *host, ml_frame *frame, const ml_request *request,
                  ml_result *result)
{
	by_group by = {.host = host, .frame = frame, .request = request, .result = result};
	ml_frame trained;

	if (frame->holdout_rows == frame->rows)
		return ML_NO_TRAINING_ROWS;
	ML_TRY(find_column(&by));
	ML_TRY(ml_memory_check(host, (double) frame->rows * sizeof(uint32_t)));
	ML_TRY(find_groups(&by));
	ML_TRY(ml_memory_check(host, copy_memory(&by)));
	ML_TRY(decide_classes(&by));
	ML_NEW(host, by.model, 1);
	ML_NEW(host, by.model->by, 1);
	by.model->fitted.converged = true;
	by.model->learner = request->learner;
	by.model->options = request->given;
	ML_NEW(host, by.model->by->group, result->groups);
	for (int g = 0; g < result->groups; g++)
	{
		ml_progress(host, ML_STAGE_GROUP, g, result->groups);
		if (result->group[g].label.bytes != NULL)
			ML_TRY(make_part(&by, g));
	}
	ML_TRY(train_overall(&by, &trained));
	ML_TRY(join_schemas(&by));
	ML_TRY(ml_by_prepare(host, by.model));
	ML_TRY(ml_model_equip(host, by.model));
	return judge_whole(&by, &trained);
}
