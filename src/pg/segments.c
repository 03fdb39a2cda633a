/* SPDX-License-Identifier: PostgreSQL */
/*
 * segments.c: the segment of a row.
 */
#include "score.h"

CIA_FUNCTION(cia_segment);
CIA_FUNCTION(cia_segment_distance);
CIA_FUNCTION(cia_segment_probabilities);
CIA_FUNCTION(cia_segment_columns);
CIA_FUNCTION(cia_segment_distance_columns);
CIA_FUNCTION(cia_segment_probabilities_columns);

void
cia_need_segments(const ml_model *model, const char *name)
{
	if (model->schema.task != ML_SEGMENTATION)
		ereport(ERROR,
		        (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		         errmsg("model \"%s\" has no segments", name),
		         errdetail("It is a model for %s.", cia_task_words(model->schema.task)),
		         errhint("Use cia_score, or cia_class of a classifier.")));
}

static const ml_model *
segmentation(const cia_loaded *loaded)
{
	cia_need_segments(loaded->model, loaded->name);
	return loaded->model;
}

Datum
cia_segment(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return cia_label_datum(segmentation(loaded), cia_row_arg(fcinfo, 1, loaded));
}

Datum
cia_segment_distance(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);
	const ml_model *model = segmentation(loaded);

	return Float8GetDatum(ml_model_score(model, cia_row_arg(fcinfo, 1, loaded)));
}

Datum
cia_segment_probabilities(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_model_arg(fcinfo, 0);

	return cia_probabilities_datum(segmentation(loaded), cia_row_arg(fcinfo, 1, loaded));
}

Datum
cia_segment_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row = cia_columns_arg(fcinfo, &loaded);

	if (row == NULL)
		PG_RETURN_NULL();
	return cia_label_datum(segmentation(loaded), row);
}

Datum
cia_segment_distance_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row = cia_columns_arg(fcinfo, &loaded);

	if (row == NULL)
		PG_RETURN_NULL();
	return Float8GetDatum(ml_model_score(segmentation(loaded), row));
}

Datum
cia_segment_probabilities_columns(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded;
	const double *row = cia_columns_arg(fcinfo, &loaded);

	if (row == NULL)
		PG_RETURN_NULL();
	return cia_probabilities_datum(segmentation(loaded), row);
}
