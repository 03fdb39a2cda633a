/* SPDX-License-Identifier: PostgreSQL */
/*
 * residuals.c: cia_residuals: what a model leaves unexplained, row by row.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "judge/decide.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_residuals);

static const ml_option residual_option[] = {CIA_OPTION_ROWS};

/* Columns that were kept beside the rows. */
typedef struct kept
{
	const ml_column *number;
	const ml_column **id; /* in the order in which training was told */
	int ids;
} kept;

static kept
find_kept(const cia_judged *run)
{
	const ml_frame *frame = run->input->frame;
	kept found = {.id = palloc(sizeof *found.id * frame->columns)};
	Datum *names;
	int count = 0;

	for (int c = 0; c < frame->columns; c++)
		if (frame->column[c].role == ML_BESIDE && frame->column[c].kind == ML_NUMBER)
			found.number = &frame->column[c];
	if (run->roles.beside != NULL)
		deconstruct_array(run->roles.beside, TEXTOID, -1, false, TYPALIGN_INT, &names,
		                  NULL, &count);
	for (int i = 0; i < count; i++)
		for (int c = 0; c < frame->columns; c++)
			if (frame->column[c].role == ML_BESIDE &&
			    frame->column[c].kind == ML_CATEGORY &&
			    ml_text_is(frame->column[c].name, TextDatumGetCString(names[i])))
				found.id[found.ids++] = &frame->column[c];
	return found;
}

/* The id of a row as an array of texts; NULL where no id is known. */
static void
put_id(cia_output *out, const kept *kept, int64 row)
{
	Datum *label = palloc(sizeof(Datum) * (kept->ids + 1));
	bool *null = palloc(sizeof(bool) * (kept->ids + 1));
	int size[] = {kept->ids};

	for (int i = 0; i < kept->ids; i++)
	{
		int32_t code = *ml_codes_at(kept->id[i], row);

		null[i] = code < 0;
		if (code >= 0)
			label[i] = CStringGetTextDatum(
			    cia_text_cstring(kept->id[i]->dictionary->label[code]));
	}
	out->null[out->columns] = kept->ids == 0;
	out->value[out->columns++] = PointerGetDatum(construct_md_array(
	    label, null, 1, size, (int[]){1}, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_rows(cia_output *out, const kept *beside, const ml_outcomes *in,
         const double *deviance, double scale)
{
	MemoryContext row_context = AllocSetContextCreate(
	    CurrentMemoryContext, "cia residual row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(row_context);

	for (int64 row = 0; row < in->rows; row++)
	{
		const double number[] = {in->target[row], in->score[row],
		                         in->target[row] - in->score[row], deviance[row],
		                         deviance[row] / scale};

		CHECK_FOR_INTERRUPTS();
		cia_output_bigint(out, (int64) *ml_numbers_at(beside->number, row));
		put_id(out, beside, row);
		cia_output_numbers(out, number, lengthof(number));
		cia_output_row(out);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(before);
}

Datum
cia_residuals(PG_FUNCTION_ARGS)
{
	static const cia_judged_table table = {residual_option, lengthof(residual_option)};
	cia_output out = cia_output_open(fcinfo);
	cia_judged *run = cia_judged_open(fcinfo, 2, &table);
	double *deviance, scale;
	ml_judged judged;
	kept beside;

	if (run->loaded->model->schema.task == ML_MULTICLASS)
		cia_judged_need_two_classes(run);
	run->with_id = run->roles.numbered = true;
	cia_judged_score(run, fcinfo, &judged);
	beside = find_kept(run);
	deviance = MemoryContextAllocHuge(run->door->arena,
	                                  sizeof(double) * (judged.outcomes.rows + 1));
	cia_check(run->door,
	          ml_deviance_residuals(&run->door->host, &judged, deviance, &scale));
	put_rows(&out, &beside, &judged.outcomes, deviance, scale);
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
