/* SPDX-License-Identifier: PostgreSQL */
/*
 * output.c: the rows of a function that returns a table, column by column.
 */
#include "cia.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

cia_output
cia_output_open(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	return (cia_output){.set = (ReturnSetInfo *) fcinfo->resultinfo};
}

void
cia_output_text(cia_output *out, const char *text)
{
	out->null[out->columns] = text == NULL;
	out->value[out->columns++] = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

void
cia_output_integer(cia_output *out, int32 number)
{
	out->null[out->columns] = false;
	out->value[out->columns++] = Int32GetDatum(number);
}

void
cia_output_bigint(cia_output *out, int64 number)
{
	out->null[out->columns] = false;
	out->value[out->columns++] = Int64GetDatum(number);
}

void
cia_output_bool(cia_output *out, bool value, bool null)
{
	out->null[out->columns] = null;
	out->value[out->columns++] = BoolGetDatum(value);
}

void
cia_output_numbers(cia_output *out, const double *number, int count)
{
	for (int i = 0; i < count; i++)
	{
		out->null[out->columns] = isnan(number[i]);
		out->value[out->columns++] = Float8GetDatum(number[i]);
	}
}

void
cia_output_row(cia_output *out)
{
	Assert(out->columns == out->set->setDesc->natts);
	tuplestore_putvalues(out->set->setResult, out->set->setDesc, out->value, out->null);
	out->columns = 0;
}
