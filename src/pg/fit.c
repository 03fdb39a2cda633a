/* SPDX-License-Identifier: PostgreSQL */
/*
 * fit.c: cia_fit: training as an aggregate.
 *
 * The state is a frame.  Parallel workers serialize theirs, the leader merges them;
 * since a frame is put into canonical order before anything is computed, the model is
 * the same however the rows were spread.  Options may also name columns: "id",
 * "features" and "exclude" as arrays, "weight" as a string.
 *
 * Each group has a context of its own, which goes as soon as its model is made.  What the groups
 * that are alive have taken counts against cia.max_memory as a whole.
 */
#include "cia.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

CIA_FUNCTION(cia_fit_transition);
CIA_FUNCTION(cia_fit_transition_without_target);
CIA_FUNCTION(cia_fit_combine);
CIA_FUNCTION(cia_fit_serialize);
CIA_FUNCTION(cia_fit_deserialize);
CIA_FUNCTION(cia_fit_final);

/* A group's state; all but the answer lives in the door's arena. */
typedef struct fit_state
{
	MemoryContext context;  /* of the aggregate */
	cia_door *door;         /* NULL: the group has its answer */
	struct varlena *answer; /* NULL: no model could be trained */
	char *algorithm;
	Oid target_type;
	Jsonb *options;
	ml_frame *frame;
	bool full; /* all rows are there */
	/* while rows are taken */
	cia_rows *rows;
	Oid row_type;
	int32 row_typmod;
	TupleDesc tupdesc;
	Datum *values;
	bool *nulls;
} fit_state;

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "cia_fit called outside of an aggregate");
	return context;
}

/* What the groups of this aggregate have taken: one count for as long as the node lives. */
static Size *
shared_count(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
		    MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Size));
	return fcinfo->flinfo->fn_extra;
}

/* shared is NULL for a state that counts alone. */
static fit_state *
new_state(MemoryContext context, Size *shared, const char *algorithm, Oid target_type,
          const Jsonb *options)
{
	fit_state *state = MemoryContextAllocZero(context, sizeof *state);
	MemoryContext own = AllocSetContextCreate(context, "cia fit", ALLOCSET_DEFAULT_SIZES);

	state->context = context;
	state->door = cia_door_open(own);
	if (shared != NULL)
		cia_arena_share(&state->door->memory, shared);
	state->algorithm = MemoryContextStrdup(own, algorithm);
	state->target_type = target_type;
	state->options = MemoryContextAlloc(own, VARSIZE_ANY(options));
	memcpy(state->options, options, VARSIZE_ANY(options));
	return state;
}

/* What the options say of columns and of the learner. */
static void
split_options(const fit_state *state, cia_roles *roles, cia_settings *settings)
{
	ml_value all, rest;

	cia_object_from_jsonb(state->door, state->options, &all);
	cia_roles_read(state->door, &all, roles, &rest);
	cia_settings_open(state->door, state->algorithm, state->target_type, &rest, settings);
	if (ml_value_member(&rest, "continue_from") != NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("option \"continue_from\" is not supported by cia_fit"),
		                errhint("Use cia_train, which finds models by name.")));
	if (state->full)
		cia_settings_follow_rows(state->door, state->algorithm, state->target_type, &rest,
		                         settings);
	roles->learner = settings->learner;
	cia_settings_roles(settings, roles);
}

static void
open_rows(fit_state *state, HeapTupleHeader header)
{
	MemoryContext before = MemoryContextSwitchTo(state->door->arena);
	cia_roles roles = {.target = OidIsValid(state->target_type) ? "target" : NULL,
	                   .target_type = state->target_type};
	cia_settings settings;

	split_options(state, &roles, &settings);
	state->row_type = HeapTupleHeaderGetTypeId(header);
	state->row_typmod = HeapTupleHeaderGetTypMod(header);
	state->tupdesc = lookup_rowtype_tupdesc_copy(state->row_type, state->row_typmod);
	state->rows = cia_rows_open(state->door, state->tupdesc, &roles);
	cia_constraints_check(state->rows, &settings);
	state->frame = state->rows->frame;
	state->values = palloc(sizeof(Datum) * (state->tupdesc->natts + 1));
	state->nulls = palloc(sizeof(bool) * (state->tupdesc->natts + 1));
	MemoryContextSwitchTo(before);
}

/* The target is argument 2; at is the place of the algorithm, 2 if there is no target. */
static fit_state *
first_row(FunctionCallInfo fcinfo, MemoryContext context, int at)
{
	Oid target_type = at > 2 ? get_fn_expr_argtype(fcinfo->flinfo, 2) : InvalidOid;
	char *algorithm;

	algorithm = cia_text_arg(fcinfo, at, "algorithm");
	if (at > 2 && (!OidIsValid(target_type) || target_type == UNKNOWNOID))
		ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
		                errmsg("could not determine the type of cia_fit's target"),
		                errhint("Cast it, for example churned::boolean.")));
	cia_target_check(algorithm, at > 2 ? "target" : NULL);
	return new_state(context, shared_count(fcinfo), algorithm, target_type,
	                 cia_options_arg(fcinfo, at + 1));
}

static Datum
take_row(FunctionCallInfo fcinfo, int at)
{
	MemoryContext context = aggregate_context(fcinfo);
	fit_state *state = PG_ARGISNULL(0) ? NULL : (fit_state *) PG_GETARG_POINTER(0);
	HeapTupleHeader header;
	HeapTupleData tuple;

	if (PG_ARGISNULL(1))
	{
		/* a pointer that is no state must be NULL to SQL too */
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	header = PG_GETARG_HEAPTUPLEHEADER(1);
	if (state == NULL)
	{
		state = first_row(fcinfo, context, at);
		open_rows(state, header);
	}
	if (HeapTupleHeaderGetTypeId(header) != state->row_type ||
	    HeapTupleHeaderGetTypMod(header) != state->row_typmod)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("rows given to cia_fit are of different types"),
		                errhint("Give it rows of one table, view or subquery.")));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, state->tupdesc, state->values, state->nulls);
	if (at > 2)
	{
		int target = state->tupdesc->natts;

		state->nulls[target] = PG_ARGISNULL(2);
		state->values[target] = PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2);
	}
	cia_rows_append(state->rows, state->values, state->nulls);
	PG_RETURN_POINTER(state);
}

Datum
cia_fit_transition(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 3);
}

Datum
cia_fit_transition_without_target(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 2);
}

/* Elements of the array column at that place in the source; 0 if none was seen. */
static int
width_at(const ml_frame *frame, int position)
{
	int width = 0;

	for (int c = 0; c < frame->columns; c++)
		if (frame->column[c].position == position && frame->column[c].element > width)
			width = frame->column[c].element;
	return width;
}

/* Two workers may each have met arrays of one length, but not of the same. */
static void
check_widths(const ml_frame *into, const ml_frame *from)
{
	for (int c = 0; c < from->columns; c++)
	{
		const ml_column *column = &from->column[c];
		int width = width_at(from, column->position);
		int known = width_at(into, column->position);

		if (column->element == 1 && known > 0 && known != width)
			cia_raise_width(cia_text_cstring(column->name), known, width);
	}
}

Datum
cia_fit_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	fit_state *into = PG_ARGISNULL(0) ? NULL : (fit_state *) PG_GETARG_POINTER(0);
	fit_state *from = PG_ARGISNULL(1) ? NULL : (fit_state *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
	{
		into = new_state(context, shared_count(fcinfo), from->algorithm,
		                 from->target_type, from->options);
		cia_check(into->door, ml_frame_create(&into->door->host, &into->frame));
		into->door->frame = into->frame;
	}
	check_widths(into->frame, from->frame);
	cia_check(into->door, ml_frame_merge(into->frame, from->frame));
	PG_RETURN_POINTER(into);
}

Datum
cia_fit_serialize(PG_FUNCTION_ARGS)
{
	fit_state *state = (fit_state *) PG_GETARG_POINTER(0);
	cia_door *passing = cia_door_open(CurrentMemoryContext);
	StringInfoData out;
	ml_bytes bytes;

	aggregate_context(fcinfo);
	cia_check(passing, ml_frame_encode(state->frame, &passing->host, &bytes));
	pq_begintypsend(&out);
	pq_sendstring(&out, state->algorithm);
	pq_sendint32(&out, state->target_type);
	pq_sendint32(&out, VARSIZE_ANY(state->options));
	pq_sendbytes(&out, (char *) state->options, VARSIZE_ANY(state->options));
	pq_sendbytes(&out, (char *) bytes.data, (int) bytes.length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
cia_fit_deserialize(PG_FUNCTION_ARGS)
{
	bytea *given = PG_GETARG_BYTEA_PP(0);
	StringInfoData in = {.data = VARDATA_ANY(given), .len = VARSIZE_ANY_EXHDR(given)};
	const char *algorithm;
	Oid target_type;
	int length;
	Jsonb *options;
	fit_state *state;

	aggregate_context(fcinfo);
	algorithm = pq_getmsgstring(&in);
	target_type = pq_getmsgint(&in, 4);
	length = pq_getmsgint(&in, 4);
	options = palloc(length);
	pq_copymsgbytes(&in, (char *) options, length);
	state = new_state(CurrentMemoryContext, NULL, algorithm, target_type, options);
	cia_check(state->door,
	          ml_frame_decode(&state->door->host, (unsigned char *) in.data + in.cursor,
	                          (size_t) (in.len - in.cursor), &state->frame));
	PG_RETURN_POINTER(state);
}

/* Why these rows give no model, where that is no mistake of the caller's; NULL otherwise. */
static char *
why_no_model(const fit_state *state, ml_status status, const ml_result *result)
{
	const ml_frame *frame = state->frame;
	long long rows = frame->rows - frame->holdout_rows, columns;

	if (status == ML_NO_ROWS)
		return psprintf("None of its %lld rows has %s.", (long long) frame->skipped,
		                frame->weightless == 0                ? "a target"
		                : frame->weightless == frame->skipped ? "a weight above 0"
		                                                      : "a target and a weight");
	if (status == ML_NO_TRAINING_ROWS)
		return psprintf("All of its %lld rows fell into the holdout.",
		                (long long) frame->rows);
	if (status == ML_ONE_VALUE)
		return psprintf("The target has only one value in its %lld training rows.", rows);
	if (status == ML_FEW_DISTINCT)
		return psprintf("Only %lld of its training rows differ.",
		                (long long) state->door->host.fault.count);
	if (status == ML_NO_COVARIANCE)
		return pstrdup("Within a segment some numbers are determined by others.");
	if (status == ML_NO_FEATURES)
		return psprintf("No column varies in its %lld training rows.", rows);
	if (status == ML_NO_CALIBRATION)
		return psprintf("Its holdout of %lld rows is too small to calibrate the model.",
		                (long long) frame->holdout_rows);
	if (status != ML_SINGULAR)
		return NULL;
	columns = ml_schema_columns(&result->model->schema);
	return rows < columns ? psprintf("It has %lld training rows for %lld coefficients.",
	                                 rows, columns)
	                      : NULL;
}

/* A group without a model is no reason to lose those of all the others: as with regr_slope. */
static void
train_group(fit_state *state, const cia_settings *settings, const cia_roles *roles)
{
	ml_result result;
	ml_status status;
	struct varlena *model;
	char *why;

	status = ml_train(&state->door->host, state->frame,
	                  &(ml_request){.learner = settings->learner,
	                                .common = settings->common,
	                                .options = settings->learner_options,
	                                .given = settings->given,
	                                .group_is_term = cia_group_is_term(roles),
	                                .drop_copies = true},
	                  &result);
	why = state->door->pending == NULL ? why_no_model(state, status, &result) : NULL;
	if (why != NULL)
	{
		ereport(WARNING, (errmsg("cia_fit returns NULL for rows that give no model"),
		                  errdetail("%s", why)));
		return;
	}
	cia_check(state->door, status);
	cia_warn_of_fit(result.model, NIL);
	cia_group_notes(&result, state->frame);
	model = cia_model_encode(state->door, result.model);
	state->answer = MemoryContextAlloc(state->context, VARSIZE(model));
	memcpy(state->answer, model, VARSIZE(model));
}

/*
 * Training uses the frame up, and hashed groups may be asked for their answer again when the
 * aggregate is scanned once more: so the answer stays, and all else of the group goes.
 */
Datum
cia_fit_final(PG_FUNCTION_ARGS)
{
	fit_state *state = PG_ARGISNULL(0) ? NULL : (fit_state *) PG_GETARG_POINTER(0);
	cia_roles roles = {0};
	cia_settings settings;

	aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	if (state->door != NULL)
	{
		state->full = true;
		split_options(state, &roles, &settings);
		state->door->target = "target";
		cia_settings_name(state->door, &settings);
		cia_door_equip(state->door);
		train_group(state, &settings, &roles);
		MemoryContextDelete(state->door->arena);
		state->door = NULL;
	}
	if (state->answer == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state->answer);
}
