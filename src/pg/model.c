/* SPDX-License-Identifier: PostgreSQL */
/*
 * model.c: the type cia_model.
 *
 * Inside it is a varlena around the core's bytes; outside it is JSON text or those
 * bytes.  Whatever comes in is read into a model, checked, and written anew, so a
 * stored value is canonical and two equal models have equal bytes.
 */
#include "cia.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_model_in);
CIA_FUNCTION(cia_model_out);
CIA_FUNCTION(cia_model_recv);
CIA_FUNCTION(cia_model_send);

/* The bytes of a model as a datum. */
struct varlena *
cia_model_encode(cia_door *door, const ml_model *model)
{
	ml_bytes bytes;

	cia_check(door, ml_model_encode(&door->host, model, VARHDRSZ, &bytes));
	SET_VARSIZE(bytes.data, bytes.length);
	return (struct varlena *) bytes.data;
}

ml_model *
cia_model_decode(cia_door *door, struct varlena *bytes)
{
	ml_model *model;

	cia_check(door, ml_model_decode(&door->host, (unsigned char *) VARDATA_ANY(bytes),
	                                VARSIZE_ANY_EXHDR(bytes), &model));
	return model;
}

static Jsonb *
parse_json(char *text)
{
	MemoryContext before = CurrentMemoryContext;
	Jsonb *volatile jsonb = NULL;

	PG_TRY();
	{
		jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	}
	PG_CATCH();
	{
		ErrorData *error;

		/* cancel and lack of memory are not about the text */
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		FlushErrorState();
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input syntax for type cia_model"),
		                errdetail("%s", error->detail != NULL ? error->detail
		                                                      : error->message)));
	}
	PG_END_TRY();
	return jsonb;
}

Datum
cia_model_in(PG_FUNCTION_ARGS)
{
	Jsonb *jsonb = parse_json(PG_GETARG_CSTRING(0));
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_value value;
	ml_model *model;
	ml_status status;

	cia_value_from_jsonb(door, jsonb, &value);
	status = ml_model_read(&door->host, &value, &model);
	if (status == ML_BAD_MODEL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input syntax for type cia_model"),
		                errdetail("The JSON does not describe a complete model.")));
	cia_check(door, status);
	PG_RETURN_POINTER(cia_model_encode(door, model));
}

Datum
cia_model_out(PG_FUNCTION_ARGS)
{
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_model *model;
	ml_value value;

	model = cia_model_decode(door, PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0)));
	cia_check(door, ml_model_shape(&door->host, model, &value));
	PG_RETURN_CSTRING(cia_value_to_json(&value));
}

/* Text in bytes from outside must be valid in the database's encoding. */
static void
verify_text(const ml_text *text)
{
	if (!pg_verifymbstr(text->bytes, text->length, true))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("invalid model data"),
		                errdetail("A name or label is not valid in encoding \"%s\".",
		                          GetDatabaseEncodingName())));
}

static void
verify_texts(const ml_value *value)
{
	if (value->kind == ML_VALUE_TEXT)
		verify_text(&value->text);
	for (int64 i = 0; i < value->count &&
	                  (value->kind == ML_VALUE_ARRAY || value->kind == ML_VALUE_OBJECT);
	     i++)
	{
		if (value->kind == ML_VALUE_OBJECT)
			verify_text(&value->keys[i]);
		verify_texts(&value->items[i]);
	}
}

Datum
cia_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	int length = buffer->len - buffer->cursor;
	ml_model *model;
	ml_value value;

	cia_check(door,
	          ml_model_decode(&door->host,
	                          (const unsigned char *) pq_getmsgbytes(buffer, length),
	                          (size_t) length, &model));
	cia_check(door, ml_model_shape(&door->host, model, &value));
	verify_texts(&value);
	PG_RETURN_POINTER(cia_model_encode(door, model));
}

Datum
cia_model_send(PG_FUNCTION_ARGS)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
