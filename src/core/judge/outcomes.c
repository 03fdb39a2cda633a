/* SPDX-License-Identifier: PostgreSQL */
/*
 * outcomes.c: rows of a frame as a model has them: its codes of their labels, their outcomes and
 * their weights as numbers.
 */
#include "judge/judge.h"

ml_status
ml_rows_translate(ml_host *host, const ml_model *model, const ml_rows *rows,
                  int32_t ***code)
{
	ML_NEW(host, *code, model->schema.features);
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_dictionary *labels = rows->frame->column[rows->column[f]].dictionary;

		if (model->schema.feature[f].kind != ML_CATEGORY)
			continue;
		ML_NEW(host, (*code)[f], labels->count);
		for (int32_t i = 0; i < labels->count; i++)
			(*code)[f][i] = ml_feature_code(&model->schema.feature[f], labels->label[i]);
	}
	return ML_OK;
}

/* Numbers of classes; -1 for a label that is none. */
static ml_status
read_classes(ml_host *host, const ml_schema *schema, const ml_rows *rows, double *target,
             bool *known)
{
	const ml_column *column = ml_frame_role(rows->frame, ML_TARGET);
	const ml_dictionary *labels = column->dictionary;
	int32_t *class_of;

	*known = false;
	ML_NEW(host, class_of, labels->count);
	for (int32_t i = 0; i < labels->count; i++)
		class_of[i] = ml_schema_class(schema, labels->label[i]);
	for (int64_t row = rows->begin; row < rows->end; row++)
	{
		target[row - rows->begin] = class_of[*ml_codes_at(column, row)];
		*known |= target[row - rows->begin] >= 0;
	}
	return ML_OK;
}

/* Outcomes as numbers; of two classes the positive one is 1. */
static ml_status
read_targets(ml_host *host, const ml_schema *schema, const ml_rows *rows, double *target,
             bool *known)
{
	const ml_column *column = ml_frame_role(rows->frame, ML_TARGET);

	if (schema->task == ML_MULTICLASS)
		return read_classes(host, schema, rows, target, known);
	*known = true;
	for (int64_t row = rows->begin; row < rows->end; row++)
	{
		ml_text label;

		if (column->kind == ML_NUMBER)
		{
			target[row - rows->begin] = *ml_numbers_at(column, row);
			continue;
		}
		label = column->dictionary->label[*ml_codes_at(column, row)];
		target[row - rows->begin] = ml_text_equal(label, schema->class_label[1]);
		if (target[row - rows->begin] == 0 && !schema->rest &&
		    !ml_text_equal(label, schema->class_label[0]))
			return ml_fail(host, ML_NO_SUCH_CLASS, (int) (column - rows->frame->column),
			               row + 1);
	}
	return ML_OK;
}

ml_status
ml_rows_weights(ml_host *host, const ml_rows *rows, const double **out)
{
	const ml_column *weights = ml_frame_role(rows->frame, ML_WEIGHT);
	double *weight;

	*out = NULL;
	if (weights == NULL)
		return ML_OK;
	ML_NEW(host, weight, rows->end - rows->begin);
	for (int64_t row = rows->begin; row < rows->end; row++)
		weight[row - rows->begin] = *ml_numbers_at(weights, row);
	*out = weight;
	return ML_OK;
}

ml_status
ml_truth_take(ml_host *host, const ml_model *model, const ml_rows *rows,
              ml_rows *translated, ml_truth *truth, bool *known)
{
	double *target = NULL;
	int32_t **code;

	*translated = *rows;
	*known = true;
	if (model->schema.task != ML_SEGMENTATION)
	{
		ML_NEW(host, target, rows->end - rows->begin);
		ML_TRY(read_targets(host, &model->schema, rows, target, known));
	}
	ML_TRY(ml_rows_translate(host, model, rows, &code));
	translated->code = code;
	*truth = (ml_truth){.target = target};
	return ml_rows_weights(host, rows, &truth->weight);
}

ml_status
ml_truth_read(ml_host *host, const ml_model *model, const ml_rows *rows,
              ml_rows *translated, ml_truth *truth)
{
	const ml_column *target = ml_frame_role(rows->frame, ML_TARGET);
	bool known;

	ML_TRY(ml_truth_take(host, model, rows, translated, truth, &known));
	return known || rows->begin == rows->end
	           ? ML_OK
	           : ml_fail(host, ML_NO_SUCH_CLASS, (int) (target - rows->frame->column),
	                     rows->begin + 1);
}
