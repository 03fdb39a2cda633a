/* SPDX-License-Identifier: PostgreSQL */
/*
 * tally.c: the type cia_tally, the state of the aggregates that are made of sums.
 *
 * The state is flat, all that it needs is in it, and it has exact text and bytes, so that
 * Citus computes these aggregates on its workers and merges the states.
 */
#include "aggregates.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#define DIGITS "0123456789abcdefABCDEF"

CIA_FUNCTION(cia_tally_in);
CIA_FUNCTION(cia_tally_out);
CIA_FUNCTION(cia_tally_recv);
CIA_FUNCTION(cia_tally_send);
CIA_FUNCTION(cia_tally_merge);
CIA_FUNCTION(cia_tally_mean);
CIA_FUNCTION(cia_tally_rmse);
CIA_FUNCTION(cia_tally_r2);
CIA_FUNCTION(cia_tally_ece);
CIA_FUNCTION(cia_tally_accuracy);
CIA_FUNCTION(cia_tally_precision);
CIA_FUNCTION(cia_tally_recall);
CIA_FUNCTION(cia_tally_f1);
CIA_FUNCTION(cia_tally_mcc);

static ml_tally *
tally_arg(FunctionCallInfo fcinfo, int argument)
{
	return (ml_tally *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argument));
}

/* NULL for bytes that are no tally. */
static ml_tally *
decode(const unsigned char *bytes, size_t length)
{
	size_t size = ml_tally_check(bytes, length);
	ml_tally *tally;

	if (size == 0)
		return NULL;
	tally = palloc0(size);
	ml_tally_decode(bytes, tally);
	SET_VARSIZE(tally, size);
	return tally;
}

Datum
cia_tally_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t length = strlen(text);
	unsigned char *bytes = palloc(length / 2 + 1);
	ml_tally *tally = NULL;

	if (length % 2 == 0 && strspn(text, DIGITS) == length)
	{
		hex_decode(text, length, (char *) bytes);
		tally = decode(bytes, length / 2);
	}
	if (tally == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input syntax for type cia_tally")));
	PG_RETURN_POINTER(tally);
}

Datum
cia_tally_out(PG_FUNCTION_ARGS)
{
	ml_tally *tally = tally_arg(fcinfo, 0);
	size_t length = ml_tally_encoded(tally);
	unsigned char *bytes = palloc(length);
	char *text = palloc(2 * length + 1);

	ml_tally_encode(tally, bytes);
	text[hex_encode((char *) bytes, length, text)] = '\0';
	PG_RETURN_CSTRING(text);
}

Datum
cia_tally_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	int length = buffer->len - buffer->cursor;
	ml_tally *tally =
	    decode((const unsigned char *) pq_getmsgbytes(buffer, length), (size_t) length);

	if (tally == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("invalid data for type cia_tally")));
	PG_RETURN_POINTER(tally);
}

Datum
cia_tally_send(PG_FUNCTION_ARGS)
{
	ml_tally *tally = tally_arg(fcinfo, 0);
	size_t length = ml_tally_encoded(tally);
	bytea *bytes = palloc(VARHDRSZ + length);

	ml_tally_encode(tally, (unsigned char *) VARDATA(bytes));
	SET_VARSIZE(bytes, VARHDRSZ + length);
	PG_RETURN_BYTEA_P(bytes);
}

/* Changes the first tally where an aggregate owns it. */
Datum
cia_tally_merge(PG_FUNCTION_ARGS)
{
	ml_tally *into = tally_arg(fcinfo, 0), *from = tally_arg(fcinfo, 1);
	int low, count;
	size_t size;

	if (into->kind != from->kind || into->sums != from->sums)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("states of type cia_tally are of different aggregates"),
		     errdetail("Or their number of bins is not the same in all rows."),
		     errhint(
		         "Merge states of one aggregate, called with the same number of bins.")));
	if (into->rows + from->rows > ML_TALLY_MOST_ROWS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("too many rows in one aggregate")));
	size = ml_tally_widen_for(into, from, &low, &count);
	if (!AggCheckCallContext(fcinfo, NULL) || low != into->low || count != into->count)
	{
		ml_tally *wide = palloc(size);

		ml_tally_move(wide, into, low, count);
		SET_VARSIZE(wide, size);
		into = wide;
	}
	ml_tally_merge(into, from);
	PG_RETURN_POINTER(into);
}

/* A measure of a tally of such a kind; ML_TALLY_KINDS: of any that has two sums. */
static Datum
measure(FunctionCallInfo fcinfo, double (*of)(const ml_tally *), ml_tally_kind kind)
{
	const ml_tally *tally = tally_arg(fcinfo, 0);

	if (kind == ML_TALLY_KINDS ? tally->sums != 2 : tally->kind != kind)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("state of type cia_tally is of another aggregate")));
	return cia_measure(fcinfo, of(tally));
}

Datum
cia_tally_mean(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_mean, ML_TALLY_KINDS);
}

Datum
cia_tally_rmse(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_rmse, ML_TALLY_SQUARED);
}

Datum
cia_tally_r2(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_r2, ML_TALLY_VARIANCE);
}

Datum
cia_tally_ece(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_calibration_error, ML_TALLY_CALIBRATION);
}

Datum
cia_tally_accuracy(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_accuracy, ML_TALLY_CONFUSION);
}

Datum
cia_tally_precision(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_precision, ML_TALLY_CONFUSION);
}

Datum
cia_tally_recall(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_recall, ML_TALLY_CONFUSION);
}

Datum
cia_tally_f1(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_f1, ML_TALLY_CONFUSION);
}

Datum
cia_tally_mcc(PG_FUNCTION_ARGS)
{
	return measure(fcinfo, ml_tally_mcc, ML_TALLY_CONFUSION);
}
