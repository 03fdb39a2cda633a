/* SPDX-License-Identifier: PostgreSQL */
/*
 * segment_sizes.c: cia_segment_sizes: how many rows are in each segment.
 */
#include "segment_rows.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_segment_sizes);

static void
count_row(void *state, int segment, const Datum *values, const bool *nulls)
{
	((double *) state)[segment]++;
}

/* Of the rows of a source, or of those that the model was trained on. */
Datum
cia_segment_sizes(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	char *source = cia_text_arg(fcinfo, 1, NULL);
	cia_segment_rows *run =
	    cia_segment_rows_open(fcinfo, source != NULL ? CIA_SCORE : CIA_MANAGE);
	int segments = run->model->schema.classes;
	double *rows = run->model->schema.class_count, total = 0;

	if (source != NULL)
	{
		rows = palloc0(sizeof *rows * segments);
		run->take = count_row;
		run->state = rows;
		cia_segment_rows_run(run, source);
	}
	for (int k = 0; k < segments; k++)
		total += rows[k];
	for (int k = 0; k < segments; k++)
	{
		cia_output_text(&out, cia_segment_label(run, k));
		cia_output_bigint(&out, (int64) rows[k]);
		/* of no rows there are no shares */
		cia_output_numbers(&out, &(double){rows[k] / total}, 1);
		cia_output_row(&out);
	}
	MemoryContextDelete(run->door->arena);
	return (Datum) 0;
}
